"""The gate controller: who stands here, may it pass, and did it - for one gate and the stations
before it.

Pure. The permit is written down as used *before* the arm moves, and given to the truck only when
the arm is proven open. A passage is over when the wired counter has seen the rear leave the cell
and the arm is closed. After a start nothing is commanded until presence is known; a permit that was
consumed and not used is void, and a passage that happened meanwhile is settled from the counters.
A gate that is held serves nobody until an operator's order, which names the hold.
Not here: whose turn it is and how far it may go (corridor/); when the arm may move (interlock.py);
what the cabinet's word leads to, and why there is no dead end (steps.py). Phases: phases.py.
Requirements: GATE-001 to GATE-011 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from contract.agent import (
    Boot,
    Effect,
    Effects,
    Now,
    Persist,
    Received,
    Refused,
    Report,
    Role,
    Send,
)
from contract.events import Event
from contract.heads import NodeLedger
from contract.map import CorridorMap, Gate
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer, digest
from contract.sites import exit_detector
from contract.v1 import customs_pb2, envelope_pb2, gate_pb2, ledger_pb2
from contract.v1.gate_pb2 import PassageRequest, PermitRequest
from contract.v1.movement_pb2 import OPERATOR_VERB_RESUME, OperatorCommand, OperatorReply
from gate import steps
from gate.cell import Cell
from gate.interlock import Consumed, Hold, Move, judge_opening
from gate.orders import GateReading
from gate.passage import GatePassage, Ticket
from gate.phases import Outcome, Phase
from gate.reports import GateReports
from gate.slots import GateSlots
from gate.stations import Stations, is_image_pending

# What is read at the line and is not what was released: the event, and where it is kept as told.
_DIFFERS: Final = {
    Reason.SEAL_MISMATCH: (Event.SEALS_DIFFER, "seals/"),
    Reason.CONTAINER_MISMATCH: (Event.CONTAINER_DIFFERS, "container/"),
    Reason.CONTAINER_MISSING: (Event.CONTAINER_DIFFERS, "container/"),
}
_DIFFERS_KEYS: Final = tuple(sorted({kept_as for _, kept_as in _DIFFERS.values()}))


@dataclass(frozen=True, slots=True)
class GateConfig:
    """One controller: its gate, whom it reports to, the stations and bays it runs, and whether it
    minds slots, which only an exit gate does.
    """

    name: str
    supervisor: str
    offices: tuple[str, ...]
    stations: tuple[str, ...]
    slots: bool = False


class GateAgent:
    """One gate's decisions."""

    def __init__(
        self, config: GateConfig, signer: Signer, roster: Roster, corridor: CorridorMap
    ) -> None:
        self._gate: Gate = corridor.gates[config.name]
        self._passage = GatePassage(self._gate, signer, roster)
        told = (config.supervisor, *config.offices)
        self._cell = Cell(self._passage, exit_detector(corridor, self._gate), told)
        self._stations = Stations(config.name, config.stations, signer)
        self._slots = GateSlots(self._gate.id, minded=config.slots and self._gate.side == "exit")
        self._roster = roster
        self._supervisor = config.supervisor
        self._readers = (*config.offices, config.supervisor)
        self._differing: set[str] = set()
        self._reports = GateReports(config.name, config.supervisor)
        self._ledger = NodeLedger(config.name, signer, roster)

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._passage.start(boot)
        self._ledger.restore(now, state)
        self._stations.restore(now, state)
        self._cell.restore(now, state)
        self._passage.restore(state)
        self._passage.admission.restore(state)
        self._slots.restore(state)
        for key in sorted(state):
            if key.startswith(_DIFFERS_KEYS):
                self._differing.add(key)
        self._reports.beat_ns = now.mono_ns
        return self._taken(now)

    def on_message(self, now: Now, received: Received) -> Effects:
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        return self._taken(now)

    def on_wake(self, now: Now, reading: GateReading) -> Effects:
        self._cell.at_ns = now.mono_ns
        if reading.known:
            self._say(*self._reports.counters(reading))
            self._say(*self._stations.on_reading(now, reading))
            self._tell_records()
            steps.step(self._cell, now, reading)
            self._look(now)
            self._passage.expire(now)
            why_not = self._cell.why_not
            restarted = why_not is None or why_not.reason is Reason.GATE_RESTARTED
            reason = None if restarted or why_not is None else why_not.reason
            self._say(*self._reports.arm(reading, why_not=reason))
        self._say(*self._reports.beat(now))
        return self._taken(now)

    @property
    def wake_ns(self) -> int | None:
        due_ns = self._reports.beat_ns
        waits = (self._cell.due_ns, self._passage.due_ns, self._stations.due_ns)
        for each in (*waits, self._ledger.wake_ns):
            if each is not None and each < due_ns:
                due_ns = each
        return due_ns

    def _tell_records(self) -> None:
        """To supervisor and offices; that an image is being read is no office's concern."""
        for document in self._stations.taken():
            result = customs_pb2.StationResult(record=document)
            readers = (self._supervisor,) if is_image_pending(document) else self._readers
            self._say(*[Send(name, result) for name in readers])

    def _say(self, *effects: Effect) -> None:
        self._cell.out += effects

    def _taken(self, now: Now) -> Effects:
        """What the turn leads to: what this gate has signed is in its ledger before it leaves."""
        self._say(*self._slots.used(self._cell.out))
        out, self._cell.out = self._ledger.chained(now, self._cell.out), []
        return out

    # --- messages ---

    def _on_request(self, now: Now, received: Received) -> None:
        """A truck says that it stands at our line: challenge it, or say why not."""
        request = cast("PassageRequest", received.message)
        refused = self._may_ask(now, request, received)
        if refused is not None:
            self._cell.refuse(received.sender, request.attempt, request.crossing_id, refused)
            return
        self._cell.go(Outcome.ASKED)
        challenge = self._passage.challenge(now, request)
        fields = {"gate": self._gate.id, "vehicle": received.sender, "attempt": request.attempt}
        self._say(Report(Event.CHALLENGE_SENT, fields), Send(received.sender, challenge))

    def _may_ask(self, now: Now, request: PassageRequest, received: Received) -> Refused | None:
        cell = self._cell
        if request.gate_id != self._gate.id or request.vehicle_id != received.sender:
            return Refused(Reason.RELEASE_FOREIGN, f"{request.vehicle_id} at {request.gate_id}")
        if cell.why_not is not None:
            return cell.why_not
        let_go = cell.ticket.vehicle_id if cell.ticket is not None else ""
        if cell.phase in (Phase.OPEN, Phase.PASSING) and let_go == received.sender:
            return None
        if cell.phase is Phase.WITHDRAWN and let_go == received.sender:
            cell.asked_again(now)
            return Refused(Reason.PERMIT_EXPIRED, "the arm falls; then ask anew")
        if cell.phase not in (Phase.IDLE, Phase.CHALLENGED):
            return Refused(Reason.GATE_BUSY, cell.phase.value)
        if cell.phase is Phase.CHALLENGED and self._passage.vehicle != received.sender:
            busy = Refused(Reason.GATE_BUSY, f"asked by {self._passage.vehicle}")
            if request.approaching or not self._passage.approaching:
                return busy
            cell.refuse_asker(Refused(Reason.GATE_BUSY, f"{received.sender} stands at the line"))
        return self._off_slot(now, request.crossing_id, received.sender)

    def _off_slot(self, now: Now, crossing: str, vehicle: str) -> Refused | None:
        """Why its window is not open."""
        return self._slots.judge(now, crossing, vehicle, self._roster.nodes[vehicle].key_id)

    def _on_permit_request(self, now: Now, received: Received) -> None:
        request = cast("PermitRequest", received.message)
        cell = self._cell
        asked = (self._passage.vehicle, self._passage.attempt)
        if (received.sender, request.attempt) != asked:
            return
        if cell.phase in (Phase.OPEN, Phase.PASSING) and cell.ticket is not None:
            self._renew(now, request, cell.ticket)
        elif cell.phase is Phase.WITHDRAWN:
            cell.asked_again(now)
            refused = Refused(Reason.PERMIT_EXPIRED, "the arm falls; then ask anew")
            cell.refuse(received.sender, request.attempt, request.crossing_id, refused)
        elif cell.phase is Phase.CHALLENGED:
            judged = self._passage.judge(now, request, received.sender)
            if self._passage.answer is None:
                self._decide(now, request, judged)

    def _look(self, now: Now) -> None:
        """Whose answer is kept, and is it at the line by now?"""
        answer = self._passage.answer
        if self._cell.phase is not Phase.CHALLENGED or answer is None:
            return
        judged = self._passage.judge_kept(now, answer)
        if judged is not None:
            self._decide(now, answer.request, judged)

    def _decide(self, now: Now, request: PermitRequest, judged: Ticket | Refused) -> None:
        """Consume the permit, and the arm rises; or say why not."""
        cell = self._cell
        ticket = self._raised(now, judged) if isinstance(judged, Ticket) else judged
        if isinstance(ticket, Ticket):
            if ticket.returning:
                fields = {"gate": self._gate.id, "crossing": ticket.crossing_id}
                who = {"return_crossing": ticket.returning, "vehicle": ticket.vehicle_id}
                self._say(Report(Event.RETURN_ADMITTED, fields | who))
            cell.consume(now, ticket)
            return
        cell.go(Outcome.DENIED)
        cell.refuse(request.vehicle_id, request.attempt, request.crossing_id, ticket)
        if ticket.reason in _DIFFERS:
            self._tell_difference(now, request, ticket.reason)

    def _tell_difference(self, now: Now, request: PermitRequest, reason: Reason) -> None:
        """Other seals or another container than the released ones: both offices must know, once for
        these releases. GATE-013, GATE-015.
        """
        reading, crossing = self._passage.reading, request.crossing_id
        papers = digest(b"".join(each.payload for each in request.releases)).hex()[:16]
        event, kept_as = _DIFFERS[reason]
        key = f"{kept_as}{papers}"
        if reading is None or key in self._differing:
            return
        self._differing.add(key)
        self._stations.differs(now, (request.vehicle_id, crossing), reading, reason)
        fields = {"gate": self._gate.id, "vehicle": request.vehicle_id, "crossing": crossing}
        seals = event is Event.SEALS_DIFFER
        fields["read"] = " ".join(reading.seals if seals else reading.containers)
        self._say(Persist(key, b"1"), Report(event, fields))
        self._tell_records()

    def _raised(self, now: Now, ticket: Ticket) -> Ticket | Refused:
        """The ticket, ready to be written down, if the arm may rise for it."""
        refused = self._off_slot(now, ticket.crossing_id, ticket.vehicle_id)
        if refused is not None:
            return refused
        reading = self._passage.reading
        count = self._cell.count()
        if reading is None or count is None:
            return Refused(Reason.PRESENCE_UNKNOWN, "no word of the exit counter")
        moved: Move | Hold = judge_opening(reading, Consumed(ticket.permit_id, ticket.vehicle_id))
        if isinstance(moved, Hold):
            return Refused(moved.reason, moved.detail)
        ticket.count_before = count
        return ticket

    def _renew(self, now: Now, request: PermitRequest, ticket: Ticket) -> None:
        """The truck let go has restarted: the permit in force once more, and nothing moves."""
        refused = self._passage.renew(now, request, ticket)
        if refused is not None:
            self._cell.refuse(ticket.vehicle_id, request.attempt, request.crossing_id, refused)
            return
        self._say(Persist("ticket/open", ticket.encode()))
        self._cell.grant(now, ticket)

    def _on_decision(self, now: Now, received: Received) -> None:
        """A revocation reaches us directly from its office; papers of a return from anybody."""
        notice = cast("customs_pb2.DecisionNotice", received.message)
        key = self._passage.revoke(notice.decision)
        if key:
            self._say(Persist(key, b"1"))
        elif self._gate.side != "exit":
            self._say(*self._passage.admission.note(notice.decision))

    def _on_visit(self, now: Now, received: Received) -> None:
        visit = cast("gate_pb2.StationVisit", received.message)
        self._say(*self._stations.expect(visit))

    def _on_slot(self, now: Now, received: Received) -> None:
        self._say(*self._slots.note(cast("gate_pb2.SlotNotice", received.message)))

    def _on_hello(self, now: Now, received: Received) -> None:
        """A supervisor that restarted must hear counters and barrier again."""
        if received.role is Role.SUPERVISOR:
            self._say(*self._reports.again())

    def _on_order(self, now: Now, received: Received) -> None:
        """An operator has looked, and clears the hold that the order names, or lets on the vehicle
        under the arm, by its permit. GATE-011, GATE-018.
        """
        order = cast("OperatorCommand", received.message)
        refused: Refused | None = Refused(Reason.MALFORMED)
        if order.verb == OPERATOR_VERB_RESUME and order.target == self._gate.id:
            cell = self._cell
            if cell.ticket is not None and cell.ticket.permit_id == order.stop_id:
                refused = cell.let_on(received.sender, order.stop_id)
            else:
                refused = cell.clear(now, received.sender, order.stop_id)
        reply = OperatorReply(
            stop_id=order.stop_id,
            accepted=refused is None,
            reason=refused.reason.name if refused is not None else "",
        )
        self._say(Send(received.sender, reply))

    def _on_countersigned(self, now: Now, received: Received) -> None:
        self._say(*self._ledger.on_countersigned(now, received))


_Handler = Callable[[GateAgent, Now, Received], None]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    envelope_pb2.Hello: GateAgent._on_hello,
    PassageRequest: GateAgent._on_request,
    PermitRequest: GateAgent._on_permit_request,
    customs_pb2.DecisionNotice: GateAgent._on_decision,
    gate_pb2.StationVisit: GateAgent._on_visit,
    gate_pb2.SlotNotice: GateAgent._on_slot,
    OperatorCommand: GateAgent._on_order,
    ledger_pb2.HeadCountersigned: GateAgent._on_countersigned,
}
