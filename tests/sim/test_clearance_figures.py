"""Clearance in figures: parts of the way from papers to permits, and what took people."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from sim.clearance_figures import clearance, minutes, officer_minutes, parts_of, touches
from sim.loads import Visit
from sim.outcome import CrossingTale, Tally
from tests.sim.commands import command, settings

MINUTE_NS = 60 * 1_000_000_000


def a_tale(name: str = "KZ-00001", channel: str = "green") -> CrossingTale:
    tale = CrossingTale(name, "E", "truck-01", loaded=True, channel=channel, outcome="cleared")
    tale.filed_s, tale.cleared_s, tale.ready_s, tale.left_s = 10.0, 50.0, 300.0, 320.0
    tale.permit_s, tale.arrived_s = {"kz_out": 500.0, "cn_in": 640.0}, 900.0
    return tale


def worked(stage: str, minutes: int, crossing: str = "KZ-00001") -> Visit:
    return Visit("", crossing, stage, 0, 0, minutes * MINUTE_NS, worked_ns=minutes * MINUTE_NS)


def figures(*tales: CrossingTale, visits: tuple[Visit, ...] = (), from_s: float = 0.0) -> Any:
    tally = Tally(crossings={tale.crossing: tale for tale in tales})
    return clearance(tally, visits, from_s, 1000.0)


def test_parts_of_a_green_crossing_sum_to_papers_to_permit() -> None:
    parts = dict(parts_of(a_tale()))
    before = [parts[name] for name in list(parts)[:4]]
    assert before == [40.0, 250.0, 20.0, 180.0]
    assert parts["papers_to_permit_s"] == sum(before) == 490.0
    assert parts["exit_to_entry_permit_s"] == 140.0


def test_truck_that_is_ready_before_it_is_released_waits_for_no_load() -> None:
    tale = a_tale()
    tale.ready_s = 20.0
    parts = dict(parts_of(tale))
    assert (parts["releases_to_ready_s"], parts["ready_to_departure_s"]) == (0.0, 270.0)


def test_crossing_without_a_permit_has_the_parts_it_has_come_to() -> None:
    tale = a_tale()
    tale.permit_s, tale.left_s = {}, None
    assert set(dict(parts_of(tale))) == {"papers_to_releases_s", "releases_to_ready_s"}


def test_crossing_at_which_a_person_was_is_not_untouched() -> None:
    """Each kind of work is a touch: a desk, a bay, an image, a person at the line, an agency."""
    for stage in (
        "desk_office-kz",
        "kz_bay_e1",
        "read_kz_xray_e",
        "ocr_kz_out",
        "desk_agencies-kz",
    ):
        said = figures(a_tale(), a_tale("KZ-00002"), visits=(worked(stage, 3),))
        assert said["untouched"] == {"crossings": 1, "of": 2, "share": 0.5}, stage
        assert said["green"]["crossings"] == 1


def test_machines_touch_nobody() -> None:
    visit = Visit("truck-01", "KZ-00001", "kz_weigh_e", 0, 0, MINUTE_NS)
    assert figures(a_tale(), visits=(visit,))["untouched"]["share"] == 1.0


def test_ruling_is_one_touch_whether_it_lay_on_the_desk_or_not() -> None:
    tale = a_tale()
    tale.rulings = 1
    tally = Tally(crossings={tale.crossing: tale})
    assert touches(tally, [])[tale.crossing] == (1, 0.0)
    assert touches(tally, [worked("desk_office-kz", 4)])[tale.crossing] == (1, 4.0)


def test_crossing_that_waits_for_an_officer_counts_as_touched() -> None:
    """Else a backlog at the desks would look like a good day."""
    waiting = a_tale("KZ-00002", channel="yellow")
    waiting.outcome, waiting.cleared_s, waiting.arrived_s = "open", None, None
    assert figures(a_tale(), waiting)["untouched"] == {"crossings": 1, "of": 2, "share": 0.5}


def test_officers_minutes_are_those_at_desks_in_bays_and_over_images() -> None:
    stages = ("desk_office-cn", "cn_bay_w1", "read_kz_xray_e", "seals_kz_out", "desk_agencies-cn")
    visits = tuple(worked(stage, 10**index) for index, stage in enumerate(stages))
    assert list(minutes(visits).values()) == [1.0, 10.0, 100.0, 1000.0, 10000.0]
    assert officer_minutes(visits) == 111.0
    assert figures(a_tale(), a_tale("KZ-00002"), visits=visits)["officer_minutes_per_100"] == 5550.0


def test_warm_up_is_outside_the_figures() -> None:
    said = figures(a_tale(), visits=(worked("desk_office-kz", 4),), from_s=901.0)
    assert said["green"]["crossings"] == said["untouched"]["of"] == 0
    assert said["minutes"]["desk"] == 0.0
    assert said["officer_minutes_per_100"] is None


# --- a run's folder ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Yellow eastward, and empty trucks back that nobody looks at."""
    path = tmp_path_factory.mktemp("figures")
    words = settings(
        *("fleet.kz=2", "fleet.cn=1", "flow.1.crossings_per_hour=0.001", "time.crossings=0"),
        *("time.duration='9min'", "expect=[]", "berth.unload='constant:30s'"),
        *(f"flow.{n}.channels={{green=0.3, yellow=0.7, red=0.0}}" for n in (0, 1)),
        "gate.kz_out.misread=0.9",
        *("office.KZ.documents='constant:60s'", "office.CN.documents='constant:90s'"),
    )
    said = command("sim", "run", "smoke", "--out", str(path), *words)
    assert said.code == 0, said.err
    return path


def test_times_in_the_folder_come_in_the_order_of_a_crossing(folder: Path) -> None:
    with (folder / "crossings.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] == "cleared"]
    assert rows
    steps = ("filed", "cleared", "left", "exit_permit", "entry_permit", "arrived")
    for row in rows:
        times = [float(row[step]) for step in steps]
        assert times == sorted(times)
        assert float(row["ready"]) <= float(row["left"])


def test_minutes_of_a_crossing_are_those_of_its_visits(folder: Path) -> None:
    """Desk rows are all a person's; at the line the machine's share is none."""
    with (folder / "crossings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "stages.csv").open(newline="") as file:
        desks = [row for row in csv.DictReader(file) if row["stage"].startswith("desk_")]
    result = json.loads((folder / "result.json").read_text())
    spent = sum(float(row["end"]) - float(row["start"]) for row in desks) / 60
    assert result["clearance"]["minutes"]["desk"] == pytest.approx(spent, abs=0.001)
    assert result["officer_minutes"] == pytest.approx(spent, abs=0.001)
    assert result["clearance"]["minutes"]["line"] > 0
    total = sum(result["clearance"]["minutes"].values())
    assert sum(float(row["person_min"]) for row in rows) == pytest.approx(total, abs=0.01)
    touched = {row["crossing"] for row in rows if int(row["touches"])}
    assert {row["crossing"] for row in desks} <= touched
