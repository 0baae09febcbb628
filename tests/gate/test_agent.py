"""One gate's agent by hand-made messages: who may pass, and in which order things happen."""

from typing import Any

import pytest

from contract.agent import Act, Persist
from contract.events import Event
from contract.limits import NONCE_AGE_MS_MAX
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_EXITED,
    CustodyRecord,
    DecisionNotice,
    Permit,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_WEST
from contract.v1.envelope_pb2 import Hello, NodeHeartbeat
from contract.v1.gate_pb2 import (
    Challenge,
    DetectorReport,
    GateReport,
    Passed,
    PermitGranted,
    PermitRefused,
    PermitRequest,
)
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import (
    a_release,
    a_signer,
    a_subject,
    acts,
    both_releases,
    reports,
    sends,
    signed,
)
from tests.gate.cabinet import EXIT, GATE, OFFICES, Cabinet


def refusals(effects: list[Any]) -> list[str]:
    return [each.reason for each in sends(effects, PermitRefused)]


def test_whole_passage_from_request_to_custody() -> None:
    """GATE-001 to GATE-006."""
    gate = Cabinet().passed()
    assert len(acts(gate.said, OpenBarrier)) == 1
    assert len(acts(gate.said, CloseBarrier)) == 1
    assert not refusals(gate.said)
    for name in ("truck-01", "supervisor", *OFFICES):
        assert [each.crossing_id for each in sends(gate.said, Passed, to=name)] == ["KZ-1"]
    key = a_signer(GATE)
    custody = sends(gate.said, Passed)[0].custody
    record = open_document(custody, CustodyRecord, {key.key_id: key.public_key})
    assert isinstance(record, CustodyRecord)
    assert record.step == CUSTODY_STEP_EXITED
    assert (record.place_id, record.vehicle_id, list(record.seals)) == (GATE, "truck-01", ["S-1"])
    assert "ticket/open" not in gate.disk


def test_permit_is_written_down_before_the_arm_is_told_to_rise() -> None:
    """I5, I6, I13, GATE-003: the order of the effects is the order of the world."""
    gate = Cabinet().challenged()
    effects = gate.answer()
    kinds = [type(each) for each in effects]
    opening = next(
        n
        for n, e in enumerate(effects)
        if isinstance(e, Act) and isinstance(e.command, OpenBarrier)
    )
    written = [n for n, e in enumerate(effects) if isinstance(e, Persist)]
    assert written
    assert max(written) < opening, kinds
    assert not acts(effects, OpenBarrier)[0].makes_safer  # so that it waits for the commit
    assert gate.disk["permit/" + acts(effects, OpenBarrier)[0].permit_id] == b"consumed"
    assert not sends(effects, PermitGranted)


def test_permit_is_given_when_the_arm_is_proven_open_and_not_before() -> None:
    gate = Cabinet().rising()
    assert not sends(gate.said, PermitGranted)
    effects = gate.wake(barrier=Barrier.OPEN)
    granted = sends(effects, PermitGranted, to="truck-01")
    assert len(granted) == 1
    key = a_signer(GATE)
    permit = open_document(granted[0].permit, Permit, {key.key_id: key.public_key})
    assert isinstance(permit, Permit)
    assert (permit.nonce, permit.vehicle_id, permit.crossing_id) == (gate.nonce, "truck-01", "KZ-1")
    assert (permit.release_id_kz, permit.release_id_cn) == ("KZ-1", "CN-1")
    assert permit.vehicle_key_id == a_signer("truck-01").key_id


def test_nonces_and_permits_are_never_used_twice() -> None:
    """I6: not within a life, not across restarts."""
    gate = Cabinet().challenged()
    for _ in range(3):
        gate.ask()
    gate.answer()
    gate.wake(barrier=Barrier.CLOSED, later_ms=11_000)  # it never rose: fault, then void
    for _ in range(3):
        gate.wake()
    gate.ask()
    gate.answer()
    gate.start()
    gate.wake()
    gate.wake()
    gate.ask()
    gate.answer()
    nonces = [each.nonce for each in sends(gate.said, Challenge)]
    permits = [each.permit_id for each in acts(gate.said, OpenBarrier)]
    assert len(set(nonces)) == len(nonces)
    assert len(set(permits)) == len(permits) >= 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"gate_id": "cn_in"}, "RELEASE_FOREIGN"),
        ({"gate_id": ""}, "RELEASE_FOREIGN"),
        ({"vehicle_id": "truck-02"}, "RELEASE_FOREIGN"),
        ({"vehicle_id": ""}, "RELEASE_FOREIGN"),
    ],
)
def test_request_in_somebody_elses_name_is_refused(change: dict[str, Any], reason: str) -> None:
    """I21, I24."""
    gate = Cabinet().arrived()
    effects = gate.ask(**change)
    assert refusals(effects) == [reason]
    assert not sends(effects, Challenge)


