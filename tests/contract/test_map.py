"""The maps of the house: what is on them, and that they are what the drawing program draws."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import shapely

from contract.map import CorridorMap, ZoneKind, compile_map
from tests.contract.map_edits import a_map, header, map_bytes, map_json, moved, put

ROOT: Final = Path(__file__).parents[2]
NAMES: Final = ("smoke", "bakhty_pokitu")


@pytest.fixture(scope="module", params=NAMES)
def corridor(request: pytest.FixtureRequest) -> CorridorMap:
    return compile_map(map_bytes(request.param))


@pytest.fixture(scope="module")
def bakhty() -> CorridorMap:
    return compile_map(map_bytes("bakhty_pokitu"))


def test_files_are_what_the_program_draws() -> None:
    drawn = subprocess.run(
        [sys.executable, "docs/maps/draw.py", "--check"], cwd=ROOT, check=False, text=True,
        capture_output=True,
    )  # fmt: skip
    assert drawn.returncode == 0, drawn.stderr


def test_both_maps_have_the_gates_and_an_entry_for_each_exit(corridor: CorridorMap) -> None:
    sides = {name: (g.country, g.side, g.direction) for name, g in corridor.gates.items()}
    assert sides == {
        "cn_in": ("CN", "entry", "E"),
        "cn_out": ("CN", "exit", "W"),
        "kz_in": ("KZ", "entry", "W"),
        "kz_out": ("KZ", "exit", "E"),
    }
    for gate in corridor.gates.values():
        assert corridor.lanes[gate.lane].length_m == pytest.approx(40.0, abs=0.01)
        assert gate.stop_offset_m == pytest.approx(22.0, abs=0.01)
        assert gate.barrier_offset_m == pytest.approx(25.0, abs=0.01)


def test_bakhty_has_the_places_of_the_corridor(bakhty: CorridorMap) -> None:
    """Issue 2, "The map"."""
    assert len(bakhty.berths) == 64
    assert {b.country for b in bakhty.berths.values()} == {"KZ", "CN"}
    sides = [f"{c}_{{}}_{d}" for c, d in itertools.product(("kz", "cn"), "ew")]
    assert set(bakhty.stations) == {s.format(k) for s in sides for k in ("weigh", "xray")}
    assert set(bakhty.bays) == {f"{s.format('bay')}{n}" for s in sides for n in (1, 2, 3)}
    assert {"kz_b01", "kz_b32", "cn_b01", "cn_b32"} <= set(bakhty.berths)
    assert all(b.departures and b.arrivals for b in bakhty.berths.values())


def test_bakhty_has_the_published_sizes(bakhty: CorridorMap) -> None:
    """Issue 2: posts 800 m apart, yards 1-2 km from the line, 3.2 km yard to yard."""
    barriers = {}
    for gate in bakhty.gates.values():
        row = bakhty.route([gate.lane]).table
        barriers[gate.id] = [np.interp(gate.barrier_offset_m, row[:, 0], row[:, n]) for n in (1, 2)]
    apart_m = np.hypot(*np.subtract(barriers["kz_out"], barriers["cn_in"]))
    assert apart_m == pytest.approx(800.0, abs=30.0)
    line = shapely.LineString(bakhty.boundary_xy_m)
    for berth in bakhty.berths.values():
        middle = shapely.LineString(bakhty.lanes[berth.lane].xy_m).centroid
        assert 1_000.0 < line.distance(middle) < 2_000.0
    lengths = [
        bakhty.route(bakhty.path_lanes(f"kz_b{n:02d}_a", f"cn_b{n:02d}_a")).length_m
        for n in (1, 16, 32)
    ]
    assert 3_000.0 < lengths[0] < lengths[1] < 3_600.0
    assert lengths[1] == pytest.approx(3_200.0, abs=250.0)


def test_bakhty_crosses_the_line_near_46_680_north(bakhty: CorridorMap) -> None:
    line = shapely.LineString(bakhty.boundary_xy_m)
    crossings = [
        shapely.LineString(lane.xy_m).intersection(line)
        for lane in bakhty.lanes.values()
        if lane.country is None
    ]
    assert len(crossings) == 2
    for crossing in crossings:
        place = bakhty.frame.to_lon_lat_deg(np.array(crossing.coords))[0]
        assert place[1] == pytest.approx(46.680, abs=0.0005)


def test_bakhty_lanes_have_the_limits_of_the_issue(bakhty: CorridorMap) -> None:
    """25 km/h on lanes of 3.5 m, 10 km/h on gate aprons and in yards."""
    for lane in bakhty.lanes.values():
        kind = bakhty.zones[lane.zone].kind
        if kind in {ZoneKind.GATE_CELL, ZoneKind.YARD, ZoneKind.BERTH, ZoneKind.BAY}:
            assert lane.speed_mps == pytest.approx(10 / 3.6, abs=0.001)
        if lane.speed_mps > 5.0:
            assert lane.speed_mps == pytest.approx(25 / 3.6, abs=0.001)
    assert bakhty.lanes["boundary_e_a"].width_m == 3.5


def test_directions_run_on_the_right_at_least_8_metres_apart(bakhty: CorridorMap) -> None:
    """Each direction's lane lies to the right of the other's."""
    east = shapely.LineString(bakhty.lanes["boundary_e_a"].xy_m)
    west = shapely.LineString(bakhty.lanes["boundary_w_a"].xy_m)
    assert east.distance(west) >= 8.0
    assert east.centroid.y < west.centroid.y


def test_smoke_map_is_short_and_one_lane_at_the_border() -> None:
    smoke = compile_map(map_bytes("smoke"))
    boundary = smoke.zones["boundary"]
    assert boundary.one_lane
    assert set(boundary.lanes) == {"boundary_e", "boundary_w"}
    assert set(smoke.stations) == {"kz_weigh_e", "cn_weigh_w"}
    assert set(smoke.bays) == {"kz_bay_e1", "cn_bay_w1"}
    assert sum(b.departures for b in smoke.berths.values()) == 8
    assert sum(b.arrivals for b in smoke.berths.values()) == 8
    assert smoke.route(smoke.path_lanes("kz_d01_a", "cn_a01_a")).length_m < 410.0


def test_every_zone_is_part_of_the_sum_of_its_lanes(corridor: CorridorMap) -> None:
    """Each lane in exactly one zone; wired zones have a detector at both ends."""
    lanes = [lane for zone in corridor.zones.values() for lane in zone.lanes]
    assert sorted(lanes) == list(corridor.lanes)
    for zone in corridor.zones.values():
        if zone.kind in {ZoneKind.GATE_CELL, ZoneKind.BOUNDARY, ZoneKind.STATION}:
            assert any(d.zone_after == zone.id for d in corridor.detectors.values())
            assert any(d.zone_before == zone.id for d in corridor.detectors.values())


def drives(corridor: CorridorMap) -> list[tuple[str, ...]]:
    """From every berth to every other berth across the border that a crossing may end in."""
    berths = corridor.berths.values()
    return [
        corridor.path_lanes(start.lane, goal.lane)
        for start in berths
        for goal in berths
        if start.departures and goal.arrivals and start.country != goal.country
        and (len(berths) < 20 or start.id[-2:] in {"01", "09", "32"})
    ]  # fmt: skip


def test_marker_comes_at_least_every_150_metres_on_every_drive(corridor: CorridorMap) -> None:
    """So that a drift of the satellites, however coherent, is found out."""
    for lanes in drives(corridor):
        markers = corridor.markers_on(corridor.route(lanes))
        assert np.diff(markers[:, 0]).max() < 150.0
        assert markers[0, 0] < 30.0


def test_two_markers_stand_before_every_stop(corridor: CorridorMap) -> None:
    """12 m and 2 m before the front of a truck that has stopped, on the same lane."""
    stops = [(line.id, line.lane, line.offset_m) for line in corridor.stop_lines.values()]
    for places in (corridor.stations, corridor.bays, corridor.berths, corridor.pockets):
        stops += [(place.id, place.lane, place.stop_offset_m) for place in places.values()]
    assert len(stops) > 20
    for name, lane, offset_m in stops:
        for before_m in (12, 2):
            marker = corridor.markers[f"{name}_m{before_m:02d}"]
            assert marker.lane == lane
            assert marker.offset_m == pytest.approx(offset_m - before_m, abs=0.01)


def test_markers_on_a_route_stand_in_order_where_they_were_surveyed(corridor: CorridorMap) -> None:
    """Half a metre beside the line is told as half a metre beside the line."""
    lanes = drives(corridor)[0]
    route = corridor.route(lanes)
    markers = corridor.markers_on(route)
    assert len(markers) == sum(marker.lane in lanes for marker in corridor.markers.values())
    assert (np.diff(markers[:, 0]) >= 0.0).all()
    for s_m, x_m, y_m in markers:
        at_m, left_m = route.project(x_m, y_m, near_m=s_m)
        assert at_m == pytest.approx(s_m, abs=0.1)
        assert left_m == pytest.approx(0.0, abs=0.02)
    lap = corridor.route(["kz_out_cell_a"])
    assert len(corridor.markers_on(lap)) >= 3
    smoke = compile_map(a_map(moved("kz_out_mark", 0.0, 0.5 / 111_000.0)))
    marker = smoke.markers["kz_out_mark"]
    assert marker.offset_m == pytest.approx(22.0, abs=0.2)
    assert [marker.x_m, marker.y_m] in smoke.markers_on(smoke.route([marker.lane]))[:, 1:].tolist()
    left_m = smoke.route([marker.lane]).project(marker.x_m, marker.y_m)[1]
    assert abs(left_m) == pytest.approx(0.5, abs=0.03)


def test_file_says_what_is_sketched_and_what_is_published() -> None:
    for name in NAMES:
        head = map_json(name)["corridor"]
        assert head["schematic"] is True
        assert "OpenStreetMap" in head["attribution"]
        assert len(head["published"]) >= 2


def test_digest_ignores_the_order_of_the_file_and_nothing_that_matters() -> None:
    same = a_map(lambda document: document["features"].reverse())
    assert compile_map(same).digest == compile_map(map_bytes()).digest
    assert compile_map(a_map(header("note", "x"))).digest == compile_map(map_bytes()).digest
    changes = [
        put("boundary", "vehicles_max", 1),
        put("kz_e_weigh_a", "speed_mps", 3.0),
        put("kz_e_weigh_a", "grade", 0.0001),
        put("kz_e_weigh_a", "width_m", 4.501),
        moved("kz_out_mark", 0.0, 1e-6),
        header("name", "another"),
    ]
    digests = {compile_map(a_map(change)).digest for change in changes}
    assert len(digests | {compile_map(map_bytes()).digest}) == len(changes) + 1


def test_digest_does_not_differ_between_processes() -> None:
    """Every party must come to the same bytes, whatever its hash seed."""
    program = (
        "import sys; from contract.map import compile_map;"
        "print(compile_map(sys.stdin.buffer.read()).digest.hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            input=map_bytes(),
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {compile_map(map_bytes()).digest.hex().encode() + b"\n"}


def test_compiled_map_cannot_be_changed(corridor: CorridorMap) -> None:
    lane = next(iter(corridor.lanes.values()))
    with pytest.raises(ValueError, match="read-only"):
        lane.xy_m[0, 0] = 1.0
    with pytest.raises(TypeError):
        corridor.lanes["new"] = lane  # type: ignore[index]
    with pytest.raises(AttributeError):
        lane.width_m = 9.0  # type: ignore[misc]


def test_map_files_are_geojson_of_one_feature_a_line() -> None:
    """So that a change shows as the lines that changed."""
    for name in NAMES:
        document = json.loads(map_bytes(name))
        assert document["type"] == "FeatureCollection"
        lines = map_bytes(name).decode().splitlines()
        assert sum(line.startswith('{"type": "Feature"') for line in lines) == len(
            document["features"]
        )
