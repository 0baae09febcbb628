"""Recognition measured kind by kind: four different days, and figures that add up over seeds."""

import itertools

import pytest

from bench.reading import Day
from bench.recognition import COMBINATIONS, SCENARIO, figures
from sim.scenario import load


def a_day(*times_s: float, minutes: float = 30.0, scans: tuple[str, ...] = ()) -> Day:
    """A day whose crossings took so long; `scans` are "crossing at station"."""
    rows = [
        {"loaded": "1", "outcome": "cleared", "time_s": f"{t:.3f}", "touches": "1"} for t in times_s
    ]
    rows.append({"loaded": "1", "outcome": "held", "time_s": "", "touches": "3"})
    rows.append({"loaded": "0", "outcome": "cleared", "time_s": "1.0", "touches": "0"})
    result = {
        "clearance": {"untouched": {"crossings": 1, "of": len(times_s) + 1}},
        "officer_decisions": 2,
        "officer_minutes": minutes,
        "resources": {"kz_xray_e": {"utilisation": 0.2}, "read_kz_xray_e": {"utilisation": 0.9}},
    }
    said = [each.split(" at ") for each in scans]
    visits = [{"crossing": crossing, "stage": stage} for crossing, stage in said]
    return Day("a day", result, rows, visits)


def test_each_combination_switches_what_it_says_at_both_offices() -> None:
    """The two switches of each office, in the scenario that the bench runs."""
    switches: dict[str, set[tuple[bool | None, bool | None]]] = {}
    for title, settings in COMBINATIONS.items():
        offices = load(SCENARIO, list(settings)).office.values()
        switches[title] = {(each.recognise_scans, each.recognise_aeo) for each in offices}
    assert switches == {
        "scans and traders": {(None, None)},  # as the books say: both
        "scans alone": {(None, False)},
        "traders alone": {(False, None)},
        "neither": {(False, False)},
    }
    for one, other in itertools.combinations(switches.values(), 2):
        assert one != other


def test_figures_are_pooled_over_days_and_not_averages_of_averages() -> None:
    days = [a_day(100.0, 200.0, 300.0), a_day(1_000.0, minutes=10.0)]
    told = figures(days)
    assert told["loaded crossings cleared"] == "4"
    assert told["crossing time, mean s"] == "400"  # the mean of the two days' means is 600
    assert told["  of a day, least and most"] == "200 to 1000"
    assert told["share that no person touched"] == f"{2 / 6:.3f}"
    assert told["officer decisions for 100"] == "100"
    assert told["officer minutes for 100"] == "1000"
    assert told["X-ray utilisation, mean of four"] == "0.0500"


@pytest.mark.parametrize(
    ("scan", "again"),
    [
        ("KZ-00001 at kz_xray_e", False),
        ("KZ-00001 at cn_xray_e", True),
        ("CN-00001 at cn_xray_w", False),
        ("CN-00001 at kz_xray_w", True),
    ],
)
def test_scan_behind_the_line_is_one_of_the_side_that_it_comes_to(scan: str, again: bool) -> None:
    day = a_day(100.0, scans=(scan, "KZ-00001 at read_kz_xray_e", "KZ-00001 at kz_weigh_e"))
    assert (day.scans(again=True), day.scans(again=False)) == (int(again), int(not again))


def test_day_on_which_nothing_arrived_has_no_means() -> None:
    told = figures([a_day()])
    assert told["crossing time, mean s"] == "-"
    assert told["officer minutes for 100"] == "-"
