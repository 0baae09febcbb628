"""VEH-016: the truck asks for itself whether it gets up a grade, before it takes an authority."""

import pytest

from contract.events import Event
from contract.map import compile_map
from contract.traction import TRACTION
from contract.v1.movement_pb2 import AuthorityReply
from tests.contract.map_edits import a_map, put
from tests.factories import acts, reports, sends, the_map
from tests.vehicle.truck import Truck, an_authority_to, gate_m, the_route
from vehicle.orders import Drive

SNOW, GRIT = 200, 700  # 0.2: starts on 4.2 %, rolls up 5.0 %
HILL = "kz_e_pass_a"


def a_truck(grade: float = 0.045, lane: str = HILL) -> Truck:
    corridor = compile_map(a_map(put(lane, "grade", grade)))
    return Truck(corridor=corridor, traction=TRACTION["truck40"]).with_mission()


def hill_m(share: float = 0.5) -> float:
    """A place on the hill: 0.0 its foot, 1.0 its top."""
    return the_route().at(HILL, share * the_map().lanes[HILL].length_m)


def answer(truck: Truck, end_m: float, permille: int = SNOW, number: int = 1) -> AuthorityReply:
    effects = truck.hear("supervisor", an_authority_to(end_m, number, friction_permille=permille))
    (reply,) = sends(effects, AuthorityReply, to="supervisor")
    return reply


@pytest.mark.parametrize(
    ("grade", "end_m", "reason"),
    [
        (0.045, hill_m(0.5), "CANNOT_START_HERE"),
        (0.045, hill_m(1.0) + 16.0, "CANNOT_START_HERE"),  # its trailer would still be on it
        (0.045, hill_m(1.0) + 17.0, ""),
        (0.045, hill_m(0.0) - 0.1, ""),
        (0.040, hill_m(0.5), ""),
        (0.055, hill_m(1.0) + 30.0, "GRADE_TOO_STEEP"),
        (-0.060, hill_m(0.5), ""),
    ],
)
def test_authority_is_taken_only_if_its_end_is_reached_and_left_again(
    grade: float, end_m: float, reason: str
) -> None:
    truck = a_truck(grade)
    reply = answer(truck, end_m)
    assert (reply.accepted, reply.reason) == (not reason, reason)
    assert bool(acts(truck.said, Drive)) is (not reason)
    assert [each["reason"].name for each in reports(truck.said, Event.AUTHORITY_REFUSED)] == [
        reason
    ] * bool(reason)


def test_same_hill_is_driven_on_the_friction_that_carries_it() -> None:
    assert not answer(a_truck(), hill_m(), SNOW).accepted
    assert answer(a_truck(), hill_m(), GRIT).accepted
    assert not answer(a_truck(), hill_m(), 0).accepted, "nothing said of it: the worst"


def test_stop_line_on_the_way_must_be_left_again_too() -> None:
    reply = answer(a_truck(0.045, "kz_out_cell_a"), gate_m("kz_out") + 100.0)
    assert reply.reason == "CANNOT_START_HERE"


@pytest.mark.parametrize(("speed_mps", "reason"), [(0.0, "CANNOT_START_HERE"), (3.0, "")])
def test_truck_that_stands_on_a_hill_does_not_try_and_one_that_rolls_goes_on(
    speed_mps: float, reason: str
) -> None:
    truck = a_truck()
    assert answer(truck, hill_m(1.0) + 20.0).accepted
    truck.wake(hill_m(0.5), speed_mps=speed_mps)
    assert answer(truck, hill_m(1.0) + 40.0, number=2).reason == reason


def test_refused_authority_leaves_the_one_in_force_and_its_number() -> None:
    truck = a_truck()
    assert answer(truck, hill_m(0.0) - 20.0).accepted
    assert not answer(truck, hill_m(), number=2).accepted
    assert answer(truck, hill_m(0.0) - 10.0, number=3).accepted
