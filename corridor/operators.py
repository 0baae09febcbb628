"""Operators: what people in control rooms and at the site order, each verb to whom it belongs.

Pure. Every command is answered. Here: places closed and opened, halted trucks released. Not here:
stops by scope (stops.py), closed sections and possessions (closures.py).
"""

from collections.abc import Callable, Mapping
from typing import Final

from contract.agent import Now, Persist, Role, Send
from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_PLACE,
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_ENTER_SECTION,
    OPERATOR_VERB_LEAVE_SECTION,
    OPERATOR_VERB_OPEN_PLACE,
    OPERATOR_VERB_OPEN_SECTION,
    OPERATOR_VERB_PROVE_ZONE,
    OPERATOR_VERB_RESUME,
    OPERATOR_VERB_SITE_SAFE,
    OPERATOR_VERB_STOP,
    OPERATOR_VERB_SWITCHED_OFF,
    OperatorCommand,
    OperatorReply,
    StopLifted,
)
from corridor.halts import released
from corridor.manned import enter, leave
from corridor.people import People
from corridor.proofs import prove
from corridor.records import Mission
from corridor.rescue import switched_off
from corridor.state import State

# Noted, and the reason says what is still wanted.
_TAKEN_ALL_THE_SAME: Final = (Reason.RELEASED_HALF,)


class Operators:
    """Carries out what operators order."""

    def __init__(
        self,
        state: State,
        again: Callable[[Mission], None],
        people: People,
    ) -> None:
        """`again` says the authority in force anew (grants.py)."""
        self._state = state
        self._again = again
        self._stops = people.stops
        self._closures = people.closures
        self._locks = people.locks

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Places closed before a restart are closed after it."""
        for key, value in sorted(state.items()):
            if key.startswith("closed/"):
                self._state.closed[key.removeprefix("closed/")] = value.decode()

    def on_command(self, now: Now, operator: str, command: OperatorCommand) -> None:
        """Carry out what is ordered; anything that is no order is answered with a no."""
        stop_id, reason = self._obey(now, operator, command)
        reply = OperatorReply(
            stop_id=stop_id,
            accepted=reason in (None, *_TAKEN_ALL_THE_SAME),
            reason=reason.name if reason else "",
            clear=command.verb == OPERATOR_VERB_CLOSE_SECTION and self._closures.is_clear(stop_id),
        )
        self._state.out.append(Send(operator, reply))

    def _obey(self, now: Now, operator: str, command: OperatorCommand) -> tuple[str, Reason | None]:
        """Name of the stop or closure that was meant, and why not."""
        verb, name = command.verb, command.stop_id
        if verb == OPERATOR_VERB_STOP:
            return self._stops.order(now, operator, command)
        if verb == OPERATOR_VERB_CLOSE_SECTION:
            return self._closures.close(now, operator, command)
        if verb == OPERATOR_VERB_RESUME and name not in self._state.stops:
            return name, self._release_halted(operator, name)
        if verb == OPERATOR_VERB_RESUME:
            return name, self._stops.resume(operator, name)
        if verb == OPERATOR_VERB_SITE_SAFE:
            return name, self._stops.site_safe(operator, name)
        if verb == OPERATOR_VERB_OPEN_SECTION:
            return name, self._open_section(operator, name)
        if verb in (OPERATOR_VERB_CLOSE_PLACE, OPERATOR_VERB_OPEN_PLACE):
            return name, self._place(operator, command)
        if verb == OPERATOR_VERB_PROVE_ZONE:
            return name, prove(self._state, command.target, operator)
        if verb == OPERATOR_VERB_SWITCHED_OFF:
            return name, switched_off(
                self._state, self._closures, self._locks, operator=operator, command=command
            )
        if verb == OPERATOR_VERB_ENTER_SECTION:
            return name, enter(self._state, self._closures, operator, command)
        if verb == OPERATOR_VERB_LEAVE_SECTION:
            return name, leave(self._state, operator, command)
        return name, Reason.MALFORMED

    def _open_section(self, operator: str, name: str) -> Reason | None:
        """Whoever has stayed in it gets its authority afresh: it may have started without one."""
        stayed = self._closures.staying(name)
        reason = self._closures.open(operator, name)
        for vehicle in stayed if reason is None else ():
            mission = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
            if mission is not None and mission.accepted:
                self._again(mission)
        return reason

    def _place(self, operator: str, command: OperatorCommand) -> Reason | None:
        """Nobody new is sent to a place that is closed; whoever is on the way there is sent to
        another that will do. Any operator opens it again.
        """
        state, place = self._state, command.target
        corridor = state.map
        if place not in {**corridor.bays, **corridor.stations, **corridor.berths}:
            return Reason.MALFORMED
        closes = command.verb == OPERATOR_VERB_CLOSE_PLACE
        if closes == (place in state.closed):
            return None  # it is so already
        if closes:
            state.closed[place] = operator
            fields = {"place": place, "operator": operator, "reason": command.reason}
            state.say(Event.PLACE_CLOSED, **fields)
        else:
            del state.closed[place]
            state.say(Event.PLACE_OPENED, place=place, operator=operator)
        state.out.append(Persist(f"closed/{place}", operator.encode() if closes else None))
        state.dispatch_due = True
        state.dirty.update(dict.fromkeys(state.missions))
        return None

    def _release_halted(self, operator: str, stop_id: str) -> Reason | None:
        """A truck that its own guard stopped: `guard/NAME`, `path/NAME` and their like are lifted
        through us. Released from the last of them it gets its authority afresh.
        """
        _, _, vehicle = stop_id.partition("/")
        fleet = self._state.roster.of_role(Role.VEHICLE)
        if all(node.name != vehicle for node in fleet):
            return Reason.MALFORMED
        self._state.say(Event.STOP_ENDED, stop=stop_id, issuer=operator)
        lifted = StopLifted(stop_id=stop_id, issuer=self._state.name)
        self._state.out.append(Send(vehicle, lifted))
        released(self._state, stop_id)
        mission = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
        if mission is not None:
            self._again(mission)
            self._state.dirty[mission.mission_id] = None
        return None
