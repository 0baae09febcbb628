"""Opening hours and the day's quota of an office.

Pure arithmetic on UTC milliseconds. Not here: who is told (agent.py).
"""

from typing import Final

from gate.office.rulebook import Hours

DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000


def local_day(utc_ms: int, hours: Hours | None) -> int:
    """Number of the local day, counted from 1970."""
    offset_min = hours.utc_offset_min if hours is not None else 0
    return (utc_ms + offset_min * _MINUTE_MS) // DAY_MS


def day_begins_ms(day: int, hours: Hours | None) -> int:
    """First UTC millisecond of a local day."""
    offset_min = hours.utc_offset_min if hours is not None else 0
    return day * DAY_MS - offset_min * _MINUTE_MS


def opens_ms(utc_ms: int, hours: Hours | None) -> int:
    """When the office is open next: `utc_ms` itself if it is open then."""
    if hours is None:
        return utc_ms
    opens, closes = _of_day(hours.opens), _of_day(hours.closes)
    begin = day_begins_ms(local_day(utc_ms, hours), hours)
    past = utc_ms - begin
    if opens == closes:
        return utc_ms  # round the clock
    if opens < closes:
        if past < opens:
            return begin + opens
        return utc_ms if past < closes else begin + DAY_MS + opens
    if closes <= past < opens:
        return begin + opens
    return utc_ms


def _of_day(clock: str) -> int:
    """A clock like 07:30 as milliseconds since midnight."""
    hour, minute = clock.split(":")
    return (60 * int(hour) + int(minute)) * _MINUTE_MS
