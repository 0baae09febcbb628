"""Spacing: the acceleration that the vehicle ahead allows, 20 Hz, and how much to trust its word.

A ladder. 0: beacons fresh, Ploeg's law with the commanded acceleration from the beacon. 1: beacons
late, the same law on the radar's own estimate, at 1.5 s. 2: no word or no member, constant time
gap, 2.0 s; the gap is opened first. 3: neither word nor radar, stop in lane. 4, over all: brake at
once, for an alarm ahead, a gap below the safe one, or a need beyond the service brake.
A slow or standing vehicle ahead has a law of its own. Row i reads row i only.
Not here: limits and end of order (turn.py), the guard's own judgement of the gap (guard.py), who
writes beacons, how the gap and the brake needed are reckoned (gaps.py).
Source: docs/vehicle.md; Ploeg et al. 2011 and 2015; Rajamani 6.18; RSS for the safe gap.
"""

import math
from typing import Final

from contract.kernel import kernel
from vehicle.pilot.ahead import (
    BLIND,
    FREE,
    LOST_S,
    SPACE_AHEAD_A,
    SPACE_AHEAD_BRAKE,
    SPACE_AHEAD_V,
    SPACE_GAP,
    SPACE_GOOD,
    SPACE_HARD,
    SPACE_HEADWAY,
    SPACE_HELD,
    SPACE_LEVEL,
    SPACE_MRM,
    SPACE_OPENED,
    SPACE_RUNG,
    SPACE_STANDING,
    SPACE_TARGET,
    SPACE_U,
    SPACE_UNSEEN,
    climb,
    fed,
    heard,
    track,
)
from vehicle.pilot.columns import (
    BEACON_A,
    BEACON_ALARM,
    BEACON_BRAKE,
    BEACON_U,
    ORDER_HEADWAY,
    ORDER_MEMBER,
    ORDER_STANDSTILL,
    SENSE_CLOSING,
    SENSE_GAP,
    TRUCK_ACCEL_MAX,
    TRUCK_BRAKE_SERVICE,
    TRUCK_DELAY,
    TRUCK_DRIVEN,
    TRUCK_JERK,
    Array,
)
from vehicle.pilot.gaps import GRAVITY_MPS2, after, assured_brake, brake_needed, safe_gap

FREE_MPS2: Final = 1.0e3  # wish with nothing ahead

KP: Final = 0.2  # 1/s^2, Ploeg
KD: Final = 0.7  # 1/s
LAMBDA: Final = 0.1  # 1/s, constant time gap
HEADWAYS_S: Final = (0.0, 1.5, 2.0, 2.0)  # by rung, at least
RHO_S: Final = (0.25, 0.6, 0.7, 0.7)  # s until we answer a brake ahead, by rung
OPENING_MPS: Final = 0.5  # speed difference while a gap opens or closes
ERROR_M_MAX: Final = 10.0  # of the gap in Ploeg's law: closes in at 2.9 m/s at most
SPARE_M: Final = 1.0  # gap wanted beyond the safe one
LEAST_M: Final = 0.5  # safe gap at standstill
SLOW_MPS: Final = 2.0  # below it the time gap counts as at this speed

STAND_MPS: Final = 0.02
SETTLED_M: Final = 0.3  # a stop so close behind the standstill gap is one
START_M: Final = 0.6  # and this much room ends it
MOVING_MPS: Final = 0.2  # or the vehicle ahead at this speed
HOLD_MPS2: Final = 0.5
STOP_GAIN: Final = 1.0  # 1/s
STOP_SHARE: Final = 0.4  # of the service brake, on the way to a standing vehicle
STOP_FROM_MPS: Final = 2.0  # the stop law fades in from here
STOP_FULL_MPS: Final = 1.0  # to here, by the speed ahead

COMFORT_MPS2: Final = 1.0  # stop in lane
HARD_M: Final = 1.5  # gap that hard braking keeps
HARD_SHARE: Final = 0.5  # of the service brake: below this need hard braking ends
ENOUGH: Final = 1.05
BRAKE_MPS2_MAX: Final = 7.0  # of a stranger
ALARM_S: Final = 2.0  # an alarm counts for so long after the last word


