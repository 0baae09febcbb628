"""Odometer of the guard: where it believes its truck is, and who can make it believe. (vital)"""

import math
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.kernel import plain
from tests.vehicle.watched import TURN_S, Watched, a_path, interpreted
from vehicle.pilot import columns as c
from vehicle.watch import limits as m
from vehicle.watch import odometer

BEND: Final = a_path(801, radius_m=120.0)


@pytest.fixture(autouse=True, scope="module")
def _plain() -> object:
    with interpreted():
        yield


def run(truck: Watched, *, mu: float = 0.7) -> Watched:
    """One turn of the odometer alone."""
    truck.sense(V=truck.speed_mps)
    truck.command[0, c.COMMAND_ACCEL] = truck.accel
    plain(odometer.odometer)(
        truck.path, len(truck.path), truck.sensors, mu, truck.command, truck.state, 0
    )
    return truck


def blind(**truck: float) -> Watched:
    """A placed truck to which no position comes."""
    return Watched(**truck).placed().sense(FIX_NEW=0.0)


def mark(truck: Watched, s: float, left: float = 0.0, *, ahead: float = 0.0) -> Watched:
    """A marker on the path at `s` that the truck sees where it is, if that is at its `at_m`."""
    return truck.sense(
        MARK=1.0, MARK_X=s, MARK_Y=left, MARK_AHEAD=ahead + s - truck.at_m, MARK_LEFT=left
    )


# --- taking up a path ---


@pytest.mark.parametrize("at_m", [0.0, 3.5, 150.25, 299.0])
def test_truck_is_found_anywhere_on_a_new_path(at_m: float) -> None:
    truck = Watched(at_m=at_m, speed_mps=8.0).remember(ODD_S=0.7, BLIND_M=90.0, S=77.0)
    truck.sense(V=-8.0, Y=-0.4)
    plain(odometer.take_up)(truck.path, 301, truck.sensors, truck.row, truck.state, 0)
    assert truck.mind("S") == pytest.approx(at_m)
    assert truck.mind("LEFT") == pytest.approx(-0.4)
    assert truck.mind("OFF") == pytest.approx(0.4)
    assert truck.mind("TUBE") == pytest.approx(0.3 + 0.8)
    assert truck.mind("GENERATION") == 1.0
    assert (truck.mind("ODD_S"), truck.mind("BLIND_M")) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("fix", "new", "counts"),
    [
        (c.FIX_RTK_FIXED, 1.0, True),
        (c.FIX_RTK_FIXED, 0.0, False),
        (c.FIX_RTK_FIXED, math.nan, False),
        (c.FIX_RTK_FLOAT, 1.0, False),
        (c.FIX_SINGLE, 1.0, False),
        (c.FIX_NONE, 1.0, False),
        (math.nan, 1.0, False),
    ],
)
def test_only_a_fresh_rtk_fix_is_a_position(fix: float, new: float, counts: bool) -> None:
    """I21: what is old, rough or unknown confirms nothing."""
    truck = Watched().sense(FIX=fix, FIX_NEW=new).placed().remember(BLIND_M=10.0)
    assert plain(odometer.fixed)(truck.sensors, 0) is counts
    assert (run(truck).mind("BLIND_M") == 0.0) is counts


# --- wheels ---


def test_wheels_alone_carry_the_odometer_and_widen_its_tube() -> None:
    truck = run(blind(speed_mps=8.0))
    assert truck.mind("S") == pytest.approx(50.0 + 8.0 * TURN_S)
    assert truck.mind("TUBE") == pytest.approx(0.3 + 0.01 * 8.0 * TURN_S)
    assert truck.mind("BLIND_M") == pytest.approx(8.0 * TURN_S)
    back = run(blind(speed_mps=-8.0))
    assert back.mind("S") == pytest.approx(50.0 - 8.0 * TURN_S)
    assert back.mind("TUBE") == truck.mind("TUBE")
    assert back.mind("BLIND_M") == truck.mind("BLIND_M")


