"""Diversion: a truck on its way that is not released is sent to a bay, or waits where it is.

Pure. The way to the bay and the bay itself are had before the truck leaves the line it stands at;
while they cannot be had it waits there, with the reason. Who has not left its berth stays in it,
unless it is to be inspected and its bay is had. A place that is closed meanwhile is left
for another permitted one by a new version of the mission and without a new signature; when none is
left it is the office that has to name one. Who waits for the word on an image does so in a bay, not
in the lane; so does whoever is kept for papers alone and has been for a while, where one is free;
whoever was refused before the line ends in one. The rest of its convoy re-forms without it.
Not here: which places will do (places.py), allocating (grants.py), the bays themselves
(gate/stations.py). Requirements: SUP-023 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.map_parts import Station
from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_ENTERED, CUSTODY_STEP_EXITED
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_STATION
from corridor.clearance import clearance_missing
from corridor.evidence import awaited
from corridor.grants import Grants
from corridor.mission_orders import tell_mission
from corridor.parting import part
from corridor.places import asides, is_free, no_place, services_of, to_do, wanted
from corridor.planning import DESTINATION, ORIGIN, stops_of
from corridor.records import Crossing, Mission, Stop
from corridor.state import No, State

ASIDE_MS: Final = 30_000  # a decision that comes sooner finds the truck at its line
_Plan = tuple[list[str], list[Stop], str, str]  # lanes, stops, place, berth


class Diversions:
    """Finds a place for every truck on its way that customs keeps."""

    def __init__(self, state: State, grants: Grants) -> None:
        self._state = state
        self._grants = grants

    def consider(self, now: Now, mission: Mission) -> None:
        """Look at one truck: send it to a place, or note why it waits where it is."""
        state = self._state
        state.kept.pop(mission.mission_id, None)
        crossing = state.crossings[mission.crossing]
        kept = bool(crossing.refused) or clearance_missing(crossing) is not None
        found = awaited(state, mission)
        if not kept and found is None:
            self._needs_none(mission)
            return
        if mission.arrived or mission.berth in state.map.bays:
            return
        if CUSTODY_STEP_EXITED <= crossing.step < CUSTODY_STEP_ENTERED or self._is_beyond(mission):
            return  # between the gates there is nowhere to go but on
        no: No | None = None
        if crossing.refused:
            if self._is_at_berth(mission, crossing) and self._berth_of(mission):
                self._ends_at_berth(mission)
            elif crossing.step < CUSTODY_STEP_EXITED:
                no = self._end_in_bay(mission, crossing)
        elif kept and self._is_at_berth(mission, crossing) and not to_do(crossing, mission.done):
            no = self._stays_at_berth(mission, crossing)
        elif kept and self._needs_place(mission, crossing):
            no = self._find_place(now, mission, crossing)
        elif found is not None and not self._line_ahead(mission):
            no = self._out_of_lane(mission, crossing, found[0])
        at_berth = self._is_at_berth(mission, crossing)
        if no is not None and (at_berth or not self._line_ahead(mission)):
            state.kept[mission.mission_id] = no

    def _is_at_berth(self, mission: Mission, crossing: Crossing) -> bool:
        """It was given a mission, and no road yet."""
        return not crossing.started_ms and not mission.cleared

    def _stays_at_berth(self, mission: Mission, crossing: Crossing) -> No | None:
        """Papers are settled before a truck sets off: only inspections occupy the road. Whoever is
        to drive behind it goes on without it.
        """
        no = clearance_missing(crossing)
        part(self._state, mission, no.reason if no is not None else Reason.CLEARANCE_PENDING)
        return no

    def _berth_of(self, mission: Mission) -> str:
        """The berth that a mission begins at; "" if it begins in a bay."""
        berths = self._state.map.berths.values()
        return next((berth.id for berth in berths if berth.lane == mission.lanes[0]), "")

    def _ends_at_berth(self, mission: Mission) -> None:
        """Refused before it was given road: its mission ends where it stands, and what was held for
        it is given back.
        """
        state, before = self._state, mission.berth
        berth = self._berth_of(mission)
        if before == berth:
            return  # its truck has still to say that it stands there
        own = state.map.berths[berth]
        mission.lanes, mission.berth, mission.place = [own.lane], berth, ""
        mission.stops = stops_of(state.map, (own.lane,), berth, bay=None, services={})
        mission.next_span = 1
        for zone in state.zones.held_by(mission.vehicle):
            if zone != own.zone:
                state.zones.surrender(zone, mission.vehicle)
                state.free(zone, mission.vehicle, mission.convoy, "never entered")
        part(state, mission, Reason.REFUSED)
        mission.version += 1
        state.save(mission)
        state.say(Event.BERTH_CHANGED, vehicle=mission.vehicle, berth=berth, before=before)
        tell_mission(self._state, mission)

    def _is_beyond(self, mission: Mission) -> bool:
        """It has road past its exit gate, and its custody has not begun on the other side."""
        state = self._state
        if state.crossings[mission.crossing].step >= CUSTODY_STEP_ENTERED:
            return False
        spans = state.route(mission).zone_spans
        cells = {gate.zone for gate in state.map.gates.values() if gate.side == "exit"}
        at = [index for index, (zone, _, _) in enumerate(spans) if zone in cells]
        return bool(at) and mission.next_span > at[0] + 1

    def _needs_none(self, mission: Mission) -> None:
        """Nothing keeps it any more: a bay that it was to wait in, and not to be inspected, is only
        a part of its way.
        """
        if mission.place and not _is_inspected(mission):
            mission.place = ""
            self._state.save(mission)

    def _out_of_lane(self, mission: Mission, crossing: Crossing, station: Station) -> No | None:
        """Send who waits for the word on its image to a bay behind that station; or why not."""
        bays = self._state.map.bays
        here = tuple(bay for bay in bays if self._is_open_beside(station, bay))
        if mission.place in here:
            return None
        return self._first_of(mission, crossing, here, inspect=False)

    def _is_open_beside(self, station: Station, place: str) -> bool:
        bay = self._state.map.bays[place]
        beside = (bay.country, bay.direction) == (station.country, station.direction)
        return beside and place not in self._state.closed

    def _needs_place(self, mission: Mission, crossing: Crossing) -> bool:
        """It has no place yet, or the one that it has will not do any more."""
        orders = to_do(crossing, mission.done)
        if not mission.place:
            return True
        if mission.place in mission.done:
            return bool(orders)
        if orders and not _is_inspected(mission):
            return True  # it was to wait there, and is inspected now
        will_do = not orders or any(mission.place in each.places for each in orders)
        return mission.place in self._state.closed or not will_do

    def _find_place(self, now: Now, mission: Mission, crossing: Crossing) -> No | None:
        """Send it to a place that will do; or why not. None also where it may go on as it is."""
        if not to_do(crossing, mission.done):
            bays = asides(self._state, crossing)
            bays = tuple(bay for bay in bays if self._lanes(mission, crossing, bay))
            if not bays:
                return None  # they lie behind it: it goes on to its exit gate's line
            if self._has_waited(now, mission) or awaited(self._state, mission) is not None:
                no = self._first_of(mission, crossing, bays, inspect=False)
                return clearance_missing(crossing) if no is not None else None
            return clearance_missing(crossing)
        want = wanted(self._state, crossing, mission.done)
        ahead = [stop.place for stop in self._stations_ahead(mission, want.stations)]
        if (want.stations and not ahead) or want.closed:
            return no_place(crossing)
        if not want.bays:
            self._stop_at(mission, crossing, ahead)
            return None
        here_first = tuple(sorted(want.bays, key=lambda bay: bay != mission.place))
        return self._first_of(mission, crossing, here_first, inspect=True)

    def _end_in_bay(self, mission: Mission, crossing: Crossing) -> No | None:
        """A refused truck: its mission ends in a bay of the side it is on."""
        bays = asides(self._state, crossing)
        first = [mission.place] if mission.place in bays else []
        others = [bay for bay in bays if bay != mission.place]
        office = f"office {crossing.refused_by}"
        no = self._first_of(mission, crossing, (*first, *others), inspect=False)
        if no is not None and no.reason is Reason.NO_PLACE:
            return No(Reason.REFUSED, crossing.crossing_id, office)
        return no

    def _has_waited(self, now: Now, mission: Mission) -> bool:
        wait = self._state.waits.get(mission.vehicle)
        return wait is not None and now.mono_ns - wait.since_ns >= ASIDE_MS * NS_PER_MS

    # --- one bay after the other ---

    def _first_of(
        self, mission: Mission, crossing: Crossing, bays: tuple[str, ...], *, inspect: bool
    ) -> No | None:
        """Send it to the first of these bays that can be had with its way; the first no, if none
        can.
        """
        first: No | None = None
        for bay in bays:
            lanes = self._lanes(mission, crossing, bay)
            if not lanes:
                continue  # it does not lie ahead
            if not is_free(self._state, bay, mission.vehicle):
                zone = self._state.map.bays[bay].zone
                holder = self._state.zones.holders(zone)[:1]
                no: No | None = No(Reason.NO_BAY_FREE, zone, *holder)
            else:
                plan = self._plan(mission, crossing, lanes, bay=bay, inspect=inspect)
                no = self._go(mission, crossing, bay, plan)
            if no is None:
                return None
            first = first or no
        return first or no_place(crossing)

    def _lanes(self, mission: Mission, crossing: Crossing, bay: str) -> list[str]:
        """Lanes by way of a bay, from where road is given already; none if it lies behind."""
        state = self._state
        route = state.route(mission)
        last_m = route.zone_spans[max(0, mission.next_span - 1)][2]
        starts = zip(mission.lanes, route.starts_m, strict=True)
        head = [lane for lane, at_m in starts if at_m < last_m - 1e-6]
        ends = bool(crossing.refused)
        bay_lane = state.map.bays[bay].lane
        if not head or (bay_lane in head and head[-1] != bay_lane):
            return []
        if head[-1] != bay_lane:
            tail = state.way(head[-1], bay if ends else mission.berth, None if ends else bay)
        else:
            tail = (bay_lane,) if ends else state.way(bay_lane, mission.berth, None)
        return [*head, *tail[1:]] if tail else []

    def _plan(
        self, mission: Mission, crossing: Crossing, lanes: list[str], *, bay: str, inspect: bool
    ) -> _Plan:
        """The mission by these lanes; one who is refused ends in the bay."""
        state = self._state
        berth = bay if crossing.refused else mission.berth
        services = services_of(crossing, wanted(state, crossing, mission.done).stations)
        there = bay if inspect else None
        stops = stops_of(state.map, tuple(lanes), berth, bay=there, services=services)
        return lanes, stops, bay, berth

    def _go(self, mission: Mission, crossing: Crossing, bay: str, plan: _Plan) -> No | None:
        """Have the bay, and where no station is to be stood at before it the whole way; then tell
        the truck. Nothing has changed where it answers a no.
        """
        state = self._state
        before: _Plan = (mission.lanes, mission.stops, mission.place, mission.berth)
        zone = state.map.bays[bay].zone
        had = mission.vehicle in state.zones.holders(zone)
        claim = state.claim(mission)
        denied = state.zones.allocate(zone, claim)
        if denied is not None:
            return No(denied.reason, denied.zone, denied.holder)
        mission.lanes, mission.stops, mission.place, mission.berth = plan
        if not self._line_ahead(mission):
            zones = [each for each, _, _ in state.route(mission).zone_spans]
            no = self._grants.reserve(mission, zones.index(zone))
            if no is not None:
                mission.lanes, mission.stops, mission.place, mission.berth = before
                if not had:
                    state.zones.surrender(zone, mission.vehicle)
                return no
        for place in {before[2]: None, before[3]: None}:
            if place and place not in (mission.place, mission.berth):
                self._give_back(mission, place)
        self._told(mission, crossing, bay)
        return None

    def _give_back(self, mission: Mission, place: str) -> None:
        """A bay or berth that was reserved and will not be driven to."""
        there = self._state.map.berths.get(place) or self._state.map.bays[place]
        zones = [each for each, _, _ in self._state.route(mission).zone_spans]
        mine = mission.vehicle in self._state.zones.holders(there.zone)
        if mine and there.zone not in zones:
            self._state.zones.surrender(there.zone, mission.vehicle)
            self._state.free(there.zone, mission.vehicle, mission.convoy, "never entered")

    def _told(self, mission: Mission, crossing: Crossing, bay: str) -> None:
        """The rest of its convoy goes on without it; the truck hears of its way."""
        state = self._state
        found = awaited(state, mission)
        waits = found is not None and not crossing.refused and not to_do(crossing, mission.done)
        part(state, mission, found[1].reason if found is not None and waits else Reason.DIVERTED)
        mission.version += 1
        state.save(mission)
        reason = crossing.refused or next(iter(crossing.holds.values()), "")
        if found is not None and waits:
            reason = found[1].reason.name
        state.say(
            Event.VEHICLE_SET_ASIDE if waits else Event.VEHICLE_DIVERTED,
            vehicle=mission.vehicle,
            crossing=crossing.crossing_id,
            bay=bay,
            reason=Reason.__members__.get(reason, Reason.INSPECTION_ORDERED),
        )
        tell_mission(self._state, mission)

    # --- stations on the way ---

    def _stations_ahead(self, mission: Mission, places: tuple[str, ...]) -> list[Stop]:
        """Stations of these that lie before the truck on its way."""
        state = self._state
        services = {f"place/{place}": True for place in places}
        lanes = tuple(mission.lanes)
        stops = stops_of(state.map, lanes, mission.berth, bay=None, services=services)
        given_m = state.route(mission).zone_spans[max(0, mission.next_span - 1)][2]
        return [each for each in stops if each.place in places and self._ahead(each, given_m)]

    def _ahead(self, stop: Stop, given_m: float) -> bool:
        return stop.kind == STOP_KIND_STATION and stop.at_m > given_m

    def _stop_at(self, mission: Mission, crossing: Crossing, stations: list[str]) -> None:
        """It stops at these stations too, on the way that it is on."""
        new = [each for each in stations if each not in [stop.place for stop in mission.stops]]
        if not new:
            return
        added = self._stations_ahead(mission, tuple(new))
        mission.stops = sorted([*mission.stops, *added], key=lambda stop: stop.at_m)
        mission.version += 1
        self._state.save(mission)
        tell_mission(self._state, mission)

    def _line_ahead(self, mission: Mission) -> bool:
        """A station of the side that it is on is still to be stood at."""
        side = self._side(mission)
        stations = (stop for stop in mission.stops if stop.kind == STOP_KIND_STATION)
        here = (stop for stop in stations if self._state.map.stations[stop.place].country == side)
        return any(stop.place not in mission.done for stop in here)

    def _side(self, mission: Mission) -> str:
        """The side a truck is on, by its chain of custody."""
        crossed = self._state.crossings[mission.crossing].step >= CUSTODY_STEP_ENTERED
        return (DESTINATION if crossed else ORIGIN)[mission.direction]


def _is_inspected(mission: Mission) -> bool:
    """Its bay is one to be inspected in, and not only to wait in."""
    return any(stop.kind == STOP_KIND_BAY and stop.place == mission.place for stop in mission.stops)
