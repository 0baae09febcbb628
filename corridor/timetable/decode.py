"""From an order of steps to a schedule: everybody as early as those before them in the order allow.

Pure. An order names every step once; a step that comes before its job's earlier ones takes them
with it. A step on a section with turn time enters behind all that came before it, so the order says
who goes first, how many follow in one direction, and thereby who is waited for while the section
lies idle. A step elsewhere takes the first gap with a free place. Every schedule in which nobody
could start earlier alone is reached by its own order of starts, the best among them; and a schedule
built from the order of starts of another is nowhere later than that one.
A state is one array: for each job when it is ready and how many steps it has behind it; for each
section the last direction, the last exit, the last entry east and west; for each resource with
places the number of breakpoints, their times, and how many places are taken from each on.
Not here: which order is good (rules.py, anneal.py).
"""

from contract.kernel import kernel
from corridor.timetable.model import NEVER, Floats, Ints, Model


@kernel
def up(ticks: int, grid: int) -> int:
    """The next whole second."""
    if grid == 1:
        return ticks
    return -((-ticks) // grid) * grid


@kernel
def room(model: Model, r: int) -> int:
    """How many breakpoints a resource's part of a state has room for."""
    end = model.base[r + 1] if r + 1 < len(model.base) else model.sizes[0]
    return int((end - model.base[r] - 1) // 2)


@kernel
def clear(model: Model, state: Ints) -> None:
    """Nobody has done anything."""
    n = len(model.release)
    for j in range(n):
        state[j] = model.release[j]
        state[n + j] = 0
    for r in range(len(model.capacity)):
        b = model.base[r]
        if model.capacity[r] == 0:
            state[b] = -1
            state[b + 1] = NEVER
            state[b + 2] = NEVER
            state[b + 3] = NEVER
        elif model.capacity[r] > 0:
            half = room(model, r)
            state[b] = 1
            state[b + 1] = NEVER
            state[b + 1 + half] = 0


@kernel
def earliest_entry(
    state: Ints, b: int, ready: int, length: int, side: int, headway: int, turn: int, grid: int
) -> int:
    """When a section lets in who is ready then; everybody else has entered before.

    Behind one of the same direction: headway after its entry, and leaving not before it; those who
    enter in the same second leave in the same second, so that the order of entry is beyond doubt.
    Behind the other direction: turn time after the last has left.
    """
    at, last = ready, state[b + 2 + side]
    at = max(at, last + headway)
    if state[b] == side:
        at = up(max(at, state[b + 1] - length), grid)
        if at == last and at + length != state[b + 1]:
            at += grid
    else:
        if state[b] >= 0:
            at = max(at, state[b + 1] + turn)
        at = up(at, grid)
        if at == last:
            at += grid
    return at


@kernel
def insert(state: Ints, b: int, half: int, k: int, at: int) -> None:
    """A breakpoint behind the k-th, with as many places taken."""
    count = state[b]
    for i in range(count - 1, k, -1):
        state[b + 2 + i] = state[b + 1 + i]
        state[b + 2 + half + i] = state[b + 1 + half + i]
    state[b + 2 + k] = at
    state[b + 2 + half + k] = state[b + 1 + half + k]
    state[b] = count + 1


@kernel
def forget(state: Ints, b: int, half: int, k: int) -> None:
    """The k-th breakpoint goes if nothing changes there."""
    count = state[b]
    if k <= 0 or k >= count or state[b + 1 + half + k] != state[b + half + k]:
        return
    for i in range(k, count - 1):
        state[b + 1 + i] = state[b + 2 + i]
        state[b + 1 + half + i] = state[b + 2 + half + i]
    state[b] = count - 1


@kernel
def segment(state: Ints, b: int, at: int) -> int:
    """The breakpoint at or before a time."""
    low, high = 0, state[b] - 1
    while low < high:
        middle = (low + high + 1) >> 1
        if state[b + 1 + middle] <= at:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def take(state: Ints, b: int, half: int, ready: int, length: int, places: int, grid: int) -> int:
    """Take a place for so long, in the first gap; a step of no length still needs a place."""
    length = max(length, 1)
    at = up(ready, grid)
    k = segment(state, b, at)
    q = k
    while q < state[b] and (q == k or state[b + 1 + q] < at + length):
        if state[b + 1 + half + q] >= places:
            k = q + 1
            at = up(state[b + 1 + k], grid)
            while k + 1 < state[b] and state[b + 2 + k] <= at:
                k += 1
            q = k
        else:
            q += 1
    q -= 1
    if state[b + 1 + k] != at:
        insert(state, b, half, k, at)
        k += 1
        q += 1
    if q + 1 >= state[b] or state[b + 2 + q] != at + length:
        insert(state, b, half, q, at + length)
    for i in range(k, q + 1):
        state[b + 1 + half + i] += 1
    forget(state, b, half, q + 1)
    forget(state, b, half, k)
    return at


@kernel
def place(model: Model, state: Ints, j: int, starts: Ints) -> None:
    """Do the next step of a job, as early as its resource has it."""
    n = len(model.release)
    step = model.first[j] + state[n + j]
    r, length, ready = model.resource[step], model.duration[step], state[j]
    b, places, grid = model.base[r], model.capacity[r], model.sizes[3]
    if places == 0:
        side = model.direction[j]
        at = earliest_entry(state, b, ready, length, side, model.headway[r], model.turn[r], grid)
        state[b] = side
        state[b + 1] = at + length
        state[b + 2 + side] = at
    elif places < 0:
        at = up(ready, grid)
    else:
        half = room(model, r)
        at = take(state, b, half, ready, length, places, grid)
    starts[step] = at
    state[j] = at + length
    state[n + j] += 1


@kernel
def go_on(model: Model, state: Ints, j: int, starts: Ints, sums: Floats) -> bool:
    """Do the next step of a job and count by how much it ends later than it could have before;
    answers whether it does.
    """
    step = model.first[j] + state[len(model.release) + j]
    could = up(state[j], model.sizes[3]) + model.rest[step]
    place(model, state, j, starts)
    can = state[j]
    if step + 1 < model.first[j + 1]:
        can = up(can, model.sizes[3]) + model.rest[step + 1]
    if can == could:
        return False
    sums[0] += model.weight[j] * (max(0, can - model.due[j]) - max(0, could - model.due[j]))
    sums[1] += can - could
    return True


@kernel
def rejoins(model: Model, state: Ints, saved: Ints, c: int) -> bool:
    """Does everything from here on happen as it did from checkpoint c on?

    It does if jobs that are not over and sections stand as they did then, and places are as free
    from the first moment on at which anybody could still want one.
    """
    n, size = len(model.release), model.sizes[0]
    old = saved[c * size : (c + 1) * size]
    for r in range(len(model.capacity)):
        if model.capacity[r] == 0:
            b = model.base[r]
            for i in range(b, b + 4):
                if state[i] != old[i]:
                    return False
    soonest = -NEVER
    for j in range(n):
        if state[n + j] != old[n + j]:
            return False
        if state[n + j] < model.first[j + 1] - model.first[j]:
            if state[j] != old[j]:
                return False
            soonest = min(soonest, state[j])
    for r in range(len(model.capacity)):
        if model.capacity[r] > 0 and not as_free(model, state, old, r, soonest):
            return False
    return True


@kernel
def as_free(model: Model, state: Ints, old: Ints, r: int, soonest: int) -> bool:
    """Are as many places of a resource taken, from a moment on, in both states?"""
    b = model.base[r]
    half = room(model, r)
    k, q = segment(state, b, soonest), segment(old, b, soonest)
    if state[b] - k != old[b] - q or state[b + 1 + half + k] != old[b + 1 + half + q]:
        return False
    for i in range(1, state[b] - k):
        if (
            state[b + 1 + k + i] != old[b + 1 + q + i]
            or state[b + 1 + half + k + i] != old[b + 1 + half + q + i]
        ):
            return False
    return True


@kernel
def join(sums: Floats, saved_sums: Floats, c: int, checkpoints: int, saves: bool) -> None:
    """Add what the schedule of the checkpoints costs from checkpoint c on; if `saves`, the costs
    at all later checkpoints become those of this schedule.
    """
    for i in range(2):
        more = sums[i] - saved_sums[2 * c + i]
        sums[i] = saved_sums[2 * checkpoints + i] + more
        if saves:
            for later in range(c, checkpoints + 1):
                saved_sums[2 * later + i] += more


@kernel
def decode(
    model: Model, order: Ints, state: Ints, starts: Ints, sums: Floats, begin: int,
    prices: Floats, limit: float, saved: Ints, saved_sums: Floats,
    saves: bool, same: int,
) -> float:  # fmt: skip
    """Build the schedule of an order from entry `begin` on; answers its cost, or more than `limit`
    as soon as that is certain.

    state, sums   what holds before `begin`, and afterwards at the end, unless it stops early; sums
                  are the weighted tardiness and the total of completions, each less what nobody
                  can avoid, and of jobs that are not over what is certain by now
    saved         copies of state before every so many entries, kept up to date if `saves`, and
    saved_sums    of sums, with those at the end behind them
    same          from this entry on the order is that of the checkpoints: where the schedule
                  rejoins theirs, the rest is known
    cost          prices[0] * tardiness + prices[1] * completions, both less the unavoidable
    """
    gap, checkpoints = model.sizes[1], model.sizes[2]
    joined = False
    for p in range(begin, len(order)):
        if p % gap == 0 and p > begin:
            joined = p >= same and rejoins(model, state, saved, p // gap)
            if joined:
                join(sums, saved_sums, p // gap, checkpoints, saves)
                break
            if saves:
                save(model, p // gap, state, sums, saved, saved_sums)
        j = model.owner[order[p]]
        while state[len(model.release) + j] <= order[p] - model.first[j]:
            worse = go_on(model, state, j, starts, sums)
            if worse and prices[0] * sums[0] + prices[1] * sums[1] > limit:
                return float(prices[0] * sums[0] + prices[1] * sums[1])
    if saves and not joined:
        for i in range(2):
            saved_sums[2 * checkpoints + i] = sums[i]
    return float(prices[0] * sums[0] + prices[1] * sums[1])


@kernel
def save(model: Model, c: int, state: Ints, sums: Floats, saved: Ints, saved_sums: Floats) -> None:
    """Keep what holds at checkpoint c, without what nobody will ask for any more."""
    size = model.sizes[0]
    trim(model, state)
    copy(model, state, saved[c * size : (c + 1) * size])
    saved_sums[2 * c] = sums[0]
    saved_sums[2 * c + 1] = sums[1]


@kernel
def trim(model: Model, state: Ints) -> None:
    """Breakpoints go that are over for whoever is still to come."""
    n, soonest = len(model.release), -NEVER
    for j in range(n):
        if state[n + j] < model.first[j + 1] - model.first[j]:
            soonest = min(soonest, state[j])
    for r in range(len(model.capacity)):
        if model.capacity[r] <= 0:
            continue
        b, half = model.base[r], room(model, r)
        k = segment(state, b, soonest)
        for i in range(b + 1, b + 1 + state[b] - k if k > 0 else 0):
            state[i] = state[i + k]
            state[i + half] = state[i + half + k]
        state[b] -= k


@kernel
def copy(model: Model, source: Ints, target: Ints) -> None:
    """A state into another, as far as it is in use."""
    for i in range(2 * len(model.release)):
        target[i] = source[i]
    for r in range(len(model.capacity)):
        b = model.base[r]
        if model.capacity[r] == 0:
            for i in range(b, b + 4):
                target[i] = source[i]
        elif model.capacity[r] > 0:
            half = room(model, r)
            target[b] = source[b]
            for i in range(b + 1, b + 1 + source[b]):
                target[i] = source[i]
                target[i + half] = source[i + half]


@kernel
def resume(
    model: Model, position: int, state: Ints, sums: Floats, saved: Ints, saved_sums: Floats
) -> int:
    """Bring back the state before an entry at or before `position`; answers which."""
    size, gap = model.sizes[0], model.sizes[1]
    c = position // gap
    copy(model, saved[c * size : (c + 1) * size], state)
    sums[0] = saved_sums[2 * c]
    sums[1] = saved_sums[2 * c + 1]
    return int(c * gap)
