"""Virtual time: one heap of events in integer nanoseconds, ties drawn from the seed.

Not here: what the events do. Named random streams keep a new draw in one place from shifting all
others.
"""

import hashlib
import random
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

NS_PER_S: Final = 1_000_000_000


def stream(seed: int, name: str) -> random.Random:
    """A random stream of its own for one purpose."""
    material = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(material, "big"))  # noqa: S311 - a model, no secret


LAST: Final = 1 << 32  # behind every tie that is drawn


class Engine:
    """The clock and the heap."""

    def __init__(self, seed: int) -> None:
        self.now_ns = 0
        self._ties = stream(seed, "order")
        self._heap: list[tuple[int, int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def at(self, t_ns: int, call: Callable[..., None], *arguments: Any) -> None:
        """Call at a time, not before now. Which of two at the same time goes first is drawn."""
        self._count += 1
        due_ns = max(self.now_ns, t_ns)
        heappush(self._heap, (due_ns, self._ties.getrandbits(32), self._count, call, arguments))

    def watch(self, t_ns: int, call: Callable[..., None], *arguments: Any) -> None:
        """Call at a time, after everything else of it; draws nothing, so that nothing else moves.

        For what only looks on: a run is the same whether it is looked at or not.
        """
        self._count += 1
        heappush(self._heap, (max(t_ns, self.now_ns), LAST, self._count, call, arguments))

    def after(self, delay_ns: int, call: Callable[..., None], *arguments: Any) -> None:
        self.at(self.now_ns + delay_ns, call, *arguments)

    @property
    def next_ns(self) -> int | None:
        """Time of the next event; None if there is none."""
        return self._heap[0][0] if self._heap else None

    def run_next(self) -> None:
        """Take the next event and call it."""
        t_ns, _, _, call, arguments = heappop(self._heap)
        self.now_ns = t_ns
        call(*arguments)
