"""What a run cost is said by part, and the parts are the whole."""

import pytest

from contract.agent import Role
from sim.parts import PARTS, PHYSICS, SIMULATOR, Parts
from sim.run import RunOptions, run
from sim.scenario import load


def test_each_moment_is_charged_to_one_part_and_to_the_innermost() -> None:
    times_s = iter((0.0, 5.0, 6.0, 8.0, 11.0, 15.0))
    parts = Parts(lambda: next(times_s))
    parts.begin()  # at 5 s: what went before counts for nobody
    outer = parts.turn("gate")  # at 6 s
    inner = parts.turn("vehicle")  # at 8 s
    assert (outer, inner) == (SIMULATOR, "gate")
    assert parts.turn(inner) == "vehicle"  # at 11 s
    spent = parts.seconds  # at 15 s
    assert (spent[SIMULATOR], spent["gate"], spent["vehicle"]) == (1.0, 6.0, 3.0)
    assert sum(spent.values()) == 10.0


def test_run_says_what_each_part_took_and_they_sum_to_the_whole() -> None:
    performance = run(load("smoke", []), RunOptions()).result["performance"]
    spent = performance["parts_s"]
    assert tuple(spent) == PARTS
    busy = (PHYSICS, SIMULATOR, *(role.value for role in Role if role is not Role.OPERATOR))
    assert all(spent[part] > 0.0 for part in busy)
    assert sum(spent.values()) == pytest.approx(performance["wall_s"], rel=0.05, abs=0.05)
