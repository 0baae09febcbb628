"""Routes: tables a pilot can follow, and places along them."""

import itertools
import math

import numpy as np
import pytest

from contract.map import CorridorMap, Route, RouteError, compile_map
from contract.route import Stretch, build_route
from tests.contract.map_edits import a_map, map_bytes, put

S, X, Y, PSI, KAPPA, V_MAX, GRADE, WIDTH = range(8)


@pytest.fixture(scope="module")
def corridor() -> CorridorMap:
    return compile_map(map_bytes("bakhty_pokitu"))


@pytest.fixture(scope="module")
def round_trip(corridor: CorridorMap) -> Route:
    there = corridor.path_lanes("kz_b01_a", "cn_b32_a")
    back = corridor.path_lanes("cn_b32_a", "kz_b07_a")
    return corridor.route(there + back[1:])


def test_rows_stand_a_metre_apart_and_the_last_at_the_end(round_trip: Route) -> None:
    table = round_trip.table
    assert table.flags.c_contiguous
    assert not table.flags.writeable
    assert table[:-1, S] == pytest.approx(np.arange(len(table) - 1))
    assert table[-1, S] == round_trip.length_m
    assert 0.0 < table[-1, S] - table[-2, S] <= 1.0


def test_headings_are_continuous_and_are_the_way_the_line_goes(round_trip: Route) -> None:
    """No step at a join, no jump at pi: the round trip turns by a full circle."""
    table = round_trip.table
    step = np.diff(table[:, PSI])
    assert np.abs(step).max() < 1.05 / 24.0
    assert abs(table[-1, PSI] - table[0, PSI]) == pytest.approx(2 * math.pi, abs=0.01)
    chord = np.diff(table[:, X : Y + 1], axis=0)
    middle = (table[1:, PSI] + table[:-1, PSI]) / 2
    off = np.remainder(np.arctan2(chord[:, 1], chord[:, 0]) - middle + np.pi, 2 * np.pi) - np.pi
    assert np.abs(off).max() < 0.02


def test_curvature_integrates_to_heading(round_trip: Route) -> None:
    """What a feed-forward adds up is what the road turns."""
    table = round_trip.table
    turned = np.concatenate(
        [[0.0], np.cumsum((table[1:, KAPPA] + table[:-1, KAPPA]) / 2 * np.diff(table[:, S]))]
    )
    assert np.abs(turned - (table[:, PSI] - table[0, PSI])).max() < 0.06
    assert np.abs(table[:, KAPPA]).max() < 1.0 / 24.5


def test_straights_have_no_curvature(corridor: CorridorMap) -> None:
    """Vertices stand on a grid of a millimetre; that must not shake the wheel."""
    route = corridor.route(corridor.path_lanes("kz_e_approach_a", "kz_out_cell_a"))
    assert np.abs(route.table[:, KAPPA]).max() < 1e-5


def test_curves_have_the_curvature_they_were_drawn_with(corridor: CorridorMap) -> None:
    """A berth curve of 25 m, inside: 0.04 per metre to one per cent."""
    route = corridor.route(["kz_arr3_b2"])
    assert route.table[3:-3, KAPPA] == pytest.approx(1.0 / 25.0, rel=0.01)


def test_speed_limit_is_never_late(corridor: CorridorMap, round_trip: Route) -> None:
    """Between two rows the limit of the row before holds, and no lane there allows less."""
    table = round_trip.table
    for lane, start_m in zip(round_trip.lanes, round_trip.starts_m, strict=True):
        end_m = start_m + corridor.lanes[lane].length_m
        rows = (table[:, S] > start_m - 1.0) & (table[:, S] < end_m - 1e-6)
        assert (table[rows, V_MAX] <= corridor.lanes[lane].speed_mps + 1e-9)[1:].all()
        assert table[rows, V_MAX][0] <= corridor.lanes[lane].speed_mps + 1e-9


def a_hilly_road(*stretches: tuple[float, float]) -> Route:
    """A straight road of stretches, each of a length and a grade."""
    ends = np.cumsum([0.0, *(length_m for length_m, _ in stretches)])
    return build_route(
        [
            Stretch(f"road{n}", "road", 5.0, np.array([[low, 0.0], [high, 0.0]]), grade)
            for n, ((_, grade), low, high) in enumerate(
                zip(stretches, ends[:-1], ends[1:], strict=True)
            )
        ]
    )


