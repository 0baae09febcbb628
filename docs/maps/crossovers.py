"""Corridors with crossovers: one direction can pass the boundary section over the other lane.

Yards, stations and gates as at Bakhty - Pokitu, straight between the gates, 16 berths a side. On
each side of the line the lane of one direction forks: straight on into its own section, or over to
the other one's, which is one lane for both directions then, from crossover to crossover. Behind the
section each direction has a lay-by, where a truck that is towed may stand. The crossovers of the
other direction would cross these: its lane has no way around. So there are two maps, one the
other's mirror: `crossovers` for eastbound trucks, `crossovers_west` for westbound ones.
"""

import math
from functools import partial

import bakhty_pokitu
from bakhty_pokitu import (
    AXIS,
    BRANCH_WIDTH_M,
    CELL_M,
    GATE_M,
    POCKET_BEFORE_END_M,
    ROAD_WIDTH_M,
    SIDE_M,
    Way,
)
from ground import APRON_MPS
from pen import Axis, Pen, sway_length_m

FORK_FROM_M, SECTION_M, ONE_LANE_M = 190.0, 130.0, 170.0  # before and behind the line
CROSS_M = sway_length_m(2.0 * SIDE_M, 80.0)
TURN_RAD = math.acos(1.0 - 2.0 * SIDE_M / 160.0)
JOIN_M = 35.0  # before a fork and behind a merge: a truck that waits there stands straight
LAYBY_RIGHT_M, LAYBY_RADIUS_M, LAYBY_FORK_M, LAYBY_M = 8.0, 30.0, 30.0, 35.0
START_M = GATE_M - (CELL_M - bakhty_pokitu.BARRIER_M)  # where the exit gate's cell ends
END_M = GATE_M - bakhty_pokitu.BARRIER_M  # where the entry gate's begins
_WESTBOUND = ("boundary_w", "boundary_e")


def cross(leaving: Way, arriving: Way, *, over: str) -> None:
    """Exit gate, neutral zones, the section, with crossovers if it is the direction `over`, a
    lay-by, entry gate.
    """
    out, mine = f"{leaving.side}_out", leaving.prefix()
    bakhty_pokitu.gate(leaving, out, "exit", mine + "neutral1_a")
    leaving.detect(f"{out}_det2", f"{out}_cell_a", f"{out}_cell", mine + "neutral1")
    if leaving.direction == over:
        _section_with_way_round(leaving, arriving)
    else:
        _section_of_both(leaving, arriving)
    _layby(arriving)
    bakhty_pokitu.entry(arriving)


def _section_with_way_round(leaving: Way, arriving: Way) -> None:
    pen, sheet, mine, theirs = leaving.pen, leaving.sheet, leaving.prefix(), arriving.prefix()
    own, other = ("boundary_e", "boundary_w") if leaving.direction == "E" else _WESTBOUND
    fork, merge = mine + "cross", theirs + "cross"
    _neutrals(leaving, START_M - FORK_FROM_M - JOIN_M, fork + "_in")
    line = pen.straight(JOIN_M).cut()
    leaving.lane(fork + "_in", fork, line, [fork + "_a", fork + "_over"])
    sheet.zone(fork, "lane", country=leaving.country, neutral=True)
    over = Pen(pen.x_m, pen.y_m)
    line = over.arc(80.0, TURN_RAD).cut()
    leaving.lane(fork + "_over", fork, line, [own + "_over"], branch=True)
    leaving.detect(own + "_over_det1", fork + "_over", fork, other)
    over.arc(80.0, -TURN_RAD).straight(2.0 * (FORK_FROM_M - CROSS_M))
    line = over.arc(80.0, -TURN_RAD).cut()
    leaving.lane(own + "_over", other, line, [merge + "_over"], country=None, branch=True)
    leaving.detect(own + "_over_det2", own + "_over", other, merge)
    line = over.arc(80.0, TURN_RAD).cut()
    arriving.lane(merge + "_over", merge, line, [merge + "_out"], branch=True)
    line = pen.straight(FORK_FROM_M - SECTION_M).cut()
    leaving.lane(fork + "_a", fork, line, [own + "_a"])
    leaving.detect(own + "_det1", fork + "_a", fork, own)
    line = pen.straight(2.0 * SECTION_M).cut()
    leaving.lane(own + "_a", own, line, [merge + "_a"], country=None)
    leaving.detect(own + "_det2", own + "_a", own, merge)
    limits = leaving.layout.limits
    sheet.zone(own, "boundary", neutral=True, **limits)
    sheet.zone(other, "boundary", neutral=True, one_lane=True, **limits)
    line = pen.straight(FORK_FROM_M - SECTION_M).cut()
    arriving.lane(merge + "_a", merge, line, [merge + "_out"])
    arriving.lane(
        merge + "_out", merge, pen.straight(JOIN_M).cut(), [theirs + "fork0_a", theirs + "fork0_b"]
    )
    sheet.zone(merge, "lane", country=arriving.country, neutral=True)


