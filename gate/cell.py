"""The gate cell: the one passage, the permit it is under, and how both end.

Pure. Keeps phase, ticket, hold and deadlines, and says what follows: permit out, permit withdrawn,
custody settled, ticket void, gate held, gate cleared. An order clears a hold only while the arm is
proven closed and nobody is in the cell beyond the line; the ticket is settled or void with it.
Another lets on the vehicle that stands under the open arm: it may ask for its permit once more.
Not here: what the cabinet's word means in each phase (steps.py), challenge and permit (passage.py),
messages (agent.py). Requirements: GATE-005 to GATE-011, GATE-018 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from contract.agent import NS_PER_MS, Act, Effect, Now, Persist, Refused, Report, Send
from contract.events import Event
from contract.limits import BARRIER_MOVE_MS_MAX, PERMIT_VALID_MS
from contract.reasons import Reason
from gate.arm import PERMIT_START_MS, WITHDRAWAL_MS, Lowering
from gate.interlock import (
    Consumed,
    Hold,
    Move,
    judge_closing,
    judge_letting_on,
    judge_lowering,
)
from gate.orders import Barrier, GateReading, OpenBarrier
from gate.passage import GatePassage, Ticket
from gate.phases import Outcome, Phase, next_phase


class GateHold(msgspec.Struct):
    """Why the gate serves nobody until an order; outlives a restart."""

    hold_id: str
    reason: str
    detail: str


@dataclass(slots=True)
class Deadlines:
    """Monotonic nanoseconds, or None.

    obey_ns    until then the arm does as told
    start_ns   until then the vehicle may start
    fall_ns    from then on an unused arm falls
    heard_ns   until then a vehicle that is told to stay may still come
    agree_ns   until then detectors agree
    """

    obey_ns: int | None = None
    start_ns: int | None = None
    fall_ns: int | None = None
    heard_ns: int | None = None
    agree_ns: int | None = None

    def obey(self, now: Now) -> None:
        self.obey_ns = now.mono_ns + BARRIER_MOVE_MS_MAX * NS_PER_MS

    def start(self, now: Now) -> None:
        self.start_ns = now.mono_ns + PERMIT_START_MS * NS_PER_MS
        self.fall_ns = now.mono_ns + PERMIT_VALID_MS * NS_PER_MS

    def clear(self) -> None:
        """Neither arm nor vehicle is waited for."""
        self.obey_ns = self.start_ns = self.fall_ns = self.heard_ns = None


class Cell:
    """One gate's cell and arm. Effects gather in `out`."""

    def __init__(self, passage: GatePassage, exit_detector: str, told: tuple[str, ...]) -> None:
        """`told` hear of every passage, beside the vehicle."""
        self.phase = Phase.UNKNOWN
        self.ticket: Ticket | None = None
        self.hold: GateHold | None = None
        self.reading: GateReading | None = None
        self.passage = passage
        self.gate = passage.gate.id
        self.lowering = Lowering(self.gate)
        self.deadlines = Deadlines()
        self.out: list[Effect] = []
        self.at_ns = 0
        self._exit_detector = exit_detector
        self._told = told
        self._counted: int | None = None

    def restore(self, now: Now, state: Mapping[str, bytes]) -> None:
        """What the last life has left in the journal."""
        if "ticket/open" in state:
            self.ticket = Ticket.decode(state["ticket/open"])
        if "hold" in state:
            self.hold = msgspec.msgpack.decode(state["hold"], type=GateHold)
            self.go(Outcome.DOUBTED)
            self.lowering.begin(now.mono_ns + WITHDRAWAL_MS * NS_PER_MS)

    @property
    def due_ns(self) -> int | None:
        """The next deadline that is still ahead; what is due is dealt with at each word."""
        each = self.deadlines
        due = [each.obey_ns, each.start_ns, each.fall_ns, each.heard_ns, each.agree_ns]
        if self.phase in (Phase.FAULT, Phase.HELD):
            due.append(self.lowering.due_ns)
        ahead = [one for one in due if one is not None and one > self.at_ns]
        return min(ahead) if ahead else None

    @property
    def why_not(self) -> Refused | None:
        """Why nobody at all is served, if that is so."""
        if self.hold is not None:
            return Refused(Reason[self.hold.reason], f"{self.hold.hold_id}: {self.hold.detail}")
        if self.phase is Phase.FAULT:
            return Refused(Reason.BARRIER_FAULT)
        known = self.reading is None or self.reading.cell_vehicles is not None
        if self.phase is Phase.UNKNOWN:
            return Refused(Reason.GATE_RESTARTED if known else Reason.PRESENCE_UNKNOWN)
        return None

    # --- phases and counters ---

    def go(self, outcome: Outcome) -> None:
        self.phase = next_phase(self.phase, outcome)

    def rest(self, outcome: Outcome) -> None:
        """A phase that waits for neither the arm nor a vehicle's start."""
        self.go(outcome)
        self.deadlines.clear()

    def left(self) -> int | None:
        """Counted out since the permit was consumed; without one, since the last word. None: the
        counter says nothing.
        """
        count = self.count()
        before = self.ticket.count_before if self.ticket is not None else self._counted
        return None if count is None else count - (count if before is None else before)

    def through(self) -> bool:
        """Counted out, and no longer read at its line: else the counter has counted another."""
        ticket, reading = self.ticket, self.reading
        at_line = ticket is not None and reading is not None and reading.plate == ticket.vehicle_id
        return (self.left() or 0) > 0 and not at_line

    def count(self) -> int | None:
        """What the counter at the end of the cell says."""
        counter = self.reading.detectors.get(self._exit_detector) if self.reading else None
        return counter.count if counter is not None else None

    def told(self) -> None:
        """The cabinet's word is dealt with."""
        count = self.count()
        self._counted = self._counted if count is None else count

    def may_fall(self, reading: GateReading) -> Move | Hold:
        """The interlock's word: behind the vehicle over a free loop, before it at its line."""
        ticket = self.ticket
        if ticket is None or ticket.came or (self.left() or 0) > 0:
            return judge_closing(reading)
        return judge_lowering(reading, ticket.vehicle_id)

    # --- the permit ---

    def consume(self, now: Now, ticket: Ticket) -> None:
        """Written down as used; then, after the commit, the arm rises. The caller has asked the
        interlock.
        """
        self.ticket = ticket
        self.go(Outcome.CONSUMED)
        self.deadlines.obey(now)
        self.out += [
            Persist("ticket/open", ticket.encode()),
            Persist(f"permit/{ticket.permit_id}", b"consumed"),
            Report(Event.PERMIT_CONSUMED, self._about(ticket)),
            Act(OpenBarrier(ticket.permit_id)),
        ]

    def grant(self, now: Now, ticket: Ticket) -> None:
        """The arm is proven open: the vehicle may have its permit, and some time to start."""
        if self.phase is Phase.OPEN:
            self.deadlines.start(now)
        self.out.append(Send(ticket.vehicle_id, self.passage.granted(now, ticket)))

    def came(self) -> None:
        """The vehicle that was let go is under the arm."""
        ticket = self.ticket
        if ticket is not None and not ticket.came:
            ticket.came = True
            self.out.append(Persist("ticket/open", ticket.encode()))

    def not_come(self) -> None:
        """It was something else: the vehicle that was let go is still read at its line."""
        ticket = self.ticket
        if ticket is not None and ticket.came:
            ticket.came = False
            self.out.append(Persist("ticket/open", ticket.encode()))

    def withdraw(self, why: Refused) -> None:
        """Whom the arm was raised for stays where it is."""
        ticket = self.ticket
        if ticket is None:
            return
        fields = {
            "gate": self.gate,
            "permit": ticket.permit_id,
            "vehicle": ticket.vehicle_id,
            "reason": why.reason,
            "detail": why.detail,
        }
        self.out.append(Report(Event.PERMIT_WITHDRAWN, fields))
        self.out.append(Send(ticket.vehicle_id, self.passage.refused(ticket.attempt, why)))

    def asked_again(self, now: Now) -> None:
        """The vehicle whose permit is withdrawn asks: it stands, and the arm may fall."""
        if self.deadlines.fall_ns is not None:
            self.deadlines.fall_ns = now.mono_ns

    def refuse(self, vehicle: str, attempt: int, crossing: str, why: Refused) -> None:
        """A no with its reason: an event, and a word to the vehicle."""
        fields = {
            "gate": self.gate,
            "vehicle": vehicle,
            "crossing": crossing,
            "reason": why.reason,
            "detail": why.detail,
        }
        self.out.append(Report(Event.PERMIT_REFUSED, fields))
        self.out.append(Send(vehicle, self.passage.refused(attempt, why)))

    def refuse_asker(self, why: Refused) -> None:
        """The one that was challenged."""
        asker = self.passage
        if asker.vehicle:
            self.refuse(asker.vehicle, asker.attempt, asker.crossing, why)

    # --- the end of a passage ---

    def settle(self, now: Now, ticket: Ticket) -> None:
        """Through: record custody, tell everybody, be free for the next."""
        passed = self.passage.passed(now, ticket)
        self.out += [
            Persist("ticket/open", None),
            Persist(f"permit/{ticket.permit_id}", b"passed"),
            Report(Event.VEHICLE_PASSED, self._about(ticket)),
        ]
        self.out += [Send(name, passed) for name in (ticket.vehicle_id, *self._told)]
        self.ticket = None
        self.passage.end()

    def void(self, ticket: Ticket, reason: Reason) -> None:
        """Not used, and never again."""
        fields = {"gate": self.gate, "permit": ticket.permit_id, "reason": reason}
        self.out += [
            Persist("ticket/open", None),
            Persist(f"permit/{ticket.permit_id}", b"void"),
            Report(Event.PERMIT_VOIDED, fields),
        ]
        self.ticket = None
        self.passage.end()

    def _about(self, ticket: Ticket) -> dict[str, str]:
        """Fields that every event about a passage has."""
        return {
            "gate": self.gate,
            "permit": ticket.permit_id,
            "vehicle": ticket.vehicle_id,
            "crossing": ticket.crossing_id,
        }

    # --- faults and holds ---

    def fail(self, now: Now, reading: GateReading) -> None:
        """The arm has not done as told."""
        up = (Phase.OPENING, Phase.OPEN, Phase.PASSING)
        wanted = "open" if self.phase in up else "closed"
        fields = {"gate": self.gate, "wanted": wanted, "seen": reading.barrier.value}
        self.out.append(Report(Event.BARRIER_FAILED, fields))
        self._stop(now, Refused(Reason.BARRIER_FAULT, reading.barrier.value))
        self.go(Outcome.FAILED)

    def keep(self, now: Now, doubt: Refused) -> None:
        """Nobody is served until a person has looked and said so."""
        hold = GateHold(f"hold-{self.passage.next_id()}", doubt.reason.name, doubt.detail)
        self.hold = hold
        self.out.append(Persist("hold", msgspec.msgpack.encode(hold)))
        if doubt.reason is Reason.INTRUSION:
            alarm = {"gate": self.gate, "detector": doubt.detail}
            self.out.append(Report(Event.INTRUSION_DETECTED, alarm))
        fields = {"gate": self.gate, "reason": doubt.reason, "detail": doubt.detail}
        self.out.append(Report(Event.GATE_HELD, fields | {"hold": hold.hold_id}))
        self._stop(now, doubt)
        self.go(Outcome.DOUBTED)

    def _stop(self, now: Now, why: Refused) -> None:
        """Whoever was about to pass is told to stay; an arm is not lowered before it has heard."""
        ticket = self.ticket
        not_come = self.phase is Phase.PASSING and ticket is not None and not ticket.came
        before = self.phase is Phase.OPEN or not_come
        ahead_ns = WITHDRAWAL_MS * NS_PER_MS if before else 0
        if self.phase is Phase.OPENING or before:
            self.withdraw(why)
        elif self.phase is Phase.CHALLENGED:
            self.refuse_asker(why)
        self.lowering.begin(now.mono_ns + ahead_ns)
        self.deadlines.clear()
        self.deadlines.heard_ns = now.mono_ns + ahead_ns
        self.passage.end()

    def clear(self, now: Now, operator: str, hold_id: str) -> Refused | None:
        """An operator has looked: serve again, or why not yet."""
        refused = self._may_clear(hold_id)
        about = {"gate": self.gate, "hold": hold_id, "operator": operator}
        if refused is not None or self.reading is None:
            why = refused or Refused(Reason.PRESENCE_UNKNOWN)
            fields = about | {"reason": why.reason, "detail": why.detail}
            self.out.append(Report(Event.GATE_ORDER_REFUSED, fields))
            return why
        self.hold = None
        self.out += [Persist("hold", None), Report(Event.GATE_CLEARED, about)]
        ticket = self.ticket
        if ticket is not None:
            beyond = ticket.came and self.reading.plate != ticket.vehicle_id
            if beyond or self.through():
                self.settle(now, ticket)
            else:
                self.void(ticket, Reason.PERMIT_VOID)
        self.rest(Outcome.ORDERED)
        return None

    def let_on(self, operator: str, permit_id: str) -> Refused | None:
        """An operator has looked at the vehicle that stands under the open arm: it may ask for its
        permit anew, and the arm stays as it is until it has gone; or why not. GATE-018.
        """
        ticket, reading = self.ticket, self.reading
        refused = self._may_let_on(permit_id)
        if refused is not None or ticket is None or reading is None:
            why = refused or Refused(Reason.PRESENCE_UNKNOWN)
            about = {"gate": self.gate, "hold": permit_id, "operator": operator}
            fields = about | {"reason": why.reason, "detail": why.detail}
            self.out.append(Report(Event.GATE_ORDER_REFUSED, fields))
            return why
        if self.hold is not None:
            self.hold = None
            self.out.append(Persist("hold", None))
        self.came()
        self.rest(Outcome.LET_ON)
        self.out.append(Report(Event.VEHICLE_LET_ON, self._about(ticket) | {"operator": operator}))
        return None

    def _may_let_on(self, permit_id: str) -> Refused | None:
        ticket, reading = self.ticket, self.reading
        if self.phase not in (Phase.FAULT, Phase.HELD):
            return Refused(Reason.HOLD_UNKNOWN, f"the gate is {self.phase.value}")
        if ticket is None or ticket.permit_id != permit_id:
            return Refused(Reason.HOLD_UNKNOWN, ticket.permit_id if ticket else "no permit is used")
        if reading is None or self.left() != 0:
            return Refused(Reason.PRESENCE_UNKNOWN, "by the counter at the end of the cell")
        hold = judge_letting_on(reading, Consumed(ticket.permit_id, ticket.vehicle_id))
        return Refused(hold.reason, hold.detail) if hold is not None else None

    def _may_clear(self, hold_id: str) -> Refused | None:
        reading = self.reading
        if self.hold is None or self.hold.hold_id != hold_id:
            return Refused(Reason.HOLD_UNKNOWN, self.hold.hold_id if self.hold else "none")
        if reading is None or reading.cell_vehicles is None or reading.cell_vehicles < 0:
            return Refused(Reason.PRESENCE_UNKNOWN)
        if reading.loop_occupied:
            return Refused(Reason.ARM_OBSTRUCTED)
        if reading.barrier is not Barrier.CLOSED:
            return Refused(Reason.BARRIER_FAULT, f"the arm is {reading.barrier.value}")
        if reading.cell_vehicles > (1 if reading.plate else 0):
            return Refused(Reason.GATE_BUSY, f"{reading.cell_vehicles} in the cell")
        return None
