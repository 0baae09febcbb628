"""The picture of throughput: what stands beside the bound, and in which slices."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from sim.report.folder import RunFolder
from sim.report.throughput import bound_per_h, slices, throughput

BOUND: Final = 60.0
RECT: Final = re.compile(r'<rect class="([\w-]+)" .*?height="([\d.]+)"')
LEVEL: Final = re.compile(r'<line class="bound" .*?y1="([\d.]+)"')


def a_folder(rows: list[tuple[float, str, str]], *, share: float | None = 0.9) -> RunFolder:
    """An hour with these arrivals: seconds, direction, whether loaded."""
    crossings = [
        {"arrived": f"{t}", "direction": way, "loaded": loaded, "outcome": "cleared"}
        for t, way, loaded in rows
    ]
    result: dict[str, Any] = {
        "performance": {"simulated_s": 3_600.0},
        "bound": {"per_hour": BOUND, "share": share},
    }
    empty: list[Any] = []
    return RunFolder(
        Path(), result, {}, None, crossings, empty, empty, empty, zones=empty, waits=empty
    )


def heights(picture: str) -> dict[str, float]:
    """Pixels of all bars of a style."""
    found: dict[str, float] = {}
    for style, height in RECT.findall(picture):
        found[style] = found.get(style, 0.0) + float(height)
    return found


def test_empty_trucks_are_part_of_what_stands_beside_the_bound() -> None:
    """At the bound: as many loaded as empty, one a minute."""
    rows = [(60.0 * k + 1.0, "E" if k % 2 else "W", "1" if k % 2 else "0") for k in range(60)]
    tall = heights(throughput(a_folder(rows)))
    assert tall["bar-e"] == pytest.approx(tall["served"], rel=0.01)


def test_slices_of_a_run_at_its_bound_end_at_the_bound() -> None:
    rows = [(60.0 * k + 1.0, "E", "1") for k in range(60)]
    picture = throughput(a_folder(rows))
    tops = {float(y) for y in re.findall(r'<rect class="bar-e" .*?y="([\d.]+)"', picture)}
    (level,) = LEVEL.findall(picture)
    assert tops == {float(level)}


def test_slice_lets_twenty_trucks_through_so_that_one_more_is_a_twentieth() -> None:
    assert slices(7_200.0, 124.0) == [600.0 * k for k in range(13)]
    assert slices(7_200.0, 60.0) == [1_200.0 * k for k in range(7)]
    assert slices(7_200.0, 40.0) == [1_800.0 * k for k in range(5)]
    assert slices(14_400.0, 124.0) == [3_600.0 * k for k in range(5)]


def test_rest_at_the_end_belongs_to_the_last_whole_slice() -> None:
    assert slices(3_100.0, 60.0) == [0.0, 1_200.0, 3_100.0]
    assert slices(100.0, None) == [0.0, 100.0]


def test_run_too_short_for_a_truck_to_go_round_has_no_bound() -> None:
    short = a_folder([(10.0, "E", "1")], share=None)
    assert bound_per_h(short) is None
    assert LEVEL.findall(throughput(short)) == []
    assert throughput(a_folder([])) == ""
