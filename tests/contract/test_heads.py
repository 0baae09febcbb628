"""A node's own ledger: what is written down when, when a head is due, and whose word closes it."""

from typing import Final

import msgspec
import pytest
from google.protobuf.message import Message

from contract.agent import Effect, Persist, Report, Send
from contract.events import Event
from contract.heads import NodeLedger
from contract.ledger import Entry, fault
from contract.limits import HEAD_LINKS_MAX, HEAD_MS, HEAD_RECORDS
from contract.v1.customs_pb2 import (
    CustodyRecord,
    DecisionNotice,
    Declaration,
    DeclarationSubmitted,
    Endorsement,
    EndorsementNotice,
    ScanRecord,
    StationResult,
)
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import GateReport, Passed
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice, LedgerHead
from contract.v1.movement_pb2 import BerthReport
from contract.v1.people_pb2 import Roadworthiness
from tests.factories import (
    a_now,
    a_roster,
    a_signer,
    after_commit,
    both_releases,
    received,
    reports,
    sends,
    signed,
)

GATE = "kz_out"


class Keeper:
    """One gate's ledger with its disk."""

    def __init__(self) -> None:
        self.disk: dict[str, bytes] = {}
        self.at_ms = 0.0
        self.start()

    def start(self) -> None:
        self.ledger = NodeLedger(GATE, a_signer(GATE), a_roster())
        self.ledger.restore(a_now(self.at_ms), self.disk)

    def done(self, effects: list[Effect]) -> list[Effect]:
        self.disk = after_commit(self.disk, effects)
        return effects

    def sign(self, number: int = 1) -> list[Effect]:
        document = signed(CustodyRecord(crossing_id=f"KZ-{number}"), GATE)
        return self.done(self.ledger.append(a_now(self.at_ms), document))

    def wait(self, ms: float) -> list[Effect]:
        self.at_ms += ms
        return self.done(self.ledger.due(a_now(self.at_ms)))

    def hear(self, office: str, head: Document, *newest: Document) -> list[Effect]:
        message = HeadCountersigned(head=head, newest=newest)
        said = received(office, message)
        return self.done(self.ledger.on_countersigned(a_now(self.at_ms), said))

    @property
    def entries(self) -> list[Entry]:
        rows = [self.disk[key] for key in sorted(self.disk) if key.startswith("ledger/")]
        return [msgspec.msgpack.decode(row, type=Entry) for row in rows]


def by(office: str, head: Document) -> Document:
    """The countersignature of an office."""
    signature = a_signer(office).sign(head.payload_type, head.payload)
    return Document(payload_type=head.payload_type, payload=head.payload, signatures=[signature])


def a_head(node: str, number: int, letter: bytes = b"h") -> Document:
    return signed(LedgerHead(node=node, number=number, hash=letter * 32, at_utc_ms=1), node)


# --- records ---


def test_document_of_ours_is_written_down_before_it_leaves_and_once() -> None:
    ledger = Keeper().ledger
    custody = Passed(custody=signed(CustodyRecord(crossing_id="KZ-1"), GATE))
    scan = StationResult(record=signed(ScanRecord(crossing_id="KZ-1"), GATE))
    out: list[Effect] = [Send("supervisor", custody), Send("office-kz", custody)]
    out += [Send("supervisor", scan), Send("supervisor", GateReport())]
    effects = ledger.chained(a_now(), out)
    kinds = [type(each) for each in effects]
    assert kinds == [Persist, Send, Send, Persist, Send, Send]
    assert [each for each in effects if isinstance(each, Send)] == out
    assert not [e for e in ledger.chained(a_now(), out) if isinstance(e, Persist)]


PAPERS: Final[list[tuple[str, str, Message]]] = [
    (
        "agencies-kz",
        "office-kz",
        EndorsementNotice(endorsement=signed(Endorsement(crossing_id="KZ-1"), "agencies-kz")),
    ),
    (
        "terminal-kz",
        "office-kz",
        DeclarationSubmitted(declaration=signed(Declaration(crossing_id="KZ-1"), "terminal-kz")),
    ),
    (
        "terminal-kz",
        "supervisor",
        BerthReport(roadworthiness=signed(Roadworthiness(vehicle_id="truck-01"), "terminal-kz")),
    ),
]


