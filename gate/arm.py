"""The arm on its way down: when it is told to fall, how often, and when it is given up.

Pure. Whether it may fall is asked of the interlock each time; a hold costs no attempt. When all
attempts are spent it is told nothing more, and people lower it. Not here: when to begin (cell.py).
Requirements: GATE-004, GATE-008 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Act, Effect, Now, Report
from contract.errors import require
from contract.events import Event
from contract.limits import BARRIER_MOVE_MS_MAX, PERMIT_VALID_MS, RETRY_MS_MAX
from gate.interlock import Hold, Move
from gate.orders import Barrier, CloseBarrier, GateReading

LOWERING_ATTEMPTS_MAX: Final = 3
# A vehicle that has been told to stay has heard it, or has come under the arm: a word that was lost
# twice, and a few metres from standstill.
WITHDRAWAL_MS: Final = 8_000
# How long a vehicle may start on its permit; the arm stays up for as long as it may then need.
PERMIT_START_MS: Final = PERMIT_VALID_MS - WITHDRAWAL_MS
require(RETRY_MS_MAX * 2 <= WITHDRAWAL_MS, "a withdrawal must have come before the arm falls")
require(WITHDRAWAL_MS < PERMIT_START_MS, "most of a permit's life is there to be used")


class Lowering:
    """Attempts to bring down an arm that stands where it should not."""

    def __init__(self, gate: str) -> None:
        self._gate = gate
        self._attempts = 0
        self._next_ns = 0
        self._given_up = False

    def begin(self, not_before_ns: int) -> None:
        """A new fault or hold: all attempts anew."""
        self._attempts = 0
        self._next_ns = not_before_ns
        self._given_up = False

    @property
    def due_ns(self) -> int | None:
        """When there is something to do again."""
        return None if self._given_up else self._next_ns

    def step(self, now: Now, reading: GateReading, may_fall: Move | Hold) -> list[Effect]:
        """Tell it to fall if it is time and the interlock lets it."""
        if reading.barrier is Barrier.CLOSED or self._given_up or now.mono_ns < self._next_ns:
            return []
        fields = {"gate": self._gate, "seen": reading.barrier.value}
        if self._attempts == LOWERING_ATTEMPTS_MAX:
            self._given_up = True
            return [Report(Event.BARRIER_GIVEN_UP, fields | {"attempts": self._attempts})]
        if isinstance(may_fall, Hold):
            return []
        self._attempts += 1
        self._next_ns = now.mono_ns + BARRIER_MOVE_MS_MAX * NS_PER_MS
        again = Report(Event.BARRIER_LOWERED_AGAIN, fields | {"attempt": self._attempts})
        return [Act(CloseBarrier()), again]
