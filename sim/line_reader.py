"""The readers at a gate's stop line: plate and container by cameras, then the seals.

A reading that is no reading is tried once more; then a person reads. Truth comes out in the end,
later: a misread is a delay, never another vehicle's plate, and a number whose check digit is wrong
is a misread. A load in no container has none to be read, and the camera sees that at once. Not
here: what is compared with what (gate/passage.py).
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

    ocr        time of one reading of the plate;   misread   share of readings that are none
    container, container_misread   the same for the number on a container, where there is one
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
    container: Distribution = AT_ONCE
    container_misread: float = 0.0

    def at_once(self, *, boxed: bool) -> bool:
        """It has read everything when the vehicle has come to rest, and never fails. `boxed`: there
        is a container to be read.
        """
        shares = self.misread + self.seals_unread
        took_s = self.ocr.mean_s + self.seals.mean_s
        if boxed:
            shares += self.container_misread
            took_s += self.container.mean_s
        return shares == 0.0 and took_s == 0.0


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
        self._boxed = False

    def stands(self, vehicle: str, crossing: str, *, boxed: bool = False) -> None:
        """Begin to read what has come to rest at the line; `boxed`: its load is in a container."""
        self._turn += 1
        self.unread = ""
        self._boxed = boxed
        if self._model.at_once(boxed=boxed):
            return
        self.unread = "plate"
        took_s = self._camera(self._model.ocr, self._model.misread)
        self._later(took_s, self._plate_read, vehicle, crossing)

    def _camera(self, ocr: Distribution, misread: float) -> tuple[float, float]:
        """How long a camera takes until its number is read, and a person after it if it must."""
        took_s = ocr.sample(self._draws)
        for _ in range(READINGS_MAX - 1):
            if self._draws.random() >= misread:
                return took_s, 0.0
            took_s += ocr.sample(self._draws)
        if self._draws.random() >= misread:
            return took_s, 0.0
        return took_s, self._model.person.sample(self._draws)

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
        model = self._model
        if not self._boxed:
            self._read_seals(who)
            return
        self.unread = "container"
        took_s = self._camera(model.container, model.container_misread)
        self._later(took_s, self._container_read, *who)
        self._changed()

    def _container_read(self, turn: int, who: tuple[str, str], begun: tuple[int, int]) -> None:
        self._row("container", who, begun)
        if turn == self._turn:
            self._read_seals(who)

    def _read_seals(self, who: tuple[str, str]) -> None:
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
