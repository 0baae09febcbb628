"""Radar: what each truck sees ahead on its own way, and who is near whom.

Truth in, readings out: noise and faults come later (sensors.py). Who is near is gathered once a
second; the radius leaves room for what can be driven until the next time.
"""

import math
from typing import Final

from contract.angles import cos_sin
from contract.kernel import kernel
from sim.footprints import F_COS, F_HALF_LENGTH, F_SIN, F_X, F_Y
from sim.plant import PSI, V, X, Y
from sim.truth_columns import TRUTH_FRONT, TRUTH_PATH, TRUTH_S, TRUTH_SEEN, TRUTH_SEEN_S
from vehicle.pilot.columns import (
    NO_GAP_M,
    ORDER_ACTIVE,
    PATH_S,
    PATH_X,
    PATH_Y,
    SENSE_CLOSING,
    SENSE_GAP,
    Array,
    Bits,
)
from vehicle.pilot.path import nearest

RADAR_RANGE_M: Final = 60.0  # twice what a loaded truck needs to stop from 25 km/h
RADAR_STRIDE: Final = 4
RADAR_NEAR_M: Final = 6.0  # more than half a stride and the width that counts as ahead
RADAR_FAR_M: Final = RADAR_NEAR_M + 0.5  # half a metre in sixty, should rows be longer than one
RADAR_BESIDE_M: Final = 2.7  # half of both widths, and a hand: a lane beside is 3.5 m away
SEARCH_TICKS: Final = 4  # a fifth of a second until somebody new is seen
GATHER_TICKS: Final = 20
GATHER_M: Final = 110.0  # range, a truck's length, and a second at twice 12 m/s
CLOSE_M: Final = 70.0  # footprints may touch before the next time: reach of two, and that second
ASIDE_M: Final = 8.0  # how much nearer than along its way somebody ahead can be who is beside it


@kernel
def rear_ends(feet: Array, rears: Array) -> None:
    """Middle of every vehicle's rear edge, map frame, metres."""
    for j in range(feet.shape[0]):
        part = 1 if feet[j, 1, F_HALF_LENGTH] > 0.0 else 0
        half_m = feet[j, part, F_HALF_LENGTH]
        rears[j, 0] = feet[j, part, F_X] - half_m * feet[j, part, F_COS]
        rears[j, 1] = feet[j, part, F_Y] - half_m * feet[j, part, F_SIN]


@kernel
def gather(state: Array, near: Bits, counts: Bits, close_counts: Bits) -> None:
    """Who is within GATHER_M of whom: near (n, n) row by row, counts (n,).

    Those within CLOSE_M come first, in their order; close_counts (n,) says how many.
    """
    n = state.shape[0]
    for i in range(n):
        count = close = 0
        for j in range(n):
            dx = state[j, X] - state[i, X]
            dy = state[j, Y] - state[i, Y]
            square = dx * dx + dy * dy
            if j == i or square > GATHER_M * GATHER_M:
                continue
            near[i, count] = j
            if square <= CLOSE_M * CLOSE_M:
                near[i, count] = near[i, close]
                near[i, close] = j
                close += 1
            count += 1
        counts[i], close_counts[i] = count, close


@kernel
def look_ahead(path: Array, rows: int, from_m: float, to_m: float, x: float, y: float) -> float:
    """Where on a stretch of the path a point lies, to two strides, metres; -1 if it is not near
    it. Where the path is far from the point it stays so for as many rows, one a metre: those are
    passed over.
    """
    row = max(0, int(from_m))
    last = min(rows - 1, int(to_m))
    best = RADAR_NEAR_M * RADAR_NEAR_M
    found = -1.0
    while row <= last:
        dx = path[row, PATH_X] - x
        dy = path[row, PATH_Y] - y
        square = dx * dx + dy * dy
        if square < best:
            best = square
            found = path[row, PATH_S]
        row += RADAR_STRIDE
        if square > RADAR_FAR_M * RADAR_FAR_M:
            far = int((math.sqrt(square) - RADAR_FAR_M) / RADAR_STRIDE)
            row += far * RADAR_STRIDE
    return found


