"""Faults of links: loss, delay, doubling, reordering, and old messages that come once more.

Each works on what passes between two nodes, or between one and everybody, while it lasts, on top of
what the run's network does anyway, and draws from a stream of its own. Not here: a link that is cut
(network.py).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sim.distributions import parse_duration
from sim.engine import NS_PER_S, Engine, stream
from sim.fault_kinds import LINK_KINDS
from sim.network import Network
from sim.scenario import FaultSection

LOSS, SLOW, DOUBLE, SHUFFLE, REPLAY = LINK_KINDS
# How much where a scenario does not say: shares, milliseconds, seconds back.
USUAL: Final = {LOSS: 0.3, SLOW: 400.0, DOUBLE: 0.3, SHUFFLE: 800.0, REPLAY: 30.0}
HEARD_MAX: Final = 20_000  # messages that a wire-tapper keeps of one link; the oldest go first
REPLAY_GAP_NS: Final = 1_000_000
NS_PER_MS: Final = 1_000_000

Ends = tuple[str, str]


def ends_of(target: str) -> Ends:
    """The two ends of a target: `"NODE"`, `"NODE NODE"` or `"*"`; `*` is anybody."""
    one, _, other = target.partition(" ")
    return one, other or "*"


def _between(ends: Ends, sender: str, to: str) -> bool:
    pairs = (ends, ends[::-1])
    return any(a in ("*", sender) and b in ("*", to) for a, b in pairs)


@dataclass(slots=True)
class _Tapped:
    """What has passed over a link that will be replayed, within the last `back_ns`."""

    ends: Ends
    back_ns: int
    heard: deque[tuple[int, str, str, bytes]] = field(
        default_factory=lambda: deque(maxlen=HEARD_MAX)
    )


class LinkFaults:
    """All links of one run that are in trouble."""

    def __init__(
        self, network: Network, engine: Engine, seed: int, faults: Iterable[FaultSection]
    ) -> None:
        self._network = network
        self._engine = engine
        self._draw = stream(seed, "links").random
        self._active: list[tuple[str, Ends, float]] = []
        self._tapped: list[_Tapped] = []
        for fault in faults:
            if fault.kind == REPLAY:
                back_ns = int((fault.value or USUAL[REPLAY]) * NS_PER_S)
                before_ns = int(parse_duration(fault.at) * NS_PER_S) - back_ns
                tapped = _Tapped(ends_of(fault.target), back_ns)
                engine.watch(max(0, before_ns), self._tapped.append, tapped)
        network.troubled = self._troubled

    def begin(self, kind: str, target: str, value: float) -> None:
        """The trouble begins; a replay is over at once."""
        size = value or USUAL[kind]
        if kind == REPLAY:
            self._replay(ends_of(target), int(size * NS_PER_S))
        else:
            self._active.append((kind, ends_of(target), size))

    def end(self, kind: str, target: str, value: float) -> None:
        """It is over."""
        row = (kind, ends_of(target), value or USUAL[kind])
        if row in self._active:
            self._active.remove(row)

    def _troubled(self, sender: str, to: str, raw: bytes) -> bool:
        """Whether this message has been taken in hand, because its link is in trouble."""
        for tapped in self._tapped:
            if _between(tapped.ends, sender, to):
                tapped.heard.append((self._engine.now_ns, sender, to, raw))
        ways_ms = [0.0]
        touched = False
        for kind, ends, size in self._active:
            if _between(ends, sender, to):
                touched = True
                ways_ms = self._worse(kind, size, ways_ms)
        for late_ms in ways_ms if touched else ():
            self._engine.after(int(late_ms * NS_PER_MS), self._network.pass_on, sender, to, raw)
        return touched

    def _worse(self, kind: str, size: float, ways_ms: list[float]) -> list[float]:
        """When each copy of a message sets off, under one more trouble."""
        if kind == LOSS:
            return [way for way in ways_ms if self._draw() >= size]
        if kind == DOUBLE:
            return [way for way in ways_ms for _ in range(1 + (self._draw() < size))]
        if kind == SLOW:
            return [way + size for way in ways_ms]
        return [way + size * self._draw() for way in ways_ms]

    def _replay(self, ends: Ends, back_ns: int) -> None:
        """Everything that passed lately comes once more, in its order, as from the old sender."""
        for tapped in self._tapped:
            if (tapped.ends, tapped.back_ns) == (ends, back_ns):
                since_ns = self._engine.now_ns - back_ns
                again = [row for row in tapped.heard if row[0] >= since_ns]
                for place, (_, sender, to, raw) in enumerate(again):
                    gap_ns = place * REPLAY_GAP_NS
                    self._engine.after(gap_ns, self._network.pass_on, sender, to, raw)
                self._tapped.remove(tapped)
                return
