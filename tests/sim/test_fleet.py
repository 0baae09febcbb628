"""A fleet in runs: nobody out of charge, failed brakes mended, trailers swapped, empties kept."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corridor.charging
from contract.errors import ConfigError
from contract.events import Event
from sim.run import Finished, RunOptions, run
from sim.scenario import load
from sim.world import World
from sim.yard import Couplings, Yard, may_return_empty
from tests.sim.runs import Log, a_run, both, broken, violations
from vehicle.charging import Charging

QUICK = ("expect=[]", "time.duration='9min'", "fleet.kz=2", "fleet.cn=1", "fleet.keep_empty=0")


def a_fleet(*changes: str, seed: int = 1, log: Log | None = None, **how: Any) -> Finished:
    """`winter_fleet` in a short run with few trucks."""
    log = log or Log()
    prepare = both(log.prepare, how.get("prepare", lambda world: None))
    return a_run("winter_fleet", *QUICK, *changes, seed=seed, prepare=prepare)


# --- nobody runs empty on the road, and what finds it if somebody does ---


def nearly_empty(world: World) -> None:
    """Too little for any crossing, at berths where nothing can be had."""
    batteries = world.life.batteries
    assert batteries is not None
    batteries.charge_wh[:] = 800.0


BARE = (
    "fleet.battery.chargers=['kz_b20', 'cn_b20']",
    "fleet.battery.start_least=0.9",
    "fleet.brakes.failing=0.0",
)


def rule_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corridor.charging, "enough", lambda *figures: True)


def test_truck_without_charge_stays_at_its_berth() -> None:
    """SUP-044."""
    finished = a_fleet(*BARE, prepare=nearly_empty)
    figures = finished.result["fleet"]
    assert (figures["ran_empty"], figures["drawn_kwh"]) == (0, 0.0)
    waiting = {wait["reason"] for wait in finished.result["traffic"]["waiting"]}
    assert waiting == {"CHARGE_TOO_LOW"}
    assert figures["waits_s"]["CHARGE_TOO_LOW"] > 0.0


def test_truck_says_no_where_the_rule_of_dispatch_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """VEH-023: a planted defect of the supervisor empties no battery."""
    rule_is_broken(monkeypatch)
    log = Log()
    finished = a_fleet(*BARE, prepare=nearly_empty, log=log)
    assert finished.result["fleet"]["ran_empty"] == 0
    assert {str(each["reason"]) for each in log.of(Event.MISSION_DECLINED)} == {
        "Reason.CHARGE_TOO_LOW"
    }


def test_checker_finds_who_runs_empty_where_rule_and_refusal_are_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The checker is not blind: with both taken out trucks stand on the road."""
    rule_is_broken(monkeypatch)
    monkeypatch.setattr(Charging, "judge", lambda *asked: None)
    quick = ("berth.load='constant:10s'", "fleet.brakes.test='constant:5s'")
    finished = a_fleet(*BARE, *quick, prepare=nearly_empty)
    assert finished.result["fleet"]["ran_empty"] >= 1
    assert finished.result["fleet"]["least_share"] == 0.0
    assert broken(finished).strip() == ""


# --- brakes, mechanics, trailers ---


def test_truck_whose_brakes_fail_is_mended_under_a_lock_and_tested_again() -> None:
    log = Log()
    finished = a_fleet("fleet.brakes.failing=1.0", "fleet.brakes.repair='constant:30s'", log=log)
    figures = finished.result["fleet"]
    assert figures["repairs"] >= 3
    assert figures["brakes_failed"] >= figures["repairs"]
    assert finished.result["traffic"]["loaded_crossings"] == 0
    assert log.of(Event.AUTHORITY_GRANTED) == []
    held = {each["vehicle"] for each in log.of(Event.LOCK_HELD)}
    given = {each["vehicle"] for each in log.of(Event.LOCK_GIVEN_BACK)}
    assert held >= given >= {"truck-01"}
    repairs = [each for each in finished.recorder.visits if each.stage.startswith("repair_")]
    assert len(repairs) == figures["repairs"]
    assert all(each.arrive_ns < each.start_ns < each.end_ns for each in repairs)


@pytest.mark.soak
def test_drive_that_wears_out_under_way_is_recovered_by_a_crew() -> None:
    finished = a_fleet(
        *("fleet.breakdowns.driving_hours=0.15", "fleet.kz=1", "fleet.cn=0"),
        *("time.duration='40min'", "fleet.brakes.failing=0.0", "fleet.battery.start_least=0.9"),
        *("rescue.notice='20s'", "rescue.drive='20s'", "rescue.repair='1min'"),
    )
    broke = finished.result["fleet"]["broken_down"]
    assert broke >= 1
    assert finished.result["recovery"]["possessions"] >= broke - 1
    assert finished.result["human_interventions"] >= 1
    assert finished.result["traffic"]["loaded_crossings"] >= 1
    assert broken(finished).strip() == ""


def ready_after_s(log: Log) -> list[float]:
    """From the arrival of each truck at a berth to the end of its loading and test."""
    arrived: dict[str, int] = {}
    found = []
    for t_ns, _, report in log.said:
        vehicle = str(report.fields.get("vehicle", ""))
        if report.event is Event.UNLOADING_STARTED:
            arrived[vehicle] = t_ns
        elif report.event is Event.LOADING_FINISHED and vehicle in arrived:
            found.append((t_ns - arrived.pop(vehicle)) / 1e9)
    return found


