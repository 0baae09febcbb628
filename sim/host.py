"""The simulated shell: runs one node in virtual time as live/shell.py runs it in real time.

Carries out turns in the order the contract says: what makes safer first, then one commit, then the
rest. A crash throws the node away and keeps the disk; a restart builds a new node that sees the
disk and nothing else. Not here: decisions. Nothing in an agent can tell this shell from the other.
"""

import hashlib
import random
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from contract.agent import Act, Boot, Now, Persist, RecordKind, Report
from contract.mailbox import Transmit
from contract.node import Node, Turn
from sim.engine import Engine
from sim.parts import Parts

NS_PER_MS: Final = 1_000_000
HELD_MAX: Final = 10_000  # messages that wait for a program that is paused; more are lost


class Body(Protocol):
    """What a node is built into."""

    def reading(self) -> Any:
        """The newest word, with everything that has happened since the last."""
        ...

    def carry_out(self, command: Any) -> None:
        """Obey one command."""
        ...

    def lost(self) -> None:
        """The program has died: the hardware is on its own."""
        ...

    def booted(self) -> None:
        """The program is up again."""
        ...


Build = Callable[[], Node[Any]]
Say = Callable[[str, Report], None]
Post = Callable[[str, str, bytes], None]
Committed = Callable[[str, list[Persist]], None]


class Host:
    """One computer of the corridor."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        *,
        build: Build,
        body: Body,
        seed: int,
        start_utc_ns: int,
        post: Post,
        say: Say,
        committed: Committed,
        parts: Parts,
        part: str,
    ) -> None:
        """`part` is whom `parts` charges for what this computer does."""
        self.name = name
        self._parts = parts
        self._part = part
        self.up = False
        self.disk: dict[str, bytes] = {}
        self.boots = 0
        self.node: Node[Any] | None = None
        self._engine = engine
        self.build = build
        self._body = body
        self._seed = seed
        self._start_utc_ns = start_utc_ns
        self._post = post
        self._say = say
        self._committed = committed
        draws = random.Random(  # noqa: S311 - a model, no secret
            int.from_bytes(self._bytes("clock", 8), "big")
        )
        self._mono_offset_ns = draws.randrange(1_000_000_000, 1_000_000_000_000)
        self._armed_ns: int | None = None
        self._life = 0
        self._held: list[tuple[str, bytes]] | None = None  # None: not paused

    def _bytes(self, what: str, size: int) -> bytes:
        material = f"{self._seed}/{self.name}/{what}/{self.boots}".encode()
        return hashlib.blake2b(material, digest_size=size).digest()

    def now(self) -> Now:
        """This computer's clocks."""
        now_ns = self._engine.now_ns
        return Now(now_ns + self._mono_offset_ns, self._start_utc_ns + now_ns, NS_PER_MS)

    # --- life ---

    def start(self) -> None:
        """Boot: build the node anew and hand it the disk."""
        self.boots += 1
        self._life += 1
        self.up = True
        self._held = None
        journal = hashlib.blake2b(f"{self._seed}/{self.name}".encode(), digest_size=16)
        boot = Boot(self._bytes("boot", 16), self.boots, self._bytes("nonce", 32), journal.digest())
        self._body.booted()
        self.node = self.build()
        self._carry(self.node.start(self.now(), boot, dict(self.disk)))
        self.wake()

    def crash(self) -> None:
        """The program dies at once; what was not committed is gone."""
        if self.up:
            self.up = False
            self.node = None
            self._armed_ns = None
            self._life += 1
            self._held = None
            self._body.lost()

    def pause(self) -> None:
        """The program gets no processor time: it hears nothing and does nothing, and knows not."""
        if self.node is not None and self._held is None:
            self._held = []

    def go_on(self) -> None:
        """It runs again as it was, a while later, with everything in its sockets at once."""
        held, self._held = self._held, None
        for sender, raw in held or ():
            self.receive(sender, raw)
        if held is not None:
            self.wake()

    # --- inputs ---

    def receive(self, sender: str, raw: bytes) -> None:
        """Bytes from the network."""
        node = self.node
        if self._held is not None:
            if len(self._held) < HELD_MAX:
                self._held.append((sender, raw))
        elif node is not None:
            turn = self._parts.turn
            before = turn(self._part)
            self._carry(node.receive(self.now(), raw, sender))
            self._arm(node)
            turn(before)

    def wake(self) -> None:
        """The body has news, or a deadline is due."""
        node = self.node
        if node is not None and self._held is None:
            turn = self._parts.turn
            before = turn(self._part)
            self._carry(node.wake(self.now(), self._body.reading()))
            self._arm(node)
            turn(before)

    def _due(self, life: int, t_ns: int) -> None:
        if life == self._life and self._armed_ns == t_ns:
            self._armed_ns = None
            self.wake()

    def _arm(self, node: Node[Any]) -> None:
        wake_ns = node.wake_ns
        if wake_ns is None:
            return
        t_ns, armed_ns = wake_ns - self._mono_offset_ns, self._armed_ns
        if armed_ns is not None and armed_ns <= t_ns:
            return
        t_ns = max(t_ns, self._engine.now_ns + 1)
        if armed_ns is None or t_ns < armed_ns:
            self._armed_ns = t_ns
            self._engine.at(t_ns, self._due, self._life, t_ns)

    # --- effects ---

    def _carry(self, turn: Turn) -> None:
        for act in turn.urgent:
            self._body.carry_out(act.command)
        if turn.records:
            self._commit(turn.records)
        for effect in turn.then:
            if isinstance(effect, Transmit):
                self._post(self.name, effect.to, effect.raw)
            elif isinstance(effect, Act):
                self._body.carry_out(effect.command)
            else:
                self._say(self.name, effect)

    def _commit(self, records: list[Persist]) -> None:
        for record in records:
            if record.kind is RecordKind.SNAPSHOT:
                continue
            if record.value is None:
                self.disk.pop(record.key, None)
            else:
                self.disk[record.key] = record.value
        self._committed(self.name, records)


class NoBody:
    """A program without hardware."""

    def reading(self) -> None:
        return None

    def carry_out(self, command: Any) -> None:
        raise AssertionError(f"a program without a body ordered {command!r}")

    def lost(self) -> None:
        return

    def booted(self) -> None:
        return


Hosts = Mapping[str, Host]
