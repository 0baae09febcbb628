"""Batches: trucks of one waybill cross together or wait together.

Pure. A truck of a batch sets off, and is given road past its exit gate, only while every other
truck of it is known, loaded and released by both offices, or is over already; whoever is not is
named. One that was refused past the line has crossed, and keeps nobody. Road that was granted is
not taken back: who has road past the gate goes on, and is never stopped in the boundary section;
so it is given only at the gate's line (customs.py), where the truck uses it at once. A
truck that is to be inspected goes to its bay alone. Not here: what an office wants of a truck
(grants.py), convoys (dispatch.py).
Requirements: SUP-022 in docs/SAFETY.md.
"""

from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from corridor.clearance import clearance_missing
from corridor.records import Crossing
from corridor.state import No, State


def note(state: State, crossing: Crossing) -> None:
    """A crossing says of which batch it is: of each truck the newest that is not over counts."""
    if not crossing.batch or crossing.return_of:
        return
    of_truck = state.batches.setdefault((crossing.batch, crossing.direction), {})
    before = state.crossings.get(of_truck.get(crossing.vehicle, ""))
    if before is None or before.outcome or before.batch != crossing.batch:
        of_truck[crossing.vehicle] = crossing.crossing_id


def members(state: State, crossing: Crossing) -> list[Crossing]:
    """All crossings of its batch that are known, itself among them; itself alone if it has none."""
    if not crossing.batch or crossing.return_of:
        return [crossing]
    of_truck = state.batches.get((crossing.batch, crossing.direction), {})
    found = [state.crossings[name] for name in of_truck.values()]
    return [each for each in found if each.batch == crossing.batch] or [crossing]


def is_batch(state: State, crossing: Crossing) -> bool:
    """Whether a truck is one of several."""
    return max(each.batch_size for each in members(state, crossing)) > 1


def incomplete(state: State, crossing: Crossing) -> No | None:
    """Which other truck of its batch may not go, and why; None if all may."""
    if not crossing.batch or crossing.return_of:
        return None
    batch = members(state, crossing)
    size = max(each.batch_size for each in batch)
    if len(batch) < size:
        known = f"batch {crossing.batch}: {len(batch)} of {size} declared"
        return No(Reason.BATCH_INCOMPLETE, known, "terminal")
    for other in sorted(batch, key=lambda each: each.crossing_id):
        if other is not crossing:
            why = _kept_back(other)
            if why is not None:
                return held_up_by(other, why)
    return None


def held_up_by(other: Crossing, why: No) -> No:
    """A truck waits for another one of its batch, and so for whoever keeps that one."""
    about = f"{other.crossing_id} {other.vehicle}: {why.reason.name}"
    return No(Reason.BATCH_INCOMPLETE, about, why.holder)


def _kept_back(other: Crossing) -> No | None:
    """Why a truck may not cross now, as far as papers and loading go."""
    if other.outcome == "cleared" or (other.refused and other.step >= CUSTODY_STEP_EXITED):
        return None  # it has crossed; that it is taken back is nothing that the rest could wait for
    if other.refused or other.outcome:
        return No(Reason.REFUSED, other.crossing_id, f"office {other.refused_by}".strip())
    if not other.ready:
        return No(Reason.NOT_READY, other.crossing_id, "terminal")
    if other.adverse:
        return No(Reason.INSPECTION_PENDING, other.crossing_id, "office")
    return clearance_missing(other)


def stir(state: State, crossing: Crossing) -> None:
    """Something about a crossing has changed: look at every truck of its batch."""
    for each in members(state, crossing):
        if each.mission in state.missions:
            state.dirty[each.mission] = None
