"""Every kind of broken map is refused with feature, field, value and what was expected."""

import copy
import json
import math
from collections.abc import Callable
from typing import Final

import pytest

from contract.map_read import FILE_BYTES_MAX
from tests.contract.map_edits import (
    SMOKE,
    Json,
    a_map,
    draw,
    drop,
    fault,
    faults,
    feature,
    header,
    moved,
    put,
    remove,
    reshape,
)


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        (b"", "text", "GeoJSON"),
        (b"{", "text", "GeoJSON"),
        (b"\xff\xfe", "text", "UTF-8"),
        (b"1" * 9_000, "text", "GeoJSON"),
        (b"null", "type", "FeatureCollection"),
        (b"[]", "type", "FeatureCollection"),
        (b'{"type": "Feature"}', "type", "FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "corridor", "origin"),
        (b'{"type": "FeatureCollection", "corridor": {}}', "features", "list"),
        (b"[" * 50, "nesting", "levels"),
        (b'{"a": ' * 500_000, "nesting", "levels"),
        (b" " * (FILE_BYTES_MAX + 1), "size", "bytes"),
        (b'{"type": 1, "type": 2}', "name", "once"),
    ],
)
def test_files_that_are_no_map(text: bytes, field: str, expected: str) -> None:
    assert expected in fault(text, "file", field).expected


def test_numbers_that_are_no_json_numbers() -> None:
    for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        text = a_map(draw("kz_d01", ["@", 46.6])).replace(b'"@"', value)
        assert "finite" in fault(text, "kz_d01", "coordinates").expected


PROPERTIES: Final[list[tuple[Callable[[Json], None], str, str, str]]] = [
    (header("name", 7), "corridor", "name", "a name"),
    (header("format_version", 2), "corridor", "format_version", "1"),
    (header("origin", [46.68, 82.8]), "corridor", "origin", "it looks like [lat, lon]"),
    (header("schematic", "yes"), "corridor", "schematic", "true or false"),
    (header("publsihed", []), "corridor", "property", "did you mean published?"),
    (header("published", [{"what": 1}]), "corridor", "published[0]", "what and source"),
    (put("kz_d01_a", "id", 5), "feature 1", "id", "a name"),
    (put("kz_d01_a", "id", "kz d 01"), "feature 1", "id", "a name"),
    (drop("kz_d01_a", "id"), "feature 1", "id", "a name"),
    (put("kz_d01_a", "id", "kz_d02_a"), "kz_d02_a", "id", "an id of its own"),
    (put("kz_d01_a", "kind", "line"), "kz_d01_a", "kind", "did you mean lane?"),
    (drop("kz_d01_a", "kind"), "kz_d01_a", "kind", "one of lane"),
    (put("kz_d01_a", "widht_m", 3.5), "kz_d01_a", "property", "did you mean width_m?"),
    (put("kz_d01_a", "width_m", 0), "kz_d01_a", "width_m", "above 0"),
    (put("kz_d01_a", "width_m", -3.5), "kz_d01_a", "width_m", "above 0"),
    (put("kz_d01_a", "width_m", "3.5"), "kz_d01_a", "width_m", "a number"),
    (put("kz_d01_a", "width_m", True), "kz_d01_a", "width_m", "a number"),
    (put("kz_d01_a", "width_m", 10**400), "kz_d01_a", "width_m", "a number"),
    (put("kz_d01_a", "width_m", 2.4), "kz_d01_a", "width_m", "truck of 2.55 m"),
    (drop("kz_d01_a", "width_m"), "kz_d01_a", "width_m", "a number"),
    (put("kz_d01_a", "speed_mps", 0.0), "kz_d01_a", "speed_mps", "above 0"),
    (put("kz_d01_a", "speed_mps", 25.0), "kz_d01_a", "speed_mps", "25 km/h"),
    (drop("kz_d01_a", "speed_mps"), "kz_d01_a", "speed_mps", "25 km/h"),
    (put("kz_d01_a", "grade", 0.09), "kz_d01_a", "grade", "from -0.08 to 0.08"),
    (put("kz_d01_a", "grade", math.nan), "kz_d01_a", "grade", "from -0.08 to 0.08"),
    (put("kz_d01_a", "country", "RU"), "kz_d01_a", "country", "one of KZ, CN"),
    (put("kz_d01_a", "successors", "kz_d01_out"), "kz_d01_a", "successors", "a list of ids"),
    (drop("kz_d01_a", "zone"), "kz_d01_a", "zone", "the id of a zone"),
    (put("kz_d01_z", "zone_kind", "berths"), "kz_d01_z", "zone_kind", "one of lane, station"),
    (put("boundary", "vehicles_max", 0), "boundary", "vehicles_max", "from 1 to"),
    (put("boundary", "mass_max_kg", 0.5), "boundary", "mass_max_kg", "whole number"),
    (put("kz_weigh_e", "kinds", []), "kz_weigh_e", "kinds", "not empty"),
    (put("kz_weigh_e", "kinds", ["radar"]), "kz_weigh_e", "kinds", "weighbridge"),
    (put("kz_out", "side", "out"), "kz_out", "side", "one of exit, entry"),
    (put("kz_d01", "arrivals", 1), "kz_d01", "arrivals", "true or false"),
    (put("border", "left", "left"), "border", "left", "one of KZ, CN"),
]


