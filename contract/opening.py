"""Opening: hours of a day by local time, and the local days that quotas are counted by.

Pure arithmetic on UTC milliseconds; hours that close before they open go over midnight, and hours
that open and close at the same minute are open round the clock. Offices and supervisor ask the same
functions. Not here: how sure a clock is (who asks takes its error on the cautious side), and what
follows from closed (gate/office/docket.py, corridor/hours.py).
"""

from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
NEVER_MS: Final = 1 << 62  # it does not close: later than any clock


class Opening(NamedTuple):
    """Minutes after local midnight at which it opens and closes, and how local time lies to UTC."""

    opens_min: int
    closes_min: int
    utc_offset_min: int

    @property
    def always(self) -> bool:
        """It does not close."""
        return self.opens_min == self.closes_min


def minute_of(clock: str) -> int:
    """A clock like 07:30 as minutes after midnight."""
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


def local_day(utc_ms: int, utc_offset_min: int) -> int:
    """Number of the local day, counted from 1970."""
    return (utc_ms + utc_offset_min * MINUTE_MS) // DAY_MS


def day_begins_ms(day: int, utc_offset_min: int) -> int:
    """First UTC millisecond of a local day."""
    return day * DAY_MS - utc_offset_min * MINUTE_MS


def opens_at_ms(utc_ms: int, opening: Opening) -> int:
    """When it is open next: `utc_ms` itself if it is open then."""
    if open_until_ms(utc_ms, opening) is not None:
        return utc_ms
    begin = day_begins_ms(local_day(utc_ms, opening.utc_offset_min), opening.utc_offset_min)
    opens = begin + opening.opens_min * MINUTE_MS
    return opens if opens > utc_ms else opens + DAY_MS


def open_until_ms(utc_ms: int, opening: Opening) -> int | None:
    """The millisecond at which it closes, if it is open at `utc_ms`; None if it is closed then."""
    if opening.always:
        return NEVER_MS
    begin = day_begins_ms(local_day(utc_ms, opening.utc_offset_min), opening.utc_offset_min)
    long_ms = (opening.closes_min - opening.opens_min) * MINUTE_MS % DAY_MS
    for day_ms in (begin, begin - DAY_MS):  # yesterday's hours may go over midnight
        opens = day_ms + opening.opens_min * MINUTE_MS
        if opens <= utc_ms < opens + long_ms:
            return opens + long_ms
    return None
