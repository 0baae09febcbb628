"""Types of a scenario's values: every number has two finite bounds, every text says how it is read.

`check_texts` reads each text of a section once, by its type, so that errors come before the run and
name their key. Not here: which key has which type (scenario.py), what two keys make of each other
(same), files (scenario_toml.py).
"""

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from contract.energy import COLDEST_C, HOTTEST_C
from contract.errors import ConfigError
from contract.limits import TEXT_LENGTH_MAX
from contract.wire import text_is_plain
from gate.office.declaration import BATCH_SIZE_MAX, HS_CODE, HS_CODE_FORM
from sim.distributions import parse_distribution, parse_duration

NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
BEACONS: Final = ("arrays", "bytes")
_NOT_OF_A_NAME: Final = re.compile(r"[^a-z0-9_-]+")

Read = Callable[[str], object]


def read_name(text: str) -> str:
    """The name of a scenario; the run folder is named by it. Raises ValueError."""
    if not NAME.fullmatch(text):
        raise ValueError(f"{text!r:.80}: expected 1 to 64 of a-z, 0-9, '_' and '-'")
    return text


def name_from(stem: str) -> str:
    """A name made of a file's."""
    return _NOT_OF_A_NAME.sub("-", stem.lower()).strip("-")[:64] or "unnamed"


def read_hs_code(text: str) -> str:
    """A commodity code as both offices take it. Raises ValueError."""
    if not HS_CODE.fullmatch(text):
        raise ValueError(f"{text!r:.80}: expected {HS_CODE_FORM}")
    return text


def read_words(text: str) -> str:
    """Words that fit a declaration. Raises ValueError."""
    if not text or not text_is_plain(text) or text != text.strip():
        most = TEXT_LENGTH_MAX
        raise ValueError(
            f"{text!r:.80}: expected 1 to {most} printable characters, no space at the ends"
        )
    return text


def read_beacons(text: str) -> str:
    """How the simulator carries beacons. Raises ValueError that names the nearest known way."""
    if text not in BEACONS:
        near = difflib.get_close_matches(text.lower(), BEACONS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{text!r:.80}: expected {' or '.join(BEACONS)}{hint}")
    return text


def seed_of(text: str, option: str = "--seed") -> int:
    """A seed as it is typed after an option. Raises ConfigError."""
    digits = text if text.isascii() and text.isdigit() and len(text) < 20 else ""
    if not digits or int(digits) > SEED_MAX:
        raise ConfigError(f"{option} {text!a:.60}: expected a whole number from 0 to {SEED_MAX}")
    return int(digits)


def _read_by(read: Read) -> Meta:
    return Meta(extra={"read": read})


Share = Annotated[float, Meta(ge=0.0, le=1.0)]
SEED_MAX: Final = (1 << 63) - 1  # what result.json can hold
Seed = Annotated[int, Meta(ge=0, le=SEED_MAX)]
Few = Annotated[int, Meta(ge=0, le=500)]
Officers = Annotated[int, Meta(ge=1, le=100)]
XX = Annotated[float, Meta(ge=0.0, le=100.0)]  # gusts, m/s; no stronger one was ever measured here
BatchSize = Annotated[int, Meta(ge=1, le=BATCH_SIZE_MAX)]
Crossings = Annotated[int, Meta(ge=0, le=1_000_000)]
Milliseconds = Annotated[float, Meta(ge=0.0, le=60_000.0)]  # later than a minute: a partition
Friction = Annotated[float, Meta(ge=0.05, le=1.2)]  # below wet ice no truck would be sent out
Tonnes = Annotated[float, Meta(gt=0.0, le=100.0)]  # what a vehicle bears is less: scenario.py
Spread = Annotated[float, Meta(ge=0.0, le=5.0)]
Weight = Annotated[float, Meta(gt=0.0, le=1e6)]
PerHour = Annotated[float, Meta(ge=0.0, le=1_000.0)]  # one in 3.6 s: more than any gate passes
Sight = Annotated[float, Meta(gt=0.0, le=10_000.0)]  # metres
Wind = Annotated[float, Meta(ge=0.0, le=100.0)]  # gusts, m/s
Celsius = Annotated[float, Meta(ge=COLDEST_C, le=HOTTEST_C)]
Size = Annotated[float, Meta(ge=-1_000.0, le=1_000.0)]  # of a fault, in its own unit
Bound = Annotated[float, Meta(ge=-1e15, le=1e15)]

Duration = Annotated[str, _read_by(parse_duration)]
Service = Annotated[str, _read_by(parse_distribution)]
Name = Annotated[str, _read_by(read_name)]
HsCode = Annotated[str, _read_by(read_hs_code)]
Words = Annotated[str, _read_by(read_words)]
Beacons = Annotated[str, _read_by(read_beacons)]


def check_texts(section: Struct, origin: str) -> None:
    """Read every text of a section and of what is inside it. Raises ConfigError by key."""
    for place, text, read in _texts(section, type(section), ""):
        try:
            read(text)
        except ValueError as error:
            raise ConfigError(f"{origin}: {place}: {error}") from None


def _texts(value: Any, kind: Any, place: str) -> Iterator[tuple[str, str, Read]]:
    """Place, text and reader of every text that has one."""
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        for note in notes:
            if isinstance(note, Meta) and note.extra is not None and value is not None:
                yield place, value, note.extra["read"]
    if isinstance(value, Struct):
        for field in msgspec.structs.fields(value):
            inner = getattr(value, field.name)
            yield from _texts(inner, field.type, f"{place}.{field.name}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, get_args(kind)[0], f"{place}.{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, get_args(kind)[1], f"{place}.{key}")
