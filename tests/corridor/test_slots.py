"""Slots at the supervisor: who gets one, who loses it, and who cannot hoard.

Requirements: SUP-047 in docs/SAFETY.md.
"""

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.gate_pb2 import SlotNotice
from contract.v1.movement_pb2 import BerthReport, SlotReply, SlotRequest
from corridor.timetable.settings import SlotsConfig
from tests.corridor.control import CROSSINGS, Control
from tests.factories import START_UTC_MS, TRUCKS, a_signer, reports, sends

A, B, C = TRUCKS
PITCH_MS = 120_000


def a_control(**changes: int) -> Control:
    return Control(settings={"slots": SlotsConfig(pitch_ms=PITCH_MS, **changes)})


def book(control: Control, truck: str = A, **changes: object) -> SlotReply:
    """What a terminal is answered that books for a truck."""
    values: dict[str, object] = {
        "crossing_id": CROSSINGS[truck],
        "vehicle_id": truck,
        "vehicle_key_id": a_signer(truck).key_id,
        "earliest_utc_ms": START_UTC_MS,
    }
    request = SlotRequest(**(values | changes))  # type: ignore[arg-type]
    return sends(control.hear("terminal-kz", request), SlotReply, to="terminal-kz")[0]


def slots(control: Control, truck: str = A) -> list[SlotNotice]:
    """What the gate was told of a truck."""
    told = sends(control.said, SlotNotice, to="kz_out")
    return [each for each in told if each.crossing_id == CROSSINGS[truck]]


def test_slot_is_bound_to_crossing_and_key_and_told_to_terminal_and_gate() -> None:
    """SUP-047."""
    control = a_control().accounted()
    control.notice(A)
    reply = book(control)
    assert reply.accepted
    (notice,) = slots(control)
    assert (notice.vehicle_id, notice.vehicle_key_id) == (A, a_signer(A).key_id)
    assert (notice.from_utc_ms, notice.until_utc_ms) == (reply.from_utc_ms, reply.until_utc_ms)
    assert notice.from_utc_ms + 60_000 >= START_UTC_MS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"crossing_id": "BOT-1"}, Reason.SLOT_UNDECLARED),
        ({"vehicle_key_id": a_signer(B).key_id}, Reason.SLOT_FOREIGN),
        ({"vehicle_id": B, "vehicle_key_id": a_signer(B).key_id}, Reason.SLOT_FOREIGN),
        ({"vehicle_id": "truck-99"}, Reason.SLOT_FOREIGN),
    ],
)
def test_nobody_books_for_what_is_not_declared_or_not_theirs(
    changes: dict[str, object], reason: Reason
) -> None:
    """SUP-047: as bots would."""
    control = a_control().accounted()
    control.notice(A)
    reply = book(control, **changes)
    assert (reply.accepted, reply.reason) == (False, reason.name)
    assert sends(control.said, SlotNotice) == []
    assert reports(control.said, Event.SLOT_REFUSED)[-1]["terminal"] == "terminal-kz"


def test_one_slot_a_crossing_one_a_vehicle_and_so_many_a_terminal() -> None:
    """SUP-047."""
    control = a_control(per_trader=2).accounted()
    for truck in TRUCKS:
        control.notice(truck)
    control.notice(A, crossing_id="KZ-9")
    assert book(control, A).accepted
    assert book(control, A).reason == Reason.SLOT_TAKEN.name
    assert book(control, A, crossing_id="KZ-9").reason == Reason.SLOT_TAKEN.name
    assert book(control, B).accepted
    assert book(control, C).reason == Reason.SLOTS_GONE.name


def test_two_trucks_never_have_the_same_slot() -> None:
    control = a_control().accounted()
    for truck in TRUCKS:
        control.notice(truck)
        assert book(control, truck).accepted
    begins = [slots(control, truck)[-1].from_utc_ms for truck in TRUCKS]
    assert len(set(begins)) == len(TRUCKS)
    assert sorted(begins) == begins


