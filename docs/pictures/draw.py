"""The pictures of docs/vehicle.md: `python docs/pictures/draw.py [NAME ...]`, all without names.

Every curve that is called measured comes from the kernels themselves, on the proving ground
(sim/ground) or as bench/ drives them; theory is drawn from the formulas of the page. The same
sources give the same files, byte for byte, with one version of matplotlib.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from bench.string_stability import SETTLE_S, Air, Convoy, swinging
from sim.fleet import DT_S
from sim.footprints import footprints
from sim.ground.rig import Rig
from sim.ground.run import read_profile
from sim.ground.sections import GroundSection, PieceSection
from sim.plant import HITCH, PSI, V, X, Y
from sim.plant_params import TRUCK40_LOADED
from sim.truck_rows import ASSURED_SHARE
from vehicle.orders import Rest
from vehicle.pilot import columns as c
from vehicle.pilot.gap_laws import KD, KP
from vehicle.pilot.path import nearest
from vehicle.pilot.pose_columns import (
    POSE_ACROSS,
    POSE_ALONG,
    POSE_DISTRUSTED,
    POSE_STATE,
    POSE_V,
    POSE_Y,
)
from vehicle.pilot.speed import ACROSS_LANE_M, cruise
from vehicle.pilot.steering import STEER_SHIFT
from vehicle.watch import limits as m
from vehicle.watch.curves import stops

FOLDER: Final = Path(__file__).resolve().parent
KMH: Final = 3.6
GRAVITY_MPS2: Final = 9.81
DRIFT_S: Final = 40.0
LAGS_S: Final = (TRUCK40_LOADED.brake_lag_s, TRUCK40_LOADED.drive_lag_s)
HALF_LANE_M: Final = 1.75
OVERLAP_M: Final = 5.0
ASSURED_MPS2: Final = ASSURED_SHARE * TRUCK40_LOADED.brake_emergency_mps2
BLUES: Final = mpl.colormaps["viridis"]
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "vehicle",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def straight(length_m: float, kmh: float = 58.0, grade: float = 0.0) -> list[PieceSection]:
    return [PieceSection(length_m=length_m, speed_mps=kmh / KMH, grade=grade)]


def shade(i: int, count: int) -> tuple[float, ...]:
    """Colour of vehicle i of a convoy: the leader darkest."""
    return tuple(BLUES(0.9 * i / max(1, count - 1)))


# --- convoys ---


def convoy(profile: np.ndarray[Any, Any] | None, seconds: float) -> Rig:
    """Eight loaded trucks behind a leader of the profile, 1.0 s, beacons 100 ms late."""
    ground = GroundSection(track=straight(3_000.0), vehicles=8, beacon_late_ms=100)
    return Rig(ground, 0.7, 1, profile).run(seconds)


def draw_platoon() -> Any:
    """Speeds of eight trucks behind a swinging leader."""
    rig = convoy(read_profile("platoon_sine.csv"), 100.0)
    t, v = np.array(rig.story.t_s), KMH * np.array(rig.story.v_mps)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4), width_ratios=(3, 1))
    for i in range(8):
        left.plot(t, v[:, i], color=shade(i, 8), label=f"{i + 1}")
    left.set(xlabel="time, s", ylabel="speed, km/h", xlim=(50.0, 100.0))
    left.legend(title="truck", ncols=8, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    half = KMH * rig.amplitudes_mps(60.0, 100.0)
    right.bar(range(1, 9), half, color=[shade(i, 8) for i in range(8)])
    right.set(xlabel="truck", ylabel="half the range of its speed, km/h", xticks=range(1, 9))
    return figure


def gamma(headway_s: float, theta_s: float, lag_s: float, hertz: np.ndarray[Any, Any]) -> Any:
    """|Gamma| of docs/vehicle.md section 2: one truck's speed against that of the one ahead."""
    s, dead_s = 2j * math.pi * hertz, TRUCK40_LOADED.drive_dead_time_s
    plant = np.exp(-dead_s * s) / (s * s * (lag_s * s + 1.0))
    control = plant * (KP + KD * s)
    return np.abs((np.exp(-theta_s * s) + control) / (1.0 + control) / (headway_s * s + 1.0))