@kernel
def _headway(
    order: Array, state: Array, rung: int, v: float, gap: float, brake: float, dt_s: float, i: int
) -> float:
    """Move the time gap in force towards the one of the rung; returns how fast it moves, 1.

    At least what the safe gap asks at this speed, so that a follower with weaker brakes keeps more.
    """
    moving = max(v, SLOW_MPS)
    standstill = order[i, ORDER_STANDSTILL]
    safe = safe_gap(v, v, RHO_S[rung], brake, state[i, SPACE_AHEAD_BRAKE])
    wanted = max(order[i, ORDER_HEADWAY], HEADWAYS_S[rung])
    wanted = max(wanted, (safe + LEAST_M + SPARE_M - standstill) / moving)
    now = state[i, SPACE_HEADWAY]
    if now <= 0.0:
        now = min(wanted, max((gap - standstill) / moving, 0.25, order[i, ORDER_HEADWAY]))
        state[i, SPACE_HEADWAY] = now
        state[i, SPACE_TARGET] = standstill + now * v
        return 0.0
    if rung < 2 and state[i, SPACE_GOOD] > 0.0:
        wanted = min(wanted, now)  # on the way up: it opens no further
    most = OPENING_MPS / moving
    rate = min(most, max(-most, (wanted - now) / dt_s))
    state[i, SPACE_HEADWAY] = now + rate * dt_s
    state[i, SPACE_TARGET] = standstill + state[i, SPACE_HEADWAY] * v
    if gap >= standstill + wanted * v - LEAST_M:
        state[i, SPACE_OPENED] = 1.0
    return float(rate)


@kernel
def _halting(
    state: Array,
    truck: Array,
    v: float,
    a: float,
    gap: float,
    standstill: float,
    expected: float,
    i: int,
) -> float:
    """Behind a slow or standing vehicle: come to rest at the standstill gap, m/s^2.

    Follows the curve v T + v^2 / 2 b = room + v_ahead^2 / 2 b, whose rest is the time gap T, as the
    truck will stand to it when a command given now takes hold; no harder than an even brake, the
    one ahead, or the brake of the curve.
    """
    delay_s = truck[i, TRUCK_DELAY]
    ahead_v = state[i, SPACE_AHEAD_V]
    own_v, own_m = after(v, 0.5 * (a + state[i, SPACE_U]), delay_s)
    front_v, front_m = after(ahead_v, expected, delay_s)
    room = gap - standstill + front_m - own_m
    brake = STOP_SHARE * truck[i, TRUCK_BRAKE_SERVICE]
    lag = brake * state[i, SPACE_HEADWAY]
    root = math.sqrt(lag * lag + front_v * front_v + 2.0 * brake * max(room, 0.0))
    pulled = front_v * expected if front_v > 0.0 else 0.0
    wish = (pulled + brake * (front_v - own_v)) / max(root, 0.01) + STOP_GAIN * (root - lag - own_v)
    even = brake_needed(v, a, ahead_v, expected, gap - standstill, delay_s)
    wish = max(wish, -max(even, brake, -expected))
    if gap - standstill < 0.5 * SETTLED_M and ahead_v < MOVING_MPS:
        wish = min(wish, -0.5 * HOLD_MPS2)
    return float(wish)


@kernel
def _take_up(state: Array, a: float, i: int) -> None:
    """Begin with a vehicle that was not there before: from what the truck does now, on rung 2."""
    state[i, SPACE_U] = a
    state[i, SPACE_RUNG] = 2.0
    state[i, SPACE_OPENED] = 1.0
    state[i, SPACE_GOOD] = state[i, SPACE_HELD] = 0.0
    state[i, SPACE_HARD] = state[i, SPACE_STANDING] = 0.0


