"""Gaps and brakes: how hard a truck surely brakes, which gap that needs, which brake a gap needs.

Pure kinematics of two vehicles in a row, positions along the lane. Not here: what is known of the
vehicle ahead (ahead.py), what the pilot makes of it (spacing.py).
Source: docs/vehicle.md; Shalev-Shwartz et al. 2017 (RSS), with the minimum over time added.
"""

from typing import Final

from contract.kernel import kernel
from vehicle.pilot.columns import (
    BEACON_WEAKEST,
    ORDER_MEMBER,
    TRUCK_BRAKE_ASSURED,
    TRUCK_BRAKE_SERVICE,
    Array,
)

GRAVITY_MPS2: Final = 9.81
GRIP: Final = 0.85  # share of the friction that brakes use: eta_b
BRAKE_MPS2_MIN: Final = 0.05  # divisor guard
NEVER_MPS2: Final = 99.0  # no brake is enough
ROOM_M_MIN: Final = 0.01  # divisor guard: less is none


@kernel
def assured_brake(truck: Array, mu: float, i: int) -> float:
    """Deceleration that row i surely reaches on this friction, m/s^2, positive."""
    return float(min(truck[i, TRUCK_BRAKE_ASSURED], GRIP * max(mu, 0.0) * GRAVITY_MPS2))


@kernel
def weakest(truck: Array, beacon: Array, order: Array, mu: float, i: int) -> float:
    """Weakest service brake from the leader to row i, m/s^2: its BEACON_WEAKEST.

    It runs downstream, so only the last member learns the weakest of all. Upstream it goes with
    the formation: each member's answer to the invitation to commit carries its own, and the leader
    plans with the least of them (its TRUCK_BRAKE_SERVICE as told by the order). Until then a member
    plans its braking with what this returns, and keeps to spacing for what others do.
    """
    own = min(truck[i, TRUCK_BRAKE_SERVICE], assured_brake(truck, mu, i))
    upstream = beacon[i, BEACON_WEAKEST]
    if order[i, ORDER_MEMBER] == 1.0 and upstream > 0.0:
        return float(min(own, upstream))
    return float(own)


@kernel
def safe_gap(v: float, ahead_v: float, rho_s: float, brake: float, ahead_brake: float) -> float:
    """Least gap, m, if the one ahead brakes now and we after rho_s, each to standstill.

    The greatest loss of gap over time: at the end (RSS), or while both still roll, where the
    closed form falls short behind a weaker brake. Speeds m/s, brakes m/s^2, positive.
    """
    own = max(brake, BRAKE_MPS2_MIN)
    front = max(ahead_brake, BRAKE_MPS2_MIN)
    per = 1.0 / (own * front)
    final = 0.5 * (v * v * front - ahead_v * ahead_v * own) * per
    lost = max(0.0, v * rho_s + final)
    if own > front + 1e-6:
        meet_s = (v - ahead_v + own * rho_s) / (own - front)
        if meet_s > rho_s and ahead_v >= front * meet_s:
            late_s = meet_s - rho_s
            rolling = (v - ahead_v) * meet_s + 0.5 * (front * meet_s * meet_s - own * late_s**2)
            lost = max(lost, rolling)
    return float(lost)


@kernel
def after(v: float, a: float, t_s: float) -> tuple[float, float]:
    """(speed, way) after t_s at constant acceleration, never backwards."""
    end = v + a * t_s
    if end >= 0.0:
        return end, 0.5 * (v + end) * t_s
    return 0.0, -0.5 * v * v / min(a, -1e-9)


@kernel
def brake_needed(
    v: float, a: float, ahead_v: float, ahead_a: float, room_m: float, delay_s: float
) -> float:
    """Constant deceleration, begun after delay_s, that just uses up room_m; m/s^2, positive.

    Until then both go on as they do; the one ahead goes on braking as it does to standstill.
    """
    own_v, own_m = after(v, a, delay_s)
    front_v, front_m = after(ahead_v, ahead_a, delay_s)
    room = room_m + front_m - own_m
    closing = own_v - front_v
    if own_v <= 0.0:
        return 0.0 if room >= 0.0 else float(0.5 * v * v / max(room_m + front_m, ROOM_M_MIN))
    if room < ROOM_M_MIN:
        return NEVER_MPS2 if closing > 0.0 else 0.0
    front = -ahead_a if front_v > 0.0 and ahead_a < -BRAKE_MPS2_MIN else 0.0
    if closing > 0.0 and front_v * closing >= front * 2.0 * room:
        return float(front + 0.5 * closing * closing / room)
    if front > 0.0:
        room += 0.5 * front_v * front_v / front
    elif front_v > 0.0:
        return 0.0
    return float(0.5 * own_v * own_v / room)
