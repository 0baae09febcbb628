"""One node's own ledger: what it has signed goes in before it leaves, and heads go to both offices.

Pure. A head is due HEAD_RECORDS records or HEAD_MS after the last, if anything was written; while
an office has not countersigned it, it is sent again each HEAD_MS. Head and countersignatures are
kept in the journal, and so are the newest heads of others that the offices pass on. A node that
restarts goes on where its journal ends.
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
from contract.limits import HEAD_MS, HEAD_RECORDS, HEADS_TOLD_MAX
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer, digest, open_document, seal_document
from contract.v1.customs_pb2 import DecisionNotice, StationResult
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import Passed
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice, LedgerHead

ENTRY_KEY: Final = "ledger/"
HEAD_KEY: Final = "head/"
SEEN_KEY: Final = "seen/"
WITNESS_KEY: Final = "witness/"
FORK_KEY: Final = "fork/"
# Messages that carry evidence, and the field that does.
EVIDENCE: Final = {DecisionNotice: "decision", StationResult: "record", Passed: "custody"}


class NodeLedger:
    """A node's chain, its newest head, and what it remembers of others."""

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
        self._number = 0
        self._hash = GENESIS
        self._digests: set[bytes] = set()
        self._headed = 0
        self._head: Document | None = None
        self._due_ns: int | None = None
        self._seen: dict[str, LedgerHead] = {}
        self._out: list[Effect] = []

    @property
    def head(self) -> Document | None:
        """The newest head of ours, with the signatures that it has."""
        return self._head

    @property
    def wake_ns(self) -> int | None:
        """When a head is to be made, or sent again."""
        return self._due_ns

    def restore(self, now: Now, state: Mapping[str, bytes]) -> None:
        """Take the ledger up where the journal ends; what was not announced is, at once."""
        for key in sorted(state):
            if key.startswith(ENTRY_KEY):
                entry = msgspec.msgpack.decode(state[key], type=Entry)
                self._number, self._hash = entry.number, entry.hash
                self._digests.add(digest(entry.record))
            elif key.startswith(HEAD_KEY):
                self._head = Document.FromString(state[key])
                self._headed = LedgerHead.FromString(self._head.payload).number
            elif key.startswith(SEEN_KEY):
                payload = Document.FromString(state[key]).payload
                self._seen[key[len(SEEN_KEY) :]] = LedgerHead.FromString(payload)
        if self._number > self._headed or self._lacking():
            self._due_ns = now.mono_ns

    # --- records ---

    def append(self, now: Now, document: Document) -> list[Effect]:
        """Write one document down, once."""
        record = document.SerializeToString(deterministic=True)
        known = digest(record)
        if known in self._digests:
            return []
        self._digests.add(known)
        self._number += 1
        entry = chain(self._number, self._hash, record, max(0, now.utc_ms))
        self._hash = entry.hash
        if self._number - self._headed >= HEAD_RECORDS:
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
        if self._number > self._headed:
            head = LedgerHead(
                node=self._name,
                number=self._number,
                hash=self._hash,
                at_utc_ms=max(0, now.utc_ms),
            )
            self._head = seal_document(self._signer, head)
            self._headed = self._number
            effects.append(self._keep(self._head))
        lacking = self._lacking()
        self._due_ns = now.mono_ns + HEAD_MS * NS_PER_MS if lacking else None
        if self._head is None:
            return effects
        told = Document(
            payload_type=self._head.payload_type,
            payload=self._head.payload,
            signatures=self._head.signatures[:1],
        )
        return [*effects, *(Send(name, HeadNotice(head=told)) for name in lacking)]

    def _keep(self, head: Document) -> Persist:
        return Persist(f"{HEAD_KEY}{self._headed:012d}", head.SerializeToString(deterministic=True))

    def _lacking(self) -> list[str]:
        """Offices that have not countersigned the newest head."""
        if self._head is None:
            return []
        have = {signature.key_id for signature in self._head.signatures}
        return [name for name, (key_id, _) in self._witnesses.items() if key_id not in have]

    def on_countersigned(self, now: Now, received: Received) -> list[Effect]:
        """An office has seen our head, and tells heads of others."""
        message = cast("HeadCountersigned", received.message)
        self._out = []
        for document in message.newest[:HEADS_TOLD_MAX]:
            self._remember(document)
        key = self._witnesses.get(received.sender)
        if key is None or self._head is None or message.head.payload != self._head.payload:
            pass  # of an older head: the newest says the same and more
        elif not countersigners(message.head, {received.sender: key}):
            self._refuse(received.sender, Refused(Reason.BAD_SIGNATURE, "LedgerHead"))
        elif received.sender in self._lacking():
            kept = open_document(message.head, LedgerHead, {key[0]: key[1]})
            if isinstance(kept, Refused):
                self._refuse(received.sender, kept)
            else:
                self._head = with_signature(self._head, message.head)
                self._out.append(self._keep(self._head))
        if not self._lacking() and self._number == self._headed:
            self._due_ns = None
        out, self._out = self._out, []
        return out

    def _remember(self, document: Document) -> None:
        """A head of another node, by way of an office."""
        head = open_head(document, self._roster)
        if isinstance(head, Refused):
            self._refuse("office", head)
            return
        if head.node == self._name:
            return
        known = self._seen.get(head.node)
        refused = judge_head(known, head, in_order=False)
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
