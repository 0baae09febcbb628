"""Closed sections and possessions: nobody new in, whoever is in it out, opened by their keeper."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.v1.movement_pb2 import (
    LOAD_CLASS_EMPTY,
    LOAD_CLASS_LOADED,
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_OPEN_SECTION,
    OperatorCommand,
    OperatorReply,
)
from tests.corridor.control import Control
from tests.factories import reports, sends

SECTION = "boundary"


def closed(control: Control, *zones: str, **scope: Any) -> OperatorReply:
    """`zones` are closed under the name works."""
    values: dict[str, Any] = {"stop_id": "works", "zones": zones or (SECTION,)}
    return control.command(OPERATOR_VERB_CLOSE_SECTION, **(values | scope))


def opened(control: Control, by: str = "control-room") -> OperatorReply:
    return control.command(OPERATOR_VERB_OPEN_SECTION, by=by, stop_id="works")


def held(control: Control) -> set[str]:
    return set(control.agent.state.zones.held_by("truck-01"))


def goes_as_far_as_it_may(control: Control) -> None:
    control.scanned("kz_weigh_e")
    control.drives_to(10_000.0)


@pytest.mark.parametrize("restart", [False, True])
def test_nobody_is_let_into_a_closed_section_until_its_issuer_opens_it(restart: bool) -> None:
    """SUP-032."""
    control = Control().under_way()
    assert closed(control).accepted
    if restart:
        control.start()
        control.accounted()
    goes_as_far_as_it_may(control)
    assert SECTION not in held(control)
    wait = control.agent.state.waits["truck-01"]
    assert (wait.reason.name, wait.resource) == ("SECTION_CLOSED", "works")
    assert wait.holder == "control-room: fire"

    refused = opened(control, by="second-room")
    assert (refused.accepted, refused.reason) == (False, "SECTION_CLOSED")
    goes_as_far_as_it_may(control)
    assert SECTION not in held(control)

    assert opened(control).accepted
    goes_as_far_as_it_may(control)
    assert SECTION in held(control)
    assert not opened(control).accepted


def test_whoever_is_in_a_section_when_it_is_closed_is_let_out() -> None:
    """SUP-032."""
    control = Control().under_way()
    before = held(control)
    stands_in, *beyond = [zone for zone, _, _ in control.route().zone_spans][:-1]
    assert closed(control, stands_in, *beyond).accepted
    goes_as_far_as_it_may(control)
    assert set(beyond) & held(control) - before


@pytest.mark.parametrize(
    ("scope", "let_in"),
    [
        ({}, False),
        ({"direction": DIRECTION_EAST}, False),
        ({"direction": DIRECTION_WEST}, True),
        ({"load": LOAD_CLASS_LOADED}, False),
        ({"load": LOAD_CLASS_EMPTY}, True),
        ({"convoy_id": "convoy-1"}, False),
        ({"convoy_id": "convoy-2"}, True),
    ],
)
def test_closure_is_for_those_in_its_scope(scope: dict[str, Any], let_in: bool) -> None:
    """SUP-032: truck-01 goes east, loaded, in convoy-1."""
    control = Control().under_way()
    closed(control, **scope)
    goes_as_far_as_it_may(control)
    assert (SECTION in held(control)) == let_in


def test_possession_is_given_back_with_its_takers_key_alone() -> None:
    """SUP-027: not by whoever ordered it."""
    control = Control().under_way()
    assert closed(control, taker_id="second-room").accepted
    refused = opened(control, by="control-room")
    assert (refused.accepted, refused.reason) == (False, "SECTION_CLOSED")
    control.start()
    assert not opened(control, by="control-room").accepted
    assert opened(control, by="second-room").accepted


def test_taker_is_told_once_when_nobody_is_in_its_section_any_more() -> None:
    """SUP-027: by proof of the interlocking, not by time."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    closed(control, berth, taker_id="second-room")
    control.pass_time(60)
    assert not reports(control.said, Event.SECTION_CLEARED)
    goes_as_far_as_it_may(control)
    control.counted_out()
    control.pass_time(2)
    assert len(reports(control.said, Event.SECTION_CLEARED)) == 1
    (told,) = sends(control.said, OperatorReply, to="second-room")
    assert (told.stop_id, told.clear) == ("works", True)


