"""What a map file may say: the properties of each kind of feature, their ranges and their meaning.

Pure. One table, `KINDS`; the reader (`map_read`) applies it and docs/MAP.md explains it.
Not here: whether places fit together (`map_check`).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from contract.map_parts import ZoneKind

FORMAT_VERSION: Final = 1
SPEED_MPS_MAX: Final = 25.0 / 3.6 + 1e-3  # 25 km/h, written with three decimals
GRADE_MAX: Final = 0.08
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
COUNTRIES: Final = ("KZ", "CN")


class Reader(Protocol):
    """Turns one JSON value into a typed one; `expected` says what it accepts."""

    @property
    def expected(self) -> str: ...

    def read(self, value: object) -> object:
        """The value, checked. Raises ValueError if it is not what was expected."""
        ...


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number from `low` (or above it, if `above`) to `high`."""

    unit: str
    low: float
    high: float
    above: bool = False

    @property
    def expected(self) -> str:
        bound = f"above {self.low:g} and at most" if self.above else f"from {self.low:g} to"
        return f"a number {bound} {self.high:.4g} {self.unit}"

    def read(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        if isinstance(value, int) and abs(value) > 10**9:
            raise ValueError
        number = float(value)
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise ValueError
        if self.above and number <= self.low:
            raise ValueError
        return number


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from 1 to `high`."""

    unit: str
    high: int

    @property
    def expected(self) -> str:
        return f"a whole number of {self.unit} from 1 to {self.high}"

    def read(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= self.high:
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    expected: str = "true or false"

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        return "one of " + ", ".join(self.words)

    def read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Choices:
    """A list of at least one of a few words, each once."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        return "a list of " + ", ".join(self.words) + ", each at most once, not empty"

    def read(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError
        if any(not isinstance(each, str) or each not in self.words for each in value):
            raise ValueError
        if len(set(value)) != len(value):
            raise ValueError
        return tuple(value)


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of another feature."""

    kind: str

    @property
    def expected(self) -> str:
        return f"the id of a {self.kind}"

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not NAME.fullmatch(value):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class References:
    """A list of ids of other features, each once; it may be empty."""

    kind: str

    @property
    def expected(self) -> str:
        return f"a list of ids of {self.kind}s, each once"

    def read(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > 64:
            raise ValueError
        if any(not isinstance(each, str) or not NAME.fullmatch(each) for each in value):
            raise ValueError
        if len(set(value)) != len(value):
            raise ValueError
        return tuple(value)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of feature: its geometry, what it must say and what it may say."""

    geometry: str
    needs: Mapping[str, Reader]
    may: Mapping[str, Reader]


_LANE: Final = Reference("lane")
_COUNTRY: Final = Choice(COUNTRIES)
_DIRECTION: Final = Choice(("E", "W"))

KINDS: Final[Mapping[str, Kind]] = {
    "lane": Kind(
        "LineString",
        {
            "zone": Reference("zone"),
            "width_m": Number("m", 0.0, 20.0, above=True),
            "speed_mps": Number("m/s (25 km/h)", 0.0, SPEED_MPS_MAX, above=True),
            "grade": Number("m/m, uphill positive", -GRADE_MAX, GRADE_MAX),
            "successors": References("lane"),
        },
        {"country": _COUNTRY},
    ),
    "zone": Kind(
        "Polygon",
        {"zone_kind": Choice(tuple(kind.value for kind in ZoneKind))},
        {
            "country": _COUNTRY,
            "neutral": Flag(),
            "one_lane": Flag(),
            "vehicles_max": Count("vehicles", 1_000),
            "mass_max_kg": Count("kg", 10_000_000),
            "axle_max_kg": Count("kg", 1_000_000),
        },
    ),
    "gate": Kind(
        "Point",
        {
            "country": _COUNTRY,
            "lane": _LANE,
            "side": Choice(("exit", "entry")),
            "direction": _DIRECTION,
            "stop_line": Reference("stop_line"),
        },
        {},
    ),
    "station": Kind(
        "Point",
        {
            "country": _COUNTRY,
            "lane": _LANE,
            "direction": _DIRECTION,
            "kinds": Choices(("weighbridge", "portal", "xray")),
        },
        {},
    ),
    "bay": Kind("Point", {"country": _COUNTRY, "lane": _LANE, "direction": _DIRECTION}, {}),
    "berth": Kind(
        "Point",
        {"country": _COUNTRY, "lane": _LANE, "departures": Flag(), "arrivals": Flag()},
        {},
    ),
    "pocket": Kind("Point", {"country": _COUNTRY, "lane": _LANE}, {}),
    "detector": Kind(
        "Point",
        {"lane": _LANE, "zone_before": Reference("zone"), "zone_after": Reference("zone")},
        {"country": _COUNTRY},
    ),
    "marker": Kind("Point", {"lane": _LANE}, {"country": _COUNTRY}),
    "stop_line": Kind("Point", {"lane": _LANE}, {"country": _COUNTRY}),
    "boundary_line": Kind("LineString", {"left": _COUNTRY}, {"published": Flag()}),
}
