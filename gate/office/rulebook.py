"""The rule book of an office: which goods and traders need what, as data.

Pure. A book is TOML (kz.toml, cn.toml beside this file are examples of the two sides); a rule has a
condition, what it asks for, and a sentence that says why. Every rule whose condition holds fires,
and the strictest of what they ask for counts: a rule cannot make another one milder. Not here:
selection by chance (rules.py), time (hours.py), who decides (agent.py).
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError
from contract.v1.customs_pb2 import (
    AGENCY_BORDER_GUARD,
    AGENCY_PHYTOSANITARY,
    AGENCY_TRANSPORT_CONTROL,
    AGENCY_VETERINARY,
    CERTIFICATE_KIND_ORIGIN,
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_QUOTA,
    CERTIFICATE_KIND_VETERINARY,
    CONTROL_KIND_PHYSICAL,
    CONTROL_KIND_PHYTOSANITARY,
    CONTROL_KIND_SAMPLING,
    CONTROL_KIND_SEAL,
    CONTROL_KIND_VETERINARY,
    CONTROL_KIND_XRAY,
    Declaration,
)
from contract.v1.document_pb2 import (
    CHANNEL_GREEN,
    CHANNEL_RED,
    CHANNEL_YELLOW,
    DIRECTION_EAST,
    Channel,
)
from gate.office.audit import AuditLimits

ChannelWord = Literal["green", "yellow", "red"]
AgencyWord = Literal["veterinary", "phytosanitary", "border_guard", "transport_control"]
ControlWord = Literal["xray", "physical", "phytosanitary", "veterinary", "seal", "sampling"]
CertificateWord = Literal["phytosanitary", "veterinary", "origin", "quota"]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Heading = Annotated[str, Meta(pattern=r"^[0-9]{2,10}$")]
CountryCode = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
OfficeName = Annotated[str, Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{2,12})?$")]
PlaceName = Annotated[str, Meta(min_length=1, max_length=40)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

SHARES_OFF_MAX: Final = 1e-6
CHANNELS: Final[Mapping[str, Channel]] = {
    "green": CHANNEL_GREEN,
    "yellow": CHANNEL_YELLOW,
    "red": CHANNEL_RED,
}
AGENCIES: Final = {
    "veterinary": AGENCY_VETERINARY,
    "phytosanitary": AGENCY_PHYTOSANITARY,
    "border_guard": AGENCY_BORDER_GUARD,
    "transport_control": AGENCY_TRANSPORT_CONTROL,
}
CONTROLS: Final = {
    "xray": CONTROL_KIND_XRAY,
    "physical": CONTROL_KIND_PHYSICAL,
    "phytosanitary": CONTROL_KIND_PHYTOSANITARY,
    "veterinary": CONTROL_KIND_VETERINARY,
    "seal": CONTROL_KIND_SEAL,
    "sampling": CONTROL_KIND_SAMPLING,
}
_CERTIFICATES: Final = {
    "phytosanitary": CERTIFICATE_KIND_PHYTOSANITARY,
    "veterinary": CERTIFICATE_KIND_VETERINARY,
    "origin": CERTIFICATE_KIND_ORIGIN,
    "quota": CERTIFICATE_KIND_QUOTA,
}


class When(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A condition: every part that is said must hold.

    goods     HS prefixes; one line of the declaration begins with one of them
    trusted   consignor and consignee are authorised economic operators that this office recognises
    lacks     no certificate of this kind is valid now and for as long as a release would be
    via       one of these customs offices is on the declared route; a country: any office of it
    misses    one of these is not on the declared route
    """

    direction: Literal["E", "W"] | None = None
    loaded: bool | None = None
    goods: tuple[Heading, ...] = ()
    trusted: bool | None = None
    origin: tuple[CountryCode, ...] = ()
    dangerous: bool | None = None
    transit: bool | None = None
    batch: bool | None = None
    lacks: CertificateWord | None = None
    via: tuple[OfficeName, ...] = ()
    misses: tuple[OfficeName, ...] = ()
    gross_mass_above_kg: Annotated[int, Meta(ge=0)] | None = None


