"""A permit that nobody uses, and an arm that does not stay up for it: nothing is left open."""

import pytest

from contract.agent import NS_PER_MS
from contract.events import Event
from contract.limits import BARRIER_MOVE_MS_MAX, PASSAGE_RETRY_MS, PERMIT_VALID_MS
from contract.v1.customs_pb2 import Permit
from contract.v1.gate_pb2 import Challenge, GateReport, Passed, PermitGranted, PermitRefused
from gate.arm import LOWERING_ATTEMPTS_MAX, PERMIT_START_MS, WITHDRAWAL_MS
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import START_MONO_MS, acts, reports, sends
from tests.gate.cabinet import Cabinet


def withdrawn() -> Cabinet:
    """The permit was not used in time; the arm is still up."""
    gate = Cabinet().open()
    gate.wake(later_ms=PERMIT_START_MS)
    return gate


def why(gate: Cabinet, event: Event) -> list[str]:
    return [each["reason"].name for each in reports(gate.said, event)]


# --- (a) not used in time ---


def test_truck_that_does_not_start_in_time_is_told_before_the_arm_falls() -> None:
    gate = withdrawn()
    assert [each.reason for each in sends(gate.said, PermitRefused)] == ["PERMIT_EXPIRED"]
    assert why(gate, Event.PERMIT_WITHDRAWN) == ["PERMIT_EXPIRED"]
    assert not acts(gate.said, CloseBarrier)
    assert acts(gate.wake(later_ms=WITHDRAWAL_MS), CloseBarrier)


def test_document_says_how_long_the_truck_may_start_which_ends_before_the_arm_falls() -> None:
    gate = Cabinet().open()
    granted = sends(gate.said, PermitGranted)[-1].permit
    assert Permit.FromString(granted.payload).valid_ms == PERMIT_START_MS
    assert PERMIT_START_MS + WITHDRAWAL_MS == PERMIT_VALID_MS


def test_gate_wakes_for_the_end_of_a_permit() -> None:
    gate = Cabinet().open()
    dues = []
    for _ in range(40):
        due_ns = gate.agent.wake_ns
        assert due_ns is not None
        at_ms = due_ns / NS_PER_MS - START_MONO_MS
        assert at_ms > gate.at_ms, "a deadline that is dealt with is not due again"
        gate.wake(later_ms=at_ms - gate.at_ms)
        dues += acts(gate.said, CloseBarrier)
    assert dues


def test_permit_that_expired_is_void_when_the_arm_is_down_and_the_next_request_gets_its_own() -> (
    None
):
    gate = withdrawn()
    gate.wake(later_ms=WITHDRAWAL_MS)
    gate.wake(barrier=Barrier.MOVING)
    assert not why(gate, Event.PERMIT_VOIDED)
    gate.wake(barrier=Barrier.CLOSED)
    assert why(gate, Event.PERMIT_VOIDED) == ["PERMIT_EXPIRED"]
    assert "ticket/open" not in gate.disk
    assert sends(gate.ask(attempt=2), Challenge)
    gate.answer(attempt=2)
    first, second = acts(gate.said, OpenBarrier)
    assert first.permit_id != second.permit_id
    assert gate.disk[f"permit/{first.permit_id}"] == b"void"
    assert gate.disk[f"permit/{second.permit_id}"] == b"consumed"


def test_truck_that_asks_anew_is_told_why_and_the_arm_falls_at_once() -> None:
    """It stands at its line, and knows: nobody is on the way."""
    gate = withdrawn()
    gate.at_ms += PASSAGE_RETRY_MS
    refused = sends(gate.ask(attempt=2), PermitRefused)
    assert [each.reason for each in refused] == ["PERMIT_EXPIRED"]
    assert acts(gate.wake(), CloseBarrier)
    assert not sends(gate.said, PermitGranted)[1:]


def test_answer_that_comes_when_the_permit_has_expired_is_refused() -> None:
    gate = Cabinet().open()
    gate.at_ms += PERMIT_START_MS - 200.0
    assert sends(gate.ask(attempt=2), Challenge)
    gate.wake(later_ms=300)
    refused = sends(gate.answer(attempt=2), PermitRefused)
    assert [(each.reason, each.attempt) for each in refused] == [("PERMIT_EXPIRED", 2)]


def test_renewed_permit_has_its_own_time() -> None:
    gate = Cabinet().open()
    gate.at_ms += PERMIT_START_MS - 200.0
    gate.ask(attempt=2)
    gate.answer(attempt=2)
    gate.wake(later_ms=PERMIT_START_MS - 1.0)
    assert not why(gate, Event.PERMIT_WITHDRAWN)
    gate.wake(later_ms=1.0)
    assert why(gate, Event.PERMIT_WITHDRAWN) == ["PERMIT_EXPIRED"]


