"""Building a map's parts: read features to lanes, zones and places in the metric frame.

Pure. In: a `Sheet` of features that are sound one by one. Out: `Parts` of everything whose
references hold, and a fault for each that does not. Point features become an offset on the lane
they name.
Not here: whether the parts make a corridor that can be driven (`map_check`).
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

import numpy as np

from contract.geodesy import Array, LocalFrame
from contract.map_datum import shift_xy_m, without_shift
from contract.map_parts import (
    FAULTS_SHOWN_MAX,
    Bay,
    Berth,
    Detector,
    Gate,
    Lane,
    Marker,
    Parts,
    Pocket,
    Said,
    Station,
    StopLine,
    Zone,
    ZoneKind,
)
from contract.map_read import Feature, Sheet
from contract.polyline import arc_lengths_m, project

MAP_RADIUS_M: Final = 20_000.0  # the flat frame is good for a corridor, not for a country
POINT_OFF_LANE_M_MAX: Final = 1.0
SEGMENT_M_MIN: Final = 0.02


def build_parts(sheet: Sheet, origin: tuple[float, float]) -> Parts:
    """All parts that can be built; adds to `sheet.faults` what cannot."""
    frame = LocalFrame(*origin)
    for feature in sheet.features:
        _near_origin(feature, frame, sheet)
    lanes = _lanes(sheet, frame)
    zones = _zones(sheet, lanes)
    spots = _Spots(sheet, frame, lanes)
    stop_lines = {
        each.id: StopLine(each.id, lane.id, offset) for each, lane, offset in spots.of("stop_line")
    }
    boundaries = sheet.of("boundary_line")
    if len(boundaries) != 1 and "boundary_line" not in _broken_kinds(sheet):
        ids = ", ".join(each.id for each in boundaries) or "missing"
        sheet.fault("file", "boundary_line", Said(ids), "exactly one boundary_line")
    boundary = boundaries[0] if len(boundaries) == 1 else None
    return Parts(
        name=sheet.name,
        origin_lon_lat=origin,
        lanes=lanes,
        zones=zones,
        gates=_gates(spots, stop_lines),
        stations={
            f.id: Station(
                f.id, f.text("country"), f.texts("kinds"), f.text("direction"), at.id, at.zone, s_m
            )
            for f, at, s_m in spots.of("station")
        },
        bays={
            f.id: Bay(f.id, f.text("country"), f.text("direction"), at.id, at.zone, s_m)
            for f, at, s_m in spots.of("bay")
        },
        berths={
            f.id: Berth(
                *(f.id, f.text("country"), at.id, at.zone, s_m),
                departures=f.flag("departures"),
                arrivals=f.flag("arrivals"),
            )
            for f, at, s_m in spots.of("berth")
        },
        pockets={
            f.id: Pocket(f.id, f.text("country"), at.id, at.zone, s_m)
            for f, at, s_m in spots.of("pocket")
        },
        detectors={
            f.id: Detector(f.id, at.id, s_m, f.text("zone_before"), f.text("zone_after"))
            for f, at, s_m in spots.of("detector")
        },
        markers={
            f.id: Marker(
                f.id, at.id, s_m, *(float(each) for each in frame.to_xy_m(f.lon_lat_deg)[0])
            )
            for f, at, s_m in spots.of("marker")
        },
        stop_lines=stop_lines,
        boundary_xy_m=frame.to_xy_m(boundary.lon_lat_deg) if boundary else np.empty((0, 2)),
        boundary_left=boundary.text("left") if boundary else "",
    )


def _broken_kinds(sheet: Sheet) -> set[str]:
    """Kinds of which some feature could not be read: nobody is told that these are missing."""
    sound = {each.id for each in sheet.features}
    return {kind for name, kind in sheet.ids.items() if name not in sound}


def _near_origin(feature: Feature, frame: LocalFrame, sheet: Sheet) -> None:
    distance = _farthest_m(frame, feature.lon_lat_deg)
    if distance > MAP_RADIUS_M:
        swapped = _farthest_m(frame, feature.lon_lat_deg[:, ::-1]) <= MAP_RADIUS_M
        hint = "; it looks like [lat, lon]" if swapped else ""
        expected = f"[lon, lat] within {MAP_RADIUS_M / 1000:.0f} km of the corridor's origin" + hint
        sheet.fault(feature.id, "coordinates", Said(f"{distance / 1000:.1f} km away"), expected)


def _farthest_m(frame: LocalFrame, lon_lat_deg: Array) -> float:
    return float(np.abs(frame.to_xy_m(lon_lat_deg)).max())


def _lanes(sheet: Sheet, frame: LocalFrame) -> dict[str, Lane]:
    lanes: dict[str, Lane] = {}
    for each in sheet.of("lane"):
        xy_m = frame.to_xy_m(each.lon_lat_deg)
        along_m = arc_lengths_m(xy_m)
        shortest = int(np.argmin(np.diff(along_m)))
        if along_m[shortest + 1] - along_m[shortest] < SEGMENT_M_MIN:
            value = Said(f"two vertices {along_m[shortest + 1] - along_m[shortest]:.4f} m apart")
            expected = f"vertices at least {SEGMENT_M_MIN} m apart"
            sheet.fault(each.id, f"coordinates[{shortest + 1}]", value, expected)
            continue
        xy_m.setflags(write=False)
        lanes[each.id] = Lane(
            id=each.id,
            zone=each.text("zone"),
            country=each.maybe_text("country"),
            width_m=each.number("width_m"),
            speed_mps=each.number("speed_mps"),
            grade=each.number("grade"),
            successors=each.texts("successors"),
            xy_m=xy_m,
            length_m=float(along_m[-1]),
        )
    return lanes


def _zones(sheet: Sheet, lanes: Mapping[str, Lane]) -> dict[str, Zone]:
    inside: dict[str, list[str]] = {}
    for lane in lanes.values():
        inside.setdefault(lane.zone, []).append(lane.id)
    named = {each.maybe_text("zone") for each in sheet.of("lane")}
    zones: dict[str, Zone] = {}
    for each in sheet.of("zone"):
        if each.id not in named and "lane" not in _broken_kinds(sheet):
            sheet.fault(each.id, "lanes", Said("none"), "at least one lane that names this zone")
        zones[each.id] = Zone(
            id=each.id,
            kind=ZoneKind(each.text("zone_kind")),
            lanes=tuple(inside.get(each.id, ())),
            neutral=each.flag("neutral"),
            one_lane=each.flag("one_lane"),
            vehicles_max=each.maybe_count("vehicles_max"),
            mass_max_kg=each.maybe_count("mass_max_kg"),
            axle_max_kg=each.maybe_count("axle_max_kg"),
        )
    for lane in lanes.values():
        known(sheet, lane.id, "zone", lane.zone, kind="zone")
        for successor in lane.successors:
            known(sheet, lane.id, "successors", successor, kind="lane")
    return zones


def known(sheet: Sheet, feature: str, field: str, name: str, *, kind: str) -> bool:
    """Does a reference hold? Adds a fault with the nearest name if it does not."""
    if sheet.ids.get(name) == kind:
        return True
    if len(sheet.faults) >= FAULTS_SHOWN_MAX:
        return False  # looking for the nearest of many names takes time, and nobody would read it
    if name in sheet.ids:
        expected = f"the id of a {kind}; it is a {sheet.ids[name]}"
    else:
        names = [each for each, its_kind in sheet.ids.items() if its_kind == kind]
        close = get_close_matches(name, names, n=1)
        expected = f"the id of a {kind} of this map" + (
            f"; did you mean {close[0]}?" if close else ""
        )
    sheet.fault(feature, field, name, expected)
    return False


class _Spots:
    """Point features on the lanes they name."""

    def __init__(self, sheet: Sheet, frame: LocalFrame, lanes: Mapping[str, Lane]) -> None:
        self._sheet, self._frame, self._lanes = sheet, frame, lanes

    def of(self, kind: str) -> list[tuple[Feature, Lane, float]]:
        """(feature, its lane, offset in metres) of one kind, in order of id."""
        found = []
        for each in self._sheet.of(kind):
            name = each.text("lane")
            if (
                not known(self._sheet, each.id, "lane", name, kind="lane")
                or name not in self._lanes
            ):
                continue
            offset = self._offset_m(each, self._lanes[name])
            if offset is not None:
                found.append((each, self._lanes[name], offset))
        return found

    def _offset_m(self, feature: Feature, lane: Lane) -> float | None:
        point = self._frame.to_xy_m(feature.lon_lat_deg)[0]
        along_m, left_m = project(lane.xy_m, float(point[0]), float(point[1]))
        if abs(left_m) <= POINT_OFF_LANE_M_MAX:
            return along_m
        hint = ""
        for moved, carrier in (
            (without_shift(self._frame, point[None, :])[0], "the point carries"),
            (point + shift_xy_m(self._frame, point), f"lane {lane.id} carries"),
        ):
            if abs(project(lane.xy_m, float(moved[0]), float(moved[1]))[1]) <= POINT_OFF_LANE_M_MAX:
                hint = f"; {carrier} a GCJ-02 shift of {np.hypot(*(point - moved)):.0f} m"
                break
        value = Said(f"{abs(left_m):.2f} m from lane {lane.id}")
        expected = f"a point within {POINT_OFF_LANE_M_MAX:.0f} m of its lane's axis" + hint
        self._sheet.fault(feature.id, "coordinates", value, expected)
        return None


def _gates(spots: _Spots, stop_lines: Mapping[str, StopLine]) -> dict[str, Gate]:
    gates: dict[str, Gate] = {}
    sheet = spots._sheet
    for each, lane, barrier_m in spots.of("gate"):
        name = each.text("stop_line")
        if not known(sheet, each.id, "stop_line", name, kind="stop_line") or name not in stop_lines:
            continue
        line = stop_lines[name]
        if line.lane != lane.id:
            value = Said(f"{name} on lane {line.lane}")
            sheet.fault(each.id, "stop_line", value, f"a stop line on the gate's lane {lane.id}")
            continue
        gates[each.id] = Gate(
            id=each.id,
            country=each.text("country"),
            side=each.text("side"),
            direction=each.text("direction"),
            lane=lane.id,
            zone=lane.zone,
            stop_offset_m=line.offset_m,
            barrier_offset_m=barrier_m,
        )
    return gates
