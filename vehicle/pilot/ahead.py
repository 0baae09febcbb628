"""The vehicle ahead: what radar and beacons say of it, and how far its word is trusted.

A steady Kalman filter on gap and closing speed, the age of the predecessor's word, the rung of the
ladder that follows (vehicle/pilot/spacing.py names the rungs), and the acceleration to expect of
it. Row i reads row i only; a row of zeros is new. Not here: what is done about it (spacing.py).
Source: docs/vehicle.md; Singer 1970; Ploeg et al. 2015 for the fall-back on an estimate.
"""

from typing import Final

import numpy as np

from contract.kernel import kernel
from vehicle.pilot.columns import (
    BEACON_A,
    BEACON_AGE,
    BEACON_SEQUENCE,
    BEACON_U,
    BEACON_V,
    ORDER_MEMBER,
    SENSE_CLOSING,
    SENSE_GAP,
    SENSE_RADAR,
    TRUCK_DRIVE_LAG,
    Array,
)

(
    SPACE_LEVEL,  # 0 to 4, as above: for people and tests
    SPACE_RUNG,  # 0 to 3: the ladder without level 4
    SPACE_U,  # m/s^2, what was asked of the truck last, u of Ploeg's law
    SPACE_HEADWAY,  # s, time gap in force; 0: nothing is followed
    SPACE_TARGET,  # m, gap wanted in force beyond the standstill gap
    SPACE_GOOD,  # s for which the quality has been above the rung
    SPACE_WORST,  # the lowest quality in that time
    SPACE_SEQUENCE,  # of the last beacon
    SPACE_SILENT,  # s since the sequence moved on
    SPACE_HELD,  # m/s^2, never positive: the last word of a beacon that has gone late
    SPACE_LATE,  # s since it went late
    SPACE_GAP,  # m, estimate
    SPACE_AHEAD_V,  # m/s, estimate of the vehicle ahead
    SPACE_AHEAD_A,  # m/s^2, same
    SPACE_AHEAD_BRAKE,  # m/s^2, how hard it may brake, positive
    SPACE_UNSEEN,  # s since the radar last saw it
    SPACE_OPENED,  # 1.0: the gap of rung 2 has been reached
    SPACE_STANDING,  # 1.0: stands behind a standing vehicle
    SPACE_HARD,  # 1.0: the wish needs the emergency brake; its own beacon raises the alarm
    SPACE_MRM,  # 1.0: begin a minimal-risk manoeuvre; stays until somebody writes 0.0
    SPACE_STOP,  # m/s^2, the brake of that manoeuvre, positive
    SPACE_LAG_AHEAD,  # s, drive lag of the vehicle ahead, from the roster; 0: as ours
    SPACE_MATCHED,  # m/s^2, filter of the lag compensation
    SPACE_SEEN,  # m, to the place where the radar saw it last
    SPACE_STAYS,  # 1.0: its alarm has outlasted the radar, it counts as standing there
) = range(25)
SPACE_COLUMNS: Final = 25

RANGE_M: Final = 200.0  # beyond it the radar's word does not count
FRESH_S: Final = 0.15  # beacon age of rung 0
LOST_S: Final = 0.5  # and of rung 1
TICKING_S: Final = 1e-3  # ages are sums of steps
UP_S: Final = 3.0  # better quality for so long before a rung up
HOLD_S: Final = 0.3  # a late brake word is held, then it fades
FADE_S: Final = 0.5
FADED_MPS2: Final = -0.02
ODD_MPS: Final = 2.0  # beacon and radar disagree: that is not the predecessor

# Steady Kalman filter, Singer model: acceleration fades in 1 s and strays by 0.5 m/s^2; every 50 ms
# a gap good to 0.2 m and a closing speed good to 0.1 m/s. test_spacing.py solves for these gains.
FROM_GAP: Final = (0.500, 0.245, 0.086)
FROM_SPEED: Final = (0.979, 7.000, 24.616)
SINGER_S: Final = 1.0
JUMP_M: Final = 2.0  # the gap is off by so much: another vehicle
COAST_S: Final = 1.0  # unseen by a radar that lives, before the road counts as free
DEAF_S: Final = 5.0  # without radar, on beacons alone
BLINK_S: Final = 0.3  # without either

