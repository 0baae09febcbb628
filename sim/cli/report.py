"""`convoy-sim report DIR`: what a run came to, from its folder, and its page written anew;
`--delays`: whose time it took; `--bottlenecks`: which place held the others up.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError
from live.run_folder import file_in
from sim.cli.run import table
from sim.delay_report import lines_of, study
from sim.outcome import EXIT_OK
from sim.report.bottlenecks import lines as bottleneck_lines
from sim.report.page import Written, write_report

EXAMPLES: Final = """\
examples:
  convoy-sim report runs/smoke-1
  convoy-sim report runs/smoke-1 --delays
  convoy-sim report runs/saturation-1 --bottlenecks
  convoy-sim report runs/smoke-1 --delays --json | python -m json.tool

The Time Release Study is explained in docs/delays.md, bottlenecks in docs/bottlenecks.md."""


def add_parser(subparsers: Any) -> None:
    """Add report."""
    parser = subparsers.add_parser(
        "report",
        help="what a run came to, from its folder; writes report.html anew",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--delays", action="store_true", help="the Time Release Study")
    parser.add_argument("--bottlenecks", action="store_true", help="the table of every place")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=report_command)


def report_command(arguments: argparse.Namespace) -> int:
    """Print the table of a run, or its Time Release Study. Raises ConfigError."""
    folder: Path = arguments.folder
    if arguments.delays:
        names = ("crossings.csv", "delays.csv", "stages.csv")
        try:
            told = study(*(_rows(folder, name) for name in names))
        except (KeyError, ValueError) as fault:
            raise ConfigError(f"{folder}: no run folder of this version: {fault}") from None
        lines = lines_of(told)
    elif arguments.bottlenecks:
        told = _result(folder).get("bottlenecks") or {}
        if not told:
            raise ConfigError(f"{folder}: result.json has no bottlenecks: no run of this version")
        lines = bottleneck_lines(told)
    else:
        told = _result(folder)
        if "traffic" not in told and not arguments.json:
            raise ConfigError(f"{folder}: no run with traffic; --json prints its result")
        page = _page(folder)
        table_of = "" if arguments.json else table(told, folder, page.limited)
        lines = [] if arguments.json else [table_of, f"  page           {page.path}"]
    if arguments.json:
        lines = [msgspec.json.format(msgspec.json.encode(told), indent=2).decode()]
    print("\n".join(lines))
    sys.stdout.flush()
    return EXIT_OK


def _page(folder: Path) -> Written:
    try:
        return write_report(folder)
    except OSError as fault:
        raise ConfigError(f"{fault.filename or folder}: {fault.strerror}") from None


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    path = file_in(folder, name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None


def _result(folder: Path) -> dict[str, Any]:
    path = file_in(folder, "result.json")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None
    except msgspec.MsgspecError as fault:
        raise ConfigError(f"{path}: {fault}") from None
