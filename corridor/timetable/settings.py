"""How the supervisor plans and gives slots: weights, due times, budgets, windows.

Values only, without a kernel: whoever does not plan loads none.
"""

from dataclasses import dataclass
from typing import Final

from contract.errors import require

ROUNDS_MAX: Final = 1_000
LANE_TRUCKS_MAX: Final = 100
WAIT_MS_MAX: Final = 90_000
MINUTE_MS: Final = 60_000
SECONDS_MAX: Final = 1e7  # of any time that a file may say: about four months
# Weights: a second late of a load that spoils counts as four of another one, of a batch twice, for
# all of it waits; who returns empty counts half. Ours; the order is that of the corridor's rules.
PERISHABLE: Final = 4.0
TRUSTED: Final = 2.0
BATCHED: Final = 2.0
PLAIN: Final = 1.0
EMPTY: Final = 0.5
ROAD: Final = "road"


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of a way: a place and how long it keeps a truck; `ROAD`: a drive."""

    place: str
    seconds: int


@dataclass(frozen=True, slots=True)
class TimetableConfig:
    """The supervisor's timetable.

    rounds        of the search for one plan; the budget is counted, never timed
    least_ms      between two plans at least;   most_ms   at most, while anybody waits
    ahead_ms      who is expected ready later than that is in no plan
    due_ms, due_perishable_ms   from ready at the berth to standing at the other side's
    longest_ms    who has waited so long goes before everybody who has not
    lane_trucks   of one direction between berth and exit gate; the others wait at their berths; 0:
                  any number
    wait_ms       at an idle one-lane section for a truck on its way to it that goes first; 0: none
    """

    rounds: int = 24
    least_ms: int = 10_000
    most_ms: int = MINUTE_MS
    ahead_ms: int = 60 * MINUTE_MS
    due_ms: int = 90 * MINUTE_MS
    due_perishable_ms: int = 30 * MINUTE_MS
    longest_ms: int = 180 * MINUTE_MS
    lane_trucks: int = 0
    wait_ms: int = 0

    def __post_init__(self) -> None:
        require(1 <= self.rounds <= ROUNDS_MAX, f"rounds = {self.rounds}")
        require(0 < self.least_ms <= self.most_ms, f"least_ms = {self.least_ms}")
        require(0 <= self.lane_trucks <= LANE_TRUCKS_MAX, f"lane_trucks = {self.lane_trucks}")
        require(0 <= self.wait_ms <= WAIT_MS_MAX, f"wait_ms = {self.wait_ms}")

    def due_after_ms(self, *, perishable: bool) -> int:
        """From ready at the berth until it is due at the other side's."""
        return self.due_perishable_ms if perishable else self.due_ms


def weight_of(*, loaded: bool, perishable: bool, trusted: bool, batched: bool) -> float:
    """What a second of tardiness of a crossing counts: the most of what it is."""
    if not loaded:
        return EMPTY
    kinds = ((perishable, PERISHABLE), (trusted, TRUSTED), (batched, BATCHED))
    return max([PLAIN, *(weight for is_one, weight in kinds if is_one)])


@dataclass(frozen=True, slots=True)
class SlotsConfig:
    """Slots at exit gates: one truck for each pitch, counted from UTC 0.

    early_ms, late_ms   so much before and after its pitch a window is open
    grace_ms     a truck that has not left so long after it should have does not come: its slot is
                 another's
    ahead        slots that can be booked from now on
    per_trader   of those, bookings of one terminal for trucks that are not ready
    """

    pitch_ms: int = 2 * MINUTE_MS
    early_ms: int = MINUTE_MS
    late_ms: int = 3 * MINUTE_MS
    grace_ms: int = MINUTE_MS // 2
    ahead: int = 60
    per_trader: int = 30

    def __post_init__(self) -> None:
        require(self.pitch_ms > 0, f"pitch_ms = {self.pitch_ms}")
        require(0 <= self.grace_ms <= self.late_ms, "who comes within the grace finds it open")
        require(min(self.early_ms, self.ahead, self.per_trader) >= 0, "counts and times from 0")
