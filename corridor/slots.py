"""Slots: windows at the exit gates, one truck for each, bound to a crossing and its vehicle's key.

Pure, and not vital: the gate checks the window by itself (gate/slots.py), and a slot gives no road.
A slot is booked by a terminal ahead of time, or given when a truck is ready. Nobody can hoard: a
booking needs a crossing that an office knows and the key of the very vehicle that it is for; each
crossing and each vehicle has one; a terminal has so many for trucks that are not ready. Who has not
left so long after it should have, does not come: its slot is another's who is ready, and it has
another when it is; sooner, if it is overdue and whoever would use the slot has to leave for it. Who
is late on the road is booked anew by when it will be at the line.
Not here: who goes first (scheduling.py), the window as such (gate/slots.py).
Requirements: SUP-047 in docs/SAFETY.md.
"""

from collections.abc import Iterable
from typing import Final

from contract.agent import NS_PER_MS, Now, Send
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from contract.v1.gate_pb2 import SlotNotice
from contract.v1.movement_pb2 import SlotReply, SlotRequest
from corridor.estimates import Estimates
from corridor.journeys import Journeys
from corridor.planning import ORIGIN
from corridor.records import Crossing, Mission
from corridor.state import State
from corridor.timetable.settings import SlotsConfig

NONE: Final = -1


