"""A node: one agent and one mailbox behind one door. Both shells drive this and nothing else.

Pure. A turn takes one input and says, in order, what the shell has to do: first the commands that
only make safer, then one commit of the records, then the rest. The shell gathers the turns of one
loop, commits once, and only then carries out what waits.
"""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message
from msgspec import Struct

from contract.agent import Act, Agent, Boot, Effects, Now, Persist, Report, Send
from contract.errors import InvariantBroken
from contract.events import Event
from contract.mailbox import Mailbox, Opened, Transmit
from contract.reasons import Reason

ReadingT = TypeVar("ReadingT")
_QUIET: Final = frozenset({Reason.DUPLICATE, Reason.SESSION_UNKNOWN})


class Turn(Struct):
    """What one input leads to."""

    urgent: list[Act] = []
    records: list[Persist] = []
    then: list[Transmit | Act | Report] = []


class Node(Generic[ReadingT]):
    """An agent with its mailbox. Calls may not nest."""

    def __init__(self, agent: Agent[ReadingT], mailbox: Mailbox) -> None:
        self.agent = agent
        self.mailbox = mailbox
        self._busy = False

    def start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Turn:
        """First call after a start, with the folded journal."""
        self.mailbox.start(now, boot, state)
        turn = Turn()
        started: dict[str, Any] = {"boot_count": boot.boot_count, "restored": len(state)}
        turn.then.append(Report(Event.PROGRAM_STARTED, started))
        self._carry(self._guarded(self.agent.on_start, now, boot, state), now, turn)
        turn.then += self.mailbox.due(now)
        return turn

    def receive(self, now: Now, raw: bytes, transport_sender: str) -> Turn:
        """Bytes came in from the peer that the transport has authenticated."""
        turn = Turn()
        opened = self.mailbox.open(raw, transport_sender, now)
        if opened.persists:
            turn.records += opened.persists
        if opened.refused is not None or opened.opened_session:
            self._say_opened(opened, transport_sender, turn)
        for received in opened.received:
            self._carry(self._guarded(self.agent.on_message, now, received), now, turn)
        if opened.transmits:
            turn.then += opened.transmits
        return turn

    def wake(self, now: Now, reading: ReadingT) -> Turn:
        """A deadline of agent or mailbox is due, or the body reports."""
        turn = Turn()
        self._carry(self._guarded(self.agent.on_wake, now, reading), now, turn)
        wake_ns = self.mailbox.wake_ns
        if wake_ns is not None and wake_ns <= now.mono_ns:
            turn.then += self.mailbox.due(now)
        return turn

    @property
    def wake_ns(self) -> int | None:
        """Next deadline of agent or mailbox."""
        mine, theirs = self.agent.wake_ns, self.mailbox.wake_ns
        if mine is None or theirs is None:
            return mine if theirs is None else theirs
        return min(theirs, mine)

    def _say_opened(self, opened: Opened, sender: str, turn: Turn) -> None:
        if opened.opened_session:
            peer = opened.opened_session
            turn.then.append(Report(Event.PEER_SESSION_OPENED, {"peer": peer}))
        refused = opened.refused
        if refused is not None and refused.reason not in _QUIET:
            fields = {"sender": sender, "reason": refused.reason, "detail": refused.detail}
            turn.then.append(Report(Event.MESSAGE_REFUSED, fields))

    def _guarded(self, call: Any, *arguments: Any) -> Effects:
        if self._busy:
            raise InvariantBroken("an agent was called inside its own call")
        self._busy = True
        try:
            effects: Effects = call(*arguments)
        finally:
            self._busy = False
        return effects

    def _carry(self, effects: Effects, now: Now, turn: Turn) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._post(effect.to, effect.message, now, turn)
            elif isinstance(effect, Persist):
                turn.records.append(effect)
            elif isinstance(effect, Act):
                (turn.urgent if effect.command.makes_safer else turn.then).append(effect)
            elif isinstance(effect, Report):
                turn.then.append(effect)
            else:
                raise InvariantBroken(f"{effect!r} is no effect")

    def _post(self, to: str, message: Message, now: Now, turn: Turn) -> None:
        persists, transmits, refused = self.mailbox.post(to, message, now)
        if persists:
            turn.records += persists
        turn.then += transmits
        if refused is not None:
            fields = {
                "peer": to,
                "payload_type": message.DESCRIPTOR.name,
                "reason": refused.reason,
            }
            turn.then.append(Report(Event.MESSAGE_UNDELIVERABLE, fields))
