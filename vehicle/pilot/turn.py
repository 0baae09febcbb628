"""One turn of the pilot, 20 Hz: where am I on the path, how fast may I be, where do I steer.

The order of the turn: take up the path, learn from the brakes, steer (steering.py), the speed that
limits and end allow (speed.py), the one ahead (spacing.py), the parking brake as rest state. A
stop that the pilot begins by itself - place lost, gap lost, pushing in vain - is kept until there
is a new order.
Row i reads row i only. In: sensors, pose, beacon heard, order. Out: command, beacon to say,
milestones. Source of the laws: docs/vehicle.md section 2. Not here: judging the command (watch).
"""

from typing import Final

from contract.kernel import kernel
from contract.limits import FRICTION_DRY
from vehicle.pilot import columns as c
from vehicle.pilot.ahead import SPACE_HARD, SPACE_MRM
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.gaps import GRIP, weakest
from vehicle.pilot.path import GRAVITY_MPS2, LATERAL_MPS2, LATERAL_SHARE, LOST_M, nearest
from vehicle.pilot.pose_columns import POSE_NOT_KNOWN, POSE_PSI, POSE_STATE, POSE_V, POSE_X, POSE_Y
from vehicle.pilot.progress import in_vain, rest_from_trying
from vehicle.pilot.spacing import space
from vehicle.pilot.speed import BUILD_UP_MPS3, HARD, PERIOD_S, certain, cruise, feel
from vehicle.pilot.steering import settle_row, steer_row

STANDING_MPS: Final = 0.02
ARRIVED_M: Final = 0.28
MOVING_MPS: Final = 0.2
FROZEN_MAX_S: Final = 0.3
MOVE_MPS2: Final = 0.05  # a wish to go on that is one
COMFORT_MPS2: Final = 1.0
COMFORT_SHARE: Final = 0.5  # of the grip


@kernel
def rest(command: Array, v: float, truck: Array, i: int, urgent: float) -> None:
    """Brake to standstill and set the parking brake: the rest state.

    urgent   1.0: brake as hard as is assured, 0.0: by the service brake
    """
    command[i, c.COMMAND_EMERGENCY] = urgent
    if v <= STANDING_MPS:
        command[i, c.COMMAND_ACCEL] = 0.0
        command[i, c.COMMAND_PARK] = 1.0
    else:
        brake = truck[i, c.TRUCK_BRAKE_SERVICE]
        if urgent == 1.0:
            brake = truck[i, c.TRUCK_BRAKE_ASSURED]
        command[i, c.COMMAND_ACCEL] = -brake
        command[i, c.COMMAND_PARK] = 0.0


@kernel
def locate(path: Array, rows: int, pose: Array, order: Array, state: Array, i: int) -> bool:
    """Take up a new path generation by searching all of it, else follow it. True if the path is
    under us.
    """
    x, y = pose[i, POSE_X], pose[i, POSE_Y]
    if state[i, c.PILOT_GENERATION] != order[i, c.ORDER_GENERATION]:
        s, left = nearest(path, rows, 0.0, x, y, 0, rows)
        state[i, c.PILOT_GENERATION] = order[i, c.ORDER_GENERATION]
        state[i, c.PILOT_CLEARED] = -1.0
        state[i, c.PILOT_REACHED] = -1.0
        state[i, c.PILOT_HALT] = c.HALT_NONE
    else:
        s, left = nearest(path, rows, state[i, c.PILOT_S], x, y, 3, 8)
    state[i, c.PILOT_S] = s
    state[i, c.PILOT_LEFT] = left
    on_path = abs(left) <= LOST_M
    state[i, c.PILOT_ON_PATH] = 1.0 if on_path else 0.0
    return on_path


@kernel
def clear(order: Array, truck: Array, state: Array, miles: Bits, i: int) -> None:
    """Tell once that the rear has passed the place that the order names."""
    rear = state[i, c.PILOT_S] + truck[i, c.TRUCK_FRONT] - truck[i, c.TRUCK_LENGTH]
    place = order[i, c.ORDER_CLEAR]
    if place > 0.0 and rear >= place > state[i, c.PILOT_CLEARED]:
        state[i, c.PILOT_CLEARED] = place
        miles[i] |= c.MILE_CLEARED


