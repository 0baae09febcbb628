"""Readmission: may a truck refused past the line go on, to be returned from there? (vital)

Pure. A yes needs a refusal of its crossing that names a return, signed by the office that refused
it, and both offices' releases of that return: for this vehicle and key, for the same declaration,
valid and not revoked. It is no way into the neutral zone: gate and truck each ask only where the
truck is already past the line. Not here: where the truck is (gate/admission.py,
vehicle/guard.py). Requirements: GATE-014, VEH-019 in docs/SAFETY.md.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from google.protobuf.message import DecodeError

from contract import release
from contract.agent import Now, Refused
from contract.reasons import Reason
from contract.release import Claimant, Cleared, TakenBack
from contract.signing import open_document
from contract.v1.customs_pb2 import Refusal, Release
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, Document

_COUNTRIES: Final = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}


def judge_return(
    documents: Sequence[Document],
    release_keys: Mapping[str, Mapping[bytes, bytes]],
    claimant: Claimant,
    *,
    now: Now,
    revoked: Collection[TakenBack] = frozenset(),
) -> Cleared | Refused:
    """Both releases of the return of the claimant's crossing, or why it may not go on.

    Documents that no office signed, and releases of other crossings, are as good as absent.
    """
    refusal = _refusal(documents, release_keys, claimant.crossing_id)
    if refusal is None:
        return Refused(Reason.RETURN_PENDING, f"{claimant.crossing_id} was not refused")
    back = refusal.return_crossing_id
    if back == claimant.crossing_id:
        return Refused(Reason.RELEASE_FOREIGN, f"{back} is no return")
    of_return = [each for each in documents if _crossing_of(each) == back]
    homeward = Claimant(back, claimant.vehicle_id, claimant.vehicle_key_id)
    judged = release.judge(of_return, release_keys, homeward, now=now, revoked=revoked)
    if isinstance(judged, Refused):
        return judged
    if judged.subject.declaration_sha256 != refusal.declaration_sha256:
        return Refused(Reason.RELEASE_DIFFERS, f"{back} is for another declaration")
    return judged


def _refusal(
    documents: Sequence[Document],
    release_keys: Mapping[str, Mapping[bytes, bytes]],
    crossing_id: str,
) -> Refusal | None:
    """The refusal of this crossing that names a return, by its own office's key."""
    for country, keys in release_keys.items():
        for document in documents:
            refusal = open_document(document, Refusal, keys)
            if (
                isinstance(refusal, Refusal)
                and refusal.office == _COUNTRIES.get(country)
                and refusal.crossing_id == crossing_id
                and refusal.return_crossing_id
            ):
                return refusal
    return None


def _crossing_of(document: Document) -> str:
    """The crossing that a document would be for if it were a release; who signed it, and whether it
    is one, is for the judge of releases.
    """
    try:
        return Release.FromString(document.payload).subject.crossing_id
    except DecodeError:
        return ""
