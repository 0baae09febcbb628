"""An office's papers: releases, holds, refusals, revocations and notices, made from a case.

Pure; nothing is decided here. A release binds crossing, declaration digest, seals, containers,
vehicle and its key; the origin office's carries its consent to take the crossing back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contract.agent import Now
from contract.reasons import Reason
from contract.signing import digest
from contract.v1.customs_pb2 import (
    ArrivalScan,
    ControlKind,
    ControlOrder,
    CrossingNotice,
    Declaration,
    Hold,
    Refusal,
    Release,
    ReleaseSubject,
    Revocation,
)
from contract.v1.document_pb2 import (
    DIRECTION_EAST,
    DIRECTION_WEST,
    Channel,
    Country,
    Direction,
)
from gate.office.case import Case

# Flowers, vegetables, fruit, meat, fish, milk: what spoils on the road.
PERISHABLE = ("02", "03", "04", "06", "07", "08")
_BACK = {DIRECTION_EAST: DIRECTION_WEST, DIRECTION_WEST: DIRECTION_EAST}


def channel_name(channel: int) -> str:
    """Channel in words, for people."""
    return Channel.Name(channel).removeprefix("CHANNEL_").lower()


def direction_of(case: Case, declaration: Declaration) -> Direction:
    """Where a case goes: as declared, or the other way if it is a way back."""
    return _BACK[declaration.direction] if case.return_of else declaration.direction


def is_trusted(declaration: Declaration) -> bool:
    """Both traders are authorised; for the order of trucks only, so whoever trusts them."""
    traders = (declaration.consignor, declaration.consignee)
    return all(trader.authorised_economic_operator for trader in traders)


@dataclass(frozen=True, slots=True)
class Papers:
    """One office's pen. `origin_of` is the direction of travel that begins on its side."""

    country: Country
    origin_of: Direction
    prefix: str
    release_valid_ms: int

    def release(self, case: Case, declaration: Declaration, now: Now) -> Release:
        """Let it pass, from now on for as long as releases are valid."""
        direction = direction_of(case, declaration)
        return Release(
            release_id=case.release_id,
            office=self.country,
            subject=ReleaseSubject(
                crossing_id=case.crossing_id,
                declaration_sha256=case.declaration_sha256,
                direction=direction,
                vehicle_id=declaration.vehicle_id,
                vehicle_key_id=declaration.vehicle_key_id,
                trailer_id=declaration.trailer_id,
                seals=declaration.seals,
                container_ids=[declaration.container_id] if declaration.container_id else [],
            ),
            not_before_utc_ms=now.utc_ms,
            not_after_utc_ms=now.utc_ms + self.release_valid_ms,
            readmission_consent=direction == self.origin_of,
            legal_signature_sha256=digest(b"legal signature " + case.declaration_sha256),
            channel=Channel.Name(case.channel),
            rules=case.rules,
            selection=case.selection,
        )

    def hold(self, case: Case, reason: Reason, places: Mapping[int, tuple[str, ...]]) -> Hold:
        """Something is wanted first; `places` says what must be inspected, and where it may be."""
        return Hold(
            hold_id=f"{self.prefix}-{case.crossing_id}-hold",
            office=self.country,
            crossing_id=case.crossing_id,
            declaration_sha256=case.declaration_sha256,
            reason=reason.name,
            channel=Channel.Name(case.channel),
            rules=case.rules,
            selection=case.selection,
            controls=[
                ControlOrder(kind=ControlKind.Name(kind), places=where)
                for kind, where in places.items()
            ],
            owner=case.owner,
        )

    def refusal(self, case: Case, reason: Reason, return_id: str) -> Refusal:
        """No; past the line, with the crossing that takes the truck back."""
        return Refusal(
            refusal_id=f"{self.prefix}-{case.crossing_id}-refusal",
            office=self.country,
            crossing_id=case.crossing_id,
            declaration_sha256=case.declaration_sha256,
            reason=reason.name,
            rules=case.rules,
            selection=case.selection,
            return_crossing_id=return_id,
        )

    def revocation(self, case: Case, reason: Reason, number: int) -> Revocation:
        """The release in force is void; numbered without gaps."""
        return Revocation(
            number=number,
            office=self.country,
            crossing_id=case.crossing_id,
            release_id=case.release_id,
            reason=reason.name,
        )

    def notice(self, case: Case, declaration: Declaration) -> CrossingNotice:
        """A crossing exists, for the supervisor; nothing commercial goes with it."""
        return CrossingNotice(
            crossing_id=case.crossing_id,
            direction=direction_of(case, declaration),
            vehicle_id=declaration.vehicle_id,
            loaded=not declaration.empty_running,
            gross_mass_kg=declaration.gross_mass_kg,
            cargo_mass_kg=declaration.cargo_mass_kg,
            office=self.country,
            channel=Channel.Name(case.channel),
            seals=declaration.seals,
            declaration_sha256=case.declaration_sha256,
            batch_number=declaration.batch_number,
            batch_size=declaration.batch_size,
            returns_crossing_id=case.return_of,
            container_id=declaration.container_id,
            arrival_scan=ArrivalScan.Name(ArrivalScan.ValueType(case.arrival_scan)),
            perishable=any(line.hs_code.startswith(PERISHABLE) for line in declaration.goods),
            trusted=is_trusted(declaration),
        )
