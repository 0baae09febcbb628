"""A node: records before what they justify, safer before everything, and no call inside a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from contract.agent import Act, Boot, Effects, Now, Persist, Received, Report, Send
from contract.errors import InvariantBroken
from contract.events import Event
from contract.limits import FRAME_BYTES_MAX
from contract.mailbox import Transmit
from contract.node import Node
from contract.v1.envelope_pb2 import Hello
from contract.v1.gate_pb2 import Challenge, PassageRequest
from tests.factories import a_boot, a_frame, a_mailbox, a_now, uncatalogued


@dataclass(frozen=True)
class Order:
    """An order to a body that is none."""

    name: str
    makes_safer: bool = False


@dataclass
class Scripted:
    """An agent that answers every call with what the test has laid out."""

    answer: Effects = ()
    heard: list[Received] = field(default_factory=list)
    wake_ns: int | None = None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return self.answer

    def on_message(self, now: Now, received: Received) -> Effects:
        self.heard.append(received)
        return self.answer

    def on_wake(self, now: Now, reading: object) -> Effects:
        return self.answer


def a_node(*answer: object) -> tuple[Node[object], Scripted]:
    agent = Scripted(answer)  # type: ignore[arg-type]
    node: Node[object] = Node(agent, a_mailbox("kz_out"))
    node.start(a_now(), a_boot("kz_out"), {})
    return node, agent


def greeted(node: Node[object]) -> None:
    hello = Hello(wire=1, answer=True, journal_id=b"j")
    node.receive(a_now(), a_frame("truck-01", "kz_out", hello, sequence=0), "truck-01")


def test_records_are_apart_from_what_waits_for_them_and_safer_goes_first() -> None:
    """I13: nothing is visible before the record that justifies it."""
    stop, go = Act(Order("stop", makes_safer=True)), Act(Order("go"))
    said = Report(Event.PROGRAM_STARTED, {"boot_count": 1, "restored": 0})
    node, _ = a_node(go, Persist("key", b"value"), said, stop)
    turn = node.wake(a_now(), None)
    assert turn.urgent == [stop]
    assert turn.records == [Persist("key", b"value")]
    assert turn.then == [go, said]


def test_message_travels_sealed_behind_its_turns_records() -> None:
    node, _ = a_node(Persist("key", b"value"), Send("truck-01", Challenge(gate_id="kz_out")))
    greeted(node)
    turn = node.wake(a_now(), None)
    assert [each.to for each in turn.then if isinstance(each, Transmit)] == ["truck-01"]
    assert turn.records[0].key == "key"


def test_messages_reach_the_agent_and_their_acknowledgement_waits_for_the_commit() -> None:
    """I12: acknowledged implies durable."""
    node, agent = a_node()
    greeted(node)
    request = PassageRequest(gate_id="kz_out", vehicle_id="truck-01", attempt=1)
    turn = node.receive(a_now(), a_frame("truck-01", "kz_out", request), "truck-01")
    assert [each.message for each in agent.heard][-1] == request
    assert not turn.urgent
    assert [each.to for each in turn.then if isinstance(each, Transmit)] == ["truck-01"]


def test_refused_bytes_are_reported_and_do_not_reach_the_agent() -> None:
    """I28."""
    node, agent = a_node()
    turn = node.receive(a_now(), b"\xff", "truck-01")
    (report,) = (each for each in turn.then if isinstance(each, Report))
    assert report.event is Event.MESSAGE_REFUSED
    assert not uncatalogued([report])
    assert not agent.heard


def test_duplicates_are_dropped_without_a_word() -> None:
    node, _ = a_node()
    greeted(node)
    raw = a_frame("truck-01", "kz_out", PassageRequest(gate_id="kz_out"))
    node.receive(a_now(), raw, "truck-01")
    turn = node.receive(a_now(), raw, "truck-01")
    assert not [each for each in turn.then if isinstance(each, Report)]


def test_message_that_cannot_be_sent_is_reported() -> None:
    """I28."""
    big = Challenge(nonce=bytes(FRAME_BYTES_MAX))
    node, _ = a_node(Send("truck-01", big), Send("nobody", Challenge(gate_id="x")))
    turn = node.wake(a_now(), None)
    reports = [each for each in turn.then if isinstance(each, Report)]
    assert [each.fields["reason"].name for each in reports] == ["TOO_LARGE", "UNKNOWN_SENDER"]
    assert not uncatalogued(reports)


def test_start_and_new_sessions_are_reported_by_the_catalogue() -> None:
    agent = Scripted()
    node: Node[object] = Node(agent, a_mailbox("kz_out", greets=["truck-01"]))
    turn = node.start(a_now(), a_boot("kz_out"), {})
    hello = Hello(wire=1, answer=True, journal_id=b"j")
    opened = node.receive(a_now(), a_frame("truck-01", "kz_out", hello, sequence=0), "truck-01")
    reports = [e for e in (*turn.then, *opened.then) if isinstance(e, Report)]
    assert [each.event for each in reports] == [Event.PROGRAM_STARTED, Event.PEER_SESSION_OPENED]
    assert not uncatalogued(reports)


@pytest.mark.parametrize("agent_ns", [None, 5, 1 << 62])
@pytest.mark.parametrize("posts", [False, True])
def test_node_wakes_for_whoever_is_due_first(agent_ns: int | None, posts: bool) -> None:
    node, agent = a_node(*([Send("truck-01", Challenge(gate_id="x"))] if posts else []))
    agent.wake_ns = agent_ns
    mailbox_ns = node.mailbox.wake_ns
    assert (mailbox_ns is not None) == posts
    due = [each for each in (agent_ns, mailbox_ns) if each is not None]
    assert node.wake_ns == (min(due) if due else None)


def test_mailbox_is_woken_when_it_is_due_and_not_before() -> None:
    node, agent = a_node(Send("truck-01", Challenge(gate_id="x")))
    agent.answer = ()
    assert not node.wake(a_now(), None).then
    assert [type(each) for each in node.wake(a_now(60_000), None).then] == [Transmit]


def test_agent_that_is_called_inside_its_own_call_is_a_bug() -> None:
    node, _ = a_node()

    class Nested(Scripted):
        def on_wake(self, now: Now, reading: object) -> Effects:
            node.wake(now, None)
            return ()

    node.agent = Nested()
    with pytest.raises(InvariantBroken):
        node.wake(a_now(), None)


def test_something_that_is_no_effect_is_a_bug() -> None:
    with pytest.raises(InvariantBroken):
        a_node("go on")