def swung(headway_s: float, late_s: float, hertz: float) -> float:
    """Mean ratio of the speed amplitudes of a truck and the one ahead of it, measured."""
    small = min(1.0, 0.25 / (math.tau * hertz))
    seconds = SETTLE_S + max(60.0, 6.0 / hertz)
    track = Convoy(headway_s=headway_s, air=Air(late_s=late_s), v_mps=9.0).run(
        seconds, swinging(hertz, small, 9.0)
    )
    return float(np.exp(np.log(track.steps(seconds - 3.0 / hertz)[1:4]).mean()))


def draw_string() -> Any:
    """Theory of string stability against measured convoys."""
    theory, measured = np.geomspace(0.01, 1.0, 200), np.geomspace(0.03, 0.3, 8)
    figure, axes = plt.subplots(figsize=(7.0, 3.6))
    for k, (headway_s, late_s) in enumerate(((0.5, 0.0), (0.5, 0.1), (1.0, 0.0), (1.0, 0.1))):
        colour = f"C{k}"
        theta_s = late_s + DT_S  # a word is heard in the turn after it was said
        label = f"h {headway_s:.1f} s, beacons {1e3 * late_s:.0f} ms late"
        between = [gamma(headway_s, theta_s, lag_s, theory) for lag_s in LAGS_S]
        axes.fill_between(theory, *between, color=colour, alpha=0.35, label=label, linewidth=0.5)
        points = [swung(headway_s, late_s, float(hertz)) for hertz in measured]
        axes.semilogx(measured, points, "o", color=colour, markersize=4)
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.set(xlabel="frequency of the swing, Hz", ylim=(0.0, 1.15))
    axes.set_xticks((0.01, 0.03, 0.1, 0.3, 1.0), labels=("0.01", "0.03", "0.1", "0.3", "1"))
    axes.set_ylabel("speed amplitude against\nthe truck ahead")
    axes.legend(title="band: theory, lag 0.35 to 0.5 s; point: measured", fontsize=8)
    return figure


def draw_braking() -> Any:
    """The leader brakes to a stop: speeds and gaps."""
    figure, axes = plt.subplots(2, 3, figsize=(9.5, 4.8), sharex=True, sharey="row")
    for k, brake in enumerate((1.0, 2.0, 4.0)):
        v0, at_s = 40.0 / KMH, 60.0  # by then nothing is left of the start
        profile = np.array([[0.0, v0], [at_s, v0], [at_s + v0 / brake, 0.0], [120.0, 0.0]])
        rig = convoy(profile, at_s + 35.0)
        t, v, gap = (np.array(kept) for kept in (rig.story.t_s, rig.story.v_mps, rig.story.gap_m))
        t -= at_s
        for i in range(8):
            axes[0, k].plot(t, KMH * v[:, i], color=shade(i, 8), label=f"{i + 1}")
            if i:
                axes[1, k].plot(t, gap[:, i - 1], color=shade(i, 8))
        axes[0, k].set_title(f"leader brakes with {brake:.0f} m/s²", fontsize=9)
        axes[1, k].set(xlabel="time, s", ylim=(0.0, None), xlim=(-5.0, 35.0))
        axes[1, k].text(34.0, 0.4, f"least gap {rig.least_gap_m:.1f} m", ha="right")
    axes[0, 0].set_ylabel("speed, km/h")
    axes[1, 0].set_ylabel("gap ahead, m")
    axes[0, 2].legend(title="truck", ncols=2, fontsize=7)
    return figure


# --- path ---


def offsets(rig: Rig) -> tuple[float, float, float, float, float]:
    """(along the path, left of it: rear axle, trailer axle, leftmost and rightmost outline), m."""
    fleet = rig.fleet
    path, rows = fleet.board.paths[0], int(fleet.board.path_rows[0])
    x, y, psi, hitch = fleet.state[0, [X, Y, PSI, HITCH]]
    along, axle = nearest(path, rows, 0.0, x, y, 0, rows)
    truck = TRUCK40_LOADED
    behind = psi + hitch
    trailer_x = x + truck.hitch_offset_m * math.cos(psi) - truck.trailer_m * math.cos(behind)
    trailer_y = y + truck.hitch_offset_m * math.sin(psi) - truck.trailer_m * math.sin(behind)
    _, trailer = nearest(path, rows, 0.0, trailer_x, trailer_y, 0, rows)
    footprints(fleet.state, fleet.params, fleet.memory, fleet.feet)
    outline = []
    for cx, cy, heading, half, width in fleet.feet[0, :, :5]:
        for ahead in np.linspace(-half, half, 9):
            for side in (-width, width):
                at_x = cx + ahead * math.cos(heading) - side * math.sin(heading)
                at_y = cy + ahead * math.sin(heading) + side * math.cos(heading)
                outline.append(nearest(path, rows, 0.0, at_x, at_y, 0, rows)[1])
    return along, axle, trailer, max(outline), min(outline)


