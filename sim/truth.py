"""The physical truth of the fleet: one compiled step for all of it.

One step: sense, hear, turn of pilot and guard, plant, devices, checks - each a kernel, row by row.
Agents never see these arrays; they get readings. Not here: what wakes whom (sim/fleet.py),
messages, the parts themselves (plant.py, sensors.py, radar.py, radio.py, checks.py).
"""

from contract.kernel import kernel
from sim.blocks import Blocks
from sim.checks import check_overlaps, pass_devices, track
from sim.footprints import footprints
from sim.plant import GRADE, V, plant_step
from sim.radar import GATHER_TICKS, gather, look, rear_ends
from sim.radio import hear, say
from sim.sensors import measure, radar_noise, read_markers
from sim.truth_columns import (
    BODY_BRAKE_MPS2,
    EVENT_BEYOND,
    EVENT_STOPPED,
    EVENTS_MAX,
    STANDING_MPS,
    TRUTH_ALIVE,
    TRUTH_BEYOND,
    TRUTH_END,
    TRUTH_FRONT,
    TRUTH_HUNG,
    TRUTH_PATH,
    TRUTH_S,
    TRUTH_STOOD,
)
from vehicle.pilot.columns import (
    COMMAND_ACCEL,
    COMMAND_COLUMNS,
    COMMAND_EMERGENCY,
    COMMAND_PARK,
    ORDER_ACTIVE,
    PATH_GRADE,
    Array,
)
from vehicle.pilot.pose import pose_row
from vehicle.pilot.pose_columns import POSE_NOT_KNOWN, POSE_STATE
from vehicle.pilot.turn import pilot_row, speak_row
from vehicle.watch.turn import guard_row


@kernel
def body(truth: Array, state: Array, command: Array) -> None:
    """The body's own last word: without a pilot, or under a personnel lock, it brakes and parks.

    Hard, for nobody steers: what it rolls on it rolls beside its path.
    """
    for i in range(truth.shape[0]):
        if truth[i, TRUTH_ALIVE] == 0.0:
            command[i, COMMAND_ACCEL] = -BODY_BRAKE_MPS2
            command[i, COMMAND_EMERGENCY] = 1.0
            command[i, COMMAND_PARK] = 1.0 if state[i, V] <= STANDING_MPS else 0.0


@kernel
def sense(f: Blocks, dt_s: float) -> None:
    """What the sensors of every vehicle say now, and what it has heard."""
    if f.ticks[0] % GATHER_TICKS == 0 or f.near_counts[0] < 0:
        gather(f.state, f.near, f.near_counts, f.close_counts)
    rear_ends(f.feet, f.rears)
    tick = f.ticks[0]
    look(
        f.state, f.truth, f.rears, f.near, f.near_counts, f.paths, f.rows, f.sensors, f.order,
        tick,
    )  # fmt: skip
    measure(
        f.state, f.params, f.road, f.faults, f.noise, f.sensors, f.sense_memory, tick, dt_s
    )  # fmt: skip
    read_markers(
        f.state, f.truth[:, TRUTH_PATH], f.truth[:, TRUTH_S], f.marks, f.mark_counts, f.faults,
        f.noise, f.sensors, f.sense_memory, tick,
    )  # fmt: skip
    radar_noise(f.sensors, f.faults, f.noise, f.sense_memory, tick)
    hear(f.truth, f.air, f.radio, f.chance, f.heard, f.ticks, dt_s)


@kernel
def hang_row(i: int, truth: Array, command: Array, kept: Array) -> None:
    """A pilot that hangs leaves its last command where it was, number and all."""
    if truth[i, TRUTH_HUNG] == 1.0:
        for k in range(COMMAND_COLUMNS):
            command[i, k] = kept[i, k]
    else:
        for k in range(COMMAND_COLUMNS):
            kept[i, k] = command[i, k]


