"""Berth changes: who is on its way to a berth that another does not leave is sent to a free one.

Pure. Not here: which berths there are (berths.py), who sets off (dispatch.py).
"""

from collections.abc import Mapping, Sequence

from contract.events import Event
from contract.map import Berth
from corridor import berths
from corridor.charging import Charging
from corridor.mission_orders import tell_mission
from corridor.planning import stops_of
from corridor.records import Mission
from corridor.state import State


class BerthChanges:
    """Gives missions another end."""

    def __init__(
        self,
        state: State,
        arrivals: Mapping[str, Sequence[Berth]],
        able: berths.Able,
        charging: Charging,
    ) -> None:
        """`arrivals`: berths by direction; `able`: who lacks nothing but a berth to leave."""
        self._state = state
        self._arrivals = arrivals
        self._able = able
        self._charging = charging

    def consider(self, mission: Mission) -> None:
        """Who is under way to a berth that another does not leave is sent to one that is free."""
        state = self._state
        berth = state.map.berths.get(mission.berth)
        if berth is None or not mission.accepted or mission.arrived or mission.place:
            return
        if mission.vehicle in state.zones.holders(berth.zone) or state.zones.is_free(berth.zone):
            return
        wait = state.waits.get(mission.vehicle)
        asks = wait is not None and wait.resource == berth.zone
        if not asks and berths.is_left(state, berth, self._able):
            return
        for other in berths.free(state, self._arrivals[mission.direction]):
            lanes = self._lanes_to(mission, other)
            crossing = state.crossings[mission.crossing]
            if lanes and self._charging.suits(crossing, other, lanes):
                self._change_berth(mission, other, lanes)
                return

    def _lanes_to(self, mission: Mission, berth: str) -> list[str]:
        """Lanes to another berth, from where road is given already; none if there is no way."""
        state = self._state
        route = state.route(mission)
        last_m = route.zone_spans[max(0, mission.next_span - 1)][2]
        starts = zip(mission.lanes, route.starts_m, strict=True)
        head = [lane for lane, at_m in starts if at_m < last_m - 1e-6]
        tail = state.way(head[-1], berth, None) if head else ()
        return [*head, *tail[1:]] if tail else []

    def _change_berth(self, mission: Mission, berth: str, lanes: list[str]) -> None:
        """The same mission with another end, under a new version."""
        state, before = self._state, mission.berth
        there = state.map.berths[berth]
        claim = state.claim(mission)
        if state.zones.allocate(there.zone, claim) is not None:
            return
        mission.lanes, mission.berth = lanes, berth
        end = stops_of(state.map, tuple(lanes), berth, bay=None, services={})[-1]
        mission.stops = [*mission.stops[:-1], end]
        mission.version += 1
        state.save(mission)
        state.dirty[mission.mission_id] = None
        state.say(Event.BERTH_CHANGED, vehicle=mission.vehicle, berth=berth, before=before)
        tell_mission(state, mission)
