"""How near a corridor comes to what is possible: its throughput against the closed-form bound, and
its crossing times against free running.

The bound is what the tightest place can pass, whoever decides (sim/bound.py); free running is the
same truck on the same way, alone and with every service taking no time (sim/free_run.py). Both
stand in one run beside what was measured, so the ratios are the same on any machine. Not here: what
a run costs (runs.py), where the time went (`convoy-sim report DIR --delays`).
"""

from typing import Any, Final

from bench.measure import print_table
from bench.runs import Case
from sim.outcome import spread
from sim.run import Finished, RunOptions, run

BOUNDED: Final = Case("saturation, 3 h of which 2 are measured", "saturation")
BUSY: Final = Case(
    "ten_megatonnes, 3 h of which 2 are measured",
    "ten_megatonnes",
    ('time.duration="3h"', 'time.warm_up="1h"', "expect=[]"),
)
_MS_PER_S: Final = 1_000.0


def run_flow(options: Any) -> None:
    """Measure and print."""
    del options
    for case in (BOUNDED, BUSY):
        finished = run(case.load(), RunOptions())
        bound = finished.result["bound"]
        print_table(f"{case.title}: throughput", ("", ""), throughput(bound))
        header = ("", "mean", "median", "95 %")
        print_table("  crossings that are over, seconds", header, times(finished))


def throughput(bound: dict[str, Any]) -> list[list[str]]:
    """What passed, what the tightest place can pass, and the one as a share of the other."""
    return [
        ["crossings an hour, both ways", f"{bound['measured_per_hour']:.1f}"],
        [f"bound, by {bound['resource']}", f"{bound['per_hour']:.1f}"],
        ["share of the bound", f"{bound['share']:.3f}"],
    ]


def times(finished: Finished) -> list[list[str]]:
    """Crossing time, free-running time of the same crossings, and their ratio at each figure."""
    warm_up_s = finished.world.scenario.warm_up_s
    tales = finished.tally.crossings.values()
    over = [
        (tale.time_s, finished.accounts[tale.crossing].free_ms / _MS_PER_S)
        for tale in tales
        if tale.time_s is not None and tale.outcome == "cleared"
        if (tale.arrived_s or 0.0) >= warm_up_s and tale.crossing in finished.accounts
    ]
    took, free = (spread(sorted(each)) for each in zip(*over, strict=True))
    keys = ("mean", "p50", "p95")
    ratios = [(took[key] or 0.0) / (free[key] or 1.0) for key in keys]
    return [
        ["crossing time", *(f"{took[key]:.0f}" for key in keys)],
        ["free running", *(f"{free[key]:.0f}" for key in keys)],
        ["ratio", *(f"{each:.2f}" for each in ratios)],
    ]
