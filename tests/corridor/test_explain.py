"""Explain: from whoever waits to whoever has the move, and the ring where nobody has it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.agent import Refused, Report
from contract.events import Event
from contract.limits import FRAME_BYTES_MAX
from contract.reasons import Reason
from contract.v1.customs_pb2 import Hold
from contract.v1.document_pb2 import COUNTRY_KZ
from contract.v1.explain_pb2 import ExplainQuery, ExplainReply
from contract.v1.gate_pb2 import BARRIER_STATE_CLOSED, GateReport
from contract.wire import check
from corridor.__main__ import main
from corridor.explain import Book, Waiting, about, book_of, chain_of, cycles, words
from corridor.explain_log import Said, fold
from corridor.interlocking import Claim
from corridor.state import Heard
from tests.corridor.control import CROSSINGS, Control
from tests.factories import START_MONO_MS, TRUCKS, reports, sends

A, B, C = TRUCKS


def a_wait(reason: Reason, resource: str = "", holder: str = "", since_ms: int = 0) -> Waiting:
    return Waiting(reason.name, resource, holder, since_ms)


def a_book(waits: dict[str, Waiting], **changes: object) -> Book:
    book = Book(at_ms=60_000, waits=waits, vehicles=dict.fromkeys(TRUCKS))
    for name, value in changes.items():
        setattr(book, name, value)
    return book


def asked(control: Control, name: str = "") -> ExplainReply:
    effects = control.hear("control-room", ExplainQuery(query=7, about=name))
    (reply,) = sends(effects, ExplainReply, to="control-room")
    assert reply.query == 7
    return reply


def test_chain_follows_the_holders_to_the_office_that_has_the_move() -> None:
    """SUP-011."""
    waits = {
        A: a_wait(Reason.ZONE_OCCUPIED, "kz_e_pass", B, 20_000),
        B: a_wait(Reason.DOCUMENT_CONTROL, "KZ-2", "office KZ", 10_000),
    }
    chain = chain_of(a_book(waits), A)
    assert [(link.who, link.reason) for link in chain.links] == [
        (A, "ZONE_OCCUPIED"),
        (B, "DOCUMENT_CONTROL"),
    ]
    assert [link.waited_ms for link in chain.links] == [40_000, 50_000]
    assert [link.party for link in chain.links] == ["vehicle", "office KZ"]
    assert chain.links[1].lifted_by == Reason.DOCUMENT_CONTROL.lifted_by
    assert chain.root == f"office KZ has the move: {Reason.DOCUMENT_CONTROL.lifted_by}"
    assert not chain.cycle


def test_chain_ends_at_a_truck_that_waits_for_nobody() -> None:
    chain = chain_of(a_book({A: a_wait(Reason.VEHICLE_AHEAD, "z", B)}), A)
    assert chain.root == f"{B} waits for nobody"


def test_ring_is_named_once_whoever_is_asked_about() -> None:
    """The third truck waits for the ring and is not in it."""
    waits = {
        A: a_wait(Reason.ZONE_OCCUPIED, "east", B),
        B: a_wait(Reason.ZONE_OCCUPIED, "west", A),
        C: a_wait(Reason.PREDECESSOR_FIRST, "east", A),
    }
    book = a_book(waits)
    assert cycles(book) == [[A, B]]
    for truck in TRUCKS:
        assert sorted(chain_of(book, truck).cycle) == [A, B]
    assert chain_of(book, A).root == f"deadlock: {A} -> {B} -> {A}"


def test_silent_truck_that_holds_itself_up_is_in_no_ring() -> None:
    book = a_book({A: a_wait(Reason.VEHICLE_SILENT, A, A)})
    assert cycles(book) == []
    assert chain_of(book, A).root == f"vehicle has the move: {Reason.VEHICLE_SILENT.lifted_by}"


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefg")))
def test_rings_are_those_that_the_chains_end_in(holder_of: dict[str, str]) -> None:
    """By following every chain of waits to its end."""
    waits = {who: a_wait(Reason.ZONE_OCCUPIED, "z", holder) for who, holder in holder_of.items()}
    rings = {frozenset(chain_of(a_book(waits), who).cycle) for who in waits}
    assert {frozenset(ring) for ring in cycles(a_book(waits))} == rings - {frozenset()}


def test_gate_out_of_order_is_the_end_of_the_chain() -> None:
    book = a_book(
        {A: a_wait(Reason.GATE_FAULT, "kz_out_cell", "kz_out")}, gates={"kz_out": "ARM_OBSTRUCTED"}
    )
    chain = chain_of(book, A)
    assert [(link.who, link.reason) for link in chain.links[1:]] == [("kz_out", "ARM_OBSTRUCTED")]
    assert chain.root == f"operator has the move: {Reason.ARM_OBSTRUCTED.lifted_by}"


def test_office_that_keeps_another_truck_of_the_batch_is_named() -> None:
    """A truck that waits for the other's papers is in no ring with it, though it bars its way."""
    waits = {
        A: a_wait(Reason.BATCH_INCOMPLETE, f"KZ-2 {B}: DOCUMENT_CONTROL", "office CN"),
        B: a_wait(Reason.VEHICLE_AHEAD, "kz_e_pass", A),
    }
    book = a_book(waits, vehicle_of={"KZ-2": B}, holds={"KZ-2": {"CN": "DOCUMENT_CONTROL"}})
    chain = chain_of(book, A)
    (_, link) = chain.links
    assert (link.who, link.party, link.resource) == ("office CN", "office CN", "KZ-2")
    assert chain.root == f"office CN has the move: {Reason.DOCUMENT_CONTROL.lifted_by}"
    assert cycles(book) == []


