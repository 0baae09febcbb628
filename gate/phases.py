"""Phases of a gate: a table, total over every pair. Decide the outcome first, then look up."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class Phase(Enum):
    """What the gate is doing."""

    UNKNOWN = "unknown"  # after a start, until presence is known
    IDLE = "idle"
    CHALLENGED = "challenged"  # waits for the vehicle's answer
    OPENING = "opening"  # permit consumed, arm on its way up
    OPEN = "open"  # permit given, waits for the vehicle
    WITHDRAWN = "withdrawn"  # not used in time: permit taken back, the arm falls when it is safe
    PASSING = "passing"  # the vehicle is under the arm
    CLEARING = "clearing"  # through; closing, and leaving the cell
    FAULT = "fault"  # the arm did not do as told: over when it is proven closed
    HELD = "held"  # nobody can explain what was seen: over by an operator's order


class Outcome(Enum):
    """What has just happened."""

    PRESENCE_KNOWN = "presence known"
    ASKED = "asked"
    CONSUMED = "permit consumed"
    DENIED = "denied"
    PROVEN_OPEN = "proven open"
    UNDER_ARM = "under the arm"
    ARM_FREE = "arm free"
    LEFT_CELL = "left the cell and closed"
    FAILED = "failed"
    MENDED = "mended"
    STILL_PASSING = "still passing"
    STILL_OPEN = "still open"
    EXPIRED = "permit expired"
    UNUSED = "closed unused"
    DOUBTED = "in doubt"
    ORDERED = "cleared by order"
    LET_ON = "let on by order"


P, O = Phase, Outcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[Phase, Outcome], Phase]] = {
    (P.UNKNOWN, O.PRESENCE_KNOWN): P.IDLE,
    (P.UNKNOWN, O.STILL_PASSING): P.CLEARING,  # restarted behind a truck that has gone through
    (P.UNKNOWN, O.STILL_OPEN): P.OPEN,  # restarted before the truck that it had let go
    (P.UNKNOWN, O.FAILED): P.FAULT,
    (P.UNKNOWN, O.DOUBTED): P.HELD,  # or held already before the restart
    (P.IDLE, O.ASKED): P.CHALLENGED,
    (P.IDLE, O.FAILED): P.FAULT,
    (P.IDLE, O.DOUBTED): P.HELD,
    (P.CHALLENGED, O.ASKED): P.CHALLENGED,  # the vehicle asks anew: a new nonce
    (P.CHALLENGED, O.CONSUMED): P.OPENING,
    (P.CHALLENGED, O.DENIED): P.IDLE,
    (P.CHALLENGED, O.FAILED): P.FAULT,
    (P.CHALLENGED, O.DOUBTED): P.HELD,
    (P.OPENING, O.PROVEN_OPEN): P.OPEN,
    (P.OPENING, O.UNDER_ARM): P.PASSING,  # it moved while the arm was rising
    (P.OPENING, O.FAILED): P.FAULT,
    (P.OPENING, O.DOUBTED): P.HELD,
    (P.OPEN, O.ASKED): P.OPEN,  # restarted without its permit: a new nonce, the same passage
    (P.OPEN, O.UNDER_ARM): P.PASSING,
    (P.OPEN, O.EXPIRED): P.WITHDRAWN,
    (P.OPEN, O.FAILED): P.FAULT,
    (P.OPEN, O.DOUBTED): P.HELD,
    (P.WITHDRAWN, O.UNDER_ARM): P.PASSING,  # on its way when the word went out, the arm still up
    (P.WITHDRAWN, O.UNUSED): P.IDLE,
    (P.WITHDRAWN, O.FAILED): P.FAULT,
    (P.WITHDRAWN, O.DOUBTED): P.HELD,
    (P.PASSING, O.ASKED): P.PASSING,  # as in OPEN, with its front under the arm
    (P.PASSING, O.ARM_FREE): P.CLEARING,
    (P.PASSING, O.FAILED): P.FAULT,
    (P.PASSING, O.DOUBTED): P.HELD,
    (P.CLEARING, O.LEFT_CELL): P.IDLE,
    (P.CLEARING, O.UNDER_ARM): P.PASSING,  # it rolled back under the arm
    (P.CLEARING, O.UNUSED): P.IDLE,  # restarted with the arm down, and it stands before it
    (P.CLEARING, O.FAILED): P.FAULT,
    (P.CLEARING, O.DOUBTED): P.HELD,
    (P.FAULT, O.MENDED): P.UNKNOWN,  # presence must be known again
    (P.FAULT, O.LET_ON): P.PASSING,  # the vehicle stands under the open arm, and nothing moves
    (P.FAULT, O.FAILED): P.FAULT,
    (P.FAULT, O.DOUBTED): P.HELD,
    (P.HELD, O.ORDERED): P.UNKNOWN,  # presence must be known again
    (P.HELD, O.LET_ON): P.PASSING,
    (P.HELD, O.FAILED): P.HELD,  # an arm that fails does not end what nobody can explain
    (P.HELD, O.DOUBTED): P.HELD,
}

_ALL: Final = frozenset(Phase)
_NEVER: Final[Mapping[Outcome, frozenset[Phase]]] = {
    # Presence is a question of the start alone; elsewhere it is read, not awaited.
    O.PRESENCE_KNOWN: _ALL - {P.UNKNOWN},
    O.STILL_OPEN: _ALL - {P.UNKNOWN},
    O.STILL_PASSING: _ALL - {P.UNKNOWN},
    # A busy, faulty or ignorant gate refuses whoever asks: that is an answer and no outcome.
    O.ASKED: _ALL - {P.IDLE, P.CHALLENGED, P.OPEN, P.PASSING},
    # Only an answered challenge is judged; permit requests at other times are dropped.
    O.CONSUMED: _ALL - {P.CHALLENGED},
    O.DENIED: _ALL - {P.CHALLENGED},
    # Only an arm that was told to rise can be proven open.
    O.PROVEN_OPEN: _ALL - {P.OPENING},
    # Below an arm that is down, faulty or in doubt nothing passes; in PASSING it is there already.
    O.UNDER_ARM: _ALL - {P.OPENING, P.OPEN, P.WITHDRAWN, P.CLEARING},
    # An arm becomes free of what was seen under it.
    O.ARM_FREE: _ALL - {P.PASSING},
    # A passage ends from CLEARING only: the rear has been under the arm before it leaves the cell.
    O.LEFT_CELL: _ALL - {P.CLEARING},
    # Only a permit that was given expires, and only then is an arm down again for nothing.
    O.EXPIRED: _ALL - {P.OPEN},
    O.UNUSED: _ALL - {P.WITHDRAWN, P.CLEARING},
    # Only where nobody is served does a vehicle wait under the arm for somebody to look.
    O.LET_ON: _ALL - {P.FAULT, P.HELD},
    # Mending needs a fault, an order a hold; failing and doubt are possible everywhere.
    O.MENDED: _ALL - {P.FAULT},
    O.ORDERED: _ALL - {P.HELD},
}

IMPOSSIBLE: Final[frozenset[tuple[Phase, Outcome]]] = frozenset(
    (phase, outcome) for outcome, phases in _NEVER.items() for phase in phases
)


def next_phase(phase: Phase, outcome: Outcome) -> Phase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None
