"""The gap to the one ahead, as the guard's turn has it: when it brakes, when it latches. (vital)"""

import math
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.kernel import plain
from tests.vehicle.watched import (
    ASSURED,
    BUILD_UP_S,
    DELAY_S,
    FRONT_M,
    TURN_S,
    Watched,
    a_path,
    a_truck_row,
    interpreted,
)
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.watch import curves
from vehicle.watch import turn as vital

T_S: Final = DELAY_S + TURN_S
EMERGENCY: Final = c.TRIP_EMERGENCY
LENGTH_M: Final = 16.0
G: Final = 9.81


@pytest.fixture(autouse=True, scope="module")
def _plain() -> object:
    with interpreted():
        yield


def behind(gap: float, closing: float, *, v: float = 8.0) -> Watched:
    """Far before the end, with somebody ahead."""
    return Watched(at_m=20.0, speed_mps=v).sense(GAP=gap, CLOSING=closing).placed()


def needed(v: float, front_v: float, *, mu: float = 0.7) -> float:
    """v T + v^2 / 2b - front_v^2 / 2f: assured brake, seven m/s^2 or the grip in front; and what
    the gap closes by while brakes build up.
    """
    brake, front = min(ASSURED, 0.75 * mu * 9.81), min(7.0, mu * 9.81)
    stopping = v * T_S + 0.5 * v * v / brake - 0.5 * front_v * front_v / front
    return stopping + BUILD_UP_S * max(0.0, v - front_v)


@pytest.mark.parametrize(("closing", "mu"), [(0.0, 0.7), (2.0, 0.7), (-1.0, 0.7), (1.0, 0.2)])
def test_truck_brakes_hard_where_the_gap_is_short_and_goes_on_where_it_is_not(
    closing: float, mu: float
) -> None:
    """I1: no latch as long as most of it is there."""
    gap = needed(8.0, 8.0 - closing, mu=mu)
    wide = behind(1.01 * gap, closing).rule(MU=mu).turn()
    assert (wide.out("ACCEL"), wide.out("EMERGENCY")) == (0.0, 0.0)
    short = behind(0.99 * gap, closing).rule(MU=mu).turn()
    assert (short.out("ACCEL"), short.out("EMERGENCY")) == (-ASSURED, 1.0)
    assert short.latch == (c.TRIP_NONE, c.CAUSE_NONE)


def test_gap_that_is_lost_while_it_shrinks_trips() -> None:
    """I1."""
    gap = needed(8.0, 7.0)
    assert behind(0.61 * gap, 1.0).turn().latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert behind(0.59 * gap, 1.0).turn().latch == (EMERGENCY, c.CAUSE_GAP)
    growing = behind(0.1, 0.0).turn()
    assert growing.latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert growing.out("ACCEL") == -ASSURED


def test_one_ahead_that_comes_backwards_is_as_one_that_stands() -> None:
    gap = needed(8.0, 0.0)
    assert behind(1.01 * gap, 9.0).turn().out("ACCEL") == 0.0
    assert behind(0.99 * gap, 9.0).turn().out("ACCEL") == -ASSURED


@pytest.mark.parametrize("gap", [0.0, -1.0])
def test_gap_that_is_none_trips_a_moving_truck(gap: float) -> None:
    assert behind(gap, 0.5).turn().latch == (EMERGENCY, c.CAUSE_GAP)


def test_standing_truck_needs_no_gap() -> None:
    assert behind(0.0, 0.0, v=0.0).turn().out("ACCEL") == 0.0


@pytest.mark.parametrize("said", [0.0, math.nan])
def test_word_of_a_dead_radar_is_no_gap(said: float) -> None:
    """For a quarter of a second; then the truck stops (test_watch_envelope)."""
    truck = behind(1.0, 5.0).sense(RADAR=said).turn()
    assert truck.latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert truck.out("ACCEL") == 0.0


# --- how much of the needed gap there is ---


def share(
    gap: float, v: float, ahead_v: float, *, path: Array, front: float = 100.0, mu: float = 0.7
) -> float:
    """Gap by needed gap; 1 where no more is asked."""
    truck = Watched(path=path, truck=a_truck_row(LENGTH=LENGTH_M))
    truck.sense(GAP=gap, CLOSING=v - ahead_v, V=v)
    close = plain(vital.close)
    return float(close(path, len(path), front, truck.sensors, mu, truck.truck, 0))


def needed_between(v: float, ahead_v: float, brake: float, front_brake: float) -> float:
    """v T + v^2 / 2b - front_v^2 / 2f, and the building up of brakes."""
    stopping = v * T_S + 0.5 * v * v / brake - 0.5 * ahead_v * ahead_v / front_brake
    return stopping + BUILD_UP_S * max(0.0, v - ahead_v)


