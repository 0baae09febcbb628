"""convoy-vehicle: the program of one truck.

Composition: the vehicle's agent, the truck's body, the live shell. Not here: decisions.
"""

import secrets
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import numpy as np
from msgspec import Meta, Struct

from contract.agent import Role
from contract.energy import Drivetrain
from contract.errors import ConfigError
from contract.limits import PILOT_PERIOD_MS, VEHICLE_LENGTH_M_MAX
from contract.traction import Traction
from live.body import BodyLink
from live.config import ProgramConfig
from live.program import ProgramSpec, Setting, run_program
from vehicle.agent import VehicleAgent
from vehicle.cli.body import TruckBody
from vehicle.config import VehicleConfig
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array

LIFE_BYTES: Final = 8
LOOP_DELAY_S: Final = (
    2 * PILOT_PERIOD_MS / 1_000.0
)  # a frame is up to one turn old, and so a command
Length = Annotated[float, Meta(gt=0.0, le=VEHICLE_LENGTH_M_MAX)]
Angle = Annotated[float, Meta(gt=0.0, lt=1.5)]
Rate = Annotated[float, Meta(gt=0.0, le=12.0)]
Delay = Annotated[float, Meta(ge=0.0, le=5.0)]
Trailer = Annotated[float, Meta(ge=-2.0, le=VEHICLE_LENGTH_M_MAX)]
Share = Annotated[float, Meta(gt=0.0, le=1.0)]


class TruckSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[truck]: what pilot and guard believe of their truck; no defaults, it must be said.

    length_m            bumper to bumper with trailer, coupled and straight
    front_ahead_m       front bumper ahead of the tractor's rear axle
    wheelbase_m         tractor; an AGV with both axles steered: half
    steer_max_rad       largest road-wheel angle
    accel_max_mps2      drive;  brake_service_mps2   brake used in service
    brake_assured_mps2  emergency brake that is there even loaded, downhill and worn
    brake_delay_s       from the command to when it begins to give;  brake_jerk_mps3   how fast it
                        builds up from there
    trailer_m           fifth wheel to trailer axle, 0 without trailer
    hitch_ahead_m       fifth wheel ahead of the rear axle
    ..._lag_s, ..._dead_s   how actuators follow: first-order lag after a dead time
    steer_rate_radps, jerk_mps3   how fast they may be moved;  driven_share   of the weight
    """

    length_m: Length
    front_ahead_m: Length
    wheelbase_m: Length
    steer_max_rad: Angle
    accel_max_mps2: Rate
    brake_service_mps2: Rate
    brake_assured_mps2: Rate
    brake_delay_s: Delay
    width_m: Length
    trailer_m: Trailer
    hitch_ahead_m: Trailer
    steer_lag_s: Delay
    steer_dead_s: Delay
    steer_rate_radps: Rate
    drive_lag_s: Delay
    drive_dead_s: Delay
    brake_lag_s: Delay
    brake_dead_s: Delay
    jerk_mps3: Rate
    brake_jerk_mps3: Rate
    driven_share: Share


class BatterySection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[battery]: what the truck reckons with; without it charge is not looked at.

    capacity_kwh   from full to empty at 20 degrees;  rolling_resistance   of the weight, at 25
    drag_area_m2   drag coefficient times area
    """

    capacity_kwh: Annotated[float, Meta(gt=0.0, le=5_000.0)]
    rolling_resistance: Annotated[float, Meta(gt=0.0, le=0.1)] = 0.006
    drag_area_m2: Annotated[float, Meta(gt=0.0, le=20.0)] = 6.0


class TruckProgram(ProgramConfig, frozen=True, kw_only=True):
    """The common sections, [truck] and [battery]."""

    truck: TruckSection
    battery: BatterySection | None = None


def drivetrain(battery: BatterySection | None) -> Drivetrain | None:
    """[battery] as the agent takes it."""
    if battery is None:
        return None
    capacity_wh = 1_000.0 * battery.capacity_kwh
    return Drivetrain(capacity_wh, battery.rolling_resistance, battery.drag_area_m2)


def truck_row(truck: TruckSection) -> Array:
    """[truck] as the one row of TRUCK_* columns."""
    row = np.zeros((1, c.TRUCK_COLUMNS))
    for column, name in c.TRUCK_FIGURES:
        row[0, column] = getattr(truck, name)
    row[0, c.TRUCK_DELAY] += LOOP_DELAY_S
    row[0, c.TRUCK_BUILD_UP] = 0.5 * truck.brake_assured_mps2 / truck.brake_jerk_mps3
    return row


def check(setting: Setting[TruckProgram]) -> None:
    """What the types cannot say. Raises ConfigError."""
    setting.must_be(Role.VEHICLE)
    setting.peer(Role.SUPERVISOR)
    truck = setting.config.truck
    if truck.front_ahead_m >= truck.length_m:
        raise ConfigError(
            f"truck.front_ahead_m = {truck.front_ahead_m}:"
            f" expected less than truck.length_m = {truck.length_m}"
        )
    if truck.brake_assured_mps2 < truck.brake_service_mps2:
        raise ConfigError(
            f"truck.brake_assured_mps2 = {truck.brake_assured_mps2}:"
            f" expected at least truck.brake_service_mps2 = {truck.brake_service_mps2}"
        )
    missing = sorted(set(setting.map.gates) - set(setting.config.peers))
    if missing:
        raise ConfigError(f"peers: no address of {', '.join(missing)}, which are gates of the map")
    if setting.config.body.address is None or setting.config.body.public_key is None:
        raise ConfigError("body: address and public_key are missing; a truck needs its hardware")


def build_agent(setting: Setting[TruckProgram]) -> VehicleAgent:
    truck = setting.config.truck
    config = VehicleConfig(
        setting.name,
        setting.peer(Role.SUPERVISOR),
        truck.length_m,
        truck.front_ahead_m,
        truck.brake_service_mps2,
        Traction(truck.driven_share, truck.accel_max_mps2),
        drivetrain(setting.config.battery),
    )
    return VehicleAgent(config, setting.keys.signer, setting.roster, setting.map)


def build_body(setting: Setting[TruckProgram]) -> TruckBody:
    link = BodyLink.from_config(setting.config.body, setting.keys)
    return TruckBody(link, truck_row(setting.config.truck), secrets.token_bytes(LIFE_BYTES))


SPEC: Final = ProgramSpec(
    name="convoy-vehicle",
    summary="The program of one driverless truck: missions, authorities, permits; pilot and guard.",
    config_type=TruckProgram,
    build_agent=build_agent,
    build_body=build_body,
    check=check,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return run_program(SPEC, argv)


if __name__ == "__main__":
    sys.exit(main())
