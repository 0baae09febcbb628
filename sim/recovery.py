"""Recovery: what a possession costs the traffic, and how long afterwards it takes to be as before.

Works from the log alone. Before is from the warm-up to the first possession, during is up to the
last one given back, after is the rest. Waiting is the number of trucks that wait on the way, as a
mean over five minutes: traffic has recovered at the first moment after which so many wait for five
minutes as ever did before, and no more. Not here: who waits at its berth (outcome.py).
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sim.outcome import Tally
from sim.record import Said

NS_PER_S: Final = 1_000_000_000
WINDOW_S: Final = 300.0
LOOK_S: Final = 10.0
NEEDED: Final = frozenset({"section_closed", "section_cleared", "section_opened"})


@dataclass(slots=True)
class Span:
    """One possession; seconds, None while it has not come to that."""

    name: str
    closed_s: float
    cleared_s: float | None = None
    opened_s: float | None = None


@dataclass(slots=True)
class Waiting:
    """How many trucks wait on the way, from each change on, and the sum of it until then."""

    times_s: list[float] = field(default_factory=lambda: [0.0])
    counts: list[int] = field(default_factory=lambda: [0])
    sums: list[float] = field(default_factory=lambda: [0.0])

    def add(self, t_s: float, count: int) -> None:
        """From now on so many wait."""
        if count != self.counts[-1]:
            self.sums.append(self.sums[-1] + self.counts[-1] * (t_s - self.times_s[-1]))
            self.times_s.append(t_s)
            self.counts.append(count)

    def mean(self, from_s: float, to_s: float) -> float:
        """So many wait on average between two times."""
        return (self._until(to_s) - self._until(from_s)) / (to_s - from_s)

    def _until(self, t_s: float) -> float:
        k = bisect.bisect_right(self.times_s, t_s) - 1
        return self.sums[k] + self.counts[k] * (t_s - self.times_s[k])


def recovery(
    tally: Tally, events: Iterable[Said], warm_up_s: float, end_s: float
) -> dict[str, Any]:
    """The `recovery` part of result.json; None where there was no possession."""
    said = list(events)
    spans = possessions(said)
    first_s = min((span.closed_s for span in spans), default=None)
    given_back = [span.opened_s for span in spans if span.opened_s is not None]
    whole = bool(spans) and len(given_back) == len(spans)
    last_s = max(given_back) if whole else None
    clear = [s.cleared_s - s.closed_s for s in spans if s.cleared_s is not None]
    table = _waiting(said)
    before = _means(table, warm_up_s, first_s)
    during_s = None if first_s is None else (first_s, end_s if last_s is None else last_s)
    return {
        "possessions": len(spans),
        "time_to_clear_s": round(max(clear), 3) if len(clear) == len(spans) and clear else None,
        "closed_s": None if first_s is None or last_s is None else round(last_s - first_s, 3),
        "crossings_per_hour": {
            "before": _rate(tally, None if first_s is None else (warm_up_s, first_s)),
            "during": _rate(tally, during_s),
            "after": _rate(tally, None if last_s is None else (last_s, end_s)),
        },
        "waiting": {
            "before": round(max(before), 3) if before else None,
            "during": None if during_s is None else _most(table, *during_s),
        },
        "time_to_recover_s": _recovered(table, max(before, default=None), last_s, end_s),
    }


def possessions(said: Sequence[Said]) -> list[Span]:
    """Every possession of the log, in order."""
    spans: list[Span] = []
    for each in said:
        if each.code == "section_closed" and each.fields["taker"]:
            spans.append(Span(each.fields["closure"], each.t_ns / NS_PER_S))
        elif each.code in ("section_cleared", "section_opened"):
            for span in spans:
                if span.name == each.fields["closure"] and span.opened_s is None:
                    field_name = each.code.removeprefix("section_") + "_s"
                    setattr(span, field_name, each.t_ns / NS_PER_S)
    return spans


def _waiting(said: Sequence[Said]) -> Waiting:
    """Trucks that wait between their departure and their arrival."""
    table, road, waits = Waiting(), set(), set()
    for each in said:
        vehicle = each.fields.get("vehicle", "")
        if each.code == "authority_granted" and len(each.fields["zones"].split()) > 1:
            road.add(vehicle)
        elif each.code == "crossing_finished":
            road.discard(vehicle)
        elif each.code == "vehicle_waits":
            waits.add(vehicle)
        elif each.code == "vehicle_goes_on":
            waits.discard(vehicle)
        elif each.code == "command_taken":
            waits.clear()
        else:
            continue
        table.add(each.t_ns / NS_PER_S, len(road & waits))
    return table


def _means(table: Waiting, from_s: float, to_s: float | None) -> list[float]:
    """Means over every window of a time."""
    if to_s is None:
        return []
    count = int((to_s - from_s - WINDOW_S) / LOOK_S) + 1
    starts = [from_s + LOOK_S * k for k in range(count)]
    return [table.mean(start_s, start_s + WINDOW_S) for start_s in starts]


def _most(table: Waiting, from_s: float, to_s: float) -> float:
    """The highest of these means; of a time that is shorter than a window, its own."""
    return round(max(_means(table, from_s, to_s) or [table.mean(from_s, to_s)]), 3)


def _recovered(
    table: Waiting, before: float | None, from_s: float | None, end_s: float
) -> float | None:
    """Seconds from when the last section was given back."""
    if before is None or from_s is None:
        return None
    for k, mean in enumerate(_means(table, from_s, end_s)):
        if mean <= before:
            return round(LOOK_S * k, 3)
    return None


def _rate(tally: Tally, span: tuple[float, float] | None) -> float | None:
    """Crossings that ended in a time, for an hour."""
    if span is None or span[1] <= span[0]:
        return None
    ended = [t.arrived_s for t in tally.crossings.values() if t.outcome == "cleared"]
    count = sum(t_s is not None and span[0] < t_s <= span[1] for t_s in ended)
    return round(count * 3600.0 / (span[1] - span[0]), 2)
