"""The pose filter where nothing is wrong, or only for a moment: what a healthy truck is spared.

Not here: faults that stay (test_pose_faults.py), how rare alarms are (`python -m bench alarms`).
"""

import math

import numpy as np
import pytest
from scipy import stats

from sim import sensors as sense
from sim.fleet import DT_S
from sim.ground.rig import Rig as Ground
from sim.ground.sections import GroundSection, PieceSection
from sim.plant import V
from tests.sim.sensor_rig import FAST_MPS, Rig, Watch
from vehicle.pilot import pose_columns as p
from vehicle.pilot import trust
from vehicle.pilot.pose import POSE_ALONG, POSE_DISTRUSTED, POSE_GOOD
from vehicle.pilot.speed import ALONG_LANE_M

LANE_MPS: float = 30.0 / 3.6
CREEP_MPS: float = 10.0 / 3.6
SERVICE_MPS2: float = 1.5  # a stop at a line on a dry road
SIGMAS_MIN: float = 5.5  # passed once in 50,000 hours by a mean that moves once a minute
MOMENT_S: float = 0.5


@pytest.mark.parametrize("speed_mps", [CREEP_MPS, FAST_MPS])
def test_bounds_of_running_means_lie_far_beyond_what_healthy_trucks_reach(speed_mps: float) -> None:
    """The slow part of the noise is in the mean of ten seconds as it is in that of one."""
    rig = Rig(200, seed=11).under_way(speed_mps, 90.0)
    squares = []
    for _ in range(60):
        rig.run(2.0)
        squares.append(rig.pose[:, p.WINDOW : p.WINDOW + 9] ** 2)
    assert (rig.states() == POSE_GOOD).all()
    sigmas = np.sqrt(np.mean(squares, axis=(0, 1))).reshape(3, 3)
    bounds = np.outer(
        (trust.BOUND_1_S, trust.BOUND_10_S, trust.BOUND_30_S), (1.0, 1.0, trust.HEADING_BOUNDS)
    )
    assert (bounds / sigmas).min() > SIGMAS_MIN


def test_wheel_scale_that_slip_keeps_from_being_learnt_stays_in_doubt() -> None:
    """Setting off on ice for a long time: what is not learnt is not known any better."""
    rig = Rig(100, seed=12, mu=0.15).run(5.0)
    watch = Watch(rig, 30.0, accel_mps2=0.17)
    error = rig.pose[:, p.EST_SCALE] - rig.memory[:, sense.KEPT_SCALE]
    assert float((error**2 / rig.pose[:, p.COV_SCALE]).mean()) < stats.chi2.ppf(0.9999, 100) / 100
    assert watch.excess_m.max() < 0.0
    assert np.isinf(watch.found_s).all()


def test_truck_that_brakes_while_satellites_are_left_aside_stays_sure_of_its_place() -> None:
    """A moment's fault, three seconds of distrust, and a stop by the service brake meanwhile."""
    rig = Rig(100, seed=13).under_way(LANE_MPS).suffer(frozen=1.0).run(MOMENT_S)
    assert (rig.states() == POSE_DISTRUSTED).all()
    rig.suffer()
    most_m = np.zeros(100)
    while rig.state[0, V] > 0.0:
        watch = Watch(rig, DT_S, accel_mps2=-SERVICE_MPS2)
        most_m = np.maximum(most_m, rig.pose[:, POSE_ALONG])
        assert watch.excess_m.max() < 0.0
    assert most_m.max() < ALONG_LANE_M
    assert (rig.run(1.0).states() == POSE_GOOD).all()


@pytest.mark.parametrize("mu", [0.1, 0.15, 0.3, 0.7])
def test_level_covers_a_stop_at_the_limit_of_grip_without_satellites(mu: float) -> None:
    """Wheels that slip by a twentieth until the truck stands."""
    accel_mps2 = -0.99 * mu * 9.81
    rig = Rig(100, seed=14, mu=mu).under_way(LANE_MPS).suffer(outage=1.0)
    watch = Watch(rig, -LANE_MPS / accel_mps2 + 1.0, accel_mps2=accel_mps2)
    assert (rig.state[:, V] == 0.0).all()
    assert watch.error_m.min() > 0.03 * LANE_MPS**2 / (2.0 * -accel_mps2)
    assert watch.excess_m.max() < 0.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_moment_of_distrust_in_a_stop_at_a_line_is_no_reason_to_stop_for_good(seed: int) -> None:
    """VEH-024: the truck goes on by itself, to its line."""
    ground = GroundSection(
        track=[PieceSection(length_m=300.0, speed_mps=LANE_MPS)], start_mps=LANE_MPS
    )
    rig = Ground(ground, 0.7, seed)
    while rig.fleet.state[0, V] > 0.9 * LANE_MPS:
        rig.step()
    rig.faults.begin("gnss_frozen", "truck-01", 0.0)
    rig.run(MOMENT_S)
    assert rig.fleet.board.pose[0, p.POSE_STATE] == POSE_DISTRUSTED
    rig.faults.end("gnss_frozen", "truck-01")
    rig.run(40.0)
    assert (rig.story.halts, rig.story.trips) == ([], [])
    assert rig.story.reached == ["truck-01"]
    assert math.fabs(rig.to_end_m[0]) < 0.3
