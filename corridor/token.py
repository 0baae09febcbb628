"""Token: which direction a one-lane section serves, when it is drained, and when it turns.

Pure, and not vital: that opposite directions never meet in the section is the interlocking's, which
holds without this. The token decides only whose turn it is, so that neither direction waits for
ever. While trucks wait at both ends, the timetable says who is first, if there is one and nobody
has waited too long; else one direction has a batch; after it, or when the first of the
others has waited long enough, the section is drained, and turns when it is empty. Whoever is alone
has it, unless the timetable has it wait a little for one that is on its way (expected.py). A convoy
is not cut by the end of a batch. Who is silent, stopped or held at an end is not waiting there
meanwhile: nothing is drained for it.
Requirements: SUP-026 in docs/SAFETY.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from contract.agent import NS_PER_MS, Now
from contract.errors import require
from contract.limits import BATCH_MAX, SECTION_WAIT_MS_MAX
from contract.reasons import Reason
from contract.route import Route
from corridor.holds import is_held
from corridor.records import Mission
from corridor.state import No, State

OPPOSITE = {"E": "W", "W": "E"}


@dataclass(frozen=True, slots=True)
class TokenConfig:
    """How a one-lane section is shared while trucks wait at both ends of it.

    batch        vehicles of one direction before the other has its turn
    longest_ms   so long the first at the other end waits at most for a turn that is not over
    """

    batch: int = 6
    longest_ms: int = 600_000

    def __post_init__(self) -> None:
        require(1 <= self.batch <= BATCH_MAX, f"batch = {self.batch}")
        require(0 <= self.longest_ms <= SECTION_WAIT_MS_MAX, f"longest_ms = {self.longest_ms}")


@dataclass(slots=True)
class Turn:
    """One section's turn: who has been let in since others wait, and who waits since when."""

    direction: str = ""
    served: dict[str, str] = field(default_factory=dict)  # vehicle -> convoy
    waiting: dict[str, dict[str, int]] = field(default_factory=lambda: {"E": {}, "W": {}})


First = Callable[[str, Mission, str], bool | None]
Kept = Callable[[Now, str, Mission], No | None]


def _nothing_planned(zone: str, mine: Mission, other: str) -> bool | None:
    return None


def _kept_for_nobody(now: Now, zone: str, mine: Mission) -> No | None:
    return None


