"""Gap laws: how a truck keeps its gap, on each rung, behind a slow vehicle, and in need.

Numbers in, numbers out; what is known of the vehicle ahead is ahead.py's, who calls which law
and what is remembered is spacing.py's. `room` is the gap beyond the standstill gap, `u` what was
asked of the truck last. Sources: Ploeg et al. 2011 (rungs 0 and 1), Rajamani 6.18 (rung 2),
RSS (the hard brake); docs/vehicle.md.
"""

import math
from typing import Final

from contract.kernel import kernel
from vehicle.pilot.gaps import after, brake_needed, safe_gap

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
SETTLED_M: Final = 0.15  # so close to the standstill gap it brakes out
NEAR_M: Final = 1.5  # a truck that has stopped with no more room than this stays
START_M: Final = 1.8  # until there is so much
MOVING_MPS: Final = 0.2  # or the vehicle ahead at this speed
HOLD_MPS2: Final = 0.5
STOP_GAIN: Final = 1.0  # 1/s
STOP_SHARE: Final = 0.4  # of the service brake, on the way to a standing vehicle
STOP_HEADWAY_S: Final = 1.0  # time gap of the last metres
STOP_FROM_MPS: Final = 2.0  # the stop law fades in from here
STOP_FULL_MPS: Final = 1.0  # to here, by the speed ahead
START_MPS2: Final = 0.3  # and out again where the one ahead says it starts
LEAN_M: Final = 0.5  # but no further than so much into the standstill gap
HARD_SHARE: Final = 0.5  # of the service brake: below this need hard braking ends
ENOUGH: Final = 1.05
ALARM_MPS2: Final = 0.5  # at least, while the alarm lasts


@kernel
def moved_headway(
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
        rate = min(most, max(-most, (wanted - now) * (1.0 / dt_s)))
    return now + rate * dt_s, rate, reached


@kernel
def halting(
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
    if room < SETTLED_M and ahead_v < MOVING_MPS:
        wish = min(wish, -0.5 * HOLD_MPS2)
    return float(wish)


@kernel
def keeping(
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
def slowness(rung: int, ahead_v: float, room: float, expected: float) -> float:
    """Share of the stop law, 0 to 1: by the speed ahead, and none where that one says it starts."""
    slow = min(1.0, max(0.0, (STOP_FROM_MPS - ahead_v) / (STOP_FROM_MPS - STOP_FULL_MPS)))
    if rung < 2:
        lean = min(1.0, max(0.0, 1.0 + room / LEAN_M))
        slow *= 1.0 - lean * min(1.0, max(0.0, expected / START_MPS2))
    return slow


@kernel
def hard_need(
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
    if alarm:
        need = max(need, ALARM_MPS2)
    hard = unsafe or need > service or (was and need > HARD_SHARE * service)
    return hard, (need if hard or alarm else 0.0)


@kernel
def stands_behind(standing: bool, v: float, ahead_v: float, room: float, starts: bool) -> bool:
    """Whether the truck stands behind a standing vehicle, with hysteresis in room."""
    if v > STAND_MPS or ahead_v >= MOVING_MPS or (starts and room > -0.5 * LEAN_M):
        return False
    return room < (START_M if standing else NEAR_M)
