"""One station in a run: its servers, its spacing, its image readers, and what goes wrong there.

Truth in, outcomes out. Who waits for a server or a reader is first come, first served, and no free
one waits for nobody (sim/station_queue.py). A server is taken from one start to the next that the
spacing allows; the visitor is free when its service ends. An image is read elsewhere, and a sample
goes to the laboratory of the side (elsewhere.py). Not here: who comes when (roadside.py), what an
outcome means (gate/stations.py).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from gate.orders import StartService, StationOutcome
from gate.station_phases import IMAGE, LABORATORY
from sim.distributions import Constant, Distribution
from sim.elsewhere import Elsewhere, Pool
from sim.engine import NS_PER_S, Engine
from sim.loads import Load, Visit
from sim.station_queue import ServiceStation, Start

WEIGH_SIGMA_KG: Final = 20.0
BEAT_NS: Final = 60 * NS_PER_S  # how often a station that is slower than usual says so
NO_TIME: Final = Constant(0.0)
SAMPLING: Final = "sampling"
OF_PLANTS_AND_BEASTS: Final = frozenset({"phytosanitary", "veterinary"})
# What people do at the truck; scales, portals, scanners and seal readers work by themselves.
BY_HAND: Final = frozenset({"secondary", "phytosanitary", "veterinary", "sampling", "physical"})


class Trouble(Enum):
    """What is wrong with a station, whoever comes."""

    NONE = "none"
    HUNG = "hung"  # it begins and never answers
    FAILS = "fails"
    ABORTS = "aborts"
    LIGHT = "light"  # its weighbridge says that every vehicle is empty


@dataclass(frozen=True, slots=True)
class StationModel:
    """How a station behaves.

    service       time of those services that `times` does not name, together
    times         time of each service named here
    failure, aborted   shares of services that end without a result
    false_alarm   share of clean loads found adverse;   alarms   the same by HS chapter, on top
    spacing       least time between two starts of one server
    reading       time to read an X-ray image elsewhere; None: the service is all
    sampled       share of visits for plants or beasts of which a sample is taken; one that is
                  ordered always is
    """

    service: Distribution
    failure: float = 0.0
    false_alarm: float = 0.0
    aborted: float = 0.0
    times: Mapping[str, Distribution] = field(default_factory=dict)
    alarms: Mapping[str, float] = field(default_factory=dict)
    servers: int = 1
    spacing: Distribution = NO_TIME
    reading: Distribution | None = None
    readers: int = 1
    sampled: float = 0.0

    def time_s(self, services: tuple[str, ...], draws: random.Random) -> float:
        """One draw of the time that these services take."""
        named = [self.times[each].sample(draws) for each in services if each in self.times]
        if len(named) < len(services):
            named.append(self.service.sample(draws))
        return sum(named)

    def alarm_share(self, chapters: tuple[str, ...]) -> float:
        """How often a clean load of these HS chapters is found adverse."""
        clean = 1.0 - self.false_alarm
        for chapter in chapters:
            clean *= 1.0 - self.alarms.get(chapter, 0.0)
        return 1.0 - clean


@dataclass(slots=True)
class _Turn:
    """One turn of one vehicle at a server or reader."""

    order: StartService
    arrive_ns: int
    start_ns: int = 0
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a station is put into: who answers for its words, and where its rows go."""

    engine: Engine
    draws: random.Random
    loads: Mapping[str, Load]
    answer: Callable[[StationOutcome], None]
    visited: Callable[[Visit], None]
    laboratory: Elsewhere | None = None  # of this side; None: a sample's result is there at once


