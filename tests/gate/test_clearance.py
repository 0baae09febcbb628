"""Clearance in one office: agencies, hours, quota, four eyes, transit, the way back, questions."""

from typing import Any

import pytest

from contract.agent import Now
from contract.events import Event
from contract.signing import digest
from contract.v1.customs_pb2 import (
    AGENCY_PHYTOSANITARY,
    AGENCY_VETERINARY,
    CERTIFICATE_KIND_PHYTOSANITARY,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    DESK_VERDICT_HOLD,
    DESK_VERDICT_REFUSE,
    DESK_VERDICT_RELEASE,
    SCAN_VERDICT_ADVERSE,
    TRANSIT_KIND_TIR,
    Certificate,
    CrossingNotice,
    CustodyRecord,
    DecisionNotice,
    Declaration,
    DeskDecision,
    DeskReply,
    Endorsement,
    EndorsementNotice,
    EndorsementRequest,
    GoodsLine,
    Hold,
    Refusal,
    Revocation,
    StatusQuery,
    StatusReply,
    TransitRight,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_WEST
from contract.v1.gate_pb2 import Passed
from contract.v1.movement_pb2 import Arrival
from gate.office import transit
from gate.office.orders import AskDesk, Ruling
from gate.office.rulebook import Rule, RuleBook, When
from tests.factories import HOUR_MS, a_declaration, acts, reports, sends, signed
from tests.gate.desk import ASSESS_MS, GREEN, YELLOW, Office, decided, releases

SEEDS = [GoodsLine(hs_code="1206", description="seed", net_mass_kg=20_000, packages=1)]
CROPS = RuleBook(
    rule=(
        Rule(
            id="R-1",
            because="plants need an endorsement",
            when=When(goods=("12",)),
            agencies=("phytosanitary",),
        ),
        Rule(
            id="R-2",
            because="no certificate",
            when=When(goods=("12",), lacks="phytosanitary"),
            channel="red",
            controls=("phytosanitary",),
        ),
    )
)


def an_ephyto(now: Now, *, hours: float = 48.0) -> Certificate:
    return Certificate(
        kind=CERTIFICATE_KIND_PHYTOSANITARY,
        number="P-1",
        issuer_country="KZ",
        valid_from_utc_ms=now.utc_ms - HOUR_MS,
        valid_until_utc_ms=now.utc_ms + int(hours * HOUR_MS),
    )


def of_seeds(office: Office, **changes: Any) -> Declaration:
    values: dict[str, Any] = {"goods": SEEDS, "certificates": [an_ephyto(office.now)]}
    return a_declaration(**(values | changes))


def endorse(
    office: Office, declaration: Declaration, *, by: str = "agencies-kz", **changes: Any
) -> list[Any]:
    paper = signed(declaration, "terminal-kz")
    values: dict[str, Any] = {
        "endorsement_id": "E-1",
        "side": COUNTRY_KZ,
        "agency": AGENCY_PHYTOSANITARY,
        "crossing_id": "KZ-1",
        "declaration_sha256": digest(paper.payload),
        "endorsed": True,
    }
    endorsement = Endorsement(**(values | changes))
    return office.hear("agencies-kz", EndorsementNotice(endorsement=signed(endorsement, by)))


def assessed(book: RuleBook, declaration: Any = None, **changes: Any) -> tuple[Office, Declaration]:
    office = Office(GREEN, book=book)
    paper = declaration or of_seeds(office, **changes)
    office.declare(paper)
    office.wake(later_ms=ASSESS_MS)
    return office, paper


# --- agencies ---


def test_missing_endorsement_is_a_hold_that_names_its_agency() -> None:
    """OFF-009."""
    office, paper = assessed(CROPS)
    (hold,) = decided(office.said, Hold)
    assert (hold.reason, hold.owner) == ("ENDORSEMENT_PENDING", "phytosanitary KZ")
    (request,) = sends(office.said, EndorsementRequest, to="agencies-kz")
    assert list(request.agencies) == [AGENCY_PHYTOSANITARY]
    (release,) = releases(endorse(office, paper))
    assert "phytosanitary: endorsed" in release.rules
    assert any(rule.startswith("R-1") for rule in release.rules)


@pytest.mark.parametrize(
    "change",
    [
        {"by": "agencies-cn"},
        {"by": "office-kz"},
        {"by": "terminal-kz"},
        {"side": COUNTRY_CN},
        {"agency": AGENCY_VETERINARY},
        {"agency": 0},
        {"crossing_id": "KZ-9"},
        {"declaration_sha256": bytes(32)},
        {"endorsed": False},
    ],
)
def test_endorsement_with_anything_wrong_lets_nothing_go(change: dict[str, Any]) -> None:
    """OFF-009."""
    office, paper = assessed(CROPS)
    assert not releases(endorse(office, paper, **change))
    assert not releases(office.wake(later_ms=HOUR_MS))


def test_agency_that_says_no_holds_under_its_own_name_until_it_says_yes() -> None:
    office, paper = assessed(CROPS)
    effects = endorse(office, paper, endorsed=False, reason="beetles")
    (hold,) = decided(effects, Hold)
    assert (hold.reason, hold.owner) == ("ENDORSEMENT_REFUSED", "phytosanitary KZ")
    assert "phytosanitary: beetles" in hold.rules
    assert releases(endorse(office, paper))


def test_endorsement_of_the_old_version_does_not_count_for_the_new() -> None:
    """OFF-003, OFF-009."""
    office, paper = assessed(CROPS)
    endorse(office, paper)
    new = of_seeds(office, version=2, trailer_id="T-2")
    office.declare(new)
    assert not releases(office.wake(later_ms=ASSESS_MS))
    assert not releases(endorse(office, paper))
    assert releases(endorse(office, new))


def test_restarted_office_asks_the_agencies_again() -> None:
    office, paper = assessed(CROPS)
    assert sends(office.start(), EndorsementRequest)
    assert releases(endorse(office, paper))


# --- certificates ---


@pytest.mark.parametrize("hours", [-0.5, 11.0])
def test_certificate_that_dies_before_the_release_would_is_none(hours: float) -> None:
    office = Office(GREEN, book=CROPS)
    paper = of_seeds(office, certificates=[an_ephyto(office.now, hours=hours)])
    office.declare(paper)
    office.wake(later_ms=ASSESS_MS)
    effects = endorse(office, paper)
    assert not releases(effects)
    assert [each.reason for each in decided(effects, Hold)] == ["INSPECTION_ORDERED"]
    (release,) = releases(office.scanned("kz_bay_e1"))
    assert any(rule.startswith("R-2") for rule in release.rules)


def test_inspection_of_one_kind_does_not_stand_for_another() -> None:
    office, paper = assessed(CROPS, certificates=[])
    endorse(office, paper)
    assert not releases(office.scanned("kz_bay_e1", services=["veterinary"]))
    assert not releases(office.scanned("kz_bay_e1", services=["phytosanitary"]))  # red: searched
    assert releases(office.scanned("kz_bay_e1", services=["physical"]))


# --- findings and amendments ---


def test_new_version_of_the_declaration_does_not_make_a_finding_forgotten() -> None:
    """OFF-007: papers do not take an alarm away."""
    office = Office(GREEN).assessed()
    office.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="RADIATION_ALARM")
    office.declare(version=2)
    office.wake(later_ms=ASSESS_MS)
    assert len(releases(office.said)) == 1  # the one before the alarm
    assert releases(office.scanned("kz_bay_e1"))


