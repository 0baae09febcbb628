"""The network between nodes: delay, loss, duplication, reordering, partition - per run, drawn from
the seed.

Carries bytes and the name that the transport authenticates; never looks into them. A link is a pair
of names. Not here: retry and order (contract/mailbox.py), which is what this is there to try.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sim.engine import Engine, stream

NS_PER_MS: Final = 1_000_000
Deliver = Callable[[str, str, bytes], None]
Tap = Callable[[str, str, bytes], None]


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """How bad the network is. Delays in milliseconds; shares of messages between 0 and 1."""

    delay_ms: float = 20.0
    jitter_ms: float = 10.0
    loss: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    late_ms: float = 400.0


class Network:
    """All links of a run."""

    def __init__(
        self, engine: Engine, seed: int, profile: NetworkProfile, deliver: Deliver
    ) -> None:
        self._engine = engine
        self._draw = stream(seed, "network").random
        self._profile = profile
        self._deliver = deliver
        self._cut: set[frozenset[str]] = set()
        self.silent: frozenset[frozenset[str]] = frozenset()  # pairs without a bearer (regions.py)
        self.taps: list[Tap] = []
        self.messages = 0
        self.lost = 0
        self.drop_nth: int | None = None
        self.troubled: Callable[[str, str, bytes], bool] = lambda sender, to, raw: False

    def send(self, sender: str, to: str, raw: bytes) -> None:
        """Carry bytes from `sender`, or lose them."""
        self.messages += 1
        for tap in self.taps:
            tap(sender, to, raw)
        if not self.troubled(sender, to, raw):
            self.pass_on(sender, to, raw)

    def pass_on(self, sender: str, to: str, raw: bytes) -> None:
        """Carry what was sent, as the run's network does; a link in trouble does it differently."""
        profile = self._profile
        cut = (self._cut and self._is_cut(sender, to)) or (
            self.silent and frozenset((sender, to)) in self.silent
        )
        if cut or (profile.loss and self._draw() < profile.loss):
            self.lost += 1
            return
        carry = self._carry
        if self.messages == self.drop_nth:
            self.lost += 1
            carry = self._carry_off
        carry(sender, to, raw)
        if profile.duplicate and self._draw() < profile.duplicate:
            carry(sender, to, raw)

    def _carry(self, sender: str, to: str, raw: bytes) -> None:
        engine = self._engine
        engine.at(engine.now_ns + self._delay_ns(), self._deliver, sender, to, raw)

    def _carry_off(self, sender: str, to: str, raw: bytes) -> None:
        """Deliver to nobody, with every draw as if it had arrived: nothing but this differs."""
        self._engine.after(self._delay_ns(), lambda: None)

    def _delay_ns(self) -> int:
        profile = self._profile
        delay_ms = profile.delay_ms + profile.jitter_ms * self._draw()
        if profile.late and self._draw() < profile.late:
            delay_ms += profile.late_ms * self._draw()
        return int(delay_ms * NS_PER_MS)

    def cut(self, a: str, b: str) -> None:
        """Nothing passes between these two; `*` means anybody."""
        self._cut.add(frozenset((a, b)))

    def heal(self, a: str, b: str) -> None:
        self._cut.discard(frozenset((a, b)))

    def _is_cut(self, sender: str, to: str) -> bool:
        pairs = ((sender, to), (sender, "*"), ("*", to))
        return any(frozenset(pair) in self._cut for pair in pairs)
