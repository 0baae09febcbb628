"""Hours, quota and intake as voters: boundaries, midnight, time zones, clock error, restart."""

from typing import Any

import pytest

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.limits import UTC_ERROR_MS_MAX
from contract.opening import DAY_MS, day_begins_ms, local_day
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from contract.v1.movement_pb2 import VehicleHeartbeat
from corridor.arrival import PASSAGE_MS_MAX
from corridor.explain import about, book_of, words
from corridor.hours import HOUR_MS, SideHours, clock_of
from corridor.state import Wait
from tests.corridor.control import Control
from tests.factories import START_UTC_MS, TRUCKS, reports

A, B, C = TRUCKS
KZ_OFFSET_MIN, CN_OFFSET_MIN = 300, 480
NOON = local_day(START_UTC_MS, KZ_OFFSET_MIN)  # the day on which the tests begin, 13:00 in KZ


def utc(hour: float, offset_min: int = KZ_OFFSET_MIN, day: int = 0) -> float:
    """An hour of a local day of the test, in milliseconds since its start."""
    return day_begins_ms(NOON + day, offset_min) + hour * HOUR_MS - START_UTC_MS


def a_control(at_ms: float, convoy: int = 1, **sides: dict[str, Any]) -> Control:
    hours = {country: SideHours(**each) for country, each in sides.items()}
    return Control(convoy=convoy, settings={"hours": hours}, at_ms=at_ms)


def time_is(control: Control, at_ms: float) -> None:
    """It is later, and every truck is heard."""
    control.at_ms = at_ms
    for truck in TRUCKS:
        heard = control.agent.state.heard.get(truck)
        front_mm = round(1_000.0 * heard.front_m) if heard is not None else 0
        control.hear(truck, VehicleHeartbeat(loop_counter=1, front_mm=front_mm))
    control.wake(0.0)


def wait(control: Control, truck: str = A) -> Wait:
    return control.agent.state.waits[truck]


def reason(control: Control, truck: str = A) -> str:
    found = control.agent.state.waits.get(truck)
    return found.reason.name if found is not None else ""


def at_line(control: Control, truck: str = A) -> None:
    """A truck is at its exit gate's stop line, as far as it is given road."""
    control.scanned("kz_weigh_e", truck)
    control.drives_to(control.exit_m(truck), truck)
    control.front_at(control.exit_m(truck), truck, standing=True)
    control.counted_out(truck)


def goes_in(control: Control, truck: str = A) -> None:
    """A truck with road past its exit gate drives to its end, and all is free behind it."""
    control.passed("kz_out", CUSTODY_STEP_EXITED, truck)
    control.drives_to(10_000.0, truck)
    control.front_at(control.end_m(truck), truck)


def sets_off(control: Control, *trucks: str) -> None:
    """More trucks are loaded and released, and have their missions."""
    for truck in trucks:
        control.notice(truck)
        control.release("KZ", truck)
        control.release("CN", truck)
        control.loaded(truck)
        control.accept(truck)


def has_left(control: Control, truck: str = A) -> bool:
    return control.route(truck).zone_spans[1][0] in control.agent.state.zones.held_by(truck)


def is_past(control: Control, truck: str = A) -> bool:
    """Whether it has road past its exit gate."""
    return "kz_e_neutral" in control.agent.state.zones.held_by(truck)


def slowest_ms(control: Control, from_m: float, ahead: int = 0) -> int:
    mission = control.agent.state.missions[control.order().mission_id]
    ways = control.agent._people.hours._ways
    return ways.slowest_ms(mission, control.route(), from_m, ahead=ahead)


KZ_DAY = {"opens": "07:00", "closes": "19:00"}
CN_DAY = {"opens": "08:00", "closes": "19:00", "utc_offset_min": CN_OFFSET_MIN}  # until 16 in KZ


# --- departure ---


def test_nobody_leaves_its_berth_before_its_side_opens() -> None:
    """SUP-V1: the reason says when; it opens by itself, by the slow clock too."""
    control = a_control(utc(6.0), KZ=KZ_DAY).under_way()
    assert (reason(control), has_left(control)) == ("DEPARTURE_CLOSED", False)
    assert (wait(control).resource, wait(control).holder) == ("kz_out", "office KZ")
    assert wait(control).lifts == "its opening at 07:00 (UTC+05:00)"
    time_is(control, utc(7.0))  # the clock may be 1 ms late
    assert not has_left(control)
    time_is(control, utc(7.0) + 1)
    assert has_left(control)