def test_mass_beyond_this_offices_own_tolerance_is_a_finding_of_its_own() -> None:
    strict = RuleBook(mass_tolerance_permille=1, mass_tolerance_kg=10)
    office = Office(GREEN, book=strict).assessed()
    effects = office.scanned("kz_weigh_e", measured_mass_kg=36_100, services=["weighbridge"])
    assert [each.reason for each in decided(effects, Hold)] == ["MASS_MISMATCH"]
    assert not decided(Office(GREEN).assessed().scanned("kz_weigh_e"), Hold)


# --- officers ---


def decide(office: Office, by: str, verdict: Any) -> DeskReply:
    decision = DeskDecision(crossing_id="KZ-1", verdict=verdict, officer_id=f"officer at {by}")
    (reply,) = sends(office.hear(by, decision), DeskReply)
    return reply


def test_refusal_is_overruled_by_two_other_officers_only() -> None:
    """OFF-008."""
    office = Office(YELLOW).assessed()
    assert decide(office, "control-room", DESK_VERDICT_REFUSE).accepted
    assert decide(office, "control-room", DESK_VERDICT_RELEASE).reason == "NOT_AT_DESK"
    for _ in range(2):
        assert decide(office, "second-room", DESK_VERDICT_RELEASE).reason == "SECOND_OFFICER"
    assert not releases(office.said)
    office.start()
    assert reports(office.said, Event.OVERRULE_ASKED)
    office.wake()
    office.rules(Ruling.RELEASE)
    assert len(releases(office.said)) == 1


