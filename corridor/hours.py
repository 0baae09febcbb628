"""Hours: opening hours, the day's quota and the other side's intake, as voters of the grant.

Pure. Nobody leaves its berth while its own side is closed, or too late for the other side's gate.
Nobody is given road past its exit gate unless, at the slowest (arrival.py), it is through the other
side's entry gate before that closes; unless both sides have room in the quota of their local day;
and unless the other side takes in one more, by the hour and by trucks between the exit gate and
their berths. Whoever has that road goes on. What counts is a crossing's own row: when it was let
past its exit gate, so that a restart counts the same. The clock counts with its error on the
cautious side, and one that is too unsure opens nothing. Not here: whose release waits for an office
to open (gate/office/docket.py), what an officer does. Requirements: SUP-V1, SUP-V2, SUP-V3 in
docs/SAFETY.md.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.agent import NS_PER_MS, Now
from contract.limits import UTC_ERROR_MS_MAX
from contract.opening import (
    DAY_MS,
    Opening,
    day_begins_ms,
    local_day,
    minute_of,
    open_until_ms,
    opens_at_ms,
)
from contract.reasons import Reason
from contract.route import Route
from contract.v1.customs_pb2 import CUSTODY_STEP_ENTERED, CUSTODY_STEP_EXITED
from corridor.arrival import Ways
from corridor.planning import DESTINATION, ORIGIN
from corridor.records import Mission
from corridor.state import No, State

HOUR_MS: Final = 3_600_000
ALWAYS: Final = Opening(0, 0, 0)
DAYS_TRIED: Final = 4  # openings after which hours that never overlap are looked at no more
KEPT_MS: Final = 3 * DAY_MS  # what was let past a gate before that is in nobody's day any more
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[str, Meta(pattern=r"^(|20[0-9]{2}-[0-9]{2}-[0-9]{2})$")]
Count = Annotated[int, Meta(ge=0, le=100_000)]


class SideHours(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[hours.KZ], [hours.CN]: when a side is open, and how much it lets out and takes in.

    opens, closes    local time; the same: round the clock; `closes` first: over midnight
    quota_out, quota_in   crossings of a local day that leave for the other side, or come from it
    intake_per_h     crossings that it takes in within any hour
    intake_trucks    trucks that may be on their way from the other side's exit gate to its berths
    quota_drop       share by which both quotas are less for quota_drop_days from a local day on,
                     quota_drop_from; "": on none
    """

    opens: Clock = "00:00"
    closes: Clock = "00:00"
    utc_offset_min: Annotated[int, Meta(ge=-720, le=840)] = 300
    quota_out: Count | None = None
    quota_in: Count | None = None
    intake_per_h: Count | None = None
    intake_trucks: Count | None = None
    quota_drop: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    quota_drop_from: Day = ""
    quota_drop_days: Annotated[int, Meta(ge=1, le=366)] = 1

    def __post_init__(self) -> None:
        """Raises ValueError, which becomes an error of the file, for a drop that would be none."""
        drop, first, days = self.quota_drop, self.quota_drop_from, self.quota_drop_days
        try:
            date.fromisoformat(first or "2026-03-03")
        except ValueError:
            raise ValueError(
                f"quota_drop_from = {first!r}: expected a day that there is, as 2026-03-03"
            ) from None
        if drop and not first:
            raise ValueError(f"quota_drop = {drop:g}: expected quota_drop_from beside it, a day")
        if drop and self.quota_out is None and self.quota_in is None:
            raise ValueError(f"quota_drop = {drop:g}: expected quota_out or quota_in beside it")
        if first and not drop:
            raise ValueError(f"quota_drop_from = {first!r}: expected quota_drop above 0 beside it")
        if days != 1 and not drop:
            raise ValueError(f"quota_drop_days = {days}: expected quota_drop above 0 beside it")

    @property
    def opening(self) -> Opening:
        return Opening(minute_of(self.opens), minute_of(self.closes), self.utc_offset_min)

    def quota(self, day: int, *, out: bool) -> int | None:
        """Crossings that leave it, or come to it, on a local day; on some days it is less."""
        full = self.quota_out if out else self.quota_in
        first = self.quota_drop_from
        if full is None or not first:
            return full
        since = day - (date.fromisoformat(first) - date(1970, 1, 1)).days
        dropped = 0 <= since < self.quota_drop_days
        return math.floor(full * (1.0 - self.quota_drop) + 1e-9) if dropped else full


