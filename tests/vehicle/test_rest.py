"""The rest state: how hard a truck without an order brakes."""

import numpy as np

from contract.kernel import plain
from vehicle.orders import Rest
from vehicle.pilot import columns as c
from vehicle.pilot.pose_columns import POSE_GOOD, POSE_STATE, POSE_V
from vehicle.pilot.rows import Rows
from vehicle.pilot.turn import pilot_turn


def a_moving_truck() -> Rows:
    truck = np.zeros((1, c.TRUCK_COLUMNS))
    truck[0, c.TRUCK_BRAKE_SERVICE] = 1.5
    truck[0, c.TRUCK_BRAKE_ASSURED] = 4.0
    truck[0, [c.TRUCK_WHEELBASE, c.TRUCK_STEER_LAG]] = 3.6, 0.3
    rows = Rows(truck)
    rows.command[0, c.COMMAND_PARK] = 0.0
    rows.pose[0, [POSE_V, POSE_STATE]] = 5.0, POSE_GOOD
    return rows


def turn(rows: Rows) -> None:
    plain(pilot_turn)(
        rows.paths,
        rows.path_rows,
        rows.sensors,
        rows.pose,
        rows.heard,
        rows.order,
        rows.truck,
        rows.gains,
        rows.steering,
        rows.spacing,
        rows.pilot,
        rows.command,
        rows.miles,
    )


def test_comfortable_stop_uses_the_service_brake() -> None:
    """VEH-010."""
    rows = a_moving_truck()
    rows.carry_out(0, Rest())
    turn(rows)
    assert rows.command[0, c.COMMAND_ACCEL] == -1.5
    assert rows.command[0, c.COMMAND_EMERGENCY] == 0.0


def test_emergency_stop_brakes_as_hard_as_assured() -> None:
    """VEH-010."""
    rows = a_moving_truck()
    rows.carry_out(0, Rest(emergency=True))
    turn(rows)
    assert rows.command[0, c.COMMAND_ACCEL] == -4.0
    assert rows.command[0, c.COMMAND_EMERGENCY] == 1.0
