"""Slots at the gate: may this vehicle pass now, as far as windows go?

Pure. Only at an exit gate that is told to mind slots. The supervisor says who may pass when
(SlotNotice); the gate keeps it and looks at its own clock, as unsure as that is, for the vehicle
and the key that the slot is bound to. A supervisor that falls silent gives no more slots, and so
stops traffic; it lets nobody pass that is not cleared. Not here: who has which slot
(corridor/slots.py), releases (passage.py). Requirements: GATE-019 in docs/SAFETY.md.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from contract.agent import NS_PER_MS, Effect, Now, Persist, Refused, Send
from contract.reasons import Reason
from contract.v1.gate_pb2 import Passed, SlotNotice

_PREFIX: Final = "slot/"
SLOTS_MAX: Final = 1_024  # kept; the oldest goes, and its vehicle waits for another notice


class GateSlots:
    """Windows by crossing."""

    def __init__(self, gate: str, *, minded: bool) -> None:
        """`minded`: nobody passes without a slot."""
        self._gate = gate
        self._minded = minded
        self._slots: dict[str, SlotNotice] = {}

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Slots outlive a restart."""
        kept = [SlotNotice.FromString(v) for k, v in state.items() if k.startswith(_PREFIX)]
        for notice in sorted(kept, key=lambda each: each.number):
            self._slots[notice.crossing_id] = notice

    def note(self, notice: SlotNotice) -> list[Effect]:
        """Keep a slot, or forget one; an older word than the one that is kept changes nothing."""
        before = self._slots.get(notice.crossing_id)
        if notice.gate_id != self._gate or (before and before.number >= notice.number):
            return []
        self._slots.pop(notice.crossing_id, None)
        if not notice.until_utc_ms:
            return [Persist(_PREFIX + notice.crossing_id, None)] if before else []
        effects: list[Effect] = []
        if len(self._slots) >= SLOTS_MAX:
            oldest = next(iter(self._slots))
            del self._slots[oldest]
            effects.append(Persist(_PREFIX + oldest, None))
        self._slots[notice.crossing_id] = notice
        kept = notice.SerializeToString(deterministic=True)
        return [*effects, Persist(_PREFIX + notice.crossing_id, kept)]

    def used(self, out: Iterable[Effect]) -> list[Effect]:
        """A slot is good for once: those of vehicles that have passed are forgotten."""
        said = [each.message for each in out if isinstance(each, Send)]
        passed = [each.crossing_id for each in said if isinstance(each, Passed)]
        gone = [each for each in dict.fromkeys(passed) if self._slots.pop(each, None) is not None]
        return [Persist(_PREFIX + each, None) for each in gone]

    def judge(self, now: Now, crossing: str, vehicle: str, key_id: bytes) -> Refused | None:
        """Why this vehicle may not pass now; None if it may, or nobody minds."""
        if not self._minded:
            return None
        slot = self._slots.get(crossing)
        if slot is None:
            return Refused(Reason.SLOT_MISSING, f"{crossing} at {self._gate}")
        if (slot.vehicle_id, slot.vehicle_key_id) != (vehicle, key_id):
            return Refused(Reason.SLOT_FOREIGN, f"{crossing} is {slot.vehicle_id}'s")
        unsure_ms = now.utc_error_ns // NS_PER_MS
        early_ms = slot.from_utc_ms - unsure_ms - now.utc_ms
        late_ms = now.utc_ms - unsure_ms - slot.until_utc_ms
        if early_ms > 0:
            return Refused(Reason.SLOT_EARLY, f"by {early_ms / 1_000:.1f} s")
        if late_ms > 0:
            return Refused(Reason.SLOT_OVER, f"by {late_ms / 1_000:.1f} s")
        return None
