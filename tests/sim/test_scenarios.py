"""Every installed scenario, on a reliable network and on one where everything goes wrong.

Safe on both, and what finishes on the one finishes on the other, given a little more time. Those of
the proving ground have no network: test_ground_scenarios.py.
"""

from dataclasses import dataclass
from typing import Final

import pytest

from contract.events import Event
from sim.run import Finished
from sim.scenario import installed
from tests.sim.freed import Freed
from tests.sim.runs import UNRELIABLE, Log, a_run, both, broken, ledger, violations
from tests.sim.test_ground_scenarios import GROUND

HANDED_OVER: Final = 4


@dataclass(frozen=True)
class Shortened:
    """How long a scenario is run, how much more on the bad network, what must be reached."""

    minutes: int
    more_minutes: int
    crossings: int
    settings: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()  # by their own guard
    released: int = 0  # by the control room


PLANS: Final = {
    "smoke": Shortened(4, 2, 2),
    "green_and_red": Shortened(8, 2, 2),
    "first_crossings": Shortened(45, 8, 4),
    "fault_seeds": Shortened(10, 2, 6),
    # The first trucks arrive after fifteen minutes; then all kinds of meeting have been. Sixty
    # trucks for a day: in the soak.
    "traffic_day": Shortened(
        24,
        4,
        4,
        (
            *("fleet.kz=8", "fleet.cn=6", "time.warm_up='5min'"),
            "expect=[{metric='safety.total', equals=0}]",
        ),
    ),
    "saturation": Shortened(
        16, 4, 2, ("fleet.kz=3", "fleet.cn=2", "time.warm_up='1min'", "expect=[]")
    ),
    # A day and two hours of 52 trucks: in the soak.
    "ten_megatonnes": Shortened(
        22, 6, 2, ("fleet.kz=3", "fleet.cn=2", "time.warm_up='1min'", "expect=[]")
    ),
    "growth": Shortened(24, 6, 1, ("fleet.kz=3", "fleet.cn=1", "expect=[]")),
    "ganqimaodu": Shortened(26, 4, 2, ("fleet.kz=2", "fleet.cn=1", "expect=[]")),
    "mandula": Shortened(
        16, 4, 2, ("fleet.kz=2", "fleet.cn=1", "berth.load='constant:1min'", "expect=[]")
    ),
    "gate_split_reform": Shortened(25, 5, 3),
    # A day and the next morning; here until the first have been read by hand at every line.
    "today": Shortened(45, 10, 1, ("fleet.kz=3", "fleet.cn=2", "expect=[]")),
    # Loaded early enough to get across, and too late to get back before China closes.
    "hours_mismatch": Shortened(
        50,
        8,
        2,
        (
            *("fleet.kz=2", "fleet.cn=1", "berth.load='constant:2min'", "expect=[]"),
            "time.start=2026-03-02T15:20:00+05:00",
        ),
    ),
    "nur_zholy_khorgos": Shortened(
        24,
        6,
        1,
        (
            *("fleet.kz=4", "fleet.cn=2", "time.warm_up='1min'", "fault=[]"),
            "expect=[]",
        ),
    ),
    # Long enough for the truck that is refused past the line to be back where it came from.
    "inspection_heavy": Shortened(
        52,
        10,
        6,
        (
            (
                "expect=[{metric='cases.permits_withdrawn_for_barrier', at_least=1},"
                " {metric='cases.releases_revoked_under_way', at_least=3},"
                " {metric='cases.waited_for_batch', at_least=2},"
                " {metric='cases.returned', equals=1},"
                " {metric='traffic.refused', equals=1}]"
            ),
        ),
    ),
    "single_lane_bridge": Shortened(13, 3, 1, ("expect=[]",)),
    "line_roaming": Shortened(
        20, 4, 1, ("fleet.kz=4", "fleet.cn=3", "time.warm_up='1min'", "expect=[]")
    ),
    "opposite_swap": Shortened(16, 6, 1, ("expect=[]",)),
    "parted_trailer": Shortened(15, 3, 0, stopped=("truck-01",)),
    "tail_on_the_bridge": Shortened(26, 4, 3, ("expect=[]",), released=1),
    "dead_truck": Shortened(
        30,
        5,
        6,
        (
            *("fleet.kz=4", "fleet.cn=3", "time.warm_up='2min'", "fault.0.at='9min'"),
            *("rescue.notice='30s'", "rescue.drive='1min'", "rescue.repair='3min'"),
            "expect=[{metric='recovery.possessions', at_least=2}]",
        ),
    ),
    "ambulance": Shortened(
        26,
        6,
        6,
        (
            *("fleet.kz=6", "fleet.cn=4", "time.warm_up='2min'", "ambulance.at='12min'"),
            "expect=[{metric='recovery.possessions', equals=1}]",
        ),
    ),
    "winter_storm": Shortened(14, 6, 6),
    # Brakes fail often enough for repairs to be seen in so short a time.
    "winter_fleet": Shortened(
        18,
        5,
        3,
        ("expect=[{metric='fleet.ran_empty', equals=0}]", "fleet.brakes.failing=0.3"),
    ),
    # Long enough for bookings, a no-show and the first slots used; all of it: in the soak.
    "slot_hoarding": Shortened(
        24, 6, 2, ("fleet.kz=3", "fleet.cn=2", "time.warm_up='1min'", "expect=[]")
    ),
    "peak_week": Shortened(
        34,
        6,
        2,
        (
            *("fleet.kz=3", "fleet.cn=3", "expect=[]"),
            *("weather.timeline.0.at='8min'", "weather.timeline.1.at='12min'"),
        ),
    ),
    "planned_peak": Shortened(
        24,
        6,
        2,
        (
            *("fleet.kz=3", "fleet.cn=3", "expect=[]"),
            *("weather.timeline.0.at='8min'", "weather.timeline.1.at='12min'"),
        ),
    ),
    "cut_off_tail": Shortened(20, 5, 1, stopped=("truck-02",)),
}


