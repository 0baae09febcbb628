"""Who runs what: which gate controller has which stations, bays and detectors, derived from the
map.

Pure. A controller has everything of its own country and direction; a detector belongs to the exit
gate up to the middle of the way between the two gates, and to the entry gate after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contract.map import Bay, CorridorMap, Gate, Station


@dataclass(frozen=True, slots=True)
class Site:
    """One gate's share of the roadside."""

    gate: str
    stations: tuple[str, ...]
    detectors: tuple[str, ...]


def sites(corridor: CorridorMap) -> dict[str, Site]:
    """Every gate with its stations, bays and detectors, by gate id."""
    detectors: dict[str, list[str]] = {gate: [] for gate in corridor.gates}
    for direction in ("E", "W"):
        pair = [gate for gate in corridor.gates.values() if gate.direction == direction]
        exits = [gate for gate in pair if gate.side == "exit"]
        entries = [gate for gate in pair if gate.side == "entry"]
        if not exits or not entries:
            continue
        before = _lanes_before_line(corridor, exits[0], entries[0])
        reached = _lanes_of_direction(corridor, exits[0], entries[0])
        for detector in corridor.detectors.values():
            if detector.lane in reached:
                owner = exits[0] if detector.lane in before else entries[0]
                detectors[owner.id].append(detector.id)
    return {
        gate.id: Site(gate.id, _stations(corridor, gate), tuple(sorted(detectors[gate.id])))
        for gate in corridor.gates.values()
    }


def exit_detector(corridor: CorridorMap, gate: Gate) -> str:
    """The detector at the end of a gate's cell: the proof that a vehicle has left it."""
    found = [each.id for each in corridor.detectors.values() if each.zone_before == gate.zone]
    return min(found) if found else ""


def station_gates(corridor: CorridorMap) -> Mapping[str, str]:
    """Station or bay -> the gate that runs it."""
    return {station: site.gate for site in sites(corridor).values() for station in site.stations}


def bays_by_direction(corridor: CorridorMap) -> dict[str, tuple[str, ...]]:
    """Inspection bays on the origin side, by direction of travel."""
    origin = {"E": "KZ", "W": "CN"}
    return {
        direction: tuple(
            bay.id
            for bay in corridor.bays.values()
            if (bay.country, bay.direction) == (country, direction)
        )
        for direction, country in origin.items()
    }


def stations_by_direction(corridor: CorridorMap) -> dict[str, dict[str, tuple[str, ...]]]:
    """Stations on the origin side with their kinds, by direction of travel."""
    origin = {"E": "KZ", "W": "CN"}
    return {
        direction: {
            station.id: tuple(station.kinds)
            for station in corridor.stations.values()
            if (station.country, station.direction) == (country, direction)
        }
        for direction, country in origin.items()
    }


def _stations(corridor: CorridorMap, gate: Gate) -> tuple[str, ...]:
    places: list[Station | Bay] = [*corridor.stations.values(), *corridor.bays.values()]
    own = [p.id for p in places if (p.country, p.direction) == (gate.country, gate.direction)]
    return tuple(sorted(own))


def _closure(corridor: CorridorMap, start: str, stop: str, *, forward: bool) -> set[str]:
    """Lanes reached from `start`, with or against the traffic, up to any gate lane or berth."""
    walls = {gate.lane for gate in corridor.gates.values()} - {start}
    walls |= {berth.lane for berth in corridor.berths.values()} | {stop}
    behind: dict[str, list[str]] = {lane: [] for lane in corridor.lanes}
    for lane in corridor.lanes.values():
        for after in lane.successors:
            behind[after].append(lane.id)
    found, queue = {start}, [start]
    while queue:
        lane_id = queue.pop()
        if lane_id in walls and lane_id != start:
            continue
        near = corridor.lanes[lane_id].successors if forward else behind[lane_id]
        for other in near:
            if other not in found:
                found.add(other)
                queue.append(other)
    return found


def _lanes_of_direction(corridor: CorridorMap, exit_gate: Gate, entry_gate: Gate) -> set[str]:
    lanes = _closure(corridor, exit_gate.lane, entry_gate.lane, forward=False)
    lanes |= _closure(corridor, exit_gate.lane, entry_gate.lane, forward=True)
    return lanes | _closure(corridor, entry_gate.lane, entry_gate.lane, forward=True)


def _lanes_before_line(corridor: CorridorMap, exit_gate: Gate, entry_gate: Gate) -> set[str]:
    """Lanes on the exit gate's side: behind it, and half of what lies between the gates."""
    lanes = _closure(corridor, exit_gate.lane, entry_gate.lane, forward=False)
    between = corridor.path_lanes(exit_gate.lane, entry_gate.lane)
    total_m = sum(corridor.lanes[lane].length_m for lane in between)
    along_m = 0.0
    for lane in between:
        if along_m + corridor.lanes[lane].length_m / 2.0 <= total_m / 2.0:
            lanes.add(lane)
        along_m += corridor.lanes[lane].length_m
    return lanes
