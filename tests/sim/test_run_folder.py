"""A run's folder keeps to the interface that scripts depend on.

What result.json says is computed again here, from the tables beside it. Not here: streams and exit
codes (test_exit_codes.py).
"""

import csv
import functools
import hashlib
import itertools
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from contract.events import Event
from contract.reasons import Reason
from sim.checkers import INVARIANTS
from sim.outcome import spread
from sim.run import load_map
from tests.sim.commands import Said, command, settings

FILES: Final = {
    *("result.json", "stages.csv", "crossings.csv", "delays.csv", "events.jsonl", "junit.xml"),
    "stops.csv",  # beyond the interface: what the time-distance diagram draws level
    *("scenario.resolved.toml", "ledger", "selection", "report.html"),
}
WARM_UP_S: Final = 100.0

# Two trucks each way, no load to return with for a while; the first arrival is before the window.
RICH: Final = (
    *("fleet.kz=2", "fleet.cn=2", "flow.1.crossings_per_hour=4", "time.crossings=0"),
    *("time.duration='280s'", f"time.warm_up='{WARM_UP_S:g}s'", "berth.unload='constant:30s'"),
    (
        "expect=[{metric='traffic.loaded_crossings', at_least=1},"
        " {metric='traffic.crossing_time_s.p95', at_most=10},"
        " {metric='verdict', equals='never'}]"
    ),
)

NUMBER: Final = (int, float)
RESULT: Final = {
    str: "scenario map_digest verdict transcript_sha256",
    int: "format_version seed exit_code human_interventions officer_decisions agency_decisions",
    NUMBER: "officer_minutes agency_minutes",
    dict: "versions safety traffic resources performance",
    list: "expectations",
}
TRAFFIC: Final = {
    int: "loaded_crossings empty_crossings held diverted refused",
    NUMBER: "tonnes tonnes_per_year",
    dict: "crossing_time_s by_direction",
    list: "waiting",
}
PERFORMANCE: Final = {
    NUMBER: "wall_s compile_s simulated_s realtime_factor",
    int: "vehicle_steps messages",
    dict: "parts_s",
}
WORDS: Final = ("vehicle", "lane", "mode")  # of tracks.csv; the rest are numbers


