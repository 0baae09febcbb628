"""Weather: what is measured, made into a level with limits; worse at once, better after a hold.

Pure. Levels are a table: friction, sight and wind that each still allows, its speed, whether a
zone takes one vehicle only, whether anybody sets out. What trucks are told is the worst that was
measured; it gets better by as much as held for the whole hold. Under a closed level nobody who has
not passed its exit gate is given a zone; whoever has is let out. Written down, with the newest word
of what is measured: after a restart the hold of that begins anew. Not here: who measures; what a
truck makes of friction and sight (vehicle/).
Source of the levels, 25, 15 and 8 km/h: our own estimate, docs/SCENARIOS.md.
Requirement: SUP-030 in docs/SAFETY.md.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from contract.agent import NS_PER_MS, Now, Persist
from contract.errors import require
from contract.events import Event
from contract.reasons import Reason
from contract.route import Route
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from contract.v1.people_pb2 import WeatherReport
from corridor.records import Mission
from corridor.state import No, State

HOLD_MS: Final = 30 * 60_000  # wind came back within hours where a road was opened early
EMPTY_WIND_MMPS_MAX: Final = 17_000  # an empty box is blown over before a loaded one
_KEY: Final = "weather"
_NEWEST_KEY: Final = "weather/newest"


@dataclass(frozen=True, slots=True)
class Level:
    """What a level still allows at worst, and what it limits; speed 0: as the lane says."""

    name: str
    friction_permille_min: int
    sight_mm_min: int
    wind_mmps_max: float
    speed_mmps: int = 0
    alone: bool = False
    closed: bool = False


LEVELS: Final = (
    Level("normal", 350, 200_000, 14_000),
    Level("reduced", 200, 50_000, 20_000, speed_mmps=4_170),
    Level("minimum", 100, 20_000, 24_000, speed_mmps=2_220, alone=True),
    Level("closed", 0, 0, math.inf, speed_mmps=2_220, alone=True, closed=True),
)
require(
    all(
        one.friction_permille_min > two.friction_permille_min
        and one.sight_mm_min > two.sight_mm_min
        and one.wind_mmps_max < two.wind_mmps_max
        for one, two in itertools.pairwise(LEVELS)
    ),
    "each level allows worse weather than the one before it",
)


class Measured(msgspec.Struct, frozen=True):
    """Friction in thousandths, sight in mm, gusts in mm/s."""

    friction_permille: int
    sight_mm: int
    wind_mmps: int

    def worst(self, other: "Measured") -> "Measured":
        """The worse of each."""
        return Measured(
            min(self.friction_permille, other.friction_permille),
            min(self.sight_mm, other.sight_mm),
            max(self.wind_mmps, other.wind_mmps),
        )


def level_of(weather: Measured) -> Level:
    """The first level that allows this weather; the last allows all."""
    for level in LEVELS[:-1]:
        if (
            weather.friction_permille >= level.friction_permille_min
            and weather.sight_mm >= level.sight_mm_min
            and weather.wind_mmps <= level.wind_mmps_max
        ):
            return level
    return LEVELS[-1]


class WeatherWatch:
    """Takes reports, holds levels, and votes. Without any report there is no level at all."""

    def __init__(self, state: State, hold_ms: int, tell: Callable[[Measured, Level], None]) -> None:
        """`tell`: from now on trucks are told this."""
        self._state = state
        self._hold_ns = hold_ms * NS_PER_MS
        self._tell = tell
        self._told: Measured | None = None
        self._since: Measured | None = None  # the worst since the hold began
        self._newest: Measured | None = None
        self._began_ns: int | None = None

    @property
    def level(self) -> Level | None:
        """The level in force."""
        return level_of(self._told) if self._told is not None else None

    def closed_ns(self, now: Now, *, loaded: bool) -> int:
        """How long at least nobody is let out with such a load; 0: the weather allows it.

        What has been measured better since opens when it has held; while nothing has, a whole hold
        from now on.
        """
        if self._told is None or not _is_closed(self._told, loaded=loaded):
            return 0
        if self._since is None or self._began_ns is None or _is_closed(self._since, loaded=loaded):
            return self._hold_ns
        return max(1, self._began_ns + self._hold_ns - now.mono_ns)

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """The weather before a restart is the weather after it; what had come since and not held
        yet is held anew.
        """
        row = journal.get(_KEY)
        if row is not None:
            self._told = msgspec.msgpack.decode(row, type=Measured)
            newest = journal.get(_NEWEST_KEY, row)
            self._since = self._newest = msgspec.msgpack.decode(newest, type=Measured)
            self._tell(self._told, level_of(self._told))

    def on_report(self, now: Now, report: WeatherReport) -> None:
        """Worse counts at once; better is looked at when it has held."""
        new = Measured(report.friction_permille, report.sight_mm, report.wind_mmps)
        told = self._told
        if new != self._newest:
            self._state.out.append(Persist(_NEWEST_KEY, msgspec.msgpack.encode(new)))
        self._newest = new
        if told is None or told.worst(new) != told:
            self._take(new if told is None else told.worst(new))
            self._since, self._began_ns = new, now.mono_ns
            return
        if self._began_ns is None or self._since == told:
            self._since, self._began_ns = new, now.mono_ns
        self._since = self._since.worst(new) if self._since is not None else new

    def watch(self, now: Now) -> None:
        """Once the hold is over, the worst of it is what counts."""
        since, began_ns = self._since, self._began_ns
        if since is not None and began_ns is None:
            self._began_ns = now.mono_ns
        if since is None or began_ns is None or now.mono_ns - began_ns < self._hold_ns:
            return
        self._since, self._began_ns = self._newest, now.mono_ns
        if since != self._told:
            self._take(since)

    def _take(self, told: Measured) -> None:
        before, state = self.level, self._state
        self._told = told
        level = level_of(told)
        state.out.append(Persist(_KEY, msgspec.msgpack.encode(told)))
        if before is not level:
            state.say(
                Event.WEATHER_CHANGED,
                level=level.name,
                friction_permille=told.friction_permille,
                sight_mm=told.sight_mm,
                wind_mmps=told.wind_mmps,
            )
        self._tell(told, level)
        state.dirty.update(dict.fromkeys(state.missions))

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """No road for whoever has not left yet, where nobody may; no zone that another has."""
        told, level = self._told, self.level
        if told is None or level is None:
            return None
        crossing = self._state.crossings[mission.crossing]
        closed = _is_closed(told, loaded=crossing.loaded)
        if closed and crossing.step < CUSTODY_STEP_EXITED:
            return No(Reason.WEATHER_CLOSED, level.name, "weather")
        zone = route.zone_spans[index][0]
        others = [each for each in self._state.zones.holders(zone) if each != mission.vehicle]
        if level.alone and others:
            return No(Reason.ZONE_OCCUPIED, zone, others[0])
        return None


def _is_closed(weather: Measured, *, loaded: bool) -> bool:
    """Whether nobody may leave in such weather, loaded or empty."""
    light = not loaded and weather.wind_mmps > EMPTY_WIND_MMPS_MAX
    return level_of(weather).closed or light
