"""`convoy-sim campaign | shrink`: fault schedules over seeds, and what fails made small."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError
from live.run_folder import CAMPAIGN, file_in
from sim.outcome import EXIT_EXPECTATION, EXIT_OK
from sim.run import complete, load_map
from sim.scenario import Scenario, load
from sim.seeds.runner import (
    SCENARIO_FILE,
    Job,
    Row,
    exit_code,
    job_of,
    perform_all,
    processes,
    seeds,
)
from sim.seeds.schedule import with_faults
from sim.seeds.shrink import brief, shrink

DEFAULT: Final = "fault_seeds"
SUMMARY_FILE: Final = "summary.json"
SMALLEST_FILE: Final = "smallest.toml"
FORMAT_VERSION: Final = 1
EXAMPLES: Final = """examples:
  convoy-sim campaign --seeds 0:50                  the default scenario, fifty schedules of faults
  convoy-sim campaign first_crossings --seeds 7:8 --out /tmp/seven
  convoy-sim run runs/campaign-fault_seeds/seed-17/scenario.toml      one of them again
  convoy-sim shrink runs/campaign-fault_seeds       the failing ones, as small as they get
exit codes of campaign: those of its runs, of 3, 4 and 1 the first that any has; of shrink: 0
written, 1 nothing fails; of both: 2 usage"""


def add_parser(subparsers: Any) -> None:
    """Add campaign and shrink."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "campaign",
        help="run a scenario over seeds under random faults",
        epilog=EXAMPLES,
        formatter_class=raw,
    )
    parser.add_argument("scenario", nargs="?", default=DEFAULT, metavar="SCENARIO")
    add_many(parser, "runs/campaign-SCENARIO")
    parser.set_defaults(run=campaign_command)
    small = subparsers.add_parser(
        "shrink",
        help="the smallest schedule of faults that fails in the same way",
        epilog=EXAMPLES,
        formatter_class=raw,
    )
    small.add_argument("folder", type=Path, metavar="DIR", help="of a campaign, or of one seed")
    small.set_defaults(run=shrink_command)


def add_many(parser: argparse.ArgumentParser, folder: str) -> None:
    """Options of every command that runs a scenario many times."""
    parser.add_argument("--seeds", required=True, metavar="A:B", help="from A up to, not with, B")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="at a time (processors)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"folder ({folder})")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def campaign_command(arguments: argparse.Namespace) -> int:
    """Draw the schedules, run them, write the folder, print the table or the JSON."""
    scenario = load(arguments.scenario, [])
    folder = arguments.out or Path("runs") / f"campaign-{scenario.name}"
    drawn = seeds(arguments.seeds)
    jobs = [
        job_of(each, f"seed-{each.seed}", folder / f"seed-{each.seed}")
        for each in (_drawn(scenario, seed) for seed in drawn)
    ]
    rows = run_jobs(jobs, processes(arguments.jobs, processors()), folder)
    summary = summary_of("campaign", scenario.name, rows)
    finish(summary, folder, table(rows), as_json=arguments.json)
    return int(summary["exit_code"])


def _drawn(scenario: Scenario, seed: int) -> Scenario:
    """The scenario under the faults of one seed, with every default made explicit."""
    corridor = load_map(scenario.corridor.map)
    drawn = with_faults(scenario, corridor, seed)
    complete(drawn, corridor)
    return drawn


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_jobs(
    jobs: list[Job], at_a_time: int, folder: Path, elsewhere: Iterator[Row] | None = None
) -> list[Row]:
    """All rows, in the order of the jobs. Raises ConfigError where the folder cannot be written."""
    tell = told if sys.stderr.isatty() else untold
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = list(elsewhere or perform_all(jobs, at_a_time, tell))
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None
    place = {job.label: number for number, job in enumerate(jobs)}
    return sorted(rows, key=lambda row: place[row.label])


def told(done: int, of: int) -> None:
    """A line that rewrites itself, on a terminal only."""
    end = "\n" if done == of else ""
    print(f"\r{done} of {of} runs", end=end, file=sys.stderr, flush=True)


def untold(done: int, of: int) -> None:
    return


def summary_of(command: str, name: str, rows: list[Row]) -> dict[str, Any]:
    """The summary document."""
    code = exit_code([row.exit_code for row in rows])
    return {
        "format_version": FORMAT_VERSION,
        "command": command,
        "scenario": name,
        "verdict": "passed" if code == EXIT_OK else "failed",
        "exit_code": code,
        "runs": len(rows),
        "clean": sum(row.exit_code == EXIT_OK for row in rows),
        "wall_s": round(sum(row.wall_s for row in rows), 3),
        "rows": [row.told() for row in rows],
    }


def finish(summary: dict[str, Any], folder: Path, lines: Iterable[str], *, as_json: bool) -> None:
    """Write the summary, print it as a table or as JSON."""
    document = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    (folder / SUMMARY_FILE).write_bytes(document + b"\n")
    if as_json:
        print(document.decode())
        return
    print("\n".join(lines))
    clean, runs = summary["clean"], summary["runs"]
    print(f"\n{summary['scenario']}: {summary['verdict'].upper()}, {clean} of {runs} clean")
    print(f"files in {folder}")


def table(rows: list[Row]) -> list[str]:
    """One line a run."""
    lines = ["run        verdict  violations  crossings  faults   wall"]
    for row in rows:
        count = sum(row.violations.values())
        said = f"{row.label:<10} {row.verdict:<7} {count:>11} {row.crossings:>10} {row.faults:>7}"
        lines.append(f"{said} {row.wall_s:>5.1f}s" + (f"  {row.why}" if row.why else ""))
    return lines


# --- shrink ---


def shrink_command(arguments: argparse.Namespace) -> int:
    """Shrink the failing run of a folder, or each failing run of a campaign."""
    folders = failing(arguments.folder)
    written = [_shrink_one(folder) for folder in folders]
    if not any(written):
        print(f"nothing fails in {arguments.folder}")
        return EXIT_EXPECTATION
    return EXIT_OK


def failing(folder: Path) -> list[Path]:
    """Folders of runs that have failed, by what was written about them. Raises ConfigError."""
    if (folder / SCENARIO_FILE).is_file():
        return [folder]
    path = file_in(folder, SUMMARY_FILE, CAMPAIGN)
    try:
        summary = msgspec.json.decode(path.read_bytes())
        rows = [row["label"] for row in summary["rows"] if row["exit_code"] != EXIT_OK]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path}: no summary of a campaign of this version") from None
    return [folder / str(label) for label in rows]


def _shrink_one(folder: Path) -> bool:
    """Write the smallest failing form beside the scenario; False if it does not fail."""
    scenario = load(str(folder / SCENARIO_FILE), [])
    tell = _tell_step if sys.stderr.isatty() else _tell_nothing
    found = shrink(scenario, tell)
    if found is None:
        print(f"{folder / SCENARIO_FILE} does not fail")
        return False
    smallest, failure, runs = found
    path = folder / SMALLEST_FILE
    path.write_text(brief(smallest), encoding="utf-8")
    before, after = len(scenario.fault), len(smallest.fault)
    print(f"{path}: {after} of {before} faults, {smallest.time.duration}, after {runs} runs")
    print(f"  {failure.why}")
    for fault in smallest.fault:
        lasts = "" if fault.lasts == "0s" else f" for {fault.lasts}"
        print(f"  {fault.at:>8}  {fault.kind} {fault.target}{lasts}")
    return True


def _tell_step(said: str) -> None:
    print(f"still fails: {said}", file=sys.stderr, flush=True)


def _tell_nothing(said: str) -> None:
    return
