"""Sensors: what a truck's instruments make of the truth, with noise, faults and ground markers.

In: the plant's state, the road, a block of faults, normals drawn beforehand. Out: SENSE_* columns.
Satellites at 10 Hz, each truck in its own phase; everything else every tick. A quiet fault block is
all zeros; a drift adds up while it is set and is gone when it is cleared.
Not here: what radar sees (sim/truth.py), what the truck makes of it all (vehicle/pilot/pose.py).
Sources beside the numbers; docs/vehicle.md sections 4.2 (faults) and 4.3 (drift of wheel and gyro).
"""

import math
from typing import Final

import numpy as np

from contract.kernel import kernel
from sim.plant import HITCH, MU, PSI, A, V, X, Y
from sim.plant_params import GRAVITY_MPS2, KIND_ARTICULATED, P_KIND, Array
from vehicle.pilot.columns import (
    FIX_DIFFERENTIAL,
    FIX_NONE,
    FIX_RTK_FIXED,
    FIX_RTK_FLOAT,
    NO_GAP_M,
    SENSE_CLOSING,
    SENSE_COUPLED,
    SENSE_FIX,
    SENSE_FIX_NEW,
    SENSE_GAP,
    SENSE_GYRO,
    SENSE_HITCH,
    SENSE_MARK,
    SENSE_MARK_AHEAD,
    SENSE_MARK_LEFT,
    SENSE_MARK_X,
    SENSE_MARK_Y,
    SENSE_PSI,
    SENSE_RADAR,
    SENSE_V,
    SENSE_X,
    SENSE_Y,
    Bits,
)

# --- faults: what the scenario sets, and clears by writing zero ---
(
    FAULT_STEP_X,  # m, position off by a constant
    FAULT_STEP_Y,
    FAULT_DRIFT_X,  # m/s, position drags away while set: one receiver's ramp, or a spoofer's
    FAULT_DRIFT_Y,
    FAULT_HEADING,  # rad, heading of the two antennas off by a constant
    FAULT_FROZEN,  # 1.0: the last position again and again, freshly stamped
    FAULT_OUTAGE,  # 1.0: no fix at all
    FAULT_FIX,  # 0: as it is; FIX_*: the quality that the receiver really has
    FAULT_FLAG,  # 1.0: and calls it RTK fixed all the same
    FAULT_NOISE,  # m, multipath: white noise on top, sigma of each axis
    FAULT_LATENCY_S,  # s, position and heading are that old; at most LATENCY_MAX_S
    FAULT_WHEEL_SCALE,  # share that the wheel reads too much
    FAULT_WHEEL_STUCK,  # 1.0: wheel speed stays what it was
    FAULT_GYRO_BIAS,  # rad/s
    FAULT_HITCH,  # rad, hitch angle off by a constant
    FAULT_HITCH_STUCK,  # 1.0: hitch angle stays what it was
    FAULT_UNCOUPLED,  # 1.0: the fifth wheel reports open
    FAULT_MARK_MISSING,  # 1.0: no marker is read
    FAULT_MARK_X,  # m, markers lie that far from where the map has them
    FAULT_MARK_Y,
    FAULT_RADAR_DEAD,  # 1.0: says so
    FAULT_RADAR_FROZEN,  # 1.0: the last gap again and again
    FAULT_RADAR_OFFSET,  # m, on the gap
) = range(23)
FAULT_COLUMNS: Final = 23

# --- noise: standard normals, (ticks, n, NOISE_COLUMNS): what one tick reads lies together ---
(
    NOISE_X,  # satellites, white
    NOISE_Y,
    NOISE_PSI,
    NOISE_SLOW_X,  # satellites, what drives the slow part
    NOISE_SLOW_Y,
    NOISE_SLOW_PSI,
    NOISE_WHEEL,
    NOISE_GYRO,
    NOISE_HITCH,
    NOISE_MARK_AHEAD,
    NOISE_MARK_LEFT,
    NOISE_GAP,
    NOISE_CLOSING,
) = range(13)
NOISE_COLUMNS: Final = 13

# --- memory: traits that stay, then what one tick leaves to the next ---
(
    KEPT_SCALE,  # share that this truck's wheels read too much
    KEPT_BIAS,  # rad/s that its gyro reads too much
    KEPT_PHASE,  # 0 or 1: in which of two ticks its satellites come
    KEPT_PSI,  # rad, true heading a tick ago
    KEPT_SLOW_X,  # slow part of the satellites' noise, in sigmas
    KEPT_SLOW_Y,
    KEPT_SLOW_PSI,
    KEPT_DRIFT_X,  # m, what the drift has come to
    KEPT_DRIFT_Y,
    KEPT_PATH,  # way whose markers count, and the next one on it
    KEPT_MARK,
    KEPT_GAP,  # m, the radar's last word
    KEPT_CLOSING,  # m/s
    KEPT_EPOCH,  # epochs measured so far
    KEPT_RING,  # true positions and headings of the last epochs
) = range(15)
RING_EPOCHS: Final = 16
MEMORY_COLUMNS: Final = KEPT_RING + 3 * RING_EPOCHS

