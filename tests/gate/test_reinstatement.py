"""A suspended station is believed again by two officers, and by nothing less."""

from typing import Any, Final

import msgspec
import pytest

from contract.agent import Effect, Persist, Report
from contract.events import Event
from contract.ledger import Entry
from contract.reasons import Reason
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    ARRIVAL_SCAN_IF_SCANNED,
    ARRIVAL_SCAN_UNSPECIFIED,
    DESK_VERDICT_REINSTATE,
    CrossingNotice,
    DeskDecision,
    DeskReply,
    Reinstatement,
    StatusQuery,
    StatusReply,
    SuspendedStation,
)
from contract.v1.document_pb2 import COUNTRY_CN, Document
from gate.office.audit import StationAudit, decode
from tests.factories import START_UTC_MS, a_signer, reports, sends
from tests.gate.desk import GREEN, Office
from tests.gate.test_audit import scanned_twice

STATION: Final = "kz_xray_e"
FIRST: Final = "control-room"
SECOND: Final = "second-room"


def suspended_office() -> Office:
    """The Chinese office, after three loads of four were not clear here."""
    office = Office(GREEN, "CN")
    scanned_twice(office, 1)
    for number in (2, 3, 4):
        scanned_twice(office, number, clear=False)
    assert reports(office.said, Event.STATION_SUSPENDED)
    office.said.clear()
    return office


def word(
    office: Office, by: str, station: str = STATION, *, reason: str = "calibrated"
) -> tuple[DeskReply, list[Effect]]:
    """One officer's word, and all that it led to."""
    decision = DeskDecision(
        verdict=DESK_VERDICT_REINSTATE,
        station_id=station,
        officer_id=f"Officer of {by}",
        reason=reason,
    )
    effects = office.hear(by, decision)
    (reply,) = sends(effects, DeskReply, to=by)
    return reply, effects


def audit_of(office: Office) -> StationAudit:
    """As the journal has it."""
    return decode(office.disk[f"audit/{STATION}"])


def papers(office: Office) -> list[Reinstatement]:
    """What its ledger says of stations, signed by its release key."""
    signer = a_signer("release/CN")
    keys = {signer.key_id: signer.public_key}
    rows = [office.disk[key] for key in sorted(office.disk) if key.startswith("ledger/")]
    records = [msgspec.msgpack.decode(row, type=Entry).record for row in rows]
    opened = [open_document(Document.FromString(r), Reinstatement, keys) for r in records]
    return [each for each in opened if isinstance(each, Reinstatement)]


def listed(office: Office, by: str = FIRST, **query: Any) -> list[SuspendedStation]:
    (reply,) = sends(office.hear(by, StatusQuery(**query)), StatusReply, to=by)
    return list(reply.suspended)


def scan_wanted(office: Office, number: int) -> int:
    """Whether a new crossing is to be scanned again here."""
    office.assessed(crossing_id=f"KZ-{number}", declaration_id=f"D-{number}")
    return sends(office.said, CrossingNotice, to="supervisor")[-1].arrival_scan


@pytest.mark.parametrize("restart", [False, True])
def test_two_officers_end_a_suspension_and_the_test_begins_without_evidence(restart: bool) -> None:
    """OFF-025: also where the office restarts between and behind the two words."""
    office = suspended_office()
    assert scan_wanted(office, 7) == ARRIVAL_SCAN_IF_SCANNED
    scanned_twice(office, 8, clear=False)
    assert audit_of(office).bad == 1  # one more, and it would be suspended anew
    reply, effects = word(office, FIRST)
    assert (reply.accepted, reply.reason) == (True, "SECOND_OFFICER_STATION")
    (asked,) = reports(effects, Event.REINSTATEMENT_ASKED)
    assert asked == {"station": STATION, "officer": f"Officer of {FIRST}", "why": "calibrated"}
    assert audit_of(office).suspended
    assert papers(office) == []
    if restart:
        office.start()
    reply, effects = word(office, SECOND, reason="checked by hand")
    assert (reply.accepted, reply.reason) == (True, "")
    (decided,) = reports(effects, Event.REINSTATEMENT_DECIDED)
    assert decided["officers"] == f"Officer of {FIRST}, Officer of {SECOND}"
    assert decided["why"] == "calibrated; checked by hand"
    if restart:
        office.start()
    audit = audit_of(office)
    assert (audit.suspended, audit.bad, audit.good, audit.asked) == (False, 0, 0, None)
    assert (audit.scans, audit.false_clears) == (5, 4)
    assert scan_wanted(office, 9) == ARRIVAL_SCAN_UNSPECIFIED
    assert listed(office) == []
    before = len(reports(office.said, Event.STATION_SUSPENDED))
    scanned_twice(office, 10, clear=False)
    assert not audit_of(office).suspended  # one load alone is no evidence: a test of its own
    scanned_twice(office, 11, clear=False)
    assert len(reports(office.said, Event.STATION_SUSPENDED)) == before + 1


