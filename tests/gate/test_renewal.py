"""Releases that run out while their crossing waits: released anew, or laid before an officer."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    CERTIFICATE_KIND_PHYTOSANITARY,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    Certificate,
    CustodyRecord,
    CustodyStep,
    GoodsLine,
    Hold,
    Revocation,
)
from contract.v1.gate_pb2 import Passed
from contract.v1.movement_pb2 import Arrival
from gate.office.docket import RENEW_AFTER_MS
from gate.office.orders import Ruling
from gate.office.rulebook import Rule, RuleBook, When
from tests.factories import HOUR_MS, reports, signed
from tests.gate.desk import GREEN, YELLOW, Office, decided, releases

VALID_MS = 12 * HOUR_MS
CROPS = RuleBook(
    rule=(
        Rule(
            id="R-1",
            because="no certificate",
            when=When(goods=("12",), lacks="phytosanitary"),
            channel="yellow",
        ),
    )
)


def run_out(office: Office) -> list[Any]:
    """To the moment from which no clock takes the release for valid."""
    assert not releases(office.wake(later_ms=VALID_MS - 1_000.0))
    return office.wake(later_ms=1_000.0 + RENEW_AFTER_MS)


def passed(office: Office, step: CustodyStep, gate: str) -> None:
    record = CustodyRecord(crossing_id="KZ-1", step=step, place_id=gate, vehicle_id="truck-01")
    office.hear(gate, Passed(gate_id=gate, crossing_id="KZ-1", custody=signed(record, gate)))


@pytest.mark.parametrize("restarted", [False, True])
def test_release_that_ran_out_is_given_anew_where_nothing_new_is_wanted(restarted: bool) -> None:
    """OFF-016: never before the old one is over, and under an id of its own."""
    office = Office(GREEN).assessed()
    (old,) = releases(office.said)
    if restarted:
        office.start()
    effects = run_out(office)
    (new,) = releases(effects)
    assert reports(effects, Event.RELEASE_RAN_OUT)
    assert new.release_id != old.release_id
    assert new.not_before_utc_ms > old.not_after_utc_ms
    assert new.subject == old.subject
    assert not decided(effects, Revocation)


def test_release_is_given_anew_as_often_as_it_runs_out() -> None:
    office = Office(GREEN).assessed()
    for _ in range(3):
        assert len(releases(run_out(office))) == 1


def test_what_an_officer_has_decided_stays_decided() -> None:
    office = Office(YELLOW).assessed()
    assert releases(office.rules(Ruling.RELEASE))
    effects = run_out(office)
    assert len(releases(effects)) == 1
    assert not decided(effects, Hold)


def test_certificate_that_has_run_out_meanwhile_goes_to_an_officer() -> None:
    """OFF-016: the rules are asked again about the day that it is."""
    office = Office(GREEN, book=CROPS)
    paper = Certificate(
        kind=CERTIFICATE_KIND_PHYTOSANITARY,
        number="P-1",
        issuer_country="KZ",
        valid_from_utc_ms=office.now.utc_ms - HOUR_MS,
        valid_until_utc_ms=office.now.utc_ms + 13 * HOUR_MS,
    )
    seeds = [GoodsLine(hs_code="1206", description="seed", net_mass_kg=20_000, packages=1)]
    office.assessed(goods=seeds, certificates=[paper])
    assert releases(office.said)
    effects = run_out(office)
    assert not releases(effects)
    (hold,) = decided(effects, Hold)
    assert hold.reason == "RELEASE_EXPIRED"
    assert "R-1: no certificate" in hold.rules
    assert releases(office.rules(Ruling.RELEASE))


@pytest.mark.parametrize(
    ("step", "gate"), [(CUSTODY_STEP_EXITED, "kz_out"), (CUSTODY_STEP_ENTERED, "cn_in")]
)
def test_release_is_wanted_until_the_truck_stands_at_its_berth(
    step: CustodyStep, gate: str
) -> None:
    """The truck judges both releases at every authority, past the entry gate too."""
    office = Office(GREEN).assessed()
    passed(office, step, gate)
    assert len(releases(run_out(office))) == 1


def test_release_of_a_crossing_that_is_over_or_held_is_not_given_anew() -> None:
    over, held = Office(GREEN).assessed(), Office(GREEN).assessed()
    over.hear("supervisor", Arrival(crossing_id="KZ-1", berth_id="cn_b01"))
    held.rules(Ruling.HOLD)
    assert not releases(run_out(over))
    assert not releases(run_out(held))
