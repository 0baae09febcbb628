"""Curves: how fast a truck may be before an end, and how near behind another (vital).

Closed forms in metres and seconds; nothing is remembered. The guard's own: the pilot has others.
Source: docs/vehicle.md section 3.
"""

import math

from contract.kernel import kernel
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.watch import limits as m


@kernel
def brake_speed(distance_m: float, brake_mps2: float, delay_s: float) -> float:
    """Speed at which braking must begin to stop within `distance_m`: v T + v^2 / (2 A) = d."""
    if brake_mps2 <= 0.0:
        return 0.0
    room = max(0.0, distance_m)
    lag = brake_mps2 * delay_s
    return -lag + math.sqrt(lag * lag + 2.0 * brake_mps2 * room)


@kernel
def assured(brake_mps2: float, mu: float, grade: float) -> float:
    """Deceleration that brake, friction and grade leave, m/s^2; downhill is a negative grade."""
    return min(brake_mps2, m.BRAKE_ABS_SHARE * mu * m.GRAVITY_MPS2) + m.GRAVITY_MPS2 * min(
        grade, 0.0
    )


@kernel
def curve_speed(
    path: Array,
    rows: int,
    front: float,
    room: float,
    brake: float,
    mu: float,
    delay: float,
    v: float,
) -> float:
    """Speed from which `brake` stops within `room` metres ahead of `front`, m/s.

    Integrated backwards over the rows of the path, each with its own grade and friction. Where the
    worst of the next 200 m would do, that is answer enough: the true curve is higher.
    """
    row = min(rows - 1, max(0, int(front)))
    least = assured(brake, min(mu, path[row, c.PATH_SLICK]), path[row, c.PATH_FALL])
    quick = brake_speed(room, least, delay)
    if v <= quick or room <= 0.0:
        return quick
    work = 0.0
    at = front + room
    while at > front:
        row = min(rows - 1, max(0, math.ceil(at) - 1))
        start = max(front, float(row))
        if start >= at:
            start = front
        work += (at - start) * assured(
            brake, min(mu, path[row, c.PATH_MU]), path[row, c.PATH_GRADE]
        )
        work = max(work, 0.0)
        at = start
    return brake_speed(room, work / room, delay)


@kernel
def gap_needed(v: float, front_v: float, brake: float, front_brake: float, delay: float) -> float:
    """Least gap at which nobody is hit if the one ahead brakes now, metres: least over time.

    The follower keeps its speed for `delay` seconds, then brakes. Where it brakes harder than the
    one ahead, the gap is least while both still roll; else when both stand.
    Source: docs/vehicle.md section 3, responsibility-sensitive safety with the minimum over time.
    """
    needed = v * delay + 0.5 * v * v / brake - 0.5 * front_v * front_v / front_brake
    if brake > front_brake:
        lead = v + front_brake * delay - front_v  # closing speed when the follower begins to brake
        meet_s = lead / (brake - front_brake)
        if lead > 0.0 and delay + meet_s < front_v / front_brake:
            rolling = delay * (v - front_v) + 0.5 * front_brake * delay * delay
            needed = max(needed, rolling + 0.5 * lead * meet_s)
    return max(0.0, needed)
