"""The supervisor by hand-made messages: no by default, and no way past the line unreleased."""

from itertools import combinations
from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    ControlOrder,
    Hold,
    Refusal,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, COUNTRY_UNSPECIFIED
from contract.v1.envelope_pb2 import NodeHeartbeat
from contract.v1.gate_pb2 import (
    BARRIER_STATE_CLOSED,
    BARRIER_STATE_FAULT,
    BARRIER_STATE_UNSPECIFIED,
    GateReport,
    StationVisit,
)
from contract.v1.movement_pb2 import (
    ClearanceNotice,
    MissionOrder,
    MissionReply,
    MovementAuthority,
    VehicleHeartbeat,
)
from tests.corridor.control import CROSSINGS, Control
from tests.factories import TRUCKS, reports, sends, the_map


def granted(control: Control) -> list[Any]:
    return [*sends(control.said, MissionOrder), *sends(control.said, MovementAuthority)]


def waits(control: Control, key: str = "truck-01") -> list[str]:
    """Reasons for which a truck waited, in order."""
    said = reports(control.said, Event.VEHICLE_WAITS)
    return [each["reason"].name for each in said if each["vehicle"] == key]


def to_exit(control: Control, truck: str = "truck-01") -> Control:
    """Through the station and up to the exit gate's stop line."""
    control.reaches("kz_weigh_e", truck)
    control.scanned("kz_weigh_e", truck)
    control.reaches("kz_out", truck)
    return control


# --- default deny ---


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_nothing_is_granted_before_every_truck_is_accounted_for(heard: int) -> None:
    """SUP-001: a supervisor that does not know where a truck is gives nobody road."""
    control = Control()
    for truck in TRUCKS[:heard]:
        control.parked(truck)
    control.notice()
    control.release("KZ")
    control.release("CN")
    control.loaded()
    control.wake()
    assert not granted(control)
    for truck in TRUCKS[heard:]:
        control.parked(truck)
    assert granted(control)


@pytest.mark.parametrize(
    "report",
    [
        {"front_lane": ""},
        {"rear_lane": ""},
        {"front_lane": "nowhere"},
        {"front_lane": "", "rear_lane": ""},
    ],
)
def test_report_from_nowhere_accounts_for_nobody(report: dict[str, str]) -> None:
    """I21: an empty position report is not a position."""
    control = Control()
    control.parked("truck-02")
    control.parked("truck-03")
    control.parked("truck-01", **report)
    control.notice("truck-02")
    control.release("KZ", "truck-02")
    control.release("CN", "truck-02")
    control.loaded("truck-02")
    assert not granted(control)


def test_heartbeat_accounts_for_nobody() -> None:
    control = Control()
    for truck in TRUCKS:
        control.hear(truck, VehicleHeartbeat(loop_counter=1))
    control.notice()
    control.release("KZ")
    control.release("CN")
    control.loaded()
    assert not granted(control)


@pytest.mark.parametrize(
    "steps", [each for size in range(4) for each in combinations(range(4), size)]
)
def test_truck_sets_off_when_noticed_loaded_and_released_by_both(steps: tuple[int, ...]) -> None:
    """SUP-002: every proper subset waits, in whatever order the rest comes."""
    control = Control().accounted()
    word = (
        control.notice,
        control.loaded,
        lambda: control.release("KZ"),
        lambda: control.release("CN"),
    )
    for each in steps:
        word[each]()
    assert not granted(control)
    for each in set(range(4)) - set(steps):
        word[each]()
    assert sends(control.said, MissionOrder, to="truck-01")


@pytest.mark.parametrize("country", ["KZ", "CN"])
@pytest.mark.parametrize("by", ["release", "office", "supervisor"])
def test_one_office_cannot_release_for_the_other(country: str, by: str) -> None:
    """I8: a release counts for the office whose key signed it."""
    other = "CN" if country == "KZ" else "KZ"
    keys = {"release": f"release/{country}", "office": f"office-{other.lower()}"}
    control = Control().accounted()
    control.notice()
    control.loaded()
    control.release(country)
    control.release(other, by=keys.get(by, by))
    assert not granted(control)
    assert reports(control.said, Event.MESSAGE_REFUSED)


def test_decision_of_no_office_is_refused() -> None:
    """I21."""
    control = Control().cleared()
    revocation = Revocation(
        number=1, office=COUNTRY_UNSPECIFIED, crossing_id="KZ-1", release_id="CN-truck-01"
    )
    assert reports(control.decision(revocation, "CN"), Event.MESSAGE_REFUSED)


@pytest.mark.parametrize(
    "change", [{"crossing_id": ""}, {"vehicle_id": ""}, {"direction": "DIRECTION_UNSPECIFIED"}]
)
def test_crossing_that_does_not_say_what_who_and_where_to_is_none(change: dict[str, Any]) -> None:
    """I21."""
    control = Control().accounted()
    control.notice(**change)
    control.release("KZ")
    control.release("CN")
    control.loaded()
    assert not granted(control)


# --- missions and authorities ---


