"""What driving takes from a battery: cold, mass, way; and what is needed at the worst."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.energy import (
    COLDEST_C,
    HOTTEST_C,
    LEAST_SHARE,
    Drivetrain,
    accepted_share,
    aside_w,
    capacity_wh,
    need_of,
    rolling,
)
from contract.route import GRADE, V_MAX, Route
from corridor.planning import way
from tests.factories import the_map

TRUCK = Drivetrain()


def a_way(name: str = "bakhty_pokitu") -> Route:
    corridor = the_map(name)
    return corridor.route(way(corridor, "kz_b01_a", "cn_b05", None))


def test_tyres_roll_harder_in_the_cold_as_the_standard_says() -> None:
    """ISO 28580: F at 25 degrees is F at T times 1 + 0.006 (T - 25)."""
    assert rolling(TRUCK, 25.0) == pytest.approx(0.006)
    assert rolling(TRUCK, -25.0) == pytest.approx(0.006 / 0.7)


@given(st.floats(COLDEST_C, HOTTEST_C - 1.0))
def test_cold_costs_and_never_gives(air_c: float) -> None:
    warmer_c = air_c + 1.0
    assert rolling(TRUCK, air_c) > rolling(TRUCK, warmer_c)
    assert aside_w(TRUCK, air_c) >= aside_w(TRUCK, warmer_c)
    assert LEAST_SHARE * TRUCK.capacity_wh <= capacity_wh(TRUCK, air_c)
    assert capacity_wh(TRUCK, air_c) <= capacity_wh(TRUCK, warmer_c) <= TRUCK.capacity_wh
    assert LEAST_SHARE <= accepted_share(air_c) <= accepted_share(warmer_c) <= 1.0


def test_a_way_needs_more_in_the_cold_loaded_and_uphill() -> None:
    route = a_way()
    level = need_of(TRUCK, route, 20.0)
    assert level.of(40e3) > level.of(15e3) > level.fixed_wh > 0.0
    assert need_of(TRUCK, route, -25.0).of(40e3) > level.of(40e3)
    table = route.table.copy()
    table[:, GRADE] = 0.03
    hill = Route(route.lanes, route.starts_m, route.length_m, table, route.zone_spans)
    climbed_wh = 40e3 * 9.81 * 0.03 * route.length_m / TRUCK.drive / 3_600.0
    assert need_of(TRUCK, hill, 20.0).of(40e3) - level.of(40e3) == pytest.approx(climbed_wh)


def test_downhill_gives_nothing_back_to_a_need() -> None:
    route = a_way()
    table = route.table.copy()
    table[:, -1] = -0.05
    down = Route(route.lanes, route.starts_m, route.length_m, table, route.zone_spans)
    need = need_of(TRUCK, down, 20.0)
    assert need.of(40e3) > need.fixed_wh > 0.0


def test_need_covers_a_stop_in_every_zone() -> None:
    """The energy of motion at each zone's limit, lost once in each."""
    route = a_way()
    moving_j = sum(
        0.5 * 40e3 * float(np.max(route.table[int(a) : int(b) + 1, V_MAX])) ** 2
        for _, a, b in route.zone_spans
    )
    assert need_of(TRUCK, route, 20.0).of(40e3) > moving_j / TRUCK.drive / 3_600.0
