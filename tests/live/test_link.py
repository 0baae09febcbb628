"""Links over real sockets on loopback: who is heard, under whose name, and what blocks nobody."""

import time
from collections.abc import Iterator

import pytest
import zmq

from contract.errors import ConfigError
from contract.limits import FRAME_BYTES_MAX
from live.config import check_address
from live.events import ShellEvent
from live.link import Link, Share
from live.roster import Enrolment
from tests.live.factories import (
    ANY_PORT,
    a_caller,
    a_corridor,
    a_listener,
    a_raw_client,
    discard,
    events,
    heard,
    stranger,
    until,
)


@pytest.fixture
def made() -> Enrolment:
    return a_corridor()


@pytest.fixture
def supervisor(made: Enrolment) -> Iterator[Link]:
    link = a_listener(made)
    yield link
    link.close()


@pytest.fixture
def truck(made: Enrolment, supervisor: Link) -> Iterator[Link]:
    link = a_caller(made, "truck-01", "supervisor", supervisor.address)
    meet(link, "supervisor", supervisor)
    yield link
    link.close()


def meet(caller: Link, name: str, listener: Link) -> None:
    """Both ends know each other afterwards."""
    until(lambda: heard(listener) or caller.send(name, b"hello"))
    until(lambda: heard(listener))
    while heard(listener):
        pass


def test_frames_travel_both_ways_under_roster_names(supervisor: Link, truck: Link) -> None:
    assert truck.send("supervisor", b"where am I")
    assert until(lambda: heard(supervisor)) == [("truck-01", b"where am I")]
    assert supervisor.send("truck-01", b"there")
    assert until(lambda: heard(truck)) == [("supervisor", b"there")]


def test_unknown_key_is_refused(made: Enrolment, supervisor: Link, truck: Link) -> None:
    """F1."""
    client = a_raw_client(made.keys["supervisor"], supervisor.address, stranger())
    monitor = client.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    until(lambda: heard(supervisor) or monitor.poll(0))
    with pytest.raises(zmq.Again):
        client.send(b"let me in", zmq.NOBLOCK)
    assert ShellEvent.STRANGER_REFUSED in events(supervisor)
    discard(client)
    assert truck.send("supervisor", b"still here")
    assert until(lambda: heard(supervisor)) == [("truck-01", b"still here")]


def test_plain_null_client_is_refused(made: Enrolment, supervisor: Link, truck: Link) -> None:
    client = a_raw_client(made.keys["supervisor"], supervisor.address, None)
    monitor = client.get_monitor_socket()
    until(lambda: heard(supervisor) or monitor.poll(0))
    for _ in range(20):
        assert heard(supervisor) == []
        with pytest.raises(zmq.Again):
            client.send(b"let me in", zmq.NOBLOCK)
    discard(client)


def test_routing_id_of_another_gives_neither_its_name_nor_its_mail(
    made: Enrolment, supervisor: Link
) -> None:
    """F2."""
    server = made.keys["supervisor"]
    clients = {}
    for name in ("truck-01", "truck-02"):
        keys = made.keys[name]
        client = clients[name] = zmq.Context().socket(zmq.DEALER)
        client.setsockopt(zmq.ROUTING_ID, b"truck-01")
        client.setsockopt(zmq.CURVE_SECRETKEY, keys.curve_secret)
        client.setsockopt(zmq.CURVE_PUBLICKEY, keys.curve_public)
        client.setsockopt(zmq.CURVE_SERVERKEY, server.curve_public)
        client.setsockopt(zmq.LINGER, 0)
        client.connect(supervisor.address or "")
        client.send(f"I am {name}".encode())
        got: list[tuple[str, bytes]] = []
        deadline = time.monotonic() + (5.0 if name == "truck-01" else 0.3)
        while time.monotonic() < deadline and not got:
            got = heard(supervisor)
        # The second comer is either not connected at all or heard under its own name.
        assert got in ([(name, f"I am {name}".encode())], [] if name == "truck-02" else None)
    assert supervisor.send("truck-01", b"for truck-01 only")
    assert clients["truck-01"].poll(5_000)
    assert clients["truck-01"].recv() == b"for truck-01 only"
    assert not clients["truck-02"].poll(20)
    for client in clients.values():
        discard(client)


def heard_until(link: Link, event: ShellEvent) -> list[tuple[str, bytes]]:
    """What a link hears until it notices something; fails if it never does."""
    got: list[tuple[str, bytes]] = []

    def noticed() -> bool:
        got.extend(heard(link))
        return event in events(link)

    until(noticed)
    return got


def test_key_that_left_the_roster_is_not_heard_in_its_open_session(
    made: Enrolment, supervisor: Link, truck: Link
) -> None:
    """F3."""
    left = {name: key for name, key in made.curve_table.items() if name != "truck-01"}
    supervisor.replace_table(left)
    assert truck.send("supervisor", b"me again")
    assert heard_until(supervisor, ShellEvent.FRAME_DROPPED) == []


