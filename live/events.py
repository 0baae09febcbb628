"""What shells report beside the agents: links, clock, loop, journal.

Same form as the catalogue that agents use (contract/events.py); a name is in one of the two, and
docs/EVENTS.md is printed from both.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Self

from contract.events import Severity

_NONE: Final = "none"
_I, _W, _E, _X = Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL


class ShellEvent(Enum):
    """An event of a shell: severity, names of its fields, the operator's action."""

    severity: Severity
    fields: tuple[str, ...]
    action: str

    def __new__(cls, severity: Severity, fields: str, action: str) -> Self:
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.severity = severity
        member.fields = tuple(fields.split())
        member.action = action
        return member

    @property
    def code(self) -> str:
        """The name in the log."""
        return self.name.lower()

    SELF_TEST_PASSED = (_I, "checks", _NONE)
    LISTENING_STARTED = (_I, "address", _NONE)
    PROGRAM_STOPPED = (_I, "signal", _NONE)
    PROGRAM_CRASHED = (_X, "kind error place trace", "report the bug; the hardware has stopped")
    PEER_CAME_WITHIN_REACH = (_I, "peer", _NONE)
    PEER_WENT_OUT_OF_REACH = (_W, "peer", "check the peer's program and the line")
    PEER_CONNECTED_TWICE = (_E, "peer", "two processes use one key: find the second")
    STRANGER_REFUSED = (_W, "address key", "an unknown key knocked: find out whose it is")
    FLOOD_MUTED = (_W, "peer", "look at the peer: it sends more than its share")
    FLOOD_ENDED = (_I, "peer dropped", _NONE)
    FRAME_DROPPED = (_W, "peer cause", "look at the sender if it repeats")
    LOOP_CAME_LATE = (_W, "took_ms", "look for load on this machine if it repeats")
    CLOCK_STEPPED = (_E, "step_ms", "set the clock right, then restart the program")
    JOURNAL_FELL_BACK = (_E, "snapshot_seq", "the disk damaged a snapshot: replace the disk")


Notice = tuple[ShellEvent, Mapping[str, Any]]
