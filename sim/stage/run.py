"""One staged run: real processes around a simulated world, judged by the same means.

The processes share a clock that runs at a rate from one origin; this one plays hardware and
terminals on the same clock. The day begins when the last program is up. What the checkers hear from
the network in a headless run comes from logs here: a truck's accepted authorities, a gate's
consumed permits; releases and the ledger come from the journals. [network] does not apply.
Not here: starting and ending processes (programs.py), configurations (site.py).
"""

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.agent import Persist, Report
from contract.errors import ConfigError
from contract.events import Event
from contract.ledger import KEEPERS
from contract.limits import GATE_OVERLAP_M
from contract.signing import type_name
from contract.v1.customs_pb2 import DecisionNotice
from contract.v1.movement_pb2 import MovementAuthority
from live.body import BodyServer
from live.clock import Clock, Origin
from live.errors import JournalError
from live.journal import JournalFile
from live.link import Link
from live.resources import map_bytes
from sim.build import AGENCIES, OFFICES, SUPERVISOR, TERMINALS
from sim.compiling import watched
from sim.fault_kinds import LINK_KINDS, PAUSE
from sim.faults import arrange
from sim.fleet import DevicePlace, Fleet
from sim.host import Host
from sim.plant_params import AGV65, TRUCK40_LOADED, VehicleParams
from sim.record import Recorder
from sim.report_files import write_folder, write_ledger
from sim.run import Finished, complete, conclude, load_map
from sim.scenario import Scenario, resolved
from sim.stage.hosts import RemoteHost
from sim.stage.ports import CabinetPort, DeskPort, Port, TruckPort
from sim.stage.programs import Line, Troop
from sim.stage.site import HARDWARE, Site, enrolled, hardware_keys, remote_names
from sim.waits import NEEDED
from sim.world import TICK_NS, World