def _section_of_both(leaving: Way, arriving: Way) -> None:
    pen, theirs = leaving.pen, arriving.prefix()
    own = f"boundary_{leaving.direction.lower()}"
    last = _neutrals(leaving, START_M - ONE_LANE_M, own + "_a")
    leaving.detect(own + "_det1", last, last[:-2], own)
    line = pen.straight(2.0 * ONE_LANE_M).cut()
    leaving.lane(own + "_a", own, line, [theirs + "cross_out"], country=None)
    leaving.detect(own + "_det2", own + "_a", own, theirs + "cross")
    line = pen.straight(FORK_FROM_M + JOIN_M - ONE_LANE_M).cut()
    arriving.lane(
        theirs + "cross_out", theirs + "cross", line, [theirs + "fork0_a", theirs + "fork0_b"]
    )
    arriving.sheet.zone(theirs + "cross", "lane", country=arriving.country, neutral=True)


def _neutrals(way: Way, length_m: float, after: str) -> str:
    """Two zones in which a truck may wait before the section. Returns the last lane."""
    z, lane = way.prefix(), ""
    for number in (1, 2):
        lane = f"{z}neutral{number}_a"
        following = z + "neutral2_a" if number == 1 else after
        way.lane(lane, lane[:-2], way.pen.straight(length_m / 2).cut(), [following])
        way.sheet.zone(lane[:-2], "lane", country=way.country, neutral=True)
        way.sheet.point("marker", f"{lane[:-2]}_mark", lane, length_m / 4)
    return lane


def _layby(way: Way) -> None:
    """Beside the lane, between the section and the entry gate; then the last neutral zone."""
    z, d, pen, sheet = way.prefix(), way.direction.lower(), way.pen, way.sheet
    slow = {"width_m": BRANCH_WIDTH_M, "speed_mps": APRON_MPS, "branch": True}
    fork, join, stand, past = z + "fork0", z + "join0", z + "layby", z + "pass0"
    off = Pen(pen.x_m, pen.y_m)
    line = off.sway(-LAYBY_RIGHT_M, LAYBY_RADIUS_M, LAYBY_FORK_M).cut()
    way.lane(fork + "_b", fork, line, [stand + "_a"], **slow)
    way.lane(stand + "_a", stand, off.straight(LAYBY_M).cut(), [join + "_b"], **slow)
    line = off.sway(LAYBY_RIGHT_M, LAYBY_RADIUS_M, LAYBY_FORK_M).cut()
    way.lane(join + "_b", join, line, [z + "neutral3_a"], **slow)
    way.lane(fork + "_a", fork, pen.straight(LAYBY_FORK_M).cut(), [past + "_a"])
    way.lane(past + "_a", past, pen.straight(LAYBY_M).cut(), [join + "_a"])
    way.lane(join + "_a", join, pen.straight(LAYBY_FORK_M).cut(), [z + "neutral3_a"])
    for zone in (fork, past, stand, join):
        sheet.zone(zone, "lane", country=way.country, neutral=True)
    name = f"{way.side}_layby_{d}"
    sheet.point("pocket", name, stand + "_a", -POCKET_BEFORE_END_M, country=way.country)
    left_m = END_M - FORK_FROM_M - JOIN_M - 2 * LAYBY_FORK_M - LAYBY_M
    line = pen.straight(left_m).cut()
    into = f"{way.side}_in_cell_a"
    way.lane(z + "neutral3_a", z + "neutral3", line, [into], width_m=ROAD_WIDTH_M)
    sheet.zone(z + "neutral3", "lane", country=way.country, neutral=True)


def layout(name: str, over: str, adjective: str) -> bakhty_pokitu.Layout:
    """The corridor in which the trucks of one direction have a way round."""
    return bakhty_pokitu.Layout(
        name=name,
        note="Schematic: nothing of this kind is there. The corridor of bakhty_pokitu with 16"
        f" berths a side, straight between the gates; {adjective} trucks can pass the line over the"
        " other lane, and each direction has a lay-by before its entry gate.",
        groups=4,
        section_m=2.0 * SECTION_M,
        bridge=False,
        limits={"vehicles_max": 3, "mass_max_kg": 150_000},
        axis=Axis(math.radians(-11.0), (AXIS.bends[0], AXIS.bends[-1])),
        cross=partial(cross, over=over),
    )


def draw() -> str:
    """The whole file of the eastbound one."""
    return bakhty_pokitu.draw(layout("crossovers", "E", "eastbound"))


def draw_west() -> str:
    """That of the westbound one."""
    return bakhty_pokitu.draw(layout("crossovers_west", "W", "westbound"))
