"""Admission: a truck that was refused past the line is let in, to be returned.

Pure. Between the gates it can go nowhere but in, and its releases are void. An entry gate lets it
in on three documents: the refusal, by which an office names the crossing that takes it back, and
the releases of both offices for that crossing. The same judge as ever says whether the two let this
vehicle, by its key, pass; and they have to be for the declaration that was refused, in the other
direction. Leave to enter follows from nothing less. Not here: exit gates, which know no returns;
plate and seals (passage.py). Requirements: GATE-014 in docs/SAFETY.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from contract.agent import Effect, Now, Persist, Refused
from contract.limits import RETURN_PAPERS_MAX
from contract.readmission import judge_return
from contract.reasons import Reason
from contract.release import Claimant, Cleared, TakenBack
from contract.signing import open_document
from contract.v1.customs_pb2 import Refusal, Release
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, Document

_COUNTRIES: Final = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}
_PREFIX: Final = "return/"


@dataclass(slots=True)
class Admission:
    """Refusals that name a return, and releases, by the crossing each is for. The oldest goes when
    there are too many: then a truck is not let in until its papers come again.
    """

    release_keys: Mapping[str, Mapping[bytes, bytes]]
    papers: dict[str, bytes] = field(default_factory=dict)

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Papers outlive a restart."""
        for key, value in sorted(state.items()):
            if key.startswith(_PREFIX):
                self.papers[key] = value

    def note(self, document: Document) -> list[Effect]:
        """Keep a refusal with its return, or a release, if its own office signed it."""
        for country, keys in sorted(self.release_keys.items()):
            refusal = open_document(document, Refusal, keys)
            if isinstance(refusal, Refusal) and refusal.office == _COUNTRIES.get(country):
                named = refusal.crossing_id and refusal.return_crossing_id
                key = f"{_PREFIX}refusal/{refusal.crossing_id}"
                return self._keep(key, document) if named else []
            opened = open_document(document, Release, keys)
            if isinstance(opened, Release) and opened.office == _COUNTRIES.get(country):
                key = f"{_PREFIX}{country}/{opened.subject.crossing_id}"
                return self._keep(key, document)
        return []

    def _keep(self, key: str, document: Document) -> list[Effect]:
        value = document.SerializeToString(deterministic=True)
        effects: list[Effect] = []
        if key not in self.papers and len(self.papers) >= RETURN_PAPERS_MAX:
            oldest = next(iter(self.papers))
            del self.papers[oldest]
            effects.append(Persist(oldest, None))
        self.papers[key] = value
        return [*effects, Persist(key, value)]

    def judge(
        self, claimant: Claimant, *, now: Now, revoked: Collection[TakenBack]
    ) -> Cleared | Refused:
        """Both releases of the return of the claimant's crossing, if it was refused and they let
        this vehicle go back.
        """
        refusal = self.papers.get(f"{_PREFIX}refusal/{claimant.crossing_id}")
        if refusal is None:
            return Refused(Reason.RETURN_PENDING, f"{claimant.crossing_id} was not refused")
        named = Document.FromString(refusal)
        back = Refusal.FromString(named.payload).return_crossing_id
        kept = [self.papers.get(f"{_PREFIX}{country}/{back}", b"") for country in _COUNTRIES]
        papers = [named, *(Document.FromString(data) for data in kept if data)]
        return judge_return(papers, self.release_keys, claimant, now=now, revoked=revoked)