@pytest.mark.soak
def test_swap_of_trailers_shortens_the_stay_at_a_berth() -> None:
    """Unloading and loading of six minutes against two; each swap is a new pair, tested."""
    longer = (
        *("time.duration='24min'", "fleet.brakes.failing=0.0", "fleet.battery.start_least=0.9"),
        *("fleet.kz=1", "fleet.cn=0", "berth.load='constant:3min'", "berth.unload='constant:3min'"),
        "flow=[{cargo='linseed'}, {cargo='apples'}]",
        *(f"flow.{n}.channels={{green=1.0, yellow=0.0, red=0.0}}" for n in (0, 1)),
    )
    apart, hooked = Log(), Log()
    a_fleet(*longer, "fleet.swap.trailers=1", "fleet.swap.swap='constant:2min'", log=hooked)
    plain = load("winter_fleet", [*QUICK, *longer])
    plain.fleet.swap = None
    kept = run_of(plain, apart)
    assert kept.result["fleet"]["swaps"] == 0
    assert ready_after_s(apart)
    assert ready_after_s(hooked)
    assert max(ready_after_s(hooked)) < min(ready_after_s(apart))
    swaps = log_of_swaps(hooked)
    assert swaps
    assert all(before != trailer for before, trailer in swaps)


def run_of(scenario: Any, log: Log) -> Finished:
    return run(scenario, RunOptions(prepare=log.prepare))


def log_of_swaps(log: Log) -> list[tuple[str, str]]:
    return [(each["before"], each["trailer"]) for each in log.of(Event.TRAILER_SWAPPED)]


@given(st.lists(st.tuples(st.sampled_from(["KZ", "CN"]), st.integers(0, 5)), max_size=60))
def test_trailers_are_never_made_or_lost(turns: list[tuple[str, int]]) -> None:
    couplings = Couplings()
    yards = {side: Yard(couplings, {f"T-{side}-1": 0, f"T-{side}-2": 0}) for side in ("KZ", "CN")}
    trucks = [f"truck-{n}" for n in range(6)]
    whole = {*(t for yard in yards.values() for t in yard.ready_ns), *map(couplings.of, trucks)}
    for now_ns, (side, which) in enumerate(turns):
        before = couplings.of(trucks[which])
        taken = yards[side].swap(trucks[which], dropped_until_ns=now_ns + 3)
        assert taken != before
        standing = [t for yard in yards.values() for t in yard.ready_ns]
        hooked = [couplings.of(truck) for truck in trucks]
        assert Counter([*standing, *hooked]) == Counter(whole)


# --- empties ---


@settings(max_examples=60)
@given(
    st.integers(0, 3),
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from("EW"), st.booleans()), max_size=80),
)
def test_no_side_is_starved_by_what_the_other_keeps(
    keep: int, more: int, turns: list[tuple[str, bool]]
) -> None:
    """Loads come at either side at random; every truck that is to spare goes back empty. Whoever
    has loads and no truck is short of no more than the other side may keep.
    """
    idle = {"E": 2 * keep + more, "W": 0}
    loads = {"E": 0, "W": 0}
    for side, comes in turns:
        loads[side] += comes
        for here, there in (("E", "W"), ("W", "E")):
            while loads[here] and idle[here]:
                loads[here] -= 1
                idle[here] -= 1
                idle[there] += 1
        for here, there in (("E", "W"), ("W", "E")):
            other_wants = loads[there] and not idle[there]
            if other_wants:
                while may_return_empty(idle[here], keep):
                    idle[here] -= 1
                    idle[there] += 1
                assert idle[here] <= keep
                assert idle[there] >= keep + more
        assert sum(idle.values()) == 2 * keep + more


def test_each_side_keeps_trucks_for_loads_that_may_come() -> None:
    """Of two trucks without any load in sight one goes, and one is kept."""
    nothing = (
        "flow=[{cargo='apples', direction='W', crossings_per_hour=0.001}]",
        "fleet.kz=2",
        "fleet.cn=1",
        "fleet.keep_empty=1",
        "fleet.brakes.failing=0.0",
    )
    finished = a_run("winter_fleet", *QUICK[:2], *nothing)
    empty = finished.result["fleet"]["empty"]
    assert empty == {"E": 1, "W": 0}
    assert violations(finished) == {}


# --- what a scenario may say ---


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["fleet.keep_empty=4"], "expected at most 3"),
        (["fleet.battery.start_least=0.95"], "expected at most start_most, which is 0.9"),
        (["fleet.battery.start_least=0.1"], "more than the reserve of 0.2"),
        (["fleet.brakes.repair='constant:0s'"], "fleet.brakes.repair: expected more than no time"),
        (["fleet.brakes.repare='1s'"], "repair"),
        (["fleet.breakdowns.driving_hours=1"], r"expected \[rescue\] beside it"),
        (["flow.0.cargo='linsed'"], "did you mean 'linseed'"),
        (["weather.temperature_c=-60"], "temperature_c"),
    ],
)
def test_mistake_in_a_fleet_is_told_by_key(changes: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load("winter_fleet", changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["fleet.battery.chargers=['kz_b99']"], "'kz_b99' is no berth of map bakhty_pokitu"),
        (["fleet.battery.chargers=['kz_b01']"], "none is an arrival berth in CN"),
        (["fleet.battery.capacity_kwh=30"], "over and back at the worst"),
        (["fleet.battery.chargers=['kz_b09', 'cn_b09']"], "begins at kz_b01, which has no charger"),
    ],
)
def test_fleet_that_the_map_cannot_bear_is_refused(changes: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        a_run("winter_fleet", *changes)


def test_cargo_by_name_has_its_code_load_and_direction() -> None:
    flow = load("winter_fleet", ["flow.4.payload_t=19.5"]).flow[4]
    assert (flow.goods, flow.hs_code, flow.direction) == ("frozen beef", "0202", "E")
    assert (flow.payload_t, flow.container, flow.perishable) == (19.5, 1.0, True)
