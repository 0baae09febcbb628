"""Can the scans of the other side's station be believed? A sequential test over scanning again.

Pure. Of each load that a station of the other side let pass and that was scanned again here, one
thing counts: was it clear here too? The test weighs two hypotheses, that at most `honest` of what
the station lets pass is no such thing, and that `unreliable` of it is. Evidence for the second
beyond 1 / `false_alarm` suspends the station: its scans do not count until as much evidence says
that it is honest again, or two officers do (reinstatement.py). An honest station is suspended by
one test with probability below `false_alarm`, whatever the number of scans (Ville's inequality); a
test that has ended in its favour begins anew.
Source: Wald, Sequential Analysis (1947), chapters 3 and 5.
Requirements: OFF-012 in docs/SAFETY.md.
"""

import math
from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.errors import require

ROUNDING: Final = 1e-9  # of sums of logarithms: evidence that reaches a bound has reached it
Chance = Annotated[float, Meta(gt=0.0, lt=0.5)]


class AuditLimits(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What an office declares beforehand, as shares.

    honest, unreliable   of what a station lets pass, so much is no clear load
    false_alarm          chance that one test suspends an honest station
    miss                 chance that one test ends in favour of an unreliable one
    """

    honest: Chance = 0.005
    unreliable: Chance = 0.05
    false_alarm: Chance = 0.01
    miss: Chance = 0.05

    def __post_init__(self) -> None:
        if self.honest >= self.unreliable:
            raise ValueError(f"honest {self.honest:g} is not below unreliable {self.unreliable:g}")

    def evidence(self, bad: int, good: int) -> float:
        """Natural logarithm of the likelihood ratio after so many loads that were scanned twice."""
        against = math.log(self.unreliable / self.honest)
        for_it = math.log((1.0 - self.unreliable) / (1.0 - self.honest))
        return bad * against + good * for_it

    @property
    def suspends_at(self) -> float:
        return math.log(1.0 / self.false_alarm) - ROUNDING

    @property
    def acquits_at(self) -> float:
        return math.log(self.miss) + ROUNDING


class Verdict(Enum):
    """What one more load has led to."""

    OPEN = "open"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"


class OfficerSaid(Struct, frozen=True):
    """One officer's word that a station is to be believed again; `key` is the node he spoke by."""

    key: str
    officer: str
    reason: str
    at_utc_ms: int


class StationAudit(Struct):
    """One station under test.

    bad, good               loads of the test that is running, not clear here and clear here too
    scans                   loads scanned twice, ever;   false_clears   of them not clear here
    since_utc_ms            when it was suspended
    found_bad, found_good   loads of the test that has suspended it
    asked                   the first of the two officers who may end it (reinstatement.py)
    """

    station_id: str
    bad: int = 0
    good: int = 0
    scans: int = 0
    false_clears: int = 0
    suspended: bool = False
    since_utc_ms: int = 0
    found_bad: int = 0
    found_good: int = 0
    asked: OfficerSaid | None = None

    def take(self, limits: AuditLimits, *, false_clear: bool, at_utc_ms: int = 0) -> Verdict:
        """One more load that was clear there and scanned again here."""
        self.scans += 1
        self.false_clears += false_clear
        self.bad, self.good = self.bad + false_clear, self.good + (not false_clear)
        evidence = limits.evidence(self.bad, self.good)
        if evidence >= limits.suspends_at:
            self.found_bad, self.found_good = self.bad, self.good
            self.bad = self.good = 0
            self.asked = None  # whoever wanted it believed did not know of this
            before, self.suspended = self.suspended, True
            if not before:
                self.since_utc_ms = at_utc_ms
            return Verdict.OPEN if before else Verdict.SUSPENDED
        if evidence <= limits.acquits_at:
            before = self.suspended
            self.reinstate()
            return Verdict.REINSTATED if before else Verdict.OPEN
        return Verdict.OPEN

    def reinstate(self) -> None:
        """It is believed, and the test begins anew without any evidence."""
        self.bad = self.good = 0
        self.suspended, self.asked = False, None
        self.since_utc_ms = self.found_bad = self.found_good = 0


def encode(audit: StationAudit) -> bytes:
    """A station's row in the journal."""
    return msgspec.msgpack.encode(audit)


def decode(row: bytes) -> StationAudit:
    return msgspec.msgpack.decode(row, type=StationAudit)


def chance_suspended(limits: AuditLimits, share: float, scans: int, *, tests: int = 0) -> float:
    """Chance that a station of which `share` of the clear loads is not clear has been suspended
    after so many loads were scanned twice; exact, by the distribution of the evidence.

    tests   so many tests at most, 0: one after the other
    """
    require(0.0 <= share <= 1.0, "a share")
    # Evidence is told by how many false clears and how many others the running test has had.
    alive: dict[tuple[int, int, int], float] = {(0, 0, 0): 1.0}
    suspended = 0.0
    for _ in range(scans):
        after: dict[tuple[int, int, int], float] = {}
        for (test, bad, good), chance in alive.items():
            for worse, weight in ((1, chance * share), (0, chance * (1.0 - share))):
                key = (test, bad + worse, good + 1 - worse)
                evidence = limits.evidence(key[1], key[2])
                if evidence >= limits.suspends_at:
                    suspended += weight
                    continue
                if evidence <= limits.acquits_at:
                    key = (test + 1 if tests else 0, 0, 0)
                    if tests and key[0] == tests:
                        continue
                after[key] = after.get(key, 0.0) + weight
        alive = after
    return suspended


def scans_to_suspend(limits: AuditLimits, share: float, chance: float, most: int = 5_000) -> int:
    """How many loads have to be scanned twice until such a station is suspended with this chance.

    Raises InvariantBroken if `most` are not enough.
    """
    low, high = 1, 1
    while chance_suspended(limits, share, high) < chance:
        require(high < most, f"not found within {most} loads")
        low, high = high, min(2 * high, most)
    while low < high:
        middle = (low + high) // 2
        if chance_suspended(limits, share, middle) < chance:
            low = middle + 1
        else:
            high = middle
    return low
