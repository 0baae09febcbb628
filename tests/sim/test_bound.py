"""The bound of the tightest place: what it is made of, and that no run passes more."""

from typing import Final

import numpy as np
import pytest

from sim.bound import FLEET, Bound, figures, last_free_s
from sim.delays import free_runs
from sim.free_run import DT_S, FreeRun
from sim.outcome import CrossingTale, Tally
from sim.run import complete, load_map
from sim.scenario import load
from sim.world import World
from tests.sim.runs import a_run

STATION: Final = "kz_weigh_e"
LENGTH_M, OVERLAP_M, APRON_MPS = 16.5, 5.0, 2.778


def a_bound(*settings: str, scenario: str = "saturation") -> Bound:
    chosen = load(scenario, list(settings))
    corridor = load_map(chosen.corridor.map)
    complete(chosen, corridor)
    world = World(chosen, corridor, 1, say=lambda *_: None, visited=lambda _: None)
    return Bound(corridor, chosen, world.truck, free_runs(world))


def least_s(bound: Bound, place: str) -> float:
    return 3_600.0 / bound.places[place]


# --- what it is made of ---


def test_least_time_at_a_station_is_its_service_and_one_change_of_trucks() -> None:
    """By hand: 20 m to the end of the zone and a length, and 5 m of overlap and 40 m to the stop,
    at walking pace; starting, stopping and lags take a few seconds more, running up a few less.
    """
    bound = a_bound()
    change_s = least_s(bound, STATION) - 33.0
    by_hand_s = (20.0 + LENGTH_M + OVERLAP_M + 40.0) / APRON_MPS
    assert by_hand_s < change_s < by_hand_s + 8.0


@pytest.mark.parametrize("service_s", [10, 60, 300])
def test_every_second_of_service_is_a_second_of_the_least_time(service_s: int) -> None:
    longer = a_bound(f"station.{STATION}.service='constant:{service_s}s'")
    change_s = least_s(a_bound(), STATION) - 33.0
    assert least_s(longer, STATION) == pytest.approx(service_s + change_s)


def test_stand_has_room_for_one_however_many_servers_it_has() -> None:
    assert a_bound(f"station.{STATION}.servers=4").places == a_bound().places


def test_spacing_between_starts_bounds_a_station_that_is_quicker() -> None:
    assert least_s(a_bound(f"station.{STATION}.spacing='constant:200s'"), STATION) == 200.0


def test_gate_takes_as_long_as_its_readers_and_its_arm() -> None:
    slower = a_bound("gate.kz_out.barrier='8s'", "gate.kz_out.ocr='constant:9s'")
    more_s = least_s(slower, "kz_out") - least_s(a_bound(), "kz_out")
    assert more_s == pytest.approx(5.0 + 9.0)


def test_few_trucks_are_the_tightest_place_of_all() -> None:
    bound = a_bound("fleet.kz=2", "fleet.cn=1")
    assert min(bound.places, key=bound.places.__getitem__) == FLEET
    assert bound.places[FLEET] == pytest.approx(3 * 3_600.0 / bound.round_trip_s)


def test_berths_are_kept_from_the_mission_to_them_until_the_truck_is_loaded_anew() -> None:
    longer = a_bound("berth.unload='constant:20min'")
    more_s = 32 * (least_s(longer, "berths_cn") - least_s(a_bound(), "berths_cn"))
    assert more_s == pytest.approx((20 - 2) * 60.0)


def test_loading_counts_only_where_everybody_is_loaded() -> None:
    """A direction with arrivals of its own has empty trucks too."""
    offered = a_bound("flow.1.crossings_per_hour=12")
    assert 150.0 < a_bound().round_trip_s - offered.round_trip_s < 240.0


def test_section_of_one_lane_is_shared_by_both_directions() -> None:
    bound = a_bound(scenario="single_lane_bridge")
    free = a_bound()
    assert "bridge" in bound.places
    assert bound.places["bridge"] < free.places["boundary_e"] / 2.0


def test_section_holds_one_convoy_from_its_last_stop_outside_until_its_last_rear_is_out() -> None:
    """By hand: 241 m of bridge at 10 km/h, with a length, the overlap and the way to brake; and
    behind the first member the second, a length and a gap of 5 m and 1 s later.
    """
    alone = a_bound("fleet.convoy=1", scenario="nur_zholy_khorgos")
    kept_s = least_s(alone, "bridge") / 2.0
    by_hand_s = (241.0 + LENGTH_M + OVERLAP_M + 2.0) / APRON_MPS
    assert kept_s == pytest.approx(by_hand_s, abs=1.0)
    pairs = a_bound(scenario="nur_zholy_khorgos")
    longer_s = least_s(pairs, "bridge") - kept_s
    assert longer_s == pytest.approx((LENGTH_M + 5.0) / APRON_MPS + 1.0, abs=0.1)


