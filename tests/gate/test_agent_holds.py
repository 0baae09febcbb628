"""What one vehicle with one permit cannot explain holds the gate, until a person has looked."""

from collections.abc import Callable
from typing import Any

import pytest

from contract.events import Event
from contract.limits import BARRIER_MOVE_MS_MAX
from contract.v1.gate_pb2 import Challenge, GateReport, Passed, PermitGranted, PermitRefused
from contract.v1.movement_pb2 import OPERATOR_VERB_STOP, OperatorReply
from gate.doubt import DETECTOR_MS_MAX
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import acts, reports, sends
from tests.gate.cabinet import OFFICES, Cabinet

UP: dict[str, Callable[[Cabinet], Cabinet]] = {
    "rising": Cabinet.rising,
    "open": Cabinet.open,
    "under the arm": Cabinet.under_arm,
    "clearing": Cabinet.clearing,
}


def tailed(step: str = "open") -> Cabinet:
    """A second vehicle has entered the cell on one permit."""
    gate = UP[step](Cabinet())
    gate.wake(cell_vehicles=2)
    return gate


def holds(gate: Cabinet) -> list[str]:
    return [each["reason"].name for each in reports(gate.said, Event.GATE_HELD)]


def answers(gate: Cabinet) -> list[tuple[bool, str]]:
    said = sends(gate.said, OperatorReply, to="control-room")
    return [(each.accepted, each.reason) for each in said]


def refusal(gate: Cabinet) -> str:
    gate.ask()
    return str(sends(gate.said, PermitRefused)[-1].reason)


# --- (c) a second vehicle ---


@pytest.mark.parametrize("step", UP)
def test_second_vehicle_on_one_permit_is_an_alarm_and_holds_the_gate(step: str) -> None:
    gate = tailed(step)
    assert len(reports(gate.said, Event.INTRUSION_DETECTED)) == 1
    assert holds(gate) == ["INTRUSION"]
    assert sends(gate.said, GateReport)[-1].reason == "INTRUSION"
    assert refusal(gate) == "INTRUSION"
    gate.wake()
    assert holds(gate) == ["INTRUSION"]


@pytest.mark.parametrize("step", ["rising", "open"])
def test_permitted_truck_that_has_not_come_is_told_to_stay(step: str) -> None:
    gate = tailed(step)
    assert [each.reason for each in sends(gate.said, PermitRefused)] == ["INTRUSION"]
    gate.wake(barrier=Barrier.OPEN)
    assert len(sends(gate.said, PermitGranted)) == (step == "open")


def test_arm_is_not_lowered_while_the_second_vehicle_may_be_below_it() -> None:
    """GATE-004."""
    gate = tailed("under the arm")
    for _ in range(5):
        gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    gate.wake(loop_occupied=False)
    assert not acts(gate.said, CloseBarrier)
    gate.wake(loop_occupied=True)
    gate.count += 1
    gate.wake(cell_vehicles=1, loop_occupied=False)
    assert len(acts(gate.said, CloseBarrier)) == 1


def test_arm_falls_when_the_one_that_was_let_go_is_gone_and_the_other_stands_at_the_line() -> None:
    gate = tailed("clearing")
    gate.count += 1
    gate.wake(cell_vehicles=1, plate="truck-02")
    assert len(acts(gate.said, CloseBarrier)) == 2
    gate.wake(barrier=Barrier.CLOSED)
    assert refusal(gate) == "INTRUSION"


def test_custody_of_the_permitted_truck_does_not_wait_for_the_order() -> None:
    """I11."""
    gate = tailed("clearing")
    gate.count += 1
    gate.wake(cell_vehicles=1, barrier=Barrier.CLOSED)
    for name in ("truck-01", "supervisor", *OFFICES):
        assert len(sends(gate.said, Passed, to=name)) == 1


def test_two_counted_out_on_one_permit_are_an_intrusion() -> None:
    gate = Cabinet().clearing()
    gate.count += 2
    gate.wake(cell_vehicles=0)
    assert holds(gate) == ["INTRUSION"]
    gate.wake(barrier=Barrier.CLOSED)
    assert len(sends(gate.said, Passed, to="supervisor")) == 1


def test_vehicle_below_the_arm_behind_the_one_that_has_left_is_an_intrusion() -> None:
    gate = Cabinet().clearing()
    gate.count += 1
    gate.wake(cell_vehicles=1, loop_occupied=True)
    assert holds(gate) == ["INTRUSION"]


@pytest.mark.parametrize("step", [Cabinet.idle, Cabinet.challenged, Cabinet.passed])
def test_vehicle_that_leaves_the_cell_without_a_permit_is_an_intrusion(
    step: Callable[[Cabinet], Cabinet],
) -> None:
    """An arm that lies, or was broken through."""
    gate = step(Cabinet())
    gate.count += 1
    gate.wake()
    assert holds(gate) == ["INTRUSION"]
    assert not acts(gate.said[-5:], OpenBarrier)


