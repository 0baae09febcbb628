"""Round a closed section over the other lane, and back when it is open."""

import pytest

from contract.events import Event
from contract.v1.movement_pb2 import OPERATOR_VERB_CLOSE_SECTION, OPERATOR_VERB_OPEN_SECTION
from corridor.stretches import forks_before_sections
from tests.corridor.control import Control
from tests.factories import reports, the_map

OVER = "boundary_e_over"


def closed(control: Control, *zones: str) -> None:
    values = {"stop_id": "works", "zones": zones or ("boundary_e",)}
    assert control.command(OPERATOR_VERB_CLOSE_SECTION, **values).accepted


def opened(control: Control) -> None:
    assert control.command(OPERATOR_VERB_OPEN_SECTION, stop_id="works").accepted
    control.accept()


def under_way(map_name: str = "crossovers") -> Control:
    return Control(map_name=map_name).under_way()


def test_truck_is_sent_round_a_closed_section_and_back_when_it_is_open() -> None:
    """SUP-040: it keeps all that it holds, its berth and the stops on its way."""
    control = under_way()
    before, held = control.order(), set(control.agent.state.zones.held_by("truck-01"))
    assert OVER not in before.lanes
    closed(control)
    order = control.order()
    assert OVER in order.lanes
    assert (order.mission_id, order.version) == (before.mission_id, before.version + 1)
    assert [stop.place_id for stop in order.stops] == [stop.place_id for stop in before.stops]
    assert set(control.agent.state.zones.held_by("truck-01")) == held
    assert len(reports(control.said, Event.VEHICLE_DETOURED)) == 1
    control.accept()
    opened(control)
    assert list(control.order().lanes) == list(before.lanes)


def test_truck_has_no_detour_where_the_map_has_none() -> None:
    """SUP-040: it waits before the section, with the reason."""
    control = under_way("bakhty_pokitu")
    closed(control)
    assert not reports(control.said, Event.VEHICLE_DETOURED)


def test_truck_is_not_sent_over_a_lane_that_is_closed_too() -> None:
    """SUP-040."""
    control = under_way()
    closed(control, "boundary_e", "boundary_w")
    assert not reports(control.said, Event.VEHICLE_DETOURED)


def test_truck_that_has_been_given_the_section_is_let_through_it() -> None:
    """SUP-032: who is in it, or may be, is not sent elsewhere."""
    control = under_way()
    zones = control.agent.state.zones
    mission = next(iter(control.agent.state.missions.values()))
    spans = [zone for zone, _, _ in control.route().zone_spans]
    for zone in spans[mission.next_span : spans.index("boundary_e") + 1]:
        zones.allocate(zone, control.agent._grants._claim(mission))
    mission.next_span = spans.index("boundary_e") + 1
    closed(control)
    assert not reports(control.said, Event.VEHICLE_DETOURED)


@pytest.mark.parametrize(
    ("name", "forks"),
    [
        ("crossovers", {"kz_e_cross"}),
        ("crossovers_west", {"cn_w_cross"}),
        ("bakhty_pokitu", set()),
        ("bridge", set()),
    ],
)
def test_fork_before_two_sections_is_no_place_to_stand(name: str, forks: set[str]) -> None:
    assert forks_before_sections(the_map(name)) == forks
