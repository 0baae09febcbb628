"""Positions: what vehicles say of where they are, and which zones that proves free.

Pure. A report frees what the rear has left; where there is a counter, the interlocking asks for its
word too (counters.py). A vehicle found where it holds nothing is written into the zone, or
puts it in doubt.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.limits import (
    CLEAR_MARGIN_M,
    RESTING_SILENCE_MS,
    STANDING_SILENCE_MS,
    VEHICLE_SILENCE_MS,
)
from contract.reasons import Reason
from contract.route import Route
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_BOOTED,
    POSITION_CAUSE_STOPPED,
    VEHICLE_STATE_AT_GATE,
    VEHICLE_STATE_PARKED,
    VEHICLE_STATE_STOPPED,
    VEHICLE_STATE_WAITING,
    PositionCause,
    PositionReport,
    VehicleHeartbeat,
)
from corridor.charging import note_charge
from corridor.counters import Counters
from corridor.evidence import BEYOND_M, find_doubt, note_seal
from corridor.grants import NEAR_END_M, RENEW_BELOW_M
from corridor.interlocking import Claim, ZoneState
from corridor.records import Mission, Rest
from corridor.standing import stands_long
from corridor.state import Heard, State

LOOK_M: Final = 20.0  # a truck that comes to its end is looked at each time it is so much farther
LOOK_MS: Final = 15_000  # and after so long in any case
BESIDE_END_M: Final = 0.5  # a place may be rounded beyond the end of its lane by this much
# How long a vehicle may be silent, by what it last said of itself.
_SILENCE_MS: Final[dict[int, int]] = {
    VEHICLE_STATE_PARKED: RESTING_SILENCE_MS,
    VEHICLE_STATE_WAITING: STANDING_SILENCE_MS,
    VEHICLE_STATE_AT_GATE: STANDING_SILENCE_MS,
    VEHICLE_STATE_STOPPED: STANDING_SILENCE_MS,
}


class Positions:
    """Keeps the table of zones in step with what is proven."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._state = state
        self._counters = counters
        self._since_ns: int | None = None  # our start, as far as silence goes

    def on_heartbeat(self, now: Now, vehicle: str, beat: VehicleHeartbeat) -> None:
        """Alive, and roughly here. Frees nothing."""
        heard = self._hear(now, vehicle)
        heard.speed_mps = beat.speed_mmps / 1000.0
        self._stands(now, vehicle, heard, standing=beat.speed_mmps == 0)
        stirs = heard.halted is not None and heard.state != beat.state
        if heard.state == VEHICLE_STATE_STOPPED != beat.state:
            heard.halted = None
        heard.state = beat.state
        heard.authority = beat.authority_number
        note_charge(self._state, vehicle, beat)
        mission_id = self._state.mission_of.get(vehicle)
        if mission_id is None:
            return
        mission = self._state.missions[mission_id]
        if not mission.accepted:
            return
        heard.front_m = beat.front_mm / 1000.0
        self._counters.on_heartbeat(now, mission, heard, beat)
        if heard.doubted and heard.front_m <= mission.end_m + BEYOND_M:
            heard.doubted = ""
            self._state.dirty[mission_id] = None
        if stirs or self._is_to_be_looked_at(now, mission, heard):
            heard.looked_m, heard.looked_ns = heard.front_m, now.mono_ns
            self._state.dirty[mission_id] = None

    def _is_to_be_looked_at(self, now: Now, mission: Mission, heard: Heard) -> bool:
        """Whether a truck that comes to its end may have got farther since it was looked at last.
        What it waits for brings it up by itself (State.free and the like): this is for its own way,
        and so that nothing waits for good.
        """
        left_m = mission.end_m - heard.front_m
        if left_m >= RENEW_BELOW_M:
            return False
        came_m = abs(heard.front_m - heard.looked_m)
        came_near = left_m <= NEAR_END_M < mission.end_m - heard.looked_m
        late = now.mono_ns - heard.looked_ns >= LOOK_MS * NS_PER_MS
        return late or came_near or came_m >= LOOK_M

    def on_report(self, now: Now, vehicle: str, report: PositionReport) -> None:
        """A report by exception: the rear has left zones, a place is reached, or a start."""
        heard = self._hear(now, vehicle)
        first = not heard.reported
        note_seal(self._state, now, vehicle, report)
        self._stands(now, vehicle, heard, standing=report.standing)
        heard.authority = report.authority_number
        reason = Reason.__members__.get(report.reason)
        if report.cause == POSITION_CAUSE_STOPPED and reason is Reason.RELEASE_REVOKED:
            heard.halted = reason  # lifted by new releases; what an operator lifts: halts.py
        mission = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
        if mission is None:
            located = self._rests(vehicle, report)
        else:
            located = self._moves(now, mission, report, heard)
        heard.reported = heard.reported or located
        if first or report.cause in (POSITION_CAUSE_BOOTED, POSITION_CAUSE_STOPPED):
            self._state.say(
                Event.VEHICLE_REPORTED,
                vehicle=vehicle,
                lane=report.front_lane,
                zones=" ".join(self._state.zones.held_by(vehicle)),
                cause=PositionCause.Name(report.cause).removeprefix("POSITION_CAUSE_").lower(),
            )

    def unbelieved(self) -> list[tuple[str, PositionReport]]:
        """Newest reports that no counter has confirmed: to be judged again when one speaks."""
        heard = sorted(self._state.heard.items())
        return [(name, each.unbelieved) for name, each in heard if each.unbelieved is not None]

    def _hear(self, now: Now, vehicle: str) -> Heard:
        heard = self._state.heard.get(vehicle)
        if heard is None:
            heard = self._state.heard[vehicle] = Heard(now.mono_ns)
        heard.last_ns = now.mono_ns
        if heard.silent:
            heard.silent = False
            self._state.say(Event.VEHICLE_HEARD_AGAIN, vehicle=vehicle)
            self._state.dispatch_due = True
            mission_id = self._state.mission_of.get(vehicle)
            if mission_id is not None:
                self._state.dirty[mission_id] = None
        return heard

    def _stands(self, now: Now, vehicle: str, heard: Heard, *, standing: bool) -> None:
        """Since when it stands; one that waited and moves off is to be looked at."""
        stood, heard.standing = heard.standing, standing
        if standing:
            heard.stood_ns = now.mono_ns if heard.stood_ns is None else heard.stood_ns
            return
        heard.stood_ns = None
        mission_id = self._state.mission_of.get(vehicle)
        if stood and mission_id is not None and vehicle in self._state.waits:
            self._state.dirty[mission_id] = None

    def _rests(self, vehicle: str, report: PositionReport) -> bool:
        """A truck without a mission: it holds the zones it stands in. False if it names none."""
        state = self._state
        lanes = state.map.lanes
        if report.front_lane not in lanes or report.rear_lane not in lanes:
            return False
        berths = [each.id for each in state.map.berths.values() if each.lane == report.front_lane]
        rest = Rest(vehicle, report.front_lane, berths[0] if berths else "")
        if state.rests.get(vehicle) != rest:
            state.rests[vehicle] = rest
            state.save(rest)
        for lane in sorted({report.front_lane, report.rear_lane}):
            self._find(lanes[lane].zone, Claim(vehicle, vehicle, "", 0))
            if not report.trailer_coupled:
                self._parted([lanes[lane].zone], vehicle)
        state.dispatch_due = True
        return True

    def _find(self, zone: str, claim: Claim) -> None:
        if claim.vehicle in self._state.zones.holders(zone):
            self._state.zones.entered(zone, claim.vehicle)
        elif not self._state.zones.found(zone, claim):
            cause = f"{claim.vehicle} was found in it"
            self._state.say(Event.ZONE_BECAME_UNKNOWN, zone=zone, cause=cause)

    def _moves(self, now: Now, mission: Mission, report: PositionReport, heard: Heard) -> bool:
        """A truck on its way: frees what its rear has left. False if it is not on its route."""
        state = self._state
        route = state.route(mission)
        ends = self._ends(route, report)
        if ends is None:
            return False
        front_m, rear_m = ends
        doubt = find_doubt(state, mission, report, ends)
        if doubt is not None:
            reason, detail = doubt
            if heard.doubted != detail:
                state.say(
                    Event.REPORT_DOUBTED, vehicle=mission.vehicle, reason=reason, detail=detail
                )
            heard.doubted = detail
            within = front_m <= mission.end_m + BEYOND_M
            heard.unbelieved = report if within else None  # a counter may confirm it
            state.dirty[mission.mission_id] = None
            return True
        heard.doubted, heard.unbelieved = "", None
        heard.front_m = front_m
        if not report.trailer_coupled:
            inside = route.zone_spans[mission.cleared :]
            self._parted(
                [zone for zone, start_m, _ in inside if start_m <= front_m], mission.vehicle
            )
            return True
        while mission.cleared < len(route.zone_spans) - 1:
            zone, _, end_m = route.zone_spans[mission.cleared]
            if end_m + CLEAR_MARGIN_M / 2.0 > rear_m:
                break
            if state.zones.reported(zone, mission.vehicle):
                state.free(zone, mission.vehicle, mission.convoy, self._proof(zone))
            mission.cleared += 1
            state.save(mission)
        for index in range(mission.cleared, len(route.zone_spans)):
            zone, start_m, _ = route.zone_spans[index]
            if start_m > front_m:
                break
            if index < mission.counted_from and mission.vehicle not in state.zones.holders(zone):
                continue  # older than what counters have seen since; a newer word: counters.py
            claim = state.claim(mission)
            self._find(zone, claim)
        state.dirty[mission.mission_id] = None
        return True

    def _ends(self, route: Route, report: PositionReport) -> tuple[float, float] | None:
        """Front and rear along the route; None unless both are on it, one behind the other."""
        ends = []
        for lane, at_mm in (
            (report.front_lane, report.front_mm),
            (report.rear_lane, report.rear_mm),
        ):
            if lane not in route.lanes or at_mm / 1000.0 > self._lane_m(lane) + BESIDE_END_M:
                return None
            ends.append(route.at(lane, at_mm / 1000.0))
        front_m, rear_m = ends
        return (front_m, rear_m) if rear_m <= front_m else None

    def _lane_m(self, lane: str) -> float:
        return self._state.map.lanes[lane].length_m

    def _parted(self, zones: list[str], vehicle: str) -> None:
        """The trailer may stand anywhere behind: nothing is free until people say so."""
        for zone in zones:
            if self._state.zones.state(zone) is not ZoneState.UNKNOWN:
                cause = f"the trailer of {vehicle} is not coupled"
                self._state.zones.doubt(zone, cause)
                self._state.say(Event.ZONE_BECAME_UNKNOWN, zone=zone, cause=cause)

    def _proof(self, zone: str) -> str:
        return "report and counter" if self._state.zones.rules[zone].wired else "report"

    def watch(self, now: Now) -> None:
        """Vehicles that have not been heard in time: their zones stay locked, and somebody must
        look.
        """
        self._note_unheard(now)
        for vehicle in sorted(self._state.heard):
            heard = self._state.heard[vehicle]
            asked = vehicle not in self._state.waits and vehicle in self._state.mission_of
            if asked and stands_long(self._state, now, vehicle):
                self._state.dirty[self._state.mission_of[vehicle]] = None
            limit_ms = _SILENCE_MS.get(heard.state, VEHICLE_SILENCE_MS)
            if heard.silent or now.mono_ns - heard.last_ns <= limit_ms * NS_PER_MS:
                continue
            heard.silent = True
            self._state.say(
                Event.VEHICLE_FELL_SILENT,
                vehicle=vehicle,
                zones=" ".join(self._state.zones.held_by(vehicle)),
                silent_ms=(now.mono_ns - heard.last_ns) // 1_000_000,
            )
            mission_id = self._state.mission_of.get(vehicle)
            if mission_id is not None:
                self._state.dirty[mission_id] = None
                reason = Reason.VEHICLE_SILENT
                self._state.wait(now, vehicle, reason, resource=vehicle, holder=vehicle)

    def _note_unheard(self, now: Now) -> None:
        """Those on their way that have said nothing at all since our start count as heard then: who
        died before it, or while we were down, is silent as well.
        """
        if self._since_ns is None:
            self._since_ns = now.mono_ns
        if now.mono_ns - self._since_ns <= RESTING_SILENCE_MS * NS_PER_MS:
            return
        for vehicle in self._state.mission_of:
            if vehicle not in self._state.heard:
                self._state.heard[vehicle] = Heard(self._since_ns)
