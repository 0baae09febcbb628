"""The drive of a rescue vehicle to a dead truck and away: on the free road ahead of the truck.

It comes from behind the entry gate, backwards, against the direction of the lane, to the front of
the truck, and leaves forwards. Each time the road between is a possession of its own, cleared,
driven, left by word and proof, and given back. Not here: what is done at the truck (rescue.py),
the body (manned.py), what the supervisor makes of it (corridor/manned.py).
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from contract.agent import Report
from contract.events import Event
from contract.map import ZoneKind
from contract.route import Route
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_ENTER_SECTION,
    OPERATOR_VERB_LEAVE_SECTION,
    OPERATOR_VERB_OPEN_SECTION,
    OPERATOR_VERB_PROVE_ZONE,
    OperatorCommand,
    OperatorReply,
    OperatorVerb,
)
from sim.build import RESCUE
from sim.control_room import OPERATOR
from sim.engine import NS_PER_S
from sim.manned import LENGTH_M, MannedVehicle

if TYPE_CHECKING:
    from sim.world import World

LOOK_S: Final = 5.0
GAP_M: Final = 2.0


class Leg(Enum):
    """How far one drive has come."""

    CLOSING = auto()
    ENTERING = auto()
    DRIVING = auto()
    LEAVING = auto()
    OVER = auto()


def road_ahead(world: "World", truck: str) -> tuple[Route, float] | None:
    """From the lane of a truck's front to the zone behind its entry gate, and where the front is on
    it; None unless it stands between the gates.
    """
    fleet, corridor = world.fleet, world.map
    way, where = fleet.route(truck), fleet.where(truck)
    if way is None or where is None:
        return None
    lane, offset_m = where
    zone = corridor.zones[corridor.lanes[lane].zone]
    entries = [g.lane for g in corridor.gates.values() if g.side == "entry" and g.lane in way.lanes]
    if not zone.neutral or zone.kind is ZoneKind.GATE_CELL or not entries:
        return None
    lanes = list(way.lanes[way.lanes.index(lane) : way.lanes.index(entries[0]) + 2])
    route = corridor.route(lanes)
    return route, route.at(lane, offset_m)


class RescueDrive:
    """To the truck first, then away from it."""

    def __init__(
        self, world: "World", name: str, road: tuple[Route, float], *, section: tuple[str, ...]
    ) -> None:
        """`name` of the possession of the truck's `section`; `road` as road_ahead has it."""
        self._world = world
        self._name = name
        self._route, front_m = road
        self._section = section
        self._way = [z for z, _, _ in self._route.zone_spans if z not in section]
        self._front = [z for z, _, _ in self._route.zone_spans if z in section]
        self._there_m = front_m + GAP_M + LENGTH_M / 2.0
        self._leg = Leg.OVER
        self._away = False
        entry = next(g for g in world.map.gates.values() if g.lane in self._route.lanes)
        self._east = entry.direction == "E"
        self._entered: set[str] = set()
        self._stays: tuple[str, ...] = ()
        self.on_foot = False
        self._done: Callable[[], None] = lambda: None
        self.vehicle = MannedVehicle(world, RESCUE, self._route, arrived=self._arrived)
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            record(t_ns, node, report)
            opened = report.event is Event.SECTION_OPENED
            if opened and report.fields["closure"] == self._road and self._leg is Leg.LEAVING:
                self._leg = Leg.OVER
                self._done()

        world.say = say

    @property
    def _road(self) -> str:
        """Name of the possession of the road between."""
        return f"{self._name}/{'away' if self._away else 'there'}"

    def go(self, stays: tuple[str, ...], done: Callable[[], None], *, away: bool) -> None:
        """Begin; `stays` are kept where they stand meanwhile."""
        self._stays, self._done, self._away = stays, done, away
        self._entered.clear()
        self._next(Leg.CLOSING)

    def cleared(self, name: str) -> None:
        """The supervisor's word that a possession is clear."""
        if self._leg is Leg.CLOSING and name == self._road:
            self._next(Leg.ENTERING)

    def answered(self, answer: OperatorReply) -> None:
        """What the crew is answered. It enters the truck's section first, then the road; where it
        may not, it walks.
        """
        mine = answer.stop_id in (self._name, self._road)
        if self._leg is not Leg.ENTERING or not mine:
            return
        if answer.accepted:
            self._entered.add(answer.stop_id)
        elif self.vehicle.middle_m is None:
            self.on_foot = True
            self._next(Leg.LEAVING)
            return
        if self._entered >= {self._name, self._road}:
            self._next(Leg.DRIVING)

    def _next(self, leg: Leg) -> None:
        self._leg = leg
        if leg is Leg.DRIVING:
            far_m = self._route.length_m - LENGTH_M / 2.0
            there_m = self._there_m
            self.vehicle.drive(*((there_m, far_m) if self._away else (far_m, there_m)))
        self._say_again(leg)

    def _say_again(self, leg: Leg) -> None:
        if leg is not self._leg or leg not in _SAYS:
            return
        _SAYS[leg](self)
        self._world.engine.after(int(LOOK_S * NS_PER_S), self._say_again, leg)

    def _close(self) -> None:
        command = OperatorCommand(
            verb=OPERATOR_VERB_CLOSE_SECTION,
            stop_id=self._road,
            operator_id=OPERATOR,
            reason="a rescue vehicle drives",
            zones=self._way,
            target=" ".join(self._stays),
            taker_id=RESCUE,
        )
        self._world.panel.press(command)

    def _enter(self) -> None:
        self._press(OPERATOR_VERB_ENTER_SECTION, self._name, zones=self._front)
        self._press(OPERATOR_VERB_ENTER_SECTION, self._road, zones=self._way)

    def _arrived(self) -> None:
        if self._away:
            self.vehicle.leave_road()
        self._next(Leg.LEAVING)

    def _give_back(self) -> None:
        """What it has left it has seen; the truck's own section only once it is away."""
        gone = self._away or self.on_foot
        zones = [*self._way, *(self._front if gone else ())]
        self._press(OPERATOR_VERB_LEAVE_SECTION, self._road, zones=zones)
        for zone in zones:
            self._press(OPERATOR_VERB_PROVE_ZONE, self._road, target=zone)
        self._press(OPERATOR_VERB_OPEN_SECTION, self._road)

    def _press(
        self, verb: OperatorVerb, name: str, *, target: str = "", zones: list[str] | None = None
    ) -> None:
        command = OperatorCommand(
            verb=verb,
            stop_id=name,
            operator_id=RESCUE,
            target=target,
            zones=zones or [],
            direction=DIRECTION_WEST if self._east is not self._away else DIRECTION_EAST,
        )
        self._world.crews[RESCUE].press(command)


_SAYS: Final = {
    Leg.CLOSING: RescueDrive._close,
    Leg.ENTERING: RescueDrive._enter,
    Leg.LEAVING: RescueDrive._give_back,
}
