"""Words to the service manager are plain datagrams."""

import socket
from pathlib import Path

import pytest

from live.systemd import ServiceManager


def test_ready_is_one_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        service = ServiceManager()
        assert service.watchdog_ns == 2_000_000_000
        assert service.say("READY=1", "STATUS=boot 3")
        assert manager.recv(100) == b"READY=1\nSTATUS=boot 3"
        service.close()


def test_silent_without_a_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    service = ServiceManager()
    assert service.watchdog_ns is None
    assert not service.say("READY=1")
    service.close()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    service = ServiceManager()
    assert not service.say("READY=1")
    service.close()
