"""One office's agent by hand-made papers: every fault at once, every decision signed and owned."""

import itertools
from typing import Any

import pytest

from contract.events import Event
from contract.limits import FRAME_BYTES_MAX
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_FAILED,
    SCAN_VERDICT_UNSPECIFIED,
    CrossingNotice,
    DecisionNotice,
    DeclarationReply,
    DeclarationSubmitted,
    DeskDecision,
    GoodsLine,
    Hold,
    Refusal,
    Revocation,
    Trader,
)
from contract.v1.document_pb2 import COUNTRY_KZ, DIRECTION_EAST, DIRECTION_WEST
from contract.v1.envelope_pb2 import NodeHeartbeat
from contract.wire import check
from gate.office.orders import AskDesk, DeskOutcome, Ruling
from tests.factories import a_declaration, acts, reports, sends, signed
from tests.gate.desk import (
    ASSESS_MS,
    GATES,
    GREEN,
    RED,
    YELLOW,
    Office,
    decided,
    releases,
)

# --- declarations ---


def test_valid_declaration_is_accepted_and_passed_on_to_the_other_office() -> None:
    """OFF-001: one document, recognised by both."""
    office = Office()
    effects = office.declare()
    assert [each.accepted for each in sends(effects, DeclarationReply, to="terminal-kz")] == [True]
    forwarded = sends(effects, DeclarationSubmitted, to="office-cn")
    assert [each.forwarded for each in forwarded] == [True]
    assert forwarded[0].declaration == signed(a_declaration(), "terminal-kz")


def test_declaration_from_the_other_office_is_neither_answered_nor_passed_on() -> None:
    office = Office(country="CN")
    paper = signed(a_declaration(), "terminal-kz")
    effects = office.hear("office-kz", DeclarationSubmitted(declaration=paper, forwarded=True))
    assert not sends(effects, DeclarationReply)
    assert not sends(effects, DeclarationSubmitted)
    assert reports(effects, Event.DECLARATION_ACCEPTED)


