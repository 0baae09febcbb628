"""Road that is asked back: free once the truck has said yes, protected until then."""

from typing import Any

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_OPEN_SECTION,
    POSITION_CAUSE_BOOTED,
    SHORTENING_COOPERATIVE,
    SHORTENING_EMERGENCY,
    AuthorityReply,
)
from tests.corridor.control import Control
from tests.factories import reports

CLOSED = "kz_e_join"  # not entered by a truck that has been let out of the station


def let_out() -> Control:
    """The truck has road to the exit gate, and stands at the station that has finished with it."""
    control = Control().under_way()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.wake()
    assert CLOSED in control.agent.state.zones.held_by("truck-01")
    return control


def close(control: Control, *zones: str, urgent: bool = False) -> None:
    verb = OPERATOR_VERB_CLOSE_SECTION
    reply = control.command(verb, zones=zones, stop_id="works", urgent=urgent)
    assert reply.accepted


def answer(control: Control, *, accepted: bool, **changes: Any) -> None:
    newest = control.authorities()[-1]
    reason = "" if accepted else Reason.CANNOT_SHORTEN.name
    values = {"mission_id": newest.mission_id, "number": newest.number}
    reply = AuthorityReply(accepted=accepted, reason=reason, **(values | changes))
    control.hear("truck-01", reply)


def held(control: Control) -> tuple[str, ...]:
    return control.agent.state.zones.held_by("truck-01")


def test_truck_that_is_not_in_a_closed_section_yet_is_asked_to_end_before_it() -> None:
    control = let_out()
    end_m, before = control.end_m(), held(control)
    close(control, CLOSED)
    asked = control.authorities()[-1]
    assert asked.shortening == SHORTENING_COOPERATIVE
    assert control.end_m() < end_m
    assert reports(control.said, Event.ROAD_ASKED_BACK)
    assert held(control) == before, "the old end is protected until it has answered"
    answer(control, accepted=True)
    assert CLOSED not in held(control)
    assert set(held(control)) < set(before)
    assert control.zone(CLOSED).value == "free"
    assert "cn_a01_z" in held(control), "its berth stays its own"


def test_truck_is_asked_to_brake_for_a_section_that_is_closed_in_an_emergency() -> None:
    control = let_out()
    close(control, CLOSED, urgent=True)
    assert control.authorities()[-1].shortening == SHORTENING_EMERGENCY


def test_truck_that_cannot_stop_before_it_keeps_its_road() -> None:
    control = let_out()
    before = held(control)
    close(control, CLOSED)
    answer(control, accepted=False)
    assert held(control) == before
    said = len(control.authorities())
    control.wake()
    assert len(control.authorities()) == said, "it is not asked again"


def test_nothing_more_is_given_before_the_answer_and_answers_to_others_do_not_count() -> None:
    control = let_out()
    close(control, CLOSED)
    before, said = held(control), len(control.authorities())
    number = control.authorities()[-1].number
    answer(control, accepted=True, number=number - 1)
    answer(control, accepted=True, mission_id="mission-9")
    control.pass_time(5)
    assert (held(control), len(control.authorities())) == (before, said)


def test_road_that_was_given_back_is_given_again_when_the_section_opens() -> None:
    control = let_out()
    end_m = control.end_m()
    close(control, CLOSED)
    answer(control, accepted=True)
    control.command(OPERATOR_VERB_OPEN_SECTION, stop_id="works")
    control.wake()
    assert control.end_m() == pytest.approx(end_m)
    assert CLOSED in held(control)


def test_truck_in_the_section_is_let_out_of_it_and_not_asked() -> None:
    control = let_out()
    said = len(control.authorities())
    close(control, "kz_e_weigh", CLOSED)
    assert len(control.authorities()) == said


def test_question_outlives_a_restart_of_the_supervisor() -> None:
    control = let_out()
    close(control, CLOSED)
    before, number = held(control), control.authorities()[-1].number
    control.start()
    assert held(control) == before
    answer(control, accepted=True, number=number)
    assert CLOSED not in held(control)


def test_truck_that_has_restarted_has_no_road_and_is_told_the_old_end() -> None:
    """It has forgotten the question: what it holds was never given back."""
    control = let_out()
    end_m, before = control.end_m(), held(control)
    close(control, CLOSED)
    front_m = control.route().at("kz_e_weigh_a", 20.0)
    control.front_at(front_m, cause=POSITION_CAUSE_BOOTED, standing=True, authority_number=0)
    assert set(before) <= set(held(control))
    assert control.end_m() == pytest.approx(end_m)
