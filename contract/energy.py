"""Energy: what driving and keeping warm take from a battery, and what a way needs at the worst.

Pure. In: what a kind of truck drives with, its mass, the temperature of the air, a route. Out:
watts, joules and watt-hours. Truck and supervisor reckon the same need, each for itself; the
simulator plays a body by the same forces (sim/battery.py). Not here: who must charge
(corridor/charging.py), how warm the cargo is kept.
    force = m g (c_rr(T) cos a + sin a) + rho(T) CdA v^2 / 2
    c_rr(T) = c_rr / (1 + 0.006 (T - 25))       ISO 28580:2009, tyres of load index above 121
    rho(T) = p / (287.05 (T + 273.15))          dry air at the height of the post
    from the battery: force v / eta + base + heat (10 - T)
Figures and what of them is assumed: docs/fleet.md. Checked in tests/contract/test_energy.py.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.errors import require
from contract.route import GRADE, V_MAX, Route, S

GRAVITY_MPS2: Final = 9.81
AIR_PASCAL: Final = 96_000.0  # at 450 m above the sea
GAS_J_PER_KG_K: Final = 287.05
ZERO_C_K: Final = 273.15
TYRES_PER_K: Final = 0.006  # ISO 28580
TYRES_AT_C: Final = 25.0
HEATED_TO_C: Final = 10.0  # battery and sensors; there is no cab
WARM_C: Final = 20.0
CAPACITY_LOST_PER_K: Final = 0.006  # of the capacity at 20 C, below it
CHARGE_FULL_C: Final = 10.0  # from here on it takes what the charger gives
CHARGE_LOST_PER_K: Final = 0.015
LEAST_SHARE: Final = 0.3  # neither falls below, however cold
COLDEST_C, HOTTEST_C = -50.0, 50.0
PACE: Final = 0.5  # of the speed allowed: how slowly a way is driven at the worst
J_PER_WH: Final = 3_600.0
require(1.0 + TYRES_PER_K * (COLDEST_C - TYRES_AT_C) > 0.5, "tyres in the cold have a law")


@dataclass(frozen=True, slots=True)
class Drivetrain:
    """What a truck takes from its battery.

    capacity_wh          at 20 C and above, from full to where it switches off
    rolling_resistance   of the weight, at 25 C;   drag_area_m2   drag coefficient times area
    drive, recovered     share of the battery's energy that comes to the wheels when driving, and of
                         the wheels' that comes back when braking
    base_w               computers, sensors, pumps;   heat_w_per_k   below 10 C
    """

    capacity_wh: float = 282_000.0
    rolling_resistance: float = 0.006
    drag_area_m2: float = 6.0
    drive: float = 0.85
    recovered: float = 0.55
    base_w: float = 1_500.0
    heat_w_per_k: float = 50.0


@dataclass(frozen=True, slots=True)
class Need:
    """What a way needs at the worst: so much whatever the truck weighs, and so much a tonne."""

    fixed_wh: float
    per_tonne_wh: float

    def of(self, mass_kg: float) -> float:
        """Watt-hours of a truck of this mass."""
        return self.fixed_wh + self.per_tonne_wh * mass_kg / 1_000.0


def rolling(drivetrain: Drivetrain, air_c: float) -> float:
    """Rolling resistance in this cold."""
    return drivetrain.rolling_resistance / (1.0 + TYRES_PER_K * (air_c - TYRES_AT_C))


def drag_kg_per_m(drivetrain: Drivetrain, air_c: float) -> float:
    """What the square of the speed is multiplied by to give the force of the air."""
    density = AIR_PASCAL / (GAS_J_PER_KG_K * (air_c + ZERO_C_K))
    return 0.5 * density * drivetrain.drag_area_m2


def aside_w(drivetrain: Drivetrain, air_c: float) -> float:
    """What is taken whether it drives or not."""
    return drivetrain.base_w + drivetrain.heat_w_per_k * max(0.0, HEATED_TO_C - air_c)


def capacity_wh(drivetrain: Drivetrain, air_c: float) -> float:
    """What a full battery gives in this cold."""
    share = 1.0 - CAPACITY_LOST_PER_K * max(0.0, WARM_C - air_c)
    return drivetrain.capacity_wh * max(LEAST_SHARE, share)


def accepted_share(air_c: float) -> float:
    """Which share of a charger's power the battery takes in this cold."""
    return max(LEAST_SHARE, 1.0 - CHARGE_LOST_PER_K * max(0.0, CHARGE_FULL_C - air_c))


def need_of(drivetrain: Drivetrain, route: Route, air_c: float) -> Need:
    """What a way needs at the worst: at the speed limit against the air, at half of it in time,
    stopping once in every zone, and with nothing won back.
    """
    table = route.table
    along_m = np.diff(table[:, S])
    speed_mps, grade = table[:-1, V_MAX], table[:-1, GRADE]
    climb = np.maximum(0.0, grade + rolling(drivetrain, air_c))
    of_mass = GRAVITY_MPS2 * float(np.sum(climb * along_m))  # joules a kilogram
    for _, from_m, to_m in route.zone_spans:
        inside = (table[:, S] >= from_m) & (table[:, S] <= to_m)
        of_mass += 0.5 * float(np.max(table[inside, V_MAX], initial=0.0)) ** 2
    drag_j = drag_kg_per_m(drivetrain, air_c) * float(np.sum(speed_mps**2 * along_m))
    lasts_s = float(np.sum(along_m / (PACE * np.maximum(speed_mps, 1.0))))
    aside_j = aside_w(drivetrain, air_c) * lasts_s
    return Need(
        (drag_j / drivetrain.drive + aside_j) / J_PER_WH,
        1_000.0 * of_mass / drivetrain.drive / J_PER_WH,
    )
