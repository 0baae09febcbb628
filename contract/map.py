"""The corridor map: where lanes lie, what they are cut into, and the ways through them.

Pure. In: the bytes of a GeoJSON file (RFC 7946, WGS84). Out: one immutable `CorridorMap` in metres
east and north of the file's origin, with a digest that rides in every envelope; or `MapError` with
every fault found. Two parties with the same digest mean the same places by the same names.
Not here: who may drive where (corridor/); files (the programs read them). The file format is
docs/MAP.md; the rules a map must keep are in `map_check` and `map_rules`.
"""

import functools
import hashlib
import heapq
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from contract.geodesy import Array, LocalFrame
from contract.map_build import build_parts
from contract.map_check import check_geometry
from contract.map_datum import check_published
from contract.map_parts import (
    Bay,
    Berth,
    Detector,
    Gate,
    Lane,
    MapError,
    MapFault,
    Marker,
    Parts,
    Pocket,
    Station,
    StopLine,
    Zone,
    ZoneKind,
)
from contract.map_read import read_sheet
from contract.map_rules import check_rules
from contract.route import Route, RouteError, Stretch, build_route

__all__ = [
    "Bay",
    "Berth",
    "CorridorMap",
    "Detector",
    "Gate",
    "Lane",
    "MapError",
    "MapFault",
    "Marker",
    "Pocket",
    "Route",
    "RouteError",
    "Station",
    "StopLine",
    "Zone",
    "ZoneKind",
    "compile_map",
]

ROUTES_KEPT: Final = 64  # a long one takes a quarter of a megabyte


@dataclass(frozen=True, slots=True, eq=False)
class CorridorMap:
    """A map that has passed every check. Mappings are read-only and in order of id.

    origin_lon_lat   degrees, WGS84: x = y = 0
    digest           32 bytes, SHA-256 of the compiled content
    boundary_xy_m    (n, 2) the border line, map frame, metres
    """

    name: str
    origin_lon_lat: tuple[float, float]
    digest: bytes
    lanes: Mapping[str, Lane]
    zones: Mapping[str, Zone]
    gates: Mapping[str, Gate]
    stations: Mapping[str, Station]
    bays: Mapping[str, Bay]
    berths: Mapping[str, Berth]
    pockets: Mapping[str, Pocket]
    detectors: Mapping[str, Detector]
    markers: Mapping[str, Marker]
    stop_lines: Mapping[str, StopLine]
    boundary_xy_m: Array

    @property
    def frame(self) -> LocalFrame:
        """The metric frame of the map, to and from degrees."""
        return LocalFrame(*self.origin_lon_lat)

    def path_lanes(
        self,
        from_lane: str,
        to_lane: str,
        via: Sequence[str] = (),
        avoid: Collection[str] = (),
    ) -> tuple[str, ...]:
        """Lanes of the shortest way between two lanes, both included, through `via` in order.

        Least metres; among equals the way whose lane ids sort first. Lanes in `avoid` are not
        driven.
        Raises RouteError if a lane is unknown, or if there is no such way.
        """
        stops = (from_lane, *via, to_lane)
        for name in stops:
            if name not in self.lanes:
                raise RouteError(f"there is no lane {name} in map {self.name}")
            if name in avoid:
                raise RouteError(f"lane {name} is to be driven and to be avoided")
        path = [from_lane]
        for start, goal in pairwise(stops):
            if start != goal:
                path += self._shortest(start, goal, frozenset(avoid))[1:]
        return tuple(path)

    def route(self, lanes: Sequence[str]) -> Route:
        """The driving line over lanes that follow each other. RouteError if they do not.

        The newest are kept: whoever plans a way, grants it and drives it asks for the same.
        """
        return _route(self, tuple(lanes))

    def markers_on(self, route: Route) -> Array:
        """(m, 3) markers of a route of this map as [s m, x m, y m], in order of s.

        x and y are where the marker was surveyed, up to a metre beside the line; s is the place of
        the line next to it. A lane that is driven twice has its markers twice. m may be 0.
        """
        of_lane: dict[str, list[Marker]] = {}
        for marker in self.markers.values():
            of_lane.setdefault(marker.lane, []).append(marker)
        rows = [
            (start_m + marker.offset_m, marker.x_m, marker.y_m)
            for lane, start_m in zip(route.lanes, route.starts_m, strict=True)
            for marker in of_lane.get(lane, ())
        ]
        return np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)

    def _shortest(self, start: str, goal: str, avoid: frozenset[str]) -> list[str]:
        """Dijkstra over whole millimetres; the queue holds paths, so that ties sort by id."""
        done: set[str] = set()
        queue: list[tuple[int, tuple[str, ...]]] = [(0, (start,))]
        while queue:
            driven_mm, path = heapq.heappop(queue)
            lane = self.lanes[path[-1]]
            if lane.id == goal:
                return list(path)
            if lane.id in done:
                continue
            done.add(lane.id)
            for name in lane.successors:
                if name not in done and name not in avoid:
                    further_mm = driven_mm + round(self.lanes[name].length_m * 1000)
                    heapq.heappush(queue, (further_mm, (*path, name)))
        raise RouteError(f"no way leads from lane {start} to lane {goal}")


