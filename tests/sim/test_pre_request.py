"""Permits that are asked for on the way, in runs: how long a truck stands before a closed arm."""

from typing import Final

import pytest

from contract.agent import Refused
from contract.events import Event
from gate import agent as gate_agent
from gate.interlock import Move
from gate.passage import GatePassage
from sim.run import Finished
from tests.sim.runs import NS_PER_S, UNRELIABLE, Log, a_run, broken, violations
from vehicle.road import Road

ARM: Final = tuple(f"gate.{gate}.barrier='3s'" for gate in ("kz_out", "kz_in", "cn_out", "cn_in"))


def stood_s(log: Log) -> list[float]:
    """From standing at a gate's line until the permit, for each passage; 0: it had it by then."""
    reached: dict[tuple[str, str], int] = {}
    found = []
    for t_ns, node, report in log.said:
        gate = str(report.fields.get("place", report.fields.get("gate", "")))
        if report.event is Event.PLACE_REACHED:
            reached[node, gate] = t_ns
        elif report.event is Event.PERMIT_ACCEPTED:
            found.append((t_ns - reached.get((node, gate), t_ns)) / NS_PER_S)
    return found


def a_smoke(log: Log, *settings: str) -> Finished:
    return a_run("smoke", "expect=[]", *settings, prepare=log.prepare)


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_arm_that_is_quick_is_open_when_the_truck_arrives(network: tuple[str, ...]) -> None:
    """GATE-V1, VEH-V1: of half a second, from when the plate is read, a metre before the line."""
    log = Log()
    finished = a_smoke(log, *network)
    assert broken(finished) == ""
    stood = stood_s(log)
    assert len(stood) == 4
    assert stood.count(0.0) >= 3  # one comes to the line before it has road beyond the gate


def test_slow_arm_begins_to_rise_before_the_truck_has_come_to_rest() -> None:
    """GATE-V1: of 3 s: half of them are over when it stands."""
    log = Log()
    finished = a_smoke(log, *ARM)
    assert broken(finished) == ""
    assert sorted(stood_s(log))[2] < 2.0


def test_planted_trucks_that_ask_at_the_line_only_stand_there_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it was like before; and what the test above would find."""
    monkeypatch.setattr(Road, "nears_gate", lambda *told: False)
    log = Log()
    finished = a_smoke(log, *ARM)
    assert broken(finished) == ""
    assert min(stood_s(log)) > 3.0


def test_planted_gate_that_raises_its_arm_for_whoever_has_answered_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I5: without the interlock and the comparison it opens while nobody is at the line."""

    def blind(*told: object) -> Refused | None:
        return None

    monkeypatch.setattr(GatePassage, "_fault", blind)
    monkeypatch.setattr(gate_agent, "judge_opening", lambda *told: Move.OPEN)
    assert violations(a_smoke(Log(), "fleet.cn=0", "time.crossings=1")).keys() >= {"I5"}


def test_gate_that_compares_nothing_is_kept_from_opening_by_its_interlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GATE-003: a plate that is not read opens nothing, whatever the passage says."""
    monkeypatch.setattr(GatePassage, "_fault", lambda *told: None)
    assert violations(a_smoke(Log(), "fleet.cn=0", "time.crossings=1")) == {}
