"""The outcome of a run: what its events and visits add up to, and whether that is what was
expected.

Works from the log and the visits alone, so that a staged run with real processes is judged by the
same means. Not here: files (report_files.py), the run itself (run.py).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sim import hard_cases
from sim.hard_cases import Cases
from sim.loads import Visit
from sim.record import Said
from sim.working_day import by_working_day

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
HOURS_A_YEAR: Final = 8_760.0
EXIT_OK, EXIT_EXPECTATION, EXIT_USAGE, EXIT_UNSAFE, EXIT_STUCK = range(5)

_INTERVENTIONS: Final = frozenset({"stop_ordered", "stop_ended", "vehicle_let_on"})
# The only events that the outcome needs.
NEEDED: Final = frozenset(
    {
        "command_taken",
        "crossing_noticed",
        "authority_granted",
        *("crossing_finished", "crossing_withheld", "crossing_cleared"),
        *("crossing_refused", "crossing_returns"),
        *("vehicle_diverted", "vehicle_waits", "vehicle_goes_on"),
        "desk_decided",
        "agency_decided",
        *("declaration_filed", "channel_chosen", "mission_given"),
        *("loading_finished", "permit_consumed"),
    }
    | hard_cases.NEEDED
    | _INTERVENTIONS
)


@dataclass(slots=True)
class CrossingTale:
    """One crossing as the log tells it; times in seconds, None where it did not happen."""

    crossing: str
    direction: str = ""
    vehicle: str = ""
    loaded: bool = False
    cargo_kg: int = 0
    channel: str = ""
    filed_s: float | None = None
    cleared_s: float | None = None
    left_s: float | None = None  # first given road beyond the departure berth
    arrived_s: float | None = None  # reported standing at the arrival berth
    outcome: str = "open"
    reason: str = ""
    waits_for: str = ""  # reason for which its truck waits at the end of the run
    berth: str = ""
    takes_back: str = ""  # the refused crossing that it returns
    versions: int = 0  # of its declaration that were filed
    ready_s: float | None = None  # loaded and sealed
    permit_s: dict[str, float] = field(default_factory=dict)  # by gate, in order: its newest permit
    batch: str = ""  # number of its waybill
    sent_s: float | None = None  # sent off with both releases, not to a bay
    rulings: int = 0  # of officers and of people at an agency

    @property
    def time_s(self) -> float | None:
        """From leaving the departure berth to standing at the arrival berth."""
        if self.left_s is None or self.arrived_s is None:
            return None
        return self.arrived_s - self.left_s


@dataclass(slots=True)
class Waiting:
    """A vehicle that waits, since when and for what."""

    vehicle: str
    crossing: str
    reason: str
    since_s: float
    resource: str
    holder: str


@dataclass(slots=True)
class Tally:
    """Everything counted."""

    crossings: dict[str, CrossingTale] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    crossing_of: dict[str, str] = field(default_factory=dict)  # by mission
    diverted: int = 0
    interventions: int = 0
    desk_decisions: int = 0
    agency_decisions: int = 0
    cases: Cases = field(default_factory=Cases)

    @property
    def returned(self) -> int:
        """Crossings that took a refused truck back, to their end."""
        tales = self.crossings.values()
        return sum(bool(tale.takes_back) and tale.outcome == "cleared" for tale in tales)


def tell(events: Iterable[Said]) -> Tally:
    """Fold the log into crossings, waits and counts."""
    tally = Tally()
    for said in events:
        handler = _TELL.get(said.code)
        if handler is not None:
            handler(tally, said, said.t_ns // NS_PER_MS / 1_000)  # as all agents count: whole ms
    for wait in tally.waiting.values():
        tale = tally.crossings.get(wait.crossing)
        if tale is not None and tale.outcome not in ("cleared", "refused"):
            tale.waits_for = wait.reason
    return tally


def _tale(tally: Tally, crossing: str) -> CrossingTale:
    return tally.crossings.setdefault(crossing, CrossingTale(crossing))


def _filed(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    tale.filed_s = t_s
    tale.vehicle = said.fields["vehicle"]
    tale.versions += 1
    if tale.left_s is None:
        tale.outcome = "open"  # also what was refused before: it is assessed anew


def _noticed(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    tale.direction = said.fields["direction"]
    tale.vehicle = said.fields["vehicle"]
    tale.loaded = said.fields["loaded"]
    tale.cargo_kg = said.fields["cargo_kg"]
    tale.batch = said.fields["batch"]


def _channel(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    order = ("", "green", "yellow", "red")
    tale.channel = max(tale.channel, said.fields["channel"], key=order.index)


def _granted(tally: Tally, said: Said, t_s: float) -> None:
    """Road that reaches out of the berth's own zone: the truck sets off. The members of a convoy
    behind its first are often given room inside their berths before, and have not left then.
    """
    crossing = tally.crossing_of.get(said.fields["mission"])
    if crossing is not None and len(said.fields["zones"].split()) > 1:
        tale = _tale(tally, crossing)
        tale.left_s = t_s if tale.left_s is None else tale.left_s


def _given(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    if tale.cleared_s is not None and not tale.reason and tale.sent_s is None:
        tale.sent_s = t_s
    tale.outcome, tale.reason = "moving", ""
    tally.crossing_of[said.fields["mission"]] = tale.crossing


def _finished(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    tale.outcome, tale.berth = said.fields["outcome"], said.fields["berth"]
    if tale.left_s is not None or tale.outcome == "cleared":
        tale.arrived_s = t_s
    tale.reason = "" if tale.outcome == "cleared" else tale.reason or "REFUSED"


def _withheld(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    tale.reason = tale.reason if tale.outcome == "refused" else said.fields["reason"]


def _cleared(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    tale.cleared_s, tale.reason = t_s, ""
    if tale.outcome in ("diverted", "refused"):  # or declared anew
        tale.outcome = "open" if tale.left_s is None else "moving"


def _refused(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["crossing"])
    tale.outcome, tale.reason = "refused", said.fields["reason"]


def _diverted(tally: Tally, said: Said, t_s: float) -> None:
    tally.diverted += 1
    tale = _tale(tally, said.fields["crossing"])
    if tale.outcome != "refused":
        tale.outcome, tale.reason = "diverted", said.fields["reason"]


def _returns(tally: Tally, said: Said, t_s: float) -> None:
    tale = _tale(tally, said.fields["return_crossing"])
    tale.takes_back, tale.vehicle = said.fields["crossing"], said.fields["vehicle"]
    tale.reason = "RETURN_PENDING"  # until it is given its mission


def _waits(tally: Tally, said: Said, t_s: float) -> None:
    row = said.fields
    tally.cases.waits(row["crossing"], row["reason"])
    before = tally.waiting.get(row["vehicle"])
    if before is not None and (before.reason, before.resource) == (row["reason"], row["resource"]):
        t_s = before.since_s  # only somebody else holds it now
    tally.waiting[row["vehicle"]] = Waiting(
        row["vehicle"], row["crossing"], row["reason"], t_s, row["resource"], row["holder"]
    )


def _begins_anew(tally: Tally, said: Said, t_s: float) -> None:
    """A supervisor that starts says anew who waits: what it said before is not taken back."""
    tally.waiting.clear()


def _goes_on(tally: Tally, said: Said, t_s: float) -> None:
    tally.waiting.pop(said.fields["vehicle"], None)


def _desk(tally: Tally, said: Said, t_s: float) -> None:
    tally.desk_decisions += 1
    _tale(tally, said.fields["crossing"]).rulings += 1


def _agency(tally: Tally, said: Said, t_s: float) -> None:
    tally.agency_decisions += 1
    _tale(tally, said.fields["crossing"]).rulings += 1


def _ready(tally: Tally, said: Said, t_s: float) -> None:
    _tale(tally, said.fields["crossing"]).ready_s = t_s


def _permit(tally: Tally, said: Said, t_s: float) -> None:
    _tale(tally, said.fields["crossing"]).permit_s[said.fields["gate"]] = t_s


def _case(tally: Tally, said: Said, t_s: float) -> None:
    tale = tally.crossings.get(said.fields.get("crossing", ""))
    under_way = tale is not None and tale.left_s is not None and tale.arrived_s is None
    tally.cases.tell(said, under_way=under_way)


def _intervened(tally: Tally, said: Said, t_s: float) -> None:
    tally.interventions += 1


_TELL: Final[Mapping[str, Any]] = {
    "declaration_filed": _filed,
    "crossing_noticed": _noticed,
    "channel_chosen": _channel,
    "authority_granted": _granted,
    "mission_given": _given,
    "crossing_finished": _finished,
    "crossing_withheld": _withheld,
    "crossing_cleared": _cleared,
    "crossing_refused": _refused,
    "crossing_returns": _returns,
    "vehicle_diverted": _diverted,
    "command_taken": _begins_anew,
    "vehicle_waits": _waits,
    "vehicle_goes_on": _goes_on,
    "desk_decided": _desk,
    "agency_decided": _agency,
    "loading_finished": _ready,
    "permit_consumed": _permit,
    **dict.fromkeys(hard_cases.NEEDED, _case),
    **dict.fromkeys(_INTERVENTIONS, _intervened),
}


def traffic(tally: Tally, warm_up_s: float, end_s: float, day_h: float = 24.0) -> dict[str, Any]:
    """The `traffic` part of result.json; all nothing where a run ends before its warm-up does."""
    window_h = max(0.0, end_s - warm_up_s) / 3600.0
    done = [
        tale
        for tale in tally.crossings.values()
        if tale.outcome == "cleared" and tale.arrived_s is not None and tale.arrived_s >= warm_up_s
        if not tale.takes_back  # what is taken back was not carried over
    ]
    done = done if window_h > 0.0 else []
    tonnes = sum(tale.cargo_kg for tale in done) / 1000.0
    times = sorted(tale.time_s for tale in done if tale.time_s is not None)
    ends = [(tale, _not_cleared(tale)) for tale in tally.crossings.values()]
    return {
        "loaded_crossings": sum(tale.loaded for tale in done),
        "empty_crossings": sum(not tale.loaded for tale in done),
        "tonnes": round(tonnes, 3),
        "tonnes_per_year": round(tonnes * HOURS_A_YEAR / window_h, 1) if done else 0.0,
        "measured_s": round(3_600.0 * window_h, 3),
        "by_working_day": by_working_day(tonnes, window_h, day_h),
        "crossing_time_s": spread(times),
        "held": sum(kind == "held" for _, kind in ends),
        "diverted": tally.diverted,
        "refused": sum(t.outcome == "refused" for t in tally.crossings.values()),
        "not_cleared": [
            {"crossing": tale.crossing, "outcome": kind, "reason": tale.reason or tale.waits_for}
            for tale, kind in ends
            if kind
        ],
        "waiting": [
            {
                "vehicle": wait.vehicle,
                "reason": wait.reason,
                "since_s": round(wait.since_s, 3),
                "resource": wait.resource,
                "holder": wait.holder,
            }
            for wait in tally.waiting.values()
        ],
        "by_direction": {
            direction: {
                "loaded_crossings": sum(t.loaded for t in done if t.direction == direction),
                "empty_crossings": sum(not t.loaded for t in done if t.direction == direction),
                "tonnes": round(
                    sum(t.cargo_kg for t in done if t.direction == direction) / 1000.0, 3
                ),
            }
            for direction in ("E", "W")
        },
    }


def _not_cleared(tale: CrossingTale) -> str:
    """Held, diverted or refused, where a crossing has come to that; empty else."""
    if tale.outcome in ("refused", "diverted"):
        return tale.outcome
    kept = tale.reason or tale.waits_for == "BATCH_INCOMPLETE"
    return "held" if tale.outcome in ("open", "moving") and kept else ""


def spread(values: list[float]) -> dict[str, float | None]:
    """Mean, median, 95th percentile (nearest rank) and maximum of sorted values."""
    if not values:
        return {"mean": None, "p50": None, "p95": None, "max": None}
    return {
        "mean": round(math.fsum(values) / len(values), 3),
        "p50": round(_rank(values, 0.5), 3),
        "p95": round(_rank(values, 0.95), 3),
        "max": round(values[-1], 3),
    }


def _rank(values: list[float], share: float) -> float:
    return values[max(0, math.ceil(share * len(values)) - 1)]


def resources(
    visits: Iterable[Visit],
    blocked_s: Mapping[str, float],
    servers: Mapping[str, int],
    end_s: float,
) -> dict[str, dict[str, float]]:
    """Utilisation, mean wait and blocked time of every stage that was visited."""
    busy: dict[str, float] = defaultdict(float)
    waits: dict[str, list[float]] = defaultdict(list)
    for visit in visits:
        busy[visit.stage] += (visit.end_ns - visit.start_ns) / NS_PER_S
        waits[visit.stage].append((visit.start_ns - visit.arrive_ns) / NS_PER_S)
    span_s = max(end_s, 1e-9)  # who was there in no time at all was busy for none of it
    return {
        stage: {
            "utilisation": round(busy[stage] / span_s / servers.get(stage, 1), 4),
            "mean_wait_s": round(math.fsum(waits[stage]) / len(waits[stage]), 3),
            "blocked_s": round(blocked_s.get(stage, 0.0), 3),
        }
        for stage in sorted(busy)
    }


def unexplained(tally: Tally, grace_s: float, end_s: float) -> list[str]:
    """Crossings that neither ended, nor move, nor wait for a stated reason."""
    said = []
    for tale in tally.crossings.values():
        fresh = tale.filed_s is not None and end_s - tale.filed_s < grace_s
        open_ = tale.outcome == "open" and not tale.reason and tale.vehicle not in tally.waiting
        if open_ and not fresh:
            said.append(tale.crossing)
    return said


def exit_code(result: Mapping[str, Any], *, crashed: bool, stuck: bool) -> int:
    """0 expectations hold, 1 one fails, 3 unsafe or crashed, 4 stuck or out of time; precedence 3,
    4, 1.
    """
    if crashed or sum(result["safety"].values()):
        return EXIT_UNSAFE
    if stuck:
        return EXIT_STUCK
    held = all(expectation["passed"] for expectation in result["expectations"])
    return EXIT_OK if held else EXIT_EXPECTATION
