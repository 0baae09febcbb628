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
    TRUCK_BRAKE_ASSURED,
    TRUCK_BRAKE_SERVICE,
    TRUCK_DELAY,
    TRUCK_DRIVEN,
    TRUCK_JERK,
    Array,
)
from vehicle.pilot.gaps import GRAVITY_MPS2, GRIP, after, assured_brake, brake_needed, safe_gap

FREE_MPS2: Final = 1.0e3  # wish with nothing ahead

KP: Final = 0.2  # 1/s^2, Ploeg
KD: Final = 0.7  # 1/s
LAMBDA: Final = 0.1  # 1/s, constant time gap
HEADWAYS_S: Final = (0.0, 1.5, 2.0, 2.0)  # by rung, at least
RHO_S: Final = (0.25, 0.6, 0.7, 0.7)  # s until we answer a brake ahead, by rung
OPENING_MPS: Final = 0.5  # speed difference while a gap opens or closes
ERROR_M_MAX: Final = 10.0  # of the gap in Ploeg's law: closes in at 2.9 m/s at most
HEADWAY_S_MIN: Final = 0.25
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
STOP_HEADWAY_S: Final = 1.0  # time gap of the last metres
STOP_FROM_MPS: Final = 2.0  # the stop law fades in from here
STOP_FULL_MPS: Final = 1.0  # to here, by the speed ahead
START_MPS2: Final = 0.3  # and out again where the one ahead says it starts
LEAN_M: Final = 0.5  # but no further than so much into the standstill gap

COMFORT_MPS2: Final = 1.0  # stop in lane
HARD_M: Final = 1.5  # gap that hard braking keeps
HARD_SHARE: Final = 0.5  # of the service brake: below this need hard braking ends
ENOUGH: Final = 1.05
BEYOND: Final = 1.25  # where the assured brake is not enough, all that is likely there
BRAKE_MPS2_MAX: Final = 7.0  # of a stranger
ALARM_S: Final = 2.0  # an alarm counts for so long after the last word


@kernel
def _headway(
    now: float,
    least: float,
    rung: int,
    rising: bool,
    v: float,
    standstill: float,
    room: float,
    brake: float,
    ahead_brake: float,
    dt_s: float,
) -> tuple[float, float, bool]:
    """Move the time gap in force, `now`, to the one of the rung: (it, how fast it moves, reached).

    At least what the safe gap asks at this speed, so that a follower with weaker brakes keeps more.
    room   m, the gap beyond the standstill gap;  rising   better quality has begun
    """
    per_speed = 1.0 / max(v, SLOW_MPS)
    safe = safe_gap(v, v, RHO_S[rung], brake, ahead_brake) + LEAST_M + SPARE_M
    wanted = max(least, HEADWAYS_S[rung], (safe - standstill) * per_speed)
    reached = room >= wanted * v - LEAST_M
    if now <= 0.0:
        now = min(wanted, max(room * per_speed, HEADWAY_S_MIN, least))
    if rung < 2 and rising:
        wanted = min(wanted, now)  # it opens no further
    rate = 0.0
    if wanted != now:
        most = OPENING_MPS * per_speed
        rate = min(most, max(-most, (wanted - now) / dt_s))
    return now + rate * dt_s, rate, reached


@kernel
def _halting(
    u: float,
    headway: float,
    v: float,
    a: float,
    room: float,
    ahead_v: float,
    expected: float,
    service: float,
    delay_s: float,
) -> float:
    """Behind a slow or standing vehicle: come to rest at the standstill gap, m/s^2.

    Follows the curve v T + v^2 / 2 b = room + v_ahead^2 / 2 b, whose rest is the time gap T, as the
    truck will stand to it when a command given now takes hold; no harder than an even brake, the
    one ahead, or the brake of the curve.
    """
    own_v, own_m = after(v, 0.5 * (a + u), delay_s)
    front_v, front_m = after(ahead_v, expected, delay_s)
    soon = max(0.0, room + front_m - own_m)
    brake = STOP_SHARE * service
    lag = brake * min(headway, STOP_HEADWAY_S)
    root = math.sqrt(lag * lag + front_v * front_v + 2.0 * brake * soon)
    pulled = front_v * expected if front_v > 0.0 else 0.0
    wish = (pulled + brake * (front_v - own_v)) / max(root, 0.01) + STOP_GAIN * (root - lag - own_v)
    even = brake_needed(v, a, ahead_v, expected, room, delay_s)
    wish = max(wish, -max(even, brake, -expected))
    if room < 0.5 * SETTLED_M and ahead_v < MOVING_MPS:
        wish = min(wish, -0.5 * HOLD_MPS2)
    return float(wish)


