"""Lose exactly one message: every n of a run, each in a child forked where the message is sent.

The child loses the message - all draws stay as if it had arrived - and runs on to the end; the
parent goes on to the next. So nothing is simulated twice before the loss. Behind it, a child whose
every later message is, byte for byte and to the nanosecond, the baseline's has lost a heartbeat
that nobody missed. Its receiver keeps of a heartbeat only what the next one overwrites: two more of
them later nothing is left that could remember it, and the rest is the baseline.

A process of its own does it (`python -m tests.sim.losses TRUCKS FIRST STEP`): forking one that has
run a thousand other tests copies what they left behind, page by page.
"""

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from contract.events import Event
from sim.run import Finished
from sim.world import World
from tests.sim.runs import Ledger, Log, a_run, both, broken, ledger, payload_type

HEARTBEATS: Final = tuple(f"contract.v1.{each}Heartbeat" for each in ("Node", "Vehicle"))
SETTLED_AFTER: Final = 2
ROOT: Final = Path(__file__).parents[2]
Word = tuple[int, str, str, bytes]


class Ending(msgspec.Struct):
    """What became of a run."""

    finished_s: float
    ledger: Ledger
    broken: str
    lost: str = ""


class Baseline(msgspec.Struct):
    """The run that loses nothing, and every message of it."""

    ending: Ending
    words: list[Word]


class Campaign(msgspec.Struct):
    """What a process found out: how the run ends that loses nothing, how long it is, and how
    those end that lose one message, by its number.
    """

    before: Ending
    messages: int
    endings: dict[int, Ending]


def campaign(trucks: int, first: int, step: int) -> Campaign:
    """Lose every `step`-th message from number `first` on, in a process of its own."""
    command = [sys.executable, "-m", "tests.sim.losses", *map(str, (trucks, first, step))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.msgpack.decode(done.stdout, type=Campaign)


def settings(trucks: int) -> list[str]:
    """A whole mission of this many trucks in one convoy, on the short map."""
    return [
        f"fleet.kz={trucks}",
        "fleet.cn=0",
        f"fleet.convoy={trucks}",
        f"time.crossings={trucks}",
        "time.duration='6min'",
    ]


def baseline(trucks: int) -> Baseline:
    """One run, listened to."""
    words: list[Word] = []
    log = Log()

    def listen(world: World) -> None:
        def tap(sender: str, to: str, raw: bytes) -> None:
            words.append((world.engine.now_ns, sender, to, raw))

        world.network.taps.append(tap)

    finished = a_run("smoke", *settings(trucks), prepare=both(log.prepare, listen))
    return Baseline(_ending(finished, log), words)


def _ending(finished: Finished, log: Log) -> Ending:
    done_s = max(log.times_s(Event.CROSSING_FINISHED), default=float("inf"))
    return Ending(done_s, ledger(finished.world), broken(finished))


def lose_each(trucks: int, numbers: Collection[int], before: Baseline) -> dict[int, Ending]:
    """Lose each of these messages, one a child; how each child's run ended."""
    losing = _Losing(trucks, frozenset(numbers), before)
    gc.collect()
    gc.freeze()  # what is shared stays shared
    try:
        losing.run()
    finally:
        gc.unfreeze()
    return losing.endings


class _Losing:
    """The parent's run, and in a child the rest of it."""

    def __init__(self, trucks: int, numbers: frozenset[int], before: Baseline) -> None:
        self.trucks = trucks
        self.numbers = numbers
        self.before = before
        self.endings: dict[int, Ending] = {}
        self.log = Log()
        self.out: int | None = None  # a child's pipe
        self.lost = ""
        self.link = ("", "")
        self.more = 0  # messages of the lost one's kind behind it
        self.alike = True
        self.settled = False

    def run(self) -> None:
        try:
            finished = a_run(
                "smoke", *settings(self.trucks), prepare=both(self.log.prepare, self.prepare)
            )
            if self.out is not None:
                self.tell(finished)
        finally:
            if self.out is not None:
                os._exit(0)

    def prepare(self, world: World) -> None:
        self.world = world
        world.network.taps.append(self.tap)

    def tap(self, sender: str, to: str, raw: bytes) -> None:
        number = self.world.network.messages
        if self.out is not None:
            self.compare(number, sender, to, raw)
        elif number in self.numbers:
            self.fork(number, (sender, to), payload_type(raw))
        elif number > max(self.numbers):
            self.stop()

    def stop(self) -> None:
        """The run need not go on."""
        self.world.finished = self.trucks

    def compare(self, number: int, sender: str, to: str, raw: bytes) -> None:
        """In a child: has the loss changed anything yet, and can it still?"""
        word = (self.world.engine.now_ns, sender, to, raw)
        words = self.before.words
        self.alike = self.alike and number <= len(words) and word == words[number - 1]
        kind = self.lost.rpartition(" ")[2]
        if self.alike and kind in HEARTBEATS and (sender, to) == self.link:
            self.more += payload_type(raw) == kind
            self.settled = self.more > SETTLED_AFTER  # then two have certainly arrived
        if self.alike and self.settled:
            self.stop()

    def fork(self, number: int, link: tuple[str, str], kind: str) -> None:
        lost = f"{link[0]} to {link[1]}: {kind}"
        source, out = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads: the child uses none
            child = os.fork()
        if child == 0:
            os.close(source)
            gc.disable()
            self.out, self.lost, self.link = out, lost, link
            self.world.network.drop_nth = number
            return
        os.close(out)
        with os.fdopen(source, "rb") as told:
            said = told.read()
        _, status = os.waitpid(child, 0)
        assert status == 0, f"the child that lost {number} ({lost}) died: {status}"
        self.endings[number] = msgspec.msgpack.decode(said, type=Ending)

    def tell(self, finished: Finished) -> None:
        """In a child: hand the ending to the parent."""
        ending = _ending(finished, self.log)
        if self.settled and self.alike and not ending.broken:
            ending = self.before.ending
        ending = msgspec.structs.replace(ending, lost=self.lost)
        with os.fdopen(self.out or 0, "wb") as out:
            out.write(msgspec.msgpack.encode(ending))


def main(trucks: int, first: int, step: int) -> None:
    """The campaign of this process, to stdout."""
    before = baseline(trucks)
    endings = lose_each(trucks, range(first, len(before.words) + 1, step), before)
    found = Campaign(before.ending, len(before.words), endings)
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