@kernel
def gap_ahead(
    i: int, state: Array, truth: Array, rears: Array, near: Bits, count: int, path: Array, rows: int
) -> tuple[float, int]:
    """Distance from the front of row i to the nearest rear ahead on its own path, metres, and
    whose.

    Bumper to bumper along the path; NO_GAP_M and -1 if nothing is in range.
    """
    best = NO_GAP_M
    other = -1
    front = truth[i, TRUTH_FRONT]
    s_front = truth[i, TRUTH_S] + front
    reach = RADAR_RANGE_M + front
    cos_psi, sin_psi = cos_sin(state[i, PSI])
    seen = int(truth[i, TRUTH_SEEN])
    for k in range(0 if seen < 0 else -1, count):  # whom it follows first: few can be nearer
        j = seen if k < 0 else near[i, k]
        if k >= 0 and j == seen:
            continue
        dx = rears[j, 0] - state[i, X]
        dy = rears[j, 1] - state[i, Y]
        square = dx * dx + dy * dy
        if square > reach * reach or dx * cos_psi + dy * sin_psi < 0.0:
            continue
        around = truth[i, TRUTH_SEEN_S]
        if k >= 0:
            straight = math.sqrt(square)  # no way is shorter; the sharpest bend is 1.5 times that
            from_m = truth[i, TRUTH_S] + straight - RADAR_NEAR_M
            to_m = from_m + 0.6 * straight + 12.0
            around = look_ahead(path, rows, from_m, to_m, rears[j, 0], rears[j, 1])
        if around < 0.0:
            continue
        s, left = nearest(path, rows, around, rears[j, 0], rears[j, 1], 5, 5)
        if abs(left) > RADAR_BESIDE_M or s <= s_front - 5.0:
            continue
        gap = s - s_front
        if gap < best:
            best, other = gap, j
            reach = min(reach, max(0.0, best) + front + ASIDE_M)
    return best, other


@kernel
def followed(i: int, truth: Array, rears: Array, path: Array, rows: int) -> tuple[float, int]:
    """The gap to whom the radar follows already; -1 if it has left the way."""
    j = int(truth[i, TRUTH_SEEN])
    s, left = nearest(path, rows, truth[i, TRUTH_SEEN_S], rears[j, 0], rears[j, 1], 2, 3)
    truth[i, TRUTH_SEEN_S] = s
    if abs(left) > RADAR_BESIDE_M:
        return NO_GAP_M, -1
    return s - truth[i, TRUTH_S] - truth[i, TRUTH_FRONT], j


@kernel
def look(
    state: Array,
    truth: Array,
    rears: Array,
    near: Bits,
    counts: Bits,
    paths: Array,
    rows: Bits,
    sensors: Array,
    order: Array,
    tick: int,
) -> None:
    """The radar of each truck that has an order: gap and closing speed of the one ahead.

    Every truck looks for the nearest every SEARCH_TICKS, and follows the one it has in between.
    """
    for i in range(state.shape[0]):
        sensors[i, SENSE_GAP] = NO_GAP_M
        sensors[i, SENSE_CLOSING] = 0.0
        p = int(truth[i, TRUTH_PATH])
        if order[i, ORDER_ACTIVE] == 0.0 or p < 0:
            truth[i, TRUTH_SEEN] = -1.0
            continue
        if (tick + i) % SEARCH_TICKS == 0:
            gap, other = gap_ahead(i, state, truth, rears, near, counts[i], paths[p], rows[p])
            truth[i, TRUTH_SEEN_S] = gap + truth[i, TRUTH_S] + truth[i, TRUTH_FRONT]
        elif truth[i, TRUTH_SEEN] >= 0.0:
            gap, other = followed(i, truth, rears, paths[p], rows[p])
        else:
            continue
        truth[i, TRUTH_SEEN] = other
        if other >= 0:
            sensors[i, SENSE_GAP] = gap
            sensors[i, SENSE_CLOSING] = state[i, V] - state[other, V]
