"""Transit: goods that only pass through, under a guarantee that stays blocked until discharge.

Pure. One life cycle for TIR and national transit: opened with the declaration, sealed with the
release, crossed with the entry gate's word, arrived and discharged with the hand-over; refused or
withdrawn, it is discharged where it began. A guarantee that one crossing blocks is not good for
another. Not here: papers of a release (papers.py). Life cycle: domain.md 4.3 after the new
computerised transit system (declaration, release, arrival, control, write-off).
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class Transit(Enum):
    """Where a transit is."""

    NONE = 0
    OPENED = 1
    SEALED = 2
    CROSSED = 3
    ARRIVED = 4
    DISCHARGED = 5


class Move(Enum):
    """What happens to it."""

    OPEN = "opened"
    SEAL = "sealed"
    UNSEAL = "taken back"  # a release was revoked
    CROSS = "crossed"
    ARRIVE = "arrived"
    DISCHARGE = "discharged"


_T, _M = Transit, Move
NEXT: Final[Mapping[tuple[Transit, Move], Transit]] = {
    (_T.NONE, _M.OPEN): _T.OPENED,
    (_T.OPENED, _M.OPEN): _T.OPENED,  # an amendment
    (_T.SEALED, _M.OPEN): _T.OPENED,
    (_T.CROSSED, _M.OPEN): _T.CROSSED,
    (_T.OPENED, _M.SEAL): _T.SEALED,
    (_T.SEALED, _M.SEAL): _T.SEALED,
    (_T.CROSSED, _M.SEAL): _T.CROSSED,
    (_T.SEALED, _M.UNSEAL): _T.OPENED,
    (_T.OPENED, _M.UNSEAL): _T.OPENED,
    (_T.CROSSED, _M.UNSEAL): _T.CROSSED,  # it is across; the guarantee stays blocked
    (_T.SEALED, _M.CROSS): _T.CROSSED,
    (_T.OPENED, _M.CROSS): _T.CROSSED,  # revoked while it crossed
    (_T.CROSSED, _M.CROSS): _T.CROSSED,
    (_T.CROSSED, _M.ARRIVE): _T.ARRIVED,
    (_T.ARRIVED, _M.ARRIVE): _T.ARRIVED,
    (_T.ARRIVED, _M.DISCHARGE): _T.DISCHARGED,
    (_T.OPENED, _M.DISCHARGE): _T.DISCHARGED,  # it went back where it began
    (_T.SEALED, _M.DISCHARGE): _T.DISCHARGED,
    (_T.CROSSED, _M.DISCHARGE): _T.DISCHARGED,  # it came back
    (_T.DISCHARGED, _M.DISCHARGE): _T.DISCHARGED,
}
IMPOSSIBLE: Final = frozenset((at, move) for at in _T for move in _M if (at, move) not in NEXT)
BLOCKING: Final = frozenset({_T.OPENED, _T.SEALED, _T.CROSSED, _T.ARRIVED})


def moved(at: Transit, move: Move) -> Transit:
    """Where a transit is after `move`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[at, move]
    except KeyError:
        raise InvariantBroken(f"transit {move.value} while {at.name}") from None


def blocked_by(reference: str, crossing: str, open_transits: Iterable[tuple[str, str, int]]) -> str:
    """The other crossing whose open transit blocks a guarantee; "" if none does.

    open_transits   (guarantee reference, crossing, Transit value) of every transit known
    """
    for other, whose, at in open_transits:
        if other == reference and whose != crossing and Transit(at) in BLOCKING:
            return whose
    return ""
