"""Stops: how far before its line a truck comes to rest, over grade and friction.

One truck on a straight of one grade, from 25 km/h to the end of its order, by its own pilot, pose
filter and guard; loaded and empty, several streams of sensor noise. Friction is what the pilot is
told, and what is there. The error is the truth: front bumper against the line.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bench.measure import print_table
from sim.ground.rig import Rig
from sim.ground.sections import GroundSection, PieceSection
from sim.plant import V
from vehicle.pilot.columns import Array

FRICTIONS: Final = (0.7, 0.3, 0.15, 0.1)
GRADES: Final = (-0.05, -0.02, 0.0, 0.02, 0.05)
LOADS: Final = ("loaded", "empty")
SEEDS: Final = 10
LANE_MPS: Final = 25.0 / 3.6
START_MPS: Final = 5.0
TRACK_M: Final = 400.0
SECONDS_MAX: Final = 400.0
STANDING_S: Final = 2.0


def stop(friction: float, grade: float, load: str, seed: int) -> float | None:
    """Where the front came to rest before its line, metres; None if it did not get there."""
    ground = GroundSection(
        track=[PieceSection(length_m=TRACK_M, speed_mps=LANE_MPS, grade=grade)],
        load=load,
        start_mps=START_MPS,
    )
    rig = Rig(ground, friction, seed)
    while rig.now_s < SECONDS_MAX and not rig.story.reached and not rig.story.trips:
        rig.run(1.0)
    if not rig.story.reached:
        return None
    rig.run(STANDING_S)
    assert rig.fleet.state[0, V] == 0.0, "it still rolls"
    return float(rig.to_end_m[0])


def stops(friction: float, grade: float) -> Array:
    """Every stop on this road that came about, metres before the line."""
    told = [stop(friction, grade, load, seed) for load in LOADS for seed in range(SEEDS)]
    return np.array([each for each in told if each is not None])


def _row(friction: float, grade: float) -> Sequence[str]:
    before_m = stops(friction, grade)
    name = f"friction {friction:.2f}, grade {100.0 * grade:+.0f} %"
    total = len(LOADS) * SEEDS
    if not len(before_m):
        return [name, f"0 of {total}", *"-----"]
    shares = np.percentile(before_m, [0.0, 5.0, 50.0, 95.0, 100.0])
    return [name, f"{len(before_m)} of {total}", *(f"{share:+.2f}" for share in shares)]


def run(options: Any) -> None:
    """Drive and print."""
    del options
    header = ("", "stopped", "least", "5 %", "50 %", "95 %", "most")
    rows = [_row(friction, grade) for friction in FRICTIONS for grade in GRADES]
    print_table("front before the line at rest, m; negative: beyond it", header, rows)
