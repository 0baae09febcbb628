"""One headless run: scenario in, folder and verdict out.

A crash of an agent that nobody ordered ends the run with exit code 3, and with the folder written
all the same.
"""

import functools
import gc
import itertools
import platform
import re
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

from contract.errors import ConfigError
from contract.map import CorridorMap, compile_map
from contract.map_parts import MapError
from contract.reasons import Reason
from gate.office.places import unknown_places
from sim import timetable_figures
from sim.arrivals import Arrivals, arrivals
from sim.books import make_explicit, office_book
from sim.bottlenecks import Shown, bottlenecks
from sim.bound import Bound
from sim.bound import figures as bound_figures
from sim.build import AGENCIES, OFFICES, selection_seeds
from sim.clearance_figures import clearance, officer_minutes
from sim.compiling import Compiling, watched
from sim.delays import Account, accounts_of, free_runs
from sim.expectations import judge
from sim.faults import arrange
from sim.fleet_figures import fleet_figures
from sim.fleet_on_map import check_fleet_on
from sim.metrics import PACKAGES, check_metrics, metrics
from sim.outcome import (
    Tally,
    exit_code,
    tell,
    traffic,
    unexplained,
)
from sim.outcome import resources as resource_table
from sim.positions import positions
from sim.progress import Moves
from sim.progress import judge as judge_progress
from sim.queues import queues
from sim.record import Recorder, clear_logs
from sim.recovery import recovery
from sim.report_files import write_folder, write_ledger, write_seeds
from sim.scenario import AgencySection, OfficeSection, Scenario, resolved
from sim.waits import NEEDED, Ending, as_values, ending
from sim.waybills import told as waybills_told
from sim.world import World

FORMAT_VERSION: Final = 1
GRACE_S: Final = 120.0
_NS_PER_S: Final = 1_000_000_000
_MAP_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
Progress = Callable[[float], None]


@dataclass(slots=True)
class RunOptions:
    """What the caller wants beside the scenario."""

    seed: int = 1
    folder: Path | None = None
    track_period_s: float = 0.0
    progress: Progress | None = None
    drop_nth: int | None = None
    prepare: Callable[[World], None] | None = None


@dataclass
class Finished:
    """A run that is over."""

    result: dict[str, Any]
    world: World
    tally: Tally
    recorder: Recorder
    ending: Ending = field(default_factory=Ending)
    crash: str = ""
    late: bool = False
    """Fewer crossings than the scenario asked for when its duration was over."""
    stuck: list[dict[str, Any]] = field(default_factory=list)
    """Who did not get on though everything was mended, where the scenario demands it."""

    @property
    def cycle(self) -> list[str]:
        """Vehicles that wait for each other in a ring; empty if there is none."""
        return self.ending.cycle

    @functools.cached_property
    def accounts(self) -> dict[str, Account]:
        """The delay ledger of every crossing that has set off."""
        return accounts_of(self.world, self.recorder, self.tally)


@functools.lru_cache(maxsize=4)
def _compiled(data: bytes) -> CorridorMap:
    """A map, compiled once in a process: it is never changed."""
    return compile_map(data)


def load_map(name: str) -> CorridorMap:
    """A compiled map by installed name or path. Raises ConfigError with the map's name and what is
    wrong.
    """
    path = Path(name)
    if path.suffix in (".geojson", ".json"):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"map {path}: {error.strerror}") from None
        except ValueError as error:
            raise ConfigError(f"map {name!r:.80}: {error}") from None
    else:
        entry = resources.files("contract.maps") / f"{name}.geojson"
        if not _MAP_NAME.fullmatch(name) or not entry.is_file():
            known = sorted(
                each.name.removesuffix(".geojson")
                for each in resources.files("contract.maps").iterdir()
                if each.name.endswith(".geojson")
            )
            raise ConfigError(f"map {name!r:.80}: not installed; there are {', '.join(known)}")
        data = entry.read_bytes()
    try:
        return _compiled(data)
    except MapError as error:
        raise ConfigError("\n".join(f"map {name}: {fault}" for fault in error.faults)) from None


def complete(scenario: Scenario, corridor: CorridorMap) -> None:
    """Make explicit what the scenario left to defaults, and refuse what the map does not have."""
    for country in OFFICES:
        scenario.office.setdefault(country, OfficeSection())
        scenario.agency.setdefault(country, AgencySection())
    places = {*corridor.stations, *corridor.bays}
    for country, office in scenario.office.items():
        make_explicit(office)
        unknown = unknown_places(office_book(office), sorted(places))
        if unknown:
            named = ", ".join(unknown)
            raise ConfigError(
                f"{scenario.name}: office.{country}.book: places {named}: not on the map"
            )
    for table, given, known in (
        ("station", scenario.station, places),
        ("gate", scenario.gate, set(corridor.gates)),
    ):
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"{scenario.name}: {table}.{name}: not on map {corridor.name}; "
                    f"there are {', '.join(sorted(known))}"
                )
    for side, count in (("KZ", scenario.fleet.kz), ("CN", scenario.fleet.cn)):
        berths = [b for b in corridor.berths.values() if b.country == side and b.departures]
        if count > len(berths):
            raise ConfigError(
                f"{scenario.name}: fleet.{side.lower()} = {count}: "
                f"map {corridor.name} has {len(berths)} departure berths there"
            )
    check_fleet_on(scenario, corridor)
    check_metrics(scenario, metrics(corridor))


