"""What no timetable can undercut: a proven lower bound, one resource at a time.

Pure. Every job costs at least what it costs with nobody in the way. More is proven by looking at
one resource alone, all others having room for everybody, and putting a price on its use at each
time: every job then takes the start that is cheapest for it, price included, and the resource earns
as much as it possibly can. Cost and prices less earnings is a bound, whatever the prices are; they
are raised where too many want to be and lowered where nobody does (Lagrangian relaxation with
subgradient steps: Held, Wolfe and Crowder, Mathematical Programming 6, 1974; prices in time as in
Christofides, Alvarez-Valdes and Tamarit, EJOR 29, 1987).
    places    earns the price of each moment for each place
    section   earns the price of each entry; which entries are possible - headway apart, and behind
              the other direction only after passing and turning - is searched through exactly
Time is cut into slots, whole divisions of the headway on a section; whatever happens within a slot
is counted at its cheapest. Entries that need no headway are not bounded beyond the first sentence.
Not here: what turning costs (phases.py), plans (search.py).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.kernel import kernel
from corridor.timetable.model import Floats, Ints, Model
from corridor.timetable.phases import Phases

SLOTS: Final = (400, 1_600, 4_000)  # at most about so many, coarse to fine
ROUNDS: Final = 500  # on each level
LOOK: Final = 10  # rounds between two looks at the budget
PATIENCE: Final = 20  # rounds without progress before the step is halved
MEMORY: Final = 0.8  # of earlier directions in the next (Camerini, Fratta, Maffioli 1975)
SHARE: Final = 0.3  # of the distance to the plan's cost, the first step
LEAST: Final = 0.001  # and the last
TINY: Final = 1e-6
FAR: Final = 1 << 40  # ticks; longer than any plan's gaps


@kernel
def choose(
    jobs: Ints, costs: Floats, prices: Floats, wanted: Ints, slot: int, slots: int, section: bool
) -> float:
    """Every job takes its cheapest start; answers what they cost, prices included.

    jobs     for each: earliest start here, ticks from start to the end of the job, due, slots that
             it takes, side
    costs    for each: weight, cost that it cannot avoid
    prices   (sides * (slots + 1),) of an entry in a slot; of everything before a slot where the
             resource has places
    wanted   how many enter in each slot
    """
    total = 0.0
    for i in range(len(wanted)):
        wanted[i] = 0
    for j in range(len(costs) // 2):
        head, rest, due = jobs[5 * j], jobs[5 * j + 1], jobs[5 * j + 2]
        takes, at = jobs[5 * j + 3], jobs[5 * j + 4] * (slots + 1) if section else 0
        weight, free = costs[2 * j], costs[2 * j + 1]
        first = head // slot if section else -(-head // slot)
        best, found = 0.0, -1
        for k in range(first, slots + 1):
            start = k * slot if section else (k - 1) * slot + 1
            cost = weight * max(0, max(start, head) + rest - due) - free
            if found >= 0 and cost >= best:
                break
            if k < slots:
                price = prices[at + k]
                if not section:
                    price = prices[at + min(slots, k + takes)] - price
                cost += price
            if found < 0 or cost < best:
                best, found = cost, k
        total += best if found >= 0 else weight * max(0, head + rest - due) - free
        if 0 <= found < slots:
            if section:
                wanted[at + found] += 1
            else:
                for k in range(found, min(slots, found + takes)):
                    wanted[at + k] += 1
    return total


@kernel
def earn(prices: Floats, gaps: Ints, sums: Floats, came: Ints, taken: Ints, slots: int) -> float:
    """The most a section can earn, and by which entries.

    gaps   slots from an entry to the next: east-east, west-west, east-west, west-east
    sums   (2 * (slots + 1),) best that ends at or before a slot with an entry of this side
    came   the slot of that entry;  taken   1 where one enters
    """
    wide = slots + 1
    for k in range(slots):
        for side in range(2):
            at, gain = side * wide + k, prices[side * wide + k]
            most = 0.0
            if k >= gaps[side]:
                most = max(most, sums[side * wide + k - gaps[side]])
            if k >= gaps[3 - side]:
                most = max(most, sums[(1 - side) * wide + k - gaps[3 - side]])
            sums[at] = most + gain
            came[at] = k
            if k > 0 and sums[at - 1] >= sums[at]:
                sums[at] = sums[at - 1]
                came[at] = came[at - 1]
            taken[at] = 0
    side = 0 if sums[slots - 1] >= sums[wide + slots - 1] else 1
    k, total = slots - 1, float(sums[side * wide + slots - 1])
    while k >= 0:
        k = came[side * wide + k]
        taken[side * wide + k] = 1
        same, other = k - gaps[side], k - gaps[3 - side]
        straight = sums[side * wide + same] if same >= 0 else 0.0
        across = sums[(1 - side) * wide + other] if other >= 0 else 0.0
        if across > straight:
            side, k = 1 - side, other
        else:
            k = same if straight > 0.0 else -1
    return total


@kernel
def step(
    prices: Floats, wanted: Ints, taken: Ints, aim: Floats, room: float, over: float, memory: float
) -> None:
    """Raise and lower prices along what was wanted less what there is, remembered for a while."""
    norm = 0.0
    for i in range(len(prices)):
        g = wanted[i] - (taken[i] if room == 0.0 else room)
        aim[i] = memory * aim[i] + (1.0 - memory) * g
        if prices[i] > 0.0 or aim[i] > 0.0:
            norm += aim[i] * aim[i]
    if norm == 0.0:
        return
    for i in range(len(prices)):
        prices[i] = max(0.0, prices[i] + over / norm * aim[i])


@dataclass(frozen=True, slots=True)
class Visits:
    """All jobs as one resource sees them; `excess` is what the plan at hand costs above the least.

    rows   (n, 5) as in `choose`, the slots still to be filled in;  costs   (n, 2)
    """

    rows: Ints
    length: Ints
    costs: Floats
    excess: float
    end: int


class Dual:
    """Prices on one resource, refined from coarse slots to fine ones."""

    def __init__(self, model: Model, r: int, visits: Visits) -> None:
        self.places = int(model.capacity[r])
        self.turn, self.headway = int(model.turn[r]), int(model.headway[r])
        self.visits = visits
        self.best = 0.0
        self._prices = np.zeros(0)
        self._slot = 0

    def slot_of(self, most: int) -> int:
        """Ticks of a slot so that there are about `most` of them; 0 where none will do."""
        least = max(1, -(-self.visits.end // most))
        if self.places > 0:
            return least
        wide = min(int(self.across().min()), self.headway)
        fits = [
            d
            for small in range(1, math.isqrt(max(0, self.headway)) + 1)
            if self.headway % small == 0
            for d in (small, self.headway // small)
            if d <= wide
        ]
        coarse = [d for d in fits if d >= least]
        slot = min(coarse) if coarse else max(fits, default=0)
        return slot if slot and self.visits.end // slot <= 10 * SLOTS[-1] else 0

    def across(self) -> Ints:
        """Ticks from an entry to the next of the other direction, at least: after east, west."""
        rows, length = self.visits.rows, self.visits.length
        least = [length[rows[:, 4] == side] for side in range(2)]
        return np.array([int(own.min()) + self.turn if len(own) else FAR for own in least])

    def refine(self, slot: int) -> None:
        """Prices for other slots, taken from those in force."""
        section = self.places == 0
        slots = self.visits.end // slot + 2
        wide, sides = slots + 1, 2 if section else 1
        prices = np.zeros(sides * wide)
        if self._slot:
            old = len(self._prices) // sides
            at = np.minimum(np.arange(slots) * slot // self._slot, old - 2)
            share = 1.0 if section else slot / self._slot
            for side in range(sides):
                prices[side * wide : side * wide + slots] = self._prices[side * old + at] * share
        self._prices, self._slot = prices, slot

    def gaps(self) -> Ints:
        """As in `earn`."""
        ticks = np.concatenate(([self.headway, self.headway], self.across()))
        return ticks // self._slot

    def climb(self, most: int, done: Callable[[], bool]) -> None:
        """Rounds on one level of slots."""
        slot = self.slot_of(most)
        if slot in (0, self._slot):
            return
        self.refine(slot)
        section, prices = self.places == 0, self._prices
        slots = len(prices) // (2 if section else 1) - 1
        self.visits.rows[:, 3] = self.visits.length // slot
        rows, costs = self.visits.rows.ravel(), self.visits.costs.ravel()
        wanted, taken = np.zeros(len(prices), np.int64), np.zeros(len(prices), np.int64)
        sums, came = np.zeros(len(prices)), np.zeros(len(prices), np.int64)
        gaps = self.gaps() if section else taken
        share, idle, kept, level, aim = SHARE, 0, prices.copy(), -1e300, np.zeros(len(prices))
        for turn in range(ROUNDS):
            if turn % LOOK == 0 and done():
                break
            if section:
                value = choose(rows, costs, prices, wanted, slot, slots, True)
                value -= earn(prices, gaps, sums, came, taken, slots)
            else:
                sums[1:] = np.cumsum(prices[:-1])
                value = choose(rows, costs, sums, wanted, slot, slots, False)
                value -= self.places * float(prices[:-1].sum())
            idle += 1
            if value > level:
                level, idle = value, 0
                kept[:] = prices
            if idle >= PATIENCE:
                share, idle = 0.5 * share, 0
                prices[:] = kept
                aim[:] = 0.0
            over = self.visits.excess - value
            if share < LEAST or over <= TINY:
                break
            step(prices, wanted, taken, aim, float(self.places), share * over, MEMORY)
            prices[slots :: slots + 1] = 0.0
        prices[:] = kept
        self.best = max(self.best, level)
        if section and not done():
            phases = Phases(self.visits.rows, self.visits.costs, gaps, slot=slot, slots=slots)
            if phases.worthwhile:
                self.best = max(self.best, phases.climb(kept, self.visits.excess, done))


def visits_of(model: Model, r: int, weight: Floats, due: Ints) -> tuple[Ints, Ints, Floats, float]:
    """Rows, lengths and costs of all jobs on a resource, and what all jobs cost at least.

    A job that does not come here costs its least; of one that comes twice the first visit counts.
    """
    least = weight * np.maximum(0, model.earliest - due)
    rows, length, costs = [], [], []
    for j in range(model.jobs):
        own = range(int(model.first[j]), int(model.first[j + 1]))
        here = next((o for o in own if model.resource[o] == r), None)
        if here is None:
            continue
        head, grid = int(model.release[j]), model.grid
        for o in range(own.start, here):
            head = -(-head // grid) * grid + int(model.duration[o])
        head = -(-head // grid) * grid
        rest = int(model.duration[here] + model.tail[here])
        rows.append((head, rest, int(due[j]), 0, int(model.direction[j])))
        length.append(int(model.duration[here]))
        costs.append((float(weight[j]), float(least[j])))
    return (
        np.array(rows, dtype=np.int64).reshape(-1, 5),
        np.array(length, dtype=np.int64),
        np.array(costs, dtype=np.float64).reshape(-1, 2),
        float(least.sum()),
    )


def lower_bound(
    model: Model, weight: Floats, due: Ints, *, reached: float, end: int, done: Callable[[], bool]
) -> float:
    """A number that sum(weight * max(0, end - due)) of no schedule is below, in ticks.

    weight, due   (n,) of each job; `reached` is what a plan costs and `end` when it is over,
                  guides and no more
    done          is the time used up?  Asked before each round
    """
    duals, least = [], 0.0
    for r in range(len(model.capacity)):
        rows, length, costs, least = visits_of(model, r, weight, due)
        if len(length) > 1 and model.capacity[r] >= 0:
            duals.append(Dual(model, r, Visits(rows, length, costs, reached - least, end)))
    if not duals:
        return float((weight * np.maximum(0, model.earliest - due)).sum())
    duals.sort(key=lambda dual: dual.places)
    for most in SLOTS:
        for dual in duals:
            dual.climb(most, done)
    best = least + max(dual.best for dual in duals)
    return min(reached, max(least, best - TINY * (1.0 + best)))
