"""Footprints: the rectangles on the ground that vehicles cover, from the plant's state.

Metres and radians, map frame. Not here: whether two of them touch (sim/checks.py).
"""

from typing import Final

from contract.kernel import kernel
from sim.plant import HITCH, PSI, X, Y, course
from sim.plant_params import (
    KIND_ARTICULATED,
    P_FRONT_OVERHANG_M,
    P_HITCH_OFFSET_M,
    P_KIND,
    P_REAR_OVERHANG_M,
    P_REFERENCE_AHEAD_M,
    P_TRAILER_FRONT_OVERHANG_M,
    P_TRAILER_M,
    P_TRAILER_REAR_OVERHANG_M,
    P_TRAILER_WIDTH_M,
    P_WHEELBASE_M,
    P_WIDTH_M,
    Array,
)

# Footprint columns: out[i, body] is one oriented rectangle, body 0 tractor or AGV, 1 trailer.
F_X: Final = 0  # m, centre
F_Y: Final = 1
F_HEADING: Final = 2  # rad
F_HALF_LENGTH: Final = 3  # m; 0 where the vehicle has no trailer
F_HALF_WIDTH: Final = 4
F_COS: Final = 5  # of the heading
F_SIN: Final = 6
FOOTPRINT_COLUMNS: Final = 7


@kernel
def footprints(state: Array, params: Array, memory: Array, out: Array) -> None:
    """Oriented rectangles of every vehicle into out, shape (n, 2, FOOTPRINT_COLUMNS).

    A vehicle without trailer repeats its reference point as a rectangle of length and width zero.
    """
    for i in range(state.shape[0]):
        x, y, psi = state[i, X], state[i, Y], state[i, PSI]
        behind = params[i, P_REFERENCE_AHEAD_M] + params[i, P_REAR_OVERHANG_M]
        ahead = params[i, P_WHEELBASE_M] - params[i, P_REFERENCE_AHEAD_M]
        ahead += params[i, P_FRONT_OVERHANG_M]
        middle = 0.5 * (ahead - behind)
        cos_psi, sin_psi, cos_hitch, sin_hitch = course(i, state, memory)
        out[i, 0, F_X] = x + middle * cos_psi
        out[i, 0, F_Y] = y + middle * sin_psi
        out[i, 0, F_HEADING] = psi
        out[i, 0, F_HALF_LENGTH] = 0.5 * (ahead + behind)
        out[i, 0, F_HALF_WIDTH] = 0.5 * params[i, P_WIDTH_M]
        out[i, 0, F_COS], out[i, 0, F_SIN] = cos_psi, sin_psi
        out[i, 1, F_X] = x
        out[i, 1, F_Y] = y
        out[i, 1, F_HEADING] = psi
        out[i, 1, F_HALF_LENGTH] = 0.0
        out[i, 1, F_HALF_WIDTH] = 0.0
        out[i, 1, F_COS], out[i, 1, F_SIN] = cos_psi, sin_psi
        if params[i, P_KIND] == KIND_ARTICULATED:
            heading = psi + state[i, HITCH]
            ahead = params[i, P_TRAILER_FRONT_OVERHANG_M]
            behind = params[i, P_TRAILER_M] + params[i, P_TRAILER_REAR_OVERHANG_M]
            middle = 0.5 * (ahead - behind)
            offset = params[i, P_HITCH_OFFSET_M]
            cos = cos_psi * cos_hitch - sin_psi * sin_hitch
            sin = sin_psi * cos_hitch + cos_psi * sin_hitch
            out[i, 1, F_X] = x + offset * cos_psi + middle * cos
            out[i, 1, F_Y] = y + offset * sin_psi + middle * sin
            out[i, 1, F_COS], out[i, 1, F_SIN] = cos, sin
            out[i, 1, F_HEADING] = heading
            out[i, 1, F_HALF_LENGTH] = 0.5 * (ahead + behind)
            out[i, 1, F_HALF_WIDTH] = 0.5 * params[i, P_TRAILER_WIDTH_M]