def test_grade_falls_before_the_road_does_and_rises_after_it() -> None:
    """5 % up, then 4 % down, then flat; joins between two rows."""
    table = a_hilly_road((60.5, 0.0), (40.0, 0.05), (50.25, -0.04), (60.0, 0.0)).table
    assert table[:61, GRADE] == pytest.approx(0.0)
    assert table[72:88, GRADE] == pytest.approx(0.05)
    assert table[100:151, GRADE] == pytest.approx(-0.04)
    assert table[162:, GRADE] == pytest.approx(0.0)
    assert np.abs(np.diff(table[:, GRADE])).max() == pytest.approx(0.09 / 11)


@pytest.mark.parametrize("seed", range(20))
def test_grade_of_a_row_is_never_above_the_road_up_to_the_next(seed: int) -> None:
    """Whoever brakes by it sees no downgrade late: also over lanes shorter than the ramp."""
    chance = np.random.default_rng(seed)
    stretches = [(float(chance.uniform(0.3, 30.0)), float(chance.uniform(-0.08, 0.08)))
                 for _ in range(30)]  # fmt: skip
    route = a_hilly_road(*stretches)
    for (_, grade), start_m, end_m in zip(
        stretches, route.starts_m, [*route.starts_m[1:], route.length_m], strict=True
    ):
        rows = (route.table[:, S] > start_m - 1.0) & (route.table[:, S] < end_m)
        assert (route.table[rows, GRADE] <= grade).all()
    assert np.abs(np.diff(route.table[:, GRADE])).max() <= 0.16 / 11 + 1e-12


def test_grade_of_a_lane_reaches_the_route() -> None:
    """In driving direction, as the map gives it."""
    hilly = compile_map(a_map(put("kz_e_join_c", "grade", -0.05)))
    route = hilly.route(hilly.path_lanes("kz_d01_a", "kz_out_cell_a"))
    start_m = route.at("kz_e_join_c", 0.0)
    assert np.interp(start_m + 13.0, route.table[:, S], route.table[:, GRADE]) == -0.05
    assert not route.table[: int(start_m) - 10, GRADE].any()
    assert not hilly.route(["kz_d01_a"]).table[:, GRADE].any()


def test_places_translate_both_ways(corridor: CorridorMap, round_trip: Route) -> None:
    for lane in round_trip.lanes[::5]:
        offset_m = corridor.lanes[lane].length_m * 0.6
        at_m = round_trip.at(lane, offset_m)
        there, back_m = round_trip.where(at_m)
        assert there == lane
        assert back_m == pytest.approx(offset_m)
    assert round_trip.where(0.0) == (round_trip.lanes[0], 0.0)
    assert round_trip.where(round_trip.length_m)[0] == round_trip.lanes[-1]


def test_projection_finds_the_place_again(round_trip: Route) -> None:
    """Points set off from the line by hand, far enough from its other turns."""
    table = round_trip.table
    for row in range(50, len(table) - 50, 97):
        x, y, psi = table[row, X : PSI + 1]
        spot = (x - 1.2 * math.sin(psi), y + 1.2 * math.cos(psi))
        s_m, left_m = round_trip.project(*spot, near_m=float(row) + 7.0)
        assert s_m == pytest.approx(float(row), abs=0.1)
        assert left_m == pytest.approx(1.2, abs=0.01)


def test_projection_near_the_last_place_does_not_jump(corridor: CorridorMap) -> None:
    """Both directions pass the same ground in the one-lane section; a lap passes it twice."""
    lanes = corridor.path_lanes("kz_b01_a", "cn_b01_a")
    lap = lanes + corridor.path_lanes("cn_b01_a", "kz_b01_a")[1:] + lanes[1:]
    route = corridor.route(lap)
    second_m = route.length_m - 500.0
    x, y = (float(np.interp(second_m, route.table[:, S], route.table[:, n])) for n in (X, Y))
    assert route.project(x, y, near_m=second_m - 3.0)[0] == pytest.approx(second_m, abs=0.1)
    assert route.project(x, y)[0] < second_m - 1_000.0