@pytest.mark.parametrize(
    ("grade", "mu", "brake", "front_brake"),
    [
        (0.0, 0.7, ASSURED, 0.7 * G),
        (0.0, 0.9, ASSURED, 7.0),
        (-0.06, 0.7, ASSURED - 0.06 * G, 0.7 * G),  # this truck brakes worse on a fall
        (0.06, 0.7, ASSURED, 0.7 * G + 0.06 * G),  # the one ahead brakes better on a rise
        (-0.03, 0.1, 0.75 * 0.1 * G - 0.03 * G, 0.1 * G),
        (0.03, 0.1, 0.75 * 0.1 * G, 0.1 * G + 0.03 * G),
    ],
)
def test_gap_takes_the_grade_that_makes_it_longer(
    grade: float, mu: float, brake: float, front_brake: float
) -> None:
    """I1: what a fall takes and a rise gives, never what helps."""
    path = a_path(601, grades=[grade], mus=[mu])
    gap = 0.9 * needed_between(8.0, 7.0, brake, front_brake)
    assert share(gap, 8.0, 7.0, path=path, mu=mu) == pytest.approx(0.9)


@pytest.mark.parametrize("place", ["under the truck", "in the gap", "where the one ahead stops"])
def test_gap_knows_the_road_up_to_where_the_one_ahead_would_stand(place: str) -> None:
    """I1: front at 100 m, gap 8 m, length 16 m, way 4.5 m: rows 100 to 128."""
    at = {"under the truck": 100, "in the gap": 105, "where the one ahead stops": 128}[place]
    level = share(8.0, 8.0, 8.0, path=a_path(301, mus=[0.75]))
    for grade in (-0.06, 0.06):
        for row, counts in ((at, True), (99, False), (129, False)):
            grades = [0.0] * row + [grade, 0.0]
            steep = share(8.0, 8.0, 8.0, path=a_path(301, grades=grades, mus=[0.75]))
            assert (steep < level - 1e-3) == counts
            assert counts or steep == level


def test_gap_knows_the_friction_of_the_road_as_well() -> None:
    """I1: the worse of what was told and what the path has; the one ahead is given the better."""
    path = a_path(301, mus=[0.2])
    gap = 0.9 * needed_between(8.0, 8.0, 0.75 * 0.2 * G, 0.7 * G)
    assert share(gap, 8.0, 8.0, path=path) == pytest.approx(0.9)


def test_truck_that_stops_within_the_gap_has_enough_of_it() -> None:
    """Whatever the one ahead does: it may stand at once."""
    path = a_path(301, grades=[-0.08])
    way = 8.0 * (T_S + BUILD_UP_S) + 32.0 / (ASSURED - 0.08 * G)
    assert share(way + 0.01, 8.0, 8.0, path=path) == 1.0
    assert share(way - 0.01, 8.0, 0.0, path=path) < 1.0


def test_nothing_in_range_is_enough_even_on_a_road_where_no_brake_holds() -> None:
    """There is no end to such a road, and none to the gap."""
    path = a_path(301, grades=[-0.1], mus=[0.05])
    assert share(c.NO_GAP_M, 8.0, 8.0, path=path, mu=0.05) >= 1.0


def test_one_ahead_that_runs_away_needs_no_gap() -> None:
    assert share(1.0, 5.0, 15.0, path=a_path(301)) == 1.0


@pytest.mark.parametrize(
    ("v", "ahead_v", "counts"), [(8.0, 0.0, 0.0), (8.0, -3.0, 0.0), (0.5, 0.5, 0.5)]
)
def test_gap_to_one_that_stands_or_creeps_is_reckoned_to_the_centimetre(
    v: float, ahead_v: float, counts: float
) -> None:
    """I1: who comes backwards counts as standing; a need of 0.3 m is a need."""
    gap = 0.9 * needed_between(v, counts, ASSURED, 0.7 * G)
    assert share(gap, v, ahead_v, path=a_path(301)) == pytest.approx(0.9)


def test_dead_radar_asks_for_no_gap() -> None:
    """It is stopped for by itself (test_watch_envelope)."""
    truck = Watched().sense(GAP=0.1, V=8.0, CLOSING=3.0, RADAR=0.0)
    close = plain(vital.close)
    assert close(truck.path, 301, 100.0, truck.sensors, 0.7, truck.truck, 0) == 1.0


@pytest.mark.parametrize("mu", [0.0, -0.1])
def test_gap_on_a_road_without_friction_is_still_a_number(mu: float) -> None:
    """I21: divisor guards, a tenth of a metre a second squared for either."""
    assert share(5.0, 8.0, 8.0, path=a_path(), mu=mu) == pytest.approx(5.0 / (8.0 * T_S))
    falls = a_path(301, grades=[-0.08], mus=[0.05])
    gap = needed_between(8.0, 8.0, 0.1, 0.05 * G)
    assert share(5.0, 8.0, 8.0, path=falls, mu=0.05) == pytest.approx(5.0 / gap)


@pytest.mark.parametrize("front", [-3.0, 0.0, 299.0, 300.0, 312.0])
def test_road_before_and_behind_the_path_is_like_its_ends(front: float) -> None:
    falls = a_path(301, grades=[-0.06])
    gap = 0.9 * needed_between(8.0, 8.0, ASSURED - 0.06 * G, 0.7 * G)
    assert share(gap, 8.0, 8.0, path=falls, front=front) == pytest.approx(0.9)


