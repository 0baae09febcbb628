"""The supervisor's file: what it says of plans and slots is what the agent is given."""

import pytest

from contract.errors import ConfigError, InvariantBroken
from corridor.timetable.sections import SlotsSection, TimetableSection
from corridor.timetable.settings import SlotsConfig, TimetableConfig
from live.config import parse


def test_nothing_is_planned_and_no_slots_are_given_unless_the_file_says_so() -> None:
    assert TimetableSection().config is None
    assert SlotsSection().config is None


def test_defaults_of_the_file_are_those_of_the_agent() -> None:
    assert TimetableSection(on=True).config == TimetableConfig()
    assert SlotsSection(pitch_s=120.0).config == SlotsConfig()


def test_figures_come_through_in_milliseconds() -> None:
    timetable = parse(
        b"on = true\ndue_min = 45.5\nlane_trucks = 3\nwait_s = 60.5\n", TimetableSection, "x.toml"
    )
    assert timetable.config == TimetableConfig(due_ms=2_730_000, lane_trucks=3, wait_ms=60_500)
    slots = parse(b"pitch_s = 90.5\ngrace_s = 10.0\n", SlotsSection, "x.toml")
    assert slots.config == SlotsConfig(pitch_ms=90_500, grace_ms=10_000)


@pytest.mark.parametrize("line", [b"grace_s = 180.5", b"late_s = 29.5", b"pitch = 3.0"])
def test_window_in_which_nobody_could_come_late_is_refused(line: bytes) -> None:
    with pytest.raises(ConfigError):
        parse(line, SlotsSection, "x.toml")


@pytest.mark.parametrize("line", [b"least_s = 0.0", b"least_s = 60.5", b"every_s = 9.5"])
def test_plans_are_made_at_least_as_often_as_they_have_to_be(line: bytes) -> None:
    with pytest.raises(ConfigError, match="at most every_s"):
        parse(line, TimetableSection, "x.toml")


def test_what_is_written_to_a_file_is_read_back() -> None:
    plans = TimetableConfig(least_ms=7_500, due_ms=2_730_000, lane_trucks=4, wait_ms=60_500)
    assert TimetableSection.of(plans).config == plans
    slots = SlotsConfig(pitch_ms=90_500, grace_ms=12_000, ahead=7, per_trader=3)
    assert SlotsSection.of(slots).config == slots


def test_wait_for_who_is_expected_has_a_bound() -> None:
    """SUP-050."""
    with pytest.raises(ConfigError, match="wait_s"):
        parse(b"wait_s = 90.5", TimetableSection, "x.toml")
    with pytest.raises(InvariantBroken):
        TimetableConfig(wait_ms=90_001)
