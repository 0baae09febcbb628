"""How fast a whole run is on one core, and which part of it takes the time.

Recordings are off. The real-time factor is measured without any watch and from the first event
on: compiling the map and building the world is set-up, and is said apart. Who takes the time is in
every result (`performance.parts_s`); on what it is spent comes from one more run with a stopwatch
around the calls between parts, which costs a few per cent.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Final

import nacl.signing

import sim.run
from bench.measure import Sample, Stopwatch, print_table, timed_calls
from contract.mailbox import Mailbox
from corridor.agent import SupervisorAgent
from gate.agent import GateAgent
from gate.office.agent import OfficeAgent
from sim.checkers import Checkers
from sim.devices import Cabinet
from sim.engine import Engine
from sim.fleet import Fleet
from sim.host import Host
from sim.network import Network
from sim.record import Recorder
from sim.run import RunOptions
from sim.scenario import Scenario, load
from sim.terminal import TerminalAgent
from sim.vehicle_body import VehicleBody
from sim.world import World
from vehicle.agent import VehicleAgent

REPETITIONS: Final = 3
_AGENTS: Final = (
    ("vehicle agents", VehicleAgent),
    ("supervisor", SupervisorAgent),
    ("gates", GateAgent),
    ("offices", OfficeAgent),
    ("terminals", TerminalAgent),
)
_CALLS: Final = ("on_start", "on_message", "on_wake")
PARTS: Final[tuple[tuple[str, Any, str], ...]] = (
    *((part, agent, call) for part, agent in _AGENTS for call in _CALLS),
    ("physics", Fleet, "step"),
    ("events of physics", World, "_physics"),
    ("bodies", VehicleBody, "reading"),
    ("bodies", VehicleBody, "carry_out"),
    ("bodies", Cabinet, "reading"),
    ("bodies", Cabinet, "carry_out"),
    ("node and shell", Host, "receive"),
    ("node and shell", Host, "wake"),
    ("node and shell", Host, "start"),
    ("mailbox", Mailbox, "post"),
    ("mailbox", Mailbox, "open"),
    ("mailbox", Mailbox, "due"),
    ("signatures", nacl.signing.SigningKey, "sign"),
    ("signatures", nacl.signing.VerifyKey, "verify"),
    ("network and heap", Network, "send"),
    ("network and heap", Engine, "at"),
    ("network and heap", Engine, "run_next"),
    ("checkers", Checkers, "tap"),
    ("transcript", Recorder, "say"),
    ("transcript", Recorder, "delivered"),
    ("set-up", World, "__init__"),
    ("set-up", sim.run, "load_map"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario and the settings to run it with."""

    title: str
    scenario: str
    settings: tuple[str, ...] = ()

    def load(self) -> Scenario:
        return load(self.scenario, list(self.settings))


def cases(*, full: bool) -> tuple[Case, ...]:
    """What is run: the default hour, and two hours of the busy day or all of it."""
    hours = 24 if full else 2
    settings = () if full else ('time.duration="2h"', 'time.warm_up="0s"')
    return (
        Case("first_crossings, 1 h, 6 trucks", "first_crossings"),
        Case(f"traffic_day, {hours} h, 60 trucks", "traffic_day", settings),
    )


@dataclass(slots=True)
class Timed:
    """Several runs of one case: processor seconds of each, and what they came to."""

    driving_s: list[float] = field(default_factory=list)
    set_up_s: list[float] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)

    def run_once(self, scenario: Scenario) -> None:
        began_s = ready_s = time.process_time()

        def ready(world: World) -> None:
            nonlocal ready_s
            del world
            ready_s = time.process_time()

        finished = sim.run.run(scenario, RunOptions(prepare=ready))
        self.driving_s.append(time.process_time() - ready_s)
        self.set_up_s.append(ready_s - began_s)
        self.results.append(finished.result)


def run(options: Any) -> None:
    """Measure and print."""
    sim.run.run(load("smoke", []), RunOptions())  # compiles the kernels
    for case in cases(full=options.full):
        _measure(case, 1 if options.full else REPETITIONS)


def _measure(case: Case, repetitions: int) -> None:
    timed = Timed()
    for _ in range(repetitions):
        timed.run_once(case.load())
    hashes = {result["transcript_sha256"] for result in timed.results}
    assert len(hashes) == 1, "the same seed gave different runs"
    driving, set_up = Sample(tuple(timed.driving_s)), Sample(tuple(timed.set_up_s))
    result = timed.results[0]
    performance, traffic = result["performance"], result["traffic"]
    messages, simulated_s = performance["messages"], performance["simulated_s"]
    factor, rate = simulated_s / driving.median_s, messages / driving.median_s
    rows = [
        ["real-time factor", f"{factor:,.0f}"],
        ["processor seconds", f"{driving.median_s:.2f} (spread {100.0 * driving.spread:.0f} %)"],
        ["set-up, before that", f"{set_up.median_s:.2f}"],
        ["messages", f"{messages:,} ({rate:,.0f} a processor second)"],
        ["vehicle-steps", f"{performance['vehicle_steps']:,}"],
        ["crossings", f"{traffic['loaded_crossings']} loaded, {traffic['empty_crossings']} empty"],
    ]
    print_table(case.title, ("", ""), rows)
    spent = performance["parts_s"]
    parts = [[part, f"{100.0 * s / sum(spent.values()):.1f} %"] for part, s in spent.items()]
    print_table("  who takes the time, by the run's own watch", ("", "share"), parts)
    watch = Stopwatch()
    with timed_calls(watch, PARTS):
        sim.run.run(case.load(), RunOptions())
    shares = [
        [part, f"{100.0 * share:.1f} %", f"{watch.calls.get(part, 0):,}"]
        for part, share in watch.shares().items()
    ]
    print_table("  on what it is spent, with calls wrapped", ("", "share", "calls"), shares)
