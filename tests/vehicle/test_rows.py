"""Rows: which paths a truck keeps."""

import numpy as np
import pytest

from contract.route import Route, Stretch, build_route
from vehicle.guard import GuardRow
from vehicle.orders import Drive, SetGuard
from vehicle.pilot import columns as c
from vehicle.pilot.path import profile
from vehicle.pilot.rows import Rows

KEPT = 3


def a_route(name: str, length_m: float) -> Route:
    line = np.array([[0.0, 0.0], [length_m, 0.0]])
    return build_route([Stretch(name, name, 8.0, line)])


def an_order(route: Route, generation: int, mu: float) -> Drive:
    return Drive(
        route=route,
        generation=generation,
        end_m=10.0,
        speed_max_mps=5.0,
        clear_m=0.0,
        headway_s=2.0,
        standstill_m=3.0,
        mu=mu,
    )


def a_truck() -> Rows:
    truck = np.zeros((1, c.TRUCK_COLUMNS))
    truck[0, c.TRUCK_LENGTH] = 16.5
    truck[0, c.TRUCK_BRAKE_SERVICE] = 1.5
    truck[0, [c.TRUCK_WHEELBASE, c.TRUCK_STEER_LAG]] = 3.6, 0.3
    return Rows(truck, paths_kept=KEPT)


@pytest.mark.parametrize("longest_m", [60.0, 600.0])
def test_truck_keeps_no_more_paths_than_it_may_and_drives_on_the_newest(longest_m: float) -> None:
    """Missions and weather of months: each a path of its own, half a megabyte on a long road."""
    rows = a_truck()
    for day in range(12):
        length_m = longest_m - 3.0 * day
        route, mu = a_route(f"way-{day}", length_m), 0.7 - 0.01 * day
        rows.carry_out(0, SetGuard(route, day, GuardRow(10.0, 2.0, mu)))
        rows.carry_out(0, an_order(route, day, mu))
        path = int(rows.order[0, c.ORDER_PATH])
        assert path == rows.guard[0, c.GUARD_PATH]
        table = profile(route, 16.5, mu)
        assert rows.path_rows[path] == len(table)
        assert (rows.paths[path, : len(table)] == table).all()
        assert rows.routes[path] is route
    assert len(rows.routes) == KEPT


def test_path_that_guard_or_pilot_is_on_is_not_taken_from_under_it() -> None:
    """The guard of a mission keeps its path while the weather changes the pilot's."""
    rows, route = a_truck(), a_route("way", 100.0)
    rows.carry_out(0, SetGuard(route, 1, GuardRow(10.0, 2.0, 0.5)))
    guarded = int(rows.guard[0, c.GUARD_PATH])
    table = rows.paths[guarded].copy()
    for permille in range(100, 110):
        rows.carry_out(0, an_order(route, 1, permille / 1000.0))
        assert rows.guard[0, c.GUARD_PATH] == guarded
        assert (rows.paths[guarded] == table).all()
        assert rows.order[0, c.ORDER_PATH] != guarded
