"""[timetable] and [slots] of the supervisor's file: what they may say, read and written.

Not here: what the figures do (settings.py), the planner's kernels made ready (corridor/cli).
"""

from typing import Annotated

from msgspec import Meta, Struct

from corridor.timetable.settings import (
    LANE_TRUCKS_MAX,
    ROUNDS_MAX,
    SECONDS_MAX,
    WAIT_MS_MAX,
    SlotsConfig,
    TimetableConfig,
)

Seconds = Annotated[float, Meta(ge=0.0, le=SECONDS_MAX)]
Minutes = Annotated[float, Meta(ge=0.0, le=SECONDS_MAX / 60.0)]


class TimetableSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[timetable]: whether it plans who goes first; else it is first come, first served.

    rounds         of the search for one plan
    least_s, every_s   between two plans at least, and at most while anybody waits
    ahead_min      who is expected ready later is in no plan
    due_min, due_perishable_min   from ready at the berth to standing at the other side's
    longest_min    who has waited so long goes first
    lane_trucks    of one direction between berth and exit gate; 0: any number
    wait_s         at an idle one-lane section for a truck on its way that goes first; 0: none
    """

    on: bool = False
    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)] = 24
    least_s: Seconds = 10.0
    every_s: Seconds = 60.0
    ahead_min: Minutes = 60.0
    due_min: Minutes = 90.0
    due_perishable_min: Minutes = 30.0
    longest_min: Minutes = 180.0
    lane_trucks: Annotated[int, Meta(ge=0, le=LANE_TRUCKS_MAX)] = 0
    wait_s: Annotated[float, Meta(ge=0.0, le=WAIT_MS_MAX / 1e3)] = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.least_s <= self.every_s:
            expected = f"expected above 0 and at most every_s, {self.every_s:g}"
            raise ValueError(f"least_s = {self.least_s:g}: {expected}")

    @classmethod
    def of(cls, config: TimetableConfig) -> "TimetableSection":
        """How a file says it."""
        return cls(
            on=True,
            rounds=config.rounds,
            least_s=config.least_ms / 1e3,
            every_s=config.most_ms / 1e3,
            ahead_min=config.ahead_ms / 6e4,
            due_min=config.due_ms / 6e4,
            due_perishable_min=config.due_perishable_ms / 6e4,
            longest_min=config.longest_ms / 6e4,
            lane_trucks=config.lane_trucks,
            wait_s=config.wait_ms / 1e3,
        )

    @property
    def config(self) -> TimetableConfig | None:
        """What the agent is given; None: it does not plan."""
        if not self.on:
            return None
        return TimetableConfig(
            rounds=self.rounds,
            least_ms=round(self.least_s * 1e3),
            most_ms=round(self.every_s * 1e3),
            ahead_ms=round(self.ahead_min * 6e4),
            due_ms=round(self.due_min * 6e4),
            due_perishable_ms=round(self.due_perishable_min * 6e4),
            longest_ms=round(self.longest_min * 6e4),
            lane_trucks=self.lane_trucks,
            wait_ms=round(self.wait_s * 1e3),
        )


class SlotsSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[slots]: windows at the exit gates, whose programs have to mind them.

    pitch_s      one truck in so long at each gate; 0: there are no slots
    early_s, late_s   so much before and after its pitch a window is open; late_s at least grace_s
    grace_s      who has not left so long after it should have does not come
    ahead        slots from now on that can be had;   per_trader   booked by one terminal
    """

    pitch_s: Seconds = 0.0
    early_s: Seconds = 60.0
    late_s: Seconds = 180.0
    grace_s: Seconds = 30.0
    ahead: Annotated[int, Meta(ge=1, le=10_000)] = 60
    per_trader: Annotated[int, Meta(ge=0, le=10_000)] = 30

    def __post_init__(self) -> None:
        if self.grace_s > self.late_s:
            expected = f"expected at most late_s, {self.late_s:g}"
            raise ValueError(f"grace_s = {self.grace_s:g}: {expected}")

    @classmethod
    def of(cls, config: SlotsConfig) -> "SlotsSection":
        """How a file says it."""
        return cls(
            pitch_s=config.pitch_ms / 1e3,
            early_s=config.early_ms / 1e3,
            late_s=config.late_ms / 1e3,
            grace_s=config.grace_ms / 1e3,
            ahead=config.ahead,
            per_trader=config.per_trader,
        )

    @property
    def config(self) -> SlotsConfig | None:
        """What the agent is given; None: there are none."""
        if not self.pitch_s:
            return None
        return SlotsConfig(
            pitch_ms=max(1, round(self.pitch_s * 1e3)),
            early_ms=round(self.early_s * 1e3),
            late_ms=round(self.late_s * 1e3),
            grace_ms=round(self.grace_s * 1e3),
            ahead=self.ahead,
            per_trader=self.per_trader,
        )
