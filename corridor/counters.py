"""Counters: what the axle counters at zone limits prove, with or without the word of a truck.

Pure. A counter between two zones says that a vehicle has left the one for the other, and how many
axles it had. The same number of axles at two counters of its way: all of it is beyond the second,
and what lies between is free of it, however long the truck itself has been silent. Another number:
something was left behind, and what lies between is in doubt. A loop that cannot tell axles confirms
a report, and frees nothing alone. Which vehicle it was is known by the order in which the zone was
allocated. Not here: what frees a zone (interlocking.py), reports (positions.py).
Requirements: I22, SUP-034 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.v1.gate_pb2 import DetectorReport
from contract.v1.movement_pb2 import VehicleHeartbeat
from corridor.records import Mission
from corridor.state import Heard, State

OUT_OF_DATE_MS: Final = 3_000  # a heartbeat may have been sent so long before a counter was heard
BEHIND_M: Final = 5.0  # a rear that says so far behind a counter has not passed it


class Counters:
    """Keeps the table of zones in step with what the counters have seen."""

    def __init__(self, state: State) -> None:
        self._state = state

    def on_report(self, now: Now, report: DetectorReport) -> None:
        """A counter's word: absolute, so that nothing is lost or counted twice."""
        state = self._state
        detector = state.map.detectors.get(report.detector_id)
        if detector is None:
            return
        name, seen = f"detector/{detector.id}", f"seen/{detector.id}"
        before, axles_before = state.store.number(name), state.store.number(f"axles/{detector.id}")
        first = not state.store.number(seen)
        if report.count == before and not first:
            return
        state.store.set_number(name, report.count)
        state.store.set_number(seen, 1)
        if report.axles:
            state.store.set_number(f"axles/{detector.id}", report.axles)
        if first:
            return  # the counter's first word: whatever it counted before us
        zone = detector.zone_before
        if report.count < before:
            self._miscounted(detector.id, zone, expected=before, seen=report.count)
            return
        direction = self._direction(detector.lane)
        alone = report.count == before + 1 and report.axles > axles_before
        axles = report.axles - axles_before if alone else 0
        for _ in range(min(report.count - before, len(state.zones.holders(zone)) + 1)):
            self._count_out(now, detector.id, zone, direction, axles=axles)

    def _direction(self, lane: str) -> str:
        """Direction of travel over a lane of a zone that is used both ways; "" where it does not
        matter.
        """
        zone = self._state.map.lanes[lane].zone
        if not self._state.map.zones[zone].one_lane:
            return ""
        for mission in self._state.missions.values():
            if lane in mission.lanes:
                return mission.direction
        return ""

    def _count_out(self, now: Now, detector: str, zone: str, direction: str, *, axles: int) -> None:
        """One vehicle, with so many axles, 0 if they were not told, has left the zone."""
        state = self._state
        before = state.zones.holders(zone)
        who = state.zones.counted(zone, direction)
        if who is None:
            self._miscounted(detector, zone, expected=0, seen=1)
            return
        mission = state.missions.get(state.mission_of.get(who, ""))
        if who in before and who not in state.zones.holders(zone):
            state.free(zone, who, mission.convoy if mission else who, "report and counter")
        if mission is not None:
            self._compare(now, mission, zone, axles)

    def _compare(self, now: Now, mission: Mission, zone: str, axles: int) -> None:
        """Axles at this counter and at the last one on the way of a truck that has left `zone`."""
        state, spans = self._state, self._state.route(mission).zone_spans
        here = next((i for i, span in enumerate(spans) if span[0] == zone), None)
        if here is None or here < mission.counted_from:
            return
        if axles and mission.axles and not self._missed(mission, here):
            for between, _, _ in spans[mission.counted_from : here + 1]:
                self._judge(mission, between, axles)
        mission.axles, mission.counted_from = axles, here + 1
        heard = state.heard.get(mission.vehicle)
        if heard is not None:
            heard.counted_ns = now.mono_ns
        while mission.cleared <= here and not self._holds(mission, spans[mission.cleared][0]):
            mission.cleared += 1
        state.save(mission)
        state.dirty[mission.mission_id] = None

    def _missed(self, mission: Mission, here: int) -> bool:
        """Whether a counter in between is still to be heard: its word must find whom it means."""
        spans = self._state.route(mission).zone_spans[mission.counted_from : here]
        rows = [self._state.zones.zones.get(zone) for zone, _, _ in spans if self._is_wired(zone)]
        holds = [each for row in rows if row is not None for each in row.holders]
        return any(each.vehicle == mission.vehicle and not each.counted for each in holds)

    def _is_wired(self, zone: str) -> bool:
        return self._state.zones.rules[zone].wired

    def _judge(self, mission: Mission, zone: str, axles: int) -> None:
        state = self._state
        if state.zones.passed(zone, mission.vehicle, mission.axles, axles):
            state.free(zone, mission.vehicle, mission.convoy, "axles in and out")
        elif mission.axles != axles and self._holds(mission, zone):
            self._doubt(zone, f"{mission.axles} axles of {mission.vehicle} counted in, {axles} out")

    def _holds(self, mission: Mission, zone: str) -> bool:
        return mission.vehicle in self._state.zones.holders(zone)

    def on_heartbeat(
        self, now: Now, mission: Mission, heard: Heard, beat: VehicleHeartbeat
    ) -> None:
        """A truck that goes on saying that its rear is where counters have seen it leave: one of
        the two is wrong, and what they disagree about is in doubt.
        """
        if not mission.axles or not beat.front_mm:
            return  # not told, or the truck has no mission any more and names no place
        zone, _, end_m = self._state.route(mission).zone_spans[mission.counted_from - 1]
        if beat.rear_mm / 1000.0 > end_m - BEHIND_M:
            return
        if now.mono_ns - heard.counted_ns > OUT_OF_DATE_MS * NS_PER_MS:
            self._doubt(zone, f"{mission.vehicle} was counted out of it and says that it is in it")

    def _doubt(self, zone: str, cause: str) -> None:
        row = self._state.zones.zones.get(zone)
        if row is None or not row.doubt or row.doubt != cause:
            self._state.zones.doubt(zone, cause)
            self._state.say(Event.ZONE_BECAME_UNKNOWN, zone=zone, cause=cause)

    def _miscounted(self, detector: str, zone: str, *, expected: int, seen: int) -> None:
        cause = "counted out more than let in" if seen > expected else "the counter went back"
        self._state.say(
            Event.DETECTOR_MISCOUNTED, detector=detector, zone=zone, expected=expected, seen=seen
        )
        self._state.zones.doubt(zone, cause)
        self._state.say(Event.ZONE_BECAME_UNKNOWN, zone=zone, cause=cause)
