"""Scheduling: what the supervisor knows, as a timetable; and what follows from it for who goes.

Pure, and not vital: a wrong plan can only delay, for road is granted by the interlocking and the
voters. It plans anew when those who come have changed, and while anybody waits at most every so
often; between two plans the order is kept, not the clock. What follows:
    turn   of two that are ready at their berths, who sets off first
    room   how many more may set off: the others wait parked, not in the lane
    first  of two that wait at both ends of a one-lane section, who enters first by the plan
    before  who enters a section before a truck by the plan (expected.py makes it wait for them)
Who has waited too long goes first whatever the plan says, and with no plan it is first come, first
served. Times are those from where each truck is, by what each place took lately (journeys.py); who
finds something closed is planned to come when it opens (openings.py). What they are wrong by is
mended by the next plan. Nothing of it survives a restart. Not here: the search
(timetable/horizon.py), slots (slots.py).
Requirements: SUP-046 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from corridor.clearance import clearance_missing
from corridor.journeys import Journeys, sections_of
from corridor.openings import Openings
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


class Scheduling:
    """The newest timetable, and when the next one is due."""

    def __init__(
        self, state: State, config: TimetableConfig, openings: Openings, journeys: Journeys
    ) -> None:
        self._state = state
        self._config = config
        self._openings = openings
        self._journeys = journeys
        self._by: Solve = solve  # the search
        self._now = Now(0, 0)
        self._known: tuple[str, ...] = ()
        self._closed: tuple[str, ...] = ()  # what was closed when the plan was made
        self._made_ns: int | None = None
        self._stale = False  # others come than are in the plan
        self.newest = Timetable()
        self._sections = dict.fromkeys(sections_of(state), Section(HEADWAY_S, TURN_S))

    # --- when ---

    @property
    def wake_ns(self) -> int | None:
        """When the next plan is due; None while nobody comes."""
        if self._made_ns is None or not (self._known or self._stale):
            return None
        wait_ms = self._config.least_ms if self._stale else self._config.most_ms
        return self._made_ns + wait_ms * NS_PER_MS

    def watch(self) -> None:
        """Have a plan made that knows of what has been closed or opened since."""
        if self._known and self._openings.marks() != self._closed:
            self._state.dispatch_due = True

    def look(self, now: Now) -> None:
        """Plan anew if it is time to."""
        self._now = now
        known = tuple(self._who())
        age_ms = self._config.most_ms
        if self._made_ns is not None:
            age_ms = (now.mono_ns - self._made_ns) // NS_PER_MS
        due = age_ms >= self._config.most_ms
        self._stale = (known, self._openings.marks()) != (self._known, self._closed)
        if not known:
            self._known, self.newest = known, Timetable()
        elif due or (self._stale and age_ms >= self._config.least_ms):
            self._plan(known)

    def _plan(self, known: tuple[str, ...]) -> None:
        self._known, self._made_ns, self._stale = known, self._now.mono_ns, False
        self._closed = self._openings.marks()
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
            shut = frozenset(self._openings.shut_until_ms(self._now, crossing))
            legs = self._journeys.legs(crossing, shut)
            if not legs:
                continue
            before = ahead[crossing.direction]
            release_ms = self._openings.earliest_ms(self._now, crossing, before)
            if not crossing.mission:
                release_ms = max(release_ms, self._ready_ms(crossing))
            ahead[crossing.direction] += not crossing.started_ms
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

    @property
    def wait_ms(self) -> int:
        """So long a truck waits at most at an idle section for another one."""
        return self._config.wait_ms

    def before(self, zone: str, mine: Mission) -> list[Mission]:
        """Who enters a section before this one by the plan, the first one first."""
        at_s = self.newest.at_s
        mine_s = at_s.get(mine.crossing, {}).get(zone)
        if mine_s is None:
            return []
        found = [
            (at_s.get(each.crossing, {}).get(zone, mine_s), each.turn, each)
            for each in self._state.missions.values()
        ]
        return [each for enters_s, _, each in sorted(found, key=lambda row: row[:2])
                if enters_s < mine_s]  # fmt: skip
