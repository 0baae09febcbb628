"""What a place is asked for: its machines, the orders that name it, and what the truck carries."""

import pytest

from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    CONTROL_KIND_PHYTOSANITARY,
    CONTROL_KIND_SAMPLING,
    CONTROL_KIND_SEAL,
    CONTROL_KIND_VETERINARY,
    CONTROL_KIND_XRAY,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_PENDING,
    ControlKind,
    ControlOrder,
    Hold,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ
from contract.v1.gate_pb2 import StationVisit
from tests.corridor.control import Control
from tests.corridor.test_agent import waits
from tests.corridor.test_diversion import held, ordered
from tests.factories import sends

BAY = "kz_bay_e1"


def visits(control: Control, place: str) -> list[list[str]]:
    """Services that a place was asked for, visit by visit."""
    told = sends(control.said, StationVisit)
    return [list(each.services) for each in told if each.station_id == place]


def sent_to_bay(*orders: ControlOrder) -> Control:
    """A truck that set off to a bay, and stands in it."""
    control = Control(map_name="bakhty_pokitu").accounted()
    control.notice(container_id="CSQU3054383")
    control.loaded()
    control.release("CN")
    held(control, "truck-01", *orders)
    control.accept()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e", services=["weighbridge", "portal"])
    control.reaches(BAY)
    return control


@pytest.mark.parametrize(
    ("kinds", "services"),
    [
        ([CONTROL_KIND_PHYSICAL], ["physical"]),
        ([CONTROL_KIND_PHYTOSANITARY], ["phytosanitary"]),
        ([CONTROL_KIND_VETERINARY, CONTROL_KIND_SAMPLING], ["veterinary", "sampling"]),
        ([CONTROL_KIND_SEAL, CONTROL_KIND_PHYSICAL], ["physical", "seal"]),
        ([CONTROL_KIND_XRAY, CONTROL_KIND_PHYSICAL], ["physical"]),
    ],
)
def test_bay_is_asked_for_what_was_ordered(kinds: list[ControlKind], services: list[str]) -> None:
    """SUP-033."""
    control = sent_to_bay(*(ordered(kind, [BAY]) for kind in kinds))
    assert visits(control, BAY) == [services]


def test_stations_and_bays_hear_which_container_was_declared() -> None:
    control = sent_to_bay(ordered(places=[BAY]))
    told = sends(control.said, StationVisit)
    assert {each.station_id for each in told} == {"kz_weigh_e", BAY}
    assert {each.container_id for each in told} == {"CSQU3054383"}


def test_station_does_what_is_ordered_there_beside_its_own() -> None:
    control = Control(map_name="bakhty_pokitu").accounted()
    control.notice()
    control.loaded()
    control.release("CN")
    held(control, "truck-01", ordered(CONTROL_KIND_SEAL, ["kz_weigh_e"]))
    control.accept()
    control.reaches("kz_weigh_e")
    assert visits(control, "kz_weigh_e") == [["weighbridge", "portal", "seal"]]


def test_what_is_ordered_during_an_inspection_is_asked_for_after_it() -> None:
    """SUP-033: the other office's order came when the truck was being searched."""
    control = sent_to_bay(ordered(CONTROL_KIND_VETERINARY, [BAY]))
    more = Hold(
        office=COUNTRY_CN,
        crossing_id="KZ-1",
        reason="INSPECTION_ORDERED",
        controls=[ordered(CONTROL_KIND_SAMPLING, [BAY])],
    )
    control.decision(more, "CN")
    control.scanned(BAY, services=["veterinary"])
    control.wake()
    assert visits(control, BAY) == [["veterinary"], ["sampling"]]
    control.scanned(BAY, services=["sampling"])
    control.wake()
    assert len(visits(control, BAY)) == 2


def sampled_in_bay() -> Control:
    """A sample of truck-01 is at the laboratory, and it stands in its bay."""
    control = sent_to_bay(ordered(CONTROL_KIND_SAMPLING, [BAY]))
    pending = {"verdict": SCAN_VERDICT_PENDING, "reason": "LABORATORY_PENDING"}
    control.scanned(BAY, services=["sampling"], **pending)
    control.wake()
    return control


@pytest.mark.parametrize("restarted", [False, True])
def test_truck_stays_in_its_bay_until_the_laboratory_has_answered(restarted: bool) -> None:
    """SUP-035: over a restart too; nothing is asked of the bay again meanwhile."""
    control = sampled_in_bay()
    assert waits(control)[-1] == "LABORATORY_PENDING"
    if restarted:
        (stop,) = (each for each in control.order().stops if each.place_id == BAY)
        asked, said = len(visits(control, BAY)), len(waits(control))
        control.start()
        control.front_at(control.route().at(stop.lane, stop.offset_mm / 1000.0))
        control.wake()
        assert waits(control)[said:][-1] == "LABORATORY_PENDING"
        assert len(visits(control, BAY)) == asked
    crossing = control.agent.state.crossings["KZ-1"]
    assert crossing.samples == [BAY]
    control.scanned(BAY, services=["sampling"], record_id="r2")
    assert control.agent.state.crossings["KZ-1"].samples == []


@pytest.mark.parametrize("result", [False, True])
def test_truck_that_both_offices_release_leaves_its_bay_with_or_without_the_result(
    result: bool,
) -> None:
    """SUP-035: whether risk is low enough is an office's to say."""
    control = sampled_in_bay()
    held = set(control.agent.state.zones.held_by("truck-01"))
    if result:
        control.scanned(BAY, services=["sampling"], record_id="r2")
        control.wake()
        assert set(control.agent.state.zones.held_by("truck-01")) == held
    control.release("KZ")
    control.wake()
    assert set(control.agent.state.zones.held_by("truck-01")) > held


def test_what_is_ordered_while_a_sample_is_away_is_asked_for_after_it() -> None:
    """SUP-033."""
    control = sampled_in_bay()
    more = Hold(
        office=COUNTRY_CN,
        crossing_id="KZ-1",
        reason="INSPECTION_ORDERED",
        controls=[ordered(CONTROL_KIND_VETERINARY, [BAY])],
    )
    control.decision(more, "CN")
    control.scanned(BAY, services=["sampling"], record_id="r2")
    control.wake()
    assert visits(control, BAY)[-1] == ["veterinary"]


@pytest.mark.parametrize("first", ["record", "hold"])
def test_rest_of_an_order_is_asked_for_whichever_word_comes_first(first: str) -> None:
    """The office answers a part of its order by a hold over the rest."""
    control = sent_to_bay(ordered(CONTROL_KIND_VETERINARY, [BAY]))
    rest = Hold(
        office=COUNTRY_KZ,
        crossing_id="KZ-1",
        reason="INSPECTION_ORDERED",
        controls=[ordered(CONTROL_KIND_PHYTOSANITARY, [BAY])],
    )
    for word in ("record", "hold") if first == "record" else ("hold", "record"):
        if word == "record":
            control.scanned(BAY, services=["veterinary"])
        else:
            control.decision(rest, "KZ")
    control.wake()
    assert visits(control, BAY) == [["veterinary"], ["phytosanitary"]]


def test_adverse_inspection_ends_the_visit() -> None:
    """What follows is the office's to say."""
    control = sent_to_bay(*(ordered(kind, [BAY]) for kind in (CONTROL_KIND_PHYSICAL,)))
    control.scanned(BAY, services=["physical"], verdict=SCAN_VERDICT_ADVERSE)
    control.wake()
    assert len(visits(control, BAY)) == 1
