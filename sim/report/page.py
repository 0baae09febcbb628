"""The page: verdict, what limited the day, pictures, tables and the command that repeats it."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2

from sim.report import bottlenecks, diagrams, throughput
from sim.report.chart import clock
from sim.report.folder import RunFolder, read
from sim.report.limits import evidence, headline
from sim.report.names import in_words

NAME = "report.html"


@dataclass(frozen=True, slots=True)
class Written:
    """Where the page is, and the sentence at its top; empty where there was no traffic."""

    path: Path
    limited: str


def write_report(folder: Path) -> Written:
    """Write report.html into a run folder from its own files. Raises ConfigError, OSError."""
    run = read(folder)
    target = folder / NAME
    target.write_text(page(run), encoding="utf-8")
    return Written(target, next(iter(headline(run)), ""))


def page(run: RunFolder) -> str:
    """The whole page, self-contained."""
    text = resources.files("sim.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    result = run.result
    told = result.get("bottlenecks", {})
    table = [(row, in_words(row[0], run.corridor)) for row in bottlenecks.rows(told)]
    waiting = still_waiting(run)
    return environment.from_string(text).render(
        result=result,
        pictures={name: each for name, each in _pictures(run).items() if each[0]},
        hour_by_hour=hour_by_hour(run),
        headline=headline(run),
        evidence=evidence(run),
        bottlenecks={
            "header": bottlenecks.HEADER,
            "first": table[:PLACES_FIRST],
            "others": table[PLACES_FIRST:],
        },
        broken={name: count for name, count in result.get("safety", {}).items() if count},
        waiting=waiting[:WAITING_MAX],
        waiting_more=len(waiting[WAITING_MAX:]),
        repeat=repeat(result),
        hours=bool(run.closed()),
        figures=figures(result),
    )


def _pictures(run: RunFolder) -> dict[str, tuple[str, str]]:
    """Heading -> drawing and what it shows, in the order of the page."""
    span = diagrams.busiest(run)
    rest = "the rest is at the end of the page"
    return {
        "Waiting by reason": (diagrams.waiting(run), WAITING),
        "Time and distance": (
            diagrams.time_distance(run, span),
            TIME_DISTANCE + _part(run, span, rest),
        ),
        "Throughput": (throughput.throughput(run), throughput.CAPTION),
        "Gates and stations": (
            diagrams.gantt(run, span),
            GANTT + _part(run, span, "stages.csv has the rest"),
        ),
        "Crossing times": (diagrams.crossing_times(run), CROSSING_TIMES),
        "Delay ledger": (diagrams.delays(run), DELAYS),
        "Speeds": (diagrams.platoon(run, "v"), "Of everybody, the leader in blue (platoon.csv)."),
        "Gaps": (diagrams.platoon(run, "gap"), "To the one ahead, bumper to bumper (platoon.csv)."),
    }


def _part(run: RunFolder, span: diagrams.Span, rest: str) -> str:
    """What the reader has to know where a picture shows only a part of the run."""
    if span == (0.0, run.lasts_s):
        return ""
    return f" Here: {_between(run, span)}, with the most loads arriving; {rest}."


def hour_by_hour(run: RunFolder) -> list[tuple[str, str]]:
    """(from and to, time-distance diagram) of a run that is too long for one; else nothing."""
    pieces = diagrams.windows(run)
    if len(pieces) < 2:
        return []
    drawn = [(each, diagrams.time_distance(run, each, HOURS_HEIGHT_PX)) for each in pieces]
    return [(_between(run, each), drawing) for each, drawing in drawn if drawing]


def _between(run: RunFolder, span: diagrams.Span) -> str:
    begin, end = (clock(at_s + run.start_of_day_s) for at_s in span)
    day = int((span[0] + run.start_of_day_s) // 86_400.0)
    return f"{begin} to {end}" + (f" of day {day + 1}" if day else "")


PLACES_FIRST: Final = 8
WAITING_MAX: Final = 10
HOURS_HEIGHT_PX: Final = 420.0
GANTT = (
    "Thin: waiting. Thick: being served. kz and cn are the sides, _e and _w eastbound and"
    " westbound; out is an exit gate, in an entry gate, weigh a weighbridge, ocr the reading of"
    " plates."
)
TIME_DISTANCE = (
    "One line a crossing, drawn by where its rear was proven to be and where its front stood;"
    " Kazakhstan below, China above. Broken lines are empty trucks. Level lines are gates and"
    " stations, shaded blocks the boundary section and who had it. A line that runs level stands;"
    " lines that bunch before a level queue for it."
)
WAITING = "Minutes in which the supervisor said of a vehicle that it waits, and why; not loading."
CROSSING_TIMES = "From leaving the departure berth to standing at the arrival berth."
DELAYS = "Every second beyond free running, by rule and by whose move it was (delays.csv)."


def figures(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The few figures that come first."""
    traffic, performance = result.get("traffic", {}), result["performance"]
    rows = []
    if traffic:
        times = traffic["crossing_time_s"]
        ends = [f"{traffic[each]} {each}" for each in ("held", "diverted", "refused")]
        p50, p95 = times.get("p50"), times.get("p95")
        loaded, empty = traffic["loaded_crossings"], traffic["empty_crossings"]
        rows += [
            ("crossings", f"{loaded} loaded, {empty} empty"),
            (
                "tonnes",
                f"{traffic['tonnes']:,.0f} t ({traffic['tonnes_per_year'] / 1e6:.2f} Mt a year)"
                + bottlenecks.by_day(traffic),
            ),
            ("crossing time", f"{_minutes(p50)} median, {_minutes(p95)} at 95 %"),
            *slots_row(result),
            ("not cleared", ", ".join(ends)),
            ("control room", f"{result['human_interventions']} interventions"),
            (
                "officers",
                f"{result['officer_decisions']} decisions, {result['officer_minutes']:.0f} minutes",
            ),
        ]
    rows.append(("simulated", f"{performance['simulated_s'] / 3_600.0:.2f} h"))
    return [*rows, *measured_row(result)]


def measured_row(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The part of a run that crossings, tonnes and times are of, where that is not the whole."""
    simulated_s = result["performance"]["simulated_s"]
    measured_s = result.get("traffic", {}).get("measured_s", simulated_s)
    if measured_s >= simulated_s:
        return []
    if measured_s <= 0.0:
        return [("measured", "nothing: the run was over within its warm-up")]
    hours, warm_up = measured_s / 3_600.0, (simulated_s - measured_s) / 3_600.0
    return [("measured", f"the last {hours:.2f} h, after {warm_up:.2f} h of warm-up")]


def slots_row(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The slots at the exit gates, where there are any."""
    slots = result.get("slots") or {}
    if not slots.get("offered"):
        return []
    words = f"{slots['used']} of {slots['offered']} used, {slots['refused']} bookings refused"
    return [("slots", f"{words}, {slots['freed']} freed")]


def still_waiting(run: RunFolder) -> list[dict[str, str]]:
    """Whoever waits at the end, the longest first, with the time of day since when."""
    rows = sorted(run.result.get("traffic", {}).get("waiting", []), key=lambda w: w["since_s"])
    return [
        {
            "vehicle": row["vehicle"],
            "since": clock(row["since_s"] + run.start_of_day_s),
            "reason": row["reason"],
            "about": row.get("root", ""),
        }
        for row in rows
        if row["reason"] not in diagrams.HIDDEN
    ]


def repeat(result: dict[str, Any]) -> str:
    """The command that runs exactly this again, given in the folder of the run."""
    return f"convoy-sim run scenario.resolved.toml --seed {result['seed']}"


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60.0:.1f} min"
