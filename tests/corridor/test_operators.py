"""Operators: a stop reaches all who are meant, outlives restarts, and is its issuer's to lift."""

from typing import Any

import pytest

from contract.v1.movement_pb2 import (
    OPERATOR_VERB_RESUME,
    OPERATOR_VERB_SITE_SAFE,
    OPERATOR_VERB_STOP,
    OPERATOR_VERB_UNSPECIFIED,
    STOP_SCOPE_ALL,
    STOP_SCOPE_CONVOY,
    STOP_SCOPE_SIDE,
    STOP_SCOPE_UNSPECIFIED,
    STOP_SCOPE_VEHICLE,
    StopLifted,
    StopOrder,
)
from tests.corridor.control import Control
from tests.factories import TRUCKS, sends


def test_stop_reaches_every_truck_of_the_roster_even_those_not_heard_yet() -> None:
    """I26: an emergency does not wait for heartbeats."""
    control = Control()
    assert control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL).accepted
    for truck in TRUCKS:
        assert [each.issuer for each in sends(control.said, StopOrder, to=truck)] == [
            "control-room"
        ]


@pytest.mark.parametrize(
    ("scope", "target", "meant"),
    [
        (STOP_SCOPE_VEHICLE, "truck-02", ["truck-02"]),
        (STOP_SCOPE_CONVOY, "convoy-1", ["truck-01"]),
        (STOP_SCOPE_SIDE, "KZ", list(TRUCKS)),
    ],
)
def test_stop_reaches_those_who_are_meant(scope: Any, target: str, meant: list[str]) -> None:
    control = Control().under_way()
    control.command(OPERATOR_VERB_STOP, scope=scope, target=target)
    assert [truck for truck in TRUCKS if sends(control.said, StopOrder, to=truck)] == meant


@pytest.mark.parametrize(
    ("verb", "scope", "target"),
    [
        (OPERATOR_VERB_UNSPECIFIED, STOP_SCOPE_ALL, ""),
        (OPERATOR_VERB_STOP, STOP_SCOPE_UNSPECIFIED, ""),
        (OPERATOR_VERB_STOP, STOP_SCOPE_VEHICLE, ""),
        (OPERATOR_VERB_STOP, STOP_SCOPE_VEHICLE, "kz_out"),
        (OPERATOR_VERB_STOP, STOP_SCOPE_CONVOY, "convoy-9"),
        (OPERATOR_VERB_STOP, STOP_SCOPE_SIDE, "RU"),
        (OPERATOR_VERB_RESUME, STOP_SCOPE_ALL, ""),
    ],
)
def test_command_that_means_nothing_is_answered_with_no(verb: Any, scope: Any, target: str) -> None:
    """I21: and never silently."""
    reply = Control().under_way().command(verb, scope=scope, target=target)
    assert not reply.accepted
    assert reply.reason == "MALFORMED"


def test_stopped_truck_is_granted_nothing() -> None:
    """I26: not even after a restart of the supervisor."""
    control = Control().under_way()
    control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_VEHICLE, target="truck-01")
    before_m = control.end_m()
    control.scanned("kz_weigh_e")
    control.front_at(before_m - 1.0)
    assert control.end_m() == before_m
    control.start()
    control.accounted()
    control.front_at(before_m - 1.0)
    assert control.end_m() == before_m


@pytest.mark.parametrize("restart", [False, True])
def test_stop_is_lifted_by_its_issuer_alone(restart: bool) -> None:
    """I26."""
    control = Control().under_way()
    stop = control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL)
    if restart:
        control.start()
    refused = control.command(OPERATOR_VERB_RESUME, by="second-room", stop_id=stop.stop_id)
    assert (refused.accepted, refused.reason) == (False, "STOP_IN_FORCE")
    assert not sends(control.said, StopLifted)
    assert control.command(OPERATOR_VERB_SITE_SAFE, by="second-room", stop_id=stop.stop_id).accepted
    assert control.command(OPERATOR_VERB_RESUME, stop_id=stop.stop_id).accepted
    for truck in TRUCKS:
        assert [each.issuer for each in sends(control.said, StopLifted, to=truck)] == [
            "control-room"
        ]
    assert not control.command(OPERATOR_VERB_RESUME, stop_id=stop.stop_id).accepted


def test_stops_are_numbered_anew_after_a_restart_and_never_twice() -> None:
    control = Control().accounted()
    first = control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL)
    control.start()
    second = control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL)
    assert first.stop_id != second.stop_id


def test_truck_that_its_own_guard_stopped_is_released_through_the_supervisor() -> None:
    """VEH-012."""
    control = Control().accounted()
    assert control.command(OPERATOR_VERB_RESUME, stop_id="guard/truck-01").accepted
    (lifted,) = sends(control.said, StopLifted, to="truck-01")
    assert (lifted.stop_id, lifted.issuer) == ("guard/truck-01", "supervisor")
