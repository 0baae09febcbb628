"""The picture of throughput: every crossing that arrived, against what the tightest place can pass.

The bound is of crossings, loaded or empty, so that is what stands beside it. A slice of the run is
so long that a truck more or less is a twentieth of the bound at most; a bound is drawn only where
the run was long enough for a truck to go round, for before that there is none.
"""

from collections import Counter
from typing import Final

from sim.report.chart import Chart, clock
from sim.report.folder import Row, RunFolder

SLICES_S: Final = (300.0, 600.0, 900.0, 1_200.0, 1_800.0, 3_600.0)
TRUCKS_MIN: Final = 20.0  # that the bound lets through in a slice
LONG_S: Final = 10_800.0  # so long a run has slices of an hour
# From the floor up: whether loaded, direction, style, name.
PARTS: Final = (
    ("1", "E", "bar-e", "loaded eastbound"),
    ("1", "W", "bar-w", "loaded westbound"),
    ("0", "E", "served", "empty eastbound"),
    ("0", "W", "served", "empty westbound"),
)
CAPTION: Final = (
    "Arrivals: loaded eastbound below, loaded westbound above, empty trucks on top"
    " in grey-blue. The bound is what the tightest place can pass both ways, loaded or empty,"
    " whoever decides. Of one slice alone the trucks of a convoy may be more: they left that place"
    " in the slice before."
)


def throughput(run: RunFolder) -> str:
    """Arrivals in each slice of the run as a rate, and the bound."""
    arrived = [row for row in run.crossings if row["arrived"] and row["outcome"] == "cleared"]
    if not arrived:
        return ""
    bound = bound_per_h(run)
    edges = slices(run.lasts_s, bound)
    counts = [Counter[tuple[str, str]]() for _ in edges[1:]]
    for row in arrived:
        counts[_slice(edges, float(row["arrived"]))][_kind(row)] += 1
    rates = [
        {kind: many * 3_600.0 / (end - begin) for kind, many in each.items()}
        for each, begin, end in zip(counts, edges, edges[1:], strict=False)
    ]
    top = max(sum(each.values()) for each in rates)
    chart = Chart((0.0, run.lasts_s), (0.0, 1.15 * max(top, bound or 0.0)), height_px=240.0)
    for begins_s, ends_s, side in run.closed():
        chart.box((begins_s, ends_s), chart.y, "closed", f"{side} is closed")
    chart.height_axis("an hour")
    chart.clock_axis(run.start_of_day_s)
    for rate, begin, end in zip(rates, edges, edges[1:], strict=False):
        floor = 0.0
        for loaded, direction, style, name in PARTS:
            part = rate.get((loaded, direction), 0.0)
            if part:
                hint = f"{clock(begin + run.start_of_day_s)} {name}: {part:.0f} an hour"
                chart.box((begin, end), (floor, floor + part), style, hint)
            floor += part
    if bound is not None:
        chart.bound(bound, f"bound: {bound:.0f} an hour")
    return chart.svg("Throughput over the day: crossings an hour, loaded and empty")


def bound_per_h(run: RunFolder) -> float | None:
    """What the tightest place can pass both ways; None where the run was too short to say."""
    bound = run.result.get("bound", {})
    return None if bound.get("share") is None else float(bound["per_hour"])


def slices(lasts_s: float, bound: float | None) -> list[float]:
    """Where slices begin and end; what is left at the end belongs to the last whole one."""
    wanted_s = TRUCKS_MIN * 3_600.0 / bound if bound else lasts_s / 12.0
    long_enough = (each for each in SLICES_S if each >= wanted_s)
    slice_s = SLICES_S[-1] if lasts_s > LONG_S else next(long_enough, SLICES_S[-1])
    whole = max(1, int(lasts_s // slice_s))
    return [*(number * slice_s for number in range(whole)), lasts_s]


def _slice(edges: list[float], t: float) -> int:
    return min(int(t // (edges[1] - edges[0])), len(edges) - 2)


def _kind(row: Row) -> tuple[str, str]:
    return row["loaded"], row["direction"]
