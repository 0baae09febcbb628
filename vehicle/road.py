"""The truck's road: the mission, how far the authority reaches on it, and where the truck is along
it.

Pure. What may be driven is the least of the authority's end and the stop line of the next gate
without a permit; the guard keeps its own count from the same bytes. Not here: phases and messages
(agent.py), the guard's no (guard.py).
"""

from collections.abc import Callable, Sequence

from contract.agent import Act, Effect, Now, Received, Refused
from contract.limits import FRICTION_WORST, SIGHT_WORST_M, STANDSTILL_GAP_M, STOP_WINDOW_M
from contract.map import CorridorMap
from contract.reasons import Reason
from contract.release import TakenBack
from contract.traction import climb_of
from contract.v1.document_pb2 import Document
from contract.v1.movement_pb2 import MissionOrder, MovementAuthority
from vehicle.charging import Charging
from vehicle.climbing import Reach, judge_climb
from vehicle.config import VehicleConfig
from vehicle.convoy import Manner
from vehicle.guard import Braking, Guard, GuardRow
from vehicle.mission import GateOnRoute, Mission, read_mission
from vehicle.orders import Drive, SetGuard, VehicleReading
from vehicle.refuge import braking_of
from vehicle.whereabouts import Place, find_place

SPEED_MAX_MPS = 1.0e3
BESIDE_M_MAX = 2.0
STANDING_MPS = 0.05
ASKING_S = 3.0  # four words, one of them lost twice; and a second until it is noticed
KEPT_M = 0.05  # an authority that ends beyond by more has been cut
CLEAR_AGAIN_M = 0.5  # the milestone has come, or is about to: look for the next zone end

# End, zone end, generation of the path, manner of following, weather and its speed.
_Wanted = tuple[float, float, int, Manner, tuple[float, float, float]]


