"""A staged run: the programs as processes, over real sockets, killed and started again.

Rates are as high as two busy cores bear; what is expected holds at any rate.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from sim.__main__ import main

ROOT: Final = Path(__file__).parents[2]
RATE: Final = "7"


def stage(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and result.json of `convoy-sim stage smoke`; two trucks need no compiler."""
    command = [sys.executable, "-m", "sim", "stage", "smoke", "--rate", RATE]
    done = subprocess.run(
        [*command, "--out", str(folder), "--json", *arguments],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def events(folder: Path, node: str, name: str) -> list[dict[str, Any]]:
    """Events of one name in one program's log."""
    lines = (folder / "logs" / f"{node}.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["event"] == name]


def test_smoke_passes_with_real_processes(tmp_path: Path) -> None:
    code, result = stage(tmp_path)
    assert code == 0, (tmp_path / "events.jsonl").read_text()[-4_000:]
    assert result["traffic"]["loaded_crossings"] == 2
    assert not any(result["safety"].values())
    ledger = (tmp_path / "ledger" / "supervisor.jsonl").read_text().splitlines()
    assert len(ledger) >= 2 * 4  # sealed, exited, entered, handed over
    logs = sorted(path.stem for path in (tmp_path / "logs").iterdir())
    assert len(logs) == 11
    for name in logs:
        assert events(tmp_path, name, "program_stopped")
        assert not events(tmp_path, name, "message_refused")
        assert not events(tmp_path, name, "barrier_failed")
    assert not events(tmp_path, "truck-01", "guard_tripped")
    check_delays(tmp_path)


def check_delays(folder: Path) -> None:
    """The delay ledger of real programs adds up as that of simulated ones does."""
    tables = {}
    for name in ("crossings", "delays"):
        with (folder / f"{name}.csv").open(newline="") as file:
            tables[name] = list(csv.DictReader(file))
    assert {"kz_weigh_e", "boundary"} <= {row["resource"] for row in tables["delays"]}
    for crossing in tables["crossings"]:
        own = [row for row in tables["delays"] if row["crossing"] == crossing["crossing"]]
        lost_ms = sum(round(1_000 * float(row["seconds"])) for row in own)
        assert lost_ms == round(1_000 * float(crossing["delay_s"]))
        assert lost_ms == round(1_000 * (float(crossing["time_s"]) - float(crossing["free_s"])))


def test_killed_truck_leaves_its_zones_locked_and_the_other_safe(tmp_path: Path) -> None:
    code, result = stage(tmp_path, "--kill", "truck-01@40", "--duration", "70s")
    assert code == 4  # the expectation of two crossings fails; nothing else may
    assert not any(result["safety"].values())
    (silent,) = events(tmp_path, "supervisor", "vehicle_fell_silent")
    assert silent["vehicle"] == "truck-01"
    zones = set(silent["zones"].split())
    assert zones
    for name in ("zone_freed", "zone_allocated"):
        later = [
            row
            for row in events(tmp_path, "supervisor", name)
            if row["mono_ns"] > silent["mono_ns"] and row["zone"] in zones
        ]
        assert later == []
    assert not events(tmp_path, "truck-02", "guard_tripped")
    waits = [row["vehicle"] for row in result["traffic"]["waiting"]]
    assert "truck-01" in waits or "truck-02" in waits


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_agencies_ask_their_people_and_answer_after_a_kill(tmp_path: Path) -> None:
    """OFF-021, OFF-022: a load that no list has, under a book that wants an answer."""
    book = tmp_path / "book.toml"
    book.write_text(
        '[[rule]]\nid = "A"\nbecause = "all goods"\nagencies = ["veterinary", "border_guard"]\n'
    )
    settings = [f"office.{side}.book={book}" for side in ("KZ", "CN")]
    settings += [f"agency.{side}.documents=constant:8s" for side in ("KZ", "CN")]
    settings += [f"agency.{side}.check=1s" for side in ("KZ", "CN")]
    settings += ["flow.0.hs_code='2710'", "flow.1.hs_code='2710'", "time.crossings=0", "expect=[]"]
    words = [word for setting in settings for word in ("--set", setting)]
    folder = tmp_path / "out"
    code, result = stage(folder, "--duration", "40s", "--kill", "agencies-kz@5:8", *words)
    assert code == 0, (folder / "events.jsonl").read_text()[-4_000:]
    assert result["agency_decisions"] == 4  # two crossings, two sides
    for side in ("kz", "cn"):
        given = events(folder, f"agencies-{side}", "endorsement_given")
        assert sorted((row["agency"], row["officer"]) for row in given) == [
            *[("border_guard", "rules")] * 2,
            *[("veterinary", f"officer-agencies-{side}")] * 2,
        ]
        assert len(events(folder, f"office-{side}", "crossing_released")) == 2
        assert not events(folder, f"agencies-{side}", "message_refused")


@pytest.mark.soak
@pytest.mark.parametrize(
    "victim",
    [
        *(f"truck-01@{at}:{at + 3}" for at in (10, 12, 40, 70, 75)),
        "truck-02@50:53",
        *(f"kz_out@{at}:{at + 3}" for at in (20, 50, 72)),
        *(f"office-kz@{at}:{at + 3}" for at in (1, 4)),
        *(f"supervisor@{at}:{at + 3}" for at in (2, 20, 40, 60, 100)),
    ],
)
def test_any_restart_at_any_time_finishes_the_day(victim: str, tmp_path: Path) -> None:
    code, result = stage(tmp_path, "--kill", victim)
    assert code == 0, (tmp_path / "events.jsonl").read_text()[-4_000:]
    assert result["traffic"]["loaded_crossings"] == 2
    name = victim.partition("@")[0]
    boots = [row["boot_count"] for row in events(tmp_path, name, "program_started")]
    assert boots == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kill", "truck-77@4"], "no such program; there are agencies-cn"),
        (["--kill", "truck-01"], "expected NODE@SECONDS"),
        (["--kill", "truck-01@9:8"], "expected after 9 s"),
        (["--rate", "0"], "--rate 0: expected above 0"),
        (["--set", "corridor.map=moon"], "moon"),
        (["--set", "fleet.brakes.failing=0.1"], "fleet.brakes: only in `convoy-sim run`"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stage", "smoke", "--out", str(tmp_path / "out"), *arguments]) == 2
    assert said in capsys.readouterr().err
