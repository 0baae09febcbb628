"""A declaration written as JSON: read with every fault at once, each with its place.

Names are those of contract/v1/customs.proto, as `gross_mass_kg` or as `grossMassKg`; an unknown one
is a fault that names the nearest known one and where it belongs. Whole numbers may be written as
texts, as protobuf's own JSON does; bytes are base64; null is the same as left out. What cannot be
read stays unsaid in the message, and its place is remembered, so that nothing is reported twice.
Not here: what a declaration must say (gate/office/declaration.py), files (declare.py).
"""

import base64
import binascii
import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from contract.errors import ConfigError
from contract.v1.customs_pb2 import Declaration
from gate.office.declaration import faults, place_of, quoted

DEPTH_MAX: Final = 8  # a declaration has four levels

_F: Final = FieldDescriptor
_RANGES: Final = {_F.TYPE_UINT32: (0, 2**32 - 1), _F.TYPE_INT64: (-(2**63), 2**63 - 1)}
_UNITS: Final = {"_kg": "kilograms", "_eur": "euro", "_utc_ms": "milliseconds since 1970"}
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]}]', re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)
# Faults that only follow where something else could not be read: masses add up, seals are named.
_FOLLOWS: Final = (
    ("_mass_kg", re.compile(r"_mass_kg$|^\$\.goods")),
    ("$.navigation_seal_id", re.compile(r"^\$\.seals")),
)


class _Object(list[tuple[str, Any]]):
    """An object of JSON as it was written: a key may be there twice."""


class _Unreadable(ValueError):
    """A value of the wrong kind; the text says what was expected."""


@dataclass(slots=True)
class Reading:
    """A declaration as far as it could be read, and what could not be.

    said     a fault for every value that could not be read, in the order of the file
    unread   places that those faults are about: nothing more is to be said about them
    """

    declaration: Declaration
    said: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def refuse(self, place: str, what: str, *, about: str = "") -> None:
        self.said.append(f"{place}: {what}")
        self.unread.append(about or place)

    def all_faults(self) -> list[str]:
        """Faults of the writing, then faults of what could be read."""
        return self.said + [each for each in faults(self.declaration) if not self._covers(each)]

    def _covers(self, fault: str) -> bool:
        """True if a fault is only a consequence of something that could not be read."""
        place = place_of(fault)
        if any(_inside(place, each) or _inside(each, place) for each in self.unread):
            return True
        causes = next((cause for ends, cause in _FOLLOWS if place.endswith(ends)), None)
        return "$.empty_running" in self.unread or (
            causes is not None and any(causes.search(each) for each in self.unread)
        )


def _inside(place: str, outer: str) -> bool:
    return place == outer or place.startswith((f"{outer}.", f"{outer}["))


def read_json(data: bytes) -> Reading:
    """The declaration in a JSON text. Raises ConfigError if it is no JSON at all."""
    reading = Reading(Declaration())
    _read_message(reading, _tree(data), reading.declaration, "$")
    return reading


def _tree(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ConfigError(f"byte {fault.start} is not UTF-8") from None
    _bounded(text)
    try:
        return json.loads(text, object_pairs_hook=_Object, parse_constant=_no_number)
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno}, column {fault.colno}"
        raise ConfigError(f"{where}: not JSON: {fault.msg[:1].lower()}{fault.msg[1:]}") from None
    except ValueError as fault:
        raise ConfigError(f"not JSON: {fault}") from None


def _bounded(text: str) -> None:
    """Nobody has to find out how deep a parser can go. Raises ConfigError."""
    depth = 0
    for token in _TOKEN.finditer(text):
        sign = token.group()
        depth += (sign in "[{") - (sign in "]}")
        if depth > DEPTH_MAX:
            raise ConfigError(f"nested deeper than {DEPTH_MAX} levels")


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _read_message(reading: Reading, value: Any, message: Any, place: str) -> None:
    if not isinstance(value, _Object):
        reading.refuse(place, f"{_shown(value)}, expected an object in braces")
        return
    names = _names(message.DESCRIPTOR)
    seen: set[str] = set()
    for key, item in value:
        found = names.get(key)
        if found is None:
            _refuse_key(reading, key, message.DESCRIPTOR, place)
        elif found.name in seen:
            reading.refuse(f"{place}.{found.name}", "said twice, expected once")
        else:
            seen.add(found.name)
            if item is not None:
                _read_field(reading, item, message, found, place=f"{place}.{found.name}")


