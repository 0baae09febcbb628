"""Readmission: the papers of a return, and everything that is none. (vital)"""

from typing import Any

import pytest

from contract.readmission import judge_return
from contract.release import Claimant, Cleared
from contract.v1.customs_pb2 import Refusal
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_WEST, Document
from tests.factories import (
    a_now,
    a_signer,
    a_subject,
    both_releases,
    reason_of,
    release_keys,
    signed,
)

TRUCK = Claimant("KZ-1", "truck-01", a_signer("truck-01").key_id)
SUBJECT = a_subject(
    crossing_id="KZ-1-R",
    vehicle_id="truck-01",
    vehicle_key_id=TRUCK.vehicle_key_id,
    direction=DIRECTION_WEST,
)


def a_refusal(by: str = "release/CN", **changes: Any) -> Document:
    values: dict[str, Any] = {
        "office": COUNTRY_CN,
        "crossing_id": "KZ-1",
        "declaration_sha256": SUBJECT.declaration_sha256,
        "return_crossing_id": "KZ-1-R",
    }
    return signed(Refusal(**(values | changes)), by)


def judged(documents: list[Document], **changes: Any) -> Any:
    return judge_return(documents, release_keys(), TRUCK, now=a_now(), **changes)


def test_refusal_and_both_releases_of_its_return_are_leave_to_go_on() -> None:
    """VEH-019, GATE-014: whatever else is carried with them."""
    answer = judged([*both_releases(), a_refusal(), *both_releases(SUBJECT)])
    assert isinstance(answer, Cleared)
    assert answer.subject == SUBJECT


@pytest.mark.parametrize(
    "refusal",
    [
        a_refusal(crossing_id="KZ-2"),
        a_refusal(return_crossing_id=""),
        a_refusal(office=COUNTRY_KZ),
        a_refusal(by="release/KZ"),
        a_refusal(by="office-cn"),
        a_refusal(by="supervisor"),
    ],
)
def test_without_its_own_offices_refusal_there_is_no_return(refusal: Document) -> None:
    assert reason_of(judged([refusal, *both_releases(SUBJECT)])) == "RETURN_PENDING"
    assert reason_of(judged(both_releases(SUBJECT))) == "RETURN_PENDING"


def test_either_office_may_have_refused() -> None:
    refusal = a_refusal(by="release/KZ", office=COUNTRY_KZ)
    assert isinstance(judged([refusal, *both_releases(SUBJECT)]), Cleared)


def test_one_release_of_the_return_is_not_enough() -> None:
    kz, cn = both_releases(SUBJECT)
    assert reason_of(judged([a_refusal(), kz])) == "RELEASE_MISSING_CN"
    assert reason_of(judged([a_refusal(), cn])) == "RELEASE_MISSING_KZ"


def test_crossing_is_not_its_own_return() -> None:
    refusal = a_refusal(return_crossing_id="KZ-1")
    assert reason_of(judged([refusal, *both_releases()])) == "RELEASE_FOREIGN"


def test_return_is_of_the_declaration_that_was_refused() -> None:
    refusal = a_refusal(declaration_sha256=bytes(32))
    assert reason_of(judged([refusal, *both_releases(SUBJECT)])) == "RELEASE_DIFFERS"


def test_release_of_the_return_that_was_taken_back_counts_no_more() -> None:
    papers = [a_refusal(), *both_releases(SUBJECT)]
    assert reason_of(judged(papers, revoked={("CN", "CN-1")})) == "RELEASE_REVOKED"


def test_bytes_that_are_no_paper_are_as_good_as_absent() -> None:
    junk = [Document(), Document(payload_type="x", payload=b"\xff"), a_refusal()]
    assert reason_of(judged(junk)) == "RELEASE_MISSING_KZ"
    assert isinstance(judged([*junk, *both_releases(SUBJECT)]), Cleared)
