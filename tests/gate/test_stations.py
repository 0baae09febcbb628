"""Stations before a gate: who is expected, which service starts, what the record says."""

from typing import Any

import pytest

from contract.events import Event
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    SCAN_VERDICT_PENDING,
    ScanRecord,
    StationResult,
)
from contract.v1.gate_pb2 import StationVisit
from gate.orders import StartService, StationOutcome
from gate.station_phases import DELAYED_S_MAX, answer_s_max
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
        ({"container_id": "ZZZU0000000"}, "CONTAINER_MISMATCH"),
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


# --- outcomes that are none ---

NO_RESULT: dict[str, dict[str, Any]] = {
    "failed": {"failed": True},
    "aborted": {"aborted": True},
    "never answered": {},
}
REASON = {"failed": "SCAN_FAILED", "aborted": "SCAN_ABORTED", "never answered": "STATION_SILENT"}


def without_result(gate: Cabinet, how: str) -> list[Any]:
    """One service that comes to nothing; what the gate says to it."""
    if how == "never answered":
        assert not acts(gate.wake(at_station=HERE, later_ms=359_000), StartService)
        return gate.wake(at_station=HERE, later_ms=1_000)
    return gate.wake(outcomes=(an_outcome(**NO_RESULT[how]),), at_station=HERE)


@pytest.mark.parametrize("how", NO_RESULT)
def test_service_without_a_result_is_begun_anew_at_once_and_said(how: str) -> None:
    """GATE-012: a next instruction, and a reason with an owner, in a stated time."""
    gate = in_service()
    effects = without_result(gate, how)
    (again,) = reports(effects, Event.STATION_TRIED_AGAIN)
    assert (again["reason"].name, again["attempt"]) == (REASON[how], 1)
    assert acts(effects, StartService)[0].services == ("weighbridge", "portal")
    gate.wake(outcomes=(an_outcome(),))
    assert record_of(gate).verdict == SCAN_VERDICT_CLEAR


@pytest.mark.parametrize("second", NO_RESULT)
@pytest.mark.parametrize("first", NO_RESULT)
def test_second_service_without_a_result_is_recorded_with_its_reason(
    first: str, second: str
) -> None:
    gate = in_service()
    without_result(gate, first)
    without_result(gate, second)
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_FAILED, REASON[second])
    assert not acts(gate.wake(at_station=HERE), StartService)
    assert not [key for key in gate.disk if key.startswith("visit/")]


def test_attempts_are_counted_over_a_restart() -> None:
    gate = in_service()
    without_result(gate, "failed")
    gate.start()
    gate.wake(at_station=HERE)
    gate.wake(outcomes=(an_outcome(failed=True),))
    assert record_of(gate).verdict == SCAN_VERDICT_FAILED


def test_word_of_a_machine_that_was_given_up_is_no_second_record() -> None:
    gate = in_service()
    without_result(gate, "never answered")
    without_result(gate, "never answered")
    gate.wake(outcomes=(an_outcome(),))
    assert record_of(gate).verdict == SCAN_VERDICT_FAILED


def test_gate_wakes_by_itself_when_a_service_is_overdue() -> None:
    gate = in_service()
    gate.agent._reports.beat_ns = 2**62
    assert gate.agent.wake_ns == gate.now.mono_ns + 360 * 1_000_000_000


def test_visit_announced_twice_is_one_visit() -> None:
    gate = in_service()
    assert not gate.hear("supervisor", a_visit())
    assert not acts(gate.wake(at_station=HERE), StartService)
    gate.hear("supervisor", a_visit(crossing_id="KZ-2"))
    assert acts(gate.wake(at_station=HERE), StartService)


def test_record_names_its_services_and_the_container_that_was_read() -> None:
    gate = in_service(container_id="CSQU3054383")
    gate.wake(outcomes=(an_outcome(container_id="CSQU3054383"),))
    record = record_of(gate)
    assert list(record.services) == ["weighbridge", "portal"]
    assert record.container_id == "CSQU3054383"
    assert (record.measured_mass_kg, list(record.seals)) == (36_010, ["S-1"])


def test_outcome_too_large_for_a_message_is_cut_and_adverse() -> None:
    """No word of a device may end the program."""
    gate = in_service()
    seals = tuple("s" * 1_000 for _ in range(1_000))
    gate.wake(outcomes=(an_outcome(mass_kg=2**40, seals=seals, container_id="c" * 999),))
    assert record_of(gate).verdict == SCAN_VERDICT_ADVERSE


# --- images that are read elsewhere ---


def scanned(**visit: Any) -> Cabinet:
    """The scanner is free, the image at a reader."""
    gate = in_service(services=["xray"], **visit)
    gate.wake(outcomes=(an_outcome(scanned=True, mass_kg=0),), at_station=HERE)
    return gate


