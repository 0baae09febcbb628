"""Refuge: where on its way a truck may be made to stand, and where it comes to rest.

Pure. Places by the map: nobody stands in the boundary section, under a barrier, or with a trailer
in either; a gate's stop line is a place. Rest by the truck's own brakes, on the friction that it
was told and the worst fall ahead. Not here: who has to stop (guard.py).
"""

from collections.abc import Iterable
from typing import Final

from contract.geodesy import Array
from contract.limits import VEHICLE_LENGTH_M_MAX
from contract.map import CorridorMap, ZoneKind
from contract.polyline import lowest
from contract.route import GRADE, Route
from vehicle.guard import Braking, Refuge

GRAVITY_MPS2: Final = 9.81
GENTLE_SHARE: Final = 0.6  # of the service brake: less than the pilot plans a stop with
GENTLE_GRIP: Final = 0.4  # of the friction, likewise
GENTLE_S: Final = 2.5  # a push is taken back first
NOW_GRIP: Final = 0.75  # of the friction: what brakes surely reach
NOW_S: Final = 1.0  # dead time, lag, and a push that still builds up
PUSH_MPS: Final = 0.4  # gained by that push
STANDING_MPS: Final = 0.05
BRAKE_UNKNOWN_MPS2: Final = 1.0
BRAKE_LEAST_MPS2: Final = 0.05  # divisor guard: where nothing holds
FORESIGHT_ROWS: Final = 200  # metres


def refuge_of(route: Route, corridor: CorridorMap, stop_lines_m: Iterable[float]) -> Refuge | None:
    """Places of a route where a whole truck may stand; None if it has no gate.

    stop_lines_m   of the gates, in order, the first of them that of the exit
    """
    lines = list(stop_lines_m)
    if not lines:
        return None
    barred = [
        (start_m, end_m, corridor.zones[zone].kind)
        for zone, start_m, end_m in route.zone_spans
        if corridor.zones[zone].kind in (ZoneKind.BOUNDARY, ZoneKind.GATE_CELL)
    ]
    sections = [(start, end) for start, end, kind in barred if kind is ZoneKind.BOUNDARY]
    safe = [
        (line_m, line_m)
        for line_m in lines
        if not any(
            start < line_m and line_m - VEHICLE_LENGTH_M_MAX < end for start, end in sections
        )
    ]
    free_m = 0.0
    for start_m, end_m, _ in [*barred, (route.length_m, route.length_m, ZoneKind.BERTH)]:
        first_m = free_m + VEHICLE_LENGTH_M_MAX if free_m > 0.0 else 0.0
        if first_m <= start_m:
            safe.append((first_m, start_m))
        free_m = end_m
    return Refuge(lines[0], tuple(sorted(safe)))


def falls_of(route: Route) -> Array:
    """(n,) the lowest grade from each metre of a route on, as far ahead as is looked."""
    return lowest(route.table[:, GRADE], 0, FORESIGHT_ROWS - 1)


def braking_of(
    falls: Array, front_m: float, speed_mps: float, *, service_mps2: float, mu: float
) -> Braking:
    """Where a front at `front_m` of a route comes to rest from this speed.

    falls          of the route, by `falls_of`
    service_mps2   what the truck's service brake gives; 0: not known
    """
    row = min(max(0, int(front_m)), len(falls) - 1)
    fall = GRAVITY_MPS2 * min(0.0, falls.item(row))
    service, v = service_mps2 or BRAKE_UNKNOWN_MPS2, max(0.0, speed_mps)
    grip = mu * GRAVITY_MPS2
    gentle = max(BRAKE_LEAST_MPS2, min(GENTLE_SHARE * service, GENTLE_GRIP * grip) + fall)
    hard = max(BRAKE_LEAST_MPS2, min(service, NOW_GRIP * grip + fall))
    pushed = v + PUSH_MPS if v > STANDING_MPS else v
    return Braking(
        front_m,
        front_m + v * GENTLE_S + 0.5 * v * v / gentle,
        front_m + pushed * NOW_S + 0.5 * pushed * pushed / hard,
    )
