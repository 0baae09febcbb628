"""Limits of the guard's kernel, each with its reason. Sources: docs/vehicle.md section 3."""

from typing import Final

from contract.errors import require
from contract.limits import PILOT_ACT_MS, PILOT_PERIOD_MS, PILOT_WARN_MS

GRAVITY_MPS2: Final = 9.81
BRAKE_MIN_MPS2: Final = 0.1  # divisor guard: a brake that gives less is reckoned with this
TICK_S: Final = PILOT_PERIOD_MS / 1000.0
STANDING_MPS: Final = 0.02
SPEED_MAX_MPS: Final = 60.0  # more is no reading of a truck's wheels
NOWHERE: Final = 0.0  # no path has this generation: the truck has to be found on it

# --- ends ---
OVERRUN_M: Final = 0.5  # front past the end: a good run stays within
SERVICE_SLACK_MPS: Final = 0.3  # above the service curve before the guard brakes
WARN_S: Final = 0.1  # ahead of the service curve; the pilot stays 0.2 s behind it
TRIP_SLACK_MPS: Final = 0.5  # above the emergency curve before it latches
BRAKE_ABS_SHARE: Final = 0.75  # of the friction that brakes surely use (ABS: 0.75 to 0.85)

# --- position ---
TUBE_FIRST_M: Final = 0.3
MARK_TUBE_M: Final = 0.1
WHEEL_ERROR: Final = 0.01  # share of the way; three times the scale error of a good wheel
SLIP: Final = 0.05  # the same under hard braking
GENTLE_SHARE: Final = 0.25  # of the friction: braking that leaves the wheels as good as free
FIX_AGE_S: Final = 0.1  # a fix may be that old
NEAR_M: Final = 1.0  # beyond the tube, before a fix or marker contradicts the wheels
LEFT_STEP_M: Final = 0.3  # more between two fixes no truck does
LEFT_SHARE: Final = 0.01  # of the way without a fix: how far a truck may have got off its path
LEFT_MAX_M: Final = 0.6  # off the path: stop, however wide the lane
LEFT_BACK_M: Final = 0.3  # however narrow the lane: so much a truck swings on its way back to it
LOST_M: Final = 1.5  # off the path: stop hard
ODD_MAX_S: Final = 1.0
BLIND_M_MAX: Final = 150.0  # driven without any confirmation of the place across the lane

# --- gap, heartbeats ---
FRONT_BRAKE_MPS2: Final = 7.0  # the hardest that an empty truck ahead brakes on a dry road
GAP_LOST_SHARE: Final = 0.6  # of the needed gap: brake and stay
DEAF_MAX_S: Final = 0.25
SILENT_WARN_S: Final = PILOT_WARN_MS / 1000.0
SILENT_MAX_S: Final = PILOT_ACT_MS / 1000.0
ROLLBACK_MPS: Final = 0.2

# --- envelope ---
ACCEL_SLACK_MPS2: Final = 0.2
STEER_SLACK: Final = 0.1  # rad
LATERAL_MPS2: Final = 2.0  # a pilot that plans its bends with 1.5 needs some to come back
LATERAL_SHARE: Final = 0.6  # of the friction; the pilot plans with 0.4
LATERAL_SLACK_MPS2: Final = 0.5
STRIKES_MAX: Final = 3
WINDOW_S: Final = 1.0

# --- the manoeuvre ---
COMFORT_MPS2: Final = 1.0
GRIP_COMFORT_SHARE: Final = 0.5
PURSUIT_S: Final = 1.0
PURSUIT_M: Final = 5.0

require(LEFT_BACK_M < LEFT_MAX_M < LOST_M, "the comfort stop comes before the hard one")
require(MARK_TUBE_M < TUBE_FIRST_M, "a marker is better than a fix")
require(SILENT_WARN_S < SILENT_MAX_S, "the guard warns before it acts")
