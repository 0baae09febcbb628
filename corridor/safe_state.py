"""Safe states: can everybody still get to the end, one after the other, if this zone is given?

Pure. The banker's rule on fixed ways: a zone is given only if some order is left in which all
trucks can finish, each over the rest of its way, with what those before it have given back. A truck
that holds road ahead of itself can always go to the end of it; so what counts as held is the last
of its zones that have room for it, and the places that are kept for it ahead. What people or
offices will lift - doubt, closures, trucks at rest - is no deadlock, and does not count.

Only zones that are come to from more than one zone are judged: into any other nobody can get but
over the one before it, which whoever asks has already. Not here: whether a zone is free
(interlocking.py); rings that are there all the same (rings.py).
Source: Dijkstra's banker with known needs; Kalinovcic, Petrovic, Bogdan and Bobanac, IEEE CASE
2011, for fixed routes. Requirement: SUP-036 in docs/SAFETY.md.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contract.map import CorridorMap, ZoneKind
from contract.reasons import Reason
from contract.route import Route
from corridor.groups import STANDING_ROOM_M
from corridor.records import Mission
from corridor.state import No, State

_PLACES: Final = (ZoneKind.BERTH, ZoneKind.BAY)


@dataclass(frozen=True, slots=True)
class Way:
    """One truck: what it has, and what it still needs, in any order."""

    vehicle: str
    holds: Collection[str]
    needs: Collection[str]


def stuck(ways: Sequence[Way]) -> list[str]:
    """Trucks that cannot finish in any order, in the order given; none if the state is safe.

    Work: once through all holds and needs.
    """
    holders: dict[str, set[str]] = {}
    for way in ways:
        for zone in way.holds:
            holders.setdefault(zone, set()).add(way.vehicle)
    missing = {
        way.vehicle: {zone for zone in way.needs if holders.get(zone, set()) - {way.vehicle}}
        for way in ways
    }
    wanted_by: dict[str, list[str]] = {}
    for vehicle, zones in missing.items():
        for zone in zones:
            wanted_by.setdefault(zone, []).append(vehicle)
    holds = {way.vehicle: way.holds for way in ways}
    able = deque(vehicle for vehicle, zones in missing.items() if not zones)
    done: set[str] = set()
    while able:
        vehicle = able.popleft()
        done.add(vehicle)
        for zone in holds[vehicle]:
            holders[zone].discard(vehicle)
            for other in wanted_by.get(zone, ()):
                if zone in missing[other] and not holders[zone] - {other}:
                    missing[other].remove(zone)
                    if not missing[other]:
                        able.append(other)
    return [way.vehicle for way in ways if way.vehicle not in done]


def judged_zones(corridor: CorridorMap) -> frozenset[str]:
    """Zones that are come to from more than one other zone, and places where trucks stay."""
    before: dict[str, set[str]] = {zone: set() for zone in corridor.zones}
    for lane in corridor.lanes.values():
        for name in lane.successors:
            after = corridor.lanes[name].zone
            if after != lane.zone:
                before[after].add(lane.zone)
    return frozenset(
        zone.id
        for zone in corridor.zones.values()
        if len(before[zone.id]) > 1 or zone.one_lane or zone.kind in _PLACES
    )


class SafeState:
    """The voter: no zone whose giving leaves somebody without a way to the end."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._judged = judged_zones(state.map)
        self._places = [
            *(berth.zone for berth in state.map.berths.values()),
            *(bay.zone for bay in state.map.bays.values()),
        ]

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """Whether all can still finish once `mission` has its route's zone `index`."""
        zone = route.zone_spans[index][0]
        if zone not in self._judged:
            return None
        kept = self._kept()
        ways = [
            self._way(other, self._state.route(other), other.next_span, kept)
            for other in self._state.missions.values()
            if other is not mission and not other.arrived
        ]
        ways.append(self._way(mission, route, index + 1, kept))
        left = stuck(ways)
        if mission.vehicle not in left:
            return None
        other = next((each for each in left if each != mission.vehicle), "")
        return No(Reason.WOULD_DEADLOCK, zone, other)

    def _kept(self) -> Mapping[str, list[str]]:
        """Berths and bays that are kept for somebody, by vehicle."""
        kept: dict[str, list[str]] = {}
        for zone in self._places:
            for vehicle in self._state.zones.holders(zone):
                kept.setdefault(vehicle, []).append(zone)
        return kept

    def _way(self, mission: Mission, route: Route, had: int, kept: Mapping[str, list[str]]) -> Way:
        """A truck that has the first `had` zones of its route, gone to the end of them."""
        spans = route.zone_spans
        holds: list[str] = []
        room_m = 0.0
        for zone, start_m, end_m in reversed(spans[mission.cleared : had]):
            if room_m >= STANDING_ROOM_M:
                break
            holds.append(zone)
            room_m += end_m - start_m
        behind = {zone for zone, _, _ in spans[:had]}
        ahead = [zone for zone in kept.get(mission.vehicle, ()) if zone not in behind]
        return Way(mission.vehicle, (*holds, *ahead), [zone for zone, _, _ in spans[had:]])
