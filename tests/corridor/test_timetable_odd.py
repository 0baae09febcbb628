"""Plans of instances of odd shapes keep every rule, by the checker and by a second opinion.

The second opinion (`pairs_at_fault`) reads the form alone, in exact fractions: nothing of it goes
through the reader, the ticks or the checker of the product.
"""

import random
from fractions import Fraction
from typing import Any, Final

import pytest

from tests.corridor.timetables import (
    Form,
    a_form,
    a_job,
    cost,
    costs,
    faults,
    pairs_at_fault,
    planned,
    read,
)

pytestmark = pytest.mark.timeout(300)  # the first of them may have to compile the kernels

DECIMALS: Final = (0, 0, 1, 2, 3, 6)  # how fine the figures of an instance are: down to a tick
HUGE_S: Final = 10_000_000


def exactly(value: Any) -> Any:
    """The same form with every figure as the fraction that is written in the file."""
    if isinstance(value, dict):
        return {key: exactly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exactly(each) for each in value]
    return Fraction(str(value)) if isinstance(value, int | float) else value


def odd(seed: int) -> Form:
    """An instance of odd figures: each kind of oddity comes up in some of them, several at once."""
    rng = random.Random(seed)
    decimals = rng.choice(DECIMALS)

    def figure(most: float) -> float:
        kind = rng.random()
        said = 0.0 if kind < 0.15 else rng.uniform(0.0, most)
        return round(said, decimals) if decimals else int(said)

    resources: Form = {}
    for number in range(rng.choice((1, 2, 3, 8, 30))):
        if rng.random() < 0.5:
            resources[f"r{number}"] = {"capacity": rng.choice((1, 1, 2, 3, 7))}
        else:
            headway = {"headway_s": figure(20.0)} if rng.random() < 0.7 else {}
            resources[f"r{number}"] = {"turn_s": figure(60.0), **headway}
    names, far = sorted(resources), rng.choice((0, 0, 0, HUGE_S))
    jobs = []
    for number in range(rng.choice((1, 2, 5, 9, 25))):
        way = [(rng.choice(names), figure(80.0)) for _ in range(rng.choice((1, 1, 2, 4, 9)))]
        if rng.random() < 0.3:
            way += [(way[0][0], figure(80.0))] * 2
        release = figure(300.0) + far * rng.randint(0, 1)
        said: Form = {"release": release, "dir": rng.choice("EW")}
        if rng.random() < 0.7:
            said["due"] = round(release + figure(400.0), 6)
            said["weight"] = rng.choice((0, 1, 3, 0.25, round(rng.uniform(0.0, 9.0), 3)))
        jobs.append(a_job(f"v{number}", *way, **said))
    return a_form(*jobs, **resources)


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_plans_of_odd_instances_keep_every_rule_and_cost_what_they_say(first: int) -> None:
    for seed in range(first, first + 50):
        form = odd(seed)
        plan, written = planned(form, count=12, seed=seed), exactly(form)
        assert pairs_at_fault(written, plan.starts) == [], seed
        assert faults(read(form), plan.starts) == [], seed
        late, end = costs(written, plan.starts)
        assert cost(read(form), plan.starts) == pytest.approx((late, end), rel=1e-12), seed
        assert plan.late == pytest.approx(float(late), rel=1e-12), seed
        assert plan.late_bound <= plan.late, seed
        assert plan.end_bound <= plan.end, seed


def test_a_start_that_is_a_millisecond_early_is_found_by_both_checkers() -> None:
    form = a_form(a_job("a", ("r", 1.001)), a_job("b", ("r", 1)), r={"capacity": 1})
    starts = {"a": [0], "b": [1]}
    assert pairs_at_fault(exactly(form), starts) == ["r: 2 at 1"]
    assert faults(read(form), starts) == ["places: r has 1, b is one too many at 1.0"]
