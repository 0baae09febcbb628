"""The guard's kernel: brakes before the end, latches beyond it, never lets a rest roll. (vital)"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.kernel import plain
from vehicle import guard as vital
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array, Bits

END_M: Final = 150.0
OVERLAP_M: Final = 2.0
FRONT_M: Final = 4.0
SERVICE_MPS2: Final = 1.5
ASSURED_MPS2: Final = 4.0
DELAY_S: Final = 0.5
ROWS: Final = 201
STEP_S: Final = 0.05

turn = plain(vital.guard_turn)
brake_speed = plain(vital.brake_speed)


@contextmanager
def interpreted() -> Iterator[None]:
    """The kernel and what it calls in this module as plain Python, as on a truck without numba."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vital, "judge", plain(vital.judge))
        patch.setattr(vital, "brake_speed", brake_speed)
        yield


def a_straight() -> Array:
    """200 m due east, one row a metre."""
    path = np.zeros((1, ROWS, c.PATH_COLUMNS))
    path[0, :, c.PATH_S] = path[0, :, c.PATH_X] = np.arange(ROWS)
    return path


PATH: Final = a_straight()


@dataclass
class Truck:
    """One truck on the straight with a guard row in force and a pilot that wants to drive on."""

    at_m: float = 0.0
    speed_mps: float = 0.0
    left_m: float = 0.0
    accel_mps2: float = 1.0
    park: float = 0.0
    active: float = 1.0
    end_m: float = END_M
    state: Array = field(default_factory=lambda: np.zeros((1, c.WATCH_COLUMNS)))
    command: Array = field(default_factory=lambda: np.zeros((1, c.COMMAND_COLUMNS)))
    miles: Bits = field(default_factory=lambda: np.zeros(1, np.int64))
    generation: float = 1.0

    def step(self) -> "Truck":
        """One turn of the guard on this step's sensors and the pilot's command."""
        sensors = np.zeros((1, c.SENSOR_COLUMNS))
        sensors[0, [c.SENSE_X, c.SENSE_Y, c.SENSE_V]] = self.at_m, self.left_m, self.speed_mps
        row = np.zeros((1, c.GUARD_COLUMNS))
        row[0, [c.GUARD_ACTIVE, c.GUARD_END, c.GUARD_OVERLAP]] = self.active, self.end_m, OVERLAP_M
        row[0, c.GUARD_GENERATION] = self.generation
        truck = np.zeros((1, c.TRUCK_COLUMNS))
        truck[0, [c.TRUCK_FRONT, c.TRUCK_DELAY]] = FRONT_M, DELAY_S
        truck[0, [c.TRUCK_BRAKE_SERVICE, c.TRUCK_BRAKE_ASSURED]] = SERVICE_MPS2, ASSURED_MPS2
        self.command[0, [c.COMMAND_ACCEL, c.COMMAND_PARK]] = self.accel_mps2, self.park
        rows = np.array([ROWS], np.int64)
        with interpreted():
            turn(PATH, rows, sensors, row, truck, self.state, self.command, self.miles)
        return self

    @property
    def accel(self) -> float:
        return float(self.command[0, c.COMMAND_ACCEL])

    @property
    def parks(self) -> bool:
        return bool(self.command[0, c.COMMAND_PARK])

    @property
    def emergency(self) -> bool:
        return bool(self.command[0, c.COMMAND_EMERGENCY])

    @property
    def cause(self) -> int:
        return int(self.state[0, c.WATCH_CAUSE]) if self.state[0, c.WATCH_TRIPPED] else 0


def test_braking_curve_is_zero_at_the_end_and_beyond() -> None:
    assert brake_speed(0.0, SERVICE_MPS2, DELAY_S) == 0.0
    assert brake_speed(-5.0, SERVICE_MPS2, DELAY_S) == 0.0


@given(st.floats(0.0, 500.0), st.floats(0.5, 8.0), st.floats(0.0, 2.0))
def test_braking_curve_is_delay_and_braking_way_together(
    room_m: float, brake_mps2: float, delay_s: float
) -> None:
    """I3: v T + v^2 / (2 A) = d."""
    v = brake_speed(room_m, brake_mps2, delay_s)
    assert v * delay_s + v * v / (2.0 * brake_mps2) == pytest.approx(room_m, abs=1e-6)


