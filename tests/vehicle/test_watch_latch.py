"""What the guard latches, who releases it, and the parking brake as rest state. (vital)"""

import math
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.kernel import plain
from tests.vehicle.watched import (
    ASSURED,
    END_M,
    FRONT_M,
    SERVICE,
    STEER_STEP,
    WHEELBASE_M,
    Watched,
    a_path,
    interpreted,
)
from vehicle.orders import ClearTrip
from vehicle.pilot import columns as c
from vehicle.pilot.rows import Rows
from vehicle.watch import turn as vital

NONE: Final = (c.TRIP_NONE, c.CAUSE_NONE)
EMERGENCY: Final = c.TRIP_EMERGENCY
COMFORT: Final = c.TRIP_COMFORT


@pytest.fixture(autouse=True, scope="module")
def _plain() -> object:
    with interpreted():
        yield


def a_parted_truck(**truck: float) -> Watched:
    """Latched, gently."""
    return Watched(**truck).turn().sense(COUPLED=0.0).turn()


def a_lost_truck(**truck: float) -> Watched:
    """Latched, hard."""
    return Watched(**truck).turn().sense(X=math.nan).turn().stand_at(50.0)


# --- the latch ---


def trip(truck: Watched, cause: int, how: int) -> Watched:
    plain(vital.trip)(truck.state, truck.miles, cause, how, 0)
    return truck


def test_harder_stop_replaces_a_softer_one_and_never_the_other_way() -> None:
    """I26."""
    truck = trip(Watched(), c.CAUSE_PARTED, COMFORT)
    assert truck.latch == (COMFORT, c.CAUSE_PARTED)
    assert trip(truck, c.CAUSE_RADAR, COMFORT).latch == (COMFORT, c.CAUSE_PARTED)
    assert trip(truck, c.CAUSE_GAP, EMERGENCY).latch == (EMERGENCY, c.CAUSE_GAP)
    assert trip(truck, c.CAUSE_LOST, EMERGENCY).latch == (EMERGENCY, c.CAUSE_GAP)
    assert trip(truck, c.CAUSE_RADAR, COMFORT).latch == (EMERGENCY, c.CAUSE_GAP)
    assert trip(truck, c.CAUSE_NONE, c.TRIP_NONE).latch == (EMERGENCY, c.CAUSE_GAP)


def test_each_new_latch_is_told_once() -> None:
    truck = Watched()
    truck.miles[0] = c.MILE_REACHED
    trip(truck, c.CAUSE_PARTED, COMFORT)
    assert truck.miles[0] == c.MILE_REACHED | c.MILE_TRIPPED
    truck.miles[0] = 0
    assert not trip(truck, c.CAUSE_RADAR, COMFORT).told
    assert trip(truck, c.CAUSE_GAP, EMERGENCY).told


def test_latch_outlives_its_cause() -> None:
    """I26: what tripped stays tripped."""
    truck = a_parted_truck(accel=0.5).sense(COUPLED=1.0).turn(times=50)
    assert truck.latch == (COMFORT, c.CAUSE_PARTED)
    assert truck.out("ACCEL") == -1.0


def test_latch_outlives_mission_and_row() -> None:
    """I26: a hard stop stays hard when the road under it is taken away."""
    truck = a_lost_truck(accel=0.5).rule(ACTIVE=0.0).turn()
    assert (truck.out("ACCEL"), truck.out("EMERGENCY")) == (-ASSURED, 1.0)
    truck.rule(ACTIVE=1.0, GENERATION=2.0).turn()
    assert truck.latch == (EMERGENCY, c.CAUSE_LOST)
    assert (truck.out("ACCEL"), truck.out("EMERGENCY")) == (-ASSURED, 1.0)


@pytest.mark.parametrize(
    ("mu", "brake"), [(0.7, 1.0), (0.2, 0.981), (0.1, 0.5 * 0.1 * 9.81), (0.01, 0.1)]
)
def test_gentle_stop_is_gentler_on_ice(mu: float, brake: float) -> None:
    """min(1, 0.5 mu g); never nothing."""
    truck = Watched(path=a_path(3001, mus=[mu]), speed_mps=1.0).rule(END=2900.0, MU=mu)
    truck.turn().sense(COUPLED=0.0).turn()
    assert truck.latch == (COMFORT, c.CAUSE_PARTED)
    assert truck.out("ACCEL") == pytest.approx(-brake)


def test_gentle_stop_takes_no_harder_brake_away() -> None:
    truck = a_parted_truck(accel=-2.5, emergency=1.0)
    assert (truck.out("ACCEL"), truck.out("EMERGENCY")) == (-2.5, 1.0)


