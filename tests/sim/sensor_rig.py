"""A test bed for sensors and pose: trucks that roll exactly, measured, and a filter on each.

The motion is an arc a step, worked out here and not by the plant; all rows share speed and bend.
"""

import importlib.util
import math
import sys
from types import ModuleType
from typing import Final

import numpy as np
import pytest

import contract.kernel
from sim import sensors as sense
from sim.plant import MU, PSI, STATE_COLUMNS, A, V, X, Y
from sim.plant_params import TRUCK40_LOADED, Array, params_block
from vehicle.pilot import columns as c
from vehicle.pilot import covariance, pose, trust
from vehicle.pilot.pose import POSE_ACROSS, POSE_ALONG, POSE_STATE, POSE_X, POSE_Y

DT_S: Final = 0.05
FAST_MPS: Final = 8.0
SLOW_MPS: Final = 3.0


def bend(t_s: float) -> float:
    """Curvature of a winding road, 1/m; sharpest 28 m."""
    return 0.036 * math.sin(0.3 * t_s) * math.sin(0.05 * t_s)


class Rig:
    """`count` trucks with instruments of their own on one winding road, and their filters."""

    def __init__(self, count: int, *, seed: int = 1, mu: float = 0.7) -> None:
        streams = [np.random.default_rng([seed, row]) for row in range(count)]
        self.state: Array = np.zeros((count, STATE_COLUMNS))
        self.params = params_block([TRUCK40_LOADED] * count)
        self.road: Array = np.zeros((count, 2))
        self.road[:, MU] = mu
        self.faults: Array = np.zeros((count, sense.FAULT_COLUMNS))
        self.sensors: Array = np.zeros((count, c.SENSOR_COLUMNS))
        self.noise = np.stack([sense.noise_block(draw, 2003) for draw in streams], axis=1)
        self.memory = sense.new_memory(self.state, [sense.traits(s) for s in streams])
        self.truck: Array = np.zeros((count, c.TRUCK_COLUMNS))
        self.truck[:, c.TRUCK_BRAKE_ASSURED] = 4.0
        self.pose = pose.new_pose(count)
        self.tick = 0

    def roll(self, accel_mps2: float = 0.0, curvature: float = 0.0) -> None:
        """Move the truth by one step."""
        before = self.state[:, V].copy()
        after = np.maximum(before + accel_mps2 * DT_S, 0.0)
        middle = 0.5 * (before + after)
        turned = curvature * middle * DT_S
        heading = self.state[:, PSI] + 0.5 * turned
        self.state[:, X] += middle * DT_S * np.cos(heading)
        self.state[:, Y] += middle * DT_S * np.sin(heading)
        self.state[:, PSI] += turned
        self.state[:, V] = after
        self.state[:, A] = np.where(after > 0.0, accel_mps2, 0.0)

    def measure(self) -> None:
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
        self.tick += 1

    def step(self, accel_mps2: float = 0.0, curvature: float = 0.0) -> None:
        self.roll(accel_mps2, curvature)
        self.measure()
        pose.pose_turn(self.sensors, self.truck, self.pose, DT_S)

    def run(self, seconds: float, accel_mps2: float = 0.0) -> "Rig":
        """Step for `seconds` along the winding road."""
        for _ in range(round(seconds / DT_S)):
            self.step(accel_mps2, bend(self.tick * DT_S))
        return self

    def under_way(self, speed_mps: float, seconds: float = 40.0) -> "Rig":
        """Found, set off, and driven at `speed_mps` until wheel and gyro are known."""
        self.run(5.0)
        self.run(speed_mps / 0.5, 0.5)
        return self.run(seconds)

    def suffer(self, **faults: float | Array) -> "Rig":
        """Set these faults, named without FAULT_, and clear all others."""
        self.faults[:] = 0.0
        for name, value in faults.items():
            self.faults[:, getattr(sense, f"FAULT_{name.upper()}")] = value
        return self

    def errors(self) -> tuple[Array, Array]:
        """What control sees less the truth, along and across, metres."""
        dx = self.pose[:, POSE_X] - self.state[:, X]
        dy = self.pose[:, POSE_Y] - self.state[:, Y]
        cos, sin = np.cos(self.state[:, PSI]), np.sin(self.state[:, PSI])
        return cos * dx + sin * dy, cos * dy - sin * dx

    def excess(self) -> Array:
        """By how much the worse error exceeds its protection level, metres; negative: covered."""
        along, across = self.errors()
        over = np.abs(along) - self.pose[:, POSE_ALONG]
        return np.maximum(over, np.abs(across) - self.pose[:, POSE_ACROSS])

    def states(self) -> Array:
        return self.pose[:, POSE_STATE]


class Watch:
    """Runs a rig and keeps the worst: error, excess, step of what control sees, first distrust."""

    def __init__(
        self, rig: Rig, seconds: float, accel_mps2: float = 0.0, straight: bool = False
    ) -> None:
        count = len(rig.state)
        self.found_s = np.full(count, np.inf)
        self.error_m, self.jerk_m = np.zeros(count), np.zeros(count)
        self.excess_m = np.full(count, -np.inf)
        self.error_found_m = np.full(count, np.nan)
        for k in range(round(seconds / DT_S)):
            true_m, seen_m = rig.state[:, [X, Y]].copy(), rig.pose[:, [POSE_X, POSE_Y]].copy()
            rig.step(accel_mps2, 0.0 if straight else bend(rig.tick * DT_S))
            moved = rig.pose[:, [POSE_X, POSE_Y]] - seen_m - (rig.state[:, [X, Y]] - true_m)
            self.jerk_m = np.maximum(self.jerk_m, np.hypot(moved[:, 0], moved[:, 1]))
            error_m = np.hypot(*rig.errors())
            self.error_m = np.maximum(self.error_m, error_m)
            self.excess_m = np.maximum(self.excess_m, rig.excess())
            new = np.isinf(self.found_s) & (rig.states() == pose.POSE_DISTRUSTED)
            self.found_s[new] = (k + 1) * DT_S
            self.error_found_m[new] = error_m[new]


def in_plain(*modules: ModuleType) -> list[ModuleType]:
    """These modules loaded once more with their kernels left as plain Python, in this order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract.kernel, "kernel", lambda function: function)
        loaded = []
        for module in modules:
            spec = importlib.util.spec_from_file_location(module.__name__, str(module.__file__))
            assert spec is not None
            assert spec.loader is not None
            again = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, module.__name__, again)
            spec.loader.exec_module(again)
            loaded.append(again)
        return loaded


def plain_pose() -> tuple[ModuleType, ModuleType]:
    """(pose, trust) in plain Python."""
    _, plain_trust, plain = in_plain(covariance, trust, pose)
    return plain, plain_trust
