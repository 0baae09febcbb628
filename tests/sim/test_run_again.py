"""A run into the folder of an earlier one leaves nothing of the earlier one there.

And nothing that it does not know by name goes. Not here: what the files are (test_run_folder.py).
"""

import functools
from pathlib import Path
from typing import Final

import pytest

import sim.cli.run
from sim.run import RunOptions
from sim.world import World
from tests.sim.commands import command, settings
from tests.sim.runs import Prepare

SHORT: Final = settings("time.duration='2s'", "time.crossings=0", "expect=[]")
OLD: Final = (
    *("platoon.csv", "delays.csv", "report.html", "logs/truck-01.jsonl"),
    *("notes.txt", "ledger/notes.txt"),
)


def fill(folder: Path) -> None:
    """What an earlier run and a person have left."""
    for name in OLD:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def crash_at(t_ns: int) -> Prepare:
    def prepare(world: World) -> None:
        def fail() -> None:
            raise ValueError("a planted fault")

        world.engine.at(t_ns, fail)

    return prepare


def test_second_run_leaves_no_file_of_the_first_and_every_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ("run", "smoke", "--out", str(tmp_path / "again"), *SHORT)
    assert command("sim", *out[:3], str(tmp_path / "clean"), *SHORT).code == 0
    with monkeypatch.context() as planted:
        options = functools.partial(RunOptions, prepare=crash_at(1_000_000_000))
        planted.setattr(sim.cli.run, "RunOptions", options)
        assert command("sim", *out, "--track-period", "500ms").code == 3
    assert {"crash.txt", "tracks.csv"} <= files(tmp_path / "again")
    fill(tmp_path / "again")

    assert command("sim", *out).code == 0
    kept = {"notes.txt", "ledger/notes.txt"}
    assert files(tmp_path / "again") == files(tmp_path / "clean") | kept
    assert not (tmp_path / "again" / "logs").exists()


@pytest.mark.parametrize(
    "wrong", ["fleet.kz=99", "fault=[{at='1s', kind='crash', target='nobody'}]", "name=A"]
)
def test_refused_run_leaves_an_earlier_one_alone(wrong: str, tmp_path: Path) -> None:
    fill(tmp_path)
    said = command("sim", "run", "smoke", "--out", str(tmp_path), *SHORT, *settings(wrong))
    assert said.code == 2
    assert files(tmp_path) == set(OLD)


def test_crash_at_the_very_start_leaves_a_whole_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is measured in no time, and nothing is divided by it."""
    options = functools.partial(RunOptions, prepare=crash_at(0))
    monkeypatch.setattr(sim.cli.run, "RunOptions", options)
    said = command("sim", "run", "smoke", "--out", str(tmp_path), *SHORT)
    assert said.code == 3
    assert "a planted fault" in said.err
    assert {"crash.txt", "result.json", "crossings.csv"} <= files(tmp_path)
