"""Does the map make a corridor? Gates, neutral zone, detectors, stops, ways and clearances.

Pure. In: `Parts` that fit together on the ground. Out: faults, added to the sheet. These rules are
what interlocking, gates and checkers take for granted; each is explained in docs/MAP.md, "Rules".
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import shapely

from contract.map_parts import Bay, Gate, Lane, Parts, Said, Station, ZoneKind
from contract.map_read import Sheet
from contract.map_swept import Before, check_swept
from contract.polyline import arc_lengths_m, headings_rad
from contract.swept import TRUCK_LENGTH_M

STRAIGHT_BEFORE_CELL_M: Final = 27.0  # a trailer from a 25 m radius is within 5 cm by then
STRAIGHT_RAD_MAX: Final = math.radians(0.5)
BARRIER_GAP_M_MIN: Final = 1.0  # stop line to barrier
DETECTOR_OFF_END_M_MAX: Final = 0.1
AXIS_GAP_M_MIN: Final = 4.5  # between lanes of zones that may be held by two holders
WIRED: Final = (ZoneKind.GATE_CELL, ZoneKind.BOUNDARY, ZoneKind.STATION)
ORIGIN: Final = {"E": "KZ", "W": "CN"}
OTHER: Final = {"KZ": "CN", "CN": "KZ"}


def check_rules(parts: Parts, sheet: Sheet) -> None:
    """Every rule about the corridor as a whole; needs references and joins to hold."""
    before = _predecessors(parts)
    _check_gates(parts, before, sheet)
    _check_stops(parts, before, sheet)
    _check_neutral(parts, sheet)
    _check_detectors(parts, before, sheet)
    _check_ways(parts, before, sheet)
    _check_directions(parts, before, sheet)
    _check_clearance(parts, sheet)
    check_swept(parts, before, sheet)


def _predecessors(parts: Parts) -> Before:
    found: dict[str, list[str]] = {name: [] for name in parts.lanes}
    for lane in parts.lanes.values():
        for name in lane.successors:
            found[name].append(lane.id)
    return {name: tuple(each) for name, each in found.items()}


def _check_gates(parts: Parts, before: Before, sheet: Sheet) -> None:
    for zone in parts.zones.values():
        if zone.kind is ZoneKind.GATE_CELL:
            gates = [gate.id for gate in parts.gates.values() if gate.zone == zone.id]
            if len(gates) != 1 or len(zone.lanes) != 1:
                value = Said(f"{len(gates)} gates on {len(zone.lanes)} lanes")
                sheet.fault(zone.id, "zone_kind", value, "a gate cell of one gate and one lane")
    for side in ("exit", "entry"):
        for direction in ORIGIN:
            if not any(g.side == side and g.direction == direction for g in parts.gates.values()):
                value = Said(f"no {side} gate of direction {direction}")
                sheet.fault("file", "gates", value, "exit and entry gates of both directions")
    for gate in parts.gates.values():
        _check_gate(gate, parts, before, sheet)


def _check_gate(gate: Gate, parts: Parts, before: Before, sheet: Sheet) -> None:
    lane = parts.lanes[gate.lane]
    zone = parts.zones[gate.zone]
    if zone.kind is not ZoneKind.GATE_CELL:
        value = Said(f"{lane.id} in zone {zone.id} of kind {zone.kind.value}")
        sheet.fault(gate.id, "lane", value, "a lane in a zone of kind gate_cell")
    country = ORIGIN[gate.direction] if gate.side == "exit" else OTHER[ORIGIN[gate.direction]]
    if gate.country != country:
        expected = f"{country}: the {gate.side} gate of direction {gate.direction}"
        sheet.fault(gate.id, "country", gate.country, expected)
    if gate.barrier_offset_m - gate.stop_offset_m < BARRIER_GAP_M_MIN:
        value = Said(f"{gate.barrier_offset_m - gate.stop_offset_m:.2f} m before the barrier")
        sheet.fault(gate.id, "stop_line", value, f"at least {BARRIER_GAP_M_MIN} m before it")
    bend = _turn_within(lane, lane.length_m)
    if bend > STRAIGHT_RAD_MAX:
        value = Said(f"bent by {math.degrees(bend):.2f} deg")
        sheet.fault(lane.id, "coordinates", value, "a straight gate cell")
    straight = _straight_before(lane, parts, before)
    if straight < STRAIGHT_BEFORE_CELL_M - 0.01:
        value = Said(f"{straight:.1f} m straight before the cell")
        sheet.fault(gate.id, "lane", value, f"at least {STRAIGHT_BEFORE_CELL_M:.0f} m")


def _turn_within(lane: Lane, last_m: float) -> float:
    """Greatest heading off the lane's end heading in its last metres, radians."""
    along = arc_lengths_m(lane.xy_m)
    psi = headings_rad(lane.xy_m)
    return float(np.abs(psi - psi[-1])[along[1:] > lane.length_m - last_m].max())