def test_stop_ends_under_the_parking_brake() -> None:
    """The parking brake is the rest state: after a stop nothing rolls."""
    for truck in (a_parted_truck(accel=0.5), a_lost_truck(accel=0.5)):
        for rolling in (0.021, -0.021):
            truck.speed_mps = rolling
            assert truck.turn().out("PARK") == 0.0
        truck.speed_mps = 0.02
        assert truck.turn().out("PARK") == 1.0
        assert truck.out("ACCEL") < 0.0


# --- release ---


def test_only_an_authorised_release_ends_a_latch() -> None:
    """I26: at standstill, and the truck then drives on."""
    truck = a_parted_truck(accel=0.5, park=0.0)
    truck.speed_mps = 0.0
    assert truck.sense(COUPLED=1.0).turn(times=20).latch == (COMFORT, c.CAUSE_PARTED)
    truck.lift().turn(times=2)
    assert truck.latch == NONE
    assert (truck.out("ACCEL"), truck.out("PARK")) == (0.5, 0.0)
    assert not truck.told


def test_rows_release_the_latch_for_an_order_to_clear() -> None:
    """The one way: vehicle/pilot/rows.py under ClearTrip."""
    truck = a_parted_truck()
    rows = Rows(np.tile(truck.truck, (2, 1)) + _steerable())
    rows.watch[:] = truck.state
    rows.carry_out(1, ClearTrip())
    assert rows.watch[0].tolist() == truck.state[0].tolist()
    truck.lift()
    assert rows.watch[1].tolist() == truck.state[0].tolist()


def _steerable() -> np.ndarray:
    row = np.zeros((1, c.TRUCK_COLUMNS))
    row[0, [c.TRUCK_STEER_LAG, c.TRUCK_LENGTH]] = 0.3, 16.5
    return row


def test_release_of_a_rolling_truck_counts_for_nothing() -> None:
    """A minimal-risk manoeuvre ends only at standstill: it goes on, and says so again."""
    truck = a_parted_truck(accel=0.5).sense(COUPLED=1.0).lift()
    truck.speed_mps = 0.021
    truck.turn()
    assert truck.latch == (COMFORT, c.CAUSE_PARTED)
    assert truck.told
    assert truck.out("ACCEL") == -1.0


def test_release_while_the_fault_lasts_trips_again() -> None:
    """I26."""
    truck = a_parted_truck()
    truck.speed_mps = 0.0
    truck.turn().lift().turn(times=2)
    assert truck.latch == (COMFORT, c.CAUSE_PARTED)
    assert truck.told


def test_released_truck_is_found_anew_before_it_drives() -> None:
    """It may have been towed: the first fresh fix says where it is, until then it rests."""
    truck = a_parted_truck(accel=0.5).sense(COUPLED=1.0)
    truck.speed_mps = 0.0
    truck.turn().lift().stand_at(90.0).sense(FIX_NEW=0.0, Y=0.3).turn()
    assert (truck.out("ACCEL"), truck.out("PARK")) == (-SERVICE, 1.0)
    truck.sense(FIX_NEW=1.0).turn()
    assert truck.mind("S") == pytest.approx(90.0)
    assert truck.latch == NONE
    assert truck.out("ACCEL") == 0.5


def test_released_truck_starts_without_strikes_and_doubts() -> None:
    """What it was latched for does not latch it again by itself."""
    truck = Watched(accel=5.0, speed_mps=0.1).turn(times=3)
    assert truck.latch == (COMFORT, c.CAUSE_ENVELOPE)
    truck.accel, truck.park, truck.speed_mps = 0.0, 1.0, 0.0
    truck.remember(BLIND_M=200.0, LEFT=0.9).turn().lift().turn()
    truck.accel, truck.park = 0.5, 0.0
    assert truck.turn(times=3).latch == NONE
    assert truck.out("ACCEL") == 0.5


def test_released_truck_has_all_its_strikes_again() -> None:
    """The third wild command latches: not the first, not the second."""
    truck = Watched(accel=5.0, speed_mps=0.0).turn(times=3).lift()
    truck.accel = 0.5
    assert truck.turn().latch == NONE
    truck.accel = 5.0
    assert truck.turn(times=2).latch == NONE
    assert truck.turn().latch == (COMFORT, c.CAUSE_ENVELOPE)


# --- the row ---


def test_truck_without_a_row_brakes_and_then_parks() -> None:
    """I2: no authority, no road."""
    truck = Watched(accel=0.5, speed_mps=3.0).rule(ACTIVE=0.0).turn()
    assert (truck.out("ACCEL"), truck.out("PARK")) == (-SERVICE, 0.0)
    for rolling in (0.021, -0.021):
        truck.speed_mps = rolling
        assert truck.turn().out("PARK") == 0.0
    truck.speed_mps = -0.02
    assert truck.turn().out("PARK") == 1.0
    assert truck.latch == NONE


