"""Variants side by side: what is counted, what costs, and models that are refused in words."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from contract.errors import ConfigError
from sim.compare import amounts, folder_of, needed_empties, open_h, read_model
from sim.run import complete, load_map
from sim.scenario import load
from tests.sim.commands import command

MODEL: Final = """\
format_version = 1
scenario = "smoke"
currency = "EUR"

[[variant]]
name = "drivers"
what = "as it is"
manned = true

[[variant]]
name = "no drivers"
what = "slower arms"
manned = false
settings = ["gate.kz_out.barrier='5s'"]

[[cost]]
name = "driver"
per = "driver_h"
rate = 10.0
manned = "manned"
source = "assumption"

[[cost]]
name = "truck"
per = "truck_h"
rate = 20.0
source = "assumption"

[[cost]]
name = "open"
per = "open_h"
rate = 1.0
source = "assumption"
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("compare")
    (folder / "model.toml").write_text(MODEL)
    words = ("compare", str(folder / "model.toml"), "--out", str(folder / "runs"), "--json")
    said = command("sim", *words)
    assert said.code == 0, said.err
    return folder, json.loads(said.out)


def test_costs_are_rates_times_what_the_run_shows(compared: tuple[Path, dict[str, Any]]) -> None:
    folder, page = compared
    for row in page["variants"]:
        result = json.loads(
            (folder / "runs" / row["variant"].replace(" ", "-") / "result.json").read_text()
        )
        used, tonnes = row["used"], result["traffic"]["tonnes"]
        assert row["loads"] == result["traffic"]["loaded_crossings"] == 2
        assert row["cost_per_tonne"]["truck"] == pytest.approx(
            20.0 * used["truck_h"] / tonnes, rel=0.1
        )
        assert used["open_h"] == pytest.approx(
            2.0 * result["performance"]["simulated_s"] / 3_600.0, abs=0.01
        )
        assert row["total_per_tonne"] == pytest.approx(sum(row["cost_per_tonne"].values()))


def test_only_who_has_drivers_pays_them(compared: tuple[Path, dict[str, Any]]) -> None:
    manned, driverless = compared[1]["variants"]
    assert manned["cost_per_tonne"]["driver"] > 0.0
    assert "driver" not in driverless["cost_per_tonne"]
    assert driverless["papers_to_arrival_h"]["mean"] > manned["papers_to_arrival_h"]["mean"]


def test_folders_are_counted_anew_by_other_rates(compared: tuple[Path, dict[str, Any]]) -> None:
    folder, page = compared
    (folder / "other.toml").write_text(MODEL.replace("rate = 20.0", "rate = 40.0"))
    words = ("compare", str(folder / "other.toml"), "--from", str(folder / "runs"))
    said = command("sim", *words, "--json")
    twice, once = (each["variants"][1]["cost_per_tonne"] for each in (json.loads(said.out), page))
    assert twice["truck"] == pytest.approx(2.0 * once["truck"], abs=2e-3)
    text = command("sim", *words).out
    assert "smoke: EUR a tonne" in text
    assert "40 a truck_h" in text


def test_installed_model_is_of_scenarios_that_run() -> None:
    model = read_model("today")
    assert model.variant[0].settings == []
    assert all(cost.source for cost in model.cost)
    assert len({folder_of(each) for each in model.variant}) == len(model.variant)
    for variant in model.variant:
        scenario = load(model.scenario, variant.settings)
        complete(scenario, load_map(scenario.corridor.map))


@pytest.mark.parametrize(
    ("loaded", "made", "counted"),
    [("EEEWW", 7, 1), ("EEE", 7, 3), ("EEE", 2, 2), ("EWWWW", 7, 3), ("EW", 7, 0), ("", 7, 0)],
)
def test_empties_count_as_far_as_loads_are_unequal(loaded: str, made: int, counted: int) -> None:
    assert needed_empties([{"direction": each} for each in loaded], made) == counted


def test_empties_that_count_take_the_mean_time_of_all() -> None:
    """Two loads east and an hour each; of three empties, two hours each, two count."""
    row = {"outcome": "cleared", "cargo_kg": "20000", "filed": "0.0"}
    load = row | {"loaded": "1", "direction": "E", "arrived": "3600.0"}
    back = row | {"loaded": "0", "direction": "W", "arrived": "7200.0", "cargo_kg": "0"}
    rows = [each | {"crossing": str(k)} for k, each in enumerate([load, load, back, back, back])]
    people = {"officer_minutes": 3.0, "agency_minutes": 2.0}
    start = {"time": {"start": datetime.fromisoformat("2026-03-02T07:00:00+05:00")}}
    used = amounts(rows, people | {"performance": {"simulated_s": 7_200.0}}, start)
    assert used == {
        "truck_h": 6.0,
        "driver_h": 6.0,
        "officer_min": 5.0,
        "tonne_h": 40.0,
        "crossing": 4.0,
        "open_h": 4.0,
    }


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ({}, 48.0),
        ({"KZ": {"opens": "07:00", "closes": "19:00"}}, 36.0),
        ({"CN": {"opens": "22:00", "closes": "02:00"}}, 28.0),
    ],
)
def test_hours_of_both_sides_add_up(hours: dict[str, Any], expected: float) -> None:
    start = datetime.fromisoformat("2026-03-02T13:30:00+05:00")
    assert open_h({"time": {"start": start}, "hours": hours}, 86_400.0) == expected


def test_only_hours_of_the_run_count() -> None:
    start = datetime.fromisoformat("2026-03-02T13:30:00+05:00")
    hours = {
        "KZ": {"opens": "07:00", "closes": "19:00"},
        "CN": {"opens": "07:00", "closes": "16:00"},
    }
    assert open_h({"time": {"start": start}, "hours": hours}, 5 * 3_600.0) == 5.0 + 2.5


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ('per = "truck_h"', 'per = "truck"', "cost"),
        ('name = "no drivers"', 'name = "drivers"', "twice, expected once"),
        ("rate = 20.0", "rate = -1.0", "rate"),
        ("manned = false", "", "manned"),
    ],
)
def test_broken_model_is_refused(tmp_path: Path, was: str, becomes: str, words: str) -> None:
    (tmp_path / "model.toml").write_text(MODEL.replace(was, becomes))
    with pytest.raises(ConfigError, match=words):
        read_model(str(tmp_path / "model.toml"))


def test_unknown_model_and_folder_are_said(
    compared: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, _ = compared
    said = command("sim", "compare", "tomorrow")
    assert (said.code, "there are today" in said.err) == (2, True)
    shutil.copytree(folder / "runs" / "drivers", tmp_path / "drivers")
    said = command("sim", "compare", str(folder / "model.toml"), "--from", str(tmp_path))
    assert said.code == 2
    assert "no-drivers: there is no such folder to look for result.json" in said.err
