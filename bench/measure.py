"""Measuring: processor time, repetitions, medians, and who spent it.

Figures are processor seconds of this process, so that a busy machine disturbs them little; only
ratios measured in one run are worth comparing between machines. Not here: what is measured.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

REPETITIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """Processor seconds of several repetitions of the same work."""

    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """(slowest - fastest) / median: above 0.2 the machine was too busy to trust the figure."""
        return (max(self.seconds) - min(self.seconds)) / self.median_s


def repeat(work: Callable[[], object], repetitions: int = REPETITIONS) -> Sample:
    """Time `work` so many times. Warm up before calling this."""
    seconds = []
    for _ in range(repetitions):
        began_s = time.process_time()
        work()
        seconds.append(time.process_time() - began_s)
    return Sample(tuple(seconds))


class Stopwatch:
    """Exclusive time by part: while an inner part runs, the outer one stands still."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._running = ["rest"]
        self._since_s = time.perf_counter()

    def enter(self, part: str) -> None:
        self._charge()
        self._running.append(part)
        self.calls[part] = self.calls.get(part, 0) + 1

    def leave(self) -> None:
        self._charge()
        self._running.pop()

    def _charge(self) -> None:
        now_s = time.perf_counter()
        part = self._running[-1]
        self.seconds[part] = self.seconds.get(part, 0.0) + now_s - self._since_s
        self._since_s = now_s

    def shares(self) -> Mapping[str, float]:
        """Share of each part, largest first; they sum to one."""
        self._charge()
        total_s = sum(self.seconds.values())
        parts = sorted(self.seconds, key=self.seconds.__getitem__, reverse=True)
        return {part: self.seconds[part] / total_s for part in parts}


def _timed(watch: Stopwatch, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        watch.enter(part)
        try:
            return call(*arguments, **named)
        finally:
            watch.leave()

    return wrapped


@contextmanager
def timed_calls(watch: Stopwatch, parts: Sequence[tuple[str, Any, str]]) -> Iterator[None]:
    """Time calls, given as (part, class or module, name), for as long as the context lasts."""
    kept = [(owner, name, owner.__dict__[name]) for _, owner, name in parts]
    try:
        for part, owner, name in parts:
            setattr(owner, name, _timed(watch, part, owner.__dict__[name]))
        yield
    finally:
        for owner, name, call in kept:
            setattr(owner, name, call)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout, first column left, others right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    print(f"\n{title}")
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells))
