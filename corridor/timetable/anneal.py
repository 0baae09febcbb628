"""Changing an order a little at a time, and keeping what is better or not much worse.

Pure: chance is a number handed in. Simulated annealing (Kirkpatrick et al., Science 220, 1983):
the cost that is still accepted is drawn before a change is judged, so that a schedule is given up
as soon as it costs more. A change touches one stretch of the order, and the schedule is built anew
from the last checkpoint before it.
Mostly somebody who waits goes further forward: for the others it would change nothing.
Changes: one job goes elsewhere, with all its steps or with those up to one of them; two jobs trade
places; two neighbouring stretches trade places, cut where the direction or the job changes - that
is how convoys of one direction come to follow each other.
Not here: temperatures, the time budget (search.py).
"""

import math
from typing import Final

from contract.kernel import kernel
from corridor.timetable.decode import clear, decode, resume, save, up
from corridor.timetable.model import Floats, Ints, Model

TRIES: Final = 12  # draws for somebody who waits
ANYBODY: Final = 2  # in one change of so many, whoever is drawn


@kernel
def draw(chance: Ints, below: int) -> int:
    """A number from 0 to below - 1. Source: Marsaglia, Xorshift RNGs, 2003 (13, 17, 5)."""
    x = int(chance[0])
    x ^= (x << 13) & 0xFFFFFFFF
    x ^= x >> 17
    x ^= (x << 5) & 0xFFFFFFFF
    chance[0] = x
    return x % below


@kernel
def far(chance: Ints, reach: int) -> int:
    """A distance up to `reach`, short ones more often."""
    return 1 + draw(chance, 1 + draw(chance, reach))


@kernel
def along(model: Model, order: Ints, at: int, count: int, way: int) -> int:
    """The entry so many steps of the same resource further on, or the last there is."""
    r, last, p = model.resource[order[at]], at, at + way
    while count > 0 and 0 <= p < len(order):
        if model.resource[order[p]] == r:
            last = p
            count -= 1
        p += way
    return last


@kernel
def run_end(model: Model, order: Ints, at: int, way: int) -> int:
    """The last entry, along the same resource, of those that follow in one direction."""
    r, side = model.resource[order[at]], model.direction[model.owner[order[at]]]
    last, p = at, at + way
    while 0 <= p < len(order):
        if model.resource[order[p]] == r:
            if model.direction[model.owner[order[p]]] != side:
                break
            last = p
        p += way
    return last


@kernel
def advance(model: Model, order: Ints, work: Ints, a: int, b: int, c: int) -> None:
    """Those of entry a's resource from b to c go before a, in their order."""
    r, at = model.resource[order[a]], a
    for p in range(b, c + 1):
        if model.resource[order[p]] == r:
            work[at] = order[p]
            at += 1
    for p in range(a, c + 1):
        if p < b or model.resource[order[p]] != r:
            work[at] = order[p]
            at += 1
    for p in range(a, c + 1):
        order[p] = work[p]


@kernel
def trade(model: Model, order: Ints, work: Ints, a: int, c: int) -> None:
    """Entries a and c trade places; the later steps of a's job go behind it."""
    at, own = a + 1, model.owner[order[a]]
    work[a] = order[c]
    for p in range(a + 1, c):
        if model.owner[order[p]] != own:
            work[at] = order[p]
            at += 1
    for p in range(a, c):
        if model.owner[order[p]] == own:
            work[at] = order[p]
            at += 1
    for p in range(a, c + 1):
        order[p] = work[p]


@kernel
def waited(model: Model, step: int, now: Ints) -> bool:
    """Does a step begin later than its job would have it?"""
    own = model.owner[step]
    first = model.first[own] == step
    ready = model.release[own] if first else now[step - 1] + model.duration[step - 1]
    return bool(now[step] > up(ready, model.sizes[3]))


