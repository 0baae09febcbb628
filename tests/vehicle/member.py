"""A rig for one truck's place in its convoy: orders and readings by hand, every phase a chapter."""

from typing import Any

from contract.agent import Effect
from contract.limits import FORMATION_WATCH_MS
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    FORMATION_MANOEUVRE_JOIN,
    FORMATION_MANOEUVRE_LEAVE,
    FORMATION_STEP_ABORT,
    FORMATION_STEP_COMMIT,
    FORMATION_STEP_PREPARE,
    FormationOrder,
    FormationReply,
)
from tests.factories import a_now, sends
from vehicle.convoy import TruckConvoy
from vehicle.convoy_phases import ConvoyPhase
from vehicle.orders import VehicleReading

P = ConvoyPhase
ME, AHEAD, BEHIND = "truck-02", "truck-01", "truck-03"
BOTH = (AHEAD, ME)
ALL = (AHEAD, ME, BEHIND)
JOIN, LEAVE = FORMATION_MANOEUVRE_JOIN, FORMATION_MANOEUVRE_LEAVE


def a_reading(**changes: Any) -> VehicleReading:
    """Standing at the right gap behind a truck whose beacons come."""
    values: dict[str, Any] = {
        "x_m": 0.0,
        "y_m": 0.0,
        "psi_rad": 0.0,
        "speed_mps": 0.0,
        "front_m": 0.0,
        "on_path": True,
        "milestones": 0,
        "trip_cause": 0,
        "gap_m": 5.0,
        "closing_mps": 0.0,
        "beacon_age_s": 0.05,
        "level": 0,
    }
    return VehicleReading(**(values | changes))


DRIVING = {"speed_mps": 10.0, "gap_m": 15.0}  # as a member: 5 m + 1.0 s
WIDE = {"speed_mps": 10.0, "gap_m": 25.0}  # as by radar: 5 m + 2.0 s


class Member:
    """Truck-02 in its convoy."""

    def __init__(self, me: str = ME) -> None:
        self.convoy = TruckConvoy(me, "supervisor", 4.0)
        self.at_ms = 0.0
        self.seen = a_reading()
        self.said: list[Effect] = []
        self.epoch = 0

    @property
    def phase(self) -> ConvoyPhase:
        return self.convoy.phase

    def hear(
        self, step: Any, manoeuvre: Any = JOIN, members: Any = BOTH, **more: Any
    ) -> list[FormationReply]:
        """One step; a PREPARE has the next number unless one is given."""
        barred = more.pop("barred", None)
        if step == FORMATION_STEP_PREPARE:
            self.epoch += 1
        values = {"convoy_id": "convoy-1", "epoch": self.epoch, "step": step}
        order = FormationOrder(**(values | {"manoeuvre": manoeuvre, "members": members} | more))
        said = self.convoy.on_order(a_now(self.at_ms), order, self.seen, barred)
        self.said += said
        return sends(said, FormationReply)

    def prepare(self, manoeuvre: Any = JOIN, members: Any = BOTH, **more: Any) -> Any:
        return self.hear(FORMATION_STEP_PREPARE, manoeuvre, members, **more)

    def commit(self, manoeuvre: Any = JOIN, members: Any = BOTH, **more: Any) -> Any:
        return self.hear(FORMATION_STEP_COMMIT, manoeuvre, members, **more)

    def abort(self, **more: Any) -> list[FormationReply]:
        return self.hear(FORMATION_STEP_ABORT, **more)

    def wait(self, ms: float, **reading: Any) -> list[FormationReply]:
        """Time passes, looked at whenever the truck wants to."""
        self.seen = a_reading(**reading)
        said: list[Effect] = []
        until_ms = self.at_ms + ms
        while self.at_ms < until_ms:
            self.at_ms = min(until_ms, self.at_ms + FORMATION_WATCH_MS / 2.0)
            due_ns = self.convoy.wake_ns
            if due_ns is not None and a_now(self.at_ms).mono_ns >= due_ns:
                said += self.convoy.watch(a_now(self.at_ms), self.seen)
        self.said += said
        return sends(said, FormationReply)

    def stop(self) -> list[FormationReply]:
        said = self.convoy.stop(a_now(self.at_ms), Reason.STOPPED_BY_ORDER)
        self.said += said
        return sends(said, FormationReply)

    # --- chapters ---

    def in_position(self) -> "Member":
        self.prepare()
        self.wait(2_000)
        return self

    def member(self) -> "Member":
        self.in_position()
        self.commit()
        return self

    def opening(self) -> "Member":
        self.member()
        self.seen = a_reading(**DRIVING)
        self.prepare(LEAVE, ())
        return self

    def opened(self) -> "Member":
        self.opening()
        self.wait(1_000, **WIDE)
        return self

    def keeping(self) -> "Member":
        self.member()
        self.prepare(JOIN, ALL)
        return self

    def leading(self) -> "Member":
        self.prepare(JOIN, (ME, BEHIND))
        self.commit(JOIN, (ME, BEHIND))
        return self

    def aborted(self) -> "Member":
        self.member()
        self.seen = a_reading(**DRIVING)
        self.abort()
        return self

    def approaching(self) -> "Member":
        self.seen = a_reading(gap_m=60.0)
        self.prepare()
        return self

    def solo(self) -> "Member":
        return self


CHAPTERS = {
    P.SOLO: Member.solo,
    P.APPROACHING: Member.approaching,
    P.IN_POSITION: Member.in_position,
    P.LEADING: Member.leading,
    P.MEMBER: Member.member,
    P.KEEPING: Member.keeping,
    P.OPENING: Member.opening,
    P.OPENED: Member.opened,
    P.ABORTED: Member.aborted,
}


def a_member(phase: ConvoyPhase) -> Member:
    member = CHAPTERS[phase](Member())
    assert member.phase is phase
    return member


def answers(replies: list[FormationReply]) -> list[int]:
    return [reply.answer for reply in replies]