def test_new_version_of_what_was_refused_goes_to_an_officer() -> None:
    office = Office(YELLOW).assessed()
    office.rules(Ruling.REFUSE)
    office.shares = GREEN
    office.start()
    office.declare(version=2)
    effects = office.wake(later_ms=ASSESS_MS)
    assert not releases(effects)
    assert acts(effects, AskDesk)


@pytest.mark.parametrize("verdict", [DESK_VERDICT_HOLD, DESK_VERDICT_REFUSE])
def test_officer_can_take_a_release_back(verdict: Any) -> None:
    office = Office(GREEN).assessed()
    office.said.clear()
    assert decide(office, "control-room", verdict).accepted
    assert [each.release_id for each in decided(office.said, Revocation, to="kz_out")] == [
        "KZ-KZ-1-1"
    ]
    assert decided(office.said, Hold if verdict == DESK_VERDICT_HOLD else Refusal)


def test_decision_about_nothing_is_answered_with_a_reason() -> None:
    office = Office(GREEN)
    reply = decide(office, "control-room", DESK_VERDICT_RELEASE)
    assert (reply.accepted, reply.reason) == (False, "CROSSING_UNKNOWN")


# --- on the way, and the way back ---


def passed(office: Office, gate: str, step: Any) -> list[Any]:
    record = CustodyRecord(crossing_id="KZ-1", step=step, place_id=gate, vehicle_id="truck-01")
    return office.hear(gate, Passed(gate_id=gate, custody=signed(record, gate)))


def test_refusal_past_the_line_opens_and_releases_the_way_back_at_both_offices() -> None:
    """OFF-010: nothing is stranded between two states."""
    kz, cn = Office(GREEN, "KZ").assessed(), Office(GREEN, "CN")
    cn.hear(
        "office-kz",
        next(
            iter(
                sends(
                    kz.said,
                    __import__("contract.v1.customs_pb2", fromlist=["x"]).DeclarationSubmitted,
                )
            )
        ),
    )
    cn.wake(later_ms=ASSESS_MS)
    for office in (kz, cn):
        passed(office, "kz_out", CUSTODY_STEP_EXITED)
        office.said.clear()
    assert decide(cn, "control-room", DESK_VERDICT_REFUSE).accepted
    (refusal,) = decided(cn.said, Refusal, to="office-kz")
    assert refusal.return_crossing_id == "KZ-1-R"
    (told,) = sends(cn.said, DecisionNotice, to="office-kz")
    kz.hear("office-cn", told)
    for office in (kz, cn):
        (notice,) = sends(office.said, CrossingNotice)
        assert (notice.crossing_id, notice.returns_crossing_id) == ("KZ-1-R", "KZ-1")
        assert notice.direction == DIRECTION_WEST
        (release,) = releases(office.said)
        assert release.subject.crossing_id == "KZ-1-R"
        assert release.subject.direction == DIRECTION_WEST
        assert release.readmission_consent == (office is cn)
    assert decided(kz.said, Revocation, to="cn_in")
    assert decide(cn, "second-room", DESK_VERDICT_RELEASE).reason == "REFUSED_PAST_LINE"
    again = kz.hear("office-cn", told)
    assert not releases(again)


