"""Where things lie along the corridor: metres from the border line, Kazakhstan negative.

Both directions are laid over each other at the middle of the boundary section, so that a truck east
and a truck west of the same place are drawn at the same height.
"""

from dataclasses import dataclass

from contract.map import CorridorMap, RouteError, ZoneKind
from contract.map_parts import Bay, Station
from contract.route import STEP_M, Route, X, Y

SIDES = {"E": ("KZ", "CN", 1.0), "W": ("CN", "KZ", -1.0)}


@dataclass(frozen=True)
class Places:
    """Distances of zone ends and stops by direction; zones beside the through way have none.

    ends    (direction, zone) -> where its rear leaves the zone for good
    spans   (direction, zone) -> where it begins and ends, low value first
    lanes   (direction, lane) -> where it begins
    stops   gate or station -> where the front stands
    beside  bay or X-ray beside the through way -> the place of that way nearest to it
    """

    ends: dict[tuple[str, str], float]
    spans: dict[tuple[str, str], tuple[float, float]]
    lanes: dict[tuple[str, str], float]
    stops: dict[str, float]
    beside: dict[str, float]
    sections: tuple[str, ...]
    low_m: float
    high_m: float


def places_of(corridor: CorridorMap) -> Places | None:
    """The through way of each direction; None for a map that has none."""
    ends: dict[tuple[str, str], float] = {}
    spans: dict[tuple[str, str], tuple[float, float]] = {}
    lanes: dict[tuple[str, str], float] = {}
    stops: dict[str, float] = {}
    beside: dict[str, float] = {}
    sections = []
    for direction, (origin, target, sign) in SIDES.items():
        route = _through(corridor, origin, target)
        middle = _middle(corridor, route) if route is not None else None
        if route is None or middle is None:
            continue
        sections.append(middle[0])
        lanes |= {
            (direction, name): sign * (route.at(name, 0.0) - middle[1]) for name in route.lanes
        }
        for zone, start_m, end_m in route.zone_spans:
            ends[direction, zone] = sign * (end_m - middle[1])
            first, last = sorted((sign * (start_m - middle[1]), sign * (end_m - middle[1])))
            spans[direction, zone] = (first, last)
        for name, (lane, offset_m) in _stop_lines(corridor).items():
            if lane in route.lanes:
                stops[name] = sign * (route.at(lane, offset_m) - middle[1])
        beside |= {
            name: sign * (_nearest_m(corridor, route, lane, offset_m) - middle[1])
            for name, (lane, offset_m) in _beside(corridor, direction).items()
            if lane not in route.lanes
        }
    if not spans:
        return None
    low_m = min(first for first, _ in spans.values())
    high_m = max(last for _, last in spans.values())
    return Places(ends, spans, lanes, stops, beside, tuple(dict.fromkeys(sections)), low_m, high_m)


def _beside(corridor: CorridorMap, direction: str) -> dict[str, tuple[str, float]]:
    """Bay or station of a direction -> (lane, offset of its stop line in metres)."""
    places: list[Bay | Station] = [*corridor.bays.values(), *corridor.stations.values()]
    return {
        each.id: (each.lane, each.stop_offset_m) for each in places if each.direction == direction
    }


def _nearest_m(corridor: CorridorMap, route: Route, lane: str, offset_m: float) -> float:
    """Distance along a route of the place nearest to a stop line that is not on it."""
    row = corridor.route((lane,)).table[round(offset_m / STEP_M)]
    return route.project(float(row[X]), float(row[Y]))[0]


def _through(corridor: CorridorMap, origin: str, target: str) -> Route | None:
    berths = corridor.berths.values()
    leave = [each.lane for each in berths if each.country == origin and each.departures]
    arrive = [each.lane for each in berths if each.country == target and each.arrivals]
    if not leave or not arrive:
        return None
    try:
        return corridor.route(corridor.path_lanes(leave[0], arrive[0]))
    except RouteError:
        return None


def _middle(corridor: CorridorMap, route: Route) -> tuple[str, float] | None:
    for zone, start_m, end_m in route.zone_spans:
        if corridor.zones[zone].kind is ZoneKind.BOUNDARY:
            return zone, (start_m + end_m) / 2.0
    return None


def _stop_lines(corridor: CorridorMap) -> dict[str, tuple[str, float]]:
    """Gate and station -> (lane, offset of its stop line in metres)."""
    found = {each.id: (each.lane, each.stop_offset_m) for each in corridor.stations.values()}
    return found | {each.id: (each.lane, each.stop_offset_m) for each in corridor.gates.values()}
