"""The agent protocol: what a program decides, cut off from clock, wire, disk and hardware.

An agent is a pure state machine. A shell (live/ or sim/) calls it with a message, a deadline or a
reading and carries out the effects it answers with, in order:

- after the first `Persist` of a turn, later effects wait for one commit;
- an `Act` whose command only makes safer goes first, before any commit;
- if the commit fails, the rest is discarded and the process dies.

Nothing in an agent knows which shell it is in. One call at a time; no call happens inside another.
The values here are frozen structs rather than frozen dataclasses: several are made for every
message, and these are made six times as fast.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from google.protobuf.message import Message
from msgspec import Struct

from contract.events import Event
from contract.reasons import Reason

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000


class Now(Struct, frozen=True):
    """Time as the shell knows it. Monotonic for time-outs, UTC with a bound for documents."""

    mono_ns: int
    utc_ns: int
    utc_error_ns: int = 0

    @property
    def utc_ms(self) -> int:
        return self.utc_ns // NS_PER_MS


class Boot(Struct, frozen=True):
    """One start of one program. Pure code derives every nonce and id from seed and counter."""

    boot_id: bytes
    boot_count: int
    nonce_seed: bytes
    journal_id: bytes


class RecordKind(Enum):
    """A record sets one key; a snapshot replaces everything said before it."""

    RECORD = "record"
    SNAPSHOT = "snapshot"


class Persist(Struct, frozen=True):
    """Write to the journal. `value` None forgets the key. A snapshot's key is empty."""

    key: str
    value: bytes | None
    kind: RecordKind = RecordKind.RECORD


class Journal(Struct, frozen=True):
    """What a restarted program finds: the newest snapshot and the records since."""

    snapshot: bytes | None = None
    records: tuple[tuple[str, bytes | None], ...] = ()


class Command(Protocol):
    """An order to the body. True where carrying it out early can only make things safer."""

    @property
    def makes_safer(self) -> bool: ...


class Received(Struct, frozen=True):
    """A message that is authentic, in order and not seen before."""

    sender: str
    role: "Role"
    message: Message
    epoch: int
    frame: bytes


class Send(Struct, frozen=True):
    """Give `message` to `to`. How (stream, signature, retry) is said by the topics table."""

    to: str
    message: Message


class Act(Struct, frozen=True):
    """Order the body to do something."""

    command: Command


class Report(Struct, frozen=True):
    """An event of the catalogue with its fields; never free text."""

    event: Event
    fields: Mapping[str, Any]


class Refused(Struct, frozen=True):
    """Remote misbehaviour, or something that may not be: the reason and where it was found."""

    reason: Reason
    detail: str = ""


Effect = Persist | Send | Act | Report
Effects = Sequence[Effect]


class Role(Enum):
    """Who a node is. Role and key are bound by the roster; a routing id proves nothing."""

    VEHICLE = "vehicle"
    SUPERVISOR = "supervisor"
    GATE = "gate"
    OFFICE = "office"
    TERMINAL = "terminal"
    OPERATOR = "operator"
    AGENCY = "agency"

    __hash__ = object.__hash__  # one object each: asked for twice a message, and by its name dear


ReadingT = TypeVar("ReadingT", contravariant=True)


class Agent(Protocol[ReadingT]):
    """The one interface between what decides and what carries out."""

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        """Take up the folded journal (newest value of each key). Be cautious."""
        ...

    def on_message(self, now: Now, received: Received) -> Effects:
        """Deal with one message."""
        ...

    def on_wake(self, now: Now, reading: ReadingT) -> Effects:
        """A deadline is due, or the body reports."""
        ...

    @property
    def wake_ns(self) -> int | None:
        """Next deadline on the monotonic clock; None if there is none."""
        ...