FREE: Final = 0
TRACKED: Final = 1
BLIND: Final = 2


def new_spacing(n: int) -> Array:
    """State of n trucks that follow nothing yet, shape (n, SPACE_COLUMNS)."""
    return np.zeros((n, SPACE_COLUMNS))


@kernel
def heard(beacon: Array, order: Array, state: Array, dt_s: float, i: int) -> float:
    """Age of the predecessor's word, s: of its sample, or since its sequence moved on."""
    if beacon[i, BEACON_SEQUENCE] != state[i, SPACE_SEQUENCE]:
        state[i, SPACE_SEQUENCE] = beacon[i, BEACON_SEQUENCE]
        state[i, SPACE_SILENT] = 0.0
    else:
        state[i, SPACE_SILENT] += dt_s
    if order[i, ORDER_MEMBER] != 1.0:
        return 1.0e9
    return float(max(beacon[i, BEACON_AGE], state[i, SPACE_SILENT]) - TICKING_S)


@kernel
def corrected(
    guess: float, ahead_v: float, ahead_a: float, gap: float, measured: float, dt_s: float
) -> tuple[float, float, float]:
    """One step of the filter: (gap, speed, acceleration) of the vehicle ahead, m, m/s, m/s^2.

    guess   m, the gap foretold;  gap, measured   m, m/s, the gap and the speed ahead by the radar
    """
    off_m = (gap - guess) * dt_s
    off_v = (measured - ahead_v - ahead_a * dt_s) * dt_s
    gap = guess + FROM_GAP[0] * off_m + FROM_SPEED[0] * off_v
    ahead_v += ahead_a * dt_s + FROM_GAP[1] * off_m + FROM_SPEED[1] * off_v
    ahead_a += FROM_GAP[2] * off_m + FROM_SPEED[2] * off_v - ahead_a * dt_s / SINGER_S
    return gap, max(0.0, ahead_v), ahead_a


@kernel
def track(
    sensors: Array,
    beacon: Array,
    state: Array,
    age_s: float,
    v: float,
    a: float,
    alarm: bool,
    dt_s: float,
    i: int,
) -> int:
    """Keep the estimate of the vehicle ahead. FREE, TRACKED or BLIND.

    alarm   its word is an alarm: while the radar does not see it, it stands where it was seen last,
            and until the radar has seen free road for COAST_S after the last such word
    """
    gap = sensors[i, SENSE_GAP]
    alive = sensors[i, SENSE_RADAR] == 1.0
    seen = alive and gap < RANGE_M
    known = state[i, SPACE_HEADWAY] > 0.0
    ahead_v = state[i, SPACE_AHEAD_V]
    ahead_a = state[i, SPACE_AHEAD_A]
    guess = state[i, SPACE_GAP] + (ahead_v + 0.5 * ahead_a * dt_s - v + 0.5 * a * dt_s) * dt_s
    if seen:
        state[i, SPACE_UNSEEN] = state[i, SPACE_STAYS] = 0.0
        state[i, SPACE_SEEN] = gap
        measured = max(0.0, v - sensors[i, SENSE_CLOSING])
        if not known or abs(gap - guess) > JUMP_M:
            state[i, SPACE_GAP] = gap
            state[i, SPACE_AHEAD_V] = measured
            state[i, SPACE_AHEAD_A] = 0.0
            state[i, SPACE_HEADWAY] = 0.0
            return TRACKED
        state[i, SPACE_GAP], state[i, SPACE_AHEAD_V], state[i, SPACE_AHEAD_A] = corrected(
            guess, ahead_v, ahead_a, gap, measured, dt_s
        )
        return TRACKED
    state[i, SPACE_UNSEEN] += dt_s
    state[i, SPACE_SEEN] -= v * dt_s
    unseen_s = state[i, SPACE_UNSEEN]
    spoken = age_s <= LOST_S
    if not alive and unseen_s > (DEAF_S if spoken else BLINK_S):
        return BLIND
    if known and alive and alarm and (unseen_s > COAST_S or state[i, SPACE_STAYS] == 1.0):
        state[i, SPACE_UNSEEN] = dt_s
        state[i, SPACE_STAYS] = 1.0
    elif not known or (alive and unseen_s > COAST_S):
        state[i, SPACE_STAYS] = 0.0
        return FREE
    if state[i, SPACE_STAYS] == 1.0:
        state[i, SPACE_GAP] = max(0.0, state[i, SPACE_SEEN])
        state[i, SPACE_AHEAD_V] = state[i, SPACE_AHEAD_A] = 0.0
        return TRACKED
    state[i, SPACE_GAP] = guess
    state[i, SPACE_AHEAD_V] = max(0.0, ahead_v + ahead_a * dt_s)
    if spoken:
        state[i, SPACE_AHEAD_V] = max(0.0, beacon[i, BEACON_V] + beacon[i, BEACON_A] * age_s)
        state[i, SPACE_AHEAD_A] = beacon[i, BEACON_A]
    return TRACKED


