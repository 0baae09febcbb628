"""A timetable within a budget: the best of many rules, improved for as long as there is time.

Pure: how much of the budget is used comes from the caller, as a share from 0 to 1, asked between
short rounds; chance comes from a seed. The same instance, seed and answers give the same plan.
A schedule is better if its weighted tardiness is less, or the same with less total completion.
Not here: the clock (corridor/cli/plan.py), whether a schedule is allowed (check.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from corridor.timetable.anneal import anneal
from corridor.timetable.decode import clear, decode
from corridor.timetable.model import Ints, Model
from corridor.timetable.rules import BATCHES, PATIENCE, URGENCY, by_job, dispatch

ROUND: Final = 20_000  # entries of orders looked at between two looks at the budget, about
CYCLES: Final = 5  # from warm to cold, each from another rule's order, the last from the best
STARTS: Final = 10  # orders of rules that are remembered
FEW_STEPS: Final = 400  # of instances so small that several cycles find more than one long one
RULES_SHARE: Final = 0.3  # of the budget, at most
SMALL: Final = 1e-3  # price of a second of completion against one of tardiness, while it matters
WARM: Final = 0.3  # first and last temperature: a step's mean length by the mean weight
WARM_LONG: Final = 0.2  # the first, where there is one cycle only
COLD: Final = 0.02
REACH: Final = 10  # how far a step is moved, in steps of its resource


@dataclass(frozen=True, slots=True)
class Sums:
    """What a schedule costs, above what nobody can avoid: ticks by weight, and ticks."""

    late: float
    end: float

    @property
    def unavoidable(self) -> bool:
        """Nothing is left to gain."""
        return self.late <= 0.0 and self.end <= 0.0

    def beats(self, other: "Sums") -> bool:
        """Less tardiness, or as much (to a billionth) and less completion."""
        small = 1e-9 * (1.0 + other.late)
        return self.late < other.late - small or (
            self.late <= other.late + small and self.end < other.end
        )


NOTHING_YET: Final = Sums(float("inf"), float("inf"))


class Search:
    """The arrays of a search, the best order so far, and what it costs."""

    def __init__(self, model: Model, seed: int) -> None:
        size, _, checkpoints, _ = model.sizes
        self.model = model
        self.best_sums = NOTHING_YET
        self.best = np.arange(model.steps)
        self.starts = np.zeros(model.steps, dtype=np.int64)
        self.changes = 0
        self._now = self.starts.copy()
        self._warm = WARM if model.steps <= FEW_STEPS else WARM_LONG
        self._others: list[tuple[Sums, Ints]] = []
        self._order = self.best.copy()
        self._old = self.best.copy()
        self._work = np.zeros(model.steps + 2, dtype=np.int64)
        self._state = np.zeros(size, dtype=np.int64)
        self._saved = np.zeros(size * checkpoints, dtype=np.int64)
        self._saved_sums = np.zeros(2 * checkpoints + 4)
        self._runs = np.zeros(max(len(model.capacity), model.jobs), dtype=np.int64)
        counted = model.weight[model.weight > 0.0]
        self._scale = float(model.duration.mean()) * float(counted.mean() if len(counted) else 1.0)
        self._chance = np.array([1 + (seed * 2_654_435_761 + 12_345) % 0xFFFF_FFFE])

    def judge(self, order: Ints) -> Sums:
        """Build the schedule of an order and keep it if it is the best."""
        sums = np.zeros(2)
        clear(self.model, self._state)
        decode(
            self.model, order, self._state, self.starts, sums, 0, np.ones(3), np.inf,
            self._saved, self._saved_sums, False, self.model.steps,
        )  # fmt: skip
        found = Sums(float(sums[0]), float(sums[1]))
        if found.beats(self.best_sums):
            self.best_sums = found
            self.best[:] = order
        return found

    def start(self, batch: int, patience: int, urgency: float) -> None:
        """Try the order of one rule, as it is and job by job."""
        dispatch(
            self.model, self._order, self._state, self.starts, self._runs, batch, patience, urgency
        )
        self._note(self._order)
        by_job(self.model, self._order, self._old, self._runs)
        self._note(self._old)

    def _note(self, order: Ints) -> None:
        """Judge an order and remember it, if it is one of the best and not like another."""
        sums = self.judge(order)
        if all(sums.late != other.late for other, _ in self._others):
            self._others.append((sums, order.copy()))
            self._others.sort(key=lambda known: (known[0].late, known[0].end))
            del self._others[STARTS:]

    def improve(self, used: float, turns: int) -> None:
        """So many changes, with the temperature that belongs to this share of the budget."""
        best = np.array([self.best_sums.late, self.best_sums.end])
        prices = np.array([1.0, SMALL, 0.0])
        if self.best_sums.late <= 0.0:
            prices[:2] = self.model.jobs, 1.0
        prices[2] = self._scale * prices[0] * self._warm * (COLD / self._warm) ** used
        anneal(
            self.model, self._order, self.best, self._old, self._work, self._chance, self._state,
            self.starts, self._now, self._saved, self._saved_sums, best, prices, turns, REACH,
        )  # fmt: skip
        self.best_sums = Sums(float(best[0]), float(best[1]))
        self.changes += turns
        self.judge(self._order)
        self._order[:] = self._order[np.argsort(self.starts[self._order], kind="stable")]

    def anneal(self, used: Callable[[], float], turns_least: int, cycles: int) -> None:
        """Improve in cycles, each from warm to cold; the last one begins half way."""
        cycles = cycles if self.model.steps <= FEW_STEPS else 1
        turns, begun, cycle = max(turns_least, ROUND // self.model.steps), used(), -1
        while (share := used()) < 1.0 and not self.best_sums.unavoidable:
            at = cycles * (share - begun) / (1.0 - begun)
            if int(at) > cycle:
                cycle = int(at)
                last = cycle + 1 >= cycles or cycle >= len(self._others)
                self._order[:] = self.best if last else self._others[cycle][1]
            part = at - cycle
            self.improve(0.5 + 0.5 * part if cycle and cycle + 1 == cycles else part, turns)

    def settle(self) -> Ints:
        """The starts of the best order, each as early as the others allow."""
        while True:
            before = self.judge(self.best.copy())
            again = self.best[np.argsort(self.starts[self.best], kind="stable")]
            if not self.judge(again).beats(before):
                break
        self.judge(self.best.copy())
        return self.starts.copy()


def rules() -> Iterator[tuple[int, int, float]]:
    """Every rule: batch, patience, urgency; the most promising first."""
    for patience in PATIENCE:
        for urgency in URGENCY:
            for batch in BATCHES:
                yield batch, patience, urgency


def search(
    model: Model, seed: int, used: Callable[[], float], *, turns_least: int = 1,
    cycles: int = CYCLES,
) -> Search:  # fmt: skip
    """Look for a plan until `used` answers 1 or more; so many changes or more between two looks."""
    found = Search(model, seed)
    found.judge(found.best.copy())
    if model.steps < 2:
        return found
    for rule in rules():
        if used() >= RULES_SHARE:
            break
        found.start(*rule)
    found.anneal(used, turns_least, cycles)
    return found
