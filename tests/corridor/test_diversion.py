"""A truck that customs keeps: its bay and the way to it first, another if that one closes."""

from collections.abc import Sequence
from typing import Any

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    CONTROL_KIND_PHYTOSANITARY,
    CONTROL_KIND_XRAY,
    SCAN_VERDICT_ADVERSE,
    ControlKind,
    ControlOrder,
    Hold,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_KZ
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_PLACE,
    OPERATOR_VERB_OPEN_PLACE,
    MissionOrder,
)
from corridor.interlocking import Claim
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_agent import waits
from tests.factories import TRUCKS, reports, sends

A, B, C = TRUCKS
BAYS = ("kz_bay_e1", "kz_bay_e2", "kz_bay_e3")
WAY_TO_3 = ("kz_e_fork1", "kz_e_pass1", "kz_e_knot2", "kz_e_pass2", "kz_e_knot3", "kz_e_bay3")


def ordered(
    kind: ControlKind = CONTROL_KIND_PHYSICAL, places: Sequence[str] = BAYS
) -> ControlOrder:
    return ControlOrder(kind=kind, places=places)


def held(control: Control, truck: str = A, *orders: ControlOrder) -> list[Any]:
    hold = Hold(
        office=COUNTRY_KZ,
        crossing_id=CROSSINGS[truck],
        reason="INSPECTION_ORDERED",
        controls=orders or [ordered()],
    )
    return control.decision(hold, "KZ")


def at_weighbridge(control: Control | None = None, *trucks: str) -> Control:
    """A released truck on the long map stands at the weighbridge, which has finished with it."""
    control = (control or Control(map_name="bakhty_pokitu")).under_way(*trucks)
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="MASS_MISMATCH")
    return control


def taken(control: Control, bay: str) -> None:
    """Somebody else has this bay."""
    zone = control.map.bays[bay].zone
    control.agent.state.zones.allocate(zone, Claim("other", "other", "E", 0))


def bay_of(control: Control, truck: str = A) -> str:
    """The bay that the newest order leads to; empty if none."""
    places = [stop.place_id for stop in control.order(truck).stops]
    return next((place for place in places if place in control.map.bays), "")


def held_zones(control: Control, truck: str = A) -> set[str]:
    return set(control.agent.state.zones.held_by(truck))


def test_way_to_the_bay_and_the_bay_are_had_before_the_truck_leaves_the_line() -> None:
    """SUP-023."""
    control = at_weighbridge()
    taken(control, "kz_bay_e1")
    taken(control, "kz_bay_e2")
    held(control)
    assert bay_of(control) == "kz_bay_e3"
    assert {"kz_e_xray", *WAY_TO_3} <= held_zones(control)
    assert reports(control.said, Event.VEHICLE_DIVERTED)[-1]["bay"] == "kz_bay_e3"


@pytest.mark.parametrize("zone", [*WAY_TO_3[1:], "kz_e_xray"])
def test_truck_waits_at_its_line_while_any_zone_of_the_way_is_another_s(zone: str) -> None:
    """SUP-023: nothing is had by halves; freed, it sets off."""
    control = at_weighbridge()
    order = control.order()
    control.agent.state.zones.allocate(zone, Claim(B, "other", "E", 0))
    before = held_zones(control)
    end_m = control.end_m()
    held(control, A, ordered(places=["kz_bay_e3"]))
    assert control.order() == order
    assert (held_zones(control), control.end_m()) == (before, end_m)
    assert waits(control)[-1] in ("ZONE_OCCUPIED", "NO_BAY_FREE")
    control.agent.state.zones.surrender(zone, B)
    control.reaches("kz_weigh_e")
    assert bay_of(control) == "kz_bay_e3"


def test_truck_for_a_bay_has_it_from_its_berth_and_the_way_from_its_last_station() -> None:
    """SUP-023: two trucks are never sent to one bay."""
    control = Control(map_name="bakhty_pokitu").accounted()
    for truck in (A, B):
        control.notice(truck)
        control.loaded(truck)
        control.release("CN", truck)
        held(control, truck, ordered(places=BAYS[:2]))
        control.accept(truck)
    assert (bay_of(control, A), bay_of(control, B)) == ("kz_bay_e1", "kz_bay_e2")
    control.reaches("kz_weigh_e")
    assert not {"kz_e_xray", "kz_e_fork1"} & held_zones(control)
    control.scanned("kz_weigh_e")
    assert {"kz_e_xray", "kz_e_fork1", "kz_e_bay1"} <= held_zones(control)


