"""Berths: where a crossing may end - a free berth, or else one that its truck is about to leave.

Pure. With every berth of both sides taken nobody could set off, ever, if only free berths counted:
two trucks that want each other's berth are sent together, each to the berth that the other leaves.
Such a berth is promised, not held: its zone is allocated as any other, when it has been left, and
together with the yard before it, so that whoever waits for it waits on the road. Promised is only
what somebody can leave: a truck that has its mission, or that lacks for one nothing but a berth.
Not here: which of the berths (dispatch.py), zones (interlocking.py).
Requirement: SUP-038 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping, Sequence

from contract.map import Berth, ZoneKind
from contract.reasons import Reason
from corridor.planning import free_berths
from corridor.records import Crossing, Mission
from corridor.state import State

Able = Callable[[Crossing], bool]


def promised(state: State) -> Mapping[str, str]:
    """Every berth that somebody is under way to, with the truck."""
    return {mission.berth: mission.vehicle for mission in state.missions.values()}


def free(state: State, berths: Sequence[Berth]) -> list[str]:
    """Those of these berths that are free, not closed, and promised to nobody."""
    taken = promised(state)
    found = free_berths(berths, state.zones, state.closed)
    return [berth for berth in found if berth not in taken]


def offered(state: State, berths: Sequence[Berth], able: Able) -> list[str]:
    """Berths that a truck may be sent to now: those that are free; where none is, those that are
    being left, or will be as soon as there is a berth for their truck.
    """
    return free(state, berths) or left(state, berths, able)


def left(state: State, berths: Sequence[Berth], able: Able) -> list[str]:
    """Berths that are being left, or will be as soon as there is a berth for their truck."""
    taken = promised(state)
    return [
        berth.id
        for berth in berths
        if berth.id not in taken and berth.id not in state.closed and is_left(state, berth, able)
    ]


def for_all(
    state: State, berths: Sequence[Berth], able: Able, *, offer: list[str], count: int
) -> list[str] | None:
    """Berths for as many trucks at once: those on offer, and of those that are left as many as are
    lacking; None while there are too few. More than there are berths at all share all of them.
    """
    lacks = min(count, len(berths)) - len(offer)
    if lacks <= 0:
        return offer
    more = [each for each in left(state, berths, able) if each not in offer][:lacks]
    return [*offer, *more] if len(more) == lacks else None


def is_left(state: State, berth: Berth, able: Able) -> bool:
    """Whether the one truck at a berth goes, or can go, away from it."""
    holders = state.zones.holders(berth.zone)
    if len(holders) != 1 or not berth.departures or state.zones.zones[berth.zone].doubt:
        return False
    vehicle = holders[0]
    heard = state.heard.get(vehicle)
    if heard is None or heard.silent or any(h.vehicle == vehicle for h in state.halts.values()):
        return False
    if any(vehicle in stop.vehicles for stop in state.stops.values()):
        return False
    mission = state.missions.get(state.mission_of.get(vehicle, ""))
    if mission is not None:
        return mission.berth != berth.id
    crossing = state.crossings.get(state.crossing_of(vehicle))
    return crossing is not None and able(crossing)


def keeper(state: State, berths: Sequence[Berth]) -> str:
    """Whom a truck waits for that no berth is free for: of those who have one, the first that does
    not wait for a berth itself, for any one of them will do; "" if nobody has one.
    """
    taken = promised(state)
    found: dict[str, None] = {}
    for berth in berths:
        holder = next(iter(state.zones.holders(berth.zone)), "") or taken.get(berth.id, "")
        if holder:
            found[holder] = None
    for vehicle in found:
        wait = state.waits.get(vehicle)
        if wait is None or wait.reason is not Reason.BERTH_FULL:
            return vehicle
    return next(iter(found), "")


def together(
    state: State, mission: Mission, spans: Sequence[tuple[str, float, float]], first: int
) -> list[int]:
    """Zones from `first` to the berth, if they are the yard's and the berth is only promised: had
    together, so that nobody stands in the yard before a berth that another has not left.
    """
    last = len(spans) - 1
    if state.map.zones[spans[first][0]].kind is not ZoneKind.YARD or first >= last:
        return []
    if mission.berth not in state.map.berths:
        return []
    zone = state.map.berths[mission.berth].zone
    if spans[last][0] != zone or mission.vehicle in state.zones.holders(zone):
        return []
    kinds = [state.map.zones[each].kind for each, _, _ in spans[first:last]]
    if any(kind is not ZoneKind.YARD for kind in kinds):
        return []  # the yard it leaves
    return list(range(first, last + 1))
