"""The pose filter under faults: satellites that lie, markers, wheels and gyro that lie."""

import math

import numpy as np
import pytest

from sim.plant import PSI, V, X, Y
from tests.sim.sensor_rig import DT_S, FAST_MPS, SLOW_MPS, Rig, Watch
from vehicle.pilot import columns as c
from vehicle.pilot import pose
from vehicle.pilot import pose_columns as p
from vehicle.pilot.pose import (
    POSE_ACROSS,
    POSE_ALONG,
    POSE_DISTRUSTED,
    POSE_GOOD,
    POSE_X,
)

STANDING: float = 0.0


def a_rig(speed_mps: float, count: int = 100) -> Rig:
    rig = Rig(count, seed=5)
    return rig.under_way(speed_mps) if speed_mps > 0.0 else rig.run(10.0)


def drift(rig: Rig, rate_mps: float, angle: float) -> Rig:
    """Satellites that creep away along (0) or across (pi / 2) the heading of now."""
    heading = rig.state[:, PSI] + angle
    return rig.suffer(drift_x=rate_mps * np.cos(heading), drift_y=rate_mps * np.sin(heading))


@pytest.mark.parametrize("speed_mps", [FAST_MPS, SLOW_MPS, STANDING])
@pytest.mark.parametrize("step_m", [0.2, 0.5, 1.0, 5.0])
def test_position_that_steps_is_refused_and_believed_again_when_it_is_back(
    speed_mps: float, step_m: float
) -> None:
    """Three epochs refused: satellites distrusted within 0.35 s, and nothing of it is used."""
    rig = a_rig(speed_mps).suffer(step_y=step_m)
    watch = Watch(rig, 4.0)
    assert watch.found_s.max() <= 0.35
    assert watch.excess_m.max() < 0.0
    assert watch.error_m.max() < 0.1
    levels = rig.pose[:, [POSE_ALONG, POSE_ACROSS]]
    assert levels.max() < 0.6, "a stroke says nothing against wheels and gyro"
    rig.suffer()
    watch = Watch(rig, 8.0)
    assert (rig.states() == POSE_GOOD).all()
    assert watch.excess_m.max() < 0.0
    assert watch.jerk_m.max() < 0.1 * DT_S + 0.002


def test_single_jump_is_refused_and_changes_nothing() -> None:
    rig = a_rig(FAST_MPS)
    rig.suffer(step_x=3.0)
    watch = Watch(rig, 0.1)
    rig.suffer()
    again = Watch(rig, 3.0)
    assert np.isinf(watch.found_s).all()
    assert np.isinf(again.found_s).all()
    assert max(watch.error_m.max(), again.error_m.max()) < 0.06


def test_refused_position_takes_its_heading_with_it() -> None:
    rig = a_rig(FAST_MPS, 20)
    before = rig.pose[:, [p.EST_BIAS, p.EST_SCALE]].copy()
    rig.suffer(step_x=3.0, heading=math.radians(0.2)).run(0.1)
    assert (rig.pose[:, p.REJECTED] == 1.0).all()
    assert (rig.pose[:, [p.EST_BIAS, p.EST_SCALE]] == before).all()


# Rates in m/s, seconds until the last of 100 trucks has found out, error by then: measured, rounded
# up. Along or across the heading; a spoofer that drags all trucks at 0.1 m/s is the second row.
RAMPS = [(0.05, 4.0, 0.14), (0.1, 2.0, 0.09), (0.2, 1.2, 0.07), (0.5, 0.6, 0.06)]


@pytest.mark.parametrize("speed_mps", [FAST_MPS, SLOW_MPS, STANDING])
@pytest.mark.parametrize("angle", [0.0, math.pi / 2])
@pytest.mark.parametrize(("rate_mps", "found_s", "error_m"), RAMPS)
def test_position_that_creeps_away_is_found_before_the_level_is_passed(
    speed_mps: float, angle: float, rate_mps: float, found_s: float, error_m: float
) -> None:
    rig = drift(a_rig(speed_mps), rate_mps, angle)
    watch = Watch(rig, 15.0, straight=True)
    assert watch.found_s.max() <= found_s
    assert watch.error_found_m.max() <= error_m
    assert watch.excess_m.max() < 0.0
    assert (rig.states() == POSE_DISTRUSTED).all()


def test_creep_of_two_centimetres_a_second_across_is_not_found() -> None:
    """What the filter cannot do: at 8 m/s it is a heading off by 0.14 degrees. Markers bound it."""
    rig = drift(a_rig(FAST_MPS), 0.02, math.pi / 2)
    watch = Watch(rig, 30.0, straight=True)
    assert np.isinf(watch.found_s).mean() > 0.5
    assert watch.error_m.max() < 0.8


