"""Convoys of a run: they form, split before a place for one, form again behind - or do without.

Beacons are heard while the computer of the truck ahead is up, and the gap is what the radar says.
"""

from collections.abc import Callable
from typing import Any, Final

import pytest

from contract.events import Event
from contract.limits import MEMBER_HEADWAY_S, RADAR_HEADWAY_S
from sim.build import SUPERVISOR
from sim.radio import RADIO_OUT
from sim.run import Finished
from sim.world import World
from tests.sim.runs import UNRELIABLE, Log, a_run, both, broken
from vehicle.orders import Drive, VehicleReading

MINUTES: Final = 18  # both directions have formed, split, crossed and formed again


class Beacons:
    """What the truck ahead says, as far as the agent hears of it; and every drive order."""

    def __init__(self, *, dead_from_s: float = float("inf")) -> None:
        self.dead_from_s = dead_from_s
        self.drives: list[tuple[float, str, Drive]] = []
        self._before: dict[str, str] = {}

    def prepare(self, world: World) -> None:
        self._world = world
        fleet = world.fleet
        self._reading, self._carry_out = fleet.reading, fleet.carry_out
        replaced: Any = fleet
        replaced.reading, replaced.carry_out = self.reading, self.carry_out

    def carry_out(self, name: str, command: object) -> None:
        if isinstance(command, Drive):
            self._before[name] = command.predecessor
            self.drives.append((self._world.engine.now_ns / 1e9, name, command))
        self._carry_out(name, command)

    def reading(self, name: str) -> VehicleReading:
        fleet = self._world.fleet
        fleet.radio[:, RADIO_OUT] = self._world.engine.now_ns / 1e9 >= self.dead_from_s
        return self._reading(name)


def go(*more: str, beacons: Beacons | None = None, minutes: int = MINUTES) -> tuple[Finished, Log]:
    log = Log()
    prepare: Callable[[World], None] = log.prepare
    if beacons is not None:
        prepare = both(log.prepare, beacons.prepare)
    wanted = "expect=[{metric='safety.total', equals=0}]"
    finished = a_run(
        "first_crossings",
        "fleet.gathering='90s'",
        f"time.duration='{minutes}min'",
        wanted,
        *more,
        prepare=prepare,
    )
    assert broken(finished).strip() == ""
    assert log.of(Event.GUARD_TRIPPED) == []
    return finished, log


def story(log: Log, convoy: str) -> list[str]:
    """What became of a convoy's formation, by the supervisor's log alone."""
    told = (Event.FORMATION_COMPLETED, Event.FORMATION_ABORTED)
    return [
        f"{report.fields['manoeuvre']} {report.event.name.removeprefix('FORMATION_').lower()}"
        for _, node, report in log.said
        if node == SUPERVISOR and report.event in told and report.fields["convoy"] == convoy
    ]


def unlike(log: Log) -> dict[int, set[str]]:
    """Numbers under which two trucks joined different lists: none."""
    lists: dict[int, set[str]] = {}
    for said in log.of(Event.FORMATION_JOINED):
        lists.setdefault(said["epoch"], set()).add(said["members"])
    return {epoch: found for epoch, found in lists.items() if len(found) > 1}


def test_convoy_forms_splits_before_a_place_for_one_and_forms_again_behind() -> None:
    """SUP-013: the supervisor's log tells it."""
    beacons = Beacons()
    _, log = go(beacons=beacons)
    told = story(log, "convoy-1")
    assert told[:3] == ["join completed", "join completed", "split completed"]
    assert "join completed" in told[3:]
    assert unlike(log) == {}
    headways = {drive.headway_s for _, _, drive in beacons.drives}
    assert headways == {MEMBER_HEADWAY_S, RADAR_HEADWAY_S}


