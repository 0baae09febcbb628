"""Detours: round a closed section by another way that the map has, for whoever has not entered it.

Pure. A truck whose way leads through zones that are closed to it, and that is given none of them
yet, gets the shortest way without them, if there is one; it keeps all that it holds. When the
section is open again, whoever has not come to the fork yet gets the shorter way back. So the other
lane is worked in both directions, and its token (token.py) says whose turn it is.
Not here: closures (closures.py), bays (diversion.py). Requirement: SUP-040 in docs/SAFETY.md.
"""

from contract.events import Event
from contract.map import RouteError
from corridor.closures import Closures
from corridor.mission_orders import tell_mission
from corridor.planning import stops_of, way
from corridor.records import Mission
from corridor.state import State


class Detours:
    """Gives trucks another way, and the old one back."""

    def __init__(self, state: State, closures: Closures) -> None:
        self._state = state
        self._closures = closures
        self._detoured: dict[str, None] = {}  # missions; one that a restart forgets stays as it is

    def consider(self, mission: Mission) -> None:
        """Look at one truck."""
        closed = self._closures.closed_to(mission)
        if not (closed or mission.mission_id in self._detoured) or not mission.accepted:
            return
        if mission.arrived or (mission.place and mission.place not in mission.done):
            return
        ahead = {zone for zone, _, _ in self._state.route(mission).zone_spans[mission.next_span :]}
        if mission.mission_id not in self._detoured and not ahead & closed:
            return
        lanes = self._lanes(mission, closed)
        if lanes and lanes != mission.lanes:
            self._send(mission, lanes)

    def _lanes(self, mission: Mission, closed: frozenset[str]) -> list[str]:
        """The shortest way from where road is given already; none if there is no such way."""
        state = self._state
        route = state.route(mission)
        last_m = route.zone_spans[max(0, mission.next_span - 1)][2]
        starts = zip(mission.lanes, route.starts_m, strict=True)
        head = [lane for lane, at_m in starts if at_m < last_m - 1e-6]
        zones = state.map.zones
        shut = {lane for zone in closed for lane in zones[zone].lanes} - set(head)
        try:
            tail = way(state.map, head[-1], mission.berth, None, avoid=shut) if head else ()
        except RouteError:
            return []
        return [*head, *tail[1:]] if tail else []

    def _send(self, mission: Mission, lanes: list[str]) -> None:
        state = self._state
        services = {f"place/{stop.place}": True for stop in mission.stops}
        bay = mission.place or None
        mission.lanes = lanes
        mission.stops = stops_of(state.map, tuple(lanes), mission.berth, bay=bay, services=services)
        mission.version += 1
        self._detoured[mission.mission_id] = None
        state.save(mission)
        state.say(
            Event.VEHICLE_DETOURED,
            vehicle=mission.vehicle,
            crossing=mission.crossing,
            zones=" ".join(zone for zone, _, _ in state.route(mission).zone_spans),
        )
        tell_mission(self._state, mission)

    def over(self) -> None:
        """Forget missions that are over."""
        for mission_id in [each for each in self._detoured if each not in self._state.missions]:
            del self._detoured[mission_id]