def test_side_that_has_closed_opens_on_the_next_day() -> None:
    """SUP-V1: from 1 ms before closing, for the clock may be late."""
    control = a_control(utc(19.0) - 1, KZ=KZ_DAY).under_way()
    assert reason(control) == "DEPARTURE_CLOSED"
    time_is(control, utc(23.0))
    time_is(control, utc(6.9, day=1))
    assert not has_left(control)
    time_is(control, utc(7.0, day=1) + 1)
    assert has_left(control)


def test_truck_leaves_its_berth_to_the_last_moment_that_is_sure() -> None:
    """SUP-V1."""
    assert has_left(a_control(utc(19.0) - 2, KZ=KZ_DAY).under_way())


def test_hours_over_midnight_let_a_truck_leave_at_night() -> None:
    """SUP-V1."""
    night = {"opens": "22:00", "closes": "02:00"}
    assert has_left(a_control(utc(1.0), KZ=night).under_way())
    assert not has_left(a_control(utc(2.0), KZ=night).under_way())


def test_without_hours_nobody_is_held_and_nothing_is_counted() -> None:
    """SUP-V1: what is not said is open."""
    control = Control().under_way()
    at_line(control)
    assert is_past(control)
    assert not control.agent.state.crossings["KZ-1"].let_ms


# --- arrival ---


def test_truck_that_might_come_too_late_stays_on_its_own_side_of_the_line() -> None:
    """SUP-V2: 16:00 in KZ is 19:00 in CN; it opens at 08:00 there, 05:00 here."""
    control = a_control(utc(15.0), CN=CN_DAY).under_way()
    exit_m = control.exit_m()
    need_ms = slowest_ms(control, exit_m)
    control.at_ms = utc(16.0) - need_ms - 1
    at_line(control)
    assert (reason(control), is_past(control)) == ("ARRIVAL_TOO_LATE", False)
    assert control.end_m() <= exit_m
    assert (wait(control).resource, wait(control).holder) == ("cn_in", "office CN")
    assert wait(control).lifts == "its opening at 08:00 (UTC+08:00)"
    time_is(control, utc(16.5))
    time_is(control, utc(5.0, day=1))
    assert not is_past(control)
    time_is(control, utc(5.0, day=1) + 1)
    assert is_past(control)


def test_truck_goes_that_arrives_in_time_at_the_slowest() -> None:
    """SUP-V2: 2 ms earlier than the one that stays."""
    control = a_control(utc(15.0), CN=CN_DAY).under_way()
    control.at_ms = utc(16.0) - slowest_ms(control, control.exit_m()) - 2
    at_line(control)
    assert is_past(control)


def test_truck_that_cannot_come_in_time_stays_at_its_berth() -> None:
    """SUP-V2: rather than at the line for the night."""
    control = a_control(utc(16.0) - 60_000, CN=CN_DAY).under_way()
    assert (reason(control), has_left(control)) == ("ARRIVAL_TOO_LATE", False)


def test_each_truck_ahead_makes_the_arrival_later_by_its_passage() -> None:
    """SUP-V2: the entry gate serves one after the other."""
    control = a_control(utc(15.0), CN=CN_DAY).under_way()
    alone, behind = (slowest_ms(control, control.exit_m(), ahead=each) for each in (0, 2))
    assert behind - alone == 2 * PASSAGE_MS_MAX
    at_line(control)
    assert is_past(control)
    sets_off(control, B)
    hours, missions = control.agent._people.hours, control.agent.state.missions
    assert hours._before_entry(missions[control.order(B).mission_id]) == 1
    assert hours._before_entry(missions[control.order(A).mission_id]) == 0


def test_slowest_drive_is_half_the_speed_of_lane_and_weather() -> None:
    """SUP-V2."""
    control = Control().under_way()
    mission = control.agent.state.missions[control.order().mission_id]
    ways = control.agent._people.hours._ways
    route, exit_m = control.route(), control.exit_m()
    end_m = next(end for zone, _, end in route.zone_spans if zone == "cn_in_cell")
    gates_ms = 2 * PASSAGE_MS_MAX
    ways._speed_mmps = lambda: 2_220
    expected_s = (end_m - exit_m) / 1.11
    assert ways.slowest_ms(mission, route, exit_m, ahead=0) == pytest.approx(
        gates_ms + 1_000.0 * expected_s, abs=1.0
    )
    ways._speed_mmps = lambda: 0
    speeds = {control.map.lanes[lane].speed_mps for lane in route.lanes[3:]}
    slow_ms = gates_ms + 1_000.0 * (end_m - exit_m) / (0.5 * min(speeds))
    assert gates_ms < ways.slowest_ms(mission, route, exit_m, ahead=0) <= slow_ms + 1.0


