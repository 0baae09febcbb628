"""The barrier interlock: when the arm may rise, when it may fall. (vital)"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.reasons import Reason
from gate.interlock import Consumed, Hold, Move, judge_closing, judge_opening
from gate.orders import Barrier, GateReading

PERMIT = Consumed("permit-1", "truck-01")


def a_reading(**changes: Any) -> GateReading:
    """Truck-01 alone in the cell, arm down, nothing below it."""
    values: dict[str, Any] = {
        "barrier": Barrier.CLOSED,
        "loop_occupied": False,
        "plate": "truck-01",
        "seals": ("S-1",),
        "cell_vehicles": 1,
    }
    return GateReading(**(values | changes))


def why(answer: Move | Hold) -> Reason | None:
    return answer.reason if isinstance(answer, Hold) else None


def test_arm_rises_for_the_one_vehicle_that_the_consumed_permit_names() -> None:
    """GATE-003, I5."""
    assert judge_opening(a_reading(), PERMIT) is Move.OPEN


@pytest.mark.parametrize("permit", [None, Consumed("", "truck-01"), Consumed("permit-1", "")])
def test_arm_stays_down_without_a_consumed_permit(permit: Consumed | None) -> None:
    """GATE-003, I5."""
    assert why(judge_opening(a_reading(), permit)) is Reason.PERMIT_PENDING


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"barrier": Barrier.FAULT}, Reason.BARRIER_FAULT),
        ({"cell_vehicles": None}, Reason.PRESENCE_UNKNOWN),
        ({"cell_vehicles": 0}, Reason.NOT_IN_CELL),
        ({"cell_vehicles": 2}, Reason.NOT_IN_CELL),  # a tailgater
        ({"cell_vehicles": -1}, Reason.NOT_IN_CELL),  # counters that went astray
        ({"plate": "truck-02"}, Reason.PLATE_MISMATCH),
        ({"plate": ""}, Reason.PLATE_MISMATCH),
    ],
)
def test_arm_stays_down_when_the_cell_is_not_as_the_permit_says(
    changes: dict[str, Any], reason: Reason
) -> None:
    """GATE-003."""
    assert why(judge_opening(a_reading(**changes), PERMIT)) is reason


def test_arm_falls_over_a_free_loop() -> None:
    assert judge_closing(a_reading()) is Move.CLOSE


@pytest.mark.parametrize("barrier", Barrier)
def test_arm_never_falls_onto_an_object(barrier: Barrier) -> None:
    """GATE-004."""
    answer = judge_closing(a_reading(barrier=barrier, loop_occupied=True))
    assert why(answer) is Reason.ZONE_OCCUPIED


@given(
    barrier=st.sampled_from(Barrier),
    loop=st.booleans(),
    plate=st.sampled_from(["", "truck-01", "truck-02"]),
    cell=st.sampled_from([None, 0, 1, 2]),
    permit=st.sampled_from([None, PERMIT, Consumed("permit-2", "truck-02"), Consumed("", "")]),
)
def test_whatever_the_cabinet_says_an_open_arm_means_one_known_vehicle_with_a_permit(
    barrier: Barrier, loop: bool, plate: str, cell: int | None, permit: Consumed | None
) -> None:
    """GATE-003, GATE-004."""
    reading = a_reading(barrier=barrier, loop_occupied=loop, plate=plate, cell_vehicles=cell)
    if judge_opening(reading, permit) is Move.OPEN:
        assert permit is not None
        assert permit.permit_id
        assert plate == permit.vehicle_id
        assert cell == 1
        assert barrier is not Barrier.FAULT
    assert (judge_closing(reading) is Move.CLOSE) == (not loop)
