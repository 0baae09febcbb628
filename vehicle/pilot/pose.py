"""Pose: where the truck is, and how surely.

An error-state Kalman filter over x, y, heading, gyro bias and wheel scale: wheel speed and gyro
carry the pose, satellites and ground markers correct it. What control gets never steps: it is led
to the estimate by at most 0.1 m/s, and the protection levels count what is still missing.
Not here: which corrections are believed (vehicle/pilot/trust.py), the algebra (covariance.py), what
a protection level forbids (the guard).
Source: docs/vehicle.md section 4; Groves, Principles of GNSS, 2nd ed., sections 3.2 and 15.3.
"""

import math
from typing import Final

import numpy as np

from contract.angles import cos_sin
from contract.kernel import kernel
from vehicle.pilot.columns import (
    FIX_NONE,
    FIX_RTK_FIXED,
    SENSE_FIX,
    SENSE_FIX_NEW,
    SENSE_GYRO,
    SENSE_MARK,
    SENSE_PSI,
    SENSE_V,
    SENSE_X,
    SENSE_Y,
    TRUCK_BRAKE_ASSURED,
    Array,
)
from vehicle.pilot.covariance import grow, observe, spread
from vehicle.pilot.pose_columns import (
    ACCEL,
    AGE_S,
    AGREED,
    APART_X,
    APART_Y,
    BLEND_PSI,
    BLEND_X,
    BLEND_Y,
    COV,
    COV_BIAS,
    COV_PSI,
    COV_X,
    COV_Y,
    EST_BIAS,
    EST_PSI,
    EST_SCALE,
    EST_X,
    EST_Y,
    FIX_M,
    LEG_ALONG,
    LEG_S,
    LEG_X,
    LEG_Y,
    POSE_ACROSS,
    POSE_ALONG,
    POSE_COLUMNS,
    POSE_DEAD_RECKONING,
    POSE_DISTRUSTED,
    POSE_GOOD,
    POSE_LEVEL_NONE,
    POSE_NOT_KNOWN,
    POSE_PSI,
    POSE_STATE,
    POSE_V,
    POSE_X,
    POSE_Y,
    POSE_YAW_RATE,
    STOOD,
    WINDOW,
)
from vehicle.pilot.trust import (
    BIAS_MAX_RADPS,
    GATE_ONE,
    HEADING_RAD,
    RTK_M,
    hear_fix,
    read_mark,
    wrapped,
)

__all__ = [
    "POSE_ACROSS",
    "POSE_ALONG",
    "POSE_COLUMNS",
    "POSE_DEAD_RECKONING",
    "POSE_DISTRUSTED",
    "POSE_GOOD",
    "POSE_LEVEL_NONE",
    "POSE_NOT_KNOWN",
    "POSE_PSI",
    "POSE_STATE",
    "POSE_V",
    "POSE_X",
    "POSE_Y",
    "POSE_YAW_RATE",
    "new_pose",
    "pose_turn",
]

GYRO_RADPS: Final = math.radians(0.06)  # noise of one reading
LEVEL_FACTOR: Final = 5.33  # 1e-7, two-sided: docs/vehicle.md 4.2
LEVEL_FLOOR_M: Final = 0.04  # b_max: antenna, lever arm, map, and what is not Gaussian
START_EPOCHS: Final = 10.0
START_SPREAD_M: Final = 0.1
START_BIAS_RADPS: Final = math.radians(0.02)
START_SCALE: Final = 0.003
ROLLING_M: Final = 0.5
ROLLING_RAD: Final = math.radians(2.0)
STANDING_MPS: Final = 0.02
SETTLED_BIAS_RADPS: Final = math.radians(0.004)
BIAS_GAIN: Final = 0.002
GROW_S: Final = 0.0999  # the covariance follows every second turn; corrections make it follow too
SLIP_PER_MPS2: Final = 0.04  # share of the speed, beyond SLIP_FREE_MPS2; lasts SLIP_S
SLIP_FREE_MPS2: Final = 0.12
SLIP_MAX: Final = 0.02  # likewise: wheels at the limit slip no more (docs/vehicle.md 4.1)
SLIP_S: Final = 1.0
ACCEL_SHARE: Final = 0.2  # of a turn's news in the smoothed acceleration
WHEEL_STEP_MPS: Final = 0.3  # plus twice the assured brake: more in one turn is no truck's motion
STALE_S: Final = 0.5
BLEND_MPS: Final = 0.1
BLEND_RADPS: Final = 0.01


def new_pose(count: int) -> Array:
    """Pose block of `count` trucks that know nothing yet, (count, POSE_COLUMNS)."""
    pose = np.zeros((count, POSE_COLUMNS))
    pose[:, POSE_ALONG : POSE_ACROSS + 1] = POSE_LEVEL_NONE
    return pose


