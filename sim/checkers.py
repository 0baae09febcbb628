"""Checkers: invariants held against the truth, by means that share nothing with the agents.

Each watches one invariant of docs/SAFETY.md, counts what breaks it, and says when and how. They see
what agents never see: positions, arms, disks, and what offices really signed. One planted defect a
checker proves that it can fail (tests/sim/test_checkers.py).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from contract.agent import Persist
from contract.ledger import GENESIS, Entry, chain
from contract.map import CorridorMap
from contract.roster import Roster
from contract.signing import open_document, type_name
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_DIVERTED,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    DecisionNotice,
    Release,
    Revocation,
)
from contract.v1.document_pb2 import COUNTRY_KZ, Document
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.movement_pb2 import AuthorityReply, MovementAuthority
from gate.orders import Barrier
from gate.passage import Ticket
from sim.devices import Cabinet
from sim.fleet import Fleet

INVARIANTS: Final[Mapping[str, str]] = {
    "I1": "footprints of different vehicles never overlap",
    "I2": "the front never passes the end of authority plus its overlap",
    "I5": "a barrier opens, and is passed, only with a consumed permit for that vehicle",
    "I7": "nobody enters the neutral zone without two releases that agree",
    "I9": "opposite directions are never together in a one-lane section",
    "I11": "custody has no gap and no fork",
    "L1": "every crossing ends cleared, or is held or diverted with a reason",
}
IN_FLIGHT_S: Final = 8.0  # a revocation, on a network that loses it once or twice, and a stop
_MAY_END: Final = (CUSTODY_STEP_SEALED, CUSTODY_STEP_ENTERED)  # of a refused crossing
_AUTHORITY: Final = type_name(MovementAuthority).encode()
_REPLY: Final = type_name(AuthorityReply).encode()
_DECISION: Final = type_name(DecisionNotice).encode()


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach."""

    invariant: str
    t_s: float
    detail: str


