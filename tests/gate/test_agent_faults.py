"""A gate that restarts, or whose arm does not obey: nothing opens twice, nothing is lost."""

from collections.abc import Callable

import pytest

from contract.events import Event
from contract.limits import BARRIER_MOVE_MS_MAX, PERMIT_VALID_MS
from contract.v1.customs_pb2 import Permit
from contract.v1.gate_pb2 import Challenge, GateReport, Passed, PermitGranted, PermitRefused
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import acts, reports, sends
from tests.gate.cabinet import OFFICES, Cabinet

STEPS: dict[str, Callable[[Cabinet], Cabinet]] = {
    "consumed": Cabinet.consumed,
    "rising": Cabinet.rising,
    "open": Cabinet.open,
    "under the arm": Cabinet.under_arm,
    "clearing": Cabinet.clearing,
    "closed behind": Cabinet.closed_behind,
}
THROUGH = ("under the arm", "clearing", "closed behind")


def restarted(step: str) -> Cabinet:
    """A gate that crashed at this step of a passage; the hardware is as it was left."""
    gate = STEPS[step](Cabinet())
    gate.said.clear()
    gate.start()
    return gate


@pytest.mark.parametrize("step", STEPS)
def test_restarted_gate_commands_nothing_until_presence_is_known(step: str) -> None:
    """GATE-009."""
    gate = restarted(step)
    before = gate.cell["cell_vehicles"]
    gate.wake(cell_vehicles=None)
    gate.wake(known=False)
    assert not acts(gate.said)
    gate.wake(cell_vehicles=before)
    assert not acts(gate.said, OpenBarrier)


@pytest.mark.parametrize("step", STEPS)
def test_permit_of_the_last_life_never_raises_the_arm_again(step: str) -> None:
    """I6: consumed once over the gate's whole life."""
    gate = restarted(step)
    for changes in ({}, {"loop_occupied": False}, {"barrier": Barrier.CLOSED}, {}, {}):
        gate.wake(**changes)
    assert not acts(gate.said, OpenBarrier)
    assert not sends(gate.said, PermitGranted)


@pytest.mark.parametrize("step", ["consumed", "rising"])
def test_permit_that_was_not_given_is_void_after_a_restart(step: str) -> None:
    """GATE-007: the truck still stands at the line, and asks anew."""
    gate = restarted(step)
    gate.wake()
    gate.wake(barrier=Barrier.CLOSED)
    assert [each["reason"].name for each in reports(gate.said, Event.PERMIT_VOIDED)] == [
        "PERMIT_VOID"
    ]
    assert not sends(gate.said, Passed)
    assert "ticket/open" not in gate.disk
    gate.wake()
    assert sends(gate.ask(), Challenge)
    assert acts(gate.answer(), OpenBarrier)


@pytest.mark.parametrize("step", THROUGH)
def test_passage_under_way_at_the_restart_is_settled_when_the_rear_leaves(step: str) -> None:
    """GATE-008, I11: custody has no gap, whoever crashed."""
    gate = restarted(step)
    gate.wake()
    gate.wake(loop_occupied=False)
    gate.wake(barrier=Barrier.CLOSED)
    gate.leave_cell()
    gate.wake()
    for name in ("truck-01", "supervisor", *OFFICES):
        assert len(sends(gate.said, Passed, to=name)) == 1
    assert not reports(gate.said, Event.PERMIT_VOIDED)
    assert "ticket/open" not in gate.disk


@pytest.mark.parametrize("step", STEPS)
def test_passage_that_ended_while_the_gate_was_down_is_settled_from_the_counters(
    step: str,
) -> None:
    """GATE-008, I11."""
    gate = restarted(step)
    gate.count += 1
    gate.wake(barrier=Barrier.CLOSED, loop_occupied=False, plate="", cell_vehicles=0)
    assert [each["vehicle"] for each in reports(gate.said, Event.VEHICLE_PASSED)] == ["truck-01"]
    assert len(sends(gate.said, Passed, to="supervisor")) == 1
    assert not reports(gate.said, Event.PERMIT_VOIDED)


