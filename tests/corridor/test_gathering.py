"""Gathering: the first of a convoy waits for the others on the road, and for a limited time."""

from contract.v1.movement_pb2 import FORMATION_ANSWER_REFUSED, FormationOrder
from corridor.formation_phases import FormationPhase as P
from corridor.gathering import GRACE_MS
from tests.corridor.convoys import Convoys, in_phase
from tests.factories import TRUCKS, sends

A, B, C = TRUCKS
REFUSED = FORMATION_ANSWER_REFUSED


def zone_held(convoys: Convoys, number: int = 0) -> bool:
    leader = convoys.mission(A)
    return convoys.gathering.holds_back(leader, convoys.stretch(A, number).gather)


def test_convoy_is_held_where_it_gathers_until_all_have_joined() -> None:
    """SUP-015."""
    convoys = Convoys()
    assert zone_held(convoys)
    convoys.formed(A, B)
    assert zone_held(convoys)
    convoys.stand(A, B, C)
    convoys.watch()
    convoys.carried_out(A, B, C)
    convoys.watch()
    assert not zone_held(convoys)
    assert set(convoys.state.dirty) == set(convoys.state.missions)


def test_nobody_waits_longer_than_the_limit_for_the_others() -> None:
    """SUP-015."""
    convoys = Convoys().stand(A)
    convoys.watch(30)
    assert zone_held(convoys)
    convoys.watch(60)
    assert not zone_held(convoys)


def test_nobody_waits_for_whoever_cannot_come_in_time() -> None:
    """SUP-015."""
    convoys = Convoys(gather_ms=10_000).stand(A)
    convoys.watch()
    assert not zone_held(convoys)


def test_wait_goes_on_a_little_for_a_join_under_way_and_not_without_end() -> None:
    """SUP-015."""
    convoys = Convoys(gather_ms=5_000).stand(A, B)
    convoys.watch()
    convoys.watch((5_000 + GRACE_MS) // 1_000 - 2)
    assert zone_held(convoys)
    convoys.watch(3)
    assert not zone_held(convoys)


def test_failed_join_holds_nobody_back() -> None:
    """SUP-015: a formation never blocks a crossing."""
    convoys = in_phase(P.JOINING)
    convoys.answer(B, REFUSED, reason="BEACONS_LOST")
    assert not zone_held(convoys)


def test_convoy_that_is_not_to_wait_or_is_alone_is_held_nowhere() -> None:
    assert not zone_held(Convoys(gather_ms=0))
    assert not zone_held(Convoys(trucks=(A,)))


def test_convoy_whose_first_has_gone_on_is_not_held() -> None:
    convoys = Convoys()
    convoys.mission(A).next_span = 5
    assert not zone_held(convoys)


def test_truck_that_is_silent_far_behind_or_still_in_the_yard_is_not_in_line() -> None:
    for change in ("silent", "far", "yard"):
        convoys = Convoys().stand(A, B)
        heard = convoys.state.heard[B]
        if change == "silent":
            heard.silent = True
        elif change == "far":
            heard.front_m -= 40.0
        else:
            heard.front_m = convoys.stretch(B).start_m + 10.0
        assert not sends(convoys.watch(), FormationOrder), change
