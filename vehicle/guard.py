"""Guard: the truck's own no (vital).

Two things. A small pure part that opens movement authorities and releases itself, from the received
bytes, and writes a guard row. And a kernel that judges the pilot's command by that row and by its
own odometer: it brakes before the end, latches when the end is overrun, and without a row the truck
rests. No field of a drive order reaches it. The neutral zone ends its row until both releases
verify. Not here: driving (vehicle/pilot), permits (the gate's word to the agent), stop orders.
Requirements: I2, I3, I7, I16 in docs/SAFETY.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contract import release
from contract.agent import Now, Refused
from contract.envelope import ENVELOPE_TYPE
from contract.kernel import kernel
from contract.limits import GATE_OVERLAP_M, LANE_OVERLAP_M
from contract.reasons import Reason
from contract.release import Claimant, Cleared
from contract.route import Route, RouteError
from contract.signing import type_name, verify
from contract.v1.document_pb2 import Document
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.movement_pb2 import MovementAuthority
from contract.wire import parse
from vehicle.pilot.columns import (
    CAUSE_LOST,
    CAUSE_OVERRUN,
    CAUSE_OVERSPEED,
    COMMAND_ACCEL,
    COMMAND_EMERGENCY,
    COMMAND_PARK,
    COMMAND_STEER,
    GUARD_ACTIVE,
    GUARD_END,
    GUARD_GENERATION,
    GUARD_OVERLAP,
    GUARD_PATH,
    MILE_TRIPPED,
    SENSE_V,
    SENSE_X,
    SENSE_Y,
    TRUCK_BRAKE_ASSURED,
    TRUCK_BRAKE_SERVICE,
    TRUCK_DELAY,
    TRUCK_FRONT,
    WATCH_CAUSE,
    WATCH_GENERATION,
    WATCH_S,
    WATCH_TRIPPED,
    Array,
    Bits,
)
from vehicle.pilot.path import nearest

OVERRUN_M: Final = 0.5
LOST_M: Final = 3.0
STANDING_MPS: Final = 0.02
_AUTHORITY: Final = type_name(MovementAuthority)


@dataclass(frozen=True, slots=True)
class GuardRow:
    """How far this truck may go by what the guard itself has read; metres along the mission's
    route.
    """

    end_m: float
    overlap_m: float


@dataclass(frozen=True, slots=True)
class Supervisors:
    """Whose authorities count: name -> Ed25519 public key."""

    keys: Mapping[str, bytes]


class Guard:
    """What the guard knows of one mission. Nothing of it survives a restart."""

    def __init__(
        self,
        me: str,
        key_id: bytes,
        supervisors: Supervisors,
        release_keys: Mapping[str, Mapping[bytes, bytes]],
    ) -> None:
        self._me = me
        self._key_id = key_id
        self._supervisors = supervisors
        self._release_keys = release_keys
        self._route: Route | None = None
        self._mission = ""
        self._version = 0
        self._crossing = ""
        self._neutral_m: float | None = None
        self._epoch = 0
        self._number = 0
        self._end: tuple[str, float] | None = None
        self._end_m: float | None = None
        self._overlap_m = GATE_OVERLAP_M
        self._cleared = False

    def mission(
        self,
        mission_id: str,
        crossing_id: str,
        route: Route,
        neutral_m: float | None,
        *,
        version: int,
    ) -> None:
        """Take up a mission or a new version of it.

        Authority and clearance never carry over to another mission or crossing; within one an
        authority holds as far as its end is still on the route.
        neutral_m   where on the route the neutral zone begins; None if the route does not enter it
        """
        if (mission_id, crossing_id) != (self._mission, self._crossing):
            self._cleared = False
        if mission_id != self._mission:
            self._number = 0
            self._end = None
        self._mission = mission_id
        self._version = version
        self._crossing = crossing_id
        self._route = route
        self._neutral_m = neutral_m
        self._end_m = None
        if self._end is not None and self._end[0] in route.lanes:
            self._end_m = route.at(*self._end)

    def authority(self, raw: bytes, epoch_min: int) -> Refused | None:
        """Open a movement authority from the received frame itself. None if it now counts."""
        opened = self._open(raw, epoch_min)
        if isinstance(opened, Refused):
            return opened
        if self._route is None or opened.mission_id != self._mission:
            return Refused(Reason.NO_MISSION, opened.mission_id)
        if opened.mission_version != self._version:
            detail = f"for version {opened.mission_version}, in force {self._version}"
            return Refused(Reason.MISSION_STALE, detail)
        if opened.number <= self._number:
            return Refused(Reason.AUTHORITY_STALE, f"{opened.number}, in force {self._number}")
        try:
            end_m = self._route.at(opened.end_lane, opened.end_mm / 1000.0)
        except RouteError:
            return Refused(Reason.AUTHORITY_INVALID, f"no lane {opened.end_lane} on the route")
        if end_m > _lane_end_m(self._route, opened.end_lane) + 1e-3:
            return Refused(Reason.AUTHORITY_INVALID, f"{opened.end_mm} mm on {opened.end_lane}")
        if self._end_m is not None and end_m < self._end_m:
            return Refused(Reason.CANNOT_SHORTEN, f"{end_m:.1f} m, in force {self._end_m:.1f} m")
        self._number = opened.number
        self._end = (opened.end_lane, opened.end_mm / 1000.0)
        self._end_m = end_m
        self._overlap_m = min(opened.overlap_mm / 1000.0, LANE_OVERLAP_M)
        return None

    def _open(self, raw: bytes, epoch_min: int) -> MovementAuthority | Refused:
        frame = parse(Frame, raw)
        if isinstance(frame, Refused):
            return frame
        body = parse(Envelope, frame.envelope)
        if isinstance(body, Refused):
            return body
        key = self._supervisors.keys.get(body.sender)
        if key is None or body.recipient != self._me:
            return Refused(Reason.WRONG_RECIPIENT, f"{body.sender} to {body.recipient}")
        if body.payload_type != _AUTHORITY:
            return Refused(Reason.WRONG_PAYLOAD, body.payload_type)
        in_force = max(epoch_min, self._epoch)
        if body.epoch < in_force:
            return Refused(Reason.STALE_EPOCH, f"{body.epoch}, in force {in_force}")
        if not verify(key, ENVELOPE_TYPE, frame.envelope, frame.signature.signature):
            return Refused(Reason.BAD_SIGNATURE, body.sender)
        self._epoch = body.epoch
        return parse(MovementAuthority, body.payload)

    def releases(self, documents: Sequence[Document], now: Now) -> Refused | None:
        """Judge both releases for this truck and crossing. None if they clear it."""
        claimant = Claimant(self._crossing, self._me, self._key_id)
        judged = release.judge(documents, self._release_keys, claimant, now=now)
        self._cleared = isinstance(judged, Cleared)
        return judged if isinstance(judged, Refused) else None

    @property
    def cleared(self) -> bool:
        """True while both releases let this truck into the neutral zone."""
        return self._cleared

    def row(self) -> GuardRow | None:
        """The guard row in force; None means rest."""
        if self._end_m is None:
            return None
        if self._neutral_m is None or self._cleared:
            return GuardRow(self._end_m, self._overlap_m)
        return GuardRow(min(self._end_m, self._neutral_m - GATE_OVERLAP_M), GATE_OVERLAP_M)


def _lane_end_m(route: Route, lane: str) -> float:
    """Where a lane of the route ends along it, metres."""
    return (*route.starts_m[1:], route.length_m)[route.lanes.index(lane)]


@kernel
def brake_speed(distance_m: float, brake_mps2: float, delay_s: float) -> float:
    """Speed at which braking must begin to stop within `distance_m`; the guard's own copy of the
    curve.
    """
    room = max(0.0, distance_m)
    lag = brake_mps2 * delay_s
    return -lag + math.sqrt(lag * lag + 2.0 * brake_mps2 * room)


@kernel
def judge(
    path: Array, rows: int, sensors: Array, row: Array, truck: Array, state: Array, i: int
) -> tuple[int, float]:
    """What row i does wrong (CAUSE_*, 0 for nothing) by the guard's own odometer, and its room in
    metres.
    """
    v = sensors[i, SENSE_V]
    x = sensors[i, SENSE_X]
    y = sensors[i, SENSE_Y]
    if state[i, WATCH_GENERATION] != row[i, GUARD_GENERATION]:
        s, left = nearest(path, rows, 0.0, x, y, 0, rows)
        state[i, WATCH_GENERATION] = row[i, GUARD_GENERATION]
    else:
        s, left = nearest(path, rows, state[i, WATCH_S], x, y, 3, 8)
    state[i, WATCH_S] = s
    room = row[i, GUARD_END] - s - truck[i, TRUCK_FRONT]
    if not math.isfinite(v + x + y + room):
        return CAUSE_LOST, room
    if room < -OVERRUN_M:
        return CAUSE_OVERRUN, room
    over_m = room + row[i, GUARD_OVERLAP]
    if v > 0.5 + brake_speed(over_m, truck[i, TRUCK_BRAKE_ASSURED], truck[i, TRUCK_DELAY]):
        return CAUSE_OVERSPEED, room
    if abs(left) > LOST_M:
        return CAUSE_LOST, room
    return 0, room


@kernel
def guard_turn(
    paths: Array,
    rows: Bits,
    sensors: Array,
    row: Array,
    truck: Array,
    state: Array,
    command: Array,
    miles: Bits,
) -> None:
    """One step of every guard: clips or replaces the pilot's command. Arrays as in `pilot_turn`.

    Without a row: brake, then park. Past the service curve: service brake. Past the emergency
    curve, past the end, off the path or without a position: emergency brake, latched until the
    agent clears WATCH_TRIPPED at standstill. A brake is only ever made stronger, and a command
    that is no number is an emergency brake.
    """
    for i in range(sensors.shape[0]):
        v = sensors[i, SENSE_V]
        if not math.isfinite(command[i, COMMAND_ACCEL] + command[i, COMMAND_STEER]):
            command[i, COMMAND_ACCEL] = -truck[i, TRUCK_BRAKE_ASSURED]
            command[i, COMMAND_STEER] = 0.0
            command[i, COMMAND_EMERGENCY] = 1.0
        if command[i, COMMAND_PARK] == 1.0 and v <= STANDING_MPS:
            continue
        if row[i, GUARD_ACTIVE] == 0.0:
            rest = -truck[i, TRUCK_BRAKE_SERVICE]
            command[i, COMMAND_ACCEL] = min(command[i, COMMAND_ACCEL], rest)
            command[i, COMMAND_PARK] = 1.0 if v <= STANDING_MPS else 0.0
            continue
        p = int(row[i, GUARD_PATH])
        cause, room = judge(paths[p], rows[p], sensors, row, truck, state, i)
        service = truck[i, TRUCK_BRAKE_SERVICE]
        assured = truck[i, TRUCK_BRAKE_ASSURED]
        if cause != 0 and state[i, WATCH_TRIPPED] == 0.0:
            state[i, WATCH_TRIPPED] = 1.0
            state[i, WATCH_CAUSE] = cause
            miles[i] |= MILE_TRIPPED
        if state[i, WATCH_TRIPPED] == 1.0:
            command[i, COMMAND_ACCEL] = min(command[i, COMMAND_ACCEL], -assured)
            command[i, COMMAND_EMERGENCY] = 1.0
            command[i, COMMAND_PARK] = 1.0 if v <= STANDING_MPS else 0.0
        elif v > 0.3 + brake_speed(room, service, truck[i, TRUCK_DELAY]):
            command[i, COMMAND_ACCEL] = min(command[i, COMMAND_ACCEL], -service)
