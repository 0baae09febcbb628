"""Proofs by people: somebody has looked at a zone, and says that it is as the supervisor knows it.

Pure. It lifts a doubt, and stands in for a counter that has missed a truck which says itself that
it has left: nothing else frees what a dead counter keeps. Who stands in the zone by its own word,
or is still to enter it, keeps it: a proof alone frees nobody's road. Attributable, and said.
Requirement: SUP-005 in docs/SAFETY.md.
"""

from contract.events import Event
from contract.reasons import Reason
from corridor.interlocking import Holder
from corridor.state import State


def prove(state: State, zone: str, operator: str) -> Reason | None:
    """Take somebody's word for a zone; the reason if there is no such zone."""
    if zone not in state.zones.rules:
        return Reason.MALFORMED
    state.zones.proven(zone)
    row = state.zones.zones.get(zone)
    for holder in list(row.holders) if row is not None else ():
        if holder.counted:
            continue
        if not _says_it_left(state, holder):
            break  # who is behind it in the zone cannot have left before it
        state.zones.counted(zone, holder.direction)
        if holder.vehicle not in state.zones.holders(zone):
            state.free(zone, holder.vehicle, holder.convoy, operator)
    state.say(Event.ZONE_PROVEN_FREE, zone=zone, proof=operator)
    state.dispatch_due = True
    state.dirty.update(dict.fromkeys(state.missions))
    return None


def _says_it_left(state: State, holder: Holder) -> bool:
    """Whether a truck says that its rear has left; a report that waits for the counter says so."""
    heard = state.heard.get(holder.vehicle)
    unbelieved = heard is not None and heard.unbelieved is not None
    return holder.entered and (holder.reported or unbelieved)
