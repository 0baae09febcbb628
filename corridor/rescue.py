"""Rescue: what a crew says of the trucks that stay in its possession.

Pure. A truck whose lock the crew holds and whose computer it has switched off has no authority any
more: after a start there is none. So the road ahead that it has not entered is taken back from it,
as soon as the supervisor does not hear it either; what it stands in, by its own last word or by the
crew's, stays locked (a crew names the zone ahead too where its limit is near). Without this a dead
truck would keep the room behind the section for itself. What somebody behind it holds as well it
keeps: given to that one alone, neither could ever go on.
Not here: possessions (closures.py), locks (locks.py). Requirement: SUP-041 in docs/SAFETY.md.
"""

from contract.events import Event
from contract.limits import LANE_OVERLAP_M
from contract.reasons import Reason
from contract.v1.movement_pb2 import OperatorCommand
from corridor.closures import Closures
from corridor.interlocking import Claim
from corridor.locks import PersonnelLocks
from corridor.records import Mission
from corridor.state import State


def switched_off(
    state: State,
    closures: Closures,
    locks: PersonnelLocks,
    *,
    operator: str,
    command: OperatorCommand,
) -> Reason | None:
    """A crew has switched the target off, which stands in these zones; or why it does not count."""
    vehicle, zones = command.target, list(command.zones)
    mission = state.missions.get(state.mission_of.get(vehicle, ""))
    if mission is None or not zones or not all(zone in state.zones.rules for zone in zones):
        return Reason.MALFORMED
    if not closures.keeps(operator, vehicle):
        return Reason.SECTION_CLOSED
    if not locks.held_by(operator, vehicle):
        return Reason.PERSON_AT_TRUCK
    heard = state.heard.get(vehicle)
    if heard is not None and not heard.silent:
        return Reason.STILL_HEARD
    spans = [zone for zone, _, _ in state.route(mission).zone_spans]
    if any(zone not in spans for zone in zones):
        return Reason.NOT_ON_ROUTE
    _take_back(state, mission, spans, zones)
    return None


def _take_back(state: State, mission: Mission, spans: list[str], zones: list[str]) -> None:
    """What lies ahead of where it stands, and was never entered, is nobody's again."""
    vehicle = mission.vehicle
    for zone in zones:
        claim = Claim(vehicle, mission.convoy, mission.direction, mission.mass_kg)
        if vehicle in state.zones.holders(zone):
            state.zones.entered(zone, vehicle)
        elif not state.zones.found(zone, claim):
            cause = f"{vehicle} was found in it"
            state.say(Event.ZONE_BECAME_UNKNOWN, zone=zone, cause=cause)
    entered = set(state.zones.entered_by(vehicle))
    first = 1 + max(index for index, zone in enumerate(spans) if zone in entered)
    for index in range(first, mission.next_span):
        holders = state.zones.holders(spans[index])
        if vehicle in holders and holders[-1] != vehicle:
            first = index + 1  # who stands behind it holds it too, and could not let it by
    if first >= mission.next_span:
        return
    for zone in spans[first : mission.next_span]:
        state.zones.surrender(zone, vehicle)
        state.free(zone, vehicle, mission.convoy, "never entered")
    mission.next_span = first
    mission.end_m = state.route(mission).zone_spans[first - 1][2] - LANE_OVERLAP_M
    state.save(mission)
    state.say(Event.ROAD_TAKEN_BACK, vehicle=vehicle, zones=" ".join(spans[first:]))
    state.dirty.update(dict.fromkeys(state.missions))
