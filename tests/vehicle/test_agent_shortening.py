"""Authorities that end nearer than the one in force: taken where the truck still stops so."""

import pytest

from contract.agent import Effect
from contract.v1.movement_pb2 import (
    SHORTENING_COOPERATIVE,
    SHORTENING_EMERGENCY,
    AuthorityReply,
    Shortening,
)
from tests.factories import acts, sends
from tests.vehicle.truck import Truck, an_authority_to
from vehicle.orders import Drive, SetGuard

END_M, NEARER_M = 160.0, 90.0


def driving(front_m: float, speed_mps: float) -> Truck:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(END_M, friction_permille=700))
    truck.wake(front_m, speed_mps=speed_mps)
    truck.said.clear()
    return truck


def shortened(truck: Truck, how: Shortening) -> tuple[list[Effect], AuthorityReply]:
    shorter = an_authority_to(NEARER_M, number=2, shortening=how, friction_permille=700)
    effects = truck.hear("supervisor", shorter)
    (reply,) = sends(effects, AuthorityReply, to="supervisor")
    return effects, reply


def test_truck_that_stops_gently_takes_the_nearer_end_and_drives_no_farther() -> None:
    truck = driving(30.0, 5.0)
    effects, reply = shortened(truck, SHORTENING_COOPERATIVE)
    assert (reply.number, reply.accepted) == (2, True)
    assert acts(effects, SetGuard)[-1].row.end_m == pytest.approx(NEARER_M, abs=0.01)
    assert acts(effects, Drive)[-1].end_m == pytest.approx(NEARER_M, abs=0.01)


def test_truck_that_does_not_stop_gently_takes_the_nearer_end_in_an_emergency_alone() -> None:
    """Between the two ways of stopping, one answer is no and the other yes."""
    for how, accepted in ((SHORTENING_COOPERATIVE, False), (SHORTENING_EMERGENCY, True)):
        truck = driving(60.0, 5.0)
        effects, reply = shortened(truck, how)
        assert reply.accepted is accepted
        assert (reply.reason == "CANNOT_SHORTEN") is not accepted
        ends = [each.end_m for each in acts(effects, Drive)]
        assert ends == (pytest.approx([NEARER_M], abs=0.01) if accepted else [])


@pytest.mark.parametrize("how", [SHORTENING_COOPERATIVE, SHORTENING_EMERGENCY])
def test_truck_that_is_past_the_nearer_end_keeps_its_own(how: Shortening) -> None:
    truck = driving(NEARER_M + 1.0, 0.0)
    effects, reply = shortened(truck, how)
    assert not reply.accepted
    assert not acts(effects, Drive)


def test_road_that_was_shortened_grows_again() -> None:
    truck = driving(30.0, 5.0)
    shortened(truck, SHORTENING_COOPERATIVE)
    effects = truck.hear("supervisor", an_authority_to(END_M, number=3, friction_permille=700))
    assert acts(effects, Drive)[-1].end_m == pytest.approx(END_M, abs=0.01)
