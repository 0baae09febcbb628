"""What a terminal writes into its declarations: traders, certificates, batches, containers.

Everything that a load does not decide is drawn here, from a stream of the terminal's own and the
same number of draws for every load, so that one share never moves another one. Numbers have right
check digits and belong to nobody. Not here: which load and when (terminal.py), what must be in a
declaration (gate/office/declaration.py), what an office wants beyond that (gate/office/rules.py).
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from contract.roster import Roster
from contract.v1.customs_pb2 import (
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_QUOTA,
    CERTIFICATE_KIND_VETERINARY,
    TRANSIT_KIND_TIR,
    Certificate,
    CertificateKind,
    Declaration,
    GoodsLine,
    Trader,
    TransitRight,
)
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from gate.office.check_digits import container_digit, credit_code_letter, kz_digit
from sim.load_arrivals import Arrivals

TARE_KG: Final = 15_000
DAY_MS: Final = 24 * 3_600_000
CERTIFICATE_AGE_MS: Final = 7 * DAY_MS
CERTIFICATE_LEFT_MS: Final = 21 * DAY_MS
TRADERS: Final = 4  # authorised ones of a country, and as many others
OFFICES: Final = {"KZ": "KZ-BAKHTY", "CN": "CN-POKITU"}  # between which the line lies
THIRD_COUNTRY: Final = "UZ"  # where goods in transit come from or go to
GUARANTEE_EUR: Final = 60_000
REWEIGHED: Final = 0.99  # what an amended load weighs of what was declared first

# Headings and what must travel with them: reference of docs/SCENARIOS.md, "Where the figures...".
_NEEDED: Final[tuple[tuple[tuple[str, ...], CertificateKind, str], ...]] = (
    (("06", "07", "08", "09", "10", "11", "12", "23"), CERTIFICATE_KIND_PHYTOSANITARY, "EPHYTO"),
    (("02",), CERTIFICATE_KIND_VETERINARY, "EVET"),
    (("1001", "1005"), CERTIFICATE_KIND_QUOTA, "QUOTA"),
)


@dataclass(frozen=True, slots=True)
class Flow:
    """One commodity in this terminal's direction; of 0 an hour it is never short.

    batch                vehicles under one waybill
    aeo, container, transit, amended   shares of the loads, 0 to 1
    certificate_missing, certificate_expired   shares that lack one, or have one that is over
    certificate_after_s   so long after filing it is filed anew; 0: never
    perishable           it is loaded before what is not
    begins_s, ends_s      loads come by themselves between these, from the start of the terminal
    """

    goods: str
    hs_code: str
    payload_t: float
    payload_sd_t: float
    weight: float
    arrivals: Arrivals
    batch: int = 1
    aeo: float = 0.0
    container: float = 0.0
    transit: float = 0.0
    certificate_missing: float = 0.0
    amended: float = 0.0
    certificate_expired: float = 0.0
    certificate_after_s: float = 0.0
    begins_s: float = 0.0
    ends_s: float = math.inf
    perishable: bool = False

    @property
    def per_hour(self) -> float:
        return self.arrivals.per_hour


@dataclass(slots=True)
class Batch:
    """One waybill: its number, and how many of its vehicles are still to be loaded."""

    number: str
    left: int


def trailer_of(vehicle: str) -> str:
    """The trailer that a truck has at the start, and keeps unless it swaps it."""
    return f"T-{vehicle}"


@dataclass(slots=True)
class Papers:
    """The pen of one terminal. `country` is its side."""

    country: str
    roster: Roster
    draws: random.Random
    batches: int = 0
    trailer_of: Callable[[str], str] = trailer_of
    open: dict[Flow, Batch] = field(default_factory=dict)

    @property
    def other(self) -> str:
        return "CN" if self.country == "KZ" else "KZ"

    def wants_more(self, flow: Flow) -> bool:
        """True while vehicles of a begun batch of this flow are still to be loaded."""
        return flow in self.open

    def empty(self, vehicle: str, crossing: str) -> Declaration:
        """The dossier of an empty truck."""
        declaration = self._begun(vehicle, crossing)
        declaration.empty_running = True
        declaration.vehicle_permit_id = f"TA-{vehicle}"
        return declaration

    def loaded(
        self, vehicle: str, crossing: str, flow: Flow, *, payload_kg: int, utc_ms: int
    ) -> Declaration:
        """The declaration of a load, as it is filed first."""
        aeo, container, transit, missing, whose = (self.draws.random() for _ in range(5))
        declaration = self._begun(vehicle, crossing)
        declaration.goods.append(
            GoodsLine(
                hs_code=flow.hs_code, description=flow.goods, net_mass_kg=payload_kg, packages=1
            )
        )
        declaration.cargo_mass_kg = payload_kg
        declaration.gross_mass_kg = TARE_KG + payload_kg
        declaration.seals.append(f"S-{crossing}")
        which = int(whose * TRADERS)
        for name, country in (("consignor", self.country), ("consignee", self.other)):
            getattr(declaration, name).CopyFrom(trader(country, which, aeo=aeo < flow.aeo))
        declaration.origin_country = self.country
        declaration.destination_country = self.other
        declaration.customs_offices.extend(OFFICES[each] for each in (self.country, self.other))
        shipper = declaration.consignor.trader_id
        declaration.consignment_reference = f"6{self.country}{shipper}-{crossing}"
        needed = self._certificates(flow.hs_code, crossing, utc_ms)
        if needed and missing < flow.certificate_missing:
            del needed[0]
        elif needed and missing < flow.certificate_missing + flow.certificate_expired:
            needed[0].valid_until_utc_ms = utc_ms - DAY_MS
        declaration.certificates.extend(needed)
        if container < flow.container:
            declaration.container_id = container_number(self.country, crossing)
        if transit < flow.transit:
            self._in_transit(declaration, crossing)
        self._in_batch(declaration, flow)
        return declaration

    def lacks(self, declaration: Declaration, utc_ms: int) -> bool:
        """Whether a certificate that the goods need is missing or over."""
        needed = self._certificates(declaration.goods[0].hs_code, declaration.crossing_id, utc_ms)
        valid = [e for e in declaration.certificates if e.valid_until_utc_ms > utc_ms]
        return len(valid) < len(needed)

    def certified(self, declaration: Declaration, utc_ms: int) -> Declaration:
        """The next version, with every certificate that the goods need, issued anew."""
        version = Declaration()
        version.CopyFrom(declaration)
        version.version += 1
        del version.certificates[:]
        code = declaration.goods[0].hs_code
        version.certificates.extend(self._certificates(code, declaration.crossing_id, utc_ms))
        return version

    def amendment(self, flow: Flow) -> str:
        """What will have to be amended of the load just declared: "seal", "mass" or nothing."""
        amended, what = self.draws.random(), self.draws.random()
        if amended >= flow.amended:
            return ""
        return "seal" if what < 0.5 else "mass"

    def _begun(self, vehicle: str, crossing: str) -> Declaration:
        """What every crossing has."""
        return Declaration(
            declaration_id=f"D-{crossing}",
            version=1,
            crossing_id=crossing,
            direction=DIRECTION_EAST if self.country == "KZ" else DIRECTION_WEST,
            vehicle_id=vehicle,
            vehicle_key_id=self.roster.nodes[vehicle].key_id,
            trailer_id=self.trailer_of(vehicle),
            gross_mass_kg=TARE_KG,
            carrier=trader(self.country, TRADERS - 1),
        )

    def _certificates(self, hs_code: str, crossing: str, utc_ms: int) -> list[Certificate]:
        """What must travel with goods of this code, issued a week ago on this side."""
        return [
            Certificate(
                kind=kind,
                number=f"{word}-{self.country}-{crossing}",
                issuer_country=self.country,
                valid_from_utc_ms=utc_ms - CERTIFICATE_AGE_MS,
                valid_until_utc_ms=utc_ms + CERTIFICATE_LEFT_MS,
            )
            for headings, kind, word in _NEEDED
            if hs_code.startswith(headings)
        ]

    def _in_transit(self, declaration: Declaration, crossing: str) -> None:
        """From or to a third country under a carnet, with a seal that tells where it is."""
        abroad = "origin_country" if self.country == "KZ" else "destination_country"
        setattr(declaration, abroad, THIRD_COUNTRY)
        side, number = crossing.rpartition("-")[::2]
        offices = [
            f"{declaration.origin_country}-EXPORT",
            *declaration.customs_offices,
            f"{declaration.destination_country}-IMPORT",
        ]
        declaration.transit.CopyFrom(
            TransitRight(
                kind=TRANSIT_KIND_TIR,
                reference=f"X{side[:1]}{int(number):08d}",
                amount_eur=GUARANTEE_EUR,
                departure_office=offices[0],
                destination_office=offices[-1],
            )
        )
        declaration.customs_offices[:] = offices
        declaration.navigation_seal_id = f"N-{crossing}"
        declaration.seals.append(declaration.navigation_seal_id)

    def _in_batch(self, declaration: Declaration, flow: Flow) -> None:
        """The batch that is open, or a new one, if the flow travels in batches."""
        if flow.batch <= 1:
            return
        if flow not in self.open:
            self.batches += 1
            side = 1 if self.country == "KZ" else 2
            self.open[flow] = Batch(f"{side}{self.batches:09d}", flow.batch)
        batch = self.open[flow]
        declaration.batch_number, declaration.batch_size = batch.number, flow.batch
        batch.left -= 1
        if batch.left == 0:
            del self.open[flow]


def amend(declaration: Declaration, what: str) -> Declaration:
    """The next version: with another seal, or with the mass of a second weighing."""
    amended = Declaration()
    amended.CopyFrom(declaration)
    amended.version += 1
    if what == "seal":
        amended.seals[0] = f"{declaration.seals[0]}-{amended.version}"
        return amended
    line = amended.goods[0]
    line.net_mass_kg = max(1, round(line.net_mass_kg * REWEIGHED))
    amended.cargo_mass_kg = sum(each.net_mass_kg for each in amended.goods)
    amended.gross_mass_kg = TARE_KG + amended.cargo_mass_kg
    return amended


def trader(country: str, which: int, *, aeo: bool = False) -> Trader:
    """One of a country's traders: whether it is authorised belongs to the trader, not the load."""
    ids = _TRADER_IDS[country]
    return Trader(
        trader_id=ids[which if aeo else TRADERS + which],
        country=country,
        authorised_economic_operator=aeo,
    )


def container_number(country: str, crossing: str) -> str:
    """The container of a crossing, by ISO 6346."""
    first = f"{country}XU{int(crossing.rpartition('-')[2]) % 1_000_000:06d}"
    return first + container_digit(first)


def _kz_ids(count: int) -> list[str]:
    firsts = (f"1503400{number:04d}" for number in range(1, 10_000))
    whole = [(first, kz_digit(first)) for first in firsts]
    return [f"{first}{digit}" for first, digit in whole if digit is not None][:count]


def _cn_ids(count: int) -> list[str]:
    firsts = [f"91654200MA78{number:05d}" for number in range(1, count + 1)]
    return [first + credit_code_letter(first) for first in firsts]


_TRADER_IDS: Final = {"KZ": _kz_ids(2 * TRADERS), "CN": _cn_ids(2 * TRADERS)}
