"""What the vehicle's agent hears from its body and what it may order: values only.

`Drive` and `SetGuard` carry the route itself, so that a shell needs to know nothing but how to hand
arrays to the kernels.
"""

from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from contract.limits import FRICTION_WORST, SIGHT_WORST_M
from contract.route import Route
from vehicle.guard import GuardRow
from vehicle.pilot.columns import AGE_NEVER, NO_GAP_M

LEVEL_RADAR: Final = 2  # rung of the pilot's ladder on which no beacon counts


class VehicleReading(Struct, frozen=True):
    """The body's word. Metres along the path of the newest drive order; map frame for the pose.

    milestones     bits of vehicle.pilot.columns.MILE_*, since the last reading
    known          False before the sensors have said anything: nothing else in it counts then
    gap_m          radar, bumper to bumper; NO_GAP_M: nothing in range
    closing_mps    how fast that gap shrinks
    beacon_age_s   of the newest beacon of the predecessor that the order names; AGE_NEVER: none
    seal_broken    the navigation seal says that it was opened
    charge_wh      what the battery gives until it is empty, as cold as it is; None: not told
    plugged        it stands at a charger that is coupled;  air_c   temperature of the air
    level          rung of the pilot's ladder, 0 (beacons fresh) to 4 (braking at once)
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
    gap_m: float = NO_GAP_M
    closing_mps: float = 0.0
    beacon_age_s: float = AGE_NEVER
    level: int = LEVEL_RADAR
    seal_broken: bool = False
    charge_wh: float | None = None
    plugged: bool = False
    air_c: float = 20.0


@dataclass(frozen=True, slots=True)
class Drive:
    """Drive along `route` up to `end_m`; tell when the rear has passed `clear_m` (0: never).

    predecessor   whose beacons are to be listened to, "" for nobody's
    member        True: they count; False: they are only heard, and the gap is kept by radar
    brake_mps2    plan with no more than this service brake, for those behind; 0: with our own
    mu, sight_m   friction and visibility to reckon with
    """

    route: Route
    generation: int
    end_m: float
    speed_max_mps: float
    clear_m: float
    headway_s: float
    standstill_m: float
    predecessor: str = ""
    member: bool = False
    brake_mps2: float = 0.0
    mu: float = FRICTION_WORST
    sight_m: float = SIGHT_WORST_M
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


@dataclass(frozen=True, slots=True)
class Charge:
    """Take charge from the charger that is coupled, or take none."""

    on: bool
    makes_safer: bool = False


VehicleCommand = Drive | SetGuard | Rest | ClearTrip | Charge
