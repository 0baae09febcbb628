"""From a crossing to a mission: lanes from berth to berth, stops on the way, a berth to end at.

Pure. First come, first served; the timetable will choose better. Not here: when a truck may go
(dispatch.py), what it may drive (grants.py).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from contract.map import CorridorMap, RouteError
from contract.v1.movement_pb2 import (
    STOP_KIND_BAY,
    STOP_KIND_BERTH,
    STOP_KIND_GATE,
    STOP_KIND_STATION,
)
from corridor.interlocking import Interlocking, ZoneState
from corridor.records import Stop

DESTINATION: Final = {"E": "CN", "W": "KZ"}
ORIGIN: Final = {"E": "KZ", "W": "CN"}


def free_berth(corridor: CorridorMap, zones: Interlocking, direction: str) -> str | None:
    """The first free arrival berth at the far end."""
    for berth in corridor.berths.values():
        there = berth.country == DESTINATION[direction] and berth.arrivals
        if there and zones.state(berth.zone) is ZoneState.FREE:
            return berth.id
    return None


def free_bay(corridor: CorridorMap, zones: Interlocking, places: Iterable[str]) -> str | None:
    """The first free inspection bay among the permitted places."""
    for place in places:
        bay = corridor.bays.get(place)
        if bay is not None and zones.state(bay.zone) is ZoneState.FREE:
            return bay.id
    return None


def way(corridor: CorridorMap, from_lane: str, berth: str, bay: str | None) -> tuple[str, ...]:
    """Lanes from where a truck stands to a berth, through a bay if one is given. RouteError if
    none.

    Bays that are not asked for are avoided, and so is every berth but the last.
    """
    goal = corridor.berths[berth].lane
    through = [corridor.bays[bay].lane] if bay is not None else []
    closed = {each.lane for each in corridor.bays.values()} - set(through)
    closed |= {each.lane for each in corridor.berths.values()} - {goal, from_lane}
    lanes = corridor.path_lanes(from_lane, goal, via=through, avoid=closed)
    for bay_lane in through:
        before_bay = lanes[: lanes.index(bay_lane)]
        passed = [gate.id for gate in corridor.gates.values() if gate.lane in before_bay]
        if passed:
            raise RouteError(f"bay {bay} lies behind gate {passed[0]}")
    return lanes


def stops_of(
    corridor: CorridorMap,
    lanes: tuple[str, ...],
    berth: str,
    *,
    bay: str | None,
    services: Mapping[str, bool],
) -> list[Stop]:
    """Places at which a mission stops or asks, in order of the route.

    services   station kind -> whether this crossing needs it
    """
    route = corridor.route(lanes)
    found: list[Stop] = []

    def add(kind: int, place: str, lane: str, offset_m: float) -> None:
        if lane in lanes:
            at_m = route.at(lane, offset_m)
            found.append(Stop(kind, place, lane, round(offset_m * 1000.0), at_m))

    for station in corridor.stations.values():
        if any(services.get(f"{station.country}/{kind}", False) for kind in station.kinds):
            add(STOP_KIND_STATION, station.id, station.lane, station.stop_offset_m)
    for gate in corridor.gates.values():
        add(STOP_KIND_GATE, gate.id, gate.lane, gate.stop_offset_m)
    if bay is not None:
        place = corridor.bays[bay]
        add(STOP_KIND_BAY, bay, place.lane, place.stop_offset_m)
    end = corridor.berths[berth]
    add(STOP_KIND_BERTH, berth, end.lane, end.stop_offset_m)
    return sorted(found, key=lambda stop: stop.at_m)
