"""Trucks in two zones never touch, and every truck stays inside its lanes.

These are the properties that let interlocking think in zones alone. Trucks of 16.5 m are driven
over every branch of both maps, trailer included; then every pair of places is compared whose zones
are apart. The kinematics are written here a second time, and shapely judges: `contract/swept.py`,
by which maps are compiled, is held against it.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import shapely

from contract.geodesy import Array
from contract.map import CorridorMap, Route, RouteError, compile_map

MAPS: Final = Path(__file__).parents[2] / "contract" / "maps"
WIDTH_M: Final = 2.55
LENGTH_M: Final = 16.5
FRONT_M: Final = 5.0  # front bumper ahead of the tractor's rear axle
HITCH_M: Final = 0.5
TRAILER_M: Final = 8.1  # fifth wheel to trailer axle
STEP_M: Final = 0.25
END_MARGIN_M: Final = 5.0  # a standing truck's front to the end of its zone
LANE_TOLERANCE_M: Final = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """What a truck covers on a route: place of its front, outlines of tractor and trailer."""

    front_s_m: Array
    outlines: list[shapely.Polygon]  # tractor and trailer of each place in turn


def drive(route: Route) -> Drive:
    """The tractor's rear axle follows the line; the trailer follows by its own kinematics.

    Source: kinematics of a fifth wheel ahead of the axle, docs/MAP.md section "Swept width".
    """
    axle = np.arange(LENGTH_M - FRONT_M, route.length_m - FRONT_M + 1e-9, STEP_M)
    x, y, psi = (np.interp(axle, route.table[:, 0], route.table[:, n]) for n in (1, 2, 3))
    turn = np.gradient(psi, STEP_M)
    yaw = np.empty_like(psi)
    yaw[0] = psi[0]
    for row in range(1, len(psi)):
        angle = psi[row - 1] - yaw[row - 1]
        rate = (math.sin(angle) + HITCH_M * turn[row - 1] * math.cos(angle)) / TRAILER_M
        yaw[row] = yaw[row - 1] + rate * STEP_M
    hitch = np.column_stack([x + HITCH_M * np.cos(psi), y + HITCH_M * np.sin(psi)])
    tail_m = LENGTH_M - FRONT_M + HITCH_M
    rows = slice(None, None, int(2.0 / STEP_M))
    tractor = boxes(np.column_stack([x, y])[rows], psi[rows], -0.9, FRONT_M)
    trailer = boxes(hitch[rows], yaw[rows], -tail_m, 1.6)
    return Drive(
        axle[rows] + FRONT_M, [p for pair in zip(tractor, trailer, strict=True) for p in pair]
    )


def boxes(at: Array, psi: Array, back_m: float, front_m: float) -> list[shapely.Polygon]:
    ahead = np.column_stack([np.cos(psi), np.sin(psi)])
    left = np.column_stack([-np.sin(psi), np.cos(psi)]) * WIDTH_M / 2
    edges = ((back_m, 1), (front_m, 1), (front_m, -1), (back_m, -1))
    corners = [at + ahead * along + left * side for along, side in edges]
    return [shapely.Polygon(each) for each in np.stack(corners, axis=1)]


def ways(corridor: CorridorMap) -> Iterator[tuple[str, ...]]:
    """Lanes of drives that together cover every lane of the map: over each berth and each bay."""
    for exit_gate in (g for g in corridor.gates.values() if g.side == "exit"):
        entry = next(
            g
            for g in corridor.gates.values()
            if g.side == "entry" and g.direction == exit_gate.direction
        )
        leaving = [
            b for b in corridor.berths.values() if b.country == exit_gate.country and b.departures
        ]
        landing = [b for b in corridor.berths.values() if b.country == entry.country and b.arrivals]
        for berth in leaving:
            yield corridor.path_lanes(berth.lane, exit_gate.lane)
        for berth in landing:
            yield corridor.path_lanes(entry.lane, berth.lane)
        yield corridor.path_lanes(leaving[0].lane, landing[0].lane)
        for bay in (b for b in corridor.bays.values() if b.direction == exit_gate.direction):
            via = (bay.lane,)
            yield corridor.path_lanes(leaving[0].lane, landing[0].lane, via)
        for lane in beside(corridor):
            try:
                way = corridor.path_lanes(exit_gate.lane, entry.lane, (lane,))
            except RouteError:
                continue
            if sum(gate.lane in way for gate in corridor.gates.values()) == 2:
                yield way  # not by way of the other direction


def beside(corridor: CorridorMap) -> list[str]:
    """Lanes that the shortest ways leave out: over the other section, and into a lay-by."""
    sections = [z for z in corridor.zones.values() if z.kind.value == "boundary"]
    pockets = [each.lane for each in corridor.pockets.values()]
    return [*(lane for zone in sections for lane in zone.lanes), *pockets]


@pytest.fixture(
    scope="module",
    params=[
        "smoke",
        *(
            pytest.param(n, marks=pytest.mark.soak)
            for n in ("bridge", "crossovers", "crossovers_west", "bakhty_pokitu")
        ),
    ],
)
def corridor(request: pytest.FixtureRequest) -> CorridorMap:
    return compile_map((MAPS / f"{request.param}.geojson").read_bytes())


@pytest.fixture(scope="module")
def drives(corridor: CorridorMap) -> list[tuple[Route, Drive]]:
    routes = [corridor.route(lanes) for lanes in ways(corridor)]
    return [(route, drive(route)) for route in routes]


def test_ways_cover_every_lane(corridor: CorridorMap) -> None:
    """The two tests below look at all of the map."""
    driven = {lane for lanes in ways(corridor) for lane in lanes}
    assert driven == set(corridor.lanes)


def test_articulated_truck_stays_inside_its_lanes(
    corridor: CorridorMap, drives: list[tuple[Route, Drive]]
) -> None:
    """Swept width fits the lane width, curves, forks and berths included; no lane ends early."""
    for route, driven in drives:
        road = shapely.union_all(
            [
                shapely.LineString(corridor.lanes[name].xy_m).buffer(
                    corridor.lanes[name].width_m / 2, cap_style="flat"
                )
                for name in route.lanes
            ]
        ).buffer(LANE_TOLERANCE_M)
        shapely.prepare(road)
        outside = np.flatnonzero(~shapely.covers(road, driven.outlines))
        places = [route.where(float(driven.front_s_m[row // 2])) for row in outside]
        assert not places, f"outside its lane with the front at {places[:3]}"


@dataclass(frozen=True, slots=True)
class Place:
    """A truck somewhere: the zones it occupies, and the zones ahead that its overlap may reach."""

    zones: frozenset[str]
    reach: frozenset[str]


def places_of(drives: list[tuple[Route, Drive]]) -> tuple[list[Place], list[shapely.Polygon]]:
    """Every distinct place of a truck, and the outlines (two for each place)."""
    seen: set[tuple[tuple[str, ...], int]] = set()
    places, outlines = [], []
    for route, driven in drives:
        for row, front in enumerate(float(each) for each in driven.front_s_m):
            lane, offset = route.where(front)
            back = route.lanes.index(route.where(max(0.0, front - 45.0))[0])
            key = (route.lanes[back : route.lanes.index(lane) + 1], round(offset / 2.0))
            if key in seen:
                continue
            seen.add(key)
            rear = front - LENGTH_M
            spans = route.zone_spans
            zones = frozenset(zone for zone, low, high in spans if low < front and high > rear)
            ahead = {z for z, low, high in spans if low < front + END_MARGIN_M and high > rear}
            behind = {z for z, low, high in spans if low < front and high > rear - END_MARGIN_M}
            places.append(Place(zones, frozenset(ahead | behind)))
            outlines += driven.outlines[2 * row : 2 * row + 2]
    return places, outlines


def test_trucks_in_different_zones_never_touch(drives: list[tuple[Route, Drive]]) -> None:
    """A truck with 5 m ahead in its zone is clear of every truck that shares none with it."""
    places, outlines = places_of(drives)
    names = sorted({zone for place in places for zone in place.reach})
    held = np.array([[zone in place.zones for zone in names] for place in places])
    reach = np.array([[zone in place.reach for zone in names] for place in places])
    one, two = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    pairs = np.unique(np.column_stack([one // 2, two // 2]), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    assert len(pairs) > len(places) > 300
    touching: list[tuple[frozenset[str], frozenset[str]]] = []
    for low in range(0, len(pairs), 50_000):
        a, b = pairs[low : low + 50_000].T
        apart = ~(held[a] & held[b]).any(axis=1) & ~(reach[a] & held[b]).any(axis=1)
        apart &= ~(held[a] & reach[b]).any(axis=1)
        touching += [
            (places[i].zones, places[j].zones) for i, j in zip(a[apart], b[apart], strict=True)
        ]
    assert not touching, f"{len(touching)} pairs, such as {touching[:3]}"


def test_directions_share_no_zone_but_berths_and_one_lane_sections(corridor: CorridorMap) -> None:
    """Two streams that share no zone cannot wait for each other in a circle."""
    zones: dict[str, set[str]] = {"E": set(), "W": set()}
    for lanes in ways(corridor):
        gates = [g for g in corridor.gates.values() if g.lane in lanes]
        zones[gates[0].direction] |= {corridor.lanes[name].zone for name in lanes}
    shared = [corridor.zones[name] for name in sorted(zones["E"] & zones["W"])]
    assert all(zone.kind.value == "berth" or zone.one_lane for zone in shared)
    one_lane = {
        "smoke": ["boundary"],
        "bridge": ["bridge"],
        "crossovers": ["boundary_w"],
        "crossovers_west": ["boundary_e"],
        "bakhty_pokitu": [],
    }
    assert [zone.id for zone in shared if zone.one_lane] == one_lane[corridor.name]


def test_berths_leave_room_between_trucks(corridor: CorridorMap) -> None:
    """Two trucks standing in neighbouring berths are at least 2 m apart."""
    stands = {
        berth.id: shapely.LineString(corridor.lanes[berth.lane].xy_m).buffer(
            WIDTH_M / 2, cap_style="flat"
        )
        for berth in corridor.berths.values()
    }
    for one, two in itertools.combinations(stands.values(), 2):
        assert one.distance(two) >= 1.9


def test_a_fork_cut_into_two_zones_is_found() -> None:
    """The test above can fail: one branch of a fork gets a zone of its own."""
    smoke = compile_map((MAPS / "smoke.geojson").read_bytes())
    lanes = {
        name: dataclasses.replace(lane, zone="planted" if name == "kz_e_fork_b" else lane.zone)
        for name, lane in smoke.lanes.items()
    }
    planted = dataclasses.replace(smoke, lanes=lanes)
    routes = [planted.route(way) for way in ways(planted)]
    with pytest.raises(AssertionError, match="planted"):
        test_trucks_in_different_zones_never_touch([(route, drive(route)) for route in routes])
