"""A scenario: what a TOML file may say, with every default made explicit.

Unknown keys are errors that name the key and the nearest known one. `resolved` writes the scenario
back with all defaults, so that a run can be repeated from its own folder. Not here: bounds of a
single value (scenario_types.py), TOML (scenario_toml.py), what only the map can tell (run.py,
metrics.py), building the world from it (world.py), judging it (outcome.py).
"""

import difflib
import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError
from contract.limits import BATCH_MAX
from corridor.hours import SideHours
from live.config import parse
from sim.ambulance_section import AmbulanceSection
from sim.cargo import expand
from sim.distributions import parse_duration
from sim.fault_kinds import FAULTS
from sim.ground.sections import GroundSection, LeaderSection
from sim.laboratories import LaboratorySection, check_laboratory
from sim.progress import ProgressSection
from sim.rescue_section import RescueSection
from sim.scenario_fleet import FleetSection, check_fleet
from sim.scenario_flow import VEHICLES, FlowSection, check_channels, check_flow
from sim.scenario_network import NetworkSection, check_regions
from sim.scenario_sites import GateSection, StationSection, check_station
from sim.scenario_time import TimeSection, check_time
from sim.scenario_timetable import SlotsSection, TimetableSection, check_timetable
from sim.scenario_toml import is_file, lay_over, read_tree, to_toml
from sim.scenario_types import (
    Bound,
    Duration,
    Name,
    Officers,
    Seed,
    Service,
    Share,
    Size,
    check_texts,
    name_from,
)
from sim.scenario_weather import WeatherSection, WeatherStep, check_weather

__all__ = [  # sections of gates and stations and to_toml are offered here too
    "FAULTS",
    "AmbulanceSection",
    "FleetSection",
    "FlowSection",
    "GateSection",
    "LaboratorySection",
    "ProgressSection",
    "RescueSection",
    "Scenario",
    "SlotsSection",
    "StationSection",
    "TimeSection",
    "TimetableSection",
    "WeatherSection",
    "WeatherStep",
    "installed",
    "load",
    "resolved",
    "to_toml",
]