class ChannelShares(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Shares of the crossings that chance puts into each channel; they sum to one."""

    green: Share
    yellow: Share
    red: Share

    def __post_init__(self) -> None:
        total = self.green + self.yellow + self.red
        if abs(total - 1.0) > SHARES_OFF_MAX:
            raise ValueError(f"shares sum to {total:.6g}, expected 1")


class Rule(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One rule: `because` is what an officer or a trader reads.

    channel     at least this strict
    agencies    who must endorse;   controls   what must be inspected
    selection   factor on the share of crossings that chance picks out
    shares      of each channel by chance, in place of the office's own; of the rules that fire, the
                first one that has them counts
    refuse      it is refused as it is declared, and the trader amends it
    """

    id: Annotated[str, Meta(min_length=1, max_length=40)]
    because: Annotated[str, Meta(min_length=1, max_length=120)]
    when: When = When()
    channel: ChannelWord = "green"
    agencies: tuple[AgencyWord, ...] = ()
    controls: tuple[ControlWord, ...] = ()
    selection: Share = 1.0
    shares: ChannelShares | None = None
    refuse: bool = False


class Hours(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Opening hours of a day by local time; `closes` before `opens` goes over midnight."""

    opens: Clock
    closes: Clock
    utc_offset_min: Annotated[int, Meta(ge=-720, le=840)] = 300


class Quota(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Crossings that may be released on one local day, by direction of travel; absent: any."""

    east: Annotated[int, Meta(ge=0)] | None = None
    west: Annotated[int, Meta(ge=0)] | None = None


class RuleBook(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What one office goes by, beside chance.

    mass_tolerance_permille, mass_tolerance_kg   the larger of the two is let pass
    recognise_scans   a scan signed at the other side's station counts here; so does a finding
    recognise_aeo     traders that the other side trusts are trusted here
    scan_age_max_h    how old a recognised scan may be
    places            where a kind of inspection may be, by its word; absent: in any bay
    rescan_share      of what the other side has scanned, so much is scanned again here, by draw
    audit             when a station of the other side is not believed any more
    release_before_result   who gave a sample goes on before the laboratory's result if the risk is
                            low: traders trusted here, not red, nothing found
    hours             when it releases; absent: at any time
    round_the_clock   it releases at any time whatever its hours are, which still say when its day
                      begins
    """

    format_version: Literal[1] = 1
    mass_tolerance_permille: Annotated[int, Meta(ge=0, le=100)] = 5
    mass_tolerance_kg: Annotated[int, Meta(ge=0, le=5_000)] = 200
    recognise_scans: bool = True
    recognise_aeo: bool = True
    scan_age_max_h: Annotated[float, Meta(gt=0.0, le=168.0)] = 24.0
    rescan_share: Share = 0.0
    audit: AuditLimits = AuditLimits()
    release_before_result: bool = False
    round_the_clock: bool = False
    hours: Hours | None = None
    quota: Quota = Quota()
    places: dict[ControlWord, tuple[PlaceName, ...]] = {}
    rule: tuple[Rule, ...] = ()

    @property
    def open_hours(self) -> Hours | None:
        """The hours that it keeps to; None: it is always open."""
        return None if self.round_the_clock else self.hours


def read_book(data: bytes, origin: str) -> RuleBook:
    """A book from TOML. Raises ConfigError that names file, place and what was expected."""
    try:
        book = msgspec.toml.decode(data, type=RuleBook)
    except msgspec.DecodeError as fault:
        raise ConfigError(f"{origin}: {fault}") from None
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{origin}: byte {fault.start} is not UTF-8") from None
    seen: set[str] = set()
    for index, rule in enumerate(book.rule):
        if rule.id in seen:
            raise ConfigError(f"{origin}: rule[{index}].id: {rule.id!r} is there twice")
        seen.add(rule.id)
    return book


def fires(when: When, declaration: Declaration, trust: bool, span_utc_ms: tuple[int, int]) -> bool:
    """Whether a condition holds.

    trust         both traders are trusted here
    span_utc_ms   now, and until when a release would be good
    """
    loaded = not declaration.empty_running
    asked = (
        (when.direction, "E" if declaration.direction == DIRECTION_EAST else "W"),
        (when.loaded, loaded),
        (when.trusted, trust),
        (when.dangerous, any(line.un_number for line in declaration.goods)),
        (when.transit, declaration.HasField("transit")),
        (when.batch, declaration.batch_size > 1),
    )
    if any(wanted is not None and wanted != seen for wanted, seen in asked):
        return False
    if when.goods and not any(line.hs_code.startswith(when.goods) for line in declaration.goods):
        return False
    if when.origin and declaration.origin_country not in when.origin:
        return False
    if when.via and not any(_passes(declaration, office) for office in when.via):
        return False
    if when.misses and all(_passes(declaration, office) for office in when.misses):
        return False
    if when.lacks is not None and _certified(declaration, when.lacks, span_utc_ms):
        return False
    limit_kg = when.gross_mass_above_kg
    return limit_kg is None or declaration.gross_mass_kg > limit_kg


def trusted(declaration: Declaration, book: RuleBook, country: str) -> bool:
    """Both traders are authorised; one of another country only where that is recognised."""
    traders = (declaration.consignor, declaration.consignee)
    return all(
        trader.authorised_economic_operator and (trader.country == country or book.recognise_aeo)
        for trader in traders
    )


def _passes(declaration: Declaration, office: str) -> bool:
    """Whether an office, or any office of a country, is on the declared route."""
    offices = declaration.customs_offices
    return any(each == office or each.startswith(f"{office}-") for each in offices)


def _certified(declaration: Declaration, kind: str, span_utc_ms: tuple[int, int]) -> bool:
    now_ms, end_ms = span_utc_ms
    return any(
        each.kind == _CERTIFICATES[kind]
        and each.valid_from_utc_ms <= now_ms
        and each.valid_until_utc_ms >= end_ms
        for each in declaration.certificates
    )
