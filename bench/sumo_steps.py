"""What a general traffic simulator does with as many trucks, in the same run: libsumo.

SUMO moves its vehicles along lanes, one number each; it has neither steering nor sensors nor a
pilot. Every vehicle's position and speed are read and its speed is set in every step of 50 ms, in
the same process, as a controller outside would. libsumo is no dependency of the product: an
environment of its own is made in the cache folder, and where that fails this says so and goes on.
Source: Eclipse SUMO, libsumo (EPL-2.0); only figures are taken.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.fleet_kernel import FLEETS, STEPS_COMPILED, rate
from bench.measure import print_table
from contract.kernel import COMPILED

PACKAGE: Final = "libsumo"
INSTALL_S_MAX: Final = 600.0
RUN_S_MAX: Final = 300.0
STEPS: Final = 100_000  # vehicle-steps a repetition
NET: Final = """<net version="1.20">
{edges}{junctions}</net>
"""
EDGE: Final = (
    '<edge id="e{k}" from="a{k}" to="b{k}" priority="1"><lane id="e{k}_0" index="0" speed="15"'
    ' length="20000" shape="0,{y} 20000,{y}"/></edge>\n'
)
JUNCTION: Final = (
    '<junction id="{id}" type="dead_end" x="{x}" y="{y}" incLanes="{lanes}" intLanes=""'
    ' shape="{x},{y}"/>\n'
)
ROUTES: Final = """<routes>
<vType id="truck" length="16.5" minGap="5" maxSpeed="15" accel="0.8" decel="2" emergencyDecel="5"
 sigma="0" tau="2"/>
{vehicles}</routes>
"""
VEHICLE: Final = (
    '<route id="r{i}" edges="e{k}"/><vehicle id="v{i}" type="truck" route="r{i}" depart="0"'
    ' departPos="{pos}" departSpeed="6"/>\n'
)
ON_A_ROAD: Final = 20
SPACING_M: Final = 60

# Runs in the other environment, which knows nothing of ours.
SCRIPT: Final = """
import json, statistics, sys, time
import libsumo
net, routes, size, steps, repetitions = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
libsumo.start(["sumo", "-n", net, "-r", routes, "--step-length", "0.05", "--no-step-log",
               "--no-warnings", "--time-to-teleport", "-1", "--seed", "1"])
step = libsumo.simulationStep
position, speed, set_speed = (libsumo.vehicle.getPosition, libsumo.vehicle.getSpeed,
                              libsumo.vehicle.setSpeed)
for _ in range(40):
    step()
names = libsumo.vehicle.getIDList()
assert len(names) == size, (len(names), size)
def turns(count):
    began = time.process_time()
    for _ in range(count):
        step()
        for name in names:
            x, y = position(name)
            set_speed(name, 6.0 + 0.1 * (speed(name) > 6.0))
    return time.process_time() - began
count = max(1, steps // size)
spent = statistics.median(turns(count) for _ in range(repetitions))
assert len(libsumo.vehicle.getIDList()) == size
print(json.dumps({"rate": size * count / spent, "version": libsumo.getVersion()[1]}))
"""


def folder() -> Path:
    """The environment that has SUMO."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "smart-corridor" / "sumo"


def python() -> Path | None:
    """The interpreter that can import libsumo, installed if it must be; None if it cannot be."""
    interpreter = folder() / "bin" / "python"
    check = [str(interpreter), "-c", f"import {PACKAGE}"]
    try:
        if not interpreter.exists():
            venv.create(folder(), with_pip=True)
        if subprocess.run(check, capture_output=True, timeout=RUN_S_MAX, check=False).returncode:  # noqa: S603
            print(f"installing {PACKAGE} into {folder()}", file=sys.stderr)
            install = [str(interpreter), "-m", "pip", "install", "--quiet", PACKAGE]
            subprocess.run(install, check=True, capture_output=True, timeout=INSTALL_S_MAX)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        print(f"\nlibsumo cannot be installed here ({error}): nothing to compare with")
        return None
    return interpreter


def write_files(at: Path, size: int) -> tuple[Path, Path]:
    """Network and vehicles: columns of twenty on roads beside each other, as in the fleet."""
    roads = range(-(-size // ON_A_ROAD))
    ends = [("a", 0, ""), ("b", 20_000, "e{k}_0")]
    net, routes = at / "net.xml", at / "routes.xml"
    net.write_text(
        NET.format(
            edges="".join(EDGE.format(k=k, y=40 * k) for k in roads),
            junctions="".join(
                JUNCTION.format(id=f"{end}{k}", x=x, y=40 * k, lanes=lanes.format(k=k))
                for k in roads
                for end, x, lanes in ends
            ),
        ),
        encoding="utf-8",
    )
    vehicles = "".join(
        VEHICLE.format(i=i, k=i // ON_A_ROAD, pos=SPACING_M * (i % ON_A_ROAD + 1))
        for i in range(size)
    )
    routes.write_text(ROUTES.format(vehicles=vehicles), encoding="utf-8")
    return net, routes


def measure(interpreter: Path, size: int) -> Mapping[str, Any] | None:
    """Vehicle-steps a processor second of SUMO; None if it fails, and said why."""
    with tempfile.TemporaryDirectory() as name:
        net, routes = write_files(Path(name), size)
        command = [
            str(interpreter),
            "-c",
            SCRIPT,
            str(net),
            str(routes),
            str(size),
            str(STEPS),
            "5",
        ]
        try:
            ran = subprocess.run(  # noqa: S603 - our own script
                command, capture_output=True, text=True, timeout=RUN_S_MAX, check=True, cwd=name
            )
        except subprocess.CalledProcessError as error:
            print(f"\nlibsumo fails with {size} trucks: {error.stderr.strip()[-400:]}")
            return None
        figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        return figures


def run(options: Any) -> None:
    """Measure both and print the ratio."""
    del options
    interpreter = python()
    if interpreter is None:
        return
    if not COMPILED:
        print("numba is not installed: the plain kernel is no match")
    rows, version = [], ""
    for size in FLEETS:
        theirs = measure(interpreter, size)
        if theirs is None:
            continue
        version = str(theirs["version"])
        ours = rate(size, STEPS_COMPILED if COMPILED else size)
        ratio = ours / float(theirs["rate"])
        cells = [f"{ours / 1e6:.2f} M", f"{float(theirs['rate']) / 1e6:.2f} M", f"{ratio:.1f}"]
        rows.append([f"{size} trucks", *cells])
    if rows:
        print_table(
            f"vehicle-steps a processor second, and those of {version}",
            ("", "fleet kernel", "libsumo", "ratio"),
            rows,
        )