def _read_field(
    reading: Reading, value: Any, message: Any, described: FieldDescriptor, *, place: str
) -> None:
    if not described.is_repeated:
        _read_one(reading, value, message, described, place=place)
    elif not isinstance(value, list) or isinstance(value, _Object):
        reading.refuse(place, f"{_shown(value)}, expected a list in brackets")
    else:
        for index, item in enumerate(value):
            _read_one(reading, item, message, described, place=f"{place}[{index}]")


def _read_one(
    reading: Reading, value: Any, message: Any, described: FieldDescriptor, *, place: str
) -> None:
    """One value into a field, or the next item of a list. What is unreadable keeps its index."""
    listed = getattr(message, described.name) if described.is_repeated else None
    if described.message_type is not None:
        inner = listed.add() if listed is not None else getattr(message, described.name)
        inner.SetInParent()
        _read_message(reading, value, inner, place)
        return
    try:
        plain = _READERS[described.type](value, described)
    except _Unreadable as fault:
        reading.refuse(place, f"{_shown(value)}, expected {fault}")
        plain = None if listed is None else f"{place} is unread"
    if listed is not None:
        listed.append(plain)
    elif plain is not None:
        setattr(message, described.name, plain)


# --- keys ---


def _names(descriptor: Any) -> Mapping[str, FieldDescriptor]:
    by_name = {each.name: each for each in descriptor.fields}
    return by_name | {each.json_name: each for each in descriptor.fields}


def _refuse_key(reading: Reading, key: str, descriptor: Any, place: str) -> None:
    shown = f"{place}.{key}" if _NAME.fullmatch(key) else f"{place}[{quoted(key)}]"
    nearest = _nearest(key, descriptor, place)
    if nearest is None:
        reading.refuse(shown, "not known, expected a field of contract/v1/customs.proto")
    else:
        reading.refuse(shown, f"not known, did you mean {nearest}?", about=nearest)


def _nearest(key: str, descriptor: Any, place: str) -> str | None:
    """The path of the field that was probably meant: beside the key first, then anywhere."""
    beside = {_folded(each.name): f"{place}.{each.name}" for each in descriptor.fields}
    anywhere: dict[str, str] = {}
    for path in _paths(Declaration.DESCRIPTOR, "$"):
        anywhere.setdefault(_folded(path.rpartition(".")[2].removesuffix("[]")), path)
    for known, cutoff in ((beside, 0.7), (anywhere, 0.85), (beside, 0.6)):
        close = difflib.get_close_matches(_folded(key)[:60], list(known), 1, cutoff)
        if close:
            return known[close[0]]
    return None


def _paths(descriptor: Any, place: str) -> Iterator[str]:
    for each in descriptor.fields:
        path = f"{place}.{each.name}" + ("[]" if each.is_repeated else "")
        yield path
        if each.message_type is not None:
            yield from _paths(each.message_type, path)


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


# --- values ---


def _whole(value: Any, described: FieldDescriptor) -> int:
    least, most = _RANGES[described.type]
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        unit = next((u for end, u in _UNITS.items() if described.name.endswith(end)), "")
        raise _Unreadable(f"a whole number of {unit}" if unit else "a whole number")
    if not least <= value <= most:
        raise _Unreadable(f"a whole number from {least} to {most}")
    return value


def _text(value: Any, described: FieldDescriptor) -> str:
    if not isinstance(value, str):
        raise _Unreadable("a text in quotes")
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in value):
        raise _Unreadable("a text without half characters")
    return value


def _truth(value: Any, described: FieldDescriptor) -> bool:
    if not isinstance(value, bool):
        raise _Unreadable("true or false")
    return value


def _bytes(value: Any, described: FieldDescriptor) -> bytes:
    try:
        if isinstance(value, str) and _BASE64.fullmatch(value):
            padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
            return base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_"))
    except binascii.Error:
        pass
    raise _Unreadable("bytes in base64")


def _member(value: Any, described: FieldDescriptor) -> int:
    known = described.enum_type.values if described.enum_type is not None else ()
    for each in known:
        if value == each.name or (value == each.number and type(value) is int):
            return int(each.number)
    *most, last = [each.name for each in known if each.number != 0]
    raise _Unreadable(f"{', '.join(most)} or {last}" if most else last)


_READERS: Final[Mapping[int, Callable[[Any, FieldDescriptor], Any]]] = {
    _F.TYPE_UINT32: _whole,
    _F.TYPE_INT64: _whole,
    _F.TYPE_STRING: _text,
    _F.TYPE_BOOL: _truth,
    _F.TYPE_BYTES: _bytes,
    _F.TYPE_ENUM: _member,
}


def _shown(value: Any) -> str:
    """A value as it was written, short."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, _Object):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return "a very large number"
    return json.dumps(value)