@pytest.mark.parametrize("active", [0.0, 0.5, math.nan])
def test_row_that_is_not_active_is_none(active: float) -> None:
    """I21."""
    assert Watched(accel=0.5).turn().rule(ACTIVE=active).turn().out("ACCEL") == -SERVICE


def test_guard_without_a_row_leaves_a_harder_brake_and_holds_a_wild_wheel() -> None:
    truck = Watched(accel=-3.0, steer=0.5).rule(ACTIVE=0.0).turn()
    assert truck.out("ACCEL") == -3.0
    assert truck.out("STEER") == pytest.approx(STEER_STEP)
    assert truck.turn().out("STEER") == pytest.approx(2.0 * STEER_STEP)


def test_guard_without_a_row_takes_no_bend_too_fast() -> None:
    """2 m/s^2 sideways, from 12 m/s."""
    truck = Watched(steer=0.3, speed_mps=12.0).rule(ACTIVE=0.0).remember(STEER=0.3).turn()
    assert truck.out("STEER") == pytest.approx(math.atan(WHEELBASE_M * 2.0 / 144.0))


def test_reading_that_is_no_number_latches_nothing_without_a_row() -> None:
    """It rests already, and has to be found before it may do anything else."""
    truck = Watched(accel=0.5).rule(ACTIVE=0.0).sense(X=math.nan).turn()
    assert truck.latch == NONE
    assert truck.out("ACCEL") == -SERVICE


@pytest.mark.parametrize("name", ["X", "Y", "PSI"])
def test_truck_is_taken_up_by_no_fix_that_is_no_number(name: str) -> None:
    """I21: a latch alone would leave it believed to be somewhere."""
    assert Watched().sense(**{name: math.nan}).turn().mind("GENERATION") == 0.0


def test_command_of_no_numbers_is_a_brake_without_a_row_too() -> None:
    """I21."""
    truck = Watched(accel=math.nan, steer=math.nan).rule(ACTIVE=0.0).turn()
    assert (truck.out("ACCEL"), truck.out("STEER")) == (-ASSURED, 0.0)


def test_truck_is_taken_up_only_by_a_fresh_fix_and_rests_until_then() -> None:
    """I3: an old or rough position is no place to reckon an end from."""
    truck = Watched(accel=0.5, speed_mps=0.0).sense(FIX=c.FIX_SINGLE).turn(times=3)
    assert (truck.out("ACCEL"), truck.out("PARK")) == (-SERVICE, 1.0)
    truck.sense(FIX=c.FIX_RTK_FIXED, FIX_NEW=0.0).turn()
    assert truck.out("PARK") == 1.0
    truck.sense(FIX_NEW=1.0).turn()
    assert (truck.out("ACCEL"), truck.out("PARK")) == (0.5, 0.0)
    assert truck.latch == NONE


def test_new_generation_is_looked_for_along_the_whole_path() -> None:
    truck = Watched(at_m=120.0).turn().stand_at(20.0).rule(GENERATION=2.0).turn()
    assert truck.mind("S") == pytest.approx(20.0, abs=0.3)
    assert truck.mind("GENERATION") == 2.0
    assert truck.mind("ODD_S") == 0.0


def test_row_of_no_generation_moves_nobody() -> None:
    """I21: zero is what memory has after a restart."""
    truck = Watched(accel=0.5).rule(GENERATION=0.0).turn(times=3)
    assert truck.out("ACCEL") == -SERVICE


def test_row_that_was_withdrawn_leaves_no_place_behind() -> None:
    """I3: while it braked without a row nobody counted its way."""
    truck = Watched(accel=0.5).turn().rule(ACTIVE=0.0).turn()
    truck.rule(ACTIVE=1.0).stand_at(80.0).sense(FIX_NEW=0.0).turn()
    assert truck.out("ACCEL") == -SERVICE
    assert truck.sense(FIX_NEW=1.0).turn().mind("S") == pytest.approx(80.0, abs=0.3)


# --- rest ---


def test_parked_truck_is_left_alone_but_for_its_push() -> None:
    truck = Watched(accel=0.5, steer=0.2, park=1.0, speed_mps=0.0, emergency=1.0)
    truck.turn()
    assert truck.command[0, :4].tolist() == [0.0, 0.2, 1.0, 1.0]
    assert truck.mind("STEER") == 0.2
    truck.accel = -1.0
    assert truck.turn().out("ACCEL") == -1.0


