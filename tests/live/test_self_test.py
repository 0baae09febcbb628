"""Each promise of the self-test, broken on purpose: the program must refuse to start."""

from pathlib import Path
from typing import Any

import pytest
import zmq

from live import self_test
from live.errors import SelfTestFailed
from live.journal import JournalFile


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    opened = JournalFile.open(tmp_path / "j")
    yield opened
    opened.close()


def everybody(*arguments: object) -> bool:
    return True


def nobody(*arguments: object) -> bool:
    return False


def test_sound_installation_passes(journal: JournalFile) -> None:
    assert self_test.run(journal) == ("signatures", "protobuf", "journal", "strangers")


def test_door_that_lets_everybody_in_is_found(
    journal: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.link.Link._names_has", everybody)
    with pytest.raises(SelfTestFailed, match="an unknown key was let in"):
        self_test.run(journal)


def test_socket_without_a_doorkeeper_is_found(
    journal: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1: CURVE alone lets every key in."""

    def unguarded(socket: Any, secret: bytes, public: bytes) -> None:
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, secret)

    monkeypatch.setattr("live.link.guard_server", unguarded)
    with pytest.raises(SelfTestFailed):
        self_test.run(journal)


def test_door_that_lets_nobody_in_is_found(
    journal: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.link.Link._names_has", nobody)
    with pytest.raises(SelfTestFailed, match="a known key was refused"):
        self_test.run(journal)


def test_verifier_that_says_yes_is_found(
    journal: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_test, "verify", everybody)
    with pytest.raises(SelfTestFailed, match="an altered signature was accepted"):
        self_test.run(journal)


def test_weak_key_that_could_be_enrolled_is_found(
    journal: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7."""
    monkeypatch.setattr(self_test, "ed25519_fault", nobody)
    with pytest.raises(SelfTestFailed, match="small order could be enrolled"):
        self_test.run(journal)


def test_journal_that_does_not_sync_is_found(journal: JournalFile) -> None:
    journal._db.execute("PRAGMA synchronous = 1")
    with pytest.raises(SelfTestFailed, match="synchronous is 1 instead of 2"):
        self_test.run(journal)


def test_slow_protobuf_is_found(journal: JournalFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live.self_test.api_implementation.Type", lambda: "python")
    with pytest.raises(SelfTestFailed, match="python backend"):
        self_test.run(journal)
