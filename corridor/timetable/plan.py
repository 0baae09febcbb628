"""A plan of an instance: the schedule, what it costs, what no schedule can undercut.

Pure. Most of the budget goes into the search, the rest into the bound; the caller says how much is
used. Not here: files and clocks (corridor/cli/plan.py).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.errors import require
from corridor.timetable.bound import lower_bound
from corridor.timetable.check import cost, faults
from corridor.timetable.form import Instance, Job, Resource, Step
from corridor.timetable.model import EAST, WEST
from corridor.timetable.search import search

SEARCH_SHARE: Final = 0.85
CYCLES: Final = 10  # of annealing; there is time for more than in the supervisor
TURNS_LEAST: Final = 200  # changes between two looks at the clock: about a millisecond
LATE_SHARE: Final = 0.94  # until here the bound of the tardiness, then that of the completions


@dataclass(frozen=True, slots=True)
class Plan:
    """starts: for each job, the start of each step in whole seconds; costs and bounds in seconds.

    late, late_bound   total weighted tardiness, and what it is at least
    end, end_bound     total completion time, likewise
    changes            how many changes of the order were tried
    """

    starts: dict[str, list[int]]
    late: float
    late_bound: float
    end: float
    end_bound: float
    changes: int

    @property
    def gap(self) -> float:
        """Share of the weighted tardiness that is not proven to be unavoidable."""
        return share_above(self.late, self.late_bound)

    @property
    def end_gap(self) -> float:
        """The same of the total completion time."""
        return share_above(self.end, self.end_bound)


def share_above(cost: float, bound: float) -> float:
    return (cost - bound) / cost if cost > bound else 0.0


def make_plan(instance: Instance, seed: int, used: Callable[[], float]) -> Plan:
    """Plan within a budget; `used` answers which share of it is gone.

    Raises InvariantBroken if the schedule does not pass the checker, which would be a bug.
    """
    if not instance.jobs:
        return Plan({}, 0.0, 0.0, 0.0, 0.0, 0)
    model = instance.model()
    found = search(
        model, seed, lambda: used() / SEARCH_SHARE, turns_least=TURNS_LEAST, cycles=CYCLES
    )
    ticks = found.settle()
    seconds = [int(at) // model.grid for at in ticks]
    starts = {
        name: seconds[model.first[j] : model.first[j + 1]] for j, name in enumerate(instance.jobs)
    }
    broken = faults(instance, starts)
    require(not broken, f"a plan breaks the rules: {'; '.join(broken[:3])}")
    late, end = cost(instance, starts)
    last = int((ticks + model.duration).max())
    loose = instance.model(loose=True)
    late_bound = lower_bound(
        loose, loose.weight, loose.due, reached=float(late) * model.grid, end=last,
        done=lambda: used() >= LATE_SHARE,
    )  # fmt: skip
    end_bound = lower_bound(
        loose, np.ones(model.jobs), np.zeros(model.jobs, np.int64),
        reached=float(end) * model.grid, end=last, done=lambda: used() >= 1.0,
    )  # fmt: skip
    whole = model.grid == 1
    whole_late = whole and all(float(job.weight).is_integer() for job in instance.jobs.values())
    return Plan(
        starts,
        float(late),
        rounded(late_bound, model.grid, whole=whole_late, most=float(late)),
        float(end),
        rounded(end_bound, model.grid, whole=whole, most=float(end)),
        found.changes,
    )


def rounded(ticks: float, grid: int, *, whole: bool, most: float) -> float:
    """Seconds from ticks; up to the next whole second where costs are whole."""
    return min(most, (math.ceil(ticks - 1e-6) if whole else ticks) / grid)


def warm_up() -> None:
    """Run everything once over small instances, so that every kernel is compiled: the bound to its
    end, for within a budget its last part, the phases of a section, may never begin.
    """
    way = (Step("place", 5.0), Step("section", 7.0))
    instance = Instance(
        {"place": Resource(1, None, 0.0), "section": Resource(1, 10.0, 2.0)},
        {f"{n}": Job(0.0, 5.0, 1.0, (EAST, WEST)[n % 2], way) for n in range(6)},
    )
    looks = iter(range(1_000))
    make_plan(instance, 1, lambda: next(looks) / 40)
    short = (Step("section", 2.0),)
    jobs = {f"{n}": Job(0.0, 2.0, 1.0, (EAST, WEST)[n % 2], short) for n in range(4)}
    model = Instance({"section": Resource(1, 2.0, 1.0)}, jobs).model()
    lower_bound(model, model.weight, model.due, reached=60.0, end=16, done=lambda: False)
