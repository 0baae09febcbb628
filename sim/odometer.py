"""The odometer of a run: where every truck's front was, second by second, and who was before it.

Looks on and changes nothing: a run is the same whether it is looked at or not. What stands still
is kept as its first and last second; when something happens to a truck it is looked at besides, so
that stops and what ends them are exact to a step. Not here: what time was lost on (delays.py).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.route import Route
from sim.engine import Engine
from sim.fleet import Fleet
from sim.plant import V
from sim.truth_columns import TRUTH_FRONT, TRUTH_PATH, TRUTH_S, TRUTH_SEEN
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array, Bits

PERIOD_NS: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
TICK_NS: Final = 50_000_000
FREE, AT_END = -1, -2  # nobody before it; the end of its authority is what it brakes for
FOLLOWS_S, FOLLOWS_M = 2.5, 12.0  # so near behind another truck it drives by that one's speed
BRAKE_MPS2: Final = 0.6  # as gently as the pilot approaches
SOON_S: Final = 4.0
Small = npt.NDArray[np.int16]
Reals = npt.NDArray[np.float32]


CHUNK: Final = 256  # looks that are packed together
# What is looked at, of every truck.
_COLUMNS: Final[tuple[Callable[[Fleet], Array], ...]] = (
    lambda fleet: fleet.truth[:, TRUTH_S],
    lambda fleet: fleet.truth[:, TRUTH_PATH],
    lambda fleet: fleet.truth[:, TRUTH_SEEN],
    lambda fleet: fleet.state[:, V],
    lambda fleet: fleet.board.sensors[:, c.SENSE_GAP],
    lambda fleet: fleet.order[:, c.ORDER_END],
    lambda fleet: fleet.order[:, c.ORDER_ACTIVE],
)
_PATH: Final = 1


@dataclass(frozen=True, slots=True)
class Track:
    """One truck over a time: milliseconds, front in metres along a route, row ahead or FREE."""

    t_ms: Bits
    front_m: Array
    path: Small
    ahead: Small


class Odometer:
    """Looks at a fleet once a second."""

    def __init__(self, fleet: Fleet, engine: Engine) -> None:
        self._fleet = fleet
        self._engine = engine
        self._t_ms: list[int] = []
        self._raw: Array = np.zeros((CHUNK, len(_COLUMNS), len(fleet.names)))
        self._filled = 0  # rows of the raw chunk that are in use
        self._chunks: list[tuple[Reals, Small, Small]] = []
        self._stacked: tuple[Bits, Reals, Small, Small] | None = None
        self._stood = 0  # how many of the newest rows were taken while nothing moved
        self._marks: dict[str, list[tuple[int, float, int]]] = defaultdict(list)
        engine.watch(0, self._look)

    def mark(self, vehicle: str) -> None:
        """Something happened to a truck: where it is now counts to the millisecond."""
        i = self._fleet.row.get(vehicle)
        t_ms = self._engine.now_ns // TICK_NS * TICK_NS // NS_PER_MS  # of the newest step
        marks = self._marks[vehicle]
        if i is not None and not (marks and marks[-1][0] == t_ms):
            truth = self._fleet.truth[i]
            front_m = float(truth[TRUTH_S] + truth[TRUTH_FRONT])
            marks.append((t_ms, front_m, int(truth[TRUTH_PATH])))

    def _look(self) -> None:
        fleet, t_ms = self._fleet, self._engine.now_ns // NS_PER_MS
        self._engine.watch(self._engine.now_ns + PERIOD_NS, self._look)
        stands = not fleet.state[:, V].any()
        if stands and self._stood >= 2 and self._filled and self._as_before():
            self._t_ms[-1] = t_ms
            return
        if self._filled == CHUNK:
            self._chunks.append(self._packed())
            self._filled = 0
        row = self._raw[self._filled]
        for k, column in enumerate(_COLUMNS):
            row[k] = column(fleet)
        self._t_ms.append(t_ms)
        self._filled += 1
        self._stood = self._stood + 1 if stands else 0

    def _as_before(self) -> bool:
        """Whether every truck stands on the way on which it stood at the newest look."""
        before: Array = self._raw[self._filled - 1]
        return bool(np.array_equal(before[_PATH], self._fleet.truth[:, TRUTH_PATH]))

    def _packed(self) -> tuple[Reals, Small, Small]:
        """The looks of a chunk: front, path, and the row ahead, FREE or AT_END."""
        raw = self._raw[: self._filled]
        s_m, path, seen, speed, gap, end_m, active = (raw[:, k] for k in range(len(_COLUMNS)))
        front = s_m + self._fleet.truth[:, TRUTH_FRONT]
        follows = (gap < FOLLOWS_M + FOLLOWS_S * speed) & (seen >= 0.0)
        short = end_m - front < SOON_S * speed + speed * speed / (2.0 * BRAKE_MPS2)
        ends = short & (active == 1.0)
        ahead = np.where(follows, seen, np.where(ends, AT_END, FREE))
        return front.astype(np.float32), path.astype(np.int16), ahead.astype(np.int16)

    def track(self, vehicle: str, from_ms: int, to_ms: int) -> Track:
        """What was seen of one truck between two times."""
        t_ms, fronts, paths, ahead = self._seen()
        first = int(np.searchsorted(t_ms, from_ms, side="left"))
        last = int(np.searchsorted(t_ms, to_ms, side="right"))
        i = self._fleet.row[vehicle]
        rows = slice(first, last)
        seen = Track(t_ms[rows], fronts[rows, i].astype(np.float64), paths[rows, i], ahead[rows, i])
        marks = self._marks[vehicle]
        low = bisect_left(marks, from_ms, key=_time)
        return _merged(seen, marks[low : bisect_right(marks, to_ms, key=_time)])

    def _seen(self) -> tuple[Bits, Reals, Small, Small]:
        """All looks so far, put together once for each time that they are asked for."""
        if self._stacked is None or len(self._stacked[0]) != len(self._t_ms):
            chunks = [*self._chunks, self._packed()]
            fronts, paths, ahead = (np.concatenate(each) for each in zip(*chunks, strict=True))
            self._stacked = (np.array(self._t_ms, dtype=np.int64), fronts, paths, ahead)
        return self._stacked

    def route(self, path: int) -> Route:
        """The route that a track's metres are along."""
        return self._fleet.board.routes[path]

    def name(self, row: int) -> str:
        """The truck of a row."""
        return self._fleet.names[row]


def _time(mark: tuple[int, float, int]) -> int:
    return mark[0]


def _merged(seen: Track, marks: list[tuple[int, float, int]]) -> Track:
    """Seconds and marks in one order of time; whoever was ahead at the second before a mark still
    is.
    """
    if not marks:
        return seen
    times, fronts, paths = zip(*marks, strict=True)
    t_ms = np.concatenate([seen.t_ms, np.array(times, dtype=np.int64)])
    order = np.argsort(t_ms, kind="stable")
    path = np.concatenate([seen.path, np.array(paths, dtype=np.int16)])[order]
    before = np.searchsorted(seen.t_ms, t_ms[order], side="right") - 1
    ahead = np.append(seen.ahead, np.int16(FREE))[before]  # -1, nothing before: FREE
    return Track(t_ms[order], np.concatenate([seen.front_m, fronts])[order], path, ahead)
