"""`convoy-sim station`: run one station alone under Poisson arrivals and write its stages.

Every fault of the input is one line on stderr that names option, value and what was expected, and
exit code 2. Not here: the queue (sim/station_queue.py), the distributions (sim/distributions.py).
"""

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from contract.errors import ConfigError
from sim.distributions import FORMS, SpecError, parse_distribution, parse_rate
from sim.scenario_types import seed_of
from sim.station_queue import NS_PER_S, Summary, Trial, Visit, simulate, summarise

STAGES_HEADER: Final = "vehicle,crossing,stage,arrive,start,end"
SERVERS_MAX: Final = 10_000
HOURS_MAX: Final = 1e6
VISITS_MAX: Final = 10_000_000
S_PER_H: Final = 3600.0

EXAMPLE: Final = f"""\
service times, with a suffix ms, s, min or h:
  {"; ".join(FORMS.values())}

example: four document desks, ten minutes a truck, twenty trucks an hour
  $ convoy-sim station --arrivals 20/h --service exponential:600s --servers 4 --hours 900 \\
      -o stages.csv

Arrivals stop after --hours; whoever has arrived is served, first come, first served.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "station",
        help="run one service station alone and write its stages",
        description="Run one service station alone under Poisson arrivals.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--arrivals", metavar="RATE", required=True, help="for instance 20/h")
    parser.add_argument("--service", metavar="SPEC", required=True, help="see below")
    parser.add_argument("--servers", metavar="N", required=True)
    parser.add_argument("--hours", metavar="H", required=True, help="how long trucks arrive")
    parser.add_argument("--seed", metavar="N", default="1", help="a whole number (default 1)")
    parser.add_argument("-o", "--output", metavar="STAGES.csv", required=True)
    parser.add_argument("--json", action="store_true", help="summary as JSON on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 if the input cannot be used."""
    try:
        trial = read_trial(args)
        path = Path(args.output)
        try:
            with path.open("w", encoding="utf-8", newline="\n") as file:
                visits = simulate(trial)
                file.write(STAGES_HEADER + "\n")
                file.writelines(stage_lines(visits))
        except OSError as fault:
            raise ConfigError(
                f"-o {path}: cannot be written: {fault.strerror}, expected a file to write to"
            ) from None
    except ConfigError as fault:
        print(f"convoy-sim station: {fault}", file=sys.stderr)
        return 2
    summary = summarise(trial, visits)
    print(json.dumps(dataclasses.asdict(summary)) if args.json else as_text(summary))
    return 0


def read_trial(args: argparse.Namespace) -> Trial:
    """Options as a checked `Trial`."""
    try:
        rate_per_s = parse_rate(args.arrivals)
    except SpecError as fault:
        raise ConfigError(f"--arrivals {fault}") from None
    try:
        service = parse_distribution(args.service)
    except SpecError as fault:
        raise ConfigError(f"--service {fault}") from None
    hours = _hours(args.hours)
    expected = rate_per_s * hours * S_PER_H
    if expected > VISITS_MAX:
        raise ConfigError(
            f"--arrivals {args.arrivals} for --hours {args.hours}: {expected:.3g} visits, expected"
            f" at most {VISITS_MAX}"
        )
    return Trial(
        arrivals_per_s=rate_per_s,
        service=service,
        servers=_whole(args.servers, "--servers", 1, SERVERS_MAX),
        open_s=hours * S_PER_H,
        seed=seed_of(args.seed),
    )


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0.0 < hours <= HOURS_MAX:
        raise ConfigError(
            f"--hours {text!r:.40}: expected a number above 0 and at most {HOURS_MAX:g}"
        )
    return hours


def _whole(text: str, option: str, low: int, high: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else low - 1
    if not low <= value <= high:
        raise ConfigError(f"{option} {text!r:.40}: expected a whole number from {low} to {high}")
    return value


def stage_lines(visits: Sequence[Visit]) -> Iterator[str]:
    """Rows of stages.csv in order of arrival; times in seconds, exact to the nanosecond."""
    for number, visit in enumerate(visits, start=1):
        times = ",".join(map(_seconds, (visit.arrive_ns, visit.start_ns, visit.end_ns)))
        yield f"v{number:06d},c{number:06d},station,{times}\n"


def _seconds(time_ns: int) -> str:
    return f"{time_ns // NS_PER_S}.{time_ns % NS_PER_S:09d}"


def as_text(summary: Summary) -> str:
    """The summary for a person."""
    lines = [
        f"served        {summary.served} with {summary.servers} servers",
        f"utilisation   {summary.utilisation:.3f}",
    ]
    if summary.mean_wait_s is not None:
        lines += [
            f"mean service  {summary.mean_service_s:.1f} s",
            f"mean wait     {summary.mean_wait_s:.1f} s",
            f"p95 wait      {summary.p95_wait_s:.1f} s",
            f"longest wait  {summary.max_wait_s:.1f} s",
        ]
    return "\n".join(lines)
