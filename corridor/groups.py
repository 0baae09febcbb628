"""Groups: zones of a route that are had together or not at all.

Pure. Nobody stands under a barrier or in the boundary section; who is sent to a bay leaves the line
before it with the whole way to it. Where there is no radio between the posts, nobody is let into
the neutral zone without road to its other end: its authority is all that a truck has there, and
at that end a gate's own radio is in reach. Not here: who may have them (grants.py,
interlocking.py).
"""

from collections.abc import Collection, Sequence
from typing import Final

from contract.limits import LANE_OVERLAP_M, VEHICLE_LENGTH_M_MAX
from contract.map import ZoneKind
from corridor import berths
from corridor.planning import to_bay_together
from corridor.records import Mission
from corridor.state import State

STANDING_ROOM_M: Final = VEHICLE_LENGTH_M_MAX + LANE_OVERLAP_M
Span = tuple[str, float, float]  # zone, from, to: metres along the route


def together(
    state: State,
    mission: Mission,
    spans: Sequence[Span],
    first: int,
    *,
    forks: Collection[str] = (),
    radio_gap: bool,
) -> list[int]:
    """Indices of the zones that must be had with the zone `first` of the route.

    forks   zones before the boundary section from which two lanes lead on

    Behind a gate cell or a boundary section there must be room for the whole truck, or the stop
    line of the next gate, before anything is given.
    """
    to_end = to_bay_together(state.map, mission, spans, first)
    to_end = to_end or berths.together(state, mission, spans, first)
    if to_end:
        return to_end
    zones = state.map.zones
    behind_gate = first > 0 and zones[spans[first - 1][0]].kind is ZoneKind.GATE_CELL
    fork = spans[first][0] in forks  # nobody stands in it: whoever did would close both
    if zones[spans[first][0]].kind is not ZoneKind.BOUNDARY and not behind_gate and not fork:
        return [first]
    group = [first]
    clear_m = spans[first + fork][1]
    while group[-1] + 1 < len(spans):
        last = group[-1]
        here, after = zones[spans[last][0]], zones[spans[last + 1][0]]
        silent = radio_gap and here.neutral and after.neutral
        if here.kind is ZoneKind.BOUNDARY or silent:
            clear_m = spans[last][2]
        elif here.kind is ZoneKind.GATE_CELL or spans[last][2] - clear_m >= STANDING_ROOM_M:
            break
        group.append(last + 1)
    return group
