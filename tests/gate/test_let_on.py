"""A vehicle whose permit was withdrawn as it came under the arm: who lets it on, and under what."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import Permit
from contract.v1.gate_pb2 import Challenge, Passed, PermitGranted
from contract.v1.movement_pb2 import OperatorReply
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import acts, reports, sends
from tests.gate.cabinet import Cabinet


def caught(start: str = "open") -> Cabinet:
    """The contacts of an open arm have lied for a moment; truck-01 stands under it."""
    gate: Cabinet = getattr(Cabinet(), start)()
    gate.wake(barrier=Barrier.FAULT)
    gate.wake(barrier=Barrier.OPEN, loop_occupied=True, plate="", seals=())
    return gate


def permit_of(gate: Cabinet) -> str:
    return str(reports(gate.said, Event.PERMIT_CONSUMED)[-1]["permit"])


def answered(gate: Cabinet) -> OperatorReply:
    reply: OperatorReply = sends(gate.said, OperatorReply, to="control-room")[-1]
    return reply


def test_vehicle_under_the_open_arm_is_let_on_by_order_and_asks_anew() -> None:
    """GATE-018, I6: the same permit once more, for a new nonce; the arm is told nothing."""
    gate = caught()
    permit = permit_of(gate)
    gate.said.clear()
    gate.ask()
    assert not sends(gate.said, Challenge)
    gate.order(hold_id=permit)
    assert answered(gate).accepted
    (said,) = reports(gate.said, Event.VEHICLE_LET_ON)
    assert (said["vehicle"], said["operator"]) == ("truck-01", "control-room")
    assert sends(gate.ask(), Challenge)
    (granted,) = sends(gate.answer(), PermitGranted)
    again = Permit.FromString(granted.permit.payload)
    assert (again.permit_id, again.nonce) == (permit, gate.nonce)
    gate.wake(later_ms=60_000.0)
    assert not acts(gate.said)
    gate.wake(loop_occupied=False)
    assert len(acts(gate.said, CloseBarrier)) == 1
    gate.wake(barrier=Barrier.CLOSED)
    gate.leave_cell()
    assert len(sends(gate.said, Passed, to="supervisor")) == 1
    assert not acts(gate.said, OpenBarrier)


def test_vehicle_that_comes_when_its_permit_has_expired_is_let_on_too() -> None:
    """GATE-018: as the arm is told to fall; the hold ends with the order, over a restart."""
    gate = Cabinet().open()
    gate.wake(later_ms=23_000.0)
    gate.wake(later_ms=8_000.0)
    assert len(acts(gate.said, CloseBarrier)) == 1
    gate.wake(loop_occupied=True, plate="", seals=())
    assert reports(gate.said, Event.GATE_HELD)
    gate.start()
    gate.wake()
    gate.order(hold_id=permit_of(gate))
    assert answered(gate).accepted
    assert "hold" not in gate.disk
    assert sends(gate.ask(), Challenge)
    assert sends(gate.answer(), PermitGranted)
    assert len(acts(gate.said, CloseBarrier)) == 1


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"barrier": Barrier.FAULT}, "BARRIER_FAULT"),
        ({"barrier": Barrier.CLOSED}, "BARRIER_FAULT"),
        ({"loop_occupied": False}, "NOT_IN_CELL"),
        ({"cell_vehicles": None}, "PRESENCE_UNKNOWN"),
        ({"cell_vehicles": 2}, "GATE_BUSY"),
    ],
)
def test_order_counts_only_under_an_open_arm_in_a_cell_of_one(
    cell: dict[str, Any], reason: str
) -> None:
    """GATE-018."""
    gate = caught()
    gate.wake(**cell)
    gate.order(hold_id=permit_of(gate))
    assert (answered(gate).accepted, answered(gate).reason) == (False, reason)
    assert reports(gate.said, Event.GATE_ORDER_REFUSED)[-1]["reason"].name == reason
    gate.said.clear()
    gate.ask()
    assert not sends(gate.said, Challenge)


def test_order_does_not_count_once_somebody_has_been_counted_out() -> None:
    """GATE-018: then another stands there."""
    gate = caught()
    gate.count += 1
    gate.wake()
    gate.order(hold_id=permit_of(gate))
    assert answered(gate).reason == "PRESENCE_UNKNOWN"


def test_order_that_names_another_permit_lets_nobody_on() -> None:
    """GATE-018: one of yesterday's, say."""
    gate = caught()
    gate.order(hold_id="kz_out-0-1")
    assert answered(gate).reason == "HOLD_UNKNOWN"
    assert not reports(gate.said, Event.VEHICLE_LET_ON)


@pytest.mark.parametrize("start", ["open", "under_arm", "clearing"])
def test_order_changes_nothing_at_a_gate_that_serves(start: str) -> None:
    """GATE-018."""
    gate: Cabinet = getattr(Cabinet(), start)()
    gate.said.clear()
    gate.order(hold_id=permit_of_ticket(gate))
    assert answered(gate).reason == "HOLD_UNKNOWN"
    assert not reports(gate.said, Event.VEHICLE_LET_ON)


def permit_of_ticket(gate: Cabinet) -> str:
    ticket = gate.agent._cell.ticket
    assert ticket is not None
    return ticket.permit_id


def test_nobody_else_gets_the_permit_of_the_one_that_is_let_on() -> None:
    """GATE-018, I5."""
    gate = caught()
    gate.order(hold_id=permit_of(gate))
    assert not sends(gate.ask("truck-02"), Challenge)