@pytest.mark.parametrize(
    ("accel", "mu", "tripped", "share"),
    [
        (-1.0, 0.7, 0.0, 0.01),
        (-1.01, 0.7, 0.0, 0.05),
        (-0.24, 0.1, 0.0, 0.01),  # a quarter of the grip of ice: 0.245
        (-0.25, 0.1, 0.0, 0.05),
        (0.0, 0.7, c.TRIP_COMFORT, 0.05),  # the guard brakes, whatever the pilot says
        (0.8, 0.7, 0.0, 0.01),
    ],
)
def test_braked_wheels_slip(accel: float, mu: float, tripped: float, share: float) -> None:
    truck = blind(speed_mps=10.0, accel=accel).remember(TRIPPED=tripped)
    assert run(truck, mu=mu).mind("TUBE") == pytest.approx(0.3 + share * 10.0 * TURN_S)


# --- fixes ---


@pytest.mark.parametrize("off", [0.5, -0.5])
def test_fix_moves_the_odometer_no_faster_than_wheels_err(off: float) -> None:
    truck = Watched(at_m=50.0 + off, speed_mps=10.0).placed().remember(S=49.5, TUBE=2.0)
    run(truck)
    assert truck.mind("S") == pytest.approx(50.0 + math.copysign(2 * 0.01 * 0.5, off))
    assert truck.mind("TUBE") == pytest.approx(0.3 + 0.5)
    assert truck.mind("BLIND_M") == 0.0


def test_fix_nearer_than_wheels_err_is_taken_as_it_is() -> None:
    truck = Watched(at_m=50.505, speed_mps=10.0).placed().remember(S=50.0, TUBE=0.2)
    run(truck)
    assert truck.mind("S") == pytest.approx(50.505)
    assert truck.mind("TUBE") == pytest.approx(0.2 + 0.005)  # it was better, and stays so


@pytest.mark.parametrize(("off", "odd"), [(1.29, 0.0), (-1.29, 0.0), (1.31, 0.8), (-1.31, 0.8)])
def test_fix_a_metre_outside_the_tube_contradicts(off: float, odd: float) -> None:
    truck = Watched(at_m=50.0 + off, speed_mps=0.0).placed().remember(S=50.0, ODD_S=0.7)
    run(truck)
    assert truck.mind("ODD_S") == pytest.approx(odd)
    assert (truck.mind("TUBE") == pytest.approx(0.3)) is (odd > 0.0) or odd == 0.0


@pytest.mark.parametrize("off", [1.25, -1.25])
def test_fix_just_a_metre_outside_the_tube_does_not_contradict(off: float) -> None:
    """In binary fractions, and at a standstill."""
    truck = Watched(at_m=50.0 + off, speed_mps=0.0).placed().remember(S=50.0, TUBE=0.25)
    assert run(truck).mind("ODD_S") == 0.0


@pytest.mark.parametrize(
    ("left", "before", "blind_m", "agrees"),
    [
        (0.3, 0.0, 0.0, True),
        (0.31, 0.0, 0.0, False),
        (-0.31, 0.0, 0.0, False),
        (0.5, 0.25, 0.0, True),
        (1.25, 0.0, 100.0, True),  # 100 m without a fix: 1 m more
        (1.35, 0.0, 100.0, False),
    ],
)
def test_fix_beside_the_last_one_contradicts_unless_it_was_long_ago(
    left: float, before: float, blind_m: float, agrees: bool
) -> None:
    """A truck does not jump sideways; in an outage it may have moved."""
    truck = Watched(speed_mps=0.0).placed().sense(Y=left)
    run(truck.remember(LEFT=before, BLIND_M=blind_m))
    assert (truck.mind("ODD_S") == 0.0) is agrees
    assert truck.mind("LEFT") == pytest.approx(left if agrees else before)
    assert truck.mind("BLIND_M") == (0.0 if agrees else blind_m)


