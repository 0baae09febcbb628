"""A run folder, read for its report: every number of the page comes from the folder's files.

Times in seconds from the start of the run, distances in metres along the corridor.
"""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from contract.errors import ConfigError
from contract.map import CorridorMap
from contract.opening import open_until_ms, opens_at_ms
from corridor.hours import SideHours
from live.run_folder import file_in
from sim.run import load_map

Row = dict[str, str]


@dataclass(frozen=True)
class RunFolder:
    """What a run has left.

    zones   (t, zone, vehicle, taken) of every allocation and freeing, in order
    waits   (from, to, vehicle, reason, resource) of every wait the supervisor told
    stops   rows of stops.csv
    """

    path: Path
    result: dict[str, Any]
    scenario: dict[str, Any]
    corridor: CorridorMap | None
    crossings: list[Row]
    stages: list[Row]
    delays: list[Row]
    platoon: list[Row]
    zones: list[tuple[float, str, str, bool]]
    waits: list[tuple[float, float, str, str, str]]
    stops: list[Row] = field(default_factory=list)

    @property
    def start_of_day_s(self) -> float:
        """Time of day at which the run starts, in seconds."""
        start = self.scenario.get("time", {}).get("start")
        if not isinstance(start, datetime):
            return 0.0
        return start.hour * 3600.0 + start.minute * 60.0 + start.second

    def closed(self) -> list[tuple[float, float, str]]:
        """(from, to, side) of every time in which a side is closed."""
        start = self.scenario.get("time", {}).get("start")
        if not isinstance(start, datetime):
            return []
        begin_ms = round(start.timestamp() * 1_000.0)
        end_ms = begin_ms + round(self.lasts_s * 1_000.0)
        spans = []
        for side, table in self.scenario.get("hours", {}).items():
            opening = msgspec.convert(table, SideHours).opening
            at_ms = begin_ms
            while at_ms < end_ms:
                until_ms = open_until_ms(at_ms, opening)
                if until_ms is None:
                    until_ms = opens_at_ms(at_ms, opening)
                    ends_s = (min(until_ms, end_ms) - begin_ms) / 1_000.0
                    spans.append(((at_ms - begin_ms) / 1_000.0, ends_s, side))
                at_ms = until_ms
        return spans

    @property
    def lasts_s(self) -> float:
        """Simulated length of the run."""
        return max(float(self.result["performance"]["simulated_s"]), 1e-3)

    @property
    def measured_from_s(self) -> float:
        """When the warm-up was over: crossings, tonnes and times of the result are of what came
        after it.
        """
        simulated_s = float(self.result["performance"]["simulated_s"])
        measured_s = self.result.get("traffic", {}).get("measured_s", simulated_s)
        return simulated_s - float(measured_s)


def read(path: Path) -> RunFolder:
    """A run folder. Raises ConfigError naming the file that is missing or broken."""
    try:
        written = file_in(path, "result.json").read_bytes()
        result = msgspec.json.decode(written, type=dict[str, Any])
        resolved = file_in(path, "scenario.resolved.toml").read_text(encoding="utf-8")
        scenario = tomllib.loads(resolved)
    except OSError as fault:
        raise ConfigError(f"{fault.filename}: {fault.strerror}") from None
    except (msgspec.MsgspecError, ValueError) as fault:
        raise ConfigError(f"{path}: no run folder of this version: {fault}") from None
    zones, waits = _story(path / "events.jsonl", result)
    return RunFolder(
        path,
        result,
        scenario,
        _map_of(scenario),
        _rows(path / "crossings.csv"),
        _rows(path / "stages.csv"),
        _rows(path / "delays.csv"),
        _rows(path / "platoon.csv"),
        zones,
        waits,
        _rows(path / "stops.csv"),
    )


def _map_of(scenario: dict[str, Any]) -> CorridorMap | None:
    """The map of the run, if it can still be had: without it there is no time-distance diagram."""
    try:
        return load_map(scenario.get("corridor", {}).get("map", ""))
    except ConfigError:
        return None


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _events(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield decode(line)
            except msgspec.MsgspecError as fault:
                raise ConfigError(f"{path}, line {number}: {fault}") from None


def _story(
    path: Path, result: dict[str, Any]
) -> tuple[list[tuple[float, str, str, bool]], list[tuple[float, float, str, str, str]]]:
    """Zones taken and freed, and waits from their beginning to their end."""
    zones: list[tuple[float, str, str, bool]] = []
    waits: list[tuple[float, float, str, str, str]] = []
    open_waits: dict[str, tuple[float, str, str]] = {}
    end_s = float(result["performance"]["simulated_s"])
    for event in _events(path):
        name, t, vehicle = event["event"], float(event["t"]), event.get("vehicle", "")
        if name in ("zone_allocated", "zone_freed"):
            zones.append((t, event["zone"], vehicle, name == "zone_allocated"))
        elif name in ("vehicle_waits", "vehicle_goes_on"):
            before = open_waits.pop(vehicle, None)
            if before is not None:
                waits.append((before[0], t, vehicle, before[1], before[2]))
            if name == "vehicle_waits":
                open_waits[vehicle] = (t, event["reason"], event["resource"])
    for vehicle, (since, reason, resource) in open_waits.items():
        waits.append((since, end_s, vehicle, reason, resource))
    return zones, waits
