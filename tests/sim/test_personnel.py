"""A person at a truck in a run: no wheel turns from the truck's word until the key is back."""

import pytest

from contract.agent import Report
from contract.events import Event
from corridor.locks import PersonnelLocks
from sim.world import World
from tests.sim.runs import UNRELIABLE, Log, a_run, broken

PERSON = '{at="20s",kind="person_at_truck",target="truck-01",lasts="60s"}'
CRASHES = {
    "nobody": "",
    "truck": ',{at="30s",kind="crash",target="truck-01",lasts="5s"}',
    "supervisor": ',{at="30s",kind="crash",target="supervisor",lasts="5s"}',
    "cut": ',{at="40s",kind="partition",target="truck-01 supervisor",lasts="30s"}',
}


@pytest.mark.parametrize("who", CRASHES)
def test_no_wheel_turns_while_a_lock_is_held(who: str) -> None:
    """VEH-022, SUP-029: over restarts and a partition; afterwards all goes on."""
    check_stands(f"fault=[{PERSON}{CRASHES[who]}]")


def test_supervisor_whose_key_is_stolen_moves_no_truck_whose_lock_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """VEH-022: whoever has its key tells the truck to go on and gives it road; it stays."""
    holds = PersonnelLocks.holds
    asked: list[str] = []

    def lets_go(self: PersonnelLocks, vehicle: str) -> None:
        asked.extend([vehicle] if holds(self, vehicle) is not None else [])

    monkeypatch.setattr(PersonnelLocks, "holds", lets_go)
    check_stands(f"fault=[{PERSON}]")
    assert "truck-01" in asked


def check_stands(faults: str) -> None:
    """From the truck's word that it is held until the key is back it has not moved."""
    log = Log()
    stood: list[tuple[str, float, float, float]] = []

    def look(world: World) -> None:
        log.prepare(world)
        say = world.say

        def heard(t_ns: int, node: str, report: Report) -> None:
            if node == "truck-01" and report.event in (Event.LOCK_HELD, Event.LOCK_GIVEN_BACK):
                x_m, y_m = world.fleet.motion(node)[:2]
                stood.append((report.event.name, t_ns / 1e9, x_m, y_m))
            say(t_ns, node, report)

        world.say = heard

    finished = a_run("smoke", faults, "time.duration='8min'", *UNRELIABLE, prepare=look)
    assert broken(finished) == ""
    assert finished.result["exit_code"] == 0
    held, given = stood[0], stood[-1]
    assert (held[0], given[0]) == ("LOCK_HELD", "LOCK_GIVEN_BACK")
    assert given[1] - held[1] > 40.0
    assert {(x_m, y_m) for _, _, x_m, y_m in stood} == {held[2:]}
