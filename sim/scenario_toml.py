"""A scenario's file: TOML in, `key=value` settings on top, TOML out.

Whatever is in a file or a setting, the answer is a tree that can be written again or a ConfigError
in words. Not here: what the keys mean (scenario.py).
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError

DEPTH_MAX: Final = 12  # a scenario has four levels
INTEGER_BITS_MAX: Final = 63
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_INDEX: Final = re.compile(r"[0-9]{1,6}")


def is_file(path: Path) -> bool:
    """Whether there is such a file; False for what cannot even be a name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_tree(data: bytes, origin: str) -> dict[str, Any]:
    """The tables of a file. Raises ConfigError."""
    try:
        tree = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{origin}: byte {fault.start} is not UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError(f"{origin}: not TOML: {fault}") from None
    except RecursionError:
        raise ConfigError(f"{origin}: nested deeper than {DEPTH_MAX} levels") from None
    except ValueError:
        raise ConfigError(f"{origin}: a number of thousands of digits") from None
    for key, value in tree.items():
        _bounded(value, f"{origin}: {key:.60}")
    return tree


def lay_over(tree: dict[str, Any], settings: Iterable[str]) -> None:
    """Put `a.b.c=value` settings into a tree; list items by index: `flow.0.payload_t=24`."""
    for setting in settings:
        said = f"--set {setting!r:.80}"
        if not _is_text(setting):
            raise ConfigError(f"{said}: not UTF-8")
        key, sign, text = setting.partition("=")
        if not sign or not key:
            raise ConfigError(f"{said}: expected key=value, as in fleet.kz=4")
        value = _value(text, said)
        _bounded(value, said)
        _put(tree, key.split("."), value, said)


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _is_text(text: str) -> bool:
    """Not so: bytes of a command line that are no UTF-8."""
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def _value(text: str, said: str) -> Any:
    """A TOML value; what is none is a text."""
    try:
        tree = tomllib.loads(f"v = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except RecursionError:
        raise ConfigError(f"{said}: nested deeper than {DEPTH_MAX} levels") from None
    except ValueError:
        raise ConfigError(f"{said}: a number of thousands of digits") from None
    return tree["v"] if len(tree) == 1 else text


def _bounded(value: Any, said: str) -> None:
    """Neither deeper nor longer than anything a scenario may say. Raises ConfigError."""
    layer, depth = [value], 0
    while layer:
        if depth > DEPTH_MAX:
            raise ConfigError(f"{said}: nested deeper than {DEPTH_MAX} levels")
        for each in layer:
            if isinstance(each, int) and each.bit_length() > INTEGER_BITS_MAX:
                bits = each.bit_length()
                raise ConfigError(
                    f"{said}: a whole number of {bits} bits, expected at most {INTEGER_BITS_MAX}"
                )
        inner = [each for each in layer if isinstance(each, dict | list)]
        layer = [
            item for each in inner for item in (each.values() if isinstance(each, dict) else each)
        ]
        depth += 1


def _put(tree: dict[str, Any], steps: list[str], value: Any, said: str) -> None:
    if len(steps) > DEPTH_MAX:
        raise ConfigError(f"{said}: {len(steps)} levels, expected at most {DEPTH_MAX}")
    node: Any = tree
    for step in steps[:-1]:
        if isinstance(node, list):
            if not _INDEX.fullmatch(step) or int(step) >= len(node):
                raise ConfigError(f"{said}: there is no item {step}")
            node = node[int(step)]
        elif isinstance(node, dict):
            node = node.setdefault(step, {})
        else:
            raise ConfigError(f"{said}: {step} is inside a plain value")
    if not isinstance(node, dict):
        raise ConfigError(f"{said}: expected a key of a table")
    node[steps[-1]] = value


# --- out ---


def to_toml(tree: dict[str, Any]) -> str:
    """A nested mapping as TOML; None is left out, for TOML has none."""
    lines: list[str] = []
    _table(tree, "", lines)
    return "\n".join(lines).strip() + "\n"


def _table(tree: dict[str, Any], prefix: str, lines: list[str]) -> None:
    later: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, dict) or _is_tables(value):
            later.append((key, value))
        elif value is not None:
            lines.append(f"{_key(key)} = {_scalar(value)}")
    for key, value in later:
        name = f"{prefix}.{_key(key)}" if prefix else _key(key)
        for item in value if isinstance(value, list) else [value]:
            lines.append("")
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            _table(item, name, lines)


def _is_tables(value: Any) -> bool:
    is_list = isinstance(value, list) and bool(value)
    return is_list and all(isinstance(item, dict) for item in value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else quoted(key)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_key(key)} = {_scalar(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, str):
        return quoted(value)
    return repr(value)
