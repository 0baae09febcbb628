"""Seals and plates at the gate's line: what was not read, and what differs from the releases."""

import pytest

from contract.events import Event
from contract.signing import open_document
from contract.v1.customs_pb2 import SCAN_VERDICT_ADVERSE, ScanRecord, StationResult
from gate.orders import OpenBarrier
from tests.factories import a_signer, acts, reports, sends
from tests.gate.cabinet import GATE, OFFICES, Cabinet, releases


def swapped() -> Cabinet:
    """Truck-01 at the line with another seal than the released one."""
    gate = Cabinet().arrived()
    gate.wake(seals=("S-2",))
    gate.ask()
    gate.answer()
    return gate


def record_of(gate: Cabinet, to: str) -> ScanRecord:
    (result,) = sends(gate.said, StationResult, to=to)
    key = a_signer(GATE)
    record = open_document(result.record, ScanRecord, {key.key_id: key.public_key})
    assert isinstance(record, ScanRecord)
    return record


@pytest.mark.parametrize("reader", ["supervisor", *OFFICES])
def test_swapped_seal_is_told_to_both_offices_and_the_supervisor(reader: str) -> None:
    """GATE-013: a mismatch always leads to red, and never to an open arm."""
    gate = swapped()
    assert not acts(gate.said, OpenBarrier)
    record = record_of(gate, reader)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_ADVERSE, "SEAL_MISMATCH")
    assert (record.station_id, record.crossing_id) == (GATE, "KZ-1")
    assert (list(record.services), list(record.seals)) == (["seal"], ["S-2"])


def test_swapped_seal_is_told_once_for_the_same_releases_even_over_a_restart() -> None:
    gate = swapped()
    gate.ask(attempt=2)
    gate.answer(attempt=2)
    gate.start()
    gate.wake()
    gate.wake()
    gate.ask(attempt=3)
    gate.answer(attempt=3)
    assert len(reports(gate.said, Event.SEALS_DIFFER)) == 1
    gate.ask(attempt=4)
    gate.answer(attempt=4, releases=releases(release_id="anew"))
    assert len(reports(gate.said, Event.SEALS_DIFFER)) == 2


@pytest.mark.parametrize(
    ("plate", "unread", "reason"),
    [
        ("", "plate", "PLATE_UNREAD"),
        ("truck-01", "seals", "SEAL_UNREAD"),
        ("truck-01", "something new", "SEAL_UNREAD"),
        ("", "", "NOT_IN_CELL"),
    ],
)
def test_what_is_not_read_yet_opens_nothing_and_accuses_nobody(
    plate: str, unread: str, reason: str
) -> None:
    """GATE-002: an unread seal is no mismatch."""
    gate = Cabinet().arrived()
    gate.wake(plate=plate, seals=(), unread=unread)
    gate.ask()
    gate.answer()
    assert [each["reason"].name for each in reports(gate.said, Event.PERMIT_REFUSED)] == [reason]
    assert not acts(gate.said, OpenBarrier)
    assert not sends(gate.said, StationResult)
