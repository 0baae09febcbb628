"""The pose filter without faults: start, dead reckoning, consistency, symmetry, lockstep."""

import math

import numpy as np
import pytest
from scipy import stats

from sim import sensors as sense
from sim.plant import PSI, V, X, Y
from tests.sim.sensor_rig import DT_S, FAST_MPS, SLOW_MPS, Rig, Watch, bend, plain_pose
from vehicle.pilot import columns as c
from vehicle.pilot import covariance, pose, trust
from vehicle.pilot import pose_columns as p
from vehicle.pilot.columns import Array
from vehicle.pilot.pose import (
    POSE_ACROSS,
    POSE_ALONG,
    POSE_DEAD_RECKONING,
    POSE_GOOD,
    POSE_LEVEL_NONE,
    POSE_NOT_KNOWN,
    POSE_PSI,
    POSE_STATE,
    POSE_V,
    POSE_X,
    POSE_Y,
)

OUTAGES_S = (2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0)
ACROSS_FAST_M = (0.04, 0.05, 0.08, 0.15, 0.21, 0.39, 0.65)
ACROSS_SLOW_M = (0.02, 0.03, 0.03, 0.05, 0.07, 0.13, 0.22)
ALONG_FAST_M = (0.05, 0.08, 0.13, 0.20, 0.25, 0.38, 0.50)


def test_pose_is_not_known_before_ten_fixes_at_standstill() -> None:
    rig = Rig(20)
    for _ in range(18):
        rig.step()
        assert (rig.states() == POSE_NOT_KNOWN).all()
        assert (rig.pose[:, POSE_ALONG] == POSE_LEVEL_NONE).all()
    rig.run(0.2)
    assert (rig.states() == POSE_GOOD).all()
    assert np.hypot(*rig.errors()).max() < 0.05
    assert rig.excess().max() < 0.0


@pytest.mark.parametrize("fix", [c.FIX_SINGLE, c.FIX_DIFFERENTIAL, c.FIX_RTK_FLOAT])
def test_pose_never_starts_from_anything_but_rtk(fix: float) -> None:
    """However well it agrees with itself."""
    rig = Rig(5)
    for _ in range(100):
        rig.measure()
        rig.sensors[:, c.SENSE_FIX] = fix
        pose.pose_turn(rig.sensors, rig.truck, rig.pose, DT_S)
    assert (rig.states() == POSE_NOT_KNOWN).all()


def test_pose_does_not_start_from_fixes_that_scatter() -> None:
    """A single fix that calls itself RTK."""
    rig = Rig(50).suffer(fix=c.FIX_SINGLE, flag=1.0).run(30.0)
    assert (rig.states() == POSE_NOT_KNOWN).all()


def test_filter_that_starts_on_the_roll_admits_large_doubt() -> None:
    rig = Rig(20)
    rig.state[:, V] = SLOW_MPS
    while (rig.states() == POSE_NOT_KNOWN).any():
        rig.step()
    assert rig.pose[:, POSE_ALONG].min() > 1.0
    watch = Watch(rig, 30.0)
    assert watch.excess_m.max() < 0.0
    assert rig.pose[:, POSE_ACROSS].max() < 0.2


def table_rig(speed_mps: float) -> Rig:
    """400 trucks whose doubts are those of docs/vehicle.md 4.3, and whose errors are drawn so."""
    rig = Rig(400, seed=43)
    rig.run(2.0)
    rng = np.random.default_rng(43)
    rig.state[:, V] = speed_mps
    rig.pose[:, p.COV : p.COV + 15] = 0.0
    sigmas = (0.02, 0.02, math.radians(0.1), math.radians(0.02), 0.003)
    truths = (rig.state[:, X], rig.state[:, Y], rig.state[:, PSI])
    for k, (sigma, column) in enumerate(zip(sigmas, (0, 5, 9, 12, 14), strict=True)):
        rig.pose[:, p.COV + column] = sigma**2
        rig.pose[:, p.EST + k] = 0.0
        if k < 3:
            rig.pose[:, p.EST + k] = truths[k] + sigma * rng.standard_normal(400)
    rig.pose[:, p.BLEND_X : p.BLEND_PSI + 1] = 0.0
    rig.pose[:, POSE_V] = speed_mps * (1.0 + rig.memory[:, sense.KEPT_SCALE])
    return rig.suffer(outage=1.0)


