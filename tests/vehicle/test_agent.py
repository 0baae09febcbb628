"""The truck's agent by hand-made messages: no authority no road, no permit no gate."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import Permit
from contract.v1.envelope_pb2 import Hello
from contract.v1.gate_pb2 import Challenge, PassageRequest, Passed, PermitRefused, PermitRequest
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_BOOTED,
    POSITION_CAUSE_REACHED,
    POSITION_CAUSE_ZONE_CLEARED,
    STOP_KIND_BERTH,
    AuthorityReply,
    ClearanceNotice,
    MissionOrder,
    MissionReply,
    MissionStop,
    PositionReport,
)
from tests.factories import a_signer, acts, both_releases, reports, sends
from tests.vehicle.truck import (
    GOAL,
    Truck,
    a_permit,
    an_authority_to,
    an_order,
    gate_m,
    the_route,
)
from vehicle.orders import Drive, Rest, SetGuard
from vehicle.phases import Phase
from vehicle.pilot.columns import MILE_CLEARED, MILE_REACHED


def test_truck_rests_after_a_start() -> None:
    """VEH-001: the parking brake is the rest state."""
    truck = Truck()
    assert acts(truck.said, Rest)
    assert [each.row for each in acts(truck.said, SetGuard)] == [None]
    assert not acts(truck.said, Drive)
    assert truck.agent.phase is Phase.PARKED


def test_truck_says_where_it_is_when_it_first_knows() -> None:
    """I22."""
    report = sends(Truck().at_berth().said, PositionReport)[0]
    assert report.cause == POSITION_CAUSE_BOOTED
    assert report.front_lane == "kz_d01_a"
    assert report.standing
    assert report.trailer_coupled
    assert report.authority_number == 0


def test_truck_says_where_it_is_to_a_supervisor_that_restarted() -> None:
    truck = Truck().at_berth()
    report = sends(truck.hear("supervisor", Hello(wire=1)), PositionReport)[0]
    assert report.cause == POSITION_CAUSE_BOOTED


def test_truck_that_knows_no_place_takes_no_mission_and_sends_nothing() -> None:
    truck = Truck()
    truck.wake(18.5, known=False)
    effects = truck.hear("supervisor", an_order())
    assert [each.reason for each in sends(effects, MissionReply)] == ["NOT_ON_ROUTE"]
    assert not sends(truck.said, PositionReport)


def test_mission_gives_no_right_to_move() -> None:
    """VEH-002."""
    truck = Truck().with_mission()
    assert [each.accepted for each in sends(truck.said, MissionReply)] == [True]
    assert truck.agent.phase is Phase.WAITING
    assert not acts(truck.said, Drive)
    assert "mission" in truck.disk


def test_authority_is_driven_as_far_as_it_goes() -> None:
    """I2."""
    truck = Truck().with_mission()
    effects = truck.hear("supervisor", an_authority_to(60.0))
    assert [each.accepted for each in sends(effects, AuthorityReply)] == [True]
    assert [each.end_m for each in acts(effects, Drive)] == pytest.approx([60.0], abs=0.01)
    rows = [each.row for each in acts(effects, SetGuard)]
    assert [row.end_m for row in rows] == pytest.approx([60.0], abs=0.01)
    assert truck.agent.phase is Phase.DRIVING


def test_refused_authority_moves_nothing() -> None:
    truck = Truck().with_mission()
    effects = truck.hear("supervisor", an_authority_to(60.0, mission_id="mission-2"))
    assert [each.reason for each in sends(effects, AuthorityReply)] == ["NO_MISSION"]
    assert not acts(effects)
    assert truck.agent.phase is Phase.WAITING


def test_authority_of_another_supervisors_key_is_refused() -> None:
    """I8, I24: the agent has it from the mailbox, and the guard still reads the bytes itself."""
    truck = Truck().with_mission()
    effects = truck.hear("truck-02", an_authority_to(60.0))
    assert [each.reason for each in sends(effects, AuthorityReply)] == ["WRONG_RECIPIENT"]
    assert not acts(effects)


def test_authority_beyond_a_gate_is_driven_to_its_stop_line_only() -> None:
    """I5: authority alone opens no barrier."""
    truck = Truck().with_mission()
    effects = truck.hear("supervisor", an_authority_to(gate_m("kz_out") + 40.0))
    ends = [each.end_m for each in acts(effects, Drive)]
    assert ends == pytest.approx([gate_m("kz_out")], abs=0.01)


def test_without_releases_the_guard_ends_the_road_before_the_exit_barrier() -> None:
    """I7: whatever the supervisor grants."""
    truck = Truck().at_berth()
    truck.hear("supervisor", an_order())
    effects = truck.hear("supervisor", an_authority_to(gate_m("cn_in")))
    row = acts(effects, SetGuard)[-1].row
    assert row.end_m < gate_m("kz_out", barrier=True)


@pytest.mark.parametrize("kept", [[], [0], [1]])
def test_releases_that_are_not_both_there_open_nothing(kept: list[int]) -> None:
    """I7, I8."""
    truck = Truck().at_berth()
    truck.hear("supervisor", an_order())
    some = [both_releases()[each] for each in kept]
    truck.hear("supervisor", ClearanceNotice(crossing_id="KZ-1", releases=some))
    effects = truck.hear("supervisor", an_authority_to(gate_m("cn_in")))
    assert acts(effects, SetGuard)[-1].row.end_m < gate_m("kz_out", barrier=True)


def test_releases_of_another_crossing_are_not_even_kept() -> None:
    truck = Truck().with_mission()
    notice = ClearanceNotice(crossing_id="KZ-2", releases=[])
    assert not truck.hear("supervisor", notice)


def test_releases_are_taken_back_with_an_empty_notice() -> None:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(gate_m("cn_in")))
    truck.hear("supervisor", ClearanceNotice(crossing_id="KZ-1"))
    assert truck.agent.wake_ns == truck.now.mono_ns, "it asks at once where it is"
    effects = truck.wake(30.0)
    assert acts(effects, SetGuard)[-1].row.end_m < gate_m("kz_out", barrier=True)


def test_truck_at_the_stop_line_asks_the_gate() -> None:
    truck = Truck().at_gate()
    request = sends(truck.said, PassageRequest, to="kz_out")[0]
    assert (request.gate_id, request.vehicle_id, request.crossing_id) == (
        "kz_out",
        "truck-01",
        "KZ-1",
    )
    assert truck.agent.phase is Phase.AT_GATE
    places = [each.place_id for each in sends(truck.said, PositionReport)]
    assert places[-1] == "kz_out"


def test_truck_without_authority_beyond_the_barrier_does_not_ask() -> None:
    """A gate is not blocked by a truck that could not drive on."""
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(gate_m("kz_out")))
    truck.wake(gate_m("kz_out"), milestones=MILE_REACHED)
    assert truck.agent.phase is Phase.AT_GATE
    assert not sends(truck.said, PassageRequest)
    effects = truck.hear("supervisor", an_authority_to(gate_m("kz_out") + 40.0, number=2))
    assert sends(effects, PassageRequest)


def test_challenge_is_answered_with_nonce_and_both_releases() -> None:
    truck = Truck().answered(b"m" * 16)
    request = sends(truck.said, PermitRequest, to="kz_out")[0]
    assert request.nonce == b"m" * 16
    assert list(request.releases) == both_releases()
    assert not acts(truck.wake(gate_m("kz_out")), Drive)


def test_permit_of_this_gate_for_this_truck_is_driven() -> None:
    truck = Truck().permitted()
    assert reports(truck.said, Event.PERMIT_ACCEPTED)
    assert truck.agent.phase is Phase.DRIVING
    ends = [each.end_m for each in acts(truck.said, Drive)]
    assert ends[-1] == pytest.approx(gate_m("kz_out") + 40.0, abs=0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"vehicle_id": "truck-02"}, "RELEASE_FOREIGN"),
        ({"vehicle_key_id": a_signer("truck-02").key_id}, "RELEASE_FOREIGN"),
        ({"crossing_id": "KZ-2"}, "RELEASE_FOREIGN"),
        ({"gate_id": "cn_in"}, "RELEASE_FOREIGN"),
        ({"nonce": b"o" * 16}, "NONCE_UNKNOWN"),
        *(
            ({field.name: None}, "")
            for field in Permit.DESCRIPTOR.fields
            if field.name in ("gate_id", "nonce", "vehicle_id", "vehicle_key_id", "crossing_id")
        ),
    ],
)
def test_permit_for_anybody_or_anything_else_is_refused(
    change: dict[str, Any], reason: str
) -> None:
    """I5, I21, I24: foreign, or with a field left out."""
    truck = Truck().answered()
    permit = a_permit(b"n" * 16, **{k: v for k, v in change.items() if v is not None})
    for name in (name for name, value in change.items() if value is None):
        permit.ClearField(name)  # type: ignore[arg-type]  # a name of the descriptor
    effects = truck.grant(permit)
    said = [each["reason"].name for each in reports(effects, Event.PERMIT_REFUSED_BY_GATE)]
    assert len(said) == 1
    assert reason in ("", said[0])
    assert truck.agent.phase is Phase.AT_GATE
    assert not acts(effects, Drive)


@pytest.mark.parametrize("by", ["cn_in", "supervisor", "office-kz", "truck-02"])
def test_permit_signed_by_anybody_but_the_gate_is_refused(by: str) -> None:
    truck = Truck().answered()
    effects = truck.grant(a_permit(b"n" * 16), by=by)
    said = [each["reason"].name for each in reports(effects, Event.PERMIT_REFUSED_BY_GATE)]
    assert said == ["BAD_SIGNATURE"]
    assert truck.agent.phase is Phase.AT_GATE


def test_permit_before_any_challenge_is_refused() -> None:
    """I6."""
    truck = Truck().at_gate()
    effects = truck.grant(a_permit(b"n" * 16))
    assert not acts(effects, Drive)
    assert truck.agent.phase is Phase.AT_GATE


def test_permit_of_an_earlier_attempt_is_ignored() -> None:
    truck = Truck().answered()
    assert not truck.grant(a_permit(b"n" * 16), attempt=0)
    assert truck.agent.phase is Phase.AT_GATE


def test_words_of_another_gate_change_nothing() -> None:
    truck = Truck().at_gate()
    assert not truck.hear("cn_in", Challenge(gate_id="cn_in", nonce=b"n" * 16, attempt=1))


def test_refused_truck_asks_again_later_and_not_at_once() -> None:
    truck = Truck().answered()
    refused = PermitRefused(gate_id="kz_out", reason="SEAL_MISMATCH", attempt=1)
    assert not sends(truck.hear("kz_out", refused), PassageRequest)
    assert not sends(truck.wake(gate_m("kz_out")), PassageRequest)
    again = sends(truck.wake(gate_m("kz_out"), later_ms=6_000), PassageRequest)
    assert [each.attempt for each in again] == [2]


def test_gate_that_never_answers_is_asked_again() -> None:
    truck = Truck().at_gate()
    again = sends(truck.wake(gate_m("kz_out"), later_ms=31_000), PassageRequest)
    assert [each.attempt for each in again] == [2]


def test_truck_asks_a_gate_that_restarted_anew() -> None:
    truck = Truck().answered()
    again = sends(truck.hear("kz_out", Hello(wire=1)), PassageRequest)
    assert [each.attempt for each in again] == [2]


def test_rear_that_leaves_a_zone_is_reported() -> None:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(120.0))
    report = sends(truck.wake(50.0, milestones=MILE_CLEARED, speed_mps=3.0), PositionReport)[0]
    assert report.cause == POSITION_CAUSE_ZONE_CLEARED
    assert not report.standing


def test_passed_gate_is_passed() -> None:
    truck = Truck().permitted()
    through = Passed(gate_id="kz_out", permit_id="kz_out-1-1", vehicle_id="truck-01")
    assert reports(truck.hear("kz_out", through), Event.GATE_PASSED)
    others = Passed(gate_id="kz_out", permit_id="kz_out-1-2", vehicle_id="truck-02")
    assert not truck.hear("kz_out", others)


def test_mission_ends_at_its_berth() -> None:
    truck = Truck().with_mission()
    end_m = the_route().length_m
    truck.hear("supervisor", an_authority_to(end_m - 5.5))
    effects = truck.wake(end_m - 5.5, milestones=MILE_REACHED)
    report = sends(effects, PositionReport)[0]
    assert (report.cause, report.place_id) == (POSITION_CAUSE_REACHED, GOAL)
    assert reports(effects, Event.MISSION_FINISHED)
    assert truck.agent.phase is Phase.PARKED
    assert not {"mission", "clearance"} & set(truck.disk)


# --- missions that cannot be ---


@pytest.mark.parametrize(
    "change",
    [
        {"mission_id": ""},
        {"version": 0},
        {"crossing_id": ""},
        {"direction": 0},
        {"lanes": []},
        {"lanes": ["kz_d01_a", "cn_a01_a"]},
        {"lanes": ["nowhere"]},
        {"lanes": ["kz_d01_a"] * 300},
        {"stops": []},
    ],
)
def test_mission_that_does_not_fit_the_map_is_refused(change: dict[str, Any]) -> None:
    """I21."""
    truck = Truck().at_berth()
    effects = truck.hear("supervisor", an_order(**change))
    assert [each.reason for each in sends(effects, MissionReply)] == ["MISSION_INVALID"]
    assert truck.agent.phase is Phase.PARKED
    assert "mission" not in truck.disk


def test_mission_may_not_leave_out_a_gate_nor_name_one_elsewhere() -> None:
    """I5: a lying supervisor cannot take a truck around a barrier's protocol."""
    order = an_order()
    gates = [stop for stop in order.stops if stop.place_id == "kz_out"]
    without = [stop for stop in order.stops if stop.place_id != "kz_out"]
    elsewhere = [
        *order.stops,
        MissionStop(kind="STOP_KIND_GATE", place_id="kz_in", lane="kz_d01_a"),
    ]
    unknown = [*order.stops, MissionStop(kind="STOP_KIND_GATE", place_id="x", lane="kz_d01_a")]
    assert gates
    for stops in (without, elsewhere, unknown):
        effects = Truck().at_berth().hear("supervisor", an_order(stops=stops))
        assert [each.reason for each in sends(effects, MissionReply)] == ["MISSION_INVALID"]


