"""Bookings of slots, as traders make them: ahead of time, for trucks that are late, for nobody.

What a terminal sends beside its honest work when a scenario has slots. Bots book for crossings that
there are not, and for those of others with keys that are not theirs. Everything is drawn from a
stream of the terminal's own, the same number of draws for every load. Not here: who gets a slot
(corridor/slots.py), when a load comes (terminal.py).
"""

import random
from dataclasses import dataclass, field
from typing import Final

from contract.roster import Roster
from contract.v1.movement_pb2 import SlotRequest

NS_PER_S: Final = 1_000_000_000
ASKED_AFTER_S: Final = 45.0  # by then the office has told the supervisor of the crossing, as a rule


@dataclass(frozen=True, slots=True)
class Booking:
    """How traders book: shares from 0 to 1, as `[slots]` of the scenario says."""

    booked: float = 0.0
    bots: float = 0.0
    late_share: float = 0.0
    late_s: float = 0.0


@dataclass(slots=True)
class Bookings:
    """Requests that are still to be sent, by when."""

    booking: Booking
    roster: Roster
    draws: random.Random
    waiting: list[tuple[int, SlotRequest]] = field(default_factory=list)
    bots: int = 0

    @property
    def wake_ns(self) -> int | None:
        return min((at_ns for at_ns, _ in self.waiting), default=None)

    def filed(self, now_ns: int, crossing: str, vehicle: str, ready_utc_ms: int) -> float:
        """Book for a crossing that was declared, as drawn; answers how many seconds later than it
        says its truck will be ready.
        """
        books, late, bots, kind = (self.draws.random() for _ in range(4))
        at_ns = now_ns + int(ASKED_AFTER_S * NS_PER_S)
        if books < self.booking.booked:
            self.waiting.append((at_ns, self._request(crossing, vehicle, vehicle, ready_utc_ms)))
        share = self.booking.bots
        if share and bots < self.booking.booked * share / (1.0 - share):
            self.bots += 1
            self.waiting.append((at_ns, self._bot(crossing, vehicle, ready_utc_ms, kind)))
        is_late = books < self.booking.booked and late < self.booking.late_share
        return self.booking.late_s if is_late else 0.0

    def due(self, now_ns: int) -> list[SlotRequest]:
        """Requests whose time has come."""
        found = [request for at_ns, request in self.waiting if at_ns <= now_ns]
        self.waiting = [each for each in self.waiting if each[0] > now_ns]
        return found

    def _bot(self, crossing: str, vehicle: str, ready_utc_ms: int, kind: float) -> SlotRequest:
        """For a crossing that never comes, with another's key, or for another vehicle."""
        vehicles = [name for name in sorted(self.roster.nodes) if name.startswith("truck-")]
        other = vehicles[(vehicles.index(vehicle) + 1) % len(vehicles)]
        if kind < 1.0 / 3.0:
            return self._request(f"BOT-{self.bots:05d}", vehicle, vehicle, ready_utc_ms)
        named = vehicle if kind < 2.0 / 3.0 else other
        return self._request(crossing, named, other, ready_utc_ms)

    def _request(self, crossing: str, vehicle: str, key_of: str, from_utc_ms: int) -> SlotRequest:
        return SlotRequest(
            crossing_id=crossing,
            vehicle_id=vehicle,
            vehicle_key_id=self.roster.nodes[key_of].key_id,
            earliest_utc_ms=from_utc_ms,
        )
