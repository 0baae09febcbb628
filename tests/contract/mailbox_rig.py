"""A rig for mailboxes back to back: programs with a disk each, over a wire that loses and repeats.

A program here is a mailbox with an agent that writes down every durable message it is given, in the
same commit as the mailbox's own records. A crash may come before that commit or right after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from google.protobuf.message import Message

from contract.agent import Persist, Received
from contract.mailbox import Mailbox, Opened, Transmit
from contract.topics import BY_KIND
from contract.v1.customs_pb2 import DecisionNotice
from contract.v1.envelope_pb2 import Hello
from contract.v1.gate_pb2 import Challenge, GateReport, PassageRequest, Passed, StationVisit
from contract.v1.movement_pb2 import MissionOrder, PositionReport, StopOrder
from tests.factories import a_boot, a_mailbox, a_now

Crash = Literal["", "before the commit", "after the commit"]
STEP_MS: Final = 250

# Who may say what to whom here, and the field that carries the message's number.
WORDS: Final[tuple[tuple[str, str, type[Message], str], ...]] = (
    ("kz_out", "truck-01", Passed, "permit_id"),
    ("kz_out", "truck-01", Challenge, "gate_id"),
    ("truck-01", "kz_out", PassageRequest, "gate_id"),
    ("kz_out", "supervisor", Passed, "permit_id"),
    ("kz_out", "supervisor", GateReport, "gate_id"),
    ("supervisor", "kz_out", StationVisit, "station_id"),
    ("truck-01", "supervisor", PositionReport, "mission_id"),
    ("supervisor", "truck-01", MissionOrder, "mission_id"),
    ("office-kz", "office-cn", DecisionNotice, ""),
    ("office-cn", "office-kz", DecisionNotice, ""),
    ("office-kz", "supervisor", DecisionNotice, ""),
    ("office-kz", "supervisor", StopOrder, "stop_id"),
)
GREETS: Final = {
    "truck-01": ("supervisor", "kz_out"),
    "kz_out": ("supervisor",),
    "office-kz": ("supervisor",),
    "office-cn": ("office-kz",),
    "supervisor": (),
}


def numbered(kind: type[Message], place: str, number: int) -> Message:
    """A message that carries its number."""
    message = kind()
    if isinstance(message, DecisionNotice):
        message.decision.payload_type = str(number)
    else:
        setattr(message, place, str(number))
    return message


def number_of(message: Message) -> int:
    for _, _, kind, place in WORDS:
        if isinstance(message, kind):
            inner = message.decision if isinstance(message, DecisionNotice) else message
            return int(getattr(inner, place or "payload_type"))
    raise AssertionError(f"{message.DESCRIPTOR.name} is not said here")


@dataclass
class Program:
    """One node: what it has on disk, and what it has been given."""

    name: str
    disk: dict[str, bytes] = field(default_factory=dict)
    boots: int = 0
    book: dict[str, list[int]] = field(default_factory=dict)  # sender -> durable, committed
    heard: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)  # session, by boots
    mailbox: Mailbox = field(init=False)


@dataclass
class Rig:
    """All programs and the wire between them."""

    names: tuple[str, ...] = tuple(GREETS)
    now_ms: float = 0.0
    wire: list[tuple[str, str, bytes]] = field(default_factory=list)  # (from, to, frame)
    programs: dict[str, Program] = field(default_factory=dict)
    durable: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # committed by sender
    session: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)  # by sender's boot
    posted: int = 0

    def __post_init__(self) -> None:
        for name in self.names:
            self.programs[name] = Program(name)
            self.boot(name)

    # --- life ---

    def boot(self, name: str) -> None:
        """Start or restart: only the disk is left."""
        program = self.programs[name]
        program.boots += 1
        greets = [each for each in GREETS[name] if each in self.names]
        program.mailbox = a_mailbox(name, greets=greets, epoch=program.boots)
        program.mailbox.start(a_now(self.now_ms), a_boot(name, program.boots), dict(program.disk))
        self.repeat(name)

    def repeat(self, name: str) -> None:
        due = self.programs[name].mailbox.due(a_now(self.now_ms))
        self.wire += [(name, each.to, each.raw) for each in due]

    def post(self, word: int, crash: Crash = "") -> int:
        """Say the next number as this row of WORDS."""
        sender, to, kind, place = WORDS[word]
        self.posted += 1
        program = self.programs[sender]
        message = numbered(kind, place, self.posted)
        persists, transmits, refused = program.mailbox.post(to, message, a_now(self.now_ms))
        assert refused is None
        if crash == "before the commit":
            self.boot(sender)
            return self.posted
        self._commit(program, persists)
        if BY_KIND[kind].durable:
            self.durable.setdefault((sender, to), []).append(self.posted)
        else:
            self.session.setdefault((sender, to, program.boots), []).append(self.posted)
        self._finish(program, transmits, crash)
        return self.posted

    def open(self, sender: str, to: str, raw: bytes, crash: Crash = "") -> Opened:
        """Hand a frame to its addressee."""
        program = self.programs[to]
        opened = program.mailbox.open(raw, sender, a_now(self.now_ms))
        for received in opened.received:
            self._hear(program, received, committed=crash != "before the commit")
        if crash == "before the commit":
            self.boot(to)
            return opened
        self._commit(program, opened.persists)
        self._finish(program, opened.transmits, crash)
        return opened

    def _hear(self, program: Program, received: Received, *, committed: bool) -> None:
        message, sender = received.message, received.sender
        if isinstance(message, Hello):
            return
        number = number_of(message)
        if not BY_KIND[type(message)].durable:
            boots = (sender, self.programs[sender].boots, program.boots)
            program.heard.setdefault(boots, []).append(number)
        elif committed:
            program.book.setdefault(sender, []).append(number)

    def _commit(self, program: Program, persists: Iterable[Persist]) -> None:
        for each in persists:
            if each.value is None:
                program.disk.pop(each.key, None)
            else:
                program.disk[each.key] = each.value

    def _finish(self, program: Program, transmits: Iterable[Transmit], crash: Crash) -> None:
        if crash:
            self.boot(program.name)
        else:
            self.wire += [(program.name, each.to, each.raw) for each in transmits]

    # --- the wire ---

    def deliver(self, index: int, *, keep: bool = False, crash: Crash = "") -> Opened:
        """Deliver one frame of the wire, any one; `keep` leaves a copy on it."""
        sender, to, raw = self.wire[index] if keep else self.wire.pop(index)
        return self.open(sender, to, raw, crash)

    def settle(self, seconds: float = 60.0) -> None:
        """No more faults: deliver everything in order, and let time pass, until all is quiet."""
        end_ms = self.now_ms + seconds * 1000.0
        while self.now_ms < end_ms:
            delivered = 0
            while self.wire:
                self.deliver(0)
                delivered += 1
                assert delivered < 10_000, "the wire does not become quiet"
            self.now_ms += STEP_MS
            for name in self.names:
                self.repeat(name)
            if not self.wire and self.is_quiet():
                return

    def is_quiet(self) -> bool:
        """Nobody will say anything again by itself."""
        return all(program.mailbox.wake_ns is None for program in self.programs.values())
