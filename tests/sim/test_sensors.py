"""Instruments: their noise has the stated size, each fault does what it says and is undone."""

import math

import numpy as np
import pytest

from sim import sensors as sense
from sim.plant import HITCH, PSI, A, V, X, Y
from sim.plant_params import AGV65, TRUCK40_LOADED, Array, params_block
from tests.sim.sensor_rig import DT_S, FAST_MPS, Rig, bend, in_plain
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Bits


def readings(rig: Rig, seconds: float, accel_mps2: float = 0.0) -> Array:
    """Sensors less the truth in x, y, heading and speed, for each tick with a fix: (k, n, 4)."""
    rows = []
    for _ in range(round(seconds / DT_S)):
        rig.roll(accel_mps2, bend(rig.tick * DT_S))
        rig.measure()
        off = rig.sensors[:, [c.SENSE_X, c.SENSE_Y, c.SENSE_PSI, c.SENSE_V]]
        off = off - rig.state[:, [X, Y, PSI, V]]
        off[rig.sensors[:, c.SENSE_FIX_NEW] == 0.0] = np.nan
        rows.append(off)
    return np.array(rows)


def moving(count: int, seed: int = 1, mu: float = 0.7) -> Rig:
    rig = Rig(count, seed=seed, mu=mu)
    rig.state[:, V] = FAST_MPS
    return rig


def test_satellites_come_at_ten_hertz_in_a_phase_of_their_own() -> None:
    rig = Rig(50)
    came = []
    for _ in range(20):
        rig.measure()
        came.append(rig.sensors[:, c.SENSE_FIX_NEW].copy())
    assert (np.sum(came, axis=0) == 10.0).all()
    assert 0.0 < np.mean(came[0]) < 1.0
    assert (rig.sensors[:, c.SENSE_FIX] == c.FIX_RTK_FIXED).all()


def test_rtk_noise_is_a_centimetre_and_a_half_and_partly_stays() -> None:
    off = readings(moving(300), 20.0)
    for k in (0, 1):
        assert np.nanstd(off[..., k]) == pytest.approx(0.015, rel=0.1)
        assert np.nanmean(off[..., k], axis=0).std() == pytest.approx(0.010, rel=0.2)
    assert np.nanstd(off[..., 2]) == pytest.approx(math.radians(0.1), rel=0.1)


@pytest.mark.parametrize(
    ("fix", "sigma_m"),
    [(c.FIX_RTK_FLOAT, 0.4), (c.FIX_DIFFERENTIAL, 0.8), (c.FIX_SINGLE, 2.5)],
)
def test_poorer_fix_is_told_and_has_its_sigma(fix: float, sigma_m: float) -> None:
    rig = moving(300).suffer(fix=fix)
    off = readings(rig, 10.0)
    assert (rig.sensors[:, c.SENSE_FIX] == fix).all()
    assert np.nanstd(off[..., :2]) == pytest.approx(sigma_m, rel=0.1)


def test_wrong_flag_calls_any_fix_rtk() -> None:
    rig = moving(50).suffer(fix=c.FIX_SINGLE, flag=1.0)
    off = readings(rig, 10.0)
    assert (rig.sensors[:, c.SENSE_FIX] == c.FIX_RTK_FIXED).all()
    assert np.nanstd(off[..., :2]) > 1.5


def test_outage_brings_no_fix_and_multipath_a_rough_one() -> None:
    rig = moving(50).suffer(outage=1.0)
    assert np.isnan(readings(rig, 2.0)[..., 0]).all()
    assert (rig.sensors[:, c.SENSE_FIX] == c.FIX_NONE).all()
    assert np.nanstd(readings(rig.suffer(noise=0.5), 5.0)[..., :2]) == pytest.approx(0.5, rel=0.1)


def test_step_and_heading_offset_are_added_and_undone() -> None:
    rig = moving(50).suffer(step_x=1.0, step_y=-2.0, heading=0.1)
    means = np.nanmean(readings(rig, 2.0), axis=(0, 1))
    assert means[:3] == pytest.approx([1.0, -2.0, 0.1], abs=0.01)
    means = np.nanmean(readings(rig.suffer(), 2.0), axis=(0, 1))
    assert means[:3] == pytest.approx([0.0, 0.0, 0.0], abs=0.01)


