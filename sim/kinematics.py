"""Kinematics: where a vehicle without slip goes when speed and wheel angle are given.

In: pose, speed and angle at start, middle and end of a step. Out: the pose after it. Scalars only.
Not here: how speed and angle come about (sim/plant.py), scripts of them (sim/drive.py).
Source: docs/vehicle.md sections 1.2 (on-axle trailer), 1.3 (fifth wheel), 1.4 (four-wheel steer).
"""

import math

from contract.angles import cos_sin, rotated, tangent, turned_by
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

Triple = tuple[float, float, float]
Pose = tuple[float, float, float, float]  # x, y, psi, hitch
Shape = tuple[float, float, float, float, float, float, float]  # as `shape_of` gives it
Bend = tuple[float, float]  # 1/m, rad: curvature and slip of the reference point
Course = tuple[float, float, float, float]  # cos and sin of psi, cos and sin of the hitch angle


@kernel
def shape_of(i: int, params: Array) -> Shape:
    """What `moved` needs to know of vehicle i: wheelbase, reference ahead, ratio, trailer, hitch
    offset, one over wheelbase and over trailer; the trailer and its own are 0 without one.
    """
    wheelbase, trailer = params[i, P_WHEELBASE_M], params[i, P_TRAILER_M]
    per_trailer = 1.0 / trailer if trailer > 0.0 else 0.0
    return shaped(i, params, 1.0 / wheelbase, per_trailer)


@kernel
def shaped(i: int, params: Array, per_wheelbase: float, per_trailer: float) -> Shape:
    """`shape_of`, for whoever has both reciprocals at hand."""
    towing = params[i, P_KIND] == KIND_ARTICULATED
    return (
        params[i, P_WHEELBASE_M],
        params[i, P_REFERENCE_AHEAD_M],
        params[i, P_REAR_STEER_RATIO],
        params[i, P_TRAILER_M] if towing else 0.0,
        params[i, P_HITCH_OFFSET_M],
        per_wheelbase,
        per_trailer if towing else 0.0,
    )


@kernel
def bend_of(shape: Shape, delta: float) -> Bend:
    """Curvature and slip of the reference point at a wheel angle: sections 1.2 and 1.4."""
    wheelbase, ahead, ratio, _, _, per_m, _ = shape
    if ahead == 0.0 and ratio == 0.0:
        return tangent(delta) * per_m, 0.0
    front, rear = tangent(delta), tangent(-ratio * delta)
    slip = math.atan((ahead * front + (wheelbase - ahead) * rear) * per_m)
    return math.cos(slip) * (front - rear) * per_m, slip


@kernel
def course_of(psi: float, hitch: float) -> Course:
    """Cosines and sines of both angles of a pose."""
    cos, sin = cos_sin(psi)
    cos_hitch, sin_hitch = cos_sin(hitch)
    return cos, sin, cos_hitch, sin_hitch


@kernel
def _hitch_after(
    shape: Shape, hitch: float, course: Course, speeds: Triple, yaws: Triple, dt_s: float
) -> float:
    """Hitch angle after dt_s by RK4: section 1.3; with c = 0 the KST formula of section 1.2."""
    per_m, c = shape[6], shape[4]
    half_s, cos, sin = 0.5 * dt_s, course[2], course[3]
    aside_0, aside_m, aside_1 = c * yaws[0] * per_m, c * yaws[1] * per_m, c * yaws[2] * per_m
    along_0, along_m, along_1 = speeds[0] * per_m, speeds[1] * per_m, speeds[2] * per_m
    k_1 = aside_0 * cos - along_0 * sin - yaws[0]
    cos_2, sin_2 = rotated(cos, sin, half_s * k_1)
    k_2 = aside_m * cos_2 - along_m * sin_2 - yaws[1]
    cos_3, sin_3 = rotated(cos, sin, half_s * k_2)
    k_3 = aside_m * cos_3 - along_m * sin_3 - yaws[1]
    cos_4, sin_4 = rotated(cos, sin, dt_s * k_3)
    k_4 = aside_1 * cos_4 - along_1 * sin_4 - yaws[2]
    return hitch + dt_s * (1 / 6) * (k_1 + 2.0 * (k_2 + k_3) + k_4)


@kernel
def carried(
    shape: Shape,
    pose: Pose,
    course: Course,
    speeds: Triple,
    bends: tuple[Bend, Bend, Bend],
    dt_s: float,
) -> Pose:
    """Pose (x, y, psi, hitch) after dt_s; local error O(dt^5).

    course   of the pose;  speeds, bends   at the start, the middle and the end of the step
    Yaw rate depends on time only, so psi and the position are quadratures; the hitch angle is RK4.
    The way is summed in the frame of the start and turned into the map once.
    """
    x, y, psi, hitch = pose
    v_0, v_m, v_1 = speeds
    (bend_0, slip_0), (bend_m, slip_m), (bend_1, slip_1) = bends
    yaw_0, yaw_m, yaw_1 = v_0 * bend_0, v_m * bend_m, v_1 * bend_1
    turn_m = dt_s * (1 / 24) * (5.0 * yaw_0 + 8.0 * yaw_m - yaw_1)
    sixth_s = dt_s * (1 / 6)
    turn = sixth_s * (yaw_0 + 4.0 * yaw_m + yaw_1)
    cos_m, sin_m = turned_by(turn_m + slip_m)
    cos_1, sin_1 = turned_by(turn + slip_1)
    ahead, left = v_0, 0.0
    if slip_0 != 0.0:
        cos_0, sin_0 = turned_by(slip_0)
        ahead, left = v_0 * cos_0, v_0 * sin_0
    ahead = sixth_s * (ahead + 4.0 * v_m * cos_m + v_1 * cos_1)
    left = sixth_s * (left + 4.0 * v_m * sin_m + v_1 * sin_1)
    x += course[0] * ahead - course[1] * left
    y += course[1] * ahead + course[0] * left
    if shape[3] > 0.0:
        hitch = _hitch_after(shape, hitch, course, speeds, (yaw_0, yaw_m, yaw_1), dt_s)
    return x, y, psi + turn, hitch


@kernel
def moved(shape: Shape, pose: Pose, speeds: Triple, angles: Triple, dt_s: float) -> Pose:
    """`carried`, with wheel angles instead of what follows from them.

    shape            of `shape_of`
    speeds, angles   v and delta at the start, the middle and the end of the step; v may be negative
    """
    bends = bend_of(shape, angles[0]), bend_of(shape, angles[1]), bend_of(shape, angles[2])
    return carried(shape, pose, course_of(pose[2], pose[3]), speeds, bends, dt_s)


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