@kernel
def climb(beacon: Array, state: Array, age_s: float, dt_s: float, i: int) -> int:
    """The rung of the ladder: down at once, up after UP_S of better quality."""
    said = max(0.0, beacon[i, BEACON_V] + beacon[i, BEACON_A] * min(age_s, LOST_S))
    quality = 2
    if age_s <= LOST_S and abs(said - state[i, SPACE_AHEAD_V]) <= ODD_MPS:
        quality = 0 if age_s <= FRESH_S and state[i, SPACE_UNSEEN] == 0.0 else 1
    rung = min(2, int(state[i, SPACE_RUNG]))
    if quality >= rung:
        state[i, SPACE_GOOD] = 0.0
        if quality > rung:
            state[i, SPACE_OPENED] = 0.0
            rung = quality
    else:
        state[i, SPACE_WORST] = max(state[i, SPACE_WORST], float(quality))
        if state[i, SPACE_GOOD] == 0.0:
            state[i, SPACE_WORST] = quality
        state[i, SPACE_GOOD] += dt_s
        if state[i, SPACE_GOOD] >= UP_S:
            state[i, SPACE_GOOD] = 0.0
            rung = int(state[i, SPACE_WORST])
    state[i, SPACE_RUNG] = rung
    return rung


@kernel
def fed(beacon: Array, truck: Array, state: Array, rung: int, dt_s: float, i: int) -> float:
    """What the vehicle ahead is about to do, m/s^2: its word, else our estimate of it.

    Words that come late but steadily still lead the radar; when they stop coming, the last one is
    held only if it was to brake, beside the estimate. Where the lag ahead is known and not ours,
    the word passes through (our lag s + 1) / (its lag s + 1).
    """
    if rung == 0 or (rung == 1 and state[i, SPACE_SILENT] <= FRESH_S):
        said = beacon[i, BEACON_U]
        state[i, SPACE_HELD] = min(0.0, said)
        state[i, SPACE_LATE] = 0.0
        lag_s = state[i, SPACE_LAG_AHEAD]
        if lag_s <= 0.0:
            state[i, SPACE_MATCHED] = said
            return float(said)
        state[i, SPACE_MATCHED] += (said - state[i, SPACE_MATCHED]) * dt_s / (lag_s + 0.5 * dt_s)
        ratio = min(2.0, truck[i, TRUCK_DRIVE_LAG] / lag_s)
        return float(state[i, SPACE_MATCHED] * (1.0 - ratio) + said * ratio)
    state[i, SPACE_LATE] += dt_s
    if state[i, SPACE_LATE] > HOLD_S:
        state[i, SPACE_HELD] *= 1.0 - dt_s / (FADE_S + 0.5 * dt_s)
    if state[i, SPACE_HELD] > FADED_MPS2:
        state[i, SPACE_HELD] = 0.0
        return float(state[i, SPACE_AHEAD_A])
    return float(min(state[i, SPACE_AHEAD_A], state[i, SPACE_HELD]))
