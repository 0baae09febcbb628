"""Plant: how tractor, trailer and AGV really move, for the whole fleet at once.

In: commanded acceleration and road-wheel angle, brakes, grade and friction. Out: the next state.
The chain of one step is dead time, limits and jerk, lag, then kinematics. Actuators are solved
exactly within the step and pose by fourth-order quadrature and RK4, so that the step length hardly
matters. Row i reads row i only; nothing is drawn, nothing is remembered outside the arrays.
Not here: what the truck senses (sim/), what it is told (vehicle/), tyre slip, rolling backwards.
Source: docs/vehicle.md sections 1.2 to 1.6, mode k_g = 0 (the request is a net acceleration).
"""

import math
from typing import Final

import numpy as np

from contract.kernel import kernel
from sim.kinematics import Course, Triple, bend_of, carried, course_of, jammed, shaped
from sim.plant_params import (
    AIR_DENSITY_KGPM3,
    GRAVITY_MPS2,
    P_ACCEL_MAX_MPS2,
    P_BRAKE_DEAD_TIME_S,
    P_BRAKE_EMERGENCY_MPS2,
    P_BRAKE_LAG_S,
    P_BRAKE_SERVICE_MPS2,
    P_BRAKE_UTILISATION,
    P_DRAG_AREA_M2,
    P_DRIVE_DEAD_TIME_S,
    P_DRIVE_LAG_S,
    P_DRIVEN_SHARE,
    P_HITCH_MAX_RAD,
    P_JERK_EMERGENCY_MPS3,
    P_JERK_SERVICE_MPS3,
    P_MASS_KG,
    P_ROLLING_RESISTANCE,
    P_STEER_DEAD_TIME_S,
    P_STEER_LAG_S,
    P_STEER_MAX_RAD,
    P_STEER_RATE_MAX_RADPS,
    P_TRAILER_M,
    P_WHEEL_POWER_W,
    P_WHEELBASE_M,
    Array,
)

# State columns.
X: Final = 0  # m, map frame east; tractor rear axle (AGV: middle between the axles)
Y: Final = 1  # m, map frame north
PSI: Final = 2  # rad, yaw of the tractor, left positive, not wrapped
HITCH: Final = 3  # rad, trailer yaw minus tractor yaw
V: Final = 4  # m/s along PSI, never negative
A: Final = 5  # m/s2, what the vehicle really does at the end of the step; 0 at standstill
DELTA: Final = 6  # rad, road-wheel angle
A_DEMAND: Final = 7  # m/s2, the request after dead time, limits and jerk
A_ACTUATOR: Final = 8  # m/s2, drive or brake after its lag; negative when braked at standstill
STATE_COLUMNS: Final = 9

# Input columns.
ACCEL_CMD: Final = 0  # m/s2, commanded net acceleration
STEER_REF: Final = 1  # rad, commanded road-wheel angle
PARK: Final = 2  # 1.0: spring brakes on
EMERGENCY: Final = 3  # 1.0: emergency deceleration and jerk are allowed
INPUT_COLUMNS: Final = 4

# Road columns.
GRADE: Final = 0  # rise over run in the direction of travel, uphill positive
MU: Final = 1  # friction coefficient
ROAD_COLUMNS: Final = 2

