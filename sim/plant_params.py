"""Vehicle parameters of the plant: one frozen record a vehicle kind, one array row a vehicle.

Every number carries its source: [S] a public source, [C] computed, [M] general knowledge,
[P] a choice of this project.
Not here: the motion (sim/plant.py); what pilot and guard believe about the truck (vehicle/): they
assume less braking than the plant has, on purpose.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import require

Array = npt.NDArray[np.float64]

GRAVITY_MPS2: Final = 9.81
AIR_DENSITY_KGPM3: Final = 1.2

KIND_ARTICULATED: Final = 0.0  # tractor and semi-trailer
KIND_FOUR_WHEEL_STEERED: Final = 1.0  # AGV, both axles steered, no trailer

# Columns of the parameter block, in the order of the fields of `VehicleParams` (checked at import).
P_KIND: Final = 0
P_WHEELBASE_M: Final = 1
P_REFERENCE_AHEAD_M: Final = 2
P_REAR_STEER_RATIO: Final = 3
P_FRONT_OVERHANG_M: Final = 4
P_REAR_OVERHANG_M: Final = 5
P_WIDTH_M: Final = 6
P_TRAILER_M: Final = 7
P_HITCH_OFFSET_M: Final = 8
P_TRAILER_FRONT_OVERHANG_M: Final = 9
P_TRAILER_REAR_OVERHANG_M: Final = 10
P_TRAILER_WIDTH_M: Final = 11
P_STEER_MAX_RAD: Final = 12
P_STEER_RATE_MAX_RADPS: Final = 13
P_STEER_LAG_S: Final = 14
P_STEER_DEAD_TIME_S: Final = 15
P_DRIVE_LAG_S: Final = 16
P_DRIVE_DEAD_TIME_S: Final = 17
P_BRAKE_LAG_S: Final = 18
P_BRAKE_DEAD_TIME_S: Final = 19
P_JERK_SERVICE_MPS3: Final = 20
P_JERK_EMERGENCY_MPS3: Final = 21
P_ACCEL_MAX_MPS2: Final = 22
P_BRAKE_SERVICE_MPS2: Final = 23
P_BRAKE_EMERGENCY_MPS2: Final = 24
P_WHEEL_POWER_W: Final = 25
P_MASS_KG: Final = 26
P_DRIVEN_SHARE: Final = 27
P_BRAKE_UTILISATION: Final = 28
P_DRAG_AREA_M2: Final = 29
P_ROLLING_RESISTANCE: Final = 30
P_HITCH_MAX_RAD: Final = 31
PARAM_COLUMNS: Final = 32


@dataclass(frozen=True, kw_only=True)
class VehicleParams:
    """One vehicle's physics. Field order is column order."""

    kind: float  # KIND_ARTICULATED or KIND_FOUR_WHEEL_STEERED
    wheelbase_m: float  # L1
    reference_ahead_m: float  # reference point (X, Y of the state) ahead of the rear axle
    rear_steer_ratio: float  # AGV: rear angle = -ratio * front; 1 tight turn, -1 crab, 0 front only
    front_overhang_m: float  # front bumper ahead of the front axle
    rear_overhang_m: float  # rear end of the tractor behind its rear axle
    width_m: float
    trailer_m: float  # L2, fifth wheel to equivalent trailer axle
    hitch_offset_m: float  # c, fifth wheel ahead of the tractor's rear axle
    trailer_front_overhang_m: float  # trailer body ahead of the fifth wheel
    trailer_rear_overhang_m: float  # trailer body behind the equivalent axle
    trailer_width_m: float
    steer_max_rad: float
    steer_rate_max_radps: float
    steer_lag_s: float
    steer_dead_time_s: float
    drive_lag_s: float
    drive_dead_time_s: float
    brake_lag_s: float
    brake_dead_time_s: float
    jerk_service_mps3: float
    jerk_emergency_mps3: float
    accel_max_mps2: float  # a_cfg
    brake_service_mps2: float  # b_cfg without EMERGENCY, a positive number
    brake_emergency_mps2: float  # b_cfg with EMERGENCY or the parking brake, a positive number
    wheel_power_w: float  # eta P, at the wheels
    mass_kg: float
    driven_share: float  # lambda_d, share of the weight on driven axles
    brake_utilisation: float  # eta_b, share of the friction that the ABS uses
    drag_area_m2: float  # CdA
    rolling_resistance: float  # c_rr
    hitch_max_rad: float  # the trailer jams against the tractor at this hitch angle

    def row(self) -> Array:
        """The record as one row of the parameter block, shape (PARAM_COLUMNS,)."""
        return np.array(astuple(self), dtype=np.float64)


require(
    {f"P_{field.name.upper()}": column for column, field in enumerate(fields(VehicleParams))}
    == {name: column for name, column in globals().items() if name.startswith("P_")},
    "plant parameters: fields and columns are out of step",
)

