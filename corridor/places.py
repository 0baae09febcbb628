"""Places: where a crossing that is not released may be inspected or kept.

Pure. An office orders kinds of inspection and names the places that will do; which of them it is
to be is the corridor's choice, and a place that is closed is passed over without a new signature.
A station on the way is taken as it comes; of bays the one that will do for most of what is ordered,
first come first served. Not here: how a truck gets there (diversion.py), what an office makes of
the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.map_parts import Station
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    ARRIVAL_SCAN_ALWAYS,
    ARRIVAL_SCAN_IF_SCANNED,
    CONTROL_KIND_XRAY,
)
from corridor.clearance import clearance_missing
from corridor.planning import DESTINATION, ORIGIN
from corridor.records import Control, Crossing, Mission
from corridor.state import No, State


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is still to be inspected, and the bays that will do, best first.

    stations   places on the way that will do for what no bay is needed for
    closed     what is ordered and has no open place at all
    """

    bays: tuple[str, ...]
    stations: tuple[str, ...]
    closed: bool


def to_do(crossing: Crossing, done: Sequence[str]) -> list[Control]:
    """Inspections that are ordered and not done in any of their places."""
    orders = [each for _, wanted in sorted(crossing.controls.items()) for each in wanted]
    return [each for each in orders if not any(place in done for place in each.places)]


def wanted(state: State, crossing: Crossing, done: Sequence[str] = ()) -> Wanted:
    """Where the inspections that are still to be done may be."""
    orders = to_do(crossing, done)
    stations: dict[str, None] = {}
    worth: dict[str, int] = {}
    closed = False
    for order in orders:
        known = [p for p in order.places if p in state.map.bays or p in state.map.stations]
        usable = [place for place in known if place not in state.closed]
        closed = closed or not usable
        at_stations = [place for place in usable if place in state.map.stations]
        if at_stations:
            stations |= dict.fromkeys(at_stations)
            continue
        for place in usable:
            worth[place] = worth.get(place, 0) + 1
    bays = tuple(sorted(worth, key=lambda place: -worth[place]))
    return Wanted(bays, tuple(stations), closed)


def asides(state: State, crossing: Crossing) -> tuple[str, ...]:
    """Bays of the origin's side in which a truck may be kept that nobody inspects."""
    origin = ORIGIN[crossing.direction]
    return tuple(
        bay.id
        for bay in state.map.bays.values()
        if (bay.country, bay.direction) == (origin, crossing.direction)
        and bay.id not in state.closed
    )


def bays_taken(state: State, crossing: Crossing, more: int = 0) -> No | None:
    """Why a truck that is to be scanned does not set off yet: whose image is read elsewhere waits
    in a bay, and no bay is left for it beside those that are taken, those that trucks on their way
    to the scanner may need, and `more`. None while every bay is closed: then the line holds it.
    """
    want = wanted(state, crossing) if crossing.controls else Wanted((), (), closed=False)
    if want.bays or not is_scanned(state, crossing, want.stations):
        return None
    bays = asides(state, crossing)
    free = [bay for bay in bays if state.zones.is_free(state.map.bays[bay].zone)]
    on_the_way = sum(_may_need_bay(state, each, crossing) for each in state.missions.values())
    if not bays or len(free) > on_the_way + more:
        return None
    return No(Reason.NO_BAY_FREE, "bays")


def is_scanned(state: State, crossing: Crossing, places: Sequence[str] = ()) -> bool:
    """Whether an X-ray of its origin's side is on its way.

    places   stations that were picked for what is ordered
    """
    services = services_of(crossing, places)
    return any(
        services.get(f"{station.country}/xray") or services.get(f"place/{station.id}")
        for station in state.map.stations.values()
        if _is_scanner(station, crossing)
    )


def _is_scanner(station: Station, crossing: Crossing) -> bool:
    here = (ORIGIN[crossing.direction], crossing.direction)
    return (station.country, station.direction) == here and "xray" in station.kinds


def _may_need_bay(state: State, mission: Mission, crossing: Crossing) -> bool:
    """It is on its way to a scanner of the same side, or its image is not read, and has no bay."""
    if mission.place or mission.direction != crossing.direction:
        return False
    unread = state.crossings[mission.crossing].unread
    for stop in mission.stops:
        station = state.map.stations.get(stop.place)
        if station is not None and _is_scanner(station, crossing):
            return stop.place not in mission.done or stop.place in unread
    return False


def is_free(state: State, bay: str, vehicle: str) -> bool:
    """Whether nobody else has this bay."""
    zone = state.map.bays[bay].zone
    return state.zones.is_free(zone) or state.zones.holders(zone) == (vehicle,)


def no_place(crossing: Crossing) -> No:
    """No permitted place is open, or none lies ahead: the office has to name another."""
    missing = clearance_missing(crossing)
    holder = missing.holder if missing is not None else "office"
    return No(Reason.NO_PLACE, crossing.crossing_id, holder)


def services_of(crossing: Crossing, places: Sequence[str] = ()) -> dict[str, bool]:
    """Which station kinds of each side this crossing visits.

    places   stations that were picked for what is ordered

    A return visits none but those. Where an office has ordered anything, its orders decide over the
    X-ray; where none has, every channel but the green one has it. Behind the line only the
    receiving office's own scan is wanted, if it wants one.
    """
    origin, end = ORIGIN[crossing.direction], DESTINATION[crossing.direction]
    weighed = not crossing.return_of
    xray = weighed and not crossing.ordered and crossing.channel > 1
    scanned = xray or CONTROL_KIND_XRAY in crossing.ordered
    again = scanned and crossing.arrival_scan == ARRIVAL_SCAN_IF_SCANNED
    return {
        f"{origin}/weighbridge": weighed,
        f"{origin}/portal": weighed,
        f"{origin}/xray": xray,
        f"{end}/xray": weighed and (again or crossing.arrival_scan == ARRIVAL_SCAN_ALWAYS),
    } | {f"place/{place}": True for place in places}