def test_truck_that_has_passed_its_exit_gate_is_let_on_after_closing() -> None:
    """SUP-V2: nobody is kept in the neutral zone."""
    control = a_control(utc(15.0), CN=CN_DAY, KZ={"quota_out": 1}).under_way()
    at_line(control)
    control.passed("kz_out", CUSTODY_STEP_EXITED)
    time_is(control, utc(18.0))
    control.drives_to(10_000.0)
    control.counted_out()
    assert reason(control) not in ("ARRIVAL_TOO_LATE", "DEPARTURE_CLOSED", "QUOTA_REACHED")
    assert control.end_m() > control.exit_m() + 50.0


# --- the clock ---


def test_clock_error_counts_against_the_truck() -> None:
    """SUP-V1: 900 ms unsure, 899 ms after opening."""
    control = a_control(utc(6.0), KZ=KZ_DAY).under_way()
    hours = control.agent._people.hours
    mission = control.agent.state.missions[control.order().mission_id]
    for late_ms, error_ms, opens in ((899, 900, False), (900, 900, True)):
        utc_ns = round((START_UTC_MS + utc(7.0) + late_ms) * NS_PER_MS)
        hours.watch(Now(0, utc_ns, error_ms * NS_PER_MS))
        assert (hours.vote(mission, control.route(), 1) is None) == opens


def test_unsure_clock_opens_nothing_until_it_is_sure() -> None:
    """SUP-V1: as no document is judged by it."""
    control = a_control(utc(12.0), KZ=KZ_DAY).under_way()
    hours = control.agent._people.hours
    mission = control.agent.state.missions[control.order().mission_id]
    mission.next_span = 1
    control.agent.state.dirty.clear()
    utc_ns = round((START_UTC_MS + utc(12.0)) * NS_PER_MS)
    hours.watch(Now(0, utc_ns, UTC_ERROR_MS_MAX * NS_PER_MS + 1))
    no = hours.vote(mission, control.route(), 1)
    assert no is not None
    assert no.reason.name == "CLOCK_UNSURE"
    assert not control.agent.state.dirty
    hours.watch(Now(0, utc_ns, UTC_ERROR_MS_MAX * NS_PER_MS))
    assert mission.mission_id in control.agent.state.dirty
    assert hours.vote(mission, control.route(), 1) is None


# --- quota ---


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("sides", [{"KZ": {"quota_out": 1}}, {"CN": {"quota_in": 1}}])
def test_second_crossing_of_the_day_waits_for_the_next_one(
    sides: dict[str, Any], restart: bool
) -> None:
    """SUP-V3: at its berth, while the first is on its way too; a restart counts the same."""
    control = a_control(utc(20.0), **sides).under_way(A, B)
    assert (has_left(control, A), has_left(control, B)) == (True, False)
    at_line(control, A)
    assert is_past(control, A)
    if restart:
        control.start()
        control.accounted()
        time_is(control, utc(20.5))
    (country,) = sides
    assert (reason(control, B), wait(control, B).resource) == ("QUOTA_REACHED", f"quota/{country}")
    assert wait(control, B).lifts == "the next day, which begins at 00:00 (UTC+05:00)"
    time_is(control, utc(23.99))
    assert not has_left(control, B)
    time_is(control, utc(24.0) + UTC_ERROR_MS_MAX + 2)
    assert has_left(control, B)


def test_quota_is_of_the_days_of_the_side_that_has_it() -> None:
    """SUP-V3: midnight in Beijing is 21:00 in Kazakhstan."""
    control = a_control(utc(20.0), CN={"quota_in": 1, "utc_offset_min": CN_OFFSET_MIN})
    control.under_way(A, B)
    at_line(control, A)
    assert not has_left(control, B)
    time_is(control, utc(21.0) + UTC_ERROR_MS_MAX + 2)
    assert has_left(control, B)