@pytest.mark.parametrize(("edit", "name", "field", "expected"), PROPERTIES)
def test_properties_out_of_range(
    edit: Callable[[Json], None], name: str, field: str, expected: str
) -> None:
    assert expected in fault(a_map(edit), name, field).expected


GEOMETRY: Final[list[tuple[object, str]]] = [
    ([], "a list of 2"),
    ([[82.78, 46.68]], "a list of 2"),
    ("here", "a list of 2"),
    ([[82.78, 46.68], [82.78]], "two finite numbers"),
    ([[82.78, 46.68], ["82.78", "46.68"]], "two finite numbers"),
    ([[82.78, 46.68], [82.78, None]], "two finite numbers"),
    ([[82.78, 46.68], [10**400, 46.68]], "two finite numbers"),
    ([[82.78, 46.68], [182.78, 46.68]], "lon within 180"),
    ([[46.68, 82.78], [46.681, 82.78]], "it looks like [lat, lon]"),
    ([[2.35, 48.85], [2.36, 48.85]], "within 20 km"),
    ([[82.78, 46.68], [82.78, 46.68]], "at least 0.02 m apart"),
]


@pytest.mark.parametrize(("coordinates", "expected"), GEOMETRY)
def test_coordinates_that_are_no_line(coordinates: object, expected: str) -> None:
    found = fault(a_map(draw("kz_d01_a", coordinates)), "kz_d01_a", "coordinates")
    assert expected in found.expected


def test_geometry_of_the_wrong_type() -> None:
    def swap(document: Json) -> None:
        feature(document, "kz_d01_a")["geometry"]["type"] = "MultiLineString"

    def lose(document: Json) -> None:
        feature(document, "kz_d01_a").pop("geometry")

    for edit in (swap, lose):
        assert "LineString" in fault(a_map(edit), "kz_d01_a", "geometry").expected


def a_bent_line(document: Json) -> None:
    """The lane beside the bay, for 25 km/h, bowed sideways by 0.5 m in its middle."""
    bow(document, "kz_e_pass_a", 0.5)


def a_tight_line(document: Json) -> None:
    """The weighbridge lane, for 18 km/h, bowed by 2 m: a radius of about 15 m."""
    bow(document, "kz_e_weigh_a", 2.0)


def bow(document: Json, name: str, most_m: float) -> None:
    each = feature(document, name)
    (a, b), (c, d) = each["geometry"]["coordinates"]
    share = [n / 24 for n in range(25)]
    side = [most_m * math.sin(math.pi * s) ** 2 / 111_000.0 for s in share]
    points = [[a + (c - a) * s, b + (d - b) * s + o] for s, o in zip(share, side, strict=True)]
    each["geometry"]["coordinates"] = points


def a_kink(document: Json) -> None:
    each = feature(document, "kz_e_weigh_a")
    (a, b), (c, d) = each["geometry"]["coordinates"]
    each["geometry"]["coordinates"] = [[a, b], [(a + c) / 2, (b + d) / 2 + 1e-5], [c, d]]


