"""The guard's turn: what it brakes for and how hard, in the place of the pilot. (vital)"""

import math
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.kernel import plain
from tests.vehicle.watched import (
    ACCEL_MAX,
    ASSURED,
    BUILD_UP_S,
    DELAY_S,
    END_M,
    FRONT_M,
    HITCH_M,
    OVERLAP_M,
    SERVICE,
    STEER_STEP,
    TRAILER_M,
    TURN_S,
    WHEELBASE_M,
    WIDE_M,
    Watched,
    a_path,
    a_truck_row,
    interpreted,
)
from vehicle.pilot import columns as c
from vehicle.watch import turn as vital

T_S: Final = DELAY_S + TURN_S
T_HARD_S: Final = T_S + BUILD_UP_S
EMERGENCY: Final = c.TRIP_EMERGENCY
COMFORT: Final = c.TRIP_COMFORT
NO_NUMBER: Final = (math.nan, math.inf, -math.inf)


@pytest.fixture(autouse=True, scope="module")
def _plain() -> object:
    with interpreted():
        yield


def curve(room: float, brake: float, t_s: float = T_S) -> float:
    """Speed at which braking must begin, m/s."""
    return -brake * t_s + math.sqrt((brake * t_s) ** 2 + 2.0 * brake * room)


def before_end(room: float, v: float, *, tube: float = 0.3, **truck: float) -> Watched:
    """A placed truck with its front so far before the end; the wheels are believed."""
    at_m = END_M - FRONT_M - room - v * TURN_S
    found = Watched(at_m=at_m, speed_mps=v, **truck).placed().sense(FIX_NEW=0.0)
    return found.remember(TUBE=tube - 0.01 * abs(v) * TURN_S)


# --- the end ---


def test_pilot_far_before_the_end_has_its_way() -> None:
    truck = Watched(accel=0.5, steer=0.01).turn(times=3)
    assert (truck.out("ACCEL"), truck.out("STEER")) == (0.5, 0.01)
    assert (truck.out("PARK"), truck.out("EMERGENCY")) == (0.0, 0.0)
    assert truck.latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert not truck.told


@pytest.mark.parametrize("room", [2.0, 10.0, 40.0])
def test_service_brake_begins_a_third_of_a_metre_a_second_above_its_curve(room: float) -> None:
    """I3: the service curve ends at the end itself, whatever the tube."""
    v = curve(room, SERVICE)
    under = before_end(room, v + 0.29, tube=1.0).turn()
    assert under.out("ACCEL") == 0.0
    over = before_end(room, v + 0.31, tube=1.0).turn()
    assert over.out("ACCEL") == -SERVICE
    assert over.latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert over.out("EMERGENCY") == 0.0


@pytest.mark.parametrize("room", [2.0, 10.0, 40.0])
def test_push_is_taken_back_a_tenth_of_a_second_before_the_service_curve(room: float) -> None:
    """I3: the warning curve; said once, and then again only after the truck has stood."""
    v = curve(room, SERVICE, T_S + 0.1) + 0.3
    under = before_end(room, v - 0.01, accel=0.5).turn()
    assert (under.out("ACCEL"), under.warned) == (0.5, False)
    over = before_end(room, v + 0.01, accel=0.5).turn()
    assert (over.out("ACCEL"), over.warned, over.mind("WARNED")) == (0.0, True, 1.0)
    assert over.latch == (c.TRIP_NONE, c.CAUSE_NONE)
    over.miles[0] = 0
    assert not over.turn().warned
    over.speed_mps, over.accel, over.park = 0.0, 0.0, 1.0
    over.turn()
    over.speed_mps, over.accel, over.park = v + 0.1, 0.5, 0.0
    assert over.turn().warned


def test_pilot_that_brakes_above_the_warning_curve_is_left_alone() -> None:
    v = curve(10.0, SERVICE, T_S + 0.1) + 0.35
    truck = before_end(10.0, v, accel=-0.4).turn()
    assert (truck.out("ACCEL"), truck.warned) == (-0.4, True)