def test_pilot_far_before_the_end_has_its_way() -> None:
    truck = Truck(speed_mps=5.0).step()
    assert truck.accel == 1.0
    assert not truck.emergency
    assert truck.cause == 0


def test_truck_past_the_service_curve_is_braked_but_not_latched() -> None:
    """I3."""
    room_m = 10.0
    v = brake_speed(room_m, SERVICE_MPS2, DELAY_S) + 0.4
    truck = Truck(at_m=END_M - FRONT_M - room_m, speed_mps=v).step()
    assert truck.accel == -SERVICE_MPS2
    assert truck.cause == 0


def test_guard_leaves_a_pilot_that_brakes_harder_alone() -> None:
    room_m = 10.0
    v = brake_speed(room_m, SERVICE_MPS2, DELAY_S) + 0.4
    truck = Truck(at_m=END_M - FRONT_M - room_m, speed_mps=v, accel_mps2=-3.0).step()
    assert truck.accel == -3.0


def test_truck_that_cannot_stop_before_end_and_overlap_trips() -> None:
    """I3: the emergency curve ends at the overlap."""
    room_m = 10.0
    v = brake_speed(room_m + OVERLAP_M, ASSURED_MPS2, DELAY_S) + 0.6
    truck = Truck(at_m=END_M - FRONT_M - room_m, speed_mps=v).step()
    assert truck.cause == c.CAUSE_OVERSPEED
    assert truck.accel == -ASSURED_MPS2
    assert truck.emergency
    assert truck.miles[0] == c.MILE_TRIPPED


def test_truck_past_the_end_trips_even_at_walking_pace() -> None:
    """I2."""
    truck = Truck(at_m=END_M - FRONT_M + vital.OVERRUN_M + 0.1, speed_mps=0.3).step()
    assert truck.cause == c.CAUSE_OVERRUN
    assert truck.emergency


def test_truck_beside_the_path_trips() -> None:
    truck = Truck(at_m=50.0, left_m=vital.LOST_M + 0.1, speed_mps=3.0).step()
    assert truck.cause == c.CAUSE_LOST


def test_trip_is_latched_until_somebody_clears_it() -> None:
    """I26: what tripped stays tripped, and says so once."""
    truck = Truck(at_m=50.0, left_m=vital.LOST_M + 0.1, speed_mps=3.0).step()
    truck.miles[0] = 0
    truck.left_m = 0.0
    truck.step()
    assert truck.accel == -ASSURED_MPS2
    assert truck.emergency
    assert truck.miles[0] == 0
    truck.state[0, c.WATCH_TRIPPED] = 0.0
    truck.command[:] = 0.0
    truck.step()
    assert not truck.emergency


def test_tripped_truck_parks_when_it_stands() -> None:
    truck = Truck(at_m=END_M, speed_mps=0.0).step()
    assert truck.parks
    assert truck.accel == -ASSURED_MPS2


def test_truck_without_a_row_brakes_and_then_parks() -> None:
    """I2: no authority, no road."""
    truck = Truck(speed_mps=3.0, active=0.0).step()
    assert truck.accel == -SERVICE_MPS2
    assert not truck.parks
    truck.speed_mps = 0.0
    assert truck.step().parks


def test_guard_without_a_row_does_not_weaken_a_harder_brake() -> None:
    truck = Truck(speed_mps=3.0, active=0.0, accel_mps2=-ASSURED_MPS2).step()
    assert truck.accel == -ASSURED_MPS2


def test_parked_truck_is_left_alone() -> None:
    truck = Truck(park=1.0, active=0.0, accel_mps2=0.0).step()
    assert truck.parks
    assert truck.accel == 0.0


def test_parking_brake_at_speed_is_judged_like_any_command() -> None:
    truck = Truck(park=1.0, speed_mps=2.0, at_m=END_M).step()
    assert truck.cause == c.CAUSE_OVERRUN


def test_new_generation_is_looked_for_along_the_whole_path() -> None:
    truck = Truck(at_m=120.0, speed_mps=1.0).step()
    assert truck.state[0, c.WATCH_S] == pytest.approx(120.0)
    truck.at_m = 121.0
    truck.step()
    assert truck.state[0, c.WATCH_S] == pytest.approx(121.0)
    truck.at_m, truck.generation = 20.0, 2.0
    assert truck.step().state[0, c.WATCH_S] == pytest.approx(20.0)