# --- markers on a way, in order: (ways, most, MARK_COLUMNS) ---
MARK_S, MARK_X, MARK_Y = range(3)
MARK_COLUMNS: Final = 3

# Satellites. 1.5 cm and 0.1 degrees in all (docs/vehicle.md 4.1); a part stays for a minute.
EPOCH_TICKS: Final = 2
EPOCH_S: Final = 0.1
SLOW_S: Final = 60.0
SLOW_KEEP: Final = math.exp(-EPOCH_S / SLOW_S)
SLOW_NEW: Final = math.sqrt(1.0 - SLOW_KEEP * SLOW_KEEP)
RTK_SLOW_M: Final = 0.010
RTK_WHITE_M: Final = 0.011
FLOAT_M: Final = 0.4  # docs/vehicle.md 4.1, as the next two
DIFFERENTIAL_M: Final = 0.8
SINGLE_M: Final = 2.5
SLOW_SHARE: Final = 0.9  # of the sigma where the fix is not RTK fixed
WHITE_SHARE: Final = 0.436
HEADING_SLOW_RAD: Final = math.radians(0.04)
HEADING_WHITE_RAD: Final = math.radians(0.09)
LATENCY_MAX_S: Final = EPOCH_S * (RING_EPOCHS - 1)

# Wheels, gyro, hitch, marker reader, radar.
SCALE_SIGMA: Final = 0.003  # docs/vehicle.md 4.3
BIAS_SIGMA_RADPS: Final = math.radians(0.02)  # same
WHEEL_MPS: Final = 0.01
WHEEL_STEP_MPS: Final = 1.0 / 256.0 / 3.6  # J1939-71: wheel speed in 1/256 km/h
PER_WHEEL_STEP: Final = 1.0 / WHEEL_STEP_MPS
SLIP_AT_LIMIT: Final = 0.05  # at the friction limit; below it as the square of the use
GYRO_RADPS: Final = math.radians(0.05)
HITCH_RAD: Final = math.radians(0.2)
MARK_M: Final = 0.02
MARK_REACH_M: Final = 1.0  # to either side of the reader
RADAR_M: Final = 0.05
RADAR_MPS: Final = 0.05


def noise_block(rng: np.random.Generator, n_ticks: int) -> Array:
    """Noise of one vehicle, (n_ticks, NOISE_COLUMNS): draw it from that vehicle's own stream."""
    return rng.standard_normal((n_ticks, NOISE_COLUMNS))


def traits(rng: np.random.Generator) -> Array:
    """What is wrong with one vehicle's instruments for good, as the first columns of its memory.

    Wheel scale, gyro bias, phase of its satellites; then the slow noise it begins with.
    """
    row = np.zeros(MEMORY_COLUMNS)
    row[KEPT_SCALE] = SCALE_SIGMA * rng.standard_normal()
    row[KEPT_BIAS] = BIAS_SIGMA_RADPS * rng.standard_normal()
    row[KEPT_PHASE] = rng.integers(EPOCH_TICKS)
    row[KEPT_SLOW_X : KEPT_SLOW_PSI + 1] = rng.standard_normal(3)
    return row


def new_memory(state: Array, rows: list[Array]) -> Array:
    """Memory of a fleet that stands where `state` has it, (n, MEMORY_COLUMNS), from its traits."""
    memory = np.array(rows).reshape(len(state), MEMORY_COLUMNS)
    memory[:, KEPT_PSI] = state[:, PSI]
    memory[:, KEPT_PATH] = -1.0
    return memory


@kernel
def _fix(i: int, state: Array, faults: Array, memory: Array) -> tuple[float, float, float]:
    """True position and heading of row i as old as its receiver has them; keeps today's."""
    epoch = int(memory[i, KEPT_EPOCH])
    at = KEPT_RING + 3 * (epoch % RING_EPOCHS)
    memory[i, at] = state[i, X]
    memory[i, at + 1] = state[i, Y]
    memory[i, at + 2] = state[i, PSI]
    memory[i, KEPT_EPOCH] = epoch + 1.0
    if faults[i, FAULT_LATENCY_S] <= 0.0:
        return state[i, X], state[i, Y], state[i, PSI]
    late = int(min(faults[i, FAULT_LATENCY_S], LATENCY_MAX_S) / EPOCH_S + 0.5)
    at = KEPT_RING + 3 * (max(0, epoch - late) % RING_EPOCHS)
    return memory[i, at], memory[i, at + 1], memory[i, at + 2]


