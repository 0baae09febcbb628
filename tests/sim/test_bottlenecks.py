"""Bottlenecks: queues by hand, one more server against a run that has one, what breaks first."""

from typing import Any, Final

import numpy as np
import pytest

from sim.bottlenecks import Stage, offered, replay, served_a_load_s
from sim.bound import FLEET
from sim.distributions import parse_distribution
from sim.lane_queues import Places, counts, queue_spans
from sim.loads import Visit
from sim.outcome import NS_PER_S, CrossingTale
from sim.record import Said
from sim.report.bottlenecks import TOO_SHORT, verdict
from sim.run import load_map
from sim.scenario import load
from sim.station_queue import Trial, simulate
from tests.sim.runs import a_run

AT_NS: Final = np.array([10.0, 20.0, 30.0]) * NS_PER_S


def waits(t_s: float, vehicle: str, reason: str, resource: str, holder: str) -> Said:
    fields = {"vehicle": vehicle, "reason": reason, "resource": resource, "holder": holder}
    return Said(round(t_s * NS_PER_S), "supervisor", "vehicle_waits", fields)


def goes_on(t_s: float, vehicle: str) -> Said:
    return Said(round(t_s * NS_PER_S), "supervisor", "vehicle_goes_on", {"vehicle": vehicle})


def queued(*said: Said) -> dict[str, list[float]]:
    spans = queue_spans(said, load_map("bakhty_pokitu"), 40 * NS_PER_S)
    return {place: list(many) for place, many in counts(spans, AT_NS).items()}


def visits_of(servers: int) -> list[Visit]:
    """A station at 0.9 of what so many servers can do, or rather the same with others."""
    service = parse_distribution("lognormal:60s,0.5")
    trial = Trial(
        arrivals_per_s=0.9 * 2 / 60.0, service=service, servers=servers, open_s=36_000.0, seed=3
    )
    return [Visit("", "", "", v.arrive_ns, v.start_ns, v.end_ns) for v in simulate(trial)]


def waits_s(visits: list[Visit]) -> list[float]:
    return [(visit.start_ns - visit.arrive_ns) / NS_PER_S for visit in visits]


# --- queues in the lane ---


def test_whoever_waits_behind_a_waiting_truck_queues_for_the_same_place() -> None:
    """Two zones before the weighbridge: the one behind waits for the one before it."""
    first = waits(5.0, "truck-01", "ZONE_OCCUPIED", "kz_e_weigh", "truck-09")
    behind = waits(15.0, "truck-02", "ZONE_OCCUPIED", "kz_e_buffer2", "truck-01")
    found = queued(first, behind, goes_on(25.0, "truck-01"))
    assert found == {"kz_weigh_e": [1.0, 2.0, 1.0]}


def test_queue_behind_a_truck_at_its_station_is_the_stations() -> None:
    served = waits(5.0, "truck-09", "STATION_PENDING", "kz_weigh_e", "kz_out")
    behind = waits(6.0, "truck-01", "ZONE_OCCUPIED", "kz_e_weigh", "truck-09")
    assert queued(served, behind) == {"kz_weigh_e": [1.0, 1.0, 1.0]}


def test_whoever_waits_for_papers_or_behind_such_a_truck_queues_for_no_place() -> None:
    papers = waits(5.0, "truck-09", "CLEARANCE_PENDING", "KZ-00001", "office")
    behind = waits(6.0, "truck-01", "ZONE_OCCUPIED", "kz_dep1", "truck-09")
    assert queued(papers, behind) == {}


def test_ring_of_waits_ends_the_search() -> None:
    one = waits(5.0, "truck-01", "ZONE_OCCUPIED", "kz_e_weigh", "truck-02")
    other = waits(6.0, "truck-02", "ZONE_OCCUPIED", "kz_e_buffer2", "truck-01")
    assert queued(one, other) == {"kz_weigh_e": [2.0, 2.0, 2.0]}


@pytest.mark.parametrize("name", ["bakhty_pokitu", "bridge", "crossovers", "mandula", "smoke"])
def test_every_berth_zone_leads_somewhere(name: str) -> None:
    corridor = load_map(name)
    places = Places(corridor)
    for berth in corridor.berths.values():
        wait = {"truck-01": ("ZONE_OCCUPIED", berth.zone, "")}
        assert places.behind(wait, "truck-01"), berth.zone


# --- one more server ---


@pytest.mark.parametrize("servers", [2, 3, 5])
def test_same_visits_with_other_servers_wait_as_a_station_with_so_many_does(servers: int) -> None:
    """Simulated anew with the same arrivals and services: equal to the last digit."""
    two = visits_of(2)
    assert replay(two, servers) == waits_s(visits_of(servers))
    assert sum(replay(two, 3)) < 0.5 * sum(waits_s(two))


