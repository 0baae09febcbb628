"""An ambulance in a run: an emergency possession from end to end, and a manned vehicle through it.

The control room closes the lane between the gates, with them and what lies before and behind, for
the crew; trucks in it run out, nobody else is let in; then it drives. Not here: the steps of a
drive (crew_drive.py), what the supervisor makes of it (corridor/closures.py, corridor/manned.py),
driving (manned.py).
"""

from typing import TYPE_CHECKING, Final

from contract.route import Route
from sim.ambulance_section import AmbulanceSection
from sim.build import AMBULANCE
from sim.crew_drive import CrewDrive, Trip
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.manned import LENGTH_M

if TYPE_CHECKING:
    from contract.map import CorridorMap
    from sim.world import World

NAME: Final = "ambulance"


def arrange(world: "World") -> None:
    """Have it called, where the scenario has one."""
    section = world.scenario.ambulance
    if section is None:
        return
    route = path_of(world.map, section.direction)
    drive = CrewDrive(world, AMBULANCE, route)
    called_ns = int(parse_duration(section.at) * NS_PER_S)
    world.engine.at(called_ns, drive.go, trip_over(route, section))


def trip_over(route: Route, section: AmbulanceSection) -> Trip:
    """From one end of its path to the other."""
    zones = tuple(zone for zone, _, _ in route.zone_spans)
    half_m = LENGTH_M / 2.0
    return Trip(
        road=NAME,
        reason="an ambulance comes through",
        zones=zones,
        from_m=half_m,
        to_m=route.length_m - half_m,
        east=section.direction == "E",
        seen=zones,
        urgent=True,
        ends_off=True,
    )


def path_of(corridor: "CorridorMap", direction: str) -> Route:
    """From the zone before the exit gate of a direction to that behind its entry gate."""
    pair = [gate for gate in corridor.gates.values() if gate.direction == direction]
    (leaving,) = (gate for gate in pair if gate.side == "exit")
    (entering,) = (gate for gate in pair if gate.side == "entry")
    lanes = corridor.lanes
    before = {after: lane for lane in lanes for after in lanes[lane].successors}
    first = before[leaving.lane]
    zone = lanes[first].zone
    while lanes[before[first]].zone == zone:
        first = before[first]
    last = lanes[entering.lane].successors[0]
    return corridor.route(corridor.path_lanes(first, last, (leaving.lane, entering.lane)))
