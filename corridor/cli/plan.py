"""`convoy-corridor plan INSTANCE.json -o SCHEDULE.json`: a timetable for the convoys of a file.

The schedule goes into the file, its cost, a proven lower bound and the gap between them to stdout.
Exit codes: 0 planned, 2 an instance or a file that cannot be used, 3 a plan that fails its own
check (nothing is written), 130 interrupted. Not here: how it is planned (corridor/timetable).
"""

import argparse
import contextlib
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contract.errors import InvariantBroken
from corridor.cli.kernel_cache import timetable_cache

if TYPE_CHECKING:
    from corridor.timetable.plan import Plan

EXIT_PLANNED: Final = 0
EXIT_UNUSABLE: Final = 2
EXIT_BROKEN: Final = 3
EXIT_INTERRUPTED: Final = 130
FILE_BYTES_MAX: Final = 50_000_000
FAULTS_TOLD_MAX: Final = 50
SECONDS_MAX: Final = 86_400.0
TELL_S: Final = 0.2

EXAMPLES: Final = """\
examples:
  convoy-corridor plan instance.json -o schedule.json
  convoy-corridor plan instance.json -o schedule.json --seconds 10 --json

Exit codes: 0 planned, 2 an instance or a file that cannot be used, 130 interrupted.
docs/timetable.md says what an instance may hold and what the plan promises.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `plan` to the commands of convoy-corridor; the chosen one is in `args.run`."""
    parser = subparsers.add_parser(
        "plan",
        help="plan which convoy uses what when",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("instance", metavar="INSTANCE.json", help="resources and jobs")
    parser.add_argument(
        "-o", "--out", required=True, metavar="SCHEDULE.json", help="where the schedule goes"
    )
    parser.add_argument(
        "--seconds", type=seconds, default=1.0, metavar="S", help="time to plan, default 1"
    )
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="of chance, default 1")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)


def seconds(text: str) -> float:
    """A budget. Raises ArgumentTypeError."""
    with contextlib.suppress(ValueError):
        value = float(text)
        if math.isfinite(value) and 0.0 < value <= SECONDS_MAX:
            return value
    raise argparse.ArgumentTypeError(
        f"{text!a:.40}; expected seconds above 0 and at most {SECONDS_MAX:,.0f}"
    )


def seed(text: str) -> int:
    """A whole number that chance begins with. Raises ArgumentTypeError."""
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!a:.40}; expected a whole number from 0")


def run(args: argparse.Namespace) -> int:
    """Plan one instance."""
    with timetable_cache():
        from corridor.timetable.form import InstanceError  # noqa: PLC0415 - within the cache

    try:
        return planned(args)
    except InstanceError as error:
        for fault in error.faults[:FAULTS_TOLD_MAX]:
            print(fault, file=sys.stderr)
        count = "one fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        print(f"{args.instance!a}: {count}; no plan", file=sys.stderr)
    except OSError as error:
        print(f"convoy-corridor plan: {error.filename!a}: {error.strerror}", file=sys.stderr)
    except ValueError as error:  # a path with a zero byte
        print(f"convoy-corridor plan: {args.instance!a}, {args.out!a}: {error}", file=sys.stderr)
    except InvariantBroken as error:
        print(f"convoy-corridor plan: {error}", file=sys.stderr)
        return EXIT_BROKEN
    except KeyboardInterrupt:
        print("convoy-corridor plan: interrupted, nothing is written", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_UNUSABLE


def planned(args: argparse.Namespace) -> int:
    """Read, plan, check, write, tell."""
    with timetable_cache():
        from corridor.timetable.form import InstanceError, read_instance  # noqa: PLC0415 - as above
        from corridor.timetable.plan import make_plan, warm_up  # noqa: PLC0415 - as above

    with Path(args.instance).open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise InstanceError([f"longer than {FILE_BYTES_MAX} bytes"])
    instance = read_instance(data)
    out = Path(args.out)
    if out.is_dir() or not out.parent.is_dir():
        print(f"convoy-corridor plan: {args.out!a}: no file can be there", file=sys.stderr)
        return EXIT_UNUSABLE
    warm_up()
    clock = Budget(args.seconds, tells=sys.stderr.isatty())
    plan = make_plan(instance, args.seed, clock.used)
    clock.end()
    write(out, json.dumps(plan.starts, ensure_ascii=False) + "\n")
    if args.json:
        print(json.dumps(summary(plan, clock.elapsed_s)))
    else:
        tell(plan)
    return EXIT_PLANNED


def write(out: Path, text: str) -> None:
    """The whole file or the one that was there: a reader never meets half a schedule."""
    if out.exists() and not out.is_file():  # a pipe, /dev/stdout
        out.write_text(text, encoding="utf-8")
        return
    draft = out.with_name(f".{out.name}.{os.getpid()}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


class Budget:
    """Seconds from now on, and how much of them is gone; says so on a terminal."""

    def __init__(self, budget_s: float, *, tells: bool) -> None:
        self._budget_s = budget_s
        self._tells = tells
        self._told_s = 0.0
        self._began_s = time.perf_counter()
        self.elapsed_s = 0.0

    def used(self) -> float:
        """Share of the budget that is gone."""
        self.elapsed_s = time.perf_counter() - self._began_s
        share = self.elapsed_s / self._budget_s
        if self._tells and self.elapsed_s - self._told_s >= TELL_S:
            self._told_s = self.elapsed_s
            print(f"\rplanning {min(100, round(100 * share))} %", end="", file=sys.stderr)
        return share

    def end(self) -> None:
        """The line of progress goes."""
        self.elapsed_s = time.perf_counter() - self._began_s
        if self._told_s:
            print("\r              \r", end="", file=sys.stderr, flush=True)


def summary(plan: "Plan", elapsed_s: float) -> dict[str, Any]:
    """The costs as one object; seconds."""
    return {
        "objective": neat(plan.late),
        "lower_bound": neat(plan.late_bound),
        "gap": round(plan.gap, 6),
        "total_completion": neat(plan.end),
        "total_completion_lower_bound": neat(plan.end_bound),
        "total_completion_gap": round(plan.end_gap, 6),
        "jobs": len(plan.starts),
        "changes": plan.changes,
        "seconds": round(elapsed_s, 3),
    }


def tell(plan: "Plan") -> None:
    """The same in words."""
    rows = (
        ("objective", neat(plan.late), neat(plan.end)),
        ("lower bound", neat(plan.late_bound), neat(plan.end_bound)),
        ("gap", f"{100 * plan.gap:.2f} %", f"{100 * plan.end_gap:.2f} %"),
    )
    print(f"{'':<12}{'weighted tardiness, s':>24}{'total completion, s':>24}")
    for name, late, end in rows:
        print(f"{name:<12}{late:>24}{end:>24}")


def neat(value: float) -> float | int:
    """Whole where it is whole, else to the millisecond."""
    return int(value) if float(value).is_integer() else round(value, 3)
