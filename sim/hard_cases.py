"""Hard cases of a day, counted: what was taken back, sent back, waited for and carried through.

In: the log, event by event. Out: the `cases` part of result.json, so that a scenario can expect
that what it is for has happened. Not here: crossings and their times (outcome.py).
"""

from dataclasses import dataclass, field
from typing import Any, Final

from gate.office.transit import Move
from sim.record import Said

NEEDED: Final = frozenset({"release_revoked", "permit_withdrawn", "transit_moved"})
BATCH: Final = "BATCH_INCOMPLETE"


@dataclass(slots=True)
class Cases:
    """What has happened.

    withdrawn   permits by why they were taken back;   batches   crossings that waited for another
                of their waybill;   transits   by office and crossing, its last move
    """

    revoked: int = 0
    revoked_under_way: int = 0
    withdrawn: dict[str, int] = field(default_factory=dict)
    batches: set[str] = field(default_factory=set)
    transits: dict[tuple[str, str], str] = field(default_factory=dict)

    def tell(self, said: Said, *, under_way: bool) -> None:
        """One of the needed events; `under_way`: of a truck between its two berths."""
        if said.code == "release_revoked":
            self.revoked += 1
            self.revoked_under_way += under_way
        elif said.code == "permit_withdrawn":
            reason = said.fields["reason"]
            self.withdrawn[reason] = self.withdrawn.get(reason, 0) + 1
        else:
            self.transits[said.node, said.fields["crossing"]] = said.fields["transit"]

    def waits(self, crossing: str, reason: str) -> None:
        if reason == BATCH:
            self.batches.add(crossing)

    def told(self, *, returned: int) -> dict[str, Any]:
        """The `cases` part of result.json. `returned`: crossings that were taken back to the end.
        A transit counts once, and as discharged where both offices have discharged it.
        """
        crossings = {crossing for _, crossing in self.transits}
        open_ = {
            crossing
            for (_, crossing), move in self.transits.items()
            if move != Move.DISCHARGE.value
        }
        return {
            "releases_revoked": self.revoked,
            "releases_revoked_under_way": self.revoked_under_way,
            "permits_withdrawn": sum(self.withdrawn.values()),
            "permits_withdrawn_for_barrier": self.withdrawn.get("BARRIER_FAULT", 0),
            "returned": returned,
            "waited_for_batch": len(self.batches),
            "transits": len(crossings),
            "transits_discharged": len(crossings - open_),
        }
