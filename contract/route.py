"""A route: lanes joined end to end, resampled at one metre for the pilot and cut into zones.

Pure. In: lanes of a compiled map, in driving order. Out: one table of the reference line, and the
translation between (lane, offset) and distance along the route.
Not here: which lanes to take (`CorridorMap.path_lanes`), and who may drive them (corridor/).
Curvature and headings: docs/MAP.md, "Routes"; checked in tests/contract/test_route.py.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from contract.errors import ContractError
from contract.geodesy import Array
from contract.polyline import arc_lengths_m, curvatures_per_m, heading_knots, project

STEP_M: Final = 1.0  # distance between rows of a route's table
NEAR_WINDOW_M: Final = 30.0  # how far from `near_m` a projection looks
WIDTH_M: Final = 3.5  # of a lane whose width nobody has said
GRADE_RAMP_M: Final = 10.0  # over which a change of grade is drawn out
S, X, Y, PSI, KAPPA, V_MAX, GRADE, WIDTH = range(8)  # columns of a route's table


class RouteError(ContractError):
    """There is no such way, or a place that is not on the route was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """One lane as a route needs it: id, zone, limit and axis ((n, 2), map frame, metres).

    grade   rise over run in driving direction, uphill positive;    width_m   of the lane
    """

    lane: str
    zone: str
    speed_mps: float
    xy_m: Array
    grade: float = 0.0
    width_m: float = WIDTH_M


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A driving line from the start of its first lane to the end of its last.

    lanes       lane ids in driving order;    starts_m    distance at which each begins
    table       (n, 8) float64, C-contiguous, read-only: [s m, x m, y m, psi rad unwrapped,
                kappa 1/m, v_max m/s, grade rise over run, width of the lane m]; row i stands at
                i metres, the last exactly at `length_m`
    zone_spans  (zone, from_m, to_m) in driving order, one for consecutive lanes of one zone
    """

    lanes: tuple[str, ...]
    starts_m: tuple[float, ...]
    length_m: float
    table: Array
    zone_spans: tuple[tuple[str, float, float], ...]

    def at(self, lane: str, offset_m: float) -> float:
        """Distance along the route of a place on one of its lanes, or RouteError."""
        if lane not in self.lanes:
            raise RouteError(f"lane {lane} is not on the route {self.lanes[0]} to {self.lanes[-1]}")
        return self.starts_m[self.lanes.index(lane)] + offset_m

    def where(self, s_m: float) -> tuple[str, float]:
        """The (lane, offset_m) at a distance; at a join, of the lane that begins.

        Raises RouteError beyond the ends.
        """
        if not -1e-6 <= s_m <= self.length_m + 1e-6:
            raise RouteError(f"{s_m} m is not on the route: it is {self.length_m:.3f} m long")
        index = max(0, bisect_right(self.starts_m, s_m) - 1)
        return self.lanes[index], max(0.0, s_m - self.starts_m[index])

    def project(self, x_m: float, y_m: float, near_m: float | None = None) -> tuple[float, float]:
        """Nearest place of the route to a point of the map frame, as (s_m, left_m), left positive.

        near_m   where the vehicle was last: looks 30 m to either side only, so that a line which
        passes
                 the same spot twice does not jump. Error: chords of one metre, 5 mm at 25 m radius.
        """
        first, last = 0, len(self.table)
        if near_m is not None:
            first = min(max(0, int((near_m - NEAR_WINDOW_M) / STEP_M)), last - 2)
            last = max(first + 2, min(last, int((near_m + NEAR_WINDOW_M) / STEP_M) + 2))
        rows = self.table[first:last]
        along_m, left_m = project(rows[:, X : Y + 1], x_m, y_m)
        chords = arc_lengths_m(rows[:, X : Y + 1])
        return float(np.interp(along_m, chords, rows[:, S])), left_m


def build_route(stretches: Sequence[Stretch]) -> Route:
    """Join lanes that follow each other into a route. RouteError if there is none.

    The first vertex of each following lane is taken to be the last of the lane before: the map
    check has held them within 0.05 m.
    """
    if not stretches:
        raise RouteError("a route needs at least one lane")
    pieces = [stretches[0].xy_m] + [each.xy_m[1:] for each in stretches[1:]]
    line = np.concatenate(pieces)
    along = arc_lengths_m(line)
    joints = np.cumsum([len(piece) for piece in pieces]) - 1
    ends = along[joints]
    starts = np.concatenate([[0.0], ends[:-1]])
    table = _table(line, along, np.array([each.speed_mps for each in stretches]), starts)
    table[:, WIDTH] = _least(table[:, S], starts, np.array([each.width_m for each in stretches]))
    table[:, GRADE] = _grades(table[:, S], starts, np.array([each.grade for each in stretches]))
    table.setflags(write=False)
    return Route(
        lanes=tuple(each.lane for each in stretches),
        starts_m=tuple(float(start) for start in starts),
        length_m=float(along[-1]),
        table=table,
        zone_spans=_zone_spans([each.zone for each in stretches], starts, ends),
    )


def _table(line: Array, along: Array, speeds: Array, starts: Array) -> Array:
    """The rows of a route; the limit of a row holds from there to the next row."""
    length = float(along[-1])
    s = np.arange(0.0, length, STEP_M)
    if len(s) > 1 and length - s[-1] < 1e-6:
        s = s[:-1]
    s = np.append(s, length)
    knots = heading_knots(line)
    table = np.empty((len(s), 8))
    table[:, S] = s
    table[:, X] = np.interp(s, along, line[:, 0])
    table[:, Y] = np.interp(s, along, line[:, 1])
    table[:, PSI] = np.interp(s, *knots)
    table[:, KAPPA] = curvatures_per_m(knots, s)
    here = np.searchsorted(starts, s, side="right") - 1
    table[:, V_MAX] = speeds[here]
    # A limit that falls between two rows holds from the row before: never late, up to 1 m early.
    for index, (start, speed) in enumerate(zip(starts, speeds, strict=True)):
        row = int(np.searchsorted(s, start, side="right")) - 1
        if index and speed < table[row, V_MAX]:
            table[row, V_MAX] = speed
    return table


def _least(s: Array, starts: Array, of_lanes: Array) -> Array:
    """(n,) the least that the lanes between each row and the next have."""
    ends = np.append(s[1:], s[-1])  # a row holds up to the next
    first = np.searchsorted(starts, s, side="right") - 1
    last = np.searchsorted(starts, ends, side="right") - 1
    touched = np.column_stack([first, last + 1]).ravel()
    least: Array = np.minimum.reduceat(np.append(of_lanes, np.inf), touched)[::2]
    return least


def _grades(s: Array, starts: Array, grades: Array) -> Array:
    """(n,) the grade of each row: never above that of the road there, without steps.

    A fall is told over the 10 m before it, a rise over the 10 m behind it: whoever brakes by this
    sees a downgrade early and never counts on an uphill that is not there yet.
    """
    lowest = _least(s, starts, grades)
    reach = round(GRADE_RAMP_M / 2 / STEP_M)
    size = 2 * reach + 1
    low = sliding_window_view(np.pad(lowest, reach, mode="edge"), size).min(axis=1)
    drawn_out = sliding_window_view(np.pad(low, reach, mode="edge"), size).mean(axis=1)
    result: Array = np.minimum(drawn_out, lowest)  # a mean may be above equal numbers by rounding
    return result


def _zone_spans(
    zones: Sequence[str], starts: Array, ends: Array
) -> tuple[tuple[str, float, float], ...]:
    spans: list[tuple[str, float, float]] = []
    for zone, start, end in zip(zones, starts, ends, strict=True):
        if spans and spans[-1][0] == zone:
            spans[-1] = (zone, spans[-1][1], float(end))
        else:
            spans.append((zone, float(start), float(end)))
    return tuple(spans)
