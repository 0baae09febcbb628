"""Odometer: where the guard believes its truck is along the path, and how wrong it may be (vital).

Wheels first, ground markers to set them right, satellites only as far as the wheels believe them.
The pilot's own estimate does not come here.
"""

from contract.kernel import kernel
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.path import nearest
from vehicle.watch import limits as m


@kernel
def take_up(path: Array, rows: int, sensors: Array, row: Array, state: Array, i: int) -> None:
    """Find the truck on a new path by the newest fix, wherever on it that is."""
    x, y, v = sensors[i, c.SENSE_X], sensors[i, c.SENSE_Y], sensors[i, c.SENSE_V]
    state[i, c.WATCH_S], state[i, c.WATCH_LEFT] = nearest(path, rows, 0.0, x, y, 0, rows)
    state[i, c.WATCH_TUBE] = m.TUBE_FIRST_M + 0.1 * abs(v)  # a fix may be a tenth of a second old
    state[i, c.WATCH_GENERATION] = row[i, c.GUARD_GENERATION]
    state[i, c.WATCH_ODD_S] = 0.0
    state[i, c.WATCH_BLIND_M] = 0.0


@kernel
def odometer(path: Array, rows: int, sensors: Array, command: Array, state: Array, i: int) -> None:
    """Advance by the wheels; let a marker set it, let a fix nudge it.

    A fix moves the odometer only as fast as wheels may err, so that satellites that are dragged
    away soon contradict it; what they can hide the next marker finds.
    """
    step = abs(sensors[i, c.SENSE_V]) * m.TICK_S
    wrong = m.SLIP if command[i, c.COMMAND_ACCEL] < -m.COMFORT_MPS2 else m.WHEEL_ERROR
    state[i, c.WATCH_S] += sensors[i, c.SENSE_V] * m.TICK_S
    state[i, c.WATCH_TUBE] += wrong * step
    state[i, c.WATCH_BLIND_M] += step
    s, tube = state[i, c.WATCH_S], state[i, c.WATCH_TUBE]
    reach = int(tube + m.NEAR_M) + 2  # rows that what is believed can lie away
    if sensors[i, c.SENSE_MARK] == 1.0:
        mark, _ = nearest(
            path, rows, s, sensors[i, c.SENSE_MARK_X], sensors[i, c.SENSE_MARK_Y], 12, 24
        )
        seen = mark - sensors[i, c.SENSE_MARK_AHEAD]
        if abs(seen - s) <= tube + m.NEAR_M:
            state[i, c.WATCH_S] = seen
            state[i, c.WATCH_TUBE] = m.MARK_TUBE_M
        else:
            state[i, c.WATCH_ODD_S] += m.ODD_MAX_S  # the map, the wheels or the marker is wrong
    if sensors[i, c.SENSE_FIX_NEW] == 0.0 or sensors[i, c.SENSE_FIX] != c.FIX_RTK_FIXED:
        return
    along, left = nearest(path, rows, s, sensors[i, c.SENSE_X], sensors[i, c.SENSE_Y], reach, reach)
    off = along - state[i, c.WATCH_S]
    if abs(off) <= tube + m.NEAR_M and abs(left - state[i, c.WATCH_LEFT]) <= m.LEFT_STEP_M:
        most = 2.0 * m.WHEEL_ERROR * step  # a fix stands for two turns
        state[i, c.WATCH_S] += min(max(off, -most), most)
        state[i, c.WATCH_TUBE] = min(state[i, c.WATCH_TUBE], m.TUBE_FIRST_M + abs(off))
        state[i, c.WATCH_LEFT] = left
        state[i, c.WATCH_BLIND_M] = 0.0
        state[i, c.WATCH_ODD_S] = 0.0
    else:
        state[i, c.WATCH_ODD_S] += 2.0 * m.TICK_S
