"""What each agency finds in a declaration, case by case."""

from typing import Any

import pytest

from contract.errors import ConfigError
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    AGENCY_BORDER_GUARD,
    AGENCY_PHYTOSANITARY,
    AGENCY_TRANSPORT_CONTROL,
    AGENCY_VETERINARY,
    CERTIFICATE_KIND_ORIGIN,
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_VETERINARY,
    Declaration,
    GoodsLine,
)
from gate.office.agency_phases import Outcome
from gate.office.agency_rules import AgencyBook, Finding, look, read_agency_book
from tests.factories import a_declaration, a_now, a_roster, a_signer
from tests.gate.counter import a_certificate

MINUTE_H = 1.0 / 60.0
VET = CERTIFICATE_KIND_VETERINARY
PHYTO = CERTIFICATE_KIND_PHYTOSANITARY


def of(*codes: str, **changes: Any) -> Declaration:
    lines = [GoodsLine(hs_code=code, net_mass_kg=1_000, packages=1) for code in codes]
    return a_declaration(goods=lines, **changes)


def found(agency: int, declaration: Declaration, **now: Any) -> tuple[Outcome, Reason | None]:
    finding: Finding = look(agency, declaration, AgencyBook(), a_roster(), now=a_now(**now))
    return finding.outcome, finding.reason


GOOD = (Outcome.GOOD, None)
MISSING = (Outcome.UNSURE, Reason.CERTIFICATE_MISSING)
UNLISTED = (Outcome.UNSURE, Reason.GOODS_NOT_LISTED)
STRANGER = (Outcome.FAULTY, Reason.VEHICLE_NOT_ADMITTED)


@pytest.mark.parametrize("code", ["0202", "0207", "0401", "0504"])
def test_veterinary_wants_its_certificate_for_animal_goods(code: str) -> None:
    """OFF-021."""
    assert found(AGENCY_VETERINARY, of(code, certificates=[a_certificate(VET)])) == GOOD
    assert found(AGENCY_VETERINARY, of(code)) == MISSING
    assert found(AGENCY_VETERINARY, of(code, certificates=[a_certificate(PHYTO)])) == MISSING


@pytest.mark.parametrize("code", ["0703", "0808", "1001", "1101", "1206", "2306"])
def test_phytosanitary_wants_its_certificate_for_plants_flour_and_feed(code: str) -> None:
    """OFF-021."""
    assert found(AGENCY_PHYTOSANITARY, of(code, certificates=[a_certificate(PHYTO)])) == GOOD
    assert found(AGENCY_PHYTOSANITARY, of(code)) == MISSING
    assert found(AGENCY_PHYTOSANITARY, of(code, certificates=[a_certificate(VET)])) == MISSING


@pytest.mark.parametrize(
    ("since_h", "until_h", "wanted"),
    [
        (-1.0, 25.0, GOOD),
        (-1.0, 24.0, MISSING),  # the clock may be late
        (-1.0, 24.0 + MINUTE_H, GOOD),
        (-1.0, 23.0, MISSING),
        (-48.0, -1.0, MISSING),
        (0.0, 48.0, MISSING),  # the clock may be early
        (-MINUTE_H, 48.0, GOOD),
        (1.0, 48.0, MISSING),
    ],
)
def test_certificate_has_to_be_valid_for_the_whole_of_a_day(
    since_h: float, until_h: float, wanted: Any
) -> None:
    """OFF-021."""
    paper = a_certificate(PHYTO, since_h=since_h, until_h=until_h)
    assert found(AGENCY_PHYTOSANITARY, of("1206", certificates=[paper])) == wanted


@pytest.mark.parametrize("change", [{"number": ""}, {"issuer_country": ""}, {"kind": 0}])
def test_certificate_with_fields_left_open_is_none(change: dict[str, Any]) -> None:
    paper = a_certificate(**change)
    assert found(AGENCY_PHYTOSANITARY, of("1206", certificates=[paper])) == MISSING


def test_one_valid_certificate_among_others_is_enough() -> None:
    others = [a_certificate(CERTIFICATE_KIND_ORIGIN), a_certificate(PHYTO, until_h=1.0)]
    papers = [*others, a_certificate(PHYTO)]
    assert found(AGENCY_PHYTOSANITARY, of("2710", "1206", certificates=papers)) == GOOD
    assert found(AGENCY_PHYTOSANITARY, of("2710", "1206", certificates=others)) == MISSING


