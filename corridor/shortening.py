"""Shortening: road that was given is asked back, and is free once the truck has said yes.

Pure. When a section is closed, trucks that have road into it and are not in it yet are asked to end
before it. A truck says yes only if it still stops there; until it has said so, and if it says no,
the old end stays protected, zone by zone. Not here: the truck's own judgement (vehicle/guard.py),
what is closed to whom (closures.py). Requirement: SUP-043 in docs/SAFETY.md.
"""

from collections.abc import Collection

from contract.agent import Now
from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import AuthorityReply, Shortening
from corridor.bars import CLIMBING
from corridor.grants import Grants
from corridor.groups import together
from corridor.records import Mission
from corridor.state import State


class Shortenings:
    """Asks for road back, and takes it when the answer is yes."""

    def __init__(self, state: State, grants: Grants) -> None:
        self._state = state
        self._grants = grants

    def ask(self, mission: Mission, zones: Collection[str], how: Shortening) -> bool:
        """Ask a truck to end before the first of these zones; whether there was such an end.

        None for who is in one of them, or past where a whole truck could stand before them.
        """
        had = self._had_before(mission, zones)
        return had is not None and self._grants.shorten(mission, had, how)

    def _had_before(self, mission: Mission, zones: Collection[str]) -> int | None:
        """How many zones of its route a truck keeps that is to end before these."""
        state = self._state
        heard = state.heard.get(mission.vehicle)
        if mission.asked or heard is None or not heard.reported or heard.silent:
            return None
        spans = state.route(mission).zone_spans
        entered = {zone for zone in zones if self._is_in(zone, mission.vehicle)}
        at = next((i for i, span in enumerate(spans) if heard.front_m < span[2]), len(spans))
        if entered or not any(zone in zones for zone, _, _ in spans[at : mission.next_span]):
            return None
        index = at + 1
        while index < mission.next_span:
            group = together(
                state, mission, spans, index, forks=self._grants.forks, radio_gap=False
            )
            if any(spans[each][0] in zones for each in group):
                return index
            index = group[-1] + 1
        return None

    def _is_in(self, zone: str, vehicle: str) -> bool:
        row = self._state.zones.zones.get(zone)
        return row is not None and any(
            each.vehicle == vehicle and each.entered for each in row.holders
        )

    def answered(self, now: Now, vehicle: str, reply: AuthorityReply) -> None:
        """What a truck says to an authority."""
        state = self._state
        reason = Reason.__members__.get(reply.reason, "")
        heard, mission_id = state.heard.get(vehicle), reply.mission_id
        if heard is not None and isinstance(reason, Reason) and reason in CLIMBING:
            heard.declined = (reply.number, reason)
            state.dirty[mission_id] = None
        state.say(
            Event.AUTHORITY_ANSWERED,
            vehicle=vehicle,
            number=reply.number,
            accepted=reply.accepted,
            reason=reason,
        )
        mission = state.missions.get(mission_id)
        if mission is not None and mission.vehicle == vehicle and mission.asked == reply.number:
            self._settle(mission, accepted=reply.accepted)

    def _settle(self, mission: Mission, *, accepted: bool) -> None:
        """The question is answered: the road is given back, or stays what it was."""
        state = self._state
        if accepted:
            mission.end_m = mission.asked_m
            places = [place for place in (mission.berth, mission.place) if place]
            reserved = {state.map.lanes[state.place_lane(place)].zone for place in places}
            spans = state.route(mission).zone_spans
            for zone, _, _ in spans[mission.asked_span : mission.next_span]:
                if zone not in reserved and mission.vehicle in state.zones.holders(zone):
                    state.zones.surrender(zone, mission.vehicle)
                    state.free(zone, mission.vehicle, mission.convoy, "given back")
            mission.next_span = min(mission.next_span, mission.asked_span)
        mission.asked = 0
        state.save(mission)
        state.dirty[mission.mission_id] = None
