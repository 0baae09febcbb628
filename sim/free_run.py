"""Free running: how long a truck needs from berth to berth with nobody and nothing in its way.

The pilot's own speed law (vehicle/pilot/speed.py) drives the truck's plant (sim/plant.py) along the
route as along a straight line, from standstill at one stop line to standstill at the other: lane
limits, bends and grades of the map, mass, power, lags and dead times of the truck; dry road and
clear sight unless other weather is given; no stop between, no other vehicle, no steering, a place
that is certain. Nothing is drawn: same truck and route, same time. What a crossing takes beyond it
is delay (docs/delays.md). Not here: whose delay it is (delays.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from contract.errors import require
from contract.kernel import kernel
from contract.limits import FRICTION_DRY
from contract.route import Route
from sim.plant import GRADE, MU, ROAD_COLUMNS, V, X, new_memory, new_state, plant_step
from sim.plant_params import VehicleParams, params_block
from sim.truck_rows import truck_rows
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.pose_columns import POSE_COLUMNS, POSE_V
from vehicle.pilot.speed import cruise
from vehicle.pilot.turn import ARRIVED_M, STANDING_MPS, push_or_brake

DT_S: Final = 0.05
TICKS_MAX: Final = 200_000  # more than two hours: no route of ours is so long
BUDGED_M: Final = 0.001  # less is not moving yet
MASS_STEP_KG: Final = 1_000  # trucks within it run alike
CLEAR_SIGHT_M: Final = 0.0  # as an order says it: nothing limits the sight

Path = Callable[[Route, float], tuple[Array, int]]  # route, friction -> table, rows in use


@kernel
def drive_freely(
    path: Array,
    rows: int,
    start: float,
    blocks: tuple[Array, Array, Array, Array, Array, Array, Array, Array, Array],
    fronts: Array,
) -> int:
    """Ticks to standstill at the end of the order, from standstill with the front at `start`.

    path     (rows, PATH_COLUMNS), one row a metre;  start   metres along it
    blocks   state, params, road, memory, pose, order, truck, pilot, command, each of one row
    fronts   (most ticks,) metres along the path after each tick; filled here
    Negative if the end is not reached in so many.
    """
    state, params, road, memory, pose, order, truck, pilot, command = blocks
    mu, front = road[0, MU], start
    for tick in range(fronts.shape[0]):
        v = state[0, V]
        if order[0, c.ORDER_END] - front <= ARRIVED_M and v <= STANDING_MPS:
            return tick
        pose[0, POSE_V] = v
        s = front - truck[0, c.TRUCK_FRONT]
        wish = cruise(path, rows, s, pose, order, truck, mu, pilot[0, c.PILOT_PUSH], 0)
        wish = min(truck[0, c.TRUCK_ACCEL_MAX], max(-truck[0, c.TRUCK_BRAKE_SERVICE], wish))
        push_or_brake(wish, v, pilot, command, False, 0)
        road[0, GRADE] = path[min(rows - 1, max(0, int(s))), c.PATH_GRADE]
        plant_step(state, command, params, road, memory, DT_S)
        front = start + state[0, X]
        fronts[tick] = front
    return -1


@dataclass(frozen=True, slots=True)
class FreeRun:
    """One reference run: where the front is along a route, tick by tick from standstill."""

    s_m: Array
    total_s: float

    def at(self, s_m: Array) -> Array:
        """Seconds since the start at which the front comes to these places, metres."""
        times: Array = np.interp(s_m, self.s_m, DT_S * np.arange(len(self.s_m)))
        return np.where(s_m <= self.s_m[0] + BUDGED_M, 0.0, times)


class FreeRuns:
    """Reference runs of one kind of truck, each made once."""

    def __init__(self, vehicle: VehicleParams, path: Path) -> None:
        """`path` gives the table that a truck's pilot drives a route by."""
        self._vehicle = vehicle
        self._path = path
        self._fronts = np.zeros(TICKS_MAX)
        self._known: dict[tuple[object, ...], FreeRun] = {}

    def of(
        self,
        route: Route,
        ends_m: tuple[float, float],
        mass_kg: float,
        *,
        mu: float = FRICTION_DRY,
        sight_m: float = CLEAR_SIGHT_M,
    ) -> FreeRun:
        """The run between two places of a route, metres along it, standing at both."""
        mass_kg = MASS_STEP_KG * round(mass_kg / MASS_STEP_KG)
        key = (route.lanes, *(round(1000.0 * end) for end in ends_m), mass_kg, mu, sight_m)
        run = self._known.get(key)
        if run is None:
            vehicle = replace(self._vehicle, mass_kg=float(mass_kg))
            run = self._known[key] = self._drive(vehicle, route, ends_m, (mu, sight_m))
        return run

    def _drive(
        self,
        vehicle: VehicleParams,
        route: Route,
        ends_m: tuple[float, float],
        weather: tuple[float, float],
    ) -> FreeRun:
        params, (mu, sight_m) = params_block([vehicle]), weather
        path, rows = self._path(route, mu)
        road, order = np.zeros((1, ROAD_COLUMNS)), np.zeros((1, c.ORDER_COLUMNS))
        pose, pilot = np.zeros((1, POSE_COLUMNS)), np.zeros((1, c.PILOT_COLUMNS))
        road[0, MU] = mu
        order[0, [c.ORDER_ACTIVE, c.ORDER_END, c.ORDER_SPEED_MAX]] = 1.0, ends_m[1], 1.0e3
        order[0, [c.ORDER_MU, c.ORDER_SIGHT]] = mu, sight_m
        command = np.zeros((1, c.COMMAND_COLUMNS))
        state, memory, truck = new_state(1), new_memory(params, DT_S), truck_rows(params)
        blocks = (state, params, road, memory, pose, order, truck, pilot, command)
        ticks = drive_freely(path, rows, ends_m[0], blocks, self._fronts)
        require(ticks >= 0, f"no free run ends on {' '.join(route.lanes)}")
        s_m = np.concatenate([[ends_m[0]], self._fronts[:ticks]])
        s_m[-1] = max(s_m[-1], ends_m[1])  # it stands at the line, a hand's breadth before it
        return FreeRun(s_m, ticks * DT_S)