@pytest.mark.parametrize("by", ["truck-01", "office-kz", "supervisor", "kz_out"])
def test_declaration_that_no_terminal_signed_is_refused(by: str) -> None:
    office = Office()
    paper = signed(a_declaration(), by)
    effects = office.hear("terminal-kz", DeclarationSubmitted(declaration=paper))
    assert [each.reason for each in sends(effects, DeclarationReply)] == ["BAD_SIGNATURE"]
    assert not [row for row in office.disk if row.startswith("case/")]


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"declaration_id": ""}, "$.declaration_id"),
    "no crossing": ({"crossing_id": ""}, "$.crossing_id"),
    "no vehicle": ({"vehicle_id": ""}, "$.vehicle_id"),
    "no trailer": ({"trailer_id": ""}, "$.trailer_id"),
    "no consignor": ({"consignor": Trader()}, "$.consignor.trader_id"),
    "no consignee": ({"consignee": Trader()}, "$.consignee.trader_id"),
    "no version": ({"version": 0}, "$.version"),
    "no direction": ({"direction": 0}, "$.direction"),
    "short key": ({"vehicle_key_id": b"x"}, "$.vehicle_key_id"),
    "a crew": ({"crew_count": 1}, "$.crew_count"),
    "no mass": ({"gross_mass_kg": 0}, "$.gross_mass_kg"),
    "too heavy": ({"gross_mass_kg": 100_001}, "$.gross_mass_kg"),
    "lighter than its cargo": ({"gross_mass_kg": 20_000}, "$.gross_mass_kg"),
    "no seals": ({"seals": []}, "$.seals"),
    "too many seals": ({"seals": ["S"] * 9}, "$.seals"),
    "no goods": ({"goods": [], "cargo_mass_kg": 0}, "$.goods"),
    "wrong sum": ({"cargo_mass_kg": 19_999}, "$.cargo_mass_kg"),
    "bad code": (
        {"goods": [GoodsLine(hs_code="27x0", net_mass_kg=20_000)]},
        "$.goods[0].hs_code",
    ),
    "odd code": ({"goods": [GoodsLine(hs_code="27101", net_mass_kg=20_000)]}, "$.goods[0].hs_code"),
    "weightless goods": (
        {"goods": [GoodsLine(hs_code="2710", net_mass_kg=0)], "cargo_mass_kg": 0},
        "$.goods[0].net_mass_kg",
    ),
    "empty run with goods": ({"empty_running": True, "vehicle_permit_id": "TA"}, "$.goods"),
    "empty run without permit": (
        {"empty_running": True, "goods": [], "cargo_mass_kg": 0},
        "$.vehicle_permit_id",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_declaration_is_refused_with_the_place_of_its_fault(name: str) -> None:
    """I21, OFF-002."""
    changes, place = FAULTS[name]
    office = Office()
    effects = office.declare(**changes)
    (reply,) = sends(effects, DeclarationReply)
    assert not reply.accepted
    assert reply.reason == "DECLARATION_FAULTY"
    assert any(said.startswith(place + ":") for said in reply.faults)
    assert not [row for row in office.disk if row.startswith("case/")]
    assert not sends(effects, DeclarationSubmitted)


def test_all_faults_are_told_at_once() -> None:
    """OFF-002: nobody corrects one fault to hear of the next."""
    changes = {"declaration_id": "", "trailer_id": "", "version": 0, "crew_count": 2, "seals": []}
    (reply,) = sends(Office().declare(**changes), DeclarationReply)
    assert len(reply.faults) == 5


def test_answer_to_a_thoroughly_faulty_declaration_fits_a_frame() -> None:
    """I27: an answer that nobody may open would block the terminal's stream for ever."""
    lines = [GoodsLine(hs_code=f"x{n:03d}" * 50) for n in range(200)]
    (reply,) = sends(Office().declare(goods=lines), DeclarationReply)
    assert reply.ByteSize() < FRAME_BYTES_MAX // 2
    assert check(reply) is None


def test_empty_run_travels_under_a_dossier_of_its_own() -> None:
    office = Office(RED)
    office.assessed(
        empty_running=True, vehicle_permit_id="TA-1", goods=[], cargo_mass_kg=0, seals=[]
    )
    assert len(releases(office.said)) == 1


def test_same_declaration_again_is_answered_again_and_not_taken_in_twice() -> None:
    office = Office().assessed()
    effects = office.declare()
    assert [each.accepted for each in sends(effects, DeclarationReply)] == [True]
    assert not reports(effects, Event.DECLARATION_ACCEPTED)
    assert not releases(office.wake(later_ms=ASSESS_MS))


def test_other_content_under_the_same_version_is_refused() -> None:
    office = Office().assessed()
    (reply,) = sends(office.declare(trailer_id="T-2"), DeclarationReply)
    assert not reply.accepted
    assert "$.version" in reply.faults[0]


# --- channels ---


def test_green_crossing_is_released_after_its_assessment() -> None:
    """OFF-004."""
    office = Office(GREEN)
    office.declare()
    assert not releases(office.wake(later_ms=ASSESS_MS - 1))
    (release,) = releases(office.wake(later_ms=1))
    assert release.office == COUNTRY_KZ
    assert release.subject.crossing_id == "KZ-1"
    assert release.not_before_utc_ms == office.now.utc_ms
    assert release.not_after_utc_ms > release.not_before_utc_ms


@pytest.mark.parametrize(
    ("country", "direction", "consent"),
    [
        ("KZ", DIRECTION_EAST, True),
        ("CN", DIRECTION_EAST, False),
        ("KZ", DIRECTION_WEST, False),
        ("CN", DIRECTION_WEST, True),
    ],
)
def test_origin_office_consents_to_take_the_crossing_back(
    country: str, direction: Any, consent: bool
) -> None:
    (release,) = releases(Office(GREEN, country).assessed(direction=direction).said)
    assert release.readmission_consent == consent


def test_notice_to_the_supervisor_carries_nothing_commercial() -> None:
    (notice,) = sends(Office().assessed().said, CrossingNotice)
    assert notice.vehicle_id == "truck-01"
    assert b"oil" not in notice.SerializeToString()
    assert b"trader" not in notice.SerializeToString()


def test_yellow_crossing_waits_for_an_officer() -> None:
    office = Office(YELLOW).assessed()
    assert [each.reason for each in decided(office.said, Hold)] == ["DOCUMENT_CONTROL"]
    assert [each.crossing_id for each in acts(office.said, AskDesk)] == ["KZ-1"]
    assert not releases(office.said)


def test_red_crossing_is_sent_to_a_bay_that_the_hold_names() -> None:
    office = Office(RED).assessed()
    (hold,) = decided(office.said, Hold)
    assert hold.reason == "INSPECTION_ORDERED"
    assert [list(each.places) for each in hold.controls] == [["kz_bay_e1"]]


# --- desks ---


@pytest.mark.parametrize("way", ["desk", "message"])
@pytest.mark.parametrize("ruling", Ruling)
def test_officers_decision_is_carried_out_and_named(ruling: Ruling, way: str) -> None:
    """OFF-005."""
    office = Office(YELLOW).assessed()
    office.said.clear()
    if way == "desk":
        office.rules(ruling)
    else:
        verdict = f"DESK_VERDICT_{ruling.name}"
        office.hear(
            "control-room",
            DeskDecision(crossing_id="KZ-1", verdict=verdict, officer_id="officer-7"),
        )
    kinds = {Ruling.RELEASE: releases(office.said)}
    kinds[Ruling.HOLD] = decided(office.said, Hold)  # type: ignore[assignment]
    kinds[Ruling.REFUSE] = decided(office.said, Refusal)  # type: ignore[assignment]
    assert {each: len(papers) for each, papers in kinds.items()} == {
        each: int(each is ruling) for each in Ruling
    }
    assert any("officer-7" in rule for rule in kinds[ruling][0].rules)


def test_desk_decision_without_a_verdict_decides_nothing() -> None:
    """I21."""
    office = Office(YELLOW).assessed()
    assert not office.hear("control-room", DeskDecision(crossing_id="KZ-1", officer_id="x"))


@pytest.mark.parametrize("shares", [GREEN, RED])
def test_officer_decides_only_what_lies_on_a_desk(shares: Any) -> None:
    office = Office(shares).assessed()
    effects = office.rules(Ruling.RELEASE)
    effects += office.wake(DeskOutcome("KZ-9", Ruling.RELEASE, "officer-7"))
    assert {each["reason"].name for each in reports(effects, Event.DESK_DECLINED)} == {
        "NOT_AT_DESK",
        "CROSSING_UNKNOWN",
    }
    assert not sends(effects, DecisionNotice)


def test_held_crossing_can_be_released_later() -> None:
    office = Office(YELLOW).assessed()
    office.rules(Ruling.HOLD)
    assert releases(office.rules(Ruling.RELEASE))


# --- inspections and findings ---


def test_clear_inspection_in_a_bay_releases() -> None:
    office = Office(RED).assessed()
    (release,) = releases(office.scanned("kz_bay_e1"))
    assert any("kz_bay_e1" in rule for rule in release.rules)


@pytest.mark.parametrize(
    "change",
    [
        {"by": "truck-01"},
        {"by": "office-cn"},
        {"vehicle_id": "truck-02"},
        {"vehicle_id": ""},
        {"crossing_id": "KZ-9"},
        {"crossing_id": ""},
        {"station_id": "kz_weigh_e"},
        {"station_id": ""},
        {"verdict": SCAN_VERDICT_UNSPECIFIED},
        {"verdict": SCAN_VERDICT_FAILED},
        {"verdict": SCAN_VERDICT_ADVERSE},
    ],
)
def test_record_with_anything_wrong_does_not_lift_an_inspection(change: dict[str, Any]) -> None:
    """I21, OFF-006."""
    office = Office(RED).assessed()
    assert not releases(office.scanned("kz_bay_e1", **change))


def test_finding_at_a_station_takes_the_release_back() -> None:
    """I25: to every gate directly, and to the supervisor."""
    office = Office(GREEN).assessed()
    (release,) = releases(office.said)
    effects = office.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="MASS_MISMATCH")
    for name in (*GATES, "supervisor"):
        taken = [each.release_id for each in decided(effects, Revocation, to=name)]
        assert taken == [release.release_id]
    assert [each.reason for each in decided(effects, Hold)] == ["MASS_MISMATCH"]


