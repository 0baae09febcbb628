"""Phases of one visit to one station: a table, total over every pair, and how long each may take.

Decide the outcome first, then look up. Every wait in here has an end: a service that does not
answer is asked for once more, and then the record says so and names whose move it is. Not here:
what an outcome means for the crossing (gate/office, corridor/).
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from contract.errors import InvariantBroken, require
from contract.limits import STATION_SILENT_MS


class Phase(Enum):
    """Where a visit stands."""

    EXPECTED = "expected"  # announced; the vehicle does not stand there, or is to be tried again
    SERVING = "serving"  # devices and people are at it
    READING = "reading"  # image at a reader, sample at a laboratory; the vehicle may have left
    DONE = "done"  # the record is signed


class Outcome(Enum):
    """What has just happened."""

    STOOD = "stood"  # the vehicle stands there
    SCANNED = "scanned"  # the place is free; the image goes to a reader, the sample to a laboratory
    FINISHED = "finished"  # clear or adverse
    AGAIN = "again"  # failed, broken off or no answer, and not for the second time
    GIVEN_UP = "given up"  # the same, for the second time
    RESTARTED = "restarted"  # the controller was; what devices did meanwhile is asked for anew


P, O = Phase, Outcome  # noqa: E741 - the table reads better

NEXT: Final[Mapping[tuple[Phase, Outcome], Phase]] = {
    (P.EXPECTED, O.STOOD): P.SERVING,
    (P.EXPECTED, O.RESTARTED): P.EXPECTED,
    (P.SERVING, O.SCANNED): P.READING,
    (P.SERVING, O.FINISHED): P.DONE,
    (P.SERVING, O.AGAIN): P.EXPECTED,  # it still stands there, and is served anew at once
    (P.SERVING, O.GIVEN_UP): P.DONE,
    (P.SERVING, O.RESTARTED): P.EXPECTED,
    (P.READING, O.SCANNED): P.READING,  # a machine may say it twice
    (P.READING, O.FINISHED): P.DONE,
    (P.READING, O.AGAIN): P.READING,  # another reader is asked, or the laboratory once more
    (P.READING, O.GIVEN_UP): P.DONE,
    (P.READING, O.RESTARTED): P.READING,
}

_ALL: Final = frozenset(Phase)
_NEVER: Final[Mapping[Outcome, frozenset[Phase]]] = {
    # Only a vehicle that is awaited is served.
    O.STOOD: _ALL - {P.EXPECTED},
    # A word about a service that nobody has ordered is no outcome: it is dropped before.
    O.SCANNED: _ALL - {P.SERVING, P.READING},
    O.FINISHED: _ALL - {P.SERVING, P.READING},
    O.AGAIN: _ALL - {P.SERVING, P.READING},
    O.GIVEN_UP: _ALL - {P.SERVING, P.READING},
    # What is done is not in the journal any more.
    O.RESTARTED: frozenset({P.DONE}),
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


ATTEMPTS_MAX: Final = 2
_MINUTE_S: Final = 60
IMAGE: Final = "image"
LABORATORY: Final = "laboratory"
REMOTE: Final = (IMAGE, LABORATORY)  # done elsewhere, wherever the vehicle is meanwhile
# How long a service may take before it counts as not answered, in seconds: three times the slowest
# that reference times know (docs/SCENARIOS.md), and what an officer's day allows for an inspection.
ANSWER_S_MAX: Final[Mapping[str, int]] = {
    "weighbridge": 3 * _MINUTE_S,
    "portal": 3 * _MINUTE_S,
    "xray": 5 * _MINUTE_S,
    "seal": 6 * _MINUTE_S,
    IMAGE: 20 * _MINUTE_S,
    "secondary": 90 * _MINUTE_S,
    "phytosanitary": 120 * _MINUTE_S,
    "veterinary": 120 * _MINUTE_S,
    "sampling": 180 * _MINUTE_S,
    "physical": 720 * _MINUTE_S,
    LABORATORY: 720 * _MINUTE_S,
}
UNNAMED_S_MAX: Final = 720 * _MINUTE_S
# A station that says that it is delayed, and by when, is waited for beyond that: until then and a
# little longer, but no longer than this, counted from its first beginning. By then the truck has
# not stood there for as long as makes the supervisor speak.
DELAYED_S_MAX: Final = 13 * _MINUTE_S
DELAYED_MARGIN_S: Final = 30
require(
    DELAYED_S_MAX + DELAYED_MARGIN_S < STATION_SILENT_MS // 1_000,
    "a delay that is said ends before the station counts as silent",
)
require(all(0 < each <= UNNAMED_S_MAX for each in ANSWER_S_MAX.values()), "every wait has an end")


def answer_s_max(services: Iterable[str]) -> int:
    """Seconds within which these services together must have answered."""
    return sum(ANSWER_S_MAX.get(service, UNNAMED_S_MAX) for service in services)


def delayed_s_max(services: Iterable[str]) -> int:
    """Seconds within which these services must have answered however delayed they are."""
    return max(DELAYED_S_MAX, answer_s_max(services))
