"""Speed: the end of an order counts exactly where it is the lesser bound, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vehicle.watched import a_path
from vehicle.pilot import columns as c
from vehicle.pilot import speed
from vehicle.pilot.pose_columns import POSE_COLUMNS, POSE_V

ROWS = 301
PATH = a_path(ROWS)
PATH[:, c.PATH_SPEED] = 8.0


@given(
    limit=st.floats(0.0, 15.0),
    distance_m=st.floats(-5.0, 300.0),
    brake=st.floats(0.05, 3.0),
    delay_s=st.floats(0.0, 3.0),
)
def test_least_is_the_lesser_of_limit_and_permitted_speed(
    limit: float, distance_m: float, brake: float, delay_s: float
) -> None:
    permitted = speed.permitted_speed(distance_m, brake, delay_s)
    assert speed.least(limit, distance_m, brake, delay_s) == pytest.approx(
        min(limit, permitted), abs=1e-12
    )


@pytest.mark.parametrize("service", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("push", [-1.0, -0.3, 0.0, 0.5, 1.0])
def test_speed_is_that_of_the_limit_or_of_the_curve_to_the_end(push: float, service: float) -> None:
    """docs/vehicle.md 2.2, with the curve reckoned whether it counts or not."""
    for v in (0.0, 2.0, 6.0, 7.5):
        for end_m in np.arange(0.1, 150.0, 0.25):
            _check(v, float(end_m), push, service)


def _check(v: float, end_m: float, push: float, service: float) -> None:
    pose, order, truck = (
        np.zeros((1, columns)) for columns in (POSE_COLUMNS, c.ORDER_COLUMNS, c.TRUCK_COLUMNS)
    )
    pose[0, POSE_V] = v
    order[0, [c.ORDER_END, c.ORDER_SPEED_MAX]] = 5.0 + end_m, 7.0
    truck[0, [c.TRUCK_FRONT, c.TRUCK_DELAY, c.TRUCK_BRAKE_SERVICE]] = 5.0, 0.4, service
    given_mps2 = speed.cruise(PATH, ROWS, 0.0, pose, order, truck, 0.7, push, 0)

    room, pushed = end_m - speed.SHORT_M, max(0.0, push)
    brake = speed.stop_brake(PATH, 5, 0.7, truck, 0)
    easing_s = pushed / speed.BUILD_UP_MPS3
    used = easing_s * (v + pushed * easing_s / 3.0)
    settled_s = max(speed.SETTLED_S, 0.4 + speed.SETTLE_S)
    falling = brake * v / (v + brake * settled_s)
    build_up_s = 0.5 * max(0.0, falling + min(0.0, push)) / speed.BUILD_UP_MPS3
    stop = speed.permitted_speed(room - used, brake, settled_s + build_up_s)
    stop -= 0.5 * pushed * easing_s
    if room > 0.0:
        stop = max(stop, min(speed.CREEP_MPS, room))
    wanted = speed.SPEED_GAIN * (min(7.0, stop) - v)
    assert given_mps2 == pytest.approx(wanted if room > 0.0 else min(wanted, -0.5), abs=1e-9)
