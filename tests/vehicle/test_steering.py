"""Steering: path error on the real plant, symmetry, limits, wrong beliefs, compiled and plain."""

import importlib.util
import math
import sys
from dataclasses import replace
from types import ModuleType
from typing import Final

import numpy as np
import pytest

import contract.kernel
from bench.path_error import (
    LANES,
    VEHICLES,
    Lane,
    Trial,
    drive,
    figures,
    path_of,
    pilot_rows,
)
from contract.errors import InvariantBroken
from sim import plant
from sim.plant_params import AGV65, TRUCK40_LOADED, VehicleParams, params_block
from vehicle.pilot import columns as c
from vehicle.pilot import steering
from vehicle.pilot.columns import Array
from vehicle.pilot.steering import (
    GAIN_COLUMNS,
    GAIN_ROWS,
    INTEGRAL_MAX_RAD,
    PERIOD_S,
    SHIFT_MAX_M,
    STEER_ANGLE,
    STEER_COLUMNS,
    STEER_ERROR,
    STEER_ERROR_PSI,
    STEER_INTEGRAL,
    STEER_SENT,
    STEER_SHIFT,
    STEER_SHIFT_SLOPE,
    gain_table,
    gain_tables,
    new_steering,
    settle_row,
    steer_row,
)

STRAIGHT, S_SLOW, S_FAST, _, CORNER, GATE = LANES
LANE_ERROR_M: Final = 0.15
GATE_ERROR_M: Final = 0.10
LANE_HALF_M: Final = 1.75
SIDE_MPS2: Final = 1.5
QUIET: Final = Trial(seeds=1, noise=0.0, bias_rad=0.0, offset_m=0.0)
both_vehicles = pytest.mark.parametrize("vehicle", VEHICLES.values(), ids=VEHICLES)


class Wheel:
    """One truck's steering on a path, and the angle it sent last."""

    def __init__(self, path: Array, vehicle: VehicleParams = TRUCK40_LOADED) -> None:
        self.path = path
        self.truck = pilot_rows(params_block([vehicle]))
        self.gains = gain_tables(self.truck)
        self.state = new_steering(1)
        self.sent = 0.0
        self.module: ModuleType = steering

    def turn(self, s: float, left: float, psi: float, v: float) -> float:
        """One turn at that place of the path."""
        path, rows, place = self.path, len(self.path), (s, left, psi)
        tables = (self.gains, self.truck, self.state)
        row = self.module.steer_row(path, rows, place, v, self.sent, SIDE_MPS2, *tables, 0)
        self.sent = float(row)
        return self.sent

    def see(self, column: int) -> float:
        return float(self.state[0, column])


def a_wheel(vehicle: VehicleParams = TRUCK40_LOADED, lane: int = 0) -> Wheel:
    return Wheel(path_of(LANES[lane].drawn()), vehicle)


def plain_steering() -> ModuleType:
    """vehicle/pilot/steering.py loaded once more, its kernels left as plain Python."""
    spec = importlib.util.spec_from_file_location("plain_steering", str(steering.__file__))
    assert spec is not None
    assert spec.loader is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract.kernel, "kernel", lambda function: function)
        again = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "plain_steering", again)
        spec.loader.exec_module(again)
    return again


# --- path error ---


@both_vehicles
@pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.name)
def test_path_error_stays_small_on_every_lane(lane: Lane, vehicle: VehicleParams) -> None:
    seen = figures(drive(lane, vehicle, Trial(seeds=2)))
    assert seen.max_m <= LANE_ERROR_M
    assert seen.p999_m <= GATE_ERROR_M
    assert seen.rms_m <= 0.025


@both_vehicles
def test_gate_lane_is_kept_and_the_truck_stands_straight_in_the_cell(
    vehicle: VehicleParams,
) -> None:
    track = drive(GATE, vehicle, Trial(seeds=4))
    assert track.states[-1, :, plant.V].max() <= 0.05  # one step before it stood
    seen = figures(track)
    assert seen.max_m <= GATE_ERROR_M
    assert seen.heading_deg <= 1.0
    assert seen.final_m <= GATE_ERROR_M  # off the axis itself, what is left of the shift included
    assert np.abs(track.shifts[-1]).max() <= 0.01


