"""Evidence: unread images, opened seals, and places that a truck says it is at and is not."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    SCAN_VERDICT_PENDING,
    SealOpened,
)
from contract.v1.document_pb2 import Document
from contract.v1.movement_pb2 import POSITION_CAUSE_SEAL, Arrival, VehicleHeartbeat
from corridor.interlocking import Claim
from tests.corridor.control import Control
from tests.corridor.test_agent import to_exit, waits
from tests.factories import a_release, reports, sends

STATION = "kz_weigh_e"
BAY_ZONE = "kz_e_bay"


def at_station() -> Control:
    control = Control().under_way()
    control.reaches(STATION)
    return control


def beyond(control: Control, place_m: float) -> set[str]:
    """Zones held whose start lies beyond a point of the way, but for the berth at its end."""
    held = set(control.agent.state.zones.held_by("truck-01"))
    spans = control.route().zone_spans[:-1]
    return {zone for zone, start_m, _ in spans if start_m > place_m} & held


def station_m(control: Control) -> float:
    (stop,) = (each for each in control.order().stops if each.place_id == STATION)
    return control.route().at(stop.lane, stop.offset_mm / 1000.0)


# --- images ---


def taken(control: Control) -> None:
    """Somebody else has the only bay."""
    control.agent.state.zones.allocate(BAY_ZONE, Claim("other", "other", "E", 0))


@pytest.mark.parametrize("restarted", [False, True])
def test_truck_waits_for_its_image_in_a_bay_and_not_in_the_lane(restarted: bool) -> None:
    """SUP-020."""
    control = at_station()
    control.scanned(STATION, verdict=SCAN_VERDICT_PENDING, reason="IMAGE_PENDING")
    (aside,) = reports(control.said, Event.VEHICLE_SET_ASIDE)
    assert (aside["bay"], aside["reason"].name) == ("kz_bay_e1", "IMAGE_PENDING")
    assert not reports(control.said, Event.VEHICLE_DIVERTED)  # no office wants it inspected
    control.front_at(control.end_m())
    if restarted:
        control.start()
        control.front_at(control.end_m())
    control.wake()
    assert control.route().where(control.end_m())[0] == "kz_e_bay_a"
    assert waits(control)[-1] == "IMAGE_PENDING"
    control.scanned(STATION, verdict=SCAN_VERDICT_CLEAR, record_id="r2")
    control.wake()
    assert control.route().where(control.end_m())[0] != "kz_e_bay_a"


def test_truck_whose_image_is_read_stays_at_its_line_while_no_bay_is_free() -> None:
    """SUP-020: the lane leads past bays that are wanted if the image is adverse."""
    control = at_station()
    taken(control)
    control.scanned(STATION, verdict=SCAN_VERDICT_PENDING, reason="IMAGE_PENDING")
    control.wake()
    assert waits(control)[-1] == "NO_BAY_FREE"
    assert not beyond(control, station_m(control))
    control.agent.state.zones.surrender(BAY_ZONE, "other")
    control.front_at(station_m(control))
    assert BAY_ZONE in beyond(control, station_m(control))


@pytest.mark.parametrize("verdict", [SCAN_VERDICT_ADVERSE, SCAN_VERDICT_FAILED])
@pytest.mark.parametrize("in_bay", [False, True])
def test_adverse_image_gives_no_road_until_an_office_answers(verdict: Any, in_bay: bool) -> None:
    control = at_station()
    if not in_bay:
        taken(control)
    control.scanned(STATION, verdict=SCAN_VERDICT_PENDING)
    if in_bay:
        control.front_at(control.end_m())
    end_m = control.end_m()
    control.scanned(STATION, verdict=verdict, record_id="r2")
    control.wake()
    assert waits(control)[-1] == "INSPECTION_PENDING"
    assert control.end_m() == end_m


# --- the navigation seal ---


def opened(control: Control) -> Control:
    control.front_at(
        station_m(control), cause=POSITION_CAUSE_SEAL, seal_broken=True, reason="SEAL_TAMPERED"
    )
    control.scanned(STATION)
    control.wake()
    return control


def release_anew(control: Control, country: str) -> None:
    release = Document.FromString(control.agent.state.crossings["KZ-1"].releases[country])
    subject = type(a_release(country)).FromString(release.payload).subject
    control.decision(a_release(country, subject, release_id=f"{country}-anew"), country)
    control.wake()


def test_opened_seal_holds_the_truck_until_each_office_has_released_it_anew() -> None:
    """SUP-020."""
    control = opened(at_station())
    assert len(reports(control.said, Event.SEAL_BROKEN)) == 1
    assert waits(control)[-1] == "SEAL_TAMPERED"
    for country in ("KZ", "CN"):
        assert not beyond(control, station_m(control))
        release_anew(control, country)
    assert beyond(control, station_m(control))


def test_opened_seal_is_told_to_both_offices_and_once() -> None:
    """SUP-020."""
    control = opened(at_station())
    control.front_at(station_m(control), seal_broken=True)
    for office in ("office-kz", "office-cn"):
        (told,) = sends(control.said, SealOpened, to=office)
        assert (told.crossing_id, told.vehicle_id) == ("KZ-1", "truck-01")
        assert told.at_utc_ms


def test_release_that_was_known_before_does_not_lift_an_opened_seal() -> None:
    control = opened(at_station())
    control.release("KZ")
    control.release("CN")
    control.wake()
    assert not beyond(control, station_m(control))


def test_opened_seal_is_said_once_and_outlives_a_restart() -> None:
    control = opened(at_station())
    control.start()
    control.front_at(station_m(control), seal_broken=True)
    control.wake()
    assert len(reports(control.said, Event.SEAL_BROKEN)) == 1
    assert not beyond(control, station_m(control))


def test_second_opening_wants_new_releases_again() -> None:
    control = opened(at_station())
    release_anew(control, "KZ")
    release_anew(control, "CN")
    opened(control)
    assert waits(control)[-1] == "SEAL_TAMPERED"


def test_empty_truck_has_no_seal_to_open() -> None:
    control = Control().under_way()
    control.agent.state.crossings["KZ-1"].seals = []
    opened(control)
    assert not reports(control.said, Event.SEAL_BROKEN)


# --- places ---


def test_place_beyond_all_road_that_was_given_frees_nothing_and_stops_the_truck() -> None:
    """SUP-021."""
    control = at_station()
    before = control.agent.state.zones.held_by("truck-01")
    control.front_at(control.exit_m() + 30.0)
    (doubt,) = reports(control.said, Event.REPORT_DOUBTED)
    assert doubt["reason"].name == "POSITION_DOUBTED"
    assert control.agent.state.zones.held_by("truck-01") == before
    control.scanned(STATION)
    control.wake()
    assert waits(control)[-1] == "POSITION_DOUBTED"
    assert not beyond(control, station_m(control))


def test_truck_is_believed_again_when_its_heartbeat_fits() -> None:
    control = at_station()
    control.front_at(control.exit_m() + 30.0)
    control.scanned(STATION)
    front_mm = round(station_m(control) * 1000)
    control.hear("truck-01", VehicleHeartbeat(loop_counter=9, front_mm=front_mm))
    control.wake()
    assert beyond(control, station_m(control))


def test_arrival_counts_when_every_counter_has_seen_the_truck() -> None:
    """SUP-021: a report alone, even behind both gates, is no arrival."""
    control = to_exit(Control().under_way())
    control.passed("kz_out", CUSTODY_STEP_EXITED)
    control.passed("cn_in", CUSTODY_STEP_ENTERED)
    control.reaches("cn_a01")
    assert not reports(control.said, Event.CROSSING_FINISHED)
    assert waits(control)[-1] in ("POSITION_DOUBTED", "NOT_COUNTED")
    control.counted_out()
    assert reports(control.said, Event.CROSSING_FINISHED)
    assert sends(control.said, Arrival, to="terminal-cn")
    assert not control.agent.state.zones.held_by("truck-01")[1:]
