"""Everything real that one program has, in one hand."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from live.body import Body
from live.clock import Clock
from live.journal import JournalFile
from live.link import Link
from live.logs import Log

ReadingT = TypeVar("ReadingT")


@dataclass(frozen=True, slots=True)
class Surroundings(Generic[ReadingT]):
    """Everything real that one program has."""

    link: Link
    journal: JournalFile
    body: Body[ReadingT]
    clock: Clock
    log: Log
