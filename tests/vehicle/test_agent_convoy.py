"""The truck's agent in a convoy: a formation changes how it follows, and never how far it goes."""

from typing import Any

import pytest

from contract.events import Event
from contract.limits import FRICTION_WORST, SIGHT_WORST_M
from contract.v1.movement_pb2 import (
    FORMATION_ANSWER_DONE,
    FORMATION_ANSWER_READY,
    FORMATION_ANSWER_REFUSED,
    FORMATION_MANOEUVRE_JOIN,
    FORMATION_STEP_COMMIT,
    FORMATION_STEP_PREPARE,
    FormationOrder,
    FormationReply,
    StopLifted,
    StopOrder,
)
from tests.factories import acts, reports, sends
from tests.vehicle.truck import Truck, an_authority_to
from vehicle.orders import Drive
from vehicle.phases import Phase
from vehicle.pilot.columns import MILE_REACHED, MILE_TRIPPED

AHEAD, ME = "truck-02", "truck-01"
IN_LINE = {"gap_m": 5.0, "closing_mps": 0.0, "beacon_age_s": 0.05, "level": 0}


def an_order_to(step: Any, **changes: Any) -> FormationOrder:
    values: dict[str, Any] = {
        "convoy_id": "convoy-1",
        "epoch": 1,
        "step": step,
        "manoeuvre": FORMATION_MANOEUVRE_JOIN,
        "members": [AHEAD, ME],
    }
    return FormationOrder(**(values | changes))


def waiting() -> Truck:
    """Standing at the end of its authority behind truck-02."""
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(60.0))
    truck.wake(60.0, milestones=MILE_REACHED, **IN_LINE)
    assert truck.agent.phase is Phase.WAITING
    return truck


def a_member() -> Truck:
    truck = waiting()
    truck.hear("supervisor", an_order_to(FORMATION_STEP_PREPARE))
    for _ in range(5):
        truck.wake(60.0, later_ms=500.0, **IN_LINE)
    truck.hear("supervisor", an_order_to(FORMATION_STEP_COMMIT))
    return truck


def drives(truck: Truck) -> list[Drive]:
    return acts(truck.said, Drive)


def test_standing_truck_that_is_to_join_listens_to_the_one_ahead() -> None:
    truck = waiting()
    (drive,) = acts(truck.hear("supervisor", an_order_to(FORMATION_STEP_PREPARE)), Drive)
    assert (drive.predecessor, drive.member, drive.headway_s) == (AHEAD, False, 2.0)
    assert drive.end_m == pytest.approx(60.0, abs=0.01)
    assert truck.agent.phase is Phase.WAITING


def test_member_follows_at_one_second_as_far_as_its_own_authority() -> None:
    """VEH-013: formation gives no right to move."""
    truck = a_member()
    answers = [each.answer for each in sends(truck.said, FormationReply)]
    assert answers == [FORMATION_ANSWER_READY, FORMATION_ANSWER_DONE]
    drive = drives(truck)[-1]
    assert (drive.predecessor, drive.member, drive.headway_s) == (AHEAD, True, 1.0)
    assert drive.end_m == pytest.approx(60.0, abs=0.01)
    truck.hear("supervisor", an_authority_to(100.0, number=2))
    assert (drives(truck)[-1].headway_s, round(drives(truck)[-1].end_m)) == (1.0, 100)


def test_truck_is_woken_to_look_at_its_gap() -> None:
    truck = waiting()
    truck.hear("supervisor", an_order_to(FORMATION_STEP_PREPARE))
    due_ns = truck.agent.wake_ns
    assert due_ns is not None
    assert due_ns - truck.now.mono_ns <= 500_000_000


@pytest.mark.parametrize("how", ["order", "guard"])
def test_stopped_member_leaves_its_formation_and_says_why(how: str) -> None:
    """VEH-015."""
    truck = a_member()
    if how == "order":
        effects = truck.hear("supervisor", StopOrder(stop_id="stop-1", issuer="control-room"))
    else:
        effects = truck.wake(60.0, milestones=MILE_TRIPPED)
    (reply,) = sends(effects, FormationReply)
    assert reply.answer == FORMATION_ANSWER_REFUSED
    assert reply.reason == ("STOPPED_BY_ORDER" if how == "order" else "GUARD_TRIPPED")
    assert not acts(effects, Drive)


def test_truck_goes_on_alone_after_a_stop() -> None:
    truck = a_member()
    truck.hear("supervisor", StopOrder(stop_id="stop-1", issuer="control-room"))
    truck.wake(60.0, later_ms=1_000.0, **IN_LINE)
    truck.hear("supervisor", StopLifted(stop_id="stop-1", issuer="control-room"))
    truck.hear("supervisor", an_authority_to(100.0, number=2))
    drive = drives(truck)[-1]
    assert (drive.predecessor, drive.member, drive.headway_s) == ("", False, 2.0)


@pytest.mark.parametrize("stopped", [False, True])
def test_truck_without_mission_or_under_a_stop_joins_nobody(stopped: bool) -> None:
    truck = waiting() if stopped else Truck().at_berth()
    if stopped:
        truck.hear("supervisor", StopOrder(stop_id="stop-1", issuer="control-room"))
    effects = truck.hear("supervisor", an_order_to(FORMATION_STEP_PREPARE))
    (reply,) = sends(effects, FormationReply)
    assert reply.reason == ("STOPPED_BY_ORDER" if stopped else "NO_MISSION")
    assert reports(effects, Event.FORMATION_REFUSED)


def test_restarted_truck_drives_alone_and_refuses_the_rest_of_a_change() -> None:
    """VEH-015: nothing of a formation survives a restart."""
    truck = a_member()
    truck.start()
    truck.wake(60.0)
    (reply,) = sends(truck.hear("supervisor", an_order_to(FORMATION_STEP_COMMIT)), FormationReply)
    assert reply.reason == "FORMATION_STALE"
    truck.hear("supervisor", an_authority_to(100.0, number=2))
    assert (drives(truck)[-1].member, drives(truck)[-1].headway_s) == (False, 2.0)


# --- weather ---


def test_weather_of_the_authority_is_driven_by() -> None:
    truck = Truck().with_mission()
    authority = an_authority_to(60.0, friction_permille=350, sight_mm=120_000)
    (drive,) = acts(truck.hear("supervisor", authority), Drive)
    assert (drive.mu, drive.sight_m) == (0.35, 120.0)


def test_weather_that_is_not_told_is_the_worst() -> None:
    """I21: absent is never the more permissive."""
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(60.0, friction_permille=700, sight_mm=500_000))
    (drive,) = acts(truck.hear("supervisor", an_authority_to(90.0, number=2)), Drive)
    assert (drive.mu, drive.sight_m) == (FRICTION_WORST, SIGHT_WORST_M)
