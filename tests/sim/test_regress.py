"""Schedules that a campaign has found and that have come down to little: each is clean by now."""

from pathlib import Path
from typing import Final

import pytest

from sim.fault_kinds import ALL_CLEARED
from sim.outcome import EXIT_OK
from sim.run import RunOptions, run
from sim.scenario import load
from sim.seeds.runner import why
from tests.sim.runs import proof

FOUND: Final = sorted((Path(__file__).resolve().parents[1] / "regress").glob("*.toml"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_schedule_that_once_failed_is_clean(path: Path) -> None:
    scenario = load(str(path), [])
    finished = run(scenario, RunOptions(seed=scenario.seed))
    assert why(finished) == ""
    assert finished.result["exit_code"] == EXIT_OK
    assert proof(finished.world).findings == []


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_schedule_says_what_it_found_and_has_nothing_to_spare(path: Path) -> None:
    scenario = load(str(path), [])
    assert scenario.name == path.stem
    assert scenario.description.startswith("Found: ")
    assert [fault.kind for fault in scenario.fault].count(ALL_CLEARED) == 1
    assert len(scenario.fault) <= 5
    assert scenario.progress.after != "0s"
