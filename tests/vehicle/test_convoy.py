"""One truck's convoy manoeuvres: closes up, says so itself, follows by commit alone, falls back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.agent import Refused
from contract.events import Event
from contract.limits import (
    BEACONS_LOST_MS,
    FORMATION_APPROACH_MS,
    FORMATION_COMMIT_MS,
    FORMATION_DONE_MS,
    FORMATION_OPEN_MS,
    FORMATION_WATCH_MS,
    MEMBER_HEADWAY_S,
    RADAR_HEADWAY_S,
)
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    FORMATION_ANSWER_DONE,
    FORMATION_ANSWER_READY,
    FORMATION_ANSWER_REFUSED,
    FORMATION_MANOEUVRE_UNSPECIFIED,
    FORMATION_STEP_ABORT,
    FORMATION_STEP_COMMIT,
    FORMATION_STEP_PREPARE,
    FormationReply,
)
from tests.factories import reports, sends
from tests.vehicle.member import (
    AHEAD,
    ALL,
    BEHIND,
    BOTH,
    DRIVING,
    JOIN,
    LEAVE,
    ME,
    WIDE,
    Member,
    a_member,
    a_reading,
    answers,
)
from vehicle.convoy_phases import ConvoyPhase

P = ConvoyPhase


@pytest.mark.parametrize("phase", P)
def test_truck_can_be_told_to_drive_alone_in_every_phase(phase: ConvoyPhase) -> None:
    """VEH-015."""
    member = a_member(phase)
    member.abort()
    member.wait(FORMATION_OPEN_MS + 1_000, **DRIVING)
    assert member.phase is P.SOLO


# --- joining ---


def test_truck_boots_alone_by_radar() -> None:
    manner = Member().convoy.manner
    assert (manner.predecessor, manner.member, manner.headway_s) == ("", False, RADAR_HEADWAY_S)
    assert Member().convoy.wake_ns is None


def test_truck_closes_up_by_radar_and_listens_to_the_one_ahead() -> None:
    """VEH-013: formation before the commit is nothing but listening."""
    member = a_member(P.APPROACHING)
    manner = member.convoy.manner
    assert (manner.predecessor, manner.member, manner.headway_s) == (AHEAD, False, RADAR_HEADWAY_S)
    assert not sends(member.said, FormationReply)


def test_truck_says_that_it_is_ready_only_after_it_has_been_in_position_for_a_second() -> None:
    """VEH-014."""
    member = a_member(P.APPROACHING)
    assert member.wait(800) == []
    (reply,) = member.wait(1_500)
    assert (reply.answer, reply.epoch, reply.brake_mmps2) == (FORMATION_ANSWER_READY, 1, 4_000)
    assert member.phase is P.IN_POSITION


@pytest.mark.parametrize(
    "wrong",
    [
        {"gap_m": 7.5},
        {"gap_m": 2.5},
        {"closing_mps": 0.8},
        {"closing_mps": -0.8},
        {"beacon_age_s": 0.3},
        {"speed_mps": 10.0},  # a gap that is right for standing
    ],
)
def test_truck_out_of_position_is_not_ready(wrong: dict[str, float]) -> None:
    """VEH-014."""
    member = a_member(P.APPROACHING)
    assert member.wait(20_000, **wrong) == []
    assert member.phase is P.APPROACHING


def test_a_position_that_is_lost_in_between_is_held_anew() -> None:
    member = a_member(P.APPROACHING)
    for _ in range(5):
        assert member.wait(1_000) == []
        assert member.wait(500, gap_m=9.0) == []


def test_committed_truck_follows_by_beacons_at_one_second() -> None:
    member = a_member(P.IN_POSITION)
    (reply,) = member.commit()
    assert reply.answer == FORMATION_ANSWER_DONE
    manner = member.convoy.manner
    assert (manner.predecessor, manner.member, manner.headway_s) == (AHEAD, True, MEMBER_HEADWAY_S)
    assert member.convoy.formation.members == BOTH
    (said,) = reports(member.said, Event.FORMATION_JOINED)
    assert (said["epoch"], said["predecessor"]) == (1, AHEAD)


def test_commit_heard_twice_has_the_same_answer_and_no_second_effect() -> None:
    member = a_member(P.MEMBER)
    assert answers(member.commit()) == [FORMATION_ANSWER_DONE]
    assert len(reports(member.said, Event.FORMATION_JOINED)) == 1


@pytest.mark.parametrize("epoch", [0, 2, 7])
def test_commit_of_anything_but_what_was_prepared_is_refused(epoch: int) -> None:
    """VEH-013."""
    member = a_member(P.IN_POSITION)
    (reply,) = member.commit(epoch=epoch)
    assert (reply.answer, reply.reason) == (FORMATION_ANSWER_REFUSED, "FORMATION_STALE")
    assert member.phase is P.IN_POSITION


@pytest.mark.parametrize("phase", [P.APPROACHING, P.OPENING])
def test_commit_before_the_truck_is_ready_is_refused_and_ends_the_change(
    phase: ConvoyPhase,
) -> None:
    """VEH-014."""
    member = a_member(phase)
    (reply,) = member.commit()
    assert (reply.answer, reply.reason) == (FORMATION_ANSWER_REFUSED, "NOT_IN_POSITION")
    assert member.phase is P.ABORTED


def test_commit_is_refused_by_a_truck_that_is_not_in_position_any_more() -> None:
    """VEH-014: geometry is verified by the member itself."""
    member = a_member(P.IN_POSITION)
    member.seen = a_reading(gap_m=20.0)
    assert [reply.reason for reply in member.commit()] == ["NOT_IN_POSITION"]
    assert member.phase is P.ABORTED


def test_leader_is_ready_at_once_and_drives_on_by_radar() -> None:
    member = Member()
    assert answers(member.prepare(JOIN, (ME, BEHIND))) == [FORMATION_ANSWER_READY]
    member.commit(JOIN, (ME, BEHIND), brake_mmps2=3_500)
    assert member.phase is P.LEADING
    manner = member.convoy.manner
    assert (manner.predecessor, manner.member, manner.headway_s) == ("", False, RADAR_HEADWAY_S)
    assert manner.brake_mps2 == 3.5  # it brakes no harder than its weakest can


def test_member_keeps_its_place_while_one_more_joins_behind() -> None:
    member = a_member(P.MEMBER)
    assert answers(member.prepare(JOIN, ALL)) == [FORMATION_ANSWER_READY]
    assert member.convoy.manner.member
    member.commit(JOIN, ALL)
    assert member.phase is P.MEMBER
    assert member.convoy.formation.members == ALL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"convoy_id": ""}, "MALFORMED"),
        ({"epoch": 0}, "MALFORMED"),
        ({"manoeuvre": FORMATION_MANOEUVRE_UNSPECIFIED}, "MALFORMED"),
        ({"members": (AHEAD, BEHIND)}, "MALFORMED"),
        ({"members": (ME,)}, "MALFORMED"),
        ({"members": (ME, ME)}, "MALFORMED"),
        ({"members": ("a", "b", "c", ME)}, "MALFORMED"),
        ({"barred": Refused(Reason.STOPPED_BY_ORDER)}, "STOPPED_BY_ORDER"),
        ({"barred": Refused(Reason.NO_MISSION)}, "NO_MISSION"),
    ],
)
def test_order_that_cannot_be_is_refused_with_its_reason(
    change: dict[str, Any], reason: str
) -> None:
    """I21."""
    member = Member()
    (reply,) = member.prepare(**change)
    assert (reply.answer, reply.reason) == (FORMATION_ANSWER_REFUSED, reason)
    assert member.phase is P.SOLO


def test_change_with_a_number_that_was_seen_before_is_refused() -> None:
    member = a_member(P.MEMBER)
    member.abort()
    (reply,) = member.prepare(epoch=1)
    assert reply.reason == "FORMATION_STALE"


@pytest.mark.parametrize("phase", [P.LEADING, P.MEMBER, P.KEEPING, P.OPENING, P.ABORTED])
def test_truck_under_another_manoeuvre_closes_up_to_nobody(phase: ConvoyPhase) -> None:
    member = a_member(phase)
    (reply,) = member.prepare(JOIN, ("truck-09", ME))
    assert reply.reason == "FORMATION_BUSY"
    assert member.phase is phase


# --- leaving ---


def test_member_opens_its_gap_first_and_then_drives_by_radar() -> None:
    member = a_member(P.OPENING)
    manner = member.convoy.manner
    assert (manner.predecessor, manner.member, manner.headway_s) == (AHEAD, True, RADAR_HEADWAY_S)
    assert member.wait(5_000, **DRIVING) == []
    assert answers(member.wait(1_000, **WIDE)) == [FORMATION_ANSWER_READY]
    assert answers(member.commit(LEAVE, ())) == [FORMATION_ANSWER_DONE]
    assert member.phase is P.SOLO
    assert not member.convoy.manner.member


def test_standing_member_has_nothing_to_open() -> None:
    member = a_member(P.MEMBER)
    member.prepare(LEAVE, ())
    assert answers(member.wait(1_000)) == [FORMATION_ANSWER_READY]


def test_second_leads_the_rest_after_it_has_opened_its_gap_to_the_lost_leader() -> None:
    member = a_member(P.MEMBER)
    member.prepare(JOIN, ALL)
    member.commit(JOIN, ALL)
    member.seen = a_reading(**DRIVING)
    assert member.prepare(LEAVE, (ME, BEHIND)) == []
    member.wait(1_000, **WIDE)
    member.commit(LEAVE, (ME, BEHIND))
    assert member.phase is P.LEADING
    assert not member.convoy.manner.member


def test_truck_that_drives_alone_already_is_ready_to_leave() -> None:
    assert answers(Member().prepare(LEAVE, ())) == [FORMATION_ANSWER_READY]


def test_truck_is_no_member_of_a_formation_it_does_not_follow_in() -> None:
    (reply,) = Member().prepare(LEAVE, BOTH)
    assert reply.reason == "NOT_IN_POSITION"


# --- what ends a change by itself ---

TIMES = {
    P.APPROACHING: (FORMATION_APPROACH_MS, {"gap_m": 60.0}),
    P.IN_POSITION: (FORMATION_COMMIT_MS, {}),
    P.KEEPING: (FORMATION_APPROACH_MS + FORMATION_COMMIT_MS, {}),
    P.OPENING: (FORMATION_OPEN_MS, DRIVING),
    P.OPENED: (FORMATION_OPEN_MS + FORMATION_DONE_MS, WIDE),
}


@pytest.mark.parametrize("phase", TIMES)
def test_change_that_nobody_ends_ends_by_itself(phase: ConvoyPhase) -> None:
    """VEH-015."""
    limit_ms, reading = TIMES[phase]
    member = a_member(phase)
    assert member.wait(limit_ms - 1_100, **reading) == []
    (reply,) = member.wait(2_000, **reading)
    assert (reply.answer, reply.reason) == (FORMATION_ANSWER_REFUSED, "FORMATION_LATE")
    assert member.phase in (P.ABORTED, P.SOLO)
    member.wait(FORMATION_OPEN_MS + 1_000, **DRIVING)
    assert member.phase is P.SOLO


@pytest.mark.parametrize("phase", [P.SOLO, P.LEADING, P.MEMBER])
def test_phase_without_a_time_out_needs_none(phase: ConvoyPhase) -> None:
    member = a_member(phase)
    assert member.wait(10 * FORMATION_APPROACH_MS) == []
    assert member.phase is phase


@pytest.mark.parametrize("phase", [P.APPROACHING, P.IN_POSITION, P.MEMBER, P.KEEPING])
def test_predecessor_that_is_not_heard_any_more_is_not_followed(phase: ConvoyPhase) -> None:
    """VEH-015: lost beacons in every state that counts on them."""
    member = a_member(phase)
    (reply,) = member.wait(BEACONS_LOST_MS + 2 * FORMATION_WATCH_MS, beacon_age_s=2.0, gap_m=9.0)
    assert (reply.answer, reply.epoch) == (FORMATION_ANSWER_REFUSED, member.epoch)
    # In position the time-out for the commit is due in the same moment.
    assert reply.reason == ("FORMATION_LATE" if phase is P.IN_POSITION else "BEACONS_LOST")
    assert member.convoy.manner.headway_s == RADAR_HEADWAY_S


@pytest.mark.parametrize("phase", [P.LEADING, P.OPENING, P.OPENED])
def test_beacons_do_not_matter_to_whoever_follows_nobody(phase: ConvoyPhase) -> None:
    member = a_member(phase)
    reading = {**(WIDE if phase is P.OPENED else DRIVING), "beacon_age_s": 9.0}
    assert member.wait(10 * BEACONS_LOST_MS, **reading) == []
    assert member.phase is phase


def test_nobody_leaves_a_formation_on_a_blink() -> None:
    member = a_member(P.MEMBER)
    for _ in range(20):
        assert member.wait(BEACONS_LOST_MS - 1_000, beacon_age_s=0.8) == []
        assert member.wait(600) == []
    assert member.phase is P.MEMBER


def test_member_whose_pilot_is_blind_falls_back() -> None:
    member = a_member(P.MEMBER)
    (reply,) = member.wait(BEACONS_LOST_MS + 1_000, level=3)
    assert reply.reason == "BEACONS_LOST"


@pytest.mark.parametrize("phase", [each for each in P if each not in (P.SOLO, P.ABORTED)])
def test_stopped_truck_is_in_no_formation_and_says_so(phase: ConvoyPhase) -> None:
    """VEH-015."""
    member = a_member(phase)
    (reply,) = member.stop()
    assert (reply.answer, reply.reason) == (FORMATION_ANSWER_REFUSED, "STOPPED_BY_ORDER")
    assert member.phase in (P.ABORTED, P.SOLO)
    assert member.stop() == []  # once


def test_abort_of_an_older_change_does_not_touch_a_newer_formation() -> None:
    member = a_member(P.MEMBER)
    member.prepare(JOIN, ALL)
    member.commit(JOIN, ALL)
    member.abort(epoch=1)
    assert member.phase is P.MEMBER


def test_aborted_truck_opens_its_gap_before_it_leaves_the_beacons() -> None:
    member = a_member(P.ABORTED)
    manner = member.convoy.manner
    assert (manner.member, manner.headway_s) == (True, RADAR_HEADWAY_S)
    member.wait(1_000, **WIDE)
    assert member.phase is P.SOLO


# --- whatever comes, in whatever order ---

ORDERS = st.tuples(
    st.sampled_from([FORMATION_STEP_PREPARE, FORMATION_STEP_COMMIT, FORMATION_STEP_ABORT]),
    st.sampled_from([JOIN, LEAVE]),
    st.sampled_from([(), BOTH, ALL, (ME, BEHIND), (AHEAD, BEHIND), (BEHIND, ME)]),
    st.integers(0, 6),
)
LOOKS = st.fixed_dictionaries(
    {
        "speed_mps": st.sampled_from([0.0, 10.0]),
        "gap_m": st.sampled_from([5.0, 15.0, 25.0, 1e9]),
        "beacon_age_s": st.sampled_from([0.05, 3.0]),
    }
)
STEPS = st.lists(st.one_of(ORDERS, LOOKS, st.just("stop")), max_size=40)


@given(STEPS)
def test_no_sequence_of_orders_and_readings_makes_a_member_without_a_commit(
    steps: list[Any],
) -> None:
    """VEH-013, VEH-014: and none is a bug."""
    member = Member()
    for step in steps:
        done = FORMATION_ANSWER_DONE
        if step == "stop":
            member.stop()
        elif isinstance(step, dict):
            member.wait(1_500, **step)
        else:
            kind, manoeuvre, members, epoch = step
            was = member.convoy.formation
            replies = member.hear(kind, manoeuvre, members, epoch=epoch)
            if member.convoy.formation.epoch > was.epoch:
                assert answers(replies) == [done]
        if member.convoy.manner.headway_s < RADAR_HEADWAY_S:
            formation = member.convoy.formation
            place = formation.members.index(ME)
            assert member.convoy.manner.predecessor == formation.members[place - 1]
