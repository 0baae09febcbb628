"""Envelope: what a truck may be asked to do, and who must keep talking (vital)."""

import math

from contract.angles import tangent
from contract.kernel import kernel
from contract.limits import FRICTION_DRY
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.watch import limits as m


@kernel
def numbers(truck: Array, command: Array, state: Array, standing: bool, i: int) -> bool:
    """Whether the command is made of numbers; if not, it becomes a hard brake, steering held."""
    asked = command[i, c.COMMAND_ACCEL] + command[i, c.COMMAND_STEER]
    if math.isfinite(asked + command[i, c.COMMAND_PARK] + command[i, c.COMMAND_EMERGENCY]):
        return True
    command[i, c.COMMAND_ACCEL] = -truck[i, c.TRUCK_BRAKE_ASSURED]
    command[i, c.COMMAND_STEER] = state[i, c.WATCH_STEER]
    command[i, c.COMMAND_PARK] = 1.0 if standing else 0.0
    command[i, c.COMMAND_EMERGENCY] = 1.0
    return False


@kernel
def envelope(v: float, mu: float, truck: Array, command: Array, state: Array, i: int) -> bool:
    """Clip the command to what the truck may be asked for; True if it was far outside.

    A brake is never made weaker. Where nobody has told the friction, `mu` is 0 and the road dry.
    """
    accel, angle = command[i, c.COMMAND_ACCEL], command[i, c.COMMAND_STEER]
    high, low = truck[i, c.TRUCK_ACCEL_MAX], -truck[i, c.TRUCK_BRAKE_ASSURED]
    command[i, c.COMMAND_ACCEL] = min(accel, high)
    far = accel > high + m.ACCEL_SLACK_MPS2 or accel < low - m.ACCEL_SLACK_MPS2
    grip = (mu if mu > 0.0 else FRICTION_DRY) * m.GRAVITY_MPS2
    most = min(m.LATERAL_MPS2, m.LATERAL_SHARE * grip)
    lateral = abs(v * v * tangent(angle) / truck[i, c.TRUCK_WHEELBASE])
    limit, last = truck[i, c.TRUCK_STEER_MAX], state[i, c.WATCH_STEER]
    step = truck[i, c.TRUCK_STEER_RATE] * m.TICK_S
    far = far or abs(angle) > limit + m.STEER_SLACK or abs(angle - last) > step + m.STEER_SLACK
    far = far or lateral > most + m.LATERAL_SLACK_MPS2
    if lateral > most:
        limit = min(limit, math.atan(truck[i, c.TRUCK_WHEELBASE] * most / (v * v)))
    angle = min(max(angle, last - step), last + step)
    command[i, c.COMMAND_STEER] = min(max(angle, -limit), limit)
    return bool(far)


@kernel
def struck(state: Array, far: bool, i: int) -> bool:
    """Count commands far outside the envelope; True on the third within a second."""
    if state[i, c.WATCH_WINDOW_S] > 0.0:
        state[i, c.WATCH_WINDOW_S] -= m.TICK_S
    else:
        state[i, c.WATCH_STRIKES] = 0.0
    if far:
        if state[i, c.WATCH_STRIKES] == 0.0:
            state[i, c.WATCH_WINDOW_S] = m.WINDOW_S
        state[i, c.WATCH_STRIKES] += 1.0
    return bool(state[i, c.WATCH_STRIKES] >= m.STRIKES_MAX)


@kernel
def heartbeats(sensors: Array, truck: Array, command: Array, state: Array, i: int) -> int:
    """Who has been silent too long: c.CAUSE_*, 0 if nobody."""
    if abs(command[i, c.COMMAND_TURN] - state[i, c.WATCH_TURN]) > 0.0:
        state[i, c.WATCH_TURN] = command[i, c.COMMAND_TURN]
        state[i, c.WATCH_SILENT_S] = 0.0
    else:
        state[i, c.WATCH_SILENT_S] += m.TICK_S
    if sensors[i, c.SENSE_RADAR] == 1.0:
        state[i, c.WATCH_DEAF_S] = 0.0
    else:
        state[i, c.WATCH_DEAF_S] += m.TICK_S
    if state[i, c.WATCH_SILENT_S] >= m.SILENT_MAX_S:
        return c.CAUSE_SILENT
    if state[i, c.WATCH_DEAF_S] >= m.DEAF_MAX_S:
        return c.CAUSE_RADAR
    if truck[i, c.TRUCK_TRAILER] > 0.0 and sensors[i, c.SENSE_COUPLED] != 1.0:
        return c.CAUSE_PARTED
    if state[i, c.WATCH_ODD_S] >= m.ODD_MAX_S or state[i, c.WATCH_BLIND_M] > m.BLIND_M_MAX:
        return c.CAUSE_BLIND
    return 0
