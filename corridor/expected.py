"""Expected: for whom a one-lane section is kept idle while another truck stands before it.

Pure, and not vital. Only if the timetable puts the other one first, and only while that one is sure
to come soon: heard, cleared, held by nothing, not behind the one that waits, and by its estimate at
the section before the wait is over. Each truck waits so once at a section, `wait_ms` at the most
whoever it is for; then, or when the other is late, silent, held, sent elsewhere, or the plan is
another, it goes as if nobody came. Off unless told otherwise, for what it is worth see
docs/timetable.md. Not here: who waits at both ends (token.py), right of way (interlocking.py).
Requirements: SUP-050 in docs/SAFETY.md.
"""

from contract.agent import NS_PER_MS, Now
from contract.reasons import Reason
from corridor.clearance import clearance_missing
from corridor.estimates import Estimates
from corridor.holds import is_held
from corridor.openings import Openings
from corridor.records import Mission
from corridor.scheduling import Scheduling
from corridor.state import No, State


class Expected:
    """Who waits for whom at which section, and since when. After a restart nobody does."""

    def __init__(
        self, state: State, timetable: Scheduling, estimates: Estimates, openings: Openings
    ) -> None:
        self._state = state
        self._timetable = timetable
        self._estimates = estimates
        self._openings = openings
        self._since_ns: dict[tuple[str, str], int] = {}  # section, mission
        self._waiting: dict[str, None] = {}  # missions

    def watch(self) -> None:
        """Have those looked at that wait so, once a second: the other may not come after all."""
        state = self._state
        state.dirty.update(dict.fromkeys(self._waiting))
        self._waiting.clear()
        for key in [each for each in self._since_ns if each[1] not in state.missions]:
            del self._since_ns[key]

    def no(self, now: Now, zone: str, mission: Mission) -> No | None:
        """Why a section that this truck might enter is kept for another one."""
        wait_ms = self._timetable.wait_ms
        since_ns = self._since_ns.get((zone, mission.mission_id), now.mono_ns)
        left_ms = wait_ms - (now.mono_ns - since_ns) // NS_PER_MS
        if left_ms <= 0:
            return None
        for other in self._timetable.before(zone, mission):
            if self._comes(now, zone, mission, other, left_ms=left_ms):
                self._since_ns[zone, mission.mission_id] = since_ns
                self._waiting[mission.mission_id] = None
                lifts = f"its passage, or {wait_ms // 1_000} s of waiting for it"
                return No(Reason.PLANNED_LATER, zone, other.vehicle, lifts)
        return None

    def _comes(
        self, now: Now, zone: str, mission: Mission, other: Mission, *, left_ms: int
    ) -> bool:
        """Whether another truck is sure to be at a section within so long."""
        state = self._state
        heard, crossing = state.heard.get(other.vehicle), state.crossings[other.crossing]
        if heard is None or not heard.reported or heard.doubted or is_held(state, other.vehicle):
            return False
        if not other.accepted or other.place or clearance_missing(crossing) is not None:
            return False
        wait = state.waits.get(other.vehicle)
        if wait is not None and wait.reason is not Reason.STATION_PENDING:
            return False
        spans = state.route(other).zone_spans
        still = {each for each, _, _ in spans[other.cleared :]}
        if zone not in {each for each, _, _ in spans[other.next_span :]}:
            return False
        if other.convoy == mission.convoy or still & set(state.zones.held_by(mission.vehicle)):
            return False
        if self._openings.earliest_ms(now, crossing, 0) > now.utc_ms:
            return False
        at_s = self._estimates.at_s(now, other).get(zone)
        return at_s is not None and 1_000 * at_s <= left_ms
