"""The body: what a program can sense and move, and the channel to a hardware process.

`Body` is what the shell asks of any hardware. `BodyLink` and `BodyServer` are the two ends of a
channel that carries opaque messages between a program and the process that plays or drives its
hardware: CURVE on it like on every other connection, identity by key. Nothing is repeated: a
command is absolute and is given again as long as it holds; silence is for the hardware to notice.
Not here: what the messages say (contract/v1/body.proto), who stops the truck (the hardware).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import zmq

from contract.agent import Command, Now
from contract.errors import ConfigError, InvariantBroken
from contract.limits import FRAME_BYTES_MAX
from live.config import BodySection
from live.keys import NodeKeys, curve_fault
from live.link_limits import RECEIVE_MAX
from live.sockets import Context, Socket, bind, connect, dealer, router
from live.zap import Doorkeeper, guard_client, guard_server

ReadingT = TypeVar("ReadingT")
ReadingOutT = TypeVar("ReadingOutT", covariant=True)


class Body(Protocol[ReadingOutT]):
    """Hardware as the shell sees it. No call may wait."""

    @property
    def period_ns(self) -> int:
        """How often `step` is to be called, on the program's clock; 0 for never."""
        ...

    @property
    def sockets(self) -> Sequence[Any]:
        """What wakes the loop: ZeroMQ sockets or file descriptors."""
        ...

    def changed(self, now: Now) -> bool:
        """Take in what has come; True if the agent should be woken for it."""
        ...

    def reading(self, now: Now) -> ReadingOutT:
        """What the body knows now."""
        ...

    def carry_out(self, now: Now, command: Command) -> None:
        """Do what the agent orders."""
        ...

    def step(self, now: Now) -> None:
        """One turn of the fast loop (the truck's pilot and guard)."""
        ...

    def close(self) -> None:
        """The program ends: leave the hardware to itself."""
        ...


class NoBody(Generic[ReadingT]):
    """A program without hardware. Its reading is made from the time alone."""

    def __init__(self, reading: Callable[[Now], ReadingT]) -> None:
        self._reading = reading

    @property
    def period_ns(self) -> int:
        return 0

    @property
    def sockets(self) -> Sequence[Any]:
        return ()

    def changed(self, now: Now) -> bool:
        return False

    def reading(self, now: Now) -> ReadingT:
        return self._reading(now)

    def carry_out(self, now: Now, command: Command) -> None:
        raise InvariantBroken(f"{command!r}: this program has no hardware")

    def step(self, now: Now) -> None:
        return None

    def close(self) -> None:
        return None


class BodyLink:
    """The program's end: one connection to its hardware process."""

    @classmethod
    def from_config(cls, section: BodySection, keys: NodeKeys) -> "BodyLink":
        """The link that [body] asks for. Raises ConfigError if it asks for none."""
        if section.address is None or section.public_key is None:
            missing = "address" if section.address is None else "public_key"
            raise ConfigError(f"body.{missing}: missing; this program needs its hardware")
        return cls(section.address, keys, section.public_key)

    def __init__(self, address: str, keys: NodeKeys, server_public: str) -> None:
        """`server_public` is the hardware's CURVE key as Z85 text."""
        fault = curve_fault(server_public.encode())
        if fault is not None:
            raise ConfigError(f"body.public_key = {server_public!r}: {fault}")
        self._context: Context = zmq.Context()
        self.socket: Socket = dealer(self._context)
        try:
            public = server_public.encode()
            guard_client(self.socket, keys.curve_secret, keys.curve_public, public)
            connect(self.socket, address, "body.address")
        except BaseException:
            self.close()
            raise

    def send(self, raw: bytes) -> bool:
        """False if the hardware cannot be reached now."""
        if len(raw) > FRAME_BYTES_MAX:
            return False
        try:
            self.socket.send(raw, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> list[bytes]:
        """What has come, oldest first."""
        got: list[bytes] = []
        while len(got) < RECEIVE_MAX:
            try:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            got += parts if len(parts) == 1 else []
        return got

    def close(self) -> None:
        """Cut the connection."""
        self.socket.close(0)
        self._context.term()


class BodyServer:
    """The hardware's end: serves the bodies of many programs, each known by its key."""

    def __init__(self, address: str, keys: NodeKeys, table: Mapping[str, bytes]) -> None:
        """`table` is name -> CURVE public key of the programs. `self.address` has the real port."""
        self._names = {key: name for name, key in table.items()}
        self._routes: dict[str, bytes] = {}
        self._context: Context = zmq.Context()
        self._doorkeeper = Doorkeeper(self._context, self._names.__contains__)
        self._socket: Socket = router(self._context)
        self._poller = zmq.Poller()
        self._poller.register(self._doorkeeper.socket, zmq.POLLIN)
        self._poller.register(self._socket, zmq.POLLIN)
        try:
            guard_server(self._socket, keys.curve_secret, keys.curve_public)
            self.address = bind(self._socket, address, "body.address")
        except BaseException:
            self.close()
            raise

    @property
    def connected(self) -> frozenset[str]:
        """Names of the programs that have ever been heard."""
        return frozenset(self._routes)

    def poll(self, timeout_ms: int) -> None:
        """Sleep until something has come or the time is over; answer handshakes."""
        if dict(self._poller.poll(timeout_ms)).get(self._doorkeeper.socket):
            self._doorkeeper.answer_all()
            self._doorkeeper.strangers.clear()

    def receive(self) -> list[tuple[str, bytes]]:
        """What has come, as (name, message)."""
        got: list[tuple[str, bytes]] = []
        for _ in range(RECEIVE_MAX):
            try:
                route, *frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            key = str(frames[0].get("User-Id")).encode() if frames else b""
            name = self._names.get(key)
            if name is not None and len(frames) == 1:
                self._routes[name] = route.bytes
                got.append((name, frames[0].bytes))
        return got

    def send(self, to: str, raw: bytes) -> bool:
        """False if this program cannot be reached now."""
        route = self._routes.get(to)
        if route is None or len(raw) > FRAME_BYTES_MAX:
            return False
        try:
            self._socket.send_multipart((route, raw), zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as fault:
            if fault.errno != zmq.EHOSTUNREACH:
                raise
            del self._routes[to]
            return False
        return True

    def close(self) -> None:
        """Cut all connections."""
        self._doorkeeper.close()
        self._socket.close(0)
        self._context.term()