def test_pilot_that_brakes_harder_than_the_guard_is_left_alone() -> None:
    truck = before_end(10.0, curve(10.0, SERVICE) + 0.4, accel=-3.0).turn()
    assert truck.out("ACCEL") == -3.0


@pytest.mark.parametrize("tube", [0.3, 1.0])
@pytest.mark.parametrize("room", [-3.0, 2.0, 10.0, 40.0])
def test_truck_that_cannot_stop_before_end_and_overlap_trips(room: float, tube: float) -> None:
    """I3: the emergency curve ends at the overlap, less what the odometer may be wrong by."""
    if room < 0.0 and tube == 0.3:
        room = -0.5
    v = curve(max(0.0, room + OVERLAP_M - tube), ASSURED, T_HARD_S)
    under = before_end(room, v + 0.49, tube=tube).rule(OVERLAP=OVERLAP_M)
    over = before_end(room, v + 0.51, tube=tube)
    assert over.turn().latch[0] == EMERGENCY
    if room > 0.0:
        assert over.latch == (EMERGENCY, c.CAUSE_OVERSPEED)
        assert over.told
        assert over.out("ACCEL") == -ASSURED
        assert over.out("EMERGENCY") == 1.0
        assert under.turn().latch == (c.TRIP_NONE, c.CAUSE_NONE)


@pytest.mark.parametrize("tube", [0.3, 1.0])
def test_truck_past_the_end_trips_even_at_walking_pace(tube: float) -> None:
    """I2: half a metre, and what the odometer may be wrong by."""
    assert before_end(-0.49 - tube, 0.1, tube=tube).turn().latch[0] == c.TRIP_NONE
    truck = before_end(-0.51 - tube, 0.1, tube=tube).turn()
    assert truck.latch == (EMERGENCY, c.CAUSE_OVERRUN)


@pytest.mark.parametrize(("overlap", "tube"), [(2.0, 2.5), (0.0, 0.8), (0.3, 0.8)])
def test_truck_that_may_be_past_the_overlap_trips(overlap: float, tube: float) -> None:
    """I2: an odometer that has been alone for long is worth so much less road."""
    room = tube - max(overlap, 0.5)
    for more, latch in ((0.01, c.TRIP_NONE), (-0.01, EMERGENCY)):
        truck = before_end(room + more, 0.1, tube=tube).rule(OVERLAP=overlap)
        assert truck.turn().latch[0] == latch


@pytest.mark.parametrize(
    ("room", "overlap", "tube"), [(-0.75, 5.0, 0.25), (-0.5, 2.5, 2.0), (1.5, 0.0, 2.0)]
)
def test_truck_right_at_the_bound_is_within_it(room: float, overlap: float, tube: float) -> None:
    """I2: half a metre and the tube; the overlap. All in binary fractions, and at a standstill."""
    truck = before_end(room, 0.0, tube=tube).rule(OVERLAP=overlap)
    assert truck.turn().latch == (c.TRIP_NONE, c.CAUSE_NONE)


@given(
    st.floats(5.0, 140.0), st.floats(0.0, 12.0), st.floats(0.0, 1.2), st.sampled_from([0.7, 0.2])
)
def test_truck_whose_pilot_only_pushes_stops_before_end_and_overlap(
    at_m: float, speed_mps: float, wish: float, mu: float
) -> None:
    """I2, I3: unless it was too fast to begin with, and it does so without a latch."""
    truck = Watched(at_m=at_m, accel=wish).rule(MU=mu)
    room = max(0.0, END_M - FRONT_M - at_m)
    truck.speed_mps = min(speed_mps, curve(room, min(SERVICE, 0.75 * mu * 9.81)))
    for _ in range(60):
        truck.drive(1.0)
        if truck.out("ACCEL") < 0.0 and truck.speed_mps == 0.0:
            break
    assert truck.at_m + FRONT_M <= END_M + OVERLAP_M