@dataclass(frozen=True)
class Folder:
    """A run that was commanded, and what it left."""

    path: Path
    said: Said

    @functools.cached_property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.path / "result.json").read_text())
        return result

    @property
    def traffic(self) -> dict[str, Any]:
        traffic: dict[str, Any] = self.result["traffic"]
        return traffic

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.path / name).open(newline="") as file:
            return list(csv.DictReader(file))

    def columns(self, name: str) -> str:
        return (self.path / name).read_text().partition("\n")[0]

    def measured(self) -> list[dict[str, str]]:
        """The crossings that count: cleared, and arrived after the warm-up."""
        done = [row for row in self.rows("crossings.csv") if row["outcome"] == "cleared"]
        return [row for row in done if float(row["arrived"]) >= WARM_UP_S]

    def events(self) -> list[dict[str, Any]]:
        lines = (self.path / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def run_into(path: Path, *words: str) -> Folder:
    return Folder(path, command("sim", "run", "smoke", "--out", str(path), *words))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A run with traffic of all kinds whose second expectation fails."""
    path = tmp_path_factory.mktemp("runs") / "made" / "on the way"
    words = ("--seed", "3", "--track-period", "500ms", *settings(*RICH))
    return run_into(path, *words)


def check_fields(value: dict[str, Any], wanted: Mapping[Any, str]) -> None:
    """Every key is there and of its type; a truth is no number."""
    for kind, keys in wanted.items():
        for key in keys.split():
            assert isinstance(value[key], kind), (key, value[key])
            assert not isinstance(value[key], bool), key


# --- the files ---


def test_folder_has_the_files_of_the_interface_and_no_others(folder: Folder) -> None:
    there = {path.name for path in folder.path.iterdir()}
    assert there == FILES | {"tracks.csv"}


def test_folder_has_no_tracks_unless_they_are_asked_for(tmp_path: Path) -> None:
    assert run_into(tmp_path).said.code == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_folder_is_named_by_scenario_and_seed_unless_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("sim", "run", "smoke", "--seed", "42").code == 0
    assert (tmp_path / "runs" / "smoke-42" / "result.json").exists()


# --- result.json ---


def test_result_has_every_key_with_its_type(folder: Folder) -> None:
    check_fields(folder.result, RESULT)
    check_fields(folder.traffic, TRAFFIC)
    check_fields(folder.result["performance"], PERFORMANCE)
    for resource in folder.result["resources"].values():
        check_fields(resource, {NUMBER: "utilisation mean_wait_s blocked_s"})
    for expectation in folder.result["expectations"]:
        assert set(expectation) == {"name", "passed", "observed", "bound"}
        assert isinstance(expectation["passed"], bool)
    for wait in folder.traffic["waiting"]:
        check_fields(wait, {str: "vehicle reason", NUMBER: "since_s"})


def test_result_says_which_run_it_is(folder: Folder) -> None:
    result = folder.result
    assert (result["format_version"], result["scenario"], result["seed"]) == (1, "smoke", 3)
    assert result["map_digest"] == load_map("smoke").digest.hex()
    assert {"python", "smart-corridor", "numpy"} <= set(result["versions"])
    assert len(bytes.fromhex(result["transcript_sha256"])) == hashlib.sha256().digest_size


def test_verdict_exit_code_and_expectations_agree(folder: Folder) -> None:
    assert folder.said.code == folder.result["exit_code"] == 1
    assert folder.result["verdict"] == "failed"
    passed = [expectation["passed"] for expectation in folder.result["expectations"]]
    assert passed == [True, False, False]
    first, second, _ = folder.result["expectations"]
    assert first["observed"] == folder.traffic["loaded_crossings"]
    assert second["observed"] == folder.traffic["crossing_time_s"]["p95"]
    assert second["bound"] == "<= 10"


def test_every_invariant_is_counted(folder: Folder) -> None:
    assert folder.result["safety"] == dict.fromkeys(INVARIANTS, 0)


def test_counts_and_tonnes_are_those_of_the_crossings(folder: Folder) -> None:
    rows, traffic = folder.measured(), folder.traffic
    loaded = [row for row in rows if row["loaded"] == "1"]
    assert loaded
    assert len(rows) > len(loaded)
    assert len(folder.rows("crossings.csv")) > len(rows)  # the warm-up counts for nothing
    assert traffic["loaded_crossings"] == len(loaded)
    assert traffic["empty_crossings"] == len(rows) - len(loaded)
    assert (traffic["held"], traffic["refused"], traffic["diverted"]) == (0, 0, 0)
    assert traffic["tonnes"] == pytest.approx(sum(int(row["cargo_kg"]) for row in rows) / 1000)


@pytest.mark.parametrize(
    ("refuses", "counts", "outcome", "reason"),
    [("0.0", (2, 0), "open", "DOCUMENT_CONTROL"), ("1.0", (0, 2), "refused", "REFUSED_BY_OFFICER")],
)
def test_held_and_refused_crossings_are_counted_and_say_why(
    refuses: str, counts: tuple[int, int], outcome: str, reason: str, tmp_path: Path
) -> None:
    """KZ's officer refuses at once; CN's would take an hour."""
    channels = [f"flow.{n}.channels={{green=0.0, yellow=1.0, red=0.0}}" for n in (0, 1)]
    desks = ("office.KZ.documents='constant:5s'", "office.CN.documents='constant:1h'")
    words = settings(*channels, *desks, f"office.KZ.refuses={refuses}", "time.duration='30s'")
    run = run_into(tmp_path, *words)
    assert (run.traffic["held"], run.traffic["refused"]) == counts
    rows = run.rows("crossings.csv")
    assert [(row["outcome"], row["reason"]) for row in rows] == [(outcome, reason)] * 2


def test_tonnes_a_year_are_those_of_the_measured_window(folder: Folder) -> None:
    window_h = (folder.result["performance"]["simulated_s"] - WARM_UP_S) / 3600
    tonnes = sum(int(row["cargo_kg"]) for row in folder.measured()) / 1000
    assert tonnes > 0
    assert folder.traffic["tonnes_per_year"] == pytest.approx(tonnes * 8760 / window_h, abs=0.06)


def test_crossing_times_are_those_of_the_crossings(folder: Folder) -> None:
    times = sorted(float(row["time_s"]) for row in folder.measured())
    assert len(times) >= 3
    wanted = {
        "mean": sum(times) / len(times),
        "p50": times[math.ceil(0.5 * len(times)) - 1],
        "p95": times[math.ceil(0.95 * len(times)) - 1],
        "max": times[-1],
    }
    assert folder.traffic["crossing_time_s"] == pytest.approx(wanted, abs=0.0011)


def test_percentiles_are_by_nearest_rank() -> None:
    hundred = [float(value) for value in range(1, 101)]
    assert spread(hundred) == {"mean": 50.5, "p50": 50.0, "p95": 95.0, "max": 100.0}
    assert set(spread([]).values()) == {None}


def test_directions_add_up(folder: Folder) -> None:
    sides = folder.traffic["by_direction"]
    assert set(sides) == {"E", "W"}
    for key in ("loaded_crossings", "empty_crossings", "tonnes"):
        assert sum(side[key] for side in sides.values()) == pytest.approx(folder.traffic[key])
    for name, side in sides.items():
        rows = [row for row in folder.measured() if row["direction"] == name]
        assert side["loaded_crossings"] + side["empty_crossings"] == len(rows) > 0


def test_resources_are_those_of_the_stages(folder: Folder) -> None:
    end_s = folder.result["performance"]["simulated_s"]
    rows = folder.rows("stages.csv")
    assert set(folder.result["resources"]) == {row["stage"] for row in rows}
    for name, resource in folder.result["resources"].items():
        own = [row for row in rows if row["stage"] == name]
        waits = [float(row["start"]) - float(row["arrive"]) for row in own]
        busy = sum(float(row["end"]) - float(row["start"]) for row in own)
        assert resource["mean_wait_s"] == pytest.approx(sum(waits) / len(waits), abs=0.002)
        assert resource["utilisation"] == pytest.approx(busy / end_s, abs=1e-3)
        assert 0 <= resource["blocked_s"] <= end_s


def test_whoever_waits_has_a_reason_of_the_table(folder: Folder) -> None:
    waiting = folder.traffic["waiting"]
    assert waiting
    for wait in waiting:
        assert wait["reason"] in Reason.__members__
        assert 0 <= wait["since_s"] <= folder.result["performance"]["simulated_s"]


def test_performance_is_that_of_the_run(folder: Folder) -> None:
    performance = folder.result["performance"]
    assert performance["simulated_s"] == 280.0
    assert performance["wall_s"] > performance["compile_s"] >= 0
    # Four trucks and twenty steps a second; parked ones may be left out.
    assert 0 < performance["vehicle_steps"] <= 4 * 20 * 280
    assert performance["messages"] > 500


# --- tables ---


def test_stages_are_in_order_and_on_the_map(folder: Folder) -> None:
    assert folder.columns("stages.csv") == "vehicle,crossing,stage,arrive,start,end"
    rows = folder.rows("stages.csv")
    corridor = load_map("smoke")
    places = {*corridor.gates, *corridor.stations, *corridor.bays, *corridor.zones}
    vehicle_of = {row["crossing"]: row["vehicle"] for row in folder.rows("crossings.csv")}
    for row in rows:
        arrive, start, end = (float(row[name]) for name in ("arrive", "start", "end"))
        assert 0 <= arrive <= start <= end <= 280
        assert row["stage"] in places or row["stage"].startswith("desk_")
        assert row["vehicle"] == vehicle_of[row["crossing"]]
    ends = [float(row["end"]) for row in rows]
    assert ends == sorted(ends)
    assert {"kz_weigh_e", "kz_out", "boundary", "cn_in"} <= {row["stage"] for row in rows}


def test_crossings_go_forward_in_time(folder: Folder) -> None:
    rows = folder.rows("crossings.csv")
    wanted = "crossing,direction,vehicle,loaded,cargo_kg,channel,filed,cleared,left,arrived,time_s"
    assert folder.columns("crossings.csv").startswith(wanted)
    assert len({row["crossing"] for row in rows}) == len(rows)
    for row in rows:
        assert row["direction"] in ("E", "W")
        assert (row["loaded"] == "1") == (int(row["cargo_kg"]) > 0)
        times = [row[name] for name in ("filed", "cleared", "left", "arrived")]
        known = [float(text) for text in itertools.takewhile(bool, times)]
        assert known == sorted(known)
        if row["outcome"] == "cleared":
            assert float(row["time_s"]) == pytest.approx(known[3] - known[2], abs=0.0011)
            assert row["berth"] in load_map("smoke").berths
        else:
            assert row["arrived"] == row["time_s"] == ""


def test_tracks_have_every_vehicle_at_every_period(folder: Folder) -> None:
    assert folder.columns("tracks.csv") == "t,vehicle,x,y,psi,hitch,v,a,delta,lane,s,mode"
    rows = folder.rows("tracks.csv")
    names = [f"truck-0{n}" for n in (1, 2, 3, 4)]
    assert [row["vehicle"] for row in rows] == names * 561
    assert [float(row["t"]) for row in rows[::4]] == [0.5 * n for n in range(561)]
    assert all(
        math.isfinite(float(row[key]))
        for row in rows
        for key in ["x", "y", "psi", "hitch", "v", "a", "s", "delta"]
    )
    lanes = load_map("smoke").lanes
    assert {row["lane"] for row in rows} - {""} <= set(lanes)


def test_tracks_move_as_fast_as_they_say(folder: Folder) -> None:
    """Half a second of way is half a second at a speed between those of its ends, nearly."""
    rows = [row for row in folder.rows("tracks.csv") if row["vehicle"] == "truck-01"]
    moved = 0.0
    for one, other in itertools.pairwise(rows):
        way = math.dist(*([float(row["x"]), float(row["y"])] for row in (one, other)))
        speeds = sorted(abs(float(row["v"])) for row in (one, other))
        assert 0.5 * speeds[0] - 0.1 <= way <= 0.5 * speeds[1] + 0.1
        moved += way
    assert moved > 300


def test_events_are_of_the_catalogue_with_exactly_its_fields(folder: Folder) -> None:
    known = {event.code: event for event in Event}
    events = folder.events()
    times = [line["t"] for line in events]
    assert times == sorted(times)
    assert {line["node"] for line in events} >= {"supervisor", "kz_out", "office-cn", "truck-01"}
    for line in events:
        event = known[line["event"]]
        assert line["severity"] == event.severity.value
        assert set(line) == {"t", "node", "event", "severity", *event.fields}


def test_ledger_is_an_unbroken_chain_and_tells_of_every_crossing(folder: Folder) -> None:
    text = (folder.path / "ledger" / "supervisor.jsonl").read_text()
    links = [json.loads(line) for line in text.splitlines()]
    assert [link["number"] for link in links] == list(range(1, len(links) + 1))
    before = ["00" * 32, *(link["hash"] for link in links)]
    assert [link["previous"] for link in links] == before[:-1]
    handed_over = {link["crossing"] for link in links if link["step"] == "HANDED_OVER"}
    cleared = {r["crossing"] for r in folder.rows("crossings.csv") if r["outcome"] == "cleared"}
    assert handed_over == cleared


def test_junit_has_one_case_an_expectation_and_fails_where_it_failed(folder: Folder) -> None:
    suite = ElementTree.fromstring((folder.path / "junit.xml").read_bytes())  # noqa: S314 - ours
    cases = [case for case in suite.iter("testcase") if case.get("classname") == "smoke"]
    assert [(case.get("name"), case.find("failure") is None) for case in cases] == [
        (each["name"], each["passed"]) for each in folder.result["expectations"]
    ]
    assert suite.get("failures") == "2"
    assert suite.get("tests") == str(len(list(suite.iter("testcase"))))


# --- the same again ---


def test_resolved_scenario_is_the_same_run_again(folder: Folder, tmp_path: Path) -> None:
    """And says itself again, to the byte."""
    resolved = folder.path / "scenario.resolved.toml"
    assert tomllib.loads(resolved.read_text())["time"]["warm_up"] == "100s"
    again = Folder(
        tmp_path, command("sim", "run", str(resolved), "--seed", "3", "--out", str(tmp_path))
    )
    assert again.result["transcript_sha256"] == folder.result["transcript_sha256"]
    assert again.traffic == folder.traffic
    assert (tmp_path / "scenario.resolved.toml").read_bytes() == resolved.read_bytes()


@pytest.mark.parametrize("name", ["smoke", "first_crossings"])
def test_shown_scenario_is_the_same_run(name: str, tmp_path: Path) -> None:
    shown = command("sim", "show", name)
    assert (shown.code, shown.err) == (0, "")
    copy = tmp_path / "copy.toml"
    copy.write_text(shown.out)
    options = ("--json", "--duration", "4min", "--out", str(tmp_path / "run"))
    runs = [command("sim", "run", scenario, *options) for scenario in (name, str(copy))]
    one, other = (json.loads(run.out) for run in runs)
    assert one["transcript_sha256"] == other["transcript_sha256"]
    assert other["scenario"] == name