@kernel
def lose(state: Array, miles: Bits, mile: int, how: int, i: int) -> None:
    """Begin a stop of the pilot's own, or a harder one; say so once."""
    if how > state[i, c.PILOT_HALT]:
        state[i, c.PILOT_HALT] = how
        miles[i] |= mile


@kernel
def frozen(sensors: Array, v: float, state: Array, i: int) -> bool:
    """Whether the radar has said the same to the last bit for too long: no two echoes are alike."""
    gap = sensors[i, c.SENSE_GAP]
    same = gap == state[i, c.PILOT_GAP] and gap < c.NO_GAP_M and v > MOVING_MPS
    state[i, c.PILOT_GAP] = gap
    state[i, c.PILOT_FROZEN_S] = state[i, c.PILOT_FROZEN_S] + PERIOD_S if same else 0.0
    return bool(state[i, c.PILOT_FROZEN_S] > FROZEN_MAX_S)


@kernel
def doubt(
    path: Array,
    rows: int,
    sensors: Array,
    pose: Array,
    spacing: Array,
    state: Array,
    miles: Bits,
    i: int,
) -> None:
    """Stop when the own place or the one ahead is not known well enough to drive."""
    row = min(rows - 1, max(0, int(state[i, c.PILOT_S])))
    used = certain(pose, path[row, c.PATH_SPEED], i)
    if used > HARD:
        lose(state, miles, c.MILE_LOST_PLACE, c.HALT_EMERGENCY, i)
    elif used > 1.0:
        lose(state, miles, c.MILE_LOST_PLACE, c.HALT_COMFORT, i)
    if frozen(sensors, pose[i, POSE_V], state, i):
        lose(state, miles, c.MILE_GAP_LOST, c.HALT_COMFORT, i)
    if spacing[i, SPACE_MRM] == 1.0:
        spacing[i, SPACE_MRM] = 0.0
        lose(state, miles, c.MILE_GAP_LOST, c.HALT_COMFORT, i)


@kernel
def halt(command: Array, v: float, truck: Array, mu: float, how: float, i: int) -> None:
    """The pilot's own stop: gently, or as hard as is assured; then the parking brake."""
    rest(command, v, truck, i, 1.0 if how == c.HALT_EMERGENCY else 0.0)
    if how == c.HALT_COMFORT and v > STANDING_MPS:
        command[i, c.COMMAND_ACCEL] = -min(COMFORT_MPS2, COMFORT_SHARE * mu * GRAVITY_MPS2)


@kernel
def arrive(order: Array, v: float, state: Array, command: Array, miles: Bits, i: int) -> None:
    """Standing at the end of the order: park, and say so once."""
    command[i, c.COMMAND_ACCEL] = 0.0
    command[i, c.COMMAND_PARK] = 1.0
    command[i, c.COMMAND_EMERGENCY] = 0.0
    state[i, c.PILOT_PUSH] = 0.0
    if state[i, c.PILOT_REACHED] != order[i, c.ORDER_END]:
        state[i, c.PILOT_REACHED] = order[i, c.ORDER_END]
        miles[i] |= c.MILE_REACHED


@kernel
def push_or_brake(wish: float, v: float, state: Array, command: Array, hard: bool, i: int) -> None:
    """Give the wished acceleration to the body: brakes at once, pushes built up and taken back."""
    standing = v <= STANDING_MPS and wish <= MOVE_MPS2
    most = BUILD_UP_MPS3 * PERIOD_S
    push = state[i, c.PILOT_PUSH]
    push = max(min(wish, push + 2.0 * most), push - most)
    state[i, c.PILOT_PUSH] = max(0.0, push) if standing else push
    command[i, c.COMMAND_PARK] = 1.0 if standing else 0.0
    command[i, c.COMMAND_ACCEL] = 0.0 if standing else wish
    command[i, c.COMMAND_EMERGENCY] = 1.0 if hard and not standing else 0.0


@kernel
def grip_left(path: Array, row: int, mu: float) -> float:
    """Friction that is left for gaps: the worst ahead, less what its fall takes of the brakes."""
    return float(
        max(0.0, min(mu, path[row, c.PATH_SLICK]) + min(0.0, path[row, c.PATH_FALL]) / GRIP)
    )


