"""Every fault of a declaration at its place, all at once, and none where there is none."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from contract.v1.customs_pb2 import Declaration, Trader
from contract.wire import text_is_plain
from gate.office.declaration import faults, place_of
from tests.factories import A_BIN, A_CREDIT_CODE, a_declaration, filled
from tests.gate.papers import (
    a_certificate,
    a_full_declaration,
    an_empty_run,
    empty_in_order,
    in_order,
    loaded_in_order,
)

Plant = Callable[[Any], Any]


def places(declaration: Declaration) -> list[str]:
    return [place_of(each) for each in faults(declaration)]


def put(name: str, value: object) -> Plant:
    """Write a value where a path with indices says."""

    def plant(paper: Declaration) -> None:
        *way, last = name.split(".")
        at: Any = paper
        for step in way:
            at = at[int(step)] if step.isdigit() else getattr(at, step)
        if last.isdigit():
            at[int(last)] = value
        else:
            setattr(at, last, value)

    return plant


# One wrong value each: no two of them touch what the other one says.
LONE: Final[dict[str, Plant]] = {
    "$.declaration_id": put("declaration_id", ""),
    "$.crossing_id": put("crossing_id", " KZ-1"),
    "$.version": put("version", 0),
    "$.direction": put("direction", 0),
    "$.vehicle_id": put("vehicle_id", "truck\n01"),
    "$.vehicle_key_id": put("vehicle_key_id", b"short"),
    "$.trailer_id": put("trailer_id", "T" * 257),
    "$.container_id": put("container_id", "CSQU3054384"),
    "$.crew_count": put("crew_count", 1),
    "$.gross_mass_kg": put("gross_mass_kg", 100_001),
    "$.batch_size": put("batch_size", 100),
    "$.seals[0]": put("seals.0", ""),
    "$.navigation_seal_id": put("navigation_seal_id", "NAV-3"),
    "$.origin_country": put("origin_country", "KAZ"),
    "$.destination_country": put("destination_country", "XX"),
    "$.consignment_reference": put("consignment_reference", "\u200b"),
    "$.vehicle_permit_id": put("vehicle_permit_id", "\t"),
    "$.consignor.trader_id": put("consignor.trader_id", "150340012341"),
    "$.consignee.trader_id": put("consignee.trader_id", "91654200MA7XXXXX0B"),
    "$.carrier.country": put("carrier.country", "kz"),
    "$.goods[0].hs_code": put("goods.0.hs_code", "12x"),
    "$.goods[0].package_kind": put("goods.0.package_kind", "bag"),
    "$.goods[0].origin_country": put("goods.0.origin_country", "ZZ"),
    "$.goods[0].packages": put("goods.0.packages", 0),
    "$.goods[1].hs_code": put("goods.1.hs_code", "9801"),
    "$.goods[1].un_number": put("goods.1.un_number", "UN1965"),
    "$.goods[1].description": put("goods.1.description", " "),
    "$.certificates[0].kind": put("certificates.0.kind", 0),
    "$.certificates[0].number": put("certificates.0.number", ""),
    "$.certificates[1].issuer_country": put("certificates.1.issuer_country", ""),
    "$.certificates[1].valid_from_utc_ms": put("certificates.1.valid_from_utc_ms", -1),
    "$.certificates[0].valid_until_utc_ms": put("certificates.0.valid_until_utc_ms", 5),
    "$.transit.reference": put("transit.reference", "XF1234567"),
    "$.transit.amount_eur": put("transit.amount_eur", 0),
    "$.transit.departure_office": put("transit.departure_office", ""),
    "$.transit.destination_office": put("transit.destination_office", ""),
    "$.customs_offices[1]": put("customs_offices.1", "Bakhty"),
}


def test_full_declaration_is_in_order() -> None:
    assert faults(a_full_declaration()) == []
    assert faults(a_declaration()) == []
    assert faults(an_empty_run()) == []


@pytest.mark.parametrize("place", LONE)
def test_planted_fault_is_named_at_its_place(place: str) -> None:
    """OFF-001: what, and what was expected."""
    paper = a_full_declaration()
    LONE[place](paper)
    said = faults(paper)
    assert [place_of(each) for each in said] == [place]
    assert ", expected " in said[0]


@given(st.sets(st.sampled_from(sorted(LONE))))
def test_every_planted_fault_is_named_at_once(planted: set[str]) -> None:
    """OFF-001: nobody corrects one fault to hear of the next."""
    paper = a_full_declaration()
    for place in planted:
        LONE[place](paper)
    assert sorted(places(paper)) == sorted(planted)


ROUTES: Final[list[tuple[list[str], list[str]]]] = [
    ([], ["$.customs_offices"]),
    (["KZ-BAKHTY"], ["$.customs_offices"]),
    (["KZ-BAKHTY", "CN-POKITU"] * 9, ["$.customs_offices"]),
    (["KZ-BAKHTY", "XX-POKITU"], ["$.customs_offices[1]"]),
    (["kz-bakhty", "CN"], ["$.customs_offices[0]", "$.customs_offices[1]"]),
    (["KZ-BAKHTY", "CN-POKITU", "KZ-BAKHTY"], ["$.customs_offices[2]"]),
    (["CN-POKITU", "KZ-BAKHTY"], ["$.customs_offices"]),
    (["KZ-BAKHTY", "RU-MOSCOW", "CN-POKITU"], ["$.customs_offices"]),
    (["RU-MOSCOW", "KZ-BAKHTY", "CN-POKITU", "CN-URUMQI"], []),
]


@pytest.mark.parametrize(("offices", "expected"), ROUTES)
def test_route_crosses_the_line_in_the_direction_of_travel(
    offices: list[str], expected: list[str]
) -> None:
    """OFF-001."""
    assert places(a_declaration(customs_offices=offices)) == expected


def test_route_of_goods_in_transit_is_from_their_first_office_to_their_last() -> None:
    """OFF-001."""
    paper = a_full_declaration(customs_offices=["KZ-BAKHTY", "CN-POKITU"])
    first, last = faults(paper)
    assert first == (
        "$.customs_offices[0]: 'KZ-BAKHTY', expected 'UZ-00210', the departure_office of the "
        "transit"
    )
    assert place_of(last) == "$.customs_offices[1]"


def test_empty_run_may_say_its_route_and_then_says_it_right() -> None:
    assert places(an_empty_run(customs_offices=["CN-POKITU", "KZ-BAKHTY"])) == []
    assert places(an_empty_run(customs_offices=["KZ-BAKHTY", "CN-POKITU"])) == ["$.customs_offices"]


EMPTY: Final[dict[str, dict[str, Any]]] = {
    "$.vehicle_permit_id": {"vehicle_permit_id": ""},
    "$.goods": {"goods": a_declaration().goods},
    "$.cargo_mass_kg": {"cargo_mass_kg": 1},
    "$.certificates": {"certificates": [a_certificate()]},
    "$.transit": {"transit": a_full_declaration().transit},
    "$.crew_count": {"crew_count": 2},
    "$.carrier.trader_id": {"carrier": Trader(country="KZ", trader_id=A_CREDIT_CODE)},
    "$.seals[1]": {"seals": ["S-1", "S-1"]},
    "$.batch_number": {"batch_size": 2},
}


@pytest.mark.parametrize("place", EMPTY)
def test_empty_run_carries_its_dossier_and_nothing_else(place: str) -> None:
    assert places(an_empty_run(**EMPTY[place])) == [place]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"consignor": None}, ["$.consignor.country", "$.consignor.trader_id"]),
        ({"goods": []}, ["$.goods", "$.cargo_mass_kg"]),
        ({"gross_mass_kg": 20_000}, ["$.gross_mass_kg"]),
        ({"cargo_mass_kg": 19_999}, ["$.cargo_mass_kg"]),
        ({"seals": [], "navigation_seal_id": ""}, ["$.seals"]),
        ({"batch_number": ""}, ["$.batch_number"]),
        ({"batch_size": 0}, ["$.batch_size"]),
        ({"certificates": [a_certificate(), a_certificate()]}, ["$.certificates[1].number"]),
        (
            {"certificates": [a_certificate(valid_from_utc_ms=7, valid_until_utc_ms=7)]},
            ["$.certificates[0].valid_until_utc_ms"],
        ),
        ({"gross_mass_kg": 100_000, "batch_size": 99}, []),
    ],
)
def test_what_belongs_together_is_held_together(
    changes: dict[str, Any], expected: list[str]
) -> None:
    assert places(a_full_declaration(**changes)) == expected


def test_trader_of_a_third_country_has_the_number_of_its_own() -> None:
    assert faults(a_declaration(consignor=Trader(country="UZ", trader_id="301 234 567"))) == []
    assert places(a_declaration(consignor=Trader(country="CN", trader_id=A_BIN))) == [
        "$.consignor.trader_id"
    ]


def test_masses_of_all_lines_make_the_cargo() -> None:
    paper = a_full_declaration()
    paper.goods[0].net_mass_kg = 0
    assert places(paper) == ["$.goods[0].net_mass_kg", "$.cargo_mass_kg"]


@given(in_order)
def test_declaration_in_order_has_no_fault(paper: Declaration) -> None:
    assert faults(paper) == []


@given(loaded_in_order(), st.sampled_from(["version", "gross_mass_kg", "cargo_mass_kg"]))
def test_number_left_out_of_a_good_declaration_is_missed(paper: Declaration, name: str) -> None:
    paper.ClearField(name)
    assert f"$.{name}" in places(paper)


@given(empty_in_order())
def test_empty_run_that_says_it_is_loaded_lacks_a_load(paper: Declaration) -> None:
    paper.empty_running = False
    assert "$.goods" in places(paper)


@given(st.binary(max_size=200))
def test_any_bytes_that_parse_get_an_answer(data: bytes) -> None:
    try:
        paper = Declaration.FromString(data)
    except DecodeError:
        return
    said = faults(paper)
    assert all(text_is_plain(each[:200]) and each.startswith("$.") for each in said)


@given(in_order, st.text(max_size=300), st.sampled_from(sorted(LONE)))
def test_any_text_anywhere_gets_a_plain_answer(paper: Declaration, text: str, place: str) -> None:
    """A fault is read on a console and sent on: control characters never get that far."""
    name = place.removeprefix("$.").replace("[", ".").replace("]", "")
    try:
        put(name, text)(paper)
    except (TypeError, IndexError, UnicodeEncodeError, ValueError):
        return
    assert all(text_is_plain(each[:200]) for each in faults(paper))


def test_declaration_of_ones_and_twos_is_faulty_and_no_more() -> None:
    """Every field set to something that means nothing."""
    said = faults(filled(Declaration))
    assert "$.certificates: 1, expected none on an empty run" in said
