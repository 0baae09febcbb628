"""Peaks: by plan and first come, first served; in bursts, under a quota that is less for a day.

Requirements: SUP-046, SUP-V2 in docs/SAFETY.md.
"""

from typing import Final

import pytest

from contract.events import Event
from contract.reasons import Reason
from tests.sim.runs import Log, a_run, broken

MIDNIGHT_S: Final = 80 * 60.0  # planned_peak begins at 22:40
NS_PER_S: Final = 1_000_000_000


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


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_less_quota_holds_until_midnight_and_no_longer(seed: int) -> None:
    """SUP-V2: of sixteen 14 are left, ten per cent less in whole crossings; then there is more."""
    log = Log()
    finished = a_run("planned_peak", seed=seed, prepare=log.prepare)
    assert broken(finished) == ""
    assert finished.result["exit_code"] == 0
    left_s = [
        at_ns / NS_PER_S
        for at_ns, node, report in log.said
        if report.event is Event.CUSTODY_RECORDED
        and (node, report.fields["step"]) == ("supervisor", "EXITED")
        and report.fields["crossing"].startswith("KZ")
    ]
    assert sum(at_s < MIDNIGHT_S for at_s in left_s) == 14
    assert sum(at_s >= MIDNIGHT_S for at_s in left_s) > 5
    no = Reason.QUOTA_REACHED
    waits = [each for each in log.of(Event.VEHICLE_WAITS) if each["reason"] is no]
    assert {each["resource"] for each in waits} == {"quota/CN"}
