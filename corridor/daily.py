"""The daily exchange between the two sides: planned, crossed, held, waits, quota, the next day.

Pure. In: the supervisor's events of one or more days, by UTC milliseconds; which day, and how far
its local time is ahead of UTC; the quotas. Out: one page of counts, the same for either side, for a
crossing is counted by its custody record, which both hold. No goods, no names, no values are in it.
Described in docs/daily.md. Not here: files and words (cli/report.py), shares and bounds of a run.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from contract.opening import DAY_MS, day_begins_ms, local_day
from contract.reasons import Reason
from corridor.forecast import Forecast, Seen, next_count
from corridor.planning import DESTINATION, ORIGIN

DIRECTIONS: Final = ("E", "W")
EXITED: Final = "EXITED"
HOUR_MS: Final = 3_600_000
SEEN_MS_MIN: Final = HOUR_MS // 2  # less of a day says nothing about the next
LOADING: Final = Reason.NOT_READY.name  # work, not waiting
METHOD: Final = (
    "new crossings at the rate of the hours seen; 90 % interval of a Poisson count whose mean is"
    " known from those hours alone, wider where days differ by more; and what is carried over, cut"
    " to the quota. Weekdays, holidays, weather, time of day and capacity are not in it"
)


class Said(NamedTuple):
    """One event of the supervisor: UTC, code, fields."""

    at_ms: int
    event: str
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Row:
    """One crossing, times in UTC milliseconds; 0 where it did not happen."""

    crossing: str
    direction: str = ""
    loaded: bool = False
    cargo_kg: int = 0
    noticed_ms: int = 0
    exited_ms: int = 0
    ended_ms: int = 0
    took_ms: int = 0
    outcome: str = ""
    reason: str = ""
    since_ms: int = 0
    holder: str = ""


@dataclass(slots=True)
class Wait:
    """Somebody waited."""

    direction: str
    reason: str
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class Log:
    """What the events come to, up to the last one before the day's end."""

    rows: dict[str, Row] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    # By vehicle: crossing, reason, who has what it waits for, since when.
    waiting: dict[str, tuple[str, str, str, int]] = field(default_factory=dict)
    first_ms: int = 0
    last_ms: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """The day that is asked about, its quotas and those of the next one; None: any number."""

    number: int
    utc_offset_min: int = 300
    quota_out: Mapping[str, int | None] = field(default_factory=dict)
    quota_in: Mapping[str, int | None] = field(default_factory=dict)
    next_out: Mapping[str, int | None] = field(default_factory=dict)
    next_in: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def begins_ms(self) -> int:
        return day_begins_ms(self.number, self.utc_offset_min)

    @property
    def ends_ms(self) -> int:
        return self.begins_ms + DAY_MS


def fold(events: Iterable[Said], until_ms: int) -> Log:
    """The log as of a time, or as of its last event if that was before."""
    log = Log()
    for said in events:
        if said.at_ms >= until_ms:
            log.last_ms = until_ms - 1
            break
        log.first_ms = min(log.first_ms or said.at_ms, said.at_ms)
        log.last_ms = max(log.last_ms, said.at_ms)
        handler = _HANDLERS.get(said.event)
        if handler is not None:
            handler(log, said)
    for crossing, reason, holder, from_ms in log.waiting.values():
        row = _row(log, crossing)
        log.waits.append(Wait(row.direction, reason, from_ms, log.last_ms))
        row.reason, row.since_ms, row.holder = reason, from_ms, holder
    return log


def _row(log: Log, crossing: str) -> Row:
    return log.rows.setdefault(crossing, Row(crossing))


def _noticed(log: Log, said: Said) -> None:
    row = _row(log, str(said.fields["crossing"]))
    row.direction, row.loaded = str(said.fields["direction"]), bool(said.fields["loaded"])
    row.cargo_kg = int(said.fields["cargo_kg"])
    row.noticed_ms = row.noticed_ms or said.at_ms


def _withheld(log: Log, said: Said) -> None:
    row = _row(log, str(said.fields["crossing"]))
    row.reason, row.since_ms = str(said.fields["reason"]), said.at_ms


