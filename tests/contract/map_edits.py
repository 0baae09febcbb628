"""Edits to map files: build a broken map by saying only what is broken about it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from contract.geodesy import gcj02_from_wgs84
from contract.map import MapError, MapFault, compile_map

MAPS: Final = Path(__file__).parents[2] / "contract" / "maps"
Json = dict[str, Any]


def map_bytes(name: str = "smoke") -> bytes:
    return (MAPS / f"{name}.geojson").read_bytes()


def map_json(name: str = "smoke") -> Json:
    document: Json = json.loads(map_bytes(name))
    return document


SMOKE: Final = map_json()


def a_map(*edits: Callable[[Json], None]) -> bytes:
    """The smoke map, edited."""
    document = copy.deepcopy(SMOKE)
    for edit in edits:
        edit(document)
    return json.dumps(document).encode()


def feature(document: Json, name: str) -> Json:
    found: Json = next(f for f in document["features"] if f["properties"].get("id") == name)
    return found


def put(name: str, field: str, value: object) -> Callable[[Json], None]:
    """Set a property of a feature."""
    return lambda document: feature(document, name)["properties"].update({field: value})


def drop(name: str, field: str) -> Callable[[Json], None]:
    """Leave out a property of a feature."""
    return lambda document: feature(document, name)["properties"].pop(field)


def remove(name: str) -> Callable[[Json], None]:
    """Leave out a feature."""
    return lambda document: document["features"].remove(feature(document, name))


def draw(name: str, coordinates: object) -> Callable[[Json], None]:
    """Set the coordinates of a feature."""
    return lambda document: feature(document, name)["geometry"].update(coordinates=coordinates)


def header(field: str, value: object) -> Callable[[Json], None]:
    """Set a member of the header."""
    return lambda document: document["corridor"].update({field: value})


def moved(name: str, east_deg: float, north_deg: float = 0.0) -> Callable[[Json], None]:
    """Move all vertices of a feature."""
    return lambda document: reshape(
        feature(document, name), lambda xy: xy + np.array([east_deg, north_deg])
    )


def shifted(*kinds: str, where: Callable[[Json], bool] = lambda _: True) -> Callable[[Json], None]:
    """Carry the features of some kinds (all, if none is named) over to GCJ-02."""

    def edit(document: Json) -> None:
        for each in document["features"]:
            if (not kinds or each["properties"]["kind"] in kinds) and where(each):
                reshape(each, gcj02_from_wgs84)

    return edit


def reshape(each: Json, change: Callable[[Any], Any]) -> None:
    geometry = each["geometry"]
    depth = {"Point": 0, "LineString": 1, "Polygon": 2}[geometry["type"]]
    flat = np.array(geometry["coordinates"], dtype=np.float64).reshape(-1, 2)
    new = change(flat).tolist()
    geometry["coordinates"] = new[0] if depth == 0 else new if depth == 1 else [new]


def faults(text: bytes) -> tuple[MapFault, ...]:
    """The faults of a map that must not compile."""
    try:
        compile_map(text)
    except MapError as error:
        return error.faults
    raise AssertionError("the map compiled")


def fault(text: bytes, name: str, field: str) -> MapFault:
    """The fault of one field of one feature; fails with all that were found instead."""
    found = faults(text)
    for each in found:
        if each.feature == name and each.field.startswith(field):
            return each
    raise AssertionError("\n".join(map(str, found)))
