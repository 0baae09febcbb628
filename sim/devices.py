"""Devices at the roadside: barriers, loops, counters, plate readers, stations, desks. Truth in,
readings out.

Each gate has one cabinet with everything its controller reads. Hardware has a mind of its own where
it must: an arm without a controller falls once its cell is empty. Not here:
what a controller makes of it (gate/).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gate.office.orders import AskDesk, DeskOutcome, OfficeReading, Ruling
from gate.orders import (
    Barrier,
    CloseBarrier,
    Detector,
    GateReading,
    OpenBarrier,
    StartService,
    StationOutcome,
)
from sim.distributions import Distribution
from sim.engine import NS_PER_S, Engine

BARRIER_S: Final = 3.0
WEIGH_SIGMA_KG: Final = 20.0


@dataclass(slots=True)
class Load:
    """What a vehicle truly carries."""

    gross_mass_kg: int = 15_000
    seals: tuple[str, ...] = ()
    contraband: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """One row of stages.csv, seconds of simulated time."""

    vehicle: str
    crossing: str
    stage: str
    arrive_ns: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class StationModel:
    """How a station behaves: time of one service, share of services that fail or alarm falsely."""

    service: Distribution
    failure: float = 0.0
    false_alarm: float = 0.0


class Arm:
    """A barrier: where its arm is, and what it is told."""

    def __init__(self, engine: Engine, changed: Callable[[], None], move_s: float) -> None:
        self.state = Barrier.CLOSED
        self.stuck = False
        self._engine = engine
        self._changed = changed
        self._move_ns = int(move_s * NS_PER_S)
        self._order = 0
        self.blocked: Callable[[], bool] = lambda: False

    def open(self) -> None:
        self._begin(Barrier.OPEN)

    def close(self) -> None:
        """Fall, unless something is under the arm: then wait for it to leave."""
        if not self.blocked():
            self._begin(Barrier.CLOSED)

    def _begin(self, goal: Barrier) -> None:
        if self.stuck or self.state is goal:
            return
        self._order += 1
        self.state = Barrier.MOVING
        self._engine.after(self._move_ns, self._finish, self._order, goal)

    def _finish(self, order: int, goal: Barrier) -> None:
        if order != self._order or self.stuck:
            return
        if goal is Barrier.CLOSED and self.blocked():
            self._begin(Barrier.OPEN)
            return
        self.state = goal
        self._changed()

    def force(self, state: Barrier) -> None:
        """A fault: the arm is where nobody put it."""
        self._order += 1
        self.state = state
        self._changed()


class Cabinet:
    """The hardware of one gate and the stations before it: a body for the gate's agent."""

    def __init__(
        self,
        gate: str,
        engine: Engine,
        *,
        draws: random.Random,
        loads: Mapping[str, Load],
        stations: Mapping[str, StationModel],
        detectors: tuple[str, ...],
        wake: Callable[[str], None],
        visited: Callable[[Visit], None],
        barrier_s: float = BARRIER_S,
        rises: Callable[[], None] = lambda: None,
    ) -> None:
        self._rises = rises
        self.gate = gate
        self._engine = engine
        self._draws = draws
        self._loads = loads
        self._stations = stations
        self._wake = wake
        self._visited = visited
        self.arm = Arm(engine, self.changed, barrier_s)
        self.arm.blocked = lambda: self.under_arm > 0
        self.under_arm = 0
        self.plate = ""
        self.entered = 0
        self.left = 0
        self.counts = {name: Detector(0, False) for name in detectors}
        self.at_station: dict[str, str] = {}
        self.detector_stuck: set[str] = set()
        self._outcomes: list[StationOutcome] = []
        self._arrived_ns: dict[tuple[str, str], int] = {}
        self._serving: dict[tuple[str, str], int] = {}
        self.ended_ns: dict[tuple[str, str], int] = {}
        self._alive = False

    def changed(self) -> None:
        """The controller must look: something it reads is new."""
        self._wake(self.gate)

    # --- body ---

    def reading(self) -> GateReading:
        outcomes, self._outcomes = tuple(self._outcomes), []
        return GateReading(
            barrier=self.arm.state,
            loop_occupied=self.under_arm > 0,
            plate=self.plate,
            seals=self._loads[self.plate].seals if self.plate else (),
            cell_vehicles=self.entered - self.left,
            detectors=dict(self.counts),
            outcomes=outcomes,
            at_station=dict(self.at_station),
        )

    def carry_out(self, command: Any) -> None:
        if isinstance(command, OpenBarrier):
            self._rises()
            self.arm.open()
        elif isinstance(command, CloseBarrier):
            self.arm.close()
        elif isinstance(command, StartService):
            self._serve(command)

    def lost(self) -> None:
        """No controller: the arm falls once nobody is in the cell, whom it might hit."""
        self._alive = False
        self._fall()

    def _fall(self) -> None:
        if not self._alive and self.entered == self.left:
            self.arm.close()

    def booted(self) -> None:
        self._alive = True

    # --- what vehicles do to it ---

    def loop(self, *, on: bool) -> None:
        """A front has reached the arm, or a rear has left it."""
        self.under_arm += 1 if on else -1
        self.changed()

    def leave(self) -> None:
        """A rear has left the cell."""
        self.left += 1
        self._fall()
        self.changed()

    def stands(self, vehicle: str) -> None:
        """The plate reader sees a vehicle at the stop line."""
        self.plate = vehicle
        self.changed()

    def gone(self, vehicle: str) -> None:
        if self.plate == vehicle:
            self.plate = ""

    def detector(self, name: str, *, rear: bool) -> None:
        """A front or rear has passed a counter."""
        if name in self.detector_stuck:
            return
        seen = self.counts[name]
        self.counts[name] = Detector(seen.count + 1, False) if rear else Detector(seen.count, True)
        if rear:
            self.changed()

    def at(self, station: str, vehicle: str) -> None:
        """A vehicle stands at a station's line."""
        self.at_station[station] = vehicle
        self._arrived_ns.setdefault((station, vehicle), self._engine.now_ns)
        self.changed()

    def off(self, station: str, vehicle: str) -> None:
        if self.at_station.get(station) == vehicle:
            del self.at_station[station]

    # --- services ---

    def _serve(self, command: StartService) -> None:
        key = (command.station_id, command.vehicle_id)
        if key in self._serving:
            return
        self._serving[key] = self._engine.now_ns
        model = self._stations[command.station_id]
        service_ns = int(model.service.sample(self._draws) * NS_PER_S)
        failed = self._draws.random() < model.failure
        alarm = self._draws.random() < model.false_alarm
        self._engine.after(service_ns, self._served, command, failed, alarm)

    def _served(self, command: StartService, failed: bool, alarm: bool) -> None:
        key = (command.station_id, command.vehicle_id)
        start_ns = self._serving.pop(key)
        load = self._loads[command.vehicle_id]
        noise_kg = round(self._draws.gauss(0.0, WEIGH_SIGMA_KG))
        weighs = "weighbridge" in command.services
        found = load.contraband and "physical" in command.services
        self._outcomes.append(
            StationOutcome(
                command.station_id,
                command.vehicle_id,
                clear=not (alarm or found),
                failed=failed,
                reason="RADIATION_ALARM" if alarm else "INSPECTION_ADVERSE" if found else "",
                mass_kg=load.gross_mass_kg + noise_kg if weighs else 0,
                seals=load.seals,
            )
        )
        arrive_ns = self._arrived_ns.pop(key, start_ns)
        now_ns = self._engine.now_ns
        self.ended_ns[key] = now_ns
        self._visited(
            Visit(
                command.vehicle_id,
                command.crossing_id,
                command.station_id,
                arrive_ns,
                start_ns,
                now_ns,
            )
        )
        self.changed()


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
        self._visited(Visit("", paper.crossing, stage, paper.arrive_ns, start_ns, now_ns))
        self._wake(self.office)
        self._next()
