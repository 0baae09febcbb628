"""Speed: how fast the pilot may be here, and how hard it should push or brake for it.

Limits of the lane, of bends on this friction, of sight and of the certainty of the own place; the
curve to the end of the order on this grade; the friction that the brakes have shown. Kernels, row i
only. Not here: who drives ahead (spacing.py), the guard's curves (vehicle/watch, its own).
Source: docs/vehicle.md section 2.
"""

import math
from typing import Final

from contract.kernel import kernel
from contract.limits import FRICTION_DRY, PILOT_PERIOD_MS
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.path import GRAVITY_MPS2, aim
from vehicle.pilot.pose_columns import POSE_ACROSS, POSE_ALONG, POSE_V

PERIOD_S: Final = PILOT_PERIOD_MS / 1000.0
PER_PERIOD: Final = 1.0 / PERIOD_S
SPEED_GAIN: Final = 1.5
STOP_BRAKE: Final = 0.75  # share of the service brake used for a stop at a line
STOP_REACH: Final = 0.9  # share of it that is there for stops, less what the grade takes
GRIP_SHARE: Final = 0.6  # of the friction, likewise
BRAKE_LEAST_MPS2: Final = 0.05  # divisor guard: where nothing holds, creep
SETTLE_S: Final = 0.6  # the speed loop takes half of that to follow the curve
SETTLED_S: Final = 1.15  # with dead time and lag, however quick the brakes are
SHORT_M: Final = 0.16  # aim short of the line: dead time and lag carry the truck on
BUILD_UP_MPS3: Final = 0.7  # how fast a push is taken back: the gentlest body's service jerk
PER_BUILD_UP: Final = 1.0 / BUILD_UP_MPS3
CREEP_MPS: Final = 0.20

# --- certainty of the place (docs/vehicle.md section 2): alert limits in metres ---
GATE_LANE_MPS: Final = 3.0  # a lane limited to less is a gate lane
ACROSS_GATE_M: Final = 0.35
ACROSS_LANE_M: Final = 0.6
ALONG_GATE_M: Final = 1.0
ALONG_LANE_M: Final = 2.0
UNSURE: Final = 0.7  # share of the alert limit from which the truck slows down
HARD: Final = 1.5  # of the alert limit: stop hard
UNSURE_MPS: Final = 2.7

# --- friction that the brakes show ---
SMOOTH: Final = 0.3
SHORT_MPS2: Final = 0.3
SHORT_MAX_S: Final = 0.4
PATIENCE: Final = 1.5  # times dead time and lag that the brakes are given
FELT_FROM_MPS: Final = 0.5
GRIP_USED: Final = 0.85  # of the friction: what brakes at their limit reach
MU_LEAST: Final = 0.04
MU_BACK_PER_S: Final = 0.005  # how fast a bad experience is forgotten


@kernel
def permitted_speed(distance_m: float, brake_mps2: float, delay_s: float) -> float:
    """Speed from which the truck stops within `distance_m`: v T + v^2 / (2 A) = d. Metres, m/s^2,
    s.
    """
    room = max(0.0, distance_m)
    lag = brake_mps2 * delay_s
    return -lag + math.sqrt(lag * lag + 2.0 * brake_mps2 * room)


@kernel
def least(limit: float, distance_m: float, brake_mps2: float, delay_s: float) -> float:
    """The lesser of a limit and `permitted_speed`, without its root where the limit is met."""
    lag = brake_mps2 * delay_s
    if (limit + lag) * (limit + lag) <= lag * lag + 2.0 * brake_mps2 * max(0.0, distance_m):
        return limit
    return min(limit, permitted_speed(distance_m, brake_mps2, delay_s))


@kernel
def due(truck: Array, command: Array, state: Array, i: int) -> float:
    """Deceleration that good brakes would give by now for what they were asked, m/s^2; negative
    while a push is still being taken back: only then do brakes build up.
    """
    asked = -command[i, c.COMMAND_ACCEL]
    step = truck[i, c.TRUCK_JERK] * PERIOD_S
    ramp = min(asked, state[i, c.PILOT_RAMP] + step)
    state[i, c.PILOT_RAMP] = ramp
    share = PERIOD_S / (PERIOD_S + PATIENCE * truck[i, c.TRUCK_DELAY])
    state[i, c.PILOT_DUE] += share * (ramp - state[i, c.PILOT_DUE])
    return float(min(asked, state[i, c.PILOT_DUE]))


