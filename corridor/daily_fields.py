"""What the daily exchange reads of each event of a log, and what a line lacks of it.

Pure. A log may come from another version, or be cut, or be edited: a line of a known event with a
field missing or of another kind is told by its field, and nothing is counted from it. Events that
are not here are not read. Not here: files (cli/report.py), what is counted (daily.py).
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

SPAN_S_MAX: Final = 1e9  # of a run's log: no run lasts thirty years
YEARS: Final = range(2000, 2100)  # of a program's log
WHOLE_MAX: Final = 1 << 53
TEXT: Final = "a text"
FLAG: Final = "true or false"
WHOLE: Final = f"a whole number from 0 to {WHOLE_MAX}"
WAY: Final = "'E' or 'W'"

READ: Final[Mapping[str, Mapping[str, str]]] = {
    "crossing_noticed": {"crossing": TEXT, "direction": WAY, "loaded": FLAG, "cargo_kg": WHOLE},
    "crossing_withheld": {"crossing": TEXT, "reason": TEXT},
    "crossing_cleared": {"crossing": TEXT},
    "custody_recorded": {"crossing": TEXT, "step": TEXT},
    "crossing_finished": {"crossing": TEXT, "outcome": TEXT, "took_ms": WHOLE},
    "vehicle_waits": {"vehicle": TEXT, "crossing": TEXT, "reason": TEXT, "holder": TEXT},
    "vehicle_goes_on": {"vehicle": TEXT},
    "command_taken": {},
}


def fault_of(row: Mapping[str, Any]) -> str:
    """The first field of a line that is not as it is written, in words; "" if none is."""
    event = row.get("event")
    if not isinstance(event, str):
        return _said(row, "event", TEXT)
    for field, kind in READ.get(event, {}).items():
        if field not in row or not _is(row[field], kind):
            return f"{event}: {_said(row, field, kind)}"
    return ""


def seconds_of(row: Mapping[str, Any]) -> float | None:
    """Since its start, in the log of a run; None if that cannot be."""
    at_s = row.get("t")
    if isinstance(at_s, bool) or not isinstance(at_s, int | float):
        return None
    return float(at_s) if 0.0 <= at_s <= SPAN_S_MAX and math.isfinite(at_s) else None


def utc_ms_of(row: Mapping[str, Any]) -> int | None:
    """UTC in the log of a program, which writes ISO 8601 with an offset; None if that cannot be."""
    text = row.get("time")
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    known = at is not None and at.tzinfo is not None and at.year in YEARS
    return round(at.timestamp() * 1_000.0) if at is not None and known else None


def _is(value: object, kind: str) -> bool:
    if kind == WAY:
        return value in ("E", "W")
    if kind == TEXT:
        return isinstance(value, str)
    if kind == FLAG:
        return isinstance(value, bool)
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= WHOLE_MAX


def _said(row: Mapping[str, Any], field: str, kind: str) -> str:
    found = f"{field} = {row[field]!a:.40}" if field in row else f"{field} is missing"
    return f"{found}, expected {kind}"
