"""Service-time distributions: what a specification means, and every way it can be wrong."""

import contextlib
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigError
from sim.distributions import (
    Constant,
    Distribution,
    Exponential,
    Lognormal,
    SpecError,
    Triangular,
    Uniform,
    parse_distribution,
    parse_duration,
    parse_rate,
)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("constant:600s", Constant(600.0)),
        ("constant: 10 min", Constant(600.0)),
        ("constant:250ms", Constant(0.25)),
        ("constant:0s", Constant(0.0)),
        ("exponential:1.5h", Exponential(5400.0)),
        ("exponential:600", Exponential(600.0)),
        ("lognormal:180s,0.5", Lognormal(180.0, 0.5)),
        ("lognormal:3min,0", Lognormal(180.0, 0.0)),
        ("triangular:15s,25s,60s", Triangular(15.0, 25.0, 60.0)),
        ("triangular:15s,15s,15s", Triangular(15.0, 15.0, 15.0)),
        (" uniform:15s, 1min ", Uniform(15.0, 60.0)),
    ],
)
def test_specification_names_a_distribution(spec: str, wanted: Distribution) -> None:
    assert parse_distribution(spec) == wanted


@pytest.mark.parametrize(
    "spec",
    [
        "constant:600s",
        "exponential:600s",
        "lognormal:600s,0.8",
        "triangular:15s,25s,60s",
        "uniform:15s,60s",
    ],
)
def test_samples_have_the_stated_mean(spec: str) -> None:
    """Within four standard errors of 40,000 samples, and never negative."""
    service = parse_distribution(spec)
    rng = random.Random(3)
    samples = [service.sample(rng) for _ in range(40_000)]
    error = statistics.stdev(samples) / 200.0
    assert min(samples) >= 0.0
    assert abs(statistics.fmean(samples) - service.mean_s) <= 4.0 * error + 1e-9


def test_lognormal_has_the_stated_spread_of_its_logarithm() -> None:
    """E[S^2] / E[S]^2 = exp(sigma^2); the mean is that of the time, not of its logarithm."""
    service = Lognormal(100.0, 0.5)
    rng = random.Random(4)
    samples = [service.sample(rng) for _ in range(100_000)]
    ratio = statistics.fmean(s * s for s in samples) / statistics.fmean(samples) ** 2
    assert ratio == pytest.approx(2.718281828**0.25, rel=0.02)


def test_samples_depend_on_the_generator_alone() -> None:
    service = parse_distribution("lognormal:600s,0.5")
    first, second = random.Random(9), random.Random(9)
    assert [service.sample(first) for _ in range(5)] == [service.sample(second) for _ in range(5)]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "no ':'"),
        ("600s", "no ':'"),
        ("exponentail:600s", "nearest: exponential"),
        ("zipf:3", "expected one of constant, exponential"),
        ("constant:", "no number"),
        ("constant:600s,1s", "2 numbers, constant has 1"),
        ("constant:-5s", "outside 0"),
        ("constant:nan", "no number"),
        ("constant:infs", "no number"),
        ("constant:1e999s", "not finite"),
        ("constant:1e9h", "outside 0"),
        ("constant:5 days", "unit 'days'"),
        ("exponential:0s", "mean is not above 0"),
        ("lognormal:600s", "1 numbers, lognormal has 2"),
        ("lognormal:0s,1", "mean is not above 0"),
        ("lognormal:600s,-1", "sigma '-1'"),
        ("lognormal:600s,2s", "sigma '2s'"),
        ("triangular:60s,25s,15s", "not in rising order"),
        ("uniform:2min,60s", "not in rising order"),
    ],
)
def test_wrong_specification_says_what_was_expected(spec: str, sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse_distribution(spec)
    assert sentence in str(refused.value)
    assert "expected" in str(refused.value)
    assert isinstance(refused.value, ValueError)
    assert isinstance(refused.value, ConfigError)


@given(st.text(max_size=30))
def test_any_text_is_a_distribution_or_a_refusal(text: str) -> None:
    for spec in (text, "lognormal:" + text, "triangular:1s," + text):
        with contextlib.suppress(SpecError):
            assert parse_distribution(spec).sample(random.Random(0)) >= 0.0


def test_duration_needs_its_unit_unless_one_is_given() -> None:
    assert parse_duration("90s") == 90.0
    assert parse_duration("1.5 min") == 90.0
    assert parse_duration("90", unit="s") == 90.0
    with pytest.raises(SpecError, match="no unit"):
        parse_duration("90")


@pytest.mark.parametrize(
    ("text", "per_s"), [("20/h", 20 / 3600), ("3/min", 0.05), (" 0.5 / s ", 0.5), ("2/ms", 2000.0)]
)
def test_rate_counts_per_time(text: str, per_s: float) -> None:
    assert parse_rate(text) == pytest.approx(per_s)


@pytest.mark.parametrize("text", ["", "20", "20/", "/h", "0/h", "-1/h", "x/h", "20s/h", "20/day"])
def test_wrong_rate_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"expected a number|no number"):
        parse_rate(text)
