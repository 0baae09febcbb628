"""Phases of a crossing in one office: a table, total over every pair.

A case is a list of things that are wanted before it may go (case.py); the first that is still
wanted names the phase. Documents come before inspections, and inspections before the clock.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class Phase(Enum):
    """Where one office is with one crossing."""

    NEW = "new"
    ASSESSING = "assessing"
    ENDORSING = "endorsing"  # an agency has the documents
    AT_DESK = "at desk"  # an officer has the documents
    INSPECTING = "inspecting"  # an inspection was ordered
    POSTPONED = "postponed"  # decided, but closed now, or the day's quota is used
    RELEASED = "released"
    REFUSED = "refused"
    ENDED = "ended"  # arrived, or taken back


class Outcome(Enum):
    """What has just happened, or what is wanted first now."""

    DECLARED = "declared"
    WANTS_ENDORSEMENT = "an agency must endorse"
    WANTS_OFFICER = "an officer must decide"
    WANTS_INSPECTION = "an inspection is wanted"
    WANTS_OPENING = "closed, or the quota is used"
    NOTHING_WANTED = "nothing is wanted any more"
    REFUSED = "an officer or a rule refused"
    OVERRULED = "two officers overruled a refusal"
    ARRIVED = "handed over"


P, O = Phase, Outcome  # noqa: E741 - the table reads better

_OPEN: Final = (P.ASSESSING, P.ENDORSING, P.AT_DESK, P.INSPECTING, P.POSTPONED, P.RELEASED)
_WANTS: Final = {
    O.WANTS_ENDORSEMENT: P.ENDORSING,
    O.WANTS_OFFICER: P.AT_DESK,
    O.WANTS_INSPECTION: P.INSPECTING,
    O.WANTS_OPENING: P.POSTPONED,
    O.NOTHING_WANTED: P.RELEASED,
}

NEXT: Final[Mapping[tuple[Phase, Outcome], Phase]] = {
    **{(phase, O.DECLARED): P.ASSESSING for phase in P if phase is not P.ENDED},
    **{(phase, wants): _WANTS[wants] for phase in _OPEN for wants in _WANTS},
    **{(phase, O.REFUSED): P.REFUSED for phase in _OPEN},  # assessing: by a rule
    (P.REFUSED, O.OVERRULED): P.ASSESSING,  # and whatever is still wanted is wanted again
    (P.RELEASED, O.ARRIVED): P.ENDED,
    (P.REFUSED, O.ARRIVED): P.ENDED,  # it went back
    **{(phase, O.ARRIVED): phase for phase in _OPEN if phase is not P.RELEASED},  # not by us
    (P.ENDED, O.ARRIVED): P.ENDED,
}

IMPOSSIBLE: Final[frozenset[tuple[Phase, Outcome]]] = frozenset(
    {(phase, outcome) for phase in P for outcome in O if (phase, outcome) not in NEXT}
)


def next_phase(phase: Phase, outcome: Outcome) -> Phase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None
