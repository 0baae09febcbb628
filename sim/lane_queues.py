"""Queues in the lane: how many trucks wait behind each place, as the supervisor says it.

A truck that waits for a zone waits behind somebody, who waits for something else: at the end of
that chain there is a place where one truck stands at a time, and the queue is its. In: the log, the
map. Out: counts at evenly spaced times. Not here: queues inside a stage, before a free server or
desk (bottlenecks.py takes them from the visits).
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

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


def lane_queues(events: Iterable[Said], corridor: CorridorMap, at_ns: Array) -> dict[str, Array]:
    """Place -> trucks that queue for it on the road, at each of these times."""
    places = Places(corridor)
    waits: dict[str, Wait] = {}
    found: dict[str, Array] = {}
    now = 0
    end = Said(int(at_ns[-1]) + 1, "", "", {}) if len(at_ns) else None
    for said in chain(events, [end] if end is not None else []):
        if now < len(at_ns) and at_ns[now] < said.t_ns:
            upto = int(np.searchsorted(at_ns, said.t_ns))
            for vehicle in waits:
                place = places.behind(waits, vehicle)
                if place:
                    found.setdefault(place, np.zeros(len(at_ns)))[now:upto] += 1.0
            now = upto
        _hear(waits, said)
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