class Station:
    """One station's devices and the people at them."""

    def __init__(self, station_id: str, model: StationModel, around: Surroundings) -> None:
        self.station_id = station_id
        self.trouble = Trouble.NONE
        self.slower_s = 0.0  # so much longer every service takes that begins now
        self.ended_ns: dict[str, int] = {}
        people = Pool(
            f"read_{station_id}",
            "IMAGE_ADVERSE",
            model.reading or NO_TIME,
            model.readers,
            officers=True,
        )
        self.readers = Elsewhere(people, around.engine, draws=around.draws, visited=around.visited)
        self._model = model
        self._around = around
        self._servers: ServiceStation[int] = ServiceStation(model.servers)
        self._turns: dict[int, _Turn] = {}
        self._arrived_ns: dict[str, int] = {}
        self._count = 0

    def stands(self, vehicle: str) -> None:
        """A vehicle has come to rest at the line."""
        self._arrived_ns.setdefault(vehicle, self._around.engine.now_ns)

    def order(self, order: StartService) -> None:
        """Begin as soon as a server is free. What is under way is not begun again, but for a
        machine that hangs: that is begun anew.
        """
        if order.services == (IMAGE,):
            self.readers.ask(order, self._around.answer)
            return
        if order.services == (LABORATORY,):
            if self._around.laboratory is not None:
                self._around.laboratory.ask(order, self._around.answer)
            return
        for number, turn in self._turns.items():
            if _key(turn.order) == _key(order):
                if turn.hangs:
                    self._begin(number)
                return
        self._count += 1
        now_ns = self._around.engine.now_ns
        arrive_ns = self._arrived_ns.pop(order.vehicle_id, now_ns)
        self._turns[self._count] = _Turn(order, arrive_ns)
        self._start(self._servers.arrive(self._count, now_ns))

    def _start(self, starts: list[Start[int]]) -> None:
        for start in starts:
            self._turns[start.visitor].start_ns = start.at_ns
            self._sample(self._turns[start.visitor])
            self._begin(start.visitor)

    def _sample(self, turn: _Turn) -> None:
        """Whether a sample is taken of whoever is looked at as plants or beasts."""
        share, services = self._model.sampled, turn.order.services
        unasked = SAMPLING not in services and not OF_PLANTS_AND_BEASTS.isdisjoint(services)
        if unasked and share > 0.0 and self._around.draws.random() < share:
            turn.order = replace(turn.order, services=(*services, SAMPLING))

    def _begin(self, number: int) -> None:
        """Draws come in one order whatever happens: time, failure, alarm."""
        turn, model, draws = self._turns[number], self._model, self._around.draws
        turn.hangs = self.trouble is Trouble.HUNG
        if turn.hangs:
            return
        engine = self._around.engine
        service_s = model.time_s(turn.order.services, draws) + self.slower_s
        service_ns = int(service_s * NS_PER_S)
        failed = draws.random() < model.failure
        chapters = self._around.loads[turn.order.vehicle_id].chapters
        alarm = draws.random() < model.alarm_share(chapters)
        spacing_ns = int(model.spacing.sample(draws) * NS_PER_S)
        free_ns = engine.now_ns + max(service_ns, spacing_ns)
        engine.after(service_ns, self._served, number, free_ns, (failed, alarm))
        if self.slower_s > 0.0:
            engine.after(BEAT_NS, self._beat, number, engine.now_ns + service_ns)

    def _beat(self, number: int, end_ns: int) -> None:
        """It takes longer than usual: the controller is told, and by when it will be over."""
        left_ns = end_ns - self._around.engine.now_ns
        if left_ns <= 0 or number not in self._turns:
            return
        vehicle = self._turns[number].order.vehicle_id
        left_s = -(-left_ns // NS_PER_S)
        beat = StationOutcome(self.station_id, vehicle, clear=False, delayed_s=left_s)
        self._around.answer(beat)
        self._around.engine.after(BEAT_NS, self._beat, number, end_ns)

    def _free(self, number: int) -> None:
        """The server may begin with the next."""
        self._start(self._servers.finish(number, self._around.engine.now_ns))

    def _served(self, number: int, free_ns: int, drawn: tuple[bool, bool]) -> None:
        engine = self._around.engine
        turn, now_ns = self._turns.pop(number), engine.now_ns
        vehicle, crossing = _key(turn.order)
        self.ended_ns[vehicle] = now_ns
        times = (turn.arrive_ns, turn.start_ns, now_ns)
        by_hand = not BY_HAND.isdisjoint(turn.order.services)
        worked_ns = now_ns - turn.start_ns if by_hand else 0
        row = Visit(vehicle, crossing, self.station_id, *times, worked_ns=worked_ns)
        self._around.visited(row)
        if free_ns > now_ns:
            engine.at(free_ns, self._free, number)
        else:
            self._free(number)
        outcome, adverse = self._outcome(turn.order, *drawn)
        if outcome.scanned:
            self.readers.take(turn.order, self._around.answer, adverse=adverse)
        self._around.answer(outcome)
        if outcome.sampled and self._around.laboratory is not None:
            self._around.laboratory.take(turn.order, self._around.answer, adverse=False)

    def _outcome(
        self, order: StartService, failed: bool, alarm: bool
    ) -> tuple[StationOutcome, bool]:
        """What the station says, and whether an image that is read elsewhere is adverse."""
        model, draws = self._model, self._around.draws
        load = self._around.loads[order.vehicle_id]
        mass_kg = load.gross_mass_kg + round(draws.gauss(0.0, WEIGH_SIGMA_KG))
        if self.trouble is Trouble.LIGHT:
            mass_kg = Load().gross_mass_kg
        failed = failed or self.trouble is Trouble.FAILS
        broke = model.aborted > 0.0 and draws.random() < model.aborted
        aborted = self.trouble is Trouble.ABORTS or broke
        found = load.contraband and not set(order.services).isdisjoint(("physical", "xray"))
        scanned = "xray" in order.services and model.reading is not None
        scanned = scanned and not (failed or aborted)
        adverse = (alarm or found) and not scanned
        sampled = SAMPLING in order.services and self._around.laboratory is not None
        sampled = sampled and not (failed or aborted or adverse or scanned)
        outcome = StationOutcome(
            self.station_id,
            order.vehicle_id,
            clear=not adverse,
            failed=failed,
            reason=_finding(order, alarm=alarm) if adverse else "",
            mass_kg=mass_kg if "weighbridge" in order.services else 0,
            seals=load.seals,
            aborted=aborted,
            scanned=scanned,
            container_id=load.container_id,
            sampled=sampled,
            crossing_id=order.crossing_id,
        )
        return outcome, alarm or found


def _finding(order: StartService, *, alarm: bool) -> str:
    if alarm and "portal" in order.services:
        return "RADIATION_ALARM"
    return "IMAGE_ADVERSE" if "xray" in order.services else "INSPECTION_ADVERSE"


def _key(order: StartService) -> tuple[str, str]:
    return order.vehicle_id, order.crossing_id
