"""A yard: parallel drive-through berths between an arrival road and a departure road.

Drawn on the flat plane as the yard at the near end of an eastbound way (the eastern yard is the
same, turned by half a turn). The arrival road runs west at +40 m, berths run south, the departure
road runs east at -40 m. Each road is cut into zones of four berths, and a zone is long enough that
a truck on its last branch stands clear of the road beyond: no fork or merge has a part in two
zones.
"""

import math
from typing import Any, Protocol

from ground import APRON_MPS
from pen import Drawing, Pen, sway_length_m

from contract.geodesy import Array

ROAD_LEFT_M = 40.0
SIDE_M = 4.5  # of each lane from the corridor's middle line
BERTHS_IN_GROUP = 4
PITCH_M = 8.0
RADIUS_M = 25.0
BERTH_M = 2.0 * (ROAD_LEFT_M - RADIUS_M)
STOP_M = 24.0
LEAD_M, TAIL_M = 5.0, 17.0
GROUP_M = LEAD_M + (BERTHS_IN_GROUP - 1) * PITCH_M + TAIL_M
ROAD_RUN_M = math.ceil(sway_length_m(ROAD_LEFT_M - SIDE_M, 80.0))
LANE = {"width_m": 7.0, "speed_mps": APRON_MPS, "grade": 0.0}


class Leaving(Protocol):
    """What a yard needs to know of the way out of it."""

    sheet: Drawing
    country: str | None


class Yard:
    """Names and the half turn of one country's yard."""

    def __init__(self, way: "Leaving", start_m: float, exit_lane: str, groups: int) -> None:
        """`start_m`: where its roads begin along the flat plane; groups of BERTHS_IN_GROUP."""
        self.sheet, self.country = way.sheet, way.country or ""
        self.start_m, self.exit_lane, self.groups = start_m, exit_lane, groups

    def lane(self, name: str, zone: str, line: Array, after: list[str]) -> None:
        flat = line if self.country == "KZ" else -line
        self.sheet.lane(name, flat, zone, successors=after, country=self.country, **LANE)

    def name(self, rest: str) -> str:
        return f"{self.country.lower()}_{rest}"

    def berth(self, group: int, index: int) -> str:
        return self.name(f"b{(group - 1) * BERTHS_IN_GROUP + index + 1:02d}")

    def fork_m(self, group: int, index: int) -> float:
        """Where a berth's branch leaves the arrival road, and where it meets the departure road."""
        return self.start_m - (group - 1) * GROUP_M - LEAD_M - index * PITCH_M


def draw_yard(yard: Yard) -> None:
    """All berths and roads of a yard."""
    sheet, country = yard.sheet, yard.country
    for group in range(1, yard.groups + 1):
        _arrival_road(yard, group)
        _departure_road(yard, group)
        for kind in ("arr", "dep"):
            sheet.zone(yard.name(f"{kind}{group}"), "yard", country=country)
        for index in range(BERTHS_IN_GROUP):
            berth, x_m = yard.berth(group, index), yard.fork_m(group, index) - RADIUS_M
            line = Pen(x_m, BERTH_M / 2, -math.pi / 2).straight(BERTH_M).cut()
            after = [yard.name(f"dep{group}_b{index + 1}")]
            yard.lane(f"{berth}_a", f"{berth}_z", line, after)
            sheet.zone(f"{berth}_z", "berth", country=country)
            both: dict[str, Any] = {"departures": True, "arrivals": True}
            sheet.point("berth", berth, f"{berth}_a", STOP_M, country=country, **both)


def arrival_road_lanes(country: str, groups: int) -> list[str]:
    """The lanes past which the berths' branches leave, in driving order."""
    lanes = [
        f"{country.lower()}_arr{group}_r{index}"
        for group in range(1, groups + 1)
        for index in range(BERTHS_IN_GROUP + 1)
    ]
    return lanes[:-1]  # the last group has no tail


def departure_road_lanes(country: str, groups: int) -> list[str]:
    """The lanes that the berths' branches join, in driving order."""
    return [name.replace("_arr", "_dep") for name in reversed(arrival_road_lanes(country, groups))]


def _arrival_road(yard: Yard, group: int) -> None:
    """Westwards: the road of one zone, lane by lane, and a branch to the left for each berth."""
    zone = yard.name(f"arr{group}")
    pen = Pen(yard.fork_m(group, 0) + LEAD_M, ROAD_LEFT_M, math.pi)
    last = group == yard.groups
    for index in range(BERTHS_IN_GROUP):
        branch = f"{zone}_b{index + 1}"
        ends_here = last and index == BERTHS_IN_GROUP - 1
        after = [branch] if ends_here else [branch, f"{zone}_r{index + 1}"]
        line = pen.straight(PITCH_M if index else LEAD_M).cut()
        yard.lane(f"{zone}_r{index}", zone, line, after)
        turn = Pen(pen.x_m, pen.y_m, math.pi).arc(RADIUS_M, math.pi / 2)
        yard.lane(branch, zone, turn.cut(), [f"{yard.berth(group, index)}_a"])
    if not last:
        tail = pen.straight(TAIL_M).cut()
        after = [yard.name(f"arr{group + 1}_r0")]
        yard.lane(f"{zone}_r{BERTHS_IN_GROUP}", zone, tail, after)


def _departure_road(yard: Yard, group: int) -> None:
    """Eastwards: the berths farthest west join first."""
    zone = yard.name(f"dep{group}")
    beyond = yard.name(f"dep{group - 1}_r{BERTHS_IN_GROUP}") if group > 1 else yard.exit_lane
    first = BERTHS_IN_GROUP - 1
    pen = Pen(yard.fork_m(group, first) - TAIL_M, -ROAD_LEFT_M)
    if group < yard.groups:
        tail = pen.straight(TAIL_M).cut()
        yard.lane(f"{zone}_r{BERTHS_IN_GROUP}", zone, tail, [f"{zone}_r{first}"])
    else:
        pen = Pen(yard.fork_m(group, first), -ROAD_LEFT_M)
    for index in range(first, -1, -1):
        merge_m = yard.fork_m(group, index)
        turn = Pen(merge_m - RADIUS_M, -BERTH_M / 2, -math.pi / 2).arc(RADIUS_M, math.pi / 2)
        yard.lane(f"{zone}_b{index + 1}", zone, turn.cut(), [f"{zone}_r{index}"])
        line = pen.straight(PITCH_M if index else LEAD_M).cut()
        after = [f"{zone}_r{index - 1}"] if index else [beyond]
        yard.lane(f"{zone}_r{index}", zone, line, after)
