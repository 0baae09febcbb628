"""The mailbox: the one place that seals and opens envelopes.

Pure, and the same in both shells. Out: a message becomes an envelope with session, epoch, sequence
and map digest, signed where its topic commands. In: bytes become a `Received` - authentic,
addressed to us, of this session, in order, not seen before - or a `Refused` with its reason.
Reliable messages are repeated until acknowledged; a duplicate is answered with the acknowledgement
again and has no second effect.

Sessions: a HELLO opens one. Every other envelope names both boots, so nothing recorded in an
earlier life of either side is ever taken for new. What is durable goes through `Persist` like any
other state. Not here: sockets, keys on disk, clocks, what is said to everybody at once
(contract/broadcast.py). Decision: docs/decisions/0003-mailbox.md.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from google.protobuf.message import Message
from msgspec import Struct

from contract.agent import NS_PER_MS, Boot, Now, Persist, Received, Refused
from contract.envelope import Address, Identity, Unsealed, seal, signature_fault, unseal
from contract.limits import (
    FRAME_BYTES_MAX,
    FRAME_OVERHEAD_BYTES,
    HELLO_RATE_MS,
    OUTBOX_MESSAGES_MAX,
    WIRE_VERSION,
)
from contract.reasons import Reason
from contract.roster import Roster
from contract.session import Inbox, Outgoing, Peer
from contract.topics import BY_KIND, TOPICS, Topic
from contract.v1.envelope_pb2 import (
    STREAM_DURABLE,
    STREAM_SESSION,
    STREAM_TELEMETRY,
    Ack,
    Envelope,
    Frame,
    Hello,
)
from contract.wire import parse

_OUT: Final = "mailbox/out/"
_SENT: Final = "mailbox/sent/"
_IN: Final = "mailbox/in/"
_EPOCH: Final = "mailbox/epoch/"


class Transmit(Struct, frozen=True):
    """Bytes for a peer, to be given to the network once the turn is committed."""

    to: str
    raw: bytes


class Opened(Struct):
    """What became of the bytes that came in."""

    received: list[Received] = []
    persists: list[Persist] = []
    transmits: list[Transmit] = []
    refused: Refused | None = None
    opened_session: str = ""

    def add(self, more: "Opened") -> None:
        """What became of a frame that was opened behind this one."""
        self.received += more.received
        self.persists += more.persists
        self.transmits += more.transmits
        self.refused = more.refused


class Mailbox:
    """Sessions with all peers of one node."""

    def __init__(
        self,
        identity: Identity,
        roster: Roster,
        *,
        greets: Iterable[str] = (),
        epoch: Callable[[], int] = lambda: 0,
    ) -> None:
        self._me = identity
        self._roster = roster
        self._greets = tuple(greets)
        self._epoch = epoch
        self._peers: dict[str, Peer] = {}
        self._epochs_seen: dict[str, int] = {}
        self._boot = Boot(b"", 0, b"", b"")
        self._due: dict[str, int] = {}
        self._wake_ns: int | None = None

    # --- life ---

    def start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> None:
        """Take up what the journal kept and greet the peers we connect to."""
        self._boot = boot
        for key in sorted(state):
            value = state[key]
            if key.startswith(_OUT):
                self._restore_outgoing(key, value)
            elif key.startswith(_SENT):
                outbox = self._peer(key[len(_SENT) :]).durable_out
                outbox.last = max(outbox.last, int.from_bytes(value, "big"))
            elif key.startswith(_IN):
                peer = self._peer(key[len(_IN) :])
                peer.durable_in_journal, last = value[8:], value[:8]
                peer.durable_in.last = int.from_bytes(last, "big")
            elif key.startswith(_EPOCH):
                self._epochs_seen[key[len(_EPOCH) :]] = int.from_bytes(value, "big")
        for name in (*self._greets, *self._peers):
            peer = self._peer(name)
            peer.greet(now.mono_ns)
            self._rearm(peer)

    def _restore_outgoing(self, key: str, value: bytes) -> None:
        name, _, sequence = key[len(_OUT) :].rpartition("/")
        payload_type, payload = msgspec.msgpack.decode(value, type=tuple[str, bytes])
        outbox = self._peer(name).durable_out
        outbox.waiting.append(Outgoing(payload_type, payload, int(sequence)))
        outbox.last = max(outbox.last, int(sequence))

    @property
    def wake_ns(self) -> int | None:
        """When the next repetition is due on the monotonic clock."""
        return self._wake_ns

    def knows(self, name: str) -> bool:
        """True while a session with this peer is open."""
        peer = self._peers.get(name)
        return peer is not None and peer.known

    # --- out ---

    def post(
        self, to: str, message: Message, now: Now
    ) -> tuple[list[Persist], list[Transmit], Refused | None]:
        """Put a message on its way; it travels at once if a session is open."""
        topic = BY_KIND[type(message)]
        if to not in self._roster.nodes:
            return [], [], Refused(Reason.UNKNOWN_SENDER, f"no node is called {to!r}")
        peer = self._peer(to)
        payload = message.SerializeToString()
        if len(payload) > FRAME_BYTES_MAX - FRAME_OVERHEAD_BYTES:
            return [], [], Refused(Reason.TOO_LARGE, f"{len(payload)} bytes of {topic.name}")
        if topic.stream == STREAM_TELEMETRY:
            if not peer.known:
                return [], [], None
            peer.telemetry_out += 1
            raw = self._seal(peer, topic, payload, peer.telemetry_out)
            return [], [Transmit(to, raw)], None
        outbox = peer.durable_out if topic.durable else peer.session_out
        if len(outbox.waiting) >= OUTBOX_MESSAGES_MAX:
            return [], [], Refused(Reason.OUTBOX_FULL, to)
        outgoing = outbox.add(topic.name, payload)
        persists = []
        if topic.durable:
            row = msgspec.msgpack.encode((topic.name, payload))
            persists = [Persist(f"{_OUT}{to}/{outgoing.sequence:012d}", row)]
        transmits = []
        if peer.known:
            transmits = [self._transmit(peer, topic, outgoing, now)]
        else:
            peer.greet(now.mono_ns)
        self._rearm(peer)
        return persists, transmits, None

    def due(self, now: Now) -> list[Transmit]:
        """Everything whose repetition is due now."""
        transmits = []
        for name in [name for name, due_ns in self._due.items() if due_ns <= now.mono_ns]:
            peer = self._peers[name]
            transmits += self._repeat(peer, now)
            self._rearm(peer)
        return transmits

    def _repeat(self, peer: Peer, now: Now) -> list[Transmit]:
        if not peer.known:
            peer.greeted(now.mono_ns)
            return [self._hello(peer, b"", now, answer=False)]
        return [
            self._transmit(peer, TOPICS[item.payload_type], item, now)
            for item in (*peer.session_out.waiting, *peer.durable_out.waiting)
            if item.due_ns <= now.mono_ns
        ]

    def _transmit(self, peer: Peer, topic: Topic, outgoing: Outgoing, now: Now) -> Transmit:
        outgoing.sent(now.mono_ns)
        return Transmit(peer.name, self._seal(peer, topic, outgoing.payload, outgoing.sequence))

    def _seal(
        self, peer: Peer, topic: Topic, payload: bytes, sequence: int, *, to: bytes | None = None
    ) -> bytes:
        known = peer.boot_id if to is None else to
        boot = self._boot
        address = Address(peer.name, known, boot.boot_id, boot.boot_count, self._epoch(), sequence)
        return seal(self._me, address, topic, payload)

    def _hello(self, peer: Peer, boot_id: bytes, now: Now, *, answer: bool) -> Transmit:
        hello = Hello(
            wire=WIRE_VERSION,
            map_digest=self._me.map_digest,
            config_digest=self._me.config_digest,
            answer=answer,
            durable_base=peer.durable_out.base,
            journal_id=self._boot.journal_id,
        )
        payload = hello.SerializeToString()
        return Transmit(peer.name, self._seal(peer, BY_KIND[Hello], payload, 0, to=boot_id))

    # --- in ---

    def open(self, raw: bytes, transport_sender: str, now: Now) -> Opened:
        """Open one frame that the network attributes to this sender. Never raises for any bytes."""
        opened = Opened()
        unsealed = unseal(raw, transport_sender, self._me, self._roster)
        if isinstance(unsealed, Refused):
            opened.refused = unsealed
            return opened
        body = unsealed.body
        peer = self._peer(body.sender)
        if unsealed.topic.kind is Hello:
            self._on_hello(peer, body, opened, now)
            return opened
        fault = (
            self._session_fault(peer, body) or self._epoch_fault(body) or signature_fault(unsealed)
        )
        if fault is None:
            self._accept(peer, unsealed, raw, opened)
            if opened.refused is not None and opened.refused.reason is Reason.DUPLICATE:
                opened.transmits += self._stored_replies(peer, now)
        else:
            opened.refused = fault
            if fault.reason is Reason.SESSION_UNKNOWN:
                if body.recipient_boot_id == self._boot.boot_id:
                    peer.keep_early(body, raw)
                self._answer_stranger(peer, body, opened, now)
        return opened

    def _session_fault(self, peer: Peer, body: Envelope) -> Refused | None:
        if body.recipient_boot_id != self._boot.boot_id:
            return Refused(Reason.SESSION_UNKNOWN, "it names an earlier boot of ours")
        if body.boot_id == peer.boot_id:
            return None
        if body.boot_count > peer.boot_count:
            return Refused(Reason.SESSION_UNKNOWN, f"no HELLO from boot {body.boot_count}")
        return Refused(Reason.STALE_BOOT, f"boot {body.boot_count}, now {peer.boot_count}")

    def _epoch_fault(self, body: Envelope) -> Refused | None:
        seen = self._epochs_seen.get(body.sender, 0)
        if body.epoch < seen:
            return Refused(Reason.STALE_EPOCH, f"epoch {body.epoch}, in force {seen}")
        return None

    def _accept(self, peer: Peer, unsealed: Unsealed, raw: bytes, opened: Opened) -> None:
        body, topic = unsealed.body, unsealed.topic
        if body.stream == STREAM_TELEMETRY:
            if topic.kind is Ack:
                self._on_ack(peer, body, opened)
            elif body.sequence <= peer.telemetry_in:
                opened.refused = Refused(Reason.DUPLICATE, topic.kind.__name__)
            else:
                peer.telemetry_in = body.sequence
                self._deliver(peer, body, raw, opened)
            return
        inbox = peer.durable_in if body.stream == STREAM_DURABLE else peer.session_in
        if inbox.is_duplicate(body.sequence):
            opened.refused = Refused(Reason.DUPLICATE, topic.kind.__name__)
        elif inbox.is_next(body.sequence):
            self._deliver_run(peer, inbox, (body, raw), opened)
        else:
            if not inbox.hold(body.sequence, raw):
                opened.refused = Refused(Reason.OUT_OF_WINDOW, f"sequence {body.sequence}")
            return
        opened.transmits.append(self._ack(peer, body.stream, inbox))

    def _deliver_run(
        self, peer: Peer, inbox: Inbox, first: tuple[Envelope, bytes], opened: Opened
    ) -> None:
        """Deliver the next message and every held one that follows it without a gap."""
        body, raw = first
        while True:
            inbox.last += 1
            self._deliver(peer, body, raw, opened)
            held = inbox.take_next()
            if held is None:
                break
            body, raw = Envelope.FromString(Frame.FromString(held).envelope), held
        if inbox is peer.durable_in:
            value = inbox.last.to_bytes(8, "big") + peer.durable_in_journal
            opened.persists.append(Persist(_IN + peer.name, value))

    def _deliver(self, peer: Peer, body: Envelope, raw: bytes, opened: Opened) -> None:
        message = parse(TOPICS[body.payload_type].kind, body.payload)
        if isinstance(message, Refused):
            opened.refused = message
            return
        if body.epoch > self._epochs_seen.get(peer.name, 0):
            self._epochs_seen[peer.name] = body.epoch
            opened.persists.append(Persist(_EPOCH + peer.name, body.epoch.to_bytes(8, "big")))
        role = self._roster.nodes[peer.name].role
        opened.received.append(Received(peer.name, role, message, body.epoch, raw))

    def _stored_replies(self, peer: Peer, now: Now) -> list[Transmit]:
        """A duplicate: our answer may be lost. Say again what still waits and is not fresh."""
        stale_ns = now.mono_ns - HELLO_RATE_MS * NS_PER_MS
        waiting = (*peer.session_out.waiting, *peer.durable_out.waiting)
        stale = [item for item in waiting if item.sent_ns <= stale_ns]
        again = [self._transmit(peer, TOPICS[item.payload_type], item, now) for item in stale]
        self._rearm(peer)
        return again

    def _ack(self, peer: Peer, stream: int, inbox: Inbox) -> Transmit:
        durable = stream == STREAM_DURABLE
        ack = Ack(
            stream=STREAM_DURABLE if durable else STREAM_SESSION,
            sequence=inbox.last,
            incarnation=peer.durable_in_journal if durable else peer.boot_id,
        )
        return Transmit(peer.name, self._seal(peer, BY_KIND[Ack], ack.SerializeToString(), 0))

    def _on_ack(self, peer: Peer, body: Envelope, opened: Opened) -> None:
        ack = parse(Ack, body.payload)
        if isinstance(ack, Refused):
            opened.refused = ack
            return
        if ack.stream == STREAM_DURABLE and ack.incarnation == self._boot.journal_id:
            self._forget(peer, ack.sequence, opened)
        elif ack.stream == STREAM_SESSION and ack.incarnation == self._boot.boot_id:
            peer.session_out.acknowledged(ack.sequence)
        self._rearm(peer)

    def _forget(self, peer: Peer, sequence: int, opened: Opened) -> None:
        done = peer.durable_out.acknowledged(sequence)
        if done:
            last = peer.durable_out.last.to_bytes(8, "big")
            opened.persists.append(Persist(_SENT + peer.name, last))
        for item in done:
            opened.persists.append(Persist(f"{_OUT}{peer.name}/{item.sequence:012d}", None))

    # --- sessions ---

    def _on_hello(self, peer: Peer, body: Envelope, opened: Opened, now: Now) -> None:
        hello = parse(Hello, body.payload)
        if isinstance(hello, Refused):
            opened.refused = hello
        elif body.boot_count < peer.boot_count:
            opened.refused = Refused(Reason.STALE_BOOT, f"HELLO from boot {body.boot_count}")
        elif body.recipient_boot_id == self._boot.boot_id and body.boot_id != peer.boot_id:
            self._adopt(peer, body, hello, opened)
            self._reopen(peer, opened, now)
        elif not hello.answer:
            opened.transmits.append(self._hello(peer, body.boot_id, now, answer=True))
        self._rearm(peer)

    def _adopt(self, peer: Peer, body: Envelope, hello: Hello, opened: Opened) -> None:
        """Open a session: the peer has just shown that it knows this boot of ours."""
        peer.adopt(body.boot_id, body.boot_count)
        gap = hello.durable_base > peer.durable_in.last + 1
        if hello.journal_id != peer.durable_in_journal or gap:
            peer.durable_in_journal = hello.journal_id
            peer.durable_in.restart(max(hello.durable_base, 1) - 1)
            value = peer.durable_in.last.to_bytes(8, "big") + peer.durable_in_journal
            opened.persists.append(Persist(_IN + peer.name, value))
        peer.durable_in.held.clear()
        opened.opened_session = peer.name
        role = self._roster.nodes[peer.name].role
        opened.received.append(Received(peer.name, role, hello, body.epoch, b""))

    def _reopen(self, peer: Peer, opened: Opened, now: Now) -> None:
        """Answer the HELLO, say behind it what has waited, and hear what has overtaken it."""
        opened.transmits.append(self._hello(peer, peer.boot_id, now, answer=True))
        opened.transmits += self._repeat(peer, now)
        for raw in peer.take_early():
            opened.add(self.open(raw, peer.name, now))

    def _answer_stranger(self, peer: Peer, body: Envelope, opened: Opened, now: Now) -> None:
        """Ask for a session, at a bounded rate, the boot that wrote to a boot of ours."""
        if now.mono_ns >= peer.asked_ns + HELLO_RATE_MS * NS_PER_MS:
            peer.asked_ns = now.mono_ns
            opened.transmits.append(self._hello(peer, body.boot_id, now, answer=False))

    def _peer(self, name: str) -> Peer:
        peer = self._peers.get(name)
        if peer is None:
            peer = self._peers[name] = Peer(name)
        return peer

    def _rearm(self, peer: Peer) -> None:
        """Keep the peers that have a deadline, and the earliest of them."""
        due_ns = peer.due_ns
        if due_ns is None:
            self._due.pop(peer.name, None)
        else:
            self._due[peer.name] = due_ns
        self._wake_ns = min(self._due.values(), default=None)