@kernel
def _sigmas(fix: float) -> tuple[float, float]:
    """Slow and white part of the noise of a position of this quality, metres."""
    if fix == FIX_RTK_FIXED:
        return RTK_SLOW_M, RTK_WHITE_M
    sigma = SINGLE_M
    if fix == FIX_RTK_FLOAT:
        sigma = FLOAT_M
    elif fix == FIX_DIFFERENTIAL:
        sigma = DIFFERENTIAL_M
    return SLOW_SHARE * sigma, WHITE_SHARE * sigma


@kernel
def _satellites(
    i: int, state: Array, faults: Array, noise: Array, sensors: Array, memory: Array, at: int
) -> None:
    """One epoch of row i: position, heading and quality, or none. `at`   the tick in the noise."""
    for k in range(3):
        slow = memory[i, KEPT_SLOW_X + k]
        memory[i, KEPT_SLOW_X + k] = SLOW_KEEP * slow + SLOW_NEW * noise[at, i, NOISE_SLOW_X + k]
    for k in range(2):
        rate = faults[i, FAULT_DRIFT_X + k]
        if faults[i, FAULT_DRIFT_X] == 0.0 and faults[i, FAULT_DRIFT_Y] == 0.0:
            memory[i, KEPT_DRIFT_X + k] = 0.0
        else:
            memory[i, KEPT_DRIFT_X + k] += rate * EPOCH_S
    x, y, psi = _fix(i, state, faults, memory)
    if faults[i, FAULT_OUTAGE] != 0.0:
        sensors[i, SENSE_FIX] = FIX_NONE
        return
    fix = faults[i, FAULT_FIX]
    if fix == 0.0:
        fix = FIX_RTK_FIXED
    sensors[i, SENSE_FIX] = FIX_RTK_FIXED if faults[i, FAULT_FLAG] != 0.0 else fix
    sensors[i, SENSE_FIX_NEW] = 1.0
    if faults[i, FAULT_FROZEN] != 0.0:
        return
    slow, white = _sigmas(fix)
    extra = faults[i, FAULT_NOISE]
    if extra > 0.0:
        white = math.sqrt(white * white + extra * extra)
    x += slow * memory[i, KEPT_SLOW_X] + white * noise[at, i, NOISE_X]
    y += slow * memory[i, KEPT_SLOW_Y] + white * noise[at, i, NOISE_Y]
    psi += HEADING_SLOW_RAD * memory[i, KEPT_SLOW_PSI] + HEADING_WHITE_RAD * noise[at, i, NOISE_PSI]
    sensors[i, SENSE_X] = x + faults[i, FAULT_STEP_X] + memory[i, KEPT_DRIFT_X]
    sensors[i, SENSE_Y] = y + faults[i, FAULT_STEP_Y] + memory[i, KEPT_DRIFT_Y]
    sensors[i, SENSE_PSI] = psi + faults[i, FAULT_HEADING]


@kernel
def _wheel(v_mps: float, accel_mps2: float, mu: float, scale: float, normal: float) -> float:
    """Speed by the wheels, m/s: a braked wheel turns slower than the truck goes, a driven one
    faster; a wheel that stands says so.
    """
    if v_mps <= 0.0:
        return 0.0
    grip = max(mu, 0.01) * GRAVITY_MPS2
    use = abs(accel_mps2) / grip if abs(accel_mps2) < grip else 1.0
    slip = math.copysign(SLIP_AT_LIMIT * use * use, accel_mps2)
    read = v_mps * (1.0 + slip) * (1.0 + scale) + WHEEL_MPS * normal
    return max(0.0, WHEEL_STEP_MPS * math.floor(read * PER_WHEEL_STEP + 0.5))


@kernel
def _marker(
    i: int,
    state: Array,
    x_m: float,
    y_m: float,
    faults: Array,
    noise: Array,
    sensors: Array,
    at: int,
) -> None:
    """Row i rolls over a marker that the map has at x_m, y_m: it sees it, or not."""
    x = x_m + faults[i, FAULT_MARK_X] - state[i, X]
    y = y_m + faults[i, FAULT_MARK_Y] - state[i, Y]
    cos, sin = math.cos(state[i, PSI]), math.sin(state[i, PSI])
    ahead = cos * x + sin * y
    left = cos * y - sin * x
    if faults[i, FAULT_MARK_MISSING] != 0.0 or abs(left) > MARK_REACH_M:
        return
    sensors[i, SENSE_MARK] = 1.0
    sensors[i, SENSE_MARK_X] = x_m
    sensors[i, SENSE_MARK_Y] = y_m
    sensors[i, SENSE_MARK_AHEAD] = ahead + MARK_M * noise[at, i, NOISE_MARK_AHEAD]
    sensors[i, SENSE_MARK_LEFT] = left + MARK_M * noise[at, i, NOISE_MARK_LEFT]


