"""The horizon: whoever is ready, expected or on the way, as one instance of the plan form, planned.

Pure. Gates, stations and boundary section together: each crossing is a job whose steps are its
drives and stops in order. The search is the same as of `convoy-corridor plan`, with a budget that
is counted in rounds, so that the same state gives the same plan. What comes out is an order - who
goes first at each place - and the times by which it was found; execution keeps the order. A plan
that does not pass the checker (check.py) is none. Not here: who comes, and when (scheduling.py),
what is done with the order (dispatch.py, token.py), right of way (interlocking.py).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from corridor.timetable.check import cost, faults
from corridor.timetable.form import DIRECTIONS, Instance, Job, Resource, Step
from corridor.timetable.search import search
from corridor.timetable.settings import ROAD, Leg

SEED: Final = 1
PLACES: Final = 100_000  # as many as anybody can be on: no limit

Starts = dict[str, list[int]]
Solve = Callable[[Instance, int], Starts]


@dataclass(frozen=True, slots=True)
class Coming:
    """One crossing as the timetable sees it; seconds from the beginning of the plan.

    due_s   may be past already
    """

    crossing: str
    direction: str
    release_s: int
    due_s: int
    weight: float
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch in which trucks follow each other: how far apart, and what it takes to turn it."""

    headway_s: int
    turn_s: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """A plan that has passed the checker.

    turn    crossing -> its place in the order of setting off, which is that at the first place
    at_s    crossing -> when it enters each place
    late_s  total weighted tardiness
    """

    turn: dict[str, int] = field(default_factory=dict)
    at_s: dict[str, dict[str, int]] = field(default_factory=dict)
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Faulty:
    """A plan that breaks a rule, and which."""

    fault: str


def instance_of(coming: Sequence[Coming], sections: Mapping[str, Section]) -> Instance:
    """The same in the form of `convoy-corridor plan`."""
    resources = {ROAD: Resource(PLACES, None, 0.0)}
    for each in coming:
        for leg in each.legs:
            section = sections.get(leg.place)
            if leg.place not in resources:
                resources[leg.place] = (
                    Resource(1, None, 0.0)
                    if section is None
                    else Resource(1, float(section.turn_s), float(section.headway_s))
                )
    jobs = {
        each.crossing: Job(
            float(each.release_s),
            float(each.due_s),
            each.weight,
            DIRECTIONS[each.direction],
            tuple(Step(leg.place, float(leg.seconds)) for leg in each.legs),
        )
        for each in coming
    }
    return Instance(resources, jobs)


def solve(instance: Instance, rounds: int) -> Starts:
    """The best schedule of so many looks."""
    model = instance.model()
    looks = itertools.count()
    found = search(model, SEED, lambda: next(looks) / rounds)
    starts = (found.settle() // model.grid).tolist()
    return {
        name: starts[model.first[j] : model.first[j + 1]] for j, name in enumerate(instance.jobs)
    }


def first_s(coming: Coming, starts: Sequence[int]) -> int:
    """When it takes the first place that others want too: on the road there is room for all, and
    the plan has everybody leave at once and wait before that place.
    """
    places = (at for leg, at in zip(coming.legs, starts, strict=True) if leg.place != ROAD)
    return next(places, starts[0])


def planned(
    coming: Sequence[Coming],
    sections: Mapping[str, Section],
    rounds: int,
    by: Solve = solve,
) -> Timetable | Faulty:
    """A timetable of everybody who comes; `by` is what searches."""
    if not coming:
        return Timetable()
    instance = instance_of(coming, sections)
    starts = by(instance, rounds)
    broken = faults(instance, starts)
    if broken:
        return Faulty(broken[0])
    order = sorted(coming, key=lambda each: (first_s(each, starts[each.crossing]), each.crossing))
    at_s = {
        each.crossing: {
            leg.place: at
            for leg, at in zip(each.legs, starts[each.crossing], strict=True)
            if leg.place != ROAD
        }
        for each in coming
    }
    late, _ = cost(instance, starts)
    turn = {each.crossing: place for place, each in enumerate(order)}
    return Timetable(turn, at_s, float(late))
