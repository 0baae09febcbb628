"""The reference run: standstill to standstill, the same every time, and never slower for less."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from contract.route import Route
from corridor.planning import way
from sim.free_run import FreeRuns, drive_freely
from sim.plant_params import TRUCK40_LOADED
from sim.run import load_map
from vehicle.pilot.columns import PATH_SPEED, Array
from vehicle.pilot.path import profile

LENGTH_M: Final = 16.5


def path(route: Route, mu: float) -> tuple[Array, int]:
    table = profile(route, LENGTH_M, mu)
    return table, len(table)


def a_route() -> tuple[Route, tuple[float, float]]:
    corridor = load_map("smoke")
    start, end = corridor.berths["kz_d01"], corridor.berths["cn_a01"]
    route = corridor.route(way(corridor, start.lane, end.id, None))
    return route, (start.stop_offset_m, route.at(end.lane, end.stop_offset_m))


def total_s(mass_kg: float = 37_000, **weather: float) -> float:
    route, ends_m = a_route()
    return FreeRuns(TRUCK40_LOADED, path).of(route, ends_m, mass_kg, **weather).total_s


def test_free_run_begins_and_ends_at_the_stop_lines_and_never_goes_back() -> None:
    route, ends_m = a_route()
    run = FreeRuns(TRUCK40_LOADED, path).of(route, ends_m, 37_000)
    assert run.at(np.array(ends_m)).tolist() == [0.0, pytest.approx(run.total_s)]
    assert (np.diff(run.s_m) >= 0.0).all()


def test_free_run_keeps_the_limits_of_the_road() -> None:
    """No metre is driven faster than the map's profile, but for what the speed loop overshoots."""
    route, ends_m = a_route()
    run = FreeRuns(TRUCK40_LOADED, path).of(route, ends_m, 37_000)
    table, _ = path(route, 0.7)
    speed = np.diff(run.s_m) / 0.05
    limit = np.interp(run.s_m[1:], table[:, 0], table[:, PATH_SPEED])
    assert (speed[:-1] <= limit[:-1] + 0.6).all()
    slowest_s = float(np.sum(np.diff(table[:, 0]) / table[1:, PATH_SPEED]))
    assert run.total_s > 0.8 * slowest_s * (ends_m[1] - ends_m[0]) / route.length_m


def test_free_run_is_slower_on_ice_in_fog_and_with_less_power() -> None:
    route, ends_m = a_route()
    assert total_s(mu=0.1) > total_s() + 1.0
    assert total_s(sight_m=10.0) > total_s() + 1.0
    weak = replace(TRUCK40_LOADED, wheel_power_w=TRUCK40_LOADED.wheel_power_w / 10.0)
    assert FreeRuns(weak, path).of(route, ends_m, 37_000).total_s > total_s() + 1.0


def test_free_run_is_made_once_for_trucks_of_one_mass() -> None:
    route, ends_m = a_route()
    runs = FreeRuns(TRUCK40_LOADED, path)
    assert runs.of(route, ends_m, 36_800) is runs.of(route, ends_m, 37_200)
    assert runs.of(route, ends_m, 36_800) is not runs.of(route, ends_m, 20_000)


def test_end_that_is_never_reached_is_said() -> None:
    """A truck without power does not arrive."""
    route, ends_m = a_route()
    dead = replace(TRUCK40_LOADED, wheel_power_w=0.0)
    with pytest.raises(Exception, match="no free run ends"):
        FreeRuns(dead, path).of(route, ends_m, 37_000)
    assert callable(drive_freely)
