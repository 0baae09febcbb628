"""What a scenario says of the timetable, of slots, and of those who book them."""

from typing import Annotated

from msgspec import Meta, Struct

from contract.errors import ConfigError
from corridor.timetable.settings import (
    LANE_TRUCKS_MAX,
    ROUNDS_MAX,
    WAIT_MS_MAX,
    SlotsConfig,
    TimetableConfig,
)
from sim.bookings import Booking
from sim.distributions import parse_duration
from sim.scenario_types import Duration, Share


class TimetableSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[timetable]: whether the supervisor plans, and by what.

    rounds           of the search for one plan
    least, every     between two plans at least, and at most while anybody waits
    ahead            who is expected ready later is in no plan
    due, due_perishable   from ready at the berth to standing at the other side's
    longest          who has waited so long goes first
    lane_trucks      of one direction between berth and exit gate; 0: any number
    wait             at an idle one-lane section for a truck on its way that goes first; 0s: none
    """

    on: bool = False
    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)] = 24
    least: Duration = "10s"
    every: Duration = "60s"
    ahead: Duration = "60min"
    due: Duration = "90min"
    due_perishable: Duration = "30min"
    longest: Duration = "3h"
    lane_trucks: Annotated[int, Meta(ge=0, le=LANE_TRUCKS_MAX)] = 0
    wait: Duration = "0s"


class SlotsSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[slots]: windows at the exit gates, and who books them.

    pitch        one truck in so long; 0s: there are no slots
    early, late  so much before and after its pitch a window is open
    grace        who has not left so long after it should have does not come
    ahead        slots that can be booked from now on;   per_trader   by one terminal
    booked       share of crossings that a terminal books ahead
    bots         share of all bookings that are nobody's: crossings that never come, foreign keys
    late_share   of the trucks that are booked ahead, so many are late, by `late_by`
    """

    pitch: Duration = "0s"
    early: Duration = "60s"
    late: Duration = "3min"
    grace: Duration = "30s"
    ahead: Annotated[int, Meta(ge=1, le=10_000)] = 60
    per_trader: Annotated[int, Meta(ge=0, le=10_000)] = 30
    booked: Share = 0.0
    bots: Annotated[float, Meta(ge=0.0, le=0.9)] = 0.0
    late_share: Share = 0.0
    late_by: Duration = "10min"

    @property
    def given(self) -> bool:
        """Whether there are slots."""
        return parse_duration(self.pitch) > 0.0


def check_timetable(timetable: TimetableSection, slots: SlotsSection, origin: str) -> None:
    """What the types cannot say. Raises ConfigError by key."""
    if not 0.0 < parse_duration(timetable.least) <= parse_duration(timetable.every):
        raise ConfigError(
            f"{origin}: timetable.least = {timetable.least!r}: "
            f"expected above 0s and at most every, {timetable.every}"
        )
    if parse_duration(timetable.wait) * 1e3 > WAIT_MS_MAX:
        raise ConfigError(
            f"{origin}: timetable.wait = {timetable.wait!r}: "
            f"expected at most {WAIT_MS_MAX / 1e3:g}s"
        )
    if parse_duration(slots.grace) > parse_duration(slots.late):
        raise ConfigError(
            f"{origin}: slots.grace = {slots.grace!r}: expected at most late, {slots.late}"
        )
    booked = slots.booked or slots.bots or slots.late_share
    if booked and not slots.given:
        raise ConfigError(
            f"{origin}: slots.pitch = {slots.pitch!r}: expected above 0s to be booked"
        )


def timetable_config(section: TimetableSection) -> TimetableConfig | None:
    """The supervisor's, if it plans."""
    if not section.on:
        return None
    return TimetableConfig(
        rounds=section.rounds,
        least_ms=_ms(section.least),
        most_ms=_ms(section.every),
        ahead_ms=_ms(section.ahead),
        due_ms=_ms(section.due),
        due_perishable_ms=_ms(section.due_perishable),
        longest_ms=_ms(section.longest),
        lane_trucks=section.lane_trucks,
        wait_ms=_ms(section.wait),
    )


def slots_config(section: SlotsSection) -> SlotsConfig | None:
    """The supervisor's, if it gives slots."""
    if not section.given:
        return None
    return SlotsConfig(
        pitch_ms=max(1, _ms(section.pitch)),
        early_ms=_ms(section.early),
        late_ms=_ms(section.late),
        grace_ms=_ms(section.grace),
        ahead=section.ahead,
        per_trader=section.per_trader,
    )


def booking_of(timetable: TimetableSection, slots: SlotsSection) -> Booking | None:
    """How traders book and say when trucks will be ready; None where nobody asks them to."""
    if not (timetable.on or slots.given):
        return None
    late_s = parse_duration(slots.late_by)
    return Booking(slots.booked, slots.bots, slots.late_share, late_s)


def _ms(duration: str) -> int:
    return round(parse_duration(duration) * 1_000.0)