def test_error_settles_to_centimetres_whatever_the_wheels_stand_off() -> None:
    """As good as the source's trial once the start beside the path is forgotten."""
    seen = figures(drive(STRAIGHT, TRUCK40_LOADED, Trial(seeds=2)), after_s=12.0)
    assert seen.rms_m <= 0.008
    assert seen.max_m <= 0.025


def test_start_beside_the_path_does_not_wind_the_integral_up() -> None:
    """What the integral finds in coming back must not carry the truck far across."""
    track = drive(STRAIGHT, TRUCK40_LOADED, replace(QUIET, offset_m=0.3))
    across = -np.sign(track.states[0, :, plant.Y]) * track.states[:, :, plant.Y]
    assert across.max() <= 0.05


# --- trailer ---


def test_shift_keeps_the_outline_in_the_lane_with_room_to_spare() -> None:
    shifted = figures(drive(S_SLOW, TRUCK40_LOADED, Trial(seeds=1)))
    centred = figures(drive(S_SLOW, TRUCK40_LOADED, Trial(seeds=1, shifts=False)))
    assert shifted.outline_m <= LANE_HALF_M - 0.15
    assert LANE_HALF_M - 0.15 < centred.outline_m <= LANE_HALF_M
    assert shifted.trailer_m < centred.trailer_m


def test_shift_is_nothing_on_a_straight_and_without_trailer() -> None:
    assert np.abs(drive(STRAIGHT, TRUCK40_LOADED, QUIET).shifts).max() <= 1e-9
    assert np.abs(drive(S_SLOW, AGV65, QUIET).shifts).max() == 0.0


def test_shift_lies_outside_the_bend_and_is_bounded() -> None:
    slow = drive(S_SLOW, TRUCK40_LOADED, QUIET).shifts[:, 0]
    assert slow.min() == pytest.approx(-slow.max(), abs=0.005)
    assert slow.min() < -0.1
    assert int(slow.argmin()) < int(slow.argmax())  # the first bend is to the left
    assert np.abs(drive(CORNER, TRUCK40_LOADED, QUIET).shifts).max() <= SHIFT_MAX_M * 1.1


def test_error_is_told_against_path_and_shift() -> None:
    wheel = a_wheel()
    wheel.state[0, [STEER_SHIFT, STEER_SHIFT_SLOPE]] = -0.1, 0.0
    wheel.turn(50.0, 0.05, 0.01, 5.0)
    assert wheel.see(STEER_ERROR) == pytest.approx(0.05 - wheel.see(STEER_SHIFT))
    assert wheel.see(STEER_ERROR_PSI) == pytest.approx(0.01 - wheel.see(STEER_SHIFT_SLOPE))
    assert -0.1 < wheel.see(STEER_SHIFT) < -0.098


# --- symmetry, step length, beliefs ---


@both_vehicles
def test_mirrored_lane_gives_mirrored_angles(vehicle: VehicleParams) -> None:
    left = drive(S_FAST, vehicle, Trial(seeds=1))
    right = drive(S_FAST, vehicle, Trial(seeds=1, mirror=-1.0))
    assert np.abs(left.sent + right.sent).max() <= 1e-12


def test_heading_of_another_turn_changes_nothing() -> None:
    one, other = a_wheel(), a_wheel()
    angle = one.turn(50.0, 0.1, 0.02, 5.0)
    assert other.turn(50.0, 0.1, 0.02 - 2.0 * math.tau, 5.0) == pytest.approx(angle, abs=1e-12)


@both_vehicles
def test_finer_physics_gives_the_same_drive(vehicle: VehicleParams) -> None:
    coarse = figures(drive(S_FAST, vehicle, Trial(seeds=1, noise=0.0)))
    fine = figures(drive(S_FAST, vehicle, Trial(seeds=1, noise=0.0, substeps=5)))
    assert fine.rms_m == pytest.approx(coarse.rms_m, rel=0.05)
    assert fine.max_m == pytest.approx(coarse.max_m, rel=0.05)


