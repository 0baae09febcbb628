"""Envelopes: one message from one sender to one recipient, as bytes. Sealing, and opening what can
be judged without knowing the session: form, sender, addressee, map, topic, role, signature.

Pure and without state. What needs memory - sessions, sequences, epochs - is the mailbox's. The
order of the checks is fixed: nothing is parsed that was not first found to be from whom and for
whom.
"""

import functools
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError, Message
from msgspec import Struct

from contract.agent import Refused, Role
from contract.limits import BLANKS_MAX, FRAME_BYTES_MAX, WIRE_VERSION
from contract.reasons import Reason
from contract.roster import Node, Roster
from contract.signing import Signer, type_name, verify
from contract.topics import TOPICS, Socket, Topic
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.wire import check

ENVELOPE_TYPE: Final = "contract.v1.Envelope"
EVERYBODY: Final = ""  # the recipient of a broadcast


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this node is."""

    name: str
    role: Role
    signer: Signer
    map_digest: bytes
    config_digest: bytes


class Address(Struct, frozen=True):
    """To whom, under which session, and where in which stream."""

    recipient: str
    recipient_boot_id: bytes
    boot_id: bytes
    boot_count: int
    epoch: int
    sequence: int


class Unsealed(Struct, frozen=True):
    """An envelope whose form, sender and addressee are in order."""

    frame: Frame
    body: Envelope
    topic: Topic
    sender: Node


def seal(me: Identity, address: Address, topic: Topic, payload: bytes) -> bytes:
    """The frame of one message, signed if its topic commands."""
    body = _blank(
        (me.name, address.recipient),
        (address.boot_id, address.boot_count, address.recipient_boot_id),
        address.epoch,
        (me.map_digest, topic.stream, topic.kind),
    )
    body.sequence, body.payload = address.sequence, payload
    frame = Frame()
    frame.envelope = body.SerializeToString()
    if topic.signed:
        frame.signature.CopyFrom(me.signer.sign(ENVELOPE_TYPE, frame.envelope))
    return frame.SerializeToString()


@functools.lru_cache(maxsize=BLANKS_MAX)
def _blank(
    names: tuple[str, str],
    boots: tuple[bytes, int, bytes],
    epoch: int,
    about: tuple[bytes, int, type[Message]],
) -> Envelope:
    """The envelope of every message of a kind within one session. Kept, and filled in anew with
    each message's sequence and payload: nobody else may hold on to it.
    """
    return Envelope(
        wire=WIRE_VERSION,
        sender=names[0],
        recipient=names[1],
        boot_id=boots[0],
        boot_count=boots[1],
        recipient_boot_id=boots[2],
        epoch=epoch,
        stream=about[1],  # type: ignore[arg-type]  # a Stream value from the table
        map_digest=about[0],
        payload_type=type_name(about[2]),
    )


def unseal(
    raw: bytes, transport_sender: str, me: Identity, roster: Roster, *, to: str | None = None
) -> Unsealed | Refused:
    """The envelope in `raw`, if it is well-formed, for us, and from whom the transport says
    it is. `to`   EVERYBODY where broadcasts are heard, and nothing else is heard there
    """
    recipient = me.name if to is None else to
    if len(raw) > FRAME_BYTES_MAX:
        return Refused(Reason.TOO_LARGE, f"{len(raw)} bytes")
    try:
        frame = Frame.FromString(raw)
        envelope = frame.envelope
        body = Envelope.FromString(envelope)
    except DecodeError:
        return Refused(Reason.MALFORMED, "frame or envelope")
    if not envelope:
        return Refused(Reason.MALFORMED, "empty")
    node = roster.nodes.get(transport_sender)
    if node is None:
        return Refused(Reason.UNKNOWN_SENDER, transport_sender)
    fault = _fault(body, node, me, recipient)
    if fault is not None:
        return fault
    topic = TOPICS.get(body.payload_type)
    if topic is None:
        return Refused(Reason.UNKNOWN_PAYLOAD, printable(body.payload_type) or "none")
    kind = topic.kind.__name__
    if node.role not in topic.senders or me.role not in topic.receivers:
        return Refused(Reason.ROLE_NOT_ALLOWED, f"{kind} from a {node.role.value}")
    if (topic.socket is Socket.BROADCAST) != (recipient == EVERYBODY):
        return Refused(Reason.WRONG_RECIPIENT, f"{kind} for {recipient or 'everybody'}")
    if body.stream != topic.stream:
        return Refused(Reason.MALFORMED, f"{kind} on stream {body.stream}")
    return Unsealed(frame, body, topic, node)


def _fault(body: Envelope, node: Node, me: Identity, recipient: str) -> Refused | None:
    """Sender, addressee, wire and map."""
    if body.sender != node.name:
        return Refused(
            Reason.SENDER_MISMATCH, f"{printable(body.sender)} by the key of {node.name}"
        )
    if body.recipient != recipient:
        return Refused(Reason.WRONG_RECIPIENT, f"for {printable(body.recipient) or 'everybody'}")
    if body.wire != WIRE_VERSION:
        return Refused(Reason.WIRE_VERSION, f"{body.wire} instead of {WIRE_VERSION}")
    if body.map_digest != me.map_digest:
        theirs, ours = body.map_digest.hex()[:12], me.map_digest.hex()[:12]
        return Refused(Reason.MAP_MISMATCH, f"{theirs or 'none'} instead of {ours}")
    return None


def signature_fault(unsealed: Unsealed) -> Refused | None:
    """Whether a commanding message is signed by its sender over these exact bytes."""
    topic, frame, node = unsealed.topic, unsealed.frame, unsealed.sender
    if not topic.signed:
        return None
    if not frame.HasField("signature"):
        return Refused(Reason.UNSIGNED, topic.kind.__name__)
    said = frame.signature
    if said.key_id != node.key_id or not verify(
        node.public_key, ENVELOPE_TYPE, frame.envelope, said.signature
    ):
        return Refused(Reason.BAD_SIGNATURE, f"{topic.kind.__name__} from {node.name}")
    return check(frame) or check(unsealed.body)


def printable(text: str) -> str:
    """Foreign text made safe for a log: short, and without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:64])
