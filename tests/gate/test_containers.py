"""Containers at the gate's line: the numbers read against those that both offices released."""

from typing import Any

import pytest

from contract import release
from contract.events import Event
from contract.reasons import Party, Reason
from contract.release import Claimant
from contract.signing import open_document
from contract.v1.customs_pb2 import SCAN_VERDICT_ADVERSE, Hold, ScanRecord, StationResult
from gate.office.orders import AskDesk, Ruling
from gate.orders import OpenBarrier
from tests.factories import (
    a_now,
    a_release,
    a_roster,
    a_signer,
    a_subject,
    acts,
    both_releases,
    reports,
    sends,
    signed,
)
from tests.gate.cabinet import GATE, OFFICES, Cabinet
from tests.gate.desk import Office, decided, releases

OURS = "CSQU3054383"
SECOND = "MSKU1234565"
ANOTHER = "ZZZU0000005"


def at_line(read: tuple[str, ...], released: tuple[str, ...], **cell: Any) -> Cabinet:
    """Truck-01 at the line with these containers on it, and its answer to the challenge."""
    gate = Cabinet().arrived()
    gate.ask()
    gate.wake(containers=read, **cell)
    gate.answer(releases=both_releases(a_subject(container_ids=released)))
    return gate


def refusals(gate: Cabinet) -> list[Reason]:
    return [each["reason"] for each in reports(gate.said, Event.PERMIT_REFUSED)]


@pytest.mark.parametrize(
    ("read", "released"),
    [
        ((), ()),
        ((OURS,), (OURS,)),
        ((OURS, SECOND), (OURS, SECOND)),
        ((SECOND, OURS), (OURS, SECOND)),
    ],
)
def test_containers_as_released_open_the_arm(
    read: tuple[str, ...], released: tuple[str, ...]
) -> None:
    """GATE-015: a load in no container is read as none; in which order two are read is nothing."""
    gate = at_line(read, released)
    assert refusals(gate) == []
    assert len(acts(gate.said, OpenBarrier)) == 1
    assert not sends(gate.said, StationResult)


@pytest.mark.parametrize(
    ("read", "released", "reason"),
    [
        ((ANOTHER,), (OURS,), Reason.CONTAINER_MISMATCH),
        ((ANOTHER,), (), Reason.CONTAINER_MISMATCH),
        ((OURS, ANOTHER), (OURS,), Reason.CONTAINER_MISMATCH),
        ((OURS, ANOTHER), (OURS, SECOND), Reason.CONTAINER_MISMATCH),
        ((OURS, OURS), (OURS, SECOND), Reason.CONTAINER_MISMATCH),
        ((OURS,), (OURS, SECOND), Reason.CONTAINER_MISMATCH),
        ((), (OURS,), Reason.CONTAINER_MISSING),
    ],
)
def test_other_containers_than_released_open_nothing_and_are_told(
    read: tuple[str, ...], released: tuple[str, ...], reason: Reason
) -> None:
    """GATE-015: the supervisor and both offices hear once what was read, from a signed record."""
    gate = at_line(read, released)
    assert refusals(gate) == [reason]
    assert not acts(gate.said, OpenBarrier)
    assert "ticket/open" not in gate.disk
    key = a_signer(GATE)
    for reader in ("supervisor", *OFFICES):
        (result,) = sends(gate.said, StationResult, to=reader)
        record = open_document(result.record, ScanRecord, {key.key_id: key.public_key})
        assert isinstance(record, ScanRecord)
        assert (record.verdict, record.reason) == (SCAN_VERDICT_ADVERSE, reason.name)
        assert (record.crossing_id, list(record.services)) == ("KZ-1", ["container"])
        assert record.container_id == " ".join(read)
    assert reason.owner is Party.OFFICE


