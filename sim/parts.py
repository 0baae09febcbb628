"""Parts: who takes the time of a run - physics, each kind of program, the simulator itself.

One stopwatch for the whole run: it always charges exactly one part, so that the parts sum to the
whole. Time of the machine, in seconds; it says what a run cost and never enters it: nothing in the
transcript depends on it. Not here: a finer split, for which calls are wrapped (bench/runs.py).
"""

import time
from collections.abc import Callable
from typing import Final

from contract.agent import Role

PHYSICS: Final = "physics"
SIMULATOR: Final = "simulator"  # heap, network, devices, desks, transcript
PARTS: Final = (PHYSICS, *(role.value for role in Role), SIMULATOR)


class Parts:
    """Seconds by part. Whoever begins something says so, and gives the watch back at its end."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._part = SIMULATOR
        self._since_s = clock()

    def begin(self) -> None:
        """What went before counts for nobody."""
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._since_s = self._clock()

    def turn(self, part: str) -> str:
        """From now on `part` is charged; returns who was until now, to be charged again after."""
        now_s, before = self._clock(), self._part
        self._spent[before] += now_s - self._since_s
        self._since_s, self._part = now_s, part
        return before

    @property
    def seconds(self) -> dict[str, float]:
        """What each part has taken, up to now, in whole milliseconds."""
        self.turn(self._part)
        return {part: round(spent_s, 3) for part, spent_s in self._spent.items()}
