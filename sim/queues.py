"""Loads that wait for a truck: whether a corridor keeps up with what it is offered.

From the terminals themselves, for a load is nobody's before a truck has it: no log tells of it.
A terminal that was started again has counted from then on. Not here: trucks that wait (waits.py).
"""

from collections.abc import Mapping
from typing import Final

from corridor.planning import ORIGIN
from sim.build import TERMINALS
from sim.host import Host
from sim.terminal import TerminalAgent

QUEUE: Final = ("offered", "waiting", "most")


def queues(hosts: Mapping[str, Host]) -> dict[str, dict[str, int]]:
    """The `queues` part of result.json: by direction, loads that came by themselves, those that
    wait for a truck at the end, and the most that ever did.
    """
    found = {}
    for direction, country in ORIGIN.items():
        node = hosts[TERMINALS[country]].node
        agent = node.agent if node is not None else None
        counts = (0, 0, 0)
        if isinstance(agent, TerminalAgent):
            counts = (agent.offered, len(agent.backlog), agent.backlog_most)
        found[direction] = dict(zip(QUEUE, counts, strict=True))
    return found
