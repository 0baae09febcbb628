"""Mechanics of a run: they repair, at its berth, a truck whose brakes have failed the test.

People with a key of their own for each side. One takes the personnel lock of the truck, waits for
the truck's word that it stands and will not move, repairs, gives the lock back, and tells the
terminal, which tests again. First come, first served. Not here: the test (terminal.py), what a lock
does (contract/personnel.py), trucks that die on the road (rescue.py).
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message

from contract.signing import Signer, seal_document
from contract.v1.people_pb2 import (
    LOCK_ACT_GIVE_BACK,
    LOCK_ACT_TAKE,
    LockAct,
    PersonnelLock,
    PersonnelNotice,
    PersonnelStatus,
)
from sim.control_room import Panel
from sim.distributions import Distribution
from sim.engine import NS_PER_S, Engine
from sim.loads import Visit

SAY_AGAIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Trade:
    """How many mechanics a side has, and how long they take to come and to repair."""

    mechanics: int
    way: Distribution
    repair: Distribution


@dataclass(slots=True)
class Repair:
    """One truck at its berth, from the failed test to the word that it is mended."""

    vehicle: str
    crossing: str
    berth: str
    failed_ns: int
    number: int = 0
    begun_ns: int = 0
    over_ns: int = 0


class Mechanics:
    """One side's."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        trade: Trade,
        *,
        signer: Signer,
        panel: Panel,
        draws: random.Random,
        visited: Callable[[Visit], None],
        mended: Callable[[str], None],
    ) -> None:
        self._name, self._engine, self._trade = name, engine, trade
        self._signer, self._panel, self._draws = signer, panel, draws
        self._visited, self._mended = visited, mended
        self._waiting: deque[Repair] = deque()
        self._busy: dict[str, Repair] = {}
        self._numbers: dict[str, int] = {}
        self.repaired: list[Repair] = []
        panel.listeners.append(self._answered)

    def call(self, vehicle: str, crossing: str, berth: str) -> None:
        """A truck has failed its test."""
        self._waiting.append(Repair(vehicle, crossing, berth, self._engine.now_ns))
        self._next()

    @property
    def at_work(self) -> int:
        """Trucks that are not mended yet."""
        return len(self._waiting) + len(self._busy)

    def _next(self) -> None:
        while self._waiting and len(self._busy) < self._trade.mechanics:
            repair = self._waiting.popleft()
            self._busy[repair.vehicle] = repair
            way_s = self._trade.way.sample(self._draws)
            self._engine.after(int(way_s * NS_PER_S), self._take_lock, repair)

    def _take_lock(self, repair: Repair) -> None:
        number = self._numbers.get(repair.vehicle, 0) + 1
        self._numbers[repair.vehicle] = repair.number = number
        self._say(repair, LOCK_ACT_TAKE, lambda: repair.begun_ns == 0)

    def _say(self, repair: Repair, act: LockAct, wanted: Callable[[], bool]) -> None:
        """Said again until it is answered."""
        if not wanted():
            return
        lock = PersonnelLock(
            act=act, vehicle_id=repair.vehicle, person_id=self._name, number=repair.number
        )
        self._panel.press(PersonnelNotice(lock=seal_document(self._signer, lock)))
        self._engine.after(int(SAY_AGAIN_S * NS_PER_S), self._say, repair, act, wanted)

    def _answered(self, answer: Message) -> None:
        """The truck's own word, through the supervisor."""
        if not isinstance(answer, PersonnelStatus) or answer.person_id != self._name:
            return
        repair = self._busy.get(answer.vehicle_id)
        if repair is None or repair.number != answer.number:
            return
        if answer.held and not repair.begun_ns:
            repair.begun_ns = self._engine.now_ns
            took_s = self._trade.repair.sample(self._draws)
            self._engine.after(int(took_s * NS_PER_S), self._give_back, repair)
        elif not answer.held and repair.over_ns:
            del self._busy[repair.vehicle]
            self.repaired.append(repair)
            self._mended(repair.vehicle)
            self._next()

    def _give_back(self, repair: Repair) -> None:
        repair.over_ns = self._engine.now_ns
        stage = f"repair_{repair.berth}"
        times = (repair.failed_ns, repair.begun_ns, repair.over_ns)
        self._visited(Visit(repair.vehicle, repair.crossing, stage, *times))
        self._say(repair, LOCK_ACT_GIVE_BACK, lambda: repair.vehicle in self._busy)
