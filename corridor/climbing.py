"""Climbing: no authority ends, and none begins, where its truck could not set off again.

Pure. In: what kinds of truck push with, today's friction, a mission. Out: the lane that is too
steep, and why. A zone from which a truck could not start is had together with what lies behind it
(grants.py); a grade that it cannot climb at all is not entered. Masses are the crossing's; a truck
of unknown kind is the weakest of all. Not here: the truck's own no (vehicle/climbing.py).
Requirements: SUP-017 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from contract.limits import VEHICLE_LENGTH_M_MAX
from contract.map import CorridorMap
from contract.reasons import Reason
from contract.route import Route
from contract.traction import CAUTIOUS, Climb, Slope, Traction, climb_of, slopes, steeper
from corridor.records import Mission

_ROADS_MAX: Final = 4_096


class _Road(NamedTuple):
    """The lanes of a route with their grades, and the highest of these."""

    slopes: tuple[Slope, ...]
    steepest: float


class Climbing:
    """Says of each truck where it can start and what it can climb, on the friction of today."""

    def __init__(
        self, corridor: CorridorMap, friction_permille: int, kinds: Mapping[str, Traction]
    ) -> None:
        """`kinds` names what a vehicle pushes with; who is not in it is the weakest of all."""
        self._map = corridor
        self._mu = friction_permille / 1000.0
        self._kinds = dict(kinds)
        self._roads: dict[Route, _Road] = {}
        self._climbs: dict[tuple[str, int], Climb] = {}

    def friction_is(self, permille: int) -> None:
        """The road is like this from now on."""
        self._mu = permille / 1000.0
        self._climbs.clear()

    def _steeper(self, route: Route, from_m: float, to_m: float, grade: float) -> Slope | None:
        """The first lane of a route between two places that rises more than `grade`; none is looked
        for where none of the whole route does. Routes are kept: many trucks take the same one.
        """
        road = self._roads.get(route)
        if road is None:
            if len(self._roads) >= _ROADS_MAX:
                self._roads.clear()
            found = slopes(route, self._map)
            road = _Road(found, max(each.grade for each in found))
            self._roads[route] = road
        return steeper(road.slopes, from_m, to_m, grade) if road.steepest > grade else None

    def _climb(self, mission: Mission) -> Climb:
        """What a truck of this mass climbs; its kind and the friction stay, so it is kept."""
        key = (mission.vehicle, mission.mass_kg)
        climb = self._climbs.get(key)
        if climb is None:
            if len(self._climbs) >= _ROADS_MAX:
                self._climbs.clear()
            traction = self._kinds.get(mission.vehicle, CAUTIOUS)
            climb = self._climbs[key] = climb_of(traction, mission.mass_kg, self._mu)
        return climb

    def stuck(self, mission: Mission, route: Route, front_m: float) -> str:
        """The lane under a truck, front at `front_m` of its route, on which it cannot start; "" if
        it can.
        """
        behind_m = front_m - VEHICLE_LENGTH_M_MAX
        slope = self._steeper(route, behind_m, front_m, self._climb(mission).start)
        return slope.lane if slope is not None else ""

    def judge(
        self, mission: Mission, route: Route, from_m: float, end_m: float
    ) -> tuple[Reason, str] | None:
        """Why this truck cannot have the road from one place of the route to another, and the lane
        or place that is meant: it rises too steeply, or a stop that it must make is on a grade.
        """
        steep = self._steeper(route, from_m, end_m, self._climb(mission).climb)
        if steep is not None:
            return Reason.GRADE_TOO_STEEP, steep.lane
        for stop in mission.stops:
            if from_m < stop.at_m <= end_m and self.stuck(mission, route, stop.at_m):
                return Reason.CANNOT_START_HERE, stop.place
        return None

    def reach(
        self, mission: Mission, route: Route, group: list[int], end_of: Callable[[int], float]
    ) -> tuple[list[int], tuple[Reason, str] | None]:
        """Zones of the route with as many behind them as it takes to end where this truck can start
        again; and why it must not have them, if it must not.

        group    zones that are had together anyway, in order
        end_of   where an authority ends with so many zones of the route, metres along it
        """
        spans, more = route.zone_spans, list(group)
        from_m = spans[more[0]][1]
        while True:
            end_m = end_of(more[-1] + 1)
            no = self.judge(mission, route, from_m, end_m)
            lane = self.stuck(mission, route, end_m) if end_m > from_m else ""
            if no is not None or not lane:
                return more, no
            if more[-1] + 1 == len(spans):
                return more, (Reason.CANNOT_START_HERE, lane)
            more.append(more[-1] + 1)
