"""Closures: sections that nobody new is let into; possessions, which only their taker gives back.

Pure. A closure has zones and a scope (direction, loaded or empty, convoy), an issuer and a reason.
Whoever holds a zone of it when it begins is let out of it; a zone in it is given to nobody else. A
possession is a closure with a taker, an operator of the roster whose key alone opens it; it may
name trucks that stand in it and stay: they get no road at all until it is given back, and it is
clear once nobody else is in it. Both are written down and outlive restarts.
Not here: places (operators.py), stops (stops.py).
Requirements: SUP-032, SUP-027, SUP-039 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import Now, Persist, Role, Send
from contract.events import Event
from contract.reasons import Reason
from contract.route import Route
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_UNSPECIFIED, DIRECTION_WEST
from contract.v1.movement_pb2 import (
    LOAD_CLASS_EMPTY,
    LOAD_CLASS_LOADED,
    LOAD_CLASS_UNSPECIFIED,
    SHORTENING_COOPERATIVE,
    SHORTENING_EMERGENCY,
    OperatorCommand,
    OperatorReply,
    Shortening,
)
from corridor.interlocking import ZoneState
from corridor.records import Crossing, Mission
from corridor.state import No, State

CLOSURES_MAX: Final = 256
_KEY: Final = "closure/"
_DIRECTIONS: Final = {DIRECTION_UNSPECIFIED: "", DIRECTION_EAST: "E", DIRECTION_WEST: "W"}
_LOADS: Final = {LOAD_CLASS_UNSPECIFIED: "", LOAD_CLASS_LOADED: "loaded", LOAD_CLASS_EMPTY: "empty"}


class Closure(msgspec.Struct):
    """One closed section.

    direction   "E" or "W";  load   "loaded" or "empty";  convoy   by name; "": for all of them
    taker       operator whose key alone gives it back; "": its issuer's
    since_ms    UTC at which it was ordered
    stays       vehicles that stand in a possession and are kept there until it is given back
    urgent      who may still stop before it is to brake for that
    clear       nobody has been in it at some time since: whoever waits for that has been told
    """

    name: str
    issuer: str
    zones: list[str]
    direction: str
    load: str
    convoy: str
    taker: str
    reason: str
    since_ms: int
    clear: bool = False
    stays: list[str] = []
    urgent: bool = False

    @property
    def keeper(self) -> str:
        """Who alone opens it."""
        return self.taker or self.issuer


class Closures:
    """Takes closures and possessions, and votes."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._closed: dict[str, Closure] = {}
        self._new: list[Closure] = []

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """What was closed before a restart is closed after it."""
        for key, value in sorted(journal.items()):
            if key.startswith(_KEY):
                row = msgspec.msgpack.decode(value, type=Closure)
                self._closed[row.name] = row

    def names(self) -> tuple[str, ...]:
        """Closures in force, by name."""
        return tuple(self._closed)

    # --- orders ---

    def close(self, now: Now, operator: str, command: OperatorCommand) -> tuple[str, Reason | None]:
        """Close a section under the name that its issuer gives it, or a number."""
        wanted = self._read(now, operator, command)
        if wanted is None:
            return command.stop_id, Reason.MALFORMED
        before = self._closed.get(wanted.name)
        if before is not None:
            same = (before.issuer, before.zones) == (operator, wanted.zones)
            if same and before.taker == wanted.taker:
                self._stay_too(before, wanted.stays)
            return wanted.name, None if same else Reason.SECTION_CLOSED
        self._closed[wanted.name] = wanted
        self._new.append(wanted)
        self._state.dirty.update(dict.fromkeys(self._state.missions))
        self._write(wanted)
        self._state.say(
            Event.SECTION_CLOSED,
            closure=wanted.name,
            zones=" ".join(wanted.zones),
            issuer=operator,
            taker=wanted.taker,
            reason=wanted.reason,
        )
        return wanted.name, None

    def _stay_too(self, closure: Closure, stays: list[str]) -> None:
        """Whoever was found standing in it since it was closed stays as well; nobody less."""
        more = [name for name in stays if name not in closure.stays]
        if more:
            closure.stays = [*closure.stays, *more]
            self._write(closure)

    def _read(self, now: Now, operator: str, command: OperatorCommand) -> Closure | None:
        """The closure that is meant; None where the command says nothing that could be closed."""
        state, zones = self._state, list(dict.fromkeys(command.zones))
        taker = state.roster.nodes.get(command.taker_id)
        known = bool(zones) and all(zone in state.map.zones for zone in zones)
        taken = not command.taker_id or (taker is not None and taker.role is Role.OPERATOR)
        stays = list(dict.fromkeys(command.target.split()))
        kept = not stays or (bool(command.taker_id) and all(map(self._is_truck, stays)))
        if not (known and taken and kept) or len(self._closed) >= CLOSURES_MAX:
            return None
        name = command.stop_id or f"closure-{state.store.next_number('closure')}"
        return Closure(
            name,
            operator,
            zones,
            _DIRECTIONS[command.direction],
            _LOADS[command.load],
            command.convoy_id,
            command.taker_id,
            command.reason,
            now.utc_ms,
            stays=stays,
            urgent=command.urgent,
        )

    def _is_truck(self, name: str) -> bool:
        node = self._state.roster.nodes.get(name)
        return node is not None and node.role is Role.VEHICLE

    def is_clear(self, name: str) -> bool:
        """Whether its keeper has been told, or may be told again, that nobody else is in it."""
        closure = self._closed.get(name)
        return closure is not None and closure.clear

    def taken_by(self, operator: str, name: str) -> Closure | None:
        """The possession of this name, if this operator has taken it."""
        closure = self._closed.get(name)
        return closure if closure is not None and closure.taker == operator else None

    def staying(self, name: str) -> tuple[str, ...]:
        """Trucks that a possession keeps."""
        closure = self._closed.get(name)
        return tuple(closure.stays) if closure is not None else ()

    def stays(self, vehicle: str) -> bool:
        """Whether a truck is kept where it stands: it gets no authority, new or anew."""
        return any(vehicle in closure.stays for closure in self._closed.values())

    def keeps(self, operator: str, vehicle: str) -> bool:
        """Whether a truck stays in a possession of this operator that is clear."""
        mine = [closure for closure in self._closed.values() if closure.taker == operator]
        return any(closure.clear and vehicle in closure.stays for closure in mine)

    def open(self, operator: str, name: str) -> Reason | None:
        """Only its issuer opens a section; a possession only its taker."""
        closure = self._closed.get(name)
        if closure is None:
            return Reason.MALFORMED
        if closure.keeper != operator:
            return Reason.SECTION_CLOSED
        if any(closure.keeper in self._state.zones.holders(zone) for zone in closure.zones):
            return Reason.ZONE_OCCUPIED  # by a vehicle of its own
        del self._closed[name]
        state = self._state
        state.out.append(Persist(_KEY + name, None))
        state.say(Event.SECTION_OPENED, closure=name, operator=operator)
        state.dispatch_due = True
        state.dirty.update(dict.fromkeys(state.missions))
        return None

    def watch(self) -> None:
        """Tell whoever keeps a section, once, that nobody is in it any more but who stays."""
        state = self._state
        for closure in self._closed.values():
            if closure.clear or not all(self._is_left(closure, zone) for zone in closure.zones):
                continue
            closure.clear = True
            self._write(closure)
            state.say(Event.SECTION_CLEARED, closure=closure.name)
            word = OperatorReply(stop_id=closure.name, accepted=True, clear=True)
            state.out.append(Send(closure.keeper, word))

    def _is_left(self, closure: Closure, zone: str) -> bool:
        """Whether nobody is in a zone, by proof, but who stays in it and stands."""
        zones, heard = self._state.zones, self._state.heard
        if zones.is_free(zone):
            return True
        standing = all(
            name in closure.stays and name in heard and (heard[name].standing or heard[name].silent)
            for name in zones.holders(zone)
        )
        return standing and zones.state(zone) is not ZoneState.UNKNOWN

    def _write(self, closure: Closure) -> None:
        row = msgspec.msgpack.encode(closure)
        self._state.out.append(Persist(_KEY + closure.name, row))

    # --- the voter ---

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """No zone of a closed section for whoever is not in it already, and none at all for who
        stays in a possession.
        """
        zone = route.zone_spans[index][0]
        for closure in self._closed.values():
            stays = mission.vehicle in closure.stays
            if stays or (zone in closure.zones and self._is_for(closure, mission)):
                return No(
                    Reason.SECTION_CLOSED, closure.name, f"{closure.issuer}: {closure.reason}"
                )
        return None

    def called_back(self) -> list[tuple[Mission, list[str], Shortening]]:
        """Who has road into what has just been closed, told once: it may still stop before it."""
        new, self._new = self._new, []
        return [
            (
                mission,
                closure.zones,
                SHORTENING_EMERGENCY if closure.urgent else SHORTENING_COOPERATIVE,
            )
            for closure in new
            for mission in self._state.missions.values()
            if self._is_meant(closure, mission) and mission.vehicle not in closure.stays
        ]

    def closed_to(self, mission: Mission) -> frozenset[str]:
        """Zones that this truck is not let into, as far as it is in none of their sections."""
        found: set[str] = set()
        for closure in self._closed.values():
            if mission.vehicle not in closure.stays and self._is_for(closure, mission):
                found.update(closure.zones)
        return frozenset(found)

    def kept_out(self, crossing: Crossing) -> list[Closure]:
        """Sections that a crossing is not let into, be its truck under way or at its berth."""
        mission = self._state.missions.get(crossing.mission)
        convoy = mission.convoy if mission is not None else ""
        return [
            closure
            for closure in self._closed.values()
            if self._is_about(closure, crossing, convoy)
            and not self._is_inside(closure, crossing.vehicle)
        ]

    def _is_for(self, closure: Closure, mission: Mission) -> bool:
        return self._is_meant(closure, mission) and not self._is_inside(closure, mission.vehicle)

    def _is_inside(self, closure: Closure, vehicle: str) -> bool:
        return any(vehicle in self._state.zones.holders(zone) for zone in closure.zones)

    def _is_meant(self, closure: Closure, mission: Mission) -> bool:
        return self._is_about(closure, self._state.crossings[mission.crossing], mission.convoy)

    def _is_about(self, closure: Closure, crossing: Crossing, convoy: str) -> bool:
        return (
            closure.direction in ("", crossing.direction)
            and closure.load in ("", "loaded" if crossing.loaded else "empty")
            and closure.convoy in ("", convoy)
        )
