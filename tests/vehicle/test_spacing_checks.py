"""Spacing held against others: a published simulator, brute force, other steps, plain Python."""

import importlib.util
import math
import sys
from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest
from scipy.linalg import solve_continuous_are

import contract.kernel
from bench.string_stability import CRUISE_MPS, Air, Convoy, Lead, braking, swinging
from sim.plant_params import AGV65, TRUCK40_EMPTY, TRUCK40_LOADED
from vehicle.pilot import ahead, gap_laws, gaps, spacing
from vehicle.pilot import columns as c
from vehicle.pilot.ahead import SPACE_AHEAD_V, SPACE_GAP, SPACE_HEADWAY, new_spacing
from vehicle.pilot.columns import Array
from vehicle.pilot.gaps import brake_needed, safe_gap, weakest
from vehicle.pilot.spacing import space

LOADED, EMPTY = TRUCK40_LOADED, TRUCK40_EMPTY

# --- Plexe in SUMO 1.28.0: eight cars at 100 km/h, lag 0.5 s, words every 0.1 s, step 0.01 s ---

PLEXE_MPS: Final = 100.0 / 3.6
PLEXE: Final = {
    "command sent": [1.290, 1.130, 0.988, 0.871, 0.771, 0.683, 0.605, 0.535],
    "measurement sent": [1.290, 1.276, 1.316, 1.360, 1.403, 1.464, 1.522, 1.596],
}


def plexe_amplitudes(*, measured: bool) -> Array:
    """The same law on Plexe's car: half of highest minus lowest speed from 25 to 45 s."""
    n, dt_s, lag_s = 8, 0.01, 0.5
    sensors, beacon = np.zeros((n, c.SENSOR_COLUMNS)), np.zeros((n, c.BEACON_COLUMNS))
    order, truck, state = np.zeros((n, 12)), np.zeros((n, c.TRUCK_COLUMNS)), new_spacing(n)
    order[:, [c.ORDER_HEADWAY, c.ORDER_STANDSTILL, c.ORDER_MEMBER]] = (0.5, 2.0, 1.0)
    car = (2.5, 9.0, 9.0, lag_s)
    truck[:, [c.TRUCK_ACCEL_MAX, c.TRUCK_BRAKE_SERVICE, c.TRUCK_BRAKE_ASSURED, c.TRUCK_DELAY]] = car
    sensors[:, c.SENSE_RADAR] = 1.0
    beacon[:, c.BEACON_BRAKE] = 9.0
    v, a, u = np.full(n, PLEXE_MPS), np.zeros(n), np.zeros(n)
    x = -np.arange(n) * (4.0 + 2.0 + 0.5 * PLEXE_MPS)
    state[:, [SPACE_HEADWAY, SPACE_GAP, SPACE_AHEAD_V]] = (0.5, 2.0 + 0.5 * PLEXE_MPS, PLEXE_MPS)
    speeds, wanted = [], PLEXE_MPS
    for k in range(4_500):
        beacon[:, c.BEACON_AGE] += dt_s
        if k % 10 == 0:
            words = (v[:-1], a[:-1], (a if measured else u)[:-1])
            beacon[1:, [c.BEACON_V, c.BEACON_A, c.BEACON_U]] = np.stack(words, axis=1)
            beacon[1:, c.BEACON_SEQUENCE] += 1.0
            beacon[1:, c.BEACON_AGE] = 0.0
            t_s = max(0.0, k * dt_s - 5.0)
            wanted = PLEXE_MPS + 10.0 / 3.6 * math.sin(math.tau * 0.2 * t_s)
        sensors[1:, c.SENSE_GAP] = x[:-1] - 4.0 - x[1:]
        sensors[1:, c.SENSE_CLOSING] = v[1:] - v[:-1]
        u[0] = min(1.5, max(-1.5, wanted - v[0]))
        for i in range(1, n):
            u[i] = space(sensors, beacon, order, truck, state, v[i], a[i], 1.5, 9.0, dt_s, i)
        a = a + (u - a) * dt_s / (lag_s + dt_s)
        v = np.maximum(0.0, v + a * dt_s)
        x = x + v * dt_s
        speeds.append(v)
    late = np.array(speeds[2_500:])
    return np.asarray(0.5 * (late.max(axis=0) - late.min(axis=0)))


