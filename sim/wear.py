"""Breakdowns of a run: drives that die under way, after so much driving as is drawn for each truck.

Who breaks down is recovered as any dead truck (rescue.py). Not here: faults that a scenario orders
(faults.py), brakes at a berth (mechanics.py).
"""

from typing import Final

from sim import deaths
from sim.engine import NS_PER_S, stream
from sim.fleet_life import without_drive
from sim.plant import V
from sim.world import World

LOOK_NS: Final = NS_PER_S


def arrange(world: World) -> None:
    """Have drives wear out, where the scenario wants it."""
    section = world.scenario.fleet.breakdowns
    if section is not None:
        Wear(world, section.driving_hours)


class Wear:
    """Hours of driving that each drive has left."""

    def __init__(self, world: World, hours: float) -> None:
        self._world = world
        self._draws = stream(world.seed, "breakdowns")
        self._mean_s = 3_600.0 * hours
        self._left_s = [self._draw() for _ in world.fleet.names]
        world.engine.watch(LOOK_NS, self._look)

    def _draw(self) -> float:
        return self._draws.expovariate(1.0 / self._mean_s)

    def _look(self) -> None:
        world = self._world
        world.engine.watch(world.engine.now_ns + LOOK_NS, self._look)
        for i, name in enumerate(world.fleet.names):
            if name in world.dead or world.fleet.state[i, V] <= 0.0:
                continue
            self._left_s[i] -= LOOK_NS / NS_PER_S
            inside = len(deaths.zones_under(world.fleet, name)) == 1
            if self._left_s[i] <= 0.0 and inside:
                self._left_s[i] = self._draw()
                world.life.broken_down.append(name)
                without_drive(world, name)
