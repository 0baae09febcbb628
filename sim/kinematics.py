"""Kinematics: where a vehicle without slip goes when speed and wheel angle are given.

In: pose, speed and angle at start, middle and end of a step. Out: the pose after it. Scalars only.
Not here: how speed and angle come about (sim/plant.py), scripts of them (sim/drive.py).
Source: docs/vehicle.md sections 1.2 (on-axle trailer), 1.3 (fifth wheel), 1.4 (four-wheel steer).
"""

import math
from typing import Final

from contract.kernel import kernel
from sim.plant_params import (
    KIND_ARTICULATED,
    P_HITCH_OFFSET_M,
    P_KIND,
    P_REAR_STEER_RATIO,
    P_REFERENCE_AHEAD_M,
    P_TRAILER_M,
    P_WHEELBASE_M,
    Array,
)

SMALL_ANGLE_RAD: Final = 0.03  # the series of `_rotated` is exact to 2e-17 up to here

# fdlibm: pi / 2 in two parts, the first of 33 bits; cosine and sine by the power of the angle.
HALF_PI_HIGH: Final = 1.57079632673412561417e00
HALF_PI_LOW: Final = 6.07710050650619224932e-11
C_4, C_6, C_8 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
C_10, C_12, C_14 = (
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
S_3, S_5, S_7 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
S_9, S_11, S_13 = (
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)

Triple = tuple[float, float, float]
Pose = tuple[float, float, float, float]  # x, y, psi, hitch
Shape = tuple[float, float, float, float, float]  # wheelbase, ahead, ratio, trailer, c


@kernel
def cos_sin(angle: float) -> tuple[float, float]:
    """Cosine and sine to 3e-16 for angles up to a thousand turns: half of the library's time, and
    the same bits whatever the library.

    Source: the polynomials of fdlibm (k_cos.c, k_sin.c) within an eighth of a turn, summed in
    pairs; the angle is brought there by pi / 2 in two parts (e_rem_pio2.c).
    """
    quarter = math.floor(angle * (2.0 / math.pi) + 0.5)
    x = (angle - quarter * HALF_PI_HIGH) - quarter * HALF_PI_LOW
    q = x * x
    w = q * q
    c = (C_4 + q * C_6) + w * ((C_8 + q * C_10) + w * (C_12 + q * C_14))
    s = (S_3 + q * S_5) + w * ((S_7 + q * S_9) + w * (S_11 + q * S_13))
    cos = 1.0 - (0.5 * q - w * c)
    sin = x + x * q * s
    swapped, turned = quarter & 1, (quarter + 1) & 2
    far_cos = sin if swapped else cos
    far_sin = cos if swapped else sin
    return (-far_cos if turned else far_cos), (-far_sin if quarter & 2 else far_sin)


@kernel
def _rotated(cos: float, sin: float, angle: float) -> tuple[float, float]:
    """(cos, sin) of an angle a little further on: exact to 1e-16, a quarter of the library's time.

    The terms are summed in pairs: a chain of seven products would be waited for.
    """
    if abs(angle) > SMALL_ANGLE_RAD:
        far_cos, far_sin = cos_sin(angle)
    else:
        q = angle * angle
        w = q * q
        far_cos = 1.0 - q * ((1 / 2 - q * (1 / 24)) + w * (1 / 720))
        far_sin = angle - angle * q * ((1 / 6 - q * (1 / 120)) + w * (1 / 5040))
    return cos * far_cos - sin * far_sin, sin * far_cos + cos * far_sin


@kernel
def shape_of(i: int, params: Array) -> Shape:
    """What `moved` needs to know of vehicle i; `trailer` is 0 without one."""
    return (
        params[i, P_WHEELBASE_M],
        params[i, P_REFERENCE_AHEAD_M],
        params[i, P_REAR_STEER_RATIO],
        params[i, P_TRAILER_M] if params[i, P_KIND] == KIND_ARTICULATED else 0.0,
        params[i, P_HITCH_OFFSET_M],
    )


@kernel
def _turnings(shape: Shape, angles: Triple) -> tuple[Triple, Triple]:
    """(curvatures in 1/m, slips in rad) of the reference point: sections 1.2 and 1.4."""
    wheelbase, ahead, ratio, _, _ = shape
    if ahead == 0.0 and ratio == 0.0:
        cos, sin = cos_sin(angles[0])
        cos_m, sin_m = _rotated(cos, sin, angles[1] - angles[0])
        cos_1, sin_1 = _rotated(cos, sin, angles[2] - angles[0])
        bends = (sin / (cos * wheelbase), sin_m / (cos_m * wheelbase), sin_1 / (cos_1 * wheelbase))
        return bends, (0.0, 0.0, 0.0)
    bend_0, slip_0 = _turning(shape, angles[0])
    bend_m, slip_m = _turning(shape, angles[1])
    bend_1, slip_1 = _turning(shape, angles[2])
    return (bend_0, bend_m, bend_1), (slip_0, slip_m, slip_1)


@kernel
def _turning(shape: Shape, delta: float) -> tuple[float, float]:
    wheelbase, ahead, ratio, _, _ = shape
    front, rear = math.tan(delta), math.tan(-ratio * delta)
    slip = math.atan((ahead * front + (wheelbase - ahead) * rear) / wheelbase)
    return math.cos(slip) * (front - rear) / wheelbase, slip


@kernel
def _hitch_after(shape: Shape, hitch: float, speeds: Triple, yaws: Triple, dt_s: float) -> float:
    """Hitch angle after dt_s by RK4: section 1.3; with c = 0 the KST formula of section 1.2."""
    per_m, c = 1.0 / shape[3], shape[4]
    half_s = 0.5 * dt_s
    cos, sin = cos_sin(hitch)
    k_1 = (c * yaws[0] * cos - speeds[0] * sin) * per_m - yaws[0]
    cos_2, sin_2 = _rotated(cos, sin, half_s * k_1)
    k_2 = (c * yaws[1] * cos_2 - speeds[1] * sin_2) * per_m - yaws[1]
    cos_3, sin_3 = _rotated(cos, sin, half_s * k_2)
    k_3 = (c * yaws[1] * cos_3 - speeds[1] * sin_3) * per_m - yaws[1]
    cos_4, sin_4 = _rotated(cos, sin, dt_s * k_3)
    k_4 = (c * yaws[2] * cos_4 - speeds[2] * sin_4) * per_m - yaws[2]
    return hitch + dt_s / 6.0 * (k_1 + 2.0 * (k_2 + k_3) + k_4)


@kernel
def moved(shape: Shape, pose: Pose, speeds: Triple, angles: Triple, dt_s: float) -> Pose:
    """Pose (x, y, psi, hitch) after dt_s; local error O(dt^5).

    shape            of `shape_of`
    speeds, angles   v and delta at the start, the middle and the end of the step; v may be negative
    Yaw rate depends on time only, so psi and the position are quadratures; the hitch angle is RK4.
    """
    x, y, psi, hitch = pose
    v_0, v_m, v_1 = speeds
    bends, slips = _turnings(shape, angles)
    yaw_0, yaw_m, yaw_1 = v_0 * bends[0], v_m * bends[1], v_1 * bends[2]
    turn_m = dt_s / 24.0 * (5.0 * yaw_0 + 8.0 * yaw_m - yaw_1)
    turn = dt_s / 6.0 * (yaw_0 + 4.0 * yaw_m + yaw_1)
    cos, sin = cos_sin(psi + slips[0])
    cos_m, sin_m = _rotated(cos, sin, turn_m + slips[1] - slips[0])
    cos_1, sin_1 = _rotated(cos, sin, turn + slips[2] - slips[0])
    x += dt_s / 6.0 * (v_0 * cos + 4.0 * v_m * cos_m + v_1 * cos_1)
    y += dt_s / 6.0 * (v_0 * sin + 4.0 * v_m * sin_m + v_1 * sin_1)
    if shape[3] > 0.0:
        hitch = _hitch_after(shape, hitch, speeds, (yaw_0, yaw_m, yaw_1), dt_s)
    return x, y, psi + turn, hitch


@kernel
def jammed(
    shape: Shape, limit: float, pose: Pose, track: tuple[Triple, Triple], dt_s: float
) -> Pose:
    """Where the rig stands once the trailer has jammed against the tractor within the step."""
    _, _, _, hitch = moved(shape, pose, track[0], track[1], dt_s)
    free = 1.0 - (abs(hitch) - limit) / (abs(hitch) - abs(pose[3]))
    if free <= 0.0:
        return pose
    x, y, psi, _ = moved(shape, pose, track[0], track[1], free * dt_s)
    return x, y, psi, math.copysign(limit, hitch)
