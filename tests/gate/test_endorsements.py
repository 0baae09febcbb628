"""Which endorsement an office believes: forgeries are planted among genuine ones."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.agent import Refused
from contract.events import Event
from contract.signing import digest, seal_document
from contract.v1.customs_pb2 import (
    AGENCY_PHYTOSANITARY,
    Agency,
    Endorsement,
    EndorsementNotice,
    EndorsementRequest,
    Hold,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, Document, Signature
from gate.office.agency_rules import AgencyBook
from gate.office.endorsements import open_endorsement
from gate.office.rulebook import Rule, RuleBook, When
from tests.factories import ROLES, a_roster, a_signer, reason_of, reports, sends, signed
from tests.gate.counter import CHECK_MS, Counter, of_seed
from tests.gate.desk import ASSESS_MS, GREEN, Office, decided, releases

SIDES: Final = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}
THIEVES: Final = (*sorted(ROLES), "release/KZ", "release/CN", "a stranger")
AGENCIES: Final = sorted(value for _, value in Agency.items() if value)
CROPS: Final = RuleBook(
    rule=(
        Rule(
            id="R-1",
            because="plants need an endorsement",
            when=When(goods=("12",)),
            agencies=("phytosanitary",),
        ),
    )
)


def an_endorsement(**changes: Any) -> Endorsement:
    values: dict[str, Any] = {
        "endorsement_id": "E-1",
        "side": COUNTRY_KZ,
        "agency": AGENCY_PHYTOSANITARY,
        "crossing_id": "KZ-1",
        "declaration_sha256": digest(signed(of_seed(), "terminal-kz").payload),
        "endorsed": True,
    }
    return Endorsement(**(values | changes))


@pytest.mark.parametrize("country", ["KZ", "CN"])
@pytest.mark.parametrize("by", THIEVES)
@pytest.mark.parametrize("side", ["KZ", "CN"])
def test_only_this_sides_agencies_endorse_for_this_side(country: str, by: str, side: str) -> None:
    """OFF-009."""
    document = signed(an_endorsement(side=SIDES[side]), by)
    opened = open_endorsement(document, a_roster(), country)
    genuine = by == f"agencies-{country.lower()}" and side == country
    assert isinstance(opened, Endorsement) == genuine


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"side": COUNTRY_CN}, "SENDER_MISMATCH"),
        ({"side": 0}, "SENDER_MISMATCH"),
        ({"agency": 0}, "MALFORMED"),
        ({"crossing_id": ""}, "MALFORMED"),
        ({"declaration_sha256": b""}, "MALFORMED"),
    ],
)
def test_endorsement_with_a_field_left_open_is_none(changes: dict[str, Any], reason: str) -> None:
    """OFF-009."""
    document = signed(an_endorsement(**changes), "agencies-kz")
    assert reason_of(open_endorsement(document, a_roster(), "KZ")) == reason


def test_endorsement_needs_exactly_one_signature() -> None:
    """OFF-009."""
    document = signed(an_endorsement(), "agencies-kz")
    twice = Document.FromString(document.SerializeToString())
    twice.signatures.append(document.signatures[0])
    bare = Document.FromString(document.SerializeToString())
    del bare.signatures[:]
    for each in (twice, bare):
        assert reason_of(open_endorsement(each, a_roster(), "KZ")) == "UNSIGNED"
    assert reason_of(open_endorsement(Document(), a_roster(), "KZ")) == "WRONG_PAYLOAD"


def test_agencies_that_have_left_the_roster_endorse_nothing() -> None:
    """OFF-009."""
    document = signed(an_endorsement(), "agencies-kz")
    opened = open_endorsement(document, a_roster("agencies-kz"), "KZ")
    assert reason_of(opened) == "BAD_SIGNATURE"


def test_what_an_agency_signed_as_something_else_is_no_endorsement() -> None:
    """OFF-009: a signature is bound to the kind of what it signs."""
    genuine = signed(an_endorsement(), "agencies-kz")
    signer = a_signer("agencies-kz")
    lent = signer.sign("contract.v1.ScanRecord", genuine.payload)
    forged = Document(payload_type=genuine.payload_type, payload=genuine.payload, signatures=[lent])
    assert reason_of(open_endorsement(forged, a_roster(), "KZ")) == "BAD_SIGNATURE"


@given(st.integers(0, 1_000), st.integers(0, 7))
def test_endorsement_with_any_bit_flipped_is_the_same_or_none(byte: int, bit: int) -> None:
    """OFF-009."""
    genuine = seal_document(a_signer("agencies-kz"), an_endorsement())
    for name in ("payload", "signature", "key_id"):
        document = Document.FromString(genuine.SerializeToString())
        signature = document.signatures[0]
        part = document.payload if name == "payload" else getattr(signature, name)
        raw = bytearray(part)
        raw[byte % len(raw)] ^= 1 << bit
        setattr(document if name == "payload" else signature, name, bytes(raw))
        assert isinstance(open_endorsement(document, a_roster(), "KZ"), Refused)


@given(st.binary(max_size=200), st.binary(max_size=80), st.binary(max_size=20))
def test_any_bytes_at_all_are_refused_with_a_reason(payload: bytes, by: bytes, key: bytes) -> None:
    """OFF-009."""
    forged = Document(
        payload_type="contract.v1.Endorsement",
        payload=payload,
        signatures=[Signature(key_id=key, signature=by)],
    )
    assert reason_of(open_endorsement(forged, a_roster(), "KZ"))


# --- counter and office together ---


FORGERY: Final = st.fixed_dictionaries(
    {"by": st.sampled_from(THIEVES)},
    optional={
        "side": st.sampled_from([0, COUNTRY_KZ, COUNTRY_CN]),
        "agency": st.sampled_from([0, *AGENCIES]),
        "crossing_id": st.sampled_from(["", "KZ-1", "KZ-2"]),
        "declaration_sha256": st.sampled_from([b"", bytes(32), digest(b"another")]),
        "endorsed": st.booleans(),
    },
)


def is_genuine(forgery: dict[str, Any]) -> bool:
    said: dict[str, Any] = {
        "side": COUNTRY_KZ,
        "agency": AGENCY_PHYTOSANITARY,
        "crossing_id": "KZ-1",
    } | forgery
    return bool(
        said["by"] == "agencies-kz"
        and said["side"] == COUNTRY_KZ
        and said["agency"] == AGENCY_PHYTOSANITARY
        and said["crossing_id"] == "KZ-1"
        and "declaration_sha256" not in said
        and said.get("endorsed", True)
    )


def asked_office() -> tuple[Office, EndorsementRequest]:
    """An office that waits for the phytosanitary agency, and what it asks of it."""
    office = Office(GREEN, book=CROPS)
    office.declare(of_seed())
    office.wake(later_ms=ASSESS_MS)
    (request,) = sends(office.said, EndorsementRequest, to="agencies-kz")
    return office, request


@given(st.lists(FORGERY, max_size=6))
def test_forgeries_release_nothing_and_the_genuine_word_does(forgeries: list[Any]) -> None:
    """OFF-009: whatever else is brought, and in any order."""
    office, request = asked_office()
    for forgery in forgeries:
        if is_genuine(forgery):
            continue
        changes = {key: value for key, value in forgery.items() if key != "by"}
        document = signed(an_endorsement(**changes), forgery["by"])
        office.hear("agencies-kz", EndorsementNotice(endorsement=document))
    assert not releases(office.said)
    counter = Counter()
    counter.hear(request)
    for notice in sends(counter.wake(later_ms=CHECK_MS), EndorsementNotice, to="office-kz"):
        office.hear("agencies-kz", notice)
    assert len(releases(office.said)) == 1


def test_endorsement_of_the_old_version_does_not_release_the_new() -> None:
    """OFF-009, OFF-022."""
    office, request = asked_office()
    counter = Counter()
    counter.hear(request)
    (late,) = sends(counter.wake(later_ms=CHECK_MS), EndorsementNotice)
    office.declare(of_seed(version=2, gross_mass_kg=36_001))
    office.wake(later_ms=ASSESS_MS)
    office.hear("agencies-kz", late)
    assert not releases(office.said)
    (again,) = sends(office.said, EndorsementRequest)[1:]
    counter.hear(again)
    (notice,) = sends(counter.wake(later_ms=CHECK_MS), EndorsementNotice)
    office.hear("agencies-kz", notice)
    assert len(releases(office.said)) == 1


def test_no_of_an_agency_keeps_the_crossing_and_says_why() -> None:
    """OFF-021: what the office would let pass, the agency does not."""
    everything = Rule(id="R-1", because="all is weighed", agencies=("transport_control",))
    office = Office(GREEN, book=RuleBook(rule=(everything,)))
    office.declare(of_seed(gross_mass_kg=36_000))
    office.wake(later_ms=ASSESS_MS)
    (request,) = sends(office.said, EndorsementRequest)
    counter = Counter(book=AgencyBook(gross_mass_max_kg=30_000))
    counter.hear(request)
    (notice,) = sends(counter.wake(later_ms=CHECK_MS), EndorsementNotice)
    office.hear("agencies-kz", notice)
    (said,) = reports(office.said, Event.ENDORSEMENT_TAKEN)
    assert (said["agency"], said["endorsed"]) == ("transport control", False)
    assert said["reason"] == "MASS_NOT_ADMITTED"
    assert not releases(office.said)
    assert decided(office.said, Hold)[-1].reason == "ENDORSEMENT_REFUSED"
