"""When trucks came to wait for the place at which they were served: `arrive` of stages.csv.

A stage itself knows when a truck stood before it; but a truck that queues two zones further back
has come already. In: visits as the stages have them, spans of queueing (lane_queues.py). A truck
has come to wait for a place when it first queued for it, after it had left the place before and
after whatever else it waited for in between; at the latest when it stood there, which is what a
place knows for which nobody queued. So it waits for one place at a time, and no place before it has
left the last. Described in docs/bottlenecks.md. Not here: what held it meanwhile (delays.py, which
has the visits as the stages have them).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contract.map import CorridorMap
from sim.lane_queues import Span, queue_spans
from sim.loads import Visit
from sim.outcome import NS_PER_S, Tally
from sim.record import Said

# From one wait to the next; who drives longer had left its queue.
MOVES_UP_NS: Final = 30 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Visits with the time at which each came to be waited for, in the order they had, and spans of
    queueing that ended in none of them: for a place further on than the next, or till the end.
    """

    visits: list[Visit]
    unserved: list[Span]


def arrivals(
    visits: Sequence[Visit],
    events: Iterable[Said],
    corridor: CorridorMap,
    tally: Tally,
    *,
    end_ns: int,
) -> Arrivals:
    """All visits of a run."""
    spans = queue_spans(events, corridor, end_ns)
    marks = _marks(visits, spans, corridor, tally)
    of: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=_from_ns):
        of[span.vehicle].append(span)
    came = [_came(visit, of, marks) for visit in visits]
    return Arrivals(came, _unserved(spans, came))


def _marks(
    visits: Iterable[Visit], spans: Iterable[Span], corridor: CorridorMap, tally: Tally
) -> dict[str, list[int]]:
    """By truck, times before which nothing counts for what it waits for next: it left a place,
    ended a crossing, or waited for something else than room.
    """
    on_road = {*corridor.gates, *corridor.stations, *corridor.bays, *corridor.zones}
    marks: dict[str, list[int]] = defaultdict(list)
    for visit in visits:
        if visit.stage in on_road:
            marks[visit.vehicle].append(visit.end_ns)
    for tale in tally.crossings.values():
        if tale.arrived_s is not None:
            marks[tale.vehicle].append(round(tale.arrived_s * NS_PER_S))
    for span in spans:
        if not span.place:
            marks[span.vehicle].append(span.to_ns)
    return {vehicle: sorted(times) for vehicle, times in marks.items()}


def _came(
    visit: Visit, of: Mapping[str, Sequence[Span]], marks: Mapping[str, Sequence[int]]
) -> Visit:
    """A visit with the time at which its truck came to wait for it: back from where it stood, queue
    by queue, as long as it only moved up in between.
    """
    times = marks.get(visit.vehicle, [])
    number = bisect_right(times, visit.arrive_ns)
    since_ns = times[number - 1] if number else 0
    spans = of.get(visit.vehicle, [])
    came_ns = at_ns = visit.arrive_ns
    for span in reversed(spans[: bisect_left(spans, visit.arrive_ns, key=_from_ns)]):
        if at_ns - span.to_ns > MOVES_UP_NS or span.to_ns <= since_ns:
            break
        at_ns = span.from_ns
        if span.place == visit.stage:
            came_ns = max(span.from_ns, since_ns)
    return visit if came_ns == visit.arrive_ns else replace(visit, arrive_ns=came_ns)


def _from_ns(span: Span) -> int:
    return span.from_ns


def _unserved(spans: Iterable[Span], came: Iterable[Visit]) -> list[Span]:
    """What is left of the spans outside of the waits of their trucks."""
    waits: dict[str, list[Visit]] = defaultdict(list)
    for visit in sorted(came, key=lambda each: each.arrive_ns):
        if visit.start_ns > visit.arrive_ns:
            waits[visit.vehicle].append(visit)
    left = []
    for span in spans:
        if span.place:
            left += _without(span, waits[span.vehicle])
    return left


def _without(span: Span, waits: Iterable[Visit]) -> list[Span]:
    """The parts of a span in which its truck waits for none of these, in order of time."""
    parts, at_ns = [], span.from_ns
    for visit in waits:
        if visit.start_ns <= at_ns or visit.arrive_ns >= span.to_ns:
            continue
        if visit.arrive_ns > at_ns:
            parts.append(span._replace(from_ns=at_ns, to_ns=visit.arrive_ns))
        at_ns = visit.start_ns
    if at_ns < span.to_ns:
        parts.append(span._replace(from_ns=at_ns))
    return parts
