"""The truck's two phase tables are total: every pair is in one of them, and in one only."""

from itertools import product

import pytest

from contract.errors import InvariantBroken
from vehicle.phases import (
    IMPOSSIBLE,
    NEXT,
    PASSAGE_IGNORED,
    PASSAGE_NEXT,
    Outcome,
    Passage,
    Phase,
    Word,
    next_passage,
    next_phase,
)


@pytest.mark.parametrize("pair", list(product(Phase, Outcome)), ids=str)
def test_every_phase_and_outcome_of_a_truck_is_in_exactly_one_table(
    pair: tuple[Phase, Outcome],
) -> None:
    assert (pair in NEXT) != (pair in IMPOSSIBLE)


@pytest.mark.parametrize("pair", list(product(Passage, Word)), ids=str)
def test_every_word_at_every_step_of_a_passage_moves_it_or_is_ignored(
    pair: tuple[Passage, Word],
) -> None:
    assert (pair in PASSAGE_NEXT) != (pair in PASSAGE_IGNORED)


def test_an_impossible_pair_is_a_bug_and_ends_the_program() -> None:
    for phase, outcome in IMPOSSIBLE:
        with pytest.raises(InvariantBroken, match=outcome.value):
            next_phase(phase, outcome)


def test_an_ignored_word_leaves_the_passage_as_it_was() -> None:
    for passage, word in PASSAGE_IGNORED:
        assert next_passage(passage, word) is passage


@pytest.mark.parametrize("outcome", Outcome)
def test_a_stopped_truck_is_released_by_the_end_of_its_stop_alone(outcome: Outcome) -> None:
    """I26: a stop dominates every grant, permit and mission."""
    after = NEXT[Phase.STOPPED, outcome]
    lifted = outcome in (Outcome.STOP_WENT, Outcome.STOP_WENT_IDLE)
    assert (after is Phase.STOPPED) != lifted
    assert after is not Phase.DRIVING


@pytest.mark.parametrize("phase", Phase)
def test_a_stop_is_obeyed_in_every_phase(phase: Phase) -> None:
    """I26."""
    assert NEXT[phase, Outcome.STOP_CAME] is Phase.STOPPED


def test_a_truck_at_a_gate_drives_on_by_a_permit_and_nothing_else() -> None:
    """I5: authority alone opens no barrier."""
    leads_on = {o for o in Outcome if NEXT.get((Phase.AT_GATE, o)) is Phase.DRIVING}
    assert leads_on == {Outcome.PERMITTED}


def test_a_permit_is_in_hand_only_after_an_answered_challenge() -> None:
    """I6: a permit that answers no challenge of this session counts for nothing."""
    leads_in = {pair for pair, after in PASSAGE_NEXT.items() if after is Passage.PERMITTED}
    assert leads_in == {(Passage.ANSWERED, Word.GRANTED)}