def test_crossing_is_understood_and_one_that_is_over_says_so() -> None:
    book = a_book(
        {A: a_wait(Reason.NOT_READY, "kz_d01", "terminal")},
        vehicle_of={"KZ-1": A, "KZ-0": B},
        ended={"KZ-0": "cleared"},
    )
    crossing, over, free = about(book, "KZ-1"), about(book, "KZ-0"), about(book, C)
    assert crossing is not None
    assert crossing.links[0].who == A
    assert over is not None
    assert over.root == "KZ-0 has ended: cleared"
    assert free is not None
    assert words(free) == [f"{C}: {C} waits for nobody"]
    assert about(book, "KZ-9") is None


# --- the running supervisor ---


def held() -> Control:
    """A truck at its berth that one office holds."""
    control = Control().accounted()
    control.notice()
    control.loaded()
    control.release("CN")
    control.decision(
        Hold(office=COUNTRY_KZ, crossing_id=CROSSINGS[A], reason="DOCUMENT_CONTROL"), "KZ"
    )
    control.pass_time(5)
    return control


def test_supervisor_tells_an_operator_why_a_crossing_waits() -> None:
    reply = asked(held(), CROSSINGS[A])
    (chain,) = reply.chains
    assert reply.known
    assert (chain.vehicle, chain.crossing) == (A, CROSSINGS[A])
    assert chain.links[-1].reason == "DOCUMENT_CONTROL"
    assert chain.links[0].waited_ms >= 5_000
    assert chain.root.startswith("office KZ has the move")


def test_supervisor_lists_everybody_who_waits_and_names_the_nearest_of_what_it_does_not_know() -> (
    None
):
    control = held()
    assert [chain.vehicle for chain in asked(control).chains] == [A]
    unknown = asked(control, "KZ-77")
    assert not unknown.known
    assert unknown.nearest == CROSSINGS[A]


def interlocked() -> Control:
    """Two convoys, each with the gate cell that only the other one can pass."""
    control = Control()
    control.accounted()
    zones = control.agent.state.zones
    control.under_way(A, B)
    zones.zones.pop("kz_out_cell", None)
    zones.allocate("kz_out_cell", Claim(B, "convoy-2", "E", 36_000))
    control.reaches("kz_weigh_e", A)
    control.scanned("kz_weigh_e", A)
    control.front_at(control.end_m(A), A)
    control.agent.state.wait(control.now, B, Reason.ZONE_OCCUPIED, resource="kz_e_weigh", holder=A)
    return control


def test_planted_deadlock_of_two_convoys_is_named_from_the_interlocking_itself() -> None:
    control = interlocked()
    chain = asked(control, A).chains[0]
    assert chain.links[0].reason == "ZONE_OCCUPIED"
    assert chain.links[0].holder == B
    assert sorted(chain.cycle) == [A, B]
    assert cycles(book_of(control.agent.state, control.now)) == [[A, B]]


def test_log_tells_the_same_as_the_supervisor() -> None:
    """Every wait, holder and reason; the clock of a log begins with it."""
    control = interlocked()
    control.hear(
        "kz_out",
        GateReport(gate_id="kz_out", barrier=BARRIER_STATE_CLOSED, reason="ARM_OBSTRUCTED"),
    )
    said = [
        Said(START_MONO_MS, each.event.code, {k: _plain(v) for k, v in each.fields.items()})
        for each in control.said
        if isinstance(each, Report)
    ]
    told, own = fold(said), book_of(control.agent.state, control.now)
    assert told.gates == own.gates
    assert set(told.waits) == set(own.waits) == {A, B}
    for truck in (A, B):
        assert told.waits[truck].reason == own.waits[truck].reason
        assert list(chain_of(told, truck).cycle) == list(chain_of(own, truck).cycle)


def _plain(value: object) -> object:
    return value.name if isinstance(value, Reason) else value


