"""A mission as the truck sees it: where it goes, where it must stop, which gates lie on the way.

Pure values derived from a MissionOrder and the map. Distances along the route, metres, at the front
bumper. Not here: whether the truck may move (authority, guard), what it is doing (agent).
"""

from dataclasses import dataclass
from typing import Final

from contract.agent import Refused
from contract.geodesy import Array
from contract.limits import CLEAR_MARGIN_M, STOP_WINDOW_M
from contract.map import CorridorMap
from contract.reasons import Reason
from contract.route import Route, RouteError
from contract.traction import Slope, slopes
from contract.v1.movement_pb2 import STOP_KIND_GATE, MissionOrder, StopKind
from vehicle.guard import Refuge
from vehicle.refuge import falls_of, refuge_of

_LANES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on the way, by its distance along the route."""

    kind: StopKind
    place_id: str
    at_m: float


@dataclass(frozen=True, slots=True)
class GateOnRoute:
    """A gate on the way: stop line and barrier by their distance along the route."""

    gate_id: str
    stop_m: float
    barrier_m: float
    exit: bool


@dataclass(frozen=True, slots=True)
class Mission:
    """One version of one mission; `falls`: the lowest grade ahead of each metre (refuge.py)."""

    order: MissionOrder
    route: Route
    stops: tuple[Stop, ...]
    gates: tuple[GateOnRoute, ...]
    neutral_m: float | None
    road: tuple[Slope, ...]
    refuge: Refuge | None
    falls: Array

    @property
    def mission_id(self) -> str:
        return self.order.mission_id

    @property
    def version(self) -> int:
        return self.order.version

    @property
    def crossing_id(self) -> str:
        return self.order.crossing_id

    def place_at(self, front_m: float) -> Stop | None:
        """The stop at which the front stands, if it is one."""
        for stop in self.stops:
            if abs(stop.at_m - front_m) <= STOP_WINDOW_M:
                return stop
        return None

    def gate_ahead(self, front_m: float) -> GateOnRoute | None:
        """The first gate whose barrier the front has not passed."""
        for gate in self.gates:
            if front_m <= gate.barrier_m:
                return gate
        return None

    def next_clear_m(self, rear_m: float) -> float:
        """Where the rear next leaves a zone behind for good; 0 if nowhere."""
        for _, _, end_m in self.route.zone_spans[:-1]:
            if end_m + CLEAR_MARGIN_M > rear_m + 1e-6:
                return end_m + CLEAR_MARGIN_M
        return 0.0


def read_mission(order: MissionOrder, corridor: CorridorMap) -> Mission | Refused:
    """A mission from an order, or why it cannot be driven on this map."""
    if not (order.mission_id and order.version and order.crossing_id and order.direction):
        return Refused(Reason.MISSION_INVALID, "leaves fields open")
    if not order.lanes or len(order.lanes) > _LANES_MAX:
        return Refused(Reason.MISSION_INVALID, f"{len(order.lanes)} lanes")
    try:
        route = corridor.route(tuple(order.lanes))
        stops = tuple(
            Stop(stop.kind, stop.place_id, route.at(stop.lane, stop.offset_mm / 1000.0))
            for stop in order.stops
        )
    except RouteError as error:
        return Refused(Reason.MISSION_INVALID, str(error))
    on_way = {gate.id for gate in corridor.gates.values() if gate.lane in route.lanes}
    named = order_gates(order)
    for gate_id in sorted(on_way ^ named):
        what = "leaves out" if gate_id in on_way else "does not pass"
        return Refused(Reason.MISSION_INVALID, f"{what} gate {gate_id}")
    gates = _gates_on(route, corridor, on_way)
    exits = [gate.barrier_m for gate in gates if gate.exit]
    neutral_m = min(exits) if exits else _neutral_m(route, corridor)
    lines = [gate.stop_m for gate in gates] if exits else []
    refuge = refuge_of(route, corridor, lines)
    road, falls = slopes(route, corridor), falls_of(route)
    return Mission(order, route, stops, gates, neutral_m, road, refuge, falls)


def _gates_on(route: Route, corridor: CorridorMap, named: set[str]) -> tuple[GateOnRoute, ...]:
    """The gates of a route in its own order; their lines are the map's, whatever the order says."""
    gates = [
        GateOnRoute(
            gate.id,
            route.at(gate.lane, gate.stop_offset_m),
            route.at(gate.lane, gate.barrier_offset_m),
            gate.side == "exit",
        )
        for gate in (corridor.gates[name] for name in named)
    ]
    return tuple(sorted(gates, key=lambda gate: gate.stop_m))


def order_gates(order: MissionOrder) -> set[str]:
    """Gates that an order names."""
    return {stop.place_id for stop in order.stops if stop.kind == STOP_KIND_GATE}


def _neutral_m(route: Route, corridor: CorridorMap) -> float | None:
    """Where a route that passes no exit gate would enter the neutral zone."""
    for zone, start_m, _ in route.zone_spans:
        if corridor.zones[zone].neutral:
            return start_m
    return None
