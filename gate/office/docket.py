"""The docket: every case of one office, and what comes of it on paper.

Pure. `proceed` looks what a case still wants and publishes what follows: a hold that names its
owner, or a release. Whatever is withheld after a release was given is revoked first. Each act
writes the case down before anything is told. Not here: why something is wanted (agent.py).
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from google.protobuf.message import Message

from contract.agent import NS_PER_MS, Act, Effect, Now, Persist, Report, Send
from contract.events import Event
from contract.limits import UTC_ERROR_MS_MAX
from contract.reasons import Reason
from contract.signing import Signer, seal_document
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_EXITED,
    Agency,
    DecisionNotice,
    Declaration,
    EndorsementRequest,
    Refusal,
)
from contract.v1.document_pb2 import (
    COUNTRY_CN,
    COUNTRY_KZ,
    DIRECTION_EAST,
    DIRECTION_WEST,
    Document,
)
from gate.office.audit import StationAudit
from gate.office.case import Case
from gate.office.hours import day_begins_ms, local_day, opens_ms
from gate.office.orders import AskDesk
from gate.office.papers import Papers, channel_name, direction_of
from gate.office.phases import Outcome, Phase, next_phase
from gate.office.places import Places
from gate.office.rules import Rules
from gate.office.transit import Move, Transit, blocked_by, moved

RETURN_SUFFIX: Final = "-R"
# By then a release is over for a gate whose clock is as wrong as a clock may be, and for ours.
RENEW_AFTER_MS: Final = 2 * UTC_ERROR_MS_MAX + 1


@dataclass(frozen=True, slots=True)
class OfficeConfig:
    """One office.

    places     where a truck may be inspected, by direction of travel
    agencies   the program where this side's agencies endorse; "" if there is none
    """

    name: str
    country: str
    supervisor: str
    other_office: str
    gates: tuple[str, ...]
    places: Places
    rules: Rules
    agencies: str = ""


class Docket:
    """Cases, and the papers that come of them; effects gather in `out`."""

    def __init__(self, config: OfficeConfig, release_signer: Signer) -> None:
        self.config = config
        self.cases: dict[str, Case] = {}
        self.declarations: dict[str, Declaration] = {}
        self.due: dict[str, int] = {}
        self.running: dict[str, int] = {}
        self.audits: dict[str, StationAudit] = {}
        self.revocations = 0
        self.selection = 0  # number of the commitment by which chance draws (commitment.py)
        self.out: list[Effect] = []
        self.records: list[Document] = []
        self._signer = release_signer
        self.origin_of = DIRECTION_EAST if config.country == "KZ" else DIRECTION_WEST
        country = COUNTRY_KZ if config.country == "KZ" else COUNTRY_CN
        self.papers = Papers(country, self.origin_of, config.country, config.rules.release_valid_ms)
        self._used: dict[tuple[int, bool], int] = {}

    # --- what a case leads to ---

    def proceed(self, now: Now, case: Case, *, told: bool = False) -> None:
        """Publish what follows from what is wanted now.

        told   something new was found out: publish the hold even if the phase stays
        """
        outcome = case.wants() or self._clock(now, case)
        before = case.at
        self.move(case, outcome)
        after = case.at
        if after is Phase.RELEASED:
            if not case.release_id:
                self._release(now, case)
            return
        if before is after and not told:
            return
        self.hold(now, case)
        if after is Phase.AT_DESK:
            self.out.append(Act(AskDesk(case.crossing_id, case.desk)))
        elif after is Phase.ENDORSING and before is not after:
            self.ask_agencies(case)

    def _clock(self, now: Now, case: Case) -> Outcome:
        """Nothing is wanted but, perhaps, an open office and room in the day's quota."""
        if case.return_of or case.counted >= 0:
            return Outcome.NOTHING_WANTED  # a way back, or a crossing that has its place
        book = self.config.rules.book
        at_ms = opens_ms(now.utc_ms, book.open_hours)
        reason = Reason.OFFICE_CLOSED
        day = local_day(at_ms, book.hours)
        east = self.declarations[case.crossing_id].direction == DIRECTION_EAST
        quota = book.quota.east if east else book.quota.west
        while quota is not None and self._used.get((day, east), 0) >= quota:
            day += 1
            at_ms = opens_ms(day_begins_ms(day, book.hours), book.open_hours)
            reason = Reason.QUOTA_REACHED
            if quota == 0:
                break  # nothing on any day; looked at again tomorrow
        if at_ms <= now.utc_ms:
            case.counted = day
            self._count(case)
            return Outcome.NOTHING_WANTED
        case.reason = reason.name
        fields = {"crossing": case.crossing_id, "reason": reason, "until_utc_ms": at_ms}
        self.out.append(Report(Event.CROSSING_POSTPONED, fields))
        self.due[case.crossing_id] = now.mono_ns + (at_ms - now.utc_ms) * 1_000_000
        return Outcome.WANTS_OPENING

    def _count(self, case: Case) -> None:
        east = self.declarations[case.crossing_id].direction == DIRECTION_EAST
        key = (case.counted, east)
        self._used[key] = self._used.get(key, 0) + 1

    def ask_agencies(self, case: Case) -> None:
        """Lay the declaration before the agencies that have not endorsed it."""
        if not self.config.agencies:
            return
        names = " ".join(agency_name(agency) for agency in case.agencies)
        fields = {"crossing": case.crossing_id, "agencies": names}
        self.out.append(Report(Event.ENDORSEMENT_ASKED, fields))
        request = EndorsementRequest(
            declaration=Document.FromString(case.document),
            agencies=[Agency.Name(agency) for agency in case.agencies],
        )
        self.out.append(Send(self.config.agencies, request))

    # --- papers ---

    def _release(self, now: Now, case: Case) -> None:
        """Let it pass; the release is one more of this case."""
        case.releases += 1
        case.release_id = f"{self.config.country}-{case.crossing_id}-{case.releases}"
        case.reason = case.owner = ""
        case.until_utc_ms = now.utc_ms + self.config.rules.release_valid_ms
        case.note(now.utc_ms, "released", case.release_id)
        fields = {"release": case.release_id, **about(case)}
        self.out.append(Report(Event.CROSSING_RELEASED, fields))
        self.transit(case, Move.SEAL)
        declaration = self.declarations[case.crossing_id]
        self._publish(case, self.papers.release(case, declaration, now))
        self.watch(now, case)

    def watch(self, now: Now, case: Case) -> None:
        """A release is looked at again when it has run out (renewal.py). All are good for the same
        time, so the first in here is the first that is due.
        """
        left_ms = max(0, case.until_utc_ms + RENEW_AFTER_MS - now.utc_ms)
        self.running.pop(case.crossing_id, None)
        self.running[case.crossing_id] = now.mono_ns + left_ms * NS_PER_MS

    def hold(self, now: Now, case: Case) -> None:
        """Keep it, say what is wanted and whose move it is; an inspection names its places."""
        if case.release_id:
            self.revoke(case, self._why(case))
        reason = self._why(case)
        case.reason = reason.name
        case.owner = self._owner(case)
        case.note(now.utc_ms, case.at.value, reason.name)
        self.out.append(Report(Event.CROSSING_HELD, {"reason": reason, **about(case)}))
        self._publish(case, self.papers.hold(case, reason, self._places(case)))

    def _why(self, case: Case) -> Reason:
        """Why a case is held, by what is wanted first."""
        if case.agencies:
            name = case.reason
            refused = name == Reason.ENDORSEMENT_REFUSED.name
            return Reason.ENDORSEMENT_REFUSED if refused else Reason.ENDORSEMENT_PENDING
        if case.desk:
            return Reason.__members__.get(case.desk, Reason.DOCUMENT_CONTROL)
        if case.finding:
            return Reason.__members__.get(case.finding, Reason.INSPECTION_ADVERSE)
        if case.controls:
            return Reason.INSPECTION_ORDERED
        return Reason.__members__.get(case.reason, Reason.CLEARANCE_PENDING)

    def _owner(self, case: Case) -> str:
        if case.agencies:
            names = ", ".join(agency_name(agency) for agency in case.agencies)
            return f"{names} {self.config.country}"
        return f"office {self.config.country}"

    def _places(self, case: Case) -> dict[int, tuple[str, ...]]:
        """Where what is wanted may be inspected; nowhere while documents are still wanted."""
        if case.agencies or case.desk:
            return {}
        return self.permitted(case)

    def permitted(self, case: Case) -> dict[int, tuple[str, ...]]:
        """Where each kind of inspection that is wanted may be."""
        direction = direction_of(case, self.declarations[case.crossing_id])
        way, book = "E" if direction == DIRECTION_EAST else "W", self.config.rules.book
        return {kind: self.config.places.permitted(way, kind, book) for kind in case.controls}

    def refuse(self, now: Now, case: Case, officer: str = "") -> None:
        """No: an officer's word, or without one that of a rule, which the trader can amend. Past
        the exit gate it goes with the crossing that takes the truck back.
        """
        reason = Reason.REFUSED_BY_OFFICER if officer else Reason.REFUSED_BY_RULE
        if case.release_id:
            self.revoke(case, reason)
        self.move(case, Outcome.REFUSED)
        self.due.pop(case.crossing_id, None)
        case.refused_by, case.overrule = officer, ""
        case.reason = reason.name
        case.owner = f"office {self.config.country}" if officer else "terminal"
        case.note(now.utc_ms, "refused", officer or reason.name)
        past = case.custody >= CUSTODY_STEP_EXITED and not case.return_of
        return_id = f"{case.crossing_id}{RETURN_SUFFIX}" if past else ""
        fields = {"crossing": case.crossing_id, "reason": reason, "rules": ", ".join(case.rules)}
        self.out.append(Report(Event.CROSSING_REFUSED, fields))
        refusal = self.papers.refusal(case, reason, return_id)
        notice = self._publish(case, refusal)
        if return_id:
            self.out.append(Send(self.config.other_office, notice))
            self.take_back(now, case)

    def follow_refusal(self, now: Now, refusal: Refusal) -> None:
        """The other office has refused past the line: ours lapses, and we let the truck back."""
        case = self.cases.get(refusal.crossing_id)
        if case is None or case.return_of or case.at in (Phase.NEW, Phase.ENDED):
            return
        if refusal.return_crossing_id != f"{case.crossing_id}{RETURN_SUFFIX}":
            return
        if refusal.declaration_sha256 != case.declaration_sha256:
            return
        if case.release_id:
            self.revoke(case, Reason.REFUSED_PAST_LINE)
        self.save(case)
        self.take_back(now, case)

    def take_back(self, now: Now, case: Case) -> None:
        """Open and release the crossing that takes a refused truck back where it came from."""
        name = f"{case.crossing_id}{RETURN_SUFFIX}"
        if name in self.cases:
            return
        back = Case(name, case.document, return_of=case.crossing_id, channel=case.channel)
        back.rules = [f"takes {case.crossing_id} back"]
        back.assessed = True
        self.cases[name] = back
        declaration = self.declarations[name] = self.declarations[case.crossing_id]
        self.out.append(
            Report(Event.RETURN_ORDERED, {"crossing": name, "returns": case.crossing_id})
        )
        self.out.append(Send(self.config.supervisor, self.papers.notice(back, declaration)))
        self.move(back, Outcome.DECLARED)
        self.proceed(now, back)

    def revoke(self, case: Case, reason: Reason) -> None:
        """Take a release back: straight to the gates, and to the supervisor."""
        self.revocations += 1
        revocation = self.papers.revocation(case, reason, self.revocations)
        fields = {"crossing": case.crossing_id, "release": case.release_id, "reason": reason}
        self.out.append(Persist("revocations", self.revocations.to_bytes(8, "big")))
        self.out.append(Report(Event.RELEASE_REVOKED, fields))
        case.release_id = ""
        self.transit(case, Move.UNSEAL)
        notice = self._publish(case, revocation)
        self.out += [Send(gate, notice) for gate in self.config.gates]

    def _publish(self, case: Case, decision: Message) -> DecisionNotice:
        """Sign by the release key, write the case down, tell the supervisor."""
        self.save(case)
        notice = DecisionNotice(decision=seal_document(self._signer, decision))
        self.out.append(Send(self.config.supervisor, notice))
        return notice

    def record(self, paper: Message) -> None:
        """Sign what goes into the ledger and to nobody."""
        self.records.append(seal_document(self._signer, paper))

    @property
    def stations_over_there(self) -> tuple[str, ...]:
        """Stations of the other side, whose records of what comes here count or do not."""
        way = "W" if self.config.country == "KZ" else "E"
        return tuple(self.config.places.stations.get(way, {}))

    # --- transit ---

    def transit(self, case: Case, move: Move) -> None:
        """Move a case's transit, if its goods are in transit and it is no way back."""
        right = self.declarations[case.crossing_id].transit
        before = Transit(case.transit)
        if not right.kind or case.return_of:
            return
        after = moved(before, move)
        case.transit = after.value
        if after is not before:
            fields = {
                "crossing": case.crossing_id,
                "reference": right.reference,
                "amount_eur": right.amount_eur,
                "transit": move.value,
            }
            self.out.append(Report(Event.TRANSIT_MOVED, fields))

    def guarantee_blocked_by(self, case: Case) -> str:
        """The other crossing that blocks the guarantee of this one; "" if none does."""
        reference = self.declarations[case.crossing_id].transit.reference
        known = (
            (self.declarations[name].transit.reference, name, other.transit)
            for name, other in self.cases.items()
            if other.transit
        )
        return blocked_by(reference, case.crossing_id, known) if reference else ""

    # --- state ---

    def restore(self, case: Case) -> None:
        """A case as it was before a restart."""
        self.cases[case.crossing_id] = case
        document = Document.FromString(case.document)
        self.declarations[case.crossing_id] = Declaration.FromString(document.payload)
        if case.counted >= 0:
            self._count(case)

    def move(self, case: Case, outcome: Outcome) -> None:
        case.phase = next_phase(case.at, outcome).name
        self.save(case)

    def save(self, case: Case) -> None:
        self.out.append(Persist(f"case/{case.crossing_id}", msgspec.msgpack.encode(case)))


def agency_name(agency: int) -> str:
    """An agency in words."""
    return Agency.Name(Agency.ValueType(agency)).removeprefix("AGENCY_").lower().replace("_", " ")


def about(case: Case) -> dict[str, Any]:
    """Fields that every event about a case has."""
    return {
        "crossing": case.crossing_id,
        "channel": channel_name(case.channel),
        "rules": ", ".join(case.rules),
    }
