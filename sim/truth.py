"""The physical truth of the fleet: arrays, and one compiled step for all of it.

One step: sense, pilot, guard, plant, devices, checks - each a kernel, row by row. Agents never see
these arrays; they get readings. Checks are on truth and by the simulator's own reckoning of who may
be where. Not here: what wakes whom (sim/fleet.py), messages.
"""

import math
from typing import Final

from contract.kernel import kernel
from sim.plant import PSI, V, X, Y, footprints, plant_step
from vehicle.guard import guard_turn
from vehicle.pilot.columns import (
    COMMAND_ACCEL,
    COMMAND_EMERGENCY,
    COMMAND_PARK,
    NO_GAP_M,
    ORDER_ACTIVE,
    PATH_X,
    PATH_Y,
    SENSE_CLOSING,
    SENSE_GAP,
    SENSE_PSI,
    SENSE_V,
    SENSE_X,
    SENSE_Y,
    Array,
    Bits,
)
from vehicle.pilot.path import nearest
from vehicle.pilot.turn import pilot_turn

# --- truth along the vehicle's way ---
(
    TRUTH_PATH,
    TRUTH_S,
    TRUTH_FRONT,
    TRUTH_LENGTH,
    TRUTH_END,
    TRUTH_NEXT_FRONT,
    TRUTH_NEXT_REAR,
    TRUTH_ALIVE,
    TRUTH_BEYOND,
    TRUTH_LOCKED,
) = range(10)
TRUTH_COLUMNS: Final = 10

RADAR_RANGE_M: Final = 60.0  # twice what a loaded truck needs to stop from 25 km/h
RADAR_STRIDE: Final = 4
RADAR_NEAR_M: Final = 6.0  # more than half a stride and the width that counts as ahead
RADAR_BESIDE_M: Final = 2.0
STANDING_MPS: Final = 0.02
BODY_BRAKE_MPS2: Final = 4.0  # what the guard assumes of an emergency brake
EVENTS_MAX: Final = 512

# --- event kinds in the buffer: (row, kind, device or other row) ---
EVENT_FRONT: Final = 0
EVENT_REAR: Final = 1
EVENT_OVERLAP: Final = 2
EVENT_BEYOND: Final = 3


@kernel
def rear_ends(feet: Array, rears: Array) -> None:
    """Middle of every vehicle's rear edge, map frame, metres."""
    for j in range(feet.shape[0]):
        part = 1 if feet[j, 1, 3] > 0.0 else 0
        heading = feet[j, part, 2]
        rears[j, 0] = feet[j, part, 0] - feet[j, part, 3] * math.cos(heading)
        rears[j, 1] = feet[j, part, 1] - feet[j, part, 3] * math.sin(heading)


@kernel
def look_ahead(path: Array, rows: int, s_front: float, x: float, y: float) -> float:
    """Where on the path in radar range a point lies, to two strides, metres; -1 if it is not near
    it.
    """
    first = max(0, int(s_front) - 5)
    last = min(rows - 1, int(s_front + RADAR_RANGE_M))
    best = RADAR_NEAR_M * RADAR_NEAR_M
    found = -1.0
    for row in range(first, last + 1, RADAR_STRIDE):
        dx = path[row, PATH_X] - x
        dy = path[row, PATH_Y] - y
        square = dx * dx + dy * dy
        if square < best:
            best = square
            found = path[row, 0]
    return found


@kernel
def gap_ahead(
    i: int, state: Array, truth: Array, rears: Array, path: Array, rows: int
) -> tuple[float, int]:
    """Distance from the front of row i to the nearest rear ahead on its own path, metres, and
    whose.

    Bumper to bumper along the path; NO_GAP_M and -1 if nothing is in range.
    """
    best = NO_GAP_M
    other = -1
    s_front = truth[i, TRUTH_S] + truth[i, TRUTH_FRONT]
    reach = RADAR_RANGE_M + truth[i, TRUTH_FRONT]
    for j in range(state.shape[0]):
        dx = rears[j, 0] - state[i, X]
        dy = rears[j, 1] - state[i, Y]
        if j == i or dx * dx + dy * dy > reach * reach:
            continue
        around = look_ahead(path, rows, s_front, rears[j, 0], rears[j, 1])
        if around < 0.0:
            continue
        s, left = nearest(path, rows, around, rears[j, 0], rears[j, 1], 5, 5)
        if abs(left) > RADAR_BESIDE_M or s <= s_front - 5.0:
            continue
        gap = s - s_front
        if gap < best:
            best = gap
            other = j
    return best, other


