"""How many come on the next day, from how many came in the time that was seen.

Pure. Arrivals by chance at one rate: with n of them seen in a time of E days, and Jeffreys' prior,
the rate is Gamma(n + 1/2, E), and the count of a whole day negative binomial, with that shape and
success E / (E + 1) (Gelman and others, Bayesian Data Analysis, third edition, section 2.6). So the
interval follows from what was seen: half an hour says little, a month says much. Days that differ
by more than chance - their chi-square over its degrees of freedom, once there are enough of them -
count as if arrivals came in groups of that size. Not here: what is counted (daily.py).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

TAIL: Final = 0.05  # on each side: nine of ten days lie between
DAYS_FOR_SPREAD: Final = 3  # from so many days on, whole or in part, their own spread counts
PRIOR: Final = 0.5


class Seen(NamedTuple):
    """So many came on a day of which so much was seen: 1.0 the whole of it."""

    days: float
    came: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Crossings of a day: expected, and between which two figures 90 % of such days are."""

    expected: int
    low: int
    high: int


def next_count(seen: Sequence[Seen]) -> Forecast:
    """The next whole day, from at least some time that was seen."""
    days = math.fsum(each.days for each in seen)
    came = sum(each.came for each in seen)
    group = _group(seen, came / days)
    shape, success = came / group + PRIOR, days / (days + 1.0)
    low = math.floor(group * quantile(TAIL, shape, success))
    high = math.ceil(group * quantile(1.0 - TAIL, shape, success))
    expected = round(came / days)
    return Forecast(expected, min(low, expected), max(high, expected))


def _group(seen: Sequence[Seen], rate: float) -> float:
    """By how much the days differ by more than chance; 1.0: by no more, or too few are known."""
    if len(seen) < DAYS_FOR_SPREAD or rate <= 0.0:
        return 1.0
    chi_square = math.fsum(
        (each.came - rate * each.days) ** 2 / (rate * each.days) for each in seen
    )
    return max(1.0, chi_square / (len(seen) - 1))


def quantile(share: float, shape: float, success: float) -> int:
    """The smallest count up to which at least this share of a negative binomial lies."""
    within = _cumulative(shape, success)
    high = 1
    while within(high) < share:
        high *= 2
    low = -1  # below the smallest count
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if within(middle) >= share else (middle, high)
    return high


def _cumulative(shape: float, success: float) -> Callable[[int], float]:
    """Its distribution function: the regularised incomplete beta function, I_p(r, k + 1)."""
    from scipy.special import betainc  # noqa: PLC0415 - the supervisor itself has no use for it

    return lambda count: float(betainc(shape, count + 1.0, success))
