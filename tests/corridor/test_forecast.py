"""The forecast of a day: how often the next day lies within its interval, by exact sums.

For arrivals by chance at one rate, the chance of every count that may be seen is known, and so is
that of the next day; nothing is drawn.
"""

import math
import random

import pytest

from corridor.forecast import Forecast, Seen, next_count, quantile


def chances(mean: float) -> list[tuple[int, float]]:
    """Counts of a Poisson distribution with their chances, but for one of a million."""
    most = math.ceil(mean + 6.0 * math.sqrt(mean) + 12.0)
    logs = [count * math.log(mean) - mean - math.lgamma(count + 1.0) for count in range(most)]
    return [(count, math.exp(log)) for count, log in enumerate(logs)]


def coverage(days: float, mean: float) -> float:
    """How often the next day, of `mean` arrivals, lies within what so many days say of it."""
    below = [0.0]
    for _, chance in chances(mean):
        below.append(below[-1] + chance)
    last = len(below) - 1
    within = 0.0
    for came, chance in chances(mean * days):
        due = next_count([Seen(days, came)])
        within += chance * (below[min(due.high + 1, last)] - below[min(due.low, last)])
    return within


@pytest.mark.parametrize("hours", [0.5, 2.0, 12.0, 24.0, 72.0, 240.0])
@pytest.mark.parametrize("mean", [12.0, 75.0, 300.0])
def test_nine_of_ten_next_days_lie_within_the_interval(hours: float, mean: float) -> None:
    assert 0.88 <= coverage(hours / 24.0, mean) <= 0.98


def test_interval_follows_from_the_hours_seen() -> None:
    """At one rate, 240 a day: the less was seen, the wider."""
    widths = []
    for hours in (0.5, 2.0, 12.0, 24.0, 240.0):
        due = next_count([Seen(hours / 24.0, round(10.0 * hours))])
        assert due.expected == 240
        assert due.low < 240 < due.high
        widths.append(due.high - due.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 5 * widths[-1]
    normal = 2.0 * 1.645 * math.sqrt(240.0 * (1.0 + 1.0 / 10.0))
    assert widths[-1] == pytest.approx(normal, rel=0.05)


def test_several_days_that_differ_by_chance_alone_are_covered() -> None:
    """Four parts of days, each of its own length, a thousand times: about a common rate."""
    rng = random.Random(9)
    within = 0
    for _ in range(1_000):
        seen = [Seen(days, _poisson(rng, 80.0 * days)) for days in (0.25, 1.0, 1.0, 0.5)]
        due = next_count(seen)
        within += due.low <= _poisson(rng, 80.0) <= due.high
    assert 0.88 <= within / 1_000 <= 0.98


def test_days_that_differ_by_more_than_chance_widen_the_interval() -> None:
    steady = next_count([Seen(1.0, 100)] * 3)
    uneven = next_count([Seen(1.0, 40), Seen(1.0, 100), Seen(1.0, 160)])
    assert steady.expected == uneven.expected == 100
    assert uneven.high - uneven.low > 3 * (steady.high - steady.low)


def test_none_in_half_an_hour_may_still_be_many_in_a_day() -> None:
    assert next_count([Seen(1.0 / 48.0, 0)]) == Forecast(0, 0, 93)


@pytest.mark.parametrize(("shape", "success"), [(0.5, 0.02), (3.5, 0.5), (400.5, 0.5), (9.0, 0.96)])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_quantile_is_that_of_the_sum_of_its_terms(
    share: float, shape: float, success: float
) -> None:
    """Against the terms, each from the one before it by their ratio."""
    log, count, total = shape * math.log(success), 0, 0.0
    while (total := total + math.exp(log)) < share:
        log += math.log((count + shape) / (count + 1.0) * (1.0 - success))
        count += 1
    assert quantile(share, shape, success) == count


def _poisson(rng: random.Random, mean: float) -> int:
    at, count = rng.expovariate(mean), 0
    while at < 1.0:
        at, count = at + rng.expovariate(mean), count + 1
    return count