def bends(pieces: Sequence[PieceSection], start_mps: float) -> np.ndarray[Any, Any]:
    """`offsets` all along a track, and how far left of it the rear axle is to be."""
    ground = GroundSection(track=list(pieces), start_mps=start_mps, end_before_m=15.0)
    rig = Rig(ground, 0.7, 1)
    kept: list[tuple[float, ...]] = []
    while not rig.story.reached and rig.now_s < 120.0:
        rig.step()
        kept.append((*offsets(rig), rig.fleet.board.steering[0, STEER_SHIFT]))
    return np.array(kept)


def draw_path() -> Any:
    """Path error and swept offset in an S of R 80 and a corner of R 25."""
    s_bend = [(60.0, 0.0), (80.0, 80.0), (80.0, -80.0), (80.0, 0.0)]
    corner = [(60.0, 0.0), (12.5 * math.pi, 25.0), (70.0, 0.0)]
    figure, axes = plt.subplots(2, 2, figsize=(9.0, 5.0), sharex="col", height_ratios=(1, 2))
    for k, (name, shape, kmh) in enumerate(
        (("S of R 80 m, 30 km/h", s_bend, 30.0), ("corner of R 25 m, 15 km/h", corner, 15.0))
    ):
        pieces = [PieceSection(length_m=a, radius_m=r, speed_mps=kmh / KMH) for a, r in shape]
        kept = bends(pieces, kmh / KMH)
        s = kept[:, 0]
        axes[0, k].plot(s, 100.0 * kept[:, 1], color="C0")
        axes[0, k].plot(s, 100.0 * kept[:, 5], color="C1", label="where the rear axle is to be")
        axes[0, k].set_title(name, fontsize=9)
        axes[1, k].fill_between(s, kept[:, 4], kept[:, 3], color="C0", alpha=0.15)
        axes[1, k].plot(s, kept[:, 3], color="C0", linewidth=0.8, label="outline, both sides")
        axes[1, k].plot(s, kept[:, 4], color="C0", linewidth=0.8)
        axes[1, k].plot(s, kept[:, 2], color="C3", label="axle of the trailer")
        axes[1, k].plot(s, kept[:, 1], color="C0", label="rear axle of the tractor")
        for side in (-HALF_LANE_M, HALF_LANE_M):
            label = "lane of 3.5 m" if side > 0.0 else None
            axes[1, k].axhline(side, color="black", linewidth=0.8, linestyle="--", label=label)
        axes[1, k].set(xlabel="along the path, m", ylim=(-2.9, 2.9))
    axes[0, 0].set_ylabel("left of the path, cm")
    axes[1, 0].set_ylabel("left of the path, m")
    lines = [*axes[0, 0].get_lines(), *axes[1, 0].get_lines()]
    named = [line for line in lines if not str(line.get_label()).startswith("_")]
    figure.legend(handles=named, loc="outside upper center", ncols=len(named), fontsize=8)
    return figure


# --- brakes ---


def stopped(v_mps: float, mu: float) -> tuple[float, float]:
    """(speed, way to standstill) of a truck told to stop as hard as is assured, m/s and m."""
    ground = GroundSection(track=straight(1_200.0, KMH * v_mps), start_mps=v_mps)
    rig = Rig(ground, mu, 1).run(1.0)
    state = rig.fleet.state
    v, x = float(state[0, V]), float(state[0, X])
    rig.fleet.carry_out("truck-01", Rest(emergency=True))
    while state[0, V] > 0.0:
        rig.step()
    return v, float(state[0, X]) - x


