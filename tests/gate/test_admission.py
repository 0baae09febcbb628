"""An entry gate and a truck that was refused past the line: in, to be returned, and only so."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest

from contract.agent import Effect, Now
from contract.events import Event
from contract.limits import RETURN_PAPERS_MAX
from contract.release import Claimant, Cleared
from contract.signing import digest
from contract.sites import exit_detector, sites
from contract.v1.customs_pb2 import DecisionNotice, Refusal, Revocation
from contract.v1.document_pb2 import (
    COUNTRY_CN,
    COUNTRY_KZ,
    DIRECTION_EAST,
    DIRECTION_WEST,
    Document,
)
from contract.v1.gate_pb2 import Challenge, PassageRequest, PermitRefused, PermitRequest
from gate.admission import Admission
from gate.agent import GateAgent, GateConfig
from gate.orders import Barrier, Detector, GateReading
from tests.factories import (
    a_boot,
    a_now,
    a_release,
    a_roster,
    a_signer,
    a_subject,
    after_commit,
    both_releases,
    reason_of,
    received,
    release_keys,
    reports,
    sends,
    signed,
    the_map,
)

BACK = "CN-back-1"
OF_TRUCK = Claimant("KZ-1", "truck-01", a_signer("truck-01").key_id)


def a_refusal(**changes: Any) -> Refusal:
    values: dict[str, Any] = {
        "refusal_id": "R-1",
        "office": COUNTRY_CN,
        "crossing_id": "KZ-1",
        "declaration_sha256": digest(b"a declaration"),
        "reason": "REFUSED_BY_OFFICER",
        "return_crossing_id": BACK,
    }
    return Refusal(**(values | changes))


def of_return(**changes: Any) -> list[Document]:
    """Both releases of the return."""
    subject = a_subject(**({"crossing_id": BACK, "direction": DIRECTION_WEST} | changes))
    return both_releases(subject)


def papers(**changes: Any) -> list[Document]:
    return [signed(a_refusal(), "release/CN"), *of_return(**changes)]


def admission(documents: Sequence[Document]) -> Admission:
    found = Admission(release_keys())
    for document in documents:
        found.note(document)
    return found


def judged(documents: Sequence[Document], *, now: Now | None = None, **more: Any) -> Any:
    return admission(documents).judge(OF_TRUCK, now=now or a_now(), revoked=more.get("revoked", ()))


def test_refusal_and_both_releases_of_the_return_let_the_truck_in() -> None:
    """GATE-014."""
    assert isinstance(judged(papers()), Cleared)


@pytest.mark.parametrize("kept", [each for n in range(3) for each in combinations(range(3), n)])
def test_no_proper_part_of_the_papers_lets_anybody_in(kept: tuple[int, ...]) -> None:
    """GATE-014: neither office alone, and not both without a refusal."""
    assert reason_of(judged([papers()[index] for index in kept]))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vehicle_id": "truck-02"}, "RELEASE_FOREIGN"),
        ({"vehicle_key_id": a_signer("truck-02").key_id}, "RELEASE_FOREIGN"),
        ({"declaration_sha256": digest(b"another")}, "RELEASE_DIFFERS"),
        ({"crossing_id": "CN-back-2"}, "RELEASE_MISSING_KZ"),
    ],
)
def test_return_of_another_vehicle_key_or_declaration_lets_nobody_in(
    changes: dict[str, Any], reason: str
) -> None:
    """GATE-014."""
    assert reason_of(judged(papers(**changes))) == reason


def test_revoked_or_expired_release_of_a_return_lets_nobody_in() -> None:
    assert reason_of(judged(papers(), revoked={("KZ", "KZ-1")})) == "RELEASE_REVOKED"
    late = a_now(2 * 3_600_000.0)
    assert reason_of(judged(papers(), now=late)) == "RELEASE_EXPIRED"


@pytest.mark.parametrize("by", ["release/KZ", "office-cn", "supervisor"])
def test_papers_that_their_own_office_did_not_sign_are_not_kept(by: str) -> None:
    """I8."""
    forged = signed(a_refusal(), by)
    assert admission([forged, *of_return()]).papers.keys().isdisjoint({"return/refusal/KZ-1"})
    other = signed(a_release("CN", a_subject(crossing_id=BACK)), by)
    assert not admission([other]).papers


def test_refusal_without_a_return_and_one_that_names_itself_let_nobody_in() -> None:
    alone = signed(a_refusal(return_crossing_id=""), "release/CN")
    assert not admission([alone]).papers
    itself = [signed(a_refusal(return_crossing_id="KZ-1"), "release/CN"), *both_releases()]
    assert reason_of(judged(itself)) == "RELEASE_FOREIGN"


def test_papers_are_bounded_and_the_oldest_go_first() -> None:
    """I27."""
    found = Admission(release_keys())
    for number in range(RETURN_PAPERS_MAX + 2):
        found.note(signed(a_refusal(crossing_id=f"KZ-{number}"), "release/CN"))
    assert len(found.papers) == RETURN_PAPERS_MAX
    assert "return/refusal/KZ-0" not in found.papers


# --- through the gate's agent ---


class Gate:
    """One gate with truck-01 at its line, which carries releases that were taken back."""

    def __init__(self, name: str = "cn_in") -> None:
        self.name = name
        self.disk: dict[str, bytes] = {}
        self.said: list[Effect] = []
        self.at_ms = 0.0
        self.boots = 0
        self.start()
        for office in ("KZ", "CN"):
            revocation = Revocation(
                number=1,
                office=COUNTRY_KZ if office == "KZ" else COUNTRY_CN,
                crossing_id="KZ-1",
                release_id="old",
            )
            self.told(signed(revocation, f"release/{office}"))

    def start(self) -> None:
        self.boots += 1
        config = GateConfig(
            self.name,
            "supervisor",
            ("office-kz", "office-cn"),
            sites(the_map())[self.name].stations,
        )
        self.agent = GateAgent(config, a_signer(self.name), a_roster(), the_map())
        boot = a_boot(self.name, self.boots)
        self.done(self.agent.on_start(a_now(self.at_ms), boot, dict(self.disk)))

    def done(self, effects: Any) -> None:
        out = list(effects)
        self.disk = after_commit(self.disk, out)
        self.said += out

    def told(self, document: Document) -> None:
        notice = received("supervisor", DecisionNotice(decision=document))
        self.done(self.agent.on_message(a_now(self.at_ms), notice))

    def wake(self, **changes: Any) -> None:
        self.at_ms += 100.0
        values: dict[str, Any] = {
            "barrier": Barrier.CLOSED,
            "loop_occupied": False,
            "plate": "",
            "seals": (),
            "cell_vehicles": 0,
            "detectors": {exit_detector(the_map(), the_map().gates[self.name]): Detector(1, False)},
        }
        self.done(self.agent.on_wake(a_now(self.at_ms), GateReading(**(values | changes))))

    def asks(self, **seen: Any) -> str:
        """The reason of the refusal; empty if the permit was consumed."""
        self.wake()
        self.wake(**({"plate": "truck-01", "seals": ("S-1",), "cell_vehicles": 1} | seen))
        who = {"gate_id": self.name, "crossing_id": "KZ-1", "vehicle_id": "truck-01", "attempt": 1}
        ask = received("truck-01", PassageRequest(**who))
        self.done(self.agent.on_message(a_now(self.at_ms), ask))
        challenge = sends(self.said, Challenge)[-1]
        stale = both_releases(a_subject(direction=DIRECTION_EAST), release_id="old")
        answer = PermitRequest(**who, nonce=challenge.nonce, releases=stale)
        self.done(self.agent.on_message(a_now(self.at_ms), received("truck-01", answer)))
        refused = sends(self.said, PermitRefused)
        return refused[-1].reason if refused else ""


def test_entry_gate_admits_the_truck_that_is_to_be_returned() -> None:
    """GATE-014: it is said, and the permit is for the crossing the truck is on."""
    gate = Gate()
    for paper in papers():
        gate.told(paper)
    assert gate.asks() == ""
    (said,) = reports(gate.said, Event.RETURN_ADMITTED)
    assert (said["crossing"], said["return_crossing"]) == ("KZ-1", BACK)
    assert reports(gate.said, Event.PERMIT_CONSUMED)[0]["crossing"] == "KZ-1"


def test_papers_of_a_return_outlive_a_restart_of_the_gate() -> None:
    gate = Gate()
    for paper in papers():
        gate.told(paper)
    gate.start()
    assert gate.asks() == ""


@pytest.mark.parametrize(
    ("seen", "reason"),
    [({"plate": "truck-02"}, "PLATE_MISMATCH"), ({"seals": ("S-2",)}, "SEAL_MISMATCH")],
)
def test_plate_and_seals_count_for_a_return_too(seen: dict[str, Any], reason: str) -> None:
    gate = Gate()
    for paper in papers():
        gate.told(paper)
    assert gate.asks(**seen) == reason


def test_return_leads_the_other_way() -> None:
    """GATE-014: releases in the gate's own direction are no return's."""
    gate = Gate()
    for paper in papers(direction=DIRECTION_EAST):
        gate.told(paper)
    assert gate.asks() in ("RELEASE_FOREIGN", "RELEASE_REVOKED", "NO_READMISSION")


def test_gate_that_was_told_nothing_says_why_the_truck_s_own_releases_do_not_count() -> None:
    assert Gate().asks() == "RELEASE_REVOKED"


@pytest.mark.parametrize("kept", [False, True])
def test_exit_gate_knows_no_returns(kept: bool) -> None:
    """I7: the neutral zone is entered by the two releases of the crossing itself, even if somehow
    the gate has kept the papers of a return.
    """
    gate = Gate("kz_out")
    for paper in papers():
        gate.told(paper)
        if kept:
            gate.agent._passage.admission.note(paper)
    assert gate.asks() == "RELEASE_REVOKED"
