"""Where trucks stood: rows of stops.csv, and level pieces of the time-distance diagram."""

import csv
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from contract.reasons import Reason
from sim.report.chart import Chart
from sim.report.diagrams import time_distance
from sim.report.folder import RunFolder, read
from sim.run import Finished, RunOptions, run
from sim.scenario import load
from tests.sim.runs import a_run

SLOW_S: Final = 300.0
SLOW: Final = (
    f'fault=[{{at="5s", kind="station_slow", target="kz_weigh_e", value={SLOW_S}, lasts="100s"}}]',
    "time.duration='20min'",
    "expect=[]",
)
POINTS: Final = re.compile(r'<polyline class="east" points="([^"]+)"')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stops")
    run(load("smoke", list(SLOW)), RunOptions(folder=path))
    return path


def level_s(run: RunFolder) -> float:
    """How long the longest level piece of the eastbound line is."""
    (text,) = POINTS.findall(time_distance(run))
    points = [tuple(map(float, each.split(","))) for each in text.split()]
    longest_px = max(b[0] - a[0] for a, b in pairwise(points) if abs(a[1] - b[1]) < 0.05)
    chart = Chart((0.0, run.lasts_s), (0.0, 1.0))
    return longest_px / (chart.px(1.0) - chart.px(0.0))


def test_truck_that_stands_at_a_station_for_minutes_is_a_level_piece_of_these_minutes(
    folder: Path,
) -> None:
    run = read(folder)
    weighed_s = max(float(row["to_s"]) - float(row["from_s"]) for row in run.stops)
    assert weighed_s > SLOW_S
    assert level_s(run) == pytest.approx(weighed_s, abs=1.0)


def test_truck_that_stands_in_a_queue_is_level_as_long_as_it_stands(folder: Path) -> None:
    """Where there is neither gate nor station; without the row the line is a slope."""
    run = read(folder)
    east = next(row for row in run.crossings if row["direction"] == "E")
    freed_s = {zone: t for t, zone, who, taken in run.zones if who == east["vehicle"] and not taken}
    since_s = freed_s["kz_out_cell"] + 1.0
    behind = {"vehicle": east["vehicle"], "crossing": east["crossing"], "lane": "kz_e_neutral_a"}
    stop = behind | {"front_m": "30.0", "from_s": f"{since_s}", "to_s": f"{since_s + 200.0}"}
    late = [(t + 200.0 if t > since_s else t, *rest) for t, *rest in run.zones]
    longer = run.result | {"performance": {"simulated_s": run.lasts_s + 200.0}}
    queued = replace(run, result=longer, stops=[stop], zones=late, stages=[])
    assert level_s(queued) == pytest.approx(200.0, abs=1.0)


def test_stop_lasts_from_rest_to_moving_off_and_is_where_the_station_is(folder: Path) -> None:
    with (folder / "stops.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "stages.csv").open(newline="") as file:
        visits = [row for row in csv.DictReader(file) if row["stage"] == "kz_weigh_e"]
    (visit,) = visits
    stood = [row for row in rows if row["crossing"] == visit["crossing"]]
    weighed = max(stood, key=lambda row: float(row["to_s"]) - float(row["from_s"]))
    corridor = read(folder).corridor
    assert corridor is not None
    station = corridor.stations["kz_weigh_e"]
    assert weighed["lane"] == station.lane
    assert float(weighed["front_m"]) == pytest.approx(station.stop_offset_m, abs=0.5)
    assert float(weighed["from_s"]) == pytest.approx(float(visit["start"]), abs=1.5)
    assert float(weighed["to_s"]) >= float(visit["end"])


def standing_ms(finished: Finished) -> dict[str, int]:
    """What the ledger says that each crossing stood for something."""
    held = {Reason.STATION_PENDING.name, Reason.PERMIT_PENDING.name, Reason.ZONE_OCCUPIED.name}
    return {
        name: sum(row.to_ms - row.from_ms for row in each.rows if row.label.rule in held)
        for name, each in finished.accounts.items()
    }


def test_stops_are_as_long_as_the_ledger_says_that_trucks_stood() -> None:
    finished = a_run("smoke", "expect=[]")
    for name, held_ms in standing_ms(finished).items():
        stops = finished.accounts[name].stops
        stood_ms = sum(stop.to_ms - stop.from_ms for stop in stops)
        assert held_ms <= stood_ms + 1_000
        assert stood_ms > 0
        for before, after in pairwise(stops):
            assert before.to_ms <= after.from_ms