def test_truck_on_its_way_when_the_word_went_out_passes_under_the_arm_that_is_still_up() -> None:
    gate = withdrawn()
    gate.wake(loop_occupied=True, plate="", seals=())
    gate.wake(loop_occupied=False)
    gate.wake(barrier=Barrier.CLOSED)
    gate.leave_cell()
    assert len(sends(gate.said, Passed, to="supervisor")) == 1
    assert not reports(gate.said, Event.GATE_HELD)


def test_arm_does_not_fall_before_a_truck_that_has_left_its_line() -> None:
    """GATE-004: what cannot be seen may be on its way; the wait ends as a fault with a reason."""
    gate = withdrawn()
    gate.wake(later_ms=WITHDRAWAL_MS, plate="")
    assert not acts(gate.said, CloseBarrier)
    gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert not acts(gate.said, CloseBarrier)
    assert sends(gate.said, GateReport)[-1].reason == "BARRIER_FAULT"
    gate.wake(loop_occupied=True)
    gate.wake(loop_occupied=False)
    assert acts(gate.said, CloseBarrier)
    gate.count += 1
    gate.wake(barrier=Barrier.CLOSED, cell_vehicles=0)
    gate.wake()
    assert len(sends(gate.said, Passed, to="supervisor")) == 1


def test_truck_that_comes_under_the_falling_arm_is_an_intrusion() -> None:
    gate = withdrawn()
    gate.wake(later_ms=WITHDRAWAL_MS)
    lowered = len(acts(gate.said, CloseBarrier))
    gate.wake(barrier=Barrier.MOVING, loop_occupied=True, plate="", seals=())
    assert why(gate, Event.GATE_HELD) == ["INTRUSION"]
    assert len(acts(gate.said, CloseBarrier)) == lowered


def test_permit_expires_after_a_restart_too() -> None:
    gate = Cabinet().open()
    gate.start()
    gate.wake()
    assert not acts(gate.said, CloseBarrier)
    effects = gate.wake(later_ms=PERMIT_VALID_MS)
    assert acts(effects, CloseBarrier)
    assert [each.reason for each in sends(effects, PermitRefused)] == ["PERMIT_EXPIRED"]
    gate.wake(barrier=Barrier.CLOSED)
    assert why(gate, Event.PERMIT_VOIDED) == ["PERMIT_EXPIRED"]


def test_restart_while_the_arm_falls_for_an_expired_permit_leaves_nothing_open() -> None:
    gate = withdrawn()
    gate.wake(later_ms=WITHDRAWAL_MS)
    gate.wake(barrier=Barrier.MOVING)
    gate.start()
    gate.wake()
    gate.wake(barrier=Barrier.CLOSED)
    assert why(gate, Event.PERMIT_VOIDED) == ["PERMIT_VOID"]
    assert sends(gate.ask(attempt=2), Challenge)


def test_nobody_else_is_served_while_an_expired_permit_ends() -> None:
    gate = withdrawn()
    assert [each.reason for each in sends(gate.ask("truck-02"), PermitRefused)] == ["GATE_BUSY"]


def test_arm_that_does_not_fall_for_an_expired_permit_is_a_fault() -> None:
    gate = withdrawn()
    gate.wake(later_ms=WITHDRAWAL_MS)
    effects = gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert [each["wanted"] for each in reports(effects, Event.BARRIER_FAILED)] == ["closed"]


# --- (b) the arm falls by itself ---


@pytest.mark.parametrize("barrier", [Barrier.MOVING, Barrier.CLOSED, Barrier.FAULT])
def test_arm_that_leaves_open_before_the_truck_has_come_is_a_fault_and_the_truck_stays(
    barrier: Barrier,
) -> None:
    gate = Cabinet().open()
    gate.wake(barrier=barrier)
    assert [each.reason for each in sends(gate.said, PermitRefused)] == ["BARRIER_FAULT"]
    assert why(gate, Event.PERMIT_WITHDRAWN) == ["BARRIER_FAULT"]
    assert [each["wanted"] for each in reports(gate.said, Event.BARRIER_FAILED)] == ["open"]
    assert sends(gate.said, GateReport)[-1].reason == "BARRIER_FAULT"
    assert [each.reason for each in sends(gate.ask(attempt=2), PermitRefused)] == ["BARRIER_FAULT"]


def test_fallen_arm_is_never_raised_again_on_the_same_permit_and_the_truck_gets_a_new_one() -> None:
    gate = Cabinet().open()
    gate.wake(barrier=Barrier.CLOSED)
    gate.wake(later_ms=WITHDRAWAL_MS)
    gate.wake()
    assert reports(gate.said, Event.GATE_MENDED)
    assert len(acts(gate.said, OpenBarrier)) == 1
    assert why(gate, Event.PERMIT_VOIDED) == ["PERMIT_VOID"]
    assert sends(gate.ask(attempt=2), Challenge)
    assert acts(gate.answer(attempt=2), OpenBarrier)


