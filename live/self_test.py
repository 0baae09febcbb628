"""Promises that every program proves to itself at each start, before it says a word to anybody.

An unknown CURVE key does not get in and a known one does; a known signature is accepted, an altered
one and one under a key of small order are refused; protobuf runs on its upb backend; SQLite keeps
the settings that durability relies on. Any of these can be lost by an update of a library.
"""

import time
from collections.abc import Callable
from typing import Final

import zmq
from google.protobuf.internal import api_implementation
from zmq.utils.monitor import recv_monitor_message

from contract.agent import Role
from contract.signing import Signer, verify
from live.errors import SelfTestFailed
from live.journal import JournalFile, verify_pragmas
from live.keys import NodeSpec, ed25519_fault, make_keys
from live.link import Link
from live.link_limits import SELF_TEST_MS_MAX
from live.sockets import Context, connect, dealer
from live.zap import guard_client

_LOOPBACK: Final = "tcp://127.0.0.1:*"
_TYPE: Final = "convoy.self-test.v1"
_SMALL_ORDER: Final = bytes([1]) + bytes(31)  # the neutral point: every message is "signed" by it


def run(journal: JournalFile) -> tuple[str, ...]:
    """Run all checks; their names. Raises SelfTestFailed at the first promise that is broken."""
    checks: dict[str, Callable[[], str]] = {
        "signatures": _signatures_fault,
        "protobuf": _protobuf_fault,
        "journal": lambda: ", ".join(verify_pragmas(journal.pragmas())),
        "strangers": _strangers_fault,
    }
    for name, check in checks.items():
        fault = check()
        if fault:
            raise SelfTestFailed(f"self-test {name}: {fault}; this installation is not to be used")
    return tuple(checks)


def _signatures_fault() -> str:
    signer = Signer.from_seed(bytes(range(32)))
    made = signer.sign(_TYPE, b"go").signature
    altered = made[:-1] + bytes([made[-1] ^ 1])
    if not verify(signer.public_key, _TYPE, b"go", made):
        return "a good signature was refused"
    if verify(signer.public_key, _TYPE, b"go", altered):
        return "an altered signature was accepted"
    if verify(signer.public_key, _TYPE + "x", b"go", made):
        return "a signature for another type was accepted"
    if verify(_SMALL_ORDER, _TYPE, b"go", _SMALL_ORDER + bytes(32)):
        return "a signature under a key of small order was accepted"
    return "" if ed25519_fault(_SMALL_ORDER) else "a key of small order could be enrolled"


def _protobuf_fault() -> str:
    backend = api_implementation.Type()
    return "" if backend == "upb" else f"protobuf runs on its {backend} backend instead of upb"


def _strangers_fault() -> str:
    """A known key gets through, an unknown one is told no; both over a real handshake."""
    known, server, stranger = (make_keys(NodeSpec(name, Role.VEHICLE)) for name in "abc")
    link = Link(server, {"a": known.curve_public}, listen=_LOOPBACK)
    context: Context = zmq.Context()
    try:
        for keys, welcome in ((known, True), (stranger, False)):
            client = dealer(context)
            events = client.get_monitor_socket(
                zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
            )
            guard_client(client, keys.curve_secret, keys.curve_public, server.curve_public)
            connect(client, link.address or "", "self-test")
            outcome = _outcome(link, events)
            client.disable_monitor()
            events.close(0)
            client.close(0)
            if outcome is None:
                return f"no handshake on loopback within {SELF_TEST_MS_MAX} ms"
            if outcome is not welcome:
                return "a known key was refused" if welcome else "an unknown key was let in"
    finally:
        link.close()
        context.destroy(0)
    return ""


def _outcome(link: Link, events: "zmq.Socket[bytes]") -> bool | None:
    """Whether the handshake succeeded; None if it did not end in time."""
    deadline_ns = time.monotonic_ns() + SELF_TEST_MS_MAX * 1_000_000
    link.watch(events)
    while time.monotonic_ns() < deadline_ns:
        link.poll(20)
        if events.poll(0):
            link.forget(events)
            return bool(recv_monitor_message(events)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED)
    link.forget(events)
    return None
