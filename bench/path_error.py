"""Path error: how close the steering keeps a truck to lanes of several bends, on the real plant.

Dead time, lag and rate limit of the steering, wheels that stand off, a noisy pose and a start
beside the path; four combinations of signs, several streams of noise. The truth is measured against
the lane drawn exactly, not against the table that the pilot drives by. Not here: the pose estimator
(the noise is white, as if there were none) and speed.
Source of the trial and of its figures: docs/vehicle.md section 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.spatial import cKDTree

from bench.measure import print_table, repeat
from contract.kernel import COMPILED, kernel
from contract.route import Stretch, build_route
from sim import footprints as ground
from sim import plant
from sim.plant_params import (
    AGV65,
    P_HITCH_OFFSET_M,
    P_REAR_STEER_RATIO,
    P_STEER_DEAD_TIME_S,
    P_STEER_LAG_S,
    P_STEER_RATE_MAX_RADPS,
    P_TRAILER_M,
    P_WHEELBASE_M,
    TRUCK40_LOADED,
    VehicleParams,
    params_block,
)
from sim.truck_rows import truck_rows
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.path import nearest, profile
from vehicle.pilot.steering import (
    PERIOD_S,
    STANDING_MPS,
    STEER_SHIFT,
    gain_tables,
    new_steering,
    steer_row,
)

SIDE_MPS2: Final = 1.5
NOISE: Final = np.array([0.015, 0.015, math.radians(0.1)])  # m, m, rad
BIAS_RAD: Final = math.radians(0.3)
OFFSET_M: Final = 0.3
START_M: Final = 3.0  # along the lane
BRAKE_MPS2: Final = 0.6
SECONDS_MAX: Final = 120.0
DRAWN_M: Final = 0.05  # between points of the exact lane
SETTLED_S: Final = 3.0
SEEDS: Final = 4
ROWS_TIMED: Final = 100


@dataclass(frozen=True, slots=True)
class Lane:
    """Stretches of constant curvature, (length m, 1/m), driven at `kmh`; a front may stop."""

    name: str
    parts: tuple[tuple[float, float], ...]
    kmh: float
    stop_m: float | None = None

    def drawn(self) -> Array:
        """The lane itself, (n, 4): s, x, y, psi every 0.05 m."""
        points = [(0.0, 0.0, 0.0, 0.0)]
        for length, kappa in self.parts:
            steps = round(length / DRAWN_M)
            ds = length / steps
            chord = math.sin(0.5 * kappa * ds) / (0.5 * kappa) if kappa else ds
            for _ in range(steps):
                s, x, y, psi = points[-1]
                middle = psi + 0.5 * kappa * ds
                x, y = x + chord * math.cos(middle), y + chord * math.sin(middle)
                points.append((s + ds, x, y, psi + kappa * ds))
        return np.array(points)


S_BEND: Final = ((60.0, 0.0), (80.0, 1 / 80), (80.0, -1 / 80), (120.0, 0.0))
CORNER: Final = ((40.0, 0.0), (12.5 * math.pi, 1 / 25), (60.0, 0.0))
LANES: Final = (
    Lane("straight, 30 km/h", ((400.0, 0.0),), 30.0),
    Lane("S of R 80, 25 km/h", S_BEND, 25.0),
    Lane("S of R 80, 30 km/h", S_BEND, 30.0),
    Lane("R 25, 10 km/h", CORNER, 10.0),
    Lane("R 25, 15 km/h", CORNER, 15.0),
    Lane("gate, 10 km/h", ((40.0, 0.0), (60.0, 1 / 80), (57.0, 0.0)), 10.0, 127.0),
)
VEHICLES: Final = {"truck40": TRUCK40_LOADED, "agv65": AGV65}
# rms and max in mm of LQR + feed-forward + integral + delay compensation in the source's trial
SOURCE_MM: Final = {
    ("truck40", LANES[0].name): (5, 10),
    ("truck40", LANES[2].name): (6, 18),
    ("truck40", LANES[4].name): (14, 42),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """Conditions of one drive. `believed` is what the pilot takes its vehicle for."""

    believed: VehicleParams | None = None
    seeds: int = SEEDS
    noise: float = 1.0
    bias_rad: float = BIAS_RAD
    offset_m: float = OFFSET_M
    shifts: bool = True
    substeps: int = 1
    mirror: float = 1.0  # -1.0: everything, noise too, the other way round


@dataclass(frozen=True, slots=True)
class Track:
    """What happened, tick by tick; arrays are (ticks, rows) or (ticks, rows, columns)."""

    drawn: Array
    params: Array
    states: Array
    shifts: Array
    sent: Array


def pilot_rows(params: Array, *, shifts: bool = True) -> Array:
    """What the pilot knows of its trucks, the steering with them."""
    rows = truck_rows(params)
    rows[:, c.TRUCK_WHEELBASE] = params[:, P_WHEELBASE_M] / (1.0 + params[:, P_REAR_STEER_RATIO])
    rows[:, c.TRUCK_STEER_LAG] = params[:, P_STEER_LAG_S]
    rows[:, c.TRUCK_STEER_DEAD] = params[:, P_STEER_DEAD_TIME_S]
    rows[:, c.TRUCK_STEER_RATE] = params[:, P_STEER_RATE_MAX_RADPS]
    rows[:, c.TRUCK_TRAILER] = params[:, P_TRAILER_M] if shifts else 0.0
    rows[:, c.TRUCK_HITCH_AHEAD] = params[:, P_HITCH_OFFSET_M]
    return rows


def path_of(drawn: Array) -> Array:
    """The table that a pilot drives by: the lane with a vertex every metre."""
    line = drawn[:: round(1.0 / DRAWN_M), 1:3]
    return profile(build_route([Stretch("lane", "zone", 10.0, line)]), 16.5)


@kernel
def steer_all(
    path: Array, seen: Array, s: Array, sent: Array, gains: Array, truck: Array, state: Array
) -> None:
    """One turn of every truck: `s` and `sent` in place. seen (n, 4): x, y, psi, v."""
    rows = path.shape[0]
    for i in range(seen.shape[0]):
        s[i], left = nearest(path, rows, s[i], seen[i, 0], seen[i, 1], 3, 8)
        place = (s[i], left, seen[i, 2])
        sent[i] = steer_row(
            path, rows, place, seen[i, 3], sent[i], SIDE_MPS2, gains, truck, state, i
        )


def _speed_commands(lane: Lane, v: Array, front_m: Array) -> Array:
    """Accelerations that keep the lane's speed and stop the front at its stop, m/s^2."""
    wanted = np.full(len(v), lane.kmh / 3.6)
    braking = np.zeros(len(v))
    if lane.stop_m is not None:
        most = np.sqrt(2.0 * BRAKE_MPS2 * np.maximum(lane.stop_m - front_m, 0.0))
        braking = np.where(most < wanted, BRAKE_MPS2, 0.0)
        wanted = np.minimum(wanted, most)
    commands: Array = np.clip(1.5 * (wanted - v) - braking, -2.0, 0.8)
    return commands


