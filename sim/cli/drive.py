"""`convoy-sim drive`: read a driving script, drive the plant, write the track.

Every fault of the input is one line on stderr with file, line, column, value and what was expected,
and exit code 2. Not here: the driving (sim/drive.py), the vehicles (sim/plant_params.py).
"""

import argparse
import csv
import difflib
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from contract.errors import ConfigError
from sim.drive import ScriptRow, Setup, TrackRow, drive
from sim.plant_params import AGV65, TRUCK40_LOADED, VehicleParams

TRACK_HEADER: Final = "t,x,y,delta,v,psi,hitch"
TRACK_ROWS_MAX: Final = 10_000_000
VEHICLES: Final = {"truck40": TRUCK40_LOADED, "agv65": AGV65}

EXAMPLE: Final = """\
example: turn the wheels for a second, hold the curve, then brake to a stop
  $ cat turn.csv
  t,steering_rate_radps,accel_mps2
  0,0.1,0
  1,0,0
  11,0,-1
  20,0,0
  $ convoy-sim drive turn.csv -o track.csv --speed0 5
  $ convoy-sim drive turn.csv -o ideal.csv --speed0 5 --ideal --set wheelbase_m=3.8

The track has one row every --dt seconds and one at the last script time. x, y is the tractor's
rear axle (agv65: the middle between the axles), hitch is trailer yaw minus tractor yaw.
"""


@dataclass(frozen=True)
class Range:
    """Numbers that make sense for one setting; ends marked open are excluded themselves."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        low = "above" if self.open_low else "at least"
        high = "below" if self.open_high else "at most"
        return f"{low} {self.low:g} and {high} {self.high:.6g}"


SETTINGS: Final = {
    "wheelbase_m": Range(0.0, 50.0, open_low=True),
    "trailer_m": Range(0.0, 100.0, open_low=True),
    "hitch_offset_m": Range(-20.0, 20.0),
    "steer_max_rad": Range(0.0, 0.5 * math.pi, open_low=True, open_high=True),
    "steer_rate_max_radps": Range(0.0, 100.0, open_low=True),
}
OF_TRAILER: Final = ("trailer_m", "hitch_offset_m")
SCRIPT_COLUMNS: Final = {
    "t": Range(0.0, 1e9),
    "steering_rate_radps": Range(-1e3, 1e3),
    "accel_mps2": Range(-1e3, 1e3),
}
PERIOD_S: Final = Range(1e-4, 10.0)
SPEED_MPS: Final = Range(0.0, 100.0)
SPEED_IDEAL_MPS: Final = Range(-100.0, 100.0)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "drive",
        help="drive one vehicle under a script and write its track",
        description="Drive one vehicle, alone on a dry level road, under a script.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("script", metavar="SCRIPT.csv", help="columns " + ",".join(SCRIPT_COLUMNS))
    parser.add_argument("-o", "--output", metavar="TRACK.csv", required=True)
    parser.add_argument("--vehicle", metavar="{truck40,agv65}", default="truck40")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="one of " + ", ".join(SETTINGS) + "; may be repeated",
    )
    parser.add_argument("--speed0", metavar="MPS", default="0", help="speed at the start, m/s")
    parser.add_argument("--dt", metavar="S", default="0.01", help="output period, s")
    parser.add_argument(
        "--ideal",
        action="store_true",
        help="no lags, dead times, jerk, friction or power limits and no jack-knife stop; reverse "
        "allowed",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 if the input cannot be used."""
    try:
        setup = read_setup(args)
        script = read_script(Path(args.script))
        rows = script[-1].t_s / setup.dt_s
        if rows > TRACK_ROWS_MAX:
            raise ConfigError(
                f"{args.script}: {rows:.3g} output rows of {setup.dt_s:g} s up to"
                f" t = {script[-1].t_s:g} s, expected at most {TRACK_ROWS_MAX}: raise --dt"
            )
        write_track(Path(args.output), Path(args.script), script, setup)
    except ConfigError as fault:
        print(f"convoy-sim drive: {fault}", file=sys.stderr)
        return 2
    return 0


# --- options -------------------------------------------------------------------------------------


def read_setup(args: argparse.Namespace) -> Setup:
    """Options as a checked `Setup`."""
    ideal = bool(args.ideal)
    vehicle = VEHICLES.get(args.vehicle)
    if vehicle is None:
        raise ConfigError(f"--vehicle {args.vehicle!r}: expected {_one_of(args.vehicle, VEHICLES)}")
    speeds = SPEED_IDEAL_MPS if ideal else SPEED_MPS
    return Setup(
        vehicle=read_settings(args.settings, vehicle, args.vehicle),
        speed_mps=_number(args.speed0, "--speed0", speeds),
        dt_s=_number(args.dt, "--dt", PERIOD_S),
        ideal=ideal,
    )


