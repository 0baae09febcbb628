"""Positions: where every truck truly is, as rows of tracks.csv."""

from typing import Any

from sim.engine import NS_PER_S
from sim.world import World


def positions(world: World) -> list[tuple[Any, ...]]:
    """One row for every vehicle, now."""
    rows = []
    t_s = round(world.engine.now_ns / NS_PER_S, 3)
    for name in world.fleet.names:
        where = world.fleet.where(name)
        lane, s_m = where if where is not None else ("", 0.0)
        motion = world.fleet.motion(name)
        rows.append((t_s, name, *motion, lane, round(s_m, 3), _mode(world, name)))
    return rows


def _mode(world: World, name: str) -> str:
    node = world.hosts[name].node
    agent: Any = node.agent if node is not None else None
    return agent.phase.name.lower() if agent is not None else "dead"
