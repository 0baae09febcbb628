"""What one passage of a gate costs judge, gate and truck: processor time and signatures.

Whole trips of the smallest scenario, with a watch around what gate and truck do about the five
messages of a passage: from bytes to bytes, so with opening, verifying, deciding and sealing. The
judgement over both releases is told apart. The permit and the link of custody are signed once the
arm is proven open and the truck is through, and are the gate's. Not here: sockets, journals, the
guard's own judgement at each authority, the arm.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import nacl.signing

from bench.measure import print_table
from contract import release
from contract.signing import forget_verdicts, type_name
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.gate_pb2 import (
    Challenge,
    PassageRequest,
    Passed,
    PermitGranted,
    PermitRequest,
)
from gate.passage import GatePassage
from sim.host import Host
from sim.run import RunOptions, run
from sim.scenario import load

SEEDS: Final = range(1, 9)
KINDS: Final = {
    type_name(kind): kind.DESCRIPTOR.name
    for kind in (PassageRequest, Challenge, PermitRequest, PermitGranted, Passed)
}
PARTS: Final = ("judge", "gate", "truck")


@dataclass(slots=True)
class Cost:
    """What a part has cost so far."""

    seconds: float = 0.0
    verified: int = 0
    signed: int = 0


@dataclass(slots=True)
class Meter:
    """Exclusive time and signatures by part; while an inner part runs, the outer stands still."""

    costs: dict[str, Cost] = field(default_factory=lambda: {part: Cost() for part in PARTS})
    passages: int = 0
    _running: list[str] = field(default_factory=list)
    _since_s: float = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._charge()
        self._running.append(name)
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    @property
    def running(self) -> bool:
        return bool(self._running)

    def count(self, what: str) -> None:
        if self._running:
            cost = self.costs[self._running[-1]]
            setattr(cost, what, getattr(cost, what) + 1)

    def _charge(self) -> None:
        now_s = time.process_time()
        if self._running:
            self.costs[self._running[-1]].seconds += now_s - self._since_s
        self._since_s = now_s


def _kind(raw: bytes) -> str:
    """The message of a passage that a frame carries; "" for any other."""
    return KINDS.get(Envelope.FromString(Frame.FromString(raw).envelope).payload_type, "")


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Watch every host of a run for as long as the context lasts."""
    receive, judge = Host.receive, release.judge
    verify, sign = nacl.signing.VerifyKey.verify, nacl.signing.SigningKey.sign

    def receives(host: Host, sender: str, raw: bytes) -> None:
        kind = _kind(raw)
        truck = host.name.startswith("truck-")
        if not kind or not (truck or host.name.endswith(("_in", "_out"))):
            receive(host, sender, raw)
            return
        forget_verdicts()  # gate and truck are programs of their own
        meter.passages += truck and kind == Passed.DESCRIPTOR.name
        with meter.part("truck" if truck else "gate"):
            receive(host, sender, raw)

    def judges(*arguments: Any, **named: Any) -> Any:
        if not meter.running:
            return judge(*arguments, **named)  # a guard's, at a new authority
        with meter.part("judge"):
            forget_verdicts()
            return judge(*arguments, **named)

    def counted(call: Callable[..., Any], what: str) -> Callable[..., Any]:
        def counts(*arguments: Any, **named: Any) -> Any:
            meter.count(what)
            return call(*arguments, **named)

        return counts

    def at_gate(call: Callable[..., Any]) -> Callable[..., Any]:
        def papers(*arguments: Any, **named: Any) -> Any:
            with meter.part("gate"):
                return call(*arguments, **named)

        return papers

    patched: tuple[tuple[Any, str, Any], ...] = (
        (Host, "receive", receives),
        (GatePassage, "granted", at_gate(GatePassage.granted)),
        (GatePassage, "passed", at_gate(GatePassage.passed)),
        (release, "judge", judges),
        (nacl.signing.VerifyKey, "verify", counted(verify, "verified")),
        (nacl.signing.SigningKey, "sign", counted(sign, "signed")),
    )
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in patched]
    try:
        for owner, name, call in patched:
            setattr(owner, name, call)
        yield
    finally:
        for owner, name, call in kept:
            setattr(owner, name, call)


def run_once(options: Any) -> Meter:
    """All passages of some trips."""
    del options
    run(load("smoke", []), RunOptions())  # compiles the kernels
    meter = Meter()
    with metered(meter):
        for seed in SEEDS:
            run(load("smoke", []), RunOptions(seed=seed))
    return meter


def run_passages(options: Any) -> None:
    """Measure and print."""
    meter = run_once(options)
    whole = Cost()
    rows = []
    for part in (*PARTS, "together"):
        cost = meter.costs.get(part, whole)
        if cost is not whole:
            whole.seconds += cost.seconds
            whole.verified += cost.verified
            whole.signed += cost.signed
        rows.append([part, *_each(cost, meter.passages)])
    total_s = max(whole.seconds, 1e-12)
    for row, part in zip(rows, (*PARTS, "together"), strict=True):
        share = meter.costs[part].seconds / total_s if part in meter.costs else 1.0
        row.append(f"{100.0 * share:.0f} %")
    print_table(
        f"one passage, mean of {meter.passages}",
        ("", "us", "signatures verified", "made", "share"),
        rows,
    )


def _each(cost: Cost, passages: int) -> list[str]:
    each = max(1, passages)
    return [
        f"{1e6 * cost.seconds / each:.0f}",
        f"{cost.verified / each:.1f}",
        f"{cost.signed / each:.1f}",
    ]
