"""Spacing: a convoy damps what its leader does, stops short of harm, and steps down in order.

The convoy is the one of bench/string_stability.py: real plant, late and rounded beacons.
"""

import math
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from bench.string_stability import (
    CRUISE_MPS,
    SWING_MPS,
    Air,
    Convoy,
    Lead,
    Lost,
    Track,
    always,
    braking,
    swinging,
)
from sim import plant
from sim.plant_params import AGV65, TRUCK40_EMPTY, TRUCK40_LOADED, VehicleParams
from vehicle.pilot import columns as c
from vehicle.pilot.ahead import (
    SPACE_HARD,
    SPACE_LAG_AHEAD,
    SPACE_MATCHED,
    SPACE_MRM,
    SPACE_RUNG,
)
from vehicle.pilot.columns import Array

OMEGA: Final = np.logspace(-2.5, 1.0, 3_000)
LOADED, EMPTY = TRUCK40_LOADED, TRUCK40_EMPTY


def gamma(omega: Array, h: float, lags: tuple[float, float, float], *, heard: bool = True) -> Array:
    """|Gamma| of Ploeg's law; lags   of the drive, of its dead time, of the beacon, s."""
    tau, phi, theta = lags
    s = 1j * omega
    loop = (0.2 + 0.7 * s) * np.exp(-phi * s) / (s * s * (tau * s + 1.0))
    word = np.exp(-theta * s) if heard else 0.0
    return np.asarray(np.abs((word + loop) / (1.0 + loop) / (h * s + 1.0)))


def shortest_headway(lags: tuple[float, float, float], *, heard: bool) -> float:
    low, high = 0.01, 6.0
    while high - low > 1e-4:
        h = 0.5 * (low + high)
        stable = gamma(OMEGA, h, lags, heard=heard).max() <= 1.0 + 1e-6
        low, high = (low, h) if stable else (h, high)
    return high


@pytest.mark.parametrize(("heard", "headway_s"), [(True, 0.252), (False, 3.160)])
def test_shortest_string_stable_headway_is_the_published_one(heard: bool, headway_s: float) -> None:
    assert shortest_headway((0.1, 0.2, 0.02), heard=heard) == pytest.approx(headway_s, abs=1.5e-3)


PEAKS: Final = [(0.5, 0.1, 1.033), (0.5, 0.2, 1.125), (0.7, 0.15, 1.026), (1.0, 0.3, 1.049)]


@pytest.mark.parametrize(("h", "theta", "peak"), PEAKS)
def test_peak_of_the_string_transfer_is_the_tabled_one(h: float, theta: float, peak: float) -> None:
    assert gamma(OMEGA, h, (0.5, 0.2, theta)).max() == pytest.approx(peak, abs=1e-3)


def test_one_second_of_headway_bears_200_ms_of_lateness() -> None:
    for theta in (0.0, 0.05, 0.1, 0.15, 0.2):
        assert gamma(OMEGA, 1.0, (0.5, 0.2, theta)).max() <= 1.0 + 1e-6


LINEAR: Final = replace(
    LOADED, brake_lag_s=0.5, jerk_service_mps3=1e3, accel_max_mps2=5.0, brake_service_mps2=5.0,
    wheel_power_w=1e12, drag_area_m2=0.0, rolling_resistance=0.0,
)  # fmt: skip


