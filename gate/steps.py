"""The cabinet's word, one step a phase: arm, loop, counters and cell become outcomes.

Pure. Rules, and why none of them is a dead end:

- A permit that is not used in PERMIT_START_MS is withdrawn: the vehicle is told PERMIT_EXPIRED. The
  arm stays up until PERMIT_VALID_MS, or until the vehicle asks anew, which proves that it stands;
  then it falls if the vehicle is read at its line or has gone. Closed, the permit is void. The same
  after a restart, from its own clock. Whoever comes then asks anew and gets a permit of its own.
- An arm that leaves OPEN before the vehicle has come is a fault, and the permit is withdrawn
  (BARRIER_FAULT). It is never raised again on that permit. When the vehicle has had WITHDRAWAL_MS
  to hear it, an arm that is closed over a free loop is mended, the permit is void, and the vehicle
  asks anew. One that has come up to the closed arm by then waits at BARRIER_FAULT until people have
  moved it: an arm that may have fallen onto a truck is theirs to look at. One that stands under an
  open arm asks for its permit once more when an operator has looked and lets it on (cell.py).
- A fault tries three times to lower the arm and is over by itself when the arm is proven closed,
  the loop free and the cell known: the counters then settle the passage, or the permit is void.
- What one vehicle with one permit cannot explain (doubt.py) holds the gate: written down, told to
  the supervisor, over by an operator's order alone. A vehicle already beyond the arm drives on.
- Nothing falls onto what the loop sees, nor before a vehicle that was let go and may be on its way.

Custody is settled by one proof in every phase: counted out, not read at its line, and the arm
closed.
Not here: what follows from an outcome (cell.py), the interlock's yes (interlock.py).
Requirements: GATE-004 to GATE-010 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from typing import Final

from contract.agent import NS_PER_MS, Act, Now, Refused, Report
from contract.events import Event
from contract.reasons import Reason
from gate.cell import Cell
from gate.doubt import DETECTOR_MS_MAX, find_contradiction, find_intrusion
from gate.interlock import Hold, Move, judge_closing
from gate.orders import Barrier, CloseBarrier, GateReading
from gate.phases import Outcome, Phase


def step(cell: Cell, now: Now, reading: GateReading) -> None:
    """One word of the cabinet, in the phase that the gate is in."""
    cell.reading = reading
    if cell.phase is not Phase.HELD:
        doubt = find_intrusion(cell.phase, cell.ticket, reading, cell.left())
        doubt = doubt or _lasting(cell, now, find_contradiction(cell.ticket, reading, cell.left()))
        if doubt is not None:
            cell.keep(now, doubt)
    _STEPS[cell.phase](cell, now, reading)
    _watch(cell, now, reading)
    cell.told()


def _lasting(cell: Cell, now: Now, doubt: Refused | None) -> Refused | None:
    """The doubt, once it has lasted."""
    if doubt is None:
        cell.deadlines.agree_ns = None
    elif cell.deadlines.agree_ns is None:
        cell.deadlines.agree_ns = now.mono_ns + DETECTOR_MS_MAX * NS_PER_MS
    return doubt if _is_due(now, cell.deadlines.agree_ns) else None


def _watch(cell: Cell, now: Now, reading: GateReading) -> None:
    """The arm must do as told in time, and must not stand open on its own."""
    if cell.phase in (Phase.FAULT, Phase.HELD):
        return
    quiet = cell.phase in (Phase.IDLE, Phase.CHALLENGED)
    astray = quiet and reading.barrier is not Barrier.CLOSED
    broken = astray or reading.barrier is Barrier.FAULT
    if broken or _is_due(now, cell.deadlines.obey_ns):
        _fail(cell, now, reading)


def _fail(cell: Cell, now: Now, reading: GateReading) -> None:
    cell.fail(now, reading)
    _bring_down(cell, now, reading)


def _bring_down(cell: Cell, now: Now, reading: GateReading) -> None:
    """In a fault or a hold: who comes under the arm is noted, and the arm is lowered."""
    if reading.loop_occupied:
        cell.came()
    if reading.cell_vehicles is not None:
        cell.out += cell.lowering.step(now, reading, cell.may_fall(reading))


def _is_due(now: Now, deadline_ns: int | None) -> bool:
    return deadline_ns is not None and now.mono_ns >= deadline_ns


# --- after a start ---


def _unknown(cell: Cell, now: Now, reading: GateReading) -> None:
    """Nothing moves until presence is known, and the arm is down or free to fall."""
    ticket, left, inside = cell.ticket, cell.left(), reading.cell_vehicles
    if reading.barrier is Barrier.FAULT or inside is None or (ticket and left is None):
        return
    passing = ticket is not None and not left and inside == 1
    before = reading.loop_occupied or bool(reading.plate)
    if passing and before and reading.barrier is Barrier.OPEN:
        cell.rest(Outcome.STILL_OPEN)  # it may be on its way: nothing falls
        cell.deadlines.start(now)
        _open(cell, now, reading)
    elif reading.barrier is not Barrier.CLOSED or reading.loop_occupied:
        _lower_at_start(cell, now, reading, passing=passing)
    elif ticket is None:
        cell.rest(Outcome.PRESENCE_KNOWN)
    elif cell.through():
        cell.rest(Outcome.PRESENCE_KNOWN)
        cell.settle(now, ticket)
    elif passing and not before:
        cell.rest(Outcome.STILL_PASSING)
    elif passing:
        cell.rest(Outcome.PRESENCE_KNOWN)
        cell.void(ticket, Reason.PERMIT_VOID)


def _lower_at_start(cell: Cell, now: Now, reading: GateReading, *, passing: bool) -> None:
    """An arm that is up, or down onto something. Behind whoever still passes it waits."""
    may_fall = cell.may_fall(reading)
    if cell.deadlines.obey_ns is not None or (passing and isinstance(may_fall, Hold)):
        return
    cell.deadlines.obey(now)
    if may_fall is Move.CLOSE:
        cell.out.append(Act(CloseBarrier()))


# --- nobody passes ---


def _quiet(cell: Cell, now: Now, reading: GateReading) -> None:
    """Idle or challenged: the arm is down and nothing may move under it."""
    cell.passage.reading = reading
    if cell.phase is Phase.CHALLENGED and _is_due(now, cell.passage.due_ns):
        cell.go(Outcome.DENIED)
        cell.refuse_asker(cell.passage.late)
        cell.passage.end()


# --- a passage ---


def _opening(cell: Cell, now: Now, reading: GateReading) -> None:
    if reading.loop_occupied:
        _comes(cell)
    elif reading.barrier is Barrier.OPEN and cell.ticket is not None:
        cell.rest(Outcome.PROVEN_OPEN)
        fields = {"gate": cell.gate, "permit": cell.ticket.permit_id}
        cell.out.append(Report(Event.BARRIER_OPENED, fields))
        cell.grant(now, cell.ticket)


def _comes(cell: Cell) -> None:
    """Something is under the arm: the vehicle that was let go."""
    cell.rest(Outcome.UNDER_ARM)
    cell.came()


def _open(cell: Cell, now: Now, reading: GateReading) -> None:
    if reading.loop_occupied:
        _comes(cell)
    elif reading.barrier is not Barrier.OPEN:
        _fail(cell, now, reading)
    elif _is_due(now, cell.deadlines.start_ns):
        cell.deadlines.start_ns = None
        cell.go(Outcome.EXPIRED)
        cell.withdraw(Refused(Reason.PERMIT_EXPIRED))
        _withdrawn(cell, now, reading)


def _withdrawn(cell: Cell, now: Now, reading: GateReading) -> None:
    """Not used in time. Until the arm is told to fall, a vehicle on its way may still come."""
    falling = cell.deadlines.fall_ns is None
    if reading.loop_occupied and falling:
        cell.keep(now, Refused(Reason.INTRUSION, "came when its permit had expired"))
    elif reading.loop_occupied:
        _comes(cell)
    elif reading.barrier is Barrier.CLOSED and cell.ticket is not None:
        cell.rest(Outcome.UNUSED)
        cell.out.append(Report(Event.BARRIER_CLOSED, {"gate": cell.gate}))
        cell.void(cell.ticket, Reason.PERMIT_EXPIRED)
    elif _is_due(now, cell.deadlines.fall_ns):
        if cell.may_fall(reading) is Move.CLOSE:
            cell.deadlines.fall_ns = None
            cell.deadlines.obey(now)
            cell.out.append(Act(CloseBarrier()))
        elif cell.deadlines.obey_ns is None:
            cell.deadlines.obey(now)  # a wait that lasts is a fault, too


def _passing(cell: Cell, now: Now, reading: GateReading) -> None:
    ticket = cell.ticket
    if not reading.loop_occupied and ticket is not None and reading.plate == ticket.vehicle_id:
        _not_yet(cell, now, reading)
        return
    cell.deadlines.start_ns = cell.deadlines.fall_ns = None
    if not reading.loop_occupied:
        cell.go(Outcome.ARM_FREE)
        cell.deadlines.obey(now)
        if judge_closing(reading) is Move.CLOSE:
            cell.out.append(Act(CloseBarrier()))
    elif reading.barrier is Barrier.OPEN:
        cell.deadlines.obey_ns = None
    elif reading.barrier is Barrier.CLOSED:
        _fail(cell, now, reading)
    elif cell.deadlines.obey_ns is None:
        cell.deadlines.obey(now)  # still on its way up, or falling onto it


def _not_yet(cell: Cell, now: Now, reading: GateReading) -> None:
    """The loop has seen something; whom the arm was raised for is still read at its line. It may
    start at any time, and nothing falls before it until it has been told to stay.
    """
    if cell.deadlines.start_ns is None:
        cell.deadlines.start(now)
    elif _is_due(now, cell.deadlines.start_ns):
        cell.not_come()
        cell.keep(now, Refused(Reason.INTRUSION, f"under the arm, and {reading.plate} before it"))


def _clearing(cell: Cell, now: Now, reading: GateReading) -> None:
    ticket = cell.ticket
    if reading.loop_occupied:
        _comes(cell)
        return
    if reading.barrier is not Barrier.CLOSED or ticket is None:
        return
    cell.deadlines.obey_ns = None
    if cell.through():
        cell.rest(Outcome.LEFT_CELL)
        cell.out.append(Report(Event.BARRIER_CLOSED, {"gate": cell.gate}))
        cell.settle(now, ticket)
    elif not ticket.came and reading.plate == ticket.vehicle_id:
        cell.rest(Outcome.UNUSED)
        cell.void(ticket, Reason.PERMIT_VOID)


# --- nobody is served ---


def _fault(cell: Cell, now: Now, reading: GateReading) -> None:
    _bring_down(cell, now, reading)
    down = reading.barrier is Barrier.CLOSED and not reading.loop_occupied
    stays = _is_due(now, cell.deadlines.heard_ns)
    if down and stays and reading.cell_vehicles is not None:
        cell.rest(Outcome.MENDED)
        cell.out.append(Report(Event.GATE_MENDED, {"gate": cell.gate}))


def _held(cell: Cell, now: Now, reading: GateReading) -> None:
    _bring_down(cell, now, reading)
    out = reading.barrier is Barrier.CLOSED and cell.through()
    if out and cell.ticket is not None:
        cell.settle(now, cell.ticket)


_Step = Callable[[Cell, Now, GateReading], None]
_STEPS: Final[Mapping[Phase, _Step]] = {
    Phase.UNKNOWN: _unknown,
    Phase.IDLE: _quiet,
    Phase.CHALLENGED: _quiet,
    Phase.OPENING: _opening,
    Phase.OPEN: _open,
    Phase.WITHDRAWN: _withdrawn,
    Phase.PASSING: _passing,
    Phase.CLEARING: _clearing,
    Phase.FAULT: _fault,
    Phase.HELD: _held,
}
