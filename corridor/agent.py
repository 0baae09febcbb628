"""The supervisor: hears vehicles, gates, offices and terminals, allocates, grants, and says why
not.

Pure. Its own epoch fences off what an earlier supervisor said. It grants nothing until every
vehicle of the roster has said where it is, or is known from the journal to be somewhere and keeps
those zones locked. Every promise is written down before it is sent. Not here: rules of zones
(interlocking.py), customs power (nobody's here), optimal order (later). Requirements: SUP-001 to
SUP-012 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from contract.agent import NS_PER_MS, Boot, Effects, Now, Received, Role, Send
from contract.events import Event
from contract.map import CorridorMap
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer
from contract.v1 import (
    customs_pb2,
    explain_pb2,
    gate_pb2,
    ledger_pb2,
    movement_pb2,
)
from contract.v1.movement_pb2 import POSITION_CAUSE_BOOTED, POSITION_CAUSE_REACHED, PositionReport
from corridor import batches, explain, halts
from corridor.authority import Weather
from corridor.climbing import Climbing
from corridor.config import SupervisorConfig
from corridor.counters import Counters
from corridor.crossings import Crossings
from corridor.customs import Customs
from corridor.detours import Detours
from corridor.dispatch import Dispatch
from corridor.diversion import Diversions
from corridor.formation import Formations
from corridor.gathering import Gathering
from corridor.grants import Grants
from corridor.interlocking import Zone
from corridor.liveness import Liveness
from corridor.mission_orders import tell_mission
from corridor.operators import Operators
from corridor.overdue import Overdue
from corridor.people import People
from corridor.planners import Planners
from corridor.planning import front_at_start
from corridor.positions import Positions
from corridor.records import Crossing, Formation, Mission, Rest
from corridor.rings import Rings
from corridor.safe_state import SafeState
from corridor.shortening import Shortenings
from corridor.state import State
from corridor.token import Token
from corridor.weather import Level, Measured

WATCH_MS: Final = 1_000
_NO_WORD_OF_ARM: Final = (gate_pb2.BARRIER_STATE_FAULT, gate_pb2.BARRIER_STATE_UNSPECIFIED)


class SupervisorAgent:
    """The corridor's decisions about movement."""

    def __init__(
        self, config: SupervisorConfig, signer: Signer, roster: Roster, corridor: CorridorMap
    ) -> None:
        self.state = State(config.name, corridor, roster, config.kinds)
        gathering = Gathering(self.state, config.formation)
        self._formations = Formations(self.state, gathering)
        customs = Customs(self.state, split=config.dispatch.batch_split)
        self._people = People(self.state, config.weather_hold_ms, self._weather_is, config.hours)
        plans = Planners(self.state, config.timetable, config.slots, self._people)
        self._planners = plans
        self._dispatch = Dispatch(self.state, config.dispatch, plans.timetable, plans.slots)
        self._token = Token(self.state, config.token, plans.first, plans.kept)
        self._climbing = Climbing(corridor, config.weather.friction_permille, config.kinds)
        self._grants = Grants(
            self.state,
            dict(config.station_gate),
            config.weather,
            holds_back=gathering.holds_back,
            climbing=self._climbing,
            radio_gap=config.radio_gap,
            more=(
                *self._people.voters,
                customs.vote,
                self._token.vote,
                SafeState(self.state).vote,
            ),
        )
        self._shortenings = Shortenings(self.state, self._grants)
        self._operators = Operators(self.state, self._again, self._people)
        self._diversions = Diversions(self.state, self._grants)
        self._detours = Detours(self.state, self._people.closures)
        self._overdue = Overdue(self.state)
        self._counters = Counters(self.state)
        self._positions = Positions(self.state, self._counters)
        self._crossings = Crossings(self.state, signer)
        self._fleet = [node.name for node in roster.of_role(Role.VEHICLE)]
        self._epoch = 0
        self._accounted = False
        self._liveness = Liveness(self.state)
        self._rings = Rings(self.state)
        self._watch_ns = self._due_ns = 0

    @property
    def epoch(self) -> int:
        """The fencing number of this boot."""
        return self._epoch

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._epoch = boot.boot_count
        tables = self.state.store.restore(state)
        self.state.crossings.update(cast("dict[str, Crossing]", tables["crossing"]))
        self.state.missions.update(cast("dict[str, Mission]", tables["mission"]))
        self.state.rests.update(cast("dict[str, Rest]", tables["rest"]))
        self.state.formations.update(cast("dict[str, Formation]", tables["formation"]))
        self.state.zones.zones.update(cast("dict[str, Zone]", tables["zone"]))
        for mission in self.state.missions.values():
            self.state.mission_of[mission.vehicle] = mission.mission_id
        self._crossings.ledger.restore(now, state)
        for crossing in self.state.crossings.values():
            batches.note(self.state, crossing)
        self._operators.restore(state)
        self._people.restore(state)
        halts.restore(self.state, state)
        self._planners.slots.restore()
        self._formations.restore()
        self._watch_ns = now.mono_ns
        self._liveness.start(now)
        self.state.say(
            Event.COMMAND_TAKEN, epoch=self._epoch, restored_zones=len(self.state.zones.zones)
        )
        return self._done()

    def on_message(self, now: Now, received: Received) -> Effects:
        state = self.state
        if isinstance(received.message, movement_pb2.VehicleHeartbeat):
            self._positions.on_heartbeat(now, received.sender, received.message)
            if not (state.dirty or state.dispatch_due):
                return state.flush()  # alive, and nothing else: four messages of five
        if received.role is not Role.VEHICLE:
            self._liveness.heard(now, received.sender)
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        for mission in self._people.on_message(now, received):
            self._again(mission)
        self._go_on(now)
        return self._done()

    def on_wake(self, now: Now, reading: object) -> Effects:
        if now.mono_ns >= self._watch_ns:
            self._watch_ns = now.mono_ns + WATCH_MS * NS_PER_MS
            self._positions.watch(now)
            self._formations.watch(now)
            self._overdue.watch(now)
            self._detours.over()
            self._token.watch()
            self._planners.watch(now)
            self._liveness.watch(now)
            self._rings.look(now)
        self._liveness.beat(now)
        self.state.out += self._crossings.ledger.due(now)
        forming_ns = self._dispatch.wake_ns
        if forming_ns is not None and now.mono_ns >= forming_ns:
            self.state.dispatch_due = True
        self._go_on(now)
        return self._done()

    @property
    def wake_ns(self) -> int | None:
        return self._due_ns

    def _done(self) -> Effects:
        """What this turn leads to; and what is due next is reckoned anew."""
        due_ns = min(self._watch_ns, self._liveness.beat_ns)
        for each in (self._dispatch.wake_ns, self._crossings.ledger.wake_ns):
            if each is not None and each < due_ns:
                due_ns = each
        self._due_ns = due_ns
        return self.state.flush()

    # --- after each input ---

    def _go_on(self, now: Now) -> None:
        """Dispatch and grants, for whatever this input may have changed."""
        state = self.state
        self._people.watch(now)
        if not self._accounted:
            missing = [name for name in self._fleet if not self._is_accounted(name)]
            if missing:
                return
            self._accounted = True
            state.dispatch_due = True
            state.dirty.update(dict.fromkeys(state.missions))
        while state.dispatch_due or state.dirty:
            if state.dispatch_due:
                state.dispatch_due = False
                self._dispatch.consider(now)
            due = sorted(state.dirty, key=self._turn)
            state.dirty.clear()
            for mission_id in due:
                mission = state.missions.get(mission_id)
                if mission is not None:
                    self._token.look(now)
                    self._diversions.consider(now, mission)
                    self._detours.consider(mission)
                    if self._people.leave(now, mission):
                        self._grants.extend(now, mission)
                        self._crossings.sealed(now, mission)
                        self._people.hours.note(mission)

    def _again(self, mission: Mission) -> None:
        """The authority in force, said anew; to a truck that people keep, once it is free."""
        if not self._people.keep(mission.vehicle):
            self._grants.again(mission)

    def _weather_is(self, told: Measured, level: Level) -> None:
        """Everybody who has road is told the weather at once."""
        self._climbing.friction_is(told.friction_permille)
        self._grants.weather_is(Weather(told.friction_permille, told.sight_mm, level.speed_mmps))
        for mission in self.state.missions.values():
            if self._accounted and mission.accepted and not mission.arrived:
                self._again(mission)

    def _turn(self, mission_id: str) -> int:
        mission = self.state.missions.get(mission_id)
        return mission.turn if mission is not None else 0

    def _is_accounted(self, vehicle: str) -> bool:
        """Heard since our start, or known from the journal to hold zones, which stay locked."""
        heard = self.state.heard.get(vehicle)
        if heard is not None and heard.reported:
            return True
        return self._epoch > 1 and bool(self.state.zones.held_by(vehicle))

    # --- messages ---

    def _on_position(self, now: Now, received: Received) -> None:
        report = cast("movement_pb2.PositionReport", received.message)
        self._take_position(now, received.sender, report)

    def _take_position(self, now: Now, vehicle: str, report: PositionReport) -> None:
        self._positions.on_report(now, vehicle, report)
        halts.reported(self.state, vehicle, report)
        if report.reason == Reason.RESTARTED.name:
            self._formations.restarted(now, vehicle)
        mission = self.state.missions.get(self.state.mission_of.get(vehicle, ""))
        if mission is None:
            return
        if report.cause == POSITION_CAUSE_BOOTED:
            if report.mission_id != mission.mission_id or (
                report.mission_version != mission.version
            ):
                tell_mission(self.state, mission)
            elif mission.accepted and report.authority_number < mission.number:
                self._again(mission)
        elif report.cause == POSITION_CAUSE_REACHED and report.place_id == mission.berth:
            self._crossings.arrived(now, mission, mission.berth)

    def _on_mission_reply(self, now: Now, received: Received) -> None:
        reply = cast("movement_pb2.MissionReply", received.message)
        mission = self.state.missions.get(reply.mission_id)
        if mission is None or mission.vehicle != received.sender:
            return
        if not reply.accepted:
            reason = Reason.__members__.get(reply.reason, Reason.MISSION_INVALID)
            self.state.say(
                Event.MISSION_DECLINED,
                mission=mission.mission_id,
                vehicle=mission.vehicle,
                reason=reason,
                detail=f"version {reply.version}",
            )
            return
        if reply.version != mission.version or mission.accepted:
            self.state.dirty[mission.mission_id] = None
            if reply.version == mission.version:
                self._again(mission)  # told anew: what was granted may not have come through
            return
        mission.accepted = True
        heard = self.state.heard.get(mission.vehicle)
        if heard is not None:
            heard.front_m = front_at_start(self.state.map, mission.lanes[0])
        self.state.save(mission)
        self.state.dirty[mission.mission_id] = None

    def _on_authority_reply(self, now: Now, received: Received) -> None:
        reply = cast("movement_pb2.AuthorityReply", received.message)
        self._shortenings.answered(now, received.sender, reply)

    def _on_formation(self, now: Now, received: Received) -> None:
        reply = cast("movement_pb2.FormationReply", received.message)
        self._formations.on_reply(now, received.sender, reply)

    def _on_notice(self, now: Now, received: Received) -> None:
        self._crossings.on_notice(cast("customs_pb2.CrossingNotice", received.message))

    def _on_decision(self, now: Now, received: Received) -> None:
        notice = cast("customs_pb2.DecisionNotice", received.message)
        self._crossings.on_decision(now, notice.decision)

    def _on_berth(self, now: Now, received: Received) -> None:
        self._crossings.on_berth(now, cast("movement_pb2.BerthReport", received.message))

    def _on_station(self, now: Now, received: Received) -> None:
        result = cast("customs_pb2.StationResult", received.message)
        self._crossings.on_station(now, result.record)

    def _on_passed(self, now: Now, received: Received) -> None:
        passed = cast("gate_pb2.Passed", received.message)
        self._crossings.on_passed(now, received.sender, passed)

    def _on_slot_request(self, now: Now, received: Received) -> None:
        request = cast("movement_pb2.SlotRequest", received.message)
        self._planners.slots.request(now, received.sender, request)

    def _on_counter(self, now: Now, received: Received) -> None:
        """A counter may confirm what a truck has said before, or where it has arrived."""
        self._counters.on_report(now, cast("gate_pb2.DetectorReport", received.message))
        self._judge_again(now)

    def _judge_again(self, now: Now) -> None:
        """What waited for a counter's word, or for a person's in its place."""
        for vehicle, report in self._positions.unbelieved():
            self._take_position(now, vehicle, report)
        for mission in [each for each in self.state.missions.values() if each.arrived]:
            self._crossings.arrived(now, mission, mission.berth)

    def _on_gate_report(self, now: Now, received: Received) -> None:
        report = cast("gate_pb2.GateReport", received.message)
        gate = received.sender
        barrier = gate_pb2.BarrierState.Name(report.barrier).removeprefix("BARRIER_STATE_")
        reason = Reason.__members__.get(report.reason, "")
        self.state.say(Event.GATE_REPORTED, gate=gate, barrier=barrier.lower(), reason=reason)
        was = self.state.faulty_gates.pop(gate, None)
        if report.reason or report.barrier in _NO_WORD_OF_ARM:
            self.state.faulty_gates[gate] = report.reason or "fault"
        elif was is not None:
            self.state.dirty.update(dict.fromkeys(self.state.missions))

    def _on_operator(self, now: Now, received: Received) -> None:
        command = cast("movement_pb2.OperatorCommand", received.message)
        self._operators.on_command(now, received.sender, command)
        for mission, zones, how in self._people.closures.called_back():
            self._shortenings.ask(mission, zones, how)
        if command.verb == movement_pb2.OPERATOR_VERB_PROVE_ZONE:
            self._judge_again(now)

    def _on_explain(self, now: Now, received: Received) -> None:
        query = cast("explain_pb2.ExplainQuery", received.message)
        self.state.out.append(Send(received.sender, explain.answer(self.state, now, query)))

    def _on_countersigned(self, now: Now, received: Received) -> None:
        self.state.out += self._crossings.ledger.on_countersigned(now, received)


_Handler = Callable[[SupervisorAgent, Now, Received], Any]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    movement_pb2.PositionReport: SupervisorAgent._on_position,
    movement_pb2.MissionReply: SupervisorAgent._on_mission_reply,
    movement_pb2.AuthorityReply: SupervisorAgent._on_authority_reply,
    movement_pb2.FormationReply: SupervisorAgent._on_formation,
    movement_pb2.BerthReport: SupervisorAgent._on_berth,
    movement_pb2.SlotRequest: SupervisorAgent._on_slot_request,
    movement_pb2.OperatorCommand: SupervisorAgent._on_operator,
    explain_pb2.ExplainQuery: SupervisorAgent._on_explain,
    customs_pb2.CrossingNotice: SupervisorAgent._on_notice,
    customs_pb2.DecisionNotice: SupervisorAgent._on_decision,
    customs_pb2.StationResult: SupervisorAgent._on_station,
    gate_pb2.Passed: SupervisorAgent._on_passed,
    gate_pb2.DetectorReport: SupervisorAgent._on_counter,
    gate_pb2.GateReport: SupervisorAgent._on_gate_report,
    ledger_pb2.HeadCountersigned: SupervisorAgent._on_countersigned,
}
