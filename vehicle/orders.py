"""What the vehicle's agent hears from its body and what it may order: values only.

`Drive` and `SetGuard` carry the route itself, so that a shell needs to know nothing but how to hand
arrays to the kernels.
"""

from dataclasses import dataclass

from contract.route import Route
from vehicle.guard import GuardRow


@dataclass(frozen=True, slots=True)
class VehicleReading:
    """The body's word. Metres along the path of the newest drive order; map frame for the pose.

    milestones   bits of vehicle.pilot.columns.MILE_*, since the last reading
    known        False before the sensors have said anything: nothing else in it counts then
    """

    x_m: float
    y_m: float
    psi_rad: float
    speed_mps: float
    front_m: float
    on_path: bool
    milestones: int
    trip_cause: int
    trailer_coupled: bool = True
    known: bool = True


@dataclass(frozen=True, slots=True)
class Drive:
    """Drive along `route` up to `end_m`; tell when the rear has passed `clear_m` (0: never)."""

    route: Route
    generation: int
    end_m: float
    speed_max_mps: float
    clear_m: float
    headway_s: float
    standstill_m: float
    makes_safer: bool = False


@dataclass(frozen=True, slots=True)
class SetGuard:
    """Give the guard's kernel its row; None means rest."""

    route: Route | None
    generation: int
    row: GuardRow | None
    makes_safer: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """Brake to standstill and hold: no order is in force."""

    emergency: bool = False
    makes_safer: bool = True


@dataclass(frozen=True, slots=True)
class ClearTrip:
    """Unlatch the guard after an authorised release at standstill."""

    makes_safer: bool = False


VehicleCommand = Drive | SetGuard | Rest | ClearTrip
