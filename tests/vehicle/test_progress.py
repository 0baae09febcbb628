"""VEH-017: a push that moves nothing is taken back, and the parking brake holds."""

import numpy as np
import pytest

from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.progress import BACK_MAX_M, TRIED_MAX_S, WON_M, in_vain

DT_S = 0.05
BACK_BOUND_M = 1.0  # docs/vehicle.md section 2.6: no truck rolls back further under a push


def a_state() -> Array:
    return np.zeros((1, c.PILOT_COLUMNS))


def turns(state: Array, seconds: float, v: float, *, pushes: bool = True) -> list[bool]:
    return [in_vain(pushes, v, state, DT_S, 0) for _ in range(round(seconds / DT_S))]


def test_push_without_any_way_is_in_vain_after_the_stated_time_and_not_before() -> None:
    said = turns(a_state(), TRIED_MAX_S + 0.2, 0.0)
    first = said.index(True) * DT_S
    assert first == pytest.approx(TRIED_MAX_S, abs=2 * DT_S)


@pytest.mark.parametrize(
    ("v_mps", "stays"), [(0.0, True), (0.05, True), (0.07, False), (0.2, False)]
)
def test_creeping_is_progress_if_it_wins_the_stated_way(v_mps: float, stays: bool) -> None:
    """0.5 m in 8 s is 0.0625 m/s."""
    assert any(turns(a_state(), 60.0, v_mps)) is stays


def test_speed_that_falls_is_progress_until_the_truck_stands() -> None:
    """A truck that its run-up carries part of the way up is given its time from there."""
    state = a_state()
    said = [in_vain(True, max(0.0, 6.0 - 0.3 * DT_S * k), state, DT_S, 0) for k in range(600)]
    stands = round(6.0 / 0.3 / DT_S)
    assert stands < said.index(True) < stands + round((TRIED_MAX_S + 0.1) / DT_S)


def test_who_does_not_push_tries_nothing() -> None:
    state = a_state()
    turns(state, TRIED_MAX_S - 0.5, 0.0)
    assert not any(turns(state, 60.0, 0.0, pushes=False))
    assert not any(turns(state, TRIED_MAX_S - 0.5, 0.0)), "and begins anew"


def test_ground_lost_is_in_vain_at_once() -> None:
    said = turns(a_state(), 2.0, -0.5)
    assert said.index(True) * DT_S * 0.5 == pytest.approx(BACK_MAX_M, abs=0.05)


def test_ground_lost_counts_from_the_last_that_was_won() -> None:
    state = a_state()
    turns(state, 10.0, 1.0)
    said = turns(state, 2.0, -0.5)
    assert said.index(True) * DT_S * 0.5 <= BACK_MAX_M + WON_M


@pytest.mark.parametrize("grade", [0.02, 0.05, 0.08])
def test_truck_whose_drive_gives_nothing_rolls_back_less_than_the_bound(grade: float) -> None:
    """Gravity alone until the push is taken back; then spring brakes, as late as a loaded truck's
    and on packed snow.
    """
    state, v, back, braked_s, force = a_state(), 0.0, 0.0, None, 0.0
    for _ in range(600):
        if braked_s is None and in_vain(True, v, state, DT_S, 0):
            braked_s = 0.0
        if braked_s is not None:
            braked_s += DT_S
            if braked_s > 0.2:
                force += (0.85 * 0.3 * 9.81 - force) * DT_S / 0.35
        v = min(0.0, v - 9.81 * grade * DT_S + force * DT_S)
        back -= v * DT_S
    assert v == 0.0
    assert BACK_MAX_M < back < BACK_BOUND_M