def test_parked_truck_may_have_a_silent_pilot_and_a_dead_radar() -> None:
    truck = Watched(park=1.0, speed_mps=0.0, pilot_alive=False).turn(times=3)
    truck.remember(SILENT_S=0.15).sense(RADAR=0.0).turn(times=20)
    assert truck.latch == NONE
    assert truck.mind("SILENT_S") == 0.0
    assert truck.mind("TURN") == truck.out("TURN")


def test_turns_of_a_parked_trucks_pilot_are_seen() -> None:
    """A pilot that dies with the parking brake on is silent from then on, not from the start."""
    truck = Watched(park=1.0, speed_mps=0.0).turn(times=3)
    assert truck.mind("TURN") == 3.0
    truck.park, truck.pilot_alive = 0.0, False
    assert truck.turn().mind("SILENT_S") == 0.05


def test_parked_truck_takes_up_its_path() -> None:
    truck = Watched(park=1.0, speed_mps=0.0, at_m=77.0).turn()
    assert truck.mind("S") == 77.0


@pytest.mark.parametrize("speed", [0.021, -0.021, 5.0])
def test_parking_brake_of_a_rolling_truck_is_a_command_like_any_other(speed: float) -> None:
    truck = Watched(park=1.0, at_m=END_M, speed_mps=speed).turn()
    assert truck.latch == (EMERGENCY, c.CAUSE_OVERRUN)


@pytest.mark.parametrize("speed", [0.02, -0.02, 0.0])
def test_parking_brake_of_a_standing_truck_ends_the_matter(speed: float) -> None:
    truck = Watched(park=1.0, at_m=END_M, speed_mps=speed).turn()
    assert truck.latch == NONE


def test_half_a_parking_brake_is_none() -> None:
    """I21."""
    assert Watched(park=0.5, speed_mps=0.0, at_m=END_M).turn().latch[0] == EMERGENCY


# --- every cause, and the one thing that always holds ---

CAUSES: Final = {
    c.CAUSE_OVERRUN: lambda: Watched(at_m=END_M),
    c.CAUSE_OVERSPEED: lambda: Watched(at_m=END_M - FRONT_M - 5.0, speed_mps=12.0),
    c.CAUSE_LOST: lambda: Watched().placed().sense(FIX_NEW=0.0).remember(LEFT=1.0),
    c.CAUSE_BLIND: lambda: Watched().turn().sense(FIX=c.FIX_NONE).remember(BLIND_M=150.0),
    c.CAUSE_GAP: lambda: Watched().sense(GAP=0.5, CLOSING=1.0),
    c.CAUSE_RADAR: lambda: Watched().sense(RADAR=0.0),
    c.CAUSE_SILENT: lambda: Watched(pilot_alive=False),
    c.CAUSE_ENVELOPE: lambda: Watched(accel=9.0),
    c.CAUSE_PARTED: lambda: Watched().sense(COUPLED=0.0),
    c.CAUSE_ROLLBACK: lambda: Watched(speed_mps=-0.5),
}


@pytest.mark.parametrize("cause", range(1, 11))
def test_every_cause_can_happen(cause: int) -> None:
    truck = CAUSES[cause]().turn(times=8)
    assert truck.latch[1] == cause
    assert truck.told
    assert truck.out("ACCEL") <= -1.0 or truck.speed_mps < 0.0


@given(st.integers(0, 10**6))
def test_brake_is_only_ever_made_stronger(seed: int) -> None:
    """I26: whatever the state, what comes out is no livelier than what went in, and in bounds."""
    draw = np.random.default_rng(seed)
    truck = Watched(
        at_m=float(draw.uniform(0, 200)),
        speed_mps=float(draw.uniform(-1, 14)),
        accel=float(draw.uniform(-6, 6)),
        steer=float(draw.uniform(-1, 1)),
        park=float(draw.integers(0, 2)),
        emergency=float(draw.integers(0, 2)),
        pilot_alive=bool(draw.integers(0, 4)),
    )
    truck.sense(Y=float(draw.normal(0, 0.8)), GAP=float(draw.uniform(0, 60)))
    truck.sense(CLOSING=float(draw.normal(0, 2)), RADAR=float(draw.integers(0, 4) > 0))
    truck.sense(FIX_NEW=float(draw.integers(0, 2)), COUPLED=float(draw.integers(0, 6) > 0))
    truck.rule(ACTIVE=float(draw.integers(0, 5) > 0), MU=float(draw.uniform(0, 0.8)))
    for _ in range(6):
        before = truck.latch[0]
        truck.turn()
        assert truck.out("ACCEL") <= truck.accel
        assert truck.out("EMERGENCY") >= truck.emergency
        assert abs(truck.out("STEER")) <= 0.55 + 1e-12
        assert truck.latch[0] >= before