@kernel
def sense(
    state: Array,
    truth: Array,
    rears: Array,
    paths: Array,
    rows: Bits,
    sensors: Array,
    order: Array,
) -> None:
    """What each moving or ordered vehicle's sensors read: pose, speed, radar."""
    for i in range(state.shape[0]):
        sensors[i, SENSE_X] = state[i, X]
        sensors[i, SENSE_Y] = state[i, Y]
        sensors[i, SENSE_PSI] = state[i, PSI]
        sensors[i, SENSE_V] = state[i, V]
        sensors[i, SENSE_GAP] = NO_GAP_M
        sensors[i, SENSE_CLOSING] = 0.0
        p = int(truth[i, TRUTH_PATH])
        if order[i, ORDER_ACTIVE] == 0.0 or p < 0:
            continue
        gap, other = gap_ahead(i, state, truth, rears, paths[p], rows[p])
        if other >= 0:
            sensors[i, SENSE_GAP] = gap
            sensors[i, SENSE_CLOSING] = state[i, V] - state[other, V]


@kernel
def body(truth: Array, sensors: Array, command: Array) -> None:
    """The body's own last word: without a pilot, or under a personnel lock, it brakes and parks.

    Hard, for nobody steers: what it rolls on it rolls beside its path.
    """
    for i in range(truth.shape[0]):
        if truth[i, TRUTH_ALIVE] == 0.0:
            command[i, COMMAND_ACCEL] = -BODY_BRAKE_MPS2
            command[i, COMMAND_EMERGENCY] = 1.0
            command[i, COMMAND_PARK] = 1.0 if sensors[i, SENSE_V] <= STANDING_MPS else 0.0


@kernel
def pass_devices(
    i: int, truth: Array, places: Array, ids: Bits, count: int, events: Bits, used: int
) -> int:
    """Devices that the front or rear of row i has just passed on its way; returns events used."""
    front = truth[i, TRUTH_S] + truth[i, TRUTH_FRONT]
    rear = front - truth[i, TRUTH_LENGTH]
    k = int(truth[i, TRUTH_NEXT_FRONT])
    while k < count and places[k] <= front and used < EVENTS_MAX:
        events[used, 0] = i
        events[used, 1] = EVENT_FRONT
        events[used, 2] = ids[k]
        used += 1
        k += 1
    truth[i, TRUTH_NEXT_FRONT] = k
    k = int(truth[i, TRUTH_NEXT_REAR])
    while k < count and places[k] <= rear and used < EVENTS_MAX:
        events[used, 0] = i
        events[used, 1] = EVENT_REAR
        events[used, 2] = ids[k]
        used += 1
        k += 1
    truth[i, TRUTH_NEXT_REAR] = k
    return used


@kernel
def apart(a: Array, b: Array) -> bool:
    """Whether two oriented rectangles (F_* columns) do not overlap, by separating axes."""
    if a[3] <= 0.0 or b[3] <= 0.0:
        return True
    dx = b[0] - a[0]
    dy = b[1] - a[1]
    for k in range(4):
        heading = a[2] if k < 2 else b[2]
        if k % 2 == 1:
            heading += 0.5 * math.pi
        ux = math.cos(heading)
        uy = math.sin(heading)
        reach = 0.0
        reach += a[3] * abs(math.cos(a[2]) * ux + math.sin(a[2]) * uy)
        reach += a[4] * abs(-math.sin(a[2]) * ux + math.cos(a[2]) * uy)
        reach += b[3] * abs(math.cos(b[2]) * ux + math.sin(b[2]) * uy)
        reach += b[4] * abs(-math.sin(b[2]) * ux + math.cos(b[2]) * uy)
        if abs(dx * ux + dy * uy) > reach:
            return True
    return False


