"""Visits to stations: the table is total, and no walk through it ends without a record."""

import itertools

import pytest

from contract.errors import InvariantBroken
from gate.station_phases import (
    ANSWER_S_MAX,
    IMPOSSIBLE,
    NEXT,
    UNNAMED_S_MAX,
    Outcome,
    Phase,
    answer_s_max,
    next_phase,
)

PAIRS = list(itertools.product(Phase, Outcome))


@pytest.mark.parametrize(("phase", "outcome"), PAIRS)
def test_every_phase_and_outcome_of_a_visit_is_in_exactly_one_table(
    phase: Phase, outcome: Outcome
) -> None:
    """GATE-012."""
    assert ((phase, outcome) in NEXT) != ((phase, outcome) in IMPOSSIBLE)


@pytest.mark.parametrize(("phase", "outcome"), sorted(IMPOSSIBLE, key=str))
def test_an_impossible_pair_of_a_visit_is_a_bug(phase: Phase, outcome: Outcome) -> None:
    with pytest.raises(InvariantBroken):
        next_phase(phase, outcome)


@pytest.mark.parametrize("phase", [Phase.SERVING, Phase.READING])
def test_a_visit_is_over_at_the_latest_when_it_is_given_up(phase: Phase) -> None:
    assert next_phase(phase, Outcome.GIVEN_UP) is Phase.DONE
    assert next_phase(phase, Outcome.FINISHED) is Phase.DONE


def test_a_record_follows_from_an_outcome_and_from_nothing_else() -> None:
    ends = {outcome for (_, outcome), after in NEXT.items() if after is Phase.DONE}
    assert ends == {Outcome.FINISHED, Outcome.GIVEN_UP}


def test_every_service_must_answer_within_a_stated_time() -> None:
    for services in (*((each,) for each in ANSWER_S_MAX), ("weighbridge", "portal")):
        assert 0 < answer_s_max(services) <= 2 * UNNAMED_S_MAX
    assert answer_s_max(["never heard of"]) == UNNAMED_S_MAX
    assert answer_s_max(["weighbridge", "portal"]) == 360