def test_vehicle_challenged_when_the_gate_is_held_is_told() -> None:
    gate = Cabinet().challenged()
    gate.count += 1
    gate.wake()
    assert [each.reason for each in sends(gate.said, PermitRefused)] == ["INTRUSION"]
    gate.answer()
    assert not acts(gate.said, OpenBarrier)


def test_second_vehicle_that_came_while_the_gate_was_down_holds_it() -> None:
    gate = Cabinet().under_arm()
    gate.start()
    gate.wake(cell_vehicles=2)
    assert holds(gate) == ["INTRUSION"]
    assert not reports(gate.said, Event.PERMIT_VOIDED)


def test_next_truck_that_enters_behind_one_that_has_left_is_no_intrusion() -> None:
    """The supervisor may give the cell again while the arm still falls."""
    gate = Cabinet().clearing()
    gate.count += 1
    gate.wake(cell_vehicles=1)
    gate.wake(barrier=Barrier.CLOSED)
    assert holds(gate) == []
    assert len(sends(gate.said, Passed, to="supervisor")) == 1


# --- detectors that lie ---


def test_exit_counter_that_is_stuck_holds_the_gate_instead_of_waiting_for_ever() -> None:
    gate = Cabinet().closed_behind()
    gate.wake(cell_vehicles=0)
    assert holds(gate) == []
    gate.wake(later_ms=DETECTOR_MS_MAX)
    assert holds(gate) == ["DETECTOR_FAULT"]
    assert not sends(gate.said, Passed)
    assert refusal(gate) == "DETECTOR_FAULT"


def test_counter_that_is_a_little_late_is_waited_for() -> None:
    gate = Cabinet().closed_behind()
    gate.wake(cell_vehicles=0)
    gate.count += 1
    gate.wake(later_ms=DETECTOR_MS_MAX)
    assert holds(gate) == []
    assert len(sends(gate.said, Passed, to="supervisor")) == 1


@pytest.mark.parametrize("count", [6, 0])
def test_exit_counter_that_goes_back_holds_the_gate(count: int) -> None:
    gate = Cabinet().closed_behind()
    gate.count = count
    gate.wake(cell_vehicles=0)
    gate.wake(later_ms=DETECTOR_MS_MAX)
    assert holds(gate) == ["DETECTOR_FAULT"]


def test_loop_that_never_sees_anything_holds_the_gate_when_the_truck_has_left() -> None:
    gate = Cabinet().open()
    gate.wake(plate="", seals=())
    gate.leave_cell()
    assert holds(gate) == ["DETECTOR_FAULT"]
    assert acts(gate.wake(later_ms=BARRIER_MOVE_MS_MAX), CloseBarrier)
    gate.wake(barrier=Barrier.CLOSED)
    assert len(sends(gate.said, Passed, to="supervisor")) == 1


def test_loop_that_stays_occupied_holds_the_gate_when_the_truck_has_left() -> None:
    gate = Cabinet().under_arm()
    gate.leave_cell()
    assert holds(gate) == ["DETECTOR_FAULT"]
    gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert not acts(gate.said, CloseBarrier)


def test_loop_that_is_occupied_beforehand_raises_no_arm() -> None:
    """GATE-003: nobody can be below it and at the line."""
    gate = Cabinet().challenged()
    gate.wake(loop_occupied=True)
    gate.answer()
    assert [each.reason for each in sends(gate.said, PermitRefused)] == ["ARM_OBSTRUCTED"]
    assert "ticket/open" not in gate.disk


def test_counter_without_a_word_raises_no_arm() -> None:
    """I21: what it was before could not be compared later."""
    gate = Cabinet().challenged()
    gate.wake(detectors={})
    gate.answer()
    assert [each.reason for each in sends(gate.said, PermitRefused)] == ["PRESENCE_UNKNOWN"]


def test_counter_that_falls_silent_in_a_passage_holds_the_gate() -> None:
    gate = Cabinet().open()
    gate.wake(detectors={})
    assert holds(gate) == []
    gate.wake(detectors={}, later_ms=DETECTOR_MS_MAX)
    assert holds(gate) == ["DETECTOR_FAULT"]


def test_presence_that_is_not_known_after_a_start_is_told_to_truck_and_supervisor() -> None:
    gate = Cabinet()
    gate.wake(cell_vehicles=None)
    assert sends(gate.said, GateReport)[-1].reason == "PRESENCE_UNKNOWN"
    assert refusal(gate) == "PRESENCE_UNKNOWN"
    gate.wake(cell_vehicles=0)
    assert sends(gate.said, GateReport)[-1].reason == ""


# --- the order ---


