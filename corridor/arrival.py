"""Arrival: how long a truck may take, at the slowest, until it is through the other side's gate.

Pure. In: a mission's route, what the weather allows, trucks ahead. Out: milliseconds. Reckoned as
half the speed that lane and weather allow - it starts, brakes and follows others - and for each
truck at each gate the longest that a passage takes without a fault: an answer that is asked for
again, a challenge, an arm that rises and falls, a permit that is used in its last second. Stations
and bays before the exit gate have no longest time and are not in it: who stands at the exit gate's
line has them behind it. Not here: what follows (hours.py).
"""

from collections.abc import Callable
from typing import Final

from contract.errors import require
from contract.limits import (
    BARRIER_MOVE_MS_MAX,
    NONCE_AGE_MS_MAX,
    PASSAGE_RETRY_MS,
    PERMIT_VALID_MS,
)
from contract.map import CorridorMap
from contract.route import Route
from contract.v1.movement_pb2 import STOP_KIND_GATE
from corridor.records import Mission, Stop

PACE: Final = 0.5  # of the speed allowed
PASSAGE_MS_MAX: Final = (
    PASSAGE_RETRY_MS + NONCE_AGE_MS_MAX + 2 * BARRIER_MOVE_MS_MAX + PERMIT_VALID_MS
)
require(0.0 < PACE <= 1.0, "nobody drives faster than is allowed")


class Ways:
    """Gates of a mission, and the slowest drive between two places of it."""

    def __init__(self, corridor: CorridorMap, speed_mmps: Callable[[], int]) -> None:
        self._map = corridor
        self._speed_mmps = speed_mmps

    def exit(self, mission: Mission) -> str:
        """Its exit gate; "" where there is none on its way."""
        stop = self._gate(mission, "exit")
        return stop.place if stop is not None else ""

    def entry(self, mission: Mission) -> str:
        """The other side's entry gate; "" where there is none on its way."""
        stop = self._gate(mission, "entry")
        return stop.place if stop is not None else ""

    def beyond_exit(self, mission: Mission, route: Route) -> int:
        """Index of the first zone of the route behind the exit gate; past the last if none is."""
        stop = self._gate(mission, "exit")
        if stop is not None:
            for index, (_, start_m, _) in enumerate(route.zone_spans):
                if start_m > stop.at_m:
                    return index
        return len(route.zone_spans)

    def slowest_ms(self, mission: Mission, route: Route, from_m: float, *, ahead: int) -> int:
        """From a place of the route until the rear is out of the entry gate's cell.

        ahead   trucks that the entry gate has to serve before
        """
        to_m, entry = route.length_m, self._gate(mission, "entry")
        if entry is not None:
            to_m = next(end_m for _, _, end_m in route.zone_spans if end_m > entry.at_m)
        gates = [each for each in mission.stops if each.kind == STOP_KIND_GATE]
        served = ahead + sum(from_m <= each.at_m + 0.1 or each is entry for each in gates)
        weather_mps = self._speed_mmps() / 1_000.0
        ends = (*route.starts_m[1:], route.length_m)
        drive_s = 0.0
        for lane, start_m, end_m in zip(route.lanes, route.starts_m, ends, strict=True):
            along_m = min(end_m, to_m) - max(start_m, from_m)
            if along_m > 0.0:
                allowed_mps = self._map.lanes[lane].speed_mps
                speed_mps = min(allowed_mps, weather_mps) if weather_mps else allowed_mps
                drive_s += along_m / (PACE * speed_mps)
        return round(drive_s * 1_000.0) + served * PASSAGE_MS_MAX

    def _gate(self, mission: Mission, side: str) -> Stop | None:
        for stop in mission.stops:
            if stop.kind == STOP_KIND_GATE and self._map.gates[stop.place].side == side:
                return stop
        return None
