"""The delay ledger: every millisecond of every crossing beyond its free-running time, and whose.

The truck's way is cut at every second of the odometer and at every instant at which log or stage
table say that something changed. What a piece took, less what the reference run (free_run.py) takes
for the same metres, is lost there; so the losses add up to crossing time less free-running time, to
the millisecond. A piece in which the truck stands has the label of what holds it (delay_causes.py);
one in which it drives has the label of what makes it slow. docs/delays.md says how and why.
Not here: the table made of it (delay_report.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from contract.limits import FRICTION_DRY
from contract.map import CorridorMap, RouteError
from contract.reasons import Reason
from contract.route import V_MAX, Route
from corridor.planning import way
from sim.delay_causes import Causes, Holding, Label
from sim.delay_labels import Drive, Labels, Piece
from sim.free_run import FreeRun, FreeRuns
from sim.odometer import FREE, Odometer, Track
from sim.outcome import CrossingTale, Tally
from sim.record import Recorder, write_rows
from sim.stops import Stop, stops_of
from sim.terminal_papers import TARE_KG
from sim.world import World
from vehicle.pilot.columns import Array, Bits

COLUMNS: Final = ("crossing", "vehicle", "resource", "rule", "party", "from_s", "to_s", "seconds")
NS_PER_MS: Final = 1_000_000
STANDING_MPS: Final = 0.05
SAME_M: Final = 0.002
FAR_S, FAR_MPS2 = 2.0, 0.5  # who sees as far as it stops by these is slowed by no sight
MOVED_UP_M: Final = 0.5  # more than a truck stands beside its line


class Row(NamedTuple):
    """One row of delays.csv; milliseconds of the run."""

    crossing: str
    vehicle: str
    label: Label
    from_ms: int
    to_ms: int
    lost_ms: int


@dataclass(slots=True)
class Account:
    """One crossing: `took_ms` is `free_ms` and all that its rows have lost."""

    crossing: str
    took_ms: int
    free_ms: int
    rows: list[Row] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Weather:
    """What every authority said of it."""

    mu: float = FRICTION_DRY
    sight_m: float = 0.0


class Delays:
    """Makes the accounts of a run."""

    def __init__(
        self,
        corridor: CorridorMap,
        odometer: Odometer,
        runs: FreeRuns,
        *,
        causes: Causes,
        weather: Weather,
    ) -> None:
        self._map = corridor
        self._stops = {bay.lane: bay.stop_offset_m for bay in corridor.bays.values()}
        self._stops |= {berth.lane: berth.stop_offset_m for berth in corridor.berths.values()}
        self._odometer = odometer
        self._runs = runs
        self._causes = causes
        self._weather = weather

    def account(self, tale: CrossingTale, end_ms: int) -> Account | None:
        """One crossing's, up to its arrival or to the end of the run; None if it never set off."""
        if tale.left_s is None:
            return None
        from_ms = round(1_000.0 * tale.left_s)
        over = tale.arrived_s is not None
        to_ms = round(1_000.0 * tale.arrived_s) if tale.arrived_s is not None else end_ms
        track = self._odometer.track(tale.vehicle, from_ms, to_ms)
        if not len(track.t_ms) or track.path[-1] < 0:
            return None
        route, front_m = self._joined(track)
        lines = self._causes
        holding = Holding(
            lines.places[tale.vehicle].within(from_ms, to_ms),
            lines.waits[tale.vehicle].within(from_ms, to_ms),
            lines.gates[tale.vehicle].within(from_ms, to_ms),
        )
        begins_m = self._stop_m(route, first=True)
        if front_m[0] > begins_m + MOVED_UP_M:
            begins_m = float(front_m[0])  # it has moved up within its berth before it set off
        ends_m = (begins_m, self._stop_m(route, first=False))
        mass_kg = TARE_KG + tale.cargo_kg
        run = self._runs.of(route, ends_m, mass_kg)
        last_m = ends_m[1] if over else float(front_m[-1])
        knots = _knots(track, front_m, (from_ms, to_ms), (ends_m[0], last_m), holding=holding)
        slow = self._slow(route, ends_m, mass_kg)
        drive = _drive(route, knots, (run, slow))
        took_ms = to_ms - from_ms
        free_ms = round(1_000.0 * (run.total_s if over else float(run.at(knots[1])[-1])))
        account = Account(tale.crossing, took_ms, free_ms)
        pieces = Labels(self._odometer, self._causes, holding, drive).rows()
        account.rows = list(_rounded(tale, pieces, took_ms - free_ms))
        account.stops = stops_of(drive, tale.vehicle, tale.crossing)
        if over and not tale.takes_back:
            self._detour(account, tale, drive, mass_kg)
        return account

    def _slow(self, route: Route, ends_m: tuple[float, float], mass_kg: float) -> FreeRun | None:
        """The same run in the weather that was told; None where that slows nobody down."""
        weather = self._weather
        top_mps = float(route.table[:, V_MAX].max())
        far_m = top_mps * FAR_S + top_mps * top_mps / (2.0 * FAR_MPS2)
        if weather.mu >= FRICTION_DRY and (not weather.sight_m or weather.sight_m >= far_m):
            return None
        return self._runs.of(route, ends_m, mass_kg, mu=weather.mu, sight_m=weather.sight_m)

    def _joined(self, track: Track) -> tuple[Route, Array]:
        """All lanes that were driven as one route, and the front along it.

        A truck that is sent another way keeps the lanes behind it and under it: its new way is
        joined on where it then stands.
        """
        changes = [0, *(np.flatnonzero(np.diff(track.path)) + 1).tolist(), len(track.path)]
        lanes: tuple[str, ...] = ()
        legs: list[tuple[slice, Route, str]] = []
        for first, last in pairwise(changes):
            if track.path[first] < 0:
                continue
            leg = self._odometer.route(int(track.path[first]))
            lane, _ = leg.where(min(max(0.0, float(track.front_m[first])), leg.length_m))
            if lane == leg.lanes[0]:  # what it drove before was another crossing
                lanes, legs = (), []
            head = lanes[: lanes.index(lane)] if lane in lanes else lanes
            tail = leg.lanes[leg.lanes.index(lane) :] if lanes else leg.lanes
            lanes = (*head, *tail)
            legs.append((slice(first, last), leg, lane))
        newest = legs[-1][1]
        route = newest if newest.lanes == lanes else self._map.route(lanes)
        front_m = np.full(len(track.t_ms), route.at(route.lanes[0], 0.0))
        for rows, leg, lane in legs:
            shift_m = route.at(lane, 0.0) - leg.at(lane, 0.0)
            front_m[rows] = track.front_m[rows] + shift_m
        return route, front_m

    def _stop_m(self, route: Route, *, first: bool) -> float:
        """Where a truck stands at an end of its way: the stop line of the berth or bay there."""
        lane = route.lanes[0 if first else -1]
        if lane in self._stops:
            return route.at(lane, self._stops[lane])
        return 0.0 if first else route.length_m

    def _detour(self, account: Account, tale: CrossingTale, drive: Drive, mass_kg: float) -> None:
        """What the way by a bay takes longer than the way without it is that bay's."""
        route = drive.route
        if tale.berth not in self._map.berths:
            return
        try:
            lanes = way(self._map, route.lanes[0], tale.berth, None)
        except RouteError:
            return
        beside = [lane for lane in route.lanes if lane not in lanes]
        if not beside or route.lanes[-1] != lanes[-1]:
            return
        direct = self._map.route(lanes)
        ends_m = (float(drive.s_m[0]), self._stop_m(direct, first=False))
        free_ms = round(1_000.0 * self._runs.of(direct, ends_m, mass_kg).total_s)
        bays = [bay.id for bay in self._map.bays.values() if bay.lane in beside]
        label = self._causes.label(Reason.DETOUR, bays[0] if bays else beside[0])
        inside = [route.at(lane, 0.0) for lane in beside]
        from_ms = int(np.interp(min(inside), drive.s_m, drive.t_ms))
        to_ms = max(from_ms, int(np.interp(max(inside), drive.s_m, drive.t_ms)))
        lost_ms = account.free_ms - free_ms
        if lost_ms:
            row = Row(tale.crossing, tale.vehicle, label, from_ms, to_ms, lost_ms)
            account.rows.append(row)
        account.free_ms = free_ms


