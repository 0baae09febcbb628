"""Steering: the wheel angle that keeps the truck's reference point on its path, 20 Hz.

LQR on path error, heading error and wheel angle; feed-forward of the path's curvature; a slow
integral that finds out how far the wheels stand off; and all of it for the pose in which the
command will act, because commands under way already bend the way there. Row i reads row i only.
The reference point is the tractor's rear axle; a truck with a trailer drives curves a little
outside its path, so that what cuts in behind and what swings out in front need equal room.
AGV: the middle between both steered axles, which moves like the rear axle of a tractor with half
the wheelbase; TRUCK_WHEELBASE is that half.
Not here: where on the path the truck is (pose, path), how fast it may be (turn). No tyre slip.
Source of the laws: docs/vehicle.md section 2.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.linalg import expm, solve_discrete_are

from contract.errors import require
from contract.kernel import kernel
from contract.limits import PILOT_PERIOD_MS
from vehicle.pilot.columns import (
    PATH_KAPPA,
    PATH_PSI,
    PATH_S,
    TRUCK_FRONT,
    TRUCK_HITCH_AHEAD,
    TRUCK_STEER_DEAD,
    TRUCK_STEER_LAG,
    TRUCK_STEER_MAX,
    TRUCK_STEER_RATE,
    TRUCK_TRAILER,
    TRUCK_WHEELBASE,
    Array,
)

Place = tuple[float, float, float]

SENT_KEPT: Final = 8  # commands remembered: dead times up to 0.4 s

# --- state ---
(
    STEER_ANGLE,  # rad, where the wheels should be by now, by what was sent
    STEER_INTEGRAL,  # rad, how far left of that they are found to stand
    STEER_SHIFT,  # m, how far left of its path the reference point is to be
    STEER_SHIFT_SLOPE,  # 1, how that grows along the path
    STEER_ERROR,  # m, path error: how far left of path plus shift it is
    STEER_ERROR_PSI,  # rad, heading against path plus shift
    STEER_SENT,  # rad, the angle sent last; before it in time: the columns after it
) = range(7)
STEER_COLUMNS: Final = STEER_SENT + SENT_KEPT

# --- gains ---
(
    GAIN_ERROR,  # rad/m
    GAIN_PSI,  # 1
    GAIN_ANGLE,  # 1
    GAIN_SHARE,  # 1, how much of the way to a command the wheels turn in one period; in every row
    GAIN_PER_M,  # 1/m, one over the wheelbase; in every row
) = range(5)
GAIN_COLUMNS: Final = 5
GAIN_STEP_MPS: Final = 0.5  # row k is for (k + 1) times this
GAIN_ROWS: Final = 24  # up to 12 m/s

PERIOD_S: Final = PILOT_PERIOD_MS / 1000.0
PER_PERIOD: Final = 1.0 / PERIOD_S
WEIGHT_ERROR: Final = 1.0
WEIGHT_PSI: Final = 0.5
WEIGHT_COMMAND: Final = 8.0
LAG_MIN_S: Final = 0.02  # divisor guard
LENGTH_MIN_M: Final = 0.1  # divisor guard
STEP_MIN_M: Final = 1e-6  # divisor guard
SMALL_RAD: Final = 0.1  # series instead of the library

SAMPLE_AGE_S: Final = 0.5 * PERIOD_S  # a pose is half a period old when its command leaves
INTEGRAL_PER_MS: Final = 0.05  # rad/(m s)
INTEGRAL_MAX_RAD: Final = 0.05
INTEGRAL_ERROR_M: Final = 0.05  # more error than that tells of the way back, not of the wheels
INTEGRAL_SPEED_MPS: Final = 2.0  # below it the integral counts by the metre, or it would swing
CALM_MPS: Final = 1.0  # below it the wheels turn by the metre: no scrubbing
STANDING_MPS: Final = 0.02
ERROR_MAX_M: Final = 1.0  # a truck farther off comes back at the angle of one this far off
SHIFT_LENGTH_M: Final = 6.0  # twice this, and the shift has followed the curvature
SHIFT_AHEAD_M: Final = 7.0
SHIFT_MAX_M: Final = 0.15  # reached at R 67; lanes bent more are twice as wide


def gain_table(truck_row: Array) -> Array:
    """LQR gains over speed of one truck, (GAIN_ROWS, GAIN_COLUMNS), read-only.

    State (e, e_psi, delta - delta_ff): e' = v e_psi, e_psi' = v delta / L, delta' = (u - delta) /
    lag; the command is -K times it. Discrete Riccati equation at the pilot's period.
    """
    return _gains(float(truck_row[TRUCK_WHEELBASE]), float(truck_row[TRUCK_STEER_LAG]))


def gain_tables(truck: Array) -> Array:
    """`gain_table` of every truck, (n, GAIN_ROWS, GAIN_COLUMNS)."""
    tables = np.zeros((len(truck), GAIN_ROWS, GAIN_COLUMNS))
    for i, row in enumerate(truck):
        tables[i] = gain_table(row)
    return tables


@lru_cache(maxsize=64)
def _gains(wheelbase_m: float, lag_s: float) -> Array:
    require(wheelbase_m > 0.0, f"a truck with a wheelbase of {wheelbase_m} m cannot be steered")
    lag_s = max(lag_s, LAG_MIN_S)
    cost = np.diag([WEIGHT_ERROR, WEIGHT_PSI, 0.0])
    price = np.array([[WEIGHT_COMMAND]])
    table = np.zeros((GAIN_ROWS, GAIN_COLUMNS))
    for row in range(GAIN_ROWS):
        v = (row + 1) * GAIN_STEP_MPS
        motion = np.zeros((4, 4))  # the state and, held for a period, the command
        motion[0, 1] = v
        motion[1, 2] = v / wheelbase_m
        motion[2, 2:] = -1.0 / lag_s, 1.0 / lag_s
        step = expm(motion * PERIOD_S)
        a, b = step[:3, :3], step[:3, 3:]
        p = solve_discrete_are(a, b, cost, price)
        table[row, :GAIN_SHARE] = np.linalg.solve(price + b.T @ p @ b, b.T @ p @ a)[0]
        table[row, GAIN_SHARE] = b[2, 0]
        table[row, GAIN_PER_M] = 1.0 / max(wheelbase_m, LENGTH_MIN_M)
    table.setflags(write=False)
    return table


def new_steering(count: int) -> Array:
    """State block of trucks that have sent no angle yet and know nothing of their wheels."""
    return np.zeros((count, STEER_COLUMNS))


@kernel
def settle_row(sent: float, state: Array, i: int) -> None:
    """The wheels stay where they were sent, rad: for every turn in which nobody steers."""
    state[i, STEER_ANGLE] = sent
    for k in range(STEER_SENT, STEER_COLUMNS):
        state[i, k] = sent


@kernel
def _within(most: float, value: float) -> float:
    return min(most, max(-most, value))


@kernel
def _wrapped(angle: float) -> float:
    if abs(angle) <= math.pi:
        return angle
    return angle - math.tau * math.floor((angle + math.pi) / math.tau)


@kernel
def _small_sin(angle: float) -> float:
    """Sine, by its series where that is exact to 1e-16: a truck is seldom far across its path."""
    if abs(angle) > SMALL_RAD:
        return math.sin(angle)
    q = angle * angle
    return angle - angle * q * ((1 / 6 - q * (1 / 120)) + q * q * (1 / 5040 - q * (1 / 362880)))


@kernel
def _small_atan(slope: float) -> float:
    """Arc tangent, by its series where that is exact to 1e-16: R 36 with a wheelbase of 3.6 m."""
    if abs(slope) > SMALL_RAD:
        return math.atan(slope)
    q = slope * slope
    w = q * q
    even = (1 / 3 + w * (1 / 7)) + w * w * (1 / 11 + w * (1 / 15))
    odd = (1 / 5 + w * (1 / 9)) + w * w * (1 / 13)
    return slope - slope * q * (even - q * odd)


@kernel
def _mixed(path: Array, row: int, share: float) -> tuple[float, float]:
    """(heading, curvature) so far along a row."""
    psi, kappa = path[row, PATH_PSI], path[row, PATH_KAPPA]
    psi += share * (path[row + 1, PATH_PSI] - psi)
    return psi, kappa + share * (path[row + 1, PATH_KAPPA] - kappa)


@kernel
def _course(path: Array, rows: int, s: float) -> tuple[float, float]:
    """(heading, curvature) of the path at arc length `s`, rad and 1/m; straight past the end."""
    last = rows - 1
    if s >= path[last, PATH_S]:
        return path[last, PATH_PSI], 0.0
    row = max(0, int(s))
    if row >= last - 1:  # the only row that may be shorter than a metre
        row = last - 1
        share = (s - path[row, PATH_S]) / max(path[last, PATH_S] - path[row, PATH_S], STEP_MIN_M)
        return _mixed(path, row, share)
    return _mixed(path, row, s - path[row, PATH_S])


@kernel
def _gains_at(v: float, gains: Array, i: int) -> tuple[float, float, float]:
    """Gains for error, heading and angle at this speed; those of the last row beyond the table."""
    row = min(GAIN_ROWS - 1.0, max(0.0, v / GAIN_STEP_MPS - 1.0))
    low = min(GAIN_ROWS - 2, int(row))
    high = row - low
    return (
        (1.0 - high) * gains[i, low, GAIN_ERROR] + high * gains[i, low + 1, GAIN_ERROR],
        (1.0 - high) * gains[i, low, GAIN_PSI] + high * gains[i, low + 1, GAIN_PSI],
        (1.0 - high) * gains[i, low, GAIN_ANGLE] + high * gains[i, low + 1, GAIN_ANGLE],
    )


@kernel
def _shifted(wanted: float, way_m: float, truck: Array, state: Array, i: int) -> float:
    """Move the shift on by `way_m` of road; the curvature that its own change asks for, 1/m.

    wanted   curvature of the path where the shift is to lead to, 1/m
    Half the difference between what the trailer cuts in, (L2^2 - c^2) / 2R, and what the front
    corner swings out, F^2 / 2R, to the outside; critically damped over the road, so never a jump.
    """
    trailer, front = truck[i, TRUCK_TRAILER], truck[i, TRUCK_FRONT]
    more_in_than_out = trailer * trailer - truck[i, TRUCK_HITCH_AHEAD] ** 2 - front * front
    target = _within(SHIFT_MAX_M, -0.25 * max(0.0, more_in_than_out) * wanted)
    shift, slope = state[i, STEER_SHIFT], state[i, STEER_SHIFT_SLOPE]
    per_m = 1.0 / SHIFT_LENGTH_M
    bend = per_m * (per_m * (target - shift) - 2.0 * slope)
    slope += bend * way_m
    state[i, STEER_SHIFT_SLOPE] = slope
    state[i, STEER_SHIFT] = shift + slope * way_m
    return float(bend)


@kernel
def _awaited(sent: float, share: float, truck: Array, state: Array, i: int) -> int:
    """Note the angle sent last and move the wheels on by a period; how many are still to act."""
    waiting = int(truck[i, TRUCK_STEER_DEAD] * PER_PERIOD + 0.5)
    waiting = min(SENT_KEPT - 1, max(0, waiting))
    for k in range(STEER_COLUMNS - 1, STEER_SENT, -1):
        state[i, k] = state[i, k - 1]
    state[i, STEER_SENT] = sent
    state[i, STEER_ANGLE] += share * (state[i, STEER_SENT + waiting] - state[i, STEER_ANGLE])
    return waiting


@kernel
def _ahead(
    place: Place,
    bend: float,
    v: float,
    waiting: int,
    share: float,
    per_m: float,
    truck: Array,
    state: Array,
    i: int,
) -> tuple[float, float, float, float]:
    """(s, left, turned, angle) at which a command of now begins to act: m, m, rad, rad.

    place   (s, left, turned) now, `turned` against the path;  bend   curvature of the path, 1/m
    share, per_m   GAIN_SHARE, GAIN_PER_M
    On the way there, a metre or two, the wheels count with their mean angle.
    """
    s, left, turned = place
    angle, swept = state[i, STEER_ANGLE], 0.0
    for k in range(waiting - 1, -1, -1):
        change = share * (state[i, STEER_SENT + k] - angle)
        swept += angle + 0.5 * change
        angle += change
    rest = (truck[i, TRUCK_STEER_DEAD] + SAMPLE_AGE_S) * PER_PERIOD - waiting
    rest = min(1.0, max(0.0, rest))
    change = rest * share * (state[i, STEER_SENT] - angle)
    swept += rest * (angle + 0.5 * change)
    swept += (waiting + rest) * state[i, STEER_INTEGRAL]
    tan = (1.0 + angle * angle * (1 / 3)) * per_m  # to 1 %
    way_m = v * PERIOD_S * (waiting + rest)
    turn = v * PERIOD_S * swept * tan - bend * way_m
    left += way_m * _small_sin(turned + 0.5 * turn)
    return s + way_m, left, turned + turn, angle + change


@kernel
def _wish(
    path: Array,
    rows: int,
    place: Place,
    v: float,
    curve: float,
    waiting: int,
    gains: Array,
    truck: Array,
    state: Array,
    i: int,
) -> Place:
    """(feed-forward, feedback, path error) for when the command acts: rad, rad, m.

    place   (s, left, psi) now;  curve   of `_shifted`, 1/m
    """
    s, left, psi = place
    course, bend = _course(path, rows, s)
    slope = state[i, STEER_SHIFT_SLOPE]
    turned = _wrapped(psi - course)
    state[i, STEER_ERROR] = left - state[i, STEER_SHIFT]
    state[i, STEER_ERROR_PSI] = turned - slope

    share, per_m = gains[i, 0, GAIN_SHARE], gains[i, 0, GAIN_PER_M]
    now = (s, left, turned)
    at, left, turned, angle = _ahead(now, bend, v, waiting, share, per_m, truck, state, i)
    course_then, here = _course(path, rows, at)
    turned += bend * (at - s) - (course_then - course) - slope
    shift = state[i, STEER_SHIFT] + slope * (at - s)
    _, then = _course(path, rows, at + v * truck[i, TRUCK_STEER_LAG])
    wheelbase = truck[i, TRUCK_WHEELBASE]
    here = _small_atan(wheelbase * (here + curve))
    then = _small_atan(wheelbase * (then + curve))
    error = left - shift
    k_error, k_psi, k_angle = _gains_at(v, gains, i)
    back = -k_error * _within(ERROR_MAX_M, error) - k_psi * turned
    back -= k_angle * (angle + state[i, STEER_INTEGRAL] - here)
    return then, back, error


@kernel
def steer_row(
    path: Array,
    rows: int,
    place: Place,
    v: float,
    sent: float,
    side_mps2: float,
    gains: Array,
    truck: Array,
    state: Array,
    i: int,
) -> float:
    """Road-wheel angle to command, rad, left positive.

    path        (m, PATH_COLUMNS) of which `rows` are in use, one row a metre
    place       (s, left, psi): projection of the reference point on the path, m; its heading, rad
    sent        angle that the body was sent last, rad;  v   m/s
    side_mps2   sideways acceleration that the way back to the path may cost
    gains       of `gain_tables`;  truck, state   (n, columns)
    """
    s, left, psi = place
    known = s + left + psi + v
    if known - known != 0.0:  # not a number, or without end: the wheels stay
        return sent
    waiting = _awaited(sent, gains[i, 0, GAIN_SHARE], truck, state, i)
    if v <= STANDING_MPS:
        return sent
    curve = 0.0
    if truck[i, TRUCK_TRAILER] > 0.0:
        _, wanted = _course(path, rows, s + SHIFT_AHEAD_M)
        curve = _shifted(wanted, v * PERIOD_S, truck, state, i)
    ahead, back, error = _wish(path, rows, place, v, curve, waiting, gains, truck, state, i)
    side_m, square = side_mps2 * truck[i, TRUCK_WHEELBASE], max(v * v, 1.0)
    held = back
    if abs(back) * square > side_m:
        held = _within(side_m / square, back)
    wish = ahead + held - state[i, STEER_INTEGRAL]
    step = truck[i, TRUCK_STEER_RATE] * PERIOD_S * min(1.0, v / CALM_MPS)
    angle = min(sent + step, max(sent - step, _within(truck[i, TRUCK_STEER_MAX], wish)))
    if held == back and angle == wish:
        gain = INTEGRAL_PER_MS * PERIOD_S * min(1.0, v / INTEGRAL_SPEED_MPS)
        found = state[i, STEER_INTEGRAL] + gain * _within(INTEGRAL_ERROR_M, error)
        state[i, STEER_INTEGRAL] = _within(INTEGRAL_MAX_RAD, found)
    return float(angle)