# --- place and motion ---


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(
    ("left", "latch"),
    [
        (0.6, (c.TRIP_NONE, c.CAUSE_NONE)),
        (0.61, (COMFORT, c.CAUSE_LOST)),
        (1.5, (COMFORT, c.CAUSE_LOST)),
        (1.51, (EMERGENCY, c.CAUSE_LOST)),
    ],
)
def test_truck_beside_its_path_stops(left: float, side: float, latch: tuple[int, int]) -> None:
    """Lane containment in a wide lane: gently at 0.6 m, hard at 1.5 m."""
    truck = Watched().placed().sense(FIX_NEW=0.0).remember(LEFT=side * left)
    assert truck.turn().latch == latch


INSIDE_M: Final = 0.5 * (TRAILER_M**2 - HITCH_M**2) / 60.0
OUTSIDE_M: Final = 0.5 * FRONT_M**2 / 60.0


@pytest.mark.parametrize(
    ("width_m", "radius_m", "side", "most_m"),
    [
        (3.5, 0.0, 1.0, 0.475),
        (3.5, 0.0, -1.0, 0.475),
        (4.0, 60.0, 1.0, max(0.3, 0.725 - INSIDE_M)),
        (4.0, 60.0, -1.0, min(0.6, 0.725 - OUTSIDE_M)),
        (4.0, -60.0, -1.0, max(0.3, 0.725 - INSIDE_M)),
        (4.0, -60.0, 1.0, min(0.6, 0.725 - OUTSIDE_M)),
        (3.6, 60.0, -1.0, 0.525 - OUTSIDE_M),
        (4.4, 60.0, 1.0, 0.925 - INSIDE_M),
        (3.5, 60.0, 1.0, 0.3),
        (2.0, 0.0, 1.0, 0.3),
    ],
)
def test_truck_stops_before_its_outline_is_out_of_the_lane(
    width_m: float, radius_m: float, side: float, most_m: float
) -> None:
    """Lane containment: the trailer cuts in and the front swings out; a pilot needs 0.3 m."""
    path = a_path(width_m=width_m, radius_m=radius_m)
    for left_m, how in ((most_m - 0.001, c.TRIP_NONE), (most_m + 0.001, COMFORT)):
        truck = Watched(path=path, speed_mps=2.0).placed().sense(FIX_NEW=0.0)
        assert truck.remember(LEFT=side * left_m).turn().latch[0] == how


def test_vehicle_without_a_trailer_has_its_width_and_its_ends_only() -> None:
    """An AGV 3 m wide, its middle on the path, at 60 m radius: its ends swing out, none cuts in."""
    agv = a_truck_row(FRONT=7.4, TRAILER=0.0, HITCH_AHEAD=0.5, WIDTH=3.0)
    path = a_path(width_m=4.0, radius_m=60.0)
    for side, most_m in ((1.0, 0.5), (-1.0, 0.3)):
        for left_m, how in ((most_m - 0.001, c.TRIP_NONE), (most_m + 0.001, COMFORT)):
            truck = Watched(path=path, truck=agv, speed_mps=2.0).placed().sense(FIX_NEW=0.0)
            assert truck.remember(LEFT=side * left_m).turn().latch[0] == how


def test_lane_counts_where_the_truck_is() -> None:
    path = a_path(width_m=WIDE_M)
    path[50, c.PATH_WIDTH] = 3.5
    for at_m, how in ((49.5, c.TRIP_NONE), (50.5, COMFORT), (51.5, c.TRIP_NONE)):
        truck = Watched(path=path, at_m=at_m, speed_mps=0.0).placed().sense(FIX_NEW=0.0)
        assert truck.remember(LEFT=0.5).turn().latch[0] == how


