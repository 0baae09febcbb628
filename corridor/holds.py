"""Holds: whether a truck is kept by something that no other truck and no plan can lift.

Pure. Whoever is so kept is not waited for: not at the other end of a one-lane section (token.py),
and not on its way to one (expected.py). Decides nothing else.
"""

from typing import Final

from contract.reasons import Party
from corridor.state import State

_OTHERS: Final = frozenset(Party) - {Party.SUPERVISOR, Party.VEHICLE, Party.GATE}


def is_held(state: State, vehicle: str) -> bool:
    """Whether a truck is silent, stopped, or waits for people: it will not be there soon."""
    heard, wait = state.heard.get(vehicle), state.waits.get(vehicle)
    gone = heard is not None and (heard.silent or heard.halted is not None)
    stopped = any(halt.vehicle == vehicle for halt in state.halts.values())
    return gone or stopped or (wait is not None and wait.reason.owner in _OTHERS)