def read_settings(settings: Sequence[str], vehicle: VehicleParams, name: str) -> VehicleParams:
    """The vehicle with every `--set key=value` applied."""
    changes: dict[str, float] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals:
            raise ConfigError(f"--set {setting!r}: expected KEY=VALUE, as wheelbase_m=3.6")
        if key not in SETTINGS:
            raise ConfigError(f"--set {key!r}: unknown key, expected {_one_of(key, SETTINGS)}")
        if key in OF_TRAILER and vehicle.trailer_m == 0.0:
            raise ConfigError(f"--set {key!r}: {name} has no trailer, expected a key of its own")
        changes[key] = _number(text, f"--set {key}", SETTINGS[key])
    if vehicle.reference_ahead_m and "wheelbase_m" in changes:
        changes["reference_ahead_m"] = 0.5 * changes["wheelbase_m"]  # still the middle
    return replace(vehicle, **changes)


def _one_of(text: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    said = "one of " + ", ".join(names)
    return f"{said} (nearest: {near[0]})" if near else said


def _number(text: str, where: str, allowed: Range) -> float:
    """A number within a range, or a ConfigError that names the place and the value."""
    try:
        value = float(text.replace("_", "?"))  # Python would read 1_0 as ten
    except ValueError:
        raise ConfigError(f"{where}: {text!r:.60} is no number, expected one {allowed}") from None
    if value not in allowed:  # NaN is in no range
        raise ConfigError(f"{where}: {text!r:.60} is out of range, expected a number {allowed}")
    return value


# --- files ---------------------------------------------------------------------------------------


def read_script(path: Path) -> list[ScriptRow]:
    """Rows of a script: header, at least one row, from t = 0, times increasing, finite numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            script = _rows(path, csv.reader(file))
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be read: {fault.strerror}, expected a script") from None
    except UnicodeDecodeError as fault:
        raise ConfigError(
            f"{path}: byte {fault.start} is not UTF-8, expected comma-separated text"
        ) from None
    except csv.Error as fault:
        raise ConfigError(f"{path}: {fault}, expected comma-separated text") from None
    if not script:
        raise ConfigError(f"{path}: no row, expected a header and at least one row")
    return script


def _rows(path: Path, lines: Iterable[list[str]]) -> list[ScriptRow]:
    header: list[str] = []
    script: list[ScriptRow] = []
    for number, cells in enumerate(lines, start=1):
        place = f"{path} line {number}"
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _header(place, cells)
            continue
        if len(cells) != len(header):
            raise ConfigError(f"{place}: {len(cells)} cells, expected {len(header)} as the header")
        t_s, rate_radps, accel_mps2 = _values(place, dict(zip(header, cells, strict=True)))
        if not script and t_s != 0.0:
            raise ConfigError(f"{place} column t: {t_s:g}, expected 0 in the first row")
        if script and t_s <= script[-1].t_s:
            raise ConfigError(
                f"{place} column t: {t_s!r}, expected more than {script[-1].t_s!r}, the row before"
            )
        script.append(ScriptRow(t_s, rate_radps, accel_mps2))
    return script


def _header(place: str, cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in SCRIPT_COLUMNS:
        if names.count(name) != 1:
            said = "missing" if name not in names else "twice"
            raise ConfigError(
                f"{place} column {name}: {said} in {','.join(names)!r:.80}, expected the header"
                f" {','.join(SCRIPT_COLUMNS)}"
            )
    return names


def _values(place: str, row: Mapping[str, str]) -> list[float]:
    return [
        _number(row[name].strip(), f"{place} column {name}", allowed)
        for name, allowed in SCRIPT_COLUMNS.items()
    ]


def write_track(path: Path, script_path: Path, script: Sequence[ScriptRow], setup: Setup) -> None:
    """Drive, and write one line a track row; nothing is driven if the file cannot be written."""
    try:
        if path.exists() and path.samefile(script_path):
            raise ConfigError(f"-o {path}: is the script itself, expected another file")
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(TRACK_HEADER + "\n")
            file.writelines(_line(row) for row in drive(script, setup))
    except OSError as fault:
        raise ConfigError(
            f"-o {path}: cannot be written: {fault.strerror}, expected a file to write to"
        ) from None


def _line(row: TrackRow) -> str:
    t_s = round(row.t_s, 9)
    pose = (row.x_m, row.y_m, row.delta_rad, row.v_mps, row.psi_rad, row.hitch_rad)
    return ",".join(repr(value + 0.0) for value in (t_s, *pose)) + "\n"
