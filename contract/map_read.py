"""Reading a map file: bytes to typed features, or the faults that prevent it.

Pure. In: the bytes of a GeoJSON file (RFC 7946) that nobody vouches for. Out: a `Sheet`: header,
features whose every property has passed `map_schema`, and all faults found so far.
Not here: whether the features make a corridor (`map_build`, `map_check`).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, cast

import numpy as np

from contract.geodesy import Array
from contract.map_parts import FAULTS_SHOWN_MAX, MapFault, Said, shown
from contract.map_schema import FORMAT_VERSION, KINDS, NAME, Kind

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
DEPTH_MAX: Final = 24
FEATURES_MAX: Final = 5_000
LAT_DEG_MAX: Final = 75.0  # no roads beyond; [lat, lon] of many places is caught by it
VERTICES_MAX: Final = 20_000  # in one feature
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_POSITIONS_MIN: Final = {"Point": 1, "LineString": 2, "Polygon": 4}
_HEADER_NEEDS: Final = ("name", "format_version", "origin", "schematic")
_HEADER_MAY: Final = ("published", "attribution", "note")


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One feature: its id, kind, checked properties, and vertices (n, 2) in degrees [lon, lat].

    The schema has read `values`: what it says is there has the type it says.
    """

    id: str
    kind: str
    values: Mapping[str, object]
    lon_lat_deg: Array

    def text(self, name: str) -> str:
        return cast("str", self.values[name])

    def maybe_text(self, name: str) -> str | None:
        return self.text(name) if name in self.values else None

    def texts(self, name: str) -> tuple[str, ...]:
        return cast("tuple[str, ...]", self.values[name])

    def number(self, name: str) -> float:
        return cast("float", self.values[name])

    def maybe_count(self, name: str) -> int | None:
        return cast("int | None", self.values.get(name))

    def flag(self, name: str) -> bool:
        return self.values.get(name) is True


@dataclass(slots=True, eq=False)
class Sheet:
    """What could be read. `ids` also holds ids of features that had faults of their own."""

    name: str = ""
    origin_lon_lat: tuple[float, float] | None = None
    published: list[tuple[str, Array]] = field(default_factory=list)
    features: list[Feature] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    faults: list[MapFault] = field(default_factory=list)

    def fault(self, feature: str, name: str, value: object, expected: str) -> None:
        if len(self.faults) >= FAULTS_SHOWN_MAX:
            return
        self.faults.append(MapFault(feature, name, shown(value), expected))

    def of(self, kind: str) -> list[Feature]:
        """Features of one kind in order of id: the order in the file means nothing."""
        return sorted((each for each in self.features if each.kind == kind), key=lambda f: f.id)


def read_sheet(text: bytes) -> Sheet:
    """Read a map file; never raises. Faults that hide everything else end the reading early."""
    sheet = Sheet()
    document = _parse(text, sheet)
    if sheet.faults:
        return sheet
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        value = document.get("type", Said("missing")) if isinstance(document, dict) else document
        sheet.fault("file", "type", value, "a GeoJSON object of type FeatureCollection")
        return sheet
    _read_header(document, sheet)
    features = document.get("features", Said("missing"))
    if not isinstance(features, list) or not 1 <= len(features) <= FEATURES_MAX:
        sheet.fault("file", "features", features, f"a list of 1 to {FEATURES_MAX} features")
        return sheet
    for index, each in enumerate(features):
        _read_feature(index, each, sheet)
    return sheet


def _parse(text: bytes, sheet: Sheet) -> object:
    if len(text) > FILE_BYTES_MAX:
        size = Said(f"{len(text)} bytes")
        sheet.fault("file", "size", size, f"at most {FILE_BYTES_MAX} bytes")
        return None
    marks = np.frombuffer(_STRINGS.sub(b"", text), dtype=np.uint8)
    opening = (marks == ord("[")) | (marks == ord("{"))
    closing = (marks == ord("]")) | (marks == ord("}"))
    depth = int(np.cumsum(opening.astype(np.int64) - closing).max(initial=0))
    if depth > DEPTH_MAX:
        sheet.fault("file", "nesting", depth, f"at most {DEPTH_MAX} levels")
        return None

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        counts = Counter(name for name, _ in found)
        for name in (name for name, count in counts.items() if count > 1):
            sheet.fault("file", "name", name, "each name once in an object, found it twice")
        return dict(found)

    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=pairs)
    except UnicodeDecodeError as error:
        sheet.fault("file", "text", Said(f"not UTF-8 at byte {error.start}"), "GeoJSON in UTF-8")
    except json.JSONDecodeError as error:
        where = f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        sheet.fault("file", "text", Said(where), "GeoJSON (RFC 7946)")
    except (ValueError, RecursionError):
        sheet.fault("file", "text", Said("not JSON that can be read"), "GeoJSON (RFC 7946)")
    return None