def test_refusal_before_the_exit_gate_needs_no_way_back() -> None:
    office = Office(YELLOW).assessed()
    office.rules(Ruling.REFUSE)
    (refusal,) = decided(office.said, Refusal)
    assert refusal.return_crossing_id == ""
    assert len(sends(office.said, CrossingNotice)) == 1


@pytest.mark.parametrize("by", ["release/KZ", "office-cn", "supervisor"])
def test_refusal_that_the_other_office_did_not_sign_moves_nothing(by: str) -> None:
    office = Office(GREEN).assessed()
    refusal = Refusal(
        refusal_id="x",
        office=COUNTRY_CN,
        crossing_id="KZ-1",
        declaration_sha256=bytes(32),
        return_crossing_id="KZ-1-R",
    )
    assert not office.hear("office-cn", DecisionNotice(decision=signed(refusal, by)))


# --- transit ---

TIR = TransitRight(
    kind=TRANSIT_KIND_TIR,
    reference="XT12345678",
    amount_eur=60_000,
    departure_office="KZ-BAKHTY",
    destination_office="CN-POKITU",
)


def test_transit_lives_from_declaration_to_discharge() -> None:
    office = Office(GREEN)
    office.declare(transit=TIR)
    office.wake(later_ms=ASSESS_MS)
    passed(office, "kz_out", CUSTODY_STEP_EXITED)
    passed(office, "cn_in", CUSTODY_STEP_ENTERED)
    office.hear("supervisor", Arrival(crossing_id="KZ-1", vehicle_id="truck-01", berth_id="b"))
    moves = [each["transit"] for each in reports(office.said, Event.TRANSIT_MOVED)]
    assert moves == ["opened", "sealed", "crossed", "arrived", "discharged"]


def test_guarantee_is_blocked_until_the_other_transit_is_discharged() -> None:
    office = Office(GREEN)
    office.declare(transit=TIR)
    office.wake(later_ms=ASSESS_MS)
    office.declare(declaration_id="D-2", crossing_id="KZ-2", transit=TIR)
    effects = office.wake(later_ms=ASSESS_MS)
    assert [each.reason for each in decided(effects, Hold)] == ["GUARANTEE_IN_USE"]
    passed(office, "cn_in", CUSTODY_STEP_ENTERED)
    office.hear("supervisor", Arrival(crossing_id="KZ-1", vehicle_id="truck-01", berth_id="b"))
    office.declare(declaration_id="D-3", crossing_id="KZ-3", transit=TIR)
    office.hear("control-room", DeskDecision(crossing_id="KZ-2", verdict=DESK_VERDICT_REFUSE))
    effects = office.wake(later_ms=ASSESS_MS)
    assert [each.reason for each in decided(effects, Hold)] == ["GUARANTEE_IN_USE"]


def test_every_state_and_move_of_a_transit_is_in_exactly_one_table() -> None:
    for at in transit.Transit:
        for move in transit.Move:
            assert ((at, move) in transit.NEXT) != ((at, move) in transit.IMPOSSIBLE)
    assert transit.Transit.DISCHARGED not in transit.BLOCKING


# --- questions ---


def test_trader_is_told_stage_reason_owner_and_history_of_its_own_declarations_only() -> None:
    office, _ = assessed(CROPS)
    (reply,) = sends(office.hear("terminal-kz", StatusQuery(query=1)), StatusReply)
    (row,) = reply.rows
    assert (row.declaration_id, row.stage, row.reason) == (
        "D-1",
        "endorsing",
        "ENDORSEMENT_PENDING",
    )
    assert row.owner == "phytosanitary KZ"
    assert [step.stage for step in row.history] == ["declared", "endorsing"]
    assert row.since_utc_ms == office.now.utc_ms
    (reply,) = sends(office.hear("terminal-cn", StatusQuery(query=2)), StatusReply)
    assert not reply.rows
    query = StatusQuery(query=3, declaration_id="D-1")
    (reply,) = sends(office.hear("control-room", query), StatusReply)
    assert len(reply.rows) == 1
