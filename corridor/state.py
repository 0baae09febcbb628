"""What the supervisor knows right now: rows that are journalled, and what it has only heard.

Pure. Shared by the parts of the supervisor; each part changes it through few named acts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from contract.agent import Effect, Now, Report
from contract.events import Event
from contract.map import CorridorMap, RouteError
from contract.reasons import Reason
from contract.roster import Roster
from contract.route import Route
from contract.traction import Traction, heaviest_axle_kg
from contract.v1.movement_pb2 import VEHICLE_STATE_UNSPECIFIED, PositionReport
from corridor.interlocking import Claim, Interlocking, rules_of
from corridor.planning import way
from corridor.records import Crossing, Formation, Mission, Rest, Store

_ROUTES_MAX: Final = 4_096


@dataclass(slots=True)
class Heard:
    """A vehicle's own word since its last start: not journalled, not trusted for freeing.

    declined   number of an authority that it has refused for its grades, and why
    halted     for what it has stopped by itself; counts while its state is STOPPED
    """

    last_ns: int
    reported: bool = False
    silent: bool = False
    doubted: str = ""
    unbelieved: PositionReport | None = None
    standing: bool = True
    stood_ns: int | None = None  # since when it stands; None: it moves, or is not known to stand
    front_m: float = 0.0
    speed_mps: float = 0.0
    authority: int = 0
    state: int = VEHICLE_STATE_UNSPECIFIED
    declined: tuple[int, Reason] | None = None
    halted: Reason | None = None
    counted_ns: int = 0  # when a counter saw it last
    looked_m: float = 0.0  # where it was when more road was last looked for on its own word
    looked_ns: int = 0
    wants: str = ""  # the zone that it was not given then
    charge_wh: int | None = None  # None: it has not said
    asks_to_charge: bool = False


class No(Struct, frozen=True):
    """A voter's no: the reason, what it is about, who is in the way, and what lifts it where that
    is more than the table of reasons says.
    """

    reason: Reason
    resource: str
    holder: str = ""
    lifts: str = ""


class Wait(Struct, frozen=True):
    """Why a vehicle or crossing does not go on.

    since_ns   it waits for this reason;   first_ns   it waits at all, whatever the reasons were
    """

    reason: Reason
    resource: str
    holder: str
    since_ns: int
    first_ns: int
    lifts: str = ""


@dataclass(slots=True)
class StopInForce:
    """A stop that somebody ordered, and for whom.

    vehicles   whom it has been sent to;  scope   whom it means, with target and zones (stops.py)
    released   by its issuer;  safe_by   who else has confirmed that its site is safe; "": nobody
    """

    stop_id: str
    issuer: str
    vehicles: tuple[str, ...]
    reason: str
    scope: int = 0
    target: str = ""
    zones: tuple[str, ...] = ()
    since_ms: int = 0
    released: bool = False
    safe_by: str = ""


@dataclass(frozen=True, slots=True)
class Halted:
    """A truck that has stopped by itself for good, and the reason that it states."""

    vehicle: str
    reason: str


class State:
    """The supervisor's tables."""

    def __init__(
        self,
        name: str,
        corridor: CorridorMap,
        roster: Roster,
        kinds: Mapping[str, Traction] | None = None,
    ) -> None:
        """`kinds`: what is known of trucks by name; who is not in it is the worst of all."""
        self.name = name
        self.kinds = dict(kinds or {})
        self.map = corridor
        self.roster = roster
        self.zones = Interlocking(rules_of(corridor))
        self.store = Store()
        self.crossings: dict[str, Crossing] = {}
        self._open: list[Crossing] = []
        self._open_of = 0  # how many crossings were known then
        self._ended: dict[str, Crossing] = {}  # by vehicle, the last that has ended
        self.missions: dict[str, Mission] = {}
        self.rests: dict[str, Rest] = {}
        self.formations: dict[str, Formation] = {}
        self.mission_of: dict[str, str] = {}
        self.heard: dict[str, Heard] = {}
        self.waits: dict[str, Wait] = {}
        self.stops: dict[str, StopInForce] = {}
        self.halts: dict[str, Halted] = {}  # by the name of the stop: guard/truck-01
        self.faulty_gates: dict[str, str] = {}
        self.closed: dict[str, str] = {}  # place -> operator who closed it
        self.overdue: dict[tuple[str, str], None] = {}  # vehicle, station that does not answer
        self.kept: dict[str, No] = {}  # mission -> the No for which it waits where it is
        self.batches: dict[tuple[str, str], dict[str, str]] = {}
        self.dirty: dict[str, None] = {}
        self.dispatch_due = True
        self.out: list[Effect] = []
        self._ends = frozenset(berth.zone for berth in corridor.berths.values()) | frozenset(
            bay.zone for bay in corridor.bays.values()
        )
        self._routes: dict[tuple[str, ...], Route] = {}
        self._route_of: dict[str, tuple[list[str], Route]] = {}  # by mission
        self._axles_kg: dict[tuple[str, int], int] = {}
        self._ways: dict[tuple[str, str, str | None], tuple[str, ...]] = {}

    def route(self, mission: Mission) -> Route:
        """The driving line of a mission; routes are kept, for many trucks take the same one. A way
        that changes is another list of lanes (records.py): while it is the same, so is the route.
        """
        found = self._route_of.get(mission.mission_id)
        if found is not None and found[0] is mission.lanes:
            return found[1]
        lanes = tuple(mission.lanes)
        route = self._routes.get(lanes)
        if route is None:
            if len(self._routes) >= _ROUTES_MAX:
                self._routes.clear()
            route = self._routes[lanes] = self.map.route(lanes)
        if len(self._route_of) >= _ROUTES_MAX:
            self._route_of.clear()
        self._route_of[mission.mission_id] = (mission.lanes, route)
        return route

    def way(self, from_lane: str, place: str, bay: str | None) -> tuple[str, ...]:
        """Lanes to a berth or bay, through a bay if one is given; none where there is no way. What
        was found once is kept.
        """
        key = (from_lane, place, bay)
        if key not in self._ways:
            if len(self._ways) >= _ROUTES_MAX:
                self._ways.clear()
            try:
                self._ways[key] = way(self.map, from_lane, place, bay)
            except RouteError:
                self._ways[key] = ()
        return self._ways[key]

    def say(self, event: Event, **fields: Any) -> None:
        """Report an event of the catalogue."""
        self.out.append(Report(event, fields))

    def save(self, row: Crossing | Mission | Rest | Formation) -> None:
        """Have a row written at the end of the turn."""
        if isinstance(row, Crossing):
            self.store.touch("crossing", row.crossing_id, row)
        elif isinstance(row, Mission):
            self.store.touch("mission", row.mission_id, row)
        elif isinstance(row, Formation):
            self.store.touch("formation", row.convoy, row)
        else:
            self.store.touch("rest", row.vehicle, row)

    def flush(self) -> list[Effect]:
        """What this turn leads to: records first, then what was said."""
        for zone in self.zones.changed:
            row = self.zones.zones[zone]
            if row.holders or row.doubt:
                self.store.touch("zone", zone, row)
            else:
                self.store.drop("zone", zone)
        self.zones.changed.clear()
        said, self.out = self.out, []
        return [*self.store.persists(), *said]

    # --- waiting ---

    def wait(
        self, now: Now, key: str, reason: Reason, *, resource: str, holder: str, lifts: str = ""
    ) -> None:
        """`key` (a vehicle or a crossing at its berth) waits; said once for each cause, and again
        when somebody or something else lifts it. `lifts`: what does, if not what the table says.
        """
        before = self.waits.get(key)
        since_ns = first_ns = now.mono_ns
        if before is not None:
            first_ns = before.first_ns
            if (before.reason, before.resource) == (reason, resource):
                since_ns = before.since_ns
                if (before.holder, before.lifts) == (holder, lifts):
                    return
        self.waits[key] = Wait(reason, resource, holder, since_ns, first_ns, lifts)
        crossing = self.crossing_of(key)
        self.say(
            Event.VEHICLE_WAITS,
            vehicle=key,
            crossing=crossing,
            reason=reason,
            resource=resource,
            holder=holder,
            lifted_by=lifts or reason.lifted_by,
        )

    def goes_on(self, now: Now, key: str) -> None:
        """`key` does not wait any more."""
        wait = self.waits.pop(key, None)
        if wait is not None:
            self.say(
                Event.VEHICLE_GOES_ON,
                vehicle=key,
                crossing=self.crossing_of(key),
                reason=wait.reason,
                waited_ms=(now.mono_ns - wait.first_ns) // 1_000_000,
            )

    def crossing_of(self, vehicle: str) -> str:
        """The crossing a vehicle is on, or was refused under last; "" if none."""
        mission = self.missions.get(self.mission_of.get(vehicle, ""))
        if mission is not None:
            return mission.crossing
        for crossing in self.open_crossings():
            if crossing.vehicle == vehicle:
                return crossing.crossing_id
        last = self._ended.get(vehicle)
        return last.crossing_id if last is not None and last.outcome == "refused" else ""

    def claim(self, mission: Mission, before: tuple[str, ...] = ()) -> Claim:
        """What a truck asks a zone for on its mission; `before`: of its convoy, those ahead."""
        vehicle, mass_kg = mission.vehicle, mission.mass_kg
        axle_kg = self.axle_kg(vehicle, mass_kg)
        return Claim(vehicle, mission.convoy, mission.direction, mass_kg, before, axle_kg)

    def axle_kg(self, vehicle: str, mass_kg: int) -> int:
        """Load of a truck's heaviest axle; kinds stay, so it is kept by truck and mass."""
        axle_kg = self._axles_kg.get((vehicle, mass_kg))
        if axle_kg is None:
            if len(self._axles_kg) >= _ROUTES_MAX:
                self._axles_kg.clear()
            axle_kg = heaviest_axle_kg(self.kinds.get(vehicle), mass_kg)
            self._axles_kg[vehicle, mass_kg] = axle_kg
        return axle_kg

    def free(self, zone: str, vehicle: str, convoy: str, proof: str) -> None:
        """A zone was proven free of a vehicle: whoever waits for it is to be looked at, and whoever
        stands at its berth if it is where one can be sent to.
        """
        self.say(Event.ZONE_FREED, zone=zone, vehicle=vehicle, convoy=convoy, proof=proof)
        self.dispatch_due |= zone in self._ends
        for key, wait in self.waits.items():
            mine = wait.resource == zone or wait.reason is Reason.WOULD_DEADLOCK
            if mine and key in self.mission_of:
                self.dirty[self.mission_of[key]] = None
        for key, heard in self.heard.items():
            if heard.wants == zone and key in self.mission_of:
                self.dirty[self.mission_of[key]] = None

    def crossing(self, crossing_id: str) -> Crossing:
        """The crossing of this name; a new row if nothing was heard of it yet."""
        crossing = self.crossings.get(crossing_id)
        if crossing is None:
            crossing = Crossing(crossing_id, releases={}, holds={}, bays={}, early={})
            self.crossings[crossing_id] = crossing
        return crossing

    def place_lane(self, place: str) -> str:
        """Lane of a berth or bay of the map."""
        there = self.map.berths.get(place) or self.map.bays[place]
        return there.lane

    def open_crossings(self) -> list[Crossing]:
        """Crossings that have not ended, in the order in which they became known. Those that have
        are not gone through again, for a day has thousands: a crossing that has become known since,
        or that goes on after all, has them looked at anew.
        """
        among: Iterable[Crossing] = self._open
        if self._open_of != len(self.crossings):
            among = self.crossings.values()
            self._ended.clear()
        still = []
        for crossing in among:
            if not crossing.outcome:
                still.append(crossing)
                continue
            last = self._ended.get(crossing.vehicle)
            if last is None or crossing.finished_ms > last.finished_ms:
                self._ended[crossing.vehicle] = crossing
        self._open, self._open_of = still, len(self.crossings)
        return still

    def goes_on_after_all(self, crossing: Crossing) -> None:
        """A crossing that had ended has not."""
        crossing.outcome = ""
        self._open_of = -1
