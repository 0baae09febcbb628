"""What an office commits to before it draws: once, and anew only if something differs."""

from typing import Any, Final

import msgspec
import pytest

from contract.ledger import Entry
from contract.selection import seed_digest
from contract.signing import open_document
from contract.v1.customs_pb2 import Hold, Release, SelectionCommitment
from contract.v1.document_pb2 import Document
from gate.office.rulebook import RuleBook
from tests.factories import a_signer
from tests.gate.desk import YELLOW, Office, decided

KEY: Final = a_signer("release/KZ")


def committed(office: Office) -> list[SelectionCommitment]:
    """Every commitment in the office's ledger, in order, as its release key has signed it."""
    rows = [office.disk[key] for key in sorted(office.disk) if key.startswith("ledger/")]
    found = []
    for row in rows:
        document = Document.FromString(msgspec.msgpack.decode(row, type=Entry).record)
        paper = open_document(document, SelectionCommitment, {KEY.key_id: KEY.public_key})
        if isinstance(paper, SelectionCommitment):
            found.append(paper)
    return found


def test_office_commits_before_anything_is_declared() -> None:
    """OFF-005: the very first record of its ledger, and nobody is told the seed."""
    office = Office()
    (paper,) = committed(office)
    assert (paper.number, paper.seed_sha256) == (1, seed_digest(office.seed))
    assert not any(office.seed in value for value in office.disk.values())
    assert [key for key in sorted(office.disk) if key.startswith("ledger/")] == [
        "ledger/000000000001"
    ]


def test_restart_commits_to_nothing_new() -> None:
    office = Office()
    office.start()
    assert [paper.number for paper in committed(office)] == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": b"a new seed"},
        {"shares": YELLOW},
        {"book": RuleBook(rescan_share=0.25)},
    ],
)
def test_whatever_differs_after_a_restart_is_committed_to_anew(change: dict[str, Any]) -> None:
    """OFF-005: what was assessed before goes on under what it was drawn by."""
    office = Office().assessed(crossing_id="KZ-1", declaration_id="D-1")
    office.declare(crossing_id="KZ-2", declaration_id="D-2")
    for name, value in change.items():
        setattr(office, name, value)
    office.start()
    first, second = committed(office)
    assert (first.number, second.number) == (1, 2)
    first.number, first.at_utc_ms = second.number, second.at_utc_ms
    assert first != second
    office.wake(later_ms=0.0)
    papers = [*decided(office.said, Release, "supervisor"), *decided(office.said, Hold)]
    drawn = {each.declaration_sha256: each.selection for each in papers if isinstance(each, Hold)}
    drawn |= {
        each.subject.declaration_sha256: each.selection
        for each in papers
        if isinstance(each, Release)
    }
    assert sorted(drawn.values()) == [1, 2]


def test_papers_name_the_commitment_under_which_they_were_drawn() -> None:
    office = Office().assessed()
    (release,) = decided(office.said, Release)
    assert (release.selection, list(release.rules)) == (1, ["selection: green"])
    office.seed = b"a new seed"
    office.start()
    office.said.clear()
    office.declare(version=2)
    office.wake(later_ms=1_000.0)
    (release,) = decided(office.said, Release)
    assert release.selection == 2