def test_reinstatement_is_in_the_ledger_with_both_words_before_it_is_told() -> None:
    """OFF-025."""
    office = suspended_office()
    word(office, FIRST)
    office.at_ms += 60_000
    _, effects = word(office, SECOND, reason="checked by hand")
    (paper,) = papers(office)
    assert (paper.office, paper.station_id) == (COUNTRY_CN, STATION)
    said = [(each.node, each.officer_id, each.reason) for each in paper.words]
    assert said == [
        (FIRST, f"Officer of {FIRST}", "calibrated"),
        (SECOND, f"Officer of {SECOND}", "checked by hand"),
    ]
    assert paper.words[1].at_utc_ms - paper.words[0].at_utc_ms == 60_000
    assert paper.suspended_utc_ms >= START_UTC_MS
    assert (paper.scans, paper.false_clears) == (4, 3)
    at = next(n for n, e in enumerate(effects) if isinstance(e, Persist) and "ledger/" in e.key)
    told = next(n for n, e in enumerate(effects) if isinstance(e, Report))
    assert at < told


def test_one_officer_is_not_two_however_often_he_says_it() -> None:
    """OFF-025: by which key he speaks is what counts, and his newest reason."""
    office = suspended_office()
    for reason in ("calibrated", "calibrated, I say", "believe me"):
        reply, _ = word(office, FIRST, reason=reason)
        assert (reply.accepted, reply.reason) == (True, "SECOND_OFFICER_STATION")
    office.start()
    word(office, FIRST, reason="and again")
    assert audit_of(office).suspended
    assert papers(office) == []
    word(office, SECOND)
    assert [each.reason for each in papers(office)[0].words] == ["and again", "calibrated"]


BAD: Final = (
    ("kz_xry_e", "calibrated", Reason.STATION_UNKNOWN, "the nearest is kz_xray_e"),
    ("cn_xray_e", "calibrated", Reason.STATION_UNKNOWN, "of the other side"),  # our own
    ("", "calibrated", Reason.STATION_UNKNOWN, "no station ''"),
    ("kz_weigh_e", "calibrated", Reason.STATION_NOT_SUSPENDED, "0 loads scanned twice"),
    (STATION, " ", Reason.REASON_MISSING, f"to believe {STATION} again"),
)


@pytest.mark.parametrize(("station", "why", "reason", "detail"), BAD)
def test_word_that_does_not_count_is_refused_in_words_and_changes_nothing(
    station: str, why: str, reason: Reason, detail: str
) -> None:
    """OFF-025."""
    office = suspended_office()
    before = dict(office.disk)
    reply, effects = word(office, FIRST, station, reason=why)
    assert (reply.accepted, reply.reason) == (False, reason.name)
    assert detail in reply.detail
    (said,) = reports(effects, Event.REINSTATEMENT_DECLINED)
    assert (said["station"], said["reason"]) == (station, reason)
    assert office.disk == before


def test_second_word_after_the_suspension_has_ended_is_refused() -> None:
    office = suspended_office()
    word(office, FIRST)
    word(office, SECOND)
    reply, _ = word(office, "mechanic")
    assert (reply.accepted, reply.reason) == (False, "STATION_NOT_SUSPENDED")
    assert len(papers(office)) == 1


def test_new_evidence_against_it_makes_the_first_word_void() -> None:
    """OFF-025: he did not know of it."""
    office = suspended_office()
    word(office, FIRST)
    for number in (21, 22):
        scanned_twice(office, number, clear=False)
    assert audit_of(office).asked is None
    assert word(office, SECOND)[0].reason == "SECOND_OFFICER_STATION"
    assert audit_of(office).suspended


def test_officer_is_shown_what_is_suspended_since_when_and_by_what() -> None:
    office = suspended_office()
    since_ms = audit_of(office).since_utc_ms
    assert START_UTC_MS < since_ms <= office.now.utc_ms
    for number, clear in ((31, True), (32, False)):
        scanned_twice(office, number, clear=clear)
    word(office, FIRST)
    (row,) = listed(office)
    assert row == SuspendedStation(
        station_id=STATION,
        since_utc_ms=since_ms,
        scans=4,
        false_clears=3,
        scans_since=2,
        false_clears_since=1,
        asked_by=f"Officer of {FIRST}",
        asked_reason="calibrated",
    )
    assert listed(office, crossing_id="KZ-2") == []
    assert listed(office, by="terminal-kz") == []
    assert listed(Office(GREEN, "CN")) == []
