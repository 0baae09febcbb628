"""A truck asks the gate ahead on its way to the line: when, how often, and what a no leads to."""

from typing import Any

import pytest

from contract.limits import PASSAGE_SILENCE_MS
from contract.reasons import Reason
from contract.v1.envelope_pb2 import Hello
from contract.v1.gate_pb2 import Challenge, PassageRequest, PermitRefused, PermitRequest
from tests.factories import acts, sends
from tests.vehicle.truck import Truck, a_permit, an_authority_to, gate_m
from vehicle.orders import Drive
from vehicle.phases import Phase
from vehicle.pilot.columns import MILE_REACHED
from vehicle.road import ASKING_S

NONCE = b"n" * 16
LINE_M = gate_m("kz_out")


def coming(
    at_m: float = LINE_M - 12.0, speed_mps: float = 3.0, ahead_m: float = 40.0, **reading: Any
) -> Truck:
    """Truck-01 drives towards kz_out with authority to so far beyond its line."""
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(LINE_M + ahead_m))
    truck.wake(at_m, speed_mps=speed_mps, **reading)
    return truck


def asked(truck: Truck) -> list[bool]:
    """Every request for a permit: whether it was made on the way."""
    return [each.approaching for each in sends(truck.said, PassageRequest, to="kz_out")]


def refused(truck: Truck, attempt: int = 1) -> None:
    truck.hear(
        "kz_out",
        PermitRefused(gate_id="kz_out", reason=Reason.GATE_BUSY.name, detail="", attempt=attempt),
    )


def permitted(truck: Truck) -> None:
    truck.hear("kz_out", Challenge(gate_id="kz_out", nonce=NONCE, attempt=1))
    truck.grant(a_permit(NONCE))


@pytest.mark.parametrize(
    ("before_m", "speed_mps", "asks"),
    [
        (12.0, 3.0, True),
        (60.0, 3.0, False),
        (34.0, 6.9, True),
        (60.0, 6.9, False),
        (0.5, 0.4, False),
        (30.0, 0.0, False),
    ],
)
def test_gate_is_asked_a_braking_distance_and_the_time_of_asking_ahead(
    before_m: float, speed_mps: float, asks: bool
) -> None:
    """VEH-V1: not from afar, not standing, and at the line in the other way."""
    truck = coming(LINE_M - before_m, speed_mps)
    assert asked(truck) == ([True] if asks else [])


def test_place_of_asking_leaves_the_time_that_asking_takes() -> None:
    """VEH-V1: whatever the speed, the line is farther than that time and no nearer by a second."""
    for speed_mps in (1.0, 3.0, 6.9):
        near = coming(LINE_M - speed_mps * ASKING_S, speed_mps)
        assert asked(near) == [True]


def test_truck_without_road_beyond_the_barrier_asks_nobody() -> None:
    """VEH-V1: an arm is not raised for one that may not go."""
    assert asked(coming(ahead_m=0.0)) == []


def test_gate_is_asked_once_on_the_way_and_not_again_at_the_line() -> None:
    """VEH-V1."""
    truck = coming()
    truck.wake(LINE_M - 10.0, speed_mps=3.0)
    truck.hear("kz_out", Challenge(gate_id="kz_out", nonce=NONCE, attempt=1))
    assert sends(truck.said, PermitRequest, to="kz_out")
    truck.wake(LINE_M, milestones=MILE_REACHED)
    assert asked(truck) == [True]
    assert truck.agent.phase is Phase.AT_GATE
    truck.grant(a_permit(NONCE))
    assert truck.agent.phase is Phase.DRIVING


def test_truck_with_its_permit_drives_through_without_a_stop() -> None:
    """VEH-V1, VEH-008: and stops at the line without it."""
    truck = coming()
    assert acts(truck.said, Drive)[-1].end_m == pytest.approx(LINE_M)
    permitted(truck)
    assert truck.agent.phase is Phase.DRIVING
    assert acts(truck.said, Drive)[-1].end_m == pytest.approx(LINE_M + 40.0, abs=0.01)


def test_permit_that_comes_as_the_truck_comes_to_rest_is_used() -> None:
    """VEH-V1: its body says that it stands when the permit is there already."""
    truck = coming()
    permitted(truck)
    truck.wake(LINE_M, milestones=MILE_REACHED)
    assert truck.agent.phase is Phase.DRIVING
    assert asked(truck) == [True]


def test_no_on_the_way_keeps_nobody_from_asking_at_the_line() -> None:
    """VEH-V1: at once there, and not again before."""
    truck = coming()
    refused(truck)
    truck.wake(LINE_M - 8.0, speed_mps=2.0)
    assert asked(truck) == [True]
    truck.wake(LINE_M, milestones=MILE_REACHED)
    assert asked(truck) == [True, False]
    refused(truck, attempt=2)
    truck.wake(LINE_M)
    assert asked(truck) == [True, False]  # a no at the line counts for its time


def test_gate_that_restarts_on_the_way_is_asked_anew() -> None:
    """VEH-V1: it knows of no challenge."""
    truck = coming()
    truck.hear("kz_out", Hello(wire=1))
    truck.wake(LINE_M - 8.0, speed_mps=2.0)
    assert asked(truck) == [True, True]


def test_permit_in_hand_outlives_a_restart_of_the_gate_on_the_way() -> None:
    """VEH-V1: as one that is let go at the line."""
    truck = coming()
    permitted(truck)
    truck.hear("kz_out", Hello(wire=1))
    truck.wake(LINE_M - 4.0, speed_mps=2.0)
    assert asked(truck) == [True]
    assert truck.agent.phase is Phase.DRIVING


def test_silent_gate_is_asked_again_some_time_after_the_truck_has_come_to_rest() -> None:
    """VEH-V1: what is read at the line takes its time, and it begins there."""
    truck = coming()
    truck.hear("kz_out", Challenge(gate_id="kz_out", nonce=NONCE, attempt=1))
    truck.wake(LINE_M, later_ms=20_000.0, milestones=MILE_REACHED)
    truck.wake(LINE_M, later_ms=PASSAGE_SILENCE_MS - 1_000.0)
    assert asked(truck) == [True]
    truck.wake(LINE_M, later_ms=1_100.0)
    assert asked(truck) == [True, False]


def test_truck_whose_seal_was_opened_asks_nobody_on_the_way_either() -> None:
    """VEH-020."""
    assert asked(coming(seal_broken=True)) == []


def test_restarted_truck_has_asked_nobody() -> None:
    """VEH-V1: nothing of the passage is in its journal."""
    truck = coming()
    truck.hear("kz_out", Challenge(gate_id="kz_out", nonce=NONCE, attempt=1))
    truck.start()
    truck.wake(LINE_M, milestones=MILE_REACHED)
    truck.grant(a_permit(NONCE))
    assert truck.agent.phase is not Phase.DRIVING
