"""Runs in this process for the tests of the simulator: small scenarios, taps, ledgers, one map
each.

Nothing here knows an agent from inside: a run is its result, its log, its messages and its disks.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import pytest

from contract.agent import Report
from contract.events import Event
from contract.ledger import Entry
from contract.ledger_lines import ledger_files
from contract.v1.customs_pb2 import CustodyRecord
from contract.v1.document_pb2 import Document
from contract.v1.envelope_pb2 import Envelope, Frame
from corridor.ledger import prove
from corridor.ledger_proof import Proof
from corridor.selection_audit import repeat_draws
from sim.build import SUPERVISOR, selection_seeds
from sim.run import Finished, RunOptions, run
from sim.scenario import load
from sim.world import World

NS_PER_S: Final = 1_000_000_000
Ledger = dict[str, list[tuple[int, str, str, tuple[str, ...]]]]
Prepare = Callable[[World], None]

# A network on which everything goes wrong that can go wrong without a partition.
UNRELIABLE: Final = (
    "network.jitter_ms=30",
    "network.loss=0.07",
    "network.duplicate=0.05",
    "network.late=0.1",
    "network.late_ms=800",
)
# What holds on the unreliable one holds on the other a fortiori: that one is for the soak.
NETWORKS: Final = (
    pytest.param((), id="reliable", marks=pytest.mark.soak),
    pytest.param(UNRELIABLE, id="unreliable"),
)


@dataclass(slots=True)
class Log:
    """Every report of a run, as it was made."""

    said: list[tuple[int, str, Report]] = field(default_factory=list)

    def prepare(self, world: World) -> None:
        """Listen to a world, in front of its recorder."""
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            self.said.append((t_ns, node, report))
            record(t_ns, node, report)

        world.say = say

    def of(self, event: Event, node: str = "") -> list[dict[str, Any]]:
        """Fields of every report of this event, of this node if one is named."""
        return [
            dict(report.fields)
            for _, who, report in self.said
            if report.event is event and node in ("", who)
        ]

    def times_s(self, event: Event) -> list[float]:
        return [t_ns / NS_PER_S for t_ns, _, report in self.said if report.event is event]


def a_run(
    name: str, *settings: str, seed: int = 1, prepare: Prepare = lambda world: None
) -> Finished:
    """One run of a scenario by name or path, without a folder."""
    return run(load(name, list(settings)), RunOptions(seed=seed, prepare=prepare))


def by_the_scanner(name: str, settings: str) -> str:
    """A scenario as TOML: wheat goes east on the large map, and every load by way of the X-ray.
    `settings` are whole lines.
    """
    return f"""
format_version = 1
name = "{name}"
{settings.strip()}
[[flow]]
direction = "E"
goods = "wheat"
hs_code = "100199"
payload_t = 21.8
channels = {{green = 0.0, yellow = 1.0, red = 0.0}}
"""


def both(*prepares: Prepare) -> Prepare:
    """Several preparations as one, in order."""

    def prepare(world: World) -> None:
        for each in prepares:
            each(world)

    return prepare


def violations(finished: Finished) -> dict[str, int]:
    """Invariants that were broken, and how often."""
    return {name: count for name, count in finished.result["safety"].items() if count}


def broken(finished: Finished) -> str:
    """What is wrong with a run as far as safety and its ledgers go; empty if nothing is."""
    said = [
        f"{v.invariant} at {v.t_s:.2f} s: {v.detail}" for v in finished.world.checkers.violations
    ]
    return "\n".join([*said, *map(str, proof(finished.world).findings), finished.crash])


def proof(world: World) -> Proof:
    """What the ledgers on all disks prove together, and every draw done once more."""
    disks = {name: host.disk for name, host in world.hosts.items()}
    proved = prove(ledger_files(world.cast.roster, disks))
    repeat_draws(proved, list(selection_seeds(world.seed).values()))
    return proved


def entries(world: World) -> list[CustodyRecord]:
    """The custody records of the supervisor's ledger, in order."""
    disk = world.hosts[SUPERVISOR].disk
    rows = [disk[key] for key in sorted(disk) if key.startswith("ledger/")]
    links = [msgspec.msgpack.decode(row, type=Entry) for row in rows]
    return [CustodyRecord.FromString(Document.FromString(e.record).payload) for e in links]


def ledger(world: World) -> Ledger:
    """The ledger without its times: what happened to each crossing, in order."""
    told: Ledger = defaultdict(list)
    for record in entries(world):
        link = (int(record.step), record.place_id, record.vehicle_id, tuple(record.seals))
        told[record.crossing_id].append(link)
    return dict(told)


def payload_type(raw: bytes) -> str:
    """What kind of message a frame carries."""
    return Envelope.FromString(Frame.FromString(raw).envelope).payload_type
