"""Watch: the guard's kernel. It judges every command of the pilot by senses of its own (vital).

In: raw sensors, the guard row (authority and releases as the guard read them), the command. Out:
the command, let through, clipped or replaced. It has an odometer of its own - wheels, ground
markers, and satellites only as far as the wheels believe them - its own braking curves, its own
gap. It never plans: all it can do is hold the path and brake.
    curve       no push above the warning curve to the end, service brake above the service curve,
                latch above the emergency curve
    lane        a comfort stop before the outline is out of the lane
    gap         the least distance while both brake, over time, on the worst grade of the stretch:
                brake, and latch when it is lost
    envelope    clip; brake outside; latch on the third in a second
    latched     comfort or emergency, only upwards; ends at standstill under the parking brake
No field of a drive order and no state of the pilot reaches it but the number of its turns.
Not here: opening authorities and releases (guard.py), who may lift the latch (agent.py).
Curves: docs/vehicle.md section 3. Requirements: I3, I4, I7, I16 in docs/SAFETY.md.
"""

import math

from contract.kernel import kernel
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.path import aim
from vehicle.watch import limits as m
from vehicle.watch.curves import assured, gap_needed, room_beside, stops, worst
from vehicle.watch.envelope import envelope, heartbeats, numbers, struck
from vehicle.watch.odometer import fixed, odometer, take_up


@kernel
def close(
    path: Array, rows: int, front: float, sensors: Array, mu: float, truck: Array, i: int
) -> float:
    """How much of the needed gap there is: 1 or more is enough; above it nothing is in range.

    Who stops within the gap needs no more, whatever the one ahead does. Else this truck is reckoned
    with the worst fall and friction, the one ahead with the steepest rise, from the own front to
    where the one ahead would come to rest, its length taken as the own. Brakes of both build up
    alike: meanwhile the gap closes as it does now.
    """
    if sensors[i, c.SENSE_RADAR] != 1.0:
        return 1.0
    v, gap = sensors[i, c.SENSE_V], sensors[i, c.SENSE_GAP]
    delay, build_up = truck[i, c.TRUCK_DELAY] + m.TICK_S, truck[i, c.TRUCK_BUILD_UP]
    brake, grip = truck[i, c.TRUCK_BRAKE_ASSURED], mu * m.GRAVITY_MPS2
    if stops(path, rows, front, gap, brake, mu, delay + build_up, v):
        return 1.0
    ahead = max(0.0, v - sensors[i, c.SENSE_CLOSING])
    way = gap + truck[i, c.TRUCK_LENGTH] + 0.5 * ahead * ahead / max(grip, m.BRAKE_MIN_MPS2)
    fall, rise, slick = worst(path, rows, front, way, mu)
    own = max(assured(brake, slick, fall), m.BRAKE_MIN_MPS2)
    other = max(min(m.FRONT_BRAKE_MPS2, grip) + m.GRAVITY_MPS2 * rise, m.BRAKE_MIN_MPS2)
    needed = gap_needed(v, ahead, own, other, delay) + build_up * max(0.0, v - ahead)
    return gap / needed if needed > 0.0 else 1.0


@kernel
def judge(
    path: Array, rows: int, sensors: Array, row: Array, truck: Array, state: Array, i: int
) -> tuple[int, int]:
    """What row i does wrong and how hard it must stop for it: (cause, trip)."""
    v, tube = sensors[i, c.SENSE_V], state[i, c.WATCH_TUBE]
    front = state[i, c.WATCH_S] + truck[i, c.TRUCK_FRONT]
    room, overlap = row[i, c.GUARD_END] - front, row[i, c.GUARD_OVERLAP]
    if room < -m.OVERRUN_M - tube or room + max(overlap, m.OVERRUN_M) < tube:
        return c.CAUSE_OVERRUN, c.TRIP_EMERGENCY
    if v < -m.ROLLBACK_MPS:
        return c.CAUSE_ROLLBACK, c.TRIP_EMERGENCY
    mu, left = row[i, c.GUARD_MU], abs(state[i, c.WATCH_LEFT])
    brake, delay = truck[i, c.TRUCK_BRAKE_ASSURED], truck[i, c.TRUCK_DELAY] + m.TICK_S
    hard, over = delay + truck[i, c.TRUCK_BUILD_UP], room + overlap - tube
    if not stops(path, rows, front, over, brake, mu, hard, v - m.TRIP_SLACK_MPS):
        return c.CAUSE_OVERSPEED, c.TRIP_EMERGENCY
    if left > m.LOST_M:
        return c.CAUSE_LOST, c.TRIP_EMERGENCY
    state[i, c.WATCH_OFF] = min(state[i, c.WATCH_OFF], left)
    swings = left > state[i, c.WATCH_OFF] + m.LEFT_BACK_M
    if swings and left > room_beside(path, rows, truck, state, i):
        return c.CAUSE_LOST, c.TRIP_COMFORT
    return c.CAUSE_NONE, c.TRIP_NONE


