"""Weather: levels by the table, worse at once, better after a hold, and what each level forbids."""

import pytest

from contract.events import Event
from contract.v1.people_pb2 import WeatherReport
from corridor.weather import LEVELS, Measured, level_of
from tests.corridor.control import Control
from tests.factories import reports

HOLD_MS = 60_000
FINE = (700, 500_000, 0)
SNOW = (250, 150_000, 9_000)
ICE = (120, 40_000, 10_000)
STORM = (120, 10_000, 26_000)


def measured(control: Control, weather: tuple[int, int, int]) -> None:
    friction, sight, wind = weather
    report = WeatherReport(friction_permille=friction, sight_mm=sight, wind_mmps=wind)
    control.hear("control-room", report)


def a_control(*weather: tuple[int, int, int]) -> Control:
    control = Control(settings={"weather_hold_ms": HOLD_MS})
    for each in weather:
        measured(control, each)
    return control


def levels(control: Control) -> list[str]:
    return [each["level"] for each in reports(control.said, Event.WEATHER_CHANGED)]


@pytest.mark.parametrize(
    ("weather", "level"),
    [
        (FINE, "normal"),
        ((350, 200_000, 14_000), "normal"),
        ((349, 200_000, 14_000), "reduced"),
        ((350, 199_999, 14_000), "reduced"),
        ((350, 200_000, 14_001), "reduced"),
        ((200, 50_000, 20_000), "reduced"),
        ((199, 50_000, 20_000), "minimum"),
        ((100, 20_000, 24_000), "minimum"),
        ((99, 20_000, 24_000), "closed"),
        ((100, 19_999, 24_000), "closed"),
        ((100, 20_000, 24_001), "closed"),
        ((0, 0, 0), "closed"),
    ],
)
def test_worst_of_friction_sight_and_wind_makes_the_level(
    weather: tuple[int, int, int], level: str
) -> None:
    """SUP-030."""
    assert level_of(Measured(*weather)).name == level


def test_worse_weather_counts_at_once_and_better_when_it_has_held() -> None:
    """SUP-030."""
    control = a_control(FINE, ICE)
    assert levels(control) == ["normal", "minimum"]
    control.pass_time(10)
    measured(control, FINE)
    control.pass_time(HOLD_MS // 1000 - 2)
    assert levels(control) == ["normal", "minimum"]
    control.pass_time(4)
    assert levels(control) == ["normal", "minimum", "normal"]


def test_weather_that_is_better_only_for_a_while_is_not_better() -> None:
    """SUP-030: the hold begins anew, and what was worst in it counts."""
    control = a_control(ICE, FINE)
    control.pass_time(HOLD_MS // 1000 - 5)
    measured(control, SNOW)
    control.pass_time(10)
    assert levels(control) == ["minimum", "reduced"]
    measured(control, FINE)
    measured(control, ICE)
    assert levels(control) == ["minimum", "reduced", "minimum"]


def test_level_outlives_a_restart_and_its_hold_begins_anew() -> None:
    """SUP-030."""
    control = a_control(ICE)
    control.pass_time(HOLD_MS // 1000 - 5)
    control.start()
    level = control.agent._people.weather.level
    assert level is not None
    assert level.name == "minimum"
    measured(control, FINE)
    control.pass_time(HOLD_MS // 1000 - 5)
    assert levels(control) == ["minimum"]
    control.pass_time(10)
    assert levels(control) == ["minimum", "normal"]


def test_better_weather_that_came_before_a_restart_need_not_be_said_again() -> None:
    """SUP-030: it holds anew from the start, and then it counts."""
    control = a_control(ICE)
    measured(control, FINE)
    control.pass_time(HOLD_MS // 1000 - 5)
    control.start()
    control.pass_time(HOLD_MS // 1000 - 5)
    assert levels(control) == ["minimum"]
    control.pass_time(10)
    assert levels(control) == ["minimum", "normal"]


def test_trucks_under_way_are_told_at_once_what_they_drive_on() -> None:
    """SUP-030: friction, sight and the level's speed, with the end that they have."""
    control = a_control().under_way()
    before = control.authorities()[-1]
    assert before.speed_max_mmps == 0
    measured(control, ICE)
    told = control.authorities()[-1]
    assert told.number > before.number
    assert (told.end_lane, told.end_mm) == (before.end_lane, before.end_mm)
    assert (told.friction_permille, told.sight_mm) == ICE[:2]
    assert told.speed_max_mmps == LEVELS[2].speed_mmps


def test_nobody_is_given_road_under_a_closed_level_until_it_has_opened() -> None:
    """SUP-030."""
    control = a_control(STORM).under_way()
    berth_m = control.end_m()
    assert berth_m < control.route().zone_spans[0][2]
    wait = control.agent.state.waits["truck-01"]
    assert (wait.reason.name, wait.resource) == ("WEATHER_CLOSED", "closed")
    measured(control, FINE)
    control.pass_time(HOLD_MS // 1000 + 1)
    assert control.end_m() > berth_m


@pytest.mark.parametrize(("loaded", "goes"), [(True, True), (False, False)])
def test_empty_truck_is_kept_by_less_wind_than_a_loaded_one(loaded: bool, goes: bool) -> None:
    """SUP-030: 18 m/s."""
    control = a_control((700, 500_000, 18_000)).accounted()
    control.notice(loaded=loaded)
    control.release("KZ")
    control.release("CN")
    control.loaded()
    control.accept()
    yard = control.route().zone_spans[1][0]
    assert (yard in control.agent.state.zones.held_by("truck-01")) == goes
