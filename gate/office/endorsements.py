"""Endorsements: which agency of this side has said yes to this very declaration.

Pure. A document that no agency of this side signed, or that is about something else, is as good as
absent. Not here: what an agency looks at (agency.py).
"""

from contract.agent import Refused, Role
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import open_document
from contract.v1.customs_pb2 import Endorsement
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, Document

_SIDES = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}


def open_endorsement(document: Document, roster: Roster, country: str) -> Endorsement | Refused:
    """An endorsement, yes or no, of an agency of side "KZ" or "CN", or why it is none."""
    keys = {
        node.key_id: node.public_key for node in roster.of_role(Role.AGENCY) if node.site == country
    }
    endorsement = open_document(document, Endorsement, keys)
    if isinstance(endorsement, Refused):
        return endorsement
    if endorsement.side != _SIDES[country]:
        return Refused(Reason.SENDER_MISMATCH, f"an agency of {country} signs for another side")
    if not (endorsement.agency and endorsement.crossing_id and endorsement.declaration_sha256):
        return Refused(Reason.MALFORMED, "an endorsement with fields left open")
    return endorsement
