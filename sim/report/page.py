"""The page: verdict, what limited the day, pictures, tables and the command that repeats it."""

from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2

from contract.reasons import Reason
from sim.report import bottlenecks, diagrams, throughput
from sim.report.chart import clock
from sim.report.folder import RunFolder, read

NAME = "report.html"
STAGES_NOT_PLACES = ("desk_", "agency_", "read_", "ocr_", "container_", "seals_", "laboratory_")


def write_report(folder: Path) -> Path:
    """Write report.html into a run folder from its own files. Raises ConfigError, OSError."""
    run = read(folder)
    target = folder / NAME
    target.write_text(page(run), encoding="utf-8")
    return target


def page(run: RunFolder) -> str:
    """The whole page, self-contained."""
    text = resources.files("sim.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    result = run.result
    pictures = {
        "Time and distance": (diagrams.time_distance(run), TIME_DISTANCE),
        "Gates and stations": (diagrams.gantt(run), "Thin: waiting. Thick: being served."),
        "Waiting by reason": (diagrams.waiting(run), WAITING),
        "Throughput": (throughput.throughput(run), throughput.CAPTION),
        "Crossing times": (diagrams.crossing_times(run), CROSSING_TIMES),
        "Delay ledger": (diagrams.delays(run), DELAYS),
        "Speeds": (diagrams.platoon(run, "v"), "Of everybody, the leader in blue (platoon.csv)."),
        "Gaps": (diagrams.platoon(run, "gap"), "To the one ahead, bumper to bumper (platoon.csv)."),
    }
    return environment.from_string(text).render(
        result=result,
        pictures={name: each for name, each in pictures.items() if each[0]},
        limits=limits(run),
        bottlenecks={
            "header": bottlenecks.HEADER,
            "rows": bottlenecks.rows(result.get("bottlenecks", {})),
        },
        broken={name: count for name, count in result.get("safety", {}).items() if count},
        waiting=still_waiting(run),
        repeat=repeat(result),
        hours=bool(run.closed()),
        figures=figures(result),
    )


TIME_DISTANCE = (
    "One line a crossing, drawn by where its rear was proven to be; Kazakhstan below, China above."
    " Level lines are gates and stations, shaded blocks the boundary section and who had it. A line"
    " that runs level stands; lines that bunch before a level queue for it."
)
WAITING = "Minutes in which the supervisor said of a vehicle that it waits, and why; not loading."
CROSSING_TIMES = "From leaving the departure berth to standing at the arrival berth."
DELAYS = "Every second beyond free running, by rule and by whose move it was (delays.csv)."


def busiest_place(result: dict[str, Any]) -> tuple[str, float] | None:
    """The busiest place on the road and its utilisation; None where nothing was used."""
    used = [
        (name, float(row.get("utilisation") or 0.0))
        for name, row in result.get("resources", {}).items()
        if not name.startswith(STAGES_NOT_PLACES)
    ]
    name, share = max(used, key=lambda each: each[1], default=("", 0.0))
    return (name, share) if share > 0.0 else None


# What a wait is about, for whoever has never seen a reason code.
ABOUT: Final = {
    "opening hours": ("OFFICE_CLOSED", "ARRIVAL_TOO_LATE", "DEPARTURE_CLOSED"),
    "quota and the other side's intake": ("QUOTA_REACHED", "INTAKE_RATE_REACHED", "INTAKE_FULL"),
    "papers and officers": (
        *("CLEARANCE_PENDING", "DOCUMENT_CONTROL", "ENDORSEMENT_PENDING", "SECOND_OFFICER"),
        *("OFFICER_HOLD", "CERTIFICATE_MISSING", "BATCH_INCOMPLETE"),
    ),
    "inspections": (
        *("INSPECTION_PENDING", "INSPECTION_ORDERED", "IMAGE_PENDING", "LABORATORY_PENDING"),
        *("NO_BAY_FREE", "NO_PLACE"),
    ),
    "room on the road": (
        *("ZONE_OCCUPIED", "PREDECESSOR_FIRST", "VEHICLE_AHEAD", "DIRECTION_OPPOSED", "ZONE_FULL"),
        *("SECTION_DRAINS", "WOULD_DEADLOCK"),
    ),
    "service at stations and gates": ("STATION_PENDING", "PERMIT_PENDING", "PLATE_UNREAD"),
    "berths at the far end": ("BERTH_FULL",),
    "putting convoys together": ("CONVOY_FORMING",),
    "weather and closures": ("WEATHER_CLOSED", "SECTION_CLOSED", "SPEED_REDUCED"),
}
SHARE_MIN: Final = 0.05  # of all waiting; less is not worth a word


def waits_about(run: RunFolder) -> list[tuple[str, float]]:
    """What waiting was about, and its share of all of it, the most first."""
    minutes: dict[str, float] = {}
    for reason, amount in diagrams.waits_by_reason(run).items():
        about = next((name for name, codes in ABOUT.items() if reason in codes), reason)
        minutes[about] = minutes.get(about, 0.0) + amount
    whole = sum(minutes.values())
    shares = [(name, amount / whole) for name, amount in minutes.items() if amount > 0.0]
    return sorted(shares, key=lambda each: (-each[1], each[0]))


def limits(run: RunFolder) -> list[str]:
    """What limited the day, in sentences: what trucks waited for, then what would break first."""
    said = []
    waits = [f"{100.0 * s:.0f} % {name}" for name, s in waits_about(run) if s >= SHARE_MIN]
    if waits:
        said.append(f"What vehicles waited for: {', '.join(waits)}.")
    verdict = bottlenecks.verdict(run.result.get("bottlenecks", {}))
    busiest, bound = busiest_place(run.result), run.result.get("bound")
    said += verdict
    if busiest is not None and not verdict:
        name, share = busiest
        said.append(f"The busiest place was {name}: in use {100.0 * share:.0f} % of the time.")
    if bound and bound["share"] is not None:
        said.append(
            f"{bound['measured_per_hour']:.0f} crossings an hour passed,"
            f" {100.0 * bound['share']:.0f} % of the {bound['per_hour']:.0f} both ways that"
            f" {bound['resource']}, the tightest place on everybody's way, can pass."
        )
    said += without_truck(run.result.get("queues", {}))
    for reason, minutes in list(diagrams.waits_by_reason(run).items())[:3]:
        known = Reason.__members__.get(reason)
        about = f": {known.sentence}" if known is not None else ""
        said.append(f"{minutes:.0f} vehicle-minutes of {reason}{about}.")
    return said


def without_truck(queues: dict[str, dict[str, float]]) -> list[str]:
    """Loads that no truck has come for: then trucks are short, whatever a bound says."""
    left = {"eastbound": "E", "westbound": "W"}
    waiting = {name: int(queues.get(way, {}).get("waiting", 0)) for name, way in left.items()}
    words = [f"{count} {name}" for name, count in waiting.items() if count]
    said = f"Loads that found no truck by the end: {', '.join(words)}."
    return [said] if words else []


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
                f"{traffic['tonnes']:,.0f} t ({traffic['tonnes_per_year'] / 1e6:.2f} Mt/yr)"
                + bottlenecks.by_day(traffic),
            ),
            ("crossing time", f"{_minutes(p50)} median, {_minutes(p95)} at 95 %"),
            ("not cleared", ", ".join(ends)),
            ("control room", f"{result['human_interventions']} interventions"),
            (
                "officers",
                f"{result['officer_decisions']} decisions, {result['officer_minutes']:.0f} minutes",
            ),
        ]
    rows.append(("simulated", f"{performance['simulated_s'] / 3_600.0:.2f} h"))
    return rows


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
    ]


def repeat(result: dict[str, Any]) -> str:
    """The command that runs exactly this again, given in the folder of the run."""
    return f"convoy-sim run scenario.resolved.toml --seed {result['seed']}"


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60.0:.1f} min"
