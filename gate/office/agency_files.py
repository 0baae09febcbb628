"""The agencies' files: one a crossing, with what each agency has made of its newest declaration.

Pure data and its few acts; journalled as one row a crossing. A person is given a *paper*: crossing,
version and agency in one word, so that a decision about an older version is nobody's. Not here:
rules (agency_rules.py), who decides (agency.py).
"""

from typing import Final

import msgspec

from contract.signing import digest
from contract.v1.customs_pb2 import Agency, Declaration
from contract.v1.document_pb2 import Document
from gate.office.agency_phases import ENDED, Outcome, Phase, next_phase

FILES_MAX: Final = 20_000  # two weeks of the corridor's target; then the oldest ended is forgotten
SEPARATOR: Final = "#"


class Look(msgspec.Struct):
    """One agency's look. `endorsement` is the signed document once there is one."""

    phase: str = Phase.NEW.name
    reason: str = ""
    endorsement: bytes = b""

    @property
    def at(self) -> Phase:
        return Phase[self.phase]

    def move(self, outcome: Outcome) -> Phase:
        """The phase after `outcome`."""
        after = next_phase(self.at, outcome)
        self.phase = after.name
        return after


class File(msgspec.Struct):
    """One crossing: the declaration as it was signed, when it came, and looks by agency."""

    crossing_id: str
    version: int
    document: bytes
    since_utc_ms: int
    looks: dict[int, Look] = {}

    @property
    def declaration(self) -> Declaration:
        return Declaration.FromString(Document.FromString(self.document).payload)

    @property
    def declaration_sha256(self) -> bytes:
        return digest(Document.FromString(self.document).payload)

    @property
    def ended(self) -> bool:
        return all(look.at in ENDED for look in self.looks.values())

    def paper(self, agency: int) -> str:
        """What a person is given to decide about."""
        return SEPARATOR.join((self.crossing_id, str(self.version), agency_word(agency)))


def agency_word(agency: int) -> str:
    """An agency in one word, as rule books write it."""
    return Agency.Name(Agency.ValueType(agency)).removeprefix("AGENCY_").lower()


def read_paper(paper: str) -> tuple[str, int, int] | None:
    """Crossing, version and agency of a paper; None for what is none."""
    parts = paper.rsplit(SEPARATOR, 2)
    if len(parts) != 3 or not parts[1].isascii() or not parts[1].isdigit():
        return None
    name = f"AGENCY_{parts[2].upper()}"
    if name not in Agency.keys():  # noqa: SIM118 - an enum wrapper, not a mapping
        return None
    return parts[0], int(parts[1]), int(Agency.Value(name))


def crossing_of_paper(paper: str) -> str:
    """The crossing that a paper is about; what is no paper stays as it is."""
    read = read_paper(paper)
    return paper if read is None else read[0]
