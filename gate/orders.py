"""What the gate's agent hears from its cabinet and what it may order: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Barrier(Enum):
    """Where the arm is, as two independent contacts say."""

    CLOSED = "closed"
    MOVING = "moving"
    OPEN = "open"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Detector:
    """A loop at a zone limit: vehicles counted past it since it was built in, and one above
    it now.
    """

    count: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class StationOutcome:
    """What a station's devices and people said about one vehicle.

    scanned   the machine is done and free, and the image is being read elsewhere: nothing else in
              it counts;   aborted   broken off before its end
    delayed_s   not 0: at work still, and done in so many seconds by its own reckoning; likewise
    """

    station_id: str
    vehicle_id: str
    clear: bool
    failed: bool = False
    reason: str = ""
    mass_kg: int = 0
    seals: tuple[str, ...] = ()
    aborted: bool = False
    scanned: bool = False
    container_id: str = ""
    delayed_s: int = 0


@dataclass(frozen=True, slots=True)
class GateReading:
    """The cabinet's word.

    loop_occupied   something is under the arm;   plate   vehicle read at the stop line, "" if none
    cell_vehicles   vehicles in the cell by entry and exit counts; None if not known
    unread          "plate" or "seals": what stands at the line and could not be read yet
    known           False before the cabinet has said anything: nothing else in it counts then
    """

    barrier: Barrier
    loop_occupied: bool
    plate: str
    seals: tuple[str, ...]
    cell_vehicles: int | None
    detectors: Mapping[str, Detector] = field(default_factory=dict)
    outcomes: tuple[StationOutcome, ...] = ()
    at_station: Mapping[str, str] = field(default_factory=dict)
    known: bool = True
    unread: str = ""


@dataclass(frozen=True, slots=True)
class OpenBarrier:
    """Raise the arm. Ordered only with a consumed permit."""

    permit_id: str
    makes_safer: bool = False


@dataclass(frozen=True, slots=True)
class CloseBarrier:
    """Lower the arm if nothing is under it; the hardware checks for itself."""

    makes_safer: bool = True


@dataclass(frozen=True, slots=True)
class StartService:
    """Begin these services at a station with the vehicle that stands there; `image` alone: read
    the image once more, wherever the vehicle is.
    """

    station_id: str
    vehicle_id: str
    crossing_id: str
    services: tuple[str, ...]
    makes_safer: bool = False


GateCommand = OpenBarrier | CloseBarrier | StartService
