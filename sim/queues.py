"""Loads that wait for a truck: whether a corridor keeps up with what it is offered.

From the terminals themselves, for a load is nobody's before a truck has it: no log tells of it.
Not here: trucks that wait (waits.py).
"""

from collections.abc import Mapping
from typing import Final

from corridor.planning import ORIGIN
from sim.build import TERMINALS
from sim.host import Host
from sim.terminal import TerminalAgent

QUEUE: Final = ("offered", "waiting", "most", "empty_s")
_NS_PER_S: Final = 1_000_000_000


def queues(hosts: Mapping[str, Host]) -> dict[str, dict[str, float]]:
    """The `queues` part of result.json: by direction, loads that came by themselves, those that
    wait for a truck at the end, the most that ever did, and when none did for the last time.
    """
    found = {}
    for direction, country in ORIGIN.items():
        node = hosts[TERMINALS[country]].node
        agent = node.agent if node is not None else None
        counts: tuple[float, ...] = (0, 0, 0, 0.0)
        if isinstance(agent, TerminalAgent):
            trade = agent.trade
            empty_s = round(trade.empty_after_ns / _NS_PER_S, 3)
            counts = (trade.offered, len(trade.backlog), trade.backlog_most, empty_s)
        found[direction] = dict(zip(QUEUE, counts, strict=True))
    return found
