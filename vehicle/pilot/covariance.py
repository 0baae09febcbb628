"""Covariance of the pose: how it grows on the way and shrinks by an observation.

Five states: x, y (m), heading (rad), gyro bias (rad/s), wheel scale (share); the covariance is the
upper triangle, row by row. `grow` follows one leg, `observe` takes one state's measurement in.
Scalars only, written out: a loop over the triangle costs three times as much.
Not here: what is measured and whether it is believed (vehicle/pilot/pose.py).
Source: docs/vehicle.md section 4.1; Groves, Principles of GNSS, 2nd ed., sections 3.2 and 3.4.
"""

from typing import Final

from contract.kernel import kernel
from vehicle.pilot.columns import Array
from vehicle.pilot.pose_columns import COV, EST, EST_SCALE, LEG_ALONG, LEG_S, LEG_X, LEG_Y

# Where the triangle keeps one state's covariance with state 0, 1, 2, 3, 4.
TRIANGLE_0: Final = (0, 1, 2, 3, 4)
TRIANGLE_1: Final = (1, 5, 6, 7, 8)
TRIANGLE_2: Final = (2, 6, 9, 10, 11)
TRIANGLE_3: Final = (3, 7, 10, 12, 13)
TRIANGLE_4: Final = (4, 8, 11, 13, 14)

# Densities of the noise that drives the states.
WHEEL_M2PS: Final = 2.0e-5  # 0.02 m/s a reading at 20 Hz
ACROSS_M2PS: Final = 5.0e-6  # wheels that creep sideways
GYRO_RAD2PS: Final = 5.5e-8  # 0.06 degrees a second a reading at 20 Hz
BIAS_RAD2PS3: Final = 7.6e-11  # 0.0005 degrees a second in one second
SCALE_1PS: Final = 4.0e-10  # 0.02 per mille in one second


@kernel
def grow(pose: Array, i: int, cos: float, sin: float) -> None:
    """Carry the covariance of row i over the leg gone, and begin a new leg: F P F' + Q.

    cos, sin   of the heading on the leg
    """
    dx, dy, t = pose[i, LEG_X], pose[i, LEG_Y], pose[i, LEG_S]
    c00, c01, c02, c03, c04 = (
        pose[i, COV],
        pose[i, COV + 1],
        pose[i, COV + 2],
        pose[i, COV + 3],
        pose[i, COV + 4],
    )
    c11, c12, c13, c14 = pose[i, COV + 5], pose[i, COV + 6], pose[i, COV + 7], pose[i, COV + 8]
    c22, c23, c24 = pose[i, COV + 9], pose[i, COV + 10], pose[i, COV + 11]
    c33, c34, c44 = pose[i, COV + 12], pose[i, COV + 13], pose[i, COV + 14]
    per = 1.0 / (1.0 + pose[i, EST_SCALE])
    x_psi, x_bias, x_scale = -dy, 0.5 * t * dy, -dx * per
    y_psi, y_bias, y_scale = dx, -0.5 * t * dx, -dy * per
    x0 = c00 + x_psi * c02 + x_bias * c03 + x_scale * c04
    x1 = c01 + x_psi * c12 + x_bias * c13 + x_scale * c14
    x2 = c02 + x_psi * c22 + x_bias * c23 + x_scale * c24
    x3 = c03 + x_psi * c23 + x_bias * c33 + x_scale * c34
    x4 = c04 + x_psi * c24 + x_bias * c34 + x_scale * c44
    y1 = c11 + y_psi * c12 + y_bias * c13 + y_scale * c14
    y2 = c12 + y_psi * c22 + y_bias * c23 + y_scale * c24
    y3 = c13 + y_psi * c23 + y_bias * c33 + y_scale * c34
    y4 = c14 + y_psi * c24 + y_bias * c34 + y_scale * c44
    p2, p3, p4 = c22 - t * c23, c23 - t * c33, c24 - t * c34
    along, across = t * WHEEL_M2PS + pose[i, LEG_ALONG], t * ACROSS_M2PS
    pose[i, COV] = x0 + x_psi * x2 + x_bias * x3 + x_scale * x4
    pose[i, COV] += cos * cos * along + sin * sin * across
    pose[i, COV + 1] = x1 + y_psi * x2 + y_bias * x3 + y_scale * x4 + cos * sin * (along - across)
    pose[i, COV + 2], pose[i, COV + 3], pose[i, COV + 4] = x2 - t * x3, x3, x4
    pose[i, COV + 5] = y1 + y_psi * y2 + y_bias * y3 + y_scale * y4
    pose[i, COV + 5] += sin * sin * along + cos * cos * across
    pose[i, COV + 6], pose[i, COV + 7], pose[i, COV + 8] = y2 - t * y3, y3, y4
    pose[i, COV + 9] = p2 - t * p3 + t * GYRO_RAD2PS
    pose[i, COV + 10], pose[i, COV + 11] = p3, p4
    pose[i, COV + 12] = c33 + t * BIAS_RAD2PS3
    pose[i, COV + 14] = c44 + t * SCALE_1PS
    pose[i, LEG_X] = pose[i, LEG_Y] = pose[i, LEG_S] = pose[i, LEG_ALONG] = 0.0


@kernel
def observe(pose: Array, i: int, state: int, error: float, variance: float) -> None:
    """Correct row i by a measurement of one state: estimate and covariance.

    error   measured less estimated, of the state with this number;  variance   of the measurement
    """
    c0 = pose[i, COV + TRIANGLE_0[state]]
    c1 = pose[i, COV + TRIANGLE_1[state]]
    c2 = pose[i, COV + TRIANGLE_2[state]]
    c3 = pose[i, COV + TRIANGLE_3[state]]
    c4 = pose[i, COV + TRIANGLE_4[state]]
    total = (c0, c1, c2, c3, c4)[state] + variance
    if total <= 0.0:
        return
    per = 1.0 / total
    g0, g1, g2, g3, g4 = c0 * per, c1 * per, c2 * per, c3 * per, c4 * per
    pose[i, EST] += g0 * error
    pose[i, EST + 1] += g1 * error
    pose[i, EST + 2] += g2 * error
    pose[i, EST + 3] += g3 * error
    pose[i, EST + 4] += g4 * error
    pose[i, COV] -= g0 * c0
    pose[i, COV + 1] -= g0 * c1
    pose[i, COV + 2] -= g0 * c2
    pose[i, COV + 3] -= g0 * c3
    pose[i, COV + 4] -= g0 * c4
    pose[i, COV + 5] -= g1 * c1
    pose[i, COV + 6] -= g1 * c2
    pose[i, COV + 7] -= g1 * c3
    pose[i, COV + 8] -= g1 * c4
    pose[i, COV + 9] -= g2 * c2
    pose[i, COV + 10] -= g2 * c3
    pose[i, COV + 11] -= g2 * c4
    pose[i, COV + 12] -= g3 * c3
    pose[i, COV + 13] -= g3 * c4
    pose[i, COV + 14] -= g4 * c4


@kernel
def spread(pose: Array, i: int, cos: float, sin: float) -> tuple[float, float]:
    """Variances of the position of row i along and across a heading, square metres."""
    xx = pose[i, COV]
    xy = 2.0 * cos * sin * pose[i, COV + 1]
    yy = pose[i, COV + 5]
    along = cos * cos * xx + xy + sin * sin * yy
    across = sin * sin * xx - xy + cos * cos * yy
    return max(0.0, along), max(0.0, across)
