"""The vehicle's agent: takes a mission, waits for authority, drives to stop lines, asks gates,
passes.

Pure. In: messages, deadlines, the body's readings. Out: effects. After a start there is no
authority. Not here: what may be driven (road.py), the gate's protocol (passage.py), steering and
speed (pilot/), the truck's own no (guard.py). Phases: phases.py. Requirements: VEH-001 to VEH-012
in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from contract.agent import Act, Boot, Effect, Effects, Now, Persist, Received, Refused, Role, Send
from contract.limits import STOP_WINDOW_M
from contract.map import CorridorMap
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer
from contract.v1 import envelope_pb2, gate_pb2, people_pb2
from contract.v1 import movement_pb2 as m
from vehicle import reports
from vehicle.config import VehicleConfig
from vehicle.convoy import TruckConvoy
from vehicle.guard import Guard, Supervisors
from vehicle.halts import Halt, halts, reason_of, stop_name
from vehicle.mission import Mission
from vehicle.orders import ClearTrip, Rest, VehicleReading
from vehicle.passage import TruckPassage
from vehicle.personnel import Personnel
from vehicle.phases import Outcome, Phase, next_phase
from vehicle.pilot import columns as c
from vehicle.revocation import HELD, restore_revoked, take_revocation
from vehicle.road import STANDING_MPS, Road
from vehicle.stops import Stops


class VehicleAgent:
    """One truck's decisions."""

    def __init__(
        self, config: VehicleConfig, signer: Signer, roster: Roster, corridor: CorridorMap
    ) -> None:
        self._config = config
        supervisors = {node.name: node.public_key for node in roster.of_role(Role.SUPERVISOR)}
        guard = Guard(config.name, signer.key_id, Supervisors(supervisors), roster.release_keys)
        self._road = Road(corridor, guard, config)
        self._passage = TruckPassage(config.name, signer.key_id, roster)
        self._convoy = TruckConvoy(config.name, config.supervisor, config.brake_service_mps2)
        self._phase = Phase.PARKED
        self._people = Personnel(config.name, config.supervisor, roster)
        self._stops = Stops(self._people)
        self._reading: VehicleReading | None = None
        self._greeted = False
        self._beats = 0
        self._beat_ns = 0
        self._beaten = Phase.PARKED
        self._close_ns: int | None = None
        self._out: list[Effect] = []

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._out = [Act(Rest())]
        if self._road.restore(state.get("mission")):
            self._phase = next_phase(self._phase, Outcome.MISSION_TAKEN)
        self._stops.restore(state)
        self._road.immobile = self._people.held
        if self._stops.in_force:
            self._phase = next_phase(self._phase, Outcome.STOP_CAME)
        restore_revoked(self._road, state)
        clearance = state.get("clearance")
        if clearance is not None:
            self._road.clear(m.ClearanceNotice.FromString(clearance).releases, now)
        self._out += self._road.guard_order()
        self._beat_ns = now.mono_ns
        return self._taken()

    def on_message(self, now: Now, received: Received) -> Effects:
        self._out = []
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        self._close_ns = now.mono_ns if self._road.closing else None
        self._order(now)
        return self._taken()

    def on_wake(self, now: Now, reading: VehicleReading) -> Effects:
        self._out = []
        self._close_ns = None
        if reading.known:
            before, self._reading = self._reading, reading
            self._road.follow(reading)
            if before is None:
                self._say_where(Reason.RESTARTED)
            if reading.seal_broken and (before is None or not before.seal_broken):
                self._road.seal_opened()
                self._report(m.POSITION_CAUSE_SEAL, Reason.SEAL_TAMPERED)
            self._road.close(now, reading)
            self._out += self._people.watch(standing=self._stands())
            self._road.immobile |= self._people.immobile
            self._out += self._road.guard_order()
            for halt in halts(reading):
                self._halt_itself(now, halt)
            if reading.milestones:
                self._on_milestones(now, reading)
            self._retry(now)
            if self._phase is Phase.WAITING:
                self._go_on(now)  # it may have come to rest where it may ask
            elif self._phase is Phase.DRIVING:
                self._ask_again(now, reading)
            if self._road.kept_back(reading):
                self._halt_itself(now, replace(HELD, emergency=not self._stands()))
            self._out += self._convoy.watch(now, reading)
            parked = self._road.mission is None
            self._out += self._road.battery.watch(reading, parked=parked)
            self._order(now)
        if now.mono_ns >= self._beat_ns:
            self._beat(now)
        return self._taken()

    @property
    def phase(self) -> Phase:
        """What the truck is doing."""
        return self._phase

    @property
    def wake_ns(self) -> int | None:
        due_ns = self._beat_ns
        for each in (self._passage.retry_ns, self._convoy.wake_ns, self._close_ns):
            if each is not None and each < due_ns:
                due_ns = each
        return due_ns

    def _taken(self) -> Effects:
        out, self._out = self._out, []
        return out

    # --- messages ---

    def _on_hello(self, now: Now, received: Received) -> None:
        """A peer has (re)started: tell a supervisor where we are, ask a gate anew."""
        if received.role is Role.SUPERVISOR:
            if self._greeted:
                self._say_where(None)
            self._greeted = True
        elif received.role is Role.GATE:
            if self._phase in (Phase.AT_GATE, Phase.STOPPED) or self._passage.is_ahead:
                self._passage.forget(received.sender)
            if self._phase is Phase.AT_GATE:
                self._ask(now)

    def _on_mission(self, now: Now, received: Received) -> None:
        order = cast("m.MissionOrder", received.message)
        mission = self._road.judge(order, self._reading)
        refused = mission if isinstance(mission, Refused) else None
        if not isinstance(mission, Refused):
            if self._road.mission is None:
                self._convoy.reset()
            self._road.take(mission, self._reading)
            self._out += self._road.battery.stop()
            self._out += self._road.guard_order()
            self._phase = next_phase(self._phase, Outcome.MISSION_TAKEN)
            self._out.append(Persist("mission", order.SerializeToString()))
        self._out += reports.mission_answer(order, refused, received.sender)

    def _on_clearance(self, now: Now, received: Received) -> None:
        notice = cast("m.ClearanceNotice", received.message)
        mission = self._road.mission
        if mission is None or notice.crossing_id != mission.crossing_id:
            return
        self._road.clear(notice.releases, now)
        self._out += self._road.guard_order()
        self._out.append(Persist("clearance", notice.SerializeToString()))
        if self._road.cleared:  # what an office had taken back, both have given anew
            issuer = self._config.supervisor
            self._lift(now, issuer, stop_name(HELD.cause, self._config.name), issuer)
        if self._phase is Phase.AT_GATE and self._passage.retry_ns is None:
            self._ask(now)

    def _on_revocation(self, now: Now, received: Received) -> None:
        """The guard closes at the next reading, which `on_message` asks for at once."""
        self._out += take_revocation(self._road, received)

    def _on_authority(self, now: Now, received: Received) -> None:
        authority = cast("m.MovementAuthority", received.message)
        refused = self._road.grant(now, received, authority, self._reading)
        if refused is None:
            self._out += self._road.guard_order()
        self._out.append(reports.authority_said(authority, refused))
        if refused is None:
            self._go_on(now)
        self._out.append(Send(received.sender, reports.authority_reply(authority, refused)))

    def _on_formation(self, now: Now, received: Received) -> None:
        """With whom to drive: it changes how the truck follows, never how far it may go."""
        order = cast("m.FormationOrder", received.message)
        barred = None
        if self._stops.in_force:
            barred = Refused(Reason.STOPPED_BY_ORDER, "")
        elif self._road.mission is None:
            barred = Refused(Reason.NO_MISSION, "")
        self._out += self._convoy.on_order(now, order, self._reading, barred)

    def _go_on(self, now: Now) -> None:
        """More may be driven than before: drive, or ask the gate at whose line we stand."""
        mission, front_m = self._road.mission, self._road.front_m
        if mission is None or self._phase not in (Phase.WAITING, Phase.AT_GATE):
            return
        if self._road.may_drive_to_m(self._passage.permits) > front_m + STOP_WINDOW_M / 2.0:
            self._phase = next_phase(self._phase, Outcome.ROAD_GROWN)
        elif self._phase is Phase.WAITING and self._stands():
            stop, gate = mission.place_at(front_m), mission.gate_ahead(front_m)
            if gate is not None and gate.stop_m <= front_m + STOP_WINDOW_M:
                self._phase = next_phase(self._phase, Outcome.GATE_REACHED)
            elif stop is not None and stop.kind == m.STOP_KIND_BERTH:
                self._reached(now)  # it came to rest here under a stop
        if self._phase is Phase.AT_GATE:
            self._ask(now)

    def _stands(self) -> bool:
        return self._reading is not None and self._reading.speed_mps <= STANDING_MPS

    def _on_stop(self, now: Now, received: Received) -> None:
        stop = cast("m.StopOrder", received.message)
        self._out.append(reports.stop_obeyed(stop))
        self._out.append(self._stops.take(received.sender, stop.stop_id, stop.issuer))
        self._halt(now, Reason.STOPPED_BY_ORDER, emergency=stop.emergency)

    def _on_stop_lifted(self, now: Now, received: Received) -> None:
        """Only who ordered a stop lifts it: the same issuer, by the same hand."""
        lifted = cast("m.StopLifted", received.message)
        self._lift(now, received.sender, lifted.stop_id, lifted.issuer)

    def _lift(self, now: Now, sender: str, stop_id: str, issuer: str) -> None:
        forgotten = self._stops.lift(sender, stop_id, issuer)
        if forgotten is None:
            return
        self._out.append(forgotten)
        self._out.append(reports.stop_lifted(stop_id, issuer))
        self._go_free(now)

    def _on_personnel(self, now: Now, received: Received) -> None:
        """A person at the truck takes its lock or gives it back. VEH-022."""
        before = self._people.held
        self._out += self._people.take(received)
        if self._people.held and not before:
            self._road.immobile = self._stands()
            self._halt(now, Reason.PERSON_AT_TRUCK, emergency=False)
        elif before and not self._people.held:
            self._road.immobile = False
            self._out += self._road.guard_order()
            self._go_free(now)

    def _go_free(self, now: Now) -> None:
        """Go on, unless something else keeps the truck."""
        if self._stops.in_force:
            return
        self._out.append(Act(ClearTrip()))
        idle = self._road.mission is None
        gone = Outcome.STOP_WENT_IDLE if idle else Outcome.STOP_WENT
        self._phase = next_phase(self._phase, gone)
        self._go_on(now)

    def _on_gate_word(self, now: Now, received: Received) -> None:
        """Challenge, permit, refusal or passed: the passage decides, the agent moves on."""
        said = self._passage.on_word(now, received, self._road.releases)
        self._out += said.effects
        if said.permitted and self._road.mission is not None:
            self._phase = next_phase(self._phase, Outcome.PERMITTED)

    # --- the body's word ---

    def _on_milestones(self, now: Now, reading: VehicleReading) -> None:
        self._out += reports.milestones(self._road, reading)
        if reading.milestones & c.MILE_CLEARED:
            self._report(m.POSITION_CAUSE_ZONE_CLEARED)
        if reading.milestones & c.MILE_REACHED:
            self._reached(now)

    def _halt_itself(self, now: Now, halt: Halt) -> None:
        """Stop by ourselves and stay: only the supervisor's operator lifts it."""
        stop_id = stop_name(halt.cause, self._config.name)
        issuer = self._config.supervisor
        if not self._stops.has(issuer, stop_id):
            self._out.append(self._stops.take(issuer, stop_id, issuer))
            self._halt(now, halt.reason, emergency=halt.emergency)

    def _halt(self, now: Now, reason: Reason, *, emergency: bool) -> None:
        self._phase = next_phase(self._phase, Outcome.STOP_CAME)
        self._out.append(Act(Rest(emergency=emergency)))
        self._road.forget_order()
        self._out += self._convoy.stop(now, reason)
        self._report(m.POSITION_CAUSE_STOPPED, reason)

    def _reached(self, now: Now) -> None:
        """Standing at the end of what may be driven: say at which place, and what comes next."""
        mission = self._road.mission
        if mission is None:
            return
        stop = mission.place_at(self._road.front_m)
        if stop is None:
            self._phase = next_phase(self._phase, Outcome.CAME_TO_REST)
            self._report(m.POSITION_CAUSE_REACHED)
            return
        self._out.append(reports.place_reached(mission, stop.place_id))
        self._report(m.POSITION_CAUSE_REACHED, place=stop.place_id)
        if stop.kind == m.STOP_KIND_BERTH:
            self._finish(mission, stop.place_id)
        elif stop.kind == m.STOP_KIND_GATE:
            self._phase = next_phase(self._phase, Outcome.GATE_REACHED)
            if self._passage.permits(stop.place_id):  # asked on the way, and quick
                self._phase = next_phase(self._phase, Outcome.PERMITTED)
            self._ask(now)
        else:
            self._phase = next_phase(self._phase, Outcome.CAME_TO_REST)

    def _finish(self, mission: Mission, berth: str) -> None:
        self._phase = next_phase(self._phase, Outcome.BERTH_REACHED)
        if self._phase is not Phase.PARKED:
            return
        self._road.finish(mission)
        self._convoy.reset()
        self._out += [Act(Rest()), Persist("mission", None), Persist("clearance", None)]
        self._out.append(reports.finished(mission, berth))

    # --- what follows ---

    def _retry(self, now: Now) -> None:
        retry_ns = self._passage.retry_ns
        if retry_ns is not None and now.mono_ns >= retry_ns:
            self._passage.give_up()
            if self._phase is Phase.AT_GATE:
                self._ask(now)

    def _ask(self, now: Now, *, ahead: bool = False) -> None:
        """Ask the gate we stand at or come to, once the authority reaches beyond its barrier."""
        mission, gate = self._road.mission, self._road.gate_to_ask()
        if mission is not None and gate is not None:
            self._out += self._passage.ask(now, gate.gate_id, mission.crossing_id, ahead=ahead)

    def _ask_again(self, now: Now, reading: VehicleReading) -> None:
        """Before a gate, its permit withdrawn: ask for another; on the way to one: ask ahead."""
        if self._stands() and self._road.held_by_gate(self._passage.permits):
            self._phase = next_phase(self._phase, Outcome.GATE_REACHED)
            self._ask(now)
        elif self._road.nears_gate(reading):
            self._ask(now, ahead=True)

    def _order(self, now: Now) -> None:
        """Tell a new phase at once; order the body to drive what may be driven."""
        if self._phase is not self._beaten:
            self._beat(now)
        manner = self._convoy.manner
        waits = self._phase is Phase.WAITING  # it listens to its predecessor all the same
        if self._phase is Phase.DRIVING or (waits and not self._road.follows_as(manner)):
            self._out += self._road.order(self._passage.permits, manner)

    def _beat(self, now: Now) -> None:
        self._beats += 1
        self._beaten = self._phase
        self._beat_ns = now.mono_ns + reports.period_ns(self._phase)
        if self._reading is not None:  # before that it is not known where we are
            beat = reports.heartbeat(self._road, self._reading, self._phase, self._beats)
            self._out.append(Send(self._config.supervisor, beat))

    def _say_where(self, reason: Reason | None) -> None:
        """Where we are, to a supervisor that may not know, and for what we hold ourselves."""
        self._report(m.POSITION_CAUSE_BOOTED, reason)
        for stop_id in self._stops.of(self._config.supervisor):
            why = reason_of(stop_id)
            if why is not Reason.STOPPED_BY_ORDER:
                self._report(m.POSITION_CAUSE_STOPPED, why)

    def _report(self, cause: m.PositionCause, why: Reason | None = None, place: str = "") -> None:
        report = reports.position(self._road, self._reading, cause, reason=why, place=place)
        if report is not None:
            self._out.append(Send(self._config.supervisor, report))


_Handler = Callable[[VehicleAgent, Now, Received], None]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    envelope_pb2.Hello: VehicleAgent._on_hello,
    m.MissionOrder: VehicleAgent._on_mission,
    m.ClearanceNotice: VehicleAgent._on_clearance,
    m.RevocationNotice: VehicleAgent._on_revocation,
    m.MovementAuthority: VehicleAgent._on_authority,
    m.FormationOrder: VehicleAgent._on_formation,
    m.StopOrder: VehicleAgent._on_stop,
    m.StopLifted: VehicleAgent._on_stop_lifted,
    people_pb2.PersonnelNotice: VehicleAgent._on_personnel,
    gate_pb2.Challenge: VehicleAgent._on_gate_word,
    gate_pb2.PermitGranted: VehicleAgent._on_gate_word,
    gate_pb2.PermitRefused: VehicleAgent._on_gate_word,
    gate_pb2.Passed: VehicleAgent._on_gate_word,
}
