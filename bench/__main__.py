"""`python -m bench [NAME ...]`: measure this machine. Prints tables, never judges them."""

import argparse
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bench import (
    alarms,
    beacons,
    clearance,
    day,
    days,
    drift,
    fleet_kernel,
    flow,
    grants,
    hour,
    messages,
    passage,
    path_error,
    plans,
    recognition,
    runs,
    stops,
    string_stability,
    sumo_steps,
    timetable,
)

BENCHES: Final[Mapping[str, Callable[[Any], None]]] = {
    "alarms": alarms.run,
    "beacons": beacons.run,
    "clearance": clearance.run,
    "day": day.run_day,
    "days": days.run_days,
    "drift": drift.run,
    "fleet": fleet_kernel.run,
    "flow": flow.run_flow,
    "grants": grants.run,
    "hour": hour.run,
    "messages": messages.run,
    "passage": passage.run_passages,
    "path": path_error.run,
    "plans": plans.run_plans,
    "recognition": recognition.run_recognition,
    "runs": runs.run,
    "stops": stops.run,
    "string": string_stability.run,
    "sumo": sumo_steps.run,
    "timetable": timetable.run,
}

EPILOG: Final = """\
alarms       how often a healthy truck would stop believing its satellites
beacons      runs with beacons as arrays and as sealed bytes
clearance    declarations a minute: every fault, and through both offices
day          what a day of ten_megatonnes costs: wall time, times real time, messages a truck
days         papers to permits and people on a day, with and without recognition
drift        how soon a pose is found out that satellites drag away
fleet        vehicle-steps a second of the fleet kernel, compiled and plain, and its parts
flow         throughput against its bound, crossing times against free running
grants       a grant decision of a supervisor of a hundred trucks, with its commit
hour         an hour of free driving of one truck and of eight
messages     messages a second between two mailboxes, and what the parse rules cost
passage      what a passage costs judge, gate and truck: time and signatures
path         path error of the steering on six lanes, and what a turn of it costs
plans        the same days first come, first served, by plan, and with a metered lane
recognition  the same days with scans, traders, both or neither of the other side recognised
runs         real-time factor of two scenarios and the split by part
stops        how far before its line a truck stops, over grade and friction
string       speed amplitudes and least gaps along a convoy of eight trucks
sumo         the fleet kernel beside libsumo, in an environment made for it
timetable    plans of 1 s beside those of CP-SAT with 10 s, in an environment made for it

Only ratios within one run compare between machines. Nothing else should run meanwhile.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure; ratios within one run, never a verdict.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; default all"
    )
    top.add_argument("--full", action="store_true", help="busy days for their whole length, once")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; 2 for a name that is not there."""
    options = parser().parse_args(argv)
    for name in options.names:
        if name not in BENCHES:
            print(f"python -m bench: no {name!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
            return 2
    print(f"{platform.machine()}, Python {platform.python_version()}, medians of processor time")
    for name in options.names or BENCHES:
        BENCHES[name](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
