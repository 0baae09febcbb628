"""The ledger: custody records in a hash chain, in the only order in which custody may pass.

Pure. A record is a document signed by whoever saw it happen. It is taken only as the next step of
its crossing: SEALED, EXITED, ENTERED, HANDED_OVER; a gap or a fork is refused and reported.
    hash[n] = SHA-256(0x00 || n as 8 bytes || hash[n-1] || record)
Not here: counter-signatures of heads, files.
"""

import hashlib
from typing import Final

import msgspec

from contract.agent import Refused
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    CustodyStep,
)

FOLLOWS: Final = {
    0: CUSTODY_STEP_SEALED,
    CUSTODY_STEP_SEALED: CUSTODY_STEP_EXITED,
    CUSTODY_STEP_EXITED: CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_ENTERED: CUSTODY_STEP_HANDED_OVER,
}
GENESIS: Final = bytes(32)


class Entry(msgspec.Struct):
    """One link of the chain: the record as signed, and the hash up to it."""

    number: int
    previous: bytes
    record: bytes
    hash: bytes


def chain(number: int, previous: bytes, record: bytes) -> Entry:
    """The link that `record` makes behind `previous`."""
    material = b"\x00" + number.to_bytes(8, "big") + previous + record
    return Entry(number, previous, record, hashlib.sha256(material).digest())


def judge_step(before: int, record: CustodyRecord) -> Refused | None:
    """Whether `record` is the next step of custody after `before` (a CustodyStep, 0 for none)."""
    expected = FOLLOWS.get(before)
    if record.step == expected:
        return None
    seen = CustodyStep.Name(record.step)
    wanted = CustodyStep.Name(expected) if expected is not None else "nothing more"
    return Refused(Reason.OUT_OF_WINDOW, f"{seen} instead of {wanted}")


def fault(entries: list[Entry]) -> str:
    """The first break of a chain, as a sentence; empty if it is whole."""
    previous = GENESIS
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            return f"entry {number}: numbered {entry.number}, expected {number}"
        if entry.previous != previous:
            return f"entry {number}: does not follow entry {number - 1}"
        if chain(number, previous, entry.record).hash != entry.hash:
            return f"entry {number}: its hash does not match its record"
        previous = entry.hash
    return ""
