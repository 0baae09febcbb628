"""A convoy that loses a member: it is left with its share, and those behind have a new leader."""

import pytest

from contract.events import Event
from contract.limits import MEMBER_LOST_MS
from contract.route import Route
from contract.v1.movement_pb2 import (
    FORMATION_MANOEUVRE_LEAVE,
    FORMATION_STEP_ABORT,
    FORMATION_STEP_PREPARE,
    VEHICLE_STATE_STOPPED,
    FormationOrder,
    MovementAuthority,
)
from corridor.authority import Weather
from corridor.climbing import Climbing
from corridor.formation_phases import FormationPhase
from corridor.grants import Grants
from corridor.records import Crossing
from tests.corridor.convoys import Convoys, in_phase
from tests.factories import TRUCKS, sends

P = FormationPhase
A, B, C = TRUCKS


def steps(orders: list[FormationOrder]) -> list[int]:
    return [order.step for order in orders]


def lose(convoys: Convoys, truck: str) -> None:
    convoys.state.heard[truck].silent = True
    convoys.watch(MEMBER_LOST_MS // 1_000 + 1)


@pytest.mark.parametrize(
    ("lost", "convoys_after"),
    [
        (A, {A: "convoy-1/truck-01", B: "convoy-1/truck-02", C: "convoy-1/truck-02"}),
        (B, {A: "convoy-1", B: "convoy-1/truck-02", C: "convoy-1/truck-03"}),
        (C, {A: "convoy-1", B: "convoy-1", C: "convoy-1/truck-03"}),
    ],
)
def test_lost_member_is_left_behind_with_its_share_and_those_behind_have_a_new_leader(
    lost: str, convoys_after: dict[str, str]
) -> None:
    """SUP-014: a cut-off member inherits its part of what is held."""
    convoys = Convoys().formed(A, B, C)
    for truck in TRUCKS:
        convoys.state.zones.allocate("kz_e_road1", convoys.claim(truck))
    lose(convoys, lost)
    assert {truck: convoys.mission(truck).convoy for truck in TRUCKS} == convoys_after
    holders = convoys.state.zones.zones["kz_e_road1"].holders
    assert {each.vehicle: each.convoy for each in holders} == convoys_after
    for truck in TRUCKS:
        mission = convoys.mission(truck)
        together = [each for each in TRUCKS if convoys_after[each] == mission.convoy]
        assert mission.formation == together


def test_second_is_told_to_lead_the_rest_of_a_formation_that_lost_its_leader() -> None:
    """SUP-014."""
    convoys = Convoys().formed(A, B, C)
    lose(convoys, A)
    assert convoys.orders(A)[-1].step == FORMATION_STEP_ABORT
    for truck in (B, C):
        newest = convoys.orders(truck)[-1]
        assert newest.step == FORMATION_STEP_PREPARE
        assert newest.manoeuvre == FORMATION_MANOEUVRE_LEAVE
        assert list(newest.members) == [B, C]
    convoys.carried_out(B, C)
    assert convoys.state.formations["convoy-1/truck-02"].members == [B, C]


def test_who_drove_behind_a_lost_member_is_told_to_open_its_gap() -> None:
    convoys = Convoys().formed(A, B, C)
    lose(convoys, B)
    newest = convoys.orders(C)[-1]
    assert (newest.step, list(newest.members)) == (FORMATION_STEP_PREPARE, [])
    convoys.carried_out(C)
    convoys.carried_out(A)
    assert all(not row.members for row in convoys.state.formations.values())


@pytest.mark.parametrize("phase", [P.JOINING, P.COUPLING, P.LEAVING, P.UNCOUPLING])
def test_member_lost_during_a_change_ends_it(phase: FormationPhase) -> None:
    convoys = in_phase(phase)
    convoys.state.heard[B].silent = True
    orders = sends(convoys.watch(MEMBER_LOST_MS // 1_000 + 1), FormationOrder)
    assert FORMATION_STEP_ABORT in steps(orders)
    assert convoys.row.phase is P.SPLIT


def test_stopped_member_is_lost_and_a_blink_is_not() -> None:
    convoys = Convoys().formed(A, B, C)
    heard = convoys.state.heard[B]
    heard.state = VEHICLE_STATE_STOPPED
    convoys.watch(2)
    heard.state = 0
    convoys.watch(5)
    assert not convoys.events(Event.CONVOY_PARTED)
    heard.state = VEHICLE_STATE_STOPPED
    convoys.watch(5)
    (said,) = convoys.events(Event.CONVOY_PARTED)
    assert (said["vehicle"], said["rest"]) == (B, "convoy-1/truck-03")


def test_convoy_that_is_lost_as_a_whole_stays_one() -> None:
    convoys = Convoys()
    for truck in TRUCKS:
        convoys.state.heard[truck].silent = True
    convoys.watch(20)
    assert not convoys.events(Event.CONVOY_PARTED)


def test_restarted_truck_is_counted_on_by_nobody() -> None:
    convoys = Convoys().formed(A, B, C)
    convoys.formations.restarted(convoys.now, B)
    orders = sends(convoys.taken(), FormationOrder)
    assert steps(orders) == [FORMATION_STEP_ABORT] * 3
    assert convoys.row.members == []


def test_member_whose_crossing_is_over_is_missed_by_nobody() -> None:
    convoys = Convoys().formed(A, B, C)
    mission = convoys.mission(A)
    del convoys.state.missions[mission.mission_id], convoys.state.mission_of[A]
    convoys.watch()
    assert list(convoys.orders(B)[-1].members) == [B, C]
    convoys.carried_out(B, C)
    assert convoys.row.members == [B, C]


def test_row_of_a_convoy_that_is_no_more_is_forgotten() -> None:
    convoys = Convoys().formed(A, B)
    convoys.state.missions.clear()
    convoys.state.mission_of.clear()
    convoys.watch(2)
    assert not convoys.state.formations


# --- who goes first after it ---


def grants_of(convoys: Convoys) -> Grants:
    return Grants(
        convoys.state,
        {},
        Weather(350, 120_000),
        holds_back=lambda mission, zone: False,
        climbing=Climbing(convoys.state.map, 350, {}),
    )


def test_nobody_is_given_road_beyond_whoever_is_ahead_in_a_zone_they_share() -> None:
    """SUP-014: the lost member comes back to find nobody in its way."""
    convoys = Convoys()
    for truck in (A, B, C):
        mission = convoys.mission(truck)
        convoys.state.crossings[mission.crossing] = Crossing(mission.crossing)
        route = convoys.state.route(mission)
        mission.cleared = mission.next_span = index_of(route, "kz_e_road2")
    for truck in (B, C):
        convoys.state.zones.allocate("kz_e_road2", convoys.claim(truck))
        convoys.mission(truck).next_span += 1
        convoys.state.heard[truck].front_m = convoys.stretch(truck).gather_m + 20.0
    lose(convoys, B)
    convoys.state.heard[C].silent = False
    grants_of(convoys).extend(convoys.now, convoys.mission(C))
    assert "kz_e_buffer1" not in convoys.state.zones.held_by(C)
    convoys.state.heard[B].silent = False
    grants_of(convoys).extend(convoys.now, convoys.mission(B))
    assert "kz_e_buffer1" in convoys.state.zones.held_by(B)


def index_of(route: Route, zone: str) -> int:
    return [each for each, _, _ in route.zone_spans].index(zone)


def test_authority_tells_the_weather_as_the_supervisor_has_it() -> None:
    convoys = Convoys(trucks=(A,))
    mission = convoys.mission(A)
    convoys.state.crossings[mission.crossing] = Crossing(mission.crossing)
    convoys.state.heard[A].front_m = 20.0
    grants_of(convoys).extend(convoys.now, mission)
    (authority,) = sends(convoys.taken(), MovementAuthority)
    assert (authority.friction_permille, authority.sight_mm) == (350, 120_000)
