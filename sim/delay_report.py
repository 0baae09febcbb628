"""Time Release Study: how long crossings take, and whose time it is - by party, resource and stage.

Pure. In: rows of crossings.csv, delays.csv and stages.csv of one run folder. Out: tables of mean,
median and 95th percentile. Crossings count that are over; a crossing that lost nothing to a party
or resource counts there with nothing, so that the means add up. Stages are told besides, wait and
service apart, for every visit, those of desks included that no truck stands at. Not here: how a
second came to its party (delays.py), the files (cli/report.py). Source: WCO, Guide to Measure the
Time Required for the Release of Goods, version 3 (2018).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sim.outcome import spread

Rows = Sequence[Mapping[str, str]]
RULES_TOLD: Final = 12


def study(crossings: Rows, delays: Rows, stages: Rows) -> dict[str, Any]:
    """The whole study as values; seconds."""
    over = [row["crossing"] for row in crossings if row["free_s"]]
    ended = set(over)
    counted = [row for row in delays if row["crossing"] in ended]
    by: Callable[[str], dict[str, Any]] = lambda key: _by(counted, over, key)  # noqa: E731
    return {
        "crossings": len(over),
        "time_s": {
            "crossing": _of(crossings, "time_s"),
            "free_running": _of(crossings, "free_s"),
            "delay": _of(crossings, "delay_s"),
        },
        "by_party": by("party"),
        "by_rule": by("rule"),
        "by_resource": by("resource"),
        "by_stage": _stages(stages),
    }


def _of(crossings: Rows, column: str) -> dict[str, float | None]:
    return spread(sorted(float(row[column]) for row in crossings if row["free_s"]))


def _by(delays: Rows, over: Iterable[str], key: str) -> dict[str, Any]:
    """Seconds a crossing by one column of the ledger, most first, with their share of all."""
    lost: dict[str, dict[str, float]] = defaultdict(dict)
    for row in delays:
        of_key = lost[row[key] or "the truck itself"]
        of_key[row["crossing"]] = of_key.get(row["crossing"], 0.0) + float(row["seconds"])
    total_s = sum(sum(each.values()) for each in lost.values())
    names = sorted(lost, key=lambda name: (-sum(lost[name].values()), name))
    found: dict[str, Any] = {}
    for name in names:
        values = sorted(lost[name].get(crossing, 0.0) for crossing in over)
        share = sum(values) / total_s if total_s else 0.0
        found[name] = {**spread(values), "crossings": len(lost[name]), "share": round(share, 4)}
    return found


def _stages(stages: Rows) -> dict[str, Any]:
    """Waits and services of each stage, one value a visit."""
    waits: dict[str, list[float]] = defaultdict(list)
    services: dict[str, list[float]] = defaultdict(list)
    for row in stages:
        start = float(row["start"])
        waits[row["stage"]].append(start - float(row["arrive"]))
        services[row["stage"]].append(float(row["end"]) - start)
    return {
        stage: {
            "visits": len(waits[stage]),
            "wait_s": spread(sorted(waits[stage])),
            "service_s": spread(sorted(services[stage])),
        }
        for stage in sorted(waits)
    }


# --- in words ---


def lines_of(told: Mapping[str, Any]) -> list[str]:
    """The study as a table for a terminal; seconds."""
    lines = [f"Time Release Study: {told['crossings']} crossings that are over, seconds", ""]
    if not told["crossings"]:
        return lines[:1]
    lines.append(f"  {'':<28}{'mean':>9}{'median':>9}{'95 %':>9}{'share':>8}")
    times = told["time_s"]
    lines += [f"  {name.replace('_', ' '):<28}{_figures(row)}" for name, row in times.items()]
    for title, key in (
        ("delay by party", "by_party"),
        ("delay by rule", "by_rule"),
        ("delay by resource", "by_resource"),
    ):
        lines += ["", f"  {title}"]
        rows = list(told[key].items())
        for name, row in rows[:RULES_TOLD]:
            lines.append(f"    {name:<26.25}{_figures(row)}{100.0 * row['share']:>7.1f}%")
        if len(rows) > RULES_TOLD:
            rest = sum(row["share"] for _, row in rows[RULES_TOLD:])
            others = f"{len(rows) - RULES_TOLD} others"
            lines.append(f"    {others:<53}{100.0 * rest:>7.1f}%")
    lines += ["", f"  {'stage':<16}{'visits':>8}   wait: mean, median, 95 %    service"]
    for stage, row in told["by_stage"].items():
        waits, service = _figures(row["wait_s"]), _figures(row["service_s"])
        lines.append(f"    {stage:<14}{row['visits']:>8}{waits}{service}")
    return lines


def _figures(row: Mapping[str, float | None]) -> str:
    return "".join(f"{row[key] or 0.0:>9.1f}" for key in ("mean", "p50", "p95"))
