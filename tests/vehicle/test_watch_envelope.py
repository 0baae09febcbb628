"""Envelope of the guard: what a truck may be asked for, and who must keep talking. (vital)"""

import math
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.kernel import plain
from tests.vehicle.watched import (
    ACCEL_MAX,
    ASSURED,
    STEER_MAX,
    STEER_STEP,
    WHEELBASE_M,
    Watched,
    a_truck_row,
    interpreted,
)
from vehicle.pilot import columns as c
from vehicle.watch import envelope as vital
from vehicle.watch import limits as m

G: Final = 9.81
NO_NUMBER: Final = (math.nan, math.inf, -math.inf)


@pytest.fixture(autouse=True, scope="module")
def _plain() -> object:
    with interpreted():
        yield


def clip(
    accel: float = 0.0, steer: float = 0.0, *, last: float = 0.0, v: float = 1.0, mu: float = 0.7
) -> tuple[float, float, bool]:
    """(accel, steer, far outside) of a command after the envelope."""
    truck = Watched().remember(STEER=last)
    truck.command[0, [c.COMMAND_ACCEL, c.COMMAND_STEER]] = accel, steer
    far = plain(vital.envelope)(v, mu, truck.truck, truck.command, truck.state, 0)
    return truck.out("ACCEL"), truck.out("STEER"), bool(far)


# --- numbers ---


@pytest.mark.parametrize("name", ["ACCEL", "STEER", "PARK", "EMERGENCY"])
@pytest.mark.parametrize("value", NO_NUMBER)
@pytest.mark.parametrize("standing", [True, False])
def test_command_that_is_no_number_becomes_a_hard_brake(
    name: str, value: float, standing: bool
) -> None:
    """I21: the pilot's bug reaches neither drive nor steering nor brake."""
    truck = Watched().remember(STEER=0.125)
    truck.command[0, getattr(c, f"COMMAND_{name}")] = value
    assert not plain(vital.numbers)(truck.truck, truck.command, truck.state, standing, 0)
    assert (truck.out("ACCEL"), truck.out("STEER")) == (-ASSURED, 0.125)
    assert (truck.out("PARK"), truck.out("EMERGENCY")) == (float(standing), 1.0)


def test_command_of_numbers_stays_as_it_is() -> None:
    truck = Watched().remember(STEER=0.125)
    truck.command[0, :4] = 0.5, 0.2, 1.0, 1.0
    assert plain(vital.numbers)(truck.truck, truck.command, truck.state, True, 0)
    assert truck.command[0, :4].tolist() == [0.5, 0.2, 1.0, 1.0]


# --- drive and brake ---


@pytest.mark.parametrize(
    ("asked", "given_on", "far"),
    [
        (0.5, 0.5, False),
        (ACCEL_MAX, ACCEL_MAX, False),
        (ACCEL_MAX + 0.2, ACCEL_MAX, False),
        (ACCEL_MAX + 0.21, ACCEL_MAX, True),
        (-ASSURED, -ASSURED, False),
        (-ASSURED - 0.2, -ASSURED - 0.2, False),
        (-ASSURED - 0.21, -ASSURED - 0.21, True),  # odd, but a brake is never made weaker
    ],
)
def test_push_is_clipped_and_a_brake_is_not(asked: float, given_on: float, far: bool) -> None:
    assert clip(asked) == (given_on, 0.0, far)


# --- steering ---


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("asked", "last", "given_on", "far"),
    [
        (0.01, 0.0, 0.01, False),
        (0.1, 0.1 - STEER_STEP / 2.0, 0.1, False),
        (STEER_STEP + 0.1, 0.0, STEER_STEP, False),
        (STEER_STEP + 0.101, 0.0, STEER_STEP, True),
        (0.0, 0.4, 0.4 - STEER_STEP, True),
        (STEER_MAX + 0.1, STEER_MAX, STEER_MAX, False),
        (STEER_MAX + 0.11, STEER_MAX, STEER_MAX, True),
    ],
)
def test_wheels_turn_no_faster_and_no_farther_than_they_can(
    asked: float, last: float, given_on: float, far: bool, sign: float
) -> None:
    accel, steer, was_far = clip(steer=sign * asked, last=sign * last)
    assert steer == pytest.approx(sign * given_on)
    assert (accel, was_far) == (0.0, far)


