"""A day's ledgers in miniature: a supervisor, two gates and both offices that tell each other.

Everything is made by the ledgers and witnesses of the product; only the messages are carried here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import Message

from contract.agent import Effect, Report, Send
from contract.events import Event
from contract.heads import NodeLedger
from contract.ledger_lines import ledger_files
from contract.signing import digest, seal_document
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    CustodyStep,
    DecisionNotice,
    Release,
    ReleaseSubject,
)
from contract.v1.document_pb2 import CHANNEL_GREEN, COUNTRY_CN, COUNTRY_KZ, Country, Document
from contract.v1.gate_pb2 import Passed
from contract.v1.ledger_pb2 import HeadNotice
from gate.office.witness import Witness
from tests.factories import START_UTC_MS, a_now, a_roster, a_signer, after_commit, received

OFFICES: Final[Mapping[str, tuple[str, Country]]] = {
    "office-kz": ("KZ", COUNTRY_KZ),
    "office-cn": ("CN", COUNTRY_CN),
}
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
        for name in ("supervisor", "kz_out", "cn_in", "cn_out", "kz_in", *OFFICES):
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
        elif not isinstance(message, Passed | DecisionNotice | HeadNotice):
            self.done(name, self.keepers[name].on_countersigned(now, said))

    def wait(self, ms: float = 60_000.0) -> None:
        """Time passes; heads that are due go out."""
        self.at_ms += ms
        for name in self.disks:
            keeper = self.offices.get(name) or self.keepers[name]
            self.done(name, keeper.chained(a_now(self.at_ms), []))

    # --- what happens ---

    def release(self, crossing: str, *offices: str) -> None:
        """Both offices, or these, let it pass."""
        for name in offices or tuple(OFFICES):
            site, country = OFFICES[name]
            release = Release(
                release_id=f"{site}-{crossing}-1",
                office=country,
                channel=CHANNEL_GREEN,
                subject=ReleaseSubject(crossing_id=crossing, declaration_sha256=digest(b"paper")),
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
