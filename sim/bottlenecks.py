"""Bottlenecks: which place holds the others up, and what one more server of it would give.

From one run alone, after it. Every place has a capacity: crossings an hour of both directions
together, at the mix of this run. Where everybody passes it is the bound of bound.py; where only
some go - desks, X-rays, bays, readers, laboratories - it is what its servers can do in an hour, by
the time that this run took of them for each crossing. The least of all capacities is the
corridor's, and its place breaks first. One more server raises its place's capacity in proportion;
the corridor gains what the next place leaves. Where servers share one queue, the run's own
arrivals and services are also served once more by one more server, first come, first served.
Described in docs/SCENARIOS.md, "Bottlenecks". Not here: reasons (report), who waits for whom
(corridor/explain.py).
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from contract.geodesy import Array
from contract.map import CorridorMap
from sim.bound import FLEET, berths_of
from sim.lane_queues import Span, counts
from sim.loads import Visit
from sim.outcome import NS_PER_S, CrossingTale, Tally
from sim.scenario import Scenario

SAMPLE_S: Final = 5.0  # queues are counted so often
VISITS_MIN: Final = 5  # fewer say nothing about a capacity
FIGURES: Final = (
    *("first", "per_hour", "offered_per_hour", "broken", "breaks_at_h", "second"),
    *("longest_queue", "steady"),
)
PLACE: Final = (
    *("servers", "visits", "utilisation", "queue_mean", "queue_max", "mean_wait_s", "blocked_s"),
    *("per_hour", "load", "one_more_per_hour", "one_more_wait_s"),
)
QUEUE_MIN: Final = 0.05  # trucks on average; less is no queue
_S_PER_H: Final = 3_600.0
_AT_DESKS: Final = ("desk_", "agency_")  # every paper passes, whether its truck ever leaves or not


@dataclass(slots=True)
class Stage:
    """What a run has shown of one place; bays of a side and direction are one."""

    servers: int = 1
    visits: list[Visit] = field(default_factory=list)
    blocked_s: float = 0.0

    @property
    def served_s(self) -> float:
        """How long its servers served, all together."""
        return sum(visit.end_ns - visit.start_ns for visit in self.visits) / NS_PER_S

    @property
    def busy_s(self) -> float:
        """How long its servers were taken, all together: whoever is kept in it takes it too."""
        return self.served_s + self.blocked_s


@dataclass(frozen=True, slots=True)
class Shown:
    """A run that is over, as far as this page needs it.

    visits    with the times at which their trucks came to wait for them (arrivals.py)
    unserved  queueing that ended in none of them
    bound     capacities of places where everybody passes: name -> crossings an hour, both ways
    passed_per_hour   crossings that arrived in the measured window, both ways
    steady    whether that is long enough for a truck to go round in it
    servers   by the name of a stage, where it is not one
    end_s     how long the run was
    """

    scenario: Scenario
    map: CorridorMap
    tally: Tally
    visits: Sequence[Visit]
    unserved: Sequence[Span]
    bound: Mapping[str, float]
    passed_per_hour: float
    steady: bool
    servers: Mapping[str, int]
    blocked_s: Mapping[str, float]
    end_s: float


def bottlenecks(shown: Shown) -> dict[str, Any]:
    """The `bottlenecks` part of result.json."""
    stages = _stages(shown)
    at_ns = np.arange(0.0, shown.end_s, SAMPLE_S) * NS_PER_S
    on_road = counts(shown.unserved, at_ns)
    names = sorted({*stages, *shown.bound, *on_road})
    capacity = {name: each for name in names if (each := _capacity(shown, stages, name))}
    rated = {n: each for n, each in capacity.items() if n != FLEET or _goes_round(shown)}
    rows = {}
    for name in names:
        stage = stages.get(name, Stage(_count(shown, name)))
        queue = _before(stage.visits, at_ns) + on_road.get(name, np.zeros(len(at_ns)))
        rows[name] = {
            **_use(stage, queue, shown.end_s),
            "per_hour": _rounded(capacity.get(name)),
            "load": _load(shown, name, capacity.get(name)),
            **_one_more(stage, name, rated),
        }
    order = sorted(rated, key=lambda name: (rated[name], name))
    longest = max(rows, key=lambda name: (rows[name]["queue_mean"], name), default="")
    queued = longest if longest and rows[longest]["queue_mean"] >= QUEUE_MIN else ""
    verdict = _verdict(shown, rated, order)
    return {**verdict, "longest_queue": queued, "steady": shown.steady, "places": rows}


def _goes_round(shown: Shown) -> bool:
    """Whether any truck has come back: a fleet that does not is no bound of what passes."""
    arrived = Counter(t.vehicle for t in shown.tally.crossings.values() if t.arrived_s is not None)
    return shown.steady and max(arrived.values(), default=0) > 1


def _verdict(shown: Shown, capacity: Mapping[str, float], order: Sequence[str]) -> dict[str, Any]:
    """Which place breaks first, at how many crossings an hour, and whether that was offered. What
    is offered without end breaks a corridor only in a run in which trucks can go round.
    """
    steps = offered(shown.scenario)
    endless = steps is None and shown.steady
    first, second = (*order, "", "")[:2]
    most = max((each for _, each in steps), default=0.0) if steps is not None else None
    over = [at_s for at_s, each in steps or [] if first and each > capacity[first]]
    return {
        "first": first,
        "per_hour": _rounded(capacity.get(first)),
        "second": second,
        "offered_per_hour": _rounded(most),
        "broken": bool(over) or endless,
        "breaks_at_h": round(over[0] / _S_PER_H, 3) if over else (0.0 if endless else None),
    }


def offered(scenario: Scenario) -> list[tuple[float, float]] | None:
    """(from, crossings an hour both ways) whenever that changes; None: without end. Whoever goes
    comes back: it is twice what the busier direction brings.
    """
    if not scenario.flow or any(flow.per_hour <= 0.0 for flow in scenario.flow):
        return None
    windows = [(flow, *each) for flow in scenario.flow for each in flow.rates(scenario.duration_s)]
    steps = []
    for at_s in sorted({begins_s for _, begins_s, _, _ in windows}):
        by: dict[str, float] = defaultdict(float)
        for flow, begins_s, ends_s, per_hour in windows:
            by[flow.direction] += per_hour * (begins_s <= at_s < ends_s)
        steps.append((at_s, 2.0 * max(by.values())))
    return steps


def pools(corridor: CorridorMap) -> dict[str, str]:
    """Bay -> what all bays of its side and direction are called together."""
    bays = corridor.bays.values()
    return {bay.id: f"bays_{bay.country.lower()}_{bay.direction.lower()}" for bay in bays}


def _stages(shown: Shown) -> dict[str, Stage]:
    pool = pools(shown.map)
    stages: dict[str, Stage] = {}
    for visit in shown.visits:
        name = pool.get(visit.stage, visit.stage)
        stages.setdefault(name, Stage(_count(shown, name))).visits.append(visit)
    for stage, blocked_s in shown.blocked_s.items():
        name = pool.get(stage, stage)
        stages.setdefault(name, Stage(_count(shown, name))).blocked_s += blocked_s
    return stages


def _count(shown: Shown, name: str) -> int:
    """How many of a place there are."""
    corridor = shown.map
    if name == FLEET:
        return shown.scenario.fleet.kz + shown.scenario.fleet.cn
    if name in corridor.zones:
        return corridor.zones[name].vehicles_max or 1
    for direction in ("E", "W"):
        if name == berths_of(direction):
            country = name.removeprefix("berths_").upper()
            berths = corridor.berths.values()
            return sum(each.country == country and each.arrivals for each in berths)
    if name.startswith("bays_"):
        return list(pools(corridor).values()).count(name)
    if name in corridor.stations and name in shown.bound:
        return 1  # its stand has room for one
    return shown.servers.get(name, 1)


def _capacity(shown: Shown, stages: Mapping[str, Stage], name: str) -> float | None:
    """Crossings an hour both ways; None where too few came to say. What keeps a truck in a place
    that has finished with it - closed hours, the next place - is not that place's doing.
    """
    if name in shown.bound:
        return shown.bound[name]
    stage = stages.get(name, Stage())
    if len(stage.visits) < VISITS_MIN or stage.served_s <= 0.0:
        return None
    tales = shown.tally.crossings.values()
    papers = name.startswith(_AT_DESKS)
    came = [t for t in tales if (t.filed_s if papers else t.left_s) is not None]
    loads = sum(tale.loaded for tale in came)
    if not loads:
        return stage.servers * _S_PER_H * len(came) / stage.served_s
    each = _crossings_a_load(shown.scenario, came)
    return stage.servers * _S_PER_H * each / served_a_load_s(stage, came, each)


def served_a_load_s(stage: Stage, came: Sequence[CrossingTale], crossings: float) -> float:
    """Seconds of service for one load and the empty crossings that it asks for, so many crossings
    together: the time of all loaded ones by load, and of the empty ones by crossing.
    """
    empty = {tale.crossing for tale in came if not tale.loaded}
    of_empty_s = Stage(1, [visit for visit in stage.visits if visit.crossing in empty]).served_s
    by_load_s = (stage.served_s - of_empty_s) / (len(came) - len(empty))
    return by_load_s + (crossings - 1.0) * of_empty_s / max(1, len(empty))


def _crossings_a_load(scenario: Scenario, came: Sequence[CrossingTale]) -> float:
    """How many crossings carrying one load takes: as offered, or as it was where that is endless.
    Who drives about empty because there is no load for it costs nobody a load.
    """
    rates: dict[str, float] = defaultdict(float)
    for flow in scenario.flow:
        rates[flow.direction] += flow.per_hour
    if offered(scenario):
        return 2.0 * max(rates.values()) / sum(rates.values())
    return len(came) / sum(tale.loaded for tale in came)


def _use(stage: Stage, queue: Array, end_s: float) -> dict[str, Any]:
    waits_s = [(visit.start_ns - visit.arrive_ns) / NS_PER_S for visit in stage.visits]
    return {
        "servers": stage.servers,
        "visits": len(stage.visits),
        "utilisation": _share(stage, end_s) if stage.visits else None,
        "queue_mean": round(float(queue.mean()), 3) if len(queue) else 0.0,
        "queue_max": int(queue.max()) if len(queue) else 0,
        "mean_wait_s": round(sum(waits_s) / len(waits_s), 3) if waits_s else 0.0,
        "blocked_s": round(stage.blocked_s, 3),
    }


def _share(stage: Stage, end_s: float) -> float:
    """How much of the time its servers were taken."""
    return round(stage.busy_s / max(end_s, 1e-9) / stage.servers, 4)


def _before(visits: Sequence[Visit], at_ns: Array) -> Array:
    """How many wait for a server at each time: they have arrived and have not begun."""
    came = np.sort([float(visit.arrive_ns) for visit in visits])
    began = np.sort([float(visit.start_ns) for visit in visits])
    waiting = np.searchsorted(came, at_ns, "right") - np.searchsorted(began, at_ns, "right")
    return waiting.astype(np.float64)


def _one_more(stage: Stage, name: str, capacity: Mapping[str, float]) -> dict[str, Any]:
    """What one more server would give: to the corridor by its bound, to who waits by serving the
    same visits again.
    """
    gain = None
    if name in capacity:
        better = dict(capacity) | {name: capacity[name] * (1.0 + 1.0 / stage.servers)}
        gain = round(min(better.values()) - min(capacity.values()), 3)
    replayed = None
    if name.startswith((*_AT_DESKS, "read_", "laboratory_")) and stage.visits:
        waits_s = replay(stage.visits, stage.servers + 1)
        replayed = round(sum(waits_s) / len(waits_s), 3)
    return {"one_more_per_hour": gain, "one_more_wait_s": replayed}


def replay(visits: Sequence[Visit], servers: int) -> list[float]:
    """Waits, in seconds, if so many servers took the same visits in order of their arrival."""
    free_ns = [0] * servers
    waits_s = []
    order = sorted(visits, key=lambda each: (each.arrive_ns, each.start_ns))
    for visit in order:
        start_ns = max(visit.arrive_ns, heapq.heappop(free_ns))
        heapq.heappush(free_ns, start_ns + visit.end_ns - visit.start_ns)
        waits_s.append((start_ns - visit.arrive_ns) / NS_PER_S)
    return waits_s


def _load(shown: Shown, name: str, per_hour: float | None) -> float | None:
    """How much of what a place can pass has passed; None where that was no steady state."""
    known = shown.steady and (name != FLEET or _goes_round(shown))
    return round(shown.passed_per_hour / per_hour, 4) if known and per_hour else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