def test_mission_goes_with_the_releases_as_they_were_signed() -> None:
    control = Control().cleared()
    order = control.order()
    assert order.crossing_id == "KZ-1"
    (notice,) = sends(control.said, ClearanceNotice, to="truck-01")
    assert len(notice.releases) == 2
    assert not control.authorities()  # until the truck has accepted


def test_authority_ends_within_what_is_allocated() -> None:
    """I4: and an overlap short of it, or at a stop line."""
    control = Control().under_way()
    held = control.agent.state.zones.held_by("truck-01")
    spans = [span for span in control.route().zone_spans if span[0] in held]
    newest = control.authorities()[-1]
    reserved_m = control.end_m() + newest.overlap_mm / 1000.0
    road_m = max(end for _, _, end in spans if end < control.route().length_m - 30.0)
    assert reserved_m <= road_m + 1e-3


def test_station_is_told_who_comes_and_nothing_behind_it_is_granted_until_it_has_finished() -> None:
    control = Control().under_way()
    (visit,) = sends(control.said, StationVisit, to="kz_out")
    assert (visit.station_id, visit.vehicle_id, visit.gross_mass_kg) == (
        "kz_weigh_e",
        "truck-01",
        36_000,
    )
    before_m = control.end_m()
    control.reaches("kz_weigh_e")
    assert control.end_m() == before_m
    assert waits(control)[-1] == "STATION_PENDING"
    control.scanned("kz_weigh_e")
    assert control.end_m() > before_m


def test_finding_at_a_station_holds_the_truck_until_an_office_has_answered() -> None:
    control = Control().under_way()
    control.reaches("kz_weigh_e")
    before_m = control.end_m()
    control.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="MASS_MISMATCH")
    assert control.end_m() == before_m
    assert waits(control)[-1] == "INSPECTION_PENDING"


@pytest.mark.parametrize("change", [{"vehicle_id": "truck-02"}, {"crossing_id": "KZ-9"}])
def test_station_record_of_another_truck_or_crossing_changes_nothing(
    change: dict[str, str],
) -> None:
    control = Control().under_way()
    control.reaches("kz_weigh_e")
    before_m = control.end_m()
    control.scanned("kz_weigh_e", **change)
    assert control.end_m() == before_m


@pytest.mark.parametrize(("country", "number"), [("KZ", COUNTRY_KZ), ("CN", COUNTRY_CN)])
def test_no_zone_beyond_an_exit_gate_without_both_releases(country: str, number: Any) -> None:
    """I7, SUP-003: whichever is taken back on the way, road ends at the exit gate."""
    control = Control().under_way()
    revocation = Revocation(
        number=1, office=number, crossing_id="KZ-1", release_id=f"{country}-truck-01"
    )
    control.decision(revocation, country)
    to_exit(control)
    control.wake()
    assert control.end_m() <= control.exit_m() + 1e-3
    held = set(control.agent.state.zones.held_by("truck-01"))
    beyond = {zone for zone, start, _ in control.route().zone_spans if start > control.exit_m()}
    berth = the_map().berths["cn_a01"].zone  # reserved from the start, for there must be an end
    assert not (held & beyond) - {berth}
    assert "RELEASE_REVOKED" in waits(control)
    control.release(country)
    control.reaches("kz_out")
    assert control.end_m() > control.exit_m()


@pytest.mark.parametrize(
    "decision",
    [
        Hold(office=COUNTRY_CN, crossing_id="KZ-1", reason="DOCUMENT_CONTROL"),
        Refusal(office=COUNTRY_CN, crossing_id="KZ-1"),
    ],
)
def test_hold_or_refusal_takes_the_place_of_a_release(decision: Any) -> None:
    control = Control().under_way()
    exit_m = control.exit_m()
    control.decision(decision, "CN")
    control.scanned("kz_weigh_e")
    assert control.end_m() <= exit_m + 1e-3
    assert reports(control.said, Event.CROSSING_WITHHELD)


def test_truck_that_an_office_wants_to_inspect_is_sent_to_a_bay() -> None:
    control = Control().accounted()
    control.notice()
    control.loaded()
    control.release("CN")
    bays = [ControlOrder(kind="CONTROL_KIND_PHYSICAL", places=["kz_bay_e1"])]
    control.decision(
        Hold(office=COUNTRY_KZ, crossing_id="KZ-1", reason="INSPECTION_ORDERED", controls=bays),
        "KZ",
    )
    assert "kz_bay_e1" in [stop.place_id for stop in control.order().stops]


def test_declined_mission_is_said_and_gives_no_authority() -> None:
    control = Control().cleared()
    effects = control.accept(accepted=False, reason="NOT_ON_ROUTE")
    assert [each["reason"].name for each in reports(effects, Event.MISSION_DECLINED)] == [
        "NOT_ON_ROUTE"
    ]
    assert not control.authorities()


def test_nobody_accepts_a_mission_for_another_truck() -> None:
    """I24."""
    control = Control().cleared()
    reply = MissionReply(mission_id=control.order().mission_id, version=1, accepted=True)
    control.hear("truck-02", reply)
    assert not control.authorities()


