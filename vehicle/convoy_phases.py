"""Phases of a truck in its convoy: one table, total over every pair.

Decide the outcome first, then look up the phase. Every phase but alone, leading and member ends by
itself, and every end is a truck that drives alone by radar. Not here: what is decided (convoy.py).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class ConvoyPhase(Enum):
    """How this truck belongs to a formation."""

    SOLO = "alone"
    APPROACHING = "closing up"  # by radar; nobody is followed by beacons yet
    IN_POSITION = "in position"  # ready was told; a leader-to-be is at once
    LEADING = "leading"
    MEMBER = "member"
    KEEPING = "keeping its place"  # member or leader, ready for a change that leaves it in place
    OPENING = "opening"  # member that opens its gap to the radar's
    OPENED = "opened"  # ready was told
    ABORTED = "aborted"  # opens its gap by itself, then drives alone


class ConvoyOutcome(Enum):
    """What has just happened, decided from order, reading or clock."""

    CLOSE_UP = "told to close up"
    KEEP = "told to keep its place"
    OPEN_UP = "told to open its gap"
    ARRIVED = "in position, or the gap is open"
    COMMIT_LEAD = "committed to lead"
    COMMIT_FOLLOW = "committed to follow"
    COMMIT_ALONE = "committed to drive alone"
    ABORT = "told to abort"
    TIMED_OUT = "waited long enough"
    BEACONS_LOST = "predecessor not heard"
    STOPPED = "stopped by order or guard"


P, O = ConvoyPhase, ConvoyOutcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[ConvoyPhase, ConvoyOutcome], ConvoyPhase]] = {
    (P.SOLO, O.CLOSE_UP): P.APPROACHING,
    (P.SOLO, O.KEEP): P.IN_POSITION,  # the leader-to-be has nobody to close up to
    (P.SOLO, O.OPEN_UP): P.OPENED,  # it fell back before it was told, or has restarted
    (P.SOLO, O.ABORT): P.SOLO,
    (P.SOLO, O.STOPPED): P.SOLO,
    (P.APPROACHING, O.CLOSE_UP): P.APPROACHING,  # a newer change
    (P.APPROACHING, O.KEEP): P.IN_POSITION,
    (P.APPROACHING, O.OPEN_UP): P.OPENED,  # the radar's gap was never given up
    (P.APPROACHING, O.ARRIVED): P.IN_POSITION,
    (P.APPROACHING, O.ABORT): P.ABORTED,
    (P.APPROACHING, O.TIMED_OUT): P.ABORTED,
    (P.APPROACHING, O.BEACONS_LOST): P.ABORTED,
    (P.APPROACHING, O.STOPPED): P.ABORTED,
    (P.IN_POSITION, O.CLOSE_UP): P.APPROACHING,
    (P.IN_POSITION, O.KEEP): P.IN_POSITION,
    (P.IN_POSITION, O.OPEN_UP): P.OPENED,
    (P.IN_POSITION, O.COMMIT_LEAD): P.LEADING,
    (P.IN_POSITION, O.COMMIT_FOLLOW): P.MEMBER,
    (P.IN_POSITION, O.ABORT): P.ABORTED,
    (P.IN_POSITION, O.TIMED_OUT): P.ABORTED,
    (P.IN_POSITION, O.BEACONS_LOST): P.ABORTED,
    (P.IN_POSITION, O.STOPPED): P.ABORTED,
    (P.LEADING, O.KEEP): P.KEEPING,
    (P.LEADING, O.OPEN_UP): P.OPENED,  # there is nobody to open a gap to
    (P.LEADING, O.ABORT): P.SOLO,
    (P.LEADING, O.STOPPED): P.SOLO,
    (P.MEMBER, O.KEEP): P.KEEPING,
    (P.MEMBER, O.OPEN_UP): P.OPENING,
    (P.MEMBER, O.ABORT): P.ABORTED,
    (P.MEMBER, O.BEACONS_LOST): P.ABORTED,
    (P.MEMBER, O.STOPPED): P.ABORTED,
    (P.KEEPING, O.KEEP): P.KEEPING,
    (P.KEEPING, O.OPEN_UP): P.OPENING,
    (P.KEEPING, O.COMMIT_LEAD): P.LEADING,
    (P.KEEPING, O.COMMIT_FOLLOW): P.MEMBER,
    (P.KEEPING, O.ABORT): P.ABORTED,
    (P.KEEPING, O.TIMED_OUT): P.ABORTED,
    (P.KEEPING, O.BEACONS_LOST): P.ABORTED,
    (P.KEEPING, O.STOPPED): P.ABORTED,
    (P.OPENING, O.OPEN_UP): P.OPENING,
    (P.OPENING, O.ARRIVED): P.OPENED,
    (P.OPENING, O.ABORT): P.ABORTED,
    (P.OPENING, O.TIMED_OUT): P.ABORTED,
    (P.OPENING, O.STOPPED): P.ABORTED,
    (P.OPENED, O.CLOSE_UP): P.APPROACHING,
    (P.OPENED, O.KEEP): P.IN_POSITION,
    (P.OPENED, O.OPEN_UP): P.OPENED,
    (P.OPENED, O.COMMIT_LEAD): P.LEADING,
    (P.OPENED, O.COMMIT_ALONE): P.SOLO,
    (P.OPENED, O.ABORT): P.SOLO,
    (P.OPENED, O.TIMED_OUT): P.SOLO,
    (P.OPENED, O.STOPPED): P.SOLO,
    (P.ABORTED, O.OPEN_UP): P.OPENING,
    (P.ABORTED, O.ARRIVED): P.SOLO,
    (P.ABORTED, O.ABORT): P.ABORTED,
    (P.ABORTED, O.TIMED_OUT): P.SOLO,  # the pilot's own law has opened the gap, or is about to
    (P.ABORTED, O.STOPPED): P.ABORTED,
}

_NO_DEADLINE: Final = (P.SOLO, P.LEADING, P.MEMBER)
_COMMITS: Final = (O.COMMIT_LEAD, O.COMMIT_FOLLOW, O.COMMIT_ALONE)
IMPOSSIBLE: Final[frozenset[tuple[ConvoyPhase, ConvoyOutcome]]] = frozenset(
    {
        # A commit is looked up only after ready was told, and only for the change that was told.
        *((phase, each) for phase in P for each in _COMMITS if (phase, each) not in NEXT),
        # Whoever follows, opens or leads is told to close up to nobody else: FORMATION_BUSY.
        *((phase, O.CLOSE_UP) for phase in P if (phase, O.CLOSE_UP) not in NEXT),
        (P.OPENING, O.KEEP),  # nor has it a place to keep
        (P.ABORTED, O.KEEP),
        *((phase, O.TIMED_OUT) for phase in _NO_DEADLINE),
        (P.SOLO, O.BEACONS_LOST),  # nobody's beacons are listened to
        (P.LEADING, O.BEACONS_LOST),
        (P.OPENING, O.BEACONS_LOST),  # the gap opens by radar all the same: not looked at
        (P.OPENED, O.BEACONS_LOST),
        (P.ABORTED, O.BEACONS_LOST),
        *((phase, O.ARRIVED) for phase in P if (phase, O.ARRIVED) not in NEXT),
    }
)


def next_convoy_phase(phase: ConvoyPhase, outcome: ConvoyOutcome) -> ConvoyPhase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None
