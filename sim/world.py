"""The world of one run: every node, the hardware around it, and the truth that joins them.

Owns the loop: physics up to the next event, then the event. Agents reach the world only through their
bodies and the network. Not here: what is written about it (record.py, outcome.py).
"""

from collections.abc import Callable
from typing import Any, Final

from contract.agent import Persist, Report
from contract.map import CorridorMap, Route, ZoneKind
from contract.node import Node
from contract.sites import sites
from sim.build import OFFICES, SUPERVISOR, TERMINALS, Builder, Cast, cast
from sim.checkers import Checkers
from sim.devices import Cabinet, Desk, Load, StationModel, Visit
from sim.distributions import parse_distribution, parse_duration
from sim.engine import NS_PER_S, Engine, stream
from sim.fleet import DevicePlace, Fleet
from sim.host import Host, NoBody
from sim.network import Network, NetworkProfile
from sim.plant_params import AGV65, TRUCK40_LOADED
from sim.scenario import Scenario, StationSection
from sim.terminal import TARE_KG, Flow, TerminalAgent, TerminalConfig
from sim.truth import EVENT_BEYOND, EVENT_FRONT, EVENT_OVERLAP, EVENT_REAR
from vehicle.orders import VehicleReading

TICK_NS: Final = 50_000_000
ARM_HALF_M: Final = 1.5
STAND_WINDOW_M: Final = 1.0
DEFAULT_STATIONS: Final = {
    "weighbridge": StationSection(service="triangular:15s,25s,60s", false_alarm=0.0),
    "xray": StationSection(service="constant:200s"),
    "bay": StationSection(service="lognormal:150min,0.5"),
}
Front = Callable[[str], None]


