"""Planted defects: a program with a tampered agent, so that a checker has something to find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.agent import Boot, Effect, Effects, Now, Received
from contract.node import Node
from sim.world import World


@dataclass(frozen=True)
class Tampered:
    """An agent that does not hear everything it is told, or not do everything it decided."""

    agent: Any
    hears: Callable[[Received], bool]
    does: Callable[[Effect], bool]

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return self._left(self.agent.on_start(now, boot, state))

    def on_message(self, now: Now, received: Received) -> Effects:
        return self._left(self.agent.on_message(now, received)) if self.hears(received) else []

    def on_wake(self, now: Now, reading: Any) -> Effects:
        return self._left(self.agent.on_wake(now, reading))

    @property
    def wake_ns(self) -> int | None:
        wake_ns: int | None = self.agent.wake_ns
        return wake_ns

    def _left(self, effects: Effects) -> Effects:
        return [effect for effect in effects if self.does(effect)]


def everything(what: object) -> bool:
    """The intact half of a program."""
    return True


def tamper(
    name: str,
    *,
    hears: Callable[[Received], bool] = everything,
    does: Callable[[Effect], bool] = everything,
) -> Callable[[World], None]:
    """Build this program defective, at its start and at every restart."""

    def prepare(world: World) -> None:
        host = world.hosts[name]
        intact = host.build

        def build() -> Node[Any]:
            node = intact()
            return Node(Tampered(node.agent, hears, does), node.mailbox)

        host.build = build

    return prepare


def rebuilt(name: str, change: Callable[[Any], None]) -> Callable[[World], None]:
    """Change this program's agent as soon as it is built."""

    def prepare(world: World) -> None:
        host = world.hosts[name]
        intact = host.build

        def build() -> Node[Any]:
            node = intact()
            change(node.agent)
            return node

        host.build = build

    return prepare
