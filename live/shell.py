"""The shell: the loop that carries a node through real time. It knows no message by name.

One turn: sleep until something comes or is due, take it in, let the node answer, carry out what
only makes safer, commit all records of the turn at once, and only then send, act and report. If the
commit fails the rest is discarded and the process ends; hardware below then stops what moves.
Not here: order, retry, de-duplication (contract/mailbox.py); what to do about anything (agents).
"""

import signal
import time
import traceback
from types import FrameType
from typing import Final, Generic, TypeVar

from contract.agent import NS_PER_MS, Act, Now, Persist
from contract.limits import SNAPSHOT_RECORDS
from contract.mailbox import Transmit
from contract.node import Node, Turn
from live.events import ShellEvent
from live.link_limits import POLL_MS_MAX
from live.surroundings import Surroundings
from live.systemd import ServiceManager

ReadingT = TypeVar("ReadingT")
TURN_NS_MAX: Final = 200 * NS_PER_MS  # a longer turn is reported, and the watchdog is not fed
EXIT_STOPPED, EXIT_CRASHED, EXIT_INTERRUPTED = 0, 3, 130


class Shell(Generic[ReadingT]):
    """Drives one node until a signal or a fault ends it."""

    def __init__(self, name: str, node: Node[ReadingT], world: Surroundings[ReadingT]) -> None:
        self._name = name
        self._node = node
        self._world = world
        self._manager = ServiceManager()
        self._stop_signal = 0
        self._step_due_ns = 0
        self._fed_ns = 0

    def run(self) -> int:
        """The loop. Returns the exit code of the process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            while not self._stop_signal:
                self._turn()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is a bug and ends the process
            self._say_crash(fault)
            return EXIT_CRASHED
        finally:
            self._manager.say("STOPPING=1")
            self._manager.close()
        self._say(ShellEvent.PROGRAM_STOPPED, signal=signal.Signals(self._stop_signal).name)
        return EXIT_INTERRUPTED if self._stop_signal == signal.SIGINT else EXIT_STOPPED

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_signal = number

    def _start(self) -> None:
        world = self._world
        for socket in world.body.sockets:
            world.link.watch(socket)
        state, boot = world.journal.state, world.journal.boot()
        if world.journal.fell_back_to is not None:
            self._say(ShellEvent.JOURNAL_FELL_BACK, snapshot_seq=world.journal.fell_back_to)
        now = world.clock.now()
        self._step_due_ns = now.mono_ns
        self._finish([self._urgent_done(now, self._node.start(now, boot, state))], now)
        self._manager.say("READY=1", f"STATUS=boot {boot.boot_count}")

    def _turn(self) -> None:
        world = self._world
        world.link.poll(self._sleep_ms())
        began_ns = time.monotonic_ns()
        now = world.clock.now()
        turns = [
            self._urgent_done(now, self._node.receive(now, raw, sender))
            for sender, raw in world.link.receive()
        ]
        now = world.clock.now()
        if world.body.period_ns and now.mono_ns >= self._step_due_ns:
            world.body.step(now)
            missed = (now.mono_ns - self._step_due_ns) // world.body.period_ns
            self._step_due_ns += (missed + 1) * world.body.period_ns
        due_ns = self._node.wake_ns
        if world.body.changed(now) or (due_ns is not None and due_ns <= now.mono_ns):
            turns.append(self._urgent_done(now, self._node.wake(now, world.body.reading(now))))
        self._finish(turns, now)
        self._keep_house(time.monotonic_ns() - began_ns)

    def _sleep_ms(self) -> int:
        wake_ns = self._node.wake_ns
        times = [] if wake_ns is None else [wake_ns]
        if self._world.body.period_ns:
            times.append(self._step_due_ns)
        if not times:
            return POLL_MS_MAX
        return self._world.clock.real_ms_until(min(times), POLL_MS_MAX)

    def _urgent_done(self, now: Now, turn: Turn) -> Turn:
        for act in turn.urgent:
            self._world.body.carry_out(now, act.command)
        return turn

    def _finish(self, turns: list[Turn], now: Now) -> None:
        """One commit for all, then everything that waited for it, in order."""
        world = self._world
        records: list[Persist] = [record for turn in turns for record in turn.records]
        if records:
            world.journal.commit(records)
        for turn in turns:
            for effect in turn.then:
                if isinstance(effect, Transmit):
                    world.link.send(effect.to, effect.raw)
                elif isinstance(effect, Act):
                    world.body.carry_out(now, effect.command)
                else:
                    world.log.write_report(self._name, now, effect)
        if world.journal.records_since_snapshot > SNAPSHOT_RECORDS:
            world.journal.compact()

    def _say(self, event: ShellEvent, **fields: object) -> None:
        self._world.log.write(self._name, self._world.clock.now(), event, fields)

    def _say_crash(self, fault: Exception) -> None:
        frames = traceback.extract_tb(fault.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        fields = {"kind": type(fault).__name__, "error": fault, "place": places[-1:]}
        self._say(ShellEvent.PROGRAM_CRASHED, **fields, trace=places)

    def _keep_house(self, took_ns: int) -> None:
        """After a turn: what links and clock noticed, lateness, and the watchdog's food."""
        for event, fields in (*self._world.link.notices(), *self._world.clock.notices()):
            self._say(event, **fields)
        if took_ns > TURN_NS_MAX:
            self._say(ShellEvent.LOOP_CAME_LATE, took_ms=took_ns // NS_PER_MS)
            return
        wanted_ns, now_ns = self._manager.watchdog_ns, time.monotonic_ns()
        if wanted_ns is not None and now_ns - self._fed_ns >= wanted_ns // 4:
            self._fed_ns = now_ns
            self._manager.say("WATCHDOG=1")
