"""[timetable] and [slots] of a scenario, and of the file that a staged supervisor reads instead."""

import msgspec
import pytest

from corridor.timetable import sections
from corridor.timetable.settings import SlotsConfig, TimetableConfig
from sim.scenario_timetable import (
    SlotsSection,
    TimetableSection,
    check_timetable,
    slots_config,
    timetable_config,
)

LONGEST = "10000000s"


def test_defaults_of_a_scenario_are_those_of_the_supervisor() -> None:
    assert timetable_config(TimetableSection(on=True)) == TimetableConfig()
    assert slots_config(SlotsSection(pitch="2min")) == SlotsConfig()
    assert timetable_config(TimetableSection()) is None
    assert slots_config(SlotsSection()) is None


@pytest.mark.parametrize(
    "timetable",
    [
        TimetableSection(on=True, least="1ms", every="1ms", ahead="0s", due="0s", longest="0s"),
        TimetableSection(on=True, least="70s", every="5min", due_perishable="250ms"),
        TimetableSection(on=True, least=LONGEST, every=LONGEST, ahead=LONGEST, longest=LONGEST),
    ],
)
def test_whatever_a_scenario_says_of_plans_a_staged_supervisor_reads(
    timetable: TimetableSection,
) -> None:
    check_timetable(timetable, SlotsSection(), "x.toml")
    config = timetable_config(timetable)
    assert config is not None
    written = msgspec.to_builtins(sections.TimetableSection.of(config))
    assert msgspec.convert(written, sections.TimetableSection).config == config


@pytest.mark.parametrize(
    "slots",
    [
        SlotsSection(pitch="0.1ms", early="0s", late="0s", grace="0s", ahead=1, per_trader=0),
        SlotsSection(pitch="90s", early="2h", late="30s", grace="30s"),
        SlotsSection(pitch=LONGEST, early=LONGEST, late=LONGEST, grace=LONGEST, ahead=10_000),
    ],
)
def test_whatever_a_scenario_says_of_slots_a_staged_supervisor_reads(slots: SlotsSection) -> None:
    check_timetable(TimetableSection(), slots, "x.toml")
    config = slots_config(slots)
    assert config is not None
    written = msgspec.to_builtins(sections.SlotsSection.of(config))
    assert msgspec.convert(written, sections.SlotsSection).config == config
