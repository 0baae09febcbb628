"""The pictures of a run: each from its folder to an SVG, or "" where there is nothing to draw."""

import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from contract.reasons import Reason
from sim.report.chart import Chart, left_for
from sim.report.folder import Row, RunFolder
from sim.report.places import Places, places_of

Span = tuple[float, float]  # from, to: seconds of the run
ROW_PX: Final = 22.0
LINES_MAX: Final = 180  # of a time-distance diagram that can still be read
WINDOWS_S: Final = (21_600.0, 14_400.0, 7_200.0, 3_600.0)
TAIL: Final = 2.0  # times the 95th percentile: longer crossings are counted in the last bar
BARS_MAX: Final = 14
PLATOON_POINTS: Final = 600
LABEL_ROOM: Final = 0.024  # of the height of a time-distance diagram
HIDDEN: Final = frozenset({"NOT_READY"})  # loading is work, not waiting


def windows(run: RunFolder) -> list[Span]:
    """The run in pieces of whole hours, so short that the lines of each can be told apart; pieces
    without a crossing left out.
    """
    spans = [way for row in run.crossings if (way := _on_its_way(run, row)) is not None]
    pieces = [(0.0, run.lasts_s)]
    for length_s in WINDOWS_S:
        if max((_met(spans, each) for each in pieces), default=0) <= LINES_MAX:
            break
        early_s = run.start_of_day_s % length_s
        count = int((run.lasts_s + early_s) // length_s) + 1
        edges = [number * length_s - early_s for number in range(count + 1)]
        pieces = [(max(a, 0.0), min(b, run.lasts_s)) for a, b in pairwise(edges)]
    return [each for each in pieces if each[1] > each[0] and _met(spans, each)]


def busiest(run: RunFolder) -> Span:
    """The piece of `windows` in which most loads arrived, the first of those."""
    pieces = windows(run)
    return max(pieces, key=lambda each: _arrivals(run, each), default=(0.0, run.lasts_s))


def _arrivals(run: RunFolder, span: Span) -> int:
    at_s = (_seconds(row["arrived"]) for row in run.crossings if row["loaded"] == "1")
    return sum(span[0] <= t < span[1] for t in at_s if t is not None)


def _on_its_way(run: RunFolder, crossing: Row) -> Span | None:
    """From when until when a crossing was on its way; None if it never set off."""
    left = _seconds(crossing["left"])
    return None if left is None else (left, _seconds(crossing["arrived"]) or run.lasts_s)


def _met(spans: Iterable[Span], piece: Span) -> int:
    return sum(begin <= piece[1] and end >= piece[0] for begin, end in spans)


def time_distance(run: RunFolder, span: Span | None = None, height_px: float = 620.0) -> str:
    """Every vehicle's rear over the day or a part of it, with gates, stations and the boundary
    section.
    """
    places = places_of(run.corridor) if run.corridor is not None else None
    if places is None or not run.zones:
        return ""
    span = span or (0.0, run.lasts_s)
    chart = Chart(span, (places.low_m, places.high_m), height_px=height_px)
    _closed(chart, run)
    _section_bands(chart, run, places)
    chart.clock_axis(run.start_of_day_s)
    named: list[float] = []
    gates = run.corridor.gates if run.corridor is not None else {}
    for name, at_m in sorted(places.stops.items(), key=lambda each: each[0] not in gates):
        room_m = LABEL_ROOM * (places.high_m - places.low_m)
        near = any(abs(at_m - other) < room_m for other in named)
        chart.level(at_m, "" if near else name, "gate")
        named += [] if near else [at_m]
    freed: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for t, zone, vehicle, taken in run.zones:
        if not taken:
            freed[vehicle].append((t, zone))
    visits: dict[str, list[Row]] = defaultdict(list)
    for visit in run.stages:
        visits[visit["crossing"]].append(visit)
    stood: dict[str, list[Row]] = defaultdict(list)
    for stop in run.stops:
        stood[stop["crossing"]].append(stop)
    for crossing in run.crossings:
        name = crossing["crossing"]
        way = _on_its_way(run, crossing)
        if way is None or not _met([way], span):
            continue
        seen = _Seen(freed[crossing["vehicle"]], visits[name], stood[name], run.lasts_s)
        points = _track(seen, places, crossing)
        hint = f"{crossing['vehicle']} {crossing['crossing']} {crossing['outcome'] or 'on its way'}"
        style = "east" if crossing["direction"] == "E" else "west"
        chart.line(points, style if crossing["loaded"] == "1" else f"{style} empty", hint)
    return chart.svg("Time-distance diagram: one line a crossing, Kazakhstan below, China above")


def _closed(chart: Chart, run: RunFolder) -> None:
    """When a side is closed; darker where both are."""
    for begins_s, ends_s, side in run.closed():
        chart.box((begins_s, ends_s), chart.y, "closed", f"{side} is closed")


def _section_bands(chart: Chart, run: RunFolder, places: Places) -> None:
    """When the boundary section was given to whom."""
    since: dict[tuple[str, str], float] = {}
    begun: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for row in run.crossings:
        left = _seconds(row["left"])
        if left is not None:
            insort(begun[row["vehicle"]], (left, row["direction"]))
    for t, zone, vehicle, taken in run.zones:
        if zone not in places.sections:
            continue
        if taken:
            since[zone, vehicle] = t
        elif (zone, vehicle) in since:
            span = next((places.spans[d, z] for d, z in places.spans if z == zone), None)
            start = since.pop((zone, vehicle))
            if span is not None:
                style = "section-w" if _direction(begun[vehicle], start) == "W" else "section-e"
                chart.box((start, t), span, style, f"{zone}: {vehicle}")


def _direction(begun: list[tuple[float, str]], t: float) -> str:
    """Which way a vehicle goes at a time: that of the crossing that it set off on last.

    begun   when it set off and which way, in order
    """
    last = bisect_right(begun, t, key=lambda each: each[0]) - 1
    return begun[last][1] if last >= 0 else ""


@dataclass(frozen=True)
class _Seen:
    """What was seen of one vehicle: zones it freed, in order; visits and stops of the crossing; the
    end of the run.
    """

    freed: list[tuple[float, str]]
    visits: list[Row]
    stops: list[Row]
    end_s: float


def _track(seen: _Seen, places: Places, crossing: Row) -> list[tuple[float, float]]:
    """(t, metres) of one crossing: where its rear left each zone, and two points of one height for
    every place where its front stood, from when and until when.
    """
    left, until = _seconds(crossing["left"]), _seconds(crossing["arrived"])
    if left is None:
        return []
    until = seen.end_s if until is None else until
    direction = crossing["direction"]
    first = bisect_left(seen.freed, left, key=lambda each: each[0])
    last = bisect_right(seen.freed, until, key=lambda each: each[0])
    points = [
        (t, places.ends[direction, zone])
        for t, zone in seen.freed[first:last]
        if (direction, zone) in places.ends
    ]
    for visit in seen.visits:
        at_m = places.beside.get(visit["stage"])
        if at_m is None and not seen.stops:
            at_m = places.stops.get(visit["stage"])
        stood = (_seconds(visit["start"]), _seconds(visit["end"]))
        if at_m is not None:
            points += [(t, at_m) for t in stood if t is not None and left <= t <= until]
    sign = 1.0 if direction == "E" else -1.0
    for stop in seen.stops:
        begin_m = places.lanes.get((direction, stop["lane"]))
        if begin_m is not None:
            at_m = begin_m + sign * float(stop["front_m"])
            points += [(float(stop[key]), at_m) for key in ("from_s", "to_s")]
    forward: list[tuple[float, float]] = []
    for t, at_m in sorted(points, key=lambda each: (each[0], sign * each[1])):
        if not forward or sign * at_m >= sign * forward[-1][1]:
            forward.append((t, at_m))  # a rear that comes after the front drives nobody backwards
    return forward


def gantt(run: RunFolder, span: Span | None = None) -> str:
    """Gates, stations, desks and the boundary section: who waited, who was served."""
    span = span or (0.0, run.lasts_s)
    names = list(dict.fromkeys(sorted(row["stage"] for row in run.stages)))
    if not names:
        return ""
    chart = Chart(
        span,
        (0.0, float(len(names))),
        height_px=50.0 + ROW_PX * len(names),
        left_px=left_for(names),
    )
    chart.clock_axis(run.start_of_day_s)
    row_of = {name: len(names) - 1 - k for k, name in enumerate(names)}
    for name, row in row_of.items():
        chart.label(chart.left_px - 6.0, chart.py(row + 0.5) + 4.0, name, "end")
        _visits(chart, [visit for visit in run.stages if visit["stage"] == name], float(row))
    return chart.svg("Gates and stations: thin is waiting, thick is service")


def _visits(chart: Chart, visits: list[Row], row: float) -> None:
    """One place: a strip for each that is served at the same time as others, waiting thinner."""
    times = [[_seconds(visit[key]) for key in ("arrive", "start", "end")] for visit in visits]
    strips, count = _strips([(start, end) for _, start, end in times])
    high = 0.7 / count
    for visit, (arrive, start, end), strip in zip(visits, times, strips, strict=True):
        hint = f"{visit['vehicle']} {visit['crossing']} at {visit['stage']}"
        if arrive is not None and start is not None and start > arrive:
            band = (row + 0.35, row + 0.65)
            chart.box((arrive, start), band, "queue", f"{hint}: waited {start - arrive:.0f} s")
        if start is not None and end is not None:
            low = row + 0.15 + strip * high
            chart.box((start, end), (low, low + high), "served", f"{hint}: {end - start:.0f} s")


def _strips(spans: list[tuple[float | None, float | None]]) -> tuple[list[int], int]:
    """The strip of each span, none of which meets another of its strip, and how many there are."""
    free_s: list[float] = []
    strips = [0] * len(spans)
    known = [(a, b, k) for k, (a, b) in enumerate(spans) if a is not None and b is not None]
    for begin_s, end_s, k in sorted(known):
        strip = next((n for n, until_s in enumerate(free_s) if until_s <= begin_s), len(free_s))
        free_s[strip : strip + 1] = [end_s]
        strips[k] = strip
    return strips, max(1, len(free_s))


def waiting(run: RunFolder) -> str:
    """Vehicle-minutes of waiting by reason, the longest first."""
    return _bars(waits_by_reason(run), "vehicle-minutes", "Waiting by reason")


def waits_by_reason(run: RunFolder) -> dict[str, float]:
    """Reason -> vehicle-minutes of waiting, the longest first; loading is work, not waiting."""
    minutes: dict[str, float] = defaultdict(float)
    for since, until, _, reason, _ in run.waits:
        if reason not in HIDDEN:
            minutes[reason] += (until - since) / 60.0
    return _falling(minutes)


def _falling(amounts: dict[str, float]) -> dict[str, float]:
    return dict(sorted(amounts.items(), key=lambda each: (-each[1], each[0])))


def delays(run: RunFolder) -> str:
    """The delay ledger: minutes beyond free running, by rule and party."""
    minutes: dict[str, float] = defaultdict(float)
    for row in run.delays:
        minutes[f"{row['rule']} ({row['party']})"] += float(row["seconds"]) / 60.0
    return _bars(_falling(minutes), "minutes", "Delay ledger")


def _bars(amounts: dict[str, float], unit: str, title: str) -> str:
    """A bar each, named by its reason code, with what the code means beside it."""
    rows = [(name, amount) for name, amount in amounts.items() if amount > 0.0][:BARS_MAX]
    if not rows:
        return ""
    most = max(amount for _, amount in rows)
    chart = Chart(
        (0.0, 1.12 * most),
        (0.0, float(len(rows))),
        height_px=50.0 + ROW_PX * len(rows),
        left_px=left_for(name for name, _ in rows),
    )
    chart.value_axis(unit)
    for k, (name, amount) in enumerate(rows):
        y = len(rows) - 1 - k
        code, _, party = name.partition(" ")
        chart.box((0.0, amount), (y + 0.2, y + 0.8), "bar", _sentence(code, party))
        chart.label(chart.left_px - 6.0, chart.py(y + 0.5) + 4.0, name, "end")
        known = Reason.__members__.get(code)
        means = f" - {known.sentence}" if known is not None else ""
        chart.beside(amount, y + 0.5, f"{amount:.1f}{means}")
    return chart.svg(title)


def crossing_times(run: RunFolder) -> str:
    """How long the measured crossings took, berth to berth."""
    begins_s = run.measured_from_s
    rows = (row for row in run.crossings if float(row["arrived"] or 0.0) >= begins_s)
    took = [t / 60.0 for t in _times(rows)]
    if not took:
        return ""
    usual = TAIL * sorted(took)[int(0.95 * (len(took) - 1))]
    high = 1.05 * min(max(took), usual)
    width = max(high / 30.0, 1e-6)
    counts = Counter(min(int(each // width), 29) for each in took)
    longer = sum(each >= high for each in took)
    chart = Chart((0.0, high), (0.0, 1.1 * max(counts.values())), height_px=220.0)
    chart.height_axis("crossings")
    chart.value_axis("minutes")
    for number, count in counts.items():
        low = number * width
        last = longer and number == 29
        hint = f"{low:.1f} {'min and longer' if last else f'to {low + width:.1f} min'}: {count}"
        chart.box((low, low + width), (0.0, float(count)), "bar", hint)
    if longer:
        words = f"the last bar: {longer} longer, up to {max(took):.0f} min"
        chart.label(chart.width_px - 32.0, 34.0, words, "end")
    return chart.svg("Crossing time, berth to berth")


def _times(rows: Iterable[Row]) -> list[float]:
    return [float(row["time_s"]) for row in rows if row["time_s"] and row["outcome"] == "cleared"]


def _seconds(text: str) -> float | None:
    return float(text) if text else None


def _sentence(code: str, party: str) -> str:
    """What the pointer is told of a bar; the party as the ledger says it, or the reason's own."""
    reason = Reason.__members__.get(code)
    if reason is None:
        return code
    return f"{reason.sentence}; {party.strip('()') or reason.owner.value} lifts it"


def platoon(run: RunFolder, column: str) -> str:
    """Speeds (`v`, m/s) or gaps (`gap`, m) of everybody behind each other on the proving ground."""
    if not run.platoon:
        return ""
    names = [name for name in run.platoon[0] if re.fullmatch(rf"{column}\d+", name)]
    rows = run.platoon[:: max(1, len(run.platoon) // PLATOON_POINTS)]
    lines = {
        name: [(float(row["t"]), float(row[name])) for row in rows if row[name]] for name in names
    }
    values = [value for points in lines.values() for _, value in points]
    if not values:
        return ""
    low, high = min(0.0, *values), max(*values, 1.0)
    chart = Chart((0.0, float(rows[-1]["t"])), (low, 1.05 * high), height_px=240.0)
    chart.height_axis("m/s" if column == "v" else "m")
    chart.value_axis("s")
    for number, (name, points) in enumerate(lines.items()):
        chart.line(points, "east" if number == 0 else "follower", name)
    return chart.svg("Speeds, the leader's in blue" if column == "v" else "Gaps, bumper to bumper")