# EU semi-trailer of 13.6 m: 1.6 + 8.1 + 3.9; straight length 1.4 + 3.6 - 0.5 + 8.1 + 3.9 = 16.5 m.
TRUCK40_LOADED: Final = VehicleParams(
    kind=KIND_ARTICULATED,
    wheelbase_m=3.6,  # [S] KST set
    reference_ahead_m=0.0,
    rear_steer_ratio=0.0,
    front_overhang_m=1.4,  # [C] swept-width table
    rear_overhang_m=0.9,  # [M]
    width_m=2.55,  # [S] KST set
    trailer_m=8.1,  # [S] KST set
    hitch_offset_m=0.5,  # [M]
    trailer_front_overhang_m=1.6,  # [C] 13.6 m body
    trailer_rear_overhang_m=3.9,  # [C] 13.6 m body, 12.0 m behind the king pin
    trailer_width_m=2.55,  # [S]
    steer_max_rad=0.55,  # [S] KST set
    steer_rate_max_radps=0.35,  # [P]
    steer_lag_s=0.30,  # [P]
    steer_dead_time_s=0.10,  # [P]
    drive_lag_s=0.5,  # [S] Plexe default
    drive_dead_time_s=0.2,  # [S]
    brake_lag_s=0.35,  # [P]
    brake_dead_time_s=0.2,  # [P]
    jerk_service_mps3=1.0,  # [P]
    jerk_emergency_mps3=5.0,  # [P]
    accel_max_mps2=0.8,  # [C]
    brake_service_mps2=2.0,  # [P]
    brake_emergency_mps2=5.0,  # [S] UN R13; the guard assumes 4.0
    wheel_power_w=0.85 * 350e3,  # [C] gives 0.83 m/s2 at 30 km/h
    mass_kg=40e3,
    driven_share=0.29,  # [M] 11.5 t of 40 t, 4x2
    brake_utilisation=0.85,  # [M]
    drag_area_m2=6.0,  # [M]
    rolling_resistance=0.006,  # [M]
    hitch_max_rad=1.0471975511965976,  # [P] 60 degrees
)
TRUCK40_EMPTY: Final = replace(
    TRUCK40_LOADED,
    mass_kg=15e3,
    drive_lag_s=0.4,  # [S]
    brake_lag_s=0.3,  # [P]
    accel_max_mps2=1.2,  # [C]
    brake_emergency_mps2=6.0,  # [P] 5.0 to 7.0
    driven_share=0.40,  # [M]
)
# The reference point is the middle between the axles: with opposite steering it moves along PSI,
# as the rear axle of a tractor with half the wheelbase would.
AGV65: Final = VehicleParams(
    kind=KIND_FOUR_WHEEL_STEERED,
    wheelbase_m=8.0,  # [M]
    reference_ahead_m=4.0,
    rear_steer_ratio=1.0,
    front_overhang_m=3.4,  # [M] 14.8 m long, symmetrical
    rear_overhang_m=3.4,
    width_m=3.0,  # [M]
    trailer_m=0.0,
    hitch_offset_m=0.0,
    trailer_front_overhang_m=0.0,
    trailer_rear_overhang_m=0.0,
    trailer_width_m=0.0,
    steer_max_rad=0.45,  # [M] each axle
    steer_rate_max_radps=0.35,  # [P]
    steer_lag_s=0.20,  # [P]
    steer_dead_time_s=0.05,  # [P]
    drive_lag_s=0.25,  # [P]
    drive_dead_time_s=0.1,  # [P]
    brake_lag_s=0.15,  # [P]
    brake_dead_time_s=0.1,  # [P]
    jerk_service_mps3=0.7,  # [P]
    jerk_emergency_mps3=3.0,  # [P]
    accel_max_mps2=0.5,  # [P]
    brake_service_mps2=1.0,  # [P]
    brake_emergency_mps2=2.5,  # [P] 2.0 to 3.0
    wheel_power_w=300e3,  # [P] enough for 0.5 m/s2 at 25 km/h
    mass_kg=65e3,
    driven_share=0.5,  # [P] one axle line of two
    brake_utilisation=0.85,  # [M]
    drag_area_m2=8.0,  # [M]
    rolling_resistance=0.010,  # [M]
    hitch_max_rad=1.0,  # no trailer: never reached
)
VEHICLES: Final = {
    "truck40": TRUCK40_LOADED,
    "truck40_empty": TRUCK40_EMPTY,
    "agv65": AGV65,
}
AXLES: Final = {"truck40": 5, "agv65": 6}  # [M] 2 of the tractor and 3 of the trailer; 65 t on 6


def params_block(vehicles: Sequence[VehicleParams]) -> Array:
    """Parameter block of a fleet, shape (n, PARAM_COLUMNS)."""
    return np.array([astuple(vehicle) for vehicle in vehicles], dtype=np.float64).reshape(
        len(vehicles), PARAM_COLUMNS
    )


def front_offset(params: Array) -> Array:
    """Distance from the reference point (X, Y) forward to the front bumper, metres.

    params   (..., PARAM_COLUMNS): one row or a block; the result drops the last axis
    """
    offset: Array = (
        params[..., P_WHEELBASE_M]
        - params[..., P_REFERENCE_AHEAD_M]
        + params[..., P_FRONT_OVERHANG_M]
    )
    return offset


def rear_offset(params: Array) -> Array:
    """Distance from the reference point back to the rear end of the straight vehicle, metres."""
    tractor = params[..., P_REFERENCE_AHEAD_M] + params[..., P_REAR_OVERHANG_M]
    trailer = (
        params[..., P_TRAILER_M]
        + params[..., P_TRAILER_REAR_OVERHANG_M]
        - params[..., P_HITCH_OFFSET_M]
    )
    has_trailer = params[..., P_KIND] == KIND_ARTICULATED
    offset: Array = np.where(has_trailer, np.maximum(tractor, trailer), tractor)
    return offset


def straight_length(params: Array) -> Array:
    """Bumper to rear end with the trailer straight, metres: 16.5 for truck40, 14.8 for agv65."""
    return front_offset(params) + rear_offset(params)
