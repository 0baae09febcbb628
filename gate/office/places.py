"""Where an office permits each kind of inspection, on the side that a crossing comes from.

Pure. A rule book may name the places of a kind; else an X-ray is at a scanner, or by hand in a bay
where no scanner is open, and everything else in any bay. Which of the permitted places it is to be,
and where to go when one is closed, is the corridor's choice.
Requirements: OFF-007 in docs/SAFETY.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    CONTROL_KIND_SEAL,
    CONTROL_KIND_XRAY,
)
from gate.office.rulebook import CONTROLS, RuleBook

# What a search by hand stands for: whoever opens the load has the seals in his hand, and sees more
# than an image shows. Plants, beasts and samples are looked at by others.
SEARCHED = frozenset({CONTROL_KIND_PHYSICAL, CONTROL_KIND_XRAY, CONTROL_KIND_SEAL})


@dataclass(frozen=True, slots=True)
class Places:
    """Inspection places by direction of travel ("E", "W").

    bays       on the origin's side;   stations   there too, with the kinds of each
    """

    bays: Mapping[str, tuple[str, ...]]
    stations: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    def is_bay(self, place: str) -> bool:
        return any(place in bays for bays in self.bays.values())

    def permitted(self, direction: str, kind: int, book: RuleBook) -> tuple[str, ...]:
        """Places that will do for one kind of inspection, best first."""
        bays, stations = self.bays.get(direction, ()), self.stations.get(direction, {})
        words = (places for word, places in book.places.items() if CONTROLS[word] == kind)
        named = [each for places in words for each in places if each in bays or each in stations]
        if named:
            return tuple(named)
        if kind != CONTROL_KIND_XRAY:
            return tuple(bays)
        return (*(each for each, kinds in stations.items() if "xray" in kinds), *bays)


def given_by(services: Sequence[str], *, in_bay: bool) -> set[int]:
    """Kinds of inspection that these services are; all of them where a bay names none."""
    if in_bay and not services:
        return {int(kind) for kind in CONTROLS.values()}
    kinds: set[int] = {int(CONTROLS[word]) for word in services if word in CONTROLS}
    return kinds | set(map(int, SEARCHED)) if CONTROL_KIND_PHYSICAL in kinds else kinds


def unknown_places(book: RuleBook, known: Sequence[str]) -> list[str]:
    """Places that a rule book names and no map has."""
    return [place for places in book.places.values() for place in places if place not in known]