def run(scenario: Scenario, options: RunOptions) -> Finished:
    """Run a scenario to its end and write its folder."""
    with watched() as compiling:
        return _run(scenario, options, compiling)


def _run(scenario: Scenario, options: RunOptions, compiling: Compiling) -> Finished:
    corridor = load_map(scenario.corridor.map)
    complete(scenario, corridor)
    recorder = Recorder(options.folder, keep=NEEDED | timetable_figures.NEEDED)
    world = World(scenario, corridor, options.seed, say=recorder.say, visited=recorder.visited)
    world.network.drop_nth = options.drop_nth
    world.on_delivery = recorder.delivered
    if options.prepare is not None:
        options.prepare(world)
    arrange(world)
    moves = _watch_moves(world)
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        clear_logs(options.folder)
    recorder.begin()
    began, compiled_s = time.perf_counter(), compiling.seconds
    try:
        crash = _drive(world, recorder, options)
        spent = time.perf_counter() - began, compiling.seconds - compiled_s
        world.life.close()
        finished = conclude(world, recorder, spent, crash=crash, moves=moves)
    finally:
        recorder.close()
    if options.folder is not None:
        if crash:
            traceback_bytes = crash.encode("utf-8", "backslashreplace")
            (options.folder / "crash.txt").write_bytes(traceback_bytes)
        said = (recorder, finished.tally, finished.accounts)
        write_folder(options.folder, finished.result, said, resolved=resolved(scenario))
        disks = {name: host.disk for name, host in world.hosts.items()}
        write_ledger(options.folder, world.cast.roster, disks)
        write_seeds(options.folder, selection_seeds(world.seed))
    return finished


def _drive(world: World, recorder: Recorder, options: RunOptions) -> str:
    """Run to the end; the traceback of an agent that crashed, "" if none did."""
    end_ns = int(world.scenario.duration_s * _NS_PER_S)
    world.start()
    wanted = world.scenario.time.crossings
    slice_ns = _NS_PER_S * (1 if wanted else 10)
    if options.track_period_s > 0.0:
        period_ns = int(options.track_period_s * _NS_PER_S)
        world.engine.watch(0, _track, world, recorder, period_ns)
    gc.freeze()  # what is there by now stays to the end: no collection goes through it again
    try:
        for until_ns in itertools.chain(range(slice_ns, end_ns, slice_ns), (end_ns,)):
            world.run(until_ns)
            if options.progress is not None:
                options.progress(until_ns / end_ns)
            if wanted and world.finished >= wanted:
                break
    except Exception:  # noqa: BLE001 - any error of an agent is its crash: recorded, exit code 3
        return traceback.format_exc()
    finally:
        gc.unfreeze()
    return ""


def _watch_moves(world: World) -> Moves | None:
    """Who moves when, from the time on from which a scenario demands progress."""
    after_s = world.scenario.progress.after_s
    if after_s <= 0.0:
        return None
    moves = Moves(world)
    world.engine.watch(int(after_s * _NS_PER_S), moves.begin)
    return moves


def _track(world: World, recorder: Recorder, period_ns: int) -> None:
    recorder.track(positions(world))
    world.engine.watch(world.engine.now_ns + period_ns, _track, world, recorder, period_ns)


