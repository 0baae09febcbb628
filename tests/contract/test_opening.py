"""Opening hours: edges, midnight, time zones, round the clock."""

import pytest

from contract.opening import (
    DAY_MS,
    NEVER_MS,
    Opening,
    day_begins_ms,
    local_day,
    minute_of,
    open_until_ms,
    opens_at_ms,
)

HOUR_MS = 3_600_000
DAY = 20_000  # a local day
KZ = Opening(7 * 60, 19 * 60, 300)
NIGHT = Opening(22 * 60, 4 * 60, 480)


def at(hour: float, opening: Opening = KZ) -> int:
    """UTC of an hour of the local day."""
    return day_begins_ms(DAY, opening.utc_offset_min) + round(hour * HOUR_MS)


@pytest.mark.parametrize(
    ("hour", "until", "opens"),
    [
        (0.0, None, 7.0),
        (7.0, 19.0, 7.0),
        (12.0, 19.0, 12.0),
        (19.0, None, 31.0),
        (23.0, None, 31.0),
    ],
)
def test_hours_of_a_day(hour: float, until: float | None, opens: float) -> None:
    assert open_until_ms(at(hour), KZ) == (None if until is None else at(until))
    assert opens_at_ms(at(hour), KZ) == at(opens)


def test_hours_end_and_begin_to_the_millisecond() -> None:
    assert open_until_ms(at(7.0) - 1, KZ) is None
    assert open_until_ms(at(19.0) - 1, KZ) == at(19.0)


@pytest.mark.parametrize(
    ("hour", "until", "opens"),
    [
        (3.0, 4.0, 3.0),
        (4.0, None, 22.0),
        (21.9, None, 22.0),
        (22.0, 28.0, 22.0),
        (23.9, 28.0, 23.9),
    ],
)
def test_hours_over_midnight(hour: float, until: float | None, opens: float) -> None:
    there = at(hour, NIGHT)
    assert open_until_ms(there, NIGHT) == (None if until is None else at(until, NIGHT))
    assert opens_at_ms(there, NIGHT) == at(opens, NIGHT)


def test_hours_that_open_and_close_at_once_never_close() -> None:
    always = Opening(0, 0, 300)
    assert open_until_ms(at(5.0), always) == NEVER_MS
    assert opens_at_ms(at(5.0), always) == at(5.0)


@pytest.mark.parametrize("offset_min", [-720, -90, 0, 300, 480, 840])
def test_local_day_begins_at_local_midnight(offset_min: int) -> None:
    begin = day_begins_ms(DAY, offset_min)
    assert [local_day(begin + each, offset_min) - DAY for each in (-1, 0, DAY_MS - 1, DAY_MS)] == [
        -1,
        0,
        0,
        1,
    ]


def test_the_same_clock_is_another_time_elsewhere() -> None:
    """16:00 in Kazakhstan is 19:00 in Beijing."""
    assert at(16.0) == at(19.0, NIGHT)
    assert minute_of("16:05") == 965
