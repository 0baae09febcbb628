"""Many trucks at once, each alone on a road of its own, each with one line to stop at.

Roads lie side by side, so that one fleet and one compiled step stop them all. Declared friction is
the true one. Not here: what a stop must be like
(tests/sim/test_stops.py).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.route import Stretch, build_route
from sim.fleet import DT_S, Fleet
from sim.ground.track import markers_every
from sim.plant import GRADE, MU, A, V, X, Y
from sim.plant_params import (
    AGV65,
    GRAVITY_MPS2,
    P_ACCEL_MAX_MPS2,
    P_DRIVEN_SHARE,
    P_JERK_SERVICE_MPS3,
    P_ROLLING_RESISTANCE,
    TRUCK40_EMPTY,
    TRUCK40_LOADED,
    params_block,
)
from sim.truth_columns import TRUTH_FRONT, TRUTH_HUNG, TRUTH_S
from vehicle.guard import GuardRow
from vehicle.orders import Drive, SetGuard
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array, Bits

KINDS: Final = (TRUCK40_LOADED, TRUCK40_EMPTY, AGV65)
GRADE_MAX: Final = 0.04
MU_MIN, MU_MAX = 0.1, 0.7
LANE_MPS: Final = 6.94
START_M, LINE_M, ROAD_M = 20.0, 170.0, 255.0
OVERLAP_M: Final = 2.0
ROADS_APART_M: Final = 200.0
DRIVE_S: Final = 200.0
AFTER_S: Final = 600.0
LOOK_S: Final = 30.0
ALIVE, KILLED, RESTARTED, HUNG = range(4)  # what becomes of a truck's computer once it stands
Flags = npt.NDArray[np.bool_]
WHEELS_STAND_MPS: Final = 0.04  # so slow they may read a standstill: 0.02 and their noise
BARELY_MPS2: Final = 0.02  # who climbs with less to spare takes minutes over these 150 m


def spare_mps2(params: Array, mu: Array, grade: Array) -> Array:
    """What push there is beyond grade and rolling: not positive, and the truck cannot climb."""
    grip = params[:, P_DRIVEN_SHARE] * mu * GRAVITY_MPS2
    push = np.minimum(params[:, P_ACCEL_MAX_MPS2], grip)
    return np.asarray(push - GRAVITY_MPS2 * (grade + params[:, P_ROLLING_RESISTANCE]))


@dataclass(frozen=True)
class Draw:
    """Kinds, frictions and grades of so many stops."""

    kind: Bits
    mu: Array
    grade: Array
    spare: Array

    @classmethod
    def of(cls, count: int, seed: int) -> "Draw":
        """As many on ice as on a dry road, every ninth up an icy ramp; those that barely climb are
        left out.
        """
        rng = np.random.default_rng(seed)
        kind = rng.integers(len(KINDS), size=4 * count)
        mu = MU_MIN * (MU_MAX / MU_MIN) ** rng.random(4 * count)
        grade = rng.uniform(-GRADE_MAX, GRADE_MAX, 4 * count)
        ramp = np.arange(4 * count) % 9 == 0
        mu = np.where(ramp, MU_MIN + 0.3 * (mu - MU_MIN) * MU_MIN, mu)
        grade = np.where(ramp, GRADE_MAX - 0.2 * np.abs(grade), grade)
        spare = spare_mps2(params_block([KINDS[k] for k in kind]), mu, grade)
        kept = np.flatnonzero(np.abs(spare) > BARELY_MPS2)[:count]
        return cls(kind[kept], mu[kept], grade[kept], spare[kept])


class Stops:
    """A fleet under orders to its lines, stepped to standstill and beyond."""

    def __init__(self, draw: Draw, seed: int) -> None:
        self.draw = draw
        count = len(draw.kind)
        self.fleet = Fleet(
            [f"truck-{i:04d}" for i in range(count)],
            [KINDS[k] for k in draw.kind],
            [],
            MU_MAX,
            seed=seed,
            markers=lambda route: markers_every(route, LINE_M),
        )
        self.fleet.road[:, MU] = draw.mu
        self.fleet.road[:, GRADE] = draw.grade
        for i in range(count):
            self._order(i)
        self.fleet.settle(0.0)
        self.v_mps: list[Array] = []
        self.a_mps2: list[Array] = []
        self.trips = 0
        self.reached = np.zeros(count, dtype=bool)

    def _order(self, i: int) -> None:
        fleet, mu = self.fleet, float(self.draw.mu[i])
        y_m = ROADS_APART_M * i
        line = np.array([[0.0, y_m], [ROAD_M, y_m]])
        stretch = Stretch(f"road{i}", f"road{i}", LANE_MPS, line, float(self.draw.grade[i]))
        route, name = build_route([stretch]), fleet.names[i]
        fleet.boot(name)
        fleet.state[i, [X, Y]] = START_M, y_m
        order = Drive(route, 1, LINE_M, 1e3, 0.0, 2.0, 5.0, mu=mu, sight_m=500.0)
        fleet.carry_out(name, order)
        fleet.carry_out(name, SetGuard(route, 1, GuardRow(LINE_M, OVERLAP_M, mu)))
        fleet.set_end(name, LINE_M + OVERLAP_M)

    @property
    def before_line_m(self) -> Array:
        """How far each true front is before its line; negative beyond it."""
        truth = self.fleet.truth
        return np.asarray(LINE_M - truth[:, TRUTH_S] - truth[:, TRUTH_FRONT])

    @property
    def standing(self) -> bool:
        return not (self.fleet.state[:, V] > 0.0).any()

    def drive(self, seconds: float) -> None:
        """Turn by turn, with what each did."""
        for _ in range(round(seconds / DT_S)):
            self.fleet.step(1)
            self.v_mps.append(self.fleet.state[:, V].copy())
            self.a_mps2.append(self.fleet.state[:, A].copy())
            self._miles()

    def wait(self, seconds: float) -> None:
        """The same without a story."""
        left = round(seconds / DT_S)
        while left > 0:
            done, _ = self.fleet.step(left)
            left -= done
            self._miles()

    def _miles(self) -> None:
        miles = self.fleet.miles
        self.reached |= miles & c.MILE_REACHED != 0
        lost = c.MILE_TRIPPED | c.MILE_GAP_LOST | c.MILE_LOST_PATH | c.MILE_LOST_PLACE
        self.trips += int(np.count_nonzero(miles & lost))
        miles[:] = 0

    def last_second(self, i: int) -> Array:
        """Acceleration of the last second before standstill, turn by turn, m/s^2; slower than
        WHEELS_STAND_MPS the parking brake may come on.
        """
        v = np.array([row[i] for row in self.v_mps])
        end = int(np.flatnonzero(v > WHEELS_STAND_MPS)[-1])
        return np.array([row[i] for row in self.a_mps2[end - round(1.0 / DT_S) : end + 1]])


@dataclass(frozen=True)
class Tale:
    """What came of many stops; jolts and jerks of those that moved."""

    draw: Draw
    moved: Flags
    reached: Flags
    before_line_m: Array
    trips: int
    jolt_mps2: Array
    jerk_share: Array
    fate: Bits
    strayed_m: Array
    unparked: Flags
    standing: bool

    @property
    def climbs(self) -> Flags:
        return np.asarray(self.draw.spare > 0.0)


def told(count: int, seed: int) -> Tale:
    """Drive to the line; then a quarter each stays alive, is killed, restarts, hangs."""
    stops = Stops(Draw.of(count, seed), seed)
    fleet = stops.fleet
    stops.drive(DRIVE_S)
    moved = np.array(stops.v_mps).max(axis=0) > 0.0
    seconds = [stops.last_second(i) for i in np.flatnonzero(moved).tolist()]
    jerks = np.array([np.abs(np.diff(a)).max() / DT_S for a in seconds])
    stood_m, before_m, trips = fleet.state[:, X].copy(), stops.before_line_m, stops.trips
    fate = np.arange(count) % 4
    for i in np.flatnonzero((fate == KILLED) | (fate == RESTARTED)):
        fleet.crash(fleet.names[i])
    fleet.truth[fate == HUNG, TRUTH_HUNG] = 1.0
    unparked, strayed_m = np.zeros(count, dtype=bool), np.zeros(count)
    for look in range(round(AFTER_S / LOOK_S)):
        stops.wait(LOOK_S)
        if look == 0:
            for i in np.flatnonzero(fate == RESTARTED):
                fleet.boot(fleet.names[i])
        unparked |= fleet.command[:, c.COMMAND_PARK] != 1.0
        strayed_m = np.maximum(strayed_m, np.abs(fleet.state[:, X] - stood_m))
    return Tale(
        draw=stops.draw,
        moved=moved,
        reached=stops.reached,
        before_line_m=before_m,
        trips=trips,
        jolt_mps2=np.array([-a[-1] for a in seconds]),
        jerk_share=jerks / fleet.params[moved, P_JERK_SERVICE_MPS3],
        fate=fate,
        strayed_m=strayed_m,
        unparked=unparked,
        standing=not (fleet.state[:, V] > 0.0).any(),
    )
