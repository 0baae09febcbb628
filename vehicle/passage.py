"""The truck's side of the passage protocol: ask, answer the challenge, check the permit.

Pure. One gate at a time, asked on the way to its line already. A permit counts only if the gate's
own key signed it for this truck, this crossing and the nonce this truck has answered. Not here:
when to ask, when to drive (agent.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.agent import NS_PER_MS, Effect, Now, Received, Refused, Report, Send
from contract.events import Event
from contract.limits import PASSAGE_RETRY_MS, PASSAGE_SILENCE_MS
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import open_document
from contract.v1.customs_pb2 import Permit
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import (
    Challenge,
    PassageRequest,
    Passed,
    PermitGranted,
    PermitRefused,
    PermitRequest,
)
from vehicle.phases import Passage, Word, next_passage


@dataclass(slots=True)
class Said:
    """What a word of the gate led to."""

    effects: list[Effect] = field(default_factory=list)
    permitted: bool = False


class TruckPassage:
    """State of the session with the gate at whose line the truck stands, or to which it comes."""

    def __init__(self, me: str, key_id: bytes, roster: Roster) -> None:
        self._me = me
        self._key_id = key_id
        self._roster = roster
        self._state = Passage.IDLE
        self._gate = ""
        self._crossing = ""
        self._attempt = 0
        self._ahead = False  # asked before it stood at the line
        self._nonce = b""
        self._retry_ns: int | None = None

    @property
    def retry_ns(self) -> int | None:
        """When to ask again if nothing has come."""
        return self._retry_ns

    def permits(self, gate: str) -> bool:
        """True while this gate's permit is in hand."""
        return self._state is Passage.PERMITTED and self._gate == gate

    @property
    def is_ahead(self) -> bool:
        """Whether what was asked on the way to the line is not answered by a permit yet."""
        return self._ahead and self._state in (Passage.ASKED, Passage.ANSWERED)

    def ask(self, now: Now, gate: str, crossing: str, *, ahead: bool = False) -> list[Effect]:
        """Begin a session unless one is under way with this gate. A no on the way keeps nobody from
        asking at the line.
        """
        if self._gate == gate and self._state is not Passage.IDLE:
            if self._ahead and not ahead:  # it stands at the line now: what is read takes its time
                self._ahead = False
                if self._retry_ns is not None:
                    self._retry_ns = now.mono_ns + PASSAGE_SILENCE_MS * NS_PER_MS
            return []
        waits = self._retry_ns is not None and now.mono_ns < self._retry_ns
        if self._gate == gate and waits and (ahead or not self._ahead):
            return []
        self._gate, self._crossing, self._ahead = gate, crossing, ahead
        self._attempt += 1
        self._state = next_passage(Passage.IDLE, Word.ASK)
        self._retry_ns = now.mono_ns + PASSAGE_SILENCE_MS * NS_PER_MS
        request = PassageRequest(
            gate_id=gate,
            crossing_id=crossing,
            vehicle_id=self._me,
            attempt=self._attempt,
            approaching=ahead,
        )
        fields = {"gate": gate, "crossing": crossing, "attempt": self._attempt}
        return [Report(Event.PERMIT_REQUESTED, fields), Send(gate, request)]

    def give_up(self) -> None:
        """The time to wait is over: the next `ask` starts a new attempt."""
        self._retry_ns = None
        if self._state is not Passage.PERMITTED:
            self._state = Passage.IDLE

    def forget(self, gate: str) -> None:
        """The gate restarted: its session is gone, and a permit not yet used is void."""
        if gate == self._gate:
            self._state = Passage.IDLE
            self._retry_ns = None

    def on_word(self, now: Now, received: Received, releases: Sequence[Document]) -> Said:
        """Deal with a message of a gate; anything that is not of this session changes nothing."""
        message = received.message
        if received.sender != self._gate:
            return Said()
        if isinstance(message, Passed):
            return self._on_passed(message)
        if getattr(message, "attempt", 0) != self._attempt:
            return Said()
        if isinstance(message, Challenge):
            return self._on_challenge(message, releases)
        if isinstance(message, PermitGranted):
            return self._on_permit(message)
        if isinstance(message, PermitRefused):
            return self._on_refused(now, message)
        return Said()

    def _on_challenge(self, challenge: Challenge, releases: Sequence[Document]) -> Said:
        if self._state not in (Passage.ASKED, Passage.ANSWERED):
            return Said()
        self._state = next_passage(self._state, Word.CHALLENGED)
        self._nonce = challenge.nonce
        request = PermitRequest(
            gate_id=self._gate,
            nonce=challenge.nonce,
            crossing_id=self._crossing,
            vehicle_id=self._me,
            releases=releases,
            attempt=self._attempt,
        )
        return Said([Send(self._gate, request)])

    def _on_permit(self, granted: PermitGranted) -> Said:
        permit = self._judge(granted)
        fields: dict[str, Any] = {"gate": self._gate, "crossing": self._crossing}
        if isinstance(permit, Refused):
            fields |= {"reason": permit.reason, "detail": permit.detail}
            return Said([Report(Event.PERMIT_REFUSED_BY_GATE, fields)])
        self._state = next_passage(self._state, Word.GRANTED)
        self._retry_ns = None
        fields["permit"] = permit.permit_id
        return Said([Report(Event.PERMIT_ACCEPTED, fields)], permitted=True)

    def _judge(self, granted: PermitGranted) -> Permit | Refused:
        """The permit if it is this gate's, for us, and answers the nonce we answered."""
        if self._state is not Passage.ANSWERED:
            return Refused(Reason.NONCE_UNKNOWN, "no challenge was answered")
        node = self._roster.nodes[self._gate]
        permit = open_document(granted.permit, Permit, {node.key_id: node.public_key})
        if isinstance(permit, Refused):
            return permit
        if permit.nonce != self._nonce or not permit.nonce:
            return Refused(Reason.NONCE_UNKNOWN, permit.permit_id)
        ours = (self._gate, self._me, self._key_id, self._crossing)
        theirs = (permit.gate_id, permit.vehicle_id, permit.vehicle_key_id, permit.crossing_id)
        if ours != theirs:
            return Refused(Reason.RELEASE_FOREIGN, f"{permit.permit_id} is for {permit.vehicle_id}")
        return permit

    def _on_refused(self, now: Now, refused: PermitRefused) -> Said:
        self._state = next_passage(self._state, Word.REFUSED)
        self._retry_ns = now.mono_ns + PASSAGE_RETRY_MS * NS_PER_MS
        reason = Reason.__members__.get(refused.reason, Reason.PERMIT_PENDING)
        fields = {
            "gate": self._gate,
            "crossing": self._crossing,
            "reason": reason,
            "detail": refused.detail,
        }
        return Said([Report(Event.PERMIT_REFUSED_BY_GATE, fields)])

    def _on_passed(self, passed: Passed) -> Said:
        if passed.vehicle_id != self._me:
            return Said()
        self._state = next_passage(self._state, Word.THROUGH)
        self._retry_ns = None
        fields = {"gate": self._gate, "crossing": passed.crossing_id}
        return Said([Report(Event.GATE_PASSED, fields)])
