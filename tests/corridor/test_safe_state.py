"""Safe states: against every order there is, in random traffic, and as a voter."""

import random
from dataclasses import dataclass
from itertools import pairwise, permutations
from types import SimpleNamespace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.map import ZoneKind
from contract.reasons import Reason
from corridor.safe_state import SafeState, Way, is_one_way, judged_zones, stuck
from tests.factories import the_map

ZONES: Final = "abcdef"
some_zones = st.sets(st.sampled_from(ZONES), max_size=3)


# --- the rule ---


def some_order_exists(ways: list[Way]) -> bool:
    """By trying every order: each finishes with what is free then."""

    def works(order: tuple[Way, ...]) -> bool:
        held = {way.vehicle: set(way.holds) for way in ways}
        for way in order:
            others = set().union(*(zones for who, zones in held.items() if who != way.vehicle))
            if set(way.needs) & others:
                return False
            held[way.vehicle] = set()
        return True

    return any(works(order) for order in permutations(ways))


@given(st.lists(st.tuples(some_zones, some_zones), max_size=5))
def test_nobody_is_stuck_if_and_only_if_some_order_lets_all_finish(
    rows: list[tuple[set[str], set[str]]],
) -> None:
    ways = [Way(f"t{i}", holds, frozenset(needs)) for i, (holds, needs) in enumerate(rows)]
    assert (stuck(ways) == []) is some_order_exists(ways)


def test_two_that_need_what_the_other_has_are_stuck_and_who_waits_behind_them_too() -> None:
    rows = {"a": ("x", "y"), "b": ("y", "x"), "c": ("z", "x"), "d": ("w", "v")}  # has, and needs
    ways = [Way(name, has, frozenset(needs)) for name, (has, needs) in rows.items()]
    assert stuck(ways) == ["a", "b", "c"]


# --- random traffic on single tracks ---


def drive(routes: list[str], seed: int, *, careful: bool) -> bool:
    """Trucks take their ways zone by zone in a random order; whether all get to the end.

    A truck has one zone, its next one as soon as that is free, and gives back the one behind.
    """
    rng, at = random.Random(seed), [-1] * len(routes)

    def ways(mover: int) -> list[Way]:
        reached = [place + (i == mover) for i, place in enumerate(at)]
        return [
            Way(str(i), routes[i][max(0, place) : place + 1], frozenset(routes[i][place + 1 :]))
            for i, place in enumerate(reached)
            if place < len(routes[i])
        ]

    while True:
        held = {routes[i][place] for i, place in enumerate(at) if 0 <= place < len(routes[i])}
        able = []
        for i, place in enumerate(at):
            ahead = routes[i][place + 1 : place + 2]
            if place < len(routes[i]) and not (ahead and ahead in held):
                able.append(i)
        if careful:
            able = [i for i in able if str(i) not in stuck(ways(i))]
        if not able:
            return all(place == len(routes[i]) for i, place in enumerate(at))
        at[rng.choice(able)] += 1


both_ways = st.lists(st.sampled_from(["abcd", "dcba", "bcd", "cb", "fab", "bae"]), max_size=6)


@given(both_ways, st.integers(0, 1_000))
def test_traffic_that_is_judged_always_gets_to_its_end(routes: list[str], seed: int) -> None:
    assert drive(routes, seed, careful=True)


def test_traffic_that_is_not_judged_meets_on_a_single_track() -> None:
    """Planted: the same without the rule."""
    assert not all(drive(["abcd", "dcba"], seed, careful=False) for seed in range(20))


# --- the voter ---


def a_corridor(*ways: str) -> Any:
    """Lanes of the same name as their zones, 30 m long, joined as these ways go."""
    names = sorted(set("".join(ways)))
    after: dict[str, list[str]] = {name: [] for name in names}
    for here, there in (pair for way in ways for pair in pairwise(way)):
        after[here].append(there)
    lane = ZoneKind.LANE
    return SimpleNamespace(
        lanes={n: SimpleNamespace(zone=n, successors=tuple(after[n])) for n in names},
        zones={n: SimpleNamespace(id=n, kind=lane, one_lane=False) for n in names},
        berths={"berth": SimpleNamespace(zone="z")},
        bays={},
    )


@dataclass(frozen=True, slots=True, eq=False)
class ARoute:
    """As much of a route as is asked for; like a real one it is equal to itself alone."""

    zone_spans: list[tuple[str, float, float]]