# Memory columns: a tick position, three dead times in ticks, the step they count and what is left
# of a lag's error after a part of it; one over what would else be divided by; what the step before
# has left, each with the angle it is for; then two rings of equal length.
M_POSITION: Final = 0
M_DRIVE_TICKS: Final = 1
M_BRAKE_TICKS: Final = 2
M_STEER_TICKS: Final = 3
M_STEP_S: Final = 4
M_DRIVE_HALF: Final = 5  # share left after half a step, as the next two
M_BRAKE_HALF: Final = 6
M_STEER_HALF: Final = 7
M_STEER_WHOLE: Final = 8
M_PER_JERK: Final = 9  # s3/m, service
M_PER_JERK_HARD: Final = 10  # same, emergency
M_PER_DRIVE_LAG: Final = 11  # 1/s
M_PER_BRAKE_LAG: Final = 12
M_PER_STEER_RATE: Final = 13  # s/rad
M_PER_WHEELBASE: Final = 14  # 1/m
M_PER_TRAILER: Final = 15  # 1/m; 0 without one
M_DELTA: Final = 16  # rad, for which the next two are
M_BEND: Final = 17  # 1/m
M_SLIP: Final = 18  # rad
M_PSI: Final = 19  # rad, for which the next two are
M_COS: Final = 20
M_SIN: Final = 21
M_HITCH: Final = 22  # rad, for which the next two are
M_COS_HITCH: Final = 23
M_SIN_HITCH: Final = 24
M_RINGS: Final = 25

LAGS_MAX: Final = 200.0  # a ramp of so many lags: the lag is nothing beside it
LAG_MIN_S: Final = 1e-6  # divisor guard: a lag of zero follows at once
POWER_SPEED_MIN_MPS: Final = 0.1  # divisor guard: below it the power limit never binds

Quad = tuple[float, float, float, float]
Chain = tuple[float, float, float, float, float]


def new_state(count: int) -> Array:
    """State block of a fleet standing straight at the origin."""
    return np.zeros((count, STATE_COLUMNS))


def new_memory(params: Array, dt_s: float) -> Array:
    """Memory block for one step length: nothing commanded yet, wheels straight.

    params   (n, PARAM_COLUMNS);  dt_s is the step of every later `plant_step` with this memory
    Dead times count whole steps, rounded half up. What a lag leaves of an error in such a step is
    reckoned here once: exponentials would be a sixth of the plant.
    """
    times_s = params[:, [P_DRIVE_DEAD_TIME_S, P_BRAKE_DEAD_TIME_S, P_STEER_DEAD_TIME_S]]
    ticks = np.floor(times_s / dt_s + 0.5)
    ring = int(ticks.max(initial=0.0)) + 1
    memory = np.zeros((len(params), M_RINGS + 2 * ring))
    memory[:, M_DRIVE_TICKS : M_STEER_TICKS + 1] = ticks
    memory[:, M_STEP_S] = dt_s
    for column, lag, part_s in (
        (M_DRIVE_HALF, P_DRIVE_LAG_S, 0.5 * dt_s),
        (M_BRAKE_HALF, P_BRAKE_LAG_S, 0.5 * dt_s),
        (M_STEER_HALF, P_STEER_LAG_S, 0.5 * dt_s),
        (M_STEER_WHOLE, P_STEER_LAG_S, dt_s),
    ):
        for row, lag_s in zip(memory, params[:, lag], strict=True):
            row[column] = math.exp(-part_s / max(lag_s, LAG_MIN_S))
    reciprocals(params, memory)
    memory[:, [M_COS, M_COS_HITCH]] = 1.0
    return memory


def reciprocals(params: Array, memory: Array) -> None:
    """One over what every step would divide by: a division is waited for. To be reckoned anew by
    whoever changes `params`.
    """
    memory[:, M_PER_JERK] = 1.0 / params[:, P_JERK_SERVICE_MPS3]
    memory[:, M_PER_JERK_HARD] = 1.0 / params[:, P_JERK_EMERGENCY_MPS3]
    memory[:, M_PER_DRIVE_LAG] = 1.0 / np.maximum(params[:, P_DRIVE_LAG_S], LAG_MIN_S)
    memory[:, M_PER_BRAKE_LAG] = 1.0 / np.maximum(params[:, P_BRAKE_LAG_S], LAG_MIN_S)
    memory[:, M_PER_STEER_RATE] = 1.0 / params[:, P_STEER_RATE_MAX_RADPS]
    memory[:, M_PER_WHEELBASE] = 1.0 / params[:, P_WHEELBASE_M]
    towing = params[:, P_TRAILER_M] > 0.0
    memory[towing, M_PER_TRAILER] = 1.0 / params[towing, P_TRAILER_M]


