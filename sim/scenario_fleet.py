"""[fleet] of a scenario: trucks, their batteries, brakes, trailers and breakdowns.

Every part is off unless the scenario asks for it. Figures and assumptions: docs/fleet.md. Not here:
what a battery does (battery.py), what a terminal does with trucks (terminal.py, yard.py).
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.energy import Drivetrain
from contract.errors import ConfigError
from corridor.charging import ChargingConfig
from sim.distributions import parse_distribution
from sim.scenario_types import Duration, Few, Service, Share

Kilowatts = Annotated[float, Meta(gt=0.0, le=5_000.0)]
KilowattHours = Annotated[float, Meta(gt=0.0, le=5_000.0)]
Hours = Annotated[float, Meta(gt=0.0, le=1e6)]
People = Annotated[int, Meta(ge=1, le=100)]
SIDES: Final = ("KZ", "CN")


class BatterySection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[fleet.battery]: trucks run on batteries; what [weather] temperature_c does to them counts.

    chargers   berths that have one;  charger_kw   power of each
    start_least, start_most   between these shares of a full battery each truck begins
    reserve    share of a full battery that the supervisor never plans with
    """

    chargers: list[str]
    capacity_kwh: KilowattHours = 282.0
    charger_kw: Kilowatts = 250.0
    start_least: Share = 0.6
    start_most: Share = 1.0
    reserve: Share = 0.2


class BrakesSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[fleet.brakes]: the test before each departure, and the mechanics of each side.

    failing   share of tests that are not passed;  way   of a mechanic to the truck
    """

    test: Service = "triangular:2min,3min,5min"
    failing: Share = 0.02
    way: Service = "triangular:3min,5min,10min"
    repair: Service = "lognormal:40min,0.5"
    mechanics: People = 1


class SwapSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[fleet.swap]: drop-and-hook - a truck leaves its trailer and takes one loaded in advance.

    trailers   that stand ready at each side at the start, beside those of the trucks
    swap       time to drop the one and hook the other
    """

    trailers: Annotated[int, Meta(ge=1, le=500)] = 2
    swap: Service = "triangular:3min,4min,6min"


class BreakdownSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[fleet.breakdowns]: drives that die under way, once in so many hours of driving on average.

    They are recovered as any dead truck: the scenario must have [rescue].
    """

    driving_hours: Hours = 500.0


class FleetSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[fleet]: trucks at each side at the start, and how they travel.

    convoy      at most so many under one mission;  forming   how long the first waits at its berth
    batch_split   waybills allow their trucks to cross apart
    gathering   how long the first waits on the way for the rest, to drive as one (0s: never)
    keep_empty  trucks without a load that each side keeps for loads that may come
    """

    kz: Few = 3
    cn: Few = 3
    vehicle: str = "truck40"
    convoy: Annotated[int, Meta(ge=1, le=3)] = 3
    forming: Duration = "20s"
    gathering: Duration = "0s"
    batch_split: bool = False
    keep_empty: Few = 0
    battery: BatterySection | None = None
    brakes: BrakesSection | None = None
    swap: SwapSection | None = None
    breakdowns: BreakdownSection | None = None


def check_fleet(section: FleetSection, place: str, *, rescue: bool) -> None:
    """What the type of a single value cannot say. Raises ConfigError by key."""
    trucks = section.kz + section.cn
    if section.keep_empty and trucks <= 2 * section.keep_empty:
        raise ConfigError(
            f"{place}.keep_empty = {section.keep_empty}: each side would keep "
            f"{section.keep_empty} of {trucks} trucks and none would be left to cross; "
            f"expected at most {max(0, (trucks - 1) // 2)}"
        )
    if section.breakdowns is not None and not rescue:
        raise ConfigError(f"{place}.breakdowns: expected [rescue] beside it, which recovers them")
    battery = section.battery
    if battery is not None and battery.start_least > battery.start_most:
        raise ConfigError(
            f"{place}.battery.start_least = {battery.start_least:g}: expected at most "
            f"start_most, which is {battery.start_most:g}"
        )
    if battery is not None and battery.start_least <= battery.reserve:
        raise ConfigError(
            f"{place}.battery.start_least = {battery.start_least:g}: expected more than the "
            f"reserve of {battery.reserve:g}, below which no truck leaves its berth"
        )
    for name, services in (("brakes", ("test", "way", "repair")), ("swap", ("swap",))):
        part = getattr(section, name)
        for key in services if part is not None else ():
            if parse_distribution(getattr(part, key)).mean_s <= 0.0:
                raise ConfigError(f"{place}.{name}.{key}: expected more than no time at all")


def charging_of(section: FleetSection, air_c: float) -> ChargingConfig | None:
    """What the supervisor goes by; None where batteries do not count."""
    battery, drivetrain = section.battery, drivetrain_of(section)
    if battery is None or drivetrain is None:
        return None
    full_kg = {"truck40": 40e3, "agv65": 65e3}[section.vehicle]
    chargers = frozenset(battery.chargers)
    return ChargingConfig(drivetrain, chargers, air_c, battery.reserve, full_kg)


def drivetrain_of(section: FleetSection) -> Drivetrain | None:
    """What a truck of this fleet takes from its battery; None where batteries do not count."""
    battery = section.battery
    if battery is None:
        return None
    figures = {"truck40": (0.006, 6.0), "agv65": (0.010, 8.0)}  # docs/vehicle.md section 1.6
    rolling_resistance, drag_area_m2 = figures[section.vehicle]
    return Drivetrain(1_000.0 * battery.capacity_kwh, rolling_resistance, drag_area_m2)
