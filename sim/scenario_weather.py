"""[weather] of a scenario, and how it changes. Not here: what follows (storm.py, corridor/)."""

from msgspec import Struct

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
