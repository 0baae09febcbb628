"""Slots at the gate: bound to crossing, vehicle and key, by the gate's own clock.

Requirements: GATE-019 in docs/SAFETY.md.
"""

import pytest

from contract.agent import Refused
from contract.reasons import Reason
from contract.v1.gate_pb2 import PermitGranted, PermitRefused, SlotNotice
from gate.slots import SLOTS_MAX, GateSlots
from tests.factories import START_UTC_MS, a_now, a_signer, after_commit, sends
from tests.gate.cabinet import GATE, Cabinet

TRUCK, OTHER, CROSSING = "truck-01", "truck-02", "KZ-1"
KEY = a_signer(TRUCK).key_id
FROM_MS, UNTIL_MS = START_UTC_MS + 60_000, START_UTC_MS + 180_000


def a_slot(number: int = 1, **changes: object) -> SlotNotice:
    values: dict[str, object] = {
        "gate_id": GATE,
        "crossing_id": CROSSING,
        "vehicle_id": TRUCK,
        "vehicle_key_id": KEY,
        "from_utc_ms": FROM_MS,
        "until_utc_ms": UNTIL_MS,
        "number": number,
    }
    return SlotNotice(**(values | changes))  # type: ignore[arg-type]


def a_gate(*notices: SlotNotice) -> GateSlots:
    slots = GateSlots(GATE, minded=True)
    for notice in notices:
        slots.note(notice)
    return slots


def judged(
    slots: GateSlots, at_ms: float, *, vehicle: str = TRUCK, key: bytes = KEY, error_ms: float = 0.0
) -> Reason | None:
    found = slots.judge(a_now(at_ms, error_ms=error_ms), CROSSING, vehicle, key)
    return found.reason if isinstance(found, Refused) else None


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (59_999.0, Reason.SLOT_EARLY),
        (60_000.0, None),
        (180_000.0, None),
        (180_001.0, Reason.SLOT_OVER),
    ],
)
def test_window_is_open_from_its_first_to_its_last_millisecond(
    at_ms: float, reason: Reason | None
) -> None:
    """GATE-019."""
    assert judged(a_gate(a_slot()), at_ms) is reason


@pytest.mark.parametrize("at_ms", [59_000.0, 181_000.0])
def test_clock_that_is_unsure_holds_nobody_back_for_its_own_error(at_ms: float) -> None:
    assert judged(a_gate(a_slot()), at_ms, error_ms=1_000.0) is None
    assert judged(a_gate(a_slot()), at_ms, error_ms=0.0) is not None


def test_refusal_says_by_how_much() -> None:
    refused = a_gate(a_slot()).judge(a_now(190_500.0, error_ms=0.0), CROSSING, TRUCK, KEY)
    assert refused == Refused(Reason.SLOT_OVER, "by 10.5 s")


def test_slot_is_good_for_its_vehicle_and_key_alone() -> None:
    """GATE-019."""
    slots = a_gate(a_slot())
    assert judged(slots, 90_000.0, vehicle=OTHER) is Reason.SLOT_FOREIGN
    assert judged(slots, 90_000.0, key=a_signer(OTHER).key_id) is Reason.SLOT_FOREIGN


def test_nobody_passes_without_a_slot_unless_nobody_minds() -> None:
    assert judged(a_gate(), 90_000.0) is Reason.SLOT_MISSING
    assert judged(GateSlots(GATE, minded=False), 90_000.0) is None


def test_slot_of_another_gate_and_older_word_change_nothing() -> None:
    """GATE-019."""
    slots = a_gate(a_slot(number=5), a_slot(number=4, from_utc_ms=0, until_utc_ms=0))
    assert judged(slots, 90_000.0) is None
    assert slots.note(a_slot(number=9, gate_id="cn_out")) == []
    slots.note(a_slot(number=6, from_utc_ms=0, until_utc_ms=0))
    assert judged(slots, 90_000.0) is Reason.SLOT_MISSING


def test_slots_outlive_a_restart_and_are_limited() -> None:
    """GATE-019: the oldest goes, its vehicle has to have another."""
    slots = GateSlots(GATE, minded=True)
    disk: dict[str, bytes] = {}
    for number in range(SLOTS_MAX + 1):
        notice = a_slot(number=number + 1, crossing_id=f"KZ-{number}")
        disk = after_commit(disk, slots.note(notice))
    assert len(disk) == SLOTS_MAX
    again = GateSlots(GATE, minded=True)
    again.restore(disk)
    now = a_now(90_000.0)
    assert again.judge(now, f"KZ-{SLOTS_MAX}", TRUCK, KEY) is None
    assert again.judge(now, "KZ-0", TRUCK, KEY) is not None


def test_truck_outside_its_window_is_refused_and_passes_within_it_once() -> None:
    """GATE-019: the whole gate, which asks for both releases as ever, over a restart."""
    rig = Cabinet(slots=True).arrived()
    rig.ask()
    assert told(rig) == [Reason.SLOT_MISSING.name]
    rig.hear("supervisor", a_slot())
    rig.ask()
    assert told(rig)[1:] == [Reason.SLOT_EARLY.name]
    rig.at_ms = 90_000.0
    rig.start()
    rig.passed()
    assert told(rig)[2:] == []
    assert "slot/KZ-1" not in rig.disk
    rig.arrived()
    rig.ask(attempt=2)
    assert told(rig)[2:] == [Reason.SLOT_MISSING.name]


def test_slot_that_is_taken_back_after_the_challenge_raises_no_arm() -> None:
    """GATE-019."""
    rig = Cabinet(slots=True, at_ms=90_000.0)
    rig.hear("supervisor", a_slot())
    rig.challenged()
    rig.hear("supervisor", a_slot(number=2, from_utc_ms=0, until_utc_ms=0))
    rig.answer()
    assert told(rig) == [Reason.SLOT_MISSING.name]
    assert not sends(rig.said, PermitGranted)


def told(rig: Cabinet) -> list[str]:
    """Every no that the truck was told."""
    return [each.reason for each in sends(rig.said, PermitRefused)]
