"""The ledgers of a run: whole after anything that may happen, and broken after what may not.

That they are whole after every scenario and after every crash is asked in `broken` of runs.py, by
all tests that run something. Here: the folder, the commands over it, and a ledger begun anew.
"""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

from contract.events import Event
from contract.limits import HEAD_MS
from sim.run import RunOptions, run
from sim.scenario import load
from sim.world import World
from tests.sim.commands import Said, command
from tests.sim.runs import NS_PER_S, UNRELIABLE, Log, a_run, broken, proof

BUSY: Final = ("supervisor", "kz_out", "cn_in", "cn_out", "kz_in", "office-kz", "office-cn")
TERMINALS: Final = ("terminal-kz", "terminal-cn")
AGENCIES: Final = ("agencies-kz", "agencies-cn")
FORGETFUL: Final = ("kz_out", "office-cn", "agencies-kz")
BOOKS: Final = (
    "office.KZ.book='kz'",
    "office.CN.book='cn'",
    "flow.0.hs_code='1206'",
    "flow.1.hs_code='0808'",
)
KEEPERS: Final = (*BUSY, *TERMINALS, *AGENCIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of the smoke scenario; copied by whoever changes it."""
    place = tmp_path_factory.mktemp("run")
    run(load("smoke", []), RunOptions(seed=1, folder=place))
    return place


def test_whoever_is_shown_the_seeds_of_a_run_repeats_every_draw_of_it(folder: Path) -> None:
    """OFF-005: and a seed of another day opens nothing."""
    seeds = [str(folder / "selection" / f"{office}.seed") for office in ("office-kz", "office-cn")]
    words = [word for path in seeds for word in ("--seed", path)]
    said = verify(folder, "--json", *words)
    assert (said.code, said.err) == (0, "")
    told = json.loads(said.out)["draws"]
    assert told == {office: {"told": 2, "repeated": 2} for office in ("office-cn", "office-kz")}
    assert json.loads(verify(folder, "--json", *words[:2]).out)["draws"]["office-cn"] == {
        "told": 2,
        "repeated": 0,
    }
    other = folder.parent / "other.seed"
    other.write_text("00" * 32)
    said = verify(folder, "--seed", str(other))
    assert (said.code, "BROKEN  seed: no office has committed" in said.out) == (1, True)


def verify(place: Path, *words: str) -> Said:
    return command("corridor", "ledger", "verify", str(place), *words)


def test_folder_has_a_file_a_keeper_and_proves_whole(folder: Path) -> None:
    names = {path.name for path in (folder / "ledger").iterdir()}
    assert names == {*(f"{name}.jsonl" for name in KEEPERS), "heads.jsonl", "roster.json"}
    said = verify(folder)
    assert (said.code, said.err) == (0, "")
    assert "the ledger is whole" in said.out
    assert verify(folder / "ledger").out == said.out
    told = json.loads(verify(folder, "--json").out)
    assert (told["whole"], told["findings"]) == (True, [])
    # Of each terminal a declaration and a test of brakes, of each office what it commits to.
    assert told["records"] == 18 + 4 + 2
    assert told["heads_countersigned"] == told["heads"] > 0
    assert verify(folder, "--keys", told["keys_sha256"][:8]).code == 0


def test_other_keys_than_those_on_paper_are_named(folder: Path) -> None:
    said = verify(folder, "--keys", "00ff")
    assert said.code == 1
    assert "roster.json: keys with digest" in said.out


@pytest.mark.parametrize("node", TERMINALS)
def test_terminal_s_ledger_with_a_byte_or_its_tail_missing_is_named(
    node: str, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "run")
    file = tmp_path / "run" / "ledger" / f"{node}.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"version":1', b'"version":2'))
    said = verify(tmp_path / "run")
    assert (said.code, f"BROKEN  {node}.jsonl:1: words that" in said.out) == (1, True)
    file.write_bytes(b"")
    said = verify(tmp_path / "run")
    assert said.code == 1
    assert f"{node}.jsonl: its tail is missing: it ends with entry 0" in said.out
    assert "signed by" in said.out
    assert "was released, but no terminal has declared that" in said.out


def test_declaration_is_shown_with_the_crossing(folder: Path) -> None:
    said = command("corridor", "ledger", "show", "KZ-00001", "--from", str(folder))
    assert "declared by terminal-kz: D-KZ-00001, version 1" in said.out


def test_broken_folder_is_told_line_by_line(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    file = tmp_path / "run" / "ledger" / "kz_out.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"mass_kg":36', b'"mass_kg":26'))
    said = verify(tmp_path / "run")
    assert said.code == 1
    assert "BROKEN  kz_out.jsonl:1: words that its record does not say" in said.out
    told = json.loads(verify(tmp_path / "run", "--json").out)
    assert [each["line"] for each in told["findings"]] == [1]


@pytest.mark.parametrize("place", ["nothing", "", "a\0b"])
def test_folder_without_a_ledger_is_unusable(place: str, tmp_path: Path) -> None:
    said = verify(tmp_path / place if "\0" not in place else Path(place))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("convoy-corridor ledger: ")


def test_custody_of_a_crossing_is_shown_with_its_evidence(folder: Path) -> None:
    said = command("corridor", "ledger", "show", "KZ-00001", "--from", str(folder))
    assert said.code == 0
    assert "custody: SEALED -> EXITED -> ENTERED -> HANDED_OVER" in said.out
    for word in ("release key of KZ", "release key of CN", "S-KZ-00001", "kz_out.jsonl:2"):
        assert word in said.out
    told = command("corridor", "ledger", "show", "KZ-00001", "--from", str(folder), "--json")
    rows = json.loads(told.out)["records"]
    assert [row["kind"] for row in rows].count("Release") == 2
    exited = next(row for row in rows if row.get("step") == "EXITED")
    assert exited["signed_by"] == ["kz_out"]
    assert exited["countersigned_by"] == ["office-cn", "office-kz"]
    assert not [row for row in rows if row["broken"]]


def test_unknown_crossing_is_told_the_nearest(folder: Path) -> None:
    said = command("corridor", "ledger", "show", "KZ-0001", "--from", str(folder))
    assert (said.code, said.out) == (1, "")
    assert said.err.strip().endswith("names crossing 'KZ-0001'; the nearest is KZ-00001")


def test_earlier_runs_ledger_does_not_stay_in_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "old_gate.jsonl").write_text("{}\n")
    run(load("smoke", ["time.duration='2s'", "time.crossings=0"]), RunOptions(folder=tmp_path))
    assert verify(tmp_path).code == 0


# --- what happens on the way ---


def test_heads_are_countersigned_on_a_bad_network_while_everybody_restarts() -> None:
    """Each keeper dies once; what it has signed and what was countersigned is there afterwards."""
    faults = ", ".join(
        f'{{at="{30 + 20 * k}s", kind="crash", target="{name}", lasts="4s"}}'
        for k, name in enumerate((*BUSY, *AGENCIES))
    )
    settings = ("time.duration='15min'", "time.crossings=0", f"fault=[{faults}]", *UNRELIABLE)
    finished = a_run("smoke", *settings, *BOOKS)
    assert broken(finished) == ""
    proved = proof(finished.world)
    assert proved.records > 22
    newest = {head.node: head.number for head, names in proved.heads if len(names) > 0}
    assert set(newest) == set(KEEPERS)
    assert proved.records_covered >= 0.8 * proved.records


@pytest.mark.parametrize(
    "node",
    [
        "supervisor",
        *(pytest.param(node, marks=pytest.mark.soak) for node in FORGETFUL),
    ],
)
def test_ledger_that_is_begun_anew_is_noticed_by_the_offices(node: str) -> None:
    """I14: the node tells another story for numbers that it has told before."""
    log = Log()

    def prepare(world: World) -> None:
        log.prepare(world)
        world.engine.at(1_500 * NS_PER_S, _forget, world, node)

    settings = ("time.duration='50min'", "time.crossings=0", *BOOKS)
    finished = a_run("first_crossings", *settings, prepare=prepare)
    alarms = log.of(Event.LEDGER_FORKED)
    assert {each["node"] for each in alarms} == {node}
    assert {each["reason"].name for each in alarms} == {"LEDGER_FORKED"}
    assert any(
        each.file in (f"{node}.jsonl", "heads.jsonl") for each in proof(finished.world).findings
    )


def _forget(world: World, node: str) -> None:
    """Only its ledger: the rest of the program goes on as if nothing had been."""
    host = world.hosts[node]
    host.crash()
    told = ("ledger/", "head/")
    host.disk = {key: row for key, row in host.disk.items() if not key.startswith(told)}
    host.start()


def test_heads_are_rare() -> None:
    """One a minute and keeper at most: what ledgers cost the network is next to nothing."""
    settings = ("time.duration='10min'", "time.crossings=0")
    finished = a_run("smoke", *settings)
    most = len(KEEPERS) * (10 * 60_000 // HEAD_MS + 1)
    assert 0 < len(proof(finished.world).heads) <= most
