"""Trucks that die in the lane: the next one to drive into a zone loses its drive or its computer.

For good, until somebody mends it. Which truck that is depends on the traffic; a zone is named
instead, so that it dies there and nowhere else. Not here: what is done about it (rescue.py).
"""

from typing import Final

from sim.engine import NS_PER_S
from sim.fault_kinds import COMPUTER_DIES, DRIVE_DIES
from sim.world import World

LOOK_S: Final = 0.5
_PART: Final = "drive_dead"


def begin(world: World, kind: str, zone: str) -> None:
    """From now on whoever is the first to be inside the zone and to move dies there."""
    lanes = world.map.zones[zone].lanes
    for name in world.fleet.names:
        where = world.fleet.where(name)
        inside = where is not None and where[0] in lanes
        if inside and name not in world.dead and not world.fleet.standing(name):
            _die(world, kind, name)
            return
    world.engine.after(int(LOOK_S * NS_PER_S), begin, world, kind, zone)


def _die(world: World, kind: str, name: str) -> None:
    world.dead[name] = kind
    if kind == DRIVE_DIES:
        world.vehicle_faults.begin(_PART, name, 0.0)
    else:
        world.hosts[name].crash()
        world.checkers.restarted(name)


def mend(world: World, name: str) -> None:
    """It is as it was before; a computer starts from its own journal."""
    kind = world.dead.pop(name, "")
    if kind == DRIVE_DIES:
        world.vehicle_faults.end(_PART, name)
    elif kind == COMPUTER_DIES:
        world.hosts[name].start()
