"""What a place is called on the page: ids of map and tables in words. Pure.

Ids stay what tables, logs and settings use; a reader who has never seen them gets the words first.
"""

from typing import Final

from contract.map import CorridorMap, ZoneKind
from sim.bound import FLEET

COUNTRY: Final = {"kz": "Kazakhstan", "cn": "China"}
WAY: Final = {"e": "eastbound", "w": "westbound"}
_AT_GATES: Final = {
    "ocr_": "the reading of plates at",
    "seals_": "the reading of seals at",
    "container_": "the reading of container numbers at",
    "read_": "the readers of images of",
}
# What is added where one more of a place is asked about.
_ONE_MORE: Final = {
    FLEET: "truck",
    "berths_": "berth",
    "bays_": "bay",
    "desk_office": "officer",
    "desk_": "person",
    "agency_": "person",
    "read_": "person who reads images",
    "laboratory_": "place in the laboratory",
    "ocr_": "reader",
}


def in_words(place: str, corridor: CorridorMap | None) -> str:
    """A place of the table of bottlenecks, as the subject of a sentence."""
    if place == FLEET:
        return "the fleet of trucks"
    head, _, rest = place.partition("_")
    if head == "berths":
        return f"the berths in {COUNTRY.get(rest, rest)}"
    if head == "bays":
        side, _, way = rest.partition("_")
        return f"the {WAY.get(way, way)} inspection bays in {COUNTRY.get(side, side)}"
    if head == "laboratory":
        return f"the laboratory in {COUNTRY.get(rest, rest)}"
    if head in ("desk", "agency"):
        side = rest.rpartition("-")[2]
        who = "the officers at the desk" if rest.startswith("office") else "the agencies' counter"
        return f"{who} in {COUNTRY.get(side, side)}"
    for start, words in _AT_GATES.items():
        if place.startswith(start):
            return f"{words} {in_words(place.removeprefix(start), corridor)}"
    return _on_map(place, corridor) if corridor is not None else place


def _on_map(place: str, corridor: CorridorMap) -> str:
    if place in corridor.gates:
        gate = corridor.gates[place]
        return f"the {gate.side} gate of {_country(gate.country)}"
    if place in corridor.stations:
        station = corridor.stations[place]
        kind = "X-ray" if station.kinds[0] == "xray" else station.kinds[0]
        return f"the {WAY[station.direction.lower()]} {kind} in {_country(station.country)}"
    if place in corridor.bays:
        bay = corridor.bays[place]
        return f"the inspection bay {place} in {_country(bay.country)}"
    zone = corridor.zones.get(place)
    if zone is not None and zone.kind is ZoneKind.BOUNDARY:
        lanes = "one-lane boundary section" if zone.one_lane else "boundary section"
        return f"the {lanes} ({place})"
    return place


def _country(code: str) -> str:
    return COUNTRY.get(code.lower(), code)


def one_more(place: str, corridor: CorridorMap | None) -> str:
    """What one more of a place is."""
    zone = corridor.zones.get(place) if corridor is not None else None
    if zone is not None and zone.kind is ZoneKind.BOUNDARY:
        return "truck at a time on it"
    return next((words for start, words in _ONE_MORE.items() if place.startswith(start)), "of it")
