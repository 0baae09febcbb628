"""One peer as the mailbox sees it: sequences, hold-back, outbox and retry.

Two reliable streams. The *session* stream lives as long as the pair of boots; the *durable* stream
lives as long as the pair of journals. Both number from 1, deliver in order, hold back what came
early, and repeat until acknowledged. Telemetry only counts, and the newest wins. Not here: bytes,
signatures, who may say what (contract/mailbox.py).
"""

from dataclasses import dataclass, field

from contract.agent import NS_PER_MS
from contract.limits import HOLDBACK_MESSAGES_MAX, RETRY_MS, RETRY_MS_MAX
from contract.v1.envelope_pb2 import STREAM_TELEMETRY, Envelope


@dataclass(slots=True)
class Outgoing:
    """One message that waits for its acknowledgement."""

    payload_type: str
    payload: bytes
    sequence: int
    due_ns: int = 0
    sent_ns: int = -(1 << 62)
    interval_ns: int = RETRY_MS * NS_PER_MS

    def sent(self, now_ns: int) -> None:
        """Arm the retry; the interval doubles up to its limit."""
        self.sent_ns = now_ns
        self.due_ns = now_ns + self.interval_ns
        self.interval_ns = min(self.interval_ns * 2, RETRY_MS_MAX * NS_PER_MS)

    def afresh(self) -> None:
        """Forget earlier attempts: the peer has changed."""
        self.due_ns = 0
        self.interval_ns = RETRY_MS * NS_PER_MS


@dataclass(slots=True)
class Outbox:
    """What was said on one stream and is not acknowledged, oldest first."""

    last: int = 0
    waiting: list[Outgoing] = field(default_factory=list)

    def add(self, payload_type: str, payload: bytes) -> Outgoing:
        self.last += 1
        outgoing = Outgoing(payload_type, payload, self.last)
        self.waiting.append(outgoing)
        return outgoing

    def acknowledged(self, sequence: int) -> list[Outgoing]:
        """Drop everything up to `sequence`; returns what was dropped."""
        done = [item for item in self.waiting if item.sequence <= sequence]
        if done:
            self.waiting = [item for item in self.waiting if item.sequence > sequence]
        return done

    def renumber(self) -> None:
        """Start numbering at 1 again, in the same order: a new session."""
        self.last = len(self.waiting)
        for sequence, item in enumerate(self.waiting, 1):
            item.sequence = sequence
            item.afresh()

    @property
    def base(self) -> int:
        """Oldest sequence that can still be repeated."""
        return self.waiting[0].sequence if self.waiting else self.last + 1

    @property
    def due_ns(self) -> int | None:
        """When the next repetition is due; None if nothing waits."""
        return min((item.due_ns for item in self.waiting), default=None)


@dataclass(slots=True)
class Inbox:
    """What was accepted on one stream, and what came too early."""

    last: int = 0
    held: dict[int, bytes] = field(default_factory=dict)

    def is_duplicate(self, sequence: int) -> bool:
        return sequence <= self.last

    def is_next(self, sequence: int) -> bool:
        return sequence == self.last + 1

    def hold(self, sequence: int, raw: bytes) -> bool:
        """Keep an early frame; False if it is beyond the window."""
        if sequence > self.last + HOLDBACK_MESSAGES_MAX:
            return False
        self.held[sequence] = raw
        return True

    def take_next(self) -> bytes | None:
        """The held frame that has become next, if there is one."""
        return self.held.pop(self.last + 1, None)

    def restart(self, last: int = 0) -> None:
        """A new incarnation of the stream."""
        self.last = last
        self.held.clear()


@dataclass(slots=True)
class Peer:
    """Everything remembered about one other node."""

    name: str
    boot_id: bytes = b""
    boot_count: int = 0
    journal_id: bytes = b""
    telemetry_out: int = 0
    telemetry_in: int = 0
    session_out: Outbox = field(default_factory=Outbox)
    session_in: Inbox = field(default_factory=Inbox)
    durable_out: Outbox = field(default_factory=Outbox)
    durable_in: Inbox = field(default_factory=Inbox)
    durable_in_journal: bytes = b""
    greeting_due_ns: int | None = None
    greeting_interval_ns: int = RETRY_MS * NS_PER_MS
    asked_ns: int = -(1 << 62)
    early: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """True once a session is open."""
        return bool(self.boot_id)

    def adopt(self, boot_id: bytes, boot_count: int) -> None:
        """Open a session with this boot of the peer."""
        self.boot_id = boot_id
        self.boot_count = boot_count
        self.telemetry_in = 0
        self.session_in.restart()
        self.session_out.renumber()
        for item in self.durable_out.waiting:
            item.afresh()
        self.greeting_due_ns = None

    def keep_early(self, body: Envelope, raw: bytes) -> None:
        """Keep a frame that has overtaken its boot's HELLO; without room it is repeated."""
        if body.stream != STREAM_TELEMETRY and len(self.early) < HOLDBACK_MESSAGES_MAX:
            self.early.append((body.boot_id, raw))

    def take_early(self) -> list[bytes]:
        """The frames that came before the HELLO of the boot now in session."""
        early, self.early = self.early, []
        return [raw for boot_id, raw in early if boot_id == self.boot_id]

    def greet(self, now_ns: int) -> None:
        """Ask for a HELLO at once and then until it is answered."""
        if self.greeting_due_ns is None:
            self.greeting_due_ns = now_ns
            self.greeting_interval_ns = RETRY_MS * NS_PER_MS

    def greeted(self, now_ns: int) -> None:
        """A HELLO went out: arm its repetition."""
        self.greeting_due_ns = now_ns + self.greeting_interval_ns
        self.greeting_interval_ns = min(self.greeting_interval_ns * 2, RETRY_MS_MAX * NS_PER_MS)

    @property
    def due_ns(self) -> int | None:
        """When something must be said to this peer without being asked."""
        if not self.known:
            return self.greeting_due_ns
        times = [self.session_out.due_ns, self.durable_out.due_ns]
        return min((time for time in times if time is not None), default=None)