NS_PER_S: Final = 1_000_000_000
UP_S: Final = 60.0
WATCH_EVERY_TICKS: Final = 20
POLL_MS_MAX: Final = 5
_OUT: Final = "mailbox/out/"
_DECISION: Final = type_name(DecisionNotice)


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to one program at a simulated time; started again from its journal, or not."""

    node: str
    at_s: float
    restart_s: float | None = None


@dataclass(slots=True)
class StageOptions:
    """What the caller wants beside the scenario."""

    folder: Path
    seed: int = 1
    rate: float = 5.0
    kills: list[Kill] = field(default_factory=list)
    progress: Callable[[float], None] | None = None


class Stage:
    """One staged run."""

    def __init__(self, scenario: Scenario, options: StageOptions, home: Path) -> None:
        """`home` is a folder for keys, journals and configurations; it is thrown away."""
        self.scenario = scenario
        self.options = options
        self.corridor = load_map(scenario.corridor.map)
        complete(scenario, self.corridor)
        (home / "map.geojson").write_bytes(_map_file(scenario.corridor.map))
        logs = options.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for old in logs.glob("*.jsonl"):
            old.unlink()
        origin = Origin(time.monotonic_ns(), round(scenario.time.start.timestamp()) * NS_PER_S)
        self.clock = Clock(options.rate, origin=origin)
        enrolment, cast = enrolled(scenario, self.corridor, options.seed)
        enrolment.write(home / "keys")
        self.params: VehicleParams = (
            TRUCK40_LOADED if scenario.fleet.vehicle == "truck40" else AGV65
        )
        self.site = Site(
            scenario=scenario,
            corridor=self.corridor,
            params=self.params,
            seed=options.seed,
            folder=home,
            logs=logs,
            rate=options.rate,
            origin=origin,
            enrolment=enrolment,
            hardware=hardware_keys(),
            cast=cast,
        )
        names = remote_names(cast)
        _check(scenario, options.kills, names)
        self.troop = Troop({name: self.site.program(name) for name in names})
        self.recorder = Recorder(options.folder, keep=NEEDED)
        self.remote: dict[str, RemoteHost] = {}
        self.journals: dict[str, dict[str, bytes]] = {}
        self.ports: dict[str, Port] = {}
        self.links: dict[str, Link] = {}
        self.trucks: list[TruckPort] = []
        self.begin_ns = 0

    # --- the whole of it ---

    def run(self) -> Finished:
        """Start, play, stop, judge. Raises NotUp if a program does not come up."""
        began = time.perf_counter()
        with ExitStack() as stack:
            compiling = stack.enter_context(watched())
            stack.callback(self.recorder.close)
            stack.callback(self.troop.stop)
            self.server = self._serve(stack)
            self.troop.start()
            _warm_up(self.params)
            early = self.troop.wait_up(UP_S)
            world = self._world(stack)
            for line in early:
                self._heard(world, line)
            crash = self._play(world)
            self.troop.stop()
            for line in self.troop.read():
                self._heard(world, line)
            crash = crash or "\n".join(self.troop.faults()) or self._read_journals(world)
            world.checkers.judge_later()
            wall_s = time.perf_counter() - began
            finished = conclude(world, self.recorder, (wall_s, compiling.seconds), crash=crash)
        self._write(finished)
        return finished

    def _serve(self, stack: ExitStack) -> BodyServer:
        table = {
            name: key
            for name, key in self.site.enrolment.curve_table.items()
            if name in self.troop.programs
        }
        server = BodyServer(self.site.address(HARDWARE), self.site.hardware, table)
        stack.callback(server.close)
        return server

    def _world(self, stack: ExitStack) -> World:
        """The world with its hosts elsewhere; its time starts now."""
        for name in TERMINALS.values():
            keys = self.site.enrolment.keys[name]
            peers = self.site.peers(SUPERVISOR, *OFFICES.values())
            link = Link(keys, self.site.enrolment.curve_table, peers=peers)
            stack.callback(link.close)
            self.links[name] = link
        self.begin_ns = self.clock.now().mono_ns // TICK_NS * TICK_NS
        world = World(
            self.scenario,
            self.corridor,
            self.options.seed,
            say=self.recorder.say,
            visited=self.recorder.visited,
            host=self._host,
            troupe=self.site.cast,
        )
        world.fleet.on_board = False
        world.checkers.later = []
        self._plug_in(world)
        arrange(world)
        for kill in self.options.kills:
            world.engine.at(round(kill.at_s * NS_PER_S), _kill, world, kill.node)
            if kill.restart_s is not None:
                at_ns = round(kill.restart_s * NS_PER_S)
                world.engine.at(at_ns, world.hosts[kill.node].start)
        world.start()
        return world

    def _host(self, name: str, engine: Any, **options: Any) -> Any:
        """A host for the world: a terminal of our own, or the face of a process."""
        program = self.troop.programs.get(name)
        if program is not None:
            self.remote[name] = RemoteHost(program, options["body"], options["say"])
            return self.remote[name]
        link = self.links[name]
        utc_ns = self.site.origin.utc_ns + self.begin_ns
        wanted = options | {"post": lambda _, to, raw: link.send(to, raw), "start_utc_ns": utc_ns}
        return Host(name, engine, **wanted)

    def _plug_in(self, world: World) -> None:
        """A port for every program that has hardware."""
        for name, host in self.remote.items():
            give = self._giver(name)
            boot = secrets.token_bytes(8)
            if name in world.fleet.names:
                truck = TruckPort(name, world.fleet, host.body, self.corridor, give, boot)
                self.trucks.append(truck)
                self.ports[name] = truck
            elif name in world.cabinets:
                self.ports[name] = CabinetPort(world.cabinets[name], give, boot)
            elif name in OFFICES.values():
                country = self.site.cast.roster.nodes[name].site
                self.ports[name] = DeskPort(world.desks[country], give, boot)
            elif name in AGENCIES.values():
                country = self.site.cast.roster.nodes[name].site
                self.ports[name] = DeskPort(world.counters[country], give, boot)
            host.port = self.ports.get(name)

    def _giver(self, name: str) -> Callable[[bytes], bool]:
        return lambda raw: self.server.send(name, raw)

    # --- the loop ---

    def _play(self, world: World) -> str:
        """To the end of the day, or what has crashed."""
        end_ns = round(self.scenario.duration_s * NS_PER_S)
        wanted = self.scenario.time.crossings
        tick = 0
        while world.engine.now_ns < end_ns and not (wanted and world.finished >= wanted):
            self._take_in(world)
            due = (self.clock.now().mono_ns - self.begin_ns) // TICK_NS
            if due <= tick:
                self._sleep(tick)
                continue
            while tick < due:
                tick += 1
                self._step(world, tick)
            if tick % WATCH_EVERY_TICKS == 0:
                faults = self.troop.faults()
                if faults:
                    return "\n".join(faults)
                if self.options.progress is not None:
                    self.options.progress(min(1.0, world.engine.now_ns / end_ns))
        return ""

    def _step(self, world: World, tick: int) -> None:
        mono_ns = self.begin_ns + tick * TICK_NS
        for truck in self.trucks:
            truck.before_step(mono_ns)
        world.run(tick * TICK_NS)
        world.fleet.measure()
        for port in self.ports.values():
            port.tick(mono_ns)

    def _sleep(self, tick: int) -> None:
        until_ns = self.begin_ns + (tick + 1) * TICK_NS
        self.server.poll(self.clock.real_ms_until(until_ns, POLL_MS_MAX))

    def _take_in(self, world: World) -> None:
        """Words of programs, to their hardware after what they have logged, and to terminals."""
        received = self.server.receive()
        for line in self.troop.read():
            self._heard(world, line)
        mono_ns = self.clock.now().mono_ns
        for name, raw in received:
            port = self.ports.get(name)
            if port is not None:
                port.receive(raw, mono_ns)
        for name, link in self.links.items():
            link.poll(0)
            for sender, raw in link.receive():
                world.hosts[name].receive(sender, raw)
            link.notices()

    # --- logs ---

    def _heard(self, world: World, line: Line) -> None:
        """One event of a program's log: recorded, and told to the checkers where they need it."""
        event = Event.__members__.get(line.event.upper())
        if event is None:
            return
        host = self.remote.get(line.node)
        if host is not None:
            _note(world, host, event, line.fields)
            host.say(line.node, Report(event, line.fields))

    # --- afterwards ---

    def _read_journals(self, world: World) -> str:
        """What the checkers need of journals that are closed now; a fault if one is not whole."""
        try:
            for name in OFFICES.values():
                for key, value in _rows(self.site.journal(name)):
                    if key.startswith(_OUT) and value is not None:
                        kind, payload = msgspec.msgpack.decode(value, type=tuple[str, bytes])
                        if kind == _DECISION:
                            notice = DecisionNotice.FromString(payload)
                            world.checkers.decided(notice.decision)
            rows = _rows(self.site.journal(SUPERVISOR))
            for node in self.site.cast.roster.nodes.values():
                if node.name in TERMINALS.values():
                    self.journals[node.name] = world.hosts[node.name].disk
                elif node.role in KEEPERS:
                    self.journals[node.name] = _folded(_rows(self.site.journal(node.name)))
        except (JournalError, sqlite3.Error) as fault:
            return str(fault)
        world.checkers.committed([Persist(key, value) for key, value in rows])
        disk = self.remote[SUPERVISOR].disk
        disk.update({key: value for key, value in rows if value is not None})
        return ""

    def _write(self, finished: Finished) -> None:
        folder = self.options.folder
        (folder / "crash.txt").unlink(missing_ok=True)
        if finished.crash:
            (folder / "crash.txt").write_text(finished.crash, encoding="utf-8")
        said = (self.recorder, finished.tally, finished.accounts)
        write_folder(folder, finished.result, said, resolved=resolved(self.scenario))
        write_ledger(folder, self.site.cast.roster, self.journals)


