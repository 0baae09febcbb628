"""The truck's body: sensors in, pilot and guard at 20 Hz, actuators out, milestones to the agent.

A turn for every sensor frame, 20 a second. When the newest is older than 200 ms there is no word
about the world, and the command is a service brake. The hardware does the same when no command has
come for 200 ms, so that whichever side dies, the truck stops.
Not here: what pilot and guard decide (vehicle/pilot, vehicle/guard.py), the hardware's own process.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from contract.agent import NS_PER_MS, Command, Now, Refused
from contract.limits import PILOT_ACT_MS, PILOT_PERIOD_MS
from contract.route import Route
from contract.v1.body_pb2 import ActuatorCommand, SensorFrame
from contract.wire import parse
from live.body import BodyLink
from vehicle.orders import Charge, VehicleReading
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.frames import beacon_word, nothing_new, put
from vehicle.pilot.rows import Rows
from vehicle.watch.limits import STANDING_MPS

PERIOD_NS: Final = PILOT_PERIOD_MS * NS_PER_MS
STALE_NS: Final = PILOT_ACT_MS * NS_PER_MS
DUE_MAX: Final = 40  # two seconds of frames after a stall: each is a stretch of road
MISSED_MAX: Final = 20  # frames lost on the way that wheels and gyro are carried on through
PATHS_KEPT: Final = 8  # of missions and weathers before; a long one takes half a megabyte
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
        self._rows = Rows(truck, paths_kept=PATHS_KEPT)
        self._life = life
        self._frame: SensorFrame | None = None
        self._due: list[tuple[SensorFrame, int]] = []
        self._missed = 0
        self._predecessor = ""
        self._charges = False
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
        """Take in the newest frames; True after the first one and for milestones."""
        for raw in self._link.receive():
            frame = parse(SensorFrame, raw)
            if not isinstance(frame, Refused):
                self._take(frame)
        fresh, self._fresh_boot = self._fresh_boot, False
        return fresh or bool(self._rows.miles[0])

    def _take(self, frame: SensorFrame) -> None:
        """Keep a frame for its turn; one older than the newest is nothing."""
        old = self._frame
        if old is None or old.boot != frame.boot:
            self._fresh_boot = True
            self._missed = 0
        elif frame.sequence <= old.sequence:
            return
        else:
            self._missed = min(frame.sequence - old.sequence - 1, MISSED_MAX)
        self._frame = frame
        self._due = [*self._due, (frame, self._missed)][-DUE_MAX:]

    def reading(self, now: Now) -> VehicleReading:
        if self._frame is None:
            return _UNKNOWN
        frame = self._frame
        reading = replace(self._rows.reading(0), seal_broken=frame.seal_broken)
        if not frame.HasField("charge_wh"):
            return reading
        air_c = frame.air_tenths_c / 10.0
        return replace(reading, charge_wh=frame.charge_wh, plugged=frame.plugged, air_c=air_c)

    def carry_out(self, now: Now, command: Command) -> None:
        if isinstance(command, Charge):
            self._charges = command.on
            return
        self._rows.carry_out(0, command)
        route = getattr(command, "route", None)
        if route is not None and route is not self._route:
            self._route = route
            self._path_due = 0
        self._predecessor = getattr(command, "predecessor", self._predecessor)

    def step(self, now: Now) -> None:
        """A turn of pilot and guard for every frame, and their command to the actuators.

        A frame that was lost on the way is a turn on the one before: wheels and gyro go on.
        """
        frame, made_of_ns = self._frame, now.mono_ns
        due, self._due = self._due, []
        for each, missed in due:
            for _ in range(missed):
                self._rows.turn()
            put(self._rows, each)
            self._rows.turn()
            nothing_new(self._rows)
        if frame is None or now.mono_ns - frame.sampled_mono_ns > STALE_NS:
            self._brake(frame)
        else:
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
            said=beacon_word(self._rows.said[0]),
            predecessor=self._predecessor,
            charge=self._charges,
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
