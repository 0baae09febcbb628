"""The world of one run: every node, the hardware around it, and the truth that joins them.

Owns the loop: physics up to the next event, then the event. Agents reach the world only through
their bodies and the network. Not here: what is written about it (record.py, outcome.py).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from contract.agent import Persist, Report
from contract.heads import NodeLedger
from contract.map import CorridorMap
from contract.node import Node
from contract.sites import sites
from contract.v1.customs_pb2 import Declaration
from gate.office.agency_files import crossing_of_paper
from sim import build
from sim.air import Party, air_of
from sim.bookings import Bookings
from sim.build import (
    AGENCIES,
    CONTROL_ROOM,
    OFFICES,
    SUPERVISOR,
    TERMINALS,
    Builder,
    Cast,
    crews_of,
    flows_of,
)
from sim.checkers import Checkers
from sim.control_room import Panel
from sim.desk import Desk
from sim.devices import Cabinet
from sim.distributions import parse_distribution, parse_duration
from sim.elsewhere import Elsewhere
from sim.engine import NS_PER_S, Engine, stream
from sim.fault_kinds import CONTROL_ROOM_KINDS
from sim.fleet import Fleet
from sim.fleet_life import FleetLife, berth_work
from sim.host import Host, NoBody
from sim.laboratories import laboratories
from sim.loads import Load, Visit
from sim.network import Network
from sim.odometer import Odometer
from sim.parts import PHYSICS, Parts
from sim.plant_params import AGV65, AXLES, TRUCK40_LOADED, VehicleParams
from sim.regions import Regions
from sim.roadside import Roadside
from sim.scenario import AgencySection, OfficeSection, Scenario
from sim.scenario_network import profile_of
from sim.scenario_sites import GateSection, line_model, model_of
from sim.scenario_timetable import booking_of
from sim.terminal import TerminalAgent
from sim.terminal_jobs import TerminalConfig
from sim.terminal_papers import TARE_KG, Papers
from sim.truth_columns import (
    EVENT_BEYOND,
    EVENT_FRONT,
    EVENT_OVERLAP,
    EVENT_REAR,
    EVENT_STOPPED,
)
from sim.vehicle_body import Overheard, VehicleBody
from sim.vehicle_faults import VehicleFaults

TICK_NS: Final = 50_000_000


class World:
    """One run's world."""

    def __init__(
        self,
        scenario: Scenario,
        corridor: CorridorMap,
        seed: int,
        *,
        say: Callable[[int, str, Report], None],
        visited: Callable[[Visit], None],
        host: Callable[..., Host] = Host,
        troupe: Cast | None = None,
    ) -> None:
        """`host` and `troupe` are a staged run's: nodes elsewhere, and keys of its own."""
        self.host_of = host
        self.scenario = scenario
        self.map = corridor
        self.seed = seed
        self.engine = Engine(seed)
        self.cast: Cast = troupe or build.cast(scenario, corridor, seed)
        self.builder = Builder(scenario, corridor, self.cast)
        self.say, self.visited = say, visited
        self._crossings: dict[str, str] = {}
        self.loads = {name: Load(TARE_KG) for name in self.cast.vehicles}
        self.laboratories = self._laboratories()
        self.cabinets = {gate: self._cabinet(gate) for gate in corridor.gates}
        self.roadside = Roadside(
            corridor,
            self.cabinets,
            self.engine,
            checkers=lambda: self.checkers,
            crossing_of=self.crossing_of,
            visited=visited,
            axles=AXLES[scenario.fleet.vehicle] if scenario.corridor.axle_counters else 0,
        )
        self.truck = TRUCK40_LOADED if scenario.fleet.vehicle == "truck40" else AGV65
        self.fleet = self._fleet(self.truck)
        self.vehicle_faults = VehicleFaults(self.fleet)
        self.odometer = Odometer(self.fleet, self.engine)
        self._starts = self._stand_at_berths()
        self.network = Network(self.engine, seed, profile_of(scenario.network), self._deliver)
        office, agency = scenario.office, scenario.agency
        self.desks = {c: self._desk(n, office[c], f"desk/{c}") for c, n in OFFICES.items()}
        self.counters = {c: self._desk(n, agency[c], f"agency/{c}") for c, n in AGENCIES.items()}
        self.regions = self._regions()
        self.hosts: dict[str, Host] = {}
        self.parts = Parts()
        self._build_hosts(self.truck)
        self.checkers = Checkers(
            corridor,
            self.cast.roster,
            self.fleet,
            self.cabinets,
            disk=lambda name: self.hosts[name].disk,
            time_s=lambda: self.engine.now_ns / NS_PER_S,
        )
        self.network.taps.append(self.checkers.tap)
        self._ticks = self.finished = 0
        self.dead: dict[str, str] = {}  # truck -> what of it has died, as deaths.py has it
        self.overheard = Overheard()
        self.on_delivery: Callable[[int, str, bytes], None] = lambda t_ns, to, raw: None
        self._way: dict[str, tuple[str, ...]] = {}

    # --- building ---

    def _laboratories(self) -> dict[str, Elsewhere | None]:
        sections = self.scenario.laboratory
        return laboratories(sections, OFFICES, self.engine, seed=self.seed, visited=self.visited)

    def _fleet(self, params: VehicleParams) -> Fleet:
        """The trucks, and the air between their radios."""
        cast, scenario = self.cast, self.scenario
        names, start_ms = cast.vehicles, int(scenario.time.start.timestamp()) * 1_000
        radios = Party(names, cast.signers, cast.roster, self.map.digest, self.seed, start_ms)
        return Fleet(
            names,
            [params] * len(names),
            [place for place, _, _ in self.roadside.devices],
            scenario.weather.friction,
            seed=self.seed,
            markers=self.map.markers_on,
            air=air_of(scenario.network.beacons, radios),
        )

    def _regions(self) -> Regions:
        return Regions(
            self.scenario.network.region,
            self.map,
            SUPERVISOR,
            fleet=self.fleet,
            network=self.network,
            engine=self.engine,
            seed=self.seed,
        )

    def _cabinet(self, gate: str) -> Cabinet:
        site = sites(self.map)[gate]
        sections = self.scenario.station
        models = {name: model_of(sections, self.map, name) for name in site.stations}
        section = self.scenario.gate.get(gate, GateSection())
        return Cabinet(
            gate,
            self.engine,
            draws=stream(self.seed, f"stations/{gate}"),
            loads=self.loads,
            stations=models,
            detectors=site.detectors,
            wake=self._wake,
            visited=self.visited,
            barrier_s=parse_duration(section.barrier),
            line=line_model(section),
            crossing_of=self.crossing_of,
            rises=lambda: self.checkers.arm_rises(gate),
            laboratory=self.laboratories[self.map.gates[gate].country],
        )

    def _desk(self, name: str, section: OfficeSection | AgencySection, draws: str) -> Desk:
        """The people of one office, or of one side's agencies; `draws` names their stream."""
        return Desk(
            name,
            self.engine,
            draws=stream(self.seed, draws),
            service=parse_distribution(section.documents),
            officers=section.officers,
            refuses=section.refuses,
            wake=self._wake,
            visited=self._decided_on,
        )

    def _decided_on(self, visit: Visit) -> None:
        """What lies on an agency's desk is a paper; its row is told by its crossing."""
        self.visited(replace(visit, crossing=crossing_of_paper(visit.crossing)))

    def _stand_at_berths(self) -> dict[str, list[tuple[str, str]]]:
        """Every truck at a departure berth of its side."""
        starts: dict[str, list[tuple[str, str]]] = {"KZ": [], "CN": []}
        names = list(self.cast.vehicles)
        for country, count in (("KZ", self.scenario.fleet.kz), ("CN", self.scenario.fleet.cn)):
            berths = [b for b in self.map.berths.values() if b.country == country and b.departures]
            for berth in berths[:count]:
                name = names.pop(0)
                self.fleet.place(name, self.map, berth.lane, berth.stop_offset_m)
                starts[country].append((name, berth.id))
        return starts

    def _build_hosts(self, params: Any) -> None:
        self.life = FleetLife()
        self.life.equip(self, self._starts)
        for name in self.cast.vehicles:
            batteries = self.life.batteries
            body = VehicleBody(name, self.fleet, self.loads, self.followed, batteries=batteries)
            self._host(name, self.builder.vehicle(name, params), body)
        for gate, cabinet in self.cabinets.items():
            self._host(gate, partial(self.builder.gate, gate), cabinet)
        for country, name in OFFICES.items():
            self._host(name, partial(self.builder.office, country), self.desks[country])
        for country, name in AGENCIES.items():
            self._host(name, partial(self.builder.agencies, country), self.counters[country])
        self._host(SUPERVISOR, self.builder.supervisor, NoBody())
        self.panel = Panel(lambda: self._wake(CONTROL_ROOM))
        crews = crews_of(self.scenario)
        self.crews = {name: Panel(partial(self._wake, name)) for name in crews}
        faults = any(fault.kind in CONTROL_ROOM_KINDS for fault in self.scenario.fault)
        room = (
            {CONTROL_ROOM: self.panel} if faults or crews or self.scenario.weather.timeline else {}
        )
        for name, panel in (room | self.crews).items():
            self._host(name, partial(self.builder.operator, name), panel)
        for country, name in TERMINALS.items():
            self._host(name, partial(self._terminal, country), NoBody())
        self.life.staff(self)

    def _host(self, name: str, build: Callable[[], Node[Any]], body: Any) -> None:
        self.hosts[name] = self.host_of(
            name,
            self.engine,
            build=build,
            body=body,
            seed=self.seed,
            start_utc_ns=int(self.scenario.time.start.timestamp()) * NS_PER_S,
            post=self._post,
            say=self._report,
            committed=self._committed,
            parts=self.parts,
            part=self.cast.roster.nodes[name].role.value,
        )

    def _terminal(self, country: str) -> Node[Any]:
        name = TERMINALS[country]
        flows = flows_of(self.scenario, country)
        config = TerminalConfig(
            name,
            country,
            SUPERVISOR,
            OFFICES[country],
            flows,
            **berth_work(self),
        )
        papers = Papers(country, self.cast.roster, stream(self.seed, f"papers/{country}"))
        booking = booking_of(self.scenario.timetable, self.scenario.slots)
        draws = stream(self.seed, f"bookings/{country}")
        agent = TerminalAgent(
            config,
            self.cast.signers[name],
            papers,
            stream(self.seed, f"traffic/{country}"),
            NodeLedger(name, self.cast.signers[name], self.cast.roster),
            self._starts[country],
            self._load,
            **self.life.terminal(self, country, papers),
            burst_draws=stream(self.seed, f"bursts/{country}"),
            bookings=Bookings(booking, self.cast.roster, draws) if booking is not None else None,
        )
        return self.builder.node(name, agent, greets=(SUPERVISOR, *OFFICES.values()))

    def _load(self, vehicle: str, declared: Declaration | None) -> None:
        """A truck is loaded as declared, or unloaded."""
        load = Load(TARE_KG)
        if declared is not None:
            load.gross_mass_kg, load.seals = declared.gross_mass_kg, tuple(declared.seals)
            load.chapters = tuple(sorted({line.hs_code[:2] for line in declared.goods}))
            load.container_id = declared.container_id
        self.carry(vehicle, load)

    def carry(self, vehicle: str, load: Load) -> None:
        """From now on a truck truly carries this."""
        self.loads[vehicle] = load
        self.fleet.set_mass(vehicle, load.gross_mass_kg)

    @property
    def blocked_s(self) -> dict[str, float]:
        """How long each station was kept by a truck that it had finished with."""
        return self.roadside.blocked_s

    def crossing_of(self, vehicle: str) -> str:
        """The crossing a vehicle is on, by the vehicle's own disk."""
        return self._crossings.get(vehicle, "")

    # --- the network and what is said ---

    def _post(self, sender: str, to: str, raw: bytes) -> None:
        self.network.send(sender, to, raw)

    def _deliver(self, sender: str, to: str, raw: bytes) -> None:
        self.on_delivery(self.engine.now_ns, to, raw)
        self.hosts[to].receive(sender, raw)

    def _wake(self, name: str) -> None:
        host = self.hosts.get(name)
        if host is not None:
            host.wake()

    def followed(self, vehicle: str) -> None:
        """After a command the truth may follow another way: the checkers' limit moves with it."""
        route = self.fleet.route(vehicle)
        if route is not None and self._way.get(vehicle) != route.lanes:
            self._way[vehicle] = route.lanes
            self.checkers.hold_front(vehicle)

    def _report(self, node: str, report: Report) -> None:
        name, fields = report.event.name, report.fields
        if name == "MISSION_ACCEPTED":
            self._crossings[node] = fields["crossing"]
        elif name == "CROSSING_FINISHED":
            self.finished += 1
        elif name == "PERMIT_CONSUMED":
            self.roadside.permitted(fields["vehicle"], node)
        self.odometer.mark(fields.get("vehicle", node))
        self.say(self.engine.now_ns, node, report)

    def _committed(self, name: str, records: list[Persist]) -> None:
        if name == SUPERVISOR:
            self.checkers.committed(records)

    # --- the loop ---

    def start(self) -> None:
        """Boot everybody, in an order that the seed decides."""
        self.parts.begin()
        names = sorted(self.hosts)
        stream(self.seed, "boot").shuffle(names)
        for k, name in enumerate(names):
            self.engine.at(k * 1_000_000, self.hosts[name].start)

    def run(self, until_ns: int) -> None:
        """Advance to a time."""
        engine = self.engine
        while True:
            next_ns = engine.next_ns
            target_ns = until_ns if next_ns is None or next_ns > until_ns else next_ns
            due = target_ns // TICK_NS - self._ticks
            if due > 0 and self._physics(due):
                continue
            if next_ns is None or next_ns > until_ns:
                engine.now_ns = until_ns
                return
            engine.run_next()

    def _physics(self, due: int) -> bool:
        """Step the fleet `due` times; True if something happened on the way, maybe before that."""
        if self.fleet.at_rest and not self.roadside.expecting:
            self._ticks += due
            self.fleet.skip(due)
            return False
        before = self.parts.turn(PHYSICS)
        done, used = self.fleet.step(due)
        self.parts.turn(before)
        self._ticks += done
        self.engine.now_ns = self._ticks * TICK_NS
        for k in range(used):
            row, kind, what = (int(value) for value in self.fleet.events[k])
            self._happened(self.fleet.names[row], kind, what)
        for index in self.fleet.miles.nonzero()[0]:
            self._wake(self.fleet.names[int(index)])
        self.roadside.settle(self.fleet)
        return used > 0 or done < due

    def _happened(self, vehicle: str, kind: int, what: int) -> None:
        if kind == EVENT_FRONT:
            self.roadside.passed(what, vehicle, rear=False)
        elif kind == EVENT_REAR:
            self.roadside.passed(what, vehicle, rear=True)
        elif kind == EVENT_OVERLAP:
            self.checkers.overlap(vehicle, self.fleet.names[what])
        elif kind == EVENT_BEYOND:
            self.checkers.beyond(vehicle, what)
        elif kind == EVENT_STOPPED:
            self.odometer.mark(vehicle)