class Token:
    """The turns of every one-lane section. Nothing of it survives a restart: a turn begins anew, in
    the direction of whoever is inside.
    """

    def __init__(
        self,
        state: State,
        config: TokenConfig,
        first: First | None = None,
        kept: Kept | None = None,
    ) -> None:
        """`first`: who enters before whom by the timetable (scheduling.py); `kept`: why a section
        stays idle for who is expected (expected.py).
        """
        self._state = state
        self._config = config
        self._first = first or _nothing_planned
        self._kept = kept or _kept_for_nobody
        one_lane = sorted(zone.id for zone in state.map.zones.values() if zone.one_lane)
        self._turns = {zone: Turn() for zone in one_lane}
        self._now = Now(0, 0)

    def look(self, now: Now) -> None:
        """Bring every turn up to date: who is inside, who waits no more."""
        self._now = now
        for zone, turn in self._turns.items():
            row = self._state.zones.zones.get(zone)
            inside = row.holders if row is not None else []
            for each in inside:
                if each.direction and each.direction != turn.direction:
                    turn.direction, turn.served = each.direction, {}
                turn.served.setdefault(each.vehicle, each.convoy)
            names = {each.vehicle for each in inside}
            for waiting in turn.waiting.values():
                for vehicle in [
                    each for each in waiting if each in names or each not in self._state.mission_of
                ]:
                    del waiting[vehicle]
            if turn.direction and not self._waiting(turn, OPPOSITE[turn.direction]):
                turn.served = {each.vehicle: each.convoy for each in inside}

    def watch(self) -> None:
        """Have those looked at whose turn may have come because others have had it long enough, or
        have been sent another way.
        """
        for zone, turn in self._turns.items():
            for direction, waiting in turn.waiting.items():
                gone = [vehicle for vehicle in waiting if not self._is_ahead_of(vehicle, zone)]
                for vehicle in gone:
                    del waiting[vehicle]
                if gone:
                    others = turn.waiting[OPPOSITE[direction]]
                    missions = [self._state.mission_of.get(each, "") for each in others]
                    self._state.dirty.update(dict.fromkeys(missions))
                waits = self._waiting(turn, direction)
                if waits and self._is_long(turn, direction):
                    self._state.dirty[self._state.mission_of.get(waits[0], "")] = None

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """Why a one-lane section is another's turn; None if it is this truck's, or no section."""
        zone = route.zone_spans[index][0]
        turn = self._turns.get(zone)
        if turn is None or mission.vehicle in self._state.zones.holders(zone):
            return None
        mine, other = mission.direction, OPPOSITE[mission.direction]
        turn.waiting[mine].setdefault(mission.vehicle, self._now.mono_ns)
        waits = self._waiting(turn, other)
        if not waits:
            return self._kept_idle(turn, mission, zone)
        first = waits[0]
        planned = self._planned(turn, mission, zone, first)
        if planned is not None:
            no = self._kept_idle(turn, mission, zone)
            return no if planned else No(Reason.PLANNED_LATER, zone, first)
        if turn.direction == other:
            if self._state.zones.holders(zone) or self._is_over(turn, mine):
                return None  # the interlocking says who is inside; an empty section may turn
            return No(Reason.DIRECTION_OPPOSED, zone, first)
        if mission.convoy in turn.served.values() or not self._is_over(turn, other):
            return None
        return No(Reason.SECTION_DRAINS, zone, first)

    def _waiting(self, turn: Turn, direction: str) -> list[str]:
        """Who waits at an end and could go, the first one first."""
        return [each for each in turn.waiting[direction] if not is_held(self._state, each)]

    def _kept_idle(self, turn: Turn, mission: Mission, zone: str) -> No | None:
        """Why a truck lets a section lie idle; None while others are in it that it may not meet, or
        if its convoy would be cut, or if somebody has waited long.
        """
        inside = self._state.zones.zones.get(zone)
        opposed = inside is not None and any(
            each.direction != mission.direction for each in inside.holders
        )
        if opposed or mission.convoy in turn.served.values():
            return None
        if any(self._is_long(turn, each) for each in OPPOSITE):
            return None
        return self._kept(self._now, zone, mission)

    def _is_ahead_of(self, vehicle: str, zone: str) -> bool:
        """Whether a truck's way still leads into a zone that it has not been given yet."""
        mission = self._state.missions.get(self._state.mission_of.get(vehicle, ""))
        if mission is None:
            return False
        spans = self._state.route(mission).zone_spans[mission.next_span :]
        return any(each == zone for each, _, _ in spans)

    def _planned(self, turn: Turn, mission: Mission, zone: str, first: str) -> bool | None:
        """Whether the plan has it before the first at the other end; None where the plan does not
        count: one of them has waited long, or a convoy would be cut.
        """
        ends = (mission.direction, OPPOSITE[mission.direction])
        if any(self._is_long(turn, each) for each in ends):
            return None
        if mission.convoy in turn.served.values():
            return None
        return self._first(zone, mission, first)

    def _is_over(self, turn: Turn, waits: str) -> bool:
        """Whether the turn of those inside is over for the sake of direction `waits`."""
        return len(turn.served) >= self._config.batch or self._is_long(turn, waits)

    def _is_long(self, turn: Turn, waits: str) -> bool:
        first = next(iter(self._waiting(turn, waits)), "")
        since_ns = turn.waiting[waits].get(first, self._now.mono_ns)
        return self._now.mono_ns - since_ns >= self._config.longest_ms * NS_PER_MS