@kernel
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@kernel
def _delayed(i: int, inputs: Array, memory: Array) -> tuple[float, float]:
    """Store this tick's commands; return (acceleration, angle) as they reach the actuators.

    Drive and brake have dead times of their own, so their parts of the request travel apart.
    """
    ring = (memory.shape[1] - M_RINGS) // 2
    position = int(memory[i, M_POSITION])
    memory[i, M_RINGS + position] = inputs[i, ACCEL_CMD]
    memory[i, M_RINGS + ring + position] = inputs[i, STEER_REF]
    memory[i, M_POSITION] = 0 if position + 1 == ring else position + 1
    drive = position - int(memory[i, M_DRIVE_TICKS])
    brake = position - int(memory[i, M_BRAKE_TICKS])
    steer = position - int(memory[i, M_STEER_TICKS])
    drive += ring if drive < 0 else 0
    brake += ring if brake < 0 else 0
    steer += ring if steer < 0 else 0
    accel = max(memory[i, M_RINGS + drive], 0.0) + min(memory[i, M_RINGS + brake], 0.0)
    return accel, memory[i, M_RINGS + ring + steer]


@kernel
def accel_limits(i: int, params: Array, road: Array, v_mps: float) -> Triple:
    """(a_lo in service, a_lo in emergency, a_hi) in m/s2, section 1.5: grip, grade, power, drag."""
    grade = road[i, GRADE]
    gravity = GRAVITY_MPS2 if grade == 0.0 else GRAVITY_MPS2 / math.sqrt(1.0 + grade * grade)
    downhill = -gravity * grade
    grip = max(road[i, MU], 0.0) * gravity
    v_least = max(v_mps, POWER_SPEED_MIN_MPS)
    per_momentum = 1.0 / (params[i, P_MASS_KG] * v_least)
    per_kg = per_momentum * v_least
    power = params[i, P_WHEEL_POWER_W] * per_momentum
    drag = 0.5 * AIR_DENSITY_KGPM3 * params[i, P_DRAG_AREA_M2] * v_mps * v_mps * per_kg
    push = min(params[i, P_ACCEL_MAX_MPS2], power, params[i, P_DRIVEN_SHARE] * grip)
    high = push + downhill - params[i, P_ROLLING_RESISTANCE] * GRAVITY_MPS2 - drag
    grip *= params[i, P_BRAKE_UTILISATION]
    low = downhill - min(params[i, P_BRAKE_EMERGENCY_MPS2], grip)
    low_service = downhill - min(params[i, P_BRAKE_SERVICE_MPS2], grip)
    return low_service, low, max(high, low)


@kernel
def _actuated(demand: float, actual: float, target: float, jerk: float, chain: Chain) -> Triple:
    """(actual at half time, demand at the end, actual at the end), exactly.

    The demand ramps to the target at `jerk`, then stays; actual' = (demand - actual) / lag_s.
    chain   (step, lag, exp(-step / 2 / lag), 1 / jerk, 1 / lag): seconds, seconds, 1, s3/m, 1/s
    """
    dt_s, lag_s, decay, per_jerk, per_lag = chain
    ramp_s = abs(target - demand) * per_jerk
    if ramp_s <= 0.0:
        rest = actual - target
        return target + rest * decay, target, target + rest * decay * decay
    rate = math.copysign(jerk, target - demand)
    late = rate * lag_s
    rest = actual - demand + late
    half_s = 0.5 * dt_s
    half = demand + rate * half_s - late + rest * decay
    if ramp_s < dt_s:
        lags = ramp_s * per_lag
        if lags > LAGS_MAX:  # a lag of nothing: it has followed
            return target, target, target
        rest -= late * math.exp(lags)  # actual minus target, reckoned back to the start
        if ramp_s < half_s:
            half = target + rest * decay
        return half, target, target + rest * decay * decay
    end = demand + rate * dt_s
    return half, end, end - late + rest * decay * decay