@kernel
def _keeping(
    order: Array,
    truck: Array,
    state: Array,
    rung: int,
    v: float,
    a: float,
    gap: float,
    closing: float,
    expected: float,
    rate: float,
    dt_s: float,
    i: int,
) -> float:
    """The gap in force by the law of the rung, m/s^2; behind a slow vehicle the stop law fades in.

    Where rung 2 has not yet opened its gap, the lesser of the laws of rungs 1 and 2.
    """
    standstill = order[i, ORDER_STANDSTILL]
    headway = state[i, SPACE_HEADWAY]
    error = gap - standstill - headway * v
    ahead_v = state[i, SPACE_AHEAD_V]
    slow = min(1.0, max(0.0, (STOP_FROM_MPS - ahead_v) / (STOP_FROM_MPS - STOP_FULL_MPS)))
    wish = FREE_MPS2
    if rung < 2 or state[i, SPACE_OPENED] == 0.0:
        pull = KP * min(error, ERROR_M_MAX) - KD * (closing + headway * a + rate * v) + expected
        u = state[i, SPACE_U]
        wish = u + (pull - u) * dt_s / (headway + 0.5 * dt_s)
    if rung == 2:
        steady = (LAMBDA * error - closing - rate * v) / max(headway, HEADWAYS_S[2])
        wish = min(wish, steady)
    if slow > 0.0:
        halt = _halting(state, truck, v, a, gap, standstill, expected, i)
        wish += slow * (halt - wish)
    return wish


@kernel
def _stands(order: Array, state: Array, v: float, gap: float, i: int) -> bool:
    """Whether row i stands behind a standing vehicle, with hysteresis in room."""
    room = gap - order[i, ORDER_STANDSTILL]
    limit = START_M if state[i, SPACE_STANDING] == 1.0 else SETTLED_M
    stands = v <= STAND_MPS and state[i, SPACE_AHEAD_V] < MOVING_MPS and room < limit
    state[i, SPACE_STANDING] = 1.0 if stands else 0.0
    return stands


@kernel
def _hard(
    beacon: Array,
    order: Array,
    truck: Array,
    state: Array,
    age_s: float,
    v: float,
    a: float,
    gap: float,
    expected: float,
    brake: float,
    i: int,
) -> float:
    """Level 4: what must be braked now, m/s^2, positive; 0: nothing. Sets or ends SPACE_HARD."""
    service = min(truck[i, TRUCK_BRAKE_SERVICE], brake)
    ahead_v = state[i, SPACE_AHEAD_V]
    ahead_a = min(expected, state[i, SPACE_AHEAD_A])
    alarm = beacon[i, BEACON_ALARM] == 1.0 and order[i, ORDER_MEMBER] == 1.0 and age_s <= ALARM_S
    if alarm:
        ahead_a = min(ahead_a, beacon[i, BEACON_U], beacon[i, BEACON_A])
    keep = order[i, ORDER_STANDSTILL] if alarm else min(HARD_M, order[i, ORDER_STANDSTILL])
    need = ENOUGH * brake_needed(v, a, ahead_v, ahead_a, gap - keep, truck[i, TRUCK_DELAY])
    rho_s = min(age_s + 0.1, truck[i, TRUCK_DELAY] + 0.15)
    safe = LEAST_M + safe_gap(v, ahead_v, rho_s, brake, state[i, SPACE_AHEAD_BRAKE])
    was = state[i, SPACE_HARD] == 1.0
    short = safe - gap
    unsafe = v > SLOW_MPS and short > (-LEAST_M if was else 0.0)
    if unsafe:
        need = max(need, 0.5 * service + 2.0 * brake * max(0.0, short) / safe)
    hard = unsafe or need > service or (was and need > HARD_SHARE * service)
    state[i, SPACE_HARD] = 1.0 if hard else 0.0
    if hard or alarm:
        return float(min(need, brake))
    return 0.0


@kernel
def _stop_in_lane(truck: Array, state: Array, v: float, a: float, mu: float, i: int) -> float:
    """Level 3: one brake to standstill, m/s^2, settled when sight is lost and kept in SPACE_HELD.

    Gentle, unless whoever was ahead may be braking by the service brake unseen, and has been since.
    """
    brake = assured_brake(truck, mu, i)
    service = min(truck[i, TRUCK_BRAKE_SERVICE], brake)
    if state[i, SPACE_MRM] == 0.0:
        wish = min(COMFORT_MPS2, 0.5 * max(mu, 0.0) * GRAVITY_MPS2)
        if state[i, SPACE_HEADWAY] > 0.0:
            ahead_v = state[i, SPACE_AHEAD_V]
            ahead_a = min(-service, state[i, SPACE_AHEAD_A], state[i, SPACE_HELD])
            room = state[i, SPACE_GAP] - HARD_M
            delay_s = truck[i, TRUCK_DELAY] + LOST_S
            wish = max(wish, brake_needed(v, a, ahead_v, ahead_a, room, delay_s))
        state[i, SPACE_HELD] = -min(wish, brake)
        state[i, SPACE_MRM] = 1.0
    state[i, SPACE_HARD] = 1.0 if -state[i, SPACE_HELD] > service and v > STAND_MPS else 0.0
    state[i, SPACE_RUNG] = state[i, SPACE_LEVEL] = 3.0
    state[i, SPACE_U] = state[i, SPACE_HELD]
    return float(state[i, SPACE_HELD])


