"""Devices at the roadside: barriers, loops, counters, plate readers, stations. Truth in, readings
out.

Each gate has one cabinet with everything its controller reads. Hardware has a mind of its own where
it must: an arm without a controller falls once its cell is empty. Not here: what a controller makes
of it (gate/), stations (station_model.py), readers at the line (line_reader.py), desks (desk.py).
"""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from gate.orders import (
    CloseBarrier,
    Detector,
    GateReading,
    OpenBarrier,
    StartService,
    StationOutcome,
)
from sim.arm import Arm
from sim.elsewhere import Elsewhere
from sim.engine import Engine
from sim.line_reader import LineModel, LineReader
from sim.loads import Load, Visit
from sim.station_model import Station, StationModel, Surroundings

BARRIER_S: Final = 3.0


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
        line: LineModel | None = None,
        crossing_of: Callable[[str], str] = lambda vehicle: "",
        rises: Callable[[], None] = lambda: None,
        laboratory: Elsewhere | None = None,
    ) -> None:
        self._rises = rises
        self.gate = gate
        self._loads = loads
        self._wake = wake
        self._crossing_of = crossing_of
        self.arm = Arm(engine, self.changed, barrier_s)
        self.arm.blocked = lambda: self.under_arm > 0
        self.under_arm = 0
        self.plate = ""
        self.entered = 0
        self.left = 0
        self.counts = {name: Detector(0, False) for name in detectors}
        self.at_station: dict[str, str] = {}
        self.detector_stuck: set[str] = set()
        self.axle_missed: set[str] = set()
        self.misread_as = ""
        self.rear_left_arm: list[Callable[[], None]] = []
        self._outcomes: list[StationOutcome] = []
        self._alive = False
        around = Surroundings(engine, draws, loads, self._answer, visited, laboratory)
        self.stations = {name: Station(name, model, around) for name, model in stations.items()}
        self.line = LineReader(
            gate,
            line or LineModel(),
            engine,
            draws=draws,
            visited=visited,
            changed=self.changed,
        )

    def changed(self) -> None:
        """The controller must look: something it reads is new."""
        self._wake(self.gate)

    def _answer(self, outcome: StationOutcome) -> None:
        """A station has something to say."""
        self._outcomes.append(outcome)
        self.changed()

    # --- body ---

    def reading(self) -> GateReading:
        outcomes, self._outcomes = tuple(self._outcomes), []
        unread = self.line.unread if self.plate else ""
        read = self.misread_as or self.plate
        plate = read if self.plate and unread != "plate" else ""
        return GateReading(
            barrier=self.arm.said,
            loop_occupied=self.under_arm > 0,
            plate=plate,
            seals=self._loads[self.plate].seals if plate and not unread else (),
            cell_vehicles=self.entered - self.left,
            detectors=dict(self.counts),
            outcomes=outcomes,
            at_station=dict(self.at_station),
            unread=unread,
            containers=self._containers(unread) if plate else (),
        )

    def _containers(self, unread: str) -> tuple[str, ...]:
        """Numbers on what stands at the line, once they are read."""
        number = self._loads[self.plate].container_id
        return (number,) if number and unread != "container" else ()

    def carry_out(self, command: Any) -> None:
        if isinstance(command, OpenBarrier):
            self._rises()
            self.arm.open()
        elif isinstance(command, CloseBarrier):
            self.arm.close()
        elif isinstance(command, StartService):
            self.stations[command.station_id].order(command)

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
        waiting, self.rear_left_arm = ([], self.rear_left_arm) if on else (self.rear_left_arm, [])
        for follow in waiting:
            follow()
        self.changed()

    def leave(self) -> None:
        """A rear has left the cell."""
        self.left += 1
        self._fall()
        self.changed()

    def stands(self, vehicle: str) -> None:
        """The plate reader sees a vehicle at the stop line."""
        self.plate = vehicle
        boxed = bool(self._loads[vehicle].container_id)
        self.line.stands(vehicle, self._crossing_of(vehicle), boxed=boxed)
        self.changed()

    def gone(self, vehicle: str) -> None:
        if self.plate == vehicle:
            self.plate = ""
            self.line.gone()

    def detector(self, name: str, *, rear: bool, axles: int = 0) -> None:
        """A front or rear has passed a counter; with a rear, so many axles have."""
        if name in self.detector_stuck:
            return
        seen = self.counts[name]
        if axles and name in self.axle_missed:
            self.axle_missed.remove(name)
            axles -= 1
        self.counts[name] = Detector(seen.count + rear, not rear, seen.axles + axles)
        if rear:
            self.changed()

    def at(self, station: str, vehicle: str) -> None:
        """A vehicle stands at a station's line."""
        self.at_station[station] = vehicle
        self.stations[station].stands(vehicle)
        self.changed()

    def off(self, station: str, vehicle: str) -> None:
        if self.at_station.get(station) == vehicle:
            del self.at_station[station]
