"""Tracks: a line of straights, bends and ramps, as a route of its own."""

import math
from collections.abc import Sequence

import numpy as np

from contract.route import Route, Stretch, build_route
from sim.ground.sections import PieceSection
from vehicle.pilot.columns import Array

STEP_M = 0.5
MARK_EVERY_M = 100.0
MARK_BEFORE_END_M = (2.0, 12.0)


def track(pieces: Sequence[PieceSection]) -> Route:
    """The route of a track; lanes are p0, p1, ... in order. It begins at the origin, due east.

    A piece of radius_m bends to the left by so much, to the right if negative, straight if zero.
    """
    x_m = y_m = psi = 0.0
    stretches = []
    for number, piece in enumerate(pieces):
        steps = max(1, math.ceil(piece.length_m / STEP_M))
        along = np.linspace(0.0, piece.length_m, steps + 1)
        kappa = 1.0 / piece.radius_m if piece.radius_m else 0.0
        heading = psi + kappa * along
        if kappa:
            line = np.column_stack(
                [
                    x_m + (np.sin(heading) - math.sin(psi)) / kappa,
                    y_m - (np.cos(heading) - math.cos(psi)) / kappa,
                ]
            )
        else:
            line = np.column_stack([x_m + along * math.cos(psi), y_m + along * math.sin(psi)])
        lane = f"p{number}"
        stretches.append(Stretch(lane, lane, piece.speed_mps, line, piece.grade))
        x_m, y_m = (float(value) for value in line[-1])
        psi = float(heading[-1])
    return build_route(stretches)


def markers_every(route: Route, end_m: float) -> Array:
    """Ground markers along a track and before its stop, rows of s, x, y in metres."""
    places = set(np.arange(0.0, route.length_m, MARK_EVERY_M).tolist())
    places |= {end_m - before for before in MARK_BEFORE_END_M}
    s = np.array(sorted(place for place in places if place >= 0.0))
    table = route.table
    return np.column_stack(
        [s, np.interp(s, table[:, 0], table[:, 1]), np.interp(s, table[:, 0], table[:, 2])]
    )
