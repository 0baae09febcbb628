"""`convoy-corridor explain` over real sockets: a supervisor's tables, asked by an operator."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.agent import Boot, Effects, Now, Received, Role, Send
from contract.envelope import Identity
from contract.mailbox import Mailbox, Transmit
from contract.node import Node, Turn
from contract.reasons import Reason
from contract.v1.explain_pb2 import ExplainQuery
from corridor.__main__ import main
from corridor.explain import answer
from corridor.state import Heard, State
from live.config import ProgramConfig
from live.journal import JournalFile
from live.keys import NodeSpec
from live.link import Link
from live.program import Setting, read_setting
from live.roster import throwaway
from tests.live.test_program import free_port
from tests.live.test_programs import SPECS, SUPERVISOR, Site

POLL_MS = 10


class Corridor(Site):
    """A site with a control room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = throwaway((*SPECS, NodeSpec("control-room", Role.OPERATOR, "")), b"explain")
        self.made.write(folder / "keys")


class Tables:
    """The least of a supervisor: tables in which one truck waits for another, and its answer."""

    wake_ns: int | None = None

    def __init__(self, state: State) -> None:
        self._state = state

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        for name in ("truck-01", "truck-02"):
            self._state.heard[name] = Heard(now.mono_ns)
        crossing = self._state.crossing("KZ-1")
        crossing.vehicle = "truck-01"
        wait = self._state.wait
        wait(now, "truck-01", Reason.ZONE_OCCUPIED, resource="kz_out_cell", holder="truck-02")
        wait(now, "truck-02", Reason.RELEASE_MISSING_CN, resource="KZ-2", holder="office CN")
        self._state.flush()
        return []

    def on_message(self, now: Now, received: Received) -> Effects:
        query = received.message
        if not isinstance(query, ExplainQuery):
            return []
        return [Send(received.sender, answer(self._state, now, query))]

    def on_wake(self, now: Now, reading: object) -> Effects:
        return []


def serve(setting: Setting[ProgramConfig], listen: str, stop: threading.Event) -> None:
    """Until told to stop; sockets belong to this thread."""
    me = Identity(
        setting.name,
        Role.SUPERVISOR,
        setting.keys.signer,
        setting.map.digest,
        setting.config_digest,
    )
    agent = Tables(State(setting.name, setting.map, setting.roster))
    node: Node[Any] = Node(agent, Mailbox(me, setting.roster))
    journal = JournalFile.open(Path(setting.config.node.journal))
    link = Link(setting.keys, setting.curve_table, listen=listen)

    def carry(turn: Turn) -> None:
        if turn.records:
            journal.commit(turn.records)
        for effect in turn.then:
            if isinstance(effect, Transmit):
                link.send(effect.to, effect.raw)

    try:
        carry(node.start(setting.clock.now(), journal.boot(), journal.state))
        while not stop.is_set():
            link.poll(POLL_MS)
            for sender, raw in link.receive():
                carry(node.receive(setting.clock.now(), raw, sender))
            carry(node.wake(setting.clock.now(), None))
    finally:
        link.close()
        journal.close()


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The configuration of a control room whose supervisor answers."""
    site = Corridor(tmp_path_factory.mktemp("explain"))
    address = f"tcp://127.0.0.1:{free_port()}"
    path = site.config("supervisor", {"listen": {"address": address}})
    setting = read_setting(path, ProgramConfig)
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(setting, address, stop))
    thread.start()
    yield str(site.config("control-room", {"peers": {"supervisor": address}}))
    stop.set()
    thread.join()


@pytest.mark.parametrize("name", ["truck-01", "KZ-1"])
def test_supervisor_tells_the_whole_chain(
    name: str, operator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", name, "--config", operator]) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert "truck-01 (KZ-1) has waited" in out
    assert "1. truck-01 waits at kz_out_cell, held by truck-02" in out
    assert "2. truck-02 waits at KZ-2, held by office CN" in out
    assert "=> office CN has the move: its release" in out


def test_supervisor_lists_everybody_who_waits(
    operator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "--config", operator]) == 0, capsys.readouterr().err
    heads = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in heads] == ["truck-01", "truck-02"]


def test_name_that_the_supervisor_does_not_know_is_told_the_nearest(
    operator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "truck-07", "--config", operator]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no vehicle or crossing 'truck-07' is known; the nearest is truck-0" in said.err


def test_only_an_operator_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trader's question is its own office's to answer."""
    config = Corridor(tmp_path).config("terminal-kz", {"peers": SUPERVISOR})
    assert main(["explain", "truck-01", "--config", str(config)]) == 2
    assert "an operator asks" in capsys.readouterr().err


def test_supervisor_that_is_not_there_is_waited_for_no_longer_than_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peers = {"supervisor": f"tcp://127.0.0.1:{free_port()}"}
    config = Corridor(tmp_path).config("control-room", {"peers": peers})
    assert main(["explain", "--config", str(config), "--wait", "0.3"]) == 4
    assert "the supervisor has not answered in 0.3 s" in capsys.readouterr().err