def _read_header(document: Mapping[str, object], sheet: Sheet) -> None:
    header = document.get("corridor", Said("missing"))
    if not isinstance(header, dict):
        sheet.fault("file", "corridor", header, "an object with " + ", ".join(_HEADER_NEEDS))
        return
    for name in header:
        if name not in _HEADER_NEEDS + _HEADER_MAY:
            _unknown("corridor", name, _HEADER_NEEDS + _HEADER_MAY, sheet)
    name = header.get("name", Said("missing"))
    if isinstance(name, str) and NAME.fullmatch(name):
        sheet.name = name
    else:
        sheet.fault("corridor", "name", name, "a name such as bakhty_pokitu")
    version = header.get("format_version", Said("missing"))
    if version != FORMAT_VERSION or isinstance(version, bool):
        sheet.fault("corridor", "format_version", version, str(FORMAT_VERSION))
    schematic = header.get("schematic", Said("missing"))
    if not isinstance(schematic, bool):
        sheet.fault("corridor", "schematic", schematic, "true or false: is the geometry a sketch?")
    before = len(sheet.faults)
    origin = header.get("origin", Said("missing"))
    position = _position("corridor", "origin", origin, sheet)
    if len(sheet.faults) == before and position is not None:
        sheet.origin_lon_lat = position
    _read_published(header.get("published", []), sheet)


def _read_published(published: object, sheet: Sheet) -> None:
    """Entries `{"what": ..., "source": ..., "feature": id, "coordinates": [[lon, lat], ...]}`."""
    expected = "a list of objects with what and source, and optionally feature and coordinates"
    if not isinstance(published, list) or len(published) > 64:
        sheet.fault("corridor", "published", published, expected)
        return
    for index, each in enumerate(published):
        label = f"published[{index}]"
        known = ("what", "source", "feature", "coordinates")
        if not isinstance(each, dict) or not all(
            isinstance(each.get(name), str) for name in ("what", "source")
        ):
            sheet.fault("corridor", label, each, expected)
            continue
        for name in each:
            if name not in known:
                _unknown(f"corridor {label}", name, known, sheet)
        if "coordinates" not in each:
            continue
        line = _positions(f"corridor {label}", each["coordinates"], 1, sheet)
        feature = each.get("feature", "")
        if line is not None and isinstance(feature, str):
            sheet.published.append((feature, line))


def _read_feature(index: int, raw: object, sheet: Sheet) -> None:
    label = f"feature {index}"
    if not isinstance(raw, dict) or raw.get("type") != "Feature":
        value = raw.get("type", Said("missing")) if isinstance(raw, dict) else raw
        sheet.fault(label, "type", value, "a GeoJSON Feature")
        return
    properties = raw.get("properties", Said("missing"))
    if not isinstance(properties, dict):
        sheet.fault(label, "properties", properties, "an object with kind and id")
        return
    before = len(sheet.faults)
    name, label = _read_id(label, properties.get("id", Said("missing")), sheet)
    kind_name = properties.get("kind", Said("missing"))
    kind = KINDS.get(kind_name) if isinstance(kind_name, str) else None
    if kind is None:
        near = _nearest(kind_name, tuple(KINDS))
        sheet.fault(label, "kind", kind_name, "one of " + ", ".join(KINDS) + near)
        return
    if name:
        sheet.ids[name] = str(kind_name)
    values = _read_values(label, properties, kind, sheet)
    line = _read_geometry(label, raw.get("geometry"), kind.geometry, sheet)
    if len(sheet.faults) == before and name and line is not None:
        sheet.features.append(Feature(name, str(kind_name), values, line))


