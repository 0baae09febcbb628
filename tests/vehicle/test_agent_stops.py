"""Stops and restarts: a stop dominates, a restart has no authority, and only the issuer lifts."""

import pytest

from contract.events import Event
from contract.v1.envelope_pb2 import Hello
from contract.v1.gate_pb2 import PassageRequest
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_STOPPED,
    PositionReport,
    StopLifted,
    StopOrder,
    VehicleHeartbeat,
)
from tests.factories import acts, reports, sends
from tests.vehicle.truck import (
    GOAL,
    Truck,
    a_permit,
    an_authority_to,
    an_order,
    gate_m,
    the_route,
)
from vehicle.orders import ClearTrip, Drive, Rest, SetGuard
from vehicle.phases import Phase
from vehicle.pilot.columns import (
    CAUSE_OVERRUN,
    MILE_LOST_PATH,
    MILE_REACHED,
    MILE_TRIPPED,
)

STOP = StopOrder(stop_id="stop-1", reason="fire", issuer="control-room")
LIFT = StopLifted(stop_id="stop-1", issuer="control-room")


def a_driving_truck() -> Truck:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(60.0))
    assert truck.agent.phase is Phase.DRIVING
    return truck


# --- restart ---


def test_restarted_truck_has_its_mission_and_no_authority() -> None:
    """I2, VEH-010: after a restart there is no authority."""
    truck = a_driving_truck()
    effects = truck.start()
    assert acts(effects, Rest)
    assert [each.row for each in acts(effects, SetGuard)] == [None]
    assert truck.agent.phase is Phase.WAITING
    woken = truck.wake(30.0)
    assert not acts(woken, Drive)
    report = sends(woken, PositionReport)[0]
    assert (report.mission_id, report.authority_number) == ("mission-1", 0)
    assert report.reason == "RESTARTED"


def test_restarted_truck_drives_on_with_a_fresh_authority() -> None:
    truck = a_driving_truck()
    truck.start()
    truck.wake(30.0)
    effects = truck.hear("supervisor", an_authority_to(60.0, number=2))
    assert [each.end_m for each in acts(effects, Drive)] == pytest.approx([60.0], abs=0.01)


def test_restarted_truck_keeps_its_releases() -> None:
    truck = a_driving_truck()
    truck.start()
    truck.wake(30.0)
    effects = truck.hear("supervisor", an_authority_to(gate_m("cn_in"), number=2))
    end_m = acts(effects, SetGuard)[-1].row.end_m
    assert end_m == pytest.approx(gate_m("cn_in"), abs=0.01)


def test_restart_in_the_cell_with_a_permit_asks_for_another() -> None:
    """I6: a permit does not outlive the session that asked for it."""
    truck = Truck().permitted()
    truck.start()
    truck.wake(gate_m("kz_out"))
    effects = truck.hear("supervisor", an_authority_to(gate_m("kz_out") + 40.0, number=2))
    assert sends(effects, PassageRequest)
    assert not acts(effects, Drive)


def test_mission_that_the_map_no_longer_has_is_not_taken_up_again() -> None:
    truck = a_driving_truck()
    truck.disk["mission"] = an_order(lanes=["nowhere"]).SerializeToString()
    truck.start()
    assert truck.agent.phase is Phase.PARKED


# --- stops ---


@pytest.mark.parametrize("emergency", [False, True])
def test_stop_is_obeyed_at_once_and_reported(emergency: bool) -> None:
    """I26."""
    truck = a_driving_truck()
    order = StopOrder(stop_id="stop-1", issuer="control-room", emergency=emergency)
    effects = truck.hear("supervisor", order)
    assert [each.emergency for each in acts(effects, Rest)] == [emergency]
    report = sends(effects, PositionReport)[0]
    assert (report.cause, report.reason) == (POSITION_CAUSE_STOPPED, "STOPPED_BY_ORDER")
    assert truck.agent.phase is Phase.STOPPED


