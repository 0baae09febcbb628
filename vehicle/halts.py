"""Halts: which words of pilot and guard stop the truck for good, how hard, and for what reason.

A halt that the truck has begun itself is lifted by the supervisor's operator alone.
"""

from dataclasses import dataclass
from typing import Final

from contract.reasons import Reason
from vehicle.orders import VehicleReading
from vehicle.pilot import columns as c

# What the guard's latch is for, as the log says it; and whether it brakes as hard as is assured.
TRIPS: Final = {
    c.CAUSE_OVERRUN: ("ran past the end of authority", True),
    c.CAUSE_OVERSPEED: ("could not stop before the end of authority", True),
    c.CAUSE_LOST: ("left the path", True),
    c.CAUSE_BLIND: ("its place on the path is not confirmed", False),
    c.CAUSE_GAP: ("came too close to the vehicle ahead", True),
    c.CAUSE_RADAR: ("the radar is dead", False),
    c.CAUSE_SILENT: ("the pilot gives no commands", False),
    c.CAUSE_ENVELOPE: ("the pilot's commands left the envelope again and again", False),
    c.CAUSE_PARTED: ("the trailer is not coupled", False),
    c.CAUSE_ROLLBACK: ("rolled backwards", True),
}


@dataclass(frozen=True, slots=True)
class Halt:
    """One cause to stop for good; `cause` names the stop, which its own lifting must name."""

    cause: str
    reason: Reason
    emergency: bool = False


_MILES: Final = (
    (c.MILE_LOST_PATH, Halt("path", Reason.NOT_ON_ROUTE, emergency=True)),
    (c.MILE_LOST_PLACE, Halt("place", Reason.PLACE_UNSURE)),
    (c.MILE_GAP_LOST, Halt("gap", Reason.GAP_LOST)),
    (c.MILE_IN_VAIN, Halt("progress", Reason.NO_PROGRESS)),
)
_GUARD: Final = "guard"
_TRAILER: Final = Halt("trailer", Reason.TRAILER_PARTED)
_REASONS: Final = {
    _GUARD: Reason.GUARD_TRIPPED,
    "revoked": Reason.RELEASE_REVOKED,
    **{halt.cause: halt.reason for halt in (*(halt for _, halt in _MILES), _TRAILER)},
}


def stop_name(cause: str, vehicle: str) -> str:
    """The stop that a truck is under by itself, as its lifting must name it."""
    return f"{cause}/{vehicle}"


def reason_of(stop_id: str) -> Reason:
    """What such a stop is for."""
    return _REASONS.get(stop_id.partition("/")[0], Reason.STOPPED_BY_ORDER)


def halts(reading: VehicleReading) -> list[Halt]:
    """Everything in this reading for which the truck must stop by itself."""
    if not reading.milestones and reading.trailer_coupled:
        return []
    found = [halt for bit, halt in _MILES if reading.milestones & bit]
    if reading.milestones & c.MILE_TRIPPED:
        _, hard = TRIPS.get(reading.trip_cause, ("", True))
        found.insert(0, Halt(_GUARD, Reason.GUARD_TRIPPED, emergency=hard))
    if not reading.trailer_coupled:
        found.append(_TRAILER)
    return found
