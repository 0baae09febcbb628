"""[time] of a scenario: when it starts, how long it runs, how much of that is not measured."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from contract.errors import ConfigError
from sim.distributions import parse_duration
from sim.scenario_types import Crossings, Duration
from sim.working_day import HOURS_A_DAY

START_YEARS: Final = range(2000, 2100)
DURATION_MIN_S: Final = 0.001


class TimeSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[time]: when it starts, how long it runs at most, how much of that is not measured.

    crossings   the run ends once so many crossings have finished, and is stuck (exit code 4) if the
                duration is over before; 0: it runs to the end
    working_day so many hours of each day the corridor works, where the run shows none of the rest
    """

    start: datetime = datetime.fromisoformat("2026-03-02T07:00:00+05:00")
    duration: Duration = "1h"
    warm_up: Duration = "0s"
    crossings: Crossings = 0
    working_day: Duration = "24h"

    @property
    def day_h(self) -> float:
        """Hours of each day in which it works."""
        return parse_duration(self.working_day) / 3_600.0


def check_time(time: TimeSection, origin: str) -> None:
    """What the types cannot say of it. Raises ConfigError by key."""
    duration_s, warm_up_s = parse_duration(time.duration), parse_duration(time.warm_up)
    if time.start.tzinfo is None:
        raise ConfigError(f"{origin}: time.start = {time.start}: expected an offset date-time")
    if time.start.year not in START_YEARS:
        first, last = START_YEARS[0], START_YEARS[-1]
        raise ConfigError(
            f"{origin}: time.start = {time.start}: expected a year from {first} to {last}"
        )
    if duration_s < DURATION_MIN_S:
        raise ConfigError(f"{origin}: time.duration = {time.duration!r}: expected at least 1ms")
    if not 0.0 < time.day_h <= HOURS_A_DAY:
        raise ConfigError(
            f"{origin}: time.working_day = {time.working_day!r}: expected more than 0s, at most 24h"
        )
    if warm_up_s >= duration_s:
        raise ConfigError(
            f"{origin}: time.warm_up = {time.warm_up!r}: "
            f"expected less than the duration, {time.duration}"
        )


def check_window(begins: str, ends: str, per_hour: float, *, place: str) -> None:
    """When the loads of a flow come: some time, and of no endless flow. Raises ConfigError."""
    begins_s, ends_s = parse_duration(begins), parse_duration(ends)
    if ends_s and ends_s <= begins_s:
        raise ConfigError(f"{place}.ends = {ends!r}: expected later than begins, or 0s")
    if (begins_s or ends_s) and per_hour <= 0.0:
        named = "begins" if begins_s else "ends"
        raise ConfigError(
            f"{place}.{named}: expected only with crossings_per_hour or tonnes_per_day above 0"
        )
