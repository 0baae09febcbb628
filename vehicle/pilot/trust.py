"""Trust: whether satellites and markers are believed, and what follows if they are not.

Every correction passes a gate. Wheel and gyro are slow to be led, so that a satellite position that
creeps away shows as innovations that do not average out over 1, 10 or 30 s. Then satellites are
left aside until they agree for five epochs, and how far the two have moved apart since is kept: it
may be the wheels or the gyro that lie. Only a stroke, which no truck makes, is held against the
satellites alone.
Not here: the filter's own motion and what it tells control (vehicle/pilot/pose.py).
Source: docs/vehicle.md section 4; Groves, Principles of GNSS, 2nd ed., sections 15.3 and 17.3.
"""

import math
from typing import Final

from contract.kernel import kernel
from vehicle.pilot.columns import (
    FIX_DIFFERENTIAL,
    FIX_RTK_FIXED,
    FIX_RTK_FLOAT,
    SENSE_FIX,
    SENSE_MARK_AHEAD,
    SENSE_MARK_LEFT,
    SENSE_MARK_X,
    SENSE_MARK_Y,
    SENSE_PSI,
    SENSE_X,
    SENSE_Y,
    Array,
)
from vehicle.pilot.covariance import observe, spread
from vehicle.pilot.pose_columns import (
    ACCEL,
    AGE_S,
    AGREED,
    APART_X,
    APART_Y,
    COV_PSI,
    COV_SCALE,
    COV_X,
    COV_XY,
    COV_Y,
    EST_BIAS,
    EST_PSI,
    EST_SCALE,
    EST_X,
    EST_Y,
    FIX_M,
    FIX_X,
    FIX_Y,
    HOLD_S,
    JUMP_X,
    JUMP_Y,
    MARK_X,
    MARK_Y,
    MARKS,
    OFF_X,
    OFF_Y,
    ONWARD,
    POSE_DEAD_RECKONING,
    POSE_DISTRUSTED,
    POSE_GOOD,
    POSE_STATE,
    REJECTED,
    STEP_X,
    STEP_Y,
    STOOD,
    WINDOW,
)

# Sigmas and gates: docs/vehicle.md 4.1. "Gain": white noise as strong as the slow, true one.
GATE_TWO: Final = 13.8  # chi-square, 99.9 %, two degrees of freedom
GATE_ONE: Final = 10.8  # one degree
RTK_M: Final = 0.02
FLOAT_M: Final = 0.4
DIFFERENTIAL_M: Final = 0.8
SINGLE_M: Final = 2.5
RTK_GAIN_M: Final = 0.08  # 1.0 cm of the 1.5 cm stays for a minute and cannot be averaged away
SLOW_EPOCHS: Final = 600.0  # without RTK nearly all of the error stays for half a minute
HEADING_RAD: Final = math.radians(0.1)  # two antennas a good metre apart: docs/vehicle.md 4.3
HEADING_GAIN_RAD: Final = math.radians(0.32)
MARK_M: Final = 0.03

# Monitors and recovery.
SETTLED_M: Final = 0.015
SHARE_1_S: Final = 0.1  # weights of the running means at 10 Hz
SHARE_10_S: Final = 0.01
SHARE_30_S: Final = 1.0 / 300.0
BOUND_1_S: Final = 2.2  # of a mean of normalised innovations, 2.3 cm each: 5.6 sigmas of what it
BOUND_10_S: Final = 1.9  # is with nothing wrong, 0.39, 0.34 and 0.30 at the worst speed, for the
BOUND_30_S: Final = 1.7  # slow noise is not averaged away: docs/vehicle.md 4.2
HEADING_BOUNDS: Final = 1.2  # times the bounds of the position: mostly slow noise
BOUND_STANDING: Final = 3.2  # the held pose does not follow the slow part of the noise
CLIPPED: Final = 4.0
REJECTED_MAX: Final = 3.0
AGREED_MIN: Final = 5.0
AGREED_STEP_M: Final = 0.1  # between two epochs that agree
DISTRUST_S: Final = 3.0  # at least so long, whatever they say
EPOCH_S: Final = 0.1
FROZEN_M: Final = 0.05
DRAGGED_M: Final = 0.04  # how far satellites may have led the estimate before they were found out
STROKE_M: Final = 0.15  # from one epoch to the next: no truck leaves its wheels like that
ONWARD_MIN: Final = 5.0
APART_SHARE: Final = 0.5
BIAS_MAX_RADPS: Final = math.radians(0.2)
SCALE_MAX: Final = 0.012
STEADY_MPS2: Final = 0.12  # beyond it wheels slip; on ice by a hundredth of the speed


