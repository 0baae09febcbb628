"""Where a truck without a mission stands: matched to the map by pose and heading, once."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.map import CorridorMap
from vehicle.orders import VehicleReading

_BESIDE_M_MAX: Final = 1.5
_HEADING_RAD_MAX: Final = 0.35


@dataclass(frozen=True, slots=True)
class Place:
    """Front and rear as (lane, offset in metres)."""

    front_lane: str
    front_m: float
    rear_lane: str
    rear_m: float


def find_place(corridor: CorridorMap, reading: VehicleReading, ahead_m: float) -> Place | None:
    """The lane that the truck stands on, by the rear axle's pose; None if it stands on none.

    ahead_m   front bumper ahead of the rear axle, metres
    The front may lie beyond the lane's end: it is then given as the end.
    """
    best: tuple[float, str, float] | None = None
    point = np.array([reading.x_m, reading.y_m])
    for lane in corridor.lanes.values():
        xy = lane.xy_m
        step = np.diff(xy, axis=0)
        square = np.maximum((step * step).sum(axis=1), 1e-12)
        share = np.clip(((point - xy[:-1]) * step).sum(axis=1) / square, 0.0, 1.0)
        offset = point - (xy[:-1] + share[:, None] * step)
        away = np.hypot(offset[:, 0], offset[:, 1])
        row = int(away.argmin())
        heading = math.atan2(step[row, 1], step[row, 0])
        turn = math.remainder(heading - reading.psi_rad, math.tau)
        if away[row] > _BESIDE_M_MAX or abs(turn) > _HEADING_RAD_MAX:
            continue
        lengths = np.sqrt(square)
        along = float(lengths[:row].sum() + share[row] * lengths[row])
        if best is None or away[row] < best[0] - 1e-9:
            best = (float(away[row]), lane.id, along)
    if best is None:
        return None
    _, lane_id, along = best
    front_m = min(corridor.lanes[lane_id].length_m, along + ahead_m)
    return Place(lane_id, front_m, lane_id, max(0.0, along - ahead_m))
