"""A truck that died in the lane is recovered: nobody else is near meanwhile, then all goes on."""

from typing import Any, Final

import pytest

from contract.agent import Report
from contract.events import Event
from corridor.closures import Closures
from corridor.locks import PersonnelLocks
from sim.deaths import zones_under
from sim.rescue import Case, Rescue, Step
from sim.world import World
from tests.sim.runs import UNRELIABLE, Log, a_run, broken, violations

SHORT: Final = (
    *(
        "corridor.map='bakhty_pokitu'",
        "fleet.kz=4",
        "fleet.cn=2",
        "time.warm_up='2min'",
        "time.duration='26min'",
        "expect=[]",
    ),
    *("rescue.notice='30s'", "rescue.drive='1min'", "rescue.repair='3min'"),
)
WALL: Final = 1_000_000_000
DRIVES: Final = ("/there", "/away")  # possessions of the road between, not of the truck's section


class Scene:
    """Who stood where while people were at the truck."""

    def __init__(self) -> None:
        self.log = Log()
        self.locked: dict[str, tuple[float, ...]] = {}
        self.moved: list[str] = []
        self.strangers: set[str] = set()
        self.zones: set[str] = set()
        self.stays: set[str] = set()

    def prepare(self, world: World) -> None:
        self.log.prepare(world)
        say = world.say

        def heard(t_ns: int, node: str, report: Report) -> None:
            self._hear(world, report)
            say(t_ns, node, report)

        world.say = heard
        for second in range(1, 1600):
            world.engine.watch(second * WALL, self._look, world)

    def _hear(self, world: World, report: Report) -> None:
        fields = report.fields
        name = str(fields.get("closure", ""))
        if report.event is Event.SECTION_CLEARED and not name.endswith(DRIVES):
            self.zones = set(self.log.of(Event.SECTION_CLOSED)[-1]["zones"].split())
            self.stays = {
                n for n in world.fleet.names if set(zones_under(world.fleet, n)) & self.zones
            }
        elif report.event is Event.LOCK_HELD:
            self.locked[fields["vehicle"]] = world.fleet.motion(fields["vehicle"])[:2]
        elif report.event is Event.LOCK_GIVEN_BACK:
            self.locked.pop(fields["vehicle"], None)
        elif report.event is Event.SECTION_OPENED and not name.endswith(DRIVES):
            self.zones = set()

    def _look(self, world: World) -> None:
        for name, there in self.locked.items():
            if world.fleet.motion(name)[:2] != there:
                self.moved.append(name)
        for name in world.fleet.names:
            if set(zones_under(world.fleet, name)) & self.zones:
                self.strangers |= {name} - self.stays


def rescued(*settings: str, **options: Any) -> tuple[Scene, Any]:
    scene = Scene()
    finished = a_run("dead_truck", *SHORT, *settings, prepare=scene.prepare, **options)
    return scene, finished


@pytest.mark.parametrize(
    ("kind", "zone", "more"),
    [
        pytest.param("drive_dies_in", "kz_e_neutral1", "", id="drive"),
        pytest.param(
            "computer_dies_in",
            "cn_w_neutral1",
            ',{at="9min",kind="crash",target="supervisor",lasts="100s"}',
            id="computer, westbound, with nobody listening",
        ),
        pytest.param(
            "drive_dies_in",
            "kz_e_neutral1",
            ',{at="11min",kind="crash",target="supervisor",lasts="5s"}',
            id="restart",
        ),
    ],
)
def test_dead_truck_is_mended_where_nobody_moves_and_goes_on(
    kind: str, zone: str, more: str
) -> None:
    """SUP-039, SUP-027, SUP-029: also over a restart of the supervisor with people at the truck."""
    fault = f'fault=[{{at="9min",kind="{kind}",target="{zone}"}}{more}]'
    scene, finished = rescued(fault, *UNRELIABLE)
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
    assert scene.log.of(Event.SECTION_CLEARED)
    assert scene.moved == []
    assert scene.strangers == set()
    opened = scene.log.of(Event.SECTION_OPENED)
    assert {each["operator"] for each in opened} == {"rescue-1"}
    closed, there, away = (each["closure"] for each in scene.log.of(Event.SECTION_CLOSED))
    assert (there, away) == (f"{closed}/there", f"{closed}/away")
    assert opened[-1]["closure"] == closed, "its section last of all"
    assert not scene.log.of(Event.DETECTOR_MISCOUNTED)
    assert not scene.log.of(Event.ZONE_BECAME_UNKNOWN)
    dead = closed.removeprefix("rescue/")
    ended = {each["vehicle"] for each in scene.log.of(Event.CROSSING_FINISHED)}
    assert dead in ended, "the mended truck arrives"
    assert finished.world.dead == {}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("kind", "zone"),
    [
        ("drive_dies_in", "kz_out_cell"),
        ("computer_dies_in", "kz_out_cell"),
        ("drive_dies_in", "cn_in_cell"),
        ("computer_dies_in", "cn_in_cell"),
        ("drive_dies_in", "kz_e_weigh"),
        ("computer_dies_in", "kz_e_weigh"),
        ("computer_dies_in", "cn_arr2"),  # without a drive it still rolls to its berth
    ],
)
def test_dead_truck_where_no_vehicle_gets_to_it_is_mended_by_people_on_foot(
    kind: str, zone: str
) -> None:
    """SUP-039: in a gate cell, at a station, in a yard; one possession, and the truck arrives."""
    fault = f'fault=[{{at="3min",kind="{kind}",target="{zone}"}}]'
    scene, finished = rescued(fault, "corridor.map='crossovers'", *UNRELIABLE)
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
    assert (scene.moved, scene.strangers) == ([], set())
    (closed,) = (each["closure"] for each in scene.log.of(Event.SECTION_CLOSED))
    ended = {each["vehicle"] for each in scene.log.of(Event.CROSSING_FINISHED)}
    assert closed.removeprefix("rescue/") in ended
    assert finished.world.dead == {}