@pytest.mark.parametrize(
    ("speed_mps", "across_m", "along_m"),
    [(30.0 / 3.6, ACROSS_FAST_M, ALONG_FAST_M), (10.0 / 3.6, ACROSS_SLOW_M, None)],
)
def test_dead_reckoning_grows_as_in_the_table(
    speed_mps: float, across_m: tuple[float, ...], along_m: tuple[float, ...] | None
) -> None:
    """docs/vehicle.md 4.3: the filter's sigma, what 400 trucks do, and the table: 20 %."""
    rig = table_rig(speed_mps)
    for k, outage_s in enumerate(OUTAGES_S):
        while rig.tick * DT_S < 2.0 + outage_s:
            rig.step()
        along, across = rig.errors()
        var_along, var_across = covariance.spread(rig.pose, 0, 1.0, 0.0)
        assert math.sqrt(var_across) == pytest.approx(across_m[k], rel=0.2, abs=0.0051)
        assert across.std() == pytest.approx(math.sqrt(var_across), rel=0.2)
        assert along.std() == pytest.approx(math.sqrt(var_along), rel=0.2)
        if along_m is not None:
            assert math.sqrt(var_along) == pytest.approx(along_m[k], rel=0.2, abs=0.0051)
    assert (rig.states() == POSE_DEAD_RECKONING).all()
    assert rig.excess().max() < 0.0


def test_outage_is_told_as_dead_reckoning_and_ends_without_a_step() -> None:
    """Five epochs that agree, then at most 0.1 m/s."""
    rig = Rig(100).under_way(FAST_MPS).suffer(outage=1.0)
    rig.run(0.4)
    assert (rig.states() == POSE_GOOD).all()
    watch = Watch(rig, 20.0)
    assert (rig.states() == POSE_DEAD_RECKONING).all()
    assert watch.error_m.max() > 0.2
    assert watch.excess_m.max() < 0.0
    rig.suffer()
    watch = Watch(rig, 0.35)
    assert (rig.states() == POSE_DEAD_RECKONING).all()
    watch = Watch(rig, 15.0)
    assert (rig.states() == POSE_GOOD).all()
    assert watch.jerk_m.max() < 0.1 * DT_S + 0.002  # the rest is the wheels' own noise
    assert watch.excess_m.max() < 0.0
    assert np.hypot(*rig.errors()).max() < 0.08


def test_fix_without_rtk_does_not_pass_for_good() -> None:
    rig = Rig(50).under_way(SLOW_MPS).suffer(fix=c.FIX_RTK_FLOAT)
    watch = Watch(rig, 30.0)
    assert (rig.states() != POSE_GOOD).all()
    assert (rig.states() == POSE_DEAD_RECKONING).sum() >= 45  # few lie outside the gate for long
    assert watch.excess_m.max() < 0.0


def test_standing_truck_stays_where_it_is() -> None:
    rig = Rig(50).under_way(SLOW_MPS)
    rig.run(10.0, -1.0)
    rig.run(30.0)
    before = rig.pose[:, [POSE_X, POSE_Y, POSE_PSI]].copy()
    rig.run(60.0)
    assert (rig.pose[:, [POSE_X, POSE_Y, POSE_PSI]] == before).all()
    assert (rig.pose[:, pose.POSE_YAW_RATE] == 0.0).all()


def test_standing_truck_learns_its_gyro_bias() -> None:
    rig = Rig(50).run(60.0)
    error = rig.pose[:, p.EST_BIAS] - rig.memory[:, sense.KEPT_BIAS]
    assert np.abs(error).max() < math.radians(0.01)


def test_gyro_that_turns_at_standstill_is_not_taken_for_bias() -> None:
    """The wheels may be wrong about standing."""
    rig = Rig(10).run(20.0)
    before = rig.pose[:, p.EST_BIAS].copy()
    rig.suffer(gyro_bias=math.radians(2.0)).run(20.0)
    assert np.abs(rig.pose[:, p.EST_BIAS] - before).max() < math.radians(0.01)


def test_driving_truck_learns_its_wheel_scale() -> None:
    rig = Rig(50).under_way(FAST_MPS, 60.0)
    error = rig.pose[:, p.EST_SCALE] - rig.memory[:, sense.KEPT_SCALE]
    assert np.abs(error).max() < 0.0004


