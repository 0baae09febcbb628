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
    """A counter at a zone limit: vehicles and axles counted past it since it was built in, and one
    above it now. No axles: a loop, which cannot tell them.
    """

    count: int
    occupied: bool
    axles: int = 0


@dataclass(frozen=True, slots=True)
class StationOutcome:
    """What a station's devices and people said about one vehicle.

    scanned   the machine is done and free, and the image is being read elsewhere;   sampled   the
              people are, and a laboratory has the sample: of either, clear and reason do not count
    aborted   broken off before its end
    crossing_id   what it was about; "": whatever the vehicle is served under
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
    sampled: bool = False
    crossing_id: str = ""
    delayed_s: int = 0


@dataclass(frozen=True, slots=True)
class GateReading:
    """The cabinet's word.

    loop_occupied   something is under the arm;   plate   vehicle read at the stop line, "" if none
    cell_vehicles   vehicles in the cell by entry and exit counts; None if not known
    containers      numbers read at the stop line; () if the reader sees none
    unread          "plate", "container" or "seals": what stands at the line and is not read yet
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
    containers: tuple[str, ...] = ()


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
    """Begin these services at a station with the vehicle that stands there; `image` or `laboratory`
    alone: ask once more for what comes from elsewhere, wherever the vehicle is.
    """

    station_id: str
    vehicle_id: str
    crossing_id: str
    services: tuple[str, ...]
    makes_safer: bool = False


GateCommand = OpenBarrier | CloseBarrier | StartService
