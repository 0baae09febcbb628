"""What the mailbox refuses: replays to anybody else, forgeries, foreign worlds, plain nonsense."""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from contract.agent import Role
from contract.limits import FRAME_BYTES_MAX
from contract.mailbox import Mailbox, Opened
from contract.topics import TOPICS, Consumer, Socket, Topic
from contract.v1.envelope_pb2 import STREAM_TELEMETRY, Envelope, Frame, Hello
from contract.v1.gate_pb2 import PassageRequest
from contract.v1.movement_pb2 import MissionOrder
from tests.factories import ROLES, a_boot, a_frame, a_mailbox, a_now, filled, reason_of

SAID: Final = [
    topic
    for topic in TOPICS.values()
    if topic.consumer is not Consumer.MAILBOX and topic.socket is Socket.DIRECT
]


def somebody(roles: frozenset[Role], *, not_name: str = "") -> str:
    """The first name with one of these roles."""
    return next(n for n, (role, _) in ROLES.items() if role in roles and n != not_name)


def pair_of(topic: Topic) -> tuple[str, str]:
    """A sender and a receiver of a topic."""
    sender = somebody(topic.senders)
    return sender, somebody(topic.receivers, not_name=sender)


def introduced(name: str, *peers: str, boots: dict[str, int] | None = None, **me: Any) -> Mailbox:
    """A mailbox that has sessions with these peers, at these boots of theirs and its own."""
    counts = boots or {}
    mine = a_boot(name, counts.get(name, 1))
    mailbox = a_mailbox(name, **me)
    mailbox.start(a_now(), mine, {})
    for peer in peers:
        boot = a_boot(peer, counts.get(peer, 1))
        values = {
            "boot_id": boot.boot_id,
            "boot_count": boot.boot_count,
            "recipient_boot_id": mine.boot_id,
            "sequence": 0,
        }
        if "map_digest" in me:
            values["map_digest"] = me["map_digest"]
        hello = Hello(wire=1, answer=True, durable_base=1, journal_id=boot.journal_id)
        mailbox.open(a_frame(peer, name, hello, **values), peer, a_now())
        assert mailbox.knows(peer)
    return mailbox


def refused_with(mailbox: Mailbox, raw: bytes, sender: str) -> str:
    """The reason; a refusal has no other effect than, at most, a greeting or an acknowledgement."""
    opened = mailbox.open(raw, sender, a_now(10_000))
    assert not opened.received
    assert not opened.persists
    return reason_of(opened.refused)


def accepted(opened: Opened) -> list[Message]:
    assert opened.refused is None
    return [each.message for each in opened.received]


@pytest.mark.parametrize("topic", SAID, ids=lambda t: t.kind.__name__)
def test_message_of_every_topic_reaches_its_receiver(topic: Topic) -> None:
    sender, receiver = pair_of(topic)
    message = filled(topic.kind)
    raw = a_frame(sender, receiver, message)
    assert accepted(introduced(receiver, sender).open(raw, sender, a_now())) == [message]


@pytest.mark.parametrize("topic", SAID, ids=lambda t: t.kind.__name__)
def test_message_of_every_topic_is_refused_by_everybody_else(topic: Topic) -> None:
    """I24: a valid envelope replayed to anybody but its addressee is worth nothing."""
    sender, receiver = pair_of(topic)
    raw = a_frame(sender, receiver, filled(topic.kind))
    for other in ROLES:
        if other not in (receiver, sender):
            assert refused_with(introduced(other, sender), raw, sender) == "WRONG_RECIPIENT"


@pytest.mark.parametrize("topic", SAID, ids=lambda t: t.kind.__name__)
def test_message_of_every_topic_is_refused_from_any_other_hand(topic: Topic) -> None:
    """I24: the sender is who the transport has authenticated."""
    sender, receiver = pair_of(topic)
    raw = a_frame(sender, receiver, filled(topic.kind))
    for thief in ROLES:
        if thief not in (receiver, sender):
            mailbox = introduced(receiver, sender, thief)
            assert refused_with(mailbox, raw, thief) == "SENDER_MISMATCH"


@pytest.mark.parametrize("topic", SAID, ids=lambda t: t.kind.__name__)
def test_message_of_every_topic_is_refused_in_a_later_life(topic: Topic) -> None:
    """I18: nothing recorded before a restart of either side is ever taken for new."""
    sender, receiver = pair_of(topic)
    raw = a_frame(sender, receiver, filled(topic.kind))
    we_restarted = introduced(receiver, sender, boots={receiver: 2})
    assert refused_with(we_restarted, raw, sender) == "SESSION_UNKNOWN"
    they_restarted = introduced(receiver, sender, boots={sender: 2})
    assert refused_with(they_restarted, raw, sender) == "STALE_BOOT"
    both_restarted = introduced(receiver, sender, boots={sender: 2, receiver: 2})
    assert refused_with(both_restarted, raw, sender) == "SESSION_UNKNOWN"


