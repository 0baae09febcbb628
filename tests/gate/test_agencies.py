"""The agencies' counter: what is asked, judged, signed, told again, and not taken from anybody."""

from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from contract.agent import NS_PER_MS, Persist, Send
from contract.events import Event
from contract.reasons import Reason
from contract.signing import digest
from contract.topics import BY_KIND
from contract.v1 import customs_pb2
from contract.v1.customs_pb2 import (
    AGENCY_BORDER_GUARD,
    AGENCY_PHYTOSANITARY,
    AGENCY_TRANSPORT_CONTROL,
    AGENCY_VETERINARY,
    EndorsementNotice,
    EndorsementRequest,
)
from contract.v1.document_pb2 import COUNTRY_KZ
from contract.v1.envelope_pb2 import NodeHeartbeat
from gate.office import agency_files
from gate.office.agency_files import crossing_of_paper, read_paper
from gate.office.orders import AskDesk, DeskOutcome, Ruling
from tests.factories import ROLES, START_MONO_MS, acts, filled, reports, sends, signed
from tests.gate.counter import CHECK_MS, Counter, a_request, given, of_seed, papers

PAPER = "KZ-1#1#phytosanitary"


def at_desk(**changes: Any) -> Counter:
    """A counter with a declaration that lacks its certificate, before a person."""
    counter = Counter()
    counter.asked(of_seed(certificates=[], **changes))
    return counter


# --- the answer of the rules ---


def test_valid_certificate_is_endorsed_in_seconds_without_a_person() -> None:
    """OFF-021."""
    counter = Counter()
    assert not given(counter.hear(a_request()))
    assert not given(counter.wake(later_ms=CHECK_MS - 1))
    effects = counter.wake(later_ms=1)
    (yes,) = given(effects)
    assert yes.side == COUNTRY_KZ
    assert yes.agency == AGENCY_PHYTOSANITARY
    assert yes.crossing_id == "KZ-1"
    assert yes.declaration_sha256 == digest(a_request().declaration.payload)
    assert (yes.endorsed, yes.reason) == (True, "")
    assert not acts(counter.said)
    assert reports(effects, Event.ENDORSEMENT_GIVEN)[0]["officer"] == "rules"


def test_endorsement_is_written_down_before_it_is_told() -> None:
    """OFF-022."""
    effects = Counter().asked()
    kinds = [type(each) for each in effects]
    told = [isinstance(each, Send) and type(each.message) is EndorsementNotice for each in effects]
    assert kinds.index(Persist) < told.index(True)


def test_all_four_agencies_answer_for_themselves() -> None:
    """OFF-021."""
    counter = Counter()
    agencies = (
        AGENCY_TRANSPORT_CONTROL,
        AGENCY_BORDER_GUARD,
        AGENCY_PHYTOSANITARY,
        AGENCY_VETERINARY,
        AGENCY_BORDER_GUARD,
    )
    answers = given(counter.asked(of_seed(crew_count=1), agencies=agencies))
    said = {each.agency: (each.endorsed, each.reason) for each in answers}
    assert said == {
        AGENCY_PHYTOSANITARY: (True, ""),
        AGENCY_BORDER_GUARD: (False, "CREW_DECLARED"),
        AGENCY_TRANSPORT_CONTROL: (True, ""),
    }
    (paper,) = acts(counter.said, AskDesk)
    assert paper == AskDesk("KZ-1#1#veterinary", "GOODS_NOT_LISTED")


def test_agency_that_was_not_asked_says_nothing() -> None:
    counter = Counter()
    answers = given(counter.asked(agencies=[AGENCY_TRANSPORT_CONTROL]))
    assert [each.agency for each in answers] == [AGENCY_TRANSPORT_CONTROL]


# --- a person ---


def test_missing_certificate_is_laid_before_a_person_with_its_reason() -> None:
    """OFF-021."""
    counter = at_desk()
    assert acts(counter.said) == [AskDesk(PAPER, "CERTIFICATE_MISSING")]
    (said,) = reports(counter.said, Event.ENDORSEMENT_DEFERRED)
    assert said["reason"] is Reason.CERTIFICATE_MISSING
    assert not papers(counter.wake(later_ms=3_600_000.0))