def test_wait_is_said_again_when_somebody_else_holds_the_zone() -> None:
    """And what it waited in all is told in the end, whatever the reasons were."""
    control = Control()
    state = control.agent.state
    state.wait(control.now, A, Reason.ZONE_OCCUPIED, resource="z", holder=B)
    state.wait(control.now, A, Reason.ZONE_OCCUPIED, resource="z", holder=B)
    control.at_ms += 1_000
    state.wait(control.now, A, Reason.ZONE_OCCUPIED, resource="z", holder=C)
    control.at_ms += 1_000
    state.wait(control.now, A, Reason.PERMIT_PENDING, resource="kz_out", holder="kz_out")
    control.at_ms += 1_000
    state.goes_on(control.now, A)
    effects = state.flush()
    assert [each["holder"] for each in reports(effects, Event.VEHICLE_WAITS)] == [B, C, "kz_out"]
    assert [each["waited_ms"] for each in reports(effects, Event.VEHICLE_GOES_ON)] == [3_000]


@pytest.mark.parametrize("ring", [True, False])
def test_answer_about_everybody_fits_a_frame(ring: bool) -> None:
    """However many wait, in whatever chain."""
    control = Control()
    state = control.agent.state
    names = [f"truck-{number:03d}-with-a-long-name-of-its-own" for number in range(200)]
    for number, name in enumerate(names):
        last = "office KZ" if not ring else names[0]
        holder = names[number + 1] if number + 1 < len(names) else last
        zone = "a_zone_with_a_name_that_is_rather_long"
        state.wait(control.now, name, Reason.CANNOT_START_HERE, resource=zone, holder=holder)
        state.heard[name] = Heard(0)
    for name in ("", names[0]):
        reply = asked(control, name)
        assert reply.ByteSize() < FRAME_BYTES_MAX - 2_000
        assert not isinstance(check(reply), Refused)
        assert reply.cut == (name == "")


def test_gate_that_says_nothing_of_its_arm_is_named_with_a_reason_all_the_same() -> None:
    waits = {A: a_wait(Reason.GATE_FAULT, "kz_out_cell", "kz_out")}
    chain = chain_of(a_book(waits, gates={"kz_out": "fault"}), A)
    assert chain.links[-1].reason == "BARRIER_FAULT"
    assert chain.root.startswith("maintenance has the move")


def test_truck_behind_one_in_the_cell_is_not_told_of_each_try_of_the_gate() -> None:
    """The arm sticks and is lowered again and again: who waits for the cell waits for its truck."""
    control = interlocked()
    for reason in ("BARRIER_FAULT", "", "BARRIER_FAULT", ""):
        report = GateReport(gate_id="kz_out", barrier=BARRIER_STATE_CLOSED, reason=reason)
        control.hear("kz_out", report)
        control.front_at(control.end_m(A), A)
    said = [each for each in reports(control.said, Event.VEHICLE_WAITS) if each["vehicle"] == A]
    about_cell = [each["reason"].name for each in said if each["resource"] == "kz_out_cell"]
    assert about_cell == ["ZONE_OCCUPIED"]


# --- the command, from a run folder ---


def a_folder(path: Path) -> str:
    rows = [
        {"t": 1.0, "event": "crossing_noticed", "crossing": "KZ-1", "vehicle": A},
        {"t": 1.0, "event": "vehicle_reported", "vehicle": B},
        {
            "t": 4.0,
            "event": "vehicle_waits",
            "vehicle": A,
            "crossing": "KZ-1",
            "reason": "ZONE_OCCUPIED",
            "resource": "kz_e_pass",
            "holder": B,
        },
        {"t": 64.0, "event": "gate_reported", "gate": "kz_out", "barrier": "closed", "reason": ""},
    ]
    text = "".join(json.dumps({"node": "supervisor"} | row) + "\n" for row in rows)
    (path / "events.jsonl").write_text(text)
    return str(path)


@pytest.mark.parametrize("name", [A, "KZ-1", ""])
def test_command_tells_the_chain_from_a_run_folder(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *([name] if name else []), "--from", a_folder(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"{A} (KZ-1) has waited 60 s" in out
    assert f"ZONE_OCCUPIED: {Reason.ZONE_OCCUPIED.sentence}" in out
    assert f"=> {B} waits for nobody" in out


def test_command_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", A, "--json", "--from", a_folder(tmp_path)]) == 0
    (chain,) = json.loads(capsys.readouterr().out)["chains"]
    assert chain["chain"][0]["holder"] == B
    assert chain["cycle"] == []


@pytest.mark.parametrize(
    ("words_given", "code", "said"),
    [
        (["KZ-2", "--from", "{folder}"], 1, "the nearest is KZ-1"),
        (["KZ-1", "--from", "{folder}/nowhere"], 2, "no such folder"),
        (["KZ-1"], 2, "one of the two"),
    ],
)
def test_command_refuses_in_words(
    words_given: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = a_folder(tmp_path)
    assert main(["explain", *(word.format(folder=folder) for word in words_given)]) == code
    assert said in capsys.readouterr().err
