"""Phases of a crossing in one office: a table, total over every pair."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class Phase(Enum):
    """Where one office is with one crossing."""

    NEW = "new"
    ASSESSING = "assessing"
    AT_DESK = "at desk"  # an officer has the documents
    INSPECTING = "inspecting"  # an inspection was ordered
    RELEASED = "released"
    REFUSED = "refused"


class Outcome(Enum):
    """What has just happened."""

    DECLARED = "declared"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    PASSED_DESK = "desk released"
    KEPT = "desk keeps it"
    REFUSED = "desk refused"
    CLEAN = "inspection clear"
    STATION_ADVERSE = "a station on the way found something"
    INSPECTION_ADVERSE = "the inspection found something"


P, O = Phase, Outcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[Phase, Outcome], Phase]] = {
    (P.NEW, O.DECLARED): P.ASSESSING,
    (P.ASSESSING, O.DECLARED): P.ASSESSING,  # an amendment starts again
    (P.ASSESSING, O.GREEN): P.RELEASED,
    (P.ASSESSING, O.YELLOW): P.AT_DESK,
    (P.ASSESSING, O.RED): P.INSPECTING,
    (P.ASSESSING, O.STATION_ADVERSE): P.INSPECTING,
    (P.ASSESSING, O.INSPECTION_ADVERSE): P.AT_DESK,
    (P.AT_DESK, O.DECLARED): P.ASSESSING,
    (P.AT_DESK, O.PASSED_DESK): P.RELEASED,
    (P.AT_DESK, O.KEPT): P.AT_DESK,
    (P.AT_DESK, O.REFUSED): P.REFUSED,
    (P.AT_DESK, O.CLEAN): P.AT_DESK,  # the officer still decides
    (P.AT_DESK, O.STATION_ADVERSE): P.AT_DESK,
    (P.AT_DESK, O.INSPECTION_ADVERSE): P.AT_DESK,
    (P.INSPECTING, O.DECLARED): P.ASSESSING,
    (P.INSPECTING, O.CLEAN): P.RELEASED,
    (P.INSPECTING, O.STATION_ADVERSE): P.INSPECTING,  # it goes to the bay anyway
    (P.INSPECTING, O.INSPECTION_ADVERSE): P.AT_DESK,
    (P.RELEASED, O.DECLARED): P.ASSESSING,  # the old release is revoked
    (P.RELEASED, O.CLEAN): P.RELEASED,
    (P.RELEASED, O.STATION_ADVERSE): P.INSPECTING,  # the release is revoked
    (P.RELEASED, O.INSPECTION_ADVERSE): P.AT_DESK,  # the other office's finding binds both
    (P.REFUSED, O.DECLARED): P.ASSESSING,
    (P.REFUSED, O.CLEAN): P.REFUSED,
    (P.REFUSED, O.STATION_ADVERSE): P.REFUSED,
    (P.REFUSED, O.INSPECTION_ADVERSE): P.REFUSED,
}

IMPOSSIBLE: Final[frozenset[tuple[Phase, Outcome]]] = frozenset(
    {(P.NEW, outcome) for outcome in O if outcome is not O.DECLARED}
    | {(phase, o) for phase in P for o in (O.GREEN, O.YELLOW, O.RED) if phase is not P.ASSESSING}
    | {
        (phase, o)
        for phase in P
        for o in (O.PASSED_DESK, O.KEPT, O.REFUSED)
        if phase is not P.AT_DESK
    }
    | {(P.ASSESSING, O.CLEAN)}
)


def next_phase(phase: Phase, outcome: Outcome) -> Phase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None