@pytest.mark.parametrize(
    ("ruling", "endorsed", "reason"),
    [(Ruling.RELEASE, True, ""), (Ruling.REFUSE, False, "REFUSED_BY_AGENCY")],
)
def test_person_decides_and_is_counted(ruling: Ruling, endorsed: bool, reason: str) -> None:
    """OFF-021."""
    counter = at_desk()
    effects = counter.person(PAPER, ruling)
    (answer,) = given(effects)
    assert (answer.endorsed, answer.reason) == (endorsed, reason)
    (said,) = reports(effects, Event.AGENCY_DECIDED)
    assert (said["officer"], said["verdict"]) == ("vet-3", ruling.value)


def test_person_who_wants_more_time_may_decide_later() -> None:
    counter = at_desk()
    assert not papers(counter.person(PAPER, Ruling.HOLD))
    assert [each.endorsed for each in given(counter.person(PAPER, Ruling.RELEASE))] == [True]


@pytest.mark.parametrize(
    ("paper", "reason"),
    [
        ("KZ-9#1#phytosanitary", Reason.CROSSING_UNKNOWN),
        ("KZ-1#2#phytosanitary", Reason.CROSSING_UNKNOWN),
        ("KZ-1#1#veterinary", Reason.CROSSING_UNKNOWN),
        ("KZ-1#one#phytosanitary", Reason.CROSSING_UNKNOWN),
        ("KZ-1#²#phytosanitary", Reason.CROSSING_UNKNOWN),
        ("KZ-1#1#nobody", Reason.CROSSING_UNKNOWN),
        ("KZ-1", Reason.CROSSING_UNKNOWN),
        ("", Reason.CROSSING_UNKNOWN),
    ],
)
def test_word_about_no_paper_of_ours_decides_nothing(paper: str, reason: Reason) -> None:
    """OFF-022."""
    counter = at_desk()
    effects = counter.person(paper, Ruling.RELEASE)
    assert not papers(effects)
    assert [each["reason"] for each in reports(effects, Event.DESK_DECLINED)] == [reason]


def test_person_decides_once() -> None:
    """OFF-022."""
    counter = at_desk()
    counter.person(PAPER, Ruling.REFUSE)
    effects = counter.person(PAPER, Ruling.RELEASE)
    assert not papers(effects)
    assert [each["reason"] for each in reports(effects, Event.DESK_DECLINED)] == [
        Reason.NOT_AT_DESK
    ]


def test_person_does_not_pass_what_the_rules_forbid() -> None:
    """OFF-021."""
    counter = Counter()
    counter.asked(of_seed(crew_count=2), agencies=[AGENCY_BORDER_GUARD])
    assert not papers(counter.person("KZ-1#1#border_guard", Ruling.RELEASE))


# --- again, later, anew ---


def test_same_declaration_gets_the_same_endorsement_byte_for_byte() -> None:
    """OFF-022."""
    counter = Counter()
    first = papers(counter.asked())
    counter.at_ms += 100 * 3_600_000.0  # the certificate has expired since
    assert papers(counter.hear(a_request())) == first
    assert not papers(counter.wake(later_ms=CHECK_MS))


def test_question_asked_twice_while_checking_is_answered_once() -> None:
    counter = Counter()
    counter.hear(a_request())
    counter.hear(a_request())
    assert len(papers(counter.wake(later_ms=CHECK_MS))) == 1


@pytest.mark.parametrize("ruling", list(Ruling))
def test_decision_about_an_older_version_is_nobodys(ruling: Ruling) -> None:
    """OFF-022."""
    counter = at_desk()
    counter.hear(a_request(of_seed(version=2, certificates=[], gross_mass_kg=36_001)))
    assert not papers(counter.person(PAPER, ruling))
    counter.wake(later_ms=CHECK_MS)
    (answer,) = given(counter.person("KZ-1#2#phytosanitary", Ruling.RELEASE))
    paper = signed(of_seed(version=2, certificates=[], gross_mass_kg=36_001), "terminal-kz")
    assert answer.declaration_sha256 == digest(paper.payload)


