"""What officers do out of turn: hold, refuse, or refuse a truck that is already past the line.

Each is an act on an office's desk, as an officer would do it; the office makes of it what it must.
An officer who wants to speak of a truck waits until that truck is where he means it: under way,
past the line, or released and still at its berth.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from contract.v1.customs_pb2 import Declaration
from contract.v1.document_pb2 import Document
from gate.office.case import Case
from gate.office.orders import Ruling
from gate.office.phases import Phase
from sim.build import OFFICES
from sim.engine import NS_PER_S

if TYPE_CHECKING:
    from sim.desk import Desk
    from sim.world import World

LOOK_NS: Final = NS_PER_S // 4
LATE_NS: Final = 60 * NS_PER_S  # how long a hold lasts that came after its end
Which = Callable[["World", str, str], str]


def parts(target: str) -> tuple[str, str]:
    """Office and vehicle of a target like `office-kz truck-01`."""
    office, _, vehicle = target.partition(" ")
    return office, vehicle


def _under_way(world: "World", office: str, vehicle: str) -> str:
    """The crossing of a truck that has left the berth its mission begins at; "" if it has not."""
    where = world.fleet.where(vehicle)
    berths = {berth.lane for berth in world.map.berths.values()}
    return world.crossing_of(vehicle) if where is not None and where[0] not in berths else ""


def _past_exit(world: "World", office: str, vehicle: str) -> str:
    """The same of one on a lane that belongs to neither side: between the gates."""
    where = world.fleet.where(vehicle)
    between = where is not None and world.map.lanes[where[0]].country is None
    return world.crossing_of(vehicle) if between else ""


def _at_berth(world: "World", office: str, vehicle: str) -> str:
    """The crossing of a truck without a mission that the office has released, by its journal."""
    if world.crossing_of(vehicle):
        return ""
    for key, row in world.hosts[office].disk.items():
        case = msgspec.msgpack.decode(row, type=Case) if key.startswith("case/") else None
        if case is None or case.at is not Phase.RELEASED:
            continue
        document = Document.FromString(case.document)
        if Declaration.FromString(document.payload).vehicle_id == vehicle:
            return case.crossing_id
    return ""


def _desk(world: "World", office: str) -> "Desk":
    return world.desks[next(country for country, name in OFFICES.items() if name == office)]


def _says(ruling: Ruling, which: Which) -> Callable[["World", str], None]:
    def say(world: "World", target: str) -> None:
        office, vehicle = parts(target)
        crossing = which(world, office, vehicle)
        if not crossing:
            world.engine.after(LOOK_NS, say, world, target)
            return
        desk = _desk(world, office)
        desk.says(crossing, ruling)
        if ruling is Ruling.HOLD:
            desk.kept[vehicle] = crossing

    return say


def _lets_go(world: "World", target: str, lag_ns: int = 0) -> None:
    """The officer releases what he has held; if he has held nothing yet, a while after he has."""
    office, vehicle = parts(target)
    desk = _desk(world, office)
    crossing = desk.kept.pop(vehicle, "")
    if not crossing:
        world.engine.after(LOOK_NS, _lets_go, world, target, LATE_NS)
        return
    world.engine.after(lag_ns, desk.says, crossing, Ruling.RELEASE)


def _nothing(world: "World", target: str) -> None:
    """It does not heal by itself."""


ACTS: Final[Mapping[str, tuple[Callable[..., None], Callable[..., None]]]] = {
    "officer_holds": (_says(Ruling.HOLD, _under_way), _lets_go),
    "officer_holds_at_berth": (_says(Ruling.HOLD, _at_berth), _lets_go),
    "officer_refuses": (_says(Ruling.REFUSE, _under_way), _nothing),
    "officer_refuses_past_line": (_says(Ruling.REFUSE, _past_exit), _nothing),
}
