"""One node's own ledger: what it has signed goes in before it leaves, and heads go to both offices.

Pure. A head is due HEAD_RECORDS records or HEAD_MS after the last, if anything was written; while
an office has not countersigned it, it is sent again each HEAD_MS, with the links from where that
office has been. Heads and countersignatures are kept in the journal, and so are the newest heads of
others that the offices pass on. A node that restarts goes on where its journal ends.
Not here: the chain itself (ledger.py), countersigning (gate/office/witness.py).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, cast

import msgspec

from contract.agent import NS_PER_MS, Effect, Now, Persist, Received, Refused, Report, Role, Send
from contract.events import Event
from contract.ledger import (
    GENESIS,
    Entry,
    chain,
    countersigners,
    judge_head,
    open_head,
    with_signature,
)
from contract.limits import HEAD_LINKS_MAX, HEAD_MS, HEAD_RECORDS, HEADS_TOLD_MAX
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer, digest, seal_document
from contract.v1.customs_pb2 import (
    DecisionNotice,
    DeclarationSubmitted,
    EndorsementNotice,
    StationResult,
)
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import Passed
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice, LedgerHead, LedgerLink
from contract.v1.movement_pb2 import BerthReport
from contract.wire import parse

ENTRY_KEY: Final = "ledger/"
HEAD_KEY: Final = "head/"
SEEN_KEY: Final = "seen/"
WITNESS_KEY: Final = "witness/"
FORK_KEY: Final = "fork/"
# Messages that carry evidence, and the field that does.
EVIDENCE: Final = {
    DecisionNotice: "decision",
    StationResult: "record",
    Passed: "custody",
    EndorsementNotice: "endorsement",
    DeclarationSubmitted: "declaration",
    BerthReport: "roadworthiness",
}


class NodeLedger:
    """A node's chain, its heads, how far each office has seen it, and what it knows of others."""

    def __init__(
        self, name: str, signer: Signer, roster: Roster, *, keys: Collection[bytes] = ()
    ) -> None:
        """`keys` are ids of further keys that this node signs evidence with."""
        self._name = name
        self._signer = signer
        self._roster = roster
        self._own_keys = frozenset((signer.key_id, *keys))
        self._witnesses = {
            node.name: (node.key_id, node.public_key)
            for node in roster.of_role(Role.OFFICE)
            if node.name != name
        }
        self._links: list[LedgerLink] = []
        self._hashes: list[bytes] = [GENESIS]
        self._digests: set[bytes] = set()
        self._heads: dict[int, Document] = {}
        self._newest = 0
        self._countersigned = dict.fromkeys(self._witnesses, 0)
        self._due_ns: int | None = None
        self._seen: dict[str, LedgerHead] = {}
        self._out: list[Effect] = []

    @property
    def head(self) -> Document | None:
        """The newest head of ours, with the signatures that it has."""
        return self._heads.get(self._newest)

    @property
    def wake_ns(self) -> int | None:
        """When a head is to be made, or sent again."""
        return self._due_ns

    def restore(self, now: Now, state: Mapping[str, bytes]) -> None:
        """Take the ledger up where the journal ends; what was not announced is, at once."""
        for key in sorted(state):
            if key.startswith(ENTRY_KEY):
                self._take(msgspec.msgpack.decode(state[key], type=Entry))
            elif key.startswith(HEAD_KEY):
                self._take_head(Document.FromString(state[key]))
            elif key.startswith(SEEN_KEY):
                payload = Document.FromString(state[key]).payload
                self._seen[key[len(SEEN_KEY) :]] = LedgerHead.FromString(payload)
        self._tidy()
        if self.lacking:
            self._due_ns = now.mono_ns

    def _take(self, entry: Entry) -> None:
        known = digest(entry.record)
        self._digests.add(known)
        self._links.append(LedgerLink(at_utc_ms=entry.at_utc_ms, record_sha256=known))
        self._hashes.append(entry.hash)

    def _take_head(self, head: Document) -> None:
        number = LedgerHead.FromString(head.payload).number
        self._heads[number] = head
        self._newest = max(self._newest, number)
        have = {signature.key_id for signature in head.signatures}
        for name, (key_id, _) in self._witnesses.items():
            if key_id in have:
                self._countersigned[name] = max(self._countersigned[name], number)

    def _tidy(self) -> None:
        """Heads that every office has countersigned are in the journal, and needed no more."""
        upto = min(self._countersigned.values(), default=self._newest)
        for number in [n for n in self._heads if n <= upto and n != self._newest]:
            del self._heads[number]

    @property
    def _number(self) -> int:
        return len(self._links)

    # --- records ---

    def append(self, now: Now, document: Document) -> list[Effect]:
        """Write one document down, once."""
        record = document.SerializeToString(deterministic=True)
        if digest(record) in self._digests:
            return []
        entry = chain(self._number + 1, self._hashes[-1], record, max(0, now.utc_ms))
        self._take(entry)
        if self._number - self._newest >= HEAD_RECORDS:
            self._due_ns = now.mono_ns
        elif self._due_ns is None:
            self._due_ns = now.mono_ns + HEAD_MS * NS_PER_MS
        return [Persist(f"{ENTRY_KEY}{entry.number:012d}", msgspec.msgpack.encode(entry))]

    def chained(self, now: Now, effects: Iterable[Effect]) -> list[Effect]:
        """A turn's effects, with each document of ours written down before it leaves, and the head
        if it is due.
        """
        out: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Send):
                field = EVIDENCE.get(type(effect.message))
                document = getattr(effect.message, field) if field is not None else None
                if document is not None and self._is_ours(document):
                    out += self.append(now, document)
            out.append(effect)
        return out + self.due(now)

    def _is_ours(self, document: Document) -> bool:
        return any(each.key_id in self._own_keys for each in document.signatures)

    # --- heads ---

    def due(self, now: Now) -> list[Effect]:
        """The head, new or once more, if it is time."""
        if self._due_ns is None or now.mono_ns < self._due_ns:
            return []
        effects: list[Effect] = []
        if self._number > self._newest:
            effects += self._make(now, self._number)
        lacking = self.lacking
        self._due_ns = now.mono_ns + HEAD_MS * NS_PER_MS if lacking else None
        for name in lacking:
            after = self._countersigned[name]
            number = min(self._newest, after + HEAD_LINKS_MAX)
            if number not in self._heads:
                effects += self._make(now, number)
            effects.append(Send(name, self._notice(number, after)))
        return effects

    def announced(self, now: Now) -> list[Effect]:
        """The head at once: of a program that will not be there in a minute."""
        if self.lacking:
            self._due_ns = now.mono_ns
        return self.due(now)

    def _make(self, now: Now, number: int) -> list[Effect]:
        """Sign how far we have come, or had come where an office has to be led up to it."""
        hashed, at_utc_ms = self._hashes[number], max(0, now.utc_ms)
        head = LedgerHead(node=self._name, number=number, hash=hashed, at_utc_ms=at_utc_ms)
        self._heads[number] = seal_document(self._signer, head)
        self._newest = max(self._newest, number)
        return [self._keep(number)]

    def _keep(self, number: int) -> Persist:
        row = self._heads[number].SerializeToString(deterministic=True)
        return Persist(f"{HEAD_KEY}{number:012d}", row)

    def _notice(self, number: int, after: int) -> HeadNotice:
        head = self._heads[number]
        told = Document(
            payload_type=head.payload_type, payload=head.payload, signatures=head.signatures[:1]
        )
        return HeadNotice(head=told, after=after, links=self._links[after:number])

    @property
    def lacking(self) -> list[str]:
        """Offices that have not countersigned everything that is written."""
        return [name for name, upto in self._countersigned.items() if upto < self._number]

    def on_countersigned(self, now: Now, received: Received) -> list[Effect]:
        """An office has seen our head, and tells heads of others."""
        message = cast("HeadCountersigned", received.message)
        self._out = []
        for document in message.newest[:HEADS_TOLD_MAX]:
            self._remember(document)
        if received.sender in self._witnesses:
            self._take_answer(now, received.sender, message.head)
        out, self._out = self._out, []
        return out

    def _take_answer(self, now: Now, office: str, document: Document) -> None:
        key_id, public_key = self._witnesses[office]
        if not document.payload:
            self._countersigned[office] = 0  # it remembers nothing: lead it from the start
            return
        if not countersigners(document, {office: (key_id, public_key)}):
            self._refuse(office, Refused(Reason.BAD_SIGNATURE, "LedgerHead"))
            return
        head = parse(LedgerHead, document.payload)
        if isinstance(head, Refused) or head.node != self._name or head.number > self._newest:
            self._refuse(office, Refused(Reason.WRONG_PAYLOAD, "a head that is not ours"))
            return
        self._countersigned[office] = head.number
        ours = self._heads.get(head.number)
        if ours is not None and ours.payload == document.payload:
            signed = Document(
                signatures=[each for each in document.signatures if each.key_id == key_id]
            )
            if len(with_signature(ours, signed).signatures) > len(ours.signatures):
                self._heads[head.number] = with_signature(ours, signed)
                self._out.append(self._keep(head.number))
        self._tidy()
        if not self.lacking:
            self._due_ns = None
        elif head.number < self._newest and ours is not None:
            self._due_ns = now.mono_ns  # it is being led to the newest

    def _remember(self, document: Document) -> None:
        """A head of another node, by way of an office."""
        head = open_head(document, self._roster)
        if isinstance(head, Refused):
            self._refuse("office", head)
            return
        if head.node == self._name:
            return
        known = self._seen.get(head.node)
        refused = judge_head(known, head)
        if refused is not None:
            self._out.append(forked(head, refused))
        elif known is None or head.number > known.number:
            self._seen[head.node] = head
            row = document.SerializeToString(deterministic=True)
            self._out.append(Persist(f"{SEEN_KEY}{head.node}", row))

    def _refuse(self, sender: str, refused: Refused) -> None:
        fields = {"sender": sender, "reason": refused.reason, "detail": refused.detail}
        self._out.append(Report(Event.MESSAGE_REFUSED, fields))


def forked(head: LedgerHead, refused: Refused) -> Report:
    """The alarm: a node has told two stories."""
    fields = {
        "node": head.node,
        "number": head.number,
        "reason": refused.reason,
        "detail": refused.detail,
    }
    return Report(Event.LEDGER_FORKED, fields)
