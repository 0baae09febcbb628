"""The link: frames to and from named peers over ZeroMQ, CURVE on every connection.

Decides: whose key sent a frame. Identity is the User-Id of the frame - the key that the doorkeeper
admitted - looked up in the roster again for every message; a routing id proves nothing and serves
only to find the newest connection of a key. One listening ROUTER, one DEALER per configured peer,
one thread, nothing ever blocks: what cannot be sent now is the mailbox's to repeat.
Not here: envelopes, order, retry (contract/mailbox.py); who may say what (contract/topics.py).
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import zmq

from contract.agent import NS_PER_MS
from contract.limits import FRAME_BYTES_MAX
from live.events import Notice, ShellEvent
from live.keys import NodeKeys
from live.link_limits import (
    DOUBLED_AFTER_MS,
    NOTICES_MAX,
    OUT_OF_REACH_MS,
    RECEIVE_MAX,
    ROUTES_REMEMBERED,
)
from live.sockets import Context, Socket, bind, connect, dealer, router
from live.zap import Doorkeeper, guard_client, guard_server


@dataclass(frozen=True, slots=True)
class Share:
    """How much one key may say before it is muted: a token bucket."""

    rate_per_s: float = 200.0
    burst: int = 400


@dataclass(slots=True)
class _Peer:
    """What is remembered of one key."""

    tokens: float
    filled_ns: int
    dropped: int = 0
    routes: deque[bytes] = field(default_factory=lambda: deque(maxlen=ROUTES_REMEMBERED))
    newest_ns: int = 0
    failing_since_ns: int | None = None
    out_of_reach: bool = False
    doubled: bool = False


class Link:
    """All connections of one program. Only the thread that made it may touch it."""

    def __init__(
        self,
        keys: NodeKeys,
        table: Mapping[str, bytes],
        *,
        listen: str | None = None,
        peers: Mapping[str, str] | None = None,
        share: Share | None = None,
    ) -> None:
        """`table` is name -> CURVE public key of everybody who may ever be heard."""
        self._share = Share() if share is None else share
        self._names: dict[bytes, str] = {}
        self._peers: dict[str, _Peer] = {}
        self._notices: list[Notice] = []
        self.replace_table(table)
        self._context: Context = zmq.Context()
        self._context.setsockopt(zmq.MAX_SOCKETS, 4_096)
        self._poller = zmq.Poller()
        self._router: Socket | None = None
        self._dealers: dict[str, Socket] = {}
        self.address: str | None = None
        self._doorkeeper = Doorkeeper(self._context, self._names_has)
        self._poller.register(self._doorkeeper.socket, zmq.POLLIN)
        try:
            if listen is not None:
                self._router = router(self._context)
                guard_server(self._router, keys.curve_secret, keys.curve_public)
                self._poller.register(self._router, zmq.POLLIN)
                self.address = bind(self._router, listen, "listen.address")
            for name, address in (peers or {}).items():
                socket = self._dealers[name] = dealer(self._context)
                guard_client(socket, keys.curve_secret, keys.curve_public, table[name])
                self._poller.register(socket, zmq.POLLIN)
                connect(socket, address, f"peers.{name}")
        except BaseException:
            self.close()
            raise

    def replace_table(self, table: Mapping[str, bytes]) -> None:
        """Who may be heard from now on; a key that is gone is not heard even in an open session."""
        self._names = {key: name for name, key in table.items()}

    def _names_has(self, key: bytes) -> bool:
        return key in self._names

    # --- waiting ---

    def watch(self, socket: Any) -> None:
        """Let `poll` also return when this socket (ZeroMQ's or a file descriptor) has news."""
        self._poller.register(socket, zmq.POLLIN)

    def forget(self, socket: Any) -> None:
        """Undo `watch`."""
        self._poller.unregister(socket)

    def poll(self, timeout_ms: int) -> None:
        """Sleep until something has come or the time is over; answer handshakes."""
        ready = dict(self._poller.poll(timeout_ms))
        if self._doorkeeper.socket in ready:
            self._doorkeeper.answer_all()
            for address, key in self._doorkeeper.strangers:
                self._note(ShellEvent.STRANGER_REFUSED, address=address, key=key)
            self._doorkeeper.strangers.clear()

    # --- in ---

    def receive(self) -> list[tuple[str, bytes]]:
        """What has come, as (sender's name, frame); at most RECEIVE_MAX, none of a muted peer."""
        now_ns = time.monotonic_ns()
        got: list[tuple[str, bytes]] = []
        left = RECEIVE_MAX
        for name, socket in self._dealers.items():
            left -= self._drain_dealer(name, socket, got, now_ns)
        if self._router is not None:
            self._drain_router(self._router, max(left, RECEIVE_MAX // 4), got, now_ns)
        return got

    def _drain_dealer(
        self, name: str, socket: Socket, got: list[tuple[str, bytes]], now_ns: int
    ) -> int:
        """The far end proved the key that the roster has for `name`: it is `name`."""
        budget = max(1, RECEIVE_MAX // (2 * len(self._dealers)))
        for count in range(budget):
            try:
                frame = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return count
            self._take(name, frame, got, now_ns)
        return budget

    def _drain_router(
        self, socket: Socket, budget: int, got: list[tuple[str, bytes]], now_ns: int
    ) -> None:
        for _ in range(budget):
            try:
                route, *frames = socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            key = str(frames[0].get("User-Id")).encode() if frames else b""
            name = self._names.get(key)
            if name is None:
                self._note(ShellEvent.FRAME_DROPPED, peer="", cause="key is not in the roster")
                continue
            self._remember_route(name, route.bytes, now_ns)
            self._take(name, [one.bytes for one in frames], got, now_ns)

    def _remember_route(self, name: str, route: bytes, now_ns: int) -> None:
        peer = self._peer(name, now_ns)
        if route not in peer.routes:
            peer.routes.append(route)
            peer.newest_ns, peer.doubled = now_ns, False
        elif route != peer.routes[-1] and not peer.doubled:
            peer.doubled = now_ns - peer.newest_ns > DOUBLED_AFTER_MS * NS_PER_MS
            if peer.doubled:
                self._note(ShellEvent.PEER_CONNECTED_TWICE, peer=name)

    def _take(
        self, name: str, frames: list[bytes], got: list[tuple[str, bytes]], now_ns: int
    ) -> None:
        peer = self._peer(name, now_ns)
        if not self._spend(name, peer, now_ns):
            return
        if len(frames) != 1:
            cause = f"{len(frames)} parts instead of one"
            self._note(ShellEvent.FRAME_DROPPED, peer=name, cause=cause)
            return
        got.append((name, frames[0]))

    def _spend(self, name: str, peer: _Peer, now_ns: int) -> bool:
        """Take one token of the peer's; without one it is muted until it has saved up again."""
        gained = (now_ns - peer.filled_ns) * self._share.rate_per_s / 1e9
        peer.tokens = min(float(self._share.burst), peer.tokens + gained)
        peer.filled_ns = now_ns
        needed = 1.0 if peer.dropped == 0 else self._share.burst / 4
        if peer.tokens < max(needed, 1.0):
            if peer.dropped == 0:
                self._note(ShellEvent.FLOOD_MUTED, peer=name)
            peer.dropped += 1
            return False
        if peer.dropped:
            self._note(ShellEvent.FLOOD_ENDED, peer=name, dropped=peer.dropped)
            peer.dropped = 0
        peer.tokens -= 1.0
        return True

    def _peer(self, name: str, now_ns: int) -> _Peer:
        peer = self._peers.get(name)
        if peer is None:
            peer = self._peers[name] = _Peer(float(self._share.burst), now_ns)
        return peer

    # --- out ---

    def send(self, to: str, raw: bytes) -> bool:
        """Give a frame to the network. False if the peer cannot be reached now; never waits."""
        if len(raw) > FRAME_BYTES_MAX:
            cause = f"{len(raw)} bytes, at most {FRAME_BYTES_MAX}"
            self._note(ShellEvent.FRAME_DROPPED, peer=to, cause=cause)
            return False
        sent = self._send_by_dealer(to, raw) or self._send_by_router(to, raw)
        self._watch_reach(to, sent)
        return sent

    def _watch_reach(self, to: str, sent: bool) -> None:
        now_ns = time.monotonic_ns()
        peer = self._peer(to, now_ns)
        if sent:
            if peer.out_of_reach:
                self._note(ShellEvent.PEER_CAME_WITHIN_REACH, peer=to)
            peer.failing_since_ns, peer.out_of_reach = None, False
        elif peer.failing_since_ns is None:
            peer.failing_since_ns = now_ns
        elif not peer.out_of_reach:
            lasts_ns = now_ns - peer.failing_since_ns
            peer.out_of_reach = lasts_ns > OUT_OF_REACH_MS * NS_PER_MS
            if peer.out_of_reach:
                self._note(ShellEvent.PEER_WENT_OUT_OF_REACH, peer=to)

    def _send_by_dealer(self, to: str, raw: bytes) -> bool:
        socket = self._dealers.get(to)
        if socket is None:
            return False
        try:
            socket.send(raw, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _send_by_router(self, to: str, raw: bytes) -> bool:
        peer = self._peers.get(to)
        if self._router is None or peer is None:
            return False
        for route in tuple(reversed(peer.routes)):
            try:
                self._router.send_multipart((route, raw), zmq.NOBLOCK)
            except zmq.Again:
                return False
            except zmq.ZMQError as fault:
                if fault.errno != zmq.EHOSTUNREACH:
                    raise
                peer.routes.remove(route)
                continue
            return True
        return False

    # --- about ---

    def notices(self) -> list[Notice]:
        """What is to be logged since the last call."""
        found, self._notices = self._notices, []
        return found

    def _note(self, event: ShellEvent, **fields: object) -> None:
        if len(self._notices) < NOTICES_MAX:
            self._notices.append((event, fields))

    def close(self) -> None:
        """Cut all connections at once."""
        self._doorkeeper.close()
        for socket in (self._router, *self._dealers.values()):
            if socket is not None:
                socket.close(0)
        self._context.term()
