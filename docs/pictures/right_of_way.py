"""The pictures of docs/right-of-way.md: `python docs/pictures/right_of_way.py [svg|png]`.

One for each shape of the boundary section, from exit gate to entry gate. Zones, lengths and
detectors come from the installed maps, states from the interlocking itself, after the claims and
reports below have been put to it. The same sources give the same files, byte for byte, with one
version of matplotlib.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrow, Rectangle

from contract.errors import require
from contract.limits import LANE_OVERLAP_M
from contract.map import CorridorMap, ZoneKind, compile_map
from contract.route import Route
from corridor.interlocking import Claim, Interlocking, ZoneState, rules_of

FOLDER: Final = Path(__file__).resolve().parent
MAPS: Final = FOLDER.parents[1] / "contract" / "maps"
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "right-of-way",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "figure.constrained_layout.use": True,
}
COLOURS: Final = {
    ZoneState.FREE: "#f4f4f4",
    ZoneState.RESERVED: "#fff0b3",
    ZoneState.OCCUPIED: "#f4b6a6",
    ZoneState.CLEARING: "#c9e3c0",
    ZoneState.UNKNOWN: "#b9b3d6",
}
GATES: Final = {"E": ("kz_out", "cn_in"), "W": ("cn_out", "kz_in")}
LANE_Y: Final = {"E": -1.0, "W": 1.0}
HALF: Final = 0.33
BLANK: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
TRUCK_M: Final = 16.5
KG: Final = 38_000
East, West = "E", "W"


@dataclass(frozen=True)
class Truck:
    """A truck of the picture: where its front is along its way, and how far it may go."""

    name: str
    convoy: str
    direction: str
    front_m: float
    end_m: float | None = None
    before: tuple[str, ...] = ()

    @property
    def claim(self) -> Claim:
        return Claim(self.name, self.convoy, self.direction, KG, self.before)


class Sheet:
    """One corridor from gate to gate, its table of zones, and the axes it is drawn on."""

    def __init__(self, axes: Any, name: str) -> None:
        self.axes = axes
        self.map: CorridorMap = compile_map((MAPS / f"{name}.geojson").read_bytes())
        self.table = Interlocking(rules_of(self.map))
        self.routes: dict[str, Route] = {}
        for direction, (out, into) in GATES.items():
            lanes = self.map.path_lanes(self.map.gates[out].lane, self.map.gates[into].lane)
            self.routes[direction] = self.map.route(lanes)
        self.length_m = self.routes[East].length_m
        section = next(
            (start_m, end_m)
            for zone, start_m, end_m in self.routes[East].zone_spans
            if self.map.zones[zone].kind is ZoneKind.BOUNDARY
        )
        self.border_m, self.section_end_m = sum(section) / 2.0, section[1]

    def x(self, direction: str, at_m: float) -> float:
        """Along the picture, from Kazakhstan to China; the border lies in the section's middle."""
        return at_m if direction == East else 2.0 * self.border_m - at_m

    def stands(self, truck: Truck) -> None:
        """Put to the table what it holds: the zones it is in, and those up to its end."""
        rear_m = truck.front_m - TRUCK_M
        until_m = max(truck.front_m, truck.end_m or 0.0)
        for zone, start_m, end_m in self.routes[truck.direction].zone_spans:
            if end_m <= rear_m or start_m >= until_m:
                continue
            denied = self.table.allocate(zone, truck.claim)
            require(denied is None, f"the picture wants what nobody may have: {denied}")
            if start_m < truck.front_m:
                self.table.entered(zone, truck.name)

    def draw(self, trucks: list[Truck]) -> None:
        """Zones in the colours of their states, gates, detectors, trucks and their ends."""
        for direction, route in self.routes.items():
            for zone, start_m, end_m in route.zone_spans:
                self._zone(zone, direction, start_m, end_m)
            for detector in self.map.detectors.values():
                if detector.lane in route.lanes:
                    self._detector(direction, route.at(detector.lane, detector.offset_m))
            for gate in GATES[direction]:
                lane = self.map.gates[gate].lane
                at_m = route.at(lane, self.map.gates[gate].barrier_offset_m)
                self._barrier(gate, direction, at_m)
        for truck in trucks:
            self._truck(truck)
        x, dashes = self.border_m, (0, (6, 4))
        self.axes.plot([x, x], [-2.4, 2.4], color="black", lw=0.8, linestyle=dashes, zorder=1)
        self.axes.text(x, 2.45, "border", ha="center", va="bottom")
        self.axes.set(xlim=(-20.0, self.length_m + 14.0), ylim=(-2.75, 2.85))
        self.axes.axis("off")

    def _zone(self, zone: str, direction: str, start_m: float, end_m: float) -> None:
        one_lane = self.map.zones[zone].one_lane
        if one_lane and direction == West:
            return
        y = 0.0 if one_lane else LANE_Y[direction]
        half = LANE_Y[West] + HALF if one_lane else HALF
        left_m = min(self.x(direction, start_m), self.x(direction, end_m))
        state = self.table.state(zone)
        self.axes.add_patch(
            Rectangle(
                (left_m, y - half),
                end_m - start_m,
                2.0 * half,
                facecolor=COLOURS[state],
                edgecolor="black",
                linewidth=0.6,
                hatch="///" if state is ZoneState.UNKNOWN else None,
            )
        )
        below = direction == East
        label = f"{zone}\n{state.value.upper()}" if "cell" not in zone else ""
        at_y = y - half - 0.08 if below else y + half + 0.08
        middle_m = left_m + (end_m - start_m) / 2.0
        self.axes.text(
            middle_m,
            at_y,
            label,
            ha="center",
            va="top" if below else "bottom",
            fontsize=6.5,
            bbox=BLANK if label else None,
        )

    def _detector(self, direction: str, at_m: float) -> None:
        x, y = self.x(direction, at_m), LANE_Y[direction]
        self.axes.plot([x, x], [y - HALF, y + HALF], color="C0", linewidth=2.2)

    def _barrier(self, gate: str, direction: str, at_m: float) -> None:
        x, y = self.x(direction, at_m), LANE_Y[direction]
        self.axes.plot([x, x], [y - 0.5, y + 0.5], color="black", linewidth=2.0)
        off = -0.55 if direction == East else 0.55
        self.axes.text(x, y + off, gate, ha="center", va="top" if off < 0 else "bottom")

    def _truck(self, truck: Truck) -> None:
        y = LANE_Y[truck.direction]
        zone = next(
            zone
            for zone, start_m, end_m in self.routes[truck.direction].zone_spans
            if start_m <= truck.front_m <= end_m
        )
        y = 0.0 if self.map.zones[zone].one_lane else y
        front, rear = (self.x(truck.direction, m) for m in (truck.front_m, truck.front_m - TRUCK_M))
        self.axes.add_patch(
            Rectangle((min(front, rear), y - 0.16), TRUCK_M, 0.32, facecolor="#30475e", zorder=3)
        )
        name = truck.name.removeprefix("truck-")
        self.axes.text((front + rear) / 2.0, y, name, ha="center", va="center", color="white",
                       fontsize=6.0, zorder=4)  # fmt: skip
        if truck.end_m is not None:
            self._end(truck, front, self.x(truck.direction, truck.end_m), y)

    def _end(self, truck: Truck, front: float, end: float, y: float) -> None:
        """The authority: an arrow to its end, and the overlap behind it."""
        end_y = LANE_Y[truck.direction]
        if y != end_y:  # off the bridge, and then along its own lane
            off = self.x(truck.direction, self.section_end_m)
            ahead = 14.0 if off > front else -14.0
            xs, ys = [front, off - ahead, off + ahead], [y, y, end_y]
            self.axes.plot(xs, ys, color="#30475e", linewidth=1.2, zorder=2)
            front = off + ahead
        if abs(end - front) > 8.0:
            shape = {"width": 0.02, "head_width": 0.16, "head_length": 7.0, "color": "#30475e"}
            arrow = FancyArrow(front, end_y, end - front, 0.0, length_includes_head=True, **shape)
            self.axes.add_patch(arrow)
        self.axes.plot([end, end], [end_y - 0.25, end_y + 0.25], color="#c0392b", linewidth=1.8)
        past = LANE_OVERLAP_M if truck.direction == East else -LANE_OVERLAP_M
        self.axes.plot([end, end + past], [end_y, end_y], color="#c0392b", linewidth=3.0, alpha=0.5)

    def note(self, direction: str, at_m: float, y: float, text: str) -> None:
        x = self.x(direction, at_m)
        self.axes.text(x, y, text, ha="center", va="center", fontsize=7.0, bbox=BLANK)