def run_stage(scenario: Scenario, options: StageOptions) -> Finished:
    """Run a scenario with real processes and write its folder."""
    with tempfile.TemporaryDirectory(prefix="convoy-stage-") as home:
        return Stage(scenario, options, Path(home)).run()


def _map_file(name: str) -> bytes:
    path = Path(name)
    return path.read_bytes() if path.suffix in (".geojson", ".json") else map_bytes(name)


def _check(scenario: Scenario, kills: list[Kill], names: list[str]) -> None:
    """What a staged run cannot do is refused. Raises ConfigError."""
    for index, fault in enumerate(scenario.fault):
        if fault.kind in ("partition", PAUSE, *LINK_KINDS):
            raise ConfigError(
                f"{scenario.name}: fault.{index}.kind = {fault.kind!r}: only in `convoy-sim run`"
            )
    fleet = scenario.fleet
    for key, section in (("brakes", fleet.brakes), ("breakdowns", fleet.breakdowns)):
        if section is not None:
            raise ConfigError(f"{scenario.name}: fleet.{key}: only in `convoy-sim run`")
    for kill in kills:
        if kill.node not in names:
            raise ConfigError(
                f"--kill {kill.node}: no such program; there are {', '.join(sorted(names))}"
            )


def _kill(world: World, name: str) -> None:
    world.hosts[name].crash()
    world.checkers.restarted(name)


def _note(world: World, host: RemoteHost, event: Event, fields: dict[str, Any]) -> None:
    """What the world's checkers hear from a log."""
    if event is Event.AUTHORITY_ACCEPTED:
        authority = MovementAuthority(
            mission_id=fields["mission"],
            number=fields["number"],
            end_lane=fields["end_lane"],
            end_mm=fields["end_mm"],
            overlap_mm=round(GATE_OVERLAP_M * 1_000.0),  # the shorter of the two: strict
        )
        world.checkers.accepted(host.name, authority)
    elif event is Event.PERMIT_CONSUMED:
        host.consumed(fields["permit"], fields["vehicle"], fields["crossing"])
    elif event is Event.VEHICLE_PASSED:
        host.settled(fields["permit"], b"passed")
    elif event is Event.PERMIT_VOIDED:
        host.settled(fields["permit"], b"void")


def _rows(path: Path) -> list[tuple[str, bytes | None]]:
    """Every record of a closed journal in order, once its chain is proven. Raises JournalError."""
    JournalFile.open(path).close()
    with closing(sqlite3.connect(path)) as database:
        return list(database.execute("SELECT key, value FROM log ORDER BY seq"))


def _folded(rows: list[tuple[str, bytes | None]]) -> dict[str, bytes]:
    """The newest value of each key."""
    newest = dict(rows)
    return {key: value for key, value in newest.items() if value is not None}


def _warm_up(params: VehicleParams) -> None:
    """Compile the kernels before the clock matters."""
    fleet = Fleet(("a", "b"), [params] * 2, [DevicePlace(0, "", 0.0)], 0.7)
    fleet.on_board = False
    fleet.measure()
    fleet.step(1)