def test_stop_dominates_authority_mission_and_permit() -> None:
    """I26."""
    truck = Truck().answered()
    truck.hear("supervisor", STOP)
    effects = truck.hear("supervisor", an_authority_to(gate_m("kz_out") + 60.0, number=2))
    effects += truck.hear("supervisor", an_order(version=2))
    effects += truck.grant(a_permit(b"n" * 16))
    effects += truck.wake(gate_m("kz_out"), milestones=MILE_REACHED)
    assert not acts(effects, Drive)
    assert truck.agent.phase is Phase.STOPPED


def test_stop_without_a_name_is_obeyed_too() -> None:
    """I21: what is missing never makes a stop weaker."""
    truck = a_driving_truck()
    truck.hear("supervisor", StopOrder(emergency=True))
    assert truck.agent.phase is Phase.STOPPED


def test_stop_survives_a_restart() -> None:
    """I26: nobody drives out of a stop by crashing."""
    truck = a_driving_truck()
    truck.hear("supervisor", STOP)
    truck.start()
    truck.wake(30.0)
    effects = truck.hear("supervisor", an_authority_to(60.0, number=2))
    assert not acts(effects, Drive)
    assert truck.agent.phase is Phase.STOPPED
    truck.hear("supervisor", LIFT)
    assert truck.agent.phase is Phase.DRIVING
    truck.start()
    assert truck.agent.phase is Phase.WAITING


def test_lifted_stop_lets_the_truck_drive_what_it_still_may() -> None:
    truck = a_driving_truck()
    truck.hear("supervisor", STOP)
    effects = truck.hear("supervisor", LIFT)
    assert acts(effects, ClearTrip)
    assert [each.end_m for each in acts(effects, Drive)] == pytest.approx([60.0], abs=0.01)


@pytest.mark.parametrize(
    ("sender", "lift"),
    [
        ("supervisor", StopLifted(stop_id="stop-1", issuer="second-room")),
        ("supervisor", StopLifted(stop_id="stop-1")),
        ("supervisor", StopLifted(stop_id="stop-2", issuer="control-room")),
        ("supervisor", StopLifted(issuer="control-room")),
        ("kz_out", LIFT),
        ("office-kz", LIFT),
        ("control-room", LIFT),
    ],
)
def test_only_the_issuer_by_the_same_hand_lifts_a_stop(sender: str, lift: StopLifted) -> None:
    """I26: whoever else says it, in whosever name."""
    truck = a_driving_truck()
    truck.hear("supervisor", STOP)
    assert not truck.hear(sender, lift)
    assert truck.agent.phase is Phase.STOPPED


def test_another_party_cannot_take_over_a_stop_by_repeating_its_name() -> None:
    truck = a_driving_truck()
    truck.hear("supervisor", STOP)
    truck.hear("kz_out", StopOrder(stop_id="stop-1", issuer="kz_out"))
    truck.hear("kz_out", StopLifted(stop_id="stop-1", issuer="kz_out"))
    assert truck.agent.phase is Phase.STOPPED


def test_two_stops_need_two_ends() -> None:
    truck = a_driving_truck()
    truck.hear("supervisor", STOP)
    truck.hear("office-kz", StopOrder(stop_id="stop-9", issuer="office-kz"))
    assert not acts(truck.hear("supervisor", LIFT), Drive)
    assert truck.agent.phase is Phase.STOPPED
    truck.hear("office-kz", StopLifted(stop_id="stop-9", issuer="office-kz"))
    assert truck.agent.phase is Phase.DRIVING


def test_parked_truck_stops_and_is_parked_again() -> None:
    truck = Truck().at_berth()
    truck.hear("supervisor", STOP)
    assert truck.agent.phase is Phase.STOPPED
    truck.hear("supervisor", LIFT)
    assert truck.agent.phase is Phase.PARKED


