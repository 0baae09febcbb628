"""Grants: how far a mission's authority may reach now, and if no farther, why.

Pure. Zones are claimed in route order and allocated from the head; every voter must say yes to each
zone; what cannot be stopped in is allocated together with what lies behind it. An authority ends
short of what is allocated by an overlap, at a gate's or station's stop line, or at the berth.
Silence extends nothing. Not here: the interlocking's rules, which truck goes first (dispatch.py).
"""

from collections.abc import Callable, Mapping
from typing import Final

from contract.agent import Now, Send
from contract.events import Event
from contract.limits import GATE_OVERLAP_M, LANE_OVERLAP_M
from contract.map import ZoneKind
from contract.reasons import Reason
from contract.route import Route
from contract.v1.movement_pb2 import (
    STOP_KIND_BAY,
    STOP_KIND_GATE,
    STOP_KIND_STATION,
    VEHICLE_STATE_AT_GATE,
    Shortening,
)
from corridor.authority import Weather, authority_of
from corridor.bars import barred
from corridor.climbing import Climbing
from corridor.evidence import find_remote
from corridor.groups import together
from corridor.interlocking import Claim, Denied, ZoneRule
from corridor.records import Mission, Stop
from corridor.standing import stands_long, why
from corridor.state import No, State
from corridor.stretches import forks_before_sections
from corridor.visits import Visits

LOOK_AHEAD_M: Final = 320.0
RENEW_BELOW_M: Final = 160.0
WORTH_M: Final = 20.0
NEAR_END_M: Final = 40.0


