"""The same seed is the same run, to the last byte handed over, whatever `PYTHONHASHSEED` is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from sim.run import RunOptions, run
from sim.scenario import load
from tests.sim.runs import UNRELIABLE, a_run

ROOT: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 100


def in_a_process_of_its_own(
    folder: Path, *, hash_seed: str, seed: int, settings: tuple[str, ...] = ()
) -> dict[str, Any]:
    """result.json as the program prints it."""
    command = [sys.executable, "-m", "sim", "run", "smoke", "--json"]
    command += ["--seed", str(seed), "--out", str(folder)]
    for setting in settings:
        command += ["--set", setting]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        timeout=SECONDS_MAX,
    )
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def essence(result: dict[str, Any]) -> dict[str, Any]:
    """Everything but how long the machine took."""
    return {key: value for key, value in result.items() if key != "performance"}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param((), marks=pytest.mark.soak, id="reliable"),
        pytest.param(UNRELIABLE, id="unreliable"),
    ],
)
def test_one_seed_gives_one_transcript_under_different_hash_seeds(
    tmp_path: Path, settings: tuple[str, ...]
) -> None:
    """Results, events, ledger and crossings agree byte for byte."""
    one, other = (
        in_a_process_of_its_own(tmp_path / h, hash_seed=h, seed=5, settings=settings)
        for h in ("1", "4242")
    )

    assert one["transcript_sha256"] == other["transcript_sha256"]
    assert essence(one) == essence(other)
    written = [path for path in sorted((tmp_path / "1").rglob("*")) if path.is_file()]
    assert written
    for path in written:
        if path.name != "result.json":
            twin = tmp_path / "4242" / path.relative_to(tmp_path / "1")
            assert path.read_bytes() == twin.read_bytes(), path.name


@pytest.mark.soak
def test_another_process_gives_the_transcript_of_this_one(tmp_path: Path) -> None:
    """Nothing of an earlier run in the same process leaks into the next."""
    a_run("smoke", seed=6)
    here = a_run("smoke", seed=5).result
    there = in_a_process_of_its_own(tmp_path / "there", hash_seed="7", seed=5)
    assert here["transcript_sha256"] == there["transcript_sha256"]


def test_other_seeds_give_other_transcripts() -> None:
    hashes = [a_run("smoke", seed=seed).result["transcript_sha256"] for seed in range(1, 6)]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    "settings",
    [
        UNRELIABLE,
        ("network.duplicate=0.3",),
        ("network.loss=0.2",),
        ("network.late=0.5", "network.late_ms=2000"),
        ("fleet.kz=3", "fleet.cn=3", "fleet.convoy=3"),
        ('fault=[{at="50s", kind="crash", target="kz_out", lasts="5s"}]',),
        ('fault=[{at="20s", kind="partition", target="truck-01 supervisor", lasts="20s"}]',),
    ],
    ids=["all at once", "duplicates", "losses", "late", "convoys", "crash", "partition"],
)
def test_what_goes_wrong_goes_wrong_the_same_way_again(settings: tuple[str, ...]) -> None:
    """Faults and the network are drawn from the seed like everything else."""
    one, other = (a_run("smoke", *settings, seed=3).result for _ in range(2))
    assert essence(one) == essence(other)
    assert one["performance"]["messages"] == other["performance"]["messages"]


def test_what_goes_wrong_leaves_another_transcript() -> None:
    """The two halves of the sentence: repeatable, and not always the same."""
    plain = a_run("smoke", seed=3).result["transcript_sha256"]
    lossy = a_run("smoke", *UNRELIABLE, seed=3).result["transcript_sha256"]
    assert plain != lossy


def test_run_that_is_recorded_is_the_same_run(tmp_path: Path) -> None:
    """Looking on at odd times moves nothing."""
    plain = run(load("smoke", []), RunOptions(seed=4))
    watched = run(load("smoke", []), RunOptions(seed=4, folder=tmp_path, track_period_s=0.35))
    assert watched.result["transcript_sha256"] == plain.result["transcript_sha256"]