@kernel
def _left(memory: Array, i: int, column: int, lag_s: float, part_s: float) -> float:
    """Share of an error that a lag leaves after part_s, which is the part kept in this column."""
    part = 1.0 if column == M_STEER_WHOLE else 0.5
    if part_s == part * memory[i, M_STEP_S]:
        return float(memory[i, column])
    return math.exp(-part_s / lag_s)


@kernel
def _driven(
    motion: Triple, wish: Triple, limits: Triple, build_up: Quad, dt_s: float, memory: Array, i: int
) -> tuple[float, float, Quad]:
    """Drive and brake chain and speed over one step: (v_mid, moving_s, after).

    motion     (v, demand, actual);  wish   (acceleration, PARK, EMERGENCY)
    limits     of `accel_limits`;  build_up   (service jerk, emergency jerk, drive lag, brake lag)
    moving_s   dt_s, or the time to standstill if that comes first; v_mid is at half of it
    after      (v, a, demand, actual)
    """
    v, demand, actual = motion
    accel_cmd, park, emergency = wish
    low_service, low, high = limits
    parked = park > 0.5
    hard = parked or emergency > 0.5
    jerk = build_up[1] if hard else build_up[0]
    target = low if parked else _clip(accel_cmd, low if hard else low_service, high)
    if v <= 0.0 and demand < 0.0:
        demand = max(demand, min(target, 0.0))  # a standing truck lets go of its brake at once
    braking = target < 0.0 or actual < 0.0
    lag_s = max(build_up[3] if braking else build_up[2], LAG_MIN_S)
    decay = _left(memory, i, M_BRAKE_HALF if braking else M_DRIVE_HALF, lag_s, 0.5 * dt_s)
    per_jerk = memory[i, M_PER_JERK_HARD if hard else M_PER_JERK]
    per_lag = memory[i, M_PER_BRAKE_LAG if braking else M_PER_DRIVE_LAG]
    chain = (dt_s, lag_s, decay, per_jerk, per_lag)
    actual_mid, demand, actual_end = _actuated(demand, actual, target, jerk, chain)

    a_start = _clip(actual, low, high)  # whatever the actuator wants, the tyres give what they can
    a_mid = _clip(actual_mid, low, high)
    a_end = _clip(actual_end, low, high)
    v_mid = max(v + dt_s * (1 / 24) * (5.0 * a_start + 8.0 * a_mid - a_end), 0.0)
    v_end = v + dt_s * (1 / 6) * (a_start + 4.0 * a_mid + a_end)
    moving_s = dt_s
    if v_end <= 0.0:  # brakes hold a standing truck, they do not pull it back
        moving_s = dt_s * v / (v - v_end) if v > 0.0 else 0.0
        v_mid, v_end, a_end = 0.5 * v, 0.0, 0.0
    if parked and v <= 0.0:
        moving_s = v_mid = v_end = a_end = demand = actual_end = 0.0
    return v_mid, moving_s, (v_end, a_end, demand, actual_end)


@kernel
def _steered(
    delta: float, ref: float, rate: float, lag_s: float, t_s: float, memory: Array, i: int
) -> float:
    """Road-wheel angle after t_s of first-order lag towards `ref` under the rate limit, exactly."""
    lag_s = max(lag_s, LAG_MIN_S)
    error = ref - delta
    slewing_s = max(abs(error) * memory[i, M_PER_STEER_RATE] - lag_s, 0.0)
    if t_s <= slewing_s:
        return delta + math.copysign(rate * t_s, error)
    if slewing_s == 0.0:
        whole = t_s == memory[i, M_STEP_S]
        column = M_STEER_WHOLE if whole else M_STEER_HALF
        return ref - error * _left(memory, i, column, lag_s, t_s)
    left = error - math.copysign(rate * slewing_s, error)
    return ref - left * math.exp((slewing_s - t_s) / lag_s)


