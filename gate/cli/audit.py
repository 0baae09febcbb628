"""`convoy-office audit [BOOK]`: what the audit of the other side's stations declares beforehand.

How many loads have to be scanned twice until an unreliable station is suspended, and how rarely an
honest one is: computed exactly from the `[audit]` of a rule book, so that both sides can hold the
office to it. Not here: the test itself (gate/office/audit.py), what it has found (suspended.py).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from contract.errors import ConfigError, InvariantBroken
from gate.office.audit import AuditLimits, chance_suspended, scans_to_suspend
from gate.office.rulebook import RuleBook, read_book
from live.config import read_file

EXIT_UNUSABLE: Final = 2
FOUND_WITH: Final = 0.95
ONE_TEST: Final = 3_000  # loads: a test that has not ended by then is as good as over


def main(argv: Sequence[str]) -> int:
    """Entry point of `convoy-office audit`; returns the exit code."""
    parser = argparse.ArgumentParser(
        "convoy-office audit",
        description="What the audit of the other side's stations declares beforehand.",
        epilog="example: convoy-office audit kz.toml --found-with 0.99",
    )
    parser.add_argument(
        "book", nargs="?", type=Path, help="a rule book; without one: as an office has it unsaid"
    )
    parser.add_argument(
        "--found-with",
        type=float,
        default=FOUND_WITH,
        metavar="P",
        help="chance with which an unreliable station is to be found, 0.95 if unsaid",
    )
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    options = parser.parse_args(argv)
    try:
        told = declared(_book(options.book), options.found_with)
    except ConfigError as fault:
        print(f"convoy-office audit: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE
    print(json.dumps(told) if options.json else in_words(told))
    return 0


def _book(path: Path | None) -> RuleBook:
    return RuleBook() if path is None else read_book(read_file(path), str(path))


def declared(book: RuleBook, found_with: float) -> dict[str, Any]:
    """What the limits of a book come to. Raises ConfigError for what no number of loads reaches."""
    limits: AuditLimits = book.audit
    if not 0.0 < found_with < 1.0:
        raise ConfigError(f"--found-with {found_with:g}: expected more than 0 and less than 1")
    try:
        loads = scans_to_suspend(limits, limits.unreliable, found_with)
    except InvariantBroken as fault:
        raise ConfigError(f"--found-with {found_with:g}: {fault}") from None
    return {
        "unreliable": limits.unreliable,
        "found_with": found_with,
        "within_loads": loads,
        "honest": limits.honest,
        "false_alarm": limits.false_alarm,
        "false_alarm_exact": chance_suspended(limits, limits.honest, ONE_TEST, tests=1),
        "rescan_share": book.rescan_share,
    }


def in_words(told: dict[str, Any]) -> str:
    """The same for a person."""
    share = told["rescan_share"]
    scanned = (
        f"{share:.3g} of its loads" if share else "none of its loads, unless scans do not count"
    )
    bad, good = f"{told['unreliable']:.3%}", f"{told['honest']:.3%}"
    found = f"with probability {told['found_with']:g} within {told['within_loads']} loads"
    alarm = f"below {told['false_alarm']:g} (exactly {told['false_alarm_exact']:.2g})"
    return "\n".join(
        (
            f"a station of which {bad} of the clear loads are not clear is suspended",
            f"  {found} scanned twice",
            f"an honest one ({good}) is suspended by one test",
            f"  with probability {alarm}",
            f"scanned twice by draw: {scanned}",
        )
    )
