"""Drift: how soon it is noticed that the satellites drag a truck away, and how far it was led.

One truck at 30 km/h on a straight, RTK that calls itself good while it creeps sideways. Markers in
the ground every 100 m. Told apart: when the pose filter stops believing the satellites, when pilot
or guard begins to stop the truck, the largest true error until then, and by how much that was more
than the protection level said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.measure import print_table
from sim.ground.rig import Rig
from sim.ground.sections import GroundSection, PieceSection
from sim.plant import Y
from vehicle.pilot.pose_columns import POSE_ACROSS, POSE_DISTRUSTED, POSE_STATE, POSE_Y

RATES_MPS: Final = (0.2, 0.1, 0.07, 0.05, 0.04, 0.03, 0.02, 0.01)
SPEED_MPS: Final = 30.0 / 3.6
TRACK_M: Final = 1_000.0
BEGINS_S: Final = 10.0
SECONDS_MAX: Final = 90.0
SEEDS: Final = 10
TRUCK: Final = "truck-01"


@dataclass(frozen=True, slots=True)
class Led:
    """One drive; seconds from the beginning of the drift, None: never."""

    found_s: float | None
    stop_s: float | None
    by_guard: bool
    error_m: float
    beyond_m: float


def drive(rate_mps: float, seed: int) -> Led:
    """Drive until somebody stops the truck."""
    track = [PieceSection(length_m=TRACK_M, speed_mps=SPEED_MPS)]
    rig = Rig(GroundSection(track=track, start_mps=SPEED_MPS), 0.7, seed).run(BEGINS_S)
    rig.faults.begin("gnss_drift_north", TRUCK, rate_mps)
    found_s, error_m, beyond_m = None, 0.0, 0.0
    pose, state, story = rig.fleet.board.pose[0], rig.fleet.state[0], rig.story
    while rig.now_s < SECONDS_MAX and not (story.halts or story.trips):
        rig.step()
        off_m = abs(float(pose[POSE_Y] - state[Y]))
        error_m = max(error_m, off_m)
        beyond_m = max(beyond_m, off_m - float(pose[POSE_ACROSS]))
        if found_s is None and pose[POSE_STATE] == POSE_DISTRUSTED:
            found_s = rig.now_s - BEGINS_S
    stopped = bool(story.halts or story.trips)
    stop_s = rig.now_s - BEGINS_S if stopped else None
    return Led(found_s, stop_s, bool(story.trips), error_m, beyond_m)


def _worst(times: Sequence[float | None]) -> str:
    """The latest of several times; how often never, if ever."""
    known = [time for time in times if time is not None]
    never = f"{len(times) - len(known)} never" if len(known) < len(times) else ""
    return ", ".join(text for text in (f"{max(known):.1f}" if known else "", never) if text)


def _row(rate_mps: float) -> Sequence[str]:
    led = [drive(rate_mps, seed) for seed in range(SEEDS)]
    return [
        f"{rate_mps:.2f} m/s",
        _worst([each.found_s for each in led]),
        _worst([each.stop_s for each in led]),
        f"{sum(each.by_guard for each in led)} of {SEEDS}",
        f"{max(each.error_m for each in led):.2f}",
        f"{max(each.beyond_m for each in led):.2f}",
    ]


def run(options: Any) -> None:
    """Drive and print the worst of each rate."""
    del options
    header = ("", "found s", "stop s", "by the guard", "error m", "beyond level m")
    print_table(
        f"satellites drag away sideways, worst of {SEEDS} drives",
        header,
        [_row(rate_mps) for rate_mps in RATES_MPS],
    )
