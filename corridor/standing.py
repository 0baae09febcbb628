"""Standing: why a truck does not move though it has road left.

Pure. Grants say why there is no more road; a truck may also stand in front of what it has been
given: behind another truck, or at a gate that has not let it in yet. Whoever stands longer than a
manoeuvre takes has a reason, so that nobody stands for good without one. Decides nothing about
movement. Requirement: SUP-011 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.reasons import Reason
from contract.v1.movement_pb2 import STOP_KIND_GATE, VEHICLE_STATE_AT_GATE
from corridor.records import Mission
from corridor.state import No, State

STOOD_MS: Final = 10_000  # longer than moving off, or moving up by a truck's length, takes
AT_LINE_M: Final = 2.0
TO_ARM_M: Final = 18.0  # a truck that was let go, and stopped before the arm or with it above it
_OURS: Final = (Reason.VEHICLE_AHEAD, Reason.PERMIT_PENDING, Reason.GATE_FAULT)


def stands_long(state: State, now: Now, vehicle: str) -> bool:
    """Whether a truck has stood for so long that somebody may ask why."""
    heard = state.heard.get(vehicle)
    if heard is None or heard.stood_ns is None:
        return False
    return now.mono_ns - heard.stood_ns >= STOOD_MS * NS_PER_MS


def why(state: State, now: Now, mission: Mission) -> No | None:
    """What a truck that stands with road left waits for; None while nobody need ask.

    Its time to move off begins when what it waited for before is over.
    """
    before, heard = state.waits.get(mission.vehicle), state.heard[mission.vehicle]
    if before is not None and before.reason not in _OURS and heard.stood_ns is not None:
        heard.stood_ns = now.mono_ns
    if not stands_long(state, now, mission.vehicle):
        return None
    if heard.state == VEHICLE_STATE_AT_GATE:
        for stop in mission.stops:
            if stop.kind == STOP_KIND_GATE and -AT_LINE_M <= heard.front_m - stop.at_m <= TO_ARM_M:
                faulty = stop.place in state.faulty_gates
                reason = Reason.GATE_FAULT if faulty else Reason.PERMIT_PENDING
                return No(reason, stop.place, stop.place)
    for zone, _, _ in state.route(mission).zone_spans[mission.cleared : mission.next_span]:
        holders = state.zones.holders(zone)
        place = holders.index(mission.vehicle) if mission.vehicle in holders else 0
        if place > 0:
            return No(Reason.VEHICLE_AHEAD, zone, holders[place - 1])
    return None