def angle_of(lateral: float, v: float) -> float:
    """Angle that turns a truck at `v` with so much sideways, m/s^2."""
    return math.atan(WHEELBASE_M * lateral / (v * v))


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("mu", "most"),
    [
        (0.7, 2.0),
        (0.2, 0.6 * 0.2 * G),
        (0.0, 2.0),  # nobody has told: the way must still be kept
        (math.nan, 2.0),
    ],
)
def test_bend_is_never_driven_harder_than_the_road_holds(
    mu: float, most: float, sign: float
) -> None:
    """A pilot plans bends with 1.5 m/s^2 or two fifths of the grip; it may need more to come
    back.
    """
    v = 11.0
    limit = angle_of(most, v)
    for lateral, given_on, far in (
        (most - 0.01, angle_of(most - 0.01, v), False),
        (most + 0.49, limit, False),
        (most + 0.51, limit, True),
    ):
        asked = sign * angle_of(lateral, v)
        _, steer, was_far = clip(steer=asked, last=asked, v=v, mu=mu)
        assert steer == pytest.approx(sign * given_on)
        assert was_far is far


def test_standing_truck_may_turn_its_wheels_to_the_stop() -> None:
    assert clip(steer=STEER_MAX, last=STEER_MAX, v=0.0) == (0.0, STEER_MAX, False)


def test_slow_truck_is_held_by_the_stop_and_not_by_the_bend() -> None:
    """The limit of the bend is above the stop: the stop binds."""
    asked = STEER_MAX + 0.05
    v = math.sqrt(WHEELBASE_M * 2.0 / math.tan(STEER_MAX + 0.02))
    _, steer, _ = clip(steer=asked, last=STEER_MAX, v=v)
    assert steer == STEER_MAX


@pytest.mark.parametrize("v", NO_NUMBER)
def test_speed_that_is_no_number_still_leaves_numbers(v: float) -> None:
    """I21."""
    accel, steer, _ = clip(1.0, 0.0, v=v)
    assert accel == ACCEL_MAX
    assert abs(steer) <= STEER_MAX


@given(
    st.floats(-20.0, 20.0),
    st.floats(-2.0, 2.0),
    st.floats(-STEER_MAX, STEER_MAX),
    st.floats(0.0, 15.0),
    st.floats(0.05, 0.8),
)
def test_whatever_is_asked_for_comes_out_within_the_envelope(
    accel: float, steer: float, last: float, v: float, mu: float
) -> None:
    """I26: nothing livelier than was asked for."""
    pushed, steered, _ = clip(accel, steer, last=last, v=v, mu=mu)
    assert pushed == min(accel, ACCEL_MAX)
    assert abs(steered) <= STEER_MAX
    most = min(2.0, 0.6 * mu * G)
    sideways = v * v * math.tan(abs(steered)) / WHEELBASE_M
    assert sideways <= most + 1e-9 or abs(steered - last) <= STEER_STEP + 1e-12


# --- strikes ---


def strike(truck: Watched, pattern: str) -> list[bool]:
    """Answers of the counter to turns that were far outside (x) or not (.)."""
    return [bool(plain(vital.struck)(truck.state, turn == "x", 0)) for turn in pattern]


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("xxx", 2),
        ("x.x.x", 4),
        ("x" + 9 * "." + "x" + 8 * "." + "x", 19),
        ("xx" + 30 * "." + "x", None),
        (5 * ("x" + 24 * "."), None),
        (3 * ("x" + 14 * "."), None),  # the second does not begin another second
        ("xx" + 30 * "." + "xxx", 34),
    ],
)
def test_third_strike_within_a_second_counts(pattern: str, at: int | None) -> None:
    answers = strike(Watched(), pattern)
    assert answers.index(True) == at if at is not None else not any(answers)


def test_window_of_strikes_is_a_second() -> None:
    """The third strike a second after the first counts, a tick or two later it does not."""
    assert strike(Watched(), "xx" + 18 * "." + "x")[-1]
    assert not strike(Watched(), "xx" + 21 * "." + "x")[-1]


