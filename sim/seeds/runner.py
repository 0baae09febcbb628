"""Many runs, one after another or in processes of their own: a job goes in, a row comes out.

A job is text and numbers, so that it can go to another process or machine; so is a row. Results
come back in the order in which they end, and are the same whoever ran them. Not here: what is run
(schedule.py, sweep.py), what it says on a terminal (cli/).
"""

import multiprocessing
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError
from sim.outcome import EXIT_EXPECTATION, EXIT_OK, EXIT_STUCK, EXIT_UNSAFE
from sim.report_files import RUN_FOLDER_LARGE
from sim.run import Finished, RunOptions, run
from sim.scenario import Scenario, resolved
from sim.scenario_types import SEED_MAX

SCENARIO_FILE: Final = "scenario.toml"
JOBS_MAX: Final = 64
SEEDS_MAX: Final = 100_000  # of one command: each is a run of minutes
VERDICTS: Final = {
    EXIT_OK: "clean",
    EXIT_EXPECTATION: "failed",
    EXIT_UNSAFE: "unsafe",
    EXIT_STUCK: "stuck",
}
PRECEDENCE: Final = (EXIT_UNSAFE, EXIT_STUCK, EXIT_EXPECTATION)
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One run: a scenario as runnable TOML with its seed in it, and where its folder goes.

    label   what the row is to be known by;  folder   "": nothing is written
    keep    also the large files of a clean run
    """

    toml: str
    label: str
    folder: str = ""
    keep: bool = False


@dataclass(slots=True)
class Row:
    """What came of one run."""

    label: str
    seed: int
    exit_code: int
    verdict: str
    violations: dict[str, int]
    crossings: int
    faults: int
    wall_s: float
    transcript_sha256: str
    why: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The row for a summary: without the whole result."""
        row = asdict(self)
        del row["result"]
        return row


def job_of(scenario: Scenario, label: str, folder: Path | None, *, keep: bool = False) -> Job:
    """A job from a scenario, whose own seed counts."""
    return Job(resolved(scenario), label, str(folder) if folder is not None else "", keep)


def perform(job: Job) -> Row:
    """Run one job in this process."""
    scenario = msgspec.convert(tomllib.loads(job.toml), Scenario)
    folder = Path(job.folder) if job.folder else None
    finished = run(scenario, RunOptions(seed=scenario.seed, folder=folder))
    row = row_of(job, scenario, finished)
    if folder is not None:
        (folder / SCENARIO_FILE).write_text(job.toml, encoding="utf-8")
        if row.exit_code == EXIT_OK and not job.keep:
            thin_out(folder)
    return row


def row_of(job: Job, scenario: Scenario, finished: Finished) -> Row:
    """A finished run as one row."""
    result = finished.result
    traffic = result["traffic"]
    return Row(
        label=job.label,
        seed=scenario.seed,
        exit_code=result["exit_code"],
        verdict=VERDICTS[result["exit_code"]],
        violations={name: count for name, count in result["safety"].items() if count},
        crossings=traffic["loaded_crossings"] + traffic["empty_crossings"],
        faults=len(scenario.fault),
        wall_s=result["performance"]["wall_s"],
        transcript_sha256=result["transcript_sha256"],
        why=why(finished),
        result=result,
    )


def why(finished: Finished) -> str:
    """What is wrong with a run, in one line; "" if nothing is."""
    for violation in finished.world.checkers.violations:
        return f"{violation.invariant} at {violation.t_s:.2f} s: {violation.detail}"
    if finished.crash:
        return f"crash: {finished.crash.strip().splitlines()[-1]}"
    if finished.cycle:
        return f"deadlock: {' -> '.join([*finished.cycle, finished.cycle[0]])}"
    for stuck in finished.stuck:
        return f"no progress: {stuck['vehicle'] or 'everybody'} {stuck['why']}"
    if finished.late:
        return "time limit"
    failed = [each for each in finished.result["expectations"] if not each["passed"]]
    return f"{failed[0]['name']}, observed {failed[0]['observed']}" if failed else ""


def thin_out(folder: Path) -> None:
    """Of a clean run the result and the scenario are enough: it can be run again."""
    for name in RUN_FOLDER_LARGE:
        (folder / name).unlink(missing_ok=True)
    for path in folder.glob("ledger/*"):
        path.unlink()
    if (folder / "ledger").is_dir():
        (folder / "ledger").rmdir()


def exit_code(codes: Sequence[int]) -> int:
    """That of many runs: the first of 3, 4, 1 that any of them has, else 0."""
    return next((code for code in PRECEDENCE if code in codes), EXIT_OK)


def perform_all(jobs: Sequence[Job], processes: int, tell: Tell) -> Iterator[Row]:
    """Run all jobs, at most so many at a time; rows in the order in which they end.

    `tell` hears how many of how many are done. The first job is run here, before any process is
    started: what it compiles and loads, they all have.
    """
    for done, job in enumerate(jobs[:1] if processes > 1 else jobs, start=1):
        yield perform(job)
        tell(done, len(jobs))
    rest = jobs[1:] if processes > 1 else ()
    if not rest:
        return
    how = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPoolExecutor(min(processes, len(rest)), multiprocessing.get_context(how))
    try:
        for done, row in enumerate(_as_they_end(pool, rest), start=2):
            yield row
            tell(done, len(jobs))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_they_end(pool: ProcessPoolExecutor, jobs: Sequence[Job]) -> Iterator[Row]:
    open_: set[Future[Row]] = {pool.submit(perform, job) for job in jobs}
    while open_:
        done, open_ = wait(open_, return_when=FIRST_COMPLETED)
        for each in done:
            yield each.result()


def seeds(text: str) -> range:
    """A:B, half open as a Python range. Raises ConfigError."""
    first, colon, last = text.partition(":")
    try:
        found = range(int(first), int(last))
    except ValueError:
        found = range(0)
    if found and not 0 <= found[0] <= found[-1] <= SEED_MAX:
        raise ConfigError(f"--seeds {text!a:.60}: expected seeds from 0 to {SEED_MAX}")
    if not colon or not found:
        raise ConfigError(f"--seeds {text!r:.60}: expected A:B with A below B, as in 0:50")
    if len(found) > SEEDS_MAX:
        raise ConfigError(f"--seeds {text!a:.60}: {len(found)} seeds, expected at most {SEEDS_MAX}")
    return found


def processes(wanted: int, cpus: int) -> int:
    """How many at a time; 0: one a processor. Raises ConfigError."""
    if not 0 <= wanted <= JOBS_MAX:
        raise ConfigError(f"--jobs {wanted}: expected from 1 to {JOBS_MAX}, or 0: one a processor")
    return wanted or max(1, cpus)