def test_section_has_no_more_members_at_a_time_than_its_limits_allow() -> None:
    """Three by the map, and 90 t: room for two of 37 t, and for a third of 30 t."""

    def of(convoy: int, payload_t: float) -> float:
        loads = [f"flow.{k}.payload_t={payload_t}" for k in (0, 1)]
        bound = a_bound(f"fleet.convoy={convoy}", *loads, scenario="single_lane_bridge")
        return least_s(bound, "bridge")

    assert of(3, 21.8) == of(2, 21.8)
    assert of(3, 15.0) < of(2, 15.0) < of(1, 15.0)


@pytest.mark.soak
def test_saturated_section_passes_most_of_what_it_can_and_never_more() -> None:
    """One truck at a time, as most of them come to it."""
    rates = [f"flow.{k}.crossings_per_hour=30" for k in (0, 1)]
    times = ("time.warm_up='12min'", "time.duration='42min'", "fleet.convoy=1")
    finished = a_run("nur_zholy_khorgos", *rates, *times, "fault=[]", "expect=[]")
    assert finished.result["bound"]["resource"] == "bridge"
    assert 0.7 < finished.result["bound"]["share"] <= 1.0


def test_truck_is_free_to_be_kept_out_until_it_could_no_longer_stop() -> None:
    """At 10 m/s and 2 m/s2 of brake that is 25 m before."""
    steady = FreeRun(10.0 * DT_S * np.arange(400), 400 * DT_S)
    assert last_free_s(steady, 125.0, 2.0) == pytest.approx(10.0)
    assert last_free_s(steady, -1.0, 2.0) == 0.0


# --- what a run says of it ---


def a_tally(arrivals_s: list[float]) -> Tally:
    tales = {}
    for number, arrived_s in enumerate(arrivals_s):
        name = f"KZ-{number:05d}"
        tales[name] = CrossingTale(name, "E", arrived_s=arrived_s, outcome="cleared")
    return Tally(crossings=tales)


def test_share_is_what_arrived_in_the_window_of_what_could_have() -> None:
    bound = a_bound()
    said = figures(bound, a_tally([10.0, 3_700.0, 5_000.0, 7_000.0]), 3_600.0, 7_200.0)
    assert said["resource"] in (STATION, "cn_weigh_w")
    assert said["measured_per_hour"] == 3.0
    assert said["share"] == pytest.approx(3.0 / said["per_hour"], abs=1e-4)
    assert said["per_hour"] == min(said["places"].values())


@pytest.mark.parametrize("end_s", [0.0, 3_600.0, 4_000.0])
def test_window_in_which_no_truck_can_go_round_has_no_share(end_s: float) -> None:
    assert figures(a_bound(), a_tally([3_700.0]), 3_600.0, end_s)["share"] is None


def test_saturated_station_passes_nearly_all_that_it_can_and_never_more() -> None:
    """Slow, so that few trucks will do; as it is installed the scenario is in the soak."""
    slow = [f"station.{each}.service='constant:250s'" for each in (STATION, "cn_weigh_w")]
    fewer = ("fleet.kz=5", "fleet.cn=5", "time.warm_up='10min'", "time.duration='45min'")
    settings = (*slow, *fewer, "expect=[]")
    finished = a_run("saturation", *settings)
    bound = a_bound(*settings)
    assert finished.result["bound"]["resource"] in (STATION, "cn_weigh_w")
    assert min(bound.places, key=bound.places.__getitem__) != FLEET
    for place in (STATION, "cn_weigh_w"):
        starts_s = [v.start_ns / 1e9 for v in finished.recorder.visits if v.stage == place]
        between_s = np.diff(starts_s)
        assert len(between_s) >= 5
        assert np.min(between_s) >= least_s(bound, place)
        assert np.median(between_s) <= least_s(bound, place) / 0.95
        row = finished.result["bottlenecks"]["places"][place]
        end_s = finished.result["performance"]["simulated_s"]
        assert row["mean_wait_s"] > 60.0
        little = row["visits"] / end_s * row["mean_wait_s"]
        assert little == pytest.approx(row["queue_mean"], rel=0.2)  # who still queues is in one
