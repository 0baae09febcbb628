"""A barrier: where its arm is, what it is told, and what goes wrong with it.

Truth and what its contacts say are two things: contacts can lie. Not here: whether it may move
(gate/interlock.py), what is under it (sim/devices.py).
"""

from collections.abc import Callable

from gate.orders import Barrier
from sim.engine import NS_PER_S, Engine


class Arm:
    """A barrier: where its arm is, and what it is told.

    state   the truth;   lie   what the contacts say instead, None: the truth
    """

    def __init__(self, engine: Engine, changed: Callable[[], None], move_s: float) -> None:
        self.state = Barrier.CLOSED
        self.stuck = False
        self.told_open = False
        self.jams: Callable[[], None] | None = None  # called when it sticks as it is told to open
        self.lie: Barrier | None = None
        self._engine = engine
        self._changed = changed
        self._move_ns = int(move_s * NS_PER_S)
        self._order = 0
        self.blocked: Callable[[], bool] = lambda: False

    @property
    def said(self) -> Barrier:
        """What the contacts say."""
        return self.state if self.lie is None else self.lie

    def open(self) -> None:
        if self.jams is not None and not self.stuck:
            self.stuck, jams, self.jams = True, self.jams, None
            jams()
        self.told_open = True
        self._begin(Barrier.OPEN)

    def close(self) -> None:
        """Fall, unless something is under the arm: then wait for it to leave."""
        self.told_open = False
        if not self.blocked():
            self._begin(Barrier.CLOSED)

    def _begin(self, goal: Barrier) -> None:
        if self.stuck or self.state is goal:
            return
        self._order += 1
        self.state = Barrier.MOVING
        self._engine.after(self._move_ns, self._finish, self._order, goal)

    def _finish(self, order: int, goal: Barrier) -> None:
        if order != self._order or self.stuck:
            return
        if goal is Barrier.CLOSED and self.blocked():
            self._begin(Barrier.OPEN)
            return
        self.state = goal
        self._changed()

    def force(self, state: Barrier) -> None:
        """A fault: the arm is where nobody put it."""
        self._order += 1
        self.state = state
        self._changed()

    def tell(self, lie: Barrier | None) -> None:
        """A fault: the contacts say this from now on, None: the truth again."""
        self.lie = lie
        self._changed()
