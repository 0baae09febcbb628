"""The drive of a rescue vehicle to a dead truck and away: on the free road ahead of the truck.

It comes from behind the entry gate, backwards, against the direction of the lane, to the front of
the truck, and leaves forwards. Each time the road between is a possession of its own
(crew_drive.py). Not here: what is done at the truck (rescue.py), the body (manned.py).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from contract.map import ZoneKind
from contract.route import Route
from sim.build import RESCUE
from sim.crew_drive import CrewDrive, Trip
from sim.manned import LENGTH_M

if TYPE_CHECKING:
    from sim.world import World

GAP_M: Final = 2.0


def road_ahead(world: "World", truck: str) -> tuple[Route, float] | None:
    """From the lane of a truck's front to the zone behind its entry gate, and where the front is on
    it; None unless it stands between the gates.
    """
    fleet, corridor = world.fleet, world.map
    way, where = fleet.route(truck), fleet.where(truck)
    if way is None or where is None:
        return None
    lane, offset_m = where
    zone = corridor.zones[corridor.lanes[lane].zone]
    entries = [g.lane for g in corridor.gates.values() if g.side == "entry" and g.lane in way.lanes]
    if not zone.neutral or zone.kind is ZoneKind.GATE_CELL or not entries:
        return None
    lanes = list(way.lanes[way.lanes.index(lane) : way.lanes.index(entries[0]) + 2])
    route = corridor.route(lanes)
    return route, route.at(lane, offset_m)


class RescueDrive:
    """To the truck first, then away from it."""

    def __init__(
        self, world: "World", name: str, road: tuple[Route, float], *, section: tuple[str, ...]
    ) -> None:
        """`name` of the possession of the truck's `section`; `road` as road_ahead has it."""
        self._name = name
        self._route, front_m = road
        spans = [zone for zone, _, _ in self._route.zone_spans]
        self._way = tuple(zone for zone in spans if zone not in section)
        self._front = tuple(zone for zone in spans if zone in section)
        self._there_m = front_m + GAP_M + LENGTH_M / 2.0
        entry = next(g for g in world.map.gates.values() if g.lane in self._route.lanes)
        self._east = entry.direction == "E"
        self._drive = CrewDrive(world, RESCUE, self._route, may_walk=True)

    @property
    def on_foot(self) -> bool:
        """People have gone without it."""
        return self._drive.on_foot

    def go(self, stays: tuple[str, ...], done: Callable[[], None], *, away: bool) -> None:
        """Begin; `stays` are kept where they stand meanwhile. The truck's own section is given back
        only once the vehicle is away.
        """
        far_m = self._route.length_m - LENGTH_M / 2.0
        from_m, to_m = (self._there_m, far_m) if away else (far_m, self._there_m)
        trip = Trip(
            road=f"{self._name}/{'away' if away else 'there'}",
            reason="a rescue vehicle drives",
            zones=self._way,
            from_m=from_m,
            to_m=to_m,
            east=self._east is away,
            seen=(*self._way, *(self._front if away else ())),
            also={self._name: self._front},
            stays=stays,
            ends_off=away,
        )
        self._drive.go(trip, done)