def test_order_clears_the_hold_and_the_gate_serves_again() -> None:
    """GATE-011."""
    gate = tailed("clearing")
    gate.count += 2
    gate.wake(cell_vehicles=0, barrier=Barrier.CLOSED)
    gate.order()
    assert answers(gate) == [(True, "")]
    assert [each["operator"] for each in reports(gate.said, Event.GATE_CLEARED)] == ["control-room"]
    gate.wake()
    assert sends(gate.said, GateReport)[-1].reason == ""
    gate.wake(plate="truck-01", seals=("S-1",), cell_vehicles=1)
    assert sends(gate.ask(attempt=2), Challenge)
    assert acts(gate.answer(attempt=2), OpenBarrier)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"barrier": Barrier.OPEN}, "BARRIER_FAULT"),
        ({"barrier": Barrier.MOVING}, "BARRIER_FAULT"),
        ({"loop_occupied": True}, "ARM_OBSTRUCTED"),
        ({"cell_vehicles": None}, "PRESENCE_UNKNOWN"),
        ({"cell_vehicles": -1}, "PRESENCE_UNKNOWN"),
        ({"cell_vehicles": 1}, "GATE_BUSY"),
        ({"cell_vehicles": 2, "plate": "truck-02"}, "GATE_BUSY"),
    ],
)
def test_order_counts_only_while_the_arm_is_down_and_nobody_is_beyond_the_line(
    cell: dict[str, Any], reason: str
) -> None:
    """GATE-011."""
    gate = tailed("clearing")
    gate.wake(**({"barrier": Barrier.CLOSED, "cell_vehicles": 0} | cell))
    gate.order()
    assert answers(gate) == [(False, reason)]
    assert [each["reason"].name for each in reports(gate.said, Event.GATE_ORDER_REFUSED)] == [
        reason
    ]
    assert refusal(gate) == "INTRUSION"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"hold_id": "hold-kz_out-0-0"}, "HOLD_UNKNOWN"),
        ({"target": "cn_in"}, "MALFORMED"),
        ({"verb": OPERATOR_VERB_STOP}, "MALFORMED"),
    ],
)
def test_order_that_names_another_hold_or_gate_clears_nothing(
    order: dict[str, Any], reason: str
) -> None:
    gate = tailed("clearing")
    gate.count += 2
    gate.wake(barrier=Barrier.CLOSED, cell_vehicles=0)
    gate.order(**order)
    assert answers(gate) == [(False, reason)]
    assert "hold" in gate.disk


def test_order_for_a_gate_that_is_not_held_is_refused() -> None:
    gate = Cabinet().idle()
    gate.order(hold_id="hold-kz_out-1-1")
    assert answers(gate) == [(False, "HOLD_UNKNOWN")]


def test_hold_outlives_a_restart_and_its_order_still_counts() -> None:
    gate = tailed("clearing")
    gate.start()
    gate.wake()
    assert refusal(gate) == "INTRUSION"
    assert sends(gate.said, GateReport)[-1].reason == "INTRUSION"
    gate.order()
    assert answers(gate) == [(False, "BARRIER_FAULT")]
    gate.count += 2
    gate.wake(barrier=Barrier.CLOSED, cell_vehicles=0)
    gate.order()
    assert answers(gate)[-1] == (True, "")
    assert len(sends(gate.said, Passed, to="supervisor")) == 1
    gate.start()
    gate.wake()
    gate.wake(plate="truck-01", seals=("S-1",), cell_vehicles=1)
    assert sends(gate.ask(attempt=2), Challenge)


def test_order_for_an_earlier_hold_does_not_clear_the_next() -> None:
    gate = Cabinet().idle()
    ids = []
    for _ in range(2):
        gate.count += 1
        gate.wake()
        ids.append(gate.hold_id)
        gate.order(hold_id=ids[0])
        gate.wake()
    assert len(set(ids)) == 2
    assert answers(gate) == [(True, ""), (False, "HOLD_UNKNOWN")]


def test_order_before_the_first_word_of_the_cabinet_is_refused() -> None:
    gate = tailed("clearing")
    gate.start()
    gate.order()
    assert answers(gate) == [(False, "PRESENCE_UNKNOWN")]


def test_order_settles_the_passage_whose_end_the_counter_has_not_seen() -> None:
    """A person has looked: it went under the arm, and it is not there."""
    gate = Cabinet().closed_behind()
    gate.wake(cell_vehicles=0)
    gate.wake(later_ms=DETECTOR_MS_MAX)
    gate.order()
    assert len(sends(gate.said, Passed, to="supervisor")) == 1
    assert not reports(gate.said, Event.PERMIT_VOIDED)


def test_order_makes_the_permit_void_that_nobody_has_used() -> None:
    gate = tailed("open")
    gate.wake(barrier=Barrier.CLOSED, cell_vehicles=1)
    gate.order()
    assert [each["reason"].name for each in reports(gate.said, Event.PERMIT_VOIDED)] == [
        "PERMIT_VOID"
    ]
    gate.wake()
    assert sends(gate.ask(attempt=2), Challenge)