@pytest.mark.parametrize("zone", ["kz_e_fork1", "kz_e_pass1", "kz_e_knot2"])
def test_truck_for_a_bay_leaves_its_last_station_with_the_whole_way_or_not_at_all(
    zone: str,
) -> None:
    """SUP-023: planned from its berth, it does not stand half-way either."""
    control = Control(map_name="bakhty_pokitu").accounted()
    control.notice()
    control.loaded()
    control.release("CN")
    held(control, A, ordered(places=["kz_bay_e2"]))
    control.accept()
    control.reaches("kz_weigh_e")
    control.agent.state.zones.allocate(zone, Claim(B, "other", "E", 0))
    line_m = control.end_m()
    control.scanned("kz_weigh_e")
    assert control.end_m() == line_m
    way = {"kz_e_xray", "kz_e_fork1", "kz_e_pass1", "kz_e_knot2"}
    assert not way & held_zones(control)
    assert waits(control)[-1] == "ZONE_OCCUPIED"
    control.agent.state.zones.surrender(zone, B)
    control.reaches("kz_weigh_e")
    assert way <= held_zones(control)


def test_all_bays_taken_is_said_and_the_truck_stays() -> None:
    control = at_weighbridge()
    for bay in BAYS:
        taken(control, bay)
    held(control)
    assert waits(control)[-1] == "NO_BAY_FREE"
    assert not bay_of(control)


# --- closed places ---


def closes(control: Control, place: str) -> None:
    assert control.command(OPERATOR_VERB_CLOSE_PLACE, target=place).accepted


def test_closed_bay_is_passed_over_without_a_new_signature() -> None:
    """SUP-023: the supervisor picks another of the permitted places."""
    control = at_weighbridge()
    closes(control, "kz_bay_e1")
    held(control)
    assert bay_of(control) == "kz_bay_e2"


def test_bay_that_closes_under_way_is_left_for_another_by_a_new_version() -> None:
    """SUP-023: the reservation of the closed one is given back."""
    control = Control(map_name="bakhty_pokitu").accounted()
    control.notice()
    control.loaded()
    control.release("CN")
    held(control)
    control.accept()
    assert bay_of(control) == "kz_bay_e1"
    version = control.order().version
    closes(control, "kz_bay_e1")
    assert (bay_of(control), control.order().version) == ("kz_bay_e2", version + 1)
    assert "kz_e_bay1" not in held_zones(control)
    assert "kz_e_bay2" in held_zones(control)


def test_bay_that_closes_during_an_inspection_is_left_for_the_next() -> None:
    control = at_weighbridge()
    held(control)
    control.reaches("kz_bay_e1")
    closes(control, "kz_bay_e1")
    assert bay_of(control) == "kz_bay_e2"


@pytest.mark.parametrize("at_berth", [True, False])
def test_no_permitted_place_left_is_said_with_the_office_as_owner(at_berth: bool) -> None:
    """SUP-023."""
    if at_berth:
        control = Control(map_name="bakhty_pokitu").accounted()
        control.notice()
        control.release("CN")
    else:
        control = at_weighbridge()
    for bay in BAYS:
        closes(control, bay)
    held(control)
    control.loaded()
    assert waits(control)[-1] == "NO_PLACE"
    said = reports(control.said, Event.VEHICLE_WAITS)[-1]
    assert (said["holder"], said["reason"].owner.value) == ("office KZ", "office")
    control.command(OPERATOR_VERB_OPEN_PLACE, target="kz_bay_e3")
    assert bay_of(control) == "kz_bay_e3"


def test_closed_place_stays_closed_after_a_restart() -> None:
    control = Control(map_name="bakhty_pokitu")
    closes(control, "kz_bay_e1")
    control.start()
    assert control.agent.state.closed == {"kz_bay_e1": "control-room"}
    control.command(OPERATOR_VERB_OPEN_PLACE, target="kz_bay_e1")
    control.start()
    assert not control.agent.state.closed


def test_place_that_is_on_no_map_cannot_be_closed() -> None:
    control = Control()
    reply = control.command(OPERATOR_VERB_CLOSE_PLACE, target="nowhere")
    assert (reply.accepted, reply.reason) == (False, "MALFORMED")


def test_closed_berth_is_nobody_s_destination_and_closed_station_is_waited_for() -> None:
    control = Control(map_name="bakhty_pokitu")
    closes(control, "cn_b01")
    closes(control, "kz_weigh_e")
    control.under_way()
    assert control.order().stops[-1].place_id == "cn_b02"
    control.reaches("kz_weigh_e")
    assert waits(control)[-1] == "PLACE_CLOSED"


# --- what is ordered ---


def xray_stops(control: Control) -> bool:
    return "kz_xray_e" in [stop.place_id for stop in control.order().stops]


@pytest.mark.parametrize(
    ("kind", "places", "xray"),
    [
        (CONTROL_KIND_XRAY, ["kz_xray_e"], True),
        (CONTROL_KIND_PHYSICAL, list(BAYS), False),
        (CONTROL_KIND_PHYTOSANITARY, list(BAYS), False),
    ],
)
def test_orders_decide_over_the_xray_and_not_the_channel(
    kind: ControlKind, places: list[str], xray: bool
) -> None:
    control = Control(map_name="bakhty_pokitu").accounted()
    control.notice(channel="CHANNEL_RED")
    control.loaded()
    control.release("CN")
    held(control, A, ordered(kind, places))
    assert xray_stops(control) is xray