def test_nobody_is_a_member_where_one_vehicle_goes_at_a_time() -> None:
    """SUP-013: gate cells, stations, bays, yards and berths are driven alone."""
    _, log = go(beacons=Beacons())
    members: dict[str, bool] = {}
    reached = 0
    for _, node, report in log.said:
        if report.event is Event.FORMATION_JOINED:
            members[node] = bool(report.fields["predecessor"])
        elif report.event is Event.FORMATION_LEFT:
            members[node] = False
        elif report.event is Event.PLACE_REACHED:
            assert not members.get(node, False), f"{node} at {report.fields['place']}"
            reached += node in members
    assert reached > 3


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_formations_agree_on_an_unreliable_network(seed: int) -> None:
    """SUP-013, SUP-014: lost, doubled and overtaken messages."""
    finished, log = go(*UNRELIABLE, f"fleet.forming='{40 + 10 * seed}s'", beacons=Beacons())
    assert log.of(Event.FORMATION_COMPLETED)
    assert unlike(log) == {}
    assert finished.world.network.lost > 0


def test_without_beacons_traffic_goes_on_at_the_radars_gap() -> None:
    """SUP-015: if forming fails, for whatever reason, every crossing goes on."""
    _, log = go(beacons=Beacons(dead_from_s=0.0), minutes=20)
    assert log.of(Event.FORMATION_JOINED) == []
    assert {each["reason"].name for each in log.of(Event.FORMATION_ABORTED)} == {"BEACONS_LOST"}
    assert len(log.of(Event.CROSSING_FINISHED)) >= 4


@pytest.fixture(scope="module")
def together_s() -> float:
    """When convoy-1 drives as one, on its way to where it splits."""
    _, log = go(beacons=Beacons())
    (joined, *_) = [
        t_ns / 1e9
        for t_ns, _, report in log.said
        if report.event is Event.FORMATION_COMPLETED
        and report.fields["members"] == "truck-04 truck-05 truck-06"
    ]
    parted = [t_s for t_s in log.times_s(Event.FORMATION_PREPARED) if t_s > joined]
    assert parted[0] > joined + 20.0
    return round(joined + 10.0, 1)


def test_beacons_that_die_on_the_way_end_every_formation_and_no_crossing(
    together_s: float,
) -> None:
    """VEH-015."""
    _, log = go(beacons=Beacons(dead_from_s=together_s), minutes=20)
    assert "join completed" in story(log, "convoy-1")
    left = [said["reason"] for said in log.of(Event.FORMATION_LEFT) if said["reason"]]
    assert {each.name for each in left} <= {"BEACONS_LOST", "FORMATION_ENDED"}
    assert left
    assert len(log.of(Event.CROSSING_FINISHED)) >= 4


@pytest.mark.parametrize(
    ("truck", "lasts_s"),
    [
        ("truck-04", 3),
        pytest.param("truck-05", 3, marks=pytest.mark.soak),
        pytest.param("truck-05", 40, marks=pytest.mark.soak),
    ],
)
def test_member_that_restarts_on_the_way_is_left_behind_or_counted_on_no_more(
    together_s: float, truck: str, lasts_s: int
) -> None:
    """SUP-014, VEH-015: a lost leader, a lost member; short and long."""
    fault = f"fault=[{{at='{together_s}s', kind='crash', target='{truck}', lasts='{lasts_s}s'}}]"
    _, log = go(fault, beacons=Beacons(), minutes=22)
    assert log.of(Event.FORMATION_ABORTED)
    assert bool(log.of(Event.CONVOY_PARTED)) == (lasts_s > 10)
    assert len(log.of(Event.CROSSING_FINISHED)) >= 3
    assert unlike(log) == {}


def test_supervisor_that_restarts_on_the_way_still_splits_the_formation(
    together_s: float,
) -> None:
    """SUP-014."""
    fault = f"fault=[{{at='{together_s}s', kind='crash', target='{SUPERVISOR}', lasts='3s'}}]"
    _, log = go(fault, beacons=Beacons(), minutes=20)
    assert story(log, "convoy-1")[:3] == ["join completed", "join completed", "split completed"]
