"""Drive: the plant alone under a script of steering rate and acceleration.

In: a script (rows of time, steering rate, acceleration; each row holds until the next), a vehicle,
a start speed. Out: the track, one row every `dt_s` and one at the last script time.
Ideal driving has the kinematics and the steering stops only; every corner of the script and every
touch of a stop is met to rounding, so the track can be held against an integrator of high order.
Not here: files and options (sim/cli/drive.py); the physics itself (sim/plant.py).
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.kernel import kernel
from sim import plant
from sim.kinematics import Pose, Shape, moved, shape_of
from sim.plant_params import Array, VehicleParams, params_block

IDEAL_STEP_MAX_S: Final = 0.005  # pose error per step is O(dt^5): below 1e-9 m over an hour
PHYSICS_STEP_MAX_S: Final = 0.05  # the simulator's own step
TIME_MERGE_S: Final = 1e-9  # two instants this close are one: 3 * 0.1 and 0.3
ROAD_FRICTION: Final = 0.7  # dry, level


@dataclass(frozen=True)
class ScriptRow:
    """Commands from t_s until the next row."""

    t_s: float
    steering_rate_radps: float
    accel_mps2: float


@dataclass(frozen=True)
class TrackRow:
    """One output row: tractor rear axle (AGV: middle), hitch = trailer yaw - tractor yaw."""

    t_s: float
    x_m: float
    y_m: float
    delta_rad: float
    v_mps: float
    psi_rad: float
    hitch_rad: float


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How to drive: vehicle, start speed, output period, with or without the real chain."""

    vehicle: VehicleParams
    speed_mps: float = 0.0
    dt_s: float = 0.01
    ideal: bool = False


def grid(end_s: float, dt_s: float) -> Iterator[float]:
    """Output instants 0, dt, 2 dt, ... and end_s, without a second row for a rounding error."""
    last = math.floor(end_s / dt_s + TIME_MERGE_S)
    for tick in range(last):
        yield tick * dt_s
    if end_s - last * dt_s > TIME_MERGE_S:
        yield last * dt_s
    yield end_s


def drive(script: Sequence[ScriptRow], setup: Setup) -> Iterator[TrackRow]:
    """The track of a script that starts at t = 0 with times that increase."""
    return _drive_ideal(script, setup) if setup.ideal else _drive_real(script, setup)


# --- ideal -------------------------------------------------------------------------------------


@kernel
def _glide(
    shape: Shape,
    pose: Pose,
    start: tuple[float, float],
    wheels: tuple[float, float],
    duration_s: float,
) -> Pose:
    """Pose after duration_s on which speed and angle are straight lines of time.

    start   (speed, acceleration);  wheels   (angle, rate)
    """
    steps = math.ceil(duration_s / IDEAL_STEP_MAX_S)
    dt_s = duration_s / max(steps, 1)
    v_mps, delta_rad = start[0], wheels[0]
    half_v, half_delta = 0.5 * dt_s * start[1], 0.5 * dt_s * wheels[1]
    for _ in range(steps):
        speeds = (v_mps, v_mps + half_v, v_mps + 2.0 * half_v)
        angles = (delta_rad, delta_rad + half_delta, delta_rad + 2.0 * half_delta)
        pose = moved(shape, pose, speeds, angles, dt_s)
        v_mps, delta_rad = speeds[2], angles[2]
    return pose


@dataclass(frozen=True)
class _Phase:
    """A stretch of constant commands, split where the wheels touch their stop."""

    start_s: float
    v_mps: float
    accel_mps2: float
    delta_rad: float
    rate_radps: float

    def speed_at(self, t_s: float) -> float:
        return self.v_mps + self.accel_mps2 * (t_s - self.start_s)

    def angle_at(self, t_s: float) -> float:
        return self.delta_rad + self.rate_radps * (t_s - self.start_s)


