"""Building nodes: names, keys from the seed, the roster, and one agent with its mailbox a node.

The same constructors as the programs use; only keys and configuration come from the scenario here.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from contract.agent import Role
from contract.envelope import Identity
from contract.mailbox import Mailbox
from contract.map import CorridorMap
from contract.node import Node
from contract.roster import Node as Entry
from contract.roster import Roster
from contract.signing import Signer
from contract.sites import bays_by_direction, sites, station_gates, stations_by_direction
from contract.traction import TRACTION, Traction
from corridor.agent import SupervisorAgent
from corridor.authority import Weather
from corridor.config import SupervisorConfig
from corridor.dispatch import DispatchConfig
from corridor.gathering import FormationConfig
from corridor.token import TokenConfig
from gate.agent import GateAgent, GateConfig
from gate.office.agency import CounterAgent, CounterConfig
from gate.office.agent import OfficeAgent, OfficeConfig
from gate.office.places import Places
from gate.office.rules import Rules, Shares
from sim.books import office_book
from sim.control_room import ControlRoomAgent
from sim.distributions import parse_duration
from sim.flow_rules import office_shares
from sim.load_arrivals import Arrivals, Peak
from sim.plant_params import VehicleParams, front_offset, params_block, straight_length
from sim.scenario import Scenario
from sim.scenario_fleet import charging_of, drivetrain_of
from sim.scenario_flow import FlowSection
from sim.scenario_timetable import slots_config, timetable_config
from sim.terminal_papers import Flow
from sim.truck_rows import truck_rows
from vehicle.agent import VehicleAgent
from vehicle.config import VehicleConfig
from vehicle.pilot.columns import TRUCK_ACCEL_MAX, TRUCK_BRAKE_SERVICE, TRUCK_DRIVEN

SUPERVISOR: Final = "supervisor"
OFFICES: Final = {"KZ": "office-kz", "CN": "office-cn"}
AGENCIES: Final = {"KZ": "agencies-kz", "CN": "agencies-cn"}
TERMINALS: Final = {"KZ": "terminal-kz", "CN": "terminal-cn"}
MECHANICS: Final = {"KZ": "mechanics-kz", "CN": "mechanics-cn"}
CONTROL_ROOM: Final = "control-room"
RESCUE: Final = "rescue-1"
AMBULANCE: Final = "ambulance-1"


def secret(seed: int, name: str) -> bytes:
    """32 secret bytes of one name under one seed. For simulation only."""
    return hashlib.blake2b(f"{seed}/key/{name}".encode(), digest_size=32).digest()


def arrivals_of(flow: FlowSection) -> Arrivals:
    """How its loads come."""
    peak = Peak(
        parse_duration(flow.peak.begins),
        parse_duration(flow.peak.ends) or parse_duration(flow.ends) or math.inf,
        flow.peak.factor,
    )
    changes = flow.peak.factor != 1.0
    return Arrivals(flow.per_hour, flow.arrivals, flow.burst_size, peak if changes else None)


def flows_of(scenario: Scenario, country: str) -> tuple[Flow, ...]:
    """What a side's terminal has to carry."""
    direction = "E" if country == "KZ" else "W"
    return tuple(
        Flow(
            flow.goods,
            flow.hs_code,
            flow.payload_t,
            flow.payload_sd_t,
            flow.weight,
            arrivals_of(flow),
            batch=flow.batch,
            aeo=flow.aeo,
            container=flow.container,
            transit=flow.transit,
            certificate_missing=flow.certificate_missing,
            amended=flow.amended,
            certificate_expired=flow.certificate_expired,
            certificate_after_s=parse_duration(flow.certificate_after),
            begins_s=parse_duration(flow.begins),
            ends_s=parse_duration(flow.ends) or math.inf,
            perishable=flow.perishable,
        )
        for flow in scenario.flow
        if flow.direction == direction
    )


