"""What officers do out of turn: hold, refuse, or refuse a truck that is already past the line.

Each is an act on an office's desk, as an officer would do it; the office makes of it what it must.
An officer who wants to speak of a truck waits until that truck is under way.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from gate.office.orders import Ruling
from sim.build import OFFICES
from sim.engine import NS_PER_S

if TYPE_CHECKING:
    from sim.world import World

LOOK_NS: Final = NS_PER_S // 4
Ready = Callable[["World", str], bool]


def parts(target: str) -> tuple[str, str]:
    """Office and vehicle of a target like `office-kz truck-01`."""
    office, _, vehicle = target.partition(" ")
    return office, vehicle


def _under_way(world: "World", vehicle: str) -> bool:
    return bool(world.crossing_of(vehicle))


def _past_exit(world: "World", vehicle: str) -> bool:
    """On a lane that belongs to neither side: between the gates."""
    where = world.fleet.where(vehicle)
    return where is not None and world.map.lanes[where[0]].country is None


def _says(ruling: Ruling, ready: Ready) -> Callable[["World", str], None]:
    def say(world: "World", target: str) -> None:
        office, vehicle = parts(target)
        if not ready(world, vehicle):
            world.engine.after(LOOK_NS, say, world, target)
            return
        country = next(country for country, name in OFFICES.items() if name == office)
        world.desks[country].says(world.crossing_of(vehicle), ruling)

    return say


def _nothing(world: "World", target: str) -> None:
    """It does not heal by itself."""


ACTS: Final[Mapping[str, tuple[Callable[..., None], Callable[..., None]]]] = {
    "officer_holds": (_says(Ruling.HOLD, _under_way), _says(Ruling.RELEASE, _under_way)),
    "officer_refuses": (_says(Ruling.REFUSE, _under_way), _nothing),
    "officer_refuses_past_line": (_says(Ruling.REFUSE, _past_exit), _nothing),
}
