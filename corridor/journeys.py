"""Journeys: how long a truck takes from where it stands, place after place, with nobody in its way.

Pure. For plans and slots, which are wrong by what others do to it and are mended as it goes on; not
for hours, which are reckoned at the slowest (arrival.py). What each place takes is what it took the
last few times (durations.py). Not here: who is in front (estimates.py), order (scheduling.py),
windows (slots.py).
"""

from dataclasses import dataclass
from typing import Final

from contract.map import RouteError, ZoneKind
from contract.route import Route
from corridor.durations import MOVE_UP_S, USUAL_S, Durations
from corridor.places import services_of
from corridor.planning import arrival_berths, stops_of, way
from corridor.records import Crossing
from corridor.state import State
from corridor.timetable.settings import ROAD, Leg

PACE: Final = 0.8  # of the speed allowed: it starts, brakes and bends
AT_LINE_M: Final = 1.0


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is left of a way.

    front_m   where on the route the truck is;  places   with where they are and what they take
    """

    route: Route
    front_m: float
    places: tuple[tuple[float, str, int], ...]


def sections_of(state: State) -> list[str]:
    """The boundary sections of the map."""
    zones = state.map.zones.values()
    return [zone.id for zone in zones if zone.kind is ZoneKind.BOUNDARY]


class Journeys:
    """Ways of crossings as legs; those from a berth are kept."""

    def __init__(self, state: State, durations: Durations) -> None:
        self._state = state
        self._durations = durations
        self._sections = frozenset(sections_of(state))
        self._kept: dict[tuple[object, ...], Ahead | None] = {}
        self._kept_of = 0  # the durations that they were reckoned by

    def legs(self, crossing: Crossing, shut: frozenset[str] = frozenset()) -> tuple[Leg, ...]:
        """From where its truck is to the other side's berths; none if there is no way.

        shut   zones that are closed to it: from its berth it takes another way, if there is one
        """
        ahead = self._ahead(crossing, shut)
        return () if ahead is None else self._legs(ahead)

    def reach_s(self, crossing: Crossing, shut: frozenset[str]) -> dict[str, int]:
        """Until its truck is at each of these zones that is on its way and that it is not in."""
        ahead = self._ahead(crossing, shut)
        found: dict[str, int] = {}
        if ahead is None:
            return found
        for zone, start_m, _ in ahead.route.zone_spans:
            if zone in shut and start_m > ahead.front_m:
                found.setdefault(zone, self._until_s(ahead, start_m))
        return found

    def _until_s(self, ahead: Ahead, to_m: float) -> int:
        """To a place of the route, by way of all the places before it."""
        seconds, at_m, driven_s = 0, ahead.front_m, 0
        for place_m, _, took_s in sorted(each for each in ahead.places if each[0] < to_m):
            seconds += max(0, self._drive_s(ahead.route, at_m, place_m) - driven_s) + took_s
            at_m, driven_s = place_m, MOVE_UP_S
        return seconds + max(0, self._drive_s(ahead.route, at_m, to_m) - driven_s)

    def to_gate_ms(self, crossing: Crossing, gate: str) -> int:
        """Until its truck stands at a gate's line; 0 if that is not ahead of it."""
        seconds = 0
        for leg in self.legs(crossing):
            if leg.place == gate:
                return 1_000 * seconds
            seconds += leg.seconds
        return 0

    def _ahead(self, crossing: Crossing, shut: frozenset[str]) -> Ahead | None:
        state, durations = self._state, self._durations
        mission = state.missions.get(crossing.mission)
        if mission is not None:
            heard = state.heard.get(mission.vehicle)
            front_m = heard.front_m if heard is not None and mission.accepted else 0.0
            places = (
                (stop.at_m, stop.place, durations.left_s(mission, stop))
                for stop in durations.ahead(mission)
                if stop.at_m >= front_m - AT_LINE_M
            )
            return Ahead(state.route(mission), front_m, tuple(places))
        berth = state.map.berths.get(crossing.berth)
        if berth is None:
            return None
        if self._kept_of != durations.changes:
            self._kept.clear()
            self._kept_of = durations.changes
        services = services_of(crossing)
        key = (berth.lane, crossing.direction, shut, *services.items())
        if key not in self._kept:
            self._kept[key] = self._planned(berth.lane, crossing.direction, services, shut)
        return self._kept[key]

    def _planned(
        self, lane: str, direction: str, services: dict[str, bool], shut: frozenset[str]
    ) -> Ahead | None:
        """To the nearest of the berths at the far end that can be driven to; round what is closed,
        if that can be.
        """
        corridor = self._state.map
        for berth in arrival_berths(corridor, direction):
            lanes = self._round(lane, berth.id, shut) or self._state.way(lane, berth.id, None)
            if lanes:
                stops = stops_of(corridor, lanes, berth.id, bay=None, services=services)
                places = (
                    (stop.at_m, stop.place, self._durations.seconds(stop.place, stop.kind))
                    for stop in stops
                    if stop.kind in USUAL_S
                )
                return Ahead(corridor.route(lanes), 0.0, tuple(places))
        return None

    def _round(self, lane: str, berth: str, shut: frozenset[str]) -> tuple[str, ...]:
        """The way round these zones; none if there is none to avoid, or no such way."""
        zones = self._state.map.zones
        lanes = {each for zone in shut for each in zones[zone].lanes} - {lane}
        if not lanes:
            return ()
        try:
            return way(self._state.map, lane, berth, None, avoid=lanes)
        except RouteError:
            return ()

    def _legs(self, ahead: Ahead) -> tuple[Leg, ...]:
        """Drives and places from where it is, in order. A place is taken until the next truck has
        moved up; meanwhile this one drives on, so that much of its next drive is in the place.
        """
        route, front_m = ahead.route, ahead.front_m
        marks = [(at_m, at_m, place, seconds) for at_m, place, seconds in ahead.places]
        for zone, start_m, end_m in route.zone_spans:
            if zone in self._sections and end_m > front_m:
                from_m = max(start_m, front_m)
                marks.append((from_m, end_m, zone, self._drive_s(route, from_m, end_m)))
        legs: list[Leg] = []
        at_m, driven_s = front_m, 0
        for start_m, end_m, place, seconds in sorted(marks):
            legs.append(Leg(ROAD, max(0, self._drive_s(route, at_m, start_m) - driven_s)))
            legs.append(Leg(place, seconds))
            at_m, driven_s = end_m, 0 if place in self._sections else MOVE_UP_S
        legs.append(Leg(ROAD, max(0, self._drive_s(route, at_m, route.length_m) - driven_s)))
        return tuple(legs)

    def _drive_s(self, route: Route, from_m: float, to_m: float) -> int:
        """Seconds from one place of a route to another."""
        seconds = 0.0
        ends = (*route.starts_m[1:], route.length_m)
        for lane, start_m, end_m in zip(route.lanes, route.starts_m, ends, strict=True):
            along_m = min(end_m, to_m) - max(start_m, from_m)
            if along_m > 0.0:
                seconds += along_m / (PACE * self._state.map.lanes[lane].speed_mps)
        return round(seconds)
