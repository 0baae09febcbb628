"""Laboratories: what a scenario says of them, and the one of each side.

Where the samples go that are taken at the stations and bays of a side. Not here: when one is taken
(station_model.py), how work queues there (elsewhere.py), what a result means (gate/office/).
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from sim.distributions import parse_distribution
from sim.elsewhere import Elsewhere, Pool
from sim.engine import Engine, stream
from sim.loads import Visit
from sim.scenario_sites import Few, check_time_or_none
from sim.scenario_types import Share


class LaboratorySection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[laboratory.KZ|CN]: where the samples of one side's stations and bays go.

    result   time from a free server to the result, "": it is there when the sample is taken
    adverse  share of samples in which something is found
    """

    result: str = "lognormal:4h,0.6"
    servers: Few = 2
    adverse: Share = 0.0


def check_laboratory(section: LaboratorySection, place: str) -> None:
    """What the type of a single value cannot say. Raises ConfigError."""
    check_time_or_none(section.result, f"{place}.result")


def laboratories(
    sections: dict[str, LaboratorySection],
    countries: Iterable[str],
    engine: Engine,
    *,
    seed: int,
    visited: Callable[[Visit], None],
) -> dict[str, Elsewhere | None]:
    """One for each side, None where results are there at once; defaults are written into
    `sections`.
    """
    found: dict[str, Elsewhere | None] = {}
    for country in countries:
        section = sections.setdefault(country, LaboratorySection())
        found[country] = None
        if section.result:
            time = parse_distribution(section.result)
            stage = f"laboratory_{country}"
            pool = Pool(stage, "SAMPLE_ADVERSE", time, section.servers, adverse=section.adverse)
            draws = stream(seed, stage)
            found[country] = Elsewhere(pool, engine, draws=draws, visited=visited)
    return found
