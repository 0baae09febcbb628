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

from collections.abc import Collection, Iterable, Mapping, Sequence
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


Row = tuple[int, int]  # what one truck has, and what it still needs: sets of zones as bits


@dataclass(frozen=True, slots=True)
class Way:
    """One truck: what it has, and what it still needs, in any order."""

    vehicle: str
    holds: Collection[str]
    needs: frozenset[str]


class _Bits:
    """A bit of its own for each zone, so that sets of zones are whole numbers."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}

    def of(self, zones: Iterable[str]) -> int:
        """These zones as one number."""
        found = 0
        for zone in zones:
            found |= self._bits.setdefault(zone, 1 << len(self._bits))
        return found


@dataclass(frozen=True, slots=True)
class _Sets:
    """The zones of one route as bits: those before each place in it, those from each place on, and
    what a truck holds that has gone to the end of those it has (by the first and the number).
    """

    before: tuple[int, ...]
    rest: tuple[int, ...]
    held: dict[tuple[int, int], int]


def stuck(ways: Sequence[Way]) -> list[str]:
    """Trucks that cannot finish in any order, in the order given; none if the state is safe."""
    bits = _Bits()
    rows = [(bits.of(way.holds), bits.of(way.needs)) for way in ways]
    return [ways[place].vehicle for place in unfinished(rows)]


def unfinished(rows: Sequence[Row]) -> list[int]:
    """Places in `rows` of those who cannot finish in any order: the same set whoever of the others
    finishes first, for whoever finishes only gives back.

    Work: a few operations on whole sets for each row, as often as somebody waits for somebody.
    """
    left = list(range(len(rows)))
    while left:
        once = twice = 0  # zones that somebody has, and those that more than one has
        for place in left:
            holds = rows[place][0]
            twice |= once & holds
            once |= holds
        stay = [
            place for place in left if rows[place][1] & (twice | once & ~rows[place][0])
        ]  # others have a zone that it needs
        if len(stay) == len(left):
            break
        left = stay
    return left


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
        self._bits = _Bits()
        self._routes: dict[Route, _Sets] = {}
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
        kept = self._kept()
        stuck_with = self._stuck_with(mission, route, index + 1, kept)
        if stuck_with is None or self._stuck_with(mission, route, index, kept) is not None:
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

    def _stuck_with(
        self, mission: Mission, route: Route, had: int, kept: Mapping[str, int]
    ) -> str | None:
        """A truck with which `mission` is stuck once it has the first `had` zones of its route;
        None if it is not, be it after moves that are open to it and to others.
        """
        all_of_them = [*self._others(mission), mission]
        rows = [self._row(each, each.next_span, kept) for each in all_of_them]
        found = None
        for movers in ((), (mission,), (mission, *all_of_them[:-1])):
            moved = self._moved(mission, route, had, movers)
            for place, each in enumerate(all_of_them):
                if each.mission_id in moved:
                    rows[place] = self._row(each, moved[each.mission_id], kept)
            left = unfinished(rows)
            if not left or left[-1] != len(rows) - 1:
                return None
            found = all_of_them[left[0]].vehicle if len(left) > 1 else ""
        return found

    def _moved(
        self, mission: Mission, route: Route, had: int, movers: Sequence[Mission]
    ) -> dict[str, int]:
        """How many zones of its route `mission` has, and each of `movers` once they have gone on,
        one after the other, over what is free, until they have room to stand and hold nothing
        behind it.
        """
        moved = {mission.mission_id: had}
        taken = {zone for zone, _, _ in route.zone_spans[:had]} if movers else set()
        for mover in movers:
            at = moved.get(mover.mission_id, mover.next_span)
            moved[mover.mission_id] = self._gone_on(mover, at, taken)
        return moved

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

    def _kept(self) -> Mapping[str, int]:
        """Berths and bays that are kept for somebody, by vehicle, as bits."""
        kept: dict[str, int] = {}
        zones = self._state.zones
        for zone in [each for each in self._places if not zones.is_free(each)]:
            for vehicle in zones.holders(zone):
                kept[vehicle] = kept.get(vehicle, 0) | self._bits.of((zone,))
        return kept

    def _row(self, mission: Mission, had: int, kept: Mapping[str, int]) -> Row:
        """A truck that has the first `had` zones of its route, gone to the end of them: what it
        has then, with the places ahead that are kept for it, and what it still needs.
        """
        route = self._state.route(mission)
        sets = self._routes.get(route)
        if sets is None:
            sets = self._sets_of(route)
        held = sets.held.get((mission.cleared, had))
        if held is None:
            held = self._held(route, mission.cleared, had)
            sets.held[mission.cleared, had] = held
        return held | kept.get(mission.vehicle, 0) & ~sets.before[had], sets.rest[had]

    def _held(self, route: Route, cleared: int, had: int) -> int:
        """The last zones of a route up to the `had`-th that have room for a truck."""
        held = route.zone_spans[cleared:had]
        first = len(held)
        while first > 0 and _room_m(held[first:]) < STANDING_ROOM_M:
            first -= 1
        return self._bits.of(zone for zone, _, _ in held[first:])

    def _sets_of(self, route: Route) -> _Sets:
        """The zones of a route as bits; what was put together once is kept."""
        if len(self._routes) >= _ROUTES_MAX:
            self._routes.clear()
        zones = [zone for zone, _, _ in route.zone_spans]
        places = range(len(zones) + 1)
        sets = _Sets(
            before=tuple(self._bits.of(zones[:had]) for had in places),
            rest=tuple(self._bits.of(zones[had:]) for had in places),
            held={},
        )
        self._routes[route] = sets
        return sets


def _room_m(spans: Sequence[Span]) -> float:
    """Length of zones that follow each other, metres; none is none."""
    return spans[-1][2] - spans[0][1] if spans else 0.0
