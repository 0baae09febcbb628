"""The gate's side of the passage protocol: challenge, judge the answer, make the permit.

Pure. A yes needs: the nonce in force and young enough, the vehicle's own signature over it (the
envelope's, by the key in the roster), both releases for this crossing and this key in this
direction, and a plate, seals and containers that agree with them; or, at an entry gate, those of
the crossing that takes a refused truck back (admission.py). Who asks on its way to the line is
challenged and its answer judged before it stands there; the answer is kept for a while, and judged
anew with what is read. Not here: the arm (interlock.py), what happens after (agent.py).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from contract import release
from contract.agent import NS_PER_MS, Boot, Now, Refused
from contract.limits import ANSWER_KEPT_MS_MAX, NONCE_AGE_MS_MAX, NONCE_BYTES, TEXT_LENGTH_MAX
from contract.map import Gate
from contract.reasons import Reason
from contract.release import Claimant, Cleared, TakenBack
from contract.roster import Roster
from contract.signing import Signer, digest, seal_document
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CustodyRecord,
    Permit,
)
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST, Document
from contract.v1.gate_pb2 import (
    Challenge,
    PassageRequest,
    Passed,
    PermitGranted,
    PermitRefused,
    PermitRequest,
)
from gate.admission import Admission
from gate.arm import PERMIT_START_MS
from gate.orders import GateReading

_REVOKED: Final = "revoked/"
# What is not read yet may be read while the answer of a truck that comes is kept.
UNSEEN: Final = frozenset(
    {Reason.NOT_IN_CELL, Reason.PLATE_UNREAD, Reason.SEAL_UNREAD, Reason.CONTAINER_UNREAD}
)


class Answer(NamedTuple):
    """A good answer of a vehicle that was not to be seen yet: what, by whom, to which nonce.

    since_ns   when it was given, or when somebody came to the line who is not read yet
    missing    why it had no permit when it was last judged
    """

    request: PermitRequest
    sender: str
    nonce: bytes
    since_ns: int
    missing: Refused


class Ticket(msgspec.Struct):
    """A permit as the gate keeps it: consumed, and for whom.

    count_before   the exit counter when it was consumed
    came           its vehicle has been under the arm
    returning      the crossing that takes it back, where it was refused past the line
    """

    permit_id: str
    vehicle_id: str
    vehicle_key_id: bytes
    crossing_id: str
    release_kz: str
    release_cn: str
    seals: list[str]
    nonce: bytes
    attempt: int
    count_before: int = 0
    came: bool = False
    returning: str = ""

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "Ticket":
        return msgspec.msgpack.decode(data, type=cls)

    def permit(self, now: Now, gate_id: str) -> Permit:
        """The document for the vehicle."""
        return Permit(
            permit_id=self.permit_id,
            gate_id=gate_id,
            nonce=self.nonce,
            vehicle_id=self.vehicle_id,
            vehicle_key_id=self.vehicle_key_id,
            crossing_id=self.crossing_id,
            release_id_kz=self.release_kz,
            release_id_cn=self.release_cn,
            issued_utc_ms=now.utc_ms,
            valid_ms=PERMIT_START_MS,
        )


@dataclass(slots=True)
class GatePassage:
    """The session with the one vehicle that has asked."""

    gate: Gate
    signer: Signer
    roster: Roster
    revoked: set[TakenBack] = field(default_factory=set)
    admission: Admission = field(init=False)
    reading: GateReading | None = None
    vehicle: str = ""
    crossing: str = ""
    attempt: int = 0
    approaching: bool = False
    answer: Answer | None = None
    _nonce: bytes = b""
    _asked_ns: int = 0
    _seed: bytes = b""
    _counter: int = 0
    _boots: int = 0

    def __post_init__(self) -> None:
        self.admission = Admission(self.roster.release_keys)

    def start(self, boot: Boot) -> None:
        """Nonces and permit ids come from this boot's seed and a counter."""
        self._seed = boot.nonce_seed
        self._boots = boot.boot_count

    def next_id(self) -> str:
        """An id that no life of this gate has used."""
        self._counter += 1
        return f"{self.gate.id}-{self._boots}-{self._counter}"

    @property
    def due_ns(self) -> int | None:
        """When the challenge dies, or the answer to it."""
        if self.answer is not None:
            return self.answer.since_ns + ANSWER_KEPT_MS_MAX * NS_PER_MS
        return self._asked_ns + NONCE_AGE_MS_MAX * NS_PER_MS if self._nonce else None

    @property
    def late(self) -> Refused:
        """What is said then."""
        if self.answer is not None:
            return self.answer.missing
        return Refused(Reason.NONCE_EXPIRED)

    def challenge(self, now: Now, request: PassageRequest) -> Challenge:
        """A fresh nonce for this vehicle; an older one is void."""
        self._counter += 1
        material = self._seed + self._counter.to_bytes(8, "big") + self.gate.id.encode()
        self._nonce = hashlib.sha256(material).digest()[:NONCE_BYTES]
        self._asked_ns = now.mono_ns
        self.vehicle = request.vehicle_id
        self.crossing = request.crossing_id
        self.attempt = request.attempt
        self.approaching, self.answer = request.approaching, None
        return Challenge(gate_id=self.gate.id, nonce=self._nonce, attempt=request.attempt)

    def end(self) -> None:
        """No session, no nonce."""
        self._nonce = b""
        self.vehicle = self.crossing = ""
        self.approaching, self.answer = False, None

    def expire(self, now: Now) -> None:
        """A challenge that nobody answers does not stay."""
        if self.due_ns is not None and now.mono_ns >= self.due_ns:
            self._nonce = b""

    def judge(self, now: Now, request: PermitRequest, sender: str) -> Ticket | Refused:
        """A ticket for the sender, or why it may not pass. The nonce is used up either way; a good
        answer of one that is not to be seen yet is kept in `answer`.
        """
        nonce = self._nonce
        judged = self._answered(now, request, sender)
        if isinstance(judged, Refused):
            return judged
        found = self._ticket(judged, request, sender, nonce)
        if self.approaching and isinstance(found, Refused) and found.reason in UNSEEN:
            self.answer = Answer(request, sender, nonce, now.mono_ns, found)
        return found

    def judge_kept(self, now: Now, answer: Answer) -> Ticket | Refused | None:
        """The same for an answer that was kept, by the releases as they are now and by what is read
        now; None while something is not read.
        """
        judged = self._cleared(now, answer.request, answer.sender)
        if isinstance(judged, Refused):
            self.answer = None
            return judged
        found = self._ticket(judged, answer.request, answer.sender, answer.nonce)
        if isinstance(found, Refused) and found.reason in UNSEEN:
            came = answer.missing.reason is Reason.NOT_IN_CELL is not found.reason
            since_ns = now.mono_ns if came else answer.since_ns
            self.answer = answer._replace(since_ns=since_ns, missing=found)
            return None
        self.answer = None
        return found

    def _ticket(
        self, judged: Cleared, request: PermitRequest, sender: str, nonce: bytes
    ) -> Ticket | Refused:
        """A ticket if what is seen agrees with the releases."""
        fault = self._fault(judged)
        if fault is not None:
            return fault
        back = judged.subject.crossing_id
        return Ticket(
            returning=back if back != request.crossing_id else "",
            permit_id=self.next_id(),
            vehicle_id=sender,
            vehicle_key_id=self.roster.nodes[sender].key_id,
            crossing_id=request.crossing_id,
            release_kz=judged.kz.release_id,
            release_cn=judged.cn.release_id,
            seals=list(judged.subject.seals),
            nonce=nonce,
            attempt=request.attempt,
        )

    def renew(self, now: Now, request: PermitRequest, ticket: Ticket) -> Refused | None:
        """The vehicle has lost the permit it is passing on: the same ticket for the new nonce, or
        why not.
        """
        nonce = self._nonce
        judged = self._answered(now, request, ticket.vehicle_id)
        if isinstance(judged, Refused):
            return judged
        if request.crossing_id != ticket.crossing_id:
            return Refused(Reason.RELEASE_FOREIGN, f"{ticket.permit_id}: {ticket.crossing_id}")
        ticket.nonce, ticket.attempt = nonce, request.attempt
        return None

    def _answered(self, now: Now, request: PermitRequest, sender: str) -> Cleared | Refused:
        """Both releases of the sender, if it answers the nonce, which is used up."""
        nonce, self._nonce = self._nonce, b""
        if not nonce or request.nonce != nonce or request.gate_id != self.gate.id:
            return Refused(Reason.NONCE_UNKNOWN)
        if now.mono_ns - self._asked_ns > NONCE_AGE_MS_MAX * NS_PER_MS:
            return Refused(Reason.NONCE_EXPIRED)
        if (request.vehicle_id, request.crossing_id) != (sender, self.crossing):
            return Refused(Reason.RELEASE_FOREIGN, f"{request.vehicle_id} asked by {sender}")
        return self._cleared(now, request, sender)

    def _cleared(self, now: Now, request: PermitRequest, sender: str) -> Cleared | Refused:
        """Both releases of the sender, as they are now."""
        claimant = Claimant(request.crossing_id, sender, self.roster.nodes[sender].key_id)
        judged = release.judge(
            request.releases, self.roster.release_keys, claimant, now=now, revoked=self.revoked
        )
        if isinstance(judged, Cleared) or self.gate.side == "exit":
            return judged
        admitted = self.admission.judge(claimant, now=now, revoked=self.revoked)
        return admitted if isinstance(admitted, Cleared) else judged

    def _fault(self, judged: Cleared) -> Refused | None:
        """What the releases say against what this gate is and sees. Those of a return, which are
        for another crossing than was asked for, lead the other way.
        """
        returns = judged.subject.crossing_id != self.crossing
        east = (self.gate.direction == "E") is not returns
        if judged.subject.direction != (DIRECTION_EAST if east else DIRECTION_WEST):
            return Refused(Reason.RELEASE_FOREIGN, "released for the other direction")
        reading = self.reading
        if reading is None or not reading.plate:
            unread = reading is not None and reading.unread
            return Refused(Reason.PLATE_UNREAD if unread else Reason.NOT_IN_CELL)
        if reading.plate != judged.subject.vehicle_id:
            return Refused(Reason.PLATE_MISMATCH, f"{reading.plate} read")
        if reading.unread:
            boxed = reading.unread == "container"
            return Refused(Reason.CONTAINER_UNREAD if boxed else Reason.SEAL_UNREAD)
        if tuple(reading.seals) != tuple(judged.subject.seals):
            seen = ", ".join(reading.seals) or "none"
            return Refused(Reason.SEAL_MISMATCH, f"read {seen}")
        return _container_fault(reading.containers, judged.subject.container_ids)

    def revoke(self, document: Document) -> str:
        """Take note of a revocation; returns the key to keep it under, "" if it is none."""
        taken = release.read_revocation(document, self.roster.release_keys)
        if isinstance(taken, Refused):
            return ""
        self.revoked.add(taken)
        return f"{_REVOKED}{taken[0]}/{taken[1]}"

    def restore(self, state: Iterable[str]) -> None:
        """Take up what was taken back before a restart."""
        for key in state:
            if key.startswith(_REVOKED):
                office, _, release_id = key.removeprefix(_REVOKED).partition("/")
                offices = (office,) if release_id else tuple(self.roster.release_keys)
                self.revoked.update((each, release_id or office) for each in offices)

    def granted(self, now: Now, ticket: Ticket) -> PermitGranted:
        """The permit, signed: for when the arm is proven open."""
        permit = seal_document(self.signer, ticket.permit(now, self.gate.id))
        return PermitGranted(permit=permit, attempt=ticket.attempt)

    def refused(self, attempt: int, why: Refused) -> PermitRefused:
        """A no with its reason."""
        detail = why.detail[:TEXT_LENGTH_MAX]
        return PermitRefused(
            gate_id=self.gate.id, reason=why.reason.name, detail=detail, attempt=attempt
        )

    def passed(self, now: Now, ticket: Ticket) -> Passed:
        """The word that a vehicle is through, with the link of its chain of custody."""
        exiting = self.gate.side == "exit"
        record = CustodyRecord(
            crossing_id=ticket.crossing_id,
            step=CUSTODY_STEP_EXITED if exiting else CUSTODY_STEP_ENTERED,
            place_id=self.gate.id,
            vehicle_id=ticket.vehicle_id,
            seals=ticket.seals,
            at_utc_ms=now.utc_ms,
            evidence_sha256=digest(ticket.permit_id.encode()),
        )
        return Passed(
            gate_id=self.gate.id,
            permit_id=ticket.permit_id,
            vehicle_id=ticket.vehicle_id,
            crossing_id=ticket.crossing_id,
            custody=seal_document(self.signer, record),
        )


def _container_fault(read: Sequence[str], released: Sequence[str]) -> Refused | None:
    """What stands on the trailer against what is released; in which order they are read says
    nothing. A load in no container is read as none.
    """
    if sorted(read) == sorted(released):
        return None
    if not read:
        return Refused(Reason.CONTAINER_MISSING, f"none read, released {', '.join(released)}")
    return Refused(Reason.CONTAINER_MISMATCH, f"read {', '.join(read)}")
