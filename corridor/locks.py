"""Personnel locks as the supervisor has them: no road for a truck while anybody holds its lock.

Pure. The same judgement as the truck's own (contract/personnel.py) on a table of its own, written
down. The document is carried on to the truck, and the truck's word back to whoever took the lock.
Not here: what bars a truck otherwise (bars.py). Requirement: SUP-029 in docs/SAFETY.md.
"""

from collections.abc import Mapping

from contract.agent import Refused, Role, Send
from contract.events import Event
from contract.personnel import Locks
from contract.reasons import Reason
from contract.route import Route
from contract.v1.movement_pb2 import OperatorReply
from contract.v1.people_pb2 import PersonnelNotice, PersonnelStatus
from corridor.records import Mission
from corridor.state import No, State


class PersonnelLocks:
    """Takes locks, passes them on, and votes."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._locks = Locks(state.roster)

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """A lock that was held before a restart is held after it."""
        self._locks.restore(journal)

    def on_notice(self, sender: str, notice: PersonnelNotice) -> None:
        """A person takes or gives back a lock; whoever brought the document is answered."""
        state = self._state
        row = self._locks.judge(notice.lock)
        if not isinstance(row, Refused) and not self._is_truck(row.vehicle):
            row = Refused(Reason.MALFORMED, f"no vehicle {row.vehicle}")
        if isinstance(row, Refused):
            state.out.append(Send(sender, OperatorReply(reason=row.reason.name)))
            return
        state.out.append(self._locks.keep(row))
        state.say(
            Event.LOCK_TAKEN if row.held else Event.LOCK_GIVEN_BACK,
            vehicle=row.vehicle,
            person=row.person,
            number=row.number,
        )
        state.out.append(Send(row.vehicle, notice))
        name = f"lock/{row.vehicle}/{row.person}/{row.number}"
        state.out.append(Send(sender, OperatorReply(stop_id=name, accepted=True)))
        mission_id = state.mission_of.get(row.vehicle)
        if mission_id is not None:
            state.dirty[mission_id] = None

    def on_status(self, vehicle: str, status: PersonnelStatus) -> None:
        """The truck's own word goes to the person it is for, if it is the truck's own."""
        person = self._state.roster.nodes.get(status.person_id)
        if status.vehicle_id == vehicle and person is not None and person.role is Role.OPERATOR:
            self._state.out.append(Send(person.name, status))

    def _is_truck(self, name: str) -> bool:
        node = self._state.roster.nodes.get(name)
        return node is not None and node.role is Role.VEHICLE

    def holds(self, vehicle: str) -> No | None:
        """Who is at this truck."""
        for row in self._locks.held(vehicle):
            return No(Reason.PERSON_AT_TRUCK, vehicle, row.person)
        return None

    def held_by(self, person: str, vehicle: str) -> bool:
        """Whether this person holds a lock on this truck."""
        return any(row.person == person for row in self._locks.held(vehicle))

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """No zone at all for a truck whose lock is held."""
        return self.holds(mission.vehicle)
