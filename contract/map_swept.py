"""Is there room for a truck? Drives one over every branch of the lanes and measures what it sweeps.

Pure. In: `Parts` whose lanes join. Out: faults, added to the sheet: lane, place, the width needed
there and the width there is. A way is judged by its last 60 m: by then a trailer has forgotten how
it stood before. The surface of a way is its own lanes': a truck may not lean on the lane beside.
Not here: how a trailer follows (`swept`); whether trucks in two zones keep apart (`map_rules`).
Limits with their reasons: docs/MAP.md, "Swept width".
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.geodesy import LocalFrame
from contract.map_parts import Lane, Parts, Said, ZoneKind
from contract.map_read import Sheet
from contract.polyline import point_at
from contract.swept import (
    FRONT_M,
    TRUCK_LENGTH_M,
    Piece,
    hitch_angles_rad,
    lay,
    outline_offsets_m,
)

STEP_M: Final = 0.5  # between the places looked at; the last is the end of the lane
BEHIND_M: Final = 60.0  # of way before the front: a truck's length, and e^-5 of any hitch angle
MARGIN_M: Final = 0.05  # to either side: 0.065 m are left at 80 m radius in a lane of 3.5 m
GATE_MARGIN_M: Final = 0.15  # in a gate cell and before it
GATE_APPROACH_M: Final = 27.0  # as far before a cell as it has to be straight
WIDTH_TOLERANCE_M: Final = 0.005  # vertices stand on a grid of a millimetre
TRACED_MAX: Final = 300_000  # lanes looked at while ways are traced back
DRIVEN_M_MAX: Final = 300_000.0  # of all these ways: more is no corridor
BATCH_PLACES: Final = 2_000  # places looked at in one go: these arrays stay in the cache

Before = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Approach:
    """A lane and one way to it: lanes in driving order, the judged one last."""

    lanes: tuple[Lane, ...]
    behind_m: float  # of that way before the judged lane


@dataclass(slots=True)
class Tight:
    """The place of a lane where least room is left."""

    short_m: float
    along_m: float
    left_m: float
    margin_m: float


def check_swept(parts: Parts, before: Before, sheet: Sheet) -> None:
    """Every lane holds what a truck sweeps on it, whichever way it came."""
    approaches = _approaches(parts, before)
    length_m = sum(min(each.behind_m, BEHIND_M) + each.lanes[-1].length_m for each in approaches)
    if not approaches or length_m > DRIVEN_M_MAX:
        value = Said(f"{len(approaches) or 'too many'} ways to a lane, {length_m / 1000:.0f} km")
        expected = f"fewer forks and joins: at most {DRIVEN_M_MAX / 1000:.0f} km to be driven"
        sheet.fault("file", "lanes", value, expected)
        return
    frame = LocalFrame(*parts.origin_lon_lat)
    gates = _gate_margin_from_m(parts, before)
    pieces = {name: Piece.of(lane.xy_m) for name, lane in parts.lanes.items()}
    tight: dict[str, Tight] = {}
    for batch in _batches(approaches):
        _drive(batch, pieces, gates, tight)
    for name in sorted(tight):
        lane, worst = parts.lanes[name], tight[name]
        lon, lat = frame.to_lon_lat_deg(np.array([point_at(lane.xy_m, worst.along_m)]))[0]
        value = Said(f"{lane.width_m:g} m at {worst.along_m:.1f} m along, {lon:.6f} {lat:.6f}")
        needed_m = math.ceil(200.0 * (abs(worst.left_m) + worst.margin_m)) / 100.0
        side = "left" if worst.left_m > 0.0 else "right"
        expected = (
            f"at least {needed_m:.2f} m there: a truck of {TRUCK_LENGTH_M} m sweeps"
            f" {abs(worst.left_m):.2f} m to the {side} of the axis and keeps {worst.margin_m} m"
        )
        sheet.fault(name, "width_m", value, expected)


def _approaches(parts: Parts, before: Before) -> list[Approach]:
    """Every lane with every way to it, as far back as 60 m; none if there are too many."""
    found: list[Approach] = []
    traced = 0
    for judged in parts.lanes.values():
        # A way being traced: its first lane so far, metres before the judged lane, and the rest.
        stack: list[tuple[Lane, float, tuple[Lane, ...]]] = [(judged, 0.0, ())]
        while stack:
            first, behind_m, rest = stack.pop()
            way = (first, *rest)
            traced += len(way)
            if traced > TRACED_MAX:
                return []
            earlier = before[first.id] if behind_m < BEHIND_M else ()
            if not earlier:
                found.append(Approach(way, behind_m))
            for name in earlier:
                lane = parts.lanes[name]
                stack.append((lane, behind_m + lane.length_m, way))
    return found


def _gate_margin_from_m(parts: Parts, before: Before) -> dict[str, float]:
    """Where on a lane the margin of a gate begins, for the lanes of gate cells and before them."""
    backs: dict[str, float] = {}  # metres before a lane's end
    stack = [
        (lane, lane.length_m + GATE_APPROACH_M)
        for lane in parts.lanes.values()
        if parts.zones[lane.zone].kind is ZoneKind.GATE_CELL
    ]
    while stack:
        lane, back_m = stack.pop()
        if back_m <= backs.get(lane.id, 0.0):
            continue  # a shorter way to a gate has been here already
        backs[lane.id] = back_m
        stack += [(parts.lanes[name], back_m - lane.length_m) for name in before[lane.id]]
    return {name: max(0.0, parts.lanes[name].length_m - back_m) for name, back_m in backs.items()}


def _batches(approaches: list[Approach]) -> Iterator[list[Approach]]:
    """Ways of about equal length together."""
    batch: list[Approach] = []
    places = 0.0
    for each in sorted(approaches, key=lambda approach: approach.lanes[-1].length_m):
        batch.append(each)
        places += each.lanes[-1].length_m / STEP_M
        if places >= BATCH_PLACES:
            yield batch
            batch, places = [], 0.0
    if batch:
        yield batch


def _drive(
    batch: list[Approach],
    pieces: Mapping[str, Piece],
    gates: Mapping[str, float],
    tight: dict[str, Tight],
) -> None:
    """Drive a truck over the judged lane of each way, and note where it finds too little room."""
    lanes = [lane for each in batch for lane in each.lanes]
    ground = lay([[pieces[lane.id] for lane in each.lanes] for each in batch])
    half_width_m = np.array([0.5 * lane.width_m for lane in lanes])
    gate_from_m = np.array([gates.get(lane.id, math.inf) for lane in lanes])
    lasts = np.cumsum([len(each.lanes) for each in batch]) - 1
    judged_m = ground.starts_m[lasts]
    start_m = judged_m - [each.behind_m for each in batch]
    end_m = judged_m + [each.lanes[-1].length_m for each in batch]
    begin_m = np.maximum(start_m, judged_m - BEHIND_M)
    rows = 1 + math.ceil(float(np.max(end_m - begin_m)) / STEP_M)
    front_m = end_m[:, None] - STEP_M * np.arange(rows - 1, -1, -1)
    axle_m = np.maximum(front_m - FRONT_M, begin_m[:, None])
    hitch_rad = hitch_angles_rad(np.unwrap(ground.at(axle_m)[2], axis=1), STEP_M)
    judged = (front_m >= judged_m[:, None]) & (front_m >= start_m[:, None] + TRUCK_LENGTH_M)
    line, row = np.nonzero(judged)
    for low in range(0, len(line), BATCH_PLACES):
        some = line[low : low + BATCH_PLACES], row[low : low + BATCH_PLACES]
        along_m, left_m = outline_offsets_m(ground, axle_m[some], hitch_rad[some])
        along_m = np.maximum(along_m, start_m[some[0]])
        index = np.searchsorted(ground.starts_m, along_m, side="right") - 1
        along_m -= ground.starts_m[index]
        margin_m = np.where(along_m >= gate_from_m[index], GATE_MARGIN_M, MARGIN_M)
        short_m = np.abs(left_m) + margin_m - half_width_m[index]
        for number in np.unique(index[short_m > WIDTH_TOLERANCE_M]):
            lane = lanes[int(number)]
            place = np.unravel_index(
                np.argmax(np.where(index == number, short_m, -math.inf)), short_m.shape
            )
            if lane.id not in tight or short_m[place] > tight[lane.id].short_m:
                at_m = min(float(along_m[place]), lane.length_m)
                tight[lane.id] = Tight(
                    float(short_m[place]), at_m, float(left_m[place]), float(margin_m[place])
                )
