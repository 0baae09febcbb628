"""VEH: a truck that is told to rest while it rolls keeps to its path until it stands."""

import pytest

from sim.ground.rig import Rig
from sim.ground.sections import GroundSection, PieceSection
from sim.plant import V, X, Y
from vehicle.orders import Rest
from vehicle.pilot import columns as c
from vehicle.pilot.path import nearest

BEND = (
    PieceSection(length_m=120.0, speed_mps=6.94),
    PieceSection(length_m=60.0, radius_m=60.0, speed_mps=6.94),
    PieceSection(length_m=60.0, radius_m=-60.0, speed_mps=6.94),
    PieceSection(length_m=160.0, speed_mps=6.94),
)
LEFT_M = 0.3  # a lane of 3.5 m leaves half a metre on each side of a truck; 3 m were measured


@pytest.mark.parametrize("at_s", [19.0, 21.0, 23.0, 26.0, 29.0])
@pytest.mark.parametrize("emergency", [False, True])
def test_truck_that_is_told_to_rest_in_a_bend_stops_on_its_path(
    at_s: float, emergency: bool
) -> None:
    """VEH-006."""
    ground = GroundSection(track=list(BEND), vehicles=1, load="loaded", end_before_m=20.0)
    rig = Rig(ground, 0.3, seed=1)
    rig.run(at_s)
    assert rig.fleet.state[0, V] > 3.0
    rig.fleet.carry_out("truck-01", Rest(emergency=emergency))
    rig.run(15.0)
    assert rig.fleet.state[0, V] == 0.0
    board, (x_m, y_m) = rig.fleet.board, rig.fleet.state[0, [X, Y]]
    _, left_m = nearest(board.paths[0], board.path_rows[0], 0.0, x_m, y_m, 0, board.path_rows[0])
    assert abs(left_m) <= LEFT_M
    assert rig.fleet.command[0, c.COMMAND_PARK] == 1.0
