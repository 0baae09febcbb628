"""A gate that dies at every committed point of a passage, with its lane going on without it.

The lane is closed: an arm that obeys, a truck that asks, answers, and drives when it may. A crash
takes either everything behind the commit, or nothing; what was promised durably is in the commit.
"""

from dataclasses import dataclass, field
from typing import Final

import pytest

from contract.agent import Act, Effect, Report, Send
from contract.events import Event
from contract.v1.gate_pb2 import Challenge, Passed, PermitGranted, PermitRefused
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import acts, reports, sends
from tests.gate.cabinet import Cabinet

TICK_MS: Final = 100
RISE_TICKS, ASK_TICKS, START_TICKS = 20, 50, 10
LONG_TICKS: Final = 1_500
AFTER_TICKS: Final = 50
# Ticks of a truck that has started, from the line on: when it is where.
REACHES_ARM, LEAVES_ARM, LEAVES_CELL = 20, 60, 90


@dataclass
class Lane:
    """One truck before one gate. `crash_at` counts turns in which the gate says anything."""

    crash_at: int = -1
    loses_all: bool = True
    down_ticks: int = 3
    gate: Cabinet = field(default_factory=Cabinet)
    arm: Barrier = Barrier.CLOSED
    goal: Barrier = Barrier.CLOSED
    arm_ticks: int = 0
    truck_ticks: int = -1
    permitted: bool = False
    attempt: int = 0
    ask_ticks: int = 0
    turns: int = 0
    down: int = 0
    opened: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    said: list[Report] = field(default_factory=list)
    mail: list[Send] = field(default_factory=list)

    def run(self) -> "Lane":
        self.gate.idle()
        for _ in range(LONG_TICKS):
            self.tick()
            if self.left and not self.down and self.arm is Barrier.CLOSED and self.passed:
                break
        for _ in range(AFTER_TICKS):
            self.tick()
        return self

    @property
    def left(self) -> bool:
        return self.truck_ticks >= LEAVES_CELL

    def tick(self) -> None:
        self._move_arm()
        self._move_truck()
        self.gate.at_ms += TICK_MS
        if self.down:
            self.down -= 1
            if not self.down:
                self._carry(self.gate.start())
            return
        self._carry(self.gate.wake(later_ms=0, **self.cell()))
        mail, self.mail = self.mail, []
        for each in mail:
            if not self.down:
                self._answer(each)

    def cell(self) -> dict[str, object]:
        at_line = self.truck_ticks < REACHES_ARM
        return {
            "barrier": self.arm,
            "loop_occupied": REACHES_ARM <= self.truck_ticks < LEAVES_ARM,
            "plate": "truck-01" if at_line else "",
            "seals": ("S-1",) if at_line else (),
            "cell_vehicles": 0 if self.left else 1,
        }

    def _move_arm(self) -> None:
        if self.down and self.left:
            self._send_arm(Barrier.CLOSED)  # the hardware's own
        if self.arm is Barrier.MOVING:
            self.arm_ticks -= 1
            if self.arm_ticks <= 0:
                self.arm = self.goal

    def _send_arm(self, goal: Barrier) -> None:
        if goal is not self.goal:
            self.goal, self.arm, self.arm_ticks = goal, Barrier.MOVING, RISE_TICKS

    def _move_truck(self) -> None:
        if self.permitted:
            self.truck_ticks += 1
            if self.truck_ticks == REACHES_ARM and self.arm is not Barrier.OPEN:
                self.faults.append(f"drove into an arm that is {self.arm.value}")
            if self.truck_ticks == LEAVES_CELL:
                self.gate.count += 1
        elif not self.down:
            self.ask_ticks -= 1
            if self.ask_ticks < 0:
                self.ask_ticks, self.attempt = ASK_TICKS, self.attempt + 1
                self._carry(self.gate.ask(attempt=self.attempt))

    def _answer(self, mail: Send) -> None:
        """What the truck makes of a word of the gate."""
        word = mail.message
        if isinstance(word, Challenge) and not self.permitted:
            self._carry(self.gate.answer(nonce=word.nonce, attempt=self.attempt))
        elif isinstance(word, PermitGranted) and word.attempt == self.attempt:
            self.permitted = True
            if self.truck_ticks < 0:
                self.truck_ticks = -START_TICKS
        elif isinstance(word, PermitRefused) and word.attempt == self.attempt:
            self.permitted = self.permitted and self.truck_ticks >= 0

    def _carry(self, effects: list[Effect]) -> None:
        """Carry out a turn, or die in it: what makes safer went first, the commit is on disk."""
        dies = False
        if effects:
            dies = self.turns == self.crash_at
            self.turns += 1
        for each in effects:
            durable = isinstance(each, Send) and isinstance(each.message, Passed)
            safer = isinstance(each, Act) and each.command.makes_safer
            if dies and self.loses_all and not (durable or safer):
                continue
            self._carry_one(each)
        if dies:
            self.down, self.mail, self.ask_ticks = self.down_ticks, [], 0

    def _carry_one(self, effect: Effect) -> None:
        match effect:
            case Act(command=OpenBarrier(permit_id=permit)):
                if self.gate.disk.get(f"permit/{permit}") != b"consumed":
                    self.faults.append(f"opened without {permit}")
                self.opened.append(permit)
                self._send_arm(Barrier.OPEN)
            case Act(command=CloseBarrier()):
                if not REACHES_ARM <= self.truck_ticks < LEAVES_ARM:
                    self._send_arm(Barrier.CLOSED)
            case Send(message=Passed() as passed, to="supervisor"):
                self.passed.append(passed.permit_id)
            case Send(to="truck-01"):
                self.mail.append(effect)
            case Report():
                self.said.append(effect)