class Hours:
    """Counts who was let past an exit gate, and votes."""

    def __init__(
        self,
        state: State,
        sides: Mapping[str, SideHours],
        speed_mmps: Callable[[], int],
    ) -> None:
        """`sides` by country; a side that is not named is always open and takes everybody.
        `speed_mmps`: what the weather allows now; 0: as the lane says.
        """
        self._state = state
        self._sides = dict(sides)
        self._openings = {country: side.opening for country, side in sides.items()}
        self._ways = Ways(state.map, speed_mmps)
        self._now = Now(0, 0)
        self._let: dict[str, list[int]] = {"E": [], "W": []}  # by direction, in order of time
        self._counted: dict[str, list[int]] = {"E": [], "W": []}  # those without returns
        self._inside: dict[str, dict[str, None]] = {"E": {}, "W": {}}  # missions on their way in
        self._due_ms: dict[str, int] = {}  # missions that wait for a time, UTC
        self._taken: dict[str, None] = {}  # missions that wait for one that is inside
        self._unsure: dict[str, None] = {}  # missions that wait for a better clock

    def restore(self) -> None:
        """Who was let past a gate before a restart, from the crossings' rows."""
        let = [each for each in self._state.crossings.values() if each.let_ms]
        for crossing in sorted(let, key=lambda each: each.let_ms):
            self._count(crossing.direction, crossing.let_ms, back=bool(crossing.return_of))
            if crossing.mission in self._state.missions:
                self._inside[crossing.direction][crossing.mission] = None

    # --- what it is told ---

    def watch(self, now: Now) -> None:
        """Have those looked at whose time has come, or whose place has been left."""
        self._now = now
        state = self._state
        if self._taken:
            gone = [
                (direction, each)
                for direction, inside in self._inside.items()
                for each in inside
                if each not in state.missions
            ]
            for direction, mission_id in gone:
                del self._inside[direction][mission_id]
            if gone:
                state.dirty.update(self._taken)
                self._taken.clear()
        if self._unsure and self._is_sure():
            state.dirty.update(self._unsure)
            self._unsure.clear()
        if self._due_ms and min(self._due_ms.values()) <= self._from_ms():
            due = [each for each, at_ms in self._due_ms.items() if at_ms <= self._from_ms()]
            for mission_id in due:
                del self._due_ms[mission_id]
                state.dirty[mission_id] = None

    def note(self, mission: Mission) -> None:
        """Count a crossing, once, that has road past its exit gate now."""
        if not self._sides:
            return
        crossing = self._state.crossings[mission.crossing]
        if crossing.let_ms:
            return
        if mission.next_span <= self._ways.beyond_exit(mission, self._state.route(mission)):
            return
        crossing.let_ms = self._now.utc_ms
        self._state.save(crossing)
        self._count(crossing.direction, crossing.let_ms, back=bool(crossing.return_of))
        inside = self._inside[crossing.direction]
        for gone in [each for each in inside if each not in self._state.missions]:
            del inside[gone]
        inside[mission.mission_id] = None

    def _count(self, direction: str, let_ms: int, *, back: bool) -> None:
        for times in (self._let[direction], *(() if back else (self._counted[direction],))):
            times.insert(bisect_right(times, let_ms), let_ms)  # a clock may go back
            del times[: bisect_left(times, let_ms - KEPT_MS)]

    def earliest_ms(self, direction: str, before: int) -> int:
        """For the timetable: from when on a truck may leave its side if so many leave before it; 0:
        at once. Its side is open, and both quotas have room for it.
        """
        own, at_ms = ORIGIN[direction], 0
        opening = self._openings.get(own)
        if opening is not None and open_until_ms(self._from_ms(), opening) is None:
            at_ms = opens_at_ms(self._from_ms(), opening)
        for country in (own, DESTINATION[direction]):
            side = self._sides.get(country)
            if side is None:
                continue
            day = local_day(self._from_ms(), side.utc_offset_min)
            quota = side.quota(day, out=country == own)
            if quota is not None:
                used = self._on(direction, day, side.utc_offset_min) + self._under_way(direction)
                if used + before >= quota:
                    at_ms = max(at_ms, day_begins_ms(day + 1, side.utc_offset_min))
        return at_ms

    def lets_ms(self, direction: str, at_ms: int, way_ms: int) -> int:
        """For the timetable: from when on a truck that is at its exit gate at `at_ms`, and takes
        `way_ms` from there, finds both sides open.
        """
        own = self._openings.get(ORIGIN[direction], ALWAYS)
        other = self._openings.get(DESTINATION[direction], ALWAYS)
        for _ in range(DAYS_TRIED):
            at_ms = opens_at_ms(at_ms, own)
            until_ms = open_until_ms(at_ms, other)
            if until_ms is not None and at_ms + way_ms < until_ms:
                break
            at_ms = opens_at_ms(at_ms if until_ms is None else until_ms, other)
        return at_ms

    # --- the voter ---

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """No road out of the berth, or past the exit gate, that hours, quota or intake forbid."""
        if not self._sides or index == 0:
            return None
        crossing = self._state.crossings[mission.crossing]
        beyond = self._ways.beyond_exit(mission, route)
        leaves = mission.next_span <= 1
        passes = index >= beyond >= mission.next_span and crossing.step < CUSTODY_STEP_EXITED
        if not (leaves or passes):
            return None
        for waiting in (self._due_ms, self._taken, self._unsure):
            waiting.pop(mission.mission_id, None)
        if not self._is_sure():
            self._unsure[mission.mission_id] = None
            return No(Reason.CLOCK_UNSURE, self._state.name, self._state.name)
        no = self._closed(mission, route) or self._used_up(mission, passes=passes)
        return no or (self._taken_in(mission) if passes else None)

    def _closed(self, mission: Mission, route: Route) -> No | None:
        """Its own side is closed, or the other side may be before the truck is through."""
        own, other = ORIGIN[mission.direction], DESTINATION[mission.direction]
        until_ms = self._open_until_ms(own)
        if until_ms is None or self._to_ms() >= until_ms:
            return self._later(mission, Reason.DEPARTURE_CLOSED, own, self._ways.exit(mission))
        until_ms = self._open_until_ms(other)
        if until_ms is not None:
            heard = self._state.heard[mission.vehicle]
            slowest_ms = self._ways.slowest_ms(
                mission, route, heard.front_m, ahead=self._before_entry(mission)
            )
            if self._to_ms() + slowest_ms < until_ms:
                return None
        return self._later(mission, Reason.ARRIVAL_TOO_LATE, other, self._ways.entry(mission))

    def _open_until_ms(self, country: str) -> int | None:
        """When a side closes that is open by every clock; None if it may be closed now."""
        opening = self._openings.get(country, ALWAYS)
        return open_until_ms(self._from_ms(), opening)

    def _before_entry(self, mission: Mission) -> int:
        """Trucks that the other side's entry gate has to serve before this one, at the worst."""
        state, count = self._state, 0
        for each in self._inside[mission.direction]:
            other = state.missions.get(each)
            if other is not None and other is not mission:
                count += state.crossings[other.crossing].step < CUSTODY_STEP_ENTERED
        return count

    def _later(self, mission: Mission, reason: Reason, country: str, gate: str) -> No:
        """A no until a side opens, next after it has closed."""
        opening, at_ms = self._openings[country], self._from_ms()
        until_ms = open_until_ms(at_ms, opening)
        opens_ms = opens_at_ms(at_ms if until_ms is None else until_ms, opening)
        self._due_ms[mission.mission_id] = opens_ms
        lifts = f"its opening at {clock_of(opening.opens_min, opening.utc_offset_min)}"
        return No(reason, gate, f"office {country}", lifts)

    def _used_up(self, mission: Mission, *, passes: bool) -> No | None:
        """A side has had its crossings of the day; who is still at its berth lets those go first
        that have left theirs.
        """
        if self._state.crossings[mission.crossing].return_of:
            return None
        own, other = ORIGIN[mission.direction], DESTINATION[mission.direction]
        for country in (own, other):
            side = self._sides.get(country)
            if side is None:
                continue
            under_way = 0 if passes else self._under_way(mission.direction)
            offset_min = side.utc_offset_min
            days = {local_day(each, offset_min) for each in (self._from_ms(), self._to_ms())}
            if any(
                quota is not None
                and self._on(mission.direction, day, offset_min) + under_way >= quota
                for day, quota in ((day, side.quota(day, out=country == own)) for day in days)
            ):
                next_ms = day_begins_ms(max(days) + 1, offset_min) + UTC_ERROR_MS_MAX
                self._due_ms[mission.mission_id] = next_ms
                lifts = f"the next day, which begins at {clock_of(0, offset_min)}"
                return No(Reason.QUOTA_REACHED, f"quota/{country}", f"office {country}", lifts)
        return None

    def _on(self, direction: str, day: int, offset_min: int) -> int:
        """Crossings that were let past a gate on a local day, or may have been."""
        begin_ms, times = day_begins_ms(day, offset_min), self._counted[direction]
        first = bisect_left(times, begin_ms - UTC_ERROR_MS_MAX)
        return bisect_right(times, begin_ms + DAY_MS + UTC_ERROR_MS_MAX) - first

    def _under_way(self, direction: str) -> int:
        state = self._state
        return sum(
            each.direction == direction
            and each.next_span > 1
            and not state.crossings[each.crossing].let_ms
            and not state.crossings[each.crossing].return_of
            for each in state.missions.values()
        )

    def _taken_in(self, mission: Mission) -> No | None:
        """The other side takes no more now."""
        country, gate = DESTINATION[mission.direction], self._ways.entry(mission)
        side, holder = self._sides.get(country), f"office {country}"
        if side is None:
            return None
        if side.intake_per_h is not None:
            times, span_ms = self._let[mission.direction], HOUR_MS + UTC_ERROR_MS_MAX
            recent = times[bisect_right(times, self._from_ms() - span_ms) :]
            if len(recent) >= side.intake_per_h:
                first_ms = recent[-side.intake_per_h] if side.intake_per_h else self._from_ms()
                self._due_ms[mission.mission_id] = first_ms + span_ms
                return No(Reason.INTAKE_RATE_REACHED, gate, holder)
        if side.intake_trucks is not None:
            inside = sum(each in self._state.missions for each in self._inside[mission.direction])
            if inside >= side.intake_trucks:
                self._taken[mission.mission_id] = None
                return No(Reason.INTAKE_FULL, gate, holder)
        return None

    # --- the clock, on the cautious side ---

    def _is_sure(self) -> bool:
        return self._now.utc_error_ns <= UTC_ERROR_MS_MAX * NS_PER_MS

    def _from_ms(self) -> int:
        """The time, as early as it can be."""
        return (self._now.utc_ns - self._now.utc_error_ns) // NS_PER_MS

    def _to_ms(self) -> int:
        """The time, as late as it can be."""
        return -((-self._now.utc_ns - self._now.utc_error_ns) // NS_PER_MS)


def clock_of(minute: int, utc_offset_min: int) -> str:
    """A minute after local midnight, for people: 07:00 (UTC+05:00)."""
    sign = "-" if utc_offset_min < 0 else "+"
    zone_h, zone_min = divmod(abs(utc_offset_min), 60)
    return f"{minute // 60:02d}:{minute % 60:02d} (UTC{sign}{zone_h:02d}:{zone_min:02d})"
