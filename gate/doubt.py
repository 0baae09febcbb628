"""Doubt: does what loop, counters and cell say together fit one vehicle with one permit?

Pure. In: the phase, the permit in force, the cabinet's word, how many were counted out. Out: None,
or `Refused(reason)` - then the gate serves nobody until a person has looked. A contradiction that
one late signal explains has DETECTOR_MS_MAX to go away. Not here: what follows (cell.py).
Requirements: GATE-010 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import Refused
from contract.reasons import Reason
from gate.orders import Barrier, GateReading
from gate.passage import Ticket
from gate.phases import Phase

DETECTOR_MS_MAX: Final = 5_000

_BEFORE_ARM: Final = frozenset({Phase.OPENING, Phase.OPEN, Phase.WITHDRAWN})
_BEHIND_ARM: Final = frozenset({Phase.PASSING, Phase.CLEARING, Phase.FAULT})


def find_intrusion(
    phase: Phase, ticket: Ticket | None, reading: GateReading, left: int | None
) -> Refused | None:
    """Somebody more than the one vehicle with the one permit, or a detector that cannot be right.

    left   vehicles counted out of the cell since the permit was consumed; without one, since the
    last word. None: the counter says nothing.
    """
    gone = left or 0
    if ticket is None:
        if gone > 0:
            return Refused(Reason.INTRUSION, f"{gone} left the cell without a permit")
        return None
    if gone > 1:
        return Refused(Reason.INTRUSION, f"{gone} left the cell on {ticket.permit_id}")
    inside = reading.cell_vehicles
    open_now = reading.barrier is not Barrier.CLOSED or phase is Phase.UNKNOWN
    if inside is not None and inside > 1 and open_now and not gone:
        return Refused(Reason.INTRUSION, f"{inside} in the cell on {ticket.permit_id}")
    if gone and phase in _BEFORE_ARM:
        return Refused(Reason.DETECTOR_FAULT, f"{ticket.vehicle_id} left, and was never seen below")
    if gone and reading.loop_occupied and phase in _BEHIND_ARM:
        if inside:
            return Refused(Reason.INTRUSION, f"under the arm behind {ticket.vehicle_id}")
        return Refused(Reason.DETECTOR_FAULT, "something below the arm of an empty cell")
    return None


def find_contradiction(
    ticket: Ticket | None, reading: GateReading, left: int | None
) -> Refused | None:
    """What detectors should soon agree on: a vehicle let go is in the cell, or was counted out; one
    that is read at its line was not counted out, nor under an arm that has closed behind it.
    """
    if ticket is None:
        return None
    if reading.plate == ticket.vehicle_id:
        if left:
            return Refused(Reason.DETECTOR_FAULT, f"{reading.plate} was counted out, and is here")
        down = reading.barrier is Barrier.CLOSED and not reading.loop_occupied
        if ticket.came and down:
            return Refused(Reason.DETECTOR_FAULT, f"another was under the arm than {reading.plate}")
    if (left or 0) > 0:
        return None
    if left is None:
        return Refused(Reason.DETECTOR_FAULT, "no word of the exit counter")
    if reading.cell_vehicles is not None and reading.cell_vehicles < 1:
        return Refused(Reason.DETECTOR_FAULT, f"{ticket.vehicle_id} is gone and was not counted")
    return None