@kernel
def on_board(f: Blocks, dt_s: float) -> None:
    """One turn of every vehicle computer: pose, pilot, guard, beacon."""
    for i in range(f.state.shape[0]):  # row by row: what one part has read the next finds near
        pose_row(i, f.sensors, f.truck, f.pose, dt_s)
        pilot_row(
            i, f.paths, f.rows, f.sensors, f.pose, f.heard, f.order, f.truck, f.gains, f.steering,
            f.spacing, f.pilot, f.command, f.miles,
        )  # fmt: skip
        hang_row(i, f.truth, f.command, f.kept)
        guard_row(
            i, f.paths, f.rows, f.sensors, f.guard, f.truck, f.watch, f.command, f.miles
        )  # fmt: skip
        speak_row(i, f.pose, f.heard, f.order, f.truck, f.pilot, f.command, f.said)


@kernel
def outside(f: Blocks, dt_s: float) -> int:
    """One step of everything that is not on board: body, radio, plant, devices, checks.

    Returns how many events are in the buffer.
    """
    body(f.truth, f.state, f.command)
    say(f.truth, f.said, f.air, f.ticks)
    plant_step(f.state, f.command, f.params, f.road, f.memory, dt_s)
    f.ticks[0] += 1
    used = 0
    any_moving = False
    for i in range(f.state.shape[0]):
        f.moving[i] = 1 if f.state[i, V] > 0.0 else 0
        stands = f.state[i, V] <= STANDING_MPS
        if stands and f.truth[i, TRUTH_STOOD] == 0.0 and used < EVENTS_MAX:
            f.events[used, 0] = i
            f.events[used, 1] = EVENT_STOPPED
            f.events[used, 2] = 0
            used += 1
        f.truth[i, TRUTH_STOOD] = 1.0 if stands else 0.0
        if f.moving[i] == 0:
            continue
        any_moving = True
        p = int(f.truth[i, TRUTH_PATH])
        if p < 0:
            continue
        track(f.state, f.truth, f.paths, f.rows, i)
        row = min(f.rows[p] - 1, max(0, int(f.truth[i, TRUTH_S])))
        f.road[i, GRADE] = f.paths[p, row, PATH_GRADE]
        used = pass_devices(
            i, f.truth, f.places[p], f.place_ids[p], f.place_counts[p], f.events, used
        )
        front = f.truth[i, TRUTH_S] + f.truth[i, TRUTH_FRONT]
        beyond = front > f.truth[i, TRUTH_END]
        if beyond and f.truth[i, TRUTH_BEYOND] == 0.0 and used < EVENTS_MAX:
            f.events[used, 0] = i
            f.events[used, 1] = EVENT_BEYOND
            f.events[used, 2] = int(1000.0 * (front - f.truth[i, TRUTH_END]))
            used += 1
        f.truth[i, TRUTH_BEYOND] = 1.0 if beyond else 0.0
    if any_moving:
        footprints(f.state, f.params, f.memory, f.feet)
        used = check_overlaps(f.feet, f.near, f.close_counts, f.moving, f.events, used)
    return used


@kernel
def resting(f: Blocks) -> bool:
    """True while nothing moves, everything is parked, and nobody is ordered or still to find out
    where it stands.
    """
    for i in range(f.state.shape[0]):
        if f.state[i, V] > 0.0 or f.command[i, COMMAND_PARK] == 0.0:
            return False
        lost = f.pose[i, POSE_STATE] == POSE_NOT_KNOWN and f.truth[i, TRUTH_ALIVE] == 1.0
        if lost or f.order[i, ORDER_ACTIVE] != 0.0:
            return False
    return True


@kernel
def fleet_steps(ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
    """Step the whole fleet up to `ticks` times, on board and outside; stop after the step in which
    something happened or everything has come to rest. Returns (steps done, events in the buffer).
    """
    for tick in range(ticks):
        sense(f, dt_s)
        on_board(f, dt_s)
        used = outside(f, dt_s)
        happened = False
        for i in range(f.state.shape[0]):
            if f.miles[i] != 0:
                happened = True
        if happened or used > 0 or resting(f):
            return tick + 1, used
    return ticks, 0


@kernel
def outside_steps(ticks: int, dt_s: float, f: Blocks) -> tuple[int, int]:
    """The same for vehicles whose computers are elsewhere: they obey what was commanded last."""
    for tick in range(ticks):
        used = outside(f, dt_s)
        if used > 0:
            return tick + 1, used
    return ticks, 0
