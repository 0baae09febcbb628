"""An ambulance comes through: trucks run out, nobody is let in, it meets nobody, all goes on."""

from typing import Final

import pytest

from contract.events import Event
from contract.map import ZoneKind
from sim import crew_drive
from sim.ambulance import path_of
from sim.crew_drive import CrewDrive, Leg, Trip
from sim.run import load_map
from tests.sim.runs import UNRELIABLE, Log, a_run, broken, violations

SHORT: Final = (
    *("fleet.kz=6", "fleet.cn=4", "time.warm_up='2min'", "time.duration='24min'"),
    *("ambulance.at='12min'", "expect=[]"),
)


@pytest.mark.parametrize(
    ("direction", "fault"),
    [
        pytest.param("E", "", id="east"),
        pytest.param("W", "", id="west"),
        pytest.param("E", '{at="13min",kind="crash",target="supervisor",lasts="5s"}', id="restart"),
        pytest.param(
            "E",
            '{at="12min",kind="partition",target="ambulance-1 supervisor",lasts="3min"}',
            id="partition",
        ),
    ],
)
def test_path_is_cleared_driven_and_given_back(direction: str, fault: str) -> None:
    """SUP-042, SUP-027: on a bad network, over a restart and a partition."""
    log = Log()
    settings = (f"ambulance.direction='{direction}'", f"fault=[{fault}]")
    finished = a_run("ambulance", *SHORT, *settings, *UNRELIABLE, prepare=log.prepare)
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
    said = [(t_ns, each) for t_ns, _, each in log.said]
    (closed_ns,) = [t for t, each in said if each.event is Event.SECTION_CLOSED]
    (clear_ns,) = [t for t, each in said if each.event is Event.SECTION_CLEARED]
    (opened_ns,) = [t for t, each in said if each.event is Event.SECTION_OPENED]
    path = set(log.of(Event.SECTION_CLOSED)[0]["zones"].split())
    late = [
        each.fields["vehicle"]
        for t, each in said
        if each.event is Event.ZONE_ALLOCATED
        and each.fields["zone"] in path
        and clear_ns < t < opened_ns
    ]
    assert set(late) == {"ambulance-1"}
    assert closed_ns < clear_ns
    assert not log.of(Event.DETECTOR_MISCOUNTED)
    assert not log.of(Event.ZONE_BECAME_UNKNOWN)
    assert [each["operator"] for each in log.of(Event.SECTION_OPENED)] == ["ambulance-1"]


def test_ambulance_that_does_not_wait_for_its_path_meets_a_truck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I1: the checker sees a manned vehicle too; a planted defect."""

    def at_once(self: CrewDrive, trip: Trip) -> None:
        self._next(Leg.DRIVING)

    monkeypatch.setitem(crew_drive._SAYS, Leg.CLOSING, at_once)
    finished = a_run("ambulance", *SHORT, "time.duration='16min'")
    assert violations(finished).get("I1", 0) > 0
    assert any("ambulance-1" in v.detail for v in finished.world.checkers.violations)


@pytest.mark.parametrize("direction", ["E", "W"])
def test_path_runs_from_before_the_exit_gate_to_behind_the_entry_gate(direction: str) -> None:
    corridor = load_map("bakhty_pokitu")
    zones = [zone for zone, _, _ in path_of(corridor, direction).zone_spans]
    cells = [i for i, zone in enumerate(zones) if corridor.zones[zone].kind is ZoneKind.GATE_CELL]
    assert (cells[0], cells[-1]) == (1, len(zones) - 2)
    assert len(cells) == 2
