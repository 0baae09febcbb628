"""What each agency looks at: veterinary, phytosanitary, border guard, transport control.

Pure; lists and limits are data (`AgencyBook`, TOML). Three answers: everything is there, something
is wrong that no person may pass, or a person must look. Certificates are judged on the cautious
side of the clock. Not here: who asks and who is answered (agency.py).
Requirements: OFF-021 in docs/SAFETY.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.agent import NS_PER_MS, Now, Role
from contract.errors import ConfigError
from contract.limits import UTC_ERROR_MS_MAX
from contract.reasons import Reason
from contract.roster import Roster
from contract.v1.customs_pb2 import (
    AGENCY_BORDER_GUARD,
    AGENCY_PHYTOSANITARY,
    AGENCY_TRANSPORT_CONTROL,
    AGENCY_VETERINARY,
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_VETERINARY,
    Declaration,
)
from gate.office.agency_phases import Outcome

HOUR_MS: Final = 3_600_000
Heading = Annotated[str, Meta(pattern=r"^[0-9]{2,10}$")]


class AgencyBook(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the agencies of one side go by.

    veterinary, phytosanitary   HS prefixes of the goods that each of them answers for: animals and
                                what is made of them; plants, feed and flour
    certificate_valid_h         for so long from now a certificate must be good
    gross_mass_max_kg           of tractor, trailer and load; 100 t is what any declaration may say
    """

    format_version: Literal[1] = 1
    veterinary: tuple[Heading, ...] = ("01", "02", "03", "04", "05", "16")
    phytosanitary: tuple[Heading, ...] = (
        *("06", "07", "08", "09", "10", "11", "12", "13", "14", "23"),
    )
    certificate_valid_h: Annotated[float, Meta(gt=0.0, le=720.0)] = 24.0
    gross_mass_max_kg: Annotated[int, Meta(ge=1, le=100_000)] = 100_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules say; the reason of anything but GOOD."""

    outcome: Outcome
    reason: Reason | None = None


GOOD: Final = Finding(Outcome.GOOD)


def read_agency_book(data: bytes, origin: str) -> AgencyBook:
    """A book from TOML. Raises ConfigError that names file, place and what was expected."""
    try:
        return msgspec.toml.decode(data, type=AgencyBook)
    except msgspec.DecodeError as fault:
        raise ConfigError(f"{origin}: {fault}") from None
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{origin}: byte {fault.start} is not UTF-8") from None


def look(
    agency: int, declaration: Declaration, book: AgencyBook, roster: Roster, *, now: Now
) -> Finding:
    """What one agency's rules make of a declaration now."""
    return _LOOKS[agency](declaration, book, roster, now)


def _veterinary(declaration: Declaration, book: AgencyBook, _: Roster, now: Now) -> Finding:
    return _certified(declaration, book.veterinary, CERTIFICATE_KIND_VETERINARY, (book, now))


def _phytosanitary(declaration: Declaration, book: AgencyBook, _: Roster, now: Now) -> Finding:
    return _certified(declaration, book.phytosanitary, CERTIFICATE_KIND_PHYTOSANITARY, (book, now))


def _certified(
    declaration: Declaration, headings: tuple[str, ...], kind: int, by: tuple[AgencyBook, Now]
) -> Finding:
    """Good with a certificate that is valid all the time; a person decides about anything else,
    about goods too that no list has.
    """
    book, now = by
    if declaration.empty_running and not declaration.goods:
        return GOOD
    if not any(line.hs_code.startswith(headings) for line in declaration.goods):
        return Finding(Outcome.UNSURE, Reason.GOODS_NOT_LISTED)
    error_ms = -(-now.utc_error_ns // NS_PER_MS)
    if error_ms > UTC_ERROR_MS_MAX:
        return Finding(Outcome.UNSURE, Reason.CLOCK_UNSURE)
    until_ms = now.utc_ms + round(book.certificate_valid_h * HOUR_MS)
    valid = any(
        each.kind == kind
        and each.number
        and each.issuer_country
        and each.valid_from_utc_ms <= now.utc_ms - error_ms
        and each.valid_until_utc_ms >= until_ms + error_ms
        for each in declaration.certificates
    )
    return GOOD if valid else Finding(Outcome.UNSURE, Reason.CERTIFICATE_MISSING)


def _border_guard(declaration: Declaration, _: AgencyBook, roster: Roster, __: Now) -> Finding:
    """Nobody on board, and a truck that this corridor knows by its key."""
    if declaration.crew_count != 0:
        return Finding(Outcome.FAULTY, Reason.CREW_DECLARED)
    node = roster.nodes.get(declaration.vehicle_id)
    known = node is not None and node.role is Role.VEHICLE
    if node is None or not known or node.key_id != declaration.vehicle_key_id:
        return Finding(Outcome.FAULTY, Reason.VEHICLE_NOT_ADMITTED)
    if declaration.empty_running and not declaration.vehicle_permit_id:
        return Finding(Outcome.FAULTY, Reason.VEHICLE_NOT_ADMITTED)
    return GOOD


def _transport_control(declaration: Declaration, book: AgencyBook, _: Roster, __: Now) -> Finding:
    """A named truck with a named trailer, within the limit of mass."""
    if not declaration.vehicle_id or not declaration.trailer_id:
        return Finding(Outcome.FAULTY, Reason.DECLARATION_FAULTY)
    if not 0 < declaration.gross_mass_kg <= book.gross_mass_max_kg:
        return Finding(Outcome.FAULTY, Reason.MASS_NOT_ADMITTED)
    return GOOD


_LOOKS: Final[Mapping[int, Callable[[Declaration, AgencyBook, Roster, Now], Finding]]] = {
    AGENCY_VETERINARY: _veterinary,
    AGENCY_PHYTOSANITARY: _phytosanitary,
    AGENCY_BORDER_GUARD: _border_guard,
    AGENCY_TRANSPORT_CONTROL: _transport_control,
}
KNOWN: Final = frozenset(_LOOKS)