@pytest.mark.parametrize(
    "scope",
    [
        {"zones": ["no_such_zone"]},
        {"zones": []},
        {"taker_id": "nobody"},
        {"taker_id": "kz_out"},
        {"target": "truck-01"},
        {"target": "kz_out", "taker_id": "second-room"},
    ],
)
def test_closure_that_means_nothing_is_answered_with_no(scope: dict[str, Any]) -> None:
    """I21."""
    values: dict[str, Any] = {"stop_id": "works", "zones": [SECTION]}
    control = Control()
    reply = control.command(OPERATOR_VERB_CLOSE_SECTION, **(values | scope))
    assert (reply.accepted, reply.reason) == (False, "MALFORMED")
    assert not control.disk


def test_closure_said_again_is_the_same_and_its_name_is_its_issuers() -> None:
    control = Control()
    assert closed(control).accepted
    assert closed(control).accepted
    assert not closed(control, by="second-room").accepted
    assert len(reports(control.said, Event.SECTION_CLOSED)) == 1
    unnamed = control.command(OPERATOR_VERB_CLOSE_SECTION, zones=[SECTION])
    assert (unnamed.stop_id, unnamed.accepted) == ("closure-1", True)


def test_truck_that_stays_in_a_possession_is_given_nothing_until_it_is_given_back() -> None:
    """SUP-039: not even what lies beyond the section, and not after a restart."""
    control = Control().under_way()
    before = held(control)
    berth = control.route().zone_spans[0][0]
    assert closed(control, berth, taker_id="second-room", target="truck-01").accepted
    control.start()
    control.accounted()
    goes_as_far_as_it_may(control)
    assert held(control) <= before
    assert control.agent.state.waits["truck-01"].reason.name == "SECTION_CLOSED"
    assert opened(control, by="second-room").accepted
    goes_as_far_as_it_may(control)
    assert held(control) - before


@pytest.mark.parametrize(("standing", "clear"), [(True, True), (False, False)])
def test_possession_is_clear_once_nobody_moves_in_it_but_who_stays_and_stands(
    standing: bool, clear: bool
) -> None:
    """SUP-039."""
    control = Control().under_way()
    control.front_at(30.0, standing=standing)
    berth = control.route().zone_spans[0][0]
    closed(control, berth, taker_id="second-room", target="truck-01")
    assert bool(reports(control.said, Event.SECTION_CLEARED)) == clear


def test_possession_that_does_not_name_who_is_in_it_is_not_clear() -> None:
    """SUP-039: a truck that is let out may still move."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    closed(control, berth, taker_id="second-room", target="truck-02")
    control.pass_time(60)
    assert not reports(control.said, Event.SECTION_CLEARED)


def test_possession_said_again_says_again_that_it_is_clear() -> None:
    """SUP-039: the first word may have been lost with a boot of either side."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    first = closed(control, berth, taker_id="second-room", target="truck-01")
    assert not first.clear
    control.start()
    control.accounted()
    command = OperatorCommand(
        verb=OPERATOR_VERB_CLOSE_SECTION,
        stop_id="works",
        zones=[berth],
        taker_id="second-room",
        target="truck-01",
    )
    (again,) = sends(control.hear("control-room", command), OperatorReply, to="control-room")
    assert (again.accepted, again.clear) == (True, True)


def test_truck_found_standing_in_a_possession_later_stays_too_and_none_is_let_go() -> None:
    """SUP-039: said again by its issuer with another name; written down."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    closed(control, berth, taker_id="second-room", target="truck-02")
    control.pass_time(2)
    assert not reports(control.said, Event.SECTION_CLEARED)
    assert not closed(control, berth, by="second-room", taker_id="second-room").accepted
    assert closed(control, berth, taker_id="second-room", target="truck-01").accepted
    assert reports(control.said, Event.SECTION_CLEARED)
    control.start()
    (closure,) = control.agent._people.closures._closed.values()
    assert closure.stays == ["truck-02", "truck-01"]


def test_truck_that_stays_is_told_no_authority_until_the_possession_is_over() -> None:
    """SUP-039: one that has started meanwhile has none, and somebody may stand before it."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    closed(control, berth, taker_id="second-room", target="truck-01")
    before = len(control.authorities())
    control.parked(mission_id=control.order().mission_id, mission_version=1, authority_number=0)
    assert len(control.authorities()) == before
    assert opened(control, by="second-room").accepted
    assert len(control.authorities()) > before
