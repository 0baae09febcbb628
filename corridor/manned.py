"""Manned vehicles: they drive by sight in a possession of their own, and hold what they drive in.

Pure. The taker of a possession that is clear may drive a vehicle into zones of it, by its word; it
holds them as a truck would, behind whoever stays there, or before them if it comes against their
direction, and counters count it out. What it has left
by its word is free once the counter agrees, or somebody has proven the zone. No possession is given
back while its taker's vehicle holds a zone of it. Not here: possessions (closures.py), proofs
(proofs.py), what moves it. Requirement: SUP-042 in docs/SAFETY.md.
"""

from typing import Final

from contract.events import Event
from contract.reasons import Reason
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.v1.movement_pb2 import OperatorCommand
from corridor.closures import Closures
from corridor.interlocking import Claim
from corridor.state import State

MASS_KG: Final = 12_000  # the heaviest that people come with
_WAYS: Final = {DIRECTION_EAST: "E", DIRECTION_WEST: "W"}


def enter(
    state: State, closures: Closures, operator: str, command: OperatorCommand
) -> Reason | None:
    """Its vehicle drives into all of these zones, or into none; the reason why not."""
    zones = list(command.zones)
    possession = closures.taken_by(operator, command.stop_id)
    if possession is None or not set(zones) <= set(possession.zones):
        return Reason.SECTION_CLOSED
    if not zones:
        return Reason.MALFORMED
    if not possession.clear:
        return Reason.ZONE_OCCUPIED
    claims = [(zone, _claim(state, operator, command, zone)) for zone in zones]
    for zone, claim in claims:
        denied = state.zones.judge(zone, claim)
        if denied is not None:
            return denied.reason
    for zone, claim in claims:
        if operator not in state.zones.holders(zone):
            state.zones.allocate(zone, claim)
            state.say(Event.ZONE_ALLOCATED, zone=zone, vehicle=operator, convoy=claim.convoy)
            if _WAYS.get(command.direction, claim.direction) != claim.direction:
                state.zones.goes_first(zone, operator)
        state.zones.entered(zone, operator)
    return None


def _claim(state: State, operator: str, command: OperatorCommand, zone: str) -> Claim:
    """As one more beside whoever stays there: theirs are convoy and direction."""
    row = state.zones.zones.get(zone)
    others = [each for each in row.holders if each.vehicle != operator] if row is not None else []
    direction = others[0].direction if others else _WAYS.get(command.direction, "")
    convoy = others[0].convoy if others else operator
    return Claim(operator, convoy, direction, MASS_KG, tuple(each.vehicle for each in others))


def leave(state: State, operator: str, command: OperatorCommand) -> Reason | None:
    """Its vehicle has left these zones, by its word."""
    zones = list(command.zones)
    if not zones or not all(zone in state.zones.rules for zone in zones):
        return Reason.MALFORMED
    for zone in zones:
        if state.zones.reported(zone, operator):
            proof = "report and counter" if state.zones.rules[zone].wired else "report"
            state.free(zone, operator, operator, proof)
    return None
