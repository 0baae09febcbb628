"""Revocations that reach the truck: judged by the guard, written down before anything is done.

Pure. Anybody may carry one; it counts by its office's signature alone. Heard again, forged, or for
another release, it changes nothing. None is ever forgotten: an old release must not come back.
Not here: where the truck stands then (guard.py, refuge.py).
Requirements: VEH-018 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from contract.agent import Effect, Persist, Received, Refused, Report
from contract.events import Event
from contract.reasons import Reason
from contract.v1.document_pb2 import Document
from contract.v1.movement_pb2 import RevocationNotice
from vehicle.halts import Halt
from vehicle.road import Road

HELD: Final = Halt("revoked", Reason.RELEASE_REVOKED)
_KEY: Final = "revoked/"


def restore_revoked(road: Road, state: Mapping[str, bytes]) -> None:
    """What was taken back in earlier lives, from the journal; each is verified again."""
    for key, value in sorted(state.items()):
        if key.startswith(_KEY):
            road.revoke(Document.FromString(value))


def take_revocation(road: Road, received: Received) -> list[Effect]:
    """The guard's word on a revocation: written down and said if it is new."""
    document = cast("RevocationNotice", received.message).revocation
    taken = road.revoke(document)
    if isinstance(taken, Refused):
        if taken.reason is Reason.DUPLICATE:
            return []
        why: dict[str, Any] = {"reason": taken.reason, "detail": taken.detail}
        return [Report(Event.MESSAGE_REFUSED, {"sender": received.sender, **why})]
    office, release_id = taken
    crossing = road.mission.crossing_id if road.mission is not None else ""
    fields = {"office": office, "release": release_id, "crossing": crossing}
    raw = document.SerializeToString(deterministic=True)
    said = Report(Event.REVOCATION_TAKEN, fields)
    return [Persist(f"{_KEY}{office}/{release_id}", raw), said]
