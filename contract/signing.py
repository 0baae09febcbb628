"""Signatures over exact bytes, bound to the type of the payload.

What is signed is the pre-authentication encoding of (type, bytes), after DSSE, so that a signature
made for one kind of document cannot serve another. Verification is by libsodium (PyNaCl), which
refuses small-order keys and malleable signatures. Bytes are never serialised again to check a
signature.
"""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import Message
from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as KeyShapeError
from nacl.signing import SigningKey, VerifyKey

from contract.agent import Refused
from contract.errors import require
from contract.limits import VERIFIED_MAX
from contract.reasons import Reason
from contract.v1.document_pb2 import Document, Signature
from contract.wire import parse

MessageT = TypeVar("MessageT", bound=Message)


def key_id(public_key: bytes) -> bytes:
    """First 16 bytes of SHA-256 over the public key."""
    return hashlib.sha256(public_key).digest()[:16]


def encoding(payload_type: str, payload: bytes) -> bytes:
    """What is signed: lengths and contents of type and payload (DSSE's PAE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs."""

    key: SigningKey
    key_id: bytes

    @classmethod
    def from_seed(cls, seed: bytes) -> "Signer":
        """A key from 32 secret bytes."""
        require(len(seed) == 32, f"a signing seed has 32 bytes, not {len(seed)}")
        key = SigningKey(seed)
        return cls(key, key_id(bytes(key.verify_key)))

    @property
    def public_key(self) -> bytes:
        return bytes(self.key.verify_key)

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        """Signature over the exact payload bytes under this type."""
        signature = self.key.sign(encoding(payload_type, payload)).signature
        return Signature(key_id=self.key_id, signature=signature)


def verify(public_key: bytes, payload_type: str, payload: bytes, signature: bytes) -> bool:
    """True only if this key signed these bytes under this type. Never raises."""
    return _verified(public_key, encoding(payload_type, payload), signature)


@functools.lru_cache(maxsize=VERIFIED_MAX)
def _verified(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """The answer follows from these bytes and from nothing else, so that the newest are kept: the
    same authority is verified by mailbox and guard, the same release with each new one.
    """
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, KeyShapeError, TypeError):
        return False
    return True


def forget_verdicts() -> None:
    """As a program that has seen no signature yet: for whoever measures what one costs."""
    _verified.cache_clear()


def type_name(kind: type[Message]) -> str:
    """Payload type of a message class, e.g. `contract.v1.Release`."""
    return kind.DESCRIPTOR.full_name


def seal_document(signer: Signer, message: Message) -> Document:
    """A document of one signer."""
    payload_type = message.DESCRIPTOR.full_name
    payload = message.SerializeToString(deterministic=True)
    return Document(
        payload_type=payload_type,
        payload=payload,
        signatures=[signer.sign(payload_type, payload)],
    )


def open_document(
    document: Document, kind: type[MessageT], keys: Mapping[bytes, bytes]
) -> MessageT | Refused:
    """The payload of a document signed by one of `keys` (key id -> public key), or why not.

    Exactly one signature must be there and verify; the payload is parsed only afterwards.
    """
    if document.payload_type != type_name(kind):
        detail = f"{document.payload_type or 'nothing'} instead of {kind.__name__}"
        return Refused(Reason.WRONG_PAYLOAD, detail)
    if len(document.signatures) != 1:
        return Refused(Reason.UNSIGNED, f"{len(document.signatures)} signatures")
    signature = document.signatures[0]
    public_key = keys.get(signature.key_id)
    if public_key is None:
        return Refused(Reason.BAD_SIGNATURE, f"key {signature.key_id.hex()} is not trusted here")
    if not verify(public_key, document.payload_type, document.payload, signature.signature):
        return Refused(Reason.BAD_SIGNATURE, f"{kind.__name__} by {signature.key_id.hex()}")
    return parse(kind, document.payload)


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()
