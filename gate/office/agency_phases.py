"""Phases of one agency's look at one version of a declaration: a table, total over every pair.

A look ends in a yes or a no and stays there: who asks again hears the same again. An amended
declaration is another look, which begins at NEW.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class Phase(Enum):
    """Where one agency is with one version of a declaration."""

    NEW = "new"
    CHECKING = "checking"  # the rules will say in a few seconds
    AT_DESK = "at desk"  # a person has it
    ENDORSED = "endorsed"
    DECLINED = "declined"


class Outcome(Enum):
    """What has just happened."""

    ASKED = "the office asks"
    GOOD = "the rules find everything there"
    FAULTY = "the rules find what no person may pass"
    UNSURE = "the rules want a person"
    PERSON_ENDORSES = "a person endorses"
    PERSON_DECLINES = "a person does not endorse"
    PERSON_KEEPS = "a person wants more time"


P, O = Phase, Outcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[Phase, Outcome], Phase]] = {
    (P.NEW, O.ASKED): P.CHECKING,
    **{(phase, O.ASKED): phase for phase in P if phase is not P.NEW},
    (P.CHECKING, O.GOOD): P.ENDORSED,
    (P.CHECKING, O.FAULTY): P.DECLINED,
    (P.CHECKING, O.UNSURE): P.AT_DESK,
    (P.AT_DESK, O.PERSON_ENDORSES): P.ENDORSED,
    (P.AT_DESK, O.PERSON_DECLINES): P.DECLINED,
    (P.AT_DESK, O.PERSON_KEEPS): P.AT_DESK,
}

IMPOSSIBLE: Final[frozenset[tuple[Phase, Outcome]]] = frozenset(
    {(phase, outcome) for phase in P for outcome in O if (phase, outcome) not in NEXT}
)
ENDED: Final = frozenset({P.ENDORSED, P.DECLINED})


def next_phase(phase: Phase, outcome: Outcome) -> Phase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None
