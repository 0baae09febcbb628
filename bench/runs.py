"""How fast a whole run is on one core, and which part of it takes the time.

Recordings are off. The real-time factor is measured without any watch; the split comes from one more run with a
stopwatch around the calls between parts, which costs a few per cent, evenly enough for shares.
"""

from dataclasses import dataclass
from typing import Any, Final

import nacl.signing

from bench.measure import Stopwatch, print_table, repeat, timed_methods
from contract.mailbox import Mailbox
from corridor.agent import SupervisorAgent
from gate.agent import GateAgent
from gate.office.agent import OfficeAgent
from sim.checkers import Checkers
from sim.engine import Engine
from sim.fleet import Fleet
from sim.network import Network
from sim.record import Recorder
from sim.run import Finished, RunOptions
from sim.run import run as run_scenario
from sim.scenario import Scenario, load
from sim.terminal import TerminalAgent
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
PARTS: Final[tuple[tuple[str, type, str], ...]] = (
    *((part, agent, call) for part, agent in _AGENTS for call in _CALLS),
    ("physics", Fleet, "step"),
    ("mailbox", Mailbox, "post"),
    ("mailbox", Mailbox, "open"),
    ("mailbox", Mailbox, "due"),
    ("signatures", nacl.signing.SigningKey, "sign"),
    ("signatures", nacl.signing.VerifyKey, "verify"),
    ("network and heap", Network, "send"),
    ("network and heap", Engine, "at"),
    ("checkers", Checkers, "tap"),
    ("transcript", Recorder, "say"),
    ("transcript", Recorder, "delivered"),
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


def run(options: Any) -> None:
    """Measure and print."""
    run_scenario(load("smoke", []), RunOptions())  # compiles the kernels
    for case in cases(full=options.full):
        _measure(case, 1 if options.full else REPETITIONS)


def _measure(case: Case, repetitions: int) -> None:
    finished: list[Finished] = []
    sample = repeat(lambda: finished.append(run_scenario(case.load(), RunOptions())), repetitions)
    result = finished[-1].result
    hashes = {each.result["transcript_sha256"] for each in finished}
    assert len(hashes) == 1, "the same seed gave different runs"
    performance = result["performance"]
    messages, simulated_s = performance["messages"], performance["simulated_s"]
    loaded = result["traffic"]["loaded_crossings"]
    rows = [
        ["real-time factor", f"{simulated_s / sample.median_s:,.0f}"],
        ["processor seconds", f"{sample.median_s:.2f} (spread {100.0 * sample.spread:.0f} %)"],
        ["messages", f"{messages:,} ({messages / sample.median_s:,.0f} a processor second)"],
        ["vehicle-steps", f"{performance['vehicle_steps']:,}"],
        ["crossings", f"{loaded} loaded, {result['traffic']['empty_crossings']} empty"],
    ]
    print_table(case.title, ("", ""), rows)
    watch = Stopwatch()
    with timed_methods(watch, PARTS):
        run_scenario(case.load(), RunOptions())
    shares = [
        [part, f"{100.0 * share:.1f} %", f"{watch.calls.get(part, 0):,}"]
        for part, share in watch.shares().items()
    ]
    print_table("  where the time goes", ("", "share", "calls"), shares)
