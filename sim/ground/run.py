"""A run on the proving ground: the same folder and verdict as any other run."""

import csv
import hashlib
import itertools
import math
import time
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from contract.errors import ConfigError
from sim.compiling import watched
from sim.distributions import parse_duration
from sim.expectations import judge
from sim.fault_kinds import KINDS
from sim.fleet import DT_S
from sim.ground.rig import Rig
from sim.ground.sections import LOADS, GroundSection
from sim.metrics import check_metrics, ground_metrics
from sim.outcome import Tally, exit_code, traffic
from sim.plant import DELTA, HITCH, PSI, A, V, X, Y
from sim.record import TRACK_COLUMNS, Recorder, write_rows
from sim.report_files import write_folder
from sim.run import FORMAT_VERSION, versions
from sim.scenario import FaultSection, Scenario, resolved
from sim.scenario_toml import is_file
from sim.truth_columns import TRUTH_S
from vehicle.pilot.ahead import SPACE_LEVEL
from vehicle.pilot.columns import Array

PLATOON_DECIMALS: Final = 4
PROFILE_ROWS_MAX: Final = 1_000_000
PROFILE_MPS_MAX: Final = 40.0


def read_profile(name: str) -> Array | None:
    """A leader's speed over time, (n, 2) of t in s and v in m/s; None without one.

    `name` is a file, or one that comes with the installed scenarios. Raises ConfigError.
    """
    if not name:
        return None
    installed = Path(str(resources.files("sim.scenarios"))) / name
    path = next((p for p in (Path(name), installed) if is_file(p)), None)
    if path is None:
        raise ConfigError(f"leader.profile = {name!r:.80}: there is no such file")
    rows: list[tuple[float, float]] = []
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: {error}") from None
    if not lines or [cell.strip() for cell in lines[0]] != ["t", "v"]:
        raise ConfigError(f"{path}: line 1: expected the header t,v")
    for number, line in enumerate(lines[1 : PROFILE_ROWS_MAX + 1], start=2):
        rows.append(_profile_row(path, number, line, rows[-1][0] if rows else -math.inf))
    if len(rows) < 2:
        raise ConfigError(f"{path}: {len(rows)} rows of t,v: expected at least 2")
    return np.array(rows)


def _profile_row(path: Path, number: int, line: list[str], after_s: float) -> tuple[float, float]:
    try:
        t_s, v_mps = (float(cell) for cell in line)
    except ValueError:
        raise ConfigError(f"{path}: line {number}: {','.join(line)!r}: expected t,v") from None
    if not after_s < t_s < math.inf:
        raise ConfigError(f"{path}: line {number}: t = {t_s:g} s: expected more than {after_s:g}")
    if not 0.0 <= v_mps <= PROFILE_MPS_MAX:
        raise ConfigError(
            f"{path}: line {number}: v = {v_mps:g} m/s: expected 0 to {PROFILE_MPS_MAX:g}"
        )
    return t_s, v_mps


class GroundRun:
    """One run: faults in time, tracks and platoon written, figures for the expectations."""

    def __init__(self, scenario: Scenario, ground: GroundSection, profile: Array | None) -> None:
        self.scenario = scenario
        self.ground = ground
        self.profile = profile

    def play(self, seed: int, track_period_s: float = 0.0) -> tuple[Rig, list[tuple[Any, ...]]]:
        """The rig at the end, and rows of tracks.csv."""
        friction, beacons = self.scenario.weather.friction, self.scenario.network.beacons
        rig = Rig(self.ground, friction, seed, self.profile, beacons=beacons)
        acts = sorted(self._acts(rig), key=lambda act: act[0])
        every = max(1, round(track_period_s / DT_S)) if track_period_s > 0.0 else 0
        tracks: list[tuple[Any, ...]] = []
        for tick in range(round(self.scenario.duration_s / DT_S)):
            while acts and acts[0][0] <= tick * DT_S:
                _, begins, fault, name = acts.pop(0)
                if begins:
                    rig.faults.begin(fault.kind, name, fault.value)
                else:
                    rig.faults.end(fault.kind, name)
            rig.step()
            if every and tick % every == 0:
                tracks += positions(rig)
        return rig, tracks

    def _acts(self, rig: Rig) -> list[tuple[float, bool, FaultSection, str]]:
        acts: list[tuple[float, bool, FaultSection, str]] = []
        for index, fault in enumerate(self.scenario.fault):
            names = rig.fleet.names if fault.target == "*" else (fault.target,)
            if fault.kind not in KINDS:
                raise ConfigError(
                    f"{self.scenario.name}: fault.{index}.kind = {fault.kind!r}: "
                    f"on the proving ground there are {', '.join(KINDS)}"
                )
            for name in names:
                if name not in rig.fleet.row:
                    raise ConfigError(
                        f"{self.scenario.name}: fault.{index}.target = {name!r}: there are "
                        f"{', '.join(rig.fleet.names)} and *"
                    )
                at_s, lasts_s = parse_duration(fault.at), parse_duration(fault.lasts)
                acts.append((at_s, True, fault, name))
                if lasts_s > 0.0:
                    acts.append((at_s + lasts_s, False, fault, name))
        return acts


