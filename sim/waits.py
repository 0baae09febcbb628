"""Whoever still waits when a run ends: why, who has the move, and whether anybody ever will.

Works from the log alone, as the supervisor's own `explain` does (corridor/explain.py). A ring of
trucks that wait for each other is a deadlock; a truck on its way of which nothing is heard, and for
which nobody has given a reason, is stuck, and so is whoever waits for it. Either fails the run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contract.v1.explain_pb2 import WaitChain
from corridor.explain import Book, chain_of, cycles
from corridor.explain_log import Said as Told
from corridor.explain_log import fold
from sim import outcome, recovery
from sim.record import Said

NS_PER_MS: Final = 1_000_000
STUCK_MS: Final = 900_000  # twice as long as anything takes that nobody has to give a reason for
# What outcome, book and delay ledger are made of; a long run keeps no other events in memory.
NEEDED: Final = (
    outcome.NEEDED
    | recovery.NEEDED
    | {
        *("vehicle_reported", "vehicle_heard_again", "gate_reported", "permit_accepted"),
    }
)


@dataclass(slots=True)
class Ending:
    """Chains of everybody who waits, rings among them, and who is stuck with its reason."""

    chains: dict[str, WaitChain] = field(default_factory=dict)
    cycles: list[list[str]] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)

    @property
    def cycle(self) -> list[str]:
        """The first ring; empty if there is none."""
        return self.cycles[0] if self.cycles else []


def ending(events: Iterable[Said], end_ns: int) -> Ending:
    """What the log of a run comes to at its end."""
    end_ms = end_ns // NS_PER_MS
    said = [Told(each.t_ns // NS_PER_MS, each.code, each.fields) for each in events]
    book = fold([*said, Told(end_ms, "", {})])
    chains = {vehicle: chain_of(book, vehicle) for vehicle in sorted(book.waits)}
    return Ending(chains, cycles(book), _stuck(book, chains, _stirred_ms(said)))


def _stirred_ms(said: Iterable[Told]) -> dict[str, int]:
    """When something was last heard of each truck that is on its way."""
    stirred: dict[str, int] = {}
    under_way: dict[str, None] = {}
    for each in said:
        vehicle = str(each.fields.get("vehicle", ""))
        if each.event == "mission_given":
            under_way[vehicle] = None
        elif each.event == "crossing_finished":
            under_way.pop(vehicle, None)
        if vehicle:
            stirred[vehicle] = each.at_ms
    return {vehicle: stirred[vehicle] for vehicle in under_way}


def _stuck(
    book: Book, chains: Mapping[str, WaitChain], stirred_ms: Mapping[str, int]
) -> dict[str, str]:
    """Trucks that nothing moves and nobody explains, and whoever waits for one of them."""
    dumb = {
        vehicle: f"{vehicle} is on its way, gives no reason, and was last heard of at "
        f"{at_ms / 1_000.0:.0f} s"
        for vehicle, at_ms in stirred_ms.items()
        if vehicle not in book.waits and book.at_ms - at_ms > STUCK_MS
    }
    for vehicle, chain in chains.items():
        if chain.links[-1].holder in dumb and vehicle in stirred_ms:
            dumb[vehicle] = chain.root
    return dumb


def as_values(chain: WaitChain) -> dict[str, Any]:
    """What `traffic.waiting` of result.json says of a chain."""
    links = [
        {
            "who": link.who,
            "reason": link.reason,
            "resource": link.resource,
            "holder": link.holder,
            "party": link.party,
            "lifted_by": link.lifted_by,
        }
        for link in chain.links
    ]
    return {"chain": links, "cycle": list(chain.cycle), "root": chain.root}
