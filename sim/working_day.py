"""A year of a corridor that works a part of each day: what a run of that part comes to.

`traffic.tonnes_per_year` reckons with the measured window's rate all day and all year; where a
scenario is the working day of a lane that is closed for the rest (`time.working_day`), a year has
less, and a claim for a year is compared with that.
"""

from typing import Final

HOURS_A_DAY: Final = 24.0
DAYS_A_YEAR: Final = 365.0


def by_working_day(tonnes: float, window_h: float, day_h: float) -> dict[str, float]:
    """The `traffic.by_working_day` part of result.json: hours a day, their share, tonnes a year."""
    per_h = tonnes / window_h if window_h > 0.0 else 0.0
    return {
        "hours": round(day_h, 3),
        "share": round(day_h / HOURS_A_DAY, 4),
        "tonnes_per_year": round(per_h * day_h * DAYS_A_YEAR, 1),
    }
