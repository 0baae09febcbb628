"""Stretches: where along a route a convoy may drive as one formation, and where it gathers for it.

Pure geometry of route and map. A stretch is road between two places that take one vehicle at a
time - gate cell, station, bay, yard, berth - and outside the neutral zone, where nobody is made to
wait. It counts only if enough is left of it between gathering and splitting.
Not here: when a convoy gathers, joins or splits (formation.py).
"""

from dataclasses import dataclass
from typing import Final

from contract.limits import (
    CONVOY_MEMBERS_MAX,
    LANE_OVERLAP_M,
    STANDSTILL_GAP_M,
    VEHICLE_LENGTH_M_MAX,
)
from contract.map import CorridorMap, ZoneKind
from contract.route import Route

SPLIT_AHEAD_M: Final = 150.0  # room to open the gaps before the stretch ends
USEFUL_M_MIN: Final = 100.0
GATHER_ROOM_M: Final = (
    CONVOY_MEMBERS_MAX * (VEHICLE_LENGTH_M_MAX + STANDSTILL_GAP_M) + LANE_OVERLAP_M
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of a route; metres along it, at the front bumper.

    gather   zone whose start is where the convoy gathers;  gather_m   that start
    """

    start_m: float
    end_m: float
    gather: str
    gather_m: float

    def serves(self, front_m: float) -> bool:
        """Whether a formation led from `front_m` has some way to go before it must split."""
        return self.start_m <= front_m < self.end_m - SPLIT_AHEAD_M


def stretches_of(corridor: CorridorMap, route: Route) -> tuple[Stretch, ...]:
    """The stretches of a route, in driving order."""
    runs: list[list[tuple[str, float, float]]] = [[]]
    for span in route.zone_spans:
        zone = corridor.zones[span[0]]
        if zone.kind is ZoneKind.LANE and not zone.neutral:
            runs[-1].append(span)
        elif runs[-1]:
            runs.append([])
    found = []
    for run in runs:
        gathers = [span for span in run if span[1] >= run[0][1] + GATHER_ROOM_M]
        if gathers and run[-1][2] - SPLIT_AHEAD_M - gathers[0][1] >= USEFUL_M_MIN:
            gather, gather_m, _ = gathers[0]
            found.append(Stretch(run[0][1], run[-1][2], gather, gather_m))
    return tuple(found)


def forks_before_sections(corridor: CorridorMap) -> frozenset[str]:
    """Zones from which two boundary sections are reached: nobody stands there, for whoever did
    would close both.
    """
    found = set()
    for zone in corridor.zones.values():
        after = {
            corridor.lanes[n].zone for lane in zone.lanes for n in corridor.lanes[lane].successors
        }
        sections = [n for n in after if corridor.zones[n].kind is ZoneKind.BOUNDARY]
        if len(sections) > 1:
            found.add(zone.id)
    return frozenset(found)