def test_gate_serves_one_truck_at_a_time() -> None:
    gate = Cabinet().challenged()
    assert refusals(gate.ask("truck-02")) == ["GATE_BUSY"]
    gate.answer()
    assert refusals(gate.ask("truck-02")) == ["GATE_BUSY"]


def test_answer_of_another_truck_does_not_end_the_session() -> None:
    """Nobody can use up a nonce that was not sent to him."""
    gate = Cabinet().challenged()
    assert not gate.answer("truck-02", nonce=b"x" * 16)
    assert acts(gate.answer(), OpenBarrier)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nonce": b""}, "NONCE_UNKNOWN"),
        ({"nonce": b"x" * 16}, "NONCE_UNKNOWN"),
        ({"gate_id": "cn_in"}, "NONCE_UNKNOWN"),
        ({"gate_id": ""}, "NONCE_UNKNOWN"),
        ({"vehicle_id": "truck-02"}, "RELEASE_FOREIGN"),
        ({"vehicle_id": ""}, "RELEASE_FOREIGN"),
        ({"crossing_id": "KZ-2"}, "RELEASE_FOREIGN"),
        ({"crossing_id": ""}, "RELEASE_FOREIGN"),
        ({"releases": []}, "RELEASE_MISSING_KZ"),
        ({"releases": both_releases()[:1]}, "RELEASE_MISSING_CN"),
        ({"releases": both_releases(a_subject(vehicle_id="truck-02"))}, "RELEASE_FOREIGN"),
        ({"releases": both_releases(a_subject(seals=["S-9"]))}, "SEAL_MISMATCH"),
        ({"releases": both_releases(not_after_utc_ms=1)}, "RELEASE_EXPIRED"),
        (
            {"releases": both_releases(a_subject(direction=DIRECTION_WEST))},
            "RELEASE_FOREIGN",  # released for the other direction
        ),
    ],
)
def test_permit_request_with_one_thing_wrong_opens_nothing(
    change: dict[str, Any], reason: str
) -> None:
    """I7, I21, GATE-002. The nonce is used up either way."""
    gate = Cabinet().challenged()
    assert refusals(gate.answer(**change)) == [reason]
    gate.answer()
    assert not acts(gate.said, OpenBarrier)


@pytest.mark.parametrize("field", [each.name for each in PermitRequest.DESCRIPTOR.fields])
def test_permit_request_with_a_field_left_out_opens_nothing(field: str) -> None:
    """I21."""
    gate = Cabinet().challenged()
    gate.answer(**{field: None})
    assert not acts(gate.said, OpenBarrier)


def test_challenge_dies_of_age() -> None:
    """GATE-002."""
    gate = Cabinet().challenged()
    gate.at_ms += NONCE_AGE_MS_MAX + 1
    assert refusals(gate.answer()) == ["NONCE_EXPIRED"]


def test_challenge_that_is_not_answered_frees_the_gate() -> None:
    gate = Cabinet().challenged()
    due_ns = gate.agent.wake_ns
    assert due_ns is not None
    assert refusals(gate.wake(later_ms=NONCE_AGE_MS_MAX)) == ["NONCE_EXPIRED"]
    assert sends(gate.ask("truck-02"), Challenge)


def test_clock_that_is_unsure_lets_nobody_pass() -> None:
    """I20."""
    gate = Cabinet(error_ms=5_000).challenged()
    assert refusals(gate.answer()) == ["CLOCK_UNSURE"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"plate": "truck-02"}, "PLATE_MISMATCH"),
        ({"plate": ""}, "NOT_IN_CELL"),
        ({"seals": ()}, "SEAL_MISMATCH"),
        ({"seals": ("S-1", "S-2")}, "SEAL_MISMATCH"),
        ({"cell_vehicles": 0}, "NOT_IN_CELL"),
        ({"cell_vehicles": 2}, "NOT_IN_CELL"),  # a tailgater
        ({"cell_vehicles": None}, "PRESENCE_UNKNOWN"),
    ],
)
def test_cell_that_is_not_as_the_releases_say_opens_nothing(
    cell: dict[str, Any], reason: str
) -> None:
    """GATE-002, GATE-003, I23."""
    gate = Cabinet().challenged()
    gate.wake(**cell)
    assert refusals(gate.answer()) == [reason]
    assert not acts(gate.said, OpenBarrier)
    assert "ticket/open" not in gate.disk


