"""Personnel locks as persons sign them."""

from typing import Any

from contract.signing import seal_document
from contract.v1.document_pb2 import Document
from contract.v1.people_pb2 import (
    LOCK_ACT_GIVE_BACK,
    LOCK_ACT_GIVE_BACK_LOST,
    LOCK_ACT_TAKE,
    PersonnelLock,
    PersonnelNotice,
)
from tests.factories import a_signer

PERSON = "control-room"


def a_lock(act: Any, *by: str, **changes: Any) -> PersonnelNotice:
    """An act of PERSON on truck-01, signed by these keys, by PERSON's own if none is named."""
    values: dict[str, Any] = {"vehicle_id": "truck-01", "person_id": PERSON, "number": 1}
    lock = PersonnelLock(act=act, **(values | changes))
    papers = [seal_document(a_signer(name), lock) for name in by or (lock.person_id,)]
    document = Document(payload_type=papers[0].payload_type, payload=papers[0].payload)
    document.signatures.extend(signature for paper in papers for signature in paper.signatures)
    return PersonnelNotice(lock=document)


def taken(*by: str, **changes: Any) -> PersonnelNotice:
    return a_lock(LOCK_ACT_TAKE, *by, **changes)


def given_back(*by: str, **changes: Any) -> PersonnelNotice:
    return a_lock(LOCK_ACT_GIVE_BACK, *by, **changes)


def given_back_lost(*by: str, **changes: Any) -> PersonnelNotice:
    return a_lock(LOCK_ACT_GIVE_BACK_LOST, *by, **changes)
