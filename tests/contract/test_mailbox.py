"""The mailbox, case by case: sessions, duplicates, hold-back, limits and repetition."""

from itertools import pairwise
from typing import Any, Final

import pytest

from contract.limits import (
    FRAME_BYTES_MAX,
    HELLO_RATE_MS,
    HOLDBACK_MESSAGES_MAX,
    OUTBOX_MESSAGES_MAX,
    RETRY_MS,
    RETRY_MS_MAX,
)
from contract.mailbox import Mailbox, Opened, Transmit
from contract.v1.envelope_pb2 import Ack, Envelope, Frame, Hello, NodeHeartbeat
from contract.v1.gate_pb2 import Challenge, PassageRequest, Passed
from contract.v1.movement_pb2 import MissionOrder, VehicleHeartbeat
from tests.contract.mailbox_rig import WORDS, Rig, numbered
from tests.factories import a_boot, a_frame, a_mailbox, a_now, reason_of

GATE_TO_TRUCK_DURABLE: Final = 0
GATE_TO_TRUCK: Final = 1
TRUCK_TO_GATE: Final = 2


def a_rig(*names: str) -> Rig:
    """Programs whose sessions are open."""
    rig = Rig(names or ("kz_out", "truck-01"))
    rig.settle()
    return rig


def box(rig: Rig, name: str) -> Mailbox:
    return rig.programs[name].mailbox


def payloads(transmits: list[Transmit]) -> list[str]:
    """Short payload types of what is to be sent."""
    bodies = [Envelope.FromString(Frame.FromString(each.raw).envelope) for each in transmits]
    return [body.payload_type.rpartition(".")[2] for body in bodies]


def opened(rig: Rig, raw: bytes, *, sender: str = "kz_out", to: str = "truck-01") -> Opened:
    return box(rig, to).open(raw, sender, a_now(rig.now_ms))


def test_hello_and_its_answer_open_a_session_on_both_sides() -> None:
    rig = Rig(("kz_out", "truck-01"))
    assert not box(rig, "kz_out").knows("truck-01")
    rig.settle()
    assert box(rig, "kz_out").knows("truck-01")
    assert box(rig, "truck-01").knows("kz_out")


def test_opening_a_session_is_told_to_the_agent_with_the_hello() -> None:
    rig = Rig(("kz_out", "truck-01"))
    told = []
    while rig.wire:
        answer = rig.deliver(0)
        told += [(answer.opened_session, type(each.message).__name__) for each in answer.received]
    assert sorted(told) == [("kz_out", "Hello"), ("truck-01", "Hello")]


def test_hello_is_repeated_with_a_bounded_pause_until_answered() -> None:
    mailbox = a_mailbox("truck-01", greets=["kz_out"])
    mailbox.start(a_now(), a_boot("truck-01"), {})
    times = spoken_at(mailbox, until_ms=60_000)
    assert times[0] == 0
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= RETRY_MS
    assert max(gaps) <= RETRY_MS_MAX


def spoken_at(mailbox: Mailbox, *, until_ms: int) -> list[int]:
    """When the mailbox speaks by itself, woken at its own deadlines."""
    times = []
    for now_ms in range(0, until_ms, 50):
        now = a_now(now_ms)
        if mailbox.wake_ns is not None and mailbox.wake_ns <= now.mono_ns:
            times += [now_ms] * len(mailbox.due(now))
    return times


def test_message_is_repeated_with_a_growing_bounded_pause_until_acknowledged() -> None:
    rig = a_rig()
    rig.post(GATE_TO_TRUCK)
    first = rig.wire.pop()
    start_ms = rig.now_ms
    gate, times = box(rig, "kz_out"), []
    for at_ms in range(0, 60_000, 50):
        now = a_now(start_ms + at_ms)
        if gate.wake_ns is not None and gate.wake_ns <= now.mono_ns:
            times += [at_ms] * len(gate.due(now))
    assert times[:5] == [500, 1_500, 3_500, 7_500, 11_500]
    assert max(after - before for before, after in pairwise(times)) == RETRY_MS_MAX
    rig.wire.append(first)
    rig.settle()
    assert gate.wake_ns is None


