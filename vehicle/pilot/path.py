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
from contract.polyline import lowest
from contract.route import Route
from vehicle.pilot.columns import (
    FORESIGHT_M,
    PATH_BEND_LEFT,
    PATH_BEND_RIGHT,
    PATH_COLUMNS,
    PATH_CORNER,
    PATH_DX,
    PATH_DY,
    PATH_FALL,
    PATH_GRADE,
    PATH_KAPPA,
    PATH_MU,
    PATH_PER_M,
    PATH_PSI,
    PATH_S,
    PATH_SLICK,
    PATH_SPEED,
    PATH_STEP,
    PATH_WIDTH,
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
SHARP: Final = 1e9  # tangent of a bend beside which nothing is proven


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
    held = lowest(speeds, behind, 0)
    brake = min(COMFORT_BRAKE_MPS2, COMFORT_SHARE * mu * GRAVITY_MPS2)
    climbs = 2.0 * brake * table[:, PATH_S]  # by this v^2 may fall along the way
    slowest = np.minimum.accumulate((held**2 + climbs)[::-1])[::-1]
    table[:, PATH_SPEED] = np.minimum(held, np.sqrt(np.maximum(slowest - climbs, 0.0)))
    table[:, PATH_GRADE] = lowest(table[:, PATH_GRADE], behind, 0)
    under = behind, math.ceil(0.5 * length_m)  # the middle of no vehicle is nearer to its rear
    table[:, PATH_WIDTH] = lowest(table[:, PATH_WIDTH], *under)
    table[:, PATH_BEND_LEFT] = -lowest(-np.maximum(table[:, PATH_KAPPA], 0.0), *under)
    table[:, PATH_BEND_RIGHT] = -lowest(np.minimum(table[:, PATH_KAPPA], 0.0), *under)
    table[:, PATH_MU] = mu
    ahead = int(FORESIGHT_M)
    table[:, PATH_FALL] = lowest(table[:, PATH_GRADE], 0, ahead)
    table[:, PATH_SLICK] = lowest(table[:, PATH_MU], 0, ahead)
    return measured(table)


def measured(table: Array) -> Array:
    """The same table, with what is reckoned from its points written into it: length and direction
    of each row, and how sharply it is bent against the rows beside it.
    """
    steps = np.diff(table[:, [PATH_X, PATH_Y, PATH_S]], axis=0)
    table[:-1, [PATH_DX, PATH_DY, PATH_STEP]] = steps
    length = np.hypot(steps[:, 0], steps[:, 1])
    has_length = length > 0.0
    table[:-1, PATH_PER_M] = np.where(has_length, 1.0 / np.where(has_length, length, 1.0), 0.0)
    ahead, behind = steps[1:, :2], steps[:-1, :2]
    along = (ahead * behind).sum(axis=1)
    across = np.abs(ahead[:, 0] * behind[:, 1] - ahead[:, 1] * behind[:, 0])
    gentle = along > across  # less than an eighth of a turn; nothing is proven about the rest
    bent = np.where(gentle, across / np.where(gentle, along, 1.0), SHARP)
    table[:-1, PATH_CORNER] = np.maximum(np.append(0.0, bent), np.append(bent, 0.0))
    return table


@kernel
def _ahead(path: Array, row: int, x: float, y: float) -> float:
    """How far a point lies ahead of the beginning of a row, along it, times its length; m^2."""
    dx, dy = path[row, PATH_DX], path[row, PATH_DY]
    return float((x - path[row, PATH_X]) * dx + (y - path[row, PATH_Y]) * dy)


@kernel
def _beside(path: Array, row: int, x: float, y: float) -> tuple[float, float]:
    """(share of the row that a point lies beside, how far left of it in metres); share -1 if that
    does not prove the row the nearest.

    It does if the point is no farther off than LOST_M, and so far from both ends of the row that it
    is ahead of the row before and behind the row after, however they bend: true on any road but
    where an inner corner lets it lie beside two rows.
    """
    px, py = x - path[row, PATH_X], y - path[row, PATH_Y]
    dx, dy, per_m = path[row, PATH_DX], path[row, PATH_DY], path[row, PATH_PER_M]
    share = (px * dx + py * dy) * per_m * per_m
    left = (dx * py - dy * px) * per_m
    margin = CORNER + abs(left) * path[row, PATH_CORNER] * per_m
    proven = margin < share < 1.0 - margin and abs(left) <= LOST_M
    return (share if proven else -1.0), left


@kernel
def _searched(path: Array, first: int, last: int, x: float, y: float) -> tuple[int, float]:
    """(row that the point is nearest to, share of it that lies before it); row -1 if none."""
    best, found, share = 1.0e18, -1, 0.0
    for row in range(first, last + 1):
        ax, ay = path[row, PATH_X], path[row, PATH_Y]
        dx, dy = path[row, PATH_DX], path[row, PATH_DY]
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
    The row beside the point is guessed by how far the point lies ahead of the row of `s`; if it is
    not proven to be the nearest, every row is measured.
    """
    centre = int(s)
    first, last = max(0, centre - back), min(rows - 2, centre + ahead)
    if first > last:
        return s, 0.0
    if last - first < SEARCH_ROWS:
        guess = min(last, max(first, centre))
        metres = _ahead(path, guess, x, y)
        guess += math.floor(min(float(ahead), max(-float(back), metres)))
        if first < guess < last:
            share, left = _beside(path, guess, x, y)
            if share >= 0.0:
                return path[guess, PATH_S] + share * path[guess, PATH_STEP], left
    found, share = _searched(path, first, last, x, y)
    if found < 0:
        return s, 0.0
    dx, dy, per_m = path[found, PATH_DX], path[found, PATH_DY], path[found, PATH_PER_M]
    ex, ey = x - (path[found, PATH_X] + share * dx), y - (path[found, PATH_Y] + share * dy)
    return path[found, PATH_S] + share * path[found, PATH_STEP], (dx * ey - dy * ex) * per_m


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
