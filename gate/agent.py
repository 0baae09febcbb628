"""The gate controller: who stands here, may it pass, and did it - for one gate and the stations
before it.

Pure. The permit is written down as used *before* the arm moves, and given to the truck only when
the arm is proven open. A passage is over when the wired counter has seen the rear leave the cell
and the arm is closed. After a start nothing is commanded until presence is known; a permit that was
consumed and not used is void, and a passage that happened meanwhile is settled from the counters.
Not here: whose turn it is and how far it may go (corridor/); when the arm may move (interlock.py).
Phases: phases.py. Requirements: GATE-001 to GATE-009 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from contract.agent import (
    NS_PER_MS,
    Act,
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
from contract.limits import BARRIER_MOVE_MS_MAX
from contract.map import CorridorMap, Gate
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer
from contract.sites import exit_detector
from contract.v1 import customs_pb2, envelope_pb2, gate_pb2
from contract.v1.gate_pb2 import PassageRequest, PermitRequest
from gate.interlock import Consumed, Hold, Move, judge_closing, judge_opening
from gate.orders import Barrier, CloseBarrier, GateReading, OpenBarrier
from gate.passage import GatePassage, Ticket
from gate.phases import Outcome, Phase, next_phase
from gate.reports import GateReports
from gate.stations import Stations


@dataclass(frozen=True, slots=True)
class GateConfig:
    """One controller: its gate, whom it reports to, and the stations and bays it runs."""

    name: str
    supervisor: str
    offices: tuple[str, ...]
    stations: tuple[str, ...]


class GateAgent:
    """One gate's decisions."""

    def __init__(
        self, config: GateConfig, signer: Signer, roster: Roster, corridor: CorridorMap
    ) -> None:
        self._config = config
        self._signer = signer
        self._roster = roster
        self._gate: Gate = corridor.gates[config.name]
        self._exit_detector = exit_detector(corridor, self._gate)
        self._phase = Phase.UNKNOWN
        self._passage = GatePassage(self._gate, signer, roster)
        self._stations = Stations(config.stations, signer)
        self._ticket: Ticket | None = None
        self._reports = GateReports(config.name, config.supervisor)
        self._deadline_ns: int | None = None
        self._out: list[Effect] = []

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._out = []
        self._passage.start(boot)
        self._stations.restore(state)
        for key, value in sorted(state.items()):
            if key.startswith("ticket/"):
                self._ticket = Ticket.decode(value)
            elif key.startswith("revoked/"):
                self._passage.revoked.add(key[len("revoked/") :])
        self._reports.beat_ns = now.mono_ns
        return self._taken()

    def on_message(self, now: Now, received: Received) -> Effects:
        self._out = []
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        return self._taken()

    def on_wake(self, now: Now, reading: GateReading) -> Effects:
        self._out = []
        if not reading.known:
            self._out += self._reports.beat(now)
            return self._taken()
        self._out += self._reports.counters(reading)
        self._out += self._stations.on_reading(now, reading)
        for document in self._stations.taken():
            result = customs_pb2.StationResult(record=document)
            to = (*self._config.offices, self._config.supervisor)
            self._out += [Send(name, result) for name in to]
        _STEPS[self._phase](self, now, reading)
        self._passage.expire(now)
        self._watch(now, reading)
        self._out += self._reports.arm(reading, faulty=self._phase is Phase.FAULT)
        self._out += self._reports.beat(now)
        return self._taken()

    @property
    def wake_ns(self) -> int | None:
        due = [self._reports.beat_ns]
        due += [each for each in (self._deadline_ns, self._passage.due_ns) if each is not None]
        return min(due)

    def _taken(self) -> Effects:
        out, self._out = self._out, []
        return out

    # --- messages ---

    def _on_request(self, now: Now, received: Received) -> None:
        """A truck says that it stands at our line: challenge it, or say why not."""
        request = cast("PassageRequest", received.message)
        refused = self._may_ask(request, received)
        if refused is not None:
            self._refuse(received.sender, request.attempt, request.crossing_id, refused)
            return
        self._phase = next_phase(self._phase, Outcome.ASKED)
        challenge = self._passage.challenge(now, request)
        fields = {"gate": self._gate.id, "vehicle": received.sender, "attempt": request.attempt}
        self._out += [Report(Event.CHALLENGE_SENT, fields), Send(received.sender, challenge)]

    def _may_ask(self, request: PassageRequest, received: Received) -> Refused | None:
        if request.gate_id != self._gate.id or request.vehicle_id != received.sender:
            return Refused(Reason.RELEASE_FOREIGN, f"{request.vehicle_id} at {request.gate_id}")
        if self._phase is Phase.UNKNOWN:
            return Refused(Reason.GATE_RESTARTED)
        if self._phase is Phase.FAULT:
            return Refused(Reason.BARRIER_FAULT)
        let_go = self._ticket.vehicle_id if self._ticket is not None else ""
        if self._phase in (Phase.OPEN, Phase.PASSING) and let_go == received.sender:
            return None
        if self._phase not in (Phase.IDLE, Phase.CHALLENGED):
            return Refused(Reason.GATE_BUSY, self._phase.value)
        if self._phase is Phase.CHALLENGED and self._passage.vehicle != received.sender:
            return Refused(Reason.GATE_BUSY, f"asked by {self._passage.vehicle}")
        return None

    def _on_permit_request(self, now: Now, received: Received) -> None:
        request = cast("PermitRequest", received.message)
        asked = (self._passage.vehicle, self._passage.attempt)
        if (received.sender, request.attempt) != asked:
            return
        if self._phase in (Phase.OPEN, Phase.PASSING) and self._ticket is not None:
            self._renew(now, request, self._ticket)
            return
        if self._phase is not Phase.CHALLENGED:
            return
        ticket = self._passage.judge(now, request, received.sender)
        if isinstance(ticket, Refused):
            self._phase = next_phase(self._phase, Outcome.DENIED)
            self._refuse(received.sender, request.attempt, request.crossing_id, ticket)
            return
        self._consume(now, ticket)

    def _consume(self, now: Now, ticket: Ticket) -> None:
        """Write the permit down as used, then - after the commit - let the arm rise."""
        reading = self._passage.reading
        moved: Move | Hold = Hold(Reason.PRESENCE_UNKNOWN)
        if reading is not None:
            moved = judge_opening(reading, Consumed(ticket.permit_id, ticket.vehicle_id))
        if isinstance(moved, Hold):
            self._phase = next_phase(self._phase, Outcome.DENIED)
            refused = Refused(moved.reason, moved.detail)
            self._refuse(ticket.vehicle_id, ticket.attempt, ticket.crossing_id, refused)
            return
        counter = self._reports.counts.get(self._exit_detector)
        ticket.count_before = counter.count if counter is not None else 0
        self._ticket = ticket
        self._phase = next_phase(self._phase, Outcome.CONSUMED)
        self._deadline_ns = now.mono_ns + BARRIER_MOVE_MS_MAX * NS_PER_MS
        fields = self._about(ticket)
        self._out += [
            Persist("ticket/open", ticket.encode()),
            Persist(f"permit/{ticket.permit_id}", b"consumed"),
            Report(Event.PERMIT_CONSUMED, fields),
            Act(OpenBarrier(ticket.permit_id)),
        ]

    def _renew(self, now: Now, request: PermitRequest, ticket: Ticket) -> None:
        """The truck let go has restarted: the permit in force once more, and nothing moves."""
        refused = self._passage.renew(now, request, ticket)
        if refused is not None:
            self._refuse(ticket.vehicle_id, request.attempt, request.crossing_id, refused)
            return
        self._out.append(Persist("ticket/open", ticket.encode()))
        self._grant(now, ticket)

    def _grant(self, now: Now, ticket: Ticket) -> None:
        """The arm is proven open: the truck may have its permit."""
        self._out.append(Send(ticket.vehicle_id, self._passage.granted(now, ticket)))

    def _refuse(self, vehicle: str, attempt: int, crossing: str, refused: Refused) -> None:
        fields = {
            "gate": self._gate.id,
            "vehicle": vehicle,
            "crossing": crossing,
            "reason": refused.reason,
            "detail": refused.detail,
        }
        self._out.append(Report(Event.PERMIT_REFUSED, fields))
        self._out.append(Send(vehicle, self._passage.refused(attempt, refused)))

    def _on_decision(self, now: Now, received: Received) -> None:
        """A revocation reaches us directly from its office."""
        notice = cast("customs_pb2.DecisionNotice", received.message)
        release_id = self._passage.revoke(notice.decision)
        if release_id:
            self._out.append(Persist(f"revoked/{release_id}", b"1"))

    def _on_visit(self, now: Now, received: Received) -> None:
        visit = cast("gate_pb2.StationVisit", received.message)
        self._out += self._stations.expect(visit)

    def _on_hello(self, now: Now, received: Received) -> None:
        """A supervisor that restarted must hear counters and barrier again."""
        if received.role is Role.SUPERVISOR:
            self._out += self._reports.again()

    # --- the cabinet's word, one step a phase ---

    def _step_unknown(self, now: Now, reading: GateReading) -> None:
        """Nothing moves until the cell's presence is known and the arm is down or free to fall."""
        if reading.barrier is Barrier.FAULT or reading.cell_vehicles is None:
            return
        ticket = self._ticket
        counter = reading.detectors.get(self._exit_detector)
        gone = counter is not None and ticket is not None and counter.count > ticket.count_before
        inside = ticket is not None and not gone and reading.cell_vehicles == 1
        before = reading.loop_occupied or bool(reading.plate)
        if inside and before and reading.barrier is Barrier.OPEN:
            self._deadline_ns = None  # it may be on its way: nothing falls
            self._phase = next_phase(self._phase, Outcome.STILL_OPEN)
            self._step_open(now, reading)
            return
        if reading.barrier is not Barrier.CLOSED:
            if judge_closing(reading) is Move.CLOSE and self._deadline_ns is None:
                self._deadline_ns = now.mono_ns + BARRIER_MOVE_MS_MAX * NS_PER_MS
                self._out.append(Act(CloseBarrier()))
            return
        self._deadline_ns = None
        if inside and not before:
            self._phase = next_phase(self._phase, Outcome.STILL_PASSING)
            return
        self._phase = next_phase(self._phase, Outcome.PRESENCE_KNOWN)
        if ticket is None:
            return
        if gone:
            self._settle(now, ticket)
        else:
            self._void(ticket, Reason.PERMIT_VOID)

    def _step_quiet(self, now: Now, reading: GateReading) -> None:
        """Idle or challenged: the arm is down and nothing may move under it."""
        self._passage.reading = reading
        due_ns = self._passage.due_ns
        if self._phase is Phase.CHALLENGED and due_ns is not None and now.mono_ns >= due_ns:
            self._phase = next_phase(self._phase, Outcome.DENIED)
            refused = Refused(Reason.NONCE_EXPIRED)
            vehicle, attempt = self._passage.vehicle, self._passage.attempt
            self._refuse(vehicle, attempt, self._passage.crossing, refused)
            self._passage.end()

    def _step_opening(self, now: Now, reading: GateReading) -> None:
        ticket = self._ticket
        if reading.loop_occupied:
            self._phase = next_phase(self._phase, Outcome.UNDER_ARM)
            self._deadline_ns = None
        elif reading.barrier is Barrier.OPEN and ticket is not None:
            self._phase = next_phase(self._phase, Outcome.PROVEN_OPEN)
            self._deadline_ns = None
            fields = {"gate": self._gate.id, "permit": ticket.permit_id}
            self._out.append(Report(Event.BARRIER_OPENED, fields))
            self._grant(now, ticket)

    def _step_open(self, now: Now, reading: GateReading) -> None:
        if reading.loop_occupied:
            self._phase = next_phase(self._phase, Outcome.UNDER_ARM)

    def _step_passing(self, now: Now, reading: GateReading) -> None:
        if not reading.loop_occupied:
            self._phase = next_phase(self._phase, Outcome.ARM_FREE)
            self._deadline_ns = now.mono_ns + BARRIER_MOVE_MS_MAX * NS_PER_MS
            if judge_closing(reading) is Move.CLOSE:
                self._out.append(Act(CloseBarrier()))

    def _step_clearing(self, now: Now, reading: GateReading) -> None:
        if reading.loop_occupied:
            self._phase = next_phase(self._phase, Outcome.UNDER_ARM)
            self._deadline_ns = None
            return
        if reading.barrier is Barrier.CLOSED:
            self._deadline_ns = None
        ticket = self._ticket
        counter = reading.detectors.get(self._exit_detector)
        left = ticket is None or (counter is not None and counter.count > ticket.count_before)
        if left and reading.barrier is Barrier.CLOSED:
            self._phase = next_phase(self._phase, Outcome.LEFT_CELL)
            self._out.append(Report(Event.BARRIER_CLOSED, {"gate": self._gate.id}))
            if ticket is not None:
                self._settle(now, ticket)

    def _step_fault(self, now: Now, reading: GateReading) -> None:
        if reading.barrier is Barrier.CLOSED:
            self._phase = next_phase(self._phase, Outcome.MENDED)
            self._deadline_ns = None

    def _watch(self, now: Now, reading: GateReading) -> None:
        """The arm must do as told in time, and must not stand open on its own."""
        late = self._deadline_ns is not None and now.mono_ns >= self._deadline_ns
        astray = (
            self._phase in (Phase.IDLE, Phase.CHALLENGED) and reading.barrier is not Barrier.CLOSED
        )
        if self._phase is Phase.FAULT or not (late or astray or reading.barrier is Barrier.FAULT):
            return
        wanted = "open" if self._phase is Phase.OPENING else "closed"
        fields = {"gate": self._gate.id, "wanted": wanted, "seen": reading.barrier.value}
        self._out.append(Report(Event.BARRIER_FAILED, fields))
        if self._phase in (Phase.OPENING, Phase.CHALLENGED) and self._passage.vehicle:
            refused = Refused(Reason.BARRIER_FAULT, reading.barrier.value)
            attempt, crossing = self._passage.attempt, self._passage.crossing
            self._refuse(self._passage.vehicle, attempt, crossing, refused)
        self._phase = next_phase(self._phase, Outcome.FAILED)
        self._deadline_ns = None
        self._passage.end()
        if judge_closing(reading) is Move.CLOSE:
            self._out.append(Act(CloseBarrier()))

    # --- the end of a passage ---

    def _settle(self, now: Now, ticket: Ticket) -> None:
        """Through: record custody, tell everybody, be free for the next."""
        passed = self._passage.passed(now, ticket)
        self._out += [
            Persist("ticket/open", None),
            Persist(f"permit/{ticket.permit_id}", b"passed"),
            Report(Event.VEHICLE_PASSED, self._about(ticket)),
        ]
        to = (ticket.vehicle_id, self._config.supervisor, *self._config.offices)
        self._out += [Send(name, passed) for name in to]
        self._ticket = None
        self._passage.end()

    def _about(self, ticket: Ticket) -> dict[str, str]:
        """Fields that every event about a passage has."""
        return {
            "gate": self._gate.id,
            "permit": ticket.permit_id,
            "vehicle": ticket.vehicle_id,
            "crossing": ticket.crossing_id,
        }

    def _void(self, ticket: Ticket, reason: Reason) -> None:
        fields = {"gate": self._gate.id, "permit": ticket.permit_id, "reason": reason}
        self._out += [
            Persist("ticket/open", None),
            Persist(f"permit/{ticket.permit_id}", b"void"),
            Report(Event.PERMIT_VOIDED, fields),
        ]
        self._ticket = None
        self._passage.end()


_Handler = Callable[[GateAgent, Now, Received], None]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    envelope_pb2.Hello: GateAgent._on_hello,
    PassageRequest: GateAgent._on_request,
    PermitRequest: GateAgent._on_permit_request,
    customs_pb2.DecisionNotice: GateAgent._on_decision,
    gate_pb2.StationVisit: GateAgent._on_visit,
}
_Step = Callable[[GateAgent, Now, GateReading], None]
_STEPS: Final[Mapping[Phase, _Step]] = {
    Phase.UNKNOWN: GateAgent._step_unknown,
    Phase.IDLE: GateAgent._step_quiet,
    Phase.CHALLENGED: GateAgent._step_quiet,
    Phase.OPENING: GateAgent._step_opening,
    Phase.OPEN: GateAgent._step_open,
    Phase.PASSING: GateAgent._step_passing,
    Phase.CLEARING: GateAgent._step_clearing,
    Phase.FAULT: GateAgent._step_fault,
}
