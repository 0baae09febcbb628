"""Columns of the arrays that pilot, guard and their shells share; one row a vehicle.

Lengths in metres, speeds in metres per second, angles in radians, map frame (x east, y north).
`s` runs along the path of the drive order; the front is the tractor's front bumper.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bits = npt.NDArray[np.int64]

# --- sensors: what the body measured, raw ---
(
    SENSE_X,  # m, GNSS position of the reference point (tractor rear axle; AGV: middle)
    SENSE_Y,
    SENSE_PSI,  # rad, heading of the two GNSS antennas
    SENSE_V,  # m/s, wheel speed
    SENSE_GAP,  # m, radar: bumper to bumper; NO_GAP_M: nothing in range
    SENSE_CLOSING,  # m/s, radar: how fast the gap shrinks
    SENSE_FIX,  # GNSS quality as in NMEA GGA: FIX_*
    SENSE_FIX_NEW,  # 1.0 in the turn in which a fix came
    SENSE_GYRO,  # rad/s, yaw rate
    SENSE_HITCH,  # rad, trailer yaw minus tractor yaw
    SENSE_COUPLED,  # 1.0: the trailer hangs on the fifth wheel
    SENSE_RADAR,  # 1.0: the radar is alive
    SENSE_MARK,  # 1.0 in the turn in which a ground marker was read
    SENSE_MARK_X,  # m, where the map has that marker
    SENSE_MARK_Y,
    SENSE_MARK_AHEAD,  # m, where the truck saw it: ahead of the reference point along the heading
    SENSE_MARK_LEFT,  # m, left of it
) = range(17)
SENSOR_COLUMNS: Final = 17
NO_GAP_M: Final = 1.0e9
FIX_NONE: Final = 0.0
FIX_SINGLE: Final = 1.0
FIX_DIFFERENTIAL: Final = 2.0
FIX_RTK_FIXED: Final = 4.0
FIX_RTK_FLOAT: Final = 5.0

# --- beacon: what a member of a convoy says, and what its follower has heard of it ---
(
    BEACON_AGE,  # s since the sample; AGE_NEVER: nothing was ever heard
    BEACON_SEQUENCE,
    BEACON_V,  # m/s
    BEACON_A,  # m/s^2, as measured
    BEACON_U,  # m/s^2, as commanded
    BEACON_BRAKE,  # m/s^2, what the sender surely brakes with, positive
    BEACON_WEAKEST,  # m/s^2, the weakest service brake from the leader to the sender, positive
    BEACON_ALARM,  # 1.0: braking hard or in a minimal-risk manoeuvre
    BEACON_MU,  # friction, the worse of told and estimated
) = range(9)
BEACON_COLUMNS: Final = 9
AGE_NEVER: Final = 1.0e9

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
    ORDER_MU,  # friction as the supervisor has it
    ORDER_SIGHT,  # m, visibility as the supervisor has it
    ORDER_MEMBER,  # 1.0: the vehicle ahead is the predecessor in a convoy, its beacons count
    ORDER_BRAKE,  # m/s^2, plan with no more than that, for those behind; 0: with our own
) = range(13)
ORDER_COLUMNS: Final = 13

# --- guard row: what the guard itself read from authority and releases ---
(
    GUARD_ACTIVE,
    GUARD_PATH,
    GUARD_GENERATION,
    GUARD_END,
    GUARD_OVERLAP,
    GUARD_MU,  # friction as the supervisor has it
) = range(6)
GUARD_COLUMNS: Final = 6

# --- pilot state ---
(
    PILOT_S,
    PILOT_GENERATION,
    PILOT_PUSH,
    PILOT_ON_PATH,
    PILOT_CLEARED,
    PILOT_REACHED,
    PILOT_LEFT,  # m, rear axle left of the path
    PILOT_TURN,  # number of this turn since the start
    PILOT_V,  # m/s, the wheels' last word
    PILOT_A,  # m/s^2, as the wheels measure it, smoothed
    PILOT_MU,  # friction by own estimate
    PILOT_SHORT_S,  # s, since the brake has given less than it was asked for
    PILOT_HALT,  # HALT_*: a stop that the pilot itself has begun, until there is a new order
    PILOT_RAMP,  # m/s^2, braking that was asked for, as the body's jerk limit lets it build up
    PILOT_DUE,  # m/s^2, the same after the brake's lag: what good brakes give by now
    PILOT_GAP,  # m, the radar's last word
    PILOT_FROZEN_S,  # s, for which it has repeated to the last bit
    PILOT_PLACED,  # 1.0: the place is known, and has been told
    PILOT_TRIED_S,  # s, pushing since the last ground was won
    PILOT_WON_M,  # m, won since then; negative: rolled back
) = range(20)
PILOT_COLUMNS: Final = 20
HALT_NONE, HALT_COMFORT, HALT_EMERGENCY = range(3)

# --- guard state ---
(
    WATCH_S,  # m, reference point along the guard's path, by its own odometer
    WATCH_GENERATION,
    WATCH_TRIPPED,  # TRIP_*: the minimal-risk manoeuvre that is latched
    WATCH_CAUSE,  # CAUSE_* of the latch
    WATCH_TUBE,  # m, how wrong WATCH_S may be
    WATCH_LEFT,  # m, left of the path at the last fix that counted
    WATCH_ODD_S,  # s, since when fixes contradict the odometer
    WATCH_BLIND_M,  # m, driven since a fix or marker counted
    WATCH_TURN,  # newest turn of the pilot that was seen
    WATCH_SILENT_S,  # s, since then
    WATCH_DEAF_S,  # s, since the radar died
    WATCH_STRIKES,  # commands outside the envelope within the window
    WATCH_WINDOW_S,  # s, left of the window
    WATCH_STEER,  # rad, what the steering was told last
    WATCH_OFF,  # m, beside the path when it was taken up, or less since: it may come back
    WATCH_WARNED,  # 1.0: it has warned since the truck last stood
) = range(16)
WATCH_COLUMNS: Final = 16
TRIP_NONE, TRIP_COMFORT, TRIP_EMERGENCY = range(3)

# --- command: the same columns the body takes, and the number of the turn that made it ---
COMMAND_ACCEL, COMMAND_STEER, COMMAND_PARK, COMMAND_EMERGENCY, COMMAND_TURN = range(5)
COMMAND_COLUMNS: Final = 5

# --- vehicle: what pilot and guard know of their own truck ---
(
    TRUCK_FRONT,
    TRUCK_LENGTH,
    TRUCK_WHEELBASE,
    TRUCK_STEER_MAX,
    TRUCK_ACCEL_MAX,
    TRUCK_BRAKE_SERVICE,
    TRUCK_BRAKE_ASSURED,
    TRUCK_DELAY,  # s, brake dead time plus lag
    TRUCK_BUILD_UP,  # s, half the time in which the assured brake builds up after that
    TRUCK_STEER_LAG,  # s
    TRUCK_STEER_DEAD,  # s
    TRUCK_STEER_RATE,  # rad/s
    TRUCK_DRIVE_LAG,  # s
    TRUCK_DRIVE_DEAD,  # s
    TRUCK_BRAKE_LAG,  # s
    TRUCK_BRAKE_DEAD,  # s
    TRUCK_JERK,  # m/s^3, service
    TRUCK_DRIVEN,  # share of the weight on driven axles, the worse of loaded and empty
    TRUCK_TRAILER,  # m, fifth wheel to trailer axle; 0: no trailer
    TRUCK_HITCH_AHEAD,  # m, fifth wheel ahead of the rear axle
    TRUCK_WIDTH,  # m
) = range(21)
TRUCK_COLUMNS: Final = 21
TRUCK_FIGURES: Final = (  # as a truck's configuration calls them
    (TRUCK_LENGTH, "length_m"),
    (TRUCK_FRONT, "front_ahead_m"),
    (TRUCK_WHEELBASE, "wheelbase_m"),
    (TRUCK_STEER_MAX, "steer_max_rad"),
    (TRUCK_ACCEL_MAX, "accel_max_mps2"),
    (TRUCK_BRAKE_SERVICE, "brake_service_mps2"),
    (TRUCK_BRAKE_ASSURED, "brake_assured_mps2"),
    (TRUCK_DELAY, "brake_delay_s"),
    (TRUCK_WIDTH, "width_m"),
    (TRUCK_TRAILER, "trailer_m"),
    (TRUCK_HITCH_AHEAD, "hitch_ahead_m"),
    (TRUCK_STEER_LAG, "steer_lag_s"),
    (TRUCK_STEER_DEAD, "steer_dead_s"),
    (TRUCK_STEER_RATE, "steer_rate_radps"),
    (TRUCK_DRIVE_LAG, "drive_lag_s"),
    (TRUCK_DRIVE_DEAD, "drive_dead_s"),
    (TRUCK_BRAKE_LAG, "brake_lag_s"),
    (TRUCK_BRAKE_DEAD, "brake_dead_s"),
    (TRUCK_JERK, "jerk_mps3"),
    (TRUCK_DRIVEN, "driven_share"),
)

# --- milestones: bits, set once, taken by the agent ---
MILE_REACHED: Final = 1
MILE_CLEARED: Final = 2
MILE_TRIPPED: Final = 4
MILE_GAP_LOST: Final = 8
MILE_LOST_PATH: Final = 16
MILE_LOST_PLACE: Final = 32
MILE_PLACED: Final = 64
MILE_IN_VAIN: Final = 128
MILE_WARNED: Final = 256

# --- path table: columns of contract.route with a speed that can be kept, and what is reckoned
# from them once (vehicle/pilot/path.py: `profile`, `measured`) ---
(
    PATH_S,
    PATH_X,
    PATH_Y,
    PATH_PSI,
    PATH_KAPPA,
    PATH_SPEED,
    PATH_GRADE,  # rise over run; the lowest under any part of the truck
    PATH_WIDTH,  # m, of the lane; the least under any part of the truck
    PATH_MU,  # friction where the map or the weather knows a worse one; the lowest under it
    PATH_FALL,  # lowest PATH_GRADE within FORESIGHT_M from here
    PATH_SLICK,  # lowest PATH_MU within FORESIGHT_M from here
    PATH_DX,  # m, from here to the next row
    PATH_DY,
    PATH_STEP,  # m, by which PATH_S grows on the way
    PATH_PER_M,  # 1/m, one over the length of the row; 0 if it has none
    PATH_CORNER,  # tangent of the sharper of the angles to the rows beside it
    PATH_BEND_LEFT,  # 1/m, the sharpest bend to the left under any part of the truck; 0: none
    PATH_BEND_RIGHT,  # 1/m, to the right, likewise, positive
) = range(18)
PATH_COLUMNS: Final = 18
FORESIGHT_M: Final = 200.0

# --- causes of a guard trip ---
(
    CAUSE_NONE,
    CAUSE_OVERRUN,  # front past the end
    CAUSE_OVERSPEED,  # cannot stop before end and overlap
    CAUSE_LOST,  # off the path or out of the lane, or a reading that is no number
    CAUSE_BLIND,  # position not confirmed, or contradicted, for too long
    CAUSE_GAP,  # too close to the vehicle ahead
    CAUSE_RADAR,  # the radar is dead
    CAUSE_SILENT,  # the pilot has stopped giving commands
    CAUSE_ENVELOPE,  # the pilot's commands leave the envelope again and again
    CAUSE_PARTED,  # the trailer is gone
    CAUSE_ROLLBACK,  # rolling backwards
) = range(11)