def _phases(script: Sequence[ScriptRow], setup: Setup) -> list[_Phase]:
    """Script and stops as stretches on which speed and angle are straight lines of time.

    A rate that pushes against a stop gives a stretch without length before the one at rest.
    """
    limit_rad, rate_max = setup.vehicle.steer_max_rad, setup.vehicle.steer_rate_max_radps
    phases: list[_Phase] = []
    v_mps, delta_rad = setup.speed_mps, 0.0
    ends_s = [row.t_s for row in (*script[1:], script[-1])]
    for row, end_s in zip(script, ends_s, strict=True):
        rate = min(max(row.steering_rate_radps, -rate_max), rate_max)
        stop_rad = math.copysign(limit_rad, rate)
        room_s = (stop_rad - delta_rad) / rate if rate else math.inf
        phase = _Phase(row.t_s, v_mps, row.accel_mps2, delta_rad, rate)
        phases.append(phase)
        touch_s = row.t_s + room_s
        if touch_s < end_s:
            phase = _Phase(touch_s, phase.speed_at(touch_s), row.accel_mps2, stop_rad, 0.0)
            phases.append(phase)
        v_mps = phase.speed_at(end_s)
        delta_rad = min(max(phase.angle_at(end_s), -limit_rad), limit_rad)
    return phases


def _phase_at(phases: Sequence[_Phase], t_s: float) -> _Phase:
    return phases[max(bisect_right(phases, t_s, key=lambda phase: phase.start_s) - 1, 0)]


def _drive_ideal(script: Sequence[ScriptRow], setup: Setup) -> Iterator[TrackRow]:
    shape = shape_of(0, params_block([setup.vehicle]))
    phases = _phases(script, setup)
    corners_s = [phase.start_s for phase in phases]
    pose: Pose = (0.0, 0.0, 0.0, 0.0)
    now_s = 0.0
    for t_s in grid(script[-1].t_s, setup.dt_s):
        while now_s < t_s:
            passed = bisect_right(corners_s, now_s)
            until_s = min([t_s, *corners_s[passed : passed + 1]])
            phase = phases[passed - 1]
            start = (phase.speed_at(now_s), phase.accel_mps2)
            wheels = (phase.angle_at(now_s), phase.rate_radps)
            pose = _glide(shape, pose, start, wheels, until_s - now_s)
            now_s = until_s
        phase = _phase_at(phases, t_s)
        x, y, psi, hitch = map(float, pose)
        yield TrackRow(t_s, x, y, phase.angle_at(t_s), phase.speed_at(t_s), psi, hitch)


# --- real --------------------------------------------------------------------------------------


def _drive_real(script: Sequence[ScriptRow], setup: Setup) -> Iterator[TrackRow]:
    """The whole chain. The commanded rate integrates to the angle that the steering follows.

    Commands are sampled in the middle of each physics step. A row that asks for more than the
    service brake is an emergency.
    """
    params = params_block([setup.vehicle])
    step_s = setup.dt_s / math.ceil(setup.dt_s / PHYSICS_STEP_MAX_S - TIME_MERGE_S)
    phases = _phases(script, setup)
    state, memory = plant.new_state(1), plant.new_memory(params, step_s)
    state[0, plant.V] = setup.speed_mps
    inputs = np.zeros((1, plant.INPUT_COLUMNS))
    road = np.zeros((1, plant.ROAD_COLUMNS))
    road[0, plant.MU] = ROAD_FRICTION
    now_s = 0.0
    for t_s in grid(script[-1].t_s, setup.dt_s):
        steps = math.ceil((t_s - now_s) / step_s - TIME_MERGE_S)
        for step in range(steps):
            from_s = now_s + step * step_s
            length_s = min(step_s, t_s - from_s)
            inputs[0] = _commands(phases, setup.vehicle, from_s + 0.5 * length_s)
            plant.plant_step(state, inputs, params, road, memory, length_s)
        now_s = t_s
        yield _seen(t_s, state[0])


def _commands(
    phases: Sequence[_Phase], vehicle: VehicleParams, at_s: float
) -> tuple[float, float, float, float]:
    """Input row of the plant."""
    phase = _phase_at(phases, at_s)
    arriving = _phase_at(phases, at_s - vehicle.brake_dead_time_s)  # what reaches the brakes now
    hardest = min(phase.accel_mps2, arriving.accel_mps2)
    emergency = float(hardest < -vehicle.brake_service_mps2)
    return phase.accel_mps2, phase.angle_at(at_s), 0.0, emergency


def _seen(t_s: float, row: Array) -> TrackRow:
    columns = (plant.X, plant.Y, plant.DELTA, plant.V, plant.PSI, plant.HITCH)
    return TrackRow(t_s, *(float(row[column]) for column in columns))