def draw_stopping() -> Any:
    """Stopping distances on four surfaces against the closed form."""
    figure, axes = plt.subplots(figsize=(7.0, 3.8))
    v = np.linspace(5.0, 50.0, 91) / KMH
    truck = TRUCK40_LOADED
    for k, (mu, name) in enumerate(
        ((0.7, "dry"), (0.3, "packed snow"), (0.1, "ice"), (0.06, "bare ice"))
    ):
        brake = min(ASSURED_MPS2, truck.brake_utilisation * mu * GRAVITY_MPS2)
        late_s = truck.brake_dead_time_s + truck.brake_lag_s
        late_s += 0.5 * brake / truck.jerk_emergency_mps3
        axes.plot(KMH * v, v * late_s + 0.5 * v * v / brake, color=f"C{k}", label=f"{mu:g} {name}")
        points = np.array([stopped(kmh / KMH, mu) for kmh in (10.0, 20.0, 25.0, 30.0, 40.0, 50.0)])
        axes.plot(KMH * points[:, 0], points[:, 1], "o", color=f"C{k}", markersize=4)
    axes.set(xlabel="speed, km/h", ylabel="way to standstill, m", yscale="log")
    axes.set_yticks((2, 5, 10, 20, 50, 100, 200), labels=("2", "5", "10", "20", "50", "100", "200"))
    axes.legend(title="friction (line: formula; point: measured)", fontsize=8)
    return figure


def highest(good: Callable[[float], bool]) -> float:
    """The highest speed up to 60 km/h that is good, m/s."""
    low, high = 0.0, 60.0 / KMH
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if good(middle) else (low, middle)
    return low


def limits(mu: float, room_m: float) -> tuple[float, float, float, float]:
    """Speeds so far from the end, m/s: the pilot's; the guard's for warning, service brake and
    emergency brake.
    """
    rig = Rig(GroundSection(track=straight(400.0)), mu, 1)
    board, truck = rig.fleet.board, rig.fleet.board.truck
    path, rows, front = board.paths[0], int(board.path_rows[0]), 100.0
    board.order[0, c.ORDER_END] = front + room_m
    delay_s, s = truck[0, c.TRUCK_DELAY] + m.TICK_S, front - truck[0, c.TRUCK_FRONT]

    def kept(v: float) -> bool:
        board.pose[0, POSE_V] = v
        return cruise(path, rows, s, board.pose, board.order, truck, mu, 0.0, 0) >= 0.0

    def held(v: float, room: float, brake: int, late_s: float) -> bool:
        return bool(stops(path, rows, front, room, truck[0, brake], mu, late_s, v))

    board.pose[0, [POSE_ALONG, POSE_ACROSS]] = 0.1
    over_m, hard_s = room_m + OVERLAP_M - m.TUBE_FIRST_M, delay_s + truck[0, c.TRUCK_BUILD_UP]
    soft, slack, soon_s = c.TRUCK_BRAKE_SERVICE, m.SERVICE_SLACK_MPS, delay_s + m.WARN_S
    return (
        highest(kept),
        highest(lambda v: held(v - slack, room_m, soft, soon_s)),
        highest(lambda v: held(v - slack, room_m, soft, delay_s)),
        highest(lambda v: held(v - m.TRIP_SLACK_MPS, over_m, c.TRUCK_BRAKE_ASSURED, hard_s)),
    )


def draw_curves() -> Any:
    """Speeds that pilot and guard allow on the way to an end."""
    figure, axes = plt.subplots(1, 3, figsize=(9.5, 3.4), sharey=True)
    rooms = np.linspace(0.0, 80.0, 81)
    for at, (mu, name) in zip(axes, ((0.7, "dry"), (0.3, "snow"), (0.1, "ice")), strict=True):
        curves = KMH * np.array([limits(mu, float(room)) for room in rooms])
        at.fill_between(rooms, curves[:, 3], 60.0, color="C3", alpha=0.15, linewidth=0.0)
        labels = ("pilot: permitted", "guard: warning", "guard: service brake", "guard: emergency")
        for k, label in enumerate(labels):
            at.plot(rooms, curves[:, k], color=("C2", "gold", "C1", "C3")[k], label=label)
        at.set(xlabel="front before the end, m", ylim=(0.0, 60.0), xlim=(80.0, 0.0))
        at.set_title(f"{name}, friction {mu:g}", fontsize=9)
    axes[0].set_ylabel("speed, km/h")
    axes[2].legend(fontsize=8)
    return figure


