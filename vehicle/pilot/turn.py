"""One turn of the pilot, 20 Hz: where am I on the path, how fast may I be, where do I steer.

Thin on purpose: pure pursuit with a look-ahead of one second, a braking curve to the end of the
order, a constant-time-gap law behind a predecessor, and a parking brake as rest state. Row i reads
row i only. In: sensors, paths, order. Out: command and milestones. Source of the laws:
docs/vehicle.md; pure pursuit delta = atan(2 L sin(eta) / l_d).
"""

import math
from typing import Final

from contract.kernel import kernel
from contract.limits import PILOT_PERIOD_MS
from vehicle.pilot.columns import (
    COMMAND_ACCEL,
    COMMAND_EMERGENCY,
    COMMAND_PARK,
    COMMAND_STEER,
    MILE_CLEARED,
    MILE_LOST_PATH,
    MILE_REACHED,
    ORDER_ACTIVE,
    ORDER_CLEAR,
    ORDER_END,
    ORDER_GENERATION,
    ORDER_HEADWAY,
    ORDER_PATH,
    ORDER_SPEED_MAX,
    ORDER_STANDSTILL,
    ORDER_URGENT,
    PILOT_CLEARED,
    PILOT_GENERATION,
    PILOT_ON_PATH,
    PILOT_PUSH,
    PILOT_REACHED,
    PILOT_S,
    SENSE_CLOSING,
    SENSE_GAP,
    SENSE_PSI,
    SENSE_V,
    SENSE_X,
    SENSE_Y,
    TRUCK_ACCEL_MAX,
    TRUCK_BRAKE_ASSURED,
    TRUCK_BRAKE_SERVICE,
    TRUCK_DELAY,
    TRUCK_FRONT,
    TRUCK_LENGTH,
    TRUCK_STEER_MAX,
    TRUCK_WHEELBASE,
    Array,
    Bits,
)
from vehicle.pilot.path import aim, nearest

LOOK_AHEAD_S: Final = 1.0
LOOK_AHEAD_M: Final = 5.0
SPEED_GAIN: Final = 1.5
STOP_BRAKE: Final = 0.75  # share of the service brake used for a stop at a line
SETTLE_S: Final = 0.3  # how long the speed loop takes to follow the curve down
SHORT_M: Final = 0.15  # aim short of the line: dead time and lag carry the truck on
BUILD_UP_MPS3: Final = (
    0.7  # how fast an acceleration is taken back: the gentlest body's service jerk
)
GAP_GAIN: Final = 0.1
STANDING_MPS: Final = 0.02
LOST_M: Final = 3.0
CREEP_MPS: Final = 0.20
ARRIVED_M: Final = 0.20


@kernel
def permitted_speed(distance_m: float, brake_mps2: float, delay_s: float) -> float:
    """Speed from which the truck stops within `distance_m`: v T + v^2 / (2 A) = d. Metres, m/s^2,
    s.
    """
    room = max(0.0, distance_m)
    lag = brake_mps2 * delay_s
    return -lag + math.sqrt(lag * lag + 2.0 * brake_mps2 * room)


@kernel
def steer(path: Array, rows: int, s: float, sensors: Array, i: int, truck: Array) -> float:
    """Road-wheel angle by pure pursuit from the rear axle, radians, left positive."""
    v = sensors[i, SENSE_V]
    look = max(LOOK_AHEAD_M, LOOK_AHEAD_S * v)
    ax, ay, _, _ = aim(path, rows, s + look)
    dx = ax - sensors[i, SENSE_X]
    dy = ay - sensors[i, SENSE_Y]
    psi = sensors[i, SENSE_PSI]
    left = -math.sin(psi) * dx + math.cos(psi) * dy
    square = dx * dx + dy * dy
    if square < 1.0:
        return 0.0
    angle = math.atan(2.0 * truck[i, TRUCK_WHEELBASE] * left / square)
    limit = truck[i, TRUCK_STEER_MAX]
    return float(min(limit, max(-limit, angle)))


@kernel
def follow(
    gap_m: float, closing_mps: float, v: float, headway_s: float, standstill_m: float
) -> float:
    """Constant-time-gap law (Rajamani 6.18): acceleration that keeps standstill + headway * v,
    m/s^2.
    """
    error = gap_m - (standstill_m + headway_s * v)
    return (-closing_mps + GAP_GAIN * error) / headway_s


@kernel
def drive(
    path: Array,
    rows: int,
    s: float,
    sensors: Array,
    order: Array,
    truck: Array,
    push: float,
    i: int,
) -> float:
    """Acceleration wanted by limits, end of order and predecessor, m/s^2.

    push   how hard the truck is still being accelerated, m/s^2: it gains speed and uses up road
           until that is taken back, and the curve to the end begins only there
    """
    v = sensors[i, SENSE_V]
    front = s + truck[i, TRUCK_FRONT]
    service = truck[i, TRUCK_BRAKE_SERVICE]
    delay = truck[i, TRUCK_DELAY]
    _, _, _, limit = aim(path, rows, front + v * delay)
    limit = min(limit, order[i, ORDER_SPEED_MAX])
    room = order[i, ORDER_END] - front - SHORT_M
    brake = STOP_BRAKE * service
    pushed = max(0.0, push)
    easing_s = pushed / BUILD_UP_MPS3
    gained = 0.5 * pushed * easing_s
    used = easing_s * (v + pushed * easing_s / 3.0)
    settled_s = delay + SETTLE_S
    falling = brake * v / (v + brake * settled_s)
    build_up_s = 0.5 * max(0.0, falling + min(0.0, push)) / BUILD_UP_MPS3
    stop = permitted_speed(room - used, brake, settled_s + build_up_s) - gained
    if room > 0.0:
        stop = max(stop, min(CREEP_MPS, room))
    accel = SPEED_GAIN * (min(limit, stop) - v)
    if room <= 0.0:
        accel = min(accel, -0.5)
    gap = sensors[i, SENSE_GAP]
    if gap < 200.0:
        wish = follow(
            gap, sensors[i, SENSE_CLOSING], v, order[i, ORDER_HEADWAY], order[i, ORDER_STANDSTILL]
        )
        accel = min(accel, wish)
        reach = permitted_speed(gap - order[i, ORDER_STANDSTILL], service, delay)
        if v > reach:
            accel = min(accel, -service)
    return float(min(truck[i, TRUCK_ACCEL_MAX], max(-service, accel)))