def test_amended_declaration_is_judged_anew() -> None:
    """OFF-022."""
    counter = Counter()
    (yes,) = given(counter.asked())
    amended = of_seed(version=2, gross_mass_kg=36_001)
    (again,) = given(counter.asked(amended))
    assert again.endorsed
    assert again.declaration_sha256 != yes.declaration_sha256
    assert again.endorsement_id != yes.endorsement_id


def test_amendment_while_checking_leaves_the_old_version_unanswered() -> None:
    """OFF-022."""
    counter = Counter()
    counter.hear(a_request())
    counter.at_ms += CHECK_MS / 2
    amended = of_seed(version=2)
    counter.hear(a_request(amended))
    assert not papers(counter.wake(later_ms=CHECK_MS / 2))
    (answer,) = given(counter.wake(later_ms=CHECK_MS / 2))
    assert answer.declaration_sha256 == digest(signed(amended, "terminal-kz").payload)


def test_agency_that_the_new_version_does_not_concern_is_silent() -> None:
    """OFF-022."""
    counter = Counter()
    counter.hear(a_request(agencies=[AGENCY_PHYTOSANITARY, AGENCY_VETERINARY]))
    counter.hear(a_request(of_seed(version=2)))
    answers = given(counter.wake(later_ms=CHECK_MS))
    assert [each.agency for each in answers] == [AGENCY_PHYTOSANITARY]
    assert not acts(counter.said)


@pytest.mark.parametrize("version", [1, 2])
def test_older_or_second_text_of_a_version_is_refused(version: int) -> None:
    """OFF-023."""
    counter = Counter()
    counter.asked(of_seed(version=2))
    before = dict(counter.disk)
    effects = counter.asked(of_seed(version=version, gross_mass_kg=35_000))
    assert not papers(effects)
    refused = reports(counter.said, Event.MESSAGE_REFUSED)
    assert [each["reason"] for each in refused] == [Reason.DECLARATION_AMENDED]
    assert counter.disk == before


# --- restarts ---


def test_restart_while_checking_still_answers() -> None:
    """OFF-022."""
    counter = Counter()
    counter.hear(a_request())
    counter.start()
    assert len(given(counter.wake(later_ms=CHECK_MS))) == 1


def test_restart_asks_the_person_again() -> None:
    """OFF-022."""
    counter = at_desk()
    assert acts(counter.start()) == [AskDesk(PAPER, "CERTIFICATE_MISSING")]
    assert [each.endorsed for each in given(counter.person(PAPER, Ruling.RELEASE))] == [True]


def test_restart_gives_the_same_endorsement_again() -> None:
    """OFF-022."""
    counter = Counter()
    first = papers(counter.asked())
    assert not papers(counter.start())
    assert papers(counter.hear(a_request())) == first


def test_oldest_ended_file_is_forgotten_where_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter()
    monkeypatch.setattr("gate.office.agency.FILES_MAX", 2)
    counter.asked(of_seed(crossing_id="KZ-1", certificates=[]))
    for number in (2, 3, 4):
        counter.asked(of_seed(crossing_id=f"KZ-{number}"))
    assert sorted(k for k in counter.disk if k[:5] == "file/") == ["file/KZ-1", "file/KZ-4"]
    assert agency_files.FILES_MAX > 1_000


# --- what is refused ---


@pytest.mark.parametrize("by", ["office-kz", "agencies-kz", "truck-01", "supervisor", "a thief"])
def test_declaration_that_no_terminal_signed_is_refused(by: str) -> None:
    """OFF-023."""
    counter = Counter()
    effects = counter.asked(by=by)
    assert not papers(effects)
    assert not counter.disk
    (said,) = reports(counter.said, Event.MESSAGE_REFUSED)
    assert said["reason"] is Reason.BAD_SIGNATURE


def test_unsigned_declaration_is_refused() -> None:
    """OFF-023."""
    counter, request = Counter(), a_request()
    del request.declaration.signatures[:]
    counter.hear(request)
    (said,) = reports(counter.said, Event.MESSAGE_REFUSED)
    assert said["reason"] is Reason.UNSIGNED
    assert not counter.disk