@functools.lru_cache(maxsize=ROUTES_KEPT)
def _route(corridor: CorridorMap, lanes: tuple[str, ...]) -> Route:
    for name in lanes:
        if name not in corridor.lanes:
            raise RouteError(f"there is no lane {name} in map {corridor.name}")
    for before, after in pairwise(lanes):
        if after not in corridor.lanes[before].successors:
            raise RouteError(f"lane {after} does not follow lane {before}")
    parts = [corridor.lanes[name] for name in lanes]
    return build_route(
        [Stretch(p.id, p.zone, p.speed_mps, p.xy_m, p.grade, p.width_m) for p in parts]
    )


def compile_map(text: bytes) -> CorridorMap:
    """Read, check and build a map. Raises MapError, and nothing else, with all faults found."""
    sheet = read_sheet(text)
    origin = sheet.origin_lon_lat
    if origin is None:
        raise MapError(sheet.faults)
    check_published(sheet, LocalFrame(*origin))
    parts = build_parts(sheet, origin)
    whole = not sheet.faults
    check_geometry(parts, sheet, LocalFrame(*origin))
    if whole and not sheet.faults:
        check_rules(parts, sheet)
    if sheet.faults:
        # A datum explains many other faults, so it is told first.
        raise MapError(sorted(sheet.faults, key=lambda fault: fault.field != "datum"))
    return CorridorMap(
        name=parts.name,
        origin_lon_lat=origin,
        digest=_digest(parts),
        lanes=MappingProxyType(parts.lanes),
        zones=MappingProxyType(parts.zones),
        gates=MappingProxyType(parts.gates),
        stations=MappingProxyType(parts.stations),
        bays=MappingProxyType(parts.bays),
        berths=MappingProxyType(parts.berths),
        pockets=MappingProxyType(parts.pockets),
        detectors=MappingProxyType(parts.detectors),
        markers=MappingProxyType(parts.markers),
        stop_lines=MappingProxyType(parts.stop_lines),
        boundary_xy_m=parts.boundary_xy_m,
    )


def _digest(parts: Parts) -> bytes:
    """SHA-256 over the parts as canonical JSON: sorted names, no spaces, whole millimetres.

    Origin in units of 1e-8 degrees; speeds in mm/s, grades in 1e-6. Order and layout of the file,
    its notes and zone polygons do not enter: they do not change what anybody does.
    """
    content = {each.name: _plain(getattr(parts, each.name)) for each in fields(parts)}
    content["origin_lon_lat"] = [round(each * 1e8) for each in parts.origin_lon_lat]
    for name, lane in parts.lanes.items():
        content["lanes"][name]["grade"] = round(lane.grade * 1e6)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).digest()


def _plain(value: object) -> Any:
    """A value as JSON with integers only: metres become millimetres."""
    if isinstance(value, np.ndarray):
        return np.rint(value * 1000.0).astype(np.int64).tolist()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value * 1000.0)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value  # None, a string, a truth value or a count
