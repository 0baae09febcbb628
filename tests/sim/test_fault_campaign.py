"""Fault campaigns as commands: clean seeds, replays, planted defects, and what these shrink to."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from contract.agent import Boot, Effects, Now, Persist
from corridor.agent import SupervisorAgent
from corridor.interlocking import Claim, Denied, Interlocking
from gate.cell import Cell
from gate.passage import Ticket
from sim.__main__ import main
from sim.distributions import parse_duration
from sim.fault_kinds import ALL_CLEARED
from sim.outcome import EXIT_OK, EXIT_STUCK, EXIT_UNSAFE, EXIT_USAGE
from sim.scenario import load
from sim.seeds.runner import exit_code

STARTS: Final = SupervisorAgent.on_start
CONSUMES: Final = Cell.consume
FORGETFUL: Final = (8, 16)  # of the first twenty seeds, those that catch a forgetful supervisor


def campaign(folder: Path, seeds: str, *more: str) -> int:
    return main(["campaign", "--seeds", seeds, "--out", str(folder), "--jobs", "1", *more])


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found


def test_seeds_are_clean_and_each_replays_from_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert campaign(tmp_path, "3:6") == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        [f"seed-{seed}", "clean"] for seed in (3, 4, 5)
    ]
    assert summary(tmp_path)["clean"] == 3
    scenario = tmp_path / "seed-4" / "scenario.toml"
    assert main(["run", str(scenario), "--out", str(tmp_path / "again")]) == EXIT_OK
    again = json.loads((tmp_path / "again" / "result.json").read_text(encoding="utf-8"))
    row = summary(tmp_path)["rows"][1]
    assert again["transcript_sha256"] == row["transcript_sha256"]
    assert again["seed"] == 4
    assert again["progress"]["stuck"] == []
    assert main(["shrink", str(tmp_path)]) == 1
    assert main(["shrink", str(tmp_path / "seed-4")]) == 1


@pytest.mark.soak
def test_processes_say_the_same_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(tmp_path / "one", "7:10", "--json") == EXIT_OK
    one = json.loads(capsys.readouterr().out)
    folder = tmp_path / "two"
    assert main(["campaign", "--seeds", "7:10", "--jobs", "2", "--out", str(folder)]) == EXIT_OK
    two = summary(folder)
    hashes = [[row["transcript_sha256"] for row in each["rows"]] for each in (one, two)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0])) == 3


def grants_everything(self: Interlocking, zone: str, claim: Claim) -> Denied | None:
    return None


def forgets_zones(self: SupervisorAgent, now: Now, boot: Boot, state: Any) -> Effects:
    effects = STARTS(self, now, boot, state)
    self.state.zones.zones.clear()
    return effects


def opens_before_writing(self: Cell, now: Now, ticket: Ticket) -> None:
    CONSUMES(self, now, ticket)
    self.out[:] = [each for each in self.out if not isinstance(each, Persist)]


def test_broken_interlocking_is_found_and_shrunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """I1: a supervisor that allocates what others hold."""
    monkeypatch.setattr(Interlocking, "judge", grants_everything)
    assert campaign(tmp_path, "0:2") == EXIT_UNSAFE
    assert all("I1" in row["violations"] for row in summary(tmp_path)["rows"])
    capsys.readouterr()
    assert main(["shrink", str(tmp_path / "seed-0")]) == EXIT_OK
    smallest = load(str(tmp_path / "seed-0" / "smallest.toml"), [])
    drawn = [fault for fault in smallest.fault if fault.kind != ALL_CLEARED]
    assert drawn == [], "trucks collide without any fault"
    assert parse_duration(smallest.time.duration) < 600.0
    path = tmp_path / "seed-0" / "smallest.toml"
    assert main(["run", str(path), "--out", str(tmp_path / "again")]) == EXIT_UNSAFE
    monkeypatch.undo()
    assert main(["run", str(path), "--out", str(tmp_path / "mended")]) == EXIT_OK


def test_gate_that_opens_before_it_has_written_down_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I5."""
    monkeypatch.setattr(Cell, "consume", opens_before_writing)
    assert campaign(tmp_path, "0:1") == EXIT_UNSAFE
    assert "I5" in summary(tmp_path)["rows"][0]["violations"]


def test_supervisor_that_forgets_zones_when_it_restarts_is_found_within_twenty_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I9: harmless until it is crashed or cut off at the wrong moment, which a schedule does."""
    monkeypatch.setattr(SupervisorAgent, "on_start", forgets_zones)
    found = [seed for seed in FORGETFUL if campaign(tmp_path, f"{seed}:{seed + 1}") == EXIT_UNSAFE]
    assert found


def test_run_that_cannot_get_on_is_stuck_and_says_who(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = '{at="60s", kind="barrier_stuck", target="cn_in"}'
    settings = ("--set", f"fault=[{fault}]", "--set", "progress.after=300s")
    assert main(["run", "fault_seeds", *settings, "--out", str(tmp_path)]) == EXIT_STUCK
    assert "no progress: truck-" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--seeds", "5"),
        ("--seeds", "5:5"),
        ("--seeds", "a:b"),
        ("--seeds", "0:1", "--jobs", "-1"),
        ("--seeds", "0:1", "--jobs", "1000"),
    ],
)
def test_usage_errors_run_nothing(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["campaign", *arguments, "--out", str(tmp_path / "x")]) == EXIT_USAGE
    assert arguments[-1] in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_folder_that_is_no_campaign_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shrink", str(tmp_path)]) == EXIT_USAGE
    assert main(["campaign", "platoon_sine", "--seeds", "0:1"]) == EXIT_USAGE


@pytest.mark.parametrize(
    ("codes", "code"), [([], 0), ([0, 1], 1), ([1, 4, 0], 4), ([4, 3, 1], 3), ([0, 0], 0)]
)
def test_exit_code_of_many_runs_has_the_precedence_of_one(codes: list[int], code: int) -> None:
    assert exit_code(codes) == code
