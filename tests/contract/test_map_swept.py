"""A map on which a truck does not fit is refused: with the lane, the place and the width needed."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pytest
import shapely

from contract.geodesy import Array, LocalFrame
from contract.map_parts import Lane, MapFault, Parts, Zone, ZoneKind
from contract.map_read import Sheet
from contract.map_swept import GATE_MARGIN_M, MARGIN_M, check_swept
from contract.polyline import arc_lengths_m, project
from contract.swept import Piece, hitch_angles_rad, lay, outline_offsets_m
from docs.maps.pen import Pen
from tests.contract.map_edits import a_map, fault, put

ORIGIN: Final = (82.78574, 46.68)
PLACE: Final = re.compile(r"([\d.]+) m at ([\d.]+) m along, ([\d.]+) ([\d.]+)")


def steady(radius_m: float) -> tuple[float, float, float]:
    """Hitch angle, and how far the body reaches inwards and outwards, on an endless circle.

    Tractor 3.6 m wheelbase, 1.4 m overhang, fifth wheel 0.5 m ahead of the axle, trailer 8.1 m,
    its body 1.6 m ahead of the fifth wheel: outwards the farther of the two front corners.
    """
    trailer_m = math.sqrt(radius_m**2 + 0.5**2 - 8.1**2)
    angle = math.atan(8.1 / trailer_m) - math.atan(0.5 / radius_m)
    inwards_m = radius_m - (trailer_m - 1.275)
    corners_m = math.hypot(radius_m + 1.275, 5.0), math.hypot(trailer_m + 1.275, 8.1 + 1.6)
    outwards_m = max(corners_m) - radius_m
    return angle, inwards_m, outwards_m


@pytest.mark.parametrize("radius_m", [25.0, 40.0, 80.0, 250.0])
def test_trailer_comes_to_the_angle_of_the_steady_circle(radius_m: float) -> None:
    psi = np.arange(0.0, 120.0, 0.5) / radius_m
    angles = hitch_angles_rad(np.stack([psi, -psi]), 0.5)
    assert angles[0, -1] == pytest.approx(steady(radius_m)[0], abs=1e-4)
    assert angles[1] == pytest.approx(-angles[0])
    assert not hitch_angles_rad(np.zeros(55), 0.5).any()


@pytest.mark.parametrize("radius_m", [25.0, 80.0])
def test_outline_on_a_circle_reaches_as_far_as_the_formula_says(radius_m: float) -> None:
    """Published: 4.41 m at 25 m and 3.13 m at 80 m in all, with a wheelbase of 3.8 m and c = 0."""
    line = Pen(0.0, 0.0).arc(radius_m, 100.0 / radius_m).cut()
    ground = lay([[Piece.of(line)]])
    angle, inwards_m, outwards_m = steady(radius_m)
    axle_m = ground.starts_m[0] + np.array([40.0, 55.0])
    along_m, left_m = outline_offsets_m(ground, axle_m, np.full(2, angle))
    assert left_m.max(axis=0) == pytest.approx([inwards_m] * 2, abs=0.01)
    assert left_m.min(axis=0) == pytest.approx([-outwards_m] * 2, abs=0.01)
    assert (along_m.max(axis=0) - axle_m) == pytest.approx([5.0] * 2, abs=0.3)
    assert (along_m.min(axis=0) - axle_m) == pytest.approx([-11.5] * 2, abs=0.7)
    published_m = {25.0: 4.41, 80.0: 3.13}[radius_m]
    assert inwards_m + outwards_m == pytest.approx(published_m, abs=0.05)


def test_offsets_are_those_that_shapely_finds_on_a_winding_road() -> None:
    """Brute force: every corner of both bodies, and its distance from the line."""
    line = Pen(0.0, 0.0).straight(60.0).sway(8.0, 30.0, 40.0).arc(25.0, 1.2).straight(50.0).cut()
    ground = lay([[Piece.of(line + np.array([500.0, 0.0]))], [Piece.of(line)]])
    start_m = ground.starts_m[1]
    axle_m = start_m + np.arange(12.0, arc_lengths_m(line)[-1] - 6.0, 0.5)
    hitch_rad = hitch_angles_rad(ground.at(axle_m)[2], 0.5)
    along_m, left_m = outline_offsets_m(ground, axle_m, hitch_rad)
    whole = shapely.LineString(line)
    x, y, psi = ground.at(axle_m)
    for body, ahead_m, yaw, ends in (
        ("tractor", 0.0, psi, (-0.9, 5.0)),
        ("trailer", 0.5, psi - hitch_rad, (-12.0, 1.6)),
    ):
        for end_m in ends:
            for side_m in (-1.275, 1.275):
                corner_x = x + ahead_m * np.cos(psi) + end_m * np.cos(yaw) - side_m * np.sin(yaw)
                corner_y = y + ahead_m * np.sin(psi) + end_m * np.sin(yaw) + side_m * np.cos(yaw)
                far_m = shapely.distance(shapely.points(corner_x, corner_y), whole)
                best = np.abs(np.abs(left_m) - far_m).min(axis=0)
                assert best.max() < 0.01, (body, end_m, side_m)
    ends = along_m - start_m
    assert project(line, float(x[80]), float(y[80]))[0] == pytest.approx(axle_m[80] - start_m)
    assert (ends > -0.5).all()


def a_lane(name: str, xy_m: Array, after: tuple[str, ...] = (), **said: Any) -> Lane:
    values: dict[str, Any] = {"zone": "road", "width_m": 3.5, "speed_mps": 5.0} | said
    length_m = float(arc_lengths_m(xy_m)[-1])
    return Lane(
        id=name, country="KZ", grade=0.0, successors=after, xy_m=xy_m, length_m=length_m, **values
    )


def told(*lanes: Lane, kinds: Mapping[str, ZoneKind] | None = None) -> list[MapFault]:
    """The faults of a road of these lanes."""
    zones = {
        name: Zone(
            *(name, (kinds or {}).get(name, ZoneKind.LANE)),
            lanes=tuple(lane.id for lane in lanes if lane.zone == name),
            neutral=False,
            one_lane=False,
            vehicles_max=None,
            mass_max_kg=None,
        )
        for name in {lane.zone for lane in lanes}
    }
    kinds_left_out = ("gates", "stations", "bays", "berths", "pockets", "detectors", "markers")
    none: dict[str, Any] = {kind: {} for kind in (*kinds_left_out, "stop_lines")}
    parts = Parts(
        name="road",
        origin_lon_lat=ORIGIN,
        lanes={lane.id: lane for lane in lanes},
        zones=zones,
        boundary_xy_m=np.empty((0, 2)),
        boundary_left="CN",
        **none,
    )
    before = {
        lane.id: tuple(each.id for each in lanes if lane.id in each.successors) for lane in lanes
    }
    sheet = Sheet()
    check_swept(parts, before, sheet)
    return sheet.faults


def place_of(found: MapFault) -> list[float]:
    """Width there, metres along, longitude and latitude."""
    match = PLACE.fullmatch(found.value)
    assert match, found.value
    return [float(each) for each in match.groups()]


def a_curve(radius_m: float, **said: Any) -> list[Lane]:
    """60 m of straight, a quarter turn to the left and 60 m of straight; `said` is of the turn."""
    pen = Pen(0.0, 0.0)
    return [
        a_lane("into", pen.straight(60.0).cut(), ("turn",), width_m=7.0),
        a_lane("turn", pen.arc(radius_m, math.pi / 2).cut(), ("away",), **said),
        a_lane("away", pen.straight(60.0).cut(), width_m=7.0),
    ]


def test_curve_of_25_m_in_a_lane_of_3_5_m_is_refused_with_place_and_width() -> None:
    (found,) = told(*a_curve(25.0))
    assert (found.feature, found.field) == ("turn", "width_m")
    width, along_m, lon, lat = place_of(found)
    assert width == 3.5
    assert 20.0 < along_m <= 39.3
    x_m, y_m = LocalFrame(*ORIGIN).to_xy_m(np.array([[lon, lat]]))[0]
    angle = along_m / 25.0
    assert x_m == pytest.approx(60.0 + 25.0 * math.sin(angle), abs=0.15)
    assert y_m == pytest.approx(25.0 * (1.0 - math.cos(angle)), abs=0.15)
    needed_m = float(found.expected.split()[2])
    assert needed_m == pytest.approx(2 * (steady(25.0)[1] + MARGIN_M), abs=0.06)
    assert "to the left of the axis" in found.expected
    assert not told(*a_curve(25.0, width_m=needed_m))


def test_curve_of_80_m_in_a_lane_of_3_5_m_passes_and_in_3_4_m_does_not() -> None:
    assert not told(*a_curve(80.0))
    assert [each.feature for each in told(*a_curve(80.0, width_m=3.4))] == ["turn"]


def test_trailer_that_is_not_straight_yet_is_found_in_the_lane_behind_the_curve() -> None:
    """The wide lane may not end where the curve ends."""
    pen = Pen(0.0, 0.0)
    into = a_lane("into", pen.straight(60.0).cut(), ("turn",), width_m=7.0)
    turn = a_lane("turn", pen.arc(25.0, 1.0).cut(), ("away",), width_m=7.0)
    (found,) = told(into, turn, a_lane("away", pen.straight(60.0).cut()))
    assert found.feature == "away"
    assert place_of(found)[1] < 1.0
    pen = Pen(float(turn.xy_m[-1, 0]), float(turn.xy_m[-1, 1]), 1.0)
    wide = a_lane("away", pen.straight(20.0).cut(), ("on",), width_m=7.0)
    assert not told(into, turn, wide, a_lane("on", pen.straight(40.0).cut()))


def test_every_branch_that_joins_is_driven() -> None:
    """Coming straight there is room; coming out of the side road there is not."""
    side = Pen(-25.0, -25.0, math.pi / 2)
    lanes = [
        a_lane("straight", np.array([[-70.0, 0.0], [0.0, 0.0]]), ("on",)),
        a_lane("side", side.arc(25.0, -math.pi / 2).cut(), ("on",), width_m=7.0),
        a_lane("on", np.array([[0.0, 0.0], [60.0, 0.0]])),
    ]
    assert [each.feature for each in told(*lanes)] == ["on"]
    assert not told(lanes[0], lanes[2])


def test_gate_cell_and_the_way_to_it_keep_more_room() -> None:
    """3.3 m hold a curve of 150 m, with the margin of a gate and without it; 3.2 m without only."""
    pen = Pen(0.0, 0.0)
    into = a_lane("into", pen.straight(60.0).arc(150.0, 0.2).cut(), ("turn",), width_m=7.0)
    line, cell = pen.arc(150.0, 0.17).cut(), pen.straight(40.0).cut()
    for width_m, kind, faulty in (
        (3.3, ZoneKind.GATE_CELL, []),
        (3.2, ZoneKind.GATE_CELL, ["turn"]),
        (3.2, ZoneKind.LANE, []),
    ):
        turn = a_lane("turn", line, ("cell",), width_m=width_m)
        found = told(into, turn, a_lane("cell", cell, zone="cell"), kinds={"cell": kind})
        assert [each.feature for each in found] == faulty
        assert all(f"keeps {GATE_MARGIN_M} m" in each.expected for each in found)


def test_margin_of_a_gate_reaches_back_27_m_over_short_lanes_and_past_every_join() -> None:
    """A lane that leads to two cells has the longer share; what is farther back has none."""
    far = a_lane("far", np.array([[0.0, 0.0], [60.0, 0.0]]), ("near",), width_m=2.8)
    near = a_lane("near", np.array([[60.0, 0.0], [70.0, 0.0]]), ("cell", "on"))
    on = a_lane("on", np.array([[70.0, 0.0], [85.0, 0.0]]), ("late",))
    cell = a_lane("cell", np.array([[70.0, 0.0], [90.0, 0.0]]), zone="cell")
    late = a_lane("late", np.array([[85.0, 0.0], [120.0, 0.0]]), zone="late")
    for order in ((far, near, on, cell, late), (late, cell, on, near, far)):
        kinds = {"cell": ZoneKind.GATE_CELL, "late": ZoneKind.GATE_CELL}
        (found,) = told(*order, kinds=kinds)
        assert found.feature == "far"
        assert f"keeps {GATE_MARGIN_M} m" in found.expected
        assert place_of(found)[1] >= 43.0
        kinds.pop("cell")
        (found,) = told(*order, kinds=kinds)
        assert place_of(found)[1] >= 58.0
        assert not told(*order)


def test_lane_shorter_than_a_truck_is_judged_with_the_lanes_before_it() -> None:
    """Cutting a curve to pieces hides nothing."""
    whole = a_curve(25.0, width_m=4.5)
    line = whole[1].xy_m
    cuts = [line[n : n + 5] for n in range(0, len(line) - 1, 4)]
    names = [f"turn{n}" for n in range(len(cuts))]
    after = [*names[1:], "away"]
    turns = [
        a_lane(name, cut, (following,), width_m=4.5)
        for name, cut, following in zip(names, cuts, after, strict=True)
    ]
    into = a_lane("into", whole[0].xy_m, ("turn0",), width_m=7.0)
    faulty = [each.feature for each in told(into, *turns, whole[2])]
    assert "turn9" in faulty
    assert len(faulty) >= 3


def test_ways_without_end_are_refused_and_not_driven() -> None:
    """Two lanes side by side, then again two, and so on: the ways double with each pair."""
    ends = np.arange(0.0, 61.0, 1.0)
    lanes = [
        a_lane(
            f"{side}{n}",
            np.array([[low, 0.0], [low + 1.0, 0.0]]),
            (f"a{n + 1}", f"b{n + 1}") if n < 60 else (),
        )
        for n, low in enumerate(ends)
        for side in "ab"
    ]
    (found,) = told(*lanes)
    assert found.feature == "file"
    assert found.value.startswith("too many ways")


def test_compiled_map_is_judged() -> None:
    """The smoke map's lane into the second berth curve, made as narrow as the road."""
    found = fault(a_map(put("kz_d03_out", "width_m", 3.5)), "kz_d03_out", "width_m")
    assert place_of(found)[0] == 3.5
    found = fault(a_map(put("kz_e_join_c", "width_m", 3.5)), "kz_e_join_c", "width_m")
    assert place_of(found)[1] < 1.0