@pytest.mark.parametrize(("node", "to", "message"), PAPERS)
def test_paper_of_an_agency_or_a_terminal_is_written_down_before_it_leaves(
    node: str, to: str, message: Message
) -> None:
    ledger = NodeLedger(node, a_signer(node), a_roster())
    effects = ledger.chained(a_now(), [Send(to, message)])
    assert [type(each) for each in effects] == [Persist, Send]
    due = ledger.due(a_now(HEAD_MS))
    assert sorted(e.to for e in due if isinstance(e, Send)) == ["office-cn", "office-kz"]
    passing = NodeLedger("office-kz", a_signer("office-kz"), a_roster())
    assert passing.chained(a_now(), [Send("office-cn", message)]) == [Send("office-cn", message)]


def test_document_of_somebody_else_that_passes_through_is_not_ours_to_write() -> None:
    ledger = Keeper().ledger
    notice = DecisionNotice(decision=both_releases()[0])
    assert ledger.chained(a_now(), [Send("supervisor", notice)]) == [Send("supervisor", notice)]


def test_chain_goes_on_where_the_journal_ends() -> None:
    keeper = Keeper()
    keeper.sign(1)
    keeper.start()
    keeper.sign(2)
    keeper.sign(1)  # once more, after the restart
    assert [entry.number for entry in keeper.entries] == [1, 2]
    assert fault(keeper.entries) == ""


# --- heads ---


def test_no_head_without_news() -> None:
    keeper = Keeper()
    assert keeper.ledger.wake_ns is None
    assert not keeper.wait(10 * HEAD_MS)


def test_head_goes_to_both_offices_a_minute_after_the_first_record() -> None:
    keeper = Keeper()
    keeper.sign(1)
    keeper.wait(HEAD_MS / 2)
    keeper.sign(2)
    assert not sends(keeper.wait(HEAD_MS / 2 - 1), HeadNotice)
    effects = keeper.wait(1)
    first, second = sends(effects, HeadNotice)
    assert sorted(e.to for e in effects if isinstance(e, Send)) == ["office-cn", "office-kz"]
    head = LedgerHead.FromString(first.head.payload)
    assert first == second
    assert (head.node, head.number, head.hash) == (GATE, 2, keeper.entries[-1].hash)


def test_head_is_due_at_once_after_so_many_records() -> None:
    keeper = Keeper()
    for number in range(HEAD_RECORDS - 1):
        keeper.sign(number)
    assert not keeper.wait(0)
    keeper.sign(HEAD_RECORDS)
    assert sends(keeper.wait(0), HeadNotice)


def test_head_is_sent_again_only_to_the_office_that_has_not_answered() -> None:
    keeper = Keeper()
    keeper.sign()
    head = sends(keeper.wait(HEAD_MS), HeadNotice)[0].head
    keeper.hear("office-kz", by("office-kz", head))
    again = keeper.wait(HEAD_MS)
    assert [e.to for e in again if isinstance(e, Send)] == ["office-cn"]
    assert [each.head for each in sends(again, HeadNotice)] == [head]
    keeper.hear("office-cn", by("office-cn", head))
    assert keeper.ledger.wake_ns is None
    kept = Document.FromString(keeper.disk["head/000000000001"])
    assert len(kept.signatures) == 3


def test_restart_announces_what_was_not_countersigned_at_once() -> None:
    keeper = Keeper()
    keeper.sign()
    keeper.start()
    head = sends(keeper.wait(0), HeadNotice)[0].head
    keeper.start()
    assert sends(keeper.wait(0), HeadNotice)[0].head == head, "the same head, not a second one"
    for office in ("office-kz", "office-cn"):
        keeper.hear(office, by(office, head))
    keeper.start()
    assert keeper.ledger.wake_ns is None


@pytest.mark.parametrize("forger", ["supervisor", "office-cn", "truck-01"])
def test_countersignature_by_another_key_is_refused(forger: str) -> None:
    keeper = Keeper()
    keeper.sign()
    head = sends(keeper.wait(HEAD_MS), HeadNotice)[0].head
    effects = keeper.hear("office-kz", by(forger, head))
    assert reports(effects, Event.MESSAGE_REFUSED)[0]["reason"].name == "BAD_SIGNATURE"
    assert len(sends(keeper.wait(HEAD_MS), HeadNotice)) == 2


