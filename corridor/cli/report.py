"""`convoy-corridor report daily`: what the two sides tell each other every day.

From a run folder (`--from DIR`: its log), or live from the log that the supervisor writes (`--log
FILE`, JSON lines; repeats, oldest first), with the quotas of its own configuration (`--config F`).
The same page for either side: planned, crossed, held with reasons, waits, quota used, forecast.
Exit codes: 0 told, 1 nothing is known of that day, 2 unusable input.
Not here: what is counted (corridor/daily.py).
"""

import argparse
import json
import sys
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError
from corridor.daily import Day, Said, days_of, fold, report
from corridor.daily_fields import fault_of, seconds_of, utc_ms_of
from corridor.hours import SideHours
from live.run_folder import file_in

EXIT_OK: Final = 0
EXIT_UNKNOWN: Final = 1
EXIT_UNUSABLE: Final = 2
FORMAT_VERSION: Final = 1
HELD_TOLD_MAX: Final = 40
COLUMNS: Final = 100
EPOCH: Final = date(1970, 1, 1)
NAMES: Final = {"E": "KZ to CN", "W": "CN to KZ"}

EXAMPLES: Final = """\
examples:
  convoy-corridor report daily --from runs/today-1
  convoy-corridor report daily --from runs/today-1 --date 2026-03-02 --json
  convoy-corridor report daily --log /var/log/convoy/supervisor.jsonl --config supervisor.toml

Without --date: the last day of which the log has anything. Days are local ones, --utc-offset
minutes ahead of UTC. Exit codes: 0 told, 1 nothing is known of that day, 2 unusable input.
docs/daily.md says what each figure counts.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the commands of convoy-corridor; the chosen one is in `args.run`."""
    reports = subparsers.add_parser("report", help="the daily exchange between the two sides")
    commands = reports.add_subparsers(dest="report_command", required=True, metavar="COMMAND")
    parser = commands.add_parser(
        "daily",
        help="planned, crossed, held, waits, quota, forecast of one day",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="folder", type=Path, metavar="DIR", help="a run folder")
    parser.add_argument(
        "--log", type=Path, action="append", default=[], metavar="FILE", help="a supervisor's log"
    )
    parser.add_argument("--config", type=Path, metavar="F", help="TOML with [hours.KZ], [hours.CN]")
    parser.add_argument("--date", metavar="D", help="a local day, as 2026-03-02")
    parser.add_argument(
        "--utc-offset", type=int, default=300, metavar="MIN", help="of local time (300: UTC+5)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command; returns the exit code."""
    try:
        told = _report(args)
    except ConfigError as fault:
        print(f"convoy-corridor report daily: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE
    if told is None:
        return EXIT_UNKNOWN
    print(json.dumps(told, indent=2) if args.json else "\n".join(lines_of(told)))
    return EXIT_OK


def _report(args: argparse.Namespace) -> dict[str, Any] | None:
    """The page; None if nothing is known of the day, which is said. Raises ConfigError."""
    if (args.folder is None) == (not args.log):
        raise ConfigError("--from DIR or --log FILE: one of the two")
    if not -720 <= args.utc_offset <= 840:
        raise ConfigError(f"--utc-offset {args.utc_offset}: expected -720 to 840 minutes")
    wanted = None if args.date is None else _day_number(args.date)
    if args.folder is not None:
        start_ms, hours = _scenario(file_in(args.folder, "scenario.resolved.toml"))
        events = list(_of_run(file_in(args.folder, "events.jsonl"), start_ms))
    else:
        hours, events = {}, [said for path in args.log for said in _of_program(path)]
    if args.config is not None:
        hours = _hours(_toml(args.config).get("hours", {}), args.config)
    events.sort(key=lambda said: said.at_ms)
    whole = fold(events, 2**62)
    days = days_of(whole, args.utc_offset)
    if not days:
        raise ConfigError(f"{args.folder or args.log[0]}: no event of a supervisor in it")
    number = days[-1] if wanted is None else wanted
    if number not in days:
        first, last = _date_of(days[0]), _date_of(days[-1])
        print(f"nothing is known of {args.date}: the log has {first} to {last}", file=sys.stderr)
        return None
    day = Day(
        number,
        args.utc_offset,
        *(
            {country: side.quota(each, out=out) for country, side in hours.items()}
            for each in (number, number + 1)
            for out in (True, False)
        ),
    )
    head = {
        "format_version": FORMAT_VERSION,
        "date": _date_of(number),
        "utc_offset_min": args.utc_offset,
    }
    return head | report(fold(events, day.ends_ms), day)


def _day_number(text: str) -> int:
    try:
        return (date.fromisoformat(text) - EPOCH).days
    except ValueError:
        raise ConfigError(f"--date {text!a:.40}: expected a day, as 2026-03-02") from None


def _date_of(number: int) -> str:
    return (EPOCH + timedelta(days=number)).isoformat()


# --- where events come from ---


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None
    except ValueError as fault:
        raise ConfigError(f"{path}: {fault}") from None


def _hours(table: Any, path: Path) -> dict[str, SideHours]:
    found = {}
    for country, side in (table if isinstance(table, dict) else {"": table}).items():
        try:
            found[country] = msgspec.convert(side, SideHours)
        except msgspec.ValidationError as fault:
            place = f"hours.{country}".rstrip(".")
            raise ConfigError(f"{path}: {place}: {fault}") from None
    return found


def _scenario(path: Path) -> tuple[int, dict[str, SideHours]]:
    """When the run began, and the hours and quotas of its sides. Raises ConfigError."""
    tree = _toml(path)
    start = tree.get("time", {}).get("start")
    if not isinstance(start, datetime):
        raise ConfigError(f"{path}: time.start is no date-time")
    return round(start.timestamp() * 1_000.0), _hours(tree.get("hours", {}), path)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open("rb") as log:
            for number, line in enumerate(log, 1):
                try:
                    yield number, msgspec.json.decode(line, type=dict[str, Any])
                except msgspec.MsgspecError:
                    raise ConfigError(f"{path}:{number}: no line of a log") from None
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None


def _of_run(path: Path, start_ms: int) -> Iterator[Said]:
    """The log of a run: seconds since its start."""
    for number, row in _rows(path):
        at_s = seconds_of(row)
        if at_s is None:
            raise ConfigError(f"{path}:{number}: no line of a run's log: no t, seconds from 0")
        yield _said(path, number, row, start_ms + round(at_s * 1_000.0))


def _of_program(path: Path) -> Iterator[Said]:
    """The log of a supervisor: UTC, ISO 8601."""
    for number, row in _rows(path):
        at_ms = utc_ms_of(row)
        if at_ms is None:
            raise ConfigError(f"{path}:{number}: no line of a program's log: no time, ISO 8601")
        yield _said(path, number, row, at_ms)


def _said(path: Path, number: int, row: dict[str, Any], at_ms: int) -> Said:
    fault = fault_of(row)
    if fault:
        raise ConfigError(f"{path}:{number}: {fault}")
    return Said(at_ms, row["event"], row)


# --- words ---


def lines_of(told: Mapping[str, Any]) -> Iterator[str]:
    """The page for people."""
    offset = told["utc_offset_min"]
    yield f"Bakhty - Pokitu, {told['date']} (UTC{offset / 60:+g}), {told['hours_seen']:g} h seen"
    yield ""
    heads = f"{'planned':>8}{'loaded':>8}{'empty':>7}{'tonnes':>10}{'refused':>9}"
    yield f"  {'':<10}{heads}{'open':>6}{'mean time':>12}{'95 %':>12}"
    for direction, row in told["directions"].items():
        times = row["crossing_time_s"]
        yield (
            f"  {NAMES[direction]:<10}{row['planned']:>8}{row['crossed_loaded']:>8}"
            f"{row['crossed_empty']:>7}{row['tonnes']:>10,.1f}{row['refused']:>9}"
            f"{row['carried_over']:>6}{_minutes(times['mean']):>12}{_minutes(times['p95']):>12}"
        )
    yield ""
    for side, row in told["quota"].items():
        said = "; ".join(f"{way} {_of(row[way])}" for way in ("out", "in"))
        yield f"  quota {side}   {said}"
    yield from _held_lines(told)
    yield "" if told["waits"] else "\n  nobody waited"
    for row in told["waits"]:
        yield (
            f"  {NAMES[row['direction']]}  {row['minutes']:>8.1f} min  {row['reason']}"
            f" ({row['owner']}), {row['times']} times, at most {row['longest_min']:.1f} min"
        )
    yield ""
    for direction, row in told["forecast"]["directions"].items():
        yield f"  tomorrow {NAMES[direction]}: {_forecast(row)}"
    yield from textwrap.wrap(
        f"({told['forecast']['method']})", COLUMNS, initial_indent="  ", subsequent_indent="   "
    )


def _forecast(row: Mapping[str, Any]) -> str:
    due, carried = row["crossings"], f"{row['carried_over']} carried over"
    if due is None:
        return f"{carried}, and what comes anew: less than half an hour of a day is known"
    quota = "" if row["quota"] is None else f", quota {row['quota']}"
    known = f"{row['hours_known']:g} h known"
    figures = f"{due['low']} to {due['high']} crossings, {due['expected']} expected"
    return f"{figures} ({carried}{quota}; {known})"


def _held_lines(told: Mapping[str, Any]) -> Iterator[str]:
    held = told["held"]
    yield f"\n  held: {len(held) or 'nobody'}"
    for row in held[:HELD_TOLD_MAX]:
        since = datetime.fromtimestamp(row["since_utc_ms"] / 1_000.0, UTC)
        local = since + timedelta(minutes=told["utc_offset_min"])
        where = ", past the exit gate" if row["past_exit_gate"] else ""
        yield (
            f"  {row['crossing']:<10} since {local:%d %b %H:%M}  {row['reason']}:"
            f" {row['sentence']} ({_whose(row)}){where}"
        )
    if len(held) > HELD_TOLD_MAX:
        yield f"  and {len(held) - HELD_TOLD_MAX} more: --json names them"


def _whose(row: Mapping[str, Any]) -> str:
    """Whose move it is: the office by its side, any other by kind and name."""
    owner, holder = row["owner"], row["holder"]
    return holder if holder.startswith(owner) else ", ".join(filter(None, (owner, holder)))


def _of(use: Mapping[str, Any]) -> str:
    limit = ", no quota" if use["limit"] is None else f" of {use['limit']}"
    return f"{use['used']}{limit}"


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60.0:.1f} min"