class Road:
    """Mission, authority and position of one truck; metres along the mission's route, at
    the front.
    """

    def __init__(self, corridor: CorridorMap, guard: Guard, config: VehicleConfig) -> None:
        self._map = corridor
        self._guard = guard
        self._length_m = config.length_m
        self._front_ahead_m = config.front_ahead_m
        self._traction = config.traction
        self._brake_mps2 = config.brake_service_mps2
        self.battery = Charging(config.drivetrain)
        self.mission: Mission | None = None
        self.number = 0
        self.end_m = 0.0
        self.front_m = 0.0
        self.releases: tuple[Document, ...] = ()
        self.immobile = False  # a person at the truck holds its lock: the guard has no row
        self._opened_under: tuple[Document, ...] | None = None
        self._place: Place | None = None
        self._generation = 0
        self._clear_m = 0.0
        self._weather = (FRICTION_WORST, SIGHT_WORST_M, SPEED_MAX_MPS)
        self._ordered: _Wanted | None = None
        self._guarded: tuple[GuardRow | None, int] | None = None

    @property
    def rear_m(self) -> float:
        return max(0.0, self.front_m - self._length_m)

    # --- the mission ---

    def restore(self, order: bytes | None) -> bool:
        """The mission of the last life, from the journal. True if there is one."""
        if order is None:
            return False
        mission = read_mission(MissionOrder.FromString(order), self._map)
        if isinstance(mission, Refused):
            return False
        self.take(mission, None)
        return True

    def judge(self, order: MissionOrder, reading: VehicleReading | None) -> Mission | Refused:
        """Whether this order may replace what we have."""
        current = self.mission
        if current is not None and order.mission_id != current.mission_id:
            return Refused(Reason.MISSION_STALE, f"{current.mission_id} is not finished")
        if current is not None and order.version < current.version:
            return Refused(Reason.MISSION_STALE, f"{order.version} < {current.version}")
        mission = read_mission(order, self._map)
        if isinstance(mission, Refused):
            return mission
        if reading is None:
            return Refused(Reason.NOT_ON_ROUTE, "no position yet")
        _, left_m = mission.route.project(reading.x_m, reading.y_m)
        if abs(left_m) > BESIDE_M_MAX:
            return Refused(Reason.NOT_ON_ROUTE, f"{abs(left_m):.1f} m beside it")
        short = self.battery.judge(mission.route, reading) if current is None else None
        return short or mission

    def take(self, mission: Mission, reading: VehicleReading | None) -> None:
        """Take up a mission, or a new version: what was granted holds as far as it is on the new
        way.
        """
        before = self.mission
        same = before is not None and before.mission_id == mission.mission_id
        end = before.route.where(self.end_m) if before is not None and same else None
        self.mission = mission
        self._generation += 1
        self._ordered = None
        self.end_m = 0.0
        if not same:
            self.number = 0
            self.releases = ()
        elif end is not None and end[0] in mission.route.lanes:
            self.end_m = mission.route.at(*end)
        self._guard.mission(
            mission.mission_id,
            mission.crossing_id,
            mission.route,
            mission.neutral_m,
            version=mission.version,
            refuge=mission.refuge,
        )
        if reading is not None:
            self._project(mission, reading)

    def finish(self, mission: Mission) -> None:
        """The mission is over; the truck stands where its route ended."""
        lane, offset_m = mission.route.where(min(self.front_m, mission.route.length_m))
        self._place = Place(lane, offset_m, lane, max(0.0, offset_m - self._length_m))
        self.mission = None
        self._ordered = None
        self.releases = ()
        self._opened_under = None

    # --- authority ---

    def seal_opened(self) -> None:
        """The navigation seal says that it was opened: the releases at hand ask for no gate."""
        self._opened_under = self.releases

    @property
    def tampered(self) -> bool:
        """Whether the seal was opened and nobody has released the truck anew since. VEH-020."""
        return self._opened_under is not None and self.releases == self._opened_under

    def clear(self, releases: Sequence[Document], now: Now) -> None:
        """Releases came: the guard judges them."""
        self.releases = tuple(releases)
        self._guard.releases(self.releases, now)

    def grant(
        self,
        now: Now,
        received: Received,
        authority: MovementAuthority,
        reading: VehicleReading | None,
    ) -> Refused | None:
        """The guard reads the authority from the bytes; the road grows by what it accepts, or is
        shortened by it. A truck that rolls need not set off where it is.
        """
        standing = reading is not None and reading.speed_mps <= STANDING_MPS
        braking = self.braking(reading) if reading is not None else None
        refused = self._climbs(authority, standing=standing)
        if refused is None:
            refused = self._guard.authority(received.frame, received.epoch, braking)
        if refused is not None:
            return refused
        if self.mission is None:
            return Refused(Reason.NO_MISSION, authority.mission_id)
        self.number = authority.number
        self.end_m = self.mission.route.at(authority.end_lane, authority.end_mm / 1000.0)
        self._weather = (
            authority.friction_permille / 1000.0 or FRICTION_WORST,
            authority.sight_mm / 1000.0 or SIGHT_WORST_M,
            authority.speed_max_mmps / 1000.0 or SPEED_MAX_MPS,
        )
        self._guard.releases(self.releases, now)
        return None

    def _climbs(self, authority: MovementAuthority, *, standing: bool) -> Refused | None:
        """Whether this truck gets to the end of an authority, and away from there again."""
        mission = self.mission
        if mission is None or authority.end_lane not in mission.route.lanes:
            return None  # the guard refuses it
        end_m = mission.route.at(authority.end_lane, authority.end_mm / 1000.0)
        climb = climb_of(self._traction, 0.0, authority.friction_permille / 1000.0)
        front_m = self.front_m
        from_m = max(self.end_m, front_m) if end_m >= self.end_m else front_m
        reach = Reach(front_m if standing else None, from_m, end_m, self._length_m)
        return judge_climb(mission, climb, reach)

    def may_drive_to_m(self, permits: Callable[[str], bool]) -> float:
        """End of what may be driven: the authority's, the next gate's line without its permit, or
        where the guard keeps a truck that is not cleared.
        """
        limit_m = self._guard.limit_m
        end_m = self.end_m if limit_m is None else min(self.end_m, limit_m)
        gate = self.mission.gate_ahead(self.front_m) if self.mission is not None else None
        if gate is None or permits(gate.gate_id):
            return end_m
        return min(end_m, gate.stop_m)

    def gate_to_ask(self) -> GateOnRoute | None:
        """The next gate, once the authority reaches beyond its barrier."""
        gate = self.mission.gate_ahead(self.front_m) if self.mission is not None else None
        if gate is None or self.end_m <= gate.barrier_m:
            return None
        if self.tampered:
            return None  # the next gate is where it is kept until both offices release it anew
        return gate

    def nears_gate(self, reading: VehicleReading) -> bool:
        """Whether the next gate is to be asked now: the truck could be at its line, by braking as
        late as it can, when it has been asked.
        """
        gate = self.gate_to_ask()
        if gate is None or gate.stop_m <= self.front_m + STOP_WINDOW_M:
            return False
        braking = self.braking(reading)
        if braking is None:
            return False
        return gate.stop_m - braking.now_m <= reading.speed_mps * ASKING_S

    # --- what an office takes back ---

    def braking(self, reading: VehicleReading) -> Braking | None:
        """Where the front comes to rest; None without a mission."""
        if self.mission is None:
            return None
        return braking_of(
            self.mission.falls,
            self.front_m,
            reading.speed_mps,
            service_mps2=self._brake_mps2,
            mu=self._weather[0],
        )

    def kept_back(self, reading: VehicleReading) -> bool:
        """Whether an office has taken its release back from a truck that was granted more road, and
        it stands where it is kept, or has to brake for that at once.
        """
        limit_m, mission = self._guard.limit_m, self.mission
        if not self._guard.revoked or limit_m is None or mission is None:
            return False
        if self.end_m <= limit_m + KEPT_M:
            return False
        line_m = mission.refuge.line_m if mission.refuge is not None else limit_m
        if line_m < limit_m < (mission.neutral_m or limit_m):
            return True  # between line and barrier: nobody plans a gentle stop there
        return reading.speed_mps <= STANDING_MPS and self.front_m > limit_m - STOP_WINDOW_M

    def revoke(self, revocation: Document) -> TakenBack | Refused:
        """A revocation came: the guard judges it."""
        return self._guard.revoke(revocation)

    def close(self, now: Now, reading: VehicleReading) -> None:
        """Tell a guard that has lost its clearance where the truck comes to rest; papers of its
        return may have come before.
        """
        braking = self.braking(reading) if self._guard.closing else None
        if braking is not None:
            self._guard.close(braking)
            self._guard.releases(self.releases, now)

    @property
    def closing(self) -> bool:
        """Whether the guard waits to be told."""
        return self._guard.closing

    @property
    def cleared(self) -> bool:
        """Whether both releases let the truck into the neutral zone."""
        return self._guard.cleared

    def held_by_gate(self, permits: Callable[[str], bool]) -> bool:
        """Whether the front is at the line of a gate and may go no farther."""
        gate = self.mission.gate_ahead(self.front_m) if self.mission is not None else None
        if gate is None or gate.stop_m > self.front_m + STOP_WINDOW_M:
            return False
        return self.may_drive_to_m(permits) <= self.front_m + STOP_WINDOW_M / 2.0

    # --- position ---

    def follow(self, reading: VehicleReading) -> None:
        """Where the front is: from the pilot or, before it drives, from the pose."""
        if self.mission is not None and self._ordered is not None and reading.on_path:
            self.front_m = reading.front_m
        elif self.mission is not None:
            self._project(self.mission, reading)
        elif self._place is None:
            self._place = find_place(self._map, reading, self._front_ahead_m)

    def _project(self, mission: Mission, reading: VehicleReading) -> None:
        s_m, _ = mission.route.project(reading.x_m, reading.y_m)
        self.front_m = s_m + self._front_ahead_m

    def place(self) -> Place | None:
        """Front and rear as lanes and offsets; None before the truck knows."""
        if self.mission is None:
            return self._place
        route = self.mission.route
        front_m = min(max(0.0, self.front_m), route.length_m)
        rear_m = max(0.0, front_m - self._length_m)
        return Place(*route.where(front_m), *route.where(rear_m))

    # --- orders to the body, only where something changed ---

    def forget_order(self) -> None:
        """The body rests: the next order is a new one."""
        self._ordered = None

    def follows_as(self, manner: Manner) -> bool:
        """False if the body has a drive order, be it at its end, that follows in another manner."""
        return self._ordered is None or self._ordered[3] == manner

    def order(self, permits: Callable[[str], bool], manner: Manner) -> list[Effect]:
        """A drive order if what may be driven has changed, or how."""
        mission = self.mission
        if mission is None:
            return []
        end_m = self.may_drive_to_m(permits)
        rear_m = self.front_m - self._length_m
        if self._ordered is None or 0.0 < self._clear_m <= rear_m + CLEAR_AGAIN_M:
            self._clear_m = mission.next_clear_m(rear_m)
        wanted = (end_m, self._clear_m, self._generation, manner, self._weather)
        if wanted == self._ordered:
            return []
        self._ordered = wanted
        mu, sight_m, speed_max_mps = self._weather
        drive = Drive(
            route=mission.route,
            generation=self._generation,
            end_m=end_m,
            speed_max_mps=speed_max_mps,
            clear_m=self._clear_m,
            headway_s=manner.headway_s,
            standstill_m=STANDSTILL_GAP_M,
            predecessor=manner.predecessor,
            member=manner.member,
            brake_mps2=manner.brake_mps2,
            mu=mu,
            sight_m=sight_m,
        )
        return [Act(drive)]

    def guard_order(self) -> list[Effect]:
        """The guard's row if it has changed."""
        row = None if self.immobile else self._guard.row()
        wanted = (row, self._generation)
        if wanted == self._guarded:
            return []
        self._guarded = wanted
        route = self.mission.route if self.mission is not None else None
        return [Act(SetGuard(route, self._generation, row))]
