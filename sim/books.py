"""Rule books of the offices in a run: an installed one or a file, with what the scenario switches.

The office gets one book, in a headless run and in a staged one. Not here: what a book may say
(gate/office/rulebook.py).
"""

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from contract.errors import ConfigError
from gate.office.rulebook import RuleBook, read_book
from sim.flow_rules import rules_of
from sim.scenario import OfficeSection
from sim.scenario_flow import FlowSection

INSTALLED: Final = ("kz", "cn")
SWITCHES: Final = ("recognise_scans", "recognise_aeo", "rescan_share", "round_the_clock")
_SWITCH: Final = re.compile(rf"^(?:{'|'.join(SWITCHES)})\s*=.*$", re.MULTILINE)


def rule_book(name: str) -> RuleBook:
    """An office's rule book by installed name or path; "" for an empty one. Raises ConfigError."""
    return read_book(book_bytes(name), _origin(name))


def book_bytes(name: str) -> bytes:
    """The file of a rule book, by the same names. Raises ConfigError."""
    if name in ("", *INSTALLED):
        entry = resources.files("gate.office") / f"{name}.toml"
        return entry.read_bytes() if name else b""
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as fault:
        said = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise ConfigError(f"rule book {name!r:.60}: {said}; expected kz, cn or a path") from None


def office_book(section: OfficeSection, flows: Sequence[FlowSection] = ()) -> RuleBook:
    """The book of an office in a run. Raises ConfigError."""
    return read_book(office_book_bytes(section, flows), _origin(section.book))


def office_book_bytes(section: OfficeSection, flows: Sequence[FlowSection] = ()) -> bytes:
    """The same as a file: what the scenario switches stands in place of the book's own, and the
    channels of its flows are rules at the end.
    """
    data = book_bytes(section.book)
    read_book(data, _origin(section.book))  # its faults are told in its own lines
    switched = {name: getattr(section, name) for name in SWITCHES}
    said = {name: value for name, value in switched.items() if value is not None}
    lines = [f"{name} = {str(value).lower()}" for name, value in said.items()]
    head, mark, tail = data.decode("utf-8").partition("\n[")
    if head.startswith("["):
        head, mark, tail = "", "", data.decode("utf-8")
    kept = _SWITCH.sub(lambda line: "" if _name(line[0]) in said else line[0], head)
    return ("\n".join([*lines, kept + mark + tail]) + rules_of(flows)).encode()


def make_explicit(section: OfficeSection) -> None:
    """Say in the section what its book says of each switch."""
    book = office_book(section)
    section.recognise_scans = book.recognise_scans
    section.recognise_aeo = book.recognise_aeo
    section.rescan_share = book.rescan_share
    section.round_the_clock = book.round_the_clock


def _name(line: str) -> str:
    return line.partition("=")[0].strip()


def _origin(name: str) -> str:
    return f"{name}.toml" if name in INSTALLED else name
