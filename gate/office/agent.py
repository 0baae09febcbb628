"""One customs office: takes declarations in, decides, signs - and can take back.

Pure. A declaration is validated, passed on to the other office, assessed by this office's own rules
and answered by a release, or a hold that says what is wanted and whose move it is. Each office
decides for itself; that both must agree is checked at the gate and in the truck, not here. A
decision is signed by the release key, which no other program holds. Not here: officers (the body),
queues of trucks (corridor/), barriers (gate/). Phases of a crossing: phases.py; papers: docket.py.
Requirements: OFF-001 to OFF-011 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from contract.agent import (
    NS_PER_MS,
    Act,
    Boot,
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
from contract.limits import NODE_HEARTBEAT_MS
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer, open_document
from contract.v1 import customs_pb2, envelope_pb2, gate_pb2, movement_pb2
from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    CUSTODY_STEP_ENTERED,
    CustodyRecord,
    Declaration,
    DeclarationReply,
    DeclarationSubmitted,
    Refusal,
    ScanRecord,
)
from contract.v1.document_pb2 import CHANNEL_RED, CHANNEL_YELLOW, Document
from gate.office import arrival, findings, renewal, rulings, status
from gate.office.audit import decode
from gate.office.case import Case
from gate.office.commitment import COMMITMENT_KEY, commit
from gate.office.declaration import FAULTS_TOLD_MAX, faults
from gate.office.docket import Docket, OfficeConfig, about, agency_name
from gate.office.endorsements import open_endorsement
from gate.office.orders import AskDesk, OfficeReading
from gate.office.phases import Outcome, Phase
from gate.office.rules import assess
from gate.office.transit import Move
from gate.office.witness import Witness

__all__ = ["OfficeAgent", "OfficeConfig"]


class OfficeAgent:
    """One office's decisions."""

    def __init__(
        self, config: OfficeConfig, signer: Signer, release_signer: Signer, roster: Roster
    ) -> None:
        self._config = config
        self._signer = signer
        self._roster = roster
        self._docket = Docket(config, release_signer)
        self._witness = Witness(config.name, signer, release_signer, roster)
        self._beat_ns = 0
        self._beats = 0

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        docket = self._docket
        self._witness.restore(now, state)
        for key, value in sorted(state.items()):
            if key.startswith("case/"):
                docket.restore(msgspec.msgpack.decode(value, type=Case))
            elif key.startswith("audit/"):
                docket.audits[key.removeprefix("audit/")] = decode(value)
            elif key == "revocations":
                docket.revocations = int.from_bytes(value, "big")
        commit(docket, now, state.get(COMMITMENT_KEY))
        for case in docket.cases.values():
            self._take_up(now, case)
        renewal.take_up(docket, now)
        self._beat_ns = now.mono_ns
        return self._taken(now)

    def _take_up(self, now: Now, case: Case) -> None:
        """Deadlines start anew; desks and agencies are asked again, for they may have forgotten."""
        if case.at in (Phase.ASSESSING, Phase.POSTPONED):
            self._docket.due[case.crossing_id] = now.mono_ns
        elif case.at is Phase.AT_DESK:
            self._docket.out.append(Act(AskDesk(case.crossing_id, case.desk)))
        elif case.at is Phase.ENDORSING:
            self._docket.ask_agencies(case)

    def on_message(self, now: Now, received: Received) -> Effects:
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        self._docket.out += self._witness.on_message(now, received)
        return self._taken(now)

    def on_wake(self, now: Now, reading: OfficeReading) -> Effects:
        for outcome in reading.outcomes:
            word = rulings.Word(outcome.crossing_id, outcome.ruling, outcome.officer_id)
            rulings.on_word(self._docket, now, word)
        due = self._docket.due
        for crossing in sorted(due):
            if due[crossing] <= now.mono_ns:
                del due[crossing]
                self._on_due(now, self._docket.cases[crossing])
        renewal.wake(self._docket, now)
        if now.mono_ns >= self._beat_ns:
            self._beat(now)
        return self._taken(now)

    @property
    def wake_ns(self) -> int | None:
        due_ns = [self._beat_ns, *self._docket.due.values(), *self._witness.deadlines]
        runs_out_ns = renewal.next_ns(self._docket)
        return min(due_ns if runs_out_ns is None else [*due_ns, runs_out_ns])

    def _taken(self, now: Now) -> Effects:
        docket = self._docket
        effects = [*self._witness.recorded(now, docket.records), *docket.out]
        docket.out, docket.records = [], []
        return self._witness.chained(now, effects)

    # --- declarations ---

    def _on_declaration(self, now: Now, received: Received) -> None:
        submitted = cast("DeclarationSubmitted", received.message)
        keys = self._roster.keys_of(Role.TERMINAL)
        declaration = open_document(submitted.declaration, Declaration, keys)
        if isinstance(declaration, Refused):
            self._decline(received, "", [declaration.detail], declaration.reason)
            return
        said = faults(declaration)
        known = self._docket.cases.get(declaration.crossing_id)
        if known is not None:
            before = self._docket.declarations[declaration.crossing_id]
            if declaration.version <= before.version:
                if submitted.declaration.payload == Document.FromString(known.document).payload:
                    self._reply(received, declaration)
                    return
                said.append(f"$.version: {declaration.version}, expected {before.version + 1}")
            if known.at is Phase.ENDED or known.return_of:
                said.append(f"$.crossing_id: {declaration.crossing_id} is over")
        if said:
            self._decline(received, declaration.declaration_id, said, Reason.DECLARATION_FAULTY)
            return
        self._take_in(now, declaration, submitted.declaration)
        self._reply(received, declaration)
        if received.role is Role.TERMINAL:
            forward = DeclarationSubmitted(declaration=submitted.declaration, forwarded=True)
            self._say(Send(self._config.other_office, forward))

    def _take_in(self, now: Now, declaration: Declaration, document: Document) -> None:
        """A new crossing, or a new version of one: then the old release is void."""
        docket, crossing = self._docket, declaration.crossing_id
        case = docket.cases.get(crossing)
        if case is None:
            case = docket.cases[crossing] = Case(crossing, b"")
        elif case.release_id:
            docket.revoke(case, Reason.DECLARATION_AMENDED)
        case.document = document.SerializeToString(deterministic=True)
        docket.declarations[crossing] = declaration
        case.begin_again()
        case.note(now.utc_ms, "declared", f"version {declaration.version}")
        docket.transit(case, Move.OPEN)
        docket.move(case, Outcome.DECLARED)
        docket.due[crossing] = now.mono_ns + self._config.rules.assess_ms * NS_PER_MS
        fields = {
            "declaration": declaration.declaration_id,
            "version": declaration.version,
            "crossing": crossing,
            "vehicle": declaration.vehicle_id,
        }
        self._say(Report(Event.DECLARATION_ACCEPTED, fields))

    def _decline(
        self, received: Received, declaration_id: str, said: list[str], reason: Reason
    ) -> None:
        fields = {"declaration": declaration_id, "reason": reason, "detail": "; ".join(said)}
        self._say(Report(Event.DECLARATION_REFUSED, fields))
        if received.role is Role.TERMINAL:
            reply = DeclarationReply(
                declaration_id=declaration_id,
                accepted=False,
                faults=[text[:200] for text in said[:FAULTS_TOLD_MAX]],
                reason=reason.name,
            )
            self._say(Send(received.sender, reply))

    def _reply(self, received: Received, declaration: Declaration) -> None:
        if received.role is Role.TERMINAL:
            reply = DeclarationReply(
                declaration_id=declaration.declaration_id,
                version=declaration.version,
                accepted=True,
            )
            self._say(Send(received.sender, reply))

    # --- decisions ---

    def _on_due(self, now: Now, case: Case) -> None:
        if case.at is Phase.ASSESSING:
            self._assess(now, case)
        elif case.at is Phase.POSTPONED:
            self._docket.proceed(now, case)

    def _assess(self, now: Now, case: Case) -> None:
        docket, rules = self._docket, self._config.rules
        declaration = docket.declarations[case.crossing_id]
        found = assess(declaration, rules, now.utc_ms)
        case.assessed, case.selection = True, docket.selection
        case.channel, case.rules = int(found.channel), [*case.rules, *found.rules]
        case.agencies = list(found.agencies)
        wanted = [*case.controls, *found.controls]
        if found.channel == CHANNEL_YELLOW:
            case.desk = case.desk or Reason.DOCUMENT_CONTROL.name
        elif found.channel == CHANNEL_RED:
            wanted.append(CONTROL_KIND_PHYSICAL)
        wanted = arrival.plan(docket, case, declaration, wanted)
        case.controls = sorted(set(wanted))
        blocker = docket.guarantee_blocked_by(case)
        if blocker:
            case.desk = Reason.GUARANTEE_IN_USE.name
            case.rules = [*case.rules, f"the guarantee is blocked by {blocker}"]
        self._say(Report(Event.CHANNEL_CHOSEN, about(case)))
        self._say(Send(self._config.supervisor, docket.papers.notice(case, declaration)))
        if found.refused:
            docket.refuse(now, case)
        else:
            docket.proceed(now, case)

    def _on_endorsement(self, now: Now, received: Received) -> None:
        notice = cast("customs_pb2.EndorsementNotice", received.message)
        found = open_endorsement(notice.endorsement, self._roster, self._config.country)
        if isinstance(found, Refused):
            fields = {"sender": received.sender, "reason": found.reason, "detail": found.detail}
            self._say(Report(Event.MESSAGE_REFUSED, fields))
            return
        case = self._docket.cases.get(found.crossing_id)
        if case is None or found.agency not in case.agencies:
            return
        if found.declaration_sha256 != case.declaration_sha256:
            return  # of an older version
        name = agency_name(found.agency)
        fields = {
            "crossing": case.crossing_id,
            "agency": name,
            "endorsed": found.endorsed,
            "reason": found.reason,
        }
        self._say(Report(Event.ENDORSEMENT_TAKEN, fields))
        if found.endorsed:
            case.agencies = [each for each in case.agencies if each != found.agency]
            case.rules = [*case.rules, f"{name}: endorsed"]
            self._docket.save(case)
            self._docket.proceed(now, case)
            return
        case.reason = Reason.ENDORSEMENT_REFUSED.name
        case.rules = [*case.rules, f"{name}: {found.reason or 'no'}"]
        self._docket.proceed(now, case, told=True)

    def _on_desk_message(self, now: Now, received: Received) -> None:
        decision = cast("customs_pb2.DeskDecision", received.message)
        reply = rulings.on_decision(self._docket, now, received.sender, decision)
        if reply is not None:
            self._say(Send(received.sender, reply))

    def _on_decision(self, now: Now, received: Received) -> None:
        """The other office tells of a refusal past the line."""
        notice = cast("customs_pb2.DecisionNotice", received.message)
        other = "CN" if self._config.country == "KZ" else "KZ"
        keys = self._roster.release_keys.get(other, {})
        refusal = open_document(notice.decision, Refusal, keys)
        if not isinstance(refusal, Refused) and refusal.return_crossing_id:
            self._docket.follow_refusal(now, refusal)

    def _on_station(self, now: Now, received: Received) -> None:
        """A station's or bay's record: it can lift our inspection, or cost a release."""
        result = cast("customs_pb2.StationResult", received.message)
        for node in self._roster.of_role(Role.GATE):
            record = open_document(result.record, ScanRecord, {node.key_id: node.public_key})
            if not isinstance(record, Refused):
                ours = node.site == self._config.country
                findings.on_record(self._docket, now, record, ours=ours)
                return

    # --- on the way ---

    def _on_seal(self, now: Now, received: Received) -> None:
        findings.on_seal(self._docket, now, cast("customs_pb2.SealOpened", received.message))

    def _on_passed(self, now: Now, received: Received) -> None:
        """A gate has let a truck through."""
        passed = cast("gate_pb2.Passed", received.message)
        node = self._roster.nodes[received.sender]
        record = open_document(passed.custody, CustodyRecord, {node.key_id: node.public_key})
        if isinstance(record, Refused) or record.place_id != received.sender:
            return
        case = self._docket.cases.get(record.crossing_id)
        if case is None or case.at is Phase.ENDED or record.step <= case.custody:
            return
        case.custody = record.step
        step = customs_pb2.CustodyStep.Name(record.step).removeprefix("CUSTODY_STEP_").lower()
        case.note(now.utc_ms, step, record.place_id)
        if record.step == CUSTODY_STEP_ENTERED:
            self._docket.transit(case, Move.CROSS)
        self._docket.save(case)

    def _on_arrival(self, now: Now, received: Received) -> None:
        """The supervisor tells that a crossing is over."""
        arrival = cast("movement_pb2.Arrival", received.message)
        case = self._docket.cases.get(arrival.crossing_id)
        if case is None or case.at not in (Phase.RELEASED, Phase.REFUSED):
            return
        self._docket.move(case, Outcome.ARRIVED)
        case.note(now.utc_ms, "arrived", arrival.berth_id)
        if case.custody >= CUSTODY_STEP_ENTERED:
            self._docket.transit(case, Move.ARRIVE)
            self._docket.transit(case, Move.DISCHARGE)
        self._docket.save(case)
        if case.return_of:
            self._came_back(now, self._docket.cases[case.return_of])
        fields = {"crossing": case.crossing_id, "berth": arrival.berth_id}
        self._say(Report(Event.CROSSING_ENDED, fields))

    def _came_back(self, now: Now, refused: Case) -> None:
        """The truck is where it came from: the refused crossing is over, and its transit."""
        self._docket.transit(refused, Move.DISCHARGE)
        if refused.at in (Phase.RELEASED, Phase.REFUSED):
            self._docket.move(refused, Outcome.ARRIVED)
        refused.note(now.utc_ms, "taken back")
        self._docket.save(refused)

    # --- questions, signs of life ---

    def _on_query(self, now: Now, received: Received) -> None:
        query = cast("customs_pb2.StatusQuery", received.message)
        self._say(Send(received.sender, status.answer(self._docket, query, received, self._roster)))

    def _beat(self, now: Now) -> None:
        self._beats += 1
        self._beat_ns = now.mono_ns + NODE_HEARTBEAT_MS * NS_PER_MS
        error_ms = now.utc_error_ns // NS_PER_MS
        beat = envelope_pb2.NodeHeartbeat(
            loop_counter=self._beats, clock_error_ms=error_ms, journal_ok=True
        )
        self._say(Send(self._config.supervisor, beat))

    def _say(self, effect: Persist | Send | Report) -> None:
        self._docket.out.append(effect)


_Handler = Callable[[OfficeAgent, Now, Received], Any]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    DeclarationSubmitted: OfficeAgent._on_declaration,
    customs_pb2.StationResult: OfficeAgent._on_station,
    customs_pb2.DeskDecision: OfficeAgent._on_desk_message,
    customs_pb2.EndorsementNotice: OfficeAgent._on_endorsement,
    customs_pb2.DecisionNotice: OfficeAgent._on_decision,
    customs_pb2.StatusQuery: OfficeAgent._on_query,
    customs_pb2.SealOpened: OfficeAgent._on_seal,
    gate_pb2.Passed: OfficeAgent._on_passed,
    movement_pb2.Arrival: OfficeAgent._on_arrival,
}