@kernel
def space(
    sensors: Array,
    beacon: Array,
    order: Array,
    truck: Array,
    state: Array,
    v: float,
    a: float,
    mu: float,
    cruise: float,
    dt_s: float,
    i: int,
) -> float:
    """Acceleration that the vehicle ahead allows row i, m/s^2; FREE_MPS2 with nothing ahead.

    v, a     own speed and acceleration as estimated, m/s, m/s^2
    mu       friction, the worst of what is told and estimated
    cruise   what limits and end of order allow, m/s^2: the truck is given the lesser of both
    dt_s     since the last call for this row
    """
    age_s = heard(beacon, order, state, dt_s, i)
    sight = track(sensors, beacon, state, age_s, v, a, dt_s, i)
    if sight == BLIND or state[i, SPACE_MRM] == 1.0:
        return _stop_in_lane(truck, state, v, a, mu, i)
    if sight == FREE:
        state[i, SPACE_HEADWAY] = state[i, SPACE_HARD] = state[i, SPACE_STANDING] = 0.0
        state[i, SPACE_RUNG] = state[i, SPACE_LEVEL] = 2.0
        state[i, SPACE_U] = state[i, SPACE_GOOD] = 0.0
        return FREE_MPS2
    brake = assured_brake(truck, mu, i)
    if state[i, SPACE_HEADWAY] <= 0.0:
        _take_up(state, a, i)
    state[i, SPACE_AHEAD_BRAKE] = min(BRAKE_MPS2_MAX, max(mu, 0.0) * GRAVITY_MPS2)
    if order[i, ORDER_MEMBER] == 1.0 and beacon[i, BEACON_BRAKE] > 0.0:
        state[i, SPACE_AHEAD_BRAKE] = beacon[i, BEACON_BRAKE]
    seen = state[i, SPACE_UNSEEN] == 0.0
    gap = sensors[i, SENSE_GAP] if seen else state[i, SPACE_GAP]
    closing = sensors[i, SENSE_CLOSING] if seen else v - state[i, SPACE_AHEAD_V]
    rung = climb(beacon, state, age_s, dt_s, i)
    expected = fed(beacon, truck, state, rung, dt_s, i)
    rate = _headway(order, state, rung, v, gap, brake, dt_s, i)
    wish = _keeping(order, truck, state, rung, v, a, gap, closing, expected, rate, dt_s, i)
    need = _hard(beacon, order, truck, state, age_s, v, a, gap, expected, brake, i)
    service = min(truck[i, TRUCK_BRAKE_SERVICE], brake)
    wish = min(max(wish, -service), -need) if need > 0.0 else max(wish, -service)
    driven = truck[i, TRUCK_DRIVEN]
    push = truck[i, TRUCK_ACCEL_MAX]
    if driven > 0.0:
        push = min(push, driven * max(mu, 0.0) * GRAVITY_MPS2)
    wish = min(wish, push)
    if state[i, SPACE_HARD] == 0.0 and truck[i, TRUCK_JERK] > 0.0:
        most = truck[i, TRUCK_JERK] * dt_s
        wish = max(state[i, SPACE_U] - most, min(state[i, SPACE_U] + most, wish))
    state[i, SPACE_LEVEL] = 4.0 if state[i, SPACE_HARD] == 1.0 else float(rung)
    state[i, SPACE_U] = max(-brake, min(wish, cruise))
    if _stands(order, state, v, gap, i):
        state[i, SPACE_U] = 0.0
        return -HOLD_MPS2
    return float(wish)
