"""What is read elsewhere while the vehicle drives on or waits: images, and samples of a side.

Truth in, outcomes out. One pool of servers, first come, first served, and no free one waits for
nobody (sim/station_queue.py). A scanner has image readers of its own; a side has one laboratory for
all its stations and bays. Not here: who is scanned or sampled (station_model.py), what an outcome
means (gate/stations.py).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from gate.orders import StartService, StationOutcome
from sim.distributions import Distribution
from sim.engine import NS_PER_S, Engine
from sim.loads import Visit
from sim.station_queue import ServiceStation, Start

Answer = Callable[[StationOutcome], None]


@dataclass(frozen=True, slots=True)
class Pool:
    """One kind of result from elsewhere.

    stage     its rows in stages.csv;   finding   reason of an adverse one
    time      from a free server to the result;   servers   so many at once
    officers  people of an office do it, so that it counts as their minutes
    adverse   share that is adverse by chance, over what is truly there
    """

    stage: str
    finding: str
    time: Distribution
    servers: int = 1
    officers: bool = False
    adverse: float = 0.0


@dataclass(slots=True)
class _Work:
    """One image or sample that waits for its result or is being dealt with."""

    order: StartService
    answer: Answer
    arrive_ns: int
    start_ns: int = 0


class Elsewhere:
    """The servers of one pool, and what lies before them."""

    def __init__(
        self,
        pool: Pool,
        engine: Engine,
        *,
        draws: random.Random,
        visited: Callable[[Visit], None],
    ) -> None:
        self.hung = False
        self._pool = pool
        self._engine = engine
        self._draws = draws
        self._visited = visited
        self._servers: ServiceStation[int] = ServiceStation(pool.servers)
        self._works: dict[int, _Work] = {}
        self._adverse: dict[tuple[str, str, str], bool] = {}
        self._count = 0

    def take(self, order: StartService, answer: Answer, *, adverse: bool) -> None:
        """A new image or sample."""
        chance = self._pool.adverse
        adverse = adverse or (chance > 0.0 and self._draws.random() < chance)
        self._adverse[_key(order)] = adverse
        self.ask(order, answer)

    def ask(self, order: StartService, answer: Answer) -> None:
        """Have something dealt with that is not; what is not there cannot be."""
        key = _key(order)
        if key not in self._adverse or any(_key(w.order) == key for w in self._works.values()):
            return
        if self.hung:
            return
        self._count += 1
        now_ns = self._engine.now_ns
        self._works[self._count] = _Work(order, answer, now_ns)
        self._start(self._servers.arrive(self._count, now_ns))

    def _start(self, starts: list[Start[int]]) -> None:
        for start in starts:
            self._works[start.visitor].start_ns = start.at_ns
            took_s = self._pool.time.sample(self._draws)
            self._engine.after(int(took_s * NS_PER_S), self._done, start.visitor)

    def _done(self, number: int) -> None:
        now_ns = self._engine.now_ns
        work = self._works.pop(number)
        order = work.order
        adverse = self._adverse.pop(_key(order))
        times = (work.arrive_ns, work.start_ns, now_ns)
        worked_ns = now_ns - work.start_ns if self._pool.officers else 0
        who = (order.vehicle_id, order.crossing_id)
        self._visited(Visit(*who, self._pool.stage, *times, worked_ns=worked_ns))
        self._start(self._servers.finish(number, now_ns))
        work.answer(
            StationOutcome(
                order.station_id,
                order.vehicle_id,
                clear=not adverse,
                reason=self._pool.finding if adverse else "",
                crossing_id=order.crossing_id,
            )
        )


def _key(order: StartService) -> tuple[str, str, str]:
    return order.station_id, order.vehicle_id, order.crossing_id
