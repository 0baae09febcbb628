"""A crew switches a dead truck off: what lies ahead of it is nobody's again, no more."""

from typing import Any

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_SWITCHED_OFF,
    OperatorReply,
)
from corridor.interlocking import Claim, ZoneState
from tests.corridor.control import Control
from tests.factories import reports
from tests.personnel import given_back, taken

CREW = "control-room"
TRUCK = "truck-01"


def in_possession(
    *, lock: bool = True, silent: bool = True, stays: str = TRUCK, on: str = "smoke"
) -> Control:
    """truck-01 stands at its berth with road ahead, in a possession of the crew."""
    control = Control(map_name=on).under_way()
    berth = control.route().zone_spans[0][0]
    values: dict[str, Any] = {"stop_id": "rescue", "zones": [berth], "taker_id": CREW}
    control.command(OPERATOR_VERB_CLOSE_SECTION, by="second-room", target=stays, **values)
    control.wake()
    if lock:
        control.hear(CREW, taken())
    if silent:
        control.wake(60_000.0)
    return control


def switched_off(control: Control, by: str = CREW, **changes: Any) -> OperatorReply:
    berth = control.route().zone_spans[0][0]
    values: dict[str, Any] = {"target": TRUCK, "zones": [berth]}
    return control.command(OPERATOR_VERB_SWITCHED_OFF, by=by, **(values | changes))


def held(control: Control) -> set[str]:
    return set(control.agent.state.zones.held_by(TRUCK))


def test_road_ahead_of_a_truck_that_is_switched_off_is_taken_back() -> None:
    """SUP-041: over a restart too; its berths stay its own."""
    control = in_possession()
    spans = [zone for zone, _, _ in control.route().zone_spans]
    ahead = held(control) - {spans[0], spans[-1]}
    assert ahead
    assert switched_off(control).accepted
    assert held(control) == {spans[0], spans[-1]}
    assert all(control.zone(zone) is ZoneState.FREE for zone in ahead)
    (said,) = reports(control.said, Event.ROAD_TAKEN_BACK)
    assert set(said["zones"].split()) >= ahead
    control.start()
    assert held(control) == {spans[0], spans[-1]}
    mission = next(iter(control.agent.state.missions.values()))
    assert mission.next_span == 1
    assert mission.end_m < control.route().zone_spans[0][2]


@pytest.mark.parametrize(
    ("state", "by", "reason"),
    [
        ({"lock": False}, CREW, "PERSON_AT_TRUCK"),
        ({"silent": False}, CREW, "STILL_HEARD"),
        ({"stays": "truck-02"}, CREW, "SECTION_CLOSED"),
        ({}, "second-room", "SECTION_CLOSED"),
    ],
    ids=["no lock", "still heard", "not in the possession", "another's possession"],
)
def test_word_that_a_truck_is_off_counts_only_from_its_crew(
    state: dict[str, Any], by: str, reason: str
) -> None:
    """SUP-041: each condition alone keeps the road locked."""
    control = in_possession(**state)
    before = held(control)
    reply = switched_off(control, by=by)
    assert (reply.accepted, reply.reason) == (False, reason)
    assert held(control) == before


def test_lock_that_was_given_back_does_not_count() -> None:
    """SUP-041."""
    control = in_possession()
    control.hear(CREW, given_back())
    assert switched_off(control).reason == "PERSON_AT_TRUCK"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"zones": []}, "MALFORMED"),
        ({"zones": ["no_such_zone"]}, "MALFORMED"),
        ({"target": "truck-09"}, "MALFORMED"),
        ({"zones": ["kz_w_road1"]}, "MALFORMED"),
    ],
)
def test_word_about_no_truck_or_no_road_is_refused(changes: dict[str, Any], reason: str) -> None:
    """I21."""
    control = in_possession()
    before = held(control)
    assert switched_off(control, **changes).reason == reason
    assert held(control) == before


def test_zone_that_the_crew_sees_it_in_stays_locked_though_it_never_said_so() -> None:
    """SUP-041: its last word may be older than its last metre."""
    control = in_possession()
    spans = [zone for zone, _, _ in control.route().zone_spans]
    assert switched_off(control, zones=spans[:2]).accepted
    assert held(control) == {*spans[:2], spans[-1]}
    assert control.zone(spans[1]) is ZoneState.OCCUPIED


def test_road_that_a_truck_behind_it_holds_too_is_left_with_both() -> None:
    """SUP-041: given to the one behind alone, each would wait for the other for ever."""
    control = in_possession(on="bakhty_pokitu")
    zones, spans = control.agent.state.zones, [zone for zone, _, _ in control.route().zone_spans]
    claim = Claim("truck-02", "convoy-1", "E", 40_000, before=(TRUCK,))
    shared = next(zone for zone in spans[1:] if zones.rules[zone].shared)
    assert shared in held(control)
    assert zones.allocate(shared, claim) is None
    assert switched_off(control).accepted
    assert held(control) == {*spans[: spans.index(shared) + 1], spans[-1]}
    zones.surrender(shared, "truck-02")
    assert switched_off(control).accepted
    assert held(control) == {spans[0], spans[-1]}


@pytest.mark.parametrize("restarts", [1, 2])
def test_truck_that_died_while_nobody_listened_is_silent_all_the_same(restarts: int) -> None:
    """SUP-045, SUP-039: it has not said a word since our start; its wait has a reason, and a
    possession in which it stays becomes clear.
    """
    control = Control().under_way()
    for _ in range(restarts):
        control.start()
    control.wake()
    control.wake(30_000.0)
    assert not reports(control.said, Event.VEHICLE_FELL_SILENT)
    control.wake(6_000.0)
    (said,) = reports(control.said, Event.VEHICLE_FELL_SILENT)
    assert said["vehicle"] == TRUCK
    assert control.agent.state.waits[TRUCK].reason is Reason.VEHICLE_SILENT
    berth = control.route().zone_spans[0][0]
    values: dict[str, Any] = {"stop_id": "rescue", "zones": [berth], "taker_id": CREW}
    control.command(OPERATOR_VERB_CLOSE_SECTION, by="second-room", target=TRUCK, **values)
    control.wake()
    assert reports(control.said, Event.SECTION_CLEARED)
