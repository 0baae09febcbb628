"""Paths: a route as the pilot drives it, and where on it the vehicle is.

`profile` turns the limits of a route into speeds that can be kept: a limit holds until the rear has
left it, and the speed before a lower one falls in time. `advance` follows the nearest point of the
path.
"""

import math
from typing import Final

import numpy as np

from contract.kernel import kernel
from contract.limits import FRICTION_DRY
from contract.route import Route
from vehicle.pilot.columns import (
    FORESIGHT_M,
    PATH_COLUMNS,
    PATH_FALL,
    PATH_GRADE,
    PATH_KAPPA,
    PATH_MU,
    PATH_PSI,
    PATH_S,
    PATH_SLICK,
    PATH_SPEED,
    PATH_X,
    PATH_Y,
    Array,
)

COMFORT_BRAKE_MPS2: Final = 0.6
COMFORT_SHARE: Final = 0.3  # of the grip
BEND_MPS2: Final = 1.2
LATERAL_MPS2: Final = 1.5
BEND_SHARE: Final = 0.28  # of the grip: bends leave some for coming back to the path
LATERAL_SHARE: Final = 0.4  # of the grip
GRAVITY_MPS2: Final = 9.81
KAPPA_MIN_PER_M: Final = 1e-6  # divisor guard: straight
SEARCH_BACK_ROWS: Final = 3
SEARCH_AHEAD_ROWS: Final = 8
LOST_M: Final = 3.0
SEARCH_ROWS: Final = 32  # so many and more are searched: the road may come near itself again
CORNER: Final = 1e-9  # share of a row: so near to its ends the row beside it may be as near


def profile(route: Route, length_m: float, mu: float = FRICTION_DRY) -> Array:
    """The route's table with speeds that a truck of `length_m` can keep, (n, PATH_COLUMNS).

    A limit, a grade and a friction hold while any part of the vehicle is there; a bend is driven
    with at most 1.5 m/s^2 or two fifths of the grip sideways; what is slower is approached gently.
    mu   friction that the route is driven on. Source: docs/vehicle.md section 2.
    """
    table = np.zeros((len(route.table), PATH_COLUMNS))
    table[:, : route.table.shape[1]] = route.table
    behind = min(math.ceil(length_m), len(table) - 1)
    sideways = min(BEND_MPS2, BEND_SHARE * mu * GRAVITY_MPS2)
    bend = np.sqrt(sideways / np.maximum(np.abs(table[:, PATH_KAPPA]), KAPPA_MIN_PER_M))
    speeds = np.minimum(table[:, PATH_SPEED], bend)
    held = _lowest(speeds, behind, 0)
    brake = min(COMFORT_BRAKE_MPS2, COMFORT_SHARE * mu * GRAVITY_MPS2)
    for row in range(len(held) - 2, -1, -1):
        step_m = table[row + 1, PATH_S] - table[row, PATH_S]
        held[row] = min(held[row], math.sqrt(held[row + 1] ** 2 + 2.0 * brake * step_m))
    table[:, PATH_SPEED] = held
    table[:, PATH_GRADE] = _lowest(table[:, PATH_GRADE], behind, 0)
    table[:, PATH_MU] = mu
    ahead = int(FORESIGHT_M)
    table[:, PATH_FALL] = _lowest(table[:, PATH_GRADE], 0, ahead)
    table[:, PATH_SLICK] = _lowest(table[:, PATH_MU], 0, ahead)
    return table


def _lowest(values: Array, behind: int, ahead: int) -> Array:
    """The lowest of each value and those up to `behind` rows before and `ahead` rows after it."""
    size = behind + ahead + 1
    padded = np.concatenate([np.full(behind, np.inf), values, np.full(ahead, np.inf)])
    lowest: Array = np.lib.stride_tricks.sliding_window_view(padded, size).min(axis=1)
    return lowest


@kernel
def _along(path: Array, row: int, x: float, y: float) -> tuple[float, float, float]:
    """A point against a row, all times the row's length: how far along it is, how far left of it,
    and the length itself; m^2.
    """
    ax, ay = path[row, PATH_X], path[row, PATH_Y]
    dx, dy = path[row + 1, PATH_X] - ax, path[row + 1, PATH_Y] - ay
    px, py = x - ax, y - ay
    return px * dx + py * dy, dx * py - dy * px, dx * dx + dy * dy


