"""Where an office permits each kind of inspection, and what a record of one stands for."""

import pytest

from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    CONTROL_KIND_PHYTOSANITARY,
    CONTROL_KIND_SAMPLING,
    CONTROL_KIND_SEAL,
    CONTROL_KIND_VETERINARY,
    CONTROL_KIND_XRAY,
    Hold,
)
from gate.office.places import Places, given_by, unknown_places
from gate.office.rulebook import ControlWord, Rule, RuleBook
from tests.gate.desk import GREEN, Office, decided, releases

PLACES = Places(
    {"E": ("bay_1", "bay_2"), "W": ("bay_9",)},
    {"E": {"weigh": ("weighbridge", "portal"), "scan": ("xray",)}},
)


def book_of(*controls: ControlWord, **places: tuple[str, ...]) -> RuleBook:
    rule = Rule(id="R-1", because="it is so", controls=controls)
    return RuleBook(rule=(rule,), places=places)  # type: ignore[arg-type]


def test_xray_is_at_a_scanner_first_and_everything_else_in_a_bay() -> None:
    """OFF-007."""
    assert PLACES.permitted("E", CONTROL_KIND_XRAY, RuleBook()) == ("scan", "bay_1", "bay_2")
    assert PLACES.permitted("W", CONTROL_KIND_XRAY, RuleBook()) == ("bay_9",)
    for kind in (CONTROL_KIND_PHYTOSANITARY, CONTROL_KIND_SAMPLING, CONTROL_KIND_PHYSICAL):
        assert PLACES.permitted("E", kind, RuleBook()) == ("bay_1", "bay_2")


def test_place_that_the_book_names_holds_where_it_lies() -> None:
    book = book_of(veterinary=("bay_2",), seal=("weigh",))
    assert PLACES.permitted("E", CONTROL_KIND_VETERINARY, book) == ("bay_2",)
    assert PLACES.permitted("E", CONTROL_KIND_SEAL, book) == ("weigh",)
    assert PLACES.permitted("W", CONTROL_KIND_VETERINARY, book) == ("bay_9",)  # none named there
    assert unknown_places(book, ("bay_2",)) == ["weigh"]


def test_search_sees_seals_and_stands_for_a_scan_but_not_for_a_veterinarian() -> None:
    searched = given_by(["physical"], in_bay=True)
    assert searched == {CONTROL_KIND_PHYSICAL, CONTROL_KIND_XRAY, CONTROL_KIND_SEAL}
    assert given_by(["sampling", "veterinary"], in_bay=True) == {
        CONTROL_KIND_SAMPLING,
        CONTROL_KIND_VETERINARY,
    }
    assert given_by(["weighbridge"], in_bay=False) == set()


def test_hold_names_for_each_order_its_own_places() -> None:
    office = Office(GREEN, book=book_of("xray", "sampling", sampling=("kz_bay_e1",))).assessed()
    (hold,) = decided(office.said, Hold)
    assert {each.kind: list(each.places) for each in hold.controls} == {
        CONTROL_KIND_XRAY: ["kz_xray_e", "kz_bay_e1"],
        CONTROL_KIND_SAMPLING: ["kz_bay_e1"],
    }


def test_part_of_what_was_ordered_leaves_a_hold_over_the_rest() -> None:
    """Else nobody would know that the truck still waits for it."""
    office = Office(GREEN, book=book_of("veterinary", "sampling")).assessed()
    effects = office.scanned("kz_bay_e1", services=["veterinary"])
    (hold,) = decided(effects, Hold)
    assert [each.kind for each in hold.controls] == [CONTROL_KIND_SAMPLING]
    assert not releases(effects)
    assert releases(office.scanned("kz_bay_e1", services=["sampling"]))


@pytest.mark.parametrize(("station", "counts"), [("kz_weigh_e", True), ("kz_xray_e", False)])
def test_station_counts_for_what_is_permitted_there(station: str, counts: bool) -> None:
    office = Office(GREEN, book=book_of("seal", seal=("kz_weigh_e",))).assessed()
    effects = office.scanned(station, services=["weighbridge", "seal"])
    assert bool(releases(effects)) is counts
