"""One customs office: takes declarations in, decides, signs - and can take back.

Pure. A declaration is validated, passed on to the other office, assessed by this office's own rules
and answered by a release, or a hold that says what is wanted. Each office decides for itself; that
both must agree is checked at the gate and in the truck, not here. A decision is signed by the
release key, which no other program holds. Not here: officers (the body), queues of trucks
(corridor/), barriers (gate/). Phases of a crossing: phases.py. Requirements: OFF-001 to OFF-007 in
docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from google.protobuf.message import Message

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
from contract.limits import NODE_HEARTBEAT_MS
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer, open_document, seal_document
from contract.v1 import customs_pb2, envelope_pb2
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_CLEAR,
    DecisionNotice,
    Declaration,
    DeclarationReply,
    DeclarationSubmitted,
    ScanRecord,
)
from contract.v1.document_pb2 import (
    CHANNEL_GREEN,
    CHANNEL_RED,
    CHANNEL_YELLOW,
    COUNTRY_CN,
    COUNTRY_KZ,
    DIRECTION_EAST,
    DIRECTION_WEST,
    Document,
)
from gate.office.declaration import FAULTS_TOLD_MAX, faults
from gate.office.orders import AskDesk, OfficeReading, Ruling
from gate.office.papers import Case, Papers, channel_name
from gate.office.phases import Outcome, Phase, next_phase
from gate.office.rules import Rules, assess
from gate.office.witness import Witness

_BY_CHANNEL: Final = {
    CHANNEL_GREEN: Outcome.GREEN,
    CHANNEL_YELLOW: Outcome.YELLOW,
    CHANNEL_RED: Outcome.RED,
}
_BY_RULING: Final = {
    Ruling.RELEASE: Outcome.PASSED_DESK,
    Ruling.HOLD: Outcome.KEPT,
    Ruling.REFUSE: Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class OfficeConfig:
    """One office.

    bays   inspection places by direction of travel on the origin side ("E", "W")
    """

    name: str
    country: str
    supervisor: str
    other_office: str
    gates: tuple[str, ...]
    bays: Mapping[str, tuple[str, ...]]
    rules: Rules


class OfficeAgent:
    """One office's decisions."""

    def __init__(
        self, config: OfficeConfig, signer: Signer, release_signer: Signer, roster: Roster
    ) -> None:
        self._config = config
        self._signer = signer
        self._release_signer = release_signer
        self._roster = roster
        self._witness = Witness(config.name, signer, release_signer, roster)
        self._country = COUNTRY_KZ if config.country == "KZ" else COUNTRY_CN
        self._origin_of = DIRECTION_EAST if config.country == "KZ" else DIRECTION_WEST
        self._papers = Papers(
            self._country, self._origin_of, config.country, config.rules.release_valid_ms
        )
        self._cases: dict[str, Case] = {}
        self._declarations: dict[str, Declaration] = {}
        self._revocations = 0
        self._due: dict[str, int] = {}
        self._beat_ns = 0
        self._beats = 0
        self._out: list[Effect] = []

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._out = []
        self._witness.restore(now, state)
        for key, value in sorted(state.items()):
            if key.startswith("case/"):
                self._restore(now, msgspec.msgpack.decode(value, type=Case))
            elif key == "revocations":
                self._revocations = int.from_bytes(value, "big")
        self._beat_ns = now.mono_ns
        return self._taken(now)

    def _restore(self, now: Now, case: Case) -> None:
        """Deadlines start anew; a desk is asked again, for it may have forgotten."""
        self._cases[case.crossing_id] = case
        document = Document.FromString(case.document)
        self._declarations[case.crossing_id] = Declaration.FromString(document.payload)
        phase = Phase[case.phase]
        if phase is Phase.ASSESSING:
            self._due[case.crossing_id] = now.mono_ns
        elif phase is Phase.AT_DESK:
            self._out.append(Act(AskDesk(case.crossing_id, "documents")))

    def on_message(self, now: Now, received: Received) -> Effects:
        self._out = []
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        self._out += self._witness.on_message(now, received)
        return self._taken(now)

    def on_wake(self, now: Now, reading: OfficeReading) -> Effects:
        self._out = []
        for outcome in reading.outcomes:
            self._on_desk(now, outcome.crossing_id, outcome.ruling, outcome.officer_id)
        for crossing in sorted(self._due):
            if self._due[crossing] <= now.mono_ns:
                del self._due[crossing]
                self._assess(now, self._cases[crossing])
        if now.mono_ns >= self._beat_ns:
            self._beat(now)
        return self._taken(now)

    @property
    def wake_ns(self) -> int | None:
        return min((self._beat_ns, *self._due.values(), *self._witness.deadlines))

    def _taken(self, now: Now) -> Effects:
        out, self._out = self._witness.chained(now, self._out), []
        return out

    # --- declarations ---

    def _on_declaration(self, now: Now, received: Received) -> None:
        submitted = cast("DeclarationSubmitted", received.message)
        keys = self._roster.keys_of(Role.TERMINAL)
        declaration = open_document(submitted.declaration, Declaration, keys)
        if isinstance(declaration, Refused):
            self._decline(received, "", [declaration.detail], declaration.reason)
            return
        said = faults(declaration)
        known = self._cases.get(declaration.crossing_id)
        if known is not None:
            before = self._declarations[declaration.crossing_id]
            if declaration.version <= before.version:
                if submitted.declaration.payload == Document.FromString(known.document).payload:
                    self._reply(received, declaration, [])
                    return
                said.append(f"$.version: {declaration.version}, expected {before.version + 1}")
        if said:
            self._decline(received, declaration.declaration_id, said, Reason.DECLARATION_FAULTY)
            return
        self._take_in(now, declaration, submitted.declaration)
        self._reply(received, declaration, [])
        if received.role is Role.TERMINAL:
            forward = DeclarationSubmitted(declaration=submitted.declaration, forwarded=True)
            self._out.append(Send(self._config.other_office, forward))

    def _take_in(self, now: Now, declaration: Declaration, document: Document) -> None:
        crossing = declaration.crossing_id
        case = self._cases.get(crossing)
        if case is None:
            case = self._cases[crossing] = Case(crossing, b"")
        elif case.release_id:
            self._revoke(case, Reason.DECLARATION_AMENDED)
        case.document = document.SerializeToString(deterministic=True)
        self._declarations[crossing] = declaration
        self._move(case, Outcome.DECLARED)
        self._due[crossing] = now.mono_ns + self._config.rules.assess_ms * NS_PER_MS
        fields = {
            "declaration": declaration.declaration_id,
            "version": declaration.version,
            "crossing": crossing,
            "vehicle": declaration.vehicle_id,
        }
        self._out.append(Report(Event.DECLARATION_ACCEPTED, fields))

    def _decline(
        self, received: Received, declaration_id: str, said: list[str], reason: Reason
    ) -> None:
        fields = {"declaration": declaration_id, "reason": reason, "detail": "; ".join(said)}
        self._out.append(Report(Event.DECLARATION_REFUSED, fields))
        if received.role is Role.TERMINAL:
            reply = DeclarationReply(
                declaration_id=declaration_id,
                accepted=False,
                faults=[text[:200] for text in said[:FAULTS_TOLD_MAX]],
                reason=reason.name,
            )
            self._out.append(Send(received.sender, reply))

    def _reply(self, received: Received, declaration: Declaration, said: list[str]) -> None:
        if received.role is Role.TERMINAL:
            reply = DeclarationReply(
                declaration_id=declaration.declaration_id,
                version=declaration.version,
                accepted=not said,
                faults=said,
            )
            self._out.append(Send(received.sender, reply))

    # --- decisions ---

    def _assess(self, now: Now, case: Case) -> None:
        declaration = self._declarations[case.crossing_id]
        assessment = assess(declaration, self._config.rules)
        case.channel, case.rules = int(assessment.channel), list(assessment.rules)
        self._out.append(Report(Event.CHANNEL_CHOSEN, _about(case)))
        self._out.append(Send(self._config.supervisor, self._papers.notice(case, declaration)))
        self._move(case, _BY_CHANNEL[assessment.channel])
        if assessment.channel == CHANNEL_GREEN:
            self._release(now, case)
        elif assessment.channel == CHANNEL_YELLOW:
            self._hold(case, Reason.DOCUMENT_CONTROL)
            self._out.append(Act(AskDesk(case.crossing_id, "documents")))
        else:
            self._hold(case, Reason.INSPECTION_ORDERED)

    def _on_desk(self, now: Now, crossing: str, ruling: Ruling, officer: str) -> None:
        case = self._cases.get(crossing)
        if case is None or Phase[case.phase] is not Phase.AT_DESK:
            return
        self._move(case, _BY_RULING[ruling])
        fields = {"crossing": crossing, "verdict": ruling.value, "officer": officer}
        self._out.append(Report(Event.DESK_DECIDED, fields))
        case.rules = [*case.rules, f"officer {officer}: {ruling.value}"]
        if ruling is Ruling.RELEASE:
            self._release(now, case)
        elif ruling is Ruling.REFUSE:
            self._refuse(case)
        else:
            self._hold(case, Reason.OFFICER_HOLD)

    def _on_desk_message(self, now: Now, received: Received) -> None:
        decision = cast("customs_pb2.DeskDecision", received.message)
        ruling = {
            customs_pb2.DESK_VERDICT_RELEASE: Ruling.RELEASE,
            customs_pb2.DESK_VERDICT_HOLD: Ruling.HOLD,
            customs_pb2.DESK_VERDICT_REFUSE: Ruling.REFUSE,
        }.get(decision.verdict)
        if ruling is not None:
            self._on_desk(now, decision.crossing_id, ruling, decision.officer_id)

    def _on_station(self, now: Now, received: Received) -> None:
        """A station's or bay's record: it can lift our inspection, or cost a release."""
        result = cast("customs_pb2.StationResult", received.message)
        record = open_document(result.record, ScanRecord, self._roster.keys_of(Role.GATE))
        if isinstance(record, Refused):
            return
        case = self._cases.get(record.crossing_id)
        if case is None or Phase[case.phase] is Phase.NEW:
            return
        in_bay = any(record.station_id in bays for bays in self._config.bays.values())
        if record.verdict == SCAN_VERDICT_CLEAR:
            declared = self._declarations[case.crossing_id].vehicle_id
            inspecting = Phase[case.phase] is Phase.INSPECTING
            if in_bay and inspecting and record.vehicle_id == declared:
                self._move(case, Outcome.CLEAN)
                case.rules = [*case.rules, f"inspected at {record.station_id}"]
                self._release(now, case)
            return
        self._on_adverse(case, record, in_bay=in_bay)

    def _on_adverse(self, case: Case, record: ScanRecord, *, in_bay: bool) -> None:
        """The origin office answers for the stations on its side; an inspection binds both offices.

        The supervisor holds the truck until somebody has answered: so every finding ends in a hold.
        """
        ours = self._declarations[case.crossing_id].direction == self._origin_of
        if not (ours or in_bay):
            return
        reason = Reason.__members__.get(record.reason, Reason.INSPECTION_ADVERSE)
        if case.release_id:
            self._revoke(case, reason)
        self._due.pop(case.crossing_id, None)
        case.rules = [*case.rules, f"{record.station_id}: {reason.name}"]
        was = Phase[case.phase]
        self._move(case, Outcome.INSPECTION_ADVERSE if in_bay else Outcome.STATION_ADVERSE)
        now_at = Phase[case.phase]
        if now_at is Phase.REFUSED:
            return
        self._hold(case, Reason.INSPECTION_ADVERSE if in_bay else reason)
        if now_at is Phase.AT_DESK and (in_bay or was is not Phase.AT_DESK):
            self._out.append(Act(AskDesk(case.crossing_id, "inspection adverse")))

    # --- documents ---

    def _release(self, now: Now, case: Case) -> None:
        """Let it pass; the release is one more of this case."""
        case.releases += 1
        case.release_id = f"{self._config.country}-{case.crossing_id}-{case.releases}"
        fields = {"release": case.release_id, **_about(case)}
        self._out.append(Report(Event.CROSSING_RELEASED, fields))
        release = self._papers.release(case, self._declarations[case.crossing_id], now)
        self._publish(case, release)

    def _hold(self, case: Case, reason: Reason) -> None:
        """Keep it, and say what is wanted; where an inspection is wanted, name the places."""
        declaration = self._declarations[case.crossing_id]
        direction = "E" if declaration.direction == DIRECTION_EAST else "W"
        inspect = Phase[case.phase] is Phase.INSPECTING
        places = self._config.bays[direction] if inspect else ()
        self._out.append(Report(Event.CROSSING_HELD, {"reason": reason, **_about(case)}))
        self._publish(case, self._papers.hold(case, reason, places))

    def _refuse(self, case: Case) -> None:
        reason = Reason.REFUSED_BY_OFFICER
        fields = {
            "crossing": case.crossing_id,
            "reason": reason,
            "rules": ", ".join(case.rules),
        }
        self._out.append(Report(Event.CROSSING_REFUSED, fields))
        self._publish(case, self._papers.refusal(case, reason))

    def _revoke(self, case: Case, reason: Reason) -> None:
        """Take a release back: straight to the gates, and to the supervisor."""
        self._revocations += 1
        revocation = self._papers.revocation(case, reason, self._revocations)
        fields = {"crossing": case.crossing_id, "release": case.release_id, "reason": reason}
        self._out.append(Persist("revocations", self._revocations.to_bytes(8, "big")))
        self._out.append(Report(Event.RELEASE_REVOKED, fields))
        case.release_id = ""
        notice = self._publish(case, revocation)
        self._out += [Send(gate, notice) for gate in self._config.gates]

    def _publish(self, case: Case, decision: Message) -> DecisionNotice:
        """Sign by the release key, write the case down, tell the supervisor."""
        self._save(case)
        notice = DecisionNotice(decision=seal_document(self._release_signer, decision))
        self._out.append(Send(self._config.supervisor, notice))
        return notice

    def _move(self, case: Case, outcome: Outcome) -> None:
        case.phase = next_phase(Phase[case.phase], outcome).name
        self._save(case)

    def _save(self, case: Case) -> None:
        self._out.append(Persist(f"case/{case.crossing_id}", msgspec.msgpack.encode(case)))

    def _beat(self, now: Now) -> None:
        self._beats += 1
        self._beat_ns = now.mono_ns + NODE_HEARTBEAT_MS * NS_PER_MS
        error_ms = now.utc_error_ns // NS_PER_MS
        beat = envelope_pb2.NodeHeartbeat(
            loop_counter=self._beats, clock_error_ms=error_ms, journal_ok=True
        )
        self._out.append(Send(self._config.supervisor, beat))


def _about(case: Case) -> dict[str, Any]:
    """Fields that every event about a case has."""
    return {
        "crossing": case.crossing_id,
        "channel": channel_name(case.channel),
        "rules": ", ".join(case.rules),
    }


_Handler = Callable[[OfficeAgent, Now, Received], Any]
_HANDLERS: Final[Mapping[type, _Handler]] = {
    DeclarationSubmitted: OfficeAgent._on_declaration,
    customs_pb2.StationResult: OfficeAgent._on_station,
    customs_pb2.DeskDecision: OfficeAgent._on_desk_message,
}
