"""Formations: two phases, one number a change, every failure ends apart, nobody waits for ever."""

from itertools import product

import pytest

from contract.errors import InvariantBroken
from contract.events import Event
from contract.limits import (
    FORMATION_APPROACH_MS,
    FORMATION_COMMIT_MS,
    FORMATION_DONE_MS,
    FORMATION_OPEN_MS,
)
from contract.v1.movement_pb2 import (
    FORMATION_ANSWER_DONE,
    FORMATION_ANSWER_READY,
    FORMATION_ANSWER_REFUSED,
    FORMATION_MANOEUVRE_JOIN,
    FORMATION_MANOEUVRE_LEAVE,
    FORMATION_STEP_ABORT,
    FORMATION_STEP_COMMIT,
    FORMATION_STEP_PREPARE,
    FormationOrder,
    FormationReply,
)
from corridor.formation_phases import (
    IMPOSSIBLE,
    NEXT,
    FormationOutcome,
    FormationPhase,
    next_formation_phase,
)
from tests.corridor.convoys import Convoys, in_phase
from tests.factories import TRUCKS, sends

P, O = FormationPhase, FormationOutcome  # noqa: E741 - as in the table
A, B, C = TRUCKS
READY, DONE, REFUSED = FORMATION_ANSWER_READY, FORMATION_ANSWER_DONE, FORMATION_ANSWER_REFUSED


def steps(orders: list[FormationOrder]) -> list[int]:
    return [order.step for order in orders]


# --- the table ---


@pytest.mark.parametrize("pair", list(product(P, O)), ids=str)
def test_every_phase_and_outcome_is_in_exactly_one_table(
    pair: tuple[FormationPhase, FormationOutcome],
) -> None:
    assert (pair in NEXT) != (pair in IMPOSSIBLE)


def test_an_impossible_pair_is_a_bug_and_ends_the_program() -> None:
    for phase, outcome in IMPOSSIBLE:
        with pytest.raises(InvariantBroken, match=outcome.value):
            next_formation_phase(phase, outcome)


def test_whatever_goes_wrong_ends_apart() -> None:
    """SUP-014."""
    for outcome in (O.REFUSED, O.TIMED_OUT):
        assert {after for (_, each), after in NEXT.items() if each is outcome} == {P.SPLIT}


# --- joining ---


def test_trucks_in_line_are_prepared_with_one_list_and_one_number() -> None:
    """SUP-013."""
    convoys = Convoys().stand(A, B)
    orders = sends(convoys.watch(), FormationOrder)
    assert [order.step for order in orders] == [FORMATION_STEP_PREPARE] * 2
    assert {tuple(order.members) for order in orders} == {(A, B)}
    assert {order.epoch for order in orders} == {1}
    assert {order.manoeuvre for order in orders} == {FORMATION_MANOEUVRE_JOIN}
    assert not convoys.orders(C)


def test_nothing_is_committed_before_all_are_ready() -> None:
    """SUP-014: two phases."""
    convoys = Convoys().stand(A, B)
    convoys.watch()
    assert not sends(convoys.answer(A, READY), FormationOrder)
    assert not sends(convoys.answer(A, READY), FormationOrder)  # heard twice
    orders = sends(convoys.answer(B, READY), FormationOrder)
    assert steps(orders) == [FORMATION_STEP_COMMIT] * 2
    assert convoys.row.members == []
    convoys.all_answer(DONE, A, B)
    assert (convoys.row.phase, convoys.row.members) == (P.FORMED, [A, B])


def test_commit_tells_the_weakest_brake_if_all_have_said_theirs() -> None:
    convoys = Convoys().stand(A, B)
    convoys.watch()
    convoys.answer(A, READY, brake_mmps2=5_000)
    orders = sends(convoys.answer(B, READY, brake_mmps2=3_500), FormationOrder)
    assert {order.brake_mmps2 for order in orders} == {3_500}


def test_third_truck_joins_under_a_number_of_its_own() -> None:
    convoys = Convoys().formed(A, B, C)
    assert [order.epoch for order in convoys.orders(A)] == [1, 1, 2, 2]
    assert convoys.row.members == [A, B, C]


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 7},
        {"convoy_id": "convoy-2"},
        {"answer": DONE},
        {"answer": 0},
    ],
)
def test_answer_to_anything_else_counts_for_nothing(change: dict[str, int]) -> None:
    convoys = Convoys().stand(A, B)
    convoys.watch()
    convoys.answer(A, READY)
    answer = change.pop("answer", READY)
    assert not sends(convoys.answer(B, answer, **change), FormationOrder)  # type: ignore[arg-type]
    assert convoys.row.phase is P.JOINING


def test_answer_of_a_truck_that_was_not_asked_counts_for_nothing() -> None:
    convoys = Convoys().stand(A, B)
    convoys.watch()
    convoys.answer(A, READY)
    reply = FormationReply(convoy_id="convoy-1", epoch=1, answer=READY)
    convoys.formations.on_reply(convoys.now, C, reply)
    assert convoys.row.phase is P.JOINING