@pytest.mark.soak
@pytest.mark.parametrize("zone", ["boundary_e", "boundary_w", "cn_e_neutral3", "kz_out_cell"])
def test_ambulance_that_is_called_while_a_truck_is_recovered_comes_through_afterwards(
    zone: str,
) -> None:
    """SUP-039: nobody drives past a dead truck in its lane; the other lane is not held up."""
    fault = f'fault=[{{at="9min",kind="drive_dies_in",target="{zone}"}}]'
    called = "ambulance={at='10min',direction='E'}"
    times = ("time.duration='36min'", "corridor.map='crossovers'")
    scene, finished = rescued(fault, called, *times)
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
    assert scene.moved == []
    opened = [each["closure"] for each in scene.log.of(Event.SECTION_OPENED)]
    assert {each for each in opened if not each.endswith(DRIVES)} >= {"ambulance"}
    assert finished.world.dead == {}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("on", "died_in", "other"),
    [
        pytest.param("crossovers", "boundary_e", "boundary_w", id="east"),
        pytest.param("crossovers_west", "boundary_w", "boundary_e", id="west"),
    ],
)
def test_traffic_of_both_directions_has_its_turns_on_the_other_lane(
    on: str, died_in: str, other: str
) -> None:
    """SUP-040, SUP-041: from when the crew has switched the dead truck off."""
    scene, finished = rescued(
        f"corridor.map='{on}'",
        *("fleet.kz=8", "fleet.cn=6", "fleet.convoy=1", "corridor.batch=1"),
        *("rescue.repair='6min'", "time.duration='26min'"),
        f'fault=[{{at="9min",kind="computer_dies_in",target="{died_in}"}}]',
        *UNRELIABLE,
    )
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
    assert (scene.moved, scene.strangers) == ([], set())
    told = [(t_ns, report) for t_ns, _, report in scene.log.said]
    back = next(t_ns for t_ns, each in told if each.event is Event.ROAD_TAKEN_BACK)
    opened = next(
        t_ns
        for t_ns, each in told
        if each.event is Event.SECTION_OPENED and not each.fields["closure"].endswith(DRIVES)
    )
    detoured = {each["vehicle"] for each in scene.log.of(Event.VEHICLE_DETOURED)}
    let_in = [
        each.fields["vehicle"]
        for t_ns, each in told
        if each.event is Event.ZONE_ALLOCATED
        and each.fields["zone"] == other
        and back <= t_ns < opened
    ]
    round_it = [truck for truck in let_in if truck in detoured]
    assert len(round_it) >= 2
    assert len(let_in) - len(round_it) >= 2


def test_rescue_vehicle_that_does_not_get_away_first_is_run_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I1: a planted defect - truck and supervisor know of no lock, nor who stays."""
    monkeypatch.setattr(Closures, "stays", lambda self, vehicle: False)
    monkeypatch.setattr(Rescue, "_lock", lambda self, truck, number, act: None)
    monkeypatch.setattr(PersonnelLocks, "held_by", lambda self, person, vehicle: True)
    monkeypatch.setattr(Rescue, "_locks_changed", _goes_on)
    fault = 'fault=[{at="9min",kind="computer_dies_in",target="boundary_e"}]'
    _, finished = rescued("corridor.map='crossovers'", "fleet.convoy=1", fault)
    assert violations(finished).get("I1", 0) > 0


def _goes_on(self: Rescue, case: Case) -> None:
    after = {Step.LOCKING: Step.SWITCHING_OFF, Step.UNLOCKING: Step.PROVING}
    if case.step in after:
        self._go(case, after[case.step])
