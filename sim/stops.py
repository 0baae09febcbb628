"""Stops of a crossing: when its truck came to rest and when it moved off, and where its front was.

From the same way and time as the delay ledger (delays.py), so that both agree; a stop is in it by
exception and exact to a step, for the odometer is read whenever a truck comes to rest. In a run
folder it is stops.csv, of which the time-distance diagram draws its level pieces. Not here: why it
stood (delay_labels.py).
"""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sim.delay_labels import Drive
from sim.record import write_rows

STOP_COLUMNS: Final = ("vehicle", "crossing", "lane", "front_m", "from_s", "to_s")
STOP_MIN_MS: Final = 1_000


class Stop(NamedTuple):
    """One stop: metres of its front into a lane, milliseconds of the run."""

    vehicle: str
    crossing: str
    lane: str
    front_m: float
    from_ms: int
    to_ms: int


def stops_of(drive: Drive, vehicle: str, crossing: str) -> list[Stop]:
    """Every stop of a drive, in order of time."""
    stands = np.concatenate([[False], drive.stands, [False]])
    edges = np.flatnonzero(np.diff(stands)).tolist()
    found = []
    for first, last in list(pairwise(edges))[::2]:
        from_ms, to_ms = int(drive.t_ms[first]), int(drive.t_ms[last])
        if to_ms - from_ms >= STOP_MIN_MS:
            at_m = min(max(0.0, float(drive.s_m[last])), drive.route.length_m)
            lane, front_m = drive.route.where(at_m)
            found.append(Stop(vehicle, crossing, lane, front_m, from_ms, to_ms))
    return found


def write_stops(path: Path, stops: Iterable[Stop]) -> None:
    """stops.csv, in order of time: metres and seconds with three digits."""
    rows = [
        (*stop[:3], f"{stop.front_m:.3f}", *(f"{ms / 1e3:.3f}" for ms in stop[4:]))
        for stop in sorted(stops, key=lambda each: (each.from_ms, each.vehicle))
    ]
    write_rows(path, STOP_COLUMNS, rows)
