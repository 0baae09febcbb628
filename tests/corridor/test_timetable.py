"""Plans keep every rule, reach the best where it is known, and never undercut the bound."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.cli.kernel_cache import timetable_cache
from tests.corridor.timetables import (
    SECTION,
    Form,
    Plan,
    a_form,
    a_job,
    costs,
    least,
    looks,
    lower_bound,
    pairs_at_fault,
    planned,
    read,
)

with timetable_cache():
    from corridor.timetable.search import Search

pytestmark = pytest.mark.timeout(300)  # the first of them may have to compile the kernels


def bound(form: Form, plan: Plan, *, completion: bool = False) -> float:
    """What tardiness, or completion, is at least, with as much time as it takes."""
    model = read(form).model()
    weight, due, reached = model.weight, model.due, plan.late
    if completion:
        weight, due, reached = np.ones(model.jobs), np.zeros(model.jobs, np.int64), plan.end
    return lower_bound(model, weight, due, reached=reached, end=1_000, done=lambda: False)


with_lengths = st.integers(0, 60)


@st.composite
def forms(draw: st.DrawFn, jobs: int = 12, steps: int = 4) -> Form:
    """Any instance: several sections, several places, jobs that come twice."""
    resources: Form = {}
    for number in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            turn, headway = draw(st.integers(0, 40)), draw(st.integers(0, 12))
            resources[f"r{number}"] = {"capacity": 1, "turn_s": turn, "headway_s": headway}
        else:
            resources[f"r{number}"] = {"capacity": draw(st.integers(1, 3))}
    rows = []
    for number in range(draw(st.integers(1, jobs))):
        way = draw(
            st.lists(st.tuples(st.sampled_from(sorted(resources)), with_lengths), min_size=1,
                     max_size=steps)
        )  # fmt: skip
        said: dict[str, Any] = {"release": draw(st.integers(0, 200))}
        said["dir"] = draw(st.sampled_from("EW"))
        if draw(st.booleans()):
            said["due"] = draw(st.integers(0, 300))
            said["weight"] = draw(st.integers(0, 5))
        rows.append(a_job(f"v{number}", *way, **said))
    return a_form(*rows, **resources)


@given(forms())
@settings(max_examples=60)
def test_a_plan_keeps_every_rule_and_its_bounds(form: Form) -> None:
    plan = planned(form, count=15)
    assert list(plan.starts) == [job["id"] for job in form["jobs"]]
    assert pairs_at_fault(form, plan.starts) == []
    assert (plan.late, plan.end) == costs(form, plan.starts)
    assert plan.late_bound <= plan.late
    assert plan.end_bound <= plan.end


def tiny(seed: int) -> Form:
    """Three or four jobs that meet on one section or two, between places before and behind it."""
    rng = random.Random(seed)
    kinds = [{"capacity": 1}, {"capacity": 2}, {**SECTION, "turn_s": rng.randint(1, 30)}]
    resources = {"gate": kinds[0], "scan": kinds[1], "bridge": kinds[2], "pass": SECTION}
    ways = (("scan", "bridge"), ("bridge", "gate"), ("bridge", "pass"), ("gate", "bridge", "gate"))
    jobs, steps = [], 0
    for number in range(4):
        side = rng.choice("EW")
        way = rng.choice(ways)
        if steps + len(way) > 9:
            break
        steps += len(way)
        lengths = [(name, rng.randint(5, 40)) for name in (way if side == "E" else way[::-1])]
        due = rng.randint(20, 120)
        said = {"due": due, "weight": rng.randint(1, 4)} if rng.random() < 0.8 else {}
        jobs.append(a_job(f"v{number}", *lengths, dir=side, release=rng.randint(0, 60), **said))
    return a_form(*jobs, **resources)


@pytest.mark.parametrize("seed", range(25))
def test_a_tiny_plan_is_the_best_there_is(seed: int) -> None:
    form = tiny(seed)
    plan, best = planned(form), least(form)
    assert (plan.late, plan.end) == best
    worse = replace(plan, late=plan.late + 100.0, end=plan.end + 100.0)  # bounds stop at the plan's
    assert bound(form, worse) <= best[0]
    assert bound(form, worse, completion=True) <= best[1]


def test_a_section_waits_idle_for_a_convoy_that_is_worth_it() -> None:
    """W could go at once; the heavy E arrives 5 s later and would then be 50 s late."""
    form = a_form(
        a_job("w", ("bridge", 30), dir="W"),
        a_job("e", ("bridge", 30), release=5, due=35, weight=10),
        bridge=SECTION,
    )
    assert planned(form).starts == {"w": [55], "e": [5]}


def test_followers_go_together() -> None:
    """Two of each direction, released alternately: two phases, not four."""
    form = a_form(
        *(a_job(f"{d}{n}", ("bridge", 30), dir=d, due=40, release=n) for n in (0, 1) for d in "EW"),
        bridge={**SECTION, "turn_s": 100},
    )
    starts = planned(form).starts
    sides = [name[0] for name in sorted(starts, key=starts.__getitem__)]
    assert sides in (["E", "E", "W", "W"], ["W", "W", "E", "E"])


def test_a_faster_follower_does_not_overtake() -> None:
    form = a_form(a_job("slow", ("bridge", 50)), a_job("fast", ("bridge", 10), release=1, due=0),
                  bridge=SECTION)  # fmt: skip
    starts = planned(form).starts
    assert starts["fast"][0] + 10 >= starts["slow"][0] + 50 or starts["fast"] < starts["slow"]
    assert pairs_at_fault(form, starts) == []


def test_who_enters_in_the_same_second_leaves_in_the_same_second() -> None:
    bridge = {"turn_s": 10}
    form = a_form(a_job("a", ("bridge", 50)), a_job("b", ("bridge", 30)), bridge=bridge)
    assert planned(form).starts == {"a": [1], "b": [0]}
    form = a_form(a_job("a", ("bridge", 30)), a_job("b", ("bridge", 30)), bridge=bridge)
    assert planned(form).starts == {"a": [0], "b": [0]}


def test_tardiness_comes_before_completion() -> None:
    """The long one is due: it goes first although that costs more in all."""
    form = a_form(a_job("long", ("gate", 50), due=50), a_job("short", ("gate", 1)),
                  gate={"capacity": 1})  # fmt: skip
    plan = planned(form)
    assert plan.starts == {"long": [0], "short": [50]}
    assert (plan.late, plan.end) == (0, 101)


def test_starts_are_whole_seconds_and_costs_exact() -> None:
    form = a_form(
        a_job("a", ("gate", 1.5), ("scan", 2.25), release=0.5),
        a_job("b", ("gate", 1.5), due=4.25, weight=0.5),
        gate={"capacity": 1}, scan={"capacity": 1},
    )  # fmt: skip
    plan = planned(form)
    assert plan.starts == {"a": [2, 4], "b": [0]}
    assert (plan.late, plan.end) == (0, 1.5 + 6.25)


def test_figures_finer_than_a_tick_keep_bound_and_rules_true() -> None:
    jobs = [a_job(f"v{n}", ("gate", 1.000_000_4), release=0.999_999_9, due=2) for n in range(4)]
    plan = planned(a_form(*jobs, gate={"capacity": 1}))
    assert sorted(plan.starts.values()) == [[1], [3], [5], [7]]
    assert plan.late_bound <= plan.late


def test_the_bound_sees_the_turns_of_a_section() -> None:
    """Ten each way, due at once. Without turning all could be over after 20 * 20 + 60 s."""
    jobs = [a_job(f"{d}{n}", ("bridge", 60), dir=d, due=100) for n in range(10) for d in "EW"]
    form = a_form(*jobs, bridge={**SECTION, "turn_s": 120, "headway_s": 20})
    plan = planned(form)
    turning = bound(form, plan)
    form["resources"]["bridge"]["turn_s"] = 0
    assert 0.9 * plan.late < turning <= plan.late
    assert bound(form, plan) < 0.8 * turning


def test_the_bound_sees_the_places_of_a_resource() -> None:
    """Twelve of 10 s on two places, due at once: ends at 10, 10, 20, 20, ..."""
    form = a_form(*(a_job(f"v{n}", ("scan", 10), due=0) for n in range(12)), scan={"capacity": 2})
    plan = planned(form)
    assert plan.late == 2 * (10 + 20 + 30 + 40 + 50 + 60)
    assert 0.9 * plan.late < bound(form, plan) <= plan.late


def test_no_jobs_make_an_empty_plan() -> None:
    plan = planned({"resources": {}, "jobs": []})
    assert (plan.starts, plan.late, plan.end, plan.gap) == ({}, 0.0, 0.0, 0.0)


def test_the_same_seed_and_looks_give_the_same_plan() -> None:
    rng = random.Random(4)
    jobs = [
        a_job(f"v{n}", ("scan", rng.randint(5, 30)), ("bridge", 30), dir=rng.choice("EW"),
              release=10 * n, due=10 * n + 90)
        for n in range(30)
    ]  # fmt: skip
    form = a_form(*jobs, scan={"capacity": 2}, bridge=SECTION)
    first, second = planned(form, seed=7), planned(form, seed=7)
    assert first == second
    assert first.changes > 1_000


def test_a_used_up_budget_still_gives_a_plan() -> None:
    form = a_form(a_job("a", ("bridge", 9)), a_job("b", ("bridge", 9), dir="W"), bridge=SECTION)
    assert pairs_at_fault(form, planned(form, count=1).starts) == []
    assert looks(1)() == 0.0
    assert read(form).jobs.keys() == {"a", "b"}


def a_day(seed: int) -> Form:
    """Sixty convoys over a road with room for all, a scanner and a section, seldom in a hurry."""
    rng, now, jobs = random.Random(seed), 0, []
    for number in range(60):
        now += rng.randint(0, 100)
        way = [("road", rng.randint(0, 90)), ("scan", rng.randint(5, 60)), ("road", 5)]
        way += [("bridge", rng.randint(20, 40)), ("scan", rng.randint(0, 30))]
        due = now + rng.randint(100, 400)
        jobs.append(a_job(f"v{number}", *way, release=now, due=due, dir=rng.choice("EW")))
    return a_form(*jobs, road={"capacity": 60}, scan={"capacity": 2}, bridge=SECTION)


@pytest.mark.parametrize("seed", range(4))
def test_what_a_change_costs_is_what_its_whole_schedule_costs(seed: int) -> None:
    """Changes are judged only up to where the schedule is again what it was."""
    model = read(a_day(seed)).model()
    tried = Search(model, seed)
    tried.judge(tried.best)
    for _ in range(20):
        tried.improve(0.0, 500)
        whole = Search(model, seed).judge(tried.best)
        assert (whole.late, whole.end) == (tried.best_sums.late, tried.best_sums.end)
