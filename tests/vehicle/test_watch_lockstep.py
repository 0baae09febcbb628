"""The guard's kernel compiled and plain: the same bits, to 1e-12 a step. (vital)"""

import math
from typing import Final

import numpy as np

from contract.kernel import plain
from tests.vehicle.watched import MU, a_path, a_truck_row, interpreted
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.watch.turn import guard_turn

TRUCKS: Final = 40
TURNS: Final = 60
PATHS: Final = np.stack(
    [
        a_path(grades=[0.0] * 80 + [-0.06] * 90 + [0.03]),
        a_path(radius_m=60.0, mus=[MU] * 120 + [0.1] * 40 + [MU]),
    ]
)
ROWS: Final = np.full(2, PATHS.shape[1], np.int64)


def draw_inputs(draw: np.random.Generator, sensors: Array, row: Array, command: Array) -> None:
    """The next turn of every truck: mostly sound, at times wild, late, dead or no number."""
    n = len(sensors)
    sensors[:, c.SENSE_V] = np.clip(sensors[:, c.SENSE_V] + draw.normal(0, 0.3, n), -0.5, 13.0)
    s = np.clip(row[:, c.GUARD_END] - draw.uniform(-2, 90, n), 0, 290)
    for i in range(n):
        path = PATHS[int(row[i, c.GUARD_PATH])]
        for column, of in (
            (c.SENSE_X, c.PATH_X), (c.SENSE_Y, c.PATH_Y), (c.SENSE_PSI, c.PATH_PSI)
        ):  # fmt: skip
            sensors[i, column] = path[int(s[i]), of] + draw.normal(0, 0.2)
    sensors[:, c.SENSE_FIX] = draw.choice([c.FIX_RTK_FIXED, c.FIX_SINGLE], n, p=[0.9, 0.1])
    sensors[:, c.SENSE_FIX_NEW] = draw.integers(0, 2, n)
    sensors[:, c.SENSE_MARK] = draw.random(n) < 0.1
    sensors[:, c.SENSE_MARK_X : c.SENSE_MARK_Y + 1] = sensors[:, c.SENSE_X : c.SENSE_Y + 1]
    sensors[:, c.SENSE_GAP] = np.where(draw.random(n) < 0.5, c.NO_GAP_M, draw.uniform(0, 60, n))
    sensors[:, c.SENSE_CLOSING] = draw.normal(0, 2, n)
    sensors[:, c.SENSE_RADAR] = draw.random(n) < 0.97
    sensors[:, c.SENSE_COUPLED] = draw.random(n) < 0.995
    row[:, c.GUARD_ACTIVE] = draw.random(n) < 0.95
    row[:, c.GUARD_GENERATION] += draw.random(n) < 0.03
    command[:, c.COMMAND_ACCEL] = draw.uniform(-5, 1.2, n)
    command[:, c.COMMAND_STEER] += draw.normal(0, 0.05, n)
    command[:, c.COMMAND_PARK] = draw.random(n) < 0.1
    command[:, c.COMMAND_EMERGENCY] = 0.0
    command[:, c.COMMAND_TURN] += draw.random(n) < 0.9
    sensors[draw.random(n) < 0.005, c.SENSE_PSI] = math.nan
    command[draw.random(n) < 0.01, c.COMMAND_STEER] = math.nan


def test_compiled_and_plain_guard_agree_in_lockstep() -> None:
    """Kernel rule: whatever comes in, turn by turn, latches released now and then."""
    draw = np.random.default_rng(11)
    sensors = np.zeros((TRUCKS, c.SENSOR_COLUMNS))
    sensors[:, c.SENSE_V] = draw.uniform(0, 12, TRUCKS)
    row = np.zeros((TRUCKS, c.GUARD_COLUMNS))
    row[:, c.GUARD_PATH] = np.arange(TRUCKS) % 2
    row[:, c.GUARD_GENERATION] = 1.0
    row[:, c.GUARD_END] = draw.uniform(100, 280, TRUCKS)
    row[:, c.GUARD_OVERLAP] = draw.choice([2.0, 5.0], TRUCKS)
    row[:, c.GUARD_MU] = draw.choice([MU, 0.2, 0.05], TRUCKS)
    truck = np.tile(a_truck_row(), (TRUCKS, 1))
    truck[::5, c.TRUCK_TRAILER] = 0.0
    state, command = np.zeros((TRUCKS, c.WATCH_COLUMNS)), np.zeros((TRUCKS, c.COMMAND_COLUMNS))
    seen = set()
    for number in range(TURNS):
        draw_inputs(draw, sensors, row, command)
        sides = []
        for compiled in (True, False):
            block, out, miles = state.copy(), command.copy(), np.zeros(TRUCKS, np.int64)
            arrays = (PATHS, ROWS, sensors, row, truck, block, out, miles)
            if compiled:
                guard_turn(*arrays)
            else:
                with interpreted():
                    plain(guard_turn)(*arrays)
            sides.append((block, out, miles))
        (state, command, miles), (plain_state, plain_command, plain_miles) = sides
        assert np.abs(state - plain_state).max() <= 1e-12
        assert np.abs(command - plain_command).max() <= 1e-12
        assert (miles == plain_miles).all()
        seen |= set(state[:, c.WATCH_CAUSE].astype(int).tolist())
        if number % 8 == 7:
            state[:, c.WATCH_TRIPPED] = 0.0
            sensors[::2, c.SENSE_V] = 0.0
    assert len(seen) >= 8
