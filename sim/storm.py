"""The weather of a run as it changes: the road itself, and the control room's report of it.

Visibility and wind act through what is reported only: no sensor of the trucks minds them. Not here:
what follows from a report (corridor/weather.py).
"""

from contract.v1.people_pb2 import WeatherReport
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.scenario_weather import WeatherStep
from sim.world import World


def arrange(world: World) -> None:
    """Put every change of the weather on the heap."""
    for step in world.scenario.weather.timeline:
        world.engine.at(int(parse_duration(step.at) * NS_PER_S), change, world, step)


def change(world: World, step: WeatherStep) -> None:
    """From now on the road is like this, and it is measured."""
    world.fleet.friction_is(step.friction)
    world.panel.press(
        WeatherReport(
            friction_permille=round(1000.0 * step.friction),
            sight_mm=round(1000.0 * step.visibility_m),
            wind_mmps=round(1000.0 * step.wind_mps),
        )
    )
