"""Compiling: how much of this process's time the kernels' compiler takes, and saying so meanwhile.

The first run on a machine compiles every kernel it steps on, for most of a minute; later runs read
them from disk (sim/compile_cache.py). That time is no simulation, and is counted apart. Without a
compiler it is nothing. Not here: to whom it is said, and in which words (sim/cli).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

KERNELS: Final = 200  # that a first run compiles, about: only for the share that is shown
DONE: Final = 1.0
Tell = Callable[[float], None]


class Compiling:
    """Seconds and kernels compiled so far. One kernel is compiled within another; both end before
    the run goes on, and only the outer one's time is counted.
    """

    def __init__(self, tell: Tell | None = None) -> None:
        """`tell` hears the share of a first run's kernels whenever one begins; DONE: it goes on."""
        self.seconds = 0.0
        self.kernels = 0
        self._tell = tell
        self._depth = 0
        self._began_s = 0.0

    def on_start(self, event: Any) -> None:
        """A kernel begins to be compiled."""
        if self._depth == 0:
            self._began_s = time.perf_counter()
        self._depth += 1
        self.kernels += 1
        if self._tell is not None:
            self._tell(min(0.99, self.kernels / KERNELS))

    def on_end(self, event: Any) -> None:
        """A kernel is compiled, or could not be."""
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._began_s
            if self._tell is not None:
                self._tell(DONE)


@contextmanager
def watched(tell: Tell | None = None) -> Iterator[Compiling]:
    """What is compiled while the context lasts."""
    compiling = Compiling(tell)
    with ExitStack() as stack:
        try:
            from numba.core import event  # noqa: PLC0415 - optional
        except ImportError:
            pass
        else:
            heard = {"on_start": _start, "on_end": _end}
            ear = type("Ear", (event.Listener,), heard)()
            ear.compiling = compiling
            stack.enter_context(event.install_listener("numba:compile", ear))
        yield compiling


def _start(ear: Any, event: Any) -> None:
    ear.compiling.on_start(event)


def _end(ear: Any, event: Any) -> None:
    ear.compiling.on_end(event)
