"""A truck that asks on its way: judged before it stands at the line, and let in by what is read."""

from typing import Any

import pytest

from contract.events import Event
from contract.limits import ANSWER_KEPT_MS_MAX, NONCE_AGE_MS_MAX
from contract.reasons import Reason
from contract.v1.customs_pb2 import Revocation
from contract.v1.document_pb2 import COUNTRY_CN
from contract.v1.gate_pb2 import Challenge, PermitRefused
from gate.orders import OpenBarrier
from gate.phases import Phase
from tests.factories import a_signer, acts, reports, sends, signed
from tests.gate.cabinet import Cabinet

THERE: dict[str, Any] = {"plate": "truck-01", "seals": ("S-1",)}


def coming() -> Cabinet:
    """Truck-01 is in the cell, not at the line yet, and has asked and answered."""
    cabinet = Cabinet().idle()
    cabinet.wake(cell_vehicles=1)
    cabinet.ask(approaching=True)
    cabinet.answer()
    return cabinet


def risen(cabinet: Cabinet) -> bool:
    return bool(acts(cabinet.said, OpenBarrier))


def refusals(cabinet: Cabinet) -> list[str]:
    return [each.reason for each in sends(cabinet.said, PermitRefused)]


def phase(cabinet: Cabinet) -> Phase:
    return cabinet.agent._cell.phase


def test_truck_that_comes_is_let_in_as_soon_as_it_is_read_at_the_line() -> None:
    """GATE-V1: nothing is left to be said then; the permit is written down before the arm moves."""
    cabinet = coming()
    assert sends(cabinet.said, Challenge)
    assert not refusals(cabinet)
    cabinet.wake()
    assert not risen(cabinet)
    assert "ticket/open" not in cabinet.disk
    out = cabinet.wake(**THERE)
    assert "ticket/open" in cabinet.disk
    kinds = [type(each).__name__ for each in out]
    assert kinds.index("Persist") < kinds.index("Act")
    assert (risen(cabinet), phase(cabinet)) == (True, Phase.OPENING)


def test_arm_never_rises_for_a_truck_that_is_not_at_the_line() -> None:
    """GATE-V1: when its answer is old it is told why, and nobody is kept from asking."""
    cabinet = coming()
    for _ in range(ANSWER_KEPT_MS_MAX // 1_000 - 1):
        cabinet.wake(later_ms=1_000.0)
    assert (refusals(cabinet), phase(cabinet)) == ([], Phase.CHALLENGED)
    cabinet.wake(later_ms=1_100.0)
    assert (refusals(cabinet), phase(cabinet)) == (["NOT_IN_CELL"], Phase.IDLE)
    cabinet.wake(**THERE)
    assert not risen(cabinet)


def test_challenge_of_a_truck_that_comes_dies_unanswered_like_any_other() -> None:
    """GATE-002."""
    cabinet = Cabinet().idle()
    cabinet.ask(approaching=True)
    cabinet.wake(later_ms=NONCE_AGE_MS_MAX + 1.0)
    assert refusals(cabinet) == ["NONCE_EXPIRED"]
    cabinet.answer()
    assert not risen(cabinet)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"nonce": b"x" * 16}, "NONCE_UNKNOWN"),
        ({"releases": []}, "RELEASE_MISSING_KZ"),
        ({"crossing_id": "KZ-2"}, "RELEASE_FOREIGN"),
    ],
)
def test_bad_answer_is_refused_on_the_way_already(answer: dict[str, Any], reason: str) -> None:
    """GATE-V1: it is not kept for the line."""
    cabinet = Cabinet().idle()
    cabinet.wake(cell_vehicles=1)
    cabinet.ask(approaching=True)
    cabinet.answer(**answer)
    assert refusals(cabinet) == [reason]
    cabinet.wake(**THERE)
    assert not risen(cabinet)