def test_without_orders_every_channel_but_green_has_the_xray() -> None:
    control = Control(map_name="bakhty_pokitu").accounted()
    control.notice(channel="CHANNEL_YELLOW")
    control.loaded()
    control.release("CN")
    control.release("KZ")
    assert xray_stops(control)


def test_closed_xray_is_done_in_a_bay_where_the_order_permits_it() -> None:
    control = Control(map_name="bakhty_pokitu").accounted()
    closes(control, "kz_xray_e")
    control.notice(channel="CHANNEL_RED")
    control.loaded()
    control.release("CN")
    held(control, A, ordered(CONTROL_KIND_XRAY, ["kz_xray_e", "kz_bay_e2"]))
    assert (xray_stops(control), bay_of(control)) == (False, "kz_bay_e2")


def test_xray_that_is_ordered_on_the_way_is_a_stop_of_a_new_version() -> None:
    control = Control(map_name="bakhty_pokitu").under_way()
    control.front_at(100.0)
    held(control, A, ordered(CONTROL_KIND_XRAY, ["kz_xray_e"]))
    assert xray_stops(control)
    assert not bay_of(control)


# --- the rest of the convoy, and papers alone ---


def test_rest_of_a_convoy_goes_on_without_the_member_that_is_diverted() -> None:
    control = Control(convoy=3, map_name="bakhty_pokitu")
    at_weighbridge(control, *TRUCKS)
    held(control)
    (parted,) = reports(control.said, Event.CONVOY_PARTED)
    assert (parted["vehicle"], parted["reason"]) == (A, Reason.DIVERTED)
    state = control.agent.state
    convoys = {truck: state.missions[state.mission_of[truck]].formation for truck in TRUCKS}
    assert convoys == {A: [A], B: [B, C], C: [B, C]}


def test_truck_kept_for_papers_alone_waits_at_its_line_and_then_in_a_bay() -> None:
    """A decision within half a minute finds it at its line; later it is in nobody's way."""
    control = Control(map_name="bakhty_pokitu").under_way()
    control.reaches("kz_weigh_e")
    revocation = Revocation(number=1, office=COUNTRY_KZ, crossing_id="KZ-1", release_id="KZ-x")
    control.decision(revocation, "KZ")
    control.scanned("kz_weigh_e")
    orders = len(sends(control.said, MissionOrder))
    control.pass_time(20)
    control.reaches("kz_weigh_e")
    assert len(sends(control.said, MissionOrder)) == orders
    control.pass_time(20)
    control.reaches("kz_weigh_e")
    assert "kz_e_bay1_a" in control.order().lanes
    assert not bay_of(control)  # nobody inspects it there
    control.front_at(control.end_m())
    control.wake()
    lane, _ = control.route().where(control.end_m())
    assert lane == "kz_e_bay1_a"
    assert waits(control)[-1] == "RELEASE_REVOKED"
    control.release("KZ")
    control.front_at(control.end_m())
    assert control.route().where(control.end_m())[0] != "kz_e_bay1_a"


def test_truck_kept_for_papers_behind_its_bays_goes_on_to_the_exit_gate_s_line() -> None:
    control = Control(map_name="bakhty_pokitu").under_way()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.front_at(control.exit_m() - 345.0)  # road is given past the last bay, not to the gate
    assert "kz_e_knot3" in held_zones(control)
    revocation = Revocation(number=1, office=COUNTRY_KZ, crossing_id="KZ-1", release_id="KZ-x")
    control.decision(revocation, "KZ")
    for _ in range(4):
        control.front_at(control.end_m())
    assert control.end_m() == pytest.approx(control.exit_m(), abs=0.1)
    assert waits(control)[-1] == "RELEASE_REVOKED"


def test_truck_inspected_and_not_released_stays_in_its_bay() -> None:
    """It would only stand before the gate, in everybody's way."""
    control = at_weighbridge()
    held(control)
    control.accept()
    control.reaches("kz_bay_e1")
    control.scanned("kz_bay_e1")
    control.wake()
    lane, _ = control.route().where(control.end_m())
    assert lane == "kz_e_bay1_a"
    control.release("KZ")
    assert control.route().where(control.end_m())[0] != "kz_e_bay1_a"


def test_crossing_without_a_way_blocks_nobody_behind_it() -> None:
    """One that cannot be planned waits with its reason, the next sets off."""
    control = Control(convoy=2, map_name="bakhty_pokitu")
    control.accounted()
    control.agent.state.rests[A].lane = "boundary_w_a"
    for truck in TRUCKS:
        control.notice(truck)
        control.release("KZ", truck)
        control.release("CN", truck)
        control.loaded(truck)
    assert waits(control)[-1] == "NOT_ON_ROUTE"
    assert list(control.order(C).formation) == [B, C]
