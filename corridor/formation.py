"""Formations: when the members of a convoy drive as one, and the two phases of every change of it.

Pure. On a stretch of shared road whoever is next in line behind the leader joins; before the
stretch ends all are told to open their gaps. A change is prepared, and
committed once every truck has said that it is ready; a refusal, a time-out or a lost member ends it
with everybody driving alone. Each change has a number that no other ever has, and one list of
members. Nothing here grants road or frees it, and nothing waits on a formation without a limit.
Not here: where and how long a convoy waits for its members (gathering.py), who is in a convoy
(dispatch.py, parting.py), the phases (formation_phases.py), zones.
Requirements: SUP-013 to SUP-015 in docs/SAFETY.md.
"""

from collections.abc import Iterable
from typing import Any, Final

from contract.agent import NS_PER_MS, Now, Send
from contract.events import Event
from contract.limits import (
    FORMATION_APPROACH_MS,
    FORMATION_COMMIT_MS,
    FORMATION_DONE_MS,
    FORMATION_OPEN_MS,
    MEMBER_LOST_MS,
    STANDING_SILENCE_MS,
)
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    FORMATION_ANSWER_DONE,
    FORMATION_ANSWER_READY,
    FORMATION_ANSWER_REFUSED,
    FORMATION_MANOEUVRE_JOIN,
    FORMATION_MANOEUVRE_LEAVE,
    FORMATION_STEP_ABORT,
    FORMATION_STEP_COMMIT,
    FORMATION_STEP_PREPARE,
    VEHICLE_STATE_STOPPED,
    FormationManoeuvre,
    FormationOrder,
    FormationReply,
    FormationStep,
)
from corridor.formation_phases import FormationOutcome, O, P, next_formation_phase
from corridor.gathering import Gathering
from corridor.parting import members_of, part
from corridor.records import Formation, Mission
from corridor.state import State
from corridor.stretches import Stretch

_LIMIT_MS: Final = {
    P.JOINING: FORMATION_APPROACH_MS + FORMATION_COMMIT_MS,
    P.COUPLING: FORMATION_DONE_MS,
    P.LEAVING: FORMATION_OPEN_MS + FORMATION_DONE_MS,
    P.UNCOUPLING: FORMATION_DONE_MS,
}
_WAITS_FOR: Final = {
    FORMATION_ANSWER_READY: (P.JOINING, P.LEAVING),
    FORMATION_ANSWER_DONE: (P.COUPLING, P.UNCOUPLING),
}