def test_another_container_is_told_once_for_the_same_releases_even_over_a_restart() -> None:
    gate = at_line((ANOTHER,), (OURS,))
    released = both_releases(a_subject(container_ids=[OURS]))
    gate.start()
    gate.wake(containers=(ANOTHER,))
    gate.wake(containers=(ANOTHER,))
    gate.ask(attempt=2)
    gate.answer(attempt=2, releases=released)
    assert len(reports(gate.said, Event.CONTAINER_DIFFERS)) == 1
    anew = both_releases(a_subject(container_ids=[OURS]), release_id="anew")
    gate.wake(containers=(ANOTHER,))
    gate.ask(attempt=3)
    gate.answer(attempt=3, releases=anew)
    assert len(reports(gate.said, Event.CONTAINER_DIFFERS)) == 2


def test_container_that_is_not_read_yet_opens_nothing_and_accuses_nobody() -> None:
    """GATE-015: the gate's own reader, or a person at it, has the move."""
    gate = at_line((), (OURS,), unread="container")
    assert refusals(gate) == [Reason.CONTAINER_UNREAD]
    assert Reason.CONTAINER_UNREAD.owner is Party.GATE
    assert not acts(gate.said, OpenBarrier)
    assert not sends(gate.said, StationResult)


def test_offices_that_release_different_containers_release_nothing() -> None:
    """I7: the container is part of what both must say alike."""
    papers = [
        signed(a_release(country, a_subject(container_ids=[number])), f"release/{country}")
        for country, number in (("KZ", OURS), ("CN", ANOTHER))
    ]
    claimant = Claimant("KZ-1", "truck-01", a_signer("truck-01").key_id)
    judged = release.judge(papers, a_roster().release_keys, claimant, now=a_now())
    assert getattr(judged, "reason", None) is Reason.RELEASE_DIFFERS


def test_gate_that_does_not_compare_containers_lets_another_one_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted defect: without the comparison the arm rises for another's container."""
    monkeypatch.setattr("gate.passage._container_fault", lambda read, released: None)
    gate = at_line((ANOTHER,), (OURS,))
    assert len(acts(gate.said, OpenBarrier)) == 1


def found_at_line(**changes: Any) -> Office:
    """The origin's office has released truck-01, and its exit gate has read another container."""
    office = Office().assessed(container_id=OURS, **changes)
    office.scanned(
        GATE,
        verdict=SCAN_VERDICT_ADVERSE,
        reason=Reason.CONTAINER_MISMATCH.name,
        services=["container"],
        container_id=ANOTHER,
    )
    return office


@pytest.mark.parametrize(("declared", "bound"), [(OURS, [OURS]), ("", [])])
def test_release_binds_the_container_that_was_declared(declared: str, bound: list[str]) -> None:
    (paper,) = releases(Office().assessed(container_id=declared).said)
    assert list(paper.subject.container_ids) == bound


def test_what_a_gate_reads_at_its_line_goes_to_an_officer_and_to_no_bay() -> None:
    """OFF-014: past every bay an inspection there could never be over."""
    office = found_at_line()
    hold = decided(office.said, Hold, to="supervisor")[-1]
    assert (hold.reason, list(hold.controls)) == ("CONTAINER_MISMATCH", [])
    assert acts(office.said, AskDesk)[-1].task == "CONTAINER_MISMATCH"
    before = len(releases(office.said))
    office.rules(Ruling.RELEASE)
    assert len(releases(office.said)) == before + 1


def test_corrected_declaration_of_such_a_truck_goes_to_the_officer_again_not_to_a_bay() -> None:
    """OFF-014, over a restart too; the new release binds the container that is on the truck."""
    office = found_at_line()
    office.start()
    office.assessed(container_id=ANOTHER, version=2)
    assert list(decided(office.said, Hold, to="supervisor")[-1].controls) == []
    office.rules(Ruling.RELEASE)
    assert list(releases(office.said)[-1].subject.container_ids) == [ANOTHER]


def test_what_a_station_reads_still_goes_to_a_bay() -> None:
    office = Office().assessed(container_id=OURS)
    office.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="CONTAINER_MISMATCH")
    assert list(decided(office.said, Hold, to="supervisor")[-1].controls) != []