class VehicleBody:
    """A truck's body for its agent: readings from the fleet, orders into it."""

    def __init__(self, name: str, fleet: Fleet, moved: Callable[[str], None]) -> None:
        self._name = name
        self._fleet = fleet
        self._moved = moved

    def reading(self) -> VehicleReading:
        return self._fleet.reading(self._name)

    def carry_out(self, command: Any) -> None:
        self._fleet.carry_out(self._name, command)
        self._moved(self._name)

    def follow(self, route: Route) -> None:
        """The way that a truck under another computer says it is on."""
        self._fleet.follow(self._name, route)
        self._moved(self._name)

    def lost(self) -> None:
        self._fleet.crash(self._name)

    def booted(self) -> None:
        self._fleet.boot(self._name)


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
        self.cast: Cast = troupe or cast(scenario, corridor, seed)
        self.builder = Builder(scenario, corridor, self.cast)
        self._say = say
        self._visited = visited
        self.loads = {name: Load(TARE_KG) for name in self.cast.vehicles}
        self._devices: list[tuple[DevicePlace, Front, Front]] = []
        self.cabinets = {gate: self._cabinet(gate) for gate in corridor.gates}
        self._place_devices()
        params = TRUCK40_LOADED if scenario.fleet.vehicle == "truck40" else AGV65
        self.fleet = Fleet(
            self.cast.vehicles,
            [params] * len(self.cast.vehicles),
            [place for place, _, _ in self._devices],
            scenario.weather.friction,
        )
        self._starts = self._stand_at_berths()
        self.network = Network(self.engine, seed, self._profile(), self._deliver)
        self.desks = {country: self._desk(country) for country in OFFICES}
        self.hosts: dict[str, Host] = {}
        self._build_hosts(params)
        self.checkers = Checkers(
            corridor,
            self.cast.roster,
            self.fleet,
            self.cabinets,
            disk=lambda name: self.hosts[name].disk,
            time_s=lambda: self.engine.now_ns / NS_PER_S,
        )
        self.network.taps.append(self.checkers.tap)
        self._ticks = 0
        self.finished = 0
        self.blocked_s: dict[str, float] = {}
        self.on_delivery: Callable[[int, str, bytes], None] = lambda t_ns, to, raw: None
        self._pending_stands: dict[tuple[str, str], Front] = {}
        self._entered_ns: dict[tuple[str, str], int] = {}
        self._way: dict[str, tuple[str, ...]] = {}
        self._crossings: dict[str, str] = {}

    # --- building ---

    def _profile(self) -> NetworkProfile:
        net = self.scenario.network
        return NetworkProfile(
            net.delay_ms, net.jitter_ms, net.loss, net.duplicate, net.late, net.late_ms
        )

    def _cabinet(self, gate: str) -> Cabinet:
        site = sites(self.map)[gate]
        models = {station: self._station_model(station) for station in site.stations}
        section = self.scenario.gate.get(gate)
        return Cabinet(
            gate,
            self.engine,
            draws=stream(self.seed, f"stations/{gate}"),
            loads=self.loads,
            stations=models,
            detectors=site.detectors,
            wake=self._wake,
            visited=self._visited,
            barrier_s=parse_duration(section.barrier) if section is not None else 3.0,
            rises=lambda: self.checkers.arm_rises(gate),
        )

    def _station_model(self, station: str) -> StationModel:
        section = self.scenario.station.get(station)
        if section is None:
            place = self.map.stations.get(station)
            kind = place.kinds[0] if place is not None else "bay"
            section = DEFAULT_STATIONS[kind]
            self.scenario.station[station] = replace_section(section)
        service = parse_distribution(section.service)
        return StationModel(service, section.failure, section.false_alarm)

    def _desk(self, country: str) -> Desk:
        section = self.scenario.office[country]
        return Desk(
            OFFICES[country],
            self.engine,
            draws=stream(self.seed, f"desk/{country}"),
            service=parse_distribution(section.documents),
            officers=section.officers,
            refuses=section.refuses,
            wake=self._wake,
            visited=self._visited,
        )

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
        for name in self.cast.vehicles:
            body = VehicleBody(name, self.fleet, self._followed)
            self._host(name, self.builder.vehicle(name, params), body)
        for gate, cabinet in self.cabinets.items():
            self._host(gate, lambda gate=gate: self.builder.gate(gate), cabinet)
        for country, name in OFFICES.items():
            build = lambda country=country: self.builder.office(country)  # noqa: E731 - bound
            self._host(name, build, self.desks[country])
        self._host(SUPERVISOR, self.builder.supervisor, NoBody())
        for country, name in TERMINALS.items():
            build = lambda country=country: self._terminal(country)  # noqa: E731 - bound
            self._host(name, build, NoBody())

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
        )

    def _terminal(self, country: str) -> Node[Any]:
        name = TERMINALS[country]
        direction = "E" if country == "KZ" else "W"
        flows = tuple(
            Flow(
                flow.goods,
                flow.hs_code,
                flow.payload_t,
                flow.payload_sd_t,
                flow.weight,
                flow.crossings_per_hour,
            )
            for flow in self.scenario.flow
            if flow.direction == direction
        )
        config = TerminalConfig(
            name,
            country,
            SUPERVISOR,
            OFFICES[country],
            flows,
            parse_distribution(self.scenario.berth.load),
            parse_distribution(self.scenario.berth.unload),
        )
        agent = TerminalAgent(
            config,
            self.cast.signers[name],
            self.cast.roster,
            stream(self.seed, f"traffic/{country}"),
            self._starts[country],
            self._load,
        )
        return self.builder.node(name, agent, greets=(SUPERVISOR, OFFICES[country]))

    def _load(self, vehicle: str, gross_mass_kg: int, seals: tuple[str, ...]) -> None:
        load = self.loads[vehicle]
        load.gross_mass_kg, load.seals = gross_mass_kg, seals
        self.fleet.set_mass(vehicle, gross_mass_kg)

    # --- devices along the lanes ---

    def _device(self, lane: str, offset_m: float, front: Front, rear: Front) -> None:
        place = DevicePlace(len(self._devices), lane, offset_m)
        self._devices.append((place, front, rear))

    def _place_devices(self) -> None:
        def nothing(vehicle: str) -> None:
            return

        for gate_id, site in sites(self.map).items():
            gate, cabinet = self.map.gates[gate_id], self.cabinets[gate_id]
            for name in site.detectors:
                spot = self.map.detectors[name]
                self._device(
                    spot.lane,
                    spot.offset_m,
                    lambda _, c=cabinet, n=name: c.detector(n, rear=False),  # type: ignore[misc]
                    lambda _, c=cabinet, n=name: c.detector(n, rear=True),  # type: ignore[misc]
                )
            self._gate_devices(gate_id, gate.lane, gate.stop_offset_m, gate.barrier_offset_m)
            for station in site.stations:
                stop = self.map.stations.get(station) or self.map.bays[station]
                self._device(
                    stop.lane,
                    stop.stop_offset_m - STAND_WINDOW_M,
                    lambda v, c=cabinet, s=station: self._stands(v, s, c),  # type: ignore[misc]
                    nothing,
                )
                self._device(
                    stop.lane,
                    stop.stop_offset_m + STAND_WINDOW_M,
                    lambda v, c=cabinet, s=station: self._leaves(v, s, c),  # type: ignore[misc]
                    nothing,
                )
        for zone in self.map.zones.values():
            if zone.kind is ZoneKind.BOUNDARY:
                for lane in zone.lanes:
                    self._boundary_devices(zone.id, lane, one_lane=zone.one_lane)

    def _gate_devices(self, gate: str, lane: str, stop_m: float, barrier_m: float) -> None:
        cabinet = self.cabinets[gate]

        def enter(vehicle: str) -> None:
            cabinet.entered += 1

        def leave(vehicle: str) -> None:
            cabinet.left += 1
            self._passage_ends(vehicle, gate)
            self._wake(gate)

        def reach_arm(vehicle: str) -> None:
            self.checkers.under_arm(gate, vehicle)
            cabinet.gone(vehicle)
            cabinet.loop(on=True)

        length_m = self.map.lanes[lane].length_m
        self._device(lane, 0.0, enter, lambda _: None)
        self._device(
            lane, stop_m - STAND_WINDOW_M, lambda v: self._at_line(v, gate), lambda _: None
        )
        self._device(lane, barrier_m - ARM_HALF_M, reach_arm, lambda _: None)
        self._device(lane, barrier_m + ARM_HALF_M, lambda _: None, lambda _: cabinet.loop(on=False))
        self._device(lane, length_m, lambda _: None, leave)

    def _boundary_devices(self, zone: str, lane: str, *, one_lane: bool) -> None:
        def enter(vehicle: str) -> None:
            self._entered_ns[vehicle, zone] = self.engine.now_ns
            if one_lane:
                self.checkers.in_zone(zone, lane, vehicle)

        def leave(vehicle: str) -> None:
            if one_lane:
                self.checkers.out_of_zone(zone, vehicle)
            start_ns = self._entered_ns.pop((vehicle, zone), self.engine.now_ns)
            crossing = self.crossing_of(vehicle)
            now_ns = self.engine.now_ns
            self._visited(Visit(vehicle, crossing, zone, start_ns, start_ns, now_ns))

        self._device(lane, 0.0, enter, lambda _: None)
        self._device(lane, self.map.lanes[lane].length_m, lambda _: None, leave)

    # --- what vehicles do to devices ---

    def _at_line(self, vehicle: str, gate: str) -> None:
        self._entered_ns[vehicle, gate] = self.engine.now_ns
        self.cabinets[gate].stands(vehicle)

    def _passage_ends(self, vehicle: str, gate: str) -> None:
        now_ns = self.engine.now_ns
        arrive_ns = self._entered_ns.pop((vehicle, gate), now_ns)
        start_ns = self._entered_ns.pop((vehicle, f"{gate}/permit"), arrive_ns)
        crossing = self.crossing_of(vehicle)
        self._visited(Visit(vehicle, crossing, gate, arrive_ns, max(arrive_ns, start_ns), now_ns))

    def _stands(self, vehicle: str, station: str, cabinet: Cabinet) -> None:
        def stand(name: str) -> None:
            cabinet.at(station, name)

        self._pending_stands[vehicle, station] = stand

    def _leaves(self, vehicle: str, station: str, cabinet: Cabinet) -> None:
        self._pending_stands.pop((vehicle, station), None)
        cabinet.off(station, vehicle)
        ended_ns = cabinet.ended_ns.pop((station, vehicle), None)
        if ended_ns is not None:
            blocked_s = (self.engine.now_ns - ended_ns) / NS_PER_S
            self.blocked_s[station] = self.blocked_s.get(station, 0.0) + blocked_s

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

    def _followed(self, vehicle: str) -> None:
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
            self._entered_ns[fields["vehicle"], f"{node}/permit"] = self.engine.now_ns
        self._say(self.engine.now_ns, node, report)

    def _committed(self, name: str, records: list[Persist]) -> None:
        if name == SUPERVISOR:
            self.checkers.committed(records)

    def positions(self) -> list[tuple[Any, ...]]:
        """One row of tracks.csv for every vehicle, now."""
        rows = []
        t_s = round(self.engine.now_ns / NS_PER_S, 3)
        for name in self.fleet.names:
            where = self.fleet.where(name)
            lane, s_m = where if where is not None else ("", 0.0)
            rows.append(
                (t_s, name, *self.fleet.motion(name), lane, round(s_m, 3), self._mode(name))
            )
        return rows

    def _mode(self, name: str) -> str:
        host = self.hosts[name]
        return host.node.agent.phase.name.lower() if host.node is not None else "dead"

    # --- the loop ---

    def start(self) -> None:
        """Boot everybody, in an order that the seed decides."""
        names = sorted(self.hosts)
        stream(self.seed, "boot").shuffle(names)
        for k, name in enumerate(names):
            self.engine.at(k * 1_000_000, self.hosts[name].start)

    def run(self, until_ns: int) -> None:
        """Advance to a time."""
        while True:
            next_ns = self.engine.next_ns
            target_ns = until_ns if next_ns is None else min(next_ns, until_ns)
            if self._physics(target_ns):
                continue
            if next_ns is None or next_ns > until_ns:
                self.engine.now_ns = until_ns
                return
            self.engine.run_next()

    def _physics(self, target_ns: int) -> bool:
        """Step the fleet up to `target_ns`; True if something happened on the way."""
        due = target_ns // TICK_NS - self._ticks
        if due <= 0:
            return False
        if self.fleet.at_rest and not self._pending_stands:
            self._ticks += due
            return False
        done, used = self.fleet.step(due)
        self._ticks += done
        self.engine.now_ns = self._ticks * TICK_NS
        for k in range(used):
            row, kind, what = (int(value) for value in self.fleet.events[k])
            self._happened(self.fleet.names[row], kind, what)
        for index in self.fleet.miles.nonzero()[0]:
            self._wake(self.fleet.names[int(index)])
        self._settle_stands()
        return used > 0 or done < due

    def _happened(self, vehicle: str, kind: int, what: int) -> None:
        if kind == EVENT_FRONT:
            self._devices[what][1](vehicle)
        elif kind == EVENT_REAR:
            self._devices[what][2](vehicle)
        elif kind == EVENT_OVERLAP:
            self.checkers.overlap(vehicle, self.fleet.names[what])
        elif kind == EVENT_BEYOND:
            self.checkers.beyond(vehicle, what)

    def _settle_stands(self) -> None:
        """Vehicles that have rolled up to a station and now stand."""
        for key in list(self._pending_stands):
            vehicle, _ = key
            if self.fleet.standing(vehicle):
                self._pending_stands.pop(key)(vehicle)


def replace_section(section: StationSection) -> StationSection:
    """A copy, so that a scenario never shares a default."""
    return StationSection(
        service=section.service, failure=section.failure, false_alarm=section.false_alarm
    )
