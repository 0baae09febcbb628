"""Metrics are the paths of result.json, and what is none of them is refused before the run."""

from typing import Any, Final

import pytest

from contract.errors import ConfigError
from sim.expectations import look_up
from sim.metrics import TOTAL, leaves, metrics
from sim.run import complete, load_map
from sim.scenario import load
from tests.sim.runs import a_run

UNKNOWN: Final = [
    ("traffic.loaded_crossing", "did you mean traffic.loaded_crossings?"),
    ("traffic.by_direction.N.tonnes", "did you mean traffic.by_direction."),
    ("traffic.crossing_time_s", "not one value; there are traffic.crossing_time_s.mean"),
    ("traffic.waiting", "did you mean traffic.tonnes"),
    ("safety.I999", "did you mean safety.I"),
    ("safety", "not one value; there are safety.total"),
    ("safty.total", "did you mean safety.total?"),
    ("resources.kz_weigh_e.utilization", "did you mean resources.kz_weigh_e.utilisation?"),
    ("resources.kz_weight_e.utilisation", "did you mean resources.kz_weigh_e.utilisation?"),
    ("human_intervention", "did you mean human_interventions?"),
    ("xyz", "known are format_version"),
    ("", "known are format_version"),
]


def result() -> dict[str, Any]:
    found: dict[str, Any] = a_run("smoke").result
    return found


def test_metrics_are_the_paths_of_a_result_that_lead_to_one_value() -> None:
    found = result()
    there = {path for key, value in found.items() for path in leaves(value, key)}
    known = metrics(load_map("smoke"))
    assert len(known) == len(set(known))
    assert there <= set(known)
    missing = set(known) - there
    assert TOTAL in missing
    visited = ("resources.", "bottlenecks.places.")
    assert all(path.startswith(visited) for path in missing - {TOTAL})
    for path in there | {TOTAL}:
        assert not isinstance(look_up(found, path), dict | list), path


@pytest.mark.parametrize(("metric", "word"), UNKNOWN)
def test_expectation_of_something_unknown_is_refused_with_the_nearest(
    metric: str, word: str
) -> None:
    scenario = load("smoke", [f"expect=[{{metric='{metric}', equals=1}}]"])
    with pytest.raises(ConfigError) as refused:
        complete(scenario, load_map("smoke"))
    assert str(refused.value).startswith(f"smoke: expect.0.metric = '{metric}': ")
    assert word in str(refused.value)


def test_station_that_nobody_came_to_may_be_asked_about() -> None:
    setting = "expect=[{metric='resources.kz_bay_e1.utilisation', at_most=1}]"
    complete(load("smoke", [setting]), load_map("smoke"))