def positions(rig: Rig) -> list[tuple[Any, ...]]:
    """One row of tracks.csv for every truck, now."""
    rows = []
    for i, name in enumerate(rig.fleet.names):
        state = rig.fleet.state[i]
        s_m = min(max(0.0, float(rig.fleet.truth[i, TRUTH_S])), rig.route.length_m)
        lane, along_m = rig.route.where(s_m)
        motion = (round(float(state[k]), 4) for k in (X, Y, PSI, HITCH, V, A, DELTA))
        level = int(rig.fleet.board.spacing[i, SPACE_LEVEL])
        rows.append((round(rig.now_s, 3), name, *motion, lane, round(along_m, 3), f"L{level}"))
    return rows


def figures(rig: Rig) -> dict[str, Any]:
    """What the expectations of a proving ground are about; metres, m/s, seconds."""
    story = rig.story
    speeds = np.array(story.v_mps)
    standing = bool((rig.fleet.state[:, V] <= 0.02).all())
    half = 0.5 * rig.now_s
    ratios = rig.ratios(half, rig.now_s) if len(rig.fleet.names) > 1 else np.zeros(0)
    gap_m = rig.least_gap_m
    return {
        "vehicles": len(rig.fleet.names),
        "least_gap_m": round(gap_m, 4) if math.isfinite(gap_m) else None,
        "amplitude_ratio_max": round(float(ratios.max()), 4) if len(ratios) else None,
        "path_error_max_m": round(float(np.abs(np.array(story.error_m)).max()), 4),
        "overrun_max_m": round(max(0.0, -float(rig.to_end_m.min())), 4),
        "stop_short_max_m": round(float(rig.to_end_m.max()), 4),
        "reached": len(set(story.reached)),
        "standing": standing,
        "speed_max_mps": round(float(speeds.max()), 4),
        "guard_trips": [
            {"t_s": round(t, 3), "vehicle": name, "cause": CAUSES[cause]}
            for t, name, cause in story.trips
        ],
        "pilot_stops": [
            {"t_s": round(t, 3), "vehicle": name, "why": _why(miles)}
            for t, name, miles in story.halts
        ],
        "stopped_by_themselves": len({name for _, name, _ in story.trips + story.halts}),
    }


CAUSES: Final = (
    *("none", "overrun", "overspeed", "off the path", "place not confirmed", "gap lost"),
    *("radar dead", "pilot silent", "commands outside the envelope", "trailer parted"),
    "rolling back",
)


def _why(miles: int) -> str:
    names = {8: "gap lost", 16: "off the path", 32: "place not sure", 128: "no progress"}
    return ", ".join(text for bit, text in names.items() if miles & bit)


def write_platoon(path: Path, rig: Rig) -> None:
    """platoon.csv: t, speeds and bumper-to-bumper gaps of every turn."""
    count = len(rig.fleet.names)
    header = ["t", *(f"v{i}" for i in range(count)), *(f"gap{i}" for i in range(1, count))]
    story = rig.story
    rows = (
        (f"{t:.2f}", *(f"{value:.{PLATOON_DECIMALS}f}" for value in itertools.chain(v, gap)))
        for t, v, gap in zip(story.t_s, story.v_mps, story.gap_m, strict=True)
    )
    write_rows(path, header, rows)


def digest(rig: Rig) -> str:
    """SHA-256 of the run in integers: mm and mm/s of every truck in every turn, and what
    happened.
    """
    story = rig.story
    said = hashlib.sha256(np.rint(1000.0 * np.array(story.v_mps)).astype("<i8").tobytes())
    said.update(np.rint(1000.0 * np.array(story.gap_m)).astype("<i8").tobytes())
    said.update(repr((story.trips, story.halts, story.reached)).encode())
    return said.hexdigest()


