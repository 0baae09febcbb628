"""Curves: does a truck still stop before an end, how near behind another may it be, and how far
beside its path (vital).

Closed forms in metres and seconds; nothing is remembered. The guard's own: the pilot has others.
Source: docs/vehicle.md section 3.
"""

from contract.kernel import kernel
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.watch import limits as m


@kernel
def assured(brake_mps2: float, mu: float, grade: float) -> float:
    """Deceleration that brake, friction and grade leave, m/s^2; downhill is a negative grade."""
    return min(brake_mps2, m.BRAKE_ABS_SHARE * mu * m.GRAVITY_MPS2) + m.GRAVITY_MPS2 * min(
        grade, 0.0
    )


@kernel
def stops(
    path: Array,
    rows: int,
    front: float,
    room: float,
    brake: float,
    mu: float,
    delay: float,
    v: float,
) -> bool:
    """Whether a truck at `v` stops within `room` metres ahead of `front`.

    It keeps its speed for `delay` seconds, then brakes: v T + v^2 / (2 A) = d, summed over the rows
    of the path, each with its own grade and friction. Where the worst of the next 200 m would do
    within those 200 m, that is answer enough.
    """
    if v <= 0.0:
        return True
    row = min(rows - 1, max(0, int(front)))
    least = assured(brake, min(mu, path[row, c.PATH_SLICK]), path[row, c.PATH_FALL])
    if least > 0.0 and v * v <= 2.0 * least * (min(room, c.FORESIGHT_M) - v * delay):
        return True
    at, end, energy = front + v * delay, front + room, 0.5 * v * v
    for row in range(min(rows - 1, max(0, int(at))), rows):
        start, at = at, end if row == rows - 1 else min(end, row + 1.0)
        if at <= start:
            return False
        energy -= (at - start) * assured(
            brake, min(mu, path[row, c.PATH_MU]), path[row, c.PATH_GRADE]
        )
        if energy <= 0.0:
            return True
    return False


@kernel
def worst(
    path: Array, rows: int, front: float, way: float, mu: float
) -> tuple[float, float, float]:
    """The deepest fall, the steepest rise and the least friction of the next `way` metres.

    Returns (grade <= 0, grade >= 0, friction <= mu). The path has the lowest grade under a truck's
    length, so a rise shorter than that does not show.
    """
    fall, rise, slick = 0.0, 0.0, mu
    first, last = min(rows - 1, max(0, int(front))), min(rows - 1, int(front + way))
    for row in range(first, max(first, last) + 1):
        fall = min(fall, path[row, c.PATH_GRADE])
        rise = max(rise, path[row, c.PATH_GRADE])
        slick = min(slick, path[row, c.PATH_MU])
    return fall, rise, slick


@kernel
def room_beside(path: Array, rows: int, truck: Array, state: Array, i: int) -> float:
    """How far beside its path a truck may be, on the side where it is, metres.

    So far that its outline stays in the lane: in a bend a trailer cuts in by (L2^2 - c^2) / 2R and
    the front swings out by F^2 / 2R, reckoned with the sharpest bend under the truck; a lane may be
    too narrow for that, and the room negative. At most LEFT_MAX_M. Source: docs/vehicle.md 3.5.
    """
    row = min(rows - 1, max(0, int(state[i, c.WATCH_S])))
    inner, outer = path[row, c.PATH_BEND_LEFT], path[row, c.PATH_BEND_RIGHT]
    if state[i, c.WATCH_LEFT] < 0.0:
        inner, outer = outer, inner
    trailer, hitch, front = (
        truck[i, c.TRUCK_TRAILER],
        truck[i, c.TRUCK_HITCH_AHEAD],
        truck[i, c.TRUCK_FRONT],
    )
    swept = inner * max(0.0, trailer * trailer - hitch * hitch) + outer * front * front
    room = 0.5 * (path[row, c.PATH_WIDTH] - truck[i, c.TRUCK_WIDTH] - swept)
    return float(min(m.LEFT_MAX_M, room))


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
            needed = rolling + 0.5 * lead * meet_s
    return max(0.0, needed)