@kernel
def _beside(path: Array, row: int, x: float, y: float) -> float:
    """Share of the row that a point lies beside; -1 if that does not prove the row the nearest.

    It does if the point is ahead of the row before, behind the row after, and no farther off than
    LOST_M: true on any road but where an inner corner lets it lie beside two rows.
    """
    along, left, square = _along(path, row, x, y)
    before, _, square_before = _along(path, row - 1, x, y)
    after, _, _ = _along(path, row + 1, x, y)
    proven = CORNER * square < along < (1.0 - CORNER) * square
    proven = proven and before >= square_before and after <= 0.0
    return along / square if proven and left * left <= LOST_M * LOST_M * square else -1.0


@kernel
def _searched(path: Array, first: int, last: int, x: float, y: float) -> tuple[int, float]:
    """(row that the point is nearest to, share of it that lies before it); row -1 if none."""
    best, found, share = 1.0e18, -1, 0.0
    for row in range(first, last + 1):
        ax, ay = path[row, PATH_X], path[row, PATH_Y]
        dx, dy = path[row + 1, PATH_X] - ax, path[row + 1, PATH_Y] - ay
        square = dx * dx + dy * dy
        if square <= 0.0:
            continue
        t = (x - ax) * dx + (y - ay) * dy  # most rows lie behind or ahead: no division for them
        if t <= 0.0:
            t = 0.0
        elif t >= square:
            t = 1.0
        else:
            t /= square
        ex, ey = x - (ax + t * dx), y - (ay + t * dy)
        distance = ex * ex + ey * ey
        if distance < best:
            best, found, share = distance, row, t
    return found, share


@kernel
def nearest(
    path: Array, rows: int, s: float, x: float, y: float, back: int, ahead: int
) -> tuple[float, float]:
    """Arc length of the path point nearest to (x, y) around `s`, and its left offset, in metres.

    path   (m, PATH_COLUMNS), `rows` of them in use, one a metre;  back, ahead   rows each way
    In a short look the row at `s` tells which row is likely. In a long one, and where that row is
    not proven to be the nearest, every row is measured.
    """
    centre = int(s)
    first, last = max(0, centre - back), min(rows - 2, centre + ahead)
    if first > last:
        return s, 0.0
    found, share = -1, -1.0
    if last - first < SEARCH_ROWS:
        found = min(last, max(first, centre))
        metres, _, _ = _along(path, found, x, y)
        found += math.floor(min(float(ahead), max(-float(back), metres)))
        if first < found < last:
            share = _beside(path, found, x, y)
    if share < 0.0:
        found, share = _searched(path, first, last, x, y)
    if found < 0:
        return s, 0.0
    ax, ay = path[found, PATH_X], path[found, PATH_Y]
    dx, dy = path[found + 1, PATH_X] - ax, path[found + 1, PATH_Y] - ay
    ex, ey = x - (ax + share * dx), y - (ay + share * dy)
    along = path[found, PATH_S] + share * (path[found + 1, PATH_S] - path[found, PATH_S])
    return along, (dx * ey - dy * ex) / math.sqrt(dx * dx + dy * dy)


@kernel
def aim(path: Array, rows: int, s: float) -> tuple[float, float, float, float]:
    """Point and speed of the path at arc length `s` (metres): x, y, psi, speed. Straight on beyond
    the end.
    """
    last = rows - 1
    end = path[last, 0]
    if s >= end:
        over = s - end
        psi = path[last, PATH_PSI]
        return (
            path[last, PATH_X] + over * math.cos(psi),
            path[last, PATH_Y] + over * math.sin(psi),
            psi,
            path[last, PATH_SPEED],
        )
    row = min(last - 1, max(0, int(s)))
    span = path[row + 1, 0] - path[row, 0]
    t = (s - path[row, 0]) / span if span > 0.0 else 0.0
    x = path[row, PATH_X] + t * (path[row + 1, PATH_X] - path[row, PATH_X])
    y = path[row, PATH_Y] + t * (path[row + 1, PATH_Y] - path[row, PATH_Y])
    psi = path[row, PATH_PSI] + t * (path[row + 1, PATH_PSI] - path[row, PATH_PSI])
    return x, y, psi, path[row, PATH_SPEED]