def conclude(
    world: World,
    recorder: Recorder,
    spent: tuple[float, float],
    *,
    crash: str,
    moves: Moves | None = None,
) -> Finished:
    """The result of a run that has stopped; `moves` where progress is demanded of it.

    spent   seconds in all, and those of them in which kernels were compiled
    """
    scenario, end_s = world.scenario, world.engine.now_ns / _NS_PER_S
    tally = tell(recorder.events)
    if not crash:
        world.checkers.ended(unexplained(tally, GRACE_S, end_s))
    end = ending(recorder.events, world.engine.now_ns)
    late = not crash and world.finished < scenario.time.crossings
    came = _came(world, recorder, tally)
    result: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "scenario": scenario.name,
        "seed": world.seed,
        "map_digest": world.map.digest.hex(),
        "versions": versions(),
        "verdict": "failed",
        "exit_code": 1,
        "expectations": [],
        "safety": world.checkers.counts,
        "traffic": traffic(tally, scenario.warm_up_s, end_s, scenario.time.day_h),
        "clearance": clearance(tally, recorder.visits, scenario.warm_up_s, end_s),
        "resources": resource_table(came.visits, world.blocked_s, _servers(scenario), end_s),
        "bound": _bound(world, tally),
        "queues": queues(world.hosts),
        "fleet": fleet_figures(world, recorder.events, end_s),
        **timetable_figures.both(world, recorder.events, scenario.warm_up_s, end_s),
        "radio": world.regions.figures,
        "cases": tally.cases.told(returned=tally.returned)
        | waybills_told(tally.crossings.values()),
        "recovery": recovery(tally, recorder.events, scenario.warm_up_s, end_s),
        "deadlock": end.cycle,
        "stuck": [{"vehicle": name, "why": why} for name, why in end.stuck.items()],
        "human_interventions": tally.interventions,
        "officer_decisions": tally.desk_decisions,
        "officer_minutes": officer_minutes(recorder.visits),
        "agency_decisions": tally.agency_decisions,
        "agency_minutes": round(sum(desk.minutes for desk in world.counters.values()), 3),
        "performance": _performance(world, spent, end_s),
        "transcript_sha256": recorder.sha256,
    }
    result["bottlenecks"] = bottlenecks(_shown(world, came, tally, result["bound"]))
    stuck_s = []
    if moves is not None:
        result["progress"] = judge_progress(world, tally, moves, end_s)
        stuck_s = result["progress"]["stuck"]
    for wait in result["traffic"]["waiting"]:
        wait.update(as_values(end.chains[wait["vehicle"]]))
    no_end = bool(end.cycles or end.stuck) or late or bool(stuck_s)
    _pass_or_fail(result, scenario, crashed=bool(crash), stuck=no_end)
    return Finished(result, world, tally, recorder, end, crash, late, stuck_s)


def _pass_or_fail(
    result: dict[str, Any], scenario: Scenario, *, crashed: bool, stuck: bool
) -> None:
    """Judge a result by what its scenario expects."""
    result["expectations"] = judge(result, scenario.expect)
    result["exit_code"] = exit_code(result, crashed=crashed, stuck=stuck)
    result["verdict"] = "passed" if result["exit_code"] == 0 else "failed"


def _came(world: World, recorder: Recorder, tally: Tally) -> Arrivals:
    """Visits with the times at which their trucks came to wait for them, for the folder too."""
    end_ns = world.engine.now_ns
    came = arrivals(recorder.visits, recorder.events, world.map, tally, end_ns=end_ns)
    recorder.came = came.visits
    return came


def _bound(world: World, tally: Tally) -> dict[str, Any]:
    scenario, end_s = world.scenario, world.engine.now_ns / _NS_PER_S
    bound = Bound(world.map, scenario, world.truck, free_runs(world))
    return bound_figures(bound, tally, scenario.warm_up_s, end_s)


def _shown(world: World, came: Arrivals, tally: Tally, bound: dict[str, Any]) -> Shown:
    """What the table of bottlenecks is made of."""
    return Shown(
        world.scenario,
        world.map,
        tally,
        came.visits,
        came.unserved,
        bound["places"],
        bound["measured_per_hour"],
        bound["share"] is not None,
        _servers(world.scenario),
        world.blocked_s,
        world.engine.now_ns / _NS_PER_S,
    )


def _servers(scenario: Scenario) -> dict[str, int]:
    """How many can be served at once, by the name of a resource."""
    servers = {f"desk_{OFFICES[c]}": o.officers for c, o in scenario.office.items()}
    servers |= {f"desk_{AGENCIES[c]}": a.officers for c, a in scenario.agency.items()}
    servers |= {name: station.servers for name, station in scenario.station.items()}
    servers |= {f"laboratory_{c}": each.servers for c, each in scenario.laboratory.items()}
    return servers | {f"read_{name}": each.readers for name, each in scenario.station.items()}


def _performance(world: World, spent: tuple[float, float], end_s: float) -> dict[str, Any]:
    wall_s, compile_s = spent
    return {
        "wall_s": round(wall_s, 3),
        "compile_s": round(compile_s, 3),
        "simulated_s": round(end_s, 3),
        "realtime_factor": round(end_s / wall_s, 1) if wall_s > 0 else 0.0,
        "vehicle_steps": world.fleet.vehicle_steps,
        "messages": world.network.messages,
        "parts_s": world.parts.seconds,
    }


def versions() -> dict[str, str]:
    """What produced this result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def reason_sentence(code: str) -> str:
    """A reason code in words."""
    reason = Reason.__members__.get(code)
    return reason.sentence if reason is not None else code