def drive(lane: Lane, vehicle: VehicleParams, trial: Trial = Trial()) -> Track:
    """Drive the lane with four trucks a seed: offset and bias to either side."""
    drawn = lane.drawn() * np.array([1.0, 1.0, trial.mirror, trial.mirror])
    path = path_of(drawn)
    count = 4 * trial.seeds
    params = params_block([vehicle] * count)
    truck = pilot_rows(params_block([trial.believed or vehicle] * count), shifts=trial.shifts)
    gains, steering = gain_tables(truck), new_steering(count)
    sides = trial.mirror * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]] * trial.seeds)
    state = plant.new_state(count)
    state[:, plant.X], state[:, plant.Y] = START_M, trial.offset_m * sides[:, 0]
    state[:, plant.V] = lane.kmh / 3.6
    inputs, road = np.zeros((count, plant.INPUT_COLUMNS)), np.zeros((count, plant.ROAD_COLUMNS))
    road[:, plant.MU] = 0.7
    dt_s = PERIOD_S / trial.substeps
    memory = plant.new_memory(params, dt_s)
    s, sent = np.full(count, START_M), np.zeros(count)
    chance = np.random.default_rng(1)
    spread = NOISE * trial.noise * np.array([1.0, trial.mirror, trial.mirror])
    states, shifts, angles = [], [], []
    for _ in range(round(SECONDS_MAX / PERIOD_S)):
        seen = state[:, [plant.X, plant.Y, plant.PSI, plant.V]]
        seen[:, :3] += chance.normal(size=(count, 3)) * spread
        steer_all(path, seen, s, sent, gains, truck, steering)
        states.append(state.copy())
        shifts.append(steering[:, STEER_SHIFT].copy())
        angles.append(sent.copy())
        inputs[:, plant.STEER_REF] = sent + trial.bias_rad * sides[:, 1]
        inputs[:, plant.ACCEL_CMD] = _speed_commands(
            lane, state[:, plant.V], s + truck[:, c.TRUCK_FRONT]
        )
        for _ in range(trial.substeps):
            plant.plant_step(state, inputs, params, road, memory, dt_s)
        if s.min() > drawn[-1, 0] - 20.0 or state[:, plant.V].max() <= STANDING_MPS:
            break
    return Track(drawn, params, np.array(states), np.array(shifts), np.array(angles))


