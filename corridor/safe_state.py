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
from graphlib import CycleError, TopologicalSorter
from typing import Final

from contract.map import CorridorMap, ZoneKind
from contract.reasons import Reason
from contract.route import Route
from corridor.groups import STANDING_ROOM_M, Span
from corridor.records import Mission
from corridor.state import No, State

_PLACES: Final = (ZoneKind.BERTH, ZoneKind.BAY)
_PASSED: Final = (ZoneKind.BOUNDARY, ZoneKind.GATE_CELL)
_ROUTES_MAX: Final = 4_096


@dataclass(frozen=True, slots=True)
class Way:
    """One truck: what it has, and what it still needs, in any order."""

    vehicle: str
    holds: Collection[str]
    needs: frozenset[str]


def stuck(ways: Sequence[Way]) -> list[str]:
    """Trucks that cannot finish in any order, in the order given; none if the state is safe.

    Work: once through all holds and needs.
    """
    holders: dict[str, set[str]] = {}
    for way in ways:
        for zone in way.holds:
            holders.setdefault(zone, set()).add(way.vehicle)
    missing = {
        way.vehicle: {zone for zone in way.needs & holders.keys() if holders[zone] != {way.vehicle}}
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
    """Zones that are come to from more than one other zone or from a lane of both ways, and places
    where trucks stay.
    """
    before: dict[str, set[str]] = {zone: set() for zone in corridor.zones}
    for lane in corridor.lanes.values():
        for name in lane.successors:
            after = corridor.lanes[name].zone
            if after != lane.zone:
                before[after].add(lane.zone)
    passed = passed_zones(corridor)
    both_ways = {zone.id for zone in corridor.zones.values() if zone.one_lane}
    return frozenset(
        zone.id
        for zone in corridor.zones.values()
        if zone.id not in passed
        and (len(before[zone.id]) > 1 or before[zone.id] & both_ways or zone.kind in _PLACES)
    )


def is_one_way(corridor: CorridorMap) -> bool:
    """Whether no way leads from a zone back to it but through a berth."""
    berths = {berth.zone for berth in corridor.berths.values()}
    after: dict[str, set[str]] = {zone: set() for zone in corridor.zones}
    for lane in corridor.lanes.values():
        after[lane.zone].update(corridor.lanes[name].zone for name in lane.successors)
    order = TopologicalSorter(
        {zone: after[zone] - berths - {zone} for zone in corridor.zones if zone not in berths}
    )
    try:
        order.prepare()
    except CycleError:
        return False
    return True


def passed_zones(corridor: CorridorMap) -> frozenset[str]:
    """Zones in which nobody stands: they are had together with what lies behind them."""
    return frozenset(zone.id for zone in corridor.zones.values() if zone.kind in _PASSED)


class SafeState:
    """The voter: no zone whose giving leaves somebody without a way to the end."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._judged = judged_zones(state.map)
        self._passed = passed_zones(state.map)
        self._one_way = is_one_way(state.map)
        self._rests: dict[tuple[str, ...], dict[int, frozenset[str]]] = {}
        self._places = [
            *(berth.zone for berth in state.map.berths.values()),
            *(bay.zone for bay in state.map.bays.values()),
        ]

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """Whether all can still finish once `mission` has its route's zone `index`."""
        zone = route.zone_spans[index][0]
        if zone not in self._judged or self._is_anothers(zone, mission):
            return None
        if self._one_way and self._all_have_berths():
            return None
        stuck_with = self._stuck_with(mission, route, index + 1)
        if stuck_with is None or self._stuck_with(mission, route, index) is not None:
            return None  # who is stuck already is so by no zone that it is given now
        return No(Reason.WOULD_DEADLOCK, zone, stuck_with)

    def _all_have_berths(self) -> bool:
        """Whether everybody has the berth that it goes to. Where ways go round only through berths
        whoever is foremost can then finish, and after it the next.
        """
        berths, zones = self._state.map.berths, self._state.zones
        return all(
            mission.vehicle in zones.holders(berths[mission.berth].zone)
            for mission in self._state.missions.values()
            if mission.berth in berths and not mission.arrived
        )

    def _is_anothers(self, zone: str, mission: Mission) -> bool:
        """Whether the zone is not to be had now anyway: the interlocking says so more cheaply."""
        holders = self._state.zones.holders(zone)
        return any(each not in mission.formation for each in holders)

    def _stuck_with(self, mission: Mission, route: Route, had: int) -> str | None:
        """A truck with which `mission` is stuck once it has the first `had` zones of its route;
        None if it is not, be it after moves that are open to it and to others.
        """
        found = None
        for movers in ((), (mission,), (mission, *self._others(mission))):
            left = self._left(mission, route, had, movers)
            if not left:
                return None
            found = left[0]
        return found

    def _left(
        self, mission: Mission, route: Route, had: int, movers: Sequence[Mission]
    ) -> list[str]:
        """All with whom `mission` is stuck. Before, those in `movers` go on, one after the other,
        over what is free, until they have room to stand and hold nothing behind it.
        """
        kept, moved = self._kept(), {mission.mission_id: had}
        taken = {zone for zone, _, _ in route.zone_spans[:had]}
        for mover in movers:
            at = moved.get(mover.mission_id, mover.next_span)
            moved[mover.mission_id] = self._gone_on(mover, at, taken)
        ways = [
            self._way(each, moved.get(each.mission_id, each.next_span), kept)
            for each in (*self._others(mission), mission)
        ]
        left = stuck(ways)
        if mission.vehicle not in left:
            return []
        return [*(each for each in left if each != mission.vehicle), ""]

    def _others(self, mission: Mission) -> list[Mission]:
        missions = self._state.missions.values()
        return [each for each in missions if each is not mission and not each.arrived]

    def _gone_on(self, mission: Mission, had: int, taken: set[str]) -> int:
        """How many zones of its route a truck has once there is room for it beyond the zone that it
        stands in; as many as before if it does not get so far. What it takes is added to `taken`.
        """
        spans, zones = self._state.route(mission).zone_spans, self._state.zones
        for index in range(had, len(spans)):
            zone = spans[index][0]
            mine = zones.holders(zone) == (mission.vehicle,)
            if zone in taken or not (mine or zones.is_free(zone)):
                return had
            room = _room_m(spans[mission.cleared + 1 : index + 1]) >= STANDING_ROOM_M
            if room and zone not in self._passed:
                taken.update(each for each, _, _ in spans[had : index + 1])
                return index + 1
        return had

    def _kept(self) -> Mapping[str, list[str]]:
        """Berths and bays that are kept for somebody, by vehicle."""
        kept: dict[str, list[str]] = {}
        for zone in self._places:
            for vehicle in self._state.zones.holders(zone):
                kept.setdefault(vehicle, []).append(zone)
        return kept

    def _way(self, mission: Mission, had: int, kept: Mapping[str, list[str]]) -> Way:
        """A truck that has the first `had` zones of its route, gone to the end of them."""
        spans = self._state.route(mission).zone_spans
        held = spans[mission.cleared : had]
        first = len(held)
        while first > 0 and _room_m(held[first:]) < STANDING_ROOM_M:
            first -= 1
        places = kept.get(mission.vehicle, ())
        ahead = [zone for zone in places if all(zone != had_one for had_one, _, _ in spans[:had])]
        holds = (*(zone for zone, _, _ in held[first:]), *ahead)
        return Way(mission.vehicle, holds, self._rest_of(mission, had))

    def _rest_of(self, mission: Mission, had: int) -> frozenset[str]:
        """Zones of a route from its `had`-th on; what was put together once is kept."""
        route = self._state.route(mission)
        if len(self._rests) > _ROUTES_MAX:
            self._rests.clear()
        rests = self._rests.setdefault(route.lanes, {})
        if had not in rests:
            rests[had] = frozenset(zone for zone, _, _ in route.zone_spans[had:])
        return rests[had]


def _room_m(spans: Sequence[Span]) -> float:
    """Length of zones that follow each other, metres; none is none."""
    return spans[-1][2] - spans[0][1] if spans else 0.0
