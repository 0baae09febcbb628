"""A truck that customs keeps before it has left its berth: papers alone do not send it out."""

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_SEALED, Refusal, Revocation
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_agent import waits
from tests.corridor.test_diversion import BAYS, bay_of, held, held_zones, taken
from tests.factories import TRUCKS, reports

A, B, C = TRUCKS


def revoked(control: Control, truck: str = A) -> None:
    crossing, release = CROSSINGS[truck], f"KZ-{truck}"
    control.decision(
        Revocation(number=1, office=COUNTRY_KZ, crossing_id=crossing, release_id=release), "KZ"
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_truck_that_has_not_left_its_berth_is_not_sent_out_for_papers_alone(
    restarted: bool,
) -> None:
    """SUP-023: documents are settled before the truck is on the road."""
    control = Control(map_name="bakhty_pokitu").cleared()
    revoked(control)
    control.accept()
    if restarted:
        control.start()
        control.accounted()
    control.pass_time(60)
    control.parked()
    control.wake()
    assert not control.authorities()
    assert len(held_zones(control)) == 2  # where it stands, and the berth at the other end
    assert control.order().version == 1
    assert not reports(control.said, Event.VEHICLE_DIVERTED)
    assert waits(control)[-1] == "RELEASE_REVOKED"
    control.release("KZ")
    assert control.end_m() > 50.0


def test_truck_at_its_berth_that_is_to_be_inspected_goes_to_its_bay() -> None:
    control = Control(map_name="bakhty_pokitu").cleared()
    held(control)
    control.accept()
    assert bay_of(control) == "kz_bay_e1"
    assert control.authorities()


def test_truck_at_its_berth_that_is_to_be_inspected_stays_while_no_bay_is_free() -> None:
    """SUP-023: at the line before the bays it would be in everybody's way."""
    control = Control(map_name="bakhty_pokitu").cleared()
    for bay in BAYS:
        taken(control, bay)
    held(control)
    control.accept()
    assert not control.authorities()
    assert waits(control)[-1] == "NO_BAY_FREE"


def test_rest_of_a_convoy_sets_off_without_the_member_that_papers_keep_at_its_berth() -> None:
    control = Control(convoy=3, map_name="bakhty_pokitu").cleared(*TRUCKS)
    revoked(control, A)
    for truck in TRUCKS:
        control.accept(truck)
    (parted,) = reports(control.said, Event.CONVOY_PARTED)
    assert (parted["vehicle"], parted["reason"]) == (A, Reason.RELEASE_REVOKED)
    assert not control.authorities(A)
    assert control.authorities(B)


def refused(control: Control, truck: str = A, country: str = "CN") -> None:
    office = COUNTRY_CN if country == "CN" else COUNTRY_KZ
    no = Refusal(office=office, crossing_id=CROSSINGS[truck], reason="REFUSED_BY_OFFICER")
    control.decision(no, country)


@pytest.mark.parametrize("accepted", [False, True])
def test_truck_refused_between_its_mission_and_its_road_stays_in_its_berth(accepted: bool) -> None:
    """SUP-023, SUP-025: its mission ends where it stands, and what was held for it is free."""
    control = Control(convoy=3, map_name="bakhty_pokitu").cleared(A, B)
    control.pass_time(25)
    control.accept(A)
    if accepted:
        control.accept(B)
    assert not control.agent.state.crossings[CROSSINGS[B]].started_ms
    refused(control, B)
    order = control.order(B)
    assert (list(order.lanes), order.stops[-1].place_id) == (["kz_b02_a"], "kz_b02")
    assert held_zones(control, B) == {"kz_b02_z"}
    assert not reports(control.said, Event.VEHICLE_DIVERTED)
    control.accept(B)
    control.reaches("kz_b02", B)
    (said,) = reports(control.said, Event.CROSSING_FINISHED)
    assert (said["crossing"], said["outcome"], said["berth"]) == ("KZ-2", "refused", "kz_b02")
    assert waits(control, B)[-1] == "REFUSED"
    steps = [row for row in reports(control.said, Event.CUSTODY_RECORDED) if row["vehicle"] == B]
    assert steps == []  # it never left its terminal's hands


@pytest.mark.parametrize("sooner", [False, True])
def test_refusal_that_is_overruled_while_its_truck_is_in_its_berth_lets_it_go(sooner: bool) -> None:
    """SUP-025: before or after its mission has ended there."""
    control = Control(convoy=3, map_name="bakhty_pokitu").cleared(A, B)
    control.pass_time(25)
    control.accept(A)
    refused(control, B)
    control.accept(B)
    if sooner:
        control.release("CN", B)
    control.reaches("kz_b02", B)
    if not sooner:
        control.release("CN", B)
    control.pass_time(25)
    order = control.order(B)
    assert order.mission_id not in ("mission-1", "mission-2")
    assert len(order.lanes) > 3


def test_what_was_refused_in_the_berth_is_declared_anew_and_goes() -> None:
    """SUP-025: with custody from the beginning."""
    control = Control(convoy=3, map_name="bakhty_pokitu").cleared(A, B)
    control.pass_time(25)
    control.accept(A)
    refused(control, B)
    control.accept(B)
    control.reaches("kz_b02", B)
    control.start()
    control.accounted()
    control.notice(B, declaration_sha256=bytes(31) + b"2")
    for country in ("KZ", "CN"):
        control.release(country, B)
    control.loaded(B)
    control.pass_time(25)
    assert control.order(B).lanes[0] == "kz_b02_a"
    assert len(control.order(B).lanes) > 3
    assert control.order(B).mission_id != "mission-2"


def test_truck_that_has_road_out_of_its_berth_when_it_is_refused_ends_in_a_bay() -> None:
    """Road that was given is not taken back."""
    control = Control(map_name="bakhty_pokitu").under_way()
    assert control.agent.state.crossings[CROSSINGS[A]].step == CUSTODY_STEP_SEALED
    refused(control)
    assert control.order().stops[-1].place_id == "kz_bay_e1"