def test_stranger_is_asked_for_a_session_at_a_bounded_rate() -> None:
    """A frame to an earlier boot of ours is refused, and its sender asked to greet."""
    rig = a_rig()
    rig.post(GATE_TO_TRUCK)
    frame = rig.wire.pop()[2]
    rig.boot("truck-01")
    answers = []
    for at_ms in range(1_000, 2_000, 10):
        now = a_now(rig.now_ms + at_ms)
        answers += box(rig, "truck-01").open(frame, "kz_out", now).transmits
    assert set(payloads(answers)) == {"Hello"}
    assert len(answers) <= 1_000 / HELLO_RATE_MS + 1


def test_hello_of_an_earlier_boot_is_stale() -> None:
    rig = Rig(("kz_out", "truck-01"))
    early = next(raw for sender, _, raw in rig.wire if sender == "truck-01")
    rig.boot("truck-01")
    rig.settle()
    answer = opened(rig, early, sender="truck-01", to="kz_out")
    assert reason_of(answer.refused) == "STALE_BOOT"
    assert not answer.transmits


def test_hello_that_is_no_hello_opens_nothing() -> None:
    mailbox = a_mailbox("kz_out")
    mailbox.start(a_now(), a_boot("kz_out"), {})
    raw = a_frame("truck-01", "kz_out", Hello(), sequence=0)
    assert reason_of(mailbox.open(raw, "truck-01", a_now()).refused) == "MALFORMED"
    assert not mailbox.knows("truck-01")


def test_duplicate_is_acknowledged_again_and_has_no_second_effect() -> None:
    """I18."""
    for word in (GATE_TO_TRUCK, GATE_TO_TRUCK_DURABLE):
        rig = a_rig()
        rig.post(word)
        frame = rig.wire[-1][2]
        rig.deliver(len(rig.wire) - 1)
        again = opened(rig, frame)
        assert reason_of(again.refused) == "DUPLICATE"
        assert payloads(again.transmits) == ["Ack"]
        assert not again.received
        assert not again.persists


def test_duplicate_brings_the_stored_reply_again() -> None:
    """I18: the same reply, because the first may be lost."""
    rig = a_rig()
    rig.post(TRUCK_TO_GATE)
    request = rig.wire.pop()[2]
    opened(rig, request, sender="truck-01", to="kz_out")
    rig.post(GATE_TO_TRUCK)
    reply = rig.wire.pop()[2]
    rig.now_ms += HELLO_RATE_MS
    again = opened(rig, request, sender="truck-01", to="kz_out")
    assert payloads(again.transmits) == ["Ack", "Challenge"]
    assert again.transmits[1].raw == reply


def test_duplicates_in_a_burst_do_not_multiply_the_reply() -> None:
    """I27: a storm of repetitions is not answered by a storm."""
    rig = a_rig()
    rig.post(TRUCK_TO_GATE)
    request = rig.wire.pop()[2]
    opened(rig, request, sender="truck-01", to="kz_out")
    rig.post(GATE_TO_TRUCK)
    rig.now_ms += HELLO_RATE_MS
    answers = [opened(rig, request, sender="truck-01", to="kz_out") for _ in range(50)]
    said = [kind for answer in answers for kind in payloads(answer.transmits)]
    assert said.count("Challenge") == 1


def test_duplicate_telemetry_is_dropped_without_an_answer() -> None:
    rig = a_rig("supervisor", "truck-01")
    beat = VehicleHeartbeat(loop_counter=1)
    _, transmits, _ = box(rig, "truck-01").post("supervisor", beat, a_now(rig.now_ms))
    raw = transmits[0].raw
    first = opened(rig, raw, sender="truck-01", to="supervisor")
    assert [type(each.message) for each in first.received] == [VehicleHeartbeat]
    assert not first.transmits
    again = opened(rig, raw, sender="truck-01", to="supervisor")
    assert reason_of(again.refused) == "DUPLICATE"
    assert not again.transmits


def test_older_telemetry_is_dropped() -> None:
    rig = a_rig("supervisor", "truck-01")
    raws = []
    for number in (1, 2):
        beat = VehicleHeartbeat(loop_counter=number)
        raws += box(rig, "truck-01").post("supervisor", beat, a_now(rig.now_ms))[1]
    opened(rig, raws[1].raw, sender="truck-01", to="supervisor")
    late = opened(rig, raws[0].raw, sender="truck-01", to="supervisor")
    assert reason_of(late.refused) == "DUPLICATE"


