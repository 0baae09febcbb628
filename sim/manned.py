"""A manned vehicle in a run: a body that drives along lanes by sight, beside no radar and no guard.

It keeps to the lanes' axis, but swings out beside the arm of a gate, which stays shut: there is
room for people. Counters on its way count it, those of gate cells apart, which it passes beside.
Whatever its outline touches is a violation of I1, as for trucks; it is looked at every step.
Not here: whether it may drive (corridor/manned.py), who orders it to (ambulance.py).
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from contract.map import ZoneKind
from contract.route import Route
from sim.checks import apart
from sim.footprints import (
    F_COS,
    F_HALF_LENGTH,
    F_HALF_WIDTH,
    F_HEADING,
    F_SIN,
    F_X,
    F_Y,
    FOOTPRINT_COLUMNS,
)

if TYPE_CHECKING:
    from sim.world import World

LENGTH_M: Final = 6.5
WIDTH_M: Final = 2.2
ACCEL_MPS2: Final = 1.2
SPEED_MPS: Final = 11.0  # 40 km/h
BESIDE_M: Final = 3.6  # of the axis, where it passes an arm
SWING_M: Final = 20.0  # before and behind the cell
TICK_NS: Final = 50_000_000
STANDING_NS: Final = 500_000_000  # how often it is looked at while it stands
NEAR_M: Final = 0.05  # of where it is to stand
_NEAR_M: Final = 30.0


class MannedVehicle:
    """Drives over a route, from standstill to standstill, either way; says where it is as it goes.

    middle_m   where its middle is along the route; None: off the road
    """

    def __init__(
        self,
        world: "World",
        name: str,
        route: Route,
        *,
        arrived: Callable[[], None],
        left: Callable[[str], None] = lambda zone: None,
    ) -> None:
        """`left` hears of each zone that it has left forwards, `arrived` of the end of a drive."""
        self._world = world
        self.name = name
        self._route = route
        self._left = left
        self._arrived = arrived
        self.middle_m: float | None = None
        self._to_m = 0.0
        self.speed_mps = 0.0
        self.feet = np.zeros(FOOTPRINT_COLUMNS)
        self._touches: set[str] = set()
        self._cells = [
            (start_m, end_m)
            for zone, start_m, end_m in route.zone_spans
            if world.map.zones[zone].kind is ZoneKind.GATE_CELL
        ]
        self._ahead: list[tuple[float, str]] = []
        self._behind: list[tuple[float, str]] = []
        self._zones: list[tuple[str, float, float]] = []

    def _counters(self) -> list[tuple[float, str]]:
        """Those on its way, but for those beside which it passes an arm."""
        found = [
            (self._route.at(spot.lane, spot.offset_m), spot.id)
            for spot in self._world.map.detectors.values()
            if spot.lane in self._route.lanes
        ]
        return sorted(each for each in found if not self._is_beside(each[0]))

    def _is_beside(self, at_m: float) -> bool:
        return any(start_m - 1.0 <= at_m <= end_m + 1.0 for start_m, end_m in self._cells)

    def drive(self, from_m: float, to_m: float) -> None:
        """From one place of its middle to another; onto the road, if it was off it."""
        self._to_m = to_m
        on_road = self.middle_m is not None
        self.middle_m = from_m
        ahead = [each for each in self._counters() if to_m > from_m and each[0] > from_m]
        self._ahead, self._behind = ahead, list(ahead)
        self._zones = [span for span in self._route.zone_spans if span[2] > from_m < to_m]
        if not on_road:
            self._world.engine.watch(self._world.engine.now_ns + TICK_NS, self._tick)

    def leave_road(self) -> None:
        """It turns off the road, where it stands."""
        self.middle_m = None

    @property
    def aside_m(self) -> float:
        """How far to the right of the axis its middle is."""
        at_m, share = self.middle_m or 0.0, 0.0
        for start_m, end_m in self._cells:
            gap_m = max(start_m - at_m, at_m - end_m, 0.0)
            share = max(share, 1.0 - gap_m / SWING_M)
        return BESIDE_M * 0.5 * (1.0 - math.cos(math.pi * max(0.0, share)))

    def _tick(self) -> None:
        if self.middle_m is None:
            return
        period_ns = STANDING_NS
        rest_m = abs(self._to_m - self.middle_m)
        if rest_m > NEAR_M:
            period_ns = TICK_NS
            self._advance(TICK_NS / 1e9, rest_m)
        elif self.speed_mps > 0.0:
            self.speed_mps = 0.0
            self._arrived()
        if self.middle_m is not None:
            self.outline(self.middle_m)
            self._touch()
            self._world.engine.watch(self._world.engine.now_ns + period_ns, self._tick)

    def _advance(self, dt_s: float, rest_m: float) -> None:
        limit = max(0.3, math.sqrt(2.0 * ACCEL_MPS2 * rest_m))
        self.speed_mps = min(self.speed_mps + ACCEL_MPS2 * dt_s, SPEED_MPS, limit)
        at_m = self.middle_m or 0.0
        self.middle_m = at_m + math.copysign(min(rest_m, self.speed_mps * dt_s), self._to_m - at_m)
        self._pass(self.middle_m)

    def outline(self, at_m: float) -> None:
        """Its rectangle on the ground, with its middle at this place of its way."""
        row = self._route.table[min(round(at_m), len(self._route.table) - 1)]
        shift_m, psi = at_m - row[0], float(row[3])
        aside_m = self.aside_m
        self.feet[F_X] = row[1] + shift_m * math.cos(psi) + aside_m * math.sin(psi)
        self.feet[F_Y] = row[2] + shift_m * math.sin(psi) - aside_m * math.cos(psi)
        self.feet[F_HEADING], self.feet[F_COS], self.feet[F_SIN] = psi, math.cos(psi), math.sin(psi)
        self.feet[F_HALF_LENGTH], self.feet[F_HALF_WIDTH] = LENGTH_M / 2.0, WIDTH_M / 2.0

    def _pass(self, middle_m: float) -> None:
        """Counters, and limits of zones, that its front or rear has passed forwards; backwards no
        counter counts.
        """
        front_m, rear_m = middle_m + LENGTH_M / 2.0, middle_m - LENGTH_M / 2.0
        while self._ahead and self._ahead[0][0] <= front_m:
            self._counted(self._ahead.pop(0)[1], rear=False)
        while self._behind and self._behind[0][0] <= rear_m:
            self._counted(self._behind.pop(0)[1], rear=True)
        while self._zones and self._zones[0][2] <= rear_m:
            self._left(self._zones.pop(0)[0])

    def _counted(self, counter: str, *, rear: bool) -> None:
        for cabinet in self._world.cabinets.values():
            if counter in cabinet.counts:
                cabinet.detector(counter, rear=rear)

    def _touch(self) -> None:
        """I1, between it and each truck; said once a meeting."""
        fleet = self._world.fleet
        for i, name in enumerate(fleet.names):
            feet = fleet.feet[i]
            far = np.hypot(feet[0, F_X] - self.feet[F_X], feet[0, F_Y] - self.feet[F_Y]) > _NEAR_M
            hit = not far and any(not apart(self.feet, each) for each in feet)
            if hit and name not in self._touches:
                self._world.checkers.overlap(self.name, name)
            (self._touches.add if hit else self._touches.discard)(name)