def test_scan_is_told_to_the_supervisor_alone_and_decides_nothing() -> None:
    """GATE-012: the truck may leave the scanner; no office is told of a result."""
    gate = scanned()
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_PENDING, "IMAGE_PENDING")
    for name in OFFICES:
        assert not sends(gate.said, StationResult, to=name)
    assert not acts(gate.wake(at_station=HERE), StartService)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"clear": True}, (SCAN_VERDICT_CLEAR, "")),
        ({"clear": False, "reason": "IMAGE_ADVERSE"}, (SCAN_VERDICT_ADVERSE, "IMAGE_ADVERSE")),
    ],
)
def test_readers_word_is_the_record_that_counts(
    outcome: dict[str, Any], said: tuple[int, str]
) -> None:
    gate = scanned()
    gate.said.clear()
    gate.wake(outcomes=(an_outcome(**({"seals": (), "mass_kg": 0} | outcome)),))
    record = record_of(gate)
    assert (record.verdict, record.reason) == said
    assert list(record.seals) == ["S-1"]  # as the scanner has read them
    for name in OFFICES:
        assert len(sends(gate.said, StationResult, to=name)) == 1


def test_wrong_seal_at_the_scanner_is_adverse_before_anybody_reads_the_image() -> None:
    gate = in_service(services=["xray"])
    gate.wake(outcomes=(an_outcome(scanned=True, mass_kg=0, seals=("S-2",)),))
    assert record_of(gate).reason == "SEAL_MISMATCH"


def test_scan_does_not_hide_a_wrong_mass() -> None:
    gate = in_service(services=["weighbridge", "xray"])
    gate.wake(outcomes=(an_outcome(scanned=True, mass_kg=20_000),))
    assert record_of(gate).reason == "MASS_MISMATCH"


def test_next_truck_is_scanned_while_the_image_of_the_first_is_read() -> None:
    gate = scanned()
    gate.hear("supervisor", a_visit(vehicle_id="truck-02", crossing_id="KZ-2", services=["xray"]))
    (start,) = acts(gate.wake(at_station={STATION: "truck-02"}), StartService)
    assert start.vehicle_id == "truck-02"


@pytest.mark.parametrize("restarted", [False, True])
def test_image_that_nobody_reads_is_given_to_another_reader_and_then_given_up(
    restarted: bool,
) -> None:
    gate = scanned()
    gate.said.clear()
    if restarted:
        gate.start()
        gate.wake()
    (again,) = acts(gate.wake(later_ms=1_200_000), StartService)
    assert again.services == ("image",)
    gate.wake(later_ms=1_200_000)
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_FAILED, "STATION_SILENT")


# --- a station that is delayed, and says so ---


def a_delay(seconds: int) -> StationOutcome:
    return an_outcome(clear=False, delayed_s=seconds)


def beats(gate: Cabinet, count: int, seconds: int) -> list[Any]:
    """The station says once a minute that it needs so many seconds more."""
    said: list[Any] = []
    for _ in range(count):
        said += gate.wake(at_station=HERE, outcomes=(a_delay(seconds),), later_ms=60_000)
    return said


def test_station_that_says_by_when_it_will_be_done_is_waited_for() -> None:
    """GATE-017: said once; and what it finds in the end counts."""
    gate = in_service()
    said = beats(gate, 5, 400)
    (delayed,) = reports(said, Event.STATION_DELAYED)
    assert (delayed["station"], delayed["vehicle"], delayed["due_s"]) == (STATION, "truck-01", 400)
    effects = gate.wake(at_station=HERE, later_ms=399_000)
    assert not reports(effects, Event.STATION_TRIED_AGAIN)
    gate.wake(outcomes=(an_outcome(),))
    record = record_of(gate)
    assert (record.verdict, record.record_id) == (SCAN_VERDICT_CLEAR, f"{STATION}/KZ-1/0")


def test_word_of_a_delay_is_no_outcome() -> None:
    """GATE-017: nothing else in it counts, and nothing is asked for anew."""
    gate = in_service()
    effects = beats(gate, 1, 400)
    assert not sends(effects, StationResult)
    assert not acts(effects, StartService)


def test_station_that_falls_silent_after_it_has_said_when_is_tried_again_then() -> None:
    """GATE-017: a promise that is not kept counts as no answer."""
    gate = in_service()
    beats(gate, 1, 400)
    assert not acts(gate.wake(at_station=HERE, later_ms=429_000), StartService)
    effects = gate.wake(at_station=HERE, later_ms=1_000)
    (again,) = reports(effects, Event.STATION_TRIED_AGAIN)
    assert again["reason"].name == "STATION_SILENT"


def test_station_that_is_delayed_for_ever_is_given_up_with_a_reason_that_has_an_owner() -> None:
    """GATE-017: whatever it promises, and in its second attempt as well."""
    gate = in_service()
    minutes = (DELAYED_S_MAX + 2 * answer_s_max(["weighbridge", "portal"])) // 60
    beats(gate, minutes, 3_600)
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_FAILED, "STATION_SILENT")
    (first,) = reports(gate.said, Event.STATION_TRIED_AGAIN)
    assert first["attempt"] == 1


def test_delay_of_a_vehicle_that_nobody_serves_is_no_word() -> None:
    gate = Cabinet().idle()
    assert not reports(beats(gate, 1, 400), Event.STATION_DELAYED)
    gate.hear("supervisor", a_visit())
    assert not reports(gate.wake(outcomes=(a_delay(400),)), Event.STATION_DELAYED)


def test_delay_that_ends_within_the_usual_time_changes_nothing() -> None:
    gate = in_service()
    assert not reports(beats(gate, 1, 60), Event.STATION_DELAYED)