@kernel
def rest(command: Array, sensors: Array, truck: Array, i: int, urgent: float) -> None:
    """Brake to standstill and set the parking brake: the rest state.

    urgent   1.0: brake as hard as is assured, 0.0: by the service brake
    """
    command[i, COMMAND_EMERGENCY] = urgent
    if sensors[i, SENSE_V] <= STANDING_MPS:
        command[i, COMMAND_ACCEL] = 0.0
        command[i, COMMAND_PARK] = 1.0
    else:
        brake = TRUCK_BRAKE_ASSURED if urgent == 1.0 else TRUCK_BRAKE_SERVICE
        command[i, COMMAND_ACCEL] = -truck[i, brake]
        command[i, COMMAND_PARK] = 0.0


@kernel
def locate(path: Array, rows: int, sensors: Array, order: Array, state: Array, i: int) -> bool:
    """Take up a new path generation by searching all of it, else follow it. True if the path is
    under us.
    """
    if state[i, PILOT_GENERATION] != order[i, ORDER_GENERATION]:
        s, left = nearest(path, rows, 0.0, sensors[i, SENSE_X], sensors[i, SENSE_Y], 0, rows)
        state[i, PILOT_GENERATION] = order[i, ORDER_GENERATION]
        state[i, PILOT_CLEARED] = -1.0
        state[i, PILOT_REACHED] = -1.0
    else:
        s, left = nearest(
            path, rows, state[i, PILOT_S], sensors[i, SENSE_X], sensors[i, SENSE_Y], 3, 8
        )
    state[i, PILOT_S] = s
    on_path = abs(left) <= LOST_M
    state[i, PILOT_ON_PATH] = 1.0 if on_path else 0.0
    return on_path


@kernel
def pilot_turn(
    paths: Array,
    rows: Bits,
    sensors: Array,
    order: Array,
    truck: Array,
    state: Array,
    command: Array,
    miles: Bits,
) -> None:
    """One step of every pilot.

    paths (p, m, 6), rows (p,) rows in use;  sensors, order, truck, state, command (n, columns)
    miles (n,) int64 bits, set here and cleared by whoever takes them
    """
    for i in range(sensors.shape[0]):
        if order[i, ORDER_ACTIVE] == 0.0:
            state[i, PILOT_PUSH] = 0.0
            if command[i, COMMAND_PARK] == 0.0:
                rest(command, sensors, truck, i, order[i, ORDER_URGENT])
            continue
        p = int(order[i, ORDER_PATH])
        path = paths[p]
        if not locate(path, rows[p], sensors, order, state, i):
            miles[i] |= MILE_LOST_PATH
            rest(command, sensors, truck, i, 0.0)
            continue
        s = state[i, PILOT_S]
        front = s + truck[i, TRUCK_FRONT]
        clear = order[i, ORDER_CLEAR]
        if clear > 0.0 and front - truck[i, TRUCK_LENGTH] >= clear > state[i, PILOT_CLEARED]:
            state[i, PILOT_CLEARED] = clear
            miles[i] |= MILE_CLEARED
        command[i, COMMAND_STEER] = steer(path, rows[p], s, sensors, i, truck)
        room = order[i, ORDER_END] - front
        if room <= ARRIVED_M and sensors[i, SENSE_V] <= STANDING_MPS:
            command[i, COMMAND_ACCEL] = 0.0
            command[i, COMMAND_PARK] = 1.0
            command[i, COMMAND_EMERGENCY] = 0.0
            state[i, PILOT_PUSH] = 0.0
            if state[i, PILOT_REACHED] != order[i, ORDER_END]:
                state[i, PILOT_REACHED] = order[i, ORDER_END]
                miles[i] |= MILE_REACHED
            continue
        push = state[i, PILOT_PUSH]
        accel = drive(path, rows[p], s, sensors, order, truck, push, i)
        standing = sensors[i, SENSE_V] <= STANDING_MPS and accel <= 0.05
        most = BUILD_UP_MPS3 * PILOT_PERIOD_MS / 1000.0
        push = max(min(accel, push + 2.0 * most), push - most)
        state[i, PILOT_PUSH] = max(0.0, push) if standing else push
        command[i, COMMAND_PARK] = 1.0 if standing else 0.0
        command[i, COMMAND_ACCEL] = 0.0 if standing else accel
        command[i, COMMAND_EMERGENCY] = 0.0
