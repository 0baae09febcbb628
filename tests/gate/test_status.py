"""The trader's question: what a log makes of a declaration, and how the command says it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contract.agent import Send
from contract.v1.customs_pb2 import StatusQuery, StatusReply, StatusRow
from gate.cli.status import Asker, main
from gate.cli.status_case import Told
from gate.cli.status_rows import is_open, rows_of
from tests.factories import a_boot, a_now, received

FILED = ("terminal-kz", "declaration_filed", {"declaration": "D-1", "vehicle": "truck-01"})
TAKEN = ("declaration_accepted", {"declaration": "D-1", "version": 1, "vehicle": "truck-01"})
Line = tuple[str, str, dict[str, Any]]


def a_log(*lines: Line) -> list[Told]:
    """One line a second, all of crossing KZ-1."""
    return [
        Told(1_000 * k, node, event, {"crossing": "KZ-1", **fields})
        for k, (node, event, fields) in enumerate(lines)
    ]


def row(*lines: Line) -> StatusRow:
    """What the log makes of D-1 after both offices have taken it in."""
    taken: list[Line] = [(office, *TAKEN) for office in ("office-kz", "office-cn")]
    return rows_of(a_log(FILED, *taken, *lines))["D-1"]


def held(office: str, reason: str) -> Line:
    return office, "crossing_held", {"reason": reason, "channel": "yellow", "rules": "a, b"}


def waits(reason: str, holder: str = "") -> Line:
    fields = {"vehicle": "truck-01", "reason": reason, "resource": "zone", "holder": holder}
    return "supervisor", "vehicle_waits", fields


def pause(said: StatusRow) -> tuple[str, int, str, str, str]:
    return said.stage, said.since_utc_ms, said.reason, said.owner, said.lifted_by


RELEASED: Line = ("office-kz", "crossing_released", {"release": "R-1", "rules": ""})
FINISHED: Line = ("supervisor", "crossing_finished", {"berth": "cn_a01", "took_ms": 90_000})


def test_declaration_that_was_taken_in_waits_for_the_offices_that_have_not_decided() -> None:
    said = row()
    assert (said.declaration_id, said.crossing_id, said.vehicle_id) == ("D-1", "KZ-1", "truck-01")
    both = ("being assessed", 0, "CLEARANCE_PENDING", "office-kz, office-cn", "both releases")
    assert pause(said) == both
    assert row(RELEASED).owner == "office-cn"
    assert [step.stage for step in said.history][1:] == [
        "accepted by office-kz",
        "accepted by office-cn",
    ]


def test_hold_names_its_office_and_what_lifts_it() -> None:
    said = row(held("office-cn", "DOCUMENT_CONTROL"))
    lifted_by = "the officer's decision"
    expected = ("held by office-cn", 3_000, "DOCUMENT_CONTROL", "office-cn", lifted_by)
    assert pause(said) == expected
    assert list(said.rules) == ["office-cn: a", "office-cn: b"]


def test_since_is_the_first_word_of_the_same_hold() -> None:
    said = row(held("office-cn", "DOCUMENT_CONTROL"), held("office-cn", "DOCUMENT_CONTROL"))
    assert said.since_utc_ms == 3_000
    said = row(held("office-cn", "DOCUMENT_CONTROL"), held("office-cn", "OFFICER_HOLD"))
    assert (said.since_utc_ms, said.reason) == (4_000, "OFFICER_HOLD")


def test_release_of_one_office_does_not_lift_the_hold_of_the_other() -> None:
    assert row(held("office-cn", "DOCUMENT_CONTROL"), RELEASED).stage == "held by office-cn"
    assert row(held("office-kz", "DOCUMENT_CONTROL"), RELEASED).stage == "being assessed"


def test_release_taken_back_is_a_hold_again() -> None:
    revoked = ("office-kz", "release_revoked", {"release": "R-1", "reason": "DECLARATION_AMENDED"})
    assert row(RELEASED, revoked).reason == "DECLARATION_AMENDED"


def test_refusal_outweighs_a_hold_and_an_end_outweighs_both() -> None:
    refused = ("office-kz", "crossing_refused", {"reason": "REFUSED_BY_OFFICER", "rules": ""})
    lines = [held("office-cn", "DOCUMENT_CONTROL"), refused]
    assert row(*lines).stage == "refused by office-kz"
    said = row(*lines, waits("ZONE_OCCUPIED"), FINISHED)
    assert pause(said) == ("handed over", 6_000, "", "", "")


UNTIL_MS = 1_772_431_200_000  # 2 March 2026, 06:00 UTC


def test_postponed_crossing_names_the_clock_and_the_hour() -> None:
    later = {"reason": "OFFICE_CLOSED", "until_utc_ms": UNTIL_MS}
    postponed = ("office-cn", "crossing_postponed", later)
    said = row(postponed, held("office-cn", "OFFICE_CLOSED"))
    assert (said.stage, said.reason) == ("postponed by office-cn", "OFFICE_CLOSED")
    assert said.lifted_by == "the clock, at 02 March 2026 06:00 UTC"
    assert not row(postponed, RELEASED, ("office-cn", *RELEASED[1:])).reason


def test_refusal_of_which_overruling_was_asked_names_whom_it_takes() -> None:
    refused = ("office-kz", "crossing_refused", {"reason": "REFUSED_BY_OFFICER", "rules": ""})
    asked = ("office-kz", "overrule_asked", {"officer": "o-2", "refused_by": "o-1"})
    said = row(refused, asked)
    assert said.stage == "refused by office-kz"
    assert said.lifted_by == "a second officer, who is neither o-2 nor o-1"
    assert said.history[-1].stage == "overruling asked for at office-kz"


def test_agency_that_is_awaited_or_says_no_is_named_as_the_owner() -> None:
    pending = held("office-cn", "ENDORSEMENT_PENDING")
    asked = ("office-cn", "endorsement_asked", {"agencies": "veterinary phytosanitary"})
    assert row(pending, asked).owner == "veterinary, phytosanitary of office-cn"
    no = {"agency": "veterinary", "endorsed": False, "reason": "CERTIFICATE_MISSING"}
    said = row(
        pending,
        asked,
        ("office-cn", "endorsement_taken", no),
        held("office-cn", "ENDORSEMENT_REFUSED"),
    )
    assert (said.reason, said.owner) == ("ENDORSEMENT_REFUSED", "veterinary of office-cn")
    yes = ("office-cn", "endorsement_taken", {"agency": "veterinary", "endorsed": True})
    assert row(yes).history[-1].stage == "endorsed by veterinary of office-cn"


def test_transit_and_the_offices_own_end_are_lines_of_the_history() -> None:
    moved = {"reference": "XK1", "amount_eur": 60_000, "transit": "seal"}
    said = row(("office-kz", "transit_moved", moved), FINISHED, ("office-kz", "crossing_ended", {}))
    assert [(step.stage, step.detail) for step in said.history][-3:] == [
        ("transit: seal at office-kz", "XK1, guarantee of 60000 EUR"),
        ("handed over", "at cn_a01, 90 s on its way"),
        ("closed by office-kz", ""),
    ]
    assert said.stage == "handed over"


def test_refused_truck_is_not_handed_over_until_it_is_taken_back() -> None:
    refused = ("office-cn", "crossing_refused", {"reason": "REFUSED_BY_OFFICER", "rules": ""})
    ordered = ("office-cn", "return_ordered", {"crossing": "KZ-1-R", "returns": "KZ-1"})
    there = ("supervisor", "crossing_finished", {"berth": "cn_a01", "outcome": "refused"})
    said = row(refused, ordered, there)
    assert (said.stage, said.reason) == ("refused by office-cn", "REFUSED_BY_OFFICER")
    back = {"crossing": "KZ-1-R"}
    released = ("office-cn", "crossing_released", {"release": "R-2", "rules": "", **back})
    assert row(refused, ordered, released).stage == "refused by office-cn"
    home = ("supervisor", "crossing_finished", {"berth": "kz_a01", "outcome": "cleared", **back})
    said = row(refused, ordered, there, released, home)
    assert (said.stage, said.reason) == ("taken back", "")
    assert not is_open(said)


def test_wait_on_the_road_names_the_holder_and_ends_when_it_goes_on() -> None:
    goes_on = ("supervisor", "vehicle_goes_on", {"reason": "ZONE_OCCUPIED", "waited_ms": 1_000})
    called = ("supervisor", "mission_given", {"vehicle": "truck-01", "berth": "cn_a01"})
    said = row(called, waits("ZONE_OCCUPIED", "truck-02"))
    assert (said.stage, said.reason, said.owner) == ("on its way", "ZONE_OCCUPIED", "truck-02")
    assert row(called, waits("ZONE_OCCUPIED", "truck-02"), goes_on).reason == ""
    assert row(called, waits("ZONE_OCCUPIED")).owner == "vehicle", "the reason's own"


def test_declaration_that_is_refused_for_its_faults_is_the_terminals_move() -> None:
    fields = {"declaration": "D-1", "reason": "DECLARATION_FAULTY", "detail": "$.seals: none"}
    said = rows_of(a_log(FILED, ("office-kz", "declaration_refused", fields)))["D-1"]
    assert (said.stage, said.owner) == ("not accepted by office-kz", "terminal")
    assert "$.seals: none" in said.history[-1].detail


def test_events_and_reasons_that_are_not_known_are_passed_on() -> None:
    strange = ("agencies-kz", "endorsement_given", {"severity": "info", "agency": "veterinary"})
    said = row(strange, held("office-kz", "A_REASON_TO_COME"))
    assert said.history[3].stage == "endorsement given by agencies-kz"
    assert (said.reason, said.owner) == ("A_REASON_TO_COME", "office-kz")


def test_events_of_no_declaration_are_nobodys() -> None:
    assert rows_of([Told(0, "supervisor", "vehicle_waits", {"crossing": "KZ-9"})]) == {}


# --- the command, over a run folder ---


def a_folder(place: Path, *lines: Line) -> Path:
    events = [
        {"t": told.at_utc_ms / 1_000.0, "node": told.node, "event": told.event, **told.fields}
        for told in a_log(*lines)
    ]
    text = "".join(json.dumps(each) + "\n" for each in events)
    (place / "events.jsonl").write_text(text)
    start = "[time]\nstart = 2026-03-02T08:00:00+05:00\n"
    (place / "scenario.resolved.toml").write_text(start)
    return place


def asked(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_question_is_answered_in_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_folder(tmp_path, FILED, ("office-kz", *TAKEN), held("office-kz", "DOCUMENT_CONTROL"))
    code, out, err = asked(capsys, "D-1", "--from", tmp_path)
    assert (code, err) == (0, "")
    assert "stage        held by office-kz, since 2026-03-02 03:00:02 UTC" in out
    assert "reason       DOCUMENT_CONTROL: an officer checks the documents" in out
    assert "whose move   office-kz" in out
    assert "lifted by    the officer's decision" in out
    assert asked(capsys, "KZ-1", "--from", tmp_path)[1] == out, "by its crossing, too"
    told = json.loads(asked(capsys, "D-1", "--from", tmp_path, "--json")[1])
    assert (told["stage"], told["ledger"]) == ("held by office-kz", [])


def test_unknown_declaration_is_told_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_folder(tmp_path, FILED)
    code, out, err = asked(capsys, "D-2", "--from", tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("no declaration 'D-2' is known to ")
    assert err.strip().endswith("; the nearest is D-1")


def test_without_a_declaration_all_that_is_open_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_folder(tmp_path, FILED, held("office-kz", "DOCUMENT_CONTROL"))
    code, out, _ = asked(capsys, "--from", tmp_path)
    assert code == 0
    assert out.splitlines()[1].split()[:2] == ["D-1", "truck-01"]
    a_folder(tmp_path, FILED, FINISHED)
    assert asked(capsys, "--from", tmp_path)[1] == "nothing is open\n"
    assert json.loads(asked(capsys, "--from", tmp_path, "--json")[1])["open"] == []


@pytest.mark.parametrize("text", ["no json\n", "[]\n", '{"t": 1}\n', '{"t": "x", "node": "a"}\n'])
def test_what_is_no_log_is_unusable(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events.jsonl").write_text(text)
    code, out, err = asked(capsys, "D-1", "--from", tmp_path)
    assert (code, out) == (2, "")
    assert "events.jsonl:1: no line of a log" in err


@pytest.mark.parametrize(
    "words", [["D-1"], ["--from", "x", "--config", "y"], ["--from", "no/such"], ["--config", "no"]]
)
def test_question_to_nobody_is_unusable(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = asked(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("convoy-office status: ")


# --- the command, live: what is asked of an office ---


def converse(wanted: str, answers: Sequence[StatusReply]) -> tuple[Asker, list[StatusQuery]]:
    """An asker and an office that has these answers ready."""
    asker = Asker("office-kz", wanted)
    effects = [*asker.on_start(a_now(), a_boot(), {})]
    queries = []
    for answer in answers:
        (send,) = effects
        assert isinstance(send, Send)
        assert isinstance(send.message, StatusQuery)
        queries.append(send.message)
        answer.query = send.message.query
        effects = [*asker.on_message(a_now(), received("office-kz", answer))]
    return asker, queries


def test_first_answer_with_rows_ends_the_conversation() -> None:
    reply = StatusReply(rows=[StatusRow(declaration_id="D-1")])
    asker, queries = converse("D-1", [reply])
    assert (asker.done, asker.found, asker.answer) == (True, True, reply)
    assert queries[0].declaration_id == "D-1"


def test_unknown_declaration_is_asked_for_as_a_crossing_and_then_what_there_is() -> None:
    listed = StatusReply(rows=[StatusRow(declaration_id="D-1")])
    asker, queries = converse("X", [StatusReply(), StatusReply(), listed])
    assert [(q.declaration_id, q.crossing_id) for q in queries] == [("X", ""), ("", "X"), ("", "")]
    assert (asker.done, asker.found) == (True, False)


def test_answers_of_others_and_to_other_questions_are_not_taken() -> None:
    asker = Asker("office-kz", "")
    reply = StatusReply(query=3)
    for sender, message in (
        ("office-cn", reply),
        ("office-kz", StatusReply(query=9)),
        ("office-kz", StatusQuery(query=3)),
    ):
        assert asker.on_message(a_now(), received(sender, message)) == []
        assert not asker.done
    asker.on_message(a_now(), received("office-kz", reply))
    assert asker.done
