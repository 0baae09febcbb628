"""An ambulance in a run: an emergency possession from end to end, and a manned vehicle through it.

The control room closes the lane between the gates, with them and what lies before and behind, for
the crew; trucks in it run out, nobody else is let in. When the crew is told that it is clear it
enters with its vehicle, says which zones it has left, proves them as it has seen them, and gives
the possession back with its own key. Everything is said again until it is answered. Not here: what
the supervisor makes of it (corridor/closures.py, corridor/manned.py), driving (manned.py).
"""

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
)
from sim.ambulance_section import AmbulanceSection
from sim.build import AMBULANCE
from sim.control_room import OPERATOR
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.manned import LENGTH_M, MannedVehicle

if TYPE_CHECKING:
    from contract.map import CorridorMap
    from sim.world import World

NAME: Final = "ambulance"
LOOK_S: Final = 5.0


class Step(Enum):
    """How far it has come."""

    CLOSING = auto()
    ENTERING = auto()
    DRIVING = auto()
    LEAVING = auto()
    OVER = auto()


def arrange(world: "World") -> None:
    """Have it called, where the scenario has one."""
    section = world.scenario.ambulance
    if section is not None:
        Ambulance(world, section)


def path_of(corridor: "CorridorMap", direction: str) -> Route:
    """From the zone before the exit gate of a direction to that behind its entry gate."""
    pair = [gate for gate in corridor.gates.values() if gate.direction == direction]
    (leaving,) = (gate for gate in pair if gate.side == "exit")
    (entering,) = (gate for gate in pair if gate.side == "entry")
    lanes = corridor.lanes
    before = {after: lane for lane in lanes for after in lanes[lane].successors}
    first = before[leaving.lane]
    zone = lanes[first].zone
    while lanes[before[first]].zone == zone:
        first = before[first]
    last = lanes[entering.lane].successors[0]
    return corridor.route(corridor.path_lanes(first, last, (leaving.lane, entering.lane)))


class Ambulance:
    """The control room and its crew."""

    def __init__(self, world: "World", section: AmbulanceSection) -> None:
        self._world = world
        self._east = section.direction == "E"
        self._route = path_of(world.map, section.direction)
        self._zones = [zone for zone, _, _ in self._route.zone_spans]
        self._panel = world.crews[AMBULANCE]
        self._panel.listeners.append(self._answered)
        world.panel.listeners.append(self._told)
        self._step = Step.CLOSING
        self.vehicle = MannedVehicle(
            world, AMBULANCE, self._route, left=self._left, arrived=self._arrived
        )
        world.engine.at(int(parse_duration(section.at) * NS_PER_S), self._go, Step.CLOSING)
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            record(t_ns, node, report)
            if report.event is Event.SECTION_OPENED and report.fields["closure"] == NAME:
                self._step = Step.OVER

        world.say = say

    def _go(self, step: Step) -> None:
        self._step = step
        if step is Step.DRIVING:
            half_m = LENGTH_M / 2.0
            self.vehicle.drive(half_m, self._route.length_m - half_m)
        self._say_again(step)

    def _say_again(self, step: Step) -> None:
        if step is not self._step or step not in _SAYS:
            return
        _SAYS[step](self)
        self._world.engine.after(int(LOOK_S * NS_PER_S), self._say_again, step)

    def _told(self, answer: Message) -> None:
        """The supervisor's word that the path is clear; the control room passes it on."""
        clear = isinstance(answer, OperatorReply) and answer.stop_id == NAME and answer.clear
        if self._step is Step.CLOSING and clear:
            self._go(Step.ENTERING)

    def _answered(self, answer: Message) -> None:
        """The supervisor's word to the crew."""
        if not isinstance(answer, OperatorReply):
            return
        if answer.clear:
            self._told(answer)
        elif self._step is Step.ENTERING and answer.stop_id == NAME and answer.accepted:
            self._go(Step.DRIVING)

    def _close(self) -> None:
        self._world.panel.press(
            OperatorCommand(
                verb=OPERATOR_VERB_CLOSE_SECTION,
                stop_id=NAME,
                operator_id=OPERATOR,
                reason="an ambulance comes through",
                zones=self._zones,
                taker_id=AMBULANCE,
                urgent=True,
            )
        )

    def _enter(self) -> None:
        self._press(
            OPERATOR_VERB_ENTER_SECTION,
            zones=self._zones,
            direction=DIRECTION_EAST if self._east else DIRECTION_WEST,
        )

    def _left(self, zone: str) -> None:
        self._press(OPERATOR_VERB_LEAVE_SECTION, zones=[zone])

    def _arrived(self) -> None:
        self.vehicle.leave_road()
        self._go(Step.LEAVING)

    def _give_back(self) -> None:
        """All of it has been left, as seen; then it is open again."""
        self._press(OPERATOR_VERB_LEAVE_SECTION, zones=self._zones)
        for zone in self._zones:
            self._press(OPERATOR_VERB_PROVE_ZONE, target=zone)
        self._press(OPERATOR_VERB_OPEN_SECTION)

    def _press(self, verb: int, **fields: object) -> None:
        command = OperatorCommand(verb=verb, stop_id=NAME, operator_id=AMBULANCE, **fields)  # type: ignore[arg-type]
        self._panel.press(command)


_SAYS: Final = {
    Step.CLOSING: Ambulance._close,
    Step.ENTERING: Ambulance._enter,
    Step.LEAVING: Ambulance._give_back,
}
