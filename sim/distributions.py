"""Service-time distributions: what `exponential:600s` means, as a value that can be sampled.

In: a specification, a name and its numbers. Out: a frozen `Distribution` with `mean_s` and
`sample(rng)`; chance comes in as an argument, one draw order per sample, so streams stay aligned.
Not here: who waits for the service (sim/station_queue.py), arrivals of a flow (scenarios).

    constant:A   exponential:MEAN   lognormal:MEAN,SIGMA_LN   triangular:LOW,MODE,HIGH
    uniform:LOW,HIGH                times with a suffix: ms, s, min, h; without one, seconds

A lognormal is given by the mean of the time itself, not of its logarithm.
"""

import difflib
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from contract.errors import ConfigError

SECONDS: Final = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
TIME_MAX_S: Final = 1e7  # about four months: nothing at a border is served longer
SIGMA_LN_MAX: Final = 5.0
_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)")


class SpecError(ConfigError, ValueError):
    """A specification that cannot be used; the text says what was read and what was expected."""


class Distribution(Protocol):
    """A random time in seconds, never negative."""

    @property
    def mean_s(self) -> float: ...

    def sample(self, rng: random.Random) -> float: ...


@dataclass(frozen=True)
class Constant:
    """Always the same; draws nothing."""

    value_s: float

    @property
    def mean_s(self) -> float:
        return self.value_s

    def sample(self, rng: random.Random) -> float:
        return self.value_s


@dataclass(frozen=True)
class Exponential:
    """Memoryless."""

    mean_s: float

    def sample(self, rng: random.Random) -> float:
        return rng.expovariate(1.0 / self.mean_s)


@dataclass(frozen=True)
class Lognormal:
    """Given by its mean and by the standard deviation of its logarithm."""

    mean_s: float
    sigma_ln: float

    def sample(self, rng: random.Random) -> float:
        mu = math.log(self.mean_s) - 0.5 * self.sigma_ln * self.sigma_ln
        return rng.lognormvariate(mu, self.sigma_ln)


@dataclass(frozen=True)
class Triangular:
    """Straight up from low to mode, straight down to high."""

    low_s: float
    mode_s: float
    high_s: float

    @property
    def mean_s(self) -> float:
        return (self.low_s + self.mode_s + self.high_s) / 3.0

    def sample(self, rng: random.Random) -> float:
        return rng.triangular(self.low_s, self.high_s, self.mode_s)


@dataclass(frozen=True)
class Uniform:
    """Anything between low and high."""

    low_s: float
    high_s: float

    @property
    def mean_s(self) -> float:
        return 0.5 * (self.low_s + self.high_s)

    def sample(self, rng: random.Random) -> float:
        return rng.uniform(self.low_s, self.high_s)


FORMS: Final = {
    "constant": "constant:600s",
    "exponential": "exponential:600s",
    "lognormal": "lognormal:600s,0.5 (mean, sigma of the logarithm)",
    "triangular": "triangular:15s,25s,60s (low, mode, high)",
    "uniform": "uniform:15s,60s (low, high)",
}


def parse_distribution(spec: str) -> Distribution:
    """The distribution a specification names. Raises SpecError."""
    name, colon, numbers = spec.strip().partition(":")
    name = name.strip()
    if not colon:
        raise SpecError(f"{spec!r:.60}: no ':', expected NAME:NUMBERS, as {FORMS['exponential']}")
    if name not in FORMS:
        near = difflib.get_close_matches(name, FORMS, n=1, cutoff=0.5)
        hint = f" (nearest: {near[0]})" if near else ""
        raise SpecError(
            f"{spec!r:.60}: unknown distribution {name!r:.40}, expected one of"
            f" {', '.join(FORMS)}{hint}"
        )
    parts = [part.strip() for part in numbers.split(",")]
    try:
        return _build(name, parts)
    except SpecError as fault:
        raise SpecError(f"{spec!r:.60}: {fault}, expected {FORMS[name]}") from None


def parse_duration(text: str, *, unit: str = "") -> float:
    """Seconds from `90s`, `1.5min`, `2h`, `250ms`; `unit` is that of a bare number, if it may be.

    Raises SpecError.
    """
    value, suffix = _quantity(text)
    suffix = suffix or unit
    if suffix not in SECONDS:
        said = f"has the unit {suffix!r:.20}" if suffix else "has no unit"
        raise SpecError(f"{text!r:.40} {said}, expected one of {', '.join(SECONDS)}")
    seconds = value * SECONDS[suffix]
    if not 0.0 <= seconds <= TIME_MAX_S:
        raise SpecError(f"{text!r:.40} is outside 0 to {TIME_MAX_S:g} s")
    return seconds


def parse_rate(text: str) -> float:
    """Events per second from `20/h`, `3/min`, `0.5/s`. Raises SpecError."""
    count_text, slash, unit = text.partition("/")
    if not slash or unit.strip() not in SECONDS:
        raise SpecError(f"{text!r:.40} is no rate, expected a number per time, as 20/h")
    count, suffix = _quantity(count_text)
    if suffix or count <= 0.0:
        raise SpecError(f"{text!r:.40} is no rate, expected a number above 0 per time, as 20/h")
    return count / SECONDS[unit.strip()]


def _quantity(text: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise SpecError(f"{text!r:.40} is no number with a unit")
    value = float(match[1])
    if not math.isfinite(value):
        raise SpecError(f"{text!r:.40} is not finite")
    return value, match[2]


def _build(name: str, parts: Sequence[str]) -> Distribution:
    wanted = {"constant": 1, "exponential": 1, "lognormal": 2, "triangular": 3, "uniform": 2}[name]
    if len(parts) != wanted:
        raise SpecError(f"{len(parts)} numbers, {name} has {wanted}")
    if name == "lognormal":
        return _lognormal(parts)
    times = [parse_duration(part, unit="s") for part in parts]
    if times != sorted(times):
        raise SpecError(f"{', '.join(parts)} are not in rising order")
    if name == "constant":
        return Constant(times[0])
    if name == "exponential":
        if times[0] <= 0.0:
            raise SpecError("the mean is not above 0")
        return Exponential(times[0])
    if name == "uniform":
        return Uniform(times[0], times[1])
    return Triangular(times[0], times[1], times[2])


def _lognormal(parts: Sequence[str]) -> Lognormal:
    mean_s = parse_duration(parts[0], unit="s")
    sigma_ln, suffix = _quantity(parts[1])
    if mean_s <= 0.0:
        raise SpecError("the mean is not above 0")
    if suffix or not 0.0 <= sigma_ln <= SIGMA_LN_MAX:
        raise SpecError(f"sigma {parts[1]!r:.40} is not a plain number from 0 to {SIGMA_LN_MAX:g}")
    return Lognormal(mean_s, sigma_ln)
