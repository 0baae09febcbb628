"""VEH-018: an office takes its release back while the truck is on its way."""

from typing import Any

import pytest

from contract.agent import Effect, Persist
from contract.events import Event
from contract.v1.document_pb2 import Document
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_STOPPED,
    ClearanceNotice,
    PositionReport,
    RevocationNotice,
    StopLifted,
)
from tests.factories import acts, both_releases, reports, sends
from tests.vehicle.test_guard_revocation import a_revocation
from tests.vehicle.truck import Truck, an_authority_to, gate_m
from vehicle.orders import Drive, Rest, SetGuard
from vehicle.phases import Phase
from vehicle.pilot.columns import MILE_REACHED

LINE_M = gate_m("kz_out")
BARRIER_M = gate_m("kz_out", barrier=True)
NEXT_LINE_M = gate_m("cn_in")  # on this short map the first place behind the line
HELD = "revoked/truck-01"


def under_way(front_m: float, speed_mps: float = 0.0) -> Truck:
    """Driving with a permit and authority to beyond the entry gate."""
    truck = Truck().permitted()
    truck.hear("supervisor", an_authority_to(NEXT_LINE_M + 40.0, number=2))
    truck.wake(front_m, speed_mps=speed_mps)
    truck.said.clear()
    return truck


def revoke(truck: Truck, document: Document | None = None) -> list[Effect]:
    return truck.hear("supervisor", RevocationNotice(revocation=document or a_revocation()))


def row_m(effects: list[Effect]) -> float:
    end_m: float = acts(effects, SetGuard)[-1].row.end_m
    return end_m


def why(truck: Truck) -> list[str]:
    told = sends(truck.said, PositionReport, to="supervisor")
    return [each.reason for each in told if each.cause == POSITION_CAUSE_STOPPED]


def test_truck_that_can_still_stop_drives_to_the_exit_gates_line_and_is_held_there() -> None:
    truck = under_way(LINE_M - 60.0, 5.0)
    revoke(truck)
    assert truck.agent.wake_ns == truck.now.mono_ns
    effects = truck.wake(LINE_M - 60.0, speed_mps=5.0)
    assert row_m(effects) < BARRIER_M
    assert acts(effects, Drive)[-1].end_m == pytest.approx(LINE_M)
    assert truck.agent.phase is Phase.DRIVING
    truck.wake(LINE_M - 0.1, milestones=MILE_REACHED)
    assert truck.agent.phase is Phase.STOPPED
    assert why(truck) == ["RELEASE_REVOKED"]
    (said,) = reports(truck.said, Event.REVOCATION_TAKEN)
    assert (said["office"], said["release"]) == ("KZ", "KZ-1")


def test_truck_that_has_just_set_off_stops_under_nobodys_arm() -> None:
    """Between its line and the barrier: it brakes at once."""
    truck = under_way(LINE_M + 0.1, 0.06)
    revoke(truck)
    effects = truck.wake(LINE_M + 0.1, speed_mps=0.06)
    assert LINE_M < row_m(effects) < BARRIER_M
    assert acts(effects, Rest) == [Rest(emergency=True)]
    assert truck.agent.phase is Phase.STOPPED
    assert why(truck) == ["RELEASE_REVOKED"]


@pytest.mark.parametrize(
    ("front_m", "speed_mps"),
    [(LINE_M + 2.0, 2.5), (BARRIER_M + 1.0, 2.0), (250.0, 4.0), (250.0, 0.0), (300.0, 3.0)],
)
def test_truck_past_the_line_goes_on_to_the_next_safe_place_and_is_held_there(
    front_m: float, speed_mps: float
) -> None:
    """Never in the boundary section, 230 to 290 m; with its rear out of it too."""
    truck = under_way(front_m, speed_mps)
    revoke(truck)
    effects = truck.wake(front_m, speed_mps=speed_mps)
    assert row_m(effects) == pytest.approx(NEXT_LINE_M, abs=0.01)
    assert truck.agent.phase is Phase.DRIVING
    assert not acts(effects, Rest)