@pytest.mark.parametrize("off", [-30.0, -2.6, -2.4, 2.4, 2.6, 30.0])
def test_fix_far_away_contradicts_however_wide_the_search(off: float) -> None:
    """The search ends before the path does: its edge is no agreement."""
    truck = Watched(at_m=100.0 + off, speed_mps=0.0).placed().remember(S=100.0, TUBE=0.9)
    assert run(truck).mind("ODD_S") == pytest.approx(0.1)
    assert truck.mind("S") == 100.0


@pytest.mark.parametrize(("s", "tube"), [(100.0, 0.99), (100.99, 1.3), (100.01, 2.7)])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_fix_just_inside_is_found_by_the_search(s: float, tube: float, side: float) -> None:
    near = s + side * (tube + m.NEAR_M - 0.01)
    truck = Watched(at_m=near, speed_mps=0.0).placed().remember(S=s, TUBE=tube)
    assert run(truck).mind("ODD_S") == 0.0


# --- markers ---


@pytest.mark.parametrize("seen_from", [48.8, 51.2])
def test_marker_sets_the_odometer(seen_from: float) -> None:
    truck = blind(at_m=seen_from, speed_mps=0.0).remember(S=50.0, BLIND_M=80.0)
    run(mark(truck, 53.0, 0.6))
    assert truck.mind("S") == pytest.approx(seen_from)
    assert truck.mind("TUBE") == 0.1
    assert truck.mind("BLIND_M") == 0.0
    assert truck.mind("ODD_S") == 0.0


def test_marker_is_read_from_where_the_truck_looks() -> None:
    """Ahead and to the left in the frame of a truck that is turned and beside its path."""
    truck = blind(speed_mps=0.0).remember(S=49.5)
    psi, ahead, left = 0.4, 3.0, -0.5
    truck.sense(PSI=psi, MARK=1.0, MARK_AHEAD=ahead, MARK_LEFT=left)
    truck.sense(MARK_X=50.0 + ahead * math.cos(psi) - left * math.sin(psi))
    truck.sense(MARK_Y=0.2 + ahead * math.sin(psi) + left * math.cos(psi))
    run(truck)
    assert truck.mind("S") == pytest.approx(50.0)
    assert truck.mind("LEFT") == pytest.approx(0.2)


@pytest.mark.parametrize(("off", "s"), [(2.0, 52.0), (-2.0, 50.0)])
def test_marker_elsewhere_stops_the_truck_and_the_worse_place_counts(off: float, s: float) -> None:
    """I3: the map, the wheels or the marker is wrong; ahead is the cautious side."""
    truck = run(mark(blind(at_m=50.0 + off, speed_mps=0.0).remember(S=50.0), 55.0))
    assert truck.mind("ODD_S") == m.ODD_MAX_S
    assert truck.mind("S") == pytest.approx(s, abs=0.01)
    assert truck.mind("TUBE") == pytest.approx(0.3)


def test_marker_beside_where_it_should_be_finds_satellites_dragged_sideways() -> None:
    truck = blind(speed_mps=0.0)
    truck.sense(MARK=1.0, MARK_X=50.0, MARK_Y=0.0, MARK_LEFT=-0.5)
    assert run(truck).mind("ODD_S") == m.ODD_MAX_S


def test_fix_of_the_same_turn_does_not_cover_up_what_a_marker_says() -> None:
    """The fix agrees with the odometer, for it has dragged it along; the marker does not."""
    truck = Watched(at_m=50.0, speed_mps=0.0).placed()
    truck.sense(MARK=1.0, MARK_X=54.0, MARK_Y=0.0, MARK_AHEAD=0.0)
    assert run(truck).mind("ODD_S") == m.ODD_MAX_S


