"""Faults that begin where a truck is: once its front is so far into a zone, whenever that is.

A time would mean another place on another network. Not here: what the fault does (faults.py).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from contract.errors import ConfigError
from sim.distributions import parse_duration
from sim.engine import NS_PER_S

if TYPE_CHECKING:
    from sim.scenario import FaultSection
    from sim.world import World

LOOK_NS: Final = NS_PER_S // 10
Act = Callable[["World", str], None]


def wait(world: "World", fault: "FaultSection", begin: Act, end: Act) -> None:
    """Look until the truck is there; then break it, and mend it when its time is over."""
    if not _is_there(world, fault):
        world.engine.after(LOOK_NS, wait, world, fault, begin, end)
        return
    begin(world, fault.target)
    lasts_ns = int(parse_duration(fault.lasts) * NS_PER_S)
    if lasts_ns > 0:
        world.engine.after(lasts_ns, end, world, fault.target)


def _is_there(world: "World", fault: "FaultSection") -> bool:
    """Whether the front is in the zone, on the way that its truth is measured along."""
    route = world.fleet.route(fault.target)
    if route is None:
        return False
    front_m = world.fleet.front_m(fault.target)
    return any(
        zone == fault.zone and start_m + fault.into_m <= front_m < end_m
        for zone, start_m, end_m in route.zone_spans
    )


def check(world: "World", index: int, fault: "FaultSection") -> None:
    """ConfigError unless the fault has one vehicle, and the map such a zone."""
    place = f"{world.scenario.name}: fault.{index}"
    if fault.target not in world.fleet.names:
        raise ConfigError(
            f"{place}.zone = {fault.zone!r:.60}: only one vehicle comes into a zone, and the "
            f"target is {fault.target!r:.60}"
        )
    if fault.zone not in world.map.zones:
        known = ", ".join(sorted(world.map.zones))
        raise ConfigError(f"{place}.zone = {fault.zone!r:.60}: expected one of {known}")
