"""Queues in the lane: which trucks wait behind each place and when, as the supervisor says it.

A truck that waits for a zone waits behind somebody, who waits for something else: at the end of
that chain there is a place where one truck stands at a time, and the queue is its. In: the log, the
map. Out: spans of time, and counts at evenly spaced times. When a truck came to wait for a place,
of all its spans, is arrivals.py. Not here: queues inside a stage, before a free server or desk
(bottlenecks.py takes them from the visits).
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from contract.geodesy import Array
from contract.map import CorridorMap, ZoneKind
from contract.reasons import Reason
from corridor.planning import DESTINATION, ORIGIN
from sim.bound import DIRECTIONS, berths_of, shortest, stands
from sim.record import Said

# Somebody is in the way, or will be; every other reason is not a matter of room on the road.
IN_THE_WAY: Final = frozenset(
    reason.name
    for reason in (
        *(Reason.ZONE_OCCUPIED, Reason.PREDECESSOR_FIRST, Reason.VEHICLE_AHEAD),
        *(Reason.DIRECTION_OPPOSED, Reason.SECTION_DRAINS, Reason.WOULD_DEADLOCK),
        *(Reason.ZONE_FULL, Reason.PLANNED_LATER),
    )
)
Wait = tuple[str, str, str]  # reason, resource, holder
LOOK_NS: Final = 5_000_000_000  # how often whoever is before a waiting truck is looked at
_TOLD: Final = frozenset({"vehicle_waits", "vehicle_goes_on"})


class Places:
    """Which place a zone leads to: the next one along the way where one truck stands at a time."""

    def __init__(self, corridor: CorridorMap) -> None:
        self._of: dict[str, str] = {}
        self._map = corridor
        self._stands = {name for each in DIRECTIONS for name in stands(corridor, each)}
        for direction in DIRECTIONS:
            self._lay(direction)
        for direction in DIRECTIONS:
            self._lay_yards(direction)

    def _lay(self, direction: str) -> None:
        """Zones along the way, from its end to its beginning."""
        place, lanes = berths_of(direction), self._map.lanes
        at = {lane: name for name, (lane, _) in stands(self._map, direction).items()}
        for lane in reversed(shortest(self._map, direction)):
            zone = self._map.zones[lanes[lane].zone]
            section = zone.kind is ZoneKind.BOUNDARY and zone.vehicles_max is not None
            place = zone.id if section else at.get(lane, place)
            self._of.setdefault(zone.id, place)

    def _lay_yards(self, direction: str) -> None:
        """What only other berths than the nearest lead through."""
        way = shortest(self._map, direction)
        middle = way[len(way) // 2]
        berths = self._map.berths.values()
        avoid = {berth.lane for berth in berths} | {bay.lane for bay in self._map.bays.values()}
        for berth in berths:
            if berth.country == ORIGIN[direction] and berth.departures:
                lanes = self._map.path_lanes(berth.lane, middle, avoid=avoid - {berth.lane})
                first = next(each for each in lanes if each in way)
            elif berth.country == DESTINATION[direction] and berth.arrivals:
                lanes = self._map.path_lanes(middle, berth.lane, avoid=avoid - {berth.lane})
                first = way[-1]
            else:
                continue
            place = self._of[self._map.lanes[first].zone]
            for lane in lanes:
                self._of.setdefault(self._map.lanes[lane].zone, place)

    def behind(self, waits: Mapping[str, Wait], vehicle: str) -> str:
        """The place for which a truck queues; "" if it waits for something else."""
        reason, resource, holder = waits[vehicle]
        if reason not in IN_THE_WAY:
            return ""
        seen = {vehicle}
        while reason in IN_THE_WAY and holder in waits and holder not in seen:
            seen.add(holder)
            reason, resource, holder = waits[holder]
        if reason in IN_THE_WAY:
            return self._of.get(resource, "")
        return resource if resource in self._stands else ""

    def queue(self, waits: Mapping[str, Wait], vehicle: str) -> str | None:
        """The same; "" only if it is the truck itself that waits for something else, None if it
        drives or is behind one that does.
        """
        if vehicle not in waits:
            return None
        own = waits[vehicle][0] not in IN_THE_WAY
        return self.behind(waits, vehicle) or ("" if own else None)


class Span(NamedTuple):
    """One truck queues for one place; or it waits itself for something else, where that is ""."""

    vehicle: str
    place: str
    from_ns: int
    to_ns: int


class _Spans:
    """Closes a truck's span when it begins to wait for another place, or for none."""

    def __init__(self) -> None:
        self.found: list[Span] = []
        self._open: dict[str, tuple[str, int]] = {}

    def say(self, vehicle: str, place: str | None, t_ns: int) -> None:
        """For what a truck waits from a time on; None: it drives."""
        before = self._open.get(vehicle)
        if before is not None and before[0] == place:
            return
        if before is not None:
            self.found.append(Span(vehicle, before[0], before[1], t_ns))
            del self._open[vehicle]
        if place is not None:
            self._open[vehicle] = (place, t_ns)

    def close(self, t_ns: int) -> None:
        for vehicle in list(self._open):
            self.say(vehicle, None, t_ns)


def queue_spans(events: Iterable[Said], corridor: CorridorMap, end_ns: int) -> list[Span]:
    """Every span of a run. What a truck itself is told counts to the millisecond; what whoever is
    before it is told, every 5 s.
    """
    places, spans = Places(corridor), _Spans()
    waits: dict[str, Wait] = {}
    look_ns = 0
    for said in events:
        while look_ns < said.t_ns:
            for vehicle in waits:
                spans.say(vehicle, places.queue(waits, vehicle), look_ns)
            look_ns += LOOK_NS
        _hear(waits, said)
        if said.code == "command_taken":
            spans.close(said.t_ns)
        elif said.code in _TOLD:
            vehicle = said.fields["vehicle"]
            spans.say(vehicle, places.queue(waits, vehicle), said.t_ns)
    spans.close(end_ns)
    return spans.found


def counts(spans: Iterable[Span], at_ns: Array) -> dict[str, Array]:
    """Place -> trucks that queue for it on the road, at each of these times."""
    found: dict[str, Array] = {}
    for span in spans:
        if span.place:
            first, last = np.searchsorted(at_ns, (span.from_ns, span.to_ns))
            found.setdefault(span.place, np.zeros(len(at_ns)))[first:last] += 1.0
    return found


def _hear(waits: dict[str, Wait], said: Said) -> None:
    """Who waits from now on, and who no longer does."""
    if said.code == "vehicle_waits":
        row = said.fields
        waits[row["vehicle"]] = (row["reason"], row["resource"], row["holder"])
    elif said.code == "vehicle_goes_on":
        waits.pop(said.fields["vehicle"], None)
    elif said.code == "command_taken":
        waits.clear()