def _straight_before(cell: Lane, parts: Parts, before: Before) -> float:
    """Metres of straight before a lane, on the worst of the ways to it; looks 27 m back."""
    heading = headings_rad(cell.xy_m)[0]
    worst = math.inf
    stack = [(name, 0.0) for name in before[cell.id]]
    while stack:
        name, had_m = stack.pop()
        lane = parts.lanes[name]
        off = np.abs(np.remainder(headings_rad(lane.xy_m) - heading + np.pi, 2 * np.pi) - np.pi)
        bent = np.flatnonzero(off > STRAIGHT_RAD_MAX)
        straight_m = lane.length_m - (arc_lengths_m(lane.xy_m)[bent[-1] + 1] if len(bent) else 0.0)
        had_m += float(straight_m)
        if len(bent) or had_m >= STRAIGHT_BEFORE_CELL_M or not before[name]:
            worst = min(worst, had_m)
        else:
            stack += [(each, had_m) for each in before[name]]
    return 0.0 if math.isinf(worst) else worst


def _check_stops(parts: Parts, before: Before, sheet: Sheet) -> None:
    """A truck at its stop stands entirely in its zone, in a zone of the right kind."""
    wanted: list[tuple[str, str, str, float, ZoneKind | None]] = [
        (gate.id, gate.lane, gate.zone, gate.stop_offset_m, None) for gate in parts.gates.values()
    ]
    for kind, places in (
        (ZoneKind.STATION, parts.stations),
        (ZoneKind.BAY, parts.bays),
        (ZoneKind.BERTH, parts.berths),
        (ZoneKind.LANE, parts.pockets),
    ):
        wanted += [(p.id, p.lane, p.zone, p.stop_offset_m, kind) for p in places.values()]
        named = {place.zone for place in places.values()}
        for zone in parts.zones.values():
            if zone.kind is kind and kind is not ZoneKind.LANE and zone.id not in named:
                value = Said(f"{kind.value} without a {kind.value}")
                sheet.fault(zone.id, "zone_kind", value, f"a {kind.value} on a lane of the zone")
    for name, lane, zone_id, offset, needed in wanted:
        zone = parts.zones[zone_id]
        if needed is not None and zone.kind is not needed:
            value = Said(f"{lane} in zone {zone.id} of kind {zone.kind.value}")
            sheet.fault(name, "lane", value, f"a lane in a zone of kind {needed.value}")
        room = offset + _room_behind(parts.lanes[lane], parts, before)
        if room < TRUCK_LENGTH_M:
            value = Said(f"a stop {room:.2f} m into zone {zone.id}")
            sheet.fault(
                name, "coordinates", value, f"at least {TRUCK_LENGTH_M} m: a truck stands in it"
            )
    for line in parts.stop_lines.values():
        zone = parts.zones[parts.lanes[line.lane].zone]
        if zone.kind is ZoneKind.BOUNDARY:
            value = Said(f"{line.lane} in boundary section {zone.id}")
            sheet.fault(line.id, "lane", value, "another zone: nobody stops on the border")