def test_release_taken_back_on_the_way_opens_nothing() -> None:
    """GATE-V1, I25: releases are judged anew with what is read."""
    cabinet = coming()
    taken = Revocation(release_id="CN-1", crossing_id="KZ-1", office=COUNTRY_CN, number=1)
    notice = signed(taken, "release/CN")
    assert cabinet.agent._passage.revoke(notice)
    cabinet.wake(**THERE)
    assert refusals(cabinet) == ["RELEASE_REVOKED"]
    assert not risen(cabinet)


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ({"plate": "truck-02", "seals": ("S-1",)}, "PLATE_MISMATCH"),
        ({"plate": "truck-01", "seals": ("S-2",)}, "SEAL_MISMATCH"),
        ({"plate": "truck-01", "seals": ("S-1",), "containers": ("C",)}, "CONTAINER_MISMATCH"),
        ({"plate": "truck-01", "seals": ("S-1",), "cell_vehicles": 2}, "NOT_IN_CELL"),
        ({"plate": "truck-01", "seals": ("S-1",), "loop_occupied": True}, ""),
    ],
)
def test_what_is_read_at_the_line_counts_as_ever(read: dict[str, Any], reason: str) -> None:
    """GATE-V1: the interlock and every comparison are as they were."""
    cabinet = coming()
    cabinet.wake(**read)
    assert not risen(cabinet)
    if reason:
        assert refusals(cabinet)[-1] == reason
    mismatch = reason in ("SEAL_MISMATCH", "CONTAINER_MISMATCH")
    told = reports(cabinet.said, Event.SEALS_DIFFER) + reports(
        cabinet.said, Event.CONTAINER_DIFFERS
    )
    assert bool(told) == mismatch


def test_what_is_still_being_read_is_waited_for_from_when_it_stands_there() -> None:
    """GATE-V1: no asking again meanwhile; and an end, with its reason."""
    cabinet = coming()
    cabinet.wake(later_ms=15_000.0)
    cabinet.wake(unread="plate")
    cabinet.wake(later_ms=15_000.0)
    cabinet.wake(plate="truck-01", unread="seals")
    assert not refusals(cabinet)
    cabinet.wake(later_ms=1_000.0, unread="", **THERE)
    assert risen(cabinet)
    cabinet = coming()
    cabinet.wake(later_ms=20_000.0)
    cabinet.wake(unread="plate")
    cabinet.wake(later_ms=ANSWER_KEPT_MS_MAX + 1.0)
    assert refusals(cabinet) == ["PLATE_UNREAD"]
    assert not risen(cabinet)


def test_who_stands_at_the_line_goes_before_who_says_that_it_comes() -> None:
    """GATE-V1: and not the other way about."""
    cabinet = Cabinet().idle()
    cabinet.ask("truck-02", approaching=True, crossing_id="KZ-2")
    cabinet.wake(cell_vehicles=1, **THERE)
    cabinet.ask()
    (displaced,) = sends(cabinet.said, PermitRefused, to="truck-02")
    assert displaced.reason == Reason.GATE_BUSY.name
    cabinet.ask("truck-02", approaching=True, crossing_id="KZ-2", attempt=2)
    assert sends(cabinet.said, PermitRefused, to="truck-02")[-1].reason == Reason.GATE_BUSY.name
    cabinet.answer()
    assert risen(cabinet)


def test_answer_does_not_outlive_a_restart_of_the_gate() -> None:
    """GATE-V1, GATE-007: it is asked anew."""
    cabinet = coming()
    cabinet.start()
    cabinet.wake(**THERE)
    cabinet.wake()
    assert not risen(cabinet)
    cabinet.ask(attempt=2)
    cabinet.answer(attempt=2)
    assert risen(cabinet)


def test_truck_that_asks_anew_at_the_line_is_answered_anew() -> None:
    """GATE-V1: it has restarted; the kept answer counts no more."""
    cabinet = coming()
    cabinet.ask(attempt=2)
    cabinet.wake(**THERE)
    assert not risen(cabinet)
    cabinet.answer(attempt=2)
    assert risen(cabinet)


def test_truck_that_does_not_say_that_it_comes_is_refused_unseen() -> None:
    """GATE-V1: as before."""
    cabinet = Cabinet().idle()
    cabinet.wake(cell_vehicles=1)
    cabinet.ask()
    cabinet.answer()
    assert refusals(cabinet) == ["NOT_IN_CELL"]
    cabinet.wake(**THERE)
    assert not risen(cabinet)


def test_signer_of_the_answer_is_the_sender_of_the_envelope() -> None:
    """GATE-002: another truck's answer leaves the kept one as it is."""
    cabinet = coming()
    cabinet.answer("truck-02", vehicle_id="truck-02")
    cabinet.wake(**THERE)
    assert risen(cabinet)
    assert cabinet.agent._cell.ticket is not None
    assert cabinet.agent._cell.ticket.vehicle_key_id == a_signer("truck-01").key_id
