"""The witness: an office countersigns what continues, and tells everybody about what does not."""

import pytest

from contract.agent import Effect, Persist, Send
from contract.events import Event
from contract.ledger import GENESIS, linked
from contract.limits import HEAD_MS
from contract.signing import Signer, digest
from contract.v1.customs_pb2 import DecisionNotice
from contract.v1.document_pb2 import Document
from contract.v1.ledger_pb2 import HeadCountersigned, HeadNotice, LedgerHead, LedgerLink
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

    def hear(self, sender: str, notice: HeadNotice | Document) -> list[Effect]:
        message = notice if isinstance(notice, HeadNotice) else HeadNotice(head=notice)
        effects = self.witness.on_message(a_now(), received(sender, message))
        self.disk = after_commit(self.disk, effects)
        return effects


def a_notice(
    number: int, *, node: str = "kz_out", by: str = "", after: int = 0, other_from: int = 99
) -> HeadNotice:
    """The head of a ledger whose records are told with it; from `other_from` on it is another."""
    hashed, links = GENESIS, []
    for k in range(1, number + 1):
        record = digest(b"%d %d" % (k, k >= other_from))
        hashed = linked(k, hashed, record, k)
        links.append(LedgerLink(at_utc_ms=k, record_sha256=record))
    head = LedgerHead(node=node, number=number, hash=hashed, at_utc_ms=number)
    return HeadNotice(head=signed(head, by or node), after=after, links=links[after:])


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
    effects = rig.hear("kz_out", a_notice(3))
    assert [type(each) for each in effects] == [Persist, Send]
    assert answered(effects) == [3]
    assert answered(rig.hear("kz_out", a_notice(9, after=3))) == [9]
    kept = Document.FromString(rig.disk["witness/kz_out"])
    assert LedgerHead.FromString(kept.payload).number == 9
    assert len(kept.signatures) == 2


def test_links_may_begin_before_what_is_remembered() -> None:
    """Our countersignature was lost: the node does not know that we have come so far."""
    rig = Rig()
    rig.hear("kz_out", a_notice(3))
    assert answered(rig.hear("kz_out", a_notice(9, after=1))) == [9]


def test_same_head_again_is_answered_again_and_not_written_again() -> None:
    rig = Rig()
    rig.hear("kz_out", a_notice(3))
    effects = rig.hear("kz_out", a_notice(3))
    assert answered(effects) == [3]
    assert not [each for each in effects if isinstance(each, Persist)]


def test_two_hashes_for_one_number_are_a_fork_even_across_a_restart() -> None:
    rig = Rig()
    rig.hear("kz_out", a_notice(3))
    rig.start()
    other = a_notice(3, other_from=2)
    effects = rig.hear("kz_out", other)
    assert forks(effects) == [("kz_out", 3)]
    assert answered(effects) == []
    assert rig.disk["fork/kz_out"] == other.head.SerializeToString(deterministic=True)
    assert rig.hear("kz_out", other) == [], "the alarm has been given"
    again = rig.hear("kz_out", a_notice(3, other_from=3))
    assert forks(again) == [("kz_out", 3)]
    assert not [each for each in again if isinstance(each, Persist)], "one proof is enough"


@pytest.mark.parametrize("after", [0, 2, 3])
def test_past_that_was_written_anew_is_a_fork_whatever_the_number(after: int) -> None:
    rig = Rig()
    rig.hear("kz_out", a_notice(3))
    effects = rig.hear("kz_out", a_notice(9, after=after, other_from=2))
    assert forks(effects) == [("kz_out", 9)]
    assert answered(effects) == []
    assert answered(rig.hear("kz_out", a_notice(9, after=after))) == [9], "the honest one still is"


def test_node_that_goes_back_is_a_fork() -> None:
    rig = Rig()
    rig.hear("kz_out", a_notice(3))
    effects = rig.hear("kz_out", a_notice(2))
    assert forks(effects) == [("kz_out", 2)]
    assert reports(effects, Event.LEDGER_FORKED)[0]["detail"] == "number 2 behind 3"


def test_links_that_begin_too_late_are_answered_with_what_is_remembered() -> None:
    rig = Rig()
    effects = rig.hear("kz_out", a_notice(9, after=3))
    assert [each.head for each in sends(effects, HeadCountersigned)] == [Document()]
    rig.hear("kz_out", a_notice(3))
    effects = rig.hear("kz_out", a_notice(9, after=5))
    told = sends(effects, HeadCountersigned)[0].head
    assert LedgerHead.FromString(told.payload).number == 3
    assert len(told.signatures) == 2


def test_links_that_are_none_are_refused() -> None:
    short, long, odd = a_notice(9), a_notice(9), a_notice(9)
    del short.links[4]
    long.links.add()
    odd.links[8].at_utc_ms = -1
    for spoiled in (short, long, odd):
        rig = Rig()
        effects = rig.hear("kz_out", spoiled)
        assert reports(effects, Event.MESSAGE_REFUSED)[0]["reason"].name == "MALFORMED"
        assert (answered(effects), rig.disk) == ([], {})


@pytest.mark.parametrize("node", ["agencies-kz", "agencies-cn", "terminal-kz", "terminal-cn"])
def test_agencies_and_terminals_of_either_side_are_countersigned_and_found_out(node: str) -> None:
    """OFF-020."""
    rig = Rig()
    assert answered(rig.hear(node, a_notice(3, node=node))) == [3]
    assert forks(rig.hear(node, a_notice(4, node=node, other_from=2))) == [(node, 4)]


def test_node_that_keeps_no_ledger_is_refused() -> None:
    for node in ("truck-01", "control-room"):
        effects = Rig().hear(node, a_notice(3, node=node))
        assert reports(effects, Event.MESSAGE_REFUSED)[0]["reason"].name == "UNKNOWN_SENDER"


def test_each_node_has_a_memory_of_its_own() -> None:
    rig = Rig()
    rig.hear("kz_out", a_notice(3))
    assert answered(rig.hear("cn_in", a_notice(2, node="cn_in", other_from=1))) == [2]


def test_head_by_way_of_somebody_else_or_signed_by_somebody_else_is_refused() -> None:
    rig = Rig()
    for sender, notice in (
        ("cn_in", a_notice(3)),
        ("kz_out", a_notice(3, by="cn_in")),
        ("kz_out", a_notice(3, by="office-cn")),
        ("kz_out", HeadNotice()),
    ):
        effects = rig.hear(sender, notice)
        assert len(effects) == 1
        assert reports(effects, Event.MESSAGE_REFUSED)
    assert rig.disk == {}


def test_supervisors_newest_head_goes_with_every_answer_but_its_own() -> None:
    rig = Rig()
    own = sends(rig.hear("supervisor", a_notice(5, node="supervisor")), HeadCountersigned)[0]
    assert list(own.newest) == []
    told = sends(rig.hear("kz_out", a_notice(1)), HeadCountersigned)[0].newest
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
    assert answered(office.hear("office-cn", a_notice(3, node="office-cn"))) == [3]
    office.start()
    other = a_notice(4, node="office-cn", after=3, other_from=3)
    assert forks(office.hear("office-cn", other)) == [("office-cn", 4)]