@pytest.mark.parametrize("hertz", [0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("late_s", [0.0, 0.1])
def test_convoy_answers_as_the_string_transfer_says(hertz: float, late_s: float) -> None:
    convoy = Convoy([LINEAR] * 4, air=Air(late_s=late_s), limit_mps=99.0)
    seconds = 40.0 + 2.0 / hertz
    track = convoy.run(seconds, swinging(hertz, 0.6))
    lags = (0.5, 0.2 + 0.025, late_s + 0.05)
    expected = gamma(np.array([math.tau * hertz]), 1.0, lags)[0]
    assert track.steps(seconds - 2.0 / hertz)[:2] == pytest.approx(expected, rel=0.03)


# --- eight trucks ---


@pytest.mark.parametrize("late_s", [0.0, 0.1, 0.2])
@pytest.mark.parametrize(("hertz", "mean_kmh"), [(0.05, 40), (0.1, 40), (0.1, 25), (0.2, 32)])
def test_swing_of_the_leader_dies_out_along_eight_trucks(
    late_s: float, hertz: float, mean_kmh: float
) -> None:
    """Each step below 1, as far as the swing can be told from rounding."""
    mean_mps = mean_kmh / 3.6
    seconds = 60.0 + 3.0 / hertz
    convoy = Convoy(v_mps=mean_mps, air=Air(late_s=late_s))
    track = convoy.run(seconds, swinging(hertz, SWING_MPS, mean_mps, since_s=35.0))
    since_s = seconds - 2.0 / hertz
    told = track.amplitudes(since_s)[:-1] > 0.05
    assert told[:3].all()
    assert (track.steps(since_s)[told] < 1.0).all()


def test_half_a_second_of_headway_amplifies_late_beacons() -> None:
    """The theory's other side: the test above can fail."""
    convoy = Convoy(headway_s=0.5, air=Air(late_s=0.1))
    track = convoy.run(70.0, swinging(0.1, 0.5))
    assert (track.steps(50.0)[:4] > 1.0).all()


@pytest.mark.parametrize("late_s", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("brake_mps2", [1.0, 2.0, 4.0])
def test_no_truck_brakes_harder_than_the_one_ahead(brake_mps2: float, late_s: float) -> None:
    track = Convoy(air=Air(late_s=late_s)).run(60.0, braking(brake_mps2, since_s=25.0))
    hardest = -track.a[track.t_s > 25.0].min(axis=0)
    assert (hardest[1:] <= 1.02 * hardest[:-1]).all()
    assert (track.v[-1] == 0.0).all()
    assert track.least_gap_m() > 2.5
    assert (np.abs(track.gap[-1] - 3.0) < 0.3).all()


# --- what fails ---


def between(since_s: float, until_s: float) -> Lost:
    return lambda t_s, follower: since_s <= t_s < until_s


def bursts(t_s: float, follower: int) -> bool:
    """Three tenths are lost, in runs of about a third of a second."""
    return math.sin(math.tau * 0.9 * t_s + 1.7 * follower) + 0.4 * math.sin(5.3 * t_s) > 0.6


LOSSES: Final = {
    "beacons 0.1 s": Air(no_beacon=between(19.9, 20.0)),
    "beacons 1 s": Air(no_beacon=between(19.8, 20.8), late_s=0.1),
    "beacons 5 s": Air(no_beacon=between(18.0, 23.0)),
    "beacons in bursts": Air(no_beacon=bursts, late_s=0.1),
    "beacons for good": Air(no_beacon=always),
    "radar 2 s": Air(no_radar=between(19.8, 21.8)),
    "radar for good": Air(no_radar=between(19.8, 1e9), late_s=0.1),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("brake_mps2", [1.0, 2.0, 4.0])
def test_nobody_collides_when_the_leader_brakes_unheard_or_unseen(
    name: str, brake_mps2: float
) -> None:
    track = Convoy(air=LOSSES[name]).run(55.0, braking(brake_mps2, since_s=20.0))
    assert track.least_gap_m() > 1.0
    assert (track.v[-1] < 0.02).all()


@pytest.mark.parametrize("brake_mps2", [0.0, 1.0, 2.0])
def test_blind_and_deaf_truck_stops_in_its_lane(brake_mps2: float) -> None:
    convoy = Convoy(air=Air(no_beacon=between(19.8, 1e9), no_radar=between(19.8, 1e9)))
    track = convoy.run(50.0, braking(brake_mps2, since_s=20.0))
    assert track.least_gap_m() > 1.0
    assert (track.v[-1, 1:] == 0.0).all()
    assert (convoy.spacing[1:, SPACE_MRM] == 1.0).all()
    assert (-track.a[:, 1:].min(axis=0) <= 2.0 + 1e-9).all()


MIXES: Final[dict[str, list[VehicleParams]]] = {
    "loaded behind empty": [EMPTY, LOADED, LOADED, LOADED],
    "empty behind loaded": [LOADED, EMPTY, EMPTY, LOADED],
    "with a carrier": [LOADED, AGV65, LOADED, EMPTY],
}


@pytest.mark.parametrize("mu", [0.7, 0.3, 0.1])
@pytest.mark.parametrize("mix", MIXES)
def test_nobody_collides_when_the_leader_takes_all_the_grip_there_is(mix: str, mu: float) -> None:
    convoy = Convoy(MIXES[mix], mu=mu, air=Air(late_s=0.1))
    track = convoy.run(60.0, braking(9.0, since_s=20.0))
    assert track.least_gap_m() > 1.0
    assert (track.v[-1] == 0.0).all()


@pytest.mark.parametrize(("v_kmh", "gap_m"), [(40, 30), (40, 80), (25, 15), (15, 20), (40, 190)])
def test_truck_stops_behind_a_standing_thing_that_cuts_in(v_kmh: float, gap_m: float) -> None:
    v_mps = v_kmh / 3.6
    convoy = Convoy([LOADED] * 2, v_mps=v_mps, limit_mps=v_mps, standstill_m=5.0)
    convoy.order[:, c.ORDER_MEMBER] = 0.0
    convoy.state[0, plant.V] = 0.0
    convoy.stand(np.array([gap_m]))
    track = convoy.run(65.0, braking(1.0, since_s=0.0))
    assert track.least_gap_m() > 1.0
    assert track.v[-1, 1] == 0.0
    assert np.abs(np.diff(track.level[:, 1])).sum() <= 6.0  # no chatter
    if gap_m > v_mps * v_mps:
        assert track.gap[-1, 0] == pytest.approx(5.0, abs=0.2)


# --- stop and go ---


def stop_and_go(accel_mps2: float) -> Lead:
    """Three times: off to 8 m/s, on, and to a stop."""

    def lead(t_s: float, v_mps: float) -> tuple[float, bool]:
        phase_s = (t_s - 8.0) % 33.0
        if t_s < 8.0 or t_s > 107.0 or phase_s > 8.0 / accel_mps2 + 8.0:
            return -accel_mps2, False
        return min(accel_mps2, 2.0 * (8.0 - v_mps)), False

    return lead


@pytest.mark.parametrize("accel_mps2", [1.0, 1.5])
@pytest.mark.parametrize("member", [1.0, 0.0])
def test_queue_stops_and_goes_without_waves_or_jerks(accel_mps2: float, member: float) -> None:
    convoy = Convoy(v_mps=0.0, air=Air(late_s=0.1))
    convoy.order[1:, c.ORDER_MEMBER] = member
    track = convoy.run(125.0, stop_and_go(accel_mps2))
    assert track.least_gap_m() > 2.7
    assert (track.v[:, 1:].max(axis=0) <= track.v[:, 0].max() * 1.01).all()
    jerk = np.abs(np.diff(track.a, axis=0)) / convoy.dt_s
    assert jerk[(track.v[1:] > 0.3)].max() < 1.1
    assert (track.level[200:, 1:] == (0.0 if member else 2.0)).all()
    assert (np.abs(track.gap[-1] - 3.0) < 0.4).all()


def test_standing_truck_neither_creeps_nor_chatters() -> None:
    convoy = Convoy([LOADED] * 3)
    convoy.run(50.0, braking(1.0, since_s=15.0))
    before = convoy.state[:, plant.X].copy()
    convoy.run(30.0, braking(1.0, since_s=0.0))
    assert (convoy.state[:, plant.X] == before).all()
    assert (convoy.wish[1:] < 0.0).all()


# --- the ladder ---


def rungs(track: Track, row: int = 1) -> list[int]:
    """The levels of a row in order, repetitions dropped."""
    level = track.level[:, row].astype(int)
    return [int(level[0]), *level[1:][np.diff(level) != 0].tolist()]


def test_ladder_goes_down_at_once_and_up_after_three_seconds() -> None:
    convoy = Convoy([LOADED] * 2, air=Air(no_beacon=between(20.0, 24.0)))
    track = convoy.run(40.0, braking(0.0, since_s=1e9))
    assert rungs(track) == [2, 0, 1, 2, 0]
    at = {int(n): track.t_s[track.level[:, 1] == n] for n in (0, 1, 2)}
    assert at[0][0] == pytest.approx(3.0, abs=0.11)
    assert at[1][0] == pytest.approx(20.1, abs=0.11)
    assert at[2][at[2] > 10.0][0] == pytest.approx(20.45, abs=0.11)
    assert at[0][at[0] > 21.0][0] == pytest.approx(27.0, abs=0.11)


def test_beacons_at_the_edge_of_fresh_do_not_make_the_ladder_chatter() -> None:
    convoy = Convoy(
        [LOADED] * 2, air=Air(late_s=0.1, no_beacon=lambda t, i: round(20 * t) % 7 == 3)
    )
    assert rungs(convoy.run(60.0, braking(0.0, since_s=1e9))) == [2, 1]


def test_lost_gap_opens_gently_and_before_the_law_changes() -> None:
    convoy = Convoy([LOADED] * 2, air=Air(no_beacon=between(20.0, 1e9)))
    track = convoy.run(75.0, braking(0.0, since_s=1e9))
    after = track.t_s > 20.0
    assert (track.v[after, 0] - track.v[after, 1]).max() < 0.6
    assert -track.a[after, 1].min() < 0.5
    assert track.gap[-1, 0] == pytest.approx(3.0 + 2.0 * CRUISE_MPS, abs=0.5)


def test_late_word_to_accelerate_is_never_held() -> None:
    convoy = Convoy([LOADED] * 2, v_mps=6.0, air=Air(no_beacon=between(20.0, 1e9)))
    lead = swinging(0.0, 0.0, 6.0)
    convoy.run(19.9, lead)
    pushed = convoy.run(0.2, lambda t_s, v: (0.8, False))
    assert pushed.v[-1, 0] < 6.1
    track = convoy.run(6.0, lambda t_s, v: (-0.8, False))
    assert track.gap.min() > 5.0
    assert track.a[:, 1].max() < 0.15


def test_beacon_that_belies_the_radar_is_not_believed() -> None:
    convoy = Convoy([LOADED] * 2)
    convoy.run(10.0, braking(0.0, since_s=1e9))
    convoy.sent[-1][0, c.BEACON_V] += 3.0
    convoy.hear()
    convoy.decide()
    assert convoy.spacing[1, SPACE_RUNG] == 2.0


def test_alarm_is_obeyed_in_the_turn_in_which_it_is_heard() -> None:
    convoy = Convoy([LOADED] * 2)
    convoy.run(10.0, braking(0.0, since_s=1e9))
    convoy.sent[-1][0, [c.BEACON_ALARM, c.BEACON_U]] = (1.0, -4.0)
    convoy.hear()
    convoy.decide()
    assert convoy.wish[1] < -2.0
    assert convoy.spacing[1, SPACE_HARD] == 1.0


def test_gap_below_the_safe_one_is_braked_for() -> None:
    convoy = Convoy([LOADED] * 2)
    convoy.order[:, c.ORDER_MEMBER] = 0.0
    convoy.stand(np.array([8.0]))
    track = convoy.run(20.0, braking(0.0, since_s=1e9))
    assert track.level[0, 1] == 4.0
    assert track.gap[-1, 0] > 13.0
    assert rungs(track) == [4, 2]


def test_lag_of_the_one_ahead_is_made_up_for() -> None:
    convoy = Convoy([replace(LOADED, drive_lag_s=0.3), LOADED])
    convoy.run(10.0, braking(0.0, since_s=1e9))
    convoy.spacing[1, SPACE_LAG_AHEAD] = 0.3
    convoy.sent[-1][0, c.BEACON_U] = 0.3
    convoy.hear()
    convoy.decide()
    assert 0.0 < convoy.spacing[1, SPACE_MATCHED] < 0.3
