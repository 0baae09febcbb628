"""The readers at a gate's stop line: plate and container by camera, then the seals.

A reading that is no reading is tried once more; then a person reads. Truth comes out in the end,
later: a misread is a delay, never another vehicle's plate. Not here: what is compared with what
(gate/passage.py).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sim.distributions import Constant, Distribution, Uniform
from sim.engine import NS_PER_S, Engine
from sim.loads import Visit

READINGS_MAX: Final = 2
AT_ONCE: Final = Constant(0.0)
PERSON: Final = Uniform(60.0, 180.0)
BY_HAND: Final = Constant(120.0)


@dataclass(frozen=True, slots=True)
class LineModel:
    """How a gate reads what stands at its line.

    ocr        time of one camera reading;   misread   share of readings that are none
    person     time of a person who reads plate and container instead
    seals      time of the electronic seal reader;   seals_unread   share of seals that it misses
    by_hand    time of a person who looks at the seals instead
    """

    ocr: Distribution = AT_ONCE
    misread: float = 0.0
    person: Distribution = PERSON
    seals: Distribution = AT_ONCE
    seals_unread: float = 0.0
    by_hand: Distribution = BY_HAND

    @property
    def at_once(self) -> bool:
        """It has read everything when the vehicle has come to rest, and never fails."""
        shares = self.misread + self.seals_unread
        return shares == 0.0 and self.ocr.mean_s + self.seals.mean_s == 0.0


class LineReader:
    """One gate's readers and the vehicle before them."""

    def __init__(
        self,
        gate: str,
        model: LineModel,
        engine: Engine,
        *,
        draws: random.Random,
        visited: Callable[[Visit], None],
        changed: Callable[[], None],
    ) -> None:
        self.unread = ""
        self._gate = gate
        self._model = model
        self._engine = engine
        self._draws = draws
        self._visited = visited
        self._changed = changed
        self._turn = 0

    def stands(self, vehicle: str, crossing: str) -> None:
        """Begin to read what has come to rest at the line."""
        self._turn += 1
        self.unread = ""
        if self._model.at_once:
            return
        self.unread = "plate"
        model = self._model
        tries = 1
        took_s = model.ocr.sample(self._draws)
        person_s = 0.0
        while self._draws.random() < model.misread:
            if tries == READINGS_MAX:
                person_s = model.person.sample(self._draws)
                break
            tries += 1
            took_s += model.ocr.sample(self._draws)
        self._later((took_s, person_s), self._plate_read, vehicle, crossing)

    def gone(self) -> None:
        """Nobody stands there any more."""
        self._turn += 1
        self.unread = ""

    def _later(
        self, took_s: tuple[float, float], then: Callable[..., None], vehicle: str, crossing: str
    ) -> None:
        """`took_s`: the machine, and a person where it took one."""
        begun = (self._engine.now_ns, int(took_s[1] * NS_PER_S))
        who = (vehicle, crossing)
        self._engine.after(int(sum(took_s) * NS_PER_S), then, self._turn, who, begun)

    def _row(self, stage: str, who: tuple[str, str], begun: tuple[int, int]) -> None:
        """A row; `begun` says when, and how much of it was a person's work."""
        name, (start_ns, worked_ns) = f"{stage}_{self._gate}", begun
        times = (start_ns, start_ns, self._engine.now_ns)
        self._visited(Visit(*who, name, *times, worked_ns=worked_ns))

    def _plate_read(self, turn: int, who: tuple[str, str], begun: tuple[int, int]) -> None:
        self._row("ocr", who, begun)
        if turn != self._turn:
            return
        self.unread = "seals"
        model = self._model
        took_s = model.seals.sample(self._draws)
        missed = self._draws.random() < model.seals_unread
        person_s = model.by_hand.sample(self._draws) if missed else 0.0
        self._later((took_s, person_s), self._seals_read, *who)
        self._changed()

    def _seals_read(self, turn: int, who: tuple[str, str], begun: tuple[int, int]) -> None:
        self._row("seals", who, begun)
        if turn == self._turn:
            self.unread = ""
            self._changed()
