"""What a terminal finds again when its program has died: its numbers, loads, waybills, trucks.

Written before anything that follows from it is sent; times are the computer's own, which runs on
while the program does not. Not kept: streams of chance, which begin anew, and slots still to be
booked. Not here: what a terminal does with it (terminal.py), its ledger (contract/heads.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from contract.agent import Persist
from contract.v1.customs_pb2 import Declaration
from sim.refiling import Refiling
from sim.terminal_jobs import Job
from sim.terminal_papers import Batch, Flow

NS_PER_S: Final = 1_000_000_000
TRADE_KEY: Final = "terminal/trade"
JOB_KEY: Final = "terminal/job/"


@dataclass(slots=True)
class Trade:
    """What a terminal has counted, and the loads that come by themselves.

    tests, failures   of brakes, and those that were not passed
    offered           loads that have come by themselves
    backlog           of them, those that wait for a truck;  backlog_most   ever at a time
    empty_after_ns    how long after the terminal's first start none did for the last time
    next_cargo        when the next load of each flow comes, by the flow's place in the scenario
    """

    begun_ns: int = 0
    crossings: int = 0
    tests: int = 0
    failures: int = 0
    offered: int = 0
    backlog: list[Flow] = field(default_factory=list)
    backlog_most: int = 0
    empty_after_ns: int = 0
    next_cargo: dict[int, int] = field(default_factory=dict)

    def expect(self, index: int, comes_ns: int, *, ends_s: float) -> None:
        """When the next loads of a flow come, unless it is over by then."""
        self.next_cargo.pop(index, None)
        if comes_ns < self.begun_ns + ends_s * NS_PER_S:
            self.next_cargo[index] = comes_ns

    def come(self, flow: Flow, loads: int) -> None:
        """So many loads of a flow wait for trucks now."""
        self.backlog += [flow] * loads
        self.offered += loads

    def count(self, now_ns: int) -> None:
        """How many wait, now that trucks have taken theirs."""
        self.backlog_most = max(self.backlog_most, len(self.backlog))
        if not self.backlog:
            self.empty_after_ns = now_ns - self.begun_ns


@dataclass(slots=True)
class Kept:
    """One terminal's row: its trade, its waybills, what is still to be filed anew."""

    trade: Trade
    batches: int
    open: list[tuple[Flow, Batch]]
    refiling: Refiling


def kept(state: Mapping[str, bytes]) -> tuple[Kept | None, dict[str, Job]]:
    """What the journal has, trucks by name; None at the first start of all. Whoever has asked an
    office asks again.
    """
    if TRADE_KEY not in state:
        return None, {}
    row = msgspec.msgpack.decode(state[TRADE_KEY], type=Kept, dec_hook=_from_bytes)
    row.refiling.due_ns |= dict.fromkeys(row.refiling.asked.values(), row.trade.begun_ns)
    row.refiling.asked.clear()
    jobs = (
        msgspec.msgpack.decode(state[key], type=Job, dec_hook=_from_bytes)
        for key in sorted(state)
        if key.startswith(JOB_KEY)
    )
    return row, {job.vehicle: job for job in jobs}


def keep(row: Kept, changed: Iterable[str], jobs: Mapping[str, Job]) -> list[Persist]:
    """The records of what is new, trucks by name and "" for the row alone; a truck that has no job
    any more is forgotten.
    """
    return [
        Persist(TRADE_KEY, _bytes(row)),
        *(
            Persist(JOB_KEY + vehicle, _bytes(jobs[vehicle]) if vehicle in jobs else None)
            for vehicle in sorted(changed)
            if vehicle
        ),
    ]


def _bytes(row: Kept | Job) -> bytes:
    return msgspec.msgpack.encode(row, enc_hook=Declaration.SerializeToString)


def _from_bytes(kind: type, raw: Any) -> Any:
    return kind.FromString(raw) if kind is Declaration else raw
