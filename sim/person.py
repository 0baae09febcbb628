"""A person at a truck in a run: takes its personnel lock with a key, and gives it back.

The key is the control room's. Not here: what a lock does (contract/personnel.py).
"""

from contract.signing import seal_document
from contract.v1.people_pb2 import (
    LOCK_ACT_GIVE_BACK,
    LOCK_ACT_TAKE,
    LockAct,
    PersonnelLock,
    PersonnelNotice,
)
from sim.build import CONTROL_ROOM
from sim.world import World


def comes(world: World, target: str) -> None:
    """The lock of a truck is taken, under a number that was never used on it."""
    world.panel.locks[target] = world.panel.locks.get(target, 0) + 1
    _press(world, target, LOCK_ACT_TAKE)


def goes(world: World, target: str) -> None:
    """And given back."""
    _press(world, target, LOCK_ACT_GIVE_BACK)


def _press(world: World, target: str, act: LockAct) -> None:
    lock = PersonnelLock(
        act=act, vehicle_id=target, person_id=CONTROL_ROOM, number=world.panel.locks[target]
    )
    document = seal_document(world.cast.signers[CONTROL_ROOM], lock)
    world.panel.press(PersonnelNotice(lock=document))
