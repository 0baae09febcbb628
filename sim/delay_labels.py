"""Labels: whose time every piece of a crossing was, standing or driving.

Pure. Standing has the label of what holds the truck (delay_causes.py). Driving more slowly than the
reference run is, in this order: the weather's; braking for a stop or starting from it, which is the
stop's; the truck's ahead; the road's that was given late; the gate's whose permit came just before
a stop; and what little is left, its own. Not here: how much was lost where (delays.py).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.reasons import Reason
from contract.route import Route
from sim.delay_causes import Causes, Holding, Label
from sim.odometer import AT_END, Odometer
from vehicle.pilot.columns import Array, Bits

Flags = npt.NDArray[np.bool_]
NEAR_FREE: Final = 0.1  # who loses less of a second than this share drives as if alone
STOP_MS: Final = 500  # what is shorter is no stop
NEAR_LINE_MS: Final = 30_000  # of rolling up to a gate's line without its permit, and on from there
MOMENT_MS: Final = 5_000  # so short, it is of what was before and after
NEAR_STOP_MS: Final = 60_000  # braking for a stop and starting from it take no longer


@dataclass(frozen=True, slots=True)
class Drive:
    """One crossing's way and time: n + 1 knots, n pieces between them.

    lost_ms      (n,) beyond the reference on a dry road;  weather_ms   (n,) of it for the weather
    stands       (n,) whether it stood;   ahead   (n,) row of the truck before it, FREE or AT_END
    """

    route: Route
    t_ms: Bits
    s_m: Array
    lost_ms: Array
    weather_ms: Array
    stands: Flags
    ahead: Bits


class Piece(NamedTuple):
    """Some time of one truck under one label."""

    label: Label
    from_ms: int
    to_ms: int
    lost_ms: float


class Labels:
    """Gives every piece of a drive its label."""

    def __init__(self, odometer: Odometer, causes: Causes, holding: Holding, drive: Drive) -> None:
        self._odometer = odometer
        self._causes = causes
        self._holding = holding
        self._drive = drive
        self._own = causes.label(Reason.DRIVING, "")

    def rows(self) -> list[Piece]:
        """Pieces in order of time, none over another but for the weather's; who drove faster than
        the reference has made up for what it lost elsewhere.
        """
        stands = self._truly_stands()
        bounds = [0, *(np.flatnonzero(np.diff(stands)) + 1).tolist(), len(stands)]
        runs = [slice(a, b) for a, b in pairwise(bounds)]
        stops = {run.start: self._standing(run) for run in runs if stands[run.start]}
        found: list[Piece] = []
        moving: set[int] = set()
        before: list[Piece] | None = None  # stops and driving take turns
        for run in runs:
            pieces, after = stops.get(run.start), stops.get(run.stop)
            if pieces is None:
                ends = (before[-1].label if before else None, after[0].label if after else None)
                pieces = self._moving(run, *ends)
                moving |= set(range(len(found), len(found) + len(pieces)))
            else:
                before = pieces
            found += pieces
        return _made_up(found, moving)

    def _truly_stands(self) -> Flags:
        """Standing but for what the reference does as well - moving off, and coming to rest - and
        for what is over before it is a stop.
        """
        drive = self._drive
        stands = drive.stands.copy()
        for order in (range(len(stands)), range(len(stands) - 1, -1, -1)):
            for k in order:
                if not stands[k] or self._held(k) is not None:
                    break
                stands[k] = False
        bounds = [0, *(np.flatnonzero(np.diff(stands)) + 1).tolist(), len(stands)]
        for first, last in pairwise(bounds):
            if stands[first] and drive.t_ms[last] - drive.t_ms[first] < STOP_MS:
                stands[first:last] = False
        return stands

    def _held(self, k: int) -> Label | None:
        drive = self._drive
        return self._holding.standing(int(drive.t_ms[k]), int(drive.t_ms[k + 1]))

    def _standing(self, run: slice) -> list[Piece]:
        """A stop: what holds the truck, one thing after the other. What is said a while later of
        the same stop held it from the beginning.
        """
        drive, found = self._drive, list[Piece]()
        for k in range(run.start, run.stop):
            from_ms, to_ms = int(drive.t_ms[k]), int(drive.t_ms[k + 1])
            label = self._held(k) or self._unsaid(k, int(drive.t_ms[run.stop]))
            if label is None and found:
                label = _near_stop(found[-1].label)  # let go, and not yet moving
            label = label or self._near(k)
            _add(found, Piece(label, from_ms, to_ms, float(drive.lost_ms[k])))
        return found

    def _unsaid(self, k: int, to_ms: int) -> Label | None:
        from_ms = int(self._drive.t_ms[k])
        return self._holding.waits.next_from(from_ms, to_ms)

    def _near(self, k: int) -> Label:
        """Nobody says why: the truck ahead, or road that was not given."""
        drive = self._drive
        if drive.ahead[k] >= 0:
            name = self._odometer.name(int(drive.ahead[k]))
            return self._causes.label(Reason.VEHICLE_AHEAD, name)
        return self._causes.label(Reason.NO_AUTHORITY, self._lane(k))

    def _lane(self, k: int) -> str:
        route = self._drive.route
        lane, _ = route.where(min(max(0.0, float(self._drive.s_m[k])), route.length_m))
        return lane

    def _moving(self, run: slice, before: Label | None, after: Label | None) -> list[Piece]:
        """Driving between two stops: one row for every time in which it was slow for one reason,
        and the weather's share of all of it in a row of its own.
        """
        drive = self._drive
        weather_ms, rest_ms = drive.weather_ms[run], drive.lost_ms[run] - drive.weather_ms[run]
        share = rest_ms / np.maximum(np.diff(drive.t_ms[run.start : run.stop + 1]), 1)
        starting, braking = self._edges(run, share)
        starting = starting if before is not None else 0
        braking = braking if after is not None else len(share)
        found: list[Piece] = []
        for k in range(len(share)):
            label = self._own
            if before is not None and k < starting:
                label = _near_stop(before)
            elif after is not None and k >= braking:
                label = _near_stop(after)
            elif share[k] > NEAR_FREE:
                label = self._slowed(run.start + k, stops=after is not None)
            _add(found, self._piece(label, run.start + k, run.start + k + 1, float(rest_ms[k])))
        found = _smoothed(found)
        told = np.flatnonzero(weather_ms)
        if len(told):
            label = self._causes.label(Reason.SPEED_REDUCED, "weather")
            first, last = run.start + int(told[0]), run.start + int(told[-1]) + 1
            found.append(self._piece(label, first, last, float(weather_ms.sum())))
        return sorted(found, key=lambda piece: piece.from_ms)

    def _piece(self, label: Label, first: int, last: int, lost_ms: float) -> Piece:
        t_ms = self._drive.t_ms
        return Piece(label, int(t_ms[first]), int(t_ms[last]), lost_ms)

    def _edges(self, run: slice, share: Array) -> tuple[int, int]:
        """How many pieces belong to starting from the stop before, and where braking begins."""
        drive = self._drive
        t_ms, alone = drive.t_ms, drive.ahead[run] < 0
        slow = share > NEAR_FREE
        count = len(slow)
        starting = 0
        while starting < count and slow[starting] and alone[starting]:
            if t_ms[run.start + starting] - t_ms[run.start] > NEAR_STOP_MS:
                break
            starting += 1
        braking = count
        while braking > starting and slow[braking - 1] and alone[braking - 1]:
            if t_ms[run.stop] - t_ms[run.start + braking - 1] > NEAR_STOP_MS:
                break
            braking -= 1
        return starting, braking

    def _slowed(self, k: int, *, stops: bool) -> Label:
        """Why it drives more slowly than alone: somebody before it, or its road not yet given."""
        drive = self._drive
        if drive.ahead[k] >= 0:
            name = self._odometer.name(int(drive.ahead[k]))
            return self._causes.label(Reason.FOLLOWING, name)
        said = self._holding.waits.at(int(drive.t_ms[k]))
        if said is not None:
            return _near_stop(said)
        if drive.ahead[k] == AT_END and stops:
            return self._causes.label(Reason.NO_AUTHORITY, self._lane(k))
        gate = self._holding.gates.near(int(drive.t_ms[k]), NEAR_LINE_MS)
        return _near_stop(gate) if gate is not None else self._own


def _smoothed(pieces: list[Piece]) -> list[Piece]:
    """Short pieces between two of one label are of that label too: a truck that follows another is
    for moments as fast as if alone.
    """
    found: list[Piece] = []
    for k, piece in enumerate(pieces):
        between = found and k + 1 < len(pieces) and found[-1].label == pieces[k + 1].label
        short = between and piece.to_ms - piece.from_ms <= MOMENT_MS
        _add(found, piece._replace(label=found[-1].label) if short else piece)
    return found


def _made_up(pieces: list[Piece], moving: set[int]) -> list[Piece]:
    """What a truck was faster than its reference it has made up for: it is taken from what it lost
    by driving slowly, most of all where it lost most. `moving`: which of the pieces are driving.
    """
    gained_ms = -sum(pieces[k].lost_ms for k in moving if pieces[k].lost_ms < 0.0)
    lost = sorted((k for k in moving if pieces[k].lost_ms > 0.0), key=lambda k: pieces[k].from_ms)
    if gained_ms > sum(pieces[k].lost_ms for k in lost):
        return pieces
    found = {k: pieces[k].lost_ms for k in range(len(pieces))}
    found |= {k: 0.0 for k in moving if pieces[k].lost_ms < 0.0}
    while gained_ms > 0.0:
        most = max(lost, key=lambda k: found[k])
        taken_ms = min(gained_ms, found[most])
        found[most] -= taken_ms
        gained_ms -= taken_ms
    return [piece._replace(lost_ms=found[k]) for k, piece in enumerate(pieces) if found[k]]


def _near_stop(label: Label) -> Label:
    return label._replace(rule=Reason.BRAKING_AND_STARTING.name)


def _add(pieces: list[Piece], piece: Piece) -> None:
    """Join a piece to the one before where both have one label."""
    if pieces and pieces[-1].label == piece.label:
        lost_ms = pieces[-1].lost_ms + piece.lost_ms
        pieces[-1] = pieces[-1]._replace(to_ms=piece.to_ms, lost_ms=lost_ms)
    else:
        pieces.append(piece)
