"""Shrinking: the smallest schedule of faults under which a run still fails in the same way.

Delta debugging over the faults (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing
Input, IEEE TSE 28(2), 2002), then each fault shorter, then the run itself no longer than it takes.
What clears up at the end of a schedule stays, or everything would be stuck. Pure but for the runs,
which it is handed. Not here: files, and what is told (cli/campaign.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from sim.distributions import parse_duration
from sim.fault_kinds import ALL_CLEARED
from sim.outcome import EXIT_OK, EXIT_UNSAFE
from sim.run import Finished, RunOptions, run
from sim.scenario import FaultSection, Scenario, to_toml
from sim.seeds.runner import why

RUNS_MAX: Final = 400
SHORTEST_S: Final = 0.1
AFTER_S: Final = 1.0  # how long a run goes on after what is wrong with it


@dataclass(frozen=True, slots=True)
class Failure:
    """How a run fails: the exit code, and what it was, without times and names.

    at_s   when it came to that, in seconds; the end where it is judged at the end
    """

    exit_code: int
    kind: str
    why: str
    at_s: float

    def like(self, other: "Failure") -> bool:
        return (self.exit_code, self.kind) == (other.exit_code, other.kind)


def failure_of(finished: Finished) -> Failure:
    """What is wrong with a run that is over."""
    result, violations = finished.result, finished.world.checkers.violations
    at_s = float(result["performance"]["simulated_s"])
    kind = ""
    if violations:
        kind, at_s = violations[0].invariant, violations[0].t_s
    elif finished.crash:
        kind = finished.crash.strip().splitlines()[-1].partition(":")[0]
    elif finished.cycle:
        kind = "deadlock"
    return Failure(result["exit_code"], kind, why(finished), at_s)


def fails(scenario: Scenario) -> Failure:
    """Run a scenario under its own seed, without a folder."""
    return failure_of(run(copy_of(scenario), RunOptions(seed=scenario.seed)))


def copy_of(scenario: Scenario) -> Scenario:
    return msgspec.convert(msgspec.to_builtins(scenario), Scenario)


def brief(scenario: Scenario) -> str:
    """A scenario as runnable TOML that says only what differs from the defaults."""
    return to_toml({"format_version": scenario.format_version, **_said(scenario)})


def _said(section: msgspec.Struct) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for key in msgspec.structs.fields(section):
        value = getattr(section, key.name)
        made = key.default_factory
        usual = key.default if made is msgspec.NODEFAULT else made()
        if value == usual:
            continue
        if isinstance(value, dict):
            tables = {name: _value(each) for name, each in value.items()}
            tables = {name: table for name, table in tables.items() if table != {}}
            said |= {key.name: tables} if tables else {}
        elif isinstance(value, list):
            said[key.name] = [_value(each) for each in value]
        else:
            said[key.name] = _value(value)
    return said


def _value(value: Any) -> Any:
    """A table, or what stands in one by itself: a text, a number."""
    return _said(value) if isinstance(value, msgspec.Struct) else value


@dataclass(slots=True)
class Shrinker:
    """One scenario on its way down. `tell` hears what is left after each step that helped."""

    scenario: Scenario
    wanted: Failure
    tell: Callable[[str], None] = lambda said: None
    judge: Callable[[Scenario], Failure] = fails
    runs: int = 0

    def smallest(self) -> Scenario:
        """As far down as it goes within RUNS_MAX runs."""
        kept = [fault for fault in self.scenario.fault if fault.kind == ALL_CLEARED]
        drawn = [fault for fault in self.scenario.fault if fault.kind != ALL_CLEARED]
        drawn = self._fewer(drawn, kept)
        drawn = self._shorter(drawn, kept)
        self._end_early()
        return self.scenario

    def _holds(self, scenario: Scenario) -> bool:
        """Whether it still fails in the same way; then it is the one to go on from."""
        if self.runs >= RUNS_MAX:
            return False
        self.runs += 1
        found = self.judge(scenario)
        if not found.like(self.wanted):
            return False
        self.scenario, self.wanted = scenario, found
        return True

    def _with(self, drawn: Sequence[FaultSection], kept: Sequence[FaultSection]) -> Scenario:
        scenario = copy_of(self.scenario)
        scenario.fault = [*drawn, *kept]
        return scenario

    def _fewer(self, drawn: list[FaultSection], kept: Sequence[FaultSection]) -> list[FaultSection]:
        """Drop halves, quarters, ... single faults, for as long as one of them can be missed."""
        parts = 2
        while drawn:
            size = max(1, len(drawn) // parts)
            for first in range(0, len(drawn), size):
                fewer = [*drawn[:first], *drawn[first + size :]]
                if self._holds(self._with(fewer, kept)):
                    drawn, parts = fewer, max(2, parts - 1)
                    self.tell(f"{len(drawn)} faults")
                    break
            else:
                if size == 1:
                    return drawn
                parts = min(len(drawn), 2 * parts)
        return drawn

    def _shorter(
        self, drawn: list[FaultSection], kept: Sequence[FaultSection]
    ) -> list[FaultSection]:
        """Halve how long each lasts, for as long as that does."""
        for place, fault in enumerate(drawn):
            lasts_s = parse_duration(fault.lasts)
            while lasts_s / 2.0 >= SHORTEST_S:
                lasts_s = round(lasts_s / 2.0, 2)
                shorter = list(drawn)
                shorter[place] = msgspec.structs.replace(fault, lasts=f"{lasts_s:g}s")
                if not self._holds(self._with(shorter, kept)):
                    break
                drawn = shorter
                self.tell(f"{fault.kind} {fault.target} for {lasts_s:g} s")
        return drawn

    def _end_early(self) -> None:
        """What is unsafe is so before the end; what is stuck can only be told at the end."""
        end_s = round(self.wanted.at_s + AFTER_S, 1)
        if self.wanted.exit_code != EXIT_UNSAFE or end_s >= self.scenario.duration_s:
            return
        scenario = copy_of(self.scenario)
        scenario.time.duration = f"{end_s:g}s"
        scenario.time.warm_up = "0s"
        if parse_duration(scenario.progress.after) >= end_s:
            scenario.progress.after = "0s"
        scenario.fault = [f for f in scenario.fault if parse_duration(f.at) < end_s]
        if self._holds(scenario):
            self.tell(f"{end_s:g} s")


def shrink(scenario: Scenario, tell: Callable[[str], None]) -> tuple[Scenario, Failure, int] | None:
    """The smallest failing form of a scenario, how it fails, and how many runs that took; None if
    it does not fail.
    """
    wanted = fails(scenario)
    if wanted.exit_code == EXIT_OK:
        return None
    shrinker = Shrinker(scenario, wanted, tell)
    return shrinker.smallest(), shrinker.wanted, shrinker.runs + 1