def test_countersignature_of_an_older_head_counts_for_that_one_alone() -> None:
    keeper = Keeper()
    keeper.sign(1)
    old = sends(keeper.wait(HEAD_MS), HeadNotice)[0].head
    keeper.sign(2)
    new = sends(keeper.wait(HEAD_MS), HeadNotice)[0].head
    keeper.hear("office-kz", by("office-kz", old))
    newest = keeper.ledger.head
    assert newest is not None
    assert LedgerHead.FromString(newest.payload).number == 2
    assert len(Document.FromString(keeper.disk["head/000000000002"]).signatures) == 1
    assert keeper.hear("supervisor", by("supervisor", new)) == []


def numbers(effects: list[Effect], to: str) -> list[tuple[int, int, int]]:
    """Heads sent to an office: where the links begin, how many, and the head's number."""
    return [
        (each.after, len(each.links), LedgerHead.FromString(each.head.payload).number)
        for each in sends(effects, HeadNotice, to)
    ]


def test_links_go_from_where_the_office_has_been() -> None:
    keeper = Keeper()
    keeper.sign(1)
    head = sends(keeper.wait(HEAD_MS), HeadNotice)[0].head
    keeper.hear("office-kz", by("office-kz", head))
    keeper.sign(2)
    keeper.start()
    effects = keeper.wait(HEAD_MS)
    assert numbers(effects, "office-kz") == [(1, 1, 2)]
    assert numbers(effects, "office-cn") == [(0, 2, 2)]


def test_office_that_was_away_is_led_to_the_newest_head_in_steps() -> None:
    keeper = Keeper()
    for number in range(2 * HEAD_LINKS_MAX + 10):
        keeper.sign(number)
    most = HEAD_LINKS_MAX
    for expected in [(0, most, most), (most, most, 2 * most), (2 * most, 10, 2 * most + 10)]:
        effects = keeper.wait(0)
        assert numbers(effects, "office-kz") == [expected]
        head = sends(effects, HeadNotice, "office-kz")[0].head
        keeper.hear("office-kz", by("office-kz", head))
    assert numbers(keeper.wait(0), "office-kz") == []


def test_office_that_remembers_nothing_any_more_is_led_from_the_start() -> None:
    keeper = Keeper()
    keeper.sign(1)
    head = sends(keeper.wait(HEAD_MS), HeadNotice)[0].head
    keeper.hear("office-kz", by("office-kz", head))
    keeper.sign(2)
    assert numbers(keeper.wait(HEAD_MS), "office-kz") == [(1, 1, 2)]
    keeper.hear("office-kz", Document())
    assert numbers(keeper.wait(HEAD_MS), "office-kz") == [(0, 2, 2)]


# --- what others have told ---


def test_newest_heads_of_others_are_remembered_across_restarts() -> None:
    keeper = Keeper()
    nothing = Document()
    keeper.hear("office-kz", nothing, a_head("office-kz", 5), a_head("supervisor", 9))
    assert keeper.hear("office-kz", nothing, a_head("office-kz", 4), a_head(GATE, 7)) == []
    keeper.start()
    effects = keeper.hear("office-cn", nothing, a_head("office-kz", 5, b"x"))
    assert reports(effects, Event.LEDGER_FORKED)[0]["node"] == "office-kz"
    assert sorted(key for key in keeper.disk if key.startswith("seen/")) == [
        "seen/office-kz",
        "seen/supervisor",
    ]


@pytest.mark.parametrize(
    "document",
    [
        Document(),
        signed(LedgerHead(node="supervisor", number=1, hash=b"h" * 32), "kz_in"),
        signed(LedgerHead(node="truck-01", number=1, hash=b"h" * 32), "truck-01"),
        signed(LedgerHead(node="supervisor", number=0, hash=b"h" * 32), "supervisor"),
        signed(LedgerHead(node="supervisor", number=1, hash=b"h"), "supervisor"),
        signed(CustodyRecord(crossing_id="KZ-1"), "supervisor"),
        Document(payload_type="contract.v1.LedgerHead", payload=b"\xff"),
    ],
)
def test_what_is_no_head_of_its_node_is_refused_with_a_reason(document: Document) -> None:
    keeper = Keeper()
    effects = keeper.hear("office-kz", Document(), document)
    assert [e.event for e in effects if isinstance(e, Report)] == [Event.MESSAGE_REFUSED]
    assert keeper.disk == {}
