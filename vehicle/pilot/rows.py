"""Rows: the arrays that pilot and guard work on, and how an agent's orders get into them.

A truck's body has one row, the simulator one a vehicle; both put orders in and take milestones out
by the same code. Not here: what is measured (the body, sim/), what is decided (vehicle/agent.py),
when a turn is due.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from contract.route import Route
from vehicle.guard import guard_turn
from vehicle.orders import ClearTrip, Drive, Rest, SetGuard, VehicleReading
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.path import profile
from vehicle.pilot.turn import pilot_turn

PATHS_FIRST: Final = 8
ROWS_FIRST: Final = 16


class Rows:
    """Blocks of pilot and guard, one row a truck; `truck` is what they know of it."""

    def __init__(self, truck: Array) -> None:
        n = len(truck)
        self.truck = truck
        self.sensors: Array = np.zeros((n, c.SENSOR_COLUMNS))
        self.sensors[:, c.SENSE_GAP] = c.NO_GAP_M
        self.order: Array = np.zeros((n, c.ORDER_COLUMNS))
        self.guard: Array = np.zeros((n, c.GUARD_COLUMNS))
        self.pilot: Array = np.zeros((n, c.PILOT_COLUMNS))
        self.watch: Array = np.zeros((n, c.WATCH_COLUMNS))
        self.command: Array = np.zeros((n, c.COMMAND_COLUMNS))
        self.command[:, c.COMMAND_PARK] = 1.0
        self.miles: Bits = np.zeros(n, dtype=np.int64)
        self.routes: list[Route] = []
        self.paths: Array = np.zeros((PATHS_FIRST, ROWS_FIRST, c.PATH_COLUMNS))
        self.path_rows: Bits = np.zeros(PATHS_FIRST, dtype=np.int64)
        self._known: dict[tuple[str, ...], int] = {}

    def turn(self) -> None:
        """One turn of pilot and guard on what the sensors say: their command is in `command`."""
        pilot_turn(
            self.paths,
            self.path_rows,
            self.sensors,
            self.order,
            self.truck,
            self.pilot,
            self.command,
            self.miles,
        )
        guard_turn(
            self.paths,
            self.path_rows,
            self.sensors,
            self.guard,
            self.truck,
            self.watch,
            self.command,
            self.miles,
        )

    # --- orders ---

    def carry_out(self, i: int, command: object) -> None:
        """One command of an agent to the truck of row i."""
        _CARRY[type(command)](self, i, command)

    def drive(self, i: int, order: Drive) -> None:
        row = self.order[i]
        row[c.ORDER_PATH] = self.path(order.route)
        row[c.ORDER_GENERATION] = order.generation
        row[c.ORDER_END] = order.end_m
        row[c.ORDER_SPEED_MAX] = order.speed_max_mps
        row[c.ORDER_CLEAR] = order.clear_m
        row[c.ORDER_HEADWAY] = order.headway_s
        row[c.ORDER_STANDSTILL] = order.standstill_m
        row[c.ORDER_URGENT] = 0.0
        row[c.ORDER_ACTIVE] = 1.0

    def set_guard(self, i: int, order: SetGuard) -> None:
        row = self.guard[i]
        if order.row is None or order.route is None:
            row[:] = 0.0
            return
        row[c.GUARD_PATH] = self.path(order.route)
        row[c.GUARD_GENERATION] = order.generation
        row[c.GUARD_END] = order.row.end_m
        row[c.GUARD_OVERLAP] = order.row.overlap_m
        row[c.GUARD_ACTIVE] = 1.0

    def rest(self, i: int, order: Rest) -> None:
        self.order[i, c.ORDER_ACTIVE] = 0.0
        self.order[i, c.ORDER_URGENT] = 1.0 if order.emergency else 0.0

    def clear_trip(self, i: int, order: ClearTrip) -> None:
        self.watch[i, c.WATCH_TRIPPED] = 0.0

    def forget(self, i: int) -> None:
        """The computer of row i has restarted: nothing is ordered, nothing is remembered."""
        for block in (self.order, self.guard, self.pilot, self.watch):
            block[i] = 0.0
        self.miles[i] = 0

    # --- readings ---

    def reading(
        self, i: int, pose: tuple[float, float, float, float], *, trailer_coupled: bool = True
    ) -> VehicleReading:
        """What the agent of row i is told; takes the milestones.

        pose   x_m, y_m, psi_rad, speed_mps as measured
        """
        x_m, y_m, psi_rad, speed_mps = pose
        miles = int(self.miles[i])
        self.miles[i] = 0
        return VehicleReading(
            x_m=x_m,
            y_m=y_m,
            psi_rad=psi_rad,
            speed_mps=speed_mps,
            front_m=float(self.pilot[i, c.PILOT_S] + self.truck[i, c.TRUCK_FRONT]),
            on_path=bool(self.pilot[i, c.PILOT_ON_PATH]),
            milestones=miles,
            trip_cause=int(self.watch[i, c.WATCH_CAUSE]),
            trailer_coupled=trailer_coupled,
        )

    # --- paths ---

    def path(self, route: Route) -> int:
        """Index of a route among the paths; a new one is added."""
        path = self._known.get(route.lanes)
        if path is not None:
            return path
        path = len(self.routes)
        table = profile(route, float(self.truck[:, c.TRUCK_LENGTH].max()))
        self._grow(path, len(table))
        self.paths[path, : len(table)] = table
        self.path_rows[path] = len(table)
        self.routes.append(route)
        self._known[route.lanes] = path
        return path

    def _grow(self, path: int, rows: int) -> None:
        count, length = self.paths.shape[:2]
        if path < count and rows <= length:
            return
        new_count = 2 * count if path >= count else count
        paths = np.zeros((new_count, max(length, rows), c.PATH_COLUMNS))
        paths[:count, :length] = self.paths
        self.paths = paths
        more = np.zeros(new_count - count, dtype=np.int64)
        self.path_rows = np.concatenate([self.path_rows, more])


_CARRY: Final[Mapping[type, Callable[[Rows, int, Any], None]]] = {
    Drive: Rows.drive,
    SetGuard: Rows.set_guard,
    Rest: Rows.rest,
    ClearTrip: Rows.clear_trip,
}
