"""Does the map fit together on the ground? Lanes, joins, zones and the border line.

Pure. In: `Parts` that could be built. Out: faults, added to the sheet. Each check stands alone and
looks at a part and its neighbours only; what concerns the corridor as a whole is in `map_rules`.
Limits with their reasons: docs/MAP.md, "Rules".
"""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import shapely

from contract.geodesy import LocalFrame
from contract.map_datum import explains_gap, without_shift
from contract.map_parts import Lane, Parts, Said, ZoneKind
from contract.map_read import Sheet
from contract.polyline import curvatures_per_m, heading_knots, headings_rad, project

JOIN_GAP_M_MAX: Final = 0.05
JOIN_TURN_RAD_MAX: Final = math.radians(2.0)
KINK_RAD_MAX: Final = math.radians(4.0)  # between neighbouring segments: finer drawing is asked for
RADIUS_M_MIN: Final = 80.0  # at 25 km/h 0.6 m/s^2 to the side
RADIUS_SLOW_M_MIN: Final = 25.0  # a trailer follows at 19 degrees; width is judged in `map_swept`
SLOW_MPS_MAX: Final = 5.0  # v^2 / R stays at or under 1.0 m/s^2
RADIUS_TOLERANCE: Final = 0.03  # vertices stand on a grid of a millimetre
WIDTH_M_MIN: Final = 3.0  # a truck of 2.55 m and what its pilot may be off
ZONE_COVER_M: Final = 0.05


def check_geometry(parts: Parts, sheet: Sheet, frame: LocalFrame) -> None:
    """Every check that needs no more than a part and its neighbours."""
    for lane in parts.lanes.values():
        _check_lane(lane, sheet)
        for name in lane.successors:
            if name in parts.lanes:
                _check_join(lane, parts.lanes[name], sheet, frame)
    _check_cover(parts, sheet, frame)
    _check_countries(parts, sheet)
    if len(parts.boundary_xy_m) and not any(fault.field == "datum" for fault in sheet.faults):
        _check_boundary(parts, sheet, frame)


def _check_lane(lane: Lane, sheet: Sheet) -> None:
    if lane.width_m < WIDTH_M_MIN:
        sheet.fault(
            lane.id, "width_m", lane.width_m, f"at least {WIDTH_M_MIN} m for a truck of 2.55 m"
        )
    turns = np.abs(np.diff(headings_rad(lane.xy_m)))
    if len(turns) and turns.max() > KINK_RAD_MAX:
        index = int(np.argmax(turns)) + 1
        value = Said(f"a kink of {math.degrees(turns.max()):.1f} deg")
        expected = f"at most {math.degrees(KINK_RAD_MAX):.0f} deg between neighbouring segments"
        sheet.fault(lane.id, f"coordinates[{index}]", value, expected)
        return
    knots = heading_knots(lane.xy_m)
    bend = np.abs(curvatures_per_m(knots, np.arange(0.0, lane.length_m + 0.5, 0.5))).max()
    least = RADIUS_SLOW_M_MIN if lane.speed_mps <= SLOW_MPS_MAX else RADIUS_M_MIN
    if bend * least > 1.0 + RADIUS_TOLERANCE:
        expected = (
            f"a radius of at least {RADIUS_M_MIN:.0f} m, or {RADIUS_SLOW_M_MIN:.0f} m where a"
            f" lane is at most {SLOW_MPS_MAX:.0f} m/s fast"
        )
        sheet.fault(lane.id, "radius", Said(f"{1.0 / bend:.1f} m"), expected)


def _check_join(before: Lane, after: Lane, sheet: Sheet, frame: LocalFrame) -> None:
    gap_m = float(np.hypot(*(after.xy_m[0] - before.xy_m[-1])))
    if gap_m > JOIN_GAP_M_MAX:
        value = Said(f"{after.id}, which begins {gap_m:.3f} m from its end")
        expected = f"a lane that begins within {JOIN_GAP_M_MAX} m" + explains_gap(
            frame, before, after
        )
        sheet.fault(before.id, "successors", value, expected)
        return
    turn = headings_rad(after.xy_m)[0] - headings_rad(before.xy_m)[-1]
    turn = abs(math.remainder(turn, 2.0 * math.pi))
    if turn > JOIN_TURN_RAD_MAX:
        value = Said(f"{after.id}, which begins {math.degrees(turn):.1f} deg off its heading")
        expected = f"a lane within {math.degrees(JOIN_TURN_RAD_MAX):.0f} deg of the same heading"
        sheet.fault(before.id, "successors", value, expected)