@pytest.mark.parametrize("step", STEPS)
def test_second_restart_changes_nothing_more(step: str) -> None:
    """A settled or void ticket is gone for good."""
    gate = restarted(step)
    gate.count += 1
    gate.wake(barrier=Barrier.CLOSED, loop_occupied=False, plate="", cell_vehicles=0)
    gate.said.clear()
    gate.start()
    gate.wake()
    assert not sends(gate.said, Passed)
    assert not reports(gate.said, Event.PERMIT_VOIDED)


def test_restarted_gate_lowers_an_open_arm_that_nobody_was_let_under_once() -> None:
    gate = Cabinet().passed()
    gate.said.clear()
    gate.start()
    gate.wake(barrier=Barrier.OPEN)
    gate.wake(barrier=Barrier.MOVING)
    assert len(acts(gate.said, CloseBarrier)) == 1


def test_restarted_gate_does_not_lower_the_arm_before_a_truck_that_it_has_let_go() -> None:
    """GATE-004: it may be on its way, and a meeting with a falling arm is what must not be."""
    gate = restarted("open")
    gate.wake()
    gate.wake(loop_occupied=True, plate="")
    gate.wake(loop_occupied=False)
    assert len(acts(gate.said, CloseBarrier)) == 1
    assert not reports(gate.said, Event.PERMIT_VOIDED)


@pytest.mark.parametrize("step", ["open", "under the arm"])
def test_truck_that_has_lost_its_permit_before_the_open_arm_is_given_it_once_more(
    step: str,
) -> None:
    """It has restarted: a new challenge and the same permit, and the arm does not move."""
    gate = STEPS[step](Cabinet())
    first = sends(gate.said, PermitGranted)[-1].permit
    gate.said.clear()
    assert sends(gate.ask(), Challenge)
    granted = sends(gate.answer(), PermitGranted)[-1].permit
    assert (
        Permit.FromString(granted.payload).permit_id == Permit.FromString(first.payload).permit_id
    )
    assert Permit.FromString(granted.payload).nonce == gate.nonce
    assert not acts(gate.said)


def test_nobody_else_is_given_the_permit_in_force() -> None:
    gate = Cabinet().open()
    refused = sends(gate.ask("truck-02"), PermitRefused)
    assert [each.reason for each in refused] == ["GATE_BUSY"]


def test_permit_in_force_is_not_given_again_for_an_old_answer() -> None:
    """I6: the answer to an earlier challenge proves nothing."""
    gate = Cabinet().open()
    old = gate.nonce
    gate.ask()
    assert not sends(gate.answer(nonce=old), PermitGranted)
    assert not sends(gate.answer(), PermitGranted)


def test_restarted_gate_never_lowers_the_arm_onto_a_truck() -> None:
    """GATE-004."""
    gate = restarted("under the arm")
    for _ in range(5):
        gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert not acts(gate.said, CloseBarrier)


def test_next_truck_is_served_after_a_restart_without_a_ticket() -> None:
    gate = Cabinet().passed()
    gate.start()
    gate.wake(plate="truck-02", cell_vehicles=1)
    assert not reports(gate.said[-20:], Event.PERMIT_VOIDED)
    assert sends(gate.ask("truck-02"), Challenge)


# --- the arm does not obey ---


def test_arm_that_does_not_rise_in_time_is_a_fault_and_the_truck_is_told() -> None:
    gate = Cabinet().consumed()
    effects = gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert [(each["wanted"], each["seen"]) for each in reports(effects, Event.BARRIER_FAILED)] == [
        ("open", "closed")
    ]
    assert [each.reason for each in sends(effects, PermitRefused)] == ["BARRIER_FAULT"]
    assert [each.reason for each in sends(effects, GateReport)] == ["BARRIER_FAULT"]
    assert [each.reason for each in sends(gate.ask(), PermitRefused)] == ["BARRIER_FAULT"]


def test_arm_that_does_not_fall_in_time_is_a_fault() -> None:
    gate = Cabinet().clearing()
    effects = gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert [each["wanted"] for each in reports(effects, Event.BARRIER_FAILED)] == ["closed"]


