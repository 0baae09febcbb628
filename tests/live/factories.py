"""What tests of the real world are built from: throw-away keys, links on loopback, waiting."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import zmq

from contract.agent import Role
from live.events import ShellEvent
from live.keys import NodeKeys, NodeSpec, make_keys
from live.link import Link, Share
from live.roster import Enrolment, throwaway
from live.sockets import Context, Socket, connect, dealer
from live.zap import guard_client

ANY_PORT: Final = "tcp://127.0.0.1:*"
PATIENCE_S: Final = 10.0
OFFICES: Final = (
    NodeSpec("office-kz", Role.OFFICE, "KZ"),
    NodeSpec("office-cn", Role.OFFICE, "CN"),
)
CORRIDOR: Final = (
    *OFFICES,
    NodeSpec("supervisor", Role.SUPERVISOR),
    NodeSpec("terminal", Role.TERMINAL, "KZ"),
    NodeSpec("truck-01", Role.VEHICLE),
    NodeSpec("truck-02", Role.VEHICLE),
)


def a_corridor(seed: bytes | None = b"tests") -> Enrolment:
    """Keys and roster of a small corridor."""
    return throwaway(CORRIDOR, seed)


def stranger() -> NodeKeys:
    """Keys that no roster knows."""
    return make_keys(NodeSpec("stranger", Role.VEHICLE))


def until(condition: Callable[[], Any], *, within_s: float = PATIENCE_S) -> Any:
    """Poll until `condition` gives something true; fail after a deadline."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.001)
    raise AssertionError(f"not within {within_s} s: {condition}")


def a_listener(made: Enrolment, name: str = "supervisor", share: Share | None = None) -> Link:
    """A link of `name` that listens on loopback."""
    return Link(made.keys[name], made.curve_table, listen=ANY_PORT, share=share)


def a_caller(made: Enrolment, name: str, peer: str, address: str | None) -> Link:
    """A link of `name` that connects to `peer`."""
    return Link(made.keys[name], made.curve_table, peers={peer: address or ""})


def a_raw_client(server: NodeKeys, address: str | None, keys: NodeKeys | None) -> Socket:
    """A bare DEALER of its own context; without keys it speaks no CURVE at all."""
    context: Context = zmq.Context()
    socket = dealer(context)
    if keys is not None:
        guard_client(socket, keys.curve_secret, keys.curve_public, server.curve_public)
    connect(socket, address or "", "test")
    return socket


def discard(socket: Socket) -> None:
    """Close a raw client with its monitor and its context."""
    socket.context.destroy(0)


def heard(link: Link) -> list[tuple[str, bytes]]:
    """One turn of a link's owner."""
    link.poll(5)
    return link.receive()


def events(link: Link) -> list[ShellEvent]:
    """Names of what a link noticed."""
    return [event for event, _ in link.notices()]


def a_config(folder: Path, sections: Mapping[str, Mapping[str, object]]) -> Path:
    """A TOML file of plain sections."""
    lines = []
    for section, rows in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {_toml(value)}" for key, value in rows.items()]
    path = folder / "program.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f'"{value}"'
