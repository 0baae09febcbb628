"""Liveness: which programs have been heard, which have fallen silent, and our own beat to them.

Pure. Silence of a program frees nothing and stops nobody by itself: it is said, so that somebody
looks. Trucks are watched by their positions (positions.py).
"""

from contract.agent import NS_PER_MS, Now, Role, Send
from contract.events import Event
from contract.limits import NODE_HEARTBEAT_MS, NODE_SILENCE_MS
from contract.v1.envelope_pb2 import NodeHeartbeat
from corridor.state import State


class Liveness:
    """When every program was heard last. Operators come and go as they like."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._heard_ns: dict[str, int] = {}
        self._silent: set[str] = set()
        self._beats = 0
        self.beat_ns = 0

    def start(self, now: Now) -> None:
        """Beat at once."""
        self.beat_ns = now.mono_ns

    def heard(self, now: Now, name: str) -> None:
        """A program has said something."""
        self._heard_ns[name] = now.mono_ns
        if name in self._silent:
            self._silent.discard(name)
            self._state.say(Event.NODE_HEARD_AGAIN, node=name)

    def watch(self, now: Now) -> None:
        """Say who has fallen silent."""
        for name in sorted(self._heard_ns):
            silent_ns = now.mono_ns - self._heard_ns[name]
            if self._comes_and_goes(name) or name in self._silent:
                continue
            if silent_ns > NODE_SILENCE_MS * NS_PER_MS:
                self._silent.add(name)
                silent_ms = silent_ns // NS_PER_MS
                self._state.say(Event.NODE_FELL_SILENT, node=name, silent_ms=silent_ms)

    def beat(self, now: Now) -> None:
        """Our own sign of life, when it is due."""
        if now.mono_ns < self.beat_ns:
            return
        self._beats += 1
        self.beat_ns = now.mono_ns + NODE_HEARTBEAT_MS * NS_PER_MS
        beat = NodeHeartbeat(
            loop_counter=self._beats,
            clock_error_ms=now.utc_error_ns // NS_PER_MS,
            journal_ok=True,
        )
        names = [name for name in sorted(self._heard_ns) if not self._comes_and_goes(name)]
        self._state.out += [Send(name, beat) for name in names]

    def _comes_and_goes(self, name: str) -> bool:
        return self._state.roster.nodes[name].role is Role.OPERATOR
