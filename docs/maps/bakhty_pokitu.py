"""The corridor Bakhty - Pokitu: two yards, two one-way lanes, posts 800 m apart.

Drawn for eastbound travel on a flat plane; the westbound half is the same drawing turned by half a
turn.
Along: 0 at the border, the eastbound lane at -4.5 m. The corridor is one ring: berth, departure
road, lane, gates, lane, arrival road, berth on the other side, and back; no zone serves both
directions but the berths.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ground import APRON_MPS, BORDER_LON_LAT, LANE_MPS, ORIGIN_LON_LAT, header
from pen import Axis, Drawing, Pen, sway_length_m
from yard import (
    ROAD_LEFT_M,
    ROAD_RUN_M,
    SIDE_M,
    Yard,
    arrival_road_lanes,
    departure_road_lanes,
    draw_yard,
)

from contract.geodesy import Array, LocalFrame

NOTE = (
    "Schematic: lanes, yards, gates and stations are invented to plausible sizes; see published for"
    " what is not. The lanes cross the border line near 46.680 N; the posts are about 800 m apart."
    " Grades are drawn as 0: the valley floor is nearly flat there, and no heights are surveyed."
)
WIDTH_M = 3.5
BRANCH_WIDTH_M = 7.0
ROAD_WIDTH_M = 5.0  # behind tight curves, of berths and bays: a trailer is not straight there yet
GATE_M = 400.0  # barrier to border
CELL_M, BARRIER_M, STOP_M = 40.0, 25.0, 22.0
SECTION_M = 80.0
NEUTRALS = 3
APPROACH_M, APRON_M = 50.0, 30.0
FORK_M, BAY_M, KNOT_GAP_M, BAYS = 30.0, 30.0, 10.0, 3
BAY_RIGHT_M, BAY_RADIUS_M = 8.0, 30.0
STATION_M, STATION_STOP_M = 60.0, 40.0
BUFFER_M, BUFFERS, ROAD_M = 120.0, 2, 180.0
POCKET_BEFORE_END_M = 6.0
AXIS = Axis(
    math.radians(-10.0),
    (
        (-1325.0, -1165.0, math.radians(10.0)),
        (-330.0, -80.0, math.radians(-26.0)),
        (80.0, 330.0, math.radians(26.0)),
        (1165.0, 1325.0, math.radians(-10.0)),
    ),
)


@dataclass(frozen=True)
class Layout:
    """What corridors drawn this way differ in.

    bridge   half a lane's distance to the middle is swayed in and out inside the boundary section,
             which is then one lane for both directions
    cross    draws what is between the gates; None: neutral zones and a section, as below
    bays     lay-bys for inspections one after the other, before each exit and behind each entry
    roads_m  plain road between yard and post, cut into zones
    section_mps   limit on the boundary section
    """

    name: str
    note: str
    groups: int
    section_m: float
    bridge: bool
    limits: dict[str, int]
    bays: int = BAYS
    roads_m: tuple[float, ...] = (ROAD_M,)
    axis: Axis = AXIS
    width_m: float = WIDTH_M
    cross: "Callable[[Way, Way], None] | None" = None
    section_mps: float = LANE_MPS

    @property
    def start_m(self) -> float:
        """From the border to where a yard's road begins: half of the lane, yard to yard."""
        post_m = GATE_M + BARRIER_M + APPROACH_M + APRON_M + bays_m(self.bays) + 2 * STATION_M
        return post_m + BUFFERS * BUFFER_M + sum(self.roads_m) + ROAD_RUN_M


def bays_m(bays: int) -> float:
    """Length of the lay-bys and their forks and joins."""
    return 2 * FORK_M + bays * BAY_M + (bays - 1) * (2 * FORK_M + KNOT_GAP_M)


def road_m(length_m: float, bays: int) -> float:
    """Plain road on each side of a lane that is so long from yard to yard."""
    return length_m / 2 - Layout("", "", 1, 0.0, False, {}, bays=bays, roads_m=()).start_m


BAKHTY = Layout(
    "bakhty_pokitu", NOTE, 8, SECTION_M, False, {"vehicles_max": 3, "mass_max_kg": 150_000}
)


