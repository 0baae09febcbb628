"""The truck's body: sensors in, pilot and guard at 20 Hz, actuators out, milestones to the agent.

One turn every 50 ms of the program's clock, on the newest sensor frame. A frame older than 200 ms
is no word about the world: the turn is a service brake. The hardware does the same when no command
has come for 200 ms, so that whichever side dies, the truck stops.
Not here: what pilot and guard decide (vehicle/pilot, vehicle/guard.py), the hardware's own process.
"""

from collections.abc import Sequence
from typing import Any, Final

from contract.agent import NS_PER_MS, Command, Now, Refused
from contract.limits import PILOT_ACT_MS, PILOT_PERIOD_MS
from contract.route import Route
from contract.v1.body_pb2 import ActuatorCommand, SensorFrame
from contract.wire import parse
from live.body import BodyLink
from vehicle.guard import STANDING_MPS
from vehicle.orders import VehicleReading
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.rows import Rows

PERIOD_NS: Final = PILOT_PERIOD_MS * NS_PER_MS
STALE_NS: Final = PILOT_ACT_MS * NS_PER_MS
PATH_EVERY: Final = 20  # turns between two repetitions of the path that radar looks along
_UNKNOWN: Final = VehicleReading(
    x_m=0.0,
    y_m=0.0,
    psi_rad=0.0,
    speed_mps=0.0,
    front_m=0.0,
    on_path=False,
    milestones=0,
    trip_cause=0,
    known=False,
)


class TruckBody:
    """One truck's hardware as the shell sees it."""

    def __init__(self, link: BodyLink, truck: Array, life: bytes) -> None:
        """`truck` is one row of vehicle.pilot.columns.TRUCK_*; `life` names this start."""
        self._link = link
        self._rows = Rows(truck)
        self._life = life
        self._frame: SensorFrame | None = None
        self._sequence = 0
        self._route: Route | None = None
        self._path_due = 0
        self._fresh_boot = False
        self._rows.turn()  # where the kernels are compiled, they are before the truck is in service

    @property
    def period_ns(self) -> int:
        return PERIOD_NS

    @property
    def sockets(self) -> Sequence[Any]:
        return (self._link.socket,)

    def changed(self, now: Now) -> bool:
        """Take in the newest frame; True after the first one and for milestones."""
        for raw in self._link.receive():
            frame = parse(SensorFrame, raw)
            if not isinstance(frame, Refused):
                self._take(frame)
        fresh, self._fresh_boot = self._fresh_boot, False
        return fresh or bool(self._rows.miles[0])

    def _take(self, frame: SensorFrame) -> None:
        old = self._frame
        if old is None or old.boot != frame.boot:
            self._fresh_boot = True
        elif frame.sequence <= old.sequence:
            return
        self._frame = frame
        row = self._rows.sensors[0]
        row[c.SENSE_X] = frame.x_m
        row[c.SENSE_Y] = frame.y_m
        row[c.SENSE_PSI] = frame.psi_rad
        row[c.SENSE_V] = frame.speed_mps
        row[c.SENSE_GAP] = frame.gap_m if frame.HasField("gap_m") else c.NO_GAP_M
        row[c.SENSE_CLOSING] = frame.closing_mps

    def reading(self, now: Now) -> VehicleReading:
        frame = self._frame
        if frame is None:
            return _UNKNOWN
        pose = (frame.x_m, frame.y_m, frame.psi_rad, frame.speed_mps)
        return self._rows.reading(0, pose, trailer_coupled=frame.trailer_coupled)

    def carry_out(self, now: Now, command: Command) -> None:
        self._rows.carry_out(0, command)
        route = getattr(command, "route", None)
        if route is not None and route is not self._route:
            self._route = route
            self._path_due = 0

    def step(self, now: Now) -> None:
        """One turn of pilot and guard, and its command to the actuators."""
        frame, made_of_ns = self._frame, now.mono_ns
        if frame is None or now.mono_ns - frame.sampled_mono_ns > STALE_NS:
            self._brake(frame)
        else:
            self._rows.turn()
            made_of_ns = frame.sampled_mono_ns
        self._sequence += 1
        row = self._rows.command[0]
        command = ActuatorCommand(
            life=self._life,
            sequence=self._sequence,
            at_mono_ns=made_of_ns,
            accel_mps2=row[c.COMMAND_ACCEL],
            steer_rad=row[c.COMMAND_STEER],
            park=row[c.COMMAND_PARK] > 0.5,
            emergency=row[c.COMMAND_EMERGENCY] > 0.5,
        )
        if self._path_due <= 0 and self._route is not None:
            command.path.extend(self._route.lanes)
            self._path_due = PATH_EVERY
        self._path_due -= 1
        self._link.send(command.SerializeToString())

    def _brake(self, frame: SensorFrame | None) -> None:
        """Blind: brake, steer straight on as before, park once the last word was standstill."""
        row = self._rows.command[0]
        standing = frame is None or frame.speed_mps <= STANDING_MPS
        row[c.COMMAND_ACCEL] = 0.0 if standing else -self._rows.truck[0, c.TRUCK_BRAKE_SERVICE]
        row[c.COMMAND_PARK] = 1.0 if standing else 0.0
        row[c.COMMAND_EMERGENCY] = 0.0

    def close(self) -> None:
        self._link.close()
