"""Configuration: TOML files into typed values, and what to say when one does not fit.

Decides: the sections every program shares. Each program extends `ProgramConfig` by its own.
An unknown key is an error that names the nearest known one; nothing is guessed or ignored.
Not here: what the values mean (the modules that use them), keys, roster (live/keys.py, roster.py).
"""

import difflib
import hashlib
import inspect
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError

ConfigT = TypeVar("ConfigT", bound=Struct)

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=86_400_000)]
CONFIG_BYTES_MAX: Final = 1_000_000


class NodeSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[node]: who this program is and where its keys, its roster and its journal lie."""

    name: Name
    keys: str
    roster: str
    journal: str


class TrustSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[trust]: key ids of both offices' release keys; required unless the roster is for staging."""

    KZ: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None
    CN: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None


class ListenSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[listen]: where peers reach us, and how much one of them may say."""

    address: str | None = None
    peer_rate_per_s: Positive = 200.0
    peer_burst: Count = 400


class MapSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[map]: an installed map's name, or the path of a .geojson file."""

    file: str = "bakhty_pokitu"


class ClockSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[clock]: where the error bound of UTC comes from; a rate of its own for staging only."""

    source: Literal["auto", "chrony", "stated"] = "auto"
    utc_error_ms: Milliseconds = 500
    rate: Positive = 1.0
    origin_utc: datetime | None = None
    origin_mono_ns: int | None = None


class LogSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[log]: form and threshold of the log on stderr."""

    form: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error", "critical"] = "info"


class BodySection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[body]: the hardware process and its public CURVE key."""

    address: str | None = None
    public_key: str | None = None


class ProgramConfig(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What every program's file may say. A program extends it by its own sections."""

    node: NodeSection
    trust: TrustSection = TrustSection()
    listen: ListenSection = ListenSection()
    peers: dict[Name, str] = {}
    map: MapSection = MapSection()
    clock: ClockSection = ClockSection()
    log: LogSection = LogSection()
    body: BodySection = BodySection()


def read_file(path: Path) -> bytes:
    """The bytes of a config file. Raises ConfigError if it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None
    if len(data) > CONFIG_BYTES_MAX:
        raise ConfigError(f"{path}: longer than {CONFIG_BYTES_MAX} bytes; expected a TOML file")
    return data


def load(path: Path, kind: type[ConfigT]) -> ConfigT:
    """The file as a `kind`. Raises ConfigError naming file, key, value and what was expected."""
    return parse(read_file(path), kind, str(path))


def parse(data: bytes, kind: type[ConfigT], origin: str) -> ConfigT:
    """TOML bytes as a `kind`; `origin` names them in errors."""
    try:
        tree = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{origin}: byte {fault.start} is not UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError(f"{origin}: not TOML: {fault}") from None
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as fault:
        raise ConfigError(f"{origin}: {_in_words(str(fault), tree, kind)}") from None


def config_digest(data: bytes) -> bytes:
    """What a HELLO says about our configuration: SHA-256 of the file as it is."""
    return hashlib.sha256(data).digest()


def check_address(address: str, where: str, *, listening: bool = False) -> str:
    """The address, if ZeroMQ and we agree on what it means. Raises ConfigError.

    tcp://IP:PORT with a literal address - no names, so that no resolver is in the way of a vital
    message - or ipc://PATH. A listening port may be `*` (any free one).
    """
    expected = "expected tcp://IP:PORT with a literal IP address, or ipc://PATH"
    if re.fullmatch(r"ipc://\S{1,100}", address):
        return address
    match = re.fullmatch(r"tcp://(\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d{1,5}|\*)", address)
    if match is None:
        raise ConfigError(f"{where} = {address!r}: {expected}")
    host, port = match.groups()
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise ConfigError(f"{where} = {address!r}: {host} is no IP address; {expected}") from None
    if port == "*":
        if not listening:
            raise ConfigError(f"{where} = {address!r}: a port is needed to connect to")
    elif not 0 < int(port) < 65_536:
        raise ConfigError(f"{where} = {address!r}: port {port} is not in 1 .. 65535")
    return address


# --- errors in words ---

_AT: Final = re.compile(r"^(?P<text>.*?)(?: - at `(?P<kind>key in )?\$?(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")


def _in_words(text: str, tree: Any, kind: type[Struct]) -> str:
    match = _AT.match(text)
    said = match["text"] if match else text
    path = (match["path"] or "").lstrip(".") if match else ""
    unknown = _UNKNOWN.match(said)
    if unknown:
        return _unknown_key(unknown[1], path, kind)
    missing = _MISSING.match(said)
    if missing:
        return f"{_dotted(path, missing[1])}: missing; it has no default"
    value, found = _value_at(tree, path)
    shown = f" = {value!r}" if found else ""
    if (pattern := re.search(r"matching regex '(.*)'", said)) and pattern[1].startswith("^[A-Za-z"):
        said = "Expected a name: letters, digits, '.', '_' and '-', at most 64"
    return f"{path or 'file'}{shown}: {said[:1].lower()}{said[1:]}"


def _unknown_key(key: str, path: str, kind: type[Struct]) -> str:
    known = sorted(_fields_at(kind, path))
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        hint = f"did you mean {_dotted(path, near[0])}?"
    else:
        hint = "known here: " + ", ".join(known)
    return f"{_dotted(path, key)}: unknown key; {hint}"


def _dotted(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _steps(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _value_at(tree: Any, path: str) -> tuple[Any, bool]:
    value = tree
    for step in _steps(path):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None, False  # inside a table with free keys: msgspec does not say which
    return value, bool(path)


def _fields_at(kind: Any, path: str) -> list[str]:
    """Names that the struct at `path` knows."""
    here = kind
    for step in _steps(path):
        here = _struct_in(_member(here, step))
        if here is None:
            return []
    return list(here.__struct_fields__)


def _member(kind: Any, step: str) -> Any:
    struct = _struct_in(kind)
    hints = get_type_hints(struct) if struct is not None else {}
    return hints.get(step, kind)  # an index or a free key: look inside the container's type


def _struct_in(kind: Any) -> Any:
    """The Struct that a type is or contains (`X | None`, `list[X]`, `dict[str, X]`)."""
    if get_origin(kind) is None:
        is_struct = inspect.isclass(kind) and issubclass(kind, Struct)
        return kind if is_struct else None
    return next((found for item in get_args(kind) if (found := _struct_in(item)) is not None), None)
