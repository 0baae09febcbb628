"""What a folder of ledgers proves, as values: records that could be read, heads, every break.

Pure. Not here: how it is read (ledger.py), what its records say together (ledger_story.py).
"""

from dataclasses import dataclass, field

from google.protobuf.message import Message

from contract.agent import Role
from contract.ledger import Entry
from contract.roster import Roster
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import LedgerHead


@dataclass(frozen=True, slots=True)
class Finding:
    """One break. `line` 0: the file as a whole."""

    file: str
    line: int
    found: str
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Record:
    """One line that could be read. `message` None: a kind that this version does not know."""

    file: str
    line: int
    entry: Entry
    document: Document
    message: Message | None


@dataclass(slots=True)
class Proof:
    """What a folder proves.

    entries          by node, in the order of the file
    heads            every head that could be read, with who has countersigned it
    covered          by node: the newest number under a head that all other offices countersigned
    draws            by office: draws that its papers tell of;   repeated   those done once more by
                     a seed that was shown
    """

    roster: Roster
    digest: str = ""
    findings: list[Finding] = field(default_factory=list)
    entries: dict[str, list[Record]] = field(default_factory=dict)
    heads: list[tuple[LedgerHead, list[str]]] = field(default_factory=list)
    covered: dict[str, int] = field(default_factory=dict)
    draws: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Nothing is broken."""
        return not self.findings

    @property
    def records(self) -> int:
        return sum(map(len, self.entries.values()))

    @property
    def records_covered(self) -> int:
        """Records under a head that all other offices have countersigned."""
        return sum(min(len(self.entries.get(n, [])), upto) for n, upto in self.covered.items())

    @property
    def heads_countersigned(self) -> int:
        """Heads that all other offices have countersigned."""
        return sum(self.countersigned(head, names) for head, names in self.heads)

    def countersigned(self, head: LedgerHead, names: list[str]) -> bool:
        """Whether every office but the node itself is among `names`."""
        wanted = {each.name for each in self.roster.of_role(Role.OFFICE)} - {head.node}
        return wanted <= set(names)

    def say(self, file: str, line: int, found: str, expected: str) -> None:
        self.findings.append(Finding(file, line, found, expected))
