"""Convoy manoeuvres of one truck: join, stay, leave, and fall back to driving alone.

Pure. In: the supervisor's formation orders, the body's readings, the clock. Out: answers, and the
manner of driving: alone by radar at 2.0 s, or behind a named predecessor by its beacons at 1.0 s.
The table (convoy_phases.py) says what follows; every change that is begun ends by itself, and ends
with the radar's gap. A truck says that it is ready only after it has seen so itself; it follows
nobody before a commit of the very change it was prepared for; and after a start it drives alone.
Not here: how a gap is kept or opened (pilot/), who drives with whom (corridor/formation.py), the
right to move (road.py): a formation gives none. Requirements: VEH-013 to VEH-015 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from contract.agent import NS_PER_MS, Effect, Now, Refused, Report, Send
from contract.events import Event
from contract.limits import (
    BEACON_FRESH_S,
    BEACON_OLD_S,
    BEACONS_LOST_MS,
    CONVOY_MEMBERS_MAX,
    FORMATION_APPROACH_MS,
    FORMATION_COMMIT_MS,
    FORMATION_DONE_MS,
    FORMATION_OPEN_MS,
    FORMATION_WATCH_MS,
    MEMBER_HEADWAY_S,
    OPEN_DIFFERENCE_MPS,
    OPEN_TOLERANCE_M,
    POSITION_DIFFERENCE_MPS,
    POSITION_HELD_MS,
    POSITION_TOLERANCE_M,
    RADAR_HEADWAY_S,
    STANDSTILL_GAP_M,
)
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    FORMATION_ANSWER_DONE,
    FORMATION_ANSWER_READY,
    FORMATION_ANSWER_REFUSED,
    FORMATION_MANOEUVRE_JOIN,
    FORMATION_STEP_ABORT,
    FORMATION_STEP_COMMIT,
    FORMATION_STEP_PREPARE,
    FormationAnswer,
    FormationOrder,
    FormationReply,
)
from vehicle.convoy_phases import ConvoyOutcome, ConvoyPhase, O, P, next_convoy_phase
from vehicle.orders import VehicleReading

_STANDING_MPS: Final = 0.05
_BLIND_LEVEL: Final = 3  # neither beacons nor radar: the pilot stops in its lane


_READY: Final = (P.IN_POSITION, P.KEEPING, P.OPENED)
_LISTENING: Final = (P.APPROACHING, P.IN_POSITION, P.MEMBER, P.KEEPING)
_CLOSE: Final = (P.MEMBER, P.KEEPING, P.OPENING, P.ABORTED)
_PLANNED: Final = (P.APPROACHING, P.IN_POSITION)
_PLACED: Final = (P.LEADING, P.MEMBER, P.KEEPING)
_LIMIT_MS: Final[Mapping[ConvoyPhase, int]] = {
    P.APPROACHING: FORMATION_APPROACH_MS,
    P.IN_POSITION: FORMATION_APPROACH_MS + FORMATION_COMMIT_MS,  # for others that close up
    P.KEEPING: FORMATION_APPROACH_MS + FORMATION_COMMIT_MS,
    P.OPENING: FORMATION_OPEN_MS,
    P.OPENED: FORMATION_OPEN_MS + FORMATION_DONE_MS,  # for others that open
    P.ABORTED: FORMATION_OPEN_MS,
}


class Manner(Struct, frozen=True):
    """How the truck follows: what a drive order says of the vehicle ahead."""

    predecessor: str = ""
    member: bool = False
    headway_s: float = RADAR_HEADWAY_S
    brake_mps2: float = 0.0


@dataclass(frozen=True, slots=True)
class Formation:
    """One numbered formation: who drives with whom, leader first, and who drives before us."""

    convoy: str = ""
    epoch: int = 0
    members: tuple[str, ...] = ()
    before: str = ""

    def place(self, me: str) -> ConvoyOutcome:
        """What its commit makes of us."""
        if len(self.members) < 2 or me not in self.members:
            return O.COMMIT_ALONE
        return O.COMMIT_FOLLOW if self.before else O.COMMIT_LEAD


ALONE: Final = Formation()


class TruckConvoy:
    """One truck's place in its convoy. Nothing of it survives a restart."""

    def __init__(self, me: str, supervisor: str, brake_mps2: float = 0.0) -> None:
        self._me = me
        self._supervisor = supervisor
        self._brake_mps2 = brake_mps2
        self.phase = P.SOLO
        self.formation = ALONE  # in force
        self._plan = ALONE  # prepared, not committed
        self._seen = 0
        self._weakest_mps2 = 0.0
        self._deadline_ns: int | None = None
        self._watch_ns = 0
        self._right_ns: int | None = None  # since when the position is right
        self._old_ns: int | None = None  # since when the predecessor is not heard

    @property
    def manner(self) -> Manner:
        """How to follow now."""
        before = self.formation.before
        if self.phase in _CLOSE and before:
            opens = self.phase in (P.OPENING, P.ABORTED)
            return Manner(before, True, RADAR_HEADWAY_S if opens else MEMBER_HEADWAY_S)
        if self.phase in _PLANNED:
            return Manner(self._plan.before)
        leads = self.phase in (P.LEADING, P.KEEPING)
        return Manner(brake_mps2=self._weakest_mps2 if leads else 0.0)

    @property
    def wake_ns(self) -> int | None:
        """When to look at the gap again; None while there is nothing to look at."""
        if self.phase in (P.SOLO, P.LEADING):
            return None
        due = self._watch_ns
        return due if self._deadline_ns is None else min(due, self._deadline_ns)

    def reset(self) -> None:
        """The mission is over, or another begins: alone, with nothing told."""
        self.phase = P.SOLO
        self.formation = self._plan = ALONE
        self._deadline_ns = None

    # --- the supervisor's orders ---

    def on_order(
        self,
        now: Now,
        order: FormationOrder,
        reading: VehicleReading | None,
        barred: Refused | None,
    ) -> list[Effect]:
        """One step of a change. `barred` says why the truck may join nobody at present."""
        if order.step == FORMATION_STEP_PREPARE:
            return self._prepare(now, order, barred)
        if order.step == FORMATION_STEP_COMMIT:
            return self._commit(now, order, reading)
        if order.step == FORMATION_STEP_ABORT and order.epoch >= self._seen:
            self._seen = order.epoch
            return self._end(now, O.ABORT, Reason.FORMATION_ENDED)
        return []

    def _prepare(self, now: Now, order: FormationOrder, barred: Refused | None) -> list[Effect]:
        members = tuple(order.members)
        place = members.index(self._me) if self._me in members else 0
        before = members[place - 1] if place else ""
        told = self._judge(order, before, barred)
        if isinstance(told, Refused):
            return self._refuse(order, told)
        self._seen = order.epoch
        self._plan = Formation(order.convoy_id, order.epoch, members, before)
        self._move(now, told)
        return [self._answer(FORMATION_ANSWER_READY)] if self.phase in _READY else []

    def _judge(
        self, order: FormationOrder, before: str, barred: Refused | None
    ) -> ConvoyOutcome | Refused:
        """What a change asks of us, or why not."""
        joins = order.manoeuvre == FORMATION_MANOEUVRE_JOIN
        members = list(order.members)
        together = self._me in members and len(members) > 1
        if not (order.convoy_id and order.epoch and order.manoeuvre):
            return Refused(Reason.MALFORMED, "leaves fields open")
        doubled = len(set(members)) != len(members)
        if doubled or len(members) > CONVOY_MEMBERS_MAX or (joins and not together):
            return Refused(Reason.MALFORMED, f"members {' '.join(members)}")
        if order.epoch <= self._seen:
            return Refused(Reason.FORMATION_STALE, f"{order.epoch}, seen {self._seen}")
        if joins and barred is not None:
            return barred
        if together and self.phase in _PLACED and before == self.formation.before:
            return O.KEEP
        if joins and self.phase in (P.LEADING, *_CLOSE):
            return Refused(Reason.FORMATION_BUSY, self.phase.value)
        if joins:
            return O.CLOSE_UP if before else O.KEEP
        if before:
            return Refused(Reason.NOT_IN_POSITION, f"not behind {before}")
        return O.OPEN_UP

    def _commit(
        self, now: Now, order: FormationOrder, reading: VehicleReading | None
    ) -> list[Effect]:
        plan = self._plan
        if order.epoch and order.epoch == self.formation.epoch:
            return [self._answer(FORMATION_ANSWER_DONE)]
        if order.epoch != plan.epoch:
            detail = f"{order.epoch}, prepared {plan.epoch}"
            return self._refuse(order, Refused(Reason.FORMATION_STALE, detail))
        closed_up = self.phase is P.IN_POSITION and plan.before
        if self.phase not in _READY or (closed_up and not _in_position(reading)):
            return self._end(now, O.ABORT, Reason.NOT_IN_POSITION, tell=True)
        outcome = plan.place(self._me)
        self._weakest_mps2 = order.brake_mmps2 / 1000.0
        self.formation, self._plan = plan, ALONE
        self._move(now, outcome)
        fields = {"convoy": plan.convoy, "epoch": plan.epoch}
        if outcome is O.COMMIT_ALONE:
            report = Report(Event.FORMATION_LEFT, fields | {"reason": ""})
        else:
            more = {"predecessor": plan.before, "members": " ".join(plan.members)}
            report = Report(Event.FORMATION_JOINED, fields | more)
        return [report, self._answer(FORMATION_ANSWER_DONE)]

    # --- what the truck sees by itself ---

    def stop(self, now: Now, reason: Reason) -> list[Effect]:
        """A stop is in force, or the guard has tripped: in no formation, and said."""
        return self._end(now, O.STOPPED, reason, tell=True)

    def watch(self, now: Now, reading: VehicleReading) -> list[Effect]:
        """Look at clock, gap and beacons; the pilot acts on them by itself, and sooner."""
        if self.phase in (P.SOLO, P.LEADING):
            return []
        self._watch_ns = now.mono_ns + FORMATION_WATCH_MS * NS_PER_MS
        if self._deadline_ns is not None and now.mono_ns >= self._deadline_ns:
            return self._end(now, O.TIMED_OUT, Reason.FORMATION_LATE, tell=True)
        if self._not_heard(now, reading):
            return self._end(now, O.BEACONS_LOST, Reason.BEACONS_LOST, tell=True)
        if not self._arrived(now, reading):
            return []
        after = self._move(now, O.ARRIVED)
        if after is P.SOLO:
            self.formation = ALONE
            return []
        if after is P.IN_POSITION:
            self._deadline_ns = now.mono_ns + FORMATION_COMMIT_MS * NS_PER_MS
        return [self._answer(FORMATION_ANSWER_READY)]

    def _not_heard(self, now: Now, reading: VehicleReading) -> bool:
        """Nothing of the predecessor for so long that it is no blink."""
        before = self._plan.before if self.phase in _PLANNED else self.formation.before
        old = reading.beacon_age_s > BEACON_OLD_S or reading.level == _BLIND_LEVEL
        if not old or not before or self.phase not in _LISTENING:
            self._old_ns = None
            return False
        if self._old_ns is None:
            self._old_ns = now.mono_ns
        return now.mono_ns - self._old_ns >= BEACONS_LOST_MS * NS_PER_MS

    def _arrived(self, now: Now, reading: VehicleReading) -> bool:
        """In position for long enough, or the gap is open."""
        if self.phase in (P.OPENING, P.ABORTED):
            return _opened(reading)
        if self.phase is not P.APPROACHING or not _in_position(reading):
            self._right_ns = None
            return False
        if self._right_ns is None:
            self._right_ns = now.mono_ns
        return now.mono_ns - self._right_ns >= POSITION_HELD_MS * NS_PER_MS

    # --- changes ---

    def _move(self, now: Now, outcome: ConvoyOutcome) -> ConvoyPhase:
        """The only place where the phase changes while a mission lasts."""
        self.phase = next_convoy_phase(self.phase, outcome)
        limit_ms = _LIMIT_MS.get(self.phase)
        self._deadline_ns = None if limit_ms is None else now.mono_ns + limit_ms * NS_PER_MS
        self._watch_ns = now.mono_ns + FORMATION_WATCH_MS * NS_PER_MS
        self._right_ns = self._old_ns = None
        return self.phase

    def _end(
        self, now: Now, outcome: ConvoyOutcome, reason: Reason, *, tell: bool = False
    ) -> list[Effect]:
        """Back to driving alone; said to the log, and with `tell` to the supervisor."""
        before, formation, plan = self.phase, self.formation, self._plan
        self._move(now, outcome)
        epoch = max(plan.epoch, formation.epoch)
        convoy = plan.convoy or formation.convoy
        self._plan = ALONE
        alone = ALONE if self.phase is P.SOLO else Formation(before=formation.before)
        self.formation = alone
        if before in (P.SOLO, P.ABORTED):
            return []  # it has been said
        said: list[Effect] = [
            Report(
                Event.FORMATION_LEFT,
                {"convoy": convoy, "epoch": epoch, "reason": reason},
            )
        ]
        if tell:
            reply = FormationReply(
                convoy_id=convoy,
                epoch=epoch,
                answer=FORMATION_ANSWER_REFUSED,
                reason=reason.name,
            )
            said.append(Send(self._supervisor, reply))
        return said

    # --- answers ---

    def _answer(self, answer: FormationAnswer) -> Send:
        """Ready for what is prepared, or done with what is in force."""
        ready = answer == FORMATION_ANSWER_READY
        about = self._plan if ready else self.formation
        reply = FormationReply(
            convoy_id=about.convoy,
            epoch=about.epoch,
            answer=answer,
            brake_mmps2=round(self._brake_mps2 * 1000.0) if ready else 0,
        )
        return Send(self._supervisor, reply)

    def _refuse(self, order: FormationOrder, refused: Refused) -> list[Effect]:
        fields = {"convoy": order.convoy_id, "epoch": order.epoch}
        more = {"reason": refused.reason, "detail": refused.detail}
        reply = FormationReply(
            convoy_id=order.convoy_id,
            epoch=order.epoch,
            answer=FORMATION_ANSWER_REFUSED,
            reason=refused.reason.name,
        )
        return [Report(Event.FORMATION_REFUSED, fields | more), Send(self._supervisor, reply)]


def _in_position(reading: VehicleReading | None) -> bool:
    """Behind the predecessor at the radar's own gap, as fast as it, hearing it."""
    if reading is None or reading.beacon_age_s > BEACON_FRESH_S:
        return False
    wanted_m = STANDSTILL_GAP_M + RADAR_HEADWAY_S * reading.speed_mps
    right = abs(reading.gap_m - wanted_m) <= POSITION_TOLERANCE_M
    return right and abs(reading.closing_mps) <= POSITION_DIFFERENCE_MPS


def _opened(reading: VehicleReading) -> bool:
    """The radar's gap is there; at a standstill there is nothing to open."""
    if reading.speed_mps <= _STANDING_MPS:
        return True
    wanted_m = STANDSTILL_GAP_M + RADAR_HEADWAY_S * reading.speed_mps
    wide = reading.gap_m >= wanted_m - OPEN_TOLERANCE_M
    return wide and reading.closing_mps <= OPEN_DIFFERENCE_MPS
