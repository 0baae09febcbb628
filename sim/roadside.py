"""The roadside: every device along the lanes, and what it does when a front or a rear passes it.

Counters, loops, plate readers, station stands and the ends of the boundary section are points on
lanes; the fleet says who has passed which. Not here: what a device is (devices.py), when it is
passed (truth.py).
"""

from collections.abc import Callable, Mapping
from typing import Final

from contract.map import CorridorMap, ZoneKind
from contract.sites import sites
from sim.checkers import Checkers
from sim.devices import Cabinet
from sim.engine import NS_PER_S, Engine
from sim.fleet import DevicePlace, Fleet
from sim.loads import Visit

ARM_HALF_M: Final = 1.5
STAND_WINDOW_M: Final = 1.0
Passed = Callable[[str], None]


def _nothing(vehicle: str) -> None:
    return


class Roadside:
    """All devices of a map, by the number that the fleet's events carry."""

    def __init__(
        self,
        corridor: CorridorMap,
        cabinets: Mapping[str, Cabinet],
        engine: Engine,
        *,
        checkers: Callable[[], Checkers],
        crossing_of: Callable[[str], str],
        visited: Callable[[Visit], None],
        axles: int,
    ) -> None:
        """`axles`: what an axle counter counts of each vehicle; 0: there are only loops."""
        self._map = corridor
        self._cabinets = cabinets
        self._engine = engine
        self._checkers = checkers
        self._crossing_of = crossing_of
        self._visited = visited
        self._axles = axles
        self.devices: list[tuple[DevicePlace, Passed, Passed]] = []
        self.blocked_s: dict[str, float] = {}
        self.at_arm: dict[str, Passed] = {}
        self._pending: dict[tuple[str, str], Passed] = {}
        self._entered_ns: dict[tuple[str, str], int] = {}
        self._place_devices()

    def passed(self, device: int, vehicle: str, *, rear: bool) -> None:
        """A front or rear has passed a device."""
        _, front, back = self.devices[device]
        (back if rear else front)(vehicle)

    @property
    def expecting(self) -> bool:
        """True while a vehicle rolls up to a station and does not stand yet."""
        return bool(self._pending)

    def settle(self, fleet: Fleet) -> None:
        """Vehicles that have rolled up to a station and now stand."""
        for key in list(self._pending):
            if fleet.standing(key[0]):
                self._pending.pop(key)(key[0])

    def permitted(self, vehicle: str, gate: str) -> None:
        """A gate has consumed a permit: the passage's service begins."""
        self._entered_ns[vehicle, f"{gate}/permit"] = self._engine.now_ns

    def _device(self, lane: str, offset_m: float, front: Passed, rear: Passed) -> None:
        place = DevicePlace(len(self.devices), lane, offset_m)
        self.devices.append((place, front, rear))

    def _place_devices(self) -> None:
        axles = self._axles
        for gate_id, site in sites(self._map).items():
            gate, cabinet = self._map.gates[gate_id], self._cabinets[gate_id]
            for name in site.detectors:
                spot = self._map.detectors[name]
                self._device(
                    spot.lane,
                    spot.offset_m,
                    lambda _, c=cabinet, n=name: c.detector(n, rear=False),  # type: ignore[misc]
                    lambda _, c=cabinet, n=name: c.detector(  # type: ignore[misc]
                        n, rear=True, axles=axles
                    ),
                )
            self._gate_devices(gate_id, gate.lane, gate.stop_offset_m, gate.barrier_offset_m)
            for station in site.stations:
                stop = self._map.stations.get(station) or self._map.bays[station]
                self._device(
                    stop.lane,
                    stop.stop_offset_m - STAND_WINDOW_M,
                    lambda v, c=cabinet, s=station: self._stands(v, s, c),  # type: ignore[misc]
                    _nothing,
                )
                self._device(
                    stop.lane,
                    stop.stop_offset_m + STAND_WINDOW_M,
                    lambda v, c=cabinet, s=station: self._leaves(v, s, c),  # type: ignore[misc]
                    _nothing,
                )
        for zone in self._map.zones.values():
            if zone.kind is ZoneKind.BOUNDARY:
                for lane in zone.lanes:
                    self._boundary_devices(zone.id, lane, one_lane=zone.one_lane)

    def _gate_devices(self, gate: str, lane: str, stop_m: float, barrier_m: float) -> None:
        cabinet = self._cabinets[gate]

        def enter(vehicle: str) -> None:
            cabinet.entered += 1

        def leave(vehicle: str) -> None:
            self._passage_ends(vehicle, gate)
            cabinet.leave()

        def reach_arm(vehicle: str) -> None:
            self._checkers().under_arm(gate, vehicle)
            cabinet.gone(vehicle)
            cabinet.loop(on=True)
            self.at_arm.pop(vehicle, _nothing)(vehicle)

        length_m = self._map.lanes[lane].length_m
        self._device(lane, 0.0, enter, _nothing)
        self._device(lane, stop_m - STAND_WINDOW_M, lambda v: self._at_line(v, gate), _nothing)
        self._device(lane, barrier_m - ARM_HALF_M, reach_arm, _nothing)
        self._device(lane, barrier_m + ARM_HALF_M, _nothing, lambda _: cabinet.loop(on=False))
        self._device(lane, length_m, _nothing, leave)

    def _boundary_devices(self, zone: str, lane: str, *, one_lane: bool) -> None:
        def enter(vehicle: str) -> None:
            self._entered_ns[vehicle, zone] = self._engine.now_ns
            if one_lane:
                self._checkers().in_zone(zone, lane, vehicle)

        def leave(vehicle: str) -> None:
            if one_lane:
                self._checkers().out_of_zone(zone, vehicle)
            start_ns = self._entered_ns.pop((vehicle, zone), self._engine.now_ns)
            crossing = self._crossing_of(vehicle)
            now_ns = self._engine.now_ns
            self._visited(Visit(vehicle, crossing, zone, start_ns, start_ns, now_ns))

        self._device(lane, 0.0, enter, _nothing)
        self._device(lane, self._map.lanes[lane].length_m, _nothing, leave)

    # --- what vehicles do to devices ---

    def _at_line(self, vehicle: str, gate: str) -> None:
        self._entered_ns[vehicle, gate] = self._engine.now_ns
        self._cabinets[gate].stands(vehicle)

    def _passage_ends(self, vehicle: str, gate: str) -> None:
        now_ns = self._engine.now_ns
        arrive_ns = self._entered_ns.pop((vehicle, gate), now_ns)
        start_ns = self._entered_ns.pop((vehicle, f"{gate}/permit"), arrive_ns)
        crossing = self._crossing_of(vehicle)
        self._visited(Visit(vehicle, crossing, gate, arrive_ns, max(arrive_ns, start_ns), now_ns))

    def _stands(self, vehicle: str, station: str, cabinet: Cabinet) -> None:
        def stand(name: str) -> None:
            cabinet.at(station, name)

        self._pending[vehicle, station] = stand

    def _leaves(self, vehicle: str, station: str, cabinet: Cabinet) -> None:
        self._pending.pop((vehicle, station), None)
        cabinet.off(station, vehicle)
        ended_ns = cabinet.stations[station].ended_ns.pop(vehicle, None)
        if ended_ns is not None:
            blocked_s = (self._engine.now_ns - ended_ns) / NS_PER_S
            self.blocked_s[station] = self.blocked_s.get(station, 0.0) + blocked_s
