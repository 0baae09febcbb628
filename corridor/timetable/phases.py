"""What the turns of a section cost at least, found by going through all sequences of phases.

Pure. Prices in time (bound.py) cannot see turning: half of "east first" and half of "west first"
is, on average, a section that never turns. Here entries are counted: so many east, so many west, at
times that one section allows, and exactly as many as there are jobs. Who enters when is left open;
each entry costs what the cheapest job would cost there, less a reward that each job brings once.
Whatever the rewards are, the least sum over all sequences plus all rewards is a bound (Lagrangian
relaxation of "each job once"; Held and Karp, Operations Research 18, 1970); they begin with what
the prices say, and rise for jobs that no entry chose. The n-th entry of a direction is also never
before the n-th of its jobs can be there.
Not here: prices (bound.py).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.kernel import kernel
from corridor.timetable.model import Floats, Ints

STATES_MAX: Final = 40_000_000  # counts east times counts west times slots
FAR_COST: Final = 1e300
STAYED: Final = 0  # nobody entered in this slot;  otherwise somebody did:
FIRST: Final = 1  # as the first of all
FOLLOWED: Final = 2  # behind one of the same direction
TURNED: Final = 3  # behind one of the other
ROUNDS: Final = 400
PATIENCE: Final = 15  # rounds without progress before the step is halved
MEMORY: Final = 0.7  # of earlier directions in the next
SHARE: Final = 0.05  # of the distance to the plan's cost, the first step
SHARE_LEAST: Final = 1e-4

Bytes = NDArray[np.int8]


@kernel
def rewards(
    jobs: Ints, costs: Floats, prices: Floats, slot: int, slots: int, given: Floats
) -> None:
    """For each job the least of cost and price: what it would pay to enter. Rows as in `choose`."""
    for j in range(len(costs) // 2):
        head, rest, due = jobs[5 * j], jobs[5 * j + 1], jobs[5 * j + 2]
        at, weight, free = jobs[5 * j + 4] * (slots + 1), costs[2 * j], costs[2 * j + 1]
        best = FAR_COST
        for k in range(min(head // slot, slots), slots + 1):
            cost = weight * max(0, max(k * slot, head) + rest - due) - free
            if cost >= best:
                break
            best = min(best, cost + prices[at + k])
        given[j] = best


@kernel
def cheapest(
    jobs: Ints, costs: Floats, given: Floats, slot: int, slots: int, least: Floats, who: Ints
) -> None:
    """For each side and slot, (2 * (slots + 1),), the least that an entry costs, reward off."""
    for i in range(len(least)):
        least[i] = FAR_COST
        who[i] = -1
    for j in range(len(costs) // 2):
        head, rest, due = jobs[5 * j], jobs[5 * j + 1], jobs[5 * j + 2]
        at, weight, free = jobs[5 * j + 4] * (slots + 1), costs[2 * j], costs[2 * j + 1]
        for k in range(min(head // slot, slots), slots + 1):
            cost = weight * max(0, max(k * slot, head) + rest - due) - free - given[j]
            if cost < least[at + k]:
                least[at + k] = cost
                who[at + k] = j


@kernel
def sequences(
    least: Floats, gaps: Ints, east: Ints, west: Ints, ring: Floats, ways: Bytes, depth: int,
    slots: int,
) -> float:  # fmt: skip
    """The least sum over all sequences of entries, of every job one.

    gaps        slots to the next entry: east-east, west-west, after east west, after west east
    east, west  slots before which the n-th of a direction cannot enter, ascending
    ring        (depth * 2 * (e + 1) * (w + 1),) least cost of having let in so many of each by
                a slot, the last of them eastbound or westbound; of the last `depth` slots
    ways        (slots * 2 * (e + 1) * (w + 1),) how that came: STAYED, FIRST, FOLLOWED or TURNED
    What enters after the last slot costs what it costs there, and stands in nobody's way.
    """
    e, w, wide = len(east), len(west), slots + 1
    best = float(e * least[slots] + w * least[wide + slots])
    layer, i_most, j_most = (e + 1) * (w + 1), 0, 0
    for i in range(len(ring)):
        ring[i] = FAR_COST
    for k in range(slots):
        while i_most < e and east[i_most] <= k:
            i_most += 1
        while j_most < w and west[j_most] <= k:
            j_most += 1
        for side in range(2):
            now = (k % depth * 2 + side) * layer
            last = ((k + depth - 1) % depth * 2 + side) * layer
            same = ((k + depth - gaps[side]) % depth * 2 + side) * layer
            other = ((k + depth - gaps[3 - side]) % depth * 2 + 1 - side) * layer
            back = w + 1 if side == 0 else 1
            for i in range(i_most + 1):
                for j in range(j_most + 1):
                    at, way = i * (w + 1) + j, STAYED
                    cost = ring[last + at]
                    if (i if side == 0 else j) > 0:
                        entry = least[side * wide + k]
                        if at == back and entry < cost:
                            cost, way = entry, FIRST
                        if gaps[side] <= k and ring[same + at - back] + entry < cost:
                            cost, way = ring[same + at - back] + entry, FOLLOWED
                        if gaps[3 - side] <= k and ring[other + at - back] + entry < cost:
                            cost, way = ring[other + at - back] + entry, TURNED
                    ring[now + at] = cost
                    ways[(2 * k + side) * layer + at] = way
    now = (slots - 1) % depth * 2 * layer
    for at in range(layer):
        cost = min(ring[now + at], ring[now + layer + at])
        best = min(best, cost + _after(least, e - at // (w + 1), w - at % (w + 1), slots))
    return best


@kernel
def _after(least: Floats, e: int, w: int, slots: int) -> float:
    """What so many cost that enter after the last slot."""
    cost = 0.0
    if e > 0:
        cost += e * least[slots]
    if w > 0:
        cost += w * least[2 * slots + 1]
    return cost


@kernel
def chosen(
    least: Floats, who: Ints, gaps: Ints, ring: Floats, ways: Bytes, picks: Ints, e: int, w: int,
    depth: int, slots: int,
) -> None:  # fmt: skip
    """How often each job is chosen in the sequence that `sequences` found."""
    layer, wide = (e + 1) * (w + 1), slots + 1
    for j in range(len(picks)):
        picks[j] = 0
    now = (slots - 1) % depth * 2 * layer
    best, at, side = _after(least, e, w, slots), 0, 0
    for p in range(layer):
        rest = _after(least, e - p // (w + 1), w - p % (w + 1), slots)
        for d in range(2):
            if ring[now + d * layer + p] + rest < best:
                best, at, side = ring[now + d * layer + p] + rest, p, d
    if at // (w + 1) < e:
        picks[who[slots]] += e - at // (w + 1)
    if at % (w + 1) < w:
        picks[who[wide + slots]] += w - at % (w + 1)
    k = slots - 1
    while at > 0 and k >= 0:
        way = ways[(2 * k + side) * layer + at]
        if way == STAYED:
            k -= 1
            continue
        picks[who[side * wide + k]] += 1
        at -= w + 1 if side == 0 else 1
        if way == TURNED:
            k -= gaps[3 - side]
            side = 1 - side
        else:
            k -= gaps[side]


class Phases:
    """One section in slots, and the rewards of its jobs.

    rows, costs   (n, 5) and (n, 2) as in `choose` (bound.py)
    """

    def __init__(self, rows: Ints, costs: Floats, gaps: Ints, *, slot: int, slots: int) -> None:
        self.slot, self.slots = slot, slots
        self._rows, self._costs = rows.ravel(), costs.ravel()
        self._heads = [np.sort(rows[rows[:, 4] == side, 0]) // slot for side in range(2)]
        e, w = (len(heads) for heads in self._heads)
        self._gaps = gaps if e and w else np.array([gaps[0], gaps[1], gaps[0], gaps[1]])
        self._depth = int(self._gaps.max()) + 1
        self._layer = 2 * (e + 1) * (w + 1)
        self.worthwhile = self._layer * max(slots, 8 * self._depth) <= STATES_MAX and slots > 0

    def climb(self, prices: Floats, reached: float, done: Callable[[], bool]) -> float:
        """The best bound above the unavoidable; prices (2 * (slots + 1),), all >= 0."""
        east, west = self._heads
        e, w = len(east), len(west)
        slot, slots, depth, n = self.slot, self.slots, self._depth, e + w
        given, least, who = np.zeros(n), np.zeros(len(prices)), np.zeros(len(prices), np.int64)
        ring, ways = np.zeros(depth * self._layer), np.zeros(slots * self._layer, np.int8)
        picks, aim = np.zeros(n, np.int64), np.zeros(n)
        rewards(self._rows, self._costs, prices, slot, slots, given)
        best, share, idle = 0.0, SHARE, 0
        for _ in range(ROUNDS):
            cheapest(self._rows, self._costs, given, slot, slots, least, who)
            found = sequences(least, self._gaps, east, west, ring, ways, depth, slots)
            value, idle = float(found + given.sum()), idle + 1
            if value > best:
                best, idle = value, 0
            if done() or reached - value <= SHARE_LEAST * reached or share < SHARE_LEAST:
                break
            chosen(least, who, self._gaps, ring, ways, picks, e, w, depth, slots)
            if idle >= PATIENCE:
                share, idle = 0.5 * share, 0
            aim[:] = MEMORY * aim + (1.0 - MEMORY) * (1 - picks)
            norm = float((aim * aim).sum())
            if norm <= 0.0:
                break
            given += share * (reached - value) / norm * aim
        return best
