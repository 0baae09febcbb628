"""The checker passes a schedule that keeps the rules and finds each way to break one."""

from fractions import Fraction

import pytest

from tests.corridor.timetables import SECTION, a_form, a_job, cost, faults, read

FORM = a_form(
    a_job("e1", ("scan", 10), ("bridge", 30), release=5),
    a_job("e2", ("scan", 10), ("bridge", 30), due=40, weight=1.5),
    a_job("e3", ("scan", 10), ("bridge", 20)),
    a_job("w1", ("bridge", 30), ("scan", 0), dir="W", due=140),
    scan={"capacity": 2},
    bridge=SECTION,
)
GOOD = {"e1": [5, 15], "e2": [0, 11], "e3": [10, 25], "w1": [65, 95]}


def test_a_good_schedule_passes() -> None:
    assert faults(read(FORM), GOOD) == []


@pytest.mark.parametrize(
    ("job", "starts", "said"),
    [
        ("e1", [4, 15], "release: e1 begins step 0 at 4, before 5.0"),
        ("e1", [5, 14], "order: e1 begins step 1 at 14, before 15.0"),
        ("e3", [6, 25], "places: scan has 2, e3 is one too many at 6.0"),
        ("w1", [65, 100], ""),
        ("e3", [10, 18], "headway: bridge: e3 at 18.0, behind one at 15.0"),
        ("e3", [10, 24], "overtaking: bridge: e3 at 24.0 leaves at 44.0, another at 45.0"),
        ("e2", [0, 14], "headway: bridge: e1 at 15.0, behind one at 14.0"),
        ("w1", [64, 95], "turn: bridge: w1 at 64.0, the other direction left at 45.0"),
        ("w1", [0, 95], "turn: bridge: e2 at 11.0, the other direction left at 30.0"),
        ("w1", [65], "w1: 1 starts for 2 steps"),
        ("w1", [65.5, 95], "w1: step 0 begins at 65.5, no whole second"),
        ("w1", [True, 95], "w1: step 0 begins at True, no whole second"),
        ("w2", [65, 95], "w2: no job of the instance"),
    ],
)
def test_a_broken_rule_is_found(job: str, starts: list[int], said: str) -> None:
    found = faults(read(FORM), {**GOOD, job: starts})
    assert (said in found) if said else (found == []), found


def test_a_step_of_no_length_needs_a_place_inside_others() -> None:
    form = a_form(a_job("a", ("gate", 10)), a_job("b", ("gate", 0)), gate={"capacity": 1})
    assert faults(read(form), {"a": [0], "b": [10]}) == []
    assert faults(read(form), {"a": [0], "b": [0]}) == []
    assert faults(read(form), {"a": [0], "b": [5]}) == [
        "places: gate has 1, b is one too many at 5.0"
    ]


def test_the_same_second_in_and_another_out_is_found() -> None:
    form = a_form(a_job("a", ("b", 10)), a_job("c", ("b", 12)), b={"turn_s": 0})
    assert faults(read(form), {"a": [0], "c": [0]}) == [
        "overtaking: b: c at 0.0 leaves at 12.0, another at 10.0"
    ]


def test_costs_are_exact() -> None:
    assert cost(read(FORM), GOOD) == (Fraction(3, 2), 45 + 41 + 45 + 95)