def _knots(
    track: Track,
    front_m: Array,
    span_ms: tuple[int, int],
    ends_m: tuple[float, float],
    *,
    holding: Holding,
) -> tuple[Bits, Array, Bits]:
    """Times, fronts that never go back, and who was ahead after each but the last."""
    inside = (track.t_ms > span_ms[0]) & (track.t_ms < span_ms[1])
    t_ms = np.concatenate([[span_ms[0]], track.t_ms[inside], [span_ms[1]]])
    s_m = np.concatenate([[ends_m[0]], front_m[inside], [ends_m[1]]])
    s_m = np.clip(np.maximum.accumulate(s_m), ends_m[0], max(ends_m))
    ahead = np.concatenate([[FREE], track.ahead[inside]]).astype(np.int64)
    kept = _without_repeats(s_m)
    t_ms, s_m, ahead = t_ms[kept], s_m[kept], ahead[kept[:-1]]
    at_ms = np.unique(np.concatenate([t_ms, holding.knots_ms(*span_ms)])).astype(np.int64)
    of = np.searchsorted(t_ms, at_ms[:-1], side="right") - 1
    return at_ms, np.interp(at_ms, t_ms, s_m), ahead[of]


def _without_repeats(s_m: Array) -> Bits:
    """All places but those between two of the same: of a stop only its two ends are kept."""
    same = np.diff(s_m) <= SAME_M
    inner = np.concatenate([[False], same[:-1] & same[1:], [False]])
    return np.flatnonzero(~inner)