@dataclass(frozen=True, slots=True)
class Figures:
    """Errors of a track in metres, against path plus shift unless said otherwise."""

    rms_m: float
    p999_m: float  # 99.9 % of all errors are smaller
    max_m: float
    off_m: float  # largest distance of the reference point from the lane's axis
    trailer_m: float  # largest distance of the trailer axle from it; 0 without trailer
    outline_m: float  # largest distance of any point of the vehicle from it
    heading_deg: float  # largest, when the drive ended
    final_m: float  # off the lane's axis, when the drive ended


def _left_m(track: Track, x: Array, y: Array) -> tuple[Array, Array]:
    """(left of the exact lane m, its heading there rad), in the shape of x."""
    _, index = cKDTree(track.drawn[:, 1:3]).query(np.stack([x, y], axis=-1))
    near = track.drawn[index]
    psi = near[..., 3]
    left: Array = np.cos(psi) * (y - near[..., 2]) - np.sin(psi) * (x - near[..., 1])
    return left, psi


def _outline(states: Array, params: Array) -> tuple[Array, Array]:
    """Points on the long sides of all bodies, x and y."""
    memory = plant.new_memory(params, PERIOD_S)
    feet = np.zeros((len(params), 2, ground.FOOTPRINT_COLUMNS))
    along = np.linspace(-1.0, 1.0, 17)
    xs, ys = [], []
    for state in states:
        ground.footprints(state, params, memory, feet)
        for side in (-1.0, 1.0):
            ahead = feet[..., ground.F_HALF_LENGTH, None] * along
            left = side * feet[..., ground.F_HALF_WIDTH, None]
            cos = np.cos(feet[..., ground.F_HEADING, None])
            sin = np.sin(feet[..., ground.F_HEADING, None])
            xs.append(feet[..., ground.F_X, None] + cos * ahead - sin * left)
            ys.append(feet[..., ground.F_Y, None] + sin * ahead + cos * left)
    return np.array(xs), np.array(ys)


