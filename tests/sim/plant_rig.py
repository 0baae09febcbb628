"""A test bed for the plant: a fleet, its blocks, and a way to run it by the second."""

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Final

import numpy as np
import pytest

import contract.kernel
from contract import angles
from sim import kinematics, plant
from sim.plant_params import TRUCK40_LOADED, Array, VehicleParams, params_block

DRY: Final = 0.7


class Rig:
    """Blocks of a fleet on a dry level road, moved by `module.plant_step`."""

    def __init__(
        self,
        *vehicles: VehicleParams,
        dt_s: float = 0.05,
        v_mps: float = 0.0,
        module: ModuleType = plant,
    ) -> None:
        fleet = vehicles or (TRUCK40_LOADED,)
        self.module = module
        self.dt_s = dt_s
        self.params = params_block(fleet)
        self.memory = plant.new_memory(self.params, dt_s)
        self.state = plant.new_state(len(fleet))
        self.state[:, plant.V] = v_mps
        self.inputs: Array = np.zeros((len(fleet), plant.INPUT_COLUMNS))
        self.road: Array = np.zeros((len(fleet), plant.ROAD_COLUMNS))
        self.road[:, plant.MU] = DRY

    def step(self) -> None:
        self.module.plant_step(
            self.state, self.inputs, self.params, self.road, self.memory, self.dt_s
        )

    def run(self, seconds: float, command: Callable[[float], None] | None = None) -> "Rig":
        """Step for `seconds`; `command` is called with the time before every step."""
        for tick in range(round(seconds / self.dt_s)):
            if command is not None:
                command(tick * self.dt_s)
            self.step()
        return self

    def see(self, column: int, row: int = 0) -> float:
        return float(self.state[row, column])


def plain_plant() -> ModuleType:
    """sim/plant.py loaded once more with its kernels, and those it calls, left as plain Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract.kernel, "kernel", lambda function: function)
        for module in (angles, kinematics):
            patch.setitem(sys.modules, module.__name__, _loaded_again(module))
        return _loaded_again(plant)


def _loaded_again(module: ModuleType) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plain_{module.__name__}", str(module.__file__))
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    return again
