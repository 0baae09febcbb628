"""`convoy-office status` over real sockets: an office that knows one declaration answers."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from contract.agent import Boot, Effects, Now, Received, Role, Send
from contract.envelope import Identity
from contract.mailbox import Mailbox, Transmit
from contract.node import Node, Turn
from contract.v1.customs_pb2 import StatusQuery, StatusReply, StatusRow
from gate.cli.status import main
from live.config import ProgramConfig
from live.journal import JournalFile
from live.link import Link
from live.program import Setting, read_setting
from tests.live.test_program import free_port
from tests.live.test_programs import SUPERVISOR, Site

POLL_MS: Final = 10
KNOWN: Final = StatusRow(
    declaration_id="D-1",
    version=1,
    crossing_id="KZ-1",
    vehicle_id="truck-01",
    stage="at desk",
    since_utc_ms=1_772_420_400_000,
    reason="DOCUMENT_CONTROL",
    owner="office KZ",
    lifted_by="the officer's decision",
)


class Desk:
    """The least of an office: it answers questions and does nothing else."""

    wake_ns: int | None = None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return []

    def on_message(self, now: Now, received: Received) -> Effects:
        asked = received.message
        if not isinstance(asked, StatusQuery):
            return []
        wanted = (asked.declaration_id, asked.crossing_id)
        rows = [KNOWN] if wanted in (("D-1", ""), ("", "KZ-1"), ("", "")) else []
        return [Send(received.sender, StatusReply(query=asked.query, rows=rows))]

    def on_wake(self, now: Now, reading: object) -> Effects:
        return []


def serve(setting: Setting[ProgramConfig], listen: str, stop: threading.Event) -> None:
    """Until told to stop; sockets belong to this thread."""
    me = Identity(
        setting.name, Role.OFFICE, setting.keys.signer, setting.map.digest, setting.config_digest
    )
    node: Node[Any] = Node(Desk(), Mailbox(me, setting.roster))
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
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The configuration of a terminal whose office answers."""
    site = Site(tmp_path_factory.mktemp("status"))
    address = f"tcp://127.0.0.1:{free_port()}"
    path = site.config("office-kz", {"listen": {"address": address}})
    setting = read_setting(path, ProgramConfig)
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(setting, address, stop))
    thread.start()
    yield str(site.config("terminal-kz", {"peers": {"office-kz": address}}))
    stop.set()
    thread.join()


@pytest.mark.parametrize("wanted", ["D-1", "KZ-1"])
def test_office_tells_stage_reason_and_whose_move_it_is(
    wanted: str, terminal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([wanted, "--config", terminal]) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert "D-1: version 1, crossing KZ-1, truck-01" in out
    assert "stage        at desk, since 2026-03-02 03:00:00 UTC" in out
    assert "lifted by    the officer's decision" in out


def test_office_lists_what_is_open(terminal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", terminal]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "D-1"


def test_declaration_that_the_office_does_not_know_is_told_the_nearest(
    terminal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["D-7", "--config", terminal]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no declaration 'D-7' is known to 'office-kz'; the nearest is D-1" in said.err


def test_only_a_terminal_or_an_operator_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Site(tmp_path).config("truck-01", {"peers": SUPERVISOR})
    assert main(["D-1", "--config", str(config)]) == 2
    assert "a terminal or an operator asks" in capsys.readouterr().err


def test_office_that_is_not_there_is_waited_for_no_longer_than_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peers = {"office-kz": f"tcp://127.0.0.1:{free_port()}"}
    config = Site(tmp_path).config("terminal-kz", {"peers": peers})
    assert main(["D-1", "--config", str(config), "--wait", "0.3"]) == 4
    assert "office-kz has not answered in 0.3 s" in capsys.readouterr().err