def _check_cover(parts: Parts, sheet: Sheet, frame: LocalFrame) -> None:
    """Zone polygons are sound and cover the lanes that name them."""
    outlines: dict[str, shapely.Polygon] = {}
    for each in sheet.of("zone"):
        polygon = shapely.Polygon(frame.to_xy_m(each.lon_lat_deg))
        if not polygon.is_valid or polygon.area < 1.0:
            value = Said(
                f"a ring of {polygon.area:.2f} m2 that is {shapely.is_valid_reason(polygon)}"
            )
            sheet.fault(each.id, "coordinates", value, "a ring that does not cross itself")
            continue
        outlines[each.id] = polygon
    lanes = [lane for lane in parts.lanes.values() if lane.zone in outlines]
    if not lanes:
        return
    wide = shapely.buffer([outlines[lane.zone] for lane in lanes], ZONE_COVER_M)
    covered = shapely.covers(wide, shapely.linestrings(_ragged(lanes), indices=_indices(lanes)))
    for lane, inside in zip(lanes, covered, strict=True):
        if inside:
            continue
        hint = ""
        moved = shapely.LineString(without_shift(frame, lane.xy_m))
        if outlines[lane.zone].buffer(1.0).covers(moved):
            hint = "; in WGS84 it is: the lane carries a GCJ-02 shift"
        outside = shapely.LineString(lane.xy_m).difference(outlines[lane.zone]).length
        value = Said(f"{lane.zone}, whose polygon leaves out {outside:.2f} m of the lane")
        sheet.fault(lane.id, "zone", value, "a zone whose polygon covers the lane" + hint)


def _ragged(lanes: list[Lane]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.concatenate([lane.xy_m for lane in lanes])


def _indices(lanes: list[Lane]) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.repeat(np.arange(len(lanes)), [len(lane.xy_m) for lane in lanes])


def _check_countries(parts: Parts, sheet: Sheet) -> None:
    """What lies on a lane, or around it, names the same country as the lane."""
    for each in sheet.features:
        own = each.values.get("country")
        if each.kind == "zone" and each.id in parts.zones:
            lanes = [parts.lanes[name] for name in parts.zones[each.id].lanes]
            for lane in lanes:
                if lane.country != own:
                    expected = f"{lane.country or 'no country'}, as its lane {lane.id} has"
                    sheet.fault(each.id, "country", own or Said("missing"), expected)
                    break
        elif "lane" in each.values and own is not None:
            on = parts.lanes.get(each.text("lane"))
            if on is not None and on.country != own:
                expected = f"{on.country or 'no country'}, as its lane {on.id} has"
                sheet.fault(each.id, "country", own, expected)


def _check_boundary(parts: Parts, sheet: Sheet, frame: LocalFrame) -> None:
    """Each lane lies on its country's side, or crosses the line once, in a boundary section."""
    steps = np.hypot(*np.diff(parts.boundary_xy_m, axis=0).T)
    border = shapely.LineString(parts.boundary_xy_m)
    if steps.min() < 1e-3 or not border.is_simple:
        expected = "a line that does not cross itself, without repeated vertices"
        sheet.fault("boundary_line", "coordinates", Said("not simple"), expected)
        return
    lines = {lane.id: shapely.LineString(lane.xy_m) for lane in parts.lanes.values()}
    wrong = _misplaced(parts, border, lines)
    if not wrong:
        if not any(line.intersects(border) for line in lines.values()):
            sheet.fault("file", "boundary_line", Said("crossed by no lane"), "lanes that cross it")
        return
    moved = {n: shapely.LineString(without_shift(frame, parts.lanes[n].xy_m)) for n in lines}
    if len(wrong) > 1 and not _misplaced(parts, border, moved):
        some = parts.lanes[next(iter(wrong))]
        shift = np.hypot(*(without_shift(frame, some.xy_m[:1])[0] - some.xy_m[0]))
        value = Said(f"not the boundary line's: {len(wrong)} lanes lie on the wrong side")
        expected = (
            f"one datum (WGS84); all lanes carry a GCJ-02 shift of {shift:.0f} m against the line:"
            " without it every one lies right"
        )
        sheet.fault("lanes", "datum", value, expected)
        return
    for name, (field, seen, expected) in wrong.items():
        sheet.fault(name, field, seen, expected)


def _misplaced(
    parts: Parts, border: shapely.LineString, lines: Mapping[str, shapely.LineString]
) -> dict[str, tuple[str, object, str]]:
    """Lanes that contradict the border line: (field, value, expected) by lane."""
    wrong: dict[str, tuple[str, object, str]] = {}
    right = {"KZ": "CN", "CN": "KZ"}[parts.boundary_left]
    line_xy = np.array(border.coords)
    for name, line in lines.items():
        lane = parts.lanes[name]
        zone = parts.zones.get(lane.zone)
        if line.intersects(border):
            crossings = shapely.get_num_geometries(line.intersection(border))
            if crossings > 1:
                wrong[name] = ("coordinates", Said(f"{crossings} crossings of the line"), "one")
            elif lane.country is not None:
                wrong[name] = ("country", lane.country, "no country: the lane crosses the border")
            elif zone is not None and zone.kind is not ZoneKind.BOUNDARY:
                value = Said(f"{zone.id} of kind {zone.kind.value}")
                wrong[name] = ("zone", value, "a boundary zone: the lane crosses the border")
            continue
        _, left_m = project(line_xy, *line.coords[0])
        side = parts.boundary_left if left_m > 0.0 else right
        if lane.country != side:
            own = lane.country if lane.country is not None else Said("missing")
            wrong[name] = ("country", own, f"{side}: the lane lies on that side of the border")
    return wrong
