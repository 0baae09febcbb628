"""What a terminal is told at its start, and what it keeps of each truck at a berth: values.

Not here: what it does with them (terminal.py).
"""

from dataclasses import dataclass

from contract.v1.customs_pb2 import Declaration
from sim.distributions import Distribution
from sim.terminal_papers import Flow


@dataclass(frozen=True, slots=True)
class BrakeTest:
    """How long the test before departure takes, and which share does not pass it."""

    takes: Distribution
    failing: float


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """One terminal: where it is, whom it files with, what it carries.

    keep_empty   trucks without a load that it keeps;  brakes   None: the test takes no time
    swap         of a trailer against one that stands ready; None: trucks keep theirs
    """

    name: str
    country: str
    supervisor: str
    office: str
    flows: tuple[Flow, ...]
    load: Distribution
    unload: Distribution
    keep_empty: int = 0
    brakes: BrakeTest | None = None
    swap: Distribution | None = None


@dataclass(slots=True)
class Job:
    """A truck at a berth and its next crossing.

    amendment   what turns out otherwise once it is loaded: "seal", "mass" or nothing
    swaps       it leaves its trailer;  preloaded   the one it took was loaded in advance
    tests       its brakes are being tested;  unfit   they have failed, and nobody has mended them
    """

    vehicle: str
    berth: str
    ready_ns: int
    crossing: str = ""
    loaded: bool = False
    unloading: bool = False
    empty_ns: int = 0
    filed_ns: int = 0
    declaration: Declaration | None = None
    amendment: str = ""
    swaps: bool = False
    preloaded: bool = False
    tests: bool = False
    unfit: bool = False

    @property
    def idle(self) -> bool:
        """Whether it stands empty without a load to come."""
        return not (self.crossing or self.unloading)