@kernel
def trip(state: Array, miles: Bits, cause: int, how: int, i: int) -> None:
    """Latch a minimal-risk manoeuvre; a harder one replaces a softer one, never the other way."""
    if how > state[i, c.WATCH_TRIPPED]:
        state[i, c.WATCH_TRIPPED] = how
        state[i, c.WATCH_CAUSE] = cause
        miles[i] |= c.MILE_TRIPPED


@kernel
def hold_path(path: Array, rows: int, sensors: Array, truck: Array, state: Array, i: int) -> float:
    """Road-wheel angle that keeps to the path without a pilot: pure pursuit, radians."""
    v = abs(sensors[i, c.SENSE_V])
    ax, ay, _, _ = aim(path, rows, state[i, c.WATCH_S] + max(m.PURSUIT_M, m.PURSUIT_S * v))
    dx, dy = ax - sensors[i, c.SENSE_X], ay - sensors[i, c.SENSE_Y]
    psi = sensors[i, c.SENSE_PSI]
    square = max(1.0, dx * dx + dy * dy)
    left = math.cos(psi) * dy - math.sin(psi) * dx
    angle = math.atan(2.0 * truck[i, c.TRUCK_WHEELBASE] * left / square)
    most = truck[i, c.TRUCK_STEER_MAX]
    return float(min(max(angle, -most), most))


@kernel
def brake_at_least(command: Array, brake: float, i: int) -> None:
    """A brake is only ever made stronger."""
    command[i, c.COMMAND_ACCEL] = min(command[i, c.COMMAND_ACCEL], -brake)


@kernel
def stop(sensors: Array, row: Array, truck: Array, state: Array, command: Array, i: int) -> None:
    """Carry on with what is latched: brake, and at standstill the parking brake."""
    if state[i, c.WATCH_TRIPPED] == c.TRIP_EMERGENCY:
        brake_at_least(command, truck[i, c.TRUCK_BRAKE_ASSURED], i)
        command[i, c.COMMAND_EMERGENCY] = 1.0
    else:
        grip = m.GRIP_COMFORT_SHARE * row[i, c.GUARD_MU] * m.GRAVITY_MPS2
        brake_at_least(command, min(m.COMFORT_MPS2, max(grip, m.BRAKE_MIN_MPS2)), i)
    command[i, c.COMMAND_PARK] = 1.0 if abs(sensors[i, c.SENSE_V]) <= m.STANDING_MPS else 0.0


@kernel
def rest(sensors: Array, truck: Array, command: Array, i: int) -> None:
    """Nothing is allowed: brake to standstill, then park."""
    brake_at_least(command, truck[i, c.TRUCK_BRAKE_SERVICE], i)
    command[i, c.COMMAND_PARK] = 1.0 if abs(sensors[i, c.SENSE_V]) <= m.STANDING_MPS else 0.0


@kernel
def hold_end(
    path: Array,
    rows: int,
    sensors: Array,
    row: Array,
    truck: Array,
    state: Array,
    command: Array,
    miles: Bits,
    i: int,
) -> None:
    """Above the warning curve to the end no more push, and a word once until the truck stands;
    above the service curve the service brake.
    """
    front = state[i, c.WATCH_S] + truck[i, c.TRUCK_FRONT]
    room, service = row[i, c.GUARD_END] - front, truck[i, c.TRUCK_BRAKE_SERVICE]
    mu, delay = row[i, c.GUARD_MU], truck[i, c.TRUCK_DELAY] + m.TICK_S
    over = sensors[i, c.SENSE_V] - m.SERVICE_SLACK_MPS
    if stops(path, rows, front, room, service, mu, delay + m.WARN_S, over):
        return
    brake_at_least(command, 0.0, i)
    if state[i, c.WATCH_WARNED] == 0.0:
        state[i, c.WATCH_WARNED] = 1.0
        miles[i] |= c.MILE_WARNED
    if not stops(path, rows, front, room, service, mu, delay, over):
        brake_at_least(command, service, i)


