"""The channel between a program and its hardware process."""

import pytest
import zmq

from contract.agent import Now
from contract.errors import ConfigError, InvariantBroken
from live.body import BodyLink, BodyServer, NoBody
from live.config import BodySection
from tests.live.factories import ANY_PORT, a_corridor, stranger, until


def polled(server: BodyServer) -> list[tuple[str, bytes]]:
    server.poll(5)
    return server.receive()


def introduce(link: BodyLink, name: str, server: BodyServer) -> None:
    until(lambda: polled(server) or link.send(name.encode()))


def test_bodies_are_told_apart_by_key() -> None:
    made, hardware = a_corridor(), stranger()
    server = BodyServer(ANY_PORT, hardware, made.curve_table)
    public = hardware.curve_public.decode()
    links = {
        name: BodyLink(server.address, made.keys[name], public) for name in ("truck-01", "truck-02")
    }
    for name, link in links.items():
        introduce(link, name, server)
        assert until(lambda: polled(server)) == [(name, name.encode())]
    assert server.connected == {"truck-01", "truck-02"}
    for name in links:
        assert server.send(name, b"for " + name.encode())
    for name, link in links.items():
        assert until(link.receive) == [b"for " + name.encode()]
        link.close()
    until(lambda: polled(server) or not server.send("truck-01", b"gone?"))
    assert server.send("office-kz", b"never came") is False
    server.close()


def test_body_of_an_unknown_key_is_not_served() -> None:
    made, hardware = a_corridor(), stranger()
    server = BodyServer(ANY_PORT, hardware, made.curve_table)
    link = BodyLink(server.address, stranger(), hardware.curve_public.decode())
    monitor = link.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    until(lambda: polled(server) or monitor.poll(0))
    assert link.send(b"let me in") is False
    monitor.close(0)
    link.close()
    server.close()


def test_missing_or_malformed_body_section_names_its_key() -> None:
    keys = stranger()
    with pytest.raises(ConfigError, match=r"body\.address: missing"):
        BodyLink.from_config(BodySection(), keys)
    with pytest.raises(ConfigError, match=r"body\.public_key = 'xyz'"):
        BodyLink.from_config(BodySection(address="tcp://127.0.0.1:9", public_key="xyz"), keys)


class Wave:
    makes_safer = False


def test_program_without_body_has_nothing_to_carry_out() -> None:
    body = NoBody(lambda now: now.mono_ns)
    assert body.reading(Now(5, 6)) == 5
    assert not body.changed(Now(5, 6))
    with pytest.raises(InvariantBroken):
        body.carry_out(Now(5, 6), Wave())
