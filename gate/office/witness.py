"""The witness: an office's own ledger, and its countersignature under the heads of everybody's.

Pure. A head is countersigned if the node itself sent it and it continues what this office remembers
of that node: its number grows, a number has one hash for ever, and the links sent with it lead from
the one to the other. Anything else is LEDGER_FORKED, gets no countersignature, and the head that
contradicts is kept as evidence. What was countersigned
is in the journal before the countersignature leaves.
Not here: the chain (contract/ledger.py), when heads are sent (contract/heads.py), decisions.
Requirements: OFF-020 in docs/SAFETY.md.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from contract.agent import Effect, Now, Persist, Received, Refused, Report, Role, Send
from contract.events import Event
from contract.heads import FORK_KEY, WITNESS_KEY, NodeLedger, forked
from contract.ledger import judge_links, open_head, with_signature
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import Signer
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice, LedgerHead


class Witness:
    """What one office remembers of everybody's ledger, and its own."""

    def __init__(self, name: str, signer: Signer, release_signer: Signer, roster: Roster) -> None:
        self._name = name
        self._signer = signer
        self._roster = roster
        self._ledger = NodeLedger(name, signer, roster, keys=[release_signer.key_id])
        self._heads: dict[str, LedgerHead] = {}
        self._documents: dict[str, Document] = {}
        self._forks: set[str] = set()
        self._alarms: dict[str, bytes] = {}

    def restore(self, now: Now, state: Mapping[str, bytes]) -> None:
        """What the journal has of our ledger and of everybody's heads."""
        self._ledger.restore(now, state)
        for key in sorted(state):
            if key.startswith(WITNESS_KEY):
                node = key[len(WITNESS_KEY) :]
                self._documents[node] = Document.FromString(state[key])
                self._heads[node] = LedgerHead.FromString(self._documents[node].payload)
            elif key.startswith(FORK_KEY):
                self._forks.add(key[len(FORK_KEY) :])

    @property
    def deadlines(self) -> list[int]:
        """When a head of ours is due, if one is."""
        return [] if self._ledger.wake_ns is None else [self._ledger.wake_ns]

    def chained(self, now: Now, effects: Iterable[Effect]) -> list[Effect]:
        """A turn's effects, with each decision of ours written down before it leaves."""
        return self._ledger.chained(now, effects)

    def recorded(self, now: Now, documents: Iterable[Document]) -> list[Effect]:
        """Papers of ours that go into the ledger and to nobody."""
        return [each for document in documents for each in self._ledger.append(now, document)]

    def on_message(self, now: Now, received: Received) -> list[Effect]:
        """Heads and countersignatures; anything else is not ours to answer."""
        if isinstance(received.message, HeadNotice):
            return self._on_head(received)
        if isinstance(received.message, HeadCountersigned):
            return self._ledger.on_countersigned(now, received)
        return []

    def _on_head(self, received: Received) -> list[Effect]:
        notice = cast("HeadNotice", received.message)
        document, head = notice.head, open_head(notice.head, self._roster)
        if isinstance(head, LedgerHead) and head.node != received.sender:
            head = Refused(Reason.SENDER_MISMATCH, f"a head of {head.node}")
        if isinstance(head, Refused):
            return [_refused(received.sender, head)]
        known = self._heads.get(head.node)
        refused = judge_links(known, head, notice)
        if refused is not None and refused.reason is Reason.OUT_OF_WINDOW:
            where = self._documents.get(head.node, Document())
            return [Send(received.sender, HeadCountersigned(head=where))]
        if refused is not None and refused.reason is Reason.LEDGER_FORKED:
            return self._fork(head, document, refused)
        if refused is not None:
            return [_refused(received.sender, refused)]
        effects: list[Effect] = []
        ours = self._countersign(document)  # of one that we know, too: our answer was lost
        if known is None or head.number > known.number:
            self._heads[head.node] = head
            self._documents[head.node] = kept = with_signature(document, ours)
            row = kept.SerializeToString(deterministic=True)
            effects.append(Persist(f"{WITNESS_KEY}{head.node}", row))
        reply = HeadCountersigned(head=ours, newest=self._newest(head.node))
        return [*effects, Send(received.sender, reply)]

    def _countersign(self, document: Document) -> Document:
        signature = self._signer.sign(document.payload_type, document.payload)
        return Document(
            payload_type=document.payload_type,
            payload=document.payload,
            signatures=[signature],
        )

    def _fork(self, head: LedgerHead, document: Document, refused: Refused) -> list[Effect]:
        if self._alarms.get(head.node) == document.payload:
            return []  # the same once more, as each minute
        self._alarms[head.node] = document.payload
        effects: list[Effect] = []
        if head.node not in self._forks:  # the first is proof enough
            self._forks.add(head.node)
            row = document.SerializeToString(deterministic=True)
            effects.append(Persist(f"{FORK_KEY}{head.node}", row))
        return [*effects, forked(head, refused)]

    def _newest(self, asker: str) -> list[Document]:
        """Heads for the asker to remember: ours, and the supervisor's."""
        told = [self._ledger.head] if self._ledger.head is not None else []
        for node in self._roster.of_role(Role.SUPERVISOR):
            known = self._documents.get(node.name)
            if known is not None and node.name != asker:
                told.append(known)
        return told


def _refused(sender: str, refused: Refused) -> Report:
    fields = {"sender": sender, "reason": refused.reason, "detail": refused.detail}
    return Report(Event.MESSAGE_REFUSED, fields)
