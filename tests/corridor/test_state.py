"""The supervisor's tables: which crossings are open, and whose they are."""

from hypothesis import given
from hypothesis import strategies as st

from corridor.state import State
from tests.factories import a_roster, the_map

some_acts = st.lists(st.tuples(st.sampled_from(["begin", "end", "go on"]), st.integers(0, 5)))


@given(some_acts)
def test_open_crossings_are_those_without_an_outcome_in_the_order_of_becoming_known(
    acts: list[tuple[str, int]],
) -> None:
    """Whatever began, ended and went on between two looks, and whether anybody looked."""
    state = State("supervisor", the_map(), a_roster())
    for act, number in acts:
        crossing = state.crossing(f"KZ-{number}")
        crossing.vehicle = f"truck-{number}"
        if act == "end":
            crossing.outcome = "cleared"
        elif act == "go on":
            state.goes_on_after_all(crossing)
        if number % 2:
            state.open_crossings()
    wanted = [each for each in state.crossings.values() if not each.outcome]
    assert state.open_crossings() == wanted
    for crossing in wanted:
        assert state.crossing_of(crossing.vehicle) == crossing.crossing_id


def test_crossing_of_a_truck_is_the_open_one_and_else_the_refusal_that_it_had_last() -> None:
    state = State("supervisor", the_map(), a_roster())
    first, second = state.crossing("KZ-1"), state.crossing("KZ-2")
    first.vehicle = second.vehicle = "truck-01"
    first.outcome, first.finished_ms = "cleared", 1
    assert state.crossing_of("truck-01") == "KZ-2"
    second.outcome, second.finished_ms = "refused", 2
    assert state.crossing_of("truck-01") == "KZ-2"
    second.outcome = "cleared"
    assert state.crossing_of("truck-01") == ""
