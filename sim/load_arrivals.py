"""When loads come by themselves: by chance, evenly, or in bursts; and faster in a planned peak.

Bursts come by chance, each of a geometric number of loads at once (compound Poisson), drawn from a
stream of their own; even arrivals draw nothing. A peak is a change of clock: for its time the
flow's runs by its factor faster, whatever the arrivals. Not here: what a scenario may say
(scenario_flow.py), what becomes of a load (terminal.py).
"""

import math
import random
from dataclasses import dataclass
from typing import Final

POISSON: Final = "poisson"
EVEN: Final = "even"
BURSTS: Final = "bursts"
KINDS: Final = (POISSON, EVEN, BURSTS)
NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Peak:
    """Seconds from the start of the terminal, and by which factor the flow is faster."""

    begins_s: float
    ends_s: float
    factor: float

    def later_s(self, at_s: float, gap_s: float) -> float:
        """When a gap is over that would last so long outside the peak."""
        before_s = max(0.0, self.begins_s - at_s)
        if gap_s <= before_s or at_s >= self.ends_s:
            return at_s + gap_s
        at_s, gap_s = at_s + before_s, gap_s - before_s
        within_s = (self.ends_s - at_s) * self.factor
        if gap_s <= within_s:
            return at_s + gap_s / self.factor
        return self.ends_s + gap_s - within_s


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How loads of a flow come, `per_hour` of them outside the peak."""

    per_hour: float
    kind: str = POISSON
    burst_size: float = 1.0
    peak: Peak | None = None

    @property
    def rate_hz(self) -> float:
        """Of arrivals, each of one load or of a burst, outside the peak."""
        return self.per_hour / 3600.0 / self.burst_size

    @property
    def gap_s(self) -> float:
        """Between two of them on average."""
        return 1.0 / self.rate_hz

    def first_ns(self, begins_ns: int) -> int:
        """From where the first gap is counted: even arrivals begin with half of one."""
        return begins_ns - int(self.gap_s / 2.0 * NS_PER_S) if self.kind == EVEN else begins_ns

    def next_ns(self, after_ns: int, begun_ns: int, draws: random.Random) -> int:
        """When the next loads come; `begun_ns` is when the terminal first started."""
        gap_s = self.gap_s if self.kind == EVEN else draws.expovariate(self.rate_hz)
        if self.peak is None:
            return after_ns + int(gap_s * NS_PER_S)
        later_s = self.peak.later_s((after_ns - begun_ns) / NS_PER_S, gap_s)
        return max(after_ns, begun_ns + int(later_s * NS_PER_S))

    def size(self, draws: random.Random) -> int:
        """How many loads come at once: geometric, with this mean."""
        if self.kind != BURSTS:
            return 1
        more = 1.0 - 1.0 / self.burst_size
        return 1 + int(math.log(1.0 - draws.random()) / math.log(more))