@pytest.mark.parametrize("name", ["MARK_X", "MARK_Y", "MARK_AHEAD", "MARK_LEFT"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_marker_that_is_no_number_sets_nothing(name: str, value: float) -> None:
    """I21."""
    truck = mark(blind(speed_mps=0.0), 50.0).sense(**{name: value})
    assert run(truck).mind("S") == 50.0
    assert truck.mind("TUBE") == pytest.approx(0.3)
    assert truck.mind("ODD_S") == m.ODD_MAX_S


@pytest.mark.parametrize("read", [0.0, math.nan])
def test_marker_that_was_not_read_is_none(read: float) -> None:
    truck = mark(blind(at_m=50.4, speed_mps=0.0).remember(S=50.0), 50.0).sense(MARK=read)
    assert run(truck).mind("S") == 50.0


# --- on the road ---


def drive(
    seed: int, *, scale: float = 0.0, drag_mps: float = 0.0, markers: bool, metres: float = 600.0
) -> tuple[list[float], list[float], float]:
    """(error, tube) turn by turn of a truck in a bend, and where a contradiction was found.

    scale   share that the wheels read too much;  drag_mps   how fast the fixes run ahead
    """
    draw = np.random.default_rng(seed)
    truck = Watched(path=BEND, at_m=20.0, speed_mps=8.0).placed()
    true, errors, tubes, turn = 20.0, [], [], 0
    while true < 20.0 + metres and truck.mind("ODD_S") < m.ODD_MAX_S:
        turn += 1
        step, before = 8.0 * TURN_S, true
        true += step
        truck.speed_mps = 8.0 * (1.0 + scale)
        truck.stand_at(true + drag_mps * turn * TURN_S)
        x, y = draw.normal(0.0, 0.015, 2)
        truck.sensors[0, [c.SENSE_X, c.SENSE_Y]] += x, y
        truck.sense(FIX_NEW=float(turn % 2), MARK=0.0)
        if markers and true // 100.0 > before // 100.0:
            place, here = Watched(path=BEND, at_m=true // 100.0 * 100.0), Watched(path=BEND)
            here.stand_at(true)
            dx, dy = (place.sensors[0, k] - here.sensors[0, k] for k in (c.SENSE_X, c.SENSE_Y))
            psi = float(here.sensors[0, c.SENSE_PSI])
            truck.sense(PSI=psi, MARK=1.0)
            truck.sense(MARK_X=place.sensors[0, c.SENSE_X], MARK_Y=place.sensors[0, c.SENSE_Y])
            truck.sense(MARK_AHEAD=dx * math.cos(psi) + dy * math.sin(psi))
            truck.sense(MARK_LEFT=dy * math.cos(psi) - dx * math.sin(psi))
        run(truck)
        errors.append(truck.mind("S") - true)
        tubes.append(truck.mind("TUBE"))
    return errors, tubes, true - 20.0


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(-0.0095, 0.0095), st.booleans())
def test_truck_is_always_within_the_tube(seed: int, scale: float, markers: bool) -> None:
    """I3: for every error of the wheels up to a hundredth, fixes to the centimetre."""
    errors, tubes, way = drive(seed, scale=scale, markers=markers, metres=400.0)
    assert way >= 400.0
    assert all(abs(error) <= tube for error, tube in zip(errors, tubes, strict=True))


@pytest.mark.parametrize(
    ("drag_mps", "found_m"), [(0.05, 300.0), (0.1, 210.0), (0.2, 130.0), (-0.2, 130.0), (1.0, 30.0)]
)
def test_satellites_dragged_along_are_found_and_hide_little(
    drag_mps: float, found_m: float
) -> None:
    """I3: at 8 m/s, markers every 100 m; they hide no more than a hundredth of that and 0.6 m."""
    errors, _, way = drive(1, drag_mps=drag_mps, markers=True, metres=700.0)
    assert way <= found_m
    assert max(abs(error) for error in errors) <= 1.6


def test_wheels_that_are_wrong_are_found() -> None:
    _, _, way = drive(1, scale=0.05, markers=True)
    assert way <= 80.0
