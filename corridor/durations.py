"""Durations: how long each station, gate and bay keeps a truck, by its last services.

Pure. Seen once a second: from a truck's standing at the line of a place - at a gate, with road
beyond it and without a slot, for else it does not wait for the gate - until the place has finished
with it; and what it takes the next one to move up. What counts is the median of the last few, which
one truck that was searched by hand does not change; they begin as what such a place takes as a
rule, and after a restart they begin anew. Not here: places that do not answer (overdue.py), what is
planned (scheduling.py). Requirements: SUP-048 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.limits import STOP_WINDOW_M
from contract.v1.customs_pb2 import CUSTODY_STEP_ENTERED, CUSTODY_STEP_EXITED
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_GATE, STOP_KIND_STATION
from corridor.records import Mission, Stop
from corridor.state import State

KEPT: Final = 7  # services of a place; odd, so that one of them is the median
MOVE_UP_S: Final = 36  # from one truck's end until the next one stands at the line, as on the maps
USUAL_S: Final[dict[int, int]] = {  # from one truck's standing to the next one's
    STOP_KIND_GATE: 50,
    STOP_KIND_STATION: 55,
    STOP_KIND_BAY: 1_800,
}
_LONGEST_S: Final = 43_200
_PASSED: Final = {"exit": CUSTODY_STEP_EXITED, "entry": CUSTODY_STEP_ENTERED}


class Durations:
    """What each place took the last few times."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._taken_s: dict[str, list[int]] = {}
        self._since_ns: dict[tuple[str, str], int] = {}  # mission, place
        self._now_ns = 0
        self.changes = 0  # how often what a place takes has become another

    def seconds(self, place: str, kind: int) -> int:
        """From one truck's standing at a place to the next one's."""
        taken_s = self._taken_s.get(place)
        return USUAL_S[kind] if taken_s is None else sorted(taken_s)[KEPT // 2]

    def left_s(self, mission: Mission, stop: Stop) -> int:
        """The same for a truck that is on its way to a place or has been there for some time."""
        seconds = self.seconds(stop.place, stop.kind)
        since_ns = self._since_ns.get((mission.mission_id, stop.place))
        if since_ns is None:
            return seconds
        return max(min(seconds, MOVE_UP_S), seconds - self._elapsed_s(since_ns))

    def ahead(self, mission: Mission) -> list[Stop]:
        """Places that have not finished with a truck yet, in the order of its way."""
        return [
            each for each in mission.stops if each.kind in USUAL_S and self._is_due(mission, each)
        ]

    def watch(self, now: Now) -> None:
        """Once a second: who stands where, and with whom a place has finished."""
        self._now_ns = now.mono_ns
        since_ns: dict[tuple[str, str], int] = {}
        for mission in self._state.missions.values():
            ahead = self.ahead(mission)
            if ahead and self._is_served(mission, ahead[0]):
                key = (mission.mission_id, ahead[0].place)
                since_ns[key] = self._since_ns.get(key, now.mono_ns)
        for key, began_ns in self._since_ns.items():
            gone = self._state.missions.get(key[0])
            if gone is None or key in since_ns:
                continue
            for stop in gone.stops:
                if stop.place == key[1] and not self._is_due(gone, stop):
                    self._note(stop, self._elapsed_s(began_ns) + MOVE_UP_S)
        self._since_ns = since_ns

    def _note(self, stop: Stop, seconds: int) -> None:
        before = self.seconds(stop.place, stop.kind)
        taken_s = self._taken_s.setdefault(stop.place, [USUAL_S[stop.kind]] * KEPT)
        taken_s.append(min(seconds, _LONGEST_S))
        del taken_s[0]
        self.changes += self.seconds(stop.place, stop.kind) != before

    def _elapsed_s(self, since_ns: int) -> int:
        return (self._now_ns - since_ns) // (1_000 * NS_PER_MS)

    def _is_due(self, mission: Mission, stop: Stop) -> bool:
        """Whether a place has not finished with a truck."""
        if stop.kind != STOP_KIND_GATE:
            return stop.place not in mission.done
        step = self._state.crossings[mission.crossing].step
        return step < _PASSED[self._state.map.gates[stop.place].side]

    def _is_served(self, mission: Mission, stop: Stop) -> bool:
        """Whether it stands at the line, or did and has not been let go of yet."""
        if (mission.mission_id, stop.place) in self._since_ns:
            return True
        heard = self._state.heard.get(mission.vehicle)
        if heard is None or abs(heard.front_m - stop.at_m) > STOP_WINDOW_M:
            return False
        has_road = mission.end_m > stop.at_m + STOP_WINDOW_M
        has_slot = self._state.crossings[mission.crossing].slot >= 0
        return stop.kind != STOP_KIND_GATE or (has_road and not has_slot)
