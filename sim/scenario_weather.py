"""[weather] of a scenario, and how it changes. Not here: what follows (storm.py, corridor/)."""

import itertools

from msgspec import Struct

from contract.errors import ConfigError
from sim.distributions import parse_duration
from sim.scenario_types import Celsius, Duration, Friction, Sight, Wind


class WeatherStep(Struct, forbid_unknown_fields=True, kw_only=True):
    """[[weather.timeline]]: from a time on it is like this, and the control room reports it."""

    at: Duration
    friction: Friction = 0.7
    visibility_m: Sight = 500.0
    wind_mps: Wind = 0.0


class WeatherSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[weather]: friction between tyre and road; how far one sees, in metres.

    temperature_c   of the air, all through the run: it matters to batteries alone
    hold   better weather counts once it has held so long;  timeline   how it changes in the run
    """

    friction: Friction = 0.7
    sight_m: Sight = 500.0
    hold: Duration = "30min"
    temperature_c: Celsius = 20.0
    timeline: list[WeatherStep] = []


def check_weather(weather: WeatherSection, place: str) -> None:
    """Each change comes after the one before it. Raises ConfigError that names both."""
    for index, (one, two) in enumerate(itertools.pairwise(weather.timeline)):
        if parse_duration(two.at) <= parse_duration(one.at):
            raise ConfigError(
                f"{place}.timeline.{index + 1}.at = {two.at!r}: expected later than {one.at!r},"
                f" which is {place.rpartition(' ')[2]}.timeline.{index}.at"
            )
