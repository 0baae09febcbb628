"""A terminal's yard: trailers that stand ready, and which truck without a load goes back empty.

Pure. Drop-and-hook: a truck leaves its trailer, which is unloaded and loaded while the truck is
under way with another. Trailers are never made or lost: those of both sides and on the road are as
many as at the start. Not here: loads and papers (terminal.py, terminal_papers.py).
"""

from dataclasses import dataclass, field
from typing import Final

from sim.terminal_papers import trailer_of

LOOK_S: Final = 30.0  # how often a terminal looks again whether a truck is to spare


def may_return_empty(idle: int, keep: int) -> bool:
    """Whether one of so many trucks without a load is to spare at this side."""
    return idle > keep


@dataclass(slots=True)
class Couplings:
    """Which trailer each truck has; both terminals read it off the truck that stands there."""

    hooked: dict[str, str] = field(default_factory=dict)

    def of(self, vehicle: str) -> str:
        """The trailer that a truck has now."""
        return self.hooked.get(vehicle, trailer_of(vehicle))


@dataclass(slots=True)
class Yard:
    """Trailers of one terminal, each with the time from which it can be taken."""

    couplings: Couplings
    ready_ns: dict[str, int] = field(default_factory=dict)
    swaps: int = 0

    def next_ns(self) -> int | None:
        """When the first trailer can be taken; None if there is none."""
        return min(self.ready_ns.values(), default=None)

    def swap(self, vehicle: str, *, dropped_until_ns: int) -> str:
        """Leave the trailer, which can be taken from then on, and take the one ready first."""
        taken = min(self.ready_ns, key=lambda each: (self.ready_ns[each], each))
        del self.ready_ns[taken]
        self.ready_ns[self.couplings.of(vehicle)] = dropped_until_ns
        self.couplings.hooked[vehicle] = taken
        self.swaps += 1
        return taken
