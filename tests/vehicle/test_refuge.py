"""Where a truck that must not go on may stand: by every installed map, and by its own brakes."""

import itertools

import numpy as np
import pytest

from contract.limits import VEHICLE_LENGTH_M_MAX
from contract.map import ZoneKind
from contract.route import GRADE, Stretch, build_route
from corridor.planning import way
from tests.factories import the_map
from tests.vehicle.truck import gate_m, the_route
from vehicle.refuge import FORESIGHT_ROWS, braking_of, falls_of, refuge_of


def test_route_without_an_exit_gate_has_no_refuge() -> None:
    assert refuge_of(the_route(), the_map(), []) is None


@pytest.mark.parametrize("name", ["smoke", "bakhty_pokitu"])
@pytest.mark.parametrize("direction", ["E", "W"])
def test_no_part_of_a_truck_stands_in_the_boundary_section_or_under_a_barrier(
    name: str, direction: str
) -> None:
    corridor = the_map(name)
    origin, goal = ("KZ", "CN") if direction == "E" else ("CN", "KZ")
    starts = sorted((b.arrivals, b.lane) for b in corridor.berths.values() if b.country == origin)
    ends = [b.id for b in corridor.berths.values() if b.country == goal and b.arrivals]
    route = corridor.route(way(corridor, starts[0][1], ends[0], None))
    gates = [g for g in corridor.gates.values() if g.lane in route.lanes]
    lines = sorted(route.at(g.lane, g.stop_offset_m) for g in gates)
    barriers = sorted(route.at(g.lane, g.barrier_offset_m) for g in gates)
    refuge = refuge_of(route, corridor, lines)
    assert refuge is not None
    assert refuge.line_m == lines[0]
    assert any(first >= lines[1] for first, _ in refuge.safe), "there is one behind the line"
    for first_m, last_m in refuge.safe:
        for front_m in (first_m, 0.5 * (first_m + last_m), last_m):
            rear_m = max(0.0, front_m - VEHICLE_LENGTH_M_MAX)
            for zone, start_m, end_m in route.zone_spans:
                if start_m < front_m - 1e-6 and end_m > rear_m + 1e-6:
                    kind = corridor.zones[zone].kind
                    assert kind is not ZoneKind.BOUNDARY
                    assert kind is not ZoneKind.GATE_CELL or front_m in lines
            assert not any(rear_m < barrier < front_m for barrier in barriers)


def test_next_place_behind_the_line_of_the_short_map_is_the_entry_gates() -> None:
    lines = [gate_m("kz_out"), gate_m("cn_in")]
    refuge = refuge_of(the_route(), the_map(), lines)
    assert refuge is not None
    behind = [first for first, last in refuge.safe if last > lines[0]]
    assert behind[0] == lines[1]


def test_standing_truck_rests_where_it_is_and_a_faster_one_later() -> None:
    falls = falls_of(the_route())
    assert braking_of(falls, 50.0, 0.0, service_mps2=1.5, mu=0.7) == (
        braking_of(falls, 50.0, -0.1, service_mps2=1.5, mu=0.7)
    )
    still = braking_of(falls, 50.0, 0.0, service_mps2=1.5, mu=0.7)
    assert (still.gentle_m, still.now_m) == (50.0, 50.0)
    slow = braking_of(falls, 50.0, 2.0, service_mps2=1.5, mu=0.7)
    fast = braking_of(falls, 50.0, 6.0, service_mps2=1.5, mu=0.7)
    assert 50.0 < slow.now_m < slow.gentle_m < fast.gentle_m
    assert slow.now_m == pytest.approx(50.0 + 2.4 + 2.4**2 / 3.0)


def test_ice_weak_brakes_and_a_fall_each_make_it_longer() -> None:
    line = [[0.0, 0.0], [400.0, 0.0]]
    level, fall = (
        falls_of(build_route([Stretch("road", "road", 8.0, np.array(line), grade)]))
        for grade in (0.0, -0.04)
    )
    dry = braking_of(level, 50.0, 5.0, service_mps2=1.5, mu=0.7)
    for worse in (
        braking_of(level, 50.0, 5.0, service_mps2=1.5, mu=0.1),
        braking_of(level, 50.0, 5.0, service_mps2=0.0, mu=0.7),
        braking_of(fall, 50.0, 5.0, service_mps2=1.5, mu=0.15),
    ):
        assert worse.gentle_m > dry.gentle_m
        assert worse.now_m > dry.now_m


def test_fall_is_foreseen_as_far_as_a_truck_has_to_look() -> None:
    """The road falls from 300 m on: that counts once it is within 200 m, not before."""
    ends = (0.0, 300.0, 600.0)
    lines = [np.array([[a, 0.0], [b, 0.0]]) for a, b in itertools.pairwise(ends)]
    grades = (0.0, -0.04)
    stretches = [
        Stretch(f"road{k}", "road", 8.0, line, grade)
        for k, (line, grade) in enumerate(zip(lines, grades, strict=True))
    ]
    route = build_route(stretches)
    falls = falls_of(route)
    for row in range(len(falls)):
        assert falls[row] == route.table[row : row + FORESIGHT_ROWS, GRADE].min()
    assert falls[50] == 0.0
    assert falls[150] == pytest.approx(-0.04)
