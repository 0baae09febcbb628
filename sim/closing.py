"""Closures in a run: the control room closes a section and opens it again.

The target of such a fault is its zones and, if it is not for everybody, whom it is for:
`"boundary_e direction=E load=empty"`. Not here: what a closure does (corridor/closures.py).
"""

from typing import Final

from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.v1.movement_pb2 import (
    LOAD_CLASS_EMPTY,
    LOAD_CLASS_LOADED,
    OPERATOR_VERB_CLOSE_SECTION,
    OPERATOR_VERB_OPEN_SECTION,
    OperatorCommand,
)
from sim.control_room import OPERATOR
from sim.world import World

_DIRECTIONS: Final = {"direction=E": DIRECTION_EAST, "direction=W": DIRECTION_WEST}
_LOADS: Final = {"load=loaded": LOAD_CLASS_LOADED, "load=empty": LOAD_CLASS_EMPTY}


def known(world: World) -> set[str]:
    """Words that a target may be made of."""
    return {*world.map.zones, *_DIRECTIONS, *_LOADS}


def close(world: World, target: str) -> None:
    """The control room closes a section; its name is what is closed."""
    command = OperatorCommand(
        verb=OPERATOR_VERB_CLOSE_SECTION,
        stop_id=target,
        operator_id=OPERATOR,
        reason="road works",
        zones=[word for word in target.split() if word in world.map.zones],
    )
    for word in target.split():
        command.direction = _DIRECTIONS.get(word, command.direction)
        command.load = _LOADS.get(word, command.load)
    world.panel.press(command)


def open_again(world: World, target: str) -> None:
    """And opens it."""
    verb = OPERATOR_VERB_OPEN_SECTION
    world.panel.press(OperatorCommand(verb=verb, stop_id=target, operator_id=OPERATOR))
