"""Phases of a change of formation at the supervisor: one table, total over every pair.

Decide the outcome first, then look up the phase. Whatever goes wrong leads to SPLIT: everybody
drives alone, which needs nobody's consent. Not here: what is decided (formation.py).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class FormationPhase(Enum):
    """What the supervisor knows of a convoy's formation."""

    SPLIT = "split"  # everybody alone, or told so
    JOINING = "joining"  # prepared; waits until all are ready
    COUPLING = "coupling"  # committed; waits until all have done it
    FORMED = "formed"
    LEAVING = "leaving"  # prepared; waits until the gaps are open
    UNCOUPLING = "uncoupling"  # committed; waits until all have done it


class FormationOutcome(Enum):
    """What has just happened, decided from answers, positions or clock."""

    JOIN_DUE = "join due"
    LEAVE_DUE = "leave due"
    ALL_READY = "all ready"
    ALL_TOGETHER = "all done, together"
    ALL_ALONE = "all done, alone"
    REFUSED = "refused"
    TIMED_OUT = "waited long enough"
    MEMBER_LOST = "member lost"
    RESTARTED = "supervisor restarted"


P, O = FormationPhase, FormationOutcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[FormationPhase, FormationOutcome], FormationPhase]] = {
    (P.SPLIT, O.JOIN_DUE): P.JOINING,
    (P.SPLIT, O.RESTARTED): P.SPLIT,
    (P.JOINING, O.LEAVE_DUE): P.SPLIT,  # the stretch ends before it was of use
    (P.JOINING, O.ALL_READY): P.COUPLING,
    (P.JOINING, O.REFUSED): P.SPLIT,
    (P.JOINING, O.TIMED_OUT): P.SPLIT,
    (P.JOINING, O.MEMBER_LOST): P.SPLIT,
    (P.JOINING, O.RESTARTED): P.SPLIT,  # who was ready is not written down
    (P.COUPLING, O.LEAVE_DUE): P.SPLIT,
    (P.COUPLING, O.ALL_TOGETHER): P.FORMED,
    (P.COUPLING, O.REFUSED): P.SPLIT,
    (P.COUPLING, O.TIMED_OUT): P.SPLIT,
    (P.COUPLING, O.MEMBER_LOST): P.SPLIT,
    (P.COUPLING, O.RESTARTED): P.SPLIT,
    (P.FORMED, O.JOIN_DUE): P.JOINING,  # one more at the end
    (P.FORMED, O.LEAVE_DUE): P.LEAVING,
    (P.FORMED, O.REFUSED): P.SPLIT,  # a member fell back by itself
    (P.FORMED, O.MEMBER_LOST): P.LEAVING,  # those that are left go on without it
    (P.FORMED, O.RESTARTED): P.FORMED,
    (P.LEAVING, O.ALL_READY): P.UNCOUPLING,
    (P.LEAVING, O.REFUSED): P.SPLIT,
    (P.LEAVING, O.TIMED_OUT): P.SPLIT,
    (P.LEAVING, O.MEMBER_LOST): P.SPLIT,
    (P.LEAVING, O.RESTARTED): P.SPLIT,
    (P.UNCOUPLING, O.ALL_TOGETHER): P.FORMED,
    (P.UNCOUPLING, O.ALL_ALONE): P.SPLIT,
    (P.UNCOUPLING, O.REFUSED): P.SPLIT,
    (P.UNCOUPLING, O.TIMED_OUT): P.SPLIT,
    (P.UNCOUPLING, O.MEMBER_LOST): P.SPLIT,
    (P.UNCOUPLING, O.RESTARTED): P.SPLIT,
}

IMPOSSIBLE: Final[frozenset[tuple[FormationPhase, FormationOutcome]]] = frozenset(
    {
        # One manoeuvre at a time: nothing is due while another is under way.
        (P.JOINING, O.JOIN_DUE),
        (P.COUPLING, O.JOIN_DUE),
        (P.LEAVING, O.JOIN_DUE),
        (P.UNCOUPLING, O.JOIN_DUE),
        (P.LEAVING, O.LEAVE_DUE),
        (P.UNCOUPLING, O.LEAVE_DUE),
        # Nobody is asked, waited for or lost where nobody drives with anybody.
        (P.SPLIT, O.LEAVE_DUE),
        (P.SPLIT, O.ALL_READY),
        (P.SPLIT, O.ALL_TOGETHER),
        (P.SPLIT, O.ALL_ALONE),
        (P.SPLIT, O.REFUSED),
        (P.SPLIT, O.TIMED_OUT),
        (P.SPLIT, O.MEMBER_LOST),
        # An answer counts only for the step that is waited for.
        (P.JOINING, O.ALL_TOGETHER),
        (P.JOINING, O.ALL_ALONE),
        (P.COUPLING, O.ALL_READY),
        (P.COUPLING, O.ALL_ALONE),  # a join ends with two or more
        (P.FORMED, O.ALL_READY),
        (P.FORMED, O.ALL_TOGETHER),
        (P.FORMED, O.ALL_ALONE),
        (P.FORMED, O.TIMED_OUT),
        (P.LEAVING, O.ALL_TOGETHER),
        (P.LEAVING, O.ALL_ALONE),
        (P.UNCOUPLING, O.ALL_READY),
    }
)


def next_formation_phase(phase: FormationPhase, outcome: FormationOutcome) -> FormationPhase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None
