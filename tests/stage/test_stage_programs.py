"""Processes of a staged run: who does not come up is named, who falls is noticed."""

import signal
from pathlib import Path

import pytest

from sim.stage.programs import NotUp, Program, Troop
from tests.live.factories import until


def a_program(folder: Path, module: str, name: str = "gate-1") -> Program:
    """A program of any module that takes --config."""
    (folder / "x.toml").write_text("")
    return Program(name, module, folder / "x.toml", folder / f"{name}.jsonl")


def test_program_that_does_not_come_up_is_named_with_its_last_words(tmp_path: Path) -> None:
    troop = Troop({"gate-1": a_program(tmp_path, "gate")})
    troop.start()
    with pytest.raises(NotUp) as said:
        troop.wait_up(30.0)
    troop.stop()
    assert "gate-1 did not come up: gate-1 ended with exit code 2" in str(said.value)
    assert "node: missing" in str(said.value)


def test_program_that_says_nothing_is_named_after_a_while(tmp_path: Path) -> None:
    troop = Troop({"sleeper": a_program(tmp_path, "tests.stage.sleeper", "sleeper")})
    troop.start()
    with pytest.raises(NotUp, match=r"sleeper did not come up in 0.1 s"):
        troop.wait_up(0.1)
    troop.stop()
    assert not troop.programs["sleeper"].running


def test_fall_is_a_fault_unless_it_was_ordered(tmp_path: Path) -> None:
    program = a_program(tmp_path, "tests.stage.sleeper", "sleeper")
    program.log.touch()
    program.start()
    assert program.process is not None
    program.process.send_signal(signal.SIGKILL)
    until(lambda: not program.running)
    assert program.fault.startswith("sleeper ended with signal SIGKILL")
    program.start()
    program.kill()
    assert program.fault == ""


def test_lines_are_read_once_and_whole(tmp_path: Path) -> None:
    program = a_program(tmp_path, "gate")
    row = (
        b'{"time":"t","severity":"info","event":"gate_passed","node":"n","mono_ns":7,"gate":"g"}\n'
    )
    program.log.write_bytes(row[:30])
    assert program.read() == []
    program.log.write_bytes(row + b"not an event\n")
    (line,) = program.read()
    assert (line.node, line.event, line.mono_ns, line.fields) == (
        "n",
        "gate_passed",
        7,
        {"gate": "g"},
    )
    assert program.read() == []
    assert "not an event" in program.last_words()