class Checkers:
    """All invariants of a run."""

    def __init__(
        self,
        corridor: CorridorMap,
        roster: Roster,
        fleet: Fleet,
        cabinets: Mapping[str, Cabinet],
        *,
        disk: Callable[[str], Mapping[str, bytes]],
        time_s: Callable[[], float],
    ) -> None:
        self._map = corridor
        self._roster = roster
        self._fleet = fleet
        self._cabinets = cabinets
        self._disk = disk
        self._time_s = time_s
        self.violations: list[Violation] = []
        self.later: list[tuple[str, str]] | None = None
        self._offered: dict[tuple[str, int], MovementAuthority] = {}
        self._in_force: dict[str, MovementAuthority] = {}
        self._releases: dict[tuple[str, str], Release] = {}
        self._taken_back: dict[tuple[str, str], tuple[float, Release]] = {}
        self._revoked: set[str] = set()
        self._inside: dict[str, dict[str, str]] = {}
        self._steps: dict[str, int] = {}
        self._head = GENESIS
        self._entries = 0

    @property
    def counts(self) -> dict[str, int]:
        """Violations by invariant; all invariants are listed."""
        said = dict.fromkeys(INVARIANTS, 0)
        for violation in self.violations:
            said[violation.invariant] += 1
        return said

    def _say(self, invariant: str, detail: str) -> None:
        self.violations.append(Violation(invariant, self._time_s(), detail))

    # --- I1, I2: from the physical step ---

    def overlap(self, one: str, other: str) -> None:
        """I1: two footprints overlap."""
        self._say("I1", f"{one} and {other} overlap")

    def beyond(self, vehicle: str, by_mm: int) -> None:
        """I2: a front has passed the limit set by `tap`."""
        self._say("I2", f"{vehicle} is {by_mm} mm beyond its end of authority and overlap")

    def tap(self, sender: str, to: str, raw: bytes) -> None:
        """What goes over the network: authorities and the answers to them, decisions of offices."""
        if _AUTHORITY in raw:
            body = Envelope.FromString(Frame.FromString(raw).envelope)
            authority = MovementAuthority.FromString(body.payload)
            self._offered[to, authority.number] = authority
        elif _REPLY in raw:
            body = Envelope.FromString(Frame.FromString(raw).envelope)
            reply = AuthorityReply.FromString(body.payload)
            offered = self._offered.get((sender, reply.number))
            if reply.accepted and offered is not None and offered.mission_id == reply.mission_id:
                self.accepted(sender, offered)
        elif _DECISION in raw:
            body = Envelope.FromString(Frame.FromString(raw).envelope)
            self.decided(DecisionNotice.FromString(body.payload).decision)

    def accepted(self, vehicle: str, authority: MovementAuthority) -> None:
        """A vehicle has taken this authority: its front is held against it from now on. An answer
        that is said again, after a newer one, changes nothing.
        """
        before = self._in_force.get(vehicle, authority)
        if before.mission_id == authority.mission_id and before.number > authority.number:
            return
        self._in_force[vehicle] = authority
        self.hold_front(vehicle)

    def hold_front(self, vehicle: str) -> None:
        """Set the limit for a front along the way it is on now."""
        authority = self._in_force.get(vehicle)
        route = self._fleet.route(vehicle)
        if authority is None or route is None or authority.end_lane not in route.lanes:
            return
        end_m = route.at(authority.end_lane, authority.end_mm / 1000.0)
        self._fleet.set_end(vehicle, end_m + authority.overlap_mm / 1000.0)

    def restarted(self, vehicle: str) -> None:
        """After a restart a vehicle has no authority: its front may only coast to a stop."""
        self._in_force.pop(vehicle, None)

    # --- I5, I7: at the barrier ---

    def arm_rises(self, gate: str) -> None:
        """I5: the controller has ordered the arm up."""
        ticket = self._ticket(gate)
        plate = self._cabinets[gate].plate
        if ticket is None:
            self._say("I5", f"{gate} opens without a consumed permit")
        elif ticket.vehicle_id != plate:
            self._say(
                "I5", f"{gate} opens for {ticket.vehicle_id} while {plate or 'nobody'} stands"
            )

    def under_arm(self, gate: str, vehicle: str) -> None:
        """I5 and, at an exit, I7: a front has reached the arm."""
        ticket = self._ticket(gate)
        if ticket is None or ticket.vehicle_id != vehicle:
            self._say("I5", f"{vehicle} passes {gate} without a permit of its own")
        elif self._cabinets[gate].arm.state is not Barrier.OPEN:
            self._say("I5", f"{vehicle} drives into the arm of {gate}")
        if self._map.gates[gate].side == "exit":
            crossing = ticket.crossing_id if ticket is not None else ""
            if self.later is None:
                self._enters(vehicle, crossing)
            else:
                self.later.append((vehicle, crossing))

    def judge_later(self) -> None:
        """I7 for the entries kept in `later`, once the releases are known."""
        kept, self.later = self.later or [], None
        for vehicle, crossing in kept:
            self._enters(vehicle, crossing)

    def _ticket(self, gate: str) -> Ticket | None:
        disk = self._disk(gate)
        data = disk.get("ticket/open")
        ticket = Ticket.decode(data) if data is not None else None
        if ticket is None or disk.get(f"permit/{ticket.permit_id}") != b"consumed":
            return None
        return ticket

    def decided(self, document: Document) -> None:
        """An office's decision, as signed: a release, or one that takes a release back.

        Either may be heard again, and late: a release that was taken back stays void, and taking
        one back voids no other.
        """
        for country, keys in self._roster.release_keys.items():
            release = open_document(document, Release, keys)
            if isinstance(release, Release) and release.release_id not in self._revoked:
                self._releases[release.subject.crossing_id, country] = release
            revocation = open_document(document, Revocation, keys)
            if isinstance(revocation, Revocation):
                key = (revocation.crossing_id, country)
                self._revoked.add(revocation.release_id)
                taken = self._releases.get(key)
                if taken is not None and taken.release_id == revocation.release_id:
                    del self._releases[key]
                    self._taken_back[key] = (self._time_s(), taken)

    def _release(self, crossing: str, country: str) -> Release | None:
        """An office's release of a crossing; one that it has taken back so lately that no truck
        under way could have heard of it and stopped still counts.
        """
        taken_s, taken = self._taken_back.get((crossing, country), (-math.inf, None))
        late = taken if self._time_s() - taken_s <= IN_FLIGHT_S else None
        return self._releases.get((crossing, country), late)

    def released(self, crossing: str) -> dict[str, str]:
        """Releases in force of a crossing, by office."""
        return {
            country: release.release_id
            for (of, country), release in self._releases.items()
            if of == crossing
        }

    def _enters(self, vehicle: str, crossing: str) -> None:
        kz, cn = (self._release(crossing, country) for country in ("KZ", "CN"))
        if kz is None or cn is None:
            missing = "KZ" if kz is None else "CN"
            self._say("I7", f"{vehicle} enters the neutral zone without a release of {missing}")
            return
        same = (
            kz.subject.declaration_sha256 == cn.subject.declaration_sha256
            and list(kz.subject.seals) == list(cn.subject.seals)
            and kz.subject.vehicle_id == cn.subject.vehicle_id == vehicle
            and kz.subject.vehicle_key_id == cn.subject.vehicle_key_id
            and kz.office == COUNTRY_KZ != cn.office
        )
        if not same:
            self._say("I7", f"{vehicle} enters the neutral zone under releases that differ")

    # --- I9: one-lane sections ---

    def in_zone(self, zone: str, lane: str, vehicle: str) -> None:
        """A front has entered a one-lane section over `lane`."""
        inside = self._inside.setdefault(zone, {})
        for other, other_lane in inside.items():
            if other_lane != lane:
                self._say("I9", f"{vehicle} enters {zone} against {other}")
        inside[vehicle] = lane

    def out_of_zone(self, zone: str, vehicle: str) -> None:
        """A rear has left it."""
        self._inside.get(zone, {}).pop(vehicle, None)

    # --- I11: custody ---

    def committed(self, records: list[Persist]) -> None:
        """What the supervisor has written into its ledger."""
        for record in records:
            if record.key.startswith("ledger/") and record.value is not None:
                self._ledger(msgspec.msgpack.decode(record.value, type=Entry))

    def _ledger(self, entry: Entry) -> None:
        self._entries += 1
        whole = chain(self._entries, self._head, entry.record, entry.at_utc_ms)
        if entry != whole:
            self._say("I11", f"entry {entry.number} does not follow the chain")
        self._head = entry.hash
        record = CustodyRecord.FromString(Document.FromString(entry.record).payload)
        before = self._steps.get(record.crossing_id, 0)
        diverted = record.step == CUSTODY_STEP_DIVERTED and before in _MAY_END
        whole_chain = record.step == before + 1 and record.step <= CUSTODY_STEP_HANDED_OVER
        if not (diverted or whole_chain):
            self._say("I11", f"{record.crossing_id} goes from step {before} to {record.step}")
        self._steps[record.crossing_id] = record.step

    # --- L1: at the end ---

    def ended(self, unexplained: list[str]) -> None:
        """Crossings that neither ended nor have a reason."""
        for crossing in unexplained:
            self._say("L1", f"{crossing} neither ends nor has a reason to wait")