def test_disagreement_that_creeps_counts_into_the_level() -> None:
    """It may be the wheels: the level covers both."""
    rig = drift(a_rig(SLOW_MPS), 0.1, 0.0).run(12.0)
    assert rig.pose[:, POSE_ALONG].min() > 1.0


@pytest.mark.parametrize("speed_mps", [FAST_MPS, SLOW_MPS, 0.3])
def test_frozen_position_with_fresh_stamps_is_found(speed_mps: float) -> None:
    rig = a_rig(speed_mps).suffer(frozen=1.0)
    watch = Watch(rig, 5.0)
    assert watch.found_s.max() <= 0.5
    assert watch.excess_m.max() < 0.0
    watch = Watch(rig.suffer(), 15.0)
    assert (rig.states() == POSE_GOOD).all()
    assert watch.excess_m.max() < 0.0


def test_frozen_position_of_a_standing_truck_is_no_fault() -> None:
    rig = a_rig(STANDING).suffer(frozen=1.0)
    assert np.isinf(Watch(rig, 10.0).found_s).all()


@pytest.mark.parametrize("speed_mps", [FAST_MPS, SLOW_MPS, STANDING])
@pytest.mark.parametrize("fix", [c.FIX_SINGLE, c.FIX_DIFFERENTIAL, c.FIX_RTK_FLOAT])
def test_fix_that_calls_itself_rtk_is_found(speed_mps: float, fix: float) -> None:
    rig = a_rig(speed_mps).suffer(fix=fix, flag=1.0)
    watch = Watch(rig, 10.0)
    assert watch.found_s.max() <= 1.5
    assert watch.excess_m.max() < 0.0


def test_fix_that_scatters_is_not_believed_after_a_long_outage() -> None:
    """The doubt has grown to metres, and a poor fix that calls itself RTK lies within it."""
    rig = a_rig(FAST_MPS, 50).suffer(outage=1.0).run(90.0)
    assert rig.pose[:, POSE_ACROSS].min() > 8.0
    rig.suffer(fix=c.FIX_DIFFERENTIAL, flag=1.0)
    watch = Watch(rig, 20.0)
    assert (rig.states() != POSE_GOOD).all()
    assert watch.excess_m.max() < 0.0


def test_fix_without_rtk_does_not_bring_trust_back() -> None:
    rig = a_rig(SLOW_MPS, 50).suffer(step_y=2.0).run(2.0)
    assert (rig.states() == POSE_DISTRUSTED).all()
    rig.suffer(fix=c.FIX_RTK_FLOAT).run(20.0)
    assert (rig.states() == POSE_DISTRUSTED).all()


def test_distrust_admits_that_the_pose_may_have_been_led_astray() -> None:
    rig = a_rig(SLOW_MPS, 20)
    before = rig.pose[:, [p.COV_X, p.COV_Y]].copy()
    rig.suffer(frozen=1.0).run(0.5)
    assert (rig.pose[:, [p.COV_X, p.COV_Y]] - before).min() > 0.039**2


def test_multipath_is_found_and_does_not_lead_the_pose() -> None:
    rig = a_rig(SLOW_MPS).suffer(noise=0.3)
    watch = Watch(rig, 10.0)
    assert watch.found_s.max() <= 1.5
    assert watch.error_m.max() < 0.15


def test_position_that_comes_late_is_found() -> None:
    rig = a_rig(FAST_MPS).suffer(latency_s=0.3)
    watch = Watch(rig, 10.0)
    assert watch.found_s.max() <= 0.5
    assert watch.excess_m.max() < 0.0


@pytest.mark.parametrize("speed_mps", [FAST_MPS, SLOW_MPS])
def test_heading_that_is_off_is_found_within_the_level(speed_mps: float) -> None:
    rig = a_rig(speed_mps).suffer(heading=math.radians(0.5))
    watch = Watch(rig, 10.0)
    assert watch.found_s.max() <= 2.0
    assert watch.excess_m.max() < 0.0


def roll_over(rig: Rig, dx_m: float = 0.0, dy_m: float = 0.0) -> None:
    """One turn in which every truck reads a marker 0.2 m ahead that lies (dx, dy) off the map."""
    rig.roll()
    rig.measure()
    rig.sensors[:, c.SENSE_MARK] = 1.0
    rig.sensors[:, c.SENSE_MARK_AHEAD] = 0.2
    rig.sensors[:, c.SENSE_MARK_LEFT] = 0.0
    rig.sensors[:, c.SENSE_MARK_X] = rig.state[:, X] + 0.2 * np.cos(rig.state[:, PSI]) + dx_m
    rig.sensors[:, c.SENSE_MARK_Y] = rig.state[:, Y] + 0.2 * np.sin(rig.state[:, PSI]) + dy_m
    pose.pose_turn(rig.sensors, rig.truck, rig.pose, DT_S)
    rig.sensors[:, c.SENSE_MARK] = 0.0


