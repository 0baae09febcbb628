"""Lines of vertices: how long, which way, how bent, and how far a point is from them.

Pure. All lines are (n, 2) float64 arrays, n >= 2, map frame, metres, with no segment of zero
length. Headings are radians from east, anticlockwise positive. Not here: lanes and what they mean.
"""

import math
from typing import Final

import numpy as np

from contract.geodesy import Array

CURVATURE_WINDOW_M: Final = 2.0  # to either side: long enough to average out millimetre vertices


def arc_lengths_m(line_xy_m: Array) -> Array:
    """(n,) distance of each vertex from the first, along the line."""
    steps = np.hypot(np.diff(line_xy_m[:, 0]), np.diff(line_xy_m[:, 1]))
    return np.concatenate([[0.0], np.cumsum(steps)])


def headings_rad(line_xy_m: Array) -> Array:
    """(n - 1,) heading of each segment, unwrapped: no jump of more than pi between neighbours."""
    step = np.diff(line_xy_m, axis=0)
    return np.unwrap(np.arctan2(step[:, 1], step[:, 0]))


def heading_knots(line_xy_m: Array) -> tuple[Array, Array]:
    """Heading as a continuous function of arc length, as knots (s_m, psi_rad) for `np.interp`.

    At each vertex the heading turns evenly over half the shorter neighbouring segment to either
    side: on evenly drawn arcs that is exact at every s, and a long straight stays straight to its
    end.
    """
    along = arc_lengths_m(line_xy_m)
    psi = headings_rad(line_xy_m)
    length = np.diff(along)
    half = 0.5 * np.minimum(length[:-1], length[1:])
    s_m = np.column_stack([along[1:-1] - half, along[1:-1] + half]).ravel()
    psi_rad = np.column_stack([psi[:-1], psi[1:]]).ravel()
    return (
        np.concatenate([[0.0], s_m, [along[-1]]]),
        np.concatenate([[psi[0]], psi_rad, [psi[-1]]]),
    )


def curvatures_per_m(knots: tuple[Array, Array], s_m: Array) -> Array:
    """(n,) mean curvature in a window of 2 m to either side of each s, narrower at the ends."""
    end = knots[0][-1]
    low = np.maximum(s_m - CURVATURE_WINDOW_M, 0.0)
    high = np.minimum(s_m + CURVATURE_WINDOW_M, end)
    turned = np.interp(high, *knots) - np.interp(low, *knots)
    result: Array = turned / np.maximum(high - low, 1e-9)
    return result


def project(line_xy_m: Array, x_m: float, y_m: float) -> tuple[float, float]:
    """Nearest point of a line, as (along_m, left_m): arc length and distance, left positive.

    Ties go to the earlier segment. Beyond an end, `left_m` is the distance to that end with the
    sign of the end segment's side. Checked against brute force in tests/contract/test_polyline.py.
    """
    start = line_xy_m[:-1]
    step = np.diff(line_xy_m, axis=0)
    square = np.einsum("ij,ij->i", step, step)
    offset = np.array([x_m, y_m]) - start
    share = np.clip(np.einsum("ij,ij->i", offset, step) / square, 0.0, 1.0)
    rest = offset - share[:, None] * step
    distance = np.hypot(rest[:, 0], rest[:, 1])
    index = int(np.argmin(distance))
    length = np.sqrt(square)
    along = float(length[:index].sum() + share[index] * length[index])
    cross = step[index, 0] * offset[index, 1] - step[index, 1] * offset[index, 0]
    return along, math.copysign(float(distance[index]), float(cross))


def point_at(line_xy_m: Array, along_m: float) -> tuple[float, float]:
    """The point of the line at that arc length, clipped to the ends."""
    along = arc_lengths_m(line_xy_m)
    return (
        float(np.interp(along_m, along, line_xy_m[:, 0])),
        float(np.interp(along_m, along, line_xy_m[:, 1])),
    )


def lowest(values: Array, behind: int, ahead: int) -> Array:
    """(n,) the lowest of each value and those up to `behind` before and `ahead` after it.

    Three operations a value, however wide the window: M. van Herk, Pattern Recognition Letters
    13, 1992; J. Gil and M. Werman, IEEE Trans. PAMI 15, 1993.
    """
    count, width = len(values), behind + ahead + 1
    padded = np.full(-(-(count + width - 1) // width) * width, np.inf)
    padded[behind : behind + count] = values
    blocks = padded.reshape(-1, width)
    since = np.minimum.accumulate(blocks, axis=1).ravel()
    until = np.minimum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.minimum(until[:count], since[width - 1 : width - 1 + count])
