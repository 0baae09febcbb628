"""The short map for stage tests: four berths a side, one station, one bay, a one-lane section.

Drawn for eastbound travel on a flat plane; the westbound half is the same drawing turned by half a
turn.
Along: 0 at the border. West of the section the eastbound lane runs at -5 m and the westbound at 0,
east of it at 0 and +5: each lane enters the section on a curve and leaves it straight into its
gate.
"""

import math
from dataclasses import dataclass
from typing import Any

from ground import BORDER_LON_LAT, LANE_MPS, ORIGIN_LON_LAT, header
from pen import Axis, Drawing, Pen

from contract.geodesy import Array, LocalFrame

WIDTH_M = 3.5
YARD_WIDTH_M = 7.0
BERTH_WIDTH_M = 4.5
ENTRY_WIDTH_M = 4.0  # of the entry cell: the curves to the berths begin at its end
YARD_MPS = 5.0
BERTHS = 4
PITCH_M = 5.0
SIDE_M = 5.0  # between the two directions
FAN_M, STOP_M, HOLD_M, STRAIGHT_M, CELL_M, NEUTRAL_M, SECTION_M = (
    36.0,
    24.0,
    18.5,
    27.0,
    40.0,
    7.0,
    60.0,
)
NOTE = "A schematic map for tests: every position but the border line is invented, and all is flat."


@dataclass
class Half:
    """One direction of travel: names, and the half turn for the westbound."""

    sheet: Drawing
    direction: str
    origin: str
    target: str

    @property
    def d(self) -> str:
        return self.direction.lower()

    def lane(self, name: str, line: Array, zone: str, after: list[str], **more: Any) -> None:
        flat = line if self.direction == "E" else -line
        more.setdefault("width_m", WIDTH_M)
        more.setdefault("speed_mps", LANE_MPS)
        self.sheet.lane(name, flat, zone, grade=0.0, successors=after, **more)


def draw() -> str:
    """The whole file."""
    axis = Axis(math.radians(-12.8))
    sheet = Drawing(LocalFrame(*ORIGIN_LON_LAT), axis)
    sheet.boundary("border", BORDER_LON_LAT, left="CN")
    limits = {"vehicles_max": 2, "mass_max_kg": 90_000}
    for direction, origin, target in (("E", "KZ", "CN"), ("W", "CN", "KZ")):
        half = Half(sheet, direction, origin, target)
        _departures(half)
        _crossing(half)
        _arrivals(half)
        _markers(half)
    sheet.zone("boundary", "boundary", neutral=True, one_lane=True, **limits)
    return sheet.text(header("smoke", NOTE))


def _departures(half: Half) -> None:
    """Berths, their fan, the weighbridge, and one bay beside the lane."""
    sheet, country, o, d = half.sheet, half.origin, half.origin.lower(), half.d
    start = -(SECTION_M / 2 + NEUTRAL_M + CELL_M + STRAIGHT_M + 4 * STOP_M + FAN_M + STOP_M)
    slow = {"country": country, "speed_mps": YARD_MPS}
    wide = {**slow, "width_m": YARD_WIDTH_M}
    berth = {**slow, "width_m": BERTH_WIDTH_M}
    fast = {"country": country}
    for number in range(1, BERTHS + 1):
        name = f"{o}_d{number:02d}"
        side = (number - 1) * PITCH_M
        pen = Pen(start, -SIDE_M - side)
        half.lane(f"{name}_a", pen.straight(STOP_M).cut(), f"{name}_z", [f"{name}_out"], **berth)
        line = (pen.sway(side, 25.0, FAN_M) if side else pen.straight(FAN_M)).cut()
        half.lane(f"{name}_out", line, f"{o}_dep", [f"{o}_{d}_weigh_a"], **wide)
        sheet.zone(f"{name}_z", "berth", country=country)
        berth_at = {"country": country, "departures": True, "arrivals": False}
        sheet.point("berth", name, f"{name}_a", HOLD_M, **berth_at)
    sheet.zone(f"{o}_dep", "yard", country=country)
    pen = Pen(start + STOP_M + FAN_M, -SIDE_M)
    z = f"{o}_{d}_"
    line = pen.straight(STOP_M).cut()
    half.lane(z + "weigh_a", line, z + "weigh", [z + "fork_a", z + "fork_b"], **berth)
    fork_y, fork_x = pen.y_m, pen.x_m
    half.lane(z + "fork_a", pen.straight(STOP_M).cut(), z + "fork", [z + "pass_a"], **fast)
    half.lane(z + "pass_a", pen.straight(STOP_M).cut(), z + "pass", [z + "join_a"], **fast)
    half.lane(z + "join_a", pen.straight(STOP_M).cut(), z + "join", [z + "join_c"], **fast)
    line = pen.straight(STRAIGHT_M).cut()
    after = [f"{o}_out_cell_a"]
    half.lane(z + "join_c", line, z + "join", after, width_m=BERTH_WIDTH_M, **fast)
    off = Pen(fork_x, fork_y)
    line = off.sway(-6.0, 25.0, STOP_M).cut()
    half.lane(z + "fork_b", line, z + "fork", [z + "bay_a"], **wide)
    half.lane(z + "bay_a", off.straight(STOP_M).cut(), z + "bay", [z + "join_b"], **wide)
    half.lane(z + "join_b", off.sway(6.0, 25.0, STOP_M).cut(), z + "join", [z + "join_c"], **wide)
    for name, kind in (
        ("weigh", "station"), ("fork", "lane"), ("pass", "lane"), ("bay", "bay"), ("join", "lane")
    ):  # fmt: skip
        sheet.zone(z + name, kind, country=country)
    here = {"country": country, "direction": half.direction}
    kinds = ["weighbridge", "portal"]
    sheet.point("station", f"{o}_weigh_{d}", z + "weigh_a", HOLD_M, kinds=kinds, **here)
    sheet.point("bay", f"{o}_bay_{d}1", z + "bay_a", HOLD_M, **here)
    for number in range(1, BERTHS + 1):
        lane = f"{o}_d{number:02d}_out"
        limit = {"zone_before": f"{o}_dep", "zone_after": z + "weigh"}
        sheet.point("detector", f"{z}det_weigh{number}", lane, sheet.end_of(lane), **limit)
    ends = {"zone_before": z + "weigh", "zone_after": z + "fork"}
    sheet.point("detector", z + "det_weighed", z + "weigh_a", STOP_M, **ends)
    ends = {"zone_before": z + "join", "zone_after": f"{o}_out_cell"}
    sheet.point("detector", f"{o}_out_det1", z + "join_c", STRAIGHT_M, **ends)