class Slots:
    """Which crossing has which slot of which exit gate. The crossings' rows are what survives."""

    def __init__(
        self, state: State, config: SlotsConfig | None, journeys: Journeys, estimates: Estimates
    ) -> None:
        """Without `config` there are none, and nobody waits for one."""
        self._state = state
        self._config = config or SlotsConfig()
        self._journeys = journeys
        self._estimates = estimates
        self._gates = {
            gate.direction: gate.id
            for gate in state.map.gates.values()
            if gate.side == "exit" and config is not None
        }
        self._taken: dict[str, dict[int, str]] = {way: {} for way in self._gates}
        self._wake_ns: dict[str, int] = {}

    @property
    def wake_ns(self) -> int | None:
        """When a truck is to leave for its slot, or a slot is nobody's any more."""
        return min(self._wake_ns.values(), default=None)

    def restore(self) -> None:
        """Who has which slot, from the crossings' rows."""
        for crossing in self._state.open_crossings():
            kept = crossing.slot != NONE and crossing.step < CUSTODY_STEP_EXITED
            if kept and crossing.direction in self._gates:
                self._taken[crossing.direction][crossing.slot] = crossing.crossing_id

    # --- a terminal books ---

    def request(self, now: Now, terminal: str, request: SlotRequest) -> None:
        """Give a slot, or say why not."""
        crossing = self._state.crossings.get(request.crossing_id)
        refused = self._refused(terminal, request, crossing)
        if refused is None and crossing is not None:
            gate = self._gates[crossing.direction]
            way_ms = self._journeys.to_gate_ms(crossing, gate)  # on whatever road is empty by then
            from_ms = max(request.earliest_utc_ms, now.utc_ms) + way_ms
            index = self._free(now, crossing.direction, from_ms)
            if index is not None:
                self._give(crossing, index)
                self._reply(terminal, crossing)
                self._state.dispatch_due = True  # from now on it is minded whether it comes
                return
            refused = Reason.SLOTS_GONE
        reason = refused or Reason.SLOT_UNDECLARED
        self._state.say(
            Event.SLOT_REFUSED,
            crossing=request.crossing_id,
            vehicle=request.vehicle_id,
            terminal=terminal,
            reason=reason,
        )
        reply = SlotReply(crossing_id=request.crossing_id, accepted=False, reason=reason.name)
        self._state.out.append(Send(terminal, reply))

    def _refused(
        self, terminal: str, request: SlotRequest, crossing: Crossing | None
    ) -> Reason | None:
        """Why a terminal gets no slot for this."""
        if not self._gates:
            return Reason.SLOTS_GONE
        if crossing is None or not crossing.declaration_sha256 or crossing.outcome:
            return Reason.SLOT_UNDECLARED
        roster = self._state.roster
        vehicle = roster.nodes.get(request.vehicle_id)
        if vehicle is None or vehicle.name != crossing.vehicle:
            return Reason.SLOT_FOREIGN
        if request.vehicle_key_id != vehicle.key_id:
            return Reason.SLOT_FOREIGN
        if roster.nodes[terminal].site != ORIGIN[crossing.direction]:
            return Reason.SLOT_FOREIGN
        mine = [each for each in self._holders() if each.vehicle == vehicle.name]
        if mine or crossing.slot != NONE:
            return Reason.SLOT_TAKEN
        waiting = [
            each
            for each in self._holders()
            if each.direction == crossing.direction and not each.ready
        ]
        return Reason.SLOTS_GONE if len(waiting) >= self._config.per_trader else None

    def _holders(self) -> Iterable[Crossing]:
        """Crossings that have a slot and have not passed."""
        for taken in self._taken.values():
            for crossing_id in taken.values():
                yield self._state.crossings[crossing_id]

    def _reply(self, terminal: str, crossing: Crossing) -> None:
        from_ms, until_ms = self._window(crossing.slot)
        reply = SlotReply(
            crossing_id=crossing.crossing_id,
            accepted=True,
            gate_id=self._gates[crossing.direction],
            from_utc_ms=from_ms,
            until_utc_ms=until_ms,
        )
        self._state.out.append(Send(terminal, reply))

    # --- who is ready leaves in time ---

    def due(self, now: Now, direction: str, able: list[Crossing]) -> list[Crossing]:
        """Of those that are ready, in the order in which they go first, whoever is to leave now.

        Each has the earliest slot that it can reach and that is nobody's, or the one it has.
        """
        if direction not in self._gates:
            return able
        self._wake_ns.pop(direction, None)
        ready = [(crossing, self._way_ms(now, crossing)) for crossing in able]
        self._free_no_shows(now, direction, ready)
        leaving = []
        for crossing, way_ms in ready:
            reach_ms = now.utc_ms + way_ms - self._config.grace_ms
            index = self._free(now, direction, reach_ms)
            reached = crossing.slot * self._config.pitch_ms >= reach_ms
            if index is not None and (not reached or index < crossing.slot):
                self._give(crossing, index)
            at_ms = crossing.slot * self._config.pitch_ms - way_ms
            if crossing.slot == NONE:
                at_ms = now.utc_ms + self._config.pitch_ms  # all are taken: look again
            if now.utc_ms < at_ms:
                self._wake(now, direction, at_ms - now.utc_ms)
                gate = self._gates[direction]
                self._state.wait(
                    now, crossing.vehicle, Reason.SLOT_LATER, resource=gate, holder=self._state.name
                )
            else:
                leaving.append(crossing)
        return sorted(leaving, key=lambda each: each.slot)

    def _wake(self, now: Now, direction: str, later_ms: int) -> None:
        due_ns = now.mono_ns + max(1, later_ms) * NS_PER_MS
        self._wake_ns[direction] = min(due_ns, self._wake_ns.get(direction, due_ns))

    def _free_no_shows(self, now: Now, direction: str, ready: list[tuple[Crossing, int]]) -> None:
        """Whoever should have left and cannot does not come; whose crossing is over, neither.

        ready   those that can leave, with their ways to the gate in milliseconds
        """
        able = {each.crossing_id for each, _ in ready}
        for index, crossing_id in sorted(self._taken[direction].items()):
            crossing = self._state.crossings[crossing_id]
            if crossing.step >= CUSTODY_STEP_EXITED:
                del self._taken[direction][index]
            elif crossing.outcome:
                self._take_back(crossing, Reason.REFUSED)
            elif not crossing.mission and crossing_id not in able:
                later = [way_ms for each, way_ms in ready if not 0 <= each.slot < index]
                over_ms = self._lost_ms(now, crossing, min(later, default=0)) - now.utc_ms
                if over_ms <= 0:
                    self._take_back(crossing, Reason.SLOT_OVER)
                else:
                    self._wake(now, direction, over_ms)

    def _lost_ms(self, now: Now, crossing: Crossing, way_ms: int) -> int:
        """When the slot of a truck that is not ready is another's: so long after it should have
        left. If its terminal expected it ready before that, it waits for it no longer than the last
        of those that are ready can: the one whose way, `way_ms`, is the shortest of theirs; 0: none
        is ready that would use it.
        """
        grace_ms = self._config.grace_ms
        begins_ms = crossing.slot * self._config.pitch_ms
        own_ms = begins_ms - self._way_ms(now, crossing) + grace_ms
        theirs_ms = begins_ms - way_ms
        overdue_ms = crossing.expected_ms + grace_ms
        in_time = max(now.utc_ms, overdue_ms) <= theirs_ms + grace_ms
        if not way_ms or not crossing.expected_ms or not in_time:
            return own_ms
        return min(own_ms, max(theirs_ms, overdue_ms))

    def _way_ms(self, now: Now, crossing: Crossing) -> int:
        """Until it would be at the line, behind those that are on the road."""
        return self._estimates.to_gate_ms(now, crossing, self._gates[crossing.direction])

    # --- on the road ---

    def watch(self, now: Now) -> None:
        """Who will not be at the line within its window is booked anew, in the order of the road,
        for nobody overtakes; who has left without a slot has the next one.
        """
        for direction in self._gates:
            lane = [
                each
                for each in self._state.missions.values()
                if self._comes_to(each, direction, self._gates[direction])
            ]
            last = NONE
            for mission in sorted(lane, key=lambda each: each.turn):
                crossing = self._state.crossings[mission.crossing]
                there_ms = now.utc_ms + self._way_ms(now, crossing)
                if crossing.slot <= last or there_ms > self._window(crossing.slot)[1]:
                    after_ms = max(there_ms, (last + 1) * self._config.pitch_ms)
                    index = self._free(now, direction, after_ms)
                    if index is not None:
                        self._give(crossing, index)
                last = max(last, crossing.slot)

    def _comes_to(self, mission: Mission, direction: str, gate: str) -> bool:
        """On its way to a gate that it has not passed."""
        crossing = self._state.crossings[mission.crossing]
        ahead = any(stop.place == gate for stop in mission.stops)
        return mission.direction == direction and ahead and crossing.step < CUSTODY_STEP_EXITED

    # --- slots ---

    def _window(self, index: int) -> tuple[int, int]:
        """First and last millisecond in which the gate lets it pass."""
        from_ms = index * self._config.pitch_ms
        config = self._config
        return from_ms - config.early_ms, from_ms + config.pitch_ms + config.late_ms

    def _free(self, now: Now, direction: str, from_ms: int) -> int | None:
        """The first slot that begins no earlier and is nobody's; None if that is too far ahead."""
        pitch_ms = self._config.pitch_ms
        first = -(-max(from_ms, now.utc_ms - self._config.late_ms) // pitch_ms)
        last = now.utc_ms // pitch_ms + self._config.ahead
        taken = self._taken[direction]
        return next((index for index in range(first, last + 1) if index not in taken), None)

    def _give(self, crossing: Crossing, index: int) -> None:
        """Bind a slot, free the one it had, and tell the gate."""
        taken = self._taken[crossing.direction]
        if taken.get(crossing.slot) == crossing.crossing_id:
            del taken[crossing.slot]
        taken[index] = crossing.crossing_id
        crossing.slot = index
        from_ms, until_ms = self._window(index)
        self._tell(crossing, from_ms, until_ms)
        self._state.say(
            Event.SLOT_GIVEN,
            crossing=crossing.crossing_id,
            vehicle=crossing.vehicle,
            gate=self._gates[crossing.direction],
            number=crossing.slot_number,
            from_utc_ms=from_ms,
            until_utc_ms=until_ms,
        )

    def _take_back(self, crossing: Crossing, reason: Reason) -> None:
        """The slot is nobody's, and the gate knows it."""
        del self._taken[crossing.direction][crossing.slot]
        crossing.slot = NONE
        self._tell(crossing, 0, 0)
        self._state.say(
            Event.SLOT_FREED,
            crossing=crossing.crossing_id,
            gate=self._gates[crossing.direction],
            number=crossing.slot_number,
            reason=reason,
        )

    def _tell(self, crossing: Crossing, from_ms: int, until_ms: int) -> None:
        """The gate's notice, numbered; the row is written down before it leaves."""
        crossing.slot_number = self._state.store.next_number("slot")
        self._state.save(crossing)
        gate = self._gates[crossing.direction]
        notice = SlotNotice(
            gate_id=gate,
            crossing_id=crossing.crossing_id,
            vehicle_id=crossing.vehicle,
            vehicle_key_id=self._state.roster.nodes[crossing.vehicle].key_id,
            from_utc_ms=from_ms,
            until_utc_ms=until_ms,
            number=crossing.slot_number,
        )
        self._state.out.append(Send(gate, notice))
