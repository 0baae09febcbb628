"""What an office's agent hears from its desks and what it may ask of them: values only."""

from dataclasses import dataclass
from enum import Enum


class Ruling(Enum):
    """What an officer decided."""

    RELEASE = "release"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class DeskOutcome:
    """One decision of one officer about one crossing."""

    crossing_id: str
    ruling: Ruling
    officer_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OfficeReading:
    """The desks' word."""

    outcomes: tuple[DeskOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class AskDesk:
    """Lay a crossing before an officer."""

    crossing_id: str
    task: str
    makes_safer: bool = False


OfficeCommand = AskDesk