@kernel
def wrapped(angle_rad: float) -> float:
    """The same angle between -pi and pi."""
    if abs(angle_rad) < math.pi:
        return angle_rad
    return angle_rad - 2.0 * math.pi * math.floor((angle_rad + math.pi) / (2.0 * math.pi))


@kernel
def _sigma(fix: float) -> float:
    """Standard deviation of a position with this GGA quality, metres."""
    if fix == FIX_RTK_FIXED:
        return RTK_M
    if fix == FIX_RTK_FLOAT:
        return FLOAT_M
    return DIFFERENTIAL_M if fix == FIX_DIFFERENTIAL else SINGLE_M


@kernel
def _averaged(i: int, pose: Array, along: float, across: float, turned: float) -> bool:
    """Take one epoch's normalised innovations into the running means; whether one is too large."""
    share = (SHARE_1_S, SHARE_10_S, SHARE_30_S)
    bound = (BOUND_1_S, BOUND_10_S, BOUND_30_S)
    times = (1.0, 1.0, HEADING_BOUNDS)
    news = (along, across, turned)
    stood = pose[i, STOOD] == 1.0
    found = False
    for w in range(3):
        limit = BOUND_STANDING if stood else bound[w]
        for k in range(3):
            mean = pose[i, WINDOW + 3 * w + k]
            mean += share[w] * (min(CLIPPED, max(-CLIPPED, news[k])) - mean)
            pose[i, WINDOW + 3 * w + k] = mean
            if abs(mean) > limit * times[k]:
                found = True
    return found


@kernel
def _distrust(i: int, pose: Array) -> None:
    """Leave satellites aside, and admit that they may have led the estimate for a while."""
    if pose[i, POSE_STATE] != POSE_DISTRUSTED and pose[i, STOOD] == 0.0:
        pose[i, COV_X] += DRAGGED_M * DRAGGED_M
        pose[i, COV_Y] += DRAGGED_M * DRAGGED_M
    pose[i, POSE_STATE] = POSE_DISTRUSTED
    pose[i, HOLD_S] = DISTRUST_S
    pose[i, AGREED] = 0.0
    for k in range(9):
        pose[i, WINDOW + k] = 0.0


@kernel
def _trust(i: int, pose: Array) -> None:
    """Satellites are good: nothing is held against them."""
    pose[i, POSE_STATE] = POSE_GOOD
    pose[i, AGE_S] = pose[i, HOLD_S] = pose[i, REJECTED] = pose[i, AGREED] = 0.0
    pose[i, JUMP_X] = pose[i, JUMP_Y] = pose[i, APART_X] = pose[i, APART_Y] = 0.0


@kernel
def _is_frozen(i: int, sensors: Array, pose: Array) -> bool:
    """Whether the position repeats to the last bit although the wheels have turned."""
    same = sensors[i, SENSE_X] == pose[i, FIX_X] and sensors[i, SENSE_Y] == pose[i, FIX_Y]
    if not same:
        pose[i, FIX_X] = sensors[i, SENSE_X]
        pose[i, FIX_Y] = sensors[i, SENSE_Y]
        pose[i, FIX_M] = 0.0
    return bool(same and pose[i, FIX_M] > FROZEN_M)