@dataclass
class Way:
    """One direction, drawn lane after lane in the order of travel.

    `country` is that of the lanes being drawn; None on the boundary section.
    """

    sheet: Drawing
    direction: str
    pen: Pen
    country: str | None
    layout: Layout
    through: list[str] = field(default_factory=list)  # lanes drawn, without the bays' branches

    @property
    def side(self) -> str:
        return (self.country or "").lower()

    def prefix(self) -> str:
        """Names of zones: kz_e_ for the eastbound half in Kazakhstan."""
        return f"{self.side}_{self.direction.lower()}_"

    def flat(self, line: Array) -> Array:
        return line if self.direction == "E" else -line

    def lane(self, name: str, zone: str, line: Array, after: list[str], **more: Any) -> None:
        more.setdefault("width_m", self.layout.width_m)
        more.setdefault("speed_mps", LANE_MPS)
        more.setdefault("country", self.country)
        if not more.pop("branch", False):
            self.through.append(name)
        self.sheet.lane(name, self.flat(line), zone, grade=0.0, successors=after, **more)

    def stretch(self, zone: str, length_m: float, after: str, **more: Any) -> str:
        """One straight lane that is a zone of its own (kind lane). Returns the lane."""
        self.lane(f"{zone}_a", zone, self.pen.straight(length_m).cut(), [after], **more)
        self.sheet.zone(zone, "lane", country=self.country)
        return f"{zone}_a"

    def detect(self, name: str, lane: str, before: str, after: str) -> None:
        ends = {"zone_before": before, "zone_after": after}
        self.sheet.point("detector", name, lane, self.sheet.end_of(lane), **ends)

    def here(self) -> dict[str, Any]:
        return {"country": self.country, "direction": self.direction}


def draw(layout: Layout = BAKHTY) -> str:
    """The whole file."""
    sheet = Drawing(LocalFrame(*ORIGIN_LON_LAT), layout.axis)
    sheet.boundary("border", BORDER_LON_LAT, left="CN")
    start_m = layout.start_m
    ways: list[list[str]] = []
    for direction, origin, target in (("E", "KZ", "CN"), ("W", "CN", "KZ")):
        leaving = Way(sheet, direction, Pen(-start_m, -ROAD_LEFT_M), origin, layout)
        draw_yard(Yard(leaving, -start_m, leaving.prefix() + "road1_a", layout.groups))
        _depart(leaving)
        arriving = Way(sheet, direction, leaving.pen, target, layout)
        (layout.cross or _cross)(leaving, arriving)
        _arrive(arriving)
        through = leaving.through + arriving.through
        roads = departure_road_lanes(origin, layout.groups)
        ways.append(roads + through + arrival_road_lanes(target, layout.groups))
    if layout.bridge:
        sheet.zone("bridge", "boundary", neutral=True, one_lane=True, **layout.limits)
    for way in ways:
        sheet.mark_way(way)
    return sheet.text(header(layout.name, layout.note))


def _depart(way: Way) -> None:
    """From the yard to the apron of the exit gate."""
    z, pen = way.prefix(), way.pen
    line = pen.sway(ROAD_LEFT_M - SIDE_M, 80.0, ROAD_RUN_M).cut()
    way.lane(z + "road1_a", z + "road1", line, [z + "road2_a"], width_m=ROAD_WIDTH_M)
    way.sheet.zone(z + "road1", "lane", country=way.country)
    for number, length_m in enumerate(way.layout.roads_m, start=2):
        last = number == len(way.layout.roads_m) + 1
        after = z + ("buffer1_a" if last else f"road{number + 1}_a")
        way.stretch(z + f"road{number}", length_m, after)
    _buffers(way, z + "weigh_a", behind_bays=False)
    last = z + f"buffer{BUFFERS}"
    way.detect(z + "weigh_det1", last + "_a", last, z + "weigh")
    _stations(way, z + "fork1")
    _bays(way, z + "approach_a")
    exit_gate = f"{way.side}_out"
    line = pen.straight(APPROACH_M).cut()
    way.lane(z + "approach_a", z + "approach", line, [z + "approach_b"], width_m=ROAD_WIDTH_M)
    apron = pen.straight(APRON_M).cut()
    way.lane(z + "approach_b", z + "approach", apron, [f"{exit_gate}_cell_a"], speed_mps=APRON_MPS)
    way.sheet.zone(z + "approach", "lane", country=way.country)
    for before_m in (26.0, 13.0):
        way.sheet.point("marker", f"{exit_gate}_mark{before_m:.0f}", z + "approach_b", -before_m)
    way.detect(f"{exit_gate}_det1", z + "approach_b", z + "approach", f"{exit_gate}_cell")


