"""The witness: an office countersigns what continues, and tells everybody about what does not."""

from contract.agent import Effect, Persist, Send
from contract.events import Event
from contract.limits import HEAD_MS
from contract.signing import Signer
from contract.v1.customs_pb2 import DecisionNotice
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice, LedgerHead
from gate.office.witness import Witness
from tests.factories import (
    a_now,
    a_roster,
    a_signer,
    after_commit,
    received,
    reports,
    sends,
    signed,
)
from tests.gate.desk import Office


class Rig:
    """The Kazakh office's witness with its disk."""

    def __init__(self) -> None:
        self.disk: dict[str, bytes] = {}
        self.start()

    def start(self) -> None:
        keys: tuple[Signer, Signer] = a_signer("office-kz"), a_signer("release/KZ")
        self.witness = Witness("office-kz", *keys, a_roster())
        self.witness.restore(a_now(), self.disk)

    def hear(self, sender: str, head: Document) -> list[Effect]:
        effects = self.witness.on_message(a_now(), received(sender, HeadNotice(head=head)))
        self.disk = after_commit(self.disk, effects)
        return effects


def a_head(number: int, letter: bytes = b"h", *, node: str = "kz_out", by: str = "") -> Document:
    head = LedgerHead(node=node, number=number, hash=letter * 32, at_utc_ms=number)
    return signed(head, by or node)


def answered(effects: list[Effect]) -> list[int]:
    """Numbers of the heads that were countersigned, each by the key of the office."""
    documents = [each.head for each in sends(effects, HeadCountersigned)]
    for each in documents:
        assert [one.key_id for one in each.signatures] == [a_signer("office-kz").key_id]
    return [LedgerHead.FromString(each.payload).number for each in documents]


def forks(effects: list[Effect]) -> list[tuple[str, int]]:
    return [(each["node"], each["number"]) for each in reports(effects, Event.LEDGER_FORKED)]


def test_head_that_continues_is_written_down_and_then_countersigned() -> None:
    rig = Rig()
    effects = rig.hear("kz_out", a_head(3))
    assert [type(each) for each in effects] == [Persist, Send]
    assert answered(effects) == [3]
    assert answered(rig.hear("kz_out", a_head(9))) == [9]
    kept = Document.FromString(rig.disk["witness/kz_out"])
    assert LedgerHead.FromString(kept.payload).number == 9
    assert len(kept.signatures) == 2


def test_same_head_again_is_answered_again_and_not_written_again() -> None:
    rig = Rig()
    rig.hear("kz_out", a_head(3))
    effects = rig.hear("kz_out", a_head(3))
    assert answered(effects) == [3]
    assert not [each for each in effects if isinstance(each, Persist)]


def test_two_hashes_for_one_number_are_a_fork_even_across_a_restart() -> None:
    rig = Rig()
    rig.hear("kz_out", a_head(3))
    rig.start()
    effects = rig.hear("kz_out", a_head(3, b"x"))
    assert forks(effects) == [("kz_out", 3)]
    assert answered(effects) == []
    assert rig.disk["fork/kz_out"] == a_head(3, b"x").SerializeToString(deterministic=True)
    again = rig.hear("kz_out", a_head(3, b"y"))
    assert forks(again) == [("kz_out", 3)]
    assert not [each for each in again if isinstance(each, Persist)], "one proof is enough"


def test_node_that_goes_back_is_a_fork_and_may_go_on_from_where_it_was() -> None:
    rig = Rig()
    rig.hear("kz_out", a_head(3))
    assert forks(rig.hear("kz_out", a_head(2))) == [("kz_out", 2)]
    assert answered(rig.hear("kz_out", a_head(4))) == [4]


def test_each_node_has_a_memory_of_its_own() -> None:
    rig = Rig()
    rig.hear("kz_out", a_head(3))
    assert answered(rig.hear("cn_in", a_head(2, b"x", node="cn_in"))) == [2]


def test_head_by_way_of_somebody_else_or_signed_by_somebody_else_is_refused() -> None:
    rig = Rig()
    for sender, head in (
        ("cn_in", a_head(3)),
        ("kz_out", a_head(3, by="cn_in")),
        ("kz_out", a_head(3, by="office-cn")),
        ("kz_out", Document()),
    ):
        effects = rig.hear(sender, head)
        assert len(effects) == 1
        assert reports(effects, Event.MESSAGE_REFUSED)
    assert rig.disk == {}


def test_supervisors_newest_head_goes_with_every_answer_but_its_own() -> None:
    rig = Rig()
    own = sends(rig.hear("supervisor", a_head(5, node="supervisor")), HeadCountersigned)[0]
    assert list(own.newest) == []
    told = sends(rig.hear("kz_out", a_head(1)), HeadCountersigned)[0].newest
    assert [LedgerHead.FromString(each.payload).node for each in told] == ["supervisor"]


# --- in the office's agent ---


def test_decision_is_in_the_offices_ledger_before_it_leaves() -> None:
    office = Office().assessed()
    at = next(
        n
        for n, e in enumerate(office.said)
        if isinstance(e, Send) and isinstance(e.message, DecisionNotice)
    )
    before = [e.key for e in office.said[:at] if isinstance(e, Persist)]
    assert "ledger/000000000001" in before
    office.at_ms += HEAD_MS
    heads = [each for each in office.wake() if isinstance(each, Send)]
    assert [each.to for each in heads if isinstance(each.message, HeadNotice)] == ["office-cn"]


def test_office_countersigns_the_other_office_and_survives_a_restart() -> None:
    office = Office()
    head = a_head(3, node="office-cn")
    assert answered(office.hear("office-cn", HeadNotice(head=head))) == [3]
    office.start()
    other = a_head(3, b"x", node="office-cn")
    assert forks(office.hear("office-cn", HeadNotice(head=other))) == [("office-cn", 3)]
