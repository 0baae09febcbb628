"""The same day by plain rules, by plan, with a metered lane, and with waits on purpose for who is
expected at a one-lane section: what the order is worth.

First come, first served is what the supervisor does without a timetable. Everything is read from
the folders of the runs (reading.py). Not here: the search against a solver (timetable.py).
"""

from typing import Any, Final

from bench.measure import print_table
from bench.reading import Day, day_of
from bench.runs import Case

SCENARIOS: Final = ("peak_week", "single_lane_bridge", "nur_zholy_khorgos")
WAYS: Final = (
    ("first come", ("timetable.on=false",)),
    ("plan", ("timetable.on=true", "timetable.lane_trucks=0")),
    ("plan, 3 in the lane", ("timetable.on=true", "timetable.lane_trucks=3")),
    (
        "and 90 s of waiting",
        ("timetable.on=true", "timetable.lane_trucks=3", "timetable.wait='90s'"),
    ),
)
FIGURES: Final = (
    ("loaded crossings", "traffic.loaded_crossings", ".0f"),
    ("crossing time, median s", "traffic.crossing_time_s.p50", ".0f"),
    ("crossing time, 95th percentile s", "traffic.crossing_time_s.p95", ".0f"),
    ("parked at the berth, mean s", "timetable.parked_mean_s", ".0f"),
    ("on the road, mean s", "timetable.lane_mean_s", ".0f"),
    ("weighted tardiness, s", "timetable.weighted_tardiness_s", ".0f"),
    (
        "spoils: ready to arrival, mean s",
        "timetable.ready_to_arrival_s.perishable.mean",
        ".0f",
    ),
    ("other loads, the same", "timetable.ready_to_arrival_s.other.mean", ".0f"),
    ("longest, ready to arrival, s", "timetable.ready_to_arrival_s.other.max", ".0f"),
    ("plans", "timetable.plans", ".0f"),
)


def run_plans(options: Any) -> None:
    """Measure and print."""
    del options
    for scenario in SCENARIOS:
        days = [day_of(Case(f"{scenario}, {name}", scenario, keys)) for name, keys in WAYS]
        header = ("", *(name for name, _ in WAYS))
        rows = [[name, *(_said(day, path, form) for day in days)] for name, path, form in FIGURES]
        print_table(scenario, header, rows)


def _said(day: Day, path: str, form: str) -> str:
    value: Any = day.result
    for step in path.split("."):
        value = value[step]
    return "-" if value is None else format(value, form)