def _drive(
    route: Route, knots: tuple[Bits, Array, Bits], runs: tuple[FreeRun, FreeRun | None]
) -> Drive:
    t_ms, s_m, ahead = knots
    dry, slow = runs
    took_ms = np.diff(t_ms).astype(np.float64)
    dry_ms = 1_000.0 * np.diff(dry.at(s_m))
    weather_ms = np.zeros(len(took_ms))
    if slow is not None:
        weather_ms = 1_000.0 * np.diff(slow.at(s_m)) - dry_ms
    stands = np.diff(s_m) <= STANDING_MPS * took_ms / 1_000.0
    return Drive(route, t_ms, s_m, took_ms - dry_ms, weather_ms, stands, ahead)


def _rounded(tale: CrossingTale, pieces: Iterable[Piece], all_ms: int) -> Iterator[Row]:
    """Whole milliseconds that add up to `all_ms`; what rounds to nothing is left out."""
    given_ms, exact_ms = 0, 0.0
    rows: list[Row] = []
    for piece in pieces:
        exact_ms += piece.lost_ms
        lost_ms = round(exact_ms) - given_ms
        given_ms += lost_ms
        if lost_ms:
            rows.append(Row(tale.crossing, tale.vehicle, *piece[:3], lost_ms))
    if rows and given_ms != all_ms:
        rows[-1] = rows[-1]._replace(lost_ms=rows[-1].lost_ms + all_ms - given_ms)
    yield from rows


def free_runs(world: World) -> FreeRuns:
    """Reference runs of a world's trucks, by the paths that its pilots drive."""
    board = world.fleet.board

    def path(route: Route, mu: float) -> tuple[Array, int]:
        index = board.path(route, mu)
        return board.paths[index], int(board.path_rows[index])

    return FreeRuns(world.truck, path)


def accounts_of(world: World, recorder: Recorder, tally: Tally) -> dict[str, Account]:
    """Every crossing of a run that has set off, by its id."""
    scenario = world.scenario
    end_ms = world.engine.now_ns // NS_PER_MS
    delays = Delays(
        world.map,
        world.odometer,
        free_runs(world),
        causes=Causes(world.map, recorder.events, recorder.visits, end_ms),
        weather=Weather(scenario.weather.friction, scenario.weather.sight_m),
    )
    found = {name: delays.account(tale, end_ms) for name, tale in tally.crossings.items()}
    return {name: account for name, account in found.items() if account is not None}


def write_delays(path: Path, accounts: Mapping[str, Account]) -> None:
    """delays.csv: seconds with milliseconds."""
    rows = [
        (row.crossing, row.vehicle, *row.label, *(f"{ms / 1e3:.3f}" for ms in row[3:]))
        for account in accounts.values()
        for row in account.rows
    ]
    write_rows(path, COLUMNS, rows)
