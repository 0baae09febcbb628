"""A case: one crossing as one office knows it, and what is still wanted before it may go.

Pure data and its few acts; journalled as one row. Not here: who decides (agent.py), the papers that
come of it (papers.py).
"""

from typing import Final

import msgspec

from contract.reasons import Reason
from contract.signing import digest
from contract.v1.customs_pb2 import CONTROL_KIND_PHYSICAL
from contract.v1.document_pb2 import Document
from gate.office.phases import Outcome, Phase

HISTORY_MAX: Final = 64


class Step(msgspec.Struct, array_like=True):
    """One thing that happened to a crossing here."""

    at_utc_ms: int
    stage: str
    detail: str = ""


class Case(msgspec.Struct):
    """`document` is the declaration as it was signed.

    agencies    agencies that have not endorsed;   desk   why an officer must decide, "" if none
    controls    kinds of inspection that are still wanted;   refused_by   officer who refused
    overrule    officer who wants a refusal overruled, and waits for a second
    finding     adverse finding that nobody has resolved, and `found_in_bay`: by an inspection;
                `found_at_line`: by a gate's readers, where no bay is ahead any more
    seal_utc_ms   when its navigation seal was last said to be opened
    arrival_scan   whether our own station scans it behind our gate
    scanned_by  station of the other side that has scanned it and found nothing
    selection   number of the commitment under which chance has drawn; 0 before
    until_utc_ms   when the newest release runs out
    custody     last step of custody that a gate has told;   counted   local day of the quota used
    reason      why it is held now, and `owner` whose move it is
    return_of   for a way back: the crossing that was refused past the line
    """

    crossing_id: str
    document: bytes
    phase: str = Phase.NEW.name
    channel: int = 0
    rules: list[str] = []
    releases: int = 0
    release_id: str = ""
    assessed: bool = False
    agencies: list[int] = []
    desk: str = ""
    controls: list[int] = []
    reason: str = ""
    owner: str = ""
    since_utc_ms: int = 0
    refused_by: str = ""
    overrule: str = ""
    finding: str = ""
    found_in_bay: bool = False
    found_at_line: bool = False
    until_utc_ms: int = 0
    custody: int = 0
    counted: int = -1
    transit: int = 0
    return_of: str = ""
    seal_utc_ms: int = 0
    arrival_scan: int = 0
    scanned_by: str = ""
    selection: int = 0
    history: list[Step] = []

    @property
    def declaration_sha256(self) -> bytes:
        return digest(Document.FromString(self.document).payload)

    @property
    def at(self) -> Phase:
        return Phase[self.phase]

    def wants(self) -> Outcome | None:
        """What is wanted first; None if nothing but time could be."""
        if self.agencies:
            return Outcome.WANTS_ENDORSEMENT
        if self.desk:
            return Outcome.WANTS_OFFICER
        if self.controls:
            return Outcome.WANTS_INSPECTION
        return None

    def note(self, at_utc_ms: int, stage: str, detail: str = "") -> None:
        """Remember what happened; the oldest is forgotten where too much has."""
        self.since_utc_ms = at_utc_ms
        self.history = [*self.history[-HISTORY_MAX + 1 :], Step(at_utc_ms, stage, detail)]

    def begin_again(self) -> None:
        """A new version of the declaration is assessed anew; findings about the truck stay, and
        what an officer has refused goes to an officer again.
        """
        self.assessed = False
        self.selection = 0
        self.agencies, self.controls, self.rules = [], [], []
        self.desk = Reason.REFUSED_BY_OFFICER.name if self.refused_by else ""
        self.reason = self.owner = self.refused_by = self.overrule = ""
        self.want_answer()

    def want_answer(self) -> None:
        """What an open finding makes necessary: an officer after an inspection or past every bay,
        else an inspection.
        """
        if self.finding and (self.found_in_bay or self.found_at_line):
            self.desk = self.finding
        elif self.finding and CONTROL_KIND_PHYSICAL not in self.controls:
            self.controls = [*self.controls, CONTROL_KIND_PHYSICAL]