@kernel
def feel(pose: Array, grade: float, truck: Array, command: Array, state: Array, i: int) -> None:
    """Learn the friction from a brake that gives less than it is asked for."""
    v = pose[i, POSE_V]
    state[i, c.PILOT_A] += SMOOTH * ((v - state[i, c.PILOT_V]) * PER_PERIOD - state[i, c.PILOT_A])
    state[i, c.PILOT_V] = v
    given = -state[i, c.PILOT_A]
    short = due(truck, command, state, i) > given + SHORT_MPS2
    if v > FELT_FROM_MPS and given > 0.0 and short:
        state[i, c.PILOT_SHORT_S] += PERIOD_S
    else:
        state[i, c.PILOT_SHORT_S] = 0.0
    if state[i, c.PILOT_SHORT_S] > SHORT_MAX_S:
        shown = (given - GRAVITY_MPS2 * grade) / (GRIP_USED * GRAVITY_MPS2)
        state[i, c.PILOT_MU] = min(state[i, c.PILOT_MU], max(MU_LEAST, shown))
    elif state[i, c.PILOT_MU] == 0.0:
        state[i, c.PILOT_MU] = FRICTION_DRY  # nothing was ever felt
    else:
        state[i, c.PILOT_MU] = min(FRICTION_DRY, state[i, c.PILOT_MU] + MU_BACK_PER_S * PERIOD_S)


@kernel
def stop_brake(path: Array, row: int, mu: float, truck: Array, i: int) -> float:
    """Deceleration planned for a stop on this friction and the worst grade ahead, m/s^2."""
    fall = GRAVITY_MPS2 * min(0.0, path[row, c.PATH_FALL])
    grip = GRIP_SHARE * min(mu, path[row, c.PATH_SLICK]) * GRAVITY_MPS2
    service = truck[i, c.TRUCK_BRAKE_SERVICE]
    return float(
        max(BRAKE_LEAST_MPS2, min(STOP_BRAKE * service, STOP_REACH * service + fall, grip + fall))
    )


@kernel
def certain(pose: Array, limit: float, i: int) -> float:
    """How much of the alert limits the protection levels use up: above 1 the place is not sure."""
    if limit < GATE_LANE_MPS:
        across, along = 1.0 / ACROSS_GATE_M, 1.0 / ALONG_GATE_M
    else:
        across, along = 1.0 / ACROSS_LANE_M, 1.0 / ALONG_LANE_M
    return float(max(pose[i, POSE_ACROSS] * across, pose[i, POSE_ALONG] * along))


@kernel
def limit_here(
    path: Array, rows: int, front: float, pose: Array, order: Array, truck: Array, mu: float, i: int
) -> float:
    """The speed that lane, bend, sight and certainty of the place allow, m/s."""
    v, delay = pose[i, POSE_V], truck[i, c.TRUCK_DELAY]
    _, _, _, limit = aim(path, rows, front + v * delay)
    row = min(rows - 1, max(0, int(front)))
    if mu < path[row, c.PATH_MU]:
        limit *= math.sqrt(mu / path[row, c.PATH_MU])  # bends are driven with a share of the grip
    limit = min(limit, order[i, c.ORDER_SPEED_MAX])
    if order[i, c.ORDER_SIGHT] > 0.0:
        brake = stop_brake(path, row, mu, truck, i)
        limit = least(limit, order[i, c.ORDER_SIGHT], brake, delay + SETTLE_S)
    if certain(pose, path[row, c.PATH_SPEED], i) > UNSURE:
        limit = min(limit, UNSURE_MPS)
    return float(limit)


@kernel
def cruise(
    path: Array,
    rows: int,
    s: float,
    pose: Array,
    order: Array,
    truck: Array,
    mu: float,
    push: float,
    i: int,
) -> float:
    """Acceleration wanted by the limits and the end of the order, m/s^2.

    push   how hard the truck is still being accelerated, m/s^2: it gains speed and uses up road
           until that is taken back, and the curve to the end begins only there
    """
    v = pose[i, POSE_V]
    front = s + truck[i, c.TRUCK_FRONT]
    limit = limit_here(path, rows, front, pose, order, truck, mu, i)
    room = order[i, c.ORDER_END] - front - SHORT_M
    brake = stop_brake(path, min(rows - 1, max(0, int(front))), mu, truck, i)
    pushed = max(0.0, push)
    easing_s = pushed * PER_BUILD_UP
    gained = 0.5 * pushed * easing_s
    used = easing_s * (v + pushed * easing_s * (1 / 3))
    settled_s = max(SETTLED_S, truck[i, c.TRUCK_DELAY] + SETTLE_S)
    longest_s = settled_s + 0.5 * max(0.0, brake + min(0.0, push)) * PER_BUILD_UP
    if least(limit + gained, room - used, brake, longest_s) < limit + gained:  # the end counts
        falling = brake * v / (v + brake * settled_s)
        build_up_s = 0.5 * max(0.0, falling + min(0.0, push)) * PER_BUILD_UP
        stop = permitted_speed(room - used, brake, settled_s + build_up_s) - gained
        if room > 0.0:
            stop = max(stop, min(CREEP_MPS, room))
        limit = min(limit, stop)
    accel = SPEED_GAIN * (limit - v)
    if room <= 0.0:
        accel = min(accel, -0.5)
    return float(accel)
