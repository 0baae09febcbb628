"""The rig: a row of trucks on a track, stepped turn by turn, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from contract.errors import require
from sim.air import air_of, digest_of, party
from sim.fleet import DT_S, Fleet
from sim.ground.sections import GroundSection
from sim.ground.track import markers_every, track
from sim.plant import HITCH, PSI, A, V, X, Y
from sim.plant_params import AGV65, TRUCK40_EMPTY, TRUCK40_LOADED, VehicleParams
from sim.radio import RADIO_LATE, RADIO_LOSS
from sim.truth_columns import (
    EVENT_BEYOND,
    EVENT_OVERLAP,
    TRUTH_AHEAD,
    TRUTH_FRONT,
    TRUTH_LENGTH,
    TRUTH_S,
)
from sim.vehicle_faults import VehicleFaults
from vehicle.guard import GuardRow
from vehicle.orders import Drive, SetGuard
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.gap_laws import START_M
from vehicle.pilot.steering import STEER_ERROR

BEHIND_M: Final = 5.0  # the rear of the last truck stands so far into the track
SIGHT_M: Final = 500.0
APART_M: Final = 2.5  # between ends, beyond the gap at standstill: more than a truck that has
# stopped behind another leaves free before it moves up, so that each reaches its own end
TOLD_MPS2: Final = 5.0  # a step of a profile asks for no more
require(APART_M > START_M, "every truck can reach its own end")
LOADS: Final[Mapping[str, Sequence[VehicleParams]]] = {
    "loaded": (TRUCK40_LOADED,),
    "empty": (TRUCK40_EMPTY,),
    "mixed": (TRUCK40_LOADED, TRUCK40_EMPTY),
}


@dataclass(slots=True)
class Story:
    """What came of a run, turn by turn; metres, seconds, one column a truck, leader first."""

    t_s: list[float] = field(default_factory=list)
    v_mps: list[Array] = field(default_factory=list)
    gap_m: list[Array] = field(default_factory=list)
    error_m: list[Array] = field(default_factory=list)
    overlaps: list[tuple[float, str, str]] = field(default_factory=list)
    beyond: list[tuple[float, str, float]] = field(default_factory=list)
    trips: list[tuple[float, str, int]] = field(default_factory=list)
    halts: list[tuple[float, str, int]] = field(default_factory=list)
    warned: list[tuple[float, str]] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)


class Rig:
    """Trucks in a row, leader first, each with an order and a guard row up to its own end."""

    def __init__(
        self,
        ground: GroundSection,
        friction: float,
        seed: int,
        profile: Array | None = None,
        *,
        beacons: str = "arrays",
    ) -> None:
        """profile   (n, 2) of t and v: the leader's speed, past its pilot; None: it drives."""
        self.route = track(ground.track)
        self.end_m = self.route.length_m - ground.end_before_m
        names = [f"truck-{number + 1:02d}" for number in range(ground.vehicles)]
        kinds = (AGV65,) if ground.vehicle == "agv65" else LOADS[ground.load]
        params = [kinds[i % len(kinds)] for i in range(len(names))]
        true_mu = ground.true_friction or friction
        self.fleet = Fleet(
            names,
            params,
            [],
            true_mu,
            seed=seed,
            markers=lambda r: markers_every(r, self.end_m),
            air=air_of(beacons, party(names, digest_of(self.route.table), seed)),
        )
        self.faults = VehicleFaults(self.fleet)
        self.story = Story()
        self._profile = profile
        self._ground = ground
        self._orders: dict[str, tuple[Drive, SetGuard]] = {}
        self.fleet.radio[:, RADIO_LATE] = round(ground.beacon_late_ms / 1000.0 / DT_S)
        self.fleet.radio[:, RADIO_LOSS] = ground.beacon_loss
        start_mps = float(profile[0, 1]) if profile is not None else ground.start_mps
        self._order(friction, start_mps)

    def _order(self, friction: float, start_mps: float) -> None:
        ground, fleet = self._ground, self.fleet
        lengths = fleet.truth[:, TRUTH_LENGTH]
        headway_s = ground.headway_s if ground.convoy else 2.0
        gap_m = ground.standstill_m + headway_s * start_mps
        front_m = BEHIND_M + float(lengths.sum()) + gap_m * (len(fleet.names) - 1)
        end_m = self.end_m
        for i, name in enumerate(fleet.names):
            self._stand(i, front_m)
            member = ground.convoy and i > 0
            fleet.truth[i, TRUTH_AHEAD] = i - 1 if i > 0 else -1.0
            order = Drive(
                self.route,
                1,
                end_m,
                1e3,
                0.0,
                headway_s if member else 2.0,
                ground.standstill_m,
                predecessor=fleet.names[i - 1] if member else "",
                member=member,
                mu=friction,
                sight_m=SIGHT_M,
            )
            row = GuardRow(end_m, ground.overlap_m, friction)
            self._orders[name] = order, SetGuard(self.route, 1, row)
            self._tell(name)
            fleet.set_end(name, end_m + ground.overlap_m)
            front_m -= float(lengths[i]) + gap_m
            end_m -= float(lengths[i]) + ground.standstill_m + APART_M
        require(front_m > -gap_m, "the track is too short for its trucks")
        fleet.settle(start_mps)
        fleet.truth[:, TRUTH_S] += start_mps * DT_S
        self._led_m = float(fleet.truth[0, TRUTH_S])
        if self._profile is not None:
            fleet.order[0, c.ORDER_ACTIVE] = fleet.board.guard[0, c.GUARD_ACTIVE] = 0.0

    def _stand(self, i: int, front_m: float) -> None:
        """Put a truck on the track, front at `front_m`, straight along it."""
        s_m = front_m - self.fleet.truth[i, TRUTH_FRONT]
        table = self.route.table
        for column, source in ((X, 1), (Y, 2), (PSI, 3)):
            self.fleet.state[i, column] = np.interp(s_m, table[:, 0], table[:, source])

    def _tell(self, name: str) -> None:
        """The computer of a truck is up and has its order and its guard row."""
        self.fleet.boot(name)
        for order in self._orders[name]:
            self.fleet.carry_out(name, order)

    def crash(self, name: str) -> None:
        """The computer of a truck dies: all that it knew is gone."""
        self.fleet.crash(name)

    def restart(self, name: str) -> None:
        """It is back, and is given at once what it was told before, rolling or not."""
        self._tell(name)

    @property
    def now_s(self) -> float:
        """Time since the trucks were let go."""
        return len(self.story.t_s) * DT_S

    def run(self, seconds: float) -> "Rig":
        """Go on for so long."""
        for _ in range(round(seconds / DT_S)):
            self.step()
        return self

    def step(self) -> None:
        """One turn of everything, and what it was."""
        t_s = self.now_s
        _, used = self.fleet.step(1)
        if self._profile is not None:
            self._lead(t_s)
        self._note(t_s + DT_S, used)

    def _lead(self, t_s: float) -> None:
        """The leader has the profile's speed, whatever its own pilot wanted.

        Its beacon says what a truck of its kind would have been told for that: the acceleration as
        it will be after dead time and lag; and, as of any truck, the alarm while it brakes harder
        than with its service brake.
        """
        fleet, profile = self.fleet, self._profile
        if profile is None:
            return
        truck = fleet.board.truck[0]
        lag_s, dead_s = truck[c.TRUCK_DRIVE_LAG], truck[c.TRUCK_DRIVE_DEAD]
        service_mps2 = truck[c.TRUCK_BRAKE_SERVICE]
        soon_s = t_s + dead_s
        at = np.array([t_s, t_s + DT_S, soon_s, soon_s + DT_S, soon_s + 2.0 * DT_S])
        v = np.interp(at, profile[:, 0], profile[:, 1])
        self._led_m += 0.5 * (v[0] + v[1]) * DT_S
        s_m = fleet.truth[0, TRUTH_S] = self._led_m
        table = self.route.table
        for column, source in ((X, 1), (Y, 2), (PSI, 3)):
            fleet.state[0, column] = np.interp(s_m, table[:, 0], table[:, source])
        accel = (v[1] - v[0]) / DT_S
        fleet.state[0, [V, A, HITCH]] = v[1], accel, 0.0
        soon, later = np.diff(v[2:]) / DT_S
        told = soon + lag_s * (later - soon) / DT_S
        said = fleet.board.said[0]
        said[[c.BEACON_V, c.BEACON_A]] = v[0], accel
        said[c.BEACON_U] = min(max(told, -TOLD_MPS2), TOLD_MPS2)
        said[c.BEACON_ALARM] = 1.0 if accel < -service_mps2 else 0.0
        fleet.air.say_again(0, fleet.blocks)

    def _note(self, t_s: float, used: int) -> None:
        fleet, story = self.fleet, self.story
        story.t_s.append(t_s)
        story.v_mps.append(fleet.state[:, V].copy())
        front = fleet.truth[:, TRUTH_S] + fleet.truth[:, TRUTH_FRONT]
        story.gap_m.append(front[:-1] - fleet.truth[:-1, TRUTH_LENGTH] - front[1:])
        story.error_m.append(fleet.board.steering[:, STEER_ERROR].copy())
        for row, kind, what in fleet.events[:used].tolist():
            name = fleet.names[row]
            if kind == EVENT_OVERLAP:
                story.overlaps.append((t_s, name, fleet.names[what]))
            elif kind == EVENT_BEYOND:
                story.beyond.append((t_s, name, what / 1000.0))
        for i in fleet.miles.nonzero()[0]:
            self._mile(t_s, int(i))

    def _mile(self, t_s: float, i: int) -> None:
        board, story, name = self.fleet.board, self.story, self.fleet.names[i]
        miles = int(board.miles[i])
        board.miles[i] = 0
        if miles & c.MILE_TRIPPED:
            story.trips.append((t_s, name, int(board.watch[i, c.WATCH_CAUSE])))
        lost = miles & (c.MILE_LOST_PATH | c.MILE_LOST_PLACE | c.MILE_GAP_LOST | c.MILE_IN_VAIN)
        if lost:
            story.halts.append((t_s, name, lost))
        if miles & c.MILE_WARNED:
            story.warned.append((t_s, name))
        if miles & c.MILE_REACHED:
            story.reached.append(name)

    # --- figures ---

    @property
    def to_end_m(self) -> Array:
        """How far each front is before its own end, metres; negative beyond it."""
        truth = self.fleet.truth
        return np.asarray(
            self.fleet.order[:, c.ORDER_END] - truth[:, TRUTH_S] - truth[:, TRUTH_FRONT]
        )

    @property
    def least_gap_m(self) -> float:
        """The smallest gap that there ever was; infinity with one truck."""
        return float(np.min(self.story.gap_m, initial=np.inf))

    def amplitudes_mps(self, from_s: float, to_s: float) -> Array:
        """Half the range of each truck's speed in a window."""
        t = np.array(self.story.t_s)
        window = np.array(self.story.v_mps)[(t >= from_s) & (t <= to_s)]
        return np.asarray(np.ptp(window, axis=0) / 2.0)

    def ratios(self, from_s: float, to_s: float) -> Array:
        """Amplitude of each truck against the one ahead."""
        sizes = self.amplitudes_mps(from_s, to_s)
        return np.array([after / max(before, 1e-9) for before, after in pairwise(sizes.tolist())])