def two_lanes(sheet: Sheet) -> None:
    """A convoy of two eastbound, its head past the section; a doubt on the other lane."""
    spans = {zone: (a, b) for zone, a, b in sheet.routes[East].zone_spans}
    end_m = spans["cn_e_neutral2"][1] - LANE_OVERLAP_M
    head = Truck("truck-01", "convoy-1", East, 493.0, end_m)
    behind_m = spans["cn_e_neutral1"][1] - LANE_OVERLAP_M
    tail = Truck("truck-02", "convoy-1", East, 235.0, behind_m, before=("truck-01",))
    section = "boundary_e"
    sheet.table.allocate(section, head.claim)
    sheet.table.entered(section, head.name)
    sheet.table.reported(section, head.name)  # by its own word; the counter has not said it yet
    other = Truck("truck-03", "convoy-2", West, 22.0, 22.0)
    for truck in (head, tail, other):
        sheet.stands(truck)
    sheet.table.doubt("kz_w_neutral1", "counted out more than let in")
    sheet.draw([head, tail, other])
    sheet.note(East, 423.0, -2.15, "3 vehicles, 150 t at most\nonly with room behind it")
    sheet.note(West, 519.0, 2.15, "blocks until somebody\nhas looked")


def one_lane(sheet: Sheet) -> None:
    """The turn of the east: one on the bridge, and the first of the others waits before it."""
    spans = {zone: (a, b) for zone, a, b in sheet.routes[East].zone_spans}
    end_m = spans["cn_e_neutral2"][1] - LANE_OVERLAP_M
    head = Truck("truck-01", "convoy-1", East, 540.0, end_m)
    behind_m = spans["cn_e_neutral1"][1] - LANE_OVERLAP_M
    tail = Truck("truck-02", "convoy-1", East, 425.0, behind_m, before=("truck-01",))
    stop_m = spans["kz_e_neutral3"][1] - LANE_OVERLAP_M  # as long as its mirror in the west
    first = Truck("truck-05", "convoy-2", West, stop_m, stop_m)
    second = Truck("truck-06", "convoy-3", West, 235.0, spans["kz_e_neutral2"][1] - LANE_OVERLAP_M)
    for truck in (head, tail, first, second):
        sheet.stands(truck)
    sheet.draw([head, tail, first, second])
    sheet.note(
        East, 423.5, -2.15, "turn of the east: 3 vehicles, 90 t at most\nonly with room behind it"
    )
    sheet.note(West, stop_m - 25.0, 2.15, "DIRECTION_OPPOSED\nheld by truck-02")


SHAPES: Final[dict[str, tuple[str, Callable[[Sheet], None]]]] = {
    "boundary-two-lanes": ("bakhty_pokitu", two_lanes),
    "boundary-one-lane": ("bridge", one_lane),
}


def main(form: str = "svg") -> int:
    """Draw both."""
    mpl.use("Agg")
    mpl.rcParams.update(STYLE)
    for file, (name, drawn) in SHAPES.items():
        figure, axes = plt.subplots(figsize=(9.6, 2.9))
        drawn(Sheet(axes, name))
        metadata = {"Date": None} if form == "svg" else None
        figure.savefig(FOLDER / f"{file}.{form}", metadata=metadata, dpi=130)
        plt.close(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
