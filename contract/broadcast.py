"""Broadcasts: what is said to everybody at once, sealed and opened without a session.

Pure, and the same in both shells. Out: a message of a broadcast topic becomes an envelope that
names no recipient, signed, because the air authenticates nobody. In: bytes that we ascribe to one
sender become a `Received` - signed by that sender, of its newest boot, newer than what was heard -
or a `Refused` with its reason. Nothing is repeated, acknowledged or kept over a restart of ours:
how old a word is must be in the message, and its consumer judges that.
Not here: messages to one recipient (contract/mailbox.py); whom to listen to (the formation).
Decision: docs/decisions/0011-beacons.md.
"""

from google.protobuf.message import Message
from msgspec import Struct

from contract.agent import Boot, Received, Refused
from contract.envelope import EVERYBODY, Address, Identity, seal, signature_fault, unseal
from contract.errors import require
from contract.reasons import Reason
from contract.roster import Roster
from contract.topics import BY_KIND, Socket
from contract.v1.envelope_pb2 import Envelope
from contract.wire import parse


class _Voice(Struct, frozen=True):
    """The newest word of one sender: its boot, and where in it."""

    boot_id: bytes
    boot_count: int
    sequence: int


class Broadcasts:
    """What one node says to everybody, and what it has heard so, in one life."""

    def __init__(self, identity: Identity, roster: Roster, boot: Boot) -> None:
        self._me = identity
        self._roster = roster
        self._boot = boot
        self._said = 0
        self._voices: dict[str, _Voice] = {}

    def seal(self, message: Message) -> bytes:
        """The frame of the next message to everybody."""
        topic = BY_KIND[type(message)]
        require(topic.socket is Socket.BROADCAST, f"{topic.name} has one recipient")
        self._said += 1
        boot = self._boot
        address = Address(EVERYBODY, b"", boot.boot_id, boot.boot_count, 0, self._said)
        return seal(self._me, address, topic, message.SerializeToString())

    def open(self, raw: bytes, sender: str) -> Received | Refused:
        """One frame that should be this sender's. Never raises for any bytes; a refusal leaves
        everything as it was.
        """
        unsealed = unseal(raw, sender, self._me, self._roster, to=EVERYBODY)
        if isinstance(unsealed, Refused):
            return unsealed
        body = unsealed.body
        fault = signature_fault(unsealed) or self._fault(body)
        if fault is not None:
            return fault
        message = parse(unsealed.topic.kind, body.payload)
        if isinstance(message, Refused):
            return message
        self._voices[sender] = _Voice(body.boot_id, body.boot_count, body.sequence)
        return Received(sender, unsealed.sender.role, message, body.epoch, raw)

    def _fault(self, body: Envelope) -> Refused | None:
        """Whether this is no news: of an earlier boot, or not after what was heard of this one."""
        voice = self._voices.get(body.sender)
        if voice is None or body.boot_count > voice.boot_count:
            return None
        if body.boot_id != voice.boot_id:
            return Refused(Reason.STALE_BOOT, f"boot {body.boot_count}, now {voice.boot_count}")
        if body.sequence <= voice.sequence:
            return Refused(Reason.DUPLICATE, f"{body.sequence} after {voice.sequence}")
        return None
