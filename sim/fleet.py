"""The fleet's arrays and their owners: from drive orders to rows, from rows to readings.

Each vehicle has one row in every block. Plant, pilot and guard have blocks of their own, so that a
restart resets pilot and guard only. Not here: physics (truth.py, plant.py), time (engine.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.map import CorridorMap, Route
from sim import sensors
from sim.air import Air, Arrays
from sim.blocks import Blocks
from sim.footprints import F_HALF_LENGTH, FOOTPRINT_COLUMNS, footprints
from sim.plant import (
    DELTA,
    HITCH,
    MU,
    PSI,
    ROAD_COLUMNS,
    A,
    V,
    X,
    Y,
    new_memory,
    new_state,
)
from sim.plant_params import P_MASS_KG, VehicleParams, front_offset, params_block, straight_length
from sim.radio import new_radio
from sim.sensors import FAULT_COLUMNS, KEPT_PSI, KEPT_SCALE, noise_block, traits
from sim.truck_rows import truck_rows
from sim.truth import resting
from sim.truth_columns import (
    EVENTS_MAX,
    TRUTH_AHEAD,
    TRUTH_ALIVE,
    TRUTH_BEYOND,
    TRUTH_COLUMNS,
    TRUTH_END,
    TRUTH_FRONT,
    TRUTH_LENGTH,
    TRUTH_NEXT_FRONT,
    TRUTH_NEXT_REAR,
    TRUTH_PATH,
    TRUTH_S,
    TRUTH_SEEN,
    TRUTH_STOOD,
)
from vehicle.orders import VehicleReading
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.path import nearest
from vehicle.pilot.pose import pose_turn
from vehicle.pilot.pose_columns import EST_SCALE, POSE_V
from vehicle.pilot.rows import PATHS_FIRST, Rows

DT_S: Final = 0.05
NOISE_TICKS: Final = 4099  # a prime: drawn once and gone through again and again
MARKS_FIRST: Final = 64
SETTLE_TICKS: Final = 60  # three seconds: twice what a pose takes from standstill


@dataclass(frozen=True, slots=True)
class DevicePlace:
    """A device by its lane and offset; `index` is its number in events."""

    index: int
    lane: str
    offset_m: float


def no_markers(route: Route) -> Array:
    """A road without markers."""
    return np.zeros((0, 3))


def _seed(seed: int, what: str, name: str) -> list[int]:
    """A stream of its own for each vehicle, whatever the order of names."""
    return [seed, *f"{what}/{name}".encode()]


class Fleet:
    """All vehicles of a run. Row order is the order of names given."""

    def __init__(
        self,
        names: Sequence[str],
        vehicles: Sequence[VehicleParams],
        devices: Sequence[DevicePlace],
        mu: float,
        *,
        seed: int = 0,
        markers: Callable[[Route], Array] = no_markers,
        air: Air | None = None,
    ) -> None:
        """`markers` gives what lies in the ground along a route: rows of s, x, y in metres."""
        n = len(names)
        self.names = tuple(names)
        self.row = {name: i for i, name in enumerate(names)}
        self.params = params_block(vehicles)
        self.state = new_state(n)
        self.memory = new_memory(self.params, DT_S)
        self.road = np.zeros((n, ROAD_COLUMNS))
        self.road[:, MU] = mu
        self.feet = np.zeros((n, 2, FOOTPRINT_COLUMNS))
        self.rears: Array = np.zeros((n, 2))
        self.near: Bits = np.zeros((n, n), dtype=np.int64)
        self.near_counts: Bits = np.full(n, -1, dtype=np.int64)  # not gathered yet
        self.close_counts: Bits = np.zeros(n, dtype=np.int64)
        self.ticks: Bits = np.zeros(1, dtype=np.int64)
        self.board = Rows(truck_rows(self.params))
        self.order = self.board.order
        self.command = self.board.command
        self.kept = self.command.copy()
        self.miles = self.board.miles
        self.truth = np.zeros((n, TRUTH_COLUMNS))
        self.truth[:, TRUTH_PATH] = -1.0
        self.truth[:, [TRUTH_AHEAD, TRUTH_SEEN]] = -1.0
        self.truth[:, TRUTH_FRONT] = front_offset(self.params)
        self.truth[:, TRUTH_LENGTH] = straight_length(self.params)
        self.truth[:, TRUTH_END] = 1.0e9
        self.truth[:, TRUTH_STOOD] = 1.0
        self.moving: Bits = np.zeros(n, dtype=np.int64)
        self.events: Bits = np.zeros((EVENTS_MAX, 3), dtype=np.int64)
        self.faults: Array = np.zeros((n, FAULT_COLUMNS))
        draws = [np.random.default_rng(_seed(seed, "sensors", name)) for name in names]
        self.noise = np.stack([noise_block(draw, NOISE_TICKS) for draw in draws], axis=1)
        self.chance: Array = np.array([draw.random(NOISE_TICKS) for draw in draws])
        self.sense_memory = sensors.new_memory(self.state, [traits(draw) for draw in draws])
        self.air: Air = air or Arrays(n)
        self.radio = new_radio(n, late_ticks=1)
        self.vehicle_steps = 0
        self.on_board = True  # False: pilots and guards are elsewhere and only give commands
        self._devices = tuple(devices)
        self._markers = markers
        self._placed: set[int] = set()
        self.places: Array = np.zeros((PATHS_FIRST, max(1, len(devices))))
        self.place_ids: Bits = np.zeros((PATHS_FIRST, max(1, len(devices))), dtype=np.int64)
        self.place_counts: Bits = np.zeros(PATHS_FIRST, dtype=np.int64)
        self.marks: Array = np.zeros((PATHS_FIRST, MARKS_FIRST, 3))
        self.mark_counts: Bits = np.zeros(PATHS_FIRST, dtype=np.int64)
        self._blocks: Blocks | None = None

    @property
    def blocks(self) -> Blocks:
        """Every array, as the compiled step takes them."""
        board = self.board
        made = self._blocks
        if made is None or made.paths is not board.paths or made.marks is not self.marks:
            made = self._blocks = Blocks(
                state=self.state,
                params=self.params,
                road=self.road,
                memory=self.memory,
                feet=self.feet,
                rears=self.rears,
                truth=self.truth,
                near=self.near,
                near_counts=self.near_counts,
                close_counts=self.close_counts,
                ticks=self.ticks,
                moving=self.moving,
                events=self.events,
                faults=self.faults,
                noise=self.noise,
                sense_memory=self.sense_memory,
                sensors=board.sensors,
                air=self.air.ring,
                radio=self.radio,
                chance=self.chance,
                heard=board.heard,
                truck=board.truck,
                gains=board.gains,
                order=board.order,
                guard=board.guard,
                pose=board.pose,
                steering=board.steering,
                spacing=board.spacing,
                pilot=board.pilot,
                watch=board.watch,
                command=board.command,
                said=board.said,
                kept=self.kept,
                miles=board.miles,
                paths=board.paths,
                rows=board.path_rows,
                places=self.places,
                place_ids=self.place_ids,
                place_counts=self.place_counts,
                marks=self.marks,
                mark_counts=self.mark_counts,
            )
        return made

    # --- placing and stepping ---

    def place(self, name: str, corridor: CorridorMap, lane: str, front_m: float) -> None:
        """Stand a vehicle on a lane with its front at `front_m`, straight, parked."""
        i = self.row[name]
        route = corridor.route((lane,))
        s_m = front_m - self.truth[i, TRUTH_FRONT]
        near = min(len(route.table) - 1, max(0, round(s_m)))
        x_m, y_m, psi = route.table[near, 1:4]
        shift = s_m - route.table[near, 0]
        self.state[i, X] = x_m + shift * np.cos(psi)
        self.state[i, Y] = y_m + shift * np.sin(psi)
        self.state[i, PSI] = self.sense_memory[i, KEPT_PSI] = psi
        footprints(self.state, self.params, self.memory, self.feet)

    def step(self, ticks: int) -> tuple[int, int]:
        """Up to `ticks` steps; returns (steps done, events in `self.events`)."""
        step = self.air.fleet_steps if self.on_board else self.air.outside_steps
        done, used = step(ticks, DT_S, self.blocks)
        self.vehicle_steps += done * len(self.names)
        return done, used

    def measure(self) -> None:
        """Bring the sensors up to date, for computers that are elsewhere."""
        self.order[:, c.ORDER_ACTIVE] = self.truth[:, TRUTH_PATH] >= 0.0
        self.air.sense(self.blocks, DT_S)

    def settle(self, speed_mps: float) -> None:
        """Let every vehicle find out where it stands; then all roll at `speed_mps`, straight.

        A truck that rolls has learnt on its way what is wrong with its wheels.
        """
        active = self.order[:, c.ORDER_ACTIVE].copy()
        self.order[:, c.ORDER_ACTIVE] = 0.0
        self.sense_memory[:, KEPT_PSI] = self.state[:, PSI]
        for _ in range(SETTLE_TICKS):
            self.air.sense(self.blocks, DT_S)
            pose_turn(self.board.sensors, self.board.truck, self.board.pose, DT_S)
            self.ticks[0] += 1
        self.order[:, c.ORDER_ACTIVE] = active
        self.state[:, V] = self.board.pilot[:, c.PILOT_V] = speed_mps
        self.board.pose[:, POSE_V] = speed_mps
        if speed_mps > 0.0:  # the step that the next turn looks back on
            self.state[:, X] += speed_mps * DT_S * np.cos(self.state[:, PSI])
            self.state[:, Y] += speed_mps * DT_S * np.sin(self.state[:, PSI])
            self.board.pose[:, EST_SCALE] = self.sense_memory[:, KEPT_SCALE]
        self.command[:, c.COMMAND_PARK] = 0.0 if speed_mps > 0.0 else 1.0

    def obey(self, name: str, *, alive: bool) -> None:
        """Whether the body follows `command`, or brakes because nobody commands it."""
        self.truth[self.row[name], TRUTH_ALIVE] = 1.0 if alive else 0.0

    @property
    def at_rest(self) -> bool:
        """True while nothing moves, everything is parked and nothing is ordered to move."""
        if np.count_nonzero(self.moving):  # as of the last step: mostly the answer
            return False
        return self.on_board and resting(self.blocks)

    def skip(self, ticks: int) -> None:
        """Let time pass while everything is at rest."""
        self.ticks[0] += ticks

    # --- commands ---

    def carry_out(self, name: str, command: object) -> None:
        """One command of a vehicle's agent."""
        i = self.row[name]
        self.board.carry_out(i, command)
        route = getattr(command, "route", None)
        if route is not None:
            self.follow(name, route)
        predecessor = getattr(command, "predecessor", None)
        if predecessor is not None:
            self.listen(name, predecessor)

    def crash(self, name: str) -> None:
        """The vehicle computer is gone: pilot and guard forget, the body brakes."""
        i = self.row[name]
        self.board.forget(i)
        self.truth[i, TRUTH_ALIVE] = 0.0

    def boot(self, name: str) -> None:
        """The vehicle computer is up: the body obeys it."""
        self.truth[self.row[name], TRUTH_ALIVE] = 1.0

    def listen(self, name: str, predecessor: str) -> None:
        """Whose beacons a vehicle's radio takes in; "" for nobody's."""
        self.truth[self.row[name], TRUTH_AHEAD] = self.row.get(predecessor, -1)

    # --- readings ---

    def reading(self, name: str) -> VehicleReading:
        """What the agent is told; takes the milestones."""
        return self.board.reading(self.row[name])

    def front_m(self, name: str) -> float:
        """True front along the vehicle's way."""
        i = self.row[name]
        return float(self.truth[i, TRUTH_S] + self.truth[i, TRUTH_FRONT])

    def motion(self, name: str) -> tuple[float, ...]:
        """x, y, psi, hitch, v, a, delta of the truth, rounded for a table."""
        row = self.state[self.row[name]]
        return tuple(round(float(row[k]), 4) for k in (X, Y, PSI, HITCH, V, A, DELTA))

    def standing(self, name: str) -> bool:
        return bool(self.state[self.row[name], V] <= 0.02)

    def set_mass(self, name: str, mass_kg: int) -> None:
        """What the truck weighs from now on."""
        self.params[self.row[name], P_MASS_KG] = mass_kg

    def set_end(self, name: str, end_m: float) -> None:
        """Checkers' limit for the front: end of authority plus overlap, along the way in force."""
        self.truth[self.row[name], TRUTH_END] = end_m
        self.truth[self.row[name], TRUTH_BEYOND] = 0.0

    def friction_is(self, mu: float) -> None:
        """The road is like this everywhere from now on."""
        self.road[:, MU] = mu

    # --- paths ---

    def follow(self, name: str, route: Route) -> None:
        """The truth of a vehicle is measured along this route from now on."""
        i = self.row[name]
        path = self.board.path(route, float(self.road[i, MU]))
        if path not in self._placed:
            self._place_on(path, route)
        if int(self.truth[i, TRUTH_PATH]) != path:
            self._follow(i, path)

    def _place_on(self, path: int, route: Route) -> None:
        """Where the devices stand along a path that is new."""
        extra = len(self.board.paths) - len(self.place_counts)
        if extra > 0:
            wide = self.places.shape[1]
            more = np.zeros(extra, dtype=np.int64)
            self.place_counts = np.concatenate([self.place_counts, more])
            self.places = np.concatenate([self.places, np.zeros((extra, wide))])
            ids = np.zeros((extra, wide), dtype=np.int64)
            self.place_ids = np.concatenate([self.place_ids, ids])
        self._mark(path, route)
        placed = sorted(
            (route.at(device.lane, device.offset_m), device.index)
            for device in self._devices
            if device.lane in route.lanes
        )
        for k, (at_m, index) in enumerate(placed):
            self.places[path, k] = at_m
            self.place_ids[path, k] = index
        self.place_counts[path] = len(placed)
        self._placed.add(path)

    def _mark(self, path: int, route: Route) -> None:
        """Which markers lie along a path that is new."""
        rows = self._markers(route)
        count, wide = self.marks.shape[:2]
        more, wider = max(count, len(self.board.paths)), max(wide, len(rows))
        if (more, wider) != (count, wide):
            marks: Array = np.zeros((more, wider, 3))
            marks[:count, :wide] = self.marks
            self.marks = marks
            counts: Bits = np.zeros(more, dtype=np.int64)
            counts[:count] = self.mark_counts
            self.mark_counts = counts
        self.marks[path, : len(rows)] = rows
        self.mark_counts[path] = len(rows)

    def _follow(self, i: int, path: int) -> None:
        """Find row i on a path and set its device pointers behind what it has passed."""
        rows = int(self.board.path_rows[path])
        x_m, y_m = self.state[i, X], self.state[i, Y]
        s_m, _ = nearest(self.board.paths[path], rows, 0.0, x_m, y_m, 0, rows)
        truth = self.truth[i]
        truth[TRUTH_PATH] = path
        truth[TRUTH_SEEN] = -1.0
        truth[TRUTH_S] = s_m
        truth[TRUTH_END] = 1.0e9
        front = s_m + truth[TRUTH_FRONT]
        count = int(self.place_counts[path])
        places = self.places[path, :count]
        truth[TRUTH_NEXT_FRONT] = int(np.searchsorted(places, front, side="right"))
        rear = front - truth[TRUTH_LENGTH]
        truth[TRUTH_NEXT_REAR] = int(np.searchsorted(places, rear, side="right"))

    def where(self, name: str) -> tuple[str, float] | None:
        """Lane and offset of the true front; None before the first order."""
        path = int(self.truth[self.row[name], TRUTH_PATH])
        if path < 0:
            return None
        route = self.board.routes[path]
        return route.where(min(max(0.0, self.front_m(name)), route.length_m))

    def route(self, name: str) -> Route | None:
        """The way that the vehicle's truth is measured along."""
        path = int(self.truth[self.row[name], TRUTH_PATH])
        return self.board.routes[path] if path >= 0 else None

    def has_trailer(self, name: str) -> bool:
        return bool(self.feet[self.row[name], 1, F_HALF_LENGTH] > 0.0)
