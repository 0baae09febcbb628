"""Bars: what forbids a truck any more road at all, allocated or not.

Pure. A halt, a stop, silence, an open finding, a stop for a revocation, a grade under a standing
truck, an authority that it has refused. Not here: how far it may go otherwise (grants.py).
Requirements: SUP-016, SUP-017, SUP-018 in docs/SAFETY.md.
"""

from typing import Final

from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from contract.v1.movement_pb2 import VEHICLE_STATE_STOPPED
from corridor.clearance import clearance_missing, return_pending
from corridor.climbing import Climbing
from corridor.records import Mission
from corridor.state import No, State

CLIMBING: Final = frozenset({Reason.GRADE_TOO_STEEP, Reason.CANNOT_START_HERE})


def barred(state: State, climbing: Climbing, mission: Mission) -> No | None:
    """The first of all bars of this truck, or None."""
    crossing, vehicle = state.crossings[mission.crossing], mission.vehicle
    for stop_id, halt in state.halts.items():
        if halt.vehicle == vehicle:
            return No(Reason[halt.reason], stop_id, vehicle)
    for stop in state.stops.values():
        if vehicle in stop.vehicles:
            return No(Reason.STOP_IN_FORCE, stop.stop_id, stop.issuer)
    heard = state.heard[vehicle]
    if heard.silent:
        return No(Reason.VEHICLE_SILENT, vehicle)
    if crossing.adverse:
        return No(Reason.INSPECTION_PENDING, crossing.crossing_id, "office")
    if crossing.seal_wants:
        office = f"office {crossing.seal_wants[0]}"
        return No(Reason.SEAL_TAMPERED, crossing.crossing_id, office)
    if heard.doubted:
        return No(Reason.POSITION_DOUBTED, vehicle, vehicle)
    kept = state.kept.get(mission.mission_id)
    if kept is not None:
        return kept
    if heard.halted is not None and heard.state == VEHICLE_STATE_STOPPED:
        if crossing.refused and crossing.step >= CUSTODY_STEP_EXITED:
            return return_pending(state, crossing)
        missing = clearance_missing(crossing) if heard.halted is Reason.RELEASE_REVOKED else None
        return missing or No(heard.halted, vehicle, vehicle)
    lane = climbing.stuck(mission, state.route(mission), heard.front_m) if heard.standing else ""
    if lane:
        return No(Reason.CANNOT_START_HERE, lane, vehicle)
    if heard.declined is not None and heard.declined[0] == mission.number:
        return No(heard.declined[1], vehicle, vehicle)
    return None