@kernel
def who_waited(model: Model, order: Ints, chance: Ints, now: Ints) -> int:
    """An entry that waits for its place, on a section more often; any if none is found soon, and
    often in any case: letting somebody else go first can help those who do not wait.
    """
    b = draw(chance, len(order))
    for _ in range(TRIES if draw(chance, ANYBODY) else 0):
        if waited(model, order[b], now) and (
            model.capacity[model.resource[order[b]]] == 0 or draw(chance, 4) == 0
        ):
            break
        b = draw(chance, len(order))
    return b


@kernel
def change(
    model: Model, order: Ints, work: Ints, chance: Ints, reach: int, span: Ints, now: Ints
) -> None:
    """Change the order; span says within which entries, nothing if it is empty.

    now   the starts of this order
    """
    span[0] = span[1] = 0
    b = who_waited(model, order, chance, now)
    places = model.capacity[model.resource[order[b]]]
    if places < 0:
        return
    kind = draw(chance, 100)
    if kind < 25:
        a = along(model, order, b, far(chance, reach), -1)
        if a < b:
            trade(model, order, work, a, b)
            span[0], span[1] = a, b + 1
        return
    if places == 0 and kind < 60:
        b = run_end(model, order, b, -1)
        a = along(model, order, b, 1, -1)
        if a == b:
            return
        c = run_end(model, order, b, 1)
        a = (
            run_end(model, order, a, -1)
            if kind & 1
            else along(model, order, b, far(chance, reach), -1)
        )
        c = c if kind & 2 else min(c, along(model, order, b, far(chance, reach) - 1, 1))
    else:
        a = along(model, order, b, far(chance, reach) if kind & 1 else 1, -1)
        c = b if kind & 1 else along(model, order, b, far(chance, reach) - 1, 1)
        if a == b:
            return
    advance(model, order, work, a, b, c)
    span[0], span[1] = a, c + 1


@kernel
def keep(order: Ints, best: Ints, sums: Floats, best_sums: Floats) -> None:
    """Remember an order that is better than the best so far."""
    less, small = sums[0] - best_sums[0], 1e-9 * (1.0 + best_sums[0])
    if less < -small or (less <= small and sums[1] < best_sums[1]):
        best_sums[0], best_sums[1] = sums[0], sums[1]
        for p in range(len(order)):
            best[p] = order[p]


@kernel
def anneal(
    model: Model, order: Ints, best: Ints, old: Ints, work: Ints, chance: Ints, state: Ints,
    starts: Ints, now: Ints, saved: Ints, saved_sums: Floats, best_sums: Floats, prices: Floats,
    turns: int, reach: int,
) -> float:  # fmt: skip
    """So many changes from `order` on; answers the cost of what it has become.

    starts, now       of a changed order, as far as it is built; of the one in force
    best, best_sums   the best order so far and its sums: less tardiness, then less completion
    prices            of tardiness, of completions; the temperature, in the same unit
    """
    sums, span = saved_sums[len(saved_sums) - 2 :], work[len(order) :]
    clear(model, state)
    sums[0] = sums[1] = 0.0
    save(model, 0, state, sums, saved, saved_sums)
    cost = decode(
        model, order, state, now, sums, 0, prices, math.inf, saved, saved_sums, True, len(order)
    )
    for p in range(len(order)):
        old[p] = order[p]
    for _ in range(turns):
        change(model, order, work, chance, reach, span, now)
        low, high = span[0], span[1]
        while low < high and order[low] == old[low]:
            low += 1
        if low >= high:
            continue
        while order[high - 1] == old[high - 1]:
            high -= 1
        limit = cost - prices[2] * math.log((1 + draw(chance, 1 << 20)) / (1 << 20))
        begin = resume(model, low, state, sums, saved, saved_sums)
        found = decode(
            model, order, state, starts, sums, begin, prices, limit, saved, saved_sums, False, high
        )
        if found > limit:
            for p in range(low, high):
                order[p] = old[p]
            continue
        keep(order, best, sums, best_sums)
        for p in range(low, high):
            old[p] = order[p]
        begin = resume(model, low, state, sums, saved, saved_sums)
        cost = decode(
            model, order, state, now, sums, begin, prices, math.inf, saved, saved_sums, True,
            high,
        )  # fmt: skip
    return cost