# --- place ---


def drifting(rate_mps: float) -> tuple[np.ndarray[Any, Any], list[float]]:
    """(time, error, level, speed, distrusted) with satellites that drag away; when they begin, and
    when pilot or guard begins to stop.
    """
    ground = GroundSection(track=straight(800.0, 30.0), start_mps=30.0 / KMH)
    rig, began_s = Rig(ground, 0.7, 3), 10.0
    kept: list[tuple[float, ...]] = []
    pose, state = rig.fleet.board.pose, rig.fleet.state
    while rig.now_s < DRIFT_S:
        if len(kept) == round(began_s / DT_S):
            rig.faults.begin("gnss_drift_north", "truck-01", rate_mps)
        rig.step()
        distrusted = float(pose[0, POSE_STATE] == POSE_DISTRUSTED)
        off = float(pose[0, POSE_Y] - state[0, Y])
        kept.append((rig.now_s, off, pose[0, POSE_ACROSS], state[0, V], distrusted))
    stops_s = [t_s for t_s, *_ in (*rig.story.halts, *rig.story.trips)]
    return np.array(kept), [began_s, *sorted(stops_s)[:1]]


def draw_drift() -> Any:
    """Satellites are dragged away: error, protection level, and when it is found."""
    figure, axes = plt.subplots(2, 2, figsize=(9.0, 4.6), sharex=True, sharey="row")
    for k, rate_mps in enumerate((0.1, 0.03)):
        kept, moments_s = drifting(rate_mps)
        t, off, level, v, distrusted = kept.T
        above, below = axes[0, k], axes[1, k]
        lie = rate_mps * np.maximum(0.0, t - moments_s[0])
        above.plot(t, lie, color="C3", linestyle=":", label="satellites, dragged away")
        above.plot(t, np.abs(off), color="C0", label="true error of the pose")
        above.plot(t, level, color="C2", label="protection level")
        above.axhline(ACROSS_LANE_M, color="black", linewidth=0.8, linestyle="--")
        above.set(ylim=(0.0, 1.05))
        above.set_title(f"satellites dragged away by {rate_mps:g} m/s", fontsize=9)
        below.plot(t, KMH * v, color="C0")
        below.set(xlabel="time, s", ylim=(0.0, 33.0))
        for at in (above, below):
            for moment_s, colour in zip(moments_s, ("C3", "black"), strict=False):
                at.axvline(moment_s, color=colour, linewidth=0.8)
            at.fill_between(
                t, 0.0, 1.0, where=distrusted > 0.0, transform=at.get_xaxis_transform(),
                color="C1", alpha=0.15, linewidth=0.0, label="satellites not believed",
            )  # fmt: skip
        for moment_s, word in zip(moments_s, ("drift begins ", " stop begins"), strict=False):
            side = "right" if word.endswith(" ") else "left"
            below.text(moment_s, 2.0, word, ha=side, fontsize=7)
    axes[0, 0].set_ylabel("across the lane, m")
    axes[1, 0].set_ylabel("speed, km/h")
    axes[0, 0].text(0.5, ACROSS_LANE_M + 0.02, "alert limit", fontsize=7)
    axes[0, 0].legend(fontsize=7, loc="upper right", framealpha=0.8, frameon=True)
    return figure


PICTURES: Final[Mapping[str, Callable[[], Any]]] = {
    "platoon": draw_platoon,
    "string": draw_string,
    "braking": draw_braking,
    "path": draw_path,
    "stopping": draw_stopping,
    "curves": draw_curves,
    "drift": draw_drift,
}


def main(names: Sequence[str], form: str = "svg") -> int:
    """Draw what was asked for into this folder."""
    mpl.use("Agg")
    mpl.rcParams.update(STYLE)
    for name in names or PICTURES:
        figure = PICTURES[name]()
        figure.savefig(FOLDER / f"{name}.{form}", format=form, metadata={"Date": None})
        plt.close(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
