"""Guard: the truck's own no (vital).

Opens movement authorities and releases itself, from the received bytes, and writes the guard row:
how far this truck may go, and on what friction. No field of a drive order reaches it. The neutral
zone ends the row until both releases verify; without a row the truck rests. A release that its
office takes back closes the row again: before the line at the exit gate, past it at the next place
where the truck may stand, so that it stops on nobody's line; nothing that is revoked ever counts
again. The kernel that holds
the pilot to the row is vehicle/watch. Not here: driving (vehicle/pilot), permits (the gate's word
to the agent), stop orders.
Requirements: I2, I3, I7, I16 in docs/SAFETY.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from contract import release
from contract.agent import Now, Refused
from contract.envelope import ENVELOPE_TYPE
from contract.limits import FRICTION_DRY, FRICTION_WORST, GATE_OVERLAP_M, LANE_OVERLAP_M
from contract.readmission import judge_return
from contract.reasons import Reason
from contract.release import Claimant, Cleared, TakenBack, read_revocation
from contract.route import Route, RouteError
from contract.signing import type_name, verify
from contract.v1.document_pb2 import Document
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.movement_pb2 import (
    SHORTENING_COOPERATIVE,
    SHORTENING_EMERGENCY,
    MovementAuthority,
    Shortening,
)
from contract.wire import parse

_AUTHORITY: Final = type_name(MovementAuthority)


class GuardRow(Struct, frozen=True):
    """How far this truck may go by what the guard itself has read; metres along the mission's
    route.
    """

    end_m: float
    overlap_m: float
    mu: float


@dataclass(frozen=True, slots=True)
class Refuge:
    """Where a truck that must not go on may stand; metres along the mission's route, at the front.

    line_m   stop line of the exit gate, before the neutral zone
    safe     stretches (from, to) in order, none in the boundary section or under a barrier
    """

    line_m: float
    safe: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Braking:
    """Where a front is, and where it comes to rest gently, or by braking now; metres along the
    route.
    """

    front_m: float
    gentle_m: float
    now_m: float


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
        self._epoch = 1  # zero is no supervisor's
        self._number = 0
        self._end: tuple[str, float] | None = None
        self._end_m: float | None = None
        self._overlap_m = GATE_OVERLAP_M
        self._refuge: Refuge | None = None
        self._clearance: Cleared | None = None
        self._taken_back: set[TakenBack] = set()
        self._revoked = False
        self._closing = False
        self._held: tuple[str, float] | None = None
        self._past_line = False
        self._mu = FRICTION_WORST

    def mission(
        self,
        mission_id: str,
        crossing_id: str,
        route: Route,
        neutral_m: float | None,
        *,
        version: int,
        refuge: Refuge | None = None,
    ) -> None:
        """Take up a mission or a new version of it.

        Authority and clearance never carry over to another mission or crossing; within one an
        authority holds as far as its end is still on the route.
        neutral_m   where on the route the neutral zone begins; None if the route does not enter it
        refuge      where to stand if a release is taken back; None: before the line, or at the end
        """
        if (mission_id, crossing_id) != (self._mission, self._crossing):
            self._clearance = None
            self._revoked = self._closing = self._past_line = False
            self._held = None
        if mission_id != self._mission:
            self._number = 0
            self._end = None
        self._mission = mission_id
        self._version = version
        self._crossing = crossing_id
        self._route = route
        self._neutral_m = neutral_m
        self._refuge = refuge
        if refuge is None and neutral_m is not None:
            self._refuge = Refuge(neutral_m - GATE_OVERLAP_M, ())
        self._end_m = None
        if self._end is not None and self._end[0] in route.lanes:
            self._end_m = route.at(*self._end)

    def authority(
        self, raw: bytes, epoch_min: int, braking: Braking | None = None
    ) -> Refused | None:
        """Open a movement authority from the received frame itself. None if it now counts.

        braking   where the truck comes to rest; None: not known, and no end is shortened
        """
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
        shorter = self._end_m is not None and end_m < self._end_m
        if shorter and not _stops_before(end_m, opened.shortening, braking):
            return Refused(Reason.CANNOT_SHORTEN, f"{end_m:.1f} m, in force {self._end_m:.1f} m")
        self._number = opened.number
        self._end = (opened.end_lane, opened.end_mm / 1000.0)
        self._end_m = end_m
        self._overlap_m = min(opened.overlap_mm / 1000.0, LANE_OVERLAP_M)
        told = opened.friction_permille / 1000.0
        self._mu = min(told, FRICTION_DRY) if told > 0.0 else FRICTION_WORST
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
        """Judge both releases for this truck and crossing. None if they clear it.

        A truck that lost its clearance past the line goes on by the papers of its return, too.
        VEH-019.
        """
        claimant = Claimant(self._crossing, self._me, self._key_id)
        keys, taken = self._release_keys, self._taken_back
        judged = release.judge(documents, keys, claimant, now=now, revoked=taken)
        if isinstance(judged, Refused) and self._past_line:
            returned = judge_return(documents, keys, claimant, now=now, revoked=taken)
            judged = returned if isinstance(returned, Cleared) else judged
        if isinstance(judged, Cleared):
            self._clearance = judged
            self._revoked = self._closing = False
            self._held = None
            return None
        self._lose()
        self._revoked = self._revoked or judged.reason is Reason.RELEASE_REVOKED
        return judged

    def revoke(self, document: Document) -> TakenBack | Refused:
        """Take note of a revocation, for good. It takes only: nobody is cleared by one."""
        taken = read_revocation(document, self._release_keys)
        if isinstance(taken, Refused):
            return taken
        if taken in self._taken_back:
            return Refused(Reason.DUPLICATE, taken[1])
        self._taken_back.add(taken)
        if self._clearance is not None and taken in self._clearance.releases:
            self._lose()
            self._revoked = True
        return taken

    def _lose(self) -> None:
        """What cleared this truck does not any more: the row has to be closed."""
        if self._clearance is not None:
            self._clearance = None
            self._closing = True

    @property
    def closing(self) -> bool:
        """True from the loss of a clearance until `close` has been told where the truck is."""
        return self._closing

    def close(self, braking: Braking) -> None:
        """Choose where a truck that was cleared has to stand: before the line, if it comes to rest
        there; else at the next safe place of its authority.
        """
        if not self._closing:
            return
        self._closing = False
        refuge, neutral_m = self._refuge, self._neutral_m
        if self._route is None or self._end_m is None or refuge is None or neutral_m is None:
            return
        if braking.front_m <= refuge.line_m:
            return  # it is on its way to that line: nobody passes it without a permit
        held_m = braking.now_m
        if held_m > neutral_m - GATE_OVERLAP_M:
            held_m = min(_next_safe_m(refuge, braking.gentle_m), self._end_m)
            self._past_line = True
        self._held = self._route.where(min(held_m, self._route.length_m))

    @property
    def cleared(self) -> bool:
        """True while both releases let this truck into the neutral zone."""
        return self._clearance is not None

    @property
    def revoked(self) -> bool:
        """True while it is not cleared because an office has taken its release back."""
        return self._revoked

    @property
    def limit_m(self) -> float | None:
        """Where a drive has to end, whatever was granted: None while nothing is closed."""
        refuge, route = self._refuge, self._route
        if refuge is None or route is None or self._clearance is not None or self._closing:
            return None
        if self._held is not None and self._held[0] in route.lanes:
            return route.at(*self._held)
        return refuge.line_m

    def row(self) -> GuardRow | None:
        """The guard row in force; None means rest."""
        if self._end_m is None:
            return None
        limit_m = self.limit_m
        if limit_m is None or self._neutral_m is None:
            return GuardRow(self._end_m, self._overlap_m, self._mu)
        if self._held is None:
            limit_m = self._neutral_m - GATE_OVERLAP_M
        return GuardRow(min(self._end_m, limit_m), GATE_OVERLAP_M, self._mu)


def _stops_before(end_m: float, shortening: Shortening, braking: Braking | None) -> bool:
    """Whether a truck may be given a nearer end: it has been asked for, and it stops before it."""
    if braking is None:
        return False
    if shortening == SHORTENING_COOPERATIVE:
        return braking.gentle_m <= end_m
    return shortening == SHORTENING_EMERGENCY and braking.now_m <= end_m


def _next_safe_m(refuge: Refuge, from_m: float) -> float:
    """The first place from `from_m` on where the truck may stand; infinity if there is none."""
    for first_m, last_m in refuge.safe:
        if last_m >= from_m:
            return max(first_m, from_m)
    return math.inf


def _lane_end_m(route: Route, lane: str) -> float:
    """Where a lane of the route ends along it, metres."""
    return (*route.starts_m[1:], route.length_m)[route.lanes.index(lane)]