def test_fourth_strike_counts_too() -> None:
    assert strike(Watched(), "xxxx") == [False, False, True, True]


# --- heartbeats ---


def beat(truck: Watched, *, times: int = 1) -> int:
    """The last answer of so many turns; `pilot_alive` says whether its number goes up."""
    cause = 0
    for _ in range(times):
        truck.command[0, c.COMMAND_TURN] += 1.0 if truck.pilot_alive else 0.0
        cause = plain(vital.heartbeats)(truck.sensors, truck.truck, truck.command, truck.state, 0)
    return cause


def test_pilot_that_gives_no_turn_for_200_ms_is_silent() -> None:
    """I3: warned of after 100 ms (see test_watch_turn), acted on after 200 ms."""
    truck = Watched()
    assert beat(truck, times=5) == c.CAUSE_NONE
    truck.pilot_alive = False
    answers = [beat(truck) for _ in range(5)]
    assert answers == [0, 0, 0, c.CAUSE_SILENT, c.CAUSE_SILENT]
    truck.pilot_alive = True
    assert beat(truck) == c.CAUSE_NONE
    assert truck.mind("SILENT_S") == 0.0


def test_pilot_that_counts_anew_is_not_silent() -> None:
    """It has restarted, alone: lower numbers are numbers."""
    truck = Watched()
    truck.command[0, c.COMMAND_TURN] = 900.0
    assert beat(truck) == c.CAUSE_NONE
    truck.command[0, c.COMMAND_TURN] = 0.0
    assert beat(truck, times=10) == c.CAUSE_NONE


def test_turn_that_is_no_number_is_silence() -> None:
    """I21."""
    truck = Watched()
    truck.command[0, c.COMMAND_TURN] = math.nan
    assert beat(truck, times=6) == c.CAUSE_SILENT


@pytest.mark.parametrize("said", [0.0, math.nan, 0.5])
def test_radar_that_is_dead_for_250_ms_stops_the_truck(said: float) -> None:
    truck = Watched().sense(RADAR=said)
    assert [beat(truck) for _ in range(5)] == [0, 0, 0, 0, c.CAUSE_RADAR]
    truck.sense(RADAR=1.0)
    assert beat(truck) == c.CAUSE_NONE
    assert truck.mind("DEAF_S") == 0.0


@pytest.mark.parametrize("coupled", [0.0, math.nan, 0.5])
@pytest.mark.parametrize("trailer_m", [8.1, 0.9])
def test_parted_trailer_stops_the_truck(coupled: float, trailer_m: float) -> None:
    truck = Watched(truck=a_truck_row(TRAILER=trailer_m)).sense(COUPLED=coupled)
    assert beat(truck) == c.CAUSE_PARTED


def test_vehicle_without_a_trailer_loses_none() -> None:
    assert beat(Watched(truck=a_truck_row(TRAILER=0.0)).sense(COUPLED=0.0)) == c.CAUSE_NONE


@pytest.mark.parametrize(
    ("odd_s", "blind_m", "cause"),
    [
        (0.95, 150.0, c.CAUSE_NONE),
        (1.0, 0.0, c.CAUSE_BLIND),
        (0.0, 150.1, c.CAUSE_BLIND),
    ],
)
def test_place_contradicted_for_a_second_or_confirmed_by_nobody_for_150_m_stops_the_truck(
    odd_s: float, blind_m: float, cause: int
) -> None:
    assert beat(Watched().remember(ODD_S=odd_s, BLIND_M=blind_m)) == cause


def test_silence_is_named_before_what_else_is_wrong() -> None:
    """Who is silent leaves the steering to the guard: that must not be missed."""
    truck = Watched(pilot_alive=False).sense(RADAR=0.0, COUPLED=0.0)
    assert beat(truck.remember(ODD_S=9.0, TURN=0.0), times=6) == c.CAUSE_SILENT


def test_limits_are_those_of_the_design() -> None:
    """Heartbeats of pilot and guard: period 50, warn 100, act 200 ms."""
    assert (m.TICK_S, m.SILENT_WARN_S, m.SILENT_MAX_S) == (0.05, 0.1, 0.2)
