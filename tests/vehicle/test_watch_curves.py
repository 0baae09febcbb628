"""Curves of the guard against brute force: stopping before an end, and behind another. (vital)"""

import math
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.kernel import plain
from tests.vehicle.watched import a_path, interpreted
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.watch import curves

FLAT: Final = a_path(601)
KMH: Final = 1.0 / 3.6
G: Final = 9.81

gap_needed = plain(curves.gap_needed)


@pytest.fixture(autouse=True, scope="module")
def _plain() -> object:
    with interpreted():
        yield


def stops(
    v: float,
    room: float,
    *,
    path: Array = FLAT,
    front: float = 10.0,
    brake: float = 2.0,
    mu: float = 0.7,
    delay: float = 0.9,
) -> bool:
    """Whether a truck at `v` stops in time, by the guard."""
    return bool(plain(curves.stops)(path, len(path), front, room, brake, mu, delay, v))


def speed_of(room: float, brake: float, delay: float) -> float:
    """v T + v^2 / (2 A) = d, solved for v (docs/vehicle.md section 3)."""
    return -brake * delay + math.sqrt((brake * delay) ** 2 + 2.0 * brake * room)


def way_by_steps(
    path: Array, v: float, *, front: float, brake: float, mu: float, delay: float
) -> float:
    """Stopping distance of a simulated truck in steps of half a centimetre, up to 500 m."""
    energy, step, at = 0.5 * v * v, 5e-3, front + v * delay
    while energy > 0.0 and at < front + 500.0:
        row = min(len(path) - 1, max(0, math.floor(at)))
        grip = 0.75 * min(mu, float(path[row, c.PATH_MU])) * G
        energy -= step * (min(brake, grip) + G * min(0.0, float(path[row, c.PATH_GRADE])))
        at += step
    return at - front


# --- what brakes give ---


@pytest.mark.parametrize(
    ("brake", "mu", "grade", "gives"),
    [
        (4.0, 0.7, 0.0, 4.0),
        (4.0, 0.7, 0.05, 4.0),  # uphill helps, and is not counted on
        (4.0, 0.7, -0.05, 4.0 - 0.05 * G),
        (4.0, 0.2, 0.0, 0.75 * 0.2 * G),
        (4.0, 0.1, -0.1, 0.75 * 0.1 * G - 0.1 * G),
        (4.0, 0.0, 0.0, 0.0),
    ],
)
def test_brakes_give_no_more_than_friction_and_grade_leave(
    brake: float, mu: float, grade: float, gives: float
) -> None:
    """I3."""
    assert plain(curves.assured)(brake, mu, grade) == pytest.approx(gives, abs=1e-12)


# --- stopping before an end ---

