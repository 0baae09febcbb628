"""What clearance costs on a day: papers to permits, people, and what recognition is worth.

Everything is read from the folders of the runs (reading.py), as anybody would who was given them. A
manned express lane elsewhere passes 95 % without a stop; here a touch is any person at a crossing,
whether the truck stands meanwhile or not. Not here: scans and traders recognised apart
(recognition.py), what a passage costs a processor (passage.py), declarations a minute
(clearance.py).
"""

from typing import Any, Final

from bench.measure import print_table
from bench.reading import Day, day_of
from bench.recognition import COMBINATIONS, SCENARIO
from bench.runs import Case

EXPRESS_LANE: Final = 0.95  # passes without a stop, by its operator's word
PARTS: Final = (
    ("papers filed to both releases", "papers_to_releases_s"),
    ("releases to loaded", "releases_to_ready_s"),
    ("loaded and released to departure", "ready_to_departure_s"),
    ("departure to exit permit", "departure_to_exit_permit_s"),
    ("papers filed to exit permit", "papers_to_permit_s"),
    ("exit permit to entry permit", "exit_to_entry_permit_s"),
)


def cases(*, full: bool) -> tuple[Case, ...]:
    """The busy day, some hours of it or all, and the hard cases with and without recognition."""
    hours = () if full else ('time.duration="3h"', 'time.warm_up="1h"')
    return (
        Case("traffic_day, 24 h" if full else "traffic_day, 3 h", "traffic_day", hours),
        Case(SCENARIO, SCENARIO),
        Case("the same, nothing recognised", SCENARIO, COMBINATIONS["neither"]),
    )


def run_days(options: Any) -> None:
    """Measure and print."""
    days = [day_of(case) for case in cases(full=options.full)]
    header = ("", *(day.title for day in days))
    print_table("a green crossing that nobody touched, mean seconds", header, _parts(days))
    print_table("people", header, _people(days))
    print_table("the day", header, _traffic(days))


def _said(value: float | None, pattern: str) -> str:
    return "-" if value is None else format(value, pattern)


def _row(name: str, days: list[Day], *path: str, pattern: str = ".0f") -> list[str]:
    """One figure of result.json, day by day."""
    cells = []
    for day in days:
        value: Any = day.result
        for step in path:
            value = value[step]
        cells.append(_said(value, pattern))
    return [name, *cells]


def _parts(days: list[Day]) -> list[list[str]]:
    green = ("clearance", "green")
    rows = [_row("crossings", days, *green, "crossings")]
    rows += [_row(name, days, *green, part, "mean", pattern=".1f") for name, part in PARTS]
    whole = [day.result["clearance"]["green"] for day in days]
    shares = [
        _share(each["papers_to_releases_s"]["mean"], each["papers_to_permit_s"]["mean"])
        for each in whole
    ]
    return [*rows, ["of it waiting for papers", *shares]]


def _share(part: float | None, whole: float | None) -> str:
    return "-" if not part or not whole else f"{100.0 * part / whole:.0f} %"


def _people(days: list[Day]) -> list[list[str]]:
    untouched = ("clearance", "untouched")
    kinds = ("desk", "bay", "image", "line", "agency")
    ratios = [
        _said(share and share / EXPRESS_LANE, ".2f")
        for share in (day.result["clearance"]["untouched"]["share"] for day in days)
    ]
    return [
        _row("loaded crossings decided", days, *untouched, "of"),
        _row("share that no person touched", days, *untouched, "share", pattern=".3f"),
        ["of a manned express lane's 95 %", *ratios],
        ["touches of one that has arrived", *(f"{day.touches:.2f}" for day in days)],
        _row("officer minutes for 100 loaded", days, "clearance", "officer_minutes_per_100"),
        *(_row(f"minutes: {kind}", days, "clearance", "minutes", kind) for kind in kinds),
    ]


def _traffic(days: list[Day]) -> list[list[str]]:
    return [
        _row("loaded crossings", days, "traffic", "loaded_crossings"),
        _row("crossing time, mean s", days, "traffic", "crossing_time_s", "mean"),
        _row("crossing time, 95th percentile s", days, "traffic", "crossing_time_s", "p95"),
        ["X-ray utilisation, mean of four", *(f"{day.utilisation('xray'):.4f}" for day in days)],
        _row("officer decisions", days, "officer_decisions"),
    ]
