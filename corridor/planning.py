"""From a crossing to a mission: lanes from berth to berth, stops on the way, a berth to end at.

Pure. First come, first served; the timetable will choose better. Not here: when a truck may go
(dispatch.py), what it may drive (grants.py).
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Final

from contract.map import Berth, CorridorMap, RouteError
from contract.v1.movement_pb2 import (
    STOP_KIND_BAY,
    STOP_KIND_BERTH,
    STOP_KIND_GATE,
    STOP_KIND_STATION,
)
from corridor.interlocking import Interlocking
from corridor.records import Mission, Stop

DESTINATION: Final = {"E": "CN", "W": "KZ"}
_LINES: Final = (STOP_KIND_STATION, STOP_KIND_GATE)
ORIGIN: Final = {"E": "KZ", "W": "CN"}


def arrival_berths(corridor: CorridorMap, direction: str) -> tuple[Berth, ...]:
    """Berths at the far end at which a crossing may end, in the map's order."""
    country = DESTINATION[direction]
    berths = corridor.berths.values()
    return tuple(each for each in berths if each.country == country and each.arrivals)


def free_berths(
    berths: Iterable[Berth], zones: Interlocking, closed: Container[str] = ()
) -> list[str]:
    """Those of these berths that are free and not closed, in the same order."""
    return [each.id for each in berths if each.id not in closed and zones.is_free(each.zone)]


def way(
    corridor: CorridorMap,
    from_lane: str,
    berth: str,
    bay: str | None,
    *,
    avoid: Collection[str] = (),
) -> tuple[str, ...]:
    """Lanes from where a truck stands to a berth, through a bay if one is given, or to a bay as to
    a berth. RouteError if none.

    Bays that are not asked for are avoided, and so is every berth but the last, and `avoid`.
    """
    end = corridor.berths.get(berth) or corridor.bays[berth]
    goal = end.lane
    through = [corridor.bays[bay].lane] if bay is not None else []
    closed = {each.lane for each in corridor.bays.values()} - {*through, from_lane, goal}
    closed |= set(avoid)
    closed |= {each.lane for each in corridor.berths.values()} - {goal, from_lane}
    lanes = corridor.path_lanes(from_lane, goal, via=through, avoid=closed)
    for bay_lane in through or [lane for lane in (goal,) if berth in corridor.bays]:
        before_bay = lanes[: lanes.index(bay_lane)]
        passed = [gate.id for gate in corridor.gates.values() if gate.lane in before_bay]
        if passed:
            raise RouteError(f"bay {bay or berth} lies behind gate {passed[0]}")
    return lanes


def front_at_start(corridor: CorridorMap, lane: str) -> float:
    """Front of a truck that stands at its departure berth, along its route."""
    berths = corridor.berths.values()
    return next((berth.stop_offset_m for berth in berths if berth.lane == lane), 0.0)


def stops_of(
    corridor: CorridorMap,
    lanes: tuple[str, ...],
    berth: str,
    *,
    bay: str | None,
    services: Mapping[str, bool],
) -> list[Stop]:
    """Places at which a mission stops or asks, in order of the route.

    services   station kind, or "place/" and a station -> whether this crossing needs it
    """
    route = corridor.route(lanes)
    found: list[Stop] = []

    def add(kind: int, place: str, lane: str, offset_m: float) -> None:
        if lane in lanes:
            at_m = route.at(lane, offset_m)
            found.append(Stop(kind, place, lane, round(offset_m * 1000.0), at_m))

    for station in corridor.stations.values():
        kinds = [f"{station.country}/{kind}" for kind in station.kinds]
        if any(services.get(each, False) for each in (*kinds, f"place/{station.id}")):
            add(STOP_KIND_STATION, station.id, station.lane, station.stop_offset_m)
    for gate in corridor.gates.values():
        add(STOP_KIND_GATE, gate.id, gate.lane, gate.stop_offset_m)
    if bay is not None:
        place = corridor.bays[bay]
        add(STOP_KIND_BAY, bay, place.lane, place.stop_offset_m)
    end = corridor.berths.get(berth) or corridor.bays[berth]
    add(STOP_KIND_BERTH, berth, end.lane, end.stop_offset_m)
    return sorted(found, key=lambda stop: stop.at_m)


def to_bay_together(
    corridor: CorridorMap, mission: Mission, spans: Sequence[tuple[str, float, float]], first: int
) -> list[int]:
    """Zones from `first` to the bay that a truck is sent to, which it has together or not at all;
    none while it has a station or gate to stand at before.
    """
    if not mission.place or mission.place in mission.done:
        return []
    zone = corridor.bays[mission.place].zone
    bay = next((index for index, span in enumerate(spans) if span[0] == zone), -1)
    if bay < first:
        return []
    before = [s.at_m for s in mission.stops if s.kind in _LINES and s.at_m < spans[bay][1]]
    beyond = bool(before) and spans[first][1] > max(before)
    return list(range(first, bay + 1)) if beyond else []