@kernel
def course(i: int, state: Array, memory: Array) -> Course:
    """Cosines and sines of row i's angles: what is kept, unless the vehicle was put elsewhere."""
    psi, hitch = state[i, PSI], state[i, HITCH]
    if memory[i, M_PSI] != psi or memory[i, M_HITCH] != hitch:
        return course_of(psi, hitch)
    return memory[i, M_COS], memory[i, M_SIN], memory[i, M_COS_HITCH], memory[i, M_SIN_HITCH]


@kernel
def _kept(i: int, state: Array, memory: Array) -> None:
    """Keep the cosines and sines of row i's angles for whoever needs them next."""
    psi, hitch = state[i, PSI], state[i, HITCH]
    memory[i, M_PSI], memory[i, M_HITCH] = psi, hitch
    (
        memory[i, M_COS],
        memory[i, M_SIN],
        memory[i, M_COS_HITCH],
        memory[i, M_SIN_HITCH],
    ) = course_of(psi, hitch)


@kernel
def plant_step(
    state: Array, inputs: Array, params: Array, road: Array, memory: Array, dt_s: float
) -> None:
    """Move every vehicle by dt_s, in place. Blocks have the vehicle as first axis."""
    for i in range(state.shape[0]):
        accel_cmd, steer_ref = _delayed(i, inputs, memory)
        v = state[i, V]
        limits = accel_limits(i, params, road, max(v + 0.5 * dt_s * state[i, A], 0.0))
        build_up = (
            params[i, P_JERK_SERVICE_MPS3],
            params[i, P_JERK_EMERGENCY_MPS3],
            params[i, P_DRIVE_LAG_S],
            params[i, P_BRAKE_LAG_S],
        )
        motion = (v, state[i, A_DEMAND], state[i, A_ACTUATOR])
        wish = (accel_cmd, inputs[i, PARK], inputs[i, EMERGENCY])
        v_mid, moving_s, after = _driven(motion, wish, limits, build_up, dt_s, memory, i)
        state[i, V], state[i, A], state[i, A_DEMAND], state[i, A_ACTUATOR] = after

        delta, limit = state[i, DELTA], params[i, P_STEER_MAX_RAD]
        ref = _clip(steer_ref, -limit, limit)
        rate, lag_s = params[i, P_STEER_RATE_MAX_RADPS], params[i, P_STEER_LAG_S]
        state[i, DELTA] = _steered(delta, ref, rate, lag_s, dt_s, memory, i)
        if v + v_mid + after[0] <= 0.0:
            continue

        shape = shaped(i, params, memory[i, M_PER_WHEELBASE], memory[i, M_PER_TRAILER])
        speeds = (v, v_mid, after[0])
        delta_mid = _steered(delta, ref, rate, lag_s, 0.5 * moving_s, memory, i)
        start = (state[i, X], state[i, Y], state[i, PSI], state[i, HITCH])
        first = memory[i, M_BEND], memory[i, M_SLIP]
        if memory[i, M_DELTA] != delta:
            first = bend_of(shape, delta)
        last = bend_of(shape, state[i, DELTA])  # at a stop it has no weight
        memory[i, M_DELTA] = state[i, DELTA]
        memory[i, M_BEND], memory[i, M_SLIP] = last
        bends = (first, bend_of(shape, delta_mid), last)
        pose = carried(shape, start, course(i, state, memory), speeds, bends, moving_s)
        limit = params[i, P_HITCH_MAX_RAD]
        if abs(pose[3]) > limit and abs(pose[3]) > abs(start[3]):
            angles = (delta, delta_mid, state[i, DELTA])
            pose = jammed(shape, limit, start, (speeds, angles), moving_s)
            state[i, V] = state[i, A] = state[i, A_DEMAND] = state[i, A_ACTUATOR] = 0.0
        state[i, X], state[i, Y], state[i, PSI], state[i, HITCH] = pose
        _kept(i, state, memory)