class _Section(Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no unknown keys."""


class CorridorSection(_Section):
    """[corridor]: an installed map's name, or the path of a .geojson file.

    batch   vehicles of one direction through a one-lane section while others wait at its other end
    longest_wait   so long the first of those waits at most
    axle_counters   detectors count axles, and free zones by themselves; else they are loops
    radio_gap   no radio between the posts: nobody leaves one without road to the other
    """

    map: str = "bakhty_pokitu"
    batch: Annotated[int, Meta(ge=1, le=BATCH_MAX)] = 6
    longest_wait: Duration = "10min"
    axle_counters: bool = True
    radio_gap: bool = False


class OfficeSection(_Section):
    """[office.KZ], [office.CN]: time to assess, officers and their time for documents.

    book   rules about goods, traders, hours, quota: "kz", "cn", a path, or "" for chance alone
    """

    assess: Duration = "30s"
    documents: Service = "lognormal:51min,0.5"  # median 45 min
    officers: Officers = 2
    refuses: Share = 0.0
    release_valid: Duration = "12h"
    book: str = ""
    recognise_scans: bool | None = None  # None: as the book says
    recognise_aeo: bool | None = None
    rescan_share: Share | None = None
    round_the_clock: bool = True  # false: it keeps to the hours of its book


class AgencySection(_Section):
    """[agency.KZ], [agency.CN]: time of a check by rules; people, and their time, for the rest."""

    check: Duration = "10s"
    documents: Service = "triangular:15min,20min,30min"
    officers: Officers = 2
    refuses: Share = 0.0


class BerthSection(_Section):
    """[berth]: how long a truck stands to be loaded and unloaded."""

    load: Service = "triangular:8min,10min,15min"
    unload: Service = "triangular:5min,6min,10min"


class FaultSection(_Section):
    """[[fault]]: what goes wrong, with whom, when and for how long (0s: for good).

    value   how much, in the unit of this kind of fault; 0: as much as is usual
    zone, into_m   not before the front of its vehicle is so far into this zone; "": at once
    """

    at: Duration
    kind: str
    target: str
    lasts: Duration = "0s"
    value: Size = 0.0
    zone: str = ""
    into_m: Size = 0.0


class ExpectSection(_Section):
    """[[expect]]: a path into result.json and one bound."""

    metric: str
    at_least: Bound | None = None
    at_most: Bound | None = None
    equals: Bound | str | bool | None = None


class Scenario(_Section):
    """A whole scenario."""

    format_version: Annotated[int, Meta(ge=1, le=1)] = 1
    name: Name = "unnamed"
    description: str = ""
    seed: Seed = 1
    corridor: CorridorSection = msgspec.field(default_factory=CorridorSection)
    time: TimeSection = msgspec.field(default_factory=TimeSection)
    fleet: FleetSection = msgspec.field(default_factory=FleetSection)
    flow: list[FlowSection] = []
    gate: dict[str, GateSection] = {}
    station: dict[str, StationSection] = {}
    laboratory: dict[str, LaboratorySection] = {}
    office: dict[str, OfficeSection] = {}
    agency: dict[str, AgencySection] = {}
    berth: BerthSection = msgspec.field(default_factory=BerthSection)
    hours: dict[str, SideHours] = {}
    timetable: TimetableSection = msgspec.field(default_factory=TimetableSection)
    slots: SlotsSection = msgspec.field(default_factory=SlotsSection)
    weather: WeatherSection = msgspec.field(default_factory=WeatherSection)
    network: NetworkSection = msgspec.field(default_factory=NetworkSection)
    ground: GroundSection | None = None
    leader: LeaderSection = msgspec.field(default_factory=LeaderSection)
    fault: list[FaultSection] = []
    progress: ProgressSection = msgspec.field(default_factory=ProgressSection)
    rescue: RescueSection | None = None
    ambulance: AmbulanceSection | None = None
    expect: list[ExpectSection] = []

    @property
    def duration_s(self) -> float:
        return parse_duration(self.time.duration)

    @property
    def warm_up_s(self) -> float:
        return parse_duration(self.time.warm_up)


def installed() -> dict[str, str]:
    """Names of the scenarios that come with the package, with their descriptions."""
    found = {}
    for entry in sorted(resources.files("sim.scenarios").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            tree = tomllib.loads(entry.read_text(encoding="utf-8"))
            found[entry.name.removesuffix(".toml")] = str(tree.get("description", ""))
    return found


def load(name_or_path: str, settings: list[str]) -> Scenario:
    """A scenario by installed name or path, with `key=value` settings on top.

    Raises ConfigError that says what, where and what was expected.
    """
    origin, data = _read(name_or_path)
    tree = read_tree(data, origin)
    lay_over(tree, settings)
    expand(tree, origin)
    _check_named(tree, origin)
    scenario = parse(to_toml(tree).encode(), Scenario, origin)
    if "name" not in tree:
        scenario.name = name_from(Path(origin).stem)
    check_texts(scenario, origin)
    _check(scenario, origin)
    profile = scenario.leader.profile
    beside = Path(origin).parent / profile
    if profile and not is_file(Path(profile)) and is_file(beside):
        scenario.leader.profile = str(beside)
    return scenario


def _read(name_or_path: str) -> tuple[str, bytes]:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        try:
            return str(path), path.read_bytes()
        except OSError as error:
            raise ConfigError(f"scenario {path}: {error.strerror}") from None
        except ValueError as error:
            raise ConfigError(f"scenario {name_or_path!r:.80}: {error}") from None
    known = installed()
    if name_or_path not in known:
        near = difflib.get_close_matches(name_or_path, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        names = ", ".join(known)
        raise ConfigError(f"scenario {name_or_path!r:.80}: not installed; there are {names}{meant}")
    entry = resources.files("sim.scenarios") / f"{name_or_path}.toml"
    return f"{name_or_path}.toml", entry.read_bytes()


def _check_named(tree: Mapping[str, Any], origin: str) -> None:
    """Sections by free name, each alone: an error inside the whole would not say which it was."""
    for field in msgspec.structs.fields(Scenario):
        table = tree.get(field.name)
        if get_origin(field.type) is not dict or not isinstance(table, dict):
            continue
        for name, section in table.items():
            place = f"{field.name}.{name}"
            if not isinstance(section, dict):
                raise ConfigError(f"{origin}: {place} = {section!r:.60}: expected a table")
            try:
                parse(to_toml(section).encode(), get_args(field.type)[1], origin)
            except ConfigError as error:
                said = str(error).removeprefix(f"{origin}: ").removeprefix("file: ")
                said = said.replace("did you mean ", f"did you mean {place}.")
                raise ConfigError(f"{origin}: {place}.{said}") from None


def _check(scenario: Scenario, origin: str) -> None:
    """What the type of a single value cannot say."""
    check_time(scenario.time, origin)
    check_timetable(scenario.timetable, scenario.slots, origin)
    check_weather(scenario.weather, f"{origin}: weather")
    check_regions(scenario.network.region, f"{origin}: network.region")
    if parse_duration(scenario.progress.after) >= scenario.duration_s:
        raise ConfigError(f"{origin}: progress.after: expected less than the duration")
    if scenario.fleet.vehicle not in VEHICLES:
        raise ConfigError(
            f"{origin}: fleet.vehicle = {scenario.fleet.vehicle!r:.60}: "
            f"expected {' or '.join(VEHICLES)}"
        )
    check_fleet(scenario.fleet, f"{origin}: fleet", rescue=scenario.rescue is not None)
    for index, flow in enumerate(scenario.flow):
        check_flow(flow, scenario.fleet.vehicle, f"{origin}: flow.{index}")
    check_channels(scenario.flow, f"{origin}: flow")
    for index, fault in enumerate(scenario.fault):
        if fault.kind not in FAULTS:
            known = ", ".join(FAULTS)
            raise ConfigError(
                f"{origin}: fault.{index}.kind = {fault.kind!r:.60}: expected one of {known}"
            )
        if fault.into_m and not fault.zone:
            raise ConfigError(f"{origin}: fault.{index}.into_m: expected a zone beside it")
        if fault.zone and scenario.ground is not None:
            raise ConfigError(f"{origin}: fault.{index}.zone: the proving ground has no zones")
    for index, expect in enumerate(scenario.expect):
        bounds = [expect.at_least, expect.at_most, expect.equals]
        if sum(bound is not None for bound in bounds) != 1:
            raise ConfigError(
                f"{origin}: expect.{index}: expected exactly one of at_least, at_most, equals"
            )
    for name, section in scenario.station.items():
        check_station(section, f"{origin}: station.{name}")
    for name, laboratory in scenario.laboratory.items():
        check_laboratory(laboratory, f"{origin}: laboratory.{name}")
    for table in ("office", "agency", "laboratory", "hours"):
        for name in getattr(scenario, table):
            if name not in ("KZ", "CN"):
                raise ConfigError(f"{origin}: {table}.{name}: expected {table}.KZ or {table}.CN")


def resolved(scenario: Scenario) -> str:
    """The scenario as runnable TOML with every default written out."""
    return to_toml(msgspec.to_builtins(scenario, builtin_types=(datetime,)))
