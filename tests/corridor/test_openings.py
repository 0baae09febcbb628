"""What is closed is in the plan: who cannot pass before it opens is planned to come when it does.

Requirements: SUP-049 in docs/SAFETY.md.
"""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.document_pb2 import DIRECTION_WEST
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_PLACE,
    OPERATOR_VERB_STOP,
    STOP_SCOPE_SECTION,
    STOP_SCOPE_SIDE,
    STOP_SCOPE_VEHICLE,
)
from corridor.hours import SideHours
from corridor.openings import CLOSED_MS_MIN
from corridor.timetable.settings import TimetableConfig
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_closures import closed, opened
from tests.corridor.test_hours import utc
from tests.corridor.test_scheduling import load
from tests.corridor.test_weather import FINE, HOLD_MS, STORM, measured
from tests.factories import TRUCKS, reports

A, B, _ = TRUCKS
pytestmark = pytest.mark.timeout(300)  # the first of them may have to compile the kernels
CLOSED_S = CLOSED_MS_MIN // 1_000


def a_control(**changes: Any) -> Control:
    """One truck is on its way and another one is ready, as far as the lane has room."""
    every_ms = changes.pop("every_ms", 60_000)
    plan = TimetableConfig(least_ms=1_000, most_ms=every_ms, lane_trucks=1)
    values: dict[str, Any] = {"timetable": plan, "weather_hold_ms": HOLD_MS}
    sides = {country: SideHours(**each) for country, each in changes.pop("hours", {}).items()}
    values["hours"] = sides
    control = Control(settings=values, **changes).under_way(A)
    load(control, B)
    return control


def enters_s(control: Control, place: str = "boundary", truck: str = A) -> int:
    """When a truck is planned to be at a place, in seconds from the newest plan."""
    control.pass_time(3)
    timetable = control.agent._planners.timetable
    assert timetable is not None
    return timetable.newest.at_s[CROSSINGS[truck]][place]


def test_truck_is_planned_to_come_when_a_closed_section_opens_and_at_once_after_it() -> None:
    """SUP-049: it lasts as long again as it has, and ten minutes at least."""
    control = a_control()
    before_s = enters_s(control)
    assert before_s < CLOSED_S - 60
    closed(control)
    assert CLOSED_S <= enters_s(control) <= CLOSED_S + 5
    assert enters_s(control, truck=B) > CLOSED_S
    control.at_ms += 2_000_000.0
    assert enters_s(control) >= 2_000
    assert opened(control).accepted
    assert enters_s(control) <= before_s + 5


def test_what_is_closed_is_planned_anew_without_anybody_else_coming() -> None:
    """SUP-049: not only when the next plan is due."""
    control = a_control()
    control.pass_time(5)
    made = len(reports(control.said, Event.TIMETABLE_MADE))
    control.pass_time(5)
    assert len(reports(control.said, Event.TIMETABLE_MADE)) == made
    closed(control)
    control.pass_time(3)
    assert len(reports(control.said, Event.TIMETABLE_MADE)) == made + 1


def test_section_that_is_closed_to_others_changes_nothing() -> None:
    """SUP-049: by its scope."""
    control = a_control()
    before_s = enters_s(control)
    closed(control, direction=DIRECTION_WEST)
    assert enters_s(control) <= before_s


def test_truck_at_its_berth_that_has_a_way_round_is_not_kept() -> None:
    """SUP-049: it is planned over the other lane; over none if both are closed."""
    control = a_control(map_name="crossovers")
    closed(control, "boundary_e")
    control.pass_time(3)
    timetable = control.agent._planners.timetable
    assert timetable is not None
    late = timetable.newest.at_s[CROSSINGS[B]]
    assert late["boundary_w"] < CLOSED_S
    assert "boundary_e" not in late
    closed(control, "boundary_w", stop_id="more works")
    control.pass_time(3)
    assert timetable.newest.at_s[CROSSINGS[B]]["boundary_e"] >= CLOSED_S


def test_weather_that_is_closed_opens_when_better_has_held() -> None:
    """SUP-049: a whole hold from now on while it is bad, then the rest of it."""
    control = a_control(every_ms=1_000)
    before_s = enters_s(control)
    measured(control, STORM)
    assert HOLD_MS // 1_000 - 1 <= enters_s(control) - before_s <= HOLD_MS // 1_000 + 5
    measured(control, FINE)
    control.pass_time(30)
    assert 20 <= enters_s(control) - before_s <= 30
    control.pass_time(40)
    assert enters_s(control) <= before_s + 2


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (STOP_SCOPE_SECTION, {"zones": ("boundary",)}),
        (STOP_SCOPE_SIDE, {"target": "CN"}),
        (STOP_SCOPE_VEHICLE, {"target": A}),
    ],
)
def test_stop_that_is_in_force_is_in_the_plan(scope: Any, said: dict[str, Any]) -> None:
    """SUP-049."""
    control = a_control()
    control.command(OPERATOR_VERB_STOP, scope=scope, **said)
    assert enters_s(control, "cn_in") >= CLOSED_S


def test_scale_that_is_closed_is_in_the_plan() -> None:
    """SUP-049: whoever has it before him comes to it later."""
    control = a_control()
    control.command(OPERATOR_VERB_CLOSE_PLACE, target="kz_weigh_e")
    assert enters_s(control, "kz_out") >= CLOSED_S


def test_truck_is_planned_to_be_at_its_gate_when_both_sides_are_open_for_long_enough() -> None:
    """SUP-049: China closes in two minutes, and opens in an hour."""
    hours = {"CN": {"opens": "14:00", "closes": "13:02"}}
    control = a_control(hours=hours, at_ms=utc(13.0))
    left_s = round(utc(14.0) - control.at_ms) // 1_000
    assert abs(enters_s(control, "kz_out") - left_s) <= 5


def test_hours_that_never_overlap_are_given_up() -> None:
    """SUP-049: a plan is made all the same."""
    hours = {
        "KZ": {"opens": "08:00", "closes": "09:00"},
        "CN": {"opens": "20:00", "closes": "21:00"},
    }
    control = a_control(hours=hours, at_ms=utc(8.5))
    assert enters_s(control, "kz_out") > 3 * 86_400