def _cell(half: Half, pen: Pen, gate: str, side: str, country: str, after: list[str]) -> None:
    sheet, cell = half.sheet, f"{gate}_cell"
    width_m = ENTRY_WIDTH_M if side == "entry" else WIDTH_M
    line = pen.straight(CELL_M).cut()
    half.lane(f"{cell}_a", line, cell, after, country=country, width_m=width_m)
    sheet.zone(cell, "gate_cell", country=country)
    sheet.point("stop_line", f"{gate}_line", f"{cell}_a", 22.0, country=country)
    at = {"country": country, "side": side, "direction": half.direction}
    sheet.point("gate", gate, f"{cell}_a", 25.0, stop_line=f"{gate}_line", **at)
    sheet.point("marker", f"{gate}_mark", f"{cell}_a", 22.0)


def _crossing(half: Half) -> None:
    """Exit gate, boundary section, entry gate."""
    sheet, o, t, d = half.sheet, half.origin.lower(), half.target.lower(), half.d
    pen = Pen(-(SECTION_M / 2 + NEUTRAL_M + CELL_M), -SIDE_M)
    out, into = f"{o}_{d}_neutral", f"{t}_{d}_neutral"
    _cell(half, pen, f"{o}_out", "exit", half.origin, [f"{out}_a"])
    mine, theirs = {"country": half.origin}, {"country": half.target}
    half.lane(f"{out}_a", pen.straight(NEUTRAL_M).cut(), out, [f"boundary_{d}"], **mine)
    line = pen.sway(SIDE_M, 80.0, SECTION_M).cut()
    half.lane(f"boundary_{d}", line, "boundary", [f"{into}_a"])
    half.lane(f"{into}_a", pen.straight(NEUTRAL_M).cut(), into, [f"{t}_in_cell_a"], **theirs)
    _cell(
        half,
        pen,
        f"{t}_in",
        "entry",
        half.target,
        [f"{t}_a{n:02d}_in" for n in range(1, BERTHS + 1)],
    )
    sheet.zone(out, "lane", neutral=True, **mine)
    sheet.zone(into, "lane", neutral=True, **theirs)
    for name, lane, before, after in (
        (f"{o}_out_det2", f"{o}_out_cell_a", f"{o}_out_cell", out),
        (f"boundary_det_{d}1", f"{out}_a", out, "boundary"),
        (f"boundary_det_{d}2", f"boundary_{d}", "boundary", into),
        (f"{t}_in_det1", f"{into}_a", into, f"{t}_in_cell"),
        (f"{t}_in_det2", f"{t}_in_cell_a", f"{t}_in_cell", f"{t}_arr"),
    ):
        limit = {"zone_before": before, "zone_after": after}
        sheet.point("detector", name, lane, sheet.end_of(lane), **limit)


def _markers(half: Half) -> None:
    """Along the way from the first berth to the first berth; stops have theirs."""
    o, t, d = half.origin.lower(), half.target.lower(), half.d
    leaving = [f"{o}_d01_out", *(f"{o}_{d}_{n}_a" for n in ("weigh", "fork", "pass", "join"))]
    leaving += [f"{o}_{d}_join_c", f"{o}_out_cell_a", f"{o}_{d}_neutral_a", f"boundary_{d}"]
    half.sheet.mark_way([*leaving, f"{t}_{d}_neutral_a", f"{t}_in_cell_a", f"{t}_a01_in"])


def _arrivals(half: Half) -> None:
    sheet, country, t = half.sheet, half.target, half.target.lower()
    start = SECTION_M / 2 + NEUTRAL_M + CELL_M
    slow = {"country": country, "speed_mps": YARD_MPS}
    for number in range(1, BERTHS + 1):
        name = f"{t}_a{number:02d}"
        side = (number - 1) * PITCH_M
        pen = Pen(start, 0.0)
        line = (pen.sway(-side, 25.0, FAN_M) if side else pen.straight(FAN_M)).cut()
        into = {**slow, "width_m": YARD_WIDTH_M}
        half.lane(f"{name}_in", line, f"{t}_arr", [f"{name}_a"], **into)
        berth = {**slow, "width_m": BERTH_WIDTH_M}
        half.lane(f"{name}_a", pen.straight(STOP_M).cut(), f"{name}_z", [], **berth)
        sheet.zone(f"{name}_z", "berth", country=country)
        berth_at = {"country": country, "departures": False, "arrivals": True}
        sheet.point("berth", name, f"{name}_a", HOLD_M, **berth_at)
    sheet.zone(f"{t}_arr", "yard", country=country)
