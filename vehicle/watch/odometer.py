"""Odometer: where the guard believes its truck is along the path, and how wrong it may be (vital).

Wheels first, ground markers to set them right, satellites only as far as the wheels believe them.
The pilot's own estimate does not come here.
"""

import math

from contract.kernel import kernel
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.path import nearest
from vehicle.watch import limits as m


@kernel
def fixed(sensors: Array, i: int) -> bool:
    """Whether a position came in this turn that is good to centimetres, by its own account."""
    return bool(sensors[i, c.SENSE_FIX_NEW] == 1.0 and sensors[i, c.SENSE_FIX] == c.FIX_RTK_FIXED)


@kernel
def take_up(path: Array, rows: int, sensors: Array, row: Array, state: Array, i: int) -> None:
    """Find the truck on a new path by the fix of this turn, wherever on it that is."""
    x, y, v = sensors[i, c.SENSE_X], sensors[i, c.SENSE_Y], sensors[i, c.SENSE_V]
    state[i, c.WATCH_S], state[i, c.WATCH_LEFT] = nearest(path, rows, 0.0, x, y, 0, rows)
    state[i, c.WATCH_OFF] = abs(state[i, c.WATCH_LEFT])
    state[i, c.WATCH_TUBE] = m.TUBE_FIRST_M + m.FIX_AGE_S * abs(v)
    state[i, c.WATCH_GENERATION] = row[i, c.GUARD_GENERATION]
    state[i, c.WATCH_ODD_S] = 0.0
    state[i, c.WATCH_BLIND_M] = 0.0


@kernel
def agree(
    path: Array, rows: int, x: float, y: float, most: float, state: Array, i: int
) -> tuple[bool, float]:
    """Move the odometer towards a position by `most` metres at most, if it may be there at all.

    Returns (whether it may, how far off the odometer was in metres).
    """
    s, near = state[i, c.WATCH_S], state[i, c.WATCH_TUBE] + m.NEAR_M
    reach = int(near) + 2  # rows that what is believed can lie away
    along, left = nearest(path, rows, s, x, y, reach, reach)
    off = along - s
    aside = m.LEFT_STEP_M + m.LEFT_SHARE * state[i, c.WATCH_BLIND_M]
    if abs(off) > near or abs(left - state[i, c.WATCH_LEFT]) > aside:
        return False, off
    state[i, c.WATCH_S] += min(max(off, -most), most)
    state[i, c.WATCH_LEFT] = left
    state[i, c.WATCH_BLIND_M] = 0.0
    return True, off


@kernel
def mark(path: Array, rows: int, sensors: Array, state: Array, i: int) -> None:
    """A ground marker sets the odometer; one that lies elsewhere says that somebody is wrong."""
    x, y, psi = sensors[i, c.SENSE_MARK_X], sensors[i, c.SENSE_MARK_Y], sensors[i, c.SENSE_PSI]
    ahead, left = sensors[i, c.SENSE_MARK_AHEAD], sensors[i, c.SENSE_MARK_LEFT]
    there, off = math.isfinite(x + y + ahead + left), 0.0
    if there:
        x += left * math.sin(psi) - ahead * math.cos(psi)
        y -= left * math.cos(psi) + ahead * math.sin(psi)
        near = state[i, c.WATCH_TUBE] + m.NEAR_M
        there, off = agree(path, rows, x, y, near, state, i)
    if there:
        state[i, c.WATCH_TUBE] = m.MARK_TUBE_M
    else:
        state[i, c.WATCH_ODD_S] = m.ODD_MAX_S  # the map, the wheels or the marker is wrong
        state[i, c.WATCH_S] += max(off, 0.0)  # and until it is known who, the worse one counts


@kernel
def odometer(
    path: Array,
    rows: int,
    sensors: Array,
    mu: float,
    command: Array,
    state: Array,
    i: int,
) -> None:
    """Advance by the wheels; let a fix nudge it, let a marker set it.

    A fix moves the odometer only as fast as wheels may err, so that satellites that are dragged
    away soon contradict it; what they can hide the next marker finds.
    """
    step = abs(sensors[i, c.SENSE_V]) * m.TICK_S
    gentle = min(m.COMFORT_MPS2, m.GENTLE_SHARE * mu * m.GRAVITY_MPS2)
    hard = command[i, c.COMMAND_ACCEL] < -gentle or state[i, c.WATCH_TRIPPED] != c.TRIP_NONE
    state[i, c.WATCH_S] += sensors[i, c.SENSE_V] * m.TICK_S
    state[i, c.WATCH_TUBE] += (m.SLIP if hard else m.WHEEL_ERROR) * step
    state[i, c.WATCH_BLIND_M] += step
    if fixed(sensors, i):
        most = 2.0 * m.WHEEL_ERROR * step  # a fix stands for two turns
        x, y = sensors[i, c.SENSE_X], sensors[i, c.SENSE_Y]
        there, off = agree(path, rows, x, y, most, state, i)
        if there:
            state[i, c.WATCH_TUBE] = min(state[i, c.WATCH_TUBE], m.TUBE_FIRST_M + abs(off))
            state[i, c.WATCH_ODD_S] = 0.0
        else:
            state[i, c.WATCH_ODD_S] += 2.0 * m.TICK_S
    if sensors[i, c.SENSE_MARK] == 1.0:
        mark(path, rows, sensors, state, i)
