"""A refused truck: at its berth, on its way, between the gates, behind the line - and back."""

from typing import Any

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    SCAN_VERDICT_ADVERSE,
    CustodyRecord,
    DecisionNotice,
    Refusal,
    Release,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_WEST
from contract.v1.gate_pb2 import Passed
from contract.v1.movement_pb2 import STOP_KIND_BERTH, Arrival
from tests.corridor.control import Control, subject_of
from tests.corridor.test_agent import waits
from tests.corridor.test_diversion import held
from tests.factories import a_release, reports, sends, signed

BACK = "CN-back-1"


def on_the_way(**changes: Any) -> Control:
    return Control(map_name="bakhty_pokitu", **changes).under_way()


def refuse(control: Control, *, country: str = "CN", back: str = "") -> list[Any]:
    office = COUNTRY_CN if country == "CN" else COUNTRY_KZ
    refusal = Refusal(
        refusal_id="R-1",
        office=office,
        crossing_id="KZ-1",
        declaration_sha256=subject_of("truck-01").declaration_sha256,
        reason="REFUSED_BY_OFFICER",
        return_crossing_id=back,
    )
    return control.decision(refusal, country)


def return_release(country: str) -> Release:
    subject = subject_of("truck-01")
    subject.crossing_id, subject.direction = BACK, DIRECTION_WEST
    return a_release(country, subject, release_id=f"{country}-back")


def return_released(control: Control, *countries: str) -> None:
    control.notice(crossing_id=BACK, direction=DIRECTION_WEST, loaded=True, office=COUNTRY_CN)
    for country in countries or ("KZ", "CN"):
        control.decision(return_release(country), country)


def past_exit(control: Control) -> Control:
    """Through the stations and the exit gate, to where its road ends before the entry gate."""
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    control.front_at(control.end_m())
    control.passed("kz_out", CUSTODY_STEP_EXITED)
    return control


def to_berth(control: Control) -> None:
    """As far as it is given road, to its berth if it is."""
    while control.end_m() > (before_m := control.agent.state.heard["truck-01"].front_m) + 1.0:
        control.front_at(control.end_m())
        assert control.end_m() >= before_m
    order = control.order()
    at_m = control.route().at(order.stops[-1].lane, order.stops[-1].offset_mm / 1000.0)
    assert control.end_m() == pytest.approx(at_m, abs=0.1)
    control.reaches(order.stops[-1].place_id)


def finished(control: Control) -> dict[str, Any]:
    return dict(reports(control.said, Event.CROSSING_FINISHED)[-1])


def test_truck_refused_at_its_berth_stays_there_and_its_crossing_is_over() -> None:
    """SUP-025."""
    control = Control().accounted()
    control.notice()
    control.loaded()
    refuse(control)
    assert (finished(control)["outcome"], waits(control)[-1]) == ("refused", "REFUSED")
    control.release("KZ")
    control.pass_time(25)
    assert "truck-01" not in control.agent.state.mission_of  # it is not Kazakhstan that refused


def test_refusal_at_the_berth_that_its_office_overrules_lets_the_truck_go() -> None:
    """SUP-025: a release after a refusal, by the same office, is two officers' word."""
    control = Control().accounted()
    control.notice()
    control.loaded()
    control.release("KZ")
    refuse(control)
    control.start()
    control.accounted()
    control.release("CN")
    control.pass_time(25)
    assert control.order().lanes


def test_refusal_at_the_berth_is_over_by_a_new_declaration_and_both_releases() -> None:
    control = Control().accounted()
    control.notice()
    control.loaded()
    control.release("KZ")
    refuse(control)
    control.notice(declaration_sha256=bytes(31) + b"2")
    control.loaded()
    assert "truck-01" not in control.agent.state.mission_of  # the old release is forgotten
    control.release("KZ")
    control.release("CN")
    assert control.order().lanes


@pytest.mark.parametrize("stands_in", ["road", "bay"])
def test_truck_refused_before_the_line_ends_in_a_bay_of_its_origin(stands_in: str) -> None:
    """SUP-025: custody ends DIVERTED, no terminal is told."""
    control = on_the_way()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e", verdict=SCAN_VERDICT_ADVERSE, reason="MASS_MISMATCH")
    if stands_in == "bay":
        held(control)
        control.accept()
        control.reaches("kz_bay_e1")
        control.scanned("kz_bay_e1", verdict=SCAN_VERDICT_ADVERSE)
    refuse(control, country="KZ")
    control.accept()
    last = control.order().stops[-1]
    assert (last.kind, last.place_id) == (STOP_KIND_BERTH, "kz_bay_e1")
    assert "cn_b01_z" not in control.agent.state.zones.held_by("truck-01")
    control.reaches("kz_bay_e1")
    assert (finished(control)["outcome"], finished(control)["berth"]) == ("refused", "kz_bay_e1")
    assert reports(control.said, Event.CUSTODY_RECORDED)[-1]["step"] == "DIVERTED"
    assert not sends(control.said, Arrival)
    assert waits(control)[-1] == "REFUSED"


def test_truck_refused_in_front_of_the_gate_has_nowhere_to_go_and_says_so() -> None:
    """SUP-024: the bays lie behind it; the reason names the office."""
    control = on_the_way()
    revocation = Revocation(number=1, office=COUNTRY_KZ, crossing_id="KZ-1", release_id="KZ-x")
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.front_at(control.exit_m() - 60.0)
    control.decision(revocation, "KZ")
    refuse(control, country="KZ")
    control.front_at(control.end_m())
    assert waits(control)[-1] == "REFUSED"
    assert reports(control.said, Event.VEHICLE_WAITS)[-1]["holder"] == "office KZ"


