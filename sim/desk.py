"""An office's officers and the papers on their desks. Truth in, rulings out.

Not here: what an office makes of a ruling (gate/office/).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gate.office.orders import AskDesk, DeskOutcome, OfficeReading, Ruling
from sim.distributions import Distribution
from sim.engine import NS_PER_S, Engine
from sim.loads import Visit


@dataclass(slots=True)
class _Paper:
    crossing: str
    arrive_ns: int


class Desk:
    """An office's officers: a body for the office's agent. First come, first served, several
    officers.
    """

    def __init__(
        self,
        office: str,
        engine: Engine,
        *,
        draws: random.Random,
        service: Distribution,
        officers: int,
        refuses: float,
        wake: Callable[[str], None],
        visited: Callable[[Visit], None],
    ) -> None:
        self.office = office
        self.decisions = 0
        self.minutes = 0.0
        self.kept: dict[str, str] = {}  # by vehicle: the crossing that an officer holds out of turn
        self._engine = engine
        self._draws = draws
        self._service = service
        self._free = officers
        self._refuses = refuses
        self._wake = wake
        self._visited = visited
        self._queue: list[_Paper] = []
        self._known: set[str] = set()
        self._outcomes: list[DeskOutcome] = []

    def reading(self) -> OfficeReading:
        outcomes, self._outcomes = tuple(self._outcomes), []
        return OfficeReading(outcomes)

    def carry_out(self, command: Any) -> None:
        if isinstance(command, AskDesk) and command.crossing_id not in self._known:
            self._known.add(command.crossing_id)
            self._queue.append(_Paper(command.crossing_id, self._engine.now_ns))
            self._next()

    def says(self, crossing: str, ruling: Ruling) -> None:
        """An officer decides about a crossing that does not lie on the desk."""
        self.decisions += 1
        self._outcomes.append(DeskOutcome(crossing, ruling, f"officer-{self.office}"))
        self._wake(self.office)

    def lost(self) -> None:
        return

    def booted(self) -> None:
        return

    def _next(self) -> None:
        while self._free and self._queue:
            paper = self._queue.pop(0)
            self._free -= 1
            service_ns = int(self._service.sample(self._draws) * NS_PER_S)
            refuse = self._draws.random() < self._refuses
            self._engine.after(service_ns, self._done, paper, self._engine.now_ns, refuse)

    def _done(self, paper: _Paper, start_ns: int, refuse: bool) -> None:
        now_ns = self._engine.now_ns
        self._free += 1
        self.decisions += 1
        self.minutes += (now_ns - start_ns) / NS_PER_S / 60.0
        self._known.discard(paper.crossing)
        ruling = Ruling.REFUSE if refuse else Ruling.RELEASE
        self._outcomes.append(DeskOutcome(paper.crossing, ruling, f"officer-{self.office}"))
        stage = f"desk_{self.office}"
        times = (paper.arrive_ns, start_ns, now_ns)
        self._visited(Visit("", paper.crossing, stage, *times, worked_ns=now_ns - start_ns))
        self._wake(self.office)
        self._next()
