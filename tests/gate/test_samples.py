"""Samples in one office: what is given before the laboratory's result, and what the result does."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYTOSANITARY,
    CONTROL_KIND_SAMPLING,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_FAILED,
    SCAN_VERDICT_PENDING,
    Hold,
    Revocation,
    Trader,
)
from contract.v1.movement_pb2 import Arrival
from gate.office.orders import Ruling
from gate.office.rulebook import ControlWord, Rule, RuleBook
from tests.factories import A_BIN, A_CREDIT_CODE, reports
from tests.gate.desk import GREEN, RED, Office, decided, releases

BAY = "kz_bay_e1"
TRUSTED = {
    "consignor": Trader(trader_id=A_BIN, country="KZ", authorised_economic_operator=True),
    "consignee": Trader(trader_id=A_CREDIT_CODE, country="CN", authorised_economic_operator=True),
}


def an_office(*controls: ControlWord, early: bool = True, shares: Any = GREEN) -> Office:
    rule = Rule(id="R-1", because="a sample is taken", controls=controls or ("sampling",))
    return Office(shares, book=RuleBook(rule=(rule,), release_before_result=early))


def sampled(office: Office, *services: str) -> list[Any]:
    """The gate's word that a sample is at the laboratory."""
    pending = {"verdict": SCAN_VERDICT_PENDING, "reason": "LABORATORY_PENDING"}
    return office.scanned(BAY, services=list(services or ("sampling",)), **pending)


def resulted(office: Office, **changes: Any) -> list[Any]:
    return office.scanned(BAY, services=["sampling"], record_id="r2", **changes)


def test_low_risk_is_released_before_the_result_where_the_book_says_so() -> None:
    """OFF-015: and the release says so among its rules."""
    office = an_office().assessed(**TRUSTED)
    (release,) = releases(sampled(office))
    assert "goes on before the laboratory's result" in release.rules
    assert not decided(resulted(office), Revocation)
    assert len(releases(office.said)) == 1


@pytest.mark.parametrize(
    ("office", "declared"),
    [
        (an_office(early=False), TRUSTED),
        (an_office(), {}),
        (an_office(), {"consignor": TRUSTED["consignor"]}),
        (an_office(shares=RED), TRUSTED),
    ],
    ids=["the book does not say so", "nobody trusted", "one not trusted", "red"],
)
def test_who_is_no_low_risk_waits_for_the_result(office: Office, declared: dict[str, Any]) -> None:
    """OFF-015."""
    office.assessed(**declared)
    assert not releases(sampled(office))
    office.start()
    office.scanned(BAY, services=["physical"], record_id="searched")
    assert releases(resulted(office))


def test_who_was_found_to_carry_something_waits_for_the_result() -> None:
    office = an_office().assessed(**TRUSTED)
    office.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="RADIATION_ALARM")
    assert not releases(sampled(office))


def test_sample_gives_no_more_than_what_it_was_taken_for() -> None:
    office = an_office("sampling", "phytosanitary").assessed(**TRUSTED)
    effects = sampled(office)
    (hold,) = decided(effects, Hold)
    assert [each.kind for each in hold.controls] == [CONTROL_KIND_PHYTOSANITARY]
    assert CONTROL_KIND_SAMPLING not in {each.kind for each in hold.controls}
    assert not releases(effects)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (SCAN_VERDICT_ADVERSE, "SAMPLE_ADVERSE"),
        (SCAN_VERDICT_FAILED, "LABORATORY_SILENT"),
    ],
)
def test_adverse_or_missing_result_goes_to_an_officer(
    early: bool, verdict: Any, reason: str
) -> None:
    """OFF-015: with its own reason, to no second bay; a release that was given is taken back."""
    office = an_office(early=early).assessed(**TRUSTED)
    sampled(office)
    effects = resulted(office, verdict=verdict, reason=reason)
    assert [each.reason for each in decided(effects, Revocation)][: int(early)] == [reason] * early
    (hold,) = decided(effects, Hold)
    assert (hold.reason, list(hold.controls)) == (reason, [])
    assert releases(office.rules(Ruling.RELEASE))


def test_other_office_is_bound_by_what_the_laboratory_finds() -> None:
    """OFF-007."""
    office = Office(GREEN, country="CN").assessed()
    assert releases(office.said)
    sampled(office)
    assert not decided(office.said, Hold)
    effects = resulted(office, verdict=SCAN_VERDICT_ADVERSE, reason="SAMPLE_ADVERSE")
    assert [each.reason for each in decided(effects, Hold)] == ["SAMPLE_ADVERSE"]


@pytest.mark.parametrize("adverse", [False, True])
def test_result_about_a_crossing_that_is_over_is_said_where_it_is_adverse(adverse: bool) -> None:
    """OFF-015: and changes nothing."""
    office = an_office().assessed(**TRUSTED)
    sampled(office)
    office.hear("supervisor", Arrival(crossing_id="KZ-1", berth_id="cn_b01"))
    verdict = {"verdict": SCAN_VERDICT_ADVERSE, "reason": "SAMPLE_ADVERSE"} if adverse else {}
    effects = resulted(office, **verdict)
    assert len(reports(effects, Event.RESULT_CAME_TOO_LATE)) == int(adverse)
    assert not decided(effects, Hold)