def test_refused_between_the_gates_it_goes_in_with_both_releases_of_its_return() -> None:
    """SUP-025: until then it stands where it was safe to stop, with the reason."""
    control = past_exit(on_the_way())
    refuse(control, back=BACK)
    control.front_at(before_m := control.end_m())
    assert waits(control)[-1] == "RETURN_PENDING"
    return_released(control, "KZ")
    assert control.end_m() == before_m
    return_released(control, "CN")
    assert control.end_m() > before_m


def test_gate_that_lets_it_in_is_told_of_the_return_by_its_documents() -> None:
    control = past_exit(on_the_way())
    refuse(control, back=BACK)
    assert not sends(control.said, DecisionNotice)
    return_released(control)
    told = sends(control.said, DecisionNotice, to="cn_in")
    kinds = [each.decision.payload_type.rsplit(".", 1)[-1] for each in told[:3]]
    assert kinds == ["Refusal", "Release", "Release"]


def refused_at_berth_beyond(control: Control) -> Control:
    past_exit(control)
    refuse(control, back=BACK)
    return_released(control)
    control.reaches("cn_in")
    control.front_at(control.end_m())
    control.passed("cn_in", CUSTODY_STEP_ENTERED)
    to_berth(control)
    return control


def test_refused_truck_comes_to_its_arrival_side_and_is_not_unloaded() -> None:
    """SUP-025: outcome refused, custody DIVERTED, no word to the terminal."""
    control = refused_at_berth_beyond(on_the_way())
    said = reports(control.said, Event.CROSSING_FINISHED)[0]
    assert (said["outcome"], said["berth"]) == ("refused", "cn_b01")
    steps = [each["step"] for each in reports(control.said, Event.CUSTODY_RECORDED)]
    assert steps[:4] == ["SEALED", "EXITED", "ENTERED", "DIVERTED"]
    assert not sends(control.said, Arrival)


def test_return_sets_off_from_where_the_refused_truck_stands_to_its_origin() -> None:
    """SUP-025: nothing is stranded between two states."""
    control = refused_at_berth_beyond(on_the_way())
    order = control.order()
    assert (order.crossing_id, order.lanes[0], order.direction) == (
        BACK,
        "cn_b01_a",
        DIRECTION_WEST,
    )
    assert control.map.berths[order.stops[-1].place_id].country == "KZ"
    assert not [stop for stop in order.stops if stop.place_id in control.map.stations]


def test_return_is_handed_over_at_its_origin_like_any_crossing() -> None:
    control = refused_at_berth_beyond(on_the_way())
    control.accept()
    for gate, step in (("cn_out", CUSTODY_STEP_EXITED), ("kz_in", CUSTODY_STEP_ENTERED)):
        control.reaches(gate)
        control.front_at(control.end_m())
        record = CustodyRecord(
            crossing_id=BACK, step=step, place_id=gate, vehicle_id="truck-01", seals=["S-1"]
        )
        control.hear(gate, through(record, gate))
    control.counted_out()
    to_berth(control)
    assert (finished(control)["crossing"], finished(control)["outcome"]) == (BACK, "cleared")
    assert sends(control.said, Arrival, to="terminal-kz")


def through(record: CustodyRecord, gate: str) -> Passed:
    return Passed(gate_id=gate, vehicle_id="truck-01", custody=signed(record, gate))


@pytest.mark.parametrize("changes", [{"vehicle_id": "truck-02"}, {"direction": "DIRECTION_EAST"}])
def test_crossing_of_another_truck_or_direction_is_no_return(changes: dict[str, Any]) -> None:
    control = past_exit(on_the_way())
    refuse(control, back=BACK)
    control.notice(**({"crossing_id": BACK, "direction": DIRECTION_WEST} | changes))
    for country in ("KZ", "CN"):
        control.decision(return_release(country), country)
    assert not sends(control.said, DecisionNotice, to="cn_in")
    assert control.agent.state.crossings[BACK].return_of == ""


def test_refused_without_a_return_it_waits_for_one_behind_the_line() -> None:
    control = past_exit(on_the_way())
    control.front_at(control.end_m())
    control.reaches("cn_in")
    control.front_at(control.end_m())
    control.passed("cn_in", CUSTODY_STEP_ENTERED)
    refuse(control)
    to_berth(control)
    assert waits(control)[-1] == "RETURN_PENDING"
    refuse(control, back=BACK)
    return_released(control)
    assert control.order().crossing_id == BACK


def test_refused_crossing_is_inspected_no_more() -> None:
    control = on_the_way()
    control.reaches("kz_weigh_e")
    refuse(control, country="KZ")
    assert control.agent.state.missions[control.order().mission_id].done == ["kz_weigh_e"]


def test_refusal_of_what_nobody_knows_and_one_that_names_itself_change_nothing() -> None:
    control = on_the_way()
    refuse(control, back="KZ-1")
    assert control.agent.state.crossings["KZ-1"].returns == ""
    control.decision(Refusal(office=COUNTRY_CN, crossing_id="nobody"), "CN")
    assert control.agent.state.crossings["nobody"].outcome == "refused"


def test_all_of_it_is_known_after_a_restart() -> None:
    control = past_exit(on_the_way())
    refuse(control, back=BACK)
    before = control.tables()
    control.start()
    assert control.tables() == before
