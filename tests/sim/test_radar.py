"""Radar geometry and footprints: rear edges, the search along the way, rectangles that touch."""

import math
from typing import Final

import numpy as np
import pytest
import shapely

from sim import radar
from sim.checks import apart
from sim.footprints import (
    F_COS,
    F_HALF_LENGTH,
    F_HALF_WIDTH,
    F_HEADING,
    F_SIN,
    F_X,
    F_Y,
    FOOTPRINT_COLUMNS,
    footprints,
)
from sim.plant import HITCH, PSI, STATE_COLUMNS, X, Y
from sim.plant_params import AGV65, TRUCK40_LOADED, Array
from sim.truth_columns import (
    TRUTH_COLUMNS,
    TRUTH_FRONT,
    TRUTH_S,
    TRUTH_SEEN,
    TRUTH_SEEN_S,
)
from tests.sim.plant_rig import Rig
from tests.vehicle.test_path import ROADS, ROWS, a_road
from vehicle.pilot import columns as c


def every_stride(path: Array, from_m: float, to_m: float, x: float, y: float) -> float:
    """What `look_ahead` promises, row by row."""
    rows = range(max(0, int(from_m)), min(ROWS - 1, int(to_m)) + 1, radar.RADAR_STRIDE)
    near = [(math.dist(path[r, c.PATH_X : c.PATH_Y + 1], (x, y)), r) for r in rows]
    found = [(m, r) for m, r in near if m < radar.RADAR_NEAR_M]
    return float(min(found)[1]) if found else -1.0


@pytest.mark.parametrize("bends", ROADS.values(), ids=ROADS.keys())
def test_rows_passed_over_are_rows_that_are_far(bends: tuple[float, ...]) -> None:
    """The search finds what a search of every stride finds, near the way and far from it."""
    path, draw = a_road(*bends), np.random.default_rng(5)
    hits = 0
    for _ in range(3000):
        at = path[draw.integers(0, ROWS)]
        wide = draw.choice([1.0, 6.0, 40.0])
        x, y = at[c.PATH_X] + draw.normal(0, wide), at[c.PATH_Y] + draw.normal(0, wide)
        from_m = draw.uniform(-10.0, ROWS)
        to_m = from_m + draw.uniform(0.0, 90.0)
        found = radar.look_ahead(path, ROWS, from_m, to_m, x, y)
        assert found == every_stride(path, from_m, to_m, x, y)
        hits += found >= 0.0
    assert hits > 100


def test_rear_is_the_middle_of_the_last_edge() -> None:
    """Of the trailer where there is one, of the vehicle itself where not."""
    rig = Rig(TRUCK40_LOADED, AGV65)
    rig.state[:, PSI], rig.state[0, HITCH] = 0.7, -0.3
    feet, rears = np.zeros((2, 2, FOOTPRINT_COLUMNS)), np.zeros((2, 2))
    footprints(rig.state, rig.params, rig.memory, feet)
    radar.rear_ends(feet, rears)
    for row, part, heading in ((0, 1, 0.4), (1, 0, 0.7)):
        half_m = feet[row, part, F_HALF_LENGTH]
        x = feet[row, part, F_X] - half_m * math.cos(heading)
        y = feet[row, part, F_Y] - half_m * math.sin(heading)
        assert rears[row] == pytest.approx([x, y])


PAIRS: Final = 2000


def a_rectangle(draw: np.random.Generator) -> tuple[Array, shapely.Polygon]:
    foot = np.zeros(FOOTPRINT_COLUMNS)
    foot[[F_X, F_Y]] = draw.uniform(-6, 6, 2)
    foot[F_HEADING] = draw.uniform(-4, 4)
    foot[[F_HALF_LENGTH, F_HALF_WIDTH]] = draw.uniform(0.5, 6), draw.uniform(0.5, 1.5)
    foot[F_COS], foot[F_SIN] = math.cos(foot[F_HEADING]), math.sin(foot[F_HEADING])
    ahead = foot[F_HALF_LENGTH] * np.array([foot[F_COS], foot[F_SIN]])
    left = foot[F_HALF_WIDTH] * np.array([-foot[F_SIN], foot[F_COS]])
    middle = foot[[F_X, F_Y]]
    corners = [middle + ahead + left, middle + ahead - left, middle - ahead - left]
    return foot, shapely.Polygon([*corners, middle - ahead + left])


def test_rectangles_are_apart_where_shapely_says_so() -> None:
    """I1."""
    draw = np.random.default_rng(7)
    both = 0
    for _ in range(PAIRS):
        (a, one), (b, other) = a_rectangle(draw), a_rectangle(draw)
        assert apart(a, b) == apart(b, a) == (not one.intersects(other))
        both += one.intersects(other)
    assert 0.2 * PAIRS < both < 0.8 * PAIRS


def test_the_near_are_gathered_the_close_ones_first_and_in_order() -> None:
    draw, n = np.random.default_rng(9), 60
    state = np.zeros((n, STATE_COLUMNS))
    state[:, [X, Y]] = draw.uniform(0, 300, (n, 2))
    near = np.zeros((n, n), dtype=np.int64)
    counts, close_counts = np.zeros((2, n), dtype=np.int64)
    radar.gather(state, near, counts, close_counts)
    away = np.hypot(*(state[:, None, [X, Y]] - state[None, :, [X, Y]]).transpose(2, 0, 1))
    np.fill_diagonal(away, math.inf)
    for i in range(n):
        close = near[i, : close_counts[i]].tolist()
        assert close == np.flatnonzero(away[i] <= radar.CLOSE_M).tolist()
        within = sorted(near[i, : counts[i]].tolist())
        assert within == np.flatnonzero(away[i] <= radar.GATHER_M).tolist()
    assert 0 < close_counts.sum() < counts.sum()


def test_radar_takes_the_nearest_ahead_whomever_it_followed_before() -> None:
    """One cuts in between; one farther on, followed till now, does not hide it; one behind never
    counts.
    """
    path, n = a_road(0.0), 4
    state, truth = np.zeros((n, STATE_COLUMNS)), np.zeros((n, TRUTH_COLUMNS))
    rears = np.array([[0.0, 0.0], [50.0, 0.0], [35.0, 1.0], [-20.0, 0.0]])
    near = np.array([[1, 2, 3]] * n)
    for seen, seen_s in ((-1.0, 0.0), (1.0, 50.0), (2.0, 35.0)):
        truth[0, [TRUTH_SEEN, TRUTH_SEEN_S, TRUTH_S, TRUTH_FRONT]] = seen, seen_s, 0.0, 4.0
        gap, other = radar.gap_ahead(0, state, truth, rears, near, 3, path, ROWS)
        assert (gap, other) == (pytest.approx(31.0), 2)
    rears[2, 1] = 3.0  # beside the way
    gap, other = radar.gap_ahead(0, state, truth, rears, near, 3, path, ROWS)
    assert (gap, other) == (pytest.approx(46.0), 1)