@both_vehicles
@pytest.mark.parametrize(("lag", "dead_s"), [(1.3, 0.0), (0.7, 0.0), (1.3, 0.05), (0.7, -0.05)])
def test_wrong_lag_and_dead_time_leave_it_stable(
    vehicle: VehicleParams, lag: float, dead_s: float
) -> None:
    real = replace(
        vehicle,
        steer_lag_s=vehicle.steer_lag_s * lag,
        steer_dead_time_s=vehicle.steer_dead_time_s + dead_s,
    )
    seen = figures(drive(S_FAST, real, Trial(seeds=1, believed=vehicle)))
    assert seen.max_m <= 0.20  # where the S turns over, by feed-forward that comes late
    settled = figures(drive(STRAIGHT, real, Trial(seeds=1, believed=vehicle)), after_s=12.0)
    assert settled.max_m <= 0.04


# --- limits ---


@both_vehicles
def test_command_keeps_rate_and_angle_of_the_steering(vehicle: VehicleParams) -> None:
    trial = Trial(seeds=1, noise=20.0, offset_m=2.0)
    sent = np.vstack([np.zeros(4), drive(CORNER, vehicle, trial).sent])
    most = vehicle.steer_rate_max_radps * PERIOD_S
    assert np.abs(np.diff(sent, axis=0)).max() <= most + 1e-12
    assert np.abs(sent).max() <= vehicle.steer_max_rad
    assert np.abs(np.diff(sent, axis=0)).max() == pytest.approx(most)  # and the limit was met


def test_way_back_to_the_path_is_bounded_sideways() -> None:
    wheel = a_wheel()
    for _ in range(40):
        wheel.turn(50.0, 2.5, 0.0, 8.0)
    bend_per_m = math.tan(-wheel.sent) / TRUCK40_LOADED.wheelbase_m
    assert 64.0 * bend_per_m == pytest.approx(SIDE_MPS2, rel=0.01)
    assert wheel.see(STEER_INTEGRAL) == 0.0


def test_integral_is_bounded() -> None:
    wheel = a_wheel()
    for _ in range(2_000):
        wheel.turn(50.0, 0.1, 0.0, 2.0)
    assert wheel.see(STEER_INTEGRAL) == INTEGRAL_MAX_RAD


def test_standing_truck_holds_angle_and_integral() -> None:
    wheel = a_wheel()
    wheel.sent = 0.2
    wheel.state[0, STEER_INTEGRAL] = 0.01
    for _ in range(100):
        assert wheel.turn(50.0, 0.5, 0.1, 0.0) == 0.2
    assert wheel.see(STEER_INTEGRAL) == 0.01
    assert wheel.see(STEER_ANGLE) == pytest.approx(0.2)


def test_crawling_truck_turns_its_wheels_by_the_metre() -> None:
    wheel = a_wheel()
    chance = np.random.default_rng(3)
    angles = [
        wheel.turn(50.0, float(left), float(psi), 0.2)
        for left, psi in chance.normal(size=(200, 2)) * (0.015, 0.0017)
    ]
    most = 0.2 * TRUCK40_LOADED.steer_rate_max_radps * PERIOD_S
    assert np.abs(np.diff(angles)).max() <= most + 1e-12
    assert np.abs(angles).max() <= 0.02


@pytest.mark.parametrize(
    "place", [(math.nan, 0.0, 0.0), (5.0, math.inf, 0.0), (5.0, 0.0, math.nan)]
)
def test_number_that_is_none_holds_the_wheels_and_leaves_no_trace(
    place: tuple[float, float, float],
) -> None:
    wheel = a_wheel()
    wheel.turn(50.0, 0.1, 0.0, 5.0)
    before, angle = wheel.state.copy(), wheel.sent
    assert wheel.turn(*place, 5.0) == angle
    assert wheel.turn(5.0, 0.0, 0.0, math.nan) == angle
    assert np.array_equal(wheel.state, before)


def test_unknown_truck_and_path_of_one_point_give_numbers() -> None:
    """All columns nothing: no divisor bites, the wheels stay."""
    wheel = a_wheel()
    wheel.truck[:] = 0.0
    for v in (0.0, 0.01, 0.5, 20.0):
        assert wheel.turn(50.0, 0.1, 0.0, v) == 0.0
    wheel = Wheel(np.zeros((2, c.PATH_COLUMNS)))
    assert math.isfinite(wheel.turn(0.0, 0.1, 0.0, 5.0))
    assert np.isfinite(wheel.state).all()