def test_marker_bounds_the_drift_of_dead_reckoning_without_a_step() -> None:
    rig = a_rig(SLOW_MPS).suffer(outage=1.0).run(25.0)
    before = rig.errors()[1].std()
    seen = rig.pose[:, POSE_X].copy()
    roll_over(rig)
    assert np.abs(rig.pose[:, POSE_X] - seen).max() < SLOW_MPS * DT_S + 0.01
    watch = Watch(rig, 3.0)
    assert watch.excess_m.max() < 0.0
    assert rig.errors()[1].std() < 0.6 * before


def test_marker_that_lies_wrong_is_refused() -> None:
    rig = a_rig(SLOW_MPS)
    roll_over(rig, dx_m=0.5)
    watch = Watch(rig, 3.0)
    assert (rig.states() == POSE_GOOD).all()
    assert watch.error_m.max() < 0.06


def test_two_markers_that_agree_overrule_the_satellites() -> None:
    """A drift that the filter did not find, 0.4 m: the first marker is doubted, the second not."""
    rig = a_rig(SLOW_MPS, 20)
    rig.pose[:, [p.EST_X, POSE_X]] += 0.4
    rig.suffer(step_x=0.4).run(2.0)
    assert (rig.states() == POSE_GOOD).all()
    roll_over(rig)
    assert (rig.states() == POSE_GOOD).all()
    rig.run(2.0)
    roll_over(rig)
    assert (rig.states() == POSE_DISTRUSTED).all()
    watch = Watch(rig, 6.0)
    assert (rig.states() == POSE_DISTRUSTED).all()
    assert np.hypot(*rig.errors()).max() < 0.12
    assert watch.excess_m.max() < 0.0


def test_marker_gives_satellites_a_chance_at_once() -> None:
    rig = a_rig(SLOW_MPS).suffer(step_y=1.0).run(1.0)
    assert (rig.states() == POSE_DISTRUSTED).all()
    rig.suffer().run(0.1)
    roll_over(rig)
    rig.run(0.8)
    assert (rig.states() == POSE_GOOD).mean() > 0.9


def test_wheel_that_stops_at_once_is_not_believed() -> None:
    """The wheels report standstill at 8 m/s: the pose goes on, in doubt."""
    rig = a_rig(FAST_MPS, 20)
    rig.sensors[:, c.SENSE_V] = 0.0
    rig.suffer(wheel_stuck=1.0).run(0.2)
    assert rig.pose[:, pose.POSE_V].min() > 6.5
    assert rig.pose[:, POSE_ALONG].min() > 0.3
    assert (rig.state[:, V] > 7.9).all()


def test_level_follows_a_truck_that_moves_on_while_its_wheels_report_standstill() -> None:
    rig = a_rig(FAST_MPS, 20)
    rig.sensors[:, c.SENSE_V] = 0.0
    rig.suffer(wheel_stuck=1.0).run(8.0)
    assert np.hypot(*rig.errors()).min() > 20.0
    assert (
        np.hypot(*rig.errors()) < 1.1 * np.hypot(*rig.pose[:, [POSE_ALONG, POSE_ACROSS]].T)
    ).all()


@pytest.mark.parametrize(
    ("fault", "found_s", "excess_m"),
    [({"wheel_scale": 0.02}, 2.0, 0.06), ({"gyro_bias": math.radians(0.3)}, 2.5, 0.06)],
)
def test_wheel_or_gyro_that_lies_widens_the_level(
    fault: dict[str, float], found_s: float, excess_m: float
) -> None:
    """Satellites are right here and left aside: the level grows with the disagreement."""
    rig = a_rig(FAST_MPS).suffer(**fault)
    watch = Watch(rig, 10.0)
    assert watch.found_s.max() <= found_s
    assert watch.error_m.max() > 1.0
    assert watch.excess_m.max() < excess_m
    assert np.maximum(rig.pose[:, POSE_ALONG], rig.pose[:, POSE_ACROSS]).min() > 1.0


def test_slip_on_ice_is_no_reason_to_distrust_satellites() -> None:
    """Braking and driving at the friction limit: the wheels are off by 2 % for seconds."""
    rig = Rig(100, seed=8, mu=0.15).under_way(FAST_MPS, 10.0)
    watch = Watch(rig, 8.0, accel_mps2=-1.0)
    assert np.isinf(watch.found_s).all()
    assert watch.excess_m.max() < 0.0