def _cleared(log: Log, said: Said) -> None:
    row = _row(log, str(said.fields["crossing"]))
    row.reason, row.since_ms = "", 0


def _custody(log: Log, said: Said) -> None:
    if said.fields["step"] == EXITED:
        _row(log, str(said.fields["crossing"])).exited_ms = said.at_ms


def _finished(log: Log, said: Said) -> None:
    row = _row(log, str(said.fields["crossing"]))
    row.outcome, row.ended_ms = str(said.fields["outcome"]), said.at_ms
    row.took_ms = int(said.fields["took_ms"])


def _waits(log: Log, said: Said) -> None:
    _goes_on(log, said)
    crossing, reason = str(said.fields["crossing"]), str(said.fields["reason"])
    holder = str(said.fields["holder"])
    log.waiting[str(said.fields["vehicle"])] = (crossing, reason, holder, said.at_ms)


def _goes_on(log: Log, said: Said) -> None:
    known = log.waiting.pop(str(said.fields["vehicle"]), None)
    if known is not None:
        crossing, reason, _, from_ms = known
        log.waits.append(Wait(_row(log, crossing).direction, reason, from_ms, said.at_ms))


def _commands(log: Log, said: Said) -> None:
    """A supervisor that starts says anew who waits."""
    for vehicle in list(log.waiting):
        _goes_on(log, Said(said.at_ms, "", {"vehicle": vehicle}))


_HANDLERS: Final = {
    "crossing_noticed": _noticed,
    "crossing_withheld": _withheld,
    "crossing_cleared": _cleared,
    "custody_recorded": _custody,
    "crossing_finished": _finished,
    "vehicle_waits": _waits,
    "vehicle_goes_on": _goes_on,
    "command_taken": _commands,
}


# --- the page ---


def days_of(log: Log, utc_offset_min: int) -> list[int]:
    """Local days of which a log has anything."""
    if not log.last_ms:
        return []
    first, last = (local_day(each, utc_offset_min) for each in (log.first_ms, log.last_ms))
    return list(range(first, last + 1))


def report(log: Log, day: Day) -> dict[str, Any]:
    """Counts of one day; what is open is as of its end, or of the end of the log."""
    until_ms = min(day.ends_ms, log.last_ms)
    seen_h = max(0, until_ms - max(day.begins_ms, log.first_ms)) / HOUR_MS
    return {
        "hours_seen": round(seen_h, 2),
        "directions": {each: _direction(log, day, each) for each in DIRECTIONS},
        "held": _held(log, day),
        "waits": _waited(log, day),
        "quota": {side: _quota(log, day, side) for side in ("KZ", "CN")},
        "forecast": {
            "method": METHOD,
            "directions": {each: _forecast(log, day, each) for each in DIRECTIONS},
        },
    }


def _direction(log: Log, day: Day, direction: str) -> dict[str, Any]:
    """Planned is everything on the books of the day: carried over from before, and new."""
    rows = [row for row in log.rows.values() if row.direction == direction]
    before = [row for row in rows if _open_at(row, day.begins_ms)]
    new = [row for row in rows if _within(row.noticed_ms, day)]
    ended = [row for row in rows if _within(row.ended_ms, day)]
    crossed = [row for row in ended if row.outcome == "cleared"]
    took_s = sorted(row.took_ms / 1_000.0 for row in crossed)
    return {
        "planned": len(before) + len(new),
        "carried_in": len(before),
        "new": len(new),
        "crossed_loaded": sum(row.loaded for row in crossed),
        "crossed_empty": sum(not row.loaded for row in crossed),
        "tonnes": round(sum(row.cargo_kg for row in crossed) / 1_000.0, 3),
        "refused": sum(row.outcome == "refused" for row in ended),
        "ended_otherwise": sum(row.outcome not in ("cleared", "refused") for row in ended),
        "carried_over": sum(_open_at(row, day.ends_ms) for row in rows),
        "crossing_time_s": {
            "mean": round(math.fsum(took_s) / len(took_s), 1) if took_s else None,
            "p95": round(took_s[math.ceil(0.95 * len(took_s)) - 1], 1) if took_s else None,
            "max": round(took_s[-1], 1) if took_s else None,
        },
    }