def test_truck_that_came_to_rest_at_its_berth_under_a_stop_finishes_when_it_is_lifted() -> None:
    """L1: nobody is left with a mission that is over."""
    truck = Truck().with_mission()
    end_m = the_route().length_m - 5.5
    truck.hear("supervisor", an_authority_to(end_m))
    truck.wake(end_m - 0.3, speed_mps=1.0)
    truck.hear("supervisor", STOP)
    truck.wake(end_m, milestones=MILE_REACHED)
    assert truck.agent.phase is Phase.STOPPED
    effects = truck.hear("supervisor", LIFT)
    assert reports(effects, Event.MISSION_FINISHED)
    assert [each.place_id for each in sends(effects, PositionReport)] == [GOAL]
    assert truck.agent.phase is Phase.PARKED


def test_permit_of_a_gate_that_restarted_meanwhile_is_not_used_after_a_stop() -> None:
    """I5, I6: the gate has made it void."""
    truck = Truck().permitted()
    truck.hear("supervisor", STOP)
    truck.hear("kz_out", Hello(wire=1))
    effects = truck.hear("supervisor", LIFT)
    assert not acts(effects, Drive)
    assert [each.attempt for each in sends(effects, PassageRequest)] == [2]


# --- the truck's own stops ---


@pytest.mark.parametrize(
    ("milestone", "stop", "reason"),
    [
        (MILE_TRIPPED, "guard/truck-01", "GUARD_TRIPPED"),
        (MILE_LOST_PATH, "path/truck-01", "NOT_ON_ROUTE"),
    ],
)
def test_truck_that_stopped_itself_is_released_through_the_supervisor_alone(
    milestone: int, stop: str, reason: str
) -> None:
    """VEH-012: a minimal-risk manoeuvre ends at standstill and is released by order."""
    truck = a_driving_truck()
    effects = truck.wake(61.0, milestones=milestone, trip_cause=CAUSE_OVERRUN, speed_mps=1.0)
    assert [each.emergency for each in acts(effects, Rest)] == [True]
    assert [each.reason for each in sends(effects, PositionReport)] == [reason]
    truck.start()
    truck.wake(61.0)
    assert truck.agent.phase is Phase.STOPPED
    truck.hear("office-kz", StopLifted(stop_id=stop, issuer="supervisor"))
    assert truck.agent.phase is Phase.STOPPED
    truck.hear("supervisor", StopLifted(stop_id=stop, issuer="supervisor"))
    assert truck.agent.phase is Phase.WAITING


def test_trip_says_its_cause_speed_and_how_far_beyond() -> None:
    truck = a_driving_truck()
    effects = truck.wake(61.0, milestones=MILE_TRIPPED, trip_cause=CAUSE_OVERRUN, speed_mps=1.5)
    fields = reports(effects, Event.GUARD_TRIPPED)[0]
    assert fields["cause"] == "ran past the end of authority"
    assert fields["speed_mmps"] == 1_500
    assert fields["beyond_mm"] == pytest.approx(1_000, abs=10)


# --- being heard ---


def test_heartbeat_comes_in_time_in_every_phase() -> None:
    truck = Truck().at_berth()
    due_ns = truck.agent.wake_ns
    assert due_ns is not None
    later_ms = (due_ns - truck.now.mono_ns) / 1e6
    assert len(sends(truck.wake(18.5, later_ms=later_ms), VehicleHeartbeat)) == 1


def test_new_phase_is_told_at_once() -> None:
    truck = Truck().with_mission()
    assert sends(truck.hear("supervisor", an_authority_to(60.0)), VehicleHeartbeat)


def test_truck_whose_trailer_parted_stops_itself() -> None:
    """V3, design section 7: position and coupling must agree before anything is free again."""
    truck = a_driving_truck()
    effects = truck.wake(40.0, trailer_coupled=False, speed_mps=3.0)
    assert acts(effects, Rest)
    assert truck.agent.phase is Phase.STOPPED