@pytest.mark.parametrize("at_m", [-30.0, 2_000.0])
def test_lane_beyond_the_ends_of_the_path_is_as_wide_as_at_the_end(at_m: float) -> None:
    path = a_path(width_m=3.5)
    path[1:-1, c.PATH_WIDTH] = WIDE_M
    truck = Watched(path=path, speed_mps=0.0).placed().sense(FIX_NEW=0.0).rule(END=3_000.0)
    assert truck.remember(LEFT=0.5, S=at_m).turn().latch[0] == COMFORT


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_truck_that_begins_beside_its_path_may_come_back_and_not_leave_again(side: float) -> None:
    """A truck is placed where its mission finds it; what it has come nearer it keeps."""
    truck = Watched(speed_mps=2.0).sense(Y=side * 0.9).turn().sense(FIX_NEW=0.0)
    for left, latch in ((1.19, 0), (1.21, COMFORT)):
        assert truck.remember(LEFT=side * left, TRIPPED=0).turn().latch[0] == latch
    for back, latch in ((0.5, 0), (0.79, 0), (0.81, COMFORT), (0.1, 0), (0.59, 0), (0.61, COMFORT)):
        assert truck.remember(LEFT=side * back, TRIPPED=0, CAUSE=0).turn().latch[0] == latch


def test_truck_that_begins_far_beside_its_path_does_not_begin() -> None:
    assert Watched(speed_mps=2.0).sense(Y=1.51).turn().latch == (EMERGENCY, c.CAUSE_LOST)


def test_truck_that_rolls_back_trips() -> None:
    assert Watched(speed_mps=-0.2).turn().latch[0] == c.TRIP_NONE
    assert Watched(speed_mps=-0.21).turn().latch == (EMERGENCY, c.CAUSE_ROLLBACK)


@pytest.mark.parametrize("name", ["X", "Y", "PSI", "GAP", "CLOSING"])
@pytest.mark.parametrize("value", NO_NUMBER)
def test_reading_that_is_no_number_is_an_emergency(name: str, value: float) -> None:
    """I21: nothing that is not finite is ever compared and found harmless."""
    truck = Watched(accel=0.5, steer=0.01).turn().sense(**{name: value}).turn()
    assert truck.latch == (EMERGENCY, c.CAUSE_LOST)
    assert (truck.out("ACCEL"), truck.out("EMERGENCY")) == (-ASSURED, 1.0)
    assert truck.out("STEER") == 0.01


@pytest.mark.parametrize("value", [*NO_NUMBER, 60.1, -60.1])
def test_speed_of_no_truck_is_an_emergency(value: float) -> None:
    """I21."""
    truck = Watched(steer=0.01).turn()
    truck.speed_mps = value
    assert truck.turn().latch == (EMERGENCY, c.CAUSE_LOST)
    assert (truck.out("PARK"), truck.out("STEER")) == (0.0, 0.01)


def test_speed_of_no_truck_bounds_no_wheel() -> None:
    """Even on ice: the wheels stay as they were when the speed was still known."""
    truck = Watched(steer=0.5, speed_mps=math.nan).rule(MU=0.01).remember(STEER=0.5)
    assert truck.turn().out("STEER") == 0.5


def test_speed_of_a_fast_truck_is_a_speed() -> None:
    truck = Watched(path=a_path(3001), speed_mps=60.0).rule(END=2990.0).turn()
    assert truck.latch == (c.TRIP_NONE, c.CAUSE_NONE)


@pytest.mark.parametrize("name", ["END", "OVERLAP", "MU"])
@pytest.mark.parametrize("value", NO_NUMBER)
def test_limit_that_is_no_number_is_an_emergency(name: str, value: float) -> None:
    """I21: an end without end is none."""
    truck = Watched().turn().rule(**{name: value}).turn()
    assert truck.latch == (EMERGENCY, c.CAUSE_LOST)


def test_road_on_which_nothing_holds_is_not_driven() -> None:
    """I21: friction zero."""
    assert Watched().rule(MU=0.0).turn().latch == (EMERGENCY, c.CAUSE_OVERSPEED)


# --- heartbeats and envelope, as the turn has them ---


def test_silent_pilot_first_loses_its_push_and_then_the_wheel() -> None:
    """Warn at 100 ms: no traction. Act at 200 ms: stop gently, steered by the guard."""
    truck = Watched(accel=0.5, steer=0.02).turn()
    truck.pilot_alive = False
    pushes = [truck.turn().out("ACCEL") for _ in range(4)]
    assert pushes == [0.5, 0.0, 0.0, -1.0]
    assert truck.latch == (COMFORT, c.CAUSE_SILENT)
    assert truck.told
    assert truck.out("STEER") == pytest.approx(0.02 - STEER_STEP)  # back to the straight


