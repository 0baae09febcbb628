"""The office's body: its desks behind a hardware link, or none.

An office without desks of its own is one whose officers sign on from elsewhere: what waits for a
person then waits until a signed decision of an operator comes as a message.
Not here: decisions (gate/office), the officers' screens.
"""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from contract.agent import NS_PER_S, Command, Now, Refused
from contract.errors import InvariantBroken
from contract.v1.body_pb2 import (
    DESK_RULING_HOLD,
    DESK_RULING_REFUSE,
    DESK_RULING_RELEASE,
    DeskCommand,
    DeskFrame,
)
from contract.wire import parse
from gate.cli.orders import Order, Pending
from gate.office.orders import AskDesk, DeskOutcome, OfficeReading, Ruling
from live.body import BodyLink
from live.config import BodySection
from live.keys import NodeKeys

PERIOD_NS: Final = NS_PER_S
LIFE_BYTES: Final = 8
_RULINGS: Final = {
    DESK_RULING_RELEASE: Ruling.RELEASE,
    DESK_RULING_HOLD: Ruling.HOLD,
    DESK_RULING_REFUSE: Ruling.REFUSE,
}


class OfficeDesks:
    """One office's desks as the shell sees them."""

    def __init__(self, link: BodyLink, life: bytes) -> None:
        """`life` names this start of the program."""
        self._link = link
        self._life = life
        self._pending = Pending()
        self._frame: DeskFrame | None = None
        self._told = 0
        self._written = 0

    @property
    def period_ns(self) -> int:
        return PERIOD_NS

    @property
    def sockets(self) -> Sequence[Any]:
        return (self._link.socket,)

    def changed(self, now: Now) -> bool:
        """Take in what has come; True if an officer has decided something new."""
        self._written = self._told
        for raw in self._link.receive():
            frame = parse(DeskFrame, raw)
            if not isinstance(frame, Refused):
                self._take(frame)
        return self._frame is not None and any(
            each.number > self._told for each in self._frame.results
        )

    def _take(self, frame: DeskFrame) -> None:
        old = self._frame
        if old is None or old.boot != frame.boot:
            self._told = self._written = 0
        elif frame.sequence <= old.sequence:
            return
        self._frame = frame
        if frame.life == self._life:
            self._pending.taken(frame.command_taken)

    def reading(self, now: Now) -> OfficeReading:
        if self._frame is None:
            return OfficeReading()
        fresh = [each for each in self._frame.results if each.number > self._told]
        self._told = max([self._told, *(each.number for each in fresh)])
        return OfficeReading(
            tuple(
                DeskOutcome(each.crossing_id, _RULINGS[each.ruling], each.officer_id, each.reason)
                for each in fresh
                if each.ruling in _RULINGS
            )
        )

    def carry_out(self, now: Now, command: Command) -> None:
        if not isinstance(command, AskDesk):
            raise InvariantBroken(f"{command!r} is no order to a desk")
        message = self._message(self._pending.next_number())
        message.crossing_id, message.task = command.crossing_id, command.task
        order = Order(message.sequence, message.SerializeToString(), None)
        self._pending.add(order)
        self._link.send(order.raw)

    def step(self, now: Now) -> None:
        """Every second: what is not taken again, then a sign of life."""
        self._written = self._told
        for raw in self._pending.due(now.mono_ns):
            self._link.send(raw)
        self._link.send(self._message(self._pending.sequence).SerializeToString())

    def _message(self, sequence: int) -> DeskCommand:
        return DeskCommand(
            life=self._life,
            sequence=sequence,
            boot=self._frame.boot if self._frame is not None else b"",
            results_taken=self._written,
        )

    def close(self) -> None:
        self._link.close()


class NoDesks:
    """An office without a hardware link: asking is laying aside."""

    @property
    def period_ns(self) -> int:
        return 0

    @property
    def sockets(self) -> Sequence[Any]:
        return ()

    def changed(self, now: Now) -> bool:
        return False

    def reading(self, now: Now) -> OfficeReading:
        return OfficeReading()

    def carry_out(self, now: Now, command: Command) -> None:
        if not isinstance(command, AskDesk):
            raise InvariantBroken(f"{command!r} is no order to a desk")

    def step(self, now: Now) -> None:
        return None

    def close(self) -> None:
        return None


def desks_of(section: BodySection, keys: NodeKeys) -> OfficeDesks | NoDesks:
    """What [body] asks for: desks behind a link of this start of the program, or none."""
    if section.address is None:
        return NoDesks()
    return OfficeDesks(BodyLink.from_config(section, keys), secrets.token_bytes(LIFE_BYTES))
