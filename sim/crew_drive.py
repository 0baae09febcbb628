"""One drive of a crew with its vehicle: a possession of the road, cleared, driven, and given back.

Five steps, each said again until it is answered: the control room closes the road for the crew, the
crew enters it when it is told that it is clear, drives, says and proves what it has left, and opens
the road with its own key. Not here: where it drives and why (ambulance.py, rescue_drive.py), the
body (manned.py), what the supervisor makes of it (corridor/closures.py, corridor/manned.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from google.protobuf.message import Message

from contract.agent import Report
from contract.events import Event
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
from sim.control_room import OPERATOR
from sim.engine import NS_PER_S
from sim.manned import MannedVehicle

if TYPE_CHECKING:
    from sim.world import World

LOOK_S: Final = 5.0


class Leg(Enum):
    """How far one drive has come."""

    CLOSING = auto()
    ENTERING = auto()
    DRIVING = auto()
    LEAVING = auto()
    OVER = auto()


@dataclass(frozen=True)
class Trip:
    """One drive; metres along the route, of the vehicle's middle.

    zones     of the road that is closed for it, under the name `road`
    also      possessions that the crew has already, and the zones of each that it drives into
    stays     trucks that stand in the road and are kept there
    seen      zones that it has seen empty when it has left
    ends_off  it turns off the road where it ends
    """

    road: str
    reason: str
    zones: tuple[str, ...]
    from_m: float
    to_m: float
    east: bool
    seen: tuple[str, ...]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stays: tuple[str, ...] = ()
    urgent: bool = False
    ends_off: bool = False


class CrewDrive:
    """A crew and its vehicle, one trip after the other over the same route.

    on_foot   it was not let onto the road, and goes without its vehicle
    """

    def __init__(self, world: "World", crew: str, route: Route, *, may_walk: bool = False) -> None:
        """`may_walk`: who is not let in at once goes on foot; else it asks again."""
        self._world = world
        self._crew = crew
        self._may_walk = may_walk
        self._trip: Trip | None = None
        self._leg = Leg.OVER
        self._entered: set[str] = set()
        self._done: Callable[[], None] = lambda: None
        self.on_foot = False
        self.vehicle = MannedVehicle(world, crew, route, left=self._left, arrived=self._arrived)
        world.crews[crew].listeners.append(self._answered)
        world.panel.listeners.append(self._told)
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            record(t_ns, node, report)
            if report.event is Event.SECTION_OPENED:
                self._opened(report.fields["closure"])

        world.say = say

    def go(self, trip: Trip, done: Callable[[], None] = lambda: None) -> None:
        """Begin; `done` when the road has been given back."""
        self._trip, self._done = trip, done
        self._entered.clear()
        self._next(Leg.CLOSING)

    # --- what the crew hears ---

    def _told(self, answer: Message) -> None:
        """The supervisor's word that a possession is clear, to whom it may come."""
        trip = self._trip
        if not isinstance(answer, OperatorReply) or trip is None or self._leg is not Leg.CLOSING:
            return
        if answer.clear and answer.stop_id == trip.road:
            self._next(Leg.ENTERING)

    def _answered(self, answer: Message) -> None:
        """What the crew is answered when it enters."""
        self._told(answer)
        trip = self._trip
        if not isinstance(answer, OperatorReply) or answer.clear or trip is None:
            return
        mine = answer.stop_id == trip.road or answer.stop_id in trip.also
        if self._leg is not Leg.ENTERING or not mine:
            return
        if answer.accepted:
            self._entered.add(answer.stop_id)
        elif self._may_walk and self.vehicle.middle_m is None:
            self.on_foot = True
            self._next(Leg.LEAVING)
            return
        if self._entered >= {trip.road, *trip.also}:
            self._next(Leg.DRIVING)

    def _opened(self, closure: str) -> None:
        if self._trip is not None and closure == self._trip.road and self._leg is Leg.LEAVING:
            self._leg = Leg.OVER
            self._done()

    # --- what it does and says ---

    def _next(self, leg: Leg) -> None:
        self._leg = leg
        if leg is Leg.DRIVING and self._trip is not None:
            self.vehicle.drive(self._trip.from_m, self._trip.to_m)
        self._say_again(leg)

    def _say_again(self, leg: Leg) -> None:
        if leg is not self._leg or leg not in _SAYS or self._trip is None:
            return
        _SAYS[leg](self, self._trip)
        self._world.engine.after(int(LOOK_S * NS_PER_S), self._say_again, leg)

    def _close(self, trip: Trip) -> None:
        command = OperatorCommand(
            verb=OPERATOR_VERB_CLOSE_SECTION,
            stop_id=trip.road,
            operator_id=OPERATOR,
            reason=trip.reason,
            zones=trip.zones,
            target=" ".join(trip.stays),
            taker_id=self._crew,
            urgent=trip.urgent,
        )
        self._world.panel.press(command)

    def _enter(self, trip: Trip) -> None:
        """What it has already first, then the road."""
        for name, zones in (*trip.also.items(), (trip.road, trip.zones)):
            self._press(OPERATOR_VERB_ENTER_SECTION, name, zones=zones)

    def _left(self, zone: str) -> None:
        """A zone behind it, on the way."""
        if self._trip is not None:
            self._press(OPERATOR_VERB_LEAVE_SECTION, self._trip.road, zones=(zone,))

    def _arrived(self) -> None:
        if self._trip is not None and self._trip.ends_off:
            self.vehicle.leave_road()
        self._next(Leg.LEAVING)

    def _give_back(self, trip: Trip) -> None:
        """What it has left it has seen; on foot it gives back all that it was let into."""
        ahead = [zone for zones in trip.also.values() for zone in zones]
        zones = tuple(dict.fromkeys((*trip.seen, *(ahead if self.on_foot else ()))))
        self._press(OPERATOR_VERB_LEAVE_SECTION, trip.road, zones=zones)
        for zone in zones:
            self._press(OPERATOR_VERB_PROVE_ZONE, trip.road, target=zone)
        self._press(OPERATOR_VERB_OPEN_SECTION, trip.road)

    def _press(
        self, verb: OperatorVerb, name: str, *, target: str = "", zones: tuple[str, ...] = ()
    ) -> None:
        east = self._trip is not None and self._trip.east
        command = OperatorCommand(
            verb=verb,
            stop_id=name,
            operator_id=self._crew,
            target=target,
            zones=zones,
            direction=DIRECTION_EAST if east else DIRECTION_WEST,
        )
        self._world.crews[self._crew].press(command)


_SAYS: Final = {
    Leg.CLOSING: CrewDrive._close,
    Leg.ENTERING: CrewDrive._enter,
    Leg.LEAVING: CrewDrive._give_back,
}
