"""What people and weather decide about movement, behind one door for the supervisor's agent.

Pure. Stops, closed sections and possessions, personnel locks, tested brakes, levels of the weather,
opening hours, quotas and intake: each has its rows, its journal and a voter. Not here: places and
halted trucks (operators.py), what each decides (the modules named).
"""

from collections.abc import Callable, Mapping
from typing import cast

from contract.agent import Now, Received
from contract.v1.movement_pb2 import BerthReport
from contract.v1.people_pb2 import PersonnelNotice, PersonnelStatus, WeatherReport
from corridor.closures import Closures
from corridor.grants import Voter
from corridor.hours import Hours, SideHours
from corridor.locks import PersonnelLocks
from corridor.records import Mission
from corridor.roadworthy import RoadworthinessBook
from corridor.state import State
from corridor.stops import Stops
from corridor.weather import Level, Measured, WeatherWatch


class People:
    """Everything that was ordered or measured and that is in force."""

    def __init__(
        self,
        state: State,
        weather_hold_ms: int,
        tell_weather: Callable[[Measured, Level], None],
        sides: Mapping[str, SideHours],
    ) -> None:
        self._state = state
        self.stops = Stops(state)
        self.closures = Closures(state)
        self.locks = PersonnelLocks(state)
        self.roadworthy = RoadworthinessBook(state)
        self.weather = WeatherWatch(state, weather_hold_ms, tell_weather)
        self.hours = Hours(state, sides, self._speed_mmps)

    @property
    def voters(self) -> tuple[Voter, ...]:
        """A no to one more zone of a route, from each of them."""
        return (
            self.locks.vote,
            self.roadworthy.vote,
            self.closures.vote,
            self.stops.vote,
            self.weather.vote,
            self.hours.vote,
        )

    def _speed_mmps(self) -> int:
        level = self.weather.level
        return level.speed_mmps if level is not None else 0

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """What was in force before a restart is in force after it."""
        self.stops.restore(journal)
        self.closures.restore(journal)
        self.locks.restore(journal)
        self.roadworthy.restore(journal)
        self.weather.restore(journal)
        self.hours.restore()

    def watch(self, now: Now) -> None:
        """What an input may have changed: who is in a scope, and who is not any more."""
        self.stops.watch()
        self.closures.watch()
        self.roadworthy.watch(now)
        self.weather.watch(now)
        self.hours.watch(now)

    def on_message(self, now: Now, received: Received) -> list[Mission]:
        """Missions whose authority is to be said anew."""
        kind = type(received.message)
        if kind is WeatherReport:
            self.weather.on_report(now, cast("WeatherReport", received.message))
        elif kind is BerthReport:
            self.roadworthy.on_berth(cast("BerthReport", received.message))
        elif kind is PersonnelNotice:
            self.locks.on_notice(received.sender, cast("PersonnelNotice", received.message))
        elif kind is PersonnelStatus:
            status = cast("PersonnelStatus", received.message)
            self.locks.on_status(received.sender, status)
            mission = self._state.missions.get(self._state.mission_of.get(received.sender, ""))
            if mission is not None and not status.held:
                self._state.dirty[mission.mission_id] = None
                return [mission]
        return []

    def keep(self, vehicle: str) -> bool:
        """Whether a truck is to stand: somebody holds its lock, or it stays in a possession."""
        return self.locks.holds(vehicle) is not None or self.closures.stays(vehicle)

    def leave(self, now: Now, mission: Mission) -> bool:
        """Whether more road may be looked for at all; if not, it is said why."""
        no = self.locks.holds(mission.vehicle)
        if no is None:
            return True
        self._state.wait(now, mission.vehicle, no.reason, resource=no.resource, holder=no.holder)
        return False