def a_mission(name: str, way: str, cleared: int, had: int, *, arrived: bool = False) -> Any:
    return SimpleNamespace(
        vehicle=name, mission_id=name, way=way, cleared=cleared, next_span=had, arrived=arrived
    )


def a_vote(
    *missions: Any, asks: int = 0, kept: str = "", zone_m: float = 30.0, held: str = ""
) -> Any:
    """What the first of them is told when it asks for its next zone.

    kept   who has the berth z;  held   zones that somebody else has, who is under way nowhere
    """

    def holders(zone: str) -> tuple[str, ...]:
        if zone == "z" and kept:
            return (kept,)
        mine = (
            each.vehicle for each in missions if zone in each.way[each.cleared : each.next_span]
        )
        return (*mine, *(("x",) if zone in held else ()))

    state = SimpleNamespace(
        map=a_corridor(*(each.way for each in missions)),
        missions={each.vehicle: each for each in missions},
        zones=SimpleNamespace(holders=holders, is_free=lambda zone: not holders(zone)),
        route=lambda each: ARoute(
            [(z, zone_m * i, zone_m * (i + 1)) for i, z in enumerate(each.way)]
        ),
    )
    first = missions[0]
    return SafeState(state).vote(first, state.route(first), first.next_span + asks)


EAST, WEST = "xabcd", "dcbay"  # one track both ways; places to wait at x and y alone


def test_zone_that_would_close_a_ring_is_not_given() -> None:
    no = a_vote(a_mission("e", EAST, 0, 1), a_mission("w", WEST, 0, 1))
    assert (no.reason, no.resource, no.holder) == (Reason.WOULD_DEADLOCK, "a", "w")


def test_zone_is_given_once_the_other_has_gone_by() -> None:
    e = a_mission("e", EAST, 0, 1)
    assert a_vote(e, a_mission("w", WEST, 4, 5)) is None
    assert a_vote(e, a_mission("w", WEST, 0, 1, arrived=True)) is None


def test_truck_with_road_ahead_does_not_hold_what_is_behind_it() -> None:
    """It can go to the end of what it has, whatever the others do."""
    e = a_mission("e", "xefab", 0, 2)
    assert a_vote(e, a_mission("w", "bxq", 0, 1), asks=2) is None


def test_truck_that_is_stuck_already_is_not_held_up_on_top_of_it() -> None:
    """What it is given makes nothing worse, and the rule knows less than the road."""
    assert a_vote(a_mission("e", "abcd", 0, 1), a_mission("w", "dcba", 0, 2)) is None


SHORT_M: Final = 15.0  # no room to stand in one of them, but in two


def test_trucks_that_swap_places_are_judged_by_where_they_get_to() -> None:
    """Each has the berth that the other goes to; out of it there is road enough for both."""
    e, w = a_mission("e", "aopqd", 0, 1), a_mission("w", "drsta", 0, 1)
    assert a_vote(e, w, zone_m=SHORT_M, asks=3) is None
    assert a_vote(e, w, zone_m=SHORT_M, asks=3, held="o") is None  # the other can leave first


def test_zone_that_is_come_to_from_one_side_only_needs_no_judging() -> None:
    assert a_vote(a_mission("e", "ab", 0, 1), a_mission("w", "cde", 0, 1)) is None


@pytest.mark.parametrize("name", ["smoke", "bakhty_pokitu", "bridge"])
def test_zones_that_are_judged_are_joins_places_and_lanes_of_both_ways(name: str) -> None:
    corridor = the_map(name)
    judged = judged_zones(corridor)
    assert {berth.zone for berth in corridor.berths.values()} <= judged
    both_ways = {zone.id for zone in corridor.zones.values() if zone.one_lane}
    assert not both_ways & judged  # nobody stands there: where they come out is judged
    assert ("cn_e_neutral1" in judged) is (name == "bridge")
    assert "cn_e_neutral2" not in judged
    assert len(judged) < len(corridor.zones)


@pytest.mark.parametrize(
    "name", ["smoke", "bakhty_pokitu", "bridge", "crossovers", "crossovers_west"]
)
def test_corridors_go_round_through_berths_alone(name: str) -> None:
    """So whoever has its berth is never in a ring, and most traffic needs no judging."""
    assert is_one_way(the_map(name))


def test_single_track_is_no_one_way_road() -> None:
    assert not is_one_way(a_corridor(EAST, WEST))
    assert is_one_way(a_corridor("abcz", "dcz"))
