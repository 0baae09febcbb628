"""Gathering: where a convoy waits for its members on the road, and for how long.

Pure. The first of a convoy may be given no road beyond the place where its stretch of shared road
begins to be of use, until the others have come up and joined - or until nobody more can be expected
within the limit, or a join has failed. It holds back for a limited time and grants nothing.
Not here: joining itself (formation.py), where stretches lie (stretches.py).
"""

from dataclasses import dataclass
from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.errors import require
from contract.limits import GATHER_MS_MAX, LANE_OVERLAP_M, VEHICLE_LENGTH_M_MAX
from contract.route import Route
from contract.v1.movement_pb2 import STOP_KIND_GATE
from corridor.parting import members_of
from corridor.records import Mission
from corridor.state import State
from corridor.stretches import Stretch, stretches_of

CLOSE_M: Final = 30.0  # a truck no farther behind the one before it is next in line
NEAR_M: Final = 30.0  # so far from where it gathers a convoy's wait begins
GRACE_MS: Final = 15_000  # the wait goes on so much longer for a join that is under way
EXPECTED_MPS: Final = 8.0  # speed and stops by which the next member may be expected in time
GATE_MS: Final = 20_000
STATION_MS: Final = 40_000
_STRETCHES_MAX: Final = 4_096

Key = tuple[str, str]  # convoy, and the zone that it gathers before


@dataclass(frozen=True, slots=True)
class FormationConfig:
    """How long the first of a convoy waits for the others on the road; 0: not at all."""

    gather_ms: int = 90_000

    def __post_init__(self) -> None:
        require(0 <= self.gather_ms <= GATHER_MS_MAX, f"gather_ms = {self.gather_ms}")


class Gathering:
    """Who still waits for whom. Nothing of it survives a restart: a wait begins anew, once."""

    def __init__(self, state: State, config: FormationConfig) -> None:
        self._state = state
        self._config = config
        self._since_ns: dict[Key, int] = {}
        self._over: dict[Key, None] = {}  # gathered, waited enough, or a join failed
        self._stretches: dict[Route, tuple[Stretch, ...]] = {}

    # --- the voter's question ---

    def holds_back(self, mission: Mission, zone: str) -> bool:
        """Whether this convoy still gathers before `zone`."""
        if len(mission.formation) < 2 or (mission.convoy, zone) in self._over:
            return False
        if all(zone != each.gather for each in self._stretches_of(mission)):
            return False
        members = members_of(self._state, mission.convoy)
        begun = any(self._has(member, zone) for member in members)
        return self._config.gather_ms > 0 and len(members) > 1 and not begun

    def _has(self, mission: Mission, zone: str) -> bool:
        spans = self._state.route(mission).zone_spans
        return any(zone == each for each, _, _ in spans[: mission.next_span])

    # --- where ---

    def stretch(self, leader: Mission) -> Stretch | None:
        """The stretch on which its leader has some way to go, if there is one."""
        heard = self._state.heard.get(leader.vehicle)
        if heard is None or not leader.accepted:
            return None
        fit = [each for each in self._stretches_of(leader) if each.serves(heard.front_m)]
        return fit[0] if fit else None

    def _stretches_of(self, mission: Mission) -> tuple[Stretch, ...]:
        route = self._state.route(mission)
        found = self._stretches.get(route)
        if found is None:
            if len(self._stretches) >= _STRETCHES_MAX:
                self._stretches.clear()
            found = self._stretches[route] = stretches_of(self._state.map, route)
        return found

    def present(self, members: list[Mission], stretch: Stretch) -> list[str]:
        """The leader and those that are next in line behind it on this stretch; nobody any more
        once the convoy has gone on.
        """
        found: list[str] = []
        last_m = 0.0
        if (members[0].convoy, stretch.gather) in self._over:
            return found
        for member in members:
            heard = self._state.heard.get(member.vehicle)
            own = [each for each in self._stretches_of(member) if each.gather == stretch.gather]
            if heard is None or heard.silent or not member.accepted or not own:
                break
            ahead_m = own[0].gather_m - heard.front_m  # to where they gather
            inside = heard.front_m - VEHICLE_LENGTH_M_MAX >= own[0].start_m
            close = 0.0 < ahead_m - last_m <= VEHICLE_LENGTH_M_MAX + CLOSE_M
            if not inside or (found and not close):
                break
            found.append(member.vehicle)
            last_m = ahead_m
        return found

    # --- how long ---

    def wait(self, now: Now, members: list[Mission], stretch: Stretch, *, formed: int) -> None:
        """Look at the wait, and end it where it has become pointless or long.

        formed   how many drive as one by now; 0: a join is under way
        """
        key = (members[0].convoy, stretch.gather)
        if key in self._over:
            return
        front_m = self._state.heard[members[0].vehicle].front_m
        complete = formed == len(members)
        if front_m < stretch.gather_m - LANE_OVERLAP_M - NEAR_M and not complete:
            return
        since_ns = self._since_ns.setdefault(key, now.mono_ns)
        waited_ms = (now.mono_ns - since_ns) // NS_PER_MS
        if formed == 0:
            waited_ms -= GRACE_MS
        elif not complete:
            waited_ms += self._due_ms(members[formed], stretch)
        if complete or waited_ms >= self._config.gather_ms:
            self._release(key, members)

    def _due_ms(self, member: Mission, stretch: Stretch) -> int:
        """How long the next member takes to where the convoy gathers, if nothing holds it up."""
        heard = self._state.heard.get(member.vehicle)
        front_m = heard.front_m if heard is not None and member.accepted else 0.0
        way_ms = round(1_000.0 * max(0.0, stretch.gather_m - front_m) / EXPECTED_MPS)
        ahead = [each for each in member.stops if front_m < each.at_m < stretch.gather_m]
        gates = sum(each.kind == STOP_KIND_GATE for each in ahead)
        return way_ms + gates * GATE_MS + (len(ahead) - gates) * STATION_MS

    def give_up(self, members: list[Mission]) -> None:
        """A formation failed: on this stretch the convoy goes on without one."""
        stretch = self.stretch(members[0])
        if stretch is not None:
            self._release((members[0].convoy, stretch.gather), members)

    def _release(self, key: Key, members: list[Mission]) -> None:
        """The convoy goes on, gathered or not."""
        self._over[key] = None
        self._since_ns.pop(key, None)
        for member in members:
            self._state.dirty[member.mission_id] = None

    def forget(self, convoy: str) -> None:
        """The convoy is no more."""
        self._since_ns = {k: since for k, since in self._since_ns.items() if k[0] != convoy}
        self._over = {k: None for k in self._over if k[0] != convoy}
