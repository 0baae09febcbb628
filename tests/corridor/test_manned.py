"""A crew drives into its own possession: it holds what it drives in, and frees what it left."""

from typing import Any

import pytest

from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_ENTER_SECTION,
    OPERATOR_VERB_LEAVE_SECTION,
    OPERATOR_VERB_OPEN_SECTION,
    OPERATOR_VERB_PROVE_ZONE,
    OPERATOR_VERB_STOP,
    STOP_SCOPE_SECTION,
    OperatorReply,
    StopOrder,
)
from corridor.interlocking import ZoneState
from tests.corridor.control import Control
from tests.factories import sends

CREW, ROOM = "second-room", "control-room"
UNWIRED, WIRED = "kz_e_fork", "boundary"


def taken(*zones: str, control: Control | None = None, **scope: Any) -> Control:
    control = control or Control().under_way()
    values: dict[str, Any] = {"stop_id": "path", "zones": zones, "taker_id": CREW}
    assert control.command(OPERATOR_VERB_CLOSE_SECTION, **(values | scope)).accepted
    return control


def says(control: Control, verb: Any, *zones: str, by: str = CREW, **more: Any) -> OperatorReply:
    values: dict[str, Any] = {"stop_id": "path", "zones": zones, "direction": DIRECTION_EAST}
    return control.command(verb, by=by, **(values | more))


def enters(control: Control, *zones: str, **more: Any) -> OperatorReply:
    return says(control, OPERATOR_VERB_ENTER_SECTION, *zones, **more)


def test_manned_vehicle_holds_what_it_drives_in_over_a_restart() -> None:
    """SUP-042: and its possession is not given back meanwhile."""
    control = taken(UNWIRED, WIRED)
    assert enters(control, UNWIRED, WIRED).accepted
    control.start()
    control.accounted()
    assert control.agent.state.zones.held_by(CREW) == (WIRED, UNWIRED)
    assert control.zone(UNWIRED) is ZoneState.OCCUPIED
    refused = says(control, OPERATOR_VERB_OPEN_SECTION)
    assert (refused.accepted, refused.reason) == (False, "ZONE_OCCUPIED")


def test_zone_that_it_has_left_is_free_by_word_and_counter_or_proof() -> None:
    """SUP-042, I22: by word alone only where there is no counter."""
    control = taken(UNWIRED, WIRED)
    enters(control, UNWIRED, WIRED)
    assert says(control, OPERATOR_VERB_LEAVE_SECTION, UNWIRED, WIRED).accepted
    assert control.zone(UNWIRED) is ZoneState.FREE
    assert control.zone(WIRED) is ZoneState.CLEARING
    assert says(control, OPERATOR_VERB_PROVE_ZONE, target=WIRED).accepted
    assert control.zone(WIRED) is ZoneState.FREE
    assert says(control, OPERATOR_VERB_OPEN_SECTION).accepted


def test_counter_that_sees_a_manned_vehicle_leave_has_counted_nobody_too_many() -> None:
    """SUP-042: without its hold the zone would be in doubt."""
    control = taken(WIRED)
    enters(control, WIRED)
    spot = next(d.id for d in control.map.detectors.values() if d.zone_before == WIRED)
    says(control, OPERATOR_VERB_LEAVE_SECTION, WIRED)
    control.counted(spot, 0)
    control.counted(spot, 1)
    assert control.zone(WIRED) is ZoneState.FREE


@pytest.mark.parametrize(
    ("zones", "by", "reason"),
    [
        (("cn_e_fork",), CREW, "SECTION_CLOSED"),
        ((UNWIRED, "no_such_zone"), CREW, "SECTION_CLOSED"),
        ((UNWIRED,), ROOM, "SECTION_CLOSED"),
        ((), CREW, "MALFORMED"),
    ],
    ids=["not its section", "no zone", "not the taker", "nothing"],
)
def test_nobody_drives_where_no_possession_of_theirs_is(
    zones: tuple[str, ...], by: str, reason: str
) -> None:
    """SUP-042: nor into part of it."""
    control = taken(UNWIRED, WIRED)
    reply = enters(control, *zones, by=by)
    assert (reply.accepted, reply.reason) == (False, reason)
    assert control.agent.state.zones.held_by(by) == ()


def test_nobody_drives_in_before_the_section_is_clear() -> None:
    """SUP-042: a truck in it may still move."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    taken(berth, UNWIRED, control=control)
    reply = enters(control, UNWIRED)
    assert (reply.accepted, reply.reason) == (False, "ZONE_OCCUPIED")
    assert control.agent.state.zones.held_by(CREW) == ()


def test_crew_enters_none_of_its_zones_if_one_may_not_be_shared() -> None:
    """SUP-042: a berth with a truck that stays is for one vehicle."""
    control = Control().under_way()
    berth = control.route().zone_spans[0][0]
    taken(UNWIRED, berth, control=control, target="truck-01")
    control.wake()
    assert not enters(control, UNWIRED, berth).accepted
    assert control.agent.state.zones.held_by(CREW) == ()
    assert enters(control, UNWIRED).accepted


def test_stop_of_a_section_is_sent_to_no_person_in_it() -> None:
    """SUP-028: they drive by sight."""
    control = taken(UNWIRED)
    enters(control, UNWIRED)
    values = {"scope": STOP_SCOPE_SECTION, "zones": [UNWIRED]}
    assert control.command(OPERATOR_VERB_STOP, **values).accepted
    assert not sends(control.said, StopOrder, to=CREW)


@pytest.mark.parametrize("zones", [(), ("no_such_zone",)])
def test_word_of_leaving_no_road_is_refused(zones: tuple[str, ...]) -> None:
    """I21."""
    assert says(taken(UNWIRED), OPERATOR_VERB_LEAVE_SECTION, *zones).reason == "MALFORMED"


@pytest.mark.parametrize(("direction", "first"), [(DIRECTION_EAST, False), (DIRECTION_WEST, True)])
def test_vehicle_that_comes_against_the_direction_of_who_stays_is_counted_first(
    direction: Any, first: bool
) -> None:
    """SUP-042: it stands before the truck, and leaves before it."""
    control = Control(map_name="bakhty_pokitu").under_way()
    state = control.agent.state
    zone = next(zone for zone in state.zones.held_by("truck-01") if state.zones.rules[zone].shared)
    taken(zone, control=control, target="truck-01")
    control.wake()
    assert enters(control, zone, direction=direction).accepted
    order = ("truck-01", CREW)
    assert state.zones.holders(zone) == (order[::-1] if first else order)
    state.zones.counted(zone, "")
    row = state.zones.zones[zone]
    assert [each.vehicle for each in row.holders if each.counted] == [row.holders[0].vehicle]