# Other lengths and lots of what the rest shows; in the soak.
SOAKED: Final = (
    *("ganqimaodu", "mandula", "growth", "ten_megatonnes", "today", "peak_week"),
    *("hours_mismatch", "nur_zholy_khorgos", "winter_fleet", "slot_hoarding", "planned_peak"),
    *("opposite_swap", "ambulance", "single_lane_bridge", "line_roaming"),
)


def go(name: str, *network: str, minutes: int, seed: int, log: Log | None = None) -> Finished:
    """A run in which nothing is freed under anybody (I22)."""
    log, freed = log or Log(), Freed()
    settings = (*PLANS[name].settings, f"time.duration='{minutes}min'", *network)
    finished = a_run(name, *settings, seed=seed, prepare=both(log.prepare, freed.prepare))
    assert freed.under_a_footprint == []
    return finished


def ended(finished: Finished) -> set[str]:
    """Crossings that were handed over."""
    told = ledger(finished.world)
    return {crossing for crossing, links in told.items() if links[-1][0] == HANDED_OVER}


def test_every_installed_scenario_has_its_plan() -> None:
    assert set(installed()) == {*PLANS, *GROUND}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.soak] if name in SOAKED else []) for name in PLANS],
)
def test_scenario_is_safe_and_gets_as_far_on_an_unreliable_network(name: str) -> None:
    """Loss 0.07, duplicates 0.05, a tenth late by up to 0.8 s, jitter 30 ms."""
    plan = PLANS[name]
    reliable = go(name, minutes=plan.minutes, seed=1)
    minutes = plan.minutes + plan.more_minutes
    log = Log()
    unreliable = go(name, *UNRELIABLE, minutes=minutes, seed=1, log=log)

    for finished in (reliable, unreliable):
        assert broken(finished).strip() == ""
        assert violations(finished) == {}
        assert finished.cycle == []
        assert finished.result["exit_code"] == 0
        assert finished.result["human_interventions"] == plan.released
    assert unreliable.world.network.lost > 0.04 * unreliable.world.network.messages
    assert len(ended(reliable)) >= plan.crossings
    assert ended(reliable) <= ended(unreliable)
    tripped = {node for _, node, report in log.said if report.event is Event.GUARD_TRIPPED}
    assert tripped == set(plan.stopped)


def test_green_truck_drives_through_and_red_one_stops_to_be_inspected() -> None:
    """Every bay and every person at a truck belongs to the red one."""
    finished = a_run("green_and_red")
    assert finished.result["verdict"] == "passed", finished.result["expectations"]
    channels = {tale.channel: tale.crossing for tale in finished.tally.crossings.values()}
    assert set(channels) == {"green", "red"}
    visits = finished.recorder.visits
    assert {visit.crossing for visit in visits if visit.worked_ns} == {channels["red"]}
    read = {visit.crossing for visit in visits if visit.stage.startswith("ocr_")}
    assert read == set(channels.values())
    in_bay = {visit.crossing for visit in visits if visit.stage == "kz_bay_e1"}
    assert in_bay == {channels["red"]}


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_smoke_finishes_however_many_messages_are_lost(share: float) -> None:
    finished = go("smoke", f"network.loss={share}", minutes=10, seed=2)
    assert broken(finished).strip() == ""
    assert len(ended(finished)) == 2


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("seed", range(2, 22))
def test_scenario_is_safe_under_many_seeds(name: str, seed: int) -> None:
    plan = PLANS[name]
    reliable = go(name, minutes=plan.minutes, seed=seed)
    unreliable = go(name, *UNRELIABLE, minutes=plan.minutes + plan.more_minutes, seed=seed)
    assert broken(reliable).strip() == ""
    assert broken(unreliable).strip() == ""
    assert ended(reliable) <= ended(unreliable)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
@pytest.mark.parametrize("name", sorted(set(PLANS) - {"traffic_day"}))
def test_scenario_as_it_is_installed_meets_what_it_expects(
    name: str, network: tuple[str, ...]
) -> None:
    """In its full length and by its own expectations, which the shortened ones leave out."""
    finished = a_run(name, *network)
    assert broken(finished).strip() == ""
    assert violations(finished) == {}
    assert finished.result["verdict"] == "passed", finished.result["expectations"]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_whole_day_of_traffic_is_safe_on_an_unreliable_network() -> None:
    finished = a_run("traffic_day", *UNRELIABLE)
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