def test_flood_is_muted_and_others_are_still_heard(made: Enrolment) -> None:
    supervisor = a_listener(made, share=Share(rate_per_s=50.0, burst=20))
    flooder = a_caller(made, "truck-01", "supervisor", supervisor.address)
    meek = a_caller(made, "truck-02", "supervisor", supervisor.address)
    meet(flooder, "supervisor", supervisor)
    meet(meek, "supervisor", supervisor)
    supervisor.notices()
    taken, began = 0, time.monotonic()
    for _ in range(400):
        flooder.send("supervisor", b"x")
        taken += sum(name == "truck-01" for name, _ in supervisor.receive())
        supervisor.poll(0)
    assert taken <= 20 + 50.0 * (time.monotonic() - began) + 1
    assert meek.send("supervisor", b"may I")
    assert ("truck-02", b"may I") in until(
        lambda: [item for item in heard(supervisor) if item[0] == "truck-02"]
    )
    assert ShellEvent.FLOOD_MUTED in events(supervisor)

    def calmed() -> bool:
        flooder.send("supervisor", b"sorry")
        heard(supervisor)
        time.sleep(0.05)
        return ShellEvent.FLOOD_ENDED in events(supervisor)

    until(calmed)
    for link in (supervisor, flooder, meek):
        link.close()


def test_sending_to_an_absent_peer_says_so_without_waiting(made: Enrolment) -> None:
    caller = a_caller(made, "truck-01", "supervisor", "tcp://127.0.0.1:9")
    began = time.monotonic()
    results = [caller.send("supervisor", b"hello") for _ in range(100)]
    assert results == [False] * 100
    assert caller.send("office-kz", b"no connection at all") is False
    assert time.monotonic() - began < 0.5
    caller.close()


def test_peer_that_left_is_no_longer_reached(made: Enrolment, supervisor: Link) -> None:
    truck = a_caller(made, "truck-01", "supervisor", supervisor.address)
    meet(truck, "supervisor", supervisor)
    assert supervisor.send("truck-01", b"are you there")
    truck.close()
    until(lambda: heard(supervisor) or not supervisor.send("truck-01", b"are you there"))


def test_largest_frame_passes_and_a_larger_one_is_not_sent(supervisor: Link, truck: Link) -> None:
    assert truck.send("supervisor", b"x" * FRAME_BYTES_MAX)
    assert until(lambda: heard(supervisor)) == [("truck-01", b"x" * FRAME_BYTES_MAX)]
    assert truck.send("supervisor", b"x" * (FRAME_BYTES_MAX + 1)) is False
    assert ShellEvent.FRAME_DROPPED in events(truck)


def test_message_of_several_parts_is_dropped(made: Enrolment, supervisor: Link) -> None:
    client = a_raw_client(made.keys["supervisor"], supervisor.address, made.keys["truck-01"])
    until(lambda: heard(supervisor) or client.poll(0, zmq.POLLOUT))
    client.send_multipart([b"one", b"two"])
    assert heard_until(supervisor, ShellEvent.FRAME_DROPPED) == []
    discard(client)


def test_second_process_with_the_same_key_is_noticed(
    made: Enrolment, supervisor: Link, truck: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.link.DOUBLED_AFTER_MS", 0)
    thief = a_caller(made, "truck-01", "supervisor", supervisor.address)
    meet(thief, "supervisor", supervisor)
    assert truck.send("supervisor", b"I was first")
    heard_until(supervisor, ShellEvent.PEER_CONNECTED_TWICE)
    thief.close()


def test_address_in_use_is_said_plainly(made: Enrolment, supervisor: Link) -> None:
    with pytest.raises(ConfigError, match=r"listen\.address = .*another process listens there"):
        Link(made.keys["truck-01"], made.curve_table, listen=supervisor.address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://*:5570", "expected tcp://IP:PORT"),
        ("tcp://gate-kz.local:5570", "expected tcp://IP:PORT"),
        ("tcp://10.0.0.256:5570", "is no IP address"),
        ("tcp://10.0.0.1:70000", "port 70000"),
        ("tcp://10.0.0.1:*", "a port is needed"),
        ("udp://10.0.0.1:5", "expected tcp://IP:PORT"),
        ("", "expected tcp://IP:PORT"),
    ],
)
def test_bad_address_names_place_and_form(address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"peers\.gate-kz") as caught:
        check_address(address, "peers.gate-kz")
    assert said in str(caught.value)


def test_good_addresses_pass() -> None:
    for address in ("tcp://10.0.0.1:5570", "tcp://[fd00::1]:5570", "ipc:///run/convoy/a.sock"):
        assert check_address(address, "x") == address
    assert check_address(ANY_PORT, "x", listening=True) == ANY_PORT
