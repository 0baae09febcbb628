"""Columns of the pose block: what the filter tells others, and what it keeps to itself.

Lengths in metres, angles in radians, map frame; one row a truck. Others use the names that begin
with POSE_, by way of vehicle/pilot/pose.py. Not here: what any of it is for (pose.py, trust.py).
"""

from typing import Final

# --- what others read ---
(
    POSE_X,  # m, of the reference point, as control is to see it
    POSE_Y,
    POSE_PSI,  # rad, not wrapped
    POSE_V,  # m/s, wheel speed less the wheel's scale; 0 at standstill
    POSE_YAW_RATE,  # rad/s, gyro less its bias; 0 at standstill
    POSE_ALONG,  # m, protection level along the heading; POSE_LEVEL_NONE while not known
    POSE_ACROSS,  # m, protection level across it
    POSE_STATE,  # one of the four below
) = range(8)
POSE_NOT_KNOWN: Final = 0.0
POSE_GOOD: Final = 1.0
POSE_DEAD_RECKONING: Final = 2.0
POSE_DISTRUSTED: Final = 3.0  # satellites are heard and not believed
POSE_LEVEL_NONE: Final = 1.0e9

# --- the estimate, and its covariance as upper triangle, row by row: x, y, heading, bias, scale ---
EST: Final = 8
EST_X, EST_Y, EST_PSI, EST_BIAS, EST_SCALE = range(EST, EST + 5)
COV: Final = EST + 5
COV_X, COV_XY, COV_Y, COV_PSI, COV_BIAS, COV_SCALE = (COV + k for k in (0, 1, 5, 9, 12, 14))
(
    LEG_X,  # m, gone since the covariance last followed
    LEG_Y,
    LEG_S,  # s under way in that time
    LEG_ALONG,  # m^2, what slip and doubtful wheels add along the heading
) = range(COV + 15, COV + 19)

# --- memory of the filter ---
(
    BLEND_X,  # m, what control has not yet been told: POSE = EST + BLEND
    BLEND_Y,
    BLEND_PSI,
    ACCEL,  # m/s^2, of the wheels, smoothed
    AGE_S,  # s since an RTK fix was used
    REJECTED,  # epochs in a row outside the gate
    AGREED,  # RTK epochs in a row inside it, while satellites are left aside; also the start's
    HOLD_S,  # s for which satellites stay distrusted whatever they say
    STOOD,  # 1.0: stood in the turn before
    FIX_X,  # m, position of the epoch before
    FIX_Y,
    FIX_M,  # m that the wheels turned since that position was first seen
    OFF_X,  # m, innovation of the RTK epoch before
    OFF_Y,
    JUMP_X,  # m, the part of the disagreement that came at a stroke: no truck moves like that
    JUMP_Y,
    STEP_X,  # m, by which the innovation changed then
    STEP_Y,
    ONWARD,  # strokes in a row that went on in one direction: something moves
    APART_X,  # m, the part that crept up, smoothed: wheels and gyro may be to blame
    APART_Y,
    MARK_X,  # m, what the marker refused last said
    MARK_Y,
    MARKS,  # markers refused in a row
    WINDOW,  # nine running means of normalised innovations: along, across, heading; 1, 10, 30 s
) = range(LEG_ALONG + 1, LEG_ALONG + 26)
POSE_COLUMNS: Final = WINDOW + 9
