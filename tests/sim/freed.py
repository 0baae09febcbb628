"""Every zone that the supervisor frees in a run, held against the truth (I22).

The truth is the simulator's: where front and rear of the truck are at that moment.
"""

from contract.agent import Report
from contract.events import Event
from sim.build import SUPERVISOR
from sim.engine import NS_PER_S
from sim.truth_columns import TRUTH_LENGTH
from sim.world import World


class Freed:
    """Counts zones that are freed; notes those in which a part of their truck still is."""

    def __init__(self) -> None:
        self.under_a_footprint: list[str] = []
        self.count = 0

    def prepare(self, world: World) -> None:
        """Listen to a world, in front of its recorder."""
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            mine = node == SUPERVISOR and report.event is Event.ZONE_FREED
            if mine and report.fields["vehicle"] in world.fleet.row:  # not one driven by a person
                self.count += 1
                self._look(world, report.fields["zone"], report.fields["vehicle"])
            record(t_ns, node, report)

        world.say = say

    def _look(self, world: World, zone: str, vehicle: str) -> None:
        route = world.fleet.route(vehicle)
        fleet = world.fleet
        front_m = fleet.front_m(vehicle)
        rear_m = front_m - float(fleet.truth[fleet.row[vehicle], TRUTH_LENGTH])
        for name, start_m, end_m in route.zone_spans if route is not None else ():
            if name == zone and rear_m < end_m and front_m > start_m:
                at_s = world.engine.now_ns / NS_PER_S
                self.under_a_footprint.append(f"{zone} under {vehicle} at {at_s:.1f} s")
