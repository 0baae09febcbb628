"""The site of a staged run: keys, roster, and a configuration for every program, in one folder.

Addresses are on a loopback network of this process's own (127.x.y.z from its id), so that runs at
the same time do not meet. Not here: the processes (programs.py).
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from msgspec import to_builtins

from contract.agent import Role
from contract.map import CorridorMap
from corridor.timetable.sections import SlotsSection, TimetableSection
from live.clock import Origin
from live.keys import NodeKeys, NodeSpec, make_keys
from live.roster import ROSTER_FILE, Enrolment, throwaway
from sim.books import office_book_bytes
from sim.build import OFFICES, SUPERVISOR, Builder, Cast, cast
from sim.distributions import parse_duration
from sim.plant_params import VehicleParams, params_block
from sim.scenario import Scenario
from sim.scenario_fleet import charging_of, drivetrain_of
from sim.scenario_timetable import slots_config, timetable_config
from sim.stage.programs import Program, toml
from sim.truck_rows import truck_rows
from vehicle.pilot.columns import TRUCK_BRAKE_ASSURED, TRUCK_BUILD_UP, TRUCK_FIGURES

PORT_FIRST: Final = 20_000
UTC_ERROR_MS: Final = 1
PEER_RATE_PER_S: Final = 10_000.0  # one simulated second passes in a fraction of a real one
HARDWARE: Final = "hardware"
MODULES: Final = {
    Role.SUPERVISOR: "corridor",
    Role.OFFICE: "gate.office",
    Role.AGENCY: "gate.office",
    Role.GATE: "gate",
    Role.VEHICLE: "vehicle",
}
_NS_PER_S: Final = 1_000_000_000


@dataclass(slots=True)
class Site:
    """Everything that is decided before the first process starts."""

    scenario: Scenario
    corridor: CorridorMap
    params: VehicleParams
    seed: int
    folder: Path
    logs: Path
    rate: float
    origin: Origin
    enrolment: Enrolment
    hardware: NodeKeys
    cast: Cast

    # --- where everybody is ---

    def address(self, name: str) -> str:
        """Where a node listens; the hardware's is under HARDWARE."""
        pid = os.getpid()
        host = f"127.{1 + (pid >> 16) % 250}.{(pid >> 8) & 0xFF}.{pid & 0xFF}"
        names = [*self.cast.roster.nodes, HARDWARE]
        return f"tcp://{host}:{PORT_FIRST + names.index(name)}"

    def peers(self, *names: str) -> dict[str, str]:
        return {name: self.address(name) for name in names}

    # --- one program ---

    def program(self, name: str) -> Program:
        """Write its configuration; what is returned is not started yet."""
        node = self.cast.roster.nodes[name]
        sections = self._common(name) | _ROLES[node.role](self, name)
        path = self.folder / f"{name}.toml"
        path.write_text(toml(sections), encoding="utf-8")
        return Program(name, MODULES[node.role], path, self.logs / f"{name}.jsonl")

    def _common(self, name: str) -> dict[str, dict[str, Any]]:
        keys = self.folder / "keys"
        start = datetime.fromtimestamp(self.origin.utc_ns / _NS_PER_S, UTC)
        return {
            "node": {
                "name": name,
                "keys": keys,
                "roster": keys / ROSTER_FILE,
                "journal": self.journal(name),
            },
            "map": {"file": self.folder / "map.geojson"},
            "clock": {
                "source": "stated",
                "utc_error_ms": UTC_ERROR_MS,
                "rate": self.rate,
                "origin_utc": start,
                "origin_mono_ns": self.origin.mono_ns,
            },
            "log": {"form": "json", "level": "debug"},
        }

    def journal(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    def body(self) -> dict[str, Any]:
        return {
            "address": self.address(HARDWARE),
            "public_key": self.hardware.curve_public.decode(),
        }

    def listen(self, name: str) -> dict[str, Any]:
        return {"address": self.address(name), "peer_rate_per_s": PEER_RATE_PER_S}


def _supervisor(site: Site, name: str) -> dict[str, dict[str, Any]]:
    fleet = site.scenario.fleet
    convoy = {"members": fleet.convoy, "forming_s": parse_duration(fleet.forming)}
    sections: dict[str, dict[str, Any]] = {"listen": site.listen(name), "convoy": convoy}
    charging = charging_of(fleet, site.scenario.weather.temperature_c)
    if charging is not None:
        sections["charging"] = {
            "chargers": sorted(charging.chargers),
            "capacity_kwh": charging.drivetrain.capacity_wh / 1_000.0,
            "temperature_c": charging.air_c,
            "reserve": charging.reserve,
            "full_t": charging.full_kg / 1_000.0,
            "rolling_resistance": charging.drivetrain.rolling_resistance,
            "drag_area_m2": charging.drivetrain.drag_area_m2,
        }
    plans = timetable_config(site.scenario.timetable)
    slots = slots_config(site.scenario.slots)
    if plans is not None:
        sections["timetable"] = to_builtins(TimetableSection.of(plans))
    if slots is not None:
        sections["slots"] = to_builtins(SlotsSection.of(slots))
    return sections


def _office(site: Site, name: str) -> dict[str, dict[str, Any]]:
    country = site.cast.roster.nodes[name].site
    rules = Builder(site.scenario, site.corridor, site.cast).rules(country)
    seed_file = site.folder / f"{name}.seed"
    seed_file.write_text(rules.seed.hex() + "\n", encoding="ascii")
    book_file = site.folder / f"{name}.book.toml"
    book_file.write_bytes(office_book_bytes(site.scenario.office[country], site.scenario.flow))
    shares, empty = rules.shares, rules.empty_shares
    others = [OFFICES["KZ"]] if country == "CN" else []
    return {
        "listen": site.listen(name),
        "peers": site.peers(SUPERVISOR, *others),
        "rules": {
            "assess_s": rules.assess_ms / 1_000.0,
            "release_valid_min": rules.release_valid_ms / 60_000.0,
            "seed_file": seed_file,
            "book": book_file,
        },
        "rules.loaded": {"green": shares.green, "yellow": shares.yellow, "red": shares.red},
        "rules.empty": {"green": empty.green, "yellow": empty.yellow, "red": empty.red},
        "body": site.body(),
    }


def _agencies(site: Site, name: str) -> dict[str, dict[str, Any]]:
    country = site.cast.roster.nodes[name].site
    check_s = parse_duration(site.scenario.agency[country].check)
    return {
        "peers": site.peers(SUPERVISOR, *OFFICES.values()),
        "agencies": {"check_s": check_s},
        "body": site.body(),
    }


def _gate(site: Site, name: str) -> dict[str, dict[str, Any]]:
    return {
        "listen": site.listen(name),
        "peers": site.peers(SUPERVISOR, *OFFICES.values()),
        "body": site.body(),
        "slots": {"minded": site.scenario.slots.given},
    }


def _vehicle(site: Site, _: str) -> dict[str, dict[str, Any]]:
    row = truck_rows(params_block([site.params]))[0]
    drivetrain = drivetrain_of(site.scenario.fleet)
    battery = {}
    if drivetrain is not None:
        battery["battery"] = {
            "capacity_kwh": drivetrain.capacity_wh / 1_000.0,
            "rolling_resistance": drivetrain.rolling_resistance,
            "drag_area_m2": drivetrain.drag_area_m2,
        }
    return {
        **battery,
        "peers": site.peers(SUPERVISOR, *site.corridor.gates),
        "truck": {name: float(row[column]) for column, name in TRUCK_FIGURES}
        | {"brake_jerk_mps3": float(0.5 * row[TRUCK_BRAKE_ASSURED] / row[TRUCK_BUILD_UP])},
        "body": site.body(),
    }


_ROLES: Final = {
    Role.SUPERVISOR: _supervisor,
    Role.OFFICE: _office,
    Role.AGENCY: _agencies,
    Role.GATE: _gate,
    Role.VEHICLE: _vehicle,
}


def enrolled(scenario: Scenario, corridor: CorridorMap, seed: int) -> tuple[Enrolment, Cast]:
    """Throw-away keys for everybody in the scenario, and the cast that has them."""
    planned = cast(scenario, corridor, seed)
    specs = [NodeSpec(node.name, node.role, node.site) for node in planned.roster.nodes.values()]
    made = throwaway(specs)
    release = {}
    for country, name in OFFICES.items():
        signer = made.keys[name].release_signer
        if signer is not None:
            release[country] = signer
    signers = {name: keys.signer for name, keys in made.keys.items()}
    return made, Cast(seed, planned.vehicles, signers, release, made.roster)


def hardware_keys() -> NodeKeys:
    """Keys of the process that plays the hardware."""
    return make_keys(NodeSpec(HARDWARE, Role.OPERATOR))


def remote_names(cast_: Cast) -> list[str]:
    """Who runs in a process of its own, the ones that listen first."""
    order = list(MODULES)
    nodes = [node for node in cast_.roster.nodes.values() if node.role in MODULES]
    return [node.name for node in sorted(nodes, key=lambda node: order.index(node.role))]
