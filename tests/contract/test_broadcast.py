"""What is said to everybody: signed by its sender, newer than what was heard, or refused."""

import pytest
from google.protobuf.message import Message

from contract.agent import Received, Refused
from contract.broadcast import Broadcasts
from contract.errors import InvariantBroken
from contract.signing import digest
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.movement_pb2 import Beacon, PositionReport
from tests.factories import a_boot, a_frame, a_mailbox, a_now, a_roster, an_identity


def a_radio(name: str, boots: int = 1, **changes: bytes) -> Broadcasts:
    """The radio of a truck in one of its lives."""
    return Broadcasts(an_identity(name, **changes), a_roster(), a_boot(name, boots))


def a_beacon(turn: int = 1) -> Beacon:
    return Beacon(vehicle_id="truck-01", sample_ms=1_000, speed_mmps=4_321, turn=turn)


def heard(radio: Broadcasts, raw: bytes, sender: str = "truck-01") -> Message:
    received = radio.open(raw, sender)
    assert isinstance(received, Received), received
    return received.message


def reason(radio: Broadcasts, raw: bytes, sender: str = "truck-01") -> str:
    refused = radio.open(raw, sender)
    assert isinstance(refused, Refused), refused
    return refused.reason.name


def test_everybody_opens_what_one_has_said_to_everybody() -> None:
    raw = a_radio("truck-01").seal(a_beacon())
    for name in ("truck-02", "truck-03"):
        assert heard(a_radio(name), raw) == a_beacon()


def test_beacon_with_any_byte_altered_is_refused_and_changes_nothing() -> None:
    """The air authenticates nobody: what counts is the signature over these exact bytes."""
    ear, raw = a_radio("truck-02"), a_radio("truck-01").seal(a_beacon())
    for place in range(len(raw)):
        for flip in (0x01, 0x80):
            altered = bytearray(raw)
            altered[place] ^= flip
            reason(ear, bytes(altered))
    assert heard(ear, raw) == a_beacon()


def test_beacon_of_a_foreign_sender_is_refused() -> None:
    """Whoever listens to truck-01 hears truck-01: another's own word, or one in its name."""
    other = a_radio("truck-03")
    assert reason(a_radio("truck-02"), other.seal(a_beacon())) == "SENDER_MISMATCH"
    envelope = Envelope.FromString(Frame.FromString(other.seal(a_beacon())).envelope)
    envelope.sender = "truck-01"
    forged = Frame(envelope=envelope.SerializeToString())
    assert reason(a_radio("truck-02"), forged.SerializeToString()) == "UNSIGNED"
    forged.signature.CopyFrom(Frame.FromString(other.seal(a_beacon())).signature)
    assert reason(a_radio("truck-02"), forged.SerializeToString()) == "BAD_SIGNATURE"
    assert reason(a_radio("truck-02"), other.seal(a_beacon()), "nobody") == "UNKNOWN_SENDER"


def test_beacon_counts_once_and_never_after_a_newer_one() -> None:
    mouth, ear = a_radio("truck-01"), a_radio("truck-02")
    first, second = mouth.seal(a_beacon(1)), mouth.seal(a_beacon(2))
    assert heard(ear, second) == a_beacon(2)
    assert [reason(ear, raw) for raw in (second, first)] == ["DUPLICATE", "DUPLICATE"]


def test_new_life_of_the_sender_counts_at_once_and_its_old_one_never_again() -> None:
    old, new, ear = a_radio("truck-01"), a_radio("truck-01", boots=2), a_radio("truck-02")
    before = [old.seal(a_beacon(turn)) for turn in range(1, 4)]
    heard(ear, before[0])
    assert heard(ear, new.seal(a_beacon(1))) == a_beacon(1)
    assert reason(ear, before[2]) == "STALE_BOOT"


def test_beacon_of_another_map_is_refused() -> None:
    raw = a_radio("truck-01", map_digest=digest(b"another map")).seal(a_beacon())
    assert reason(a_radio("truck-02"), raw) == "MAP_MISMATCH"


def test_roles_keep_to_themselves_in_the_air_too() -> None:
    raw = a_radio("supervisor").seal(a_beacon())
    assert reason(a_radio("truck-02"), raw, "supervisor") == "ROLE_NOT_ALLOWED"


def test_neither_way_takes_what_belongs_on_the_other() -> None:
    """A beacon is never one's own mail, and what has one recipient is never said to everybody."""
    addressed = a_frame("truck-01", "truck-02", a_beacon())
    mailbox = a_mailbox("truck-02")
    mailbox.start(a_now(), a_boot("truck-02"), {})
    refused = mailbox.open(addressed, "truck-01", a_now()).refused
    assert refused is not None
    assert refused.reason.name == "WRONG_RECIPIENT"
    to_all = a_radio("truck-01").seal(a_beacon())
    refused = mailbox.open(to_all, "truck-01", a_now()).refused
    assert refused is not None
    assert refused.reason.name == "WRONG_RECIPIENT"
    assert reason(a_radio("truck-02"), addressed) == "WRONG_RECIPIENT"
    report = a_frame("truck-01", "", PositionReport(mission_id="M-1"))
    assert reason(a_radio("supervisor"), report) == "WRONG_RECIPIENT"
    with pytest.raises(InvariantBroken):
        a_radio("truck-01").seal(PositionReport())
