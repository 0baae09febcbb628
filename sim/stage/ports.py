"""The hardware's ends of the body channels: commands in, readings out, and what holds in silence.

A truck without a command for 200 ms brakes; a gate's arm without a controller for three seconds
falls once its cell is empty. A new life of a program starts its numbers again.
Not here: how bodies behave (sim/devices.py, sim/fleet.py), the channel itself (live/body.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from contract.agent import NS_PER_MS, NS_PER_S, Refused
from contract.limits import PILOT_ACT_MS
from contract.map import CorridorMap
from contract.route import RouteError
from contract.v1.body_pb2 import (
    ARM_STATE_CLOSED,
    ARM_STATE_FAULT,
    ARM_STATE_MOVING,
    ARM_STATE_OPEN,
    DESK_RULING_HOLD,
    DESK_RULING_REFUSE,
    DESK_RULING_RELEASE,
    ActuatorCommand,
    CabinetCommand,
    CabinetFrame,
    DeskCommand,
    DeskFrame,
    DeskResult,
    ServiceOutcome,
)
from contract.wire import parse
from gate.office.orders import AskDesk, Ruling
from gate.orders import Barrier, CloseBarrier, OpenBarrier, StartService
from sim.desk import Desk
from sim.devices import Cabinet
from sim.fleet import Fleet
from sim.vehicle_body import VehicleBody
from vehicle.pilot import columns as c
from vehicle.pilot.frames import frame_of, read_word

COMMAND_AGE_NS: Final = PILOT_ACT_MS * NS_PER_MS
SAY_EVERY_NS: Final = NS_PER_S
SILENCE_NS: Final = 3 * NS_PER_S
_ARMS: Final = {
    Barrier.CLOSED: ARM_STATE_CLOSED,
    Barrier.MOVING: ARM_STATE_MOVING,
    Barrier.OPEN: ARM_STATE_OPEN,
    Barrier.FAULT: ARM_STATE_FAULT,
}
_RULINGS: Final = {
    Ruling.RELEASE: DESK_RULING_RELEASE,
    Ruling.HOLD: DESK_RULING_HOLD,
    Ruling.REFUSE: DESK_RULING_REFUSE,
}
Give = Callable[[bytes], bool]


class Port(Protocol):
    """One program's hardware: what comes from the program, and what time does."""

    def receive(self, raw: bytes, mono_ns: int) -> None: ...

    def tick(self, mono_ns: int) -> None: ...

    def wake(self) -> None: ...


@dataclass(slots=True)
class Life:
    """Numbers of one life of a program: what is taken already is not done twice."""

    name: bytes = b""
    taken: int = 0
    heard_ns: int | None = None

    def hear(self, name: bytes, mono_ns: int) -> bool:
        """A word of the program; True if a new life begins with it."""
        self.heard_ns = mono_ns
        if name == self.name:
            return False
        self.name, self.taken = name, 0
        return True

    def silent(self, mono_ns: int) -> bool:
        """Whether a program that has spoken has now been silent for long; said once."""
        if self.heard_ns is None or mono_ns - self.heard_ns <= SILENCE_NS:
            return False
        self.heard_ns = None
        return True


@dataclass(slots=True)
class TruckPort:
    """A truck's sensors and actuators."""

    name: str
    fleet: Fleet
    body: VehicleBody
    corridor: CorridorMap
    give: Give
    boot: bytes
    _life: bytes = b""
    _newest: int = 0
    _at_ns: int | None = None
    _sequence: int = 0

    def receive(self, raw: bytes, mono_ns: int) -> None:
        """One actuator command; an older one than the newest is nothing."""
        command = parse(ActuatorCommand, raw)
        if isinstance(command, Refused):
            return
        if command.life == self._life and command.sequence <= self._newest:
            return
        self._life, self._newest = command.life, command.sequence
        self._at_ns = min(command.at_mono_ns, mono_ns)
        row = self.fleet.command[self.fleet.row[self.name]]
        row[c.COMMAND_ACCEL] = command.accel_mps2
        row[c.COMMAND_STEER] = command.steer_rad
        row[c.COMMAND_PARK] = float(command.park)
        row[c.COMMAND_EMERGENCY] = float(command.emergency)
        read_word(command.said, self.fleet.board.said[self.fleet.row[self.name]])
        self.fleet.listen(self.name, command.predecessor)
        self.body.charges(on=command.charge)
        if command.path:
            self._look_along(tuple(command.path))

    def _look_along(self, lanes: tuple[str, ...]) -> None:
        now = self.fleet.route(self.name)
        if now is not None and now.lanes == lanes:
            return
        try:
            route = self.corridor.route(lanes)
        except RouteError:
            return
        self.body.follow(route)

    def before_step(self, mono_ns: int) -> None:
        """The body's own watch: nobody commands for 200 ms, so it brakes."""
        alive = self._at_ns is not None and mono_ns - self._at_ns <= COMMAND_AGE_NS
        self.fleet.obey(self.name, alive=alive)

    def tick(self, mono_ns: int) -> None:
        """One sensor frame, of the state at `mono_ns`."""
        i = self.fleet.row[self.name]
        row = self.fleet.board.sensors[i]
        self._sequence += 1
        frame = frame_of(row, self.fleet.board.heard[i])
        frame.seal_broken = self.body.seal_broken
        self.body.show_battery(frame)
        frame.boot = self.boot
        frame.sequence = self._sequence
        frame.sampled_mono_ns = mono_ns
        self.give(frame.SerializeToString())

    def wake(self) -> None:
        """A truck is told at every tick anyway."""


