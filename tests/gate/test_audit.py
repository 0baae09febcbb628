"""A station that lets too much pass is found in time, and an honest one is left alone."""

import json
import random
from pathlib import Path
from typing import Final

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    ARRIVAL_SCAN_ALWAYS,
    ARRIVAL_SCAN_IF_SCANNED,
    ARRIVAL_SCAN_UNSPECIFIED,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    CrossingNotice,
    Hold,
)
from gate.office.__main__ import main
from gate.office.audit import (
    AuditLimits,
    StationAudit,
    Verdict,
    chance_suspended,
    decode,
    encode,
    scans_to_suspend,
)
from gate.office.orders import AskDesk, Ruling
from gate.office.rulebook import Rule, RuleBook
from tests.factories import acts, reports, sends
from tests.gate.desk import GREEN, Office, decided, releases

LIMITS: Final = AuditLimits()
PREDICTED: Final = 190  # scanned twice, until 5 % of false clears are found with 95 %
STATIONS: Final = 2_000


def suspended(share: float, scans: int, draws: random.Random) -> bool:
    """Whether a station of which such a share is not clear has been suspended by then."""
    audit = StationAudit("kz_xray_e")
    for _ in range(scans):
        if audit.take(LIMITS, false_clear=draws.random() < share) is Verdict.SUSPENDED:
            return True
    return False


# --- the two promises ---


def test_planted_five_per_cent_is_found_with_95_per_cent_within_the_predicted_number() -> None:
    """OFF-012: by the exact distribution, and by stations that are drawn."""
    assert scans_to_suspend(LIMITS, 0.05, 0.95) == PREDICTED
    draws = random.Random(1)
    found = sum(suspended(0.05, PREDICTED, draws) for _ in range(STATIONS))
    assert found / STATIONS == pytest.approx(chance_suspended(LIMITS, 0.05, PREDICTED), abs=0.015)
    assert chance_suspended(LIMITS, 0.05, PREDICTED - 1) < 0.95


@pytest.mark.parametrize("share", [0.0, 0.001, 0.003, 0.005])
def test_honest_station_stays_below_the_declared_false_alarm_rate(share: float) -> None:
    """OFF-012: one test, however long it goes on."""
    chance = chance_suspended(LIMITS, share, 3_000, tests=1)
    assert chance < LIMITS.false_alarm
    draws = random.Random(2)
    seen = sum(suspended(share, PREDICTED, draws) for _ in range(STATIONS))
    assert seen / STATIONS <= chance_suspended(LIMITS, share, PREDICTED) + 0.005


@pytest.mark.parametrize("limits", [LIMITS, AuditLimits(unreliable=0.1, false_alarm=0.001)])
def test_test_of_an_unreliable_station_ends_in_its_favour_no_more_often_than_declared(
    limits: AuditLimits,
) -> None:
    assert 1.0 - chance_suspended(limits, limits.unreliable, 3_000, tests=1) <= limits.miss


def test_limits_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="not below unreliable"):
        AuditLimits(honest=0.05, unreliable=0.05)


def test_suspended_station_is_believed_again_after_as_much_evidence_the_other_way() -> None:
    audit = StationAudit("kz_xray_e")
    verdicts = [audit.take(LIMITS, false_clear=True) for _ in range(2)]
    assert verdicts == [Verdict.OPEN, Verdict.SUSPENDED]
    assert audit.suspended
    audit = decode(encode(audit))
    later = [audit.take(LIMITS, false_clear=False) for _ in range(80)]
    assert later.count(Verdict.REINSTATED) == 1
    assert not audit.suspended
    assert (audit.scans, audit.false_clears) == (82, 2)


# --- in the receiving office ---


def scanned_twice(office: Office, number: int, *, clear: bool = True) -> None:
    """A crossing that was clear at the Kazakh scanner, and is scanned again at the Chinese one."""
    crossing = f"KZ-{number}"
    office.assessed(crossing_id=crossing, declaration_id=f"D-{number}")
    verdict = SCAN_VERDICT_CLEAR if clear else SCAN_VERDICT_ADVERSE
    office.scanned("kz_xray_e", crossing_id=crossing, services=["xray"])
    values = {"crossing_id": crossing, "services": ["xray"], "verdict": verdict}
    office.scanned("cn_xray_e", by="cn_in", **values)


def notice_of(office: Office) -> CrossingNotice:
    return sends(office.said, CrossingNotice, to="supervisor")[-1]


def incoming(**book: object) -> Office:
    return Office(GREEN, "CN", book=RuleBook(**book))  # type: ignore[arg-type]


def test_station_that_lets_too_much_pass_is_suspended_and_its_loads_scanned_twice() -> None:
    """OFF-012, OFF-013: also over a restart."""
    office = incoming()
    scanned_twice(office, 1)
    assert notice_of(office).arrival_scan == ARRIVAL_SCAN_UNSPECIFIED
    for number in (2, 3, 4):
        scanned_twice(office, number, clear=False)
    (said,) = reports(office.said, Event.STATION_SUSPENDED)
    assert said == {"station": "kz_xray_e", "scans": 4, "false_clears": 3}
    office.start()
    office.assessed(crossing_id="KZ-9", declaration_id="D-9")
    assert notice_of(office).arrival_scan == ARRIVAL_SCAN_IF_SCANNED