UNDISTURBED: Final = Lane().run()


def test_lane_by_itself_lets_one_truck_through_on_one_permit() -> None:
    assert UNDISTURBED.left
    assert UNDISTURBED.faults == []
    assert len(UNDISTURBED.opened) == len(UNDISTURBED.passed) == 1
    assert 8 <= UNDISTURBED.turns < 60, "most turns of the day are heartbeats"


@pytest.mark.parametrize("loses_all", [True, False], ids=["at the commit", "after the turn"])
@pytest.mark.parametrize("down_ticks", [3, 40, 400])
@pytest.mark.parametrize("turn", range(UNDISTURBED.turns))
def test_gate_that_dies_in_any_turn_finishes_the_passage_on_one_permit(
    turn: int, down_ticks: int, loses_all: bool
) -> None:
    """GATE-005 to GATE-009, I5, I6, I11."""
    lane = Lane(turn, loses_all, down_ticks).run()
    assert lane.faults == []
    assert lane.left
    assert len(set(lane.opened)) == len(lane.opened), "no permit opens twice"
    permits = {key: state for key, state in lane.gate.disk.items() if key.startswith("permit/")}
    assert list(permits.values()).count(b"passed") == 1, permits
    assert set(permits.values()) <= {b"passed", b"void"}, permits
    assert len(lane.passed) == 1
    assert "ticket/open" not in lane.gate.disk
    assert lane.arm is Barrier.CLOSED
    lost = [each for each in lane.said if each.event in (Event.GATE_HELD, Event.BARRIER_FAILED)]
    assert lost == []


def test_restarted_gate_that_took_a_truck_at_the_line_for_one_beyond_the_arm_finds_out() -> None:
    """Its plate was not read at first; the arm is down, and it asks."""
    gate = Cabinet().consumed()
    gate.start()
    gate.wake(plate="", seals=())
    assert [each.reason for each in sends(gate.ask(), PermitRefused)] == ["GATE_BUSY"]
    gate.wake(plate="truck-01", seals=("S-1",))
    assert len(reports(gate.said, Event.PERMIT_VOIDED)) == 1
    assert sends(gate.ask(attempt=2), Challenge)


def test_restarted_gate_lowers_the_arm_behind_a_truck_that_it_had_seen_below_it() -> None:
    """I19: written down, so that nobody waits for a truck that is through."""
    gate = Cabinet().under_arm()
    gate.start()
    assert acts(gate.wake(loop_occupied=False), CloseBarrier)


def test_restarted_gate_does_not_lower_the_arm_before_a_truck_that_nobody_sees() -> None:
    """GATE-004: let go, not read at its line, never seen below the arm."""
    gate = Cabinet().open()
    gate.start()
    gate.wake(plate="", seals=())
    gate.wake(later_ms=60_000)
    assert not acts(gate.said, CloseBarrier)
    assert not reports(gate.said, Event.BARRIER_FAILED)
    gate.wake(loop_occupied=True)
    assert acts(gate.wake(loop_occupied=False), CloseBarrier)


@pytest.mark.parametrize("turn", range(UNDISTURBED.turns))
def test_void_permits_are_said_with_their_reason(turn: int) -> None:
    """I28: a permit that was consumed and not passed on has an event."""
    lane = Lane(turn).run()
    void = [each for each in lane.gate.disk.values() if each == b"void"]
    said = [each for each in lane.gate.said if isinstance(each, Report)]
    voided = [each.fields["reason"] for each in said if each.event is Event.PERMIT_VOIDED]
    assert len(voided) == len(void)
