"""Which part of a fleet's step takes the time: each part called by itself, in its turn.

The same steps as in sim/truth.py, cut where one part ends and the next begins, and one call from
Python for each; what such a call costs is measured with kernels that do nothing and taken off.
Cut like that, parts come to some per cent more than the step that is compiled in one piece.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from bench.measure import print_table
from contract.kernel import kernel
from sim.blocks import Blocks
from sim.fleet import DT_S, Fleet
from sim.plant import plant_step
from sim.truth import outside, sense
from vehicle.pilot.columns import Array
from vehicle.pilot.pose import pose_turn
from vehicle.pilot.turn import pilot_turn, speak
from vehicle.watch.turn import guard_turn

TICKS: Final = 400
ROUNDS: Final = 5
WARM_UP: Final = 20
FIRST: Final = "sensors, radar, radio"
LAST: Final = "plant, devices, checks"


@kernel
def nothing(f: Blocks) -> int:
    """What a call costs that hands over every block."""
    return int(f.ticks[0])


@kernel
def nothing_of_some(a: Array, b: Array, c: Array, d: Array, e: Array, g: Array) -> float:
    """What a call costs that hands over six."""
    return float(a[0, 0])


def parts(f: Blocks) -> Mapping[str, Callable[[], object]]:
    """One step of the fleet in the order of sim/truth.py."""
    return {
        FIRST: lambda: sense(f, DT_S),
        "pose": lambda: pose_turn(f.sensors, f.truck, f.pose, DT_S),
        "pilot": lambda: pilot_turn(
            f.paths, f.rows, f.sensors, f.pose, f.heard, f.order, f.truck, f.gains, f.steering,
            f.spacing, f.pilot, f.command, f.miles,
        ),
        "guard": lambda: guard_turn(
            f.paths, f.rows, f.sensors, f.guard, f.truck, f.watch, f.command, f.miles
        ),
        "beacons": lambda: speak(f.pose, f.heard, f.order, f.truck, f.pilot, f.command, f.said),
        LAST: lambda: outside(f, DT_S),
    }  # fmt: skip


def _timed(work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Processor nanoseconds of each part over TICKS steps."""
    spent = dict.fromkeys(work, 0)
    for _ in range(TICKS):
        for name, part in work.items():
            began = time.process_time_ns()
            part()
            spent[name] += time.process_time_ns() - began
    return {name: float(total) for name, total in spent.items()}


def split(fleet: Fleet) -> dict[str, float]:
    """Nanoseconds a vehicle-step of each part, the least of several rounds of a moving fleet."""
    f, size = fleet.blocks, len(fleet.names)
    moved = (f.state, f.memory)
    spare = tuple(block.copy() for block in moved)

    def copied() -> None:
        for block, kept in zip(spare, moved, strict=True):
            block[...] = kept

    work = parts(f)
    work = {
        **{name: part for name, part in work.items() if name != LAST},
        "copy": copied,
        "of that the plant": lambda: plant_step(
            spare[0], f.command, f.params, f.road, spare[1], DT_S
        ),
        LAST: work[LAST],
        "blocks": lambda: nothing(f),
        "arrays": lambda: nothing_of_some(f.state, f.pose, f.order, f.truck, f.watch, f.command),
    }
    for _ in range(WARM_UP):
        for part in work.values():
            part()
    rounds = [_timed(work) for _ in range(ROUNDS)]
    least = {name: min(each[name] for each in rounds) / (TICKS * size) for name in work}
    calls = {
        name: least["blocks"] if name in (FIRST, LAST) else least["arrays"] for name in parts(f)
    }
    least["of that the plant"] -= least["arrays"]
    net = {name: max(0.0, least[name] - calls[name]) for name in calls}
    return {**net, "of that the plant": least["of that the plant"]}


def show(fleet: Fleet) -> None:
    """Measure and print."""
    cells = [[name, f"{spent:.0f}"] for name, spent in split(fleet).items()]
    print_table(f"nanoseconds a vehicle-step, {len(fleet.names)} trucks", ("", "ns"), cells)
