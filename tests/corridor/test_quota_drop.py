"""Quotas that are less on some days, and what the timetable asks of hours and quotas."""

from datetime import date, timedelta
from typing import Any

import pytest

from corridor.hours import SideHours
from corridor.timetable.settings import TimetableConfig
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_hours import NOON, a_control, at_line, reason, utc
from tests.factories import START_UTC_MS, TRUCKS


@pytest.mark.parametrize(("day", "quota"), [(-1, 100), (0, 88), (2, 88), (3, 100)])
def test_quota_is_less_for_some_days(day: int, quota: int) -> None:
    """SUP-V2: by 12 %, whole crossings; the days before and after have all of it."""
    first = (date(1970, 1, 1) + timedelta(days=NOON)).isoformat()
    drop: dict[str, Any] = {"quota_drop": 0.12, "quota_drop_from": first, "quota_drop_days": 3}
    side = SideHours(quota_out=100, quota_in=50, **drop)
    assert side.quota(NOON + day, out=True) == quota
    assert side.quota(NOON + day, out=False) == quota // 2
    assert SideHours(quota_in=50, **drop).quota(NOON, out=True) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quota_drop_from": "2026-02-31"}, "quota_drop_from = '2026-02-31': expected a day that"),
        ({"quota_drop": 0.1}, "quota_drop = 0.1: expected quota_drop_from beside it"),
        ({"quota_drop_from": "2026-03-03"}, "quota_drop_from = '2026-03-03': expected quota_drop"),
        ({"quota_drop_days": 3}, "quota_drop_days = 3: expected quota_drop above 0"),
        (
            {"quota_drop": 0.1, "quota_drop_from": "2026-03-03", "quota_out": None},
            "quota_drop = 0.1: expected quota_out or quota_in beside it",
        ),
    ],
)
def test_drop_that_would_be_none_is_refused_by_its_key(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        SideHours(**({"quota_out": 100} | given))


def test_timetable_knows_when_hours_and_quota_let_one_more_go() -> None:
    closed = a_control(utc(5.0), KZ={"opens": "07:00", "closes": "19:00"}).accounted()
    closed.wake(0.0)
    hours = closed.agent._people.hours
    assert hours.earliest_ms("E", 0) == START_UTC_MS + utc(7.0)
    assert hours.earliest_ms("W", 0) == 0
    full = a_control(utc(13.0), KZ={"quota_out": 2}).accounted()
    full.wake(0.0)
    hours = full.agent._people.hours
    assert hours.earliest_ms("E", 1) == 0
    assert hours.earliest_ms("E", 2) == START_UTC_MS + utc(24.0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("drop", "let_off"), [(0.0, 3), (0.06, 2), (0.12, 2)])
def test_quota_that_is_less_by_6_to_12_percent_is_in_the_plan_and_in_the_refusal(
    drop: float, let_off: int
) -> None:
    """SUP-V3, SUP-049: of three trucks the last is planned for the next day, and is told why."""
    first = (date(1970, 1, 1) + timedelta(days=NOON)).isoformat()
    side = SideHours(quota_in=3)
    if drop:
        side = SideHours(quota_in=3, quota_drop=drop, quota_drop_from=first, quota_drop_days=2)
    timetable = TimetableConfig(least_ms=1_000)
    control = Control(settings={"hours": {"CN": side}, "timetable": timetable}, at_ms=utc(13.0))
    control.under_way(*TRUCKS)
    for truck in TRUCKS[:2]:
        at_line(control, truck)
    control.pass_time(3)
    planned = control.agent._planners.timetable
    assert planned is not None
    next_day_s = round(utc(24.0) - control.at_ms) // 1_000
    waits = [t for t in TRUCKS if reason(control, t) == "QUOTA_REACHED"]
    at_s = planned.newest.at_s
    late = [t for t in TRUCKS if at_s[CROSSINGS[t]].get("kz_out", 0) >= next_day_s]
    assert waits == late == list(TRUCKS[let_off:])
    for truck in waits:
        wait = control.agent.state.waits[truck]
        assert (wait.resource, wait.holder) == ("quota/CN", "office CN")
        assert "the next day" in wait.lifts