@pytest.mark.parametrize("case", PLEXE)
def test_swing_along_eight_cars_is_that_of_plexe(case: str) -> None:
    amplitudes = plexe_amplitudes(measured=case == "measurement sent")
    assert amplitudes == pytest.approx(PLEXE[case], rel=0.01)


# --- other steps ---


def manoeuvre(brake_mps2: float) -> Lead:
    """Swing, brake, stop, and start again."""

    def lead(t_s: float, v_mps: float) -> tuple[float, bool]:
        if t_s < 25.0:
            return swinging(0.1, 0.5, CRUISE_MPS, 5.0)(t_s, v_mps)
        return braking(brake_mps2, 0.0, 0.0)(t_s, v_mps) if t_s < 45.0 else (0.6, False)

    return lead


@pytest.mark.parametrize("dt_s", [0.02, 0.1])
@pytest.mark.parametrize("brake_mps2", [1.5, 3.0])
def test_step_length_hardly_matters(dt_s: float, brake_mps2: float) -> None:
    """Beacons equally old when used, 0.1 s; plant and pilot in the step under test."""
    gaps_m = []
    for step_s in (0.05, dt_s):
        convoy = Convoy([LOADED] * 4, dt_s=step_s, air=Air(late_s=0.1 - step_s))
        track = convoy.run(55.0, manoeuvre(brake_mps2))
        gaps_m.append(track.gap[round(0.1 / step_s) - 1 :: round(0.1 / step_s)])
    change = np.abs(gaps_m[0] - gaps_m[1]) / gaps_m[0]
    assert change[:450].max() < 0.03  # to standstill
    assert change.max() < 0.06  # and away again: a start falls on a step


# --- plain Python ---