@pytest.mark.parametrize("topic", SAID, ids=lambda t: t.kind.__name__)
def test_message_of_every_topic_is_a_duplicate_the_second_time(topic: Topic) -> None:
    """I18."""
    sender, receiver = pair_of(topic)
    raw = a_frame(sender, receiver, filled(topic.kind))
    mailbox = introduced(receiver, sender)
    mailbox.open(raw, sender, a_now())
    assert refused_with(mailbox, raw, sender) == "DUPLICATE"


@pytest.mark.parametrize("topic", SAID, ids=lambda t: t.kind.__name__)
def test_roles_that_the_table_does_not_name_are_refused(topic: Topic) -> None:
    """I24: the message type must be allowed for the sender's role and for ours."""
    sender, receiver = pair_of(topic)
    message = filled(topic.kind)
    for name, (role, _) in ROLES.items():
        if role not in topic.senders and name != receiver:
            raw = a_frame(name, receiver, message)
            assert refused_with(introduced(receiver, name), raw, name) == "ROLE_NOT_ALLOWED"
        if role not in topic.receivers and name != sender:
            raw = a_frame(sender, name, message)
            assert refused_with(introduced(name, sender), raw, sender) == "ROLE_NOT_ALLOWED"


@pytest.mark.parametrize(
    "topic", [each for each in SAID if each.signed], ids=lambda t: t.kind.__name__
)
def test_commanding_message_needs_its_senders_own_signature(topic: Topic) -> None:
    sender, receiver = pair_of(topic)
    message = filled(topic.kind)
    raw = a_frame(sender, receiver, message)
    frame = Frame.FromString(raw)
    thief = somebody(frozenset(Role), not_name=sender)
    named = Frame.FromString(a_frame(sender, receiver, message, by=thief))
    named.signature.key_id = frame.signature.key_id
    cases = {
        Frame(envelope=frame.envelope).SerializeToString(): "UNSIGNED",
        a_frame(sender, receiver, message, by=thief): "BAD_SIGNATURE",
        named.SerializeToString(): "BAD_SIGNATURE",
    }
    mailbox = introduced(receiver, sender)
    for forged, reason in cases.items():
        assert refused_with(mailbox, forged, sender) == reason
    assert accepted(mailbox.open(raw, sender, a_now())) == [message]


@dataclass(frozen=True)
class Wrong:
    """One thing wrong with an envelope that is in order and signed otherwise."""

    change: dict[str, Any]
    reason: str


WRONGS: Final = [
    Wrong({"wire": 0}, "WIRE_VERSION"),
    Wrong({"wire": 2}, "WIRE_VERSION"),
    Wrong({"sender": ""}, "SENDER_MISMATCH"),
    Wrong({"sender": "truck-02"}, "SENDER_MISMATCH"),
    Wrong({"recipient": ""}, "WRONG_RECIPIENT"),
    Wrong({"recipient": "truck-02"}, "WRONG_RECIPIENT"),
    Wrong({"recipient": "truck-01\x00"}, "WRONG_RECIPIENT"),
    Wrong({"boot_id": b"", "boot_count": 0}, "STALE_BOOT"),
    Wrong({"boot_id": b"another", "boot_count": 2}, "SESSION_UNKNOWN"),
    Wrong({"boot_id": b"another", "boot_count": 1}, "STALE_BOOT"),
    Wrong({"boot_id": b"another", "boot_count": 0}, "STALE_BOOT"),
    Wrong({"recipient_boot_id": b""}, "SESSION_UNKNOWN"),
    Wrong({"recipient_boot_id": b"another"}, "SESSION_UNKNOWN"),
    Wrong({"stream": 0}, "MALFORMED"),
    Wrong({"stream": STREAM_TELEMETRY}, "MALFORMED"),
    Wrong({"stream": 77}, "MALFORMED"),
    Wrong({"sequence": 0}, "DUPLICATE"),
    Wrong({"sequence": 1 << 63}, "OUT_OF_WINDOW"),
    Wrong({"map_digest": b""}, "MAP_MISMATCH"),
    Wrong({"map_digest": bytes(32)}, "MAP_MISMATCH"),
    Wrong({"payload_type": ""}, "UNKNOWN_PAYLOAD"),
    Wrong({"payload_type": "contract.v1.Mission\x1bOrder"}, "UNKNOWN_PAYLOAD"),
    Wrong({"payload_type": "contract.v1.Challenge"}, "ROLE_NOT_ALLOWED"),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda w: f"{w.change}")
def test_envelope_with_one_wrong_field_is_refused_and_changes_nothing(wrong: Wrong) -> None:
    """I16, I18, I21, I24."""
    order = filled(MissionOrder)
    mailbox = introduced("truck-01", "supervisor")
    raw = a_frame("supervisor", "truck-01", order, **wrong.change)
    assert refused_with(mailbox, raw, "supervisor") == wrong.reason
    good = a_frame("supervisor", "truck-01", order)
    assert accepted(mailbox.open(good, "supervisor", a_now())) == [order]


