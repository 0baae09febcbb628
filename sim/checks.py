"""Checks on the truth, every step: footprints that touch, devices passed, ends overrun.

By the simulator's own reckoning of who may be where; nothing of it reaches an agent.
"""

from typing import Final

from contract.kernel import kernel
from sim.footprints import F_COS, F_HALF_LENGTH, F_HALF_WIDTH, F_SIN, F_X, F_Y
from sim.plant import X, Y
from sim.truth_columns import (
    EVENT_FRONT,
    EVENT_OVERLAP,
    EVENT_REAR,
    EVENTS_MAX,
    TRUTH_FRONT,
    TRUTH_LENGTH,
    TRUTH_NEXT_FRONT,
    TRUTH_NEXT_REAR,
    TRUTH_PATH,
    TRUTH_S,
)
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.path import nearest

REACH_M: Final = 18.0  # no part of a vehicle is farther from the middle of its tractor


@kernel
def track(state: Array, truth: Array, paths: Array, rows: Bits, i: int) -> None:
    """Where row i truly is along its way."""
    p = int(truth[i, TRUTH_PATH])
    if p >= 0:
        s, _ = nearest(paths[p], rows[p], truth[i, TRUTH_S], state[i, X], state[i, Y], 1, 2)
        truth[i, TRUTH_S] = s


@kernel
def pass_devices(
    i: int, truth: Array, places: Array, ids: Bits, count: int, events: Bits, used: int
) -> int:
    """Devices that the front or rear of row i has just passed on its way; returns events used."""
    front = truth[i, TRUTH_S] + truth[i, TRUTH_FRONT]
    rear = front - truth[i, TRUTH_LENGTH]
    k = int(truth[i, TRUTH_NEXT_FRONT])
    while k < count and places[k] <= front and used < EVENTS_MAX:
        events[used, 0] = i
        events[used, 1] = EVENT_FRONT
        events[used, 2] = ids[k]
        used += 1
        k += 1
    truth[i, TRUTH_NEXT_FRONT] = k
    k = int(truth[i, TRUTH_NEXT_REAR])
    while k < count and places[k] <= rear and used < EVENTS_MAX:
        events[used, 0] = i
        events[used, 1] = EVENT_REAR
        events[used, 2] = ids[k]
        used += 1
        k += 1
    truth[i, TRUTH_NEXT_REAR] = k
    return used


@kernel
def apart(a: Array, b: Array) -> bool:
    """Whether two oriented rectangles (F_* columns) do not overlap, by separating axes."""
    if a[F_HALF_LENGTH] <= 0.0 or b[F_HALF_LENGTH] <= 0.0:
        return True
    dx, dy = b[F_X] - a[F_X], b[F_Y] - a[F_Y]
    for k in range(4):
        ux, uy = (a[F_COS], a[F_SIN]) if k < 2 else (b[F_COS], b[F_SIN])
        if k % 2 == 1:
            ux, uy = -uy, ux
        reach = a[F_HALF_LENGTH] * abs(a[F_COS] * ux + a[F_SIN] * uy)
        reach += a[F_HALF_WIDTH] * abs(a[F_COS] * uy - a[F_SIN] * ux)
        reach += b[F_HALF_LENGTH] * abs(b[F_COS] * ux + b[F_SIN] * uy)
        reach += b[F_HALF_WIDTH] * abs(b[F_COS] * uy - b[F_SIN] * ux)
        if abs(dx * ux + dy * uy) > reach:
            return True
    return False


@kernel
def check_overlaps(
    feet: Array, near: Bits, counts: Bits, moving: Bits, events: Bits, used: int
) -> int:
    """I1: footprints of different vehicles never overlap. Pairs of which one moved in this step.

    near, counts   of `gather`: the close ones
    """
    n = feet.shape[0]
    for i in range(n):
        if moving[i] == 0:
            continue
        for k in range(counts[i]):
            j = near[i, k]
            if j < i and moving[j] == 1:
                continue
            dx = feet[i, 0, F_X] - feet[j, 0, F_X]
            dy = feet[i, 0, F_Y] - feet[j, 0, F_Y]
            if dx * dx + dy * dy > 4.0 * REACH_M * REACH_M:
                continue
            hit = False
            for p in range(2):
                for q in range(2):
                    if not apart(feet[i, p], feet[j, q]):
                        hit = True
            if hit and used < EVENTS_MAX:
                events[used, 0] = i
                events[used, 1] = EVENT_OVERLAP
                events[used, 2] = j
                used += 1
    return used
