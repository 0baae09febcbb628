"""Declarations for the tests: complete ones of both kinds, and any that are in order."""

from typing import Any, Final

from hypothesis import strategies as st

from contract.v1.customs_pb2 import (
    CERTIFICATE_KIND_ORIGIN,
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_QUOTA,
    CERTIFICATE_KIND_VETERINARY,
    TRANSIT_KIND_NATIONAL,
    TRANSIT_KIND_TIR,
    Certificate,
    Declaration,
    GoodsLine,
    Trader,
    TransitRight,
)
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from gate.office.check_digits import container_digit, credit_code_letter, kz_digit
from gate.office.countries import COUNTRIES
from tests.factories import START_UTC_MS, a_declaration

WEEK_MS: Final = 7 * 24 * 3_600_000


def a_certificate(**changes: Any) -> Certificate:
    """A phytosanitary certificate, valid for a week before and after the start of the tests."""
    values: dict[str, Any] = {
        "kind": CERTIFICATE_KIND_PHYTOSANITARY,
        "number": "EPHYTO-KZ-1",
        "issuer_country": "KZ",
        "valid_from_utc_ms": START_UTC_MS - WEEK_MS,
        "valid_until_utc_ms": START_UTC_MS + WEEK_MS,
    }
    return Certificate(**(values | changes))


def a_transit(**changes: Any) -> TransitRight:
    values: dict[str, Any] = {
        "kind": TRANSIT_KIND_TIR,
        "reference": "XF12345678",
        "amount_eur": 40_000,
        "departure_office": "UZ-00210",
        "destination_office": "CN-9404",
    }
    return TransitRight(**(values | changes))


def a_full_declaration(**changes: Any) -> Declaration:
    """A loaded truck with everything that a declaration can say, and two lines."""
    values: dict[str, Any] = {
        "goods": [
            GoodsLine(
                hs_code="120600",
                description="sunflower seed",
                net_mass_kg=12_000,
                packages=480,
                package_kind="BG",
                origin_country="KZ",
            ),
            GoodsLine(hs_code="2711190000", net_mass_kg=8_000, packages=1, un_number="1965"),
        ],
        "seals": ["S-1", "NAV-2"],
        "navigation_seal_id": "NAV-2",
        "container_id": "CSQU3054383",
        "batch_number": "1000000001",
        "batch_size": 3,
        "vehicle_permit_id": "PERMIT-1",
        "consignment_reference": "6KZ-150340012340-1",
        "certificates": [
            a_certificate(),
            a_certificate(kind=CERTIFICATE_KIND_ORIGIN, number="ST-1-77"),
        ],
        "transit": a_transit(),
        "customs_offices": ["UZ-00210", "KZ-BAKHTY", "CN-POKITU", "CN-9404"],
    }
    return a_declaration(**(values | changes))


def an_empty_run(**changes: Any) -> Declaration:
    """The dossier of an empty truck, with no more than it needs."""
    whole = a_declaration()
    return Declaration(
        **{
            "declaration_id": "D-2",
            "version": 1,
            "crossing_id": "CN-1",
            "direction": DIRECTION_WEST,
            "vehicle_id": whole.vehicle_id,
            "vehicle_key_id": whole.vehicle_key_id,
            "trailer_id": whole.trailer_id,
            "gross_mass_kg": 15_000,
            "empty_running": True,
            "vehicle_permit_id": "TA-1",
            **changes,
        }
    )


# --- any declaration that is in order ---

_words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ./-]{0,20}[A-Za-z0-9]", fullmatch=True)
_countries = st.sampled_from(sorted(COUNTRIES))
_containers = st.from_regex(r"[A-Z]{3}[UJZ][0-9]{6}", fullmatch=True).map(
    lambda first: first + container_digit(first)
)
_kz = st.from_regex(r"[0-9]{11}", fullmatch=True).filter(kz_digit)
_traders = st.one_of(
    _kz.map(lambda first: ("KZ", f"{first}{kz_digit(first)}")),
    st.from_regex(r"91[0-9]{6}[0-9A-H]{9}", fullmatch=True).map(
        lambda first: ("CN", first + credit_code_letter(first))
    ),
    st.tuples(st.sampled_from(["UZ", "DE", "RU"]), _words),
)
_trader = st.builds(
    lambda who, aeo: Trader(country=who[0], trader_id=who[1], authorised_economic_operator=aeo),
    _traders,
    st.booleans(),
)
_maybe_words = st.just("") | _words
_offices = st.from_regex(r"(UZ|RU|DE)-[A-Z0-9]{2,12}", fullmatch=True)


