"""Release: may this crossing enter the neutral zone? (vital)

Pure. In: documents that claim to be releases, the release keys of both offices, who stands at the
gate, the time with its error, what was revoked. Out: `Cleared` or `Refused(reason)` - never a
maybe. A yes needs one verified release of each office, alike in every field of their subject, for
this crossing and this vehicle key, valid with the clock error on the cautious side, not revoked,
and with the origin office's consent to take the crossing back. Gate, truck and supervisor each ask
for themselves. Not here: where documents come from, barriers (gate/interlock.py), movement
(vehicle/guard.py).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from contract.agent import NS_PER_MS, Now, Refused
from contract.limits import UTC_ERROR_MS_MAX
from contract.reasons import Reason
from contract.signing import open_document, type_name
from contract.v1.customs_pb2 import Release, ReleaseSubject, Revocation
from contract.v1.document_pb2 import (
    COUNTRY_CN,
    COUNTRY_KZ,
    DIRECTION_EAST,
    DIRECTION_WEST,
    Document,
)

_OFFICES: Final = (
    ("KZ", COUNTRY_KZ, DIRECTION_EAST, Reason.RELEASE_MISSING_KZ),
    ("CN", COUNTRY_CN, DIRECTION_WEST, Reason.RELEASE_MISSING_CN),
)
RELEASE_TYPE: Final = type_name(Release)
TakenBack = tuple[str, str]  # office ("KZ", "CN") and id of its release


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who wants to pass: one vehicle by its key, under one crossing."""

    crossing_id: str
    vehicle_id: str
    vehicle_key_id: bytes


@dataclass(frozen=True, slots=True)
class Cleared:
    """Both offices let this claimant pass."""

    kz: Release
    cn: Release

    @property
    def subject(self) -> ReleaseSubject:
        return self.kz.subject

    @property
    def releases(self) -> tuple[TakenBack, TakenBack]:
        """Whose releases these are, and their ids."""
        return ("KZ", self.kz.release_id), ("CN", self.cn.release_id)


def judge(
    documents: Iterable[Document],
    release_keys: Mapping[str, Mapping[bytes, bytes]],
    claimant: Claimant,
    *,
    now: Now,
    revoked: Collection[TakenBack] = frozenset(),
) -> Cleared | Refused:
    """Whether `claimant` may enter the neutral zone now, by these documents.

    release_keys   country ("KZ", "CN") -> key id -> Ed25519 public key
    revoked        what offices have taken back, by `read_revocation`
    Documents that no office signed are as good as absent.
    """
    if now.utc_error_ns > UTC_ERROR_MS_MAX * NS_PER_MS:
        return Refused(Reason.CLOCK_UNSURE, f"error {now.utc_error_ns // NS_PER_MS} ms")
    offered = [item for item in documents if item.payload_type == RELEASE_TYPE]
    found: dict[str, Release] = {}
    for office, country, origin_of, missing in _OFFICES:
        release = _only_release(offered, release_keys.get(office, {}), country, missing)
        if isinstance(release, Refused):
            return release
        fault = _fault(release, claimant, now, revoked=(office, release.release_id) in revoked)
        if fault is not None:
            return fault
        if release.subject.direction == origin_of and not release.readmission_consent:
            return Refused(Reason.NO_READMISSION, f"office {office}")
        found[office] = release
    difference = _difference(found["KZ"].subject, found["CN"].subject)
    if difference:
        return Refused(Reason.RELEASE_DIFFERS, difference)
    return Cleared(found["KZ"], found["CN"])


def read_revocation(
    document: Document, release_keys: Mapping[str, Mapping[bytes, bytes]]
) -> TakenBack | Refused:
    """The release that a document takes back, if the office that gave it signed that.

    An office takes back its own releases alone: the other's are the other's to take back.
    """
    for office, country, _, _ in _OFFICES:
        taken = open_document(document, Revocation, release_keys.get(office, {}))
        if isinstance(taken, Revocation) and taken.office == country and taken.release_id:
            return office, taken.release_id
    return Refused(Reason.BAD_SIGNATURE, "no office takes back a release of its own by this")


def _only_release(
    documents: Iterable[Document], keys: Mapping[bytes, bytes], country: int, missing: Reason
) -> Release | Refused:
    """The one release that this office signed; the same bytes twice are still one."""
    releases: dict[bytes, Release] = {}
    for document in documents:
        release = open_document(document, Release, keys)
        if isinstance(release, Release) and release.office == country and release.release_id:
            releases[document.payload] = release
    if not releases:
        return Refused(missing)
    if len(releases) > 1:
        ids = sorted(release.release_id for release in releases.values())
        return Refused(Reason.RELEASE_TWICE, ", ".join(ids))
    return next(iter(releases.values()))


def _fault(release: Release, claimant: Claimant, now: Now, *, revoked: bool) -> Refused | None:
    subject = release.subject
    if not _is_complete(subject) or release.not_before_utc_ms <= 0:
        return Refused(Reason.RELEASE_FOREIGN, f"{release.release_id} leaves fields open")
    if (subject.crossing_id, subject.vehicle_id, subject.vehicle_key_id) != (
        claimant.crossing_id,
        claimant.vehicle_id,
        claimant.vehicle_key_id,
    ):
        detail = f"{release.release_id} is for {subject.crossing_id}, {subject.vehicle_id}"
        return Refused(Reason.RELEASE_FOREIGN, detail)
    if revoked:
        return Refused(Reason.RELEASE_REVOKED, release.release_id)
    early_ms = release.not_before_utc_ms - (now.utc_ns - now.utc_error_ns) // NS_PER_MS
    if early_ms > 0:
        return Refused(Reason.RELEASE_NOT_YET, f"{release.release_id} in {early_ms} ms")
    late_ms = -(-(now.utc_ns + now.utc_error_ns) // NS_PER_MS) - release.not_after_utc_ms
    if late_ms > 0:
        return Refused(Reason.RELEASE_EXPIRED, f"{release.release_id} since {late_ms} ms")
    return None


def _is_complete(subject: ReleaseSubject) -> bool:
    """No field that zero or emptiness would leave open."""
    return bool(
        subject.crossing_id
        and subject.vehicle_id
        and subject.vehicle_key_id
        and len(subject.declaration_sha256) == 32
        and subject.direction in (DIRECTION_EAST, DIRECTION_WEST)
    )


def _difference(one: ReleaseSubject, other: ReleaseSubject) -> str:
    """Name of the first field in which two subjects differ; empty if none does."""
    for descriptor in ReleaseSubject.DESCRIPTOR.fields:
        if getattr(one, descriptor.name) != getattr(other, descriptor.name):
            return str(descriptor.name)
    return ""