def test_truck_past_the_line_is_held_where_it_then_stands() -> None:
    truck = Truck().permitted()
    truck.hear("supervisor", an_authority_to(NEXT_LINE_M + 60.0, number=2))
    truck.wake(250.0, speed_mps=4.0)
    revoke(truck)
    truck.wake(250.0, speed_mps=4.0)
    truck.wake(NEXT_LINE_M - 0.1, milestones=MILE_REACHED)
    assert truck.agent.phase is Phase.STOPPED
    assert why(truck) == ["RELEASE_REVOKED"]


def test_operator_alone_does_not_get_it_going_new_releases_do() -> None:
    truck = under_way(LINE_M + 0.3, 0.0)
    revoke(truck)
    truck.wake(LINE_M + 0.3)
    truck.hear("supervisor", StopLifted(stop_id=HELD, issuer="supervisor"))
    effects = truck.wake(LINE_M + 0.3)
    assert not acts(effects, Drive)
    assert truck.agent.phase is Phase.STOPPED
    old = ClearanceNotice(crossing_id="KZ-1", releases=both_releases())
    assert not acts(truck.hear("supervisor", old), Drive)
    assert truck.agent.phase is Phase.STOPPED
    anew = ClearanceNotice(crossing_id="KZ-1", releases=both_releases(release_id="anew"))
    truck.hear("supervisor", anew)
    assert truck.agent.phase is not Phase.STOPPED
    effects = truck.wake(LINE_M + 0.3)
    assert truck.agent.phase in (Phase.DRIVING, Phase.AT_GATE)


@pytest.mark.parametrize("front_m", [LINE_M, 250.0])
def test_revocation_outlives_a_restart(front_m: float) -> None:
    truck = under_way(front_m, 0.0)
    effects = revoke(truck)
    assert [each.key for each in effects if isinstance(each, Persist)] == ["revoked/KZ/KZ-1"]
    truck.start()
    truck.wake(front_m)
    truck.hear("supervisor", an_authority_to(NEXT_LINE_M, number=9))
    effects = truck.wake(front_m)
    assert not acts(truck.said[-20:], Drive)
    assert truck.agent.phase is Phase.STOPPED
    assert why(truck)[-1] == "RELEASE_REVOKED"
    assert row_m(truck.said) < BARRIER_M


def test_revocation_before_the_mission_is_waited_for() -> None:
    """The streams of a mission and of a revocation are not in step."""
    truck = Truck().at_berth()
    revoke(truck)
    truck = Truck(disk=truck.disk).with_mission()
    truck.hear("supervisor", an_authority_to(NEXT_LINE_M))
    truck.wake(30.0)
    assert row_m(truck.said) < BARRIER_M


@pytest.mark.parametrize(
    ("document", "events"),
    [
        (a_revocation("KZ", by="release/CN"), 1),
        (a_revocation("CN", by="release/KZ"), 1),
        (a_revocation("KZ", by="supervisor"), 1),
        (Document(), 1),
        (both_releases()[0], 1),
    ],
    ids=["wrong key", "wrong office", "supervisor", "nothing", "a release"],
)
def test_forged_revocation_is_said_and_changes_nothing(document: Document, events: int) -> None:
    truck = under_way(250.0, 4.0)
    before = dict(truck.disk)
    effects = truck.hear("supervisor", RevocationNotice(revocation=document))
    assert len(reports(effects, Event.MESSAGE_REFUSED)) == events
    effects = truck.wake(250.0, speed_mps=4.0)
    assert not acts(effects, SetGuard)
    assert not acts(effects, Drive)
    assert truck.disk == before


@pytest.mark.parametrize("release_id", ["KZ-0", "CN-1"])
def test_revocation_of_another_release_is_kept_and_changes_nothing_now(release_id: str) -> None:
    truck = under_way(250.0, 4.0)
    revoke(truck, a_revocation("KZ", release_id))
    effects = truck.wake(250.0, speed_mps=4.0)
    assert not acts(effects, SetGuard)
    assert truck.agent.phase is Phase.DRIVING


def test_revocation_heard_twice_is_one() -> None:
    truck = under_way(250.0, 4.0)
    revoke(truck)
    truck.wake(250.0, speed_mps=4.0)
    truck.wake(NEXT_LINE_M - 30.0, speed_mps=4.0)
    again: list[Any] = list(revoke(truck))
    again += truck.wake(NEXT_LINE_M - 30.0, speed_mps=4.0)
    assert not acts(again)
    assert not [each for each in again if isinstance(each, Persist)]
