"""Drive, brake and steering chain of the plant: dead times, lags, jerk, grip, power, park."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import plant
from sim.plant import (
    A_ACTUATOR,
    A_DEMAND,
    ACCEL_CMD,
    DELTA,
    EMERGENCY,
    GRADE,
    MU,
    PARK,
    STEER_REF,
    A,
    V,
    X,
)
from sim.plant_params import AGV65, GRAVITY_MPS2, TRUCK40_EMPTY, TRUCK40_LOADED, VehicleParams
from tests.sim.plant_rig import Rig

QUICK = replace(
    TRUCK40_LOADED, drive_lag_s=0.0, drive_dead_time_s=0.0, brake_lag_s=0.0, brake_dead_time_s=0.0
)


def stopping_distance_m(v_mps: float, body: VehicleParams, mu: float, grade: float) -> float:
    """Distance from the command to standstill under emergency braking.

    Demand ramp and lag act like a delay with a mean and a variance, so with constant braking b
    s = v t + v^2 / 2b - b var / 2: section 1.5 with the build-up of this plant.
    """
    cos = 1.0 / math.hypot(1.0, grade)
    grip = body.brake_utilisation * mu * GRAVITY_MPS2 * cos
    brake = min(body.brake_emergency_mps2, grip) + GRAVITY_MPS2 * cos * grade
    ramp_s = brake / body.jerk_emergency_mps3
    mean_s = body.brake_dead_time_s + body.brake_lag_s + 0.5 * ramp_s
    variance = body.brake_lag_s**2 + ramp_s**2 / 12.0
    return v_mps * mean_s + v_mps**2 / (2.0 * brake) - 0.5 * brake * variance


# Bare ice, 0.06, on 2 % up: there its drive cannot keep a truck's speed until the brakes act.
ROADS = [(mu, grade) for mu in (0.7, 0.3, 0.1) for grade in (-0.03, 0.0, 0.02)]
ROADS += [(0.06, -0.03), (0.06, 0.0), (0.06, 0.01)]


@pytest.mark.parametrize(("mu", "grade"), ROADS)
@pytest.mark.parametrize("body", [TRUCK40_LOADED, TRUCK40_EMPTY, AGV65])
def test_stopping_distance_is_the_closed_form(body: VehicleParams, mu: float, grade: float) -> None:
    v_mps = 30.0 / 3.6
    rig = Rig(body, v_mps=v_mps)
    rig.road[0] = grade, mu
    rig.inputs[0, [ACCEL_CMD, EMERGENCY]] = -9.0, 1.0
    rig.run(60.0)
    assert rig.see(V) == 0.0
    assert rig.see(X) == pytest.approx(stopping_distance_m(v_mps, body, mu, grade), rel=2e-3)


def test_downhill_steeper_than_the_grip_cannot_be_stopped() -> None:
    """mu 0.06 with 85 % used against 6 %: the truck slides on, faster."""
    rig = Rig(v_mps=2.0)
    rig.road[0] = -0.06, 0.06
    rig.inputs[0, [ACCEL_CMD, EMERGENCY]] = -9.0, 1.0
    rig.run(20.0)
    assert rig.see(V) > 2.0


def test_command_takes_effect_after_the_dead_time_to_the_tick() -> None:
    rig = Rig(dt_s=0.01, v_mps=5.0)
    rig.inputs[0, [ACCEL_CMD, STEER_REF]] = 0.5, 0.1
    rig.run(0.10)
    assert rig.see(DELTA) == 0.0
    rig.step()
    assert rig.see(DELTA) > 0.0
    rig.run(0.09)
    assert rig.see(A_DEMAND) == 0.0
    rig.step()
    assert rig.see(A_DEMAND) == pytest.approx(0.01)


def test_drive_and_brake_have_dead_times_of_their_own() -> None:
    rig = Rig(replace(TRUCK40_LOADED, drive_dead_time_s=0.4, brake_dead_time_s=0.1), v_mps=5.0)
    rig.inputs[0, ACCEL_CMD] = 0.5
    rig.run(2.0)
    rig.inputs[0, ACCEL_CMD] = -0.5
    rig.run(0.1)
    assert rig.see(A_DEMAND) == pytest.approx(0.5)
    rig.step()
    assert rig.see(A_DEMAND) == pytest.approx(0.45)


def test_brake_builds_up_as_ramp_and_lag() -> None:
    """Exact response of a first-order lag to a ramp that ends: no step error."""
    rig = Rig(replace(TRUCK40_LOADED, brake_dead_time_s=0.0), v_mps=20.0)
    rig.inputs[0, [ACCEL_CMD, EMERGENCY]] = -3.0, 1.0
    rig.run(1.0)
    lag_s, ramp_s = 0.35, 0.6
    at_ramp_end = -3.0 + 5.0 * lag_s * (1.0 - math.exp(-ramp_s / lag_s))
    want = -3.0 + (at_ramp_end + 3.0) * math.exp(-(1.0 - ramp_s) / lag_s)
    assert rig.see(A) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize(("flag", "deepest_mps2"), [(0.0, -2.0), (1.0, -5.0)])
def test_emergency_flag_unlocks_brake_and_jerk(flag: float, deepest_mps2: float) -> None:
    rig = Rig(v_mps=20.0)
    rig.inputs[0, [ACCEL_CMD, EMERGENCY]] = -9.0, flag
    deepest, steepest = 0.0, 0.0
    for _ in range(100):
        before = rig.see(A_DEMAND)
        rig.step()
        deepest = min(deepest, rig.see(A))
        steepest = max(steepest, abs(rig.see(A_DEMAND) - before) / 0.05)
    assert deepest == pytest.approx(deepest_mps2, abs=0.01)
    assert steepest == pytest.approx(5.0 if flag else 1.0)


def test_power_bounds_acceleration_at_speed() -> None:
    """eta P / (m v) - c_rr g - drag: the truck settles on the curve of constant power."""
    rig = Rig(v_mps=30.0 / 3.6)
    rig.inputs[0, ACCEL_CMD] = 5.0
    rig.run(10.0)
    v = rig.see(V)
    drag = 0.6 * 6.0 * v * v / 40e3
    want = 0.85 * 350e3 / (40e3 * v) - 0.006 * GRAVITY_MPS2 - drag
    assert want < 0.8 - 0.006 * GRAVITY_MPS2
    assert rig.see(A) == pytest.approx(want, rel=2e-2)  # lag behind a falling limit


def test_driven_axles_bound_the_start_on_ice() -> None:
    """100 * 0.29 * mu - 0.6 percent: 2.3 % at mu 0.1 can be climbed from standstill, 2.4 % not."""
    for grade, climbs in ((0.0225, True), (0.0240, False)):
        rig = Rig()
        rig.road[0] = grade, 0.1
        rig.inputs[0, ACCEL_CMD] = 0.8
        rig.run(30.0)
        assert (rig.see(V) > 0.0) == climbs


def test_grade_bounds_brake_and_drive() -> None:
    """Downhill takes from the brake what it gives to the drive: section 1.5, k_g = 0."""
    rig = Rig()
    rig.road[0] = -0.04, 0.3
    low_service, low, high = plant.accel_limits(0, rig.params, rig.road, 2.0)
    cos = 1.0 / math.hypot(1.0, 0.04)
    down = 0.04 * GRAVITY_MPS2 * cos
    grip = 0.3 * GRAVITY_MPS2 * cos
    assert low_service == pytest.approx(-2.0 + down)
    assert low == pytest.approx(-0.85 * grip + down)
    drag = 0.6 * 6.0 * 4.0 / 40e3
    assert high == pytest.approx(min(0.8, 0.29 * grip) + down - 0.006 * GRAVITY_MPS2 - drag)


@given(mu=st.floats(0.0, 1.0), grade=st.floats(-0.2, 0.2), v_mps=st.floats(0.0, 30.0))
def test_limits_never_cross(mu: float, grade: float, v_mps: float) -> None:
    rig = Rig()
    rig.road[0] = grade, mu
    low_service, low, high = plant.accel_limits(0, rig.params, rig.road, v_mps)
    assert low <= low_service
    assert low <= high


def test_braking_never_turns_into_reversing() -> None:
    rig = Rig(v_mps=3.0)
    rig.inputs[0, ACCEL_CMD] = -2.0
    speeds = []
    for _ in range(200):
        rig.step()
        speeds.append(rig.see(V))
    assert min(speeds) == 0.0
    way_m = rig.see(X)
    rig.run(60.0)
    assert rig.see(X) == way_m
    assert rig.see(A) == 0.0


def test_braked_truck_starts_without_unwinding_the_old_demand() -> None:
    """Held by -2 m/s2 for a minute, it moves within a second of the command."""
    rig = Rig()
    rig.inputs[0, ACCEL_CMD] = -2.0
    rig.run(60.0)
    rig.inputs[0, ACCEL_CMD] = 0.5
    rig.run(1.0)
    assert rig.see(V) > 0.0


@given(
    grade=st.sampled_from([-0.04, 0.04]),
    mu=st.sampled_from([0.1, 0.3, 0.7]),
    accel=st.floats(-5.0, 5.0),
)
def test_parking_brake_holds_on_a_grade_whatever_is_commanded(
    grade: float, mu: float, accel: float
) -> None:
    rig = Rig(TRUCK40_LOADED, TRUCK40_EMPTY, AGV65)
    rig.road[:] = grade, mu
    rig.inputs[:, [ACCEL_CMD, PARK]] = accel, 1.0
    rig.run(60.0)
    assert np.abs(rig.state[:, X]).max() == 0.0
    assert rig.state[:, V].max() == 0.0


def test_parking_brake_stops_a_moving_truck_and_keeps_it() -> None:
    rig = Rig(v_mps=5.0)
    rig.road[0, GRADE] = -0.04
    rig.inputs[0, [ACCEL_CMD, PARK]] = 0.5, 1.0
    rig.run(10.0)
    way_m = rig.see(X)
    rig.run(600.0)
    assert rig.see(V) == 0.0
    assert rig.see(X) == way_m


def test_parking_brake_holds_even_where_a_moving_truck_could_not_be_stopped() -> None:
    """Sliding from standstill is outside the model, and said so."""
    rig = Rig()
    rig.road[0] = -0.06, 0.06
    rig.inputs[0, PARK] = 1.0
    rig.run(10.0)
    assert rig.see(X) == 0.0
    rig.inputs[0, PARK] = 0.0
    rig.run(10.0)
    assert rig.see(V) > 0.0


def test_truck_released_from_park_moves_only_when_told() -> None:
    rig = Rig()
    rig.road[0, GRADE] = -0.04
    rig.inputs[0, PARK] = 1.0
    rig.run(5.0)
    rig.inputs[0, PARK] = 0.0
    rig.run(5.0)
    assert rig.see(V) == 0.0
    rig.inputs[0, ACCEL_CMD] = 0.3
    rig.run(5.0)
    assert rig.see(V) > 0.5


def test_grip_lost_under_braking_is_lost_at_once() -> None:
    """Brake pressure does not help on ice: the tyres give what the road has."""
    rig = Rig(v_mps=15.0)
    rig.inputs[0, [ACCEL_CMD, EMERGENCY]] = -5.0, 1.0
    rig.run(2.5)
    rig.road[0, MU] = 0.1
    v = rig.see(V)
    rig.step()
    assert rig.see(A) == pytest.approx(-0.85 * 0.1 * GRAVITY_MPS2)
    assert rig.see(V) - v == pytest.approx(-0.85 * 0.1 * GRAVITY_MPS2 * 0.05)


@given(ref=st.floats(-2.0, 2.0))
def test_wheels_keep_to_their_stops_and_rate(ref: float) -> None:
    rig = Rig(dt_s=0.01)
    rig.inputs[0, STEER_REF] = ref
    before = 0.0
    for _ in range(300):
        rig.step()
        assert abs(rig.see(DELTA)) <= 0.55
        assert abs(rig.see(DELTA) - before) <= 0.35 * 0.01 + 1e-12
        before = rig.see(DELTA)


def test_steering_slews_then_settles_exactly() -> None:
    rig = Rig(v_mps=1.0)
    rig.inputs[0, STEER_REF] = 0.5
    rig.run(2.1)
    slewing_s = 0.5 / 0.35 - 0.3
    want = 0.5 - 0.35 * 0.3 * math.exp(-(2.0 - slewing_s) / 0.3)
    assert rig.see(DELTA) == pytest.approx(want, abs=1e-12)


def test_vehicle_without_lags_follows_at_once() -> None:
    """Divisor guards: a lag of zero is no division by zero."""
    rig = Rig(replace(QUICK, steer_lag_s=0.0, jerk_service_mps3=1e6), v_mps=5.0)
    rig.inputs[0, ACCEL_CMD] = -1.0
    rig.run(1.0)
    assert rig.see(A) == pytest.approx(-1.0)
    assert rig.see(V) == pytest.approx(4.0, abs=0.05)


def test_stop_inside_a_step_is_placed_by_the_physics() -> None:
    """1 m/s at -2 m/s2: 0.25 m, wherever the step ends."""
    for dt_s in (0.01, 0.03, 0.05, 0.07):
        rig = Rig(QUICK, v_mps=1.0, dt_s=dt_s)
        rig.inputs[0, ACCEL_CMD] = -2.0
        rig.state[0, [A, A_DEMAND, A_ACTUATOR]] = -2.0
        rig.run(3.0)
        assert rig.see(X) == pytest.approx(0.25, abs=1e-9)


def test_wheels_turned_while_stopping_bend_the_path_the_same_at_any_step() -> None:
    psis = []
    for dt_s in (0.001, 0.05):
        rig = Rig(QUICK, v_mps=2.0, dt_s=dt_s)
        rig.inputs[0, ACCEL_CMD] = -2.0
        rig.state[0, [A, A_DEMAND, A_ACTUATOR]] = -2.0
        rig.run(0.75)
        rig.inputs[0, STEER_REF] = 0.5
        rig.run(3.0)
        psis.append(rig.see(plant.PSI))
    assert psis[1] == pytest.approx(psis[0], rel=1e-5)


def test_power_limit_does_not_depend_on_the_step() -> None:
    speeds = []
    for dt_s in (0.01, 0.05):
        rig = Rig(v_mps=7.0, dt_s=dt_s)
        rig.inputs[0, ACCEL_CMD] = 5.0
        speeds.append(rig.run(20.0).see(V))
    assert speeds[1] == pytest.approx(speeds[0], rel=1e-5)
