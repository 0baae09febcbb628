"""Stations before a gate: who is expected, which service starts, what the record says."""

from typing import Any

import pytest

from contract.events import Event
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    ScanRecord,
    StationResult,
)
from contract.v1.gate_pb2 import StationVisit
from gate.orders import StartService, StationOutcome
from tests.factories import a_signer, acts, reports, sends
from tests.gate.cabinet import GATE, OFFICES, Cabinet

STATION = "kz_weigh_e"
HERE = {STATION: "truck-01"}


def a_visit(**changes: Any) -> StationVisit:
    values: dict[str, Any] = {
        "station_id": STATION,
        "vehicle_id": "truck-01",
        "crossing_id": "KZ-1",
        "services": ["weighbridge", "portal"],
        "gross_mass_kg": 36_000,
        "seals": ["S-1"],
    }
    return StationVisit(**(values | changes))


def an_outcome(**changes: Any) -> StationOutcome:
    values: dict[str, Any] = {
        "station_id": STATION,
        "vehicle_id": "truck-01",
        "clear": True,
        "mass_kg": 36_010,
        "seals": ("S-1",),
    }
    return StationOutcome(**(values | changes))


def in_service(**visit: Any) -> Cabinet:
    gate = Cabinet().idle()
    gate.hear("supervisor", a_visit(**visit))
    gate.wake(at_station=HERE)
    return gate


def record_of(gate: Cabinet) -> ScanRecord:
    """The one record that went to the supervisor."""
    (result,) = sends(gate.said, StationResult, to="supervisor")
    key = a_signer(GATE)
    record = open_document(result.record, ScanRecord, {key.key_id: key.public_key})
    assert isinstance(record, ScanRecord)
    return record


def test_service_starts_when_the_expected_truck_stands_there() -> None:
    gate = Cabinet().idle()
    assert not acts(gate.wake(at_station=HERE), StartService)
    gate.hear("supervisor", a_visit())
    (start,) = acts(gate.wake(at_station=HERE), StartService)
    assert (start.station_id, start.vehicle_id) == (STATION, "truck-01")
    assert start.services == ("weighbridge", "portal")
    assert not acts(gate.wake(at_station=HERE), StartService)


def test_another_truck_at_the_station_is_not_served() -> None:
    gate = Cabinet().idle()
    gate.hear("supervisor", a_visit())
    assert not acts(gate.wake(at_station={STATION: "truck-02"}), StartService)


def test_visit_to_a_station_of_another_gate_is_none_of_ours() -> None:
    gate = Cabinet().idle()
    assert not gate.hear("supervisor", a_visit(station_id="cn_weigh_w"))


def test_clear_outcome_goes_to_both_offices_and_the_supervisor() -> None:
    gate = in_service()
    effects = gate.wake(outcomes=(an_outcome(),))
    assert reports(effects, Event.STATION_FINISHED)[0]["verdict"] == "clear"
    for name in ("supervisor", *OFFICES):
        assert len(sends(effects, StationResult, to=name)) == 1
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_CLEAR, "")
    assert (record.crossing_id, record.vehicle_id) == ("KZ-1", "truck-01")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ({"mass_kg": 36_201}, "MASS_MISMATCH"),
        ({"mass_kg": 35_799}, "MASS_MISMATCH"),
        ({"mass_kg": 0}, "MASS_MISMATCH"),
        ({"seals": ("S-2",)}, "SEAL_MISMATCH"),
        ({"clear": False, "reason": "RADIATION_ALARM"}, "RADIATION_ALARM"),
        ({"clear": False, "reason": "whatever"}, "INSPECTION_ADVERSE"),
    ],
)
def test_outcome_with_a_finding_is_adverse(outcome: dict[str, Any], reason: str) -> None:
    """I23, GATE-006."""
    gate = in_service()
    gate.wake(outcomes=(an_outcome(**outcome),))
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_ADVERSE, reason)


@pytest.mark.parametrize("mass_kg", [35_800, 36_200])
def test_mass_within_the_tolerance_is_clear(mass_kg: int) -> None:
    gate = in_service()
    gate.wake(outcomes=(an_outcome(mass_kg=mass_kg),))
    assert record_of(gate).verdict == SCAN_VERDICT_CLEAR


def test_tolerance_grows_with_the_mass() -> None:
    gate = in_service(gross_mass_kg=60_000)
    gate.wake(outcomes=(an_outcome(mass_kg=60_300),))
    assert record_of(gate).verdict == SCAN_VERDICT_CLEAR


def test_station_without_a_weighbridge_does_not_judge_mass() -> None:
    gate = in_service(services=["portal"])
    gate.wake(outcomes=(an_outcome(mass_kg=0),))
    assert record_of(gate).verdict == SCAN_VERDICT_CLEAR


def test_failed_service_is_tried_once_more_and_then_a_person_is_asked() -> None:
    gate = in_service()
    gate.wake(outcomes=(an_outcome(failed=True),))
    assert not sends(gate.said, StationResult)
    assert acts(gate.wake(at_station=HERE), StartService)
    gate.wake(outcomes=(an_outcome(failed=True),))
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_FAILED, "SCAN_FAILED")


def test_outcome_of_a_service_that_nobody_started_is_no_outcome() -> None:
    gate = Cabinet().idle()
    gate.wake(outcomes=(an_outcome(),))
    gate.hear("supervisor", a_visit())
    gate.wake(outcomes=(an_outcome(),))
    assert not sends(gate.said, StationResult)


def test_service_under_way_at_a_restart_is_started_again() -> None:
    """Every outcome of every station leads to a next instruction."""
    gate = in_service()
    gate.start()
    assert acts(gate.wake(at_station=HERE), StartService)
    gate.wake(outcomes=(an_outcome(),))
    assert record_of(gate).verdict == SCAN_VERDICT_CLEAR
    assert not [key for key in gate.disk if key.startswith("visit/")]
