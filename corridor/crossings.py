"""Crossings: what offices, terminals, stations and gates say of them, and their chain of custody.

Pure. The centre has no customs power: it carries decisions as the documents they came in, after
checking who signed them, and a crossing without both releases is never given road past an exit
gate. Requirements: SUP-019 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Final

from google.protobuf.message import Message

from contract.agent import Now, Refused, Role, Send
from contract.events import Event
from contract.heads import NodeLedger
from contract.ledger import judge_step
from contract.reasons import Reason
from contract.signing import Signer, digest, open_document, seal_document, type_name
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_DIVERTED,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_PENDING,
    CrossingNotice,
    CustodyRecord,
    CustodyStep,
    Hold,
    Refusal,
    Release,
    Revocation,
    ScanRecord,
    ScanVerdict,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_EAST, Document
from contract.v1.gate_pb2 import Passed
from contract.v1.movement_pb2 import STOP_KIND_GATE, Arrival, BerthReport, RevocationNotice
from corridor import batches
from corridor.clearance import clearance_missing
from corridor.evidence import find_uncounted, note_release, note_remote, wait_for_counter
from corridor.mission_orders import tell_clearance
from corridor.planning import DESTINATION
from corridor.records import Control, Crossing, Mission, Rest
from corridor.returns import Returns
from corridor.state import State
from corridor.visits import begin_anew, note_done

_DECISIONS: Final[Mapping[str, type[Message]]] = {
    type_name(kind): kind for kind in (Release, Hold, Refusal, Revocation)
}


class Crossings:
    """Keeps the book of crossings and the ledger."""

    def __init__(self, state: State, signer: Signer) -> None:
        self._state = state
        self._signer = signer
        self.ledger = NodeLedger(state.name, signer, state.roster)
        self._returns = Returns(state)

    # --- offices ---

    def on_notice(self, notice: CrossingNotice) -> None:
        """A crossing exists. One that does not say what, who and where to is none."""
        if not (notice.crossing_id and notice.vehicle_id and notice.direction):
            self._refuse(Refused(Reason.MALFORMED, "a crossing with fields left open"))
            return
        crossing = self._crossing(notice.crossing_id)
        if crossing.outcome and not self._returns.reopened(crossing, notice):
            return
        first = not crossing.direction
        crossing.direction = "E" if notice.direction == DIRECTION_EAST else "W"
        crossing.vehicle = notice.vehicle_id
        crossing.loaded = notice.loaded
        crossing.gross_mass_kg = notice.gross_mass_kg
        crossing.cargo_mass_kg = notice.cargo_mass_kg
        crossing.seals = list(notice.seals)
        crossing.container_id = notice.container_id
        if _country(notice.office) == DESTINATION[crossing.direction]:
            crossing.arrival_scan = notice.arrival_scan
        crossing.declaration_sha256 = notice.declaration_sha256
        crossing.channel = max(crossing.channel, notice.channel)
        crossing.batch, crossing.batch_size = notice.batch_number, notice.batch_size
        crossing.perishable |= notice.perishable
        crossing.trusted |= notice.trusted
        batches.note(self._state, crossing)
        batches.stir(self._state, crossing)
        self._returns.noticed(crossing)
        self._state.save(crossing)
        self._state.dispatch_due = True
        if first:
            self._state.say(
                Event.CROSSING_NOTICED,
                crossing=crossing.crossing_id,
                direction=crossing.direction,
                vehicle=crossing.vehicle,
                loaded=crossing.loaded,
                cargo_kg=crossing.cargo_mass_kg,
                batch=crossing.batch,
            )

    def on_decision(self, now: Now, document: Document) -> None:
        """Take a decision in if its own office's release key signed it; otherwise say so."""
        kind = _DECISIONS.get(document.payload_type)
        if kind is None:
            return
        decision: Message | Refused = Refused(Reason.BAD_SIGNATURE, "no office's key")
        for country, keys in self._state.roster.release_keys.items():
            opened = open_document(document, kind, keys)
            if isinstance(opened, Refused):
                continue
            office = _country(getattr(opened, "office", 0))
            wrong = Refused(Reason.SENDER_MISMATCH, f"{office or 'nobody'} by a key of {country}")
            decision = opened if office == country else wrong
        if isinstance(decision, Refused):
            self._refuse(decision)
        else:
            self._decide(now, decision, document)

    def _refuse(self, refused: Refused) -> None:
        self._state.say(
            Event.MESSAGE_REFUSED, sender="office", reason=refused.reason, detail=refused.detail
        )

    def _decide(self, now: Now, decision: Message, document: Document) -> None:
        if isinstance(decision, Release):
            crossing = self._crossing(decision.subject.crossing_id)
            country = _country(decision.office)
            note_release(crossing, country, document.SerializeToString(deterministic=True))
            crossing.releases[country] = document.SerializeToString(deterministic=True)
            crossing.holds.pop(country, None)
            crossing.bays.pop(country, None)
            crossing.controls.pop(country, None)
            crossing.adverse = False
            self._released(crossing)
            self._returns.released(crossing, country)
        elif isinstance(decision, Hold):
            crossing = self._crossing(decision.crossing_id)
            country = _country(decision.office)
            crossing.releases.pop(country, None)
            crossing.holds[country] = decision.reason
            crossing.bays[country] = [p for each in decision.controls for p in each.places]
            controls = [Control(each.kind, list(each.places)) for each in decision.controls]
            crossing.controls[country] = controls
            kinds = dict.fromkeys([*crossing.ordered, *(each.kind for each in controls)])
            crossing.ordered = list(kinds)
            crossing.adverse = False
            begin_anew(self._state, crossing, country)
            self._withheld(crossing, decision.reason)
        elif isinstance(decision, Refusal):
            crossing = self._crossing(decision.crossing_id)
            country = _country(decision.office)
            crossing.releases.pop(country, None)
            crossing.holds[country] = Reason.REFUSED.name
            crossing.bays.pop(country, None)
            crossing.controls.pop(country, None)
            crossing.adverse = False
            self._withheld(crossing, Reason.REFUSED.name)
            self._returns.refused(now, crossing, decision, document)
        elif isinstance(decision, Revocation):
            crossing = self._crossing(decision.crossing_id)
            country = _country(decision.office)
            crossing.releases.pop(country, None)
            crossing.holds.setdefault(country, Reason.RELEASE_REVOKED.name)
            if crossing.mission in self._state.missions:
                carried = RevocationNotice(revocation=document)
                self._state.out.append(Send(crossing.vehicle, carried))
            self._withheld(crossing, Reason.RELEASE_REVOKED.name)
        else:
            return
        self._state.save(crossing)
        self._state.dispatch_due = True
        self._follow(now, crossing)

    def _released(self, crossing: Crossing) -> None:
        if clearance_missing(crossing) is None:
            self._state.say(Event.CROSSING_CLEARED, crossing=crossing.crossing_id)

    def _withheld(self, crossing: Crossing, reason: str) -> None:
        known = Reason.__members__.get(reason, Reason.CLEARANCE_PENDING)
        detail = " ".join(f"{c}:{why}" for c, why in sorted(crossing.holds.items()))
        self._state.say(
            Event.CROSSING_WITHHELD, crossing=crossing.crossing_id, reason=known, detail=detail
        )

    def _follow(self, now: Now, crossing: Crossing) -> None:
        """A crossing that is under way: new releases to the truck, or a bay for it
        (diversion.py).
        """
        batches.stir(self._state, crossing)
        mission = self._state.missions.get(crossing.mission)
        if mission is None:
            return
        self._state.dirty[mission.mission_id] = None
        if clearance_missing(crossing) is None:
            tell_clearance(self._state, crossing)

    # --- terminals, stations, gates ---

    def on_berth(self, now: Now, report: BerthReport) -> None:
        """The terminal says that a truck is loaded and sealed."""
        crossing = self._crossing(report.crossing_id)
        if crossing.outcome:
            return
        crossing.vehicle = crossing.vehicle or report.vehicle_id
        crossing.berth = report.berth_id
        if report.ready and not crossing.ready:
            crossing.ready_ms = now.utc_ms
        crossing.ready, crossing.unfit = report.ready, report.reason
        crossing.expected_ms = report.expected_utc_ms
        batches.stir(self._state, crossing)
        self._state.save(crossing)
        self._state.dispatch_due = True

    def on_station(self, now: Now, document: Document) -> None:
        """A station or bay has finished with a truck."""
        record = open_document(document, ScanRecord, self._state.roster.keys_of(Role.GATE))
        if isinstance(record, Refused):
            return
        crossing = self._state.crossings.get(record.crossing_id)
        mission = self._state.missions.get(crossing.mission) if crossing is not None else None
        if crossing is None or mission is None or mission.vehicle != record.vehicle_id:
            return
        note_done(self._state, mission, crossing, record)
        note_remote(crossing, record)
        found = record.verdict not in (SCAN_VERDICT_CLEAR, SCAN_VERDICT_PENDING)
        if found and clearance_missing(crossing) is None:
            crossing.adverse = True  # until an office answers; where one holds it already, it has
        self._state.overdue.pop((mission.vehicle, record.station_id), None)
        self._state.dispatch_due = True  # whoever is to be scanned may find a bay left for it
        batches.stir(self._state, crossing)
        self._state.save(crossing)
        self._state.save(mission)
        self._state.dirty[mission.mission_id] = None
        self._state.say(
            Event.STATION_REPORTED,
            station=record.station_id,
            vehicle=record.vehicle_id,
            crossing=record.crossing_id,
            verdict=ScanVerdict.Name(record.verdict).removeprefix("SCAN_VERDICT_").lower(),
            reason=Reason.__members__.get(record.reason, ""),
        )

    def on_passed(self, now: Now, gate: str, passed: Passed) -> None:
        """A gate has let a truck through: the next link of its chain, and what waited for it.

        Only the gate itself can sign for its place.
        """
        node = self._state.roster.nodes[gate]
        record = open_document(passed.custody, CustodyRecord, {node.key_id: node.public_key})
        if isinstance(record, Refused) or record.place_id != gate:
            return
        self._record(now, record, passed.custody)
        crossing = self._state.crossings.get(record.crossing_id)
        while crossing is not None and crossing.step + 1 in crossing.early:
            document = Document.FromString(crossing.early.pop(crossing.step + 1))
            self._record(now, CustodyRecord.FromString(document.payload), document)
        if crossing is not None and record.step == CUSTODY_STEP_EXITED:
            self._state.dispatch_due = True  # the lane to the gate has room for another one
        mission = self._state.missions.get(crossing.mission) if crossing is not None else None
        if mission is not None:
            self._state.dirty[mission.mission_id] = None  # what waits for its custody may go on
        if mission is not None and mission.arrived:
            self.arrived(now, mission, mission.berth)

    # --- custody ---

    def sealed(self, now: Now, mission: Mission) -> None:
        """A truck that was given road out of its berth sets off: custody begins there."""
        crossing = self._state.crossings[mission.crossing]
        if crossing.started_ms and not crossing.step:
            self._sign(now, crossing, CUSTODY_STEP_SEALED, crossing.berth)

    def arrived(self, now: Now, mission: Mission, berth: str) -> None:
        """The truck stands at the destination berth: the crossing is over once both gates have
        said that they let it through.
        """
        state = self._state
        crossing = state.crossings[mission.crossing]
        if crossing.refused and self._returns.is_over(crossing, mission):
            if crossing.step:
                self._sign(now, crossing, CUSTODY_STEP_DIVERTED, berth)
            self._finish(now, crossing, mission, berth)
            return
        heard = state.heard.get(mission.vehicle)
        if heard is not None and heard.doubted:
            reason = Reason.POSITION_DOUBTED
            state.wait(now, mission.vehicle, reason, resource=berth, holder=mission.vehicle)
            return
        uncounted = find_uncounted(state, mission)
        if uncounted:
            wait_for_counter(state, now, mission, uncounted)
            return
        if crossing.step == CUSTODY_STEP_ENTERED:
            self._sign(now, crossing, CUSTODY_STEP_HANDED_OVER, berth)
            self._finish(now, crossing, mission, berth)
            return
        mission.arrived = True
        state.save(mission)
        gates = [stop.place for stop in mission.stops if stop.kind == STOP_KIND_GATE]
        owes = gates[max(0, crossing.step - CUSTODY_STEP_SEALED)]
        state.wait(now, mission.vehicle, Reason.NODE_SILENT, resource=owes, holder=owes)

    def _sign(self, now: Now, crossing: Crossing, step: CustodyStep, place: str) -> None:
        record = CustodyRecord(
            crossing_id=crossing.crossing_id,
            step=step,
            place_id=place,
            vehicle_id=crossing.vehicle,
            seals=crossing.seals,
            at_utc_ms=now.utc_ms,
            evidence_sha256=crossing.declaration_sha256 or digest(crossing.crossing_id.encode()),
        )
        self._record(now, record, seal_document(self._signer, record))

    def _record(self, now: Now, record: CustodyRecord, document: Document) -> None:
        state = self._state
        crossing = state.crossings.get(record.crossing_id)
        before = crossing.step if crossing is not None else 0
        is_refused = crossing is not None and bool(crossing.refused)
        refused = judge_step(before, record, refused=is_refused)
        step = CustodyStep.Name(record.step).removeprefix("CUSTODY_STEP_")
        if crossing is not None and before + 1 < record.step and self._is_entry(record):
            crossing.early[record.step] = document.SerializeToString(deterministic=True)
            state.save(crossing)
            return  # the exit gate has been slower to say so: kept until the chain has come so far
        if crossing is None or refused is not None:
            reason = refused.reason if refused is not None else Reason.RELEASE_FOREIGN
            state.say(
                Event.CUSTODY_REFUSED,
                crossing=record.crossing_id,
                step=step,
                place=record.place_id,
                reason=reason,
            )
            return
        crossing.step = record.step
        state.out += self.ledger.append(now, document)
        state.save(crossing)
        state.say(
            Event.CUSTODY_RECORDED,
            crossing=record.crossing_id,
            step=step,
            place=record.place_id,
            vehicle=record.vehicle_id,
        )

    def _is_entry(self, record: CustodyRecord) -> bool:
        gate = self._state.map.gates.get(record.place_id)
        return record.step == CUSTODY_STEP_ENTERED and gate is not None and gate.side != "exit"

    def _finish(self, now: Now, crossing: Crossing, mission: Mission, berth: str) -> None:
        state = self._state
        crossing.outcome = "refused" if crossing.refused else "cleared"
        crossing.finished_ms = now.utc_ms
        state.save(crossing)
        del state.missions[mission.mission_id]
        del state.mission_of[mission.vehicle]
        state.store.drop("mission", mission.mission_id)
        for zone in state.zones.held_by(mission.vehicle):
            state.zones.rename(zone, mission.vehicle, mission.vehicle)
        state.goes_on(now, mission.vehicle)
        rest = Rest(mission.vehicle, state.place_lane(berth), berth)
        state.rests[mission.vehicle] = rest
        state.save(rest)
        state.say(
            Event.CROSSING_FINISHED,
            crossing=crossing.crossing_id,
            vehicle=crossing.vehicle,
            berth=berth,
            outcome=crossing.outcome,
            took_ms=crossing.finished_ms - (crossing.started_ms or crossing.finished_ms),
        )
        batches.stir(state, crossing)
        state.dispatch_due = True
        if crossing.refused:
            self._returns.ended(now, crossing, berth)
            return  # it is not unloaded: no terminal is told
        arrival = Arrival(
            crossing_id=crossing.crossing_id, vehicle_id=crossing.vehicle, berth_id=berth
        )
        for node in (*state.roster.of_role(Role.TERMINAL), *state.roster.of_role(Role.OFFICE)):
            if node.role is Role.OFFICE or node.site == DESTINATION[crossing.direction]:
                state.out.append(Send(node.name, arrival))

    def _crossing(self, crossing_id: str) -> Crossing:
        return self._state.crossing(crossing_id)


_COUNTRIES: Final[Mapping[int, str]] = {COUNTRY_KZ: "KZ", COUNTRY_CN: "CN"}


def _country(office: int) -> str:
    return _COUNTRIES.get(office, "")