def _room_behind(lane: Lane, parts: Parts, before: Before) -> float:
    """Metres of the same zone before a lane, up to a truck's length."""
    room = 0.0
    seen = {lane.id}
    while room < TRUCK_LENGTH_M:
        same = [n for n in before[lane.id] if parts.lanes[n].zone == lane.zone and n not in seen]
        if not same:
            break
        lane = max((parts.lanes[name] for name in same), key=lambda each: each.length_m)
        seen.add(lane.id)
        room += lane.length_m
    return room


def _check_neutral(parts: Parts, sheet: Sheet) -> None:
    """Neutral is what lies between exit gate cells and entry gate cells, and nothing else."""
    entries = {gate.lane for gate in parts.gates.values() if gate.side == "entry"}
    exits = [gate.lane for gate in parts.gates.values() if gate.side == "exit"]
    starts = [name for gate in exits for name in parts.lanes[gate].successors]
    after = {name: lane.successors for name, lane in parts.lanes.items()}
    between = _flood(starts, after, entries)
    neutral = {parts.lanes[name].zone for name in between}
    for zone in parts.zones.values():
        if zone.neutral and zone.id not in neutral:
            expected = "false: no way from an exit gate to an entry gate leads through it"
            sheet.fault(zone.id, "neutral", True, expected)
        elif not zone.neutral and zone.id in neutral:
            expected = "true: it is reached from an exit gate before any entry gate"
            sheet.fault(zone.id, "neutral", False, expected)
        if zone.kind is ZoneKind.BOUNDARY:
            border = shapely.LineString(parts.boundary_xy_m)
            for name in zone.lanes:
                if not shapely.LineString(parts.lanes[name].xy_m).intersects(border):
                    sheet.fault(zone.id, "lanes", name, "lanes that cross the border line")


def _flood(starts: Iterable[str], edges: Mapping[str, tuple[str, ...]], stop: set[str]) -> set[str]:
    """Names reachable from `starts` (included), not entering `stop`."""
    reached: set[str] = set()
    stack = list(starts)
    while stack:
        name = stack.pop()
        if name not in reached and name not in stop:
            reached.add(name)
            stack += edges[name]
    return reached


def _check_detectors(parts: Parts, before: Before, sheet: Sheet) -> None:
    """Each detector stands at a zone limit; each wired zone has one at every limit."""
    found: set[tuple[str, str]] = set()
    for each in parts.detectors.values():
        lane = parts.lanes[each.lane]
        off_m = lane.length_m - each.offset_m
        if off_m > DETECTOR_OFF_END_M_MAX:
            value = Said(f"{off_m:.2f} m before the end of lane {lane.id}")
            sheet.fault(each.id, "coordinates", value, "the end of its lane, at the zone limit")
        if lane.zone != each.zone_before:
            sheet.fault(each.id, "zone_before", each.zone_before, f"{lane.zone}, its lane's zone")
        after = sorted({parts.lanes[n].zone for n in lane.successors} - {lane.zone})
        if each.zone_after not in after:
            expected = "one of " + ", ".join(after) if after else "a lane with a successor"
            sheet.fault(each.id, "zone_after", each.zone_after, expected)
        found.add((each.lane, each.zone_after))
    for zone in (each for each in parts.zones.values() if each.kind in WIRED):
        limits = [(n, zone.id) for name in zone.lanes for n in before[name]]
        limits += [(n, parts.lanes[s].zone) for n in zone.lanes for s in parts.lanes[n].successors]
        for lane_id, zone_after in sorted(set(limits)):
            if parts.lanes[lane_id].zone != zone_after and (lane_id, zone_after) not in found:
                value = Said(f"none where lane {lane_id} enters zone {zone_after}")
                sheet.fault(zone.id, "detectors", value, "one at each end of this zone")


