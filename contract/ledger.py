"""The ledger: what a node has signed, in a hash chain, and the heads that say how far it has come.

Pure. Every node that signs evidence keeps a chain of its own; nobody can take a record out of it,
put one in or change their order without changing every hash behind it:
    hash[n] = SHA-256(0x00 || n as 8 bytes || milliseconds as 8 bytes || hash[n-1] || record)
A record is a signed document as bytes; milliseconds are the node's own UTC when it was written. A
head names number and hash of the newest record. Two hashes for one number are a fork: one of the
two stories is not what was told before.
Custody passes in one order: SEALED, EXITED, ENTERED, HANDED_OVER.
Not here: when heads are made and who countersigns (heads.py), files (ledger_lines.py).
"""

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import Refused, Role
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import open_document, type_name, verify
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    CustodyStep,
)
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import LedgerHead
from contract.wire import parse

FOLLOWS: Final = {
    0: CUSTODY_STEP_SEALED,
    CUSTODY_STEP_SEALED: CUSTODY_STEP_EXITED,
    CUSTODY_STEP_EXITED: CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_ENTERED: CUSTODY_STEP_HANDED_OVER,
}
GENESIS: Final = bytes(32)
KEEPERS: Final = (Role.SUPERVISOR, Role.GATE, Role.OFFICE)
AT_MS_MAX: Final = 2**63 - 1


class Entry(msgspec.Struct):
    """One link of the chain: the record as signed, and the hash up to it. `at_utc_ms`: when the
    node wrote it down, by its own clock.
    """

    number: int
    previous: bytes
    record: bytes
    hash: bytes
    at_utc_ms: int = 0


def chain(number: int, previous: bytes, record: bytes, at_utc_ms: int = 0) -> Entry:
    """The link that `record` makes behind `previous`."""
    place = number.to_bytes(8, "big") + at_utc_ms.to_bytes(8, "big")
    material = b"\x00" + place + previous + record
    return Entry(number, previous, record, hashlib.sha256(material).digest(), at_utc_ms)


def judge_step(before: int, record: CustodyRecord) -> Refused | None:
    """Whether `record` is the next step of custody after `before` (a CustodyStep, 0 for none)."""
    expected = FOLLOWS.get(before)
    if record.step == expected:
        return None
    seen = CustodyStep.Name(record.step)
    wanted = CustodyStep.Name(expected) if expected is not None else "nothing more"
    return Refused(Reason.OUT_OF_WINDOW, f"{seen} instead of {wanted}")


def break_between(number: int, previous: bytes, entry: Entry) -> str:
    """What is wrong with `entry` as number `number` behind the hash `previous`; "" if nothing."""
    if entry.number != number:
        return f"numbered {entry.number}, expected {number}"
    if entry.previous != previous:
        before = f"entry {number - 1}" if number > 1 else "nothing"
        return f"does not follow {before}"
    if not 0 <= entry.at_utc_ms <= AT_MS_MAX:
        return "its time is none"
    if chain(number, previous, entry.record, entry.at_utc_ms).hash != entry.hash:
        return "its hash does not match its record"
    return ""


def fault(entries: list[Entry]) -> str:
    """The first break of a chain, as a sentence; empty if it is whole."""
    previous = GENESIS
    for number, entry in enumerate(entries, 1):
        said = break_between(number, previous, entry)
        if said:
            return f"entry {number}: {said}"
        previous = entry.hash
    return ""


# --- heads ---


def open_head(document: Document, roster: Roster) -> LedgerHead | Refused:
    """The head in a document whose first signature is by the very node that it names."""
    if document.payload_type != type_name(LedgerHead):
        return Refused(Reason.WRONG_PAYLOAD, document.payload_type or "nothing")
    head = parse(LedgerHead, document.payload)
    if isinstance(head, Refused):
        return head
    node = roster.nodes.get(head.node)
    if node is None or node.role not in KEEPERS:
        return Refused(Reason.UNKNOWN_SENDER, f"{head.node!r} keeps no ledger")
    if not document.signatures:
        return Refused(Reason.UNSIGNED, "a head without signature")
    alone = Document(
        payload_type=document.payload_type,
        payload=document.payload,
        signatures=document.signatures[:1],
    )
    opened = open_document(alone, LedgerHead, {node.key_id: node.public_key})
    if isinstance(opened, Refused):
        return opened
    if not opened.number or len(opened.hash) != len(GENESIS):
        return Refused(Reason.MALFORMED, "a head without number or hash")
    return opened


def countersigners(document: Document, keys: Mapping[str, tuple[bytes, bytes]]) -> list[str]:
    """Which of `keys` (name -> key id, public key) have signed this document."""
    found = []
    for name, (key_id, public_key) in keys.items():
        for signature in document.signatures:
            if signature.key_id == key_id and verify(
                public_key, document.payload_type, document.payload, signature.signature
            ):
                found.append(name)
                break
    return found


def judge_head(known: LedgerHead | None, head: LedgerHead, *, in_order: bool) -> Refused | None:
    """Whether `head` continues what is remembered of its node.

    in_order   it came from the node itself, which never goes back; else by way of somebody, and an
               older head is only old news
    """
    if known is None or head.number > known.number:
        return None
    if head.number == known.number:
        if head.hash == known.hash:
            return None
        said = f"{head.hash.hex()[:16]} instead of {known.hash.hex()[:16]}"
        return Refused(Reason.LEDGER_FORKED, f"number {head.number}: {said}")
    if not in_order:
        return None
    return Refused(Reason.LEDGER_FORKED, f"number {head.number} behind {known.number}")


def with_signature(document: Document, other: Document) -> Document:
    """`document` with the signatures of `other`, which has the same payload, behind its own."""
    both = Document()
    both.CopyFrom(document)
    have = {signature.key_id for signature in both.signatures}
    both.signatures.extend(one for one in other.signatures if one.key_id not in have)
    return both
