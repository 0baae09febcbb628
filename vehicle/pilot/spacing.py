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

from typing import Final

from contract.kernel import kernel
from contract.limits import FRICTION_DRY
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
    SPACE_STOP,
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
from vehicle.pilot.gap_laws import (
    FREE_MPS2,
    HOLD_MPS2,
    STAND_MPS,
    START_MPS2,
    halting,
    hard_need,
    keeping,
    moved_headway,
    slowness,
    stands_behind,
)
from vehicle.pilot.gaps import GRAVITY_MPS2, GRIP, assured_brake, brake_needed

COMFORT_MPS2: Final = 1.0  # stop in lane
HARD_M: Final = 1.5  # gap that hard braking keeps
BEYOND: Final = 1.25  # where the assured brake is not enough, all that is likely there
BRAKE_MPS2_MAX: Final = 7.0  # of a stranger
ALARM_S: Final = 2.0  # an alarm counts for so long after the last word


@kernel
def _take_up(state: Array, a: float, i: int) -> None:
    """Begin with a vehicle that was not there before: from what the truck does now, on rung 2."""
    state[i, SPACE_U] = a
    state[i, SPACE_RUNG] = 2.0
    state[i, SPACE_OPENED] = 1.0
    state[i, SPACE_GOOD] = state[i, SPACE_HELD] = 0.0
    state[i, SPACE_HARD] = state[i, SPACE_STANDING] = 0.0


@kernel
def _follow(
    state: Array,
    rung: int,
    v: float,
    a: float,
    standstill: float,
    room: float,
    closing: float,
    expected: float,
    least: float,
    brake: float,
    service: float,
    delay_s: float,
    dt_s: float,
    i: int,
) -> float:
    """Levels 0 to 2: the gap in force, and what keeps it, m/s^2.

    Arrays cost more to hand on than numbers do: only the state comes here.
    """
    rising = state[i, SPACE_GOOD] > 0.0
    ahead_brake = state[i, SPACE_AHEAD_BRAKE]
    now = state[i, SPACE_HEADWAY]
    headway, rate, reached = moved_headway(
        now, least, rung, rising, v, standstill, room, brake, ahead_brake, dt_s
    )
    state[i, SPACE_HEADWAY] = headway
    state[i, SPACE_TARGET] = headway * v
    if reached:
        state[i, SPACE_OPENED] = 1.0
    opened = state[i, SPACE_OPENED] == 1.0
    u = state[i, SPACE_U]
    wish = keeping(u, headway, rate, rung, opened, v, a, room, closing, expected, dt_s)
    ahead_v = state[i, SPACE_AHEAD_V]
    slow = slowness(rung, ahead_v, room, expected)
    if slow > 0.0:
        halt = halting(u, headway, v, a, room, ahead_v, expected, service, delay_s)
        wish += slow * (halt - wish)
    return float(wish)


@kernel
def _settle(
    state: Array,
    rung: int,
    wish: float,
    need: float,
    service: float,
    most: float,
    cruise: float,
    v: float,
    room: float,
    expected: float,
    i: int,
) -> float:
    """The wish within the service brake and its jerk, or the need beyond them, m/s^2; or stand.

    most   m/s^2, how far the wish may move in this step; 0: no limit
    """
    u = state[i, SPACE_U]
    hard = state[i, SPACE_HARD] == 1.0
    wish = max(wish, -service)
    if need > 0.0:
        wish = min(wish, -need)
    if state[i, SPACE_MRM] == 1.0:
        wish = min(wish, -state[i, SPACE_STOP])
    if most > 0.0 and not hard:
        wish = max(u - most, min(u + most, wish))
    starts = rung < 2 and expected > START_MPS2
    stands = stands_behind(
        state[i, SPACE_STANDING] == 1.0, v, state[i, SPACE_AHEAD_V], room, starts
    )
    state[i, SPACE_LEVEL] = 4.0 if hard else (3.0 if state[i, SPACE_MRM] == 1.0 else float(rung))
    state[i, SPACE_STANDING] = 1.0 if stands else 0.0
    state[i, SPACE_U] = 0.0 if stands else min(wish, cruise)
    return -HOLD_MPS2 if stands else wish


@kernel
def _push(truck: Array, mu: float, i: int) -> float:
    """Acceleration that the truck reaches on this friction, m/s^2."""
    driven = truck[i, TRUCK_DRIVEN]
    grip = driven * max(mu, 0.0) * GRAVITY_MPS2 if driven > 0.0 else FREE_MPS2
    return float(min(truck[i, TRUCK_ACCEL_MAX], grip))


