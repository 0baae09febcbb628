"""Scheduling: what the supervisor knows, as a timetable; and what follows from it for who goes.

Pure, and not vital: a wrong plan can only delay, for road is granted by the interlocking and the
voters. It plans anew when those who come have changed, and while anybody waits at most every so
often; between two plans the order is kept, not the clock. What follows:
    turn   of two that are ready at their berths, who sets off first
    room   how many more may set off: the others wait parked, not in the lane
    first  of two that wait at both ends of a one-lane section, who enters first by the plan
Who has waited too long goes first whatever the plan says, and with no plan it is first come, first
served. Times are those of empty road; what they are wrong by is mended by the next plan. Nothing of
it survives a restart. Not here: the search (timetable/horizon.py), slots (slots.py).
Requirements: SUP-046 in docs/SAFETY.md.
"""

from collections.abc import Callable
from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from corridor.clearance import clearance_missing
from corridor.journeys import Journeys, sections_of
from corridor.records import Crossing, Mission
from corridor.state import No, State
from corridor.timetable.horizon import (
    Coming,
    Faulty,
    Section,
    Solve,
    Timetable,
    planned,
    solve,
)
from corridor.timetable.settings import TimetableConfig, weight_of

HEADWAY_S: Final = 15  # between entries of one direction
TURN_S: Final = 10  # from the last one out until the other direction enters
COMING_MAX: Final = 80  # of one plan
LAST: Final = 1 << 30  # behind everybody who has a turn

Earliest = Callable[[str, int], int]  # direction, how many go before -> UTC ms


