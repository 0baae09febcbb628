"""Validation of a declaration: every fault at once, each with its place.

Pure, and total: whatever the fields hold, the answer is a list of sentences "PLACE: what, expected
what". A place is a path into the declaration with the names of contract/v1/customs.proto, for
instance `$.goods[1].hs_code`. Both offices judge by this file alone, so both come to one answer.
Not here: whether the crossing may go (rules.py), whether a certificate is valid today (same),
signatures (contract/signing.py), files (gate/cli). Requirements: OFF-001 in docs/SAFETY.md.

Sources: Harmonized System, chapters 01 to 97; ISO 3166-1; UN/ECE recommendation 21 (packages); UN
Model Regulations (four digits of dangerous goods); TIR carnets: two letters and eight digits.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import Final

from contract.limits import TEXT_LENGTH_MAX
from contract.v1.customs_pb2 import (
    CERTIFICATE_KIND_ORIGIN,
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_QUOTA,
    CERTIFICATE_KIND_VETERINARY,
    TRANSIT_KIND_NATIONAL,
    TRANSIT_KIND_TIR,
    Declaration,
    GoodsLine,
    Trader,
    TransitRight,
)
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.wire import text_is_plain
from gate.office.check_digits import is_container, is_credit_code, is_kz_number
from gate.office.countries import COUNTRIES

GROSS_MASS_KG_MAX: Final = 100_000
SEALS_MAX: Final = 8
OFFICES_MAX: Final = 16
BATCH_SIZE_MAX: Final = 99  # more than both fleets together: a batch waits for its last member
KEY_ID_BYTES: Final = 16
FAULTS_TOLD_MAX: Final = 64  # more do not fit a frame, and nobody mends so many at once
QUOTED_MAX: Final = 40

HS_CODE: Final = re.compile(r"(?:0[1-9]|[1-8][0-9]|9[0-7])(?:[0-9]{2}){1,4}", re.ASCII)
HS_CODE_FORM: Final = "4, 6, 8 or 10 digits, of a chapter from 01 to 97"
UN_NUMBER: Final = re.compile(r"[0-9]{4}", re.ASCII)
PACKAGE_KIND: Final = re.compile(r"[A-Z0-9]{2}", re.ASCII)
CUSTOMS_OFFICE: Final = re.compile(r"([A-Z]{2})-[A-Z0-9]{2,12}", re.ASCII)
TIR_CARNET: Final = re.compile(r"[A-Z]{2}[0-9]{8}", re.ASCII)

_CERTIFICATE_KINDS: Final = frozenset(
    (
        CERTIFICATE_KIND_PHYTOSANITARY,
        CERTIFICATE_KIND_VETERINARY,
        CERTIFICATE_KIND_ORIGIN,
        CERTIFICATE_KIND_QUOTA,
    )
)
_WAYS: Final = {DIRECTION_EAST: ("KZ", "CN"), DIRECTION_WEST: ("CN", "KZ")}
_PLAIN: Final = f"expected plain text of 1 to {TEXT_LENGTH_MAX} characters"
_OFFICE: Final = "expected a country, a dash and 2 to 12 capitals or digits, as KZ-BAKHTY"
_COUNTRY: Final = "expected two letters of ISO 3166-1, as KZ"
_IDENTITIES: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "KZ": (is_kz_number, "expected a BIN or IIN: 12 digits, the last one its check digit"),
    "CN": (
        is_credit_code,
        "expected a uniform social credit code: 18 signs, the last one its check letter",
    ),
}


def faults(declaration: Declaration) -> list[str]:
    """Everything wrong with a declaration, as `place: what, expected`; empty if it is in order."""
    parts = [_who(declaration), _vehicle(declaration), _batch(declaration), _seals(declaration)]
    parts.append(_route(declaration))
    parts.append(_empty(declaration) if declaration.empty_running else _loaded(declaration))
    parts += [
        _trader(getattr(declaration, name), f"$.{name}")
        for name in ("consignor", "consignee", "carrier")
        if declaration.HasField(name) or not declaration.empty_running
    ]
    return list(chain.from_iterable(parts))


def place_of(fault: str) -> str:
    """The path at the beginning of a fault."""
    return fault.partition(": ")[0]


def quoted(text: str) -> str:
    """What somebody wrote, safe to repeat and never long."""
    return repr(text if len(text) <= QUOTED_MAX else text[: QUOTED_MAX - 3] + "...")


# --- parts that both kinds have ---


def _who(declaration: Declaration) -> Iterator[str]:
    for name in ("declaration_id", "crossing_id"):
        yield from _text(getattr(declaration, name), f"$.{name}")
    if declaration.version < 1:
        yield f"$.version: {declaration.version}, expected 1 or more"
    if declaration.direction not in (DIRECTION_EAST, DIRECTION_WEST):
        yield "$.direction: missing, expected DIRECTION_EAST or DIRECTION_WEST"
    yield from _text(declaration.consignment_reference, "$.consignment_reference", optional=True)
    optional = declaration.empty_running
    for name in ("origin_country", "destination_country"):
        yield from _country(getattr(declaration, name), f"$.{name}", optional=optional)


def _vehicle(declaration: Declaration) -> Iterator[str]:
    yield from _text(declaration.vehicle_id, "$.vehicle_id")
    size = len(declaration.vehicle_key_id)
    if size != KEY_ID_BYTES:
        yield f"$.vehicle_key_id: {size} bytes, expected {KEY_ID_BYTES}"
    yield from _text(declaration.trailer_id, "$.trailer_id")
    container = declaration.container_id
    if container and not is_container(container):
        yield (
            f"$.container_id: {quoted(container)}, expected four letters and seven digits, the "
            f"last one its check digit (ISO 6346)"
        )
    if declaration.crew_count != 0:
        yield f"$.crew_count: {declaration.crew_count}, expected 0 on this corridor"
    mass_kg = declaration.gross_mass_kg
    if not 0 < mass_kg <= GROSS_MASS_KG_MAX:
        yield f"$.gross_mass_kg: {mass_kg} kg, expected 1 to {GROSS_MASS_KG_MAX} kg"
    elif declaration.cargo_mass_kg >= mass_kg:
        cargo_kg = declaration.cargo_mass_kg
        yield f"$.gross_mass_kg: {mass_kg} kg, expected more than the cargo's {cargo_kg} kg"


def _batch(declaration: Declaration) -> Iterator[str]:
    number, size = declaration.batch_number, declaration.batch_size
    yield from _text(number, "$.batch_number", optional=size <= 1)
    if size > BATCH_SIZE_MAX or (number and size < 1):
        yield f"$.batch_size: {size}, expected 1 to {BATCH_SIZE_MAX} with a batch number"


def _seals(declaration: Declaration) -> Iterator[str]:
    seals = list(declaration.seals)
    least = 0 if declaration.empty_running else 1
    if not least <= len(seals) <= SEALS_MAX:
        yield f"$.seals: {len(seals)}, expected {least} to {SEALS_MAX}"
    for index, seal in enumerate(seals):
        yield from _text(seal, f"$.seals[{index}]")
        if seals.index(seal) < index:
            yield f"$.seals[{index}]: {quoted(seal)} again, expected each seal once"
    navigation = declaration.navigation_seal_id
    if navigation and navigation not in seals:
        yield f"$.navigation_seal_id: {quoted(navigation)}, expected one of the seals"


def _route(declaration: Declaration) -> Iterator[str]:
    """Customs offices on the way, and among them the two between which the line lies."""
    offices = list(declaration.customs_offices)
    if not offices and declaration.empty_running:
        return
    if not 2 <= len(offices) <= OFFICES_MAX:
        yield f"$.customs_offices: {len(offices)}, expected 2 to {OFFICES_MAX} on the way, in order"
        return
    countries = [_country_of(office) for office in offices]
    misread = [
        f"$.customs_offices[{index}]: {quoted(office)}, {_OFFICE}"
        for index, office in enumerate(offices)
        if countries[index] not in COUNTRIES
    ]
    yield from misread
    if misread:
        return  # what order they are in is not known
    for index, office in enumerate(offices):
        if offices.index(office) < index:
            place = f"$.customs_offices[{index}]"
            yield f"{place}: {quoted(office)} again, expected each office once"
    way = _WAYS.get(declaration.direction)
    if way is not None and way not in pairwise(countries):
        yield (
            f"$.customs_offices: no office of {way[1]} behind one of {way[0]}, expected the two "
            f"between which it crosses the line"
        )
    if declaration.HasField("transit"):
        yield from _route_of_transit(declaration.transit, offices)


def _route_of_transit(right: TransitRight, offices: list[str]) -> Iterator[str]:
    """Goods in transit are under customs from the first office of the route to the last."""
    ends = (("departure_office", 0), ("destination_office", len(offices) - 1))
    for name, index in ends:
        said = getattr(right, name)
        if said and said != offices[index]:
            yield (
                f"$.customs_offices[{index}]: {quoted(offices[index])}, expected "
                f"{quoted(said)}, the {name} of the transit"
            )


def _country_of(office: str) -> str:
    """The country that a customs office names; "" if it is written otherwise."""
    found = CUSTOMS_OFFICE.fullmatch(office)
    return found[1] if found is not None else ""


def _trader(trader: Trader, place: str) -> Iterator[str]:
    yield from _country(trader.country, f"{place}.country")
    text = trader.trader_id
    plain = list(_text(text, f"{place}.trader_id"))
    yield from plain
    identity = _IDENTITIES.get(trader.country)
    if identity is not None and not plain:
        judge, expected = identity
        if not judge(text):
            yield f"{place}.trader_id: {quoted(text)}, {expected}"


# --- an empty run ---


def _empty(declaration: Declaration) -> Iterator[str]:
    """The dossier of an empty run: a permit of temporary admission, and nothing of a load."""
    yield from _text(declaration.vehicle_permit_id, "$.vehicle_permit_id")
    if declaration.goods:
        yield f"$.goods: {len(declaration.goods)} lines, expected none on an empty run"
    if declaration.cargo_mass_kg:
        yield f"$.cargo_mass_kg: {declaration.cargo_mass_kg} kg, expected 0 kg on an empty run"
    if declaration.certificates:
        count = len(declaration.certificates)
        yield f"$.certificates: {count}, expected none on an empty run"
    if declaration.HasField("transit"):
        yield "$.transit: said, expected none on an empty run"


# --- a load ---


def _loaded(declaration: Declaration) -> Iterator[str]:
    yield from _text(declaration.vehicle_permit_id, "$.vehicle_permit_id", optional=True)
    if not declaration.goods:
        yield "$.goods: none, expected at least one line, or empty_running"
    for index, line in enumerate(declaration.goods):
        yield from _goods(line, f"$.goods[{index}]")
    total_kg = sum(line.net_mass_kg for line in declaration.goods)
    if total_kg != declaration.cargo_mass_kg:
        yield f"$.cargo_mass_kg: {declaration.cargo_mass_kg} kg, expected the goods' {total_kg} kg"
    yield from _certificates(declaration)
    if declaration.HasField("transit"):
        yield from _transit(declaration.transit)


def _goods(line: GoodsLine, place: str) -> Iterator[str]:
    code = line.hs_code
    if not HS_CODE.fullmatch(code):
        yield f"{place}.hs_code: {quoted(code)}, expected {HS_CODE_FORM}"
    yield from _text(line.description, f"{place}.description", optional=True)
    if line.net_mass_kg < 1:
        yield f"{place}.net_mass_kg: {line.net_mass_kg} kg, expected 1 kg or more"
    if line.packages < 1:
        yield f"{place}.packages: {line.packages}, expected 1 or more; loose goods count as one"
    if line.package_kind and not PACKAGE_KIND.fullmatch(line.package_kind):
        kind = quoted(line.package_kind)
        yield f"{place}.package_kind: {kind}, expected a code of two signs, as BG for a bag"
    if line.un_number and not UN_NUMBER.fullmatch(line.un_number):
        yield f"{place}.un_number: {quoted(line.un_number)}, expected four digits"
    yield from _country(line.origin_country, f"{place}.origin_country", optional=True)


def _certificates(declaration: Declaration) -> Iterator[str]:
    seen: dict[tuple[int, str, str], int] = {}
    for index, each in enumerate(declaration.certificates):
        place = f"$.certificates[{index}]"
        if each.kind not in _CERTIFICATE_KINDS:
            yield f"{place}.kind: missing, expected a kind of certificate"
        yield from _text(each.number, f"{place}.number")
        yield from _country(each.issuer_country, f"{place}.issuer_country")
        begin, end = each.valid_from_utc_ms, each.valid_until_utc_ms
        if begin <= 0:
            yield f"{place}.valid_from_utc_ms: {begin}, expected milliseconds since 1970"
        if end <= begin:
            yield f"{place}.valid_until_utc_ms: {end}, expected later than its beginning, {begin}"
        name = (each.kind, each.number, each.issuer_country)
        first = seen.setdefault(name, index)
        if first < index and each.number:
            yield f"{place}.number: {quoted(each.number)}, the same as $.certificates[{first}]"


def _transit(right: TransitRight) -> Iterator[str]:
    if right.kind not in (TRANSIT_KIND_TIR, TRANSIT_KIND_NATIONAL):
        yield "$.transit.kind: missing, expected TRANSIT_KIND_TIR or TRANSIT_KIND_NATIONAL"
    if right.kind == TRANSIT_KIND_TIR and not TIR_CARNET.fullmatch(right.reference):
        said = quoted(right.reference)
        yield f"$.transit.reference: {said}, expected a TIR carnet: two letters and eight digits"
    else:
        yield from _text(right.reference, "$.transit.reference")
    if right.amount_eur < 1:
        yield f"$.transit.amount_eur: {right.amount_eur} euro, expected 1 euro or more"
    for name in ("departure_office", "destination_office"):
        yield from _text(getattr(right, name), f"$.transit.{name}")
    if right.departure_office and right.departure_office == right.destination_office:
        yield "$.transit.destination_office: the office of departure, expected another one"


# --- single values ---


def _text(text: str, place: str, *, optional: bool = False) -> Iterator[str]:
    """Something must be said, printable, short, and without a space at either end."""
    if not text:
        if not optional:
            yield f"{place}: missing, {_PLAIN}"
    elif not text_is_plain(text) or text != text.strip():
        yield f"{place}: {quoted(text)}, {_PLAIN}, no space at its ends"


def _country(code: str, place: str, *, optional: bool = False) -> Iterator[str]:
    if code not in COUNTRIES and (code or not optional):
        yield f"{place}: {quoted(code) if code else 'missing'}, {_COUNTRY}"
