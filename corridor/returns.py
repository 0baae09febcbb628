"""Returns: what becomes of a crossing that an office refuses, wherever the truck is.

Pure. Refused at its berth, the truck stays there and the crossing is over, whether it has a mission
already (diversion.py withdraws it) or not; two officers of the office may overrule that. Refused on
the way to its exit gate, it ends in a bay. Refused past the line, it goes on to its arrival side,
is not unloaded, and from there is taken back by the return crossing that the refusal names: for
that it needs both offices' releases of the return, in the other direction, and so does the gate
that lets it in, which is told of them here and judges for itself. Not here: where it may go
meanwhile (customs.py), the bay (diversion.py), the gate's own rule (gate/admission.py).
Requirements: SUP-025 in docs/SAFETY.md.
"""

from contract.agent import Now, Send
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_DIVERTED,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_SEALED,
    CrossingNotice,
    DecisionNotice,
    Refusal,
)
from contract.v1.document_pb2 import COUNTRY_KZ, Document
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_STATION, ClearanceNotice
from corridor.clearance import clearance_missing
from corridor.records import Crossing, Mission
from corridor.state import State


def _takes_back(crossing: Crossing, back: Crossing) -> bool:
    """The same vehicle, in the other direction, as far as is known."""
    directions = ("", "W" if crossing.direction == "E" else "E")
    return back.vehicle in ("", crossing.vehicle) and back.direction in directions


