"""A grant decision at a hundred vehicles: from the word that frees a zone to the sealed authority.

The supervisor of a simulated hour is taped - every message and wake, with its time - and the tape
is played to a node of its own as the live shell would: one input, one turn, one commit to SQLite on
this machine's disk, synced. A decision is a turn that frees a zone and grants an authority; its
time runs from the bytes of the report until the authority is sealed and the record that justifies
it is on disk. Wall time: a disk has no processor time. Not here: sockets, and CURVE.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.measure import print_table
from contract.agent import Boot, Now, Report
from contract.events import Event
from contract.limits import SNAPSHOT_RECORDS
from contract.mailbox import Transmit
from contract.node import Node, Turn
from contract.signing import type_name
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.movement_pb2 import MovementAuthority
from live.journal import JournalFile
from sim.build import SUPERVISOR
from sim.run import RunOptions
from sim.run import run as drive
from sim.scenario import load
from sim.world import World

ROOT: Final = Path(__file__).resolve().parents[1]
VEHICLES: Final = 100
GROUPS: Final = 13  # of four berths a side: room for half of them and two more
REPETITIONS: Final = 3
MINUTES: Final = 60
BAR_MS: Final = 20.0
DRAW: Final = """
import sys
from dataclasses import replace
sys.path[:0] = ["docs/maps", "."]
import bakhty_pokitu
print(bakhty_pokitu.draw(replace(bakhty_pokitu.BAKHTY, name="hundred", groups=int(sys.argv[1]))))
"""
AUTHORITY: Final = type_name(MovementAuthority)


@dataclass(slots=True)
class Tape:
    """Everything that one program was told, in order, as calls of its node."""

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    build: Callable[[], Node[Any]] | None = None
    said: int = 0  # what its turns have led to: played again it must be as much

    def prepare(self, world: World) -> None:
        """Put a taped node in the place of the supervisor's."""
        host = world.hosts[SUPERVISOR]
        self.build = host.build
        host.build = lambda: Taped(world.builder.supervisor(), self)


class Taped(Node[Any]):
    """A node that notes what it is told."""

    def __init__(self, node: Node[Any], tape: Tape) -> None:
        super().__init__(node.agent, node.mailbox)
        self._tape = tape

    def start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Turn:
        self._tape.calls.append(("start", (now, boot, dict(state))))
        return self._noted(super().start(now, boot, state))

    def receive(self, now: Now, raw: bytes, sender: str) -> Turn:
        self._tape.calls.append(("receive", (now, raw, sender)))
        return self._noted(super().receive(now, raw, sender))

    def wake(self, now: Now, reading: Any) -> Turn:
        self._tape.calls.append(("wake", (now, reading)))
        return self._noted(super().wake(now, reading))

    def _noted(self, turn: Turn) -> Turn:
        self._tape.said += len(turn.then)
        return turn


@dataclass(slots=True)
class Times:
    """Milliseconds of turns, by what they did."""

    decisions: list[float] = field(default_factory=list)  # free a zone and grant
    grants: list[float] = field(default_factory=list)  # grant, for whatever reason
    others: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)  # of decisions, their commit alone
    snapshots: list[float] = field(default_factory=list)  # between two turns


def taped() -> Tape:
    """An hour of a hundred trucks on a map with berths enough."""
    tape = Tape()
    with tempfile.TemporaryDirectory() as folder:
        corridor = Path(folder) / "hundred.geojson"
        drawn = subprocess.run(  # noqa: S603 - our own interpreter and drawing
            [sys.executable, "-P", "-c", DRAW, str(GROUPS)],
            cwd=ROOT,
            check=True,
            text=True,
            capture_output=True,
        )
        corridor.write_text(drawn.stdout, encoding="utf-8")
        settings = [
            f"corridor.map={corridor}",
            f"time.duration={MINUTES}min",
            "time.warm_up=0s",
            f"fleet.kz={VEHICLES // 2}",
            f"fleet.cn={VEHICLES - VEHICLES // 2}",
            "expect=[]",
        ]
        drive(load("traffic_day", settings), RunOptions(prepare=tape.prepare))
    return tape


def played(tape: Tape, folder: Path) -> Times:
    """The tape once more, by a node with a journal on disk."""
    if tape.build is None:
        raise AssertionError("nothing was taped")
    node, times, said = tape.build(), Times(), 0
    journal = JournalFile.open(folder / "supervisor.journal")
    try:
        for name, arguments in tape.calls:
            call = getattr(node, name)
            began_ns = time.perf_counter_ns()
            turn = call(*arguments)
            decided_ns = time.perf_counter_ns()
            if turn.records:
                journal.commit(turn.records)
            done_ns = time.perf_counter_ns()
            said += len(turn.then)
            _sort(times, turn, (done_ns - began_ns) / 1e6, (done_ns - decided_ns) / 1e6)
            if journal.records_since_snapshot > SNAPSHOT_RECORDS:
                journal.compact()
                times.snapshots.append((time.perf_counter_ns() - done_ns) / 1e6)
    finally:
        journal.close()
    if said != tape.said:
        raise AssertionError(f"played again it says {said} things and not {tape.said}")
    return times


def _sort(times: Times, turn: Turn, took_ms: float, commit_ms: float) -> None:
    if not any(isinstance(each, Transmit) and _is_authority(each.raw) for each in turn.then):
        times.others.append(took_ms)
        return
    times.grants.append(took_ms)
    if any(isinstance(each, Report) and each.event is Event.ZONE_FREED for each in turn.then):
        times.decisions.append(took_ms)
        times.commits.append(commit_ms)


def _is_authority(raw: bytes) -> bool:
    return Envelope.FromString(Frame.FromString(raw).envelope).payload_type == AUTHORITY


def percentile(values: list[float], share: float) -> float:
    """By nearest rank."""
    ranked = sorted(values)
    return ranked[max(0, -(-int(len(ranked) * share * 1000) // 1000) - 1)]


def _row(name: str, values: list[float]) -> list[str]:
    if not values:
        return [name, "0", "-", "-", "-", "-"]
    figures = [percentile(values, share) for share in (0.5, 0.99)]
    figures += [max(values), BAR_MS / percentile(values, 0.99)]
    return [name, f"{len(values):,}", *(f"{figure:.2f}" for figure in figures)]


def run(options: Any) -> None:
    """Tape once, play several times, print each."""
    del options
    tape = taped()
    rows = []
    for number in range(1, REPETITIONS + 1):
        with tempfile.TemporaryDirectory(dir=ROOT) as folder:
            times = played(tape, Path(folder))
        rows.append(_row(f"run {number}: frees a zone and grants", times.decisions))
        rows.append(_row("  of that the commit", times.commits))
        rows.append(_row("  every turn that grants", times.grants))
        rows.append(_row("  every other turn", times.others))
        rows.append(_row("  snapshots, between two turns", times.snapshots))
    print_table(
        f"grant decisions with {VEHICLES} vehicles, milliseconds",
        ("", "turns", "median", "p99", "longest", f"{BAR_MS:.0f} ms / p99"),
        rows,
    )