@kernel
def _keeping(
    u: float,
    headway: float,
    rate: float,
    rung: int,
    opened: bool,
    v: float,
    a: float,
    room: float,
    closing: float,
    expected: float,
    dt_s: float,
) -> float:
    """Keep the gap in force by the law of the rung, m/s^2.

    Where rung 2 has not yet opened its gap, the lesser of the laws of rungs 1 and 2.
    """
    error = room - headway * v
    wish = FREE_MPS2
    if rung < 2 or not opened:
        pull = KP * min(error, ERROR_M_MAX) - KD * (closing + headway * a + rate * v) + expected
        wish = u + (pull - u) * dt_s / (headway + 0.5 * dt_s)
    if rung == 2:
        steady = (LAMBDA * error - closing - rate * v) / max(headway, HEADWAYS_S[2])
        wish = min(wish, steady)
    return wish


@kernel
def _slowness(rung: int, ahead_v: float, room: float, expected: float) -> float:
    """Share of the stop law, 0 to 1: by the speed ahead, and none where that one says it starts."""
    slow = min(1.0, max(0.0, (STOP_FROM_MPS - ahead_v) / (STOP_FROM_MPS - STOP_FULL_MPS)))
    if rung < 2:
        lean = min(1.0, max(0.0, 1.0 + room / LEAN_M))
        slow *= 1.0 - lean * min(1.0, max(0.0, expected / START_MPS2))
    return slow


@kernel
def _hard(
    was: bool,
    alarm: bool,
    v: float,
    a: float,
    ahead_v: float,
    ahead_a: float,
    gap: float,
    keep: float,
    rho_s: float,
    delay_s: float,
    service: float,
    brake: float,
    ahead_brake: float,
) -> tuple[bool, float]:
    """Level 4: (whether it is on, what must be braked now, m/s^2, positive, 0: nothing)."""
    need = ENOUGH * brake_needed(v, a, ahead_v, ahead_a, gap - keep, delay_s)
    safe = LEAST_M + safe_gap(v, ahead_v, rho_s, brake, ahead_brake)
    unsafe = v > SLOW_MPS and safe - gap > (-LEAST_M if was else 0.0)
    if unsafe:
        need = max(need, 0.5 * service + brake * max(0.0, safe - gap) / safe)
    hard = unsafe or need > service or (was and need > HARD_SHARE * service)
    return hard, (need if hard or alarm else 0.0)


@kernel
def _take_up(state: Array, a: float, i: int) -> None:
    """Begin with a vehicle that was not there before: from what the truck does now, on rung 2."""
    state[i, SPACE_U] = a
    state[i, SPACE_RUNG] = 2.0
    state[i, SPACE_OPENED] = 1.0
    state[i, SPACE_GOOD] = state[i, SPACE_HELD] = 0.0
    state[i, SPACE_HARD] = state[i, SPACE_STANDING] = 0.0


@kernel
def _stands(standing: bool, v: float, ahead_v: float, room: float, starts: bool) -> bool:
    """Whether the truck stands behind a standing vehicle, with hysteresis in room."""
    if v > STAND_MPS or ahead_v >= MOVING_MPS or (starts and room > -0.5 * LEAN_M):
        return False
    return room < (START_M if standing else SETTLED_M)


@kernel
def _follow(
    order: Array,
    truck: Array,
    beacon: Array,
    state: Array,
    rung: int,
    v: float,
    a: float,
    mu: float,
    gap: float,
    closing: float,
    expected: float,
    dt_s: float,
    i: int,
) -> float:
    """Levels 0 to 2: the gap in force, and what keeps it, m/s^2, no more than the truck can."""
    standstill = order[i, ORDER_STANDSTILL]
    room = gap - standstill
    ahead_brake = min(BRAKE_MPS2_MAX, max(mu, 0.0) * GRAVITY_MPS2)
    if order[i, ORDER_MEMBER] == 1.0 and beacon[i, BEACON_BRAKE] > 0.0:
        ahead_brake = beacon[i, BEACON_BRAKE]
    state[i, SPACE_AHEAD_BRAKE] = ahead_brake
    headway, rate, reached = _headway(
        state[i, SPACE_HEADWAY],
        order[i, ORDER_HEADWAY],
        rung,
        state[i, SPACE_GOOD] > 0.0,
        v,
        standstill,
        room,
        assured_brake(truck, mu, i),
        ahead_brake,
        dt_s,
    )
    state[i, SPACE_HEADWAY] = headway
    state[i, SPACE_TARGET] = standstill + headway * v
    if reached:
        state[i, SPACE_OPENED] = 1.0
    opened = state[i, SPACE_OPENED] == 1.0
    u = state[i, SPACE_U]
    wish = _keeping(u, headway, rate, rung, opened, v, a, room, closing, expected, dt_s)
    ahead_v = state[i, SPACE_AHEAD_V]
    slow = _slowness(rung, ahead_v, room, expected)
    if slow > 0.0:
        service, delay_s = truck[i, TRUCK_BRAKE_SERVICE], truck[i, TRUCK_DELAY]
        halt = _halting(u, headway, v, a, room, ahead_v, expected, service, delay_s)
        wish += slow * (halt - wish)
    push = truck[i, TRUCK_ACCEL_MAX]
    if truck[i, TRUCK_DRIVEN] > 0.0:
        push = min(push, truck[i, TRUCK_DRIVEN] * max(mu, 0.0) * GRAVITY_MPS2)
    return float(min(wish, push))


