"""Opening hours and the day's quota of an office.

Pure arithmetic on UTC milliseconds (contract/opening.py), with the hours of a rule book; without
any, an office is open round the clock and its days are those of UTC. Not here: who is told
(agent.py).
"""

from typing import Final

from contract import opening
from contract.opening import Opening, minute_of
from gate.office.rulebook import Hours

DAY_MS: Final = opening.DAY_MS


def local_day(utc_ms: int, hours: Hours | None) -> int:
    """Number of the local day, counted from 1970."""
    return opening.local_day(utc_ms, _of(hours).utc_offset_min)


def day_begins_ms(day: int, hours: Hours | None) -> int:
    """First UTC millisecond of a local day."""
    return opening.day_begins_ms(day, _of(hours).utc_offset_min)


def opens_ms(utc_ms: int, hours: Hours | None) -> int:
    """When the office is open next: `utc_ms` itself if it is open then."""
    return opening.opens_at_ms(utc_ms, _of(hours))


def _of(hours: Hours | None) -> Opening:
    if hours is None:
        return Opening(0, 0, 0)
    return Opening(minute_of(hours.opens), minute_of(hours.closes), hours.utc_offset_min)
