"""Operators: stop and resume, by scope, attributable, lifted only by whoever ordered it; places
closed and opened.

Pure. A stop is written down before it is sent and survives a restart of the supervisor.
"""

from collections.abc import Callable, Mapping

import msgspec

from contract.agent import Persist, Role, Send
from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_PLACE,
    OPERATOR_VERB_OPEN_PLACE,
    OPERATOR_VERB_PROVE_ZONE,
    OPERATOR_VERB_RESUME,
    OPERATOR_VERB_STOP,
    STOP_SCOPE_ALL,
    STOP_SCOPE_CONVOY,
    STOP_SCOPE_SIDE,
    STOP_SCOPE_VEHICLE,
    OperatorCommand,
    OperatorReply,
    StopLifted,
    StopOrder,
    StopScope,
)
from corridor.halts import released
from corridor.proofs import prove
from corridor.records import Mission
from corridor.state import State, StopInForce


class Operators:
    """Carries out what operators order."""

    def __init__(self, state: State, again: Callable[[Mission], None]) -> None:
        """`again` says the authority in force anew (grants.py)."""
        self._state = state
        self._again = again

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Stops in force before a restart are in force after it, and closed places closed."""
        for key, value in sorted(state.items()):
            if key.startswith("stop/"):
                stop = msgspec.msgpack.decode(value, type=StopInForce)
                self._state.stops[stop.stop_id] = stop
            elif key.startswith("closed/"):
                self._state.closed[key.removeprefix("closed/")] = value.decode()

    def on_command(self, operator: str, command: OperatorCommand) -> None:
        """Stop or resume, close or open a place, prove a zone; else the answer is a no."""
        reason: Reason | None = Reason.MALFORMED
        stop_id = command.stop_id
        if command.verb == OPERATOR_VERB_STOP:
            stop_id, reason = self._stop(operator, command)
        elif command.verb == OPERATOR_VERB_RESUME:
            reason = self._resume(operator, stop_id)
        elif command.verb in (OPERATOR_VERB_CLOSE_PLACE, OPERATOR_VERB_OPEN_PLACE):
            reason = self._place(operator, command)
        elif command.verb == OPERATOR_VERB_PROVE_ZONE:
            reason = prove(self._state, command.target, operator)
        reply = OperatorReply(
            stop_id=stop_id, accepted=reason is None, reason=reason.name if reason else ""
        )
        self._state.out.append(Send(operator, reply))

    def _stop(self, operator: str, command: OperatorCommand) -> tuple[str, Reason | None]:
        vehicles = self._meant(command.scope, command.target)
        if not vehicles:
            return "", Reason.MALFORMED
        stop_id = f"stop-{self._state.store.next_number('stop')}"
        stop = StopInForce(stop_id, operator, vehicles, command.reason)
        self._state.stops[stop_id] = stop
        self._state.out.append(Persist(f"stop/{stop_id}", msgspec.msgpack.encode(stop)))
        self._state.say(
            Event.STOP_ORDERED,
            stop=stop_id,
            scope=StopScope.Name(command.scope).removeprefix("STOP_SCOPE_").lower(),
            target=command.target,
            reason=command.reason,
            issuer=operator,
        )
        order = StopOrder(stop_id=stop_id, emergency=False, reason=command.reason, issuer=operator)
        self._state.out += [Send(vehicle, order) for vehicle in vehicles]
        return stop_id, None

    def _resume(self, operator: str, stop_id: str) -> Reason | None:
        stop = self._state.stops.get(stop_id)
        if stop is None:
            return self._release_halted(operator, stop_id)
        if stop.issuer != operator:
            return Reason.STOP_IN_FORCE
        del self._state.stops[stop_id]
        self._state.out.append(Persist(f"stop/{stop_id}", None))
        self._state.say(Event.STOP_ENDED, stop=stop_id, issuer=operator)
        lifted = StopLifted(stop_id=stop_id, issuer=operator)
        self._state.out += [Send(vehicle, lifted) for vehicle in stop.vehicles]
        self._state.dispatch_due = True
        self._state.dirty.update(dict.fromkeys(self._state.missions))
        return None

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
        if vehicle not in self._fleet():
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

    def _meant(self, scope: int, target: str) -> tuple[str, ...]:
        """Vehicles that a scope means, by name."""
        state = self._state
        if scope == STOP_SCOPE_ALL:
            return self._fleet()
        if scope == STOP_SCOPE_VEHICLE:
            return (target,) if target in self._fleet() else ()
        if scope == STOP_SCOPE_CONVOY:
            found = [m.vehicle for m in state.missions.values() if m.convoy == target]
            return tuple(sorted(found))
        if scope == STOP_SCOPE_SIDE:
            known = {str(lane.country) for lane in state.map.lanes.values() if lane.country}
            if target in known:
                return tuple(v for v in self._fleet() if target in self._sides(v, known))
        return ()

    def _fleet(self) -> tuple[str, ...]:
        """Every vehicle of the roster, heard or not: a stop waits for whoever is not heard."""
        return tuple(node.name for node in self._state.roster.of_role(Role.VEHICLE))

    def _sides(self, vehicle: str, known: set[str]) -> set[str]:
        """Countries that a vehicle stands in; none on the line, any while that is not known."""
        zones, lanes = self._state.zones.entered_by(vehicle), self._state.map.lanes
        if not zones:
            return known
        inside = {
            lanes[lane].country for zone in zones for lane in self._state.map.zones[zone].lanes
        }
        return {str(country) for country in inside if country}