@kernel
def _brake_now(
    order: Array,
    truck: Array,
    beacon: Array,
    state: Array,
    age_s: float,
    v: float,
    a: float,
    mu: float,
    gap: float,
    expected: float,
    i: int,
) -> float:
    """Level 4: what must be braked now, m/s^2, positive; 0: nothing. Sets or ends SPACE_HARD."""
    ahead_a = min(expected, state[i, SPACE_AHEAD_A])
    keep = order[i, ORDER_STANDSTILL]
    alarm = beacon[i, BEACON_ALARM] == 1.0 and order[i, ORDER_MEMBER] == 1.0 and age_s <= ALARM_S
    if alarm:
        ahead_a = min(ahead_a, beacon[i, BEACON_U], beacon[i, BEACON_A])
    else:
        keep = min(keep, HARD_M)
    delay_s = truck[i, TRUCK_DELAY]
    brake = assured_brake(truck, mu, i)
    hard, need = _hard(
        state[i, SPACE_HARD] == 1.0,
        alarm,
        v,
        a,
        state[i, SPACE_AHEAD_V],
        ahead_a,
        gap,
        keep,
        min(age_s + 0.1, delay_s + 0.15),
        delay_s,
        min(truck[i, TRUCK_BRAKE_SERVICE], brake),
        brake,
        state[i, SPACE_AHEAD_BRAKE],
    )
    state[i, SPACE_HARD] = 1.0 if hard else 0.0
    most = min(BEYOND * truck[i, TRUCK_BRAKE_ASSURED], GRIP * max(mu, 0.0) * GRAVITY_MPS2)
    return float(min(need, most))


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
    if state[i, SPACE_HEADWAY] <= 0.0:
        _take_up(state, a, i)
    seen = state[i, SPACE_UNSEEN] == 0.0
    gap = sensors[i, SENSE_GAP] if seen else state[i, SPACE_GAP]
    closing = sensors[i, SENSE_CLOSING] if seen else v - state[i, SPACE_AHEAD_V]
    rung = climb(beacon, state, age_s, dt_s, i)
    expected = fed(beacon, truck, state, rung, dt_s, i)
    wish = _follow(order, truck, beacon, state, rung, v, a, mu, gap, closing, expected, dt_s, i)
    need = _brake_now(order, truck, beacon, state, age_s, v, a, mu, gap, expected, i)
    service = min(truck[i, TRUCK_BRAKE_SERVICE], assured_brake(truck, mu, i))
    wish = max(wish, -service)
    if need > 0.0:
        wish = min(wish, -need)
    if state[i, SPACE_HARD] == 0.0 and truck[i, TRUCK_JERK] > 0.0:
        most = truck[i, TRUCK_JERK] * dt_s
        wish = max(state[i, SPACE_U] - most, min(state[i, SPACE_U] + most, wish))
    state[i, SPACE_LEVEL] = 4.0 if state[i, SPACE_HARD] == 1.0 else float(rung)
    state[i, SPACE_U] = min(wish, cruise)
    room = gap - order[i, ORDER_STANDSTILL]
    standing = state[i, SPACE_STANDING] == 1.0
    starts = rung < 2 and expected > START_MPS2
    if _stands(standing, v, state[i, SPACE_AHEAD_V], room, starts):
        state[i, SPACE_STANDING] = 1.0
        state[i, SPACE_U] = 0.0
        return -HOLD_MPS2
    state[i, SPACE_STANDING] = 0.0
    return float(wish)
