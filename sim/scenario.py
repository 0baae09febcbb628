"""A scenario: what a TOML file may say, with every default made explicit.

Unknown keys are errors that name the key and the nearest known one. `resolved` writes the scenario
back with all defaults, so that a run can be repeated from its own folder. Not here: building the
world from it (world.py), judging it (outcome.py).
"""

import tomllib
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError
from live.config import parse
from sim.distributions import parse_distribution, parse_duration

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Positive = Annotated[float, Meta(gt=0.0)]
Few = Annotated[int, Meta(ge=0, le=500)]

VEHICLES: Final = ("truck40", "agv65")
FAULTS: Final = ("crash", "partition", "barrier_stuck", "barrier_opens", "detector_stuck")


class _Section(Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no unknown keys."""


class CorridorSection(_Section):
    """[corridor]: an installed map's name, or the path of a .geojson file."""

    map: str = "bakhty_pokitu"


class TimeSection(_Section):
    """[time]: when it starts, how long it runs at most, how much of that is not measured.

    crossings   the run ends once so many crossings have finished; 0: it runs to the end
    """

    start: datetime = datetime.fromisoformat("2026-03-02T07:00:00+05:00")
    duration: str = "1h"
    warm_up: str = "0s"
    crossings: Annotated[int, Meta(ge=0)] = 0


class FleetSection(_Section):
    """[fleet]: trucks at each side at the start, and how they travel."""

    kz: Few = 3
    cn: Few = 3
    vehicle: str = "truck40"
    convoy: Annotated[int, Meta(ge=1, le=3)] = 3
    forming: str = "20s"


class Channels(_Section):
    """Shares after combining both offices; they sum to one."""

    green: Share = 0.785
    yellow: Share = 0.205
    red: Share = 0.01


class FlowSection(_Section):
    """[[flow]]: one commodity in one direction. `crossings_per_hour` 0: as many as there are
    trucks.
    """

    direction: str
    goods: str
    hs_code: str
    payload_t: Positive
    payload_sd_t: NotNegative = 0.0
    weight: Positive = 1.0
    crossings_per_hour: NotNegative = 0.0
    channels: Channels = msgspec.field(default_factory=Channels)


class GateSection(_Section):
    """[gate.ID]: how long the arm takes."""

    barrier: str = "3s"


class StationSection(_Section):
    """[station.ID]: one server, its service time, how often it fails or alarms falsely.
    Bays too.
    """

    service: str
    failure: Share = 0.0
    false_alarm: Share = 0.0


class OfficeSection(_Section):
    """[office.KZ], [office.CN]: time to assess, officers and their time for documents."""

    assess: str = "30s"
    documents: str = "lognormal:51min,0.5"  # median 45 min
    officers: Annotated[int, Meta(ge=1, le=100)] = 2
    refuses: Share = 0.0
    release_valid: str = "12h"


class BerthSection(_Section):
    """[berth]: how long a truck stands to be loaded and unloaded."""

    load: str = "triangular:8min,10min,15min"
    unload: str = "triangular:5min,6min,10min"


class WeatherSection(_Section):
    """[weather]: friction between tyre and road."""

    friction: Annotated[float, Meta(gt=0.0, le=1.2)] = 0.7


class NetworkSection(_Section):
    """[network]: delays in milliseconds, shares of messages that are lost, doubled or late."""

    delay_ms: NotNegative = 20.0
    jitter_ms: NotNegative = 10.0
    loss: Share = 0.0
    duplicate: Share = 0.0
    late: Share = 0.0
    late_ms: NotNegative = 400.0


class FaultSection(_Section):
    """[[fault]]: what goes wrong, with whom, when and for how long (0s: for good)."""

    at: str
    kind: str
    target: str
    lasts: str = "0s"


class ExpectSection(_Section):
    """[[expect]]: a path into result.json and one bound."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    equals: float | str | bool | None = None


class Scenario(_Section):
    """A whole scenario."""

    format_version: Annotated[int, Meta(ge=1, le=1)] = 1
    name: str = "unnamed"
    description: str = ""
    corridor: CorridorSection = msgspec.field(default_factory=CorridorSection)
    time: TimeSection = msgspec.field(default_factory=TimeSection)
    fleet: FleetSection = msgspec.field(default_factory=FleetSection)
    flow: list[FlowSection] = []
    gate: dict[str, GateSection] = {}
    station: dict[str, StationSection] = {}
    office: dict[str, OfficeSection] = {}
    berth: BerthSection = msgspec.field(default_factory=BerthSection)
    weather: WeatherSection = msgspec.field(default_factory=WeatherSection)
    network: NetworkSection = msgspec.field(default_factory=NetworkSection)
    fault: list[FaultSection] = []
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
            tree = tomllib.loads(entry.read_text())
            found[entry.name.removesuffix(".toml")] = str(tree.get("description", ""))
    return found


def load(name_or_path: str, settings: list[str]) -> Scenario:
    """A scenario by installed name or path, with `key=value` settings on top.

    Raises ConfigError that says what, where and what was expected.
    """
    origin, data = _read(name_or_path)
    if settings:
        data = _overlaid(data, origin, settings)
    scenario = parse(data, Scenario, origin)
    if scenario.name == "unnamed":
        scenario.name = Path(origin).stem
    _check(scenario, origin)
    return scenario


def _read(name_or_path: str) -> tuple[str, bytes]:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        try:
            return str(path), path.read_bytes()
        except OSError as error:
            raise ConfigError(f"scenario {path}: {error.strerror}") from None
    known = installed()
    if name_or_path not in known:
        names = ", ".join(known)
        raise ConfigError(f"scenario {name_or_path!r}: not installed; there are {names}")
    entry = resources.files("sim.scenarios") / f"{name_or_path}.toml"
    return f"{name_or_path}.toml", entry.read_bytes()


def _overlaid(data: bytes, origin: str, settings: list[str]) -> bytes:
    """The scenario with `a.b.c=value` settings; list items by index: `flow.0.payload_t=24`."""
    try:
        tree = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{origin}: not TOML: {error}") from None
    for setting in settings:
        key, sign, text = setting.partition("=")
        if not sign or not key:
            raise ConfigError(f"--set {setting!r}: expected key=value, as in fleet.kz=4")
        _put(tree, key, _value(text), setting)
    return to_toml(tree).encode()


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _put(tree: dict[str, Any], key: str, value: Any, setting: str) -> None:
    node: Any = tree
    steps = key.split(".")
    for step in steps[:-1]:
        if isinstance(node, list):
            if not step.isdigit() or int(step) >= len(node):
                raise ConfigError(f"--set {setting!r}: there is no item {step}")
            node = node[int(step)]
        elif isinstance(node, dict):
            node = node.setdefault(step, {})
        else:
            raise ConfigError(f"--set {setting!r}: {step} is inside a plain value")
    if not isinstance(node, dict):
        raise ConfigError(f"--set {setting!r}: expected a key of a table")
    node[steps[-1]] = value


def _check(scenario: Scenario, origin: str) -> None:
    """What types alone cannot say."""
    time = scenario.time
    if time.start.tzinfo is None:
        raise ConfigError(f"{origin}: time.start = {time.start}: expected an offset date-time")
    _durations(scenario, origin)
    if scenario.duration_s <= 0:
        raise ConfigError(f"{origin}: time.duration = {time.duration!r}: expected more than 0 s")
    if scenario.warm_up_s >= scenario.duration_s:
        raise ConfigError(
            f"{origin}: time.warm_up = {time.warm_up!r}: "
            f"expected less than the duration, {time.duration}"
        )
    if scenario.fleet.vehicle not in VEHICLES:
        raise ConfigError(
            f"{origin}: fleet.vehicle = {scenario.fleet.vehicle!r}: "
            f"expected {' or '.join(VEHICLES)}"
        )
    for index, flow in enumerate(scenario.flow):
        if flow.direction not in ("E", "W"):
            raise ConfigError(
                f"{origin}: flow.{index}.direction = {flow.direction!r}: expected 'E' or 'W'"
            )
        total = flow.channels.green + flow.channels.yellow + flow.channels.red
        if abs(total - 1.0) > 1e-6:
            raise ConfigError(f"{origin}: flow.{index}.channels: sum {total:g}, expected 1")
    for index, fault in enumerate(scenario.fault):
        if fault.kind not in FAULTS:
            known = ", ".join(FAULTS)
            raise ConfigError(
                f"{origin}: fault.{index}.kind = {fault.kind!r}: expected one of {known}"
            )
    for index, expect in enumerate(scenario.expect):
        bounds = [expect.at_least, expect.at_most, expect.equals]
        if sum(bound is not None for bound in bounds) != 1:
            raise ConfigError(
                f"{origin}: expect.{index}: expected exactly one of at_least, at_most, equals"
            )
    for name in scenario.office:
        if name not in ("KZ", "CN"):
            raise ConfigError(f"{origin}: office.{name}: expected office.KZ or office.CN")


def _durations(scenario: Scenario, origin: str) -> None:
    """Every duration and distribution is read once, so that errors come before the run."""
    times = {"time.duration": scenario.time.duration, "time.warm_up": scenario.time.warm_up}
    times["fleet.forming"] = scenario.fleet.forming
    times |= {f"gate.{name}.barrier": gate.barrier for name, gate in scenario.gate.items()}
    for index, fault in enumerate(scenario.fault):
        times |= {f"fault.{index}.at": fault.at, f"fault.{index}.lasts": fault.lasts}
    spread = {"berth.load": scenario.berth.load, "berth.unload": scenario.berth.unload}
    for name, station in scenario.station.items():
        spread[f"station.{name}.service"] = station.service
    for name, office in scenario.office.items():
        times[f"office.{name}.assess"] = office.assess
        times[f"office.{name}.release_valid"] = office.release_valid
        spread[f"office.{name}.documents"] = office.documents
    for readers, read in ((times, parse_duration), (spread, parse_distribution)):
        for place, text in readers.items():
            try:
                read(text)
            except ValueError as error:
                raise ConfigError(f"{origin}: {place}: {error}") from None


def resolved(scenario: Scenario) -> str:
    """The scenario as runnable TOML with every default written out."""
    return to_toml(msgspec.to_builtins(scenario, builtin_types=(datetime,)))


def to_toml(tree: dict[str, Any]) -> str:
    """A nested mapping as TOML; None is left out, for TOML has none."""
    lines: list[str] = []
    _table(tree, "", lines)
    return "\n".join(lines).strip() + "\n"


def _table(tree: dict[str, Any], prefix: str, lines: list[str]) -> None:
    later: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, dict) or (
            isinstance(value, list) and value and isinstance(value[0], dict)
        ):
            later.append((key, value))
        elif value is not None:
            lines.append(f"{_key(key)} = {_scalar(value)}")
    for key, value in later:
        name = f"{prefix}.{_key(key)}" if prefix else _key(key)
        for item in value if isinstance(value, list) else [value]:
            lines.append("")
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            _table(item, name, lines)


def _key(key: str) -> str:
    return (
        key
        if key.replace("_", "").replace("-", "").isalnum()
        else msgspec.json.encode(key).decode()
    )


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return repr(value)