def test_permit_under_a_fallen_arm_is_not_void_before_the_truck_has_heard() -> None:
    """It may be on its way: what it does next still belongs to this permit."""
    gate = Cabinet().open()
    gate.wake(barrier=Barrier.CLOSED)
    gate.wake(later_ms=WITHDRAWAL_MS / 2.0)
    assert "ticket/open" in gate.disk
    gate.wake(loop_occupied=True, plate="", seals=())
    gate.wake(later_ms=WITHDRAWAL_MS)
    assert "ticket/open" in gate.disk
    assert sends(gate.ask(attempt=2), PermitRefused)[-1].reason == "BARRIER_FAULT"
    gate.wake(loop_occupied=False)
    gate.count += 1
    gate.wake(cell_vehicles=0)
    gate.wake()
    assert len(sends(gate.said, Passed, to="supervisor")) == 1


def test_falling_arm_is_not_hurried_onto_a_truck_on_its_way() -> None:
    """GATE-004."""
    gate = Cabinet().open()
    gate.wake(barrier=Barrier.MOVING, plate="")
    gate.wake(later_ms=WITHDRAWAL_MS)
    assert not acts(gate.said, CloseBarrier)


def test_arm_that_falls_onto_the_truck_below_it_is_a_fault() -> None:
    gate = Cabinet().under_arm()
    gate.wake(barrier=Barrier.MOVING)
    assert not reports(gate.said, Event.BARRIER_FAILED)
    gate.wake(barrier=Barrier.CLOSED)
    assert [each["wanted"] for each in reports(gate.said, Event.BARRIER_FAILED)] == ["open"]
    assert not acts(gate.said, CloseBarrier)


def test_arm_that_stays_halfway_above_the_truck_is_a_fault() -> None:
    gate = Cabinet().under_arm()
    gate.wake(barrier=Barrier.MOVING)
    gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert reports(gate.said, Event.BARRIER_FAILED)


def test_arm_that_dips_and_rises_again_above_the_truck_is_none() -> None:
    gate = Cabinet().under_arm()
    gate.wake(barrier=Barrier.MOVING)
    gate.wake(barrier=Barrier.OPEN)
    gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert not reports(gate.said, Event.BARRIER_FAILED)


# --- (d) lowering again ---


def test_faulty_gate_lowers_its_arm_a_bounded_number_of_times_and_then_says_so() -> None:
    gate = Cabinet().idle()
    gate.wake(barrier=Barrier.OPEN)
    for _ in range(10):
        gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    again = reports(gate.said, Event.BARRIER_LOWERED_AGAIN)
    assert [each["attempt"] for each in again] == list(range(1, LOWERING_ATTEMPTS_MAX + 1))
    assert len(acts(gate.said, CloseBarrier)) == LOWERING_ATTEMPTS_MAX
    assert len(reports(gate.said, Event.BARRIER_GIVEN_UP)) == 1
    assert sends(gate.ask(), PermitRefused)[-1].reason == "BARRIER_FAULT"
    assert [each.reason for each in sends(gate.said, GateReport)] == ["", "BARRIER_FAULT"]


def test_arm_that_people_have_lowered_ends_the_fault_and_the_supervisor_hears_it() -> None:
    gate = Cabinet().idle()
    gate.wake(barrier=Barrier.OPEN)
    for _ in range(10):
        gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    gate.wake(barrier=Barrier.CLOSED)
    gate.wake()
    assert reports(gate.said, Event.GATE_MENDED)
    assert sends(gate.said, GateReport)[-1].reason == ""
    gate.wake(plate="truck-01", seals=("S-1",), cell_vehicles=1)
    assert sends(gate.ask(), Challenge)


@pytest.mark.parametrize("cell", [{"loop_occupied": True}, {"cell_vehicles": None}])
def test_fault_is_not_over_while_something_is_below_or_presence_is_not_known(
    cell: dict[str, object],
) -> None:
    gate = Cabinet().idle()
    gate.wake(barrier=Barrier.OPEN)
    gate.wake(barrier=Barrier.CLOSED, **cell)
    assert not reports(gate.said, Event.GATE_MENDED)


def test_held_attempts_are_not_spent() -> None:
    """An arm that may not fall yet still has all its attempts."""
    gate = Cabinet().under_arm()
    gate.wake(barrier=Barrier.FAULT)
    for _ in range(10):
        gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert not acts(gate.said, CloseBarrier)
    assert not reports(gate.said, Event.BARRIER_GIVEN_UP)
    assert acts(gate.wake(loop_occupied=False), CloseBarrier)
