"""Estimates: when each truck on the road will be at the places before it, behind those in front.

Pure. By where it is now, by what each place took the last few times (journeys.py, durations.py),
and by the trucks of its direction that are served before it, for on the road nobody overtakes: who
has the least to drive is in front. Whoever is held for something else is estimated as if it
went on at once; as it stands, the estimate moves on with it. Not in it: who waits at the other end
of a section (token.py), windows (slots.py).
"""

from contract.agent import NS_PER_MS, Now
from corridor.journeys import Journeys, sections_of
from corridor.records import Crossing, Mission
from corridor.state import State
from corridor.timetable.settings import ROAD, Leg

Times = dict[str, int]  # place -> seconds from now


class Estimates:
    """The trucks on the road, direction by direction; reckoned once for each moment."""

    def __init__(self, state: State, journeys: Journeys) -> None:
        self._state = state
        self._journeys = journeys
        self._shared = frozenset((ROAD, *sections_of(state)))  # with room for those behind
        self._now_ns = -1
        self._known: dict[str, tuple[dict[str, Times], Times]] = {}

    def at_s(self, now: Now, mission: Mission) -> Times:
        """Seconds until a truck on the road is served at each place, or enters each section."""
        return self._all(now, mission.direction)[0].get(mission.mission_id, {})

    def to_gate_ms(self, now: Now, crossing: Crossing, gate: str) -> int:
        """Until its truck stands at a gate's line, if it leaves now or is on its way: behind all
        that are on the road. 0 if the gate is not ahead of it.
        """
        at_s, free_s = self._all(now, crossing.direction)
        mine = at_s.get(crossing.mission)
        if mine is None:
            mine = self._served(self._journeys.legs(crossing), dict(free_s))
        return 1_000 * mine.get(gate, 0)

    def _all(self, now: Now, direction: str) -> tuple[dict[str, Times], Times]:
        """When each is where, and when each place has finished with all of them."""
        if now.mono_ns // NS_PER_MS != self._now_ns:
            self._now_ns = now.mono_ns // NS_PER_MS
            self._known.clear()
        if direction not in self._known:
            self._known[direction] = self._reckoned(direction)
        return self._known[direction]

    def _reckoned(self, direction: str) -> tuple[dict[str, Times], Times]:
        coming = []
        for mission in self._state.missions.values():
            if mission.direction == direction and mission.accepted and not mission.arrived:
                legs = self._journeys.legs(self._state.crossings[mission.crossing])
                drive_s = sum(leg.seconds for leg in legs if leg.place in self._shared)
                coming.append((drive_s, mission.turn, mission.mission_id, legs))
        free_s: Times = {}
        coming.sort(key=lambda each: each[:2])
        return {name: self._served(legs, free_s) for _, _, name, legs in coming}, free_s

    def _served(self, legs: tuple[Leg, ...], free_s: Times) -> Times:
        """When a truck is at each place of its way, after those that `free_s` says; it is written
        there when each has finished with this one.
        """
        at_s: Times = {}
        seconds = 0
        for leg in legs:
            if leg.place not in self._shared:
                seconds = max(seconds, free_s.get(leg.place, 0))
                free_s[leg.place] = seconds + leg.seconds
            if leg.place != ROAD:
                at_s[leg.place] = seconds
            seconds += leg.seconds
        return at_s