def test_crossing_at_midnight_is_of_both_days() -> None:
    """SUP-V3: the clock may have been wrong by its bound."""
    control = a_control(utc(24.0) - UTC_ERROR_MS_MAX, KZ={"quota_out": 1}).under_way(A, B)
    at_line(control, A)
    time_is(control, utc(26.0))
    assert not has_left(control, B)
    time_is(control, utc(48.0) + UTC_ERROR_MS_MAX + 2)
    control.loaded(B)  # its brakes were tested a day ago
    assert has_left(control, B)


def test_quota_of_one_direction_is_none_of_the_other() -> None:
    """SUP-V3."""
    control = a_control(utc(12.0), KZ={"quota_in": 0}, CN={"quota_out": 0}).under_way()
    at_line(control)
    assert is_past(control)


def test_return_needs_no_place_in_the_quota_and_takes_none() -> None:
    """SUP-V3: as at the offices."""
    control = a_control(utc(12.0), KZ={"quota_out": 1})
    control.cleared(A, B)
    control.agent.state.crossings["KZ-1"].return_of = "CN-9"
    control.accept(A)
    control.accept(B)
    at_line(control, A)
    assert is_past(control, A)
    assert has_left(control, B)
    sets_off(control, C)
    assert reason(control, C) == "QUOTA_REACHED"


# --- intake ---


@pytest.mark.parametrize("restart", [False, True])
def test_no_more_trucks_are_let_in_within_an_hour_than_are_taken(restart: bool) -> None:
    """SUP-V3: and over a restart."""
    control = a_control(utc(12.0), CN={"intake_per_h": 1}).under_way(A)
    at_line(control, A)
    assert is_past(control, A)
    goes_in(control, A)
    sets_off(control, B)
    at_line(control, B)
    if restart:
        control.start()
        control.front_at(control.exit_m(B), B, cause=1, standing=True)
        control.front_at(control.end_m(A), A, cause=1, standing=True)
        control.parked(C)
        time_is(control, utc(12.5))
    assert (reason(control, B), wait(control, B).resource) == ("INTAKE_RATE_REACHED", "cn_in")
    time_is(control, utc(13.0))
    assert not is_past(control, B)
    time_is(control, utc(13.0) + UTC_ERROR_MS_MAX + 2)
    assert is_past(control, B)


def test_no_more_trucks_are_on_their_way_in_than_are_taken() -> None:
    """SUP-V3: the next goes when one stands at its berth and its crossing is over."""
    control = a_control(utc(12.0), CN={"intake_trucks": 1}).under_way(A)
    at_line(control, A)
    goes_in(control, A)
    sets_off(control, B)
    at_line(control, B)
    assert (reason(control, B), is_past(control, B)) == ("INTAKE_FULL", False)
    mission = control.agent.state.missions[control.order(A).mission_id]
    del control.agent.state.missions[mission.mission_id]  # its crossing is over
    control.wake()
    assert is_past(control, B)


def test_side_that_takes_nobody_lets_nobody_in() -> None:
    """SUP-V3: zero is none, not any."""
    for limit in ("intake_per_h", "intake_trucks"):
        control = a_control(utc(12.0), CN={limit: 0}).under_way()
        at_line(control)
        assert not is_past(control)


# --- in words ---


def test_explain_says_when_it_opens_and_whose_move_it_is() -> None:
    """SUP-011."""
    control = a_control(utc(6.0), KZ=KZ_DAY).under_way()
    chain = about(book_of(control.agent.state, control.now), A)
    assert chain is not None
    assert chain.root == "office KZ has the move: its opening at 07:00 (UTC+05:00)"
    assert any("DEPARTURE_CLOSED" in line for line in words(chain))
    (said,) = reports(control.said, Event.VEHICLE_WAITS)[-1:]
    assert said["lifted_by"] == "its opening at 07:00 (UTC+05:00)"


def test_clock_for_people_names_its_zone() -> None:
    assert clock_of(0, -210) == "00:00 (UTC-03:30)"
    assert clock_of(1_439, 480) == "23:59 (UTC+08:00)"


def test_what_is_older_than_days_is_forgotten() -> None:
    """SUP-V3: the list of a direction does not grow for ever."""
    hours = Control(settings={"hours": {"KZ": SideHours(quota_out=1)}}).agent._people.hours
    for day in range(10):
        hours._count("E", day * DAY_MS, back=False)
    assert hours._let["E"] == [each * DAY_MS for each in (6, 7, 8, 9)]
