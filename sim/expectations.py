"""Expectations: does a result hold what its scenario expects?

Pure. A metric is a dotted path into result.json. Not here: how the result is made (outcome.py).
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sim.scenario import ExpectSection


def judge(result: Mapping[str, Any], expects: Iterable[ExpectSection]) -> list[dict[str, Any]]:
    """Every expectation against the result: name, passed, observed, bound."""
    return [_judge_one(result, expect) for expect in expects]


def _judge_one(result: Mapping[str, Any], expect: ExpectSection) -> dict[str, Any]:
    observed = look_up(result, expect.metric)
    if expect.at_least is not None:
        bound, passed = f">= {expect.at_least:g}", _number(observed) >= expect.at_least
    elif expect.at_most is not None:
        bound, passed = f"<= {expect.at_most:g}", _number(observed) <= expect.at_most
    else:
        bound, passed = f"== {expect.equals}", observed == expect.equals
    return {
        "name": f"{expect.metric} {bound}",
        "passed": bool(passed),
        "observed": observed,
        "bound": bound,
    }


def _number(value: Any) -> float:
    """NaN for what is no number: it satisfies no bound."""
    return float(value) if isinstance(value, int | float) else math.nan


def look_up(result: Mapping[str, Any], metric: str) -> Any:
    """A value by its dotted path; None if there is none. `safety.total` is the sum of all
    violations.
    """
    if metric == "safety.total":
        return sum(result["safety"].values())
    value: Any = result
    for step in metric.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