def test_drift_adds_up_while_it_is_set_and_is_gone_when_cleared() -> None:
    rig = moving(50).suffer(drift_x=0.3, drift_y=-0.1)
    off = readings(rig, 10.0)
    assert np.nanmean(off[-2:], axis=(0, 1))[:2] == pytest.approx([3.0, -1.0], abs=0.02)
    assert np.abs(np.nanmean(readings(rig.suffer(), 1.0), axis=(0, 1))[:2]).max() < 0.01


def test_frozen_position_repeats_to_the_last_bit_with_fresh_stamps() -> None:
    rig = moving(50)
    readings(rig, 1.0)
    before = rig.sensors[:, [c.SENSE_X, c.SENSE_Y, c.SENSE_PSI]].copy()
    off = readings(rig.suffer(frozen=1.0), 1.0)
    assert (rig.sensors[:, [c.SENSE_X, c.SENSE_Y, c.SENSE_PSI]] == before).all()
    assert not np.isnan(off[-2:, :, 0]).all(axis=0).any()


def test_latency_gives_the_position_of_then() -> None:
    rig = moving(20)
    readings(rig, 2.0)
    then = readings(rig.suffer(latency_s=0.3), 4.0)
    along = np.nanmean(np.hypot(then[20:, :, 0], then[20:, :, 1]))
    assert along == pytest.approx(0.3 * FAST_MPS, abs=0.05)


def test_wheels_have_a_scale_of_their_own() -> None:
    off = readings(moving(400), 5.0)[..., 3] / FAST_MPS
    each = np.nanmean(off, axis=0)
    assert each.std() == pytest.approx(0.003, rel=0.15)
    assert np.nanstd(off - each) * FAST_MPS == pytest.approx(0.01, rel=0.15)


def test_wheel_speed_comes_in_steps_and_says_standstill() -> None:
    """1/256 km/h."""
    rig = Rig(5)
    rig.measure()
    assert (rig.sensors[:, c.SENSE_V] == 0.0).all()
    rig.state[:, V] = 3.0
    rig.measure()
    steps = rig.sensors[:, c.SENSE_V] * 3.6 * 256.0
    assert steps == pytest.approx(np.round(steps), abs=1e-6)


@pytest.mark.parametrize(("mu", "share"), [(0.7, 0.001), (0.15, 0.023)])
def test_wheels_slip_near_the_friction_limit(mu: float, share: float) -> None:
    rig = moving(400, mu=mu)
    for accel in (-1.0, 1.0):
        rig.state[:, [V, A]] = FAST_MPS, accel
        rig.measure()
        off = np.mean(rig.sensors[:, c.SENSE_V]) / FAST_MPS - 1.0
        assert off == pytest.approx(math.copysign(share, accel), abs=0.0006)


def test_wheel_faults_scale_and_hold() -> None:
    rig = moving(200).suffer(wheel_scale=0.05)
    assert np.nanmean(readings(rig, 1.0)[..., 3]) == pytest.approx(0.4, abs=0.01)
    rig.suffer(wheel_stuck=1.0)
    held = rig.sensors[:, c.SENSE_V].copy()
    readings(rig, 3.0, -1.0)
    assert (rig.sensors[:, c.SENSE_V] == held).all()


def test_gyro_reads_the_turn_with_its_bias() -> None:
    rig = moving(400)
    rates, truths = [], []
    for _ in range(100):
        before = rig.state[:, PSI].copy()
        rig.roll(0.0, 0.02)
        rig.measure()
        rates.append(rig.sensors[:, c.SENSE_GYRO].copy())
        truths.append((rig.state[:, PSI] - before) / DT_S)
    off = np.array(rates) - np.array(truths)
    assert np.mean(off, axis=0).std() == pytest.approx(math.radians(0.02), rel=0.15)
    assert (off - np.mean(off, axis=0)).std() == pytest.approx(math.radians(0.05), rel=0.05)
    before = rig.sensors[:, c.SENSE_GYRO].mean()
    rig.suffer(gyro_bias=0.1).roll(0.0, 0.02)
    rig.measure()
    assert rig.sensors[:, c.SENSE_GYRO].mean() - before == pytest.approx(0.1, abs=0.001)