@pytest.mark.parametrize("phase", [P.JOINING, P.COUPLING, P.FORMED, P.LEAVING, P.UNCOUPLING])
@pytest.mark.parametrize("truck", [A, B])
def test_refusal_in_any_phase_ends_with_everybody_told_to_drive_alone(
    phase: FormationPhase, truck: str
) -> None:
    """SUP-014."""
    convoys = in_phase(phase)
    orders = sends(convoys.answer(truck, REFUSED, reason="BEACONS_LOST"), FormationOrder)
    assert steps(orders) == [FORMATION_STEP_ABORT] * 2
    assert (convoys.row.phase, convoys.row.members) == (P.SPLIT, [])
    (said,) = convoys.events(Event.FORMATION_ABORTED)
    assert (said["vehicle"], said["reason"].name) == (truck, "BEACONS_LOST")


LIMITS = {
    P.JOINING: FORMATION_APPROACH_MS + FORMATION_COMMIT_MS,
    P.COUPLING: FORMATION_DONE_MS,
    P.LEAVING: FORMATION_OPEN_MS + FORMATION_DONE_MS,
    P.UNCOUPLING: FORMATION_DONE_MS,
}


@pytest.mark.parametrize("phase", LIMITS)
def test_missing_answer_ends_the_change_in_time_and_is_said_whose_it_is(
    phase: FormationPhase,
) -> None:
    """SUP-014."""
    convoys = in_phase(phase)
    answer = READY if phase in (P.JOINING, P.LEAVING) else DONE
    convoys.answer(A, answer)
    convoys.watch(LIMITS[phase] // 1_000 - 1)
    assert convoys.row.phase is phase
    orders = sends(convoys.watch(2), FormationOrder)
    assert steps(orders) == [FORMATION_STEP_ABORT] * 2
    (said,) = convoys.events(Event.FORMATION_ABORTED)
    assert (said["vehicle"], said["reason"].name) == (B, "FORMATION_LATE")


def test_failed_join_is_not_tried_again_on_the_same_stretch() -> None:
    convoys = in_phase(P.JOINING)
    convoys.answer(B, REFUSED, reason="BEACONS_LOST")
    assert not sends(convoys.watch(60), FormationOrder)


# --- splitting, and again ---


def test_formation_is_split_before_the_stretch_ends() -> None:
    """SUP-013: before a place that takes one vehicle at a time."""
    convoys = Convoys().formed(A, B, C).at_end(A, B, C)
    orders = sends(convoys.watch(), FormationOrder)
    assert steps(orders) == [FORMATION_STEP_PREPARE] * 3
    assert {order.manoeuvre for order in orders} == {FORMATION_MANOEUVRE_LEAVE}
    assert [list(order.members) for order in orders] == [[]] * 3
    convoys.carried_out(A, B, C)
    assert (convoys.row.phase, convoys.row.members) == (P.SPLIT, [])
    assert [each["manoeuvre"] for each in convoys.events(Event.FORMATION_COMPLETED)] == [
        "join",
        "join",
        "split",
    ]


def test_convoy_forms_again_on_the_next_stretch() -> None:
    convoys = Convoys().formed(A, B).at_end(A, B)
    convoys.watch()
    convoys.carried_out(A, B)
    convoys.stand(A, B, number=1).watch()
    convoys.carried_out(A, B)
    assert convoys.row.members == [A, B]
    assert convoys.row.epoch == 3


def test_numbers_rise_from_convoy_to_convoy() -> None:
    """SUP-013: a truck never meets a number again, whomever it drives with next."""
    convoys = Convoys().formed(A, B).at_end(A, B)
    convoys.watch()
    convoys.carried_out(A, B)
    for mission in convoys.state.missions.values():
        mission.convoy = "convoy-2"
    convoys.stand(A, B, number=1).watch()
    newest = convoys.orders(B)[-1]
    assert (newest.convoy_id, newest.epoch) == ("convoy-2", 3)


def test_join_that_has_not_come_to_its_end_with_the_stretch_is_called_off() -> None:
    convoys = in_phase(P.JOINING).at_end(A, B)
    assert steps(sends(convoys.watch(), FormationOrder)) == [FORMATION_STEP_ABORT] * 2


def test_no_formation_grants_or_frees_road() -> None:
    convoys = Convoys()
    for truck in TRUCKS:
        convoys.state.zones.allocate("kz_e_road1", convoys.claim(truck))
    before = {zone: list(row.holders) for zone, row in convoys.state.zones.zones.items()}
    convoys.formed(A, B, C).at_end(A, B, C).watch()
    convoys.carried_out(A, B, C)
    after = {zone: list(row.holders) for zone, row in convoys.state.zones.zones.items()}
    assert after == before


# --- restarts of the supervisor ---


@pytest.mark.parametrize("phase", [P.JOINING, P.COUPLING, P.LEAVING, P.UNCOUPLING])
def test_change_under_way_is_called_off_after_a_restart(phase: FormationPhase) -> None:
    """SUP-014."""
    convoys = in_phase(phase)
    convoys.restart()
    orders = sends(convoys.watch(), FormationOrder)
    assert steps(orders)[:2] == [FORMATION_STEP_ABORT] * 2
    assert convoys.row.members == []


def test_formation_in_force_outlives_a_restart() -> None:
    convoys = Convoys().formed(A, B, C)
    epoch = convoys.row.epoch
    convoys.restart()
    assert not sends(convoys.watch(), FormationOrder)
    convoys.at_end(A, B, C).watch()
    assert convoys.orders(A)[-1].epoch > epoch
