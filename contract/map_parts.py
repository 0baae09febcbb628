"""The parts of a compiled map, and the faults that keep one from compiling.

Pure values. Lengths in metres, speeds in metres per second, places as an offset along a lane's
axis.
Not here: reading (`map_read`), building (`map_build`), judging (`map_check`), ways (`map`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from contract.errors import ConfigError
from contract.geodesy import Array

FAULTS_SHOWN_MAX: Final = 200  # a map with more is not drawn, it is noise
VALUE_SHOWN_MAX: Final = 72


class ZoneKind(Enum):
    """What a zone is for; it decides who may stop in it."""

    LANE = "lane"
    STATION = "station"
    GATE_CELL = "gate_cell"
    BOUNDARY = "boundary"
    BAY = "bay"
    BERTH = "berth"
    YARD = "yard"


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """A one-way stretch of road inside one zone. `xy_m` is (n, 2), read-only, map frame, metres."""

    id: str
    zone: str
    country: str | None
    width_m: float
    speed_mps: float
    grade: float
    successors: tuple[str, ...]
    xy_m: Array
    length_m: float


@dataclass(frozen=True, slots=True)
class Zone:
    """What is reserved at once, by one holder. `lanes` in order of id; None means no limit."""

    id: str
    kind: ZoneKind
    lanes: tuple[str, ...]
    neutral: bool
    one_lane: bool
    vehicles_max: int | None
    mass_max_kg: int | None
    axle_max_kg: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """A barrier across one gate cell. `side` is exit or entry, `direction` E or W."""

    id: str
    country: str
    side: str
    direction: str
    lane: str
    zone: str
    stop_offset_m: float
    barrier_offset_m: float


@dataclass(frozen=True, slots=True)
class Station:
    """Where a truck is weighed, measured or scanned; `kinds` of weighbridge, portal, xray."""

    id: str
    country: str
    kinds: tuple[str, ...]
    direction: str
    lane: str
    zone: str
    stop_offset_m: float


@dataclass(frozen=True, slots=True)
class Bay:
    """An inspection place beside the lane."""

    id: str
    country: str
    direction: str
    lane: str
    zone: str
    stop_offset_m: float


@dataclass(frozen=True, slots=True)
class Berth:
    """A loading place; crossings begin in it (`departures`), end in it (`arrivals`), or both."""

    id: str
    country: str
    lane: str
    zone: str
    stop_offset_m: float
    departures: bool
    arrivals: bool


@dataclass(frozen=True, slots=True)
class Pocket:
    """A waiting place: a truck that stands at its stop offset keeps nobody from an escape."""

    id: str
    country: str
    lane: str
    zone: str
    stop_offset_m: float


@dataclass(frozen=True, slots=True)
class Detector:
    """A wired detector at a zone limit, at the end of `lane`, which lies in `zone_before`."""

    id: str
    lane: str
    offset_m: float
    zone_before: str
    zone_after: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A surveyed mark in the road that binds a truck's position; x and y in the map frame."""

    id: str
    lane: str
    offset_m: float
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class StopLine:
    """Where a truck's front stands when it has stopped."""

    id: str
    lane: str
    offset_m: float


@dataclass(frozen=True, slots=True)
class MapFault:
    """One thing wrong with a map: where, what was found, and what was expected."""

    feature: str
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.field} is {self.value}; expected {self.expected}"


class MapError(ConfigError):
    """A map that cannot be used, with every fault that was found."""

    def __init__(self, faults: Iterable[MapFault]) -> None:
        self.faults: tuple[MapFault, ...] = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Everything of a map, by id, before it has been judged.

    `boundary_xy_m` is (n, 2), map frame; `boundary_left` is the country to the left of its
    direction.
    """

    name: str
    origin_lon_lat: tuple[float, float]
    lanes: Mapping[str, Lane]
    zones: Mapping[str, Zone]
    gates: Mapping[str, Gate]
    stations: Mapping[str, Station]
    bays: Mapping[str, Bay]
    berths: Mapping[str, Berth]
    pockets: Mapping[str, Pocket]
    detectors: Mapping[str, Detector]
    markers: Mapping[str, Marker]
    stop_lines: Mapping[str, StopLine]
    boundary_xy_m: Array
    boundary_left: str


@dataclass(frozen=True, slots=True)
class Said:
    """Words of ours about a value, shown as they are. Not a `str`: nobody takes it for content."""

    text: str


def shown(value: object) -> str:
    """A value from a file, safe to print: ASCII only, one line, of bounded length."""
    if isinstance(value, Said):
        return value.text
    if isinstance(value, (list, dict)) and len(value) > 8:
        return f"a {type(value).__name__} of {len(value)} values"
    if isinstance(value, int) and abs(value) > 10**18:
        return "an integer of more than 18 digits"
    text = ascii(value)
    return text if len(text) <= VALUE_SHOWN_MAX else text[: VALUE_SHOWN_MAX - 3] + "..."
