"""One service station: who is served next, and when does the service start.

`ServiceStation` is the queue itself, in integer nanoseconds and without a clock: it is told of
arrivals, endings, failures and repairs, and answers with the services that start at that instant.
First come, first served within a class; no server that works is idle while somebody waits.
`simulate` runs one station alone under Poisson arrivals.
Not here: how long a service takes (sim/distributions.py), where a truck waits (sim/world.py).
"""

import bisect
import heapq
import random
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from contract.errors import require
from sim.distributions import Distribution

NS_PER_S: Final = 1_000_000_000

Visitor = TypeVar("Visitor", bound=Hashable)


@dataclass(frozen=True)
class Start(Generic[Visitor]):
    """A service that begins now; the caller knows its length and reports the end."""

    visitor: Visitor
    server: int
    at_ns: int


class ServiceStation(Generic[Visitor]):
    """Servers, a queue per class, and the rule that joins them.

    Every call carries the time, which never goes back, and returns the services that start. A call
    that cannot be (to arrive twice, to finish without a service) is a bug and raises.
    """

    def __init__(self, servers: int) -> None:
        require(servers >= 1, f"a station has at least one server, not {servers}")
        self._now_ns = 0
        self._free = list(range(servers))  # sorted: the lowest free server serves next
        self._failed: set[int] = set()
        self._serving: dict[int, Visitor] = {}
        self._server_of: dict[Visitor, int] = {}
        self._queue: list[tuple[int, int, Visitor]] = []  # a heap: class, then order of arrival
        self._tickets: dict[Visitor, int] = {}  # those who wait; others in the heap have left
        self._next_ticket = 0

    @property
    def queue_length(self) -> int:
        """Visitors who wait."""
        return len(self._tickets)

    @property
    def idle_servers(self) -> int:
        """Servers that work and serve nobody."""
        return len(self._free)

    @property
    def in_service(self) -> tuple[Visitor, ...]:
        """Visitors being served, by server."""
        return tuple(self._serving[server] for server in sorted(self._serving))

    def arrive(self, visitor: Visitor, now_ns: int, rank: int = 0) -> list[Start[Visitor]]:
        """A visitor of class `rank` joins the queue; a lower rank is served first, never at once
        in place of somebody already in service.
        """
        self._at(now_ns)
        require(visitor not in self._tickets, f"{visitor} waits here already")
        require(visitor not in self._server_of, f"{visitor} is served here already")
        self._tickets[visitor] = self._next_ticket
        heapq.heappush(self._queue, (rank, self._next_ticket, visitor))
        self._next_ticket += 1
        return self._starts()

    def finish(self, visitor: Visitor, now_ns: int) -> list[Start[Visitor]]:
        """The service of a visitor has ended and its server is free."""
        self._at(now_ns)
        require(visitor in self._server_of, f"{visitor} is not served here")
        server = self._server_of.pop(visitor)
        del self._serving[server]
        bisect.insort(self._free, server)
        return self._starts()

    def withdraw(self, visitor: Visitor, now_ns: int) -> None:
        """A visitor who waits gives up its place, for instance because it is sent elsewhere."""
        self._at(now_ns)
        require(visitor in self._tickets, f"{visitor} does not wait here")
        del self._tickets[visitor]

    def fail(self, server: int, now_ns: int) -> Visitor | None:
        """A server stops working. Who was served there is out of the station, and is returned: the
        caller decides whether it arrives again.
        """
        self._at(now_ns)
        require(server not in self._failed, f"server {server} has failed already")
        self._failed.add(server)
        visitor = self._serving.pop(server, None)
        if visitor is not None:
            del self._server_of[visitor]
            return visitor
        require(server in self._free, f"there is no server {server}")
        self._free.remove(server)
        return None

    def repair(self, server: int, now_ns: int) -> list[Start[Visitor]]:
        """A failed server works again."""
        self._at(now_ns)
        require(server in self._failed, f"server {server} has not failed")
        self._failed.remove(server)
        bisect.insort(self._free, server)
        return self._starts()

    def _at(self, now_ns: int) -> None:
        require(now_ns >= self._now_ns, f"time goes back from {self._now_ns} to {now_ns} ns")
        self._now_ns = now_ns

    def _starts(self) -> list[Start[Visitor]]:
        starts: list[Start[Visitor]] = []
        while self._free and self._queue:
            _, ticket, visitor = heapq.heappop(self._queue)
            if self._tickets.get(visitor) != ticket:
                continue  # withdrawn
            del self._tickets[visitor]
            server = self._free.pop(0)
            self._serving[server] = visitor
            self._server_of[visitor] = server
            starts.append(Start(visitor, server, self._now_ns))
        return starts