def test_load_that_was_not_scanned_over_there_is_no_evidence() -> None:
    office = incoming()
    for number in range(1, 9):
        office.assessed(crossing_id=f"KZ-{number}", declaration_id=f"D-{number}")
        values = {"services": ["xray"], "verdict": SCAN_VERDICT_ADVERSE}
        office.scanned("cn_xray_e", by="cn_in", crossing_id=f"KZ-{number}", **values)
    assert not reports(office.said, Event.STATION_SUSPENDED)


@pytest.mark.parametrize("verdict", [SCAN_VERDICT_ADVERSE, SCAN_VERDICT_FAILED])
def test_scan_on_arrival_that_is_not_clear_goes_to_an_officer_here(verdict: int) -> None:
    """OFF-013: and to no bay of the other side."""
    office = incoming(recognise_scans=False).assessed()
    before = len(office.said)
    office.scanned("cn_xray_e", by="cn_in", services=["xray"], verdict=verdict)
    effects = office.said[before:]
    (hold,) = decided(effects, Hold, to="supervisor")
    assert (hold.reason, list(hold.controls)) == ("IMAGE_ADVERSE", [])
    assert acts(effects, AskDesk)
    assert releases(office.rules(Ruling.RELEASE))


def test_origin_s_office_leaves_the_other_side_s_scan_to_the_other_side() -> None:
    office = Office(GREEN, "KZ").assessed()
    values = {"services": ["xray"], "verdict": SCAN_VERDICT_ADVERSE}
    assert not decided(office.scanned("cn_xray_e", by="cn_in", **values), Hold)
    assert decided(office.scanned("kz_xray_e", **values), Hold)


# --- recognition, and the drawn sample ---


def test_office_that_recognises_no_scan_has_what_was_scanned_scanned_again() -> None:
    assert notice_of(incoming().assessed()).arrival_scan == ARRIVAL_SCAN_UNSPECIFIED
    office = incoming(recognise_scans=False).assessed()
    assert notice_of(office).arrival_scan == ARRIVAL_SCAN_IF_SCANNED
    home = Office(GREEN, "KZ", book=RuleBook(recognise_scans=False)).assessed()
    assert notice_of(home).arrival_scan == ARRIVAL_SCAN_UNSPECIFIED  # its own scan counts


def test_xray_that_it_orders_itself_is_its_own_and_behind_its_own_gate() -> None:
    rule = Rule(id="R-1", because="it is so", controls=("xray",))
    office = incoming(recognise_scans=False, rule=(rule,)).assessed()
    assert notice_of(office).arrival_scan == ARRIVAL_SCAN_ALWAYS
    assert releases(office.said)
    recognising = incoming(rule=(rule,)).assessed()
    (hold,) = decided(recognising.said, Hold)
    assert list(hold.controls[0].places) == ["kz_xray_e", "kz_bay_e1"]
    values = {"services": ["xray"], "finished_utc_ms": recognising.now.utc_ms}
    assert releases(recognising.scanned("kz_xray_e", **values))


def test_share_that_is_scanned_again_is_drawn_by_the_seed_and_is_the_same_in_every_life() -> None:
    """OFF-013: so that the draw can be audited."""
    drawn: list[set[int]] = []
    for _ in range(2):
        office = incoming(rescan_share=0.2)
        for number in range(100):
            office.declare(crossing_id=f"KZ-{number}", declaration_id=f"D-{number}")
        office.wake(later_ms=2_000)
        notices = sends(office.said, CrossingNotice, to="supervisor")
        again = {n for n, each in enumerate(notices) if each.arrival_scan}
        drawn.append(again)
    assert drawn[0] == drawn[1]
    assert 10 <= len(drawn[0]) <= 30


# --- what is declared beforehand ---


def test_office_says_beforehand_what_its_audit_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """OFF-012: by its own book, or by what is so unsaid."""
    assert main(["audit"]) == 0
    said = capsys.readouterr().out
    assert f"0.95 within {PREDICTED} loads scanned twice" in said
    assert "below 0.01 (exactly 0.00" in said
    book = tmp_path / "book.toml"
    book.write_text("rescan_share = 0.1\naudit = {unreliable = 0.2, honest = 0.01}")
    assert main(["audit", str(book), "--json", "--found-with", "0.9"]) == 0
    told = json.loads(capsys.readouterr().out)
    limits = AuditLimits(unreliable=0.2, honest=0.01)
    assert (told["unreliable"], told["rescan_share"]) == (0.2, 0.1)
    assert chance_suspended(limits, 0.2, told["within_loads"]) >= 0.9
    assert chance_suspended(limits, 0.2, told["within_loads"] - 1) < 0.9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        (["--found-with", "1"], "less than 1"),
        (["--found-with", "nan"], "less than 1"),
    ],
)
def test_audit_that_cannot_be_computed_is_refused_by_its_place(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", *words]) == 2
    assert said in capsys.readouterr().err