@pytest.fixture(scope="module")
def plain() -> Iterator[object]:
    """spacing.py and what it calls, loaded once more with the kernels left as plain Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract.kernel, "kernel", lambda function: function)
        for module in (gaps, gap_laws, ahead, spacing):
            spec = importlib.util.spec_from_file_location(module.__name__, str(module.__file__))
            assert spec is not None
            assert spec.loader is not None
            again = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, module.__name__, again)
            spec.loader.exec_module(again)
        yield sys.modules[spacing.__name__]


def test_compiled_and_plain_agree_in_lockstep(plain: object) -> None:
    """Everything that can happen: late, silent, blind, alarmed, near, far, standing; 1e-12."""
    rng = np.random.default_rng(11)
    convoy = Convoy([LOADED, EMPTY, AGV65, LOADED])
    tables = (convoy.sensors, convoy.beacon, convoy.order, convoy.truck)
    one, two = convoy.spacing, convoy.spacing.copy()
    plainly = plain.space  # type: ignore[attr-defined]
    assert not hasattr(plainly, "py_func")
    for tick in range(3_000):
        if tick % 10 == 0:
            convoy.order[:, c.ORDER_MEMBER] = rng.random(4) < 0.8
            convoy.sensors[:, c.SENSE_RADAR] = rng.random(4) < 0.97
            convoy.sensors[:, c.SENSE_GAP] = rng.choice([2.0, 4.0, 8.0, 15.0, 30.0, 1e9], 4)
            convoy.beacon[:, c.BEACON_ALARM] = rng.random(4) < 0.1
            two[:, ahead.SPACE_MRM] = one[:, ahead.SPACE_MRM] = 0.0
        convoy.sensors[:, c.SENSE_CLOSING] = rng.normal(0.0, 1.0, 4)
        convoy.beacon[:, c.BEACON_AGE] = rng.choice([0.05, 0.1, 0.2, 0.6], 4)
        convoy.beacon[:, c.BEACON_SEQUENCE] += rng.random(4) < 0.9
        convoy.beacon[:, c.BEACON_V : c.BEACON_U + 1] = rng.normal((5.0, 0.0, 0.0), 1.0, (4, 3))
        convoy.beacon[:, c.BEACON_BRAKE] = rng.uniform(0.0, 5.0, 4)
        for i in range(4):
            v, a, mu = rng.choice([0.0, 0.5, 5.0, 11.0]), rng.normal(), rng.choice([0.1, 0.7])
            fast = space(*tables, one, v, a, mu, 0.5, 0.05, i)
            assert plainly(*tables, two, v, a, mu, 0.5, 0.05, i) == pytest.approx(fast, abs=1e-12)
        np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-12)
        two[:] = one


# --- gaps and brakes ---


def test_safe_gap_is_the_greatest_loss_over_time() -> None:
    rng = np.random.default_rng(7)
    dt_s = 0.002
    t_s = np.arange(0.0, 60.0, dt_s)
    for _ in range(60):
        v, ahead_v = rng.uniform(0.0, 12.0, 2)
        rho_s, brake, front = rng.uniform(0.1, 1.0), *rng.uniform(0.6, 6.0, 2)
        own = np.maximum(0.0, v - brake * np.maximum(0.0, t_s - rho_s))
        other = np.maximum(0.0, ahead_v - front * t_s)
        lost = max(0.0, float(np.cumsum(own - other).max()) * dt_s)
        assert safe_gap(v, ahead_v, rho_s, brake, front) == pytest.approx(lost, abs=0.05)


def test_safe_gap_behind_weaker_brakes_is_not_the_closed_form() -> None:
    """Where the closed form says 1.3 m at 40 km/h the least distance is met while both roll."""
    closed = CRUISE_MPS * 0.2 + 0.5 * CRUISE_MPS**2 * (1.0 / 5.5 - 1.0 / 5.0)
    assert closed < 1.2
    rolling = 5.0 * 0.2**2 / 2.0 + (5.0 * 0.2) ** 2 / (2.0 * 0.5)
    assert safe_gap(CRUISE_MPS, CRUISE_MPS, 0.2, 5.5, 5.0) == pytest.approx(rolling)


def test_needed_brake_uses_up_the_room_and_no_more() -> None:
    rng = np.random.default_rng(8)
    dt_s = 0.002
    t_s = np.arange(0.0, 60.0, dt_s)
    for _ in range(60):
        v, ahead_v = rng.uniform(3.0, 12.0), rng.uniform(0.0, 12.0)
        front, room_m = rng.uniform(0.1, 4.0), rng.uniform(8.0, 40.0)
        need = brake_needed(v, 0.0, ahead_v, -front, room_m, 0.5)
        own = np.maximum(0.0, v - need * np.maximum(0.0, t_s - 0.5))
        other = np.maximum(0.0, ahead_v - front * t_s)
        left = room_m + float(np.cumsum(other - own).min()) * dt_s
        assert left == pytest.approx(0.0, abs=0.1) or (need < 99.0 and left > 0.0 and need <= front)


def test_weakest_brake_runs_down_the_convoy() -> None:
    convoy = Convoy([LOADED, AGV65, EMPTY], air=Air(late_s=0.0))
    convoy.run(1.0, braking(0.0, since_s=1e9))
    assert weakest(convoy.truck, convoy.beacon, convoy.order, 0.7, 2) == 1.0
    assert weakest(convoy.truck, convoy.beacon, convoy.order, 0.7, 1) == 1.0
    assert weakest(convoy.truck, convoy.beacon, convoy.order, 0.05, 0) == pytest.approx(
        0.417, abs=1e-3
    )


def test_gains_of_the_estimate_solve_the_riccati_equation() -> None:
    model = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    seen = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    noise = np.diag([0.2**2 * 0.05, 0.1**2 * 0.05])
    spread = solve_continuous_are(model.T, seen.T, np.diag([0.0, 0.0, 2.0 * 0.5**2]), noise)
    gains = spread @ seen.T @ np.linalg.inv(noise)
    assert np.array([ahead.FROM_GAP, ahead.FROM_SPEED]) == pytest.approx(gains.T, abs=1e-3)