def test_finding_of_the_other_sides_station_is_the_other_offices() -> None:
    office = Office(GREEN, "CN").assessed()
    assert not office.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="MASS_MISMATCH")


def declared() -> Office:
    office = Office(GREEN)
    office.declare()
    return office


@pytest.mark.parametrize(
    "before",
    [
        lambda: Office(GREEN).assessed(),
        lambda: Office(YELLOW).assessed(),
        lambda: Office(RED).assessed(),
        declared,
    ],
    ids=["released", "at desk", "inspecting", "assessing"],
)
@pytest.mark.parametrize(
    "stations", list(itertools.product(["kz_weigh_e", "kz_bay_e1"], repeat=2)), ids=" ".join
)
def test_findings_in_any_order_end_in_a_hold_with_an_owner(
    before: Any, stations: tuple[str, str]
) -> None:
    """OFF-007: nothing is ever left undecided, and nothing crashes the office."""
    office = before()
    for station in stations:
        office.said.clear()
        office.scanned(station, verdict=SCAN_VERDICT_ADVERSE, reason="RADIATION_ALARM")
        assert decided(office.said, Hold)
    office.wake(later_ms=ASSESS_MS)
    assert not releases(office.said)


# --- amendments, restarts ---


def test_amended_declaration_takes_the_release_back_and_is_assessed_anew() -> None:
    """OFF-003, I25."""
    office = Office(GREEN).assessed()
    (first,) = releases(office.said)
    effects = office.declare(version=2, trailer_id="T-2")
    assert [each.release_id for each in decided(effects, Revocation, to="kz_out")] == ["KZ-KZ-1-1"]
    (second,) = releases(office.wake(later_ms=ASSESS_MS))
    assert second.release_id != first.release_id
    assert second.subject.trailer_id == "T-2"
    assert second.subject.declaration_sha256 != first.subject.declaration_sha256


def test_revocations_are_numbered_without_gaps_across_restarts() -> None:
    office = Office(GREEN).assessed()
    for version in (2, 3):
        office.declare(version=version)
        office.start()
        office.wake(later_ms=ASSESS_MS)
    numbers = [each.number for each in decided(office.said, Revocation, to="supervisor")]
    assert numbers == [1, 2]


def test_restarted_office_finishes_what_it_was_assessing() -> None:
    office = Office(GREEN)
    office.declare()
    office.start()
    assert len(releases(office.wake())) == 1
    office.start()
    assert not releases(office.wake(later_ms=ASSESS_MS))


def test_restarted_office_asks_its_desk_again() -> None:
    office = Office(YELLOW).assessed()
    assert [each.crossing_id for each in acts(office.start(), AskDesk)] == ["KZ-1"]
    assert releases(office.rules(Ruling.RELEASE))


def test_heartbeat_comes_in_time() -> None:
    office = Office()
    assert sends(office.wake(), NodeHeartbeat)
    assert not sends(office.wake(), NodeHeartbeat)
    assert sends(office.wake(later_ms=5_000), NodeHeartbeat)
