"""Traction: the grades that a truck climbs and starts on, against the plant and the published
figures.
"""

import numpy as np
import pytest

from contract.map import compile_map
from contract.traction import (
    CAUTIOUS,
    TRACTION,
    Traction,
    climb_of,
    heaviest_axle_kg,
    slopes,
    steeper,
)
from sim.plant import GRADE, MU, ROAD_COLUMNS, accel_limits
from sim.plant_params import AGV65, P_MASS_KG, TRUCK40_EMPTY, TRUCK40_LOADED, params_block
from tests.contract.map_edits import a_map, put
from tests.vehicle.truck import the_way

TRUCK, AGV = TRACTION["truck40"], TRACTION["agv65"]
KINDS = {"truck40": TRUCK40_LOADED, "agv65": AGV65}


@pytest.mark.parametrize(
    ("mu", "percent"), [(0.3, 8.1), (0.2, 5.2), (0.1, 2.3), (0.06, 1.1)], ids=str
)
def test_loaded_truck_climbs_a_little_less_than_grip_alone_would_hold(
    mu: float, percent: float
) -> None:
    """docs/vehicle.md: 29 % of the weight drives, 0.6 % is lost in rolling."""
    climb = climb_of(TRUCK, 40e3, mu)
    least = 100.0 * min(0.29 * mu, 0.8 / 9.81) - 0.6
    assert least <= percent + 0.06
    assert 100.0 * climb.climb == pytest.approx(least - 0.2, abs=0.01)
    assert 100.0 * climb.start == pytest.approx(least - 1.02, abs=0.01)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("mu", [0.05, 0.1, 0.2, 0.35, 0.7])
def test_plant_still_gains_speed_on_the_steepest_grade_that_is_driven(kind: str, mu: float) -> None:
    """And what is left of its push is what the table promises."""
    params = params_block([KINDS[kind]])
    climb = climb_of(TRACTION[kind], params[0, P_MASS_KG], mu)
    road = np.zeros((1, ROAD_COLUMNS))
    road[0, MU] = mu
    for grade, spare in ((climb.start, 0.10), (climb.climb, 0.02)):
        road[0, GRADE] = grade
        assert accel_limits(0, params, road, 0.0)[2] == pytest.approx(spare, abs=0.006)


def test_empty_truck_is_held_for_no_better_than_a_loaded_one_and_a_heavier_one_for_worse() -> None:
    assert climb_of(TRUCK, 15e3, 0.2) == climb_of(TRUCK, 40e3, 0.2) == climb_of(TRUCK, 0.0, 0.2)
    assert climb_of(TRUCK, 50e3, 0.7).start < climb_of(TRUCK, 40e3, 0.7).start
    assert TRUCK40_EMPTY.driven_share >= TRUCK.driven_share


def test_what_is_not_known_is_the_worst() -> None:
    assert climb_of(TRUCK, 40e3, 0.0) == climb_of(TRUCK, 40e3, 0.2)
    assert climb_of(TRUCK, 40e3, 1.2) == climb_of(TRUCK, 40e3, 0.7)
    for mass_kg in (0.0, 15e3, 40e3, 65e3):
        for mu in (0.06, 0.2, 0.7):
            weakest = climb_of(CAUTIOUS, mass_kg, mu)
            for kind in TRACTION.values():
                assert weakest.start <= climb_of(kind, mass_kg, mu).start


def test_slope_counts_where_any_part_of_it_is_inside() -> None:
    corridor = compile_map(a_map(put("kz_e_pass_a", "grade", 0.04)))
    road = slopes(corridor.route(the_way(corridor)), corridor)
    (hill,) = [slope for slope in road if slope.grade > 0.0]
    assert hill.lane == "kz_e_pass_a"
    assert steeper(road, hill.from_m - 9.0, hill.from_m + 0.1, 0.03) == hill
    assert steeper(road, hill.to_m - 0.1, hill.to_m + 9.0, 0.03) == hill
    assert steeper(road, 0.0, hill.from_m, 0.03) is None
    assert steeper(road, hill.to_m, hill.to_m + 9.0, 0.03) is None
    assert steeper(road, 0.0, 1_000.0, 0.04) is None


@pytest.mark.parametrize(
    ("kind", "mass_kg", "axle_kg"),
    [
        ("truck40", 15_000, 6_000),
        ("truck40", 27_500, 8_800),
        ("truck40", 40_000, 11_600),
        ("truck40", 42_000, 12_048),
        ("truck40", 9_000, 6_000),
        ("truck40", 0, 11_600),
        ("agv65", 65_000, 32_500),
        ("agv65", 20_000, 10_000),
    ],
)
def test_heaviest_axle_is_in_proportion_between_empty_and_full(
    kind: str, mass_kg: int, axle_kg: int
) -> None:
    """Lighter than empty is not believed; without a mass it is full."""
    assert heaviest_axle_kg(TRACTION[kind], mass_kg) == axle_kg


def test_axle_of_a_truck_that_nobody_knows_is_the_heaviest_of_all_kinds() -> None:
    assert heaviest_axle_kg(None, 36_000) == 18_000
    assert heaviest_axle_kg(None, 0) == 32_500
    assert heaviest_axle_kg(Traction(0.29, 0.8), 36_000) == 36_000


@pytest.mark.parametrize("kind", list(KINDS))
def test_driven_axle_of_the_plant_is_no_heavier_than_the_supervisor_reckons(kind: str) -> None:
    plant = KINDS[kind]
    assert heaviest_axle_kg(TRACTION[kind], plant.mass_kg) >= plant.driven_share * plant.mass_kg - 1
    empty_kg = TRUCK40_EMPTY.driven_share * TRUCK40_EMPTY.mass_kg
    assert heaviest_axle_kg(TRACTION["truck40"], TRUCK40_EMPTY.mass_kg) >= empty_kg
