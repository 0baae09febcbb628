"""An office's papers: releases, holds, refusals, revocations and notices, made from a case.

Pure; nothing is decided here. A release binds crossing, declaration digest, seals, vehicle and its
key; the origin office's carries its consent to take the crossing back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from contract.agent import Now
from contract.reasons import Reason
from contract.signing import digest
from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    ControlOrder,
    CrossingNotice,
    Declaration,
    Hold,
    Refusal,
    Release,
    ReleaseSubject,
    Revocation,
)
from contract.v1.document_pb2 import Channel, Country, Direction, Document
from gate.office.phases import Phase


class Case(msgspec.Struct):
    """One crossing as this office knows it; `document` is the declaration as it was signed."""

    crossing_id: str
    document: bytes
    phase: str = Phase.NEW.name
    channel: int = 0
    rules: list[str] = []
    releases: int = 0
    release_id: str = ""

    @property
    def declaration_sha256(self) -> bytes:
        return digest(Document.FromString(self.document).payload)


def channel_name(channel: int) -> str:
    """Channel in words, for people."""
    return Channel.Name(channel).removeprefix("CHANNEL_").lower()


@dataclass(frozen=True, slots=True)
class Papers:
    """One office's pen. `origin_of` is the direction of travel that begins on its side."""

    country: Country
    origin_of: Direction
    prefix: str
    release_valid_ms: int

    def release(self, case: Case, declaration: Declaration, now: Now) -> Release:
        """Let it pass, from now on for as long as releases are valid."""
        return Release(
            release_id=case.release_id,
            office=self.country,
            subject=ReleaseSubject(
                crossing_id=case.crossing_id,
                declaration_sha256=case.declaration_sha256,
                direction=declaration.direction,
                vehicle_id=declaration.vehicle_id,
                vehicle_key_id=declaration.vehicle_key_id,
                trailer_id=declaration.trailer_id,
                seals=declaration.seals,
            ),
            not_before_utc_ms=now.utc_ms,
            not_after_utc_ms=now.utc_ms + self.release_valid_ms,
            readmission_consent=declaration.direction == self.origin_of,
            legal_signature_sha256=digest(b"legal signature " + case.declaration_sha256),
            channel=Channel.Name(case.channel),
            rules=case.rules,
        )

    def hold(self, case: Case, reason: Reason, places: Sequence[str]) -> Hold:
        """Something is wanted first; with places, an inspection in one of them."""
        controls = [ControlOrder(kind=CONTROL_KIND_PHYSICAL, places=places)] if places else []
        return Hold(
            hold_id=f"{self.prefix}-{case.crossing_id}-hold",
            office=self.country,
            crossing_id=case.crossing_id,
            declaration_sha256=case.declaration_sha256,
            reason=reason.name,
            channel=Channel.Name(case.channel),
            rules=case.rules,
            controls=controls,
        )

    def refusal(self, case: Case, reason: Reason) -> Refusal:
        """No."""
        return Refusal(
            refusal_id=f"{self.prefix}-{case.crossing_id}-refusal",
            office=self.country,
            crossing_id=case.crossing_id,
            declaration_sha256=case.declaration_sha256,
            reason=reason.name,
            rules=case.rules,
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
            direction=declaration.direction,
            vehicle_id=declaration.vehicle_id,
            loaded=not declaration.empty_running,
            gross_mass_kg=declaration.gross_mass_kg,
            cargo_mass_kg=declaration.cargo_mass_kg,
            office=self.country,
            channel=Channel.Name(case.channel),
            seals=declaration.seals,
            declaration_sha256=case.declaration_sha256,
            batch_number=declaration.batch_number,
        )
