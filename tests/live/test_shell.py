"""The loop: durable before visible, safer before durable, and out of the loop on every fault."""

import io
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.agent import Act, Boot, Effects, Now, Persist, Received, Report, Role
from contract.envelope import Identity
from contract.events import Event
from contract.limits import SNAPSHOT_RECORDS
from contract.mailbox import Mailbox
from contract.node import Node
from live.clock import Clock
from live.journal import JournalFile
from live.link import Link
from live.logs import Log
from live.shell import Shell
from live.surroundings import Surroundings
from tests.live.factories import ANY_PORT, a_corridor
from tests.live.toys import Mark, ToyBody


class Scripted:
    """Answers its first wake by `effects`, its second by what ends the test."""

    def __init__(self, effects: Callable[[], Effects]) -> None:
        self._effects = effects
        self._wakes = 0
        self.wake_ns: int | None = None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self.wake_ns = now.mono_ns
        return []

    def on_message(self, now: Now, received: Received) -> Effects:
        return []

    def on_wake(self, now: Now, reading: int) -> Effects:
        self._wakes += 1
        if self._wakes == 1:
            return self._effects()
        os.kill(os.getpid(), signal.SIGTERM)
        self.wake_ns = now.mono_ns + 10**12
        return []


class Stage:
    """One shell around a scripted agent."""

    def __init__(self, folder: Path, effects: Callable[[], Effects], body: ToyBody) -> None:
        made = a_corridor()
        keys = made.keys["supervisor"]
        identity = Identity("supervisor", Role.SUPERVISOR, keys.signer, b"map", b"config")
        self.out = io.StringIO()
        self.journal = JournalFile.open(folder / "j")
        self.link = Link(keys, made.curve_table, listen=ANY_PORT)
        node = Node(Scripted(effects), Mailbox(identity, made.roster))
        world = Surroundings(self.link, self.journal, body, Clock(), Log(self.out, level="debug"))
        self.shell = Shell("supervisor", node, world)

    def run(self) -> int:
        kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            return self.shell.run()
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
            self.link.close()
            self.journal.close()

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    @property
    def events(self) -> list[str]:
        return [row["event"] for row in self.log]


def test_effects_are_carried_out_and_a_signal_ends_the_loop(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    effects: Effects = [
        Persist("a", b"1"),
        Report(Event.COMMAND_TAKEN, {"epoch": 1, "restored_zones": 0}),
        Act(Mark(str(marker))),
    ]
    stage = Stage(tmp_path, lambda: effects, ToyBody())
    assert stage.run() == 0
    assert marker.exists()
    assert stage.events == ["program_started", "command_taken", "program_stopped"]
    journal = JournalFile.open(tmp_path / "j")
    assert journal.state == {"a": b"1"}
    journal.close()


def test_interrupt_from_the_keyboard_has_its_own_exit_code(tmp_path: Path) -> None:
    def interrupt() -> Effects:
        os.kill(os.getpid(), signal.SIGINT)
        return []

    assert Stage(tmp_path, interrupt, ToyBody()).run() == 130


def test_failed_commit_lets_nothing_out_but_what_makes_safer(tmp_path: Path) -> None:
    safer, waiting = tmp_path / "safer", tmp_path / "waiting"
    effects: Effects = [
        Persist("a", bytes(500_000)),
        Act(Mark(str(waiting))),
        Report(Event.COMMAND_TAKEN, {"epoch": 1, "restored_zones": 0}),
        Act(Mark(str(safer), makes_safer=True)),
    ]
    stage = Stage(tmp_path, lambda: effects, ToyBody())
    stage.journal._db.execute("PRAGMA max_page_count = 20")
    assert stage.run() == 3
    assert safer.exists()
    assert not waiting.exists()
    assert stage.events == ["program_started", "program_crashed"]
    assert "the disk is full" in stage.log[-1]["error"]


def test_bug_of_an_agent_ends_the_process_and_names_its_place(tmp_path: Path) -> None:
    def bug() -> Effects:
        raise ZeroDivisionError("a bug")

    stage = Stage(tmp_path, bug, ToyBody())
    assert stage.run() == 3
    crash = stage.log[-1]
    assert (crash["event"], crash["kind"]) == ("program_crashed", "ZeroDivisionError")
    assert "test_shell.py" in crash["place"][0]


def test_fast_loop_keeps_its_grid(tmp_path: Path) -> None:
    period_ns = 5_000_000
    body = ToyBody(period_ns)

    class Patient(Scripted):
        """Ends after forty fast steps."""

        def on_wake(self, now: Now, reading: int) -> Effects:
            self.wake_ns = now.mono_ns + period_ns
            if reading >= 40:
                os.kill(os.getpid(), signal.SIGTERM)
            return []

    stage = Stage(tmp_path, list, body)
    stage.shell._node.agent = Patient(list)
    assert stage.run() == 0
    # Each step belongs to a slot of its own: neither doubled after a late one nor drifting.
    slots = [(step - stage.shell._step_due_ns) // period_ns for step in body.steps]
    assert slots == sorted(set(slots))
    assert len(slots) >= 40


def test_long_journal_is_folded_into_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.shell.SNAPSHOT_RECORDS", 50)
    assert SNAPSHOT_RECORDS > 50
    effects: Effects = [Persist(f"k{number % 7}", bytes([number])) for number in range(60)]
    stage = Stage(tmp_path, lambda: effects, ToyBody())
    assert stage.run() == 0
    journal = JournalFile.open(tmp_path / "j")
    assert journal.records_since_snapshot == 0
    assert journal.load().snapshot is not None
    assert journal.state == {f"k{number % 7}": bytes([number]) for number in range(53, 60)}
    journal.close()


def test_late_turn_is_reported_and_the_watchdog_goes_hungry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.shell.TURN_NS_MAX", 1_000_000)

    def slow() -> Effects:
        end = time.monotonic() + 0.005
        while time.monotonic() < end:
            pass
        return []

    stage = Stage(tmp_path, slow, ToyBody())
    assert stage.run() == 0
    assert "loop_came_late" in stage.events
