"""Rows: the arrays that pilot and guard work on, and how an agent's orders get into them.

A truck's body has one row, the simulator one a vehicle; both put orders in and take milestones out
by the same code. Not here: what is measured (the body, sim/), what is decided (vehicle/agent.py),
when a turn is due.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from contract.limits import FRICTION_DRY, FRICTION_WORST, PILOT_PERIOD_MS
from contract.route import Route
from vehicle.orders import ClearTrip, Drive, Rest, SetGuard, VehicleReading
from vehicle.pilot import columns as c
from vehicle.pilot.ahead import SPACE_LEVEL, new_spacing
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.path import profile
from vehicle.pilot.pose import new_pose, pose_turn
from vehicle.pilot.pose_columns import (
    POSE_NOT_KNOWN,
    POSE_PSI,
    POSE_STATE,
    POSE_V,
    POSE_X,
    POSE_Y,
)
from vehicle.pilot.steering import gain_tables, new_steering
from vehicle.pilot.turn import pilot_turn, speak
from vehicle.watch.turn import guard_turn

PERIOD_S: Final = PILOT_PERIOD_MS / 1000.0
PATHS_FIRST: Final = 8
ROWS_FIRST: Final = 16


class Rows:
    """Blocks of pilot and guard, one row a truck; `truck` is what they know of it."""

    def __init__(self, truck: Array, *, paths_kept: int | None = None) -> None:
        """`paths_kept`: as many and no more, at least three a truck; None: every path of a run."""
        n = len(truck)
        self._paths_kept = paths_kept
        self.truck = truck
        self.gains = gain_tables(truck)
        self.sensors: Array = np.zeros((n, c.SENSOR_COLUMNS))
        self.heard: Array = np.zeros((n, c.BEACON_COLUMNS))
        self.order: Array = np.zeros((n, c.ORDER_COLUMNS))
        self.guard: Array = np.zeros((n, c.GUARD_COLUMNS))
        self.pose = new_pose(n)
        self.steering = new_steering(n)
        self.spacing = new_spacing(n)
        self.pilot: Array = np.zeros((n, c.PILOT_COLUMNS))
        self.watch: Array = np.zeros((n, c.WATCH_COLUMNS))
        self.command: Array = np.zeros((n, c.COMMAND_COLUMNS))
        self.said: Array = np.zeros((n, c.BEACON_COLUMNS))
        self.miles: Bits = np.zeros(n, dtype=np.int64)
        self.routes: list[Route] = []
        self.paths: Array = np.zeros((PATHS_FIRST, ROWS_FIRST, c.PATH_COLUMNS))
        self.path_rows: Bits = np.zeros(PATHS_FIRST, dtype=np.int64)
        self._known: dict[tuple[tuple[str, ...], int], int] = {}
        for i in range(n):
            self.forget(i)

    def turn(self) -> None:
        """One turn on what the sensors say: the command is in `command`, the beacon in `said`."""
        pose_turn(self.sensors, self.truck, self.pose, PERIOD_S)
        pilot_turn(
            self.paths,
            self.path_rows,
            self.sensors,
            self.pose,
            self.heard,
            self.order,
            self.truck,
            self.gains,
            self.steering,
            self.spacing,
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
        speak(self.pose, self.heard, self.order, self.truck, self.pilot, self.command, self.said)

    # --- orders ---

    def carry_out(self, i: int, command: object) -> None:
        """One command of an agent to the truck of row i."""
        _CARRY[type(command)](self, i, command)

    def drive(self, i: int, order: Drive) -> None:
        row = self.order[i]
        row[c.ORDER_PATH] = self.path(order.route, order.mu)
        row[c.ORDER_GENERATION] = order.generation
        row[c.ORDER_END] = order.end_m
        row[c.ORDER_SPEED_MAX] = order.speed_max_mps
        row[c.ORDER_CLEAR] = order.clear_m
        row[c.ORDER_HEADWAY] = order.headway_s
        row[c.ORDER_STANDSTILL] = order.standstill_m
        row[c.ORDER_URGENT] = 0.0
        row[c.ORDER_MU] = order.mu
        row[c.ORDER_SIGHT] = order.sight_m
        row[c.ORDER_MEMBER] = 1.0 if order.member else 0.0
        row[c.ORDER_BRAKE] = order.brake_mps2
        row[c.ORDER_ACTIVE] = 1.0

    def set_guard(self, i: int, order: SetGuard) -> None:
        row = self.guard[i]
        if order.row is None or order.route is None:
            row[:] = 0.0
            return
        row[c.GUARD_PATH] = self.path(order.route, order.row.mu)
        row[c.GUARD_MU] = order.row.mu
        row[c.GUARD_GENERATION] = order.generation
        row[c.GUARD_END] = order.row.end_m
        row[c.GUARD_OVERLAP] = order.row.overlap_m
        row[c.GUARD_ACTIVE] = 1.0

    def rest(self, i: int, order: Rest) -> None:
        self.order[i, c.ORDER_ACTIVE] = 0.0
        self.order[i, c.ORDER_URGENT] = 1.0 if order.emergency else 0.0

    def clear_trip(self, i: int, order: ClearTrip) -> None:
        self.watch[i, c.WATCH_TRIPPED] = c.TRIP_NONE
        self.watch[i, c.WATCH_ODD_S] = 0.0
        self.pilot[i, c.PILOT_HALT] = c.HALT_NONE

    def forget(self, i: int) -> None:
        """The computer of row i has restarted: nothing is ordered, nothing is remembered."""
        for block in (self.order, self.guard, self.steering, self.spacing, self.pilot, self.watch):
            block[i] = 0.0
        self.pose[i] = new_pose(1)[0]
        self.heard[i] = 0.0
        self.heard[i, c.BEACON_AGE] = c.AGE_NEVER
        self.sensors[i, c.SENSE_GAP] = c.NO_GAP_M
        self.command[i] = 0.0
        self.command[i, c.COMMAND_PARK] = 1.0
        self.miles[i] = 0

    # --- readings ---

    def reading(self, i: int) -> VehicleReading:
        """What the agent of row i is told; takes the milestones."""
        miles = self.miles.item(i)
        self.miles[i] = 0
        pose, sensors = self.pose.item, self.sensors.item
        pilot, truck = self.pilot.item, self.truck.item
        known = pose(i, POSE_STATE) != POSE_NOT_KNOWN
        parted = truck(i, c.TRUCK_TRAILER) > 0.0 and not sensors(i, c.SENSE_COUPLED)
        return VehicleReading(
            x_m=pose(i, POSE_X),
            y_m=pose(i, POSE_Y),
            psi_rad=pose(i, POSE_PSI),
            speed_mps=pose(i, POSE_V),
            front_m=pilot(i, c.PILOT_S) + truck(i, c.TRUCK_FRONT),
            on_path=pilot(i, c.PILOT_ON_PATH) != 0.0,
            milestones=miles,
            trip_cause=int(self.watch.item(i, c.WATCH_CAUSE)),
            trailer_coupled=not (known and parted),
            known=known,
            gap_m=sensors(i, c.SENSE_GAP),
            closing_mps=sensors(i, c.SENSE_CLOSING),
            beacon_age_s=self.heard.item(i, c.BEACON_AGE),
            level=int(self.spacing.item(i, SPACE_LEVEL)),
        )

    # --- paths ---

    def path(self, route: Route, mu: float = FRICTION_DRY) -> int:
        """Index of a route on this friction among the paths; a new one is added."""
        key = (route.lanes, round(1000.0 * mu))
        path = self._known.get(key)
        if path is not None:
            return path
        table = profile(
            route, float(self.truck[:, c.TRUCK_LENGTH].max()), mu if mu > 0.0 else FRICTION_WORST
        )
        path = self._place()
        self._grow(path, len(table))
        self.paths[path, : len(table)] = table
        self.path_rows[path] = len(table)
        if path == len(self.routes):
            self.routes.append(route)
        else:
            self.routes[path] = route
        self._known[key] = path
        return path

    def _place(self) -> int:
        """Where a new path goes: behind the others or, if that would be too many, in the place of
        the oldest that no order names. A new order has a new generation, so nobody takes it for
        the path that was there.
        """
        if self._paths_kept is None or len(self.routes) < self._paths_kept:
            return len(self.routes)
        named = {*self.order[:, c.ORDER_PATH].tolist(), *self.guard[:, c.GUARD_PATH].tolist()}
        key, path = next(each for each in self._known.items() if each[1] not in named)
        del self._known[key]
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