def test_filter_is_consistent_with_its_own_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 runs: the normalised error squared is chi-square, 99 %; monitors and gates aside."""
    filter_, gates = plain_pose()
    for name in ("BOUND_1_S", "BOUND_10_S", "BOUND_30_S", "GATE_TWO", "GATE_ONE"):
        setattr(gates, name, 1e9)
    monkeypatch.setattr(filter_, "SLIP_MAX", 0.0)  # no wheel slips here
    rng = np.random.default_rng(5)
    runs, total = 200, 0.0
    covs = (covariance.WHEEL_M2PS, covariance.ACROSS_M2PS, covariance.GYRO_RAD2PS)
    wheel, across, gyro = (math.sqrt(density / DT_S) for density in covs)
    sensors, truck = np.zeros((runs, c.SENSOR_COLUMNS)), np.zeros((runs, c.TRUCK_COLUMNS))
    sigmas = np.array([0.02, 0.02, math.radians(0.1), math.radians(0.02), 0.003])
    truth = np.zeros((runs, 5))
    block = filter_.new_pose(runs)
    block[:, p.EST : p.EST + 5] = truth
    truth += sigmas * rng.standard_normal((runs, 5))
    block[:, p.COV + np.array([0, 5, 9, 12, 14])] = sigmas**2
    block[:, POSE_STATE], block[:, POSE_V], speed = POSE_GOOD, 5.0, 5.0
    sensors[:, c.SENSE_FIX], truck[:, c.TRUCK_BRAKE_ASSURED] = c.FIX_RTK_FIXED, 4.0
    for tick in range(400):
        rate = speed * bend(10.0 + tick * DT_S)
        heading = truth[:, 2] + 0.5 * rate * DT_S
        side = across * DT_S * rng.standard_normal(runs)
        truth[:, 0] += speed * DT_S * np.cos(heading) - side * np.sin(heading)
        truth[:, 1] += speed * DT_S * np.sin(heading) + side * np.cos(heading)
        truth[:, 2] += rate * DT_S
        truth[:, 3] += math.sqrt(covariance.BIAS_RAD2PS3 * DT_S) * rng.standard_normal(runs)
        truth[:, 4] += math.sqrt(covariance.SCALE_1PS * DT_S) * rng.standard_normal(runs)
        sensors[:, c.SENSE_V] = speed * (1.0 + truth[:, 4]) + wheel * rng.standard_normal(runs)
        sensors[:, c.SENSE_GYRO] = rate + truth[:, 3] + gyro * rng.standard_normal(runs)
        sensors[:, c.SENSE_FIX_NEW] = float(tick % 2)
        seen = truth[:, :3] + rng.standard_normal((runs, 3)) * (
            trust.RTK_GAIN_M,
            trust.RTK_GAIN_M,
            trust.HEADING_GAIN_RAD,
        )
        sensors[:, [c.SENSE_X, c.SENSE_Y, c.SENSE_PSI]] = seen
        filter_.pose_turn(sensors, truck, block, DT_S)
    upper = np.triu_indices(5)
    for row, exact in zip(block, truth, strict=True):
        matrix = np.zeros((5, 5))
        matrix[upper] = row[p.COV : p.COV + 15]
        matrix = matrix + np.triu(matrix, 1).T
        error = row[p.EST : p.EST + 5] - exact
        total += float(error @ np.linalg.solve(matrix, error))
    assert stats.chi2.ppf(0.005, 5 * runs) < total < stats.chi2.ppf(0.995, 5 * runs)


def test_filter_never_claims_more_than_is_true_of_real_noise() -> None:
    """200 trucks, noise that stays for a minute: normalised position error squared is below 2."""
    rig = Rig(200, seed=9).under_way(FAST_MPS)
    squares = []
    for _ in range(20):
        rig.run(5.0)
        dx = rig.pose[:, p.EST_X] - rig.state[:, X]
        dy = rig.pose[:, p.EST_Y] - rig.state[:, Y]
        xx, xy, yy = rig.pose[:, p.COV_X], rig.pose[:, p.COV_XY], rig.pose[:, p.COV_Y]
        squares.append((dx * dx * yy - 2.0 * dx * dy * xy + dy * dy * xx) / (xx * yy - xy * xy))
    assert 0.8 < float(np.mean(squares)) < stats.chi2.ppf(0.995, 400) / 200


@pytest.mark.parametrize("mu", [0.7, 0.15])
def test_protection_levels_cover_the_error_on_every_step(mu: float) -> None:
    """99.99 % at least, in stop and go on dry road and on ice; and no false alarm."""
    rig = Rig(100, seed=21, mu=mu).run(3.0)
    uncovered = steps = 0
    for k in range(20 * 240):
        phase_s = k * DT_S % 80.0
        accel = 0.8 if phase_s < 10.0 else (-1.0 if 40.0 <= phase_s < 50.0 else 0.0)
        rig.step(accel, bend(rig.tick * DT_S))
        uncovered += int((rig.excess() > 0.0).sum())
        steps += 100
        assert (rig.states() == POSE_GOOD).all()
    assert uncovered <= steps // 10_000


def played(tape: Array) -> Array:
    """The filter's answers to recorded sensors: (turns, rows, POSE_COLUMNS)."""
    block = pose.new_pose(tape.shape[1])
    truck = np.zeros((tape.shape[1], c.TRUCK_COLUMNS))
    truck[:, c.TRUCK_BRAKE_ASSURED] = 4.0
    out = np.zeros((*tape.shape[:2], p.POSE_COLUMNS))
    for turn, sensors in enumerate(tape):
        pose.pose_turn(sensors, truck, block, DT_S)
        out[turn] = block
    return out