@pytest.mark.parametrize("barrier", [Barrier.OPEN, Barrier.MOVING, Barrier.FAULT])
def test_arm_that_moves_unasked_is_a_fault(barrier: Barrier) -> None:
    """I5: an arm that is not closed without a permit is not taken for normal."""
    gate = Cabinet().idle()
    effects = gate.wake(barrier=barrier)
    assert reports(effects, Event.BARRIER_FAILED)
    assert acts(effects, CloseBarrier)


@pytest.mark.parametrize("step", [*STEPS, "idle", "challenged"])
def test_contacts_that_disagree_are_a_fault_at_every_step(step: str) -> None:
    gate = Cabinet()
    STEPS.get(step, Cabinet.challenged if step == "challenged" else Cabinet.idle)(gate)
    assert reports(gate.wake(barrier=Barrier.FAULT), Event.BARRIER_FAILED)


def test_mended_gate_settles_the_passage_that_it_was_in() -> None:
    """I11: a fault loses no custody."""
    gate = Cabinet().clearing()
    gate.wake(barrier=Barrier.FAULT)
    gate.count += 1
    gate.wake(barrier=Barrier.CLOSED, cell_vehicles=0)
    gate.wake()
    assert [each["vehicle"] for each in reports(gate.said, Event.VEHICLE_PASSED)] == ["truck-01"]


def test_mended_gate_makes_the_permit_void_that_was_not_used() -> None:
    gate = Cabinet().consumed()
    gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    gate.wake()
    gate.wake()
    assert reports(gate.said, Event.PERMIT_VOIDED)
    assert not sends(gate.said, Passed)


def test_truck_that_moves_while_the_arm_rises_is_seen() -> None:
    gate = Cabinet().rising()
    gate.wake(loop_occupied=True)
    assert not acts(gate.said, CloseBarrier)
    gate.wake(barrier=Barrier.OPEN, later_ms=BARRIER_MOVE_MS_MAX)
    assert not reports(gate.said, Event.BARRIER_FAILED)


def test_truck_that_rolls_back_under_the_arm_is_waited_for() -> None:
    """GATE-004."""
    gate = Cabinet().clearing()
    lowered = len(acts(gate.said, CloseBarrier))
    gate.wake(loop_occupied=True)
    gate.wake(later_ms=BARRIER_MOVE_MS_MAX)
    assert not reports(gate.said, Event.BARRIER_FAILED)
    gate.wake(loop_occupied=False)
    assert len(acts(gate.said, CloseBarrier)) == lowered + 1


def test_passage_is_not_over_while_the_truck_is_in_the_cell_or_the_arm_is_up() -> None:
    """GATE-006: counter and arm, both."""
    gate = Cabinet().clearing()
    gate.count += 1
    gate.wake()
    assert not sends(gate.said, Passed)
    other = Cabinet().closed_behind()
    other.wake()
    assert not sends(other.said, Passed)


def test_permit_that_is_not_used_in_time_is_void_and_the_arm_falls() -> None:
    """I5: not closed means one *unexpired* permit."""
    gate = Cabinet().open()
    effects = gate.wake(later_ms=PERMIT_VALID_MS + 1)
    assert acts(effects, CloseBarrier)


def test_arm_that_falls_before_the_truck_has_moved_withdraws_the_permit() -> None:
    gate = Cabinet().open()
    effects = gate.wake(barrier=Barrier.CLOSED)
    assert sends(effects, PermitRefused)


def test_tailgater_under_the_open_arm_is_an_intrusion() -> None:
    """I5: exactly one permit for the vehicle at the gate."""
    gate = Cabinet().open()
    effects = gate.wake(cell_vehicles=2)
    assert reports(effects, Event.INTRUSION_DETECTED)


def test_faulty_gate_lowers_its_arm_when_the_loop_becomes_free() -> None:
    """I19: after a fault the gate is closed unless blocked."""
    gate = Cabinet().under_arm()
    gate.wake(barrier=Barrier.FAULT)
    effects = gate.wake(barrier=Barrier.OPEN, loop_occupied=False)
    assert acts(effects, CloseBarrier)