def hits(gap: float, v: float, ahead_v: float, *, path: Array, front: float, mu: float) -> bool:
    """Whether the follower ever reaches the one ahead, by small steps: both brake as hard as their
    place lets them, the follower after its delay.
    """
    step_s, at, ahead_at, time_s = 2e-3, front, front + gap, 0.0
    while v > 0.0:
        row, ahead_row = (min(len(path) - 1, max(0, int(s))) for s in (at, ahead_at))
        grip = 0.75 * min(mu, float(path[row, c.PATH_MU])) * G
        brake = min(ASSURED, grip) + G * min(0.0, float(path[row, c.PATH_GRADE]))
        ahead_brake = min(7.0, mu * G) + G * float(path[ahead_row, c.PATH_GRADE])
        at += step_s * v
        ahead_at += step_s * ahead_v
        if time_s >= T_S:
            v -= step_s * brake
        ahead_v = max(0.0, ahead_v - step_s * max(ahead_brake, 0.0))
        time_s += step_s
        if at > ahead_at + 0.05:
            return True
    return False


@given(st.integers(0, 10**6))
def test_gap_that_is_there_keeps_a_truck_from_the_one_ahead_on_every_road(seed: int) -> None:
    """I1: whatever grade and friction the road has under each of them."""
    draw = np.random.default_rng(seed)
    grades = np.repeat(draw.uniform(-0.06, 0.06, 80), draw.integers(1, 12, 80))
    path = a_path(601, grades=grades.tolist(), mus=[float(draw.uniform(0.15, 0.8))])
    scene = {
        "front": float(draw.uniform(0.0, 200.0)),
        "mu": float(draw.uniform(0.15, 0.8)),
        "path": path,
    }
    v = float(draw.uniform(1.0, 8.0))
    ahead_v = max(0.0, v + float(draw.uniform(-6.0, 2.0)))
    gap = float(draw.uniform(0.5, 40.0))
    if share(gap, v, ahead_v, **scene) >= 1.0:
        assert not hits(gap, v, ahead_v, **scene)


def test_turn_brakes_for_a_gap_that_only_the_fall_makes_short() -> None:
    """I1: the same gap is enough on the level."""
    gap = 0.5 * (needed_between(8.0, 8.0, ASSURED, 0.7 * G)
                 + needed_between(8.0, 8.0, ASSURED - 0.06 * G, 0.7 * G))  # fmt: skip
    for grade, accel in ((0.0, 0.0), (-0.06, -ASSURED)):
        truck = Watched(path=a_path(301, grades=[grade]), at_m=20.0, speed_mps=8.0)
        truck.rule(END=290.0).sense(GAP=gap).placed().turn()
        assert truck.out("ACCEL") == accel
        assert truck.latch[0] == c.TRIP_NONE


# --- the stretch that is looked at ---


@pytest.mark.parametrize(
    ("front", "way", "rows"),
    [(10.0, 5.0, (10, 15)), (10.9, 5.0, (10, 15)), (10.9, 5.1, (10, 16)), (-7.0, 3.0, (0, 0)),
     (10.0, -4.0, (10, 10)), (28.0, 9.0, (28, 30)), (44.0, 9.0, (30, 30))],
)  # fmt: skip
def test_worst_of_a_stretch_is_that_of_its_rows(
    front: float, way: float, rows: tuple[int, int]
) -> None:
    for row in range(31):
        path = a_path(31)
        path[row, [c.PATH_GRADE, c.PATH_MU]] = -0.05, 0.3
        fall, rise, slick = plain(curves.worst)(path, 31, front, way, 0.6)
        inside = rows[0] <= row <= rows[1]
        assert (fall, rise, slick) == ((-0.05, 0.0, 0.3) if inside else (0.0, 0.0, 0.6))
        path[row, c.PATH_GRADE] = 0.05
        assert plain(curves.worst)(path, 31, front, way, 0.2)[1:] == (0.05 if inside else 0.0, 0.2)


def test_stretch_that_only_rises_has_no_fall_and_the_other_way_round() -> None:
    for grade, both in ((0.05, (0.0, 0.05)), (-0.05, (-0.05, 0.0))):
        path = a_path(31, grades=[grade])
        assert plain(curves.worst)(path, 31, 3.0, 9.0, 0.6)[:2] == both


def test_road_is_judged_from_the_front_on() -> None:
    """I1: ice that begins three metres before where the one ahead would come to rest counts."""
    v, front_v, gap, front_at = 10.0, 9.0, 14.0, 54.0
    rest_at = front_at + gap + 0.5 * front_v**2 / min(7.0, 0.7 * G)
    for ice_at, brakes in ((rest_at - 3.0, True), (rest_at + 3.0, False)):
        path = a_path(mus=[0.7] * int(ice_at) + [0.1])
        truck = Watched(path=path, at_m=front_at - FRONT_M - v * TURN_S, speed_mps=v)
        truck.sense(GAP=gap, CLOSING=v - front_v, FIX_NEW=0.0).placed().turn()
        assert (truck.out("ACCEL") < 0.0) == brakes, ice_at