@kernel
def drive(
    path: Array,
    rows: int,
    sensors: Array,
    pose: Array,
    beacon: Array,
    order: Array,
    truck: Array,
    spacing: Array,
    state: Array,
    command: Array,
    miles: Bits,
    mu: float,
    i: int,
) -> None:
    """Speed of a truck that has an order and is on its path."""
    v, s = pose[i, POSE_V], state[i, c.PILOT_S]
    if order[i, c.ORDER_END] - s - truck[i, c.TRUCK_FRONT] <= ARRIVED_M and v <= STANDING_MPS:
        arrive(order, v, state, command, miles, i)
        return
    wish = cruise(path, rows, s, pose, order, truck, mu, state[i, c.PILOT_PUSH], i)
    accel = state[i, c.PILOT_A]
    left = grip_left(path, min(rows - 1, max(0, int(s + truck[i, c.TRUCK_FRONT]))), mu)
    behind = space(sensors, beacon, order, truck, spacing, v, accel, left, wish, PERIOD_S, i)
    doubt(path, rows, sensors, pose, spacing, state, miles, i)
    if state[i, c.PILOT_HALT] != c.HALT_NONE:
        rest_from_trying(state, i)
        halt(command, v, truck, mu, state[i, c.PILOT_HALT], i)
        return
    hard = spacing[i, SPACE_HARD] == 1.0
    service, weakest_of_all = truck[i, c.TRUCK_BRAKE_SERVICE], order[i, c.ORDER_BRAKE]
    if weakest_of_all > 0.0:
        service = min(service, weakest_of_all)
    least = -truck[i, c.TRUCK_BRAKE_ASSURED] if hard else -service
    wish = min(truck[i, c.TRUCK_ACCEL_MAX], max(least, min(wish, behind)))
    if in_vain(wish > MOVE_MPS2, v, state, PERIOD_S, i):
        lose(state, miles, c.MILE_IN_VAIN, c.HALT_COMFORT, i)
        state[i, c.PILOT_PUSH] = 0.0
        halt(command, v, truck, mu, c.HALT_COMFORT, i)
        return
    push_or_brake(wish, v, state, command, hard, i)


@kernel
def rolls_on(pose: Array, order: Array, state: Array, command: Array, i: int) -> bool:
    """Whether a truck that has nothing to drive any more still rolls on the path of its order: it
    keeps to it until it stands, for wheels that stay as they were lead off every bend.
    """
    rolling = command[i, c.COMMAND_PARK] == 0.0 and pose[i, POSE_V] > STANDING_MPS
    placed = pose[i, POSE_STATE] != POSE_NOT_KNOWN and state[i, c.PILOT_ON_PATH] == 1.0
    return bool(rolling and placed and state[i, c.PILOT_GENERATION] == order[i, c.ORDER_GENERATION])


@kernel
def keep_to(
    path: Array,
    rows: int,
    pose: Array,
    gains: Array,
    truck: Array,
    steering: Array,
    state: Array,
    command: Array,
    mu: float,
    i: int,
) -> None:
    """Steer along the path, as far to the side as this friction carries."""
    side = min(LATERAL_MPS2, LATERAL_SHARE * mu * GRAVITY_MPS2)
    place = (state[i, c.PILOT_S], state[i, c.PILOT_LEFT], pose[i, POSE_PSI])
    v, sent = pose[i, POSE_V], command[i, c.COMMAND_STEER]
    command[i, c.COMMAND_STEER] = steer_row(
        path, rows, place, v, sent, side, gains, truck, steering, i
    )


@kernel
def friction(order: Array, state: Array, i: int) -> float:
    """The worse of what is felt and what is told."""
    told = order[i, c.ORDER_MU]
    return float(min(state[i, c.PILOT_MU], told if told > 0.0 else FRICTION_DRY))


@kernel
def idle(
    pose: Array,
    order: Array,
    truck: Array,
    steering: Array,
    state: Array,
    command: Array,
    miles: Bits,
    i: int,
) -> bool:
    """Whether there is nothing to drive, or no place to drive from: then the truck rests."""
    state[i, c.PILOT_TURN] += 1.0
    command[i, c.COMMAND_TURN] = state[i, c.PILOT_TURN]
    placed = pose[i, POSE_STATE] != POSE_NOT_KNOWN
    if placed and state[i, c.PILOT_PLACED] == 0.0:
        miles[i] |= c.MILE_PLACED
    state[i, c.PILOT_PLACED] = 1.0 if placed else 0.0
    if order[i, c.ORDER_ACTIVE] == 1.0 and placed:
        return False
    state[i, c.PILOT_PUSH] = 0.0
    rest_from_trying(state, i)
    if command[i, c.COMMAND_PARK] == 0.0:
        if not rolls_on(pose, order, state, command, i):
            settle_row(command[i, c.COMMAND_STEER], steering, i)
        urgent = order[i, c.ORDER_URGENT] if placed else 0.0
        rest(command, pose[i, POSE_V], truck, i, urgent)
    return True