def test_zone_spans_cover_the_route_without_gaps(corridor: CorridorMap, round_trip: Route) -> None:
    spans = round_trip.zone_spans
    assert spans[0][1] == 0.0
    assert spans[-1][2] == round_trip.length_m
    for (zone, _, end_m), (following, start_m, _) in itertools.pairwise(spans):
        assert end_m == start_m
        assert zone != following
    joins = [zone for zone, _, _ in spans if zone.endswith("_join")]
    assert joins == ["kz_e_join", "cn_e_join", "cn_w_join", "kz_w_join"]


def test_shortest_way_passes_by_the_bays_and_via_enters_one(corridor: CorridorMap) -> None:
    straight = corridor.path_lanes("kz_b09_a", "cn_b20_a")
    assert not any("bay" in lane for lane in straight)
    inspected = corridor.path_lanes("kz_b09_a", "cn_b20_a", via=("kz_e_bay2_a",))
    assert [lane for lane in inspected if "bay" in lane] == ["kz_e_bay2_a"]
    assert corridor.path_lanes("kz_b09_a", "cn_b20_a", avoid={"kz_e_pass1_a"})[:3] == straight[:3]


def test_equal_ways_are_told_apart_by_name(corridor: CorridorMap) -> None:
    """The same answer on every machine, whatever the order of the file."""
    ways = {corridor.path_lanes("kz_b01_a", "cn_b01_a") for _ in range(3)}
    assert len(ways) == 1


@pytest.mark.parametrize(
    ("start", "goal", "via", "avoid"),
    [
        ("nowhere", "cn_b01_a", (), ()),
        ("kz_b01_a", "nowhere", (), ()),
        ("kz_b01_a", "cn_b01_a", ("nowhere",), ()),
        ("kz_b01_a", "cn_b01_a", (), ("boundary_e_a",)),
        ("kz_b01_a", "cn_b01_a", (), ("cn_b01_a",)),
    ],
)
def test_no_way_is_an_error(
    corridor: CorridorMap, start: str, goal: str, via: tuple[str, ...], avoid: tuple[str, ...]
) -> None:
    with pytest.raises(RouteError):
        corridor.path_lanes(start, goal, via, avoid)


def test_lanes_that_do_not_follow_are_no_route(corridor: CorridorMap) -> None:
    with pytest.raises(RouteError, match="does not follow"):
        corridor.route(["kz_b01_a", "cn_b01_a"])
    with pytest.raises(RouteError, match="at least one"):
        corridor.route([])
    with pytest.raises(RouteError, match="no lane"):
        corridor.route(["nowhere"])


def test_places_off_the_route_are_errors(round_trip: Route) -> None:
    with pytest.raises(RouteError, match="not on the route"):
        round_trip.at("cn_b01_a", 1.0)
    for s_m in (-1.0, round_trip.length_m + 1.0, math.nan):
        with pytest.raises(RouteError, match="not on the route"):
            round_trip.where(s_m)


def test_width_of_a_row_is_the_least_up_to_the_next() -> None:
    """A lane 2.4 m long between rows that fall outside it is not overlooked."""
    ends = (0.0, 10.3, 10.7, 13.1, 20.0)
    widths = (5.0, 3.5, 4.0, 7.0)
    parts = [
        Stretch(f"w{n}", "road", 5.0, np.array([[low, 0.0], [high, 0.0]]), width_m=width)
        for n, (low, high, width) in enumerate(zip(ends, ends[1:], widths, strict=False))
    ]
    table = build_route(parts).table
    assert (table[:10, WIDTH] == 5.0).all()
    assert table[10:15, WIDTH].tolist() == [3.5, 4.0, 4.0, 4.0, 7.0]


def test_width_of_a_lane_reaches_the_route() -> None:
    plain_map = compile_map(a_map())
    lane = plain_map.lanes["kz_d01_a"]
    assert (plain_map.route([lane.id]).table[:, WIDTH] == lane.width_m).all()