def _buffers(way: Way, after: str, *, behind_bays: bool) -> None:
    z = way.prefix()
    for number in range(1, BUFFERS + 1):
        zone = z + f"buffer{number}"
        following = z + f"buffer{number + 1}_a" if number < BUFFERS else after
        width_m = ROAD_WIDTH_M if number == 1 and behind_bays else way.layout.width_m
        lane = way.stretch(zone, BUFFER_M, following, width_m=width_m)
        name = f"{way.side}_pocket_{way.direction.lower()}{number}"
        way.sheet.point("pocket", name, lane, -POCKET_BEFORE_END_M, country=way.country)


def _stations(way: Way, fork: str) -> None:
    """Weighbridge with portal, then X-ray; both driven through at a walking truck's speed."""
    z, d = way.prefix(), way.direction.lower()
    following = {"weigh": ([z + "xray_a"], z + "xray"), "xray": ([fork + "_a", fork + "_b"], fork)}
    for name, kinds in (("weigh", ["weighbridge", "portal"]), ("xray", ["xray"])):
        lane, (after, zone_after) = f"{z}{name}_a", following[name]
        way.lane(lane, z + name, way.pen.straight(STATION_M).cut(), after, speed_mps=APRON_MPS)
        way.sheet.zone(z + name, "station", country=way.country)
        station = f"{way.side}_{name}_{d}"
        way.sheet.point("station", station, lane, STATION_STOP_M, kinds=kinds, **way.here())
        way.sheet.point("marker", f"{station}_mark", lane, STATION_STOP_M)
        way.detect(f"{z}{name}_det2", lane, z + name, zone_after)


def _bays(way: Way, after: str) -> None:
    """Lay-bys one after the other: the lane passes by, each branch ends inside its zone.

    Zones: fork1, pass1 beside bay1, knot2 (the join of bay 1 and the fork to bay 2), ..., join.
    """
    z, d, sheet, pen = way.prefix(), way.direction.lower(), way.sheet, way.pen
    slow = {"width_m": BRANCH_WIDTH_M, "speed_mps": APRON_MPS, "branch": True}
    fork = z + "fork1"
    sheet.zone(fork, "lane", country=way.country)
    bays = way.layout.bays
    for number in range(1, bays + 1):
        last = number == bays
        bay, past = f"{z}bay{number}", f"{z}pass{number}"
        join = z + "join" if last else f"{z}knot{number + 1}"
        meet = after if last else join + "_gap"
        off = Pen(pen.x_m, pen.y_m)
        line = off.sway(-BAY_RIGHT_M, BAY_RADIUS_M, FORK_M).cut()
        way.lane(fork + "_b", fork, line, [bay + "_a"], **slow)
        way.lane(bay + "_a", bay, off.straight(BAY_M).cut(), [join + "_in_b"], **slow)
        line = off.sway(BAY_RIGHT_M, BAY_RADIUS_M, FORK_M).cut()
        way.lane(join + "_in_b", join, line, [meet], **slow)
        way.lane(fork + "_a", fork, pen.straight(FORK_M).cut(), [past + "_a"])
        way.lane(past + "_a", past, pen.straight(BAY_M).cut(), [join + "_in_a"])
        way.lane(join + "_in_a", join, pen.straight(FORK_M).cut(), [meet])
        if not last:
            gap = pen.straight(KNOT_GAP_M).cut()
            way.lane(meet, join, gap, [join + "_a", join + "_b"], width_m=ROAD_WIDTH_M)
        sheet.zone(bay, "bay", country=way.country)
        sheet.zone(past, "lane", country=way.country)
        sheet.zone(join, "lane", country=way.country)
        sheet.point("bay", f"{way.side}_bay_{d}{number}", bay + "_a", 24.0, **way.here())
        fork = join


def gate(way: Way, gate: str, side: str, after: str) -> None:
    """A gate cell with its line, arm and marker."""
    cell, sheet = f"{gate}_cell", way.sheet
    way.lane(f"{cell}_a", cell, way.pen.straight(CELL_M).cut(), [after], speed_mps=APRON_MPS)
    sheet.zone(cell, "gate_cell", country=way.country)
    sheet.point("stop_line", f"{gate}_line", f"{cell}_a", STOP_M, country=way.country)
    at = {"side": side, "stop_line": f"{gate}_line", **way.here()}
    sheet.point("gate", gate, f"{cell}_a", BARRIER_M, **at)
    sheet.point("marker", f"{gate}_mark", f"{cell}_a", STOP_M)