@pytest.mark.parametrize("place", ["at_m", "left_m", "speed_mps", "end_m"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_reading_that_is_no_number_is_an_emergency(place: str, value: float) -> None:
    """I21: nothing that is not finite is ever compared and found harmless."""
    truck = Truck(at_m=20.0, speed_mps=3.0).step()
    setattr(truck, place, value)
    truck.step()
    assert truck.cause != 0
    assert truck.accel == -ASSURED_MPS2
    assert truck.emergency


@pytest.mark.parametrize("column", [c.COMMAND_ACCEL, c.COMMAND_STEER])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_command_that_is_no_number_becomes_an_emergency_brake(column: int, value: float) -> None:
    """I21: the pilot's bug reaches neither drive nor steering."""
    truck = Truck(at_m=20.0, speed_mps=3.0)
    if column == c.COMMAND_ACCEL:
        truck.accel_mps2 = value
    else:
        truck.command[0, column] = value
    truck.step()
    assert truck.accel == -ASSURED_MPS2
    assert truck.emergency
    assert truck.command[0, c.COMMAND_STEER] == 0.0


@given(
    start_m=st.floats(0.0, 140.0),
    speed_mps=st.floats(0.0, 12.0),
    wish_mps2=st.floats(0.0, 1.2),
)
def test_ideal_truck_under_a_pilot_that_only_accelerates_stops_before_end_and_overlap(
    start_m: float, speed_mps: float, wish_mps2: float
) -> None:
    """I2, I3: unless it was already too fast, the front never passes the end of the overlap."""
    room_m = END_M - FRONT_M - start_m
    truck = Truck(at_m=start_m, accel_mps2=wish_mps2)
    truck.speed_mps = min(speed_mps, brake_speed(room_m, SERVICE_MPS2, DELAY_S))
    for _ in range(2_000):
        truck.command[0, c.COMMAND_EMERGENCY] = 0.0
        truck.step()
        v = max(0.0, truck.speed_mps + STEP_S * truck.accel)
        truck.at_m += STEP_S * (truck.speed_mps + v) / 2.0
        truck.speed_mps = v
        if v == 0.0 and truck.accel < 0.0:
            break
    assert truck.at_m + FRONT_M <= END_M + OVERLAP_M


@given(st.floats(-10, 220), st.floats(0, 20), st.floats(-6, 6), st.floats(-5, 5))
def test_guard_never_makes_a_command_livelier(
    at_m: float, speed_mps: float, left_m: float, accel_mps2: float
) -> None:
    """I26: whatever the state, what comes out accelerates no more than what went in."""
    truck = Truck(at_m=at_m, speed_mps=speed_mps, left_m=left_m, accel_mps2=accel_mps2).step()
    assert truck.accel <= accel_mps2


def test_compiled_and_plain_guard_agree_in_lockstep() -> None:
    """Kernel rule: the same bits, compiled or not."""
    draws = np.random.default_rng(7)
    states = [np.zeros((1, c.WATCH_COLUMNS)), np.zeros((1, c.WATCH_COLUMNS))]
    for step in range(200):
        given_now = Truck(at_m=step * 0.8, speed_mps=float(draws.uniform(0, 9)))
        sides = []
        for is_plain, state in zip((True, False), states, strict=True):
            truck = Truck(at_m=given_now.at_m, speed_mps=given_now.speed_mps, state=state)
            rows = np.array([ROWS], np.int64)
            sensors = np.zeros((1, c.SENSOR_COLUMNS))
            sensors[0, [c.SENSE_X, c.SENSE_V]] = truck.at_m, truck.speed_mps
            row = np.array([[1.0, 0.0, 1.0, END_M, OVERLAP_M, 0.0]])
            own = np.array([[FRONT_M, 16.5, 3.6, 0.5, 1.0, SERVICE_MPS2, ASSURED_MPS2, DELAY_S]])
            truck.command[0, c.COMMAND_ACCEL] = 1.0
            kernel = turn if is_plain else vital.guard_turn
            with interpreted() if is_plain else nullcontext():
                kernel(PATH, rows, sensors, row, own, state, truck.command, truck.miles)
            sides.append(np.concatenate([truck.command[0], state[0]]))
        assert np.abs(sides[0] - sides[1]).max() <= 1e-12