def test_goods_on_no_list_are_for_a_person() -> None:
    paper = a_certificate(PHYTO)
    assert found(AGENCY_PHYTOSANITARY, of("2710", certificates=[paper])) == UNLISTED
    assert found(AGENCY_PHYTOSANITARY, of(certificates=[paper])) == UNLISTED
    assert found(AGENCY_VETERINARY, of("", certificates=[paper])) == UNLISTED


def test_unsure_clock_judges_no_certificate() -> None:
    load = of("1206", certificates=[a_certificate(PHYTO)])
    assert found(AGENCY_PHYTOSANITARY, load, error_ms=1_000) == GOOD
    unsure = (Outcome.UNSURE, Reason.CLOCK_UNSURE)
    assert found(AGENCY_PHYTOSANITARY, load, error_ms=1_001) == unsure


def test_empty_truck_carries_nothing_to_certify() -> None:
    empty = a_declaration(empty_running=True, goods=[], vehicle_permit_id="TA-1")
    assert found(AGENCY_PHYTOSANITARY, empty) == GOOD
    assert found(AGENCY_VETERINARY, empty) == GOOD
    hidden = of("0202", empty_running=True, vehicle_permit_id="TA-1")
    assert found(AGENCY_VETERINARY, hidden) == MISSING


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, GOOD),
        ({"crew_count": 1}, (Outcome.FAULTY, Reason.CREW_DECLARED)),
        ({"vehicle_id": "truck-99"}, STRANGER),
        ({"vehicle_id": ""}, STRANGER),
        ({"vehicle_key_id": a_signer("truck-02").key_id}, STRANGER),
        ({"vehicle_key_id": b""}, STRANGER),
        ({"vehicle_id": "kz_out", "vehicle_key_id": a_signer("kz_out").key_id}, STRANGER),
        ({"empty_running": True}, STRANGER),
        ({"empty_running": True, "vehicle_permit_id": "TA-1"}, GOOD),
    ],
)
def test_border_guard_wants_no_crew_and_a_vehicle_of_the_corridor(
    changes: dict[str, Any], wanted: Any
) -> None:
    """OFF-021."""
    assert found(AGENCY_BORDER_GUARD, a_declaration(**changes)) == wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, GOOD),
        ({"gross_mass_kg": 100_000}, GOOD),
        ({"gross_mass_kg": 100_001}, (Outcome.FAULTY, Reason.MASS_NOT_ADMITTED)),
        ({"gross_mass_kg": 0}, (Outcome.FAULTY, Reason.MASS_NOT_ADMITTED)),
        ({"vehicle_id": ""}, (Outcome.FAULTY, Reason.DECLARATION_FAULTY)),
        ({"trailer_id": ""}, (Outcome.FAULTY, Reason.DECLARATION_FAULTY)),
    ],
)
def test_transport_control_wants_names_and_a_mass_within_its_limit(
    changes: dict[str, Any], wanted: Any
) -> None:
    """OFF-021."""
    assert found(AGENCY_TRANSPORT_CONTROL, a_declaration(**changes)) == wanted


def test_book_is_data() -> None:
    text = b'format_version = 1\nphytosanitary = ["27"]\ngross_mass_max_kg = 30000\n'
    book = read_agency_book(text, "book")
    answer = look(AGENCY_PHYTOSANITARY, a_declaration(), book, a_roster(), now=a_now())
    assert answer == Finding(Outcome.UNSURE, Reason.CERTIFICATE_MISSING)
    answer = look(AGENCY_TRANSPORT_CONTROL, a_declaration(), book, a_roster(), now=a_now())
    assert answer == Finding(Outcome.FAULTY, Reason.MASS_NOT_ADMITTED)


@pytest.mark.parametrize(
    "text",
    [
        b"fish = 1",
        b'veterinary = ["x"]',
        b"certificate_valid_h = 0.0",
        b"gross_mass_max_kg = 100001",
        b"format_version = 2",
        b"\xff",
        b"= 3",
    ],
)
def test_book_that_is_none_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^a\.toml: "):
        read_agency_book(text, "a.toml")
