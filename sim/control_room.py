"""The control room in a run: an operator who orders what the scenario's faults say, and no more.

An agent like any other, behind a mailbox: its orders are signed and answered. It is there only in
scenarios that need it. Not here: which orders there are (contract/v1/movement.proto), who obeys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import Message

from contract.agent import Act, Boot, Effects, Now, Received, Send

OPERATOR: Final = "operator-1"
Order = tuple[str, Message]  # to whom; "" is the supervisor


@dataclass(frozen=True, slots=True)
class Answered:
    """What a program has answered comes up on the panel."""

    answer: Message
    makes_safer: bool = False


@dataclass(slots=True)
class Panel:
    """The body of the control room: what its operator is about to order."""

    wake: Callable[[], None]
    pressed: list[Order] = field(default_factory=list)
    locks: dict[str, int] = field(default_factory=dict)  # truck -> number of its newest lock
    listeners: list[Callable[[Message], None]] = field(default_factory=list)  # to what is answered

    def press(self, command: Message, to: str = "") -> None:
        """Order something of the supervisor, or of the gate that is named."""
        self.pressed.append((to, command))
        self.wake()

    def reading(self) -> tuple[Order, ...]:
        taken, self.pressed = tuple(self.pressed), []
        return taken

    def carry_out(self, command: Answered) -> None:
        for hears in self.listeners:
            hears(command.answer)

    def lost(self) -> None:
        return

    def booted(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class ControlRoomAgent:
    """Passes on what is pressed, and shows what is answered."""

    supervisor: str

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return []

    def on_message(self, now: Now, received: Received) -> Effects:
        return [Act(Answered(received.message))]

    def on_wake(self, now: Now, reading: tuple[Order, ...]) -> Effects:
        return [Send(to or self.supervisor, command) for to, command in reading]

    @property
    def wake_ns(self) -> int | None:
        return None