class Returns:
    """Refused crossings, and the crossings that take them back."""

    def __init__(self, state: State) -> None:
        self._state = state

    # --- offices ---

    def refused(self, now: Now, crossing: Crossing, refusal: Refusal, document: Document) -> None:
        """An office has refused. A later word for the same crossing may name its return."""
        state = self._state
        known = Reason.__members__.get(refusal.reason, Reason.REFUSED)
        crossing.refused = crossing.refused or known.name
        crossing.refused_by = "KZ" if refusal.office == COUNTRY_KZ else "CN"
        if refusal.return_crossing_id and refusal.return_crossing_id != crossing.crossing_id:
            crossing.returns = refusal.return_crossing_id
            crossing.papers = document.SerializeToString(deterministic=True)
            self._link(now, crossing)
        mission = state.missions.get(crossing.mission)
        if mission is not None:
            inspected = (STOP_KIND_STATION, STOP_KIND_BAY)
            open_ = [s.place for s in mission.stops if s.kind in inspected]
            mission.done += [place for place in open_ if place not in mission.done]
            state.save(mission)
        elif not crossing.outcome and not crossing.mission:
            self._ends_at_berth(now, crossing)

    def _link(self, now: Now, crossing: Crossing) -> None:
        state = self._state
        back = state.crossing(crossing.returns)
        if back.return_of or back.mission or back.outcome or not _takes_back(crossing, back):
            return
        back.return_of = crossing.crossing_id
        back.vehicle = back.vehicle or crossing.vehicle
        state.save(back)
        state.say(
            Event.CROSSING_RETURNS,
            crossing=crossing.crossing_id,
            return_crossing=back.crossing_id,
            vehicle=crossing.vehicle,
        )
        if crossing.outcome and crossing.step == CUSTODY_STEP_DIVERTED:
            self._make_ready(now, back, state.rests[crossing.vehicle].berth)
        self._tell_papers(crossing, back)

    def _ends_at_berth(self, now: Now, crossing: Crossing) -> None:
        """It never set off: it stays where it stands, and a new declaration may free it."""
        state = self._state
        crossing.outcome = "refused"
        crossing.started_ms = crossing.finished_ms = now.utc_ms
        state.save(crossing)
        if crossing.vehicle:
            state.goes_on(now, crossing.vehicle)
        state.say(
            Event.CROSSING_FINISHED,
            crossing=crossing.crossing_id,
            vehicle=crossing.vehicle,
            berth=crossing.berth,
            outcome=crossing.outcome,
            took_ms=0,
        )
        self._stays(now, crossing)

    def reopened(self, crossing: Crossing, notice: CrossingNotice) -> bool:
        """A new declaration of a crossing that was refused before it set off: all begins anew."""
        new = notice.declaration_sha256 != crossing.declaration_sha256
        if crossing.outcome != "refused" or crossing.mission or not new:
            return False
        crossing.refused = crossing.refused_by = crossing.returns = ""
        self._state.goes_on_after_all(crossing)
        crossing.releases, crossing.holds = {}, {}
        crossing.bays, crossing.controls, crossing.ordered = {}, {}, []
        crossing.finished_ms = 0
        return True

    def _overruled(self, crossing: Crossing, country: str) -> None:
        """The office that has refused a truck in its berth releases it after all: it goes on."""
        stays = crossing.outcome == "refused" and not crossing.mission and not crossing.step
        if stays and crossing.refused_by == country:
            crossing.refused = crossing.refused_by = ""
            self._state.goes_on_after_all(crossing)
            crossing.finished_ms = 0

    def noticed(self, back: Crossing) -> None:
        """A return crossing is told of: it may be so only after its truck has come to rest."""
        crossing = self._state.crossings.get(back.return_of)
        if crossing is not None and not _takes_back(crossing, back):
            back.return_of = ""  # it is somebody else's
        elif crossing is not None:
            self._tell_papers(crossing, back)

    def released(self, back: Crossing, country: str) -> None:
        """A release may have been the second of a return, or a refusal overruled."""
        self._overruled(back, country)
        crossing = self._state.crossings.get(back.return_of)
        if crossing is None:
            return
        self._tell_papers(crossing, back)
        if crossing.mission in self._state.missions:
            self._state.dirty[crossing.mission] = None

    def _tell_papers(self, crossing: Crossing, back: Crossing) -> None:
        """The refusal and both releases of the return, to the gate at which the truck comes in, and
        to the truck, which stands where it lost its clearance.

        Documents, unopened: each verifies them. A gate that was passed needs none.
        """
        if clearance_missing(back) is not None or not crossing.papers:
            return
        beyond = crossing.step in (CUSTODY_STEP_SEALED, CUSTODY_STEP_EXITED)
        papers = [crossing.papers, *(data for _, data in sorted(back.releases.items()))]
        for gate in self._state.map.gates.values():
            if beyond and gate.side == "entry" and gate.direction == crossing.direction:
                self._state.out += [
                    Send(gate.id, DecisionNotice(decision=Document.FromString(paper)))
                    for paper in papers
                ]
        if crossing.mission not in self._state.missions:
            return
        notice = ClearanceNotice(
            crossing_id=crossing.crossing_id,
            releases=[Document.FromString(paper) for paper in papers],
        )
        self._state.out.append(Send(crossing.vehicle, notice))

    # --- the end of it ---

    def is_over(self, crossing: Crossing, mission: Mission) -> bool:
        """A refused truck stands where its mission ends, and its custody has come as far; that of a
        truck that was kept in its berth has not begun.
        """
        in_bay = mission.berth in self._state.map.bays
        return not crossing.step or crossing.step == (
            CUSTODY_STEP_SEALED if in_bay else CUSTODY_STEP_ENTERED
        )

    def ended(self, now: Now, crossing: Crossing, place: str) -> None:
        """The refused crossing is over: its return may set off from where the truck stands. One
        that never set off has no mission any more, and may be declared anew.
        """
        if not crossing.step:
            crossing.mission = ""
            if crossing.refused_by in crossing.releases:  # overruled meanwhile
                self._overruled(crossing, crossing.refused_by)
            self._state.save(crossing)
        if not crossing.outcome:
            return
        back = self._state.crossings.get(crossing.returns)
        if back is not None and back.return_of == crossing.crossing_id:
            self._make_ready(now, back, place)
        self._stays(now, crossing)

    def _make_ready(self, now: Now, back: Crossing, place: str) -> None:
        back.ready, back.berth, back.ready_ms = True, place, now.utc_ms
        self._state.save(back)
        self._state.dispatch_due = True

    def _stays(self, now: Now, crossing: Crossing) -> None:
        """Until it is taken back, or declared anew, the truck waits for that."""
        if not crossing.vehicle:
            return
        beyond = crossing.step == CUSTODY_STEP_DIVERTED and self._on_far_side(crossing)
        reason = Reason.RETURN_PENDING if beyond else Reason.REFUSED
        self._state.wait(
            now,
            crossing.vehicle,
            reason,
            resource=crossing.returns or crossing.crossing_id,
            holder=f"office {crossing.refused_by}",
        )

    def _on_far_side(self, crossing: Crossing) -> bool:
        rest = self._state.rests.get(crossing.vehicle)
        return rest is not None and rest.berth in self._state.map.berths
