"""Orders to a hardware process that are not yet taken: given in order, given again, some let go.

A command is absolute, so giving it twice does no harm; what moves an arm is given up when it has
become old. Not here: what the orders mean, the link itself (live/body.py).
"""

from dataclasses import dataclass
from typing import Final

from contract.agent import NS_PER_S

FRESH_NS: Final = 2 * NS_PER_S  # an arm must not move on an order of long ago
PENDING_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Order:
    """One numbered command; `expires_ns` None: it holds until it is taken."""

    sequence: int
    raw: bytes
    expires_ns: int | None


class Pending:
    """Commands given and not taken yet, oldest first."""

    def __init__(self) -> None:
        self.sequence = 0
        self._orders: list[Order] = []

    def next_number(self) -> int:
        self.sequence += 1
        return self.sequence

    def add(self, order: Order) -> None:
        """One more; an order that moves the arm replaces an older one that does."""
        if order.expires_ns is not None:
            self._orders = [each for each in self._orders if each.expires_ns is None]
        self._orders = [*self._orders[-PENDING_MAX + 1 :], order]

    def taken(self, sequence: int) -> None:
        """The hardware has taken everything up to this number."""
        self._orders = [each for each in self._orders if each.sequence > sequence]

    def due(self, mono_ns: int) -> list[bytes]:
        """What is to be given again now."""
        self._orders = [
            each for each in self._orders if each.expires_ns is None or mono_ns < each.expires_ns
        ]
        return [each.raw for each in self._orders]
