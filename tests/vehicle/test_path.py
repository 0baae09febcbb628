"""Paths: the point of the road nearest to a truck, against all of its rows measured one by one."""

import math
from typing import Final

import numpy as np
import pytest

from contract.route import Stretch, build_route
from vehicle.pilot import columns as c
from vehicle.pilot import path as p
from vehicle.pilot.columns import Array

ROWS: Final = 240


def a_road(*bends_per_m: float) -> Array:
    """A path whose curvature changes every 40 m, 1/m; one row a metre."""
    path = np.zeros((ROWS, c.PATH_COLUMNS))
    path[:, c.PATH_S] = np.arange(ROWS)
    kappa = np.resize(np.repeat(bends_per_m, 40), ROWS)
    path[:, c.PATH_PSI] = np.concatenate([[0.0], np.cumsum(kappa[:-1])])
    middle = path[:-1, c.PATH_PSI] + 0.5 * kappa[:-1]
    path[1:, c.PATH_X] = np.cumsum(np.cos(middle))
    path[1:, c.PATH_Y] = np.cumsum(np.sin(middle))
    return p.measured(path)


def measured(path: Array, first: int, last: int, x: float, y: float) -> tuple[float, float]:
    """(arc length, distance) of the nearest point of rows first to last, each row measured."""
    best = (math.inf, 0.0)
    for row in range(first, last + 1):
        a, b = path[row], path[row + 1]
        run = np.array([b[c.PATH_X] - a[c.PATH_X], b[c.PATH_Y] - a[c.PATH_Y]])
        off = np.array([x - a[c.PATH_X], y - a[c.PATH_Y]])
        share = min(1.0, max(0.0, float(off @ run) / float(run @ run)))
        best = min(best, (math.hypot(*(off - share * run)), a[c.PATH_S] + share))
    return best[1], best[0]


ROADS: Final = {
    "straight": (0.0,),
    "winding": (0.02, -0.02),
    "yard": (0.1, 0.0, -0.1),
    "hairpin": (0.2, 0.0),
}


@pytest.mark.parametrize("bends", ROADS.values(), ids=ROADS.keys())
@pytest.mark.parametrize("look", [(1, 2), (3, 8), (2, 3), (20, 30)])
def test_point_found_is_the_nearest_of_all_rows_looked_at(
    bends: tuple[float, ...], look: tuple[int, int]
) -> None:
    """On the road, beside it, far off it, at its ends; s known to a metre or two."""
    path, draw = a_road(*bends), np.random.default_rng(3)
    back, ahead = look
    for _ in range(1500):
        true_s = draw.uniform(-2.0, ROWS + 1.0)
        at = path[min(ROWS - 1, max(0, int(true_s)))]
        wide = draw.choice([0.05, 1.0, 4.0, 15.0])
        x, y = at[c.PATH_X] + draw.normal(0, wide), at[c.PATH_Y] + draw.normal(0, wide)
        s = max(0.0, true_s + draw.uniform(-1.5, 1.5))
        first, last = max(0, int(s) - back), min(ROWS - 2, int(s) + ahead)
        if first > last:
            continue
        along, left = p.nearest(path, ROWS, s, x, y, back, ahead)
        wanted_s, wanted_m = measured(path, first, last, x, y)
        inside = first + 1e-6 < wanted_s < last + 1 - 1e-6
        if inside and wanted_s % 1.0 > 1e-6:  # beside a corner left is measured from its row
            assert abs(left) == pytest.approx(wanted_m, abs=1e-9)
        assert along == pytest.approx(wanted_s, abs=1e-9)


def test_look_never_leaves_its_rows() -> None:
    """A truck that is not where it was thought to be is found no farther than the look goes."""
    path = a_road(0.0)
    assert p.nearest(path, ROWS, 50.5, 90.0, 0.0, 3, 8) == (59.0, 0.0)
    assert p.nearest(path, ROWS, 50.5, 10.0, 0.0, 3, 8) == (47.0, 0.0)


def test_place_that_is_no_number_stays_where_it_was() -> None:
    assert p.nearest(a_road(0.0), ROWS, 50.5, math.nan, 0.0, 3, 8) == (50.5, 0.0)


def test_road_that_comes_back_is_searched_as_a_whole() -> None:
    """Finding a truck on a new path: the nearest of two branches, not the first."""
    there_and_back = a_road(0.0, 0.0, math.pi / 40.0, 0.0, 0.0, 0.0)
    side = there_and_back[160]
    x, y = side[c.PATH_X], side[c.PATH_Y] - 0.5
    s, left = p.nearest(there_and_back, ROWS, 0.0, x, y, 0, ROWS)
    assert s == pytest.approx(160.0, abs=0.1)
    assert left == pytest.approx(0.5, abs=0.01)


def test_lane_is_as_narrow_and_as_bent_as_under_any_part_of_the_truck() -> None:
    """Width and bends of a row are those from a truck's length behind it to half of one ahead."""
    bend = np.linspace(0.0, 1.0, 51)  # a quarter of a circle of 40 m to the left, after 60 m
    left = np.column_stack([60.0 + 40.0 * np.sin(bend), 40.0 * (1.0 - np.cos(bend))])
    straight = np.array([[0.0, 0.0], [60.0, 0.0]])
    route = build_route(
        [
            Stretch("wide", "wide", 5.0, straight, width_m=7.0),
            Stretch("bend", "bend", 5.0, left, width_m=4.0),
        ]
    )
    table = p.profile(route, 16.5)
    assert (table[:50, c.PATH_WIDTH] == 7.0).all()
    assert (table[51:, c.PATH_WIDTH] == 4.0).all()
    assert (table[:49, c.PATH_BEND_LEFT] == 0.0).all()
    assert table[55:, c.PATH_BEND_LEFT] == pytest.approx(1.0 / 40.0, rel=0.02)
    assert not table[:, c.PATH_BEND_RIGHT].any()
    mirrored = [
        Stretch(each.lane, each.zone, 5.0, each.xy_m * [1.0, -1.0])
        for each in (Stretch("wide", "wide", 5.0, straight), Stretch("bend", "bend", 5.0, left))
    ]
    other = p.profile(build_route(mirrored), 16.5)
    assert other[:, c.PATH_BEND_RIGHT] == pytest.approx(table[:, c.PATH_BEND_LEFT])
    assert not other[:, c.PATH_BEND_LEFT].any()


def test_bend_that_a_truck_has_left_counts_until_its_rear_has() -> None:
    """The rear of a 16.5 m truck is 11.5 m behind its rear axle, and never farther than 16.5 m."""
    bend = np.linspace(0.0, 0.5, 26)
    line = np.column_stack([40.0 * np.sin(bend), 40.0 * (1.0 - np.cos(bend))])
    ahead = line[-1] + 80.0 * np.array([math.cos(0.5), math.sin(0.5)])
    route = build_route(
        [Stretch("a", "a", 5.0, line), Stretch("b", "b", 5.0, np.array([line[-1], ahead]))]
    )
    table = p.profile(route, 16.5)
    assert (table[20 : 20 + 12, c.PATH_BEND_LEFT] > 0.02).all()
    assert (table[20 + 21 :, c.PATH_BEND_LEFT] == 0.0).all()
