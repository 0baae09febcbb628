"""From bytes to a message: every rule of the parser at every field of every message."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import DoubleValue, FloatValue
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.limits import FRAME_BYTES_MAX, REPEATED_MAX, TEXT_LENGTH_MAX
from contract.topics import TOPICS
from contract.v1 import customs_pb2, document_pb2, envelope_pb2, gate_pb2, movement_pb2
from contract.wire import check, parse, text_is_plain
from tests.factories import filled, reason_of

MODULES: Final = (customs_pb2, document_pb2, envelope_pb2, gate_pb2, movement_pb2)
KINDS: Final = sorted(
    (
        each
        for module in MODULES
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Message)
    ),
    key=lambda kind: kind.DESCRIPTOR.full_name,
)
Place = tuple[str, ...]


def places(descriptor: Any, above: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every field of a message and of what it contains, with the way to it."""
    for field in descriptor.fields:
        yield (*above, field.name), field
        if field.message_type is not None:
            yield from places(field.message_type, (*above, field.name))


def holder(message: Any, place: Place) -> Any:
    """The message that has the last field of `place`, in a filled message."""
    for name in place[:-1]:
        inner = getattr(message, name)
        message = inner[0] if hasattr(inner, "add") else inner
    return message


def fields_of(wanted: str) -> list[Any]:
    """Parameters (kind, place) for all fields whose descriptor's attribute says so."""
    found = []
    for kind in KINDS:
        for place, field in places(kind.DESCRIPTOR):
            matches = {
                "text": field.type == field.TYPE_STRING,
                "enum": field.type == field.TYPE_ENUM,
                "list": field.is_repeated,
                "message": field.message_type is not None,
            }[wanted]
            if matches:
                found.append(pytest.param(kind, place, id=f"{kind.__name__}.{'.'.join(place)}"))
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_message_in_order_is_itself_again(kind: type[Message]) -> None:
    message = filled(kind)
    assert parse(kind, message.SerializeToString()) == message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_empty_bytes_are_no_message(kind: type[Message]) -> None:
    """I21, F10: protobuf reads nothing as everything at its default."""
    assert reason_of(parse(kind, b"")) == "MALFORMED"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_field_of_another_version_is_refused(kind: type[Message]) -> None:
    raw = filled(kind).SerializeToString() + b"\xba\x3e\x01x"  # field 999
    assert reason_of(parse(kind, raw)) == "UNKNOWN_FIELD"


@pytest.mark.parametrize(("kind", "place"), fields_of("message"))
def test_field_of_another_version_inside_is_refused(kind: type[Message], place: Place) -> None:
    message = filled(kind)
    inner = getattr(holder(message, place), place[-1])
    (inner[0] if hasattr(inner, "add") else inner).MergeFromString(b"\xba\x3e\x01x")
    assert reason_of(parse(kind, message.SerializeToString())) == "UNKNOWN_FIELD"


@pytest.mark.parametrize(("kind", "place"), fields_of("enum"))
def test_enumeration_value_that_we_do_not_know_is_refused(
    kind: type[Message], place: Place
) -> None:
    """I21."""
    message = filled(kind)
    target = holder(message, place)
    if isinstance(getattr(target, place[-1]), int):
        setattr(target, place[-1], 77)
    else:
        getattr(target, place[-1])[0] = 77
    answer = parse(kind, message.SerializeToString())
    assert reason_of(answer) == "UNKNOWN_ENUM"
    assert place[-1] in str(answer)


@pytest.mark.parametrize(("kind", "place"), fields_of("text"))
@pytest.mark.parametrize(
    "text", ["a\nb", "\x1b[31m", "\x00", "\u202e", "x" * (TEXT_LENGTH_MAX + 1)]
)
def test_text_that_does_not_belong_in_a_log_is_refused(
    kind: type[Message], place: Place, text: str
) -> None:
    message = filled(kind)
    target = holder(message, place)
    if isinstance(getattr(target, place[-1]), str):
        setattr(target, place[-1], text)
    else:
        getattr(target, place[-1])[0] = text
    assert reason_of(parse(kind, message.SerializeToString())) == "TEXT_INVALID"


@pytest.mark.parametrize(("kind", "place"), fields_of("list"))
def test_list_beyond_the_limit_is_refused(kind: type[Message], place: Place) -> None:
    """I27."""
    message = filled(kind)
    items = getattr(holder(message, place), place[-1])
    items.extend([items[0]] * REPEATED_MAX)
    raw = message.SerializeToString()
    assert reason_of(parse(kind, raw)) == "TOO_LARGE"


def test_message_beyond_the_size_of_a_frame_is_refused_unread() -> None:
    """I27."""
    answer = parse(envelope_pb2.Envelope, b"\xff" * (FRAME_BYTES_MAX + 1))
    assert reason_of(answer) == "TOO_LARGE"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_number_that_is_not_finite_is_refused(value: float) -> None:
    """I21, F10. The rule stands though no message of ours has such a field today."""
    for kind in (DoubleValue, FloatValue):
        assert reason_of(parse(kind, kind(value=value).SerializeToString())) == "NOT_FINITE"
        assert parse(kind, kind(value=1.5).SerializeToString()) == kind(value=1.5)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(raw=st.binary(max_size=300))
def test_no_bytes_make_the_parser_raise(kind: type[Message], raw: bytes) -> None:
    """I21: a message or a reason, and a message has passed every rule."""
    answer = parse(kind, raw)
    if isinstance(answer, Message):
        assert check(answer) is None


@pytest.mark.parametrize("topic", sorted(TOPICS), ids=lambda name: name.rpartition(".")[2])
@settings(max_examples=40)
@given(flips=st.lists(st.tuples(st.integers(0, 1_000), st.integers(1, 255)), max_size=6))
def test_no_altered_message_makes_the_parser_raise(
    topic: str, flips: list[tuple[int, int]]
) -> None:
    kind = TOPICS[topic].kind
    raw = bytearray(filled(kind).SerializeToString())
    for place, flip in flips:
        raw[place % len(raw)] ^= flip
    answer = parse(kind, bytes(raw))
    assert isinstance(answer, kind) or reason_of(answer)


@given(st.text(max_size=TEXT_LENGTH_MAX))
def test_plain_text_has_nothing_that_moves_a_cursor(text: str) -> None:
    if text_is_plain(text):
        assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in text)
        assert "\n" not in text


def test_every_enumeration_says_no_at_zero() -> None:
    """Zero means not said, which every reader takes as no."""
    for module in MODULES:
        for enum in module.DESCRIPTOR.enum_types_by_name.values():
            assert enum.values_by_number[0].name.endswith("_UNSPECIFIED")