@kernel
def pilot_row(
    i: int,
    paths: Array,
    rows: Bits,
    sensors: Array,
    pose: Array,
    beacon: Array,
    order: Array,
    truck: Array,
    gains: Array,
    steering: Array,
    spacing: Array,
    state: Array,
    command: Array,
    miles: Bits,
) -> None:
    """`pilot_turn` of row i."""
    p = int(order[i, c.ORDER_PATH])
    if idle(pose, order, truck, steering, state, command, miles, i):
        rolls = rolls_on(pose, order, state, command, i)
        if rolls and locate(paths[p], rows[p], pose, order, state, i):
            mu = friction(order, state, i)
            keep_to(paths[p], rows[p], pose, gains, truck, steering, state, command, mu, i)
        return
    path, v = paths[p], pose[i, POSE_V]
    if not locate(path, rows[p], pose, order, state, i):
        miles[i] |= c.MILE_LOST_PATH
        rest(command, v, truck, i, 0.0)
        return
    s = state[i, c.PILOT_S]
    row = min(rows[p] - 1, max(0, int(s)))
    feel(pose, path[row, c.PATH_GRADE], truck, command, state, i)
    mu = friction(order, state, i)
    clear(order, truck, state, miles, i)
    keep_to(path, rows[p], pose, gains, truck, steering, state, command, mu, i)
    drive(
        path, rows[p], sensors, pose, beacon, order, truck, spacing, state, command, miles,
        mu, i,
    )  # fmt: skip


@kernel
def pilot_turn(
    paths: Array,
    rows: Bits,
    sensors: Array,
    pose: Array,
    beacon: Array,
    order: Array,
    truck: Array,
    gains: Array,
    steering: Array,
    spacing: Array,
    state: Array,
    command: Array,
    miles: Bits,
) -> None:
    """One step of every pilot.

    paths (p, m, PATH_COLUMNS), rows (p,) rows in use;  gains (n, ...) of `gain_tables`
    sensors, pose, beacon, order, truck, steering, spacing, state, command   (n, columns)
    miles (n,) int64 bits, set here and cleared by whoever takes them
    """
    for i in range(sensors.shape[0]):
        pilot_row(
            i,
            paths,
            rows,
            sensors,
            pose,
            beacon,
            order,
            truck,
            gains,
            steering,
            spacing,
            state,
            command,
            miles,
        )


@kernel
def speak_row(
    i: int,
    pose: Array,
    heard: Array,
    order: Array,
    truck: Array,
    state: Array,
    command: Array,
    said: Array,
) -> None:
    """`speak` of row i."""
    mu = friction(order, state, i)
    service = truck[i, c.TRUCK_BRAKE_SERVICE]
    said[i, c.BEACON_AGE] = 0.0
    said[i, c.BEACON_SEQUENCE] = state[i, c.PILOT_TURN]
    said[i, c.BEACON_V] = pose[i, POSE_V]
    said[i, c.BEACON_A] = state[i, c.PILOT_A]
    said[i, c.BEACON_U] = command[i, c.COMMAND_ACCEL]
    said[i, c.BEACON_BRAKE] = min(truck[i, c.TRUCK_BRAKE_ASSURED], mu * GRAVITY_MPS2)
    said[i, c.BEACON_WEAKEST] = weakest(truck, heard, order, mu, i)
    hard = command[i, c.COMMAND_EMERGENCY] == 1.0 or command[i, c.COMMAND_ACCEL] < -service
    said[i, c.BEACON_ALARM] = 1.0 if hard else 0.0
    said[i, c.BEACON_MU] = mu


@kernel
def speak(
    pose: Array, heard: Array, order: Array, truck: Array, state: Array, command: Array, said: Array
) -> None:
    """What every truck says in its beacon of this turn, after the guard has had its word."""
    for i in range(pose.shape[0]):
        speak_row(i, pose, heard, order, truck, state, command, said)