def _neutral(way: Way, length_m: float, after: str, pockets: bool) -> str:
    """The neutral zones of one side. Returns the last lane."""
    z, lane = way.prefix(), ""
    for number in range(1, NEUTRALS + 1):
        zone = z + f"neutral{number}"
        following = z + f"neutral{number + 1}_a" if number < NEUTRALS else after
        line = way.pen.straight(length_m / NEUTRALS).cut()
        lane = f"{zone}_a"
        way.lane(lane, zone, line, [following])
        way.sheet.zone(zone, "lane", country=way.country, neutral=True)
        way.sheet.point("marker", f"{zone}_mark", lane, length_m / NEUTRALS / 2)
        if pockets:
            name = f"{way.side}_pocket_neutral_{way.direction.lower()}{number}"
            way.sheet.point("pocket", name, lane, -POCKET_BEFORE_END_M, country=way.country)
    return lane


def _cross(leaving: Way, arriving: Way) -> None:
    """Exit gate, neutral zones, boundary section, neutral zones, entry gate."""
    d = leaving.direction.lower()
    out, into = f"{leaving.side}_out", f"{arriving.side}_in"
    mine, theirs = leaving.prefix(), arriving.prefix()
    layout, lane = leaving.layout, f"boundary_{d}_a"
    border = "bridge" if layout.bridge else f"boundary_{d}"
    gate(leaving, out, "exit", mine + "neutral1_a")
    leaving.detect(f"{out}_det2", f"{out}_cell_a", f"{out}_cell", mine + "neutral1")
    run_m = GATE_M - (CELL_M - BARRIER_M) - layout.section_m / 2
    last = _neutral(leaving, run_m, lane, pockets=False)
    leaving.detect(f"boundary_{d}_det1", last, last[:-2], border)
    _section(leaving, lane, border, theirs + "neutral1_a")
    leaving.detect(f"boundary_{d}_det2", lane, border, theirs + "neutral1")
    run_m = GATE_M - BARRIER_M - layout.section_m / 2
    _neutral(arriving, run_m, f"{into}_cell_a", pockets=True)
    entry(arriving)


def entry(way: Way) -> None:
    """The entry gate, behind the last neutral zone."""
    into, last, inward = (
        f"{way.side}_in",
        f"{way.prefix()}neutral{NEUTRALS}",
        way.prefix() + "inward",
    )
    for before_m in (26.0, 13.0):
        way.sheet.point("marker", f"{into}_mark{before_m:.0f}", last + "_a", -before_m)
    way.detect(f"{into}_det1", last + "_a", last, f"{into}_cell")
    gate(way, into, "entry", inward + "_a")
    way.detect(f"{into}_det2", f"{into}_cell_a", f"{into}_cell", inward)


def _section(way: Way, lane: str, zone: str, after: str) -> None:
    """The boundary section: a straight lane of its own, or over a bridge in the middle."""
    pen, layout = way.pen, way.layout
    if not layout.bridge:
        line = pen.straight(layout.section_m).cut()
        way.lane(lane, zone, line, [after], country=None)
        way.sheet.zone(zone, "boundary", neutral=True, **layout.limits)
        return
    sway_m = math.ceil(sway_length_m(SIDE_M, 80.0))
    pen.sway(SIDE_M, 80.0, sway_m).straight(layout.section_m - 2 * sway_m)
    line = pen.sway(-SIDE_M, 80.0, sway_m).cut()
    slow = {} if layout.section_mps == LANE_MPS else {"speed_mps": layout.section_mps}
    way.lane(lane, zone, line, [after], country=None, **slow)


def _arrive(way: Way) -> None:
    """From the entry gate to the yard."""
    z, sheet, pen = way.prefix(), way.sheet, way.pen
    way.stretch(z + "inward", APPROACH_M + APRON_M, z + "weigh_a")
    way.detect(z + "weigh_det1", z + "inward_a", z + "inward", z + "weigh")
    _stations(way, z + "fork1")
    _bays(way, z + "buffer1_a")
    _buffers(way, z + "road1_a", behind_bays=True)
    roads_m = list(way.layout.roads_m)
    roads_m[0] += 2 * BARRIER_M - CELL_M
    for number, length_m in enumerate(roads_m, start=1):
        way.stretch(z + f"road{number}", length_m, z + f"road{number + 1}_a")
    line = pen.sway(-(ROAD_LEFT_M - SIDE_M), 80.0, ROAD_RUN_M).cut()
    after = [f"{way.side}_arr1_r0"]
    road = z + f"road{len(roads_m) + 1}"
    way.lane(f"{road}_a", road, line, after, width_m=ROAD_WIDTH_M)
    sheet.zone(road, "lane", country=way.country)