def test_silent_pilot_that_brakes_goes_on_braking() -> None:
    truck = Watched(accel=-3.0).turn()
    truck.pilot_alive = False
    assert truck.turn(times=5).out("ACCEL") == -3.0


@pytest.mark.parametrize("radius_m", [80.0, -80.0])
def test_guard_keeps_to_a_bend_without_a_pilot(radius_m: float) -> None:
    truck = Watched(path=a_path(radius_m=radius_m), at_m=60.0, speed_mps=6.0).turn()
    angle = plain(vital.hold_path)(truck.path, 301, truck.sensors, truck.truck, truck.state, 0)
    assert angle == pytest.approx(math.atan(WHEELBASE_M / radius_m), rel=0.02)


@pytest.mark.parametrize(
    ("left", "v", "angle"),
    [
        (1.0, 3.0, math.atan(2.0 * WHEELBASE_M * -1.0 / (25.0 + 1.0))),  # 5 m ahead at least
        (1.0, 8.0, math.atan(2.0 * WHEELBASE_M * -1.0 / (64.0 + 1.0))),  # a second ahead
        (-1.0, -8.0, math.atan(2.0 * WHEELBASE_M / (64.0 + 1.0))),
        (4.0, 0.0, -0.55),  # the stop
        (-4.0, 0.0, 0.55),
    ],
)
def test_guard_aims_a_second_ahead(left: float, v: float, angle: float) -> None:
    """Pure pursuit: atan(2 L sin(eta) / l)."""
    truck = Watched().placed().sense(Y=left, V=v)
    held = plain(vital.hold_path)(truck.path, 301, truck.sensors, truck.truck, truck.state, 0)
    assert held == pytest.approx(angle)


def test_guard_that_stands_on_what_it_aims_at_steers_straight() -> None:
    """Divisor guard: the aim is under the truck."""
    truck = Watched().placed().sense(X=55.0, Y=0.05, PSI=0.3, V=0.0)
    held = plain(vital.hold_path)(truck.path, 301, truck.sensors, truck.truck, truck.state, 0)
    assert held == pytest.approx(math.atan(2.0 * WHEELBASE_M * math.cos(0.3) * -0.05))


def test_third_wild_command_in_a_second_trips() -> None:
    truck = Watched(accel=ACCEL_MAX + 0.3)
    assert truck.turn().out("ACCEL") == ACCEL_MAX
    assert truck.turn().latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert truck.turn().latch == (COMFORT, c.CAUSE_ENVELOPE)


def test_third_command_of_no_numbers_trips() -> None:
    """I21: each of them is a hard brake by itself."""
    truck = Watched(steer=math.nan)
    assert truck.turn().out("ACCEL") == -ASSURED
    assert truck.turn().latch == (c.TRIP_NONE, c.CAUSE_NONE)
    assert truck.turn().latch == (COMFORT, c.CAUSE_ENVELOPE)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ({"COUPLED": 0.0}, c.CAUSE_PARTED),
        ({"RADAR": 0.0}, c.CAUSE_RADAR),
        ({"MARK": 1.0, "MARK_X": 70.0}, c.CAUSE_BLIND),
    ],
)
def test_what_the_guard_cannot_do_without_stops_the_truck_gently(
    said: dict[str, float], cause: int
) -> None:
    truck = Watched(accel=0.5).turn().sense(**said).turn(times=5)
    assert truck.latch == (COMFORT, cause)
    assert (truck.out("ACCEL"), truck.out("EMERGENCY")) == (-1.0, 0.0)


def test_contradiction_for_a_second_stops_the_truck_gently() -> None:
    """The fixes stay 3 m behind; one comes every other turn."""
    truck = Watched(speed_mps=0.1).turn()
    truck.stand_at(47.0)
    turns = 0
    while truck.latch[0] == c.TRIP_NONE:
        truck.sense(FIX_NEW=float(turns % 2)).turn()
        turns += 1
    assert truck.latch == (COMFORT, c.CAUSE_BLIND)
    assert 20 <= turns <= 22
