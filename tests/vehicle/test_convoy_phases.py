"""The table of a truck's convoy phases is total, and every end of it is driving alone."""

from itertools import product

import pytest

from contract.errors import InvariantBroken
from vehicle.convoy_phases import IMPOSSIBLE, NEXT, ConvoyOutcome, ConvoyPhase, next_convoy_phase

P, O = ConvoyPhase, ConvoyOutcome  # noqa: E741 - as in the table


@pytest.mark.parametrize("pair", list(product(P, O)), ids=str)
def test_every_phase_and_outcome_is_in_exactly_one_table(
    pair: tuple[ConvoyPhase, ConvoyOutcome],
) -> None:
    assert (pair in NEXT) != (pair in IMPOSSIBLE)


def test_an_impossible_pair_is_a_bug_and_ends_the_program() -> None:
    for phase, outcome in IMPOSSIBLE:
        with pytest.raises(InvariantBroken, match=outcome.value):
            next_convoy_phase(phase, outcome)


def test_a_truck_follows_by_beacons_after_a_commit_and_nothing_else() -> None:
    """VEH-013."""
    leads_in = {pair for pair, after in NEXT.items() if after is P.MEMBER}
    assert {outcome for _, outcome in leads_in} == {O.COMMIT_FOLLOW}


def test_every_end_leads_to_driving_alone() -> None:
    """VEH-015: from every phase, whatever happened."""
    for outcome in (O.ABORT, O.TIMED_OUT, O.BEACONS_LOST, O.STOPPED):
        ends = {after for (_, each), after in NEXT.items() if each is outcome}
        assert ends <= {P.SOLO, P.ABORTED}
    assert NEXT[P.ABORTED, O.ARRIVED] is NEXT[P.ABORTED, O.TIMED_OUT] is P.SOLO
