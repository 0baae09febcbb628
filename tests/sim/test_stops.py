"""Stops at a line: within 0.30 m before it, never past it, smooth, and then nothing moves.

Trucks loaded and empty and AGVs, on grades of 4 % up and down, from ice to a dry road, friction as
declared. Far worse than declared is for test_ground_campaign.py: with 0.06 at a declared 0.1 up to
three trucks were measured at up to 6.7 m past their ends, and eight trucks collide. Who cannot
climb by the closed form of docs/vehicle.md 1.5 is left out of the stops. The plant holds a standing
truck, parking brake or not; so the parking brake itself is looked at too. What the plant cannot
show is a truck that slides back with spinning wheels.
"""

from typing import Final

import numpy as np
import pytest

from bench.stop_rig import ALIVE, HUNG, KILLED, RESTARTED, Tale, told

SHORT_MAX_M: Final = 0.30
STRAY_MAX_M: Final = 0.05
JOLT_MAX_MPS2: Final = 0.8  # a tenth of what lashings bear forwards: EN 12195-1, 0.8 g


def check_line(tale: Tale) -> None:
    before_m = tale.before_line_m[tale.climbs]
    assert before_m.min() > 0.0
    assert before_m.max() <= SHORT_MAX_M
    assert (tale.reached == tale.climbs).all()
    assert tale.trips == 0


def check_smooth(tale: Tale) -> None:
    assert tale.jerk_share.max() <= 1.0
    assert 0.0 < tale.jolt_mps2.max() <= JOLT_MAX_MPS2


def check_rest(tale: Tale) -> None:
    assert tale.standing
    for fate in (ALIVE, KILLED, RESTARTED, HUNG):
        assert tale.strayed_m[tale.fate == fate].max() < STRAY_MAX_M
    assert not tale.unparked.any(), "who cannot climb has taken its push back: VEH-017"


@pytest.fixture(scope="module")
def tale() -> Tale:
    return told(300, seed=1)


def test_truck_stops_within_thirty_centimetres_before_its_line_and_never_past_it(
    tale: Tale,
) -> None:
    """I2. Measured over 1,000 stops: 0.07 to 0.19 m before it."""
    assert np.count_nonzero(tale.climbs) > 250
    check_line(tale)


def test_last_second_of_a_stop_needs_no_emergency_brake_and_ends_gently(tale: Tale) -> None:
    """The body's service jerk, 1.0 and 0.7 m/s3, is what it holds to unless it is asked for an
    emergency brake; measured are 0.88 of it, and 0.42 m/s2 when the wheels stop.
    """
    check_smooth(tale)


def test_stopped_truck_stays_ten_minutes_whoever_is_alive_on_board(tale: Tale) -> None:
    """VEH-006: alive, killed, restarted, hung: it stands under its parking brake."""
    check_rest(tale)


def test_truck_that_cannot_climb_stays_where_it_is(tale: Tale) -> None:
    """Its push is less than grade and rolling resistance take: it does not start, nor roll back.
    It goes on trying, brakes off, for as long as it has an order; without one it is parked.
    """
    stuck = ~tale.climbs
    assert np.count_nonzero(stuck) > 4
    assert not tale.moved[stuck].any()
    assert tale.moved[tale.climbs].all()
    assert tale.strayed_m[stuck].max() == 0.0
    assert set(tale.fate[stuck]) == {ALIVE, KILLED, RESTARTED, HUNG}


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 7))
def test_a_thousand_stops_are_like_three_hundred(seed: int) -> None:
    tale = told(1_000, seed)
    check_line(tale)
    check_smooth(tale)
    check_rest(tale)
    assert (tale.moved == tale.climbs).all()