@kernel
def _disagreed(i: int, pose: Array, off_x: float, off_y: float) -> float:
    """Keep account of how the disagreement changes; the change since the last epoch, metres.

    A stroke is set apart. Strokes that go on in one direction are not: the truck may be moving.
    """
    step_x = off_x - pose[i, OFF_X]
    step_y = off_y - pose[i, OFF_Y]
    step_m = math.sqrt(step_x * step_x + step_y * step_y)
    if step_m > STROKE_M:
        onward = step_x * pose[i, STEP_X] + step_y * pose[i, STEP_Y] > 0.0
        pose[i, ONWARD] = pose[i, ONWARD] + 1.0 if onward else 0.0
        moves = pose[i, ONWARD] >= ONWARD_MIN
        pose[i, JUMP_X] = 0.0 if moves else pose[i, JUMP_X] + step_x
        pose[i, JUMP_Y] = 0.0 if moves else pose[i, JUMP_Y] + step_y
    pose[i, OFF_X], pose[i, OFF_Y] = off_x, off_y
    pose[i, STEP_X], pose[i, STEP_Y] = step_x, step_y
    if pose[i, POSE_STATE] == POSE_DISTRUSTED:
        pose[i, APART_X] += APART_SHARE * (off_x - pose[i, JUMP_X] - pose[i, APART_X])
        pose[i, APART_Y] += APART_SHARE * (off_y - pose[i, JUMP_Y] - pose[i, APART_Y])
    return step_m


@kernel
def _corrected(i: int, sensors: Array, pose: Array, turned: float) -> None:
    """Let an accepted fix correct the estimate, unless the truck stands and is settled."""
    fix = sensors[i, SENSE_FIX]
    settled = pose[i, COV_X] + pose[i, COV_Y] < 2.0 * SETTLED_M * SETTLED_M
    settled = settled and pose[i, COV_PSI] < HEADING_RAD * HEADING_RAD
    if pose[i, STOOD] == 1.0 and settled:
        return
    sigma = _sigma(fix)
    variance = RTK_GAIN_M * RTK_GAIN_M if fix == FIX_RTK_FIXED else SLOW_EPOCHS * sigma * sigma
    scale, doubt = pose[i, EST_SCALE], pose[i, COV_SCALE]
    observe(pose, i, 0, sensors[i, SENSE_X] - pose[i, EST_X], variance)
    observe(pose, i, 1, sensors[i, SENSE_Y] - pose[i, EST_Y], variance)
    gate = GATE_ONE * (pose[i, COV_PSI] + HEADING_RAD * HEADING_RAD)
    if fix == FIX_RTK_FIXED and turned * turned <= gate:
        turned = wrapped(sensors[i, SENSE_PSI] - pose[i, EST_PSI])
        observe(pose, i, 2, turned, HEADING_GAIN_RAD * HEADING_GAIN_RAD)
    limit = BIAS_MAX_RADPS
    pose[i, EST_BIAS] = min(limit, max(-limit, pose[i, EST_BIAS]))
    if abs(pose[i, ACCEL]) > STEADY_MPS2:
        pose[i, EST_SCALE] = scale  # wheels that push or brake slip: that is not their size
        pose[i, COV_SCALE] = doubt  # and it is as little known as before
    pose[i, EST_SCALE] = min(SCALE_MAX, max(-SCALE_MAX, pose[i, EST_SCALE]))


