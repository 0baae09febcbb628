"""The supervisor's tables: whose crossing is whose, however many there have been."""

import random

import pytest

from corridor.state import State
from tests.corridor.control import Control

TRUCKS = ("truck-01", "truck-02", "truck-03")
STEPS = 150


def crossing_by_search(state: State, vehicle: str) -> str:
    """The first that is open, or the last that has ended, if it was refused."""
    mine = [each for each in state.crossings.values() if each.vehicle == vehicle]
    for crossing in mine:
        if not crossing.outcome:
            return crossing.crossing_id
    last = max(mine, key=lambda each: each.finished_ms, default=None)
    return last.crossing_id if last is not None and last.outcome == "refused" else ""


@pytest.mark.parametrize("seed", range(8))
def test_last_crossing_of_a_truck_is_the_one_that_a_search_finds(seed: int) -> None:
    """Crossings become known, end either way, and go on after all, in any order."""
    draw = random.Random(seed)
    state = Control().agent.state
    for step in range(1, STEPS):
        known = list(state.crossings.values())
        act = draw.choice(("known", "ends", "ends", "goes on")) if known else "known"
        crossing = draw.choice(known) if known else state.crossing("KZ-0")
        if act == "known":
            state.crossing(f"KZ-{step}").vehicle = draw.choice(TRUCKS)
        elif act == "ends" and not crossing.outcome:
            crossing.outcome = draw.choice(("refused", "cleared"))
            crossing.finished_ms = step
        elif act == "goes on" and crossing.outcome:
            state.goes_on_after_all(crossing)
            crossing.finished_ms, crossing.vehicle = 0, draw.choice(TRUCKS)
        for vehicle in draw.sample(TRUCKS, 2):
            assert state.crossing_of(vehicle) == crossing_by_search(state, vehicle)
