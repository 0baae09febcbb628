"""Progress: a push that moves nothing is taken back.

A truck that pushes and does not get on - a grade too steep for the friction that is there, a drive
that gives nothing, something before its wheels - must not push for ever with its brakes off. Row i
reads row i only. Not here: the stop that follows (turn.py), who is told (vehicle/halts.py).
Source: docs/vehicle.md section 2.6. Requirements: VEH-017 in docs/SAFETY.md.
"""

from typing import Final

from contract.errors import require
from contract.kernel import kernel
from vehicle.pilot.columns import PILOT_TRIED_S, PILOT_WON_M, Array

TRIED_MAX_S: Final = 8.0  # pushing without getting on
WON_M: Final = 0.5  # less in that time is not getting on
BACK_MAX_M: Final = 0.3  # rolled back under a push: brake at once

# Who has 0.02 m/s^2 to spare (contract/traction.py) wins this in 7.1 s from standstill.
require(0.5 * 0.02 * TRIED_MAX_S**2 > WON_M, "a truck that climbs at all is given the time for it")


@kernel
def rest_from_trying(state: Array, i: int) -> None:
    """Nothing is tried: the next push begins anew."""
    state[i, PILOT_TRIED_S] = 0.0
    state[i, PILOT_WON_M] = 0.0


@kernel
def in_vain(pushes: bool, v: float, state: Array, dt_s: float, i: int) -> bool:
    """Whether row i pushes in vain: nothing won for too long, or ground lost.

    pushes   the command of this turn is to go on;  v   m/s, negative backwards
    """
    if not pushes:
        rest_from_trying(state, i)
        return False
    state[i, PILOT_TRIED_S] += dt_s
    state[i, PILOT_WON_M] += v * dt_s
    if state[i, PILOT_WON_M] >= WON_M:
        rest_from_trying(state, i)
    return bool(state[i, PILOT_TRIED_S] > TRIED_MAX_S or state[i, PILOT_WON_M] < -BACK_MAX_M)
