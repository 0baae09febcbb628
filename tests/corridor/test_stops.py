"""Stops with a scope: whoever comes into it later is stopped too; two persons end it."""

from typing import Any

import pytest

from contract.v1.movement_pb2 import (
    OPERATOR_VERB_RESUME,
    OPERATOR_VERB_SITE_SAFE,
    OPERATOR_VERB_STOP,
    STOP_SCOPE_ALL,
    STOP_SCOPE_CONVOY,
    STOP_SCOPE_SECTION,
    STOP_SCOPE_SIDE,
    STOP_SCOPE_VEHICLE,
    StopLifted,
    StopOrder,
)
from tests.corridor.control import Control
from tests.factories import TRUCKS, sends


def stopped(control: Control) -> list[str]:
    return [truck for truck in TRUCKS if sends(control.said, StopOrder, to=truck)]


def lifted(control: Control) -> list[str]:
    return [truck for truck in TRUCKS if sends(control.said, StopLifted, to=truck)]


@pytest.mark.parametrize("restart", [False, True])
def test_stop_of_a_section_finds_whoever_holds_a_zone_of_it(restart: bool) -> None:
    """SUP-028: truck-01 stands in its berth; truck-02 is elsewhere."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    reply = control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_SECTION, zones=[berth])
    assert reply.accepted
    assert stopped(control) == ["truck-01"]
    if restart:
        control.start()
        control.accounted()
    control.wake()
    assert stopped(control) == ["truck-01"]


def test_nobody_is_given_a_zone_of_a_stopped_section() -> None:
    """SUP-028."""
    control = Control().under_way()
    section = "kz_e_pass"
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_SECTION, zones=[section])
    assert stopped(control) == []
    control.scanned("kz_weigh_e")
    control.drives_to(10_000.0)
    assert section not in control.agent.state.zones.held_by("truck-01")
    wait = control.agent.state.waits["truck-01"]
    assert (wait.reason.name, wait.resource, wait.holder) == (
        "STOP_IN_FORCE",
        "stop-1",
        "control-room",
    )


@pytest.mark.parametrize("restart", [False, True])
def test_truck_that_joins_a_stopped_convoy_later_is_stopped_too(restart: bool) -> None:
    """SUP-028."""
    control = Control().under_way("truck-01")
    convoy = control.order("truck-01").convoy_id
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_CONVOY, target=convoy)
    assert stopped(control) == ["truck-01"]
    control.cleared("truck-02")
    control.accept("truck-02")
    if restart:
        control.start()
        control.accounted()
    mission = control.agent.state.missions[control.order("truck-02").mission_id]
    mission.convoy = convoy
    control.wake()
    assert stopped(control) == ["truck-01", "truck-02"]
    assert [each.stop_id for each in sends(control.said, StopOrder, to="truck-02")] == ["stop-1"]


def test_truck_that_comes_to_a_stopped_side_is_stopped_there() -> None:
    """SUP-028: at once, if it had road into it; it gets no more."""
    control = Control().under_way()
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_SIDE, target="CN")
    assert stopped(control) == []
    control.scanned("kz_weigh_e")
    control.drives_to(10_000.0)
    lanes = control.map.lanes
    for zone in control.agent.state.zones.held_by("truck-01"):
        berth = zone == "cn_a01_z"  # reserved before it set off; no road leads there
        assert berth or all(lanes[lane].country != "CN" for lane in control.map.zones[zone].lanes)
    assert control.agent.state.waits["truck-01"].reason.name == "STOP_IN_FORCE"


@pytest.mark.parametrize("site_first", [False, True])
@pytest.mark.parametrize("restart", [False, True])
def test_stop_ends_by_its_issuer_and_by_another_who_says_that_the_site_is_safe(
    site_first: bool, restart: bool
) -> None:
    """SUP-028: in either order, and neither is enough."""
    control = Control().under_way()
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL)
    words: list[tuple[Any, str]] = [
        (OPERATOR_VERB_RESUME, "control-room"),
        (OPERATOR_VERB_SITE_SAFE, "second-room"),
    ]
    first, second = reversed(words) if site_first else words
    reply = control.command(first[0], by=first[1], stop_id="stop-1")
    assert (reply.accepted, reply.reason) == (True, "RELEASED_HALF")
    assert not lifted(control)
    if restart:
        control.start()
    reply = control.command(second[0], by=second[1], stop_id="stop-1")
    assert (reply.accepted, reply.reason) == (True, "")
    assert lifted(control) == list(TRUCKS)


def test_issuer_of_a_stop_cannot_say_for_itself_that_the_site_is_safe() -> None:
    """SUP-028."""
    control = Control().under_way()
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL)
    control.command(OPERATOR_VERB_RESUME, stop_id="stop-1")
    reply = control.command(OPERATOR_VERB_SITE_SAFE, stop_id="stop-1")
    assert (reply.accepted, reply.reason) == (False, "SITE_NOT_SAFE")
    assert not lifted(control)
    assert not control.command(OPERATOR_VERB_SITE_SAFE, by="second-room", stop_id="x").accepted


@pytest.mark.parametrize("order", [("stop-1", "stop-2"), ("stop-2", "stop-1")])
def test_overlapping_stops_end_each_for_itself_in_any_order(order: tuple[str, str]) -> None:
    """SUP-028: a truck under two goes on when the second is over."""
    control = Control().under_way()
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL)
    control.command(
        OPERATOR_VERB_STOP, by="second-room", scope=STOP_SCOPE_VEHICLE, target="truck-01"
    )
    issuers = {"stop-1": "control-room", "stop-2": "second-room"}
    for k, stop_id in enumerate(order):
        assert control.agent.state.stops
        issuer = issuers[stop_id]
        (other,) = set(issuers.values()) - {issuer}
        control.command(OPERATOR_VERB_SITE_SAFE, by=other, stop_id=stop_id)
        control.command(OPERATOR_VERB_RESUME, by=issuer, stop_id=stop_id)
        assert len(sends(control.said, StopLifted, to="truck-01")) == k + 1
    assert not control.agent.state.stops