def _open_at(row: Row, at_ms: int) -> bool:
    return 0 < row.noticed_ms < at_ms and not 0 < row.ended_ms < at_ms


def _within(at_ms: int, day: Day) -> bool:
    return day.begins_ms <= at_ms < day.ends_ms


def _held(log: Log, day: Day) -> list[dict[str, Any]]:
    """Whoever has not crossed and has been told why, the longest first."""
    open_rows = [row for row in log.rows.values() if row.reason and _open_at(row, day.ends_ms)]
    open_rows = [row for row in open_rows if row.reason != LOADING]
    return [
        {
            "crossing": row.crossing,
            "direction": row.direction,
            "reason": row.reason,
            **_words(row.reason),
            "holder": row.holder,
            "since_utc_ms": row.since_ms,
            "past_exit_gate": bool(row.exited_ms),
        }
        for row in sorted(open_rows, key=lambda each: (each.since_ms, each.crossing))
    ]


def _words(code: str) -> dict[str, str]:
    reason = Reason.__members__.get(code)
    if reason is None:
        return {"sentence": code, "owner": "", "lifted_by": ""}
    owner = reason.owner.value
    return {"sentence": reason.sentence, "owner": owner, "lifted_by": reason.lifted_by}


def _waited(log: Log, day: Day) -> list[dict[str, Any]]:
    """Vehicle-minutes of waiting within the day, by direction and reason; loading is none."""
    spans: dict[tuple[str, str], list[int]] = defaultdict(list)
    for wait in log.waits:
        span_ms = min(wait.to_ms, day.ends_ms) - max(wait.from_ms, day.begins_ms)
        if span_ms > 0 and wait.reason != LOADING:
            spans[wait.direction, wait.reason].append(span_ms)
    rows = [
        {
            "direction": direction,
            "reason": reason,
            "owner": _words(reason)["owner"],
            "times": len(each),
            "minutes": round(sum(each) / 60_000.0, 1),
            "longest_min": round(max(each) / 60_000.0, 1),
        }
        for (direction, reason), each in spans.items()
    ]
    return sorted(rows, key=lambda row: (-row["minutes"], row["direction"], row["reason"]))


def _quota(log: Log, day: Day, side: str) -> dict[str, Any]:
    """Let past a gate that day, by the custody record of the exit gate."""

    def used(ends: Mapping[str, str]) -> int:
        return sum(
            ends.get(row.direction) == side and _within(row.exited_ms, day)
            for row in log.rows.values()
        )

    return {
        "out": {"limit": day.quota_out.get(side), "used": used(ORIGIN)},
        "in": {"limit": day.quota_in.get(side), "used": used(DESTINATION)},
    }


# --- the next day ---


def _forecast(log: Log, day: Day, direction: str) -> dict[str, Any]:
    """What comes anew and what is carried over, cut to the quota; nothing from minutes of a day."""
    rows = [row for row in log.rows.values() if row.direction == direction]
    seen: list[Seen] = []
    for number in days_of(log, day.utc_offset_min):
        each = Day(number, day.utc_offset_min)
        seen_ms = min(each.ends_ms, log.last_ms) - max(each.begins_ms, log.first_ms)
        if number <= day.number and seen_ms >= SEEN_MS_MIN:
            came = sum(_within(row.noticed_ms, each) for row in rows)
            seen.append(Seen(seen_ms / DAY_MS, came))
    carried = sum(_open_at(row, day.ends_ms) for row in rows)
    limits = (day.next_out.get(ORIGIN[direction]), day.next_in.get(DESTINATION[direction]))
    quota = min((limit for limit in limits if limit is not None), default=None)
    new = next_count(seen) if seen else None
    return {
        "days_known": len(seen),
        "hours_known": round(24.0 * math.fsum(each.days for each in seen), 2),
        "carried_over": carried,
        "new": None if new is None else asdict(new),
        "crossings": None if new is None else asdict(_at_most(new, carried, quota)),
        "quota": quota,
    }


def _at_most(new: Forecast, carried: int, quota: int | None) -> Forecast:
    figures = (carried + new.expected, carried + new.low, carried + new.high)
    return Forecast(*(each if quota is None else min(each, quota) for each in figures))