# Distance in metres; km/h at which the service and the emergency brake must begin: section 5.5 of
# the collected figures, T = 0.9 s, A of the heading.
TABLE: Final = [
    ((2.0, 3.5), [(1, 3.2, 3.5), (5, 10.9, 12.8), (10, 17.2, 20.8), (20, 26.4, 32.7),
                  (30, 33.5, 42.0), (50, 44.8, 57.0)]),
    ((1.2, 1.7), [(1, 2.9, 3.1), (5, 9.2, 10.3), (10, 14.2, 16.2), (20, 21.4, 24.7),
                  (30, 26.9, 31.3), (50, 35.7, 41.8)]),
    ((0.5, 0.75), [(1, 2.3, 2.6), (5, 6.6, 7.7), (10, 9.9, 11.7), (20, 14.6, 17.4),
                   (30, 18.2, 21.8), (50, 23.9, 28.8)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("brake", "room", "kmh"),
    [
        (brakes[which], room, kmh[which])
        for brakes, rows in TABLE
        for room, *kmh in rows
        for which in (0, 1)
    ],
)
def test_braking_begins_at_the_worked_speed(brake: float, room: float, kmh: float) -> None:
    """I3: the table rounds to 0.1 km/h."""
    assert stops((kmh - 0.051) * KMH, room, brake=brake)
    assert not stops((kmh + 0.051) * KMH, room, brake=brake)


@given(st.floats(0.5, 190.0), st.floats(0.1, 5.0), st.floats(0.0, 2.0))
def test_on_the_level_a_truck_stops_from_just_under_the_curve_and_not_from_just_over(
    room: float, brake: float, delay: float
) -> None:
    """I3: v T + v^2 / (2 A) = d."""
    v = speed_of(room, brake, delay)
    assert stops(v * (1.0 - 1e-6), room, brake=brake, delay=delay)
    assert not stops(v * (1.0 + 1e-6) + 1e-6, room, brake=brake, delay=delay)


@given(st.integers(0, 10**6))
def test_truck_on_changing_grade_and_friction_stops_where_it_is_said_to(seed: int) -> None:
    """I3: against a simulation in half centimetres; a truck that never stops is never said to."""
    draw = np.random.default_rng(seed)
    grades = np.repeat(draw.uniform(-0.08, 0.05, 60), draw.integers(1, 12, 60))
    mus = np.repeat(draw.uniform(0.08, 0.8, 60), draw.integers(1, 12, 60))
    path = a_path(301, grades=grades.tolist(), mus=mus.tolist())
    truck = {
        "front": float(draw.uniform(-3.0, 200.0)),
        "brake": float(draw.uniform(0.3, 5.0)),
        "mu": float(draw.uniform(0.2, 0.8)),
        "delay": float(draw.uniform(0.0, 1.0)),
    }
    v = float(draw.uniform(0.5, 12.0))
    way = way_by_steps(path, v, **truck)
    assert not stops(v, way - 0.05, path=path, **truck)
    if way < 490.0:
        assert stops(v, way + 0.05, path=path, **truck)


def test_slippery_fall_behind_the_foresight_counts() -> None:
    """I3: what lies more than 200 m ahead is not covered by the worst of those 200 m."""
    path = a_path(601, mus=[0.03] * 210 + [0.03], grades=[0.0] * 215 + [-0.03])
    truck = {"front": 5.0, "brake": 4.0, "delay": 0.6}
    v = math.sqrt(2.0 * 0.75 * 0.03 * G * 195.0)
    assert way_by_steps(path, v + 0.3, mu=0.7, **truck) > 400.0
    assert not stops(v + 0.3, 400.0, path=path, **truck)


def test_fall_that_holds_no_brake_may_be_reached_at_no_speed() -> None:
    """I3: who is on it at all does not stop on it."""
    path = a_path(301, grades=[0.0] * 50 + [-0.1] * 20 + [0.0], mus=[0.1])
    assert stops(0.8, 12.0, path=path, front=49.0, delay=0.5)
    assert not stops(3.0, 15.0, path=path, front=49.0, delay=0.5)
    assert stops(3.0, 150.0, path=path, front=49.0, delay=0.5)  # on the level behind it


def test_delay_is_driven_where_the_brake_would_have_held_best() -> None:
    """I3: what the delay uses up is the first stretch, not an average one."""
    path = a_path(301, mus=[0.7] * 20 + [0.05])
    way = way_by_steps(path, 5.0, front=10.0, brake=4.0, mu=0.7, delay=2.0)
    assert not stops(5.0, way - 0.05, path=path, brake=4.0, delay=2.0)
    assert stops(5.0, way + 0.05, path=path, brake=4.0, delay=2.0)


@pytest.mark.parametrize("room", [0.0, -0.1, -50.0])
def test_end_behind_the_front_is_stopped_before_by_a_standing_truck_only(room: float) -> None:
    """I2."""
    assert not stops(0.01, room)
    assert stops(0.0, room)
    assert stops(-0.3, room)


@pytest.mark.parametrize("grade", [0.0, -0.2])
def test_end_within_the_delay_is_not_stopped_before(grade: float) -> None:
    """I3: a brake that cannot hold on a fall makes no room out of none."""
    path = a_path(301, grades=[grade])
    assert not stops(1.0, 0.2, path=path, brake=1.0, delay=1.0)


def test_truck_that_comes_to_rest_right_at_the_end_has_stopped() -> None:
    path = a_path(301)
    path[:, c.PATH_SLICK] = 0.01  # no shortcut
    assert stops(2.0, 1.0, path=path, brake=2.0, delay=0.0)


@pytest.mark.parametrize(
    ("front", "slick_row"),
    [(-3.0, 0), (0.0, 0), (0.2, 0), (41.0, 41), (41.9, 41), (250.0, 251), (300.0, 300),
     (305.0, 300)],
)  # fmt: skip
def test_slippery_row_under_the_front_or_before_it_counts(front: float, slick_row: int) -> None:
    """I3: and the road before the first and behind the last row is as those are."""
    mus = [0.7] * 301
    mus[slick_row] = 0.02
    path = a_path(301, mus=mus)
    way = way_by_steps(path, 3.0, front=front, brake=4.0, mu=0.7, delay=0.0)
    assert way > 4.5 / 4.0 + 0.06
    assert not stops(3.0, way - 0.03, path=path, front=front, brake=4.0, delay=0.0)
    assert stops(3.0, way + 0.03, path=path, front=front, brake=4.0, delay=0.0)


def test_standing_truck_needs_no_brake() -> None:
    assert stops(0.0, 0.5, mu=0.0)
    assert not stops(0.1, 0.5, mu=0.0)


@pytest.mark.parametrize("front", [-2.5, 0.0, 7.25, 299.0, 299.5, 320.0])
def test_road_before_the_first_and_behind_the_last_row_is_like_that_row(front: float) -> None:
    """I3: the overlap may lie behind the end of the route, and a front over its beginning."""
    path = a_path(301)
    path[:, c.PATH_SLICK] = 0.01  # no shortcut
    v = speed_of(30.0, 2.0, 0.9)
    assert stops(v - 1e-6, 30.0, path=path, front=front)
    assert not stops(v + 1e-6, 30.0, path=path, front=front)


def test_friction_told_and_friction_of_the_map_both_bind() -> None:
    """I3: the worse of the two."""
    slippery = a_path(301, mus=[0.1])
    v = speed_of(30.0, 0.75 * 0.1 * G, 0.9)
    for path, mu in ((slippery, 0.7), (FLAT, 0.1), (slippery, 0.3)):
        assert stops(v - 1e-6, 30.0, path=path, mu=mu)
        assert not stops(v + 1e-6, 30.0, path=path, mu=mu)


# --- gap ---


@pytest.mark.parametrize(
    ("kmh", "ahead_kmh", "brake", "front_brake", "delay", "needed"),
    [
        (40, 40, 5.0, 5.0, 0.5, 5.6),  # equal brakes
        (40, 40, 4.0, 5.5, 0.5, 9.8),  # loaded behind empty
        (50, 50, 4.0, 8.0, 2.0, 39.8),  # ad-rss-lib discussion, nobody accelerates
        (40, 40, 5.5, 4.0, 0.5, 1.83),  # weak in front: least while both still roll
        (0, 40, 4.0, 7.0, 0.6, 0.0),
        (20, 40, 4.0, 7.0, 0.6, 0.0),  # it runs away
    ],
)
def test_gap_is_that_of_the_worked_examples(
    kmh: float, ahead_kmh: float, brake: float, front_brake: float, delay: float, needed: float
) -> None:
    """I1."""
    gap = gap_needed(kmh * KMH, ahead_kmh * KMH, brake, front_brake, delay)
    assert gap == pytest.approx(needed, abs=0.05 if needed > 5.0 else 0.005)


def gap_by_steps(v: float, front_v: float, brake: float, front_brake: float, delay: float) -> float:
    """How much a gap shrinks at most while both brake to standstill, in steps of a millisecond."""
    t = np.arange(0.0, delay + v / brake + front_v / front_brake + 0.1, 1e-3)
    braked = np.clip(t - delay, 0.0, v / brake)
    own = v * np.minimum(t, delay) + v * braked - 0.5 * brake * braked**2
    ahead_s = np.minimum(t, front_v / front_brake)
    ahead = front_v * ahead_s - 0.5 * front_brake * ahead_s**2
    return float(np.max(own - ahead))


@given(
    st.floats(0.0, 15.0),
    st.floats(0.0, 15.0),
    st.floats(0.1, 7.0),
    st.floats(0.1, 7.0),
    st.floats(0.0, 2.0),
)
def test_gap_is_the_least_that_hits_nobody_and_no_more(
    v: float, front_v: float, brake: float, front_brake: float, delay: float
) -> None:
    """I1: least over time, not at the end."""
    gap = gap_needed(v, front_v, brake, front_brake, delay)
    assert gap == pytest.approx(gap_by_steps(v, front_v, brake, front_brake, delay), abs=5e-3)


def test_gap_is_least_while_both_roll_only_if_they_still_do() -> None:
    """I1: a weak brake in front that stands before the follower has closed up."""
    early = {"brake": 6.0, "front_brake": 2.0, "delay": 0.5}
    assert gap_needed(10.0, 10.0, **early) == pytest.approx(0.25 + 0.125)
    late = {"brake": 2.1, "front_brake": 2.0, "delay": 1.0}
    stand = 10.0 + 50.0 / 2.1 - 50.0 / 2.0
    assert gap_needed(10.0, 10.0, **late) == pytest.approx(stand)