def test_hitch_and_coupling_are_read_and_fail() -> None:
    rig = moving(200)
    rig.state[:, HITCH] = 0.2
    rig.measure()
    assert rig.sensors[:, c.SENSE_HITCH].mean() == pytest.approx(0.2, abs=0.001)
    assert rig.sensors[:, c.SENSE_HITCH].std() == pytest.approx(math.radians(0.2), rel=0.2)
    assert (rig.sensors[:, c.SENSE_COUPLED] == 1.0).all()
    rig.suffer(hitch=0.1, uncoupled=1.0).measure()
    assert rig.sensors[:, c.SENSE_HITCH].mean() == pytest.approx(0.3, abs=0.001)
    assert (rig.sensors[:, c.SENSE_COUPLED] == 0.0).all()
    held = rig.sensors[:, c.SENSE_HITCH].copy()
    rig.suffer(hitch_stuck=1.0).measure()
    assert (rig.sensors[:, c.SENSE_HITCH] == held).all()


def test_vehicle_without_trailer_has_none_to_report() -> None:
    rig = Rig(2)
    rig.params = params_block([TRUCK40_LOADED, AGV65])
    rig.measure()
    assert rig.sensors[:, c.SENSE_COUPLED].tolist() == [1.0, 0.0]
    assert rig.sensors[1, c.SENSE_HITCH] == 0.0


def test_measure_leaves_the_radar_alone() -> None:
    rig = moving(3)
    rig.sensors[:, [c.SENSE_GAP, c.SENSE_CLOSING, c.SENSE_RADAR]] = 12.0, 1.0, 1.0
    readings(rig, 1.0)
    radar = rig.sensors[:, [c.SENSE_GAP, c.SENSE_CLOSING, c.SENSE_RADAR]]
    assert (radar == (12.0, 1.0, 1.0)).all()


MARKS: Array = np.array([[[10.0, 10.0, 0.2], [30.0, 30.0, -0.1], [50.0, 50.0, 5.0]]])
COUNTS: Bits = np.array([3])


def seen_marks(rig: Rig, seconds: float) -> list[tuple[float, Array]]:
    """(true x, sensors) of row 0 for each marker that it reads on a straight way along x."""
    seen = []
    way = np.zeros(len(rig.state))
    for _ in range(round(seconds / DT_S)):
        rig.roll()
        along, noise, memory = rig.state[:, X].copy(), rig.noise, rig.memory
        sense.read_markers(
            rig.state, way, along, MARKS, COUNTS, rig.faults, noise, rig.sensors, memory, rig.tick
        )
        rig.tick += 1
        if rig.sensors[0, c.SENSE_MARK] == 1.0:
            seen.append((float(rig.state[0, X]), rig.sensors[0].copy()))
    return seen


def test_marker_is_read_once_when_the_reference_point_passes_it() -> None:
    """The third lies five metres beside the way: out of reach."""
    seen = seen_marks(moving(1), 8.0)
    assert len(seen) == 2
    for (x, row), mark in zip(seen, MARKS[0], strict=False):
        assert row[c.SENSE_MARK_X] == mark[sense.MARK_X]
        assert mark[sense.MARK_S] <= x <= mark[sense.MARK_S] + FAST_MPS * DT_S
        assert x + row[c.SENSE_MARK_AHEAD] == pytest.approx(row[c.SENSE_MARK_X], abs=0.08)
        assert row[c.SENSE_MARK_LEFT] == pytest.approx(mark[sense.MARK_Y], abs=0.08)


def test_marker_behind_is_not_read_when_a_way_begins() -> None:
    rig = moving(1)
    rig.state[:, X] = 20.0
    assert len(seen_marks(rig, 8.0)) == 1


def test_truck_without_a_way_reads_no_marker() -> None:
    rig = moving(1)
    way = np.full(1, -1.0)
    for along in (0.0, 20.0):
        sense.read_markers(
            rig.state,
            way,
            np.array([along]),
            MARKS,
            COUNTS,
            rig.faults,
            rig.noise,
            rig.sensors,
            rig.memory,
            0,
        )
        assert rig.sensors[0, c.SENSE_MARK] == 0.0