@kernel
def _utmost(truck: Array, mu: float, i: int) -> float:
    """Deceleration that the truck likely reaches, beyond the assured one, m/s^2, positive."""
    return float(min(BEYOND * truck[i, TRUCK_BRAKE_ASSURED], GRIP * max(mu, 0.0) * GRAVITY_MPS2))


@kernel
def _brake_ahead(beacon: Array, order: Array, i: int) -> float:
    """How hard the vehicle ahead may brake, m/s^2, positive: its word, or a stranger's.

    A stranger may stand on a better road, or on better tyres, than this truck believes its own to
    be: the friction that is counted on here is the best there is, never our own.
    """
    if order[i, ORDER_MEMBER] == 1.0 and beacon[i, BEACON_BRAKE] > 0.0:
        return float(beacon[i, BEACON_BRAKE])
    return float(min(BRAKE_MPS2_MAX, FRICTION_DRY * GRAVITY_MPS2))


@kernel
def _leave(state: Array, i: int) -> float:
    """Nothing is ahead any more."""
    state[i, SPACE_HEADWAY] = state[i, SPACE_HARD] = state[i, SPACE_STANDING] = 0.0
    state[i, SPACE_RUNG] = state[i, SPACE_LEVEL] = 2.0
    state[i, SPACE_U] = state[i, SPACE_GOOD] = 0.0
    return FREE_MPS2


@kernel
def _stop_in_lane(
    truck: Array, state: Array, v: float, a: float, mu: float, alarm_mps2: float, i: int
) -> float:
    """Level 3: one brake to standstill, m/s^2, settled when sight is lost; harder for an alarm.

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
        state[i, SPACE_STOP] = min(wish, brake)
        state[i, SPACE_MRM] = 1.0
    wish = min(brake, max(state[i, SPACE_STOP], -alarm_mps2))
    state[i, SPACE_HARD] = 1.0 if wish > service and v > STAND_MPS else 0.0
    state[i, SPACE_RUNG] = state[i, SPACE_LEVEL] = 3.0
    state[i, SPACE_OPENED] = 0.0
    state[i, SPACE_U] = -wish
    return float(-wish)


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
    alarm = beacon[i, BEACON_ALARM] == 1.0 and order[i, ORDER_MEMBER] == 1.0 and age_s <= ALARM_S
    sight = track(sensors, beacon, state, age_s, v, a, alarm, dt_s, i)
    told = min(beacon[i, BEACON_U], beacon[i, BEACON_A]) if alarm else 0.0
    if sight == BLIND or (sight == FREE and state[i, SPACE_MRM] == 1.0):
        return _stop_in_lane(truck, state, v, a, mu, told, i)
    if sight == FREE:
        return _leave(state, i)
    if state[i, SPACE_HEADWAY] <= 0.0:
        _take_up(state, a, i)
    seen = state[i, SPACE_UNSEEN] == 0.0
    gap = sensors[i, SENSE_GAP] if seen else state[i, SPACE_GAP]
    closing = sensors[i, SENSE_CLOSING] if seen else v - state[i, SPACE_AHEAD_V]
    keep, least = order[i, ORDER_STANDSTILL], order[i, ORDER_HEADWAY]
    room, delay_s = gap - keep, truck[i, TRUCK_DELAY]
    brake = assured_brake(truck, mu, i)
    service = min(truck[i, TRUCK_BRAKE_SERVICE], brake)
    front = _brake_ahead(beacon, order, i)
    state[i, SPACE_AHEAD_BRAKE] = front
    rung = climb(beacon, state, age_s, dt_s, i)
    soon = fed(beacon, truck, state, rung, dt_s, i)
    wish = _follow(
        state, rung, v, a, keep, room, closing, soon, least, brake, service, delay_s, dt_s, i
    )
    ahead_v, ahead_a = state[i, SPACE_AHEAD_V], min(soon, told, state[i, SPACE_AHEAD_A])
    keep = keep if alarm else min(keep, HARD_M)
    was, rho_s = state[i, SPACE_HARD] == 1.0, min(age_s + 0.1, delay_s + 0.15)
    hard, need = hard_need(
        was, alarm, v, a, ahead_v, ahead_a, gap, keep, rho_s, delay_s, service, brake, front
    )
    state[i, SPACE_HARD] = 1.0 if hard else 0.0
    wish, need = min(wish, _push(truck, mu, i)), min(need, _utmost(truck, mu, i))
    most = truck[i, TRUCK_JERK] * dt_s
    return _settle(state, rung, wish, need, service, most, cruise, v, room, soon, i)