@st.composite
def _goods(draw: Any) -> GoodsLine:
    chapter = draw(st.integers(1, 97))
    return GoodsLine(
        hs_code=f"{chapter:02d}" + draw(st.from_regex(r"[0-9]{2}([0-9]{2}){0,3}", fullmatch=True)),
        description=draw(_maybe_words),
        net_mass_kg=draw(st.integers(1, 10_000)),
        packages=draw(st.integers(1, 5_000)),
        package_kind=draw(st.sampled_from(["", "BG", "4G", "VQ"])),
        un_number=draw(st.just("") | st.from_regex(r"[0-9]{4}", fullmatch=True)),
        origin_country=draw(st.just("") | _countries),
    )


@st.composite
def _certificate(draw: Any) -> Certificate:
    begin = draw(st.integers(1, 2**41))
    return Certificate(
        kind=draw(
            st.sampled_from(
                [
                    CERTIFICATE_KIND_PHYTOSANITARY,
                    CERTIFICATE_KIND_VETERINARY,
                    CERTIFICATE_KIND_ORIGIN,
                    CERTIFICATE_KIND_QUOTA,
                ]
            )
        ),
        number=draw(_words),
        issuer_country=draw(_countries),
        valid_from_utc_ms=begin,
        valid_until_utc_ms=begin + draw(st.integers(1, 2**40)),
    )


@st.composite
def _route(draw: Any, direction: int) -> list[str]:
    """Customs offices on the way, with the line between the two of this corridor."""
    before, behind = draw(st.lists(_offices, max_size=6, unique=True)), []
    while len(before) > 3:
        behind.append(before.pop())
    middle = ["KZ-BAKHTY", "CN-POKITU"]
    return [*before, *(middle if direction == DIRECTION_EAST else middle[::-1]), *behind]


@st.composite
def _transit(draw: Any, first: str, second: str) -> TransitRight:
    tir = draw(st.booleans())
    carnets = st.from_regex(r"[A-Z]{2}[0-9]{8}", fullmatch=True)
    return TransitRight(
        kind=TRANSIT_KIND_TIR if tir else TRANSIT_KIND_NATIONAL,
        reference=draw(carnets if tir else _words),
        amount_eur=draw(st.integers(1, 2**32 - 1)),
        departure_office=first,
        destination_office=second,
    )


def _of_all(draw: Any, seals: list[str]) -> dict[str, Any]:
    """Fields that both kinds have."""
    size = draw(st.integers(0, 99))
    return {
        "declaration_id": draw(_words),
        "version": draw(st.integers(1, 2**32 - 1)),
        "crossing_id": draw(_words),
        "direction": draw(st.sampled_from([DIRECTION_EAST, DIRECTION_WEST])),
        "vehicle_id": draw(_words),
        "vehicle_key_id": draw(st.binary(min_size=16, max_size=16)),
        "trailer_id": draw(_words),
        "container_id": draw(st.just("") | _containers),
        "seals": seals,
        "navigation_seal_id": draw(st.sampled_from(["", *seals])),
        "batch_number": draw(_words) if size else "",
        "batch_size": size,
        "consignment_reference": draw(_maybe_words),
    }


@st.composite
def loaded_in_order(draw: Any) -> Declaration:
    seals = draw(st.lists(_words, min_size=1, max_size=8, unique=True))
    goods = draw(st.lists(_goods(), min_size=1, max_size=4))
    cargo_kg = sum(line.net_mass_kg for line in goods)
    certificates = draw(st.lists(_certificate(), max_size=3, unique_by=lambda each: each.number))
    of_all = _of_all(draw, seals)
    route = draw(_route(of_all["direction"]))
    transit = draw(st.none() | _transit(route[0], route[-1]))
    return Declaration(
        **of_all,
        customs_offices=route,
        goods=goods,
        cargo_mass_kg=cargo_kg,
        gross_mass_kg=draw(st.integers(cargo_kg + 1, 100_000)),
        consignor=draw(_trader),
        consignee=draw(_trader),
        carrier=draw(_trader),
        origin_country=draw(_countries),
        destination_country=draw(_countries),
        certificates=certificates,
        transit=transit,
    )


@st.composite
def empty_in_order(draw: Any) -> Declaration:
    seals = draw(st.lists(_words, max_size=8, unique=True))
    return Declaration(
        **_of_all(draw, seals),
        gross_mass_kg=draw(st.integers(1, 100_000)),
        empty_running=True,
        vehicle_permit_id=draw(_words),
        carrier=draw(st.none() | _trader),
    )


in_order = st.one_of(loaded_in_order(), empty_in_order())
