"""The rolling timetable: order, metering, the turn of a section; and no harm from a wrong plan.

Requirements: SUP-046 in docs/SAFETY.md.
"""

import random
from typing import Any

import pytest

from contract.events import Event
from contract.reasons import Reason
from corridor.cli.kernel_cache import timetable_cache
from corridor.timetable.settings import ROAD, Leg, TimetableConfig, weight_of
from tests.corridor.control import CROSSINGS, Control
from tests.factories import TRUCKS, reports

with timetable_cache():
    from corridor.timetable.check import faults
    from corridor.timetable.form import Instance
    from corridor.timetable.horizon import (
        Coming,
        Faulty,
        Section,
        Timetable,
        instance_of,
        planned,
        solve,
    )

pytestmark = pytest.mark.timeout(300)  # the first of them may have to compile the kernels

A, B, C = TRUCKS
SECTIONS = {"bridge": Section(15, 10)}


def coming(name: str, direction: str = "E", **changes: Any) -> Coming:
    near, far = ("kz", "cn") if direction == "E" else ("cn", "kz")
    legs = [Leg(ROAD, 100), Leg(f"{near}_scale", 60), Leg(f"{near}_out", 30), Leg(ROAD, 20)]
    legs += [Leg("bridge", 40), Leg(f"{far}_in", 30), Leg(ROAD, 90)]
    values: dict[str, Any] = {"release_s": 0, "due_s": 600, "weight": 1.0, "legs": tuple(legs)}
    return Coming(name, direction, **(values | changes))


@pytest.mark.parametrize("seed", range(4))
def test_every_plan_passes_the_checker_and_is_the_same_again(seed: int) -> None:
    """SUP-046: release, order, places, headway, no overtaking, emptiness before turning."""
    rng = random.Random(seed)
    many = [
        coming(
            f"c{n}", rng.choice("EW"), release_s=rng.randint(0, 900),
            due_s=rng.randint(-300, 2_000), weight=rng.choice((0.5, 1.0, 4.0)),
        )
        for n in range(rng.randint(2, 24))
    ]  # fmt: skip
    made = planned(many, SECTIONS, 24)
    assert isinstance(made, Timetable)
    instance = instance_of(many, SECTIONS)
    assert faults(instance, solve(instance, 24)) == []
    assert sorted(made.turn.values()) == list(range(len(many)))
    assert planned(many, SECTIONS, 24) == made


def test_what_spoils_goes_first_when_all_are_late() -> None:
    many = [coming(f"c{n}", due_s=0) for n in range(5)]
    many.append(coming("fruit", due_s=0, weight=weight_of(
        loaded=True, perishable=True, trusted=False, batched=False)))  # fmt: skip
    made = planned(many, SECTIONS, 200)
    assert isinstance(made, Timetable)
    assert made.turn["fruit"] == 0


def test_plan_that_breaks_a_rule_is_none() -> None:
    """SUP-046."""

    def at_once(instance: Instance, rounds: int) -> dict[str, list[int]]:
        return {name: [0] * len(job.steps) for name, job in instance.jobs.items()}

    made = planned([coming("a"), coming("b")], SECTIONS, 24, by=at_once)
    assert isinstance(made, Faulty)
    assert "begins step 1" in made.fault


# --- in the supervisor ---


def a_control(**changes: int) -> Control:
    return Control(settings={"timetable": TimetableConfig(**changes)})


def missions(control: Control) -> list[str]:
    """Trucks in the order in which they were sent off."""
    return [each["vehicle"] for each in reports(control.said, Event.MISSION_GIVEN)]


def load(control: Control, truck: str, **changes: Any) -> None:
    control.notice(truck, **changes)
    control.release("KZ", truck)
    control.release("CN", truck)
    control.loaded(truck)


def test_others_wait_parked_while_the_lane_has_its_trucks() -> None:
    """SUP-046: metered from the yard, with the reason and who is in the way."""
    control = a_control(lane_trucks=1).cleared(A, B)
    assert missions(control) == [A]
    wait = control.agent.state.waits[B]
    assert (wait.reason, wait.resource, wait.holder) == (Reason.LANE_TAKEN, "kz_out", A)


def test_who_is_ready_later_goes_first_if_its_load_spoils() -> None:
    control = a_control(lane_trucks=1, due_ms=1_000, due_perishable_ms=500, least_ms=1_000)
    control.under_way(A)
    load(control, B)
    control.pass_time(1)
    load(control, C, perishable=True)
    control.pass_time(3)
    turns = control.agent._dispatch._timetable
    assert turns is not None
    assert turns.newest.turn[CROSSINGS[C]] < turns.newest.turn[CROSSINGS[B]]
    crossings = control.agent.state.crossings
    order = sorted((crossings[CROSSINGS[B]], crossings[CROSSINGS[C]]), key=turns.turn)
    assert [each.vehicle for each in order] == [C, B]


def test_who_has_waited_too_long_goes_first_whatever_the_plan_says() -> None:
    """SUP-046: fairness has a bound."""
    control = a_control(lane_trucks=1, least_ms=1_000, longest_ms=60_000)
    control.under_way(A)
    load(control, B)
    control.pass_time(61)
    load(control, C, perishable=True)
    control.pass_time(2)
    turns = control.agent._dispatch._timetable
    assert turns is not None
    crossings = control.agent.state.crossings
    order = sorted((crossings[CROSSINGS[C]], crossings[CROSSINGS[B]]), key=turns.turn)
    assert [each.vehicle for each in order] == [B, C]


def test_supervisor_with_a_faulty_plan_goes_on_first_come_first_served() -> None:
    """SUP-046: planted; a wrong plan can only delay."""
    control = a_control()
    turns = control.agent._dispatch._timetable
    assert turns is not None
    turns._by = lambda instance, rounds: {}
    control.cleared(A, B)
    assert missions(control) == [A, B]
    assert "0 starts" in reports(control.said, Event.TIMETABLE_REFUSED)[0]["fault"]


def test_plan_is_made_anew_on_change_and_not_more_often_than_it_may() -> None:
    control = a_control(least_ms=10_000, most_ms=60_000).under_way(A)
    made = len(reports(control.said, Event.TIMETABLE_MADE))
    control.pass_time(9)
    assert len(reports(control.said, Event.TIMETABLE_MADE)) <= made + 1
    control.pass_time(130)
    assert made + 2 <= len(reports(control.said, Event.TIMETABLE_MADE)) <= made + 14
