"""The mailbox: the one place that seals and opens envelopes.

Pure, and the same in both shells. Out: a message becomes an envelope with session, epoch, sequence and map
digest, signed where its topic commands. In: bytes become a `Received` - authentic, addressed to us, of
this session, in order, not seen before - or a `Refused` with its reason. Reliable messages are repeated
until acknowledged; a duplicate is answered with the acknowledgement again and has no second effect.

Sessions: a HELLO opens one. Every other envelope names both boots, so nothing recorded in an earlier life of
either side is ever taken for new. What is durable goes through `Persist` like any other state.
Not here: sockets, keys on disk, clocks. Decision: docs/decisions/0003-mailbox.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from google.protobuf.message import Message

from contract.agent import NS_PER_MS, Boot, Now, Persist, Received, Refused, Role
from contract.limits import FRAME_BYTES_MAX, HELLO_RATE_MS, OUTBOX_MESSAGES_MAX, WIRE_VERSION
from contract.reasons import Reason
from contract.roster import Roster
from contract.session import Inbox, Outgoing, Peer
from contract.signing import Signer, verify
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
from contract.wire import check, parse

ENVELOPE_TYPE: Final = "contract.v1.Envelope"
_OUT: Final = "mailbox/out/"
_SENT: Final = "mailbox/sent/"
_IN: Final = "mailbox/in/"
_EPOCH: Final = "mailbox/epoch/"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this node is."""

    name: str
    role: Role
    signer: Signer
    map_digest: bytes
    config_digest: bytes


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes for a peer, to be given to the network once the turn is committed."""

    to: str
    raw: bytes


@dataclass(slots=True)
class Opened:
    """What became of the bytes that came in."""

    received: list[Received] = field(default_factory=list)
    persists: list[Persist] = field(default_factory=list)
    transmits: list[Transmit] = field(default_factory=list)
    refused: Refused | None = None
    opened_session: str = ""


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
            self._peer(name).greet(now.mono_ns)
        self._rearm()

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
        self._rearm()
        return persists, transmits, None

    def due(self, now: Now) -> list[Transmit]:
        """Everything whose repetition is due now."""
        transmits = []
        for peer in self._peers.values():
            due_ns = peer.due_ns
            if due_ns is not None and due_ns <= now.mono_ns:
                transmits += self._repeat(peer, now)
        self._rearm()
        return transmits

    def _repeat(self, peer: Peer, now: Now) -> list[Transmit]:
        if not peer.known:
            peer.greeted(now.mono_ns)
            return [self._hello(peer, b"", now, answer=False)]
        return [
            self._transmit(peer, TOPICS[item.payload_type], item, now)
            for outbox in (peer.session_out, peer.durable_out)
            for item in outbox.waiting
            if item.due_ns <= now.mono_ns
        ]

    def _transmit(self, peer: Peer, topic: Topic, outgoing: Outgoing, now: Now) -> Transmit:
        outgoing.sent(now.mono_ns)
        return Transmit(peer.name, self._seal(peer, topic, outgoing.payload, outgoing.sequence))

    def _seal(
        self,
        peer: Peer,
        topic: Topic,
        payload: bytes,
        sequence: int,
        boot_id: bytes | None = None,
    ) -> bytes:
        envelope = Envelope(
            wire=WIRE_VERSION,
            sender=self._me.name,
            recipient=peer.name,
            boot_id=self._boot.boot_id,
            boot_count=self._boot.boot_count,
            recipient_boot_id=peer.boot_id if boot_id is None else boot_id,
            epoch=self._epoch(),
            stream=topic.stream,  # type: ignore[arg-type]  # a Stream value from the table
            sequence=sequence,
            map_digest=self._me.map_digest,
            payload_type=topic.name,
            payload=payload,
        ).SerializeToString()
        if not topic.signed:
            return Frame(envelope=envelope).SerializeToString()
        signature = self._me.signer.sign(ENVELOPE_TYPE, envelope)
        return Frame(envelope=envelope, signature=signature).SerializeToString()

    def _hello(self, peer: Peer, boot_id: bytes, now: Now, *, answer: bool) -> Transmit:
        peer.greeted_ns = now.mono_ns
        hello = Hello(
            wire=WIRE_VERSION,
            map_digest=self._me.map_digest,
            config_digest=self._me.config_digest,
            answer=answer,
            durable_base=peer.durable_out.base,
            journal_id=self._boot.journal_id,
        )
        payload = hello.SerializeToString()
        return Transmit(peer.name, self._seal(peer, BY_KIND[Hello], payload, 0, boot_id))

    # --- in ---

    def open(self, raw: bytes, transport_sender: str, now: Now) -> Opened:
        """Open one frame that the network attributes to `transport_sender`. Never raises for any bytes."""
        opened = Opened()
        envelope = self._envelope(raw, transport_sender)
        if isinstance(envelope, Refused):
            opened.refused = envelope
            return opened
        frame, body = envelope
        topic = TOPICS[body.payload_type]
        peer = self._peer(body.sender)
        if topic.kind is Hello:
            self._on_hello(peer, body, opened, now)
        else:
            fault = self._session_fault(peer, body) or self._content_fault(frame, body, topic)
            if fault is None:
                self._accept(peer, topic, body, raw, opened, now)
            else:
                opened.refused = fault
                if fault.reason is Reason.SESSION_UNKNOWN:
                    self._answer_stranger(peer, body, opened, now)
        return opened

    def _envelope(self, raw: bytes, transport_sender: str) -> tuple[Frame, Envelope] | Refused:
        """Frame and envelope if they are well-formed, ours and from whom the transport says."""
        if len(raw) > FRAME_BYTES_MAX:
            return Refused(Reason.TOO_LARGE, f"{len(raw)} bytes")
        frame = parse(Frame, raw)
        if isinstance(frame, Refused):
            return frame
        body = parse(Envelope, frame.envelope)
        if isinstance(body, Refused):
            return body
        node = self._roster.nodes.get(transport_sender)
        topic = TOPICS.get(body.payload_type)
        fault: Refused | None = None
        if node is None:
            fault = Refused(Reason.UNKNOWN_SENDER, transport_sender)
        elif body.sender != transport_sender:
            fault = Refused(Reason.SENDER_MISMATCH, f"{body.sender} by the key of {node.name}")
        elif body.recipient != self._me.name:
            fault = Refused(Reason.WRONG_RECIPIENT, f"for {body.recipient}")
        elif body.wire != WIRE_VERSION:
            fault = Refused(Reason.WIRE_VERSION, f"{body.wire} instead of {WIRE_VERSION}")
        elif body.map_digest != self._me.map_digest:
            theirs, ours = body.map_digest.hex()[:12], self._me.map_digest.hex()[:12]
            fault = Refused(Reason.MAP_MISMATCH, f"{theirs or 'none'} instead of {ours}")
        elif topic is None:
            fault = Refused(Reason.UNKNOWN_PAYLOAD, body.payload_type or "none")
        elif node.role not in topic.senders or self._me.role not in topic.receivers:
            fault = Refused(
                Reason.ROLE_NOT_ALLOWED, f"{topic.kind.__name__} from a {node.role.value}"
            )
        elif body.stream != topic.stream:
            fault = Refused(Reason.MALFORMED, f"{topic.kind.__name__} on stream {body.stream}")
        return fault if fault is not None else (frame, body)

    def _session_fault(self, peer: Peer, body: Envelope) -> Refused | None:
        if body.recipient_boot_id != self._boot.boot_id:
            return Refused(Reason.SESSION_UNKNOWN, "it names an earlier boot of ours")
        if body.boot_id == peer.boot_id:
            return None
        if body.boot_count > peer.boot_count:
            return Refused(Reason.SESSION_UNKNOWN, f"no HELLO from boot {body.boot_count}")
        return Refused(Reason.STALE_BOOT, f"boot {body.boot_count}, now {peer.boot_count}")

    def _content_fault(self, frame: Frame, body: Envelope, topic: Topic) -> Refused | None:
        if body.epoch < self._epochs_seen.get(body.sender, 0):
            seen = self._epochs_seen[body.sender]
            return Refused(Reason.STALE_EPOCH, f"epoch {body.epoch}, in force {seen}")
        if not topic.signed:
            return None
        if not frame.HasField("signature"):
            return Refused(Reason.UNSIGNED, topic.kind.__name__)
        node = self._roster.nodes[body.sender]
        known = frame.signature.key_id == node.key_id
        if not known or not verify(
            node.public_key, ENVELOPE_TYPE, frame.envelope, frame.signature.signature
        ):
            return Refused(Reason.BAD_SIGNATURE, f"{topic.kind.__name__} from {body.sender}")
        return check(frame) or check(body)

    def _accept(
        self, peer: Peer, topic: Topic, body: Envelope, raw: bytes, opened: Opened, now: Now
    ) -> None:
        if body.stream == STREAM_TELEMETRY:
            if topic.kind is not Ack and body.sequence <= peer.telemetry_in:
                opened.refused = Refused(Reason.DUPLICATE, topic.kind.__name__)
                return
            peer.telemetry_in = max(peer.telemetry_in, body.sequence)
            self._deliver(peer, topic, body, raw, opened)
            return
        inbox = peer.durable_in if body.stream == STREAM_DURABLE else peer.session_in
        if inbox.is_duplicate(body.sequence):
            opened.refused = Refused(Reason.DUPLICATE, topic.kind.__name__)
        elif not inbox.is_next(body.sequence):
            if not inbox.hold(body.sequence, raw):
                opened.refused = Refused(Reason.OUT_OF_WINDOW, f"sequence {body.sequence}")
            return
        else:
            self._deliver_run(peer, inbox, (topic, body, raw), opened)
        opened.transmits.append(self._ack(peer, body.stream, inbox))
        opened.transmits += self._stored_replies(peer, opened, now)

    def _deliver_run(
        self, peer: Peer, inbox: Inbox, first: tuple[Topic, Envelope, bytes], opened: Opened
    ) -> None:
        """Deliver the next message and every held one that follows it without a gap."""
        topic, body, raw = first
        while True:
            inbox.last += 1
            self._deliver(peer, topic, body, raw, opened)
            held = inbox.take_next()
            if held is None:
                break
            raw = held
            body = Envelope.FromString(Frame.FromString(raw).envelope)
            topic = TOPICS[body.payload_type]
        if inbox is peer.durable_in:
            value = inbox.last.to_bytes(8, "big") + peer.durable_in_journal
            opened.persists.append(Persist(_IN + peer.name, value))

    def _deliver(
        self, peer: Peer, topic: Topic, body: Envelope, raw: bytes, opened: Opened
    ) -> None:
        message = parse(topic.kind, body.payload)
        if isinstance(message, Refused):
            opened.refused = message
            return
        if isinstance(message, Ack):
            self._on_ack(peer, message, opened)
            return
        if body.epoch > self._epochs_seen.get(peer.name, 0):
            self._epochs_seen[peer.name] = body.epoch
            opened.persists.append(Persist(_EPOCH + peer.name, body.epoch.to_bytes(8, "big")))
        role = self._roster.nodes[peer.name].role
        opened.received.append(Received(peer.name, role, message, body.epoch, raw))

    def _stored_replies(self, peer: Peer, opened: Opened, now: Now) -> list[Transmit]:
        """A duplicate means that our answer may be lost: say again at once what still waits."""
        if opened.refused is None or opened.refused.reason is not Reason.DUPLICATE:
            return []
        again = [
            self._transmit(peer, TOPICS[item.payload_type], item, now)
            for outbox in (peer.session_out, peer.durable_out)
            for item in outbox.waiting
        ]
        self._rearm()
        return again

    def _ack(self, peer: Peer, stream: int, inbox: Inbox) -> Transmit:
        durable = stream == STREAM_DURABLE
        ack = Ack(
            stream=STREAM_DURABLE if durable else STREAM_SESSION,
            sequence=inbox.last,
            incarnation=peer.durable_in_journal if durable else peer.boot_id,
        )
        return Transmit(peer.name, self._seal(peer, BY_KIND[Ack], ack.SerializeToString(), 0))

    def _on_ack(self, peer: Peer, ack: Ack, opened: Opened) -> None:
        if ack.stream == STREAM_DURABLE and ack.incarnation == self._boot.journal_id:
            self._forget(peer, ack.sequence, opened)
        elif ack.stream == STREAM_SESSION and ack.incarnation == self._boot.boot_id:
            peer.session_out.acknowledged(ack.sequence)
        self._rearm()

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
            self._adopt(peer, body, hello, opened, now)
        elif not hello.answer:
            opened.transmits.append(self._hello(peer, body.boot_id, now, answer=True))
        self._rearm()

    def _adopt(self, peer: Peer, body: Envelope, hello: Hello, opened: Opened, now: Now) -> None:
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
        opened.transmits.append(self._hello(peer, peer.boot_id, now, answer=True))
        opened.transmits += self._repeat(peer, now)

    def _answer_stranger(self, peer: Peer, body: Envelope, opened: Opened, now: Now) -> None:
        """Ask for a session, at a bounded rate, the boot that wrote to a boot of ours."""
        if now.mono_ns >= peer.greeted_ns + HELLO_RATE_MS * NS_PER_MS:
            opened.transmits.append(self._hello(peer, body.boot_id, now, answer=False))

    def _peer(self, name: str) -> Peer:
        peer = self._peers.get(name)
        if peer is None:
            peer = self._peers[name] = Peer(name)
        return peer

    def _rearm(self) -> None:
        self._wake_ns = min(
            (due for peer in self._peers.values() if (due := peer.due_ns) is not None),
            default=None,
        )