@pytest.mark.parametrize("sender", ["office-cn", "supervisor", "terminal-kz", "agencies-cn"])
def test_request_of_anybody_but_our_office_is_refused(sender: str) -> None:
    """OFF-023."""
    counter = Counter()
    effects = counter.hear(a_request(), sender=sender)
    (said,) = reports(effects, Event.MESSAGE_REFUSED)
    assert (said["sender"], said["reason"]) == (sender, Reason.WRONG_RECIPIENT)
    assert not counter.disk
    assert not papers(counter.wake(later_ms=CHECK_MS))


@pytest.mark.parametrize("agencies", [[], [0], [AGENCY_PHYTOSANITARY, 0]])
def test_request_for_no_agency_is_refused(agencies: list[Any]) -> None:
    """OFF-023."""
    counter = Counter()
    effects = counter.hear(a_request(agencies=agencies))
    (said,) = reports(effects, Event.MESSAGE_REFUSED)
    assert said["reason"] is Reason.MALFORMED
    assert not counter.disk


def test_declaration_without_crossing_is_refused() -> None:
    """OFF-023."""
    counter = Counter()
    effects = counter.hear(a_request(of_seed(crossing_id="")))
    (said,) = reports(effects, Event.MESSAGE_REFUSED)
    assert said["reason"] is Reason.DECLARATION_FAULTY
    assert not counter.disk


@over(st.integers(0, 4_000), st.integers(0, 7))
def test_request_with_any_bit_flipped_gets_no_endorsement(byte: int, bit: int) -> None:
    """OFF-023."""
    raw = bytearray(a_request().SerializeToString())
    raw[byte % len(raw)] ^= 1 << bit
    try:
        spoilt = EndorsementRequest.FromString(bytes(raw))
    except Exception:  # noqa: BLE001 - whatever the parser says, the mailbox refuses it
        return
    counter = Counter()
    counter.hear(spoilt)
    answers = given(counter.wake(later_ms=CHECK_MS))
    genuine = a_request().declaration
    if (spoilt.declaration.payload, spoilt.declaration.signatures[:1]) != (
        genuine.payload,
        genuine.signatures[:1],
    ):
        assert not answers
    assert {each.agency for each in answers} <= set(spoilt.agencies)


@pytest.mark.parametrize("kind", list(BY_KIND), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sender", sorted(ROLES))
def test_no_message_of_any_kind_moves_it_but_a_request(kind: Any, sender: str) -> None:
    """OFF-023."""
    counter = Counter()
    for message in (kind(), filled(kind)):
        counter.hear(message, sender=sender)
    counter.wake(later_ms=CHECK_MS)
    assert not papers(counter.said)
    assert not counter.disk


# --- signs of life, papers ---


def test_counter_says_that_it_lives_to_supervisor_and_office() -> None:
    counter = Counter()
    effects = counter.wake(later_ms=0.0)
    assert len(sends(effects, NodeHeartbeat, to="supervisor")) == 1
    assert len(sends(effects, NodeHeartbeat, to="office-kz")) == 1
    assert counter.agent.wake_ns == (START_MONO_MS + 5_000) * NS_PER_MS
    assert not sends(counter.wake(later_ms=4_000.0), NodeHeartbeat)


@over(st.text(max_size=20), st.integers(0, 9_999), st.sampled_from((1, 2, 3, 4)))
def test_paper_names_crossing_version_and_agency(crossing: str, version: int, agency: int) -> None:
    paper = agency_files.File(crossing, version, b"", 0).paper(agency)
    assert read_paper(paper) == (crossing, version, agency)
    assert crossing_of_paper(paper) == crossing


@over(st.text(max_size=30))
def test_any_text_is_a_paper_or_none(text: str) -> None:
    assert read_paper(text) is None or read_paper(text)[0] == crossing_of_paper(text)  # type: ignore[index]
    Counter().wake(DeskOutcome(text, Ruling.RELEASE, text))


def test_agencies_are_those_of_the_contract() -> None:
    named = {value for name, value in customs_pb2.Agency.items() if value}
    assert named == {
        AGENCY_VETERINARY,
        AGENCY_PHYTOSANITARY,
        AGENCY_BORDER_GUARD,
        AGENCY_TRANSPORT_CONTROL,
    }