def _check_ways(parts: Parts, before: Before, sheet: Sheet) -> None:
    """Crossings can be driven: each berth has a way across the border, each lane is on one."""
    after = {name: lane.successors for name, lane in parts.lanes.items()}
    berths = parts.berths.values()
    used: set[str] = set()
    for country, other in OTHER.items():
        departures = {b.lane for b in berths if b.departures and b.country == country}
        arrivals = {b.lane for b in berths if b.arrivals and b.country == other}
        ahead, behind = _flood(departures, after, set()), _flood(arrivals, before, set())
        used |= ahead & behind
        for name, lanes, wanted in (
            ("departures", departures, f"a departure berth in {country} and one to depart from it"),
            ("arrivals", arrivals, f"an arrival berth in {other}"),
        ):
            if not lanes:
                sheet.fault("file", f"berths {name}", Said("none"), wanted)
        for berth in berths:
            if berth.lane in arrivals and berth.lane not in ahead:
                expected = f"a way that leads to it from a departure berth in {country}"
                sheet.fault(berth.id, "lane", Said(f"{berth.lane}, unreachable"), expected)
            if berth.lane in departures and berth.lane not in behind:
                expected = f"a way from it to an arrival berth in {other}"
                sheet.fault(berth.id, "lane", Said(f"{berth.lane}, a dead end"), expected)
    for name in parts.lanes:
        if name not in used:
            expected = (
                "a lane on a way from a departure berth to an arrival berth across the border"
            )
            sheet.fault(name, "successors", Said("on no way"), expected)


def _check_directions(parts: Parts, before: Before, sheet: Sheet) -> None:
    """No zone but a berth or a one-lane boundary section serves both directions: no deadlock."""
    after = {name: lane.successors for name, lane in parts.lanes.items()}
    berths = {berth.lane for berth in parts.berths.values()}
    driven: dict[str, set[str]] = {}
    for direction in ORIGIN:
        gates = [gate.lane for gate in parts.gates.values() if gate.direction == direction]
        driven[direction] = _flood(gates, after, berths) | _flood(gates, before, berths)
    zones = {d: {parts.lanes[name].zone for name in lanes} for d, lanes in driven.items()}
    for name in sorted(zones["E"] & zones["W"]):
        zone = parts.zones[name]
        if not (zone.kind is ZoneKind.BOUNDARY and zone.one_lane):
            value = Said("driven in both directions")
            expected = "a zone of one direction, or a boundary section with one_lane true"
            sheet.fault(name, "one_lane", value, expected)
    for zone in parts.zones.values():
        if zone.one_lane and not (zone.id in zones["E"] and zone.id in zones["W"]):
            sheet.fault(zone.id, "one_lane", True, "false: only one direction is driven in it")
    places: list[Station | Bay] = [*parts.stations.values(), *parts.bays.values()]
    for place in places:
        if place.lane not in driven[place.direction]:
            expected = f"a direction in which its lane {place.lane} is driven"
            sheet.fault(place.id, "direction", place.direction, expected)


def _check_clearance(parts: Parts, sheet: Sheet) -> None:
    """Lanes of two zones stay apart unless one follows the other: forks end inside their zone."""
    lanes = list(parts.lanes.values())
    lines = np.array([shapely.LineString(lane.xy_m) for lane in lanes])
    tree = shapely.STRtree(lines)
    told: set[tuple[str, str]] = set()
    for one, two in tree.query(lines, predicate="dwithin", distance=AXIS_GAP_M_MIN - 0.01).T:
        a, b = lanes[int(one)], lanes[int(two)]
        if one >= two or a.zone == b.zone or (a.zone, b.zone) in told:
            continue
        if b.id in a.successors or a.id in b.successors:
            continue
        told.add((a.zone, b.zone))
        gap = shapely.distance(lines[one], lines[two])
        value = Said(f"{gap:.2f} m from lane {b.id} of zone {b.zone}")
        expected = f"at least {AXIS_GAP_M_MIN} m, or one zone for both, or one following the other"
        sheet.fault(a.id, "coordinates", value, expected)
