"""Trucks of one waybill: together over the line, or together at their berths."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import ControlOrder, Hold, Refusal, Revocation
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ
from contract.v1.movement_pb2 import MissionOrder
from corridor.batches import incomplete
from corridor.berths import for_all
from corridor.interlocking import Claim
from corridor.records import Crossing
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_agent import waits
from tests.factories import TRUCKS, reports, sends

A, B, C = TRUCKS
BATCH = {"batch_number": "B-1", "batch_size": 3}


def a_batch(*trucks: str, control: Control | None = None, **changes: Any) -> Control:
    """These are declared as one batch of three; nothing is released or loaded."""
    control = control or Control(convoy=3)
    control.accounted()
    for truck in trucks or TRUCKS:
        control.notice(truck, **(BATCH | changes))
    return control


def released(control: Control, *trucks: str) -> Control:
    for truck in trucks:
        control.release("KZ", truck)
        control.release("CN", truck)
        control.loaded(truck)
    return control


def about(control: Control, truck: str) -> str:
    """What the newest wait of a truck is about."""
    said = reports(control.said, Event.VEHICLE_WAITS)
    return [str(each["resource"]) for each in said if each["vehicle"] == truck][-1]


def test_batch_sets_off_as_one_convoy_once_all_are_ready_and_cleared() -> None:
    """SUP-022."""
    control = released(a_batch(), A, B)
    control.pass_time(60)
    assert not sends(control.said, MissionOrder)
    released(control, C)
    assert list(control.order(C).formation) == list(TRUCKS)


def test_batch_of_more_than_a_convoy_sets_off_in_convoys_one_behind_the_other() -> None:
    control = released(a_batch(control=Control(convoy=2)), *TRUCKS)
    assert list(control.order(A).formation) == [A, B]
    assert list(control.order(C).formation) == [C]


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ("release", "CLEARANCE_PENDING"),
        ("hold", "DOCUMENT_CONTROL"),
        ("refusal", "REFUSED"),
        ("load", "NOT_READY"),
    ],
)
def test_member_that_is_kept_is_named_to_the_others_with_its_reason(missing: str, why: str) -> None:
    """SUP-022: one member held holds the others at their berths."""
    control = released(a_batch(), A, B)
    if missing != "load":
        control.loaded(C)
    if missing == "load":
        control.release("KZ", C)
        control.release("CN", C)
    if missing == "hold":
        hold = Hold(office=COUNTRY_KZ, crossing_id=CROSSINGS[C], reason="DOCUMENT_CONTROL")
        control.decision(hold, "KZ")
    if missing == "refusal":
        control.decision(Refusal(office=COUNTRY_KZ, crossing_id=CROSSINGS[C]), "KZ")
    control.pass_time(60)
    assert not sends(control.said, MissionOrder)
    for truck in (A, B):
        assert waits(control, truck)[-1] == "BATCH_INCOMPLETE"
        assert about(control, truck) == f"{CROSSINGS[C]} {C}: {why}"


def test_batch_waits_for_members_that_nobody_has_declared_yet() -> None:
    control = released(a_batch(A, B), A, B)
    control.pass_time(60)
    assert not sends(control.said, MissionOrder)
    assert about(control, A) == "batch B-1: 2 of 3 declared"


def test_waybill_that_may_be_split_keeps_nobody_back() -> None:
    control = released(a_batch(control=Control(convoy=1, split=True)), A)
    assert control.order(A).lanes


def test_member_that_is_to_be_inspected_goes_to_its_bay_and_the_others_wait_for_it() -> None:
    """It cannot be inspected at its berth; cleared in its bay, it lets them go."""
    control = released(a_batch(), A, B)
    order = [ControlOrder(kind="CONTROL_KIND_PHYSICAL", places=["kz_bay_e1"])]
    hold = Hold(office=COUNTRY_KZ, crossing_id=CROSSINGS[C], controls=order)
    control.decision(hold, "KZ")
    control.release("CN", C)
    control.loaded(C)
    assert "kz_bay_e1" in [stop.place_id for stop in control.order(C).stops]
    assert not sends(control.said, MissionOrder, to=A)
    control.release("KZ", C)
    assert list(control.order(A).formation) == [A, B]


def revoked(control: Control, truck: str) -> None:
    revocation = Revocation(
        number=1, office=COUNTRY_CN, crossing_id=CROSSINGS[truck], release_id=f"CN-{truck}"
    )
    control.decision(revocation, "CN")


def test_rest_of_a_batch_stops_before_the_exit_gate_when_one_is_held_on_the_way() -> None:
    """SUP-022: in front of the gate, not in the boundary section; and goes on with it."""
    control = released(a_batch(control=Control(convoy=1)), *TRUCKS)
    control.accept(A)
    revoked(control, B)
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    assert control.end_m() <= control.exit_m() + 1e-3
    assert waits(control)[-1] == "BATCH_INCOMPLETE"
    assert about(control, A) == f"{CROSSINGS[B]} {B}: RELEASE_REVOKED"
    control.release("CN", B)
    assert control.end_m() > control.exit_m()


def test_rest_of_a_batch_that_has_not_left_its_berths_stays_there_when_one_is_held() -> None:
    """SUP-022: at the gate's line it would be in everybody's way."""
    control = released(a_batch(control=Control(convoy=1)), *TRUCKS)
    revoked(control, B)
    control.accept(A)
    assert len(control.agent.state.zones.held_by(A)) == 2  # its berth, and the other
    assert waits(control)[-1] == "BATCH_INCOMPLETE"
    assert about(control, A) == f"{CROSSINGS[B]} {B}: RELEASE_REVOKED"
    control.release("CN", B)
    assert len(control.agent.state.zones.held_by(A)) > 2


def test_road_past_the_gate_is_given_only_to_who_stands_at_its_line() -> None:
    """SUP-022: what is given early would be used though another is held by then."""
    control = released(a_batch(control=Control(convoy=1)), *TRUCKS)
    control.accept(A)
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.drives_to(control.exit_m() - 3.0)
    control.front_at(control.exit_m() - 3.0)
    assert control.end_m() == pytest.approx(control.exit_m(), abs=1e-2)
    assert waits(control)[-1] == "PERMIT_PENDING"
    revoked(control, B)
    control.reaches("kz_out")
    assert control.end_m() == pytest.approx(control.exit_m(), abs=1e-2)
    assert waits(control)[-1] == "BATCH_INCOMPLETE"
    control.release("CN", B)
    assert control.end_m() > control.exit_m()


def test_truck_of_no_batch_has_road_past_the_gate_before_it_stands_there() -> None:
    control = Control().under_way()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.drives_to(control.exit_m() - 20.0)
    assert control.end_m() > control.exit_m()


def test_road_past_the_gate_is_not_taken_back_for_a_member_held_later() -> None:
    """An accepted authority is not shortened: nobody is stopped in the boundary section."""
    control = released(a_batch(control=Control(convoy=1)), *TRUCKS)
    control.accept(A)
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    before_m = control.end_m()
    assert before_m > control.exit_m()
    revoked(control, B)
    control.wake()
    assert control.end_m() == before_m


def test_batch_is_known_again_after_a_restart() -> None:
    control = released(a_batch(), A, B)
    control.start()
    control.accounted()
    control.pass_time(30)
    assert not sends(control.said, MissionOrder)
    released(control, C)
    control.pass_time(1)
    assert list(control.order(C).formation) == list(TRUCKS)


def test_refused_member_that_is_declared_anew_completes_its_batch() -> None:
    control = released(a_batch(), A, B)
    control.decision(Refusal(office=COUNTRY_KZ, crossing_id=CROSSINGS[C]), "KZ")
    control.loaded(C)
    control.notice(C, **BATCH, declaration_sha256=bytes(31) + b"2")
    released(control, C)
    assert list(control.order(C).formation) == list(TRUCKS)


@pytest.mark.parametrize(("step", "keeps"), [(0, True), (1, True), (2, False), (3, False)])
def test_member_refused_past_the_line_keeps_nobody_and_one_before_it_the_rest(
    step: int, keeps: bool
) -> None:
    """SUP-022: it has crossed, and no patience would bring it over a second time."""
    control = released(a_batch(), *TRUCKS)
    state = control.agent.state
    first, second = state.crossings[CROSSINGS[A]], state.crossings[CROSSINGS[B]]
    first.refused, first.refused_by, first.step = "REFUSED_BY_OFFICER", "CN", step
    no = incomplete(state, second)
    assert (no is not None) is keeps
    assert no is None or no.resource == f"{first.crossing_id} {A}: REFUSED"


def berths_taken(control: Control, free: int) -> list[str]:
    """Of the berths at the far end so many are free; somebody else is in the others."""
    far = [
        berth for berth in control.map.berths.values() if berth.arrivals and berth.country == "CN"
    ]
    taken = far[: len(far) - free]
    for berth in taken:
        control.agent.state.zones.allocate(berth.zone, Claim("other", "other", "W", 0))
    return [berth.zone for berth in taken]


def test_batch_waits_as_a_whole_until_there_is_a_berth_for_each_of_its_trucks() -> None:
    """SUP-022: nobody goes ahead of the others because there was one berth."""
    control = Control(convoy=3, map_name="bakhty_pokitu")
    zones = berths_taken(control, 2)
    released(a_batch(control=control), *TRUCKS)
    control.pass_time(60)
    assert not sends(control.said, MissionOrder)
    assert {waits(control, truck)[-1] for truck in TRUCKS} == {"BERTH_FULL"}
    lifted = reports(control.said, Event.VEHICLE_WAITS)[-1]["lifted_by"]
    assert lifted == "a berth for every truck of batch B-1"
    control.agent.state.zones.surrender(zones[-1], "other")
    control.agent.state.dispatch_due = True
    control.pass_time(2)
    assert [list(control.order(truck).formation) for truck in TRUCKS] == [list(TRUCKS)] * 3


def test_nobody_behind_a_batch_takes_the_berths_that_it_waits_for() -> None:
    """SUP-022: who was ready before it goes, who was ready after it waits."""
    control = Control(convoy=1, map_name="bakhty_pokitu")
    berths_taken(control, 1)
    released(a_batch(A, B, control=control, batch_size=2), A, B)
    control.pass_time(5)
    control.notice(C)
    released(control, C)
    control.pass_time(60)
    assert not sends(control.said, MissionOrder)
    assert waits(control, C)[-1] == "BERTH_FULL"


def test_truck_that_was_ready_before_a_batch_goes_before_it() -> None:
    control = Control(convoy=1, map_name="bakhty_pokitu")
    berths_taken(control, 0)
    control.cleared(C)
    control.pass_time(5)
    released(a_batch(A, B, control=control, batch_size=2), A, B)
    far = [berth.zone for berth in control.map.berths.values() if berth.country == "CN"]
    control.agent.state.zones.surrender(far[-1], "other")
    control.agent.state.dispatch_due = True
    control.pass_time(5)
    assert control.order(C).lanes
    assert not sends(control.said, MissionOrder, to=A)


def test_batch_of_more_trucks_than_there_are_berths_shares_all_of_them() -> None:
    """It could never go as a whole: as many go as there are berths, and the rest follows."""
    control = Control(convoy=3, map_name="bakhty_pokitu")
    berths = [each for each in control.map.berths.values() if each.country == "CN"]
    offer, many = [each.id for each in berths], len(berths) + 5
    state = control.agent.state

    def nobody(crossing: Crossing) -> bool:
        return False

    assert for_all(state, berths, nobody, offer=offer, count=many) == offer
    assert for_all(state, berths, nobody, offer=offer[1:], count=many) is None
