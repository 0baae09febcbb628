"""Variants side by side: what is counted, what costs, and models that are refused in words."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from contract.errors import ConfigError
from sim.compare import folder_of, open_h, read_model
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
    assert "no-drivers/result.json: No such file" in said.err
