"""The phase tables of gate and office are total: every pair has a next phase, or is impossible."""

from itertools import product

import pytest

from contract.errors import InvariantBroken
from gate import phases as gate
from gate.office import agency_phases as agency
from gate.office import phases as office


@pytest.mark.parametrize("pair", list(product(gate.Phase, gate.Outcome)), ids=str)
def test_every_phase_and_outcome_of_a_gate_is_in_exactly_one_table(
    pair: tuple[gate.Phase, gate.Outcome],
) -> None:
    assert (pair in gate.NEXT) != (pair in gate.IMPOSSIBLE)


@pytest.mark.parametrize("pair", list(product(office.Phase, office.Outcome)), ids=str)
def test_every_phase_and_outcome_of_an_office_is_in_exactly_one_table(
    pair: tuple[office.Phase, office.Outcome],
) -> None:
    assert (pair in office.NEXT) != (pair in office.IMPOSSIBLE)


@pytest.mark.parametrize("pair", list(product(agency.Phase, agency.Outcome)), ids=str)
def test_every_phase_and_outcome_of_an_agency_is_in_exactly_one_table(
    pair: tuple[agency.Phase, agency.Outcome],
) -> None:
    assert (pair in agency.NEXT) != (pair in agency.IMPOSSIBLE)


def test_an_impossible_pair_of_an_agency_is_a_bug_and_ends_the_program() -> None:
    for phase, outcome in agency.IMPOSSIBLE:
        with pytest.raises(InvariantBroken, match=outcome.value):
            agency.next_phase(phase, outcome)


def test_what_an_agency_has_said_stays_said() -> None:
    """OFF-022."""
    for phase in agency.ENDED:
        assert {agency.NEXT.get((phase, outcome), phase) for outcome in agency.Outcome} == {phase}


def test_an_impossible_pair_of_a_gate_is_a_bug_and_ends_the_program() -> None:
    for phase, outcome in gate.IMPOSSIBLE:
        with pytest.raises(InvariantBroken, match=outcome.value):
            gate.next_phase(phase, outcome)


def test_an_impossible_pair_of_an_office_is_a_bug_and_ends_the_program() -> None:
    for phase, outcome in office.IMPOSSIBLE:
        with pytest.raises(InvariantBroken, match=outcome.value):
            office.next_phase(phase, outcome)


def test_a_gate_opens_from_a_consumed_permit_and_nothing_else() -> None:
    """I5, GATE-003: the arm is told to rise in OPENING only."""
    into_opening = {pair for pair, after in gate.NEXT.items() if after is gate.Phase.OPENING}
    assert into_opening == {(gate.Phase.CHALLENGED, gate.Outcome.CONSUMED)}


def test_a_gate_can_fail_in_every_phase() -> None:
    for phase in set(gate.Phase) - {gate.Phase.HELD}:
        assert gate.NEXT[phase, gate.Outcome.FAILED] is gate.Phase.FAULT


def test_a_gate_can_be_held_in_every_phase_and_leaves_that_by_an_order_alone() -> None:
    """GATE-010, GATE-011, GATE-018: one order for a cell in which nobody is, one for whoever
    stands under the open arm.
    """
    for phase in gate.Phase:
        assert gate.NEXT[phase, gate.Outcome.DOUBTED] is gate.Phase.HELD
    out_of_hold = {
        (outcome, after)
        for (phase, outcome), after in gate.NEXT.items()
        if phase is gate.Phase.HELD and after is not gate.Phase.HELD
    }
    assert out_of_hold == {
        (gate.Outcome.ORDERED, gate.Phase.UNKNOWN),
        (gate.Outcome.LET_ON, gate.Phase.PASSING),
    }


def test_a_gate_has_a_way_back_to_idle_from_every_phase() -> None:
    """No phase is a dead end."""
    back = {gate.Phase.IDLE}
    for _ in gate.Phase:
        back |= {phase for (phase, _), after in gate.NEXT.items() if after in back}
    assert back == set(gate.Phase)


def test_a_mended_gate_asks_for_presence_before_it_serves() -> None:
    """GATE-009: a gate that does not know who is present gives no permit."""
    out_of_fault = {
        after
        for (phase, outcome), after in gate.NEXT.items()
        if phase is gate.Phase.FAULT and outcome is not gate.Outcome.LET_ON
    }
    assert out_of_fault == {gate.Phase.FAULT, gate.Phase.UNKNOWN, gate.Phase.HELD}


def test_an_office_releases_only_where_nothing_is_wanted_any_more() -> None:
    """OFF-004: a release follows from no other outcome, and never from a refusal at one stroke."""
    into = {
        pair[1]: pair[0]
        for pair, after in office.NEXT.items()
        if after is office.Phase.RELEASED and pair[0] is not office.Phase.RELEASED
    }
    assert set(into) == {office.Outcome.NOTHING_WANTED}
    assert (office.Phase.REFUSED, office.Outcome.NOTHING_WANTED) in office.IMPOSSIBLE
    assert (office.Phase.NEW, office.Outcome.NOTHING_WANTED) in office.IMPOSSIBLE


@pytest.mark.parametrize("phase", [p for p in office.Phase if p is not office.Phase.ENDED])
def test_a_new_declaration_is_assessed_anew_in_every_phase(phase: office.Phase) -> None:
    """OFF-003."""
    assert office.NEXT[phase, office.Outcome.DECLARED] is office.Phase.ASSESSING
