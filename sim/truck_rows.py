"""What pilot and guard are told of their truck: the plant's figures on the cautious side."""

from typing import Final

import numpy as np

from sim.plant_params import (
    KIND_FOUR_WHEEL_STEERED,
    P_ACCEL_MAX_MPS2,
    P_BRAKE_DEAD_TIME_S,
    P_BRAKE_EMERGENCY_MPS2,
    P_BRAKE_LAG_S,
    P_BRAKE_SERVICE_MPS2,
    P_DRIVE_DEAD_TIME_S,
    P_DRIVE_LAG_S,
    P_DRIVEN_SHARE,
    P_HITCH_OFFSET_M,
    P_JERK_EMERGENCY_MPS3,
    P_JERK_SERVICE_MPS3,
    P_KIND,
    P_STEER_DEAD_TIME_S,
    P_STEER_LAG_S,
    P_STEER_MAX_RAD,
    P_STEER_RATE_MAX_RADPS,
    P_TRAILER_M,
    P_WHEELBASE_M,
    P_WIDTH_M,
    Array,
    front_offset,
    straight_length,
)
from vehicle.pilot import columns as c

SERVICE_MPS2: Final = 1.5  # the most that is planned with
ASSURED_SHARE: Final = 0.8  # of the emergency brake

_TOLD: Final = (
    (c.TRUCK_STEER_LAG, P_STEER_LAG_S),
    (c.TRUCK_STEER_DEAD, P_STEER_DEAD_TIME_S),
    (c.TRUCK_STEER_RATE, P_STEER_RATE_MAX_RADPS),
    (c.TRUCK_DRIVE_LAG, P_DRIVE_LAG_S),
    (c.TRUCK_DRIVE_DEAD, P_DRIVE_DEAD_TIME_S),
    (c.TRUCK_BRAKE_LAG, P_BRAKE_LAG_S),
    (c.TRUCK_BRAKE_DEAD, P_BRAKE_DEAD_TIME_S),
    (c.TRUCK_JERK, P_JERK_SERVICE_MPS3),
    (c.TRUCK_DRIVEN, P_DRIVEN_SHARE),
    (c.TRUCK_HITCH_AHEAD, P_HITCH_OFFSET_M),
    (c.TRUCK_WIDTH, P_WIDTH_M),
)


def truck_rows(params: Array) -> Array:
    """What pilot and guard believe of their truck: the plant's figures on the cautious side."""
    rows = np.zeros((len(params), c.TRUCK_COLUMNS))
    rows[:, c.TRUCK_FRONT] = front_offset(params)
    rows[:, c.TRUCK_LENGTH] = straight_length(params)
    steers_behind = params[:, P_KIND] == KIND_FOUR_WHEEL_STEERED  # opposite: half the wheelbase
    rows[:, c.TRUCK_WHEELBASE] = params[:, P_WHEELBASE_M] / np.where(steers_behind, 2.0, 1.0)
    rows[:, c.TRUCK_STEER_MAX] = params[:, P_STEER_MAX_RAD]
    rows[:, c.TRUCK_ACCEL_MAX] = params[:, P_ACCEL_MAX_MPS2]
    rows[:, c.TRUCK_BRAKE_SERVICE] = np.minimum(params[:, P_BRAKE_SERVICE_MPS2], SERVICE_MPS2)
    rows[:, c.TRUCK_BRAKE_ASSURED] = ASSURED_SHARE * params[:, P_BRAKE_EMERGENCY_MPS2]
    rows[:, c.TRUCK_DELAY] = params[:, P_BRAKE_DEAD_TIME_S] + params[:, P_BRAKE_LAG_S]
    jerk_mps3 = params[:, P_JERK_EMERGENCY_MPS3]
    rows[:, c.TRUCK_BUILD_UP] = 0.5 * rows[:, c.TRUCK_BRAKE_ASSURED] / jerk_mps3
    for told, true in _TOLD:
        rows[:, told] = params[:, true]
    rows[:, c.TRUCK_TRAILER] = np.where(steers_behind, 0.0, params[:, P_TRAILER_M])
    return rows