@kernel
def _begin(i: int, sensors: Array, pose: Array, v_mps: float) -> None:
    """Gather RTK fixes at standstill and begin at their mean; on the roll, begin at the first."""
    if sensors[i, SENSE_FIX_NEW] == 0.0 or sensors[i, SENSE_FIX] != FIX_RTK_FIXED:
        return
    rolling = v_mps > 0.0
    off_x = sensors[i, SENSE_X] - pose[i, EST_X]
    off_y = sensors[i, SENSE_Y] - pose[i, EST_Y]
    if rolling or off_x * off_x + off_y * off_y > START_SPREAD_M * START_SPREAD_M:
        pose[i, AGREED] = 0.0
    count = pose[i, AGREED] + 1.0
    pose[i, AGREED] = count
    if count == 1.0:
        off_x = off_y = 0.0
        pose[i, EST_X] = sensors[i, SENSE_X]
        pose[i, EST_Y] = sensors[i, SENSE_Y]
        pose[i, EST_PSI] = sensors[i, SENSE_PSI]
    pose[i, EST_X] += off_x / count
    pose[i, EST_Y] += off_y / count
    pose[i, EST_PSI] += wrapped(sensors[i, SENSE_PSI] - pose[i, EST_PSI]) / count
    if count < START_EPOCHS and not rolling:
        return
    place_m = ROLLING_M if rolling else RTK_M
    heading = ROLLING_RAD if rolling else HEADING_RAD
    pose[i, COV_X] = pose[i, COV_Y] = place_m * place_m
    pose[i, COV_PSI] = heading * heading
    pose[i, COV_BIAS] = START_BIAS_RADPS * START_BIAS_RADPS
    pose[i, COV + 14] = START_SCALE * START_SCALE
    pose[i, POSE_STATE] = POSE_GOOD
    pose[i, POSE_V] = v_mps
    pose[i, AGREED] = 0.0


@kernel
def _paced(i: int, sensors: Array, pose: Array, brake_mps2: float, dt_s: float) -> float:
    """Speed by the wheels, and whether the truck stands; metres rolled in this turn.

    A wheel that changes faster than a truck can is not believed: the speed follows as brakes would.
    """
    before = pose[i, POSE_V]
    v = sensors[i, SENSE_V] / (1.0 + pose[i, EST_SCALE])
    v = 0.0 if v < STANDING_MPS else v
    doubt_mps = 0.0
    if abs(v - before) > WHEEL_STEP_MPS + 2.0 * brake_mps2 * dt_s:
        doubt_mps = 0.5 * abs(v - before)
        v = before + math.copysign(brake_mps2 * dt_s, v - before)
    accel = pose[i, ACCEL] + ACCEL_SHARE * ((v - before) * (1.0 / dt_s) - pose[i, ACCEL])
    pose[i, ACCEL] = accel
    pose[i, POSE_V] = v
    stood = 1.0 if v == 0.0 and before == 0.0 else 0.0
    if pose[i, STOOD] != stood:
        pose[i, STOOD] = stood
        for k in range(9):
            pose[i, WINDOW + k] = 0.0
    slip = min(SLIP_MAX, SLIP_PER_MPS2 * max(0.0, abs(accel) - SLIP_FREE_MPS2))
    slip_mps = slip * v + doubt_mps
    pose[i, LEG_ALONG] += 2.0 * SLIP_S * slip_mps * slip_mps * dt_s
    moved_m: float = 0.5 * (before + v) * dt_s
    return moved_m


@kernel
def _rolled(
    i: int, sensors: Array, pose: Array, moved_m: float, dt_s: float
) -> tuple[float, float]:
    """Carry the estimate by wheels and gyro through one turn; cos and sin of the heading on it."""
    rate = sensors[i, SENSE_GYRO] - pose[i, EST_BIAS]
    middle = pose[i, EST_PSI] + 0.5 * rate * dt_s
    cos, sin = cos_sin(middle)
    dx, dy = moved_m * cos, moved_m * sin
    pose[i, EST_X] += dx
    pose[i, EST_Y] += dy
    pose[i, EST_PSI] += rate * dt_s
    pose[i, POSE_YAW_RATE] = rate
    pose[i, LEG_X] += dx
    pose[i, LEG_Y] += dy
    pose[i, LEG_S] += dt_s
    pose[i, FIX_M] += moved_m
    return cos, sin


