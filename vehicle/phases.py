"""Phases of a truck and of its passage through a gate: two tables, total over every pair.

Decide the outcome first, then look up the phase. A pair that is in neither table is a bug.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken


class Phase(Enum):
    """What the truck is doing."""

    PARKED = "parked"  # no mission, parking brake
    WAITING = "waiting"  # mission, standing, nothing to drive
    DRIVING = "driving"  # an order is in force
    AT_GATE = "at gate"  # standing at a gate's stop line
    STOPPED = "stopped"  # stop order or guard trip, latched


class Outcome(Enum):
    """What has just happened, decided from message, deadline or reading."""

    MISSION_TAKEN = "mission taken"
    ROAD_GROWN = "road grown"  # more may be driven than before
    CAME_TO_REST = "came to rest"  # at the end of what may be driven
    GATE_REACHED = "gate reached"
    PERMITTED = "permitted"
    BERTH_REACHED = "berth reached"
    STOP_CAME = "stop came"
    STOP_WENT = "stop went"
    STOP_WENT_IDLE = "stop went, no mission"


P, O = Phase, Outcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[Phase, Outcome], Phase]] = {
    (P.PARKED, O.MISSION_TAKEN): P.WAITING,
    (P.PARKED, O.STOP_CAME): P.STOPPED,
    (P.WAITING, O.MISSION_TAKEN): P.WAITING,
    (P.WAITING, O.ROAD_GROWN): P.DRIVING,
    (P.WAITING, O.CAME_TO_REST): P.WAITING,  # standing already when the order ends here
    (P.WAITING, O.GATE_REACHED): P.AT_GATE,
    (P.WAITING, O.BERTH_REACHED): P.PARKED,
    (P.WAITING, O.PERMITTED): P.DRIVING,  # restarted in the cell, then permitted
    (P.WAITING, O.STOP_CAME): P.STOPPED,
    (P.DRIVING, O.MISSION_TAKEN): P.DRIVING,  # a new version changes only what lies ahead
    (P.DRIVING, O.ROAD_GROWN): P.DRIVING,
    (P.DRIVING, O.CAME_TO_REST): P.WAITING,
    (P.DRIVING, O.GATE_REACHED): P.AT_GATE,
    (P.DRIVING, O.PERMITTED): P.DRIVING,
    (P.DRIVING, O.BERTH_REACHED): P.PARKED,
    (P.DRIVING, O.STOP_CAME): P.STOPPED,
    (P.AT_GATE, O.MISSION_TAKEN): P.AT_GATE,
    (P.AT_GATE, O.ROAD_GROWN): P.AT_GATE,  # authority alone opens no barrier
    (P.AT_GATE, O.CAME_TO_REST): P.AT_GATE,
    (P.AT_GATE, O.GATE_REACHED): P.AT_GATE,
    (P.AT_GATE, O.PERMITTED): P.DRIVING,
    (P.AT_GATE, O.STOP_CAME): P.STOPPED,
    (P.STOPPED, O.MISSION_TAKEN): P.STOPPED,
    (P.STOPPED, O.ROAD_GROWN): P.STOPPED,  # a stop dominates every grant
    (P.STOPPED, O.CAME_TO_REST): P.STOPPED,
    (P.STOPPED, O.GATE_REACHED): P.STOPPED,
    (P.STOPPED, O.PERMITTED): P.STOPPED,
    (P.STOPPED, O.BERTH_REACHED): P.STOPPED,
    (P.STOPPED, O.STOP_CAME): P.STOPPED,
    (P.STOPPED, O.STOP_WENT): P.WAITING,
    (P.STOPPED, O.STOP_WENT_IDLE): P.PARKED,
}

IMPOSSIBLE: Final[frozenset[tuple[Phase, Outcome]]] = frozenset(
    {
        (P.PARKED, O.ROAD_GROWN),  # no mission, no road
        (P.PARKED, O.CAME_TO_REST),
        (P.PARKED, O.GATE_REACHED),
        (P.PARKED, O.PERMITTED),
        (P.PARKED, O.BERTH_REACHED),
        (P.PARKED, O.STOP_WENT),  # lifting needs a stop
        (P.WAITING, O.STOP_WENT),
        (P.DRIVING, O.STOP_WENT),
        (P.AT_GATE, O.STOP_WENT),
        (P.PARKED, O.STOP_WENT_IDLE),
        (P.WAITING, O.STOP_WENT_IDLE),
        (P.DRIVING, O.STOP_WENT_IDLE),
        (P.AT_GATE, O.STOP_WENT_IDLE),
        (P.AT_GATE, O.BERTH_REACHED),  # no berth lies in a gate cell
    }
)


class Passage(Enum):
    """Where the truck is in the gate's passage protocol."""

    IDLE = "idle"
    ASKED = "asked"
    ANSWERED = "answered"
    PERMITTED = "permitted"


class Word(Enum):
    """What the gate said, or the clock."""

    ASK = "ask"
    CHALLENGED = "challenged"
    GRANTED = "granted"
    REFUSED = "refused"
    THROUGH = "through"


A, W = Passage, Word

PASSAGE_NEXT: Final[Mapping[tuple[Passage, Word], Passage]] = {
    (A.IDLE, W.ASK): A.ASKED,
    (A.IDLE, W.THROUGH): A.IDLE,  # the gate's word may come after the next session began
    (A.ASKED, W.ASK): A.ASKED,
    (A.ASKED, W.CHALLENGED): A.ANSWERED,
    (A.ASKED, W.REFUSED): A.IDLE,
    (A.ASKED, W.THROUGH): A.IDLE,
    (A.ANSWERED, W.ASK): A.ASKED,
    (A.ANSWERED, W.CHALLENGED): A.ANSWERED,
    (A.ANSWERED, W.GRANTED): A.PERMITTED,
    (A.ANSWERED, W.REFUSED): A.IDLE,
    (A.ANSWERED, W.THROUGH): A.IDLE,
    (A.PERMITTED, W.REFUSED): A.IDLE,  # withdrawn before the truck moved
    (A.PERMITTED, W.THROUGH): A.IDLE,
}

PASSAGE_IGNORED: Final[frozenset[tuple[Passage, Word]]] = frozenset(
    {
        (A.IDLE, W.CHALLENGED),  # an answer to an attempt that was given up
        (A.IDLE, W.GRANTED),
        (A.IDLE, W.REFUSED),
        (A.ASKED, W.GRANTED),
        (A.PERMITTED, W.ASK),
        (A.PERMITTED, W.CHALLENGED),
        (A.PERMITTED, W.GRANTED),
    }
)


def next_phase(phase: Phase, outcome: Outcome) -> Phase:
    """The phase after `outcome`. Raises InvariantBroken for a pair that cannot be."""
    try:
        return NEXT[phase, outcome]
    except KeyError:
        raise InvariantBroken(f"{outcome.value} while {phase.value}") from None


def next_passage(passage: Passage, word: Word) -> Passage:
    """The passage state after `word`; an ignored pair leaves it as it was."""
    return PASSAGE_NEXT.get((passage, word), passage)
