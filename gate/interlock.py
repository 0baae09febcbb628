"""Barrier interlock: may this gate's barrier move, and if not, why. (vital)

Pure. In: the cabinet's newest word, the permit in force. Out: `Move` or `Hold(reason)`. Opens only
with one consumed permit for the one vehicle that is in the cell. Closes only over a free loop, and
not while a second vehicle is somewhere in the cell where nobody reads it; before a vehicle that
was let go and has not come, only while it is read at its line or has gone. A vehicle that stands
under an arm may be let on only while that is open; the arm does not move for it. Below all this
the hardware closes once the cell is empty. Not here: sockets, clocks, retries (arm.py, live/); who
may have a permit (passage.py); whose turn it is (corridor/). Requirements: GATE-003, GATE-004,
GATE-018 in docs/SAFETY.md.
"""

from dataclasses import dataclass
from enum import Enum

from contract.reasons import Reason
from gate.orders import Barrier, GateReading


class Move(Enum):
    """What the arm may do now."""

    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Hold:
    """The arm stays as it is."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Consumed:
    """A permit that was written down as used, and for whom."""

    permit_id: str
    vehicle_id: str


def judge_opening(reading: GateReading, permit: Consumed | None) -> Move | Hold:
    """Whether the arm may rise. GATE-003."""
    if permit is None or not permit.permit_id or not permit.vehicle_id:
        return Hold(Reason.PERMIT_PENDING, "no permit was consumed")
    if reading.barrier is Barrier.FAULT:
        return Hold(Reason.BARRIER_FAULT, "contacts disagree")
    if reading.cell_vehicles is None:
        return Hold(Reason.PRESENCE_UNKNOWN)
    if reading.cell_vehicles != 1:
        return Hold(Reason.NOT_IN_CELL, f"{reading.cell_vehicles} vehicles in the cell")
    if reading.plate != permit.vehicle_id:
        return Hold(Reason.PLATE_MISMATCH, f"{reading.plate or 'nothing'} read")
    if reading.loop_occupied:
        return Hold(Reason.ARM_OBSTRUCTED, f"while {reading.plate} is read at its line")
    return Move.OPEN


def judge_closing(reading: GateReading) -> Move | Hold:
    """Whether the arm may fall. GATE-004: never onto an object."""
    if reading.loop_occupied:
        return Hold(Reason.ARM_OBSTRUCTED)
    if reading.cell_vehicles is not None and reading.cell_vehicles > 1 and not reading.plate:
        return Hold(Reason.INTRUSION, f"{reading.cell_vehicles} in the cell, none at the line")
    return Move.CLOSE


def judge_lowering(reading: GateReading, vehicle: str) -> Move | Hold:
    """Whether the arm may fall before a vehicle that was let go and has not been under it.
    GATE-004: between its line and the arm nothing proves where it is.
    """
    closing = judge_closing(reading)
    if isinstance(closing, Hold):
        return closing
    if reading.cell_vehicles is None:
        return Hold(Reason.PRESENCE_UNKNOWN)
    if reading.cell_vehicles > 0 and reading.plate != vehicle:
        return Hold(Reason.PRESENCE_UNKNOWN, f"{vehicle} is not read at its line")
    return Move.CLOSE


def judge_letting_on(reading: GateReading, permit: Consumed | None) -> Hold | None:
    """Whether the vehicle under the arm may drive on, as it was let go before; None: it may.
    GATE-018: the arm is told nothing.
    """
    if permit is None or not permit.permit_id or not permit.vehicle_id:
        return Hold(Reason.PERMIT_PENDING, "no permit was consumed")
    if reading.barrier is not Barrier.OPEN:
        return Hold(Reason.BARRIER_FAULT, f"the arm is {reading.barrier.value}")
    if not reading.loop_occupied:
        return Hold(Reason.NOT_IN_CELL, "nothing is under the arm")
    if reading.cell_vehicles is None:
        return Hold(Reason.PRESENCE_UNKNOWN)
    if reading.cell_vehicles != 1:
        return Hold(Reason.GATE_BUSY, f"{reading.cell_vehicles} in the cell")
    return None
