"""Stops: how far before its line a truck comes to rest, over grade and friction; and how far it
goes when it must rest at once, against the closed form.

One truck on a straight of one grade, from 25 km/h to the end of its order, by its own pilot, pose
filter and guard; loaded and empty, several streams of sensor noise. Friction is what the pilot is
told, and what is there. The error is the truth: front bumper against the line.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bench.measure import print_table
from bench.stop_rig import KINDS, Tale, told
from sim.ground.rig import Rig
from sim.ground.sections import GroundSection, PieceSection
from sim.plant import (
    ACCEL_CMD,
    EMERGENCY,
    INPUT_COLUMNS,
    MU,
    ROAD_COLUMNS,
    V,
    X,
    new_memory,
    new_state,
    plant_step,
)
from sim.plant_params import (
    AGV65,
    GRAVITY_MPS2,
    TRUCK40_EMPTY,
    TRUCK40_LOADED,
    VehicleParams,
    params_block,
)
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
URGENT_MUS: Final = (0.7, 0.3, 0.1, 0.06)
URGENT_KMH: Final = (10.0, 25.0, 30.0, 40.0)
URGENT_KINDS: Final = {"loaded": TRUCK40_LOADED, "empty": TRUCK40_EMPTY, "AGV": AGV65}
ALL_MPS2: Final = 9.0  # more than any brake gives
STEP_S: Final = 0.05
MANY: Final = 1_000
MANY_SEED: Final = 2


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


def urgent_m(kind: VehicleParams, mu: float, v_mps: float) -> float:
    """Way of the plant alone from the command of its emergency brake to rest, level road."""
    params, state = params_block([kind]), new_state(1)
    memory = new_memory(params, STEP_S)
    road, inputs = np.zeros((1, ROAD_COLUMNS)), np.zeros((1, INPUT_COLUMNS))
    state[0, V], road[0, MU] = v_mps, mu
    inputs[0, [ACCEL_CMD, EMERGENCY]] = -ALL_MPS2, 1.0
    for _ in range(round(SECONDS_MAX / STEP_S)):
        plant_step(state, inputs, params, road, memory, STEP_S)
        if state[0, V] == 0.0:
            return float(state[0, X])
    raise AssertionError(f"still rolling after {SECONDS_MAX:g} s")


def closed_form_m(kind: VehicleParams, mu: float, v_mps: float) -> float:
    """v (t + tau + b / 2j) + v^2 / 2b, docs/vehicle.md 5.2."""
    brake = min(kind.brake_emergency_mps2, kind.brake_utilisation * mu * GRAVITY_MPS2)
    late_s = kind.brake_dead_time_s + kind.brake_lag_s + 0.5 * brake / kind.jerk_emergency_mps3
    return v_mps * late_s + 0.5 * v_mps * v_mps / brake


def _urgent_row(name: str, kind: VehicleParams, mu: float) -> Sequence[str]:
    ways = [
        f"{urgent_m(kind, mu, kmh / 3.6):.1f} ({closed_form_m(kind, mu, kmh / 3.6):.1f})"
        for kmh in URGENT_KMH
    ]
    return [f"{name}, friction {mu:.2f}", *ways]


def many(tale: Tale) -> None:
    """Figures of many stops over grades of 4 % up and down, frictions 0.1 to 0.7, all kinds, and of
    the ten minutes after with computers alive, killed, restarted and hung.
    """
    before_m = tale.before_line_m[tale.climbs]
    print_table(
        f"{len(tale.climbs)} stops over grade +-4 %, friction 0.1 to 0.7, {len(KINDS)} kinds",
        ("", "value"),
        [
            ["came to their line", f"{np.count_nonzero(tale.reached)}"],
            ["cannot climb, and did not move", f"{np.count_nonzero(~tale.moved)}"],
            ["front before the line, least, m", f"{before_m.min():.3f}"],
            ["front before the line, most, m", f"{before_m.max():.3f}"],
            ["jerk of the last second, share of the service jerk", f"{tale.jerk_share.max():.2f}"],
            ["acceleration when the wheels stop, m/s2", f"{tale.jolt_mps2.max():.2f}"],
            ["moved in the ten minutes after, most, m", f"{tale.strayed_m.max():.4f}"],
            ["without their parking brake then", f"{np.count_nonzero(tale.unparked)}"],
        ],
    )


def run(options: Any) -> None:
    """Drive and print."""
    del options
    header = ("", "stopped", "least", "5 %", "50 %", "95 %", "most")
    rows = [_row(friction, grade) for friction in FRICTIONS for grade in GRADES]
    print_table("front before the line at rest, m; negative: beyond it", header, rows)
    many(told(MANY, MANY_SEED))
    speeds = ["", *(f"{kmh:g} km/h" for kmh in URGENT_KMH)]
    ways = [_urgent_row(*each, mu) for each in URGENT_KINDS.items() for mu in URGENT_MUS]
    print_table("way to rest by the emergency brake, m (closed form)", speeds, ways)