def test_telemetry_without_a_session_is_dropped_and_not_kept() -> None:
    mailbox = a_mailbox("truck-01")
    mailbox.start(a_now(), a_boot("truck-01"), {})
    beat = VehicleHeartbeat(loop_counter=1)
    assert mailbox.post("supervisor", beat, a_now()) == ([], [], None)
    assert mailbox.wake_ns is None


@pytest.mark.parametrize("word", [GATE_TO_TRUCK, GATE_TO_TRUCK_DURABLE])
def test_early_frames_are_held_back_and_delivered_in_order(word: int) -> None:
    rig = a_rig()
    for _ in range(HOLDBACK_MESSAGES_MAX):
        rig.post(word)
    frames = [raw for sender, _, raw in rig.wire if sender == "kz_out"]
    for frame in reversed(frames[1:]):
        early = opened(rig, frame)
        assert (early.refused, early.received, early.transmits) == (None, [], [])
    run = opened(rig, frames[0])
    place = WORDS[word][3]
    numbers = [int(getattr(each.message, place)) for each in run.received]
    assert numbers == sorted(numbers)
    assert len(numbers) == HOLDBACK_MESSAGES_MAX
    assert payloads(run.transmits) == ["Ack"]


@pytest.mark.parametrize("word", [GATE_TO_TRUCK, GATE_TO_TRUCK_DURABLE])
def test_frame_beyond_the_hold_back_window_is_refused(word: int) -> None:
    """I27."""
    rig = a_rig()
    for _ in range(HOLDBACK_MESSAGES_MAX + 1):
        rig.post(word)
    frames = [raw for sender, _, raw in rig.wire if sender == "kz_out"]
    assert opened(rig, frames[HOLDBACK_MESSAGES_MAX - 1]).refused is None
    beyond = opened(rig, frames[HOLDBACK_MESSAGES_MAX])
    assert reason_of(beyond.refused) == "OUT_OF_WINDOW"
    assert not beyond.received


def test_outbox_has_a_limit_and_says_so() -> None:
    """I27."""
    mailbox = a_mailbox("kz_out")
    mailbox.start(a_now(), a_boot("kz_out"), {})
    passed = Passed(gate_id="kz_out")
    for _ in range(OUTBOX_MESSAGES_MAX):
        assert mailbox.post("truck-01", passed, a_now())[2] is None
    persists, transmits, refused = mailbox.post("truck-01", passed, a_now())
    assert reason_of(refused) == "OUTBOX_FULL"
    assert not persists
    assert not transmits
    assert mailbox.post("truck-02", passed, a_now())[2] is None  # each peer has its own


def test_message_too_large_for_a_frame_is_refused_before_it_blocks_the_stream() -> None:
    """I27: a frame that nobody may open would be repeated for ever, and all behind it wait."""
    rig = a_rig()
    big = Challenge(gate_id="kz_out", nonce=bytes(FRAME_BYTES_MAX))
    persists, transmits, refused = box(rig, "kz_out").post("truck-01", big, a_now())
    assert reason_of(refused) == "TOO_LARGE"
    assert (persists, transmits) == ([], [])


def test_nobody_posts_to_a_node_that_is_not_in_the_roster() -> None:
    mailbox = a_mailbox("kz_out")
    mailbox.start(a_now(), a_boot("kz_out"), {})
    refused = mailbox.post("truck-99", Passed(gate_id="kz_out"), a_now())[2]
    assert reason_of(refused) == "UNKNOWN_SENDER"


def test_durable_message_is_written_down_until_it_is_acknowledged() -> None:
    """I12, I13."""
    rig = a_rig()
    rig.post(GATE_TO_TRUCK_DURABLE)
    kept = [key for key in rig.programs["kz_out"].disk if "/out/" in key]
    assert len(kept) == 1
    rig.settle()
    assert not [key for key in rig.programs["kz_out"].disk if "/out/" in key]


def test_durable_numbers_go_on_after_a_restart_with_nothing_waiting() -> None:
    """I18: a number is never used for two messages."""
    rig = a_rig()
    first = rig.post(GATE_TO_TRUCK_DURABLE)
    rig.settle()
    rig.boot("kz_out")
    second = rig.post(GATE_TO_TRUCK_DURABLE)
    rig.settle()
    assert rig.programs["truck-01"].book["kz_out"] == [first, second]