# --- one station alone ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """One visitor's times."""

    arrive_ns: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One station under Poisson arrivals that end after `open_s`; everybody is served."""

    arrivals_per_s: float
    service: Distribution
    servers: int
    open_s: float
    seed: int


def simulate(trial: Trial) -> list[Visit]:
    """Visits in order of arrival. Arrivals and services have random streams of their own."""
    service_rng = _stream(trial, "service")
    arrivals_ns = _arrivals(trial)
    services_ns = [round(trial.service.sample(service_rng) * NS_PER_S) for _ in arrivals_ns]
    station: ServiceStation[int] = ServiceStation(trial.servers)
    starts_ns = [0] * len(arrivals_ns)
    endings: list[tuple[int, int]] = []  # a heap: time, visitor

    def begin(starts: list[Start[int]]) -> None:
        for start in starts:
            starts_ns[start.visitor] = start.at_ns
            heapq.heappush(endings, (start.at_ns + services_ns[start.visitor], start.visitor))

    for visitor, arrive_ns in enumerate(arrivals_ns):
        while endings and endings[0][0] <= arrive_ns:
            end_ns, done = heapq.heappop(endings)
            begin(station.finish(done, end_ns))
        begin(station.arrive(visitor, arrive_ns))
    while endings:
        end_ns, done = heapq.heappop(endings)
        begin(station.finish(done, end_ns))
    return [
        Visit(arrive_ns, start_ns, start_ns + service_ns)
        for arrive_ns, start_ns, service_ns in zip(arrivals_ns, starts_ns, services_ns, strict=True)
    ]


def _stream(trial: Trial, name: str) -> random.Random:
    return random.Random(f"{trial.seed}/{name}")  # noqa: S311 - simulated chance, no secret


def _arrivals(trial: Trial) -> list[int]:
    rng = _stream(trial, "arrivals")
    arrivals_ns: list[int] = []
    at_s = rng.expovariate(trial.arrivals_per_s)
    while at_s < trial.open_s:
        arrivals_ns.append(round(at_s * NS_PER_S))
        at_s += rng.expovariate(trial.arrivals_per_s)
    return arrivals_ns


@dataclass(frozen=True)
class Summary:
    """What a trial showed. Utilisation counts the time the station was open; no visit, no wait."""

    served: int
    servers: int
    utilisation: float
    mean_service_s: float | None
    mean_wait_s: float | None
    p95_wait_s: float | None
    max_wait_s: float | None


def summarise(trial: Trial, visits: list[Visit]) -> Summary:
    """Figures of a trial; p95 is the smallest wait that at least 95 % do not exceed."""
    open_ns = round(trial.open_s * NS_PER_S)
    busy_ns = sum(
        min(visit.end_ns, open_ns) - visit.start_ns for visit in visits if visit.start_ns < open_ns
    )
    utilisation = busy_ns / (trial.servers * open_ns)
    if not visits:
        return Summary(0, trial.servers, utilisation, None, None, None, None)
    waits_ns = sorted(visit.start_ns - visit.arrive_ns for visit in visits)
    count = len(visits)
    return Summary(
        served=count,
        servers=trial.servers,
        utilisation=utilisation,
        mean_service_s=sum(visit.end_ns - visit.start_ns for visit in visits) / count / NS_PER_S,
        mean_wait_s=sum(waits_ns) / count / NS_PER_S,
        p95_wait_s=waits_ns[-(-95 * count // 100) - 1] / NS_PER_S,
        max_wait_s=waits_ns[-1] / NS_PER_S,
    )
