"""Stops that people order: by scope, attributable, ended by their issuer and a second person.

Pure. A scope is a vehicle, a convoy, a side, a section or all. It counts when it is ordered and
later: a truck that comes into it is stopped too, and no zone of a stopped side or section is given.
A stop ends when its issuer has released it and another operator has confirmed that its site is
safe, in either order. It is written down before it is sent and outlives restarts.
Not here: what a truck does (vehicle/stops.py), trucks that stop by themselves (halts.py).
Requirements: SUP-012, SUP-028 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import Now, Persist, Role, Send
from contract.events import Event
from contract.reasons import Reason
from contract.route import Route
from contract.v1.movement_pb2 import (
    STOP_SCOPE_ALL,
    STOP_SCOPE_CONVOY,
    STOP_SCOPE_SECTION,
    STOP_SCOPE_SIDE,
    STOP_SCOPE_VEHICLE,
    OperatorCommand,
    StopLifted,
    StopOrder,
    StopScope,
)
from corridor.records import Mission
from corridor.state import No, State, StopInForce

_KEY: Final = "stop/"


class Stops:
    """Stops in force, and who they are for."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._countries = {str(c) for lane in state.map.lanes.values() if (c := lane.country)}

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """Stops in force before a restart are in force after it."""
        for key, value in sorted(journal.items()):
            if key.startswith(_KEY):
                stop = msgspec.msgpack.decode(value, type=StopInForce)
                self._state.stops[stop.stop_id] = stop

    # --- orders ---

    def order(self, now: Now, operator: str, command: OperatorCommand) -> tuple[str, Reason | None]:
        """Stop everybody in a scope."""
        state = self._state
        stop = StopInForce(
            "", operator, (), command.reason, command.scope, command.target, tuple(command.zones)
        )
        stop.since_ms = now.utc_ms
        stop.vehicles = self._in_scope(stop)
        if not (stop.vehicles or self._is_road(stop)):
            return "", Reason.MALFORMED
        stop.stop_id = f"stop-{state.store.next_number('stop')}"
        state.stops[stop.stop_id] = stop
        self._write(stop)
        state.say(
            Event.STOP_ORDERED,
            stop=stop.stop_id,
            scope=StopScope.Name(command.scope).removeprefix("STOP_SCOPE_").lower(),
            target=command.target or " ".join(command.zones),
            reason=command.reason,
            issuer=operator,
        )
        self._send(stop, stop.vehicles)
        return stop.stop_id, None

    def resume(self, operator: str, stop_id: str) -> Reason | None:
        """Its issuer releases a stop; it ends once its site is known to be safe."""
        stop = self._state.stops[stop_id]
        if stop.issuer != operator:
            return Reason.STOP_IN_FORCE
        stop.released = True
        return self._end(stop)

    def site_safe(self, operator: str, stop_id: str) -> Reason | None:
        """Somebody other than its issuer says that the site of a stop is safe; it ends once its
        issuer has released it.
        """
        stop = self._state.stops.get(stop_id)
        if stop is None:
            return Reason.MALFORMED
        if stop.issuer == operator:
            return Reason.SITE_NOT_SAFE
        stop.safe_by = operator
        self._state.say(Event.SITE_CONFIRMED, stop=stop_id, operator=operator)
        return self._end(stop)

    def _end(self, stop: StopInForce) -> Reason | None:
        """End a stop that both have let go of; else the reason why it is still in force."""
        state = self._state
        if not (stop.released and stop.safe_by):
            self._write(stop)
            return Reason.RELEASED_HALF
        del state.stops[stop.stop_id]
        state.out.append(Persist(_KEY + stop.stop_id, None))
        state.say(Event.STOP_ENDED, stop=stop.stop_id, issuer=stop.issuer)
        lifted = StopLifted(stop_id=stop.stop_id, issuer=stop.issuer)
        state.out += [Send(vehicle, lifted) for vehicle in stop.vehicles]
        state.dispatch_due = True
        state.dirty.update(dict.fromkeys(state.missions))
        return None

    def watch(self) -> None:
        """Whoever has come into the scope of a stop since is stopped too."""
        for stop in self._state.stops.values():
            new = tuple(v for v in self._in_scope(stop) if v not in stop.vehicles)
            if not new:
                continue
            stop.vehicles = (*stop.vehicles, *new)
            self._write(stop)
            for vehicle in new:
                self._state.say(
                    Event.STOP_WIDENED, stop=stop.stop_id, vehicle=vehicle, issuer=stop.issuer
                )
            self._send(stop, new)

    def _write(self, stop: StopInForce) -> None:
        self._state.out.append(Persist(_KEY + stop.stop_id, msgspec.msgpack.encode(stop)))

    def _send(self, stop: StopInForce, vehicles: tuple[str, ...]) -> None:
        order = StopOrder(
            stop_id=stop.stop_id, emergency=False, reason=stop.reason, issuer=stop.issuer
        )
        self._state.out += [Send(vehicle, order) for vehicle in vehicles]

    # --- the voter ---

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """No zone of a stopped section or side; who is stopped himself is given none at all
        (bars.py).
        """
        zone = route.zone_spans[index][0]
        for stop in self._state.stops.values():
            section = stop.scope == STOP_SCOPE_SECTION and zone in stop.zones
            side = stop.scope == STOP_SCOPE_SIDE and stop.target in self._countries_of(zone)
            if section or side:
                return No(Reason.STOP_IN_FORCE, stop.stop_id, stop.issuer)
        return None

    # --- scopes ---

    def _in_scope(self, stop: StopInForce) -> tuple[str, ...]:
        """Vehicles that a scope means now, by name."""
        state, fleet = self._state, self._fleet()
        if stop.scope == STOP_SCOPE_ALL:
            return fleet
        if stop.scope == STOP_SCOPE_VEHICLE:
            return (stop.target,) if stop.target in fleet else ()
        if stop.scope == STOP_SCOPE_CONVOY:
            found = [m.vehicle for m in state.missions.values() if m.convoy == stop.target]
            return tuple(sorted(found))
        if stop.scope == STOP_SCOPE_SIDE and stop.target in self._countries:
            return tuple(v for v in fleet if stop.target in self._sides(v))
        if stop.scope == STOP_SCOPE_SECTION:
            holders = {v for zone in stop.zones for v in state.zones.holders(zone)}
            return tuple(sorted(holders & set(fleet)))  # people drive by sight
        return ()

    def _is_road(self, stop: StopInForce) -> bool:
        """Whether the scope is road that there is, be anybody on it or not."""
        if stop.scope == STOP_SCOPE_SECTION:
            return bool(stop.zones) and all(zone in self._state.map.zones for zone in stop.zones)
        return stop.scope == STOP_SCOPE_SIDE and stop.target in self._countries

    def _fleet(self) -> tuple[str, ...]:
        """Every vehicle of the roster, heard or not: a stop waits for whoever is not heard."""
        return tuple(node.name for node in self._state.roster.of_role(Role.VEHICLE))

    def _sides(self, vehicle: str) -> set[str]:
        """Countries that a vehicle stands in; none on the line, any while that is not known."""
        zones = self._state.zones.entered_by(vehicle)
        if not zones:
            return self._countries
        return {country for zone in zones for country in self._countries_of(zone)}

    def _countries_of(self, zone: str) -> set[str]:
        lanes = self._state.map.lanes
        inside = {lanes[lane].country for lane in self._state.map.zones[zone].lanes}
        return {str(country) for country in inside if country}
