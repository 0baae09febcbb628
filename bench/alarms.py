"""Alarms: how often a healthy truck would stop believing its satellites, for nothing.

Trucks that set off, drive straights and bends at the corridor's speeds, brake and wait, on dry road
and on ice, with nothing wrong but the usual noise, new for every second. A part of that noise stays
for a minute, so that the running means of normalised innovations are no means of independent draws:
what they reach is measured, in the worst of each minute. Their tail is followed beyond what was
seen by the normal law that fits it between once in ten hours and once in a hundred.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bench.measure import print_table
from contract.kernel import COMPILED
from sim import sensors as sense
from sim.plant import MU, PSI, STATE_COLUMNS, A, V, X, Y
from sim.plant_params import TRUCK40_LOADED, Array, params_block
from vehicle.pilot import columns as c
from vehicle.pilot import pose_columns as p
from vehicle.pilot import trust
from vehicle.pilot.pose import new_pose, pose_turn

DT_S: Final = 0.05
TRUCKS: Final = 400
CHUNK_TICKS: Final = 1_000  # of noise drawn at once
MINUTE_TICKS: Final = 1_200
HOURS: Final = 3.0
SPEEDS_MPS: Final = (0.0, 10.0 / 3.6, 25.0 / 3.6, 30.0 / 3.6)
HELD_S: Final = (20.0, 40.0, 60.0, 120.0)  # on average, at each of these speeds
BENDS_PER_M: Final = (*(0.0,) * 8, 1.0 / 80.0, -1.0 / 80.0, 1.0 / 28.0, -1.0 / 28.0)
BEND_M: Final = 80.0  # on average, as a straight
TURN_PER_M2: Final = 0.002  # by which a bend sharpens each metre
DRY, ICE = 0.7, 0.15
SIDE_SHARE: Final = 0.17  # of the friction, in bends
PUSH_SHARE: Final = 0.1  # likewise, setting off
BRAKE_SHARE: Final = 0.2  # and braking
BRAKE_ASSURED_MPS2: Final = 4.0
OFTEN, SELDOM = 0.1, 0.01  # per truck-hour of driving
MEANS: Final = ((trust.BOUND_1_S, "1 s"), (trust.BOUND_10_S, "10 s"), (trust.BOUND_30_S, "30 s"))
AXES: Final = ((1.0, "along"), (1.0, "across"), (trust.HEADING_BOUNDS, "heading"))


class Traffic:
    """Trucks that roll exactly, each for itself, and are measured and placed as on the road."""

    def __init__(self, count: int, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.state: Array = np.zeros((count, STATE_COLUMNS))
        self.params = params_block([TRUCK40_LOADED] * count)
        self.road: Array = np.zeros((count, 2))
        self.road[:, MU] = np.where(np.arange(count) % 2, ICE, DRY)
        self.faults: Array = np.zeros((count, sense.FAULT_COLUMNS))
        self.sensors: Array = np.zeros((count, c.SENSOR_COLUMNS))
        traits = [sense.traits(self.draw) for _ in range(count)]
        self.memory = sense.new_memory(self.state, traits)
        self.truck: Array = np.zeros((count, c.TRUCK_COLUMNS))
        self.truck[:, c.TRUCK_BRAKE_ASSURED] = BRAKE_ASSURED_MPS2
        self.pose = new_pose(count)
        self.aim_mps, self.left_s = np.zeros(count), np.full(count, 5.0)
        self.bend, self.aim_bend, self.left_m = np.zeros(count), np.zeros(count), np.zeros(count)
        self.tick = 0

    def _choose(self) -> None:
        """Another speed for whoever has had its own for long enough; another bend likewise."""
        due = np.flatnonzero(self.left_s <= 0.0)
        if due.size:
            which = self.draw.integers(len(SPEEDS_MPS), size=due.size)
            self.aim_mps[due] = np.array(SPEEDS_MPS)[which]
            self.left_s[due] = self.draw.exponential(np.array(HELD_S)[which])
        due = np.flatnonzero(self.left_m <= 0.0)
        if due.size:
            self.aim_bend[due] = self.draw.choice(BENDS_PER_M, size=due.size)
            self.left_m[due] = self.draw.exponential(BEND_M, size=due.size)

    def _roll(self) -> None:
        """Move every truck by one step."""
        self._choose()
        grip = 9.81 * self.road[:, MU]
        before = self.state[:, V].copy()
        step = (self.aim_mps - before).clip(-BRAKE_SHARE * grip * DT_S, PUSH_SHARE * grip * DT_S)
        after = np.maximum(before + step, 0.0)
        gone_m = 0.5 * (before + after) * DT_S
        most = SIDE_SHARE * grip / np.maximum(after, 1.0) ** 2
        sharper = self.aim_bend.clip(-most, most) - self.bend
        self.bend += sharper.clip(-TURN_PER_M2 * gone_m, TURN_PER_M2 * gone_m)
        turned = self.bend * gone_m
        heading = self.state[:, PSI] + 0.5 * turned
        self.state[:, X] += gone_m * np.cos(heading)
        self.state[:, Y] += gone_m * np.sin(heading)
        self.state[:, PSI] += turned
        self.state[:, V], self.state[:, A] = after, (after - before) / DT_S
        self.left_s -= DT_S
        self.left_m -= gone_m

    def step(self) -> None:
        """One turn: the road, the instruments, the place."""
        if self.tick % CHUNK_TICKS == 0:
            size = (CHUNK_TICKS, len(self.state), sense.NOISE_COLUMNS)
            self.noise = self.draw.standard_normal(size)
        self._roll()
        sense.measure(
            self.state,
            self.params,
            self.road,
            self.faults,
            self.noise,
            self.sensors,
            self.memory,
            self.tick,
            DT_S,
        )
        pose_turn(self.sensors, self.truck, self.pose, DT_S)
        self.tick += 1


def minutes(hours: float, count: int, seed: int) -> tuple[Array, float, int]:
    """(worst of each mean in each minute of driving (minutes, 9), hours driven, alarms)."""
    traffic = Traffic(count, seed)
    worst: list[Array] = []
    most, driven_s, alarms = np.zeros((count, 9)), 0.0, 0
    distrusted = np.zeros(count, dtype=bool)
    for tick in range(round(hours * 3_600.0 / DT_S)):
        traffic.step()
        pose = traffic.pose
        rolling = (pose[:, p.STOOD] == 0.0) & (pose[:, p.POSE_STATE] == p.POSE_GOOD)
        means = np.abs(pose[:, p.WINDOW : p.WINDOW + 9])
        most = np.where(rolling[:, None], np.maximum(most, means), most)
        driven_s += DT_S * float(rolling.sum())
        now = pose[:, p.POSE_STATE] == p.POSE_DISTRUSTED
        alarms += int((now & ~distrusted & (pose[:, p.STOOD] == 0.0)).sum())
        distrusted = now
        if (tick + 1) % MINUTE_TICKS == 0:
            worst.append(most)
            most = np.zeros((count, 9))
    return np.concatenate(worst), driven_s / 3_600.0, alarms


def exceeded(worst: Array, hours: float, per_hour: float) -> float:
    """The level that one mean passes so often in an hour of driving."""
    return float(np.sort(worst)[-max(1, round(per_hour * hours))])


def expected(often: float, seldom: float, bound: float) -> float:
    """How often an hour the bound is passed, by the normal law through OFTEN and SELDOM."""
    steepness = math.log(OFTEN / SELDOM) / (seldom * seldom - often * often)
    return OFTEN * math.exp(-steepness * (bound * bound - often * often))


def rows(worst: Array, hours: float) -> list[Sequence[str]]:
    """One line for each of the nine means."""
    lines: list[Sequence[str]] = []
    for w, (bound, window) in enumerate(MEANS):
        for k, (times, axis) in enumerate(AXES):
            mean = worst[:, 3 * w + k]
            often, seldom = (exceeded(mean, hours, rate) for rate in (OFTEN, SELDOM))
            levels = (often, seldom, float(mean.max()), times * bound)
            beyond = f"{expected(often, seldom, times * bound):.0e}"
            lines.append((f"{window} {axis}", *(f"{level:.2f}" for level in levels), beyond))
    return lines


def run(options: Any) -> None:
    """Drive and print; without a compiler it would take days, and less has no tail."""
    del options
    if not COMPILED:
        print("alarms: left out, it drives a thousand hours and needs a compiler")
        return
    worst, hours, alarms = minutes(HOURS, TRUCKS, seed=1)
    header = ("mean over", "once in 10 h", "in 100 h", "largest", "bound", "beyond it, per hour")
    title = f"nothing wrong: {alarms} alarms in {hours:.0f} truck-hours of driving"
    print_table(title, header, rows(worst, hours))
