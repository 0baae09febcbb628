"""A day's ledgers in miniature: everybody who keeps one, and both offices that tell each other.

Everything is made by the ledgers and witnesses of the product; only the messages are carried here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from contract.agent import Effect, Report, Send
from contract.events import Event
from contract.heads import NodeLedger
from contract.ledger import GENESIS, Entry, chain
from contract.ledger_lines import entry_line, ledger_files
from contract.signing import digest, seal_document
from contract.v1.customs_pb2 import (
    AGENCY_TRANSPORT_CONTROL,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    CustodyStep,
    DecisionNotice,
    DeclarationSubmitted,
    Endorsement,
    EndorsementNotice,
    Release,
    ReleaseSubject,
)
from contract.v1.document_pb2 import CHANNEL_GREEN, COUNTRY_CN, COUNTRY_KZ, Country, Document
from contract.v1.ledger_pb2 import HeadCountersigned
from corridor.ledger_proof import Proof
from gate.office.witness import Witness
from tests.factories import (
    START_UTC_MS,
    a_declaration,
    a_now,
    a_roster,
    a_signer,
    after_commit,
    received,
    signed,
)

OFFICES: Final[Mapping[str, tuple[str, Country]]] = {
    "office-kz": ("KZ", COUNTRY_KZ),
    "office-cn": ("CN", COUNTRY_CN),
}
GATES: Final = ("kz_out", "cn_in", "cn_out", "kz_in")
BESIDE: Final = ("agencies-kz", "agencies-cn", "terminal-kz", "terminal-cn")
WAY: Final[tuple[tuple[CustodyStep, str, str], ...]] = (
    (CUSTODY_STEP_SEALED, "kz_d01", "supervisor"),
    (CUSTODY_STEP_EXITED, "kz_out", "kz_out"),
    (CUSTODY_STEP_ENTERED, "cn_in", "cn_in"),
    (CUSTODY_STEP_HANDED_OVER, "cn_a01", "supervisor"),
)


@dataclass
class Day:
    """All that keep ledgers, their disks, and every alarm that was given."""

    at_ms: float = 0.0
    disks: dict[str, dict[str, bytes]] = field(default_factory=dict)
    keepers: dict[str, NodeLedger] = field(default_factory=dict)
    offices: dict[str, Witness] = field(default_factory=dict)
    alarms: list[Report] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in ("supervisor", *GATES, *OFFICES, *BESIDE):
            self.disks[name] = {}
            self.restart(name)

    def restart(self, name: str) -> None:
        """Build a node anew from its disk."""
        now, disk = a_now(self.at_ms), self.disks[name]
        if name in OFFICES:
            release = a_signer(f"release/{OFFICES[name][0]}")
            self.offices[name] = Witness(name, a_signer(name), release, a_roster())
            self.offices[name].restore(now, disk)
        else:
            self.keepers[name] = NodeLedger(name, a_signer(name), a_roster())
            self.keepers[name].restore(now, disk)

    def done(self, name: str, effects: list[Effect]) -> None:
        """Commit, then deliver what is said to others that keep ledgers."""
        self.disks[name] = after_commit(self.disks[name], effects)
        for effect in effects:
            if isinstance(effect, Report):
                assert set(effect.fields) == set(effect.event.fields)
                self.alarms.append(effect)
            elif isinstance(effect, Send) and effect.to not in self.deaf:
                self.hear(effect.to, name, effect.message)

    def hear(self, name: str, sender: str, message: Message) -> None:
        now, said = a_now(self.at_ms), received(sender, message)
        if name in self.offices:
            self.done(name, self.offices[name].on_message(now, said))
        elif isinstance(message, HeadCountersigned):
            self.done(name, self.keepers[name].on_countersigned(now, said))

    def wait(self, ms: float = 60_000.0) -> None:
        """Time passes; heads that are due go out."""
        self.at_ms += ms
        for name in self.disks:
            keeper = self.offices.get(name) or self.keepers[name]
            self.done(name, keeper.chained(a_now(self.at_ms), []))

    # --- what happens ---

    def declare(self, crossing: str, **changes: Any) -> Document:
        """The Kazakh terminal files it; the same whenever it is asked for."""
        changes |= {"crossing_id": crossing, "declaration_id": f"D-{crossing}"}
        document = signed(a_declaration(**changes), "terminal-kz")
        self._send("terminal-kz", "office-kz", DeclarationSubmitted(declaration=document))
        return document

    def endorse(self, crossing: str, declaration: Document, by: str = "agencies-kz") -> None:
        """An agency has looked at it."""
        endorsement = Endorsement(
            endorsement_id=f"{by}-{crossing}",
            side=COUNTRY_KZ if by == "agencies-kz" else COUNTRY_CN,
            agency=AGENCY_TRANSPORT_CONTROL,
            crossing_id=crossing,
            declaration_sha256=digest(declaration.payload),
            endorsed=True,
            at_utc_ms=START_UTC_MS + round(self.at_ms),
        )
        notice = EndorsementNotice(endorsement=signed(endorsement, by))
        self._send(by, by.replace("agencies", "office"), notice)

    def _send(self, name: str, to: str, message: Message) -> None:
        sends: list[Effect] = [Send(to, message)]
        self.done(name, self.keepers[name].chained(a_now(self.at_ms), sends))

    def release(self, crossing: str, *offices: str) -> None:
        """Both offices, or these, let it pass, as it was declared."""
        declared = digest(self.declare(crossing).payload)
        for name in offices or tuple(OFFICES):
            site, country = OFFICES[name]
            release = Release(
                release_id=f"{site}-{crossing}-1",
                office=country,
                channel=CHANNEL_GREEN,
                subject=ReleaseSubject(crossing_id=crossing, declaration_sha256=declared),
            )
            document = seal_document(a_signer(f"release/{site}"), release)
            sends: list[Effect] = [Send("supervisor", DecisionNotice(decision=document))]
            self.done(name, self.offices[name].chained(a_now(self.at_ms), sends))

    def step(self, crossing: str, step: CustodyStep, place: str, signer: str) -> Document:
        """One link of custody: the gate's own copy first, then the supervisor's."""
        record = CustodyRecord(
            crossing_id=crossing,
            step=step,
            place_id=place,
            vehicle_id="truck-01",
            seals=[f"S-{crossing}"],
            at_utc_ms=START_UTC_MS + round(self.at_ms),
            evidence_sha256=digest(b"permit"),
        )
        document = seal_document(a_signer(signer), record)
        for name in dict.fromkeys((signer, "supervisor")):
            self.done(name, self.keepers[name].append(a_now(self.at_ms), document))
        return document

    def cross(self, crossing: str, *, steps: int = 4) -> None:
        """One crossing as it should be, a second between two steps."""
        self.endorse(crossing, self.declare(crossing))
        self.release(crossing)
        for step, place, signer in WAY[:steps]:
            self.at_ms += 1_000.0
            self.step(crossing, step, place, signer)

    # --- what is left behind ---

    @property
    def files(self) -> dict[str, bytes]:
        return ledger_files(a_roster(), self.disks)

    @property
    def forks(self) -> list[tuple[str, int]]:
        """Nodes and numbers of every LEDGER_FORKED."""
        return [
            (each.fields["node"], each.fields["number"])
            for each in self.alarms
            if each.event is Event.LEDGER_FORKED
        ]


def a_day() -> Day:
    """Two crossings, countersigned, and one that is still on its way."""
    day = Day()
    day.cross("KZ-1")
    day.cross("KZ-2")
    day.wait()
    day.cross("KZ-3", steps=2)
    return day


def as_file(entries: list[Entry]) -> bytes:
    return b"".join(entry_line(entry) + b"\n" for entry in entries)


def chained_anew(records: list[bytes]) -> list[Entry]:
    """A chain that is whole in itself: what a forger would write."""
    entries: list[Entry] = []
    for number, record in enumerate(records, 1):
        before = entries[-1].hash if entries else GENESIS
        entries.append(chain(number, before, record, START_UTC_MS))
    return entries


def said(proof: Proof) -> str:
    return "\n".join(map(str, proof.findings))