class Formations:
    """The formation of every convoy. What only waits for answers does not survive a restart."""

    def __init__(self, state: State, gathering: Gathering) -> None:
        self._state = state
        self._gathering = gathering
        self._answers: dict[str, dict[str, int]] = {}  # convoy -> vehicle -> its brake
        self._deadline_ns: dict[str, int] = {}
        self._lost_ns: dict[str, int] = {}
        self._restarted = False

    def restore(self) -> None:
        """After a restart a change that was under way is called off, once there is a clock."""
        self._restarted = True

    # --- the clock ---

    def watch(self, now: Now) -> None:
        """Look at every convoy: lost members, time-outs, what is due."""
        state = self._state
        if self._restarted:
            self._restarted = False
            for row in list(state.formations.values()):
                if row.phase not in (P.SPLIT, P.FORMED):
                    why = Reason.RESTARTED
                    self._abort(now, row, O.RESTARTED, vehicle="supervisor", reason=why)
        convoys = self._convoys()
        parted = [self._part_lost(now, members) for members in convoys.values()]
        for row in list(state.formations.values()):
            self._reconcile(now, row)
        if any(parted):
            convoys = self._convoys()
        for convoy, members in convoys.items():
            if len(members) > 1 or convoy in state.formations:
                self._consider(now, convoy, members)
        for convoy in [each for each in state.formations if each not in convoys]:
            self._forget(convoy)

    def _convoys(self) -> dict[str, list[Mission]]:
        """Every convoy with its missions that are under way, leader first."""
        found: dict[str, list[Mission]] = {}
        for mission in self._state.missions.values():
            found.setdefault(mission.convoy, []).append(mission)
        for members in found.values():
            members.sort(key=lambda mission: mission.turn)
        return found

    def _forget(self, convoy: str) -> None:
        del self._state.formations[convoy]
        self._state.store.drop("formation", convoy)
        self._deadline_ns.pop(convoy, None)
        self._answers.pop(convoy, None)
        self._gathering.forget(convoy)

    def _consider(self, now: Now, convoy: str, members: list[Mission]) -> None:
        """What is due with one convoy."""
        row = self._row(convoy)
        deadline_ns = self._deadline_ns.get(convoy)
        if deadline_ns is not None and now.mono_ns >= deadline_ns:
            missing = " ".join(v for v in row.asked if v not in self._answers[convoy])
            self._abort(now, row, O.TIMED_OUT, vehicle=missing, reason=Reason.FORMATION_LATE)
        stretch = self._gathering.stretch(members[0])
        if stretch is None and row.phase is P.FORMED:
            self._prepare(now, row, FORMATION_MANOEUVRE_LEAVE, [], asked=row.members)
        elif stretch is None and row.phase in (P.JOINING, P.COUPLING):
            first = members[0].vehicle
            self._abort(now, row, O.LEAVE_DUE, vehicle=first, reason=Reason.FORMATION_LATE)
        elif stretch is not None:
            self._gather(now, row, members, stretch)

    def _gather(self, now: Now, row: Formation, members: list[Mission], stretch: Stretch) -> None:
        """On a stretch: whoever is next in line joins."""
        formed = len(row.members) if row.phase is P.FORMED else 1
        present = self._gathering.present(members, stretch)
        if row.phase in (P.SPLIT, P.FORMED) and len(present) > formed:
            wanted = present[: formed + 1]
            self._prepare(now, row, FORMATION_MANOEUVRE_JOIN, wanted, asked=wanted)
        joins = row.phase in (P.JOINING, P.COUPLING)
        self._gathering.wait(now, members, stretch, formed=0 if joins else formed)

    # --- lost members ---

    def _part_lost(self, now: Now, members: list[Mission]) -> bool:
        """Members that stay silent or stopped are left behind, if anybody can go on without. True
        if one is now.
        """
        lost = [mission for mission in members if self._is_lost(now, mission)]
        if not lost or len(lost) == len(members):
            return False
        part(self._state, lost[0], Reason.MEMBER_LOST)
        return True

    def _is_lost(self, now: Now, mission: Mission) -> bool:
        heard = self._state.heard.get(mission.vehicle)
        if heard is not None and not heard.silent and heard.state != VEHICLE_STATE_STOPPED:
            self._lost_ns.pop(mission.vehicle, None)
            return False
        since_ns = self._lost_ns.setdefault(mission.vehicle, now.mono_ns)
        limit_ms = MEMBER_LOST_MS if heard is not None else STANDING_SILENCE_MS
        return now.mono_ns - since_ns >= limit_ms * NS_PER_MS

    def _reconcile(self, now: Now, row: Formation) -> None:
        """Who drives in a formation but is not in its convoy any more leaves it."""
        if row.phase is P.SPLIT:
            return
        convoys = {vehicle: self._convoy_of(vehicle) for vehicle in [*row.members, *row.asked]}
        gone = [vehicle for vehicle, convoy in convoys.items() if convoy != row.convoy]
        if not gone:
            return
        if row.phase is not P.FORMED:
            self._abort(now, row, O.MEMBER_LOST, vehicle=" ".join(gone), reason=Reason.MEMBER_LOST)
            return
        old = list(row.members)
        for convoy in dict.fromkeys(convoys.values()):
            group = [vehicle for vehicle in old if convoys[vehicle] == convoy]
            if not convoy or not group:
                continue
            each = row if convoy == row.convoy else self._row(convoy)
            each.epoch, each.members, each.phase = row.epoch, group, P.FORMED
            if any(vehicle in self._lost_ns for vehicle in group):
                why = Reason.MEMBER_LOST
                self._abort(now, each, O.REFUSED, vehicle=" ".join(gone), reason=why)
                continue
            wanted = group if len(group) > 1 else []
            self._prepare(
                now, each, FORMATION_MANOEUVRE_LEAVE, wanted, asked=group, outcome=O.MEMBER_LOST
            )

    def _convoy_of(self, vehicle: str) -> str:
        mission = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
        return mission.convoy if mission is not None else ""

    def restarted(self, now: Now, vehicle: str) -> None:
        """A truck has restarted and drives alone: nobody may go on counting on it."""
        for row in list(self._state.formations.values()):
            if row.phase is not P.SPLIT and vehicle in (*row.members, *row.asked):
                self._abort(now, row, O.REFUSED, vehicle=vehicle, reason=Reason.RESTARTED)

    # --- two phases ---

    def on_reply(self, now: Now, vehicle: str, reply: FormationReply) -> None:
        """A truck is ready, has done it, or will not; answers to another step count for nothing."""
        row = self._state.formations.get(reply.convoy_id)
        if row is None or reply.epoch != row.epoch or row.phase is P.SPLIT:
            return
        if vehicle not in (*row.asked, *row.members):
            return
        if reply.answer == FORMATION_ANSWER_REFUSED:
            reason = Reason.__members__.get(reply.reason, Reason.FORMATION_ENDED)
            self._abort(now, row, O.REFUSED, vehicle=vehicle, reason=reason)
            return
        if row.phase not in _WAITS_FOR.get(reply.answer, ()):
            return
        answers = self._answers.setdefault(row.convoy, {})
        answers[vehicle] = reply.brake_mmps2
        if any(each not in answers for each in row.asked):
            return
        if reply.answer == FORMATION_ANSWER_READY:
            self._commit(now, row)
        else:
            self._complete(now, row)

    def _prepare(
        self,
        now: Now,
        row: Formation,
        manoeuvre: FormationManoeuvre,
        wanted: list[str],
        *,
        asked: list[str],
        outcome: FormationOutcome | None = None,
    ) -> None:
        """First phase: everybody concerned gets ready. The number is never used again."""
        joins = manoeuvre == FORMATION_MANOEUVRE_JOIN
        row.epoch = self._state.store.next_number("formation")
        row.manoeuvre, row.wanted, row.asked = manoeuvre, list(wanted), list(asked)
        self._answers[row.convoy] = {}
        self._move(now, row, outcome or (O.JOIN_DUE if joins else O.LEAVE_DUE))
        self._say(Event.FORMATION_PREPARED, row)
        self._send(row, FORMATION_STEP_PREPARE, row.asked)

    def _commit(self, now: Now, row: Formation) -> None:
        """Second phase: all are ready, and all are told so."""
        brakes = [self._answers[row.convoy][vehicle] for vehicle in row.asked]
        self._answers[row.convoy] = {}
        self._move(now, row, O.ALL_READY)
        self._say(Event.FORMATION_COMMITTED, row)
        self._send(row, FORMATION_STEP_COMMIT, row.asked, brake_mmps2=min(brakes))

    def _complete(self, now: Now, row: Formation) -> None:
        row.members = list(row.wanted) if len(row.wanted) > 1 else []
        self._move(now, row, O.ALL_TOGETHER if row.members else O.ALL_ALONE)
        self._say(Event.FORMATION_COMPLETED, row)
        row.asked = []

    def _abort(
        self, now: Now, row: Formation, outcome: FormationOutcome, *, vehicle: str, reason: Reason
    ) -> None:
        """Everybody drives alone. Said to all that may follow somebody, and waited for by none."""
        told = list(dict.fromkeys([*row.members, *row.asked]))
        self._move(now, row, outcome)
        self._say(Event.FORMATION_ABORTED, row, vehicle=vehicle, reason=reason)
        self._send(row, FORMATION_STEP_ABORT, told)
        row.members, row.wanted, row.asked = [], [], []
        members = members_of(self._state, row.convoy)
        if members:
            self._gathering.give_up(members)

    # --- rows and words ---

    def _row(self, convoy: str) -> Formation:
        row = self._state.formations.get(convoy)
        if row is None:
            row = self._state.formations[convoy] = Formation(convoy)
        return row

    def _move(self, now: Now, row: Formation, outcome: FormationOutcome) -> None:
        """The only place where a phase changes; it is written down before it is said."""
        row.phase = next_formation_phase(row.phase, outcome)
        self._deadline_ns.pop(row.convoy, None)
        limit_ms = _LIMIT_MS.get(row.phase)
        if limit_ms is not None:
            self._deadline_ns[row.convoy] = now.mono_ns + limit_ms * NS_PER_MS
        self._state.save(row)

    def _say(self, event: Event, row: Formation, **more: Any) -> None:
        name = FormationManoeuvre.Name(row.manoeuvre).removeprefix("FORMATION_MANOEUVRE_").lower()
        manoeuvre = "split" if name == "leave" and not row.wanted else name
        fields = more or {"members": " ".join(row.wanted)}
        self._state.say(event, convoy=row.convoy, epoch=row.epoch, manoeuvre=manoeuvre, **fields)

    def _send(
        self, row: Formation, step: FormationStep, to: Iterable[str], *, brake_mmps2: int = 0
    ) -> None:
        order = FormationOrder(
            convoy_id=row.convoy,
            epoch=row.epoch,
            step=step,
            manoeuvre=FormationManoeuvre.Name(row.manoeuvre),
            members=row.wanted,
            brake_mmps2=brake_mmps2,
        )
        self._state.out += [Send(vehicle, order) for vehicle in to]
