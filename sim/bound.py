"""The bound: how many trucks an hour the tightest place of a corridor can pass, whoever decides.

From map and scenario alone, without a run. Each place has a least time that one truck keeps it from
the next; nothing that dispatch, grants or messages do can undercut it. Ways are driven by the
reference runs of free_run.py, without anybody else. What costs time only through decisions - a
permit, a message, a convoy that forms - is not in it: that is what a run may lose. Not here:
chance, zones of plain lane (convoys share them), X-rays and bays (not everybody stops there).
Described in docs/SCENARIOS.md, "The bound".
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from contract.limits import LANE_OVERLAP_M, MEMBER_HEADWAY_S, STANDSTILL_GAP_M
from contract.map import CorridorMap, Zone, ZoneKind
from contract.route import Route
from corridor.planning import DESTINATION, ORIGIN, arrival_berths
from sim.distributions import parse_distribution, parse_duration
from sim.free_run import DT_S, FreeRun, FreeRuns
from sim.outcome import Tally
from sim.plant_params import VehicleParams, params_block, straight_length
from sim.scenario import FlowSection, GateSection, Scenario
from sim.terminal_papers import TARE_KG

WEIGHED: Final = frozenset({"weighbridge", "portal"})
FLEET: Final = "fleet"
DIRECTIONS: Final = ("E", "W")
_S_PER_H: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Way:
    """One direction, driven alone from the first berth to the first berth at the far end.

    mass_kg   of the lightest load, if everybody has one
    stops_m   where a truck stands, by the id of the station or gate, metres along the route
    """

    direction: str
    route: Route
    ends_m: tuple[float, float]
    mass_kg: float
    stops_m: dict[str, float]


class Bound:
    """Least times of every place, and what follows from them."""

    def __init__(
        self, corridor: CorridorMap, scenario: Scenario, truck: VehicleParams, runs: FreeRuns
    ) -> None:
        self._map, self._scenario = corridor, scenario
        self._truck, self._runs = truck, runs
        self._length_m = float(straight_length(params_block([truck]))[0])
        self._ways = [way_of(corridor, scenario, direction) for direction in DIRECTIONS]

    @property
    def places(self) -> dict[str, float]:
        """Place -> trucks an hour in one direction at most, in a steady state in which as many go
        the one way as the other.
        """
        found: dict[str, float] = {}
        for way in self._ways:
            for place, least_s in self._least_s(way):
                found[place] = _S_PER_H / least_s
            kept_s = self._drive_s(way) + self._at_berth_s(DESTINATION[way.direction])
            berths = len(arrival_berths(self._map, way.direction))
            found[berths_of(way.direction)] = berths * _S_PER_H / kept_s
        found |= self._sections
        trucks = self._scenario.fleet.kz + self._scenario.fleet.cn
        found[FLEET] = trucks * _S_PER_H / self.round_trip_s
        return found

    @property
    def round_trip_s(self) -> float:
        """The least time of one truck there and back."""
        driving = sum(self._drive_s(way) for way in self._ways)
        return driving + sum(self._at_berth_s(country) for country in DESTINATION.values())

    # --- places where one truck stands at a time ---

    def _least_s(self, way: Way) -> Iterable[tuple[str, float]]:
        """Stations where everybody stops, and gates: from one truck's stand to the next one's."""
        for name, stop_m in way.stops_m.items():
            least_s = self._stand_s(name) + self.changeover_s(way, stop_m)
            station = self._scenario.station.get(name)
            spacing_s = parse_distribution(station.spacing).mean_s if station else 0.0
            yield name, max(least_s, spacing_s)

    def changeover_s(self, way: Way, stop_m: float) -> float:
        """From a truck's release at a stop to the next one's standing there.

        The zone is one truck's: its rear leaves it, and only then may the next come in - which has
        come as near as it can and yet stop short of the zone by the overlap.
        """
        spans = way.route.zone_spans
        begin_m, end_m = next(span[1:] for span in spans if span[1] <= stop_m < span[2])
        leaving = self._runs.of(way.route, (stop_m, way.ends_m[1]), way.mass_kg)
        clear_s = float(leaving.at(np.array([end_m + self._length_m]))[0])
        coming = self._runs.of(way.route, (way.ends_m[0], stop_m), way.mass_kg)
        return (
            clear_s
            + coming.total_s
            - last_free_s(coming, begin_m - LANE_OVERLAP_M, self._truck.brake_service_mps2)
        )

    # --- the others ---

    @property
    def _sections(self) -> dict[str, float]:
        """A boundary section holds one convoy at a time; the next one comes in once the last member
        of the one before is out, as it does at a stop. With one lane both directions share it.
        """
        found: dict[str, float] = {}
        for way in self._ways:
            for name, begin_m, end_m in way.route.zone_spans:
                zone = self._map.zones[name]
                if zone.kind is ZoneKind.BOUNDARY and zone.vehicles_max is not None:
                    members = self._members(zone, way)
                    kept_s = self._convoy_s(way, (begin_m, end_m), members)
                    others = 1.0 / found[name] if name in found else 0.0
                    found[name] = 1.0 / (others + kept_s / (members * _S_PER_H))
        return found

    def _members(self, zone: Zone, way: Way) -> int:
        """How many are in a section at a time: of one convoy, and within its limits."""
        limits = [self._scenario.fleet.convoy, zone.vehicles_max or 1]
        if zone.mass_max_kg is not None:
            limits.append(int(zone.mass_max_kg // way.mass_kg))
        return max(1, min(limits))

    def _convoy_s(self, way: Way, span_m: tuple[float, float], members: int) -> float:
        """How long a convoy keeps a section from the next one at least: from when its first member
        could stay out for the last time until the last one's rear has left.
        """
        begin_m, end_m = span_m
        run = self._runs.of(way.route, way.ends_m, way.mass_kg)
        marks_m = (begin_m, begin_m + self._length_m + STANDSTILL_GAP_M, end_m + self._length_m)
        begin_s, behind_s, clear_s = (float(each) for each in run.at(np.array(marks_m)))
        follows_s = behind_s - begin_s + MEMBER_HEADWAY_S
        free_s = last_free_s(run, begin_m - LANE_OVERLAP_M, self._truck.brake_service_mps2)
        return clear_s - free_s + (members - 1) * follows_s

    def _drive_s(self, way: Way) -> float:
        """From berth to berth with its stops: the least time."""
        marks = [way.ends_m[0], *sorted(way.stops_m.values()), way.ends_m[1]]
        legs = [self._runs.of(way.route, leg, way.mass_kg) for leg in pairwise(marks)]
        return sum(leg.total_s for leg in legs) + sum(map(self._stand_s, way.stops_m))

    def _stand_s(self, place: str) -> float:
        """How long a truck stands at a station or gate at least."""
        station = self._scenario.station.get(place)
        if station is not None:
            return parse_distribution(station.service).mean_s
        gate = self._scenario.gate.get(place, GateSection())
        read_s = sum(parse_distribution(each).mean_s for each in (gate.ocr, gate.seals))
        return read_s + parse_duration(gate.barrier)

    def _at_berth_s(self, country: str) -> float:
        """A swap of trailers; or unloading, of empty trucks too, and loading what goes, if
        everything that goes there does. Then the test of brakes.
        """
        berth, fleet = self._scenario.berth, self._scenario.fleet
        test_s = parse_distribution(fleet.brakes.test).mean_s if fleet.brakes is not None else 0.0
        if fleet.swap is not None:
            return test_s + parse_distribution(fleet.swap.swap).mean_s
        goes = next(direction for direction in DIRECTIONS if ORIGIN[direction] == country)
        load_s = parse_distribution(berth.load).mean_s if all_loaded(self._scenario, goes) else 0.0
        return parse_distribution(berth.unload).mean_s + load_s + test_s


def last_free_s(run: FreeRun, end_m: float, brake_mps2: float) -> float:
    """When a truck on this run is the last time able to stop before `end_m` by its service brake:
    until then it need not have been let in.
    """
    speeds = np.diff(run.s_m, append=run.s_m[-1]) / DT_S
    free = np.flatnonzero(run.s_m + speeds**2 / (2.0 * brake_mps2) <= end_m)
    return float(free[-1]) * DT_S if len(free) else 0.0


def berths_of(direction: str) -> str:
    """Name of the berths at which a direction ends."""
    return f"berths_{DESTINATION[direction].lower()}"


def all_loaded(scenario: Scenario, direction: str) -> bool:
    """Whether every truck of a direction has a load: there is always one."""
    flows = flows_of(scenario, direction)
    return any(flow.per_hour <= 0.0 for flow in flows)


def flows_of(scenario: Scenario, direction: str) -> list[FlowSection]:
    return [flow for flow in scenario.flow if flow.direction == direction]


def stands(corridor: CorridorMap, direction: str) -> dict[str, tuple[str, float]]:
    """Stations and gates of a direction at which every truck stands: id -> lane, metres into it."""
    found = {
        station.id: (station.lane, station.stop_offset_m)
        for station in corridor.stations.values()
        if station.direction == direction
        and station.country == ORIGIN[direction]
        and WEIGHED & set(station.kinds)
    }
    gates = (gate for gate in corridor.gates.values() if gate.direction == direction)
    return found | {gate.id: (gate.lane, gate.stop_offset_m) for gate in gates}


@functools.lru_cache(maxsize=32)
def shortest(corridor: CorridorMap, direction: str) -> tuple[str, ...]:
    """Lanes from the nearest departure berth to the nearest arrival berth. All ways of a direction
    share their middle, so either end is looked for by itself.
    """
    berths = corridor.berths.values()
    starts = [b.lane for b in berths if b.country == ORIGIN[direction] and b.departures]
    ends = [berth.lane for berth in arrival_berths(corridor, direction)]
    bays = {bay.lane for bay in corridor.bays.values()}
    stands = {berth.lane for berth in berths}

    def lanes(start: str, end: str) -> tuple[str, ...]:
        return corridor.path_lanes(start, end, avoid=bays | stands - {start, end})

    def length_m(way: tuple[str, ...]) -> float:
        return corridor.route(way).length_m

    start = min((lanes(each, ends[0]) for each in starts), key=length_m)[0]
    return min((lanes(start, each) for each in ends), key=length_m)


def way_of(corridor: CorridorMap, scenario: Scenario, direction: str) -> Way:
    """The shortest way of a direction, with its stops and the lightest load of those that all have
    one.
    """
    lanes = shortest(corridor, direction)
    route = corridor.route(lanes)
    load_t = 0.0
    if all_loaded(scenario, direction):
        load_t = min(flow.payload_t for flow in flows_of(scenario, direction))
    stops = {
        name: route.at(lane, offset_m)
        for name, (lane, offset_m) in stands(corridor, direction).items()
        if lane in lanes
    }
    stop_m = {berth.lane: berth.stop_offset_m for berth in corridor.berths.values()}
    ends_m = (route.at(lanes[0], stop_m[lanes[0]]), route.at(lanes[-1], stop_m[lanes[-1]]))
    return Way(direction, route, ends_m, TARE_KG + 1_000.0 * load_t, stops)


def place_names(corridor: CorridorMap) -> list[str]:
    """Everything that `Bound.places` may name."""
    standing = [name for direction in DIRECTIONS for name in stands(corridor, direction)]
    sections = [
        zone.id
        for zone in corridor.zones.values()
        if zone.kind is ZoneKind.BOUNDARY and zone.vehicles_max is not None
    ]
    return [*standing, *sections, *(berths_of(direction) for direction in DIRECTIONS), FLEET]


def figures(bound: Bound, tally: Tally, warm_up_s: float, end_s: float) -> dict[str, Any]:
    """The `bound` part of result.json: both directions together, and what has passed of it.

    A share only where the window is long enough for a truck to go round in it.
    """
    places = bound.places
    tightest = min(sorted(places), key=lambda name: places[name])
    per_hour = 2.0 * places[tightest]
    window_s = end_s - warm_up_s
    passed = sum(
        tale.outcome == "cleared" and tale.arrived_s is not None and tale.arrived_s >= warm_up_s
        for tale in tally.crossings.values()
    )
    measured = passed * _S_PER_H / window_s if window_s > 0.0 else 0.0
    steady = window_s >= bound.round_trip_s
    return {
        "resource": tightest,
        "per_hour": round(per_hour, 3),
        "measured_per_hour": round(measured, 3),
        "share": round(measured / per_hour, 4) if steady else None,
        "places": {name: round(2.0 * each, 3) for name, each in sorted(places.items())},
    }
