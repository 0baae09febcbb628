"""Halts: trucks that have stopped by themselves for good, by their own word, until released.

Pure. A truck whose guard or pilot has stopped it says why; it obeys nothing until an operator has
released it through us, so it is given nothing before either. Written down: a restart of ours
forgets no halt. Not here: stops that people order (operators.py), what a truck stops for
(vehicle/halts.py). Requirement: SUP-016 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import Persist
from contract.reasons import Reason
from contract.v1.movement_pb2 import POSITION_CAUSE_STOPPED, PositionReport
from corridor.state import Halted, State

# The reason that a truck states, and what its stop is called: CAUSE/VEHICLE.
CAUSES: Final[Mapping[str, str]] = {
    Reason.GUARD_TRIPPED.name: "guard",
    Reason.TRAILER_PARTED.name: "trailer",
    Reason.NOT_ON_ROUTE.name: "path",
    Reason.PLACE_UNSURE.name: "place",
    Reason.GAP_LOST.name: "gap",
    Reason.NO_PROGRESS.name: "progress",
}
_KEY: Final = "halt/"


def restore(state: State, journal: Mapping[str, bytes]) -> None:
    """Halts before a restart are halts after it."""
    for key, value in sorted(journal.items()):
        if key.startswith(_KEY):
            state.halts[key.removeprefix(_KEY)] = msgspec.msgpack.decode(value, type=Halted)


def reported(state: State, vehicle: str, report: PositionReport) -> None:
    """A truck says that it has stopped; if it did so by itself, it is halted from now on."""
    cause = CAUSES.get(report.reason)
    if report.cause != POSITION_CAUSE_STOPPED or cause is None:
        return
    stop_id = f"{cause}/{vehicle}"
    if stop_id not in state.halts:
        halted = state.halts[stop_id] = Halted(vehicle, report.reason)
        state.out.append(Persist(_KEY + stop_id, msgspec.msgpack.encode(halted)))
    mission_id = state.mission_of.get(vehicle)
    if mission_id is not None:
        state.dirty[mission_id] = None


def released(state: State, stop_id: str) -> None:
    """An operator has released this halt, if it is one."""
    if state.halts.pop(stop_id, None) is not None:
        state.out.append(Persist(_KEY + stop_id, None))