@kernel
def hear_fix(i: int, sensors: Array, pose: Array, cos: float, sin: float) -> None:
    """Judge one epoch of satellites: use it, refuse it, distrust them all, or believe them again.

    A refused position takes its heading with it. `cos`, `sin` of the heading.
    """
    if _is_frozen(i, sensors, pose):
        _distrust(i, pose)
        return
    fix, state = sensors[i, SENSE_FIX], pose[i, POSE_STATE]
    rtk = fix == FIX_RTK_FIXED
    sigma = _sigma(fix)
    off_x = sensors[i, SENSE_X] - pose[i, EST_X]
    off_y = sensors[i, SENSE_Y] - pose[i, EST_Y]
    var_x = pose[i, COV_X] + sigma * sigma
    var_y = pose[i, COV_Y] + sigma * sigma
    both = pose[i, COV_XY]
    square = off_x * off_x * var_y - 2.0 * off_x * off_y * both + off_y * off_y * var_x
    inside = square <= GATE_TWO * (var_x * var_y - both * both)
    pose[i, REJECTED] = 0.0 if inside else pose[i, REJECTED] + 1.0
    turned = wrapped(sensors[i, SENSE_PSI] - pose[i, EST_PSI])
    found = pose[i, REJECTED] >= REJECTED_MAX
    step_m = 0.0
    if rtk:
        along, across = spread(pose, i, cos, sin)
        along = (cos * off_x + sin * off_y) / math.sqrt(along + sigma * sigma)
        across = (cos * off_y - sin * off_x) / math.sqrt(across + sigma * sigma)
        heading = turned / math.sqrt(pose[i, COV_PSI] + HEADING_RAD * HEADING_RAD)
        step_m = _disagreed(i, pose, off_x, off_y)
        if state != POSE_DEAD_RECKONING:
            found = _averaged(i, pose, along, across, heading) or found
    if found:
        _distrust(i, pose)
    elif pose[i, POSE_STATE] == POSE_GOOD or (
        pose[i, POSE_STATE] == POSE_DEAD_RECKONING and not rtk
    ):
        if inside:
            _corrected(i, sensors, pose, turned)
            if rtk:
                _trust(i, pose)
    else:
        agreed = rtk and inside and step_m < AGREED_STEP_M
        pose[i, AGREED] = pose[i, AGREED] + 1.0 if agreed else 0.0
        pose[i, HOLD_S] -= EPOCH_S
        if pose[i, AGREED] >= AGREED_MIN and pose[i, HOLD_S] <= 0.0:
            _corrected(i, sensors, pose, turned)
            _trust(i, pose)


@kernel
def read_mark(i: int, sensors: Array, pose: Array, cos: float, sin: float) -> None:
    """Judge one ground marker. One that is refused may lie wrong; two that agree prove us wrong."""
    ahead = sensors[i, SENSE_MARK_AHEAD]
    left = sensors[i, SENSE_MARK_LEFT]
    off_x = sensors[i, SENSE_MARK_X] - (pose[i, EST_X] + cos * ahead - sin * left)
    off_y = sensors[i, SENSE_MARK_Y] - (pose[i, EST_Y] + sin * ahead + cos * left)
    variance = MARK_M * MARK_M + (ahead * ahead + left * left) * pose[i, COV_PSI]
    var_x = pose[i, COV_X] + variance
    var_y = pose[i, COV_Y] + variance
    both = pose[i, COV_XY]
    square = off_x * off_x * var_y - 2.0 * off_x * off_y * both + off_y * off_y * var_x
    if square > GATE_TWO * (var_x * var_y - both * both):
        gap_x = off_x - pose[i, MARK_X]
        gap_y = off_y - pose[i, MARK_Y]
        agrees = gap_x * gap_x + gap_y * gap_y < AGREED_STEP_M * AGREED_STEP_M
        agrees = agrees and pose[i, MARKS] >= 1.0
        pose[i, MARKS] = 1.0
        pose[i, MARK_X] = off_x
        pose[i, MARK_Y] = off_y
        if not agrees:
            return
        _distrust(i, pose)
        pose[i, COV_X] += off_x * off_x + off_y * off_y
        pose[i, COV_Y] += off_x * off_x + off_y * off_y
    pose[i, MARKS] = 0.0
    pose[i, HOLD_S] = 0.0
    pose[i, APART_X] = pose[i, APART_Y] = 0.0
    observe(pose, i, 0, off_x, variance)
    observe(
        pose, i, 1, sensors[i, SENSE_MARK_Y] - pose[i, EST_Y] - sin * ahead - cos * left, variance
    )
