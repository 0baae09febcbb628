"""Vehicle-steps a second: sensors, pilot, guard, plant and checks of a whole fleet in one kernel.

Trucks in columns of twenty on gently winding roads beside each other, 60 m apart, all moving, no
devices on the way, so that the kernel never comes back early. Plain means the same code without the
compiler, in a process of its own: what a truck's computer runs, where n is 1.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from bench import fleet_parts
from bench.measure import REPETITIONS, Sample, print_table, repeat
from contract.kernel import COMPILED
from contract.route import PSI as ROUTE_PSI
from contract.route import Route, Stretch, build_route
from sim.fleet import Fleet
from sim.plant import PSI, V, X, Y
from sim.plant_params import TRUCK40_LOADED
from vehicle.guard import GuardRow
from vehicle.orders import Drive, SetGuard

FLEETS: Final = (20, 100, 500)
ON_A_ROAD: Final = 20
SPACING_M: Final = 60.0
ROAD_M: Final = 4_000.0
SPEED_MPS: Final = 6.0
STEPS_COMPILED: Final = 400_000
STEPS_PLAIN: Final = 2_000
TICKS_MAX: Final = 5_000  # 1.7 km: the last truck of a road is still far from its end
TURNS_ALONE: Final = 400


def road(number: int) -> Route:
    """A winding road, 40 m north of the one before; radius never below 400 m."""
    x = np.arange(0.0, ROAD_M, 5.0)
    y = 40.0 * number + 10.0 * np.sin(x * math.tau / 400.0)
    line = np.stack([x, y], axis=1)
    return build_route([Stretch(f"road-{number}", f"zone-{number}", 25.0 / 3.6, line)])


def moving_fleet(size: int) -> Fleet:
    """A fleet under way: every truck with an order and a guard row, at the same speed."""
    names = [f"truck-{number:03d}" for number in range(size)]
    fleet = Fleet(names, [TRUCK40_LOADED] * size, [], 0.7)
    roads = [road(number) for number in range(-(-size // ON_A_ROAD))]
    for i, name in enumerate(names):
        route = roads[i // ON_A_ROAD]
        row = route.table[int(SPACING_M * (i % ON_A_ROAD + 1))]
        fleet.state[i, [X, Y, PSI]] = (row[1], row[2], row[ROUTE_PSI])
        end_m = route.length_m - 50.0
        fleet.boot(name)
        fleet.carry_out(name, Drive(route, 1, end_m, 1e3, 0.0, 2.0, 5.0, mu=0.7, sight_m=500.0))
        fleet.carry_out(name, SetGuard(route, 1, GuardRow(end_m, 5.0, 0.7)))
    fleet.settle(SPEED_MPS)
    fleet.step(1)
    fleet.miles[:] = 0  # each has told that it knows its place
    return fleet


def _rewinder(fleet: Fleet) -> Callable[[], None]:
    """Puts every array of a fleet back to where it is now, so that repetitions do the same work."""
    board = fleet.board
    owned = [*vars(fleet).values(), *vars(board).values()]
    blocks = [(block, block.copy()) for block in owned if isinstance(block, np.ndarray)]

    def rewind() -> None:
        for block, kept in blocks:
            block[...] = kept

    return rewind


def rate(size: int, steps: int) -> float:
    """Vehicle-steps a processor second with a fleet of this size."""
    fleet = moving_fleet(size)
    rewind = _rewinder(fleet)
    ticks = min(TICKS_MAX, max(1, steps // size))
    rounds = max(1, steps // (size * ticks))

    def once_s() -> float:
        rewind()  # not timed: the noise of 500 trucks alone is 200 MB
        began_s = time.process_time()
        done, _ = fleet.step(ticks)
        spent_s = time.process_time() - began_s
        assert done == ticks, "something happened on the way: the road is not empty"
        return spent_s

    sample = Sample(tuple(sum(once_s() for _ in range(rounds)) for _ in range(REPETITIONS)))
    assert (fleet.state[:, V] > 1.0).all(), "a truck has stopped: this measured standing"
    return size * ticks * rounds / sample.median_s


def turn_alone_ms() -> float:
    """One turn of pilot and guard of one truck, milliseconds."""
    board = moving_fleet(1).board

    def work() -> None:
        for _ in range(TURNS_ALONE):
            board.turn()

    return 1_000.0 * repeat(work).median_s / TURNS_ALONE


def measure(steps: int) -> dict[str, float]:
    """All figures of this process, compiled or plain."""
    return {str(size): rate(size, steps) for size in FLEETS} | {"turn_ms": turn_alone_ms()}


def measure_plain() -> Mapping[str, float]:
    """The same in a process without the compiler."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "bench.fleet_kernel"]
    ran = subprocess.run(  # noqa: S603 - this very module
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures


def run(options: Any) -> None:
    """Measure and print."""
    del options
    plain = measure_plain()
    if not COMPILED:
        print("numba is not installed: there is nothing to compare")
    fast = measure(STEPS_COMPILED) if COMPILED else plain
    rows = [
        [
            f"{size} trucks",
            f"{fast[str(size)] / 1e6:.2f} M",
            f"{plain[str(size)] / 1e6:.4f} M",
            f"{fast[str(size)] / plain[str(size)]:.0f}",
        ]
        for size in FLEETS
    ]
    print_table(
        "fleet kernel: vehicle-steps a processor second",
        ("", "compiled", "plain", "ratio"),
        rows,
    )
    turn = [["one truck", f"{1e3 * fast['turn_ms']:.1f} us", f"{plain['turn_ms']:.3f} ms"]]
    print_table("one turn of pilot and guard", ("", "compiled", "plain"), turn)
    if COMPILED:
        fleet_parts.show(moving_fleet(FLEETS[-1]))


if __name__ == "__main__":
    print(json.dumps(measure(STEPS_PLAIN)))