def test_receiver_that_lost_its_journal_takes_what_is_still_to_be_had() -> None:
    rig = a_rig()
    rig.post(GATE_TO_TRUCK_DURABLE)
    rig.settle()
    truck = rig.programs["truck-01"]
    truck.disk.clear()
    truck.book.clear()
    rig.boot("truck-01")
    second = rig.post(GATE_TO_TRUCK_DURABLE)
    rig.settle()
    assert truck.book["kz_out"] == [second]


def test_payload_that_does_not_parse_is_refused_and_does_not_block_what_follows() -> None:
    """I21: an authentic envelope with nonsense inside is answered and passed over."""
    rig = a_rig()
    boots = {"boot_id": a_boot("kz_out").boot_id, "recipient_boot_id": a_boot("truck-01").boot_id}
    bad = a_frame("kz_out", "truck-01", Challenge(), payload=b"\xff", epoch=1, **boots)
    answer = opened(rig, bad)
    assert reason_of(answer.refused) == "MALFORMED"
    assert payloads(answer.transmits) == ["Ack"]
    good = Challenge(gate_id="7")
    following = a_frame("kz_out", "truck-01", good, sequence=2, epoch=1, **boots)
    assert [each.message for each in opened(rig, following).received] == [good]


def test_highest_epoch_is_written_down_and_fences_after_a_restart() -> None:
    """I16."""
    rig = a_rig("supervisor", "truck-01")
    order = numbered(MissionOrder, "mission_id", 1)
    high = a_frame("supervisor", "truck-01", order, epoch=9)
    answer = opened(rig, high, sender="supervisor")
    assert [each.epoch for each in answer.received] == [9]
    truck = a_mailbox("truck-01")
    disk = {each.key: each.value for each in answer.persists if each.value is not None}
    truck.start(a_now(), a_boot("truck-01", 2), disk)
    hello = a_frame(
        "supervisor", "truck-01", Hello(wire=1), recipient_boot_id=a_boot("truck-01", 2).boot_id
    )
    truck.open(hello, "supervisor", a_now())
    low = a_frame(
        "supervisor", "truck-01", order, epoch=8, recipient_boot_id=a_boot("truck-01", 2).boot_id
    )
    assert reason_of(truck.open(low, "supervisor", a_now()).refused) == "STALE_EPOCH"


@pytest.mark.parametrize("incarnation", [b"", b"another boot"])
def test_acknowledgement_of_another_life_forgets_nothing(incarnation: bytes) -> None:
    """I12: an acknowledgement names the boot or journal whose numbers it means."""
    rig = a_rig()
    rig.post(GATE_TO_TRUCK)
    rig.post(GATE_TO_TRUCK_DURABLE)
    for stream in ("STREAM_SESSION", "STREAM_DURABLE"):
        values: dict[str, Any] = {"stream": stream, "sequence": 9, "incarnation": incarnation}
        raw = a_frame("truck-01", "kz_out", Ack(**values), sequence=0)
        assert not opened(rig, raw, sender="truck-01", to="kz_out").persists
    rig.now_ms += RETRY_MS
    assert payloads(box(rig, "kz_out").due(a_now(rig.now_ms))) == ["Challenge", "Passed"]


def test_acknowledgement_that_does_not_parse_is_refused() -> None:
    rig = a_rig()
    raw = a_frame("truck-01", "kz_out", Ack(), payload=b"\xff", sequence=0)
    assert reason_of(opened(rig, raw, sender="truck-01", to="kz_out").refused) == "MALFORMED"


def test_heartbeat_of_a_program_reaches_its_peer() -> None:
    rig = a_rig()
    beat = NodeHeartbeat(loop_counter=1, journal_ok=True)
    _, transmits, _ = box(rig, "kz_out").post("truck-01", beat, a_now(rig.now_ms))
    assert [each.message for each in opened(rig, transmits[0].raw).received] == [beat]


def test_request_and_reply_cross_without_disturbing_each_other() -> None:
    rig = a_rig()
    rig.post(TRUCK_TO_GATE)
    rig.post(GATE_TO_TRUCK)
    answers = [rig.deliver(0), rig.deliver(0)]
    kinds = [type(each.message) for answer in answers for each in answer.received]
    assert kinds == [PassageRequest, Challenge]