def test_order_of_the_stops_and_their_offsets_do_not_move_a_stop_line() -> None:
    """I5: gates stand where the map says, in the order of the route."""
    order = an_order()
    stops = list(reversed(order.stops))
    for stop in stops:
        if stop.place_id == "kz_out":
            stop.offset_mm += 10_000
    truck = Truck().with_mission(stops=stops)
    effects = truck.hear("supervisor", an_authority_to(gate_m("cn_in")))
    ends = [each.end_m for each in acts(effects, Drive)]
    assert ends == pytest.approx([gate_m("kz_out")], abs=0.01)


def test_mission_under_way_is_not_replaced_by_another_nor_by_an_older_version() -> None:
    truck = Truck().with_mission(version=2)
    for order in (an_order(mission_id="mission-2"), an_order(version=1)):
        effects = truck.hear("supervisor", order)
        assert [each.reason for each in sends(effects, MissionReply)] == ["MISSION_STALE"]


def test_mission_for_a_truck_that_stands_elsewhere_is_refused() -> None:
    truck = Truck()
    truck.wake(18.5, x_m=5_000.0, y_m=5_000.0)
    effects = truck.hear("supervisor", an_order())
    assert [each.reason for each in sends(effects, MissionReply)] == ["NOT_ON_ROUTE"]


def test_newer_version_keeps_what_was_granted_on_the_way_that_is_left() -> None:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(60.0))
    effects = truck.hear("supervisor", an_order(version=2))
    assert [each.accepted for each in sends(effects, MissionReply)] == [True]
    assert acts(effects, SetGuard)[-1].row.end_m == pytest.approx(60.0, abs=0.01)
    assert MissionOrder.FromString(truck.disk["mission"]).version == 2


def test_unknown_kind_of_stop_is_no_place_to_finish_at() -> None:
    stops = [s for s in an_order().stops if s.kind != STOP_KIND_BERTH]
    truck = Truck().with_mission(stops=stops)
    end_m = the_route().length_m
    truck.hear("supervisor", an_authority_to(end_m - 5.5))
    truck.wake(end_m - 5.5, milestones=MILE_REACHED)
    assert truck.agent.phase is Phase.WAITING
