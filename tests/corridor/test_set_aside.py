"""Trucks whose image is read elsewhere: a bay for each, and none sets off that would have none."""

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_PENDING,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_KZ
from contract.v1.movement_pb2 import MissionOrder
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_agent import waits
from tests.corridor.test_diversion import BAYS, bay_of, closes, held, ordered, taken
from tests.factories import TRUCKS, reports, sends

A, B, C = TRUCKS
SCANNER = "kz_xray_e"
LANES = tuple(f"kz_e_bay{n}_a" for n in (1, 2, 3))


def yellow(*trucks: str, control: Control | None = None) -> Control:
    """These are released, loaded, and on their way to the scanner if they may be."""
    control = control or Control(map_name="bakhty_pokitu")
    control.accounted()
    for truck in trucks:
        control.notice(truck, channel="CHANNEL_YELLOW")
        control.release("KZ", truck)
        control.release("CN", truck)
        control.loaded(truck)
        if sends(control.said, MissionOrder, to=truck):
            control.accept(truck)
    return control


def scanned(control: Control, truck: str = A) -> None:
    """A truck is weighed and scanned; its image is read elsewhere. Then it uses up its road."""
    control.reaches("kz_weigh_e", truck)
    control.scanned("kz_weigh_e", truck)
    control.reaches(SCANNER, truck)
    control.scanned(SCANNER, truck, verdict=SCAN_VERDICT_PENDING, reason="IMAGE_PENDING")
    uses_up(control, truck)


def uses_up(control: Control, truck: str = A) -> None:
    for _ in range(8):
        control.front_at(control.end_m(truck), truck)
    held_now = set(control.agent.state.zones.held_by(truck))
    lane = lane_of(control, truck)
    for spot in control.map.detectors.values():  # and the counters behind it see it leave
        zone = control.map.lanes[lane].zone
        if spot.zone_before in held_now - {zone} and spot.lane in control.order(truck).lanes:
            before = control.agent.state.store.number(f"detector/{spot.id}")
            control.counted(spot.id, before)
            control.counted(spot.id, before + 1)
    control.front_at(control.end_m(truck), truck)


def lane_of(control: Control, truck: str = A) -> str:
    """Where the road of a truck ends."""
    return control.route(truck).where(control.end_m(truck))[0]


def read(control: Control, truck: str = A, **changes: object) -> None:
    control.scanned(SCANNER, truck, **({"record_id": "read"} | changes))
    control.wake()


def test_each_truck_whose_image_is_read_waits_in_a_bay_of_its_own() -> None:
    """SUP-020: the lane past the bays stays free."""
    control = yellow(*TRUCKS)
    for truck in TRUCKS:
        scanned(control, truck)
    assert tuple(lane_of(control, truck) for truck in TRUCKS) == LANES
    assert {waits(control, truck)[-1] for truck in TRUCKS} == {"IMAGE_PENDING"}
    for zone in ("kz_e_pass1", "kz_e_pass2", "kz_e_pass3"):
        assert control.agent.state.zones.is_free(zone)


def test_adverse_image_is_followed_by_an_inspection_in_the_bay_that_the_truck_waits_in() -> None:
    """SUP-023: and not in the one before it, which lies behind."""
    control = yellow(B)
    taken(control, "kz_bay_e1")
    scanned(control, B)
    control.agent.state.zones.surrender("kz_e_bay1", "other")  # the first bay is free again
    read(control, B, verdict=SCAN_VERDICT_ADVERSE, reason="XRAY_ADVERSE")
    assert waits(control, B)[-1] == "INSPECTION_PENDING"
    held(control, B, ordered(CONTROL_KIND_PHYSICAL))
    assert bay_of(control, B) == "kz_bay_e2"
    assert reports(control.said, Event.VEHICLE_DIVERTED)[-1]["bay"] == "kz_bay_e2"
    control.reaches("kz_bay_e2", B)
    assert waits(control, B)[-1] == "INSPECTION_PENDING"
    control.scanned("kz_bay_e2", B)
    control.release("KZ", B)
    uses_up(control, B)
    assert lane_of(control, B) not in LANES


def test_bay_that_closes_before_the_truck_is_in_it_is_left_for_the_next() -> None:
    control = yellow(A)
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.reaches(SCANNER)
    control.scanned(SCANNER, verdict=SCAN_VERDICT_PENDING, reason="IMAGE_PENDING")
    assert lane_of(control) == LANES[0]
    closes(control, "kz_bay_e1")
    uses_up(control)
    assert lane_of(control) == LANES[1]
    assert waits(control)[-1] == "IMAGE_PENDING"


def test_truck_that_has_left_its_bay_and_is_revoked_goes_on_to_the_exit_gate_s_line() -> None:
    """A bay that lies behind it is no place to wait in."""
    control = yellow(A)
    scanned(control)
    read(control)
    control.front_at(control.exit_m() - 345.0)
    revocation = Revocation(number=1, office=COUNTRY_KZ, crossing_id="KZ-1", release_id="KZ-x")
    control.decision(revocation, "KZ")
    uses_up(control)
    assert control.end_m() == pytest.approx(control.exit_m(), abs=0.1)
    assert waits(control)[-1] == "RELEASE_REVOKED"


# --- who sets off ---


@pytest.mark.parametrize("convoy", [1, 3])
def test_truck_that_is_to_be_scanned_sets_off_only_while_a_bay_is_left_for_it(convoy: int) -> None:
    """SUP-038: two bays are taken, one truck may need the third; a green one is not kept."""
    control = Control(map_name="bakhty_pokitu", convoy=convoy)
    for bay in BAYS[1:]:
        taken(control, bay)
    yellow(A, B, control=control)
    control.notice(C)
    for country in ("KZ", "CN"):
        control.release(country, C)
    control.loaded(C)
    control.pass_time(25 if convoy > 1 else 1)
    assert control.order(A).lanes
    assert control.order(C).lanes
    assert not sends(control.said, MissionOrder, to=B)
    assert waits(control, B)[-1] == "NO_BAY_FREE"
    control.accept(A)
    scanned(control, A)
    assert not sends(control.said, MissionOrder, to=B)
    read(control, A)
    uses_up(control, A)
    control.front_at(control.exit_m(A) - 5.0, A)
    control.pass_time(25)
    assert control.order(B).lanes


def test_truck_that_is_not_to_be_scanned_sets_off_though_every_bay_is_taken() -> None:
    control = Control(map_name="bakhty_pokitu")
    for bay in BAYS:
        taken(control, bay)
    control.cleared(A)
    assert control.order(A).crossing_id == CROSSINGS[A]


def test_closed_bays_keep_nobody_at_its_berth() -> None:
    """What is closed takes no truck, and is nobody's to wait for: the scanner's line holds it."""
    control = Control(map_name="bakhty_pokitu")
    for bay in BAYS:
        closes(control, bay)
    yellow(A, control=control)
    scanned(control)
    assert lane_of(control) == "kz_e_xray_a"
    assert waits(control)[-1] == "NO_PLACE"
    read(control)
    uses_up(control)
    assert lane_of(control) != "kz_e_xray_a"