def check(ground: GroundSection, name: str) -> None:
    """What types alone cannot say. Raises ConfigError."""
    if ground.vehicle not in ("truck40", "agv65"):
        raise ConfigError(f"{name}: ground.vehicle = {ground.vehicle!r}: expected truck40 or agv65")
    if ground.load not in LOADS:
        raise ConfigError(f"{name}: ground.load = {ground.load!r}: expected {' or '.join(LOADS)}")
    length_m = sum(piece.length_m for piece in ground.track)
    needed_m = ground.vehicles * (17.0 + ground.standstill_m) + ground.end_before_m
    if length_m < needed_m:
        raise ConfigError(
            f"{name}: ground.track is {length_m:g} m long: "
            f"{ground.vehicles} trucks need {needed_m:g} m"
        )


def play(scenario: Scenario, seed: int, folder: Path | None, track_s: float) -> dict[str, Any]:
    """The whole run: result.json as a mapping, and the folder if there is to be one."""
    ground = scenario.ground or GroundSection()
    check(ground, scenario.name)
    check_metrics(scenario, ground_metrics())
    run = GroundRun(scenario, ground, read_profile(scenario.leader.profile))
    began = time.perf_counter()
    with watched() as compiling:
        rig, tracks = run.play(seed, track_s)
    spent = time.perf_counter() - began, compiling.seconds
    result = conclude(scenario, rig, seed, spent)
    if folder is not None:
        write(folder, scenario, rig, result, tracks=tracks)
    return result


def conclude(scenario: Scenario, rig: Rig, seed: int, spent: tuple[float, float]) -> dict[str, Any]:
    """result.json of a proving ground: what no border is needed for is zero or empty.

    spent   seconds in all, and those of them in which kernels were compiled
    """
    simulated_s, (wall_s, compile_s) = rig.now_s, spent
    result: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "scenario": scenario.name,
        "seed": seed,
        "map_digest": hashlib.sha256(rig.route.table.tobytes()).hexdigest(),
        "versions": versions(),
        "verdict": "failed",
        "exit_code": 1,
        "expectations": [],
        "safety": {"I1": len(rig.story.overlaps), "I2": len(rig.story.beyond)},
        "traffic": traffic(Tally(), 0.0, 0.0),
        "resources": {},
        "human_interventions": 0,
        "officer_decisions": 0,
        "officer_minutes": 0.0,
        "agency_decisions": 0,
        "agency_minutes": 0.0,
        "ground": figures(rig),
        "performance": {
            "wall_s": round(wall_s, 3),
            "compile_s": round(compile_s, 3),
            "simulated_s": round(simulated_s, 3),
            "realtime_factor": round(simulated_s / wall_s, 1) if wall_s > 0.0 else 0.0,
            "vehicle_steps": rig.fleet.vehicle_steps,
            "messages": 0,
        },
        "transcript_sha256": digest(rig),
    }
    result["expectations"] = judge(result, scenario.expect)
    result["exit_code"] = exit_code(result, crashed=False, stuck=False)
    result["verdict"] = "passed" if result["exit_code"] == 0 else "failed"
    return result


def write(
    folder: Path, scenario: Scenario, rig: Rig, result: dict[str, Any], *, tracks: list[Any]
) -> None:
    """The run folder."""
    recorder = Recorder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    recorder.begin()
    recorder.close()
    with (folder / "events.jsonl").open("w", encoding="utf-8") as log:
        log.writelines(f"{line}\n" for line in events(rig))
    write_folder(folder, result, (recorder, Tally(), {}), resolved=resolved(scenario))
    write_platoon(folder / "platoon.csv", rig)
    (folder / "ledger").mkdir(exist_ok=True)
    if tracks:
        write_rows(folder / "tracks.csv", TRACK_COLUMNS, tracks)


def events(rig: Rig) -> list[str]:
    """What happened, as lines of the log."""
    told = figures(rig)
    rows = [{"event": "guard_tripped", "severity": "error", **row} for row in told["guard_trips"]]
    rows += [{"event": "pilot_stopped", "severity": "error", **row} for row in told["pilot_stops"]]
    lines = [
        {"t": row.pop("t_s"), "node": row.pop("vehicle"), **row}
        for row in sorted(rows, key=lambda row: float(row["t_s"]))
    ]
    return [msgspec.json.encode(line).decode() for line in lines]