def tape_of_a_hard_day() -> Array:
    """Sensors of ten trucks: start, drive, step, drift, markers, outage, stop."""
    rig = Rig(10, seed=3)
    tape = []
    for k in range(1600):
        rig.suffer(
            step_x=0.5 if 500 <= k < 560 else 0.0,
            drift_y=0.2 if 760 <= k < 900 else 0.0,
            outage=float(1000 <= k < 1200),
        )
        rig.roll(0.5 if 100 <= k < 400 else (-1.0 if k >= 1400 else 0.0), bend(k * DT_S))
        rig.measure()
        rig.sensors[:, c.SENSE_MARK] = float(k in {1100, 1130})
        rig.sensors[:, c.SENSE_MARK_X] = rig.state[:, X] + 0.3
        rig.sensors[:, c.SENSE_MARK_Y] = rig.state[:, Y] - 0.2
        cos, sin = np.cos(rig.state[:, PSI]), np.sin(rig.state[:, PSI])
        rig.sensors[:, c.SENSE_MARK_AHEAD] = 0.3 * cos - 0.2 * sin
        rig.sensors[:, c.SENSE_MARK_LEFT] = -0.3 * sin - 0.2 * cos
        tape.append(rig.sensors.copy())
    return np.array(tape)


def test_filter_does_not_care_where_north_and_the_origin_are() -> None:
    tape = tape_of_a_hard_day()
    turn, dx, dy = 1.1, 300.0, -700.0
    cos, sin = math.cos(turn), math.sin(turn)
    moved = tape.copy()
    for kx, ky in ((c.SENSE_X, c.SENSE_Y), (c.SENSE_MARK_X, c.SENSE_MARK_Y)):
        moved[..., kx] = cos * tape[..., kx] - sin * tape[..., ky] + dx
        moved[..., ky] = sin * tape[..., kx] + cos * tape[..., ky] + dy
    moved[..., c.SENSE_PSI] += turn + 2.0 * math.pi
    here, there = played(tape), played(moved)
    known = here[..., POSE_STATE] != POSE_NOT_KNOWN
    assert (here[..., POSE_STATE] == there[..., POSE_STATE]).all()
    assert set(np.unique(here[..., POSE_STATE])) == {0.0, 1.0, 2.0, 3.0}
    for k in (POSE_ALONG, POSE_ACROSS, POSE_V):
        assert here[..., k] == pytest.approx(there[..., k], abs=1e-7)
    x = (cos * here[..., POSE_X] - sin * here[..., POSE_Y] + dx)[known]
    assert there[..., POSE_X][known] == pytest.approx(x, abs=1e-7)


def test_filter_does_not_care_which_way_is_left() -> None:
    tape = tape_of_a_hard_day()
    mirrored = tape.copy()
    for k in (c.SENSE_Y, c.SENSE_PSI, c.SENSE_GYRO, c.SENSE_MARK_Y, c.SENSE_MARK_LEFT):
        mirrored[..., k] *= -1.0
    here, there = played(tape), played(mirrored)
    for k in (POSE_X, POSE_ALONG, POSE_ACROSS, POSE_STATE):
        assert here[..., k] == pytest.approx(there[..., k], abs=1e-9)
    for k in (POSE_Y, POSE_PSI):
        assert here[..., k] == pytest.approx(-there[..., k], abs=1e-9)


def test_compiled_and_plain_filter_agree_in_lockstep() -> None:
    """1e-12 a step, through start, drive, step, drift, outage, markers and stop."""
    filter_, _ = plain_pose()
    truck = np.zeros((10, c.TRUCK_COLUMNS))
    truck[:, c.TRUCK_BRAKE_ASSURED] = 4.0
    compiled = pose.new_pose(10)
    for sensors in tape_of_a_hard_day():
        interpreted = compiled.copy()
        filter_.pose_turn(sensors, truck, interpreted, DT_S)
        pose.pose_turn(sensors, truck, compiled, DT_S)
        known = np.abs(compiled) < 1e8
        assert np.abs(compiled - interpreted)[known].max() < 1e-12
