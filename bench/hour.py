"""An hour of free driving: one truck, and a convoy of eight, 3,600 s of simulated time each.

Everything that a truck has runs - sensors, radio, pose, pilot, guard, plant - on a road of bends of
80 m and straights, without agents and messages. Wall and processor time; compiled code if there
is a compiler, else plain Python for a minute of it, and said so.
"""

import time
from typing import Any, Final

from bench.measure import print_table
from contract.kernel import COMPILED
from sim.fleet import DT_S
from sim.ground.rig import Rig
from sim.ground.sections import GroundSection, PieceSection
from vehicle.pilot import columns as c

HOUR_S: Final = 3_600.0
MINUTE_S: Final = 60.0
LANE_MPS: Final = 30.0 / 3.6
START_MPS: Final = 8.0
BEND_M: Final = 80.0
ROUND_M: Final = 1_000.0
ROUNDS: Final = 32
STEPS_AT_ONCE: Final = 20  # a second, after which an agent would look at its milestones


def road() -> list[PieceSection]:
    """Straights with an S of two bends in each kilometre."""
    bend_m = 60.0
    kilometre = [
        PieceSection(length_m=ROUND_M - 2.0 * bend_m, speed_mps=LANE_MPS),
        PieceSection(length_m=bend_m, radius_m=BEND_M, speed_mps=LANE_MPS),
        PieceSection(length_m=bend_m, radius_m=-BEND_M, speed_mps=LANE_MPS),
    ]
    return kilometre * ROUNDS


def drive(trucks: int, seconds: float) -> tuple[float, float, float]:
    """(wall s, processor s, metres gone) of so long a drive."""
    rig = Rig(GroundSection(track=road(), vehicles=trucks, start_mps=START_MPS), 0.7, 1)
    fleet = rig.fleet
    fleet.step(1)  # compiles
    fleet.miles[:] = 0  # each has told that it knows its place
    first_m = fleet.front_m(fleet.names[0])
    left = round(seconds / DT_S)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    while left > 0:
        done, _ = fleet.step(min(left, STEPS_AT_ONCE))
        left -= done
        fleet.miles[:] = 0
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    assert not fleet.board.watch[:, c.WATCH_TRIPPED].any(), "a guard has stopped its truck"
    assert not fleet.board.pilot[:, c.PILOT_HALT].any(), "a pilot has stopped its truck"
    return wall_s, cpu_s, fleet.front_m(fleet.names[0]) - first_m


def run(options: Any) -> None:
    """Drive and print."""
    del options
    seconds = HOUR_S if COMPILED else MINUTE_S
    rows = []
    for trucks in (1, 8):
        wall_s, cpu_s, way_m = drive(trucks, seconds)
        steps = trucks * seconds / DT_S
        rows.append(
            [
                f"{trucks} truck{'s' if trucks > 1 else ''}",
                f"{way_m / 1000.0:.1f}",
                f"{wall_s:.2f}",
                f"{cpu_s:.2f}",
                f"{seconds / cpu_s:,.0f}",
                f"{steps / cpu_s / 1e6:.3f} M",
            ]
        )
    print_table(
        f"{seconds:,.0f} s of free driving",
        ("", "km", "wall s", "processor s", "times real time", "vehicle-steps/s"),
        rows,
    )
