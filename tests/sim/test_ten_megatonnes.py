"""The number that the corridor was announced with: a whole day and its warm-up, on five seeds."""

import pytest

from sim.run import RunOptions, run
from sim.scenario import load

ANNOUNCED_T: float = 10_000_000.0


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_ten_million_tonnes_a_year_with_bounded_queues_and_nobody_s_help(seed: int) -> None:
    """Five minutes of processor time each; the bounds are the scenario's own."""
    scenario = load("ten_megatonnes", [])
    result = run(scenario, RunOptions(seed=seed)).result
    assert [each for each in result["expectations"] if not each["passed"]] == []
    assert result["exit_code"] == 0
    assert sum(result["safety"].values()) == 0
    assert result["human_interventions"] == 0
    assert result["traffic"]["tonnes_per_year"] >= ANNOUNCED_T