def figures(track: Track, after_s: float = SETTLED_S) -> Figures:
    """Measure a track from `after_s` on."""
    first = round(after_s / PERIOD_S)
    states, params = track.states[first:], track.params
    x, y, psi = (states[..., column] for column in (plant.X, plant.Y, plant.PSI))
    left, heading = _left_m(track, x, y)
    error = np.abs(left - track.shifts[first:])
    trailer_m, hitch_m = params[0, P_TRAILER_M], params[0, P_HITCH_OFFSET_M]
    behind = psi + states[..., plant.HITCH]
    axle, _ = _left_m(
        track,
        x + hitch_m * np.cos(psi) - trailer_m * np.cos(behind),
        y + hitch_m * np.sin(psi) - trailer_m * np.sin(behind),
    )
    outline, _ = _left_m(track, *_outline(states[::4], params))
    return Figures(
        rms_m=float(np.sqrt(np.mean(error**2))),
        p999_m=float(np.quantile(error, 0.999)),
        max_m=float(error.max()),
        off_m=float(np.abs(left).max()),
        trailer_m=float(np.abs(axle).max()) if trailer_m > 0.0 else 0.0,
        outline_m=float(np.abs(outline).max()),
        heading_deg=math.degrees(float(np.abs(psi[-1] - heading[-1]).max())),
        final_m=float(np.abs(left[-1]).max()),
    )


@kernel
def steer_only(
    path: Array, s: Array, sent: Array, gains: Array, truck: Array, state: Array, turns: int
) -> None:
    """So many turns of trucks that are where they are, for the clock."""
    for _ in range(turns):
        for i in range(s.shape[0]):
            place = (s[i], 0.01, path[int(s[i]), c.PATH_PSI])
            sent[i] = steer_row(
                path, path.shape[0], place, 8.0, sent[i], SIDE_MPS2, gains, truck, state, i
            )


def cost_ns() -> tuple[float, float]:
    """Processor time of one truck's steering and of its plant's step, ns."""
    params = params_block(list(VEHICLES.values()) * (ROWS_TIMED // len(VEHICLES)))
    count, truck, path = len(params), pilot_rows(params), path_of(LANES[2].drawn())
    gains, steering, sent = gain_tables(truck), new_steering(count), np.zeros(count)
    s, state = np.linspace(5.0, 300.0, count), plant.new_state(count)
    state[:, plant.V] = 8.0
    inputs, road = np.zeros((count, plant.INPUT_COLUMNS)), np.zeros((count, plant.ROAD_COLUMNS))
    memory, turns = plant.new_memory(params, PERIOD_S), 2_000 if COMPILED else 20

    def steers(turns: int = turns) -> None:
        steer_only(path, s, sent, gains, truck, steering, turns)

    def moves(turns: int = turns) -> None:
        for _ in range(turns):
            plant.plant_step(state, inputs, params, road, memory, PERIOD_S)

    steers(1)
    moves(1)
    per_row_ns = 1e9 / (turns * count)
    return repeat(steers).median_s * per_row_ns, repeat(moves).median_s * per_row_ns


def _row(name: str, lane: Lane, seen: Figures) -> Sequence[str]:
    source = SOURCE_MM.get((name, lane.name))
    millimetres = (seen.rms_m, seen.p999_m, seen.max_m, seen.trailer_m)
    return [
        f"{name}, {lane.name}",
        *(f"{1e3 * each:.0f}" for each in millimetres),
        f"{seen.outline_m:.2f}",
        f"{seen.heading_deg:.2f}",
        f"{source[0]} / {source[1]}" if source else "-",
    ]


def _outline_text(lane: Lane, shifts: bool) -> str:
    return f"{figures(drive(lane, TRUCK40_LOADED, Trial(shifts=shifts))).outline_m:.2f}"


def run(options: Any) -> None:
    """Drive, measure and print."""
    del options
    header = ("", "rms mm", "99.9 % mm", "max mm", "trailer mm", "outline m", "end deg", "source")
    rows = [
        _row(name, lane, figures(drive(lane, vehicle)))
        for name, vehicle in VEHICLES.items()
        for lane in LANES
    ]
    print_table(f"path error from {SETTLED_S:.0f} s on, worst of {4 * SEEDS} drives", header, rows)
    print_table(
        "truck40: outline from the lane's axis with and without shift, m",
        ("", "with", "without"),
        [[lane.name, *(_outline_text(lane, shifts) for shifts in (True, False))] for lane in LANES],
    )
    steer_ns, plant_ns = cost_ns()
    cells = [["one truck, ns", f"{steer_ns:.0f}", f"{plant_ns:.0f}"]]
    print_table("processor time", ("", "steering", "plant"), cells)