@kernel
def check_overlaps(feet: Array, moving: Bits, events: Bits, used: int) -> int:
    """I1: footprints of different vehicles never overlap. Pairs of which one moved in this step."""
    n = feet.shape[0]
    for i in range(n):
        if moving[i] == 0:
            continue
        for j in range(n):
            if j == i or (j < i and moving[j] == 1):
                continue
            dx = feet[i, 0, 0] - feet[j, 0, 0]
            dy = feet[i, 0, 1] - feet[j, 0, 1]
            if dx * dx + dy * dy > 2500.0:
                continue
            hit = False
            for p in range(2):
                for q in range(2):
                    if not apart(feet[i, p], feet[j, q]):
                        hit = True
            if hit and used < EVENTS_MAX:
                events[used, 0] = i
                events[used, 1] = EVENT_OVERLAP
                events[used, 2] = j
                used += 1
    return used


@kernel
def track(state: Array, truth: Array, paths: Array, rows: Bits, i: int) -> None:
    """Where row i truly is along its way."""
    p = int(truth[i, TRUTH_PATH])
    if p >= 0:
        s, _ = nearest(paths[p], rows[p], truth[i, TRUTH_S], state[i, X], state[i, Y], 3, 8)
        truth[i, TRUTH_S] = s


@kernel
def physical_step(
    dt_s: float,
    state: Array,
    params: Array,
    road: Array,
    memory: Array,
    feet: Array,
    sensors: Array,
    command: Array,
    truth: Array,
    paths: Array,
    rows: Bits,
    places: Array,
    place_ids: Bits,
    place_counts: Bits,
    moving: Bits,
    events: Bits,
) -> int:
    """One step of everything that is not on board: body, plant, devices, checks. Returns events
    used.
    """
    body(truth, sensors, command)
    plant_step(state, command, params, road, memory, dt_s)
    used = 0
    any_moving = False
    for i in range(state.shape[0]):
        moving[i] = 1 if state[i, V] > 0.0 else 0
        if moving[i] == 0:
            continue
        any_moving = True
        p = int(truth[i, TRUTH_PATH])
        if p < 0:
            continue
        track(state, truth, paths, rows, i)
        used = pass_devices(i, truth, places[p], place_ids[p], place_counts[p], events, used)
        front = truth[i, TRUTH_S] + truth[i, TRUTH_FRONT]
        beyond = front > truth[i, TRUTH_END]
        if beyond and truth[i, TRUTH_BEYOND] == 0.0 and used < EVENTS_MAX:
            events[used, 0] = i
            events[used, 1] = EVENT_BEYOND
            events[used, 2] = int(1000.0 * (front - truth[i, TRUTH_END]))
            used += 1
        truth[i, TRUTH_BEYOND] = 1.0 if beyond else 0.0
    if any_moving:
        footprints(state, params, feet)
        used = check_overlaps(feet, moving, events, used)
    return used


@kernel
def fleet_steps(
    ticks: int,
    dt_s: float,
    state: Array,
    params: Array,
    road: Array,
    memory: Array,
    feet: Array,
    rears: Array,
    sensors: Array,
    order: Array,
    guard: Array,
    truck: Array,
    pilot: Array,
    watch: Array,
    command: Array,
    truth: Array,
    paths: Array,
    rows: Bits,
    places: Array,
    place_ids: Bits,
    place_counts: Bits,
    miles: Bits,
    moving: Bits,
    events: Bits,
) -> tuple[int, int]:
    """Step the whole fleet up to `ticks` times, on board and outside; stop after the step in which
    something happened. Returns (steps done, events in the buffer).
    """
    for tick in range(ticks):
        rear_ends(feet, rears)
        sense(state, truth, rears, paths, rows, sensors, order)
        pilot_turn(paths, rows, sensors, order, truck, pilot, command, miles)
        guard_turn(paths, rows, sensors, guard, truck, watch, command, miles)
        used = physical_step(
            dt_s,
            state,
            params,
            road,
            memory,
            feet,
            sensors,
            command,
            truth,
            paths,
            rows,
            places,
            place_ids,
            place_counts,
            moving,
            events,
        )
        happened = False
        for i in range(state.shape[0]):
            if miles[i] != 0:
                happened = True
        if happened or used > 0:
            return tick + 1, used
    return ticks, 0
