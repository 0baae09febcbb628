"""`convoy-sim sweep`: a scenario over seeds and values of its keys, as one table."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from sim.cli.campaign import (
    add_many,
    finish,
    processors,
    run_jobs,
    summary_of,
    told,
)
from sim.record import write_rows
from sim.run import complete, load_map
from sim.scenario import load
from sim.seeds.runner import Job, Row, job_of, processes, seeds
from sim.seeds.sweep import cases, perform_elsewhere

ROWS_FILE: Final = "sweep.csv"
COLUMNS: Final = (
    *("case", "settings", "seed", "verdict", "exit_code", "violations"),
    *("loaded_crossings", "empty_crossings", "tonnes_per_year", "crossing_p50_s", "crossing_p95_s"),
    "wall_s",
)
EXAMPLES: Final = """examples:
  convoy-sim sweep first_crossings --seeds 1:6
  convoy-sim sweep traffic_day --seeds 1:4 --vary fleet.convoy=1,2,3 --vary network.loss=0,0.05
  convoy-sim sweep traffic_day --seeds 0:100 --scheduler tcp://10.0.0.1:8786
Every combination of the varied keys is run under every seed. With --scheduler the runs go to dask
workers that have this package (extra `sweep`); they write nothing, the table is written here.
exit codes: those of the runs, of 3, 4 and 1 the first that any has; 2 usage or scenario"""


def add_parser(subparsers: Any) -> None:
    """Add sweep."""
    parser = subparsers.add_parser(
        "sweep",
        help="run a scenario over seeds and values of its keys",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", metavar="SCENARIO")
    parser.add_argument(
        "--vary", action="append", default=[], metavar="KEY=A,B", help="values of a key; repeats"
    )
    parser.add_argument("--scheduler", metavar="URL", help="of dask, as in tcp://10.0.0.1:8786")
    add_many(parser, "runs/sweep-SCENARIO")
    parser.set_defaults(run=sweep_command)


def sweep_command(arguments: argparse.Namespace) -> int:
    """Run everything, write the folder, print the table or the JSON."""
    name = load(arguments.scenario, []).name
    folder = arguments.out or Path("runs") / f"sweep-{name}"
    settings = cases(arguments.vary)
    jobs = _jobs(arguments, settings, folder)
    elsewhere = None
    if arguments.scheduler:
        tell = told if sys.stderr.isatty() else None
        elsewhere = perform_elsewhere(jobs, arguments.scheduler, tell or (lambda done, of: None))
    rows = run_jobs(jobs, processes(arguments.jobs, processors()), folder, elsewhere)
    summary = summary_of("sweep", name, rows)
    for told_row, row in zip(summary["rows"], rows, strict=True):
        told_row["settings"] = list(settings[_case(row)])
    write_rows(folder / ROWS_FILE, COLUMNS, (_values(row, settings) for row in rows))
    finish(summary, folder, table(rows, settings), as_json=arguments.json)
    return int(summary["exit_code"])


def _jobs(
    arguments: argparse.Namespace, settings: list[tuple[str, ...]], folder: Path
) -> list[Job]:
    """Each case under each seed. Raises ConfigError before anything runs."""
    jobs = []
    for number, chosen in enumerate(settings):
        scenario = load(arguments.scenario, list(chosen))
        complete(scenario, load_map(scenario.corridor.map))
        for seed in seeds(arguments.seeds):
            scenario.seed = seed
            label = f"case-{number}/seed-{seed}"
            jobs.append(job_of(scenario, label, None if arguments.scheduler else folder / label))
    return jobs


def _case(row: Row) -> int:
    return int(row.label.partition("/")[0].removeprefix("case-"))


def _values(row: Row, settings: list[tuple[str, ...]]) -> tuple[Any, ...]:
    traffic, case = row.result["traffic"], _case(row)
    times = traffic["crossing_time_s"]
    return (
        *(case, " ".join(settings[case]), row.seed, row.verdict, row.exit_code),
        sum(row.violations.values()),
        *(traffic["loaded_crossings"], traffic["empty_crossings"], traffic["tonnes_per_year"]),
        *(times["p50"], times["p95"], row.wall_s),
    )


def table(rows: list[Row], settings: list[tuple[str, ...]]) -> list[str]:
    """One line a run, under its case."""
    lines = []
    for row in rows:
        case = _case(row)
        head = f"case {case}: {' '.join(settings[case]) or 'as it is'}"
        if head not in lines:
            lines += [head, "  seed  verdict  loaded  empty   Mt/yr   median     wall"]
        traffic = row.result["traffic"]
        median_s = traffic["crossing_time_s"]["p50"]
        median = "-" if median_s is None else f"{median_s:.0f}s"
        lines.append(
            f"  {row.seed:>4}  {row.verdict:<7} {traffic['loaded_crossings']:>7} "
            f"{traffic['empty_crossings']:>6} {traffic['tonnes_per_year'] / 1e6:>7.2f} "
            f"{median:>8} {row.wall_s:>7.1f}s" + (f"  {row.why}" if row.why else "")
        )
    return lines