class Grants:
    """Extends authorities as far as every voter allows."""

    def __init__(
        self,
        state: State,
        station_gate: dict[str, str],
        weather: Weather,
        *,
        holds_back: Callable[[Mission, str], bool],
        climbing: Climbing,
        radio_gap: bool = False,
        more: tuple["Voter", ...] = (),
    ) -> None:
        """`holds_back`: a convoy still gathers (gathering.py); `radio_gap`: none between the posts
        (groups.py); `more`: voters of other modules.
        """
        self._state = state
        self._station_gate = station_gate
        self._visits = Visits(state, station_gate)
        self._weather = weather
        self._holds_back = holds_back
        self._climbing = climbing
        self._radio_gap = radio_gap
        self._more = more
        self.forks = forks_before_sections(state.map)
        self._limited = limited_zones(state.zones.rules)

    def weather_is(self, weather: Weather) -> None:
        """From now on authorities say this."""
        self._weather = weather

    def extend(self, now: Now, mission: Mission) -> None:
        """Allocate what may be had, grant what is worth it, say why not more."""
        state = self._state
        heard = state.heard.get(mission.vehicle)
        if not mission.accepted or mission.arrived or heard is None or not heard.reported:
            return
        if mission.asked:
            return  # how much it has is not known until it has answered (shortening.py)
        route = state.route(mission)
        at_gate = heard.state == VEHICLE_STATE_AT_GATE
        short = mission.end_m - heard.front_m <= RENEW_BELOW_M or heard.silent
        bar = no = barred(state, self._climbing, mission)
        waits = mission.vehicle in state.waits or stands_long(state, now, mission.vehicle)
        if not (short or waits or at_gate or bar is not None):
            return
        self._visits.announce(mission, route, mission.next_span)  # a place may have been opened
        if short and bar is None:
            no = self._allocate(mission, route, heard.front_m + LOOK_AHEAD_M)
            heard.wants = no.resource if no is not None else ""
            end_m, overlap_m = self._end(mission, route, mission.next_span)
            final = mission.next_span == len(route.zone_spans)
            if end_m >= mission.end_m + WORTH_M or (end_m > mission.end_m + 0.05 and (final or no)):
                self._grant(mission, route, end_m, overlap_m)
                self._leaves(now, mission)
        near = mission.end_m - heard.front_m <= NEAR_END_M or bar is not None
        if not near or no is None:
            no = why(state, now, mission)
        if at_gate and bar is None:
            no = self._unwelcome(mission, route, heard.front_m) or no
        if no is not None:
            about = {"resource": no.resource, "holder": no.holder, "lifts": no.lifts}
            state.wait(now, mission.vehicle, no.reason, **about)
        else:
            state.goes_on(now, mission.vehicle)

    def _leaves(self, now: Now, mission: Mission) -> None:
        """Given road beyond its berth for the first time, a truck sets off: its time runs."""
        crossing = self._state.crossings[mission.crossing]
        if not crossing.started_ms and mission.next_span - mission.cleared > 1:
            crossing.started_ms = now.utc_ms
            self._state.save(crossing)

    def _unwelcome(self, mission: Mission, route: Route, front_m: float) -> No | None:
        """Why a truck that has road past the gate at whose line it stands gets no permit."""
        behind = [i for i, (_, start_m, _) in enumerate(route.zone_spans) if start_m > front_m]
        if not behind:
            return None
        votes = (voter(mission, route, behind[0]) for voter in self._more)
        return next((no for no in votes if no is not None), None)

    def reserve(self, mission: Mission, last: int) -> No | None:
        """Allocate every zone up to `last` of the route, or none of them."""
        wanted = list(range(mission.next_span, last + 1))
        return self._have(mission, self._state.route(mission), wanted, wanted)

    def again(self, mission: Mission) -> None:
        """Say the authority in force anew, under a new number: the vehicle may not have it. Not to
        one that is halted: it gets it with its release.
        """
        if any(halt.vehicle == mission.vehicle for halt in self._state.halts.values()):
            return
        route = self._state.route(mission)
        end_m, overlap_m = self._end(mission, route, mission.next_span)
        if mission.number:
            self._grant(mission, route, max(end_m, mission.end_m), overlap_m)

    # --- allocation ---

    def _allocate(self, mission: Mission, route: Route, until_m: float) -> No | None:
        """Allocate zone groups up to `until_m`; the first no, if there was one."""
        state, spans = self._state, route.zone_spans
        while mission.next_span < len(spans) and spans[mission.next_span][1] <= until_m:
            first, forks = mission.next_span, self.forks
            room = together(state, mission, spans, first, forks=forks, radio_gap=self._radio_gap)
            group, no = self._wanted(mission, route, room)
            no = no or self._have(mission, route, group, room)
            if no is not None:
                return no
        return None

    def _have(self, mission: Mission, route: Route, group: list[int], room: list[int]) -> No | None:
        """Allocate all of these zones, or none of them if a voter says no to one; what is wanted
        beyond `room` is wanted only because the truck could not start again before it.
        """
        claim = self._claim(mission)
        for index in group:
            no = self._vote(mission, route, index, claim)
            if no is not None and index not in room:
                return No(Reason.CANNOT_START_HERE, no.resource, no.holder or mission.vehicle)
            if no is not None:
                return no
        for index in group:
            zone = route.zone_spans[index][0]
            self._state.zones.allocate(zone, claim)
            self._state.say(
                Event.ZONE_ALLOCATED, zone=zone, vehicle=mission.vehicle, convoy=mission.convoy
            )
        if group:
            mission.next_span = group[-1] + 1
        self._visits.announce(mission, route, mission.next_span)
        self._state.save(mission)
        self._wake_followers(mission)
        return None

    def _wake_followers(self, mission: Mission) -> None:
        place = mission.formation.index(mission.vehicle)
        for vehicle in mission.formation[place + 1 :]:
            behind = self._state.mission_of.get(vehicle)
            if behind is not None:
                self._state.dirty[behind] = None

    def _claim(self, mission: Mission) -> Claim:
        place = mission.formation.index(mission.vehicle)
        return self._state.claim(mission, tuple(mission.formation[:place]))

    def _wanted(
        self, mission: Mission, route: Route, room: list[int]
    ) -> tuple[list[int], No | None]:
        """The next zones that must be had together, up to where this truck could start again."""
        group, steep = self._climbing.reach(
            mission, route, room, lambda spans_had: self._end(mission, route, spans_had)[0]
        )
        return group, None if steep is None else No(*steep, mission.vehicle)

    def _vote(self, mission: Mission, route: Route, index: int, claim: Claim) -> No | None:
        """The first no of all voters to one more zone of the route."""
        for voter in _VOTERS:
            no = voter(self, mission, route, index)
            if no is not None:
                return no
        for other in self._more:
            no = other(mission, route, index)
            if no is not None:
                return no
        zone = route.zone_spans[index][0]
        denied = self._state.zones.judge(zone, claim)
        if isinstance(denied, Denied):
            return No(denied.reason, denied.zone, denied.holder)
        return self._gate_votes(route, index)  # last: who waits for a cell is not told of each try

    # --- voters: each a no with its reason, or None ---

    def _bearing_votes(self, mission: Mission, route: Route, index: int) -> No | None:
        """No road out of the berth for a truck that some zone of its way does not bear: it would
        stand before that for ever.
        """
        if index == 0 or mission.next_span > 1:
            return None
        claim = self._claim(mission)
        for zone, _, _ in route.zone_spans[index:]:
            if zone not in self._limited:
                continue
            denied = self._state.zones.bears(zone, claim)
            if denied is not None:
                return No(denied.reason, zone, "terminal")
        return None

    def _station_votes(self, mission: Mission, route: Route, index: int) -> No | None:
        """Nothing behind a station or bay until it has finished with the truck."""
        stop = self._pending(mission)
        if stop is None or route.zone_spans[index][1] <= stop.at_m:
            return None
        bay = stop.kind == STOP_KIND_BAY
        reason = Reason.INSPECTION_PENDING if bay else Reason.STATION_PENDING
        if (mission.vehicle, stop.place) in self._state.overdue:
            reason = Reason.STATION_SILENT
        elif stop.place in self._state.closed:
            return No(Reason.PLACE_CLOSED, stop.place, self._state.closed[stop.place])
        return No(reason, stop.place, self._station_gate.get(stop.place, ""))

    def _remote_votes(self, mission: Mission, route: Route, index: int) -> No | None:
        """No road past the last way into a bay while something of the truck is read elsewhere."""
        return find_remote(self._state, mission, route, index)

    def _order_votes(self, mission: Mission, route: Route, index: int) -> No | None:
        """A convoy keeps its order, and nobody is given road beyond whoever is ahead in a zone
        they share: no zone that one ahead has still to come through.
        """
        zone = route.zone_spans[index][0]
        for vehicle in self._ahead(mission, route):
            before = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
            if before is None:
                continue
            ahead = self._state.route(before).zone_spans[before.next_span :]
            if any(zone == other for other, _, _ in ahead):
                return No(Reason.PREDECESSOR_FIRST, zone, vehicle)
        return None

    def _ahead(self, mission: Mission, route: Route) -> dict[str, None]:
        """Members of the convoy before this one, and who holds a zone of it before it does."""
        place = mission.formation.index(mission.vehicle)
        found = {
            vehicle: None
            for vehicle in mission.formation[:place]
            if self._convoy_of(vehicle) == mission.convoy
        }
        for zone, _, _ in route.zone_spans[mission.cleared : mission.next_span]:
            holders = self._state.zones.holders(zone)
            if mission.vehicle in holders:
                found |= dict.fromkeys(holders[: holders.index(mission.vehicle)])
        return found

    def _convoy_of(self, vehicle: str) -> str:
        mission = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
        return mission.convoy if mission is not None else ""

    def _formation_votes(self, mission: Mission, route: Route, index: int) -> No | None:
        """Nothing beyond where a convoy gathers until it has, or has waited long enough; who is
        sent to a bay waits for nobody.
        """
        if not mission.place and self._holds_back(mission, route.zone_spans[index][0]):
            return No(Reason.CONVOY_FORMING, mission.convoy, "supervisor")
        return None

    def _gate_votes(self, route: Route, index: int) -> No | None:
        """Nothing into the cell of a gate that is out of order."""
        zone = route.zone_spans[index][0]
        for gate in self._state.faulty_gates:
            if self._state.map.gates[gate].zone == zone:
                return No(Reason.GATE_FAULT, zone, gate)
        return None

    # --- ends ---

    def _pending(self, mission: Mission) -> Stop | None:
        """The first station or bay that has not finished with the truck."""
        for stop in mission.stops:
            inspected = stop.kind in (STOP_KIND_STATION, STOP_KIND_BAY)
            if inspected and stop.place not in mission.done:
                return stop
        return None

    def _end(self, mission: Mission, route: Route, spans_had: int) -> tuple[float, float]:
        """Where the authority may end with so many zones of the route, and the overlap behind it,
        in metres.
        """
        spans = route.zone_spans
        if spans_had >= len(spans):
            return self._held_back(mission, mission.stops[-1].at_m, GATE_OVERLAP_M)
        if spans_had == 0:
            return 0.0, 0.0
        zone, start_m, end_m = spans[spans_had - 1]
        if self._state.map.zones[zone].kind is ZoneKind.GATE_CELL:
            for stop in mission.stops:
                if stop.kind == STOP_KIND_GATE and start_m <= stop.at_m <= end_m:
                    return self._held_back(mission, stop.at_m, GATE_OVERLAP_M)
        return self._held_back(mission, end_m - LANE_OVERLAP_M, LANE_OVERLAP_M)

    def _held_back(self, mission: Mission, end_m: float, overlap_m: float) -> tuple[float, float]:
        """No farther than the stop line of a station or bay that is not done, or than the station's
        before a bay while the way to it is not had.
        """
        stop = self._pending(mission)
        if stop is not None and stop.at_m < end_m:
            return stop.at_m, GATE_OVERLAP_M
        if stop is not None and stop.kind == STOP_KIND_BAY:
            lines = [each.at_m for each in mission.stops if each.kind == STOP_KIND_STATION]
            line_m = max((at_m for at_m in lines if at_m < stop.at_m), default=end_m)
            if line_m < end_m:
                return line_m, GATE_OVERLAP_M
        return end_m, overlap_m

    def shorten(self, mission: Mission, had: int, how: Shortening) -> bool:
        """Ask a truck to end where its first `had` zones end; what it has stays its own until it
        has said yes. False if it is beyond that end already.
        """
        route, heard = self._state.route(mission), self._state.heard[mission.vehicle]
        end_m, overlap_m = self._end(mission, route, had)
        if not heard.front_m < end_m < mission.end_m:
            return False
        mission.number += 1
        mission.asked, mission.asked_span, mission.asked_m = mission.number, had, end_m
        authority = authority_of(mission, route, end_m, overlap_m, weather=self._weather)
        authority.shortening = how
        self._state.save(mission)
        self._state.say(
            Event.ROAD_ASKED_BACK,
            vehicle=mission.vehicle,
            number=mission.number,
            end_lane=authority.end_lane,
            end_mm=authority.end_mm,
        )
        self._state.out.append(Send(mission.vehicle, authority))
        return True

    def _grant(self, mission: Mission, route: Route, end_m: float, overlap_m: float) -> None:
        mission.number += 1
        mission.end_m, mission.asked = end_m, 0
        self._state.save(mission)
        authority = authority_of(mission, route, end_m, overlap_m, weather=self._weather)
        zones = [zone for zone, _, _ in route.zone_spans[mission.cleared : mission.next_span]]
        self._state.say(
            Event.AUTHORITY_GRANTED,
            vehicle=mission.vehicle,
            mission=mission.mission_id,
            number=mission.number,
            end_lane=authority.end_lane,
            end_mm=authority.end_mm,
            zones=" ".join(zones),
        )
        self._state.out.append(Send(mission.vehicle, authority))


def limited_zones(rules: Mapping[str, ZoneRule]) -> frozenset[str]:
    """Zones with a limit of any kind: all others bear everybody."""
    return frozenset(
        zone
        for zone, rule in rules.items()
        if (rule.vehicles_max, rule.mass_max_kg, rule.axle_max_kg) != (None, None, None)
    )


_Voter = Callable[[Grants, Mission, Route, int], No | None]
Voter = Callable[[Mission, Route, int], No | None]
_VOTERS: Final[tuple[_Voter, ...]] = (
    Grants._bearing_votes,
    Grants._station_votes,
    Grants._remote_votes,
    Grants._order_votes,
    Grants._formation_votes,
)
