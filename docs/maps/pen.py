"""A pen and a sheet: draws lanes from straights and arcs, and writes them as GeoJSON.

The pen draws on a flat plane; `Axis` then bends the plane along the corridor's middle line. Where
that line is straight nothing changes, and where it is an arc only lanes parallel to it are drawn,
so that every radius stays exact. Not here: where the lanes of a map run (`bakhty_pokitu`, `smoke`).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from contract.geodesy import Array, LocalFrame

ARC_STEP_RAD = 0.02  # between vertices, but never more than a metre
STOPS = frozenset({"stop_line", "station", "bay", "berth", "pocket"})
MARKS_BEFORE_STOP_M = (12.0, 2.0)
MARK_EVERY_M = 100.0  # along a way: bounds what a slow drift of the satellites can add up to


class Pen:
    """Draws one line on the flat plane; `cut` hands over what was drawn since the last cut."""

    def __init__(self, x_m: float, y_m: float, heading_rad: float = 0.0) -> None:
        self.x_m, self.y_m, self.heading_rad = x_m, y_m, heading_rad
        self._points: list[tuple[float, float]] = [(x_m, y_m)]

    def straight(self, length_m: float) -> "Pen":
        self.x_m += length_m * math.cos(self.heading_rad)
        self.y_m += length_m * math.sin(self.heading_rad)
        self._points.append((self.x_m, self.y_m))
        return self

    def arc(self, radius_m: float, left_rad: float) -> "Pen":
        """Turn by an angle, left positive, on a radius."""
        side = math.copysign(1.0, left_rad)
        centre_x = self.x_m - side * radius_m * math.sin(self.heading_rad)
        centre_y = self.y_m + side * radius_m * math.cos(self.heading_rad)
        steps = math.ceil(abs(left_rad) / min(ARC_STEP_RAD, 1.0 / radius_m))
        start = self.heading_rad
        for step in range(1, steps + 1):
            self.heading_rad = start + left_rad * step / steps
            self.x_m = centre_x + side * radius_m * math.sin(self.heading_rad)
            self.y_m = centre_y - side * radius_m * math.cos(self.heading_rad)
            self._points.append((self.x_m, self.y_m))
        return self

    def sway(self, left_m: float, radius_m: float, over_m: float) -> "Pen":
        """Change sides by two arcs, then go straight, over a length along the heading."""
        turn = math.acos(1.0 - abs(left_m) / (2.0 * radius_m))
        rest_m = over_m - sway_length_m(left_m, radius_m)
        if rest_m < -1e-9:
            raise ValueError(f"{left_m} m at radius {radius_m} m does not fit into {over_m} m")
        self.arc(radius_m, math.copysign(turn, left_m))
        self.arc(radius_m, -math.copysign(turn, left_m))
        return self.straight(rest_m) if rest_m > 0.03 else self

    def cut(self) -> Array:
        """(n, 2) the line since the last cut, flat plane, metres."""
        line = np.array(self._points)
        self._points = [(self.x_m, self.y_m)]
        return line


def sway_length_m(left_m: float, radius_m: float) -> float:
    """How far along its heading a line needs to change sides by two arcs."""
    return 2.0 * radius_m * math.sin(math.acos(1.0 - abs(left_m) / (2.0 * radius_m)))


@dataclass(frozen=True)
class Axis:
    """The corridor's middle line: through x = y = 0 at s = 0, with bends (from, to, left angle).

    Angles of bends are those for a traveller towards positive s; all in metres and radians.
    """

    heading_rad: float
    bends: Sequence[tuple[float, float, float]] = ()

    def place(self, flat_m: Array) -> Array:
        """(n, 2) flat plane (along, left) to (m, 2) map frame, with vertices added in bends."""
        return np.array([self._at(float(s), float(left)) for s, left in self._refined(flat_m)])

    def _refined(self, flat_m: Array) -> list[tuple[float, float]]:
        points = [(float(flat_m[0, 0]), float(flat_m[0, 1]))]
        for (s0, y0), (s1, y1) in pairwise(flat_m):
            inner: set[float] = set()
            for low, high, _ in self.bends:
                if abs(s1 - s0) > 2.0:
                    marks = np.arange(low, high + 0.5, 1.0)
                    inner |= {float(m) for m in marks if min(s0, s1) + 0.1 < m < max(s0, s1) - 0.1}
            for mark in sorted(inner, reverse=bool(s1 < s0)):
                share = (mark - s0) / (s1 - s0)
                points.append((mark, float(y0 + share * (y1 - y0))))
            points.append((float(s1), float(y1)))
        return points

    def _at(self, s_m: float, left_m: float) -> tuple[float, float]:
        x, y, psi = 0.0, 0.0, self.heading_rad
        at, sign = 0.0, math.copysign(1.0, s_m)
        bends = sorted(
            (b for b in self.bends if b[0] * sign >= 0.0), key=lambda b: abs(b[0] + b[1])
        )
        for low, high, angle in bends:
            near, far = (low, high) if sign > 0 else (high, low)
            straight = min(abs(s_m), abs(near)) - at
            x, y = x + sign * straight * math.cos(psi), y + sign * straight * math.sin(psi)
            at += straight
            inside = min(abs(s_m), abs(far)) - at
            if abs(s_m) > abs(near) and inside > 0.0:
                bend = angle / (high - low)
                turned = psi + sign * bend * inside
                x += (math.sin(turned) - math.sin(psi)) / bend
                y -= (math.cos(turned) - math.cos(psi)) / bend
                psi, at = turned, at + inside
        rest = abs(s_m) - at
        x, y = x + sign * rest * math.cos(psi), y + sign * rest * math.sin(psi)
        return x - left_m * math.sin(psi), y + left_m * math.cos(psi)


@dataclass
class Drawing:
    """Collects the features of one map and writes them."""

    frame: LocalFrame
    axis: Axis
    features: list[dict[str, Any]] = field(default_factory=list)
    _lanes: dict[str, Array] = field(default_factory=dict)
    _zones: dict[str, dict[str, Any]] = field(default_factory=dict)
    _zone_lanes: dict[str, list[Any]] = field(default_factory=dict)

    def lane(self, name: str, flat_m: Array, zone: str, **properties: Any) -> None:
        """A lane from a line on the flat plane. Properties that are None are left out."""
        xy_m = self.axis.place(flat_m)
        self._lanes[name] = xy_m
        half = properties["width_m"] / 2.0
        outline = shapely.LineString(xy_m).buffer(half, cap_style="flat")
        self._zone_lanes.setdefault(zone, []).append(outline)
        self._add("lane", name, "LineString", xy_m, zone=zone, **properties)

    def zone(self, name: str, zone_kind: str, **properties: Any) -> None:
        """A zone; its polygon is drawn around its lanes when the map is written."""
        self._zones[name] = {"zone_kind": zone_kind, **properties}

    def point(self, kind: str, name: str, lane: str, offset_m: float, **properties: Any) -> None:
        """A place on a lane, at an offset from its start (from its end if negative).

        A stop gets its markers: NAME_m12 and NAME_m02, the metres before it.
        """
        line = shapely.LineString(self._lanes[lane])
        along_m = offset_m if offset_m >= 0.0 else line.length + offset_m
        spot = line.interpolate(along_m)
        self._add(kind, name, "Point", np.array([[spot.x, spot.y]]), lane=lane, **properties)
        if kind in STOPS:
            for before_m in MARKS_BEFORE_STOP_M:
                self.point("marker", f"{name}_m{before_m:02.0f}", lane, along_m - before_m)

    def mark_way(self, lanes: Sequence[str]) -> None:
        """Markers along lanes in driving order: LANE_at057 stands 57 m (rounded down) into LANE."""
        to_next_m = MARK_EVERY_M / 2.0
        for lane in lanes:
            while to_next_m < self.end_of(lane):
                self.point("marker", f"{lane}_at{int(to_next_m):03d}", lane, to_next_m)
                to_next_m += MARK_EVERY_M
            to_next_m -= self.end_of(lane)

    def end_of(self, lane: str) -> float:
        return float(shapely.LineString(self._lanes[lane]).length)

    def boundary(self, name: str, lon_lat: Sequence[Sequence[float]], left: str) -> None:
        """The border line, in degrees as published."""
        geometry = {"type": "LineString", "coordinates": [list(each) for each in lon_lat]}
        properties = {"kind": "boundary_line", "id": name, "left": left, "published": True}
        self.features.append({"type": "Feature", "properties": properties, "geometry": geometry})

    def text(self, header: dict[str, Any]) -> str:
        """The GeoJSON file: one feature a line, kinds together, zones last."""
        for name, properties in self._zones.items():
            around = shapely.union_all(self._zone_lanes[name])
            around = around.buffer(1.5, join_style="mitre").buffer(-1.5, join_style="mitre")
            ring = np.array(shapely.Polygon(around.exterior).simplify(0.02).exterior.coords)
            self._add("zone", name, "Polygon", ring, **properties)
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in self.features)
        head = json.dumps(header, ensure_ascii=False, indent=1)
        return f'{{"type": "FeatureCollection",\n"corridor": {head},\n"features": [\n{lines}\n]}}\n'

    def _add(self, kind: str, name: str, geometry: str, xy_m: Array, **properties: Any) -> None:
        degrees = [[round(float(v), 8) for v in row] for row in self.frame.to_lon_lat_deg(xy_m)]
        coordinates: Any = {"Point": degrees[0], "LineString": degrees, "Polygon": [degrees]}[
            geometry
        ]
        kept = {key: value for key, value in properties.items() if value is not None}
        self.features.append(
            {
                "type": "Feature",
                "properties": {"kind": kind, "id": name, **kept},
                "geometry": {"type": geometry, "coordinates": coordinates},
            }
        )
