"""The ledger: what a node has signed, in a hash chain, and the heads that say how far it has come.

Pure. Every node that signs evidence keeps a chain of its own; nobody can take a record out of it,
put one in or change their order without changing every hash behind it:
    hash[n] = SHA-256(0x00 || n as 8 bytes || ms as 8 bytes || hash[n-1] || SHA-256(record))
A record is a signed document as bytes; ms are milliseconds, the node's own UTC when it was written.
A head names number and hash of the newest record. Two hashes for one number are a fork: one of the
two stories is not what was told before.
Custody passes in one order: SEALED, EXITED, ENTERED, HANDED_OVER; what an office refused ends
DIVERTED, in a bay of its origin or where it came to on its arrival side.
Not here: when heads are made and who countersigns (heads.py), files (ledger_lines.py).
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import Refused, Role
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import digest, open_document, type_name, verify
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_DIVERTED,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    CustodyStep,
)
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import HeadNotice, LedgerHead
from contract.wire import parse

_MAY_END: Final = (CUSTODY_STEP_SEALED, CUSTODY_STEP_ENTERED)
FOLLOWS: Final = {
    0: CUSTODY_STEP_SEALED,
    CUSTODY_STEP_SEALED: CUSTODY_STEP_EXITED,
    CUSTODY_STEP_EXITED: CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_ENTERED: CUSTODY_STEP_HANDED_OVER,
}
GENESIS: Final = bytes(32)
KEEPERS: Final = (Role.SUPERVISOR, Role.GATE, Role.OFFICE, Role.AGENCY, Role.TERMINAL)
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


def linked(number: int, previous: bytes, record_sha256: bytes, at_utc_ms: int) -> bytes:
    """The hash of record `number` behind the hash `previous`."""
    place = number.to_bytes(8, "big") + at_utc_ms.to_bytes(8, "big")
    return digest(b"\x00" + place + previous + record_sha256)


def chain(number: int, previous: bytes, record: bytes, at_utc_ms: int = 0) -> Entry:
    """The link that `record` makes behind `previous`."""
    hashed = linked(number, previous, digest(record), at_utc_ms)
    return Entry(number, previous, record, hashed, at_utc_ms)


def judge_step(before: int, record: CustodyRecord, *, refused: bool = False) -> Refused | None:
    """Whether `record` is the next step of custody after `before` (a CustodyStep, 0 for none).

    refused   an office has refused the crossing: it may end DIVERTED on either side of the line
    """
    if refused and record.step == CUSTODY_STEP_DIVERTED and before in _MAY_END:
        return None
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


def judge_head(known: LedgerHead | None, head: LedgerHead) -> Refused | None:
    """Whether `head` can stand beside what is remembered of its node: not two hashes for one
    number.
    """
    if known is None or head.number != known.number or head.hash == known.hash:
        return None
    said = f"{head.hash.hex()[:16]} instead of {known.hash.hex()[:16]}"
    return Refused(Reason.LEDGER_FORKED, f"number {head.number}: {said}")


def judge_links(known: LedgerHead | None, head: LedgerHead, notice: HeadNotice) -> Refused | None:
    """Whether the links of a notice lead from what is remembered to its head.

    OUT_OF_WINDOW says that they begin too late to tell; LEDGER_FORKED that they lead elsewhere.
    """
    number, hashed = (known.number, known.hash) if known is not None else (0, GENESIS)
    if head.number < number:
        return Refused(Reason.LEDGER_FORKED, f"number {head.number} behind {number}")
    if head.number == number:
        return judge_head(known, head)
    if notice.after > number:
        return Refused(Reason.OUT_OF_WINDOW, f"links behind {notice.after}, known {number}")
    if notice.after + len(notice.links) != head.number:
        return Refused(Reason.MALFORMED, f"{len(notice.links)} links to {head.number}")
    for link in notice.links[number - notice.after :]:
        number += 1
        if link.at_utc_ms < 0 or len(link.record_sha256) != len(GENESIS):
            return Refused(Reason.MALFORMED, f"link {number}")
        hashed = linked(number, hashed, link.record_sha256, link.at_utc_ms)
    if hashed != head.hash:
        start = known.number if known is not None else 0
        said = f"number {head.number} does not continue number {start}"
        return Refused(Reason.LEDGER_FORKED, said)
    return None


def with_signature(document: Document, other: Document) -> Document:
    """`document` with the signatures of `other`, which has the same payload, behind its own."""
    both = Document()
    both.CopyFrom(document)
    have = {signature.key_id for signature in both.signatures}
    both.signatures.extend(one for one in other.signatures if one.key_id not in have)
    return both
