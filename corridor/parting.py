"""Parting: a convoy loses a member that is silent, stopped or sent elsewhere.

Pure. The lost member is a convoy of its own, whoever drives behind it is another with a leader of
its own, and each keeps its share of what the convoy holds: holders are renamed, nothing is given
and nothing is freed. Not here: when a member counts as lost, who follows whom (formation.py).
"""

from contract.events import Event
from contract.reasons import Reason
from corridor.records import Mission
from corridor.state import State


def members_of(state: State, convoy: str) -> list[Mission]:
    """Missions of a convoy that are under way, leader first."""
    found = [mission for mission in state.missions.values() if mission.convoy == convoy]
    return sorted(found, key=lambda mission: mission.turn)


def part(state: State, lost: Mission, reason: Reason) -> None:
    """Part a convoy at a member: those ahead of it, the member alone, those behind it."""
    convoy = lost.convoy
    members = [mission.vehicle for mission in members_of(state, convoy)]
    if len(members) < 2:
        return
    place = members.index(lost.vehicle)
    ahead, behind = members[:place], members[place + 1 :]
    rest = f"{convoy}/{behind[0]}" if behind else ""
    state.say(Event.CONVOY_PARTED, convoy=convoy, vehicle=lost.vehicle, rest=rest, reason=reason)
    _name(state, ahead, convoy)
    _name(state, [lost.vehicle], f"{convoy}/{lost.vehicle}")
    _name(state, behind, rest)


def _name(state: State, vehicles: list[str], convoy: str) -> None:
    """These vehicles are this convoy, with all that each of them holds."""
    for vehicle in vehicles:
        mission = state.missions[state.mission_of[vehicle]]
        mission.formation = vehicles
        mission.convoy = convoy
        for zone in state.zones.held_by(vehicle):
            state.zones.rename(zone, vehicle, convoy)
        state.save(mission)
        state.dirty[mission.mission_id] = None
