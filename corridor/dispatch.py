"""Dispatch: which crossings set off, in which convoy, to which berth.

Pure. A crossing sets off when its truck is loaded and both offices have released it, or want to see
it in a bay; when a bay is left for it, if it is to be scanned (places.py); when a berth is free at
the far end, which is reserved at once, or is about to be left (berths.py); and when its convoy is
complete or has waited long enough. The timetable says who goes first (scheduling.py); without one
it is first come, first served. Everything that does not set off has its reason. Not vital: the
interlocking and the voters decide again.
Requirement: SUP-038 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.reasons import Reason
from corridor import batches, berths
from corridor.berth_changes import BerthChanges
from corridor.charging import Charging, ChargingConfig
from corridor.clearance import clearance_missing, not_ready
from corridor.interlocking import Claim
from corridor.mission_orders import tell_mission
from corridor.places import (
    Wanted,
    bays_taken,
    is_free,
    is_scanned,
    no_place,
    services_of,
    wanted,
)
from corridor.planning import DESTINATION, arrival_berths, stops_of
from corridor.records import Crossing, Mission
from corridor.slots import Slots
from corridor.state import No, State

if TYPE_CHECKING:
    from corridor.scheduling import Scheduling


@dataclass(frozen=True, slots=True)
class DispatchConfig:
    """How convoys are put together.

    batch_split   waybills allow their trucks to cross apart
    charging      where trucks have batteries that count
    """

    convoy_members: int = 3
    forming_ms: int = 20_000
    batch_split: bool = False
    charging: ChargingConfig | None = None


class Dispatch:
    """Turns crossings that may go into missions."""

    def __init__(
        self,
        state: State,
        config: DispatchConfig,
        timetable: "Scheduling | None",
        slots: Slots,
    ) -> None:
        self._state = state
        self._config = config
        self._timetable = timetable
        self._slots = slots
        self._forming: dict[str, int] = {}
        self._arrivals = {way: arrival_berths(state.map, way) for way in DESTINATION}
        self._charging = Charging(state, config.charging)
        self._berth_changes = BerthChanges(state, self._arrivals, self._is_able, self._charging)
        self._free: list[str] = []  # berths at the far end of the direction looked at, as of now

    @property
    def wake_ns(self) -> int | None:
        """When a convoy that is being put together has waited long enough, a plan is due, or a
        truck is to leave for its slot.
        """
        due = min(self._forming.values(), default=None)
        planned = self._timetable.wake_ns if self._timetable is not None else None
        for each in (planned, self._slots.wake_ns):
            if each is not None and (due is None or each < due):
                due = each
        return due

    def consider(self, now: Now) -> None:
        """Look at every open crossing that has not set off."""
        known = self._state.open_crossings()  # none begins or ends in here
        if self._timetable is not None:
            self._timetable.look(now)
        for mission in list(self._state.missions.values()):
            self._berth_changes.consider(mission)
        for direction in ("E", "W"):
            able = [
                crossing
                for crossing in known
                if crossing.direction == direction
                and not crossing.mission
                and (crossing.ready or not crossing.return_of)
                and self._may_go(now, crossing)
            ]
            if not able:
                self._form(now, direction, self._slots.due(now, direction, able))
                continue
            self._free = berths.offered(self._state, self._arrivals[direction], self._is_able)
            awaited = berths.promised(self._state)
            able.sort(key=lambda each: (each.berth not in awaited, *self._turn(each)))
            for crossing in able:
                if clearance_missing(crossing) is not None:
                    self._set_off(now, direction, [crossing])  # to a bay, alone
            able = [crossing for crossing in able if clearance_missing(crossing) is None]
            able = self._batches(now, direction, able)
            able = [each for each in able if self._has_way(now, each)]
            self._form(now, direction, self._let_off(now, direction, able, awaited))

    def _turn(self, crossing: Crossing) -> tuple[bool, int, int, str]:
        """Sorts by who goes first: by the timetable, or first come, first served."""
        if self._timetable is None:
            return True, 0, crossing.ready_ms, crossing.crossing_id
        return self._timetable.turn(crossing)

    def _let_off(
        self, now: Now, direction: str, able: list[Crossing], awaited: Mapping[str, str]
    ) -> list[Crossing]:
        """Those that the lane has room for and whose slot is near. Whose berth another is on its
        way to is not kept at it, or those two would wait for each other.
        """
        able = self._slots.due(now, direction, able)
        room = self._timetable.room(direction) if self._timetable is not None else None
        if room is None:
            return able
        count, no = room
        count = max(count, sum(each.berth in awaited for each in able))
        for crossing in able[count:]:
            key = crossing.vehicle
            self._state.wait(now, key, no.reason, resource=no.resource, holder=no.holder)
        return able[:count]

    def _batches(self, now: Now, direction: str, able: list[Crossing]) -> list[Crossing]:
        """Send complete batches off, each as a whole: one convoy, or convoys one behind the other.
        Whoever belongs to none is left; while a batch waits for its berths nobody behind it goes.
        """
        if self._config.batch_split:
            return able
        size = self._config.convoy_members
        found: dict[str, list[Crossing]] = {}
        whole: list[Crossing] = []
        for crossing in able:
            no, key = self._batch_no(crossing), crossing.vehicle
            if no is not None:
                self._state.wait(now, key, no.reason, resource=no.resource, holder=no.holder)
                continue
            whole.append(crossing)
            if crossing.batch and not crossing.return_of:
                found.setdefault(crossing.batch, []).append(crossing)
        state, arrivals = self._state, self._arrivals[direction]
        for name, batch in found.items():
            offer, count = self._free, len(batch)
            room = berths.for_all(state, arrivals, self._is_able, offer=offer, count=count)
            if room is None:
                return self._before(now, direction, name, whole)
            self._free = room
            for first in range(0, len(batch), size):
                self._set_off(now, direction, batch[first : first + size])
        return [each for each in whole if not each.batch or each.return_of]

    def _before(self, now: Now, direction: str, batch: str, able: list[Crossing]) -> list[Crossing]:
        """Who may go before the first truck of a batch that waits for its berths."""
        place = [each.batch for each in able].index(batch)
        holder = berths.keeper(self._state, self._arrivals[direction])
        lifts = f"a berth for every truck of batch {batch}"
        for key in [each.vehicle for each in able[place:] if not each.mission]:
            why = Reason.BERTH_FULL
            self._state.wait(now, key, why, resource="berths", holder=holder, lifts=lifts)
        return [each for each in able[:place] if not each.batch or each.return_of]

    def _batch_no(self, crossing: Crossing) -> No | None:
        """Which other truck of its batch keeps it at its berth."""
        no = batches.incomplete(self._state, crossing)
        for other in batches.members(self._state, crossing):
            why = None
            if no is None and other is not crossing and not (other.mission or other.outcome):
                why = self._no(other)
            if why is not None:
                no = batches.held_up_by(other, why)
        return no

    def _has_way(self, now: Now, crossing: Crossing) -> bool:
        """Whether any free berth can be driven to from where it stands; who has none blocks nobody
        behind. That no berth is free is said when it is planned.
        """
        return not self._free or self._destination(now, crossing, None) is not None

    def _may_go(self, now: Now, crossing: Crossing) -> bool:
        no = self._no(crossing)
        if no is None:
            return True
        if crossing.vehicle:
            key = crossing.vehicle
            self._state.wait(now, key, no.reason, resource=no.resource, holder=no.holder)
        return False

    def _is_able(self, crossing: Crossing) -> bool:
        """Whether it lacks nothing but a berth to go to."""
        released = clearance_missing(crossing) is None and not crossing.mission
        return released and self._no(crossing) is None and self._batch_no(crossing) is None

    def _no(self, crossing: Crossing) -> No | None:
        """Why a crossing cannot set off yet; None if it can."""
        if crossing.refused:
            return No(Reason.REFUSED, crossing.crossing_id, f"office {crossing.refused_by}")
        if not crossing.ready:
            return not_ready(crossing)
        heard = self._state.heard.get(crossing.vehicle)
        rest = self._state.rests.get(crossing.vehicle)
        if heard is None or not heard.reported or heard.silent or rest is None:
            return No(Reason.VEHICLE_SILENT, crossing.vehicle)
        if crossing.vehicle in self._state.mission_of:
            return No(Reason.MISSION_UNANSWERED, crossing.vehicle)
        if any(crossing.vehicle in stop.vehicles for stop in self._state.stops.values()):
            return No(Reason.STOP_IN_FORCE, crossing.vehicle)
        if clearance_missing(crossing) is None or self._goes_to_bay(crossing):
            no = bays_taken(self._state, crossing)
            return no or self._charging.no(crossing, self._arrivals[crossing.direction])
        return clearance_missing(crossing, beside_bays=True)

    def _goes_to_bay(self, crossing: Crossing) -> bool:
        """Every office that has not released wants an inspection, not papers."""
        wanting = [c for c in ("KZ", "CN") if c not in crossing.releases]
        return bool(wanting) and all(crossing.bays.get(country) for country in wanting)

    def _form(self, now: Now, direction: str, able: list[Crossing]) -> None:
        """Send full convoys off at once, and a part of one when it has waited long enough."""
        size = self._config.convoy_members
        while len(able) >= size:
            self._forming.pop(direction, None)
            if not self._set_off(now, direction, able[:size]):
                for crossing in able[size:]:
                    self._destination(now, crossing, None)  # says what they wait for as well
                return  # a berth that is left will bring us back
            able = able[size:]
        if not able:
            self._forming.pop(direction, None)
            return
        due_ns = self._forming.setdefault(
            direction, now.mono_ns + self._config.forming_ms * NS_PER_MS
        )
        if size == 1 or now.mono_ns >= due_ns:
            self._forming.pop(direction, None)
            self._set_off(now, direction, able)
            return
        for crossing in able:
            key = crossing.vehicle
            self._state.wait(
                now, key, Reason.CONVOY_FORMING, resource=direction, holder="supervisor"
            )

    def _set_off(self, now: Now, direction: str, members: list[Crossing]) -> bool:
        """Give missions to as many members as have a berth, in order; True if all have."""
        number = self._state.store.number("convoy") + 1
        convoy = f"convoy-{number}"
        planned: list[Mission] = []
        scanned = 0
        for crossing in members:
            no = None if crossing.batch else bays_taken(self._state, crossing, scanned)
            if no is not None:
                self._state.wait(now, crossing.vehicle, no.reason, resource=no.resource, holder="")
            mission = self._plan(now, crossing, convoy) if no is None else None
            if mission is None:
                continue
            scanned += is_scanned(self._state, crossing)
            planned.append(mission)
        if not planned:
            return False
        self._state.store.set_number("convoy", number)
        formation = [mission.vehicle for mission in planned]
        self._state.say(
            Event.CONVOY_FORMED,
            convoy=convoy,
            direction=direction,
            members=" ".join(formation),
        )
        for mission in planned:
            mission.formation = formation
            self._give(now, mission)
        return len(planned) == len(members)

    def _plan(self, now: Now, crossing: Crossing, convoy: str) -> Mission | None:
        """A mission with its berth reserved, or None with the reason said."""
        state = self._state
        key = crossing.vehicle
        want = Wanted((), (), closed=False)
        bay: str | None = None
        if clearance_missing(crossing) is not None:
            want = wanted(state, crossing)
            free = [each for each in want.bays if is_free(state, each, key)]
            if want.closed or (want.bays and not free):
                no = no_place(crossing) if want.closed else No(Reason.NO_BAY_FREE, "bays")
                state.wait(now, key, no.reason, resource=no.resource, holder=no.holder)
                return None
            bay = free[0] if free else None
        found = self._destination(now, crossing, bay)
        if found is None:
            return None
        berth, lanes = found
        mass_kg = crossing.gross_mass_kg
        axle_kg = state.axle_kg(key, mass_kg)
        claim = Claim(key, convoy, crossing.direction, mass_kg, axle_kg=axle_kg)
        self._free.remove(berth)  # held from now on; or promised, where another has still to leave
        state.zones.allocate(state.map.berths[berth].zone, claim)
        if bay is not None:
            state.zones.allocate(state.map.bays[bay].zone, claim)
        turn = state.store.next_number("mission")
        services = services_of(crossing, want.stations)
        stops = stops_of(state.map, lanes, berth, bay=bay, services=services)
        return Mission(
            mission_id=f"mission-{turn}",
            vehicle=key,
            crossing=crossing.crossing_id,
            direction=crossing.direction,
            convoy=convoy,
            formation=[key],
            lanes=list(lanes),
            stops=stops,
            berth=berth,
            turn=turn,
            mass_kg=crossing.gross_mass_kg,
            place=bay or "",
        )

    def _destination(
        self, now: Now, crossing: Crossing, bay: str | None
    ) -> tuple[str, tuple[str, ...]] | None:
        """A free berth and the lanes to it, or None with the reason said."""
        state = self._state
        key, from_lane = crossing.vehicle, state.rests[crossing.vehicle].lane
        unsuited = False
        for berth in self._charging.in_order(crossing, self._free):
            lanes = state.way(from_lane, berth, bay)
            if lanes and self._charging.suits(crossing, berth, lanes):
                return berth, lanes
            unsuited |= bool(lanes)
        if unsuited:
            no = self._charging.unsuited(crossing)
            state.wait(now, key, no.reason, resource=no.resource, holder=no.holder)
        elif self._free:
            state.wait(now, key, Reason.NOT_ON_ROUTE, resource=from_lane, holder="")
        else:
            arrivals = self._arrivals[crossing.direction]
            holder = berths.keeper(state, arrivals)
            state.wait(now, key, Reason.BERTH_FULL, resource="berths", holder=holder)
        return None

    def _give(self, now: Now, mission: Mission) -> None:
        """Take the zone the truck stands in over into the mission, and tell the truck."""
        state = self._state
        crossing = state.crossings[mission.crossing]
        crossing.mission = mission.mission_id
        crossing.started_ms = 0  # until it leaves its berth
        state.missions[mission.mission_id] = mission
        state.mission_of[mission.vehicle] = mission.mission_id
        for zone in state.zones.held_by(mission.vehicle):
            state.zones.rename(zone, mission.vehicle, mission.convoy)
            state.zones.turn(zone, mission.vehicle, mission.direction)
        spans = state.route(mission).zone_spans
        held = set(state.zones.held_by(mission.vehicle))
        while mission.next_span < len(spans) - 1 and spans[mission.next_span][0] in held:
            mission.next_span += 1
        state.save(crossing)
        state.save(mission)
        state.goes_on(now, mission.vehicle)
        state.say(
            Event.MISSION_GIVEN,
            mission=mission.mission_id,
            version=mission.version,
            vehicle=mission.vehicle,
            crossing=mission.crossing,
            convoy=mission.convoy,
            berth=mission.berth,
        )
        tell_mission(state, mission)
