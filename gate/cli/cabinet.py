"""The gate controller's body: its cabinet behind a hardware link.

The cabinet speaks on every change and every second. Before its first word nothing is known; when it
has been silent for three seconds, presence is unknown and the arm counts as faulty. An outcome of
a station is handed to the agent once, and told as written down one turn later, after the commit.
Not here: decisions (gate/agent.py), the devices (the hardware's own process).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from contract.agent import NS_PER_S, Command, Now, Refused
from contract.errors import InvariantBroken
from contract.v1.body_pb2 import (
    ARM_STATE_CLOSED,
    ARM_STATE_MOVING,
    ARM_STATE_OPEN,
    CabinetCommand,
    CabinetFrame,
)
from contract.wire import parse
from gate.cli.orders import FRESH_NS, Order, Pending
from gate.orders import (
    Barrier,
    CloseBarrier,
    Detector,
    GateReading,
    OpenBarrier,
    StartService,
    StationOutcome,
)
from live.body import BodyLink

PERIOD_NS: Final = NS_PER_S
SILENCE_NS: Final = 3 * NS_PER_S
_ARMS: Final = {
    ARM_STATE_CLOSED: Barrier.CLOSED,
    ARM_STATE_MOVING: Barrier.MOVING,
    ARM_STATE_OPEN: Barrier.OPEN,
}
_SILENT: Final = GateReading(
    barrier=Barrier.FAULT, loop_occupied=True, plate="", seals=(), cell_vehicles=None
)
_UNKNOWN: Final = replace(_SILENT, known=False)


class GateCabinet:
    """One gate's hardware as the shell sees it."""

    def __init__(self, link: BodyLink, life: bytes) -> None:
        """`life` names this start of the program."""
        self._link = link
        self._life = life
        self._pending = Pending()
        self._frame: CabinetFrame | None = None
        self._is_silent = True
        self._told = 0
        self._written = 0

    @property
    def period_ns(self) -> int:
        return PERIOD_NS

    @property
    def sockets(self) -> Sequence[Any]:
        return (self._link.socket,)

    def changed(self, now: Now) -> bool:
        """Take in what has come; True for any new word, and when the cabinet falls silent."""
        self._written = self._told
        news = False
        for raw in self._link.receive():
            frame = parse(CabinetFrame, raw)
            if not isinstance(frame, Refused):
                news |= self._take(frame)
        newest = self._frame
        silent = newest is None or now.mono_ns - newest.sampled_mono_ns > SILENCE_NS
        news |= silent != self._is_silent
        self._is_silent = silent
        return news

    def _take(self, frame: CabinetFrame) -> bool:
        old = self._frame
        if old is None or old.boot != frame.boot:
            self._told = self._written = 0
        elif frame.sequence <= old.sequence:
            return False
        self._frame = frame
        if frame.life == self._life:
            self._pending.taken(frame.command_taken)
        return True

    def reading(self, now: Now) -> GateReading:
        frame = self._frame
        if frame is None:
            return _UNKNOWN
        if self._is_silent:
            return _SILENT
        outcomes = tuple(
            StationOutcome(
                each.station_id,
                each.vehicle_id,
                clear=each.clear,
                failed=each.failed,
                reason=each.reason,
                mass_kg=each.mass_kg,
                seals=tuple(each.seals),
                aborted=each.aborted,
                scanned=each.scanned,
                container_id=each.container_id,
                sampled=each.sampled,
                crossing_id=each.crossing_id,
                delayed_s=each.delayed_s,
            )
            for each in frame.outcomes
            if each.number > self._told
        )
        self._told = max([self._told, *(each.number for each in frame.outcomes)])
        return GateReading(
            barrier=_ARMS.get(frame.arm, Barrier.FAULT),
            loop_occupied=frame.loop_occupied,
            plate=frame.plate,
            seals=tuple(frame.seals),
            cell_vehicles=frame.cell_vehicles if frame.HasField("cell_vehicles") else None,
            detectors={
                each.detector_id: Detector(each.count, each.occupied, each.axles)
                for each in frame.detectors
            },
            outcomes=outcomes,
            at_station={each.station_id: each.vehicle_id for each in frame.at_station},
            unread=frame.unread,
            containers=tuple(frame.containers),
        )

    def carry_out(self, now: Now, command: Command) -> None:
        fill = _FILL.get(type(command))
        if fill is None:
            raise InvariantBroken(f"{command!r} is no order to a cabinet")
        message = self._message(now, self._pending.next_number())
        fill(message, command)
        moves_arm = not isinstance(command, StartService)
        expires_ns = now.mono_ns + FRESH_NS if moves_arm else None
        order = Order(message.sequence, message.SerializeToString(), expires_ns)
        self._pending.add(order)
        self._link.send(order.raw)

    def step(self, now: Now) -> None:
        """Every second: what is not taken again, then a sign of life."""
        self._written = self._told
        for raw in self._pending.due(now.mono_ns):
            self._link.send(raw)
        self._link.send(self._message(now, self._pending.sequence).SerializeToString())

    def _message(self, now: Now, sequence: int) -> CabinetCommand:
        return CabinetCommand(
            life=self._life,
            sequence=sequence,
            at_mono_ns=now.mono_ns,
            boot=self._frame.boot if self._frame is not None else b"",
            outcomes_taken=self._written,
        )

    def close(self) -> None:
        self._link.close()


def _open(message: CabinetCommand, command: Any) -> None:
    message.open_arm.permit_id = command.permit_id


def _close(message: CabinetCommand, _: Any) -> None:
    message.close_arm.SetInParent()


def _start(message: CabinetCommand, command: Any) -> None:
    start = message.start_station
    start.station_id, start.vehicle_id = command.station_id, command.vehicle_id
    start.crossing_id = command.crossing_id
    start.services.extend(command.services)


_FILL: Final[Mapping[type, Callable[[CabinetCommand, Any], None]]] = {
    OpenBarrier: _open,
    CloseBarrier: _close,
    StartService: _start,
}