def selection_seeds(seed: int) -> dict[str, bytes]:
    """By office: the seed of its draws, which it shows when the day is over."""
    return {office: secret(seed, f"selection/{country}") for country, office in OFFICES.items()}


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in a run: names, keys, roster."""

    seed: int
    vehicles: tuple[str, ...]
    signers: dict[str, Signer]
    release_signers: dict[str, Signer]
    roster: Roster


def crews_of(scenario: Scenario) -> tuple[str, ...]:
    """People with keys of their own that a scenario needs beside the control room."""
    crews = {RESCUE: scenario.rescue, AMBULANCE: scenario.ambulance}
    mechanics = tuple(MECHANICS.values()) if scenario.fleet.brakes is not None else ()
    return (*(name for name, section in crews.items() if section is not None), *mechanics)


def cast(scenario: Scenario, corridor: CorridorMap, seed: int) -> Cast:
    """Names and keys for a scenario. Raises ConfigError for a rule book that is none."""
    for section in scenario.office.values():
        office_book(section)
    count = scenario.fleet.kz + scenario.fleet.cn
    vehicles = tuple(f"truck-{number:02d}" for number in range(1, count + 1))
    roles: dict[str, tuple[Role, str]] = dict.fromkeys(vehicles, (Role.VEHICLE, ""))
    roles[SUPERVISOR] = (Role.SUPERVISOR, "")
    roles |= dict.fromkeys((CONTROL_ROOM, *crews_of(scenario)), (Role.OPERATOR, ""))
    roles |= {gate.id: (Role.GATE, gate.country) for gate in corridor.gates.values()}
    roles |= {name: (Role.OFFICE, country) for country, name in OFFICES.items()}
    roles |= {name: (Role.AGENCY, country) for country, name in AGENCIES.items()}
    roles |= {name: (Role.TERMINAL, country) for country, name in TERMINALS.items()}
    signers = {name: Signer.from_seed(secret(seed, name)) for name in roles}
    nodes = {
        name: Entry(name, role, signers[name].public_key, site)
        for name, (role, site) in roles.items()
    }
    release = {c: Signer.from_seed(secret(seed, f"release/{c}")) for c in OFFICES}
    release_keys = {c: {s.key_id: s.public_key} for c, s in release.items()}
    return Cast(seed, vehicles, signers, release, Roster(nodes, release_keys, staging=True))


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes one node of each kind, afresh at each call: what a restart does."""

    scenario: Scenario
    corridor: CorridorMap
    cast: Cast

    def node(self, name: str, agent: Any, **options: Any) -> Node[Any]:
        """An agent behind its mailbox."""
        role = self.cast.roster.nodes[name].role
        identity = Identity(name, role, self.cast.signers[name], self.corridor.digest, bytes(32))
        return Node(agent, Mailbox(identity, self.cast.roster, **options))

    def vehicle(self, name: str, params: VehicleParams) -> Callable[[], Node[Any]]:
        block = params_block([params])
        truck = truck_rows(block)[0]
        config = VehicleConfig(
            name,
            SUPERVISOR,
            float(straight_length(block)[0]),
            float(front_offset(block)[0]),
            float(truck[TRUCK_BRAKE_SERVICE]),
            Traction(float(truck[TRUCK_DRIVEN]), float(truck[TRUCK_ACCEL_MAX])),
            drivetrain_of(self.scenario.fleet),
        )
        greets = (SUPERVISOR, *self.corridor.gates)

        def build() -> Node[Any]:
            signer, roster = self.cast.signers[name], self.cast.roster
            agent = VehicleAgent(config, signer, roster, self.corridor)
            return self.node(name, agent, greets=greets)

        return build

    def supervisor(self) -> Node[Any]:
        fleet = self.scenario.fleet
        forming_ms = int(parse_duration(fleet.forming) * 1000.0)
        weather = self.scenario.weather
        dispatch = DispatchConfig(
            fleet.convoy,
            forming_ms,
            batch_split=fleet.batch_split,
            charging=charging_of(fleet, weather.temperature_c),
        )
        gather_ms = int(parse_duration(self.scenario.fleet.gathering) * 1000.0)
        config = SupervisorConfig(
            SUPERVISOR,
            station_gates(self.corridor),
            dispatch,
            formation=FormationConfig(gather_ms=gather_ms),
            weather_hold_ms=int(parse_duration(weather.hold) * 1000.0),
            weather=Weather(round(1000.0 * weather.friction), round(1000.0 * weather.sight_m)),
            kinds=dict.fromkeys(self.cast.vehicles, TRACTION[self.scenario.fleet.vehicle]),
            token=TokenConfig(
                self.scenario.corridor.batch,
                int(parse_duration(self.scenario.corridor.longest_wait) * 1000.0),
            ),
            radio_gap=self.scenario.corridor.radio_gap,
            hours=self.scenario.hours,
            timetable=timetable_config(self.scenario.timetable),
            slots=slots_config(self.scenario.slots),
        )
        signer, roster = self.cast.signers[SUPERVISOR], self.cast.roster
        agent = SupervisorAgent(config, signer, roster, self.corridor)
        return self.node(SUPERVISOR, agent, epoch=lambda: agent.epoch)

    def operator(self, name: str) -> Node[Any]:
        """The control room, or a crew."""
        greets = (SUPERVISOR, *self.corridor.gates)
        return self.node(name, ControlRoomAgent(SUPERVISOR), greets=greets)

    def gate(self, name: str) -> Node[Any]:
        site = sites(self.corridor)[name]
        offices = tuple(OFFICES.values())
        slots = self.scenario.slots.given
        config = GateConfig(name, SUPERVISOR, offices, site.stations, slots=slots)
        agent = GateAgent(config, self.cast.signers[name], self.cast.roster, self.corridor)
        return self.node(name, agent, greets=(SUPERVISOR, *offices))

    def office(self, country: str) -> Node[Any]:
        name = OFFICES[country]
        other = OFFICES["CN" if country == "KZ" else "KZ"]
        config = OfficeConfig(
            name=name,
            country=country,
            supervisor=SUPERVISOR,
            other_office=other,
            gates=tuple(self.corridor.gates),
            places=Places(bays_by_direction(self.corridor), stations_by_direction(self.corridor)),
            rules=self.rules(country),
            agencies=AGENCIES[country],
        )
        signer, release = self.cast.signers[name], self.cast.release_signers[country]
        agent = OfficeAgent(config, signer, release, self.cast.roster)
        greets = (SUPERVISOR, other) if country == "CN" else (SUPERVISOR,)
        return self.node(name, agent, greets=greets)

    def agencies(self, country: str) -> Node[Any]:
        name, office = AGENCIES[country], OFFICES[country]
        check_ms = int(parse_duration(self.scenario.agency[country].check) * 1000.0)
        config = CounterConfig(
            name=name, country=country, supervisor=SUPERVISOR, office=office, check_ms=check_ms
        )
        agent = CounterAgent(config, self.cast.signers[name], self.cast.roster)
        return self.node(name, agent, greets=(SUPERVISOR, *OFFICES.values()))

    def rules(self, country: str) -> Rules:
        """The office's share of what the scenario wants after combining both."""
        section = self.scenario.office[country]
        return Rules(
            shares=office_shares(self.scenario.flow),
            empty_shares=Shares(1.0, 0.0, 0.0),
            seed=selection_seeds(self.cast.seed)[OFFICES[country]],
            assess_ms=int(parse_duration(section.assess) * 1000.0),
            release_valid_ms=int(parse_duration(section.release_valid) * 1000.0),
            book=office_book(section, self.scenario.flow),
            country=country,
        )
