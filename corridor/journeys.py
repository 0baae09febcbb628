"""Journeys: how long a truck takes from where it stands, on empty road, place after place.

Pure. For plans and slots, which are wrong by what others do to it and are mended as it goes on; not
for hours, which are reckoned at the slowest (arrival.py). Not here: order (scheduling.py), windows
(slots.py).
"""

from collections.abc import Sequence
from typing import Final

from contract.map import ZoneKind
from contract.route import Route
from contract.v1.movement_pb2 import STOP_KIND_GATE, STOP_KIND_STATION
from corridor.places import services_of
from corridor.planning import arrival_berths, stops_of
from corridor.records import Crossing, Stop
from corridor.state import State
from corridor.timetable.settings import ROAD, Leg

PACE: Final = 0.8  # of the speed allowed: it starts, brakes and bends
STATION_S: Final = 45  # from one truck's standing to the next one's
GATE_S: Final = 30
_LINES: Final[dict[int, int]] = {STOP_KIND_GATE: GATE_S, STOP_KIND_STATION: STATION_S}


def sections_of(state: State) -> list[str]:
    """The boundary sections of the map."""
    zones = state.map.zones.values()
    return [zone.id for zone in zones if zone.kind is ZoneKind.BOUNDARY]


class Journeys:
    """Legs of crossings; those from a berth are kept."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._sections = frozenset(sections_of(state))
        self._kept: dict[tuple[object, ...], tuple[Leg, ...]] = {}

    def legs(self, crossing: Crossing) -> tuple[Leg, ...]:
        """From where its truck is to the other side's berths; none if there is no way."""
        state = self._state
        mission = state.missions.get(crossing.mission)
        if mission is not None:
            heard = state.heard.get(mission.vehicle)
            front_m = heard.front_m if heard is not None and mission.accepted else 0.0
            return self._from(state.route(mission), mission.stops, front_m)
        berth = state.map.berths.get(crossing.berth)
        if berth is None:
            return ()
        services = services_of(crossing)
        key = (berth.lane, crossing.direction, *services.items())
        if key not in self._kept:
            self._kept[key] = self._planned(berth.lane, crossing.direction, services)
        return self._kept[key]

    def to_gate_ms(self, crossing: Crossing, gate: str) -> int:
        """Until its truck stands at a gate's line; 0 if that is not ahead of it."""
        seconds = 0
        for leg in self.legs(crossing):
            if leg.place == gate:
                return 1_000 * seconds
            seconds += leg.seconds
        return 0

    def _planned(self, lane: str, direction: str, services: dict[str, bool]) -> tuple[Leg, ...]:
        """To the nearest of the berths at the far end that can be driven to."""
        state = self._state
        for berth in arrival_berths(state.map, direction):
            lanes = state.way(lane, berth.id, None)
            if lanes:
                stops = stops_of(state.map, lanes, berth.id, bay=None, services=services)
                return self._from(state.map.route(lanes), stops, 0.0)
        return ()

    def _from(self, route: Route, stops: Sequence[Stop], front_m: float) -> tuple[Leg, ...]:
        """Drives and places from `front_m` on, in order."""
        marks = [
            (stop.at_m, stop.at_m, stop.place, _LINES[stop.kind])
            for stop in stops
            if stop.kind in _LINES and stop.at_m >= front_m - 1.0
        ]
        marks += [
            (start_m, end_m, zone, self._drive_s(route, start_m, end_m))
            for zone, start_m, end_m in route.zone_spans
            if zone in self._sections and start_m >= front_m
        ]
        legs: list[Leg] = []
        at_m = front_m
        for start_m, end_m, place, seconds in sorted(marks):
            legs.append(Leg(ROAD, self._drive_s(route, at_m, start_m)))
            legs.append(Leg(place, seconds))
            at_m = end_m
        legs.append(Leg(ROAD, self._drive_s(route, at_m, route.length_m)))
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
