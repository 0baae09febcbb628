"""Clearing up: an operator goes through all that only people lift, as the programs have named it.

Trucks that stopped by themselves are released, holds of gates are cleared, arms that were given up
are lowered, trucks that stand under an open arm are let on, zones in doubt are looked at and said
to be as they are known. The operator works from the log alone, and orders nothing that no program
asks for; each of them may still say no. It is how a run is mended after its faults.
"""

from typing import TYPE_CHECKING, Final

from contract.agent import Report
from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_PROVE_ZONE,
    OPERATOR_VERB_RESUME,
    OperatorCommand,
    OperatorVerb,
)
from corridor.halts import CAUSES
from gate.orders import Barrier
from sim.control_room import OPERATOR
from sim.engine import NS_PER_S

if TYPE_CHECKING:
    from sim.world import World

LOOK_S: Final = 10.0  # how often the operator looks again


class Clearing:
    """What people have to lift in one run, as it was said, and the operator who lifts it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._holds: dict[str, str] = {}
        self._zones: dict[str, None] = {}
        self._halts: dict[str, str] = {}
        self._arms: dict[str, None] = {}
        self._permits: dict[str, str] = {}
        self._looking = False
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            self._hear(node, report)
            record(t_ns, node, report)

        world.say = say

    def _hear(self, node: str, report: Report) -> None:
        fields = report.fields
        if report.event is Event.GATE_HELD:
            self._holds[node] = fields["hold"]
        elif report.event is Event.GATE_CLEARED:
            self._holds.pop(node, None)
        elif report.event is Event.BARRIER_FAILED:
            self._arms[node] = None
        elif report.event is Event.GATE_MENDED:
            self._arms.pop(node, None)
        elif report.event is Event.PERMIT_CONSUMED:
            self._permits[node] = fields["permit"]
        elif report.event is Event.VEHICLE_LET_ON:
            self._arms.pop(node, None)
            self._holds.pop(node, None)
        elif report.event is Event.ZONE_BECAME_UNKNOWN:
            self._zones[fields["zone"]] = None
        elif report.event is Event.ZONE_PROVEN_FREE:
            self._zones.pop(fields["zone"], None)
        elif report.event is Event.VEHICLE_WAITS:
            self._waits(fields["vehicle"], fields["reason"], fields["resource"])
        elif report.event is Event.VEHICLE_GOES_ON:
            self._halts.pop(fields["vehicle"], None)

    def _waits(self, vehicle: str, reason: Reason, resource: str) -> None:
        self._halts.pop(vehicle, None)
        if reason.name in CAUSES:
            self._halts[vehicle] = f"{CAUSES[reason.name]}/{vehicle}"
        elif reason in (Reason.NOT_COUNTED, Reason.ZONE_UNKNOWN):
            self._zones[resource] = None

    def begin(self, target: str) -> None:
        """Look now, and again and again."""
        self._looking = True
        self._look()

    def end(self, target: str) -> None:
        self._looking = False

    def _look(self) -> None:
        if not self._looking:
            return
        for gate in sorted(self._arms):
            self._lower(gate)
        for gate in sorted(self._arms.keys() | self._holds.keys()):
            self._let_on(gate)
        for gate, hold in sorted(self._holds.items()):
            self._order(OPERATOR_VERB_RESUME, gate, stop_id=hold, to=gate)
        for stop_id in sorted(self._halts.values()):
            self._order(OPERATOR_VERB_RESUME, "", stop_id=stop_id)
        for zone in sorted(self._zones):
            self._order(OPERATOR_VERB_PROVE_ZONE, zone)
        self._world.engine.after(int(LOOK_S * NS_PER_S), self._look)

    def _lower(self, gate: str) -> None:
        """Somebody at the gate lowers by hand an arm that its program has left, onto nobody."""
        cabinet = self._world.cabinets[gate]
        if cabinet.under_arm == 0 and cabinet.arm.state is not Barrier.CLOSED:
            cabinet.arm.force(Barrier.CLOSED)

    def _let_on(self, gate: str) -> None:
        """Somebody sees who stands under an arm that is up, and has not gone on."""
        cabinet = self._world.cabinets[gate]
        if cabinet.under_arm and cabinet.arm.state is Barrier.OPEN and gate in self._permits:
            self._order(OPERATOR_VERB_RESUME, gate, stop_id=self._permits[gate], to=gate)

    def _order(self, verb: OperatorVerb, target: str, *, stop_id: str = "", to: str = "") -> None:
        command = OperatorCommand(
            verb=verb, target=target, reason="looked at", stop_id=stop_id, operator_id=OPERATOR
        )
        self._world.panel.press(command, to)
