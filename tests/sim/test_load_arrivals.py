"""How loads come by themselves: rates, bursts, peaks; what a scenario may say of it."""

import itertools
import json
import math
import random
from pathlib import Path
from typing import Final

import pytest

from sim.bottlenecks import offered
from sim.build import flows_of
from sim.load_arrivals import Arrivals, Peak
from sim.scenario import load
from tests.sim.commands import command, settings

NS_PER_S: Final = 1_000_000_000
HOURS: Final = 4_000


def times_s(arrivals: Arrivals, hours: float, seed: int = 1) -> list[float]:
    """When each load comes, in seconds."""
    draws, found = random.Random(seed), []
    at_ns = arrivals.first_ns(0)
    while (at_ns := arrivals.next_ns(at_ns, 0, draws)) < hours * 3600 * NS_PER_S:
        found += [at_ns / NS_PER_S] * arrivals.size(draws)
    return found


def an_hour(arrivals: Arrivals) -> list[int]:
    """Loads of each of many hours."""
    counts = [0] * HOURS
    for at_s in times_s(arrivals, HOURS):
        counts[int(at_s // 3600.0)] += 1
    return counts


@pytest.mark.parametrize(
    ("arrivals", "dispersion"),
    [
        (Arrivals(12.0, "even"), 0.0),
        (Arrivals(12.0, "poisson"), 1.0),
        (Arrivals(12.0, "bursts", 5.0), 9.0),
    ],
)
def test_rate_is_the_same_and_the_spread_is_that_of_the_kind(
    arrivals: Arrivals, dispersion: float
) -> None:
    """Variance over mean of the hours: 2 m - 1 for geometric bursts of m loads."""
    counts = an_hour(arrivals)
    mean = sum(counts) / HOURS
    assert mean == pytest.approx(12.0, rel=0.04)
    variance = sum((each - mean) ** 2 for each in counts) / HOURS
    assert variance / mean == pytest.approx(dispersion, rel=0.1, abs=1e-9)


def test_even_loads_begin_half_a_gap_late() -> None:
    assert times_s(Arrivals(4.0, "even"), 1.0) == [450.0, 1350.0, 2250.0, 3150.0]


def test_bursts_are_geometric() -> None:
    draws, arrivals = random.Random(3), Arrivals(1.0, "bursts", 4.0)
    sizes = [arrivals.size(draws) for _ in range(20_000)]
    assert min(sizes) == 1
    assert sum(sizes) / len(sizes) == pytest.approx(4.0, rel=0.03)
    assert sizes.count(1) / len(sizes) == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("kind", ["even", "poisson", "bursts"])
def test_peak_is_by_its_factor_faster(kind: str) -> None:
    size = 3.0 if kind == "bursts" else 1.0
    peak = Peak(3600.0 * 1_000, 3600.0 * 3_000, 2.5)
    counts = an_hour(Arrivals(10.0, kind, size, peak))
    spans = counts[:1_000], counts[1_000:3_000], counts[3_000:]
    rates = [sum(each) / len(each) for each in spans]
    assert rates == pytest.approx([10.0, 25.0, 10.0], rel=0.08)


def test_even_loads_of_a_peak_lose_and_gain_no_time() -> None:
    """One gap of an hour: half of it before, a quarter of an hour at twice the pace."""
    peak = Peak(1800.0, 2700.0, 2.0)
    assert peak.later_s(0.0, 3600.0) == 1800.0 + 900.0
    assert peak.later_s(0.0, 4000.0) == 2700.0 + 400.0
    assert peak.later_s(0.0, 1200.0) == 1200.0
    assert peak.later_s(2000.0, 700.0) == 2350.0
    assert peak.later_s(3000.0, 5.0) == 3005.0
    times = times_s(Arrivals(60.0, "even", 1.0, peak), 1.0)
    gaps = {round(b - a, 6) for a, b in itertools.pairwise(times)}
    assert gaps == {60.0, 45.0, 30.0}
    assert len(times) == 60 + 15


def test_lull_is_slower() -> None:
    assert Peak(0.0, math.inf, 0.5).later_s(10.0, 5.0) == 20.0


def test_tonnes_a_day_are_loads_an_hour() -> None:
    words = ["flow.0.tonnes_per_day=5400", "flow.0.payload_t=22.5"]
    (flow,) = flows_of(load("smoke", words), "KZ")
    assert flow.per_hour == pytest.approx(10.0)


def test_what_is_offered_has_the_peak_in_it() -> None:
    flow = "{direction='E', goods='x', hs_code='1206', payload_t=20.0"
    peak = "tonnes_per_day=4800, peak={begins='20min', ends='40min', factor=2.5}}"
    steps = offered(load("smoke", [f"flow=[{flow}, {peak}]", "time.duration='1h'"]))
    assert steps == [(0.0, 20.0), (1200.0, 50.0)]


def test_loads_of_a_burst_come_at_once_and_are_counted(tmp_path: Path) -> None:
    flow = "{direction='E', goods='x', hs_code='1206', payload_t=20.0, crossings_per_hour=900.0"
    burst = "arrivals='bursts', burst_size=9.0}"
    short = ("time.duration='60s'", "time.crossings=0", "expect=[]")
    words = settings(f"flow=[{flow}, {burst}]", *short)
    said = command("sim", "run", "smoke", *words, "--out", str(tmp_path))
    assert said.code == 0, said.err
    queues = json.loads((tmp_path / "result.json").read_text())["queues"]
    assert queues["E"]["offered"] > 2
    assert queues["E"]["offered"] - 1 <= queues["E"]["most"] <= queues["E"]["offered"]
    assert queues["W"]["offered"] == 0


RATED: Final = "crossings_per_hour=6"


@pytest.mark.parametrize(
    ("flow", "word"),
    [
        ("tonnes_per_day=100, crossings_per_hour=6", "tonnes_per_day: expected either crossings"),
        ("tonnes_per_day=0.01", "tonnes_per_day = 0.01: expected 0, for endless, or from 0.48 to"),
        ("tonnes_per_day=1e6", "0.001 to 1000 loads an hour"),
        ("tonnes_per_day=-1", "tonnes_per_day = -1"),
        (f"{RATED}, arrivals='poison'", "arrivals = 'poison': expected one of poisson, even, "),
        (f"{RATED}, arrivals='poison'", "did you mean poisson?"),
        ("arrivals='even'", "arrivals = 'even': expected only with crossings_per_hour or tonnes"),
        (f"{RATED}, arrivals='bursts'", "burst_size = 1: expected above 1 with arrivals 'bursts'"),
        (f"{RATED}, burst_size=3", "burst_size = 3: expected above 1 with arrivals 'bursts', and"),
        ("peak={factor=2}", "peak.factor = 2: expected only with crossings_per_hour or tonnes"),
        (f"{RATED}, peak={{begins='5min'}}", "peak.begins: expected peak.factor beside it, other"),
        (f"{RATED}, peak={{factor=0}}", "peak.factor = 0"),
        (f"{RATED}, peak={{factor=2, begins='5min', ends='5min'}}", "peak.ends = '5min': expected"),
        (f"{RATED}, peak={{factor=2, from='5min'}}", "peak.from: unknown key"),
        (f"{RATED}, ends='5min', peak={{factor=2, begins='6min'}}", "from 0s to 5min"),
        (f"{RATED}, begins='5min', peak={{factor=2, ends='4min'}}", "from 5min to the end"),
    ],
)
def test_flow_that_says_no_rate_is_refused_by_its_key(flow: str, word: str, tmp_path: Path) -> None:
    whole = f"{{direction='E', goods='x', hs_code='1206', payload_t=20.0, {flow}}}"
    words = settings(f"flow=[{whole}]")
    said = command("sim", "run", "smoke", *words, "--out", str(tmp_path))
    assert (said.code, said.out) == (2, "")
    assert "flow" in said.err
    assert word in said.err
