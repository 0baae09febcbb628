"""[fleet] against a map and the weather: chargers that are there, batteries that last.

Not here: what the section may say by itself (scenario_fleet.py).
"""

from contract.energy import capacity_wh, need_of
from contract.errors import ConfigError
from contract.map import Berth, CorridorMap
from contract.route import RouteError
from corridor.charging import enough
from corridor.planning import way
from sim.scenario import Scenario
from sim.scenario_fleet import SIDES, charging_of


def check_fleet_on(scenario: Scenario, corridor: CorridorMap) -> None:
    """What only map and weather can tell. Raises ConfigError by key, with what was expected."""
    fleet, place = scenario.fleet, f"{scenario.name}: fleet"
    for side, count in zip(SIDES, (fleet.kz, fleet.cn), strict=True):
        berths = [each for each in corridor.berths.values() if each.country == side]
        if fleet.keep_empty and fleet.keep_empty >= len(berths):
            raise ConfigError(
                f"{place}.keep_empty = {fleet.keep_empty}: map {corridor.name} has "
                f"{len(berths)} berths in {side}, and {count} trucks begin there; expected fewer"
            )
    if fleet.battery is not None:
        _check_chargers(fleet.battery.chargers, corridor, f"{place}.battery.chargers")
        _check_capacity(scenario, corridor, f"{place}.battery")


def _check_chargers(chargers: list[str], corridor: CorridorMap, place: str) -> None:
    for name in chargers:
        if name not in corridor.berths:
            known = ", ".join(sorted(corridor.berths)[:6])
            raise ConfigError(
                f"{place}: {name[:60]!r} is no berth of map {corridor.name}; there are {known} ..."
            )
    for side in SIDES:
        if not _chargers_of(chargers, corridor, side):
            raise ConfigError(
                f"{place}: none is an arrival berth in {side}; expected at least one on each side, "
                f"or a truck would be stranded there"
            )


def _chargers_of(chargers: list[str], corridor: CorridorMap, side: str) -> list[Berth]:
    here = [corridor.berths[each] for each in chargers]
    return [each for each in here if each.country == side and each.arrivals]


def _check_capacity(scenario: Scenario, corridor: CorridorMap, place: str) -> None:
    """A full truck gets over and back on one charge, in this cold; who begins without a charger
    begins with enough for it.
    """
    battery, air_c = scenario.fleet.battery, scenario.weather.temperature_c
    config = charging_of(scenario.fleet, air_c)
    if battery is None or config is None:
        return
    full_wh = capacity_wh(config.drivetrain, air_c)
    reserve_wh = config.reserve * full_wh
    need_wh = 0.0
    for side, other in (SIDES, SIDES[::-1]):
        starts = [e for e in corridor.berths.values() if e.country == side and e.departures]
        ends = _chargers_of(battery.chargers, corridor, other)
        routes = [_need_wh(scenario, corridor, (a, ends[0])) for a in (starts[0], starts[-1])]
        need_wh += max(routes)
    if not enough(full_wh, need_wh, reserve_wh):
        raise ConfigError(
            f"{place}.capacity_kwh = {battery.capacity_kwh:g}: gives {full_wh / 1e3:.1f} kWh at "
            f"{air_c:g} degrees; expected at least {(need_wh + reserve_wh) / 1e3:.1f}: "
            f"{need_wh / 1e3:.1f} over and back at the worst, {reserve_wh / 1e3:.1f} reserve"
        )
    for side, count in zip(SIDES, (scenario.fleet.kz, scenario.fleet.cn), strict=True):
        starts = [e for e in corridor.berths.values() if e.country == side and e.departures]
        bare = [each.id for each in starts[:count] if each.id not in config.chargers]
        if bare and not enough(battery.start_least * full_wh, need_wh, reserve_wh):
            raise ConfigError(
                f"{place}.start_least = {battery.start_least:g}: a truck begins at {bare[0]}, "
                f"which has no charger; expected at least {(need_wh + reserve_wh) / full_wh:.2f}, "
                f"or a charger there"
            )


def _need_wh(scenario: Scenario, corridor: CorridorMap, ends: tuple[Berth, Berth]) -> float:
    """What a full truck needs from one berth to another; nothing where there is no way."""
    config = charging_of(scenario.fleet, scenario.weather.temperature_c)
    if config is None:
        return 0.0
    try:
        lanes = way(corridor, ends[0].lane, ends[1].id, None)
    except RouteError:
        return 0.0
    return need_of(config.drivetrain, corridor.route(lanes), config.air_c).of(config.full_kg)