def test_revoked_release_opens_nothing_even_after_a_restart() -> None:
    """I25."""
    gate = Cabinet().challenged()
    revocation = Revocation(number=1, office=COUNTRY_CN, crossing_id="KZ-1", release_id="CN-1")
    notice = DecisionNotice(decision=signed(revocation, "release/CN"))
    gate.hear("office-cn", notice)
    assert refusals(gate.answer()) == ["RELEASE_REVOKED"]
    gate.start()
    gate.wake()
    gate.ask()
    assert refusals(gate.answer()) == ["RELEASE_REVOKED"]


@pytest.mark.parametrize("by", ["office-cn", "supervisor", "truck-01"])
def test_revocation_by_any_other_key_revokes_nothing(by: str) -> None:
    gate = Cabinet().challenged()
    revocation = Revocation(number=1, office=COUNTRY_CN, crossing_id="KZ-1", release_id="CN-1")
    assert not gate.hear("office-cn", DecisionNotice(decision=signed(revocation, by)))
    assert acts(gate.answer(), OpenBarrier)


def test_office_cannot_revoke_the_release_of_the_other() -> None:
    """I25."""
    gate = Cabinet().challenged()
    revocation = Revocation(number=1, office=COUNTRY_KZ, crossing_id="KZ-1", release_id="CN-1")
    gate.hear("office-kz", DecisionNotice(decision=signed(revocation, "release/KZ")))
    assert acts(gate.answer(), OpenBarrier)


def test_revocation_in_a_journal_that_does_not_name_its_office_counts_for_both() -> None:
    """I25: written before offices were named in it."""
    gate = Cabinet(disk={"revoked/CN-1": b"1"}).challenged()
    assert refusals(gate.answer()) == ["RELEASE_REVOKED"]


def test_other_decisions_of_an_office_change_nothing_at_the_gate() -> None:
    gate = Cabinet().idle()
    release = signed(a_release("CN"), "release/CN")
    assert not gate.hear("office-cn", DecisionNotice(decision=release))


# --- what the supervisor is told ---


def test_counters_are_told_on_change_and_to_a_supervisor_that_restarted() -> None:
    gate = Cabinet().idle()
    assert [each.count for each in sends(gate.said, DetectorReport)] == [7]
    assert not sends(gate.wake(), DetectorReport)
    gate.count += 1
    assert [each.count for each in sends(gate.wake(), DetectorReport)] == [8]
    again = gate.hear("supervisor", Hello(wire=1))
    assert [(each.detector_id, each.count) for each in sends(again, DetectorReport)] == [(EXIT, 8)]
    assert sends(gate.wake(), GateReport)


def test_arm_and_cell_are_told_on_change() -> None:
    gate = Cabinet().idle()
    assert [each.cell_occupied for each in sends(gate.said, GateReport)] == [False]
    assert not sends(gate.wake(), GateReport)
    assert [each.cell_occupied for each in sends(gate.wake(cell_vehicles=1), GateReport)] == [True]
    unknown = sends(gate.wake(cell_vehicles=None), GateReport)
    assert not unknown  # not known counts as occupied, which was told already


def test_heartbeat_comes_in_time() -> None:
    gate = Cabinet().idle()
    assert not sends(gate.wake(), NodeHeartbeat)
    assert sends(gate.wake(later_ms=5_000), NodeHeartbeat)


def test_cabinet_without_a_word_leads_to_nothing_but_a_heartbeat() -> None:
    """I21: no news is not good news."""
    gate = Cabinet()
    effects = gate.wake(known=False)
    assert {type(each.message) for each in effects} == {NodeHeartbeat}  # type: ignore[union-attr]
    assert refusals(gate.ask()) == ["GATE_RESTARTED"]


def test_foreign_names_never_make_a_refusal_that_nobody_may_read() -> None:
    """I27: a text that a stranger chose is cut to what the wire carries."""
    gate = Cabinet().arrived()
    effects = gate.ask(vehicle_id="x" * 256, gate_id="y" * 256)
    assert [len(each.detail) <= 256 for each in sends(effects, PermitRefused)] == [True]


def test_reports_name_the_passage() -> None:
    gate = Cabinet().passed()
    said = [each["vehicle"] for each in reports(gate.said, Event.VEHICLE_PASSED)]
    assert said == ["truck-01"]
