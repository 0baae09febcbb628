"""What can go wrong on a vehicle: sensors, radio, brakes, steering, coupling, computer.

Each is a number put into a block of the fleet and taken out again; no agent, pilot or guard knows
of it but by what it measures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.errors import require
from sim import sensors as s
from sim.fault_kinds import KINDS
from sim.fleet import Fleet
from sim.plant import reciprocals
from sim.plant_params import (
    P_ACCEL_MAX_MPS2,
    P_BRAKE_EMERGENCY_MPS2,
    P_BRAKE_SERVICE_MPS2,
    P_ROLLING_RESISTANCE,
    P_STEER_RATE_MAX_RADPS,
)
from sim.radio import RADIO_LATE, RADIO_LOSS, RADIO_OUT
from sim.truth_columns import TRUTH_HUNG
from vehicle.pilot.columns import FIX_SINGLE, Array

STUCK_RADPS: Final = 1e-9
Block = Callable[[Fleet], Array]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind: which block and column, what is written there, and what its `value` means.

    share   True: the value is what is lost of the figure that stands there
    """

    block: Block
    columns: tuple[int, ...]
    usual: float
    unit: str
    share: bool = False


def _sensor(column: int, usual: float = 1.0, unit: str = "") -> Fault:
    return Fault(lambda fleet: fleet.faults, (column,), usual, unit)


def _radio(column: int, usual: float, unit: str) -> Fault:
    return Fault(lambda fleet: fleet.radio, (column,), usual, unit)


def _part(columns: tuple[int, ...], usual: float, unit: str, *, share: bool) -> Fault:
    return Fault(lambda fleet: fleet.params, columns, usual, unit, share)


FAULTS: Final[Mapping[str, Fault]] = {
    "gnss_outage": _sensor(s.FAULT_OUTAGE),
    "gnss_frozen": _sensor(s.FAULT_FROZEN),
    "gnss_step_east": _sensor(s.FAULT_STEP_X, 2.0, "m"),
    "gnss_step_north": _sensor(s.FAULT_STEP_Y, 2.0, "m"),
    "gnss_drift_east": _sensor(s.FAULT_DRIFT_X, 0.1, "m/s"),
    "gnss_drift_north": _sensor(s.FAULT_DRIFT_Y, 0.1, "m/s"),
    "gnss_single": _sensor(s.FAULT_FIX, FIX_SINGLE, "GGA quality"),
    "gnss_claims_rtk": Fault(
        lambda fleet: fleet.faults, (s.FAULT_FIX, s.FAULT_FLAG), FIX_SINGLE, "GGA quality"
    ),
    "gnss_noise": _sensor(s.FAULT_NOISE, 0.5, "m"),
    "gnss_late": _sensor(s.FAULT_LATENCY_S, 1.0, "s"),
    "heading_off": _sensor(s.FAULT_HEADING, 0.05, "rad"),
    "wheel_scale": _sensor(s.FAULT_WHEEL_SCALE, 0.02, "share"),
    "wheel_stuck": _sensor(s.FAULT_WHEEL_STUCK),
    "gyro_bias": _sensor(s.FAULT_GYRO_BIAS, 0.01, "rad/s"),
    "marker_missing": _sensor(s.FAULT_MARK_MISSING),
    "marker_moved": _sensor(s.FAULT_MARK_X, 2.0, "m"),
    "marker_moved_north": _sensor(s.FAULT_MARK_Y, 2.0, "m"),
    "hitch_off": _sensor(s.FAULT_HITCH, 0.1, "rad"),
    "hitch_stuck": _sensor(s.FAULT_HITCH_STUCK),
    "trailer_parted": _sensor(s.FAULT_UNCOUPLED),
    "radar_dead": _sensor(s.FAULT_RADAR_DEAD),
    "radar_frozen": _sensor(s.FAULT_RADAR_FROZEN),
    "radar_off": _sensor(s.FAULT_RADAR_OFFSET, 2.0, "m"),
    "beacon_loss": _radio(RADIO_LOSS, 1.0, "share"),
    "beacon_silence": _radio(RADIO_OUT, 1.0, ""),
    "beacon_late": _radio(RADIO_LATE, 4.0, "turns of 50 ms"),
    "brake_fade": _part((P_BRAKE_SERVICE_MPS2, P_BRAKE_EMERGENCY_MPS2), 0.5, "share", share=True),
    "steering_stuck": _part((P_STEER_RATE_MAX_RADPS,), STUCK_RADPS, "rad/s", share=False),
    "pilot_hung": Fault(lambda fleet: fleet.truth, (TRUTH_HUNG,), 1.0, ""),
    "drive_dead": _part((P_ACCEL_MAX_MPS2,), 1.0, "share", share=True),
    # Spring brakes hold a laden truck on 18 % (UN R13, parking brake): more than any drive gives.
    "air_lost": _part((P_ROLLING_RESISTANCE,), 0.18, "share of its weight", share=False),
}


class VehicleFaults:
    """Breaks vehicles of one fleet and mends them again."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._before: dict[tuple[str, str], Array] = {}

    def begin(self, kind: str, name: str, value: float) -> None:
        """Break a vehicle; `value` 0 is the usual size of this fault."""
        fault, i = FAULTS[kind], self._fleet.row[name]
        block, columns = fault.block(self._fleet), list(fault.columns)
        self._before.setdefault((kind, name), block[i, columns].copy())
        size = value or fault.usual
        block[i, columns] = block[i, columns] * (1.0 - size) if fault.share else np.float64(size)
        reciprocals(self._fleet.params, self._fleet.memory)

    def end(self, kind: str, name: str) -> None:
        """Mend it."""
        fault, i = FAULTS[kind], self._fleet.row[name]
        before = self._before.pop((kind, name), None)
        if before is not None:
            fault.block(self._fleet)[i, list(fault.columns)] = before
            reciprocals(self._fleet.params, self._fleet.memory)


require(tuple(FAULTS) == KINDS, "every kind of fault of a vehicle has its block, in the same order")
