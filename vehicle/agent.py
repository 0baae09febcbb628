"""The vehicle's agent: takes a mission, waits for authority, drives to stop lines, asks gates, passes.

Pure. In: messages, deadlines, the body's readings. Out: effects. After a start there is no authority.
What may be driven is the least of: the authority's end, the next gate without a permit, what the guard
has read itself. Not here: steering and speed (pilot/), the truck's own no (guard.py).
Phases: phases.py. Requirements: VEH-001 to VEH-012 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.agent import (
    NS_PER_MS,
    Act,
    Boot,
    Effect,
    Effects,
    Now,
    Persist,
    Received,
    Refused,
    Report,
    Role,
    Send,
)
from contract.events import Event
from contract.limits import HEARTBEAT_MS, RESTING_HEARTBEAT_MS, STOP_WINDOW_M
from contract.map import CorridorMap
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer
from contract.v1 import envelope_pb2, gate_pb2, movement_pb2
from contract.v1.document_pb2 import Document
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_BOOTED,
    POSITION_CAUSE_REACHED,
    POSITION_CAUSE_STOPPED,
    POSITION_CAUSE_ZONE_CLEARED,
    STOP_KIND_BERTH,
    STOP_KIND_GATE,
    VEHICLE_STATE_AT_GATE,
    VEHICLE_STATE_DRIVING,
    VEHICLE_STATE_PARKED,
    VEHICLE_STATE_STOPPED,
    VEHICLE_STATE_WAITING,
    AuthorityReply,
    MissionOrder,
    MissionReply,
    MovementAuthority,
    PositionReport,
    VehicleHeartbeat,
)
from vehicle.guard import Guard, GuardRow, Supervisors
from vehicle.mission import Mission, read_mission
from vehicle.orders import ClearTrip, Drive, Rest, SetGuard, VehicleReading
from vehicle.passage import TruckPassage
from vehicle.phases import Outcome, Phase, next_phase
from vehicle.pilot.columns import (
    CAUSE_LOST,
    CAUSE_OVERRUN,
    CAUSE_OVERSPEED,
    MILE_CLEARED,
    MILE_LOST_PATH,
    MILE_REACHED,
    MILE_TRIPPED,
)
from vehicle.whereabouts import Place, find_place

HEADWAY_S: Final = 2.0
STANDSTILL_M: Final = 5.0
STANDING_MPS: Final = 0.05
STANDING_HEARTBEAT_MS: Final = 2_000
_TRIPS: Final = {
    CAUSE_OVERRUN: "ran past the end of authority",
    CAUSE_OVERSPEED: "could not stop before the end of authority",
    CAUSE_LOST: "left the path",
}
_STATES: Final = {
    Phase.PARKED: (VEHICLE_STATE_PARKED, RESTING_HEARTBEAT_MS),
    Phase.WAITING: (VEHICLE_STATE_WAITING, STANDING_HEARTBEAT_MS),
    Phase.DRIVING: (VEHICLE_STATE_DRIVING, HEARTBEAT_MS),
    Phase.AT_GATE: (VEHICLE_STATE_AT_GATE, STANDING_HEARTBEAT_MS),
    Phase.STOPPED: (VEHICLE_STATE_STOPPED, STANDING_HEARTBEAT_MS),
}


@dataclass(frozen=True, slots=True)
class VehicleConfig:
    """What this truck is and whom it obeys.

    length_m        bumper to bumper, with trailer;  front_ahead_m   front bumper ahead of the rear axle
    """

    name: str
    supervisor: str
    length_m: float
    front_ahead_m: float


class VehicleAgent:
    """One truck's decisions."""

    def __init__(
        self, config: VehicleConfig, signer: Signer, roster: Roster, corridor: CorridorMap
    ) -> None:
        self._config = config
        self._map = corridor
        supervisors = {node.name: node.public_key for node in roster.of_role(Role.SUPERVISOR)}
        self._guard = Guard(
            config.name, signer.key_id, Supervisors(supervisors), roster.release_keys
        )
        self._passage = TruckPassage(config.name, signer.key_id, roster)
        self._phase = Phase.PARKED
        self._mission: Mission | None = None
        self._generation = 0
        self._number = 0
        self._end_m = 0.0
        self._releases: tuple[Document, ...] = ()
        self._stops: dict[str, str] = {}
        self._reading: VehicleReading | None = None
        self._place: Place | None = None
        self._front_m = 0.0
        self._ordered: tuple[float, float, int] | None = None
        self._guarded: tuple[GuardRow | None, int] | None = None
        self._greeted = False
        self._beats = 0
        self._beat_ns = 0
        self._beaten = Phase.PARKED
        self._out: list[Effect] = []

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._out = [Act(Rest())]
        self._guard_row()
        order = state.get("mission")
        if order is not None:
            mission = read_mission(MissionOrder.FromString(order), self._map)
            if isinstance(mission, Mission):
                self._take(mission)
        clearance = state.get("clearance")
        if clearance is not None:
            notice = movement_pb2.ClearanceNotice.FromString(clearance)
            self._releases = tuple(notice.releases)
            self._guard.releases(self._releases, now)
        self._beat_ns = now.mono_ns
        return self._taken()

    def on_message(self, now: Now, received: Received) -> Effects:
        self._out = []
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        self._order(now)
        return self._taken()

    def on_wake(self, now: Now, reading: VehicleReading) -> Effects:
        self._out = []
        if not reading.known:
            self._beat(now)
            return self._taken()
        first = self._reading is None
        self._reading = reading
        self._follow(reading)
        if first:
            self._report(POSITION_CAUSE_BOOTED, Reason.RESTARTED)
        if reading.milestones:
            self._on_milestones(now, reading)
        self._retry(now)
        if now.mono_ns >= self._beat_ns:
            self._beat(now)
        self._order(now)
        return self._taken()

    @property
    def phase(self) -> Phase:
        """What the truck is doing."""
        return self._phase

    @property
    def wake_ns(self) -> int | None:
        retry_ns = self._passage.retry_ns
        return self._beat_ns if retry_ns is None else min(self._beat_ns, retry_ns)

    def _taken(self) -> Effects:
        out, self._out = self._out, []
        return out

    # --- messages ---

    def _on_hello(self, now: Now, received: Received) -> None:
        """A peer has (re)started: tell a supervisor where we are, ask a gate anew."""
        if received.role is Role.SUPERVISOR:
            if self._greeted and self._reading is not None:
                self._report(POSITION_CAUSE_BOOTED)
            self._greeted = True
        elif received.role is Role.GATE and self._phase is Phase.AT_GATE:
            self._passage.forget(received.sender)
            self._ask(now)

    def _on_mission(self, now: Now, received: Received) -> None:
        order = received.message
        assert isinstance(order, MissionOrder)  # noqa: S101 - by dispatch
        mission = self._judge_mission(order)
        fields: dict[str, Any] = {"mission": order.mission_id, "version": order.version}
        if isinstance(mission, Refused):
            fields |= {"reason": mission.reason, "detail": mission.detail}
            self._out.append(Report(Event.MISSION_REFUSED, fields))
        else:
            self._take(mission)
            self._out.append(Persist("mission", order.SerializeToString()))
            fields["crossing"] = order.crossing_id
            self._out.append(Report(Event.MISSION_ACCEPTED, fields))
        reply = MissionReply(
            mission_id=order.mission_id,
            version=order.version,
            accepted=isinstance(mission, Mission),
            reason=mission.reason.name if isinstance(mission, Refused) else "",
        )
        self._out.append(Send(received.sender, reply))

    def _judge_mission(self, order: MissionOrder) -> Mission | Refused:
        """Whether this order may replace what we have."""
        current = self._mission
        if current is not None:
            if order.mission_id != current.mission_id:
                return Refused(Reason.MISSION_STALE, f"{current.mission_id} is not finished")
            if order.version < current.version:
                return Refused(Reason.MISSION_STALE, f"{order.version} < {current.version}")
        mission = read_mission(order, self._map)
        if isinstance(mission, Refused):
            return mission
        if self._reading is None:
            return Refused(Reason.NOT_ON_ROUTE, "no position yet")
        _, left_m = mission.route.project(self._reading.x_m, self._reading.y_m)
        if abs(left_m) > 2.0:
            return Refused(Reason.NOT_ON_ROUTE, f"{abs(left_m):.1f} m beside it")
        return mission

    def _take(self, mission: Mission) -> None:
        fresh = self._mission is None or self._mission.mission_id != mission.mission_id
        end = None if fresh or self._mission is None else self._mission.route.where(self._end_m)
        self._mission = mission
        self._generation += 1
        self._end_m = 0.0
        if fresh:
            self._number = 0
            self._releases = ()
        elif end is not None and end[0] in mission.route.lanes:
            self._end_m = mission.route.at(*end)
        self._guard.mission(
            mission.mission_id,
            mission.crossing_id,
            mission.route,
            mission.neutral_m,
            version=mission.version,
        )
        self._guard_row()
        if self._reading is not None:
            x_m, y_m = self._reading.x_m, self._reading.y_m
            s_m, _ = mission.route.project(x_m, y_m)
            self._front_m = s_m + self._ahead_m()
        self._phase = next_phase(self._phase, Outcome.MISSION_TAKEN)

    def _on_clearance(self, now: Now, received: Received) -> None:
        notice = received.message
        assert isinstance(notice, movement_pb2.ClearanceNotice)  # noqa: S101 - by dispatch
        if self._mission is None or notice.crossing_id != self._mission.crossing_id:
            return
        self._releases = tuple(notice.releases)
        self._guard.releases(self._releases, now)
        self._guard_row()
        self._out.append(Persist("clearance", notice.SerializeToString()))

    def _on_authority(self, now: Now, received: Received) -> None:
        """The guard reads the authority from the bytes; the agent follows what it accepts."""
        authority = received.message
        assert isinstance(authority, MovementAuthority)  # noqa: S101 - by dispatch
        refused = self._guard.authority(received.frame, received.epoch)
        fields: dict[str, Any] = {"mission": authority.mission_id, "number": authority.number}
        if refused is None and self._mission is not None:
            self._number = authority.number
            self._end_m = self._mission.route.at(authority.end_lane, authority.end_mm / 1000.0)
            self._guard.releases(self._releases, now)
            self._guard_row()
            fields |= {"end_lane": authority.end_lane, "end_mm": authority.end_mm}
            self._out.append(Report(Event.AUTHORITY_ACCEPTED, fields))
            self._go_on(now)
        else:
            why = refused or Refused(Reason.NO_MISSION)
            fields |= {"reason": why.reason, "detail": why.detail}
            self._out.append(Report(Event.AUTHORITY_REFUSED, fields))
        reply = AuthorityReply(
            mission_id=authority.mission_id,
            number=authority.number,
            accepted=refused is None,
            reason=refused.reason.name if refused is not None else "",
        )
        self._out.append(Send(received.sender, reply))

    def _go_on(self, now: Now) -> None:
        """More may be driven than before: drive, or ask the gate at whose line we stand."""
        mission = self._mission
        if mission is None or self._phase not in (Phase.WAITING, Phase.AT_GATE):
            return
        if self._may_drive_to_m(mission) > self._front_m + STOP_WINDOW_M / 2.0:
            self._phase = next_phase(self._phase, Outcome.ROAD_GROWN)
        elif self._phase is Phase.WAITING:
            stop = mission.place_at(self._front_m)
            if stop is not None and stop.kind == STOP_KIND_GATE:
                self._phase = next_phase(self._phase, Outcome.GATE_REACHED)
        if self._phase is Phase.AT_GATE:
            self._ask(now)

    def _on_stop(self, now: Now, received: Received) -> None:
        stop = received.message
        assert isinstance(stop, movement_pb2.StopOrder)  # noqa: S101 - by dispatch
        self._stops[stop.stop_id] = stop.issuer
        self._out.append(Act(Rest(emergency=stop.emergency)))
        self._ordered = None
        fields = {"stop": stop.stop_id, "issuer": stop.issuer, "reason": stop.reason}
        self._out.append(Report(Event.STOP_OBEYED, fields))
        self._phase = next_phase(self._phase, Outcome.STOP_CAME)
        self._report(POSITION_CAUSE_STOPPED, Reason.STOPPED_BY_ORDER)

    def _on_stop_lifted(self, now: Now, received: Received) -> None:
        lifted = received.message
        assert isinstance(lifted, movement_pb2.StopLifted)  # noqa: S101 - by dispatch
        if self._stops.get(lifted.stop_id) != lifted.issuer:
            return
        del self._stops[lifted.stop_id]
        fields = {"stop": lifted.stop_id, "issuer": lifted.issuer}
        self._out.append(Report(Event.STOP_LIFTED, fields))
        if self._stops:
            return
        self._out.append(Act(ClearTrip()))
        idle = self._mission is None
        gone = Outcome.STOP_WENT_IDLE if idle else Outcome.STOP_WENT
        self._phase = next_phase(self._phase, gone)
        self._go_on(now)

    def _on_gate_word(self, now: Now, received: Received) -> None:
        """Challenge, permit, refusal or passed: the passage decides, the agent moves on."""
        said = self._passage.on_word(now, received, self._releases)
        self._out += said.effects
        if said.permitted and self._mission is not None:
            self._phase = next_phase(self._phase, Outcome.PERMITTED)

    # --- the body's word ---

    def _follow(self, reading: VehicleReading) -> None:
        """Where the front is along the mission, from the pilot or, before it drives, from the pose."""
        if self._mission is not None and self._ordered is not None and reading.on_path:
            self._front_m = reading.front_m
        elif self._mission is not None:
            s_m, _ = self._mission.route.project(reading.x_m, reading.y_m)
            self._front_m = s_m + self._ahead_m()
        elif self._place is None:
            self._place = find_place(self._map, reading, self._ahead_m())

    def _ahead_m(self) -> float:
        return self._config.front_ahead_m

    def _on_milestones(self, now: Now, reading: VehicleReading) -> None:
        if reading.milestones & MILE_TRIPPED:
            cause = _TRIPS.get(reading.trip_cause, "unknown")
            beyond_mm = round((self._front_m - self._end_m) * 1000.0)
            speed_mmps = round(reading.speed_mps * 1000.0)
            fields = {"cause": cause, "speed_mmps": speed_mmps, "beyond_mm": beyond_mm}
            self._out.append(Report(Event.GUARD_TRIPPED, fields))
            self._halt(f"guard/{self._config.name}", Reason.GUARD_TRIPPED)
        if reading.milestones & MILE_LOST_PATH:
            self._halt(f"path/{self._config.name}", Reason.NOT_ON_ROUTE)
        if reading.milestones & MILE_CLEARED:
            self._report(POSITION_CAUSE_ZONE_CLEARED)
        if reading.milestones & MILE_REACHED:
            self._reached(now)

    def _halt(self, stop_id: str, reason: Reason) -> None:
        """Stop by ourselves and stay: only the supervisor's operator lifts it."""
        self._stops[stop_id] = self._config.supervisor
        self._phase = next_phase(self._phase, Outcome.STOP_CAME)
        self._out.append(Act(Rest(emergency=True)))
        self._ordered = None
        self._report(POSITION_CAUSE_STOPPED, reason)

    def _reached(self, now: Now) -> None:
        """Standing at the end of what may be driven: say at which place, and what comes next."""
        mission = self._mission
        if mission is None:
            return
        stop = mission.place_at(self._front_m)
        if stop is None:
            self._phase = next_phase(self._phase, Outcome.CAME_TO_REST)
            self._report(POSITION_CAUSE_REACHED)
            return
        fields = {"mission": mission.mission_id, "place": stop.place_id}
        self._out.append(Report(Event.PLACE_REACHED, fields))
        self._report(POSITION_CAUSE_REACHED, place=stop.place_id)
        if stop.kind == STOP_KIND_BERTH:
            self._finish(mission, stop.place_id)
        elif stop.kind == STOP_KIND_GATE:
            self._phase = next_phase(self._phase, Outcome.GATE_REACHED)
            self._ask(now)
        else:
            self._phase = next_phase(self._phase, Outcome.CAME_TO_REST)

    def _finish(self, mission: Mission, berth: str) -> None:
        self._phase = next_phase(self._phase, Outcome.BERTH_REACHED)
        if self._phase is not Phase.PARKED:
            return
        lane, offset_m = mission.route.where(min(self._front_m, mission.route.length_m))
        self._place = Place(lane, offset_m, lane, max(0.0, offset_m - self._config.length_m))
        self._mission = None
        self._ordered = None
        self._releases = ()
        self._out += [Act(Rest()), Persist("mission", None), Persist("clearance", None)]
        fields = {
            "mission": mission.mission_id,
            "crossing": mission.crossing_id,
            "berth": berth,
        }
        self._out.append(Report(Event.MISSION_FINISHED, fields))

    # --- what follows ---

    def _retry(self, now: Now) -> None:
        retry_ns = self._passage.retry_ns
        if retry_ns is not None and now.mono_ns >= retry_ns:
            self._passage.give_up()
            if self._phase is Phase.AT_GATE:
                self._ask(now)

    def _ask(self, now: Now) -> None:
        """Ask the gate we stand at, once the authority reaches beyond its barrier."""
        mission = self._mission
        gate = mission.gate_ahead(self._front_m) if mission is not None else None
        if mission is None or gate is None or self._end_m <= gate.barrier_m:
            return
        self._out += self._passage.ask(now, gate.gate_id, mission.crossing_id)

    def _may_drive_to_m(self, mission: Mission) -> float:
        gate = mission.gate_ahead(self._front_m)
        if gate is None or self._passage.permits(gate.gate_id):
            return self._end_m
        return min(self._end_m, gate.stop_m)

    def _order(self, now: Now) -> None:
        """Tell a new phase at once; give the body a new drive order if what may be driven has changed."""
        mission = self._mission
        if self._phase is not self._beaten:
            self._beat(now)
        if mission is None or self._phase is not Phase.DRIVING:
            return
        end_m = self._may_drive_to_m(mission)
        clear_m = mission.next_clear_m(self._front_m - self._config.length_m)
        wanted = (end_m, clear_m, self._generation)
        if wanted == self._ordered:
            return
        self._ordered = wanted
        speed_mps = 1.0e3
        self._out.append(
            Act(
                Drive(
                    mission.route,
                    self._generation,
                    end_m,
                    speed_mps,
                    clear_m,
                    HEADWAY_S,
                    STANDSTILL_M,
                )
            )
        )

    def _guard_row(self) -> None:
        row = self._guard.row()
        wanted = (row, self._generation)
        if wanted != self._guarded:
            self._guarded = wanted
            route = self._mission.route if self._mission is not None else None
            self._out.append(Act(SetGuard(route, self._generation, row)))

    def _beat(self, now: Now) -> None:
        state, period_ms = _STATES[self._phase]
        self._beats += 1
        self._beaten = self._phase
        self._beat_ns = now.mono_ns + period_ms * NS_PER_MS
        if self._reading is None:
            return  # the body has not spoken: where we are is not known
        speed_mps = self._reading.speed_mps
        front_mm = max(0, round(self._front_m * 1000.0)) if self._mission is not None else 0
        rear_mm = max(0, front_mm - round(self._config.length_m * 1000.0))
        beat = VehicleHeartbeat(
            loop_counter=self._beats,
            front_mm=front_mm,
            rear_mm=rear_mm,
            speed_mmps=round(max(0.0, speed_mps) * 1000.0),
            authority_number=self._number,
            state=state,
        )
        self._out.append(Send(self._config.supervisor, beat))

    def _report(
        self, cause: movement_pb2.PositionCause, reason: Reason | None = None, place: str = ""
    ) -> None:
        reading = self._reading
        mission = self._mission
        here = self._place
        if mission is not None:
            length_m = mission.route.length_m
            front_m = min(max(0.0, self._front_m), length_m)
            rear_m = max(0.0, front_m - self._config.length_m)
            here = Place(*mission.route.where(front_m), *mission.route.where(rear_m))
        if here is None or reading is None:
            return
        self._out.append(
            Send(
                self._config.supervisor,
                PositionReport(
                    mission_id=mission.mission_id if mission is not None else "",
                    mission_version=mission.version if mission is not None else 0,
                    front_lane=here.front_lane,
                    front_mm=round(here.front_m * 1000.0),
                    rear_lane=here.rear_lane,
                    rear_mm=round(here.rear_m * 1000.0),
                    standing=reading.speed_mps <= STANDING_MPS,
                    trailer_coupled=reading.trailer_coupled,
                    cause=cause,
                    reason=reason.name if reason is not None else "",
                    place_id=place,
                    authority_number=self._number,
                ),
            )
        )


_Handler = Callable[[VehicleAgent, Now, Received], None]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    envelope_pb2.Hello: VehicleAgent._on_hello,
    MissionOrder: VehicleAgent._on_mission,
    movement_pb2.ClearanceNotice: VehicleAgent._on_clearance,
    MovementAuthority: VehicleAgent._on_authority,
    movement_pb2.StopOrder: VehicleAgent._on_stop,
    movement_pb2.StopLifted: VehicleAgent._on_stop_lifted,
    gate_pb2.Challenge: VehicleAgent._on_gate_word,
    gate_pb2.PermitGranted: VehicleAgent._on_gate_word,
    gate_pb2.PermitRefused: VehicleAgent._on_gate_word,
    gate_pb2.Passed: VehicleAgent._on_gate_word,
}