def test_epoch_below_the_one_in_force_is_refused() -> None:
    """I16: fencing."""
    order = filled(MissionOrder)
    mailbox = introduced("truck-01", "supervisor")
    mailbox.open(a_frame("supervisor", "truck-01", order, epoch=5), "supervisor", a_now())
    for epoch in (0, 4):
        raw = a_frame("supervisor", "truck-01", order, epoch=epoch, sequence=2)
        assert refused_with(mailbox, raw, "supervisor") == "STALE_EPOCH"


def test_forged_epoch_does_not_fence_off_the_true_one() -> None:
    order = filled(MissionOrder)
    mailbox = introduced("truck-01", "supervisor")
    forged = a_frame("supervisor", "truck-01", order, epoch=9, by="truck-02")
    assert refused_with(mailbox, forged, "supervisor") == "BAD_SIGNATURE"
    good = a_frame("supervisor", "truck-01", order, epoch=1)
    assert accepted(mailbox.open(good, "supervisor", a_now())) == [order]


def test_peer_on_another_map_gets_no_session() -> None:
    mailbox = a_mailbox("truck-01")
    mailbox.start(a_now(), a_boot("truck-01"), {})
    hello = Hello(wire=1, answer=True)
    raw = a_frame("supervisor", "truck-01", hello, map_digest=b"another map", sequence=0)
    assert refused_with(mailbox, raw, "supervisor") == "MAP_MISMATCH"
    assert not mailbox.knows("supervisor")


def test_nobody_outside_the_roster_is_heard() -> None:
    raw = a_frame("supervisor", "truck-01", filled(MissionOrder), sender="stranger")
    assert refused_with(introduced("truck-01"), raw, "stranger") == "UNKNOWN_SENDER"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "MALFORMED"),
        (b"\xff", "MALFORMED"),
        (Frame(envelope=b"\xff").SerializeToString(), "MALFORMED"),
        (bytes(FRAME_BYTES_MAX + 1), "TOO_LARGE"),
    ],
)
def test_bytes_that_are_no_frame_are_refused(raw: bytes, reason: str) -> None:
    assert refused_with(introduced("truck-01", "supervisor"), raw, "supervisor") == reason


@given(raw=st.binary(max_size=200), sender=st.sampled_from(["supervisor", "truck-01", "", "x"]))
def test_random_bytes_are_refused_and_never_raise(raw: bytes, sender: str) -> None:
    """I21."""
    assert refused_with(introduced("truck-01", "supervisor"), raw, sender)


ORDER: Final = a_frame("supervisor", "truck-01", filled(MissionOrder))
REQUEST: Final = a_frame("truck-01", "kz_out", filled(PassageRequest))


@given(st.integers(0, len(ORDER) - 1), st.integers(1, 255))
def test_signed_frame_with_any_byte_altered_is_refused(place: int, flip: int) -> None:
    raw = ORDER[:place] + bytes([ORDER[place] ^ flip]) + ORDER[place + 1 :]
    mailbox = introduced("truck-01", "supervisor")
    assert refused_with(mailbox, raw, "supervisor")
    assert accepted(mailbox.open(ORDER, "supervisor", a_now())) == [filled(MissionOrder)]


@given(st.integers(0, len(ORDER) - 1))
def test_signed_frame_that_was_cut_short_is_refused(size: int) -> None:
    assert refused_with(introduced("truck-01", "supervisor"), ORDER[:size], "supervisor")


@given(st.lists(st.tuples(st.integers(0, len(REQUEST) - 1), st.integers(1, 255)), min_size=1))
def test_unsigned_frame_with_altered_bytes_never_raises(flips: list[tuple[int, int]]) -> None:
    """Its integrity is the transport's; its form is still judged."""
    raw = bytearray(REQUEST)
    for place, flip in flips:
        raw[place] ^= flip
    opened = introduced("kz_out", "truck-01").open(bytes(raw), "truck-01", a_now())
    assert opened.refused is not None or len(opened.received) <= 1


@given(
    st.builds(
        Envelope,
        wire=st.integers(0, 3),
        sender=st.sampled_from(["supervisor", "truck-01"]),
        recipient=st.sampled_from(["truck-01", "supervisor"]),
        boot_id=st.sampled_from([b"", a_boot("supervisor").boot_id]),
        boot_count=st.integers(0, 3),
        recipient_boot_id=st.sampled_from([b"", a_boot("truck-01").boot_id]),
        epoch=st.integers(0, 3),
        sequence=st.integers(0, 3),
        payload_type=st.sampled_from([*TOPICS, ""]),
        payload=st.binary(max_size=40),
    )
)
def test_no_envelope_without_our_map_and_a_signature_commands(envelope: Envelope) -> None:
    """I21."""
    raw = Frame(envelope=envelope.SerializeToString()).SerializeToString()
    assert refused_with(introduced("truck-01", "supervisor"), raw, "supervisor")