@kernel
def restrain(
    path: Array,
    rows: int,
    sensors: Array,
    row: Array,
    truck: Array,
    state: Array,
    command: Array,
    miles: Bits,
    sane: bool,
    i: int,
) -> None:
    """One truck under a row whose place is known: judge it and brake it as far as it must be.

    sane   False: the pilot's command was no number
    """
    v, mu = sensors[i, c.SENSE_V], row[i, c.GUARD_MU]
    odometer(path, rows, sensors, mu, command, state, i)
    cause, how = judge(path, rows, sensors, row, truck, state, i)
    trip(state, miles, cause, how, i)
    silent = heartbeats(sensors, truck, command, state, i)
    if silent != c.CAUSE_NONE:
        trip(state, miles, silent, c.TRIP_COMFORT, i)
    if silent == c.CAUSE_SILENT:
        command[i, c.COMMAND_STEER] = hold_path(path, rows, sensors, truck, state, i)
    far = envelope(v, mu, truck, command, state, i)
    if struck(state, far or not sane, i):
        trip(state, miles, c.CAUSE_ENVELOPE, c.TRIP_COMFORT, i)
    front = state[i, c.WATCH_S] + truck[i, c.TRUCK_FRONT]
    share = close(path, rows, front, sensors, mu, truck, i)
    if share < m.GAP_LOST_SHARE and sensors[i, c.SENSE_CLOSING] > 0.0:
        trip(state, miles, c.CAUSE_GAP, c.TRIP_EMERGENCY, i)
    elif share < 1.0:
        brake_at_least(command, truck[i, c.TRUCK_BRAKE_ASSURED], i)
        command[i, c.COMMAND_EMERGENCY] = 1.0
    hold_end(path, rows, sensors, row, truck, state, command, miles, i)
    if state[i, c.WATCH_SILENT_S] >= m.SILENT_WARN_S:
        brake_at_least(command, 0.0, i)


@kernel
def known(sensors: Array, row: Array, i: int) -> bool:
    """Whether all that row i is judged by is a number, and its speed one of a truck."""
    senses = sensors[i, c.SENSE_X] + sensors[i, c.SENSE_Y] + sensors[i, c.SENSE_PSI]
    radar = sensors[i, c.SENSE_GAP] + sensors[i, c.SENSE_CLOSING]
    limits = row[i, c.GUARD_END] + row[i, c.GUARD_OVERLAP] + row[i, c.GUARD_MU]
    return math.isfinite(senses + radar + limits) and abs(sensors[i, c.SENSE_V]) <= m.SPEED_MAX_MPS


@kernel
def released(state: Array, miles: Bits, standing: bool, i: int) -> None:
    """A latch that was lifted: the truck has to be found anew. It is not lifted while it rolls."""
    if state[i, c.WATCH_TRIPPED] != c.TRIP_NONE or state[i, c.WATCH_CAUSE] == c.CAUSE_NONE:
        return
    if standing:
        state[i, c.WATCH_CAUSE] = c.CAUSE_NONE
        state[i, c.WATCH_GENERATION] = m.NOWHERE
        state[i, c.WATCH_STRIKES] = 0.0
    else:
        trip(state, miles, int(state[i, c.WATCH_CAUSE]), c.TRIP_COMFORT, i)


@kernel
def guard_row(
    i: int,
    paths: Array,
    rows: Bits,
    sensors: Array,
    row: Array,
    truck: Array,
    state: Array,
    command: Array,
    miles: Bits,
) -> None:
    """`guard_turn` of row i."""
    v, p = sensors[i, c.SENSE_V], int(row[i, c.GUARD_PATH])
    standing = abs(v) <= m.STANDING_MPS
    active, sure = row[i, c.GUARD_ACTIVE] == 1.0, known(sensors, row, i)
    sane = numbers(truck, command, state, standing, i)
    released(state, miles, standing, i)
    if not active:
        state[i, c.WATCH_GENERATION] = m.NOWHERE
    generation = row[i, c.GUARD_GENERATION]
    if active and sure and state[i, c.WATCH_GENERATION] != generation and fixed(sensors, i):
        take_up(paths[p], rows[p], sensors, row, state, i)
    here = sure and state[i, c.WATCH_GENERATION] == generation != m.NOWHERE
    if command[i, c.COMMAND_PARK] == 1.0 and standing:
        brake_at_least(command, 0.0, i)
        state[i, c.WATCH_WARNED] = 0.0
        state[i, c.WATCH_STEER] = command[i, c.COMMAND_STEER]
        state[i, c.WATCH_TURN] = command[i, c.COMMAND_TURN]
        state[i, c.WATCH_SILENT_S] = 0.0
        return
    if here:
        restrain(paths[p], rows[p], sensors, row, truck, state, command, miles, sane, i)
    else:
        envelope(v if sure else 0.0, row[i, c.GUARD_MU], truck, command, state, i)
        rest(sensors, truck, command, i)
    if active and not sure:
        trip(state, miles, c.CAUSE_LOST, c.TRIP_EMERGENCY, i)
    if state[i, c.WATCH_TRIPPED] != c.TRIP_NONE:
        stop(sensors, row, truck, state, command, i)
    state[i, c.WATCH_STEER] = command[i, c.COMMAND_STEER]


@kernel
def guard_turn(
    paths: Array,
    rows: Bits,
    sensors: Array,
    row: Array,
    truck: Array,
    state: Array,
    command: Array,
    miles: Bits,
) -> None:
    """One step of every guard: lets through, clips or replaces the pilot's command.

    paths (p, m, c.PATH_COLUMNS), rows (p,) rows in use;  sensors, row, truck, state, command (n,
    columns), row i of a fleet;  miles (n,) int64 bits, set here and cleared by whoever takes them
    """
    for i in range(sensors.shape[0]):
        guard_row(i, paths, rows, sensors, row, truck, state, command, miles)
