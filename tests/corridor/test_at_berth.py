"""A truck that customs keeps before it has left its berth: papers alone do not send it out."""

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import Revocation
from contract.v1.document_pb2 import COUNTRY_KZ
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
