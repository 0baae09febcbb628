"""The agencies' counter of one side: endorse a declaration or not, and sign the answer.

Pure. The office of this side lays a declaration, as its terminal signed it, before agencies of this
side. Each judges by its own rules after a service time: a yes or no at once, or a person at the
agency's desk decides. The answer names side, agency, crossing and digest of the declaration, is
written down before it is told, in a ledger too, and is the same again for the same declaration.
Not here: what is looked at (agency_rules.py), whether the crossing may go (the office).
Requirements: OFF-021 to OFF-024 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec

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
from contract.heads import NodeLedger
from contract.limits import NODE_HEARTBEAT_MS
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer, digest, open_document, seal_document
from contract.v1.customs_pb2 import (
    Agency,
    Declaration,
    Endorsement,
    EndorsementNotice,
    EndorsementRequest,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, Document
from contract.v1.envelope_pb2 import NodeHeartbeat
from contract.v1.ledger_pb2 import HeadCountersigned
from gate.office.agency_files import FILES_MAX, File, Look, agency_word, read_paper
from gate.office.agency_phases import Outcome, Phase
from gate.office.agency_rules import KNOWN, AgencyBook, look
from gate.office.orders import AskDesk, DeskOutcome, OfficeReading, Ruling

_SIDES: Final = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}
_RULINGS: Final = {
    Ruling.RELEASE: Outcome.PERSON_ENDORSES,
    Ruling.REFUSE: Outcome.PERSON_DECLINES,
    Ruling.HOLD: Outcome.PERSON_KEEPS,
}


@dataclass(frozen=True, slots=True)
class CounterConfig:
    """One side's counter. `check_ms`: from a request to the rules' answer."""

    name: str
    country: str
    supervisor: str
    office: str
    check_ms: int = 10_000
    book: AgencyBook = field(default_factory=AgencyBook)


class CounterAgent:
    """One side's endorsements."""

    def __init__(self, config: CounterConfig, signer: Signer, roster: Roster) -> None:
        self._config = config
        self._signer = signer
        self._roster = roster
        self._ledger = NodeLedger(config.name, signer, roster)
        self._files: dict[str, File] = {}
        self._due: dict[tuple[str, int], int] = {}
        self._out: list[Effect] = []
        self._beat_ns = 0
        self._beats = 0

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._ledger.restore(now, state)
        rows = (value for key, value in state.items() if key.startswith("file/"))
        files = [msgspec.msgpack.decode(value, type=File) for value in rows]
        for file in sorted(files, key=lambda each: (each.since_utc_ms, each.crossing_id)):
            self._files[file.crossing_id] = file
            for agency, seen in sorted(file.looks.items()):
                self._take_up(now, file, agency, seen)
        self._beat_ns = now.mono_ns
        return self._taken(now)

    def _take_up(self, now: Now, file: File, agency: int, seen: Look) -> None:
        """A deadline starts anew; a person is asked again, for the desk may have forgotten."""
        if seen.at is Phase.CHECKING:
            self._wait(now, file, agency)
        elif seen.at is Phase.AT_DESK:
            self._out.append(Act(AskDesk(file.paper(agency), seen.reason)))

    def on_message(self, now: Now, received: Received) -> Effects:
        handler = _HANDLERS.get(type(received.message))
        if handler is not None:
            handler(self, now, received)
        return self._taken(now)

    def on_wake(self, now: Now, reading: OfficeReading) -> Effects:
        for outcome in reading.outcomes:
            self._on_word(now, outcome)
        for crossing, agency in sorted(self._due):
            if self._due[crossing, agency] <= now.mono_ns:
                del self._due[crossing, agency]
                self._check(now, self._files[crossing], agency)
        if now.mono_ns >= self._beat_ns:
            self._beat(now)
        return self._taken(now)

    @property
    def wake_ns(self) -> int | None:
        due = [self._beat_ns, *self._due.values()]
        return min(due if self._ledger.wake_ns is None else [*due, self._ledger.wake_ns])

    def _taken(self, now: Now) -> Effects:
        """What the turn leads to: what was signed is in the ledger before it leaves."""
        out, self._out = self._ledger.chained(now, self._out), []
        return out

    def _on_countersigned(self, now: Now, received: Received) -> None:
        self._out += self._ledger.on_countersigned(now, received)

    # --- requests ---

    def _on_request(self, now: Now, received: Received) -> None:
        request = cast("EndorsementRequest", received.message)
        declaration = self._open(received.sender, request)
        if isinstance(declaration, Refused):
            self._refuse(received, declaration)
            return
        document = request.declaration.SerializeToString(deterministic=True)
        file = self._files.get(declaration.crossing_id)
        if file is not None and file.declaration_sha256 != digest(request.declaration.payload):
            if declaration.version <= file.version:
                detail = f"version {declaration.version}, version {file.version} is here"
                self._refuse(received, Refused(Reason.DECLARATION_AMENDED, detail))
                return
            file = None
        if file is None:
            file = self._take_in(now, declaration, document)
        asked = sorted(set(request.agencies))
        fields = {
            "crossing": file.crossing_id,
            "version": file.version,
            "agencies": " ".join(agency_word(agency) for agency in asked),
        }
        self._out.append(Report(Event.ENDORSEMENT_REQUESTED, fields))
        for agency in asked:
            self._ask(now, file, agency)

    def _open(self, sender: str, request: EndorsementRequest) -> Declaration | Refused:
        """The declaration of a request that this counter answers, or why it does not."""
        if sender != self._config.office:
            detail = f"{sender} is not the office of {self._config.country}"
            return Refused(Reason.WRONG_RECIPIENT, detail)
        if not request.agencies or not KNOWN.issuperset(request.agencies):
            return Refused(Reason.MALFORMED, "a request that names no agency")
        keys = self._roster.keys_of(Role.TERMINAL)
        declaration = open_document(request.declaration, Declaration, keys)
        if not isinstance(declaration, Refused) and not declaration.crossing_id:
            return Refused(Reason.DECLARATION_FAULTY, "$.crossing_id: missing")
        return declaration

    def _refuse(self, received: Received, no: Refused) -> None:
        fields = {"sender": received.sender, "reason": no.reason, "detail": no.detail}
        self._out.append(Report(Event.MESSAGE_REFUSED, fields))

    def _take_in(self, now: Now, declaration: Declaration, document: bytes) -> File:
        """A new crossing, or a new version of one: what was said of the old one is over."""
        crossing = declaration.crossing_id
        self._due = {key: due for key, due in self._due.items() if key[0] != crossing}
        self._files.pop(crossing, None)
        if len(self._files) >= FILES_MAX:
            self._forget_one()
        file = File(crossing, declaration.version, document, now.utc_ms)
        self._files[crossing] = file
        return file

    def _forget_one(self) -> None:
        """The oldest that has ended; if it is asked about again, it is looked at again."""
        oldest = next((name for name, file in self._files.items() if file.ended), None)
        if oldest is not None:
            del self._files[oldest]
            self._out.append(Persist(f"file/{oldest}", None))

    def _ask(self, now: Now, file: File, agency: int) -> None:
        """Begin to look, or say again what was said."""
        seen = file.looks.setdefault(agency, Look())
        before = seen.at
        seen.move(Outcome.ASKED)
        if seen.endorsement:
            self._tell(seen)
        elif before is Phase.NEW:
            self._save(file)
            self._wait(now, file, agency)

    def _wait(self, now: Now, file: File, agency: int) -> None:
        self._due[file.crossing_id, agency] = now.mono_ns + self._config.check_ms * NS_PER_MS

    # --- judgement ---

    def _check(self, now: Now, file: File, agency: int) -> None:
        """The service time is over: what do the rules say?"""
        found = look(agency, file.declaration, self._config.book, self._roster, now=now)
        seen = file.looks[agency]
        after = seen.move(found.outcome)
        seen.reason = "" if found.reason is None else found.reason.name
        if after is not Phase.AT_DESK:
            self._answer(now, file, agency, "rules")
            return
        self._save(file)
        fields = {**_about(file, agency), "reason": found.reason}
        self._out.append(Report(Event.ENDORSEMENT_DEFERRED, fields))
        self._out.append(Act(AskDesk(file.paper(agency), seen.reason)))

    def _on_word(self, now: Now, word: DeskOutcome) -> None:
        """A person's decision about a paper; about an older version it is nobody's."""
        fields = {"verdict": word.ruling.value, "officer": word.officer_id}
        read = read_paper(word.crossing_id)
        file = self._files.get(read[0]) if read is not None else None
        seen = file.looks.get(read[2]) if file is not None and read is not None else None
        if read is None or file is None or seen is None or read[1] != file.version:
            no = {"crossing": word.crossing_id, "reason": Reason.CROSSING_UNKNOWN, **fields}
            self._out.append(Report(Event.DESK_DECLINED, no))
            return
        if seen.at is not Phase.AT_DESK:
            no = {"crossing": file.crossing_id, "reason": Reason.NOT_AT_DESK, **fields}
            self._out.append(Report(Event.DESK_DECLINED, no))
            return
        agency = read[2]
        after = seen.move(_RULINGS[word.ruling])
        self._out.append(Report(Event.AGENCY_DECIDED, {**_about(file, agency), **fields}))
        if after is Phase.AT_DESK:
            return
        if after is Phase.DECLINED:
            seen.reason = Reason.REFUSED_BY_AGENCY.name
        self._answer(now, file, agency, word.officer_id)

    def _answer(self, now: Now, file: File, agency: int, officer: str) -> None:
        """Sign what was found, write it down, tell the office."""
        seen = file.looks[agency]
        endorsed = seen.at is Phase.ENDORSED
        if endorsed:
            seen.reason = ""
        side = self._config.country
        endorsement = Endorsement(
            endorsement_id=f"{side}-{file.paper(agency)}",
            side=_SIDES[side],
            agency=Agency.Name(Agency.ValueType(agency)),
            crossing_id=file.crossing_id,
            declaration_sha256=file.declaration_sha256,
            endorsed=endorsed,
            reason=seen.reason,
            at_utc_ms=now.utc_ms,
        )
        document = seal_document(self._signer, endorsement)
        seen.endorsement = document.SerializeToString(deterministic=True)
        self._save(file)
        fields = {
            **_about(file, agency),
            "endorsed": endorsed,
            "reason": seen.reason,
            "officer": officer,
        }
        self._out.append(Report(Event.ENDORSEMENT_GIVEN, fields))
        self._tell(seen)

    def _tell(self, seen: Look) -> None:
        document = Document.FromString(seen.endorsement)
        self._out.append(Send(self._config.office, EndorsementNotice(endorsement=document)))

    def _save(self, file: File) -> None:
        self._out.append(Persist(f"file/{file.crossing_id}", msgspec.msgpack.encode(file)))

    # --- signs of life ---

    def _beat(self, now: Now) -> None:
        self._beats += 1
        self._beat_ns = now.mono_ns + NODE_HEARTBEAT_MS * NS_PER_MS
        error_ms = now.utc_error_ns // NS_PER_MS
        beat = NodeHeartbeat(loop_counter=self._beats, clock_error_ms=error_ms, journal_ok=True)
        self._out += [Send(self._config.supervisor, beat), Send(self._config.office, beat)]


def _about(file: File, agency: int) -> dict[str, Any]:
    """Fields that every event about a look has."""
    return {
        "crossing": file.crossing_id,
        "agency": agency_word(agency),
        "version": file.version,
    }


_HANDLERS: Final[Mapping[type, Callable[[CounterAgent, Now, Received], None]]] = {
    EndorsementRequest: CounterAgent._on_request,
    HeadCountersigned: CounterAgent._on_countersigned,
}
