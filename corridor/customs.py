"""What customs leaves of the road: the voter for offices, bays, batches and refusals.

Pure. Nothing past an exit gate without both releases. Who is not released and is to be inspected
goes as far as its bay, and stays in it until it is - for a sample that is at the laboratory, too,
where an office wants its result; who has nowhere to go yet stays at its line; who was refused
before the line goes no farther than the bay it is sent to. A truck of a batch is given road past
its exit gate only where it stands at the line. Refused past the line, a truck goes in
by the papers of its return, and then to its berth. Not here: which bay (places.py, diversion.py),
the other voters (grants.py).
Requirements: SUP-008, SUP-022, SUP-023, SUP-025 in docs/SAFETY.md.
"""

from contract.reasons import Reason
from contract.route import Route
from contract.v1.customs_pb2 import CUSTODY_STEP_ENTERED, CUSTODY_STEP_EXITED
from contract.v1.movement_pb2 import STOP_KIND_GATE
from corridor import batches
from corridor.clearance import clearance_missing, return_pending
from corridor.records import Crossing, Mission, Stop
from corridor.standing import AT_LINE_M
from corridor.state import No, State


class Customs:
    """One vote on each zone that a truck might be given."""

    def __init__(self, state: State, *, split: bool = False) -> None:
        """split   waybills allow their trucks to cross apart"""
        self._state = state
        self._split = split

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """Why this zone is not given, as far as customs goes."""
        crossing = self._state.crossings[mission.crossing]
        if crossing.refused:
            return self._refused(crossing, mission)
        _, start_m, end_m = route.zone_spans[index]
        missing = clearance_missing(crossing)
        beyond_exit = start_m > self._exit_m(mission)
        if missing is None:
            return self._together(mission, crossing, beyond_exit=beyond_exit)
        if mission.place:
            bay_m = self._bay_end_m(mission, route)
            if bay_m is None or end_m <= bay_m + 0.01:
                return None
            sampled = mission.place in crossing.samples
            return No(Reason.LABORATORY_PENDING, mission.place, "office") if sampled else missing
        return missing if beyond_exit else self._state.kept.get(mission.mission_id)

    def _together(self, mission: Mission, crossing: Crossing, *, beyond_exit: bool) -> No | None:
        """What a batch leaves of the road: it is looked at when a truck is to leave its berth, and
        when it stands at its exit gate's line, which is as late as may be.
        """
        if self._split or crossing.step >= CUSTODY_STEP_EXITED:
            return None
        if not beyond_exit:
            return None if crossing.started_ms else batches.incomplete(self._state, crossing)
        no = batches.incomplete(self._state, crossing)
        if no is None and batches.is_batch(self._state, crossing):
            return self._not_at_line(mission)
        return no

    def _not_at_line(self, mission: Mission) -> No | None:
        """Road past the gate, once given, is not taken back: nobody has it before it can use it."""
        heard = self._state.heard.get(mission.vehicle)
        if heard is not None and heard.front_m >= self._exit_m(mission) - AT_LINE_M:
            return None
        gate = self._exit_gate(mission)
        return No(Reason.PERMIT_PENDING, gate, gate)

    def _refused(self, crossing: Crossing, mission: Mission) -> No | None:
        state = self._state
        if mission.berth in state.map.bays or crossing.step >= CUSTODY_STEP_ENTERED:
            return None
        office = f"office {crossing.refused_by}"
        if crossing.step < CUSTODY_STEP_EXITED:
            kept = state.kept.get(mission.mission_id)
            return kept or No(Reason.REFUSED, crossing.crossing_id, office)
        return return_pending(state, crossing)

    def _exit_m(self, mission: Mission) -> float:
        """Stop line of the exit gate along the way; farther than any where there is none."""
        stop = self._exit(mission)
        return stop.at_m if stop is not None else float("inf")

    def _exit_gate(self, mission: Mission) -> str:
        stop = self._exit(mission)
        return stop.place if stop is not None else ""

    def _exit(self, mission: Mission) -> Stop | None:
        for stop in mission.stops:
            if stop.kind == STOP_KIND_GATE and self._state.map.gates[stop.place].side == "exit":
                return stop
        return None

    def _bay_end_m(self, mission: Mission, route: Route) -> float | None:
        zone = self._state.map.bays[mission.place].zone
        return next((end_m for each, _, end_m in route.zone_spans if each == zone), None)