GROUND: Final[list[tuple[Callable[[Json], None], str, str, str]]] = [
    (put("kz_d01_a", "successors", ["kz_d01_oat"]), "kz_d01_a", "successors", "kz_d01_out?"),
    (put("kz_d01_a", "successors", ["kz_dep"]), "kz_d01_a", "successors", "it is a zone"),
    (put("kz_d01_a", "successors", ["kz_d02_out"]), "kz_d01_a", "successors", "within 0.05 m"),
    (put("kz_d01_a", "zone", "kz_d1_z"), "kz_d01_a", "zone", "did you mean kz_d01_z?"),
    (put("kz_d01_a", "zone", "kz_d02_z"), "kz_d01_a", "zone", "polygon covers the lane"),
    (put("kz_d01_a", "zone", "kz_d02_z"), "kz_d01_z", "lanes", "at least one lane"),
    (moved("kz_d01", 1e-4), "kz_d01", "coordinates", "within 1 m of its lane"),
    (put("kz_d01", "lane", "nowhere"), "kz_d01", "lane", "the id of a lane of this map"),
    (put("kz_d01", "country", "CN"), "kz_d01", "country", "KZ, as its lane kz_d01_a has"),
    (put("kz_d01_z", "country", "CN"), "kz_d01_z", "country", "KZ, as its lane kz_d01_a has"),
    (put("kz_d01_a", "country", "CN"), "kz_d01_a", "country", "KZ: the lane lies on that side"),
    (drop("kz_d01_a", "country"), "kz_d01_a", "country", "KZ: the lane lies on that side"),
    (put("boundary_e", "country", "KZ"), "boundary_e", "country", "the lane crosses the border"),
    (put("border", "left", "KZ"), "kz_d01_a", "country", "CN: the lane lies on that side"),
    (a_bent_line, "kz_e_pass_a", "radius", "at least 80 m"),
    (a_tight_line, "kz_e_weigh_a", "radius", "or 25 m where"),
    (a_kink, "kz_e_weigh_a", "coordinates[1]", "at most 4 deg"),
    (put("kz_d03_out", "speed_mps", 6.0), "kz_d03_out", "radius", "at most 5 m/s"),
    (remove("border"), "file", "boundary_line", "exactly one"),
    (put("boundary", "zone_kind", "lane"), "boundary_e", "zone", "a boundary zone"),
    (put("kz_out", "stop_line", "kz_in_line"), "kz_out", "stop_line", "the gate's lane"),
]


@pytest.mark.parametrize(("edit", "name", "field", "expected"), GROUND)
def test_parts_that_do_not_fit_together(
    edit: Callable[[Json], None], name: str, field: str, expected: str
) -> None:
    assert expected in fault(a_map(edit), name, field).expected


def test_lane_that_crosses_the_border_three_times() -> None:
    def zigzag(document: Json) -> None:
        line = feature(document, "boundary_w")["geometry"]["coordinates"]
        (east, south), (west, north) = line[0], line[-1]
        line[1:-1] = [[west, south], [east, north]]

    found = faults(a_map(zigzag))
    values = [each.value for each in found if each.feature == "boundary_w"]
    assert "3 crossings of the line" in values


def test_boundary_line_that_no_lane_crosses() -> None:
    """Far to the east everything is Kazakhstan, so the Chinese lanes are told as well."""
    border = [[82.80, 46.70], [82.80, 46.66]]
    found = faults(a_map(draw("border", border), header("published", [])))
    assert any(each.feature == "cn_a01_a" and each.field == "country" for each in found)


def test_zone_polygon_that_crosses_itself() -> None:
    def twist(document: Json) -> None:
        ring = feature(document, "kz_d01_z")["geometry"]["coordinates"][0]
        ring[1], ring[2] = ring[2], ring[1]

    assert "cross itself" in fault(a_map(twist), "kz_d01_z", "coordinates").expected


def shorter(name: str, share: float) -> Callable[[Json], None]:
    """Pull a point along its lane towards the lane's start."""

    def edit(document: Json) -> None:
        point = feature(document, name)
        lane = feature(document, point["properties"]["lane"])
        start = lane["geometry"]["coordinates"][0]
        reshape(point, lambda xy: start + (xy - start) * share)

    return edit


