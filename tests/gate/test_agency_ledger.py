"""The ledger of the agencies' counter: written before anything is told, heads to both offices."""

import msgspec

from contract.agent import Persist, Send
from contract.ledger import Entry
from contract.limits import HEAD_MS
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice
from tests.factories import a_signer, sends
from tests.gate.counter import Counter, a_request, papers


def test_endorsement_is_in_the_ledger_before_it_leaves_and_its_head_goes_to_both_offices() -> None:
    """OFF-022: and once, however often it is asked for, over a restart too."""
    counter = Counter()
    effects = counter.asked()
    kinds = [type(each) for each in effects if isinstance(each, Persist | Send)]
    assert kinds.index(Persist) < kinds.index(Send)
    (paper,) = papers(effects)
    entry = msgspec.msgpack.decode(counter.disk["ledger/000000000001"], type=Entry)
    assert entry.record == paper.SerializeToString(deterministic=True)
    counter.start()
    counter.hear(a_request())
    assert [key for key in counter.disk if key.startswith("ledger/")] == ["ledger/000000000001"]
    counter.said.clear()
    counter.wake(later_ms=HEAD_MS)
    heads = sends(counter.said, HeadNotice, to="office-kz"), sends(counter.said, HeadNotice)
    assert (len(heads[0]), len(heads[1])) == (1, 2)
    for office in ("office-kz", "office-cn"):
        head = heads[0][0].head
        signature = a_signer(office).sign(head.payload_type, head.payload)
        both = Document(
            payload_type=head.payload_type, payload=head.payload, signatures=[signature]
        )
        counter.hear(HeadCountersigned(head=both), sender=office)
    kept = Document.FromString(counter.disk["head/000000000001"])
    assert len(kept.signatures) == 3
    counter.said.clear()
    counter.wake(later_ms=2 * HEAD_MS)
    assert not sends(counter.said, HeadNotice)
