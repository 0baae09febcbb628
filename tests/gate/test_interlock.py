"""The barrier interlock: when the arm may rise, when it may fall. (vital)"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.reasons import Reason
from gate.interlock import (
    Consumed,
    Hold,
    Move,
    judge_closing,
    judge_letting_on,
    judge_lowering,
    judge_opening,
)
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


def why(answer: Move | Hold | None) -> Reason | None:
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
        ({"loop_occupied": True}, Reason.ARM_OBSTRUCTED),  # or a loop that is stuck
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
    assert why(answer) is Reason.ARM_OBSTRUCTED


@pytest.mark.parametrize("barrier", Barrier)
def test_arm_does_not_fall_while_a_second_vehicle_is_nobody_knows_where(barrier: Barrier) -> None:
    """GATE-004: between line and arm neither plate reader nor loop sees it."""
    answer = judge_closing(a_reading(barrier=barrier, plate="", cell_vehicles=2))
    assert why(answer) is Reason.INTRUSION


def test_arm_falls_before_two_vehicles_of_which_the_first_stands_at_the_line() -> None:
    assert judge_closing(a_reading(cell_vehicles=2)) is Move.CLOSE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"loop_occupied": True}, Reason.ARM_OBSTRUCTED),
        ({"plate": "", "cell_vehicles": 2}, Reason.INTRUSION),
        ({"cell_vehicles": None}, Reason.PRESENCE_UNKNOWN),
        ({"plate": ""}, Reason.PRESENCE_UNKNOWN),  # it has started, perhaps
        ({"plate": "truck-02"}, Reason.PRESENCE_UNKNOWN),
        ({"plate": "truck-02", "cell_vehicles": 2}, Reason.PRESENCE_UNKNOWN),
    ],
)
def test_arm_does_not_fall_before_a_vehicle_let_go_that_may_be_on_its_way(
    changes: dict[str, Any], reason: Reason
) -> None:
    """GATE-004."""
    assert why(judge_lowering(a_reading(**changes), "truck-01")) is reason


@pytest.mark.parametrize("changes", [{}, {"plate": "", "cell_vehicles": 0}, {"cell_vehicles": 2}])
def test_arm_falls_before_a_vehicle_that_is_read_at_its_line_or_has_gone(
    changes: dict[str, Any],
) -> None:
    assert judge_lowering(a_reading(**changes), "truck-01") is Move.CLOSE


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
        assert not loop
    unseen = cell == 2 and not plate
    assert (judge_closing(reading) is Move.CLOSE) == (not loop and not unseen)
    if judge_lowering(reading, "truck-01") is Move.CLOSE:
        assert judge_closing(reading) is Move.CLOSE
        assert plate == "truck-01" or cell == 0


UNDER: dict[str, Any] = {"barrier": Barrier.OPEN, "loop_occupied": True, "plate": ""}


@pytest.mark.parametrize("plate", ["", "truck-01"])
def test_vehicle_under_the_open_arm_may_be_let_on(plate: str) -> None:
    """GATE-018: a front under the arm may still be read at the line, or not any more."""
    assert judge_letting_on(a_reading(**UNDER | {"plate": plate}), PERMIT) is None


@pytest.mark.parametrize("permit", [None, Consumed("", "truck-01"), Consumed("permit-1", "")])
def test_nobody_is_let_on_without_a_consumed_permit(permit: Consumed | None) -> None:
    """GATE-018."""
    assert judge_letting_on(a_reading(**UNDER), permit) == Hold(
        Reason.PERMIT_PENDING, "no permit was consumed"
    )


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        *(
            ({"barrier": arm}, Reason.BARRIER_FAULT, f"the arm is {arm.value}")
            for arm in (Barrier.CLOSED, Barrier.MOVING, Barrier.FAULT)
        ),
        ({"loop_occupied": False}, Reason.NOT_IN_CELL, "nothing is under the arm"),
        ({"cell_vehicles": None}, Reason.PRESENCE_UNKNOWN, ""),
        ({"cell_vehicles": 0}, Reason.GATE_BUSY, "0 in the cell"),
        ({"cell_vehicles": 2}, Reason.GATE_BUSY, "2 in the cell"),
    ],
)
def test_nobody_is_let_on_below_an_arm_or_in_a_cell_that_is_in_doubt(
    changes: dict[str, Any], reason: Reason, detail: str
) -> None:
    """GATE-018: each alone."""
    assert judge_letting_on(a_reading(**UNDER | changes), PERMIT) == Hold(reason, detail)