def at_a_desk(officers: int) -> dict[str, Any]:
    """Fourteen loads an hour, four minutes each at the Kazakh desk."""
    flow = (
        "flow=[{direction='E',goods='linseed',hs_code='1512',payload_t=22.0,"
        "crossings_per_hour=14.0,channels={green=0.0,yellow=1.0,red=0.0}}]"
    )
    settings = (
        *(flow, "time.duration='3h'", "time.warm_up='0s'", "fleet.kz=16", "fleet.cn=0"),
        *("office.KZ.documents='constant:4min'", "office.CN.documents='constant:10s'"),
        *("berth.load='constant:30s'", "berth.unload='constant:30s'", "expect=[]"),
    )
    finished = a_run("first_crossings", *settings, f"office.KZ.officers={officers}")
    row: dict[str, Any] = finished.result["bottlenecks"]["places"]["desk_office-kz"]
    return row


def test_who_is_kept_in_a_place_takes_nothing_from_what_it_can_pass() -> None:
    """Taken for three minutes, of which it served one: as a night in a bay behind a closed gate."""
    visits = [Visit("kz_bay_e1", "", "", 0, 0, 60 * NS_PER_S)]
    stage = Stage(1, visits, blocked_s=120.0)
    assert (stage.served_s, stage.busy_s) == (60.0, 180.0)


@pytest.mark.parametrize(("empties", "expected_s"), [(1, 90.0), (2, 90.0), (9, 90.0), (0, 60.0)])
def test_empties_that_no_load_asks_for_take_nothing_from_what_a_place_can_pass(
    empties: int, expected_s: float
) -> None:
    """Two loads of a minute each, and empties of half a minute: one load comes back empty."""
    came = [CrossingTale(str(k), loaded=k < 2) for k in range(2 + empties)]
    visits = [
        Visit("", tale.crossing, "ocr_kz_out", 0, 0, (60 if tale.loaded else 30) * NS_PER_S)
        for tale in came
    ]
    assert served_a_load_s(Stage(1, visits), came, 2.0) == pytest.approx(expected_s)


@pytest.mark.soak
def test_one_more_officer_is_worth_what_the_table_says() -> None:
    """The day anew with one more: who waits meanwhile comes a little later, no more."""
    rows = one, two = at_a_desk(1), at_a_desk(2)
    assert one["mean_wait_s"] > 5.0 * two["mean_wait_s"]
    assert one["one_more_wait_s"] == pytest.approx(two["mean_wait_s"], abs=15.0)
    for officers, row in enumerate(rows, start=1):
        # Fifteen loads an hour and officer, there and back: whole loads, those still served too.
        loads = row["per_hour"] * row["visits"] / (30.0 * officers)
        assert loads == pytest.approx(round(loads), abs=1e-2)
        assert 0 <= round(loads) - row["visits"] <= officers


@pytest.mark.soak
def test_one_more_truck_is_worth_what_the_table_says_where_trucks_are_short() -> None:
    """In percent: the bound has no waits in it, so it is above either run by the same share."""

    def go(trucks: int) -> dict[str, Any]:
        settings = (f"fleet.kz={trucks}", "fleet.cn=2", "fleet.convoy=1", "time.duration='5h'")
        result: dict[str, Any] = a_run("saturation", *settings, "expect=[]").result
        return result

    four, five = go(2), go(3)
    assert four["bottlenecks"]["first"] == "fleet"
    told = four["bottlenecks"]["places"]["fleet"]["one_more_per_hour"]
    measured = five["bound"]["measured_per_hour"] / four["bound"]["measured_per_hour"]
    assert 1.0 + told / four["bottlenecks"]["per_hour"] == pytest.approx(1.25, abs=1e-3)
    assert measured == pytest.approx(1.25, abs=0.05)


# --- what breaks first ---


def test_offer_is_counted_there_and_back_window_by_window() -> None:
    steps = offered(load("growth", []))
    assert steps is not None
    assert [round(each, 1) for _, each in steps] == [6.2, 13.6, 24.6, 30.2, 37.2, 45.8]
    assert [at_s / 3_600.0 for at_s, _ in steps] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_endless_flow_offers_without_end() -> None:
    assert offered(load("saturation", [])) is None


def test_run_names_the_place_of_least_capacity_and_what_comes_next() -> None:
    result = a_run("smoke").result
    told = result["bottlenecks"]
    places = {name: row["per_hour"] for name, row in told["places"].items() if row["per_hour"]}
    order = sorted(places.keys() - {FLEET}, key=lambda name: (places[name], name))
    assert [told["first"], told["second"]] == order[:2]
    gains = {name for name, row in told["places"].items() if row["one_more_per_hour"]}
    assert gains <= {told["first"]}
    queues = {name: row["queue_mean"] for name, row in told["places"].items()}
    assert queues[told["longest_queue"]] == max(queues.values()) > 0.0
    assert told["offered_per_hour"] is None


def test_run_in_which_no_truck_comes_back_says_neither_fleet_nor_broken() -> None:
    """Two trucks, one each way, in six minutes: the first demonstration said 248 % of its fleet."""
    told = a_run("smoke").result["bottlenecks"]
    assert not told["steady"]
    assert not told["broken"]
    assert FLEET not in (told["first"], told["second"])
    assert {row["load"] for row in told["places"].values()} == {None}
    assert told["places"][FLEET]["one_more_per_hour"] is None
    assert verdict(told)[0] == TOO_SHORT
    assert "0.0 on average" not in " ".join(verdict(told))
