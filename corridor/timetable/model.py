"""A timetable instance as arrays, and the order that a plan is made of.

Pure. Times are whole ticks: seconds where every figure of the instance is whole, milliseconds
where one is not; starts are whole seconds all the same, so they are multiples of `grid` ticks.
Not here: reading a file (form.py), building a schedule from an order (decode.py).
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EAST: Final = 0
WEST: Final = 1
NEVER: Final = -(1 << 60)  # before any time


class Model(NamedTuple):
    """One instance; n jobs, m steps of all jobs one after the other, k resources.

    release, due  (n,) ticks; due is meaningless where weight is 0
    weight        (n,) cost of a tick of tardiness; 0 for a job without due
    direction     (n,) EAST or WEST
    first         (n + 1,) where the steps of each job begin
    owner         (m,) the job of a step
    resource      (m,) index of the resource;  duration  (m,) ticks
    tail          (m,) ticks from the end of a step to the end of its job, nobody in the way
    rest          (m,) ticks from the start of a step to the end of its job, nobody in the way
    capacity      (k,) places; 0 for a section with turn time, -1 where there is always room
    turn, headway (k,) ticks; only sections use them
    base          (k,) where a resource's part of a state begins (decode.py)
    sizes         (4,) length of a state, entries between checkpoints, number of those, grid
    earliest      (n,) ticks at which a job ends, nobody in the way
    """

    release: Ints
    due: Ints
    weight: Floats
    direction: Ints
    first: Ints
    owner: Ints
    resource: Ints
    duration: Ints
    tail: Ints
    rest: Ints
    capacity: Ints
    turn: Ints
    headway: Ints
    base: Ints
    sizes: Ints
    earliest: Ints

    @property
    def jobs(self) -> int:
        return len(self.release)

    @property
    def steps(self) -> int:
        return len(self.resource)

    @property
    def grid(self) -> int:
        return int(self.sizes[3])


def make_model(
    jobs: dict[str, list[Any]], steps: dict[str, list[Any]], resources: dict[str, list[int]], *,
    grid: int,
) -> Model:  # fmt: skip
    """Arrays from columns: jobs has release, due, weight, direction, first; steps has resource,
    duration; resources has capacity, turn, headway. All in ticks.
    """
    first, used = _ints(jobs["first"]), _ints(steps["resource"])
    duration = _ints(steps["duration"])
    release, n, k = _ints(jobs["release"]), len(jobs["release"]), len(resources["capacity"])
    visits = np.bincount(used, minlength=k) if k else _ints([])
    capacity = _ints(resources["capacity"])
    capacity[capacity >= visits] = -1
    tail, rest, earliest = np.zeros_like(duration), duration.copy(), release.copy()
    for j in range(n):
        own = duration[first[j] : first[j + 1]]
        for step in range(int(first[j + 1]) - 2, int(first[j]) - 1, -1):
            rest[step] = _up(int(duration[step]), grid) + rest[step + 1]
        earliest[j] = _up(int(release[j]), grid) + (rest[first[j]] if len(own) else 0)
        tail[first[j] : first[j + 1]] = np.cumsum(own[::-1])[::-1] - own
    room = np.where(capacity == 0, 4, np.where(capacity > 0, 1 + 2 * (2 * visits + 3), 0))
    base = 2 * n + np.concatenate(([0], np.cumsum(room)[:-1])) if k else _ints([])
    gap = max(8, len(used) // 48)
    sizes = _ints([2 * n + int(room.sum()), gap, len(used) // gap + 1, grid])
    owner = np.repeat(np.arange(n), np.diff(first))
    return Model(
        release, _ints(jobs["due"]), np.asarray(jobs["weight"], dtype=np.float64),
        _ints(jobs["direction"]), first, owner, used, duration, tail, rest, capacity,
        _ints(resources["turn"]), _ints(resources["headway"]), _ints(base), sizes, earliest,
    )  # fmt: skip


def _ints(values: Any) -> Ints:
    return np.asarray(values, dtype=np.int64)


def _up(ticks: int, grid: int) -> int:
    return -(-ticks // grid) * grid