@dataclass(slots=True)
class CabinetPort:
    """A gate's cabinet."""

    cabinet: Cabinet
    give: Give
    boot: bytes
    _life: Life = field(default_factory=Life)
    _outcomes: list[ServiceOutcome] = field(default_factory=list)
    _count: int = 0
    _sequence: int = 0
    _say_ns: int = 0

    def receive(self, raw: bytes, mono_ns: int) -> None:
        """A command, or only a sign of life."""
        command = parse(CabinetCommand, raw)
        if isinstance(command, Refused):
            return
        if self._life.hear(command.life, mono_ns):
            self.cabinet.booted()
            self.wake()
        if command.boot == self.boot:
            done = command.outcomes_taken
            self._outcomes = [each for each in self._outcomes if each.number > done]
        order = command.WhichOneof("order")
        if order is not None and command.sequence > self._life.taken:
            self._life.taken = command.sequence
            self.cabinet.carry_out(_ORDERS[order](command))
            self.wake()

    def tick(self, mono_ns: int) -> None:
        """Every second, and at once after a change."""
        if self._life.silent(mono_ns):
            self.cabinet.lost()
        if mono_ns >= self._say_ns:
            self._say_ns = mono_ns + SAY_EVERY_NS
            self.give(self._frame(mono_ns).SerializeToString())

    def wake(self) -> None:
        self._say_ns = 0

    def _frame(self, mono_ns: int) -> CabinetFrame:
        reading = self.cabinet.reading()
        for each in reading.outcomes:
            self._count += 1
            outcome = ServiceOutcome(
                number=self._count,
                station_id=each.station_id,
                vehicle_id=each.vehicle_id,
                clear=each.clear,
                failed=each.failed,
                reason=each.reason,
                mass_kg=max(0, each.mass_kg),
                seals=each.seals,
                aborted=each.aborted,
                scanned=each.scanned,
                container_id=each.container_id,
                sampled=each.sampled,
                crossing_id=each.crossing_id,
                delayed_s=each.delayed_s,
            )
            self._outcomes.append(outcome)
        self._sequence += 1
        frame = CabinetFrame(
            boot=self.boot,
            sequence=self._sequence,
            sampled_mono_ns=mono_ns,
            arm=_ARMS[reading.barrier],
            loop_occupied=reading.loop_occupied,
            plate=reading.plate,
            seals=reading.seals,
            cell_vehicles=reading.cell_vehicles,
            outcomes=self._outcomes,
            life=self._life.name,
            command_taken=self._life.taken,
            unread=reading.unread,
            containers=reading.containers,
        )
        for name, seen in reading.detectors.items():
            frame.detectors.add(
                detector_id=name, count=seen.count, occupied=seen.occupied, axles=seen.axles
            )
        for station, vehicle in reading.at_station.items():
            frame.at_station.add(station_id=station, vehicle_id=vehicle)
        return frame


def _start(command: CabinetCommand) -> StartService:
    start = command.start_station
    services = tuple(start.services)
    return StartService(start.station_id, start.vehicle_id, start.crossing_id, services)


_ORDERS: Final[Mapping[str, Callable[[CabinetCommand], Any]]] = {
    "open_arm": lambda command: OpenBarrier(command.open_arm.permit_id),
    "close_arm": lambda _: CloseBarrier(),
    "start_station": _start,
}


@dataclass(slots=True)
class DeskPort:
    """An office's desks."""

    desk: Desk
    give: Give
    boot: bytes
    _life: Life = field(default_factory=Life)
    _results: list[DeskResult] = field(default_factory=list)
    _count: int = 0
    _sequence: int = 0
    _say_ns: int = 0

    def receive(self, raw: bytes, mono_ns: int) -> None:
        """A question, or only a sign of life."""
        command = parse(DeskCommand, raw)
        if isinstance(command, Refused):
            return
        if self._life.hear(command.life, mono_ns):
            self.wake()
        if command.boot == self.boot:
            done = command.results_taken
            self._results = [each for each in self._results if each.number > done]
        if command.crossing_id and command.sequence > self._life.taken:
            self._life.taken = command.sequence
            self.desk.carry_out(AskDesk(command.crossing_id, command.task))
            self.wake()

    def tick(self, mono_ns: int) -> None:
        """Every second, and at once after a decision."""
        if mono_ns < self._say_ns:
            return
        self._say_ns = mono_ns + SAY_EVERY_NS
        for each in self.desk.reading().outcomes:
            self._count += 1
            result = DeskResult(
                number=self._count,
                crossing_id=each.crossing_id,
                ruling=_RULINGS[each.ruling],
                officer_id=each.officer_id,
                reason=each.reason,
            )
            self._results.append(result)
        self._sequence += 1
        frame = DeskFrame(
            boot=self.boot,
            sequence=self._sequence,
            sampled_mono_ns=mono_ns,
            results=self._results,
            life=self._life.name,
            command_taken=self._life.taken,
        )
        self.give(frame.SerializeToString())

    def wake(self) -> None:
        self._say_ns = 0
