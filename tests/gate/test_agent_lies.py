"""Counters and loops that see what was not there: the truck at the line is not believed away."""

import pytest

from contract.events import Event
from contract.v1.gate_pb2 import Challenge, Passed
from gate.arm import PERMIT_START_MS
from gate.doubt import DETECTOR_MS_MAX
from gate.orders import Barrier, CloseBarrier
from tests.factories import acts, reports, sends
from tests.gate.cabinet import Cabinet


def obstructed() -> Cabinet:
    """Something was under the open arm, which closed behind it; the truck still stands before."""
    gate = Cabinet().open()
    gate.wake(loop_occupied=True)
    gate.wake(loop_occupied=False)
    gate.wake(barrier=Barrier.MOVING)
    gate.wake(barrier=Barrier.CLOSED)
    return gate


def test_truck_behind_an_arm_that_closed_on_nobody_is_a_doubt_and_no_endless_passage() -> None:
    """GATE-010."""
    gate = obstructed()
    gate.wake(later_ms=DETECTOR_MS_MAX + 1.0)
    (held,) = reports(gate.said, Event.GATE_HELD)
    assert held["reason"].name == "DETECTOR_FAULT"
    gate.order()
    assert len(reports(gate.said, Event.PERMIT_VOIDED)) == 1
    gate.wake()
    assert sends(gate.ask(attempt=2), Challenge)


def test_rear_that_is_read_a_little_late_is_no_doubt() -> None:
    gate = obstructed()
    gate.wake(later_ms=DETECTOR_MS_MAX / 2.0, plate="", seals=())
    gate.wake(later_ms=DETECTOR_MS_MAX)
    assert not reports(gate.said, Event.GATE_HELD)


@pytest.mark.parametrize("many", [1, 2])
def test_truck_that_is_read_at_its_line_has_passed_by_no_count(many: int) -> None:
    """GATE-009: custody is not settled by a counter alone."""
    gate = Cabinet().open()
    gate.count += many
    gate.wake(barrier=Barrier.OPEN)
    gate.wake(barrier=Barrier.CLOSED)
    gate.wake(later_ms=DETECTOR_MS_MAX + 1.0)
    assert len(reports(gate.said, Event.GATE_HELD)) == 1
    assert not sends(gate.said, Passed)
    gate.order()
    assert not sends(gate.said, Passed)
    assert len(reports(gate.said, Event.PERMIT_VOIDED)) == 1


def test_so_it_is_after_a_restart() -> None:
    """GATE-009."""
    gate = Cabinet().open()
    gate.count += 1
    gate.cell["barrier"] = Barrier.CLOSED
    gate.start()
    gate.wake()
    gate.wake(later_ms=DETECTOR_MS_MAX + 1.0)
    assert not sends(gate.said, Passed)
    assert len(reports(gate.said, Event.GATE_HELD)) == 1


def pulsed() -> Cabinet:
    """The arm is up; the loop has seen something while the truck is still read at its line."""
    gate = Cabinet().open()
    gate.said.clear()
    gate.wake(loop_occupied=True)
    gate.wake(loop_occupied=False)
    return gate


def test_arm_does_not_fall_before_a_truck_that_was_let_go_whatever_the_loop_saw() -> None:
    """Nothing that the loop sees is the truck, as long as that is read at its line."""
    gate = pulsed()
    assert not acts(gate.said, CloseBarrier)
    gate.wake(loop_occupied=True, plate="")
    assert not acts(gate.said, CloseBarrier)
    gate.wake(loop_occupied=False)
    assert acts(gate.said, CloseBarrier)


def test_truck_that_does_not_start_after_all_is_told_to_stay_before_the_arm_falls() -> None:
    gate = pulsed()
    gate.wake(later_ms=PERMIT_START_MS + 100)
    assert reports(gate.said, Event.PERMIT_WITHDRAWN)
    assert not acts(gate.said, CloseBarrier)
