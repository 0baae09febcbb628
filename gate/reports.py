"""What a gate says to the supervisor: counters, arm and cell on change, why it serves nobody, and
that it is alive.

Messages from values; nothing decided. Counters are absolute, so that nothing is lost or counted
twice.
"""

from typing import Final

from contract.agent import NS_PER_MS, Effect, Now, Send
from contract.limits import NODE_HEARTBEAT_MS
from contract.reasons import Reason
from contract.v1 import gate_pb2
from contract.v1.envelope_pb2 import NodeHeartbeat
from contract.v1.gate_pb2 import DetectorReport, GateReport
from gate.orders import Barrier, Detector, GateReading

_BARRIERS: Final = {
    Barrier.CLOSED: gate_pb2.BARRIER_STATE_CLOSED,
    Barrier.MOVING: gate_pb2.BARRIER_STATE_MOVING,
    Barrier.OPEN: gate_pb2.BARRIER_STATE_OPEN,
    Barrier.FAULT: gate_pb2.BARRIER_STATE_FAULT,
}


class GateReports:
    """What was last said, so that only news is said again."""

    def __init__(self, gate: str, supervisor: str) -> None:
        self._gate = gate
        self._supervisor = supervisor
        self._told: tuple[int, bool, str] | None = None
        self._beats = 0
        self.counts: dict[str, Detector] = {}
        self.beat_ns = 0

    def again(self) -> list[Effect]:
        """A supervisor that restarted must hear counters and arm again."""
        self._told = None
        return [self._counter(name, seen) for name, seen in sorted(self.counts.items())]

    def counters(self, reading: GateReading) -> list[Effect]:
        """Counters that have counted since the last reading."""
        effects: list[Effect] = []
        for name, seen in reading.detectors.items():
            before = self.counts.get(name)
            self.counts[name] = seen
            if before is None or before.count != seen.count:
                effects.append(self._counter(name, seen))
        return effects

    def _counter(self, name: str, seen: Detector) -> Effect:
        report = DetectorReport(
            detector_id=name, count=seen.count, occupied=seen.occupied, axles=seen.axles
        )
        return Send(self._supervisor, report)

    def arm(self, reading: GateReading, *, why_not: Reason | None) -> list[Effect]:
        """Arm, cell and why nobody is served, on change; an arm on its way alone is no news.

        While there is a reason the supervisor gives no road into the cell.
        """
        reason = why_not.name if why_not is not None else ""
        if reading.barrier is Barrier.MOVING and self._told and self._told[2] == reason:
            return []
        occupied = reading.cell_vehicles is None or reading.cell_vehicles > 0
        told = (_BARRIERS[reading.barrier], occupied, reason)
        if told == self._told:
            return []
        self._told = told
        report = GateReport(
            gate_id=self._gate, barrier=told[0], cell_occupied=occupied, reason=reason
        )
        return [Send(self._supervisor, report)]

    def beat(self, now: Now) -> list[Effect]:
        """Alive, if it is time to say so."""
        if now.mono_ns < self.beat_ns:
            return []
        self._beats += 1
        self.beat_ns = now.mono_ns + NODE_HEARTBEAT_MS * NS_PER_MS
        error_ms = now.utc_error_ns // NS_PER_MS
        beat = NodeHeartbeat(loop_counter=self._beats, clock_error_ms=error_ms, journal_ok=True)
        return [Send(self._supervisor, beat)]