def _read_id(label: str, value: object, sheet: Sheet) -> tuple[str, str]:
    """The id ('' if it has none that can be used) and the label of the feature in messages."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        expected = "a name of a-z, 0-9 and _ that begins with a letter, at most 48 characters"
        sheet.fault(label, "id", value, expected)
        return "", label
    if value in sheet.ids:
        sheet.fault(value, "id", value, f"an id of its own: {label} has the same as one before")
        return "", value
    return value, value


def _read_values(
    label: str, properties: Mapping[str, object], kind: Kind, sheet: Sheet
) -> dict[str, object]:
    values: dict[str, object] = {}
    known = {**kind.needs, **kind.may}
    for name in kind.needs:
        if name not in properties:
            sheet.fault(label, name, Said("missing"), kind.needs[name].expected)
    for name, value in properties.items():
        if name in ("id", "kind"):
            continue
        if name not in known:
            _unknown(label, name, ("id", "kind", *known), sheet)
            continue
        try:
            values[name] = known[name].read(value)
        except ValueError:
            sheet.fault(label, name, value, known[name].expected)
    return values


def _read_geometry(label: str, raw: object, wanted: str, sheet: Sheet) -> Array | None:
    found = raw.get("type", Said("missing")) if isinstance(raw, dict) else raw
    if not isinstance(raw, dict) or found != wanted:
        sheet.fault(label, "geometry", found, f"a geometry of type {wanted}")
        return None
    coordinates = raw.get("coordinates", Said("missing"))
    if wanted == "Point":
        position = _position(label, "coordinates", coordinates, sheet)
        return None if position is None else np.array([position])
    if wanted == "Polygon":
        if not isinstance(coordinates, list) or len(coordinates) != 1:
            sheet.fault(label, "coordinates", coordinates, "one ring, without holes")
            return None
        coordinates = coordinates[0]
    line = _positions(label, coordinates, _POSITIONS_MIN[wanted], sheet)
    if wanted == "Polygon" and line is not None and not np.array_equal(line[0], line[-1]):
        sheet.fault(label, "coordinates", line[-1].tolist(), f"a ring ending at {line[0].tolist()}")
        return None
    return line


def _positions(label: str, raw: object, least: int, sheet: Sheet) -> Array | None:
    if not isinstance(raw, list) or not least <= len(raw) <= VERTICES_MAX:
        expected = f"a list of {least} to {VERTICES_MAX} positions [lon, lat]"
        sheet.fault(label, "coordinates", raw, expected)
        return None
    points: list[tuple[float, float]] = []
    for index, each in enumerate(raw):
        point = _position(label, f"coordinates[{index}]", each, sheet)
        if point is None:
            return None  # one fault a line is enough
        points.append(point)
    return np.array(points)


def _position(label: str, name: str, raw: object, sheet: Sheet) -> tuple[float, float] | None:
    if (
        not isinstance(raw, list)
        or not 2 <= len(raw) <= 3
        or any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in raw)
        or any(isinstance(each, int) and abs(each) > 10**6 for each in raw)
        or not all(math.isfinite(each) for each in raw)
    ):
        sheet.fault(label, name, raw, "[lon, lat] in degrees, two finite numbers")
        return None
    lon, lat = float(raw[0]), float(raw[1])
    if not (-180.0 <= lon <= 180.0 and -LAT_DEG_MAX <= lat <= LAT_DEG_MAX):
        swapped = -180.0 <= lat <= 180.0 and -LAT_DEG_MAX <= lon <= LAT_DEG_MAX
        hint = "; it looks like [lat, lon]" if swapped else ""
        sheet.fault(label, name, raw, "[lon, lat], lon within 180 and lat within 75 degrees" + hint)
        return None
    return lon, lat


def _unknown(label: str, name: str, known: tuple[str, ...], sheet: Sheet) -> None:
    if len(sheet.faults) >= FAULTS_SHOWN_MAX:
        return
    expected = "one of " + ", ".join(known) + _nearest(name, known)
    sheet.fault(label, "property", name, expected)


def _nearest(value: object, known: tuple[str, ...]) -> str:
    close: list[str] = []
    if isinstance(value, str) and len(value) <= 64:
        close = get_close_matches(value, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""