def test_beyond_the_end_the_path_goes_straight_on() -> None:
    wheel = a_wheel(lane=4)
    end = wheel.path[-1]
    for _ in range(50):
        angle = wheel.turn(end[c.PATH_S] + 5.0, 0.0, end[c.PATH_PSI], 3.0)
    assert angle == pytest.approx(0.0, abs=1e-3)


# --- taking up ---


def test_new_path_is_taken_up_without_a_jump() -> None:
    """Nothing remembered belongs to a path: what was sent, found and shifted goes on."""
    kept, changed = a_wheel(lane=1), a_wheel(lane=1)
    road, counted_from = kept.path, 0.0
    for tick in range(200):
        s = 60.0 + 7.0 * PERIOD_S * tick
        psi = float(np.interp(s, road[:, c.PATH_S], road[:, c.PATH_PSI]))
        if tick == 100:  # in the bend, and the shift is on its way
            counted_from = 30.0
            changed.path = road[30:].copy()
            changed.path[:, c.PATH_S] -= counted_from
        left = kept.see(STEER_SHIFT)
        angle = kept.turn(s, left, psi, 7.0)
        assert changed.turn(s - counted_from, left, psi, 7.0) == pytest.approx(angle, abs=1e-9)
    assert abs(angle) > 0.03


def test_settled_steering_goes_on_from_the_angle_that_was_sent() -> None:
    wheel = a_wheel()
    settle_row(0.1, wheel.state, 0)
    wheel.sent = 0.1
    assert wheel.see(STEER_ANGLE) == 0.1
    assert (wheel.state[0, STEER_SENT:] == 0.1).all()
    most = TRUCK40_LOADED.steer_rate_max_radps * PERIOD_S
    assert abs(wheel.turn(50.0, 0.0, 0.0, 5.0) - 0.1) <= most + 1e-12


# --- gains, lockstep ---


@both_vehicles
def test_gains_are_smooth_and_bounded_down_to_a_crawl(vehicle: VehicleParams) -> None:
    gains = gain_table(pilot_rows(params_block([vehicle]))[0])
    assert gains.shape == (GAIN_ROWS, GAIN_COLUMNS)
    assert (gains > 0.0).all()
    assert gains[:, steering.GAIN_ERROR].max() <= math.sqrt(1.0 / 8.0)
    assert gains[:, steering.GAIN_PSI].max() <= 2.5
    assert np.abs(np.diff(gains, axis=0)).max() <= 0.08


def test_gains_are_kept_for_trucks_of_the_same_kind() -> None:
    rows = pilot_rows(params_block([TRUCK40_LOADED, TRUCK40_LOADED]))
    assert gain_table(rows[0]) is gain_table(rows[1])
    assert not gain_table(rows[0]).flags.writeable


def test_truck_without_wheelbase_cannot_be_steered() -> None:
    with pytest.raises(InvariantBroken, match=r"wheelbase of 0\.0 m"):
        gain_table(np.zeros(c.TRUCK_COLUMNS))


@both_vehicles
def test_compiled_and_plain_steering_agree_in_lockstep(vehicle: VehicleParams) -> None:
    compiled, interpreted = a_wheel(vehicle, 1), a_wheel(vehicle, 1)
    interpreted.module = plain_steering()
    chance = np.random.default_rng(7)
    for k in range(600):
        s = 0.7 * k
        psi = float(np.interp(s, compiled.path[:, c.PATH_S], compiled.path[:, c.PATH_PSI]))
        left, turned = chance.normal(size=2) * (0.4, 0.05)
        v = float(chance.choice([0.0, 0.3, 2.0, 8.0, 13.0]))
        angle = compiled.turn(s, float(left), psi + float(turned), v)
        assert interpreted.turn(s, float(left), psi + float(turned), v) == pytest.approx(
            angle, abs=1e-12
        )
        assert np.abs(compiled.state - interpreted.state).max() <= 1e-12
    assert steer_row is steering.steer_row
    assert compiled.state.shape == (1, STEER_COLUMNS)


def test_series_of_small_angles_are_exact_and_end_where_they_must() -> None:
    for angle in np.linspace(-0.2, 0.2, 4001):
        assert steering._small_sin(angle) == pytest.approx(math.sin(angle), abs=3e-17)
        assert steering._small_atan(angle) == pytest.approx(math.atan(angle), abs=3e-17)
    assert math.isnan(steering._small_sin(math.nan))
    assert math.isnan(steering._small_atan(math.nan))
