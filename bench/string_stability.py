"""String stability: does a disturbance of the leader die out along a convoy of eight.

Real plant, radar and beacons of the step before, late and rounded as on the wire, the spacing
kernel and nothing else: no limits, no end of order, no guard. Tables of speed amplitudes and of
least gaps. tests/vehicle/test_spacing.py uses the same convoy.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.measure import print_table, repeat
from contract.kernel import COMPILED, kernel
from sim import plant
from sim.plant_params import (
    P_BRAKE_DEAD_TIME_S,
    P_BRAKE_LAG_S,
    P_BRAKE_SERVICE_MPS2,
    P_DRIVE_DEAD_TIME_S,
    P_DRIVE_LAG_S,
    P_DRIVEN_SHARE,
    P_JERK_SERVICE_MPS3,
    TRUCK40_LOADED,
    VehicleParams,
    params_block,
    straight_length,
)
from sim.truck_rows import truck_rows
from vehicle.pilot import columns as c
from vehicle.pilot.ahead import SPACE_HARD, SPACE_LEVEL, SPACE_MRM, SPACE_U, new_spacing
from vehicle.pilot.columns import Array
from vehicle.pilot.gaps import assured_brake, weakest
from vehicle.pilot.spacing import space

DT_S: Final = 0.05
CRUISE_MPS: Final = 40.0 / 3.6
LIMIT_MPS: Final = 50.0 / 3.6
TRUCKS: Final = 8
SWING_MPS: Final = 5.0 / 3.6
SPEED_STEP_MPS: Final = 0.01  # rounding of radar and beacon
RANGE_STEP_M: Final = 0.01
SETTLE_S: Final = 12.0
ROUNDS: Final = 20_000

Lead = Callable[[float, float], tuple[float, bool]]  # (t_s, v_mps) -> acceleration, emergency
Lost = Callable[[float, int], bool]  # (t_s, follower) -> nothing is heard, or seen


@kernel
def many_rows(
    rounds: int, sensors: Array, beacon: Array, order: Array, truck: Array, spacing: Array
) -> float:
    """So many turns of every follower at cruising speed, in one kernel."""
    total = 0.0
    for _ in range(rounds):
        for i in range(1, len(truck)):
            beacon[i, c.BEACON_SEQUENCE] += 1.0
            total += space(
                sensors, beacon, order, truck, spacing, CRUISE_MPS, 0.0, 0.7, 0.5, DT_S, i
            )
    return total


def always(t_s: float, follower: int) -> bool:
    return True


def never(t_s: float, follower: int) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Air:
    """What stands between a truck and its predecessor."""

    late_s: float = 0.0
    no_beacon: Lost = never
    no_radar: Lost = never


@dataclass(frozen=True)
class Track:
    """What happened, one row a step: time; speeds, accelerations, levels of all; gaps of all but
    the first.
    """

    t_s: Array
    v: Array
    a: Array
    gap: Array
    level: Array

    def least_gap_m(self) -> float:
        return float(self.gap.min())

    def amplitudes(self, since_s: float) -> Array:
        """Half of highest minus lowest speed of each vehicle."""
        v = self.v[self.t_s >= since_s]
        return np.asarray(0.5 * (v.max(axis=0) - v.min(axis=0)))

    def steps(self, since_s: float) -> Array:
        """Ratio of amplitudes, each vehicle to the one ahead of it."""
        amplitudes = self.amplitudes(since_s)
        return np.asarray(amplitudes[1:] / amplitudes[:-1])


class Convoy:
    """Trucks in a row on a straight road, row 0 first, each other one following by `space`."""

    def __init__(
        self,
        vehicles: Sequence[VehicleParams] = (TRUCK40_LOADED,) * TRUCKS,
        *,
        v_mps: float = CRUISE_MPS,
        headway_s: float = 1.0,
        standstill_m: float = 3.0,
        limit_mps: float = LIMIT_MPS,
        mu: float = 0.7,
        dt_s: float = DT_S,
        air: Air = Air(),
    ) -> None:
        n = len(vehicles)
        self.dt_s, self.air, self.mu, self.limit_mps = dt_s, air, mu, limit_mps
        self.tick, self.late = 0, 1 + round(air.late_s / dt_s)
        self.params = params_block(vehicles)
        self.length = straight_length(self.params)
        self.state = plant.new_state(n)
        self.memory = plant.new_memory(self.params, dt_s)
        self.inputs: Array = np.zeros((n, plant.INPUT_COLUMNS))
        self.road: Array = np.zeros((n, plant.ROAD_COLUMNS))
        self.road[:, plant.MU] = mu
        self.truck = trucks(self.params)
        self.sensors: Array = np.zeros((n, c.SENSOR_COLUMNS))
        self.beacon: Array = np.zeros((n, c.BEACON_COLUMNS))
        self.beacon[:, c.BEACON_AGE] = c.AGE_NEVER
        self.order: Array = np.zeros((n, c.ORDER_COLUMNS))
        self.order[:, c.ORDER_HEADWAY] = headway_s
        self.order[:, c.ORDER_STANDSTILL] = standstill_m
        self.order[1:, c.ORDER_MEMBER] = 1.0
        self.spacing = new_spacing(n)
        self.wish: Array = np.zeros(n)
        self.sent: list[Array] = []
        self.state[:, plant.V] = v_mps
        self.stand(np.full(n - 1, standstill_m + headway_s * v_mps))
        for _ in range(self.late):
            self.say()

    @property
    def gaps(self) -> Array:
        x = self.state[:, plant.X]
        return np.asarray(x[:-1] - self.length[:-1] - x[1:])

    def stand(self, gaps_m: Array) -> None:
        """Put the trucks so far apart, bumper to bumper."""
        self.state[1:, plant.X] = self.state[0, plant.X] - np.cumsum(self.length[:-1] + gaps_m)

    def say(self) -> None:
        """Every truck sends a beacon at the end of its turn."""
        words: Array = np.zeros_like(self.beacon)
        words[:, c.BEACON_SEQUENCE] = len(self.sent) + 1
        words[:, c.BEACON_V] = rounded(self.state[:, plant.V], SPEED_STEP_MPS)
        words[:, c.BEACON_A] = rounded(self.state[:, plant.A], SPEED_STEP_MPS)
        words[:, c.BEACON_U] = rounded(self.spacing[:, SPACE_U], SPEED_STEP_MPS)
        for i in range(len(words)):
            words[i, c.BEACON_BRAKE] = assured_brake(self.truck, self.mu, i)
            words[i, c.BEACON_WEAKEST] = weakest(self.truck, self.beacon, self.order, self.mu, i)
        alarm = (self.spacing[:, SPACE_HARD] == 1.0) | (self.spacing[:, SPACE_MRM] == 1.0)
        words[:, c.BEACON_ALARM] = alarm
        words[:, c.BEACON_MU] = self.mu
        self.sent.append(words)

    def hear(self) -> None:
        """Radar as it is now, beacons as they were sent in a turn before this one."""
        t_s = self.tick * self.dt_s
        v = self.state[:, plant.V]
        self.beacon[:, c.BEACON_AGE] += self.dt_s
        self.sensors[1:, c.SENSE_GAP] = rounded(self.gaps, RANGE_STEP_M)
        self.sensors[1:, c.SENSE_CLOSING] = rounded(v[1:] - v[:-1], SPEED_STEP_MPS)
        self.sensors[:, c.SENSE_RADAR] = 1.0
        for i in range(1, len(v)):
            if self.air.no_radar(t_s, i):
                self.sensors[i, c.SENSE_RADAR] = 0.0
                self.sensors[i, c.SENSE_GAP] = c.NO_GAP_M
            if not self.air.no_beacon(t_s, i):
                self.beacon[i] = self.sent[-self.late][i - 1]
                self.beacon[i, c.BEACON_AGE] = self.late * self.dt_s

    def decide(self) -> None:
        """One turn of every follower."""
        for i in range(1, len(self.wish)):
            v, a = float(self.state[i, plant.V]), float(self.state[i, plant.A])
            cruise = min(self.limit_mps - v, float(self.truck[i, c.TRUCK_ACCEL_MAX]))
            wish = space(
                self.sensors, self.beacon, self.order, self.truck, self.spacing,
                v, a, self.mu, cruise, self.dt_s, i,
            )  # fmt: skip
            self.wish[i] = min(wish, cruise)
        self.inputs[1:, plant.EMERGENCY] = self.spacing[1:, SPACE_HARD]

    def command(self, accel_mps2: float, emergency: bool) -> None:
        """What the leader does, as far as it can: what it says of it must be true."""
        row, was = self.truck[0], float(self.wish[0])
        if not emergency:
            most = float(row[c.TRUCK_JERK]) * self.dt_s
            accel_mps2 = min(max(accel_mps2, -row[c.TRUCK_BRAKE_SERVICE]), row[c.TRUCK_ACCEL_MAX])
            accel_mps2 = min(max(accel_mps2, was - most), was + most)
        self.wish[0] = self.spacing[0, SPACE_U] = accel_mps2
        self.inputs[0, plant.EMERGENCY] = self.spacing[0, SPACE_HARD] = emergency

    def move(self) -> None:
        self.inputs[:, plant.ACCEL_CMD] = self.wish
        plant.plant_step(self.state, self.inputs, self.params, self.road, self.memory, self.dt_s)

    def run(self, seconds: float, lead: Lead) -> Track:
        """Drive for so long; `lead` commands the first truck."""
        rows = []
        for _ in range(round(seconds / self.dt_s)):
            self.hear()
            self.decide()
            t_s = self.tick * self.dt_s
            self.command(*lead(t_s, float(self.state[0, plant.V])))
            self.say()
            self.move()
            self.tick += 1
            seen = (self.state[:, plant.V], self.state[:, plant.A], self.gaps)
            level = self.spacing[:, SPACE_LEVEL]
            rows.append(np.concatenate([[self.tick * self.dt_s], *seen, level]))
        n = len(self.wish)
        parts = np.split(np.array(rows), np.cumsum([1, n, n, n - 1]), axis=1)
        return Track(parts[0][:, 0], *parts[1:])


def rounded(values: Array, step: float) -> Array:
    return np.asarray(np.round(values / step) * step)


def trucks(params: Array) -> Array:
    """What the pilots believe of these trucks."""
    rows = truck_rows(params)
    rows[:, c.TRUCK_BRAKE_SERVICE] = params[:, P_BRAKE_SERVICE_MPS2]
    rows[:, c.TRUCK_DRIVE_LAG] = params[:, P_DRIVE_LAG_S]
    rows[:, c.TRUCK_DRIVE_DEAD] = params[:, P_DRIVE_DEAD_TIME_S]
    rows[:, c.TRUCK_BRAKE_LAG] = params[:, P_BRAKE_LAG_S]
    rows[:, c.TRUCK_BRAKE_DEAD] = params[:, P_BRAKE_DEAD_TIME_S]
    rows[:, c.TRUCK_JERK] = params[:, P_JERK_SERVICE_MPS3]
    rows[:, c.TRUCK_DRIVEN] = params[:, P_DRIVEN_SHARE]
    return rows


def swinging(
    hertz: float, swing_mps: float, mean_mps: float = CRUISE_MPS, since_s: float = SETTLE_S
) -> Lead:
    """A leader that swings about a mean speed, as far as the truck can."""
    omega = math.tau * hertz

    def lead(t_s: float, v_mps: float) -> tuple[float, bool]:
        if t_s < since_s:
            return mean_mps - v_mps, False
        phase = omega * (t_s - since_s)
        want = mean_mps + swing_mps * math.sin(phase)
        return (want - v_mps) + swing_mps * omega * math.cos(phase), False

    return lead


def braking(brake_mps2: float, mean_mps: float = CRUISE_MPS, since_s: float = SETTLE_S) -> Lead:
    """A leader that brakes to a stop, by the emergency brake beyond the service brake."""

    def lead(t_s: float, v_mps: float) -> tuple[float, bool]:
        if t_s < since_s:
            return mean_mps - v_mps, False
        return -brake_mps2, brake_mps2 > TRUCK40_LOADED.brake_service_mps2

    return lead


def _swing_row(headway_s: float, late_s: float, hertz: float) -> list[str]:
    """One line: amplitude of the leader, ratio of each step, least gap."""
    seconds = SETTLE_S + max(30.0, 8.0 / hertz)
    convoy = Convoy(headway_s=headway_s, air=Air(late_s=late_s), v_mps=32.0 / 3.6)
    track = convoy.run(seconds, swinging(hertz, SWING_MPS, 32.0 / 3.6))
    since_s = seconds - max(10.0, 2.0 / hertz)
    name = f"h {headway_s:.1f} s, {1e3 * late_s:.0f} ms late, {hertz:.2f} Hz"
    steps = [f"{step:.3f}" for step in track.steps(since_s)]
    return [name, f"{track.amplitudes(since_s)[0]:.2f}", *steps, f"{track.least_gap_m():.1f}"]


def _brake_row(headway_s: float, late_s: float, brake_mps2: float) -> list[str]:
    """One line: hardest brake of each vehicle, least gap."""
    convoy = Convoy(headway_s=headway_s, air=Air(late_s=late_s))
    track = convoy.run(SETTLE_S + 40.0, braking(brake_mps2))
    name = f"h {headway_s:.1f} s, {1e3 * late_s:.0f} ms late, {brake_mps2:.1f} m/s2"
    hardest = -track.a[track.t_s >= SETTLE_S].min(axis=0)
    return [name, *(f"{brake:.2f}" for brake in hardest), f"{track.least_gap_m():.2f}"]


def kernel_ns() -> float:
    """Processor nanoseconds of `space` for one row of a convoy under way."""
    convoy = Convoy()
    convoy.run(5.0, swinging(0.1, 0.0))
    arrays = (convoy.sensors, convoy.beacon, convoy.order, convoy.truck, convoy.spacing)
    many_rows(1, *arrays)
    return 1e9 * repeat(lambda: many_rows(ROUNDS, *arrays)).median_s / (ROUNDS * (TRUCKS - 1))


def run(options: Any) -> None:
    """Measure and print."""
    del options
    cases = [(headway_s, late_s) for headway_s in (0.5, 1.0) for late_s in (0.0, 0.1, 0.2)]
    numbers = [str(i) for i in range(TRUCKS)]
    print_table(
        "speed amplitude of the leader, m/s; ratio of each vehicle to the one ahead; least gap, m",
        ("", *numbers, "gap"),
        [_swing_row(h, late, hertz) for h, late in cases for hertz in (0.05, 0.1, 0.2)],
    )
    print_table(
        "leader brakes to a stop: hardest brake of each vehicle, m/s2; least gap, m",
        ("", *numbers, "gap"),
        [_brake_row(h, late, brake) for h, late in cases for brake in (1.0, 2.0, 4.0)],
    )
    if COMPILED:
        print_table("spacing kernel", ("", "one row"), [["compiled", f"{kernel_ns():.0f} ns"]])