class Scheduling:
    """The newest timetable, and when the next one is due."""

    def __init__(
        self, state: State, config: TimetableConfig, earliest_ms: Earliest, by: Solve = solve
    ) -> None:
        """`earliest_ms`: when hours and quotas let one more go (hours.py); `by`: the search."""
        self._state = state
        self._config = config
        self._earliest_ms = earliest_ms
        self._by = by
        self._now = Now(0, 0)
        self._known: tuple[str, ...] = ()
        self._made_ns: int | None = None
        self._stale = False  # others come than are in the plan
        self.newest = Timetable()
        self._journeys = Journeys(state)
        self._sections = dict.fromkeys(sections_of(state), Section(HEADWAY_S, TURN_S))

    # --- when ---

    @property
    def wake_ns(self) -> int | None:
        """When the next plan is due; None while nobody comes."""
        if self._made_ns is None or not (self._known or self._stale):
            return None
        wait_ms = self._config.least_ms if self._stale else self._config.most_ms
        return self._made_ns + wait_ms * NS_PER_MS

    def look(self, now: Now) -> None:
        """Plan anew if it is time to."""
        self._now = now
        known = tuple(self._who())
        age_ms = self._config.most_ms
        if self._made_ns is not None:
            age_ms = (now.mono_ns - self._made_ns) // NS_PER_MS
        due = age_ms >= self._config.most_ms
        self._stale = known != self._known
        if not known:
            self._known, self.newest = known, Timetable()
        elif due or (self._stale and age_ms >= self._config.least_ms):
            self._plan(known)

    def _plan(self, known: tuple[str, ...]) -> None:
        self._known, self._made_ns, self._stale = known, self._now.mono_ns, False
        made = planned(self._coming(), self._sections, self._config.rounds, self._by)
        if isinstance(made, Faulty):
            self._state.say(Event.TIMETABLE_REFUSED, jobs=len(known), fault=made.fault)
            self.newest = Timetable()
            return
        self.newest = made
        first = min(made.turn, key=lambda each: made.turn[each], default="")
        self._state.say(
            Event.TIMETABLE_MADE,
            jobs=len(made.turn),
            late_s=round(made.late_s),
            first=first,
        )
        for vehicle, wait in self._state.waits.items():
            if wait.reason is Reason.PLANNED_LATER and vehicle in self._state.mission_of:
                self._state.dirty[self._state.mission_of[vehicle]] = None

    # --- who ---

    def _who(self) -> list[str]:
        """Crossings that are under way, ready or expected, and how far they are."""
        return [
            f"{each.crossing_id}/{each.step}/{each.ready}"
            for each in self._state.open_crossings()
            if self._comes(each)
        ]

    def _comes(self, crossing: Crossing) -> bool:
        if crossing.mission:
            mission = self._state.missions.get(crossing.mission)
            return mission is not None and mission.accepted and not mission.arrived
        if clearance_missing(crossing) is not None or not crossing.berth:
            return False
        soon_ms = self._now.utc_ms + self._config.ahead_ms
        return crossing.ready or 0 < crossing.expected_ms <= soon_ms

    def _coming(self) -> list[Coming]:
        """Those on the way first, then by when they are ready; not more than a plan can have."""
        found: list[Coming] = []
        ahead = {"E": 0, "W": 0}
        open_ones = [each for each in self._state.open_crossings() if self._comes(each)]
        open_ones.sort(key=lambda each: (not each.mission, self._ready_ms(each), each.crossing_id))
        for crossing in open_ones[:COMING_MAX]:
            legs = self._journeys.legs(crossing)
            if not legs:
                continue
            release_ms = self._now.utc_ms
            if not crossing.mission:
                earliest_ms = self._earliest_ms(crossing.direction, ahead[crossing.direction])
                release_ms = max(release_ms, self._ready_ms(crossing), earliest_ms)
                ahead[crossing.direction] += 1
            due_ms = self._ready_ms(crossing) + self._config.due_after_ms(
                perishable=crossing.perishable
            )
            coming = Coming(
                crossing.crossing_id,
                crossing.direction,
                max(0, -(-(release_ms - self._now.utc_ms) // 1_000)),
                (due_ms - self._now.utc_ms) // 1_000,
                self.weight(crossing),
                legs,
            )
            found.append(coming)
        return found

    def _ready_ms(self, crossing: Crossing) -> int:
        return crossing.ready_ms or crossing.expected_ms or self._now.utc_ms

    def weight(self, crossing: Crossing) -> float:
        """What a second of its tardiness counts."""
        return weight_of(
            loaded=crossing.loaded,
            perishable=crossing.perishable,
            trusted=crossing.trusted,
            batched=crossing.batch_size > 1,
        )

    # --- what follows ---

    def turn(self, crossing: Crossing) -> tuple[bool, int, int, str]:
        """Sorts those that are ready by who sets off first."""
        waited_ms = self._now.utc_ms - crossing.ready_ms
        patient = not crossing.ready_ms or waited_ms < self._config.longest_ms
        turn = self.newest.turn.get(crossing.crossing_id, LAST) if patient else 0
        return patient, turn, crossing.ready_ms, crossing.crossing_id

    def room(self, direction: str) -> tuple[int, No] | None:
        """How many more may set off, and the no to the others; None: any number."""
        if not self._config.lane_trucks:
            return None
        lane = [each for each in self._state.missions.values() if self._in_lane(each, direction)]
        gates = [g.id for g in self._state.map.gates.values()
                 if (g.side, g.direction) == ("exit", direction)]  # fmt: skip
        holder = lane[0].vehicle if lane else self._state.name
        no = No(Reason.LANE_TAKEN, gates[0] if gates else direction, holder)
        return max(0, self._config.lane_trucks - len(lane)), no

    def _in_lane(self, mission: Mission, direction: str) -> bool:
        """Between its berth and its exit gate, and not in a bay."""
        crossing = self._state.crossings[mission.crossing]
        return (
            mission.direction == direction
            and crossing.step < CUSTODY_STEP_EXITED
            and not mission.place
        )

    def first(self, zone: str, mine: Mission, other: str) -> bool | None:
        """Whether this one enters a section before that vehicle by the plan; None: it says
        nothing of one of them.
        """
        theirs = self._state.missions.get(self._state.mission_of.get(other, ""))
        if theirs is None:
            return None
        at_s = [self.newest.at_s.get(each.crossing, {}).get(zone) for each in (mine, theirs)]
        if at_s[0] is None or at_s[1] is None:
            return None
        return at_s[0] < at_s[1]
