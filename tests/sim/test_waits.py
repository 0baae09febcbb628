"""Who still waits when a run ends, and when that is a failed run."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract.reasons import Reason
from corridor.__main__ import main
from corridor.explain import book_of, chain_of, words
from sim.build import SUPERVISOR
from sim.outcome import EXIT_STUCK
from sim.record import Said
from sim.run import Finished, RunOptions, conclude, run
from sim.scenario import load
from sim.waits import STUCK_MS, ending
from tests.sim.runs import a_run
from tests.sim.test_checkers import deadlock

NS_PER_MS = 1_000_000
A, B = "truck-01", "truck-02"


def said(at_ms: int, event: str, **fields: object) -> Said:
    return Said(at_ms * NS_PER_MS, SUPERVISOR, event, fields)


def a_wait(at_ms: int, vehicle: str, reason: Reason, resource: str, holder: str) -> Said:
    return said(
        at_ms,
        "vehicle_waits",
        vehicle=vehicle,
        crossing=f"of {vehicle}",
        reason=reason.name,
        resource=resource,
        holder=holder,
    )


def test_planted_deadlock_fails_the_run_and_is_named_in_its_result(tmp_path: Path) -> None:
    """Each convoy holds the gate cell that only the other one can pass."""
    options = RunOptions(folder=tmp_path, prepare=deadlock)
    finished = run(load("smoke", []), options)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["exit_code"] == finished.result["exit_code"] == EXIT_STUCK
    assert sorted(result["deadlock"]) == [A, B]
    for wait in result["traffic"]["waiting"]:
        assert {"vehicle", "reason", "since_s", "chain", "cycle", "root"} <= set(wait)
        assert sorted(wait["cycle"]) == [A, B]
        assert wait["root"].startswith("deadlock: ")
        assert [link["who"] for link in wait["chain"]] in ([A, B], [B, A])
        assert all(link["lifted_by"] for link in wait["chain"])


def test_deadlock_is_named_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sim.cli.run import show_result  # noqa: PLC0415 - the command's own words

    finished: Finished = a_run("smoke", prepare=deadlock)
    show_result(finished, tmp_path, as_json=False)
    told = capsys.readouterr()
    assert f"deadlock: {A} -> {B} -> {A}" in told.err
    assert "still waiting at the end" in told.out


def test_run_that_ends_well_names_no_deadlock_and_nobody_stuck() -> None:
    result = a_run("smoke").result
    assert (result["deadlock"], result["stuck"], result["exit_code"]) == ([], [], 0)


# --- stuck: on its way, and nobody says why ---


def given(vehicle: str) -> Said:
    return said(1_000, "mission_given", vehicle=vehicle, mission="m", crossing=f"of {vehicle}")


def test_truck_of_which_nothing_is_heard_on_its_way_is_stuck_and_whoever_waits_for_it() -> None:
    log = [
        said(500, "vehicle_reported", vehicle=A),
        said(500, "vehicle_reported", vehicle=B),
        given(A),
        given(B),
        a_wait(2_000, B, Reason.VEHICLE_AHEAD, "kz_e_pass", A),
    ]
    late = ending(log, (1_000 + STUCK_MS + 1) * NS_PER_MS)
    assert set(late.stuck) == {A, B}
    assert "is on its way, gives no reason" in late.stuck[A]
    assert late.cycle == []
    assert ending(log, (1_000 + STUCK_MS - 1) * NS_PER_MS).stuck == {}


def test_truck_that_has_arrived_or_has_said_why_is_not_stuck() -> None:
    log = [
        given(A),
        given(B),
        a_wait(2_000, B, Reason.DOCUMENT_CONTROL, "KZ-2", "office KZ"),
        said(3_000, "crossing_finished", vehicle=A, crossing=f"of {A}", outcome="cleared"),
    ]
    end = ending(log, 10 * STUCK_MS * NS_PER_MS)
    assert end.stuck == {}
    assert end.chains[B].root.startswith("office KZ has the move")


def test_waits_from_before_a_restart_of_the_supervisor_are_over() -> None:
    log = [
        a_wait(2_000, A, Reason.ZONE_OCCUPIED, "z", B),
        said(3_000, "command_taken", epoch=2),
    ]
    assert ending(log, 4_000 * NS_PER_MS).chains == {}


def test_run_folder_tells_the_same_text_as_the_running_supervisor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = RunOptions(folder=tmp_path, prepare=deadlock)
    world = run(load("smoke", []), options).world
    node = world.hosts[SUPERVISOR].node
    assert node is not None
    agent: Any = node.agent
    now = world.hosts[SUPERVISOR].now()
    book = book_of(agent.state, now)
    for vehicle in (A, B):
        assert main(["explain", vehicle, "--from", str(tmp_path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1:] == words(chain_of(book, vehicle))[1:]
        waited_s = int(lines[0].split()[-2])
        assert waited_s == pytest.approx(chain_of(book, vehicle).links[0].waited_ms / 1e3, abs=2)


def test_deadlock_fails_a_run_that_asks_for_no_crossings() -> None:
    finished = a_run("smoke", "time.crossings=0", "expect=[]", prepare=deadlock)
    assert not finished.late
    assert finished.result["exit_code"] == EXIT_STUCK


def test_stuck_truck_fails_the_run() -> None:
    finished = a_run("smoke", "time.crossings=0", "expect=[]", "time.duration='10s'")
    assert finished.result["exit_code"] == 0
    finished.recorder.events.append(given("truck-09"))
    finished.world.engine.now_ns += 2 * STUCK_MS * NS_PER_MS
    later = conclude(finished.world, finished.recorder, (1.0, 0.0), crash="")
    assert later.result["exit_code"] == EXIT_STUCK
    assert "truck-09" in {each["vehicle"] for each in later.result["stuck"]}
