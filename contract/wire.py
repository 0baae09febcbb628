"""From bytes to a message that may be looked at: one parser for every payload.

Default is no: unknown fields, unknown enumeration values, numbers that are not finite, texts with
control characters and lists beyond the limit are refused before anybody reads a field. The checks
of a message type are compiled once from its descriptor; a type of plain integers costs nothing.
Rules: reference "parse rules" of docs/ARCHITECTURE.md, section Messages.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from contract.agent import Refused
from contract.limits import FRAME_BYTES_MAX, REPEATED_MAX, TEXT_LENGTH_MAX
from contract.reasons import Reason

MessageT = TypeVar("MessageT", bound=Message)
_Check = Callable[[Any], Refused | None]
_F: Final = FieldDescriptor
_CHECKS: Final[dict[type[Message], tuple[tuple[str, bool, _Check], ...]]] = {}


def parse(kind: type[MessageT], payload: bytes) -> MessageT | Refused:
    """The message in `payload`, or why it is none. Never raises for any bytes."""
    if len(payload) > FRAME_BYTES_MAX:
        return Refused(Reason.TOO_LARGE, f"{kind.__name__}: {len(payload)} bytes")
    if not payload:
        return Refused(Reason.MALFORMED, f"{kind.__name__}: empty")
    try:
        message = kind.FromString(payload)
    except DecodeError:
        return Refused(Reason.MALFORMED, kind.__name__)
    fault = check(message)
    return message if fault is None else fault


def check(message: Message) -> Refused | None:
    """Every rule of this module on a parsed message and what it contains."""
    checks = _CHECKS.get(type(message))
    if checks is None:
        checks = _CHECKS[type(message)] = _compile(message.DESCRIPTOR)
    if len(UnknownFieldSet(message)):
        return Refused(Reason.UNKNOWN_FIELD, message.DESCRIPTOR.name)
    for name, repeated, judge in checks:
        value = getattr(message, name)
        if repeated:
            if len(value) > REPEATED_MAX:
                return Refused(Reason.TOO_LARGE, f"{message.DESCRIPTOR.name}.{name}")
            for item in value:
                fault = judge(item)
                if fault is not None:
                    return fault
        else:
            fault = judge(value)
            if fault is not None:
                return fault
    return None


def _compile(descriptor: Any) -> tuple[tuple[str, bool, _Check], ...]:
    checks = []
    for field in descriptor.fields:
        judge = _judge_for(field, f"{descriptor.name}.{field.name}")
        if judge is not None:
            checks.append((field.name, bool(field.is_repeated), judge))
    return tuple(checks)


def _judge_for(field: Any, place: str) -> _Check | None:
    if field.type in (_F.TYPE_DOUBLE, _F.TYPE_FLOAT):
        return lambda value: None if math.isfinite(value) else Refused(Reason.NOT_FINITE, place)
    if field.type == _F.TYPE_STRING:
        return lambda value: None if text_is_plain(value) else Refused(Reason.TEXT_INVALID, place)
    if field.type == _F.TYPE_ENUM:
        known = frozenset(item.number for item in field.enum_type.values)
        return lambda value: None if value in known else Refused(Reason.UNKNOWN_ENUM, place)
    if field.type == _F.TYPE_MESSAGE:
        return _sub_message
    return None


def _sub_message(value: Message) -> Refused | None:
    return check(value)


def text_is_plain(value: str) -> bool:
    """Short, and free of control characters: safe in a log and in a file name's company."""
    return len(value) <= TEXT_LENGTH_MAX and value.isprintable()
