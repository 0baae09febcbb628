"""Openings: when a truck may pass what is closed to it, as far as anybody can say, for the plan.

Pure, and a guess where it must be: whoever closes a section, stops a side or reports a fault does
not say for how long, so it is taken to last as long again as it has lasted, and never less than
CLOSED_MS_MIN; weather opens no sooner than it has held; hours and quotas are known. Whoever comes
to it sooner is planned to set out, or to go on, so late that it comes when it opens; whoever has a
way round is not kept. So the order of all others is not that of a road that is open. Grants no road
and refuses none: the voters do that (closures.py, stops.py, weather.py, hours.py).
Requirements: SUP-049 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from contract.v1.movement_pb2 import STOP_SCOPE_SECTION, STOP_SCOPE_SIDE
from corridor import arrival, journeys
from corridor.journeys import Journeys
from corridor.people import People
from corridor.records import Crossing
from corridor.state import State, StopInForce
from corridor.timetable.settings import Leg

CLOSED_MS_MIN: Final = 600_000
SLOWEST: Final = journeys.PACE / arrival.PACE


class Openings:
    """What is closed to whom, and until when."""

    def __init__(self, state: State, people: People, ways: Journeys) -> None:
        self._state = state
        self._people = people
        self._ways = ways
        self._gates = {(gate.direction, gate.side): gate.id for gate in state.map.gates.values()}

    def marks(self) -> tuple[str, ...]:
        """What is closed now, by name: when it changes the plan is an old one."""
        state, level = self._state, self._people.weather.level
        closed = (*self._people.closures.names(), *state.stops, *state.faulty_gates)
        return (*closed, *state.closed, level.name if level is not None else "")

    def earliest_ms(self, now: Now, crossing: Crossing, before: int) -> int:
        """UTC from when on a crossing may set out, or go on, so that it finds nothing closed.

        before   how many of its direction set out before it
        """
        at_ms = now.utc_ms
        if not crossing.started_ms:
            at_ms = max(at_ms, self._people.hours.earliest_ms(crossing.direction, before))
        stopped = any(crossing.vehicle in stop.vehicles for stop in self._state.stops.values())
        if stopped or self._people.keep(crossing.vehicle):
            at_ms = max(at_ms, now.utc_ms + CLOSED_MS_MIN)
        at_ms = max(at_ms, self._after_weather_ms(now, crossing))
        until_ms = self.shut_until_ms(now, crossing)
        if until_ms:
            reached_s = self._ways.reach_s(crossing, frozenset(until_ms))
            at_ms = max(at_ms, *(until_ms[z] - 1_000 * s for z, s in reached_s.items()), 0)
        return self._within_hours_ms(crossing, at_ms)

    def shut_until_ms(self, now: Now, crossing: Crossing) -> dict[str, int]:
        """Zones that are closed to a crossing, with the UTC at which each is taken to open."""
        state, soon_ms = self._state, now.utc_ms + CLOSED_MS_MIN
        found: dict[str, int] = {}
        for closure in self._people.closures.kept_out(crossing):
            for zone in closure.zones:
                found[zone] = max(found.get(zone, 0), _lasts_ms(now, closure.since_ms))
        for stop in state.stops.values():
            for zone in self._stopped(stop):
                found[zone] = max(found.get(zone, 0), _lasts_ms(now, stop.since_ms))
        for gate in state.faulty_gates:
            found[state.map.gates[gate].zone] = soon_ms
        for place in state.closed:
            if place in state.map.stations:
                found[state.map.stations[place].zone] = soon_ms
        return found

    def _stopped(self, stop: StopInForce) -> list[str]:
        """Zones that nobody is let into while a stop is in force."""
        corridor = self._state.map
        if stop.scope == STOP_SCOPE_SECTION:
            return list(stop.zones)
        if stop.scope != STOP_SCOPE_SIDE:
            return []
        lanes = corridor.lanes
        return [
            zone.id
            for zone in corridor.zones.values()
            if any(lanes[each].country == stop.target for each in zone.lanes)
        ]

    def _after_weather_ms(self, now: Now, crossing: Crossing) -> int:
        if crossing.step >= CUSTODY_STEP_EXITED:
            return 0
        closed_ns = self._people.weather.closed_ns(now, loaded=crossing.loaded)
        return now.utc_ms + closed_ns // NS_PER_MS if closed_ns else 0

    def _within_hours_ms(self, crossing: Crossing, at_ms: int) -> int:
        """So late that it is let past its exit gate, and through the other one, when it comes."""
        legs = self._ways.legs(crossing)
        at = [self._place(legs, crossing.direction, side) for side in ("exit", "entry")]
        if at[0] is None or at[1] is None:
            return at_ms
        exit_ms = at_ms + 1_000 * sum(leg.seconds for leg in legs[: at[0]])
        driven_s = sum(leg.seconds for leg in legs[at[0] + 1 : at[1]])
        slowest_ms = round(1_000 * SLOWEST * driven_s) + 2 * arrival.PASSAGE_MS_MAX
        opens_ms = self._people.hours.lets_ms(crossing.direction, exit_ms, slowest_ms)
        return at_ms + opens_ms - exit_ms

    def _place(self, legs: tuple[Leg, ...], direction: str, side: str) -> int | None:
        """Which leg is the gate of a side; None if it is not ahead."""
        gate = self._gates.get((direction, side))
        return next((n for n, leg in enumerate(legs) if leg.place == gate), None)


def _lasts_ms(now: Now, since_ms: int) -> int:
    """Until when something is taken to last of which nobody has said how long it does."""
    return now.utc_ms + max(CLOSED_MS_MIN, now.utc_ms - since_ms)