def test_truck_that_is_ready_waits_parked_until_it_is_time_to_leave() -> None:
    """SUP-047."""
    control = a_control()
    control.at_ms = 1_000.0 - START_UTC_MS % PITCH_MS
    control.cleared(A, B)
    control.wake(0.0)
    waiting = [t for t in (A, B) if t not in control.agent.state.mission_of]
    assert waiting
    wait = control.agent.state.waits[waiting[-1]]
    assert (wait.reason, wait.resource) == (Reason.SLOT_LATER, "kz_out")
    for _ in range(2 * PITCH_MS // 30_000):
        control.at_ms += 29_000
        control.pass_time(1)
    assert set(control.agent.state.mission_of) == {A, B}


def test_who_does_not_come_loses_its_slot_to_who_is_ready() -> None:
    """SUP-047: a no-show frees it."""
    control = a_control().accounted()
    control.notice(A)
    assert book(control, A).accepted
    first = slots(control, A)[-1].from_utc_ms
    for _ in range(10):
        control.at_ms += 29_000
        control.pass_time(1)
    (freed,) = reports(control.said, Event.SLOT_FREED)
    assert (freed["crossing"], freed["reason"]) == (CROSSINGS[A], Reason.SLOT_OVER)
    assert slots(control, A)[-1].until_utc_ms == 0
    control.notice(B)
    assert book(control, B, earliest_utc_ms=0).from_utc_ms > first


class Apart(Control):
    """A stands at the berth next to the gate, B at the last one: two and a half minutes more."""

    @property
    def berths(self) -> dict[str, str]:
        return {A: "kz_b01", B: "kz_b32", C: "kz_b02"}


def an_absent_and_a_ready_truck(expected_ms: int) -> tuple[Control, int]:
    """A, expected so long after the start, is booked and not ready; B is ready just in time for
    A's slot. Until five minutes before that slot begins: B has had to leave, A not yet. Answers
    when it begins.
    """
    settings = {"slots": SlotsConfig(pitch_ms=PITCH_MS, early_ms=0)}
    control = Apart(settings=settings, map_name="bakhty_pokitu").accounted()
    control.notice(A)
    expected = BerthReport(
        berth_id=control.berths[A],
        vehicle_id=A,
        crossing_id=CROSSINGS[A],
        expected_utc_ms=START_UTC_MS + expected_ms,
    )
    control.hear("terminal-kz", expected)
    begins_ms = book(control, A, earliest_utc_ms=START_UTC_MS + 5 * 60_000).from_utc_ms
    for until_ms in (begins_ms - 500_000, begins_ms - 300_000):
        while control.now.utc_ms < until_ms:
            control.at_ms += 9_000
            control.pass_time(1)
        if not slots(control, B):
            control.cleared(B)
            assert slots(control, B)[-1].from_utc_ms > begins_ms
    return control, begins_ms


def test_slot_of_an_overdue_truck_is_taken_while_a_ready_one_can_still_reach_it() -> None:
    """SUP-047: even by one that has further to go than the truck that does not come."""
    control, begins_ms = an_absent_and_a_ready_truck(expected_ms=60_000)
    (freed,) = reports(control.said, Event.SLOT_FREED)
    assert (freed["crossing"], freed["reason"]) == (CROSSINGS[A], Reason.SLOT_OVER)
    assert slots(control, A)[-1].until_utc_ms == 0
    assert begins_ms in [each.from_utc_ms for each in slots(control, B)]
    assert B in control.agent.state.mission_of


@pytest.mark.parametrize("expected_ms", [-START_UTC_MS, 4 * 60_000, 5 * 60_000])
def test_truck_keeps_its_slot_until_it_should_have_left_unless_it_is_overdue(
    expected_ms: int,
) -> None:
    """SUP-047: overdue by its terminal's word, while whoever is ready can reach the slot."""
    control, begins_ms = an_absent_and_a_ready_truck(expected_ms)
    assert reports(control.said, Event.SLOT_FREED) == []
    assert begins_ms not in [each.from_utc_ms for each in slots(control, B)]
    assert slots(control, A)[-1].from_utc_ms == begins_ms


def test_slots_outlive_a_restart() -> None:
    """SUP-047."""
    control = a_control().accounted()
    control.notice(A)
    assert book(control, A).accepted
    control.start()
    control.accounted()
    control.notice(B)
    assert book(control, A).reason == Reason.SLOT_TAKEN.name
    assert book(control, B).from_utc_ms == slots(control, A)[-1].from_utc_ms + PITCH_MS


def test_truck_that_is_late_on_the_road_is_booked_anew() -> None:
    """SUP-047: by when it will be at the line."""
    control = a_control().cleared(A)
    while A not in control.agent.state.mission_of:
        control.at_ms += 4_000
        control.pass_time(1)
    control.accept(A)
    before = slots(control, A)[-1].until_utc_ms
    for _ in range(14):
        control.at_ms += 29_000
        control.pass_time(1)
    assert slots(control, A)[-1].until_utc_ms > before
    assert slots(control, A)[-1].until_utc_ms >= START_UTC_MS + control.at_ms


def test_without_slots_nobody_waits_for_one_and_a_booking_is_refused() -> None:
    control = Control().cleared(A)
    assert A in control.agent.state.mission_of
    assert book(control, A).reason == Reason.SLOTS_GONE.name
    assert sends(control.said, SlotNotice) == []
