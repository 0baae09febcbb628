"""Which datum was a map drawn on? Finds coordinates that carry the Chinese GCJ-02 shift.

Pure. A base map in GCJ-02 is 100 to 700 m off in WGS84, and drawings mix the two. Three comparisons
show it: the boundary line against a published one; lanes against the boundary (each lane says which
country it is in); and parts against each other, where the gap equals the shift.
Not here: the transform itself (`contract/geodesy.py`). Limits: docs/MAP.md, "Datum".
"""

from typing import Final

import numpy as np
import shapely

from contract.geodesy import Array, LocalFrame, gcj02_from_wgs84, wgs84_from_gcj02
from contract.map_parts import Lane, Said
from contract.map_read import Feature, Sheet

FIT_M: Final = 5.0  # a line fits a published one if no vertex is farther off
NEARBY_M: Final = 3_000.0  # a boundary this near a known one is meant to be it
GAP_FIT_M: Final = 3.0  # how well a gap must equal the shift to be explained by it

BAKHTY_POKITU_LINE: Final = np.array(
    [
        [82.79333, 46.70053],
        [82.78808, 46.68701],
        [82.78604, 46.68090],
        [82.78207, 46.66888],
    ]
)  # (C) OpenStreetMap contributors, ODbL


def without_shift(frame: LocalFrame, xy_m: Array) -> Array:
    """(n, 2) points of the map frame, taken to be GCJ-02, as they would stand in WGS84."""
    return frame.to_xy_m(wgs84_from_gcj02(frame.to_lon_lat_deg(xy_m)))


def shift_xy_m(frame: LocalFrame, xy_m: Array) -> Array:
    """(2,) what GCJ-02 adds at a point of the map frame, metres east and north."""
    there = frame.to_lon_lat_deg(xy_m[None, :])
    moved: Array = frame.to_xy_m(gcj02_from_wgs84(there))[0] - xy_m
    return moved


def check_published(sheet: Sheet, frame: LocalFrame) -> None:
    """Hold features against the published lines of the header and of this module."""
    features = {each.id: each for each in sheet.features}
    for name, line in sheet.published:
        if name in features:
            _hold_against(features[name], line, "published in this file", sheet=sheet, frame=frame)
        elif name and name not in sheet.ids:
            sheet.fault("corridor", "published.feature", name, "the id of a feature of this map")
    for feature in sheet.of("boundary_line"):
        own = _offset_m(feature.lon_lat_deg, BAKHTY_POKITU_LINE, frame)
        if FIT_M < own < NEARBY_M:
            _hold_against(feature, BAKHTY_POKITU_LINE, "of OpenStreetMap", sheet=sheet, frame=frame)


def _hold_against(
    feature: Feature, line: Array, source: str, *, sheet: Sheet, frame: LocalFrame
) -> None:
    if any(fault.feature == feature.id and fault.field == "datum" for fault in sheet.faults):
        return
    off_m = _offset_m(feature.lon_lat_deg, line, frame)
    if off_m <= FIT_M:
        return
    undone = wgs84_from_gcj02(feature.lon_lat_deg)
    value = Said(f"{off_m:.0f} m from the line {source}")
    if _offset_m(undone, line, frame) <= FIT_M:
        moved_m = np.hypot(*(frame.to_xy_m(undone) - frame.to_xy_m(feature.lon_lat_deg)).T)
        expected = (
            f"WGS84; the coordinates carry a GCJ-02 shift of {moved_m.mean():.0f} m"
            " and fit the published line without it"
        )
        sheet.fault(feature.id, "datum", value, expected)
    elif source == "published in this file":
        sheet.fault(feature.id, "datum", value, f"at most {FIT_M:.0f} m from it")


def _offset_m(lon_lat_deg: Array, line_deg: Array, frame: LocalFrame) -> float:
    """Greatest distance of a feature's vertices from a line, or of the line's from the feature.

    A feature may be a piece of the line, or finer: the smaller of the two directions counts.
    """
    one, two = frame.to_xy_m(lon_lat_deg), frame.to_xy_m(line_deg)
    return min(_greatest_m(one, two), _greatest_m(two, one))


def _greatest_m(points: Array, line: Array) -> float:
    whole = shapely.LineString(line) if len(line) > 1 else shapely.Point(line[0])
    return float(np.max(shapely.distance(shapely.points(points), whole)))


def explains_gap(frame: LocalFrame, before: Lane, after: Lane) -> str:
    """A hint if a gap between two lanes is the GCJ-02 shift of one of them, else ''."""
    end, start = before.xy_m[-1], after.xy_m[0]
    for shifted, truth, lane in ((start, end, after), (end, start, before)):
        moved = shift_xy_m(frame, truth)
        if float(np.hypot(*(shifted - truth - moved))) <= GAP_FIT_M:
            return f"; lane {lane.id} carries a GCJ-02 shift of {np.hypot(*moved):.0f} m"
    return ""