def test_marker_can_be_missing_or_lie_wrong() -> None:
    assert seen_marks(moving(1).suffer(mark_missing=1.0), 8.0) == []
    x, row = seen_marks(moving(1).suffer(mark_x=0.5, mark_y=0.3), 8.0)[0]
    assert row[c.SENSE_MARK_X] == 10.0
    assert x + row[c.SENSE_MARK_AHEAD] == pytest.approx(10.5, abs=0.08)
    assert row[c.SENSE_MARK_LEFT] == pytest.approx(0.5, abs=0.08)


def radar(rig: Rig, gap_m: float, closing_mps: float) -> Array:
    rig.sensors[:, c.SENSE_GAP], rig.sensors[:, c.SENSE_CLOSING] = gap_m, closing_mps
    sense.radar_noise(rig.sensors, rig.faults, rig.noise, rig.memory, rig.tick)
    rig.tick += 1
    return rig.sensors[:, [c.SENSE_GAP, c.SENSE_CLOSING, c.SENSE_RADAR]].copy()


def test_radar_has_noise_and_sees_nothing_where_nothing_is() -> None:
    rig = Rig(500)
    seen = radar(rig, 20.0, 1.0)
    assert seen[:, 0].std() == pytest.approx(0.05, rel=0.15)
    assert seen[:, 1].std() == pytest.approx(0.05, rel=0.15)
    assert (seen[:, 2] == 1.0).all()
    assert (radar(rig, c.NO_GAP_M, 0.0) == (c.NO_GAP_M, 0.0, 1.0)).all()


def test_radar_can_be_dead_frozen_or_off() -> None:
    rig = Rig(200)
    before = radar(rig, 20.0, 1.0)
    assert (radar(rig.suffer(radar_frozen=1.0), 5.0, 2.0) == before).all()
    off = radar(rig.suffer(radar_offset=3.0), 20.0, 1.0)
    assert off[:, 0].mean() == pytest.approx(23.0, abs=0.02)
    assert (radar(rig.suffer(radar_dead=1.0), 5.0, 2.0) == (c.NO_GAP_M, 0.0, 0.0)).all()


def test_row_does_not_depend_on_its_neighbours() -> None:
    many, few = Rig(6).run(10.0), Rig(3).run(10.0)
    assert (many.sensors[:3] == few.sensors).all()
    assert (many.pose[:3] == few.pose).all()


def test_noise_starts_over_after_its_block() -> None:
    rig = Rig(2)
    block = len(rig.noise)
    first = rig.noise[0, :, sense.NOISE_GYRO]
    rig.tick = 3 * block
    rig.measure()
    gyro = rig.sensors[:, c.SENSE_GYRO] - rig.memory[:, sense.KEPT_BIAS]
    assert gyro == pytest.approx(sense.GYRO_RADPS * first)


def test_compiled_and_plain_sensors_agree_in_lockstep() -> None:
    """1e-12 a step under every fault in turn."""
    (plain,) = in_plain(sense)
    rig = moving(8)
    way = np.zeros(8)
    for k in range(40 * sense.FAULT_COLUMNS):
        rig.faults[:] = 0.0
        rig.faults[:, k // 40] = 1.0
        rig.roll(-0.3 if k % 80 < 40 else 0.3, 0.01)
        sensors, memory = rig.sensors.copy(), rig.memory.copy()
        for module, s, m in ((sense, rig.sensors, rig.memory), (plain, sensors, memory)):
            module.measure(rig.state, rig.params, rig.road, rig.faults, rig.noise, s, m, k, DT_S)
            s[:, [c.SENSE_GAP, c.SENSE_CLOSING]] = 20.0, 1.0
            module.radar_noise(s, rig.faults, rig.noise, m, k)
            along = rig.state[:, X] % 60.0
            module.read_markers(
                rig.state, way, along, MARKS, COUNTS, rig.faults, rig.noise, s, m, k
            )
        near = np.abs(rig.sensors) < 1e8
        assert np.abs(rig.sensors - sensors)[near].max() < 1e-12
        assert np.abs(rig.memory - memory)[np.abs(rig.memory) < 1e8].max() < 1e-12
