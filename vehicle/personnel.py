"""Personnel locks on this truck: taken, they stop it and keep it; given back, they alone let it go.

Pure. Locks are judged by the keys of persons (contract/personnel.py), never by who carries them,
and written down: a restart forgets none. A truck that still rolls comes to rest first; then it says
that it is held, and from then on its guard has no row. Not here: phases (agent.py).
Requirement: VEH-022 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import cast

from contract.agent import Effect, Received, Refused, Report, Send
from contract.events import Event
from contract.personnel import Lock, Locks
from contract.reasons import Reason
from contract.roster import Roster
from contract.v1.people_pb2 import PersonnelNotice, PersonnelStatus


class Personnel:
    """The locks on one truck."""

    def __init__(self, me: str, supervisor: str, roster: Roster) -> None:
        self._me = me
        self._supervisor = supervisor
        self._locks = Locks(roster)
        self._said: set[tuple[str, int]] = set()
        self._stood = False

    @property
    def held(self) -> bool:
        """Whether anybody holds a lock."""
        return bool(self._locks.held(self._me))

    @property
    def immobile(self) -> bool:
        """Whether the truck has come to rest under a lock."""
        return self.held and self._stood

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """Locks of earlier lives."""
        self._locks.restore(journal)

    def take(self, received: Received) -> list[Effect]:
        """A lock is taken or given back; anything else changes nothing and is said."""
        document = cast("PersonnelNotice", received.message).lock
        row = self._locks.judge(document)
        if not isinstance(row, Refused) and row.vehicle == self._me:
            kept = self._locks.keep(row)
            self._stood = self._stood and self.held
            return [kept, *([] if row.held else self._tell(row))]
        why = row if isinstance(row, Refused) else None
        fields = {
            "sender": received.sender,
            "reason": why.reason if why is not None else Reason.WRONG_RECIPIENT,
            "detail": why.detail if why is not None else "a lock on another truck",
        }
        return [Report(Event.MESSAGE_REFUSED, fields)]

    def watch(self, *, standing: bool) -> list[Effect]:
        """Say of each lock, once in a life, that the truck stands and will not move."""
        held = self._locks.held(self._me)
        if not held:
            return []
        self._stood = self._stood or standing
        new = [row for row in held if (row.person, row.number) not in self._said]
        if not self._stood or not new:
            return []
        self._said.update((row.person, row.number) for row in new)
        return [effect for row in new for effect in self._tell(row)]

    def _tell(self, row: Lock) -> list[Effect]:
        status = PersonnelStatus(
            vehicle_id=row.vehicle, person_id=row.person, number=row.number, held=row.held
        )
        event = Event.LOCK_HELD if row.held else Event.LOCK_GIVEN_BACK
        fields = {"vehicle": row.vehicle, "person": row.person, "number": row.number}
        return [Report(event, fields), Send(self._supervisor, status)]