RULES: Final[list[tuple[Callable[[Json], None], str, str, str]]] = [
    (put("kz_out_cell", "zone_kind", "lane"), "kz_out", "lane", "of kind gate_cell"),
    (put("kz_e_pass", "zone_kind", "gate_cell"), "kz_e_pass", "zone_kind", "one gate"),
    (remove("kz_out"), "kz_out_cell", "zone_kind", "one gate and one lane"),
    (remove("kz_out"), "file", "gates", "exit and entry gates of both directions"),
    (put("kz_out", "side", "entry"), "kz_out", "country", "CN: the entry gate"),
    (shorter("kz_out", 0.5), "kz_out", "stop_line", "before it"),
    (shorter("kz_out_line", 0.5), "kz_out", "coordinates", "a truck stands in it"),
    (shorter("kz_d01", 0.5), "kz_d01", "coordinates", "at least 16.5 m"),
    (put("kz_d01_z", "zone_kind", "yard"), "kz_d01", "lane", "of kind berth"),
    (put("kz_e_bay", "zone_kind", "lane"), "kz_bay_e1", "lane", "of kind bay"),
    (remove("kz_bay_e1"), "kz_e_bay", "zone_kind", "a bay on a lane"),
    (drop("kz_e_neutral", "neutral"), "kz_e_neutral", "neutral", "true: it is reached"),
    (put("kz_e_weigh", "neutral", True), "kz_e_weigh", "neutral", "false: no way"),
    (remove("kz_out_det1"), "kz_out_cell", "detectors", "one at each end"),
    (remove("boundary_det_w2"), "boundary", "detectors", "one at each end"),
    (remove("kz_e_det_weighed"), "kz_e_weigh", "detectors", "one at each end"),
    (shorter("kz_out_det1", 0.5), "kz_out_det1", "coordinates", "at the zone limit"),
    (put("kz_out_det1", "zone_before", "kz_arr"), "kz_out_det1", "zone_before", "kz_e_join"),
    (put("kz_out_det1", "zone_after", "kz_arr"), "kz_out_det1", "zone_after", "kz_out_cell"),
    (put("cn_a02_in", "successors", []), "cn_a02", "lane", "a way that leads to it"),
    (put("kz_d02_a", "successors", []), "kz_d02", "lane", "a way from it"),
    (put("kz_e_fork_b", "successors", []), "kz_e_bay_a", "successors", "a lane on a way"),
    (put("kz_weigh_e", "direction", "W"), "kz_weigh_e", "direction", "is driven"),
    (drop("boundary", "one_lane"), "boundary", "one_lane", "a zone of one direction"),
    (put("kz_e_weigh", "one_lane", True), "kz_e_weigh", "one_lane", "only one direction"),
    (put("kz_d03_out", "width_m", 3.5), "kz_d03_out", "width_m", "a truck of 16.5 m sweeps"),
]


@pytest.mark.parametrize(("edit", "name", "field", "expected"), RULES)
def test_corridors_that_would_not_work(
    edit: Callable[[Json], None], name: str, field: str, expected: str
) -> None:
    assert expected in fault(a_map(edit), name, field).expected


def test_gate_without_27_metres_of_straight() -> None:
    def shorten(document: Json) -> None:
        bow(document, "kz_e_join_c", 0.1)

    found = fault(a_map(shorten), "kz_out", "lane")
    assert found.expected == "at least 27 m"
    assert "straight before the cell" in found.value


def test_fork_whose_branches_part_only_in_the_next_zones() -> None:
    """The bay's zone may not begin while its lane is still beside the other."""

    def split(document: Json) -> None:
        feature(document, "kz_e_fork_b")["properties"]["zone"] = "kz_e_bay"
        near = feature(document, "kz_e_bay")["geometry"]
        wide = feature(document, "kz_e_fork")["geometry"]["coordinates"][0]
        xs, ys = zip(*wide, *near["coordinates"][0], strict=True)
        box = [(min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys))]
        near["coordinates"] = [[list(each) for each in (*box, box[0])]]

    found = faults(a_map(split))
    assert any("at least 4.5 m" in each.expected for each in found)


def test_all_faults_are_told_at_once() -> None:
    text = a_map(
        put("kz_d01_a", "width_m", -1),
        put("kz_d02_a", "speed_mps", "fast"),
        put("cn_a01_a", "grade", 1),
        moved("kz_d03", 1e-3),
        header("name", ""),
    )
    places = {(each.feature, each.field) for each in faults(text)}
    assert places == {
        ("kz_d01_a", "width_m"),
        ("kz_d02_a", "speed_mps"),
        ("cn_a01_a", "grade"),
        ("kz_d03", "coordinates"),
        ("corridor", "name"),
    }


def test_faults_are_sentences_that_can_be_printed() -> None:
    """ASCII, one line, bounded, whatever was in the file."""
    odd = "\ud800\n\x1b[31m" + "x" * 10_000
    (found,) = faults(a_map(put("kz_d01_a", "country", odd)))
    text = str(found)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 300
    assert text.startswith("kz_d01_a: country is '")
    assert "; expected one of KZ, CN" in text


def test_hostile_files_are_refused_quickly_and_with_few_words() -> None:
    """Tens of thousands of faults are not told one by one."""
    document = copy.deepcopy(SMOKE)
    document["features"] = [{"type": "Feature", "properties": {"id": {}}}] * 5_000
    document["corridor"] |= {f"k{n}": n for n in range(50_000)}
    assert len(faults(json.dumps(document).encode())) == 200
