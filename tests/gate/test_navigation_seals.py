"""An opened navigation seal in one office: held before an officer, and released by one anew."""

import pytest

from contract.v1.customs_pb2 import Hold, Revocation, SealOpened
from gate.office.orders import AskDesk, Ruling
from tests.factories import acts
from tests.gate.desk import GREEN, RED, YELLOW, Office, decided, releases


def opened(office: Office, at_utc_ms: int = 0, crossing: str = "KZ-1") -> list[object]:
    at_utc_ms = at_utc_ms or office.now.utc_ms
    seal = SealOpened(crossing_id=crossing, vehicle_id="truck-01", at_utc_ms=at_utc_ms)
    return list(office.hear("supervisor", seal))


@pytest.mark.parametrize("country", ["KZ", "CN"])
def test_opened_seal_costs_the_release_of_each_office_and_goes_to_a_desk(country: str) -> None:
    """OFF-011."""
    office = Office(GREEN, country).assessed(by="terminal-kz")
    effects = opened(office)
    (hold,) = decided(effects, Hold, to="supervisor")
    assert (hold.reason, hold.owner) == ("SEAL_TAMPERED", f"office {country}")
    assert [each.reason for each in decided(effects, Revocation, to="supervisor")] == [
        "SEAL_TAMPERED"
    ]
    assert [ask.crossing_id for ask in acts(effects, AskDesk)] == ["KZ-1"]
    before = releases(office.said)[0]
    (anew,) = releases(office.rules(Ruling.RELEASE))
    assert anew.release_id != before.release_id


def test_same_opening_is_heard_once_even_over_a_restart() -> None:
    office = Office(GREEN).assessed()
    at_utc_ms = office.now.utc_ms
    opened(office, at_utc_ms)
    office.rules(Ruling.RELEASE)
    office.start()
    assert not decided(opened(office, at_utc_ms), Hold)
    assert decided(opened(office, at_utc_ms + 1), Hold)


def test_open_inspection_is_still_wanted_after_the_officer() -> None:
    office = Office(RED).assessed()
    opened(office)
    effects = office.rules(Ruling.RELEASE)
    assert not releases(effects)
    assert [each.reason for each in decided(effects, Hold)] == ["INSPECTION_ORDERED"]


def test_officer_may_refuse_what_was_opened() -> None:
    office = Office(YELLOW).assessed()
    office.rules(Ruling.RELEASE)
    opened(office)
    assert not releases(office.rules(Ruling.REFUSE))
    assert not decided(opened(office, office.now.utc_ms + 1), Hold)  # refused already


def test_nothing_is_asked_of_a_crossing_that_nobody_knows() -> None:
    assert not opened(Office(GREEN), crossing="KZ-9")
