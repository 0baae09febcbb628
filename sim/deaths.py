"""Trucks that die in the lane: the next one to drive into a zone loses its drive or its computer.

For good, until somebody mends it. Which truck that is depends on the traffic; a zone is named
instead, so that it dies there and nowhere else. Not here: what is done about it (rescue.py).
"""

from typing import Final

from sim.engine import NS_PER_S
from sim.fault_kinds import DRIVE_DIES
from sim.fleet import Fleet
from sim.truth_columns import TRUTH_LENGTH
from sim.world import World

LOOK_S: Final = 0.5
_PART: Final = "drive_dead"


def begin(world: World, kind: str, zone: str) -> None:
    """From now on whoever is the first to be in no other zone, and to move, dies there."""
    for name in world.fleet.names:
        inside = zones_under(world.fleet, name) == [zone]
        if inside and name not in world.dead and not world.fleet.standing(name):
            _die(world, kind, name)
            return
    world.engine.after(int(LOOK_S * NS_PER_S), begin, world, kind, zone)


def _die(world: World, kind: str, name: str) -> None:
    world.dead[name] = kind
    if kind == DRIVE_DIES:
        world.vehicle_faults.begin(_PART, name, 0.0)
    else:
        switch_off(world, name)


def switch_off(world: World, name: str) -> None:
    """Its computer has no power: the body brakes by itself."""
    world.hosts[name].crash()
    world.checkers.restarted(name)


def mend(world: World, name: str) -> None:
    """It is as it was before; a computer that was off starts from its own journal."""
    if world.dead.pop(name, "") == DRIVE_DIES:
        world.vehicle_faults.end(_PART, name)
    if not world.hosts[name].up:
        world.hosts[name].start()


def zones_under(fleet: Fleet, name: str, ahead_m: float = 0.0) -> list[str]:
    """Zones that a truck covers, or will within some metres, front first, as anybody beside it can
    see.
    """
    route = fleet.route(name)
    if route is None:
        return []
    front_m = fleet.front_m(name)
    rear_m = front_m - float(fleet.truth[fleet.row[name], TRUTH_LENGTH])
    spans = [s for s in route.zone_spans if s[1] <= front_m + ahead_m and s[2] >= rear_m]
    return [zone for zone, _, _ in reversed(spans)]