@kernel
def read_markers(
    state: Array,
    way: Array,
    along_m: Array,
    marks: Array,
    counts: Bits,
    faults: Array,
    noise: Array,
    sensors: Array,
    memory: Array,
    tick: int,
) -> None:
    """Ground markers that the reference point has passed since the last tick, the last of them.

    way, along_m   (n,) number of the way, -1: none, and arc length of the reference point on it
    marks   (ways, most, MARK_COLUMNS) in order of s;  counts   (ways,) of them in use
    """
    at = tick % noise.shape[0]
    for i in range(state.shape[0]):
        sensors[i, SENSE_MARK] = 0.0
        w = int(way[i])
        if w < 0 or counts[w] == 0:
            memory[i, KEPT_PATH] = -1.0
            continue
        k = int(memory[i, KEPT_MARK])
        if memory[i, KEPT_PATH] != way[i]:
            memory[i, KEPT_PATH] = way[i]
            k = 0
            while k < counts[w] and marks[w, k, MARK_S] < along_m[i]:
                k += 1
        while k < counts[w] and marks[w, k, MARK_S] <= along_m[i]:
            x_m, y_m = marks[w, k, MARK_X], marks[w, k, MARK_Y]
            _marker(i, state, x_m, y_m, faults, noise, sensors, at)
            k += 1
        memory[i, KEPT_MARK] = k


@kernel
def measure(
    state: Array,
    params: Array,
    road: Array,
    faults: Array,
    noise: Array,
    sensors: Array,
    memory: Array,
    tick: int,
    dt_s: float,
) -> None:
    """Every truck's own instruments, into sensors; not radar, not markers.

    noise   (ticks, n, NOISE_COLUMNS), read at tick modulo ticks;  memory   of `new_memory`
    """
    at, per_s = tick % noise.shape[0], 1.0 / dt_s
    for i in range(state.shape[0]):
        sensors[i, SENSE_FIX_NEW] = 0.0
        if tick % EPOCH_TICKS == int(memory[i, KEPT_PHASE]):
            _satellites(i, state, faults, noise, sensors, memory, at)
        if faults[i, FAULT_WHEEL_STUCK] == 0.0:
            scale = memory[i, KEPT_SCALE] + faults[i, FAULT_WHEEL_SCALE]
            normal = noise[at, i, NOISE_WHEEL]
            sensors[i, SENSE_V] = _wheel(state[i, V], state[i, A], road[i, MU], scale, normal)
        rate = (state[i, PSI] - memory[i, KEPT_PSI]) * per_s + GYRO_RADPS * noise[at, i, NOISE_GYRO]
        sensors[i, SENSE_GYRO] = rate + memory[i, KEPT_BIAS] + faults[i, FAULT_GYRO_BIAS]
        memory[i, KEPT_PSI] = state[i, PSI]
        if params[i, P_KIND] != KIND_ARTICULATED:
            sensors[i, SENSE_HITCH] = sensors[i, SENSE_COUPLED] = 0.0
            continue
        if faults[i, FAULT_HITCH_STUCK] == 0.0:
            hitch = state[i, HITCH] + faults[i, FAULT_HITCH]
            sensors[i, SENSE_HITCH] = hitch + HITCH_RAD * noise[at, i, NOISE_HITCH]
        sensors[i, SENSE_COUPLED] = 0.0 if faults[i, FAULT_UNCOUPLED] != 0.0 else 1.0


@kernel
def radar_noise(sensors: Array, faults: Array, noise: Array, memory: Array, tick: int) -> None:
    """Make of the true gap and closing speed in sensors what the radar would say."""
    at = tick % noise.shape[0]
    for i in range(sensors.shape[0]):
        sensors[i, SENSE_RADAR] = 1.0
        if faults[i, FAULT_RADAR_DEAD] != 0.0:
            sensors[i, SENSE_RADAR] = 0.0
            sensors[i, SENSE_GAP] = NO_GAP_M
            sensors[i, SENSE_CLOSING] = 0.0
        elif faults[i, FAULT_RADAR_FROZEN] != 0.0:
            sensors[i, SENSE_GAP] = memory[i, KEPT_GAP]
            sensors[i, SENSE_CLOSING] = memory[i, KEPT_CLOSING]
        else:
            if sensors[i, SENSE_GAP] < NO_GAP_M:
                gap = sensors[i, SENSE_GAP] + faults[i, FAULT_RADAR_OFFSET]
                sensors[i, SENSE_GAP] = max(0.0, gap + RADAR_M * noise[at, i, NOISE_GAP])
                sensors[i, SENSE_CLOSING] += RADAR_MPS * noise[at, i, NOISE_CLOSING]
            memory[i, KEPT_GAP] = sensors[i, SENSE_GAP]
            memory[i, KEPT_CLOSING] = sensors[i, SENSE_CLOSING]