def test_acceptance_of_another_version_counts_for_nothing() -> None:
    control = Control().cleared()
    control.accept(version=0)
    control.accept(version=2)
    assert not control.authorities()


def test_truck_that_restarted_is_told_mission_and_authority_again() -> None:
    control = Control().under_way()
    before = control.authorities()[-1]
    control.front_at(20.0, cause="POSITION_CAUSE_BOOTED", authority_number=0)
    again = control.authorities()[-1]
    assert again.number > before.number
    assert (again.end_lane, again.end_mm) == (before.end_lane, before.end_mm)


def test_truck_that_lost_a_version_is_told_it_and_has_its_authority_back() -> None:
    """L1: a restart between a diversion and its commit leaves nobody waiting for ever."""
    control = Control().under_way()
    orders = len(sends(control.said, MissionOrder))
    control.front_at(20.0, cause="POSITION_CAUSE_BOOTED", mission_version=0, authority_number=0)
    assert len(sends(control.said, MissionOrder)) == orders + 1
    before = len(control.authorities())
    control.accept()
    assert len(control.authorities()) == before + 1


# --- two trucks, one zone ---


def test_second_truck_waits_for_the_first_with_a_reason() -> None:
    """I4: one convoy a zone; silence and time free nothing."""
    control = Control().under_way("truck-01", "truck-02")
    assert control.authorities("truck-01")
    control.wake(60_000)
    held = [set(control.agent.state.zones.held_by(truck)) for truck in TRUCKS[:2]]
    assert not held[0] & held[1]
    assert "ZONE_OCCUPIED" in waits(control, "truck-02")


def test_convoy_is_formed_when_it_is_complete_or_has_waited_long_enough() -> None:
    control = Control(convoy=3).cleared("truck-01", "truck-02")
    assert not sends(control.said, MissionOrder)
    assert "CONVOY_FORMING" in waits(control)
    control.pass_time(21)
    assert list(control.order("truck-02").formation) == ["truck-01", "truck-02"]
    whole = Control(convoy=3).cleared(*TRUCKS)
    assert len(whole.order("truck-03").formation) == 3


# --- programs, gates ---


@pytest.mark.parametrize(
    ("barrier", "reason"),
    [
        (BARRIER_STATE_FAULT, ""),
        (BARRIER_STATE_UNSPECIFIED, ""),
        (BARRIER_STATE_CLOSED, "BARRIER_FAULT"),
    ],
)
def test_truck_is_not_sent_into_the_cell_of_a_faulty_gate(barrier: Any, reason: str) -> None:
    """I21: an arm of which nothing is known is not in order."""
    control = Control().accounted()
    control.hear("kz_out", GateReport(gate_id="kz_out", barrier=barrier, reason=reason))
    control.under_way()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.front_at(control.end_m() - 1.0)
    assert control.end_m() < control.exit_m()
    assert "GATE_FAULT" in waits(control)
    control.hear("kz_out", GateReport(gate_id="kz_out", barrier=BARRIER_STATE_CLOSED))
    assert control.end_m() >= control.exit_m() - 0.01


def test_program_that_falls_silent_is_said_once_and_when_it_is_heard_again() -> None:
    control = Control()
    control.hear("kz_out", NodeHeartbeat(loop_counter=1))
    for _ in range(5):
        control.wake(10_000)
    assert [each["node"] for each in reports(control.said, Event.NODE_FELL_SILENT)] == ["kz_out"]
    control.hear("kz_out", NodeHeartbeat(loop_counter=2))
    assert [each["node"] for each in reports(control.said, Event.NODE_HEARD_AGAIN)] == ["kz_out"]


def test_silent_truck_keeps_its_zones_and_is_granted_nothing_more() -> None:
    """I22."""
    control = Control().under_way()
    held = control.agent.state.zones.held_by("truck-01")
    for _ in range(3):
        control.wake(40_000)
    assert [each["vehicle"] for each in reports(control.said, Event.VEHICLE_FELL_SILENT)].count(
        "truck-01"
    ) == 1
    assert control.agent.state.zones.held_by("truck-01") == held
    control.hear("truck-01", VehicleHeartbeat(loop_counter=9, front_mm=18_500))
    assert reports(control.said, Event.VEHICLE_HEARD_AGAIN)


def test_heartbeats_go_to_every_program_that_was_heard_but_the_operators() -> None:
    control = Control()
    control.hear("kz_out", NodeHeartbeat(loop_counter=1))
    control.hear("control-room", NodeHeartbeat(loop_counter=1))
    effects = control.wake(5_000)
    assert len(sends(effects, NodeHeartbeat, to="kz_out")) == 1
    assert not sends(effects, NodeHeartbeat, to="control-room")


def test_crossings_are_called_by_their_trucks() -> None:
    control = Control().cleared(*TRUCKS)
    assert [control.order(truck).crossing_id for truck in TRUCKS] == list(CROSSINGS.values())