@kernel
def _rested(i: int, sensors: Array, pose: Array) -> bool:
    """Zero velocity: what the gyro reads is its bias. Whether nothing else is left to be done."""
    error = sensors[i, SENSE_GYRO] - pose[i, EST_BIAS]
    variance = GYRO_RADPS * GYRO_RADPS
    settled: bool = pose[i, COV_BIAS] <= SETTLED_BIAS_RADPS * SETTLED_BIAS_RADPS
    if error * error <= GATE_ONE * (pose[i, COV_BIAS] + variance):
        if settled:
            pose[i, EST_BIAS] += BIAS_GAIN * error
        else:
            observe(pose, i, 3, error, variance)
    limit = BIAS_MAX_RADPS
    pose[i, EST_BIAS] = min(limit, max(-limit, pose[i, EST_BIAS]))
    pose[i, POSE_YAW_RATE] = 0.0
    left = abs(pose[i, BLEND_X]) + abs(pose[i, BLEND_Y]) + abs(pose[i, BLEND_PSI])
    return settled and left == 0.0


@kernel
def _told(i: int, pose: Array, cos: float, sin: float, dt_s: float) -> None:
    """Lead what control sees to the estimate, and say how far off it may be."""
    x, y, psi = pose[i, BLEND_X], pose[i, BLEND_Y], pose[i, BLEND_PSI]
    most_m, square = BLEND_MPS * dt_s, x * x + y * y
    if square > most_m * most_m:
        keep = 1.0 - most_m / math.sqrt(square)
        x, y = keep * x, keep * y
    else:
        x = y = 0.0
    psi -= min(BLEND_RADPS * dt_s, max(-BLEND_RADPS * dt_s, psi))
    pose[i, BLEND_X], pose[i, BLEND_Y], pose[i, BLEND_PSI] = x, y, psi
    pose[i, POSE_X] = pose[i, EST_X] + x
    pose[i, POSE_Y] = pose[i, EST_Y] + y
    pose[i, POSE_PSI] = pose[i, EST_PSI] + psi
    along, across = spread(pose, i, cos, sin)
    along = LEVEL_FACTOR * math.sqrt(along) + LEVEL_FLOOR_M
    across = LEVEL_FACTOR * math.sqrt(across) + LEVEL_FLOOR_M
    off_x, off_y = x - pose[i, APART_X], y - pose[i, APART_Y]  # if the satellites are right
    pose[i, POSE_ALONG] = along + max(abs(cos * x + sin * y), abs(cos * off_x + sin * off_y))
    pose[i, POSE_ACROSS] = across + max(abs(cos * y - sin * x), abs(cos * off_y - sin * off_x))


@kernel
def pose_row(i: int, sensors: Array, truck: Array, pose: Array, dt_s: float) -> None:
    """`pose_turn` of row i."""
    if pose[i, POSE_STATE] == POSE_NOT_KNOWN:
        v = sensors[i, SENSE_V]
        _begin(i, sensors, pose, v if v >= STANDING_MPS else 0.0)
        if pose[i, POSE_STATE] != POSE_NOT_KNOWN:
            cos, sin = cos_sin(pose[i, EST_PSI])
            _told(i, pose, cos, sin, dt_s)
        return
    moved_m = _paced(i, sensors, pose, truck[i, TRUCK_BRAKE_ASSURED], dt_s)
    heard = sensors[i, SENSE_FIX_NEW] != 0.0 and sensors[i, SENSE_FIX] != FIX_NONE
    marked = sensors[i, SENSE_MARK] != 0.0
    pose[i, AGE_S] += dt_s
    if pose[i, POSE_STATE] == POSE_GOOD and pose[i, AGE_S] > STALE_S:
        pose[i, POSE_STATE] = POSE_DEAD_RECKONING
        pose[i, AGREED] = 0.0
    if pose[i, STOOD] == 1.0:
        x, y, psi = pose[i, EST_X], pose[i, EST_Y], pose[i, EST_PSI]
        if _rested(i, sensors, pose) and not heard and not marked:
            return
        cos, sin = cos_sin(psi)
    else:
        cos, sin = _rolled(i, sensors, pose, moved_m, dt_s)
        x, y, psi = pose[i, EST_X], pose[i, EST_Y], pose[i, EST_PSI]
    if pose[i, LEG_S] > 0.0 and (heard or marked or pose[i, LEG_S] >= GROW_S):
        grow(pose, i, cos, sin)
    if heard:
        hear_fix(i, sensors, pose, cos, sin)
    if marked:
        read_mark(i, sensors, pose, cos, sin)
    pose[i, BLEND_X] += x - pose[i, EST_X]
    pose[i, BLEND_Y] += y - pose[i, EST_Y]
    pose[i, BLEND_PSI] += psi - pose[i, EST_PSI]
    _told(i, pose, cos, sin, dt_s)


@kernel
def pose_turn(sensors: Array, truck: Array, pose: Array, dt_s: float) -> None:
    """One turn of every truck's pose filter, in place.

    sensors   (n, SENSOR_COLUMNS);  truck   (n, TRUCK_COLUMNS);  pose   (n, POSE_COLUMNS)
    """
    for i in range(pose.shape[0]):
        pose_row(i, sensors, truck, pose, dt_s)
