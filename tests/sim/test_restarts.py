"""Programs that die and come back, whenever it happens: nothing is broken, and the day is finished.

A crash is `kill -9`: what was not committed is gone, hardware is on its own, and the restarted
program has its journal and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from contract.events import Event
from sim.build import SUPERVISOR
from sim.run import Finished
from tests.sim.runs import NS_PER_S, Log, a_run, broken, ledger

NODES: Final = (
    "truck-01",
    "truck-02",
    "kz_out",
    "cn_in",
    "office-kz",
    "office-cn",
    "supervisor",
    "terminal-kz",
)
RUN_S: Final = 120  # the smoke scenario's day, when nothing happens
SHORT_S, LONG_S = 3, 40  # below every silence that is watched, and above


def crashed(target: str, at_s: float, lasts_s: float, log: Log | None = None) -> Finished:
    """The smoke scenario with one crash; 0 s: for good."""
    fault = f'{{at="{at_s}s", kind="crash", target="{target}", lasts="{lasts_s}s"}}'
    log = log or Log()
    return a_run("smoke", "time.duration='6min'", f"fault=[{fault}]", prepare=log.prepare)


def faults_of(finished: Finished) -> Iterator[str]:
    """What a crash must not lead to."""
    if broken(finished).strip():
        yield broken(finished)
    done = finished.result["traffic"]["loaded_crossings"]
    if done != 2:
        yield f"{done} crossings, {finished.result['traffic']['waiting']}"
    steps = [[step for step, *_ in links] for links in ledger(finished.world).values()]
    if steps != [[1, 2, 3, 4]] * 2:
        yield f"custody {steps}"


def swept(target: str, times_s: list[float], lasts_s: float) -> dict[float, list[str]]:
    """Crash at each of these times; what went wrong, by time."""
    said = {at_s: list(faults_of(crashed(target, at_s, lasts_s))) for at_s in times_s}
    return {at_s: faults for at_s, faults in said.items() if faults}


# --- at any time ---


@pytest.mark.parametrize("lasts_s", [pytest.param(SHORT_S, marks=pytest.mark.soak), LONG_S])
@pytest.mark.parametrize("target", NODES)
def test_program_that_crashes_at_any_time_comes_back_and_both_crossings_finish(
    target: str, lasts_s: float
) -> None:
    """SUP-009, VEH-011, GATE-009: every fortieth second here, each second in the soak."""
    offset_s = 0.4 + 4.0 * NODES.index(target) + lasts_s / 10.0
    assert swept(target, [offset_s + 40.0 * k for k in range(RUN_S // 40)], lasts_s) == {}


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lasts_s", [1, SHORT_S, LONG_S])
@pytest.mark.parametrize("target", [*NODES, "cn_out", "kz_in", "terminal-cn"])
def test_program_that_crashes_in_any_second_comes_back_and_both_crossings_finish(
    target: str, lasts_s: float
) -> None:
    assert swept(target, [0.3 + k for k in range(RUN_S + 1)], lasts_s) == {}


# --- while a truck passes the gate ---


@dataclass(frozen=True)
class Passage:
    """The first passage of the day, when nothing happens: who, and from the request to the end."""

    truck: str
    gate: str
    asked_s: float
    passed_s: float


@pytest.fixture(scope="module")
def passage() -> Passage:
    log = Log()
    a_run("smoke", prepare=log.prepare)
    asked = next(said for said in log.said if said[2].event is Event.PERMIT_REQUESTED)
    asked_s, gate = asked[0] / NS_PER_S, str(asked[2].fields["gate"])
    passed_s = min(t_s for t_s in log.times_s(Event.VEHICLE_PASSED) if t_s > asked_s)
    return Passage(asked[1], gate, asked_s, passed_s)


@pytest.mark.parametrize("step", range(12))
@pytest.mark.parametrize("who", ["gate", "truck"])
def test_crash_in_any_chapter_of_a_passage_breaks_nothing(
    passage: Passage, who: str, step: int
) -> None:
    """GATE-007 to GATE-009: challenged, opening, open, rolling, under the arm, clearing."""
    at_s = passage.asked_s + 0.03 + step * (passage.passed_s - passage.asked_s) / 12.0
    target = passage.gate if who == "gate" else passage.truck
    assert swept(target, [round(at_s, 3)], SHORT_S) == {}


# --- for good ---


def test_vehicle_that_crashes_for_good_keeps_its_zones_locked_and_the_other_safe() -> None:
    """SUP-006: it stands somewhere in what it was given, and nobody else is let in."""
    log = Log()
    finished = crashed("truck-01", 30.0, 0.0, log)

    assert broken(finished).strip() == ""
    (silent,) = log.of(Event.VEHICLE_FELL_SILENT, SUPERVISOR)
    held = str(silent["zones"]).split()
    assert silent["vehicle"] == "truck-01"
    assert held
    zones = finished.world.hosts[SUPERVISOR].disk
    assert [zone for zone in held if f"zone/{zone}" not in zones] == []
    allocated = [
        row["zone"]
        for t_ns, _, report in log.said
        for row in [report.fields]
        if report.event is Event.ZONE_ALLOCATED and t_ns > 40e9 and row["vehicle"] != "truck-01"
    ]
    assert not set(allocated) & set(held)
    assert finished.result["exit_code"] == 4


def test_wait_of_the_silent_vehicle_is_in_the_log_with_its_reason() -> None:
    log = Log()
    crashed("truck-01", 30.0, 0.0, log)
    waits = [row for row in log.of(Event.VEHICLE_WAITS) if row["vehicle"] == "truck-01"]
    assert waits[-1]["reason"].name == "VEHICLE_SILENT"


def test_supervisor_that_is_gone_for_good_grants_nothing_and_nothing_is_broken() -> None:
    """An accepted authority ends in space: trucks drive to its end, ask gates, and stand."""
    log = Log()
    finished = crashed(SUPERVISOR, 12.0, 0.0, log)
    assert broken(finished).strip() == ""
    assert finished.result["traffic"]["loaded_crossings"] == 0
    assert all(t_s <= 12.0 for t_s in log.times_s(Event.AUTHORITY_GRANTED))
