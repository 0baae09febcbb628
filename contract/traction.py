"""Traction: which grade a truck climbs on this friction, on which it can start from standstill, and
what its heaviest axle weighs.

Pure. In: what a kind of truck drives with, its mass, the friction. Out: two grades. A stretch that
is too steep to start on may still be rolled up; one that is too steep to climb is not driven at
all, whatever the run-up. Truck and supervisor each ask for themselves. Not here: which road is
given (corridor/climbing.py), which authority is taken (vehicle/climbing.py).
    a_hi = min(a_cfg, F / m, lambda_d mu g) - c_rr g - g grade    at a crawl: neither power nor drag
Source: docs/vehicle.md section 2.7; figures are those of the vehicle kinds of sim/plant_params.py.
"""

import math
from dataclasses import dataclass
from typing import Final

from contract.errors import require
from contract.limits import FRICTION_DRY, FRICTION_WORST
from contract.map import CorridorMap
from contract.route import Route

GRAVITY_MPS2: Final = 9.81
START_SPARE_MPS2: Final = 0.10  # beyond grade and rolling: who starts with less may stay
CLIMB_SPARE_MPS2: Final = 0.02  # the same for who rolls already
TOUCH_M: Final = 0.01  # lanes that meet do not overlap


@dataclass(frozen=True, slots=True)
class Traction:
    """What a kind of truck pushes with.

    driven_share         of the weight on driven axles, the lesser of loaded and empty
    accel_max_mps2       what its drive is set to, on the level, at `full_kg`
    full_kg              gross mass of the truck fully loaded; beyond it the same force pushes more
    rolling_resistance   of the weight
    axle_full_kg         load of its heaviest axle at `full_kg`; 0: not said, all of its mass
    empty_kg, axle_empty_kg   gross mass of the empty truck, and that axle's load then
    """

    driven_share: float
    accel_max_mps2: float
    full_kg: float = 40e3
    rolling_resistance: float = 0.006
    axle_full_kg: float = 0.0
    empty_kg: float = 0.0
    axle_empty_kg: float = 0.0


@dataclass(frozen=True, slots=True)
class Climb:
    """Grades, rise over run: up to `start` a truck sets off from standstill, up to `climb` it
    rolls on.
    """

    start: float
    climb: float


@dataclass(frozen=True, slots=True)
class Slope:
    """A lane of a route: from and to along the route, metres, and its grade, uphill positive."""

    lane: str
    from_m: float
    to_m: float
    grade: float


# Shares, accelerations and masses as the plant has them.
TRACTION: Final = {
    "truck40": Traction(0.29, 0.8, axle_full_kg=11.6e3, empty_kg=15e3, axle_empty_kg=6e3),
    "agv65": Traction(0.5, 0.5, 65e3, 0.010, axle_full_kg=32.5e3),
}
# Nobody has said what truck it is: the worst of every kind.
CAUTIOUS: Final = Traction(
    min(each.driven_share for each in TRACTION.values()),
    min(each.accel_max_mps2 for each in TRACTION.values()),
    min(each.full_kg for each in TRACTION.values()),
    max(each.rolling_resistance for each in TRACTION.values()),
)


def heaviest_axle_kg(traction: Traction | None, mass_kg: float) -> int:
    """Load of this truck's heaviest axle, in kilograms, rounded up: in proportion between empty and
    full, and beyond.

    traction   None: not known, the heaviest of every kind
    mass_kg    of tractor, trailer and load; 0: not known, full is assumed
    Source: shares of the weight on driven axles, docs/vehicle.md section 2.7; a trailer's axles, of
    which there are three, bear less each.
    """
    if traction is None:
        return max(heaviest_axle_kg(each, mass_kg) for each in TRACTION.values())
    full_kg, mass = traction.full_kg, mass_kg if mass_kg > 0.0 else traction.full_kg
    if not traction.axle_full_kg:
        return math.ceil(mass)
    slope = (traction.axle_full_kg - traction.axle_empty_kg) / (full_kg - traction.empty_kg)
    light_kg = max(mass, traction.empty_kg) - traction.empty_kg
    return math.ceil(traction.axle_empty_kg + slope * light_kg - 1e-6)


def climb_of(traction: Traction, mass_kg: float, mu: float) -> Climb:
    """Grades that this truck climbs and starts on.

    mass_kg   of tractor, trailer and load; 0: not known, full is assumed
    mu        friction; 0: not known, the worst is assumed; more than dry is not counted on
    """
    grip = min(mu, FRICTION_DRY) if mu > 0.0 else FRICTION_WORST
    drive = traction.accel_max_mps2 * min(1.0, traction.full_kg / max(mass_kg, 1.0))
    push = min(drive, traction.driven_share * grip * GRAVITY_MPS2)
    spare = push - traction.rolling_resistance * GRAVITY_MPS2
    return Climb(
        (spare - START_SPARE_MPS2) / GRAVITY_MPS2, (spare - CLIMB_SPARE_MPS2) / GRAVITY_MPS2
    )


def slopes(route: Route, corridor: CorridorMap) -> tuple[Slope, ...]:
    """The lanes of a route with their grades, as the map has them.

    The route's own table tells the lowest grade, for brakes; whoever climbs asks for the highest.
    """
    ends = (*route.starts_m[1:], route.length_m)
    return tuple(
        Slope(lane, start_m, end_m, corridor.lanes[lane].grade)
        for lane, start_m, end_m in zip(route.lanes, route.starts_m, ends, strict=True)
    )


def steeper(road: tuple[Slope, ...], from_m: float, to_m: float, grade: float) -> Slope | None:
    """The first lane between two places, metres along the route, that rises more than `grade`."""
    for slope in road:
        inside = slope.from_m < to_m - TOUCH_M and slope.to_m > from_m + TOUCH_M
        if inside and slope.grade > grade:
            return slope
    return None


require(
    all(
        each.axle_full_kg / each.full_kg >= each.driven_share - 1e-9
        and each.axle_empty_kg >= each.driven_share * each.empty_kg
        for each in TRACTION.values()
    ),
    "a driven axle bears at least the share that drives it",
)
require(CLIMB_SPARE_MPS2 < START_SPARE_MPS2, "who rolls needs less than who starts")
