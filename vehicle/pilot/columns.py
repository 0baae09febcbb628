"""Columns of the arrays that pilot, guard and their shells share; one row a vehicle.

Lengths in metres, speeds in metres per second, angles in radians, map frame (x east, y north).
`s` runs along the path of the drive order; the front is the tractor's front bumper.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bits = npt.NDArray[np.int64]

# --- sensors: what the body measured ---
SENSE_X, SENSE_Y, SENSE_PSI, SENSE_V, SENSE_GAP, SENSE_CLOSING = range(6)
SENSOR_COLUMNS: Final = 6
NO_GAP_M: Final = 1.0e9

# --- drive order: what the agent wants ---
(
    ORDER_ACTIVE,
    ORDER_PATH,
    ORDER_GENERATION,
    ORDER_END,
    ORDER_SPEED_MAX,
    ORDER_CLEAR,
    ORDER_HEADWAY,
    ORDER_STANDSTILL,
    ORDER_URGENT,
) = range(9)
ORDER_COLUMNS: Final = 9

# --- guard row: what the guard itself read from authority and releases ---
GUARD_ACTIVE, GUARD_PATH, GUARD_GENERATION, GUARD_END, GUARD_OVERLAP, GUARD_SPEED_MAX = range(6)
GUARD_COLUMNS: Final = 6

# --- pilot state ---
PILOT_S, PILOT_GENERATION, PILOT_PUSH, PILOT_ON_PATH, PILOT_CLEARED, PILOT_REACHED = range(6)
PILOT_COLUMNS: Final = 6

# --- guard state ---
WATCH_S, WATCH_GENERATION, WATCH_TRIPPED, WATCH_CAUSE = range(4)
WATCH_COLUMNS: Final = 4

# --- command: the same columns the body takes ---
COMMAND_ACCEL, COMMAND_STEER, COMMAND_PARK, COMMAND_EMERGENCY = range(4)
COMMAND_COLUMNS: Final = 4

# --- vehicle: what pilot and guard know of their own truck ---
(
    TRUCK_FRONT,
    TRUCK_LENGTH,
    TRUCK_WHEELBASE,
    TRUCK_STEER_MAX,
    TRUCK_ACCEL_MAX,
    TRUCK_BRAKE_SERVICE,
    TRUCK_BRAKE_ASSURED,
    TRUCK_DELAY,
) = range(8)
TRUCK_COLUMNS: Final = 8

# --- milestones: bits, set once, taken by the agent ---
MILE_REACHED: Final = 1
MILE_CLEARED: Final = 2
MILE_TRIPPED: Final = 4
MILE_GAP_LOST: Final = 8
MILE_LOST_PATH: Final = 16

# --- path table: columns of contract.route, with the speed profile in the last ---
PATH_S, PATH_X, PATH_Y, PATH_PSI, PATH_KAPPA, PATH_SPEED = range(6)
PATH_COLUMNS: Final = 6

# --- causes of a guard trip ---
CAUSE_NONE, CAUSE_OVERRUN, CAUSE_OVERSPEED, CAUSE_LOST = range(4)
