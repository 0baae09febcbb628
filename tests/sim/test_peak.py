"""A peak by plan and first come, first served: less weighted tardiness, less time on the road.

Requirements: SUP-046 in docs/SAFETY.md.
"""

import pytest

from tests.sim.runs import a_run, broken


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_peak_is_late_by_less_and_waits_parked_by_plan(seed: int) -> None:
    """SUP-046: the same loads, storm and trucks."""
    plan = a_run("peak_week", seed=seed)
    rule = a_run("peak_week", "timetable.on=false", seed=seed)
    assert broken(plan) == broken(rule) == ""
    by_plan, by_rule = plan.result["timetable"], rule.result["timetable"]
    assert by_plan["weighted_tardiness_s"] < 0.97 * by_rule["weighted_tardiness_s"]
    assert by_plan["lane_mean_s"] < 0.8 * by_rule["lane_mean_s"]
    crossed = [each.result["traffic"]["loaded_crossings"] for each in (plan, rule)]
    assert crossed[0] >= crossed[1]
    assert plan.result["exit_code"] == 0
    assert rule.result["exit_code"] == 1
